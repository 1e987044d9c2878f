"""Text of a trace made fit to print: names, values and messages in it come from a program that nobody vouches for."""

from __future__ import annotations

import unicodedata

#: Unicode categories that move, hide or reorder text instead of showing it; controls are dealt with apart.
_UNSEEN = frozenset(("Cf", "Co", "Cs", "Zl", "Zp"))


def plain(text: str) -> str:
    """`text` on one line, each control character (escape, newline, C1) and each invisible one replaced by a visible."""
    if text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's own pictures of the control characters.
    if code == 0x7F:
        return "\u2421"
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    return "\ufffd" if category == "Cc" or category in _UNSEEN or category == "Cn" else character
