"""How long a thread had a processor, and how long it could have run and the machine ran other programs: Linux tells
(schedstat)."""

from __future__ import annotations

import fcntl
import os

from visualizer.trace.sink import LOWEST_FD

#: What is not known.
_UNKNOWN = (-1, -1, -1)
_NOTHING = (0, 0, 0)


class RunQueue:
    """How long the thread that makes this has run, and stood in the queue for a processor. Any thread may ask."""

    __slots__ = ("_fd", "_identity", "_told")

    def __init__(self) -> None:
        self._fd, self._identity = -1, (0, 0)
        try:
            low = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, LOWEST_FD)
            finally:
                os.close(low)
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
