"""Watches eventlet: which greenlet is what, why one is suspended, and who makes one ready.

The switches themselves come from greenlet's trace function (greenlets/tracer.py). eventlet is Python, so the frames of
who is suspended tell the rest: a green thread's, what it waits for (frames.py), and the hub's, why it switches. Who
asked it to is noted when that is asked for, in `BaseHub.add_timer` (timers.py). What we put in the place of the hub's
functions has returned before anything of the program's runs: no frame of ours is on any stack.

All hooks run in the thread of the hub they belong to.
"""

from __future__ import annotations

import sys
from types import MethodType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.code import callable_name, own_frame
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.values import Shown, bases_of, dictionary, keep, type_name
from visualizer.tracers.runtimes.eventlet.frames import Frames, is_of_eventlet, variable, waiting_putter
from visualizer.tracers.runtimes.eventlet.timers import Asked, Timers, is_timeout, thrown
from visualizer.tracers.runtimes.greenlets.creation import function_of, stands_for
from visualizer.tracers.runtimes.greenlets.family import Family, store_suspension
from visualizer.tracers.runtimes.greenlets.polling import Polls
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_NOTHING = object()
#: Functions of eventlet's own that run another: a thread of a patched program, what a pool was given.
_STAND_INS = ("__thread_body", "_spawn_n_impl")


