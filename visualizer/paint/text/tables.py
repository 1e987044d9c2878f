"""Tables as text, aligned by what a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence

from wcwidth import wcswidth


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    total: Sequence[str] | None = None,
    *,
    words: int = 0,
    numbers: int = 0,
) -> list[str]:
    """The lines of a table. Columns of words are flush left, those of numbers flush right.

    The first `words` columns are such of words and all others of numbers; or the first `numbers` columns are such of
    numbers and all others of words.
    """
    every = [heads, *rows, *([total] if total is not None else [])]
    left = [column < words if words else column >= numbers for column in range(len(heads))]
    widths = [max(_width(row[column]) for row in every) for column in range(len(heads))]
    lines = ["  ".join(map(_cell, row, widths, left)).rstrip() for row in every]
    rule = "-" * max(map(_width, lines))
    if total is None:
        return [lines[0], rule, *lines[1:]]
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _width(text: str) -> int:
    """Terminal cells; a character of unknown width counts as one."""
    width = wcswidth(text)
    return width if width >= 0 else len(text)


def _cell(text: str, width: int, left: bool) -> str:
    padding = " " * (width - _width(text))
    return text + padding if left else padding + text
