"""Two parts of traces in one picture: below one another on one scale, with the saving as a number between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Comparison, Part, compare
from visualizer.export.legend import draw_legend, legend_of
from visualizer.export.page import FONT, PADDING, Drawing, Page
from visualizer.export.part_panel import PartPanel
from visualizer.export.pen import Pen, fitted, text_width
from visualizer.export.rows import marked, wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.difference import saved
from visualizer.paint.comparison.figures import figures, parting, remarks, verdict
from visualizer.paint.comparison.stretch import Stretch, longest, stretches
from visualizer.paint.rows.order import Row, row_name, tracks_of

#: So many rows a side.
_ROWS = 24
#: Where a height is given, all is drawn so many times as large, between these, found to so much.
_SCALES, _FINE = (0.5, 2.0), 0.05
_LINE = 20.0
_SIZE = 13.0


def draw_comparison(timeline: Timeline, settings: Settings) -> Drawing:
    """The picture."""
    a, b, names = settings.part_of(timeline), settings.other, settings.names or ("", "")
    assert b is not None, "there are two, or there is no comparison"
    parts, found = (a, b), compare(a, b)
    if not settings.height:
        page, end = _drawn(parts, found, names, settings, settings.font_size / FONT if settings.font_size else 1.0)
        return page.finished(end)
    least, most = (settings.font_size / FONT,) * 2 if settings.font_size else _SCALES
    page, end = _drawn(parts, found, names, settings, least)
    if end > page.height:
        takes = ceil(end * least)
        raise ValueError(f"A picture {settings.height} pixels high has no room for a comparison; it takes {takes}")
    while most - least > _FINE:
        scale = (least + most) / 2
        tried, ends = _drawn(parts, found, names, settings, scale)
        if ends > tried.height:
            most = scale
        else:
            least, page, end = scale, tried, ends
    return page.finished(end)


def _drawn(
    parts: tuple[Part, Part], found: Comparison, names: Sequence[str], settings: Settings, scale: float
) -> tuple[Page, float]:
    """The page with everything on it, and how much of it that takes."""
    a, b = parts
    page = Page(verdict(found), settings, scale)
    pen, width = page.pen, page.width
    pen.text(PADDING, 58, fitted(page.title, width - 2 * PADDING, 26), "thread", 26, bold=True)
    rooms = _rooms(parts, settings)
    columns = [page.columns(part.timeline, listed) for part, (listed, _) in zip(parts, rooms, strict=True)]
    marked(
        [row_name(part.timeline, row) for part, (rows, _) in zip(parts, rooms, strict=True) for row in rows], settings
    )
    left, right = max(left for left, _ in columns), min(right for _, right in columns)
    y = 100.0
    for axis in settings.axes:
        y = _draw_both(pen, stretches(a, b), names, axis, (left, right), rooms, y, settings.selected)
    y = _lines(pen, ("".join(run.text for run in line) for line in parting(found)), width, y) + _LINE
    y = _lines(pen, figures(found), width, y) + _LINE
    y = _lines(pen, ("".join(run.text for run in line) for line in remarks(parts)), width, y)
    states = {state for part, (listed, _) in zip(parts, rooms, strict=True) for state in part.states(tracks_of(listed))}
    return page, draw_legend(pen, legend_of(settings, width, states), y + 10)


def _rooms(parts: tuple[Part, Part], settings: Settings) -> list[tuple[list[Row], int]]:
    """The rows of each side. Raise ValueError, with a sentence, for one that neither has."""
    found: list[tuple[list[Row], int]] = [([], 0), ([], 0)]
    names = settings.rows or ("",)
    for name in names:
        missing = []
        for side, part in enumerate(parts):
            try:
                rows, hidden = wanted_rows(part, replace(settings, rows=(name,) if name else ()), _ROWS)
            except ValueError as error:
                missing.append(error)
                continue
            found[side] = (found[side][0] + rows)[:_ROWS], found[side][1] + hidden
        if len(missing) == len(parts):
            raise missing[0]
    return found


def _draw_both(
    pen: Pen, both: Sequence[Stretch], names: Sequence[str], axis: Axis, columns: tuple[float, float],
    rooms: Sequence[tuple[list[Row], int]], y: float, selected: str,
) -> float:
    """Both panels along one axis; return where they end."""
    number = saved(both, axis)
    for side, (stretch, name, (listed, hidden)) in enumerate(zip(both, names, rooms, strict=True)):
        panel = PartPanel(pen, stretch, longest((both[0], both[1]), axis), axis, columns, f"{'AB'[side]}  {name}")
        top, y = y, panel.draw(listed, PADDING, y, selected)
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
