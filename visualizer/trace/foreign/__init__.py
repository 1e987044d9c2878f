"""Traces of other tools: told by their content, and turned into what the loader takes (told.py).

What such a trace does not say is not made up: it has slices of tracks, and sometimes flows between them. Which slices
are waits, who switched to whom, values and lines are not known of it.
"""

from __future__ import annotations

from visualizer.trace.foreign import chrome, perfetto
from visualizer.trace.foreign.gathered import Reader

__all__ = ["Reader", "reader_of"]


def reader_of(head: bytes) -> Reader | None:
    """What reads a file that begins so; None if it is not of a kind that is known. It is to be given all of the file,
    `head` included."""
    return chrome.reader_of(head) or perfetto.reader_of(head)
