"""`visualizer export`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import click
from click.core import ParameterSource

from visualizer.analysis.explore import spans
from visualizer.api.trace import Trace
from visualizer.cli.completion import traces, tracks
from visualizer.cli.painted import WholeNumber
from visualizer.cli.parts import labels_of, labels_option, marks_of, part_of, split_span
from visualizer.cli.pictures import force_option, format_of, theme_option, write_picture
from visualizer.cli.reading import read_trace
from visualizer.cli.streams import fail, warn
from visualizer.export import FORMATS, Settings, View, exporter, suffixes
from visualizer.export.tables import TABLES
from visualizer.paint.axis.viewport import BOTH, Axis

_AXES = {**{axis.value: (axis,) for axis in Axis}, "both": BOTH}
_NARROWEST, _WIDEST = 400, 20_000
_LEAST_CELLS, _MOST_CELLS = (60, 16), (400, 150)
_ASPECT = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})", re.ASCII)
_CELLS = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", re.ASCII)


class Aspect(click.ParamType[Fraction]):
    """Width to height, as 16:9."""

    name = "aspect"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        known = _ASPECT.fullmatch(value)
        if known is None or not Fraction(1, 10) <= (ratio := Fraction(int(known[1]), int(known[2]))) <= 10:
            self.fail(f"'{value}' is not a width to a height, such as 16:9", param, ctx)
        return ratio


class Cells(click.ParamType[tuple[int, int]]):
    """Columns and rows of a terminal, as 120x35."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        known = _CELLS.fullmatch(value)
        size = (int(known[1]), int(known[2])) if known is not None else (0, 0)
        if not all(map(int.__le__, _LEAST_CELLS, size)) or not all(map(int.__le__, size, _MOST_CELLS)):
            least, most = ("x".join(map(str, limit)) for limit in (_LEAST_CELLS, _MOST_CELLS))
            self.fail(f"'{value}' is no size of a terminal, such as 120x35, from {least} to {most}", param, ctx)
        return size


