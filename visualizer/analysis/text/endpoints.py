"""Words for a wait on a file descriptor: what it is for, on which number, and between which two addresses."""

from __future__ import annotations

from visualizer.analysis.model.types import Park
from visualizer.trace import words

#: Direction -> what one waits for, and what is so when it is over. `{}` is the descriptor.
_SAID = {
    words.READ: ("to read from {}", "{} can be read"),
    words.WRITE: ("to write to {}", "{} can be written"),
    words.READ_OR_WRITE: ("to read from or write to {}", "{} can be read or written"),
    words.ACCEPT: ("for a connection to {}", "a peer connects to {}"),
    words.CONNECT: ("for {} to connect", "{} is connected or has failed"),
}


def addresses(park: Park) -> str:
    """Such as "127.0.0.1:40312->127.0.0.1:8080", local first; empty if neither is known."""
    if park.local and park.peer:
        return f"{park.local}->{park.peer}"
    return f"peer {park.peer}" if park.peer else park.local


def awaits(park: Park) -> str | None:
    """Such as "to read from fd 7, 127.0.0.1:40312->127.0.0.1:8080"; None if it is no wait on a descriptor."""
    if park.direction and park.fd < 0:
        return f"for one of several fds ({park.direction})"
    return _said(park, 0)


def is_ready(park: Park) -> str | None:
    """Such as "fd 7 can be read, 127.0.0.1:40312->127.0.0.1:8080"; None if it is no wait on one descriptor."""
    return _said(park, 1)


def _said(park: Park, which: int) -> str | None:
    known = _SAID.get(park.direction)
    if known is None or park.fd < 0:
        return None
    between = addresses(park)
    return known[which].format(f"fd {park.fd}") + (f", {between}" if between else "")
