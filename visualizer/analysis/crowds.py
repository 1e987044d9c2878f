"""Many tracks of a kind, looked at as one: how many of them are in which state."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

import numpy as np

from visualizer.analysis.columns import append
from visualizer.analysis.model import Timeline
from visualizer.analysis.states import FINAL, State
from visualizer.trace.flat import Column

#: What is added up is kept for every so many changes; what lies between is added up when it is asked for.
_STRIDE = 64
#: About so many changes are put in order at a time.
_PIECE = 1 << 16
_STATES = len(State)
#: A change is the state that a track comes from, shifted by so much, and the one that it comes to.
_SHIFT = 4
_MASK = (1 << _SHIFT) - 1
#: Whoever is created comes from here.
_NOWHERE = _MASK
_BESIDE = np.arange(_STRIDE)


class Crowd:
    """Some tracks of one thread. After `follow`, everything here costs a binary search, however many they are."""

    def __init__(self, timeline: Timeline) -> None:
        self.tracks: tuple[int, ...] = ()
        self._timeline = timeline
        self._version = -1
        #: See `ended_ns`; None: not looked yet.
        self._ended_ns: int | None = None
        #: Whether the runs are taken in, too, which only the switch axis needs.
        self._runs_taken = False
        self._begin()

    def _begin(self) -> None:
        #: Changes of state of all of them in order of time.
        self._t_ns = array("q")
        self._change = array("B")
        #: For every _STRIDE changes, how many were in each state before, and how long all of them together were, up to
        #: the change before: _STATES numbers each.
        self._count = array("i", [0] * _STATES)
        self._spent_ns = array("q", [0] * _STATES)
        #: Of each track, how many slices, and how many runs, have been taken in.
        self._taken: dict[int, int] = {}
        self._taken_runs: dict[int, int] = {}
        #: Runs on the switch axis: behind which switches each begins and ends, and how long those before it were.
        self._run_starts = array("i")
        self._run_ends = array("i")
        self._run_before = array("i")
        #: Where the run begins that has not ended yet, -1 if there is none.
        self._open_run = -1.0

    def follow(self, tracks: tuple[int, ...]) -> None:
        """Take in what has happened to these tracks since the last time, or all of it if they are others than then."""
        if tracks == self.tracks and self._version == self._timeline.version:
            return
        self._version = self._timeline.version
        self._ended_ns = None
        if tracks != self.tracks:
            known = self._timeline.tracks
            came = tracks[len(self.tracks) :] if tracks[: len(self.tracks)] == self.tracks else None
            until_ns = self._t_ns[-1] if self._t_ns else 0
            # Whoever joins late brings a past along.
            if came is None or any(known[track].slices.start_ns[0] <= until_ns for track in came):
                self._begin()
            self.tracks = tracks
        self._take_slices()
        self._runs_taken = False

    def _take_slices(self) -> None:
        known = self._timeline.tracks
        fresh = [track for track in self.tracks if self._taken.get(track, 0) < len(known[track].slices)]
        # Many at once, but not so many that putting them in order takes more room than they do.
        sample = [
            np.frombuffer(known[track].slices.start_ns, dtype=np.int64)[self._taken.get(track, 0) :: _STRIDE]
            for track in fresh
        ]
        edges = np.sort(np.concatenate(sample))[:: _PIECE // _STRIDE][1:].tolist() if sample else []
        sample.clear()
        for until_ns in (*edges, None):
            self._take_slices_until(fresh, until_ns)
            self._add_up()

    def _take_slices_until(self, tracks: list[int], until_ns: int | None) -> None:
        """Those of these tracks that begin earlier; None: all."""
        times: list[Column] = []
        changes: list[Column] = []
        for track in tracks:
            slices = self._timeline.tracks[track].slices
            taken, count = self._taken.get(track, 0), len(slices)
            if until_ns is not None:
                count = bisect_left(slices.start_ns, until_ns, taken)
            if taken == count:
                continue
            state = np.frombuffer(slices.state, dtype=np.uint8)
            before = np.empty(count - taken, dtype=np.uint8)
            before[0] = state[taken - 1] if taken else _NOWHERE
            before[1:] = state[taken : count - 1]
            times.append(np.frombuffer(slices.start_ns, dtype=np.int64)[taken:count])
            changes.append(before << _SHIFT | state[taken:count])
            self._taken[track] = count
        if not times:
            return
        t_ns, change = np.concatenate(times), np.concatenate(changes)
        order = np.argsort(t_ns, kind="stable")
        # A waker's clock may be a moment behind this thread's.
        append(self._t_ns, np.maximum(t_ns[order], self._t_ns[-1] if self._t_ns else 0))
        append(self._change, change[order])

    def _take_runs(self) -> None:
        self._open_run = -1.0
        switches: list[Column] = []
        ends_ns: list[Column] = []
        for track in self.tracks:
            known = self._timeline.tracks[track]
            taken = self._taken_runs.get(track, 0)
            runs = np.frombuffer(known.step_slices, dtype=np.int32)
            steps = len(runs)
            if taken == steps:
                continue
            if known.step_slices[-1] + 1 >= len(known.slices):
                self._open_run = known.steps[-1] + 1.0
                steps -= 1
            if taken < steps:
                new = runs[taken:steps]
                switches.append(np.frombuffer(known.slices.about, dtype=np.int32)[new])
                ends_ns.append(np.frombuffer(known.slices.start_ns, dtype=np.int64)[new + 1])
            self._taken_runs[track] = steps
        if not switches:
            return
        switch, end_ns = np.concatenate(switches), np.concatenate(ends_ns)
        order = np.argsort(switch, kind="stable")
        start = switch[order] + 1
        end = np.searchsorted(np.frombuffer(self._timeline.switch_ns, dtype=np.int64), end_ns[order])
        end = np.maximum(end, start) + 1
        # One thread runs one of them at a time; a damaged trace may say otherwise.
        latest = np.maximum.accumulate(end)
        begun = self._run_ends[-1] if self._run_ends else 0
        start = np.maximum(start, np.maximum(begun, np.concatenate(([0], latest[:-1]))))
        end = np.maximum(start, end)
        before = 0
        if self._run_ends:
            before = self._run_before[-1] + self._run_ends[-1] - self._run_starts[-1]
        lengths = np.concatenate(([before], (end - start)[:-1]))
        for column, new in ((self._run_starts, start), (self._run_ends, end), (self._run_before, np.cumsum(lengths))):
            append(column, new)

    def _add_up(self) -> None:
        """Take in the strides that are complete since the last time."""
        known = len(self._count) // _STATES
        more = len(self._t_ns) // _STRIDE + 1 - known
        if more <= 0:
            return
        first = (known - 1) * _STRIDE
        last = first + more * _STRIDE
        t_ns = np.frombuffer(self._t_ns, dtype=np.int64)[first:last]
        change = np.frombuffer(self._change, dtype=np.uint8)[first:last]
        came, comes = change >> _SHIFT, change & _MASK
        lasted_ns = np.diff(t_ns, prepend=self._t_ns[first - 1] if first else t_ns[0])
        counts, spent_ns = np.empty((more, _STATES), dtype=np.int32), np.empty((more, _STATES), dtype=np.int64)
        for state in range(_STATES):
            changes = (comes == state).astype(np.int64) - (came == state)
            count = np.cumsum(changes) + self._count[state - _STATES]
            spent = np.cumsum((count - changes) * lasted_ns) + self._spent_ns[state - _STATES]
            counts[:, state], spent_ns[:, state] = count[_STRIDE - 1 :: _STRIDE], spent[_STRIDE - 1 :: _STRIDE]
        append(self._count, counts.ravel())
        append(self._spent_ns, spent_ns.ravel())

    def at(self, t_ns: Column) -> tuple[Column, Column]:
        """At each of some times (float64): how many are in each state, and how many nanoseconds all of them together
        had spent in it before; a row for each state."""
        times = np.frombuffer(self._t_ns, dtype=np.int64)
        change = np.frombuffer(self._change, dtype=np.uint8)
        if not len(times):
            nothing = np.zeros((_STATES, len(t_ns)))
            return nothing.astype(np.int64), nothing
        # numpy would first make all of a column floats, for keys that are.
        index = np.searchsorted(times, np.floor(t_ns).astype(np.int64), side="right")
        stride = index // _STRIDE
        first = stride * _STRIDE
        count = np.frombuffer(self._count, dtype=np.int32).reshape(-1, _STATES)[stride]
        spent = np.frombuffer(self._spent_ns, dtype=np.int64).reshape(-1, _STATES)[stride].astype(np.float64)
        spent += count * (t_ns - times[np.maximum(first - 1, 0)])[:, None]
        near = first[:, None] + _BESIDE
        over = near < index[:, None]
        np.minimum(near, len(times) - 1, out=near)
        lasted = np.where(over, t_ns[:, None] - times[near], 0.0)
        changes = change[near]
        row = np.arange(len(t_ns))[:, None] << _SHIFT
        size = len(t_ns) << _SHIFT
        comes, came = (row + (changes & _MASK)).ravel(), (row + (changes >> _SHIFT)).ravel()
        counted, weights = over.ravel().astype(np.float64), lasted.ravel()
        moved = np.bincount(comes, counted, size) - np.bincount(came, counted, size)
        added = np.bincount(comes, weights, size) - np.bincount(came, weights, size)
        counts: Column = count + moved.reshape(len(t_ns), -1)[:, :_STATES].astype(np.int64)
        spent += added.reshape(len(t_ns), -1)[:, :_STATES]
        return counts.T, spent.T

    def count(self, state: State, t_ns: int) -> int:
        """How many are in `state` at `t_ns`."""
        return int(self.at(np.array([t_ns], dtype=np.float64))[0][state, 0])

    def counts(self, t_ns: int) -> dict[State, int]:
        """How many are in each state at `t_ns`."""
        counts = self.at(np.array([t_ns], dtype=np.float64))[0]
        return {state: int(counts[state, 0]) for state in State}

    def spent_ns(self, state: State, until_ns: int) -> int:
        """Nanoseconds that all of them together spent in `state` before `until_ns`."""
        return round(float(self.at(np.array([until_ns], dtype=np.float64))[1][state, 0]))

    def changes(self, state: State, start_ns: float, end_ns: float) -> bool:
        """Whether one of them comes into `state`, or leaves it, between the two."""
        start, end = bisect_right(self._t_ns, start_ns), bisect_left(self._t_ns, end_ns)
        change = np.frombuffer(self._change, dtype=np.uint8)[start:end]
        return bool(((change & _MASK == state) | (change >> _SHIFT == state)).any())

    def stirs(self, t_ns: Column) -> Column:
        """Whether anything happens to one of them between each two of these times, which ascend."""
        times = np.frombuffer(self._t_ns, dtype=np.int64)
        after = np.searchsorted(times, np.floor(t_ns[:-1]).astype(np.int64), side="right")
        stirs: Column = after < np.searchsorted(times, np.ceil(t_ns[1:]).astype(np.int64), side="left")
        return stirs

    def ran(self, until: Column) -> Column:
        """How much of the switch axis before each of some places is filled with their runs, in switches."""
        if not self._runs_taken:
            self._take_runs()
            self._runs_taken = True
        filled = np.zeros(len(until))
        if self._run_starts:
            starts, ends, before = (
                np.frombuffer(column, dtype=np.int32) for column in (self._run_starts, self._run_ends, self._run_before)
            )
            index = np.searchsorted(starts, np.floor(until).astype(np.int32), side="right") - 1
            at = np.maximum(index, 0)
            filled = np.where(index >= 0, before[at] + np.minimum(until, ends[at]) - starts[at], 0.0)
        if self._open_run >= 0:
            filled = filled + np.maximum(0.0, until - self._open_run)
        return filled

    @property
    def ended_ns(self) -> int:
        """When the last of them ended; -1 if one has not."""
        if self._ended_ns is None:
            now = self.counts(self._t_ns[-1]) if self._t_ns else {}
            ended = bool(now) and sum(now[state] for state in FINAL) == len(self.tracks)
            known = self._timeline.tracks
            self._ended_ns = max(known[track].slices.start_ns[-1] for track in self.tracks) if ended else -1
        return self._ended_ns

    @property
    def failed(self) -> bool:
        """Whether one of them ended by an exception."""
        return bool(self._t_ns) and self.count(State.FAILED, self._t_ns[-1]) > 0


def crowd_of(timeline: Timeline, tracks: tuple[int, ...]) -> Crowd:
    """What these tracks do up to now."""
    crowd = Crowd(timeline)
    crowd.follow(tracks)
    return crowd