@click.command("export")
@click.argument("files", metavar="FILE", nargs=-1, required=True, shell_complete=traces)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help=f"Output file; its suffix is the format: {', '.join(FORMATS)}, or one that an installed package adds.",
)
@click.option("--from", "since", metavar="MOMENT", help="Begin there: seconds (0.5) or a switch (#3).")
@click.option("--to", "until", metavar="MOMENT", help="End there.")
@click.option(
    "--view",
    type=click.Choice([view.value for view in View]),
    help="What is shown (default: the timeline, if the format has it; of two FILEs the comparison).",
)
@click.option("--at", metavar="MOMENT", help="Show the state at that moment, or point at it.")
@click.option(
    "--axis",
    type=click.Choice(list(_AXES)),
    default="both",
    show_default=True,
    help="The horizontal axis; a .cast has one, by default that on which something is to be seen.",
)
@click.option(
    "--tracks",
    "rows",
    metavar="NAME",
    multiple=True,
    shell_complete=tracks,
    help="Only the row of this track, or of a group such as 'client ×100'. Can be repeated; rows keep this order.",
)
@click.option("--select", "selected", metavar="NAME", default="", shell_complete=tracks, help="Highlight this row.")
@labels_option
@click.option(
    "--marks/--no-marks",
    default=None,
    help="Show the marks that were set on the screen (FILE.marks), and pause an animation at them (default: if there "
    "are any and OUT can show them).",
)
@click.option("--title", default="", metavar="TEXT", help="Title (default: what was run).")
@click.option("--table", type=click.Choice(TABLES), default="events", help="Which table a .csv or .parquet has.")
@click.option("--no-legend", is_flag=True, help="Leave out what the bars mean.")
@theme_option
@click.option(
    "--width",
    type=WholeNumber(_NARROWEST, _WIDEST),
    default=1280,
    show_default=True,
    metavar="PX",
    help="Width in pixels.",
)
@click.option(
    "--height", type=WholeNumber(200, _WIDEST), metavar="PX", help="Height in pixels (default: what the rows take)."
)
@click.option("--aspect", type=Aspect(), metavar="W:H", help="Height in proportion to the width, such as 16:9.")
@click.option("--font-size", type=WholeNumber(6, 72), metavar="PX", help="Size of the text; everything grows with it.")
@click.option(
    "--scale",
    type=click.FloatRange(0.1, 10),
    default=1.0,
    metavar="N",
    help="Scale of the pixels: 2 makes a .png twice as wide and high, and sharper.",
)
@click.option(
    "--size",
    "cells",
    type=Cells(),
    default=Settings.cells,
    metavar="COLSxROWS",
    help="Columns and rows of the terminal of a .cast (default: 120x35).",
)
@click.option(
    "--present",
    is_flag=True,
    help="Let a .cast show the screen of `visualizer present`, from mark to mark where there are any.",
)
@click.option("--animate", is_flag=True, help="Let an .svg move: the playhead goes from switch to switch.")
@click.option(
    "--frames",
    type=WholeNumber(1, 600),
    default=100,
    show_default=True,
    metavar="N",
    help="Frames of an animation: one for each switch, but at most N.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 3600), metavar="S", help="How long the animation takes.")
@force_option
def command(
    files: tuple[str, ...],
    output: str,
    since: str | None,
    until: str | None,
    view: str | None,
    at: str | None,
    axis: str,
    rows: tuple[str, ...],
    selected: str,
    labels: tuple[str, ...],
    marks: bool | None,
    title: str,
    table: str,
    no_legend: bool,
    theme: str,
    width: int,
    height: int | None,
    aspect: Fraction | None,
    font_size: int | None,
    scale: float,
    cells: tuple[int, int],
    present: bool,
    animate: bool,
    frames: int,
    seconds: float | None,
    force: bool,
) -> None:
    """Export a trace as a picture, or as a file of another format.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17, the same as --from and --to; - reads it from stdin.
    Two FILEs are compared. A picture has a row for each track, by time and by switches, with what it waits for and the
    values it passes. What a format cannot honour is refused.

    \b
    Examples:
      visualizer export run.trace -o run.svg
      visualizer export run.trace -o slide.svg --from '#1' --to '#18' --axis switches --theme dark
      visualizer export run.trace -o slide.svg --tracks main --tracks hub --select hub --labels 'main=The program'
    """
    if len(files) > 2:
        raise click.UsageError(f"At most two traces can be compared, not {len(files)}.")
    if height is not None and aspect is not None:
        raise click.UsageError("--height cannot be combined with --aspect.")
    make = format_of(output, exporter, suffixes())
    asked = click.get_current_context().get_parameter_source("axis") is not ParameterSource.DEFAULT
    if asked and axis == "both" and make.suffix == ".cast":
        fail("A .cast shows one axis at a time: time, switches or busy.")
    called = labels_of(labels)

    def made() -> bytes:
        parts = _read(files, since, until)
        for one in {id(trace.timeline): trace.timeline for trace in parts}.values():
            one.call(called)
        whole = parts[0]
        wished = Settings(
            part=whole.part,
            other=parts[1].part if len(parts) > 1 else None,
            names=files,
            tell=warn,
            film=filmed,
            view=View(view) if view is not None else None,
            axes=_AXES[axis],
            rows=tuple(called.get(row, row) for row in rows),
            selected=called.get(selected, selected),
            at_ns=spans.moment_ns(whole.timeline, whole.path, at) if at is not None else None,
            theme=theme,
            title=title,
            width=width,
            height=height or (round(width / aspect) if aspect is not None else 0),
            font_size=font_size or 0,
            legend=not no_legend,
            table=table,
            scale=scale,
            cells=cells,
            present=present,
            animate=animate,
            frames=frames,
            seconds=seconds or 0.0,
        )
        if marks or (marks is None and make.honours("marks", make.view_of(wished))):
            wished = replace(wished, marks=tuple(marks_of(whole)))
        return make(whole.timeline, wished)

    write_picture(output, [split_span(file)[0] for file in files], force, made)


def filmed(settings: Settings, moments: Sequence[tuple[int, int]]) -> Sequence[str]:
    """The screen of the app at those moments, as a terminal is sent it."""
    from visualizer.tui.film import film
    from visualizer.tui.state.talk import Talk

    assert settings.part is not None, "a film is of a part"
    axis = settings.axes[0] if settings.axes != BOTH else None
    talk = Talk(settings.part, settings.title, settings.marks, axis, settings.view is View.SEQUENCE)
    return film(talk, moments, settings.cells, settings.dark, settings.present)


def _read(files: tuple[str, ...], since: str | None, until: str | None) -> list[Trace]:
    """The parts that are wanted. Two of one trace share one reading: stdin could not be read twice."""
    read: dict[str, Trace] = {}
    found = []
    for file, span in map(split_span, files):
        if since is not None or until is not None:
            if span is not None or len(files) > 1:
                raise click.UsageError("--from and --to are for one FILE without a part of its own.")
            span = f"{since or ''}-{until or ''}"
        if file not in read:
            read[file] = read_trace(file, file if len(files) > 1 else None, says_remarks=True)
        found.append(part_of(read[file], span))
    return found
