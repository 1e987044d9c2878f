"""How much of an axis went to each state before any place of it, for a track, and for many at once."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.states import SUMMED, State
from visualizer.trace.columns import Column

#: What is added up is kept for every so many slices; what lies between is added up when it is asked for.
_STRIDE = 16
#: So many strides are added up at a time, which takes room for a moment.
_AT_ONCE = 1 << 12
_SUMMED = np.array(SUMMED, dtype=np.uint8)
#: How the slices of a stride lie after the first of them, and the first after these.
_BESIDE = np.arange(_STRIDE + 1, dtype=np.int64)
_ROW_OF = {int(state): row for row, state in enumerate(SUMMED)}
_STATES = len(State)


class Cumulative:
    """Adds up slices that begin at places of an axis (int64, ascending) and are in states (uint8).

    Both columns may have grown since the last time; where they have changed, `cut` must have been called.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        #: For every _STRIDE slices that are over, how much was spent before them: a number for each of SUMMED.
        self._kept = array("q")

    def cut(self, index: int) -> None:
        """Forget what depends on slices from number `index` on."""
        del self._kept[(index // _STRIDE + 1) * len(SUMMED) :]

    def one(self, wanted: State, until: int, last: int, start: array[int], state: array[int]) -> int:
        """How much was spent in `wanted` before `until`, which lies in slice number `last`."""
        self._add_up(start, state)
        stride = last // _STRIDE
        spent = self._kept[stride * len(SUMMED) + _ROW_OF[wanted]]
        for index in range(stride * _STRIDE, last):
            if state[index] == wanted:
                spent += start[index + 1] - start[index]
        return spent + until - start[last] if state[last] == wanted else spent

    def kept(self, start: array[int], state: array[int]) -> Column:
        """How much was spent before every stride, a column for each of SUMMED."""
        self._add_up(start, state)
        return np.frombuffer(self._kept, dtype=np.int64).reshape(-1, len(SUMMED))

    def _add_up(self, start: array[int], state: array[int]) -> None:
        """Take in the strides that are over since the last time."""
        kept, width = self._kept, len(SUMMED)
        if not kept:
            kept.extend([0] * width)
        while (more := (len(start) - 1) // _STRIDE + 1 - len(kept) // width) > 0:
            first, count = (len(kept) // width - 1) * _STRIDE, min(more, _AT_ONCE) * _STRIDE
            starts = np.frombuffer(start, dtype=np.int64)[first : first + count + 1]
            states = np.frombuffer(state, dtype=np.uint8)[first : first + count]
            lasted = np.diff(starts)
            rows = np.empty((len(lasted) // _STRIDE, width), dtype=np.int64)
            for row, wanted in enumerate(_SUMMED):
                rows[:, row] = np.where(states == wanted, lasted, 0).reshape(-1, _STRIDE).sum(axis=1)
            rows = np.cumsum(rows, axis=0) + np.array(kept[-width:], dtype=np.int64)
            kept.frombytes(rows.tobytes())


class CumulativeSlices(NamedTuple):
    """Slices of a track along an axis: where they begin, in which states they are, and the sums of that."""

    sums: Cumulative
    start: array[int]
    state: array[int]

    def spent(self, until: Column) -> Column:
        """How much was spent before each of some places (float64, also between two whole ones): a row for each of
        SUMMED. The cost depends on the number of places, not on that of the slices."""
        # numpy would first make all of a column floats, for keys that are.
        last = np.frombuffer(self.start, dtype=np.int64).searchsorted(np.floor(until).astype(np.int64), side="right")
        return Tally((self,), (0, len(until)), until, last - 1).by_state(np.arange(len(until)))


class Tally:
    """How much was spent before places of many tracks: number bounds[i] to bounds[i + 1] are those of track number i.

    `last`: the slice in which each place lies, or one that ends just there; -1 before the first.
    """

    def __init__(self, tracks: Sequence[CumulativeSlices], bounds: Sequence[int], until: Column, last: Column) -> None:
        count = len(until)
        stride = np.maximum(last, 0) // _STRIDE
        near = stride[:, None] * _STRIDE + _BESIDE
        # Behind the last one nothing is left to add.
        np.minimum(near, last[:, None], out=near)
        edges = np.empty(near.shape, dtype=np.int64)
        #: Up to each place, from the stride in which it lies: the states of the slices, and how long they last.
        self._states = np.zeros((count, _STRIDE), dtype=np.uint8)
        self._lasted = np.empty((count, _STRIDE))
        #: What was spent before that stride.
        self._before = np.zeros((count, len(SUMMED)), dtype=np.int64)
        for (sums, start, state), (first, end) in zip(tracks, pairwise(bounds), strict=True):
            if first < end and start:
                here = near[first:end]
                np.frombuffer(start, dtype=np.int64).take(here, out=edges[first:end], mode="clip")
                np.frombuffer(state, dtype=np.uint8).take(here[:, :-1], out=self._states[first:end], mode="clip")
                sums.kept(start, state).take(stride[first:end], axis=0, out=self._before[first:end], mode="clip")
        np.subtract(edges[:, 1:], edges[:, :-1], out=self._lasted)
        row, own = np.arange(count), last - stride * _STRIDE
        self._lasted[row, own] = until - edges[row, own]
        self._lasted[last < 0] = 0

    def in_state(self, state: State) -> Column:
        """How much was spent in that one of SUMMED before each place."""
        spent: Column = self._before[:, _ROW_OF[state]] + (self._lasted * (self._states == int(state))).sum(axis=1)
        return spent

    def by_state(self, places: Column) -> Column:
        """How much was spent before the places of these numbers: a row for each of SUMMED."""
        count = len(places)
        # Added up by place and state in one pass.
        which = self._states[places] + _STATES * np.arange(count)[:, None]
        added = np.bincount(which.ravel(), self._lasted[places].ravel(), minlength=_STATES * count)
        spent: Column = self._before[places].T + added.reshape(count, _STATES)[:, _SUMMED].T
        return spent
