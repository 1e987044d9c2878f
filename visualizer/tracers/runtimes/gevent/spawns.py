"""How gevent's greenlets begin: who spawned each and where, and those that end, or are left, without having run.

gevent calls whoever asked by `Greenlet.add_spawn_callback` when a greenlet is started, by whatever way (`spawn`,
`spawn_later`, `start`, `start_later`, a pool), in the greenlet that does so. One that is killed before its first turn
is never switched to: its start is cancelled, which is `stop` of what the loop's `run_callback` returned.
"""

from __future__ import annotations

import sys
from _operator import attrgetter
from types import FunctionType, MethodType

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import Buffer
from visualizer.tracers.core.code import function_name, own_frame
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import bases_of, dictionary
from visualizer.tracers.core.youngest import all_of
from visualizer.tracers.runtimes.gevent.ready import Ready
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer, Link

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_own_dict = object.__getattribute__
_CANCELLED = "it was collected without having run: its start must have been cancelled"
#: Stands in `unsettled` while an end is still to be told.
_UNREPORTED = -3
_CANCELLED_SOME_TIME = "it was killed before its first turn; when is not known"


class Starting:
    """What the loop's `run_callback` returned to a greenlet that it will start."""

    __slots__ = ("_callback", "_cancelled")

    # gevent asks each for these: by way of C, no function of ours runs.
    pending = property(attrgetter("_callback.pending"))
    close = property(attrgetter("_callback.close"))

    def __init__(self, callback: Any, cancelled: Callable[[], None]) -> None:
        self._callback = callback
        self._cancelled = cancelled

    def stop(self) -> None:
        if self._callback.pending:
            self._cancelled()
        self._callback.stop()

    def __bool__(self) -> bool:
        return bool(self._callback)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._callback, name)


