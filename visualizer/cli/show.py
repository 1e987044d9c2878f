"""`visualizer show`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.durations import in_seconds
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.cli.painted import IN_PIPE, ascii_option, columns, echo_painted, width_option
from visualizer.cli.parts import read_part, trace_argument
from visualizer.cli.reading import read_trace
from visualizer.cli.streams import takes_unicode
from visualizer.paint.axis.ruler import ruler
from visualizer.paint.axis.viewport import BOTH, Axis, Viewport
from visualizer.paint.comparison.figures import facts
from visualizer.paint.comparison.stretch import Stretch
from visualizer.paint.panes.sequence import sequence
from visualizer.paint.rows.order import Row, RowList, fitting, label_runs, tracks_of
from visualizer.paint.rows.panel import label_cells
from visualizer.paint.text import caption
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_only
from visualizer.paint.text.legend import legend

#: Without --all, at most this many rows and sentences; with more tracks, those of one function share a row.
_ROWS = 60
_SENTENCES = 40
#: A line is a list of runs.
_Line = list[Run]


@click.command("show")
@trace_argument
@width_option
@click.option(
    "--axis",
    type=click.Choice([axis.value for axis in Axis]),
    help="The horizontal axis: time, busy (time with idle gaps folded) or switches (all of "
    "the same width). Default: time, then switches.",
)
@ascii_option
@click.option("--all", "everything", is_flag=True, help="Show all tracks and switches.")
@click.option("--sequence", "as_sequence", is_flag=True, help="Show a sequence diagram, with an arrow for each switch.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As a block of code, to be pasted into an issue.")
def command(
    file: str,
    width: int | None,
    axis: str | None,
    ascii: bool,
    everything: bool,
    as_sequence: bool,
    as_markdown: bool,
) -> None:
    """Print the timeline of a trace as text.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin. Prints a row for each track,
    by time and by switches, and a sentence for each switch. In colour on a terminal, unless NO_COLOR is set; plain in
    a pipe.

    \b
    Examples:
      visualizer show run.trace
      visualizer show run.trace --axis switches --width 160 | less
      visualizer show run.trace@#1-#18 --sequence
      visualizer show run.trace --markdown | xclip
    """
    if as_sequence and axis is not None:
        raise click.UsageError("--sequence cannot be combined with --axis.")
    part = read_part(file, says_remarks=True).part
    axes = () if as_sequence else (Axis(axis),) if axis is not None else BOTH
    if as_markdown:
        _print_block(part, file, width or IN_PIPE, axes, ascii, everything)
    else:
        _print(part, file, width, axes, ascii, everything)


def print_timeline(path: Path, width: int | None) -> None:
    """Print the trace at `path` as `visualizer show` does. `width` None: as wide as stdout."""
    _print(read_trace(str(path), says_remarks=True).part, str(path), width, BOTH, ascii=False, everything=False)


def _print(
    part: Part, file: str, width: int | None, axes: Sequence[Axis], ascii: bool, everything: bool
) -> None:
    ascii = ascii or not takes_unicode()
    echo_painted(_lines(part, file, width or columns(), axes, ascii, everything), ascii)


def _print_block(
    part: Part, file: str, width: int, axes: Sequence[Axis], ascii: bool, everything: bool
) -> None:
    """Without colour, and as wide wherever it is run: it is read elsewhere."""
    lines = ["".join(run.text for run in line).rstrip() for line in _lines(part, file, width, axes, ascii, everything)]
    # A longer fence than any row of backticks in what it holds, which comes from the trace.
    longest = max((len(ticks) for line in lines for ticks in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    ascii = ascii or not takes_unicode()
    for line in (f"{fence}text", *lines, fence):
        click.echo(ascii_only(line) if ascii else line)


def _lines(
    part: Part, file: str, width: int, axes: Sequence[Axis], ascii: bool, everything: bool
) -> Iterator[_Line]:
    """`axes` empty: the sequence diagram."""
    timeline, (title, *known) = part.timeline, facts(part)
    yield [Run(title, "thread"), Run(" · " + " · ".join(known), "text")]
    if axes:
        yield from _rows(part, file, width, axes, ascii, everything)
    else:
        yield from _sequence(part, file, width, ascii, everything)
    exception = caption.uncaught(timeline)
    runs = [Run(exception, "error")] if exception else []
    runs += [Run(remark, "text") for remark in caption.remarks(timeline)]
    if runs:
        yield []
    for run in runs:
        yield [run]


def _sequence(part: Part, file: str, width: int, ascii: bool, everything: bool) -> Iterator[_Line]:
    listed = _listed(part, everything)
    if listed:
        yield []
    yield from sequence(part.timeline, listed, width, ascii=ascii)
    if hidden := part.stop - listed.stop:
        yield [Run(f"… and {hidden} more: visualizer show --sequence --all {plain(file)}", "dim")]


def _listed(part: Part, everything: bool) -> range:
    """The switches that have a line."""
    return range(part.first, max(part.first, part.stop if everything else min(part.stop, part.first + _SENTENCES)))


def _rows(
    part: Part, file: str, width: int, axes: Sequence[Axis], ascii: bool, everything: bool
) -> Iterator[_Line]:
    timeline = part.timeline
    shown = fitting(RowList(timeline), part.lives, len(timeline.tracks) if everything else _ROWS)
    hidden = 0 if everything else sum(len(row.members) or 1 for row in shown[_ROWS:])
    shown = shown if everything else shown[:_ROWS]
    if timeline.tracks:
        for axis in axes:
            yield []
            yield from _panel(part, shown, axis, width, ascii)
        if hidden:
            yield [Run(f"… and {hidden} more tracks: --all shows them", "dim")]
        elif any(row.group for row in shown):
            yield [Run("Tracks with the same function share a row: --all shows each one", "dim")]
        yield []
        yield legend(part.states(tracks_of(shown)), ascii=ascii)
    listed = _listed(part, everything)
    if listed:
        yield []
    for index in listed:
        yield [
            Run(f"{f'#{index + 1}':>{len(str(part.stop)) + 1}}", "ruler"),
            Run(f"  {in_seconds(timeline.switch_ns[index])}  ", "dim"),
            Run(sentence(timeline, index), "text"),
        ]
    if hidden := part.stop - listed.stop:
        yield [Run(f"… and {hidden} more: visualizer show --all {plain(file)}", "dim")]


def _panel(part: Part, shown: Sequence[Row], axis: Axis, width: int, ascii: bool) -> Iterator[_Line]:
    timeline, stretch = part.timeline, Stretch(part, float(part.start_ns), float(part.end_ns))
    left = label_cells(timeline, shown, axis.value, width)
    if part.is_whole:
        viewport = Viewport.fit(timeline, axis, width - left)
    else:
        viewport = Viewport.over(axis, stretch.begin(axis), stretch.end(axis), width - left)
    yield [Run(f"{axis.value:{left}}", "dim"), *ruler(timeline, viewport, ascii=ascii)]
    for row, runs in zip(shown, stretch.painted(shown, viewport, ascii=ascii), strict=True):
        yield [*label_runs(timeline, row, left, ascii=ascii), *runs]
