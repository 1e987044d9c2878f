"""When a wait ends at the latest, read from the timers themselves.

Whatever has a time limit in gevent starts a timer of its loop: a `timeout=` in any form, a `gevent.Timeout`, a socket's
own, a sleep. So each timer of a loop is of a subclass that notes, when it is started, which greenlet it would resume.
One that has fired is not active any more: that is how a wait that came to its limit is told from one that did not.
"""

from __future__ import annotations

import sys
from time import monotonic_ns

from visualizer.tracers.core.call_sites import BOUND
from visualizer.tracers.core.code import own_frame
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import bases_of, dictionary, nanoseconds, type_module, type_name
from visualizer.tracers.runtimes.greenlets.timeouts import is_stray

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: A limit that was set no longer than this before a wait began is told whole.
_JUST_NS = 1_000_000
#: Whose method a timer calls, of gevent's classes: one that waits, one that waits for several, a Timeout.
_WAITER, _SEVERAL, _TIMEOUT = "Waiter", "MultipleWaiter", "Timeout"
_CFFI_LOOPS = ("gevent.libuv.loop", "gevent.libev.corecffi")


class Limit:
    """A timer that was started to resume a greenlet `asked_ns` later, at `due_ns`."""

    __slots__ = ("_timer", "asked_ns", "due_ns", "is_its", "is_new", "is_stray", "started", "throws")

    def __init__(
        self, timer: Any, asked_ns: int, due_ns: int, throws: bool, is_its: bool, started: tuple[Any, int] | None
    ) -> None:
        # Not kept alive: a timer that is collected is stopped.
        self._timer = ref(timer)
        self.asked_ns = asked_ns
        self.due_ns = due_ns
        #: It throws a Timeout, and does not just switch.
        self.throws = throws
        #: It was started for the very wait that comes next; and nobody has waited since.
        self.is_its = is_its
        self.is_new = True
        #: Of a Timeout, where code of the program's own started it; and whether nobody could close it any more when
        #: the wait began.
        self.started = started
        self.is_stray = False

    @property
    def runs(self) -> bool:
        timer = self._timer()
        return timer is not None and bool(timer.active)

    def is_of(self, timer: Any) -> bool:
        return self._timer() is timer

    def look(self, frame: Any) -> None:
        """Its greenlet begins to wait, in `frame`: see whether somebody can still close it."""
        timer = self._timer()
        if self.started is not None and timer is not None:
            self.is_stray = is_stray(timer.callback.__self__, timer.args, True, self.started[0], frame)


