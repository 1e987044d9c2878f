"""JSON for a terminal: the same to whoever parses it, and nothing in it that a terminal obeys."""

from __future__ import annotations

import re
from typing import Any

import click
import msgspec

#: DEL, the C1 controls (U+009B begins an escape sequence), and what turns the direction of text or takes no room.
#: Other controls are escaped in JSON anyway (RFC 8259, 7).
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable_json(encoded: bytes) -> bytes:
    """JSON in UTF-8, with such characters as \\uXXXX."""
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode()).encode()


def echo_json(value: Any) -> None:
    """Print it as JSON for people: indented."""
    click.echo(printable_json(msgspec.json.format(msgspec.json.encode(value), indent=2)))
