"""The program's end of the socket by which it is paused: lines of words in, lines of words out. Once open it never
raises.

The descriptor is moved high up, is not inherited by the program's own children, and is left alone when the program has
closed it. Nothing here waits but `wait`, and nobody who is gone makes us get a signal.
"""

from __future__ import annotations

import _socket
import fcntl
import os
from select import POLLIN, poll

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: Descriptors below this number are left to the program.
_LOWEST_FD = 400
_QUIETLY = getattr(_socket, "MSG_NOSIGNAL", 0) | _socket.MSG_DONTWAIT
_READ_BYTES = 4096


class Channel:
    """One end of a stream socket."""

    def __init__(self, fd: int) -> None:
        """Take over the socket with that descriptor. Raise OSError if it is none."""
        status = os.fstat(fd)
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LOWEST_FD)
        os.close(fd)
        self._socket: Any = _socket.socket(fileno=high)
        self._identity = (status.st_dev, status.st_ino)
        self._rest = b""

    @property
    def is_open(self) -> bool:
        """Whether the other end may still be open."""
        return self._socket is not None

    def _ours(self) -> Any:
        """The socket; None if it is closed, or the program has closed it and perhaps opened one of its own there."""
        mine = self._socket
        try:
            status = os.fstat(mine.fileno()) if mine is not None else None
        except OSError:
            return None
        return mine if status is not None and (status.st_dev, status.st_ino) == self._identity else None

    def wait(self, seconds: float, waiting: Callable[..., Any]) -> bool:
        """Wait until something comes, for so long at most. Return False, at once, if nothing will ever.

        `waiting`: calls what really waits (`Stream.waiting`).
        """
        mine = self._socket
        if mine is None or mine.fileno() < 0:
            return False
        one = poll()
        one.register(mine, POLLIN)
        waiting(one.poll, seconds * 1000)
        return True

    def read(self) -> list[str]:
        """The lines that have come. Closes when nobody is at the other end any more."""
        while self._socket is not None:
            mine = self._ours()
            try:
                came = mine.recv(_READ_BYTES, _socket.MSG_DONTWAIT) if mine is not None else b""
            except BlockingIOError:
                break
            except OSError:
                came = b""
            self._rest += came
            if not came:
                self.close()
        *lines, self._rest = self._rest.split(b"\n")
        return [line.decode("utf-8", "surrogateescape") for line in lines]

    def say(self, *words: object) -> None:
        """Send a line. Who is gone is found out by reading."""
        mine = self._ours()
        if mine is not None:
            try:  # noqa: SIM105  # contextlib is not imported into the program
                mine.send((" ".join(map(str, words)) + "\n").encode(), _QUIETLY)
            except OSError:
                pass

    def close(self) -> None:
        """Close it, if it is still ours."""
        mine = self._ours()
        known, self._socket = self._socket, None
        if mine is not None:
            mine.close()
        elif known is not None:
            known.detach()
