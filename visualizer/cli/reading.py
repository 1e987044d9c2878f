"""Reading a whole trace, for the commands that print it."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import click

from visualizer.analysis.text.printable import plain
from visualizer.cli.progress import progress
from visualizer.cli.streams import fail, takes_unicode, warn
from visualizer.paint.text.cell_width import ascii_only

if TYPE_CHECKING:
    from visualizer.api.trace import Trace

#: Each write is flushed.
_LINES_AT_A_TIME = 4096


def read_trace(file: str, called: str | None = None, says_remarks: bool = False) -> Trace:
    """The trace `file` ("-": standard input); problems in reading it are reported on stderr.

    `called` names it there, if several traces are read. `says_remarks`: the caller prints the remarks of the trace
    itself; otherwise those without which its output would mislead go to stderr, too.
    Exit with one sentence if it is not a trace.
    """
    from visualizer.api.trace import TraceError, load
    from visualizer.paint.text.caption import not_recorded

    # Imported modules are no garbage; without this each collection would scan them along with the trace.
    gc.freeze()
    try:
        with progress("Reading") as advance:
            trace = load(file, advance)
    except TraceError as error:
        fail(str(error))
    misleading = [*map(plain, trace.timeline.notes), *not_recorded(trace.timeline)]
    for notice in (*trace.notices, *(() if says_remarks else misleading)):
        warn(notice if called is None else f"{called}: {notice}")
    return trace


def echo_lines(lines: Iterable[str]) -> None:
    """Print printable lines, in ASCII if stdout supports nothing else."""
    unicode, left = takes_unicode(), iter(lines)
    while batch := list(islice(left, _LINES_AT_A_TIME)):
        text = "\n".join(batch)
        # As it is: what is printable has no escape sequences to look for.
        click.echo(text if unicode else ascii_only(text), color=True)
