"""What a track does in each cell of a viewport: all cells at once, whatever the number of slices."""

from __future__ import annotations

from functools import lru_cache
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
#: Of a cell that one slice fills, what there is beside runs.
_MAIN = np.array([NONE if state in (*FINAL, State.RUNNING) else state for state in State], dtype=np.int64)


class Cells(NamedTuple):
    """What a track does within each cell: a column a field, an item a cell.

    `only`: the one slice that fills the cell, or what the trace has of it; else NONE. `running`: the share of the cell
    that the track runs; `runs`: how many RUNNING slices there are, 2 if there are more. `main`: the state other than
    RUNNING that fills most, the first in SUMMED of equal ones, NONE if there is none. `enters`: it ran already before;
    `stays`: it runs on behind; said of cells with runs.
    """

    only: Column
    running: Column
    runs: Column
    main: Column
    enters: Column
    stays: Column


class _Grid(NamedTuple):
    """The cells themselves, in the lane's whole numbers: the same for all rows.

    `reach`: up to where slices begin that each edge has before it. `until`: where each cell, or the trace, ends;
    `known` of each whether some of it lies before that, `whole` whether all of it does.
    """

    edge: Column
    start: Column
    length: Column
    reach: Column
    until: Column
    known: Column
    whole: Column


@lru_cache(maxsize=8)
def _grid(edges: tuple[float, ...], scale: int, limit: float) -> _Grid:
    edge = np.array(edges) * scale
    start, end = edge[:-1], edge[1:]
    until = np.minimum(end, limit)
    # What begins exactly where the trace ends still belongs to it, what begins later does not. The keys are whole
    # numbers, for which numpy need not make floats of a column.
    reach = np.ceil(np.minimum(edge, nextafter(limit, inf))).astype(np.int64)
    return _Grid(np.minimum(edge, limit), start, end - start, reach, until, until > start, end <= limit)


def cells(lane: Lane, edges: tuple[float, ...]) -> Cells:
    """What happens between each two of `edges`, which ascend."""
    grid = _grid(edges, lane.scale, lane.limit * lane.scale)
    start = grid.start
    begins, state = np.frombuffer(lane.begins, dtype=np.int64), np.frombuffer(lane.slices.state, dtype=np.uint8)
    newest = len(state) - 1
    found = begins.searchsorted(grid.reach)
    after, before = found[:-1], found[1:]
    # Does one that began before it reach into the cell? The newest reaches as far as the trace.
    goes_on = (after > newest) | (begins[np.minimum(after, newest)] > start)
    first = after - ((after > 0) & goes_on & grid.known)
    count = before - first
    of_first, single = state[np.minimum(first, newest)], count == 1
    only = np.where(single, first, NONE)
    main = np.where(single, _MAIN[of_first], NONE)
    running, runs = np.zeros(len(start)), np.zeros(len(start), dtype=np.int64)
    alone = (single & (of_first == _RUNNING)).nonzero()[0]
    if len(alone):
        own = grid.until[alone] - np.maximum(start[alone], begins[first[alone]])
        running[alone] = np.maximum(own / grid.length[alone], 0.0)
        runs[alone] = 1
    several = (count > 1).nonzero()[0]
    if len(several):
        needed = np.zeros(len(found), dtype=bool)
        needed[several] = needed[several + 1] = True
        number = needed.cumsum() - 1
        spent = lane.spent(grid.edge[needed])
        lasted = spent[:, number[several + 1]] - spent[:, number[several]]
        running[several] = np.minimum(1.0, lasted[_ROW] / grid.length[several])
        lasted[_ROW] = 0
        most = lasted.argmax(axis=0)
        main[several] = np.where(lasted[most, np.arange(len(several))] > 0, _STATES[most], NONE)
        runs[several] = _runs(lane, first[several], before[several] - 1)
    enters, stays = np.zeros(len(start), dtype=bool), np.zeros(len(start), dtype=bool)
    some = runs.nonzero()[0]
    enters[some] = (first[some] < after[some]) & (of_first[some] == _RUNNING)
    stays[some] = (state[before[some] - 1] == _RUNNING) & grid.whole[some]
    return Cells(only, running, runs, main, enters, stays)


def _runs(lane: Lane, first: Column, last: Column) -> Column:
    """How many of the slices `first` to `last` are RUNNING, 2 if there are more."""
    state = np.frombuffer(lane.slices.state, dtype=np.uint8)
    # Behind the first of them only those that a switch began are looked for.
    steps = np.frombuffer(lane.track.step_slices, dtype=np.int32)
    bounds = steps.searchsorted(np.concatenate((first + _FEW, last + 1)).astype(np.int32))
    runs: Column = np.maximum(bounds[len(first) :] - bounds[: len(first)], 0)
    few = (runs < 2).nonzero()[0]
    near = first[few][:, None] + _NEAR
    is_run = state[np.minimum(near, len(state) - 1)] == _RUNNING
    is_run &= near <= last[few][:, None]
    runs[few] += is_run.sum(axis=1)
    return np.minimum(runs, 2)
