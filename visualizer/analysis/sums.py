"""How much of an axis went to each state before any place of it, for one track."""

from __future__ import annotations

from array import array

import numpy as np

from visualizer.analysis.states import SUMMED, State
from visualizer.trace.flat import Column

#: What is added up is kept for every so many slices; what lies between is added up when it is asked for.
_STRIDE = 16
#: So many strides are added up at a time, which takes room for a moment.
_AT_ONCE = 1 << 12
_SUMMED = np.array(SUMMED, dtype=np.uint8)
#: How the slices of a stride lie behind the first of them, and the first behind these.
_BESIDE = np.arange(_STRIDE + 1, dtype=np.int64)
_ROW_OF = {int(state): row for row, state in enumerate(SUMMED)}


class Sums:
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

    def many(self, until: Column, start: array[int], state: array[int]) -> Column:
        """How much was spent before each of some places (float64, also between two whole ones): a row for each of
        SUMMED. The cost depends on the number of places, not on that of the slices."""
        if not start:
            return np.zeros((len(SUMMED), len(until)))
        self._add_up(start, state)
        starts, states = np.frombuffer(start, dtype=np.int64), np.frombuffer(state, dtype=np.uint8)
        before = np.frombuffer(self._kept, dtype=np.int64).reshape(-1, len(SUMMED))
        # numpy would first make all of a column floats, for keys that are.
        last = starts.searchsorted(np.floor(until).astype(np.int64), side="right") - 1
        known = last >= 0
        last[~known] = 0
        stride = last // _STRIDE
        near = stride[:, None] * _STRIDE + _BESIDE
        over = near[:, :-1] <= last[:, None]
        np.minimum(near, len(starts) - 1, out=near)
        edges = starts[near]
        lasted = edges[:, 1:] - edges[:, :-1].astype(np.float64)
        row = np.arange(len(last))
        lasted[row, last - stride * _STRIDE] = until - starts[last]
        # Added up by place and state in one pass.
        which = states[near[:, :-1]] + len(State) * row[:, None]
        added = np.bincount(which.ravel(), (lasted * over).ravel(), minlength=len(State) * len(last))
        spent: Column = before[stride].T + added.reshape(len(last), len(State))[:, _SUMMED].T
        spent[:, ~known] = 0
        return spent

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
