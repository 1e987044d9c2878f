"""Which stretch of an axis a part of a trace takes, when it is drawn on one scale with another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis, Viewport, extent, position_in_segment, position_of_time, span
from visualizer.paint.rows.order import Row
from visualizer.paint.rows.panel import painted
from visualizer.paint.text.canvas import Run


@dataclass(frozen=True)
class Stretch:
    """A part, and from when to when it is drawn, in ns.

    `sign`: what stands before a number of a switch on its ruler. One that is counted from where a part begins is not
    the number that the switch has anywhere else.
    """

    part: Part
    start_ns: float
    end_ns: float
    sign: str = "#"

    def begin(self, axis: Axis) -> float:
        """What is at the left of its rows. On the switch axis the first switch of each part is one after that."""
        if axis is Axis.SWITCHES:
            return float(self.part.first)
        return self.start_ns if axis is Axis.TIME else position_of_time(self.part.timeline, axis, int(self.start_ns))

    def end(self, axis: Axis) -> float:
        """Where the part is over."""
        timeline, _, end_ns, _, stop = self.part
        if axis is not Axis.SWITCHES:
            return self.end_ns if axis is Axis.TIME else position_of_time(timeline, axis, int(self.end_ns))
        return extent(timeline, axis) if self._to_the_end else position_in_segment(timeline, stop, end_ns)

    def length(self, axis: Axis) -> float:
        """How much of the axis it takes, in ns or in switches."""
        return self.end(axis) - self.begin(axis)

    def cells(self, viewport: Viewport) -> range:
        """The cells of the viewport in which there is something of the part."""
        begin, (timeline, start_ns, _, first, stop) = self.begin(viewport.axis), self.part
        if viewport.axis is Axis.SWITCHES and first < stop and timeline.switch_ns[first] <= start_ns:
            # It begins with that switch, and what was before it is none of its own.
            begin += 1
        left, right = ((place - viewport.start) / viewport.per_cell for place in (begin, self.end(viewport.axis)))
        return range(min(max(0, floor(left + 1e-9)), viewport.width), min(max(0, ceil(right - 1e-9)), viewport.width))

    @property
    def _to_the_end(self) -> bool:
        return self.part.end_ns >= self.part.timeline.last_ns

    def painted(
        self, rows: Sequence[Row], viewport: Viewport, *, group: Callable[[Row], TrackGroup] | None = None,
        ascii: bool = False,
    ) -> list[list[Run]]:
        """The cells of rows, blank where the part is not. `group`: as for `painted`."""
        timeline, until_ns = self.part.timeline, self.part.end_ns
        left = right = 0
        if viewport.axis is Axis.SWITCHES:
            cells = self.cells(viewport)
            left = cells.start
            # Behind the end of the trace stand marks, and nothing else.
            right = 0 if self._to_the_end else viewport.width - cells.stop
            viewport = replace(
                viewport, start=viewport.start + left * viewport.per_cell, width=viewport.width - left - right
            )
            until_ns = timeline.last_ns
        if viewport.width <= 0:
            return [[Run(" " * (left + right), "dim")] for _ in rows]
        before, behind = ([Run(" " * cells, "dim")] if cells else [] for cells in (left, right))
        found = painted(timeline, rows, viewport, group=group, ascii=ascii, until_ns=until_ns)
        return [[*before, *runs, *behind] for runs in found]


def stretches(a: Part, b: Part) -> tuple[Stretch, Stretch]:
    """How both are drawn beside one another.

    Two whole traces in which nothing happens for the most part are both cut to what does, as one alone is (see
    `viewport.span`). One of them alone is not: whoever takes longer shall be longer.
    """
    sign = "+" if a.first or b.first else "#"
    one, other = (Stretch(part, float(part.start_ns), float(part.end_ns), sign) for part in (a, b))
    if a.is_whole and b.is_whole:
        cut = tuple(Stretch(part, *span(part.timeline, Axis.TIME)) for part in (a, b))
        if cut[0] != one and cut[1] != other:
            return cut[0], cut[1]
    return one, other


def longest(both: tuple[Stretch, Stretch], axis: Axis) -> float:
    """How much of the axis the longer of the two takes, in ns or in switches."""
    return max(stretch.length(axis) for stretch in both)


def viewports(both: tuple[Stretch, Stretch], axis: Axis, width: int) -> tuple[Viewport, Viewport]:
    """A viewport on each, of `width` cells: both begin at the left, and a cell covers the same in both."""
    whole = longest(both, axis)
    one, other = (Viewport.over(axis, each.begin(axis), each.begin(axis) + whole, width) for each in both)
    return one, other
