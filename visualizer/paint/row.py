"""One track's states over a viewport, as cells."""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby, pairwise
from math import inf, nextafter
from typing import NamedTuple

from visualizer.analysis.model import FINAL, State, Timeline
from visualizer.paint.lane import Lane, Mix
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
#: From which share on a cell counts as full.
_FULL = 15 / 16
#: To fewer cells than this no label is cut.
_NARROWEST_CUT = 12


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
    # What begins exactly where the trace ends still belongs to it, what begins later does not.
    behind = nextafter(lane.limit, inf)
    found = [lane.find(min(edge, behind)) for edge in edges]
    mixes = [
        lane.mix(start, end, after, max(after, before))
        for (start, end), (after, before) in zip(pairwise(edges), pairwise(found), strict=True)
    ]
    cells = [_cell(lane, mix, ascii) for mix in mixes]
    _mark_end(lane, edges, cells, ascii)
    _write_labels(timeline, lane, mixes, cells, ascii)
    return [Run("".join(text for text, _ in group), style) for style, group in groupby(cells, key=lambda cell: cell[1])]


def _cell(lane: Lane, mix: Mix, ascii: bool) -> tuple[str, str]:
    """Glyph and style."""
    if mix.runs:
        return (block(mix.running, ascii) if ascii else _block(mix)), _RUNNING
    if mix.main is None or (mix.main is State.WAITING and lane.track.kind == words.HUB):
        return _BLANK
    return glyphs(ascii)[mix.main], STYLE_OF[mix.main]


def block(share: float, ascii: bool) -> str:
    """A block whose height is the share of its cell that is filled with runs; never nothing."""
    if ascii:
        return glyphs(ascii=True)[State.RUNNING] if share >= 0.5 else "|"
    return glyphs()[State.RUNNING] if share >= _FULL else _HIGH[min(6, max(0, round(share * 8) - 1))]


def _block(mix: Mix) -> str:
    if mix.runs > 1 or mix.running >= _FULL:
        return block(mix.running, ascii=False)
    if mix.stays and not mix.enters:
        return "▐" if mix.running >= 3 / 8 else "▕"
    return _WIDE[min(6, max(0, round(mix.running * 8) - 1))]


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


def _write_labels(timeline: Timeline, lane: Lane, mixes: list[Mix], cells: list[tuple[str, str]], ascii: bool) -> None:
    """Write on each stretch of cells that one slice fills what it waits for, or who blocks it."""
    start = 0
    for index, stretch in groupby(mixes, key=lambda mix: mix.only):
        length = len(list(stretch))
        if index >= 0 and (known := labels(timeline, lane.track, index)):
            text = _label(known, length - 2, ascii)
            style = _BLOCKED if lane.slices.state[index] == State.BLOCKED else _LABEL
            # A cell of its own for each character is not to be had: some are two cells wide, some none.
            width = cell_width(text) + 2
            if text:
                cells[start : start + width] = [(f" {text} ", style)] + [("", style)] * (width - 1)
        start += length


def _label(known: list[str], width: int, ascii: bool) -> str:
    """The longest label that has room; else the beginning of the shortest, if that says anything; else nothing."""
    for label in known:
        text = ascii_only(label) if ascii else label
        if cell_width(text) <= width:
            return text
    return fit(text, width, ".." if ascii else "…").rstrip() if width >= _NARROWEST_CUT else ""
