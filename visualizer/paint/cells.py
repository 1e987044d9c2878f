"""What a track does in each cell of a viewport: all cells at once, whatever the number of slices."""

from __future__ import annotations

from math import inf, nextafter
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model import FINAL, SUMMED, State
from visualizer.paint.lane import Lane
from visualizer.trace.flat import Column

#: No state, no slice.
NONE = -1
# A column is compared with a plain number faster than with one that has a name.
_RUNNING = int(State.RUNNING)
_ROW = SUMMED.index(State.RUNNING)
_STATES = np.array(SUMMED, dtype=np.int64)
#: So many slices of a cell are looked at one by one.
_FEW = 6
_NEAR = np.arange(_FEW)
_IS_FINAL = np.array([state in FINAL for state in State])


class Cells(NamedTuple):
    """What a track does within each cell: a column a field, an item a cell.

    `only`: the one slice that fills the cell, or what the trace has of it; else NONE. `running`: the share of the cell
    that the track runs; `runs`: how many RUNNING slices there are, 2 if there are more. `main`: the state other than
    RUNNING that fills most, the first in SUMMED of equal ones, NONE if there is none. `enters`: it ran already before;
    `stays`: it runs on behind.
    """

    only: Column
    running: Column
    runs: Column
    main: Column
    enters: Column
    stays: Column


def cells(lane: Lane, edges: list[float]) -> Cells:
    """What happens between each two of `edges`, which ascend."""
    scale, limit = lane.scale, lane.limit * lane.scale
    edge = np.array(edges) * scale
    start, end = edge[:-1], edge[1:]
    until = np.minimum(end, limit)
    begins, state = np.frombuffer(lane.begins, dtype=np.int64), np.frombuffer(lane.slices.state, dtype=np.uint8)
    # What begins exactly where the trace ends still belongs to it, what begins later does not.
    reach = np.minimum(edge, nextafter(limit, inf))
    # numpy would first make all of a column floats, for keys that are.
    found = begins.searchsorted(np.ceil(reach).astype(np.int64))
    after, before = found[:-1], np.maximum(found[:-1], found[1:])
    next_begin = np.where(after < len(state), begins[np.minimum(after, len(state) - 1)], limit)
    first = after - ((after > 0) & (np.minimum(next_begin, until) > start))
    last = before - 1
    count = last - first + 1
    of_first, of_last = state[np.minimum(first, len(state) - 1)], state[np.maximum(last, 0)]
    some, single = count > 0, count == 1
    enters = some & (first < after) & (of_first == _RUNNING)
    stays = some & (of_last == _RUNNING) & (end <= limit)
    only = np.where(single, first, NONE)
    main = np.where(single & ~_IS_FINAL[of_first] & (of_first != _RUNNING), of_first.astype(np.int64), NONE)
    running = np.zeros(len(start))
    runs = np.zeros(len(start), dtype=np.int64)
    alone = np.flatnonzero(single & (of_first == _RUNNING))
    if len(alone):
        own = until[alone] - np.maximum(start[alone], begins[first[alone]])
        running[alone] = np.maximum(own / (end - start)[alone], 0.0)
        runs[alone] = 1
    several = np.flatnonzero(count > 1)
    if len(several):
        needed = np.zeros(len(edge), dtype=bool)
        needed[several] = needed[several + 1] = True
        number = np.cumsum(needed) - 1
        spent = lane.spent(np.minimum(edge, limit)[needed] / scale) * scale
        lasted = spent[:, number[several + 1]] - spent[:, number[several]]
        running[several] = np.minimum(1.0, lasted[_ROW] / (end - start)[several])
        lasted[_ROW] = 0
        most = lasted.argmax(axis=0)
        main[several] = np.where(lasted.max(axis=0) > 0, _STATES[most], NONE)
        runs[several] = _runs(lane, first[several], last[several])
    return Cells(only, running, runs, main, enters, stays)


def _runs(lane: Lane, first: Column, last: Column) -> Column:
    """How many of the slices `first` to `last` are RUNNING, 2 if there are more."""
    state = np.frombuffer(lane.slices.state, dtype=np.uint8)
    near = first[:, None] + _NEAR
    found = (state[np.minimum(near, len(state) - 1)] == _RUNNING) & (near <= last[:, None])
    # Behind the first of them only those that a switch began are looked for.
    steps = np.frombuffer(lane.track.step_slices, dtype=np.int32)
    behind = steps.searchsorted(last.astype(np.int32), side="right") - steps.searchsorted(first.astype(np.int32) + _FEW)
    runs: Column = np.minimum(found.sum(axis=1) + np.maximum(behind, 0), 2)
    return runs
