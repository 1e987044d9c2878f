"""Watches gevent: which greenlet is what, why one parks, and who makes one ready.

The switches themselves come from greenlet's trace function (greenlets.py), which leaves no frame of ours on any stack.
What that cannot tell comes from two places:

* the frames of the greenlet that has just parked. gevent's primitives are compiled and leave no Python frame, so the
  innermost frame is the program's own line, or a Python function of gevent's such as `gevent.hub.sleep`;
* the loop's `run_callback(function, *args)`, by which everything in gevent that makes a greenlet ready asks the hub to
  do so. It is called in the greenlet that causes it. We see it in a subclass of the loop, made where gevent's Hub takes
  its loop's class from.

All hooks run in the thread of the hub they belong to.
"""

from __future__ import annotations

import gc
import sys

from visualizer.trace import words
from visualizer.tracers import lines
from visualizer.tracers.buffer import Buffer
from visualizer.tracers.code import callable_name
from visualizer.tracers.gevent_calls import cause_of_frames, stands_for
from visualizer.tracers.gevent_hook import Giving, make_hook
from visualizer.tracers.gevent_polls import Poll, attributes
from visualizer.tracers.gevent_waits import Waits
from visualizer.tracers.greenlets import GreenletTracer
from visualizer.tracers.imports import Imports
from visualizer.tracers.recording import Recording, own_frame
from visualizer.tracers.values import keep, type_module, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.gevent_hook import Hook

#: Name of a class of gevent's, or of the standard library's that gevent has patched -> the reason of a wait in it.
_REASON_OF_TYPE = {
    "Event": words.EVENT,
    "AsyncResult": words.RESULT,
    "Semaphore": words.SEMAPHORE,
    "BoundedSemaphore": words.SEMAPHORE,
    "RLock": words.LOCK,
    "LockType": words.LOCK,
    "Condition": words.CONDITION,
    "Channel": words.CHANNEL,
    "Queue": words.QUEUE,
    "SimpleQueue": words.QUEUE,
    "Greenlet": words.JOIN,
    "Group": words.JOIN,
    "Pool": words.POOL,
    "ThreadPool": words.THREADPOOL,
    "Thread": words.JOIN,
}
_QUEUES = ("Queue", "SimpleQueue", "JoinableQueue", "LifoQueue", "PriorityQueue")
#: Objects that wake one for each who asks, so that one notification may serve several who did.
_ONE_AT_A_TIME = ("Semaphore", "BoundedSemaphore", "Channel", *_QUEUES)


