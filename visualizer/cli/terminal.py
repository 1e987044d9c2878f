"""Reading keys from the terminal when stdin is something else."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from visualizer.cli import fail, on_terminal


def need_terminal(instead: str) -> None:
    """Exit with one sentence if stdout is not a terminal for a TUI; `instead` names an alternative."""
    if not on_terminal():
        fail(f"The TUI needs a terminal on stdout; {instead}")


def keys_from_terminal() -> BinaryIO | None:
    """Make file descriptor 0 a terminal. Return what it was before, unbuffered, if it was not one.

    Exit with one sentence if there is no terminal.
    """
    if sys.stdin is not None and sys.stdin.isatty():
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
