"""What tracks do in each cell of a viewport: all cells of all of them at once, whatever the number of slices.

A call of numpy costs about as much as some hundred cells do: only what is in columns of its own, such as the slices of
a track, is looked at row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf, nextafter
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.cumulative import Tally
from visualizer.analysis.model.timeline import FINAL, SUMMED, State
from visualizer.paint.rows.track_slices import TrackRow
from visualizer.trace.columns import Column

#: No state, no slice.
NONE = -1
# A column is compared with a plain number faster than with one that has a name.
_RUNNING = int(State.RUNNING)
_STATES = np.array(SUMMED, dtype=np.int64)
#: So many slices of a cell are looked at one by one.
_FEW = 6
_NEAR = np.arange(_FEW)
#: Of a cell that one slice fills, what there is beside runs.
_MAIN = np.array([NONE if state in (*FINAL, State.RUNNING) else state for state in State], dtype=np.int64)


class Cells(NamedTuple):
    """What tracks do within each cell: a table a field, with a row for each track and an item for each cell.

    `only`: the one slice that fills the cell, or what the trace has of it; else NONE. `running`: the share of the cell
    that the track runs; `runs`: how many RUNNING slices there are, 2 if there are more. `main`: the state other than
    RUNNING that fills most, the first in SUMMED of equal ones, NONE if there is none; said of cells without runs.
    `enters`: it ran already before; `stays`: it runs on after; said of cells with runs.
    """

    only: Column
    running: Column
    runs: Column
    main: Column
    enters: Column
    stays: Column


class _Grid(NamedTuple):
    """The cells themselves, in the rows' whole numbers: the same for all rows.

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
    # Edges of a cell may be the same float, so far out is the time of a damaged trace.
    length = np.maximum(end - start, np.spacing(np.abs(end)))
    return _Grid(np.minimum(edge, limit), start, length, reach, until, until > start, end <= limit)


class _Found(NamedTuple):
    """Of each edge, and each row: the first slice that does not begin before it, or the number of slices; where that
    begins and in which state it is, which of that number means nothing; and in which state the slice before it is."""

    slice: Column
    begins: Column
    state: Column
    before: Column


def cells(track_rows: Sequence[TrackRow], edges: tuple[float, ...]) -> Cells:
    """What happens between each two of `edges`, which ascend. The rows, one at least, are of one axis and limit."""
    grid = _grid(edges, track_rows[0].scale, track_rows[0].limit * track_rows[0].scale)
    at, counts = _found(track_rows, grid)
    after, before = at.slice[:, :-1], at.slice[:, 1:]
    # Does one that began before it reach into the cell? The newest reaches as far as the trace.
    goes_on = (after >= counts) | (at.begins[:, :-1] > grid.start)
    enters = (after > 0) & goes_on & grid.known
    first = after - enters
    count = before - first
    of_first, single = np.where(enters, at.before[:, :-1], at.state[:, :-1]), count == 1
    runs_first = of_first == _RUNNING
    only = np.where(single, first, NONE)
    main = np.where(single, _MAIN[of_first], NONE)
    alone = single & runs_first
    own = grid.until - np.where(enters, grid.start, at.begins[:, :-1])
    running = np.where(alone, np.maximum(own / grid.length, 0.0), 0.0)
    runs = alone.astype(np.int64)
    several = count > 1
    if several.any():
        _mix(track_rows, grid, at, first, several, running, runs, main)
    stays = (at.before[:, 1:] == _RUNNING) & grid.whole
    return Cells(only, running, runs, main, enters & runs_first, stays)


def _found(track_rows: Sequence[TrackRow], grid: _Grid) -> tuple[_Found, Column]:
    """What is at each edge, and how many slices each row has, in a column."""
    shape = len(track_rows), len(grid.reach)
    found = _Found(*(np.empty(shape, dtype=kind) for kind in (np.int64, np.int64, np.uint8, np.uint8)))
    for row, (_, begins, state) in enumerate(track_row.cumulative for track_row in track_rows):
        known, states = np.frombuffer(begins, dtype=np.int64), np.frombuffer(state, dtype=np.uint8)
        index = found.slice[row] = known.searchsorted(grid.reach)
        known.take(index, out=found.begins[row], mode="clip")
        states.take(index, out=found.state[row], mode="clip")
        states.take(index - 1, out=found.before[row], mode="clip")
    return found, np.array([[len(track_row.slices)] for track_row in track_rows])


def _mix(
    track_rows: Sequence[TrackRow], grid: _Grid, at: _Found, first: Column, several: Column,
    running: Column, runs: Column, main: Column,
) -> None:
    """Say of cells with several slices how much of them runs, and what else is in them."""
    needed = np.zeros(at.slice.shape, dtype=bool)
    needed[:, :-1] = several
    needed[:, 1:] |= several
    until = np.broadcast_to(grid.edge, needed.shape)[needed]
    tally = Tally([track_row.cumulative for track_row in track_rows], _bounds(needed), until, at.slice[needed] - 1)
    left = (needed.ravel().cumsum() - 1).reshape(needed.shape)[:, :-1][several]
    ran = tally.in_state(State.RUNNING)
    length = np.broadcast_to(grid.length, several.shape)[several]
    running[several] = np.minimum(1.0, (ran[left + 1] - ran[left]) / length)
    found = runs[several] = _runs(track_rows, _bounds(several), first[several], at.slice[:, 1:][several] - 1)
    others = (found == 0).nonzero()[0]
    if len(others):
        left = left[others]
        lasted = tally.by_state(left + 1) - tally.by_state(left)
        most = lasted.argmax(axis=0)
        of_others = np.full(len(found), NONE)
        of_others[others] = np.where(lasted[most, np.arange(len(most))] > 0, _STATES[most], NONE)
        main[several] = of_others


def _bounds(table: Column) -> list[int]:
    """Where what is chosen of each row begins among all that is chosen, and where the last of it ends."""
    return [0, *table.sum(axis=1).cumsum().tolist()]


def _runs(track_rows: Sequence[TrackRow], bounds: list[int], first: Column, last: Column) -> Column:
    """How many of the slices `first` to `last` of each cell are RUNNING, 2 if there are more. The cells from bounds[i]
    to bounds[i + 1] are those of row number i."""
    near = first[:, None] + _NEAR
    states = np.empty(near.shape, dtype=np.uint8)
    for track_row, (begin, end) in zip(track_rows, pairwise(bounds), strict=True):
        if begin < end:
            of_row = np.frombuffer(track_row.slices.state, dtype=np.uint8)
            of_row.take(near[begin:end], out=states[begin:end], mode="clip")
    runs: Column = ((states == _RUNNING) & (near <= last[:, None])).sum(axis=1)
    # Behind the first of them only those that a switch began are looked for, and only where that is not enough.
    far = ((runs < 2) & (last >= first + _FEW)).nonzero()[0]
    if len(far):
        keys = np.stack((first[far] + _FEW, last[far] + 1)).astype(np.int32)
        for track_row, (begin, end) in zip(track_rows, pairwise(far.searchsorted(bounds).tolist()), strict=True):
            if begin < end:
                steps = np.frombuffer(track_row.track.step_slices, dtype=np.int32).searchsorted(keys[:, begin:end])
                runs[far[begin:end]] += steps[1] - steps[0]
    return np.minimum(runs, 2)
