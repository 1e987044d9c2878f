"""Two timelines below one another, on one scale."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from math import ceil

from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.durations import duration
from visualizer.paint.axis.ruler import ruler
from visualizer.paint.axis.times import SINCE_START, Since, TimeFormat
from visualizer.paint.axis.viewport import MARGIN_CELLS, Axis, Viewport
from visualizer.paint.comparison.difference import laid, saving
from visualizer.paint.comparison.stretch import Stretch, stretches, viewports
from visualizer.paint.rows.order import Row, RowList, fitting, label_runs, tracks_of
from visualizer.paint.rows.panel import label_cells
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.legend import legend

#: So many rows each; where there were more, tracks of a kind share one.
_ROWS = 24


def paint_both(
    a: Part, b: Part, width: int, *, axis: Axis = Axis.TIME, ascii: bool = False, everything: bool = False
) -> Iterator[list[Run]]:
    """The ruler, and below it the rows of `a`, then those of `b`, in `width` cells; then what the glyphs mean.

    Only the tracks that are there in a part have rows. The ruler counts from where the parts begin, switches as "+5";
    where gaps are folded each has its own. `everything`: each track has a row, however many.
    """
    parts, both = (a, b), stretches(a, b)
    shown = [part_rows(part, everything=everything) for part in parts]
    left = _label_cells(parts, shown, axis.value, width)
    views = viewports(both, axis, width - left)
    lead = max((0, 1), key=lambda side: both[side].length(axis))
    free = saving(both, views, ascii=ascii)
    for side, (name, stretch, every, view) in enumerate(zip("AB", both, shown, views, strict=True)):
        if not side or axis is Axis.BUSY:
            counted = side if axis is Axis.BUSY else lead
            yield [Run(f"{axis.value:{left}}", "dim"), *common_ruler(both[counted], views[counted], ascii=ascii)]
        since = f"  from {duration(int(stretch.start_ns))}" if stretch.start_ns else ""
        yield [Run(name, "edge"), Run(since, "dim")]
        listed = every if everything else every[:_ROWS]
        for number, (row, runs) in enumerate(zip(listed, stretch.painted(listed, view, ascii=ascii), strict=True)):
            if free is not None and free.side == side and number == (len(listed) - 1) // 2:
                runs = laid(runs, free.cell, free.runs)
            yield [*label_runs(stretch.part.timeline, row, left, ascii=ascii), *runs]
        hidden = sum(len(row.members) or 1 for row in every[len(listed) :])
        if hidden:
            yield [Run(f"… and {hidden} more tracks: --all shows them", "dim")]
    if any(row.group for every in shown for row in every):
        yield [Run("Tracks with the same function share a row: --all shows each one", "dim")]
    yield []
    occurring = {state for part, every in zip(parts, shown, strict=True) for state in part.states(tracks_of(every))}
    yield legend(occurring, ascii=ascii)


def common_ruler(
    stretch: Stretch, viewport: Viewport, *, ascii: bool = False, taken: Collection[int] = ()
) -> list[Run]:
    """A ruler that counts from where the part begins; and so, on time and switches, of both. `taken`: see `ruler`."""
    timeline, axis = stretch.part.timeline, viewport.axis
    # The part may be over before its trace is.
    reached = ceil((stretch.end(axis) - viewport.start) / viewport.per_cell) + MARGIN_CELLS
    if (width := min(reached, viewport.width)) <= 0:
        return [Run(" " * viewport.width, "ruler")]
    shown, time_format = replace(viewport, width=width), TimeFormat(Since.START, int(stretch.start_ns))
    if axis is Axis.SWITCHES:
        shown, time_format = replace(shown, start=viewport.start - stretch.begin(axis)), SINCE_START
    counted = ruler(timeline, shown, ascii=ascii, time_format=time_format, taken=taken, sign=stretch.sign)
    return [*counted, Run(" " * (viewport.width - width), "ruler")] if width < viewport.width else counted


def part_rows(part: Part, *, everything: bool = False) -> list[Row]:
    """The rows of the tracks that are there in the part. Tracks of a kind share one, unless `everything` is wanted."""
    known = RowList(part.timeline)
    return fitting(known, part.lives, len(part.timeline.tracks) if everything else _ROWS)


def _label_cells(parts: Sequence[Part], shown: Sequence[Sequence[Row]], head: str, width: int) -> int:
    """How many of `width` cells the labels of both take, since cell 0 of both is to be in one column."""
    return max(label_cells(part.timeline, every, head, width) for part, every in zip(parts, shown, strict=True))
