"""What is presented, and how it is shown at first."""

from __future__ import annotations

from typing import NamedTuple

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis


class Talk(NamedTuple):
    """What is presented: a part of a trace, its title, its marks, and how it is shown at first.

    `title`: "" for what was run. `axis`: None for the one on which something is to be seen. `every_s`: seconds after
    which it goes on by itself; 0: it does not.
    """

    part: Part
    title: str = ""
    marks: tuple[Mark, ...] = ()
    axis: Axis | None = None
    as_sequence: bool = False
    every_s: float = 0.0
