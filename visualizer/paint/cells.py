"""What a track does in each cell of a viewport: all cells at once, whatever the number of slices.

It is what `Lane.mix` says of each of them, as columns.
"""

from __future__ import annotations

from functools import partial
from math import inf, nextafter
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model import FINAL, SUMMED, State
from visualizer.analysis.slices import Column
from visualizer.paint.lane import FEW, Lane
from visualizer.paint.viewport import Axis

#: No state.
NONE = -1
_STATES = np.array([state for state in SUMMED if state is not State.RUNNING], dtype=np.int64)
_OTHERS = [row for row, state in enumerate(SUMMED) if state is not State.RUNNING]
_RUNNING_ROW = SUMMED.index(State.RUNNING)


class Cells(NamedTuple):
    """A column for each field of `Mix`, an item for each cell; `main` is NONE if there is none."""

    only: Column
    running: Column
    runs: Column
    main: Column
    enters: Column
    stays: Column


def cells(lane: Lane, edges: list[float]) -> Cells:
    """What happens between each two of `edges`, which ascend."""
    slices = lane.slices
    edge = np.array(edges)
    start, end = edge[:-1], edge[1:]
    until = np.minimum(end, lane.limit)
    # What begins exactly where the trace ends still belongs to it, what begins later does not.
    reach = np.minimum(edge, nextafter(lane.limit, inf))
    on_time = lane.axis is Axis.TIME
    state = np.frombuffer(slices.state, dtype=np.uint8)
    if on_time:
        start_ns = np.frombuffer(slices.start_ns, dtype=np.int64)
        found = np.searchsorted(start_ns, np.ceil(reach).astype(np.int64))
        begins = np.where(found < len(state), start_ns[np.minimum(found, len(state) - 1)], lane.limit)
    else:
        found, begins = lane.find_all(reach)
    after, before = found[:-1], np.maximum(found[:-1], found[1:])
    first = after - ((after > 0) & (np.minimum(begins[:-1], until) > start))
    last = before - 1
    count = last - first + 1
    known = np.minimum(np.maximum(first, 0), len(state) - 1)
    of_first, of_last = state[known], state[np.maximum(last, 0)]
    some = count > 0
    single = count == 1
    enters = some & (first < after) & (of_first == State.RUNNING)
    stays = some & (of_last == State.RUNNING) & (end <= lane.limit)
    only = np.where(single, first, NONE)
    final = (of_first == FINAL[0]) | (of_first == FINAL[1])
    main = np.where(single & ~final & (of_first != State.RUNNING), of_first.astype(np.int64), NONE)
    running = np.zeros(len(start))
    runs = np.zeros(len(start), dtype=np.int64)
    alone = single & (of_first == State.RUNNING)
    if alone.any():
        own = start_ns[known] if on_time else lane.starts(known)
        share = (until - np.maximum(start, own)) / (end - start)
        running[alone], runs[alone] = np.maximum(share, 0.0)[alone], 1
    several = np.flatnonzero(count > 1)
    if len(several):
        few = count[several] <= FEW
        if on_time:
            needed = np.zeros(len(edge), dtype=bool)
            needed[several] = needed[several + 1] = True
            number = np.cumsum(needed) - 1
            spent = slices.spent(np.minimum(edge, lane.limit)[needed])
            spent = spent[:, number[several + 1]] - spent[:, number[several]]
        else:
            spent = np.empty((len(SUMMED), len(several)))
            for chosen, add in ((few, partial(_added, lane)), (~few, lane.spent)):
                if chosen.any():
                    which = several[chosen]
                    spent[:, chosen] = add(start[which], until[which], first[which], last[which])
        share = spent[_RUNNING_ROW] / (end - start)[several]
        running[several] = np.minimum(1.0, share)
        beside = spent[_OTHERS]
        most = beside.argmax(axis=0)
        main[several] = np.where(beside.max(axis=0) > 0, _STATES[most], NONE)
        near = first[several][:, None] + np.arange(FEW)
        own = (state[np.minimum(near, len(state) - 1)] == State.RUNNING) & (near <= last[several][:, None])
        runs[several] = np.where(few, np.minimum(own.sum(axis=1), 2), 2)
    return Cells(only, running, runs, main, enters, stays)


def _added(lane: Lane, start: Column, until: Column, first: Column, last: Column) -> Column:
    """How much of each span of the switch axis, which few slices share, each of SUMMED takes."""
    number = first[:, None] + np.arange(FEW + 1)
    place = lane.starts(number.ravel()).reshape(number.shape)
    place = np.minimum(np.maximum(place, start[:, None]), until[:, None])
    lasts = np.where(number[:, :-1] <= last[:, None], np.maximum(0.0, np.diff(place, axis=1)), 0.0)
    state = np.frombuffer(lane.slices.state, dtype=np.uint8)
    which = state[np.minimum(number[:, :-1], len(state) - 1)] + len(State) * np.arange(len(first))[:, None]
    added = np.bincount(which.ravel(), lasts.ravel(), minlength=len(State) * len(first))
    return added.reshape(len(first), len(State))[:, list(SUMMED)].T
