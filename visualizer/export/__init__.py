"""A trace as a file of another kind: one file a format, painted from the model that the screen is painted from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from visualizer.export import animation, cast, chrome, csv, markdown, mermaid, parquet, pdf, perfetto, player, png, svg
from visualizer.export.formats import Exporter, Format
from visualizer.export.settings import Settings, View

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["FORMATS", "Exporter", "Format", "Settings", "View", "exporter", "suffixes"]

#: Suffix of a file -> what makes its content.
FORMATS: dict[str, Format] = {
    known.suffix: known
    for known in (
        svg.FORMAT, png.FORMAT, pdf.FORMAT, *animation.FORMATS, cast.FORMAT, player.FORMAT, mermaid.FORMAT,
        markdown.FORMAT, perfetto.FORMAT, chrome.FORMAT, csv.FORMAT, parquet.FORMAT,
    )
}

#: Entry points of this group are the formats of other packages: the suffix without its dot -> an `Exporter`, or a
#: `Format`.
_GROUP = "visualizer.exporters"


def exporter(suffix: str) -> Format | None:
    """What makes a file of that suffix, ours before another package's; None if nothing does.

    Raise ImportError or AttributeError if the package that says it does is broken.
    """
    known = FORMATS.get(suffix)
    if known is None:
        loaded: Format | Exporter | None = next((point.load() for name, point in _brought() if name == suffix), None)
        known = loaded if loaded is None or isinstance(loaded, Format) else Format(suffix, loaded)
    return known


def suffixes() -> list[str]:
    """Of all files that can be made."""
    return list(dict.fromkeys((*FORMATS, *(suffix for suffix, _ in _brought()))))


def _brought() -> Iterator[tuple[str, EntryPoint]]:
    from importlib.metadata import entry_points  # It takes long to import, and is seldom asked.

    for point in entry_points(group=_GROUP):
        yield f".{point.name.lower()}", point
