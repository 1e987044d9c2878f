"""How long tracks did what: their steps, how late each came, and what they waited for. Slices are taken in once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import FINAL, State, Suspension, Timeline, Track
from visualizer.trace.columns import Column

#: The slices of several tracks are looked at together, up to so many.
_TOGETHER = 1 << 18
_STATES = len(State)
#: Behind the last slice of a track.
_NO_STATE = 255
#: A span that leaves nothing out.
_FIRST_NS, _LAST_NS = -(1 << 62), 1 << 62
#: Greater numbers of groups are not told apart by one number.
_LARGEST = 1 << 62


class Reason(NamedTuple):
    """What was waited for: why, at which expression, and where that stands."""

    reason: str
    on: str
    file: str | None
    line: int | None


class Times(NamedTuple):
    """Of one track, in nanoseconds."""

    #: By State.
    spent_ns: Counter[int]
    #: READY until it ran; and RUNNING without a pause.
    latencies_ns: Column
    steps_ns: Column
    #: By how much it ran later than it had asked for with a sleep or a time limit: in all, and at most. Unlike a
    #: latency it counts the time in which the timer could not even go off, since others kept the hub from it.
    late_ns: int
    late_max_ns: int
    #: Of what was waited for, how long and how often. A hub waits whenever another track runs: not counted.
    waited_ns: Counter[Reason]
    waits: Counter[Reason]


def times_of(
    timeline: Timeline, tracks: Sequence[Track], span: tuple[int, int] | None = None
) -> Iterator[Times | TrackTimes]:
    """Those of each of these tracks, up to the latest time of the trace, or of what lies in `span`."""
    if span is not None:
        for track in tracks:
            lengths = TrackTimes(timeline, track.id, span)
            lengths.take()
            yield lengths
        return
    first = 0
    while first < len(tracks):
        stop, slices = first + 1, len(tracks[first].slices)
        while stop < len(tracks) and slices + len(tracks[stop].slices) <= _TOGETHER:
            slices += len(tracks[stop].slices)
            stop += 1
        yield from _measure(timeline, _Stretch.of_all(tracks[first:stop], timeline.last_ns), None)[0]
        first = stop


class TrackTimes:
    """The times of a track that may grow, or of what lies in `span` (from when to when, in ns).

    Call `take` until it returns False. What it has then is described at `Times`.

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
        self._open: Times | None = None

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

    def _add(self, first: int, stop: int) -> tuple[Times, _Before]:
        stretch = _Stretch.of_one(self._track, first, stop, self._timeline.last_ns)
        [found], before = _measure(self._timeline, stretch, self._span, self._before)
        self.spent_ns.update(found.spent_ns)
        self.latencies_ns += found.latencies_ns.tolist()
        self.steps_ns += found.steps_ns.tolist()
        self.late_ns += found.late_ns
        self.late_max_ns = max(self.late_max_ns, found.late_max_ns)
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
        del self.steps_ns[len(self.steps_ns) - len(self._open.steps_ns) :]
        self._open = None


class _Before(NamedTuple):
    """What a slice has to know of those in front of it: when the track is due, and its last suspension; -1 if none."""

    due_ns: int
    suspension: int


_NOTHING_BEFORE = _Before(-1, -1)


class _Stretch(NamedTuple):
    """Slices of tracks one after another, with their ends, and the states that follow them."""

    tracks: Sequence[Track]
    bounds: Column
    start_ns: Column
    end_ns: Column
    state: Column
    next_state: Column
    about: Column

    @classmethod
    def of_all(cls, tracks: Sequence[Track], last_ns: int) -> _Stretch:
        every = AllSlices(tracks)
        next_state = np.roll(every.state, -1)
        next_state[every.lasts] = _NO_STATE
        end_ns = every.end_ns(last_ns)
        return cls(tracks, every.bounds, every.start_ns, end_ns, every.state, next_state, every.about)

    @classmethod
    def of_one(cls, track: Track, first: int, stop: int, last_ns: int) -> _Stretch:
        slices = track.slices
        # One more than are asked for, if there is one, which has the end of the last.
        start_ns, state = (np.array(column[first : stop + 1]) for column in (slices.start_ns, slices.state))
        if len(start_ns) == stop - first:
            start_ns = np.append(start_ns, max(last_ns, int(start_ns[-1])))
            state = np.append(state, np.uint8(_NO_STATE))
        about = np.array(slices.about[first:stop])
        return cls([track], np.array([0, stop - first]), start_ns[:-1], start_ns[1:], state[:-1], state[1:], about)


