"""Two parts of traces in one picture: below one another on one scale, with the saving as a number between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from visualizer.analysis.model.timeline import FINAL
from visualizer.analysis.report.comparison import Part, compare
from visualizer.analysis.text.printable import plain
from visualizer.export.page import PADDING, Page
from visualizer.export.panel import Panel
from visualizer.export.pen import Pen, fitted, text_width
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.export.svg import draw_legend
from visualizer.paint.axis.ruler import ticks
from visualizer.paint.axis.times import Since, TimeFormat
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.comparison.difference import saved
from visualizer.paint.comparison.figures import facts, figures, parting, remarks, verdict
from visualizer.paint.comparison.stretch import Stretch, longest, stretches
from visualizer.paint.rows.order import Row, tracks_of
from visualizer.paint.rows.svg_boxes import Box
from visualizer.paint.rows.track_slices import TrackRow

_LINE = 20.0
_SIZE = 13.0


def draw_comparison(a: Part, b: Part, names: Sequence[str], settings: Settings) -> bytes:
    """The picture as an SVG file; `names`: what both are called."""
    found, both = compare(a, b), stretches(a, b)
    page = Page(verdict(found), settings)
    pen, width = page.pen, settings.width
    pen.text(PADDING, 58, fitted(verdict(found), width - 2 * PADDING, 26), "thread", 26, bold=True)
    shown = [wanted_rows(part, settings) for part in (a, b)]
    columns = [page.columns(part.timeline, listed) for part, listed in zip((a, b), shown, strict=True)]
    left, right = max(left for left, _ in columns), min(right for _, right in columns)
    y = 100.0
    for axis in settings.axes:
        y = _draw_both(pen, both, names, axis, (left, right), shown, y)
    y = _lines(pen, ("".join(run.text for run in line) for line in parting(found)), width, y) + _LINE
    y = _lines(pen, figures(found), width, y) + _LINE
    y = _lines(pen, ("".join(run.text for run in line) for line in remarks((a, b))), width, y)
    states = {state for part, listed in zip((a, b), shown, strict=True) for state in part.states(tracks_of(listed))}
    return page.finished(draw_legend(pen, states, width, y + 10))


def draw_part(part: Part, settings: Settings) -> bytes:
    """One part alone as an SVG file."""
    title, *rest = facts(part)
    page = Page(title, settings)
    pen = page.pen
    pen.text(PADDING, 58, fitted(title, settings.width - 2 * PADDING, 26), "thread", 26, bold=True)
    pen.text(PADDING, 84, " · ".join(rest), "dim", 14, mono=False)
    stretch, _ = stretches(part, part)
    shown = wanted_rows(part, settings)
    columns, y = page.columns(part.timeline, shown), 124.0
    for axis in settings.axes:
        panel = PartAlone(pen, stretch, stretch.length(axis), axis, columns, axis.value.capitalize())
        y = panel.draw(shown, PADDING, y, settings.selected) + 30
    return page.finished(draw_legend(pen, part.states(tracks_of(shown)), settings.width, y))


def _draw_both(
    pen: Pen, both: Sequence[Stretch], names: Sequence[str], axis: Axis, columns: tuple[float, float],
    shown: Sequence[Sequence[Row]], y: float,
) -> float:
    """Both panels along one axis; return where they end."""
    number = saved(both, axis)
    for side, (stretch, name, listed) in enumerate(zip(both, names, shown, strict=True)):
        panel = PartPanel(pen, stretch, longest((both[0], both[1]), axis), axis, columns, f"{'AB'[side]}  {name}")
        top, y = y, panel.draw(listed, PADDING, y)
        bottom = y
        hidden = sum(map(stretch.part.lives, stretch.part.timeline.tracks)) - len(listed)
        if hidden:
            y += 24
            pen.text(PADDING, y, f"… and {hidden} more tracks", "dim")
        if number is not None and number[0] == side and listed:
            ends = [columns[0] + each.length(axis) / panel.per_pixel for each in both]
            _measure(pen, ends[side] + 2 * _LINE, ends[1 - side], (top + 44 + bottom) / 2, number[1])
        y += 30
    return y


def _measure(pen: Pen, left: float, right: float, middle: float, text: str) -> None:
    """A line from where the shorter one is over to where the longer one is, and how much that is."""
    size = 20.0
    needs = text_width(text, size, mono=False) + 24
    if right - left < needs + 40:
        return
    centre = (left + right) / 2
    for begin, end, edge in ((left, centre - needs / 2, left), (centre + needs / 2, right, right)):
        pen.add("path", d=f"M{begin:.2f} {middle:.2f}H{end:.2f}", stroke=pen.colour("edge"), stroke_width=2)
        pen.add("path", d=f"M{edge:.2f} {middle - 9:.2f}v18", stroke=pen.colour("edge"), stroke_width=2)
    pen.text(centre, middle + 7, text, "thread", size, mono=False, bold=True, anchor="middle")


def _lines(pen: Pen, lines: Iterable[str], width: int, y: float) -> float:
    for line in lines:
        if set(line) != {"-"}:
            pen.text(PADDING, y, fitted(line, width - 2 * PADDING, _SIZE), "text", _SIZE)
            pen.root[-1].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        y += _LINE
    return y


class PartPanel(Panel):
    """One side: the part of its trace, counted from the beginning of the part."""

    def __init__(
        self, pen: Pen, stretch: Stretch, length: float, axis: Axis, columns: tuple[float, float], heading: str
    ) -> None:
        """`length`: how much of the axis the longer side takes."""
        super().__init__(pen, stretch.part.timeline, axis, *columns)
        self._stretch = stretch
        self._said = plain(heading)
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
