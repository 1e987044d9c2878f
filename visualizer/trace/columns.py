"""Lines as columns: what a switch, a wait, a wake, a resumption and a yield say, as numbers beside one another.

A program of a million switches has a hundred kinds of them. A *template* is such a kind: the line without its time, its
track, and what else differs from one to the next. A *flat* is many lines in order: their templates, and the rest as
columns of numpy. Between them stand the lines by which tracks begin and end: of those the flat has what concerns the
lines around them, and the line itself is kept, with the names that are given right after it.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from visualizer.trace import words
from visualizer.trace.events import (
    Event,
    Exit,
    Name,
    Resume,
    Rows,
    Shape,
    Spawn,
    Switch,
    Timed,
    Unready,
    Wait,
    Wake,
    Yield,
)

Column = npt.NDArray[Any]

SWITCH, WAIT, WAKE, UNREADY, RESUME, YIELD, SPAWN, EXIT = range(8)
#: Kinds of lines that say who runs, who is ready and who waits. These can be flattened, and so can Spawn and Exit.
FLAT = frozenset((Switch, Wait, Wake, Unready, Resume, Yield))


class Lifecycle(NamedTuple):
    """A line by which a track begins or ends, and those behind it, before the next such line, by which one is named."""

    line: Spawn | Exit
    names: list[Name]



#: A row: three integers of 64 bits.
ROW_BYTES = 24
_BLANK = bytes(ROW_BYTES)
#: As for the numbers of other lines (events.Int); a damaged line may hold anything.
_LARGEST = 2**61
_LARGEST_ID = 2**31 - 1
#: So many shapes may a trace have.
_MOST_SHAPES = 1 << 22
#: Stands for what the template has.
_AS_THERE = -9
_LEFT_OUT = -7


class Template(NamedTuple):
    """What lines of a kind share. `a`, `b`, `value`: as in `Flat`, or words.SUBJECT for the row's track.

    `text` is the cause, or the reason of a wait; `rest` what else a wait says.
    """

    kind: int
    a: int
    b: int
    value: int
    text: str
    place: int
    rest: tuple[Any, ...] = ()


class Flat(NamedTuple):
    """Many lines. `template`: its number in `Flattening.templates`; `kind` is that of the template.

    a: the target, or the track; b: the origin, the waker, or the creator; value: the value's text id, the time that a
    wait asked for, in ns, or a number in `Flattening.lifecycle`. -2 in a or b: the current track.
    """

    t_ns: Column
    kind: Column
    template: Column
    a: Column
    b: Column
    value: Column

    def part(self, start: int, end: int) -> Flat:
        return Flat(*(column[start:end] for column in self))


class Flattening:
    """Makes flats of one trace's lines. `unknown` counts rows whose shape was not told, or that are damaged."""

    def __init__(self) -> None:
        self.unknown = 0
        self.templates: list[Template] = []
        #: Of those that `take` gave last, in order.
        self.lifecycle: list[Lifecycle] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._start_ns = 0
        #: What stands for what: where in `_sequence` its templates begin, and how many it has.
        self._first = array("i")
        self._count = array("i")
        self._sequence = array("i")
        #: The number of that by its templates; by a line; and by a shape, of those in the file.
        self._series: dict[tuple[int, ...], int] = {}
        self._singles: dict[tuple[Any, ...], int] = {}
        self._shapes: dict[int, int] = {}
        self._of_file = np.full(0, -1, dtype=np.int64)
        #: Whether anything stands for several templates, or none.
        self._several = False
        #: The first four fields of each template.
        self._fields = array("i"), array("i"), array("i"), array("q")
        self._begin()

    def begin(self, start_ns: int) -> None:
        """Rows hold times of the watched process's clock; `start_ns` is its zero, from the header."""
        self._start_ns = start_ns

    def _begin(self) -> None:
        #: Rows, and a blank one for each line; which of them these are.
        self._packed: list[bytes] = []
        self._rows = 0
        self._places = array("q")
        #: What the lines say: time, a, what it stands for, b, value.
        self._said = array("q"), array("q"), array("q"), array("q"), array("q")
        self._lifecycle: list[Lifecycle] = []

    # What arrives.

    def learn(self, shape: Shape) -> None:
        """Take in what rows of this shape stand for."""
        if not 0 <= shape.id < _MOST_SHAPES:
            return
        number = self._shapes[shape.id] = self._stand(tuple([self._number(_fields(event)) for event in shape.events]))
        if shape.id >= len(self._of_file):
            more = np.full(max(64, 2 * shape.id) - len(self._of_file), -1, dtype=np.int64)
            self._of_file = np.concatenate((self._of_file, more))
        self._of_file[shape.id] = number

    def _stand(self, templates: tuple[int, ...]) -> int:
        number = self._series.get(templates)
        if number is None:
            number = self._series[templates] = len(self._first)
            self._first.append(len(self._sequence))
            self._count.append(len(templates))
            self._sequence.extend(templates)
            self._several |= len(templates) != 1
        return number

    def _number(self, fields: tuple[Any, ...]) -> int:
        """That of the template with these fields."""
        number = self._numbers.get(fields)
        if number is None:
            number = self._numbers[fields] = len(self.templates)
            self.templates.append(Template(*fields))
            for column, field in zip(self._fields, fields[:4], strict=True):
                column.append(field)
        return number

    def add(self, lines: Iterable[Any]) -> list[Name]:
        """Add lines of FLAT, rows, and lines by which tracks begin, end and are named. Return the ones that name tracks
        and stand before any that begins here: they are about others."""
        packed, places, lifecycle = self._packed, self._places, self._lifecycle
        say_time, say_a, say_single, say_b, say_value = [column.append for column in self._said]
        rows, singles = self._rows, self._singles
        names: list[Name] = []
        for line in lines:
            kind = type(line)
            key: tuple[Any, ...]
            if kind is Rows:
                count, rest = divmod(len(line.packed), ROW_BYTES)
                self.unknown += rest > 0
                packed.append(line.packed[:-rest] if rest else line.packed)
                rows += count
                continue
            if kind is Switch:
                a, b, value = line.target, line.origin, line.value
                key = SWITCH, line.cause, line.place
            elif kind is Resume:
                a, b, value = line.track, words.CURRENT, line.value
                key = RESUME, line.cause, line.place
            elif kind is Yield:
                a, b, value = line.track, _LEFT_OUT, line.value
                key = YIELD, words.YIELD, line.place
            elif kind is Spawn or kind is Exit:
                a, b, value = line.track, line.creator if kind is Spawn else _LEFT_OUT, len(lifecycle)
                key = SPAWN if kind is Spawn else EXIT, "", -1
                lifecycle.append(Lifecycle(line, []))
            elif kind is Name:
                (lifecycle[-1].names if lifecycle else names).append(line)
                continue
            elif kind is Wake:
                a, b, value = line.track, line.waker, _LEFT_OUT
                key = WAKE, line.cause, -1
            elif kind is Wait:
                a, b, value = line.track, _LEFT_OUT, line.asked_ns
                key = WAIT, line.reason, -1, line.on, line.object, line.fd, line.direction, line.local, line.peer
            else:
                a, b, value = line.track, _LEFT_OUT, _LEFT_OUT
                key = UNREADY, "", -1
            single = singles.get(key)
            if single is None:
                fields = key[0], words.SUBJECT, _AS_THERE, _AS_THERE, key[1], key[2], key[3:]
                single = singles[key] = self._stand((self._number(fields),))
            packed.append(_BLANK)
            places.append(rows)
            say_time(line.t_ns)
            say_a(a)
            say_single(single)
            say_b(b)
            say_value(value)
            rows += 1
        self._rows = rows
        return names

    # What has been added.

    def take(self) -> Flat | None:
        """All that was added since the last time; None if that is nothing."""
        if not self._rows:
            return None
        (t_ns, subject, series), known = self._merged()
        places, of_lines, values = (
            np.frombuffer(column, dtype=np.int64) for column in (self._places, *self._said[3:])
        )
        self.lifecycle = self._lifecycle
        self._begin()
        first, count, sequence = (
            np.frombuffer(column, dtype=np.int32) for column in (self._first, self._count, self._sequence)
        )
        if known is not None:
            t_ns, subject, series = t_ns[known], subject[known], series[known]
            places = (np.cumsum(known) - 1)[places]
        if not len(series):
            return None
        if self._several:
            counts = count.take(series)
            begins = np.cumsum(counts) - counts
            row = np.repeat(np.arange(len(series)), counts)
            number = sequence.take((first.take(series) - begins).take(row) + np.arange(len(row))).astype(np.int64)
            t_ns, subject, places = t_ns.take(row), subject.take(row), begins.take(places)
        else:
            number = sequence.take(first).astype(np.int64).take(series)
        kinds, of_a, of_b = (np.frombuffer(column, dtype=np.int32) for column in self._fields[:3])
        value = np.frombuffer(self._fields[3], dtype=np.int64).take(number)
        a = subject if (of_a == words.SUBJECT).all() else _told(of_a.take(number), subject)
        b = _told(of_b.take(number), subject) if (of_b == words.SUBJECT).any() else of_b.take(number)
        b[places], value[places] = of_lines, values
        return Flat(t_ns, kinds.take(number), number, a, b, value)

    def _merged(self) -> tuple[tuple[Column, Column, Column], Column | None]:
        """Time, track, and what it stands for, of each row and line; and which of them are known, if not all are."""
        t_ns, track, shape = np.ascontiguousarray(
            np.frombuffer(b"".join(self._packed), dtype="<i8").reshape(-1, 3).T, dtype=np.int64
        )
        damaged = (
            (shape < 0) | (shape >= len(self._of_file))
            if _beyond(shape, 0, len(self._of_file) - 1)
            or _beyond(track, -_LARGEST_ID, _LARGEST_ID)
            or _beyond(t_ns, -_LARGEST, _LARGEST)
            else None
        )
        if damaged is None:
            series = self._of_file.take(shape)
        else:
            series = np.full(len(shape), -1, dtype=np.int64)
            series[~damaged] = self._of_file[shape[~damaged]]
            damaged = (np.abs(track) > _LARGEST_ID) | (t_ns < -_LARGEST) | (t_ns > _LARGEST)
            series[damaged] = -1
        merged = t_ns - self._start_ns, track.astype(np.int32), series
        places = np.frombuffer(self._places, dtype=np.int64)
        for column, said in zip(merged, self._said, strict=False):
            column[places] = np.frombuffer(said, dtype=np.int64)
        known = None
        if len(series) and int(series.min()) < 0:
            known = series >= 0
            self.unknown += len(known) - int(known.sum())
        return merged, known

    def time_of(self, line: Any) -> tuple[int, int]:
        """When the first and the last happened of what a line of FLAT, or rows, tell."""
        if type(line) is not Rows:
            return line.t_ns, line.t_ns
        count = len(line.packed) // ROW_BYTES
        if not count:
            return -_LARGEST, -_LARGEST
        first, last = (struct.unpack_from("<q", line.packed, at)[0] for at in (0, (count - 1) * ROW_BYTES))
        return first - self._start_ns, last - self._start_ns

    def events(self, flat: Flat) -> Iterator[Event]:
        """The lines themselves."""
        columns = (column.tolist() for column in (flat.t_ns, flat.template, flat.a, flat.b, flat.value))
        for t_ns, number, a, b, value in zip(*columns, strict=True):
            template = self.templates[number]
            if template.kind < SPAWN:
                yield _event(template, t_ns, a, b, value)
            else:
                line, names = self.lifecycle[value]
                yield line
                yield from names

    def events_of(self, rows: Rows) -> Iterator[Event]:
        """What these rows stand for, without a flat: the fastest way for a few."""
        packed, shapes, start_ns, templates = rows.packed, self._shapes, self._start_ns, self.templates
        count, rest = divmod(len(packed), ROW_BYTES)
        self.unknown += bool(rest)
        for t_ns, track, number in struct.iter_unpack("<3q", packed[: count * ROW_BYTES]):
            shape = shapes.get(number)
            if shape is None or not _is_possible(t_ns, track):
                self.unknown += 1
                continue
            first = self._first[shape]
            for at in self._sequence[first : first + self._count[shape]]:
                template = templates[at]
                a = track if template.a == words.SUBJECT else template.a
                b = track if template.b == words.SUBJECT else template.b
                yield _event(template, t_ns - start_ns, a, b, template.value)


