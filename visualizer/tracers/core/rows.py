"""Rows: of each three integers, one after another. The recorder in C has the same type (_recorder.c), without a Python
object for each integer."""

from __future__ import annotations

from _bisect import bisect_right
from _struct import pack as _to_bytes
from binascii import b2a_base64 as _b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Mapping

#: Integers of a row: its time, a track, the number of a shape.
ROW = 3
#: In a row, in place of a track: the next event of a buffer's `parts` belongs here.
PARTS = -1
#: Of a line of rows, at most: the digits of base64 for a row, and all that stands around those.
MOST_DIGITS, AROUND = 44, 128


class Rows(list[int]):
    """Hooks add to the end what is stored; the flush takes from the other end. All is counted in rows but in what every
    list has."""

    __slots__ = ()

    def take(self, count: int) -> Rows:
        """Take the first so many out of it."""
        # A copy and a deletion of the same length: a hook that stores between the two only adds after them.
        taken = self.part(0, count)
        del self[: len(taken)]
        return taken

    def part(self, first: int, stop: int) -> Rows:
        """Those from number `first` to before `stop`."""
        # No iterator, which would go through all that stand before them.
        return Rows(self[first * ROW : stop * ROW])

    def find(self, track: int, first: int, stop: int) -> int:
        """The first that has `track`, of these; `stop` if none has."""
        try:
            return first + self[first * ROW + 1 : stop * ROW : ROW].index(track)
        except ValueError:
            return stop

    def count_of(self, track: int) -> int:
        """How many have that track."""
        return self[1::ROW].count(track)

    def until(self, t_ns: int, first: int) -> int:
        """The first, from number `first` on, that is later than `t_ns`: they are in order of time."""
        return bisect_right(range(len(self) // ROW), t_ns, first, key=lambda row: self[row * ROW])

    def translate(self, known: Mapping[int, int], first: int, stop: int) -> None:
        """Put other tracks in the place of theirs."""
        self[first * ROW + 1 : stop * ROW : ROW] = map(known.__getitem__, self[first * ROW + 1 : stop * ROW : ROW])

    def put_line(self, room: bytearray, at: int, first: int, stop: int) -> int:
        """Put the line of the file that has those rows there, where there is room for AROUND bytes and MOST_DIGITS more
        for each row; return its end. The recorder in C writes another line, which takes less room: that would take
        Python longer than it saves."""
        numbers = self[first * ROW : stop * ROW]
        packed = _b2a_base64(_to_bytes(f"<{len(numbers)}q", *numbers), newline=False)
        line = b'["rows","%b"]\n' % packed
        room[at : at + len(line)] = line
        return at + len(line)
