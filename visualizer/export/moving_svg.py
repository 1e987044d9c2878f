"""A drawing that moves: the playhead and the sentences are laid over it, and CSS moves them; where it is not known, or
motion is not wanted, the drawing stands still, whole. No script: it moves within an <img>, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from xml.etree import ElementTree

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.page import FONT
from visualizer.export.pen import Pen, fitted, number
from visualizer.export.settings import Settings
from visualizer.export.steps import ABOVE, FADED, LINE, PLAYHEAD, Steps, steps
from visualizer.paint.text.cell_width import fit_sentence

_END = b"</svg>\n"


def moving(timeline: Timeline, settings: Settings) -> bytes:
    """The drawing as an SVG file."""
    known = steps(timeline, settings)
    layer = _Layer(known, settings)
    assert known.drawing.svg.endswith(_END), "something is laid over what is drawn"
    over = b"".join(ElementTree.tostring(element) for element in layer.elements())
    return known.drawing.svg.removesuffix(_END) + over + _END


class _Layer:
    def __init__(self, known: Steps, settings: Settings) -> None:
        self._known = known
        # What is laid over is measured in the pixels of the file, and so is not scaled again.
        scale = known.stage.size / FONT
        group = {"transform": f"scale({number(1 / scale)})", "class": "moves", "visibility": "hidden"}
        self._group = ElementTree.Element("g", group)
        self._pen = Pen(self._group, settings.dark)
        self._rules: list[str] = []

    def elements(self) -> Iterable[ElementTree.Element]:
        for cover in range(len(self._known.stage.covers)):
            self._cover(cover)
        self._sentences()
        style = ElementTree.Element("style")
        whole_s = number(sum(self._known.ms) / 1000)
        shown = f".moves{{visibility:visible}}.moves g{{animation:{whole_s}s step-end infinite}}"
        style.text = f"@media(prefers-reduced-motion:no-preference){{{shown}}}{''.join(self._rules)}"
        return style, self._group

    def _cover(self, at: int) -> None:
        cover = self._known.stage.covers[at]
        width, height = cover.right - cover.left, cover.bottom - cover.top
        window = self._pen.within("svg", x=cover.left, y=cover.top, width=width, height=height)
        places, thick = list(self._known.places(cover)), PLAYHEAD * self._known.stage.size / FONT
        ahead, head = (window.within("g", id=f"{name}{at}") for name in ("ahead", "head"))
        ahead.add("rect", width=width, height=height, fill=self._pen.page, fill_opacity=1 - FADED)
        along = "X" if cover.upright else "Y"
        self._moves(f"ahead{at}", along, [end for _, end in places])
        # The line of a switch with a mark is higher, and the playhead is beside its lower end.
        least = min(end - begin for begin, end in places)
        self._moves(f"head{at}", along, [begin if cover.upright else end - least for begin, end in places])
        size = {"width": thick, "height": height if cover.upright else least}
        head.add("rect", fill=self._pen.playhead_colour, **size)

    def _sentences(self) -> None:
        (x, y), size = self._known.stage.told, self._known.stage.size
        line, width = LINE * size, self._known.drawing.width
        window = self._pen.within("svg", x=0, y=y - ABOVE * size, width=width, height=line)
        lines = window.within("g", id="told")
        for at, (text, style) in enumerate(self._known.told):
            lines.text(x, at * line + ABOVE * size, fitted(text, width - 2 * x, size, fit_sentence), style, size)
        self._moves("told", "Y", [-line * at for at in range(len(self._known.told))])

    def _moves(self, name: str, along: str, places: Sequence[float]) -> None:
        """The element of that name is at each of the places in turn."""
        ms, whole = self._known.ms, sum(self._known.ms)
        begins = (number(100 * begin / whole) for begin in (0, *accumulate(ms[:-1])))
        moves = (f"{at}%{{transform:translate{along}({number(px)}px)}}" for at, px in zip(begins, places, strict=True))
        self._rules.append(f"#{name}{{animation-name:{name}}}@keyframes {name}{{{''.join(moves)}}}")
