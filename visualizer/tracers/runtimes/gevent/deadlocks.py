"""Who holds what: told as a track begins to wait for a lock; of one for which somebody waits, as its hub is idle; and,
with who joins whom, when a hub throws LoopExit.

To acquire what is free leaves nothing to be seen. But whoever waits inside `with lock:` holds it, and an RLock names
its owner, whatever that does. Whom somebody joins together with others, gevent's iterator over them knows.
"""

from __future__ import annotations

import gc
import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.call_sites import attribute_of
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.values import SEQUENCES, bases_of, type_name
from visualizer.tracers.core.variables import Unknown
from visualizer.tracers.core.youngest import all_of
from visualizer.tracers.runtimes.gevent.ready import Ready
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: At so many places of the program it is known that no lock is held.
_MOST_UNHELD = 8192
#: Who holds what somebody waits for is looked for when that is new, then after this time, and each time twice as late
#: as long as it is the same, but not for ever; and in no more than this part of all the time.
_AGAIN_NS = 100_000_000
_SELDOM_NS = 6_400_000_000
_PART = 50
#: Of so many locks, and among so many greenlets.
_MOST_LOCKS = 256
_MOST_GREENLETS = 1_000
_OWNED = ("RLock", "_RLock")
_HELD = ("Semaphore", "BoundedSemaphore", "LockType", *_OWNED)


class _Look:
    """Of the locks of a hub: for which somebody waits, and who was found to hold one; when to look again at the soonest
    (`due_ns`), and when to find out anew although nothing else is waited for."""

    __slots__ = ("again_ns", "due_ns", "found", "gap_ns", "wanted")

    def __init__(self) -> None:
        self.due_ns = self.again_ns = 0
        self.gap_ns = _AGAIN_NS
        self.wanted: set[str] = set()
        self.found: list[tuple[str, int]] = []


def _count_waiting(thing: Any) -> int:
    """How many wait for a thing of gevent's, by its own count."""
    module: Any = sys.modules.get("gevent._abstract_linkable")
    linkable: Any = getattr(module, "AbstractLinkable", None)
    count = getattr(linkable, "linkcount", None)
    return int(count(thing)) if count is not None and issubclass(type(thing), linkable) else 0


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
        #: Name of a semaphore that somebody has waited for -> a weak reference to it. They name no owner.
        self.semaphores: dict[str, Any] = {}
        #: Of each hub, by its track.
        self._looks: dict[int, _Look] = {}

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

    def met(self, reference: Any, name: str) -> None:
        """Somebody waits for something that is known by that name from now on."""
        if len(self.semaphores) < _MOST_LOCKS and self._is_semaphore(reference()):
            self.semaphores[name] = reference

    def look(self, t_ns: int, hub: int) -> None:
        """The hub that runs, whose track that is, is about to poll: none of its greenlets runs.

        Tell who holds the locks for which somebody waits.
        """
        if not self.semaphores:
            return
        look = self._looks.get(hub)
        if look is None:
            look = self._looks[hub] = _Look()
        if t_ns < look.due_ns:
            return
        before, look.wanted = look.wanted, self._waited_for()
        if look.wanted - before or (look.wanted and t_ns >= look.again_ns):
            found = self._holders(look.wanted)
            for name, track in found:
                self._tie(t_ns, track, words.HOLDS, name)
            look.gap_ns = min(2 * look.gap_ns, _SELDOM_NS) if found == look.found else _AGAIN_NS
            look.found, look.again_ns = found, t_ns + look.gap_ns
        look.due_ns = t_ns + _PART * (self._recording.stream.clock() - t_ns)

    def _waited_for(self) -> set[str]:
        """The semaphores for which somebody waits."""
        found = set()
        for name, reference in list(self.semaphores.items()):
            thing = reference()
            if thing is None:
                self.semaphores.pop(name, None)
            elif _count_waiting(thing):
                found.add(name)
        return found

    def _holders(self, wanted: set[str]) -> list[tuple[str, int]]:
        """Which of these the greenlets of the hub that runs hold, in whose `with` blocks they are suspended; with their
        tracks."""
        hub, parent_of = self._greenlets.module.getcurrent(), self._greenlets.parent_of
        living = self._greenlets.living()
        if len(living) > _MOST_GREENLETS:
            return []
        found = []
        for greenlet in living:
            is_of_hub = parent_of(greenlet) is hub or parent_of(hub) is greenlet
            if is_of_hub and self._greenlets.is_active(greenlet):
                held = self._held(self._greenlets.frame_of(greenlet), self._name)
                found += [(name, self._ready.track_of(greenlet)) for name in held if name in wanted]
        return found

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
            code, place = frame.f_code, id(frame.f_code) + frame.f_lasti
            if place not in self.unheld:
                entered = self._greenlets.sites.entered(frame, name) if self._recording.own(code) else None
                if entered:
                    found += entered
                elif len(self.unheld) < _MOST_UNHELD:
                    self.unheld[place] = code
            frame = frame.f_back
        return [name for name in dict.fromkeys(found) if type(name) is str and name]

    def _name(self, thing: Any) -> str:
        # An RLock names its owner itself.
        return self._lock_name(thing) if type_name(type(thing)) not in _OWNED else ""

    def _is_semaphore(self, thing: Any) -> bool:
        names = {type_name(kind) for kind in bases_of(type(thing))}
        return not names.isdisjoint(_HELD) and names.isdisjoint(_OWNED)

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
