"""Every wait of a timeline, from when to when, and who ended it, as columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.states import State
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.columns import Column


class Waits(NamedTuple):
    """A row for each wait but those of hubs, which wait whenever somebody else runs; in the order of the trace.

    `park`: its index in `Timeline.parks`, ascending. `waker`: index of the wakeup that ended it, -1 if none did.
    `ended`: False of those that go on at the end of the trace, which is where they count to.
    """

    park: Column
    start_ns: Column
    end_ns: Column
    waker: Column
    ended: Column


def waits(timeline: Timeline) -> Waits:
    """What is made ready for nothing, and waits on for the same, is one wait."""
    all_slices = [track.slices for track in timeline.tracks.values() if not track.schedules and len(track.slices)]
    if not all_slices:
        none = np.zeros(0, dtype=np.int64)
        return Waits(none, none, none, none, none.astype(bool))
    start_ns, state, about = (
        np.concatenate([np.array(getattr(slices, column)) for slices in all_slices])
        for column in ("start_ns", "state", "about")
    )
    lasts = np.cumsum([len(slices) for slices in all_slices]) - 1
    end_ns = np.append(start_ns[1:], 0)
    end_ns[lasts] = np.maximum(timeline.last_ns, start_ns[lasts])
    ended = np.ones(len(state), dtype=bool)
    ended[lasts] = False
    woken = np.append(state[1:] == State.READY, False) & ended
    waker = np.where(woken, np.append(about[1:], -1), -1)
    # Each park is one track's alone, whose slices stand in order.
    waiting = np.flatnonzero((state == State.WAITING) & (about >= 0))
    waiting = waiting[np.argsort(about[waiting], kind="stable")]
    parks, first = np.unique(about[waiting], return_index=True)
    last = waiting[np.append(first[1:], len(waiting)) - 1] if len(waiting) else waiting
    return Waits(parks, start_ns[waiting[first]], end_ns[last], waker[last], ended[last])
