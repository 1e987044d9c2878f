"""The states of tracks over a viewport, as cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.paint.axis.viewport import Viewport
from visualizer.paint.rows.cells import Cells, cells
from visualizer.paint.rows.track_slices import TrackRow
from visualizer.paint.text.canvas import FULL, Canvas, Run, high, wide
from visualizer.paint.text.cell_width import ascii_only, cell_width, fit
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.paint.text.wait_labels import labels
from visualizer.trace.columns import Column

_LABEL = "label"
_BLOCKED = STYLE_OF[State.BLOCKED]
#: To fewer cells than this no label is cut.
_NARROWEST_CUT = 12
#: That a hub waits is left blank.
_OF_HUB = np.array([0, *(0 if state is State.WAITING else state + 1 for state in State)])
#: So many rows are worked out at a time: what that takes meanwhile is not to be felt.
_AT_ONCE = 64


def paint_rows(
    timeline: Timeline, tracks: Sequence[int], viewport: Viewport, *, ascii: bool = False, until_ns: int | None = None
) -> Iterator[list[Run]]:
    """The rows of tracks, which cost little more together than one alone; of each, runs that take exactly
    `viewport.width` cells together.

    A cell with one state shows its glyph. A run shorter than its cell shows as a partial block, never as nothing; where
    a cell holds several, the height of the block is their share. ✓ or ✗ stands in the first cell after the end. A hub
    that waits while others run is left blank: that is what a hub does, unless one of them hogs it.

    `until_ns`: how far the last states last, and what lies after it is not painted; None: to the end of the trace. In
    a live run, give the current time of the trace. Raise KeyError if there is no such track.
    """
    axis, edges = viewport.laid_out(timeline)
    for first in range(0, len(tracks), _AT_ONCE):
        track_rows = [TrackRow(timeline, track, axis, until_ns) for track in tracks[first : first + _AT_ONCE]]
        found = cells(track_rows, edges)
        canvas = Canvas(_looks(track_rows, found, ascii), ascii)
        for row, track_row in enumerate(track_rows):
            _mark_end(track_row, edges, canvas, row, ascii)
        _write_labels(timeline, track_rows, found.only, canvas, ascii)
        yield from canvas.rows()


def _looks(track_rows: Sequence[TrackRow], found: Cells, ascii: bool) -> Column:
    """What each cell shows, as its number in GLYPHS."""
    looks: Column = found.main + 1
    for row, track_row in enumerate(track_rows):
        if track_row.track.schedules:
            looks[row] = _OF_HUB[looks[row]]
    where = found.runs > 0
    if where.any():
        looks[where] = _looks_of_runs(Cells(*(table[where] for table in found)), ascii)
    return looks


def _looks_of_runs(found: Cells, ascii: bool) -> Column:
    looks = high(found.running, ascii)
    alone = (found.runs == 1) & (found.running < FULL)
    if not ascii and alone.any():
        looks = np.where(alone, wide(found.running, found.stays & ~found.enters), looks)
    return looks


def _mark_end(track_row: TrackRow, edges: Sequence[float], canvas: Canvas, row: int, ascii: bool) -> None:
    """✓, ✗ or ⊘ in the first cell that is wholly after the end."""
    state = track_row.slices.state[-1]
    if state not in FINAL or (position := track_row.start(len(track_row.slices) - 1)) > track_row.limit:
        return
    cell = bisect_left(edges, position) if position >= edges[0] else -1
    if 0 <= cell < canvas.width and not canvas.is_blank(row, cell):
        # Rounding: the run itself comes first.
        cell += 1
    if 0 <= cell < canvas.width:
        canvas.write(row, cell, glyphs(ascii)[State(state)], 1, STYLE_OF[State(state)])


def _write_labels(
    timeline: Timeline, track_rows: Sequence[TrackRow], only: Column, canvas: Canvas, ascii: bool
) -> None:
    """Label each stretch of cells of one slice with what it waits for, or with the track that blocks it."""
    begins = np.ones(only.shape, dtype=bool)
    begins[:, 1:] = only[:, 1:] != only[:, :-1]
    bounds = np.append(begins.ravel().nonzero()[0], only.size)
    slices = only.ravel()[bounds[:-1]]
    length = np.diff(bounds)
    long = ((length > 2) & (slices >= 0)).nonzero()[0]
    rows, starts = np.divmod(bounds[long], canvas.width)
    columns = (column.tolist() for column in (rows, starts, slices[long], length[long]))
    for row, start, index, room in zip(*columns, strict=True):
        track_row = track_rows[row]
        if known := labels(timeline, track_row.track, index):
            text = _label(known, room - 2, ascii)
            style = _BLOCKED if track_row.slices.state[index] == State.BLOCKED else _LABEL
            if text:
                canvas.write(row, start, f" {text} ", cell_width(text) + 2, style)


def _label(known: list[str], width: int, ascii: bool) -> str:
    """The longest label that fits; else the beginning of the shortest, if long enough; else nothing."""
    for label in known:
        text = ascii_only(label) if ascii else label
        if cell_width(text) <= width:
            return text
    return fit(text, width, ".." if ascii else "…").rstrip() if width >= _NARROWEST_CUT else ""
