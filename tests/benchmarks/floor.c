/* The least that a recorder in C could do, to be measured beside the one that there is (visualizer/tracers/_recorder.c).

It stands in the same places, and at each event reads the clock and stores a row of three integers. It looks at nothing:
not at who runs, nor where, nor with which value; and nobody writes the rows, which take each other's room in 96 KiB.

- Generators, from Python 3.12 on: `row` and `two_rows` are called by sys.monitoring.
- Generators, on 3.11: the slots by which they are resumed, and their method `send`, lead here. A row before and a row
  after each step, and one for what begins.
- Greenlets: the method `switch`, and that of greenlet's functions for other code in C. A row before each switch.
- What a loop of gevent's is asked for: `told` makes a method that stores a row and calls another. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <time.h>

enum { ROW = 3, ROOM = 4096 * ROW, SWITCH_IN_C = 6 };
static long long rows[ROOM];
static size_t size;

static inline void
store(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    rows[size] = t.tv_sec * 1000000000LL + t.tv_nsec;
    rows[size + 1] = 1;
    rows[size + 2] = 2;
    size = size + ROW < ROOM ? size + ROW : 0;
}

static PyObject *
row(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(count))
{
    store();
    Py_RETURN_NONE;
}

static PyObject *
two_rows(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(count))
{
    store();
    store();
    Py_RETURN_NONE;
}

static PyMethodDef *
method_of(PyTypeObject *type, const char *name)
{
    PyObject *found = PyDict_GetItemString(type->tp_dict, name);
    return found != NULL && Py_IS_TYPE(found, &PyMethodDescr_Type) ? ((PyMethodDescrObject *)found)->d_method : NULL;
}

#if PY_VERSION_HEX < 0x030c0000
static iternextfunc next_plainly;
static PyCFunction send_plainly;

static void
store_beginning(PyObject *generator)
{
    store();
    if (((PyGenObject *)generator)->gi_frame_state == -2) {
        store();
    }
}

static PyObject *
next_way(PyObject *generator)
{
    store_beginning(generator);
    PyObject *result = next_plainly(generator);
    store();
    return result;
}

static PyObject *
send_way(PyObject *generator, PyObject *value)
{
    store_beginning(generator);
    PyObject *result = send_plainly(generator, value);
    store();
    return result;
}

static PyObject *
watch_generators(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    PyMethodDef *send = method_of(&PyGen_Type, "send");
    send_plainly = send->ml_meth;
    send->ml_meth = send_way;
    next_plainly = PyGen_Type.tp_iternext;
    PyGen_Type.tp_iternext = next_way;
    Py_RETURN_NONE;
}
#endif

typedef PyObject *(*switch_function)(PyObject *, PyObject *, PyObject *);
static switch_function switch_plainly, switch_in_c_plainly;

static PyObject *
switch_way(PyObject *target, PyObject *args, PyObject *kwargs)
{
    store();
    return switch_plainly(target, args, kwargs);
}

static PyObject *
switch_in_c(PyObject *target, PyObject *args, PyObject *kwargs)
{
    store();
    return switch_in_c_plainly(target, args, kwargs);
}

/* (greenlet's type, the capsule of its functions) */
static PyObject *
watch_switches(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *type, *capsule;
    if (!PyArg_ParseTuple(args, "O!O", &PyType_Type, &type, &capsule)) {
        return NULL;
    }
    PyMethodDef *its = method_of((PyTypeObject *)type, "switch");
    void **functions = PyCapsule_GetPointer(capsule, "greenlet._C_API");
    if (its == NULL || functions == NULL) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_RuntimeError, "greenlets are switched in another way here");
    }
    switch_plainly = (switch_function)(void (*)(void))its->ml_meth;
    its->ml_meth = (PyCFunction)(void (*)(void))switch_way;
    switch_in_c_plainly = (switch_function)functions[SWITCH_IN_C];
    functions[SWITCH_IN_C] = (void *)switch_in_c;
    Py_RETURN_NONE;
}

static PyObject *
call_told(PyObject *function, PyObject *const *args, Py_ssize_t count)
{
    store();
    return PyObject_Vectorcall(function, args, (size_t)count, NULL);
}

static PyObject *
told(PyObject *Py_UNUSED(module), PyObject *function)
{
    static PyMethodDef definition = {"told", (PyCFunction)(void (*)(void))call_told, METH_FASTCALL, NULL};
    PyObject *made = PyCFunction_New(&definition, function);
    PyObject *method = made == NULL ? NULL : PyInstanceMethod_New(made);
    Py_XDECREF(made);
    return method;
}

static PyMethodDef methods[] = {
    {"row", (PyCFunction)(void (*)(void))row, METH_FASTCALL, NULL},
    {"two_rows", (PyCFunction)(void (*)(void))two_rows, METH_FASTCALL, NULL},
#if PY_VERSION_HEX < 0x030c0000
    {"watch_generators", watch_generators, METH_NOARGS, NULL},
#endif
    {"watch_switches", watch_switches, METH_VARARGS, NULL},
    {"told", told, METH_O, NULL},
    {NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "floor", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_floor(void)
{
    return PyModule_Create(&definition);
}
