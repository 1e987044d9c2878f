"""What the hooks of one OS thread have stored, and the flush has not taken yet.

An event is stored in one of two ways:

* as a *row* of three integers in `rows`: its time, a track, and the number of a *shape*. A shape is an event without
  its time and track, told to the file once; a hook that meets the same again stores three integers, and neither it nor
  the flush does more. This is the seam for a recorder in C: it would store the same three.
* with all its parts: seven references in `parts`, and in `rows` a row that holds its place among the others (its track
  is `PARTS`).

Both are flat lists: no tuple is left for the cyclic garbage collector to walk.
"""

from __future__ import annotations

import time
from _bisect import bisect_right
from itertools import count

from visualizer.trace.words import CURRENT
from visualizer.tracers.core import lines

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.api import Parts
    from visualizer.tracers.core.string_table import Interning

#: References an event takes in `parts`, and in `rows`.
STRIDE = 7
ROW = 3
#: In place of the number of a shape: the shape is to be made now.
NEW = -1
#: In a row, in place of a track: the next event of `parts` belongs here.
PARTS = -1

#: What is seen repeatedly is stored with a count: after one, two, four, ... times, and at most this many.
_MOST_UNREPORTED = 40
#: The hooks of a thread know at most this many places, so that memory does not grow with code that a program makes.
_MOST_SHAPES = 8192
#: Not on every system.
_clock_of: Callable[[int], int] | None = getattr(time, "pthread_getcpuclockid", None)
#: Gives the next shape its number (ids.py).
_new_shape: Callable[[], int] = count().__next__


def number_shapes_by(take: Callable[[], int]) -> None:
    """Have `take` give the next shapes their numbers."""
    global _new_shape
    _new_shape = take


def shape_line(
    s: Interning, _t: int, number: int, events: tuple[Any, ...], _v: Any, _c: CodeType | None, _o: int
) -> str:
    """What a row of this number stands for: `events`, each (line function, a, b, value, code, offset)."""
    made = ",".join(line(s, 0, *parts).rstrip() for line, *parts in events)
    return f'["shape",{number},[{made}]]\n'


def _cpu_clock(ident: int) -> int:
    """The clock of the processor's time of the calling thread; -1 if there is none."""
    try:
        return _clock_of(ident) if ident and _clock_of is not None else -1
    except OSError:
        return -1


class Sight:
    """Where a thread was seen, several times in a row with nothing in between: `count` times that are not told yet."""

    __slots__ = ("code", "count", "offset", "reported", "t_ns")

    def __init__(self, code: CodeType, offset: int) -> None:
        self.code = code
        self.offset = offset
        self.t_ns = 0
        self.count = self.reported = 0

    @property
    def is_due(self) -> bool:
        return self.count >= min(self.reported, _MOST_UNREPORTED)

    def report(self) -> Parts:
        """The event that tells of all that is not told yet."""
        count, self.count = self.count, 0
        self.reported += count
        return lines.sample, self.t_ns, CURRENT, count, None, self.code, self.offset


def idle_turn(t_ns: int, is_idle: int) -> Parts:
    """The event that tells since when a thread is idle (1), or not any longer (0)."""
    return lines.idle, t_ns, CURRENT, is_idle, None, None, 0


