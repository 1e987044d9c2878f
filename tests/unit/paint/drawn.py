"""What the tests of this room share: painted runs as text, and whole panels."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.ruler import overview, ruler
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.rows.order import label_runs, rows
from visualizer.paint.rows.states import paint_rows
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width
from visualizer.paint.text.legend import legend


def text(runs: Iterable[Run]) -> str:
    return "".join(run.text for run in runs)


def width(runs: Iterable[Run]) -> int:
    return cell_width(text(runs))


def styles(runs: Iterable[Run]) -> list[str]:
    """The style of each cell."""
    return [run.style for run in runs for _ in range(cell_width(run.text))]


def paint_row(
    timeline: Timeline, track: int, viewport: Viewport, *, ascii: bool = False, until_ns: int | None = None
) -> list[Run]:
    """The row of one track."""
    return next(paint_rows(timeline, (track,), viewport, ascii=ascii, until_ns=until_ns))


def row(timeline: Timeline, track: int, viewport: Viewport, until_ns: int | None = None) -> str:
    return text(paint_row(timeline, track, viewport, until_ns=until_ns))


def panel(timeline: Timeline, axis: Axis, cells: int, ascii: bool = False) -> str:
    """Overview, ruler, all rows with their labels, legend; | at the end of what has a width."""
    viewport = Viewport.fit(timeline, axis, cells)
    lines = [
        " " * 14 + text(overview(timeline, viewport, cells, ascii=ascii)) + "|",
        " " * 14 + text(ruler(timeline, viewport, ascii=ascii)) + "|",
        *(
            text(label_runs(timeline, shown, 14, ascii=ascii))
            + text(paint_row(timeline, shown.track, viewport, ascii=ascii)) + "|"
            for shown in rows(timeline)
        ),
        text(legend(timeline.occurred, ascii=ascii)),
    ]
    return "\n".join(lines) + "\n"
