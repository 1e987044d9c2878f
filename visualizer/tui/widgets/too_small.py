"""The sentence that stands in place of a screen in a terminal that is too small for it."""

from __future__ import annotations

from textual.geometry import Size
from textual.widgets import Static

_LEAST_WIDTH, _LEAST_HEIGHT = 60, 16


def is_too_small(size: Size) -> bool:
    """Whether no screen has room; it then has the class `-too-small`."""
    return size.width < _LEAST_WIDTH or size.height < _LEAST_HEIGHT


class TooSmall(Static):
    """The sentence, about the screen of that name."""

    def __init__(self, name: str) -> None:
        needed = f"{_LEAST_WIDTH} columns and {_LEAST_HEIGHT} lines"
        super().__init__(f"Terminal too small: the {name} needs {needed}.", id="too-small", markup=False)
