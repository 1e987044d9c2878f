"""Watches gevent: which greenlet is what, why one is suspended, and who makes one ready.

The switches themselves come from greenlet's trace function (tracer.py), which leaves no frame of ours on any stack.
What that cannot tell comes from two places:

* the frames of the greenlet that has just suspended. gevent's primitives are compiled and leave no Python frame, so the
  innermost frame is the program's own line, or a Python function of gevent's such as `gevent.hub.sleep`;
* the loop's `run_callback(function, *args)`, by which everything in gevent that makes a greenlet ready asks the hub to
  do so. It is called in the greenlet that causes it. We see it in a subclass of the loop, made where gevent's Hub takes
  its loop's class from.

All hooks run in the thread of the hub they belong to.
"""

from __future__ import annotations

import sys

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import VALUE_BIT, Buffer
from visualizer.tracers.core.call_sites import BOUND, JOINS, New, Receiver, attribute_of
from visualizer.tracers.core.code import callable_name, is_generated, is_of_runtime, own_frame
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.object_ids import Numbered, Numbers
from visualizer.tracers.core.queue_sizes import Sizes, by_slots
from visualizer.tracers.core.values import Shown, bases_of, dictionary, keep, show, type_module, type_name
from visualizer.tracers.core.variables import Unknown
from visualizer.tracers.runtimes.gevent import at_sockets, served
from visualizer.tracers.runtimes.gevent.attribution.item_owners import UNKNOWN
from visualizer.tracers.runtimes.gevent.callbacks import Asked, Callbacks, HubState
from visualizer.tracers.runtimes.gevent.deadlocks import Ties
from visualizer.tracers.runtimes.gevent.fast_path import Giving, Turns, make_hook
from visualizer.tracers.runtimes.gevent.hub_frames import cause_of_frames
from visualizer.tracers.runtimes.gevent.limits import Limit, Limits
from visualizer.tracers.runtimes.gevent.polling import Poll, attributes
from visualizer.tracers.runtimes.gevent.ready import Ready, store_unready, store_wake
from visualizer.tracers.runtimes.gevent.refusals import Refusals
from visualizer.tracers.runtimes.gevent.spawns import Spawns, given_name
from visualizer.tracers.runtimes.gevent.waits import HUB_ENDS, Waits
from visualizer.tracers.runtimes.greenlets.creation import stands_for
from visualizer.tracers.runtimes.greenlets.family import Family, store_suspension
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from visualizer.tracers.core.sockets import Endpoint
    from visualizer.tracers.runtimes.greenlets.family import Hook

#: Name of a class of gevent's, or of the standard library's that gevent has patched -> the reason of a wait in it.
_REASON_OF_TYPE = {
    "Event": words.EVENT,
    "AsyncResult": words.RESULT,
    "Semaphore": words.SEMAPHORE,
    "BoundedSemaphore": words.SEMAPHORE,
    "RLock": words.LOCK,
    "_RLock": words.LOCK,
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
    "IMapUnordered": words.RESULT,
    "IMap": words.RESULT,
}
#: Methods whose results somebody goes through, in whichever of the calls that make them, or behind them.
_RESULTS = ("imap", "imap_unordered")
_class_dict = type.__dict__["__dict__"].__get__


