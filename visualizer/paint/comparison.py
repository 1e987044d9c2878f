"""Two timelines below one another, on one scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visualizer.analysis.comparison import Part
from visualizer.analysis.durations import duration
from visualizer.paint.legend import legend
from visualizer.paint.panel import label_cells, panel
from visualizer.paint.row import Run
from visualizer.paint.rows import Row, Rows
from visualizer.paint.ruler import ruler
from visualizer.paint.viewport import MARGIN_CELLS, Axis, Viewport, span

#: So many rows each; where there were more, tracks of a kind share one.
_ROWS = 24
_HEAD = "time"


def windows(a: Part, b: Part) -> tuple[tuple[float, float], tuple[float, float]]:
    """From when to when each is drawn, in ns.

    Two whole traces in which nothing happens for the most part are both cut to what does, as one alone is (see
    `viewport.span`). One of them alone is not: whoever takes longer shall be longer.
    """
    whole = (float(a.start_ns), float(a.end_ns)), (float(b.start_ns), float(b.end_ns))
    if not (a.is_whole and b.is_whole):
        return whole
    cut = span(a.timeline, Axis.TIME), span(b.timeline, Axis.TIME)
    return cut if all(one != other for one, other in zip(cut, whole, strict=True)) else whole


def viewports(a: Part, b: Part, width: int) -> tuple[Viewport, Viewport]:
    """A viewport on each, of `width` cells: both begin at the left, and a cell covers the same time in both."""
    found = windows(a, b)
    longest = max(end - start for start, end in found)
    per_cell = max(1.0, (longest + 1) / max(1, width - MARGIN_CELLS))
    one, other = (Viewport(Axis.TIME, start, per_cell, width) for start, _ in found)
    return one, other


def paint_both(a: Part, b: Part, width: int, *, ascii: bool = False, everything: bool = False) -> Iterator[list[Run]]:
    """The ruler, and below it the rows of `a`, then those of `b`, in `width` cells; then what the glyphs mean.

    Only the tracks that are there in a part have rows. The ruler counts from where the parts begin. `everything`: each
    track has a row, however many.
    """
    parts = (a, b)
    shown = [part_rows(part, everything=everything) for part in parts]
    left = shared_label_cells(parts, shown, width)
    views = viewports(a, b, width - left)
    longer = max(parts, key=lambda part: part.timeline.last_ns).timeline
    zero = Viewport(Axis.TIME, 0.0, views[0].per_cell, views[0].width)
    yield [Run(f"{_HEAD:{left}}", "dim"), *ruler(longer, zero, ascii=ascii)]
    for name, part, rows, view in zip("AB", parts, shown, views, strict=True):
        since = f"  from {duration(int(view.start))}" if view.start else ""
        yield [Run(name, "edge"), Run(since, "dim")]
        listed = rows if everything else rows[:_ROWS]
        yield from panel(part.timeline, listed, view, left, ascii=ascii, until_ns=part.end_ns)
        hidden = sum(len(row.members) or 1 for row in rows[len(listed) :])
        if hidden:
            yield [Run(f"… and {hidden} more tracks: --all shows them", "dim")]
    if any(row.group for rows in shown for row in rows):
        yield [Run("Tracks of a kind share a row: --all shows each of them", "dim")]
    yield []
    yield legend(*(part.timeline for part in parts), ascii=ascii)


def part_rows(part: Part, *, everything: bool = False) -> list[Row]:
    """The rows of the tracks that are there in the part. Tracks of a kind share one, unless `everything` is wanted."""
    arranged = Rows(part.timeline)
    found = arranged.arrange(only=part.lives)
    if len(found) <= _ROWS or everything:
        return found
    return arranged.arrange(folded=None, grouped=True, only=part.lives)


def shared_label_cells(parts: Sequence[Part], shown: Sequence[Sequence[Row]], width: int) -> int:
    """How many of `width` cells the labels of both take, since cell 0 of both is to be in one column."""
    return max(label_cells(part.timeline, rows, _HEAD, width) for part, rows in zip(parts, shown, strict=True))
