"""The timeline as a vector drawing: real times, text that stays text, each axis (SVG 1.1, https://www.w3.org/TR/SVG11/).

Slices are drawn exactly where they can be seen apart and added up where they cannot, so that the file grows with the
width of the picture and its number of rows, and not with the length of the trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from visualizer.analysis.model import FINAL, State, Timeline
from visualizer.export.panel import ROW, Panel
from visualizer.export.pen import Pen, fitted, text_width
from visualizer.export.settings import Settings
from visualizer.paint import caption
from visualizer.paint.legend import meaning, occurring
from visualizer.paint.rows import Row, rows

_NAMESPACE = "http://www.w3.org/2000/svg"
_PADDING = 36
#: Room on the right for the marks of the tracks that last to the end.
_MARKS = 24
_WIDEST_NAME = 220
#: A picture of more tracks could not be looked at; the others are counted.
_ROWS = 200


def draw_svg(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as an SVG file."""
    root = ElementTree.Element("svg", {"xmlns": _NAMESPACE, "role": "img"})
    ElementTree.SubElement(root, "title").text = caption.title(timeline)
    pen = Pen(root, settings.dark)
    pen.patterns()
    ground = pen.add("rect", width="100%", height="100%", fill=pen.page)
    shown = rows(timeline)[:_ROWS]
    left = _PADDING + min(_WIDEST_NAME, max((_name_width(timeline, row) for row in shown), default=0.0)) + 16
    right = max(left + 50, settings.width - _PADDING - _MARKS)
    y = _head(pen, timeline, settings.width)
    for axis in settings.axes if timeline.tracks else ():
        y = Panel(pen, timeline, axis, left, right).draw(shown, _PADDING, y) + 30
    hidden = len(timeline.tracks) - len(shown)
    if hidden:
        pen.text(_PADDING, y, f"… and {hidden} more tracks", "dim")
        y += 30
    y = _legend(pen, occurring(timeline), settings.width, y)
    for name, length in (("width", settings.width), ("height", round(y))):
        root.set(name, str(length))
        ground.set(name, str(length))
    root.set("viewBox", f"0 0 {settings.width} {round(y)}")
    drawing: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return drawing + b"\n"


def _name_width(timeline: Timeline, row: Row) -> float:
    return text_width(timeline.name(row.track), 14) + 16 * row.depth


def _head(pen: Pen, timeline: Timeline, width: int) -> float:
    """Title, facts and what must be told; return where the drawing goes on."""
    room = width - 2 * _PADDING
    pen.text(_PADDING, 58, fitted(caption.title(timeline), room, 26), "thread", 26, bold=True)
    pen.text(_PADDING, 84, " · ".join(caption.facts(timeline)), "dim", 14, mono=False)
    y = 84.0
    told = [(text, "error") for text in [caption.uncaught(timeline)] if text]
    told += [(text, "text") for text in caption.remarks(timeline)]
    for text, style in told:
        y += 24
        pen.text(_PADDING, y, fitted(text, room, 13), style)
    return y + 40


def _legend(pen: Pen, states: Sequence[State], width: int, y: float) -> float:
    """A sample and a word for each state, in as many lines as it takes; return where the page ends."""
    x: float = _PADDING
    for state in states:
        needs = 44 + text_width(meaning(state), 13, mono=False) + 24
        if x > _PADDING and x + needs > width - _PADDING:
            x, y = _PADDING, y + ROW
        if state in FINAL:
            pen.mark(x + 9, y, state)
        else:
            pen.bar(x, x + 34, y, 20, state)
        pen.text(x + 44, y + 4.5, meaning(state), "dim", 13, mono=False)
        x += needs
    return y + _PADDING
