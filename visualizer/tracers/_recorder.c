/* The short ways of the hooks, in C.

A hook is called for every event. Nearly always it meets what it has met before, and then it stores a row of three
integers (core/buffer.py). That short way stands in Python in runtimes/generators/fast_path.py, gevent/fast_path.py,
greenlets/tracer.py (raw_hook) and asyncio_/ready.py; here it stands once more, and also for generators that are made,
begin and end where others did (tracks.py, identity.py). Everything else stays in Python: whatever is not taken here is
given to the hook in Python, `otherwise`, which does what it always does. So the same is recorded with and without this.

It keeps nothing of its own but rows (core/rows.py has these in Python) and tables (dictionaries in Python): it reads and
writes the slots of the objects that the hooks in Python use, by their offsets, and stores where they store. Generator
functions that were seen being called are called by way of it. Nothing here runs code of the program, nor any in Python,
before the row is stored, but to take the next numbers of tracks. All of this is public API of CPython; it needs the GIL. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#if PY_VERSION_HEX < 0x030c0000
#include <frameobject.h>
#endif
#include <time.h>

#ifdef Py_GIL_DISABLED
#error "a row is stored under the GIL"
#endif

/* To be raised with whatever changes between this file and its callers in Python, here and in core/compiled.py. */
#define ABI 10

/* The slots that are read and written here. */
#define SLOTS_OF_RUN(X)                                                                                                \
    X(at) X(code) X(cause) X(sent) X(generator) X(ended_in_none) X(track) X(in_thread) X(resume_code) X(resume_offset) \
    X(resume_site) X(resume_value) X(resume_shape) X(yield_offset) X(yield_site) X(yield_value) X(yield_shape)         \
    X(offset) X(closing) X(outer) X(key) X(reference) X(asked) X(call_code) X(call_offset) X(passing) X(dying) X(inner)
#define SLOTS_OF_SITE(X) X(bare) X(next_shape) X(shapes)
#define SLOTS_OF_TASK(X) X(started) X(gave_way) X(place) X(shape) X(track)
#define SLOTS_OF_LOOP(X) X(current) X(due) X(eager) X(ident) X(giver) X(left) X(rows) X(resumed) X(onward) X(track)
#define SLOTS_OF_BUFFER(X) X(rows) X(parts) X(sites) X(kinds) X(shapes) X(handed) X(closed) X(makers) X(ended)

#define OFFSET(name) Py_ssize_t name;
static struct { PyTypeObject *type; SLOTS_OF_RUN(OFFSET) } run_slots;
static struct { PyTypeObject *type; SLOTS_OF_SITE(OFFSET) } site_slots;
static struct { PyTypeObject *type; SLOTS_OF_BUFFER(OFFSET) } buffer_slots;
static struct { PyTypeObject *type; SLOTS_OF_TASK(OFFSET) } task_slots;
static struct { PyTypeObject *type; SLOTS_OF_LOOP(OFFSET) } loop_slots;
#undef OFFSET

#define SLOT(object, offset) (*(PyObject **)((char *)(object) + (offset)))
#define RUN(run, name) SLOT(run, run_slots.name)
#define SITE(site, name) SLOT(site, site_slots.name)
#define TASK(task, name) SLOT(task, task_slots.name)
#define LOOP(loop, name) SLOT(loop, loop_slots.name)
#define BUFFER(buffer, name) SLOT(buffer, buffer_slots.name)

/* What `learn` was given: the cause of a `send` at the place of the last one; that what was sent is to be read from the
   generator; that there is none; and what a run that is suspended, or runs, has in `at`. */
static PyObject *again, *unread, *no_value, *suspended, *running, *nothing;
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
static PyObject *send_method;
static PyObject *step_text, *self_text, *coro_text, *frame_text, *await_text;
static PyObject *monotonic_ns, *switch_text, *buffer_text, *new_track_text;
/* The rows of the buffer of this thread, by their serial number, once these were seen there. */
static _Thread_local unsigned long long here;

static void
put(PyObject *object, Py_ssize_t offset, PyObject *value)
{
    PyObject *old = SLOT(object, offset);
    SLOT(object, offset) = Py_NewRef(value);
    Py_XDECREF(old);
}

/* -1 of what is no such number. */
static long long
number(PyObject *value)
{
    if (value == NULL || !PyLong_CheckExact(value)) {
        return -1;
    }
#if PY_VERSION_HEX >= 0x030c0000
    if (PyUnstable_Long_IsCompact((PyLongObject *)value)) {
        return PyUnstable_Long_CompactValue((PyLongObject *)value);
    }
#endif
    long long found = PyLong_AsLongLong(value);
    if (found == -1) {
        PyErr_Clear();
    }
    return found;
}

/* time.monotonic_ns(); -1, and an exception, if there is none. */
static long long
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
/* Room that is kept once the rows are taken. */
#define KEPT_ROOM (4 * 1024 * ROW)

typedef struct {
    PyObject_HEAD
    long long *items;
    Py_ssize_t size, room;
    /* No others have the same. */
    unsigned long long serial;
} Rows;

static PyTypeObject *rows_type;

/* Have room for so many more integers; return whether there is, without an exception if not. */
static int
make_room(Rows *rows, Py_ssize_t more)
{
    if (rows->room - rows->size >= more) {
        return 1;
    }
    Py_ssize_t room = rows->size + rows->size / 2 + more + 64 * ROW;
    long long *items = PyMem_Realloc(rows->items, (size_t)room * sizeof(long long));
    if (items != NULL) {
        rows->items = items;
        rows->room = room;
    }
    return items != NULL;
}

