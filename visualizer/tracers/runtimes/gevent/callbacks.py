"""Who asks a hub for what: each callback that is given to the hub's loop, seen in the greenlet that gives it.

Some are a greenlet's `switch`: that one is ready from now on. Others notify whoever waits for a thing, or throw: they
are wrapped, so that whomever the hub switches to meanwhile is known to be woken by who asked for it.
"""

from __future__ import annotations

import sys
from _collections import deque  # type: ignore[import-not-found]
from types import BuiltinFunctionType, FunctionType, MethodType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.call_sites import BOUND
from visualizer.tracers.core.code import is_of_runtime
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.unpatched import Local
from visualizer.tracers.core.values import Shown, keep, type_name
from visualizer.tracers.runtimes.gevent.attribution.services import OF_QUEUE, Pending, follows, service_of
from visualizer.tracers.runtimes.gevent.attribution.wait_queues import Service
from visualizer.tracers.runtimes.gevent.hub_frames import cause_of_frames
from visualizer.tracers.runtimes.gevent.ready import Ready, links_of
from visualizer.tracers.runtimes.gevent.spawns import Spawns
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.runtimes.gevent.at_sockets import Calls
    from visualizer.tracers.runtimes.gevent.ready import Doer

#: gevent.killall's callbacks; compiled functions without a name of their own are wrapped in one that Cython made.
_KILL_ALL = ("_killall", "_killall3", "wrap")


