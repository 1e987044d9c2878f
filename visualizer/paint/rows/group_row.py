"""Many tracks of a kind in one row, as cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.index.switch_axis import PER_SWITCH, places
from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.paint.axis.viewport import Axis, Viewport, position_of_time, times_of_places
from visualizer.paint.rows.cells import NONE
from visualizer.paint.rows.track_slices import limit
from visualizer.paint.text.canvas import Canvas, Run, high
from visualizer.paint.text.cell_width import ascii_only, cell_width
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.trace.columns import Column

#: Words for one and for several tracks in a state, in the order shown.
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
    State.STOPPED: ("was stopped", "stopped"),
}
#: Of the states that do not run, those that fill a cell.
_FILLING = np.array([state for state in State if state not in (*FINAL, State.RUNNING)])

#: So many moments are looked at together: what that takes meanwhile is not to be felt.
_TOGETHER = 1 << 12


class GroupCells(NamedTuple):
    """Of each cell, the `share` in which one of them runs, -1 if none does; else `main`, what most of the others do, as
    the number of the state or NONE, and `number` of them."""

    share: Column
    main: Column
    number: Column

    def stretches(self) -> Iterator[tuple[int, int, State, str]]:
        """From which cell to which none of them runs, what most of them do, and how many that are, in words."""
        bounds = [0, *((self.main[1:] != self.main[:-1]).nonzero()[0] + 1).tolist(), len(self.main)]
        for start, end in pairwise(bounds):
            if self.main[start] == NONE:
                continue
            state, numbers = State(int(self.main[start])), self.number[start:end]
            low, high = int(numbers.min()), int(numbers.max())
            yield start, end, state, f"{low if low == high else f'{low}–{high}'} {_VERBS[state][high != 1]}"


def paint_group(
    timeline: Timeline, group: TrackGroup, viewport: Viewport, *, ascii: bool = False, until_ns: int | None = None
) -> list[Run]:
    """The row of the tracks of `group`: runs that take exactly `viewport.width` cells together.

    The height of a block is the share of the cell in which one of them runs, however short. Where none does, the glyph
    is that of the state that most of them are in, and their number stands there where there is room. ✓, or ✗ if one of
    them failed, stands in the first cell after the last of them has ended.

    `until_ns`: as in `paint_rows`. The cost does not depend on how many tracks there are.
    """
    axis, edges = viewport.laid_out(timeline)
    cells = group_cells(timeline, group, axis, edges, until_ns)
    looks = np.where(cells.share >= 0, high(cells.share, ascii), cells.main + 1)
    canvas = Canvas(looks[None], ascii)
    if group.ended_ns >= 0 and (until_ns is None or group.ended_ns <= until_ns):
        ended = position_of_time(timeline, axis, group.ended_ns)
        _mark_end(bisect_left(edges, ended) if ended >= edges[0] else -1, group, canvas, ascii)
    _write_counts(cells, canvas, ascii)
    return canvas.rows()[0]


def state_counts(group: TrackGroup, t_ns: int) -> str:
    """How many tracks are in each state at `t_ns`, such as "1 runs, 3 ready, 96 wait"."""
    now = group.counts(t_ns)
    counts = {state: now[state] for state in _VERBS}
    parts = [f"{count} {_VERBS[state][count != 1]}" for state, count in counts.items() if count]
    missing = group.yet_to_come(t_ns)
    if missing > 0:
        parts.append(f"{missing} not created yet" if missing > 1 else "1 not created yet")
    return ", ".join(parts)


def group_cells(
    timeline: Timeline, group: TrackGroup, axis: Axis, edges: Sequence[float], until_ns: int | None
) -> GroupCells:
    """The cells between these edges, ascending, in ns or in switches; nothing is known behind `until_ns`."""
    end = limit(timeline, axis, until_ns)
    on_time = axis is Axis.TIME
    edge = np.array(edges)
    # Beyond the end nothing is known.
    known, places = edge[:-1] < end, np.minimum(edge, end)
    times_ns = np.floor(places) if on_time else times_of_places(timeline, places)
    if until_ns is not None:
        times_ns = np.minimum(times_ns, until_ns)
    count, spent = group.at(times_ns)
    ran = np.diff(spent[State.RUNNING] if on_time else group.runs.filled(places))
    share = np.minimum(1.0, ran / np.diff(edge))
    runs = known & (share > 0)
    if on_time:
        idle = (known & ~runs).nonzero()[0]
        for cell in idle[group.stirs(times_ns[idle], times_ns[idle + 1])].tolist():
            # However short.
            runs[cell] = group.changes(State.RUNNING, times_ns[cell], times_ns[cell + 1])
    lasted_ns = np.diff(times_ns)
    others = np.diff(spent[_FILLING], axis=1) / np.maximum(lasted_ns, 1)
    filled = np.where(lasted_ns > 0, others, count[_FILLING][:, :-1])
    most = filled.max(axis=0)
    main = np.where(known & ~runs & (most > 0), _FILLING[filled.argmax(axis=0)], NONE)
    return GroupCells(np.where(runs, share, -1.0), main, np.maximum(np.rint(most), 1).astype(np.int64))


class GroupPieces(NamedTuple):
    """What a group does, without cells: from `start_ns`, or from `place` along the switches, on, up to the next
    piece, one of them runs, or most of the others are in `state` (NONE: there is none, or no longer), as `said`."""

    start_ns: Column
    place: Column
    state: Column
    said: list[str]


def group_pieces(timeline: Timeline, group: TrackGroup, start_ns: int, end_ns: int) -> GroupPieces:
    """Those that lie between the two times, and the one that the first of them is in. In how many pieces that is
    depends on how often the tracks of the group change."""
    tracks = [timeline.tracks[track] for track in group.tracks]
    starts_ns = np.concatenate([np.frombuffer(track.slices.start_ns, dtype=np.int64) for track in tracks])
    at = np.concatenate([np.frombuffer(places(timeline, track).start, dtype=np.int64) for track in tracks])
    order = np.lexsort((at, starts_ns))
    starts_ns, at = starts_ns[order], at[order]
    last = np.append(starts_ns[1:] != starts_ns[:-1], True)
    starts_ns, at = starts_ns[last], at[last]
    here = slice(max(0, int(starts_ns.searchsorted(start_ns)) - 1), int(starts_ns.searchsorted(end_ns, side="right")))
    starts_ns, at = starts_ns[here], at[here]
    times_ns = starts_ns.astype(np.float64)
    counts = np.concatenate(
        [group.at(times_ns[first : first + _TOGETHER])[0] for first in range(0, len(times_ns), _TOGETHER)], axis=1
    ) if len(times_ns) else np.zeros((len(State), 0), dtype=np.int64)
    filling = counts[_FILLING]
    number = filling.max(axis=0)
    state = np.where(number > 0, _FILLING[filling.argmax(axis=0)], NONE)
    state = np.where((number == 0) & (starts_ns == group.ended_ns), int(group.end), state)
    runs = counts[State.RUNNING] > 0
    state, number = np.where(runs, int(State.RUNNING), state), np.where(runs | (number == 0), 0, number)
    changes = np.ones(len(state), dtype=bool)
    changes[1:] = (state[1:] != state[:-1]) | (number[1:] != number[:-1])
    said = [
        f"{count} {_VERBS[State(state)][count != 1]}" if count else ""
        for state, count in zip(state[changes].tolist(), number[changes].tolist(), strict=True)
    ]
    return GroupPieces(starts_ns[changes], at[changes] / PER_SWITCH, state[changes], said)


def _mark_end(cell: int, group: TrackGroup, canvas: Canvas, ascii: bool) -> None:
    """✓, ✗ or ⊘ in the first cell from that one on that is free."""
    while 0 <= cell < canvas.width and not canvas.is_blank(0, cell):
        cell += 1
    if 0 <= cell < canvas.width:
        canvas.write(0, cell, glyphs(ascii)[group.end], 1, STYLE_OF[group.end])


def _write_counts(cells: GroupCells, canvas: Canvas, ascii: bool) -> None:
    """Write on each stretch of cells in which none runs how many are in the state that most are in."""
    for start, end, _, text in cells.stretches():
        text = f" {ascii_only(text) if ascii else text} "
        width = cell_width(text)
        if width <= end - start:
            canvas.write(0, start, text, width, "label")