/* Store a row of `t`. Return whether it is stored: all of it, or nothing. */
static int
store_at(PyObject *object, long long t, long long track, long long shape)
{
    if (object == NULL || !Py_IS_TYPE(object, rows_type) || !make_room((Rows *)object, ROW)) {
        return 0;
    }
    Rows *rows = (Rows *)object;
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

static size_t
place_in(size_t mask, long long key)
{
    return (size_t)(((unsigned long long)key * 0x9E3779B97F4A7C15ull) >> 32) & mask;
}

/* Where `key` stands, or would. */
static Entry *
entry_of(const Table *table, long long key)
{
    size_t i = place_in(table->mask, key);
    while (table->entries[i].value != NULL && table->entries[i].key != key) {
        i = (i + 1) & table->mask;
    }
    return table->entries + i;
}

/* What stands for `key`, borrowed; NULL if nothing does. */
static PyObject *
find_in(PyObject *table, long long key)
{
    return ((Table *)table)->entries == NULL ? NULL : entry_of((Table *)table, key)->value;
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

/* What a table, or a dictionary, has for an integer, borrowed; NULL, and no exception, if it has nothing. */
static PyObject *
look_up(PyObject *table, Py_ssize_t key)
{
    if (table != NULL && Py_IS_TYPE(table, table_type)) {
        return find_in(table, key);
    }
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

/* The same of an object's id. */
#define of_id(table, object) look_up(table, (Py_ssize_t)(object))

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
static int
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
static int
says_number(PyObject *value, long long *said)
{
    int overflow;
    long long found = PyLong_AsLongLongAndOverflow(value, &overflow);
    *said = found;
    return !overflow && -largest <= found && found <= largest;
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

/* What is added to the shape of a row that says `value`: Buffer.value; 0 of what is not known. */
static long long
said_of(PyObject *value, PyObject *buffer)
{
    long long said;
    if (PyLong_CheckExact(value)) {
        return says_number(value, &said) ? (zero + said + 1) << value_bit : 0;
    }
    PyObject *kinds = BUFFER(buffer, kinds);
    if (kinds == NULL || !PyDict_CheckExact(kinds) || !is_told_by_type(value)) {
        return 0;
    }
    PyObject *name = PyBool_Check(value) ? Py_NewRef(value) : PyType_GetName(Py_TYPE(value)), *found = NULL;
    /* Else its hash would be worked out by the program. */
    if (name != NULL && (PyUnicode_CheckExact(name) || PyBool_Check(name))) {
        found = PyDict_GetItemWithError(kinds, name);
    }
    said = found != NULL && PyLong_CheckExact(found) ? PyLong_AsLongLong(found) : 0;
    Py_XDECREF(name);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return said;
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

/* What is stored for a value, a new reference: as `keep` has it. */
static PyObject *
kept(PyObject *value)
{
    if (value == Py_None || PyLong_CheckExact(value) || PyFloat_CheckExact(value) || PyBool_Check(value) ||
        (PyUnicode_CheckExact(value) && PyUnicode_GET_LENGTH(value) <= longest_text)) {
        return Py_NewRef(value);
    }
    return PyObject_CallOneArg(keep, value);
}

/* Store an event of `run` with all its parts: its value is new. As `store`; -1 and an exception if a signal's handler has
   raised one meanwhile. */
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
        if (!PyErr_ExceptionMatches(PyExc_RecursionError) && !PyErr_ExceptionMatches(PyExc_MemoryError)) {
            return -1;
        }
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

/* Whether `buffer` is that of the thread that calls, `local` being where threads have theirs. */
static int
is_here(PyObject *buffer, PyObject *local)
{
    if (buffer == NULL || !Py_IS_TYPE(buffer, buffer_slots.type) || BUFFER(buffer, closed) != Py_False) {
        return 0;
    }
    PyObject *rows = BUFFER(buffer, rows);
    if (rows == NULL || !Py_IS_TYPE(rows, rows_type)) {
        return 0;
    }
    /* A thread has one buffer from its first event to its end. */
    if (here != ((Rows *)rows)->serial) {
        PyObject *found = PyObject_GetAttr(local, buffer_text);
        if (found == buffer) {
            here = ((Rows *)rows)->serial;
        }
        Py_XDECREF(found);
        PyErr_Clear();
        return found == buffer;
    }
    return 1;
}

/* The last of what an object refers to, in the order of gc.get_referents, and how many there are. */
struct referents {
    PyObject *last[4];
    Py_ssize_t count;
};

static int
note_referent(PyObject *object, void *arg)
{
    struct referents *found = arg;
    found->last[found->count++ & 3] = object;
    return 0;
}

static void
find_referents(PyObject *object, struct referents *found)
{
    found->count = 0;
    Py_TYPE(object)->tp_traverse(object, note_referent, found);
}

/* The one that many from the end, the last being 1; NULL if there are fewer. */
static PyObject *
referent(const struct referents *found, Py_ssize_t back)
{
    return back >= 1 && back <= 4 && back <= found->count ? found->last[(found->count - back) & 3] : NULL;
}

static int slot_offset(PyTypeObject *, const char *, Py_ssize_t *);

/* Hooks. */

#define FIELDS(X)                                                                                                      \
    X(otherwise) X(local) X(live) X(calibration) X(missing) X(buffer) X(raw) X(unsettled) X(gr_frame)                  \
    X(everybody) X(hubs) X(ready) X(sleeps) X(resumed) X(sleep_code) X(offsets) X(calls) X(functions) X(methods)       \
    X(run) X(context) X(making) X(found) X(link) X(due) X(steppers) X(inside) X(through) X(silent) X(behind)           \
    X(gone) X(watched) X(entries) X(library) X(asked) X(thrown) X(awaiting) X(instructions) X(loops) X(step_codes)

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    /* Where the value that was sent stands in what a generator refers to, from the end, and the same where an exception
       is being handled; 0 if that is not known. */
    Py_ssize_t plain, handling;
    /* Of a code object: those of a generator. The RESUME instruction; -1 where no task's steps are left out. */
    int flags, resume;
#define FIELD(name) PyObject *name;
    FIELDS(FIELD)
#undef FIELD
} Hook;

static PyTypeObject *hook_type, *method_type;

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

static void
hook_dealloc(Hook *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
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
/* Set it as the profile function of the thread that calls. */
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
        self->plain = self->handling = 0;
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

static PyObject *
with_room(PyObject *function, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyThreadState *thread = PyThreadState_Get();
    thread->REMAINING += ROOM;
    PyObject *done = PyObject_Vectorcall(function, args, nargsf, kwnames);
    thread->REMAINING -= ROOM;
    return done;
}

#define OTHERWISE() with_room(((Hook *)self)->otherwise, args, nargsf, kwnames)

/* There is no short way. */
static PyObject *
long_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    return OTHERWISE();
}

static PyObject *
roomy(PyObject *Py_UNUSED(module), PyObject *otherwise)
{
    return (PyObject *)new_hook(hook_type, long_way, otherwise);
}

/* Steps of generators. */

/* The run of the generator that has `frame`, a new reference; NULL, and no exception, if there is none. */
static PyObject *
run_of(Hook *self, PyObject *frame)
{
    PyObject *run = frame == NULL ? NULL : of_id(self->live, frame);
    return run != NULL && Py_IS_TYPE(run, run_slots.type) ? Py_NewRef(run) : NULL;
}

static int
is_suspended(PyObject *run)
{
    /* Python has one object for each small integer. */
    return RUN(run, at) == suspended;
}

/* The shape of an event at `site` with `value`, and what says the value; -1 if that is not known. The value met there last
   is `known`, with its shape. */
static long long
shape_of(PyObject *value, PyObject *known, PyObject *known_shape, PyObject *site, PyObject *buffer)
{
    if (value == known) {
        return number(known_shape);
    }
    if (site == NULL || !Py_IS_TYPE(site, site_slots.type) || !PyDict_CheckExact(SITE(site, shapes))) {
        return -1;
    }
    if (PyUnicode_CheckExact(value) || value == Py_None || value == no_value) {
        PyObject *found = PyDict_GetItemWithError(SITE(site, shapes), value);
        if (found == NULL) {
            PyErr_Clear();
        }
        return number(found);
    }
    long long bare = number(SITE(site, bare)), said = bare < 0 ? 0 : said_of(value, buffer);
    return said == 0 ? -1 : bare + said;
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

/* The program calls `send` of a generator, at that place: note it if that, or another, did the same there before. */
static int
announce(Hook *self, PyObject *generator, PyObject *code, long offset, PyObject *sent)
{
    PyObject *frame = gi_frame->get(generator, gi_frame->closure);
    PyObject *run = run_of(self, frame);
    if (frame == NULL) {
        PyErr_Clear();
    }
    int known = run != NULL && is_suspended(run) && offset >= 0 &&
                ((code == RUN(run, resume_code) && offset == number(RUN(run, resume_offset))) ||
                 adopt_send(self, run, (PyFrameObject *)frame, code, offset));
    Py_XDECREF(frame);
    if (!known) {
        Py_XDECREF(run);
        return 0;
    }
    put(run, run_slots.cause, again);
    if (sent == unread) {
        PyObject *ended_in_none = Py_False;
#if PY_VERSION_HEX < 0x030d0000
        struct referents found;
        find_referents(generator, &found);
        ended_in_none = referent(&found, 1) == Py_None ? Py_True : Py_False;
#endif
        put(run, run_slots.ended_in_none, ended_in_none);
        put(run, run_slots.generator, generator);
    }
    put(run, run_slots.sent, sent);
    Py_DECREF(run);
    return 1;
}

/* The buffer of the thread that calls, a new reference; NULL, and no exception, if it has none. */
static PyObject *
buffer_here(Hook *self)
{
    PyObject *buffer = PyObject_GetAttr(self->local, buffer_text);
    if (buffer == NULL) {
        PyErr_Clear();
    }
    else if (!Py_IS_TYPE(buffer, buffer_slots.type) || BUFFER(buffer, closed) != Py_False) {
        Py_CLEAR(buffer);
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

/* A run that begins, a new reference; NULL, and no exception, if there is no memory for it. */
static PyObject *
new_run(PyObject *track, PyObject *code, PyObject *key, PyObject *reference, PyObject *buffer)
{
    PyObject *run = PyType_GenericAlloc(run_slots.type, 0);
    if (run == NULL) {
        PyErr_Clear();
        return NULL;
    }
#define COPY(name) RUN(run, name) = Py_XNewRef(RUN(blank, name));
    SLOTS_OF_RUN(COPY)
#undef COPY
    put(run, run_slots.track, track);
    put(run, run_slots.code, code);
    put(run, run_slots.key, key);
    put(run, run_slots.reference, reference);
    put(run, run_slots.in_thread, buffer);
    return run;
}

/* Whether nothing stands against the short way where a generator begins to run, which no task awaits. */
static int
may_start(Hook *self)
{
    return is_size(self->due, 0) && is_size(self->calls, 0) &&
           (is_size(self->steppers, 0) || PyDict_GET_SIZE(self->inside) == 0);
}

/* The shape of a resumption by a `for` or `next` in `frame`; -1 if that is not known. */
static long long
next_shape_in(PyObject *buffer, PyFrameObject *frame)
{
    PyObject *site = look_up(BUFFER(buffer, sites), place_of(frame));
    return site != NULL && Py_IS_TYPE(site, site_slots.type) ? number(SITE(site, next_shape)) : -1;
}

/* A generator that nothing waits for, and nobody closes, returns None. */
static int
store_return(Hook *self, PyObject *run, PyFrameObject *frame)
{
    PyObject *buffer = RUN(run, in_thread);
    if (RUN(run, closing) != Py_False || RUN(run, outer) != Py_None || PyDict_GET_SIZE(self->through) != 0 ||
        !is_size(self->due, 0) || !is_here(buffer, self->local) ||
        !store(BUFFER(buffer, rows), RUN(run, track), number(BUFFER(buffer, ended)))) {
        return 0;
    }
    set_of_id(self->live, frame, NULL);
    return 1;
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
    if (site == NULL || !Py_IS_TYPE(site, site_slots.type) || number(SITE(site, next_shape)) >= 0) {
        return 0;
    }
    /* Who waits for it has to know. */
    PyFrameObject *back = PyFrame_GetBack(frame);
    int is_outermost = back == NULL || of_id(self->live, back) == NULL;
    Py_XDECREF(back);
    if (is_outermost) {
        put(run, run_slots.offset, offset);
        put(run, run_slots.passing, no_value);
        put(run, run_slots.yield_offset, offset);
        put(run, run_slots.yield_site, site);
        put(run, run_slots.yield_value, never);
    }
    return is_outermost;
}

#if PY_VERSION_HEX >= 0x030c0000

/* Births. What is made is seen where the generator function returns it: the function is called by way of `made_way`. */

/* Of the tracer of generators; what is called of every function; where a link has the id of a frame. */
static Hook *births;
static vectorcallfunc call_function;
static Py_ssize_t key_of_link;

/* What is known of the call at a place that makes a generator of `code`, borrowed: (shape, what `making` has). */
static PyObject *
maker_at(PyObject *buffer, Py_ssize_t place, PyObject *code)
{
    PyObject *maker = look_up(BUFFER(buffer, makers), place);
    if (maker == NULL || !PyTuple_CheckExact(maker) || PyTuple_GET_SIZE(maker) != 2) {
        return NULL;
    }
    PyObject *making = PyTuple_GET_ITEM(maker, 1);
    return PyTuple_CheckExact(making) && PyTuple_GET_SIZE(making) == 4 && PyTuple_GET_ITEM(making, 0) == code ? maker
                                                                                                           : NULL;
}

/* `generator` was made in `frame` by the call of `maker`. Return whether that is stored, -1 as in `store_parts`. */
static int
store_birth(Hook *self, PyObject *buffer, PyObject *maker, PyFrameObject *frame, PyObject *generator)
{
    PyObject *its = gi_frame->get(generator, gi_frame->closure);
    if (its == NULL || its == Py_None || of_id(self->found, its) != NULL) {
        PyErr_Clear();
        Py_XDECREF(its);
        return 0;
    }
    PyObject *new_track = PyObject_GetAttr(self->context, new_track_text);
    PyObject *track = new_track == NULL ? NULL : PyObject_CallNoArgs(new_track), *link = NULL, *entry = NULL;
    Py_XDECREF(new_track);
    if (track == NULL) {
        Py_DECREF(its);
        if (!PyErr_ExceptionMatches(PyExc_RecursionError) && !PyErr_ExceptionMatches(PyExc_MemoryError)) {
            return -1;
        }
        PyErr_Clear();
        return 0;
    }
    int stored = 0;
    PyObject *key = PyLong_FromVoidPtr(its);
    if (key != NULL && (link = PyObject_CallFunctionObjArgs(self->link, generator, self->gone, NULL)) != NULL) {
        put(link, key_of_link, key);
        entry = PyTuple_Pack(3, track, PyTuple_GET_ITEM(PyTuple_GET_ITEM(maker, 1), 0), link);
    }
    if (entry != NULL && PyDict_SetItem(self->found, key, entry) == 0) {
        stored = store(BUFFER(buffer, rows), track, number(PyTuple_GET_ITEM(maker, 0)));
        if (!stored) {
            set_of_id(self->found, its, NULL);
        }
    }
    if (stored) {
        set_of_id(self->making, frame, NULL);
    }
    PyErr_Clear();
    Py_XDECREF(entry);
    Py_XDECREF(link);
    Py_XDECREF(key);
    Py_DECREF(track);
    Py_DECREF(its);
    return stored;
}

/* In place of what a generator function is called by. */
static PyObject *
made_way(PyObject *function, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *generator = call_function(function, args, nargsf, kwnames);
    Hook *self = births;
    if (generator == NULL || self == NULL || PyDict_GET_SIZE(self->making) == 0 || !PyGen_CheckExact(generator) ||
        !is_size(self->due, 0)) {
        return generator;
    }
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *making = frame == NULL ? NULL : of_id(self->making, frame);
    PyObject *buffer = making == NULL ? NULL : buffer_here(self);
    if (buffer == NULL) {
        return generator;
    }
    Py_INCREF(self);
    Py_INCREF(frame);
    int stored = 0;
    PyObject *maker = maker_at(buffer, place_of(frame), PyFunction_GET_CODE(function));
    if (maker != NULL && PyTuple_GET_ITEM(maker, 1) == making) {
        Py_INCREF(maker);
        stored = store_birth(self, buffer, maker, frame, generator);
        Py_DECREF(maker);
    }
    Py_DECREF(frame);
    Py_DECREF(self);
    Py_DECREF(buffer);
    if (stored < 0) {
        Py_CLEAR(generator);
    }
    return generator;
}

/* The program calls something in its own code. Return whether that is a generator function that this place called
   before; then what it makes is seen. */
static int
announce_birth(Hook *self, PyObject *function, PyObject *code, long offset)
{
    if (PyMethod_Check(function)) {
        function = PyMethod_GET_FUNCTION(function);
    }
    if (offset < 0 || !Py_IS_TYPE(function, &PyFunction_Type)) {
        return 0;
    }
    PyCodeObject *made = (PyCodeObject *)PyFunction_GET_CODE(function);
    if ((made->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != CO_GENERATOR) {
        return 0;
    }
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *buffer = frame == NULL || !is_size(self->due, 0) ? NULL : buffer_here(self);
    if (buffer == NULL) {
        return 0;
    }
    PyObject *maker = maker_at(buffer, (Py_ssize_t)code + offset, (PyObject *)made);
    int noted = maker != NULL && set_of_id(self->making, frame, PyTuple_GET_ITEM(maker, 1));
    if (noted && PyVectorcall_Function(function) == call_function) {
        PyFunction_SetVectorcall((PyFunctionObject *)function, made_way);
    }
    Py_DECREF(buffer);
    return noted;
}

/* Behind a call that makes generators: nothing is to be done if that was seen already. */
static PyObject *
instruction_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 2) {
        PyObject *offsets = of_id(self->behind, args[0]);
        if (offsets != NULL && PyAnySet_CheckExact(offsets) && PySet_Contains(offsets, args[1]) == 1 &&
            of_id(self->making, PyEval_GetFrame()) == NULL) {
            Py_RETURN_NONE;
        }
        PyErr_Clear();
    }
    return with_room(self->otherwise, args, nargsf, kwnames);
}

/* A generator of which it was seen who made it runs for the first time, in a `for` or by `next`. */
static int
store_start(Hook *self, PyObject *code, PyFrameObject *frame)
{
    PyObject *found = of_id(self->found, frame);
    if (found == NULL || !PyTuple_CheckExact(found) || PyTuple_GET_SIZE(found) != 3 ||
        PyTuple_GET_ITEM(found, 1) != code || !may_start(self) || of_id(self->silent, code) != NULL ||
        of_id(self->live, frame) != NULL) {
        return 0;
    }
    PyFrameObject *back = PyFrame_GetBack(frame);
    PyObject *buffer = back == NULL ? NULL : buffer_here(self);
    long long shape = buffer == NULL ? -1 : next_shape_in(buffer, back);
    PyObject *key = PyLong_FromVoidPtr(frame), *run = NULL;
    int stored = 0;
    if (key != NULL && shape >= 0) {
        Py_INCREF(found);
        run = new_run(PyTuple_GET_ITEM(found, 0), code, key, PyTuple_GET_ITEM(found, 2), buffer);
        if (run != NULL && set_of_id(self->live, frame, run)) {
            stored = store(BUFFER(buffer, rows), RUN(run, track), shape);
            set_of_id(stored ? self->found : self->live, frame, NULL);
        }
        Py_DECREF(found);
    }
    PyErr_Clear();
    Py_XDECREF(run);
    Py_XDECREF(key);
    Py_XDECREF(buffer);
    Py_XDECREF(back);
    return stored;
}

static PyObject *
start_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    int stored = 0;
    PyFrameObject *frame = PyVectorcall_NARGS(nargsf) == 2 && PyDict_GET_SIZE(((Hook *)self)->found) != 0
                               ? PyEval_GetFrame() : NULL;
    if (frame != NULL) {
        stored = store_start((Hook *)self, args[0], frame);
    }
    return stored ? Py_NewRef(Py_None) : OTHERWISE();
}

static PyObject *
return_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyFrameObject *frame = PyVectorcall_NARGS(nargsf) == 3 && args[2] == Py_None ? PyEval_GetFrame() : NULL;
    PyObject *run = run_of(self, (PyObject *)frame);
    int stored = run != NULL && store_return(self, run, frame);
    Py_XDECREF(run);
    return stored ? Py_NewRef(Py_None) : with_room(self->otherwise, args, nargsf, kwnames);
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
    return with_room(self->otherwise, args, nargsf, kwnames);
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
            PyObject *name = PyType_GetName(kind);
            int may_refuse = name == NULL || PyUnicode_CompareWithASCIIString(name, "error") == 0;
            Py_XDECREF(name);
            if (!may_refuse) {
                Py_RETURN_NONE;
            }
            PyErr_Clear();
        }
    }
    return with_room(self->otherwise, args, nargsf, kwnames);
}

/* A generator is no more, and its end was told. */
static PyObject *
gone_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    if (PyVectorcall_NARGS(nargsf) == 1 && Py_IS_TYPE(args[0], (PyTypeObject *)self->link)) {
        PyObject *key = SLOT(args[0], key_of_link);
        if (key != NULL && PyLong_CheckExact(key) && PyDict_GetItemWithError(self->found, key) == NULL &&
            !PyErr_Occurred()) {
            PyObject *run = look_up(self->live, PyLong_AsSsize_t(key));
            if (!PyErr_Occurred() &&
                (run == NULL || !Py_IS_TYPE(run, run_slots.type) || RUN(run, reference) != args[0])) {
                Py_RETURN_NONE;
            }
        }
        PyErr_Clear();
    }
    return with_room(self->otherwise, args, nargsf, kwnames);
}

/* A program calls something at a place where a generator was sent to before: by the same method, of the same. */
static PyObject *
call_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    if (PyVectorcall_NARGS(nargsf) != 4 || kwnames != NULL) {
        return OTHERWISE();
    }
    PyObject *code = args[0], *function = args[2], *argument = args[3], *generator = NULL, *sent = unread;
    if (Py_IS_TYPE(function, &PyCFunction_Type) && argument != ((Hook *)self)->missing) {
        generator = strcmp(((PyCFunctionObject *)function)->m_ml->ml_name, "send") == 0 ? PyCFunction_GET_SELF(function)
                                                                                       : NULL;
        sent = argument;
    }
    else if (function == send_method) {
        generator = argument;
    }
    if (generator == NULL || !PyGen_CheckExact(generator)) {
        if (announce_birth((Hook *)self, function, code, number(args[1]))) {
            Py_RETURN_NONE;
        }
        return OTHERWISE();
    }
    return announce((Hook *)self, generator, code, number(args[1]), sent) ? Py_NewRef(Py_None) : OTHERWISE();
}

