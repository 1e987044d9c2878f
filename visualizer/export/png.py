"""Each view as a picture of pixels: the drawing, painted by resvg."""

from __future__ import annotations

from functools import lru_cache

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.formats import Format
from visualizer.export.page import Drawing
from visualizer.export.pen import MONO, SANS
from visualizer.export.settings import Settings
from visualizer.export.svg import DRAWN, PICTURE, drawn

#: More pixels take more memory than a picture is worth.
_MOST_PIXELS = 100_000_000
NO_FONT = "No font was found, and a picture without text would mislead; install one, such as DejaVu"
_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
    '<text y="8" font-size="8" font-family="{families}">{letter}</text></svg>'
)


def painted(svg: bytes, width: int, height: int) -> bytes:
    """The drawing as a PNG of that size.

    Raise ImportError, with a sentence, without resvg, and ValueError if there is no font, or the picture is too large.
    """
    try:
        from resvg_py import svg_to_bytes
    except ModuleNotFoundError:
        raise ImportError("Pixels are painted by resvg; install it with: pip install 'visualizer[talks]'") from None
    if width * height > _MOST_PIXELS:
        raise ValueError(f"A picture of {width} by {height} pixels is too large; there can be {_MOST_PIXELS:,} of them")
    if not _has_font():
        raise ValueError(NO_FONT)
    return bytes(svg_to_bytes(svg_string=svg.decode(), width=width, height=height))


@lru_cache(maxsize=1)
def _has_font() -> bool:
    """Whether the letters of our drawings can be seen: where none of the fonts is there that a text names, it is left
    out without a word."""
    from resvg_py import svg_to_bytes

    def paints(families: str) -> bool:
        seen, blank = (svg_to_bytes(svg_string=_PROBE.format(families=families, letter=letter)) for letter in "M ")
        return bytes(seen) != bytes(blank)

    return paints(MONO) and paints(SANS)


def size_of(drawing: Drawing, settings: Settings) -> tuple[int, int]:
    """Width and height of what is painted, in pixels."""
    return round(drawing.width * settings.scale), round(drawing.height * settings.scale)


def paint(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as a PNG file."""
    drawing = drawn(timeline, settings)
    return painted(drawing.svg, *size_of(drawing, settings))


FORMAT = Format(".png", paint, tuple(DRAWN), PICTURE | {"scale"})