class GeventTracer:
    name = "gevent"

    def __init__(self, recording: Recording, imports: Imports, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._imports = imports
        self._greenlets = greenlets
        self._hub_class: Any = None
        self._greenlet_class: Any = None
        self._loop_property: Any = None
        self._loops: dict[type, type] = {}
        self._polls: list[Poll] = []
        #: Tracks that are parked in a sleep, whose end is the hub's timer.
        self._sleeping: set[int] = set()
        #: Tracks that wait for something from outside -> the cause of the wake, if it is the hub's.
        self._awaited: dict[int, str] = {}
        #: Greenlets that were made ready and have not run since, by id.
        self._ready: dict[int, int] = {}
        self._giving: Any = None
        self._waits = Waits(recording.own, greenlets.sites)

    def install(self) -> str:
        self._imports.after("gevent.hub", self.name, self._begin)
        return "on when gevent is imported: a subclass of its loop, and greenlet.settrace"

    def remove(self) -> None:
        greenlets = self._greenlets
        greenlets.describe = greenlets.watch = greenlets.outcome = None
        for poll in self._polls:
            poll.stop()
        if self._hub_class is not None:
            self._hub_class.loop_class = self._loop_property

    def finish(self, t_ns: int) -> None:
        """Nothing is known only at the end."""

    def _begin(self, hub: ModuleType) -> None:
        module: Any = hub
        self._hub_class = module.Hub
        self._giving = Giving(module.sleep.__code__)
        self._loop_property = loop_property = module.Hub.__dict__["loop_class"]
        module.Hub.loop_class = property(lambda this: self._loop_class(loop_property.__get__(this)))
        self._imports.after("gevent.greenlet", self.name, self._begin_greenlets)
        greenlets = self._greenlets
        greenlets.describe, greenlets.watch, greenlets.outcome = self._describe, self._on_switch, self._outcome
        greenlets.by_id.append(self._ready)
        greenlets.make_hook = self._make_hook

    def _make_hook(self, buffer: Buffer) -> Hook:
        stream, greenlets = self._recording.stream, self._greenlets
        event = lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, None, 0
        buffer.resumed = buffer.shape(stream.clock(), event)
        tracks = greenlets.tracks, greenlets.living_hubs, self._ready, greenlets.raw
        return make_hook(buffer, stream.clock, self._giving, tracks, greenlets.unsettled, greenlets.on_event)

    def _begin_greenlets(self, module: ModuleType) -> None:
        self._greenlet_class = module.Greenlet

    # What a greenlet is.

    def _describe(self, greenlet: Any) -> tuple[str, str] | None:
        if isinstance(greenlet, self._hub_class):
            try:
                self._polls.append(Poll(self._recording, self._greenlets.tracks, greenlet))
            except TypeError:
                self._recording.note("This loop does not tell when it polls: the hub's idle time counts as running.")
            return words.HUB, "hub"
        if self._greenlet_class is not None and isinstance(greenlet, self._greenlet_class):
            run = greenlet.__dict__.get("_run")
            name = stands_for(run) or callable_name(run)
            if name == "_handle_and_close_when_done":
                # gevent.baseserver wraps the function that serves, and hands it over as the first argument.
                name = callable_name(self._greenlet_class.args.__get__(greenlet)[0])
            return words.GREENLET, name or type_name(type(greenlet))
        return None

    def _outcome(self, greenlet: Any) -> tuple[str, Any] | None:
        """How a gevent greenlet ended: it catches what its function raises, and keeps it."""
        kind = self._greenlet_class
        if kind is None or not isinstance(greenlet, kind):
            return None
        error = kind.exception.__get__(greenlet)
        if error is not None:
            return words.RAISED, keep(error)
        value = kind.value.__get__(greenlet)
        if type_name(type(value)) == "GreenletExit":
            return words.KILLED, keep(value)
        return words.RETURNED, keep(value)

    # Why one parks, and who wakes one: in the target, after the switch.

    def _on_switch(self, t_ns: int, event: str, origin: Any, from_track: int, target: Any, to_track: int) -> None:
        hubs = self._greenlets.hubs
        if to_track in hubs:
            frame = origin.gr_frame
            if frame is not None:
                self._on_park(t_ns, origin, from_track, to_track, frame)
            return
        if self._ready.pop(id(target), None) is None and from_track in hubs:
            about = self._waker(event, from_track, to_track, origin.gr_frame)
            self._recording.stream.extend((lines.wake, t_ns, to_track, about, None, None, 0))
        self._sleeping.discard(to_track)
        self._awaited.pop(to_track, None)

    def _on_park(self, t_ns: int, greenlet: Any, track: int, hub: int, frame: Any) -> None:
        if frame.f_code is self._giving.code:
            self._on_sleep(t_ns, greenlet, track, hub, frame)
            return
        own = own_frame(frame, self._recording.own)
        sites, awaited = self._greenlets.sites, self._waits.below(greenlet, frame, own)
        reason = awaited.reason or _reason_of_type(sites.receiver_type(own))
        if reason is None:
            awaited = self._waits.in_call(greenlet, own)
            reason = awaited.reason or self._waits.locks(frame, own)
        if awaited.cause is not None:
            self._awaited[track] = awaited.cause
        limit_ns = awaited.asked_ns if awaited.asked_ns >= 0 else sites.limit_ns(own)
        about = reason, limit_ns, awaited.endpoint
        self._recording.stream.extend((lines.wait_in_call, t_ns, track, about, None, own.f_code, own.f_lasti))

    def _on_sleep(self, t_ns: int, greenlet: Any, track: int, hub: int, frame: Any) -> None:
        stream = self._recording.stream
        buffer = stream.here(t_ns)
        state = self._here(buffer)
        giving = self._giving
        if giving.line < 0 and state.giving_way == track:
            giving.line = frame.f_lineno
        if frame.f_lineno == giving.line:
            giving.offsets.add(frame.f_lasti)
            stream.store(lines.wait, t_ns, track, (words.SLEEP, "0 s", 0))
            self._ready[id(greenlet)] = track
            stream.store(lines.wake, t_ns, track, (hub, words.TIMER))
            caller = frame.f_back
            if caller is not None and self._recording.own(caller.f_code):
                self._learn_sleep(buffer, caller.f_code, caller.f_lasti, t_ns)
            return
        seconds, state.timer_seconds = state.timer_seconds, None
        asked_ns = int(seconds * 1_000_000_000) if type(seconds) in (int, float) and 0 <= seconds < 1e9 else -1
        on = f"{seconds:g} s" if asked_ns >= 0 else "unknown"
        stream.extend((lines.wait, t_ns, track, (words.SLEEP, on, asked_ns), None, None, 0))
        self._sleeping.add(track)

    def _learn_sleep(self, buffer: Buffer, code: CodeType, offset: int, t_ns: int) -> None:
        """From now on the short way may be taken for a `sleep(0)` at this place."""
        buffer.sleeps[id(code) + offset] = buffer.shape(
            t_ns,
            (lines.wait, words.CURRENT, (words.SLEEP, "0 s", 0), None, None, 0),
            (lines.wake, words.CURRENT, (words.SUBJECT, words.TIMER), None, None, 0),
            (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
        )

    def _here(self, buffer: Buffer) -> _HubState:
        if buffer.hub is None:
            buffer.hub = _HubState()
        state: _HubState = buffer.hub
        return state

    def _state(self) -> _HubState:
        stream = self._recording.stream
        return self._here(stream.here(stream.clock()))

    def _waker(self, event: str, hub: int, track: int, frame: Any) -> tuple[int, str]:
        """Who made a greenlet ready that the hub switches to, and that nobody was seen to make ready before."""
        asked = self._state().asked
        if asked is not None:
            # Of several who put, got or released before the hub got round to it, only the first had to ask: whose doing
            # it is that the second is woken, we do not know.
            known, asked.woken = asked.wakes_all or not asked.woken, asked.woken + 1
            return asked.track if known and asked.track != track else words.NOBODY, asked.cause
        if event == "throw":
            # An answer of a resolver may be an error.
            answer = words.DNS if self._awaited.get(track) == words.DNS else words.THROW
            return hub, cause_of_frames(frame) or answer
        if track in self._sleeping:
            return hub, words.TIMER
        return hub, self._awaited.get(track) or cause_of_frames(frame) or words.UNKNOWN

    # The loop.

    def _loop_class(self, base: Any) -> Any:
        made = self._loops.get(base)
        if made is None:
            made = self._loops[base] = self._make_loop_class(base)
        # Each thread with a hub has greenlets, and a hook, of its own.
        stream = self._recording.stream
        stream.here(stream.clock()).hook = None
        self._greenlets.watch_thread()
        return made

    def _make_loop_class(self, base: Any) -> Any:
        tracer, base = self, self._waits.makers.loop_class(base)

        run, getframe, giving = base.run_callback, sys._getframe, self._giving
        sleep_code = giving.code

        def run_callback(this: Any, function: Any, *args: Any) -> Any:
            try:
                asking = getframe(1).f_code
            except ValueError:
                asking = None  # There is no Python function below: what a compiled one of gevent's does as a greenlet.
            if asking is sleep_code and giving.line >= 0:
                # The greenlet will be found parked there.
                return run(this, function, *args)
            return run(this, tracer._on_callback(function), *args)

        def timer(this: Any, after: Any, *args: Any, **more: Any) -> Any:
            tracer._state().timer_seconds = after
            return base.timer(this, after, *args, **more)

        # The same name and module as the class it stands for: gevent shows them.
        return type(
            base.__name__,
            (base,),
            {
                "run_callback": run_callback,
                "timer": timer,
                **attributes(base),
                "__module__": base.__module__,
                "__doc__": base.__doc__,
            },
        )

    def _on_callback(self, function: Any) -> Any:
        """Somebody asks the hub to call `function`. Return what the hub shall call."""
        try:
            return self._note_callback(function)
        except Exception as error:
            self._recording.fail(self.name, error)
            return function

    def _note_callback(self, function: Any) -> Any:
        owner: Any = getattr(function, "__self__", None) if type(function).__name__ in _BOUND else None
        greenlets, recording = self._greenlets, self._recording
        t_ns = recording.stream.clock()
        if isinstance(owner, greenlets.module.greenlet) and function.__name__ == "switch":
            cause = words.CALLBACK
            if id(owner) not in greenlets.tracks:
                greenlets.adopt(owner, t_ns, words.CURRENT, sys._getframe(3))
                cause = words.SPAWN
            self._make_ready(owner, t_ns, cause)
            return function
        if type(owner).__name__ == "Waiter":
            if owner.greenlet is not None:
                self._make_ready(owner.greenlet, t_ns, words.CALLBACK)
            elif sys._getframe(3).f_code is self._giving.code:
                self._state().giving_way = self._current(t_ns)
            return function
        return self._remember_asker(function, owner, t_ns)

    def _current(self, t_ns: int) -> int:
        greenlets = self._greenlets
        current = greenlets.module.getcurrent()
        track = greenlets.tracks.get(id(current))
        return greenlets.adopt(current, t_ns) if track is None else track

    def _on_behalf_of(self, current: int) -> _Asked | None:
        """What the hub itself does in a callback, it does for whoever asked for that."""
        return self._state().asked if current in self._greenlets.hubs else None

    def _make_ready(self, greenlet: Any, t_ns: int, cause: str) -> bool:
        """`greenlet` will run when the hub gets round to it. Return whether it is known."""
        track = self._greenlets.tracks.get(id(greenlet))
        if track is None:
            return False
        self._ready[id(greenlet)] = track
        current = self._current(t_ns)
        behalf = self._on_behalf_of(current)
        waker = words.CURRENT if behalf is None else behalf.track
        if behalf is None and current in self._greenlets.hubs:
            cause = self._cause_of_hub(track, cause)
        self._sleeping.discard(track)
        self._awaited.pop(track, None)
        self._recording.stream.extend((lines.wake, t_ns, track, (waker, cause), None, None, 0))
        return True

    def _cause_of_hub(self, track: int, cause: str) -> str:
        """Why the hub, of its own, makes `track` ready, which would else be said to be for `cause`."""
        doing = cause_of_frames(sys._getframe(2))
        if cause == words.SPAWN:
            return words.SIGNAL if doing == words.SIGNAL else cause
        if cause == words.CALLBACK or cause == doing:
            return self._awaited.get(track) or doing or cause
        return cause

    def _remember_asker(self, function: Any, owner: Any, t_ns: int) -> Any:
        """Wrap a callback that may wake others: whomever it does, we know who asked for it.

        Those who will be woken for certain, as far as one can see now, are ready from now on; who is not resumed after
        all, because somebody else came first, is told to wait on.
        """
        cause, asker = words.CALLBACK, self._current(t_ns)
        behalf = self._on_behalf_of(asker)
        if behalf is not None:
            cause, asker = behalf.cause, behalf.track
        elif asker in self._greenlets.hubs:
            cause = cause_of_frames(sys._getframe(2)) or cause
        if self._greenlet_class is not None and isinstance(owner, self._greenlet_class):
            # Who joins a greenlet that has ended already asks for its own wake-up, but it is that end which wakes it.
            cause, asker = words.FINISHED, self._greenlets.tracks.get(id(owner), asker)
        elif getattr(function, "__name__", "").startswith("_kill"):
            cause = words.KILL
        asked = _Asked(asker, cause, type(owner).__name__ not in _ONE_AT_A_TIME)
        made_ready = []
        for one in _waiting_on(owner):
            if self._make_ready(one, t_ns, cause):
                made_ready.append(id(one))
            asked.woken += 1

        def visualizer_callback(*args: Any) -> Any:
            state = self._state()
            before, state.asked = state.asked, asked
            try:
                return function(*args)
            finally:
                state.asked = before
                for key in made_ready:
                    track = self._ready.pop(key, None)
                    if track is not None:
                        stream = self._recording.stream
                        stream.extend((lines.unready, stream.clock(), track, None, None, None, 0))

        return visualizer_callback


class _HubState:
    """What is kept for a thread with a hub."""

    __slots__ = ("asked", "giving_way", "timer_seconds")

    def __init__(self) -> None:
        #: While the hub runs a callback: who asked for it.
        self.asked: _Asked | None = None
        #: A sleep of no length has just asked the hub to come back to this track.
        self.giving_way = words.NOBODY
        #: The seconds that the newest timer was asked to run, for the sleep that starts it next.
        self.timer_seconds: Any = None


class _Asked:
    """Who asked the hub for a callback, and how many greenlets that has made ready."""

    __slots__ = ("cause", "track", "wakes_all", "woken")

    def __init__(self, track: int, cause: str, wakes_all: bool) -> None:
        self.track = track
        self.cause = cause
        self.wakes_all = wakes_all
        self.woken = 0


def _waiting_on(owner: Any) -> list[Any]:
    """The greenlets that a notification by `owner`, one of gevent's own objects, will wake as things stand.

    Found where the garbage collector finds them, since gevent's compiled classes hide their fields: an event's links
    are the `switch` methods of who waits; a queue keeps a Waiter for each who gets (its second deque) or puts (third).
    """
    kind = type(owner)
    if not type_module(kind).startswith("gevent."):
        return []
    name = type_name(kind)
    held = gc.get_referents(owner)
    if name in ("Event", "AsyncResult", "Semaphore", "BoundedSemaphore"):
        links = next((thing for thing in held if type(thing) is list), [])
        waiting = [link.__self__ for link in links if type(link).__name__ in _BOUND]
        return waiting if name in ("Event", "AsyncResult") else waiting[: max(0, owner.counter)]
    if name in _QUEUES:
        deques = [thing for thing in held if type(thing).__name__ == "deque"]
        # With items the first who gets will have one; without, or when it is full, the first who puts has room.
        for waiters in deques[1:3] if len(deques) == 3 else ():
            first = next(iter(waiters), None)
            if first is not None and first.greenlet is not None:
                return [first.greenlet]
    return []


def _reason_of_type(kind: Any) -> str | None:
    """Why somebody waits in a method of an object of this type."""
    if not isinstance(kind, type):
        return None
    for base in type.mro(kind):
        if type_module(base).partition(".")[0] in ("gevent", "queue", "threading"):
            reason = _REASON_OF_TYPE.get(type_name(base))
            if reason is not None:
                return reason
    return None


_BOUND = frozenset(("builtin_function_or_method", "method", "cython_function_or_method", "method-wrapper"))
