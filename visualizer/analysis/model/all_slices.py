"""The slices of many tracks as one table, for code that reads all of them once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from visualizer.analysis.model.tracks import Tracks
from visualizer.analysis.model.types import SlicesOfMany, Track
from visualizer.trace.columns import Column


class AllSlices:
    """Copies of the columns of each track's slices, one track after another: bounds[i] to bounds[i + 1] is track i's.

    `runs`: where the RUNNING slices that switches began stand, `step_bounds` says whose they are.
    """

    def __init__(self, tracks: Tracks, ids: Sequence[int]) -> None:
        start_ns, state, about, steps = array("q"), array("B"), array("i"), array("i")
        counts: list[Column] = []
        step_counts: list[Column] = []
        for part in tracks.slices(ids):
            start_ns.frombytes(part.start_ns)
            state.frombytes(part.state)
            about.frombytes(part.about)
            steps.frombytes(part.steps)
            counts.append(part.counts)
            step_counts.append(part.step_counts)
        self.start_ns, self.state, self.about = map(np.asarray, (start_ns, state, about))
        self.bounds, self.step_bounds = map(_bounds, (counts, step_counts))
        self.runs = np.asarray(steps).astype(np.int64) + np.repeat(self.bounds[:-1], np.diff(self.step_bounds))

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


def more_slices(
    tracks: Tracks, ids: Iterable[int], taken: Mapping[int, int], *, of_steps: bool = False
) -> Iterator[tuple[list[int], SlicesOfMany]]:
    """The slices of those tracks that have more of them, or of runs that switches began, than were `taken`; and whose
    they are: several tracks only where nothing of them was. None that has ended is made for that."""
    known, fresh = tracks.known, list[int]()
    for id in ids:
        one = known[id]
        if not isinstance(one, Track) and id not in tracks.over:
            one = tracks[id]
        if not isinstance(one, Track):
            # It has all that it will have.
            if id not in taken:
                fresh.append(id)
        elif len(one.step_slices if of_steps else one.slices) > taken.get(id, 0):
            fresh.append(id)
    at = 0
    for part in tracks.slices(fresh):
        whose = fresh[at : at + len(part.counts)]
        at += len(whose)
        yield whose, part


def _bounds(lengths: Iterable[Column]) -> Column:
    return np.concatenate([np.zeros(1, dtype=np.int64), *lengths]).cumsum()
