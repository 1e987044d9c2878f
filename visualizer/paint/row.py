"""One track's states over a viewport, as cells."""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model import FINAL, State, Timeline
from visualizer.analysis.slices import Column
from visualizer.paint.cells import NONE, Cells, cells
from visualizer.paint.lane import Lane
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.text import ascii_only, cell_width, fit
from visualizer.paint.viewport import Viewport
from visualizer.paint.waits import labels
from visualizer.trace import words

_RUNNING = STYLE_OF[State.RUNNING]
_BLANK = (" ", "dim")
_LABEL = "label"
_BLOCKED = STYLE_OF[State.BLOCKED]
#: A run that begins at the left of its cell, or shares it with others, by eighths.
_WIDE = "▏▎▍▌▋▊▉"
_HIGH = "▁▂▃▄▅▆▇"
_WHOLE = glyphs()[State.RUNNING]
_ASCII_WHOLE = glyphs(ascii=True)[State.RUNNING]
#: From which share on a cell counts as full.
_FULL = 15 / 16
#: To fewer cells than this no label is cut.
_NARROWEST_CUT = 12
#: Glyph and style of each state, by whether it is ASCII, and of a hub: that one waits is left blank.
_LOOKS = {
    (ascii, hub): {
        NONE: _BLANK,
        **{
            int(state): _BLANK if hub and state is State.WAITING else (glyph, STYLE_OF[state])
            for state, glyph in glyphs(ascii).items()
        },
    }
    for ascii in (False, True)
    for hub in (False, True)
}


class Run(NamedTuple):
    """Text in one style (a key of the palette)."""

    text: str
    style: str


def paint_row(
    timeline: Timeline, track_id: int, viewport: Viewport, *, ascii: bool = False, until_ns: int | None = None
) -> list[Run]:
    """The row of a track: runs that take exactly `viewport.width` cells together.

    A cell with one state shows its glyph. A run shorter than its cell shows as a partial block, never as nothing; where
    a cell holds several, the height of the block is their share. ✓ or ✗ stands in the first cell after the end. A hub
    that waits while others run is left blank: that is what a hub does, unless one of them hogs it.

    `until_ns`: how far the last states last, and what lies behind it is not painted; None: to the end of the trace. In
    a live run, give the current time of the trace. Raise KeyError if there is no such track.
    """
    axis, edges = viewport.laid_out(timeline)
    lane = Lane(timeline, track_id, axis, until_ns)
    found = cells(lane, edges)
    painted = _painted(lane, found, ascii)
    _mark_end(lane, edges, painted, ascii)
    _write_labels(timeline, lane, found.only, painted, ascii)
    runs = groupby(painted, key=lambda cell: cell[1])
    return [Run("".join(text for text, _ in group), style) for style, group in runs]


def _painted(lane: Lane, found: Cells, ascii: bool) -> list[tuple[str, str]]:
    """Glyph and style of each cell."""
    looks = _LOOKS[ascii, lane.track.kind == words.HUB]
    painted = [looks[main] for main in found.main.tolist()]
    where = np.flatnonzero(found.runs)
    columns = (column[where].tolist() for column in (found.running, found.runs, found.enters, found.stays))
    for cell, share, runs, enters, stays in zip(where.tolist(), *columns, strict=True):
        glyph = block(share, ascii) if ascii else _block(share, alone=runs == 1, enters=enters, stays=stays)
        painted[cell] = glyph, _RUNNING
    return painted


def block(share: float, ascii: bool) -> str:
    """A block whose height is the share of its cell that is filled with runs; never nothing."""
    if ascii:
        return _ASCII_WHOLE if share >= 0.5 else "|"
    return _WHOLE if share >= _FULL else _HIGH[min(6, max(0, round(share * 8) - 1))]


def _block(share: float, *, alone: bool, enters: bool, stays: bool) -> str:
    if not alone or share >= _FULL:
        return block(share, ascii=False)
    if stays and not enters:
        return "▐" if share >= 3 / 8 else "▕"
    return _WIDE[min(6, max(0, round(share * 8) - 1))]


def _mark_end(lane: Lane, edges: list[float], cells: list[tuple[str, str]], ascii: bool) -> None:
    """✓ or ✗ in the first cell that is wholly behind the end."""
    state = lane.track.state
    position = lane.start(len(lane.slices) - 1)
    if state not in FINAL or position > lane.limit:
        return
    cell = bisect_left(edges, position) if position >= edges[0] else -1
    if 0 <= cell < len(cells) and cells[cell][0] != " ":
        # Rounding: the run itself comes first.
        cell += 1
    if 0 <= cell < len(cells):
        cells[cell] = glyphs(ascii)[state], STYLE_OF[state]


def _write_labels(timeline: Timeline, lane: Lane, only: Column, painted: list[tuple[str, str]], ascii: bool) -> None:
    """Write on each stretch of cells that one slice fills what it waits for, or who blocks it."""
    bounds = [0, *(np.flatnonzero(only[1:] != only[:-1]) + 1).tolist(), len(only)]
    for start, end in pairwise(bounds):
        index, length = int(only[start]), end - start
        if length > 2 and index >= 0 and (known := labels(timeline, lane.track, index)):
            text = _label(known, length - 2, ascii)
            style = _BLOCKED if lane.slices.state[index] == State.BLOCKED else _LABEL
            # A cell of its own for each character is not to be had: some are two cells wide, some none.
            width = cell_width(text) + 2
            if text:
                painted[start : start + width] = [(f" {text} ", style)] + [("", style)] * (width - 1)


def _label(known: list[str], width: int, ascii: bool) -> str:
    """The longest label that has room; else the beginning of the shortest, if that says anything; else nothing."""
    for label in known:
        text = ascii_only(label) if ascii else label
        if cell_width(text) <= width:
            return text
    return fit(text, width, ".." if ascii else "…").rstrip() if width >= _NARROWEST_CUT else ""
