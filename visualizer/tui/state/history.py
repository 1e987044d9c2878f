"""The undo history: earlier positions to go back to, and forward again."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

#: More are forgotten, the oldest first.
MOST = 200


class History(Generic[T]):
    """Two bounded stacks of what was left behind."""

    def __init__(self) -> None:
        self._before: deque[T] = deque(maxlen=MOST)
        self._after: deque[T] = deque(maxlen=MOST)

    def leave(self, what: T) -> None:
        """Leave `what` for a new position."""
        if not self._before or self._before[-1] != what:
            self._before.append(what)
        self._after.clear()

    def back(self, now: T) -> T | None:
        """What was left last, from `now`; None if there is nothing."""
        return self._move(self._before, self._after, now)

    def forth(self, now: T) -> T | None:
        """The position left by the last undo, seen from `now`; None if there is none."""
        return self._move(self._after, self._before, now)

    @staticmethod
    def _move(source: deque[T], other: deque[T], now: T) -> T | None:
        while source:
            found = source.pop()
            if found != now:
                other.append(now)
                return found
        return None
