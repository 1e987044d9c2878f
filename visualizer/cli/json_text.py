"""JSON for a terminal: the same to whoever parses it, and nothing in it that a terminal obeys."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from visualizer.analysis.text.printable import printable_json


def echo_json(value: Any) -> None:
    """Print it as JSON for people: indented."""
    click.echo(printable_json(msgspec.json.format(msgspec.json.encode(value), indent=2)))
