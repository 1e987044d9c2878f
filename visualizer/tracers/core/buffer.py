"""What the hooks of one OS thread have stored, and the flush has not taken yet.

An event is stored in one of two ways:

* as a *row* of three integers in `rows`: its time, a track, and the number of a *shape*. A shape is an event without
  its time and track, told to the file once; a hook that meets the same again stores three integers, and neither it nor
  the flush does more. This is the seam for the recorder in C: it stores the same three.
* with all its parts: seven references in `parts`, and in `rows` a row that holds its place among the others (its track
  is `PARTS`).

Both are flat: no tuple is left for the cyclic garbage collector to walk.
"""

from __future__ import annotations

import time
from itertools import count

from visualizer.trace.words import (
    CURRENT,
    FUTURE_NAME,
    LARGEST_NUMBER,
    LARGEST_TRACK,
    RETURNED,
    SUBJECT,
    TRACK_NAME,
    ZERO_FUTURE,
    ZERO_TEXT,
    ZERO_TRACK,
)
from visualizer.tracers.core import lines
from visualizer.tracers.core.rows import PARTS, ROW
from visualizer.tracers.core.run_queue import RunQueue
from visualizer.tracers.core.values import show, shown_type, shown_types

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.api import Parts
    from visualizer.tracers.core.rows import Rows
    from visualizer.tracers.core.string_table import Interning

    #: What calls which generator function: its code; the caller's, the instruction, and the one that follows.
    Making = tuple[CodeType, CodeType, int, int]

#: References an event takes in `parts`.
STRIDE = 7
#: In place of the number of a shape: the shape is to be made now.
NEW = -1
#: The number of a text of its own stands in a row above that of its shape, from this bit on.
VALUE_BIT = 32
#: What is told by a number behind a name: that, the id of the text with 0, and up to which number.
_NUMBERED = (FUTURE_NAME, ZERO_FUTURE, LARGEST_NUMBER), (TRACK_NAME, ZERO_TRACK, LARGEST_TRACK)
#: What a number is added to, from that bit on, in a row that says it.
NUMBER_0 = ZERO_TEXT + 1 << VALUE_BIT

#: What is seen repeatedly is stored with a count: after one, two, four, ... times, and at most this many.
_MOST_UNREPORTED = 40
#: At most this many shapes are known, so that memory does not grow with the trace, or with code that a program makes.
_MOST_SHAPES = 8192
#: Not on every system.
_clock_of: Callable[[int], int] | None = getattr(time, "pthread_getcpuclockid", None)
#: Give the next shape, and the next text, its number (ids.py).
_new_shape: Callable[[], int] = count().__next__
_new_text: Callable[[], int] = count().__next__


def number_by(shape: Callable[[], int], text: Callable[[], int]) -> None:
    """Have these give the next shapes and texts their numbers."""
    global _new_shape, _new_text
    _new_shape, _new_text = shape, text


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
    """Where a thread was seen, several times in a row with nothing in between: `count` times that are not told yet.

    `at`, and `called`, where the function it was in was called: code and offset.
    """

    __slots__ = ("at", "called", "count", "reported", "t_ns")

    def __init__(self, at: tuple[CodeType, int], called: tuple[CodeType, int] | None) -> None:
        self.at = at
        self.called = called
        self.t_ns = 0
        self.count = self.reported = 0

    def is_of(self, *seen: tuple[CodeType, int] | None) -> bool:
        return seen == (self.at, self.called)

    @property
    def is_due(self) -> bool:
        return self.count >= min(self.reported, _MOST_UNREPORTED)

    def report(self) -> Parts:
        """The event that tells of all that is not told yet."""
        count, self.count = self.count, 0
        self.reported += count
        return lines.sample, self.t_ns, CURRENT, count, self.called, *self.at


def idle_turn(t_ns: int, is_idle: int) -> Parts:
    """The event that tells since when a thread is idle (1), or not any longer (0)."""
    return lines.idle, t_ns, CURRENT, is_idle, None, None, 0


