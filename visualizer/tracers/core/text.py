"""The text of a flush, as it will stand in the file."""

from __future__ import annotations

from visualizer.tracers.core.rows import AROUND, MOST_DIGITS

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from visualizer.trace.sink import Sink
    from visualizer.tracers.core.rows import Rows

#: So much room is made at first; and so much, at most, is kept.
_LEAST, _KEPT = 1 << 16, 3 << 20


class Text:
    """Lines, in the order of the file. Its memory is kept for the next flush: to get it anew costs more than to fill it
    again, and the program waits meanwhile.
    """

    __slots__ = ("_room", "_size", "lines")

    def __init__(self) -> None:
        #: Those that come next. It is empty between flushes, and while the program goes on.
        self.lines: list[str] = []
        self._room = bytearray()
        self._size = 0

    def clear(self) -> None:
        """What a flush that was interrupted had made is lost."""
        self.lines.clear()
        self._size = 0

    def add_rows(self, rows: Rows, first: int, stop: int) -> None:
        """Make a line of those from number `first` to before `stop`, after all others."""
        self._settle()
        at = self._extend((stop - first) * MOST_DIGITS + AROUND)
        self._size = rows.put_line(self._room, at, first, stop)

    def write(self, sink: Sink, count: int) -> None:
        """Append to the file what there is, which tells of `count` events."""
        self._settle()
        if self._size:
            sink.write(memoryview(self._room)[: self._size], count)
        self.clear()
        if len(self._room) > _KEPT:
            self._room = bytearray()

    def _settle(self) -> None:
        if self.lines:
            added = "".join(self.lines).encode("ascii")
            self.lines.clear()
            at = self._extend(len(added))
            self._room[at : self._size] = added

    def _extend(self, size: int) -> int:
        """Have room for so many bytes more; return where."""
        at = self._size
        self._size += size
        if self._size > len(self._room):
            # Another one: of what somebody still has a view of, such as a traceback, the size cannot be changed.
            room = bytearray(max(self._size + self._size // 4, _LEAST))
            room[:at] = memoryview(self._room)[:at]
            self._room = room
        return at
