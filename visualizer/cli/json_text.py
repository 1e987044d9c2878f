"""JSON for a terminal: the same to whoever parses it, and nothing in it that a terminal obeys."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec


def printable_json(encoded: bytes) -> bytes:
    """JSON in UTF-8, with each character that is not printable (`str.isprintable`) as \\uXXXX.

    Such are DEL and the C1 controls (U+009B begins an escape sequence), and what hides text or turns its direction.
    """
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    text = encoded.decode()
    # Between strings only line ends are unprintable; inside of them, these are escaped (RFC 8259, 7).
    hidden = {character for character in set(text) if not character.isprintable() and character != "\n"}
    return text.translate({ord(character): json.dumps(character)[1:-1] for character in hidden}).encode()


def echo_json(value: Any) -> None:
    """Print it as JSON for people: indented."""
    click.echo(printable_json(msgspec.json.format(msgspec.json.encode(value), indent=2)))
