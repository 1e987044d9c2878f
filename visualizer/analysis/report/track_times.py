"""How long tracks did what: their steps, how late each came, and what they waited for. Slices are taken in once."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from visualizer.analysis.index.polls import as_called, of_threads
from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.columns import Interned, append
from visualizer.analysis.model.timeline import FINAL, State, Timeline, Track
from visualizer.trace import words
from visualizer.trace.columns import Column, numbered

#: The slices of several tracks are looked at together, up to so many.
_TOGETHER = 1 << 18
_STATES = len(State)
#: Behind the last slice of a track.
_NO_STATE = 255
#: Up to here each whole number has a floating point number of its own.
_EXACT = float(1 << 53)
#: There are fewer expressions than tracks and texts, whose ids have 31 bits.
_ON_BITS = 32
#: A span that leaves nothing out.
_FIRST_NS, _LAST_NS = -(1 << 62), 1 << 62


class Reason(NamedTuple):
    """What was waited for: why, at which expression, and where that stands."""

    reason: str
    on: str
    file: str | None
    line: int | None


class Reasons:
    """What tracks of a timeline that no longer grows waited for, each as a number: of very many tracks each may wait
    for another one, and few are looked at."""

    def __init__(self, timeline: Timeline, names: Mapping[int, str] | None = None) -> None:
        """`names`: those of the tracks, if they are at hand."""
        self._timeline = timeline
        self._names = names
        #: A number has, from bit _ON_BITS on, that of why and where was waited, and below it that of the expression.
        self._whys: Interned[tuple[str, str | None, int | None]] = Interned()
        self._ons: Interned[str] = Interned()
        self._unnamed = self._ons.number("")
        #: By how a track is suspended: the numbers of what the trace tells of that itself.
        self._said: dict[int, tuple[int, int]] = {}

    def __getitem__(self, number: int) -> Reason:
        reason, file, line = self._whys.known[number >> _ON_BITS]
        return Reason(reason, self._ons.known[number & (1 << _ON_BITS) - 1], file, line)

    def why(self, number: int) -> str:
        """The reason of that alone."""
        return self._whys.known[number >> _ON_BITS][0]

    def numbers(self, suspensions: Column) -> Column:
        """The number of what is waited for in each of these suspensions."""
        columns = self._timeline.columns.suspensions
        how, which = numbered(np.asarray(columns.detail)[suspensions])
        said = np.array([*map(self._numbers_said, how.tolist())], dtype=np.int64).reshape(-1, 2)
        why, on = said[which].T
        # Where the trace tells no expression, the other track is named.
        (unnamed,) = np.nonzero(on == self._unnamed)
        # None is below that of the current track.
        tracks, which = numbered(np.asarray(columns.on_track)[suspensions[unnamed]] - words.CURRENT)
        names = map(self._ons.number, map(self._name, (tracks + words.CURRENT).tolist()))
        on[unnamed] = np.array([*names], dtype=np.int64)[which]
        found: Column = (why << _ON_BITS) + on
        return found

    def _numbers_said(self, how: int) -> tuple[int, int]:
        said = self._said.get(how)
        if said is None:
            reason, asked, place = self._timeline.columns.suspensions.details.known[how]
            where = self._timeline.place(place)
            why = self._whys.number((reason, *((where.file, where.line) if where is not None else (None, None))))
            on = self._timeline.text(self._timeline.columns.suspensions.asked.known[asked][1]) if asked >= 0 else None
            said = self._said[how] = why, self._ons.number(on or "")
        return said

    def _name(self, track: int) -> str:
        if self._names is not None:
            return self._names.get(track, "")
        return self._timeline.name(track) if track in self._timeline.tracks else ""


class Times(NamedTuple):
    """Of several tracks, in nanoseconds: a row for each, unless it is told otherwise."""

    #: A column for each State.
    spent_ns: Column
    #: READY until it ran, and RUNNING without a pause: of one track behind those of another, and how many each has.
    latencies_ns: Column
    latencies: Column
    steps_ns: Column
    steps: Column
    #: By how much it ran later than it had asked for with a sleep or a time limit: in all, and at most. Unlike a
    #: latency it counts the time in which the timer could not even go off, since others kept the hub from it.
    late_ns: Column
    late_max_ns: Column
    #: What was waited for: a row for each thing (by number in Reasons) and track, in the order in which each came
    #: first, with the track's row, for how long, and how often. A hub waits whenever another track runs: not counted.
    reason: Column
    waiter: Column
    waited_ns: Column
    waits: Column

    @classmethod
    def behind_one_another(cls, parts: Iterable[Times]) -> Times:
        """Those of the tracks of all parts."""
        columns, first = [array("q") for _ in cls._fields], 0
        for part in parts:
            for column, more in zip(columns, part._replace(waiter=part.waiter + first), strict=True):
                append(column, more.ravel())
            first += len(part.late_ns)
        found = cls(*map(np.asarray, columns))
        return found._replace(spent_ns=found.spent_ns.reshape(-1, _STATES))


def times_of(
    timeline: Timeline, reasons: Reasons, ids: Sequence[int], span: tuple[int, int] | None = None
) -> Iterator[Times]:
    """Those of these tracks, some at a time, up to the latest time of the trace, or of what lies in `span`."""
    if span is not None:
        for track in ids:
            yield TrackTimes(timeline, track, span).measured(reasons)
        return
    counts = np.concatenate([np.zeros(0, dtype=np.int64), *(part.counts for part in timeline.tracks.slices(ids))])
    first, ends = 0, counts.cumsum()
    while first < len(ids):
        before = int(ends[first - 1]) if first else 0
        stop = max(first + 1, int(ends.searchsorted(before + _TOGETHER, side="right")))
        yield _measure(timeline, reasons, _Stretch.of_all(timeline, ids[first:stop]), None)[0]
        first = stop


class TrackTimes:
    """The times of a track that may grow, or of what lies in `span` (from when to when, in ns).

    Call `take` until it returns False. What it has then is described at `Times`; times spent are by State.

    In a span a state counts with the part of it that lies there; a step, and how late it was, if it begins there.
    """

    def __init__(self, timeline: Timeline, track: int, span: tuple[int, int] | None = None) -> None:
        """Raise KeyError if there is no such track."""
        self._timeline = timeline
        self._track = timeline.tracks[track]
        self._span = span
        self.spent_ns: Counter[int] = Counter()
        self.latencies_ns: list[int] = []
        self.steps_ns: list[int] = []
        self.late_ns = 0
        self.late_max_ns = 0
        self.waited_ns: Counter[Reason] = Counter()
        self.waits: Counter[Reason] = Counter()
        self._next = max(0, self._track.slices.at(span[0])) if span is not None else 0
        self._before = _Before(self._due_at_first(), -1)
        #: What the slice that is still open has added.
        self._open: _One | None = None

    def take(self, most: int | None = None) -> bool:
        """Take in at most so many more slices; None: all. Return whether there are more."""
        self._forget_open()
        slices = self._track.slices
        closed = len(slices) - 1
        stop = closed if most is None else min(closed, self._next + most)
        behind = len(slices) if self._span is None else slices.at(self._span[1]) + 1
        if self._next < (until := min(stop, behind)):
            self._before = self._add(self._next, until)[1]
            self._next = until
        if behind <= closed and self._next == behind:
            return False
        if self._next < closed:
            return True
        if 0 <= closed == self._next < behind:
            self._open, _ = self._add(closed, closed + 1)
        return False

    def _due_at_first(self) -> int:
        """A span may begin between a wait and the run that it was for."""
        slices, before = self._track.slices, self._next - 1
        if before < 0 or slices.state[before] != State.WAITING or self._track.schedules:
            return -1
        suspension = self._timeline.suspensions[slices.about[before]]
        return suspension.t_ns + suspension.asked_ns if suspension.asked_ns > 0 else -1

    def measured(self, reasons: Reasons) -> Times:
        """Those in the span, as columns, by who has taken in none yet."""
        slices, until_ns = self._track.slices, self._span[1] if self._span is not None else _LAST_NS
        stop = max(self._next, slices.at(until_ns) + 1)
        stretch = _Stretch.of_one(self._timeline, self._track, self._next, stop)
        return _measure(self._timeline, reasons, stretch, self._span, self._before)[0]

    def _add(self, first: int, stop: int) -> tuple[_One, _Before]:
        stretch = _Stretch.of_one(self._timeline, self._track, first, stop)
        # Names may change while it grows.
        reasons = Reasons(self._timeline)
        times, before = _measure(self._timeline, reasons, stretch, self._span, self._before)
        known = [reasons[number] for number in times.reason.tolist()]
        found = _One(
            Counter({state: spent for state, spent in enumerate(times.spent_ns[0].tolist()) if spent}),
            len(times.steps_ns),
            Counter(dict(zip(known, times.waited_ns.tolist(), strict=True))),
            Counter(dict(zip(known, times.waits.tolist(), strict=True))),
        )
        self.spent_ns.update(found.spent_ns)
        self.latencies_ns += times.latencies_ns.tolist()
        self.steps_ns += times.steps_ns.tolist()
        self.late_ns += int(times.late_ns[0])
        self.late_max_ns = max(self.late_max_ns, int(times.late_max_ns[0]))
        self.waited_ns.update(found.waited_ns)
        self.waits.update(found.waits)
        return found, before

    def _forget_open(self) -> None:
        """It is added anew: by now it is longer, or has ended."""
        if self._open is None:
            return
        self.spent_ns.subtract(self._open.spent_ns)
        self.waited_ns.subtract(self._open.waited_ns)
        self.waits.subtract(self._open.waits)
        # It is not known to be late, nor to have been ready, before it has ended.
        del self.steps_ns[len(self.steps_ns) - self._open.steps :]
        self._open = None


class _One(NamedTuple):
    """What some slices of a track have added: times by State, how many steps, and waits."""

    spent_ns: Counter[int]
    steps: int
    waited_ns: Counter[Reason]
    waits: Counter[Reason]


class _Before(NamedTuple):
    """What a slice has to know of those in front of it: when the track is due, and its last suspension; -1 if none."""

    due_ns: int
    suspension: int


_NOTHING_BEFORE = _Before(-1, -1)


class _Stretch(NamedTuple):
    """Slices of tracks one after another, with their ends, and the states that follow them."""

    #: Which of the tracks schedule others.
    hubs: Column
    bounds: Column
    start_ns: Column
    end_ns: Column
    state: Column
    #: As they are called.
    called: Column
    next_state: Column
    about: Column

    @classmethod
    def of_all(cls, timeline: Timeline, ids: Sequence[int]) -> _Stretch:
        every = AllSlices(timeline.tracks, ids)
        next_state = np.roll(every.state, -1)
        next_state[every.lasts] = _NO_STATE
        hubs = np.array([birth.schedules for birth in timeline.tracks.births(ids)], dtype=bool)
        of_thread = of_threads(timeline, ids, np.diff(every.bounds))
        called = as_called(timeline, every.state, every.about, of_thread)
        end_ns = every.end_ns(timeline.last_ns)
        return cls(hubs, every.bounds, every.start_ns, end_ns, every.state, called, next_state, every.about)

    @classmethod
    def of_one(cls, timeline: Timeline, track: Track, first: int, stop: int) -> _Stretch:
        slices = track.slices
        # One more than are asked for, if there is one, which has the end of the last.
        start_ns, state = (np.array(column[first : stop + 1]) for column in (slices.start_ns, slices.state))
        if 0 < len(start_ns) == stop - first:
            start_ns = np.append(start_ns, max(timeline.last_ns, int(start_ns[-1])))
            state = np.append(state, np.uint8(_NO_STATE))
        about = np.array(slices.about[first:stop])
        hubs = np.array([track.schedules])
        called = as_called(timeline, state[:-1], about, track.kind == words.THREAD)
        bounds = np.array([0, stop - first])
        return cls(hubs, bounds, start_ns[:-1], start_ns[1:], state[:-1], called, state[1:], about)


def _measure(
    timeline: Timeline, reasons: Reasons, of: _Stretch, span: tuple[int, int] | None, before: _Before = _NOTHING_BEFORE
) -> tuple[Times, _Before]:
    """The times of the tracks, and what stands after the last slice. `before`: what stood before the first."""
    count = len(of.hubs)
    whose = np.repeat(np.arange(count), np.diff(of.bounds))
    state, start_ns, end_ns = of.state, of.start_ns, of.end_ns
    since_ns, until_ns = span or (_FIRST_NS, _LAST_NS)
    part_ns = np.minimum(end_ns, until_ns)
    part_ns -= np.maximum(start_ns, since_ns)
    np.maximum(part_ns, 0, out=part_ns)
    begins, ends = start_ns >= since_ns, (end_ns >= since_ns) & (end_ns <= until_ns)
    spent_ns = _summed(whose * _STATES + of.called, part_ns, count * _STATES)
    running, ran_then = state == State.RUNNING, (of.next_state == State.RUNNING) & ends
    (steps,) = np.nonzero(running & begins)
    (latencies,) = np.nonzero((state == State.READY) & ran_then)
    (waits,) = np.nonzero((state == State.WAITING) & ~of.hubs[whose])
    suspensions = of.about[waits].astype(np.int64)
    due_ns = _due(timeline, of, before, running, waits, suspensions)
    (late,) = np.nonzero((due_ns >= 0) & ~running & ran_then & ~np.isin(state, FINAL))
    late_max_ns = np.zeros(count, dtype=np.int64)
    lateness_ns = np.maximum(end_ns[late] - due_ns[late], 0)
    late_ns = _summed(whose[late], lateness_ns, count)
    np.maximum.at(late_max_ns, whose[late], lateness_ns)
    by_state = spent_ns.reshape(count, _STATES)
    by_state[:, [*FINAL]] = 0
    times = Times(
        by_state, end_ns[latencies] - start_ns[latencies], np.bincount(whose[latencies], minlength=count),
        end_ns[steps] - start_ns[steps], np.bincount(whose[steps], minlength=count), late_ns, late_max_ns,
        *_waited(reasons, whose[waits], suspensions, part_ns[waits], before.suspension),
    )
    last = int(suspensions[-1]) if len(suspensions) else before.suspension
    behind = _Before(int(due_ns[-1]), last) if len(state) else before
    return times, behind


def _summed(index: Column, lengths_ns: Column, count: int) -> Column:
    """The sum of the lengths, none below 0, of each of so many indices."""
    if lengths_ns.sum(dtype=np.float64) < _EXACT:
        return np.bincount(index, lengths_ns, count).astype(np.int64)
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, index, lengths_ns)
    return sums


def _due(
    timeline: Timeline, of: _Stretch, before: _Before, running: Column, waits: Column, suspensions: Column
) -> Column:
    """For each slice when its track is due by the wait that came last; -1 if it asked for no time, or has run since."""
    columns = timeline.columns.suspensions
    asked_ns = columns.asked_for(suspensions)
    due_ns = np.full(len(of.state), -1, dtype=np.int64)
    due_ns[waits] = np.where(asked_ns > 0, columns.whose(suspensions)[0] + asked_ns, -1)
    says = running.copy()
    says[waits] = True
    first = of.bounds[:-1][np.diff(of.bounds) > 0]
    due_ns[first[~says[first]]] = before.due_ns
    says[first] = True
    return due_ns[np.maximum.accumulate(np.where(says, np.arange(len(says)), 0))]


def _waited(
    reasons: Reasons, whose: Column, suspensions: Column, part_ns: Column, last_suspension: int
) -> tuple[Column, Column, Column, Column]:
    """What each track waited for, and which track that is, how long, and how often."""
    previous = np.concatenate(([last_suspension], suspensions))[:-1]
    previous[1:][whose[1:] != whose[:-1]] = -1
    things, which = np.unique(reasons.numbers(suspensions), return_inverse=True)
    _, first, group = np.unique(whose * max(1, len(things)) + which, return_index=True, return_inverse=True)
    waited_ns = _summed(group, part_ns, len(first))
    # Made ready for nothing, it waits on: that is the same wait.
    often = np.bincount(group, suspensions != previous, minlength=len(first)).astype(np.int64)
    # In the order in which each came first.
    order = first.argsort()
    return things[which[first[order]]], whose[first[order]], waited_ns[order], often[order]
