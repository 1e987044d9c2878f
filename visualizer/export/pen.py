"""SVG elements: the shape of each state, and text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap
from typing import NamedTuple
from xml.etree import ElementTree

from visualizer.analysis.model.timeline import State
from visualizer.analysis.text.printable import plain
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width, fit
from visualizer.paint.text.palette import DARK, LIGHT, STYLE_OF

Element = ElementTree.Element

PAGE = {False: "#ffffff", True: "#0f141b"}
ON_RUNNING = {False: "#ffffff", True: "#06251a"}
#: Height of a state's bar as a share of the running one's: states differ in shape, not by colour alone.
HEIGHTS = {
    State.CREATED: 0.12,
    State.READY: 0.62,
    State.RUNNING: 1.0,
    State.WAITING: 0.62,
    State.IDLE: 0.34,
    State.BLOCKED: 0.8,
    State.UNKNOWN: 0.62,
}
#: How much of its colour a tint keeps.
TINT = {False: 0.2, True: 0.34}
_PATTERNS = {State.READY: "ready", State.IDLE: "idle", State.UNKNOWN: "unknown"}
#: Longer text is read by nobody.
_LONGEST = 1_000
#: Bars less than this many pixels apart touch each other.
_SEAM = 0.02
MONO = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', 'Noto Sans Mono', monospace"
SANS = "ui-sans-serif, system-ui, 'DejaVu Sans', Helvetica, Arial, 'Liberation Sans', 'Noto Sans', sans-serif"
#: Width of a character of the monospaced font, and, on average, of the other, by its size.
_CELL_EM = {True: 0.602, False: 0.58}


def number(value: float) -> str:
    """To a hundredth of a pixel, without zeros that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class Span(NamedTuple):
    """[left, right), and which share of the full height it has."""

    left: float
    right: float
    share: float


#: From the left on, in the middle.
_ENDS = {
    State.DONE: "l4 5 7 -10",
    State.FAILED: "m0 -5l10 10m0 -10l-10 10",
    State.STOPPED: "a5.5 5.5 0 1 1 11 0a5.5 5.5 0 1 1 -11 0m1.6 3.9l7.8 -7.8",
}


