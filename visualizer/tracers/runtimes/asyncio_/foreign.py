"""uvloop's loops, which keep their ready callbacks out of sight.

Each callback that is put into such a loop gets two of ours around it, which tell when it begins and when it is over: no
frame of ours stands below it on the stack. What the loop calls by itself (a timer, a protocol, the handler of a signal)
is not seen. Why somebody is woken by that is told by the function that was called, or else it is unknown. And the loop
is taken for idle from when nothing is left of what is seen until the next is, less the processor's time used meanwhile.
"""

from __future__ import annotations

import sys
import time
from _functools import partial  # type: ignore[import-not-found]

from visualizer.tracers.core.postponed import makes_uninterrupted
from visualizer.tracers.core.values import bases_of
from visualizer.tracers.runtimes.asyncio_.causes import cause_of_function
from visualizer.tracers.runtimes.asyncio_.loops import Loop
from visualizer.tracers.runtimes.asyncio_.shared import Shared

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.asyncio_.loops import Giver

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_NOTE = (
    "uvloop keeps its callbacks out of sight: what it does by itself wakes tasks for an unknown cause, and when its "
    "loop is idle is inferred."
)
#: Methods of a loop that put a callback into it.
_METHODS = ("call_soon", "call_soon_threadsafe")


class ForeignLoop(Loop):
    """What is known of one."""

    __slots__ = ("_used_ns",)

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        #: What the thread had used of the processor's time when the loop began to be idle.
        self._used_ns = 0

    def runs(self, frame: Any) -> None:
        super().runs(frame)
        # No callback is the last before it polls, as far as anybody knows.
        self.left = sys.maxsize
        self.bottom = frame.f_code
        self._shared.context.bottoms.append(frame.f_code)

    def stops(self, in_step: bool) -> None:
        if self.bottom is not None:
            self._shared.context.bottoms.remove(self.bottom)
        super().stops(False)

    def puts(self, callback: Callback, called: Any) -> None:
        """A callback is put into it, which calls `called`."""
        stepped = self._shared.library.stepped_by(called) if self.current is not None else None
        if stepped is not None and not stepped[1] and self.current is not None and stepped[0] is self.current():
            self.current.gave_way = True
            self.due[id(callback)] = self.current
        else:
            self.made_ready(callback)

    def _by_itself(self, t_ns: int, handle: Any, callback: Any) -> Giver:
        self._polled(t_ns)
        return self.track, cause_of_function(self._shared.called(sys._getframe(1)))

    def goes_on(self, t_ns: int, callback: Callback) -> None:
        """A callback begins."""
        what = self.due.pop(id(callback), None)
        if self.ident:
            self._polled(t_ns)
            self.begins(t_ns, callback, what)

    def rests(self, t_ns: int) -> None:
        """It is over."""
        if self.ident:
            self.over(t_ns)
            self.giver = None
            if self.called:
                self.tell_call(t_ns, None)
            if not self.due:
                self._polling, self._began_ns, self._used_ns = True, t_ns, time.thread_time_ns()

    def _polled(self, t_ns: int) -> None:
        if self._polling:
            super()._polled(t_ns - (time.thread_time_ns() - self._used_ns))


class Callback:
    """One that was put into a loop: what stands for it, where asyncio's own loops have a handle."""

    __slots__ = ("__weakref__", "_args", "_callback", "_cancelled", "_loop", "_shared", "handle")

    def __init__(self, shared: Shared, loop: ForeignLoop, callback: Any, args: tuple[Any, ...]) -> None:
        self._shared, self._loop = shared, loop
        self._callback, self._args, self._cancelled = callback, args, False
        #: uvloop's own; None if it could not be put in.
        self.handle: Any = None
        loop.puts(self, callback)

    def begins(self) -> None:
        self._callback, self._args = None, ()
        try:
            if self._shared.is_on:
                self._cancelled = self.handle is None or self.handle.cancelled()
                self._loop.goes_on(self._shared.context.now(), self)
        except Exception as error:
            self._shared.fail(error)

    def ends(self) -> None:
        try:
            if self._shared.is_on:
                self._loop.rests(self._shared.context.now())
        except Exception as error:
            self._shared.fail(error)


class _Puts:
    """A method of the class of loops that puts a callback in: ours as long as the loop is open, for no frame of ours is
    to stand in a traceback."""

    def __init__(self, loops: ForeignLoops, name: str, method: Any) -> None:
        self._loops, self._name, self._method = loops, name, method

    def __get__(self, loop: Any, kind: Any = None) -> Any:
        if loop is None or loop.is_closed():
            return self._method if loop is None else self._method.__get__(loop, kind)
        return partial(self._loops.put, loop, self._method.__get__(loop, kind))


class ForeignLoops:
    """The loops of uvloop's class."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._class: Any = None
        self._told = False
        #: By their ids: a weak reference to the loop, and what is known of it.
        self._known: dict[int, tuple[Any, ForeignLoop]] = {}

    def begin(self, kind: Any) -> None:
        """Watch the loops of this class."""
        self._class = kind
        for name in _METHODS:
            setattr(kind, name, _Puts(self, name, getattr(kind, name)))

    def remove(self) -> None:
        for name in _METHODS if self._class is not None else ():
            if isinstance(self._class.__dict__.get(name), _Puts):
                delattr(self._class, name)

    @makes_uninterrupted
    def of(self, loop: Any) -> ForeignLoop | None:
        """What is known of a loop; None if it is none of these."""
        if self._class is None or self._class not in bases_of(type(loop)):
            return None
        key = id(loop)
        if not self._told:
            self._told = True
            self._shared.context.note(_NOTE)
        if key not in self._known:

            def gone(_: Any) -> None:
                try:
                    known = self._known.pop(key)[1]
                    if self._shared.is_on:
                        known.closes()
                except BaseException as error:
                    self._shared.settle(error)

            self._known[key] = ref(loop, self._shared.context.told(gone)), ForeignLoop(self._shared)
        return self._known[key][1]

    def put(self, loop: Any, put: Any, callback: Any, *args: Any, **more: Any) -> Any:
        """Put a callback into a loop, between two of ours."""
        try:
            known = self.of(loop)
            around = Callback(self._shared, known, callback, args) if known is not None else None
        except Exception as error:
            self._shared.fail(error)
            around = None
        if around is None:
            return put(callback, *args, **more)
        put(around.begins)
        around.handle = put(callback, *args, **more)
        put(around.ends)
        return around.handle
