"""For limited terminals: everything drawn, by us and by Textual, is converted to ASCII or stripped of colours."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from visualizer.paint.text.cell_width import ascii_cells
from visualizer.paint.text.palette import DARK, LIGHT, STYLE_OF

#: Backgrounds that must stay visible: the playhead, the selection, an expression in the colour of a state.
_GROUNDS = {ink.ground for palette in (DARK, LIGHT) for ink in palette.values() if ink.ground} | {
    palette[name].colour for palette in (DARK, LIGHT) for name in STYLE_OF.values()
}
_PLAYHEAD = {palette["playhead"].ground for palette in (DARK, LIGHT)}
#: The playhead is a rail: without colours, a reversed blank would look like a running track.
_RAIL = "┃"
#: Reversed, a block would be a hole, as if no track ran there.
_BLOCKS = dict.fromkeys(map(ord, "█▉▊▋▌▍▎▏▐▕▁▂▃▄▅▆▇"), _RAIL)


class Ascii(LineFilter):
    """Each cell becomes an ASCII character: a likeness where there is one, else a question mark."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_cells(text), style, control) for text, style, control in segments]


class Colourless(LineFilter):
    """No colour at all, as https://no-color.org asks; Textual's own filter for this leaves shades of grey."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(_readable(text, style), _colourless(style), control) if style else Segment(text, style, control)
            for text, style, control in segments
        ]


def _ground(style: Style) -> str:
    return style.bgcolor.name.lower() if style.bgcolor is not None else ""


def _readable(text: str, style: Style) -> str:
    """The text with distinguishable glyphs when it is reversed."""
    ground = _ground(style)
    if text == " " and ground in _PLAYHEAD:
        return _RAIL
    if ground in _GROUNDS:
        return text.translate(_BLOCKS)
    # A scroll bar is made of reversed parts of blocks.
    return text.replace("█", _RAIL) if style.reverse else text


@lru_cache(maxsize=2048)
def _colourless(style: Style) -> Style:
    """The style with its attributes; reversed, if it stood out by its ground."""
    plain = style.without_color + Style.from_meta(style.meta)
    return plain + Style(reverse=True) if _ground(style) in _GROUNDS and not style.reverse else plain
