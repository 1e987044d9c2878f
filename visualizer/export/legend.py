"""What the bars mean."""

from __future__ import annotations

from collections.abc import Sequence

from visualizer.analysis.model.timeline import FINAL, State
from visualizer.export.page import PADDING
from visualizer.export.panel import ROW
from visualizer.export.pen import Pen, text_width
from visualizer.export.settings import Settings
from visualizer.paint.text.legend import meaning


def draw_legend(pen: Pen, states: Sequence[State], settings: Settings, y: float) -> float:
    """A sample and a word for each state, in as many lines as it takes, if wanted; return where the page ends."""
    if not settings.legend:
        return y
    x: float = PADDING
    for state in states:
        needs = 44 + text_width(meaning(state), 13, mono=False) + 24
        if x > PADDING and x + needs > settings.width - PADDING:
            x, y = PADDING, y + ROW
        if state in FINAL:
            pen.mark(x + 9, y, state)
        else:
            pen.bar(x, x + 34, y, 20, state)
        pen.text(x + 44, y + 4.5, meaning(state), "dim", 13, mono=False)
        x += needs
    return y + PADDING
