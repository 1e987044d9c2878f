"""Pictures of pixels that move: the picture is painted once, and the playhead and a sentence are laid over it."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
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
from visualizer.export.steps import ABOVE, FADED, LINE, MOVING, PLAYHEAD, Said, Steps, steps
from visualizer.export.svg import PICTURE
from visualizer.paint.text.cell_width import fit_sentence
from visualizer.paint.text.palette import STYLE_OF, mixed

if TYPE_CHECKING:
    from PIL.Image import Image

#: So many colours in all frames together: what is frequent, of those that look alike; and of how many tones the letters
#: of a sentence are.
_COLOURS, _ALIKE, _TONES = 63, 0xF8, 3
#: The colour after those, of what is as in the frame before.
_UNCHANGED = _COLOURS
#: Letters of a sentence that change stand together where there are so many pixels between them at most.
_APART = 40
#: In the head of a GIF: a palette of 64 colours for all frames; and that it begins anew at its end, for ever.
_GIF_OF_64, _FOR_EVER = 0xF5, b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
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
    # Its proportions are kept, so that it may be a pixel less.
    whole = _opened(painted(known.drawing.svg, *size))
    pen = Pen(ElementTree.Element("svg"), settings.dark)
    faded = Image.blend(Image.new("RGB", whole.size, pen.page), whole, FADED)
    letters = known.stage.size * settings.scale
    told = _opened(_sentences(known.told, size[0], letters, settings))
    styles = dict.fromkeys(said.style for said in known.told)
    first = [pen.playhead_colour, *chain.from_iterable(_tones(pen.page, pen.colour(style)) for style in styles)]
    # The colours of the states are those of the legend, also where there is little of them.
    states = [*map(pen.colour, STYLE_OF.values())]
    of_letters, of_all = _palette(first, ()), _palette([*first, *states], (whole, faded))
    whole, faded = (each.quantize(palette=of_all, dither=Image.Dither.NONE) for each in (whole, faded))
    told = told.quantize(palette=of_letters, dither=Image.Dither.NONE)
    frames = _frames(known, settings.scale, letters, whole, faded, told)
    if form != "WEBP":
        frames = _changes(frames, _lines_of(known, settings.scale, letters))
    if form == "GIF":
        return _gif(frames, known.ms, bytes(of_all.getpalette() or b""))
    (opening, *others), file = frames, io.BytesIO()
    opening.save(file, form, save_all=True, append_images=others, duration=list(known.ms), loop=0, **options)
    return file.getvalue()


def _opened(png: bytes) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(png)).convert("RGB")


def _sentences(told: Sequence[Said], width: int, letters: float, settings: Settings) -> bytes:
    """All sentences below one another, painted at once: fonts take long to be found."""
    height, left = round(LINE * letters), PADDING * letters / FONT
    root = ElementTree.Element("svg", {"xmlns": NAMESPACE, "width": str(width), "height": str(height * len(told))})
    pen = Pen(root, settings.dark)
    pen.add("rect", width="100%", height="100%", fill=pen.page)
    for line, (text, style) in enumerate(told):
        shown = fitted(text, width - 2 * left, letters, fit_sentence)
        pen.text(left, line * height + ABOVE * letters, shown, style, letters)
    return painted(ElementTree.tostring(root), width, height * len(told))


def _tones(page: str, colour: str) -> list[str]:
    """From the colour of the page to that of letters."""
    return [mixed(page, colour, tone / (_TONES - 1)) for tone in range(_TONES)]


def _palette(first: Sequence[str], images: Sequence[Image]) -> Image:
    """Those colours, and then those of the images that are most frequent among those that look alike."""
    from PIL import Image

    known = [tuple(bytes.fromhex(colour[1:])) for colour in first]
    if images:
        # Every other pixel tells enough.
        pixels = np.concatenate([np.asarray(image)[::2, ::2].reshape(-1, 3) for image in images]).astype(np.uint32)
        colours, counts = np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32), return_counts=True)
        found: dict[int, list[int]] = {}
        for colour, count in sorted(zip(colours.tolist(), counts.tolist(), strict=True), key=lambda one: -one[1]):
            alike = found.setdefault(colour & (_ALIKE << 16 | _ALIKE << 8 | _ALIKE), [colour, 0])
            alike[1] += count
        frequent = sorted(found.values(), key=lambda one: -one[1])[: _COLOURS - len(known)]
        known += [tuple(colour.to_bytes(3, "big")) for colour, _ in frequent]
    palette = Image.new("P", (1, 1))
    # One more, for what does not change.
    palette.putpalette([*chain.from_iterable(known), *known[-1] * (_COLOURS + 1 - len(known))])
    return palette


def _lines_of(known: Steps, scale: float, letters: float) -> slice:
    """The lines of pixels in which the sentence stands."""
    top = round(known.stage.told[1] * scale - ABOVE * letters)
    return slice(top, top + round(LINE * letters))


def _frames(known: Steps, scale: float, letters: float, whole: Image, faded: Image, told: Image) -> Iterator[Image]:
    from PIL import ImageDraw

    told_at = _lines_of(known, scale, letters)
    line = told_at.stop - told_at.start
    places = [list(known.places(cover)) for cover in known.stage.covers]
    for step in range(len(known.numbers)):
        frame = whole.copy()
        frame.paste(told.crop((0, step * line, told.width, (step + 1) * line)), (0, told_at.start))
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


def _changes(frames: Iterator[Image], lines: slice) -> Iterator[Image]:
    """The frames, as _UNCHANGED where they are as the one before; but where another sentence begins in these `lines`,
    all of it is written: that takes less than it and what is left of the one before, mixed."""
    from PIL import Image

    before: Image.Image | None = None
    for frame in frames:
        shown = frame
        if before is not None:
            shown = frame.copy()
            same = np.equal(np.asarray(before), np.asarray(frame))
            others = np.nonzero(~same[lines].all(axis=0))[0]
            for piece in np.split(others, np.nonzero(np.diff(others) > _APART)[0] + 1):
                same[lines, piece[:1].sum() : piece[-1:].sum() + 1] = False
            shown.paste(_UNCHANGED, mask=Image.fromarray(same))
        before = frame
        yield shown


def _gif(frames: Iterable[Image], ms: Iterable[int], palette: bytes) -> bytes:
    """The frames as a file. All have one palette, to which Pillow would compare that of each."""
    from PIL.GifImagePlugin import getdata

    written: list[bytes] = []
    for frame, shown_ms in zip(frames, ms, strict=True):
        if not written:
            size = struct.pack("<HHBBB", *frame.size, _GIF_OF_64, 0, 0)
            written = [b"GIF89a", size, palette[: 3 * 64].ljust(3 * 64, b"\0"), _FOR_EVER]
        changed = np.asarray(frame) != _UNCHANGED
        (rows, columns) = (np.nonzero(changed.any(axis=axis))[0] for axis in (1, 0))
        # A frame without any change still takes its time.
        left, right, top, bottom = (int(edges.sum()) for at in (columns, rows) for edges in (at[:1], at[-1:]))
        shown = frame.crop((left, top, right + 1, bottom + 1))
        written += getdata(shown, (left, top), duration=shown_ms, transparency=_UNCHANGED, disposal=1)
    return b"".join([*written, b";"])


def _format(suffix: str, form: str, **options: Any) -> Format:
    wishes = PICTURE - {"at_ns"} | {"scale", "frames", "seconds"}
    return Format(suffix, partial(animate, form=form, **options), tuple(MOVING), wishes)


FORMATS = (
    # What did not change is left out: by us, and by libwebp.
    _format(".gif", "GIF"),
    _format(".apng", "PNG", transparency=_UNCHANGED, blend=1),
    _format(".webp", "WEBP", lossless=True, method=1, quality=20),
)
