"""The page of a drawing: an SVG file that is as high as what is drawn on it."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.pen import Pen, text_width
from visualizer.export.settings import Settings
from visualizer.paint.rows.order import Row, row_name

_NAMESPACE = "http://www.w3.org/2000/svg"
PADDING = 36
#: Room on the right for the marks of the tracks that last to the end.
_MARKS = 24
_WIDEST_NAME = 220


class Page:
    """Its pen draws in pixels, from the upper left corner; `finished` makes the file."""

    def __init__(self, title: str, settings: Settings) -> None:
        self._width = settings.width
        self._root = ElementTree.Element("svg", {"xmlns": _NAMESPACE, "role": "img"})
        ElementTree.SubElement(self._root, "title").text = title
        self.pen = Pen(self._root, settings.dark)
        self.pen.patterns()
        self._ground = self.pen.add("rect", width="100%", height="100%", fill=self.pen.page)

    def columns(self, timeline: Timeline, shown: Iterable[Row]) -> tuple[float, float]:
        """From where to where the rows go, beside their names."""
        names = (text_width(row_name(timeline, row), 14) + 16 * row.depth for row in shown)
        left = PADDING + min(_WIDEST_NAME, max(names, default=0.0)) + 16
        return left, max(left + 50, self._width - PADDING - _MARKS)

    def finished(self, height: float) -> bytes:
        """The file."""
        for name, length in (("width", self._width), ("height", round(height))):
            self._root.set(name, str(length))
            self._ground.set(name, str(length))
        self._root.set("viewBox", f"0 0 {self._width} {round(height)}")
        drawing: bytes = ElementTree.tostring(self._root, encoding="utf-8", xml_declaration=True)
        return drawing + b"\n"
