"""Many tracks of a kind in one row, as cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from visualizer.analysis.crowds import Crowd
from visualizer.analysis.model import FINAL, State, Timeline
from visualizer.paint.lane import limit
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.row import Run, block
from visualizer.paint.text import ascii_only, cell_width
from visualizer.paint.viewport import Axis, Viewport, position_of_time, times_of_places

#: How one says how many are in a state, in the order in which it is told.
_VERBS = {
    State.RUNNING: ("runs", "run"),
    State.READY: ("is ready", "ready"),
    State.WAITING: ("waits", "wait"),
    State.IDLE: ("is idle", "idle"),
    State.BLOCKED: ("is blocked", "blocked"),
    State.CREATED: ("has not run yet", "not run yet"),
    State.UNKNOWN: ("is unknown", "unknown"),
    State.DONE: ("has ended", "ended"),
    State.FAILED: ("has failed", "failed"),
}
#: Of the states that do not run, those that fill a cell.
_FILLING = tuple(state for state in State if state not in (*FINAL, State.RUNNING))
_OTHERS = list(_FILLING)


class _Cell(NamedTuple):
    """`share` of it one of them runs, -1 if none does; `main` is what most of the others do, `number` of them."""

    share: float
    main: State | None
    number: int


_NONE = _Cell(-1.0, None, 0)


def paint_group(
    timeline: Timeline, crowd: Crowd, viewport: Viewport, *, ascii: bool = False, until_ns: int | None = None
) -> list[Run]:
    """The row of the tracks of `crowd`: runs that take exactly `viewport.width` cells together.

    The height of a block is the share of the cell in which one of them runs, however short. Where none does, the glyph
    is that of the state that most of them are in, and their number stands there where there is room. ✓, or ✗ if one of
    them failed, stands in the first cell after the last of them has ended.

    `until_ns`: as in `paint_row`. The cost does not depend on how many tracks there are.
    """
    axis, edges = viewport.laid_out(timeline)
    cells = _cells(timeline, crowd, axis, edges, until_ns)
    painted = [_painted(cell, ascii) for cell in cells]
    _mark_end(position_of_time(timeline, axis, crowd.ended_ns), crowd, edges, painted, ascii, until_ns)
    _write_counts(cells, painted, ascii)
    runs = groupby(painted, key=lambda cell: cell[1])
    return [Run("".join(text for text, _ in group), style) for style, group in runs]


def told(crowd: Crowd, t_ns: int) -> str:
    """How many do what at `t_ns`, such as "1 runs, 3 ready, 96 wait"."""
    now = crowd.counts(t_ns)
    counts = {state: now[state] for state in _VERBS}
    parts = [f"{count} {_VERBS[state][count != 1]}" for state, count in counts.items() if count]
    missing = len(crowd.tracks) - sum(counts.values())
    if missing > 0:
        parts.append(f"{missing} not created yet" if missing > 1 else "1 is not created yet")
    return ", ".join(parts)


def _cells(timeline: Timeline, crowd: Crowd, axis: Axis, edges: Sequence[float], until_ns: int | None) -> list[_Cell]:
    end = limit(timeline, axis, until_ns)
    on_time = axis is Axis.TIME
    # Beyond the end nothing is known.
    places = np.minimum(np.array(edges), end)
    times_ns = np.floor(places) if on_time else times_of_places(timeline, places)
    if until_ns is not None:
        times_ns = np.minimum(times_ns, until_ns)
    count, spent = crowd.at(times_ns)
    times, stirs = times_ns.tolist(), crowd.stirs(times_ns).tolist()
    ran = np.diff(spent[State.RUNNING] if on_time else crowd.ran(places))
    share = np.minimum(1.0, ran / np.diff(edges))
    lasted_ns = np.diff(times_ns)
    filled = np.where(lasted_ns > 0, np.diff(spent[_OTHERS], axis=1) / np.maximum(lasted_ns, 1), count[_OTHERS][:, :-1])
    main, most = filled.argmax(axis=0).tolist(), filled.max(axis=0).tolist()
    known = sum(edge < end for edge in edges[:-1])
    found = []
    for cell, part in enumerate(share[:known].tolist()):
        runs = part > 0
        if not runs and on_time and stirs[cell]:
            # However short.
            runs = crowd.changes(State.RUNNING, times[cell], times[cell + 1])
        if runs:
            found.append(_Cell(part, None, 0))
        elif most[cell] > 0:
            found.append(_Cell(-1.0, _FILLING[main[cell]], max(1, round(most[cell]))))
        else:
            found.append(_NONE)
    return found + [_NONE] * (len(edges) - 1 - known)


def _painted(cell: _Cell, ascii: bool) -> tuple[str, str]:
    if cell.share >= 0:
        return block(cell.share, ascii), STYLE_OF[State.RUNNING]
    return (glyphs(ascii)[cell.main], STYLE_OF[cell.main]) if cell.main is not None else (" ", "dim")


def _mark_end(
    position: float,
    crowd: Crowd,
    edges: Sequence[float],
    painted: list[tuple[str, str]],
    ascii: bool,
    until_ns: int | None,
) -> None:
    ended_ns = crowd.ended_ns
    if ended_ns < 0 or (until_ns is not None and ended_ns > until_ns):
        return
    cell = bisect_left(edges, position) if position >= edges[0] else -1
    while 0 <= cell < len(painted) and painted[cell][0] != " ":
        cell += 1
    if 0 <= cell < len(painted):
        state = State.FAILED if crowd.failed else State.DONE
        painted[cell] = glyphs(ascii)[state], STYLE_OF[state]


def _write_counts(cells: list[_Cell], painted: list[tuple[str, str]], ascii: bool) -> None:
    """Write on each stretch of cells in which none runs how many are in the state that most are in."""
    start = 0
    for main, stretch in groupby(cells, key=lambda cell: cell.main):
        counts = [cell.number for cell in stretch]
        if main is not None:
            low, high = min(counts), max(counts)
            text = f"{low if low == high else f'{low}–{high}'} {_VERBS[main][high != 1]}"
            text = f" {ascii_only(text) if ascii else text} "
            width = cell_width(text)
            if width <= len(counts):
                painted[start : start + width] = [(text, "label")] + [("", "label")] * (width - 1)
        start += len(counts)
