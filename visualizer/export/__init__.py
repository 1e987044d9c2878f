"""Pictures of a timeline, for a talk: one file a format, painted from the model that the screen is painted from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export.comparison import draw_comparison, draw_part
from visualizer.export.player import draw_html
from visualizer.export.settings import Settings
from visualizer.export.svg import draw_svg

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["COMPARED", "FORMATS", "Settings", "exporter", "suffixes"]

Exporter = Callable[[Timeline, Settings], bytes]

def _draw(timeline: Timeline, settings: Settings) -> bytes:
    part = settings.part
    return draw_svg(timeline, settings) if part is None or part.is_whole else draw_part(part, settings)


#: Suffix of a file -> what draws its content.
FORMATS: dict[str, Exporter] = {
    ".svg": _draw,
    ".html": draw_html,
}

#: The same of two parts beside one another, and what they are called.
COMPARED: dict[str, Callable[[Part, Part, Sequence[str], Settings], bytes]] = {
    ".svg": draw_comparison,
}

#: Entry points of this group are the formats of other packages: the suffix without its dot -> an `Exporter`.
_GROUP = "visualizer.exporters"


def exporter(suffix: str) -> Exporter | None:
    """What makes a file of that suffix, ours before another package's; None if nothing does.

    Raise ImportError or AttributeError if the package that says it does is broken.
    """
    known = FORMATS.get(suffix)
    if known is None:
        loaded: Exporter | None = next((point.load() for name, point in _brought() if name == suffix), None)
        return loaded
    return known


def suffixes() -> list[str]:
    """Of all files that can be made."""
    return list(dict.fromkeys((*FORMATS, *(suffix for suffix, _ in _brought()))))


def _brought() -> Iterator[tuple[str, EntryPoint]]:
    from importlib.metadata import entry_points  # It takes long to import, and is seldom asked.

    for point in entry_points(group=_GROUP):
        yield f".{point.name.lower()}", point