class EventletTracer(Family):
    name = "eventlet"

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._greenlets = greenlets = recording.of(GreenletTracer)
        self._hub_class: Any = None
        #: The module that says whether two may not wait for one descriptor.
        self._prevents: Any = None
        #: What stood where we have put something: (class, name, function).
        self._originals: list[tuple[Any, str, Any]] = []
        self._timers: Timers | None = None
        self._frames = Frames(Numbers(self._known_track).name)
        self._polls: dict[int, Polls] = {}
        #: The name of what a green thread that is about to get a track will run.
        self._name: str | None = None
        # By track.
        #: By which timer those who are ready were made so (its id); and who has not run yet.
        self._ready: dict[int, int] = {}
        self._unstarted: set[int] = set()
        #: Those who wait for the end of another.
        self._joining: set[int] = set()
        #: How often each was resumed; and the limits that those who run, or wait, have set for themselves.
        self._turns: dict[int, int] = {}
        self._limits: dict[int, list[Asked]] = {}
        greenlets.by_id.append(self._polls)

    def imported(self, name: str, module: ModuleType) -> None:
        known: Any = module
        if name == "eventlet.queue":
            self._replace(known.LightQueue, "_schedule_unlock", self._schedule_unlock)
            return
        self._hub_class = kind = known.BaseHub
        calls = known.timer.Timer.__call__.__code__, known.timer.LocalTimer.__call__.__code__
        self._timers = Timers(self._greenlets.module.greenlet, calls)
        self._greenlets.families.append(self)
        self._recording.hubs.append(_is_hub_here)
        self._replace(kind, "add_timer", self._add_timer)
        self._replace(kind, "sleep_until", self._sleep_until)
        self._replace(kind, "prepare_timers", self._prepare_timers)
        self._prevents = known
        self._replace(known.FdListener, "__init__", self._listener)
        if self._recording.control is not None:
            self._replace(kind, "__init__", self._init)

    def _replace(self, kind: Any, name: str, make: Callable[[Any], Any]) -> None:
        original = kind.__dict__[name]
        self._originals.append((kind, name, original))
        made = make(original)
        made.__name__, made.__qualname__, made.__doc__ = name, original.__qualname__, original.__doc__
        setattr(kind, name, made)

    def remove(self) -> None:
        self._timers = None
        if self in self._greenlets.families:
            self._greenlets.families.remove(self)
            self._recording.hubs.remove(_is_hub_here)
        for kind, name, original in self._originals:
            setattr(kind, name, original)
        for polls in self._polls.values():
            polls.stop()
        self._polls.clear()

    def finish(self, t_ns: int) -> None:
        """Nothing is known only at the end."""

    # What stands in eventlet's classes: each returns what is to stand in the place of `original`.

    def _guarded(self, call: Callable[..., None], *args: Any) -> None:
        try:
            call(*args)
        except Exception as error:
            self._recording.fail(self.name, error)

    def _add_timer(self, original: Any) -> Any:
        def add_timer(hub: Any, timer: Any) -> Any:
            if self._timers is not None:
                self._guarded(self._on_timer, self._timers, timer)
            return original(hub, timer)

        return add_timer

    def _schedule_unlock(self, original: Any) -> Any:
        """Somebody has put something into a queue, or made room in it, and others wait."""

        def _schedule_unlock(queue: Any) -> None:
            original(queue)
            if self._timers is not None:
                self._guarded(self._on_queue, self._timers, queue)

        return _schedule_unlock

    def _sleep_until(self, original: Any) -> Any:
        """The hub asks how long it may sleep, right before it does."""

        def sleep_until(hub: Any) -> Any:
            when = original(hub)
            if self._timers is not None:
                self._guarded(self._on_poll, hub)
            return when

        return sleep_until

    def _prepare_timers(self, original: Any) -> Any:
        """The first that the hub does after it has slept; nothing of the program's has run in between."""

        def prepare_timers(hub: Any) -> Any:
            polls = self._polls.get(id(dictionary(hub).get("greenlet")))
            if polls is not None:
                self._guarded(polls.after)
            return original(hub)

        return prepare_timers

    def _init(self, original: Any) -> Any:
        """A hub's clock stands still while the program is paused."""
        now = self._recording.now

        def __init__(hub: Any, clock: Any = None) -> None:  # noqa: N807
            original(hub, clock if clock is not None else lambda: now() / 1_000_000_000)

        return __init__

    def _listener(self, original: Any) -> Any:
        """What stands for a green thread that is to wait for a descriptor: it is made before that is refused."""

        def __init__(listener: Any, evtype: Any, fileno: Any, cb: Any, tb: Any, mark_as_closed: Any) -> None:  # noqa: N807
            original(listener, evtype, fileno, cb, tb, mark_as_closed)
            if self._timers is not None:
                self._guarded(self._on_listener, evtype, fileno)

        return __init__

    def _on_listener(self, direction: str, fd: int) -> None:
        listeners = dictionary(_hub_here()).get("listeners")
        known = listeners.get(direction) if type(listeners) is dict else None
        first = known.get(fd) if type(known) is dict and self._prevents.g_prevent_multiple_readers else None
        own = own_frame(sys._getframe(1), self._recording.own) if first is not None else None
        if own is None:
            return
        # It goes on with addresses.
        text = Shown(f"RuntimeError('Second simultaneous {direction} on fileno {fd} detected')")
        holder = self._greenlets.tracks.get(id(dictionary(first).get("greenlet")), words.NOBODY)
        stream, by = self._recording.stream, self._recording.current()
        stream.extend((lines.refused, stream.clock(), by, holder, (text, lines.NO_VALUE), own.f_code, own.f_lasti))

    def _on_poll(self, hub: Any) -> None:
        key = id(dictionary(hub).get("greenlet"))
        polls = self._polls.get(key)
        if polls is None:
            polls = self._polls[key] = Polls(self._recording, self._greenlets.tracks, key)
        polls.before()

    def _on_queue(self, timers: Timers, queue: Any) -> None:
        current = self._greenlets.module.getcurrent()
        timers.also(queue, self._track_of(current, self._recording.now()))

    def _on_timer(self, timers: Timers, timer: Any) -> None:
        """The greenlet that runs asks its hub for something."""
        current, t_ns = self._greenlets.module.getcurrent(), self._recording.now()
        track = self._track_of(current, t_ns)
        known = timers.add(timer, track, current, t_ns)
        if known is None:
            return
        asked, whom, args = known
        if asked.limits:
            asked.turn = self._turns.get(track, 0)
            self._limits.setdefault(track, []).append(asked)
            if type(args) is tuple and args and is_timeout(type(args[0])):
                frame = own_frame(sys._getframe(1), self._recording.own)
                asked.started = (frame.f_code, frame.f_lasti) if frame is not None else None
        if whom is None or whom is current:
            return
        target = self._greenlets.tracks.get(id(whom))
        if target is None:
            target = self._spawned(whom, args, t_ns)
        if not asked.ns and target not in self._ready:
            self._ready[target] = asked.key
            # It may be a generator that runs inside it.
            self._recording.ready(t_ns, target, words.CURRENT, self._cause(target))

    def _spawned(self, greenlet: Any, args: Any, t_ns: int) -> int:
        """The current greenlet has made another one, and has it started with these arguments."""
        run = function_of(greenlet, self._greenlets.module)
        if self.owns(type(greenlet)) and len(args) > 1:
            # What a green thread runs is what it is started with.
            run, args = args[0], args[1]
        if args and (callable_name(run) or "").rpartition(".")[2] in _STAND_INS:
            run = args[0]
        name = self._name = stands_for(run) or callable_name(run)
        frame = own_frame(sys._getframe(1), self._recording.own)
        is_own = frame is not None and self._recording.own(frame.f_code)
        track = self._greenlets.adopt(
            greenlet, t_ns, words.CURRENT, place=(frame.f_code, frame.f_lasti) if is_own else None, name=name
        )
        self._name = None
        self._unstarted.add(track)
        return track

    def _track_of(self, greenlet: Any, t_ns: int) -> int:
        track = self._greenlets.tracks.get(id(greenlet))
        return track if track is not None else self._greenlets.adopt(greenlet, t_ns)

    def _known_track(self, thing: Any) -> int | None:
        is_greenlet = issubclass(type(thing), self._greenlets.module.greenlet)
        return self._greenlets.tracks.get(id(thing)) if is_greenlet else None

    # What a greenlet is.

    def owns(self, kind: type) -> bool:
        module: Any = sys.modules.get("eventlet.greenthread")
        return module is not None and module.GreenThread in bases_of(kind)

    def describe(self, greenlet: Any) -> tuple[str, str] | None:
        run = function_of(greenlet, self._greenlets.module)
        is_new = type(run) is MethodType and self._hub_class in bases_of(type(run.__self__))
        if is_new or dictionary(_hub_here()).get("greenlet") is greenlet:
            return words.HUB, "hub"
        return (words.GREENLET, self._name or type_name(type(greenlet))) if self.owns(type(greenlet)) else None

    def outcome(self, greenlet: Any) -> tuple[str, Any] | None:
        """How a green thread ended: it keeps that for whoever waits for it."""
        if not self.owns(type(greenlet)):
            return None
        ended = dictionary(dictionary(greenlet).get("_exit_event"))
        error, result = ended.get("_exc"), ended.get("_result", _NOTHING)
        if type(error) is tuple:
            thrown = next((one for one in error if issubclass(type(one), BaseException)), None)
            killed = type_name(type(thrown)) == "GreenletExit"
            return words.KILLED if killed else words.RAISED, lines.NO_VALUE if thrown is None else keep(thrown)
        if result is _NOTHING or type_name(type(result)) == "NOT_USED":
            return None
        return words.RETURNED, keep(result)

    def thrown_in(self, frame: Any) -> Any:
        if frame.f_code.co_name == "kill" and is_of_eventlet(frame.f_code):
            return thrown(variable(frame, "throw_args"))
        asked = self._timers.running(frame) if self._timers is not None else None
        return asked.thrown if asked is not None else lines.NO_VALUE

    def collected(self, track: int) -> None:
        for known in (self._ready, self._turns, self._limits):
            known.pop(track, None)
        self._unstarted.discard(track)
        self._joining.discard(track)

    # Why one is suspended, and who wakes one: in the target, after the switch.

    def on_switch(self, t_ns: int, event: str, origin: Any, from_track: int, target: Any, to_track: int) -> int | None:
        hubs = self._greenlets.hubs
        if hubs.get(to_track) is self:
            if not self._greenlets.is_dead(origin):
                return self._on_suspension(t_ns, from_track, to_track, self._greenlets.frame_of(origin))
            return None
        self._turns[to_track] = self._turns.get(to_track, 0) + 1
        ready = self._ready.pop(to_track, None)
        if hubs.get(from_track) is self and self._timers is not None:
            polls = self._polls.get(id(origin))
            if polls is not None:
                polls.after()
            asked = self._timers.running(self._greenlets.frame_of(origin))
            giver = asked.giver(to_track) if asked is not None else words.NOBODY
            if ready is None or asked is None or asked.key != ready:
                waiting = self._known_track(waiting_putter(self._greenlets.frame_of(origin)))
                giver = giver if waiting is None or waiting == to_track else waiting
                self._wake(t_ns, event, from_track, to_track, asked, giver, ready is not None)
        elif ready is not None:
            self._recording.unready(t_ns, to_track)
        self._unstarted.discard(to_track)
        self._joining.discard(to_track)
        return None

    def _wake(
        self, t_ns: int, event: str, hub: int, track: int, asked: Asked | None, giver: int, ready: bool
    ) -> None:
        """The hub resumes one that nobody was seen to make ready, or that was made ready for something else."""
        if ready:
            self._recording.unready(t_ns, track)
        if asked is None:
            waker, cause = hub, words.IO if event == "switch" else words.THROW
        elif not asked.ns and giver != words.NOBODY:
            waker, cause = giver, self._cause(track)
        elif asked.limits and not asked.sleeps:
            waker, cause = hub, words.TIMEOUT
            if asked.is_stray and asked.started is not None:
                self._recording.stream.extend((lines.struck, t_ns, track, asked.ns, None, *asked.started))
        else:
            waker, cause = hub, words.TIMER
        self._recording.ready(t_ns, track, waker, cause)

    def _cause(self, track: int) -> str:
        if track in self._unstarted:
            return words.SPAWN
        return words.FINISHED if track in self._joining else words.CALLBACK

    def _on_suspension(self, t_ns: int, track: int, hub: int, frame: Any) -> int | None:
        own = own_frame(frame, self._recording.own)
        awaited = self._frames.awaited(frame, own)
        limit, limit_ns, fresh = self._first_due(track, t_ns)
        for one in self._limits.get(track, ()):
            one.look(frame)
        buffer = self._recording.stream.here(t_ns)
        if awaited.reason == words.SLEEP:
            sleep = self._limits[track][-1] if self._limits.get(track) else None
            if sleep is None:
                self._recording.waits(t_ns, track, words.SLEEP, "unknown")
                return None
            asked_ns = sleep.ns if limit is sleep else min(sleep.ns, limit_ns)
            self._recording.waits(t_ns, track, words.SLEEP, f"{sleep.ns / 1_000_000_000:g} s", asked_ns)
            if not sleep.ns:
                self._ready[track] = sleep.key
                self._recording.ready(t_ns, track, hub, words.TIMER)
            return None
        if awaited.reason == words.JOIN:
            self._joining.add(track)
        about = awaited.reason, limit_ns, awaited.thing, awaited.endpoint
        code, offset = (own.f_code, own.f_lasti) if own is not None else (None, 0)
        call = None if own is not None else awaited.reason
        return store_suspension(buffer, t_ns, track, about, code, offset, fresh, call)

    def _first_due(self, track: int, t_ns: int) -> tuple[Asked | None, int, bool]:
        """What ends the wait of `track` at the latest, in how long; and whether it was set for that wait."""
        limits = [asked for asked in self._limits.get(track, ()) if asked.runs]
        if not limits:
            self._limits.pop(track, None)
            return None, -1, True
        self._limits[track] = limits
        first = min(limits, key=lambda asked: asked.due_ns)
        if first.turn == self._turns.get(track, 0):
            return first, first.ns, True
        # One that is over already is no wait of 0 s, which is to yield.
        return first, max(1, first.due_ns - t_ns), False


def _is_hub_here() -> bool:
    return _hub_here() is not None


def _hub_here() -> Any:
    """The hub of this thread, None if there is none. It may be of a class of the program's."""
    hubs: Any = sys.modules.get("eventlet.hubs")
    return getattr(getattr(hubs, "_threadlocal", None), "hub", None)
