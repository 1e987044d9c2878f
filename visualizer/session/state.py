"""The folder in which the visualizer remembers things from one time to the next."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from platformdirs import user_state_path

#: Names another place for the visualizer's state than the platform's.
STATE_DIR = "VISUALIZER_STATE_DIR"


def folder() -> Path:
    """The folder, which may not exist yet."""
    chosen = os.environ.get(STATE_DIR)
    return Path(chosen) if chosen else user_state_path("visualizer")


def write_down(name: str, text: str | bytes) -> None:
    """Have the file `name` of the folder hold that text. If it cannot be written, it is forgotten."""
    path = folder() / name
    content = text.encode() if isinstance(text, str) else text
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed, so that another visualizer never reads half of it.
        fresh = path.with_name(f"{name}.{os.getpid()}")
        fresh.write_bytes(content)
        fresh.replace(path)
