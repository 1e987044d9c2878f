"""Many tracks of a kind, looked at as one: how many of them are in which state."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

import numpy as np

from visualizer.analysis.index.group_runs import GroupRuns
from visualizer.analysis.index.polls import as_called, of_threads
from visualizer.analysis.model.all_slices import AllSlices, more_slices
from visualizer.analysis.model.columns import append
from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.columns import Column

#: What is added up is kept for every so many changes; what lies between is added up when it is asked for.
_STRIDE = 64
#: About so many changes are put in order at a time.
_PIECE = 1 << 16
_STATES = len(State)
#: A change is the state that a track comes from, shifted by so much, and the one that it comes to.
_SHIFT = 4
_MASK = (1 << _SHIFT) - 1
#: A track comes from here when it is created; a change from here to here does nothing.
_NOWHERE = _MASK
_NOTHING = np.uint8(_NOWHERE << _SHIFT | _NOWHERE)
_BESIDE = np.arange(_STRIDE)


class TrackGroup:
    """Some tracks of one thread. After `follow`, everything here costs a binary search, however many they are."""

    def __init__(self, timeline: Timeline) -> None:
        self.tracks: tuple[int, ...] = ()
        self._timeline = timeline
        self._version = -1
        #: See `end`; None: not looked yet.
        self._end: State | None = None
        #: Their runs along the switches.
        self.runs = GroupRuns(timeline)
        self._begin()

    def _begin(self) -> None:
        #: Changes of state of all of them in order of time.
        self._t_ns = array("q")
        self._change = array("B")
        #: For every _STRIDE changes, how many were in each state before, and how long all of them together were, up to
        #: the change before: _STATES numbers each.
        self._count = array("i", [0] * _STATES)
        #: When the last of each stride of changes was.
        self._last_ns = array("q")
        self._spent_ns = array("q", [0] * _STATES)
        #: Of each track, how many slices have been taken in.
        self._taken: dict[int, int] = {}
        self.runs.begin()

    def follow(self, tracks: tuple[int, ...]) -> None:
        """Take in what has happened to these tracks since the last time, or all of it if they are others than then."""
        if tracks == self.tracks and self._version == self._timeline.version:
            return
        self._version = self._timeline.version
        self._end = None
        if tracks != self.tracks:
            came = tracks[len(self.tracks) :] if tracks[: len(self.tracks)] == self.tracks else None
            # A track that joins late has a past.
            if came is None or (self._t_ns and AllSlices(self._timeline.tracks, came).start_ns.min() <= self._t_ns[-1]):
                self._begin()
            self.tracks = tracks
        self._take_slices()
        self.runs.follow(tracks)

    def _take_slices(self) -> None:
        """Many at once, but not so many that putting them in order takes more room than they do."""
        starts, changes = list[Column](), list[Column]()
        hubs = self._timeline.hubs
        for whose, part in more_slices(self._timeline.tracks, self.tracks, self._taken):
            first = self._taken.get(whose[0], 0)
            state, about = np.frombuffer(part.state, dtype=np.uint8), np.frombuffer(part.about, dtype=np.int32)
            state = as_called(self._timeline, state, about, of_threads(self._timeline, whose, part.counts))
            if (waits := np.isin(whose, hubs).repeat(part.counts) & (state == State.WAITING)).any():
                state = np.where(waits, np.uint8(_NOWHERE), state)
            before = np.empty_like(state)
            before[1:] = state[:-1]
            before[(np.cumsum(part.counts) - part.counts)[part.counts > 0]] = _NOWHERE
            starts.append(np.frombuffer(part.start_ns, dtype=np.int64)[first:])
            changes.append((before << _SHIFT | state)[first:])
            self._taken.update(zip(whose, part.counts.tolist(), strict=True))
        if not starts:
            return
        t_ns, change = np.concatenate(starts), np.concatenate(changes)
        edges = np.sort(t_ns[::_STRIDE])[:: _PIECE // _STRIDE][1:]
        piece = edges.searchsorted(t_ns, side="right").astype(np.min_scalar_type(len(edges)))
        for number in range(len(edges) + 1):
            those = (piece == number).nonzero()[0]
            times = t_ns[those]
            order = np.argsort(times, kind="stable")
            # A waker's clock may be a moment behind this thread's.
            append(self._t_ns, np.maximum(times[order], self._t_ns[-1] if self._t_ns else 0))
            append(self._change, change[those[order]])
            self._add_up()

    def _add_up(self) -> None:
        """Take in the strides that are complete since the last time."""
        known = len(self._count) // _STATES
        more = len(self._t_ns) // _STRIDE + 1 - known
        if more <= 0:
            return
        first = (known - 1) * _STRIDE
        last = first + more * _STRIDE
        t_ns = np.frombuffer(self._t_ns, dtype=np.int64)[first:last].reshape(-1, _STRIDE)
        change = np.frombuffer(self._change, dtype=np.uint8)[first:last].reshape(-1, _STRIDE)
        end_ns = t_ns[:, -1]
        lasted_ns = np.diff(end_ns, prepend=self._t_ns[first - 1] if first else t_ns[0, 0])
        # A track that enters or leaves a state does so for the rest of the stride.
        moved, added = _by_state(change, (end_ns[:, None] - t_ns).astype(np.float64))
        counts = np.cumsum(moved, axis=0) + np.array(self._count[-_STATES:])
        spent_ns = np.cumsum((counts - moved) * lasted_ns[:, None] + added.astype(np.int64), axis=0) + np.array(
            self._spent_ns[-_STATES:]
        )
        append(self._last_ns, end_ns)
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
        # Of all the changes, far more than a processor keeps at hand, only those of one stride are looked at; and numpy
        # would first make all of a column floats, for keys that are.
        last_ns, whole_ns = np.frombuffer(self._last_ns, dtype=np.int64), np.floor(t_ns).astype(np.int64)
        stride = np.searchsorted(last_ns, whole_ns, side="right")
        first = stride * _STRIDE
        count = np.frombuffer(self._count, dtype=np.int32).reshape(-1, _STATES)[stride]
        spent = np.frombuffer(self._spent_ns, dtype=np.int64).reshape(-1, _STATES)[stride].astype(np.float64)
        spent += count * (t_ns - times[np.maximum(first - 1, 0)])[:, None]
        near = first[:, None] + _BESIDE
        known = near < len(times)
        np.minimum(near, len(times) - 1, out=near)
        begun_ns = times[near]
        over = known & (begun_ns <= whole_ns[:, None])
        moved, added = _by_state(np.where(over, change[near], _NOTHING), t_ns[:, None] - begun_ns)
        return (count + moved).T, (spent + added).T

    def count(self, state: State, t_ns: int) -> int:
        """How many are in `state` at `t_ns`."""
        return int(self.at(np.array([t_ns], dtype=np.float64))[0][state, 0])

    def counts(self, t_ns: int) -> dict[State, int]:
        """How many are in each state at `t_ns`. A hub that waits is in none: it does whenever another track runs."""
        counts = self.at(np.array([t_ns], dtype=np.float64))[0]
        return {state: int(counts[state, 0]) for state in State}

    def yet_to_come(self, t_ns: int) -> int:
        """How many are not there yet at `t_ns`."""
        slices = [self._timeline.tracks[hub].slices for hub in self._timeline.hubs if hub in self._taken]
        waiting = sum((at := one.at(t_ns)) >= 0 and one.state[at] == State.WAITING for one in slices)
        return len(self.tracks) - sum(self.counts(t_ns).values()) - waiting

    def spent_ns(self, state: State, until_ns: int) -> int:
        """Nanoseconds that all of them together spent in `state` before `until_ns`."""
        return round(float(self.at(np.array([until_ns], dtype=np.float64))[1][state, 0]))

    def changes(self, state: State, start_ns: float, end_ns: float) -> bool:
        """Whether one of them comes into `state`, or leaves it, between the two."""
        start, end = bisect_right(self._t_ns, start_ns), bisect_left(self._t_ns, end_ns)
        change = np.frombuffer(self._change, dtype=np.uint8)[start:end]
        return bool(((change & _MASK == state) | (change >> _SHIFT == state)).any())

    def stirs(self, start_ns: Column, end_ns: Column) -> Column:
        """Whether anything happens to one of them between each two of these times."""
        times = np.frombuffer(self._t_ns, dtype=np.int64)
        after = np.searchsorted(times, np.floor(start_ns).astype(np.int64), side="right")
        stirs: Column = after < np.searchsorted(times, np.ceil(end_ns).astype(np.int64), side="left")
        return stirs

    @property
    def ended_ns(self) -> int:
        """When the last of them ended; -1 if one has not."""
        now = self.counts(self._t_ns[-1]) if self._t_ns else {}
        return self._t_ns[-1] if now and sum(now[state] for state in FINAL) == len(self.tracks) else -1

    @property
    def end(self) -> State:
        """How they ended, if all have: the worst of the ways in which one of them did."""
        if self._end is None:
            now = self.counts(self._t_ns[-1]) if self._t_ns else {}
            self._end = next((state for state in (State.FAILED, State.STOPPED) if now.get(state)), State.DONE)
        return self._end


def _by_state(change: Column, weight: Column) -> tuple[Column, Column]:
    """Of changes in rows: how many more are in each state after a row of them, and the weights of these; a row for
    each, and a column for each state."""
    first = np.arange(len(change))[:, None] << _SHIFT
    comes, came, size = (first + (change & _MASK)).ravel(), (first + (change >> _SHIFT)).ravel(), len(change) << _SHIFT
    weight = weight.ravel()
    moved = np.bincount(comes, minlength=size) - np.bincount(came, minlength=size)
    added = np.bincount(comes, weight, size) - np.bincount(came, weight, size)
    return moved.reshape(len(change), -1)[:, :_STATES], added.reshape(len(change), -1)[:, :_STATES]


def track_group_of(timeline: Timeline, tracks: tuple[int, ...]) -> TrackGroup:
    """What these tracks do up to now."""
    track_group = TrackGroup(timeline)
    track_group.follow(tracks)
    return track_group
