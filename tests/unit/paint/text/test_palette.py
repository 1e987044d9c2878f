"""Every style reads on its ground, in both themes, and no state is taken for another by colour-blind eyes."""

from __future__ import annotations

from math import dist

import pytest

from visualizer.analysis.model.timeline import State
from visualizer.paint.text.palette import (
    ASCII_GLYPHS,
    DARK,
    GLYPHS,
    LIGHT,
    STYLE_OF,
    Ink,
    contrast,
    least_contrast,
    readable,
)

#: Background, surface and panel of textual-dark and textual-light; and the paper of a drawing.
DARK_GROUNDS = ("#121212", "#1e1e1e", "#242f38")
LIGHT_GROUNDS = ("#e0e0e0", "#d8d8d8", "#d0d0d0", "#ffffff")

#: What dichromats see, for linear RGB: Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for
#: Simulation of Color Vision Deficiency", severity 1.0.
SEEN = {
    "all": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
#: States that stand side by side in a row, or in the same column of a hub and of who keeps it from running.
NEIGHBOURS = [
    (State.READY, (State.RUNNING, State.WAITING, State.CREATED, State.UNKNOWN, State.BLOCKED)),
    (State.RUNNING, (
        State.WAITING, State.IDLE, State.BLOCKED, State.CREATED, State.UNKNOWN, State.FAILED, State.STOPPED,
    )),
    (State.WAITING, (
        State.IDLE, State.BLOCKED, State.CREATED, State.UNKNOWN, State.FAILED, State.DONE, State.STOPPED,
    )),
    (State.IDLE, (State.BLOCKED,)),
]


def _linear(colour: str) -> list[float]:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def _lab(linear: list[float]) -> tuple[float, float, float]:
    """CIE 1976 L*a*b* of linear sRGB, white point D65: IEC 61966-2-1 and CIE 15."""
    red, green, blue = linear
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (c ** (1 / 3) if c > 216 / 24389 else (24389 / 27 * c + 16) / 116 for c in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _seen(colour: str, by: str) -> tuple[float, float, float]:
    linear = _linear(colour)
    return _lab([min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in SEEN[by]])


def test_the_simulation_is_the_known_one() -> None:
    assert _lab(_linear("#ff0000")) == pytest.approx((53.24, 80.09, 67.20), abs=0.02)
    red, green = "#c80000", "#6b6b00"
    assert dist(_seen(red, "all"), _seen(green, "all")) > 60
    assert dist(_seen(red, "deuteranopia"), _seen(green, "deuteranopia")) < 15


@pytest.mark.parametrize(("palette", "grounds"), [(DARK, DARK_GROUNDS), (LIGHT, LIGHT_GROUNDS)])
def test_contrast(palette: dict[str, Ink], grounds: tuple[str, ...]) -> None:
    poor = {
        (name, ground): round(contrast(ink.colour, ink.ground or ground), 2)
        for name, ink in palette.items()
        for ground in grounds
        if contrast(ink.colour, ink.ground or ground) < least_contrast(name)
    }
    assert poor == {}


@pytest.mark.parametrize("by", SEEN)
@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_states_that_can_be_neighbours_stay_apart(palette: dict[str, Ink], by: str) -> None:
    near = {}
    for state, others in NEIGHBOURS:
        for other in others:
            there = dist(*(_seen(palette[STYLE_OF[one]].colour, by) for one in (state, other)))
            if there < 15:
                near[state.name, other.name] = round(there, 1)
    assert near == {}, "about 2.3 is a just noticeable difference"


@pytest.mark.parametrize("ground", ["#000000", "#303446", "#586e75", "#808080", "#b0b0b0", "#fdf6e3", "#ffffff"])
@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#5ed3a0", "#808080"])
def test_what_is_not_readable_is_made_so(colour: str, ground: str) -> None:
    made = readable(colour, ground, 4.5)
    assert contrast(made, ground) >= 4.5
    assert (made == colour) == (contrast(colour, ground) >= 4.5), "and what is, is left alone"


def test_both_themes_have_the_same_styles_and_one_for_each_state() -> None:
    assert DARK.keys() == LIGHT.keys()
    assert {STYLE_OF[state] for state in State} <= DARK.keys()
    assert len(set(STYLE_OF.values())) == len(State)


def test_no_two_states_share_a_glyph() -> None:
    for glyphs in (GLYPHS, ASCII_GLYPHS):
        assert len(set(glyphs.values())) == len(glyphs) == len(State)
    assert "".join(ASCII_GLYPHS.values()).isascii()
