"""How long a thread had a processor, and how long it could have run and the machine ran other programs: Linux tells
(schedstat)."""

from __future__ import annotations

import fcntl
import os

from visualizer.trace.sink import LOWEST_FD

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable

#: What is not known.
_UNKNOWN = (-1, -1, -1)
_NOTHING = (0, 0, 0)


def open_high(path: str, least: int) -> int:
    """A descriptor of the file, `least` or higher. Other threads may find it at a lower one for a moment."""
    low = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, least)
    finally:
        os.close(low)


class RunQueue:
    """How long the thread that makes this has run, and stood in the queue for a processor. Any thread may ask."""

    __slots__ = ("_fd", "_identity", "_told")

    def __init__(self, opened: Callable[[str, int], int] = open_high) -> None:
        self._fd, self._identity = -1, (0, 0)
        try:
            self._fd = opened("/proc/thread-self/schedstat", LOWEST_FD)
            status = os.fstat(self._fd)
            self._identity = status.st_dev, status.st_ino
        except OSError:
            pass
        self._told = self._read()

    def _read(self) -> tuple[int, int, int]:
        """Of all its life; unknown where the system does not say, or the program has closed our descriptor."""
        try:
            status = os.fstat(self._fd)
            if (status.st_dev, status.st_ino) != self._identity:
                return _UNKNOWN
            used_ns, waited_ns, times = map(int, os.pread(self._fd, 64, 0).split())
            return used_ns, waited_ns, times
        except (OSError, ValueError):
            return _UNKNOWN

    def more(self) -> tuple[int, int, int]:
        """Since this was asked last: for how long it ran, for how long it stood in the queue, and how often it came out
        of that. What it still waits for is not told until it is over."""
        before, now = self._told, self._read()
        self._told = now
        if _UNKNOWN in (before, now):
            return _NOTHING
        return now[0] - before[0], now[1] - before[1], now[2] - before[2]

    def close(self) -> None:
        if self._read() != _UNKNOWN:
            os.close(self._fd)
        self._fd = -1
