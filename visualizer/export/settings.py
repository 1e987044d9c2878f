"""What can be wished of an export, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from typing import Any

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import BOTH, Axis


class View(Enum):
    """What of a trace is shown; the value is its name on the command line."""

    TIMELINE = "timeline"
    SEQUENCE = "sequence"
    TREE = "tree"
    WAITS = "waits"
    PROBLEMS = "problems"
    COMPARISON = "comparison"


#: What may be wished and a format may not be able to honour -> the option of the command line that wishes it.
OPTIONS = {
    "view": "--view", "axes": "--axis", "rows": "--tracks", "selected": "--select", "at_ns": "--at", "marks": "--marks",
    "theme": "--theme", "title": "--title", "width": "--width", "height": "--height or --aspect",
    "font_size": "--font-size", "legend": "--no-legend", "scale": "--scale", "animate": "--animate",
    "frames": "--frames", "seconds": "--seconds", "table": "--table", "cells": "--size", "present": "--present",
}


#: For each moment, the number of a switch and when it is, what changes a terminal to what the screen shows then.
Film = Callable[["Settings", Sequence[tuple[int, int]]], Sequence[str]]


@dataclass(frozen=True)
class Settings:
    """What every format is given: `part`, None for all of the trace, and for a comparison `other`, its side B;
    `names`: what the trace is called, or both are; `tell` is told, in a sentence, what was left out; `film` is what
    shows the app's screen, which is not known here.

    What else is wished has an option of the command line each (OPTIONS), and its default if nothing is wished:

    `view`: None for the first that the format knows. `axes`: a panel each, from top to bottom. `rows`: names of tracks,
    or of groups as "client ×100", in the order that is wanted; none: all rows, with groups folded where those are
    many. `selected`: the name of the row that is marked, if any. `at_ns`: the moment that is shown or pointed out.
    `marks`: moments with a name, in order of time. `theme`: "light" or "dark". `title`: instead of what was run.
    `width`, `height`: of the whole picture in pixels; no height: as high as it takes. `font_size`: of most text, in
    pixels; everything grows with it; 0: what suits. `legend`: whether there is one. `scale`: how many pixels of the
    file are one of those, on a side. `animate`: whether what can be still or move moves: the playhead goes from switch
    to switch, in at most `frames` steps that take `seconds` together; 0: what suits.
    `table`: which table, of a format that has one. `cells`: columns and rows of a terminal; `present`: whether it
    shows the screen of `visualizer present`, and stops only at the marks, if there are any.
    """

    part: Part | None = None
    other: Part | None = None
    names: tuple[str, ...] = ()
    tell: Callable[[str], None] = field(default=lambda said: None, compare=False)
    view: View | None = None
    axes: tuple[Axis, ...] = BOTH
    rows: tuple[str, ...] = ()
    selected: str = ""
    at_ns: int | None = None
    marks: tuple[Mark, ...] = ()
    theme: str = "light"
    title: str = ""
    width: int = 1280
    height: int = 0
    font_size: float = 0.0
    legend: bool = True
    scale: float = 1.0
    animate: bool = False
    frames: int = 100
    seconds: float = 0.0
    table: str = "events"
    cells: tuple[int, int] = (120, 35)
    present: bool = False
    film: Film | None = field(default=None, compare=False)

    @property
    def dark(self) -> bool:
        return self.theme == "dark"

    def part_of(self, timeline: Timeline) -> Part:
        """The part that is wanted of the timeline."""
        return Part.whole(timeline) if self.part is None else self.part

    def wished(self) -> list[str]:
        """Which of OPTIONS are not as they are where nothing is wished."""
        return [known.name for known in fields(self) if known.name in OPTIONS and self._is_other(known)]

    def _is_other(self, known: Field[Any]) -> bool:
        return bool(getattr(self, known.name) != known.default)
