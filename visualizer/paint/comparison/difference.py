"""The difference between the shorter and the longer of two parts, measured and shown as a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from visualizer.analysis.report.comparison import is_start, starting_ns
from visualizer.analysis.text.durations import duration
from visualizer.paint.axis.viewport import MARGIN_CELLS, Axis, Viewport
from visualizer.paint.comparison.stretch import Stretch
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_only, cell_width

#: A difference of this part of the longer one, or less, is not shown.
_LEAST = 1 / 20
#: A line of at least this many cells on either side of the number.
_LINE = 2


class Saving(NamedTuple):
    """Side number `side` has ended and the other has not: `runs` cover those cells, from `cell` on."""

    side: int
    cell: int
    runs: list[Run]


def saved(both: Sequence[Stretch], axis: Axis) -> tuple[int, str] | None:
    """Which side takes less of the axis, and how much that is.

    None if they take about as much, or if it is for the most part that one comes to its first switch sooner: Python may
    have started more quickly, and nothing was saved by that.
    """
    a, b = both
    lengths = [each.length(axis) for each in both]
    if abs(lengths[0] - lengths[1]) <= _LEAST * max(lengths):
        return None
    side = 0 if lengths[0] < lengths[1] else 1
    if axis is Axis.SWITCHES:
        count = abs((a.part.stop - a.part.first) - (b.part.stop - b.part.first))
        what = f"{count} {{}} switch{'' if count == 1 else 'es'}"
        return side, f"B takes {what.format('more')}" if side == 0 else what.format("fewer")
    took_ns = [each.part.end_ns - each.part.start_ns for each in both]
    difference_ns = took_ns[1 - side] - took_ns[side]
    started_ns = [starting_ns(each.part) for each in both]
    if difference_ns <= 0:
        return None
    if all(each.part.stop > each.part.first for each in both) and is_start(
        difference_ns, started_ns[1 - side] - started_ns[side]
    ):
        return None
    difference = duration(difference_ns)
    return side, f"B takes {difference} longer" if side == 0 else f"{difference} saved"


def saving(both: Sequence[Stretch], viewports: Sequence[Viewport], *, ascii: bool = False) -> Saving | None:
    """The same as a measuring line, where there is room for it in the viewports, which are on one scale."""
    axis = viewports[0].axis
    found = saved(both, axis)
    if found is None:
        return None
    side, said = found
    text = f" {ascii_only(said) if ascii else said} "
    ends = [
        int((each.end(axis) - viewport.start) // viewport.per_cell)
        for each, viewport in zip(both, viewports, strict=True)
    ]
    # Behind a mark, and a blank.
    begins, ends_at = ends[side] + MARGIN_CELLS + 1, ends[1 - side] + 1
    first, stop = max(0, begins), min(ends_at, viewports[0].width)
    spare = stop - first - cell_width(text) - 2
    if spare < 2 * _LINE:
        return None
    line, begin, end = ("-", "|", "|") if ascii else ("─", "├", "┤")
    # A line that continues outside the visible range has no end there.
    begin, end = (line if first > begins else begin), (line if stop < ends_at else end)
    left = spare // 2
    return Saving(
        side,
        first,
        [Run(begin + line * left, "edge"), Run(text, "thread"), Run(line * (spare - left) + end, "edge")],
    )


def laid(runs: Sequence[Run], cell: int, upper: Sequence[Run]) -> list[Run]:
    """`runs` with `upper` from `cell` on, where nothing but blanks must stand."""
    below: list[Run] = []
    at = 0
    for run in runs:
        width = cell_width(run.text)
        if at + width > cell:
            below.append(Run(run.text[: cell - at], run.style))
            break
        below.append(run)
        at += width
    rest = sum(cell_width(run.text) for run in runs) - cell - sum(cell_width(run.text) for run in upper)
    return [run for run in (*below, *upper, Run(" " * rest, "dim")) if run.text]
