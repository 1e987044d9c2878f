"""When a hub asks the operating system for events: the time in which it is idle."""

from __future__ import annotations

from visualizer.tracers.core import lines
from visualizer.tracers.core.context import Context

#: A poll shorter than this is not told of: the hub only looked whether there was anything.
SHORT_POLL_NS = 20_000


class Polls:
    """The polls of one hub, whose id that is. `before` and `after` are called in the hub's thread."""

    __slots__ = ("_began_ns", "_buffer", "_hub", "_polling", "_stream", "_tracks")

    def __init__(self, recording: Context, tracks: dict[int, int], hub: int) -> None:
        """`tracks`: those of greenlets, by id."""
        self._stream = recording.stream
        #: That of the hub's thread.
        self._buffer = recording.stream.here(recording.stream.clock())
        self._tracks = tracks
        self._hub = hub
        self._began_ns = 0
        self._polling = False
        self._stream.before_flush.append(self._report)

    def stop(self) -> None:
        """Tell of no more."""
        self._stream.before_flush.remove(self._report)

    def before(self) -> None:
        self._polling = True
        self._began_ns = self._stream.clock()

    def _report(self) -> None:
        """In the flushing thread, or at the end of a poll that was not told of before."""
        began_ns, self._began_ns = self._began_ns, 0
        track = self._tracks.get(self._hub)
        if began_ns and track is not None:
            self._buffer.store((lines.poll, began_ns, track, 1, None, None, 0))

    def after(self) -> None:
        if not self._polling:
            return
        self._polling = False
        now_ns = self._stream.clock()
        if self._began_ns and now_ns - self._began_ns < SHORT_POLL_NS:
            self._began_ns = 0
            return
        self._report()
        track = self._tracks.get(self._hub)
        if track is not None:
            self._buffer.store((lines.poll, now_ns, track, 0, None, None, 0))
