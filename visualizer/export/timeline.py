"""The timeline as a vector drawing: real times, text that stays text, each axis (SVG 1.1, https://www.w3.org/TR/SVG11/).

Slices are drawn exactly where they can be seen apart and added up where they cannot, so that the file grows with the
width of the picture and its number of rows, and not with the length of the trace.
"""

from __future__ import annotations

from functools import partial

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.legend import LINE, draw_legend, legend_of
from visualizer.export.page import HEAD, PADDING, TOLD, Drawing, Heights, Page, fit, told
from visualizer.export.panel import ABOVE, ROWS, Panel
from visualizer.export.part_panel import PartAlone
from visualizer.export.rows import marked, wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.comparison.figures import facts
from visualizer.paint.comparison.stretch import stretches
from visualizer.paint.rows.order import PICTURE_ROWS, row_name, tracks_of

#: Above the first panel, and between two.
_ABOVE, _GAP = 40.0, 30.0


def draw_timeline(timeline: Timeline, settings: Settings, moving: bool = False) -> Drawing:
    """The picture. `moving`: with a stage."""
    part, axes = settings.part_of(timeline), settings.axes if timeline.tracks else ()
    (title, *known), remarks = facts(part), told(timeline, settings, moving)

    def fixed(width: float) -> float:
        legend = LINE * len(legend_of(settings, width, part.states(tracks_of(shown))))
        return HEAD + TOLD * len(remarks) + _ABOVE + (ABOVE + _GAP) * len(axes) + legend + PADDING / 2

    shown, hidden = wanted_rows(part, settings, PICTURE_ROWS // max(1, len(axes)))
    heights = Heights(*(len(axes) * height for height in ROWS))
    fitting = fit(settings, fixed, lambda _: len(shown), hidden > 0, heights)
    if fitting.lines < len(shown):
        # Fewer, where tracks of a kind share a row.
        shown, hidden = wanted_rows(part, settings, fitting.lines)
        fitting = fit(settings, fixed, lambda _: len(shown), hidden > 0, heights)
    page = Page(title, settings, fitting.scale)
    columns, pitch = page.columns(timeline, shown), fitting.pitch / max(1, len(axes))
    y = told_at = page.head(known, remarks)
    y += _ABOVE
    switches, covers = range(part.first, part.stop), []
    stretch, _ = stretches(part, part)
    selected = marked([row_name(timeline, row) for row in shown], settings)
    for axis in axes:
        if part.is_whole:
            panel = Panel(page.pen, timeline, axis, *columns, pitch)
        else:
            panel = PartAlone(page.pen, stretch, stretch.length(axis), axis, columns, axis.value.capitalize(), pitch)
        y = panel.draw(shown, PADDING, y, selected) + _GAP
        if settings.at_ns is not None:
            panel.point_out(settings.at_ns)
        if moving:
            covers.append(page.cover(panel.covered, True, partial(_place, panel, part.first)))
    if hidden:
        y = page.more(y, f"{hidden} more tracks")
    y = draw_legend(page.pen, legend_of(settings, page.width, part.states(tracks_of(shown))), y)
    return page.finished(y, page.stage(switches, covers, told_at) if moving else None)


def _place(panel: Panel, first: int, number: int) -> float:
    return panel.place_of(first + number)
