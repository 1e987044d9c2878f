"""What a deadlock is made of: who holds what, told as a track begins to wait for a lock; and, with who joins whom, when
a hub throws LoopExit.

To acquire what is free leaves nothing to be seen. But whoever waits inside `with lock:` holds it, and an RLock names
its owner, whatever that does. Whom somebody joins together with others, gevent's iterator over them knows.
"""

from __future__ import annotations

import gc
import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.values import SEQUENCES, bases_of, type_name
from visualizer.tracers.core.variables import Unknown
from visualizer.tracers.core.youngest import all_of
from visualizer.tracers.runtimes.gevent.ready import Ready
from visualizer.tracers.runtimes.greenlets.call_sites import attribute_of
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: At so many places of the program it is known that no lock is held.
_MOST_UNHELD = 8192
_OWNED = ("RLock", "_RLock")
_HELD = ("Semaphore", "BoundedSemaphore", "LockType", *_OWNED)


def _wait_iterators() -> tuple[Any, ...]:
    """gevent's iterators over what somebody waits for, compiled and not."""
    modules = (sys.modules.get(f"gevent.{name}") for name in ("_gevent_c_hub_primitives", "_hub_primitives"))
    return tuple(getattr(module, "_WaitIterator", None) for module in modules)


class Ties:
    """Tells the ties between those who wait on a hub."""

    def __init__(self, recording: Context, greenlets: GreenletTracer, ready: Ready, numbers: Numbers) -> None:
        self._recording = recording
        self._greenlets = greenlets
        self._ready = ready
        self._numbers = numbers
        #: Where no lock is held by a `with` block, as far as this function tells: by place (`Buffer.shapes`), the code.
        self.unheld: dict[int, Any] = recording.stream.new_table()
        #: Name of an RLock -> the owner that was told last.
        self._owners: dict[str, int | None] = {}

    def report(self, t_ns: int, hub: Any, track: int) -> None:
        """`hub` has just thrown LoopExit into the greenlet that runs, whose track is `track`."""
        living = self._greenlets.living()
        suspended = [one for one in living if self._greenlets.parent_of(one) is hub and self._greenlets.is_active(one)]
        if not suspended:
            # Everybody else is done: the ordinary end of a hub.join(), mostly.
            return
        for held in self._held(sys._getframe(1), self._name):
            self._tie(t_ns, track, words.HOLDS, held)
        for greenlet in suspended:
            for held in self._held(self._greenlets.frame_of(greenlet), self._name):
                self._tie(t_ns, self._ready.track_of(greenlet), words.HOLDS, held)
        for kind in _wait_iterators():
            for thing in all_of(kind) if kind is not None else ():
                self._report_joined(t_ns, thing)
        for thing, name in self._numbers.living():
            owner = self._owner(thing)
            if owner is not None:
                self._tie(t_ns, owner, words.HOLDS, name)

    def report_held(self, t_ns: int, track: int, frame: Any) -> None:
        """`track` begins to wait for a lock in `frame`."""
        for held in self._held(frame, self._lock_name):
            self._tie(t_ns, track, words.HOLDS, held)

    def report_owner(self, t_ns: int, name: str) -> None:
        """Somebody begins to wait for the lock of that name."""
        lock = self._numbers.thing(name)
        if lock is not None and type_name(type(lock)) in _OWNED:
            owner = self._owner(lock)
            if self._owners.get(name) != owner:
                self._owners[name] = owner
                self._tie(t_ns, words.NOBODY if owner is None else owner, words.OWNS, name)

    def _report_joined(self, t_ns: int, iterator: Any) -> None:
        parts = gc.get_referents(iterator)
        waiter = next((part for part in parts if type_name(type(part)) == "MultipleWaiter"), None)
        joined = next((part for part in parts if id(type(part)) in SEQUENCES), ())
        greenlets = [one for one in joined if issubclass(type(one), self._greenlets.module.greenlet) and not one.dead]
        if waiter is not None and waiter.greenlet is not None and greenlets:
            self._tie(t_ns, self._ready.track_of(waiter.greenlet), words.AWAITS, self._numbers.name(greenlets))

    def _held(self, frame: Any, name: Callable[[Any], str]) -> list[str]:
        """What is held by who is suspended in `frame`."""
        found: list[str] = []
        while frame is not None:
            code = frame.f_code
            entered = self._greenlets.sites.entered(frame, name) if self._recording.own(code) else None
            if entered:
                found += entered
            elif len(self.unheld) < _MOST_UNHELD:
                self.unheld[id(code) + frame.f_lasti] = code
            frame = frame.f_back
        return [name for name in dict.fromkeys(found) if type(name) is str and name]

    def _name(self, thing: Any) -> str:
        # An RLock names its owner itself.
        return self._lock_name(thing) if type_name(type(thing)) not in _OWNED else ""

    def _lock_name(self, thing: Any) -> str:
        names = {type_name(kind) for kind in bases_of(type(thing))}
        return "" if names.isdisjoint(_HELD) else self._numbers.name(thing)

    def _owner(self, thing: Any) -> int | None:
        if type_name(type(thing)) not in _OWNED:
            return None
        try:
            owner = attribute_of(thing, "_owner")
        except Unknown:
            return None
        # gevent's own keeps the greenlet, the standard library's what gevent has it take for a thread: its id.
        return self._greenlets.tracks.get(owner if type(owner) is int else id(owner))

    def _tie(self, t_ns: int, track: int, relation: str, thing: str) -> None:
        self._recording.stream.extend((lines.tie, t_ns, track, relation, thing, None, 0))