class Pen:
    """Draws into one SVG element, in one theme."""

    def __init__(self, root: Element, dark: bool) -> None:
        self.root = root
        self._dark = dark
        self._inks = DARK if dark else LIGHT
        self.page = PAGE[dark]
        self.on_running = ON_RUNNING[dark]

    def colour(self, style: str) -> str:
        return self._inks[style].colour

    @property
    def playhead_colour(self) -> str:
        return self._inks["playhead"].ground or self.colour("playhead")

    def add(self, tag: str, **attributes: str | float) -> Element:
        """Add an element; `_` in an attribute's name stands for `-`."""
        return ElementTree.SubElement(
            self.root,
            tag,
            {
                name.strip("_").replace("_", "-"): value if isinstance(value, str) else number(value)
                for name, value in attributes.items()
            },
        )

    def text(
        self, x: float, y: float, text: str, style: str, size: float = 13, *, mono: bool = True, bold: bool = False,
        anchor: str = "start", colour: str | None = None, halo: str | None = None,
    ) -> None:
        """One line of text, its baseline at `y`. `halo`: what is below does not show close around it; the style whose
        ground it has, "" for that of the page."""
        element = self.add(
            "text", x=x, y=y, font_size=size, font_family=MONO if mono else SANS, fill=colour or self.colour(style)
        )
        if bold:
            element.set("font-weight", "600")
        if halo is not None:
            ground = self._inks[halo].ground if halo else None
            element.attrib |= {"stroke": ground or self.page, "stroke-width": "4", "paint-order": "stroke"}
        if anchor != "start":
            element.set("text-anchor", anchor)
        element.text = shortened(text)

    def runs(self, x: float, y: float, runs: Iterable[Run], size: float) -> None:
        """A line of runs, monospaced, with all of its spaces."""
        line = self.add("text", x=x, y=y, font_size=size, font_family=MONO)
        line.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        for text, style in runs:
            if text:
                attributes = {"fill": self.colour(style)} | ({"font-weight": "600"} if self._inks[style].bold else {})
                ElementTree.SubElement(line, "tspan", attributes).text = shortened(text)

    def tooltip(self, element: Element, said: str) -> None:
        """What a browser says where one points at it."""
        ElementTree.SubElement(element, "title").text = shortened(said)

    def within(self, tag: str, **attributes: str | float) -> Pen:
        """Add an element, and return a pen that draws into it."""
        return Pen(self.add(tag, **attributes), self._dark)

    def patterns(self) -> None:
        """Fill patterns for states that need more than colour, and the head of an arrow."""
        defs = self.within("defs")
        ready = defs.within(
            "pattern", id="ready", width=6, height=6, patternUnits="userSpaceOnUse", patternTransform="rotate(45)"
        )
        ready.add("rect", width=6, height=6, fill=self._tint(State.READY))
        ready.add("rect", width=2.4, height=6, fill=self.colour("ready"))
        idle = defs.within("pattern", id="idle", width=5, height=5, patternUnits="userSpaceOnUse")
        idle.add("rect", width=5, height=5, fill=self._tint(State.IDLE))
        idle.add("circle", cx=2.5, cy=2.5, r=1, fill=self.colour("idle"))
        unknown = defs.within("pattern", id="unknown", width=8, height=8, patternUnits="userSpaceOnUse")
        unknown.add("rect", width=8, height=8, fill=self._tint(State.UNKNOWN))
        unknown.add("path", d="M0 0 8 8M8 0 0 8", stroke=self.colour("unknown"), stroke_width=1)
        arrow = defs.within("marker", id="arrow", viewBox="0 0 8 8", refX=7, refY=4, markerWidth=7, markerHeight=7)
        arrow.root.set("orient", "auto")
        arrow.add("path", d="M0 0 8 4 0 8z", fill=self.colour("dim"))

    def bar(self, left: float, right: float, middle: float, height: float, state: State) -> None:
        """A slice. `height` is that of a running one."""
        bar = height * HEIGHTS[state]
        element = self.add("rect", x=left, y=middle - bar / 2, width=right - left, height=bar, fill=self._fill(state))
        radius = min(4.0, bar / 2, (right - left) / 2)
        if radius >= 1:
            element.set("rx", number(radius))

    def bars(self, spans: Iterable[Span], middle: float, height: float, state: State) -> None:
        """Many bars as one shape; neighbours of the same height as one bar."""
        height *= HEIGHTS[state]
        path = "".join(
            f"M{number(left)} {number(middle - height * share / 2)}h{number(right - left)}"
            f"v{number(height * share)}h{number(left - right)}z"
            for left, right, share in _joined(spans)
        )
        if path:
            self.add("path", d=path, fill=self._fill(state))

    def mark(self, x: float, middle: float, state: State) -> None:
        """✓, ✗ or ⊘, beginning at `x`, as lines: no font is needed for it."""
        path = f"M{number(x + 4)} {number(middle)}{_ENDS[state]}"
        colour = self.colour(STYLE_OF[state])
        self.add("path", d=path, fill="none", stroke=colour, stroke_width=2.4, stroke_linecap="round")

    def line(self, path: str, state: State, dash: str) -> None:
        """A slice that is no bar."""
        self.add("path", d=path, stroke=self.colour(STYLE_OF[state]), stroke_width=2, stroke_dasharray=dash)

    def column(self, x: float, top: float, bottom: float, width: float, state: State) -> None:
        """A slice from top to bottom. `width` is that of a running one."""
        bar = width * HEIGHTS[state]
        left, fill = x - bar / 2, self._fill(state)
        self.add("rect", x=left, y=top, width=bar, height=bottom - top, rx=min(3, bar / 2), fill=fill)

    def arrow(self, begin: float, end: float, y: float) -> None:
        """A horizontal arrow."""
        line = f"M{number(begin)} {number(y)}H{number(end)}"
        self.add("path", d=line, stroke=self.colour("dim"), stroke_width=1.4, marker_end="url(#arrow)")

    def marked(self, left: float, top: float, width: float, height: float) -> None:
        """The ground of what is pointed out."""
        fill = self._inks["selected"].ground or self.page
        self.add("rect", x=left, y=top, width=width, height=height, rx=4, fill=fill)

    def playhead(self, x: float, top: float, bottom: float) -> None:
        """A line from top to bottom at `x`, with a head."""
        colour, head = self.playhead_colour, f"M{number(x - 6)} {number(top - 7)}h12l-6 8z"
        self.add("path", d=f"M{number(x)} {number(top)}V{number(bottom)}", stroke=colour, stroke_width=2.5)
        self.add("path", d=head, fill=colour)

    def _fill(self, state: State) -> str:
        if state is State.WAITING:
            return self._tint(state)
        return f"url(#{_PATTERNS[state]})" if state in _PATTERNS else self.colour(STYLE_OF[state])

    def _tint(self, state: State) -> str:
        """The state's colour, thinned with that of the page; not transparent, so that lines behind it do not show."""
        return "#" + "".join(
            f"{round(int(page, 16) + TINT[self._dark] * (int(full, 16) - int(page, 16))):02x}"
            for full, page in zip(wrap(self.colour(STYLE_OF[state])[1:], 2), wrap(self.page[1:], 2), strict=True)
        )


def shortened(text: str) -> str:
    """Text that nothing limits the width of, printable: where it is longer than anybody reads, without its middle."""
    half = _LONGEST // 2
    return plain(text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}")


def text_width(text: str, size: float, mono: bool = True) -> float:
    """About how wide, in pixels, the text is: no font is at hand to measure it."""
    return cell_width(text) * size * _CELL_EM[mono]


def fitted(text: str, width: float, size: float, cut: Callable[[str, int], str] = fit, mono: bool = True) -> str:
    """Text cut to about `width` pixels."""
    return cut(text, max(0, int(width / (size * _CELL_EM[mono])))).rstrip()


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, from left to right, their shares rounded to tenths, without seams between equal ones."""
    open_span: Span | None = None
    for left, right, share in spans:
        span = Span(left, right, round(share, 1))
        if open_span is None:
            open_span = span
        elif open_span.share == span.share and span.left <= open_span.right + _SEAM:
            open_span = open_span._replace(right=max(open_span.right, span.right))
        else:
            yield open_span
            open_span = span
    if open_span is not None:
        yield open_span
