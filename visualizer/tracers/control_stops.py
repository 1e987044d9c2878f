"""What the trace tells of the stops of a program that is held: when its clock stood still, and for how long in all."""

from __future__ import annotations

from visualizer.tracers import lines

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from visualizer.tracers.held_clock import HeldClock
    from visualizer.tracers.stream import Stream


class Stops:
    """Each is told in the buffer of a thread that is held, or goes on: whoever lets it go on may have none.

    Not to be used by two threads at once.
    """

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock
        #: How long it had been held when it was let go on, until that is told; -1 if there is nothing to tell.
        self._went_on = -1

    def stop(self, stream: Stream) -> int:
        """The current thread is the first to be held: stop the clock. Return where."""
        self.tell(stream)
        t_ns = self._clock.stop()
        stream.here(t_ns).store((lines.held, t_ns, self._clock.held_ns, None, None, None, 0))
        return t_ns

    def go_on(self) -> int:
        """Everybody is let go on: have the clock go on. Return for how long it has stood in all."""
        self._clock.go_on()
        self._went_on = self._clock.held_ns
        return self._went_on

    def tell(self, stream: Stream) -> None:
        """The current thread runs on: tell that, unless another has."""
        held_ns, self._went_on = self._went_on, -1
        if held_ns >= 0:
            t_ns = stream.clock()
            stream.here(t_ns).store((lines.continued, t_ns, held_ns, None, None, None, 0))
