"""`visualizer present`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from visualizer.cli.parts import labels_of, labels_option, marks_of, read_part, trace_argument
from visualizer.cli.streams import fail
from visualizer.cli.terminal import keys_from_terminal, need_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from visualizer.analysis.explore.marks import Mark
    from visualizer.api.trace import Trace

_OPTIONS = (
    click.option(
        "--view",
        type=click.Choice(["timeline", "sequence"]),
        default="timeline",
        show_default=True,
        help="What is shown.",
    ),
    click.option(
        "--axis",
        type=click.Choice(["time", "switches", "busy"]),
        help="The horizontal axis: time, every switch at the same width, or time without idle gaps (default: switches "
        "where all of them lie within a tenth of a second, else time).",
    ),
    click.option(
        "--autoplay",
        type=click.FloatRange(0.1, 3600),
        metavar="SECONDS",
        help="Go on by itself, every so many seconds.",
    ),
)


def shown_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of whatever is presented: the parameters `view`, `axis` and `autoplay`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("present")
@trace_argument
@shown_options
@click.option("--title", default="", metavar="TEXT", help="Title (default: what was run).")
@labels_option
def command(
    file: str, title: str, labels: tuple[str, ...], view: str, axis: str | None, autoplay: float | None
) -> None:
    """Present a trace on the whole screen, step by step.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin, while keys still come from the
    terminal. The space bar goes to the next mark of FILE (set with `m` and named with `M` in `visualizer open`, kept in
    FILE.marks), or to the next switch where there are none; the left arrow goes back, a digit to that mark, b blanks
    the screen, q ends it, and ? shows all keys.

    \b
    Examples:
      visualizer present run.trace
      visualizer present run.trace@#1-#18 --view sequence
      visualizer present run.trace --autoplay 3
    """
    need_terminal(f"`visualizer explain {file}` prints the sentences as text.")
    trace = read_part(file)
    marks = marks_of(trace)
    try:
        trace.timeline.call(labels_of(labels))
    except ValueError as error:
        fail(str(error))
    keys_from_terminal()
    show(trace, title, marks, view, axis, autoplay)


def show(
    trace: Trace, title: str, marks: Sequence[Mark], view: str, axis: str | None, autoplay: float | None
) -> None:
    """Present the trace. Return when the user quits."""
    from visualizer.paint.axis.viewport import Axis
    from visualizer.tui.app import VisualizerApp
    from visualizer.tui.state.talk import Talk

    where = Axis(axis) if axis is not None else None
    talk = Talk(trace.part, title, tuple(marks), where, view == "sequence", autoplay or 0.0)
    VisualizerApp(talk=talk).run()
