"""Every style reads on its ground, in both themes."""

from __future__ import annotations

import pytest

from visualizer.analysis.model import State
from visualizer.paint.palette import DARK, LIGHT, STYLE_OF, Ink


def _luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("palette", "ground"), [(DARK, "#1e1e1e"), (LIGHT, "#ffffff")])
def test_contrast(palette: dict[str, Ink], ground: str) -> None:
    # WCAG asks 3 : 1 of what is not text.
    assert {name for name, ink in palette.items() if contrast(ink.colour, ink.ground or ground) < 3} == set()


def test_both_themes_have_the_same_styles_and_one_for_each_state() -> None:
    assert DARK.keys() == LIGHT.keys()
    assert {STYLE_OF[state] for state in State} <= DARK.keys()
    assert len(set(STYLE_OF.values())) == len(State)