class Callbacks:
    """The callbacks that hubs are asked for."""

    def __init__(self, recording: Context, greenlets: GreenletTracer, ready: Ready, spawns: Spawns) -> None:
        self._recording = recording
        self._greenlets = greenlets
        self._ready = ready
        self._spawns = spawns
        #: Has what is kept for each thread, as `state`.
        self.local = Local()
        #: What is known of gevent's own classes whose objects ask the hub to notify whoever waits for them, by the
        #: class's id: itself, the function, how it is followed (services.py), and the class of what they keep.
        self.kinds: dict[int, tuple[type, Any, int, type]] = {}
        #: gevent's Greenlet, once it is there, and the code of `gevent.sleep`.
        self.greenlet_class: Any = None
        self.sleep_code: CodeType | None = None

    def state(self) -> HubState:
        """What is kept for the current thread."""
        try:
            state: HubState = self.local.state
        except AttributeError:
            state = self.local.state = HubState(self._recording.stream.new_table)
        return state

    def on_callback(self, function: Any, args: tuple[Any, ...]) -> tuple[Any, Callable[..., Any] | None]:
        """Somebody asks the hub to call `function`.

        Return what the hub shall call, and what makes of what the loop returns what the asker is to have; None if that
        is the same.
        """
        try:
            kind, greenlets, ready = type(function), self._greenlets, self._ready
            is_bound = kind is BuiltinFunctionType or kind is MethodType or type_name(kind) in BOUND
            owner: Any = getattr(function, "__self__", None) if is_bound else None
            t_ns = ready.now()
            if isinstance(owner, greenlets.module.greenlet) and function.__name__ == "switch":
                cause, track = words.CALLBACK, greenlets.tracks.get(id(owner))
                if track is None:
                    asking = sys._getframe(1).f_back
                    if asking is not None and asking.f_code.co_name == "spawn_raw" and is_of_runtime(asking.f_code):
                        track = greenlets.adopt(owner, t_ns, words.CURRENT, asking)
                        cause = words.SPAWN
                    else:
                        # Who has it switched to need not be who made it.
                        track = greenlets.adopt(owner, t_ns)
                starting = self._spawns.starting(owner, track)
                self._make_ready(owner, track, cause if starting is None else words.SPAWN)
                return function, starting
            if type_name(type(owner)) == "Waiter":
                waiting = owner.greenlet
                if waiting is not None:
                    if id(waiting) in greenlets.tracks:
                        self._make_ready(waiting, greenlets.tracks[id(waiting)], words.CALLBACK)
                elif (asking := sys._getframe(1).f_back) is not None and asking.f_code is self.sleep_code:
                    self.state().giving_way = ready.current()
                return function, None
            if self._is_the_programs(function):
                # Not wrapped: our frame would stand in the traceback of what it raises.
                return function, None
            return self._remember_asker(function, owner, args)
        except Exception as error:
            self._recording.fail("gevent", error)
            return function, None

    def _is_the_programs(self, function: Any) -> bool:
        """Whether a callback is code of the program's own, and not of gevent's, compiled or not."""
        if type(function) is MethodType:
            function = function.__func__
        if type(function) is FunctionType:
            return self._recording.own(function.__code__)
        return type_name(type(function)) not in BOUND

    def doer(self, cause: str = words.CALLBACK) -> Doer:
        """Who does what is done now: what the hub itself does in a callback, it does for whoever asked for that."""
        current = self._ready.current()
        asked = self.state().asked if current in self._greenlets.hubs else None
        return (current, cause) if asked is None else (asked.track, asked.cause)

    def _make_ready(self, greenlet: Any, track: int, cause: str) -> None:
        self._ready.keys[track] = id(greenlet)
        waker, _ = self.doer()
        if waker in self._greenlets.hubs:
            cause = self._cause_of_hub(track, cause)
        self._ready.report(track, (waker, cause), promised=False)

    def _cause_of_hub(self, track: int, cause: str) -> str:
        """Why the hub, of its own, makes `track` ready, which would else be said to be for `cause`."""
        doing = cause_of_frames(sys._getframe(2))
        if cause == words.SPAWN:
            return words.SIGNAL if doing == words.SIGNAL else cause
        if cause == words.CALLBACK or cause == doing:
            return self._ready.awaited.get(track) or doing or cause
        return cause

    def _remember_asker(
        self, function: Any, owner: Any, given: tuple[Any, ...]
    ) -> tuple[Any, Callable[..., Any] | None]:
        """Wrap a callback that may wake others: whomever it does, we know who asked for it.

        Those who will be woken for certain, as far as one can see now, are ready from now on; who is not resumed after
        all, because somebody else came first, is told to wait on.
        """
        asker, cause = self.doer()
        victims, thrown = self._killed(function, owner, given)
        if victims:
            cause = words.KILL
        elif self.greenlet_class is not None and isinstance(owner, self.greenlet_class):
            # Who joins a greenlet that has ended already asks for its own wake-up, but it is that end which wakes it.
            cause, asker = words.FINISHED, self._greenlets.tracks.get(id(owner), asker)
        elif asker in self._greenlets.hubs:
            cause = cause_of_frames(sys._getframe(2)) or cause
        running = self.state().asked
        if running is not None and running.service is not None and running.owner is owner:
            # A semaphore asks once more at the end of its notification, if something is left.
            asked = Asked(asker, cause, owner, running.service)
        else:
            asked = Asked(asker, cause, owner, service_of(owner, self._ready))
            if asked.service is not None:
                asked.service.ask(self._greenlets.module.getcurrent(), (asker, cause))
        if self._recording.compiled is not None:
            self._learn_kind(function, owner)
        asked.thrown = thrown
        ends = owner is self._greenlets.module.getcurrent()
        waiting = victims or (map(self._ready.linked, links_of(owner)) if asked.service is None and not ends else ())
        wakes = []
        for track in waiting:
            if self._is_waiting(track):
                known = self._ready.awaited.get(track, cause) if asker in self._greenlets.hubs else cause
                wakes.append((track, self._ready.report(track, (asker, known))))

        def visualizer_callback(*args: Any) -> Any:
            state = self.state()
            before, state.asked = state.asked, asked
            try:
                self._begin_notifying(asked)
                if victims:
                    self._look_for_dead(asked, args)
                return function(*args)
            finally:
                state.asked = before
                self._end_notifying(asked, wakes)

        return visualizer_callback, None if asked.service is None else lambda callback: self._pending(callback, asked)

    def _learn_kind(self, function: Any, owner: Any) -> None:
        """From now on the short way in C may be taken where objects of the class of `owner` ask for that."""
        kind = type(owner)
        followed = follows(kind, kind is self.greenlet_class)
        if followed and id(kind) not in self.kinds and type(function) is MethodType:
            name = "_unlock" if followed == OF_QUEUE else "_notify_links"
            if function.__name__ == name:
                self.kinds[id(kind)] = kind, function.__func__, followed, deque

    def _pending(self, callback: Any, asked: Asked) -> Any:
        """What the object shall have of the loop's that asked for it: it is looked at by whoever would ask again."""
        turns = self._ready.turns
        make = Pending if turns is None else turns.pending
        return make(callback, asked, self._ask_again)

    def _killed(self, function: Any, owner: Any, given: tuple[Any, ...]) -> tuple[list[int], Any]:
        """Whom a callback is going to throw into (their tracks), and what."""
        name, kind = getattr(function, "__name__", ""), self._greenlets.module.greenlet
        first = given[0] if given else None
        victims: list[Any] = []
        if name == "throw":
            victims, given = [owner], (None, *given)
        elif name == "_kill":
            victims = [first]
        elif type(first) is list and name in _KILL_ALL:
            victims = first
        if not victims or not all(issubclass(type(one), kind) for one in victims):
            return [], lines.NO_VALUE
        return [self._ready.track_of(one) for one in victims], _exception(*given[1:2])

    def _look_for_dead(self, asked: Asked, given: tuple[Any, ...]) -> None:
        """Somebody may have ended between being asked to be killed and now."""
        first, kind = given[0] if given else None, self._greenlets.module.greenlet
        for one in first if type(first) is list else (first,):
            if issubclass(type(one), kind) and kind.dead.__get__(one):
                asked.ended = self._ready.track_of(one), words.FINISHED

    def _is_waiting(self, track: int) -> bool:
        return track != words.NOBODY and not self._ready.has(track)

    def _begin_notifying(self, asked: Asked) -> None:
        if asked.service is not None:
            try:
                self._ready.now()
                asked.service.look(None)
            except Exception as error:
                asked.service = None
                self._recording.fail("gevent", error)

    def _end_notifying(self, asked: Asked, wakes: list[tuple[int, int]]) -> None:
        self._ready.now()
        for track, wake in wakes:
            self._ready.take_back(track, wake)
        if asked.service is not None:
            asked.service.close()
        # What the thing asked with, it keeps.
        asked.service = asked.owner = None

    def _ask_again(self, asked: Asked) -> None:
        """Somebody does to an object what would have had it ask the hub, which it has already."""
        if asked.service is not None:
            try:
                self._ready.now()
                asked.service.ask(self._greenlets.module.getcurrent(), self.doer())
            except Exception as error:
                asked.service = None
                self._recording.fail("gevent", error)


