"""The timeline as a vector drawing: real times, text that stays text, each axis (SVG 1.1, https://www.w3.org/TR/SVG11/).

Slices are drawn exactly where they can be seen apart and added up where they cannot, so that the file grows with the
width of the picture and its number of rows, and not with the length of the trace.
"""

from __future__ import annotations

from functools import partial

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export.flags import FLAG
from visualizer.export.legend import LINE, draw_legend, legend_of
from visualizer.export.page import HEAD, PADDING, TOLD, Drawing, Heights, Page, fit, told
from visualizer.export.panel import ABOVE, ROWS, Panel
from visualizer.export.part_panel import PartAlone
from visualizer.export.rows import marked, wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.figures import facts
from visualizer.paint.comparison.stretch import stretches
from visualizer.paint.rows.order import PICTURE_ROWS, row_name, tracks_of

#: Above the first panel, and between two.
_ABOVE, _GAP = 40.0, 30.0


def draw_timeline(timeline: Timeline, settings: Settings, moving: bool = False) -> Drawing:
    """The picture. `moving`: with a stage."""
    part, axes = settings.part_of(timeline), settings.axes if timeline.tracks else ()
    (title, *known), remarks = facts(part), told(timeline, settings, moving)
    marks = [mark for mark in settings.marks if part.start_ns <= mark.t_ns <= part.end_ns]
    shown, hidden = wanted_rows(part, settings, PICTURE_ROWS // max(1, len(axes)))
    heights = Heights(*(len(axes) * height for height in ROWS))

    def laid_out(flags: int) -> tuple[Page, list[Panel]]:
        """The page and its panels, with room for so many lines of flags."""
        nonlocal shown, hidden

        def fixed(width: float) -> float:
            legend = LINE * len(legend_of(settings, width, part.states(tracks_of(shown))))
            panels = (ABOVE + _GAP) * len(axes) + FLAG * flags
            return HEAD + TOLD * len(remarks) + _ABOVE + panels + legend + PADDING / 2

        fitting = fit(settings, fixed, lambda _: len(shown), hidden > 0, heights)
        if fitting.lines < len(shown):
            # Fewer, where tracks of a kind share a row.
            shown, hidden = wanted_rows(part, settings, fitting.lines)
            fitting = fit(settings, fixed, lambda _: len(shown), hidden > 0, heights)
        page = Page(title, settings, fitting.scale)
        columns, pitch = page.columns(timeline, shown), fitting.pitch / max(1, len(axes))
        return page, [_panel(page, part, axis, columns, pitch) for axis in axes]

    page, panels = laid_out(0)
    if flags := sum(panel.flag(marks) for panel in panels):
        page, panels = laid_out(flags)
        for panel in panels:
            panel.flag(marks)
    y = told_at = page.head(known, remarks)
    y += _ABOVE
    switches, covers = range(part.first, part.stop), []
    selected = marked([row_name(timeline, row) for row in shown], settings)
    for panel in panels:
        y = panel.draw(shown, PADDING, y, selected) + _GAP
        if settings.at_ns is not None:
            panel.point_out(settings.at_ns)
        if moving:
            covers.append(page.cover(panel.covered, True, partial(_place, panel, part.first)))
    if hidden:
        y = page.more(y, f"{hidden} more tracks")
    y = draw_legend(page.pen, legend_of(settings, page.width, part.states(tracks_of(shown))), y)
    return page.finished(y, page.stage(switches, covers, told_at) if moving else None)


def _panel(page: Page, part: Part, axis: Axis, columns: tuple[float, float], pitch: float) -> Panel:
    if part.is_whole:
        return Panel(page.pen, part.timeline, axis, *columns, pitch)
    stretch, _ = stretches(part, part)
    return PartAlone(page.pen, stretch, stretch.length(axis), axis, columns, axis.value.capitalize(), pitch)


def _place(panel: Panel, first: int, number: int) -> float:
    return panel.place_of(first + number)
