"""The variables of a frame of the program's, read without changing them."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Mapping
    from typing import Any

#: inspect.CO_OPTIMIZED: a function's variables are no dictionary, but copied into one for whoever asks.
FUNCTION = 0x1
#: A function that looks at its own local variables could see that we did too (before PEP 667, Python 3.13).
LOOKS_AT_LOCALS = frozenset(("locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe"))
#: Stands for the value of a variable that has none.
NOWHERE = object()


class Unknown(Exception):
    """The value cannot be worked out without running code of the program."""


def _write_back() -> Callable[[Any, int], None] | None:
    """PyFrame_LocalsToFast; nothing, if it is not to be had. Only what `ctypes` itself is made of is imported."""
    try:
        c: Any = __import__("_ctypes")
    except ImportError:
        return None
    kind = type("Object", (c._SimpleCData,), {"_type_": "O"})
    flags = c.FUNCFLAG_CDECL | c.FUNCFLAG_PYTHONAPI
    function = type("Function", (c.CFuncPtr,), {"_flags_": flags, "_argtypes_": (kind,), "_restype_": None})
    found: Callable[[Any, int], None] = function(c.dlsym(c.dlopen(None, 0), "PyFrame_LocalsToFast"))
    return found


#: Whether what a frame shows is a copy, which is to be written back; and whether some of it is left out.
_HAS_SNAPSHOTS = sys.version_info < (3, 13)
_INLINES = sys.version_info[:2] == (3, 12)
_locals_to_fast = _write_back() if _HAS_SNAPSHOTS else None


def of_variables(frame: Any, use: Callable[[Mapping[str, Any]], Any]) -> Any:
    """`use` of the variables of a frame, which stay as they are. Raise Unknown if they cannot be read so.

    On 3.12, comprehensions that are inlined into a module or a class body (PEP 709) have variables of their own in the
    frame, which its `f_locals` leaves out; once it was read, the interpreter writes it back behind the next call of a
    trace function (PyFrame_LocalsToFast), and these variables are gone.

    Before 3.13, what was read is a snapshot that the frame keeps. At the frame's next event, for a trace or profile
    function (ours, on 3.11), it would be filled anew, with nobody to empty it, and written back, over what another
    thread has changed meanwhile. Unless that was done before: here, where nothing has changed yet.
    """
    if not _HAS_SNAPSHOTS:
        return use(frame.f_locals)
    code = frame.f_code
    if _INLINES and code.co_nlocals and not code.co_flags & FUNCTION:
        # The others are the globals of a module; code that `exec` runs may have more.
        if frame.f_globals.get("__file__") != code.co_filename or code.co_name != "<module>":
            raise Unknown
        return use(dict.fromkeys(code.co_varnames, NOWHERE))
    variables = frame.f_locals
    if not code.co_flags & FUNCTION:
        return use(variables)
    if _locals_to_fast is not None:
        _locals_to_fast(frame, 0)
    try:
        return use(variables)
    finally:
        # So that it holds nothing of the program's alive.
        variables.clear()
