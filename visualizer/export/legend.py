"""What the bars mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from visualizer.analysis.model.timeline import FINAL, State
from visualizer.export.page import PADDING
from visualizer.export.pen import Pen, number, text_width
from visualizer.export.settings import Settings
from visualizer.paint.text.legend import in_order, meaning

#: Distance of two lines.
LINE = 36.0
_SIZE = 13.0
_SAMPLE, _GAP, _BETWEEN = 34.0, 10.0, 24.0


def legend_lines(states: Sequence[State], width: float) -> list[list[State]]:
    """In as many lines as it takes."""
    lines: list[list[State]] = [[]]
    x = 0.0
    for state in states:
        if lines[-1] and x + _needs(state) > width:
            lines.append([])
            x = 0.0
        lines[-1].append(state)
        x += _needs(state)
    return [line for line in lines if line]


def _needs(state: State) -> float:
    return _SAMPLE + _GAP + text_width(meaning(state), _SIZE, mono=False) + _BETWEEN


def draw_legend(
    pen: Pen, lines: Sequence[Sequence[State]], y: float, dashed: Mapping[State, str] = MappingProxyType({})
) -> float:
    """A sample and a word for each state; return where the page ends. `dashed`: those that are no bars, see
    `Pen.line`."""
    for line in lines:
        x: float = PADDING
        for state in line:
            if state in FINAL:
                pen.mark(x + 9, y, state)
            elif state in dashed:
                pen.line(f"M{number(x)} {number(y)}h{number(_SAMPLE)}", state, dashed[state])
            else:
                pen.bar(x, x + _SAMPLE, y, 20, state)
            pen.text(x + _SAMPLE + _GAP, y + 4.5, meaning(state), "dim", _SIZE, mono=False)
            x += _needs(state)
        y += LINE
    return y


def legend_of(settings: Settings, width: float, occurring: Collection[State]) -> list[list[State]]:
    """The lines of it on a page of that width; none if it is not wanted."""
    return legend_lines(in_order(occurring), width - 2 * PADDING) if settings.legend else []
