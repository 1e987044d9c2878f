"""Calls of select that a thread has made before: it asks the same again, for as long, from the same line.

What tells such a call from others is its key: what it calls, what tells whether it asks for the same, its time limit,
and where it stands. By that `Buffer.asked` knows it, and by another one what such a call has found: then a row
tells it. The recorder in C looks there by itself (`select_way` in _recorder.c), and leaves the key of what it does not
find in `Buffer.asking`; where events tell of calls, again.py does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.runtimes.threads.parked import Wait

#: Once in so long such a call takes the long way all the same, which looks at more than that.
LONG_NS = 25_000_000
#: So many are known of a thread; and so many of the frames that one is called by are compared.
_MOST, _DEEP = 1024, 16
#: Of what one finds, so many are compared.
MOST_FOUND = 64


class Asked:
    """Such a call. `shape`: of the row that tells that the thread waits; `wait`: as what it is known meanwhile.
    `above`: code and instruction of those who call, up to the first that is the program's own; None behind them, if
    none is. `fd`: the only descriptor that it asks for, else -1; `ends`: the addresses that it connects, as
    `Waits.connection` has them. `long_ns`: when it took the long way last."""

    __slots__ = ("above", "ends", "fd", "long_ns", "shape", "wait")

    def __init__(self, shape: int, wait: Wait, above: tuple[Any, ...], fd: int, ends: Any) -> None:
        self.shape = shape
        self.wait = wait
        self.above = above
        self.fd = fd
        self.ends = ends
        self.long_ns = wait.t_ns


def callers(frame: Any, is_last: Callable[[CodeType], bool]) -> tuple[Any, ...]:
    """As `Asked.above` has them; () if they are too many."""
    found: list[Any] = []
    while frame is not None:
        if len(found) > 2 * _DEEP:
            return ()
        found += frame.f_code, frame.f_lasti
        if is_last(frame.f_code):
            return tuple(found)
        frame = frame.f_back
    return (*found, None)


def is_called_by(frame: Any, above: tuple[Any, ...]) -> bool:
    at = 0
    while at < len(above):
        code = above[at]
        if frame is None or frame.f_code is not code:
            return frame is None and code is None
        if frame.f_lasti != above[at + 1]:
            return False
        frame = frame.f_back
        at += 2
    return True


def remember(buffer: Buffer, key: tuple[Any, ...], known: Asked | int) -> None:
    """`key` stands for that from now on, in the thread of `buffer`, which calls."""
    if len(buffer.asked) >= _MOST:
        buffer.asked.clear()
    buffer.asked[key] = known


def found_key(ready: dict[int, int]) -> tuple[Any, ...]:
    """The key of that these are ready: by descriptor, the events."""
    return (None, *ready.items())
