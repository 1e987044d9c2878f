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

import _thread
import sys

from visualizer.trace import words
from visualizer.tracers import lines
from visualizer.tracers.code import callable_name
from visualizer.tracers.greenlets import GreenletTracer
from visualizer.tracers.imports import Imports
from visualizer.tracers.recording import Recording, place_of
from visualizer.tracers.values import keep, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

_get_ident = _thread.get_ident
#: Functions of gevent that are Python, by the end of their file's name -> the reason of a wait in one of them.
#: A poll shorter than this is not told of: the hub only looked whether there was anything.
_SHORT_POLL_NS = 20_000
_IO_FILES = ("_socket3.py", "_socketcommon.py", "ssl.py", "_ssl3.py", "select.py", "_fileobjectposix.py")


class GeventTracer:
    name = "gevent"

    def __init__(self, recording: Recording, imports: Imports, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._imports = imports
        self._greenlets = greenlets
        self._hub_class: Any = None
        self._greenlet_class: Any = None
        self._sleep_code: CodeType | None = None
        self._loop_property: Any = None
        self._loops: dict[type, type] = {}
        self._polls: list[_Poll] = []
        #: Tracks that are parked in a sleep, whose end is the hub's timer.
        self._sleeping: set[int] = set()
        self._waiting_for_io: set[int] = set()
        #: Tracks that were made ready and have not run since.
        self._ready: set[int] = set()
        #: A sleep of no length has just asked the hub to come back to this track.
        self._giving_way: int | None = None
        #: While the hub runs a callback: the track that asked for it, and why.
        self._asked_by: tuple[int, str] | None = None
        #: The seconds that the newest timer was asked to run, for the sleep that starts it next.
        self._timer_seconds: Any = None

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
        self._sleep_code = module.sleep.__code__
        self._loop_property = loop_property = module.Hub.__dict__["loop_class"]
        module.Hub.loop_class = property(lambda this: self._loop_class(loop_property.__get__(this)))
        self._imports.after("gevent.greenlet", self.name, self._begin_greenlets)
        greenlets = self._greenlets
        greenlets.describe, greenlets.watch, greenlets.outcome = self._describe, self._on_switch, self._outcome

    def _begin_greenlets(self, module: ModuleType) -> None:
        self._greenlet_class = module.Greenlet

    # What a greenlet is.

    def _describe(self, greenlet: Any) -> tuple[str, str] | None:
        if isinstance(greenlet, self._hub_class):
            try:
                self._polls.append(_Poll(self._recording, self._greenlets.tracks, greenlet))
            except TypeError:
                # "prepare watchers are not currently supported in libuv"
                self._recording.note("This loop does not tell when it polls: the hub's idle time counts as running.")
            return words.HUB, "hub"
        if self._greenlet_class is not None and isinstance(greenlet, self._greenlet_class):
            run = greenlet.__dict__.get("_run")
            return words.GREENLET, (callable_name(run) if run is not None else None) or type_name(type(greenlet))
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

    def _on_switch(self, t_ns: int, origin: Any, from_track: int, target: Any, to_track: int) -> Any:
        stream = self._recording.stream
        if isinstance(target, self._hub_class):
            frame = origin.gr_frame
            return None if frame is None else self._on_park(t_ns, from_track, to_track, frame)
        if isinstance(origin, self._hub_class) and to_track not in self._ready:
            about = self._waker(from_track, to_track)
            stream.extend((lines.wake, t_ns, to_track, about, None, None, 0))
        self._ready.discard(to_track)
        self._sleeping.discard(to_track)
        self._waiting_for_io.discard(to_track)
        return None

    def _on_park(self, t_ns: int, track: int, hub: int, frame: Any) -> Callable[[], None] | None:
        stream = self._recording.stream
        inner = frame.f_code
        if inner is self._sleep_code:
            return self._on_sleep(t_ns, track, hub)
        reason = None
        if inner.co_filename.endswith(_IO_FILES) and "gevent" in inner.co_filename:
            reason = words.IO
            self._waiting_for_io.add(track)
        code, offset = place_of(frame, self._recording.own)
        stream.extend((lines.wait_in_call, t_ns, track, reason, None, code, offset))
        return None

    def _on_sleep(self, t_ns: int, track: int, hub: int) -> Callable[[], None] | None:
        stream = self._recording.stream
        if self._giving_way == track:
            self._giving_way = None
            stream.extend((lines.wait, t_ns, track, (words.SLEEP, "0 s", 0), None, None, 0))
            self._ready.add(track)
            return lambda: stream.extend((lines.wake, t_ns, track, (hub, words.TIMER), None, None, 0))
        seconds, self._timer_seconds = self._timer_seconds, None
        asked_ns = int(seconds * 1_000_000_000) if type(seconds) in (int, float) and 0 <= seconds < 1e9 else -1
        on = f"{seconds:g} s" if asked_ns >= 0 else "unknown"
        stream.extend((lines.wait, t_ns, track, (words.SLEEP, on, asked_ns), None, None, 0))
        self._sleeping.add(track)
        return None

    def _waker(self, hub: int, track: int) -> tuple[int, str]:
        if track in self._sleeping:
            return hub, words.TIMER
        if self._asked_by is not None:
            return self._asked_by
        if track in self._waiting_for_io:
            return hub, words.IO
        return hub, words.UNKNOWN

    # The loop.

    def _loop_class(self, base: Any) -> Any:
        made = self._loops.get(base)
        if made is None:
            made = self._loops[base] = self._make_loop_class(base)
            # Each thread with a hub has greenlets of its own.
        self._greenlets.watch_thread()
        return made

    def _make_loop_class(self, base: Any) -> Any:
        tracer = self

        def run_callback(this: Any, function: Any, *args: Any) -> Any:
            return base.run_callback(this, tracer._on_callback(function), *args)

        def timer(this: Any, after: Any, *args: Any, **more: Any) -> Any:
            tracer._timer_seconds = after
            return base.timer(this, after, *args, **more)

        # The same name and module as the class it stands for: gevent shows them.
        return type(
            base.__name__,
            (base,),
            {"run_callback": run_callback, "timer": timer, "__module__": base.__module__, "__doc__": base.__doc__},
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
        recording = self._recording
        greenlets = self._greenlets
        t_ns = recording.stream.clock()
        ident = _get_ident()
        if ident != recording.ident:
            recording.on_thread(ident, t_ns)
        module = greenlets.module
        if isinstance(owner, module.greenlet) and function.__name__ == "switch":
            track = greenlets.tracks.get(id(owner))
            cause = words.CALLBACK
            if track is None:
                track = greenlets.adopt(owner, t_ns, words.CURRENT, sys._getframe(3))
                cause = words.SPAWN
            self._make_ready(track, t_ns, cause)
            return function
        if type(owner).__name__ == "Waiter":
            waiting = owner.greenlet
            if waiting is None:
                if sys._getframe(3).f_code is self._sleep_code:
                    self._giving_way = greenlets.tracks.get(id(module.getcurrent()))
                    if self._giving_way is None:
                        self._giving_way = greenlets.adopt(module.getcurrent(), t_ns)
            else:
                track = greenlets.tracks.get(id(waiting))
                if track is not None:
                    self._make_ready(track, t_ns, words.CALLBACK)
            return function
        return self._remember_asker(function, owner, t_ns)

    def _make_ready(self, track: int, t_ns: int, cause: str) -> None:
        self._ready.add(track)
        self._recording.stream.extend((lines.wake, t_ns, track, (words.CURRENT, cause), None, None, 0))

    def _remember_asker(self, function: Any, owner: Any, t_ns: int) -> Any:
        """Wrap a callback of which we do not know whom it will wake: whoever it does, we know who asked for it."""
        greenlets = self._greenlets
        current = greenlets.module.getcurrent()
        asker = greenlets.tracks.get(id(current))
        if asker is None:
            asker = greenlets.adopt(current, t_ns)
        ended = self._greenlet_class is not None and isinstance(owner, self._greenlet_class)
        asked_by = (asker, words.FINISHED if ended else words.CALLBACK)

        def visualizer_callback(*args: Any) -> Any:
            before, self._asked_by = self._asked_by, asked_by
            try:
                return function(*args)
            finally:
                self._asked_by = before

        return visualizer_callback


class _Poll:
    """The time in which a hub asks the operating system for events (libev's and libuv's prepare and check watchers).

    Our prepare watcher is the last to run before the poll, our check watcher the first after it. Neither keeps the
    loop alive (`ref=False`).
    """

    def __init__(self, recording: Recording, tracks: dict[int, int], hub: Any) -> None:
        self._stream = recording.stream
        self._tracks = tracks
        self._hub = id(hub)
        self._began_ns = 0
        loop = hub.loop
        self._watchers = [
            (loop.prepare(ref=False, priority=loop.MINPRI), self._before),
            (loop.check(ref=False, priority=loop.MAXPRI), self._after),
        ]
        for watcher, callback in self._watchers:
            watcher.start(callback)
        self._stream.before_flush.append(self._tell)

    def stop(self) -> None:
        for watcher, _ in self._watchers:
            try:
                watcher.stop()
            except ValueError:
                break  # "operation on destroyed loop"
        self._watchers.clear()
        self._stream.before_flush.remove(self._tell)

    def _before(self) -> None:
        self._began_ns = self._stream.clock()

    def _tell(self) -> None:
        """In the flushing thread, or at the end of a poll that was not told of before."""
        began_ns, self._began_ns = self._began_ns, 0
        track = self._tracks.get(self._hub)
        if began_ns and track is not None:
            self._stream.extend((lines.poll, began_ns, track, 1, None, None, 0))

    def _after(self) -> None:
        now_ns = self._stream.clock()
        if self._began_ns and now_ns - self._began_ns < _SHORT_POLL_NS:
            self._began_ns = 0
            return
        self._tell()
        track = self._tracks.get(self._hub)
        if track is not None:
            self._stream.extend((lines.poll, now_ns, track, 0, None, None, 0))


_BOUND = frozenset(("builtin_function_or_method", "method", "cython_function_or_method", "method-wrapper"))
