"""What is said of a wait on a file descriptor."""

from __future__ import annotations

import pytest

from visualizer.analysis.model.timeline import Suspension
from visualizer.analysis.text.endpoints import awaits, is_ready
from visualizer.trace import words


def suspension(fd: int, direction: str, local: str = "", peer: str = "") -> Suspension:
    return Suspension(0, 0, words.IO, "call()", -1, -1, None, fd=fd, direction=direction, local=local, peer=peer)


@pytest.mark.parametrize(
    ("wait", "said", "over"),
    [
        (suspension(7, words.READ, "a:1", "b:2"), "to read from fd 7, a:1->b:2", "fd 7 can be read, a:1->b:2"),
        (suspension(7, words.WRITE), "to write to fd 7", "fd 7 can be written"),
        (suspension(7, words.READ_OR_WRITE), "to read from or write to fd 7", "fd 7 can be read or written"),
        (suspension(5, words.ACCEPT, "a:1"), "for a connection to fd 5, a:1", "a peer connects to fd 5, a:1"),
        (
            suspension(7, words.CONNECT, peer="b:2"),
            "for fd 7 to connect, peer b:2",
            "fd 7 is connected or has failed, peer b:2",
        ),
        (suspension(-1, "read 5 6, write 7"), "for one of fds 5, 6 to read, fd 7 to write", None),
        (suspension(-1, ""), None, None),
        (suspension(7, "a later version's word"), None, None),
    ],
)
def test_what_is_said(wait: Suspension, said: str | None, over: str | None) -> None:
    assert (awaits(wait), is_ready(wait)) == (said, over)
