"""Tables as text, aligned by what a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence

from visualizer.paint.text.cell_width import fit_name, known_width

_BETWEEN = 2
#: Where there is no room, words are shortened to no less than this.
_LEAST_WORD = 12


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], total: Sequence[str] | None = None, *, words: int = 0,
    numbers: int = 0, width: int | None = None, together: Sequence[int] = (),
) -> list[str]:
    """The lines of a table. Columns of words are flush left, those of numbers flush right.

    The first `words` columns are such of words and all others of numbers; or the first `numbers` columns are such of
    numbers and all others of words.

    No line is wider than `width` cells, if that is given and each column alone has room: long words are shortened in
    the middle, and columns for which there is still no room are a table of their own below, which begins with the
    first column, too. `together`: how many columns belong together each time, the first one aside; they are not split.
    """
    every = [heads, *rows, *([total] if total is not None else [])]
    left = [column < words if words else column >= numbers for column in range(len(heads))]
    widths = [max(_width(row[column]) for row in every) for column in range(len(heads))]
    if width is not None:
        _narrow(widths, left, width)
    lines: list[str] = []
    for columns in _split(widths, width, together):
        written = ["  ".join(_cell(row[at], widths[at], left[at]) for at in columns).rstrip() for row in every]
        rule = "-" * max(map(_width, written))
        body, last = (written[1:], []) if total is None else (written[1:-1], [rule, written[-1]])
        lines += [*([""] if lines else []), written[0], rule, *body, *last]
    return lines


def _narrow(widths: list[int], left: Sequence[bool], width: int) -> None:
    """Take from the longest words what is too much."""
    words = [column for column, is_word in enumerate(left) if is_word]
    over = sum(widths) + _BETWEEN * (len(widths) - 1) - width
    if over <= 0 or not words:
        return
    if over > sum(max(0, widths[column] - _LEAST_WORD) for column in words):
        # It is split, then; the first column stands in each part.
        for column in words:
            widths[column] = min(widths[column], max(_LEAST_WORD, width // 4))
        return
    while over > 0:
        longest = max(words, key=widths.__getitem__)
        widths[longest] -= 1
        over -= 1


def _split(widths: Sequence[int], width: int | None, together: Sequence[int]) -> list[list[int]]:
    """The columns of each part."""
    bounds, at = [], 1
    for count in together or [1] * (len(widths) - 1):
        bounds.append(range(at, at + count))
        at += count
    parts, taken = [[0]], widths[0]
    for group in bounds:
        needs = sum(widths[column] + _BETWEEN for column in group)
        if width is not None and taken + needs > width and len(parts[-1]) > 1:
            parts.append([0])
            taken = widths[0]
        parts[-1] += group
        taken += needs
    return parts


def _width(text: str) -> int:
    """Terminal cells; a character of unknown width counts as one."""
    width = known_width(text)
    return width if width >= 0 else len(text)


def _cell(text: str, width: int, left: bool) -> str:
    if _width(text) > width:
        text = fit_name(text, width)
    padding = " " * (width - _width(text))
    return text + padding if left else padding + text
