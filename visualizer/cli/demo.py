"""`visualizer demo`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import click

from visualizer.cli.completion import tours
from visualizer.cli.parts import is_trace, marks_of, read_part, split_span
from visualizer.cli.present import show, shown_options
from visualizer.cli.script import target_of
from visualizer.cli.streams import fail, says_to_terminal, warn
from visualizer.cli.terminal import keys_from_terminal, need_terminal
from visualizer.session import why
from visualizer.session.catalogue import scenario, scenarios

if TYPE_CHECKING:
    from visualizer.analysis.explore.marks import Mark
    from visualizer.api.trace import Trace


@click.command("demo")
@click.argument("name", metavar="NAME | SCRIPT | FILE", shell_complete=tours)
@shown_options
def command(name: str, view: str, axis: str | None, autoplay: float | None) -> None:
    """Run a bundled scenario, and present it as a guided tour.

    `visualizer list` says which scenarios have a tour. For one of your own, end lines of a script with `# visualizer:
    name: caption`: the script is run, and these are the stops. FILE is a trace with marks. Captions that hold for every
    run can stand in a file beside either, as my_script.tour. The space bar goes on, the left arrow back, q ends it, and
    ? shows all keys.

    \b
    Examples:
      visualizer demo ping_pong
      visualizer demo gevent_sleeps --autoplay 8
      visualizer demo my_script.py
    """
    known, file = scenario(name), split_span(name)[0]
    own = known is None and (is_trace(name) or os.path.isfile(name))
    beside = Path(file).with_suffix(".tour")
    stops = known.tour if known is not None else beside if own and beside.is_file() else None
    if stops is None and not own:
        those = ", ".join(one.name for one in scenarios() if one.tour is not None)
        fail(f"There is no {'tour of' if known is not None else 'scenario'} {name!r}; there are tours of {those}.")
    is_recorded = own and is_trace(name)
    need_terminal(
        f"`visualizer explain {name}` prints the sentences as text." if is_recorded
        else f"`visualizer run {name}` prints the timeline as text."
    )
    trace = read_part(name) if is_recorded else _recorded(name)
    marks = _stops(stops, name, trace) if stops is not None else marks_of(trace)
    if not marks:
        fail(
            f"There is no stop in {name!r}: end a line of the script with `# visualizer: name: caption`, or set marks "
            "in its recording (`m` and `M` in `visualizer open`)."
        )
    keys_from_terminal()
    show(trace, name if known is not None else "", marks, view, axis, autoplay)


def _stops(path: Path, name: str, trace: Trace) -> Sequence[Mark]:
    """The stops of that tour which this run has. Exit with one sentence if it cannot be read."""
    from visualizer.analysis.explore import tour

    try:
        marks, missing = tour.read(path, trace.timeline)
    except OSError as error:
        fail(f"Cannot read the tour '{path}': {why(error)}.")
    except ValueError as error:
        fail(f"The tour '{path}' cannot be understood: {error}.")
    if missing:
        warn(f"This run went another way than the tour of {name!r} has it; it leaves out: {', '.join(missing)}.")
    return marks


def _recorded(name: str) -> Trace:
    """Run it now. Exit with one sentence if nothing comes of it."""
    from visualizer.api.trace import load
    from visualizer.session.launch import start, tracer_options

    target = target_of([name], False)
    if says_to_terminal():
        click.echo(f"Running {name}…", err=True)
    with tempfile.TemporaryDirectory(prefix="visualizer-") as folder:
        path = Path(folder) / f"{Path(name).stem}.trace"
        try:
            run = start(target, path, DEVNULL, DEVNULL, DEVNULL, options=tracer_options(marks=True))
        except OSError as error:
            fail(f"Cannot start {name!r}: {why(error)}.")
        status = run.wait()
        if run.warning is not None:
            fail(run.warning)
        if status != 0:
            warn(f"{name!r} ended with exit status {status}.")
        return load(path)