class Met:
    """The shapes of what was met before, by a key that tells it from others.

    Of what was met once only the hash of its key is kept. Keys may hold the numbers of tracks, which are new with each
    greenlet: a tuple for each of them would look like a leak to who counts the objects of the garbage collector.
    """

    __slots__ = ("_once", "_shapes")

    def __init__(self) -> None:
        self._once: set[int] = set()
        #: By key: the shape (NEW: not yet made), and what is kept.
        self._shapes: dict[tuple[Any, ...], tuple[int, Any]] = {}

    def known(self, key: tuple[Any, ...]) -> int | None:
        """The shape of what is stored under `key`, if it has one; what is asked for is not remembered."""
        known = self._shapes.get(key)
        return None if known is None else known[0]

    def again(self, key: tuple[Any, ...], kept: Any = None) -> int | None:
        """The shape of what is stored under `key`, if it has one; None the first time, and NEW the second.

        `kept` is kept alive from then on, so that its id may stand in the key.
        """
        known = self._shapes.get(key)
        if known is not None:
            return known[0]
        hashed = hash(key)
        if hashed not in self._once:
            if len(self._once) >= _MOST_SHAPES:
                self._once.clear()
            self._once.add(hashed)
            return None
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        self._shapes[key] = NEW, kept
        return NEW

    def learned(self, key: tuple[Any, ...], number: int) -> int:
        """`number` is the shape of what is stored under a `key` that `again` called NEW."""
        self._shapes[key] = number, self._shapes[key][1]
        return number

    def forget(self) -> None:
        self._once.clear()
        self._shapes.clear()


