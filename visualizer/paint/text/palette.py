"""The one palette: what each style name looks like, and the glyph of each state.

Hues are near those of Okabe and Ito's set (https://jfly.uni-koeln.de/color/), lightened for dark ground and darkened
for light ground until they read as text, and so chosen that states which can be neighbours stay apart for protanopes,
deuteranopes and tritanopes. State is never shown by colour alone: each has a glyph of its own too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from visualizer.analysis.model.states import State


class Ink(NamedTuple):
    """How a style is drawn: colours as "#rrggbb"; `ground` is the colour behind, None for the ground as it is."""

    colour: str
    ground: str | None = None
    bold: bool = False


#: State -> the name of its style.
STYLE_OF = {state: state.name.lower() for state in State}
#: What is drawn in these is no text: blocks and lines.
_SHAPES = {"created", "waiting", "idle", "unknown", "overview"}

DARK: dict[str, Ink] = {
    "created": Ink("#9a9a9a"),
    "ready": Ink("#f0bc42"),
    "running": Ink("#5ed3a0"),
    "waiting": Ink("#4b91e1"),
    "idle": Ink("#747a81"),
    "blocked": Ink("#e884c0", bold=True),
    "done": Ink("#5ed3a0"),
    "failed": Ink("#f0774a", bold=True),
    "stopped": Ink("#d0d4d9"),
    "unknown": Ink("#cbb6ea"),
    "label": Ink("#9cc7e6"),
    "name": Ink("#e6e6e6"),
    "thread": Ink("#ffffff", bold=True),
    "selected": Ink("#ffffff", "#2a4a66", bold=True),
    "edge": Ink("#f0e442", bold=True),
    "dim": Ink("#949ca6"),
    "ruler": Ink("#9da7b3"),
    "gap": Ink("#56b4e9", "#17232e", bold=True),
    "span": Ink("#ffffff", "#24384a"),
    "overview": Ink("#56b4e9"),
    "playhead": Ink("#111111", "#f0e442", bold=True),
    "text": Ink("#e6e6e6"),
    "output": Ink("#d0d7de"),
    "error": Ink("#f0774a", bold=True),
}

LIGHT: dict[str, Ink] = {
    "created": Ink("#3a3c3e"),
    "ready": Ink("#7a4e00"),
    "running": Ink("#1a6342"),
    "waiting": Ink("#0f76b9"),
    "idle": Ink("#6c7176"),
    "blocked": Ink("#840a62", bold=True),
    "done": Ink("#1a6342"),
    "failed": Ink("#822900", bold=True),
    "stopped": Ink("#3a3c3e"),
    "unknown": Ink("#7d5c85"),
    "label": Ink("#0b4f80"),
    "name": Ink("#24292f"),
    "thread": Ink("#000000", bold=True),
    "selected": Ink("#000000", "#cfe6f7", bold=True),
    "edge": Ink("#5f4700", bold=True),
    "dim": Ink("#50565d"),
    "ruler": Ink("#464c54"),
    "gap": Ink("#005a8c", "#e6f0f7", bold=True),
    "span": Ink("#000000", "#d3e6f4"),
    "overview": Ink("#00609a"),
    "playhead": Ink("#111111", "#ffb000", bold=True),
    "text": Ink("#24292f"),
    "output": Ink("#24292f"),
    "error": Ink("#822900", bold=True),
}

GLYPHS = {
    State.CREATED: "·",
    State.READY: "▒",
    State.RUNNING: "█",
    State.WAITING: "┈",
    State.IDLE: "░",
    State.BLOCKED: "▚",
    State.DONE: "✓",
    State.FAILED: "✗",
    State.STOPPED: "⊘",
    State.UNKNOWN: "?",
}
ASCII_GLYPHS = {
    State.CREATED: ":",
    State.READY: "=",
    State.RUNNING: "#",
    State.WAITING: "-",
    State.IDLE: ".",
    State.BLOCKED: "!",
    State.DONE: "v",
    State.FAILED: "x",
    State.STOPPED: "/",
    State.UNKNOWN: "?",
}


def glyphs(ascii: bool = False) -> dict[State, str]:
    """The glyph of each state."""
    return ASCII_GLYPHS if ascii else GLYPHS


def least_contrast(style: str, high: bool = False) -> float:
    """The contrast with its ground that WCAG 2.1 asks of what is drawn in that style: 4.5 for text, 3 for shapes.
    `high`: 7 for text, as its level AAA has it, and 4.5 for shapes."""
    return (4.5 if high else 3.0) if style in _SHAPES else (7.0 if high else 4.5)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours ("#rrggbb"), from 1 to 21: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=1024)
def readable(colour: str, ground: str, least: float) -> str:
    """`colour`, moved towards white or black as little as it takes for that contrast with `ground`."""
    end = max("#ffffff", "#000000", key=lambda end: contrast(end, ground))
    steps = (mixed(colour, end, step / 16) for step in range(17))
    return next((mixed for mixed in steps if contrast(mixed, ground) >= least), end)


def _luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    channels = (channel / 255 for channel in _channels(colour))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def mixed(one: str, other: str, share: float) -> str:
    """The colour that is `share` of the way from one to the other ("#rrggbb")."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
