"""`visualizer demo`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import click

from visualizer.cli.completion import tours
from visualizer.cli.present import show, shown_options
from visualizer.cli.streams import fail, says_to_terminal, warn
from visualizer.cli.terminal import keys_from_terminal, need_terminal
from visualizer.session import why
from visualizer.session.catalogue import Scenario, scenario, scenarios

if TYPE_CHECKING:
    from visualizer.api.trace import Trace


@click.command("demo")
@click.argument("name", shell_complete=tours)
@shown_options
def command(name: str, view: str, axis: str | None, autoplay: float | None) -> None:
    """Run a bundled scenario, and present it as a guided tour.

    `visualizer list` says which scenarios have a tour. The space bar goes on, the left arrow back, q ends it, and ?
    shows all keys.

    \b
    Examples:
      visualizer demo ping_pong
      visualizer demo gevent_sleeps --autoplay 8
    """
    known = scenario(name)
    if known is None or known.tour is None:
        those = ", ".join(one.name for one in scenarios() if one.tour is not None)
        fail(f"There is no {'tour of' if known is not None else 'scenario'} {name!r}; there are tours of {those}.")
    need_terminal(f"`visualizer run {name}` prints the timeline as text.")
    from visualizer.analysis.explore import tour

    trace = _recorded(known)
    marks, missing = tour.read(known.tour, trace.timeline)
    if missing:
        warn(f"This run went another way than the tour of {name!r} has it; it leaves out: {', '.join(missing)}.")
    keys_from_terminal()
    show(trace, name, marks, view, axis, autoplay)


def _recorded(wanted: Scenario) -> Trace:
    """Run it now. Exit with one sentence if nothing comes of it."""
    from visualizer.api.trace import load
    from visualizer.session.launch import start
    from visualizer.session.target import resolve

    if says_to_terminal():
        click.echo(f"Running {wanted.name}…", err=True)
    with tempfile.TemporaryDirectory(prefix="visualizer-") as folder:
        path = Path(folder) / f"{wanted.name}.trace"
        try:
            run = start(resolve([wanted.name], False), path, DEVNULL, DEVNULL, DEVNULL)
        except OSError as error:
            fail(f"Cannot start {wanted.name!r}: {why(error)}.")
        status = run.wait()
        if run.warning is not None:
            fail(run.warning)
        if status != 0:
            warn(f"{wanted.name!r} ended with exit status {status}.")
        return load(path)
