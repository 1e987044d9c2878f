"""The timeline as a vector drawing: real times, text that stays text, each axis (SVG 1.1, https://www.w3.org/TR/SVG11/).

Slices are drawn exactly where they can be seen apart and added up where they cannot, so that the file grows with the
width of the picture and its number of rows, and not with the length of the trace.
"""

from __future__ import annotations

from collections.abc import Collection

from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export.page import PADDING, Page
from visualizer.export.panel import ROW, Panel
from visualizer.export.pen import Pen, fitted, text_width
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.rows.order import tracks_of
from visualizer.paint.text import caption
from visualizer.paint.text.legend import in_order, meaning


def draw_svg(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as an SVG file."""
    page = Page(caption.title(timeline), settings)
    pen = page.pen
    whole = Part.whole(timeline)
    shown = wanted_rows(whole, settings)
    left, right = page.columns(timeline, shown)
    y = _head(pen, timeline, settings.width)
    for axis in settings.axes if timeline.tracks else ():
        y = Panel(pen, timeline, axis, left, right).draw(shown, PADDING, y, settings.selected) + 30
    hidden = 0 if settings.rows else len(timeline.tracks) - len(shown)
    if hidden:
        pen.text(PADDING, y, f"… and {hidden} more tracks", "dim")
        y += 30
    return page.finished(draw_legend(pen, whole.states(tracks_of(shown)), settings.width, y))


def _head(pen: Pen, timeline: Timeline, width: int) -> float:
    """Title, facts and remarks; return where the drawing continues."""
    room = width - 2 * PADDING
    pen.text(PADDING, 58, fitted(caption.title(timeline), room, 26), "thread", 26, bold=True)
    pen.text(PADDING, 84, " · ".join(caption.facts(timeline)), "dim", 14, mono=False)
    y = 84.0
    remarks = [(text, "error") for text in [caption.uncaught(timeline)] if text]
    remarks += [(text, "text") for text in caption.remarks(timeline)]
    for text, style in remarks:
        y += 24
        pen.text(PADDING, y, fitted(text, room, 13), style)
    return y + 40


def draw_legend(pen: Pen, states: Collection[State], width: int, y: float) -> float:
    """A sample and a word for each state, in as many lines as it takes; return where the page ends."""
    x: float = PADDING
    for state in in_order(states):
        needs = 44 + text_width(meaning(state), 13, mono=False) + 24
        if x > PADDING and x + needs > width - PADDING:
            x, y = PADDING, y + ROW
        if state in FINAL:
            pen.mark(x + 9, y, state)
        else:
            pen.bar(x, x + 34, y, 20, state)
        pen.text(x + 44, y + 4.5, meaning(state), "dim", 13, mono=False)
        x += needs
    return y + PADDING
