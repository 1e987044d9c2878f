"""The page of a drawing: an SVG file that is as high as what is drawn on it, or as is wished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, isinf
from xml.etree import ElementTree

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.export.pen import Pen, fitted, number, text_width
from visualizer.export.settings import Settings
from visualizer.paint.rows.order import Row, row_name

_NAMESPACE = "http://www.w3.org/2000/svg"
PADDING = 36
#: Room on the right for the marks of the tracks that last to the end.
_MARKS = 24
_WIDEST_NAME = 220
#: Size of most text, which a wish for another one is measured by.
FONT = 13.0
#: Where a height is given, everything may be drawn so many times as large as it would be without.
_LARGEST, _STEP = 2.2, 0.05


def scale_for(settings: Settings, needs: Callable[[float], float]) -> float:
    """How large everything is drawn: as wished; else as large as the height allows for what `needs` so much of it, as
    it says for a width."""
    if settings.font_size:
        return settings.font_size / FONT
    scale = _LARGEST if settings.height else 1.0
    while scale > 1 and needs(settings.width / scale) * scale > settings.height:
        scale -= _STEP
    return max(1.0, scale)


class Page:
    """Its pen draws in pixels, from the upper left corner, on `width` of them; `height` is what there is, inf where
    that does not matter. `finished` makes the file, in which everything is `scale` times as large."""

    def __init__(self, title: str, settings: Settings, scale: float = 0.0) -> None:
        self.title = plain(settings.title) or title
        self.scale = scale or scale_for(settings, lambda width: 0.0 if not settings.height else inf)
        self.width = settings.width / self.scale
        self.height = settings.height / self.scale if settings.height else inf
        self._root = ElementTree.Element("svg", {"xmlns": _NAMESPACE, "role": "img"})
        ElementTree.SubElement(self._root, "title").text = self.title
        self.pen = Pen(self._root, settings.dark)
        self.pen.patterns()
        self._ground = self.pen.add("rect", width="100%", height="100%", fill=self.pen.page)

    def head(self, known: str, size: float = 26) -> float:
        """The title, and below it what is known of the picture; return where that ends."""
        room = self.width - 2 * PADDING
        self.pen.text(PADDING, 58, fitted(self.title, room, size), "thread", size, bold=True)
        self.pen.text(PADDING, 84, fitted(known, room, 14, mono=False), "dim", 14, mono=False)
        return 84.0

    def columns(self, timeline: Timeline, shown: Iterable[Row]) -> tuple[float, float]:
        """From where to where the rows go, beside their names."""
        names = (text_width(row_name(timeline, row), 14) + 16 * row.depth for row in shown)
        left = PADDING + min(_WIDEST_NAME, max(names, default=0.0)) + 16
        return left, max(left + 50, self.width - PADDING - _MARKS)

    def finished(self, height: float) -> bytes:
        """The file, so high that `height` is drawn on, unless another one is wished."""
        shown = height if isinf(self.height) else self.height
        self._root.set("width", number(self.width * self.scale))
        self._root.set("height", str(round(shown * self.scale)))
        self._root.set("viewBox", f"0 0 {number(self.width)} {number(shown)}")
        drawing: bytes = ElementTree.tostring(self._root, encoding="utf-8", xml_declaration=True)
        return drawing + b"\n"
