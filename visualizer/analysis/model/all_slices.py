"""The slices of many tracks as one table, for code that reads all of them once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np

from visualizer.analysis.model.types import Track
from visualizer.trace.columns import Column


class AllSlices:
    """Copies of the columns of each track's slices, one track after another: bounds[i] to bounds[i + 1] is track i's.

    `runs`: where the RUNNING slices that switches began stand, `step_bounds` says whose they are.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        slices = [track.slices for track in tracks]
        self.bounds = _bounds(map(len, slices))
        self.start_ns = _joined([one.start_ns for one in slices], "q")
        self.state = _joined([one.state for one in slices], "B")
        self.about = _joined([one.about for one in slices], "i")
        steps = [track.step_slices for track in tracks]
        self.step_bounds = _bounds(map(len, steps))
        self.runs = _joined(steps, "i").astype(np.int64) + np.repeat(self.bounds[:-1], np.diff(self.step_bounds))

    @property
    def lasts(self) -> Column:
        """The last slice of each track that has any."""
        return self.bounds[1:][np.diff(self.bounds) > 0] - 1

    def end_ns(self, last_ns: int) -> Column:
        """When each slice ends; the last one of a track with the trace, at `last_ns`."""
        found, lasts = np.roll(self.start_ns, -1), self.lasts
        found[lasts] = np.maximum(self.start_ns[lasts], last_ns)
        return found

    def run_of_switch(self, switches: int) -> Column:
        """Of each of so many switches the slice that it began."""
        found = np.full(switches, -1, dtype=np.int64)
        found[self.about[self.runs]] = self.runs
        return found


def _bounds(lengths: Iterable[int]) -> Column:
    return np.array([0, *lengths], dtype=np.int64).cumsum()


def _joined(columns: Sequence[array[int]], typecode: str) -> Column:
    return np.concatenate([np.array([], dtype=typecode), *columns])
