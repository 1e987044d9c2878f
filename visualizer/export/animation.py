"""Pictures of pixels that move: the picture is painted once, and the playhead and a sentence are laid over it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.formats import Format
from visualizer.export.page import FONT, NAMESPACE, PADDING
from visualizer.export.pen import Pen, fitted
from visualizer.export.png import painted, size_of
from visualizer.export.settings import Settings
from visualizer.export.steps import ABOVE, FADED, LINE, MOVING, PLAYHEAD, Steps, steps
from visualizer.export.svg import PICTURE
from visualizer.paint.text.cell_width import fit_sentence

if TYPE_CHECKING:
    from PIL.Image import Image

_Colour = tuple[int, ...]

#: So many colours in all frames together: what is frequent, of those that look alike.
_COLOURS, _ALIKE = 96, 0xF8
#: All frames are in memory together.
_MOST_PIXELS = 400_000_000


def animate(timeline: Timeline, settings: Settings, form: str, **options: Any) -> bytes:
    """The file of that format, as Pillow calls it, which knows these `options` of it."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise ImportError("What moves is made by Pillow; install it with: pip install 'visualizer[talks]'") from None
    known = steps(timeline, settings)
    size = size_of(known.drawing, settings)
    if (pixels := len(known.numbers) * size[0] * size[1]) > _MOST_PIXELS:
        raise ValueError(f"The {len(known.numbers)} frames have {pixels:,} pixels, and can have {_MOST_PIXELS:,}")
    whole = _opened(painted(known.drawing.svg, *size))
    pen = Pen(ElementTree.Element("svg"), settings.dark)
    faded = Image.blend(Image.new("RGB", size, pen.page), whole, FADED)
    letters = known.stage.size * settings.scale
    told = _opened(_sentences(known.told, size[0], letters, settings))
    palette = Image.new("P", (1, 1))
    colours = _palette((whole, faded, told), pen.playhead_colour)
    # One more, for what does not change.
    palette.putpalette(list(chain.from_iterable([*colours, *[colours[-1]] * (_COLOURS + 1 - len(colours))])))
    images = (each.quantize(palette=palette, dither=Image.Dither.NONE) for each in (whole, faded, told))
    frames = _frames(known, settings.scale, letters, *images)
    if "transparency" in options:
        frames = _changes(frames, options["transparency"])
    (first, *others), file = frames, io.BytesIO()
    first.save(file, form, save_all=True, append_images=others, duration=list(known.ms), loop=0, **options)
    return file.getvalue()


def _opened(png: bytes) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(png)).convert("RGB")


def _sentences(told: Sequence[str], width: int, letters: float, settings: Settings) -> bytes:
    """All sentences below one another, painted at once: fonts take long to be found."""
    height, left = round(LINE * letters), PADDING * letters / FONT
    root = ElementTree.Element("svg", {"xmlns": NAMESPACE, "width": str(width), "height": str(height * len(told))})
    pen = Pen(root, settings.dark)
    pen.add("rect", width="100%", height="100%", fill=pen.page)
    for line, text in enumerate(told):
        shown = fitted(text, width - 2 * left, letters, fit_sentence)
        pen.text(left, line * height + ABOVE * letters, shown, "thread", letters)
    return painted(ElementTree.tostring(root), width, height * len(told))


def _palette(images: Sequence[Image], head: str) -> list[_Colour]:
    """The colours of the frames: the playhead's, then those that are most frequent among those that look alike."""
    # Every other pixel tells enough.
    pixels = np.concatenate([np.asarray(image)[::2, ::2].reshape(-1, 3) for image in images]).astype(np.uint32)
    colours, counts = np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32), return_counts=True)
    found: dict[int, list[int]] = {}
    for colour, count in sorted(zip(colours.tolist(), counts.tolist(), strict=True), key=lambda one: -one[1]):
        alike = found.setdefault(colour & (_ALIKE << 16 | _ALIKE << 8 | _ALIKE), [colour, 0])
        alike[1] += count
    frequent = sorted(found.values(), key=lambda one: -one[1])[: _COLOURS - 1]
    return [tuple(colour.to_bytes(3, "big")) for colour in (int(head[1:], 16), *(colour for colour, _ in frequent))]


def _frames(known: Steps, scale: float, letters: float, whole: Image, faded: Image, told: Image) -> Iterator[Image]:
    from PIL import ImageDraw

    line = round(LINE * letters)
    top = round(known.stage.told[1] * scale - ABOVE * letters)
    places = [list(known.places(cover)) for cover in known.stage.covers]
    for step in range(len(known.numbers)):
        frame = whole.copy()
        frame.paste(told.crop((0, step * line, told.width, (step + 1) * line)), (0, top))
        for cover, at in zip(known.stage.covers, places, strict=True):
            left, upper, right, lower = (round(edge * scale) for edge in cover[:4])
            begin, end = (round(place * scale) for place in at[step])
            width = max(1, round(PLAYHEAD * known.stage.size / FONT * scale))
            if cover.upright:
                ahead, head = (left + end, upper, right, lower), (left + begin, upper, left + begin + width - 1, lower)
            else:
                ahead, head = (left, upper + end, right, lower), (left, upper + begin, left + width - 1, upper + end)
            if ahead[0] < ahead[2] and ahead[1] < ahead[3]:
                frame.paste(faded.crop(ahead), ahead)
            ImageDraw.Draw(frame).rectangle(head, fill=0)
        yield frame


def _changes(frames: Iterator[Image], unchanged: int) -> Iterator[Image]:
    """The frames, in that colour where they are as the one before."""
    from PIL import Image

    before: Image.Image | None = None
    for frame in frames:
        shown = frame
        if before is not None:
            shown = frame.copy()
            same = np.equal(np.asarray(before), np.asarray(frame))
            shown.paste(unchanged, mask=Image.fromarray(same))
        before = frame
        yield shown


def _format(suffix: str, form: str, **options: Any) -> Format:
    wishes = PICTURE - {"at_ns"} | {"scale", "frames", "seconds"}
    return Format(suffix, partial(animate, form=form, **options), tuple(MOVING), wishes)


FORMATS = (
    # What did not change is left out: by Pillow itself, by us, and by libwebp.
    _format(".gif", "GIF", optimize=True),
    _format(".apng", "PNG", transparency=_COLOURS, blend=1),
    _format(".webp", "WEBP", lossless=True, method=1, quality=20),
)