#endif

/* Learn the places of what was sent, once they are known. */
static int
is_calibrated(Hook *self)
{
    if (self->plain == 0) {
        PyObject *plain = PyObject_GetAttrString(self->calibration, "plain");
        PyObject *handling = plain == NULL ? NULL : PyObject_GetAttrString(self->calibration, "handling");
        if (handling == NULL) {
            PyErr_Clear();
        }
        else if (number(plain) < 0) {
            self->plain = -number(plain);
            self->handling = -number(handling);
        }
        Py_XDECREF(plain);
        Py_XDECREF(handling);
    }
    return self->plain != 0;
}

/* What was just sent to the generator of `run`, borrowed, as Calibration.sent has it; NULL if Python has to look. */
static PyObject *
sent_to(Hook *self, PyObject *run)
{
    PyObject *sent = RUN(run, sent), *generator = RUN(run, generator);
    if (sent != unread) {
        return sent;
    }
    if (generator == NULL || !PyGen_CheckExact(generator) || !is_calibrated(self)) {
        return NULL;
    }
    struct referents found;
    find_referents(generator, &found);
    PyObject *last = referent(&found, 1), *handled = PyErr_GetHandledException();
    Py_ssize_t position = self->plain;
    if (handled != NULL ? last == handled : RUN(run, ended_in_none) == Py_True && last == Py_None) {
        position = self->handling;
    }
    Py_XDECREF(handled);
    PyObject *value = referent(&found, position);
    return value == NULL ? no_value : value;
}

