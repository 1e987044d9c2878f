"""What the glyphs mean."""

from __future__ import annotations

from collections.abc import Collection

from visualizer.analysis.model.timeline import State
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width
from visualizer.paint.text.palette import STYLE_OF, glyphs

_GAP = "   "
#: In the order in which a track goes through them.
_WORDS = {
    State.CREATED: "created",
    State.READY: "ready, not running",
    State.RUNNING: "running",
    State.WAITING: "waiting",
    State.IDLE: "idle (polling or in a call)",
    State.BLOCKED: "blocked hub",
    State.DONE: "ended",
    State.FAILED: "ended by an exception",
    State.STOPPED: "cancelled or killed",
    State.UNKNOWN: "unknown",
}
#: Where there is no room for more.
_SHORT = {
    State.READY: "ready", State.IDLE: "idle", State.BLOCKED: "blocked", State.FAILED: "failed",
    State.STOPPED: "stopped",
}
#: Left out first if not even those fit.
_LEAST_FIRST = (
    State.CREATED,
    State.UNKNOWN,
    State.IDLE,
    State.DONE,
    State.STOPPED,
    State.READY,
    State.WAITING,
    State.RUNNING,
    State.BLOCKED,
    State.FAILED,
)


def in_order(states: Collection[State]) -> list[State]:
    """States in the order of a track's life."""
    return [state for state in _WORDS if state in states]


def meaning(state: State) -> str:
    """The state in a word or three."""
    return _WORDS[state]


def legend(occurring: Collection[State], *, ascii: bool = False, width: int | None = None) -> list[Run]:
    """Glyph and word of each state that occurs, in one line.

    Where `width` is given and they are wider, the words are shorter; where that does not do, what matters least is left
    out, and "…" at the end says so.
    """
    states = in_order(occurring)
    runs = _entries(states, _WORDS, ascii)
    if width is None or _cells(runs) <= width:
        return runs
    runs, more = _entries(states, _WORDS | _SHORT, ascii), ".." if ascii else "…"
    while states and _cells(runs) > width:
        states.remove(min(states, key=_LEAST_FIRST.index))
        runs = [*_entries(states, _WORDS | _SHORT, ascii), Run(_GAP + more if states else more, "dim")]
    return runs


def _entries(states: list[State], meanings: dict[State, str], ascii: bool) -> list[Run]:
    runs: list[Run] = []
    for state in states:
        runs += [Run(_GAP, "dim")] if runs else []
        runs += [Run(glyphs(ascii)[state], STYLE_OF[state]), Run(f" {meanings[state]}", "dim")]
    return runs


def _cells(runs: list[Run]) -> int:
    return sum(cell_width(run.text) for run in runs)
