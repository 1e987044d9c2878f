"""The texts of the page, each once, and none longer than can be shown."""

from __future__ import annotations

from typing import Any

from visualizer.analysis.text.printable import plain

#: No text is longer.
_LONGEST = 400


class Texts:
    """Texts, or lists of them, each once. Number 0 is that of nothing."""

    def __init__(self, nothing: Any) -> None:
        self.known: dict[Any, int] = {nothing: 0}

    def number(self, text: Any) -> int:
        return self.known.setdefault(text, len(self.known))


def short(text: str, most: int = _LONGEST) -> str:
    """The text on one line, of a length that can be shown."""
    return plain(text if len(text) <= most else text[: most - 1] + "…")
