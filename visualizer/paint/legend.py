"""What the glyphs mean."""

from __future__ import annotations

from visualizer.analysis.model import State, Timeline
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.row import Run

#: In the order in which a track goes through them.
_WORDS = {
    State.CREATED: "created",
    State.READY: "ready, not running",
    State.RUNNING: "running",
    State.WAITING: "waiting",
    State.IDLE: "idle: polling",
    State.DONE: "ended",
    State.FAILED: "ended by an exception",
    State.UNKNOWN: "unknown",
}


def occurring(timeline: Timeline) -> list[State]:
    """The states that any track was ever in, in the order of a track's life."""
    seen = [track.slices.state.tobytes() for track in timeline.tracks.values()]
    return [state for state in _WORDS if any(state in states for states in seen)]


def meaning(state: State) -> str:
    """The state in a word or three."""
    return _WORDS[state]


def legend(timeline: Timeline, *, ascii: bool = False) -> list[Run]:
    """Glyph and word of each state that occurs in the timeline, in one line."""
    runs: list[Run] = []
    for state in occurring(timeline):
        if runs:
            runs.append(Run("   ", "dim"))
        runs += [Run(glyphs(ascii)[state], STYLE_OF[state]), Run(f" {meaning(state)}", "dim")]
    return runs
