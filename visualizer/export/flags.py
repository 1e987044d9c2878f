"""Marks over an axis: a flag with the name of each, and a pole down to the rows; what is said there is its tooltip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.text.printable import plain
from visualizer.export.pen import Pen, fitted, number, text_width

#: Height of a line of flags, and of a flag; how many lines there are at most.
FLAG, _HIGH, LINES = 21.0, 17.0, 3
_SIZE = 11.5
_WIDEST, _BETWEEN = 240.0, 4.0
#: One for whose name there is no room.
_BARE = 9.0


class Flag(NamedTuple):
    """`x`: of the pole; `left` and `width` of the flag; `line`: from 0, the lowest; `name`: as much as is shown."""

    x: float
    left: float
    width: float
    line: int
    name: str
    mark: Mark


def placed(marks: Sequence[tuple[float, Mark]], right: float) -> list[Flag]:
    """A flag for each of the marks, which are in order, none over another; they end at `right`.

    A flag flies to the right of its pole, and stands higher than those behind it that it would cover: so no pole
    goes through a name. Where there is no line for it, it has no name.
    """
    found: list[Flag] = []
    taken = [right] * LINES
    for x, mark in reversed(marks):
        name = fitted(plain(mark.name), _WIDEST, _SIZE)
        width = flag_width(name)
        left = min(x, right - width)
        line = next((line for line in range(LINES) if left + width <= taken[line]), LINES)
        if line == LINES:
            left, width, line, name = x, _BARE, LINES - 1, ""
        taken[line] = min(taken[line], left - _BETWEEN)
        found.append(Flag(x, left, width, line, name, mark))
    return found[::-1]


def stacked(flags: Iterable[Flag]) -> int:
    """How many lines of them there are."""
    return max((flag.line + 1 for flag in flags), default=0)


def draw_flags(pen: Pen, flags: Sequence[Flag], top: float, bottom: float) -> None:
    """Draw them from `top` on, their poles down to `bottom`."""
    lines, colour = stacked(flags), pen.colour("gap")
    tops = [top + FLAG * (lines - 1 - flag.line) for flag in flags]
    for flag, upper in zip(flags, tops, strict=True):
        pen.add(
            "path", d=f"M{number(flag.x)} {number(upper)}V{number(bottom)}", stroke=colour, stroke_width=1.4,
            stroke_dasharray="2 3",
        )
    for flag, upper in zip(flags, tops, strict=True):
        draw_flag(pen, flag.left, upper, flag.width, flag.name, flag.mark.told)


def draw_flag(pen: Pen, left: float, top: float, width: float, name: str, told: str) -> None:
    """One, without its pole."""
    group = pen.within("g")
    group.tooltip(group.root, told)
    group.add("rect", x=left, y=top, width=width, height=_HIGH, rx=3, fill=pen.colour("gap"))
    group.text(left + 5, top + 12.5, name, "gap", _SIZE, bold=True, colour=pen.page)


def flag_width(name: str) -> float:
    """How wide a flag with that name is."""
    return text_width(name, _SIZE) + 10
