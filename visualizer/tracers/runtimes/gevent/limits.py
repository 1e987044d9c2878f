"""When a wait ends at the latest, read from the timers themselves.

Whatever has a time limit in gevent starts a timer of its loop: a `timeout=` in any form, a `gevent.Timeout`, a socket's
own, a sleep. So each timer of a loop is of a subclass that notes, when it is started, which greenlet it would resume.
One that has fired is not active any more: that is how a wait that came to its limit is told from one that did not.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import type_module, type_name
from visualizer.tracers.runtimes.gevent.ready import BOUND

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: A limit set this long before a wait began is told whole: it was set for that wait, as far as one can see.
_JUST_NS = 1_000_000
#: Who starts so many timers without waiting has those forgotten that were stopped.
_MOST = 8
#: Where a timer keeps how long it is to run, in nanoseconds.
_ASKED = "_visualizer_asked_ns"
_CFFI_LOOPS = ("gevent.libuv.loop", "gevent.libev.corecffi")


class Limit:
    """A timer that was started to resume a greenlet `asked_ns` later, at `due_ns`."""

    __slots__ = ("_timer", "asked_ns", "due_ns", "throws")

    def __init__(self, timer: Any, asked_ns: int, due_ns: int, throws: bool) -> None:
        # Not kept alive: a timer that is collected is stopped.
        self._timer = ref(timer)
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

    def park(self, greenlet: Any) -> Limit | None:
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

    def remaining_ns(self, limit: Limit, t_ns: int) -> int:
        """For how long a wait that begins at `t_ns` may last by `limit`."""
        left_ns = limit.due_ns - t_ns
        return limit.asked_ns if limit.asked_ns - left_ns < _JUST_NS else max(0, left_ns)

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
            due_ns = self._recording.stream.clock() + asked_ns
            known.append(Limit(timer, asked_ns, due_ns, name == "_on_expiration"))
        except Exception as error:
            self._recording.fail("gevent", error)


def _compiled_timer(base: Any) -> Any:
    """The class of timers of gevent's compiled loop, if the loop's class `base` makes just these."""
    module: Any = sys.modules.get("gevent.libev.corecext")
    is_one = module is not None and issubclass(base, module.loop) and base.timer is module.loop.timer
    return module.timer if is_one else None
