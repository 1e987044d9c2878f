"""The page of a drawing: an SVG file that is as high as what is drawn on it, or as is wished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, inf, isinf
from typing import NamedTuple
from xml.etree import ElementTree

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.sentences import sentence, sentence_before_first
from visualizer.export.pen import Pen, fitted, number, shortened, text_width
from visualizer.export.settings import Settings
from visualizer.paint.rows.order import Row, row_name
from visualizer.paint.text import caption
from visualizer.paint.text.cell_width import fit_sentence

NAMESPACE = "http://www.w3.org/2000/svg"
PADDING = 36
#: Room on the right for the marks of the tracks that last to the end.
_MARKS = 24
_WIDEST_NAME = 220
#: Size of most text, which a wish for another one is measured by.
FONT = 13.0
#: Width of a cell of it.
CELL = 8.0
#: Down to the facts below the title; a line that is told below them; and one that says what is left out.
HEAD, TOLD, MORE = 84.0, 24.0, 30.0
#: Where a height is given, everything may be drawn so many times as large as it would be without.
_LARGEST, _STEP = 2.2, 0.05


class Cover(NamedTuple):
    """A rectangle over which the playhead goes, in pixels of the finished picture; `upright`: from left to right, else
    down. `place` says how far from its beginning the switch of that number among those of the stage is."""

    left: float
    top: float
    right: float
    bottom: float
    upright: bool
    place: Callable[[int], float]


class Stage(NamedTuple):
    """What of a picture moves. `switches`: the numbers of those that the playhead can be at. `told`: where the sentence
    of each is written, at the left end of its baseline, and `size` of its letters; in pixels of the finished picture.
    """

    switches: Sequence[int]
    covers: Sequence[Cover]
    told: tuple[float, float]
    size: float


class Drawing(NamedTuple):
    """A picture of so many pixels; `stage` if something can move over it."""

    svg: bytes
    width: int
    height: int
    stage: Stage | None = None


class Heights(NamedTuple):
    """How far apart the lines of a picture are: where nothing limits it, at least, and at most; in pixels."""

    normal: float
    least: float
    most: float


class Fit(NamedTuple):
    """How large everything is drawn, how many lines have room, and how far apart they are."""

    scale: float
    lines: int
    pitch: float


def fit(
    settings: Settings, fixed: Callable[[float], float], count: Callable[[float], int], cut: bool, heights: Heights
) -> Fit:
    """Fit lines into the height that is wished; of a width `count` says how many there are, and `fixed` how high all
    is that is no line.

    As large as possible, unless a size is wished. `cut`: some are left out already, and MORE says so.
    Raise ValueError, with a sentence, if there is no room for a single one.
    """
    scale = settings.font_size / FONT if settings.font_size else _LARGEST if settings.height else 1.0
    if not settings.height:
        return Fit(scale, count(settings.width / scale), heights.normal)

    def room() -> float:
        return settings.height / scale - fixed(settings.width / scale) - MORE * cut

    while not settings.font_size and scale > 1 and room() < count(settings.width / scale) * heights.normal:
        scale = max(1.0, scale - _STEP)
    lines = count(settings.width / scale)
    if room() < lines * heights.least:
        cut = True
        lines = int(room() / heights.least)
        if lines < 1:
            least = ceil(settings.height + (heights.least - room()) * scale)
            raise ValueError(f"A picture {settings.height} pixels high has no room for its rows; it takes {least}")
    return Fit(scale, lines, min(heights.most, room() / max(1, lines)))


class Page:
    """Its pen draws in pixels, from the upper left corner, on `width` of them; `height` is what there is, inf where
    that does not matter. `finished` makes the file, in which everything is `scale` times as large."""

    def __init__(self, title: str, settings: Settings, scale: float) -> None:
        self.title = shortened(settings.title or title)
        self.scale = scale
        self.width = settings.width / self.scale
        self.height = settings.height / self.scale if settings.height else inf
        self._root = ElementTree.Element("svg", {"xmlns": NAMESPACE, "role": "img"})
        ElementTree.SubElement(self._root, "title").text = self.title
        self.pen = Pen(self._root, settings.dark)
        self.pen.patterns()
        self._ground = self.pen.add("rect", width="100%", height="100%", fill=self.pen.page)

    def head(self, known: Iterable[str], told: Iterable[tuple[str, str]] = ()) -> float:
        """The title, below it what is known of the trace, and lines that are told, each with its style; return where
        that ends: HEAD, and TOLD more for each line."""
        room, y = self.width - 2 * PADDING, HEAD
        self.pen.text(PADDING, 58, fitted(self.title, room, 26), "thread", 26, bold=True)
        self.pen.text(PADDING, y, fitted(" · ".join(known), room, 14, mono=False), "dim", 14, mono=False)
        for text, style in told:
            y += TOLD
            self.pen.text(PADDING, y, fitted(text, room, FONT, fit_sentence), style)
        return y

    def more(self, y: float, text: str) -> float:
        """Say what is left out; return where that ends."""
        self.pen.text(PADDING, y, fitted(f"… and {text}", self.width - 2 * PADDING, FONT), "dim")
        return y + MORE

    def columns(self, timeline: Timeline, shown: Iterable[Row]) -> tuple[float, float]:
        """From where to where the rows go, beside their names."""
        names = (text_width(row_name(timeline, row), 14) + 16 * row.depth for row in shown)
        left = PADDING + min(_WIDEST_NAME, max(names, default=0.0)) + 16
        return left, max(left + 50, self.width - PADDING - _MARKS)

    def cover(self, box: tuple[float, float, float, float], upright: bool, place: Callable[[int], float]) -> Cover:
        """A cover, given on the page, as all is: left, top, right, bottom, and where the playhead is."""
        begin, scale = box[0 if upright else 1], self.scale
        left, top, right, bottom = (edge * scale for edge in box)
        return Cover(left, top, right, bottom, upright, lambda number: (place(number) - begin) * scale)

    def stage(self, switches: Sequence[int], covers: Sequence[Cover], y: float) -> Stage:
        """A stage, whose sentences have `y` as their baseline."""
        return Stage(switches, covers, (PADDING * self.scale, y * self.scale), FONT * self.scale)

    def finished(self, height: float, stage: Stage | None = None) -> Drawing:
        """The picture, so high that `height` is drawn on, unless another one is wished."""
        shown = height if isinf(self.height) else self.height
        self._root.set("width", number(self.width * self.scale))
        self._root.set("height", str(round(shown * self.scale)))
        self._root.set("viewBox", f"0 0 {number(self.width)} {number(shown)}")
        drawing: bytes = ElementTree.tostring(self._root, encoding="utf-8", xml_declaration=True)
        return Drawing(drawing + b"\n", round(self.width * self.scale), round(shown * self.scale), stage)


def told(timeline: Timeline, settings: Settings, moving: bool = False) -> list[tuple[str, str]]:
    """What must be known of the recording, and what is so at the moment that is pointed out; each with its style.
    `moving`: the last line is left free for that."""
    found = [(text, "error") for text in [caption.uncaught(timeline)] if text]
    found += [(text, "text") for text in caption.remarks(timeline)]
    if settings.at_ns is not None:
        found.append((moment_told(timeline, timeline.switch_before(settings.at_ns)), "thread"))
    return [*found, ("", "text")] if moving else found


def moment_told(timeline: Timeline, index: int) -> str:
    """Switch number `index` in a sentence; -1: what was before the first."""
    return shortened(f"#{index + 1}  {sentence(timeline, index)}" if index >= 0 else sentence_before_first(timeline))
