"""`visualizer show`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from visualizer.analysis.crowds import Crowd
from visualizer.analysis.model import Timeline
from visualizer.analysis.plain import plain
from visualizer.analysis.sentences import sentence
from visualizer.cli import on_terminal, takes_unicode
from visualizer.cli.numbers import WholeNumber
from visualizer.cli.reading import read_timeline
from visualizer.paint import caption
from visualizer.paint.group import paint_group
from visualizer.paint.legend import legend
from visualizer.paint.palette import DARK, LIGHT, Ink
from visualizer.paint.row import Run, paint_row
from visualizer.paint.rows import Row, label_runs, row_name, rows
from visualizer.paint.ruler import ruler
from visualizer.paint.text import ascii_only, cell_width
from visualizer.paint.viewport import Axis, Viewport

#: Where stdout has no width of its own.
_WIDTH_IN_PIPE = 100
_NARROWEST = 40
#: Without --all, so many rows and sentences; where there are more tracks, those of a kind share a row.
_ROWS = 60
_SENTENCES = 40
#: The levels of each colour in xterm's cube of 256 colours.
_CUBE = (0, 95, 135, 175, 215, 255)
#: A line is a list of runs.
_Line = list[Run]


@click.command("show")
@click.argument("file", metavar="FILE")
@click.option("--width", type=WholeNumber(min=_NARROWEST), metavar="N", help="Columns; the terminal's by default.")
@click.option(
    "--axis",
    type=click.Choice([axis.value for axis in Axis]),
    help="What runs along the rows: time, or switches, each of the same width. Both, one below the other, by default.",
)
@click.option("--ascii", is_flag=True, help="Only ASCII; the default where stdout cannot take anything else.")
@click.option("--all", "everything", is_flag=True, help="Each track and each switch, however many.")
def command(file: str, width: int | None, axis: str | None, ascii: bool, everything: bool) -> None:
    """Print the timeline of a trace as text.

    A row for each track, along the time and along the switches, and a sentence for each switch. In colour on a
    terminal, unless NO_COLOR is set; plain in a pipe. `-` reads the trace from stdin.

    \b
    Examples:
      visualizer show run.trace
      visualizer show run.trace --axis switches --width 160 | less
    """
    timeline = read_timeline(file)
    axes = [Axis(axis)] if axis is not None else list(Axis)
    _print(timeline, file, width, axes, ascii, everything)


def print_timeline(path: Path, width: int | None) -> None:
    """Print the trace at `path` as `visualizer show` does; None: the width that stdout has."""
    _print(read_timeline(str(path)), str(path), width, list(Axis), ascii=False, everything=False)


def _print(timeline: Timeline, file: str, width: int | None, axes: list[Axis], ascii: bool, everything: bool) -> None:
    ascii = ascii or not takes_unicode()
    if width is None:
        columns = shutil.get_terminal_size().columns if on_terminal() else _WIDTH_IN_PIPE
        width = max(_NARROWEST, columns)
    for line in _lines(timeline, file, width, axes, ascii, everything):
        text = _coloured(line) if _in_colour() else "".join(run.text for run in line).rstrip()
        click.echo(ascii_only(text) if ascii else text, color=True)


def _lines(
    timeline: Timeline, file: str, width: int, axes: list[Axis], ascii: bool, everything: bool
) -> Iterator[_Line]:
    yield [Run(caption.title(timeline), "thread"), Run(" · " + " · ".join(caption.facts(timeline)), "text")]
    shown = rows(timeline)
    if len(shown) > _ROWS and not everything:
        shown = rows(timeline, folded=None, grouped=True)
    hidden = 0 if everything else sum(len(row.members) or 1 for row in shown[_ROWS:])
    shown = shown if everything else shown[:_ROWS]
    if timeline.tracks:
        for axis in axes:
            yield []
            yield from _panel(timeline, shown, axis, width, ascii)
        if hidden:
            yield [Run(f"… and {hidden} more tracks: --all shows them", "dim")]
        elif any(row.group for row in shown):
            yield [Run("Tracks of a kind share a row: --all shows each of them", "dim")]
        yield []
        yield legend(timeline, ascii=ascii)
    count = timeline.switch_count
    listed = count if everything else min(count, _SENTENCES)
    if listed:
        yield []
    for index in range(listed):
        yield [
            Run(f"{f'#{index + 1}':>{len(str(count)) + 1}}", "ruler"),
            Run(f"  {timeline.switch_ns[index] / 1e9:.6f} s  ", "dim"),
            Run(sentence(timeline, index), "text"),
        ]
    if listed < count:
        yield [Run(f"… and {count - listed} more: visualizer show --all {plain(file)}", "dim")]
    exception = caption.uncaught(timeline)
    told = [Run(exception, "error")] if exception else []
    told += [Run(remark, "text") for remark in caption.remarks(timeline)]
    if told:
        yield []
    for run in told:
        yield [run]


def _panel(timeline: Timeline, shown: Iterable[Row], axis: Axis, width: int, ascii: bool) -> Iterator[_Line]:
    names = [cell_width(row_name(timeline, row)) + 2 * row.depth + 3 for row in shown]
    left = min(max([*names, len(axis.value) + 1]), width // 3)
    viewport = Viewport.fit(timeline, axis, width - left)
    yield [Run(f"{axis.value:{left}}", "dim"), *ruler(timeline, viewport, ascii=ascii)]
    for row in shown:
        label = label_runs(timeline, row, left, ascii=ascii)
        if row.group is None:
            yield [*label, *paint_row(timeline, row.track, viewport, ascii=ascii)]
        else:
            crowd = Crowd(timeline)
            crowd.follow(row.members)
            yield [*label, *paint_group(timeline, crowd, viewport, ascii=ascii)]


def _in_colour() -> bool:
    # https://no-color.org: any value but the empty one.
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(line: _Line) -> str:
    palette = LIGHT if _on_light_ground() else DARK
    return "".join(_painted(run.text, palette[run.style]) for run in line)


def _painted(text: str, ink: Ink) -> str:
    return click.style(text, fg=_colour(ink.colour), bg=ink.ground and _colour(ink.ground), bold=ink.bold or None)


def _colour(hex_colour: str) -> tuple[int, int, int] | int:
    """In 24 bits where the terminal says that it can, else the nearest of xterm's colour cube (16 + 36 r + 6 g + b)."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return red, green, blue
    r, g, b = (_nearest_level(value) for value in (red, green, blue))
    return 16 + 36 * r + 6 * g + b


def _nearest_level(value: int) -> int:
    return min(range(len(_CUBE)), key=lambda level: abs(_CUBE[level] - value))


def _on_light_ground() -> bool:
    """Some terminals tell the number of their ground colour in COLORFGBG ("0;15"): 7 and 15 are the light ones."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
