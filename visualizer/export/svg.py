"""Each view as a vector drawing (SVG 1.1, https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from collections.abc import Callable

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.comparison import draw_comparison
from visualizer.export.formats import Format
from visualizer.export.lines import draw_problems, draw_tree, draw_waits
from visualizer.export.moving_svg import moving
from visualizer.export.page import Drawing
from visualizer.export.sequence import draw_sequence
from visualizer.export.settings import OPTIONS, Settings, View
from visualizer.export.steps import MOVING
from visualizer.export.timeline import draw_timeline

#: View -> what draws it.
DRAWN: dict[View, Callable[[Timeline, Settings], Drawing]] = {
    View.TIMELINE: draw_timeline,
    View.SEQUENCE: draw_sequence,
    View.TREE: draw_tree,
    View.WAITS: draw_waits,
    View.PROBLEMS: draw_problems,
    View.COMPARISON: draw_comparison,
}


def drawn(timeline: Timeline, settings: Settings) -> Drawing:
    """The picture of the view that is wished."""
    return DRAWN[settings.view or View.TIMELINE](timeline, settings)


def draw(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as an SVG file. Raise ValueError, with a sentence, if it cannot move."""
    if not settings.animate:
        for wish in ("frames", "seconds"):
            if wish in settings.wished():
                raise ValueError(f"{OPTIONS[wish]} is for what moves: give --animate, too")
        return drawn(timeline, settings).svg
    if settings.view not in MOVING:
        raise ValueError(f"Nothing moves in the view {settings.view.value!r}" if settings.view else "Nothing moves")
    if settings.at_ns is not None:
        raise ValueError("--at points out a moment, and --animate goes through all of them")
    return moving(timeline, settings)


#: What a picture of any format honours.
PICTURE = frozenset(
    ("axes", "rows", "selected", "at_ns", "marks", "theme", "title", "width", "height", "font_size", "legend")
)
FORMAT = Format(".svg", draw, tuple(DRAWN), PICTURE | {"animate", "frames", "seconds"})
