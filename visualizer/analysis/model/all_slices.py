"""The slices of many tracks as one table, for code that reads all of them once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from visualizer.analysis.model.numbers import NONE
from visualizer.analysis.model.tracks import Tracks
from visualizer.analysis.model.types import SlicesOfMany, Track
from visualizer.trace.columns import Column


class AllSlices:
    """Copies of the columns of each track's slices, one track after another: bounds[i] to bounds[i + 1] is track i's,
    and so are those of `runs` from step_bounds[i] to step_bounds[i + 1]."""

    def __init__(self, tracks: Tracks, ids: Sequence[int]) -> None:
        start_ns, state, about, self._steps = array("q"), array("B"), array("i"), array("i")
        counts: list[Column] = []
        step_counts: list[Column] = []
        for part in tracks.slices(ids):
            start_ns.frombytes(part.start_ns)
            state.frombytes(part.state)
            about.frombytes(part.about)
            self._steps.frombytes(part.steps)
            counts.append(part.counts)
            step_counts.append(part.step_counts)
        self.start_ns, self.state, self.about = map(np.asarray, (start_ns, state, about))
        self.bounds, self.step_bounds = map(_bounds, (counts, step_counts))

    @cached_property
    def runs(self) -> Column:
        """Where the RUNNING slices that switches began stand."""
        found: Column = np.repeat(self.bounds[:-1], np.diff(self.step_bounds))
        found += np.asarray(self._steps)
        return found

    @property
    def lasts(self) -> Column:
        """The last slice of each track that has any."""
        return self.bounds[1:][np.diff(self.bounds) > 0] - 1

    def are_last(self, slices: Column) -> Column:
        """Of these whether each is the last one of its track."""
        lasts = self.lasts
        found: Column = lasts.take(lasts.searchsorted(slices), mode="clip") == slices if len(lasts) else slices < 0
        return found

    def end_ns(self, last_ns: int) -> Column:
        """When each slice ends; the last one of a track with the trace, at `last_ns`."""
        found, lasts = np.roll(self.start_ns, -1), self.lasts
        found[lasts] = np.maximum(self.start_ns[lasts], last_ns)
        return found

    def at(self, tracks: Column, t_ns: Column) -> Column:
        """The slice of each of these tracks, by which they are here, in which a time lies; -1 before its first."""
        first, low, high = self.bounds[tracks], self.bounds[tracks], self.bounds[tracks + 1]
        while (left := low < high).any():
            middle = np.where(left, (low + high) >> 1, 0)
            is_later = self.start_ns[middle] <= t_ns
            low, high = np.where(left & is_later, middle + 1, low), np.where(left & ~is_later, middle, high)
        return np.where(low > first, low - 1, -1)

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
    fresh = list[int]()
    for id in ids:
        one = tracks.look(id)
        if not isinstance(one, Track) and tracks.over[id] == NONE:
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