class Buffer(Met):
    """The events of one thread. Hooks that run in that thread add to it; the flush takes from the other end."""

    __slots__ = (
        "_texts",
        "asked",
        "asking",
        "chained",
        "clock",
        "closed",
        "ended",
        "entering",
        "handed",
        "held",
        "hook",
        "ident",
        "idle_ns",
        "kinds",
        "left",
        "looked",
        "makers",
        "measured",
        "onward",
        "parts",
        "reported",
        "rows",
        "run_queue",
        "runs",
        "shapes",
        "sights",
        "sites",
        "tables",
        "taken",
        "track",
        "turns",
        "unused_ns",
        "used_ns",
        "wakes",
    )

    def __init__(self, rows: Rows, new_table: Callable[[], dict[int, Any]] = dict, ident: int = 0) -> None:
        """`rows`, `new_table`: those of the stream. `ident`: of the thread that calls, as `_thread.get_ident` has it; 0
        for a buffer of no thread.
        """
        super().__init__()
        self.ident = ident
        #: The clock of the processor's time that the thread uses; -1 if there is none. It may be read when the thread
        #: has ended, but only a living thread may be asked for it.
        self.clock = _cpu_clock(ident)
        self.rows = rows
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
        #: Since when it may be idle, if the next look finds it so, too; else -1.
        self.unused_ns = -1
        self.turns: list[tuple[int, int]] = []
        #: Of the main thread, and of those that run a hub or loop.
        self.run_queue: RunQueue | None = None
        #: The thread's own track.
        self.track = -1
        #: The locks of C's that the thread has, in the order in which it took them.
        self.held: list[Any] = []
        #: The file already contains the spawn of the thread's track.
        self.reported = False
        #: How much of the processor's time it had used when it ended; -1 before that.
        self.used_ns = -1
        #: The thread has ended: nothing will be added.
        self.closed = False
        #: Shapes that hooks know by the place they are about: id(code) + offset. Of living code objects no two have the
        #: same sum, since the instructions lie inside the object.
        self.shapes: dict[int, int] = new_table()
        #: Places where a value is handed over: the shape of rows that say it, which local variable has it ("" if none
        #: does), and how it is worked out.
        self.handed: dict[int, tuple[int, str, Any]] = new_table()
        #: Places that call a generator function: the shape of its spawn, and what is known of the call. Where it is not
        #: seen who makes generators, the same of their code: itself, where it returns and begins (identity.py).
        self.makers: dict[int, tuple[int, Any]] = new_table()
        #: The shape of the end of what returns None; -1 until it is made.
        self.ended = -1
        #: All tables of such a kind, a runtime's own among them: cleared where they grow too large.
        self.tables: list[dict[int, Any]] = [self.shapes, self.handed, self.makers]
        #: Shapes of wakes, by who is woken by whom and why, as the recorder in C numbers that.
        self.wakes: dict[int, Any] = new_table()
        #: Longer shapes, which name a loop, of what begins like others, by these.
        self.onward: dict[int, int] = new_table()
        #: The same of generators, see shapes.py.
        self.sites: dict[int, Any] = new_table()
        #: Calls of select that the thread has made before: see threads/asked.py.
        self.asked: dict[tuple[Any, ...], Any] = {}
        self.asking: tuple[Any, ...] | None = None
        #: What rows say by a text of their own, as it stands in them.
        self._texts: dict[str, int] = {}
        #: The same of values that are told by their type alone, by its name; of booleans; and of tuples of such.
        self.kinds: dict[str | bool | tuple[str | bool | None, ...], int] = {}
        #: Greenlet's trace function: ours, and the program's own behind it.
        self.hook: Any = None
        self.chained: Any = None
        #: The id of the greenlet that was switched to last; 0 if none was yet. The recorder in C knows that itself.
        self.runs = 0
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

    def returned_nothing(self, t_ns: int) -> int:
        """The shape of the end of what returns None."""
        if self.ended < 0:
            self.ended = self.shape(t_ns, (lines.exited, SUBJECT, (RETURNED, None), None, None, 0))
        return self.ended

    def spawns(
        self, key: tuple[Any, ...], kept: Any, t_ns: int, track: int, about: Callable[[], tuple[str, str, int, int]],
        code: CodeType | None, offset: int,
    ) -> int | None:
        """Store the spawn of `track`, as a row from the second time on that one is stored under `key`. Return the shape
        of that, if it has one. `about` and the place, which `key` has to tell: as of `lines.spawn`. `kept`: as of
        `again`."""
        shape = self.again(key, kept)
        if shape is None:
            self.store((lines.spawn, t_ns, track, about(), lines.NO_VALUE, code, offset))
            return None
        if shape == NEW:
            shape = self.learn(key, t_ns, (lines.spawn, SUBJECT, about(), lines.NO_VALUE, code, offset))
        self.rows.extend((t_ns, track, shape))
        return shape

    def learn(self, key: tuple[Any, ...], t_ns: int, *events: tuple[Any, ...]) -> int:
        """Make the shape for a `key` that `again` called NEW, and return it."""
        return self.learned(key, self.shape(t_ns, *events))

    def said(self, t_ns: int, text: str) -> int:
        """What is added to the shape of a row that says `text`."""
        for name, zero, most in _NUMBERED:
            if text.startswith(name) and text[len(name) :].isdecimal():
                number = int(text[len(name) :])
                if number <= most and text == f"{name}{number}":
                    return zero + number + 1 << VALUE_BIT
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= _MOST_SHAPES:
                self._texts.clear()
            number = _new_text()
            self.store((lines.text, t_ns, number, text, None, None, 0))
            known = self._texts[text] = number + 1 << VALUE_BIT
        return known

    def tell_value(self, t_ns: int, value: Any) -> int:
        """What is added to the shape of a row that says `value`, once what is said of its kind is told; 0 of one that a
        row cannot say."""
        kind = type(value)
        if kind is int:
            return NUMBER_0 + (value << VALUE_BIT) if -LARGEST_NUMBER <= value <= LARGEST_NUMBER else 0
        known = value if kind is bool else shown_type(value)
        return self._tell_kind(t_ns, value, known) if known != "" else 0

    def tell_tuple(self, t_ns: int, value: Any) -> int:
        """The same of a tuple of what is told by its type alone, of booleans and None; 0 of anything else."""
        known = shown_types(value)
        return self._tell_kind(t_ns, value, known) if known else 0

    def _tell_kind(self, t_ns: int, value: Any, known: str | bool | tuple[str | bool | None, ...]) -> int:
        number = self.kinds.get(known, 0)
        if number == 0:
            if len(self.kinds) >= _MOST_SHAPES:
                self.kinds.clear()
            number = self.kinds[known] = self.said(t_ns, show(value))
        return number

    def begin_again(self, track: int) -> None:
        """In a forked child: what is stored is the parent's to write, and the thread has another track.

        The shapes stand in the file, and hold for the child too. Not those that may name a track, nor texts that may:
        these are forgotten.
        """
        self.rows.clear()
        del self.parts[:]
        self.forget()
        self._texts.clear()
        self.kinds.clear()
        self.onward.clear()
        self.wakes.clear()
        self.asked.clear()
        self.sights, self.turns = [], []
        self.taken, self.looked = 0, -1
        self.measured, self.idle_ns, self.unused_ns, self.clock = (-1, 0, 0), -1, -1, _cpu_clock(self.ident)
        self.track = track
        self.reported = False
        self.leave_queue()
        # Whoever has forked is the main thread.
        self.run_queue = RunQueue()

    def leave_queue(self) -> None:
        """Nobody asks any more how long this thread could have run."""
        if self.run_queue is not None:
            self.run_queue.close()

    def store(self, parts: Parts) -> None:
        """Store one event with all its parts."""
        row = parts[1], PARTS, 0
        # The parts first, so that a row that is found has its parts; and without a call, after which a signal's handler
        # may run, and raise.
        self.parts += parts
        self.rows += row

    @property
    def last_ns(self) -> int:
        """The time of the latest row, if it is still here; else before any time."""
        return self.rows[-ROW] if self.rows else -1

    def stored_until(self, t_ns: int) -> int:
        """How many of the rows are of that time or an earlier one."""
        return self.rows.until(t_ns, 0)


