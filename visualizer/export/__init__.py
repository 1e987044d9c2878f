"""Pictures of a timeline, for a talk: one file a format, painted from the model that the screen is painted from."""

from __future__ import annotations

from collections.abc import Callable

from visualizer.analysis.model import Timeline
from visualizer.export.settings import Settings
from visualizer.export.svg import draw_svg

__all__ = ["FORMATS", "Settings"]

#: Suffix of a file -> what draws its content.
FORMATS: dict[str, Callable[[Timeline, Settings], bytes]] = {
    ".svg": draw_svg,
}
