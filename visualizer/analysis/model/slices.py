"""The states of one track along time, and along the switches, as columns, and how much of any span went to each."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Protocol

from visualizer.analysis.model.cumulative import Cumulative, CumulativeSlices
from visualizer.analysis.model.states import RUNS, State


class Derived(Protocol):
    """What was computed from slices, and is kept beside them."""

    def cut(self, index: int) -> None:
        """Forget what depends on slices from number `index` on: they are others than they were."""


class Slices:
    """The states of one track in time, as columns. Slice i lasts from start_ns[i] to start_ns[i + 1].

    `about[i]` says more: for RUNNING and IDLE the index of the switch that began it, for WAITING that of its
    Suspension, for READY that of its Wakeup, for BLOCKED the id of the track that ran most meanwhile, else -1.

    A slice takes 13 bytes, four more once the time spent has been asked for, and twelve more once it has been
    asked along the switches.
    """

    __slots__ = ("_sums", "about", "called", "derived", "start_ns", "state")

    def __init__(self) -> None:
        self.start_ns = array("q")
        self.state = array("B")
        self.about = array("i")
        self.derived: Derived | None = None
        #: The states as they are called, see index/polls.py.
        self.called: Derived | None = None
        self._sums: Cumulative | None = None

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

    def restate(self, state: State, about: int, index: int = -1) -> None:
        """Say that a slice, the open one unless another is named, is another state, from its start."""
        self.state[index] = state
        self.about[index] = about
        self.cut(index % len(self.state))

    def cut(self, index: int) -> None:
        """Forget what was computed from slices from number `index` on."""
        if self._sums is not None:
            self._sums.cut(index)
        for one in (self.derived, self.called):
            if one is not None:
                one.cut(index)

    def at(self, t_ns: int) -> int:
        """Index of the slice in which `t_ns` lies (the last that begins at or before it); -1 if before the first."""
        return bisect_right(self.start_ns, t_ns) - 1

    def end_of_run(self, run: int) -> int:
        """Index of the slice that ends the run which slice number `run` begins, idle times included; how many slices
        there are if none does."""
        index = run + 1
        while index < len(self) and self.state[index] in RUNS:
            index += 1
        return index

    def spent_ns(self, state: State, until_ns: int, since_ns: int = 0) -> int:
        """Nanoseconds spent in `state` (one of SUMMED) between two times. Binary searches, whatever the length."""
        last = self.at(until_ns)
        spent_ns = 0 if last < 0 else self.cumulative.sums.one(state, until_ns, last, self.start_ns, self.state)
        return spent_ns - self.spent_ns(state, since_ns) if since_ns > 0 else spent_ns

    @property
    def cumulative(self) -> CumulativeSlices:
        """The slices along time."""
        if self._sums is None:
            self._sums = Cumulative()
        return CumulativeSlices(self._sums, self.start_ns, self.state)
