"""Putting back a hook that the interpreter takes out.

What a signal's handler raises while a thread is paused goes through our hook into the program; greenlet, and the
interpreter with a profile function, then take out the hook that it came from. It can be set again only in that thread,
the main one, and outside of the hook: there the interpreter's pending calls come (Py_AddPendingCall). A switch that the
program does before that is missed, so the trace says that something may be missing.
"""

from __future__ import annotations

import ctypes
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: Functions of ours out of which the program must be.
_HOOKS = ("visualizer_hook", "visualizer_profile")
_PACKAGE = "visualizer.tracers."
#: Kept: the interpreter calls them when it comes to it.
_pending: list[Any] = []


def put_back(call: Callable[[], None]) -> None:
    """Have `call` called in the main thread, as soon as that is out of our hooks."""

    def mend(_: Any) -> int:
        frame: Any = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_name in _HOOKS and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
                return int(_add(pending, None))
            frame = frame.f_back
        call()
        return 0

    pending = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(mend)
    _pending[:] = [*_pending[-8:], pending]
    _add(pending, None)


_add = ctypes.pythonapi.Py_AddPendingCall
