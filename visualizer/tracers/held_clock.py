"""The clock of a program that may be held: `time.monotonic_ns` without the time for which it was."""

from __future__ import annotations

import time
from _operator import sub
from itertools import starmap

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable


class HeldClock:
    """`now` gives the nanoseconds in which the program ran. It never runs back, in any thread."""

    def __init__(self, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic = monotonic
        #: What is left out, in all.
        self._held = [0]
        #: Where the clock stands, if it does; else nothing.
        self._standing: list[int] = []
        #: What it says.
        self.now = self._make_now()

    def _make_now(self) -> Callable[[], int]:
        monotonic, held, standing = self._monotonic, self._held, self._standing

        def now() -> int:
            while True:
                held_ns = held[0]
                t_ns = monotonic() - held_ns
                for standing_ns in standing:
                    return standing_ns
                # Another thread may have stopped the clock, and let it go on, since we looked at it.
                if held[0] is held_ns:
                    return t_ns

        return now

    @property
    def held_ns(self) -> int:
        """For how long it has stood still in all."""
        return self._held[0]

    @property
    def stands(self) -> bool:
        """Whether it stands still."""
        return bool(self._standing)

    def stop(self) -> int:
        """Stand still from now on. Return where."""
        if not self._standing:
            # In C, and so in one go: no other thread may see a later time between the look and the stop.
            self._standing.extend(map(sub, starmap(self._monotonic, ((),)), self._held))
        return self._standing[0]

    def go_on(self) -> None:
        """Go on from where it stands."""
        if self._standing:
            self._held[0] = self._monotonic() - self._standing[0]
            self._standing.clear()
