"""`visualizer compare`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

import click

from visualizer.analysis.report.comparison import Comparison, Part
from visualizer.analysis.text.printable import plain
from visualizer.api.trace import Trace
from visualizer.cli.completion import traces
from visualizer.cli.json_text import echo_json
from visualizer.cli.open import check
from visualizer.cli.painted import ascii_option, columns, echo_painted, width_option
from visualizer.cli.parts import part_of, split_span
from visualizer.cli.pictures import force_option, format_of, theme_option, write_picture
from visualizer.cli.reading import read_trace
from visualizer.cli.streams import fail, takes_unicode, warn
from visualizer.cli.terminal import has_screen, keys_from_terminal
from visualizer.export import FORMATS, Settings, View, exporter
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.figures import facts, figures, parting, remarks, verdict
from visualizer.paint.comparison.stacked import paint_both
from visualizer.paint.text.canvas import Run
from visualizer.session import why
from visualizer.trace.source import TraceError

_Line = list[Run]

#: Those that show two traces.
_FORMATS = [suffix for suffix, known in FORMATS.items() if View.COMPARISON in known.views]
#: Width of a picture.
_PIXELS = 1280
_NARROWEST, _WIDEST = 400, 20_000


@click.command("compare")
@click.argument("a", metavar="A", shell_complete=traces)
@click.argument("b", metavar="B", shell_complete=traces)
@click.option("-o", "--output", metavar="OUT", help=f"Draw both as a picture instead ({', '.join(_FORMATS)}).")
@theme_option
@force_option
@click.option(
    "--axis",
    type=click.Choice([axis.value for axis in Axis]),
    default=Axis.TIME.value,
    show_default=True,
    help="The horizontal axis; on switches, both start at their first switch.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with exact seconds.")
@click.option("--print", "printed", is_flag=True, help="Print even if stdout is a terminal.")
@width_option
@ascii_option
@click.option("--all", "everything", is_flag=True, help="Show all tracks.")
def command(
    a: str,
    b: str,
    output: str | None,
    theme: str,
    force: bool,
    axis: str,
    as_json: bool,
    printed: bool,
    width: int | None,
    ascii: bool,
    everything: bool,
) -> None:
    """Compare two traces by time, waits and order of switches.

    A and B are traces or parts of traces: FILE@0.5-2 is the part between two times in seconds, FILE@#3-#17 the part
    between two switches, both included (numbered as in `show` and `explain`). Either side of the - may be left out. A #
    without a number is the first or last switch, so FILE@#-# leaves out start-up and exit. A and B may be parts of the
    same trace. - reads a trace from stdin.

    On a terminal, both open one below the other, each with a playhead; the playheads move together or separately. In a
    pipe, or with --print or --json, the comparison is printed; with -o it is drawn, --width pixels wide.

    It shows the time that each took; a table of figures, each with the difference and the factor between A and B; both
    timelines on one scale; and the first switch at which the two differ. Switches are equal if tracks of the same names
    passed control for the same reason; times and values are not compared.

    \b
    Examples:
      visualizer compare before.trace after.trace
      visualizer compare before.trace after.trace --print --width 120
      visualizer compare before.trace after.trace -o slide.svg --theme dark
      visualizer compare before.trace after.trace --json | jq .figures.duration_s.factor
      visualizer record sync_vs_async -o run.trace
      visualizer compare run.trace@#1-#18 run.trace@#19-#     one after another, and all together
    """
    arguments = (a, b)
    wanted = [split_span(argument) for argument in arguments]
    draw = format_of(output, exporter, _FORMATS) if output is not None else None
    if has_screen() and not (as_json or printed or draw):
        _open((wanted[0], wanted[1]))
        return
    # Two parts of one trace share one reading: stdin could not be read twice.
    read: dict[str, Trace] = {}
    for file, _ in wanted:
        if file not in read:
            called = file if len({file for file, _ in wanted}) > 1 else None
            read[file] = read_trace(file, called, says_remarks=True)
    one, other = (part_of(read[file], span) for file, span in wanted)
    if output is not None and draw is not None:
        pixels = _PIXELS if width is None else width
        if not _NARROWEST <= pixels <= _WIDEST:
            fail(f"A picture must be {_NARROWEST} to {_WIDEST} pixels wide, not {pixels}.")
        settings = Settings(
            one.part, other.part, arguments, warn, View.COMPARISON, (Axis(axis),), theme=theme, width=pixels
        )
        write_picture(output, read, force, lambda: draw(one.timeline, settings))
        return
    found = one.compare(other)
    if as_json:
        echo_json(found)
        return
    ascii = ascii or not takes_unicode()
    echo_painted(
        _lines(found, (one.part, other.part), arguments, Axis(axis), width or columns(), ascii, everything), ascii
    )


def _open(wanted: tuple[tuple[str, str | None], tuple[str, str | None]]) -> None:
    """Show both on the terminal. Exit with one sentence if one of them is not a trace or has no such part."""
    try:
        for file, _ in wanted:
            if file != "-" and not stat.S_ISFIFO(os.stat(file).st_mode):
                check(file)
    except TraceError as error:
        fail(str(error))
    except (OSError, ValueError) as error:
        fail(f"Cannot open the trace {file!r}: {why(error)}.")
    stream = keys_from_terminal()
    if stream is None and any(file == "-" for file, _ in wanted):
        fail("`compare -` reads a trace from stdin, but stdin is a terminal or closed.")
    from visualizer.tui.app import VisualizerApp

    try:
        VisualizerApp(compared=wanted, stream=stream).run()
    except TraceError as error:
        fail(str(error))


def _lines(
    found: Comparison,
    parts: tuple[Part, Part],
    names: Sequence[str],
    axis: Axis,
    width: int,
    ascii: bool,
    everything: bool,
) -> Iterator[_Line]:
    for letter, part, name in zip("AB", parts, names, strict=True):
        yield [Run(f"{letter}  ", "edge"), Run(plain(name), "thread"), Run(" · " + " · ".join(facts(part)), "text")]
    yield []
    yield [Run(verdict(found), "thread")]
    yield []
    for line in figures(found):
        yield [Run(line, "text")]
    yield []
    yield from paint_both(*parts, width, axis=axis, ascii=ascii, everything=everything)
    yield []
    yield from parting(found)
    lines = list(remarks(parts))
    if lines:
        yield []
        yield from lines
