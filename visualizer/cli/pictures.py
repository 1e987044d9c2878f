"""Writing a picture: the format that its name selects, and which files are not overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import click

from visualizer.cli.streams import fail

T = TypeVar("T")

theme_option = click.option(
    "--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Background."
)
force_option = click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")


def format_of(output: str, find: Callable[[str], T | None], suffixes: Iterable[str]) -> T:
    """What `find` returns for the suffix of that name. Exit with one sentence if there is nothing, or it fails."""
    try:
        known = find(Path(output).suffix.lower())
    except (ImportError, AttributeError) as error:
        fail(f"Cannot write {output!r}: the exporter for such files cannot be loaded: {error}.")
    if known is None:
        *others, last = suffixes
        either = f"{', '.join(others)} or {last}" if others else last
        fail(f"Unknown format {output!r}: the name must end in {either}.")
    return known


def write_picture(output: str, traces: Iterable[str], force: bool, draw: Callable[[], bytes]) -> None:
    """Write what `draw` returns. Exit with one sentence if that fails, or would overwrite a file without --force."""
    path = Path(output)
    try:
        if path.is_dir():
            fail(f"{output!r} is a directory; give the name of a file.")
        if path.exists():
            if any(file != "-" and Path(file).exists() and path.samefile(file) for file in traces):
                fail(f"{output!r} is the trace itself.")
            if not force:
                fail(f"{output!r} exists already; --force overwrites it.")
        picture = draw()
        with path.open("wb" if force else "xb") as out:
            out.write(picture)
    except (OSError, ValueError, ImportError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        fail(f"Cannot write {output!r}: {reason[:1].lower()}{reason[1:]}.")
