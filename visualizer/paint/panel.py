"""Rows below one another: each with its label, over one viewport."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from visualizer.analysis.crowds import Crowd
from visualizer.analysis.model import Timeline
from visualizer.paint.group import paint_group
from visualizer.paint.row import Run, paint_row
from visualizer.paint.rows import Row, label_runs, row_name
from visualizer.paint.text import cell_width
from visualizer.paint.viewport import Viewport


def label_cells(timeline: Timeline, shown: Iterable[Row], head: str, width: int) -> int:
    """How many of `width` cells the labels of the rows take, and `head` above them: at most a third."""
    names = [cell_width(row_name(timeline, row)) + 2 * row.depth + 3 for row in shown]
    return min(max([*names, len(head) + 1]), width // 3)


def panel(
    timeline: Timeline,
    shown: Sequence[Row],
    viewport: Viewport,
    left: int,
    *,
    ascii: bool = False,
    until_ns: int | None = None,
) -> Iterator[list[Run]]:
    """A line for each row: its label in `left` cells, then its states. `until_ns`: as in `paint_row`."""
    for row in shown:
        label = label_runs(timeline, row, left, ascii=ascii)
        if row.group is None:
            yield [*label, *paint_row(timeline, row.track, viewport, ascii=ascii, until_ns=until_ns)]
        else:
            crowd = Crowd(timeline)
            crowd.follow(row.members)
            yield [*label, *paint_group(timeline, crowd, viewport, ascii=ascii, until_ns=until_ns)]
