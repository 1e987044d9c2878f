"""`visualizer show`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.cli.painted import ascii_option, columns, echo_painted, width_option
from visualizer.cli.reading import read_trace
from visualizer.cli.streams import takes_unicode
from visualizer.paint.axis.ruler import ruler
from visualizer.paint.axis.viewport import BOTH, Axis, Viewport
from visualizer.paint.panes.sequence import sequence
from visualizer.paint.rows.order import Row, rows
from visualizer.paint.rows.panel import label_cells, panel
from visualizer.paint.text import caption
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.legend import legend

#: Without --all, at most this many rows and sentences; with more tracks, those of one function share a row.
_ROWS = 60
_SENTENCES = 40
#: A line is a list of runs.
_Line = list[Run]


@click.command("show")
@click.argument("file", metavar="FILE")
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
def command(file: str, width: int | None, axis: str | None, ascii: bool, everything: bool, as_sequence: bool) -> None:
    """Print the timeline of a trace as text.

    Prints a row for each track, by time and by switches, and a sentence for each switch. In colour on a terminal,
    unless NO_COLOR is set; plain in a pipe. `-` reads the trace from stdin.

    \b
    Examples:
      visualizer show run.trace
      visualizer show run.trace --axis switches --width 160 | less
      visualizer show run.trace --sequence
    """
    if as_sequence and axis is not None:
        raise click.UsageError("--sequence cannot be combined with --axis.")
    timeline = read_trace(file, says_remarks=True).timeline
    axes = () if as_sequence else (Axis(axis),) if axis is not None else BOTH
    _print(timeline, file, width, axes, ascii, everything)


def print_timeline(path: Path, width: int | None) -> None:
    """Print the trace at `path` as `visualizer show` does. `width` None: as wide as stdout."""
    _print(read_trace(str(path), says_remarks=True).timeline, str(path), width, BOTH, ascii=False, everything=False)


def _print(
    timeline: Timeline, file: str, width: int | None, axes: Sequence[Axis], ascii: bool, everything: bool
) -> None:
    ascii = ascii or not takes_unicode()
    echo_painted(_lines(timeline, file, width or columns(), axes, ascii, everything), ascii)


def _lines(
    timeline: Timeline, file: str, width: int, axes: Sequence[Axis], ascii: bool, everything: bool
) -> Iterator[_Line]:
    """`axes` empty: the sequence diagram."""
    yield [Run(caption.title(timeline), "thread"), Run(" · " + " · ".join(caption.facts(timeline)), "text")]
    if axes:
        yield from _rows(timeline, file, width, axes, ascii, everything)
    else:
        yield from _sequence(timeline, file, width, ascii, everything)
    exception = caption.uncaught(timeline)
    runs = [Run(exception, "error")] if exception else []
    runs += [Run(remark, "text") for remark in caption.remarks(timeline)]
    if runs:
        yield []
    for run in runs:
        yield [run]


def _sequence(timeline: Timeline, file: str, width: int, ascii: bool, everything: bool) -> Iterator[_Line]:
    count = timeline.switch_count
    listed = count if everything else min(count, _SENTENCES)
    if listed:
        yield []
    yield from sequence(timeline, range(listed), width, ascii=ascii)
    if listed < count:
        yield [Run(f"… and {count - listed} more: visualizer show --sequence --all {plain(file)}", "dim")]


def _rows(
    timeline: Timeline, file: str, width: int, axes: Sequence[Axis], ascii: bool, everything: bool
) -> Iterator[_Line]:
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
            yield [Run("Tracks with the same function share a row: --all shows each one", "dim")]
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


def _panel(timeline: Timeline, shown: Sequence[Row], axis: Axis, width: int, ascii: bool) -> Iterator[_Line]:
    left = label_cells(timeline, shown, axis.value, width)
    viewport = Viewport.fit(timeline, axis, width - left)
    yield [Run(f"{axis.value:{left}}", "dim"), *ruler(timeline, viewport, ascii=ascii)]
    yield from panel(timeline, shown, viewport, left, ascii=ascii)