class Buffer:
    """The events of one thread. Hooks that run in that thread add to it; the flush takes from the other end."""

    __slots__ = (
        "_met",
        "chained",
        "clock",
        "closed",
        "entering",
        "hook",
        "ident",
        "idle_ns",
        "left",
        "looked",
        "measured",
        "parts",
        "reported",
        "rows",
        "shapes",
        "sights",
        "sites",
        "tables",
        "taken",
        "track",
        "turns",
    )

    def __init__(self, ident: int = 0) -> None:
        """`ident`: of the thread that calls, as `_thread.get_ident` has it; 0 for a buffer of no thread."""
        self.ident = ident
        #: The clock of the processor's time that the thread uses; -1 if there is none. It may be read when the thread
        #: has ended, but only a living thread may be asked for it.
        self.clock = _cpu_clock(ident)
        self.rows: list[int] = []
        self.parts: list[Any] = []
        #: How many rows have ever been taken out of it.
        self.taken = 0
        #: How many rows there had been in all when the thread was looked at last; and where it was seen since the last
        #: of them, the newest last (sampling.py).
        self.looked = -1
        self.sights: list[Sight] = []
        #: How many rows there had been in all when the thread's clock was read last, when that was, and what it said.
        self.measured = -1, 0, 0
        #: Up to when it has been idle without interruption, -1 if it is not; and when it began to be (1), or not to be
        #: any longer (0), not yet told.
        self.idle_ns = -1
        self.turns: list[tuple[int, int]] = []
        #: The thread's own track.
        self.track = -1
        #: The file already contains the spawn of the thread's track.
        self.reported = False
        #: The thread has ended: nothing will be added.
        self.closed = False
        #: Shapes that hooks know by the place they are about: id(code) + offset. Of living code objects no two have the
        #: same sum, since the instructions lie inside the object.
        self.shapes: dict[int, int] = {}
        #: All tables of such a kind, a runtime's own among them: cleared where they grow too large.
        self.tables = [self.shapes]
        #: The same of generators, see shapes.py.
        self.sites: dict[int, Any] = {}
        #: What was stored before, by what tells it from others: its shape (NEW: not yet made), and its code.
        self._met: dict[tuple[Any, ...], tuple[int, Any]] = {}
        #: Greenlet's trace function: ours, and the program's own behind it.
        self.hook: Any = None
        self.chained: Any = None
        #: Track of a greenlet that has just been entered for the first time, its function not yet known; else -1.
        self.entering = -1
        #: How the function of the greenlet that is about to end left: (outcome, value); from 3.12 on, else None.
        self.left: tuple[str, Any] | None = None

    def shape(self, t_ns: int, *events: tuple[Any, ...]) -> int:
        """Write a new shape to the file, and return its number.

        `events`: what it stands for, each (line function, a, b, value, code, offset).
        """
        if sum(map(len, self.tables)) > _MOST_SHAPES:
            for table in self.tables:
                table.clear()
        number = _new_shape()
        self.store((shape_line, t_ns, number, events, None, None, 0))
        return number

    def again(self, key: tuple[Any, ...], code: Any = None) -> int | None:
        """The shape of what is stored under `key`, if it has one; None the first time, and NEW the second.

        `code`, or whatever has it, is kept alive, so that its id may stand in the key.
        """
        known = self._met.get(key)
        if known is None:
            if len(self._met) >= _MOST_SHAPES:
                self._met.clear()
            self._met[key] = NEW, code
            return None
        return known[0]

    def learn(self, key: tuple[Any, ...], t_ns: int, *events: tuple[Any, ...]) -> int:
        """Make the shape for a `key` that `again` called NEW, and return it."""
        number = self.shape(t_ns, *events)
        self._met[key] = number, self._met[key][1]
        return number

    def begin_again(self, track: int) -> None:
        """In a forked child: what is stored is the parent's to write, and the thread has another track.

        The shapes stand in the file, and hold for the child too. Not those that may name a track: these go by `_met`.
        """
        del self.rows[:], self.parts[:]
        self._met.clear()
        self.sights, self.turns = [], []
        self.taken, self.looked = 0, -1
        self.measured, self.idle_ns, self.clock = (-1, 0, 0), -1, _cpu_clock(self.ident)
        self.track = track
        self.reported = False

    def store(self, parts: Parts) -> None:
        """Store one event with all its parts."""
        # The parts first, so that a row that is found has its parts.
        self.parts.extend(parts)
        self.rows.extend((parts[1], PARTS, 0))

    def stored_until(self, t_ns: int) -> int:
        """How many of the rows are of that time or an earlier one."""
        rows = self.rows
        return bisect_right(range(len(rows) // ROW), t_ns, key=lambda row: rows[row * ROW])


class Taken:
    """What a flush took from the buffer of a thread, and how much of it is written."""

    __slots__ = ("at", "buffer", "parts", "parts_at", "rows", "times", "tracks")

    def __init__(self, buffer: Buffer, rows: list[int], parts: list[Any]) -> None:
        self.buffer = buffer
        self.rows = rows
        self.times = rows[::ROW]
        self.tracks = rows[1::ROW]
        self.parts = parts
        self.at = 0
        self.parts_at = 0

    def next_parts(self, until: int) -> int:
        """The first row from `at` on that stands for an event with parts; `until` if there is none before it."""
        try:
            return self.tracks.index(PARTS, self.at, until)
        except ValueError:
            return until


def take(buffer: Buffer, most: int) -> Taken | None:
    """Take up to `most` rows out of a buffer; None if there is nothing to take."""
    count = min(most, len(buffer.rows) // ROW)
    if count <= 0:
        return None
    # A slice and a deletion of the same length: a hook that stores between the two only adds after them.
    rows = buffer.rows[: count * ROW]
    del buffer.rows[: count * ROW]
    references = rows[1::ROW].count(PARTS) * STRIDE
    parts = buffer.parts[:references]
    del buffer.parts[:references]
    buffer.taken += count
    return Taken(buffer, rows, parts)


def in_order(batch: list[Taken]) -> Iterator[tuple[Taken, int]]:
    """The rows of several threads in order of time, as runs of rows of one thread: (what was taken, up to which row).

    The caller moves `at` up to there before asking for the next.
    """
    rest = [taken for taken in batch if taken.at < len(taken.times)]
    while len(rest) > 1:
        rest.sort(key=lambda taken: taken.times[taken.at])
        first, second = rest[:2]
        yield first, bisect_right(first.times, second.times[second.at], first.at + 1)
        if first.at == len(first.times):
            del rest[0]
    for taken in rest:
        yield taken, len(taken.times)
