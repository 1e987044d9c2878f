"""`visualizer export`."""

from __future__ import annotations

import click

from visualizer.cli.completion import tracks
from visualizer.cli.painted import WholeNumber
from visualizer.cli.parts import read_part, split_span, trace_argument
from visualizer.cli.pictures import force_option, format_of, theme_option, write_picture
from visualizer.export import FORMATS, Settings, exporter, suffixes
from visualizer.paint.axis.viewport import BOTH, Axis

_AXES = {**{axis.value: (axis,) for axis in Axis}, "both": BOTH}


@click.command("export")
@trace_argument
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
@click.option(
    "--row",
    "rows",
    metavar="NAME",
    multiple=True,
    shell_complete=tracks,
    help="Only the row of this track, or of a group as 'client ×100'. Can be repeated: rows stand in the order given.",
)
@click.option("--select", "selected", metavar="NAME", default="", shell_complete=tracks, help="Mark this row.")
@theme_option
@force_option
def command(
    file: str, output: str, axis: str, width: int, rows: tuple[str, ...], selected: str, theme: str, force: bool
) -> None:
    """Draw the timeline of a trace as a picture.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17; - reads it from stdin. The picture has a row for
    each track, by time and by switches, with what it waits for and the values it passes; text stays text.

    \b
    Examples:
      visualizer export run.trace -o run.svg
      visualizer export run.trace@#1-#18 -o slide.svg --axis switches --width 1600 --theme dark
      visualizer export run.trace -o slide.svg --row main --row hub --select hub
    """
    draw = format_of(output, exporter, suffixes())

    def drawn() -> bytes:
        part = read_part(file, says_remarks=True).part
        return draw(part.timeline, Settings(_AXES[axis], width, theme == "dark", part, rows, selected))

    write_picture(output, [split_span(file)[0]], force, drawn)