class Taken:
    """What a flush took from the buffer of a thread, and how much of it is written."""

    __slots__ = ("at", "buffer", "count", "parts", "parts_at", "rows")

    def __init__(self, buffer: Buffer, rows: Rows, parts: list[Any]) -> None:
        self.buffer = buffer
        self.rows = rows
        self.count = len(rows) // ROW
        self.parts = parts
        self.at = 0
        self.parts_at = 0

    @property
    def t_ns(self) -> int:
        """The time of the row that is next."""
        return self.rows[self.at * ROW]

    def is_parts(self) -> bool:
        """Whether the row that is next stands for an event with parts."""
        return self.rows[self.at * ROW + 1] == PARTS

    def next_parts(self, until: int) -> int:
        """The first row from `at` on that does; `until` if there is none before it."""
        return until if self.parts_at == len(self.parts) else self.rows.find(PARTS, self.at, until)


def take(buffer: Buffer, most: int) -> Taken | None:
    """Take up to `most` rows out of a buffer; None if there is nothing to take."""
    count = min(most, len(buffer.rows) // ROW)
    if count <= 0:
        return None
    rows = buffer.rows.take(count)
    # The parts of a row are there before it.
    references = rows.count_of(PARTS) * STRIDE if buffer.parts else 0
    parts = buffer.parts[:references]
    del buffer.parts[:references]
    buffer.taken += count
    return Taken(buffer, rows, parts)


def in_order(batch: list[Taken]) -> Iterator[tuple[Taken, int]]:
    """The rows of several threads in order of time, as runs of rows of one thread: (what was taken, up to which row).

    The caller moves `at` up to there before asking for the next.
    """
    rest = [taken for taken in batch if taken.at < taken.count]
    while len(rest) > 1:
        rest.sort(key=lambda taken: taken.t_ns)
        first, second = rest[:2]
        yield first, first.rows.until(second.t_ns, first.at + 1)
        if first.at == first.count:
            del rest[0]
    for taken in rest:
        yield taken, taken.count
