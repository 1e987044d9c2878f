"""Pictures of a timeline, for a talk: one file a format, painted from the model that the screen is painted from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export.comparison import draw_comparison
from visualizer.export.settings import Settings
from visualizer.export.svg import draw_svg

__all__ = ["COMPARED", "FORMATS", "Settings"]

#: Suffix of a file -> what draws its content.
FORMATS: dict[str, Callable[[Timeline, Settings], bytes]] = {
    ".svg": draw_svg,
}

#: The same of two parts beside one another, and what they are called.
COMPARED: dict[str, Callable[[Part, Part, Sequence[str], Settings], bytes]] = {
    ".svg": draw_comparison,
}
