"""How many cells text takes, and fitting it into cells. `analysis.text.printable` makes text printable."""

from __future__ import annotations

import re

from wcwidth import wcswidth

#: The number at the end of a name, which distinguishes tracks of the same name.
_NUMBER = re.compile(r"\W?\d+\W*$")
#: The share of a shortened sentence that is left to the cause, at least.
_CAUSE = 0.3
_IN_ASCII = str.maketrans(
    {"…": "..", "→": "->", "µ": "u", "·": "-", "│": "|", "▾": "-", "▸": "+", "×": "x", "–": "-", "✓": "v", "✗": "x"}
)

#: In one cell, as the sign itself.
_LIKENESS = {
    "…": "~", "→": ">", "←": "<", "↑": "^", "↓": "v", "µ": "u", "·": "-", "│": "|", "▾": "-", "▸": "+", "×": "x",
    "–": "-", "✓": "v", "✗": "x", "●": "*", "■": "#", "▶": ">", "‖": "=", "\u23ce": "<", "▼": "v", "•": "*",
    # What Textual draws borders, rules, scroll bars and bars with.
    **dict.fromkeys("─━═┈┄╌╍", "-"), **dict.fromkeys("┃║▏▎▍▌▐▕╎┆┊", "|"), **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+"),
    "🔎": "> ", **dict.fromkeys("▁▂▃▄▅▆▇", "_"), **dict.fromkeys("▔▀", "-"), **dict.fromkeys("▋▊▉█", "#"),
}


def ascii_only(text: str) -> str:
    """`text` in ASCII: the signs used here have a spelling, all other characters become question marks."""
    return text.translate(_IN_ASCII).encode("ascii", "replace").decode()


def ascii_cells(text: str) -> str:
    """`text` in ASCII and in as many cells: the signs used here have a replacement, others become question marks."""
    if text.isascii():
        return text
    return "".join(
        character if character.isascii() else _LIKENESS.get(character) or "?" * cell_width(character)
        for character in text
    )


def cell_width(text: str) -> int:
    """How many cells of a terminal printable `text` takes."""
    return len(text) if text.isascii() else max(0, wcswidth(text))


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Printable `text` in exactly `width` cells: padded with spaces, or cut, with `ellipsis` as its end."""
    if len(text) > 8 * width:
        # The rest cannot be seen. Some is kept, because a character may take no cell.
        text = text[: 8 * width] + ellipsis
    taken = cell_width(text)
    if taken > width:
        room = width - cell_width(ellipsis)
        if room < 0:
            return " " * max(0, width)
        text = _cut(text, room) + ellipsis
        taken = cell_width(text)
    return text + " " * (width - taken)


def fit_name(text: str, width: int, ellipsis: str = "…") -> str:
    """Like `fit`, but cut in the middle: names of many tracks often differ at their end only, by a number."""
    room = width - cell_width(ellipsis)
    if (len(text) <= width and cell_width(text) <= width) or room < 3:
        return fit(text, width, ellipsis)
    number = _NUMBER.search(text[-room:])
    tail = text[-min(max(room // 3, len(number[0]) if number else 0), room - 1) :]
    while cell_width(tail) > room - 1:
        tail = tail[1:]
    head = _cut(text[: 8 * width], room - cell_width(tail))
    return fit(head + ellipsis + tail, width, ellipsis)


def fit_sentence(text: str, width: int, ellipsis: str = "…") -> str:
    """Like `fit`, but shortened in the middle: after the last arrow stands the effect, and at the end the number."""
    if cell_width(text) <= width:
        return fit(text, width, ellipsis)
    cause, arrow, effect = text.rpartition(" → ")
    room = width - cell_width(arrow) - cell_width(effect)
    if not arrow or room < width * _CAUSE:
        return fit_name(text, width, ellipsis)
    return fit(cause, room, ellipsis) + arrow + effect


def _cut(text: str, width: int) -> str:
    """The longest beginning of `text` that takes at most `width` cells."""
    if text.isascii():
        return text[:width]
    end = len(text)
    while end and cell_width(text[:end]) > width:
        end -= 1
    return text[:end]
