"""Each view as a vector drawing (SVG 1.1, https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.comparison import draw_comparison
from visualizer.export.formats import Exporter, Format
from visualizer.export.lines import draw_problems, draw_tree, draw_waits
from visualizer.export.sequence import draw_sequence
from visualizer.export.settings import Settings, View
from visualizer.export.timeline import draw_timeline

#: View -> what draws it.
DRAWN: dict[View, Exporter] = {
    View.TIMELINE: draw_timeline,
    View.SEQUENCE: draw_sequence,
    View.TREE: draw_tree,
    View.WAITS: draw_waits,
    View.PROBLEMS: draw_problems,
    View.COMPARISON: draw_comparison,
}


def draw(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as an SVG file."""
    return DRAWN[settings.view or View.TIMELINE](timeline, settings)


#: What a picture of any format honours.
PICTURE = frozenset(
    ("axes", "rows", "selected", "at_ns", "theme", "title", "width", "height", "font_size", "legend")
)
FORMAT = Format(".svg", draw, tuple(DRAWN), PICTURE)