class Spawns:
    """The greenlets of gevent's that have not run yet."""

    def __init__(
        self, recording: Context, greenlets: GreenletTracer, ready: Ready,
        outcome: Callable[[Any], tuple[str, Any] | None],
    ) -> None:
        self._recording = recording
        self._greenlets = greenlets
        self._ready = ready
        self._outcome = outcome
        self._class: Any = None
        self._is_over = False
        #: Tracks that were started and have not run.
        self.unstarted = ready.unstarted
        #: Greenlets whose start was cancelled, as (weak reference, track, who did it): why will be known soon. By the
        #: thread that is to tell it.
        self._cancelled: dict[Buffer, list[tuple[Any, int, int]]] = {}
        #: Where each living one was spawned: some spawn others without any code of the program's (Pool.map, imap).
        self._places: dict[int, tuple[CodeType, int]] = recording.stream.new_table()
        #: What is known, in this thread, of the places where greenlets are spawned; None where nothing is to be known.
        self._known: Callable[[], dict[int, tuple[Any, ...]]] | None = None

    def begin(self, greenlet_class: Any, turns: Any, known: Callable[[], dict[int, tuple[Any, ...]]]) -> None:
        """`turns`: of the recorder in C, or None. `known`: has what is kept of the places of the thread that calls."""
        self._class = greenlet_class
        on_spawn: Any = self._on_spawn
        if turns is not None:
            greenlets, compiled = self._greenlets, self._recording.compiled
            self._known = known
            on_spawn, greenlets.forgetting = compiled.spawn_ways(
                turns, Link, self._recording, (greenlets.by_id, greenlets.families), self._places,
                (on_spawn, greenlets.forget),
            )
        greenlet_class.add_spawn_callback(on_spawn)

    def remove(self) -> None:
        """gevent may be going through its set of callbacks, here or in another thread, and would raise if ours were
        taken out: it stays, and does nothing."""
        self._is_over, self._known = True, None
        self._greenlets.forgetting = self._recording.told(self._greenlets.forget)

    def _on_spawn(self, greenlet: Any) -> None:
        """In the greenlet that starts another."""
        if self._is_over:
            return
        try:
            ready, greenlets = self._ready, self._greenlets
            t_ns = ready.now()
            if id(greenlet) in greenlets.tracks:
                return
            creator, own = ready.current(), self._recording.own
            # No frame is below where a compiled function of gevent's is a greenlet of its own: spawn(gevent.spawn, f).
            frame = own_frame(sys._getframe().f_back, own)
            place = (frame.f_code, frame.f_lasti) if frame is not None and own(frame.f_code) else None
            place = place or self._places.get(creator)
            track = greenlets.adopt(greenlet, t_ns, words.CURRENT, place=place)
            self.unstarted[track] = True
            if place is not None:
                self._places[track] = place
                if self._known is not None and frame is sys._getframe().f_back:
                    self._learn(greenlet, place, self._known(), self._recording.stream.here(t_ns))
        except Exception as error:
            self._recording.fail("gevent", error)

    def _learn(
        self, greenlet: Any, place: tuple[CodeType, int], known: dict[int, tuple[Any, ...]], buffer: Buffer
    ) -> None:
        """From now on the short way in C may be taken where the same function is spawned at that place: its spawn is a
        row, and its name comes from its code."""
        run = dictionary(greenlet).get("_run")
        function: Any = run.__func__ if type(run) is MethodType else run
        _, described = self._greenlets.describe(greenlet)
        if type(function) is FunctionType and type(greenlet) is self._class and described is not None:
            name = function_name(function.__code__)
            parent = self._greenlets.tracks.get(id(self._greenlets.parent_of(greenlet)), words.NOBODY)
            shape = buffer.known(("spawn", (*described, parent, words.CURRENT), id(place[0]), place[1]))
            if described == (words.GREENLET, name) and name != "greenlet" and shape is not None and shape >= 0:
                known[id(place[0]) + place[1]] = shape, function.__code__, function.__name__, parent, place

    def starting(self, greenlet: Any, track: int) -> Callable[[Any], Starting] | None:
        """What makes of what the loop returns what a greenlet is to have; None if it is not to be started."""
        if track not in self.unstarted:
            return None
        reference = self._greenlets.references[id(greenlet)]
        return lambda callback: Starting(callback, lambda: self.cancelled(reference, track))

    def cancelled(self, reference: Any, track: int) -> None:
        """The start of a greenlet is cancelled."""
        if track in self.unstarted:
            self.unstarted.pop(track, None)
            self._cancelled.setdefault(self._here(), []).append((reference, track, self._ready.current()))
            self._greenlets.unsettled.add(_UNREPORTED)

    def on_run(self, greenlet: Any, track: int) -> None:
        """It is switched to for the first time."""
        self.unstarted.pop(track, None)
        self._greenlets.rename(track, given_name(greenlet), self._ready.t_ns)

    def _here(self) -> Buffer:
        stream = self._recording.stream
        return stream.here(stream.clock())

    def settle(self, t_ns: int) -> None:
        """Tell the ends of those whose start was cancelled in this thread, or in one that is over."""
        here = self._here()
        for buffer in list(self._cancelled):
            if buffer is here or buffer.closed:
                self._report_cancelled(t_ns, buffer)
        if not self._cancelled:
            self._greenlets.unsettled.discard(_UNREPORTED)

    def _report_cancelled(self, t_ns: int, buffer: Buffer) -> None:
        for reference, track, killer in self._cancelled.pop(buffer, ()):
            greenlet = reference()
            known = self._outcome(greenlet) if greenlet is not None else None
            stream = self._recording.stream
            stream.extend((lines.wake, t_ns, track, (killer, words.KILL), None, None, 0))
            self._exit(track, t_ns, known or (words.KILLED, lines.NO_VALUE), None)

    @property
    def unsettled(self) -> bool:
        return bool(self._cancelled)

    def finish(self, t_ns: int) -> None:
        """The program is over: which were killed before they ran, which were never even started?"""
        self._ready.t_ns = t_ns
        for buffer in list(self._cancelled):
            self._report_cancelled(t_ns, buffer)
        for greenlet in self._greenlets.living():
            track = self._greenlets.tracks.get(id(greenlet), words.NOBODY)
            if track in self.unstarted and _is_over(greenlet):
                self.unstarted.pop(track, None)
                self._exit(track, t_ns, self._outcome(greenlet), _CANCELLED_SOME_TIME)
        kind = self._class
        for thing in all_of(kind, derived=True) if kind is not None else ():
            if id(thing) not in self._greenlets.tracks and not _is_over(thing):
                self._find(thing, t_ns)

    def _find(self, greenlet: Any, t_ns: int) -> None:
        """A greenlet that was made and never started: gevent knows by whom and where."""
        spawner = self._class.spawning_greenlet.__get__(greenlet)
        creator = self._greenlets.tracks.get(id(spawner()), words.NOBODY) if spawner is not None else words.NOBODY
        step = self._class.spawning_stack.__get__(greenlet)
        while step is not None and not self._recording.own(step.f_code):
            step = step.f_back
        place = _instruction(step.f_code, step.f_lineno) if step is not None else None
        self._greenlets.adopt(greenlet, t_ns, creator, place=place)

    def collected(self, track: int) -> None:
        """A greenlet is gone."""
        self._ready.forget(track)
        self._places.pop(track, None)
        if track in self.unstarted:
            self.unstarted.pop(track, None)
            self._exit(track, self._recording.stream.clock(), None, _CANCELLED)

    def _exit(self, track: int, t_ns: int, known: tuple[str, Any] | None, inferred: str | None) -> None:
        outcome, value = known or (words.KILLED, lines.NO_VALUE)
        self._recording.exited(t_ns, track, outcome, value, inferred)


def given_name(greenlet: Any) -> str | None:
    """The name that the program gave a greenlet; None if it gave none (asking for it would make one)."""
    try:
        own = _own_dict(greenlet, "__dict__")
    except AttributeError:
        return None
    name = own.get("name") if type(own) is dict else None
    return name if type(name) is str and name else None


def _is_over(greenlet: Any) -> bool:
    kind = next(base for base in bases_of(type(greenlet)) if "successful" in base.__dict__ and "args" in base.__dict__)
    return bool(kind.__dict__["dead"].__get__(greenlet))


def _instruction(code: CodeType, line: int) -> tuple[CodeType, int]:
    """The widest call that begins on `line`: only the line of it is known."""
    best, widest = 0, -1
    for index, (start, end, column, end_column) in enumerate(code.co_positions()):
        if start == line and end is not None and column is not None and end_column is not None:
            width = (end - start) * 1000 + end_column - column
            if width > widest:
                best, widest = 2 * index, width
    return code, best