class GeventTracer(Family):
    name = "gevent"

    def __init__(self, recording: Context) -> None:
        self._recording = recording
        self._greenlets = greenlets = recording.of(GreenletTracer)
        self._hub_class: Any = None
        self._greenlet_class: Any = None
        self._loop_property: Any = None
        self._loops: dict[type, type] = {}
        self._polls: list[Poll] = []
        self._limits = Limits(recording, greenlets)
        self._ready = Ready(recording, greenlets)
        self._waits = Waits(recording.own, greenlets.sites)
        self._sizes: Sizes | None = None
        self._numbers = Numbers(self._known_track, self._met, new_table=recording.stream.new_table)
        self._spawns = Spawns(recording, greenlets, self._ready, self.outcome)
        self._callbacks = Callbacks(recording, greenlets, self._ready, self._spawns)
        self._ties = Ties(recording, greenlets, self._ready, self._numbers)
        #: What is looked at before a hub polls, if there is anything.
        self._looked_at: list[dict[Any, Any]] = [self._ties.semaphores]
        self._served = served.Served(recording, greenlets)
        self._refusals = Refusals(recording, greenlets)
        self._giving: Any = None
        self._pause: Callable[[Any], None] | None = None
        if recording.control is not None:
            # With ctypes, which whatever pauses a program imports (control/rehook.py).
            from visualizer.tracers.runtimes.gevent.timers import pause_with

            self._pause = pause_with(recording.control)

    def remove(self) -> None:
        if self in self._greenlets.families:
            self._greenlets.families.remove(self)
            self._recording.hubs.remove(_is_hub_here)
        self._spawns.remove()
        self._served.remove()
        self._refusals.remove()
        for poll in self._polls:
            poll.stop()
        if self._hub_class is not None:
            self._hub_class.loop_class = self._loop_property

    def finish(self, t_ns: int) -> None:
        self._spawns.finish(t_ns)

    def imported(self, name: str, module: ModuleType) -> None:
        if name in served.MODULES:
            self._served.imported(name, module)
            return
        known: Any = module
        if name == "gevent.exceptions":
            self._refusals.begin(known.ConcurrentObjectUseError)
            return
        if name == "gevent.queue":
            self._sizes = Sizes(by_slots(known.SimpleQueue, "maxsize", "queue"), self._numbers.of_no_track)
            self._looked_at.append(self._sizes.known)
            return
        if name == "gevent.greenlet":
            self._greenlet_class = self._callbacks.greenlet_class = known.Greenlet
            self._spawns.begin(known.Greenlet, self._turns(), lambda: self._callbacks.state().spawns)
            return
        self._hub_class = known.Hub
        self._giving = Giving(known.sleep.__code__)
        self._callbacks.sleep_code = known.sleep.__code__
        self._loop_property = loop_property = known.Hub.__dict__["loop_class"]
        known.Hub.loop_class = property(lambda this: self._loop_class(loop_property.__get__(this)))
        self._greenlets.by_id += [self._ready.by_id, self._limits.of, self._limits.waiting]
        self._greenlets.families.append(self)
        self._recording.hubs.append(_is_hub_here)

    def _fail(self, error: BaseException) -> None:
        self._recording.fail(self.name, error)

    def _turns(self) -> Any:
        """What follows in C who is ready, and by whom; None where it cannot, or not yet."""
        ready, limits, greenlets, stream = self._ready, self._limits, self._greenlets, self._recording.stream
        compiled, kind = self._recording.compiled, self._greenlet_class
        if compiled is None or kind is None or ready.turns is not None:
            return ready.turns
        own = _class_dict(kind)
        if not all(hasattr(own.get(name), "__get__") for name in ("exception", "value")):
            return None  # gevent is not compiled.
        fields = {
            "everybody": greenlets.tracks, "hubs": greenlets.living_hubs, "ready": ready.by_id,
            "promised": ready.promised, "first": ready.first, "unstarted": ready.unstarted, "sleeping": ready.sleeping,
            "outwaiting": ready.outwaiting, "awaited": ready.awaited, "keys": ready.keys, "wakes": ready.wakes,
            "limits": limits.of, "limited": limits.waiting, "unheld": self._ties.unheld,
            "numbers": self._numbers.known, "numbered": Numbered, "asked_type": Asked,
            "greenlet": greenlets.module.greenlet, "getcurrent": greenlets.module.getcurrent, "local": stream.local,
            "here": stream.here, "times": ready, "track_of": ready.track_of, "linked": ready.linked,
            "store_wake": store_wake, "store_unready": store_unready, "doer": self._callbacks.doer,
            "fail": self._fail, "unknown": UNKNOWN,
            "callback": words.CALLBACK, "finished": words.FINISHED, "states": self._callbacks.local,
            "kinds": self._callbacks.kinds, "new": greenlets.new, "references": greenlets.references,
            "errors": self._recording.thread_errors.found, "dead": greenlets.module.greenlet.__dict__["dead"],
            "gevents": kind, "error_of": own["exception"], "value_of": own["value"],
            "cancelled": self._spawns.cancelled, "spawn_cause": words.SPAWN, "wake_line": lines.wake,
            "kill": words.KILL, "io": words.IO, "named": self._numbers.of_no_track, "said": Buffer.said,
            "state_type": HubState,
        }  # fmt: skip
        ready.turns = compiled.turns(fields)
        return ready.turns

    def hook(self, buffer: Buffer, otherwise: Hook) -> Hook | None:
        """The short way (fast_path.py)."""
        stream, greenlets, state = self._recording.stream, self._greenlets, self._callbacks.state()
        if state.resumed < 0:
            event = lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, None, 0
            state.resumed = buffer.shape(stream.clock(), event)
            buffer.tables += [state.sleeps, state.waits, state.sockets, state.spawns]
        giving, unsettled, compiled = self._giving, greenlets.unsettled, self._recording.compiled
        if compiled is None:
            tracks = greenlets.tracks, greenlets.living_hubs, self._ready.by_id, greenlets.raw
            errors = self._recording.thread_errors.found
            short = Turns(
                greenlets, self._ready, self._limits, self._numbers, self._ties.unheld, errors, self._returned_nothing
            )
            frame_of, fail = greenlets.frame_of, self._fail
            return make_hook(buffer, stream.clock, giving, tracks, state, unsettled, otherwise, frame_of, short, fail)
        turns = self._turns()
        if turns is None:
            # There can be no hub yet, or gevent is not compiled.
            return None
        hook: Hook = compiled.hub_hook(
            buffer, greenlets.raw, unsettled, greenlets.suspended_in, otherwise, turns, state, state.sleeps,
            state.waits, state.sockets, state.resumed, giving.code, giving.offsets,
        )
        return hook

    def _met(self, reference: Any, name: str) -> None:
        if self._sizes is not None:
            self._sizes.met(reference, name)
        self._ties.met(reference, name)

    def _waits_in(self, frame: Any) -> None:
        """Somebody waits in that frame of the program's own."""
        if self._sizes is not None:
            self._sizes.waits_in(frame, self._recording.own)

    def _before_poll(self, t_ns: int, hub: int) -> None:
        """A hub is about to poll."""
        try:
            self._ties.look(t_ns, hub)
            if self._sizes is not None:
                self._sizes.look(t_ns, self._recording.stream.store, hub)
        except Exception as error:
            self._recording.fail(self.name, error)

    # What a greenlet is.

    def owns(self, kind: type) -> bool:
        return any(type_module(base).startswith("gevent.") for base in bases_of(kind))

    def describe(self, greenlet: Any) -> tuple[str, str] | None:
        if isinstance(greenlet, self._hub_class):
            if self._pause is not None:
                self._pause_loop(self._pause, greenlet.loop)
            try:
                tracks, looked_at = self._greenlets.tracks, self._looked_at
                self._polls.append(Poll(self._recording, tracks, greenlet, self._before_poll, looked_at))
            except TypeError:
                self._recording.note("This loop does not tell when it polls: the hub's idle time counts as running.")
            return words.HUB, "hub"
        if self._greenlet_class is not None and isinstance(greenlet, self._greenlet_class):
            run = greenlet.__dict__.get("_run")
            args = self._greenlet_class.args.__get__(greenlet)
            name = stands_for(run) or served.name_of(run, args) or callable_name(run)
            return words.GREENLET, given_name(greenlet) or name or type_name(type(greenlet))
        return None

    def _pause_loop(self, pause: Callable[[Any], None], loop: Any) -> None:
        try:
            pause(loop)
        except Exception as error:
            self._recording.note(f"Timers of gevent run on while the program is held: {show(error)}.")

    def outcome(self, greenlet: Any) -> tuple[str, Any] | None:
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

    def _returned_nothing(self, greenlet: Any) -> bool:
        kind = self._greenlet_class
        if kind is None or not isinstance(greenlet, kind) or not self._greenlets.is_dead(greenlet):
            return False
        return kind.exception.__get__(greenlet) is None and kind.value.__get__(greenlet) is None

    def collected(self, track: int) -> None:
        self._spawns.collected(track)

    def thrown(self, scheduler: int) -> Any:
        """What the hub throws in the callback that it runs; NO_VALUE if it does not."""
        asked = self._callbacks.state().asked
        return asked.thrown if asked is not None else lines.NO_VALUE

    # Why one is suspended, and who wakes one: in the target, after the switch.

    def on_switch(self, t_ns: int, event: str, origin: Any, from_track: int, target: Any, to_track: int) -> int | None:
        hubs = self._greenlets.hubs
        ready, state = self._ready, self._callbacks.state()
        asked = state.asked
        service = asked.service if asked is not None else None
        ready.t_ns = t_ns
        if self._spawns.unsettled:
            self._spawns.settle(t_ns)
        if to_track in hubs:
            if service is not None:
                service.look(origin)
            if not self._greenlets.is_dead(origin):
                return self._on_suspension(t_ns, origin, from_track, to_track, self._greenlets.frame_of(origin))
            if asked is not None and asked.cause == words.KILL:
                # Who kills and waits for that goes on by the end of whom it killed.
                asked.ended = from_track, words.FINISHED
            return state.resumed if event == "switch" else None
        is_by_hub = from_track in hubs
        if is_by_hub and event == "switch" and service is not None:
            service.serve(to_track)
        over = self._limits.over(target)
        is_thrown = is_by_hub and event == "throw"
        # None as well of a hub that has ended by what it throws into its parent.
        frame = self._greenlets.frame_of(origin)
        cause = cause_of_frames(frame) if is_thrown and asked is None else None
        if cause == words.TIMEOUT and over is not None and over.is_stray and over.started is not None:
            self._recording.stream.extend((lines.struck, t_ns, to_track, over.asked_ns, None, *over.started))
        if not ready.ran(target, to_track, is_by_hub and asked is not None, cause != words.TIMEOUT) and is_by_hub:
            about = self._waker(event, from_track, to_track, frame, over)
            is_told = is_thrown and about[1] == words.THROW and self._greenlets.parent_of(origin) is target
            if is_told and frame is not None and _is_loop_exit(self._greenlets.sites.thrown(frame)):
                self._ties.report(t_ns, origin, to_track)
            store_wake(self._recording.stream.here(t_ns), t_ns, to_track, about)
        if to_track in ready.unstarted:
            self._spawns.on_run(target, to_track)
        ready.unsuspend(to_track)
        if is_by_hub and event == "switch" and frame is not None:
            return state.resumed
        return None

    def _on_suspension(self, t_ns: int, greenlet: Any, track: int, hub: int, frame: Any) -> int | None:
        if frame is not None and frame.f_code is self._giving.code:
            return self._on_sleep(t_ns, greenlet, track, hub, frame)
        own = own_frame(frame, self._recording.own)
        self._waits_in(own)
        limit, limit_ns, again = self._limits.first_due(greenlet), -1, True
        if limit is not None:
            limit_ns, again = self._limits.left_ns(greenlet, limit, t_ns)
        if own is None:
            awaited = self._waits.below(greenlet, frame, None)
            reason, thing, call = self._waited_on_by(greenlet, frame, awaited.reason)
            if reason == words.LOCK:
                self._ties.report_owner(t_ns, thing)
            if awaited.cause is not None:
                self._ready.awaited[track] = awaited.cause
            about = reason, limit_ns, thing, awaited.endpoint
            return store_suspension(self._recording.stream.here(t_ns), t_ns, track, about, None, 0, again, call)
        awaited, thing = self._waits.below(greenlet, frame, own), ""
        reason = awaited.reason
        if reason is HUB_ENDS:
            reason, thing = words.JOIN, f"track {hub}"
            self._ready.outwaiting[track] = True
        elif reason is None:
            reason, thing = self._waited_on(frame, own)
        if reason is None:
            awaited = self._waits.in_call(greenlet, own)
            reason = awaited.reason or self._waits.locks(frame, own)
        if reason is None and own is not frame and not self._waits.is_called_by(own, frame):
            # What the call is named after is a function of a library's.
            reason = words.UNKNOWN
        if reason == words.SEMAPHORE or reason == words.LOCK:
            self._ties.report_held(t_ns, track, own)
            self._ties.report_owner(t_ns, thing)
        if awaited.cause is not None:
            self._ready.awaited[track] = awaited.cause
        about, buffer = (reason, limit_ns, thing, awaited.endpoint), self._recording.stream.here(t_ns)
        shape = store_suspension(buffer, t_ns, track, about, own.f_code, own.f_lasti, again)
        if shape is not None and own is frame and limit is None:
            if thing:
                self._learn_wait(reason, frame, shape)
            elif reason is None:
                self._learn_join(frame, shape)
        elif shape is not None and limit is None and awaited.endpoint is not None and reason == words.IO:
            self._learn_socket(frame, own, awaited.endpoint, shape)
        return shape

    def _learn_socket(self, frame: Any, own: Any, end: Endpoint, shape: int) -> None:
        """The same where somebody begins to wait for a socket, in `frame`, which `own` has called."""
        if self._recording.own(own.f_code) and not is_generated(own.f_code):
            sockets, new_table = self._callbacks.state().sockets, self._recording.stream.new_table
            at_sockets.learn(sockets, frame, own, self._greenlets.sites, self._waits.addresses, end, shape, new_table)

    def _learn_wait(self, reason: str | None, frame: Any, shape: int) -> None:
        """From now on the short way may be taken where somebody begins to wait at the place where `frame` is, for a
        thing of that kind that is known by name. `shape`: of this wait."""
        site, waits = self._greenlets.sites.at(frame), self._callbacks.state().waits
        called = self._greenlets.sites.receiver(frame, lambda called: called)
        # An RLock tells its owner.
        if site.path is None or type(called) is not Receiver or reason == words.LOCK:
            return
        kind = type(called.thing)
        if kind is self._greenlet_class or (_is_wholly_gevents(kind) and id(called.thing) in self._numbers.known):
            # Who waits for a lock may hold others: the short way has to make sure of that.
            is_held, bare = reason == words.SEMAPHORE, shape & (1 << VALUE_BIT) - 1
            waits[id(site.code) + frame.f_lasti] = bare, kind, _interned(site.path), is_held, called.method

    def _learn_join(self, frame: Any, shape: int) -> None:
        """The same where somebody joins what the same function has just made: `gevent.spawn(work).join()`."""
        site = self._greenlets.sites.at(frame)
        made = self._greenlets.sites.receiver(frame, lambda called: called)
        if site.maker is not None and type(made) is Receiver and type(made.thing) is New and made.method == "join":
            waits = self._callbacks.state().waits
            waits[id(site.code) + frame.f_lasti] = shape, made.thing.kind, _interned(site.maker), False, ""

    def _waited_on(self, frame: Any, own: Any) -> tuple[str | None, str]:
        """Why somebody waits that is suspended in `frame`, and on which thing, from the calls it is suspended in.

        The outermost of them from `own`, the frame of the program's own, that is a method of a known thing tells it.
        """
        sites, numbers = self._greenlets.sites, self._numbers
        told: tuple[str | None, str] = None, ""
        stop = own.f_back
        while frame is not stop:
            # with_timeout calls what the program has given it.
            if not is_of_runtime(frame.f_code) or frame.f_code.co_name == "with_timeout":
                known = sites.receiver(frame, self._reason_and_name)
                if known is not lines.NO_VALUE and known[0] is not None:
                    told = known
            frame = frame.f_back
        if told[0] is not None:
            return told
        thing = sites.joined(own, numbers.name)
        return None, thing if type(thing) is str else ""

    def _reason_and_name(self, called: Receiver) -> tuple[str | None, str]:
        """Why somebody waits in that method, and on which thing."""
        thing, method = called.thing, called.method
        kind = thing.kind if type(thing) is New else type(thing)
        reason = _reason_of_type(kind, method)
        if reason is None or method in _RESULTS:
            return (reason and words.RESULT), ""
        if reason == words.CONDITION and not method:
            try:
                # To enter it is to acquire its lock.
                return self._reason_and_name(Receiver(attribute_of(thing, "_lock"), method))
            except Unknown:
                return reason, ""
        # The greenlet of an `imap` only has others started whose results they are.
        has_name = type(thing) is not New and (reason != words.RESULT or self._known_track(thing) is None)
        return reason, self._numbers.name(thing) if has_name else ""

    def _waited_on_by(self, greenlet: Any, frame: Any, below: str | None) -> tuple[str | None, str, str | None]:
        """Why a greenlet waits that has no frame of the program's: reason, thing, and what it called, as text.

        It runs a function of gevent's, which a Greenlet keeps until its end, with what it was called with. `below`: the
        reason that the frames give.
        """
        reason = below or (self._waits.locks(frame, None) if frame is not None else None)
        kind = self._greenlet_class
        run: Any = dictionary(greenlet).get("_run") if kind is not None and isinstance(greenlet, kind) else None
        while type_name(type(run)) == "partial" and type_module(type(run)) == "functools":
            run = run.func
        name = callable_name(run)
        if name is None or type_name(type(run)) not in BOUND:
            return reason or words.UNKNOWN, "", None
        owner, method = getattr(run, "__self__", None), name.rpartition(".")[2]
        known, thing = self._reason_and_name(Receiver(owner, method))
        if known is not None:
            return known, thing, f"{type_name(type(owner))}.{method}()"
        args = kind.args.__get__(greenlet)
        if name in JOINS and type(args) is tuple and args:
            return words.JOIN, self._numbers.name(args[0]), f"{name}()"
        return reason or words.UNKNOWN, "", f"{name}()"

    def _known_track(self, thing: Any) -> int | None:
        """The track of a greenlet; None of what is none."""
        is_greenlet = issubclass(type(thing), self._greenlets.module.greenlet)
        return self._ready.track_of(thing) if is_greenlet else None

    def _on_sleep(self, t_ns: int, greenlet: Any, track: int, hub: int, frame: Any) -> int | None:
        stream = self._recording.stream
        buffer = stream.here(t_ns)
        state = self._callbacks.state()
        giving = self._giving
        if giving.line < 0 and state.giving_way == track:
            giving.line = frame.f_lineno
        caller = frame.f_back
        self._waits_in(caller)
        if frame.f_lineno == giving.line:
            giving.offsets.add(frame.f_lasti)
            known = state.sleeps.get(id(caller.f_code) + caller.f_lasti) if caller is not None else None
            if known is not None:
                self._ready.by_id[id(greenlet)] = track
                return known
            stream.store(lines.wait, t_ns, track, (words.SLEEP, "0 s", 0))
            self._ready.by_id[id(greenlet)] = track
            stream.store(lines.wake, t_ns, track, (hub, words.TIMER))
            if caller is not None and self._recording.own(caller.f_code):
                self._learn_sleep(buffer, state.sleeps, caller, t_ns)
            return None
        limit = self._limits.first_due(greenlet)
        on, asked_ns = "unknown", -1
        if limit is not None:
            # Its own timer is the one that was started last.
            own = self._limits.of[id(greenlet)][-1]
            on = f"{own.asked_ns / 1_000_000_000:g} s"
            asked_ns = own.asked_ns if limit is own else self._limits.left_ns(greenlet, limit, t_ns)[0]
        stream.extend((lines.wait, t_ns, track, (words.SLEEP, on, asked_ns), None, None, 0))
        self._ready.sleeping[track] = True
        return None

    def _learn_sleep(self, buffer: Buffer, sleeps: dict[int, int], caller: Any, t_ns: int) -> None:
        """From now on the short way may be taken for a `sleep(0)` at the place where `caller` is."""
        # The site keeps the code alive, so that its id stays its own.
        code, offset = self._greenlets.sites.at(caller).code, caller.f_lasti
        sleeps[id(code) + offset] = buffer.shape(
            t_ns,
            (lines.wait, words.CURRENT, (words.SLEEP, "0 s", 0), None, None, 0),
            (lines.wake, words.CURRENT, (words.SUBJECT, words.TIMER), None, None, 0),
            (lines.switch, words.CURRENT, words.SUBJECT, lines.NO_VALUE, code, offset),
        )

    def _waker(self, event: str, hub: int, track: int, frame: Any, over: Limit | None) -> tuple[int, str]:
        """Who made a greenlet ready that the hub switches to, and that nobody was seen to make ready before.

        `over`: the limit of its wait, if that is over.
        """
        asked, awaited = self._callbacks.state().asked, self._ready.awaited.get(track)
        if asked is not None:
            known = awaited if awaited is not None and asked.track == hub else asked.cause
            return asked.ended if asked.track == track else (asked.track, known)
        if event == "throw":
            if over is not None and over.throws:
                return hub, words.TIMEOUT
            if track in self._ready.outwaiting:
                return hub, words.FINISHED
            # An answer of a resolver may be an error.
            return hub, cause_of_frames(frame) or (words.DNS if awaited == words.DNS else words.THROW)
        if track in self._ready.sleeping:
            return hub, words.TIMER
        if awaited is not None:
            return hub, awaited
        if over is not None and not over.throws:
            return hub, words.TIMEOUT
        if track in self._ready.unstarted:
            return hub, words.TIMER  # spawn_later
        return hub, cause_of_frames(frame) or words.UNKNOWN

    # The loop.

    def _loop_class(self, base: Any) -> Any:
        made = self._loops.get(base)
        if made is None:
            made = self._loops[base] = self._make_loop_class(base)
        # Each thread with a hub has greenlets, and a hook, of its own.
        self._greenlets.rehook()
        return made

    def _make_loop_class(self, base: Any) -> Any:
        tracer, base = self, self._waits.makers.loop_class(self._limits.loop_class(base))
        run, getframe, giving = base.run_callback, sys._getframe, self._giving
        sleep_code = giving.code

        def run_callback(this: Any, function: Any, *args: Any) -> Any:
            # There may be no Python function below: what a compiled one of gevent's does as a greenlet.
            below: Any = getframe().f_back
            if below is not None and below.f_code is sleep_code and giving.line >= 0:
                # The greenlet will be found suspended there.
                return run(this, function, *args)
            call, asked = tracer._callbacks.on_callback(function, args)
            callback = run(this, call, *args)
            return callback if asked is None else asked(callback)

        compiled, turns = tracer._recording.compiled, tracer._turns()
        # The same name and module as the class it stands for: gevent shows them.
        return type(
            base.__name__,
            (base,),
            {
                "run_callback": run_callback
                if turns is None
                else compiled.run_callback(run, sleep_code, giving.offsets, turns, run_callback),
                **attributes(base),
                "__module__": base.__module__,
                "__doc__": base.__doc__,
            },
        )


