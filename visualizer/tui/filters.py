"""For poor terminals: what is drawn, by us and by Textual, is put into ASCII or stripped of its colours at the end."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from visualizer.paint.palette import DARK, LIGHT
from visualizer.paint.text import ascii_cells

#: What stands on one of these shall be seen: the playhead, what is selected, an expression.
_GROUNDS = {colour for palette in (DARK, LIGHT) for ink in palette.values() for colour in (ink.colour, ink.ground)}


class Ascii(LineFilter):
    """Each cell becomes an ASCII character: a likeness where there is one, else a question mark."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_cells(text), style, control) for text, style, control in segments]


class Colourless(LineFilter):
    """No colour at all, as https://no-color.org asks; Textual's own filter for this leaves shades of grey."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, style and _colourless(style), control) for text, style, control in segments]


@lru_cache(maxsize=2048)
def _colourless(style: Style) -> Style:
    """The style with its attributes; reversed, if it stood out by its ground."""
    ground = style.bgcolor.name.lower() if style.bgcolor is not None else ""
    plain = style.without_color + Style.from_meta(style.meta)
    return plain + Style(reverse=True) if ground in _GROUNDS and not style.reverse else plain
