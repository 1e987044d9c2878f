"""`visualizer export`."""

from __future__ import annotations

import click

from visualizer.cli.painted import WholeNumber
from visualizer.cli.pictures import force_option, format_of, theme_option, write_picture
from visualizer.cli.reading import read_trace
from visualizer.export import FORMATS, Settings, exporter, suffixes
from visualizer.paint.axis.viewport import BOTH, Axis

_AXES = {**{axis.value: (axis,) for axis in Axis}, "both": BOTH}


@click.command("export")
@click.argument("file", metavar="FILE")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help=f"Output file; its suffix is the format: {', '.join(FORMATS)}, or one that an installed package adds.",
)
@click.option(
    "--axis", type=click.Choice(list(_AXES)), default="both", show_default=True, help="The horizontal axis."
)
@click.option(
    "--width",
    type=WholeNumber(400, 20_000),
    default=1280,
    show_default=True,
    metavar="PX",
    help="Width in pixels.",
)
@theme_option
@force_option
def command(file: str, output: str, axis: str, width: int, theme: str, force: bool) -> None:
    """Draw the timeline of a trace as a picture.

    The picture has a row for each track, by time and by switches, with what it waits for and the values it passes; text
    stays text. `-` reads the trace from stdin.

    \b
    Examples:
      visualizer export run.trace -o run.svg
      visualizer export run.trace -o slide.svg --axis switches --width 1600 --theme dark
    """
    draw = format_of(output, exporter, suffixes())
    settings = Settings(_AXES[axis], width, dark=theme == "dark")
    write_picture(output, [file], force, lambda: draw(read_trace(file, says_remarks=True).timeline, settings))