/* `run` goes on in this thread, whose buffer is `buffer`, by a `send` that `call_way` saw. Return whether it is stored;
   -1 as in `store_parts`, here and below. */
static int
store_send(Hook *self, PyObject *run, PyObject *buffer)
{
    PyObject *value = sent_to(self, run);
    if (value == NULL) {
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
    Py_DECREF(value);
    if (stored <= 0) {
        return stored;
    }
    put(run, run_slots.at, running);
    put(run, run_slots.cause, nothing);
    if (RUN(run, sent) == unread) {
        put(run, run_slots.generator, Py_None);
    }
    /* Last: it may have been the last reference. */
    put(run, run_slots.sent, Py_None);
    return 1;
}

/* The same in a `for`, or by `next`, of `frame`. */
static int
store_next(PyObject *run, PyObject *buffer, PyFrameObject *frame)
{
    PyFrameObject *back = PyFrame_GetBack(frame);
    if (back == NULL) {
        return 0;
    }
    long long shape = next_shape_in(buffer, back);
    Py_DECREF(back);
    if (!store(BUFFER(buffer, rows), RUN(run, track), shape)) {
        return 0;
    }
    put(run, run_slots.at, running);
    return 1;
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
    if (cause == again) {
        stored = store_send(self, run, buffer);
    }
    else if (cause != NULL && PyUnicode_CheckExact(cause) && PyUnicode_GET_LENGTH(cause) == 0) {
        stored = store_next(run, buffer, frame);
    }
    Py_DECREF(buffer);
    return stored;
}

static int
store_yield(PyObject *run, PyObject *value)
{
    PyObject *buffer = RUN(run, in_thread);
    if (buffer == NULL || !Py_IS_TYPE(buffer, buffer_slots.type)) {
        return 0;
    }
    long long shape = shape_of(value, RUN(run, yield_value), RUN(run, yield_shape), RUN(run, yield_site), buffer);
    int stored = 0;
    if (shape >= 0) {
        stored = store(BUFFER(buffer, rows), RUN(run, track), shape);
    }
    else if (!may_learn(value, RUN(run, yield_site))) {
        Py_INCREF(buffer);
        stored = store_parts(buffer, run, yield_line, yield_cause, value, RUN(run, code), RUN(run, yield_offset));
        Py_DECREF(buffer);
    }
    if (stored > 0) {
        put(run, run_slots.at, suspended);
    }
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

#if PY_VERSION_HEX >= 0x030c0000

static PyObject *
resume_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyFrameObject *frame = PyEval_GetFrame();
    PyObject *run = run_of((Hook *)self, (PyObject *)frame);
    int stored = run != NULL && is_suspended(run) ? store_resume((Hook *)self, run, frame) : 0;
    Py_XDECREF(run);
    return stored < 0 ? NULL : stored ? Py_NewRef(Py_None) : OTHERWISE();
}

static PyObject *
yield_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyFrameObject *frame = PyEval_GetFrame();
    signed char state = 0;
    PyObject *generator = keep_running(frame, &state), *run = run_of((Hook *)self, (PyObject *)frame);
    int stored = 0;
    if (run != NULL && PyVectorcall_NARGS(nargsf) == 3 && number(args[1]) >= 0 &&
        (number(args[1]) == number(RUN(run, yield_offset)) || adopt_yield((Hook *)self, run, frame, args[1]))) {
        stored = store_yield(run, args[2]);
    }
    Py_XDECREF(run);
    PyObject *done = stored < 0 ? NULL : stored ? Py_NewRef(Py_None) : OTHERWISE();
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
    int ordinary = code->co_flags & self->flags ? -1
                   : what == PyTrace_RETURN || !has_name_among(code->co_name, self->functions);
    Py_DECREF(code);
    if (ordinary == 1 && what == PyTrace_CALL && PySet_GET_SIZE(self->unsettled) != 0) {
        /* The first on its stack may be the function of a greenlet. */
        PyFrameObject *back = PyFrame_GetBack(frame);
        ordinary = back != NULL;
        Py_XDECREF(back);
    }
    return ordinary;
}

