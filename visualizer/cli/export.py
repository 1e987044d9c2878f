"""`visualizer export`."""

from __future__ import annotations

from pathlib import Path

import click

from visualizer.cli import fail
from visualizer.cli.numbers import WholeNumber
from visualizer.cli.reading import read_timeline
from visualizer.export import FORMATS, Settings
from visualizer.paint.viewport import BOTH, Axis

_AXES = {**{axis.value: (axis,) for axis in Axis}, "both": BOTH}


@click.command("export")
@click.argument("file", metavar="FILE")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help=f"The picture; its suffix says which: {', '.join(FORMATS)}."
)
@click.option(
    "--axis", type=click.Choice(list(_AXES)), default="both", show_default=True, help="What runs along the rows."
)
@click.option(
    "--width",
    type=WholeNumber(400, 20_000),
    default=1280,
    show_default=True,
    metavar="PX",
    help="Of the picture, in pixels.",
)
@click.option(
    "--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Its background."
)
@click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")
def command(file: str, output: str, axis: str, width: int, theme: str, force: bool) -> None:
    """Draw the timeline of a trace as a picture for a talk.

    A row for each track, along the time and along the switches, with what it waits for and what is handed over; text
    stays text. `-` reads the trace from stdin.

    \b
    Examples:
      visualizer export run.trace -o run.svg
      visualizer export run.trace -o slide.svg --axis switches --width 1600 --theme dark
    """
    path = Path(output)
    draw = FORMATS.get(path.suffix.lower())
    if draw is None:
        fail(f"Cannot tell the format of {output!r}: its name must end in {' or '.join(FORMATS)}.")
    try:
        if path.is_dir():
            fail(f"{output!r} is a directory; give the name of a file.")
        if path.exists():
            if file != "-" and Path(file).exists() and path.samefile(file):
                fail(f"{output!r} is the trace itself.")
            if not force:
                fail(f"{output!r} exists already; --force overwrites it.")
        picture = draw(read_timeline(file), Settings(_AXES[axis], width, dark=theme == "dark"))
        with path.open("wb" if force else "xb") as out:
            out.write(picture)
    except (OSError, ValueError) as error:
        fail(f"Cannot write {output!r}: {(getattr(error, 'strerror', None) or str(error)).lower()}.")
