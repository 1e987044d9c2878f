"""One track's states over a viewport, as cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model import FINAL, State, Timeline
from visualizer.paint.cells import Cells, cells
from visualizer.paint.lane import Lane
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.text import ascii_only, cell_width, fit
from visualizer.paint.viewport import Viewport
from visualizer.paint.waits import labels
from visualizer.trace import words
from visualizer.trace.flat import Column

_RUNNING = STYLE_OF[State.RUNNING]
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
#: What a cell can show: the glyph of each state, its number that of the state and one more; then those of runs.
GLYPHS = {
    ascii: [" ", *(glyphs(ascii)[state] for state in State), *_HIGH, _WHOLE, *_WIDE, "▐", "▕", "|", _ASCII_WHOLE]
    for ascii in (False, True)
}
_HIGHEST = 1 + len(State)
_WIDEST = _HIGHEST + len(_HIGH) + 1
_RIGHT, _FAR_RIGHT, _THIN, _THICK = range(_WIDEST + len(_WIDE), _WIDEST + len(_WIDE) + 4)
#: Styles by number, that of labels among them; and of each of the GLYPHS the number of its style.
_NAMES = tuple(dict.fromkeys(("dim", *(STYLE_OF[state] for state in State), "label")))
STYLE_NUMBER = {style: number for number, style in enumerate(_NAMES)}
STYLES = np.array(
    [0, *(STYLE_NUMBER[STYLE_OF[state]] for state in State)] + [STYLE_NUMBER[_RUNNING]] * (_THICK + 1 - _HIGHEST)
)
#: That a hub waits is left blank.
_OF_HUB = np.array([0, *(0 if state is State.WAITING else state + 1 for state in State)])


class Run(NamedTuple):
    """Text in one style (a key of the palette)."""

    text: str
    style: str


#: Makes a run of a pair. A named tuple's own way is a function in Python, which a screen of cells calls for each.
_run: Callable[[tuple[str, str]], Run] = partial(tuple.__new__, Run)


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
    looks = _looks(lane, found, ascii)
    shown = list(map(GLYPHS[ascii].__getitem__, looks.tolist()))
    styles = STYLES[looks]
    _mark_end(lane, edges, shown, styles, ascii)
    _write_labels(timeline, lane, found.only, shown, styles, ascii)
    return joined(shown, styles)


def joined(shown: list[str], style: Column) -> list[Run]:
    """What each cell shows, in styles of these numbers, as runs of one style."""
    bounds = [0, *((style[1:] != style[:-1]).nonzero()[0] + 1).tolist(), len(shown)]
    texts = [shown[start] if end - start == 1 else "".join(shown[start:end]) for start, end in pairwise(bounds)]
    return list(map(_run, zip(texts, [_NAMES[number] for number in style[bounds[:-1]].tolist()], strict=True)))


def _looks(lane: Lane, found: Cells, ascii: bool) -> Column:
    """What each cell shows, as its number in GLYPHS."""
    looks: Column = found.main + 1
    if lane.track.kind == words.HUB:
        looks = _OF_HUB[looks]
    where = found.runs.nonzero()[0]
    if len(where):
        looks[where] = _looks_of_runs(Cells(*(column[where] for column in found)), ascii)
    return looks


def _looks_of_runs(found: Cells, ascii: bool) -> Column:
    looks = heights(found.running, ascii)
    alone = (found.runs == 1) & (found.running < _FULL)
    if not ascii and alone.any():
        later = np.where(found.running >= 3 / 8, _RIGHT, _FAR_RIGHT)
        looks = np.where(alone, np.where(found.stays & ~found.enters, later, _WIDEST + _eighths(found.running)), looks)
    return looks


def heights(share: Column, ascii: bool) -> Column:
    """Blocks as high as the share of their cells that is filled with runs, never nothing, as numbers in GLYPHS."""
    if ascii:
        return np.where(share >= 0.5, _THICK, _THIN)
    return np.where(share >= _FULL, _HIGHEST + len(_HIGH), _HIGHEST + _eighths(share))


def _eighths(share: Column) -> Column:
    eighths: Column = np.minimum(np.maximum(np.rint(share * 8).astype(np.int64) - 1, 0), len(_HIGH) - 1)
    return eighths


def _mark_end(lane: Lane, edges: Sequence[float], shown: list[str], styles: Column, ascii: bool) -> None:
    """✓ or ✗ in the first cell that is wholly behind the end."""
    state = lane.track.state
    position = lane.start(len(lane.slices) - 1)
    if state not in FINAL or position > lane.limit:
        return
    cell = bisect_left(edges, position) if position >= edges[0] else -1
    if 0 <= cell < len(shown) and shown[cell] != " ":
        # Rounding: the run itself comes first.
        cell += 1
    if 0 <= cell < len(shown):
        shown[cell], styles[cell] = glyphs(ascii)[state], STYLE_NUMBER[STYLE_OF[state]]


def _write_labels(timeline: Timeline, lane: Lane, only: Column, shown: list[str], styles: Column, ascii: bool) -> None:
    """Write on each stretch of cells that one slice fills what it waits for, or who blocks it."""
    bounds = np.concatenate(([0], (only[1:] != only[:-1]).nonzero()[0] + 1, [len(only)]))
    long = ((np.diff(bounds) > 2) & (only[bounds[:-1]] >= 0)).nonzero()[0]
    for start, end in zip(bounds[long].tolist(), bounds[long + 1].tolist(), strict=True):
        index, length = int(only[start]), end - start
        if known := labels(timeline, lane.track, index):
            text = _label(known, length - 2, ascii)
            style = _BLOCKED if lane.slices.state[index] == State.BLOCKED else _LABEL
            # A cell of its own for each character is not to be had: some are two cells wide, some none.
            width = cell_width(text) + 2
            if text:
                shown[start : start + width] = [f" {text} ", *[""] * (width - 1)]
                styles[start : start + width] = STYLE_NUMBER[style]


def _label(known: list[str], width: int, ascii: bool) -> str:
    """The longest label that has room; else the beginning of the shortest, if that says anything; else nothing."""
    for label in known:
        text = ascii_only(label) if ascii else label
        if cell_width(text) <= width:
            return text
    return fit(text, width, ".." if ascii else "…").rstrip() if width >= _NARROWEST_CUT else ""
