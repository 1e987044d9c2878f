"""When a wait ends at the latest, read from the timers themselves.

Whatever has a time limit in gevent starts a timer of its loop: a `timeout=` in any form, a `gevent.Timeout`, a socket's
own, a sleep. So each timer of a loop is of a subclass that notes, when it is started, which greenlet it would resume.
One that has fired is not active any more: that is how a wait that came to its limit is told from one that did not.
"""

from __future__ import annotations

import sys
from time import monotonic_ns

from visualizer.tracers.core.code import own_frame
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import type_module, type_name
from visualizer.tracers.runtimes.gevent.ready import BOUND

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

    from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: A limit that was set no longer than this before a wait began is told whole.
_JUST_NS = 1_000_000
#: Who starts so many timers without waiting has those forgotten that were stopped.
_MOST = 8
#: Where a timer keeps how long it is to run, in nanoseconds.
_ASKED = "_visualizer_asked_ns"
_CFFI_LOOPS = ("gevent.libuv.loop", "gevent.libev.corecffi")


class Limit:
    """A timer that was started to resume a greenlet `asked_ns` later, at `due_ns`."""

    __slots__ = ("_timer", "asked_ns", "code", "due_ns", "is_new", "offset", "throws")

    def __init__(self, timer: Any, own: Any, asked_ns: int, due_ns: int, throws: bool) -> None:
        # Not kept alive: a timer that is collected is stopped.
        self._timer = ref(timer)
        #: The call of the program's that started it, and whether nobody has waited since.
        self.code: CodeType | None = own.f_code if own is not None else None
        self.offset: int = own.f_lasti if own is not None else 0
        self.is_new = True
        self.asked_ns = asked_ns
        self.due_ns = due_ns
        #: It throws a Timeout, and does not just switch.
        self.throws = throws

    @property
    def runs(self) -> bool:
        timer = self._timer()
        return timer is not None and bool(timer.active)


class Limits:
    """The timers that would resume greenlets. One for all hubs; called in the thread of the greenlet."""

    def __init__(self, recording: Context, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        #: By the id of the greenlet, those that may run.
        self.of: dict[int, list[Limit]] = {}
        #: By the id of a greenlet that waits: the first of them that was due.
        self.waiting: dict[int, Limit] = {}
        self._classes: dict[type, type] = {}

    def first_due(self, greenlet: Any) -> Limit | None:
        """`greenlet` begins to wait. Return what ends that at the latest; None if nothing does."""
        key = id(greenlet)
        known = self.of.get(key)
        if known is None:
            return None
        running = [limit for limit in known if limit.runs]
        if not running:
            del self.of[key]
            return None
        self.of[key] = running
        first = self.waiting[key] = min(running, key=lambda limit: limit.due_ns)
        return first

    def left_ns(self, greenlet: Any, limit: Limit, own: Any, t_ns: int) -> tuple[int, bool]:
        """How long the wait of `greenlet` that begins at `t_ns` may last by `limit`; and whether that is all of it.

        `own`: the frame of the program's that waits. If it is in the call that set the limit, that is for this wait.
        """
        left_ns = max(0, limit.due_ns - t_ns)
        is_its = own is None or (limit.code is own.f_code and limit.offset == own.f_lasti)
        whole = limit.is_new and (is_its or limit.asked_ns - left_ns < _JUST_NS)
        for one in self.of[id(greenlet)]:
            one.is_new = False
        return (limit.asked_ns if whole else left_ns), whole

    def over(self, greenlet: Any) -> Limit | None:
        """`greenlet` goes on. Return what ended its wait at the latest, if that has come."""
        limit = self.waiting.pop(id(greenlet), None)
        return limit if limit is not None and not limit.runs else None

    # The timers.

    def loop_class(self, base: Any) -> Any:
        """A subclass of a loop's class whose timers tell when they are started; `base` itself if it cannot be made."""
        compiled, make = _compiled_timer(base), base.timer
        if compiled is None and type_module(base) not in _CFFI_LOOPS:
            return base

        def timer(this: Any, after: Any, repeat: Any = 0.0, ref: Any = True, priority: Any = None) -> Any:
            if type(after) not in (int, float) or not 0 <= after < 1e9:
                return make(this, after, repeat, ref, priority)
            if compiled is not None:
                made = self._class(compiled, ("__weakref__", _ASKED))(this, after, repeat, ref, priority)
            else:
                made = make(this, after, repeat, ref, priority)
                made.__class__ = self._class(type(made))
            setattr(made, _ASKED, int(after * 1_000_000_000))
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
            if type(callback).__name__ not in BOUND:
                return
            name, owner = callback.__name__, type(callback.__self__)
            if name == "_on_expiration" and args:
                greenlet = args[0]
            elif name == "switch" and type_module(owner).startswith("gevent.") and "Waiter" in type_name(owner):
                # Who starts it waits next.
                greenlet = self._greenlets.module.getcurrent()
            else:
                return
            asked_ns = getattr(timer, _ASKED)
            known = self.of.setdefault(id(greenlet), [])
            if len(known) >= _MOST:
                known[:] = [limit for limit in known if limit.runs]
            left_ns, at = asked_ns, getattr(timer, "at", None)
            if type(at) is float:
                # It counts from when the loop looked at the clock last, unless it was told to look again.
                left_ns = min(asked_ns, int(at * 1_000_000_000) - monotonic_ns())
            due_ns = self._recording.stream.clock() + left_ns
            own = own_frame(sys._getframe(2), self._recording.own)
            known.append(Limit(timer, own, asked_ns, due_ns, name == "_on_expiration"))
        except Exception as error:
            self._recording.fail("gevent", error)


def _compiled_timer(base: Any) -> Any:
    """The class of timers of gevent's compiled loop, if the loop's class `base` makes just these."""
    module: Any = sys.modules.get("gevent.libev.corecext")
    is_one = module is not None and issubclass(base, module.loop) and base.timer is module.loop.timer
    return module.timer if is_one else None
