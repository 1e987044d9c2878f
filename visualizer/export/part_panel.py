"""A panel of a part of a trace: alone, or beside another one on one scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from visualizer.analysis.model.timeline import FINAL
from visualizer.export.panel import ROWS, Panel
from visualizer.export.pen import Pen, shortened
from visualizer.paint.axis.ruler import ticks
from visualizer.paint.axis.times import Since, TimeFormat
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.comparison.figures import facts
from visualizer.paint.comparison.stretch import Stretch
from visualizer.paint.rows.svg_boxes import Box
from visualizer.paint.rows.track_slices import TrackRow


class PartPanel(Panel):
    """One side: the part of its trace, counted from the beginning of the part."""

    def __init__(
        self, pen: Pen, stretch: Stretch, length: float, axis: Axis, columns: tuple[float, float], heading: str,
        pitch: float = ROWS.normal,
    ) -> None:
        """`length`: how much of the axis the longer side takes."""
        super().__init__(pen, stretch.part.timeline, axis, *columns, pitch)
        self._stretch = stretch
        self._said = shortened(heading)
        self._start = stretch.begin(axis)
        self._end = self._start + length
        self.per_pixel = self._per_pixel = max(1e-9, length / (columns[1] - columns[0]))

    def _heading(self) -> str:
        return self._said

    def _note(self) -> str:
        along = {Axis.TIME: "", Axis.BUSY: "idle gaps are folded", Axis.SWITCHES: super()._note()}
        return " · ".join(said for said in (*facts(self._stretch.part), along[self._axis]) if said)

    def _switches(self) -> range:
        return range(self._stretch.part.first, self._stretch.part.stop)

    def _ticks(self, viewport: Viewport, cells_of: Callable[[str], float]) -> Iterable[tuple[float, str]]:
        if self._axis is not Axis.SWITCHES:
            time_format = TimeFormat(Since.START, int(self._stretch.start_ns))
            found = ticks(self._timeline, viewport, cells_of, time_format)
        else:
            shifted = replace(viewport, start=viewport.start - self._start)
            counted = ticks(self._timeline, shifted, cells_of, sign=self._stretch.sign)
            found = ((place + self._start, label) for place, label in counted)
        over = self._stretch.end(self._axis)
        return ((place, label) for place, label in found if place <= over)

    def _track_row(self, track: int) -> TrackRow:
        if self._axis is Axis.SWITCHES:
            return TrackRow(self._timeline, track, self._axis)
        return TrackRow(self._timeline, track, Axis.TIME, self._stretch.part.end_ns)

    def _boxes(self, track_row: TrackRow) -> Iterator[Box]:
        low, high = float(self._stretch.cells(self._viewport).start), self._stretch.length(self._axis) / self._per_pixel
        for box in super()._boxes(track_row):
            if (box.right > low or low == 0) and box.left <= high:
                yield box._replace(left=max(box.left, low), right=min(box.right, high))

    @property
    def _viewport(self) -> Viewport:
        return Viewport(self._axis, self._start, self._per_pixel, round(self._right - self._left))

    def _ends_here(self, track_row: TrackRow) -> bool:
        part = self._stretch.part
        return track_row.track.state in FINAL and part.start_ns <= track_row.slices.start_ns[-1] <= part.end_ns


class PartAlone(PartPanel):
    """With the times and numbers of its whole trace."""

    def _note(self) -> str:
        return Panel._note(self) if self._axis is Axis.SWITCHES else ""

    def _ticks(self, viewport: Viewport, cells_of: Callable[[str], float]) -> Iterable[tuple[float, str]]:
        found = Panel._ticks(self, viewport, cells_of)
        # The switch at the very left is the one before the part.
        return ((place, label) for place, label in found if place > self._start or self._axis is not Axis.SWITCHES)
