"""Which switches one can step to: all of them, or in a long trace those that matter and some of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from visualizer.analysis.index.switch_axis import PER_SWITCH
from visualizer.analysis.report.comparison import Part
from visualizer.trace.columns import Column

#: A page with more would no longer open at once.
MOST = 50_000
#: Where there are more, so many at the beginning are steps; so many around what matters, at most so many on either side
#: of each; and so many of the others.
BEGINNING = 5_000
_AROUND_ALL, _AROUND, _OTHERS = 5_000, 100, 20_000


class Steps(NamedTuple):
    """The switches of a part that can be stepped to, by their numbers in the trace, in order. `every`: of those that
    do not matter, each which one is; 1 if all are."""

    part: Part
    numbers: Column
    every: int = 1

    def last(self, switch: int) -> int:
        """Which of them, from 0, is the last up to that switch; -1 if none is."""
        return int(self.numbers.searchsorted(switch, side="right")) - 1

    def at(self, t_ns: int) -> int:
        """The same up to that moment."""
        return self.last(self.part.timeline.switch_before(t_ns))

    def are_around(self, place: Column) -> Column:
        """Of places along the switches, in PER_SWITCHths: whether both the switch before each and that behind it are
        among them."""
        first, stop = self.part.first, self.part.stop
        # In front of the first, and behind the last one, there is none.
        known = np.ones(stop - first + 2, dtype=bool)
        known[1:-1] = False
        known[self.numbers - first + 1] = True
        segment = np.clip(place // PER_SWITCH - first, 0, stop - first)
        found: Column = known[segment] & known[segment + 1]
        return found


def steps_of(part: Part, matter_ns: Iterable[int]) -> Steps:
    """All switches of the part. If those are too many: those at its beginning, those around the moments that matter,
    and every so many-th of the others."""
    timeline, first, stop = part.timeline, part.first, part.stop
    if stop - first <= MOST:
        return Steps(part, np.arange(first, stop))
    matter = np.unique(np.array([timeline.switch_before(t_ns) for t_ns in matter_ns], dtype=np.int64))
    around = min(_AROUND, _AROUND_ALL // (2 * len(matter) + 1))
    near = (matter[:, None] + np.arange(-around, around + 1)).ravel()
    every = -(-(stop - first) // _OTHERS)
    found = np.unique(np.concatenate([np.arange(first, first + BEGINNING), near, np.arange(first, stop, every)]))
    return Steps(part, found[(found >= first) & (found < stop)], every)
