"""The runs of many tracks of one thread along the switches: how much of that axis they fill."""

from __future__ import annotations

from array import array

import numpy as np

from visualizer.analysis.model.all_slices import more_slices
from visualizer.analysis.model.columns import append
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.columns import Column

#: So many runs are taken in at a time: what that takes meanwhile is not to stay.
_PIECE = 1 << 16


class GroupRuns:
    """Tell it what there is with `follow`. What that costs is paid when it is asked for."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._tracks: tuple[int, ...] = ()
        self._is_behind = False
        self.begin()

    def begin(self) -> None:
        """Forget all."""
        #: Of each track, how many runs have been taken in.
        self._taken: dict[int, int] = {}
        #: Behind which switches each begins and ends, and how long those before it were.
        self._starts = array("i")
        self._ends = array("i")
        self._before = array("i")
        #: Where the run begins that has not ended yet, -1 if there is none.
        self._open = -1.0

    def follow(self, tracks: tuple[int, ...]) -> None:
        """More may have happened to these tracks, of which the first are those of the last time."""
        self._tracks = tracks
        self._is_behind = True

    def filled(self, until: Column) -> Column:
        """How much of the axis before each of some places they fill, in switches."""
        if self._is_behind:
            self._take()
            self._is_behind = False
        filled = np.zeros(len(until))
        if self._starts:
            columns = self._starts, self._ends, self._before
            starts, ends, before = (np.frombuffer(column, dtype=np.int32) for column in columns)
            index = np.searchsorted(starts, np.floor(until).astype(np.int32), side="right") - 1
            at = np.maximum(index, 0)
            filled = np.where(index >= 0, before[at] + np.minimum(until, ends[at]) - starts[at], 0.0)
        if self._open >= 0:
            filled = filled + np.maximum(0.0, until - self._open)
        return filled

    def _take(self) -> None:
        self._open = -1.0
        found: list[tuple[Column, Column]] = []
        for whose, part in more_slices(self._timeline.tracks, self._tracks, self._taken, of_steps=True):
            about, steps = (np.frombuffer(column, dtype=np.int32) for column in (part.about, part.steps))
            start_ns, ends = np.frombuffer(part.start_ns, dtype=np.int64), np.cumsum(part.counts)
            runs = steps + np.repeat(ends - part.counts, part.step_counts)
            # Only of one track alone anything was taken, or anything lasts.
            first, count = self._taken.get(whose[0], 0), len(runs)
            if count and runs[-1] + 1 == ends[-1]:
                self._open, count = about[runs[-1]] + 1.0, count - 1
            if first < count:
                found.append((about[runs[first:count]], start_ns[runs[first:count] + 1]))
            self._taken.update(zip(whose, part.step_counts.tolist() if len(whose) > 1 else [count], strict=True))
        if found:
            switch, end_ns = map(np.concatenate, zip(*found, strict=True))
            order = np.argsort(switch, kind="stable")
            for piece in np.split(order, range(_PIECE, len(order), _PIECE)):
                self._put(switch[piece], end_ns[piece])

    def _put(self, switch: Column, end_ns: Column) -> None:
        """Add the runs that these switches, which ascend, began, and that ended then."""
        start = switch + 1
        end = np.maximum(self._switches_at(end_ns, start), start) + 1
        # One thread runs one of them at a time; a damaged trace may say otherwise.
        latest = np.maximum.accumulate(end)
        begun = self._ends[-1] if self._ends else 0
        start = np.maximum(start, np.maximum(begun, np.concatenate(([0], latest[:-1]))))
        end = np.maximum(start, end)
        before = self._before[-1] + self._ends[-1] - self._starts[-1] if self._ends else 0
        lengths = np.concatenate(([before], (end - start)[:-1]))
        for column, new in ((self._starts, start), (self._ends, end), (self._before, np.cumsum(lengths))):
            append(column, new)

    def _switches_at(self, t_ns: Column, about: Column) -> Column:
        """Number of the first switch at each of these times or after it. `about`: which it is as a rule."""
        switch_ns = np.frombuffer(self._timeline.switch_ns, dtype=np.int64)
        found, last = about.astype(np.int64), len(switch_ns) - 1
        there, before = switch_ns[np.minimum(found, last)], switch_ns[np.maximum(found, 1) - 1]
        other = ((found > last) | (there < t_ns) | ((found > 0) & (before >= t_ns))).nonzero()[0]
        found[other] = switch_ns.searchsorted(t_ns[other])
        return found

