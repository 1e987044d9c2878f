"""Reading a whole trace, for the commands that print it."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from itertools import islice

import click

from visualizer.api.trace import Trace, TraceError, load
from visualizer.cli import fail, takes_unicode, warn
from visualizer.cli.progress import progress
from visualizer.paint.text.cell_width import ascii_only

#: Each write is flushed.
_LINES_AT_A_TIME = 4096


def read_trace(file: str, called: str | None = None) -> Trace:
    """The trace `file` ("-": standard input); problems in reading it are reported on stderr.

    `called` names it there, if several traces are read. Exit with one sentence if it is not a trace.
    """
    # Imported modules are no garbage; without this each collection would scan them along with the trace.
    gc.freeze()
    try:
        with progress("Reading") as advance:
            trace = load(file, advance)
    except TraceError as error:
        fail(str(error))
    for notice in trace.notices:
        warn(notice if called is None else f"{called}: {notice}")
    return trace


def echo_lines(lines: Iterable[str]) -> None:
    """Print printable lines, in ASCII if stdout supports nothing else."""
    unicode, left = takes_unicode(), iter(lines)
    while batch := "".join(f"{line if unicode else ascii_only(line)}\n" for line in islice(left, _LINES_AT_A_TIME)):
        click.echo(batch, nl=False)
