"""The text of a flush, as it will stand in the file."""

from __future__ import annotations

from visualizer.tracers.core.rows import AROUND, MOST_DIGITS, PIECE, put_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.trace.sink import Sink
    from visualizer.tracers.core.rows import Rows

#: So much room is made at first; and so much, at most, is kept.
_LEAST, _KEPT = 1 << 16, 3 << 20


class Text:
    """Lines, in the order of the file. Its memory is kept for the next flush: to get it anew costs more than to fill it
    again, and the program waits meanwhile.
    """

    __slots__ = ("_pieces", "_room", "lines", "put")

    def __init__(self) -> None:
        #: Those that come next. It is empty between flushes, and while the program goes on.
        self.lines: list[str] = []
        #: What comes before them, as `put_pieces` has it. No tuples: the program may count the objects of the garbage
        #: collector meanwhile.
        self._pieces: list[Any] = []
        self._room = bytearray()
        #: The recorder in C has its own.
        self.put = put_pieces

    def clear(self) -> None:
        """What a flush that was interrupted had made is lost."""
        self.lines.clear()
        self._pieces.clear()

    def add_rows(self, rows: Rows, first: int, stop: int) -> None:
        """Make a line of those from number `first` to before `stop`, after all others, when it is written: up to then
        they stay as they are."""
        self._settle()
        self._pieces += (rows, first, stop)

    def write(self, sink: Sink, count: int) -> None:
        """Append to the file what there is, which tells of `count` events."""
        self._settle()
        index = size = 0
        while index < len(self._pieces):
            self._extend(size, self._most_bytes(index))
            index, size = self.put(self._pieces, index, self._room, size)
        self.clear()
        if size:
            sink.write(memoryview(self._room)[:size], count)
        if len(self._room) > _KEPT:
            self._room = bytearray()

    def _settle(self) -> None:
        added = "".join(self.lines).encode("ascii")
        self.lines.clear()
        if added:
            self._pieces += (added, 0, len(added))

    def _most_bytes(self, index: int) -> int:
        """How many the piece there takes at most."""
        of, first, stop = self._pieces[index : index + PIECE]
        count: int = stop - first
        return count if type(of) is bytes else count * MOST_DIGITS + AROUND

    def _extend(self, size: int, more: int) -> None:
        """Have room for so many bytes more than the first ones that there are."""
        needed = size + more
        if needed > len(self._room):
            # Another one: of what somebody still has a view of, such as a traceback, the size cannot be changed.
            room = bytearray(max(needed, min(2 * needed, _KEPT), _LEAST))
            room[:size] = memoryview(self._room)[:size]
            self._room = room
