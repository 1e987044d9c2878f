/* The short ways of the hooks, in C.

A hook is called for every event. Nearly always it meets what it has met before, and then it stores a row of three
integers (core/buffer.py). That short way stands in Python in runtimes/generators/fast_path.py, gevent/fast_path.py,
greenlets/tracer.py (raw_hook) and asyncio_/ready.py; here it stands once more, and also for generators that are made,
begin and end where others did (tracks.py, identity.py). Everything else stays in Python: whatever is not taken here is
given to the hook in Python, `otherwise`, which does what it always does. So the same is recorded with and without this.
Of gevent it stands here, too, how the notifications of queues and semaphores are followed (gevent/attribution/).

It keeps nothing of its own but rows (core/rows.py has these in Python), tables (dictionaries in Python) and what follows
a notification: it reads and writes the slots of the objects that the hooks in Python use, by their offsets, and stores
where they store. Generator functions that were seen being called are called by way of it, and so are the methods by which
generators are resumed, and greenlets, and on 3.11 the slots of generators and the functions that may block a thread.
Nothing here runs code of the program, nor any in Python, before the row is stored, but to take the next numbers of tracks,
to name what is waited for, and to store what has no row yet. All of this is public API of CPython; it needs the GIL. */

/* Python's headers assert much, which is to cost nothing at each event. */
#ifndef NDEBUG
#define NDEBUG
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <structmember.h>
#if PY_VERSION_HEX < 0x030c0000
#include <frameobject.h>
#endif
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/socket.h>
#include <sys/stat.h>
#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/syscall.h>
#endif
#include <time.h>
#include <unistd.h>

#ifdef Py_GIL_DISABLED
#error "a row is stored under the GIL"
#endif

/* To be raised with whatever changes between this file and its callers in Python, here and in core/compiled.py. */
#define ABI 90

/* The slots that are read and written here. */
#define SLOTS_OF_BEGUN_RUN(X) X(code) X(track) X(in_thread) X(key)
#define OTHER_SLOTS_OF_RUN(X)                                                                                          \
    X(at) X(cause) X(sent) X(generator) X(ended_in_none) X(resume_code) X(resume_offset) X(resume_site)                \
    X(resume_value) X(resume_shape) X(yield_offset) X(yield_site) X(yield_value) X(yield_shape) X(offset) X(closing)   \
    X(outer) X(reference) X(asked) X(call_code) X(call_offset) X(passing) X(dying) X(inner)
#define SLOTS_OF_RUN(X) SLOTS_OF_BEGUN_RUN(X) OTHER_SLOTS_OF_RUN(X)
#define SLOTS_OF_SITE(X) X(bare) X(next_shape) X(passed) X(passed_shape) X(at) X(shapes)
#define SLOTS_OF_TASK(X)                                                                                               \
    X(started) X(gave_way) X(place) X(shape) X(track) X(cancels) X(key) X(loop) X(name) X(given) X(ended)
#define SLOTS_OF_LOOP(X)                                                                                               \
    X(current) X(due) X(eager) X(ident) X(giver) X(left) X(rows) X(resumed) X(onward) X(track) X(guard) X(home)        \
    X(wakes) X(descriptors) X(timers) X(polls_since_ns) X(_began_ns) X(_buffer) X(_is_asked) X(_polling) X(loop)       \
    X(births) X(polls) X(called) X(calls)
#define SLOTS_OF_STAND(X) X(buffer) X(shape) X(join) X(telling) X(sleeps) X(turn) X(place)
#define SLOTS_OF_BUFFER(X)                                                                                             \
    X(rows) X(parts) X(sites) X(kinds) X(shapes) X(handed) X(closed) X(makers) X(ended) X(left) X(wakes) X(_shapes)      \
    X(_texts)

#define OFFSET(name) Py_ssize_t name;
static struct { PyTypeObject *type; SLOTS_OF_RUN(OFFSET) } run_slots;
static struct { PyTypeObject *type; SLOTS_OF_SITE(OFFSET) } site_slots;
static struct { PyTypeObject *type; SLOTS_OF_BUFFER(OFFSET) } buffer_slots;
static struct { PyTypeObject *type; SLOTS_OF_TASK(OFFSET) } task_slots;
static struct { PyTypeObject *type; SLOTS_OF_LOOP(OFFSET) } loop_slots;
static struct { PyTypeObject *type; SLOTS_OF_STAND(OFFSET) } stand_slots;
#undef OFFSET

#define SLOT(object, offset) (*(PyObject **)((char *)(object) + (offset)))
#define RUN(run, name) SLOT(run, run_slots.name)
#define SITE(site, name) SLOT(site, site_slots.name)
#define TASK(task, name) SLOT(task, task_slots.name)
#define LOOP(loop, name) SLOT(loop, loop_slots.name)
#define STAND(stand, name) SLOT(stand, stand_slots.name)
#define BUFFER(buffer, name) SLOT(buffer, buffer_slots.name)

/* What `learn` was given: the cause of a `send` at the place of the last one; that what was sent is to be read from the
   generator; that there is none; and what a run that is suspended, at a `yield` or a `yield from`, or runs, has in
   `at`. */
static PyObject *again, *unread, *no_value, *suspended, *delegating, *running, *nothing;
/* A run of which nothing is known yet: each begins as its copy. And a value that never crosses. */
static PyObject *blank, *never;
/* And how an event is stored with all its parts: line functions, their causes, and what makes of a value what is kept. */
static PyObject *resume_line, *yield_line, *send_cause, *yield_cause, *keep;
/* Texts up to that are what a site may know; how many of them at most. Texts up to that are kept as they are. With so
   many integers in a buffer the hook in Python is to flush. */
static Py_ssize_t longest, most_shapes, longest_text, full;
/* How a row says a value, as core/buffer.py has it: by what stands for 0, for numbers up to that, from which bit on. */
static Py_ssize_t zero, largest, value_bit;
/* In a row, in place of a track: core/rows.py. */
enum { of_parts = -1 };
/* Of generators: `gi_frame`, and the method `send`. */
static PyGetSetDef *gi_frame;
/* What it, or a coroutine, waits for; and the frame of that. */
static PyGetSetDef *gi_yieldfrom, *cr_await, *ag_await, *cr_frame;
static PyObject *send_method;
static PyObject *step_text, *self_text, *this_text, *coro_text, *code_text, *waiter_text, *callbacks_text;
static PyObject *cancelled_text, *cancelling_text, *said_text, *running_text, *run_once_text;
static PyObject *get_name_text, *state_of_task, *error_of_task, *result_of_task, *done_text, *automatic_text, *loop_text;
static PyObject *method_of_request, *message_of_request, *path_text, *sock_text, *is_over_text;
static PyObject *nothing_yet, *none_yet;
/* The causes of wakes, as words.py has them. */
static PyObject *finished_text, *callback_text;
static PyObject *monotonic_ns, *switch_text, *buffer_text;
/* Of glibc, a library that is loaded later has room among the variables that threads have from their beginning: nothing
   needs to be called to find them. */
#ifdef __GLIBC__
#define OF_THREAD _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define OF_THREAD _Thread_local
#endif
/* The rows of the buffer of this thread, by their serial number, once these were seen there. */
static OF_THREAD unsigned long long here;

static inline void
put(PyObject *object, Py_ssize_t offset, PyObject *value)
{
    PyObject *old = SLOT(object, offset);
    SLOT(object, offset) = Py_NewRef(value);
    Py_XDECREF(old);
}

/* -1 of one that no row can hold. */
static long long
large_number(PyObject *value)
{
    /* Of two digits are times, and what tells threads apart; of three are shapes that say a value. */
#if PY_VERSION_HEX >= 0x030c0000
    const digit *digits = ((PyLongObject *)value)->long_value.ob_digit;
    uintptr_t tag = ((PyLongObject *)value)->long_value.lv_tag;
    int count = tag == (2 << 3) ? 2 : tag == (3 << 3) ? 3 : 0;
#else
    const digit *digits = ((PyLongObject *)value)->ob_digit;
    Py_ssize_t count = Py_SIZE(value);
#endif
    if (count == 2) {
        return (long long)digits[1] << PyLong_SHIFT | digits[0];
    }
    if (count == 3 && PyLong_SHIFT == 30 && digits[2] < 8) {
        return (long long)digits[2] << 60 | (long long)digits[1] << 30 | digits[0];
    }
    long long found = PyLong_AsLongLong(value);
    if (found == -1) {
        PyErr_Clear();
    }
    return found;
}

/* Whether that integer is a small one, and then which: most are, and need no call. */
static inline int
is_small(PyObject *integer, long long *value)
{
#if PY_VERSION_HEX >= 0x030c0000
    if (!PyUnstable_Long_IsCompact((PyLongObject *)integer)) {
        return 0;
    }
    *value = PyUnstable_Long_CompactValue((PyLongObject *)integer);
    return 1;
#else
    *value = Py_SIZE(integer) * (long long)((PyLongObject *)integer)->ob_digit[0];
    return -1 <= Py_SIZE(integer) && Py_SIZE(integer) <= 1;
#endif
}

/* -1 of what is no such number. */
static inline long long
number(PyObject *value)
{
    long long small;
    if (value == NULL || !PyLong_CheckExact(value)) {
        return -1;
    }
    return is_small(value, &small) ? small : large_number(value);
}

/* time.monotonic_ns(); -1, and an exception, if there is none. */
static inline long long
now(void)
{
#if defined(__linux__)
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
#elif PY_VERSION_HEX >= 0x030d0000
    PyTime_t t;
    return PyTime_Monotonic(&t) < 0 ? -1 : t;
#else
    PyObject *t = PyObject_CallNoArgs(monotonic_ns);
    long long found = t == NULL ? -1 : PyLong_AsLongLong(t);
    Py_XDECREF(t);
    return found;
#endif
}

/* Rows: of each three integers, one after another. */

#define ROW 3
/* So few integers are copied where they are taken. Of more the room is large, and is given back once it was for SELDOM
   times hardly needed. */
#define FEW (4 * 1024 * ROW)
#define LARGE (4 * FEW)
enum { SELDOM = 40 };

typedef struct {
    PyObject_HEAD
    long long *items;
    Py_ssize_t size, room;
    /* No others have the same. */
    unsigned long long serial;
} Rows;

static PyTypeObject *rows_type;

/* Have room for so many more integers; return whether there is, without an exception if not. */
static Py_NO_INLINE int
make_room(Rows *rows, Py_ssize_t more)
{
    if (rows->room - rows->size >= more) {
        return 1;
    }
    Py_ssize_t room = rows->size + rows->size / 2 + more + 64 * ROW;
    long long *items = PyMem_RawRealloc(rows->items, (size_t)room * sizeof(long long));
    if (items != NULL) {
        rows->items = items;
        rows->room = room;
    }
    return items != NULL;
}

/* Store a row of `t`. Return whether it is stored: all of it, or nothing. */
static inline int
store_at(PyObject *object, long long t, long long track, long long shape)
{
    Rows *rows = (Rows *)object;
    if (rows == NULL || !Py_IS_TYPE(rows, rows_type) || (rows->room - rows->size < ROW && !make_room(rows, ROW))) {
        return 0;
    }
    long long *to = rows->items + rows->size;
    to[0] = t;
    to[1] = track;
    to[2] = shape;
    rows->size += ROW;
    return 1;
}


/* Tables: what stands for which integer, such as an object's id. To Python each is a dictionary of that. */

typedef struct {
    long long key;
    PyObject *value; /* NULL: nothing stands here. */
} Entry;

typedef struct {
    PyObject_HEAD
    /* As many as a power of two, and twice as many as are used; NULL as long as there is none. An entry stands at the
       place of its key, or behind it, with no gap in between. */
    Entry *entries;
    size_t mask, used;
} Table;

static PyTypeObject *table_type;

static inline size_t
place_in(size_t mask, long long key)
{
    return (size_t)(((unsigned long long)key * 0x9E3779B97F4A7C15ull) >> 32) & mask;
}

/* Where `key` stands, or would. */
static inline Entry *
entry_of(const Table *table, long long key)
{
    size_t i = place_in(table->mask, key);
    while (table->entries[i].value != NULL && table->entries[i].key != key) {
        i = (i + 1) & table->mask;
    }
    return table->entries + i;
}

/* How many stand there. */
static inline size_t
count_in(PyObject *table)
{
    return ((Table *)table)->used;
}

/* What stands for `key`, borrowed; NULL if nothing does. */
static inline PyObject *
find_in(PyObject *table, long long key)
{
    return ((Table *)table)->used == 0 ? NULL : entry_of((Table *)table, key)->value;
}

/* Return whether there is memory for that. */
static int
put_in(PyObject *object, long long key, PyObject *value)
{
    Table *table = (Table *)object;
    Entry *entry = table->entries == NULL ? NULL : entry_of(table, key);
    if (entry != NULL && entry->value != NULL) {
        PyObject *old = entry->value;
        entry->value = Py_NewRef(value);
        Py_DECREF(old);
        return 1;
    }
    if (table->entries == NULL || 2 * (table->used + 1) > table->mask + 1) {
        size_t size = table->entries == NULL ? 16 : 2 * (table->mask + 1);
        Table larger = {.entries = PyMem_Calloc(size, sizeof(Entry)), .mask = size - 1};
        if (larger.entries == NULL) {
            return 0;
        }
        for (size_t i = 0; table->entries != NULL && i <= table->mask; i++) {
            if (table->entries[i].value != NULL) {
                *entry_of(&larger, table->entries[i].key) = table->entries[i];
            }
        }
        PyMem_Free(table->entries);
        table->entries = larger.entries;
        table->mask = larger.mask;
        entry = entry_of(table, key);
    }
    entry->key = key;
    entry->value = Py_NewRef(value);
    table->used++;
    return 1;
}

/* Take what stands for `key` out, a new reference; NULL if nothing does. */
static PyObject *
take_from(PyObject *object, long long key)
{
    Table *table = (Table *)object;
    Entry *gap = table->entries == NULL ? NULL : entry_of(table, key);
    PyObject *taken = gap == NULL ? NULL : gap->value;
    if (taken == NULL) {
        return NULL;
    }
    size_t hole = (size_t)(gap - table->entries), i = hole;
    for (;;) {
        i = (i + 1) & table->mask;
        if (table->entries[i].value == NULL) {
            break;
        }
        size_t place = place_in(table->mask, table->entries[i].key);
        if (((i - place) & table->mask) >= ((i - hole) & table->mask)) {
            table->entries[hole] = table->entries[i];
            hole = i;
        }
    }
    table->entries[hole].value = NULL;
    table->used--;
    return taken;
}

static int
table_clear(PyObject *self)
{
    Table *table = (Table *)self;
    Entry *entries = table->entries;
    size_t mask = table->mask;
    table->entries = NULL;
    table->mask = table->used = 0;
    for (size_t i = 0; entries != NULL && i <= mask; i++) {
        Py_XDECREF(entries[i].value);
    }
    PyMem_Free(entries);
    return 0;
}

static int
table_traverse(PyObject *self, visitproc visit, void *arg)
{
    Table *table = (Table *)self;
    Py_VISIT(Py_TYPE(self));
    for (size_t i = 0; table->entries != NULL && i <= table->mask; i++) {
        Py_VISIT(table->entries[i].value);
    }
    return 0;
}

static void
table_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    table_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyObject *
table_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    Table *table = PyObject_GC_New(Table, type);
    if (table != NULL) {
        table->entries = NULL;
        table->mask = table->used = 0;
        PyObject_GC_Track(table);
    }
    return (PyObject *)table;
}

/* Return whether `object` is an integer that can be a key: else there is an exception. */
static int
is_key(PyObject *object, long long *key)
{
    *key = PyLong_AsLongLong(object);
    return *key != -1 || !PyErr_Occurred();
}

static Py_ssize_t
table_length(PyObject *self)
{
    return (Py_ssize_t)((Table *)self)->used;
}

static int
table_contains(PyObject *self, PyObject *object)
{
    long long key;
    return is_key(object, &key) ? find_in(self, key) != NULL : -1;
}

static PyObject *
table_item(PyObject *self, PyObject *object)
{
    long long key;
    PyObject *found = is_key(object, &key) ? find_in(self, key) : NULL;
    if (found == NULL && !PyErr_Occurred()) {
        PyErr_SetObject(PyExc_KeyError, object);
    }
    return Py_XNewRef(found);
}

static int
table_set_item(PyObject *self, PyObject *object, PyObject *value)
{
    long long key;
    if (!is_key(object, &key)) {
        return -1;
    }
    if (value != NULL) {
        if (!put_in(self, key, value)) {
            PyErr_NoMemory();
            return -1;
        }
        return 0;
    }
    PyObject *taken = take_from(self, key);
    if (taken == NULL) {
        PyErr_SetObject(PyExc_KeyError, object);
        return -1;
    }
    Py_DECREF(taken);
    return 0;
}

static PyObject *
table_get(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    long long key;
    if (count < 1 || count > 2 || !is_key(args[0], &key)) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a key, and what else to return");
    }
    PyObject *found = find_in(self, key);
    return Py_NewRef(found != NULL ? found : count == 2 ? args[1] : Py_None);
}

static PyObject *
table_setdefault(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    long long key;
    if (count != 2 || !is_key(args[0], &key)) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a key, and what else is to stand for it");
    }
    PyObject *found = find_in(self, key);
    if (found == NULL && !put_in(self, key, args[1])) {
        return PyErr_NoMemory();
    }
    return Py_NewRef(found == NULL ? args[1] : found);
}

static PyObject *
table_pop(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    long long key;
    if (count < 1 || count > 2 || !is_key(args[0], &key)) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a key, and what else to return");
    }
    PyObject *taken = take_from(self, key);
    if (taken == NULL && count == 1) {
        PyErr_SetObject(PyExc_KeyError, args[0]);
    }
    return taken != NULL || count == 1 ? taken : Py_NewRef(args[1]);
}

static PyObject *
table_empty(PyObject *self, PyObject *Py_UNUSED(args))
{
    table_clear(self);
    Py_RETURN_NONE;
}

/* Lists of what is there: keys, values, or both. What is made may have garbage collected, and the table changed by that:
   so all is noted before. */
static PyObject *
listed(PyObject *self, int with_keys, int with_values)
{
    Table *table = (Table *)self;
    size_t count = 0, used = table->used;
    Entry *all = PyMem_Calloc(used + 1, sizeof(Entry));
    if (all == NULL) {
        return PyErr_NoMemory();
    }
    for (size_t i = 0; table->entries != NULL && i <= table->mask; i++) {
        if (table->entries[i].value != NULL) {
            all[count].key = table->entries[i].key;
            all[count++].value = Py_NewRef(table->entries[i].value);
        }
    }
    PyObject *list = PyList_New(0);
    int failed = list == NULL;
    for (size_t i = 0; i < count; i++) {
        PyObject *key = failed || !with_keys ? NULL : PyLong_FromLongLong(all[i].key);
        PyObject *one = failed ? NULL : !with_keys ? Py_NewRef(all[i].value) : key == NULL ? NULL
                      : !with_values ? Py_NewRef(key) : PyTuple_Pack(2, key, all[i].value);
        failed = failed || one == NULL || PyList_Append(list, one) < 0;
        Py_XDECREF(one);
        Py_XDECREF(key);
        Py_DECREF(all[i].value);
    }
    PyMem_Free(all);
    if (failed) {
        Py_CLEAR(list);
    }
    return list;
}

static PyObject *
table_values(PyObject *self, PyObject *Py_UNUSED(args))
{
    return listed(self, 0, 1);
}

static PyObject *
table_items(PyObject *self, PyObject *Py_UNUSED(args))
{
    return listed(self, 1, 1);
}

static PyObject *
table_iter(PyObject *self)
{
    PyObject *keys = listed(self, 1, 0), *iterator = keys == NULL ? NULL : PyObject_GetIter(keys);
    Py_XDECREF(keys);
    return iterator;
}

static PyMethodDef table_methods[] = {
    {"get", (PyCFunction)(void (*)(void))table_get, METH_FASTCALL, NULL},
    {"pop", (PyCFunction)(void (*)(void))table_pop, METH_FASTCALL, NULL},
    {"setdefault", (PyCFunction)(void (*)(void))table_setdefault, METH_FASTCALL, NULL},
    {"clear", table_empty, METH_NOARGS, NULL},
    {"values", table_values, METH_NOARGS, NULL},
    {"items", table_items, METH_NOARGS, NULL},
    {NULL},
};
static PyType_Slot table_type_slots[] = {
    {Py_tp_new, table_new},
    {Py_tp_dealloc, table_dealloc},
    {Py_tp_traverse, table_traverse},
    {Py_tp_clear, table_clear},
    {Py_tp_methods, table_methods},
    {Py_tp_iter, table_iter},
    {Py_mp_length, table_length},
    {Py_mp_subscript, table_item},
    {Py_mp_ass_subscript, table_set_item},
    {Py_sq_contains, table_contains},
    {0, NULL},
};
static PyType_Spec table_spec = {
    .name = "visualizer.tracers._recorder.Table",
    .basicsize = sizeof(Table),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = table_type_slots,
};

static PyObject *
look_up_in_dictionary(PyObject *table, Py_ssize_t key)
{
    PyObject *boxed = table != NULL && PyDict_CheckExact(table) ? PyLong_FromSsize_t(key) : NULL;
    PyObject *found = NULL;
    if (boxed != NULL) {
        found = PyDict_GetItemWithError(table, boxed);
        Py_DECREF(boxed);
    }
    if (found == NULL) {
        PyErr_Clear();
    }
    return found;
}

/* What a table, or a dictionary, has for an integer, borrowed; NULL, and no exception, if it has nothing. */
static inline PyObject *
look_up(PyObject *table, Py_ssize_t key)
{
    return table != NULL && Py_IS_TYPE(table, table_type) ? find_in(table, key) : look_up_in_dictionary(table, key);
}

/* The same of an object's id. */
#define of_id(table, object) look_up(table, (Py_ssize_t)(object))
/* Of what is a table for sure. */
#define find_id(table, object) find_in(table, (long long)(Py_ssize_t)(object))

/* As core/buffer.py has it. Of code that is alive. */
static Py_ssize_t
place_of(PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    Py_ssize_t place = (Py_ssize_t)code + PyFrame_GetLasti(frame);
    Py_DECREF(code);
    return place;
}

/* Store a row, now. A shape below 0 is not known. Return whether it is stored: all of it, or nothing. */
static inline int
store(PyObject *rows, PyObject *track, long long shape)
{
    long long its = shape < 0 ? -1 : number(track);
    long long t = its < 0 ? -1 : now();
    if (t < 0) {
        PyErr_Clear();
        return 0;
    }
    return store_at(rows, t, its, shape);
}

/* Whether a row can say `value`, a number: that in `said`. */
static inline int
says_number(PyObject *value, long long *said)
{
    int overflow = 0;
    if (!is_small(value, said)) {
        *said = PyLong_AsLongLongAndOverflow(value, &overflow);
    }
    return !overflow && -largest <= *said && *said <= largest;
}

/* Whether the type of `value` tells it, or its identity: values.py, `shown_type`. */
static int
is_told_by_type(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    return PyBool_Check(value) ||
           !(value == no_value || value == Py_None || type == &PyLong_Type || type == &PyFloat_Type ||
             type == &PyComplex_Type || type == &PyUnicode_Type || type == &PyBytes_Type || type == &PyList_Type ||
             type == &PyTuple_Type || type == &PySet_Type || type == &PyFrozenSet_Type || type == &PyDict_Type ||
             PyExceptionInstance_Check(value));
}

/* The names of types that are no classes of Python's: each has one for good, and no object for it. By the type. */
static PyObject *static_names;

/* The name of a type, a new reference; NULL, and an exception, if there is no memory for it. */
static PyObject *
name_of(PyTypeObject *type)
{
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        return PyType_GetName(type);
    }
    PyObject *name = Py_XNewRef(find_in(static_names, (Py_ssize_t)type));
    if (name == NULL && (name = PyType_GetName(type)) != NULL) {
        put_in(static_names, (Py_ssize_t)type, name);
    }
    return name;
}

/* What is added to the shape of a row that says `value`, which is no number, as `said_of`. */
static long long
said_of_kind(PyObject *value, PyObject *buffer)
{
    PyObject *kinds = BUFFER(buffer, kinds);
    if (kinds == NULL || !PyDict_CheckExact(kinds) || !is_told_by_type(value)) {
        return 0;
    }
    PyObject *name = PyBool_Check(value) ? Py_NewRef(value) : name_of(Py_TYPE(value)), *found = NULL;
    /* Else its hash would be worked out by the program. */
    if (name != NULL && (PyUnicode_CheckExact(name) || PyBool_Check(name))) {
        found = PyDict_GetItemWithError(kinds, name);
    }
    long long said = found != NULL && PyLong_CheckExact(found) ? PyLong_AsLongLong(found) : 0;
    Py_XDECREF(name);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return said;
}

/* What is added to the shape of a row that says `value`: as `known_shape` has it; 0 of what is not known. */
static inline long long
said_of(PyObject *value, PyObject *buffer)
{
    long long said;
    if (!PyLong_CheckExact(value)) {
        return said_of_kind(value, buffer);
    }
    return says_number(value, &said) ? (zero + said + 1) << value_bit : 0;
}

/* Whether the hook in Python may learn how to store `value` at `site`. */
static int
may_learn(PyObject *value, PyObject *site)
{
    long long said;
    if (PyLong_CheckExact(value)) {
        return says_number(value, &said);
    }
    if (value == Py_None || (PyUnicode_CheckExact(value) && PyUnicode_GET_LENGTH(value) <= longest)) {
        return site == NULL || !Py_IS_TYPE(site, site_slots.type) ||
               PyDict_GET_SIZE(SITE(site, shapes)) < most_shapes;
    }
    return value == no_value || is_told_by_type(value);
}

/* Whether that is stored for a value itself, as `keep` has it. */
static int
is_kept(PyObject *value)
{
    return value == Py_None || PyLong_CheckExact(value) || PyFloat_CheckExact(value) || PyBool_Check(value) ||
           (PyUnicode_CheckExact(value) && PyUnicode_GET_LENGTH(value) <= longest_text);
}

/* What is stored for a value, a new reference. */
static PyObject *
kept(PyObject *value)
{
    return is_kept(value) ? Py_NewRef(value) : PyObject_CallOneArg(keep, value);
}

static PyObject *or_later(PyObject *told);

/* Store an event of `run` with all its parts: its value is new. As `store`. */
static int
store_parts(PyObject *buffer, PyObject *run, PyObject *line, PyObject *cause, PyObject *value, PyObject *code,
            PyObject *offset)
{
    PyObject *rows = BUFFER(buffer, rows), *parts = BUFFER(buffer, parts);
    if (rows == NULL || !Py_IS_TYPE(rows, rows_type) || parts == NULL || !PyList_CheckExact(parts) || code == NULL ||
        offset == NULL || ((Rows *)rows)->size > full) {
        return 0;
    }
    PyObject *text = kept(value);
    if (text == NULL) {
        /* What came from outside is raised later; else no stack or memory was left. */
        Py_XDECREF(or_later(NULL));
        PyErr_Clear();
        return 0;
    }
    long long t_ns = now();
    PyObject *t = t_ns < 0 ? NULL : PyLong_FromLongLong(t_ns);
    Py_ssize_t before = PyList_GET_SIZE(parts);
    int failed = t == NULL;
    /* The parts first, so that a row that is found has its parts. */
    PyObject *all[] = {line, t, RUN(run, track), cause, text, code, offset};
    for (size_t i = 0; !failed && i < 7; i++) {
        failed = PyList_Append(parts, all[i]) < 0;
    }
    failed = failed || !store_at(rows, t_ns, of_parts, 0);
    if (failed) {
        PyErr_Clear();
        if (PyList_SetSlice(parts, before, PY_SSIZE_T_MAX, NULL) < 0) {
            PyErr_Clear();
        }
    }
    Py_XDECREF(t);
    Py_DECREF(text);
    return !failed;
}

/* Whether the thread that calls finds that buffer in `local`: then it is remembered. */
static int
becomes_here(PyObject *buffer, PyObject *local)
{
    PyObject *found = PyObject_GetAttr(local, buffer_text);
    int is_its = found == buffer;
    if (is_its) {
        here = ((Rows *)BUFFER(buffer, rows))->serial;
    }
    Py_XDECREF(found);
    PyErr_Clear();
    return is_its;
}

/* Whether `buffer` is open, and has rows of C's. */
static inline int
is_open(PyObject *buffer)
{
    if (buffer == NULL || !Py_IS_TYPE(buffer, buffer_slots.type) || BUFFER(buffer, closed) != Py_False) {
        return 0;
    }
    PyObject *rows = BUFFER(buffer, rows);
    return rows != NULL && Py_IS_TYPE(rows, rows_type);
}

/* Whether such a buffer is known to be that of the thread that calls: that has one from its first event to its end. */
static inline int
is_known_here(PyObject *buffer)
{
    return here == ((Rows *)BUFFER(buffer, rows))->serial;
}

/* Whether `buffer` is that of the thread that calls, `local` being where threads have theirs. */
static inline int
is_here(PyObject *buffer, PyObject *local)
{
    return is_open(buffer) && (is_known_here(buffer) || becomes_here(buffer, local));
}

static int slot_offset(PyTypeObject *, const char *, Py_ssize_t *);

/* Hooks. */

#define FIELDS(X)                                                                                                      \
    X(otherwise) X(local) X(live) X(buffer) X(raw) X(unsettled) X(gr_frame) X(sleeps) X(resumed) X(sleep_code)         \
    X(offsets) X(calls) X(functions) X(methods) X(run) X(context) X(making) X(found) X(due) X(steppers)        \
    X(inside) X(through) X(silent) X(made) X(gone) X(watched) X(entries) X(library) X(asked) X(thrown) X(awaiting)   \
    X(instructions) X(loops) X(step_codes) X(disable) X(missing) X(steady) X(called) X(raised) X(by_id) X(runners)     \
    X(watch) X(over) X(stands) X(ends) X(numbered) X(name) X(failed) X(sizes) X(turns) X(state) X(waits)               \
    X(next_future) X(forget) X(forget_task) X(whose) X(bottoms) X(begun) X(running_task) X(factory) X(link) X(behind)   \
    X(handles) X(transport) X(descriptor) X(addresses) X(said) X(key) X(sockets)

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    /* Of a code object: those of a generator. The RESUME instruction; -1 where no task's steps are left out. Of `sleep`: the
       offset that was found among `offsets` last. */
    int flags, resume;
#define FIELD(name) PyObject *name;
    FIELDS(FIELD)
#undef FIELD
} Hook;

static PyTypeObject *hook_type, *method_type, *in_slot_type;

/* It has no tp_clear, like a tuple: whatever refers back to it can be cleared. */
static int
hook_traverse(Hook *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
#define FIELD(name) Py_VISIT(self->name);
    FIELDS(FIELD)
#undef FIELD
    return 0;
}

static void forget_hook(Hook *);

static void
hook_dealloc(Hook *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    forget_hook(self);
#define FIELD(name) Py_XDECREF(self->name);
    FIELDS(FIELD)
#undef FIELD
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* The hooks that are there already are told by it from the program's. */
static PyObject *
hook_name(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    return PyUnicode_FromString("visualizer_hook");
}

#if PY_VERSION_HEX < 0x030c0000
static PyObject *hook_begin(PyObject *, PyObject *);
/* Watch steps by it. */
static PyMethodDef hook_methods[] = {{"begin", hook_begin, METH_NOARGS, NULL}, {NULL}};
#endif

static PyMemberDef hook_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Hook, call), READONLY, NULL},
    {NULL},
};
static PyGetSetDef hook_getset[] = {{"__name__", hook_name, NULL, NULL, NULL}, {NULL}};
static PyType_Slot hook_type_slots[] = {
    {Py_tp_traverse, hook_traverse},
    {Py_tp_dealloc, hook_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, hook_members},
    {Py_tp_getset, hook_getset},
#if PY_VERSION_HEX < 0x030c0000
    {Py_tp_methods, hook_methods},
#endif
    {0, NULL},
};
static PyType_Spec hook_spec = {
    .name = "visualizer.tracers._recorder.Hook",
    .basicsize = sizeof(Hook),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = hook_type_slots,
};

/* As a function in Python is one, where it stands in a class. */
static PyObject *
method_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(owner))
{
    return instance == NULL ? Py_NewRef(self) : PyMethod_New(self, instance);
}

static PyType_Slot method_type_slots[] = {
    {Py_tp_traverse, hook_traverse},
    {Py_tp_dealloc, hook_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, hook_members},
    {Py_tp_descr_get, method_get},
    {0, NULL},
};
static PyType_Spec method_spec = {
    .name = "visualizer.tracers._recorder.Method",
    .basicsize = sizeof(Hook),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = method_type_slots,
};

static Hook *
new_hook(PyTypeObject *type, vectorcallfunc call, PyObject *otherwise)
{
    Hook *self = PyObject_GC_New(Hook, type);
    if (self != NULL) {
        self->call = call;
        self->flags = 0;
        self->resume = -1;
#define FIELD(name) self->name = NULL;
        FIELDS(FIELD)
#undef FIELD
        self->otherwise = Py_NewRef(otherwise);
        PyObject_GC_Track(self);
    }
    return self;
}

#if PY_VERSION_HEX < 0x030c0000
#define REMAINING recursion_remaining
#else
#define REMAINING py_recursion_remaining
#endif
/* So many calls deep a hook in Python may go where the program has reached its own limit: else that would meet its
   RecursionError earlier than without us, and the hook would, too. */
#define ROOM 200

static void settle_announced(void);

/* NULL, and the exception that is set already, if one is: where an eager task of asyncio's cannot be made, CPython runs code
   with one, and in that state no hook in Python does what it should. */
static PyObject *
with_room(PyObject *function, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    if (PyErr_Occurred()) {
        return NULL;
    }
    settle_announced();
    PyThreadState *thread = PyThreadState_Get();
    thread->REMAINING += ROOM;
    PyObject *done = PyObject_Vectorcall(function, args, nargsf, kwnames);
    thread->REMAINING -= ROOM;
    return done;
}

#define OTHERWISE() with_room(((Hook *)self)->otherwise, args, nargsf, kwnames)

/* What comes in the middle of a hook in Python, as a signal's handler raises it or another thread sends it
   (PyThreadState_SetAsyncExc), is the program's. But raised from the hook it would stand in the place of the call that the
   hook is told of: a generator would not be closed, a lock not be released. So it is raised where the interpreter next
   looks for such things, as if it had come there. */

/* After a fork, the thread that has forked. */
static unsigned long main_thread;

static void
note_main_thread(void)
{
    main_thread = PyThread_get_thread_ident();
}

static int
is_our_frame(PyFrameObject *frame)
{
    static const char ours[] = "visualizer.tracers.";
    PyObject *globals = PyFrame_GetGlobals(frame), *name = PyDict_GetItemString(globals, "__name__");
    const char *text = name != NULL && PyUnicode_CheckExact(name) ? PyUnicode_AsUTF8(name) : NULL;
    if (text == NULL) {
        PyErr_Clear();
    }
    Py_DECREF(globals);
    return text != NULL && strncmp(text, ours, sizeof(ours) - 1) == 0;
}

static int
raise_pending(void *error)
{
    PyErr_SetObject((PyObject *)Py_TYPE((PyObject *)error), (PyObject *)error);
    Py_DECREF((PyObject *)error);
    return -1;
}

static void
raise_later(void)
{
    PyObject *kind, *error, *traceback;
    PyErr_Fetch(&kind, &error, &traceback);
    PyErr_NormalizeException(&kind, &error, &traceback);
    if (PyThread_get_thread_ident() != main_thread) {
        PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), kind);
    }
    else if (error != NULL && Py_AddPendingCall(raise_pending, error) == 0) {
        PyTracebackObject *its = (PyTracebackObject *)traceback;
        while (its != NULL && is_our_frame(its->tb_frame)) {
            its = its->tb_next;
        }
        PyException_SetTraceback(error, its == NULL ? Py_None : (PyObject *)its);
        error = NULL;
    }
    Py_XDECREF(kind);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
}

/* What a hook has returned, or raised: what it has returned instead of raising it is raised. */
static PyObject *
at_once(PyObject *told)
{
    if (told != NULL && PyExceptionInstance_Check(told)) {
        PyErr_SetObject((PyObject *)Py_TYPE(told), told);
        Py_CLEAR(told);
    }
    return told;
}

/* The same, but what it has raised itself is raised later. */
static PyObject *
or_later(PyObject *told)
{
    if (told != NULL && PyExceptionInstance_Check(told)) {
        return at_once(told);
    }
    if (told != NULL || PyErr_ExceptionMatches(PyExc_RecursionError) || PyErr_ExceptionMatches(PyExc_MemoryError)) {
        return told;
    }
    raise_later();
    Py_RETURN_NONE;
}

/* The rest of a hook that the interpreter calls. */
#define LONG_WAY() or_later(OTHERWISE())

/* There is no short way. */
static PyObject *
long_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    return OTHERWISE();
}

/* The same of an event that the interpreter tells. */
static PyObject *
told_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    return LONG_WAY();
}

static PyObject *
roomy(PyObject *Py_UNUSED(module), PyObject *otherwise)
{
    return (PyObject *)new_hook(hook_type, long_way, otherwise);
}

static PyObject *
told(PyObject *Py_UNUSED(module), PyObject *otherwise)
{
    return (PyObject *)new_hook(hook_type, told_way, otherwise);
}

/* Steps of generators. */

/* The run of the generator that has `frame`, borrowed; NULL, and no exception, if there is none. As Generators.run_in has
   it: where one was whose end was not told, any other frame may be now. */
static inline PyObject *
run_in(Hook *self, void *frame)
{
    PyObject *run = find_id(self->live, frame);
    if (run == NULL || !Py_IS_TYPE(run, run_slots.type)) {
        return NULL;
    }
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    Py_DECREF(code);
    return code == RUN(run, code) ? run : NULL;
}

/* The same, a new reference. `frame` may be NULL. */
static inline PyObject *
run_of(Hook *self, PyObject *frame)
{
    return frame == NULL ? NULL : Py_XNewRef(run_in(self, frame));
}

static inline int
is_suspended(PyObject *run)
{
    /* Python has one object for each small integer. */
    return RUN(run, at) == suspended;
}

/* The same, at a plain `yield` or while it delegates. */
static inline int
is_known_to_wait(PyObject *run)
{
    return is_suspended(run) || RUN(run, at) == delegating;
}

/* The shape that a site has for a text, or None; -1 if it has none. */
static long long
shape_among(PyObject *shapes, PyObject *value)
{
    PyObject *found = shapes != NULL && PyDict_CheckExact(shapes) ? PyDict_GetItemWithError(shapes, value) : NULL;
    if (found == NULL) {
        PyErr_Clear();
    }
    return number(found);
}

static Py_NO_INLINE long long
shape_of_any(PyObject *value, PyObject *known, PyObject *known_shape, PyObject *site, PyObject *buffer)
{
    if (value == known) {
        return number(known_shape);
    }
    if (site == NULL || !Py_IS_TYPE(site, site_slots.type)) {
        return -1;
    }
    if (PyUnicode_CheckExact(value) || value == Py_None || value == no_value) {
        return shape_among(SITE(site, shapes), value);
    }
    long long bare = number(SITE(site, bare)), said = bare < 0 ? 0 : said_of(value, buffer);
    return said == 0 ? -1 : bare + said;
}

/* The shape of an event at `site` with `value`, and what says the value; -1 if that is not known. The value met there last
   is `known`, with its shape. */
static inline long long
shape_of(PyObject *value, PyObject *known, PyObject *known_shape, PyObject *site, PyObject *buffer)
{
    /* The commonest, which is quicker than to read the shape of the last one. */
    long long said, bare;
    if (PyLong_CheckExact(value) && site != NULL && Py_IS_TYPE(site, site_slots.type) && is_small(value, &said) &&
        -largest <= said && said <= largest && (bare = number(SITE(site, bare))) >= 0) {
        return bare + ((zero + said + 1) << value_bit);
    }
    return shape_of_any(value, known, known_shape, site, buffer);
}

/* `run`, which is suspended in `frame`, is sent to at another place than last. Return whether generators were sent to
   there before; then the short way may be taken. */
static int
adopt_send(Hook *self, PyObject *run, PyFrameObject *frame, PyObject *code, long offset)
{
    PyObject *buffer = RUN(run, in_thread);
    PyCodeObject *its = PyFrame_GetCode(frame);
    long behind = PyFrame_GetLasti(frame) - number(RUN(run, offset));
    /* Where its frame had another generator before, it stands elsewhere. */
    int is_its = (PyObject *)its == RUN(run, code) && number(RUN(run, offset)) >= 0 && (behind == 0 || behind == 2);
    Py_DECREF(its);
    if (!is_its || !is_here(buffer, self->local)) {
        return 0;
    }
    PyObject *site = look_up(BUFFER(buffer, sites), -(Py_ssize_t)code - offset);
    PyObject *at = site == NULL || !Py_IS_TYPE(site, site_slots.type) ? NULL : PyLong_FromLong(offset);
    if (at == NULL) {
        PyErr_Clear();
        return 0;
    }
    put(run, run_slots.resume_code, code);
    put(run, run_slots.resume_offset, at);
    put(run, run_slots.resume_site, site);
    put(run, run_slots.resume_value, never);
    Py_DECREF(at);
    return 1;
}

/* The run whose generator this thread is about to send something to, by a call that was made there before, until it goes
   on; else NULL. What is sent belongs to who called. Whoever else wants to know reads it in the run, once that is settled. */
static OF_THREAD PyObject *announced_run, *announced_value;

static Py_NO_INLINE void
settle(void)
{
    PyObject *run = announced_run;
    announced_run = NULL;
    put(run, run_slots.cause, again);
    put(run, run_slots.sent, announced_value);
    Py_DECREF(run);
}

static inline void
settle_announced(void)
{
    if (announced_run != NULL) {
        settle();
    }
}

/* The program calls `send` of the generator of `run`, or NULL, at that place: note it if that, or another, did the same
   there before. `frame`: of that generator; NULL if only the same counts. */
static inline int
announce(Hook *self, PyObject *run, PyFrameObject *frame, PyObject *code, long offset, PyObject *sent)
{
    int known = run != NULL && (is_suspended(run) || (RUN(run, at) == delegating && is_kept(sent))) && offset >= 0 &&
                ((code == RUN(run, resume_code) && offset == number(RUN(run, resume_offset))) ||
                 (frame != NULL && adopt_send(self, run, frame, code, offset)));
    if (known) {
        settle_announced();
        announced_run = Py_NewRef(run);
        announced_value = sent;
    }
    return known;
}

/* The method `send` of generators is called by way of `send_way`, for the interpreter reads its table at each call. So
   what is sent is at hand, and no event is needed for that. The table is one for all interpreters of the process. */

static PyMethodDef *send_definition;
/* What stands there without us; and the hook for calls, NULL as long as nothing is to be seen. */
static PyCFunction send_plainly;
static Hook *sends;
static PyInterpreterState *home;
static PyObject *send_text;

/* Have the hook in Python told as the interpreter would, which tells of nothing meanwhile. Return 0, and an exception, if
   no stack or memory was left for it. */
static int
tell(PyThreadState *thread, PyObject *hook, PyObject *const *args, Py_ssize_t count)
{
    PyThreadState_EnterTracing(thread);
    PyObject *done = or_later(with_room(hook, args, (size_t)count, NULL));
    PyThreadState_LeaveTracing(thread);
    Py_XDECREF(done);
    return done != NULL;
}

/* Below, by the version of Python. */
static PyObject *send_way(PyObject *generator, PyObject *value);
/* Who resumes the generator of `frame`, which does not run yet or any longer, or runs as the innermost; a new reference. */
static PyFrameObject *resumer_of(PyFrameObject *frame);

/* The other methods by which a generator, or what stands for one, is resumed. */
static void see_others(int see);

/* Have these called by way of us, or not any longer. */
static void
see_sends(Hook *hook)
{
    if (send_definition != NULL) {
        send_definition->ml_meth = hook != NULL ? send_way : send_plainly;
        see_others(hook != NULL);
    }
    Hook *before = sends;
    sends = hook;
    Py_XINCREF(hook);
    Py_XDECREF(before);
}

static PyObject *
leave_sends(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    see_sends(NULL);
    Py_RETURN_NONE;
}

/* The buffer that was asked for last, which may be another thread's. */
static PyObject *last_buffer;

/* The buffer of the thread that calls, a new reference; NULL, and no exception, if it has none. */
static PyObject *
buffer_here(Hook *self)
{
    if (is_open(last_buffer) && is_known_here(last_buffer)) {
        return Py_NewRef(last_buffer);
    }
    PyObject *buffer = PyObject_GetAttr(self->local, buffer_text);
    if (buffer == NULL) {
        PyErr_Clear();
    }
    else if (!Py_IS_TYPE(buffer, buffer_slots.type) || BUFFER(buffer, closed) != Py_False) {
        Py_CLEAR(buffer);
    }
    else if (is_here(buffer, self->local)) {
        Py_XSETREF(last_buffer, Py_NewRef(buffer));
    }
    return buffer;
}

static int
is_size(PyObject *list, Py_ssize_t size)
{
    return list != NULL && PyList_CheckExact(list) && PyList_GET_SIZE(list) == size;
}

/* Set, or take out if `value` is NULL, what stands for an object's id. Return whether that is done. */
static int
set_of_id(PyObject *table, void *object, PyObject *value)
{
    if (Py_IS_TYPE(table, table_type)) {
        PyObject *taken = value == NULL ? take_from(table, (Py_ssize_t)object) : NULL;
        int done = value == NULL ? taken != NULL : put_in(table, (Py_ssize_t)object, value);
        Py_XDECREF(taken);
        return done;
    }
    PyObject *key = PyLong_FromVoidPtr(object);
    int failed = key == NULL || (value == NULL ? PyDict_DelItem(table, key) : PyDict_SetItem(table, key, value)) < 0;
    Py_XDECREF(key);
    if (failed) {
        PyErr_Clear();
    }
    return !failed;
}

/* An object's id, a new reference: the one that was made last for where it is, for others are soon made there again. */
static PyObject *
id_of(void *object)
{
    static PyObject *made[64];
    PyObject **its = &made[(uintptr_t)object / 64 % 64];
    if (*its != NULL && number(*its) == (long long)(Py_ssize_t)object) {
        return Py_NewRef(*its);
    }
    PyObject *id = PyLong_FromVoidPtr(object);
    if (id != NULL) {
        Py_XSETREF(*its, Py_NewRef(id));
    }
    return id;
}

/* Has the next numbers of tracks. */
static PyObject *tracks;

static PyObject *
number_tracks(PyObject *Py_UNUSED(module), PyObject *iterator)
{
    if (!PyIter_Check(iterator)) {
        return PyErr_Format(PyExc_TypeError, "numbers come of an iterator");
    }
    Py_XSETREF(tracks, Py_NewRef(iterator));
    Py_RETURN_NONE;
}

/* The number of a new track, a new reference; NULL, and no exception, if there is none: then the hook in Python, which asks
   as well, tells why. */
static PyObject *
new_track(void)
{
    /* Some are taken by code in Python, in which others may come to run. It keeps for later what comes from outside. Without
       room the iterator would end for good. */
    PyThreadState *thread = PyThreadState_Get();
    thread->REMAINING += ROOM;
    PyObject *iterator = Py_XNewRef(tracks), *track = iterator == NULL ? NULL : PyIter_Next(iterator);
    thread->REMAINING -= ROOM;
    Py_XDECREF(iterator);
    if (track == NULL) {
        PyErr_Clear();
    }
    return track;
}

/* A run that has ended, as blank as `blank` but for what the next that begins has of its own; NULL if there is none. */
static PyObject *spare_run;

/* Let go of a run, which may have ended. */
static void
drop_run(PyObject *run)
{
    if (run != NULL && Py_REFCNT(run) == 1 && spare_run == NULL) {
#define CLEAR(name)                                                                                                    \
    if (RUN(run, name) != RUN(blank, name)) {                                                                          \
        put(run, run_slots.name, RUN(blank, name));                                                                    \
    }
        OTHER_SLOTS_OF_RUN(CLEAR)
#undef CLEAR
        /* Something of the program's may have been freed, and run. */
        if (spare_run == NULL) {
            spare_run = run;
            return;
        }
    }
    Py_XDECREF(run);
}

/* A run that begins, a new reference; NULL, and no exception, if there is no memory for it. */
static PyObject *
new_run(PyObject *track, PyObject *code, PyObject *key, PyObject *reference, PyObject *in_thread)
{
    PyObject *run = spare_run;
    spare_run = NULL;
    if (run == NULL) {
        run = PyType_GenericAlloc(run_slots.type, 0);
        if (run == NULL) {
            PyErr_Clear();
            return NULL;
        }
#define COPY(name) RUN(run, name) = Py_XNewRef(RUN(blank, name));
        SLOTS_OF_RUN(COPY)
#undef COPY
    }
    put(run, run_slots.reference, reference);
#define BEGIN(name)                                                                                                    \
    if (RUN(run, name) != name) {                                                                                      \
        put(run, run_slots.name, name);                                                                                \
    }
    SLOTS_OF_BEGUN_RUN(BEGIN)
#undef BEGIN
    return run;
}

/* Whether nothing stands against the short way where a generator begins to run, which no task awaits. */
static int
may_start(Hook *self)
{
    return is_size(self->due, 0) && is_size(self->calls, 0) &&
           (is_size(self->steppers, 0) || PyDict_GET_SIZE(self->inside) == 0);
}

/* What is known of a resumption in `frame`, borrowed, or NULL. */
static PyObject *
site_in(PyObject *buffer, PyFrameObject *frame)
{
    PyObject *site = look_up(BUFFER(buffer, sites), place_of(frame));
    return site != NULL && Py_IS_TYPE(site, site_slots.type) ? site : NULL;
}

/* The run of `frame`, borrowed, if it delegates at `site`, where runs were resumed; else NULL. */
static PyObject *
delegates_at(Hook *self, PyObject *site, PyFrameObject *frame)
{
    int known = SITE(site, passed) != Py_None || number(SITE(site, passed_shape)) >= 0;
    return known ? run_in(self, frame) : NULL;
}

/* The shape of a resumption at `site` by a `for` or `next`, or by a `yield from` of `outer`, that passes nothing on; -1 if
   that is not known. */
static long long
next_shape_at(PyObject *site, PyObject *outer)
{
    return outer == NULL ? number(SITE(site, next_shape))
           : RUN(outer, passing) == no_value ? number(SITE(site, passed_shape)) : -1;
}

/* The same in `frame`. */
static long long
next_shape_in(Hook *self, PyObject *buffer, PyFrameObject *frame)
{
    PyObject *site = site_in(buffer, frame);
    return site == NULL ? -1 : next_shape_at(site, delegates_at(self, site, frame));
}

/* A generator that nobody closes, nor who waits for it, returns None. */
static int
store_return(Hook *self, PyObject *run, PyFrameObject *frame)
{
    PyObject *buffer = RUN(run, in_thread), *outer = RUN(run, outer);
    int is_awaited = outer != NULL && Py_IS_TYPE(outer, run_slots.type);
    if (RUN(run, closing) != Py_False || (is_awaited ? RUN(outer, dying) != Py_False : outer != Py_None) ||
        PyDict_GET_SIZE(self->through) != 0 || !is_size(self->due, 0) || !is_here(buffer, self->local) ||
        !store(BUFFER(buffer, rows), RUN(run, track), number(BUFFER(buffer, ended)))) {
        return 0;
    }
    set_of_id(self->live, frame, NULL);
    if (is_awaited) {
        /* No circle is left. */
        if (RUN(outer, inner) == run) {
            put(outer, run_slots.inner, Py_None);
        }
        put(run, run_slots.outer, Py_None);
    }
    return 1;
}

/* In place of the site of its last `yield`, where a generator begins: no other is it that resumes it. */
#define outermost never

static inline void
begin_outermost(Hook *self, PyObject *run, PyFrameObject *back)
{
    if (run_in(self, back) == NULL) {
        put(run, run_slots.yield_site, outermost);
    }
}

/* `run` is suspended at another `yield` than last, or at its first. Return whether generators were suspended there
   before; then the short way may be taken. */
static int
adopt_yield(Hook *self, PyObject *run, PyFrameObject *frame, PyObject *offset)
{
    PyObject *buffer = RUN(run, in_thread);
    if (RUN(run, closing) != Py_False || PyDict_GET_SIZE(self->through) != 0 || !is_size(self->due, 0) ||
        !is_here(buffer, self->local)) {
        return 0;
    }
    PyObject *site = look_up(BUFFER(buffer, sites), (Py_ssize_t)RUN(run, code) + number(offset));
    if (site == NULL || !Py_IS_TYPE(site, site_slots.type) || SITE(site, at) == running) {
        return 0;
    }
    /* Who waits for it has to know: at its first `yield` who began it. */
    PyFrameObject *back = RUN(run, yield_site) == outermost ? NULL : resumer_of(frame);
    int is_outermost = back == NULL || run_in(self, back) == NULL;
    PyObject *resumes = is_outermost ? NULL : site_in(buffer, back);
    PyObject *outer = resumes == NULL ? NULL : delegates_at(self, resumes, back);
    int known = is_outermost || outer != NULL || (resumes != NULL && number(SITE(resumes, next_shape)) >= 0);
    Py_XDECREF(back);
    if (known) {
        put(run, run_slots.offset, offset);
        put(run, run_slots.passing, no_value);
        put(run, run_slots.yield_offset, offset);
        put(run, run_slots.yield_site, site);
        put(run, run_slots.yield_value, never);
        if (outer != NULL) {
            put(outer, run_slots.inner, run);
            put(run, run_slots.outer, outer);
        }
    }
    return known;
}

#if PY_VERSION_HEX >= 0x030c0000

/* Births. What is made is seen where the generator function returns it: the function is called by way of `made_way`. */

/* What is called of every function. */
static vectorcallfunc call_function;
/* The generator function of which this thread was just told, by the interpreter, that it is called, and where: that is,
   next. Only an address. */
static OF_THREAD PyObject *maker_next;
static OF_THREAD Py_ssize_t maker_place;

static int tell_of_callee(PyObject *, PyThreadState *, PyFrameObject *, PyObject *, PyObject *);

/* Whether what is called makes generators, which are neither coroutines nor asynchronous. */
static int
makes_generators(PyCodeObject *code)
{
    return (code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) == CO_GENERATOR;
}

/* Whether that, of `making`, is of a generator of `code`. */
static int
is_making(PyObject *making, PyObject *code)
{
    return PyTuple_CheckExact(making) && PyTuple_GET_SIZE(making) == 4 && PyTuple_GET_ITEM(making, 0) == code;
}

/* What is known of the call at a place that makes a generator of `code`, borrowed: (shape, what `making` has). */
static PyObject *
maker_at(PyObject *buffer, Py_ssize_t place, PyObject *code)
{
    PyObject *maker = look_up(BUFFER(buffer, makers), place);
    if (maker == NULL || !PyTuple_CheckExact(maker) || PyTuple_GET_SIZE(maker) != 2) {
        return NULL;
    }
    return is_making(PyTuple_GET_ITEM(maker, 1), code) ? maker : NULL;
}

/* identity.Link: a weak reference to a generator that was made, and what is known of that. */
typedef struct {
    PyWeakReference reference;
    PyObject *key, *track, *code;
} Link;

static PyTypeObject *link_type;

#define LINK(link) ((Link *)(link))

static void
link_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(LINK(self)->key);
    Py_XDECREF(LINK(self)->track);
    Py_XDECREF(LINK(self)->code);
    _PyWeakref_RefType.tp_dealloc(self);
    Py_DECREF(type);
}

/* The memory of one that is no more, for the next: most generators end before the next one is made. */
static PyObject *spare_link;

static PyObject *
link_alloc(PyTypeObject *type, Py_ssize_t count)
{
    PyObject *link = spare_link;
    if (link == NULL || type != link_type || count != 0) {
        return PyType_GenericAlloc(type, count);
    }
    spare_link = NULL;
    memset((char *)link + sizeof(PyObject), 0, sizeof(Link) - sizeof(PyObject));
    PyObject_Init(link, type);
    PyObject_GC_Track(link);
    return link;
}

static void
link_free(void *link)
{
    if (spare_link == NULL && Py_TYPE((PyObject *)link) == link_type) {
        spare_link = link;
    }
    else {
        PyObject_GC_Del(link);
    }
}

static PyMemberDef link_members[] = {
    {"key", T_OBJECT_EX, offsetof(Link, key), 0, NULL},
    {"track", T_OBJECT_EX, offsetof(Link, track), 0, NULL},
    {"code", T_OBJECT_EX, offsetof(Link, code), 0, NULL},
    {NULL},
};
static PyType_Slot link_type_slots[] = {
    {Py_tp_dealloc, link_dealloc},
    {Py_tp_alloc, link_alloc},
    {Py_tp_free, link_free},
    {Py_tp_members, link_members},
    {0, NULL},
};
static PyType_Spec link_spec = {
    .name = "visualizer.tracers._recorder.Link",
    .basicsize = sizeof(Link),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = link_type_slots,
};

/* As a call of the type makes it. */
static PyObject *
new_link(Hook *self, PyObject *generator)
{
    /* It is the same tuple each time, if it is nobody else's by then. */
    static PyObject *kept_tuple;
    PyObject *args = kept_tuple;
    kept_tuple = NULL;
    if (args == NULL) {
        if ((args = PyTuple_New(2)) == NULL) {
            return NULL;
        }
        /* To be found by nobody. */
        PyObject_GC_UnTrack(args);
    }
    PyTuple_SET_ITEM(args, 0, Py_NewRef(generator));
    PyTuple_SET_ITEM(args, 1, Py_NewRef(self->gone));
    PyObject *link = link_type->tp_new(link_type, args, NULL);
    if (Py_REFCNT(args) != 1 || kept_tuple != NULL) {
        Py_DECREF(args);
        return link;
    }
    PyTuple_SET_ITEM(args, 0, NULL);
    PyTuple_SET_ITEM(args, 1, NULL);
    kept_tuple = args;
    Py_DECREF(self->gone);
    Py_DECREF(generator);
    return link;
}

/* `generator` was made by the call of `maker`. Return whether that is stored. */
static int
store_birth(Hook *self, PyObject *buffer, PyObject *maker, PyObject *generator)
{
    PyObject *its = gi_frame->get(generator, gi_frame->closure);
    if (its == NULL || its == Py_None || find_id(self->found, its) != NULL) {
        PyErr_Clear();
        Py_XDECREF(its);
        return 0;
    }
    PyObject *track = new_track();
    if (track == NULL) {
        Py_DECREF(its);
        return 0;
    }
    int stored = 0;
    PyObject *key = id_of(its), *link = key == NULL ? NULL : new_link(self, generator);
    if (link != NULL) {
        LINK(link)->key = Py_NewRef(key);
        LINK(link)->track = Py_NewRef(track);
        LINK(link)->code = Py_NewRef(PyTuple_GET_ITEM(PyTuple_GET_ITEM(maker, 1), 0));
    }
    if (link != NULL && set_of_id(self->found, its, link)) {
        stored = store(BUFFER(buffer, rows), track, number(PyTuple_GET_ITEM(maker, 0)));
        if (!stored) {
            set_of_id(self->found, its, NULL);
        }
    }
    if (!stored) {
        PyErr_Clear();
    }
    Py_XDECREF(link);
    Py_XDECREF(key);
    Py_DECREF(track);
    Py_DECREF(its);
    return stored;
}

/* `generator` was made by a call of `function` at `place` in `frame`. `told`: whether the hook in Python has been told of
   that call. As `tell`. */
static int
tell_birth(Hook *self, PyFrameObject *frame, Py_ssize_t place, PyObject *function, PyObject *generator, int told)
{
    PyObject *code = PyFunction_GET_CODE(function);
    if (!told) {
        PyObject *buffer = is_size(self->due, 0) ? buffer_here(self) : NULL;
        PyObject *maker = buffer == NULL ? NULL : maker_at(buffer, place, code);
        int stored = 0;
        if (maker != NULL) {
            Py_INCREF(maker);
            stored = store_birth(self, buffer, maker, generator);
            Py_DECREF(maker);
        }
        Py_XDECREF(buffer);
        if (stored) {
            return 1;
        }
        if (!tell_of_callee(self->otherwise, PyThreadState_Get(), frame, function, self->missing)) {
            return 0;
        }
    }
    PyObject *making = find_in(self->making, (Py_ssize_t)frame);
    /* Not what was announced: that may have been refused. */
    if (making == NULL || !is_making(making, code) ||
        place != (Py_ssize_t)PyTuple_GET_ITEM(making, 1) + number(PyTuple_GET_ITEM(making, 2))) {
        return 1;
    }
    Py_INCREF(making);
    PyObject *parts[] = {(PyObject *)frame, PyTuple_GET_ITEM(making, 3), generator};
    int done = tell(PyThreadState_Get(), self->made, parts, 3);
    Py_DECREF(making);
    return done;
}

/* In place of what a generator function is called by. */
static PyObject *
made_way(PyObject *function, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = sends;
    int is_next = maker_next == function;
    if (self == NULL || (!is_next && count_in(self->making) == 0)) {
        return call_function(function, args, nargsf, kwnames);
    }
    PyFrameObject *frame = PyEval_GetFrame();
    Py_ssize_t place = frame == NULL ? -1 : place_of(frame);
    is_next = is_next && place == maker_place;
    if (is_next) {
        maker_next = NULL;
    }
    PyObject *generator = call_function(function, args, nargsf, kwnames);
    if (generator == NULL || frame == NULL || self != sends || !PyGen_CheckExact(generator)) {
        return generator;
    }
    Py_INCREF(self);
    Py_INCREF(frame);
    if (!tell_birth(self, frame, place, function, generator, !is_next)) {
        Py_CLEAR(generator);
    }
    Py_DECREF(frame);
    Py_DECREF(self);
    return generator;
}

/* Have what `function` makes seen: return whether that is possible. */
static int
sees_made(PyObject *function)
{
    if (PyVectorcall_Function(function) == call_function) {
        PyFunction_SetVectorcall((PyFunctionObject *)function, made_way);
    }
    return PyVectorcall_Function(function) == made_way;
}

/* The same of a function that Python calls: of a plain generator function. */
static PyObject *
see_made(PyObject *Py_UNUSED(module), PyObject *function)
{
    return PyBool_FromLong(Py_IS_TYPE(function, &PyFunction_Type) &&
                           makes_generators((PyCodeObject *)PyFunction_GET_CODE(function)) && sees_made(function));
}

/* The program calls `function` at that place, in its own code. Return whether that is a generator function of which is seen
   what it makes, which is next. */
static int
announce_birth(Hook *self, PyObject *function, Py_ssize_t place)
{
    if (PyMethod_Check(function)) {
        function = PyMethod_GET_FUNCTION(function);
    }
    if (!Py_IS_TYPE(function, &PyFunction_Type) || PyVectorcall_Function(function) != made_way ||
        !makes_generators((PyCodeObject *)PyFunction_GET_CODE(function)) ||
        find_id(self->watched, PyFunction_GET_CODE(function)) == NULL) {
        return 0;
    }
    maker_next = function;
    maker_place = place;
    return 1;
}

/* A generator of which it was seen who made it runs for the first time, in a `for` or by `next`. */
static int
store_start(Hook *self, PyObject *code, PyFrameObject *frame)
{
    PyObject *found = find_id(self->found, frame);
    if (found == NULL || !Py_IS_TYPE(found, link_type) || LINK(found)->code != code || !may_start(self) ||
        find_id(self->silent, code) != NULL || find_id(self->live, frame) != NULL) {
        return 0;
    }
    PyFrameObject *back = PyFrame_GetBack(frame);
    PyObject *buffer = back == NULL ? NULL : buffer_here(self);
    long long shape = buffer == NULL ? -1 : next_shape_in(self, buffer, back);
    PyObject *run = NULL;
    int stored = 0;
    if (shape >= 0) {
        Py_INCREF(found);
        run = new_run(LINK(found)->track, code, LINK(found)->key, found, buffer);
        if (run != NULL && set_of_id(self->live, frame, run)) {
            begin_outermost(self, run, back);
            stored = store(BUFFER(buffer, rows), RUN(run, track), shape);
            set_of_id(stored ? self->found : self->live, frame, NULL);
        }
        Py_DECREF(found);
    }
    if (!stored) {
        PyErr_Clear();
    }
    Py_XDECREF(run);
    Py_XDECREF(buffer);
    Py_XDECREF(back);
    return stored;
}

static int is_stepped(Hook *, PyFrameObject *);

/* Whether a generator that begins is awaited by a task, as one of that code was before: then it is no track. */
static int
starts_in_step(Hook *self, PyObject *code)
{
    PyFrameObject *frame = self->awaiting == NULL || of_id(self->silent, code) == NULL ? NULL : PyEval_GetFrame();
    return frame != NULL && of_id(self->found, frame) == NULL && of_id(self->live, frame) == NULL &&
           is_stepped(self, frame);
}

static PyObject *
start_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    int stored = 0;
    if (PyVectorcall_NARGS(nargsf) == 2 && starts_in_step((Hook *)self, args[0])) {
        Py_RETURN_NONE;
    }
    PyFrameObject *frame = PyVectorcall_NARGS(nargsf) == 2 && count_in(((Hook *)self)->found) != 0
                               ? PyEval_GetFrame() : NULL;
    if (frame != NULL) {
        stored = store_start((Hook *)self, args[0], frame);
    }
    return stored ? Py_NewRef(Py_None) : LONG_WAY();
}

static PyObject *
return_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyFrameObject *frame = PyVectorcall_NARGS(nargsf) == 3 ? PyEval_GetFrame() : NULL;
    PyObject *run = run_of(self, (PyObject *)frame);
    /* Of one that a task awaits there is nothing to tell. */
    int stored = run != NULL ? args[2] == Py_None && store_return(self, run, frame)
                 : frame != NULL && of_id(self->live, frame) == NULL && PyDict_GET_SIZE(self->through) == 0 &&
                       of_id(self->watched, args[0]) != NULL;
    drop_run(run);
    return stored ? Py_NewRef(Py_None) : LONG_WAY();
}

/* An exception leaves a function, or is thrown into one, that is none of ours: these are events of all code. */
static PyObject *
unwind_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 3 && of_id(self->watched, args[0]) == NULL &&
        (self->entries == NULL || of_id(self->entries, args[0]) == NULL)) {
        Py_RETURN_NONE;
    }
    return LONG_WAY();
}

/* An exception is raised that is none of those that say that a generator, or a greenlet, refused to run. */
static PyObject *
raise_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 3 && PyDict_GET_SIZE(self->asked) == 0) {
        PyTypeObject *kind = Py_TYPE(args[2]);
        if ((PyObject *)kind != PyExc_ValueError && (PyObject *)kind != PyExc_TypeError &&
            (PyObject *)kind != PyExc_RuntimeError) {
            PyObject *name = name_of(kind);
            int may_refuse = name == NULL || PyUnicode_CompareWithASCIIString(name, "error") == 0;
            Py_XDECREF(name);
            if (!may_refuse) {
                Py_RETURN_NONE;
            }
            PyErr_Clear();
        }
    }
    return LONG_WAY();
}

/* A generator is no more, and its end was told. */
static PyObject *
gone_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 1 && Py_IS_TYPE(args[0], link_type)) {
        long long its = number(LINK(args[0])->key);
        if (its >= 0 && find_in(self->found, its) == NULL) {
            PyObject *run = find_in(self->live, its);
            if (run == NULL || !Py_IS_TYPE(run, run_slots.type) || RUN(run, reference) != args[0]) {
                Py_RETURN_NONE;
            }
        }
    }
    return LONG_WAY();
}

/* The generator of which this thread was just told, by the interpreter, that its `send` is called: that is, next. */
static OF_THREAD PyObject *called_next;

/* So often `send` is seen being called at a place, and nothing else, until no more events are asked for there: then
   `send_way`, and `other_way`, tell of calls of methods. Nobody tells then if something else comes to be called there. */
enum { STEADY = 16 };

/* In `steady`, by the place: how often that was seen; or one of these. */
#define IS_STEADY Py_True
#define NEVER_STEADY Py_False

/* `send` of a generator is called there. Return whether events tell nothing more. */
static int
becomes_steady(Hook *self, Py_ssize_t place)
{
    PyObject *seen = find_in(self->steady, place);
    if (seen == IS_STEADY || seen == NEVER_STEADY) {
        return seen == IS_STEADY;
    }
    long long count = seen == NULL ? 1 : number(seen) + 1;
    PyObject *now_seen = count > STEADY ? Py_NewRef(IS_STEADY) : PyLong_FromLongLong(count);
    if (now_seen == NULL || !put_in(self->steady, place, now_seen)) {
        PyErr_Clear();
    }
    Py_XDECREF(now_seen);
    return count > STEADY && find_in(self->steady, place) == IS_STEADY;
}

static int
is_steady(Hook *self, Py_ssize_t place)
{
    return find_in(self->steady, place) == IS_STEADY;
}

static PyFrameObject *
resumer_of(PyFrameObject *frame)
{
    return PyFrame_GetBack(frame);
}

/* `hook` in Python is told of a call of `function` in `frame` as the interpreter tells of calls. */
static int
tell_of_callee(PyObject *hook, PyThreadState *thread, PyFrameObject *frame, PyObject *function, PyObject *argument)
{
    PyObject *offset = PyLong_FromLong(PyFrame_GetLasti(frame));
    if (offset == NULL) {
        PyErr_Clear();
        return 1;
    }
    PyObject *code = (PyObject *)PyFrame_GetCode(frame), *args[] = {code, offset, function, argument};
    int done = tell(thread, hook, args, 4);
    Py_DECREF(code);
    Py_DECREF(offset);
    return done;
}

/* The same of a method. */
static int
tell_of(PyObject *hook, PyThreadState *thread, PyFrameObject *frame, PyObject *target, PyObject *name, PyObject *argument)
{
    PyObject *method = PyObject_GetAttr(target, name);
    int done = 1;
    if (method == NULL) {
        PyErr_Clear();
    }
    else {
        done = tell_of_callee(hook, thread, frame, method, argument);
    }
    Py_XDECREF(method);
    return done;
}

/* The same of its end, which is asked for while there are `calls`, or where it raised something. */
static int
tell_end_of(Hook *self, PyThreadState *thread, PyFrameObject *frame, PyObject *target, PyObject *name, PyObject *argument,
            int failed)
{
    if (!failed) {
        return PyList_GET_SIZE(self->calls) == 0 || tell_of(self->called, thread, frame, target, name, argument);
    }
    PyObject *error = PyErr_GetRaisedException();
    int done = tell_of(self->raised, thread, frame, target, name, argument);
    if (done) {
        PyErr_SetRaisedException(error);
    }
    else {
        Py_XDECREF(error);
    }
    return done;
}

/* Where the frame of the generator of such an address was last: to ask for it takes longer. */
static Py_ssize_t last_frames[64];

#define LAST_FRAME(generator) last_frames[((uintptr_t)(generator) >> 6) % 64]

/* The run of a generator that is suspended, a new reference, if its frame is where it was; else NULL. */
static inline PyObject *
run_as_before(Hook *self, PyObject *generator)
{
#if PY_VERSION_HEX < 0x030e0000
    PyObject *run = ((PyGenObject *)generator)->gi_frame_state < 0 ? find_in(self->live, LAST_FRAME(generator)) : NULL;
    PyObject *reference = run != NULL && Py_IS_TYPE(run, run_slots.type) ? RUN(run, reference) : NULL;
    if (reference != NULL && Py_IS_TYPE(reference, link_type) &&
        ((PyWeakReference *)reference)->wr_object == generator) {
        return Py_NewRef(run);
    }
#endif
    return NULL;
}

/* As `announce`, of the generator. */
static int
announce_to(Hook *self, PyObject *generator, PyObject *code, long offset, PyObject *sent)
{
    PyObject *run = run_as_before(self, generator);
    int noted = announce(self, run, NULL, code, offset, sent);
    if (!noted) {
        PyGetSetDef *getter = PyCoro_CheckExact(generator) ? cr_frame : gi_frame;
        PyObject *its = getter->get(generator, getter->closure);
        if (its == NULL) {
            PyErr_Clear();
        }
        Py_XSETREF(run, run_of(self, its));
        noted = announce(self, run, (PyFrameObject *)its, code, offset, sent);
        LAST_FRAME(generator) = (Py_ssize_t)its;
        Py_XDECREF(its);
    }
    Py_XDECREF(run);
    return noted;
}

/* In the place of the method `send` of generators and coroutines. */
static PyObject *
send_way(PyObject *generator, PyObject *value)
{
    PyThreadState *thread = PyThreadState_Get();
    /* With `tracing` it is a hook that sends, ours or another tool's. */
    PyFrameObject *frame = thread->interp == home && sends != NULL && thread->tracing == 0 ? PyEval_GetFrame() : NULL;
    if (frame == NULL) {
        return send_plainly(generator, value);
    }
    Hook *self = sends;
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    long offset = PyFrame_GetLasti(frame);
    /* Where the interpreter tells nothing of it, we do. */
    int by_event = called_next == generator, steady = !by_event && is_steady(self, (Py_ssize_t)code + offset);
    called_next = NULL;
    int noted = (by_event || steady) && announce_to(self, generator, code, offset, value);
    Py_DECREF(code);
    if (!by_event && !steady) {
        return send_plainly(generator, value);
    }
    Py_INCREF(self);
    PyObject *result = NULL;
    if (noted || tell_of(self->otherwise, thread, frame, generator, send_text, value)) {
        result = send_plainly(generator, value);
        settle_announced();
        if (steady && (result == NULL || PyList_GET_SIZE(self->calls) != 0) &&
            !tell_end_of(self, thread, frame, generator, send_text, value, result == NULL)) {
            Py_CLEAR(result);
        }
    }
    Py_DECREF(self);
    return result;
}

/* Other methods: `send`, `throw` and `close` of what resumes generators, but for the one above. They may be called at a
   steady place as well. */

enum { SEND, THROW, CLOSE, METHODS, MOST_TYPES = 5 };
static const int method_flags[METHODS] = {METH_O, METH_FASTCALL, METH_NOARGS};
static PyObject *method_names[METHODS];
/* The types, and what stands in the table of each without us; NULL of what is no such method. */
static struct {
    PyTypeObject *type;
    PyMethodDef *definitions[METHODS];
    PyCFunction plainly[METHODS];
} others[MOST_TYPES];
static int other_types;
/* The method `send` of coroutines, if it does what that of generators does. */
static PyMethodDef *coroutine_send;

static PyObject *
call_plainly(int method, PyObject *target, PyObject *const *args, Py_ssize_t count)
{
    int i = 0;
    while (others[i].type != Py_TYPE(target)) {
        i++;
    }
    PyCFunction plainly = others[i].plainly[method];
    return method == THROW ? ((PyObject *(*)(PyObject *, PyObject *const *, Py_ssize_t))(void (*)(void))plainly)(
                                 target, args, count)
                           : plainly(target, method == SEND ? args[0] : NULL);
}

static PyObject *
other_way(int method, PyObject *target, PyObject *const *args, Py_ssize_t count)
{
    PyThreadState *thread = PyThreadState_Get();
    PyFrameObject *frame = thread->interp == home && sends != NULL && thread->tracing == 0 ? PyEval_GetFrame() : NULL;
    if (frame == NULL || !is_steady(sends, place_of(frame))) {
        return call_plainly(method, target, args, count);
    }
    Hook *self = (Hook *)Py_NewRef((PyObject *)sends);
    PyObject *argument = count > 0 ? args[0] : self->missing, *name = method_names[method], *result = NULL;
    if (tell_of(self->otherwise, thread, frame, target, name, argument)) {
        result = call_plainly(method, target, args, count);
        if (!tell_end_of(self, thread, frame, target, name, argument, result == NULL)) {
            Py_CLEAR(result);
        }
    }
    Py_DECREF(self);
    return result;
}

static PyObject *
other_send(PyObject *target, PyObject *value)
{
    return other_way(SEND, target, &value, 1);
}

static PyObject *
other_throw(PyObject *target, PyObject *const *args, Py_ssize_t count)
{
    return other_way(THROW, target, args, count);
}

static PyObject *
other_close(PyObject *target, PyObject *Py_UNUSED(nothing))
{
    return other_way(CLOSE, target, NULL, 0);
}

/* Learn where they stand. Return whether that is done, else there is an exception. */
static int
learn_others(PyObject *types)
{
    for (other_types = 0; other_types < PyTuple_GET_SIZE(types) && other_types < MOST_TYPES; other_types++) {
        others[other_types].type = (PyTypeObject *)PyTuple_GET_ITEM(types, other_types);
        for (int method = 0; method < METHODS; method++) {
            PyObject *found = PyObject_GetAttr(PyTuple_GET_ITEM(types, other_types), method_names[method]);
            if (found == NULL) {
                return 0;
            }
            PyMethodDef *its = Py_IS_TYPE(found, &PyMethodDescr_Type) ? ((PyMethodDescrObject *)found)->d_method : NULL;
            if (its != NULL && its != send_definition && its->ml_flags == method_flags[method]) {
                others[other_types].definitions[method] = its;
                others[other_types].plainly[method] = its->ml_meth;
                if (others[other_types].type == &PyCoro_Type && its->ml_meth == send_plainly) {
                    coroutine_send = its;
                }
            }
            Py_DECREF(found);
        }
    }
    return 1;
}

static void
see_others(int see)
{
    const PyCFunction ways[METHODS] = {other_send, (PyCFunction)(void (*)(void))other_throw, other_close};
    for (int i = 0; i < other_types; i++) {
        for (int method = 0; method < METHODS; method++) {
            PyMethodDef *its = others[i].definitions[method];
            if (its != NULL) {
                its->ml_meth = !see ? others[i].plainly[method] : its == coroutine_send ? send_way : ways[method];
            }
        }
    }
}

/* A call has raised. */
static PyObject *
raised_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    /* Refused for its arguments, `send` was not called. */
    called_next = NULL;
    return LONG_WAY();
}

/* The generator or coroutine of which `function`, called with `argument`, is `send`, borrowed; else NULL. */
static PyObject *
sent_to(PyObject *function, PyObject *argument)
{
    int is_bound = Py_IS_TYPE(function, &PyCFunction_Type);
    PyMethodDef *its = is_bound ? ((PyCFunctionObject *)function)->m_ml
                       : Py_IS_TYPE(function, &PyMethodDescr_Type) ? ((PyMethodDescrObject *)function)->d_method : NULL;
    if (its == NULL || (its != send_definition && its != coroutine_send)) {
        return NULL;
    }
    PyObject *target = is_bound ? PyCFunction_GET_SELF(function) : argument;
    return Py_IS_TYPE(target, its == send_definition ? &PyGen_Type : &PyCoro_Type) ? target : NULL;
}

/* A program calls something: `send` of a generator or coroutine, which is next, or a generator function. */
static PyObject *
call_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) != 4 || kwnames != NULL) {
        return LONG_WAY();
    }
    maker_next = NULL;
    PyObject *code = args[0], *function = args[2], *generator = sent_to(function, args[3]);
    long offset = number(args[1]);
    Py_ssize_t place = (Py_ssize_t)code + offset;
    if (generator != NULL) {
        if (becomes_steady(self, place)) {
            return Py_NewRef(self->disable);
        }
        called_next = generator;
        Py_RETURN_NONE;
    }
    if (find_in(self->steady, place) != NULL) {
        put_in(self->steady, place, NEVER_STEADY);
    }
    return offset >= 0 && announce_birth(self, function, place) ? Py_NewRef(Py_None) : LONG_WAY();
}

#endif

/* `run` goes on in this thread, whose buffer is `buffer`, by a `send` of `value` that was announced. Return whether it is
   stored. */
static int
store_send(PyObject *run, PyObject *buffer, PyObject *value)
{
    if (value == unread) {
        return 0;
    }
    Py_INCREF(value);
    long long shape = shape_of(value, RUN(run, resume_value), RUN(run, resume_shape), RUN(run, resume_site), buffer);
    int stored = 0;
    if (shape >= 0) {
        stored = store(BUFFER(buffer, rows), RUN(run, track), shape);
    }
    else if (!may_learn(value, RUN(run, resume_site))) {
        stored = store_parts(buffer, run, resume_line, send_cause, value, RUN(run, resume_code),
                             RUN(run, resume_offset));
    }
    if (stored) {
        if (RUN(run, at) == delegating) {
            put(run, run_slots.passing, value);
        }
        put(run, run_slots.at, running);
        if (announced_run == run) {
            announced_run = NULL;
            Py_DECREF(run);
        }
        if (RUN(run, cause) != nothing) {
            put(run, run_slots.cause, nothing);
        }
        if (RUN(run, sent) != Py_None) {
            put(run, run_slots.sent, Py_None);
        }
    }
    /* Last: it may have been the last reference. */
    Py_DECREF(value);
    return stored;
}

/* The same by a `yield from` of `outer` in `frame`, which passes a value on at `site`. */
static int
store_passed(PyObject *run, PyObject *buffer, PyObject *outer, PyObject *site, PyFrameObject *frame)
{
    PyObject *value = RUN(outer, passing);
    if (site == NULL || !Py_IS_TYPE(site, site_slots.type) || !is_kept(value)) {
        return 0;
    }
    Py_INCREF(outer);
    Py_INCREF(value);
    long long shape = shape_of(value, NULL, NULL, site, buffer);
    int stored = 0;
    if (shape >= 0) {
        stored = store(BUFFER(buffer, rows), RUN(run, track), shape);
    }
    else if (!may_learn(value, site)) {
        PyObject *code = (PyObject *)PyFrame_GetCode(frame), *at = PyLong_FromLong(PyFrame_GetLasti(frame));
        stored = at == NULL ? 0 : store_parts(buffer, run, resume_line, send_cause, value, code, at);
        Py_XDECREF(at);
        Py_DECREF(code);
    }
    if (stored) {
        put(outer, run_slots.passing, no_value);
        if (RUN(run, at) == delegating) {
            put(run, run_slots.passing, value);
        }
    }
    Py_DECREF(value);
    Py_DECREF(outer);
    return stored;
}

/* The same in a `for`, by `next` or in a `yield from`, of who resumes `frame`. */
static int
store_next(Hook *self, PyObject *run, PyObject *buffer, PyFrameObject *frame)
{
    PyFrameObject *back = resumer_of(frame);
    PyObject *site = back == NULL ? NULL : site_in(buffer, back);
    PyObject *outer = site == NULL ? NULL : delegates_at(self, site, back);
    int stored = 0;
    if (outer != NULL && RUN(outer, passing) != no_value) {
        stored = store_passed(run, buffer, outer, SITE(site, passed), back);
    }
    else if (site != NULL) {
        stored = store(BUFFER(buffer, rows), RUN(run, track), next_shape_at(site, outer));
    }
    if (stored) {
        if (outer != NULL && (RUN(run, outer) != outer || RUN(outer, inner) != run)) {
            /* Where it yields that is learned. */
            put(run, run_slots.yield_offset, RUN(blank, yield_offset));
        }
        put(run, run_slots.at, running);
    }
    Py_XDECREF(back);
    return stored;
}

static int
store_resume(Hook *self, PyObject *run, PyFrameObject *frame)
{
    PyObject *buffer = RUN(run, in_thread), *cause = RUN(run, cause);
    if (!is_here(buffer, self->local)) {
        return 0;
    }
    Py_INCREF(buffer);
    int stored = 0;
    if (announced_run == run || cause == again) {
        stored = store_send(run, buffer, announced_run == run ? announced_value : RUN(run, sent));
    }
    else if (cause != NULL && PyUnicode_CheckExact(cause) && PyUnicode_GET_LENGTH(cause) == 0) {
        stored = store_next(self, run, buffer, frame);
    }
    Py_DECREF(buffer);
    return stored;
}

/* Up to 3.13 a generator counts as suspended before we are told of its yield: another thread that resumes it while a hook
   in Python runs, and lets others run, crashes the interpreter. So meanwhile it counts as running. Return it, or NULL if
   it is none that is suspended; `state`: what it was. */
static PyObject *
keep_running(PyFrameObject *frame, signed char *state)
{
#if PY_VERSION_HEX < 0x030e0000
    PyObject *generator = frame == NULL ? NULL : PyFrame_GetGenerator(frame);
    if (generator != NULL && ((PyGenObject *)generator)->gi_frame_state < 0) {
        *state = ((PyGenObject *)generator)->gi_frame_state;
        ((PyGenObject *)generator)->gi_frame_state = 0;
        return generator;
    }
    Py_XDECREF(generator);
#endif
    return NULL;
}

static void
let_resume(PyObject *generator, signed char state)
{
#if PY_VERSION_HEX < 0x030e0000
    if (generator != NULL) {
        ((PyGenObject *)generator)->gi_frame_state = state;
        Py_DECREF(generator);
    }
#endif
}

static int
store_yield(PyObject *run, PyObject *value, PyFrameObject *frame)
{
    PyObject *buffer = RUN(run, in_thread);
    PyObject *site = RUN(run, yield_site);
    if (buffer == NULL || !Py_IS_TYPE(buffer, buffer_slots.type) || site == NULL ||
        !Py_IS_TYPE(site, site_slots.type)) {
        return 0;
    }
    PyObject *at = SITE(site, at);
    long long shape = shape_of(value, RUN(run, yield_value), RUN(run, yield_shape), RUN(run, yield_site), buffer);
    int stored = 0;
    if (shape >= 0) {
        stored = store(BUFFER(buffer, rows), RUN(run, track), shape);
    }
    else if (!may_learn(value, RUN(run, yield_site))) {
        Py_INCREF(buffer);
        signed char state = 0;
        PyObject *generator = keep_running(frame, &state);
        stored = store_parts(buffer, run, yield_line, yield_cause, value, RUN(run, code), RUN(run, yield_offset));
        let_resume(generator, state);
        Py_DECREF(buffer);
    }
    if (stored) {
        put(run, run_slots.at, at);
        if (RUN(run, passing) != no_value) {
            put(run, run_slots.passing, no_value);
        }
    }
    return stored;
}

static PyTypeObject *watched_type;
static Py_ssize_t awaits_of_watched;

/* Whether `frame`, of a generator of `code` that is no track, resumes what it waits for: it stands where it does so. */
static int
is_awaiting(Hook *self, PyFrameObject *frame, PyCodeObject *code)
{
    PyObject *watched = of_id(self->watched, code);
    watched = watched != NULL ? watched : of_id(self->awaiting, code);
    PyObject *awaits = watched == NULL || !Py_IS_TYPE(watched, watched_type) ? NULL : SLOT(watched, awaits_of_watched);
    PyObject *at = awaits == NULL || !PyFrozenSet_CheckExact(awaits) ? NULL : PyLong_FromLong(PyFrame_GetLasti(frame));
    int found = at != NULL && run_in(self, frame) == NULL && PySet_Contains(awaits, at) == 1;
    Py_XDECREF(at);
    PyErr_Clear();
    return found;
}

static int is_eager_step(PyObject *, PyObject *);

/* Whether what runs in `frame` does so for a task of asyncio's that awaits it, as far as is known here: as
   Generators.is_stepped has it. */
static int
is_stepped(Hook *self, PyFrameObject *frame)
{
    PyObject *loops = is_size(self->steppers, 0) || count_in(self->step_codes) == 0
                          ? NULL : find_in(self->loops, (long long)PyThread_get_thread_ident());
    if (loops == NULL || !PyList_CheckExact(loops) || PyList_GET_SIZE(loops) == 0) {
        return 0;
    }
    PyFrameObject *inner = (PyFrameObject *)Py_NewRef(frame), *back = resumer_of(frame);
    int stepped = 0, goes_on = back != NULL;
    while (goes_on) {
        PyCodeObject *code = PyFrame_GetCode(back);
        PyFrameObject *outer = NULL;
        int is_awaited = (code->co_flags & self->flags) && is_awaiting(self, back, code);
        if (is_awaited) {
            outer = PyFrame_GetBack(back);
            Py_SETREF(inner, back);
            back = outer;
        }
        else {
            stepped = code->co_flags & self->flags ? 0 : find_id(self->step_codes, code) != NULL;
            stepped = stepped || (run_in(self, back) == NULL &&
                                  is_eager_step(PyList_GET_ITEM(loops, PyList_GET_SIZE(loops) - 1), (PyObject *)inner));
        }
        goes_on = is_awaited && back != NULL;
        Py_DECREF(code);
    }
    Py_XDECREF(back);
    Py_DECREF(inner);
    return stepped;
}

#if PY_VERSION_HEX >= 0x030c0000

static PyObject *
resume_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *run = run_of((Hook *)self, (PyObject *)frame);
    int stored = run != NULL && is_known_to_wait(run) ? store_resume((Hook *)self, run, frame) : 0;
    Py_XDECREF(run);
    return stored ? Py_NewRef(Py_None) : LONG_WAY();
}

static PyObject *
yield_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *run = run_of((Hook *)self, (PyObject *)frame);
    int stored = 0;
    long long offset = run != NULL && PyVectorcall_NARGS(nargsf) == 3 ? number(args[1]) : -1;
    if (offset >= 0 &&
        (offset == number(RUN(run, yield_offset)) || adopt_yield((Hook *)self, run, frame, args[1]))) {
        stored = store_yield(run, args[2], frame);
    }
    Py_XDECREF(run);
    if (stored) {
        Py_RETURN_NONE;
    }
    signed char state = 0;
    PyObject *generator = keep_running(frame, &state), *done = LONG_WAY();
    let_resume(generator, state);
    return done;
}

#else

/* All calls, for want of sys.monitoring: a profile function. Other than one in Python, it leaves alone the variables of
   the frames that it is called for. */

static PyObject *event_names[PyTrace_OPCODE + 1];

/* Whether `name` is one of `names`, a tuple of texts in ASCII. */
static int
is_among(const char *name, PyObject *names)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (strcmp(name, (const char *)PyUnicode_1BYTE_DATA(PyTuple_GET_ITEM(names, i))) == 0) {
            return 1;
        }
    }
    return 0;
}

static int
has_name_among(PyObject *name, PyObject *names)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *one = PyTuple_GET_ITEM(names, i);
        if (PyUnicode_GET_LENGTH(name) == PyUnicode_GET_LENGTH(one) && PyUnicode_Compare(name, one) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether `frame` is no generator's, and its call or return says nothing to the hook in Python; -1 if it is one's. */
static int
is_ordinary(Hook *self, PyFrameObject *frame, int what)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    /* The first function of a greenlet may give it its name. */
    int ordinary = code->co_flags & self->flags ? -1
                   : what == PyTrace_RETURN ||
                     (PySet_GET_SIZE(self->unsettled) == 0 && !has_name_among(code->co_name, self->functions));
    Py_DECREF(code);
    return ordinary;
}

/* The hook in Python is told of a call of `method` in `frame`: as `tell`. */
static int
tell_call(Hook *self, PyThreadState *thread, PyFrameObject *frame, PyObject *method)
{
    PyObject *args[] = {(PyObject *)frame, event_names[PyTrace_C_CALL], method};
    return tell(thread, self->otherwise, args, 3);
}

/* The same of the end of a call of `method`, which is asked for while there are `calls`, or where it raised something. */
static int
tell_end_of(Hook *self, PyThreadState *thread, PyFrameObject *frame, PyObject *method, int failed)
{
    if (!failed && PyList_GET_SIZE(self->calls) == 0) {
        return 1;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *args[] = {(PyObject *)frame, event_names[failed ? PyTrace_C_EXCEPTION : PyTrace_C_RETURN], method};
    int done = tell(thread, self->otherwise, args, 3);
    if (done) {
        PyErr_Restore(type, error, traceback);
        return 1;
    }
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return 0;
}

/* What is known of generators of `code`, borrowed: (code, offsets of its returns, the one where it begins, 0); NULL if
   none has begun in this thread before. */
static PyObject *
known_of(PyObject *buffer, PyObject *code, long long *shape)
{
    PyObject *maker = look_up(BUFFER(buffer, makers), (Py_ssize_t)code);
    if (maker == NULL || !PyTuple_CheckExact(maker) || PyTuple_GET_SIZE(maker) != 2) {
        return NULL;
    }
    PyObject *known = PyTuple_GET_ITEM(maker, 1);
    *shape = number(PyTuple_GET_ITEM(maker, 0));
    return PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 4 && PyTuple_GET_ITEM(known, 0) == code &&
                   PyFrozenSet_CheckExact(PyTuple_GET_ITEM(known, 1)) ? known : NULL;
}

/* A generator runs for the first time, in a `for` or by `next`: it is not seen being made. `its_run`: is set. */
static int
store_start(Hook *self, PyFrameObject *frame, PyObject **its_run)
{
    PyObject *buffer = may_start(self) ? buffer_here(self) : NULL;
    PyFrameObject *back = buffer == NULL ? NULL : resumer_of(frame);
    PyCodeObject *code = PyFrame_GetCode(frame);
    long long spawn = -1, begins = -1;
    PyObject *known = back == NULL ? NULL : known_of(buffer, (PyObject *)code, &spawn);
    if (known != NULL) {
        begins = next_shape_in(self, buffer, back);
    }
    int stored = 0;
    if (spawn >= 0 && begins >= 0) {
        PyObject *track = new_track();
        PyObject *key = track == NULL ? NULL : id_of(frame);
        PyObject *run = key == NULL ? NULL : new_run(track, (PyObject *)code, key, Py_None, buffer);
        if (run != NULL && set_of_id(self->live, frame, run)) {
            begin_outermost(self, run, back);
            PyObject *rows = BUFFER(buffer, rows);
            long long its = number(track), t = now();
            stored = t >= 0 && store_at(rows, t, its, spawn);
            if (stored && !store_at(rows, t, its, begins)) {
                ((Rows *)rows)->size -= ROW;
                stored = 0;
            }
            if (!stored) {
                set_of_id(self->live, frame, NULL);
            }
        }
        if (stored) {
            *its_run = Py_NewRef(run);
        }
        else {
            PyErr_Clear();
        }
        Py_XDECREF(run);
        Py_XDECREF(key);
        Py_XDECREF(track);
    }
    Py_DECREF(code);
    Py_XDECREF(back);
    Py_XDECREF(buffer);
    return stored;
}

/* `frame`, of `run`, is left at `offset`, with what is no value it was known to yield there. */
static int
store_leaving(Hook *self, PyObject *run, PyFrameObject *frame, long offset, PyObject *value)
{
    PyObject *buffer = RUN(run, in_thread), *at = PyLong_FromLong(offset);
    long long shape;
    int stored = 0;
    if (at == NULL || PyDict_GET_SIZE(self->thrown) != 0 || buffer == NULL ||
        !Py_IS_TYPE(buffer, buffer_slots.type)) {
        PyErr_Clear();
    }
    else if (adopt_yield(self, run, frame, at)) {
        stored = store_yield(run, value, frame);
    }
    else if (value == Py_None) {
        PyObject *known = known_of(buffer, RUN(run, code), &shape);
        if (known != NULL && PySet_Contains(PyTuple_GET_ITEM(known, 1), at) == 1) {
            stored = store_return(self, run, frame);
        }
        PyErr_Clear();
    }
    Py_XDECREF(at);
    return stored;
}

/* Whether the call, or return, of the generator `frame`, which is no track, says nothing to the hook in Python. */
static int
is_unseen(Hook *self, PyFrameObject *frame, int what)
{
    if (PyDict_GET_SIZE(self->through) != 0) {
        return 0;
    }
    if (what == PyTrace_RETURN) {
        return PyDict_GET_SIZE(self->thrown) == 0;
    }
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *known = of_id(self->instructions, code);
    Py_DECREF(code);
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 2) {
        return 0;
    }
    PyObject *instructions = PyTuple_GET_ITEM(known, 0);
    if (instructions == Py_None) {
        return 1;
    }
    Py_ssize_t at = PyFrame_GetLasti(frame);
    return self->resume >= 0 && PyBytes_CheckExact(instructions) && at >= 0 && at < PyBytes_GET_SIZE(instructions) &&
           (unsigned char)PyBytes_AS_STRING(instructions)[at] == self->resume && is_stepped(self, frame);
}

/* Whether there is nothing left to do of what is no call or return of an ordinary function. */
static Py_NO_INLINE int
is_done(Hook *self, PyFrameObject *frame, int what, PyObject *arg)
{
    if (what == PyTrace_CALL || what == PyTrace_RETURN) {
        PyObject *run = run_of(self, (PyObject *)frame);
        int stored = 0;
        if (run != NULL) {
            long at = PyFrame_GetLasti(frame), offset = number(RUN(run, yield_offset));
            if (what == PyTrace_RETURN) {
                stored = arg == NULL ? 0 : offset >= 0 && offset == at ? store_yield(run, arg, frame)
                                                                        : store_leaving(self, run, frame, at, arg);
            }
            else {
                /* At the RESUME after the yield: elsewhere something is thrown into it. */
                stored = is_known_to_wait(run) && offset >= 0 && offset == at - 2 ? store_resume(self, run, frame) : 0;
            }
            drop_run(run);
        }
        else if (find_id(self->live, frame) == NULL) {
            stored = is_unseen(self, frame, what);
        }
        return stored;
    }
    if (what == PyTrace_C_CALL) {
        if (arg == NULL || !Py_IS_TYPE(arg, &PyCFunction_Type)) {
            return 1;
        }
        return !is_among(((PyCFunctionObject *)arg)->m_ml->ml_name, self->methods);
    }
    return what == PyTrace_C_RETURN && PyList_GET_SIZE(self->calls) == 0;
}

/* The profile function that was there before ours, which is told of what it would have been told of; and how many calls
   in progress have ours. */
static OF_THREAD Py_tracefunc before;
static OF_THREAD PyObject *before_with;
static OF_THREAD int watching;
/* The same of all threads. */
static int all_watching;

static int
profile(PyObject *hook, PyFrameObject *frame, int what, PyObject *arg)
{
    Hook *self = (Hook *)hook;
    if (before != NULL && PyThreadState_Get()->c_profilefunc == profile && before(before_with, frame, what, arg) < 0) {
        return -1;
    }
    int is_over = what == PyTrace_CALL || what == PyTrace_RETURN ? is_ordinary(self, frame, what) : -1;
    if (is_over < 0) {
        is_over = is_done(self, frame, what, arg);
    }
    if (is_over) {
        return 0;
    }
    PyObject *args[] = {(PyObject *)frame, event_names[what], arg == NULL ? Py_None : arg};
    signed char state = 0;
    /* Of what was thrown into the hook in Python asks whether it is suspended. */
    int may_yield = what == PyTrace_RETURN && PyDict_GET_SIZE(self->thrown) == 0;
    PyObject *generator = may_yield ? keep_running(frame, &state) : NULL;
    PyObject *done = or_later(with_room(self->otherwise, args, 3, NULL));
    let_resume(generator, state);
    /* The profile function stays also where no stack was left, other than one in Python. */
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static int
is_watching(PyThreadState *thread)
{
    return thread->c_profilefunc == profile && thread->cframe->use_tracing;
}

/* Steps, on 3.11. The slots by which generators and coroutines are resumed lead to us, as the method `send` does: what
   calls no generator costs what it costs without us. Each step that is like one before is stored from here. Of any other,
   the interpreter is asked to tell of its beginning as it tells profile functions, for only then what was sent stands on
   the generator's stack; its end is told from here, too. What resumes generators without their slots is called under a
   profile function: to throw, to close, to collect, and what stands for an asynchronous generator or for a coroutine. */

/* What stood there without us. */
static iternextfunc next_plainly;
static sendfunc resume_plainly;
/* How the hook in Python is told: of a generator's code that is met first; of a step that is over. */
static PyObject *refused_text;
/* The instruction that does so in a `yield from` or `await`. */
static int send_opcode;


static void
set_profile(PyThreadState *thread, Py_tracefunc function, PyObject *with)
{
    /* As PyEval_SetProfile has it, but for the audit event, which the program would see. */
    thread->c_profilefunc = function;
    thread->c_profileobj = with;
    thread->cframe->use_tracing = thread->c_tracefunc != NULL || function != NULL ? 255 : 0;
}

/* From here on in this call the interpreter tells of everything. Return whether that is to be ended. `traced`: of the
   greenlet that runs. Calls end in another order where greenlets are left in the middle of them: the last one does it. */
static int
begin_watching(PyThreadState *thread, uint8_t *traced)
{
    if (sends == NULL || thread->interp != home || thread->tracing != 0 ||
        (watching != 0 && thread->c_profilefunc != profile)) {
        return 0;
    }
    *traced = thread->cframe->use_tracing;
    all_watching++;
    if (watching++ == 0) {
        before = thread->c_profilefunc;
        before_with = thread->c_profileobj;
        set_profile(thread, profile, Py_NewRef((PyObject *)sends));
    }
    thread->cframe->use_tracing = 255;
    return 1;
}

static void
end_watching(PyThreadState *thread, uint8_t traced)
{
    all_watching--;
    if (--watching != 0) {
        thread->cframe->use_tracing = traced;
        return;
    }
    PyObject *with = before_with;
    Py_tracefunc function = before;
    before_with = NULL;
    before = NULL;
    if (thread->c_profilefunc == profile) {
        PyObject *ours = thread->c_profileobj;
        set_profile(thread, function, with);
        with = ours;
    }
    /* Else the program has set another meanwhile, or none. */
    Py_XDECREF(with);
}

/* Whether the program is told of, in this thread, what `generator` does; -1 and an exception if a signal's handler has
   raised one. */
static int
is_seen(PyThreadState *thread, PyObject *generator)
{
    if (sends == NULL || thread->interp != home || thread->tracing != 0 || is_watching(thread)) {
        return 0;
    }
    PyObject *code = (PyObject *)((PyGenObject *)generator)->gi_code, *known = find_in(sends->instructions, (Py_ssize_t)code);
    if (known == NULL) {
        Hook *self = (Hook *)Py_NewRef((PyObject *)sends);
        PyObject *args[] = {code};
        int done = tell(thread, self->watch, args, 1);
        known = done ? find_in(self->instructions, (Py_ssize_t)code) : NULL;
        Py_DECREF(self);
        if (!done) {
            return -1;
        }
        if (known == NULL) {
            return 0;
        }
    }
    return PyTuple_CheckExact(known) && PyTuple_GET_ITEM(known, 0) != Py_None;
}

/* That the interpreter is to tell of the beginning of a step. It is not on the stack: that is another greenlet's where one
   is switched to before that, by a trace function of the program's. */
typedef struct {
    PyFrameObject *frame;
    /* Once it has told of it; a new reference, or NULL. */
    PyObject *run;
    int told;
    /* The profile function that it told before. */
    Py_tracefunc function;
    PyObject *with;
} Beginning;

static OF_THREAD Beginning *beginning;

typedef struct {
    /* A new reference; NULL if nothing is to be told of the end. */
    Hook *self;
    PyGenObject *generator;
    /* The generator's: only an address, once that has ended. */
    PyFrameObject *frame;
    /* A new reference, or NULL. */
    PyObject *run;
    /* NULL where it is stored that the step has begun. */
    Beginning *begins;
    /* What `awaited_frame` was before. */
    PyFrameObject *outer;
} Step;

/* In `gi_frame_state`, of one that was never resumed; of one that runs it is 0. */
#define CREATED -2

static void
stop_awaiting(PyThreadState *thread, Beginning *its)
{
    beginning = NULL;
    its->told = 1;
    set_profile(thread, its->function, its->with);
}

/* The interpreter tells that the step begins. */
static int
on_beginning(PyObject *hook, PyFrameObject *frame, int what, PyObject *arg)
{
    Beginning *its = beginning;
    PyThreadState *thread = PyThreadState_Get();
    if (its == NULL) {
        return 0;
    }
    stop_awaiting(thread, its);
    /* As it is while a profile function is called. */
    thread->cframe->use_tracing = 0;
    int failed = what == PyTrace_CALL && frame == its->frame && profile(hook, frame, what, arg) < 0;
    its->run = failed ? NULL : run_of((Hook *)hook, (PyObject *)frame);
    int is_others = !failed && its->function != NULL && its->function != profile;
    return is_others ? its->function(its->with, frame, what, arg) : -failed;
}

/* Whether `frame` waits, in a `yield from` or `await`, for what it resumes: nobody calls a method of that then. */
static int
is_delegating(PyFrameObject *frame)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    int opcode = _Py_OPCODE(_PyCode_CODE(code)[PyFrame_GetLasti(frame) / (int)sizeof(_Py_CODEUNIT)]);
    Py_DECREF(code);
    return opcode == send_opcode;
}

/* The frame of the coroutine whose step was last found to be one that a task awaits, while that lasts: what it waits for in
   turn does so, too. A greenlet may be left in the middle of one. */
static OF_THREAD PyFrameObject *awaited_frame;

/* The coroutine of the task of which a loop of asyncio's was just told that it makes the next step here: only to be compared,
   and only once, as what comes next may be asked for by anybody. */
static OF_THREAD PyObject *next_stepped;

/* Whether a step that begins, of no track, is one that a task awaits. */
static int
is_of_task(Hook *self, PyObject *generator, PyFrameObject *frame)
{
    int is_next = generator == next_stepped;
    next_stepped = NULL;
    if (self->resume < 0 || PyDict_GET_SIZE(self->through) != 0 || find_id(self->live, frame) != NULL) {
        return 0;
    }
    PyFrameObject *resumer = is_next || awaited_frame == NULL ? NULL : PyEval_GetFrame();
    return is_next || (resumer != NULL && resumer == awaited_frame && is_delegating(resumer)) || is_stepped(self, frame);
}

/* What is done with a step. */
enum { NOT_TOLD, TOLD, AWAITED };

/* Begin `step`, of which is known which generator is about to be resumed. Return what is done with it. */
static int
begin_known(PyThreadState *thread, Step *step)
{
    Hook *self = sends;
    PyObject *run = step->run;
    int stored = 0;
    if (run == NULL) {
        if (is_of_task(self, (PyObject *)step->generator, step->frame)) {
            step->outer = awaited_frame;
            awaited_frame = step->frame;
            return AWAITED;
        }
        int is_new = step->generator->gi_frame_state == CREATED && find_id(self->live, step->frame) == NULL;
        stored = is_new ? store_start(self, step->frame, &step->run) : 0;
    }
    else if (is_known_to_wait(run)) {
        long long offset = number(RUN(run, yield_offset));
        stored = offset >= 0 && offset == PyFrame_GetLasti(step->frame) ? store_resume(self, run, step->frame) : 0;
    }
    step->begins = NULL;
    if (!stored) {
        Py_CLEAR(step->run);
        Beginning *its = PyMem_Malloc(sizeof(Beginning));
        if (its == NULL) {
            return NOT_TOLD;
        }
        *its = (Beginning){step->frame, NULL, 0, thread->c_profilefunc, thread->c_profileobj};
        step->begins = beginning = its;
        set_profile(thread, on_beginning, (PyObject *)self);
    }
    step->self = (Hook *)Py_NewRef((PyObject *)self);
    return TOLD;
}

static int
take_frame(PyObject *found, void *frame)
{
    if (PyCode_Check(found) || PyUnicode_CheckExact(found)) {
        return 0;
    }
    if (PyFrame_Check(found)) {
        *(PyObject **)frame = found;
    }
    return 1;
}

/* The frame object of a generator that has not ended, borrowed; NULL, and no exception, if there is no memory for it. */
static PyObject *
frame_object_of(PyObject *generator)
{
    /* One that it has already is what it refers to first but for its code and its names. */
    PyObject *frame = NULL;
    Py_TYPE(generator)->tp_traverse(generator, take_frame, &frame);
    if (frame == NULL) {
        /* An attribute like this raises an audit event, so it is asked for only once. The generator has it until it ends. */
        frame = gi_frame->get(generator, gi_frame->closure);
        PyErr_Clear();
        Py_XDECREF(frame);
    }
    return frame == Py_None ? NULL : frame;
}

/* Find out what `generator` is that is about to be resumed. Return whether it is seen; as `is_seen`. */
static int
find_step(PyThreadState *thread, PyObject *generator, Step *step)
{
    /* One that runs refuses; one that has ended does nothing. */
    int seen = ((PyGenObject *)generator)->gi_frame_state < 0 ? is_seen(thread, generator) : 0;
    PyObject *frame = seen > 0 ? frame_object_of(generator) : NULL;
    if (frame == NULL) {
        return seen > 0 ? 0 : seen;
    }
    step->generator = (PyGenObject *)generator;
    step->frame = (PyFrameObject *)frame;
    step->run = run_of(sends, frame);
    return 1;
}

static int
begin_step(PyObject *generator, Step *step)
{
    PyThreadState *thread = PyThreadState_Get();
    int seen = find_step(thread, generator, step);
    return seen > 0 ? begin_known(thread, step) : seen;
}

/* Whether the end of a step is stored. */
static int
store_step_end(Step *step, PySendResult how, PyObject *value)
{
    Hook *self = step->self;
    PyObject *run = step->run, *buffer;
    if (run == NULL) {
        /* It is no track. */
        return 1;
    }
    if (find_id(self->live, step->frame) != run) {
        return 0;
    }
    if (how == PYGEN_NEXT) {
        long at = PyFrame_GetLasti(step->frame);
        long long offset = number(RUN(run, yield_offset));
        return offset >= 0 && offset == at ? store_yield(run, value, step->frame)
                                           : store_leaving(self, run, step->frame, at, value);
    }
    long long shape;
    buffer = RUN(run, in_thread);
    return how == PYGEN_RETURN && value == Py_None && PyDict_GET_SIZE(self->thrown) == 0 && buffer != NULL &&
           Py_IS_TYPE(buffer, buffer_slots.type) && known_of(buffer, RUN(run, code), &shape) != NULL &&
           store_return(self, run, step->frame);
}

/* The step is over, and so it was; so was it begun. Return how it is. */
static PySendResult
end_step(Step *step, int begun, PySendResult how, PyObject **value)
{
    if (begun != TOLD) {
        if (begun == AWAITED) {
            awaited_frame = awaited_frame == step->frame ? step->outer : NULL;
        }
        return how;
    }
    PyThreadState *thread = PyThreadState_Get();
    Hook *self = step->self;
    Beginning *begins = step->begins;
    if (begins != NULL) {
        int refused = !begins->told;
        if (refused) {
            /* Nothing ran. */
            stop_awaiting(thread, begins);
        }
        step->run = begins->run;
        PyMem_Free(begins);
        if (refused) {
            Py_DECREF(self);
            return how;
        }
    }
    PyObject *type = NULL, *error = NULL, *traceback = NULL;
    if (how == PYGEN_ERROR) {
        PyErr_Fetch(&type, &error, &traceback);
    }
    int stored = self == sends ? store_step_end(step, how, *value) : 1;
    if (stored == 0) {
        /* One that has ended has no frame any more, and another may have it from now on. */
        PyObject *of = how == PYGEN_NEXT ? (PyObject *)step->frame : step->run;
        if (how != PYGEN_NEXT && find_id(self->live, step->frame) == step->run) {
            set_of_id(self->live, step->frame, NULL);
        }
        signed char state = 0;
        PyObject *args[] = {of, how == PYGEN_ERROR ? Py_None : *value, how == PYGEN_ERROR ? Py_True : Py_False};
        PyGenObject *generator = step->generator;
        if (how == PYGEN_NEXT && generator->gi_frame_state < 0) {
            /* As `keep_running` has it. */
            state = generator->gi_frame_state;
            generator->gi_frame_state = 0;
        }
        stored = tell(thread, self->over, args, 3) ? 1 : -1;
        if (state < 0) {
            generator->gi_frame_state = state;
        }
    }
    drop_run(step->run);
    Py_DECREF(self);
    if (stored < 0) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        if (how != PYGEN_ERROR) {
            Py_CLEAR(*value);
        }
        return PYGEN_ERROR;
    }
    if (how == PYGEN_ERROR) {
        PyErr_Restore(type, error, traceback);
    }
    return how;
}

/* A generator that runs has refused to be resumed. Return 0, and another exception, as `tell`. */
static int
tell_refusal(PyObject *generator)
{
    PyThreadState *thread = PyThreadState_Get();
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    int seen = frame == NULL ? 0 : is_seen(thread, generator);
    PyObject *args[] = {(PyObject *)frame, refused_text, generator};
    Hook *self = seen > 0 ? (Hook *)Py_NewRef((PyObject *)sends) : NULL;
    int done = seen > 0 ? tell(thread, self->otherwise, args, 3) : seen == 0;
    Py_XDECREF(self);
    if (done) {
        PyErr_Restore(type, error, traceback);
    }
    else {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
    }
    return done;
}

/* Whether nothing has to be known of a step of `generator`, as is so of most code that is not the program's. */
static inline int
is_none_of_ours(PyObject *generator)
{
    Hook *self = sends;
    PyObject *known = self == NULL ? NULL
                                   : find_in(self->instructions, (Py_ssize_t)((PyGenObject *)generator)->gi_code);
    return self == NULL || (known != NULL && PyTuple_GET_ITEM(known, 0) == Py_None && all_watching == 0);
}

/* In the place of `am_send`. */
static PySendResult
resume_way(PyObject *generator, PyObject *value, PyObject **result)
{
    if (is_none_of_ours(generator)) {
        return resume_plainly(generator, value, result);
    }
    Step step;
    int runs = ((PyGenObject *)generator)->gi_frame_state == 0, seen = begin_step(generator, &step);
    if (seen < 0) {
        *result = NULL;
        return PYGEN_ERROR;
    }
    PyThreadState *thread = PyThreadState_Get();
    uint8_t traced;
    int watched = !seen && is_watching(thread) && begin_watching(thread, &traced);
    PySendResult how = resume_plainly(generator, value, result);
    if (watched) {
        end_watching(thread, traced);
    }
    else if (runs && how == PYGEN_ERROR) {
        tell_refusal(generator);
    }
    return end_step(&step, seen, how, result);
}

/* In the place of `tp_iternext`. */
static PyObject *
next_way(PyObject *generator)
{
    if (is_none_of_ours(generator)) {
        return next_plainly(generator);
    }
    PyObject *result = NULL;
    if (resume_way(generator, Py_None, &result) == PYGEN_RETURN) {
        if (result != Py_None) {
            _PyGen_SetStopIterationValue(result);
        }
        Py_CLEAR(result);
    }
    return result;
}

static PyFrameObject *
resumer_of(PyFrameObject *frame)
{
    PyFrameObject *innermost = PyEval_GetFrame();
    return innermost == frame ? PyFrame_GetBack(frame) : (PyFrameObject *)Py_XNewRef((PyObject *)innermost);
}

/* Tell of a call of `send` of a generator that is seen, in `frame`: as `tell`. */
static int
tell_send(PyThreadState *thread, PyFrameObject *frame, PyObject *generator, PyObject *value, Step *step)
{
    Hook *self = sends;
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    int done = announce(self, step->run, step->frame, code, PyFrame_GetLasti(frame), value);
    Py_DECREF(code);
    if (!done) {
        PyObject *method = PyObject_GetAttr(generator, send_text);
        Py_INCREF(self);
        done = method != NULL && tell_call(self, thread, frame, method);
        Py_XDECREF(method);
        if (step->frame != NULL) {
            Py_XSETREF(step->run, done ? run_of(self, (PyObject *)step->frame) : NULL);
        }
        Py_DECREF(self);
    }
    return done;
}

/* Tell that it is over: as `tell_end_of`. */
static int
tell_sent(Hook *self, PyThreadState *thread, PyFrameObject *frame, PyObject *generator, int failed)
{
    if (!failed && PyList_GET_SIZE(self->calls) == 0) {
        return 1;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *method = PyObject_GetAttr(generator, send_text);
    PyErr_Restore(type, error, traceback);
    int done = method == NULL || tell_end_of(self, thread, frame, method, failed);
    Py_XDECREF(method);
    return done;
}

/* In the place of the method `send` of generators and coroutines. */
static PyObject *
send_way(PyObject *generator, PyObject *value)
{
    PyThreadState *thread = PyThreadState_Get();
    Step step = {.frame = NULL, .run = NULL};
    int runs = ((PyGenObject *)generator)->gi_frame_state == 0;
    /* Also of one that runs, and refuses. */
    int seen = runs ? is_seen(thread, generator) : find_step(thread, generator, &step);
    if (seen <= 0) {
        uint8_t traced;
        int watched = seen == 0 && is_watching(thread) && begin_watching(thread, &traced);
        PyObject *result = seen < 0 ? NULL : send_plainly(generator, value);
        if (watched) {
            end_watching(thread, traced);
        }
        return result;
    }
    Hook *self = (Hook *)Py_NewRef((PyObject *)sends);
    PyFrameObject *frame = PyEval_GetFrame();
    int is_called = frame != NULL && !is_delegating(frame), begun = -1;
    PyObject *result = NULL;
    if (!is_called || tell_send(thread, frame, generator, value, &step)) {
        begun = runs || self != sends ? NOT_TOLD : begin_known(thread, &step);
    }
    if (begun >= 0) {
        PySendResult how = resume_plainly(generator, value, &result);
        how = end_step(&step, begun, how, &result);
        if (how == PYGEN_RETURN) {
            if (result == Py_None) {
                PyErr_SetNone(PyExc_StopIteration);
            }
            else {
                _PyGen_SetStopIterationValue(result);
            }
            Py_CLEAR(result);
        }
        if (is_called && !tell_sent(self, thread, frame, generator, result == NULL)) {
            Py_CLEAR(result);
        }
    }
    settle_announced();
    Py_DECREF(self);
    return result;
}

/* What else resumes them: methods, and the slots of what stands for them. */

enum { GENERATOR, COROUTINE, ASKED_TO_SEND, ASKED_TO_THROW, WRAPPER, ASYNCHRONOUS, TYPES };
enum { SEND, THROW, CLOSE, ASEND, ATHROW, ACLOSE, METHODS };
static const struct { const char *name; int flags; } method_kinds[METHODS] = {
    {"send", METH_O}, {"throw", METH_FASTCALL}, {"close", METH_NOARGS},
    {"asend", METH_O}, {"athrow", METH_VARARGS}, {"aclose", METH_NOARGS},
};
static PyObject *method_names[METHODS];
/* Of each type: what stands in its table, and in its slots, without us. */
static struct {
    PyTypeObject *type;
    PyMethodDef *definitions[METHODS];
    PyCFunction plainly[METHODS];
    PyWrapperDescrObject *next_method;
    iternextfunc next;
    destructor finalize;
} others[TYPES];

static int
kind_of(PyObject *target)
{
    int kind = 0;
    while (others[kind].type != Py_TYPE(target)) {
        kind++;
    }
    return kind;
}

static int
take_referent(PyObject *found, void *first)
{
    *(PyObject **)first = found;
    return 1;
}

/* The generator that `target` is, or stands for, borrowed. */
static PyObject *
stands_for(PyObject *target, int kind)
{
    PyObject *first = target;
    if (kind == ASKED_TO_SEND || kind == ASKED_TO_THROW || kind == WRAPPER) {
        Py_TYPE(target)->tp_traverse(target, take_referent, &first);
    }
    return first;
}

/* Whether `generator`, which is not seen, waits for what may be. */
static int
waits_for_another(PyObject *generator)
{
    PyGetSetDef *awaited_by = PyGen_CheckExact(generator) ? gi_yieldfrom : PyCoro_CheckExact(generator) ? cr_await : ag_await;
    PyObject *awaited = ((PyGenObject *)generator)->gi_frame_state == -1
                            ? awaited_by->get(generator, awaited_by->closure) : NULL;
    int waits = awaited != NULL && awaited != Py_None;
    PyErr_Clear();
    Py_XDECREF(awaited);
    return waits;
}

/* Whether a method of `target`, of `generator`, resumes that in a way that the interpreter has to tell of. `seen`: whether
   it is. */
static int
is_hidden(int kind, int method, PyObject *generator, int seen)
{
    if (kind == ASYNCHRONOUS || ((PyGenObject *)generator)->gi_frame_state > 0) {
        return 0;
    }
    return seen || ((method != SEND || kind == ASKED_TO_THROW) && waits_for_another(generator));
}

static PyObject *
call_plainly(int kind, int method, PyObject *target, PyObject *args, PyObject *const *items, Py_ssize_t count)
{
    PyCFunction plainly = others[kind].plainly[method];
    if (method == THROW) {
        return ((PyObject *(*)(PyObject *, PyObject *const *, Py_ssize_t))(void (*)(void))plainly)(target, items, count);
    }
    return plainly(target, args);
}

static PyObject *
method_way(int method, PyObject *target, PyObject *args, PyObject *const *items, Py_ssize_t count)
{
    PyThreadState *thread = PyThreadState_Get();
    int kind = kind_of(target);
    Hook *self = sends;
    PyFrameObject *frame = self == NULL || thread->interp != home || thread->tracing != 0 ? NULL : PyEval_GetFrame();
    uint8_t traced;
    if (frame == NULL || is_watching(thread)) {
        int watched = frame != NULL && begin_watching(thread, &traced);
        PyObject *result = call_plainly(kind, method, target, args, items, count);
        if (watched) {
            end_watching(thread, traced);
        }
        return result;
    }
    PyObject *generator = stands_for(target, kind);
    int told = is_seen(thread, generator);
    if (told < 0) {
        return NULL;
    }
    int hidden = is_hidden(kind, method, generator, told);
    told = told && !is_delegating(frame);
    PyObject *bound = told ? PyObject_GetAttr(target, method_names[method]) : NULL, *result = NULL;
    if (bound == NULL) {
        PyErr_Clear();
        told = 0;
    }
    PyObject *call[] = {(PyObject *)frame, event_names[PyTrace_C_CALL], bound};
    Py_INCREF(self);
    if (!told || tell(thread, self->otherwise, call, 3)) {
        if (hidden && begin_watching(thread, &traced)) {
            result = call_plainly(kind, method, target, args, items, count);
            end_watching(thread, traced);
        }
        else {
            result = call_plainly(kind, method, target, args, items, count);
        }
        if (told && !tell_end_of(self, thread, frame, bound, result == NULL)) {
            Py_CLEAR(result);
        }
    }
    Py_XDECREF(bound);
    Py_DECREF(self);
    return result;
}

#define METHOD(name, method)                                                                                           \
    static PyObject *name(PyObject *target, PyObject *args)                                                            \
    {                                                                                                                  \
        return method_way(method, target, args, NULL, 0);                                                              \
    }
METHOD(send_of, SEND)
METHOD(close_of, CLOSE)
METHOD(asend_of, ASEND)
METHOD(athrow_of, ATHROW)
METHOD(aclose_of, ACLOSE)
#undef METHOD

static PyObject *
throw_of(PyObject *target, PyObject *const *items, Py_ssize_t count)
{
    return method_way(THROW, target, NULL, items, count);
}

/* In the place of `tp_iternext` of what stands for an asynchronous generator or a coroutine. */
static PyObject *
next_of(PyObject *target)
{
    int kind = kind_of(target);
    PyThreadState *thread = PyThreadState_Get();
    uint8_t traced;
    PyObject *generator = stands_for(target, kind);
    int seen = is_seen(thread, generator);
    if (seen < 0) {
        return NULL;
    }
    if ((!is_watching(thread) && !is_hidden(kind, SEND, generator, seen)) || !begin_watching(thread, &traced)) {
        return others[kind].next(target);
    }
    PyObject *result = others[kind].next(target);
    end_watching(thread, traced);
    return result;
}

/* In the place of `tp_finalize`: it is collected, so it is closed if it is suspended. */
static void
finalize_way(PyObject *generator)
{
    int kind = kind_of(generator);
    if (((PyGenObject *)generator)->gi_frame_state >= 0) {
        /* It has ended, as nearly all have. */
        others[kind].finalize(generator);
        return;
    }
    PyThreadState *thread = PyThreadState_Get();
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    int seen = is_seen(thread, generator);
    if (seen < 0) {
        PyErr_WriteUnraisable(generator);
    }
    int hidden = seen > 0 || is_watching(thread) || waits_for_another(generator);
    PyErr_Restore(type, error, traceback);
    uint8_t traced;
    if (!hidden || !begin_watching(thread, &traced)) {
        others[kind].finalize(generator);
        return;
    }
    others[kind].finalize(generator);
    end_watching(thread, traced);
}

/* Learn where they stand. Return whether that is done, else there is an exception. */
static int
learn_others(void)
{
    PyTypeObject *types[TYPES] = {&PyGen_Type, &PyCoro_Type, &_PyAsyncGenASend_Type, &_PyAsyncGenAThrow_Type,
                                  &_PyCoroWrapper_Type, &PyAsyncGen_Type};
    for (int kind = 0; kind < TYPES; kind++) {
        PyTypeObject *type = others[kind].type = types[kind];
        for (int method = 0; method < METHODS; method++) {
            PyObject *found = type->tp_dict == NULL ? NULL : PyDict_GetItemString(type->tp_dict, method_kinds[method].name);
            PyMethodDef *its = found != NULL && Py_IS_TYPE(found, &PyMethodDescr_Type)
                                   ? ((PyMethodDescrObject *)found)->d_method : NULL;
            if (its != NULL && its != send_definition && its->ml_flags == method_kinds[method].flags) {
                others[kind].definitions[method] = its;
                others[kind].plainly[method] = its->ml_meth;
            }
        }
        PyObject *found = PyDict_GetItemString(type->tp_dict, "__next__");
        others[kind].next_method = found != NULL && Py_IS_TYPE(found, &PyWrapperDescr_Type)
                                       ? (PyWrapperDescrObject *)found : NULL;
        others[kind].next = others[kind].next_method != NULL ? type->tp_iternext : NULL;
        others[kind].finalize = type->tp_finalize;
    }
    next_plainly = PyGen_Type.tp_iternext;
    resume_plainly = PyGen_Type.tp_as_async->am_send;
    if (send_plainly == NULL || next_plainly == NULL || resume_plainly == NULL ||
        others[COROUTINE].plainly[SEND] != send_plainly ||
        PyCoro_Type.tp_as_async->am_send != resume_plainly) {
        PyErr_SetString(PyExc_RuntimeError, "generators are resumed in another way here");
        return 0;
    }
    return 1;
}

static void
see_others(int see)
{
    const PyCFunction ways[METHODS] = {send_of, (PyCFunction)(void (*)(void))throw_of, close_of,
                                       asend_of, athrow_of, aclose_of};
    for (int kind = 0; kind < TYPES; kind++) {
        PyTypeObject *type = others[kind].type;
        if (type == NULL) {
            return;
        }
        for (int method = 0; method < METHODS; method++) {
            if (others[kind].definitions[method] != NULL) {
                PyCFunction way = kind == COROUTINE && method == SEND ? send_way : ways[method];
                others[kind].definitions[method]->ml_meth = see ? way : others[kind].plainly[method];
            }
        }
        if (others[kind].next != NULL) {
            iternextfunc next = !see ? others[kind].next : kind == GENERATOR ? next_way : next_of;
            type->tp_iternext = next;
            others[kind].next_method->d_wrapped = (void *)next;
        }
        if (others[kind].finalize != NULL) {
            type->tp_finalize = see ? finalize_way : others[kind].finalize;
        }
    }
    PyGen_Type.tp_as_async->am_send = PyCoro_Type.tp_as_async->am_send = see ? resume_way : resume_plainly;
}

static PyObject *
hook_begin(PyObject *self, PyObject *Py_UNUSED(args))
{
    see_sends((Hook *)self);
    Py_RETURN_NONE;
}

static PyObject *
step_hook(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *live, *local, *calls, *functions, *methods, *unsettled, *due, *steppers, *inside;
    PyObject *through, *thrown, *watched, *awaiting, *kind, *instructions, *loops, *step_codes, *watch, *over, *otherwise;
    int flags, resume;
    if (!PyArg_ParseTuple(args, "O!OO!iO!O!O!O!O!O!O!O!O!O!O!O!O!O!iiOOO", table_type, &live, &local,
                          &PyList_Type, &calls, &flags, &PyTuple_Type, &functions, &PyTuple_Type, &methods,
                          &PySet_Type, &unsettled, &PyList_Type, &due, &PyList_Type, &steppers, &PyDict_Type, &inside, &PyDict_Type,
                          &through, &PyDict_Type, &thrown, table_type, &watched, table_type, &awaiting,
                          &PyType_Type, &kind, table_type, &instructions, table_type, &loops, table_type,
                          &step_codes, &resume, &send_opcode, &watch, &over, &otherwise)) {
        return NULL;
    }
    if (run_slots.type == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "learn was not called");
        return NULL;
    }
    if (slot_offset((PyTypeObject *)kind, "awaits", &awaits_of_watched) < 0) {
        return NULL;
    }
    if (others[0].type == NULL && !learn_others()) {
        return NULL;
    }
    Py_XSETREF(watched_type, (PyTypeObject *)Py_NewRef(kind));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(functions) + PyTuple_GET_SIZE(methods); i++) {
        Py_ssize_t behind = i - PyTuple_GET_SIZE(functions);
        PyObject *name = behind < 0 ? PyTuple_GET_ITEM(functions, i) : PyTuple_GET_ITEM(methods, behind);
        if (!PyUnicode_CheckExact(name) || !PyUnicode_IS_ASCII(name)) {
            PyErr_SetString(PyExc_TypeError, "names are ASCII");
            return NULL;
        }
    }
    Hook *hook = new_hook(hook_type, long_way, otherwise);
    if (hook != NULL) {
        hook->flags = flags;
        hook->live = Py_NewRef(live);
        hook->local = Py_NewRef(local);
        hook->calls = Py_NewRef(calls);
        hook->functions = Py_NewRef(functions);
        hook->methods = Py_NewRef(methods);
        hook->unsettled = Py_NewRef(unsettled);
        hook->due = Py_NewRef(due);
        hook->steppers = Py_NewRef(steppers);
        hook->inside = Py_NewRef(inside);
        hook->through = Py_NewRef(through);
        hook->thrown = Py_NewRef(thrown);
        hook->watched = Py_NewRef(watched);
        hook->awaiting = Py_NewRef(awaiting);
        hook->instructions = Py_NewRef(instructions);
        hook->loops = Py_NewRef(loops);
        hook->step_codes = Py_NewRef(step_codes);
        hook->resume = resume;
        hook->watch = Py_NewRef(watch);
        hook->over = Py_NewRef(over);
    }
    return (PyObject *)hook;
}

#endif

/* Switches of greenlets. */

/* While a function calls what switches greenlets, what is on its stack is copied by greenlet. So that AddressSanitizer takes
   no offence, no variable there is one whose address is taken: such a function has these in others. */
#define APART __attribute__((noinline)) static

/* Whether greenlet tells of a switch, or of a throw; from where to where. */
static int
tells_switch(PyObject *const *args, size_t nargsf, PyObject *kwnames, PyObject **origin, PyObject **target)
{
    if (PyVectorcall_NARGS(nargsf) != 2 || kwnames != NULL || !PyTuple_CheckExact(args[1]) ||
        PyTuple_GET_SIZE(args[1]) != 2) {
        return 0;
    }
    *origin = PyTuple_GET_ITEM(args[1], 0);
    *target = PyTuple_GET_ITEM(args[1], 1);
    return 1;
}

/* Whether that is a switch, and nothing stands against the short way. */
static int
is_settled(Hook *self, PyObject *const *args)
{
    return PySet_GET_SIZE(self->unsettled) == 0 &&
           (args[0] == switch_text ||
            (PyUnicode_CheckExact(args[0]) && PyUnicode_CompareWithASCIIString(args[0], "switch") == 0));
}

/* The frame in which a greenlet is suspended, a new reference; NULL, and no exception, if there is none. */
static PyFrameObject *
frame_of(Hook *self, PyObject *greenlet)
{
    PyGetSetDescrObject *descriptor = (PyGetSetDescrObject *)self->gr_frame;
    if (!PyObject_TypeCheck(greenlet, PyDescr_TYPE(descriptor))) {
        return NULL;
    }
    PyObject *frame = descriptor->d_getset->get(greenlet, descriptor->d_getset->closure);
    if (frame == NULL) {
        PyErr_Clear();
    }
    else if (!PyFrame_Check(frame)) {
        Py_CLEAR(frame);
    }
    return (PyFrameObject *)frame;
}

/* Whether a function has a local variable of that name: to ask a frame for one that it has not raises an error. */
static int
names_variable(PyCodeObject *code, PyObject *name)
{
    PyObject *names = code->co_localsplusnames;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (PyTuple_GET_ITEM(names, i) == name) {
            return 1;
        }
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (PyUnicode_Compare(PyTuple_GET_ITEM(names, i), name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A local variable of a function's frame that is suspended, as `of_variables` has it, a new reference; NULL, and no
   exception, if there is none. */
static PyObject *
variable_of(PyFrameObject *frame, PyObject *name)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    int is_variable = PyUnicode_CheckExact(name) && code->co_flags & CO_OPTIMIZED && names_variable(code, name);
    Py_DECREF(code);
    if (!is_variable) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030c0000
    PyObject *found = PyFrame_GetVar(frame, name);
#else
    PyObject *variables = PyFrame_GetLocals(frame), *found = NULL;
    if (variables != NULL && PyDict_CheckExact(variables)) {
        PyFrame_LocalsToFast(frame, 0);
        found = Py_XNewRef(PyDict_GetItemWithError(variables, name));
        PyDict_Clear(variables);
    }
    Py_XDECREF(variables);
#endif
    if (found == NULL) {
        PyErr_Clear();
    }
    return found;
}

/* Places where a variable was seen to be what is handed over there. Their code is never freed. */
static PyObject *handed_plainly;

/* The shape of a switch that hands over a value, and what says that; -1 if that is not known. `given`: what the switch is
   called with, NULL if that is not at hand. */
static long long
shape_handed(PyObject *buffer, PyFrameObject *frame, Py_ssize_t place, PyObject *given)
{
    PyObject *known = look_up(BUFFER(buffer, handed), place);
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 3) {
        return -1;
    }
    Py_INCREF(known);
    PyObject *value = given != NULL && find_in(handed_plainly, place) != NULL
                          ? Py_NewRef(given) : variable_of(frame, PyTuple_GET_ITEM(known, 1));
    if (value != NULL && value == given) {
        put_in(handed_plainly, place, Py_True);
    }
    long long said = value == NULL ? 0 : said_of(value, buffer), bare = number(PyTuple_GET_ITEM(known, 0));
    Py_XDECREF(value);
    Py_DECREF(known);
    return said == 0 || bare < 0 ? -1 : bare + said;
}

/* Between two greenlets that are switched by hand, from one that is suspended at a known place. */
static int
store_raw(Hook *self, PyFrameObject *frame, PyObject *target, PyObject *given)
{
    PyObject *track = of_id(self->raw, target);
    if (track == NULL) {
        return 0;
    }
    Py_INCREF(track);
    Py_ssize_t place = place_of(frame);
    long long shape = number(look_up(BUFFER(self->buffer, shapes), place));
    if (shape < 0) {
        shape = shape_handed(self->buffer, frame, place, given);
    }
    int stored = store(BUFFER(self->buffer, rows), track, shape);
    Py_DECREF(track);
    return stored;
}

/* Switches are seen before they are made: `switch` and `throw` of greenlets are called by way of it, by the table of the
   type's methods and that of greenlet's functions for other code in C. What is settled is stored there, and greenlet's
   trace function is taken out, which costs more than all of that. It is put in again before anything else, and its hook
   does then what it always did.

   It is out only while whoever is suspended is so in a call of ours: who is resumed by an end, or in order to be
   collected, returns there as well, sees that nobody has announced it, and tells the hook what greenlet would have told.
   A greenlet that has not begun is begun under the trace function; so no parent may be one, nor may anybody be suspended
   elsewhere (who has the last reference to another, while that is made to end). */

/* Greenlets by their addresses, each with whether it is suspended in a call of ours. One that runs again keeps its place, as it
   is mostly suspended there again; so does one that is no more, until there is no room. */
enum { RUNS, IS_PARKED, IS_MAIN_PARKED };
typedef struct {
    PyObject *greenlet; /* Only its address; NULL: nothing stands here. */
    int how;
} Place;
typedef struct {
    Place *places;
    size_t mask, used;
} Parked;

static inline Place *
place_of_greenlet(const Parked *parked, PyObject *greenlet)
{
    size_t i = place_in(parked->mask, (Py_ssize_t)greenlet);
    while (parked->places[i].greenlet != NULL && parked->places[i].greenlet != greenlet) {
        i = (i + 1) & parked->mask;
    }
    return parked->places + i;
}

/* Have room for one more. Return whether there is memory for that. */
static int
make_places(Parked *parked)
{
    size_t count = 0, size = 16;
    for (size_t i = 0; parked->places != NULL && i <= parked->mask; i++) {
        count += parked->places[i].how != RUNS;
    }
    while (size < 4 * (count + 1)) {
        size *= 2;
    }
    Parked larger = {.places = PyMem_Calloc(size, sizeof(Place)), .mask = size - 1, .used = count};
    if (larger.places == NULL) {
        return 0;
    }
    for (size_t i = 0; parked->places != NULL && i <= parked->mask; i++) {
        if (parked->places[i].how != RUNS) {
            *place_of_greenlet(&larger, parked->places[i].greenlet) = parked->places[i];
        }
    }
    PyMem_Free(parked->places);
    *parked = larger;
    return 1;
}

/* Return whether there is memory for that. */
static inline int
park(Parked *parked, PyObject *greenlet, int how)
{
    Place *place = place_of_greenlet(parked, greenlet);
    if (place->greenlet == NULL) {
        if (2 * (parked->used + 1) > parked->mask + 1) {
            if (!make_places(parked)) {
                return 0;
            }
            place = place_of_greenlet(parked, greenlet);
        }
        parked->used++;
        place->greenlet = greenlet;
    }
    place->how = how;
    return 1;
}

static inline int
is_parked_in(const Parked *parked, PyObject *greenlet)
{
    return place_of_greenlet(parked, greenlet)->how != RUNS;
}

/* It runs again. Return how it was suspended. */
static inline int
unpark(Parked *parked, PyObject *greenlet)
{
    Place *place = place_of_greenlet(parked, greenlet);
    int how = place->how;
    place->how = RUNS;
    return how;
}

/* What is known of the switches of one thread. It is never freed, but serves another thread when its own is over. */
typedef struct Away {
    struct Away *next;
    /* Of the thread: its state has that number, as no other has. It is the hook's, borrowed. */
    PyThreadState *state;
    unsigned long long thread;
    Hook *hook;
    /* Greenlets that are suspended in a call of ours; and elsewhere, by their ids. */
    Parked parked;
    PyObject *elsewhere;
    /* While the trace function is out: who runs, and to whom a switch was stored that is not made yet. */
    PyObject *running, *owned, *announced;
    /* Who runs, whether it is out or not: only the address; NULL if nobody has switched yet. */
    PyObject *runs;
    /* For whom the short way was tried in vain. */
    PyObject *tried;
    /* Whether the trace function is in; whether it is to stay; whether it is we who call the hook. */
    int traced, stays, calls;
    /* Its `here_away`. */
    struct Away **here;
} Away;

/* That of the thread that calls, as long as it serves that. */
static OF_THREAD Away *here_away;

/* All of them; and the one that was asked for last, NULL if that thread has none. */
static Away *all_away, *last_away;

typedef PyObject *(*switch_function)(PyObject *, PyObject *, PyObject *);
typedef PyObject *(*throw_function)(PyObject *, PyObject *, PyObject *, PyObject *);
/* Places in the table of greenlet's functions: greenlet.h. */
enum { GET_CURRENT = 4, THROW_IN_C, SWITCH_IN_C, SET_PARENT_IN_C, IS_MAIN, IS_STARTED, IS_ACTIVE, PARENT_OF };

/* greenlet's own, as long as they are watched. */
static struct {
    void **functions;
    PyTypeObject *type;
    PyMethodDef *switches, *throws;
    PyGetSetDef *parent, *run;
    PyCFunction switch_plainly, throw_plainly;
    switch_function switch_in_c;
    throw_function throw_in_c;
    setter set_parent;
    int (*set_parent_in_c)(PyObject *, PyObject *);
    PyObject *settrace;
    /* `greenlet.error`, and what is told of a call that refused with it, and of what a greenlet's function has returned or
       raised; None where the interpreter tells. */
    PyObject *error, *refused, *left;
} greenlets;

static PyObject *throw_text, *no_args;

static int hub_short(Hook *, PyObject *, PyObject *, PyFrameObject *, PyObject *);
static PyObject *hub_way(PyObject *, PyObject *const *, size_t, PyObject *);
static inline int drop(PyObject *, long long);
static int has(PyObject *, long long);

static int
told_by_greenlet(int function, PyObject *greenlet)
{
    return ((int (*)(PyObject *))greenlets.functions[function])(greenlet);
}

static Away *
find_away(unsigned long long thread)
{
    Away *away = all_away;
    while (away != NULL && away->thread != thread) {
        away = away->next;
    }
    last_away = away;
    return away;
}

/* `away`, of the thread that calls, if its switches are watched; else NULL. */
static inline Away *
watched(Away *away)
{
    return away != NULL && away->hook != NULL && greenlets.functions != NULL ? away : NULL;
}

/* That of the thread that calls; NULL if its switches are not watched. */
static inline Away *
away_here(void)
{
    unsigned long long thread = PyThreadState_Get()->id;
    Away *away = last_away;
    if (away == NULL || away->thread != thread) {
        away = find_away(thread);
    }
    return watched(away);
}

/* From now on `hook` is told of what is not stored before in the thread that calls. Without memory for that, nothing is. */
static void
watch_here(Hook *hook)
{
    unsigned long long thread = PyThreadState_Get()->id;
    Away *away = NULL;
    for (Away *one = all_away; one != NULL && (away == NULL || away->thread != thread); one = one->next) {
        away = one->thread == thread || one->hook == NULL ? one : away;
    }
    if (away == NULL && (away = PyMem_Calloc(1, sizeof(Away))) != NULL) {
        away->next = all_away;
        all_away = away;
    }
    if (away != NULL && (away->thread != thread || away->parked.places == NULL || away->elsewhere == NULL)) {
        away->thread = thread;
        away->state = PyThreadState_Get();
        PyMem_Free(away->parked.places);
        away->parked = (Parked){NULL, 0, 0};
        make_places(&away->parked);
        Py_XSETREF(away->elsewhere, table_new(table_type, NULL, NULL));
        away->stays = 0;
    }
    if (away == NULL || away->parked.places == NULL || away->elsewhere == NULL) {
        PyErr_Clear();
        return;
    }
    away->hook = hook;
    away->here = &here_away;
    here_away = away;
    away->traced = 1;
    away->announced = away->tried = away->runs = NULL;
}

/* `greenlet` runs. It is owned but for the main one, of which greenlet counts the references. */
static void
set_running(Away *away, PyObject *greenlet, int is_main)
{
    PyObject *before = away->owned;
    away->running = greenlet;
    away->runs = greenlet != NULL ? greenlet : away->runs;
    away->owned = is_main ? NULL : Py_XNewRef(greenlet);
    /* Last: it may be made to end by that. */
    Py_XDECREF(before);
}

static void
forget_hook(Hook *hook)
{
    for (Away *away = hook->buffer == NULL ? NULL : all_away; away != NULL; away = away->next) {
        if (away->hook == hook) {
            PyObject *before = away->owned;
            away->hook = NULL;
            away->running = away->owned = away->announced = NULL;
            Py_XDECREF(before);
        }
    }
}

/* Have greenlet's trace function be `function`, in place of ours or of none: another's stays. */
static void
set_trace(Away *away, PyObject *function)
{
    PyObject *before = PyObject_CallOneArg(greenlets.settrace, function);
    if (before != NULL && before != Py_None && !Py_IS_TYPE(before, hook_type)) {
        Py_XSETREF(before, PyObject_CallOneArg(greenlets.settrace, before));
    }
    Py_XDECREF(before);
    PyErr_Clear();
    away->traced = function != Py_None;
}

static void
trace_again(Away *away)
{
    set_trace(away, (PyObject *)away->hook);
    set_running(away, NULL, 0);
}

/* The function of a greenlet has returned `result`; NULL and an exception if it has raised that. Tell it; return what the
   function did. */
APART PyObject *
tell_left(PyObject *result)
{
    PyObject *type, *error, *traceback;
    if (greenlets.functions == NULL || greenlets.left == Py_None) {
        return result;
    }
    PyErr_Fetch(&type, &error, &traceback);
    if (result != NULL || (error != NULL && PyExceptionInstance_Check(error))) {
        PyObject *args[] = {result != NULL ? result : Py_None, result != NULL ? Py_None : error};
        PyObject *left = Py_NewRef(greenlets.left);
        int told = tell(PyThreadState_Get(), left, args, 2);
        Py_DECREF(left);
        if (!told) {
            /* What a signal's handler has raised. */
            Py_XDECREF(type);
            Py_XDECREF(error);
            Py_XDECREF(traceback);
            Py_XDECREF(result);
            return NULL;
        }
    }
    PyErr_Restore(type, error, traceback);
    return result;
}

/* Is called in place of a greenlet's function. It has no frame, and adds nothing to the depth of the recursion. */
static PyObject *
run_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    return tell_left(PyObject_Vectorcall(((Hook *)self)->otherwise, args, nargsf, kwnames));
}

/* `greenlet` is switched to for the first time: have its function called by way of us, if it was given one. Greenlet takes
   that out before it calls it, so nobody sees ours in its place; `give_back_run` else. */
APART void
see_run(PyObject *greenlet)
{
    PyObject *run = greenlets.left == Py_None ? NULL : greenlets.run->get(greenlet, greenlets.run->closure);
    Hook *ours = run == NULL || Py_IS_TYPE(run, hook_type) ? NULL : new_hook(hook_type, run_way, run);
    if (ours != NULL) {
        greenlets.run->set(greenlet, (PyObject *)ours, greenlets.run->closure);
    }
    PyErr_Clear();
    Py_XDECREF(ours);
    Py_XDECREF(run);
}

/* A switch to `greenlet` has raised something: if it was refused, have its function be its own again. */
static void
give_back_run(PyObject *greenlet)
{
    if (told_by_greenlet(IS_STARTED, greenlet)) {
        return;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *run = greenlets.run->get(greenlet, greenlets.run->closure);
    if (run != NULL && Py_IS_TYPE(run, hook_type) && ((Hook *)run)->call == run_way) {
        greenlets.run->set(greenlet, ((Hook *)run)->otherwise, greenlets.run->closure);
    }
    Py_XDECREF(run);
    PyErr_Clear();
    PyErr_Restore(type, error, traceback);
}

/* Before a switch, or a throw, from `origin`, which runs: return 0, or -1 and an exception if a signal's handler has raised
   one. No variable of whoever calls it may have its address taken: see APART. */
APART int
leave(Away *away, PyObject *origin, PyObject *target, PyObject *args, PyObject *kwargs)
{
    if (away == NULL) {
        return 0;
    }
    Hook *hook = away->hook;
    int stored = 0, is_watched = 1, is_main = away->traced ? told_by_greenlet(IS_MAIN, origin) : away->owned == NULL;
    int is_parked = park(&away->parked, origin, is_main ? IS_MAIN_PARKED : IS_PARKED);
    away->tried = NULL;
    if (args != NULL && is_parked && !away->stays && PySet_GET_SIZE(hook->unsettled) == 0 &&
        count_in(away->elsewhere) == 0 && origin != target && is_parked_in(&away->parked, target)) {
        PyFrameObject *frame = PyThreadState_GetFrame(away->state);
        int has_one = PyTuple_CheckExact(args) && PyTuple_GET_SIZE(args) == 1;
        PyObject *given = has_one && (kwargs == NULL || PyDict_GET_SIZE(kwargs) == 0) ? PyTuple_GET_ITEM(args, 0) : NULL;
        if (frame != NULL) {
            Py_INCREF(hook);
            stored = hook->call == hub_way ? hub_short(hook, origin, target, frame, given)
                                           : store_raw(hook, frame, target, given);
            Py_DECREF(frame);
            is_watched = away->hook == hook && greenlets.functions != NULL;
            Py_DECREF(hook);
            away->tried = stored == 0 ? target : NULL;
        }
    }
    if (stored < 0) {
        unpark(&away->parked, origin);
        return -1;
    }
    if (!is_watched) {
        /* The hook has failed. */
        return 0;
    }
    if (stored > 0) {
        if (away->traced) {
            set_trace(away, Py_None);
            set_running(away, origin, is_main);
        }
        away->announced = target;
        return 0;
    }
    if (!told_by_greenlet(IS_STARTED, target)) {
        PyObject *parent = ((PyObject *(*)(PyObject *))greenlets.functions[PARENT_OF])(target);
        away->stays |= parent != NULL && !told_by_greenlet(IS_STARTED, parent);
        Py_XDECREF(parent);
        if (args != NULL) {
            see_run(target);
        }
    }
    if (!away->traced && away->hook != NULL) {
        trace_again(away);
    }
    return 0;
}

/* `target` runs, which nobody has announced: tell the hook. Return what its call is to return. */
APART PyObject *
arrive_unannounced(Away *away, PyObject *target, int is_main, PyObject *result)
{
    PyObject *origin = Py_XNewRef(away->running), *type, *error, *traceback;
    away->announced = NULL;
    if (origin == NULL || origin == target) {
        /* There was no switch. */
        Py_XDECREF(origin);
        return result;
    }
    PyErr_Fetch(&type, &error, &traceback);
    Hook *hook = (Hook *)Py_NewRef((PyObject *)away->hook);
    if (told_by_greenlet(IS_ACTIVE, origin)) {
        /* Suspended, but in no call of ours. */
        put_in(away->elsewhere, (Py_ssize_t)origin, Py_True);
        trace_again(away);
    }
    else {
        set_running(away, target, is_main);
    }
    PyObject *both = PyTuple_Pack(2, origin, target);
    PyObject *args[] = {result == NULL ? throw_text : switch_text, both}, *done = NULL;
    if (both != NULL) {
        PyThreadState *thread = PyThreadState_Get();
        PyThreadState_EnterTracing(thread);
        away->calls = 1;
        done = hook->call((PyObject *)hook, args, 2, NULL);
        PyThreadState_LeaveTracing(thread);
    }
    Py_XDECREF(both);
    if (done == NULL) {
        /* As greenlet does: what the trace function has raised goes on. */
        Py_CLEAR(result);
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
    }
    else {
        PyErr_Restore(type, error, traceback);
        Py_DECREF(done);
    }
    Py_DECREF(hook);
    Py_DECREF(origin);
    return result;
}

/* `target` runs again, whose call returns `result`, in the thread of `away`, which is NULL if it is not watched. */
static inline PyObject *
arrive(Away *away, PyObject *target, PyObject *result)
{
    if (away == NULL) {
        return result;
    }
    int is_main = unpark(&away->parked, target) == IS_MAIN_PARKED;
    if (away->traced) {
        return result;
    }
    if (away->announced != target) {
        return arrive_unannounced(away, target, is_main, result);
    }
    away->announced = NULL;
    set_running(away, target, is_main);
    return result;
}

/* Who runs in the thread of `away`, borrowed; NULL, and no exception, if that is not to be known. */
static inline PyObject *
runs_now(Away *away)
{
    if (away == NULL && greenlets.functions == NULL) {
        return NULL;
    }
    if (away != NULL && !away->traced) {
        return away->running;
    }
    PyObject *current = ((PyObject *(*)(void))greenlets.functions[GET_CURRENT])();
    if (current == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(current);
    return current;
}

/* A call has raised something: if it is greenlet's own error, in no function of Python's, tell that. Return NULL, as the
   call did. */
APART PyObject *
tell_switch_refused(PyObject *target)
{
    PyObject *type, *error, *traceback;
    if (greenlets.functions == NULL || greenlets.refused == Py_None) {
        return NULL;
    }
    give_back_run(target);
    if (!PyErr_ExceptionMatches(greenlets.error)) {
        return NULL;
    }
    PyErr_Fetch(&type, &error, &traceback);
    if (traceback == NULL) {
        PyErr_NormalizeException(&type, &error, &traceback);
        PyThreadState *thread = PyThreadState_Get();
        PyObject *refused = Py_NewRef(greenlets.refused);
        PyThreadState_EnterTracing(thread);
        PyObject *done = PyObject_CallFunctionObjArgs(refused, target, error, NULL);
        PyThreadState_LeaveTracing(thread);
        Py_DECREF(refused);
        if (done == NULL) {
            /* What a signal's handler has raised. */
            Py_XDECREF(type);
            Py_XDECREF(error);
            Py_XDECREF(traceback);
            return NULL;
        }
        Py_DECREF(done);
    }
    PyErr_Restore(type, error, traceback);
    return NULL;
}

/* What stands on the stack of a function that switches is copied by greenlet, there and back. So there is little of it: what
   is to be called, and with what, is kept in this until it is. */
static struct {
    void *plainly;
    PyObject *target, *args, *kwargs;
} next_switch;

/* Before `target` is switched to: note what is to be called for that. Return who runs, borrowed; NULL if that is not to be
   known; None if there is an exception, and nothing to be called. */
APART PyObject *
set_out(void *plainly, PyObject *target, PyObject *args, PyObject *kwargs)
{
    Away *away = away_here();
    PyObject *origin = runs_now(away);
    if (origin != NULL && leave(away, origin, target, args, kwargs) < 0) {
        return Py_None;
    }
    next_switch.plainly = plainly;
    next_switch.target = target;
    next_switch.args = args;
    next_switch.kwargs = kwargs;
    return origin;
}

/* `origin`, as of `set_out`, runs again, whose call returns `result`. */
APART PyObject *
come_back(PyObject *origin, PyObject *target, PyObject *result)
{
    if (origin != NULL) {
        /* Mostly whoever has switched here was the last to ask, and in this thread: which state it has need not be asked. */
        Away *away = last_away;
        int is_its = away != NULL && away == here_away && away->here == &here_away;
        result = arrive(is_its ? watched(away) : away_here(), origin, result);
    }
    return result != NULL ? result : tell_switch_refused(target);
}

static PyObject *
switch_by(void *plainly, PyObject *target, PyObject *args, PyObject *kwargs)
{
    PyObject *origin = set_out(plainly, target, args, kwargs);
    if (origin == Py_None) {
        return NULL;
    }
    target = next_switch.target;
    return come_back(origin, target, ((switch_function)next_switch.plainly)(target, next_switch.args, next_switch.kwargs));
}

static PyObject *
method_switch(PyObject *target, PyObject *args, PyObject *kwargs)
{
    return switch_by((void *)greenlets.switch_plainly, target, args, kwargs);
}

static PyObject *
switch_in_c(PyObject *target, PyObject *args, PyObject *kwargs)
{
    if (!PyObject_TypeCheck(target, greenlets.type)) {
        return greenlets.switch_in_c(target, args, kwargs);
    }
    /* As greenlet takes them. */
    return switch_by((void *)greenlets.switch_in_c, target, args == NULL ? no_args : args,
                     kwargs != NULL && PyDict_Check(kwargs) ? kwargs : NULL);
}

static PyObject *
method_throw(PyObject *target, PyObject *args)
{
    Away *away = away_here();
    PyObject *origin = runs_now(away);
    if (origin != NULL && leave(away, origin, target, NULL, NULL) < 0) {
        return NULL;
    }
    return come_back(origin, target, greenlets.throw_plainly(target, args));
}

static PyObject *
throw_in_c(PyObject *target, PyObject *type, PyObject *error, PyObject *traceback)
{
    Away *away = away_here();
    PyObject *origin = PyObject_TypeCheck(target, greenlets.type) ? runs_now(away) : NULL;
    if (origin == NULL) {
        return greenlets.throw_in_c(target, type, error, traceback);
    }
    return leave(away, origin, target, NULL, NULL) < 0
               ? NULL : arrive(away_here(), origin, greenlets.throw_in_c(target, type, error, traceback));
}

/* A greenlet is to have a parent, which may not have begun. */
static void
note_parent(PyObject *parent)
{
    Away *away = parent != NULL && parent != Py_None && greenlets.functions != NULL &&
                         PyObject_TypeCheck(parent, greenlets.type) && !told_by_greenlet(IS_STARTED, parent)
                     ? away_here() : NULL;
    if (away != NULL) {
        away->stays = 1;
        if (!away->traced) {
            trace_again(away);
        }
    }
}

static int
set_parent(PyObject *greenlet, PyObject *parent, void *closure)
{
    note_parent(parent);
    return greenlets.set_parent(greenlet, parent, closure);
}

static int
set_parent_in_c(PyObject *greenlet, PyObject *parent)
{
    note_parent(parent);
    return greenlets.set_parent_in_c(greenlet, parent);
}

/* The method of that name; NULL if it is not called with `flags`. */
static PyMethodDef *
method_of(PyObject *type, const char *name, int flags)
{
    PyObject *found = PyObject_GetAttrString(type, name);
    PyMethodDef *its = found != NULL && Py_IS_TYPE(found, &PyMethodDescr_Type)
                           ? ((PyMethodDescrObject *)found)->d_method : NULL;
    Py_XDECREF(found);
    return its != NULL && its->ml_flags == flags ? its : NULL;
}

static PyObject *
leave_switches(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    if (greenlets.functions != NULL) {
        greenlets.switches->ml_meth = greenlets.switch_plainly;
        greenlets.throws->ml_meth = greenlets.throw_plainly;
        greenlets.parent->set = greenlets.set_parent;
        greenlets.functions[SWITCH_IN_C] = (void *)greenlets.switch_in_c;
        greenlets.functions[THROW_IN_C] = (void *)greenlets.throw_in_c;
        greenlets.functions[SET_PARENT_IN_C] = (void *)greenlets.set_parent_in_c;
        greenlets.functions = NULL;
    }
    Py_RETURN_NONE;
}

/* (greenlet's type, the capsule of its functions, its `settrace`, its error, what is told of a switch that is refused, and of
   what a greenlet's function has returned, or None, and raised, or None):
   from now on see switches before they are made. Where they are not as they are known, the trace function alone is told
   of them. */
static PyObject *
watch_switches(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *type, *capsule, *settrace, *error, *refused, *left;
    if (!PyArg_ParseTuple(args, "O!OOOOO", &PyType_Type, &type, &capsule, &settrace, &error, &refused, &left)) {
        return NULL;
    }
    void **its = PyCapsule_IsValid(capsule, "greenlet._C_API") ? PyCapsule_GetPointer(capsule, "greenlet._C_API") : NULL;
    PyMethodDef *switches = method_of(type, "switch", METH_VARARGS | METH_KEYWORDS);
    PyMethodDef *throws = method_of(type, "throw", METH_VARARGS);
    PyObject *parent = PyObject_GetAttrString(type, "parent"), *run = PyObject_GetAttrString(type, "run");
    PyErr_Clear();
    if (greenlets.functions == NULL && its != NULL && its[0] == (void *)type && switches != NULL && throws != NULL &&
        parent != NULL && Py_IS_TYPE(parent, &PyGetSetDescr_Type) && run != NULL && Py_IS_TYPE(run, &PyGetSetDescr_Type)) {
        greenlets.type = (PyTypeObject *)Py_NewRef(type);
        Py_XSETREF(greenlets.settrace, Py_NewRef(settrace));
        Py_XSETREF(greenlets.error, Py_NewRef(error));
        Py_XSETREF(greenlets.refused, Py_NewRef(refused));
        Py_XSETREF(greenlets.left, Py_NewRef(left));
        greenlets.switches = switches;
        greenlets.throws = throws;
        greenlets.parent = ((PyGetSetDescrObject *)parent)->d_getset;
        greenlets.run = ((PyGetSetDescrObject *)run)->d_getset;
        greenlets.switch_plainly = switches->ml_meth;
        greenlets.throw_plainly = throws->ml_meth;
        greenlets.set_parent = greenlets.parent->set;
        greenlets.switch_in_c = (switch_function)its[SWITCH_IN_C];
        greenlets.throw_in_c = (throw_function)its[THROW_IN_C];
        greenlets.set_parent_in_c = (int (*)(PyObject *, PyObject *))its[SET_PARENT_IN_C];
        greenlets.functions = its;
        switches->ml_meth = (PyCFunction)(void (*)(void))method_switch;
        throws->ml_meth = method_throw;
        greenlets.parent->set = set_parent;
        its[SWITCH_IN_C] = (void *)switch_in_c;
        its[THROW_IN_C] = (void *)throw_in_c;
        its[SET_PARENT_IN_C] = (void *)set_parent_in_c;
    }
    Py_XDECREF(parent);
    Py_XDECREF(run);
    Py_RETURN_NONE;
}

/* Greenlet calls the hook, or we do in its place. Return 1 if the switch is stored already, -1 if the short way was
   tried. */
static int
begin_tracing(PyObject *origin, PyObject *target)
{
    Away *away = away_here();
    if (away == NULL) {
        return 0;
    }
    int is_stored = 0, was_tried = away->tried == target;
    away->tried = NULL;
    away->runs = target;
    if (!away->calls) {
        is_stored = !away->traced && away->announced == target;
        away->traced = 1;
        drop(away->elsewhere, (Py_ssize_t)target);
        if (origin != target && !is_parked_in(&away->parked, origin) && told_by_greenlet(IS_ACTIVE, origin)) {
            put_in(away->elsewhere, (Py_ssize_t)origin, Py_True);
        }
        away->announced = NULL;
        set_running(away, NULL, 0);
    }
    away->calls = 0;
    return is_stored ? 1 : -was_tried;
}

static PyObject *
switch_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *origin, *target;
    int stored = 0;
    if (tells_switch(args, nargsf, kwnames, &origin, &target)) {
        int begun = begin_tracing(origin, target);
        if (begun == 0 && is_settled((Hook *)self, args)) {
            PyFrameObject *frame = frame_of((Hook *)self, origin);
            stored = frame != NULL && store_raw((Hook *)self, frame, target, NULL);
            Py_XDECREF(frame);
        }
        stored = stored || begun > 0;
    }
    /* What comes in the middle of the hook would else stand in the place of what is thrown. Who runs from now on is asked for
       it right behind the call that has switched there. (Not `hub_way`: a hub of gevent's may wait in C for long.) */
    return stored ? Py_NewRef(Py_None) : LONG_WAY();
}

/* The address of the greenlet that runs in the thread that calls; 0 if that is not known. */
static PyObject *
running_greenlet(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    Away *away = away_here();
    return PyLong_FromVoidPtr(away == NULL ? NULL : away->runs);
}

static PyObject *
attribute(PyObject *object, PyObject *name)
{
    PyObject *found = object == NULL ? NULL : PyObject_GetAttr(object, name);
    if (found == NULL) {
        PyErr_Clear();
    }
    return found;
}

/* Whose doing it is that gevent resumes somebody: gevent/ready.py, and gevent/attribution/ of queues whose first item in is
   the first out, and of semaphores. */

/* Tables of gevent/ready.py by track or by the id of a greenlet, tables of others that stand against a short way, and what
   is called where something is new. */
#define FIELDS_OF_TURNS(X)                                                                                             \
    X(everybody) X(hubs) X(ready) X(promised) X(first) X(unstarted) X(sleeping) X(outwaiting) X(awaited) X(keys)       \
    X(wakes) X(limits) X(limited) X(unheld) X(numbers) X(numbered) X(asked_type) X(greenlet) X(getcurrent) X(local)    \
    X(here) X(times) X(track_of) X(linked) X(store_wake) X(store_unready) X(doer) X(fail) X(unknown) X(callback)       \
    X(states) X(kinds) X(finished) X(new) X(errors) X(dead) X(error_of) X(value_of) X(gevents) X(cancelled) X(references) \
    X(spawn_cause) X(wake_line) X(kill) X(io) X(named) X(said) X(state_type)

/* Who asked the hub for a callback: gevent/callbacks.py. */
#define SLOTS_OF_ASKED(X) X(track) X(cause) X(owner) X(service) X(ended) X(thrown)

enum { DOERS = 64 };

typedef struct {
    PyObject_HEAD
    Py_ssize_t name_of_numbered;
#define OFFSET(name) Py_ssize_t name##_of_asked;
    SLOTS_OF_ASKED(OFFSET)
#undef OFFSET
    /* The number of the last wake that was given here: those are below 0, those that are given in Python above it. */
    long long wake;
    /* Those who did something of their own accord, each a tuple of track and cause, at the place of the track. */
    PyObject *doers[DOERS];
#define FIELD(name) PyObject *name;
    FIELDS_OF_TURNS(FIELD)
#undef FIELD
} Turns;

static PyTypeObject *turns_type, *service_type, *pending_type, *notification_type;
static PyObject *run_text, *name_text, *pending_text, *stop_text, *greenlet_text, *counter_text, *maxsize_text, *state_text, *times_text, *wake_text, *woken_text, *unready_key;
/* Where a HubState has who asked for the callback that the hub runs. */
static Py_ssize_t asked_of_state;
/* And what is known of the places where greenlets are spawned; of a weak reference to a greenlet: its id and track. */
static Py_ssize_t spawns_of_state, key_of_greenlet, track_of_greenlet;
enum { nobody = -1, current_track = -2, unnamed = -4 };

/* When something is told, in which buffer, and who runs then: its track. */
typedef struct {
    PyObject *buffer;
    long long t, track;
} Moment;

/* Integers, or objects, of which the oldest and the newest are taken out. */
typedef struct {
    long long *items;
    Py_ssize_t at, count, room;
} Ring;

static long long *
item_of(const Ring *ring, Py_ssize_t index)
{
    return ring->items + ((ring->at + index) & (ring->room - 1));
}

static int
append(Ring *ring, long long item)
{
    if (ring->count == ring->room) {
        Py_ssize_t room = ring->room == 0 ? 8 : 2 * ring->room;
        long long *items = PyMem_Malloc((size_t)room * sizeof(long long));
        if (items == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        for (Py_ssize_t i = 0; i < ring->count; i++) {
            items[i] = *item_of(ring, i);
        }
        PyMem_Free(ring->items);
        *ring = (Ring){items, 0, ring->count, room};
    }
    ring->count++;
    *item_of(ring, ring->count - 1) = item;
    return 0;
}

static long long
take_first(Ring *ring)
{
    long long item = *item_of(ring, 0);
    ring->at = (ring->at + 1) & (ring->room - 1);
    ring->count--;
    return item;
}

/* item_owners.Doers: each a tuple of track and cause. */
typedef struct {
    Ring known;
    Py_ssize_t unknown;
} Doers;

#define DOER(item) ((PyObject *)(Py_ssize_t)(item))

static Py_ssize_t
count_of(const Doers *doers)
{
    return doers->unknown + doers->known.count;
}

static int
append_doer(Doers *doers, PyObject *doer)
{
    if (append(&doers->known, (Py_ssize_t)doer) < 0) {
        return -1;
    }
    Py_INCREF(doer);
    return 0;
}

/* A new reference; `unknown` too if there is none. */
static PyObject *
take_doer(Doers *doers, PyObject *unknown)
{
    if (doers->unknown > 0) {
        doers->unknown--;
        return Py_NewRef(unknown);
    }
    return doers->known.count > 0 ? DOER(take_first(&doers->known)) : Py_NewRef(unknown);
}

static void
forget_doers(Doers *doers)
{
    while (doers->known.count > 0) {
        Py_DECREF(DOER(take_first(&doers->known)));
        doers->unknown++;
    }
}

static void
fit(Doers *doers, Py_ssize_t count)
{
    Py_ssize_t surplus = count_of(doers) - count;
    if (surplus <= 0) {
        doers->unknown -= surplus;
        return;
    }
    Py_ssize_t gone = surplus < doers->unknown ? surplus : doers->unknown;
    doers->unknown -= gone;
    for (Py_ssize_t i = gone; i < surplus && doers->known.count > 0; i++) {
        Py_DECREF(DOER(take_first(&doers->known)));
    }
}

/* wait_queues.End. */
typedef struct {
    PyObject *waiters, *last;
    Ring tracks;
    Py_ssize_t reported;
} End;

typedef struct {
    PyObject_HEAD
    Turns *turns;
    End one, other;
    /* Of a queue: its items, whose they are, who made room, for which item somebody was served last, and the most. Of a
       semaphore: itself, and who released it. */
    PyObject *items, *semaphore;
    Doers owners, rooms;
    void *head;
    Py_ssize_t maxsize;
    /* By track: whose doing it is that it was told to be ready, the number of that wake, and of the first one if it was told
       anew meanwhile. */
    PyObject *doers, *wakes, *first_wakes;
} Service;

static Py_ssize_t
length_of(PyObject *things)
{
    return PyList_CheckExact(things) ? PyList_GET_SIZE(things) : PyObject_Size(things);
}

/* The greenlet of who waits there, a new reference; None of one who is only about to wait. */
static PyObject *
greenlet_of_waiter(PyObject *waiters, Py_ssize_t index)
{
    PyObject *waiter = PySequence_GetItem(waiters, index);
    PyObject *found = waiter == NULL ? NULL : PyObject_GetAttr(waiter, greenlet_text);
    Py_XDECREF(waiter);
    return found;
}

/* Take what stands for `key` out, if anything does; return whether it did. */
static inline int
drop(PyObject *table, long long key)
{
    PyObject *taken = count_in(table) == 0 ? NULL : take_from(table, key);
    Py_XDECREF(taken);
    return taken != NULL;
}

static int
has(PyObject *table, long long key)
{
    return find_in(table, key) != NULL;
}

static PyObject *
call(PyObject *function, PyObject *const *args, size_t count)
{
    return with_room(function, args, count, NULL);
}

/* Tell Python the time of what is told now. */
static int
set_time(Turns *self, long long t)
{
    PyObject *time = PyLong_FromLongLong(t);
    int done = time == NULL ? -1 : PyObject_SetAttr(self->times, times_text, time);
    Py_XDECREF(time);
    return done;
}

/* Return -1 and an exception if it cannot be known. */
static int
track_of(Turns *self, long long t, PyObject *greenlet, long long *track)
{
    *track = number(of_id(self->everybody, greenlet));
    if (*track >= 0) {
        if (!has(self->keys, *track)) {
            PyObject *key = PyLong_FromVoidPtr(greenlet);
            int known = key != NULL && put_in(self->keys, *track, key);
            Py_XDECREF(key);
            if (!known) {
                PyErr_NoMemory();
                return -1;
            }
        }
        return 0;
    }
    PyObject *found = set_time(self, t) < 0 ? NULL : call(self->track_of, &greenlet, 1);
    *track = number(found);
    Py_XDECREF(found);
    return found == NULL ? -1 : 0;
}

/* Ready.linked: the track that a link goes on with, nobody's if none. */
static int
track_of_link(Turns *self, long long t, PyObject *link, long long *track)
{
    PyObject *owner = PyCFunction_CheckExact(link) ? PyCFunction_GET_SELF(link) : NULL;
    if (owner != NULL && PyObject_TypeCheck(owner, (PyTypeObject *)self->greenlet) &&
        strcmp(((PyCFunctionObject *)link)->m_ml->ml_name, "switch") == 0) {
        return track_of(self, t, owner, track);
    }
    PyObject *linked = set_time(self, t) < 0 ? NULL : call(self->linked, &link, 1);
    *track = number(linked);
    Py_XDECREF(linked);
    return linked == NULL ? -1 : 0;
}

/* The greenlet that runs, a new reference. */
static PyObject *
current_of(Turns *self)
{
    Away *away = away_here();
    return away != NULL && !away->traced && away->running != NULL ? Py_NewRef(away->running)
                                                                   : PyObject_CallNoArgs(self->getcurrent);
}

/* What a Moment has of the thread that calls. The buffer is a new reference. */
static int
begin_moment(Turns *self, Moment *moment, long long t)
{
    Away *away = away_here();
    PyObject *its = away == NULL ? NULL : away->hook->buffer;
    moment->t = t;
    moment->buffer = is_here(its, self->local) ? Py_NewRef(its) : PyObject_GetAttr(self->local, buffer_text);
    if (moment->buffer == NULL) {
        PyErr_Clear();
        PyObject *time = PyLong_FromLongLong(t);
        moment->buffer = time == NULL ? NULL : call(self->here, &time, 1);
        Py_XDECREF(time);
    }
    PyObject *current = moment->buffer == NULL ? NULL : current_of(self);
    int known = current == NULL ? -1 : track_of(self, t, current, &moment->track);
    Py_XDECREF(current);
    if (known == 0 && !Py_IS_TYPE(moment->buffer, buffer_slots.type)) {
        PyErr_SetString(PyExc_TypeError, "that is no buffer of which `learn` was told");
        known = -1;
    }
    if (known < 0) {
        Py_CLEAR(moment->buffer);
    }
    return known;
}

/* The shape of what is stored under `key`; -1 if it has none. */
static long long
shape_known(PyObject *buffer, PyObject *key)
{
    PyObject *shapes = BUFFER(buffer, _shapes);
    PyObject *known = key == NULL || shapes == NULL || !PyDict_CheckExact(shapes)
                          ? NULL : PyDict_GetItemWithError(shapes, key);
    if (known == NULL) {
        PyErr_Clear();
    }
    return known != NULL && PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 2
               ? number(PyTuple_GET_ITEM(known, 0)) : -1;
}

/* Tell that `track` is woken by an end, which nobody else is: as an event with all its parts. Return whether that is
   stored. */
static int
store_wake_of_end(Turns *self, const Moment *moment, long long track, PyObject *waker, PyObject *cause)
{
    PyObject *rows = BUFFER(moment->buffer, rows), *parts = BUFFER(moment->buffer, parts);
    if (rows == NULL || !Py_IS_TYPE(rows, rows_type) || parts == NULL || !PyList_CheckExact(parts) ||
        ((Rows *)rows)->size > full || waker == NULL) {
        return 0;
    }
    Py_ssize_t before = PyList_GET_SIZE(parts);
    PyObject *made[] = {PyLong_FromLongLong(moment->t), PyLong_FromLongLong(track), PyTuple_Pack(2, waker, cause),
                        PyLong_FromLong(0)};
    PyObject *all[] = {self->wake_line, made[0], made[1], made[2], Py_None, Py_None, made[3]};
    int stored = made[0] != NULL && made[1] != NULL && made[2] != NULL && made[3] != NULL;
    for (int i = 0; i < 7; i++) {
        stored = stored && PyList_Append(parts, all[i]) == 0;
    }
    for (int i = 0; i < 4; i++) {
        Py_XDECREF(made[i]);
    }
    if (!stored || !store_at(rows, moment->t, of_parts, 0)) {
        PyErr_Clear();
        if (PyList_SetSlice(parts, before, PY_SSIZE_T_MAX, NULL) < 0) {
            PyErr_Clear();
        }
        return 0;
    }
    return 1;
}

/* Let ready.store_wake store it, `its` being who wakes. */
static int
learn_wake(Turns *self, const Moment *moment, long long track, PyObject *its, PyObject *cause)
{
    PyObject *args[] = {moment->buffer, PyLong_FromLongLong(moment->t), PyLong_FromLongLong(track),
                        PyTuple_Pack(2, its, cause)};
    PyObject *done = args[1] == NULL || args[2] == NULL || args[3] == NULL ? NULL : call(self->store_wake, args, 4);
    for (int i = 1; i < 4; i++) {
        Py_XDECREF(args[i]);
    }
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* How wakes are known that have a shape: by who wakes, or by whom the end of another wakes, and for what. */
enum { BY_CALLBACK, BY_IO, BY_SPAWN, BY_END, KINDS_OF_WAKES, MOST_WAKES = 8192 };

/* ready.store_wake: `waker`, who may be the one that runs, does that. */
static int
tell_wake(Turns *self, const Moment *moment, long long track, long long waker, PyObject *cause)
{
    PyObject *wakes = BUFFER(moment->buffer, wakes);
    int is_its = waker == moment->track, is_end = cause == self->finished && waker >= 0 && !is_its;
    int kind = is_end                       ? BY_END
               : cause == self->callback    ? BY_CALLBACK
               : cause == self->io          ? BY_IO
               : cause == self->spawn_cause ? BY_SPAWN
                                            : KINDS_OF_WAKES;
    if (wakes == NULL || !Py_IS_TYPE(wakes, table_type)) {
        kind = KINDS_OF_WAKES;
    }
    long long subject = is_end ? waker : track, at = (is_end ? track : is_its ? current_track : waker) * KINDS_OF_WAKES + kind;
    PyObject *known = kind == KINDS_OF_WAKES ? NULL : find_in(wakes, at);
    if (known != NULL && known != Py_None && store_at(BUFFER(moment->buffer, rows), moment->t, subject, number(known))) {
        return 0;
    }
    PyObject *its = PyLong_FromLongLong(is_its ? current_track : waker);
    PyObject *whom = its == NULL || !is_end ? NULL : PyLong_FromLongLong(track);
    PyObject *key = its == NULL ? NULL
                    : !is_end   ? PyTuple_Pack(3, wake_text, its, cause)
                    : whom == NULL ? NULL : PyTuple_Pack(3, woken_text, whom, cause);
    /* Most are woken so only once: nothing is made of that. */
    int is_first = is_end && known == NULL;
    long long shape = key == NULL || is_first ? -1 : shape_known(moment->buffer, key);
    int told = shape >= 0 && store_at(BUFFER(moment->buffer, rows), moment->t, subject, shape);
    PyObject *kept = told ? PyLong_FromLongLong(shape) : is_first ? Py_NewRef(Py_None) : NULL;
    if (kept != NULL && kind != KINDS_OF_WAKES) {
        if (count_in(wakes) >= MOST_WAKES) {
            table_clear(wakes);
        }
        put_in(wakes, at, kept);
    }
    Py_XDECREF(kept);
    PyErr_Clear();
    told = told || (is_first && store_wake_of_end(self, moment, track, its, cause)) ? 0
           : key == NULL ? -1 : learn_wake(self, moment, track, its, cause);
    Py_XDECREF(key);
    Py_XDECREF(whom);
    Py_XDECREF(its);
    return told;
}

static int
tell_unready(Turns *self, const Moment *moment, long long track)
{
    long long shape = shape_known(moment->buffer, unready_key);
    if (shape >= 0 && store_at(BUFFER(moment->buffer, rows), moment->t, track, shape)) {
        return 0;
    }
    PyObject *args[] = {moment->buffer, PyLong_FromLongLong(moment->t), PyLong_FromLongLong(track)};
    PyObject *done = args[1] == NULL || args[2] == NULL ? NULL : call(self->store_unready, args, 3);
    Py_XDECREF(args[1]);
    Py_XDECREF(args[2]);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static void
unsuspend(Turns *self, long long track)
{
    drop(self->sleeping, track);
    drop(self->outwaiting, track);
    drop(self->awaited, track);
}

/* Ready.report, of who is notified; the number of the wake, NULL and an exception if it is not told. */
static PyObject *
report(Turns *self, const Moment *moment, long long track, PyObject *doer)
{
    PyObject *wake = PyLong_FromLongLong(--self->wake);
    int is_noted = wake != NULL && put_in(self->wakes, track, wake) &&
                   put_in(has(self->unstarted, track) ? self->first : self->promised, track, Py_True);
    if (!is_noted) {
        Py_XDECREF(wake);
        return PyErr_NoMemory();
    }
    unsuspend(self, track);
    if (tell_wake(self, moment, track, number(PyTuple_GET_ITEM(doer, 0)), PyTuple_GET_ITEM(doer, 1)) < 0) {
        Py_CLEAR(wake);
    }
    return wake;
}

/* Ready.has. */
static int
is_ready(Turns *self, long long track)
{
    if (has(self->first, track) || has(self->promised, track)) {
        return 1;
    }
    PyObject *key = find_in(self->keys, track);
    PyObject *its = key == NULL ? NULL : find_in(self->ready, PyLong_AsLongLong(key));
    return its != NULL && number(its) == track;
}

static int
is_ready_by(Turns *self, long long track, long long wake)
{
    PyObject *last = find_in(self->wakes, track);
    return last != NULL && PyLong_AsLongLong(last) == wake && is_ready(self, track);
}

/* Ready.take_back. */
static int
take_back(Turns *self, const Moment *moment, long long track, long long wake)
{
    if (!is_ready_by(self, track, wake)) {
        return 0;
    }
    drop(self->promised, track);
    drop(self->first, track);
    return tell_unready(self, moment, track);
}

/* Services: attribution/wait_queues.py. */

static int
is_joined(const End *end)
{
    Py_ssize_t count = length_of(end->waiters);
    if (count <= 0) {
        return count < 0 ? -1 : 0;
    }
    PyObject *greenlet = greenlet_of_waiter(end->waiters, count - 1);
    Py_XDECREF(greenlet);
    return greenlet == NULL ? -1 : greenlet == Py_None;
}

static int
is_as_known(const End *end)
{
    Py_ssize_t count = end->tracks.count;
    if (count == 0) {
        return 1;
    }
    Py_ssize_t waiting = length_of(end->waiters);
    if (waiting < count) {
        return waiting < 0 ? -1 : 0;
    }
    PyObject *last = PySequence_GetItem(end->waiters, count - 1);
    Py_XDECREF(last);
    return last == NULL ? -1 : last == end->last;
}

/* The track of who waits there, `current` if that one is only about to; nobody's if it is none. */
static int
track_waiting(Service *self, long long t, End *end, Py_ssize_t index, PyObject *current, long long *track)
{
    if (self->semaphore == NULL) {
        PyObject *greenlet = greenlet_of_waiter(end->waiters, index);
        if (greenlet == NULL) {
            return -1;
        }
        int found = track_of(self->turns, t, greenlet == Py_None && current != NULL ? current : greenlet, track);
        Py_DECREF(greenlet);
        return found;
    }
    PyObject *link = PySequence_GetItem(end->waiters, index);
    int found = link == NULL ? -1 : track_of_link(self->turns, t, link, track);
    Py_XDECREF(link);
    return found;
}

static int
know(Service *self, long long t, End *end, Py_ssize_t count, PyObject *current)
{
    Py_ssize_t waiting = length_of(end->waiters);
    if (waiting < 0) {
        return -1;
    }
    count = count < waiting ? count : waiting;
    if (count == end->tracks.count) {
        return 0;
    }
    while (end->tracks.count > count) {
        end->tracks.count--;
    }
    while (end->tracks.count < count) {
        long long track;
        if (track_waiting(self, t, end, end->tracks.count, current, &track) < 0 || append(&end->tracks, track) < 0) {
            return -1;
        }
    }
    Py_CLEAR(end->last);
    if (count > 0 && (end->last = PySequence_GetItem(end->waiters, count - 1)) == NULL) {
        return -1;
    }
    return 0;
}

static int
serve_first(End *end, long long track)
{
    if (end->tracks.count == 0 || *item_of(&end->tracks, 0) != track) {
        return 0;
    }
    take_first(&end->tracks);
    end->reported -= end->reported > 0;
    if (end->tracks.count == 0) {
        Py_CLEAR(end->last);
    }
    return 1;
}

static void
forget_end(End *end)
{
    end->tracks.count = 0;
    end->reported = 0;
    Py_CLEAR(end->last);
}

/* Whether two say the same track and cause. */
static int
is_same_doer(PyObject *one, PyObject *other)
{
    return one == other || (number(PyTuple_GET_ITEM(one, 0)) == number(PyTuple_GET_ITEM(other, 0)) &&
                            PyUnicode_Compare(PyTuple_GET_ITEM(one, 1), PyTuple_GET_ITEM(other, 1)) == 0);
}

/* Forget what was told of `track`. */
static void
forget_told(Service *self, long long track)
{
    drop(self->doers, track);
    drop(self->wakes, track);
    drop(self->first_wakes, track);
}

/* Service._take_back. */
static int
withdraw_track(Service *self, const Moment *moment, long long track)
{
    PyObject *known = find_in(self->wakes, track);
    if (known == NULL) {
        return 0;
    }
    long long wake = PyLong_AsLongLong(known);
    forget_told(self, track);
    return take_back(self->turns, moment, track, wake);
}

/* Service._make_ready. */
static int
make_ready(Service *self, const Moment *moment, long long track, PyObject *doer)
{
    if (track == nobody) {
        return 0;
    }
    PyObject *known = find_in(self->wakes, track);
    if (known != NULL) {
        long long wake = PyLong_AsLongLong(known);
        if (is_same_doer(find_in(self->doers, track), doer) && is_ready_by(self->turns, track, wake)) {
            return 0;
        }
        if (!has(self->first_wakes, track) && !put_in(self->first_wakes, track, known)) {
            PyErr_NoMemory();
            return -1;
        }
        if (take_back(self->turns, moment, track, wake) < 0) {
            return -1;
        }
    }
    PyObject *wake = report(self->turns, moment, track, doer);
    int is_noted = wake != NULL && put_in(self->doers, track, doer) && put_in(self->wakes, track, wake);
    if (wake != NULL && !is_noted) {
        PyErr_NoMemory();
    }
    Py_XDECREF(wake);
    return is_noted ? 0 : -1;
}

/* A new reference; the oldest are those that nobody knows. NULL and an exception if there are not as many. */
static PyObject *
doer_at(Service *self, const Doers *doers, Py_ssize_t index)
{
    index -= doers->unknown;
    if (index < 0) {
        return Py_NewRef(self->turns->unknown);
    }
    if (index >= doers->known.count) {
        PyErr_SetString(PyExc_IndexError, "so many did nothing");
        return NULL;
    }
    return Py_NewRef(DOER(*item_of(&doers->known, index)));
}

/* `track`, for that cause: a new reference. */
static PyObject *
doer_for(long long track, PyObject *cause)
{
    PyObject *its = PyLong_FromLongLong(track);
    PyObject *doer = its == NULL ? NULL : PyTuple_Pack(2, its, cause);
    Py_XDECREF(its);
    return doer;
}

/* `track`, of its own accord: a new reference. */
static PyObject *
doer_of(Turns *self, long long track)
{
    PyObject **known = &self->doers[(unsigned long long)track % DOERS];
    if (*known == NULL || number(PyTuple_GET_ITEM(*known, 0)) != track) {
        PyObject *doer = doer_for(track, self->callback);
        if (doer == NULL) {
            return NULL;
        }
        Py_XSETREF(*known, doer);
    }
    return Py_NewRef(*known);
}

/* Whether so many of an end are known; an exception if not: another thread has looked meanwhile. */
static int
is_there(const End *end, Py_ssize_t index)
{
    if (index >= end->tracks.count) {
        PyErr_SetString(PyExc_IndexError, "so many do not wait");
    }
    return index < end->tracks.count;
}

/* Tell that the one with that number of the first end is ready. */
static int
make_first_ready(Service *self, const Moment *moment, Py_ssize_t index)
{
    if (!is_there(&self->one, index)) {
        return -1;
    }
    PyObject *doer = doer_at(self, &self->rooms, index);
    int done = doer == NULL ? -1 : make_ready(self, moment, *item_of(&self->one.tracks, index), doer);
    Py_XDECREF(doer);
    return done;
}

/* The same of the second end: it has the item that is there, or that one of the first end will put. */
static int
make_second_ready(Service *self, const Moment *moment, Py_ssize_t index)
{
    Py_ssize_t behind = index - count_of(&self->owners);
    if (!is_there(&self->other, index) || (behind >= 0 && !is_there(&self->one, behind))) {
        return -1;
    }
    PyObject *doer = behind < 0 ? doer_at(self, &self->owners, index)
                                : doer_of(self->turns, *item_of(&self->one.tracks, behind));
    int done = doer == NULL ? -1 : make_ready(self, moment, *item_of(&self->other.tracks, index), doer);
    Py_XDECREF(doer);
    return done;
}

static int
withdraw(Service *self, const Moment *moment, End *end, Py_ssize_t count)
{
    for (Py_ssize_t index = count; index < end->reported; index++) {
        if (!is_there(end, index)) {
            return -1;
        }
        if (withdraw_track(self, moment, *item_of(&end->tracks, index)) < 0) {
            return -1;
        }
    }
    end->reported = count < end->reported ? count : end->reported;
    return 0;
}

/* Take back what was told of all but the first so many of both ends: in order of their tracks. */
static int
withdraw_others(Service *self, const Moment *moment, Py_ssize_t first, Py_ssize_t second)
{
    PyObject *told = listed(self->wakes, 1, 0);
    int done = told == NULL || PyList_Sort(told) < 0 ? -1 : 0;
    for (Py_ssize_t i = 0; done == 0 && i < PyList_GET_SIZE(told); i++) {
        long long track = number(PyList_GET_ITEM(told, i));
        int stays = 0;
        for (Py_ssize_t at = 0; at < first && at < self->one.tracks.count; at++) {
            stays |= *item_of(&self->one.tracks, at) == track;
        }
        for (Py_ssize_t at = 0; at < second && at < self->other.tracks.count; at++) {
            stays |= *item_of(&self->other.tracks, at) == track;
        }
        done = stays ? 0 : withdraw_track(self, moment, track);
    }
    Py_XDECREF(told);
    return done;
}

/* TwoEnds._report. Of all of the second end it can be told whose doing it is. */
static int
report_ends(Service *self, const Moment *moment, PyObject *current, Py_ssize_t first, Py_ssize_t second)
{
    End *one = &self->one, *other = &self->other;
    int is_known = is_as_known(one);
    is_known = is_known <= 0 ? is_known : is_as_known(other);
    if (is_known < 0) {
        return -1;
    }
    if (is_known) {
        if (withdraw(self, moment, one, first) < 0 || withdraw(self, moment, other, second) < 0) {
            return -1;
        }
    }
    else {
        forget_end(one);
        forget_end(other);
    }
    if (know(self, moment->t, one, first + 1, current) < 0 || know(self, moment->t, other, second + 1, current) < 0 ||
        (!is_known && withdraw_others(self, moment, first, second) < 0)) {
        return -1;
    }
    /* Whose turn comes next: TwoEnds._report_next. */
    enum { NEXT = 2 };
    for (Py_ssize_t index = 0, turns = 0; index < NEXT; index++) {
        if (index < first && turns < NEXT && (turns++, make_first_ready(self, moment, index)) < 0) {
            return -1;
        }
        if (index < second && turns < NEXT && (turns++, make_second_ready(self, moment, index)) < 0) {
            return -1;
        }
    }
    /* And those who were not told: TwoEnds._report_new. */
    Py_ssize_t from = one->reported < other->reported ? one->reported : other->reported;
    for (Py_ssize_t index = from; index < first || index < second; index++) {
        for (int is_first = 1; is_first >= 0; is_first--) {
            End *end = is_first ? one : other;
            if (index < end->reported || index >= (is_first ? first : second)) {
                continue;
            }
            if (!is_there(end, index)) {
                return -1;
            }
            if (!has(self->wakes, *item_of(&end->tracks, index)) &&
                (is_first ? make_first_ready(self, moment, index) : make_second_ready(self, moment, index)) < 0) {
                return -1;
            }
        }
    }
    one->reported = first;
    other->reported = second;
    return 0;
}

/* attribution/queues.py. */

/* The item that comes out next, only for its address; NULL if there is none. */
static void *
head_of(Service *self)
{
    PyObject *head = length_of(self->items) > 0 ? PySequence_GetItem(self->items, 0) : NULL;
    Py_XDECREF(head);
    PyErr_Clear();
    return head;
}

static void
look_at_head(Service *self)
{
    void *head = self->head;
    self->head = NULL;
    Py_ssize_t more = length_of(self->items) - count_of(&self->owners);
    if (head != NULL && more > 0 && (more > 1 || head_of(self) == head)) {
        fit(&self->owners, count_of(&self->owners) + 1);
        forget_doers(&self->rooms);
    }
}

static void
agree(Service *self)
{
    look_at_head(self);
    Py_ssize_t count = length_of(self->items);
    fit(&self->owners, count);
    if (self->maxsize > 0) {
        fit(&self->rooms, self->maxsize > count ? self->maxsize - count : 0);
    }
}

static int
put_item(Service *self, PyObject *doer)
{
    fit(&self->owners, length_of(self->items) - 1);
    return append_doer(&self->owners, doer);
}

static int
report_queue(Service *self, const Moment *moment, PyObject *current)
{
    Py_ssize_t putters = length_of(self->one.waiters), getters = length_of(self->other.waiters);
    if (putters < 0 || getters < 0) {
        return -1;
    }
    Py_ssize_t putting = count_of(&self->rooms) < putters ? count_of(&self->rooms) : putters;
    Py_ssize_t getting = count_of(&self->owners) + putting;
    return report_ends(self, moment, current, putting, getting < getters ? getting : getters);
}

/* A semaphore's counter; -1 and an exception if it is none. */
static Py_ssize_t
counter_of(Service *self)
{
    PyObject *counter = PyObject_GetAttr(self->semaphore, counter_text);
    Py_ssize_t count = counter == NULL ? -1 : PyNumber_AsSsize_t(counter, NULL);
    Py_XDECREF(counter);
    return count;
}

/* Service.look. */
static int
service_look(Service *self, const Moment *moment, PyObject *current)
{
    if (self->semaphore == NULL) {
        agree(self);
        return report_queue(self, moment, current);
    }
    Py_ssize_t counter = counter_of(self), links = length_of(self->one.waiters);
    if ((counter < 0 && PyErr_Occurred()) || links < 0) {
        return -1;
    }
    fit(&self->rooms, counter > 0 ? counter : 0);
    Py_ssize_t released = count_of(&self->rooms);
    return report_ends(self, moment, current, released < links ? released : links, 0);
}

/* Service.ask. */
static int
service_ask(Service *self, const Moment *moment, PyObject *current, PyObject *doer)
{
    if (self->semaphore != NULL) {
        Py_ssize_t links = length_of(self->one.waiters);
        PyObject *last = links > 0 ? PySequence_GetItem(self->one.waiters, links - 1) : NULL;
        PyObject *owner = last != NULL && PyCFunction_CheckExact(last) ? Py_XNewRef(PyCFunction_GET_SELF(last)) : NULL;
        if (last != NULL && owner == NULL) {
            owner = attribute(last, self_text);
        }
        Py_XDECREF(last);
        Py_XDECREF(owner);
        PyErr_Clear();
        if (links <= 0 || owner != current) {
            /* Others may have acquired it without waiting. */
            Py_ssize_t counter = counter_of(self);
            if (counter < 0 && PyErr_Occurred()) {
                return -1;
            }
            fit(&self->rooms, counter > 0 ? counter - 1 : 0);
            if (append_doer(&self->rooms, doer) < 0) {
                return -1;
            }
        }
        return service_look(self, moment, current);
    }
    int joined = is_joined(&self->other);
    joined = joined != 0 ? joined : is_joined(&self->one);
    if (joined < 0) {
        return -1;
    }
    if (!joined) {
        look_at_head(self);
        Py_ssize_t putters = length_of(self->one.waiters), getters = length_of(self->other.waiters);
        if (getters > 0 && (putters == 0 || length_of(self->items) > count_of(&self->owners))) {
            if (put_item(self, doer) < 0) {
                return -1;
            }
        }
        else {
            /* It is about to take one: the length does not show it yet. */
            agree(self);
            if (count_of(&self->owners) > 0) {
                Py_DECREF(take_doer(&self->owners, self->turns->unknown));
            }
            return append_doer(&self->rooms, doer) < 0 ? -1 : report_queue(self, moment, current);
        }
    }
    return service_look(self, moment, current);
}

/* Service._taken_by: a new reference; NULL, and no exception, if `track` did not wait here. */
static PyObject *
taken_by(Service *self, long long track)
{
    PyObject *unknown = self->turns->unknown;
    if (self->semaphore != NULL) {
        serve_first(&self->one, track);
        Py_ssize_t counter = counter_of(self);
        if (counter < 0 && PyErr_Occurred()) {
            return NULL;
        }
        fit(&self->rooms, counter > 0 ? counter : 0);
        return take_doer(&self->rooms, unknown);
    }
    int puts = serve_first(&self->one, track);
    if (!puts && !serve_first(&self->other, track)) {
        return NULL;
    }
    PyObject *doer = doer_of(self->turns, track);
    int done = doer == NULL ? -1 : 0;
    if (done == 0 && puts) {
        /* Its item is in the queue already. */
        done = put_item(self, doer);
    }
    else if (done == 0) {
        fit(&self->owners, length_of(self->items));
        self->head = head_of(self);
        if (self->maxsize > 0 || length_of(self->one.waiters) > 0) {
            done = append_doer(&self->rooms, doer);
        }
    }
    Py_XDECREF(doer);
    return done < 0 ? NULL : take_doer(puts ? &self->rooms : &self->owners, unknown);
}

/* Service.serve: whether `track` waited here; -1 and an exception. */
static int
service_serve(Service *self, const Moment *moment, long long track)
{
    PyObject *doer = taken_by(self, track);
    if (doer == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    int done = make_ready(self, moment, track, doer);
    Py_DECREF(doer);
    forget_told(self, track);
    return done < 0 ? -1 : 1;
}

/* Whom it was told of first: each wake has a lower number than the one before. */
static int
compare_told(const void *one, const void *other)
{
    const long long *its = one, *others = other;
    return (its[0] < others[0]) - (its[0] > others[0]);
}

static int
service_close(Service *self, const Moment *moment)
{
    size_t count = count_in(self->wakes), found = 0;
    const Table *wakes = (Table *)self->wakes;
    if (count == 0) {
        return 0;
    }
    long long (*told)[2] = PyMem_Calloc(count, sizeof(*told));
    if (told == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i <= wakes->mask; i++) {
        if (wakes->entries[i].value != NULL) {
            PyObject *first = find_in(self->first_wakes, wakes->entries[i].key);
            told[found][0] = PyLong_AsLongLong(first != NULL ? first : wakes->entries[i].value);
            told[found++][1] = wakes->entries[i].key;
        }
    }
    qsort(told, count, sizeof(*told), compare_told);
    int done = 0;
    for (size_t i = 0; done == 0 && i < count; i++) {
        done = withdraw_track(self, moment, told[i][1]);
    }
    PyMem_Free(told);
    return done;
}

/* As Python calls these: at the time of what is told now, Ready.t_ns. */
static int
begin_told(Service *self, Moment *moment)
{
    PyObject *t = PyObject_GetAttr(self->turns->times, times_text);
    long long t_ns = t == NULL ? -1 : PyLong_AsLongLong(t);
    Py_XDECREF(t);
    return PyErr_Occurred() ? -1 : begin_moment(self->turns, moment, t_ns);
}

static int
is_doer(PyObject *doer)
{
    if (PyTuple_CheckExact(doer) && PyTuple_GET_SIZE(doer) == 2 && PyLong_CheckExact(PyTuple_GET_ITEM(doer, 0)) &&
        PyUnicode_CheckExact(PyTuple_GET_ITEM(doer, 1))) {
        return 1;
    }
    PyErr_SetString(PyExc_TypeError, "who did it is a track and a cause");
    return 0;
}

static PyObject *
service_ask_(PyObject *self, PyObject *args)
{
    PyObject *current, *doer;
    Moment moment;
    if (!PyArg_ParseTuple(args, "OO", &current, &doer) || !is_doer(doer) || begin_told((Service *)self, &moment) < 0) {
        return NULL;
    }
    int done = service_ask((Service *)self, &moment, current, doer);
    Py_DECREF(moment.buffer);
    return done < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
service_look_(PyObject *self, PyObject *current)
{
    Moment moment;
    if (begin_told((Service *)self, &moment) < 0) {
        return NULL;
    }
    int done = service_look((Service *)self, &moment, current == Py_None ? NULL : current);
    Py_DECREF(moment.buffer);
    return done < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
service_serve_(PyObject *self, PyObject *track)
{
    Moment moment;
    if (begin_told((Service *)self, &moment) < 0) {
        return NULL;
    }
    int done = service_serve((Service *)self, &moment, number(track));
    Py_DECREF(moment.buffer);
    return done < 0 ? NULL : PyBool_FromLong(done);
}

static PyObject *
service_close_(PyObject *self, PyObject *Py_UNUSED(args))
{
    Moment moment;
    if (begin_told((Service *)self, &moment) < 0) {
        return NULL;
    }
    int done = service_close((Service *)self, &moment);
    Py_DECREF(moment.buffer);
    return done < 0 ? NULL : Py_NewRef(Py_None);
}

static int
service_clear(PyObject *object)
{
    Service *self = (Service *)object;
    forget_doers(&self->owners);
    forget_doers(&self->rooms);
    Py_CLEAR(self->turns);
    Py_CLEAR(self->one.waiters);
    Py_CLEAR(self->one.last);
    Py_CLEAR(self->other.waiters);
    Py_CLEAR(self->other.last);
    Py_CLEAR(self->items);
    Py_CLEAR(self->semaphore);
    Py_CLEAR(self->doers);
    Py_CLEAR(self->wakes);
    Py_CLEAR(self->first_wakes);
    return 0;
}

static int
service_traverse(PyObject *object, visitproc visit, void *arg)
{
    Service *self = (Service *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->turns);
    Py_VISIT(self->one.waiters);
    Py_VISIT(self->one.last);
    Py_VISIT(self->other.waiters);
    Py_VISIT(self->other.last);
    Py_VISIT(self->items);
    Py_VISIT(self->semaphore);
    Py_VISIT(self->doers);
    Py_VISIT(self->wakes);
    Py_VISIT(self->first_wakes);
    return 0;
}

static void
service_dealloc(PyObject *object)
{
    Service *self = (Service *)object;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    /* Not service_clear as the garbage collector calls it: it uses nothing that is cleared. */
    service_clear(object);
    PyMem_Free(self->owners.known.items);
    PyMem_Free(self->rooms.known.items);
    PyMem_Free(self->one.tracks.items);
    PyMem_Free(self->other.tracks.items);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef service_methods[] = {
    {"ask", service_ask_, METH_VARARGS, NULL},
    {"look", service_look_, METH_O, NULL},
    {"serve", service_serve_, METH_O, NULL},
    {"close", service_close_, METH_NOARGS, NULL},
    {NULL},
};
static PyType_Slot service_type_slots[] = {
    {Py_tp_dealloc, service_dealloc},
    {Py_tp_traverse, service_traverse},
    {Py_tp_clear, service_clear},
    {Py_tp_methods, service_methods},
    {0, NULL},
};
static PyType_Spec service_spec = {
    .name = "visualizer.tracers._recorder.Service",
    .basicsize = sizeof(Service),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = service_type_slots,
};

static PyObject *
new_service(Turns *turns, PyObject *one, PyObject *other, PyObject *items, PyObject *semaphore, PyObject *maxsize)
{
    Service *self = PyObject_GC_New(Service, service_type);
    if (self == NULL) {
        return NULL;
    }
    memset((char *)self + sizeof(PyObject), 0, sizeof(Service) - sizeof(PyObject));
    self->turns = (Turns *)Py_NewRef((PyObject *)turns);
    self->one.waiters = Py_NewRef(one);
    self->other.waiters = Py_NewRef(other);
    self->items = Py_XNewRef(items);
    self->semaphore = Py_XNewRef(semaphore);
    self->maxsize = maxsize == NULL ? 0 : (Py_ssize_t)number(maxsize);
    self->doers = table_new(table_type, NULL, NULL);
    self->wakes = table_new(table_type, NULL, NULL);
    self->first_wakes = table_new(table_type, NULL, NULL);
    PyObject_GC_Track(self);
    if (self->doers == NULL || self->wakes == NULL || self->first_wakes == NULL) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* (items, who get, who put, the most) -> QueueService of attribution/queues.py, whose first item in is the first out. */
static PyObject *
turns_queue(PyObject *self, PyObject *args)
{
    PyObject *items, *getters, *putters, *maxsize;
    if (!PyArg_ParseTuple(args, "OOOO", &items, &getters, &putters, &maxsize)) {
        return NULL;
    }
    return new_service((Turns *)self, putters, getters, items, NULL, maxsize);
}

/* (semaphore, links) -> SemaphoreService of attribution/services.py. */
static PyObject *
turns_semaphore(PyObject *self, PyObject *args)
{
    PyObject *semaphore, *links;
    if (!PyArg_ParseTuple(args, "OO!", &semaphore, &PyList_Type, &links)) {
        return NULL;
    }
    PyObject *none = PyTuple_New(0);
    PyObject *made = none == NULL ? NULL : new_service((Turns *)self, links, none, NULL, semaphore, NULL);
    Py_XDECREF(none);
    return made;
}

/* What the loop's `run_callback` returned, in the hands of the object that asked: Pending of attribution/services.py. */
typedef struct {
    PyObject_HEAD
    /* `asked` has the service, `again` is what is to be called in Python where that may be none of ours. Of the start of a
       greenlet: Starting of spawns.py, a reference to it and its track. */
    PyObject *callback, *asked, *again, *start, *track;
    Turns *turns;
} Pending;

static PyObject *
service_in(Turns *self, PyObject *asked)
{
    return asked != NULL && (PyObject *)Py_TYPE(asked) == self->asked_type ? SLOT(asked, self->service_of_asked) : NULL;
}

/* A hook has failed: as Context.fail. Return -1 if what a signal's handler raised goes on. */
static int
failed(Turns *self, PyObject *asked)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (service_in(self, asked) != NULL) {
        put(asked, self->service_of_asked, Py_None);
    }
    PyObject *done = error == NULL ? NULL : call(self->fail, &error, 1);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    Py_XDECREF(done);
    return done == NULL && error != NULL ? -1 : 0;
}

/* Callbacks._ask_again. */
static int
ask_again(Turns *self, PyObject *asked, PyObject *service)
{
    Moment moment;
    PyObject *current = current_of(self);
    int done = current == NULL ? -1 : begin_moment(self, &moment, now());
    if (done == 0) {
        PyObject *doer = of_id(self->hubs, current) == NULL   ? doer_of(self, moment.track)
                         : set_time(self, moment.t) < 0 ? NULL : call(self->doer, NULL, 0);
        done = doer == NULL || !is_doer(doer) ? -1 : service_ask((Service *)service, &moment, current, doer);
        Py_XDECREF(doer);
        Py_DECREF(moment.buffer);
    }
    Py_XDECREF(current);
    return done < 0 ? failed(self, asked) : 0;
}

/* Somebody would have the object ask, did it not ask already. */
static int
pending_bool(PyObject *object)
{
    Pending *self = (Pending *)object;
    int pending = PyObject_IsTrue(self->callback);
    if (pending > 0 && self->asked != NULL) {
        PyObject *asked = Py_NewRef(self->asked), *service = Py_XNewRef(service_in(self->turns, asked));
        int done = 0;
        if (service != NULL && Py_IS_TYPE(service, service_type)) {
            done = ask_again(self->turns, asked, service);
        }
        else if (self->again != NULL) {
            PyObject *told = call(self->again, &asked, 1);
            done = told == NULL ? -1 : 0;
            Py_XDECREF(told);
        }
        Py_XDECREF(service);
        Py_DECREF(asked);
        return done < 0 ? -1 : 1;
    }
    if (pending == 0) {
        Py_CLEAR(self->asked);
    }
    return pending;
}

static PyObject *
pending_stop(PyObject *object, PyObject *Py_UNUSED(args))
{
    Pending *self = (Pending *)object;
    Py_CLEAR(self->asked);
    if (self->start != NULL) {
        PyObject *pending = PyObject_GetAttr(self->callback, pending_text);
        int is_cancelled = pending == NULL ? -1 : PyObject_IsTrue(pending);
        Py_XDECREF(pending);
        PyObject *args[] = {self->start, self->track};
        PyObject *told = is_cancelled > 0 ? call(self->turns->cancelled, args, 2) : NULL;
        Py_XDECREF(told);
        if (is_cancelled != 0 && told == NULL) {
            return NULL;
        }
    }
    PyObject *done = PyObject_CallMethodNoArgs(self->callback, stop_text);
    Py_XDECREF(done);
    return done == NULL ? NULL : Py_NewRef(Py_None);
}

static PyObject *
pending_getattr(PyObject *self, PyObject *name)
{
    return _PyType_Lookup(Py_TYPE(self), name) != NULL ? PyObject_GenericGetAttr(self, name)
                                                       : PyObject_GetAttr(((Pending *)self)->callback, name);
}

static int
pending_clear(PyObject *object)
{
    Pending *self = (Pending *)object;
    Py_CLEAR(self->asked);
    Py_CLEAR(self->again);
    return 0;
}

static int
pending_traverse(PyObject *object, visitproc visit, void *arg)
{
    Pending *self = (Pending *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->callback);
    Py_VISIT(self->asked);
    Py_VISIT(self->again);
    Py_VISIT(self->start);
    Py_VISIT(self->turns);
    return 0;
}

static void
pending_dealloc(PyObject *object)
{
    Pending *self = (Pending *)object;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    pending_clear(object);
    Py_XDECREF(self->callback);
    Py_XDECREF(self->start);
    Py_XDECREF(self->track);
    Py_XDECREF(self->turns);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef pending_methods[] = {{"stop", pending_stop, METH_NOARGS, NULL}, {NULL}};
static PyType_Slot pending_type_slots[] = {
    {Py_tp_dealloc, pending_dealloc},
    {Py_tp_traverse, pending_traverse},
    {Py_tp_clear, pending_clear},
    {Py_tp_getattro, pending_getattr},
    {Py_tp_methods, pending_methods},
    {Py_nb_bool, pending_bool},
    {0, NULL},
};
static PyType_Spec pending_spec = {
    .name = "visualizer.tracers._recorder.Pending",
    .basicsize = sizeof(Pending),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = pending_type_slots,
};

static Pending *
new_pending(Turns *turns, PyObject *callback, PyObject *asked, PyObject *again)
{
    Pending *self = PyObject_GC_New(Pending, pending_type);
    if (self != NULL) {
        self->callback = Py_NewRef(callback);
        self->asked = Py_XNewRef(asked);
        self->again = Py_XNewRef(again);
        self->start = self->track = NULL;
        self->turns = (Turns *)Py_NewRef((PyObject *)turns);
        PyObject_GC_Track(self);
    }
    return self;
}

/* (callback, who asked, what to call in Python) -> Pending. */
static PyObject *
turns_pending(PyObject *turns, PyObject *args)
{
    PyObject *callback, *asked, *again;
    if (!PyArg_ParseTuple(args, "OOO", &callback, &asked, &again)) {
        return NULL;
    }
    return (PyObject *)new_pending((Turns *)turns, callback, asked, again);
}

/* What the hub is to call, for one that wakes others: `visualizer_callback` of gevent/callbacks.py. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Turns *turns;
    PyObject *function, *asked;
    /* Tracks that were told to be ready, each with the number of that wake. */
    Ring wakes;
} Notification;

/* What is kept for the thread that calls, a new reference; NULL, and no exception, if nothing is. */
static PyObject *
state_here(Turns *self)
{
    PyObject *state = PyObject_GetAttr(self->states, state_text);
    if (state == NULL) {
        PyErr_Clear();
    }
    return state;
}

/* Callbacks._begin_notifying. */
APART int
begin_notifying(Notification *self)
{
    Turns *turns = self->turns;
    PyObject *service = Py_NewRef(SLOT(self->asked, turns->service_of_asked));
    int begun = 0;
    if (Py_IS_TYPE(service, service_type)) {
        Moment moment;
        begun = begin_moment(turns, &moment, now());
        if (begun == 0) {
            begun = service_look((Service *)service, &moment, NULL);
            Py_DECREF(moment.buffer);
        }
    }
    Py_DECREF(service);
    return begun < 0 ? failed(turns, self->asked) : 0;
}

/* Callbacks._end_notifying, of what is `done`: return that, or NULL and an exception. */
APART PyObject *
end_notifying(Notification *self, PyObject *done)
{
    Turns *turns = self->turns;
    PyObject *service = Py_NewRef(SLOT(self->asked, turns->service_of_asked)), *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    int ended = 0;
    if (self->wakes.count > 0 || Py_IS_TYPE(service, service_type)) {
        Moment moment;
        ended = begin_moment(turns, &moment, now());
        if (ended == 0) {
            while (ended == 0 && self->wakes.count > 0) {
                long long track = take_first(&self->wakes), wake = take_first(&self->wakes);
                ended = take_back(turns, &moment, track, wake);
            }
            if (ended == 0 && Py_IS_TYPE(service, service_type)) {
                ended = service_close((Service *)service, &moment);
            }
            Py_DECREF(moment.buffer);
        }
    }
    Py_DECREF(service);
    ended = ended < 0 ? failed(turns, self->asked) : 0;
    /* What the thing asked with, it keeps. */
    put(self->asked, turns->service_of_asked, Py_None);
    put(self->asked, turns->owner_of_asked, Py_None);
    if (ended < 0) {
        Py_CLEAR(done);
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
    }
    else if (type != NULL) {
        PyErr_Restore(type, error, traceback);
    }
    return done;
}

static PyObject *
notify(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Notification *self = (Notification *)Py_NewRef(object);
    PyObject *state = state_here(self->turns), *before = NULL, *done = NULL;
    if (state != NULL) {
        before = Py_NewRef(SLOT(state, asked_of_state));
        put(state, asked_of_state, self->asked);
    }
    if (begin_notifying(self) == 0) {
        done = PyObject_Vectorcall(self->function, args, nargsf, kwnames);
    }
    if (state != NULL) {
        put(state, asked_of_state, before);
        Py_DECREF(before);
        Py_DECREF(state);
    }
    done = end_notifying(self, done);
    Py_DECREF(self);
    return done;
}

static int
notification_traverse(PyObject *object, visitproc visit, void *arg)
{
    Notification *self = (Notification *)object;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->turns);
    Py_VISIT(self->function);
    Py_VISIT(self->asked);
    return 0;
}

static void
notification_dealloc(PyObject *object)
{
    Notification *self = (Notification *)object;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->turns);
    Py_XDECREF(self->function);
    Py_XDECREF(self->asked);
    PyMem_Free(self->wakes.items);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMemberDef notification_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Notification, call), READONLY, NULL},
    {NULL},
};
static PyType_Slot notification_type_slots[] = {
    {Py_tp_dealloc, notification_dealloc},
    {Py_tp_traverse, notification_traverse},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, notification_members},
    {0, NULL},
};
static PyType_Spec notification_spec = {
    .name = "visualizer.tracers._recorder.Notification",
    .basicsize = sizeof(Notification),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = notification_type_slots,
};

/* What gevent's objects keep in deques and lists, in the order of gc.get_referents. */
struct kept_in {
    PyTypeObject *deque;
    PyObject *deques[3], *list;
    int count, lists;
};

static int
note_kept(PyObject *object, void *arg)
{
    struct kept_in *found = arg;
    if (Py_IS_TYPE(object, found->deque)) {
        if (found->count < 3) {
            found->deques[found->count] = Py_NewRef(object);
        }
        found->count++;
    }
    else if (PyList_CheckExact(object)) {
        found->list = found->lists++ == 0 ? Py_NewRef(object) : found->list;
    }
    return 0;
}

/* What a thing's notification is to be followed by: services.service_of, and links_of in gevent/ready.py. */
enum { QUEUE = 1, SEMAPHORE = 2, LINKS = 3, GREENLET = 4 };

/* The service of `owner`, None if it has none; NULL if Python is to find that out, with or without an exception. */
static PyObject *
service_for(Turns *self, PyObject *owner, long kind, const struct kept_in *kept)
{
    if (kind == QUEUE && kept->lists == 0 && (kept->count == 2 || kept->count == 3)) {
        PyObject *maxsize = PyObject_GetAttr(owner, maxsize_text);
        PyObject *none = maxsize == NULL ? NULL : PyTuple_New(0);
        PyObject *made = none == NULL ? NULL
                                      : new_service(self, kept->count == 3 ? kept->deques[2] : none, kept->deques[1],
                                                    kept->deques[0], NULL, maxsize);
        Py_XDECREF(none);
        Py_XDECREF(maxsize);
        return made;
    }
    if (kind == SEMAPHORE && kept->lists == 1 && kept->count == 0) {
        PyObject *none = PyTuple_New(0);
        PyObject *made = none == NULL ? NULL : new_service(self, kept->list, none, NULL, owner, NULL);
        Py_XDECREF(none);
        return made;
    }
    return kind == LINKS || kind == GREENLET ? Py_NewRef(Py_None) : NULL;
}

/* Tell that those are ready whom an event of gevent's is to notify. */
static int
report_linked(Notification *self, const Moment *moment, PyObject *links, PyObject *doer)
{
    /* Only whoever is met for the first time has Python called, which could change the list. */
    PyObject *all = PyList_GetSlice(links, 0, PyList_GET_SIZE(links));
    int done = all == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; done == 0 && i < PyList_GET_SIZE(all); i++) {
        long long track;
        done = track_of_link(self->turns, moment->t, PyList_GET_ITEM(all, i), &track);
        if (done == 0 && track != nobody && !is_ready(self->turns, track)) {
            PyObject *wake = report(self->turns, moment, track, doer);
            done = wake == NULL || append(&self->wakes, track) < 0 ||
                   append(&self->wakes, PyLong_AsLongLong(wake)) < 0 ? -1 : 0;
            Py_XDECREF(wake);
        }
    }
    Py_XDECREF(all);
    return done;
}

static PyObject *
new_asked(Turns *self, PyObject *doer, PyObject *owner, PyObject *service)
{
    PyTypeObject *type = (PyTypeObject *)self->asked_type;
    PyObject *asked = type->tp_alloc(type, 0);
    if (asked != NULL) {
        SLOT(asked, self->track_of_asked) = Py_NewRef(PyTuple_GET_ITEM(doer, 0));
        SLOT(asked, self->cause_of_asked) = Py_NewRef(PyTuple_GET_ITEM(doer, 1));
        SLOT(asked, self->ended_of_asked) = Py_NewRef(doer);
        SLOT(asked, self->owner_of_asked) = Py_NewRef(owner);
        SLOT(asked, self->service_of_asked) = Py_NewRef(service);
        SLOT(asked, self->thrown_of_asked) = Py_NewRef(no_value);
    }
    return asked;
}

/* Callbacks._remember_asker, where a thing of one of gevent's own classes asks in a greenlet that is no hub. What is to be
   called; NULL, and no exception, if Python is to do it all. */
static Notification *
remember_asker(Turns *self, PyObject *function)
{
    if (!PyMethod_Check(function)) {
        return NULL;
    }
    PyObject *owner = PyMethod_GET_SELF(function), *known = of_id(self->kinds, Py_TYPE(owner));
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 4 ||
        PyTuple_GET_ITEM(known, 0) != (PyObject *)Py_TYPE(owner) ||
        PyTuple_GET_ITEM(known, 1) != PyMethod_GET_FUNCTION(function)) {
        return NULL;
    }
    long kind = (long)number(PyTuple_GET_ITEM(known, 2));
    PyObject *current = current_of(self), *state = state_here(self);
    Notification *made = NULL;
    PyObject *service = NULL, *doer = NULL, *asked = NULL;
    Moment moment = {.buffer = NULL};
    struct kept_in kept = {.deque = (PyTypeObject *)PyTuple_GET_ITEM(known, 3)};
    int failure = 0;
    if (current == NULL || state == NULL || of_id(self->hubs, current) != NULL ||
        (kind == GREENLET && owner != current)) {
        goto over;
    }
    failure = begin_moment(self, &moment, now());
    if (failure < 0) {
        goto over;
    }
    doer = kind == GREENLET ? doer_for(moment.track, self->finished) : doer_of(self, moment.track);
    Py_TYPE(owner)->tp_traverse(owner, note_kept, &kept);
    PyObject *running = SLOT(state, asked_of_state), *its = service_in(self, running);
    int goes_on = its != NULL && its != Py_None && SLOT(running, self->owner_of_asked) == owner;
    service = goes_on ? Py_NewRef(its) : service_for(self, owner, kind, &kept);
    if (service == NULL || (service != Py_None && !Py_IS_TYPE(service, service_type))) {
        failure = PyErr_Occurred() ? -1 : 0;
        goto over;
    }
    asked = doer == NULL ? NULL : new_asked(self, doer, owner, service);
    made = asked == NULL ? NULL : PyObject_GC_New(Notification, notification_type);
    if (made == NULL) {
        failure = -1;
        goto over;
    }
    made->call = notify;
    made->turns = (Turns *)Py_NewRef((PyObject *)self);
    made->function = Py_NewRef(function);
    made->asked = Py_NewRef(asked);
    made->wakes = (Ring){NULL, 0, 0, 0};
    PyObject_GC_Track(made);
    if (service != Py_None && !goes_on) {
        failure = service_ask((Service *)service, &moment, current, doer);
    }
    else if (kind == LINKS && kept.list != NULL) {
        failure = report_linked(made, &moment, kept.list, doer);
    }
over:
    if (failure < 0) {
        /* As in Python, what the hub is to do is done without us. */
        Py_CLEAR(made);
        if (failed(self, asked) == 0) {
            PyErr_Clear();
        }
    }
    else if (made == NULL) {
        PyErr_Clear();
    }
    for (int i = 0; i < 3; i++) {
        Py_XDECREF(kept.deques[i]);
    }
    Py_XDECREF(kept.list);
    Py_XDECREF(asked);
    Py_XDECREF(service);
    Py_XDECREF(doer);
    Py_XDECREF(moment.buffer);
    Py_XDECREF(state);
    Py_XDECREF(current);
    return made;
}

static int
turns_traverse(PyObject *object, visitproc visit, void *arg)
{
    Turns *self = (Turns *)object;
    Py_VISIT(Py_TYPE(self));
#define FIELD(name) Py_VISIT(self->name);
    FIELDS_OF_TURNS(FIELD)
#undef FIELD
    return 0;
}

/* It has no tp_clear, like a hook. */
static void
turns_dealloc(PyObject *object)
{
    Turns *self = (Turns *)object;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    for (int i = 0; i < DOERS; i++) {
        Py_XDECREF(self->doers[i]);
    }
#define FIELD(name) Py_XDECREF(self->name);
    FIELDS_OF_TURNS(FIELD)
#undef FIELD
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef turns_methods[] = {
    {"queue", turns_queue, METH_VARARGS, NULL},
    {"semaphore", turns_semaphore, METH_VARARGS, NULL},
    {"pending", turns_pending, METH_VARARGS, NULL},
    {NULL},
};
static PyType_Slot turns_type_slots[] = {
    {Py_tp_dealloc, turns_dealloc},
    {Py_tp_traverse, turns_traverse},
    {Py_tp_methods, turns_methods},
    {0, NULL},
};
static PyType_Spec turns_spec = {
    .name = "visualizer.tracers._recorder.Turns",
    .basicsize = sizeof(Turns),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = turns_type_slots,
};

/* What a short way needs of Ready and of what stands against it, as a dictionary of FIELDS_OF_TURNS. */
static PyObject *
turns(PyObject *Py_UNUSED(module), PyObject *fields)
{
    static const char *const tables[] = {"everybody", "hubs", "ready", "promised", "first", "unstarted", "sleeping",
                                         "outwaiting", "awaited", "keys", "wakes", "limits", "limited", "unheld", "new",
                                         "references", "numbers"};
    if (!PyDict_CheckExact(fields)) {
        return PyErr_Format(PyExc_TypeError, "fields are a dictionary");
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        PyObject *table = PyDict_GetItemString(fields, tables[i]);
        if (table == NULL || !Py_IS_TYPE(table, table_type)) {
            return PyErr_Format(PyExc_TypeError, "%s is no table", tables[i]);
        }
    }
    Turns *self = PyObject_GC_New(Turns, turns_type);
    if (self == NULL) {
        return NULL;
    }
    int is_whole = 1;
    self->wake = 0;
    memset(self->doers, 0, sizeof(self->doers));
#define FIELD(name) self->name = Py_XNewRef(PyDict_GetItemString(fields, #name)); is_whole &= self->name != NULL;
    FIELDS_OF_TURNS(FIELD)
#undef FIELD
    PyObject_GC_Track(self);
    if (!is_whole || !PyType_Check(self->numbered) || !PyType_Check(self->asked_type) || !PyType_Check(self->greenlet) ||
        !PyDict_CheckExact(self->errors) || !PyType_Check(self->gevents) ||
        Py_TYPE(self->dead)->tp_descr_get == NULL || Py_TYPE(self->error_of)->tp_descr_get == NULL ||
        Py_TYPE(self->value_of)->tp_descr_get == NULL) {
        PyErr_SetString(PyExc_TypeError, "a field is missing, or wrong");
    }
    else if (slot_offset((PyTypeObject *)self->numbered, "name", &self->name_of_numbered) == 0 &&
#define OFFSET(name) slot_offset((PyTypeObject *)self->asked_type, #name, &self->name##_of_asked) == 0 &&
             SLOTS_OF_ASKED(OFFSET)
#undef OFFSET
             PyDict_CheckExact(self->kinds)) {
        return (PyObject *)self;
    }
    Py_DECREF(self);
    return NULL;
}

/* Where a greenlet is suspended: gevent/tracer.py, `_learn_wait`. */

/* What an object has under that name, a new reference; NULL, and no exception, if nothing: `own_attribute`. */
static PyObject *
own_of(PyObject *thing, PyObject *name)
{
    PyObject *found = NULL, *in_class = thing == NULL ? NULL : _PyType_Lookup(Py_TYPE(thing), name);
    if (thing == NULL || (in_class != NULL && Py_TYPE(in_class)->tp_descr_set != NULL)) {
        return NULL;
    }
    if (in_class == NULL || Py_TYPE(in_class)->tp_descr_get == NULL) {
        found = PyObject_GenericGetAttr(thing, name);
    }
    else {
        PyObject *own = PyObject_GenericGetDict(thing, NULL);
        found = own != NULL && PyDict_CheckExact(own) ? Py_XNewRef(PyDict_GetItemWithError(own, name)) : NULL;
        Py_XDECREF(own);
    }
    PyErr_Clear();
    return found;
}

/* An attribute that stands in the object's own dictionary, a slot, or is a plain one of its class, a new reference: as
   `attribute_of` of core/call_sites.py. NULL, and no exception, if that is unknown. */
static PyObject *
attribute_stored(PyObject *thing, PyObject *name)
{
    PyObject *bases = Py_TYPE(thing)->tp_mro, *in_class = NULL;
    for (Py_ssize_t i = 0; bases != NULL && in_class == NULL && i < PyTuple_GET_SIZE(bases); i++) {
#if PY_VERSION_HEX >= 0x030c0000
        PyObject *own = PyType_GetDict((PyTypeObject *)PyTuple_GET_ITEM(bases, i));
#else
        PyObject *own = Py_XNewRef(((PyTypeObject *)PyTuple_GET_ITEM(bases, i))->tp_dict);
#endif
        in_class = own == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(own, name));
        Py_XDECREF(own);
    }
    PyObject *found = NULL;
    if (in_class != NULL && Py_IS_TYPE(in_class, &PyMemberDescr_Type)) {
        found = Py_TYPE(in_class)->tp_descr_get(in_class, thing, (PyObject *)Py_TYPE(thing));
    }
    else {
        found = own_of(thing, name);
        if (found == NULL && in_class != NULL && Py_TYPE(in_class)->tp_descr_get == NULL) {
            found = Py_NewRef(in_class);
        }
    }
    Py_XDECREF(in_class);
    PyErr_Clear();
    return found;
}

/* What stands for a name in a function that is suspended, and for attributes of that, a new reference. */
static PyObject *
follow(PyFrameObject *frame, PyObject *path)
{
    PyObject *name = PyTuple_GET_ITEM(path, 0), *thing = variable_of(frame, name);
    for (int builtin = 0; thing == NULL && builtin < 2; builtin++) {
        PyObject *module = builtin ? PyFrame_GetBuiltins(frame) : PyFrame_GetGlobals(frame);
        if (module != NULL && PyDict_CheckExact(module)) {
            thing = Py_XNewRef(PyDict_GetItemWithError(module, name));
        }
        Py_XDECREF(module);
        PyErr_Clear();
    }
    for (Py_ssize_t i = 1; thing != NULL && i < PyTuple_GET_SIZE(path); i++) {
        PyObject *owner = thing;
        thing = attribute_stored(owner, PyTuple_GET_ITEM(path, i));
        Py_DECREF(owner);
    }
    return thing;
}

/* Whether none of these functions is known to be in a `with` block of a lock. */
static int
holds_nothing(Turns *self, PyFrameObject *frame)
{
    PyFrameObject *below = (PyFrameObject *)Py_NewRef((PyObject *)frame);
    int is_free = 1;
    while (below != NULL && is_free) {
        is_free = has(self->unheld, place_of(below));
        PyFrameObject *next = PyFrame_GetBack(below);
        Py_DECREF(below);
        below = next;
    }
    Py_XDECREF(below);
    return is_free;
}

/* What a thing is called, a new reference: Numbers.name. NULL if that is unknown, with or without an exception. */
static PyObject *
name_of_thing(Turns *self, long long t, PyObject *thing, PyObject *method)
{
    if (PyObject_TypeCheck(thing, (PyTypeObject *)self->greenlet)) {
        /* It may keep something else under the name of the method. */
        PyObject *own = PyObject_GenericGetDict(thing, NULL);
        int is_kept = own == NULL || !PyDict_CheckExact(own) || PyDict_GetItemWithError(own, method) != NULL;
        Py_XDECREF(own);
        PyErr_Clear();
        long long track;
        if (is_kept || track_of(self, t, thing, &track) < 0) {
            return NULL;
        }
        return PyUnicode_FromFormat("track %lld", track);
    }
    PyObject *numbered = of_id(self->numbers, thing);
    if (numbered != NULL && (PyObject *)Py_TYPE(numbered) == self->numbered) {
        return Py_XNewRef(SLOT(numbered, self->name_of_numbered));
    }
    return call(self->named, &thing, 1);
}

/* What is added to the shape of a row that says `text`: Buffer.said. 0, perhaps with an exception, if that is unknown. */
static long long
said_by_text(Turns *self, const Moment *moment, PyObject *text)
{
    PyObject *texts = BUFFER(moment->buffer, _texts);
    if (texts == NULL || !PyDict_CheckExact(texts) || !PyUnicode_CheckExact(text) || PyUnicode_GET_LENGTH(text) == 0) {
        return 0;
    }
    PyObject *said = Py_XNewRef(PyDict_GetItemWithError(texts, text));
    if (said == NULL && !PyErr_Occurred()) {
        PyObject *args[] = {moment->buffer, PyLong_FromLongLong(moment->t), text};
        said = args[1] == NULL ? NULL : call(self->said, args, 3);
        Py_XDECREF(args[1]);
    }
    long long found = number(said);
    Py_XDECREF(said);
    return found < 0 ? 0 : found;
}

/* The shape of a wait in the call that `frame` is suspended in, for a thing, and of the switch that follows; -1 if it is not
   known, with an exception if something went wrong. */
static long long
shape_of_wait(Turns *self, const Moment *moment, PyObject *waits, PyFrameObject *frame)
{
    PyObject *known = look_up(waits, place_of(frame));
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 5) {
        return -1;
    }
    Py_INCREF(known);
    PyObject *thing = follow(frame, PyTuple_GET_ITEM(known, 2)), *name = NULL, *method = PyTuple_GET_ITEM(known, 4);
    if (PyUnicode_CheckExact(method) && PyUnicode_GET_LENGTH(method) == 0) {
        /* For what that has made. */
        long long bare = thing == PyTuple_GET_ITEM(known, 1) ? number(PyTuple_GET_ITEM(known, 0)) : -1;
        Py_XDECREF(thing);
        Py_DECREF(known);
        return bare;
    }
    if (thing != NULL && (PyObject *)Py_TYPE(thing) == PyTuple_GET_ITEM(known, 1) &&
        (PyTuple_GET_ITEM(known, 3) == Py_False || holds_nothing(self, frame))) {
        name = name_of_thing(self, moment->t, thing, method);
    }
    long long said = name == NULL ? 0 : said_by_text(self, moment, name);
    long long shape = said == 0 ? -1 : number(PyTuple_GET_ITEM(known, 0)) + said;
    Py_XDECREF(name);
    Py_XDECREF(thing);
    Py_DECREF(known);
    return shape;
}

/* Whether the program gave a greenlet a name, or may have: spawns.given_name. */
static int
has_name(PyObject *greenlet)
{
    PyObject *own = PyObject_GenericGetDict(greenlet, NULL);
    int named = own == NULL || !PyDict_CheckExact(own) || PyDict_GetItemWithError(own, name_text) != NULL;
    Py_XDECREF(own);
    PyErr_Clear();
    return named;
}

/* `hub` resumes one that is known to be ready, or waits for what comes from outside, `asked` being who asked for what it
   does meanwhile, which `service` follows. */
static int
store_resumed(Hook *self, PyObject *hub, PyObject *target, PyObject *asked, PyObject *service)
{
    Turns *turns = (Turns *)self->turns;
    PyObject *rows = BUFFER(self->buffer, rows), *turn = of_id(turns->ready, target);
    if (service == NULL && turn != NULL) {
        int stored = store(rows, turn, number(self->resumed));
        if (stored) {
            drop(turns->ready, (Py_ssize_t)target);
        }
        return stored;
    }
    long long track = number(of_id(turns->everybody, target)), t = now(), resumed = number(self->resumed);
    int begins = track >= 0 && has(turns->unstarted, track);
    if (track < 0 || t < 0 || resumed < 0 || has(turns->limited, (Py_ssize_t)target) ||
        (begins && (!has(turns->first, track) || service != NULL || has_name(target)))) {
        return 0;
    }
    int is_due = turn != NULL || has(turns->first, track) || (asked != NULL && has(turns->promised, track));
    Moment moment = {self->buffer, t, track};
    if (service != NULL) {
        int served = service_serve((Service *)service, &moment, track);
        if (served < 0) {
            return failed(turns, asked);
        }
        is_due |= served;
    }
    if (!is_due) {
        /* GeventTracer._waker: whoever asked for the callback in which the hub resumes it, or what it waits for. */
        PyObject *awaited = find_in(turns->awaited, track);
        if (has(turns->promised, track) || (asked == NULL) == (awaited == NULL)) {
            return 0;
        }
        PyObject *its = asked == NULL ? hub : SLOT(asked, turns->track_of_asked);
        PyObject *cause = asked == NULL ? awaited : SLOT(asked, turns->cause_of_asked);
        PyObject *ended = asked != NULL && number(its) == track ? SLOT(asked, turns->ended_of_asked) : NULL;
        int is_told = ended == NULL || is_doer(ended);
        if (ended != NULL && is_told) {
            its = PyTuple_GET_ITEM(ended, 0);
            cause = PyTuple_GET_ITEM(ended, 1);
        }
        /* Named as the track that it is: the one that runs is told as the one before the switch. */
        moment.track = unnamed;
        Py_INCREF(cause);
        is_told = is_told && PyUnicode_CheckExact(cause) && tell_wake(turns, &moment, track, number(its), cause) == 0;
        Py_DECREF(cause);
        if (!is_told) {
            return failed(turns, asked);
        }
    }
    if (!store_at(rows, t, track, resumed)) {
        return 0;
    }
    if (begins) {
        drop(turns->unstarted, track);
        drop(turns->new, track);
    }
    drop(turns->ready, (Py_ssize_t)target);
    drop(turns->first, track);
    drop(turns->promised, track);
    drop(turns->wakes, track);
    unsuspend(turns, track);
    return 1;
}

/* A greenlet gives way by `sleep(0)`, in whose call `frame` is suspended. */
static int
store_sleep(Hook *self, PyFrameObject *frame, PyObject *origin, PyObject *hub, long long t)
{
    int at = PyFrame_GetLasti(frame);
    if (at != self->resume) {
        PyObject *offset = PyLong_FromLong(at);
        self->resume = offset != NULL && PySet_Contains(self->offsets, offset) == 1 ? at : -1;
        Py_XDECREF(offset);
    }
    PyFrameObject *caller = at == self->resume ? PyFrame_GetBack(frame) : NULL;
    if (caller == NULL) {
        PyErr_Clear();
        return 0;
    }
    Turns *turns = (Turns *)self->turns;
    long long shape = number(look_up(self->sleeps, place_of(caller)));
    Py_DECREF(caller);
    PyObject *track = of_id(turns->everybody, origin);
    if (shape < 0 || track == NULL || !set_of_id(turns->ready, origin, track)) {
        return 0;
    }
    int stored = store_at(BUFFER(self->buffer, rows), t, number(hub), shape);
    if (!stored) {
        set_of_id(turns->ready, origin, NULL);
    }
    return stored;
}

/* What a weak reference refers to, a new reference; NULL, and no exception, if that is no more. */
static PyObject *
referred(PyObject *reference)
{
    /* Most are of these types, and of one made of another that takes long to say. */
    if (reference == NULL || !(PyWeakref_CheckRefExact(reference) || Py_IS_TYPE(reference, task_slots.type) ||
                               PyWeakref_Check(reference))) {
        return NULL;
    }
    PyObject *found = ((PyWeakReference *)reference)->wr_object;
    return found == Py_None || Py_REFCNT(found) <= 0 ? NULL : Py_NewRef(found);
}

/* Whether `this` is the socket of which that is known, and has Python's as it had: at_sockets.py. */
static int
is_same_socket(PyObject *known, PyObject *this)
{
    PyObject *its = referred(PyTuple_GET_ITEM(known, 0)), *slot = PyTuple_GET_ITEM(known, 1), *fd = NULL;
    PyObject *real = its == NULL || its != this || Py_TYPE(slot)->tp_descr_get == NULL
                         ? NULL : Py_TYPE(slot)->tp_descr_get(slot, this, (PyObject *)Py_TYPE(this));
    PyObject *its_real = real == NULL ? NULL : referred(PyTuple_GET_ITEM(known, 2));
    if (real != NULL && real == its_real) {
        fd = PyObject_CallOneArg(PyTuple_GET_ITEM(known, 3), real);
    }
    int is_same = fd != NULL && number(fd) >= 0 && number(fd) == number(PyTuple_GET_ITEM(known, 4));
    PyErr_Clear();
    Py_XDECREF(fd);
    Py_XDECREF(its_real);
    Py_XDECREF(real);
    Py_XDECREF(its);
    return is_same;
}

/* The shape of a wait for a socket, in whose method `frame` is suspended, and of the switch that follows; -1 if it is not
   known. */
static long long
shape_at_socket(PyObject *sockets, PyFrameObject *frame)
{
    PyObject *found = look_up(sockets, place_of(frame));
    if (found == NULL) {
        return -1;
    }
    PyFrameObject *below = (PyFrameObject *)Py_NewRef((PyObject *)frame);
    while (found != NULL && Py_IS_TYPE(found, table_type)) {
        Py_SETREF(below, PyFrame_GetBack(below));
        found = below == NULL ? NULL : look_up(found, place_of(below));
    }
    Py_XDECREF(below);
    PyObject *ends = found != NULL && PyTuple_CheckExact(found) && PyTuple_GET_SIZE(found) == 1
                         ? PyTuple_GET_ITEM(found, 0) : NULL;
    PyObject *this = ends == NULL ? NULL : variable_of(frame, this_text);
    PyObject *known = this == NULL ? NULL : Py_XNewRef(of_id(ends, this));
    int is_known = known != NULL && PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 6 && is_same_socket(known, this);
    long long shape = is_known ? number(PyTuple_GET_ITEM(known, 5)) : -1;
    Py_XDECREF(known);
    Py_XDECREF(this);
    return shape;
}

/* A greenlet begins to wait, in whose call `frame` is suspended. */
static int
store_wait(Hook *self, PyFrameObject *frame, PyObject *origin, PyObject *hub, const Moment *moment)
{
    Turns *turns = (Turns *)self->turns;
    if (has(turns->limits, (Py_ssize_t)origin)) {
        return 0;
    }
    long long shape = shape_of_wait(turns, moment, self->waits, frame);
    if (shape < 0 && PyErr_Occurred()) {
        return failed(turns, NULL);
    }
    if (shape < 0) {
        long long track = number(of_id(turns->everybody, origin));
        shape = track < 0 ? -1 : shape_at_socket(self->sockets, frame);
        if (shape >= 0 && !put_in(turns->awaited, track, turns->io)) {
            return 0;
        }
    }
    if (shape < 0 || !store_at(BUFFER(self->buffer, rows), moment->t, number(hub), shape)) {
        return 0;
    }
    drop(self->raw, (Py_ssize_t)origin);
    put(self->buffer, buffer_slots.left, Py_None);
    return 1;
}

/* A greenlet is suspended: 1 if that is stored, -1 and an exception if a signal's handler has raised one. */
static int
store_suspended(Hook *self, PyFrameObject *frame, PyObject *origin, PyObject *target, PyObject *given, PyObject *asked,
                PyObject *service)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    int sleeps = (PyObject *)code == self->sleep_code;
    Py_DECREF(code);
    PyObject *hub = of_id(((Turns *)self->turns)->hubs, target);
    if (hub == NULL) {
        return !sleeps && service == NULL && store_raw(self, frame, target, given);
    }
    Moment moment = {self->buffer, now(), number(hub)};
    if (moment.t < 0) {
        PyErr_Clear();
        return 0;
    }
    if (service != NULL && service_look((Service *)service, &moment, origin) < 0) {
        return failed((Turns *)self->turns, asked);
    }
    return sleeps ? store_sleep(self, frame, origin, hub, moment.t) : store_wait(self, frame, origin, hub, &moment);
}

/* A greenlet of gevent's has returned None, and the hub goes on. */
static int
store_end(Hook *self, PyObject *origin, PyObject *target, PyObject *asked, PyObject *service)
{
    Turns *turns = (Turns *)self->turns;
    PyObject *rows = BUFFER(self->buffer, rows), *hub = of_id(turns->hubs, target), *errors = turns->errors;
    long long track = number(of_id(turns->everybody, origin)), ended = number(BUFFER(self->buffer, ended));
    long long resumed = number(self->resumed), t = now();
    if (hub == NULL || track < 0 || ended < 0 || resumed < 0 || t < 0 || service != NULL || PyDict_GET_SIZE(errors) > 0 ||
        !PyObject_TypeCheck(origin, (PyTypeObject *)turns->gevents) ||
        (asked != NULL && SLOT(asked, turns->cause_of_asked) == turns->kill) || rows == NULL ||
        !Py_IS_TYPE(rows, rows_type) || !make_room((Rows *)rows, 2 * ROW)) {
        return 0;
    }
    PyObject *over[] = {turns->dead, turns->error_of, turns->value_of};
    PyObject *wanted[] = {Py_True, Py_None, Py_None};
    for (int i = 0; i < 3; i++) {
        PyObject *found = Py_TYPE(over[i])->tp_descr_get(over[i], origin, (PyObject *)Py_TYPE(origin));
        Py_XDECREF(found);
        if (found != wanted[i]) {
            PyErr_Clear();
            return 0;
        }
    }
    drop(self->raw, (Py_ssize_t)origin);
    drop(turns->new, track);
    put(self->buffer, buffer_slots.left, Py_None);
    return store_at(rows, t, track, ended) && store_at(rows, t, number(hub), resumed);
}

/* The short way of a switch in a thread with a hub, from `frame`, NULL if `origin` has ended; `given`: as of `shape_handed`.
   As store_suspended. */
static int
hub_short(Hook *self, PyObject *origin, PyObject *target, PyFrameObject *frame, PyObject *given)
{
    PyObject *asked = Py_XNewRef(SLOT(self->state, asked_of_state));
    PyObject *service = Py_XNewRef(service_in((Turns *)self->turns, asked));
    PyObject *resumer = of_id(((Turns *)self->turns)->hubs, origin);
    int stored = 0;
    if (asked == Py_None) {
        Py_CLEAR(asked);
    }
    if (service == Py_None) {
        Py_CLEAR(service);
    }
    if (service != NULL && !Py_IS_TYPE(service, service_type)) {
        /* It is followed in Python. */
    }
    else if (resumer != NULL) {
        stored = store_resumed(self, resumer, target, asked, service);
    }
    else if (frame != NULL) {
        stored = store_suspended(self, frame, origin, target, given, asked, service);
    }
    else {
        stored = store_end(self, origin, target, asked, service);
    }
    Py_XDECREF(service);
    Py_XDECREF(asked);
    return stored;
}

static PyObject *
hub_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyObject *origin, *target;
    int stored = 0;
    if (tells_switch(args, nargsf, kwnames, &origin, &target)) {
        int begun = begin_tracing(origin, target);
        if (begun == 0 && is_settled(self, args)) {
            PyFrameObject *frame = frame_of(self, origin);
            stored = hub_short(self, origin, target, frame, NULL);
            Py_XDECREF(frame);
        }
        stored = begun > 0 ? 1 : stored;
    }
    return stored < 0 ? NULL : stored ? Py_NewRef(Py_None) : at_once(OTHERWISE());
}

/* Polls of a hub: greenlets/polling.py, gevent/polling.py. */

static Py_ssize_t began_of_poll, polling_of_poll;
/* Whoever polls for less has only looked. */
static long long short_poll_of_hub;

static int put_number(PyObject *, Py_ssize_t, long long);

/* A hub is about to poll, and nothing is kept that would be looked at before. */
static PyObject *
before_poll_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    int is_quiet = 1;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(self->watched); i++) {
        PyObject *looked_at = PyList_GET_ITEM(self->watched, i);
        is_quiet = is_quiet && PyDict_CheckExact(looked_at) && PyDict_GET_SIZE(looked_at) == 0;
    }
    long long t = is_quiet && PyVectorcall_NARGS(nargsf) == 0 ? now() : -1;
    if (t < 0 || !put_number(self->over, began_of_poll, t)) {
        PyErr_Clear();
        return OTHERWISE();
    }
    put(self->over, polling_of_poll, Py_True);
    Py_RETURN_NONE;
}

/* It has polled, and only looked. */
static PyObject *
after_poll_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    long long began = SLOT(self->over, polling_of_poll) == Py_True ? number(SLOT(self->over, began_of_poll)) : -1;
    long long t = began > 0 && PyVectorcall_NARGS(nargsf) == 0 ? now() : -1;
    if (t < 0 || t - began >= short_poll_of_hub) {
        PyErr_Clear();
        return OTHERWISE();
    }
    put(self->over, began_of_poll, none_yet);
    put(self->over, polling_of_poll, Py_False);
    Py_RETURN_NONE;
}

/* (Poll, what is looked at before each if there is anything in it, as a list of dictionaries, the shortest that is told in
   nanoseconds, (`before`, `after`)) -> what comes before those two. */
static PyObject *
poll_ways(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *poll, *looked_at, *otherwise[2];
    if (!PyArg_ParseTuple(args, "OO!L(OO)", &poll, &PyList_Type, &looked_at, &short_poll_of_hub, &otherwise[0], &otherwise[1]) ||
        slot_offset(Py_TYPE(poll), "_began_ns", &began_of_poll) < 0 ||
        slot_offset(Py_TYPE(poll), "_polling", &polling_of_poll) < 0) {
        return NULL;
    }
    Hook *made[] = {new_hook(hook_type, before_poll_way, otherwise[0]), new_hook(hook_type, after_poll_way, otherwise[1])};
    PyObject *both = made[0] == NULL || made[1] == NULL ? NULL : PyTuple_Pack(2, made[0], made[1]);
    for (int i = 0; i < 2; i++) {
        if (both != NULL) {
            made[i]->over = Py_NewRef(poll);
            made[i]->watched = Py_NewRef(looked_at);
        }
        Py_XDECREF(made[i]);
    }
    return both;
}

/* Somebody starts a gevent greenlet, of which nothing is known but that: it is ready. Its track; nobody's, and no exception
   but a signal's handler's, if Python is to note that. */
static long long
note_start(Turns *self, PyObject *function)
{
    PyObject *owner = PyCFunction_CheckExact(function) ? PyCFunction_GET_SELF(function) : NULL;
    if (owner == NULL || !PyObject_TypeCheck(owner, (PyTypeObject *)self->gevents) ||
        strcmp(((PyCFunctionObject *)function)->m_ml->ml_name, "switch") != 0) {
        return nobody;
    }
    long long track = number(of_id(self->everybody, owner));
    PyObject *current = current_of(self);
    if (current == NULL || track < 0 || !has(self->unstarted, track) || of_id(self->hubs, current) != NULL ||
        of_id(self->references, owner) == NULL) {
        Py_XDECREF(current);
        PyErr_Clear();
        return nobody;
    }
    Py_DECREF(current);
    Moment moment;
    PyObject *doer = NULL, *wake = NULL;
    long long known;
    if (track_of(self, now(), owner, &known) == 0 && begin_moment(self, &moment, now()) == 0) {
        doer = doer_for(moment.track, self->spawn_cause);
        wake = doer == NULL ? NULL : report(self, &moment, track, doer);
        Py_DECREF(moment.buffer);
    }
    Py_XDECREF(doer);
    if (wake == NULL) {
        (void)failed(self, NULL);
        return nobody;
    }
    Py_DECREF(wake);
    return track;
}

/* What its greenlet has of the loop's: it is told if the start is cancelled. Steals `callback`. */
static PyObject *
starting(Turns *self, PyObject *callback, PyObject *greenlet, long long track)
{
    Pending *made = new_pending(self, callback, NULL, NULL);
    Py_DECREF(callback);
    if (made != NULL) {
        made->start = Py_XNewRef(of_id(self->references, greenlet));
        made->track = PyLong_FromLongLong(track);
    }
    if (made != NULL && (made->start == NULL || made->track == NULL)) {
        Py_CLEAR(made->start);
    }
    return (PyObject *)made;
}

/* The greenlets of gevent's that are spawned, and those that are no more: gevent/spawns.py, greenlets/tracer.py. */

/* The code, and the name, of what a greenlet will run, if that is a function in Python or a method, borrowed. The program
   gave the greenlet no name. */
static PyFunctionObject *
function_of(PyObject *greenlet)
{
    PyObject *own = PyObject_GenericGetDict(greenlet, NULL), *run = NULL;
    if (own != NULL && PyDict_CheckExact(own) && PyDict_GetItemWithError(own, name_text) == NULL) {
        run = PyDict_GetItemWithError(own, run_text);
        run = run != NULL && PyMethod_Check(run) ? PyMethod_GET_FUNCTION(run) : run;
    }
    Py_XDECREF(own);
    PyErr_Clear();
    return run != NULL && Py_IS_TYPE(run, &PyFunction_Type) ? (PyFunctionObject *)run : NULL;
}

/* What is known of the place where `greenlet` is spawned, which has all that Spawns._learn has learned there, a new
   reference; NULL, and no exception, if it is not known. */
static PyObject *
spawn_known(Turns *self, PyObject *greenlet)
{
    PyFrameObject *frame = greenlets.functions == NULL ? NULL : PyEval_GetFrame();
    PyObject *state = frame == NULL ? NULL : state_here(self), *known = NULL;
    if (state != NULL && (PyObject *)Py_TYPE(state) == self->state_type) {
        known = Py_XNewRef(look_up(SLOT(state, spawns_of_state), place_of(frame)));
    }
    Py_XDECREF(state);
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 5) {
        Py_XDECREF(known);
        return NULL;
    }
    PyFunctionObject *function = function_of(greenlet);
    PyObject *parent = ((PyObject *(*)(PyObject *))greenlets.functions[PARENT_OF])(greenlet);
    int is_same = function != NULL && function->func_code == PyTuple_GET_ITEM(known, 1) && parent != NULL &&
                  number(of_id(self->everybody, parent)) == number(PyTuple_GET_ITEM(known, 3)) &&
                  PyUnicode_CheckExact(function->func_name) && PyUnicode_CheckExact(PyTuple_GET_ITEM(known, 2)) &&
                  PyUnicode_Compare(function->func_name, PyTuple_GET_ITEM(known, 2)) == 0;
    Py_XDECREF(parent);
    PyErr_Clear();
    if (!is_same) {
        Py_CLEAR(known);
    }
    return known;
}

/* Spawns._spawn, at a place that is known. Return whether it is done, -1 and an exception as `failed` has it. */
static int
store_spawn(Hook *self, PyObject *greenlet)
{
    Turns *turns = (Turns *)self->turns;
    if ((PyObject *)Py_TYPE(greenlet) != turns->gevents || of_id(turns->everybody, greenlet) != NULL) {
        return 0;
    }
    PyObject *known = spawn_known(turns, greenlet), *track = NULL, *link = NULL, *key = NULL, *args = NULL;
    Moment moment;
    if (known == NULL || begin_moment(turns, &moment, now()) < 0) {
        Py_XDECREF(known);
        return known == NULL ? 0 : failed(turns, NULL);
    }
    PyObject *rows = BUFFER(moment.buffer, rows);
    int done = 0;
    if (rows != NULL && Py_IS_TYPE(rows, rows_type) && ((Rows *)rows)->size <= full && make_room((Rows *)rows, ROW)) {
        track = new_track();
        key = track == NULL ? NULL : PyLong_FromVoidPtr(greenlet);
        args = key == NULL ? NULL : PyTuple_Pack(2, greenlet, self->gone);
        link = args == NULL ? NULL : ((PyTypeObject *)self->link)->tp_new((PyTypeObject *)self->link, args, NULL);
        done = track == NULL ? 0 : -1;
    }
    if (link != NULL) {
        long long its = number(track);
        put(link, key_of_greenlet, key);
        put(link, track_of_greenlet, track);
        if (put_in(turns->everybody, (Py_ssize_t)greenlet, track) && put_in(turns->references, (Py_ssize_t)greenlet, link) &&
            put_in(turns->new, its, Py_True) && put_in(turns->unstarted, its, Py_True) &&
            put_in(self->found, its, PyTuple_GET_ITEM(known, 4)) &&
            store_at(BUFFER(moment.buffer, rows), moment.t, its, number(PyTuple_GET_ITEM(known, 0)))) {
            done = 1;
        }
        else {
            PyErr_NoMemory();
        }
    }
    Py_XDECREF(link);
    Py_XDECREF(args);
    Py_XDECREF(key);
    Py_XDECREF(track);
    Py_DECREF(moment.buffer);
    Py_DECREF(known);
    return done < 0 ? failed(turns, NULL) : done;
}

static PyObject *
spawn_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    int done = PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL ? store_spawn(self, args[0]) : 0;
    return done < 0 ? NULL : done ? Py_NewRef(Py_None) : OTHERWISE();
}

/* GreenletTracer.forget, where gevent is all that has greenlets. */
static int
forget_greenlet(Hook *self, PyObject *gone)
{
    Turns *turns = (Turns *)self->turns;
    if ((PyObject *)Py_TYPE(gone) != self->link || !is_size(self->stands, 1)) {
        return 0;
    }
    long long key = number(SLOT(gone, key_of_greenlet)), track = number(SLOT(gone, track_of_greenlet));
    if (key < 0 || track < 0 || has(turns->unstarted, track)) {
        return 0;
    }
    if (find_in(turns->references, key) != gone) {
        return 1;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(self->by_id); i++) {
        if (!Py_IS_TYPE(PyList_GET_ITEM(self->by_id, i), table_type)) {
            return 0;
        }
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(self->by_id); i++) {
        drop(PyList_GET_ITEM(self->by_id, i), key);
    }
    drop(turns->new, track);
    drop(turns->keys, track);
    drop(turns->wakes, track);
    drop(turns->first, track);
    drop(turns->promised, track);
    drop(self->found, track);
    drop(turns->references, key);
    return 1;
}

static PyObject *
forget_greenlet_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    int done = PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL && forget_greenlet(self, args[0]);
    return done ? Py_NewRef(Py_None) : LONG_WAY();
}

/* (Turns, class of weak references to greenlets, Context, (tables by id, families), places by track, (what is told of a spawn,
   of one that is no more)) -> what comes before those two. */
static PyObject *
spawn_ways(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *turns, *link, *context, *by_id, *families, *places, *otherwise[2];
    if (!PyArg_ParseTuple(args, "O!O!O(O!O!)O!(OO)", turns_type, &turns, &PyType_Type, &link, &context, &PyList_Type, &by_id,
                          &PyList_Type, &families, table_type, &places, &otherwise[0], &otherwise[1]) ||
        slot_offset((PyTypeObject *)((Turns *)turns)->state_type, "spawns", &spawns_of_state) < 0 ||
        slot_offset((PyTypeObject *)link, "key", &key_of_greenlet) < 0 ||
        slot_offset((PyTypeObject *)link, "track", &track_of_greenlet) < 0) {
        return NULL;
    }
    Hook *made[] = {new_hook(hook_type, spawn_way, otherwise[0]), new_hook(hook_type, forget_greenlet_way, otherwise[1])};
    PyObject *both = made[0] == NULL || made[1] == NULL ? NULL : PyTuple_Pack(2, made[0], made[1]);
    for (int i = 0; i < 2; i++) {
        if (both != NULL) {
            made[i]->turns = Py_NewRef(turns);
            made[i]->link = Py_NewRef(link);
            made[i]->context = Py_NewRef(context);
            made[i]->by_id = Py_NewRef(by_id);
            made[i]->stands = Py_NewRef(families);
            made[i]->found = Py_NewRef(places);
        }
        Py_XDECREF(made[i]);
    }
    if (both != NULL) {
        made[0]->gone = Py_NewRef((PyObject *)made[1]);
    }
    return both;
}

/* gevent's `run_callback`. In the call that `sleep(0)` makes, once that is known, nothing of it is to be noted. No frame of
   ours stands between what asks and the hook in Python. */
static PyObject *
callback_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyFrameObject *frame = PySet_GET_SIZE(self->offsets) == 0 ? NULL : PyEval_GetFrame();
    if (frame != NULL) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        int gives_way = (PyObject *)code == self->sleep_code;
        Py_DECREF(code);
        if (gives_way) {
            return PyObject_Vectorcall(self->run, args, nargsf, kwnames);
        }
    }
    Py_ssize_t count = PyVectorcall_NARGS(nargsf);
    Turns *turns = (Turns *)self->turns;
    long long track = count == 2 && kwnames == NULL ? note_start(turns, args[1]) : nobody;
    if (track >= 0) {
        PyObject *callback = PyObject_Vectorcall(self->run, args, nargsf, kwnames);
        return callback == NULL ? NULL : starting(turns, callback, PyCFunction_GET_SELF(args[1]), track);
    }
    Notification *made = NULL;
    if (!PyErr_Occurred() && (count == 2 || count == 3) && kwnames == NULL) {
        made = remember_asker(turns, args[1]);
    }
    if (made == NULL) {
        return PyErr_Occurred() ? NULL : PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames);
    }
    /* What the hub will call. */
    PyObject *given[] = {args[0], (PyObject *)made, count == 3 ? args[2] : NULL};
    PyObject *callback = PyObject_Vectorcall(self->run, given, (size_t)count, NULL);
    if (callback != NULL && SLOT(made->asked, turns->service_of_asked) != Py_None) {
        Py_SETREF(callback, (PyObject *)new_pending(turns, callback, made->asked, NULL));
    }
    Py_DECREF(made);
    return callback;
}

/* asyncio's queues of what is ready: asyncio_/ready.py, and of what waits there: loops.py. */

/* Where a queue has its loop, a handle what it calls, and something numbered its name. */
static PyTypeObject *queue_type, *handle_type, *timer_type, *numbered_type, *task_type, *future_type;
/* The type of the queue that was seen last. */
static PyTypeObject *watched_queue;
/* What gives these attributes of tasks, futures and their steps, where these are written in C: to call it takes a tenth of
   what it takes to look it up. */
static PyGetSetDef *coro_of_task, *waiter_of_task, *state_in_task, *error_in_task, *result_in_task, *callbacks_of_future;
static PyGetSetDef *task_of_step;
/* Their methods. */
static PyCFunction name_of_task, cancels_of_task, is_cancelled;
static Py_ssize_t loop_of_queue, callback_of_handle, args_of_handle, cancelled_of_handle;
static Py_ssize_t name_of_numbered, key_of_numbered;
/* How the name of a future begins; and how a row says that, and which track, as core/buffer.py has it: by what stands for
   number 0. Of tracks, up to that number. */
static PyObject *future_text;
static long long zero_future, zero_track, largest_track;
/* The type of the callbacks by which a task makes a step, once one was seen. */
static PyTypeObject *step_type;
/* Of a deque. To call them as Python does takes twice as long. */
static lenfunc deque_length;
static PyCFunction deque_append, deque_popleft;
/* Whoever polls for less has only looked. */
static long long short_poll;

/* What a method of a type is that is written in C and takes what `flags` say; NULL, and no exception, of any other. */
static PyCFunction
written_in_c(PyObject *found, int flags)
{
    PyMethodDef *method = found != NULL && Py_IS_TYPE(found, &PyMethodDescr_Type) ? ((PyMethodDescrObject *)found)->d_method
                                                                                  : NULL;
    return method != NULL && method->ml_flags == flags ? method->ml_meth : NULL;
}

/* The same of a method of tasks or futures that takes no more. */
static PyCFunction
method_in(PyTypeObject *type, PyObject *name)
{
    PyObject *found = attribute((PyObject *)type, name);
    PyCFunction method = written_in_c(found, METH_NOARGS);
    Py_XDECREF(found);
    return method;
}

/* What such a method returns, of an object of exactly the type in which `method` was looked for. */
static inline PyObject *
asked_by(PyCFunction method, PyObject *object, PyObject *name)
{
    return method != NULL ? method(object, NULL) : PyObject_CallMethodNoArgs(object, name);
}

/* A text in ASCII with a number behind it, as `PyUnicode_FromFormat` makes it, which takes ten times as long. */
static PyObject *
text_of(PyObject *ascii, long long number)
{
    Py_UCS1 digits[20];
    Py_ssize_t count = 0, length = PyUnicode_GET_LENGTH(ascii);
    do {
        digits[count++] = (Py_UCS1)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    PyObject *made = PyUnicode_New(length + count, 127);
    if (made != NULL) {
        memcpy(PyUnicode_1BYTE_DATA(made), PyUnicode_1BYTE_DATA(ascii), (size_t)length);
        for (Py_ssize_t i = 0; i < count; i++) {
            PyUnicode_1BYTE_DATA(made)[length + i] = digits[count - 1 - i];
        }
    }
    return made;
}

/* The loop whose queue that is, a new reference; NULL, and no exception, if it has none. */
static PyObject *
loop_of(PyObject *queue)
{
    if (!Py_IS_TYPE(queue, watched_queue)) {
        if (!PyType_IsSubtype(Py_TYPE(queue), queue_type)) {
            return NULL;
        }
        Py_XSETREF(watched_queue, (PyTypeObject *)Py_NewRef(Py_TYPE(queue)));
    }
    PyObject *loop = referred(SLOT(queue, loop_of_queue));
    if (loop != NULL && !Py_IS_TYPE(loop, loop_slots.type)) {
        Py_CLEAR(loop);
    }
    return loop;
}

static int
put_number(PyObject *object, Py_ssize_t offset, long long value)
{
    PyObject *boxed = PyLong_FromLongLong(value);
    if (boxed == NULL) {
        PyErr_Clear();
        return 0;
    }
    put(object, offset, boxed);
    Py_DECREF(boxed);
    return 1;
}

static int
is_dict(PyObject *object)
{
    return object != NULL && PyDict_CheckExact(object);
}

static int
is_table(PyObject *object)
{
    return object != NULL && Py_IS_TYPE(object, table_type);
}

/* What a getter of a compiled type gives, a new reference; NULL, and no exception, if that is nothing. */
static PyObject *
got(PyGetSetDef *getter, PyObject *object)
{
    PyObject *found = getter->get(object, getter->closure);
    if (found == NULL) {
        PyErr_Clear();
    }
    return found;
}

/* What gives an attribute of a type in C, NULL, and no exception, of any other attribute. */
static PyGetSetDef *
getter_in(PyTypeObject *type, PyObject *name)
{
    PyObject *found = attribute((PyObject *)type, name);
    PyGetSetDef *getter = found != NULL && Py_IS_TYPE(found, &PyGetSetDescr_Type) ? ((PyGetSetDescrObject *)found)->d_getset
                                                                                 : NULL;
    Py_XDECREF(found);
    return getter;
}

/* As `attribute`, of an object of exactly the type in which `getter` was looked for. */
static inline PyObject *
given_by(PyGetSetDef *getter, PyObject *object, PyObject *name)
{
    return getter != NULL && object != NULL ? got(getter, object) : attribute(object, name);
}

#if PY_VERSION_HEX >= 0x030c0000
/* The code of a coroutine, borrowed. */
static inline PyObject *
code_of_generator(PyObject *coroutine)
{
    PyCodeObject *code = PyGen_GetCode((PyGenObject *)coroutine);
    Py_DECREF(code);
    return (PyObject *)code;
}
#endif

/* The code of a coroutine, a new reference. */
static inline PyObject *
code_in(PyObject *coroutine)
{
#if PY_VERSION_HEX >= 0x030c0000
    return (PyObject *)PyGen_GetCode((PyGenObject *)coroutine);
#else
    return Py_NewRef((PyObject *)((PyGenObject *)coroutine)->gi_code);
#endif
}

/* After an exception: 0, without it, if what the hook did may be tried in Python; else -1. */
static int
given_up(void)
{
    if (PyErr_ExceptionMatches(PyExc_RecursionError) || PyErr_ExceptionMatches(PyExc_MemoryError)) {
        PyErr_Clear();
        return 0;
    }
    return -1;
}

/* Whether the coroutine that has `frame` is the outermost of an eager task, which makes its first step in this loop. */
static int
is_eager_step(PyObject *loop, PyObject *frame)
{
    PyObject *eager = loop != NULL && Py_IS_TYPE(loop, loop_slots.type) ? LOOP(loop, eager) : NULL;
    Py_ssize_t count = eager != NULL && PyList_CheckExact(eager) ? PyList_GET_SIZE(eager) : 0;
    PyObject *last = count == 0 ? NULL : PyList_GET_ITEM(eager, count - 1);
    PyObject *task = last != NULL && PyTuple_CheckExact(last) && PyTuple_GET_SIZE(last) == 3
                         ? referred(PyTuple_GET_ITEM(last, 0)) : NULL;
    PyObject *coroutine = task != NULL && Py_IS_TYPE(task, task_type) ? given_by(coro_of_task, task, coro_text)
                                                                                : Py_XNewRef(task);
    PyObject *its = coroutine != NULL && PyCoro_CheckExact(coroutine) ? got(cr_frame, coroutine) : NULL;
    Py_XDECREF(its);
    Py_XDECREF(coroutine);
    Py_XDECREF(task);
    return its != NULL && its == frame;
}

#if PY_VERSION_HEX >= 0x030c0000
/* Have `start`, the hook for generators that begin, tell by itself that a task awaits one. */
static PyObject *
watch_steps(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *watched;
    PyObject *start, *awaiting, *loops, *step_codes;
    int flags;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!i", hook_type, &start, table_type, &awaiting, &PyType_Type, &watched,
                          table_type, &loops, table_type, &step_codes, &flags) ||
        slot_offset(watched, "awaits", &awaits_of_watched) < 0) {
        return NULL;
    }
    Hook *self = (Hook *)start;
    Py_XSETREF(watched_type, (PyTypeObject *)Py_NewRef(watched));
    Py_XSETREF(self->awaiting, Py_NewRef(awaiting));
    Py_XSETREF(self->loops, Py_NewRef(loops));
    Py_XSETREF(self->step_codes, Py_NewRef(step_codes));
    self->flags = flags;
    Py_RETURN_NONE;
}
#endif

/* The task that runs asks for its own next step. Return whether that is noted. */
static int
note_turn(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *task = LOOP(loop, current), *due = LOOP(loop, due);
    if (task == NULL || !Py_IS_TYPE(task, task_slots.type) || !is_table(due)) {
        return 0;
    }
    PyObject *callback = SLOT(handle, callback_of_handle);
    int noted = 0;
    if (step_type == NULL) {
        PyObject *step = attribute(self->library, step_text);
        step_type = step != NULL && PyType_Check(step) ? (PyTypeObject *)Py_NewRef(step) : NULL;
        task_of_step = step_type == NULL ? NULL : getter_in(step_type, self_text);
        Py_XDECREF(step);
    }
    if (Py_IS_TYPE(callback, step_type)) {
        PyObject *its = given_by(task_of_step, callback, self_text), *asker = referred(task);
        noted = its != NULL && its == asker && set_of_id(due, handle, task);
        Py_XDECREF(asker);
        Py_XDECREF(its);
    }
    if (noted) {
        put(task, task_slots.gave_way, Py_True);
    }
    return noted;
}

/* Whether what runs in this thread is what the loop says, and no greenlet or eager task in its place. */
static int
is_at_home(Hook *self, PyObject *loop)
{
    if (!is_size(LOOP(loop, eager), 0) || number(LOOP(loop, track)) < 0 ||
        (unsigned long long)number(LOOP(loop, ident)) != PyThread_get_thread_ident()) {
        return 0;
    }
    if (is_size(self->runners, 0)) {
        return 1;
    }
    PyObject *running = attribute(self->context, running_text);
    PyObject *greenlet = running != NULL && running != Py_None ? PyObject_CallNoArgs(running) : NULL;
    int is_its = greenlet != NULL && number(LOOP(loop, home)) == number(greenlet);
    PyErr_Clear();
    Py_XDECREF(greenlet);
    Py_XDECREF(running);
    return is_its;
}

/* End a poll, if the loop makes one: Loop._polled. Return whether there is none any more. */
static int
end_poll(PyObject *loop)
{
    if (LOOP(loop, _polling) == Py_False) {
        return 1;
    }
    /* 0: its beginning is told already. */
    long long began = number(LOOP(loop, _began_ns)), t = now(), track = number(LOOP(loop, track));
    int has_only_looked = began > 0 && t - began < short_poll;
    if (began < 0 || t < 0 || track < 0) {
        PyErr_Clear();
        return 0;
    }
    PyObject *polls = LOOP(loop, polls), *rows = LOOP(loop, rows);
    long long end = -1, begin = -1;
    if (!has_only_looked && polls != NULL && PyTuple_CheckExact(polls) && PyTuple_GET_SIZE(polls) == 2) {
        end = number(PyTuple_GET_ITEM(polls, 0));
        begin = number(PyTuple_GET_ITEM(polls, 1));
    }
    if (!has_only_looked && (end < 0 || begin < 0 || rows == NULL || !Py_IS_TYPE(rows, rows_type) ||
                             !make_room((Rows *)rows, 2 * ROW))) {
        PyErr_Clear();
        return 0;
    }
    if (!put_number(loop, loop_slots._began_ns, 0)) {
        return 0;
    }
    put(loop, loop_slots._polling, Py_False);
    if (!has_only_looked) {
        if (began > 0) {
            store_at(rows, began, track, begin);
        }
        store_at(rows, t, track, end);
    }
    return 1;
}

/* What a task waits for has come: its wakeup is put into the queue, by what runs or what called that. */
static int
note_wakeup(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *callback = SLOT(handle, callback_of_handle), *args = SLOT(handle, args_of_handle);
    if (!Py_IS_TYPE(callback, &PyCFunction_Type) || !Py_IS_TYPE(PyCFunction_GET_SELF(callback), task_type) ||
        strcmp(((PyCFunctionObject *)callback)->m_ml->ml_name, "task_wakeup") != 0 || args == NULL ||
        !PyTuple_CheckExact(args) || PyTuple_GET_SIZE(args) != 1 || !is_at_home(self, loop)) {
        return 0;
    }
    PyObject *woken = of_id(self->by_id, PyCFunction_GET_SELF(callback)), *current = LOOP(loop, current);
    PyObject *giver = LOOP(loop, giver), *of = PyTuple_GET_ITEM(args, 0), *cause = NULL;
    long long waker = -1;
    int is_end = 0;
    if (woken == NULL || !Py_IS_TYPE(woken, task_slots.type) || current == NULL) {
        return 0;
    }
    if (Py_IS_TYPE(current, task_slots.type)) {
        PyObject *runs = referred(current);
        is_end = runs == of;
        Py_XDECREF(runs);
        waker = number(TASK(current, track));
        cause = is_end ? finished_text : callback_text;
    }
    else if (giver != NULL && PyTuple_CheckExact(giver) && PyTuple_GET_SIZE(giver) == 2) {
        waker = number(LOOP(loop, track));
        cause = number(PyTuple_GET_ITEM(giver, 0)) == waker ? PyTuple_GET_ITEM(giver, 1) : NULL;
    }
    if (cause == NULL || waker < 0 || waker == number(TASK(woken, track)) || !is_dict(LOOP(loop, wakes)) ||
        !is_table(LOOP(loop, due)) || !PyUnicode_CheckExact(cause)) {
        return 0;
    }
    if (!is_end) {
        PyObject *cancelled = Py_IS_TYPE(of, future_type) ? asked_by(is_cancelled, of, cancelled_text) : NULL;
        PyErr_Clear();
        Py_XDECREF(cancelled);
        if (cancelled != Py_False) {
            return 0;
        }
    }
    long long shape = number(PyDict_GetItemWithError(LOOP(loop, wakes), cause));
    PyErr_Clear();
    if (shape < 0 || !set_of_id(LOOP(loop, due), handle, woken)) {
        return 0;
    }
    if (!store(LOOP(loop, rows), TASK(woken, track), shape)) {
        set_of_id(LOOP(loop, due), handle, NULL);
        return 0;
    }
    return 1;
}

/* A descriptor is ready, or a timer is due, and what is called then is known. */
static int
note_called(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *function = SLOT(handle, callback_of_handle), *table = LOOP(loop, timers);
    if (LOOP(loop, current) != Py_None || LOOP(loop, giver) != Py_None || LOOP(loop, _is_asked) != Py_True) {
        return 0;
    }
    if (Py_IS_TYPE(handle, handle_type)) {
        if (!PyMethod_Check(function)) {
            return 0;
        }
        function = PyMethod_GET_FUNCTION(function);
        table = LOOP(loop, descriptors);
    }
    PyObject *known = Py_IS_TYPE(function, &PyFunction_Type) ? of_id(table, PyFunction_GET_CODE(function)) : NULL;
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 2 || !is_at_home(self, loop) ||
        !is_table(LOOP(loop, due)) || !end_poll(loop)) {
        return 0;
    }
    return set_of_id(LOOP(loop, due), handle, PyTuple_GET_ITEM(known, 0));
}

/* What is known of the function that a callback of a loop calls: Shared.calls; NULL if nothing is. */
static PyObject *
known_call(Hook *self, PyObject *function)
{
    PyObject *known = NULL, *of = NULL;
    if (PyCFunction_Check(function) && PyCFunction_GET_SELF(function) != NULL) {
        of = (PyObject *)Py_TYPE(PyCFunction_GET_SELF(function));
        known = of_id(self->calls, ((PyCFunctionObject *)function)->m_ml);
    }
    else {
        function = PyMethod_Check(function) ? PyMethod_GET_FUNCTION(function) : function;
        of = Py_IS_TYPE(function, &PyFunction_Type) ? PyFunction_GET_CODE(function) : NULL;
        known = of != NULL ? of_id(self->calls, of) : NULL;
    }
    return known != NULL && PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 3 && PyTuple_GET_ITEM(known, 2) == of
               ? known : NULL;
}

/* A callback of no task is put into the queue, whose function is known. Return whether that is noted. */
static int
note_call(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *known = known_call(self, SLOT(handle, callback_of_handle)), *args = SLOT(handle, args_of_handle);
    PyObject *current = LOOP(loop, current), *giver = LOOP(loop, giver), *waker = NULL, *cause = NULL;
    if (known == NULL || current == NULL || !is_table(LOOP(loop, due)) || !is_at_home(self, loop)) {
        return 0;
    }
    if (Py_IS_TYPE(current, task_slots.type)) {
        PyObject *runs = referred(current);
        int is_end = runs != NULL && args != NULL && PyTuple_CheckExact(args) && PyTuple_GET_SIZE(args) > 0 &&
                     PyTuple_GET_ITEM(args, 0) == runs;
        Py_XDECREF(runs);
        waker = TASK(current, track);
        cause = is_end && PyTuple_GET_ITEM(known, 1) == Py_False ? finished_text : callback_text;
    }
    else if (current == Py_None && giver != NULL && PyTuple_CheckExact(giver) && PyTuple_GET_SIZE(giver) == 2) {
        waker = PyTuple_GET_ITEM(giver, 0);
        cause = PyTuple_GET_ITEM(giver, 1);
    }
    if (waker == NULL) {
        return 0;
    }
    PyObject *name = PyTuple_GET_ITEM(known, 0);
    PyObject *call = PyUnicode_GET_LENGTH(name) > 0 ? PyTuple_Pack(3, waker, cause, name) : PyTuple_Pack(2, waker, cause);
    int noted = call != NULL && set_of_id(LOOP(loop, due), handle, call);
    PyErr_Clear();
    Py_XDECREF(call);
    return noted;
}

/* Python has named what calls a method of C's: know that by its definition from now on. */
static void
learn_call(Hook *self, PyObject *loop, PyObject *handle)
{
    enum { MOST_CALLED = 256 };
    PyObject *function = SLOT(handle, callback_of_handle), *due = LOOP(loop, due);
    PyObject *its = function != NULL && PyCFunction_Check(function) ? PyCFunction_GET_SELF(function) : NULL;
    PyObject *call = its != NULL && !PyType_Check(its) && is_table(due) ? of_id(due, handle) : NULL;
    if (call == NULL || !PyTuple_CheckExact(call) || PyTuple_GET_SIZE(call) != 3 || !is_table(self->calls) ||
        count_in(self->calls) >= MOST_CALLED) {
        return;
    }
    PyObject *known = PyTuple_Pack(3, PyTuple_GET_ITEM(call, 2), Py_False, Py_TYPE(its));
    if (known != NULL) {
        put_in(self->calls, (Py_ssize_t)((PyCFunctionObject *)function)->m_ml, known);
        Py_DECREF(known);
    }
    PyErr_Clear();
}

/* Whether asyncio calls a task so to which its author gave no name: `is_automatic` of library.py, of what is a text. */
static int
is_automatic(PyObject *given)
{
    Py_ssize_t length = given != NULL && PyUnicode_CheckExact(given) ? PyUnicode_GET_LENGTH(given) : 0;
    Py_ssize_t prefix = PyUnicode_GET_LENGTH(automatic_text);
    if (length <= prefix || PyUnicode_Tailmatch(given, automatic_text, 0, length, -1) != 1) {
        PyErr_Clear();
        return 0;
    }
    for (Py_ssize_t i = prefix; i < length; i++) {
        Py_UCS4 one = PyUnicode_READ_CHAR(given, i);
        if (one < '0' || one > '9') {
            return 0;
        }
    }
    return 1;
}

/* Whether the code of `frame` is right below all that a loop runs. */
static int
is_bottom(Hook *self, PyFrameObject *frame)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    int found = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(self->bottoms) && !found; i++) {
        found = PyList_GET_ITEM(self->bottoms, i) == code;
    }
    Py_DECREF(code);
    return found;
}

/* As place_of, of the innermost place of the program's own in what a loop runs, from `frame` on: Shared.place_in_step. 0 if
   there is none, or some code there is not known yet. */
static Py_ssize_t
place_in_step(Hook *self, PyFrameObject *frame)
{
    enum { OWN, GENERATED, BETWEEN, LIBRARY };
    Py_ssize_t generated = 0, library = 0, own = 0;
    Py_XINCREF(frame);
    while (frame != NULL && own == 0 && !is_bottom(self, frame)) {
        PyObject *code = (PyObject *)PyFrame_GetCode(frame), *known = of_id(self->whose, code);
        long long whose = known != NULL && PyTuple_CheckExact(known) ? number(PyTuple_GET_ITEM(known, 0)) : -1;
        Py_DECREF(code);
        if (whose < 0) {
            Py_DECREF(frame);
            return 0;
        }
        if (whose == OWN) {
            own = place_of(frame);
        }
        else if (whose == GENERATED && generated == 0) {
            generated = place_of(frame);
        }
        else if (whose == LIBRARY && library == 0) {
            library = place_of(frame);
        }
        Py_SETREF(frame, PyFrame_GetBack(frame));
    }
    Py_XDECREF(frame);
    return own != 0 ? own : generated != 0 ? generated : library;
}

/* A task of asyncio's own class, which is not known yet, was made by the track that runs, where one like it was made
   before; `runs`: and makes its first step at once. Store that: its `Task`, a new reference. NULL if Python has to. */
static PyObject *
store_task(Hook *self, PyObject *loop, PyObject *task, PyFrameObject *frame, int runs)
{
    PyObject *creator = LOOP(loop, current), *births = LOOP(loop, births), *known = NULL;
    if (creator == NULL || !Py_IS_TYPE(creator, task_slots.type) || !is_dict(births) || PyDict_GET_SIZE(births) == 0) {
        return NULL;
    }
    Py_ssize_t place = place_in_step(self, frame);
    PyObject *coroutine = place == 0 ? NULL : given_by(coro_of_task, task, coro_text);
    PyObject *code = coroutine != NULL && PyCoro_CheckExact(coroutine) ? code_in(coroutine) : NULL;
    PyObject *key = code == NULL ? NULL : Py_BuildValue("NnO", PyLong_FromVoidPtr(code), place, runs ? Py_True : Py_False);
    PyObject *found = key == NULL ? NULL : PyDict_GetItemWithError(births, key);
    long long shape = found != NULL && PyTuple_CheckExact(found) && PyTuple_GET_SIZE(found) == 4
                          ? number(PyTuple_GET_ITEM(found, 0)) : -1;
    PyObject *given = shape < 0 ? NULL : asked_by(name_of_task, task, get_name_text);
    if (is_automatic(given)) {
        PyObject *name = Py_NewRef(PyTuple_GET_ITEM(found, 1)), *parts[] = {task, self->forget_task};
        PyObject *track = new_track();
        PyObject *id = track == NULL ? NULL : PyLong_FromVoidPtr(task);
        known = id == NULL ? NULL : PyObject_Vectorcall((PyObject *)task_slots.type, parts, 2, NULL);
        if (known != NULL) {
            put(known, task_slots.key, id);
            put(known, task_slots.track, track);
            put(known, task_slots.loop, loop);
            put(known, task_slots.name, name);
            put(known, task_slots.given, given);
            put(known, task_slots.started, runs ? Py_True : Py_False);
            put(known, task_slots.ended, Py_False);
            put(known, task_slots.gave_way, Py_False);
            put(known, task_slots.place, Py_None);
            put(known, task_slots.shape, nothing_yet);
            put(known, task_slots.cancels, none_yet);
            if (!store(LOOP(loop, rows), track, shape) || !put_in(self->by_id, (Py_ssize_t)task, known)) {
                Py_CLEAR(known);
            }
        }
        Py_XDECREF(id);
        Py_XDECREF(track);
        Py_DECREF(name);
    }
    Py_XDECREF(given);
    Py_XDECREF(key);
    Py_XDECREF(code);
    Py_XDECREF(coroutine);
    return known;
}

/* A task that was made is to begin. Return whether that is noted. */
static int
note_birth(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *callback = SLOT(handle, callback_of_handle), *due = LOOP(loop, due);
    if (step_type == NULL || !Py_IS_TYPE(callback, step_type) || !is_table(due) || !is_at_home(self, loop)) {
        return 0;
    }
    PyObject *task = given_by(task_of_step, callback, self_text), *known = NULL;
    int noted = 0;
    if (task != NULL && Py_IS_TYPE(task, task_type) && of_id(self->by_id, task) == NULL) {
        known = store_task(self, loop, task, PyEval_GetFrame(), 0);
        noted = known != NULL && set_of_id(due, handle, known);
    }
    PyErr_Clear();
    Py_XDECREF(known);
    Py_XDECREF(task);
    return noted;
}

/* A task is no more: Tasks._forget. */
static PyObject *
forget_task_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL && Py_IS_TYPE(args[0], task_slots.type) &&
        TASK(args[0], ended) == Py_True && TASK(args[0], key) != NULL) {
        long long key = number(TASK(args[0], key));
        if (find_in(self->by_id, key) == args[0]) {
            Py_XDECREF(take_from(self->by_id, key));
        }
        Py_RETURN_NONE;
    }
    return or_later(PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames));
}

static PyObject *
append_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    int is_one = PyVectorcall_NARGS(nargsf) == 2 && kwnames == NULL &&
                 (Py_IS_TYPE(args[1], handle_type) || Py_IS_TYPE(args[1], timer_type)) &&
                 SLOT(args[1], callback_of_handle) != NULL;
    PyObject *loop = is_one ? loop_of(args[0]) : NULL;
    int noted = loop != NULL && ((Py_IS_TYPE(args[1], handle_type) &&
                                  (note_turn(self, loop, args[1]) || note_wakeup(self, loop, args[1]) ||
                                   note_birth(self, loop, args[1]) || note_call(self, loop, args[1]))) ||
                                 note_called(self, loop, args[1]));
    /* Last: put in by another thread, it may begin at once. */
    PyObject *done = noted ? deque_append(args[0], args[1]) : PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames);
    if (loop != NULL && !noted && done != NULL) {
        learn_call(self, loop, args[1]);
    }
    Py_XDECREF(loop);
    return done;
}

/* Whether `task`, which has asked for its next step, stands where it is known to give way by `asyncio.sleep(0)`. */
static int
gives_way_as_known(PyObject *known)
{
    PyObject *place = TASK(known, place);
    if (TASK(known, gave_way) != Py_True || place == NULL || !PyTuple_CheckExact(place) ||
        PyTuple_GET_SIZE(place) != 2) {
        return 0;
    }
    PyObject *task = referred(known), *coroutine = given_by(coro_of_task, task, coro_text);
    PyObject *frame = NULL, *awaited = NULL;
    if (coroutine != NULL && PyCoro_CheckExact(coroutine)) {
        frame = got(cr_frame, coroutine);
        awaited = got(cr_await, coroutine);
    }
    int is_known = 0;
    if (frame != NULL && PyFrame_Check(frame) && awaited != NULL && PyCoro_CheckExact(awaited) &&
        PyFrame_GetLasti((PyFrameObject *)frame) == number(PyTuple_GET_ITEM(place, 0))) {
        PyObject *code = code_in(awaited);
        is_known = code == PyTuple_GET_ITEM(place, 1);
        Py_XDECREF(code);
    }
    Py_XDECREF(awaited);
    Py_XDECREF(frame);
    Py_XDECREF(coroutine);
    Py_XDECREF(task);
    return is_known;
}

/* As place_of, of a coroutine or generator that is suspended; 0 if it has no frame any more. */
static Py_ssize_t
place_within(PyObject *coroutine)
{
#if PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030e0000
    /* No frame object is made for this, which takes three times as long, nor is an audit hook called. From 3.14 on
       nothing tells of what is inside a generator. */
    PyGenObject *its = (PyGenObject *)coroutine;
    struct _PyInterpreterFrame *frame = (struct _PyInterpreterFrame *)its->gi_iframe;
    return its->gi_frame_state > 0 ? 0 : (Py_ssize_t)code_of_generator(coroutine) + PyUnstable_InterpreterFrame_GetLasti(frame);
#else
    PyObject *frame = got(PyGen_CheckExact(coroutine) ? gi_frame : cr_frame, coroutine);
    Py_ssize_t place = frame != NULL && PyFrame_Check(frame) ? place_of((PyFrameObject *)frame) : 0;
    Py_XDECREF(frame);
    return place;
#endif
}

/* So deep a chain of coroutines is followed; and so many chains are found at once, each where its places say. */
enum { MOST_AWAITED = 24, CHAINS = 256 };

typedef struct {
    Py_ssize_t count, ats[MOST_AWAITED];
    PyObject *stand; /* It keeps the code, so that no other comes to stand at these places. */
} Chain;

/* What `Waits.stand` has for these places, borrowed; NULL, and no exception, if it has nothing. */
static PyObject *
stand_at(Hook *self, const Py_ssize_t *ats, Py_ssize_t count)
{
    static Chain chains[CHAINS];
    size_t mixed = (size_t)count;
    for (Py_ssize_t i = 0; i < count; i++) {
        mixed = (mixed ^ (size_t)ats[i]) * 0x9e3779b97f4a7c15u;
    }
    Chain *chain = &chains[(mixed >> 32) % CHAINS];
    if (chain->stand != NULL && chain->count == count && memcmp(chain->ats, ats, (size_t)count * sizeof(*ats)) == 0) {
        return chain->stand;
    }
    PyObject *key = PyTuple_New(count), *stand = NULL;
    for (Py_ssize_t i = 0; key != NULL && i < count; i++) {
        PyObject *one = PyLong_FromSsize_t(ats[i]);
        if (one == NULL) {
            Py_CLEAR(key);
            break;
        }
        PyTuple_SET_ITEM(key, i, one);
    }
    if (key != NULL) {
        stand = PyDict_GetItemWithError(self->stands, key);
    }
    PyErr_Clear();
    Py_XDECREF(key);
    if (stand == NULL || !Py_IS_TYPE(stand, stand_slots.type)) {
        return NULL;
    }
    chain->count = count;
    memcpy(chain->ats, ats, (size_t)count * sizeof(*ats));
    Py_XSETREF(chain->stand, Py_NewRef(stand));
    return stand;
}

/* Where a task is suspended: what `Waits.stand` has for that, borrowed; NULL, and no exception, if it has nothing or has
   to look. `telling`: the frame of the coroutine that tells for what, a new reference, if one does. */
static PyObject *
stand_of(Hook *self, PyObject *task, PyObject **telling)
{
    PyObject *coroutines[MOST_AWAITED], *coroutine = given_by(coro_of_task, task, coro_text), *stand = NULL;
    Py_ssize_t ats[MOST_AWAITED], count = 0, at = -1;
    int is_plain = 0;
    while (coroutine != NULL && count < MOST_AWAITED && !is_plain) {
        /* A generator, such as that of `asyncio.sleep(0)`, may be the last. */
        is_plain = PyGen_CheckExact(coroutine);
        if (!is_plain && !PyCoro_CheckExact(coroutine)) {
            break;
        }
        ats[count] = place_within(coroutine);
        coroutines[count] = coroutine;
        coroutine = ats[count] == 0 ? NULL : got(is_plain ? gi_yieldfrom : cr_await, coroutine);
        count++;
    }
    if (coroutine != NULL && (is_plain ? coroutine == Py_None : of_id(self->ends, Py_TYPE(coroutine)) != NULL)) {
        stand = stand_at(self, ats, count);
    }
    if (stand != NULL && (at = number(STAND(stand, telling))) >= 0 && at < count) {
        PyObject *frame = got(PyGen_CheckExact(coroutines[at]) ? gi_frame : cr_frame, coroutines[at]);
        *telling = frame != NULL && PyFrame_Check(frame) ? Py_NewRef(frame) : NULL;
        Py_XDECREF(frame);
    }
    if (stand != NULL && *telling == NULL && at != -1) {
        stand = NULL;
    }
    Py_XDECREF(coroutine);
    while (count > 0) {
        Py_DECREF(coroutines[--count]);
    }
    return stand;
}

/* A variable of a function, a new reference; NULL, and no exception, if there is none. */
static PyObject *
local_of(PyFrameObject *frame, const char *name)
{
#if PY_VERSION_HEX >= 0x030c0000
    PyObject *found = PyFrame_GetVarString(frame, name);
#else
    /* As Waits has it. */
    PyObject *variables = PyFrame_GetLocals(frame), *found = NULL;
    if (variables != NULL && PyDict_CheckExact(variables)) {
        found = Py_XNewRef(PyDict_GetItemString(variables, name));
        PyDict_Clear(variables);
    }
    Py_XDECREF(variables);
#endif
    PyErr_Clear();
    return found;
}

/* Whether it is a future for which one task waits and nobody else: Waits.is_plain. */
static int
is_plain(PyObject *future)
{
    PyObject *callbacks = Py_IS_TYPE(future, future_type) ? given_by(callbacks_of_future, future, callbacks_text)
                                                                  : NULL;
    int plain = 0;
    if (callbacks != NULL && PyList_CheckExact(callbacks) && PyList_GET_SIZE(callbacks) == 1) {
        PyObject *one = PyList_GET_ITEM(callbacks, 0);
        plain = PyTuple_CheckExact(one) && PyTuple_GET_SIZE(one) == 2 &&
                Py_IS_TYPE(PyTuple_GET_ITEM(one, 0), &PyCFunction_Type);
    }
    Py_XDECREF(callbacks);
    return plain;
}

/* Give a future of asyncio's own class, which has none yet, its number, and return that: Numbers.of_no_track. -1, and an
   exception, if that failed. */
static long long
number_future(Hook *self, PyObject *future)
{
    PyObject *given[] = {future, self->forget}, *known = NULL, *name = NULL, *key = NULL;
    PyObject *next = PyObject_CallNoArgs(self->next_future);
    long long found = next == NULL ? -1 : PyLong_AsLongLong(next);
    if (found >= 0) {
        known = PyObject_Vectorcall((PyObject *)numbered_type, given, 2, NULL);
        name = text_of(future_text, found);
        key = PyLong_FromVoidPtr(future);
    }
    int failed = known == NULL || name == NULL || key == NULL;
    if (!failed) {
        put(known, name_of_numbered, name);
        put(known, key_of_numbered, key);
        failed = !set_of_id(self->numbered, future, known);
        if (failed) {
            PyErr_NoMemory();
        }
    }
    Py_XDECREF(key);
    Py_XDECREF(name);
    Py_XDECREF(known);
    Py_XDECREF(next);
    return failed ? -1 : found;
}

/* Something numbered is no more: Numbers._forget. */
static PyObject *
forget_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL && Py_IS_TYPE(args[0], numbered_type)) {
        PyObject *key = SLOT(args[0], key_of_numbered);
        if (key != NULL && find_in(self->numbered, number(key)) == args[0]) {
            Py_XDECREF(take_from(self->numbered, number(key)));
        }
    }
    Py_RETURN_NONE;
}

/* What is added to a shape that says that name, of which the reference is stolen: 0, and no exception, if it is none; -1 and
   one if a signal's handler has raised it. */
static long long
said_name(PyObject *buffer, long long t, PyObject *name)
{
    PyObject *said = NULL;
    if (name != NULL && PyUnicode_CheckExact(name) && PyUnicode_GET_LENGTH(name) > 0) {
        PyObject *texts = BUFFER(buffer, _texts);
        said = is_dict(texts) ? Py_XNewRef(PyDict_GetItemWithError(texts, name)) : NULL;
        PyObject *time = said != NULL || PyErr_Occurred() ? NULL : PyLong_FromLongLong(t);
        if (time != NULL) {
            said = PyObject_CallMethodObjArgs(buffer, said_text, time, name, NULL);
            Py_DECREF(time);
        }
    }
    Py_XDECREF(name);
    long long found = number(said);
    Py_XDECREF(said);
    return PyErr_Occurred() ? given_up() : found < 0 ? 0 : found;
}

/* What is added to a shape that says what `thing` is called: 0, and no exception, if that has no name; -1 and one if a
   signal's handler has raised it. */
static long long
said_thing(Hook *self, PyObject *buffer, long long t, PyObject *thing)
{
    PyObject *known = of_id(self->numbered, thing), *name;
    if (known == NULL && Py_IS_TYPE(thing, future_type)) {
        long long future = number_future(self, thing);
        return future < 0 ? given_up() : future > largest ? 0 : (zero_future + future + 1) << value_bit;
    }
    name = known != NULL && Py_IS_TYPE(known, numbered_type) ? Py_XNewRef(SLOT(known, name_of_numbered))
                                                            : PyObject_CallOneArg(self->name, thing);
    return said_name(buffer, t, name);
}

/* The same of a task of asyncio's own class that is awaited: Waits.awaited. */
static long long
said_task(Hook *self, PyObject *task)
{
    PyObject *known = of_id(self->by_id, task), *its = NULL;
    if (known != NULL && Py_IS_TYPE(known, task_slots.type)) {
        its = referred(known);
    }
    long long track = its == task ? number(TASK(known, track)) : -1;
    Py_XDECREF(its);
    return track < 0 || track > largest_track ? 0 : (zero_track + track + 1) << value_bit;
}

/* The shape of what a task does that is suspended at `stand`, for `future`, as one did before in this thread: with what
   says for which thing; 0 if that is not known, -1 if an exception is to be raised. */
static long long
shape_of_await(Hook *self, PyObject *buffer, long long t, PyObject *stand, PyObject *telling, PyObject *future)
{
    long long shape = number(STAND(stand, shape)), said = 0;
    PyObject *sleeps = STAND(stand, sleeps);
    if (telling != NULL && is_dict(sleeps) && PyDict_GET_SIZE(sleeps) != 0) {
        PyObject *delay = local_of((PyFrameObject *)telling, "delay");
        int is_plain_number = delay != NULL && (PyFloat_CheckExact(delay) || PyLong_CheckExact(delay));
        long long known = is_plain_number ? number(PyDict_GetItemWithError(sleeps, delay)) : 0;
        PyErr_Clear();
        Py_XDECREF(delay);
        return known < 0 ? 0 : known;
    }
    if (telling == NULL && Py_IS_TYPE(future, task_type)) {
        shape = number(STAND(stand, join));
        said = shape < 0 ? 0 : said_task(self, future);
        return said > 0 ? shape + said : said;
    }
    if (shape < 0) {
        return 0;
    }
    PyObject *thing = telling != NULL ? local_of((PyFrameObject *)telling, "self")
                    : is_plain(future) ? Py_NewRef(future) : NULL;
    said = thing == NULL ? 0 : said_thing(self, buffer, t, thing);
    Py_XDECREF(thing);
    return said > 0 ? shape + said : said;
}

/* Whether nothing was done to a task that has to be told: it has its name, and was not cancelled. */
static int
is_untouched(PyObject *known, PyObject *task)
{
    PyObject *given = Py_IS_TYPE(task, task_type) ? asked_by(name_of_task, task, get_name_text) : NULL;
    PyObject *cancels = given == NULL ? NULL : asked_by(cancels_of_task, task, cancelling_text);
    int same = cancels != NULL && number(cancels) == number(TASK(known, cancels)) && PyUnicode_CheckExact(given) &&
               TASK(known, given) != NULL && PyUnicode_CheckExact(TASK(known, given)) &&
               PyUnicode_Compare(given, TASK(known, given)) == 0;
    PyErr_Clear();
    Py_XDECREF(cancels);
    Py_XDECREF(given);
    return same;
}

/* What is added to the shape of a row that says such a tuple: Buffer.tell_tuple. 0 if that is not known. */
static long long
said_of_tuple(PyObject *value, PyObject *buffer)
{
    enum { MOST = 8 };
    Py_ssize_t count = PyTuple_GET_SIZE(value);
    PyObject *key = count > MOST || !is_dict(BUFFER(buffer, kinds)) ? NULL : PyTuple_New(count);
    for (Py_ssize_t i = 0; key != NULL && i < count; i++) {
        PyObject *one = PyTuple_GET_ITEM(value, i), *shown = NULL;
        if (one == Py_None || PyBool_Check(one)) {
            shown = Py_NewRef(one);
        }
        else if (is_told_by_type(one)) {
            shown = name_of(Py_TYPE(one));
        }
        /* Else its hash would be worked out by the program. */
        if (shown == NULL || (PyUnicode_Check(shown) && !PyUnicode_CheckExact(shown))) {
            Py_XDECREF(shown);
            Py_CLEAR(key);
            break;
        }
        PyTuple_SET_ITEM(key, i, shown);
    }
    long long said = key == NULL ? 0 : number(PyDict_GetItemWithError(BUFFER(buffer, kinds), key));
    PyErr_Clear();
    Py_XDECREF(key);
    return said > 0 ? said : 0;
}

/* What is added to the shape of an end that says what a task returned: Loop._returns. -1 if that is not known. */
static long long
said_of_result(PyObject *value, PyObject *buffer)
{
    if (value == Py_None) {
        return 0;
    }
    long long said = said_of(value, buffer);
    PyObject *texts = BUFFER(buffer, _texts), *kept = NULL, *found = NULL;
    if (said == 0 && PyTuple_CheckExact(value)) {
        said = said_of_tuple(value, buffer);
    }
    if (said == 0 && is_dict(texts) && (PyTuple_CheckExact(value) || PyList_CheckExact(value) || PyDict_CheckExact(value))) {
        kept = PyObject_CallOneArg(keep, value);
        found = kept != NULL && PyUnicode_Check(kept) ? PyDict_GetItemWithError(texts, kept) : NULL;
        said = number(found);
        Py_XDECREF(kept);
    }
    PyErr_Clear();
    return said > 0 ? said : -1;
}

/* The task that runs in `loop` has returned something: store that, and that `back` runs. As `store_await`. */
static int
store_end_of_task(PyObject *loop, PyObject *known, PyObject *task, PyObject *buffer, long long t, long long back)
{
    long long ended = number(BUFFER(buffer, ended)), passed = number(LOOP(loop, resumed)), said = -1, its = number(TASK(known, track));
    if (ended < 0 || its < 0 || passed < 0 || !is_untouched(known, task)) {
        return 0;
    }
    PyObject *state = given_by(state_in_task, task, state_of_task), *result = NULL;
    PyObject *error = given_by(error_in_task, task, error_of_task);
    if (state != NULL && PyUnicode_Check(state) && PyUnicode_Compare(state, done_text) == 0 &&
        error == Py_None) {
        result = given_by(result_in_task, task, result_of_task);
        said = result == NULL ? -1 : said_of_result(result, buffer);
    }
    PyErr_Clear();
    Py_XDECREF(result);
    Py_XDECREF(error);
    Py_XDECREF(state);
    PyObject *rows = LOOP(loop, rows);
    if (said < 0 || LOOP(loop, current) != known || rows == NULL || !Py_IS_TYPE(rows, rows_type) ||
        !make_room((Rows *)rows, 2 * ROW)) {
        return 0;
    }
    store_at(rows, t, its, ended + said);
    store_at(rows, t, back, passed);
    put(known, task_slots.ended, Py_True);
    put(loop, loop_slots.current, Py_None);
    put(loop, loop_slots.guard, Py_None);
    return 1;
}

/* What runs in `loop` is over: a task that waits for something, or gives way, where one did so before, or that returns
   something; and `back` runs, or the loop, if that is below 0. Return whether that is stored; -1 if an exception
   is to be raised. */
static int
store_over(Hook *self, PyObject *loop, long long t, long long back)
{
    PyObject *known = LOOP(loop, current), *buffer = LOOP(loop, _buffer), *telling = NULL;
    long long track = number(LOOP(loop, track)), shape = 0;
    back = back < 0 ? track : back;
    if (known == NULL || !Py_IS_TYPE(known, task_slots.type) || t < 0 || back < 0 || buffer == NULL ||
        !Py_IS_TYPE(buffer, buffer_slots.type)) {
        return 0;
    }
    int gives_way = TASK(known, gave_way) != Py_False;
    PyObject *task = referred(known);
    PyObject *future = task != NULL && Py_IS_TYPE(task, task_type) ? given_by(waiter_of_task, task, waiter_text)
                                                                   : NULL;
    if (future == NULL || (future != Py_None && gives_way) || (gives_way && back != track)) {
        Py_XDECREF(future);
        Py_XDECREF(task);
        return 0;
    }
    Py_INCREF(known);
    Py_INCREF(buffer);
    if (future == Py_None && !gives_way) {
        int stored = store_end_of_task(loop, known, task, buffer, t, back);
        Py_DECREF(future);
        Py_DECREF(task);
        Py_DECREF(buffer);
        Py_DECREF(known);
        return stored;
    }
    PyObject *cancels = gives_way ? NULL : asked_by(cancels_of_task, task, cancelling_text);
    PyErr_Clear();
    PyObject *stand = gives_way || (cancels != NULL && number(cancels) == number(TASK(known, cancels)))
                          ? stand_of(self, task, &telling) : NULL;
    Py_XDECREF(cancels);
    if (stand != NULL && STAND(stand, buffer) == buffer) {
        Py_INCREF(stand);
        if (!gives_way) {
            shape = shape_of_await(self, buffer, t, stand, telling, future);
        }
        else if (STAND(stand, place) == Py_None || number(look_up(LOOP(loop, onward), number(STAND(stand, turn)))) >= 0) {
            shape = number(STAND(stand, turn));
        }
        int is_same = LOOP(loop, current) == known && LOOP(loop, _buffer) == buffer;
        if (shape > 0 && !(is_same && store_at(LOOP(loop, rows), t, back, shape))) {
            shape = 0;
        }
        if (shape > 0 && gives_way) {
            put(known, task_slots.gave_way, Py_False);
            put(known, task_slots.place, STAND(stand, place));
            put(known, task_slots.shape, STAND(stand, turn));
        }
        if (shape > 0) {
            put(loop, loop_slots.current, Py_None);
            put(loop, loop_slots.guard, Py_None);
        }
        Py_DECREF(stand);
    }
    Py_XDECREF(telling);
    Py_DECREF(future);
    Py_DECREF(task);
    Py_DECREF(buffer);
    Py_DECREF(known);
    return gives_way && shape < 0 ? 0 : shape > 0 ? 1 : (int)shape;
}

static int
store_await(Hook *self, PyObject *loop, long long t)
{
    return store_over(self, loop, t, -1);
}

/* Note that the next handle runs, which makes a step of `task`; NULL: it is whose doing `giver` says. Nothing, if it is
   the last before the loop polls and that cannot be watched. */
static int
note_next(Hook *self, PyObject *loop, PyObject *handle, PyObject *task, PyObject *giver)
{
    PyObject *fewer = PyLong_FromLongLong(number(LOOP(loop, left)) - 1), *guard = NULL;
    if (fewer != NULL && task != NULL && number(fewer) < 1) {
        PyObject *gone = PyMethod_New(self->gone, loop);
        guard = gone == NULL ? NULL : PyWeakref_NewRef(handle, gone);
        Py_XDECREF(gone);
    }
    if (fewer == NULL || (guard == NULL && task != NULL && number(fewer) < 1)) {
        PyErr_Clear();
        Py_XDECREF(fewer);
        return 0;
    }
    put(loop, loop_slots.left, fewer);
    put(loop, loop_slots.giver, giver);
    if (task != NULL) {
        put(loop, loop_slots.current, task);
    }
    if (guard != NULL) {
        put(loop, loop_slots.guard, guard);
    }
    Py_XDECREF(guard);
    Py_DECREF(fewer);
    return 1;
}

/* Whether there is nothing to tell of a task that makes its first step but that. */
static int
may_begin(PyObject *known)
{
    PyObject *task = referred(known);
    int may = task != NULL && is_untouched(known, task);
    Py_XDECREF(task);
    return may;
}

/* The shape of that a callback of that name begins, None: is over; -1 if that was not told twice before. */
static long long
shape_of_call(PyObject *loop, PyObject *name)
{
    PyObject *calls = LOOP(loop, calls), *shape = is_dict(calls) ? PyDict_GetItemWithError(calls, name) : NULL;
    PyErr_Clear();
    return shape != NULL ? number(shape) : -1;
}

/* The step of a task is to be made next, which `handle` is for. */
static inline void
expect_step(PyObject *known, PyObject *handle)
{
#if PY_VERSION_HEX < 0x030c0000
    PyObject *task = SLOT(handle, cancelled_of_handle) == Py_False ? referred(known) : NULL;
    PyObject *coroutine = task != NULL && Py_IS_TYPE(task, task_type) ? given_by(coro_of_task, task, coro_text) : NULL;
    next_stepped = coroutine;
    Py_XDECREF(coroutine);
    Py_XDECREF(task);
#endif
}

/* `handle` is taken out next: a task goes on, or begins, or what calls something runs. What ran gave way, waits,
   or was over already. Store that, and return whether it is; -1 if an exception is to be raised. */
static int
store_turn(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *due = LOOP(loop, due), *rows = LOOP(loop, rows), *before = LOOP(loop, current);
    PyObject *what = is_table(due) ? of_id(due, handle) : NULL;
    long long resumed = number(LOOP(loop, resumed)), back = number(LOOP(loop, track));
    int is_task = what != NULL && Py_IS_TYPE(what, task_slots.type);
    int is_call = what != NULL && PyTuple_CheckExact(what) && PyTuple_GET_SIZE(what) == 3;
    int was_called = LOOP(loop, called) != Py_False;
    long long call = is_call      ? shape_of_call(loop, PyTuple_GET_ITEM(what, 2))
                     : was_called ? shape_of_call(loop, Py_None)
                                  : 0;
    if (what == NULL || PySet_GET_SIZE(self->unsettled) != 0 || !is_size(LOOP(loop, eager), 0) || call < 0 ||
        number(LOOP(loop, ident)) == 0 || rows == NULL || !Py_IS_TYPE(rows, rows_type) || before == NULL ||
        (was_called && before != Py_None) || resumed < 0 || back < 0 ||
        !(is_task ? TASK(what, started) == Py_True || may_begin(what)
                  : PyTuple_CheckExact(what) && SLOT(handle, cancelled_of_handle) == Py_False)) {
        return 0;
    }
    /* To read a coroutine's frame calls the program's audit hooks. */
    Py_INCREF(what);
    Py_INCREF(before);
    Py_INCREF(rows);
    long long its = is_task ? number(TASK(what, track)) : 0, shape = -1, onward = -1, t = now();
    int stored = its >= 0 && t >= 0, gives_way = 0;
    if (stored && before != Py_None) {
        gives_way = is_task && Py_IS_TYPE(before, task_slots.type) && gives_way_as_known(before);
        if (gives_way) {
            shape = number(TASK(before, shape));
            onward = number(look_up(LOOP(loop, onward), shape));
            stored = shape >= 0;
        }
        else {
            stored = store_await(self, loop, t);
        }
    }
    PyObject *giver = is_call ? PyTuple_GetSlice(what, 0, 2) : Py_NewRef(is_task ? Py_None : what);
    if (stored == 1 && LOOP(loop, current) == (gives_way ? before : Py_None) && of_id(due, handle) == what &&
        giver != NULL && make_room((Rows *)rows, 3 * ROW) &&
        note_next(self, loop, handle, is_task ? what : NULL, giver)) {
        if (is_call || was_called) {
            store_at(rows, t, back, call);
            put(loop, loop_slots.called, is_call ? Py_True : Py_False);
        }
        if (onward >= 0) {
            store_at(rows, t, its, onward);
        }
        else {
            if (gives_way) {
                store_at(rows, t, back, shape);
            }
            if (is_task) {
                store_at(rows, t, its, resumed);
            }
        }
        set_of_id(due, handle, NULL);
        if (gives_way) {
            put(before, task_slots.gave_way, Py_False);
        }
        if (is_task) {
            put(what, task_slots.started, Py_True);
            expect_step(what, handle);
        }
    }
    else if (stored == 1) {
        stored = 0;
    }
    if (stored >= 0) {
        PyErr_Clear();
    }
    Py_XDECREF(giver);
    Py_DECREF(rows);
    Py_DECREF(before);
    Py_DECREF(what);
    return stored;
}

static PyObject *
popleft_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
#if PY_VERSION_HEX < 0x030c0000
    next_stepped = NULL;
#endif
    PyObject *loop = PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL ? loop_of(args[0]) : NULL;
    PyObject *handle = loop == NULL ? NULL : PySequence_GetItem(args[0], 0);
    if (handle == NULL) {
        PyErr_Clear();
    }
    int stored = handle != NULL && PyObject_TypeCheck(handle, handle_type) ? store_turn(self, loop, handle) : 0;
    Py_XDECREF(handle);
    Py_XDECREF(loop);
    return stored < 0 ? NULL : stored ? deque_popleft(args[0], NULL)
                                      : PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames);
}

/* The loop asks how many handles are ready: Loop.asked. Return whether nothing is left to do; -1 if an
   exception is to be raised. */
static int
note_asked(Hook *self, PyObject *loop, Py_ssize_t count)
{
    if (LOOP(loop, _is_asked) == Py_True) {
        if (!end_poll(loop) || !put_number(loop, loop_slots.left, count)) {
            return 0;
        }
        put(loop, loop_slots._is_asked, Py_False);
        return 1;
    }
    if (number(LOOP(loop, ident)) == 0 || !is_size(LOOP(loop, eager), 0) || PyDict_GET_SIZE(self->failed) != 0 ||
        PyDict_GET_SIZE(self->sizes) != 0) {
        return 0;
    }
    int is_over = 1;
    if (LOOP(loop, current) != Py_None) {
        is_over = LOOP(loop, called) != Py_False ? 0 : store_await(self, loop, now());
    }
    else if (LOOP(loop, called) != Py_False) {
        is_over = store(LOOP(loop, rows), LOOP(loop, track), shape_of_call(loop, Py_None));
        put(loop, loop_slots.called, is_over ? Py_False : Py_True);
    }
    if (is_over <= 0) {
        return is_over;
    }
    if (count == 0) {
        long long t = now();
        PyObject *began = t < 0 ? NULL : PyLong_FromLongLong(t);
        if (began == NULL) {
            PyErr_Clear();
            return 0;
        }
        put(loop, loop_slots._began_ns, began);
        put(loop, loop_slots.polls_since_ns, began);
        Py_DECREF(began);
        put(loop, loop_slots._polling, Py_True);
    }
    put(loop, loop_slots._is_asked, Py_True);
    put(loop, loop_slots.giver, Py_None);
    return 1;
}

/* The code that runs in this thread, a new reference; NULL, and no exception, if none does. */
static PyCodeObject *
code_here(void)
{
#if PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030e0000
    /* No frame object is made for this. */
    PyThreadState *thread = PyThreadState_Get();
#if PY_VERSION_HEX >= 0x030d0000
    struct _PyInterpreterFrame *frame = thread->current_frame;
#else
    struct _PyInterpreterFrame *frame = thread->cframe->current_frame;
#endif
    PyObject *code = frame != NULL ? PyUnstable_InterpreterFrame_GetCode(frame) : NULL;
    if (code != NULL && !PyCode_Check(code)) {
        Py_CLEAR(code);
    }
    return (PyCodeObject *)code;
#else
    PyFrameObject *frame = PyEval_GetFrame();
    return frame != NULL ? PyFrame_GetCode(frame) : NULL;
#endif
}

static PyObject *
length_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyObject *loop = PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL ? loop_of(args[0]) : NULL;
    PyCodeObject *code = loop == NULL ? NULL : code_here();
    Py_ssize_t count = loop == NULL ? 0 : deque_length(args[0]);
    int noted = 0;
    if (code != NULL) {
        noted = PyUnicode_Compare(code->co_name, run_once_text) != 0 ? 1 : note_asked(self, loop, count);
        Py_DECREF(code);
    }
    Py_XDECREF(loop);
    return noted < 0 ? NULL : noted ? PyLong_FromSsize_t(count)
                                    : PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames);
}

/* The handle of the last step before the loop polls is about to be no more: Loop.gone. */
static PyObject *
over_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    int stored = 0;
    if (PyVectorcall_NARGS(nargsf) == 2 && Py_IS_TYPE(args[0], loop_slots.type)) {
        PyObject *loop = Py_NewRef(args[0]);
        stored = LOOP(loop, guard) != args[1] ? 1 : store_await(self, loop, now());
        Py_DECREF(loop);
    }
    return or_later(stored < 0 ? NULL : stored ? Py_NewRef(Py_None)
                                               : PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames));
}

#if PY_VERSION_HEX >= 0x030c0000
/* The first steps of eager tasks: asyncio_/eager.py. */

/* The loop that runs in this thread, the innermost one, a new reference; NULL, and no exception, if there is none. */
static PyObject *
running_loop(Hook *self)
{
    PyObject *running = find_in(self->loops, (long long)PyThread_get_thread_ident()), *loop = NULL;
    if (running != NULL && PyList_CheckExact(running) && PyList_GET_SIZE(running) > 0) {
        loop = PyList_GET_ITEM(running, PyList_GET_SIZE(running) - 1);
        loop = Py_IS_TYPE(loop, loop_slots.type) ? Py_NewRef(loop) : NULL;
    }
    return loop;
}

/* `frame` is that of a coroutine that begins to run, called in `creator`: of an eager task, if the one that runs here is not
   known yet. Return whether that is stored. */
static int
store_eager(Hook *self, PyFrameObject *creator, PyFrameObject *frame)
{
    PyObject *place = PyLong_FromSsize_t(place_of(creator));
    int is_known = place != NULL && PySet_Contains(self->making, place) == 1, stored = 0;
    Py_XDECREF(place);
    PyObject *loop = is_known ? running_loop(self) : NULL;
    PyObject *task = loop != NULL && is_at_home(self, loop) ? PyObject_CallNoArgs(self->running_task) : NULL;
    PyObject *coroutine = NULL, *its = NULL, *whose = NULL, *of = NULL, *known = NULL;
    if (task != NULL && Py_IS_TYPE(task, task_type) && of_id(self->by_id, task) == NULL) {
        coroutine = given_by(coro_of_task, task, coro_text);
        its = coroutine != NULL && PyCoro_CheckExact(coroutine) ? got(cr_frame, coroutine) : NULL;
        of = attribute(task, loop_text);
        whose = referred(LOOP(loop, loop));
    }
    if (its == (PyObject *)frame && of != NULL && of == whose) {
        known = store_task(self, loop, task, creator, 1);
    }
    PyObject *giver = LOOP(loop, giver), *entry = NULL;
    if (known != NULL && giver != NULL) {
        entry = PyTuple_Pack(3, known, LOOP(loop, current), giver);
    }
    if (entry != NULL && PyList_Append(LOOP(loop, eager), entry) == 0) {
        put(loop, loop_slots.current, known);
        put(loop, loop_slots.giver, Py_None);
        /* Else its end is seen later: Loop.end_eager. */
        (void)set_of_id(self->begun, creator, loop);
        stored = 1;
    }
    PyErr_Clear();
    Py_XDECREF(entry);
    Py_XDECREF(known);
    Py_XDECREF(whose);
    Py_XDECREF(of);
    Py_XDECREF(its);
    Py_XDECREF(coroutine);
    Py_XDECREF(task);
    Py_XDECREF(loop);
    return stored;
}

/* EagerTasks._on_start. */
static PyObject *
eager_start_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *hook = (Hook *)self;
    PyFrameObject *frame = PyVectorcall_NARGS(nargsf) == 2 && args[0] != hook->factory ? PyEval_GetFrame() : NULL;
    PyFrameObject *creator = frame == NULL ? NULL : PyFrame_GetBack(frame);
    int stored = creator != NULL && (is_bottom(hook, creator) || store_eager(hook, creator, frame));
    Py_XDECREF(creator);
    return stored ? Py_NewRef(Py_None) : LONG_WAY();
}

/* The first step of an eager task of `loop` is over: Loop.ends_eagerly. As `store_await`. */
static int
store_end_of_eager(Hook *self, PyObject *loop)
{
    PyObject *eager = LOOP(loop, eager);
    Py_ssize_t count = eager != NULL && PyList_CheckExact(eager) ? PyList_GET_SIZE(eager) : 0;
    PyObject *entry = count == 0 ? NULL : PyList_GET_ITEM(eager, count - 1);
    if (entry == NULL || !PyTuple_CheckExact(entry) || PyTuple_GET_SIZE(entry) != 3) {
        return 0;
    }
    PyObject *made = PyTuple_GET_ITEM(entry, 0), *before = PyTuple_GET_ITEM(entry, 1);
    long long back = Py_IS_TYPE(before, task_slots.type) ? number(TASK(before, track))
                     : before == Py_None ? number(LOOP(loop, track)) : -1;
    if (back < 0 || !Py_IS_TYPE(made, task_slots.type) || LOOP(loop, current) != made || TASK(made, key) == NULL) {
        return 0;
    }
    int is_met = find_in(self->by_id, number(TASK(made, key))) == made;
    Py_INCREF(entry);
    int stored = is_met ? store_over(self, loop, now(), back) : 0;
    if (stored == 1) {
        Py_ssize_t left = PyList_GET_SIZE(eager);
        if (left > 0 && PyList_GET_ITEM(eager, left - 1) == entry && PyList_SetSlice(eager, left - 1, left, NULL) < 0) {
            PyErr_Clear();
        }
        put(loop, loop_slots.current, before);
        put(loop, loop_slots.giver, PyTuple_GET_ITEM(entry, 2));
    }
    Py_DECREF(entry);
    return stored;
}

/* EagerTasks._on_instruction. */
static PyObject *
eager_instruction_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *hook = (Hook *)self;
    PyFrameObject *frame = PyVectorcall_NARGS(nargsf) == 2 ? PyEval_GetFrame() : NULL;
    PyObject *behind = frame == NULL ? NULL : of_id(hook->behind, args[0]);
    int stored = 0;
    if (behind != NULL && PyTuple_CheckExact(behind) && PyTuple_GET_SIZE(behind) == 2 &&
        PySet_Contains(PyTuple_GET_ITEM(behind, 1), args[1]) == 1) {
        PyObject *loop = Py_XNewRef(of_id(hook->begun, frame));
        if (loop == NULL) {
            stored = 1;
        }
        else if (Py_IS_TYPE(loop, loop_slots.type)) {
            stored = store_end_of_eager(hook, loop);
            if (stored == 1) {
                (void)set_of_id(hook->begun, frame, NULL);
            }
        }
        Py_XDECREF(loop);
    }
    if (stored < 0) {
        return or_later(NULL);
    }
    PyErr_Clear();
    return stored ? Py_NewRef(Py_None) : LONG_WAY();
}

/* (what `queue_ways` made for `append`, ...): the short ways of EagerTasks, of where one begins and is over. */
static PyObject *
eager_ways(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *append, *factory, *loops, *running_task, *creating, *begun, *behind, *otherwise[2];
    if (!PyArg_ParseTuple(args, "O!OO!OO!O!O!OO", method_type, &append, &factory, table_type, &loops, &running_task,
                          &PySet_Type, &creating, table_type, &begun, table_type, &behind, &otherwise[0],
                          &otherwise[1])) {
        return NULL;
    }
    vectorcallfunc ways[] = {eager_start_way, eager_instruction_way};
    PyObject *made = PyTuple_New(2);
    for (int i = 0; made != NULL && i < 2; i++) {
        Hook *hook = new_hook(hook_type, ways[i], otherwise[i]), *like = (Hook *)append;
        if (hook == NULL) {
            Py_CLEAR(made);
            break;
        }
        PyTuple_SET_ITEM(made, i, (PyObject *)hook);
#define LIKE(name) hook->name = Py_XNewRef(like->name);
        LIKE(context) LIKE(runners) LIKE(by_id) LIKE(stands) LIKE(ends) LIKE(numbered) LIKE(name) LIKE(next_future)
        LIKE(forget) LIKE(forget_task) LIKE(whose) LIKE(bottoms)
#undef LIKE
        hook->factory = Py_NewRef(factory);
        hook->loops = Py_NewRef(loops);
        hook->running_task = Py_NewRef(running_task);
        hook->making = Py_NewRef(creating);
        hook->begun = Py_NewRef(begun);
        hook->behind = Py_NewRef(behind);
    }
    return made;
}
#endif

/* What a task of aiohttp's server serves: asyncio_/served.py. */

/* Stands for a slot of a library's class: _InSlot of core/stored.py. */
typedef struct {
    PyObject_HEAD
    PyObject *slot, *told, *but, *failed;
} InSlot;

static PyObject *
in_slot_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *slot, *told, *but, *failed;
    if (!PyArg_ParseTuple(args, "O!OOO", &PyMemberDescr_Type, &slot, &told, &but, &failed)) {
        return NULL;
    }
    InSlot *self = (InSlot *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->slot = Py_NewRef(slot);
        self->told = Py_NewRef(told);
        self->but = Py_NewRef(but);
        self->failed = Py_NewRef(failed);
    }
    return (PyObject *)self;
}

static int
in_slot_traverse(InSlot *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->slot);
    Py_VISIT(self->told);
    Py_VISIT(self->but);
    Py_VISIT(self->failed);
    return 0;
}

static void
in_slot_dealloc(InSlot *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->slot);
    Py_XDECREF(self->told);
    Py_XDECREF(self->but);
    Py_XDECREF(self->failed);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
in_slot_get(PyObject *self, PyObject *instance, PyObject *owner)
{
    PyObject *slot = ((InSlot *)self)->slot;
    return Py_TYPE(slot)->tp_descr_get(slot, instance, owner);
}

static int
in_slot_set(PyObject *object, PyObject *instance, PyObject *value)
{
    InSlot *self = (InSlot *)object;
    if (Py_TYPE(self->slot)->tp_descr_set(self->slot, instance, value) < 0) {
        return -1;
    }
    if (value == NULL || value == self->but) {
        return 0;
    }
    PyObject *both[] = {instance, value}, *done = PyObject_Vectorcall(self->told, both, 2, NULL);
    if (done == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyObject *type, *error, *traceback;
        PyErr_Fetch(&type, &error, &traceback);
        PyErr_NormalizeException(&type, &error, &traceback);
        if (traceback != NULL) {
            PyException_SetTraceback(error, traceback);
        }
        done = PyObject_CallOneArg(self->failed, error);
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
    }
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyType_Slot in_slot_type_slots[] = {
    {Py_tp_new, in_slot_new},
    {Py_tp_traverse, in_slot_traverse},
    {Py_tp_dealloc, in_slot_dealloc},
    {Py_tp_descr_get, in_slot_get},
    {Py_tp_descr_set, in_slot_set},
    {0, NULL},
};
static PyType_Spec in_slot_spec = {
    .name = "visualizer.tracers._recorder.InSlot",
    .basicsize = sizeof(InSlot),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = in_slot_type_slots,
};

/* How a request is told, a new reference, as one of that method and path was before; NULL, and no exception, if none was. */
static PyObject *
said_of_request(Hook *self, PyObject *asked)
{
    PyObject *method = own_of(asked, method_of_request), *message = own_of(asked, message_of_request), *said = NULL;
    PyObject *path = message != NULL && of_id(self->made, Py_TYPE(message)) != NULL ? attribute(message, path_text) : NULL;
    if (method != NULL && PyUnicode_CheckExact(method) && path != NULL && PyUnicode_CheckExact(path)) {
        PyObject *key = PyTuple_Pack(2, method, path);
        said = key == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(self->said, key));
        Py_XDECREF(key);
    }
    PyErr_Clear();
    Py_XDECREF(path);
    Py_XDECREF(message);
    Py_XDECREF(method);
    return said;
}

/* The two ends of the connection of aiohttp's handler, a new reference, if they are known: Addresses.of_socket. NULL, and
   no exception, if they are not. */
static PyObject *
ends_of_handler(Hook *self, PyObject *handler)
{
    PyObject *transport = Py_TYPE(self->transport)->tp_descr_get(self->transport, handler, (PyObject *)Py_TYPE(handler));
    PyErr_Clear();
    PyObject *real = own_of(transport, sock_text), *known = real == NULL ? NULL : Py_XNewRef(of_id(self->addresses, real));
    PyObject *ends = NULL;
    if (known != NULL && PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 4) {
        PyObject *its = referred(PyTuple_GET_ITEM(known, 0));
        PyObject *fd = its == real ? PyObject_CallOneArg(self->descriptor, real) : NULL;
        if (fd != NULL && number(fd) >= 0 && number(fd) == number(PyTuple_GET_ITEM(known, 1))) {
            ends = PyTuple_Pack(2, PyTuple_GET_ITEM(known, 2), PyTuple_GET_ITEM(known, 3));
        }
        Py_XDECREF(fd);
        Py_XDECREF(its);
    }
    PyErr_Clear();
    Py_XDECREF(known);
    Py_XDECREF(real);
    Py_XDECREF(transport);
    return ends;
}

/* A task of its own serves what aiohttp's `handler` was asked, as one did before. Return whether that is stored. */
static int
store_serves(Hook *self, PyObject *handler, PyObject *asked)
{
    PyObject *task = PyObject_CallNoArgs(self->running_task), *over = attribute(self->context, is_over_text);
    PyErr_Clear();
    PyObject *known = task != NULL && Py_IS_TYPE(task, task_type) ? Py_XNewRef(of_id(self->by_id, task)) : NULL;
    PyObject *loop = known != NULL && Py_IS_TYPE(known, task_slots.type) ? TASK(known, loop) : NULL;
    PyObject *buffer = NULL, *coroutine = NULL, *said = NULL, *ends = NULL, *key = NULL;
    int stored = 0;
    if (over == Py_False && loop != NULL && Py_IS_TYPE(loop, loop_slots.type) &&
        (unsigned long long)number(LOOP(loop, ident)) == PyThread_get_thread_ident() && is_open(LOOP(loop, _buffer))) {
        buffer = Py_NewRef(LOOP(loop, _buffer));
        coroutine = given_by(coro_of_task, task, coro_text);
    }
    if (coroutine != NULL && PyCoro_CheckExact(coroutine)) {
        PyObject *code = code_in(coroutine);
        if (code == self->handles && (said = said_of_request(self, asked)) != NULL) {
            ends = ends_of_handler(self, handler);
        }
        Py_XDECREF(code);
    }
    if (ends != NULL && (key = PyTuple_Pack(3, self->key, said, ends)) != NULL && is_dict(BUFFER(buffer, _shapes))) {
        PyObject *found = PyDict_GetItemWithError(BUFFER(buffer, _shapes), key);
        long long shape = found != NULL && PyTuple_CheckExact(found) && PyTuple_GET_SIZE(found) == 2
                              ? number(PyTuple_GET_ITEM(found, 0)) : -1;
        stored = shape >= 0 && store(BUFFER(buffer, rows), TASK(known, track), shape);
    }
    PyErr_Clear();
    Py_XDECREF(key);
    Py_XDECREF(ends);
    Py_XDECREF(said);
    Py_XDECREF(coroutine);
    Py_XDECREF(buffer);
    Py_XDECREF(known);
    Py_XDECREF(over);
    Py_XDECREF(task);
    return stored;
}

/* Served._begin. */
static PyObject *
serve_way_begin(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    int stored = PyVectorcall_NARGS(nargsf) == 2 && kwnames == NULL && store_serves((Hook *)self, args[0], args[1]);
    return stored ? Py_NewRef(Py_None) : OTHERWISE();
}

static PyObject *
serve_way(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *by_id, *messages, *said, *addresses, *context, *running_task, *handles, *transport, *descriptor, *key, *otherwise;
    if (!PyArg_ParseTuple(args, "(O!O!O!O!)OOO!O!OUO", table_type, &by_id, table_type, &messages, &PyDict_Type, &said,
                          &PyDict_Type, &addresses, &context, &running_task, &PyCode_Type, &handles, &PyMemberDescr_Type,
                          &transport, &descriptor, &key, &otherwise)) {
        return NULL;
    }
    Hook *hook = new_hook(hook_type, serve_way_begin, otherwise);
    if (hook != NULL) {
        hook->by_id = Py_NewRef(by_id);
        hook->made = Py_NewRef(messages);
        hook->said = Py_NewRef(said);
        hook->addresses = Py_NewRef(addresses);
        hook->context = Py_NewRef(context);
        hook->running_task = Py_NewRef(running_task);
        hook->handles = Py_NewRef(handles);
        hook->transport = Py_NewRef(transport);
        hook->descriptor = Py_NewRef(descriptor);
        hook->key = Py_NewRef(key);
    }
    return (PyObject *)hook;
}

/* Rows for the file. */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/* Two of them for each number of 12 bits. */
static char pairs[4096][2];

/* Of a line of rows: the columns it is written as. Of the time what elapsed since the row before; of the shape, twice its
   number, and 1 more if the row has a value of its own; the values of those that have one. */
enum { ELAPSED, SUBJECT, SHAPE, OWN, COLUMNS };
/* A column: how far its numbers are above `base`, the least, in `width` bytes each, and behind them those that are too
   large for that. */
typedef struct {
    long long *numbers, base, most;
    Py_ssize_t count, wide;
    int width;
} Packing;

static inline void
add_number(Packing *column, Py_ssize_t at, long long number)
{
    column->numbers[at] = number;
    column->base = number < column->base ? number : column->base;
    column->most = number > column->most ? number : column->most;
}

/* The largest number of so many bytes stands for one that is too large for them. */
static inline unsigned long long
too_large_for(int width)
{
    return width == 8 ? ULLONG_MAX : (1ULL << 8 * width) - 1;
}

/* The way of writing a column that takes least room. */
static void
choose_width(Packing *column, int least_width)
{
    const long long *numbers = column->numbers;
    const Py_ssize_t count = column->count;
    column->wide = 0;
    column->base = count ? column->base : 0;
    column->width = count ? least_width : 0;
    const unsigned long long base = (unsigned long long)column->base, all = (unsigned long long)column->most - base;
    if (count == 0 || all < 0xff) {
        column->width = count == 0 || all == 0 ? column->width : 1;
        return;
    }
    Py_ssize_t wide[] = {0, 0, 0}, least = 8 * count;
    for (Py_ssize_t i = 0; i < count; i++) {
        const unsigned long long above = (unsigned long long)numbers[i] - base;
        wide[0] += above >= 0xff;
        wide[1] += above >= 0xffff;
        wide[2] += above >= 0xffffffff;
    }
    column->width = 8;
    for (int i = 0; i < 3; i++) {
        if ((count << i) + 8 * wide[i] < least) {
            least = (count << i) + 8 * wide[i];
            column->width = 1 << i;
            column->wide = wide[i];
        }
    }
}

static inline unsigned char *
put_bytes(unsigned char *to, unsigned long long number, int width)
{
    for (int i = 0; i < width; i++, number >>= 8) {
        *to++ = (unsigned char)number;
    }
    return to;
}

static unsigned char *
put_column(unsigned char *to, const Packing *column)
{
    const unsigned long long base = (unsigned long long)column->base, too_large = too_large_for(column->width);
    const long long *numbers = column->numbers;
    to = put_bytes(to, base, 8);
    to = put_bytes(to, (unsigned long long)column->width, 1);
    to = put_bytes(to, (unsigned long long)column->wide, 4);
    unsigned char *wide = to + column->count * column->width;
    for (Py_ssize_t i = 0; i < column->count && column->wide; i++) {
        if ((unsigned long long)numbers[i] - base >= too_large) {
            wide = put_bytes(wide, (unsigned long long)numbers[i] - base, 8);
        }
    }
#define PUT(width)                                                                                                     \
    for (Py_ssize_t i = 0; i < column->count; i++) {                                                                   \
        const unsigned long long above = (unsigned long long)numbers[i] - base;                                        \
        to = put_bytes(to, above < too_large ? above : too_large, width);                                              \
    }                                                                                                                  \
    break;
    switch (column->width) {
    case 1: PUT(1)
    case 2: PUT(2)
    case 4: PUT(4)
    case 8: PUT(8)
    }
#undef PUT
    return wide;
}

/* Of a line of rows, at most, as core/rows.py has it: the digits of base64 for a row, and all that stands around those. */
enum { MOST_DIGITS = 44, AROUND = 128 };

/* Put the line of the file that has these rows (FORMAT.md, `packed`) there; return its end. `numbers`: room for the columns,
   and behind them for what is written, which takes at most as much and what they begin with. */
static char *
put_line(char *to, const long long *row, Py_ssize_t count, long long *numbers)
{
    static const char before[] = "[\"packed\",\"", after[] = "\"]\n";
    Py_ssize_t size = 4 + 8, own = 0;
    Packing columns[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = (Packing){.numbers = numbers + i * count, .base = LLONG_MAX, .most = LLONG_MIN, .count = count};
    }
    const long long t_ns = count ? row[0] : 0;
    /* Nothing elapsed before the first: it has that of the second, which is no special case for the width. */
    unsigned long long t_before = (unsigned long long)t_ns;
    if (count > 1) {
        t_before -= (unsigned long long)row[ROW] - t_before;
    }
    for (Py_ssize_t i = 0; i < count; i++, row += ROW) {
        const long long value = row[2] >> 32;
        add_number(&columns[ELAPSED], i, (long long)((unsigned long long)row[0] - t_before));
        add_number(&columns[SUBJECT], i, row[1]);
        add_number(&columns[SHAPE], i, (row[2] & 0xffffffff) << 1 | (value != 0));
        if (value != 0) {
            add_number(&columns[OWN], own++, value);
        }
        t_before = (unsigned long long)row[0];
    }
    columns[OWN].count = own;
    for (int i = 0; i < COLUMNS; i++) {
        choose_width(&columns[i], i == ELAPSED);
        size += 13 + columns[i].count * columns[i].width + 8 * columns[i].wide;
    }
    unsigned char *bytes = (unsigned char *)(numbers + COLUMNS * count), *end = put_bytes(bytes, (unsigned long long)count, 4);
    end = put_bytes(end, (unsigned long long)t_ns, 8);
    for (int i = 0; i < COLUMNS; i++) {
        end = put_column(end, &columns[i]);
    }
    end[0] = end[1] = 0;
    memcpy(to, before, sizeof(before) - 1);
    to += sizeof(before) - 1;
    for (Py_ssize_t i = 0; i < size; i += 3, to += 4) {
        unsigned bits = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];
        memcpy(to, pairs[bits >> 12], 2);
        memcpy(to + 2, pairs[bits & 4095], 2);
    }
    for (Py_ssize_t i = 1; i <= (3 - size % 3) % 3; i++) {
        to[-i] = '=';
    }
    memcpy(to, after, sizeof(after) - 1);
    return to + sizeof(after) - 1;
}

/* What Text is made of: rows, of which a line is to be made, or a text; and how many rows, or bytes. */
typedef struct {
    PyObject *of;
    const long long *rows;
    const char *text;
    Py_ssize_t count;
} Piece;

static Py_ssize_t
most_bytes(const Piece *piece)
{
    return piece->rows != NULL ? piece->count * MOST_DIGITS + AROUND : piece->count;
}

/* More than so many rows are packed without the GIL: to get it back takes as long as to pack some ten thousand. */
enum { MANY = 8 * 1024 };

/* As core/rows.py has it, but all that there is room for at once. */
static PyObject *
put_pieces(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *list, *room, *done = NULL;
    Py_ssize_t index, at, rows = 0, most = 0;
    if (!PyArg_ParseTuple(args, "O!nO!n", &PyList_Type, &list, &index, &PyByteArray_Type, &room, &at)) {
        return NULL;
    }
    const Py_ssize_t count = index < 0 ? 0 : (PyList_GET_SIZE(list) - index) / 3;
    Piece *pieces = PyMem_RawMalloc((size_t)(count > 0 ? count : 1) * sizeof(Piece));
    if (pieces == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t known = 0;
    for (; known < count; known++) {
        PyObject *of = PyList_GET_ITEM(list, index + 3 * known);
        const Py_ssize_t first = (Py_ssize_t)number(PyList_GET_ITEM(list, index + 3 * known + 1));
        const Py_ssize_t stop = (Py_ssize_t)number(PyList_GET_ITEM(list, index + 3 * known + 2));
        Piece piece = {.of = of, .count = stop - first};
        if (Py_IS_TYPE(of, rows_type) && first >= 0 && first < stop && stop <= ((Rows *)of)->size / ROW) {
            piece.rows = ((Rows *)of)->items + first * ROW;
            rows += piece.count;
            most = piece.count > most ? piece.count : most;
        }
        else if (PyBytes_CheckExact(of) && first >= 0 && first < stop && stop <= PyBytes_GET_SIZE(of)) {
            piece.text = PyBytes_AS_STRING(of) + first;
        }
        else {
            break;
        }
        pieces[known] = piece;
        Py_INCREF(of);
    }
    long long *numbers = PyMem_RawMalloc((size_t)(2 * COLUMNS * most + 16) * sizeof(*numbers));
    Py_buffer view = {.obj = NULL};
    if (numbers == NULL) {
        PyErr_NoMemory();
    }
    else if (known == 0 || known < count || at < 0) {
        PyErr_SetString(PyExc_ValueError, "these are no pieces");
    }
    else if (PyObject_GetBuffer(room, &view, PyBUF_WRITABLE) == 0) {
        PyThreadState *thread = rows > MANY ? PyEval_SaveThread() : NULL;
        Py_ssize_t put = 0;
        for (; put < count && most_bytes(&pieces[put]) <= view.len - at; put++) {
            char *to = (char *)view.buf + at;
            if (pieces[put].rows != NULL) {
                at = put_line(to, pieces[put].rows, pieces[put].count, numbers) - (char *)view.buf;
            }
            else {
                memcpy(to, pieces[put].text, (size_t)pieces[put].count);
                at += pieces[put].count;
            }
        }
        if (thread != NULL) {
            PyEval_RestoreThread(thread);
        }
        if (put > 0) {
            done = Py_BuildValue("nn", index + 3 * put, at);
        }
        else {
            PyErr_SetString(PyExc_ValueError, "there is no room for them");
        }
        PyBuffer_Release(&view);
    }
    PyMem_RawFree(numbers);
    for (Py_ssize_t i = 0; i < known; i++) {
        Py_DECREF(pieces[i].of);
    }
    PyMem_RawFree(pieces);
    return done;
}

static Rows *
new_rows(void)
{
    Rows *rows = PyObject_New(Rows, rows_type);
    if (rows != NULL) {
        static unsigned long long serials;
        rows->items = NULL;
        rows->size = rows->room = 0;
        rows->serial = ++serials;
    }
    return rows;
}

static PyObject *
rows_new(PyTypeObject *Py_UNUSED(type), PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    return (PyObject *)new_rows();
}

/* The memory of rows that are written, for the next that are taken: a thread that stores much needs it again at once, and
   each new page of memory costs as much as thirty rows. So often in a row it was hardly needed. */
static long long *spare_items;
static Py_ssize_t spare_room;
static int hardly_needed;

static void
rows_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Rows *rows = (Rows *)self;
    if (rows->room > LARGE) {
        hardly_needed = rows->size > rows->room / 4 ? 0 : hardly_needed + 1;
    }
    if (rows->room >= FEW && rows->room > spare_room && hardly_needed < SELDOM) {
        PyMem_RawFree(spare_items);
        spare_items = rows->items;
        spare_room = rows->room;
    }
    else {
        PyMem_RawFree(rows->items);
    }
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Add those of other rows, or of a tuple: all of them, or none. */
static int
add(Rows *rows, PyObject *others)
{
    int is_tuple = PyTuple_CheckExact(others);
    if (!is_tuple && !Py_IS_TYPE(others, rows_type)) {
        PyErr_SetString(PyExc_TypeError, "rows, or a tuple of integers, are added");
        return -1;
    }
    Py_ssize_t count = is_tuple ? PyTuple_GET_SIZE(others) : ((Rows *)others)->size;
    if (count % ROW != 0) {
        PyErr_SetString(PyExc_ValueError, "a row has three integers");
        return -1;
    }
    if (!make_room(rows, count)) {
        PyErr_NoMemory();
        return -1;
    }
    if (!is_tuple && count > 0) {
        memcpy(rows->items + rows->size, ((Rows *)others)->items, (size_t)count * sizeof(long long));
    }
    for (Py_ssize_t i = 0; is_tuple && i < count; i++) {
        long long item;
        if (PyLong_Check(PyTuple_GET_ITEM(others, i))) {
            item = PyLong_AsLongLong(PyTuple_GET_ITEM(others, i));
            if (item == -1 && PyErr_Occurred()) {
                return -1;
            }
        }
        else {
            PyErr_SetString(PyExc_TypeError, "rows are of integers");
            return -1;
        }
        rows->items[rows->size + i] = item;
    }
    rows->size += count;
    return 0;
}

static PyObject *
rows_extend(PyObject *self, PyObject *others)
{
    if (add((Rows *)self, others) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
rows_add(PyObject *self, PyObject *others)
{
    return add((Rows *)self, others) < 0 ? NULL : Py_NewRef(self);
}

static PyObject *
rows_clear(PyObject *self, PyObject *Py_UNUSED(args))
{
    ((Rows *)self)->size = 0;
    Py_RETURN_NONE;
}

static Py_ssize_t
rows_length(PyObject *self)
{
    return ((Rows *)self)->size;
}

static PyObject *
rows_item(PyObject *self, Py_ssize_t at)
{
    Rows *rows = (Rows *)self;
    if (at < 0 || at >= rows->size) {
        PyErr_SetString(PyExc_IndexError, "there is no such integer");
        return NULL;
    }
    return PyLong_FromLongLong(rows->items[at]);
}

/* New rows with those of numbers `from` up to `to`, as far as they are there. */
static PyObject *
part_of(Rows *rows, Py_ssize_t from, Py_ssize_t to)
{
    Py_ssize_t all = rows->size / ROW;
    from = from < 0 ? 0 : from > all ? all : from;
    to = to < from ? from : to > all ? all : to;
    Rows *part = new_rows();
    if (part != NULL && !make_room(part, (to - from) * ROW)) {
        Py_DECREF(part);
        return PyErr_NoMemory();
    }
    if (part != NULL && to > from) {
        part->size = (to - from) * ROW;
        memcpy(part->items, rows->items + from * ROW, (size_t)part->size * sizeof(long long));
    }
    return (PyObject *)part;
}

static PyObject *
rows_part(PyObject *self, PyObject *args)
{
    Py_ssize_t from, to;
    return PyArg_ParseTuple(args, "nn", &from, &to) ? part_of((Rows *)self, from, to) : NULL;
}

/* Their memory goes with those that are taken, if these are many. */
static PyObject *
rows_take(PyObject *self, PyObject *arg)
{
    Rows *rows = (Rows *)self;
    Py_ssize_t count = PyLong_AsSsize_t(arg);
    if (count == -1 && PyErr_Occurred()) {
        return NULL;
    }
    count = count < 0 ? 0 : count < rows->size / ROW ? count : rows->size / ROW;
    const Py_ssize_t size = count * ROW, left = rows->size - size;
    const int are_few = size <= FEW && rows->room <= LARGE;
    Rows *taken = are_few ? (Rows *)part_of(rows, 0, count) : new_rows();
    if (taken == NULL || size == 0) {
        return (PyObject *)taken;
    }
    if (are_few) {
        memmove(rows->items, rows->items + size, (size_t)left * sizeof(long long));
        rows->size = left;
        return (PyObject *)taken;
    }
    Rows rest = {.items = spare_items, .room = spare_room};
    spare_items = NULL;
    spare_room = 0;
    if (!make_room(&rest, left > FEW ? left : FEW)) {
        PyMem_RawFree(rest.items);
        Py_DECREF(taken);
        return PyErr_NoMemory();
    }
    memcpy(rest.items, rows->items + size, (size_t)left * sizeof(long long));
    taken->items = rows->items;
    taken->room = rows->room;
    taken->size = size;
    rows->items = rest.items;
    rows->room = rest.room;
    rows->size = left;
    return (PyObject *)taken;
}

static PyObject *
rows_find(PyObject *self, PyObject *args)
{
    Rows *rows = (Rows *)self;
    long long track;
    Py_ssize_t from, to;
    if (!PyArg_ParseTuple(args, "Lnn", &track, &from, &to)) {
        return NULL;
    }
    Py_ssize_t at = from < 0 ? 0 : from, all = rows->size / ROW, until = to < all ? to : all;
    while (at < until && rows->items[at * ROW + 1] != track) {
        at++;
    }
    return PyLong_FromSsize_t(at < until ? at : to);
}

static PyObject *
rows_count_of(PyObject *self, PyObject *arg)
{
    Rows *rows = (Rows *)self;
    long long track = PyLong_AsLongLong(arg);
    if (track == -1 && PyErr_Occurred()) {
        return NULL;
    }
    Py_ssize_t count = 0;
    for (Py_ssize_t i = 1; i < rows->size; i += ROW) {
        count += rows->items[i] == track;
    }
    return PyLong_FromSsize_t(count);
}

static PyObject *
rows_until(PyObject *self, PyObject *args)
{
    Rows *rows = (Rows *)self;
    long long t;
    Py_ssize_t low;
    if (!PyArg_ParseTuple(args, "Ln", &t, &low)) {
        return NULL;
    }
    Py_ssize_t high = rows->size / ROW;
    low = low < 0 ? 0 : low;
    while (low < high) {
        Py_ssize_t middle = low + (high - low) / 2;
        if (t < rows->items[middle * ROW]) {
            high = middle;
        }
        else {
            low = middle + 1;
        }
    }
    return PyLong_FromSsize_t(low);
}

static PyObject *
rows_translate(PyObject *self, PyObject *args)
{
    Rows *rows = (Rows *)self;
    PyObject *known;
    Py_ssize_t first, stop;
    if (!PyArg_ParseTuple(args, "Onn", &known, &first, &stop)) {
        return NULL;
    }
    /* Code in Python runs in between. */
    for (Py_ssize_t i = first < 0 ? 0 : first; i < stop && i < rows->size / ROW; i++) {
        PyObject *track = PyLong_FromLongLong(rows->items[i * ROW + 1]);
        PyObject *its = track == NULL ? NULL : PyObject_GetItem(known, track);
        long long number = its == NULL ? -1 : PyLong_AsLongLong(its);
        Py_XDECREF(its);
        Py_XDECREF(track);
        if (number == -1 && PyErr_Occurred()) {
            return NULL;
        }
        if (i < rows->size / ROW) {
            rows->items[i * ROW + 1] = number;
        }
    }
    Py_RETURN_NONE;
}

static PyMethodDef rows_methods[] = {
    {"extend", rows_extend, METH_O, NULL},
    {"clear", rows_clear, METH_NOARGS, NULL},
    {"part", rows_part, METH_VARARGS, NULL},
    {"take", rows_take, METH_O, NULL},
    {"find", rows_find, METH_VARARGS, NULL},
    {"count_of", rows_count_of, METH_O, NULL},
    {"until", rows_until, METH_VARARGS, NULL},
    {"translate", rows_translate, METH_VARARGS, NULL},
    {NULL},
};
static PyType_Slot rows_type_slots[] = {
    {Py_tp_new, rows_new},
    {Py_tp_dealloc, rows_dealloc},
    {Py_tp_methods, rows_methods},
    {Py_sq_length, rows_length},
    {Py_sq_item, rows_item},
    {Py_sq_inplace_concat, rows_add},
    {0, NULL},
};
static PyType_Spec rows_spec = {
    .name = "visualizer.tracers._recorder.Rows",
    .basicsize = sizeof(Rows),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = rows_type_slots,
};

/* What Python calls. */

static int
slot_offset(PyTypeObject *type, const char *name, Py_ssize_t *offset)
{
    PyObject *found = PyObject_GetAttrString((PyObject *)type, name);
    if (found == NULL) {
        return -1;
    }
    int is_slot = Py_IS_TYPE(found, &PyMemberDescr_Type) && ((PyMemberDescrObject *)found)->d_member->type == T_OBJECT_EX;
    if (is_slot) {
        *offset = ((PyMemberDescrObject *)found)->d_member->offset;
    }
    else {
        PyErr_Format(PyExc_TypeError, "%s.%s is no slot", type->tp_name, name);
    }
    Py_DECREF(found);
    return is_slot ? 0 : -1;
}

static PyObject *
learn(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *run, *site, *buffer;
    PyObject **texts[] = {&again, &unread, &no_value, &suspended, &delegating, &running, &nothing, &blank, &never,
                          &resume_line, &yield_line, &send_cause, &yield_cause, &keep};
    enum { COUNT = sizeof(texts) / sizeof(*texts) };
    PyObject *given[COUNT];
    if (!PyArg_ParseTuple(args, "O!O!O!(OOOOOOOOOOOOOO)(nnnnnnn)", &PyType_Type, &run, &PyType_Type, &site, &PyType_Type,
                          &buffer, &given[0], &given[1], &given[2], &given[3], &given[4], &given[5], &given[6],
                          &given[7], &given[8], &given[9], &given[10], &given[11], &given[12], &given[13], &longest, &most_shapes,
                          &longest_text, &full, &zero, &largest, &value_bit)) {
        return NULL;
    }
#define OFFSET(name) if (slot_offset(run, #name, &run_slots.name) < 0) return NULL;
    SLOTS_OF_RUN(OFFSET)
#undef OFFSET
#define OFFSET(name) if (slot_offset(site, #name, &site_slots.name) < 0) return NULL;
    SLOTS_OF_SITE(OFFSET)
#undef OFFSET
#define OFFSET(name) if (slot_offset(buffer, #name, &buffer_slots.name) < 0) return NULL;
    SLOTS_OF_BUFFER(OFFSET)
#undef OFFSET
    if (!Py_IS_TYPE(given[7], run)) {
        PyErr_SetString(PyExc_TypeError, "the blank run is none");
        return NULL;
    }
    Py_XSETREF(run_slots.type, (PyTypeObject *)Py_NewRef(run));
    Py_XSETREF(site_slots.type, (PyTypeObject *)Py_NewRef(site));
    Py_XSETREF(buffer_slots.type, (PyTypeObject *)Py_NewRef(buffer));
    for (int i = 0; i < COUNT; i++) {
        Py_XSETREF(*texts[i], Py_NewRef(given[i]));
    }
    Py_RETURN_NONE;
}

#if PY_VERSION_HEX >= 0x030c0000

static PyObject *
monitoring_ways(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *live, *local, *disable, *making, *found, *due, *calls, *steppers, *inside;
    PyObject *missing, *types, *through, *silent, *watched, *entries, *asked, *created, *otherwise[12];
    if (!PyArg_ParseTuple(args, "O!OOOO!(OOOOOOOOOOOO)O!O!O!O!O!O!O!O!O!O!O!O", table_type, &live, &local,
                          &missing, &disable, &PyTuple_Type, &types, &otherwise[0], &otherwise[1], &otherwise[2],
                          &otherwise[3], &otherwise[4], &otherwise[5], &otherwise[6], &otherwise[7], &otherwise[8], &otherwise[9], &otherwise[10],
                          &otherwise[11],
                          table_type, &making, table_type, &found,
                          &PyList_Type, &due, &PyList_Type, &calls, &PyList_Type, &steppers,
                          &PyDict_Type, &inside, &PyDict_Type, &through, table_type, &silent, table_type,
                          &watched, table_type, &entries, &PyDict_Type, &asked, &created)) {
        return NULL;
    }
    if (run_slots.type == NULL || !PyFunction_Check(otherwise[0])) {
        PyErr_SetString(PyExc_RuntimeError, "learn was not called, or the hooks are no functions");
        return NULL;
    }
    vectorcallfunc ways[] = {call_way, resume_way, yield_way, start_way, return_way, told_way,
                             unwind_way, unwind_way, raise_way, raised_way, told_way, gone_way};
    enum { THROWN = 6, RAISED = 9, CALLED, COUNT = sizeof(ways) / sizeof(*ways) };
    PyObject *made = PyTuple_New(COUNT);
    for (int i = 0; made != NULL && i < COUNT; i++) {
        Hook *hook = new_hook(hook_type, ways[i], otherwise[i]);
        if (hook == NULL) {
            Py_CLEAR(made);
            break;
        }
        PyTuple_SET_ITEM(made, i, (PyObject *)hook);
        hook->live = Py_NewRef(live);
        hook->local = Py_NewRef(local);
        hook->making = Py_NewRef(making);
        hook->found = Py_NewRef(found);
        hook->due = Py_NewRef(due);
        hook->calls = Py_NewRef(calls);
        hook->steppers = Py_NewRef(steppers);
        hook->inside = Py_NewRef(inside);
        hook->through = Py_NewRef(through);
        hook->silent = Py_NewRef(silent);
        hook->watched = Py_NewRef(watched);
        hook->entries = i == THROWN ? NULL : Py_NewRef(entries);
        hook->asked = Py_NewRef(asked);
    }
    if (made != NULL) {
        call_function = ((PyFunctionObject *)otherwise[0])->vectorcall;
        Hook *call = (Hook *)PyTuple_GET_ITEM(made, 0);
        call->gone = Py_NewRef(PyTuple_GET_ITEM(made, COUNT - 1));
        call->made = Py_NewRef(created);
        call->disable = Py_NewRef(disable);
        call->missing = Py_NewRef(missing);
        call->called = Py_NewRef(otherwise[CALLED]);
        call->raised = Py_NewRef(otherwise[RAISED]);
        call->steady = table_new(table_type, NULL, NULL);
        if (call->steady == NULL || (send_definition != NULL && other_types == 0 && !learn_others(types))) {
            Py_DECREF(made);
            return NULL;
        }
        see_sends(call);
    }
    return made;
}

#endif

static Hook *
greenlet_hook(vectorcallfunc call, PyObject *buffer, PyObject *raw, PyObject *unsettled, PyObject *gr_frame,
              PyObject *otherwise)
{
    if (buffer_slots.type == NULL || !Py_IS_TYPE(buffer, buffer_slots.type)) {
        PyErr_SetString(PyExc_TypeError, "that is no buffer of which `learn` was told");
        return NULL;
    }
    Hook *hook = new_hook(hook_type, call, otherwise);
    if (hook != NULL) {
        hook->buffer = Py_NewRef(buffer);
        hook->raw = Py_NewRef(raw);
        hook->unsettled = Py_NewRef(unsettled);
        hook->gr_frame = Py_NewRef(gr_frame);
        watch_here(hook);
    }
    return hook;
}

static PyObject *
switch_hook(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *buffer, *raw, *unsettled, *gr_frame, *otherwise;
    if (!PyArg_ParseTuple(args, "OO!O!O!O", &buffer, table_type, &raw, &PySet_Type, &unsettled, &PyGetSetDescr_Type,
                          &gr_frame, &otherwise)) {
        return NULL;
    }
    return (PyObject *)greenlet_hook(switch_way, buffer, raw, unsettled, gr_frame, otherwise);
}

static PyObject *
hub_hook(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *buffer, *raw, *unsettled, *gr_frame, *otherwise, *turns, *state, *sleeps, *waits, *resumed, *sleep_code;
    PyObject *sockets, *offsets;
    if (!PyArg_ParseTuple(args, "OO!O!O!OO!OO!O!O!O!O!O!", &buffer, table_type, &raw, &PySet_Type, &unsettled,
                          &PyGetSetDescr_Type, &gr_frame, &otherwise, turns_type, &turns, &state, table_type, &sleeps,
                          table_type, &waits, table_type, &sockets, &PyLong_Type, &resumed, &PyCode_Type, &sleep_code, &PySet_Type,
                          &offsets) ||
        slot_offset(Py_TYPE(state), "asked", &asked_of_state) < 0) {
        return NULL;
    }
    Hook *hook = greenlet_hook(hub_way, buffer, raw, unsettled, gr_frame, otherwise);
    if (hook != NULL) {
        hook->turns = Py_NewRef(turns);
        hook->state = Py_NewRef(state);
        hook->sleeps = Py_NewRef(sleeps);
        hook->waits = Py_NewRef(waits);
        hook->sockets = Py_NewRef(sockets);
        hook->resumed = Py_NewRef(resumed);
        hook->sleep_code = Py_NewRef(sleep_code);
        hook->offsets = Py_NewRef(offsets);
    }
    return (PyObject *)hook;
}

static PyObject *
run_callback(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *run, *sleep_code, *offsets, *turns, *otherwise;
    if (!PyArg_ParseTuple(args, "OO!O!O!O", &run, &PyCode_Type, &sleep_code, &PySet_Type, &offsets, turns_type, &turns,
                          &otherwise)) {
        return NULL;
    }
    Hook *method = new_hook(method_type, callback_way, otherwise);
    if (method != NULL) {
        method->run = Py_NewRef(run);
        method->sleep_code = Py_NewRef(sleep_code);
        method->offsets = Py_NewRef(offsets);
        method->turns = Py_NewRef(turns);
    }
    return (PyObject *)method;
}

static PyObject *
queue_ways(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *queue, *loop, *task, *stand, *handle, *timer, *numbered, *its_task, *its_future;
    PyObject *library, *context, *runners, *unsettled, *by_id, *stands, *ends, *known, *name, *failed, *sizes;
    PyObject *finished, *callback, *run[2], *otherwise[6], *next_future, *future, *whose, *calls, *bottoms;
    if (!PyArg_ParseTuple(args, "(O!O!O!O!O!O!O!O!O!)OOO!O!(O!O!O!O!O!O!O!O!)O!(OOULLL)(UU)L(OO)(OOOOOO)", &PyType_Type, &queue,
                          &PyType_Type,
                          &loop, &PyType_Type, &task, &PyType_Type, &stand, &PyType_Type, &handle, &PyType_Type, &timer,
                          &PyType_Type, &numbered, &PyType_Type, &its_task, &PyType_Type, &its_future, &library,
                          &context, &PyList_Type, &runners,
                          &PySet_Type, &unsettled, table_type, &by_id, &PyDict_Type, &stands, table_type, &ends,
                          table_type, &known, &PyDict_Type, &failed, &PyDict_Type, &sizes,
                          table_type, &whose, table_type, &calls, &PyList_Type, &bottoms, &name,
                          &next_future, &future, &zero_future, &zero_track, &largest_track, &finished, &callback,
                          &short_poll, &run[0], &run[1], &otherwise[0], &otherwise[1], &otherwise[2], &otherwise[3],
                          &otherwise[4], &otherwise[5])) {
        return NULL;
    }
    deque_append = written_in_c(run[0], METH_O);
    deque_popleft = written_in_c(run[1], METH_NOARGS);
    if (buffer_slots.type == NULL || queue->tp_base == NULL || deque_append == NULL || deque_popleft == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "learn was not called, or that is no queue");
        return NULL;
    }
#define OFFSET(name) if (slot_offset(task, #name, &task_slots.name) < 0) return NULL;
    SLOTS_OF_TASK(OFFSET)
#undef OFFSET
#define OFFSET(name) if (slot_offset(loop, #name, &loop_slots.name) < 0) return NULL;
    SLOTS_OF_LOOP(OFFSET)
#undef OFFSET
#define OFFSET(name) if (slot_offset(stand, #name, &stand_slots.name) < 0) return NULL;
    SLOTS_OF_STAND(OFFSET)
#undef OFFSET
    deque_length = (lenfunc)PyType_GetSlot(queue->tp_base, Py_sq_length);
    if (deque_length == NULL || slot_offset(queue, "loop", &loop_of_queue) < 0 ||
        slot_offset(handle, "_callback", &callback_of_handle) < 0 || slot_offset(handle, "_args", &args_of_handle) < 0 ||
        slot_offset(handle, "_cancelled", &cancelled_of_handle) < 0 ||
        slot_offset(numbered, "name", &name_of_numbered) < 0 || slot_offset(numbered, "key", &key_of_numbered) < 0) {
        return NULL;
    }
    Py_XSETREF(future_text, Py_NewRef(future));
    Py_XSETREF(queue_type, (PyTypeObject *)Py_NewRef(queue));
    Py_XSETREF(loop_slots.type, (PyTypeObject *)Py_NewRef(loop));
    Py_XSETREF(task_slots.type, (PyTypeObject *)Py_NewRef(task));
    Py_XSETREF(stand_slots.type, (PyTypeObject *)Py_NewRef(stand));
    Py_XSETREF(handle_type, (PyTypeObject *)Py_NewRef(handle));
    Py_XSETREF(timer_type, (PyTypeObject *)Py_NewRef(timer));
    Py_XSETREF(numbered_type, (PyTypeObject *)Py_NewRef(numbered));
    Py_XSETREF(task_type, (PyTypeObject *)Py_NewRef(its_task));
    Py_XSETREF(future_type, (PyTypeObject *)Py_NewRef(its_future));
    coro_of_task = getter_in(task_type, coro_text);
    waiter_of_task = getter_in(task_type, waiter_text);
    state_in_task = getter_in(task_type, state_of_task);
    error_in_task = getter_in(task_type, error_of_task);
    result_in_task = getter_in(task_type, result_of_task);
    callbacks_of_future = getter_in(future_type, callbacks_text);
    name_of_task = method_in(task_type, get_name_text);
    cancels_of_task = method_in(task_type, cancelling_text);
    is_cancelled = method_in(future_type, cancelled_text);
    Py_XSETREF(finished_text, Py_NewRef(finished));
    Py_XSETREF(callback_text, Py_NewRef(callback));
    /* Of these, the first three stand in the class of the queue; the next is called by who takes a handle out, the others by
       weak references to what is numbered, and to tasks. */
    vectorcallfunc ways[] = {append_way, popleft_way, length_way, over_way, forget_way, forget_task_way};
    enum { APPEND, POPLEFT, OVER = 3, FORGET, FORGET_TASK, COUNT = sizeof(ways) / sizeof(*ways) };
    PyObject *made = PyTuple_New(COUNT);
    for (int i = 0; made != NULL && i < COUNT; i++) {
        Hook *method = new_hook(method_type, ways[i], otherwise[i]);
        if (method == NULL) {
            Py_CLEAR(made);
            break;
        }
        PyTuple_SET_ITEM(made, i, (PyObject *)method);
        method->library = Py_NewRef(library);
        method->context = Py_NewRef(context);
        method->runners = Py_NewRef(runners);
        method->unsettled = Py_NewRef(unsettled);
        method->by_id = Py_NewRef(by_id);
        method->stands = Py_NewRef(stands);
        method->ends = Py_NewRef(ends);
        method->numbered = Py_NewRef(known);
        method->failed = Py_NewRef(failed);
        method->sizes = Py_NewRef(sizes);
        method->name = Py_NewRef(name);
        method->next_future = Py_NewRef(next_future);
        method->whose = Py_NewRef(whose);
        method->calls = Py_NewRef(calls);
        method->bottoms = Py_NewRef(bottoms);
    }
    for (int i = 0; made != NULL && i < FORGET; i++) {
        ((Hook *)PyTuple_GET_ITEM(made, i))->forget = Py_NewRef(PyTuple_GET_ITEM(made, FORGET));
    }
    if (made != NULL) {
        Hook *popleft = (Hook *)PyTuple_GET_ITEM(made, POPLEFT);
        popleft->gone = Py_NewRef(PyTuple_GET_ITEM(made, OVER));
        ((Hook *)PyTuple_GET_ITEM(made, APPEND))->forget_task = Py_NewRef(PyTuple_GET_ITEM(made, FORGET_TASK));
    }
    return made;
}

/* ---- Calls that may block, up to Python 3.13 -------------------------------------------------------------------- */

#if PY_VERSION_HEX < 0x030e0000

/* There, no event tells of a call without making every call slower. But what a method of C's calls is read in the table
   of its type, or module, at each call, by whatever calls it. So the functions that may block are called by way of us,
   with no frame in between: a lock that is free, or that nobody waits for, is noted here, and all else is told to the
   hooks in Python (runtimes/threads/tracer_methods.py), before and after. The tables are those of all interpreters. */

/* How such a function is called; of the first by its object and NULL, one argument or a tuple. */
enum { PLAIN, KEYWORDS, FAST, FAST_KEYWORDS, OF_CLASS, SIGNATURES };
/* What a call does, as runtimes/threads/calls.py has it; anything else blocks otherwise. */
enum { ACQUIRE, RELEASE, ACQUIRE_AGAIN, RELEASE_AGAIN, ACQUIRE_SHARED = 15, RELEASE_SHARED, WRITES = 24, CLOSES = 30 };
#define MOST_OF_ONE 30

/* When one is told of: once there is a second thread; before that at certain places (`places`), too; only there; or
   always. */
enum { ONCE_THREADED, EARLY, AT_PLACES, ALWAYS };

/* A function that is called by way of us: what stands in the table without us, and what it does. */
typedef struct {
    PyMethodDef *definition;
    PyCFunction plainly;
    int signature, does, when;
} Blocking;
static Blocking blocking[SIGNATURES][MOST_OF_ONE];
static int blocking_count[SIGNATURES];

/* One call: what it was given, as its signature has it. */
typedef struct {
    const Blocking *of;
    PyObject *self, *argument, *keywords, *names;
    PyTypeObject *kind;
    PyObject *const *args;
    Py_ssize_t count;
} Call;

/* Of the hooks in Python: tables of theirs, by the addresses of locks, and what they are called by. NULL: nothing is told
   (any more). */
#define TOLD(X)                                                                                                        \
    X(local) X(holders) X(waiting) X(depths) X(names) X(runners) X(inside) X(signals) X(orders) X(known) X(ordered)     \
    X(places) X(before) X(after) X(got) X(gone) X(parked) X(hubs) X(unsettled) X(selecting) X(spinning) X(apart)    \
    X(readers) X(others)
#define FIELD(name) PyObject *name;
static struct { TOLD(FIELD) } calls;
#undef FIELD
/* There is a second thread. */
static int sees_calls;
static PyTypeObject *buffer_of_calls;
static Py_ssize_t held_of_buffer, track_of_buffer;
/* Of locks, as they are without us: what says whether one is taken; and of RLocks, whether the thread has it; what
   acquires them. */
static PyTypeObject *lock_type, *rlock_type;
static PyCFunction is_locked, is_owned;
static PyCFunctionWithKeywords acquire_lock, acquire_again;
/* And a lock of multiprocessing's. */
static _PyCFunctionFastWithKeywords acquire_shared;
static PyObject *try_only, *threads_text;

static PyObject *
call_blocking(const Call *call)
{
    void (*plainly)(void) = (void (*)(void))call->of->plainly;
    switch (call->of->signature) {
    case PLAIN:
        return call->of->plainly(call->self, call->argument);
    case KEYWORDS:
        return ((PyCFunctionWithKeywords)plainly)(call->self, call->argument, call->keywords);
    case FAST:
        return ((_PyCFunctionFast)plainly)(call->self, call->args, call->count);
    case FAST_KEYWORDS:
        return ((_PyCFunctionFastWithKeywords)plainly)(call->self, call->args, call->count, call->names);
    default:
        return ((PyCMethod)plainly)(call->self, call->kind, call->args, (size_t)call->count, call->names);
    }
}

/* What it is given, as a tuple; a new reference. */
static PyObject *
positional(const Call *call)
{
    if (call->of->signature == PLAIN && !(call->of->definition->ml_flags & METH_VARARGS)) {
        return call->argument == NULL ? PyTuple_New(0) : PyTuple_Pack(1, call->argument);
    }
    if (call->of->signature <= KEYWORDS) {
        return Py_NewRef(call->argument);
    }
    PyObject *made = PyTuple_New(call->count);
    for (Py_ssize_t i = 0; made != NULL && i < call->count; i++) {
        PyTuple_SET_ITEM(made, i, Py_NewRef(call->args[i]));
    }
    return made;
}

/* And by name: a dictionary, or None. */
static PyObject *
by_name(const Call *call)
{
    if (call->names == NULL) {
        return Py_NewRef(call->keywords != NULL ? call->keywords : Py_None);
    }
    PyObject *made = PyDict_New();
    for (Py_ssize_t i = 0; made != NULL && i < PyTuple_GET_SIZE(call->names); i++) {
        if (PyDict_SetItem(made, PyTuple_GET_ITEM(call->names, i), call->args[call->count + i]) < 0) {
            Py_CLEAR(made);
        }
    }
    return made;
}

/* Call a hook in Python. Nothing of what that does is told of, and what another thread has sent (PyThreadState_SetAsyncExc)
   is raised only afterwards: in the hook it would be lost, and take the tracer out. */
static PyObject *
call_hook(PyThreadState *thread, PyObject *hook, PyObject *const *args, size_t count)
{
    PyObject *sent = thread->async_exc;
    thread->async_exc = NULL;
    Py_INCREF(hook);
    PyThreadState_EnterTracing(thread);
    PyObject *told = with_room(hook, args, count, NULL);
    PyThreadState_LeaveTracing(thread);
    Py_DECREF(hook);
    if (sent != NULL && thread->async_exc == NULL) {
        PyThreadState_SetAsyncExc(thread->thread_id, sent);
    }
    Py_XDECREF(sent);
    return told;
}

/* Have a hook in Python told of the call: where it is, what it does, with what. Return what that returns. */
static PyObject *
tell_of_call(PyObject *hook, PyThreadState *thread, const Call *call)
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *args = positional(call), *names = by_name(call), *does = PyLong_FromLong(call->of->does), *told = NULL;
    if (args != NULL && names != NULL && does != NULL) {
        PyObject *given[] = {frame == NULL ? Py_None : (PyObject *)frame, does, call->self, args, names};
        Py_INCREF(given[0]);
        told = call_hook(thread, hook, given, 5);
        Py_DECREF(given[0]);
    }
    Py_XDECREF(args);
    Py_XDECREF(names);
    Py_XDECREF(does);
    return told;
}

static void
done_with(PyObject *told)
{
    if (told == NULL) {
        raise_later();
    }
    Py_XDECREF(told);
}

/* The call has returned `result`, or raised, if that is NULL: tell that to `after`, with what `before` returned. */
static PyObject *
tell_after(PyThreadState *thread, const Call *call, PyObject *token, PyObject *result)
{
    PyObject *kind = NULL, *error = NULL, *traceback = NULL, *hook = calls.after;
    if (hook == NULL) {
        return result;
    }
    if (result == NULL) {
        PyErr_Fetch(&kind, &error, &traceback);
    }
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *given[] = {
        token, frame == NULL ? Py_None : (PyObject *)frame, call->self, result == NULL ? Py_None : result,
        result == NULL ? Py_True : Py_False,
    };
    Py_INCREF(given[1]);
    done_with(call_hook(thread, hook, given, 5));
    Py_DECREF(given[1]);
    if (result == NULL) {
        PyErr_Restore(kind, error, traceback);
    }
    return result;
}

/* The buffer of the thread, borrowed; NULL if it has none. */
static PyObject *
buffer_of(PyThreadState *thread)
{
    static uint64_t known;
    static PyObject *its;
    PyObject *buffer = its;
    if (known != thread->id || its == NULL || Py_TYPE(its) != buffer_of_calls) {
        PyObject *found = PyObject_GetAttr(calls.local, buffer_text);
        if (found == NULL || !Py_IS_TYPE(found, buffer_of_calls)) {
            PyErr_Clear();
            Py_XDECREF(found);
            return NULL;
        }
        known = thread->id;
        buffer = found;
        /* The one before may go with it, and another thread come here meanwhile: ours has its own in `local`. */
        Py_XSETREF(its, found);
    }
    PyObject *held = SLOT(buffer, held_of_buffer), *track = SLOT(buffer, track_of_buffer);
    return held != NULL && PyList_CheckExact(held) && track != NULL ? buffer : NULL;
}

/* What stands for a lock in a table of integers; `otherwise` if nothing does. */
static long long
number_in(PyObject *table, PyObject *key, long long otherwise)
{
    PyObject *found = PyDict_GetItemWithError(table, key);
    if (found == NULL) {
        PyErr_Clear();
    }
    return found == NULL ? otherwise : number(found);
}

static int
set_number(PyObject *table, PyObject *key, long long value)
{
    PyObject *made = PyLong_FromLongLong(value);
    int failed = made == NULL || PyDict_SetItem(table, key, made) < 0;
    Py_XDECREF(made);
    if (failed) {
        PyErr_Clear();
    }
    return !failed;
}

static int
is_in_table(PyObject *table, PyObject *key)
{
    int found = PyDict_GET_SIZE(table) == 0 ? 0 : PyDict_Contains(table, key);
    if (found < 0) {
        PyErr_Clear();
    }
    return found > 0;
}

/* Whether the code that calls is one of a set of them, by their ids. */
static int
is_called_in(PyObject *codes)
{
    PyFrameObject *frame = PySet_GET_SIZE(codes) > 0 ? PyEval_GetFrame() : NULL;
    if (frame == NULL) {
        return 0;
    }
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *key = PyLong_FromVoidPtr(code);
    int found = key == NULL ? -1 : PySet_Contains(codes, key);
    Py_XDECREF(key);
    Py_DECREF(code);
    if (found < 0) {
        PyErr_Clear();
    }
    return found > 0;
}

/* Whether `Orders.takes` knows already that this thread takes the lock while it has those, since the last thread began. */
static int
is_known_order(PyObject *key, PyObject *held, PyObject *track)
{
    PyObject *locks = PyTuple_New(PyList_GET_SIZE(held) + 1), *threads = PyObject_GetAttr(calls.orders, threads_text);
    PyObject *moment = threads == NULL ? NULL : PyTuple_Pack(2, track, threads), *by = NULL;
    int found = 0;
    if (locks != NULL) {
        PyTuple_SET_ITEM(locks, 0, Py_NewRef(key));
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(held); i++) {
            PyTuple_SET_ITEM(locks, i + 1, PyLong_FromVoidPtr(PyList_GET_ITEM(held, i)));
        }
        by = PyErr_Occurred() ? NULL : PyDict_GetItemWithError(calls.known, locks);
    }
    if (by != NULL && moment != NULL && PySet_Check(by)) {
        found = PySet_Contains(by, moment);
    }
    PyErr_Clear();
    Py_XDECREF(locks);
    Py_XDECREF(threads);
    Py_XDECREF(moment);
    return found > 0;
}

/* The thread has got the lock: note it, as `Waits.has` does. Return 0 where there is more to it. */
static int
note_got(PyThreadState *thread, const Call *call, PyObject *key)
{
    PyObject *buffer = buffer_of(thread);
    int again = call->of->does == ACQUIRE_AGAIN, is_first = 1;
    if (buffer == NULL || PyList_GET_SIZE(calls.runners) > 0 || PyDict_GET_SIZE(calls.inside) > 0 ||
        is_in_table(calls.names, key)) {
        return 0;
    }
    PyObject *held = SLOT(buffer, held_of_buffer), *track = SLOT(buffer, track_of_buffer);
    long long depth = 1;
    if (again) {
        int is_its = number_in(calls.holders, key, -1) == number(track);
        depth = is_its ? number_in(calls.depths, key, 0) + 1 : 1;
        is_first = depth == 1;
    }
    int is_own = Py_IS_TYPE(call->self, again ? rlock_type : lock_type);
    /* No `with` block acquires what another thread is to release; and in which order a thread takes such locks, each of which
       is a new one, says nothing. */
    int is_signal = is_own && is_first && call->of->definition->ml_name[0] != '_' && is_called_in(calls.signals);
    if ((is_first && !is_signal && PyList_GET_SIZE(held) > 0 && !is_known_order(key, held, track)) ||
        (again && !set_number(calls.depths, key, depth))) {
        return 0;
    }
    if (PyDict_SetItem(calls.holders, key, track) < 0) {
        PyErr_Clear();
    }
    if (is_first && is_own && !is_signal && PyList_Append(held, call->self) < 0) {
        PyErr_Clear();
    }
    return 1;
}

/* Take the lock out of those that the thread has. Return whether it was there. */
static int
let_go(PyThreadState *thread, PyObject *lock)
{
    PyObject *buffer = buffer_of(thread), *held = buffer == NULL ? NULL : SLOT(buffer, held_of_buffer);
    for (Py_ssize_t i = held == NULL ? -1 : PyList_GET_SIZE(held) - 1; i >= 0; i--) {
        if (PyList_GET_ITEM(held, i) == lock) {
            if (PyList_SetSlice(held, i, i + 1, NULL) < 0) {
                PyErr_Clear();
            }
            return 1;
        }
    }
    return 0;
}

static int
says_yes(PyObject *answer)
{
    int yes = answer == Py_True;
    if (answer == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(answer);
    return yes;
}

/* Whether the thread gets that lock at once. Nothing else tells: one that was just released, and for which another thread
   waits without the interpreter's lock, seems to be free, and may be had by that one. */
static int
try_lock(PyObject *lock, int again)
{
    return says_yes((again ? acquire_again : acquire_lock)(lock, try_only, NULL));
}

/* The same of a call that acquires a lock, or semaphore, of multiprocessing's: as long as it is not tried, another process
   may take one that is free. The call itself tries first, too. */
static int
try_shared(const Call *call)
{
    PyObject *limit = call->count > 1 ? call->args[1] : Py_None, *waits_not[] = {Py_False};
    if (acquire_shared == NULL || call->names != NULL || call->count > 2 || (call->count > 0 && call->args[0] != Py_True) ||
        !(limit == Py_None || PyFloat_CheckExact(limit) || PyLong_CheckExact(limit))) {
        return 0;
    }
    return says_yes(acquire_shared(call->self, waits_not, 1, NULL));
}

enum { UNKNOWN_WAIT, NO_WAIT, MAY_WAIT };

/* Whether these arguments of `acquire` are as meant, and then whether it is to wait. What others are refused is for the
   method itself to say. */
static int
waits_as(PyObject *args, PyObject *keywords)
{
    Py_ssize_t count = PyTuple_GET_SIZE(args), named = keywords == NULL ? 0 : PyDict_GET_SIZE(keywords);
    PyObject *blocks = count > 0 ? PyTuple_GET_ITEM(args, 0) : NULL, *limit = count > 1 ? PyTuple_GET_ITEM(args, 1) : NULL;
    if (count + named == 0) {
        return MAY_WAIT;
    }
    if (count > 2 || named > 1) {
        return UNKNOWN_WAIT;
    }
    if (named == 1) {
        PyObject *by_blocking = PyDict_GetItemString(keywords, "blocking");
        PyObject *by_timeout = PyDict_GetItemString(keywords, "timeout");
        if ((by_blocking == NULL && by_timeout == NULL) || (by_blocking != NULL && count > 0) || count > 1) {
            return UNKNOWN_WAIT;
        }
        blocks = by_blocking != NULL ? by_blocking : blocks;
        limit = by_timeout;
    }
    if (blocks != NULL && blocks != Py_True && blocks != Py_False) {
        return UNKNOWN_WAIT;
    }
    if (limit == NULL) {
        return blocks == Py_False ? NO_WAIT : MAY_WAIT;
    }
    double seconds = PyFloat_CheckExact(limit) || PyLong_CheckExact(limit) ? PyFloat_AsDouble(limit) : -2;
    PyErr_Clear();
    if (blocks == Py_False || !(seconds == -1 || (seconds >= 0 && seconds < 1e6))) {
        return UNKNOWN_WAIT;
    }
    return seconds == 0 ? NO_WAIT : MAY_WAIT;
}

/* RLock._acquire_restore has one argument, which says how often the lock is to be had. Return whether that is done, at
   once. */
static int
try_restore(PyObject *lock, PyObject *args)
{
    PyObject *state = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : NULL;
    int is_state = state != NULL && PyTuple_CheckExact(state) && PyTuple_GET_SIZE(state) == 2;
    long long times = is_state ? number(PyTuple_GET_ITEM(state, 0)) : -1;
    PyObject *owner = is_state ? PyTuple_GET_ITEM(state, 1) : NULL;
    if (times < 1 || !PyLong_CheckExact(owner) || PyLong_AsUnsignedLong(owner) != PyThread_get_thread_ident() ||
        says_yes(is_owned(lock, NULL)) || !try_lock(lock, 1)) {
        PyErr_Clear();
        return 0;
    }
    while (--times > 0) {
        try_lock(lock, 1);
    }
    return 1;
}

/* Whether what a call of that kind has returned says that it has got the lock. */
static inline int
is_got(PyObject *result, int restores)
{
    return result == Py_True || (restores && result != NULL);
}

/* An RLock that is restored is held as often as before. */
static void
set_restored(const Call *call, PyObject *key, PyObject *result, int restores)
{
    PyObject *state = restores && result != NULL ? PyTuple_GET_ITEM(call->argument, 0) : NULL;
    if (state != NULL && PyTuple_CheckExact(state) && PyTuple_GET_SIZE(state) > 0) {
        set_number(calls.depths, key, number(PyTuple_GET_ITEM(state, 0)));
    }
}

/* A lock, or RLock, is acquired. */
static PyObject *
acquire(PyThreadState *thread, const Call *call)
{
    int again = call->of->does == ACQUIRE_AGAIN, restores = call->of->signature == PLAIN;
    PyObject *key = PyLong_FromVoidPtr(call->self), *result;
    if (key == NULL) {
        return NULL;
    }
    int how = restores ? MAY_WAIT : waits_as(call->argument, call->keywords);
    if (restores ? try_restore(call->self, call->argument) : how != UNKNOWN_WAIT && try_lock(call->self, again)) {
        result = Py_NewRef(restores ? Py_None : Py_True);
    }
    else if (how == NO_WAIT) {
        result = Py_NewRef(Py_False);
    }
    else {
        /* Counted first: who releases it from now on says so. */
        PyObject *token = NULL;
        if (set_number(calls.waiting, key, number_in(calls.waiting, key, 0) + 1)) {
            token = tell_of_call(calls.before, thread, call);
        }
        if (token == NULL) {
            Py_DECREF(key);
            return PyErr_Occurred() ? NULL : call_blocking(call);
        }
        result = call_blocking(call);
        if (token != Py_None || is_got(result, restores)) {
            result = tell_after(thread, call, token, result);
        }
        Py_DECREF(token);
        set_restored(call, key, result, restores);
        Py_DECREF(key);
        return result;
    }
    if (is_got(result, restores)) {
        if (!note_got(thread, call, key)) {
            done_with(tell_of_call(calls.got, thread, call));
        }
        set_restored(call, key, result, restores);
    }
    Py_DECREF(key);
    return result;
}

/* A lock, or RLock, is released. */
static PyObject *
release(PyThreadState *thread, const Call *call)
{
    int again = call->of->does == RELEASE_AGAIN, saves = call->of->definition->ml_name[1] == 'r';
    PyObject *key = says_yes((again ? is_owned : is_locked)(call->self, NULL)) ? PyLong_FromVoidPtr(call->self) : NULL;
    if (key == NULL) {
        return call_blocking(call);
    }
    long long depth = again && !saves ? number_in(calls.depths, key, 0) - 1 : 0;
    if (again) {
        set_number(calls.depths, key, depth > 0 ? depth : 0);
    }
    if (depth <= 0 && is_in_table(calls.waiting, key)) {
        done_with(tell_of_call(calls.before, thread, call));
    }
    else if (depth <= 0) {
        if (is_in_table(calls.holders, key) && PyDict_DelItem(calls.holders, key) < 0) {
            PyErr_Clear();
        }
        if (!let_go(thread, call->self) && PySet_GET_SIZE(calls.ordered) > 0) {
            done_with(tell_of_call(calls.gone, thread, call));
        }
    }
    Py_DECREF(key);
    return call_blocking(call);
}

/* Calls of select: one that the thread has made before is told by a row, as runtimes/threads/asked.py has it. */

enum { SELECT = 20, POLL, EPOLL };
/* As asked.py has them. */
#define LONG_NS 25000000LL
#define MOST_FOUND 64
/* As words.py has it. */
#define CURRENT_TRACK (-2)

#define SLOTS_OF_ASKED_CALL(X) X(above) X(ends) X(fd) X(long_ns) X(shape) X(wait)
#define SLOTS_OF_WAIT(X) X(t_ns) X(thing) X(offset)
#define OFFSET(name) Py_ssize_t name;
static struct { PyTypeObject *type; SLOTS_OF_ASKED_CALL(OFFSET) } asked_slots;
static struct { PyTypeObject *type; SLOTS_OF_WAIT(OFFSET) } wait_slots;
#undef OFFSET
static Py_ssize_t asked_of_buffer, asking_of_buffer;
static PyObject *map_text, *its_self_text;
static PyTypeObject *socket_type;
static PyCFunction descriptor_of;
/* The same of files: FileIO. */
static PyTypeObject *file_type;
static PyCFunction descriptor_of_file;

/* One such call. `which`: what tells what it asks for; `keys`: of a selector, what it watches. All references are its
   own, but that of `buffer`. */
typedef struct {
    PyObject *buffer, *which, *keys, *things, *ident;
    PyFrameObject *frame;
    int of_selector;
    uint64_t version;
} Selecting;

/* Whether a wait is the thread's own, and not the business of another runtime, and rows can be stored. Where all
   but the calls is recorded in Python, as in a program that can be paused, `learn` was not told where buffers have those. */
static int
stands_alone(PyThreadState *thread, PyObject *buffer)
{
    PyObject *asked = Py_IS_TYPE(buffer, buffer_slots.type) ? SLOT(buffer, asked_of_buffer) : NULL;
    if (asked == NULL || !PyDict_CheckExact(asked) || !Py_IS_TYPE(BUFFER(buffer, rows), rows_type) ||
        PySet_GET_SIZE(calls.unsettled) > 0) {
        return 0;
    }
    if (PyList_GET_SIZE(calls.runners) == 0 && PyDict_GET_SIZE(calls.inside) == 0 && PyList_GET_SIZE(calls.hubs) == 0) {
        return 1;
    }
    PyObject *apart = call_hook(thread, calls.apart, NULL, 0);
    int alone = apart == Py_False;
    if (apart == NULL) {
        raise_later();
    }
    Py_XDECREF(apart);
    return alone;
}

/* A descriptor that is given as a number or as a socket; -1, and no exception, of anything else. A socket has it as the
   first that it has: where the first one that was asked has said so, no other is asked. */
static inline int
descriptor(PyObject *thing)
{
    static enum { NOT_ASKED, HAS_IT_FIRST, HAS_IT_ELSEWHERE } layout;
    long long found = -1;
    if (PyLong_CheckExact(thing)) {
        found = number(thing);
    }
    else if (socket_type != NULL && PyObject_TypeCheck(thing, socket_type)) {
        int first = *(int *)((char *)thing + sizeof(PyObject));
        if (layout == HAS_IT_FIRST) {
            return first;
        }
        PyObject *said = descriptor_of(thing, NULL);
        found = number(said);
        if (said == NULL) {
            PyErr_Clear();
        }
        Py_XDECREF(said);
        if (layout == NOT_ASKED && found >= 0) {
            layout = found == first ? HAS_IT_FIRST : HAS_IT_ELSEWHERE;
        }
    }
    return 0 <= found && found <= INT_MAX ? (int)found : -1;
}

/* The number of a dictionary's state: no other, and not itself after a change, has the same. */
static uint64_t
version_of(PyObject *dictionary)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    return ((PyDictObject *)dictionary)->ma_version_tag;
#pragma GCC diagnostic pop
}

/* The descriptors of the lists that select.select is to read from and to write to, one after another, as bytes: how many
   to read from first. NULL, and no exception, if they are given otherwise. */
static PyObject *
descriptors_of(PyObject *const *lists)
{
    PyObject *made = NULL, *both[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        PyObject *list = lists[i];
        if (PyList_CheckExact(list) || PyTuple_CheckExact(list)) {
            both[i] = Py_NewRef(list);
        }
        else if (PyAnySet_CheckExact(list) || PyDict_CheckExact(list)) {
            both[i] = PySequence_List(list);
        }
        if (both[i] == NULL) {
            goto done;
        }
    }
    Py_ssize_t reading = PySequence_Fast_GET_SIZE(both[0]), all = reading + PySequence_Fast_GET_SIZE(both[1]);
    made = PyBytes_FromStringAndSize(NULL, (1 + all) * (Py_ssize_t)sizeof(int));
    int *at = made == NULL ? NULL : (int *)PyBytes_AS_STRING(made);
    if (at == NULL) {
        goto done;
    }
    *at++ = (int)reading;
    for (Py_ssize_t i = 0; i < all; i++) {
        PyObject *list = both[i >= reading];
        Py_ssize_t its = i < reading ? i : i - reading;
        int fd = its < PySequence_Fast_GET_SIZE(list) ? descriptor(PySequence_Fast_GET_ITEM(list, its)) : -1;
        if (fd < 0) {
            Py_CLEAR(made);
            break;
        }
        *at++ = fd;
    }
done:
    Py_XDECREF(both[0]);
    Py_XDECREF(both[1]);
    PyErr_Clear();
    return made;
}

/* The addresses that a descriptor connects, as the system has them. */
static PyObject *
ends_of(int fd)
{
#ifdef MS_WINDOWS
    return NULL;
#else
    struct {
        int failed[2];
        socklen_t length[2];
        struct sockaddr_storage address[2];
    } found;
    memset(&found, 0, sizeof(found));
    for (int i = 0; i < 2; i++) {
        found.length[i] = sizeof(found.address[i]);
        int answer = (i == 0 ? getsockname : getpeername)(fd, (struct sockaddr *)&found.address[i], &found.length[i]);
        found.failed[i] = answer < 0 ? errno : 0;
    }
    return PyBytes_FromStringAndSize((char *)&found, sizeof(found));
#endif
}

/* ends(fd): the same as bytes. */
static PyObject *
ends(PyObject *Py_UNUSED(module), PyObject *arg)
{
    long fd = PyLong_AsLong(arg);
    return fd == -1 && PyErr_Occurred() ? NULL : ends_of((int)fd);
}

/* How long it may wait, borrowed; NULL if that is nothing that could be compared. */
static PyObject *
limit_of(const Call *call)
{
    Py_ssize_t at = call->of->does == SELECT ? 3 : 0;
    if (call->of->signature < FAST || call->names != NULL || call->count < at) {
        return NULL;
    }
    PyObject *limit = call->count > at ? call->args[at] : Py_None;
    return limit == Py_None || PyLong_CheckExact(limit) || PyFloat_CheckExact(limit) ? limit : NULL;
}

static int
is_zero(PyObject *limit)
{
    return PyFloat_CheckExact(limit) ? PyFloat_AS_DOUBLE(limit) == 0 : PyLong_CheckExact(limit) && number(limit) == 0;
}

/* Find out what is asked for. Return 0, and no exception, where that is not known. */
static int
look_at_asked(Selecting *its, const Call *call)
{
    PyCodeObject *code = PyFrame_GetCode(its->frame);
    PyObject *key = PyLong_FromVoidPtr(code);
    its->of_selector = key != NULL && PySet_Contains(calls.selecting, key) > 0;
    Py_XDECREF(key);
    Py_DECREF(code);
    if (its->of_selector) {
        its->things = variable_of(its->frame, its_self_text);
        its->keys = own_of(its->things, map_text);
        if (its->keys != NULL && PyDict_CheckExact(its->keys)) {
            its->version = version_of(its->keys);
            its->which = PyLong_FromUnsignedLongLong(its->version);
        }
    }
    else if (call->of->does == SELECT) {
        its->which = descriptors_of(call->args);
        its->things = PyTuple_Pack(2, call->args[0], call->args[1]);
    }
    else {
        its->which = Py_NewRef(Py_None);
        its->things = PyTuple_Pack(2, call->self, Py_None);
    }
    PyErr_Clear();
    return its->which != NULL && its->things != NULL;
}

/* Whether that frame, and who calls it, are those that `Asked.above` has. */
static int
is_called_by(PyFrameObject *frame, PyObject *above)
{
    Py_XINCREF(frame);
    int same = PyTuple_CheckExact(above);
    for (Py_ssize_t i = 0; same && i < PyTuple_GET_SIZE(above); i += 2) {
        PyObject *code = PyTuple_GET_ITEM(above, i);
        if (code == Py_None || frame == NULL) {
            same = code == Py_None && frame == NULL;
            break;
        }
        PyCodeObject *its = PyFrame_GetCode(frame);
        same = (PyObject *)its == code && PyFrame_GetLasti(frame) == number(PyTuple_GET_ITEM(above, i + 1));
        Py_DECREF(its);
        if (i + 2 < PyTuple_GET_SIZE(above)) {
            PyFrameObject *back = PyFrame_GetBack(frame);
            Py_DECREF(frame);
            frame = back;
        }
    }
    Py_XDECREF(frame);
    return same;
}

/* Say that the thread waits, if it is known to do so in that call. Return whether that is told. */
static int
wait_again(Selecting *its, PyObject *key, PyFrameObject *caller)
{
    PyObject *known = PyDict_GetItemWithError(SLOT(its->buffer, asked_of_buffer), key);
    if (known == NULL || !Py_IS_TYPE(known, asked_slots.type) || is_in_table(calls.parked, its->ident) ||
        !is_called_by(caller, SLOT(known, asked_slots.above))) {
        PyErr_Clear();
        return 0;
    }
    long long fd = number(SLOT(known, asked_slots.fd));
    if (fd >= 0) {
        PyObject *now_its = ends_of((int)fd), *before = SLOT(known, asked_slots.ends);
        int same = now_its != NULL && PyBytes_CheckExact(before) && PyBytes_GET_SIZE(before) == PyBytes_GET_SIZE(now_its) &&
                   memcmp(PyBytes_AS_STRING(before), PyBytes_AS_STRING(now_its), (size_t)PyBytes_GET_SIZE(before)) == 0;
        Py_XDECREF(now_its);
        if (!same) {
            PyErr_Clear();
            return 0;
        }
    }
    PyObject *wait = SLOT(known, asked_slots.wait);
    long long t = now(), shape = number(SLOT(known, asked_slots.shape));
    PyObject *when = t < 0 ? NULL : PyLong_FromLongLong(t);
    /* On 3.11 the interpreter comes to make the same call one instruction earlier. */
    PyObject *offset = PyLong_FromLong(PyFrame_GetLasti(its->frame));
    int told = when != NULL && offset != NULL && Py_IS_TYPE(wait, wait_slots.type) && t - number(SLOT(known, asked_slots.long_ns)) < LONG_NS &&
               PyDict_SetItem(calls.parked, its->ident, wait) == 0;
    if (told) {
        put(wait, wait_slots.t_ns, when);
        put(wait, wait_slots.offset, offset);
        put(wait, wait_slots.thing, its->things);
        if (!store_at(BUFFER(its->buffer, rows), t, CURRENT_TRACK, shape)) {
            PyDict_DelItem(calls.parked, its->ident);
            told = 0;
        }
    }
    Py_XDECREF(when);
    Py_XDECREF(offset);
    PyErr_Clear();
    return told;
}

static int
is_generator_of_any_kind(PyObject *thing)
{
    return PyGen_CheckExact(thing) || PyCoro_CheckExact(thing) || PyAsyncGen_CheckExact(thing);
}

/* Whether an object keeps a generator in its own dictionary. */
static int
keeps_generator(PyObject *thing)
{
    PyObject *own = PyType_Check(thing) ? NULL : PyObject_GenericGetDict(thing, NULL), *value;
    Py_ssize_t at = 0;
    int found = 0;
    while (own != NULL && !found && PyDict_CheckExact(own) && PyDict_Next(own, &at, NULL, &value)) {
        found = is_generator_of_any_kind(value);
    }
    Py_XDECREF(own);
    PyErr_Clear();
    return found;
}

/* Whether what a descriptor was registered with may be, have, or be a function or method of a generator: `waiting` of
   selecting.py. */
static int
may_be_waiting(PyObject *data)
{
    if (data == Py_None || PyUnicode_CheckExact(data) || PyLong_CheckExact(data) || PyBytes_CheckExact(data)) {
        return 0;
    }
    if (is_generator_of_any_kind(data)) {
        return 1;
    }
    if (PyList_CheckExact(data) || PyTuple_CheckExact(data)) {
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(data); i++) {
            if (is_generator_of_any_kind(PySequence_Fast_GET_ITEM(data, i))) {
                return 1;
            }
        }
        return 0;
    }
    if (PyMethod_Check(data)) {
        PyObject *self = PyMethod_GET_SELF(data);
        return self != NULL && (is_generator_of_any_kind(self) || keeps_generator(self));
    }
    if (PyFunction_Check(data)) {
        PyObject *cells = PyFunction_GET_CLOSURE(data);
        for (Py_ssize_t i = 0; cells != NULL && i < PyTuple_GET_SIZE(cells); i++) {
            PyObject *kept = PyCell_GET(PyTuple_GET_ITEM(cells, i));
            if (kept != NULL && is_generator_of_any_kind(kept)) {
                return 1;
            }
        }
        return 0;
    }
    return keeps_generator(data);
}

/* What such a call has found, in pairs of numbers: descriptors, and for what. Return how many numbers; 0 if it found
   nothing, or too many; -1 if there is something else among them. */
static int
found_in(PyObject *result, int *found)
{
    int count = 0;
    if (PyTuple_CheckExact(result)) {
        for (Py_ssize_t i = 0; i < 2 && i < PyTuple_GET_SIZE(result); i++) {
            PyObject *list = PyTuple_GET_ITEM(result, i);
            for (Py_ssize_t j = 0; PyList_CheckExact(list) && j < PyList_GET_SIZE(list); j++) {
                int fd = descriptor(PyList_GET_ITEM(list, j));
                if (fd < 0 || count == 2 * MOST_FOUND) {
                    return fd < 0 ? -1 : 0;
                }
                found[count++] = fd;
                found[count++] = (int)i;
            }
        }
        return count;
    }
    for (Py_ssize_t i = 0; PyList_CheckExact(result) && i < PyList_GET_SIZE(result); i++) {
        PyObject *pair = PyList_GET_ITEM(result, i);
        int is_pair = PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2;
        int fd = is_pair ? descriptor(PyTuple_GET_ITEM(pair, 0)) : -1;
        if (fd < 0 || count == 2 * MOST_FOUND) {
            return fd < 0 ? -1 : 0;
        }
        found[count++] = fd;
        found[count++] = (int)number(PyTuple_GET_ITEM(pair, 1));
    }
    return count;
}

/* Whether no generator goes on by that. */
static int
is_quiet(const Selecting *its, const int *found, int count)
{
    for (int i = 0; its->of_selector && i < count; i += 2) {
        PyObject *fd = PyLong_FromLong(found[i]), *key = fd == NULL ? NULL : PyDict_GetItemWithError(its->keys, fd);
        Py_XDECREF(fd);
        if (key != NULL && PyTuple_Check(key) && PyTuple_GET_SIZE(key) == 4 && may_be_waiting(PyTuple_GET_ITEM(key, 3))) {
            return 0;
        }
    }
    PyErr_Clear();
    return count >= 0;
}

/* Of what was found, the key; a new reference. NULL, and no exception, if there is none. */
static PyObject *
key_of_found(const Selecting *its, int does, int *found, int count)
{
    /* Whatever order the system tells them in. */
    for (int i = 2; i < count; i += 2) {
        int pair[] = {found[i], found[i + 1]}, at = i;
        for (; at > 0 && (found[at - 2] > pair[0] || (found[at - 2] == pair[0] && found[at - 1] > pair[1])); at -= 2) {
            found[at] = found[at - 2];
            found[at + 1] = found[at - 1];
        }
        found[at] = pair[0];
        found[at + 1] = pair[1];
    }
    /* What a selector was not told to watch it does not tell. */
    PyObject *which = its->of_selector ? its->which : Py_None;
    PyObject *key = count <= 0 ? NULL : Py_BuildValue("iOy#", does, which, (char *)found, count * (Py_ssize_t)sizeof(int));
    PyErr_Clear();
    return key;
}

/* Say that the thread goes on since those are ready, if that is all there is to it. Return whether that is told; or have
   its key told to who tells it. */
static int
go_on_again(PyThreadState *thread, Selecting *its, int does, PyObject *result)
{
    if (result == NULL) {
        put(its->buffer, asking_of_buffer, Py_None);
        return 0;
    }
    int found[2 * MOST_FOUND], count = found_in(result, found), told = 0;
    PyObject *wait = count <= 0 ? NULL : PyDict_GetItemWithError(calls.parked, its->ident);
    PyObject *key = wait == NULL ? NULL : key_of_found(its, does, found, count);
    if (key != NULL && its->of_selector && version_of(its->keys) != its->version) {
        Py_CLEAR(key);
    }
    PyObject *known = key == NULL ? NULL : PyDict_GetItemWithError(SLOT(its->buffer, asked_of_buffer), key);
    long long shape = number(known);
    Py_XINCREF(wait);
    if (shape >= 0 && Py_IS_TYPE(wait, wait_slots.type) && PyDict_GET_SIZE(calls.spinning) == 0 &&
        is_quiet(its, found, count) && stands_alone(thread, its->buffer)) {
        long long t = now();
        told = t >= 0 && store_at(BUFFER(its->buffer, rows), t, number(SLOT(its->buffer, track_of_buffer)), shape);
        if (told) {
            put(wait, wait_slots.thing, Py_None);
            PyDict_DelItem(calls.parked, its->ident);
        }
    }
    if (!told) {
        put(its->buffer, asking_of_buffer, key == NULL ? Py_None : key);
    }
    Py_XDECREF(wait);
    Py_XDECREF(key);
    PyErr_Clear();
    return told;
}

static PyObject *
select_known(PyThreadState *thread, const Call *call, Selecting *its, PyObject *limit)
{
    PyObject *does = PyLong_FromLong(call->of->does), *result;
    if (does == NULL) {
        return NULL;
    }
    if (is_zero(limit)) {
        int found[2 * MOST_FOUND];
        result = call_blocking(call);
        /* It does not wait, but what it finds may be what a generator waits for. */
        if (its->of_selector && result != NULL) {
            int count = found_in(result, found);
            if (count < 0 || (count == 0 && PyObject_Size(result) > 0) || !is_quiet(its, found, count)) {
                put(its->buffer, asking_of_buffer, Py_None);
                result = tell_after(thread, call, does, result);
            }
        }
        Py_DECREF(does);
        return result;
    }
    PyFrameObject *caller = its->of_selector ? PyFrame_GetBack(its->frame) : (PyFrameObject *)Py_NewRef(its->frame);
    PyObject *place = caller == NULL ? NULL : PyLong_FromSsize_t(place_of(caller));
    PyObject *key = place == NULL ? NULL : PyTuple_Pack(4, does, its->which, limit, place), *token = NULL;
    int apart = is_in_table(calls.parked, its->ident);
    if (key != NULL && !apart && wait_again(its, key, caller)) {
        token = Py_NewRef(does);
    }
    else {
        PyErr_Clear();
        put(its->buffer, asking_of_buffer, key == NULL ? Py_None : key);
        token = tell_of_call(calls.before, thread, call);
    }
    Py_XDECREF(key);
    Py_XDECREF(place);
    Py_XDECREF(caller);
    result = token == NULL ? NULL : call_blocking(call);
    if (token != NULL && token != Py_None && (apart || !go_on_again(thread, its, call->of->does, result))) {
        result = tell_after(thread, call, token, result);
    }
    Py_XDECREF(token);
    Py_DECREF(does);
    return result;
}

/* Such a call, if it can be compared with others. Return whether it is made; `result`: what it has returned. */
static int
select_way(PyThreadState *thread, const Call *call, PyObject **result)
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *limit = limit_of(call);
    Selecting its = {.buffer = buffer_of(thread), .frame = frame};
    if (frame == NULL || limit == NULL || its.buffer == NULL || !stands_alone(thread, its.buffer)) {
        return 0;
    }
    Py_INCREF(its.buffer);
    Py_INCREF(frame);
    its.ident = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
    int made = its.ident != NULL && look_at_asked(&its, call);
    if (made) {
        *result = select_known(thread, call, &its, limit);
    }
    else {
        PyErr_Clear();
        put(its.buffer, asking_of_buffer, Py_None);
    }
    Py_XDECREF(its.ident);
    Py_XDECREF(its.which);
    Py_XDECREF(its.keys);
    Py_XDECREF(its.things);
    Py_DECREF(its.buffer);
    Py_DECREF(frame);
    return made;
}

/* Whether it is called of a file that is neither a pipe nor a socket. */
static int
is_plain_file(const Call *call)
{
    if (file_type == NULL || call->self == NULL || !PyObject_TypeCheck(call->self, file_type)) {
        return 0;
    }
    PyObject *said = descriptor_of_file(call->self, NULL);
    long long found = number(said);
    if (said == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(said);
    if (found < 0 || found > INT_MAX) {
        return 1;
    }
#ifdef F_GETPIPE_SZ
    /* No file system is asked, as `fstat` does: it may be one that another thread of this process serves, which could not
       answer, as we have the GIL. */
    int kind;
    socklen_t size = sizeof(kind);
    return fcntl((int)found, F_GETPIPE_SZ) < 0 && getsockopt((int)found, SOL_SOCKET, SO_TYPE, &kind, &size) < 0;
#else
    struct stat about;
    return fstat((int)found, &about) != 0 || !(S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
#endif
}

static PyObject *
on_blocking(const Call *call)
{
    PyThreadState *thread = PyThreadState_Get();
    int when = call->of->when;
    if (calls.before == NULL || thread->interp != home || thread->tracing != 0 ||
        (when != ALWAYS && (!sees_calls || when == AT_PLACES) &&
         (when == ONCE_THREADED || !is_called_in(calls.places)))) {
        return call_blocking(call);
    }
    int does = call->of->does;
    if (when == ALWAYS && is_plain_file(call)) {
        return call_blocking(call);
    }
    /* Nobody waits for what is written; that an end is closed is not told to other processes. */
    if ((does == WRITES || does == CLOSES) && PyDict_GET_SIZE(calls.readers) == 0 &&
        (does == CLOSES || PyDict_GET_SIZE(calls.others) == 0) && !is_called_in(calls.places)) {
        return call_blocking(call);
    }
    if (does == ACQUIRE || does == ACQUIRE_AGAIN) {
        return acquire(thread, call);
    }
    if (does == RELEASE || does == RELEASE_AGAIN) {
        return release(thread, call);
    }
    if (does == ACQUIRE_SHARED && try_shared(call)) {
        done_with(tell_of_call(calls.got, thread, call));
        return Py_NewRef(Py_True);
    }
    PyObject *made;
    if (SELECT <= does && does <= EPOLL && select_way(thread, call, &made)) {
        return made;
    }
    PyObject *token = tell_of_call(calls.before, thread, call);
    if (token == NULL && (does == CLOSES || does == RELEASE_SHARED)) {
        /* What a signal's handler has raised does not keep anything from being given back. */
        raise_later();
        return call_blocking(call);
    }
    if (token == NULL) {
        return NULL;
    }
    /* It was given back since, unless there was nothing to tell. */
    int is_had = does == ACQUIRE_SHARED && token == Py_None && try_shared(call);
    PyObject *result = is_had ? Py_NewRef(Py_True) : call_blocking(call);
    /* A buffered file says by it why one without a buffer could not write. */
    int why = errno;
    if (token != Py_None) {
        result = tell_after(thread, call, token, result);
    }
    Py_DECREF(token);
    errno = why;
    return result;
}

/* A function stands for each place in `blocking`: nothing but itself tells which one is called. */
#define AT(signature, t, u) &blocking[signature][t * 10 + u]
#define WAYS_OF_TEN(X, t) X(t, 0) X(t, 1) X(t, 2) X(t, 3) X(t, 4) X(t, 5) X(t, 6) X(t, 7) X(t, 8) X(t, 9)
#define PLAIN_WAY(t, u)                                                                                                \
    static PyObject *plain_way_##t##u(PyObject *self, PyObject *argument)                                              \
    {                                                                                                                  \
        return on_blocking(&(Call){.of = AT(PLAIN, t, u), .self = self, .argument = argument});                        \
    }
#define KEYWORDS_WAY(t, u)                                                                                             \
    static PyObject *keywords_way_##t##u(PyObject *self, PyObject *args, PyObject *names)                              \
    {                                                                                                                  \
        return on_blocking(&(Call){.of = AT(KEYWORDS, t, u), .self = self, .argument = args, .keywords = names});      \
    }
#define FAST_WAY(t, u)                                                                                                 \
    static PyObject *fast_way_##t##u(PyObject *self, PyObject *const *args, Py_ssize_t count)                          \
    {                                                                                                                  \
        return on_blocking(&(Call){.of = AT(FAST, t, u), .self = self, .args = args, .count = count});                 \
    }
#define NAMES_WAY(t, u)                                                                                                \
    static PyObject *names_way_##t##u(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)        \
    {                                                                                                                  \
        return on_blocking(                                                                                            \
            &(Call){.of = AT(FAST_KEYWORDS, t, u), .self = self, .args = args, .count = count, .names = names});       \
    }
#define CLASS_WAY(t, u)                                                                                                \
    static PyObject *class_way_##t##u(                                                                                 \
        PyObject *self, PyTypeObject *kind, PyObject *const *args, size_t count, PyObject *names)                      \
    {                                                                                                                  \
        return on_blocking(&(Call){.of = AT(OF_CLASS, t, u), .self = self, .kind = kind, .args = args,                 \
                                   .count = (Py_ssize_t)count, .names = names});                                       \
    }
WAYS_OF_TEN(PLAIN_WAY, 0)
WAYS_OF_TEN(PLAIN_WAY, 1)
WAYS_OF_TEN(PLAIN_WAY, 2)
WAYS_OF_TEN(KEYWORDS_WAY, 0)
WAYS_OF_TEN(FAST_WAY, 0)
WAYS_OF_TEN(NAMES_WAY, 0)
WAYS_OF_TEN(CLASS_WAY, 0)
#define STORE_PLAIN(t, u) (PyCFunction)plain_way_##t##u,
#define STORE_KEYWORDS(t, u) (PyCFunction)(void (*)(void))keywords_way_##t##u,
#define STORE_FAST(t, u) (PyCFunction)(void (*)(void))fast_way_##t##u,
#define STORE_NAMES(t, u) (PyCFunction)(void (*)(void))names_way_##t##u,
#define STORE_CLASS(t, u) (PyCFunction)(void (*)(void))class_way_##t##u,
static const PyCFunction blocking_ways[SIGNATURES][MOST_OF_ONE] = {
    {WAYS_OF_TEN(STORE_PLAIN, 0) WAYS_OF_TEN(STORE_PLAIN, 1) WAYS_OF_TEN(STORE_PLAIN, 2)},
    {WAYS_OF_TEN(STORE_KEYWORDS, 0)},
    {WAYS_OF_TEN(STORE_FAST, 0)},
    {WAYS_OF_TEN(STORE_NAMES, 0)},
    {WAYS_OF_TEN(STORE_CLASS, 0)},
};

/* What the table of a type, or module, has for that function. NULL, and an exception, if it is none of C's. */
static PyMethodDef *
definition_of(PyObject *function)
{
    if (function != NULL && (Py_IS_TYPE(function, &PyMethodDescr_Type) || Py_IS_TYPE(function, &PyClassMethodDescr_Type))) {
        return ((PyMethodDescrObject *)function)->d_method;
    }
    if (function != NULL && Py_IS_TYPE(function, &PyCFunction_Type)) {
        return ((PyCFunctionObject *)function)->m_ml;
    }
    if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_TypeError, "no function in C");
    }
    return NULL;
}

/* see_call(function, does, when): have that called by way of us. Return whether it is. */
static PyObject *
see_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *function;
    int does, when, signature;
    if (!PyArg_ParseTuple(args, "Oii", &function, &does, &when)) {
        return NULL;
    }
    PyMethodDef *definition = definition_of(function);
    if (definition == NULL) {
        return NULL;
    }
    switch (definition->ml_flags & ~(METH_CLASS | METH_STATIC | METH_COEXIST)) {
    case METH_NOARGS:
    case METH_O:
    case METH_VARARGS:
        signature = PLAIN;
        break;
    case METH_VARARGS | METH_KEYWORDS:
        signature = KEYWORDS;
        break;
    case METH_FASTCALL:
        signature = FAST;
        break;
    case METH_FASTCALL | METH_KEYWORDS:
        signature = FAST_KEYWORDS;
        break;
    case METH_METHOD | METH_FASTCALL | METH_KEYWORDS:
        signature = OF_CLASS;
        break;
    default:
        Py_RETURN_FALSE;
    }
    int at = 0;
    while (at < blocking_count[signature] && blocking[signature][at].definition != definition) {
        at++;
    }
    if (at == MOST_OF_ONE || blocking_ways[signature][at] == NULL) {
        Py_RETURN_FALSE;
    }
    Blocking *its = &blocking[signature][at];
    if (at == blocking_count[signature]) {
        blocking_count[signature]++;
        *its = (Blocking){definition, definition->ml_meth, signature, does, when};
    }
    its->does = does;
    its->when = when;
    if (does == ACQUIRE_SHARED && signature == FAST_KEYWORDS) {
        acquire_shared = (_PyCFunctionFastWithKeywords)(void (*)(void))its->plainly;
    }
    definition->ml_meth = blocking_ways[signature][at];
    Py_RETURN_TRUE;
}

/* forget_call(function): have it called as without us. */
static PyObject *
forget_call(PyObject *Py_UNUSED(module), PyObject *function)
{
    PyMethodDef *definition = definition_of(function);
    if (definition == NULL) {
        return NULL;
    }
    for (int signature = 0; signature < SIGNATURES; signature++) {
        for (int at = 0; at < blocking_count[signature]; at++) {
            if (blocking[signature][at].definition == definition) {
                definition->ml_meth = blocking[signature][at].plainly;
            }
        }
    }
    Py_RETURN_NONE;
}

/* leave_calls(): the same for all. Who is in such a call at that time is told of nothing any more. */
static PyObject *
leave_calls(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    for (int signature = 0; signature < SIGNATURES; signature++) {
        for (int at = 0; at < blocking_count[signature]; at++) {
            blocking[signature][at].definition->ml_meth = blocking[signature][at].plainly;
        }
    }
    sees_calls = 0;
    Py_CLEAR(calls.before);
    Py_CLEAR(calls.after);
    Py_RETURN_NONE;
}

/* watch_threads(): there is a second thread. */
static PyObject *
watch_threads(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    sees_calls = 1;
    Py_RETURN_NONE;
}

static PyCFunction
plainly_of(PyTypeObject *type, const char *name)
{
    PyMethodDef *found = definition_of(PyDict_GetItemString(type->tp_dict, name));
    return found == NULL ? NULL : found->ml_meth;
}

/* watch_sockets(type): the type in C of sockets. */
static PyObject *
watch_sockets(PyObject *Py_UNUSED(module), PyObject *type)
{
    descriptor_of = PyType_Check(type) ? plainly_of((PyTypeObject *)type, "fileno") : NULL;
    if (descriptor_of == NULL) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a type is needed");
    }
    Py_XSETREF(socket_type, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

/* watch_files(type): the type in C of files. */
static PyObject *
watch_files(PyObject *Py_UNUSED(module), PyObject *type)
{
    descriptor_of_file = PyType_Check(type) ? plainly_of((PyTypeObject *)type, "fileno") : NULL;
    if (descriptor_of_file == NULL) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "a type is needed");
    }
    Py_XSETREF(file_type, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

/* watch_calls(buffer, lock, rlock, asked, wait, (local, ...)): the types, and what TOLD lists. In the main thread, once. */
static PyObject *
watch_calls(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *buffer, *lock, *rlock, *asked, *wait;
    PyObject *told;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!O!", &PyType_Type, &buffer, &PyType_Type, &lock, &PyType_Type, &rlock,
                          &PyType_Type, &asked, &PyType_Type, &wait, &PyTuple_Type, &told) ||
        slot_offset(buffer, "held", &held_of_buffer) < 0 || slot_offset(buffer, "track", &track_of_buffer) < 0 ||
        slot_offset(buffer, "asked", &asked_of_buffer) < 0 || slot_offset(buffer, "asking", &asking_of_buffer) < 0) {
        return NULL;
    }
#define OFFSET(name) if (slot_offset(asked, #name, &asked_slots.name) < 0) return NULL;
    SLOTS_OF_ASKED_CALL(OFFSET)
#undef OFFSET
#define OFFSET(name) if (slot_offset(wait, #name, &wait_slots.name) < 0) return NULL;
    SLOTS_OF_WAIT(OFFSET)
#undef OFFSET
    PyObject **fields[] = {
#define FIELD(name) &calls.name,
        TOLD(FIELD)
#undef FIELD
    };
    Py_ssize_t count = sizeof(fields) / sizeof(*fields);
    is_locked = plainly_of(lock, "locked");
    is_owned = plainly_of(rlock, "_is_owned");
    acquire_lock = (PyCFunctionWithKeywords)(void (*)(void))plainly_of(lock, "acquire");
    acquire_again = (PyCFunctionWithKeywords)(void (*)(void))plainly_of(rlock, "acquire");
    if (try_only == NULL) {
        try_only = Py_BuildValue("(O)", Py_False);
        threads_text = PyUnicode_InternFromString("threads");
        map_text = PyUnicode_InternFromString("_fd_to_key");
        its_self_text = PyUnicode_InternFromString("self");
    }
    if (PyErr_Occurred() || try_only == NULL || threads_text == NULL || map_text == NULL ||
        its_self_text == NULL || PyTuple_GET_SIZE(told) != count) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "%zd are needed", count);
    }
    Py_XSETREF(buffer_of_calls, (PyTypeObject *)Py_NewRef(buffer));
    Py_XSETREF(asked_slots.type, (PyTypeObject *)Py_NewRef(asked));
    Py_XSETREF(wait_slots.type, (PyTypeObject *)Py_NewRef(wait));
    Py_XSETREF(lock_type, (PyTypeObject *)Py_NewRef(lock));
    Py_XSETREF(rlock_type, (PyTypeObject *)Py_NewRef(rlock));
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_XSETREF(*fields[i], Py_NewRef(PyTuple_GET_ITEM(told, i)));
    }
    Py_RETURN_NONE;
}

#endif

/* ---- How a forked child ends ---------------------------------------------------------------------------------- */

#ifdef __GLIBC__
static pid_t told_by;
static int64_t *told_status;

/* The last thing that a process does in exit(): what is forked from it has this, too, and is another process. */
static void
store_status(int status, void *unused)
{
    (void)unused;
    if (getpid() == told_by) {
        *told_status = (status & 0xFF) + 1;
    }
}
#endif

/* tell_status(integers, at): at its end this process stores its exit code + 1 there, in memory that it shares with
   others. Where the system has no way to learn it, nothing is stored. */
static PyObject *
tell_status(PyObject *module, PyObject *args)
{
    PyObject *integers;
    Py_ssize_t at;
    Py_buffer memory;
    (void)module;
    if (!PyArg_ParseTuple(args, "On", &integers, &at) || PyObject_GetBuffer(integers, &memory, PyBUF_WRITABLE) < 0) {
        return NULL;
    }
#ifdef __GLIBC__
    static int registered;
    if (at >= 0 && (at + 1) * (Py_ssize_t)sizeof(int64_t) <= memory.len &&
        (registered || on_exit(store_status, NULL) == 0)) {
        registered = 1;
        told_by = getpid();
        told_status = (int64_t *)memory.buf + at;
        /* The memory is not given back: it is there as long as the process. */
        Py_RETURN_NONE;
    }
#endif
    PyBuffer_Release(&memory);
    Py_RETURN_NONE;
}

/* A descriptor of the file, `least` or higher. Nothing else in the interpreter runs meanwhile, so nobody finds it at the
   lower one that open() gives. */
static PyObject *
open_high(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *path;
    int least;
    if (!PyArg_ParseTuple(args, "si", &path, &least)) {
        return NULL;
    }
    int low = open(path, O_RDONLY | O_CLOEXEC);
    int high = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, least);
    int why = errno;
    if (low >= 0) {
        close(low);
    }
    if (high < 0) {
        errno = why;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromLong(high);
}

/* What a thread does that has descriptors of its own (unshare(2)): the program neither finds ours among its own, nor gets
   another number for a file that it opens meanwhile. `is_apart`: whether it has; a container may forbid it. */
struct apart {
    void (*does)(struct apart *);
    int is_apart;
    long thread;
};

#ifdef __linux__
static void *
begin_apart(void *given)
{
    struct apart *apart = given;
    apart->is_apart = unshare(CLONE_FILES) == 0;
    apart->thread = syscall(SYS_gettid);
    apart->does(apart);
    return NULL;
}
#endif

/* Do it so, and come back when it is done. */
static void
do_apart(struct apart *apart)
{
    apart->is_apart = 0;
    Py_BEGIN_ALLOW_THREADS;
#ifdef __linux__
    pthread_attr_t small;
    pthread_t thread;
    sigset_t all, before;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    /* The program's signals are for the program's threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &small, begin_apart, apart) == 0) {
        pthread_join(thread, NULL);
        /* For the operating system it may not be over yet, and os.fork() warns of every thread that there is. */
        for (int looks = 0; looks < 10000 && syscall(SYS_tgkill, getpid(), apart->thread, 0) == 0; looks++) {
            sched_yield();
        }
    }
    else {
        apart->does(apart);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&small);
#else
    apart->does(apart);
#endif
    Py_END_ALLOW_THREADS;
}

struct reading {
    struct apart apart;
    const char *path;
    char *into;
    Py_ssize_t room, got;
    int why;
};

/* Where it is not apart, for a moment there is one descriptor more. */
static void
read_file(struct apart *apart)
{
    struct reading *reading = (struct reading *)apart;
    int fd = open(reading->path, O_RDONLY | O_CLOEXEC);
    ssize_t more = fd < 0 ? -1 : 0;
    while (fd >= 0 && reading->got < reading->room &&
           (more = read(fd, reading->into + reading->got, reading->room - reading->got)) > 0) {
        reading->got += more;
    }
    reading->why = more < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
}

/* The bytes of a regular file, read apart from the program's descriptors. */
static PyObject *
read_apart(PyObject *Py_UNUSED(module), PyObject *name)
{
    PyObject *path;
    struct stat status;
    if (!PyUnicode_FSConverter(name, &path)) {
        return NULL;
    }
    struct reading reading = {.apart.does = read_file, .path = PyBytes_AS_STRING(path)};
    if (stat(reading.path, &status) < 0 || !S_ISREG(status.st_mode)) {
        Py_DECREF(path);
        errno = S_ISREG(status.st_mode) ? errno : EINVAL;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    reading.room = (Py_ssize_t)status.st_size;
    PyObject *text = PyBytes_FromStringAndSize(NULL, reading.room);
    if (text == NULL) {
        Py_DECREF(path);
        return NULL;
    }
    reading.into = PyBytes_AS_STRING(text);
    do_apart(&reading.apart);
    Py_DECREF(path);
    if (reading.why) {
        Py_DECREF(text);
        errno = reading.why;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    _PyBytes_Resize(&text, reading.got);
    return text;
}

struct asking {
    struct apart apart;
    unsigned int inode, found;
};

/* Linux tells of Unix sockets (sock_diag(7)). */
static void
ask_other_end(struct apart *apart)
{
#ifdef __linux__
    struct asking *asking = (struct asking *)apart;
    struct {
        struct nlmsghdr head;
        struct unix_diag_req body;
    } asked = {
        .head = {.nlmsg_len = sizeof(asked), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = AF_UNIX, .udiag_states = ~0u, .udiag_ino = asking->inode, .udiag_show = UDIAG_SHOW_PEER,
                 .udiag_cookie = {~0u, ~0u}},
    };
    union {
        struct nlmsghdr head;
        char room[1024];
    } told;
    int fd = apart->is_apart ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG) : -1;
    if (fd < 0) {
        /* That may be forbidden as well. */
        apart->is_apart = 0;
        return;
    }
    ssize_t got = send(fd, &asked, sizeof(asked), MSG_DONTWAIT) < 0 ? 0 : recv(fd, &told, sizeof(told), MSG_DONTWAIT);
    close(fd);
    if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct unix_diag_msg)) || !NLMSG_OK(&told.head, (size_t)got) ||
        told.head.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return;
    }
    struct unix_diag_msg *about = NLMSG_DATA(&told.head);
    size_t left = NLMSG_PAYLOAD(&told.head, sizeof(*about));
    for (struct rtattr *it = (struct rtattr *)(about + 1); RTA_OK(it, left); it = RTA_NEXT(it, left)) {
        if (it->rta_type == UNIX_DIAG_PEER) {
            memcpy(&asking->found, RTA_DATA(it), sizeof(asking->found));
        }
    }
#else
    (void)apart;
#endif
}

/* other_end(inode): that of the socket to which the Unix socket with this one is connected; 0 if that is not known. */
static PyObject *
other_end(PyObject *Py_UNUSED(module), PyObject *inode)
{
    struct asking asking = {.apart.does = ask_other_end, .inode = (unsigned int)PyLong_AsUnsignedLongMask(inode)};
    if (PyErr_Occurred()) {
        return NULL;
    }
    static int is_forbidden;
    if (!is_forbidden) {
        do_apart(&asking.apart);
        is_forbidden = !asking.apart.is_apart;
    }
    return PyLong_FromUnsignedLong(asking.found);
}

static PyMethodDef functions[] = {
    {"open_high", open_high, METH_VARARGS, NULL},
    {"other_end", other_end, METH_O, NULL},
    {"read_apart", read_apart, METH_O, NULL},
    {"put_pieces", put_pieces, METH_VARARGS, NULL},
    {"learn", learn, METH_VARARGS, NULL},
#if PY_VERSION_HEX >= 0x030c0000
    {"monitoring_ways", monitoring_ways, METH_VARARGS, NULL},
    {"watch_steps", watch_steps, METH_VARARGS, NULL},
    {"see_made", see_made, METH_O, NULL},
#else
    {"step_hook", step_hook, METH_VARARGS, NULL},
#endif
#if PY_VERSION_HEX < 0x030e0000
    {"watch_calls", watch_calls, METH_VARARGS, NULL},
    {"watch_threads", watch_threads, METH_NOARGS, NULL},
    {"watch_sockets", watch_sockets, METH_O, NULL},
    {"watch_files", watch_files, METH_O, NULL},
    {"ends", ends, METH_O, NULL},
    {"see_call", see_call, METH_VARARGS, NULL},
    {"forget_call", forget_call, METH_O, NULL},
    {"leave_calls", leave_calls, METH_NOARGS, NULL},
#endif
    {"leave_sends", leave_sends, METH_NOARGS, NULL},
    {"number_tracks", number_tracks, METH_O, NULL},
    {"roomy", roomy, METH_O, NULL},
    {"told", told, METH_O, NULL},
    {"tell_status", tell_status, METH_VARARGS, NULL},
    {"switch_hook", switch_hook, METH_VARARGS, NULL},
    {"watch_switches", watch_switches, METH_VARARGS, NULL},
    {"leave_switches", leave_switches, METH_NOARGS, NULL},
    {"running_greenlet", running_greenlet, METH_NOARGS, NULL},
    {"turns", turns, METH_O, NULL},
    {"hub_hook", hub_hook, METH_VARARGS, NULL},
    {"poll_ways", poll_ways, METH_VARARGS, NULL},
    {"spawn_ways", spawn_ways, METH_VARARGS, NULL},
    {"run_callback", run_callback, METH_VARARGS, NULL},
    {"queue_ways", queue_ways, METH_VARARGS, NULL},
    {"serve_way", serve_way, METH_VARARGS, NULL},
#if PY_VERSION_HEX >= 0x030c0000
    {"eager_ways", eager_ways, METH_VARARGS, NULL},
#endif
    {NULL},
};

/* A getter of a static type; NULL, and an exception, if it has none of that name. */
static PyGetSetDef *
getter_of(PyTypeObject *type, const char *name)
{
    PyObject *found = PyObject_GetAttrString((PyObject *)type, name);
    PyGetSetDef *getter = NULL;
    if (found != NULL && Py_IS_TYPE(found, &PyGetSetDescr_Type)) {
        getter = ((PyGetSetDescrObject *)found)->d_getset;
    }
    else if (found != NULL) {
        PyErr_Format(PyExc_ImportError, "%s.%s is no getter", type->tp_name, name);
    }
    Py_XDECREF(found);
    return getter;
}

static int
execute(PyObject *module)
{
    /* What is static here is one interpreter's. */
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, "only in the main interpreter");
        return -1;
    }
    PyObject *time = PyImport_ImportModule("time");
    PyObject *frame = PyObject_GetAttrString((PyObject *)&PyGen_Type, "gi_frame");
    if (time == NULL || frame == NULL || !Py_IS_TYPE(frame, &PyGetSetDescr_Type)) {
        Py_XDECREF(time);
        Py_XDECREF(frame);
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ImportError, "generators have no frame here");
        }
        return -1;
    }
    for (int i = 0; i < 4096; i++) {
        pairs[i][0] = digits[i >> 6];
        pairs[i][1] = digits[i & 63];
    }
    gi_frame = ((PyGetSetDescrObject *)frame)->d_getset;
    Py_DECREF(frame);
    cr_frame = getter_of(&PyCoro_Type, "cr_frame");
    cr_await = getter_of(&PyCoro_Type, "cr_await");
    gi_yieldfrom = getter_of(&PyGen_Type, "gi_yieldfrom");
    ag_await = getter_of(&PyAsyncGen_Type, "ag_await");
    if (cr_frame == NULL || cr_await == NULL || ag_await == NULL || gi_yieldfrom == NULL) {
        return -1;
    }
    monotonic_ns = PyObject_GetAttrString(time, "monotonic_ns");
    Py_DECREF(time);
    send_method = PyObject_GetAttrString((PyObject *)&PyGen_Type, "send");
    if (send_method != NULL && Py_IS_TYPE(send_method, &PyMethodDescr_Type) &&
        ((PyMethodDescrObject *)send_method)->d_method->ml_flags == METH_O) {
        send_definition = ((PyMethodDescrObject *)send_method)->d_method;
        send_plainly = send_definition->ml_meth;
    }
    note_main_thread();
    if (pthread_atfork(NULL, NULL, note_main_thread) != 0) {
        PyErr_NoMemory();
        return -1;
    }
    home = PyInterpreterState_Get();
    switch_text = PyUnicode_InternFromString("switch");
    throw_text = PyUnicode_InternFromString("throw");
    no_args = PyTuple_New(0);
    run_text = PyUnicode_InternFromString("_run");
    name_text = PyUnicode_InternFromString("name");
    pending_text = PyUnicode_InternFromString("pending");
    stop_text = PyUnicode_InternFromString("stop");
    if (throw_text == NULL || no_args == NULL || run_text == NULL || name_text == NULL || pending_text == NULL ||
        stop_text == NULL) {
        return -1;
    }
    buffer_text = PyUnicode_InternFromString("buffer");
    send_text = PyUnicode_InternFromString("send");
#if PY_VERSION_HEX >= 0x030c0000
    method_names[SEND] = send_text;
    method_names[THROW] = PyUnicode_InternFromString("throw");
    method_names[CLOSE] = PyUnicode_InternFromString("close");
    if (method_names[THROW] == NULL || method_names[CLOSE] == NULL) {
        return -1;
    }
#endif
    step_text = PyUnicode_InternFromString("step");
    self_text = PyUnicode_InternFromString("__self__");
    this_text = PyUnicode_InternFromString("self");
    coro_text = PyUnicode_InternFromString("_coro");
    code_text = PyUnicode_InternFromString("cr_code");
    waiter_text = PyUnicode_InternFromString("_fut_waiter");
    callbacks_text = PyUnicode_InternFromString("_callbacks");
    cancelled_text = PyUnicode_InternFromString("cancelled");
    cancelling_text = PyUnicode_InternFromString("cancelling");
    said_text = PyUnicode_InternFromString("said");
    get_name_text = PyUnicode_InternFromString("get_name");
    state_of_task = PyUnicode_InternFromString("_state");
    error_of_task = PyUnicode_InternFromString("_exception");
    result_of_task = PyUnicode_InternFromString("_result");
    done_text = PyUnicode_InternFromString("FINISHED");
    automatic_text = PyUnicode_InternFromString("Task-");
    loop_text = PyUnicode_InternFromString("_loop");
    method_of_request = PyUnicode_InternFromString("_method");
    message_of_request = PyUnicode_InternFromString("_message");
    path_text = PyUnicode_InternFromString("path");
    sock_text = PyUnicode_InternFromString("_sock");
    is_over_text = PyUnicode_InternFromString("is_over");
    nothing_yet = PyLong_FromLong(-1);
    none_yet = PyLong_FromLong(0);
    running_text = PyUnicode_InternFromString("running");
    run_once_text = PyUnicode_InternFromString("_run_once");
    greenlet_text = PyUnicode_InternFromString("greenlet");
    counter_text = PyUnicode_InternFromString("counter");
    maxsize_text = PyUnicode_InternFromString("maxsize");
    state_text = PyUnicode_InternFromString("state");
    times_text = PyUnicode_InternFromString("t_ns");
    wake_text = PyUnicode_InternFromString("wake");
    woken_text = PyUnicode_InternFromString("woken");
    unready_key = Py_BuildValue("(s)", "unready");
    if (get_name_text == NULL || state_of_task == NULL || error_of_task == NULL || result_of_task == NULL ||
        done_text == NULL || automatic_text == NULL || loop_text == NULL || nothing_yet == NULL || none_yet == NULL ||
        buffer_text == NULL || send_text == NULL || step_text == NULL ||
        self_text == NULL || this_text == NULL || coro_text == NULL || code_text == NULL || waiter_text == NULL ||
        callbacks_text == NULL || cancelled_text == NULL || cancelling_text == NULL || said_text == NULL ||
        running_text == NULL || run_once_text == NULL || method_of_request == NULL || message_of_request == NULL ||
        path_text == NULL || sock_text == NULL || is_over_text == NULL ||
        greenlet_text == NULL || counter_text == NULL || maxsize_text == NULL || state_text == NULL ||
        times_text == NULL || wake_text == NULL || woken_text == NULL || unready_key == NULL) {
        return -1;
    }
#if PY_VERSION_HEX < 0x030c0000
    static const struct { int what; const char *name; } named[] = {
        {PyTrace_CALL, "call"}, {PyTrace_RETURN, "return"}, {PyTrace_C_CALL, "c_call"},
        {PyTrace_C_EXCEPTION, "c_exception"}, {PyTrace_C_RETURN, "c_return"}, {PyTrace_EXCEPTION, "exception"},
        {PyTrace_LINE, "line"}, {PyTrace_OPCODE, "opcode"},
    };
    for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
        event_names[named[i].what] = PyUnicode_InternFromString(named[i].name);
        if (event_names[named[i].what] == NULL) {
            return -1;
        }
    }
    refused_text = PyUnicode_InternFromString("refused");
    for (int method = 0; method < METHODS; method++) {
        method_names[method] = PyUnicode_InternFromString(method_kinds[method].name);
        if (refused_text == NULL || method_names[method] == NULL) {
            return -1;
        }
    }
#endif
    hook_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &hook_spec, NULL);
    method_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &method_spec, NULL);
    table_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &table_spec, NULL);
    rows_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &rows_spec, NULL);
#if PY_VERSION_HEX >= 0x030c0000
    link_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &link_spec, (PyObject *)&_PyWeakref_RefType);
    if (link_type == NULL || PyModule_AddObjectRef(module, "Link", (PyObject *)link_type) < 0) {
        return -1;
    }
#endif
    in_slot_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &in_slot_spec, NULL);
    if (in_slot_type == NULL || PyModule_AddObjectRef(module, "InSlot", (PyObject *)in_slot_type) < 0) {
        return -1;
    }
    turns_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &turns_spec, NULL);
    service_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &service_spec, NULL);
    pending_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &pending_spec, NULL);
    notification_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &notification_spec, NULL);
    if (turns_type == NULL || service_type == NULL || pending_type == NULL || notification_type == NULL ||
        monotonic_ns == NULL || send_method == NULL || switch_text == NULL || hook_type == NULL ||
        method_type == NULL || rows_type == NULL || table_type == NULL ||
        (static_names = table_new(table_type, NULL, NULL)) == NULL ||
        (handed_plainly = table_new(table_type, NULL, NULL)) == NULL ||
        PyModule_AddObjectRef(module, "Rows", (PyObject *)rows_type) < 0 ||
        PyModule_AddObjectRef(module, "Table", (PyObject *)table_type) < 0) {
        return -1;
    }
    return PyModule_AddIntMacro(module, ABI);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "visualizer.tracers._recorder",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit__recorder(void)
{
    return PyModuleDef_Init(&definition);
}
