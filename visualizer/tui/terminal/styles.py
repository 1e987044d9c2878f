"""From the palette's names to styles of this terminal, and from painted runs to lines of a pane."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from visualizer.paint.text.canvas import Run
from visualizer.paint.text.palette import DARK, LIGHT, least_contrast, readable
from visualizer.tui.terminal.themes import HIGH_CONTRAST

#: The class of an app whose terminal takes nothing but ASCII.
ASCII = "-ascii"


@lru_cache(maxsize=1024)
def style(name: str, dark: bool, behind: str | None = None, high: bool = False) -> Style:
    """The style called `name` in the palette; readable on `behind` ("#rrggbb"), if that is given, with `high` contrast
    if that is asked for."""
    ink = (DARK if dark else LIGHT)[name]
    colour = ink.colour
    if behind is not None and ink.ground is None:
        colour = readable(colour, behind, least_contrast(name, high))
    return Style(color=colour, bgcolor=ink.ground, bold=ink.bold or None)


def ground(name: str, dark: bool) -> Style:
    """Only the ground of the style called `name`: what it is laid on keeps its colour, so far as that is readable."""
    known = style(name, dark)
    return Style(bgcolor=known.bgcolor, bold=known.bold)


def on_colour(name: str, dark: bool, ground: Color | None, high: bool = False) -> Style:
    """Text of the colour of `ground`, readable on the colour of that style, with `high` contrast if that is asked for;
    without a ground, reversed."""
    ink = style(name, dark)
    if ground is None or ground.triplet is None or ink.color is None or ink.color.triplet is None:
        return Style(color=ink.color, reverse=True, bold=True)
    least = least_contrast("text", high)
    colour = readable(ground.triplet.hex, ink.color.triplet.hex, least)
    return Style(color=colour, bgcolor=readable(ink.color.triplet.hex, colour, least), bold=True)


def is_dark(widget: Widget) -> bool:
    return widget.app.current_theme.dark


def has_high_contrast(theme: Theme) -> bool:
    return any(theme.name == one.name for one in HIGH_CONTRAST)


def strip(widget: Widget, runs: Iterable[Run], width: int) -> Strip:
    """The runs as one line of `widget`, cut or filled up to `width` cells. No markup in them is looked at."""
    dark, ground = is_dark(widget), widget.rich_style
    # The palette is made for Textual's own themes; others have grounds between light and dark.
    behind = ground.bgcolor.name if ground.bgcolor is not None and ground.bgcolor.triplet is not None else None
    high = has_high_contrast(widget.app.current_theme)
    if high:
        # The ground that is nearest to the text, which a line that is chosen gets.
        behind = widget.app.current_theme.panel
    line = Strip([Segment(text, ground + style(name, dark, behind, high)) for text, name in runs if text])
    return line.adjust_cell_length(width, ground)


def over(line: Strip, start: int, end: int, on: Style) -> Strip:
    """`line` with the cells from `start` to `end` in the style `on`, and readable on its ground."""
    before, there, after = line.crop(0, start), line.crop(start, end), line.crop(end)
    styled = Strip([Segment(text, _laid(known or Style(), on)) for text, known, _ in there], there.cell_length)
    return Strip.join([before, styled, after])


@lru_cache(maxsize=1024)
def _laid(style: Style, on: Style) -> Style:
    ground, colour = on.bgcolor, style.color
    if on.color is None and ground is not None and ground.triplet and colour is not None and colour.triplet:
        style += Style(color=readable(colour.triplet.hex, ground.triplet.hex, least_contrast("text")))
    return style + on