class Limits:
    """The timers that would resume greenlets. One for all hubs; called in the thread of the greenlet."""

    def __init__(self, recording: Context, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        #: By the id of the greenlet, those that may run.
        self.of: dict[int, list[Limit]] = recording.stream.new_table()
        #: By the id of a greenlet that waits: the first of them that was due.
        self.waiting: dict[int, Limit] = recording.stream.new_table()
        self._classes: dict[type, type] = {}
        #: Of classes, which are kept, by their ids.
        self._roles: dict[int, tuple[type, str]] = {}

    def first_due(self, greenlet: Any) -> Limit | None:
        """`greenlet` begins to wait. Return what ends that at the latest; None if nothing does."""
        key = id(greenlet)
        known = self.of.get(key)
        if known is None:
            return None
        first: Limit | None = None
        for limit in known:
            if (first is None or limit.due_ns < first.due_ns) and limit.runs:
                first = limit
        if first is None:
            del self.of[key]
        else:
            self.waiting[key] = first
            first.look(self._greenlets.frame_of(greenlet))
        return first

    def left_ns(self, greenlet: Any, limit: Limit, t_ns: int) -> tuple[int, bool]:
        """How long the wait of `greenlet` that begins at `t_ns` may last by `limit`; and whether that is all of it."""
        # One that is over already is no wait of 0 s, which is to yield.
        left_ns = max(1, limit.due_ns - t_ns)
        whole = limit.is_new and (limit.is_its or limit.asked_ns - left_ns < _JUST_NS)
        for one in self.of[id(greenlet)]:
            one.is_new = False
        return (limit.asked_ns if whole else left_ns), whole

    def over(self, greenlet: Any) -> Limit | None:
        """`greenlet` goes on. Return what ended its wait at the latest, if that has come."""
        limit = self.waiting.pop(id(greenlet), None)
        if limit is None or limit.runs:
            return None
        known = self.of.get(id(greenlet))
        if known is not None:
            # Of several that are over it is not certain which one it was.
            limit.is_stray = limit.is_stray and not any(one is not limit and not one.runs for one in known)
            if len(known) == 1:
                del self.of[id(greenlet)]
        return limit

    # The timers.

    def loop_class(self, base: Any) -> Any:
        """A subclass of a loop's class whose timers tell when they are started; `base` itself if it cannot be made."""
        compiled, make = _compiled_timer(base), base.timer
        if compiled is None and type_module(base) not in _CFFI_LOOPS:
            return base
        kind = self._class(compiled, ("__weakref__", "_visualizer_asked_ns")) if compiled is not None else None

        def timer(this: Any, after: Any, repeat: Any = 0.0, ref: Any = True, priority: Any = None) -> Any:
            # One whose time is past is due at once.
            asked_ns = 0 if (type(after) is int or type(after) is float) and after < 0 else nanoseconds(after)
            if asked_ns < 0:
                return make(this, after, repeat, ref, priority)
            if kind is not None:
                made = kind(this, after, repeat, ref, priority)
            else:
                made = make(this, after, repeat, ref, priority)
                made.__class__ = self._class(type(made))
            made._visualizer_asked_ns = asked_ns
            return made

        return type(base.__name__, (base,), {"timer": timer, "__module__": base.__module__, "__doc__": base.__doc__})

    def _class(self, base: Any, slots: tuple[str, ...] | None = None) -> Any:
        known = self._classes.get(base)
        if known is not None:
            return known
        start, note = base.start, self._note

        def visualizer_start(this: Any, callback: Any, *args: Any, **more: Any) -> Any:
            start(this, callback, *args, **more)
            note(this, callback, args)

        # The same name and module as the class it stands for: gevent shows them.
        words: dict[str, Any] = {"start": visualizer_start, "__module__": base.__module__, "__doc__": base.__doc__}
        # Those of cffi have all that a class of theirs makes already.
        words |= {"__slots__": slots} if slots is not None else {"_watcher_skip_ffi": True}
        known = self._classes[base] = type(base)(base.__name__, (base,), words)
        return known

    def _note(self, timer: Any, callback: Any, args: tuple[Any, ...]) -> None:
        try:
            if type_name(type(callback)) not in BOUND:
                return
            owner = callback.__self__
            kind = type(owner)
            if id(kind) not in self._roles:
                self._roles[id(kind)] = kind, _role(kind)
            _, role = self._roles[id(kind)]
            asked_ns = left_ns = timer._visualizer_asked_ns
            clock = self._recording.stream.clock
            now_ns = clock()
            if role == _TIMEOUT and args and callback.__name__ == "_on_expiration":
                greenlet, is_its = args[0], dictionary(owner).get("_one_shot") is True
            elif role in (_WAITER, _SEVERAL) and callback.__name__ == "switch":
                # Who starts it waits next.
                greenlet, is_its = self._greenlets.module.getcurrent(), True
                at = getattr(timer, "at", None) if role == _SEVERAL else None
                if type(at) is float:
                    # It counts from when the loop looked at the clock last. Here one look serves for both: between two,
                    # others may run for long.
                    loop_ns = now_ns if clock is monotonic_ns else monotonic_ns()
                    left_ns = min(asked_ns, int(at * 1_000_000_000) - loop_ns)
            else:
                return
            started = None
            if role == _TIMEOUT and not is_its:
                frame = own_frame(sys._getframe(2), self._recording.own)
                started = (frame.f_code, frame.f_lasti) if frame is not None else None
            limit = Limit(timer, asked_ns, now_ns + left_ns, role == _TIMEOUT, is_its, started)
            known = self.of.get(id(greenlet))
            others = [one for one in known if one.runs and not one.is_of(timer)] if known else []
            self.of[id(greenlet)] = [*others, limit]
        except Exception as error:
            self._recording.fail("gevent", error)


def _role(kind: type) -> str:
    """What an object of that class does with a timer: gevent's own, or what the program made of it."""
    for base in bases_of(kind):
        if type_module(base).startswith("gevent."):
            name = type_name(base)
            return _SEVERAL if "MultipleWaiter" in name else _WAITER if "Waiter" in name else name
    return ""


def _compiled_timer(base: Any) -> Any:
    """The class of timers of gevent's compiled loop, if the loop's class `base` makes just these."""
    module: Any = sys.modules.get("gevent.libev.corecext")
    is_one = module is not None and issubclass(base, module.loop) and base.timer is module.loop.timer
    return module.timer if is_one else None
