"""Text of a trace made fit to print: names, values and messages in it come from a program that nobody vouches for."""

from __future__ import annotations

import json
import unicodedata

#: Unicode categories that move, hide or reorder text instead of showing it; controls are dealt with apart.
_UNSEEN = frozenset(("Cf", "Co", "Cs", "Zl", "Zp"))


def plain(text: str) -> str:
    """`text` on one line, each control character (escape, newline, C1) and each invisible one replaced by a visible."""
    return text if text.isprintable() else text.translate(_VISIBLE)


class _Visible(dict[int, str]):
    """What is shown for each character, by its code: found once, for text may be long."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _visible(chr(code))
        return found


_VISIBLE = _Visible()


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


def printable_json(encoded: bytes) -> bytes:
    """JSON in UTF-8, with each character that is not printable (`str.isprintable`) as \\uXXXX.

    Such are DEL and the C1 controls (U+009B begins an escape sequence), and what hides text or turns its direction.
    """
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    text = encoded.decode()
    # Between strings only line ends are unprintable; inside of them, these are escaped (RFC 8259, 7).
    hidden = {character for character in set(text) if not character.isprintable() and character != "\n"}
    for character in hidden:
        text = text.replace(character, json.dumps(character)[1:-1])
    return text.encode() if hidden else encoded
