"""Words for a wait on a file descriptor: what it is for, on which number, and between which two addresses."""

from __future__ import annotations

from visualizer.analysis.model.types import Suspension
from visualizer.trace import words

#: Direction -> what one waits for, and what is so when it is over. `{}` is the descriptor.
_SAID = {
    words.READ: ("to read from {}", "{} can be read"),
    words.WRITE: ("to write to {}", "{} can be written"),
    words.READ_OR_WRITE: ("to read from or write to {}", "{} can be read or written"),
    words.ACCEPT: ("for a connection to {}", "a peer connects to {}"),
    words.CONNECT: ("for {} to connect", "{} is connected or has failed"),
}


def addresses(suspension: Suspension) -> str:
    """Such as "127.0.0.1:40312->127.0.0.1:8080", local first; empty if neither is known."""
    if suspension.local and suspension.peer:
        return f"{suspension.local}->{suspension.peer}"
    return f"peer {suspension.peer}" if suspension.peer else suspension.local


def awaits(suspension: Suspension) -> str | None:
    """Such as "to read from fd 7, 127.0.0.1:40312->127.0.0.1:8080"; None if it is no wait on a descriptor."""
    if suspension.direction and suspension.fd < 0:
        return f"for one of {_several(suspension.direction)}"
    return _said(suspension, 0)


def polls(suspension: Suspension) -> str:
    """What a thread polls, such as "polls fd 5 to read, fd 7 to write"; if that is not known, in which call."""
    if not suspension.direction:
        return f"polls in {suspension.on}" if suspension.on else "polls"
    if suspension.fd < 0:
        return f"polls {_several(suspension.direction)}"
    between = addresses(suspension)
    return f"polls fd {suspension.fd} to {suspension.direction}" + (f", {between}" if between else "")


def is_ready(suspension: Suspension) -> str | None:
    """Such as "fd 7 can be read, 127.0.0.1:40312->127.0.0.1:8080"; None if it is no wait on one descriptor."""
    return _said(suspension, 1)


def found_ready(which: str) -> str:
    """Of several descriptors, "read 5 6, write 7": "fds 5, 6 can be read, fd 7 can be written"."""
    said = []
    for part in which.split(", "):
        direction, *fds = part.split()
        if fds and direction in (words.READ, words.WRITE):
            said.append(_SAID[direction][1].format(f"fd{'s' * (len(fds) > 1)} {', '.join(fds)}"))
    return ", ".join(said)


def _several(which: str) -> str:
    """"read 5 6, write 7" in words: "fds 5, 6 to read, fd 7 to write"; what is not written so, as it is."""
    said = []
    for part in which.split(", "):
        direction, *fds = part.split()
        known = fds and direction in (words.READ, words.WRITE) and "or" not in fds
        said.append(f"fd{'s' * (len(fds) > 1)} {', '.join(fds)} to {direction}" if known else part)
    return ", ".join(said)


def _said(suspension: Suspension, which: int) -> str | None:
    known = _SAID.get(suspension.direction)
    if known is None or suspension.fd < 0:
        return None
    between = addresses(suspension)
    return known[which].format(f"fd {suspension.fd}") + (f", {between}" if between else "")
