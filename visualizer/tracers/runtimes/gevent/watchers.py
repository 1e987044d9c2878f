"""The watchers that the program makes itself, for `hub.wait` and its kin.

They cannot be found from who waits: gevent's functions are compiled, and its watchers take no weak references. So a
subclass of the loop notes the newest, and which instruction made it: it is waited for where that is the waiting call
itself, or its argument.
"""

from __future__ import annotations

import os
import sys

from visualizer.tracers.core import code as code_objects
from visualizer.tracers.core import syntax
from visualizer.tracers.core.call_sites import CallSites
from visualizer.tracers.core.values import type_module

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.code import Range

#: The methods by which a loop makes watchers.
MAKERS = ("io", "timer", "child", "signal", "async_", "idle", "prepare", "check", "fork", "stat")


class Made:
    """The newest watcher that the program's own code made: what it watches, and the instruction that made it."""

    __slots__ = ("code", "events", "fd", "kind", "offset")

    def __init__(self, kind: str, code: CodeType, offset: int, fd: int, events: int) -> None:
        self.kind = kind
        self.code = code
        self.offset = offset
        self.fd = fd
        self.events = events


class Makers:
    """Which watchers the program's own code makes. One for all hubs."""

    def __init__(self, own: Callable[[CodeType], bool], sites: CallSites) -> None:
        self._own = own
        self._sites = sites
        self._made: Made | None = None
        #: Whether the expression at an instruction of a code object is the argument of the `wait` at another.
        self._is_argument: dict[tuple[int, int, int], bool] = {}

    def made_for(self, own: Any) -> Made | None:
        """The newest watcher, if it was made for the call that the frame `own` is suspended in."""
        made, self._made = self._made, None
        return made if made is not None and made.code is own.f_code and self._is_for(made, own) else None

    def _is_for(self, made: Made, own: Any) -> bool:
        """Whether the call that `own` is suspended in waits for the watcher that was made last."""
        if made.offset == own.f_lasti:
            # The compiled function made it. Others make a timer for their limit.
            return made.kind == "io"
        key = (id(made.code), made.offset, own.f_lasti)
        known = self._is_argument.get(key)
        if known is None:
            # The site keeps the code, so that its id stays its own.
            self._sites.at(own)
            known = _is_argument(code_objects.place(made.code, made.offset), code_objects.place(made.code, own.f_lasti))
            self._is_argument[key] = known
        return known

    def loop_class(self, base: Any) -> Any:
        """A subclass of a loop's class that tells which watchers the program's own code makes."""
        methods = {name: self._maker(base, name) for name in MAKERS if hasattr(base, name)}
        return type(base.__name__, (base,), {**methods, "__module__": base.__module__, "__doc__": base.__doc__})

    def _maker(self, base: Any, name: str) -> Any:
        make, note = getattr(base, name), self._note

        def maker(this: Any, *args: Any, **more: Any) -> Any:
            watcher = make(this, *args, **more)
            note(name, watcher)
            return watcher

        return maker

    def _note(self, name: str, watcher: Any) -> None:
        frame: Any = sys._getframe(1).f_back
        while frame is not None and frame.f_code.co_filename in _OURS:
            frame = frame.f_back
        if frame is None or not self._own(frame.f_code):
            return
        kind = name.rstrip("_")
        fd, events = (watcher.fd, watcher.events) if kind == "io" else (-1, 0)
        self._made = Made(kind, frame.f_code, frame.f_lasti, fd, events)


_OURS = frozenset(code.co_filename for code in (Makers._note.__code__,)) | {
    os.path.join(os.path.dirname(Makers._note.__code__.co_filename), "tracer.py")
}


def _is_argument(made: Range, call: Range) -> bool:
    """Whether the expression at `made` is the first argument of the call of a `wait` at `call`."""
    text = code_objects.segment(call)
    tree: Any = syntax.expression(text) if text is not None else None
    if type(tree).__name__ != "Call" or not tree.args or getattr(tree.func, "attr", "") != "wait":
        return False
    node, line, column = tree.args[0], call[2], call[4]
    left = node.col_offset + (column if node.lineno == 1 else 0)
    right = node.end_col_offset + (column if node.end_lineno == 1 else 0)
    return made[2:] == (line + node.lineno - 1, line + node.end_lineno - 1, left, right)


def is_watcher(thing: Any) -> bool:
    """Whether it is one of gevent's own, not of a class of the program's."""
    module = type_module(type(thing))
    return module.startswith("gevent.lib") and module.endswith((".watcher", ".corecext"))
