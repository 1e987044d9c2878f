"""The clock of a program that may be paused: `time.monotonic_ns` without the time for which it was."""

from __future__ import annotations

import time
from _operator import sub
from itertools import starmap

from visualizer.tracers.core import lines

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.core.stream import Stream


class PausableClock:
    """`now` gives the nanoseconds in which the program ran. It never runs back, in any thread."""

    def __init__(self, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic = monotonic
        #: The total time left out.
        self._paused = [0]
        #: The time at which the clock stands still; empty while it runs.
        self._standing: list[int] = []
        #: Memory that the processes share, for what is left out and where the clock stands (-1: it does not): from the
        #: first fork on; and the same in a child, which has the clock of who forked it.
        self._shared: Any = None
        self._follows: list[Any] = []
        #: What it says.
        self.now = self._make_now()

    def _make_now(self) -> Callable[[], int]:
        monotonic, paused, standing, follows = self._monotonic, self._paused, self._standing, self._follows

        def now() -> int:
            for shared in follows:
                standing_ns: int = shared[1]
                return standing_ns if standing_ns >= 0 else monotonic() - shared[0]
            while True:
                paused_ns = paused[0]
                t_ns = monotonic() - paused_ns
                for stands_ns in standing:
                    return stands_ns
                # Another thread may have stopped and restarted the clock since we looked at it.
                if paused[0] is paused_ns:
                    return t_ns

        return now

    @property
    def paused_ns(self) -> int:
        """For how long it has stood still, in total."""
        return self._paused[0]

    @property
    def stands(self) -> bool:
        """Whether it stands still."""
        return bool(self._standing)

    def stop(self) -> int:
        """Stop the clock. Return its time."""
        if not self._standing:
            # In C, and so in one go: no other thread may see a later time between the look and the stop.
            self._standing.extend(map(sub, starmap(self._monotonic, ((),)), self._paused))
            self._publish()
        return self._standing[0]

    def go_on(self) -> None:
        """Go on from where it stands."""
        if self._standing:
            self._paused[0] = self._monotonic() - self._standing[0]
            self._standing.clear()
            self._publish()

    def share(self, memory: Any) -> None:
        """Before a fork: tell the children through `memory`, two integers, what the clock says."""
        if not self._follows:
            self._shared = memory
            self._publish()

    def follow(self) -> None:
        """In a forked child: only the process that forked it can be paused, and the clock stands still with that
        one's."""
        if self._shared is not None and not self._follows:
            self._follows.append(self._shared)

    def _publish(self) -> None:
        if self._shared is not None and not self._follows:
            self._shared[0] = self._paused[0]
            self._shared[1] = self._standing[0] if self._standing else -1


class Pauses:
    """Stores the pauses in the trace: when the clock stood still, and for how long in total.

    Each is stored in the buffer of a thread that pauses or resumes: the thread that resumes it may have none.

    Not to be used by two threads at once.
    """

    def __init__(self, clock: PausableClock) -> None:
        self._clock = clock
        #: The total length of pauses at the last resumption, until it is stored; -1 if it has been.
        self._went_on = -1

    def stop(self, stream: Stream) -> int:
        """The current thread is the first to pause: stop the clock. Return its time."""
        self.report(stream)
        t_ns = self._clock.stop()
        stream.here(t_ns).store((lines.held, t_ns, self._clock.paused_ns, None, None, None, 0))
        return t_ns

    def go_on(self) -> int:
        """All threads resume: start the clock again. Return the total length of pauses."""
        self._clock.go_on()
        self._went_on = self._clock.paused_ns
        return self._went_on

    def report(self, stream: Stream) -> None:
        """The current thread runs on: store that, unless another thread has."""
        paused_ns, self._went_on = self._went_on, -1
        if paused_ns >= 0:
            t_ns = stream.clock()
            stream.here(t_ns).store((lines.continued, t_ns, paused_ns, None, None, None, 0))
