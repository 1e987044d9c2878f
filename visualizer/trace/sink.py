"""Writes a trace: whole lines, appended, by one `os.write` a batch. Runs inside the watched program.

The file is opened with O_APPEND, so that the batches of several writers never split one another's lines, and the
descriptor is moved high up, so that the program's own descriptors have the numbers they would have without us.
"""

from __future__ import annotations

import fcntl
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable

#: Descriptors below this number are left to the program.
LOWEST_FD = 400
#: While the disk is full, keep this much for later tries; what comes after is counted and dropped.
_BACKLOG_BYTES = 1 << 20
#: The lock is asked for this often, a millisecond apart: its holder may have been stopped by a signal.
_LOCK_TRIES = 100

# Fetched now: gevent's monkey-patching replaces it.
_sleep, _monotonic_ns = time.sleep, time.monotonic_ns


class Sink:
    """An append-only trace file. `write` raises only what a signal's handler raises meanwhile: what cannot be written
    is kept, then counted as lost."""

    def __init__(self, path: str) -> None:
        """Open or create `path`. Raise OSError if that is not possible."""
        self.path = path
        self.lost = 0
        #: How long all writes have taken.
        self.wrote_ns = 0
        #: Only lines that begin so are written: what others will refer to.
        self.only: tuple[bytes, ...] = ()
        #: Whether an error is one that a signal's handler raised, or another thread sent: that may be an OSError, too,
        #: such as TimeoutError.
        self.is_from_outside: Callable[[BaseException], bool] = lambda error: False
        self._backlog = b""
        self._open()

    def _open(self) -> None:
        low = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, LOWEST_FD)
        except OSError:
            # The limit of open files (ulimit -n) is lower than that.
            self._fd = low
        else:
            os.close(low)
        status = os.fstat(self._fd)
        self._identity = (status.st_dev, status.st_ino)

    def _ours(self) -> bool:
        """False if the program closed our descriptor, and perhaps opened a file of its own under that number."""
        try:
            status = os.fstat(self._fd)
        except OSError as error:
            if self.is_from_outside(error):
                raise
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def write(self, lines: bytes | memoryview, count: int) -> bool:
        """Append `lines`, which hold `count` events. Return whether all that was given so far is in the file.

        Of a view nothing is kept when it returns.
        """
        if self.only:
            lines = b"".join(line for line in bytes(lines).splitlines(True) if line.startswith(self.only))
        pending: bytes | memoryview = self._backlog + lines if self._backlog else lines
        written: list[int] = []
        since_ns = _monotonic_ns()
        try:
            if not self._ours():
                self._open()
            while rest := pending[sum(written) :]:
                # One call into C: where a signal's handler raises, it is known how much stands in the file.
                written.extend(map(os.write, (self._fd,), (rest,)))
        except BaseException as error:
            pending = pending[sum(written) :]
            if not isinstance(error, OSError) or self.is_from_outside(error):
                self._backlog = bytes(pending)
                raise
            if len(pending) > _BACKLOG_BYTES:
                kept = pending[: len(pending) - len(lines)]
                # The rest of a line that was half written must stay, or the next one would be glued to its half.
                half = bytes(pending).find(b"\n") + 1 if not kept else 0
                pending = kept or pending[:half]
                self.lost += count
        else:
            pending = b""
        self.wrote_ns += _monotonic_ns() - since_ns
        self._backlog = bytes(pending)
        return not pending

    def lock(self) -> None:
        """Keep the other processes that write to this file from having the lock, for a moment (not threads of ours).

        Returns without it if the file cannot be locked, or the lock is not released.
        """
        for _ in range(_LOCK_TRIES):
            try:
                if not self._ours():
                    self._open()
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except (BlockingIOError, PermissionError):
                _sleep(0.001)
            except OSError:
                return

    def unlock(self) -> None:
        """Let go of the lock."""
        try:
            if self._ours():
                fcntl.lockf(self._fd, fcntl.LOCK_UN)
        except OSError:
            pass

    def forget(self) -> None:
        """In a forked child: what was not written is the parent's to write, and its loss. All is written now."""
        self.only = ()
        self._backlog = b""
        self.lost = 0

    def close(self) -> None:
        """Close the file, if the descriptor is still ours."""
        if self._ours():
            os.close(self._fd)
