"""What the glyphs mean."""

from __future__ import annotations

from visualizer.analysis.model import State, Timeline
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.row import Run
from visualizer.paint.text import cell_width

_GAP = "   "
#: In the order in which a track goes through them.
_WORDS = {
    State.CREATED: "created",
    State.READY: "ready, not running",
    State.RUNNING: "running",
    State.WAITING: "waiting",
    State.IDLE: "idle: polling",
    State.BLOCKED: "blocked hub",
    State.DONE: "ended",
    State.FAILED: "ended by an exception",
    State.UNKNOWN: "unknown",
}


def occurring(*timelines: Timeline) -> list[State]:
    """The states that any track was ever in, in the order of a track's life."""
    return [state for state in _WORDS if any(state in timeline.occurred for timeline in timelines)]


def meaning(state: State) -> str:
    """The state in a word or three."""
    return _WORDS[state]


def legend(*timelines: Timeline, ascii: bool = False, width: int | None = None) -> list[Run]:
    """Glyph and word of each state that occurs in the timelines, in one line.

    As many of them as `width` cells hold, if it is given, and "…" if those are not all.
    """
    more = ".." if ascii else "…"
    states = occurring(*timelines)
    runs: list[Run] = []
    taken = 0
    for number, state in enumerate(states, 1):
        glyph, word = glyphs(ascii)[state], f" {meaning(state)}"
        gap = _GAP if runs else ""
        taken += cell_width(gap + glyph + word)
        left = 0 if number == len(states) else cell_width(_GAP + more)
        if width is not None and taken + left > width:
            return [*runs, Run(gap + more, "dim")]
        runs += [Run(gap, "dim")] if gap else []
        runs += [Run(glyph, STYLE_OF[state]), Run(word, "dim")]
    return runs
