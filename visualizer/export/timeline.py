"""The timeline as a vector drawing: real times, text that stays text, each axis (SVG 1.1, https://www.w3.org/TR/SVG11/).

Slices are drawn exactly where they can be seen apart and added up where they cannot, so that the file grows with the
width of the picture and its number of rows, and not with the length of the trace.
"""

from __future__ import annotations

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.printable import plain
from visualizer.export.legend import draw_legend
from visualizer.export.page import PADDING, Page
from visualizer.export.panel import Panel
from visualizer.export.part_panel import PartAlone
from visualizer.export.pen import Pen, fitted
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.comparison.figures import facts
from visualizer.paint.comparison.stretch import stretches
from visualizer.paint.text import caption
from visualizer.paint.text.legend import occurring


def draw_timeline(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as an SVG file."""
    part = settings.part_of(timeline)
    page = Page(plain(settings.title) or caption.title(timeline), settings)
    pen = page.pen
    shown = wanted_rows(part, settings)
    columns = page.columns(timeline, shown)
    y = _head(pen, part, settings)
    stretch, _ = stretches(part, part)
    for axis in settings.axes if timeline.tracks else ():
        if part.is_whole:
            panel = Panel(pen, timeline, axis, *columns)
        else:
            panel = PartAlone(pen, stretch, stretch.length(axis), axis, columns, axis.value.capitalize())
        y = panel.draw(shown, PADDING, y, settings.selected) + 30
    hidden = 0 if settings.rows else sum(map(part.lives, timeline.tracks)) - len(shown)
    if hidden:
        pen.text(PADDING, y, f"… and {hidden} more tracks", "dim")
        y += 30
    return page.finished(draw_legend(pen, occurring(timeline), settings, y))


def _head(pen: Pen, part: Part, settings: Settings) -> float:
    """Title, facts and remarks; return where the drawing continues."""
    room, (title, *known) = settings.width - 2 * PADDING, facts(part)
    pen.text(PADDING, 58, fitted(plain(settings.title) or title, room, 26), "thread", 26, bold=True)
    pen.text(PADDING, 84, " · ".join(known), "dim", 14, mono=False)
    y = 84.0
    remarks = [(text, "error") for text in [caption.uncaught(part.timeline)] if text]
    remarks += [(text, "text") for text in caption.remarks(part.timeline)]
    for text, style in remarks:
        y += 24
        pen.text(PADDING, y, fitted(text, room, 13), style)
    return y + 40
