"""Rows below one another: each with its label, over one viewport."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from visualizer.analysis.index.groups import TrackGroup, track_group_of
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.viewport import Viewport
from visualizer.paint.rows.group_row import paint_group
from visualizer.paint.rows.order import Row, label_runs, row_name
from visualizer.paint.rows.states import paint_rows
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width


def label_cells(timeline: Timeline, shown: Iterable[Row], head: str, width: int) -> int:
    """How many of `width` cells the labels of the rows take, and `head` above them: at most a third."""
    names = [cell_width(row_name(timeline, row)) + 2 * row.depth + 3 for row in shown]
    return min(max([*names, len(head) + 1]), width // 3)


def panel(
    timeline: Timeline, shown: Sequence[Row], viewport: Viewport, left: int, *, ascii: bool = False,
    until_ns: int | None = None,
) -> Iterator[list[Run]]:
    """A line for each row: its label in `left` cells, then its states. `until_ns`: as in `paint_rows`."""
    cells = painted(timeline, shown, viewport, ascii=ascii, until_ns=until_ns)
    for row, runs in zip(shown, cells, strict=True):
        yield [*label_runs(timeline, row, left, ascii=ascii), *runs]


def painted(
    timeline: Timeline, shown: Sequence[Row], viewport: Viewport, *, group: Callable[[Row], TrackGroup] | None = None,
    ascii: bool = False, until_ns: int | None = None,
) -> Iterator[list[Run]]:
    """The cells of rows. `group`: what the tracks of a group do, where that is kept; `until_ns`: as in
    `paint_rows`."""
    tracks = [row.track for row in shown if row.group is None]
    of_tracks = paint_rows(timeline, tracks, viewport, ascii=ascii, until_ns=until_ns)
    for row in shown:
        if row.group is None:
            yield next(of_tracks)
        else:
            of_group = group(row) if group is not None else track_group_of(timeline, row.members)
            yield paint_group(timeline, of_group, viewport, ascii=ascii, until_ns=until_ns)