def _measure(
    timeline: Timeline, of: _Stretch, span: tuple[int, int] | None, before: _Before = _NOTHING_BEFORE
) -> tuple[list[Times], _Before]:
    """The times of each track, and what stands after the last slice. `before`: what stood before the first."""
    count = len(of.tracks)
    whose = np.repeat(np.arange(count), np.diff(of.bounds))
    state, start_ns, end_ns = of.state, of.start_ns, of.end_ns
    lasted_ns = end_ns - start_ns
    since_ns, until_ns = span or (_FIRST_NS, _LAST_NS)
    part_ns = np.maximum(np.minimum(end_ns, until_ns) - np.maximum(start_ns, since_ns), 0)
    begins, ends = start_ns >= since_ns, (end_ns >= since_ns) & (end_ns <= until_ns)
    spent_ns = np.zeros(count * _STATES, dtype=np.int64)
    np.add.at(spent_ns, whose * _STATES + state, part_ns)
    running, ran_then = state == State.RUNNING, (of.next_state == State.RUNNING) & ends
    (steps,) = np.nonzero(running & begins)
    (latencies,) = np.nonzero((state == State.READY) & ran_then)
    hubs = np.array([track.schedules for track in of.tracks])
    (waits,) = np.nonzero((state == State.WAITING) & ~hubs[whose])
    suspensions = of.about[waits].astype(np.int64)
    due_ns = _due(timeline, of, before, running, waits, suspensions)
    (late,) = np.nonzero((due_ns >= 0) & ~running & ran_then & ~np.isin(state, FINAL))
    late_ns, late_max_ns = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    lateness_ns = np.maximum(end_ns[late] - due_ns[late], 0)
    np.add.at(late_ns, whose[late], lateness_ns)
    np.maximum.at(late_max_ns, whose[late], lateness_ns)
    waited = _waited(timeline, count, whose[waits], suspensions, part_ns[waits], before.suspension)
    steps_of, latencies_of = (
        np.split(lasted_ns[which], which.searchsorted(of.bounds[1:-1])) for which in (steps, latencies)
    )
    times = [
        Times(
            Counter({number: spent for number, spent in enumerate(row) if spent and number not in FINAL}),
            *numbers,
        )
        for row, *numbers in zip(
            spent_ns.reshape(count, _STATES).tolist(), latencies_of, steps_of, late_ns.tolist(), late_max_ns.tolist(),
            *waited, strict=True,
        )
    ]
    last = int(suspensions[-1]) if len(suspensions) else before.suspension
    behind = _Before(int(due_ns[-1]), last) if len(state) else before
    return times, behind


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
    timeline: Timeline, count: int, whose: Column, suspensions: Column, part_ns: Column, last_suspension: int
) -> tuple[list[Counter[Reason]], list[Counter[Reason]]]:
    """For each of so many tracks how long it waited for what, and how often."""
    waited_ns: list[Counter[Reason]] = [Counter() for _ in range(count)]
    waits: list[Counter[Reason]] = [Counter() for _ in range(count)]
    if not len(suspensions):
        return waited_ns, waits
    previous = np.concatenate(([last_suspension], suspensions[:-1]))
    previous[1:][whose[1:] != whose[:-1]] = -1
    columns = timeline.columns.suspensions
    how, whom = (np.asarray(column)[suspensions].astype(np.int64) for column in (columns.detail, columns.on_track))
    whom -= whom.min()
    if count * len(columns.details.known) * (int(whom.max()) + 1) > _LARGEST:
        whom = np.unique(whom, return_inverse=True)[1]
    groups = (whose * len(columns.details.known) + how) * (int(whom.max()) + 1) + whom
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    total_ns = np.zeros(len(first), dtype=np.int64)
    np.add.at(total_ns, group, part_ns)
    # Made ready for nothing, it waits on: that is the same wait.
    often = np.bincount(group, suspensions != previous)
    # In the order in which each came first.
    for number in first.argsort().tolist():
        at = int(first[number])
        track, reason = int(whose[at]), _reason(timeline, timeline.suspensions[int(suspensions[at])])
        waited_ns[track][reason] += int(total_ns[number])
        waits[track][reason] += int(often[number])
    return waited_ns, waits


def _reason(timeline: Timeline, found: Suspension) -> Reason:
    on = found.on or (timeline.name(found.on_track) if found.on_track in timeline.tracks else "")
    place = found.place
    return Reason(found.reason, on, *((place.file, place.line) if place is not None else (None, None)))
