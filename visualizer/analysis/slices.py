"""The states of one track in time, as columns, and how much of any span went to each."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

#: Times in ns, indices, states: whatever a column holds.
Column = npt.NDArray[Any]


class State(IntEnum):
    """What a track does during a slice."""

    CREATED = 0
    READY = 1
    RUNNING = 2
    WAITING = 3
    IDLE = 4
    #: Only of a hub: it waits while a track of its thread runs for long without giving way, see blocks.py.
    BLOCKED = 5
    DONE = 6
    FAILED = 7
    UNKNOWN = 8


FINAL = (State.DONE, State.FAILED)
#: The states whose share can be asked for, see `Slices.spent_ns`.
SUMMED = tuple(state for state in State if state not in FINAL)

#: How much was spent in each of SUMMED is kept for every so many slices; what lies between is added up when asked.
_STRIDE = 16
_ROW_OF = {int(state): row for row, state in enumerate(SUMMED)}
_SUMMED = np.array(SUMMED, dtype=np.uint8)
#: One row for each of SUMMED, and how the slices of a stride lie behind the first of them.
_BESIDE = np.arange(_STRIDE, dtype=np.int64)


class Slices:
    """The states of one track in time, as columns. Slice i lasts from start_ns[i] to start_ns[i + 1].

    `about[i]` says more: for RUNNING and IDLE the index of the switch that began it, for WAITING that of its Park, for
    READY that of its Wakeup, for BLOCKED the id of the track that ran most meanwhile, else -1.

    A slice takes 13 bytes, and four more once somebody has asked for what was spent.
    """

    __slots__ = ("_spent", "about", "start_ns", "state")

    def __init__(self) -> None:
        self.start_ns = array("q")
        self.state = array("B")
        self.about = array("i")
        #: For every _STRIDE slices that are over, how much was spent before them: a number for each of SUMMED.
        self._spent = array("q")

    def __len__(self) -> int:
        return len(self.start_ns)

    def begin(self, t_ns: int, state: State, about: int = -1) -> None:
        """Close the open slice and begin one in `state`. A time before the open slice's start is moved to it."""
        start_ns = self.start_ns
        if start_ns and t_ns < start_ns[-1]:
            t_ns = start_ns[-1]
        start_ns.append(t_ns)
        self.state.append(state)
        self.about.append(about)

    def extend(self, start_ns: Column, state: Column, about: Column) -> None:
        """Begin many: int64 times, which ascend from the open slice's start on, uint8 states, int32 abouts."""
        self.start_ns.frombytes(start_ns.tobytes())
        self.state.frombytes(state.tobytes())
        self.about.frombytes(about.tobytes())

    def restate(self, state: State, about: int, index: int = -1) -> None:
        """Say that a slice, the open one unless another is named, is another state, from its start."""
        self.state[index] = state
        self.about[index] = about
        index %= len(self.state)
        # What was added up behind it is no more true.
        del self._spent[(index // _STRIDE + 1) * len(SUMMED) :]

    def at(self, t_ns: int) -> int:
        """Index of the slice in which `t_ns` lies (the last that begins at or before it); -1 if before the first."""
        return bisect_right(self.start_ns, t_ns) - 1

    def spent_ns(self, state: State, until_ns: int) -> int:
        """Nanoseconds spent in `state` (one of SUMMED) before `until_ns`. One binary search, whatever the length."""
        last = self.at(until_ns)
        if last < 0:
            return 0
        start_ns, states = self.start_ns, self.state
        self._add_up()
        stride = last // _STRIDE
        spent_ns = self._spent[stride * len(SUMMED) + _ROW_OF[state]]
        for index in range(stride * _STRIDE, last):
            if states[index] == state:
                spent_ns += start_ns[index + 1] - start_ns[index]
        return spent_ns + until_ns - start_ns[last] if states[last] == state else spent_ns

    def spent(self, until_ns: Column) -> Column:
        """The same of many times (float64), which may lie between two nanoseconds: a row for each of SUMMED."""
        if not self.start_ns:
            return np.zeros((len(SUMMED), len(until_ns)))
        self._add_up()
        start_ns = np.frombuffer(self.start_ns, dtype=np.int64)
        state = np.frombuffer(self.state, dtype=np.uint8)
        before = np.frombuffer(self._spent, dtype=np.int64).reshape(-1, len(SUMMED))
        # numpy would first make all of a column floats, for keys that are.
        last = np.searchsorted(start_ns, np.floor(until_ns).astype(np.int64), side="right") - 1
        known = last >= 0
        last[~known] = 0
        stride = last // _STRIDE
        near = stride[:, None] * _STRIDE + _BESIDE
        over = near <= last[:, None]
        np.minimum(near, len(start_ns) - 1, out=near)
        end = start_ns[np.minimum(near + 1, len(start_ns) - 1)].astype(np.float64)
        end[np.arange(len(last)), last - stride * _STRIDE] = until_ns
        lasted = np.where(over, end - start_ns[near], 0)
        # Added up by time and state in one pass.
        which = state[near] + len(State) * np.arange(len(last))[:, None]
        added = np.bincount(which.ravel(), lasted.ravel(), minlength=len(State) * len(last))
        spent: Column = before[stride].T + added.reshape(len(last), len(State))[:, _SUMMED].T
        spent[:, ~known] = 0
        return spent

    def _add_up(self) -> None:
        """Take in the strides that are over since the last time."""
        spent, width = self._spent, len(SUMMED)
        known = len(spent) // width
        if not known:
            spent.extend([0] * width)
            known = 1
        more = (len(self.start_ns) - 1) // _STRIDE + 1 - known
        if more <= 0:
            return
        first = (known - 1) * _STRIDE
        count = more * _STRIDE
        start_ns = np.frombuffer(self.start_ns, dtype=np.int64)[first : first + count + 1]
        state = np.frombuffer(self.state, dtype=np.uint8)[first : first + count]
        lasted = np.diff(start_ns)
        rows = np.empty((more, width), dtype=np.int64)
        for row, wanted in enumerate(_SUMMED):
            rows[:, row] = np.where(state == wanted, lasted, 0).reshape(more, _STRIDE).sum(axis=1)
        rows = np.cumsum(rows, axis=0) + np.array(spent[-width:], dtype=np.int64)
        del start_ns, state
        spent.frombytes(rows.tobytes())
