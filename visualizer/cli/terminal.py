"""The terminal that a TUI needs, for its keys too when stdin is something else."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import click

from visualizer.cli.streams import fail, on_terminal

big_option = click.option(
    "--big", is_flag=True, help="For a projector: high contrast, and the timeline at full size (0 shows the rest)."
)


def has_screen() -> bool:
    """Whether a TUI can be shown: stdout is a terminal, or Textual was given another screen, such as a browser."""
    return on_terminal() or _has_driver()


def _has_driver() -> bool:
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def need_terminal(instead: str) -> None:
    """Exit with one sentence if no TUI can be shown; `instead` names an alternative."""
    if not has_screen():
        fail(f"The TUI needs a terminal on stdout; {instead}")


def keys_from_terminal() -> BinaryIO | None:
    """Make file descriptor 0 a terminal, unless keys come from elsewhere. Return what it was before, unbuffered, if it
    was not one.

    Exit with one sentence if there is no terminal.
    """
    if _has_driver() or (sys.stdin is not None and sys.stdin.isatty()):
        return None
    # None where the shell closed it (`<&-`).
    before = os.fdopen(os.dup(0), "rb", buffering=0) if sys.stdin is not None else None
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        fail("There is no terminal to read keys from.")
    if terminal != 0:
        os.dup2(terminal, 0)
        os.close(terminal)
    # What Textual reads its keys from.
    sys.stdin = sys.__stdin__ = os.fdopen(0, "r", closefd=False)  # type: ignore[misc]
    return before