def _interned(path: tuple[str, ...]) -> tuple[str, ...]:
    """As code has its names: the recorder in C compares who they are."""
    return tuple(map(sys.intern, path))


def _is_wholly_gevents(kind: type) -> bool:
    """Whether it is one of gevent's compiled classes, whose objects keep nothing that a program may put there."""
    bases = bases_of(kind)
    return type_module(kind).startswith("gevent.") and not any("__dict__" in _class_dict(base) for base in bases)


def _is_hub_here() -> bool:
    module: Any = sys.modules.get("gevent._hub_local")
    return module is not None and module.get_hub_if_exists() is not None


def _is_loop_exit(thrown: Any) -> bool:
    return type(thrown) is Shown and thrown.startswith("LoopExit(")


#: What `_reason_of_type` found of the classes of gevent and the standard library, which are kept.
_reasons: dict[tuple[int, str], tuple[str | None, type]] = {}
_MOST_REASONS = 1024


def _reason_of_type(kind: Any, method: str) -> str | None:
    """Why somebody waits in that method of an object of this type: one that a class of gevent's, or of the standard
    library's, has, and not a class that is made of it."""
    if not isinstance(kind, type):
        return None
    key = id(kind), method
    if key in _reasons:
        return _reasons[key][0]
    found = _find_reason(kind, method)
    if _is_known(kind) and len(_reasons) < _MOST_REASONS:
        # No class of the program's, which would be kept alive.
        _reasons[key] = found, kind
    return found


def _find_reason(kind: type, method: str) -> str | None:
    bases = bases_of(kind)
    if method and not next((_is_known(base) for base in bases if method in _class_dict(base)), False):
        return None
    reasons = (_REASON_OF_TYPE.get(type_name(base)) for base in bases if _is_known(base))
    return next((reason for reason in reasons if reason is not None), None)


def _is_known(base: type) -> bool:
    return type_module(base).partition(".")[0] in ("gevent", "queue", "threading")
