"""What can be wished of a picture, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass

from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis


@dataclass(frozen=True)
class Settings:
    """`axes`: a panel each, from top to bottom. `width`: of the whole picture, in pixels.

    `part`: what of the trace is wanted, None for all. `rows`: names of tracks, or of groups as "client ×100", in
    the order that is wanted; none: a row for each track. `selected`: the name of the row that is marked, if any.
    """

    axes: tuple[Axis, ...] = (Axis.TIME, Axis.SWITCHES)
    width: int = 1280
    dark: bool = False
    part: Part | None = None
    rows: tuple[str, ...] = ()
    selected: str = ""