class HubState:
    """What is kept for a thread with a hub."""

    __slots__ = ("asked", "giving_way", "resumed", "sleeps", "sockets", "spawns", "waits")

    def __init__(self, new_table: Callable[[], dict[int, Any]]) -> None:
        #: Shapes by the place of a call of `sleep(0)` (as `Buffer.shapes`), and that of a resumption by the hub.
        self.sleeps: dict[int, int] = new_table()
        self.resumed = -1
        #: By the place of a call that waits for something: the shape of that without saying for what, of which class
        #: that is, by which names it is found, whether it is for what can be held meanwhile, and the method's name. If
        #: that is "", what has made the thing, and by which names that is found.
        self.waits: dict[int, tuple[int, Any, tuple[str, ...], bool, str]] = new_table()
        #: Where greenlets wait for sockets (at_sockets.py).
        self.sockets: Calls = new_table()
        #: By the place of a call that spawns a function: the shape of that, the function's code and name, the parent's
        #: track, and the place. For the recorder in C.
        self.spawns: dict[int, tuple[Any, ...]] = new_table()
        #: While the hub runs a callback: who asked for it.
        self.asked: Asked | None = None
        #: A sleep of no length has just asked the hub to come back to this track.
        self.giving_way = words.NOBODY


class Asked:
    """Who asked the hub for a callback, of what object, and whom that serves."""

    __slots__ = ("cause", "ended", "owner", "service", "thrown", "track")

    def __init__(self, track: int, cause: str, owner: Any, service: Service | None) -> None:
        self.track = track
        self.cause = cause
        self.owner = owner
        self.service = service
        #: By whom the asker itself goes on, if the callback resumes it: a kill by who ended last, else by itself.
        self.ended = track, words.CALLBACK if cause == words.KILL else cause
        #: What the callback throws, if it kills.
        self.thrown: Any = lines.NO_VALUE


def _exception(thrown: Any = None) -> Any:
    """What is thrown, kept as text: an exception, its class, or (class, exception, traceback)."""
    if type(thrown) is tuple and len(thrown) == 3:
        thrown = thrown[1] if thrown[1] is not None else thrown[0]
    if thrown is None:
        return Shown("GreenletExit()")
    return Shown(f"{type_name(thrown)}()") if isinstance(thrown, type) else keep(thrown)
