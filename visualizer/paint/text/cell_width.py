"""How many cells text takes, and fitting it into cells. `analysis.text.printable` makes text printable."""

from __future__ import annotations

import re
from bisect import bisect_right

#: The number at the end of a name, which distinguishes tracks of the same name; of a group it stands before how many it
#: has.
_NUMBER = re.compile(r"\W?\d+\W*(?:[×x]\d+)?$")
#: A name whose number is before what stands in parentheses, as Python names threads: by their function.
_NUMBERED = re.compile(r"[^(]*\d(?= \([^()]*\)$)")
#: The share of a shortened sentence that is left to the cause, at least.
_CAUSE = 0.3
#: With fewer cells for its effect, a sentence is shortened as a name is.
_LEAST_EFFECT = 10
#: A cut in the middle of a text is moved by less than so many characters to fall between two words.
_NEAR = 8
#: What may follow a word, or nothing.
_ENDS_WORD = ("", " ", ":", ",", ";")
#: A number, at the end of a beginning that is without its unit.
_UNITLESS = re.compile(r"(?<![\w.])[\d.]+ ?$")
_UNIT = re.compile(r" ?(?:ns|µs|ms|s|min|h|days?|%)(?!\w)")
#: Of a text so many characters for each cell are looked at: the rest cannot be seen. A character may take no cell.
_MOST = 8
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

#: Printable ASCII, lines and blocks, and the other signs that are used here: one cell each.
_ONE_EACH = re.compile("[ -~\u2500-\u259f…–→←↑↓×·µ✓✗▾▸▶▼◀●■⋯⊘•‖]*")


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
    return max(0, known_width(text))


def known_width(text: str) -> int:
    """The same; below 0 if the width of a character is not known."""
    if text.isascii() or _ONE_EACH.fullmatch(text):
        return len(text)
    # Its tables take longer to load than most traces.
    from wcwidth import wcswidth

    return wcswidth(text)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Printable `text` in exactly `width` cells: padded with spaces, or cut, with `ellipsis` as its end."""
    if len(text) > _MOST * width:
        text = text[: _MOST * width] + ellipsis
    taken = cell_width(text)
    if taken > width:
        room = width - cell_width(ellipsis)
        if room < 0:
            return " " * max(0, width)
        text = _cut(text, room) + ellipsis
        taken = cell_width(text)
    return text + " " * (width - taken)


def fit_name(text: str, width: int, ellipsis: str = "…") -> str:
    """Like `fit`, but cut in the middle: names of many tracks often differ at their end only, by a number.

    Between words, where one ends near the cut, but not at a parenthesis. A name with its number before a parenthesis,
    such as "Thread-2 (handle)", keeps that, and the end only if there is room for both.
    """
    room = width - cell_width(ellipsis)
    if room < 3 or not is_wider(text, width):
        return fit(text, width, ellipsis)
    number = _NUMBER.search(text[-room:])
    tail = text[-min(max(room // 3, len(number[0]) if number else 0), room - 1) :]
    while cell_width(tail) > room - 1:
        tail = tail[1:]
    numbered = _NUMBERED.match(text)
    if not number and numbered and room - cell_width(tail) < (least := cell_width(numbered[0])):
        return fit(numbered[0] + ellipsis, width) if least <= room else fit_name(numbered[0], width, ellipsis)
    space = tail.find(" ", 0, _NEAR)
    if space > 0 and not text[-len(tail) - 1].isspace():
        tail = tail[space:]
    cut = _cut(text, room - cell_width(tail))
    head = _between_words(text, cut)
    if text[len(head) : len(head) + 1] == "(":
        head = cut  # What stands in parentheses tells tracks apart, as those of threads of one function do.
    return fit(head + ellipsis + tail, width, ellipsis)


def fit_sentence(text: str, width: int, ellipsis: str = "…") -> str:
    """Like `fit`, but shortened in the middle: after the last arrow, or else semicolon, stands what follows, which is
    shortened only where it leaves little to what is before, and then keeps its beginning: who runs."""
    if not is_wider(text, width):
        return fit(text, width, ellipsis)
    cause, joint, effect = text.rpartition(" → " if " → " in text else "; ")
    most = width - cell_width(joint) - round(width * _CAUSE)
    if not joint or most < _LEAST_EFFECT:
        return fit_name(text, width, ellipsis)
    if is_wider(effect, most):
        effect = fit_name(effect, most, ellipsis)
    room = width - cell_width(joint) - cell_width(effect)
    if is_wider(cause, room):
        cause = _between_words(cause, _cut(cause, room - cell_width(ellipsis))) + ellipsis
    return fit(cause + joint + effect, width, ellipsis)


def is_wider(text: str, width: int) -> bool:
    """Whether printable `text` takes more cells than that; however long it is, this is soon known."""
    return len(text) > _MOST * width or cell_width(text) > width


def _between_words(text: str, head: str) -> str:
    """A beginning of `text` without the part of a word at its end, if that is short."""
    inside = head and not head[-1].isspace() and text[len(head) : len(head) + 1] not in _ENDS_WORD
    space = head.rfind(" ", -_NEAR) if inside else -1
    head = head[: space + 1] if space > 0 else head
    # Half a figure is another one.
    figure = _UNITLESS.search(head)
    return head[: figure.start()] if figure and _UNIT.match(text, len(head.rstrip())) else head


def _cut(text: str, width: int) -> str:
    """The longest beginning of `text` that takes at most `width` cells."""
    if text.isascii():
        return text[:width]
    ends = range(max(0, min(len(text), _MOST * width)) + 1)
    return text[: max(0, bisect_right(ends, width, key=lambda end: cell_width(text[:end])) - 1)]
