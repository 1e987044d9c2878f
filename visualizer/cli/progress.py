"""The progress of a command, as a bar on stderr if that is a terminal and the command takes long."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import click

from visualizer.cli.streams import says_to_terminal

#: Who is done within this time shows no bar.
PATIENCE_S = 1.0
#: The bar is drawn anew this often.
_PAUSE_S = 0.1
#: A command is imported when it begins.
_BEGAN_S = time.monotonic()
#: To the beginning of the line, which is emptied, and the cursor that the bar has hidden is shown.
_WIPE = "\r\033[K\033[?25h"

#: Takes how much is done by now, and of how much.
Advance = Callable[[int, int], None]


@contextmanager
def progress(label: str, wanted: bool = True) -> Iterator[Advance]:
    """A function to call with the progress; the bar is removed at the end."""
    if not wanted or not says_to_terminal():
        yield lambda done, of: None
        return
    bar = click.progressbar(length=1, label=label, file=sys.stderr)
    shown_s = 0.0

    def advance(done: int, of: int) -> None:
        nonlocal shown_s
        now_s = time.monotonic()
        if of > 0 and now_s - _BEGAN_S >= PATIENCE_S and now_s - shown_s >= _PAUSE_S:
            shown_s = now_s
            bar.length = of
            bar.update(done - bar.pos)

    try:
        yield advance
    finally:
        if shown_s:
            click.echo(_WIPE, nl=False, err=True, color=True)


def writing() -> AbstractContextManager[Advance]:
    """The same for printing to a file. On a terminal or in a pager, lines and bar would mix."""
    try:
        to_file = stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        to_file = False
    return progress("Writing", to_file)
