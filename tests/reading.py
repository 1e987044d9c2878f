"""Traces as they are in the file: header and events, without a model."""

from __future__ import annotations

import io
import os

from visualizer.trace.events import Event, Header
from visualizer.trace.source import Source


def read_all(path: str | os.PathLike[str]) -> tuple[Header, list[Event], list[str]]:
    """Header, events and notices of a whole trace. Raise TraceError if it is none."""
    events: list[Event] = []
    with Source.open(path) as source:
        for batch in source:
            events += batch
    assert source.header is not None, "finish() raises where there is no header"
    return source.header, events, source.notices


def from_bytes(content: bytes) -> Source:
    """A source over bytes in memory."""
    return Source(io.BytesIO(content), "trace")
