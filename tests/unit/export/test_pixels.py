"""Pictures of pixels, looked at by Pillow."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.analysis.tape import sleeps
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.export import FORMATS, Settings, View, png

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return load(str(GOLDEN / "gevent_sleeps.trace"))[0]


def image(timeline: Timeline, settings: Settings) -> Image.Image:
    return Image.open(io.BytesIO(FORMATS[".png"](timeline, settings))).convert("RGB")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", [View.TIMELINE, View.SEQUENCE])
def test_a_picture_is_drawn_to_its_edges(timeline: Timeline, view: View, theme: str) -> None:
    ground, running = {"light": ("#ffffff", "#1a6342"), "dark": ("#0f141b", "#5ed3a0")}[theme]
    shown = image(timeline, Settings(view=view, theme=theme, height=720, scale=0.5))
    assert shown.size == (640, 360)
    pixels = np.asarray(shown).astype(int)
    known = {tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5)) for colour in (ground, running)}
    assert known <= {tuple(pixel) for pixel in pixels.reshape(-1, 3).tolist()}
    rows, columns = (np.abs(pixels - pixels[0, 0]).sum(axis=2) > 150).nonzero()
    left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
    assert left < 40
    assert top < 40
    assert right > 560
    assert bottom > 300


def test_without_the_library_or_a_font_or_with_too_many_pixels_a_sentence_says_so(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="A picture of 128000 by 60640 pixels is too large"):
        FORMATS[".png"](sleeps().timeline(), Settings(width=12_800, height=6_064, scale=10))
    monkeypatch.setattr(png, "_has_font", lambda: False)
    with pytest.raises(ValueError, match="No font was found"):
        FORMATS[".png"](timeline, Settings())
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match=r"install it with: pip install 'visualizer\[talks\]'"):
        FORMATS[".png"](timeline, Settings())
