"""Every wait of a timeline, from when to when, and who ended it, as columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.states import State
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.columns import Column, nonzero, ordering


class Waits(NamedTuple):
    """A row for each wait but those of hubs, which wait whenever another track runs; in the order of the trace.

    `suspension`: its index in `Timeline.suspensions`, ascending. `waker`: index of the wakeup that ended it, -1 if none
    did.
    `ended`: False of those that go on at the end of the trace, which is where they count to.
    """

    suspension: Column
    start_ns: Column
    end_ns: Column
    waker: Column
    ended: Column


def waits(timeline: Timeline) -> Waits:
    """What is made ready for nothing, and waits on for the same, is one wait."""
    every = AllSlices(timeline.tracks, timeline.tracks.scheduling(others=False))
    # Each suspension is one track's alone, whose slices stand in order.
    waiting = nonzero((every.state == State.WAITING) & (every.about >= 0))
    whose = every.about[waiting]
    waiting = waiting[ordering(whose, int(whose.max(initial=0)) + 1)]
    whose = every.about[waiting]
    is_first = np.append(True, whose[1:] != whose[:-1])[: len(whose)]
    first, last = waiting[is_first], waiting[np.append(is_first[1:], True)[: len(whose)]]
    goes_on = every.are_last(last)
    # The last slice of all has none behind it.
    behind = np.minimum(last + 1, len(every.state) - 1)
    end_ns = np.where(goes_on, np.maximum(every.start_ns[last], timeline.last_ns), every.start_ns[behind])
    waker = np.where(~goes_on & (every.state[behind] == State.READY), every.about[behind], -1)
    return Waits(whose[is_first], every.start_ns[first], end_ns, waker, ~goes_on)
