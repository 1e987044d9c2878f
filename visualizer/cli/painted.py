"""Painted lines on stdout: in colour on a terminal, plain elsewhere, in ASCII if stdout supports nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from visualizer.cli.streams import on_terminal
from visualizer.paint.text.cell_width import ascii_only
from visualizer.paint.text.palette import DARK, LIGHT, Ink

if TYPE_CHECKING:
    from visualizer.paint.text.canvas import Run

#: How wide it is where stdout has no width.
IN_PIPE = 100
_NARROWEST = 40
#: The levels of each colour in xterm's cube of 256 colours.
_CUBE = (0, 95, 135, 175, 215, 255)

class WholeNumber(click.IntRange):
    """A whole number within limits; anything else is refused with a sentence that names the limits."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number: int = super().convert(value, param, ctx)
        except click.BadParameter:
            limits = f"of at least {self.min}" if self.max is None else f"from {self.min} to {self.max}"
            self.fail(f"'{value}' is not a whole number {limits}", param, ctx)
        return number


#: Options of commands that print painted lines.
width_option = click.option(
    "--width", type=WholeNumber(min=_NARROWEST), metavar="N", help="Width in columns (default: the terminal's)."
)
ascii_option = click.option(
    "--ascii", is_flag=True, help="Use only ASCII (default if stdout supports nothing else)."
)


def columns() -> int:
    """How many columns stdout has."""
    return max(_NARROWEST, shutil.get_terminal_size().columns if on_terminal() else IN_PIPE)


def echo_painted(lines: Iterable[list[Run]], ascii: bool) -> None:
    """Print each line of runs."""
    in_colour = _in_colour()
    for line in lines:
        text = _coloured(line) if in_colour else "".join(run.text for run in line).rstrip()
        click.echo(ascii_only(text) if ascii else text, color=True)


def _in_colour() -> bool:
    # https://no-color.org: any value but the empty one.
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(line: list[Run]) -> str:
    palette = LIGHT if _on_light_ground() else DARK
    return "".join(_painted(run.text, palette[run.style]) for run in line)


def _painted(text: str, ink: Ink) -> str:
    return click.style(text, fg=_colour(ink.colour), bg=ink.ground and _colour(ink.ground), bold=ink.bold or None)


def _colour(hex_colour: str) -> tuple[int, int, int] | int:
    """In 24 bits if the terminal announces that, else the nearest of xterm's colour cube (16 + 36 r + 6 g + b)."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return red, green, blue
    r, g, b = (_nearest_level(value) for value in (red, green, blue))
    return 16 + 36 * r + 6 * g + b


def _nearest_level(value: int) -> int:
    return min(range(len(_CUBE)), key=lambda level: abs(_CUBE[level] - value))


def _on_light_ground() -> bool:
    """Some terminals put the number of their background colour in COLORFGBG ("0;15"): 7 and 15 are the light ones."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