/* `function` is called in `frame`: that of `call_way`. What was sent is always to be read from the generator. */
static int
note_send(Hook *self, PyFrameObject *frame, PyObject *function)
{
    PyObject *generator = PyCFunction_GET_SELF(function);
    if (generator == NULL || !PyGen_CheckExact(generator) ||
        strcmp(((PyCFunctionObject *)function)->m_ml->ml_name, "send") != 0) {
        return 0;
    }
    PyCodeObject *code = PyFrame_GetCode(frame);
    int noted = announce(self, generator, (PyObject *)code, PyFrame_GetLasti(frame), unread);
    Py_DECREF(code);
    return noted;
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

/* A generator runs for the first time, in a `for` or by `next`: it is not seen being made. */
static int
store_start(Hook *self, PyFrameObject *frame)
{
    PyObject *buffer = may_start(self) ? buffer_here(self) : NULL;
    PyFrameObject *back = buffer == NULL ? NULL : PyFrame_GetBack(frame);
    PyCodeObject *code = PyFrame_GetCode(frame);
    long long spawn = -1, begins = -1;
    PyObject *known = back == NULL ? NULL : known_of(buffer, (PyObject *)code, &spawn);
    if (known != NULL) {
        begins = next_shape_in(buffer, back);
    }
    int stored = 0;
    if (begins >= 0 && PyFrame_GetLasti(frame) == number(PyTuple_GET_ITEM(known, 2))) {
        PyObject *new_track = PyObject_GetAttr(self->context, new_track_text);
        PyObject *track = new_track == NULL ? NULL : PyObject_CallNoArgs(new_track);
        Py_XDECREF(new_track);
        if (track == NULL && !PyErr_ExceptionMatches(PyExc_RecursionError) &&
            !PyErr_ExceptionMatches(PyExc_MemoryError)) {
            stored = -1;
        }
        PyObject *key = track == NULL ? NULL : PyLong_FromVoidPtr(frame);
        PyObject *run = key == NULL ? NULL : new_run(track, (PyObject *)code, key, Py_None, buffer);
        if (run != NULL && set_of_id(self->live, frame, run)) {
            PyObject *rows = BUFFER(buffer, rows);
            stored = store(rows, track, spawn);
            if (stored && !store(rows, track, begins)) {
                ((Rows *)rows)->size -= ROW;
                stored = 0;
            }
            if (!stored) {
                set_of_id(self->live, frame, NULL);
            }
        }
        if (stored >= 0) {
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
        stored = store_yield(run, value);
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
    int found = at != NULL && of_id(self->live, frame) == NULL && PySet_Contains(awaits, at) == 1;
    Py_XDECREF(at);
    PyErr_Clear();
    return found;
}

/* Whether what runs in `frame` does so for a task of asyncio's that awaits it, as far as is known here: as
   Generators.is_stepped has it. */
static int
is_stepped(Hook *self, PyFrameObject *frame)
{
    PyObject *loops = is_size(self->steppers, 0) || PyDict_GET_SIZE(self->step_codes) == 0
                          ? NULL : look_up(self->loops, (Py_ssize_t)PyThread_get_thread_ident());
    if (loops == NULL || !PyList_CheckExact(loops) || PyList_GET_SIZE(loops) == 0) {
        return 0;
    }
    PyFrameObject *back = PyFrame_GetBack(frame);
    int stepped = -1;
    while (back != NULL && stepped < 0) {
        PyCodeObject *code = PyFrame_GetCode(back);
        PyFrameObject *outer = NULL;
        if (!(code->co_flags & self->flags)) {
            stepped = of_id(self->step_codes, code) != NULL;
        }
        else if (is_awaiting(self, back, code)) {
            outer = PyFrame_GetBack(back);
        }
        Py_DECREF(code);
        Py_SETREF(back, outer);
    }
    Py_XDECREF(back);
    return stepped == 1;
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

/* Whether there is nothing left to do; -1 as in `store_parts`. */
static int
is_done(Hook *self, PyFrameObject *frame, int what, PyObject *arg)
{
    if (what == PyTrace_CALL || what == PyTrace_RETURN) {
        int ordinary = is_ordinary(self, frame, what);
        if (ordinary >= 0) {
            return ordinary;
        }
        PyObject *run = run_of(self, (PyObject *)frame);
        int stored = 0;
        if (run != NULL) {
            long at = PyFrame_GetLasti(frame), offset = number(RUN(run, yield_offset));
            if (what == PyTrace_RETURN) {
                stored = arg == NULL ? 0 : offset >= 0 && offset == at ? store_yield(run, arg)
                                                                        : store_leaving(self, run, frame, at, arg);
            }
            else {
                /* At the RESUME after the yield: elsewhere something is thrown into it. */
                stored = is_suspended(run) && offset >= 0 && offset == at - 2 ? store_resume(self, run, frame) : 0;
            }
            Py_DECREF(run);
        }
        else if (of_id(self->live, frame) == NULL) {
            stored = is_unseen(self, frame, what) || (what == PyTrace_CALL && store_start(self, frame));
        }
        return stored;
    }
    if (what == PyTrace_C_CALL) {
        return arg == NULL || !Py_IS_TYPE(arg, &PyCFunction_Type) || note_send(self, frame, arg) ||
               !is_among(((PyCFunctionObject *)arg)->m_ml->ml_name, self->methods);
    }
    return what == PyTrace_C_RETURN && PyList_GET_SIZE(self->calls) == 0;
}

static int
profile(PyObject *hook, PyFrameObject *frame, int what, PyObject *arg)
{
    Hook *self = (Hook *)hook;
    signed char state = 0;
    /* Of what was thrown into the hook in Python asks whether it is suspended. */
    int may_yield = what == PyTrace_RETURN && PyDict_GET_SIZE(self->thrown) == 0;
    PyObject *generator = may_yield ? keep_running(frame, &state) : NULL;
    int is_over = is_done(self, frame, what, arg);
    PyObject *args[] = {(PyObject *)frame, event_names[what], arg == NULL ? Py_None : arg};
    PyObject *done = is_over < 0 ? NULL : is_over ? Py_NewRef(Py_None) : with_room(self->otherwise, args, 3, NULL);
    let_resume(generator, state);
    /* What a signal's handler raised goes on into the program. The profile function stays, other than one in Python. */
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *
hook_begin(PyObject *self, PyObject *Py_UNUSED(args))
{
    PyEval_SetProfile(profile, self);
    Py_RETURN_NONE;
}

/* Threads where another profile function has our place; what to call, as a trace function, once it is changed; and
   sys.settrace. */
static PyObject *unseen, *on_changed, *settrace;

/* In C from end to end: meanwhile sys.setprofile refuses to work in any thread. In Python others would come to run. */
static int
audit(const char *event, PyObject *Py_UNUSED(args), void *Py_UNUSED(data))
{
    if (strcmp(event, "sys.setprofile") != 0 || PyInterpreterState_Get() != PyInterpreterState_Main()) {
        return 0;
    }
    PyThreadState *thread = PyThreadState_Get();
    PyObject *frame = (PyObject *)PyEval_GetFrame();
    if (thread->c_profilefunc == NULL || thread->c_profilefunc == profile || thread->c_tracefunc != NULL ||
        frame == NULL) {
        return 0;
    }
    PyObject *ident = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
    if (ident != NULL && PyDict_Contains(unseen, ident) == 1 &&
        PyObject_SetAttrString(frame, "f_trace", on_changed) == 0) {
        Py_XDECREF(PyObject_CallOneArg(settrace, on_changed));
    }
    Py_XDECREF(ident);
    PyErr_Clear();
    return 0;
}

/* Have `changed` called, as a trace function, where the profile function has been changed in one of these threads. */
static PyObject *
watch_profile(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (!PyArg_ParseTuple(args, "O!OO", &PyDict_Type, &unseen, &on_changed, &settrace)) {
        return NULL;
    }
    Py_INCREF(unseen);
    Py_INCREF(on_changed);
    Py_INCREF(settrace);
    if (PySys_AddAuditHook(audit, NULL) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
profile_hook(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *live, *local, *calibration, *calls, *unsettled, *functions, *methods, *context, *due, *steppers, *inside;
    PyObject *through, *thrown, *watched, *awaiting, *kind, *instructions, *loops, *step_codes, *otherwise;
    int flags, resume;
    if (!PyArg_ParseTuple(args, "O!OOO!O!iO!O!OO!O!O!O!O!O!O!O!O!O!O!iO", table_type, &live, &local, &calibration,
                          &PyList_Type, &calls, &PySet_Type, &unsettled, &flags, &PyTuple_Type, &functions, &PyTuple_Type, &methods,
                          &context, &PyList_Type, &due, &PyList_Type, &steppers, &PyDict_Type, &inside, &PyDict_Type,
                          &through, &PyDict_Type, &thrown, &PyDict_Type, &watched, &PyDict_Type, &awaiting,
                          &PyType_Type, &kind, &PyDict_Type, &instructions, &PyDict_Type, &loops, &PyDict_Type,
                          &step_codes, &resume, &otherwise)) {
        return NULL;
    }
    if (run_slots.type == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "learn was not called");
        return NULL;
    }
    if (slot_offset((PyTypeObject *)kind, "awaits", &awaits_of_watched) < 0) {
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
    /* Called as sys.setprofile would have it, it goes the long way. */
    Hook *hook = new_hook(hook_type, long_way, otherwise);
    if (hook != NULL) {
        hook->flags = flags;
        hook->live = Py_NewRef(live);
        hook->local = Py_NewRef(local);
        hook->calibration = Py_NewRef(calibration);
        hook->calls = Py_NewRef(calls);
        hook->unsettled = Py_NewRef(unsettled);
        hook->functions = Py_NewRef(functions);
        hook->methods = Py_NewRef(methods);
        hook->context = Py_NewRef(context);
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
    }
    return (PyObject *)hook;
}

#endif

/* Switches of greenlets. */

/* Whether it is a switch, and nothing stands against the short way; then from where to where. */
static int
is_settled(Hook *self, PyObject *const *args, size_t nargsf, PyObject *kwnames, PyObject **origin, PyObject **target)
{
    if (PyVectorcall_NARGS(nargsf) != 2 || kwnames != NULL || PySet_GET_SIZE(self->unsettled) != 0) {
        return 0;
    }
    PyObject *event = args[0], *both = args[1];
    if (event != switch_text &&
        (!PyUnicode_CheckExact(event) || PyUnicode_CompareWithASCIIString(event, "switch") != 0)) {
        return 0;
    }
    if (!PyTuple_CheckExact(both) || PyTuple_GET_SIZE(both) != 2) {
        return 0;
    }
    *origin = PyTuple_GET_ITEM(both, 0);
    *target = PyTuple_GET_ITEM(both, 1);
    return 1;
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

/* A local variable of a function's frame that is suspended, as `of_variables` has it, a new reference; NULL, and no
   exception, if there is none. */
static PyObject *
variable_of(PyFrameObject *frame, PyObject *name)
{
    PyCodeObject *code = PyFrame_GetCode(frame);
    int is_function = code->co_flags & CO_OPTIMIZED;
    Py_DECREF(code);
    if (!is_function || !PyUnicode_CheckExact(name)) {
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

/* The shape of a switch that hands over a value, and what says that; -1 if that is not known. */
static long long
shape_handed(PyObject *buffer, PyFrameObject *frame, Py_ssize_t place)
{
    PyObject *known = look_up(BUFFER(buffer, handed), place);
    if (known == NULL || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 3) {
        return -1;
    }
    Py_INCREF(known);
    PyObject *value = variable_of(frame, PyTuple_GET_ITEM(known, 1));
    long long said = value == NULL ? 0 : said_of(value, buffer), bare = number(PyTuple_GET_ITEM(known, 0));
    Py_XDECREF(value);
    Py_DECREF(known);
    return said == 0 || bare < 0 ? -1 : bare + said;
}

/* Between two greenlets that are switched by hand, from one that is suspended at a known place. */
static int
store_raw(Hook *self, PyFrameObject *frame, PyObject *target)
{
    PyObject *track = of_id(self->raw, target);
    if (track == NULL) {
        return 0;
    }
    Py_INCREF(track);
    Py_ssize_t place = place_of(frame);
    long long shape = number(look_up(BUFFER(self->buffer, shapes), place));
    if (shape < 0) {
        shape = shape_handed(self->buffer, frame, place);
    }
    int stored = store(BUFFER(self->buffer, rows), track, shape);
    Py_DECREF(track);
    return stored;
}

static PyObject *
switch_way(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    PyObject *origin, *target;
    int stored = 0;
    if (is_settled((Hook *)self, args, nargsf, kwnames, &origin, &target)) {
        PyFrameObject *frame = frame_of((Hook *)self, origin);
        stored = frame != NULL && store_raw((Hook *)self, frame, target);
        Py_XDECREF(frame);
    }
    return stored ? Py_NewRef(Py_None) : OTHERWISE();
}

/* The hub resumes one that is known to be ready. */
static int
store_resumed(Hook *self, PyObject *target)
{
    PyObject *track = of_id(self->ready, target);
    int stored = track != NULL && store(BUFFER(self->buffer, rows), track, number(self->resumed));
    if (stored) {
        set_of_id(self->ready, target, NULL);
    }
    return stored;
}

/* A greenlet gives way by `sleep(0)`, in whose call `frame` is suspended. */
static int
store_sleep(Hook *self, PyFrameObject *frame, PyObject *origin, PyObject *target)
{
    PyObject *offset = PyLong_FromLong(PyFrame_GetLasti(frame));
    int known = offset == NULL ? -1 : PySet_Contains(self->offsets, offset);
    Py_XDECREF(offset);
    PyFrameObject *caller = known == 1 ? PyFrame_GetBack(frame) : NULL;
    if (caller == NULL) {
        PyErr_Clear();
        return 0;
    }
    long long shape = number(look_up(self->sleeps, place_of(caller)));
    Py_DECREF(caller);
    PyObject *hub = of_id(self->hubs, target), *track = of_id(self->everybody, origin);
    if (shape < 0 || hub == NULL || track == NULL || !set_of_id(self->ready, origin, track)) {
        return 0;
    }
    int stored = store(BUFFER(self->buffer, rows), hub, shape);
    if (!stored) {
        set_of_id(self->ready, origin, NULL);
    }
    return stored;
}

static PyObject *
hub_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyObject *origin, *target;
    int stored = 0;
    if (is_settled(self, args, nargsf, kwnames, &origin, &target)) {
        if (of_id(self->hubs, origin) != NULL) {
            stored = store_resumed(self, target);
        }
        else {
            PyFrameObject *frame = frame_of(self, origin);
            if (frame != NULL) {
                PyCodeObject *code = PyFrame_GetCode(frame);
                stored = (PyObject *)code == self->sleep_code ? store_sleep(self, frame, origin, target)
                                                              : store_raw(self, frame, target);
                Py_DECREF(code);
                Py_DECREF(frame);
            }
        }
    }
    return stored ? Py_NewRef(Py_None) : OTHERWISE();
}

/* gevent's `run_callback` in the call that `sleep(0)` makes, once that is known: nothing of it is to be noted. No frame of
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
    return PyObject_Vectorcall(self->otherwise, args, nargsf, kwnames);
}

/* asyncio's queues of what is ready: asyncio_/ready.py. */

/* Where a queue has its loop, and a handle its callback. */
static PyTypeObject *queue_type, *handle_type;
static Py_ssize_t loop_of_queue, callback_of_handle;

/* What a weak reference refers to, a new reference; NULL, and no exception, if that is no more. */
static PyObject *
referred(PyObject *reference)
{
    PyObject *found = NULL;
    if (reference != NULL && PyWeakref_Check(reference)) {
#if PY_VERSION_HEX >= 0x030d0000
        (void)PyWeakref_GetRef(reference, &found);
#else
        found = PyWeakref_GET_OBJECT(reference);
        found = found == Py_None ? NULL : Py_NewRef(found);
#endif
    }
    return found;
}

/* The loop whose queue that is, a new reference; NULL, and no exception, if it has none. */
static PyObject *
loop_of(PyObject *queue)
{
    PyObject *loop = PyObject_TypeCheck(queue, queue_type) ? referred(SLOT(queue, loop_of_queue)) : NULL;
    if (loop != NULL && !Py_IS_TYPE(loop, loop_slots.type)) {
        Py_CLEAR(loop);
    }
    return loop;
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

/* The task that runs asks for its own next step. Return whether that is noted. */
static int
note_turn(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *task = LOOP(loop, current), *due = LOOP(loop, due);
    if (task == NULL || !Py_IS_TYPE(task, task_slots.type) || !Py_IS_TYPE(handle, handle_type) || due == NULL ||
        !PyDict_CheckExact(due)) {
        return 0;
    }
    PyObject *callback = SLOT(handle, callback_of_handle), *step = attribute(self->library, step_text);
    int noted = 0;
    if (callback != NULL && (PyObject *)Py_TYPE(callback) == step) {
        PyObject *its = attribute(callback, self_text), *asker = referred(task);
        noted = its != NULL && its == asker && set_of_id(due, handle, task);
        Py_XDECREF(asker);
        Py_XDECREF(its);
    }
    if (noted) {
        put(task, task_slots.gave_way, Py_True);
    }
    Py_XDECREF(step);
    return noted;
}

static PyObject *
append_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyObject *loop = PyVectorcall_NARGS(nargsf) == 2 && kwnames == NULL ? loop_of(args[0]) : NULL;
    int noted = loop != NULL && note_turn(self, loop, args[1]);
    Py_XDECREF(loop);
    /* Last: put in by another thread, it may begin at once. */
    return PyObject_Vectorcall(noted ? self->run : self->otherwise, args, nargsf, kwnames);
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
    PyObject *task = referred(known), *coroutine = attribute(task, coro_text);
    PyObject *frame = NULL, *awaited = NULL;
    if (coroutine != NULL && PyCoro_CheckExact(coroutine)) {
        frame = attribute(coroutine, frame_text);
        awaited = attribute(coroutine, await_text);
    }
    int is_known = 0;
    if (frame != NULL && PyFrame_Check(frame) && awaited != NULL && PyCoro_CheckExact(awaited) &&
        PyFrame_GetLasti((PyFrameObject *)frame) == number(PyTuple_GET_ITEM(place, 0))) {
        PyObject *code = PyObject_GetAttrString(awaited, "cr_code");
        is_known = code != NULL && code == PyTuple_GET_ITEM(place, 1);
        Py_XDECREF(code);
        PyErr_Clear();
    }
    Py_XDECREF(awaited);
    Py_XDECREF(frame);
    Py_XDECREF(coroutine);
    Py_XDECREF(task);
    return is_known;
}

/* `handle` is taken out next, with which a task goes on that did so before; what ran gave way, or was over already. Store
   that, and return whether it is. */
static int
store_turn(Hook *self, PyObject *loop, PyObject *handle)
{
    PyObject *due = LOOP(loop, due), *rows = LOOP(loop, rows), *before = LOOP(loop, current);
    PyObject *task = due == NULL || !PyDict_CheckExact(due) ? NULL : of_id(due, handle);
    long long left = number(LOOP(loop, left)), resumed = number(LOOP(loop, resumed));
    if (task == NULL || !Py_IS_TYPE(task, task_slots.type) || TASK(task, started) != Py_True ||
        PySet_GET_SIZE(self->unsettled) != 0 || !is_size(LOOP(loop, eager), 0) || number(LOOP(loop, ident)) == 0 ||
        left < 2 || rows == NULL || !Py_IS_TYPE(rows, rows_type) || !make_room((Rows *)rows, 2 * ROW) || before == NULL) {
        return 0;
    }
    long long shape = -1, onward = -1, its = number(TASK(task, track)), back = number(LOOP(loop, track));
    /* To read a coroutine's frame calls the program's audit hooks. */
    Py_INCREF(task);
    Py_INCREF(before);
    Py_INCREF(rows);
    int may_be = before == Py_None || (Py_IS_TYPE(before, task_slots.type) && gives_way_as_known(before) &&
                                       LOOP(loop, current) == before && of_id(due, handle) == task);
    if (may_be && before != Py_None) {
        shape = number(TASK(before, shape));
        onward = number(look_up(LOOP(loop, onward), shape));
    }
    PyObject *fewer = PyLong_FromLongLong(left - 1);
    long long t = now();
    int stored = may_be && fewer != NULL && t >= 0 && its >= 0 &&
                 (onward >= 0 ? store_at(rows, t, its, onward)
                              : resumed >= 0 && (before == Py_None || (shape >= 0 && back >= 0 &&
                                                                      store_at(rows, t, back, shape))) &&
                                    store_at(rows, t, its, resumed));
    PyErr_Clear();
    if (stored) {
        set_of_id(due, handle, NULL);
        if (before != Py_None) {
            put(before, task_slots.gave_way, Py_False);
        }
        else {
            put(loop, loop_slots.giver, Py_None);
        }
        put(loop, loop_slots.left, fewer);
        put(loop, loop_slots.current, task);
    }
    Py_XDECREF(fewer);
    Py_DECREF(rows);
    Py_DECREF(before);
    Py_DECREF(task);
    return stored;
}

static PyObject *
popleft_way(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Hook *self = (Hook *)callable;
    PyObject *loop = PyVectorcall_NARGS(nargsf) == 1 && kwnames == NULL ? loop_of(args[0]) : NULL;
    PyObject *handle = loop == NULL ? NULL : PySequence_GetItem(args[0], 0);
    if (handle == NULL) {
        PyErr_Clear();
    }
    int stored = handle != NULL && store_turn(self, loop, handle);
    Py_XDECREF(handle);
    Py_XDECREF(loop);
    return PyObject_Vectorcall(stored ? self->run : self->otherwise, args, nargsf, kwnames);
}

/* Rows for the file. */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/* Two of them for each number of 12 bits. */
static char pairs[4096][2];

/* Base64 of the integers in 64 bits, little-endian. The GIL is kept: to get it back takes longer. */
static PyObject *
rows_packed(PyObject *self, PyObject *Py_UNUSED(args))
{
    Rows *rows = (Rows *)self;
    /* 24 bytes of a row are 32 digits. */
    PyObject *text = PyUnicode_New(rows->size / ROW * 32, 127);
    if (text == NULL) {
        return NULL;
    }
    char *to = (char *)PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t row = 0; row < rows->size; row += ROW) {
        unsigned char bytes[24];
        memcpy(bytes, rows->items + row, sizeof(bytes));
#if PY_BIG_ENDIAN
        for (int i = 0; i < 24; i++) {
            bytes[i] = (unsigned char)((unsigned long long)rows->items[row + i / 8] >> 8 * (i % 8));
        }
#endif
        for (int i = 0; i < 24; i += 3, to += 4) {
            unsigned bits = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];
            memcpy(to, pairs[bits >> 12], 2);
            memcpy(to + 2, pairs[bits & 4095], 2);
        }
    }
    return text;
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

static void
rows_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(((Rows *)self)->items);
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
    for (Py_ssize_t i = 0; i < count; i++) {
        long long item;
        if (!is_tuple) {
            item = ((Rows *)others)->items[i];
        }
        else if (PyLong_Check(PyTuple_GET_ITEM(others, i))) {
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

static PyObject *
rows_take(PyObject *self, PyObject *arg)
{
    Rows *rows = (Rows *)self;
    Py_ssize_t count = PyLong_AsSsize_t(arg);
    if (count == -1 && PyErr_Occurred()) {
        return NULL;
    }
    Rows *taken = (Rows *)part_of(rows, 0, count);
    if (taken != NULL && taken->size > 0) {
        rows->size -= taken->size;
        memmove(rows->items, rows->items + taken->size, (size_t)rows->size * sizeof(long long));
        if (rows->room > KEPT_ROOM && rows->size <= KEPT_ROOM / 2) {
            long long *items = PyMem_Realloc(rows->items, KEPT_ROOM * sizeof(long long));
            if (items != NULL) {
                rows->items = items;
                rows->room = KEPT_ROOM;
            }
        }
    }
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
rows_translate(PyObject *self, PyObject *known)
{
    Rows *rows = (Rows *)self;
    for (Py_ssize_t i = 1; i < rows->size; i += ROW) {
        PyObject *track = PyLong_FromLongLong(rows->items[i]);
        PyObject *its = track == NULL ? NULL : PyObject_GetItem(known, track);
        long long number = its == NULL ? -1 : PyLong_AsLongLong(its);
        Py_XDECREF(its);
        Py_XDECREF(track);
        if (number == -1 && PyErr_Occurred()) {
            return NULL;
        }
        /* Code in Python ran. */
        if (i < rows->size) {
            rows->items[i] = number;
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
    {"translate", rows_translate, METH_O, NULL},
    {"packed", rows_packed, METH_NOARGS, NULL},
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
    PyObject **texts[] = {&again, &unread, &no_value, &suspended, &running, &nothing, &blank, &never,
                          &resume_line, &yield_line, &send_cause, &yield_cause, &keep};
    enum { COUNT = sizeof(texts) / sizeof(*texts) };
    PyObject *given[COUNT];
    if (!PyArg_ParseTuple(args, "O!O!O!(OOOOOOOOOOOOO)(nnnnnnn)", &PyType_Type, &run, &PyType_Type, &site, &PyType_Type,
                          &buffer, &given[0], &given[1], &given[2], &given[3], &given[4], &given[5], &given[6],
                          &given[7], &given[8], &given[9], &given[10], &given[11], &given[12], &longest, &most_shapes,
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
    if (!Py_IS_TYPE(given[6], run)) {
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
    PyObject *live, *local, *calibration, *missing, *context, *making, *found, *link, *due, *calls, *steppers, *inside;
    PyObject *through, *silent, *behind, *watched, *entries, *asked, *otherwise[10];
    if (!PyArg_ParseTuple(args, "O!OOO(OOOOOOOOOO)OO!O!O!O!O!O!O!O!O!O!O!O!O!", table_type, &live, &local, &calibration,
                          &missing, &otherwise[0], &otherwise[1], &otherwise[2], &otherwise[3], &otherwise[4],
                          &otherwise[5], &otherwise[6], &otherwise[7], &otherwise[8], &otherwise[9], &context,
                          &PyDict_Type, &making, &PyDict_Type, &found,
                          &PyType_Type, &link, &PyList_Type, &due, &PyList_Type, &calls, &PyList_Type, &steppers,
                          &PyDict_Type, &inside, &PyDict_Type, &through, &PyDict_Type, &silent, &PyDict_Type,
                          &behind, &PyDict_Type, &watched, &PyDict_Type, &entries, &PyDict_Type, &asked)) {
        return NULL;
    }
    if (run_slots.type == NULL || !PyFunction_Check(otherwise[0])) {
        PyErr_SetString(PyExc_RuntimeError, "learn was not called, or the hooks are no functions");
        return NULL;
    }
    if (slot_offset((PyTypeObject *)link, "key", &key_of_link) < 0) {
        return NULL;
    }
    vectorcallfunc ways[] = {call_way, resume_way, yield_way, start_way, return_way, instruction_way,
                             unwind_way, unwind_way, raise_way, gone_way};
    enum { THROW = 6, COUNT = sizeof(ways) / sizeof(*ways) };
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
        hook->calibration = Py_NewRef(calibration);
        hook->missing = Py_NewRef(missing);
        hook->context = Py_NewRef(context);
        hook->making = Py_NewRef(making);
        hook->found = Py_NewRef(found);
        hook->link = Py_NewRef(link);
        hook->due = Py_NewRef(due);
        hook->calls = Py_NewRef(calls);
        hook->steppers = Py_NewRef(steppers);
        hook->inside = Py_NewRef(inside);
        hook->through = Py_NewRef(through);
        hook->silent = Py_NewRef(silent);
        hook->behind = Py_NewRef(behind);
        hook->watched = Py_NewRef(watched);
        hook->entries = i == THROW ? NULL : Py_NewRef(entries);
        hook->asked = Py_NewRef(asked);
    }
    if (made != NULL) {
        call_function = ((PyFunctionObject *)otherwise[0])->vectorcall;
        Hook *call = (Hook *)PyTuple_GET_ITEM(made, 0);
        call->gone = Py_NewRef(PyTuple_GET_ITEM(made, COUNT - 1));
        Py_XSETREF(births, (Hook *)Py_NewRef((PyObject *)call));
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
    PyObject *buffer, *raw, *unsettled, *gr_frame, *otherwise;
    PyObject *everybody, *hubs, *ready, *sleeps, *resumed, *sleep_code, *offsets;
    if (!PyArg_ParseTuple(args, "OO!O!O!OO!O!O!O!O!O!O!", &buffer, table_type, &raw, &PySet_Type, &unsettled,
                          &PyGetSetDescr_Type, &gr_frame, &otherwise, table_type,
                          &everybody, table_type, &hubs, table_type, &ready, table_type, &sleeps, &PyLong_Type,
                          &resumed, &PyCode_Type, &sleep_code, &PySet_Type, &offsets)) {
        return NULL;
    }
    Hook *hook = greenlet_hook(hub_way, buffer, raw, unsettled, gr_frame, otherwise);
    if (hook != NULL) {
        hook->everybody = Py_NewRef(everybody);
        hook->hubs = Py_NewRef(hubs);
        hook->ready = Py_NewRef(ready);
        hook->sleeps = Py_NewRef(sleeps);
        hook->resumed = Py_NewRef(resumed);
        hook->sleep_code = Py_NewRef(sleep_code);
        hook->offsets = Py_NewRef(offsets);
    }
    return (PyObject *)hook;
}

static PyObject *
run_callback(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *run, *sleep_code, *offsets, *otherwise;
    if (!PyArg_ParseTuple(args, "OO!O!O", &run, &PyCode_Type, &sleep_code, &PySet_Type, &offsets, &otherwise)) {
        return NULL;
    }
    Hook *method = new_hook(method_type, callback_way, otherwise);
    if (method != NULL) {
        method->run = Py_NewRef(run);
        method->sleep_code = Py_NewRef(sleep_code);
        method->offsets = Py_NewRef(offsets);
    }
    return (PyObject *)method;
}

static PyObject *
queue_ways(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *queue, *loop, *task, *handle;
    PyObject *library, *unsettled, *run[2], *otherwise[2];
    if (!PyArg_ParseTuple(args, "O!O!O!O!OO!OOOO", &PyType_Type, &queue, &PyType_Type, &loop, &PyType_Type, &task,
                          &PyType_Type, &handle, &library, &PySet_Type, &unsettled, &run[0], &run[1], &otherwise[0],
                          &otherwise[1])) {
        return NULL;
    }
#define OFFSET(name) if (slot_offset(task, #name, &task_slots.name) < 0) return NULL;
    SLOTS_OF_TASK(OFFSET)
#undef OFFSET
#define OFFSET(name) if (slot_offset(loop, #name, &loop_slots.name) < 0) return NULL;
    SLOTS_OF_LOOP(OFFSET)
#undef OFFSET
    if (slot_offset(queue, "loop", &loop_of_queue) < 0 || slot_offset(handle, "_callback", &callback_of_handle) < 0) {
        return NULL;
    }
    Py_XSETREF(queue_type, (PyTypeObject *)Py_NewRef(queue));
    Py_XSETREF(loop_slots.type, (PyTypeObject *)Py_NewRef(loop));
    Py_XSETREF(task_slots.type, (PyTypeObject *)Py_NewRef(task));
    Py_XSETREF(handle_type, (PyTypeObject *)Py_NewRef(handle));
    vectorcallfunc ways[] = {append_way, popleft_way};
    PyObject *made = PyTuple_New(2);
    for (int i = 0; made != NULL && i < 2; i++) {
        Hook *method = new_hook(method_type, ways[i], otherwise[i]);
        if (method == NULL) {
            Py_CLEAR(made);
            break;
        }
        PyTuple_SET_ITEM(made, i, (PyObject *)method);
        method->run = Py_NewRef(run[i]);
        method->library = Py_NewRef(library);
        method->unsettled = Py_NewRef(unsettled);
    }
    return made;
}

static PyMethodDef functions[] = {
    {"learn", learn, METH_VARARGS, NULL},
#if PY_VERSION_HEX >= 0x030c0000
    {"monitoring_ways", monitoring_ways, METH_VARARGS, NULL},
#else
    {"profile_hook", profile_hook, METH_VARARGS, NULL},
    {"watch_profile", watch_profile, METH_VARARGS, NULL},
#endif
    {"roomy", roomy, METH_O, NULL},
    {"switch_hook", switch_hook, METH_VARARGS, NULL},
    {"hub_hook", hub_hook, METH_VARARGS, NULL},
    {"run_callback", run_callback, METH_VARARGS, NULL},
    {"queue_ways", queue_ways, METH_VARARGS, NULL},
    {NULL},
};

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
    monotonic_ns = PyObject_GetAttrString(time, "monotonic_ns");
    Py_DECREF(time);
    send_method = PyObject_GetAttrString((PyObject *)&PyGen_Type, "send");
    switch_text = PyUnicode_InternFromString("switch");
    buffer_text = PyUnicode_InternFromString("buffer");
    new_track_text = PyUnicode_InternFromString("new_track");
    step_text = PyUnicode_InternFromString("step");
    self_text = PyUnicode_InternFromString("__self__");
    coro_text = PyUnicode_InternFromString("_coro");
    frame_text = PyUnicode_InternFromString("cr_frame");
    await_text = PyUnicode_InternFromString("cr_await");
    if (buffer_text == NULL || new_track_text == NULL || step_text == NULL || self_text == NULL || coro_text == NULL ||
        frame_text == NULL || await_text == NULL) {
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
#endif
    hook_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &hook_spec, NULL);
    method_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &method_spec, NULL);
    table_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &table_spec, NULL);
    rows_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &rows_spec, NULL);
    if (monotonic_ns == NULL || send_method == NULL || switch_text == NULL || hook_type == NULL ||
        method_type == NULL || rows_type == NULL || table_type == NULL ||
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
