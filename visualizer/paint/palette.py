"""The one palette: what each style name looks like, and the glyph of each state.

Hues are those of Okabe and Ito's set, which stays apart for colour-blind eyes (https://jfly.uni-koeln.de/color/); on
dark ground they are lightened, on light ground darkened, until they read as text. State is never told by colour alone:
each has a glyph of its own too.
"""

from __future__ import annotations

from typing import NamedTuple

from visualizer.analysis.model import State


class Ink(NamedTuple):
    """How a style is drawn: colours as "#rrggbb"; `ground` is the colour behind, None for the ground as it is."""

    colour: str
    ground: str | None = None
    bold: bool = False


#: State -> the name of its style.
STYLE_OF = {state: state.name.lower() for state in State}

DARK: dict[str, Ink] = {
    "created": Ink("#9a9a9a"),
    "ready": Ink("#f0b429"),
    "running": Ink("#2fc98f"),
    "waiting": Ink("#5b87a6"),
    "idle": Ink("#6f7680"),
    "blocked": Ink("#ff6f91", bold=True),
    "done": Ink("#2fc98f"),
    "failed": Ink("#ff7a3d", bold=True),
    "unknown": Ink("#d79ac0"),
    "label": Ink("#9cc7e6"),
    "name": Ink("#e6e6e6"),
    "thread": Ink("#ffffff", bold=True),
    "selected": Ink("#ffffff", "#2a4a66", bold=True),
    "edge": Ink("#f0e442", bold=True),
    "dim": Ink("#7d8590"),
    "ruler": Ink("#9da7b3"),
    "gap": Ink("#56b4e9", "#17232e", bold=True),
    "span": Ink("#ffffff", "#24384a"),
    "overview": Ink("#56b4e9"),
    "playhead": Ink("#111111", "#f0e442", bold=True),
    "text": Ink("#e6e6e6"),
    "output": Ink("#d0d7de"),
    "error": Ink("#ff7a3d", bold=True),
}

LIGHT: dict[str, Ink] = {
    "created": Ink("#767676"),
    "ready": Ink("#a66a00"),
    "running": Ink("#007a59"),
    "waiting": Ink("#4f7f9f"),
    "idle": Ink("#8a8f98"),
    "blocked": Ink("#b3174b", bold=True),
    "done": Ink("#007a59"),
    "failed": Ink("#c24a00", bold=True),
    "unknown": Ink("#9c5080"),
    "label": Ink("#0b5c93"),
    "name": Ink("#24292f"),
    "thread": Ink("#000000", bold=True),
    "selected": Ink("#000000", "#cfe6f7", bold=True),
    "edge": Ink("#7a5c00", bold=True),
    "dim": Ink("#6e7781"),
    "ruler": Ink("#57606a"),
    "gap": Ink("#005a8c", "#e6f0f7", bold=True),
    "span": Ink("#000000", "#d3e6f4"),
    "overview": Ink("#0072b2"),
    "playhead": Ink("#ffffff", "#0072b2", bold=True),
    "text": Ink("#24292f"),
    "output": Ink("#24292f"),
    "error": Ink("#c24a00", bold=True),
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
    State.UNKNOWN: "?",
}


def glyphs(ascii: bool = False) -> dict[State, str]:
    """The glyph of each state."""
    return ASCII_GLYPHS if ascii else GLYPHS