def _is_possible(t_ns: int, track: int) -> bool:
    return -_LARGEST <= t_ns <= _LARGEST and -_LARGEST_ID <= track <= _LARGEST_ID


def _event(template: Template, t_ns: int, a: int, b: int, value: int) -> Event:
    kind, _, _, _, text, place, rest = template
    if kind == SWITCH:
        return Switch(t_ns, b, a, text, value, place)
    if kind == WAKE:
        return Wake(t_ns, a, b, text)
    if kind == WAIT:
        on, thing, fd, direction, local, peer = rest
        return Wait(t_ns, a, text, on, value, thing, fd, direction, local, peer)
    if kind == RESUME:
        return Resume(t_ns, a, text, value, place)
    if kind == YIELD:
        return Yield(t_ns, a, value, place)
    return Unready(t_ns, a)


def _fields(event: Timed) -> tuple[Any, ...]:
    """Those of the template of an event of a shape."""
    if isinstance(event, Switch):
        return SWITCH, event.target, event.origin, event.value, event.cause, event.place, ()
    if isinstance(event, Wake):
        return WAKE, event.track, event.waker, _LEFT_OUT, event.cause, -1, ()
    if isinstance(event, Wait):
        rest = event.on, event.object, event.fd, event.direction, event.local, event.peer
        return WAIT, event.track, _LEFT_OUT, event.asked_ns, event.reason, -1, rest
    if isinstance(event, Resume):
        return RESUME, event.track, words.CURRENT, event.value, event.cause, event.place, ()
    if isinstance(event, Yield):
        return YIELD, event.track, _LEFT_OUT, event.value, words.YIELD, event.place, ()
    return UNREADY, event.track, _LEFT_OUT, _LEFT_OUT, "", -1, ()


def _told(column: Column, subject: Column) -> Column:
    """The same with the row's track where it belongs."""
    return np.where(column == words.SUBJECT, subject, column)


def _beyond(column: Column, least: int, most: int) -> bool:
    return len(column) > 0 and (int(column.min()) < least or int(column.max()) > most)
