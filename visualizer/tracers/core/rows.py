"""Rows: of each three integers, one after another. The recorder in C has the same type (_recorder.c), without a Python
object for each integer."""

from __future__ import annotations

from _bisect import bisect_right
from _struct import pack as _to_bytes
from binascii import b2a_base64 as _b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Mapping
    from typing import Any

#: Integers of a row: its time, a track, the number of a shape.
ROW = 3
#: In a row, in place of a track: the next event of a buffer's `parts` belongs here.
PARTS = -1
#: Of a line of rows, at most: the digits of base64 for a row, and all that stands around those.
MOST_DIGITS, AROUND = 44, 128
#: What `put_pieces` puts has so many parts.
PIECE = 3


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

    def line(self, first: int, stop: int) -> bytes:
        """The line of the file that has those from number `first` to before `stop`."""
        numbers = self[first * ROW : stop * ROW]
        return b'["rows","%b"]\n' % _b2a_base64(_to_bytes(f"<{len(numbers)}q", *numbers), newline=False)


def put_pieces(pieces: list[Any], index: int, room: bytearray, at: int) -> tuple[int, int]:
    """Put what begins at `pieces[index]` into `room`, where there is enough of it: for rows AROUND bytes, and
    MOST_DIGITS more for each. Return where what comes next begins, in the one and the other.

    Each is three of `pieces`: rows, or bytes, from which number, and to before which. The recorder in C puts all there
    that there is room for, while the program goes on, and writes another line, which takes less room: that would take
    Python longer than it saves.
    """
    of, first, stop = pieces[index : index + PIECE]
    put = of.line(first, stop) if type(of) is Rows else of[first:stop]
    room[at : at + len(put)] = put
    return index + PIECE, at + len(put)
