"""Two parts of traces in one picture: below one another on one scale, with the saving as a number between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import compare
from visualizer.export.legend import draw_legend, legend_of
from visualizer.export.page import FONT, PADDING, Drawing, Page
from visualizer.export.part_panel import PartPanel
from visualizer.export.pen import Pen, fitted, text_width
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.difference import saved
from visualizer.paint.comparison.figures import figures, parting, remarks, verdict
from visualizer.paint.comparison.stretch import Stretch, longest, stretches
from visualizer.paint.rows.order import Row, tracks_of

#: So many rows a side.
_ROWS = 24
_LINE = 20.0
_SIZE = 13.0


def draw_comparison(timeline: Timeline, settings: Settings) -> Drawing:
    """The picture."""
    a, b, names = settings.part_of(timeline), settings.other, settings.names or ("", "")
    assert b is not None, "there are two, or there is no comparison"
    found, both = compare(a, b), stretches(a, b)
    page = Page(verdict(found), settings, settings.font_size / FONT if settings.font_size else 1.0)
    pen, width = page.pen, page.width
    pen.text(PADDING, 58, fitted(page.title, width - 2 * PADDING, 26), "thread", 26, bold=True)
    rooms = [wanted_rows(part, settings, _ROWS) for part in (a, b)]
    columns = [page.columns(part.timeline, listed) for part, (listed, _) in zip((a, b), rooms, strict=True)]
    left, right = max(left for left, _ in columns), min(right for _, right in columns)
    y = 100.0
    for axis in settings.axes:
        y = _draw_both(pen, both, names, axis, (left, right), rooms, y)
    y = _lines(pen, ("".join(run.text for run in line) for line in parting(found)), width, y) + _LINE
    y = _lines(pen, figures(found), width, y) + _LINE
    y = _lines(pen, ("".join(run.text for run in line) for line in remarks((a, b))), width, y)
    states = {
        state for part, (listed, _) in zip((a, b), rooms, strict=True) for state in part.states(tracks_of(listed))
    }
    return page.finished(draw_legend(pen, legend_of(settings, width, states), y + 10))


def _draw_both(
    pen: Pen, both: Sequence[Stretch], names: Sequence[str], axis: Axis, columns: tuple[float, float],
    rooms: Sequence[tuple[list[Row], int]], y: float,
) -> float:
    """Both panels along one axis; return where they end."""
    number = saved(both, axis)
    for side, (stretch, name, (listed, hidden)) in enumerate(zip(both, names, rooms, strict=True)):
        panel = PartPanel(pen, stretch, longest((both[0], both[1]), axis), axis, columns, f"{'AB'[side]}  {name}")
        top, y = y, panel.draw(listed, PADDING, y)
        bottom = y
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


def _lines(pen: Pen, lines: Iterable[str], width: float, y: float) -> float:
    for line in lines:
        if set(line) != {"-"}:
            pen.text(PADDING, y, fitted(line, width - 2 * PADDING, _SIZE), "text", _SIZE)
            pen.root[-1].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        y += _LINE
    return y
