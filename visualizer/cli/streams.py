"""stdout and stderr: what they can take, and the one sentence in which something is wrong."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from visualizer.analysis.text.printable import plain

#: Exit status for wrong usage or input.
USAGE = 2


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    # None where the shell closed it (`>&-`).
    return sys.stdout is not None and sys.stdout.isatty()


def says_to_terminal() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def takes_unicode() -> bool:
    """Whether stdout can encode the characters used here."""
    try:
        "█▏┈✓→µ".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def warn(sentence: str) -> None:
    """Print one sentence on stderr."""
    click.echo(f"visualizer: {plain(sentence)}", err=True)


def fail(sentence: str) -> NoReturn:
    """Print one sentence on stderr and exit with 2."""
    warn(sentence)
    sys.exit(USAGE)


def silence_stdout() -> None:
    """Discard what is still to be printed, so that it does not fail again when the interpreter exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
