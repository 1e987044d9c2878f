"""At which ends of connections and pipes somebody who is recorded has ever waited to read, and where somebody has told
of writing: what nobody can have waited for is not told, nor is that somebody waited where nobody wrote.

A process shares that with those that it forks. A program that is started by exec finds none of it: from then on all is
told.
"""

from __future__ import annotations

from visualizer.tracers.core.ids import shared_memory

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

#: Of several ends that have one place it holds as soon as it does of one.
_PLACES = 1 << 16


class UsedEnds:
    def __init__(self) -> None:
        self._marks: Any
        self._is_all = False
        try:
            # Bytes: each is set once, so two processes may do so at a time.
            self._marks = shared_memory(2 * _PLACES).cast("B")
        except OSError:
            self._marks = bytearray(b"\1") * (2 * _PLACES)

    def tell_all(self) -> None:
        """A process begins, or this one is one, that does not share this."""
        if not self._is_all:
            self._is_all = True
            self._marks[:] = b"\1" * len(self._marks)

    def waits(self, name: str) -> None:
        """The current process is about to wait there."""
        self._marks[hash(name) % _PLACES] = 1

    def was_awaited(self, name: str) -> bool:
        return bool(self._marks[hash(name) % _PLACES])

    def tells(self, name: str) -> None:
        """It is about to tell that it writes there."""
        self._marks[_PLACES + hash(name) % _PLACES] = 1

    def was_told(self, name: str) -> bool:
        return bool(self._marks[_PLACES + hash(name) % _PLACES])
