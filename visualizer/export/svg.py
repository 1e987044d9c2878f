"""Each view as a vector drawing (SVG 1.1, https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from collections.abc import Callable

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.comparison import draw_comparison
from visualizer.export.formats import Format
from visualizer.export.lines import draw_problems, draw_tree, draw_waits
from visualizer.export.page import Drawing
from visualizer.export.sequence import draw_sequence
from visualizer.export.settings import Settings, View
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


#: What a picture of any format honours.
PICTURE = frozenset(
    ("axes", "rows", "selected", "at_ns", "theme", "title", "width", "height", "font_size", "legend")
)
FORMAT = Format(".svg", lambda timeline, settings: drawn(timeline, settings).svg, tuple(DRAWN), PICTURE)
