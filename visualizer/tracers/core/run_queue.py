"""How long a thread could have run and the machine ran other programs: Linux tells (schedstat)."""

from __future__ import annotations

import fcntl
import os

from visualizer.trace.sink import LOWEST_FD


class RunQueue:
    """How long the thread that makes this has stood in the queue for a processor. Any thread may ask."""

    __slots__ = ("_fd", "_identity", "waited_ns")

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
        self.waited_ns = self._read()

    def _read(self) -> int:
        """-1 if it cannot be known, or the program has closed our descriptor."""
        try:
            status = os.fstat(self._fd)
            if (status.st_dev, status.st_ino) != self._identity:
                return -1
            return int(os.pread(self._fd, 64, 0).split()[1])
        except (OSError, ValueError, IndexError):
            return -1

    def more_ns(self) -> int:
        """How much longer it has waited since this was asked last."""
        before, now = self.waited_ns, self._read()
        self.waited_ns = now
        return now - before if min(before, now) >= 0 else 0

    def close(self) -> None:
        if self._read() >= 0:
            os.close(self._fd)
        self._fd = -1
