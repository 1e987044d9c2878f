"""Every wait of a timeline, from when to when, and who ended it, as columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.states import State
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.columns import Column


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
    start_ns, end_ns, state, about = every.start_ns, every.end_ns(timeline.last_ns), every.state, every.about
    ended = np.full(len(state), True)
    ended[every.lasts] = False
    waker = np.where(ended & (np.roll(state, -1) == State.READY), np.roll(about, -1), -1)
    # Each suspension is one track's alone, whose slices stand in order.
    waiting = np.flatnonzero((state == State.WAITING) & (about >= 0))
    waiting = waiting[np.argsort(about[waiting], kind="stable")]
    suspensions, first = np.unique(about[waiting], return_index=True)
    last = waiting[np.append(first[1:], len(waiting)) - 1] if len(waiting) else waiting
    return Waits(suspensions, start_ns[waiting[first]], end_ns[last], waker[last], ended[last])
