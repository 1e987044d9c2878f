"""Lines as columns: what each event says, as numbers beside one another.

A program of a million switches has a hundred kinds of them. A *template* is such a kind: the line without its time, its
track, and what else differs from one to the next. Columns are many lines in order: their templates, and the rest as
numpy arrays. A line that says more than numbers can is kept beside them.
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
    Fork,
    Name,
    Poll,
    Resume,
    Rows,
    Sample,
    Shape,
    Spawn,
    Switch,
    Thread,
    Timed,
    Unready,
    Wait,
    Wake,
    Yield,
)

Column = npt.NDArray[Any]

#: Kinds of lines. BEGIN: the spawn of a thread. NOTED: any that is kept and says nothing of who runs.
SWITCH, WAIT, WAKE, UNREADY, RESUME, YIELD, SPAWN, EXIT, BEGIN, THREAD, POLL, SAMPLE, NOTED = range(13)
#: Lines that rows can stand for.
FLAT = frozenset((Switch, Wait, Wake, Unready, Resume, Yield))

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
#: Of lines that say no time, or one that nothing happened at.
_NO_TIME = -1


class Template(NamedTuple):
    """What lines of a kind share. `a`, `b`, `value`: as in `Columns`, or words.SUBJECT for the row's track.

    `text` is the cause, or the reason of a wait; `rest` what else a wait says.
    """

    kind: int
    a: int
    b: int
    value: int
    text: str
    place: int
    rest: tuple[Any, ...] = ()


class Columns(NamedTuple):
    """Many lines. `template`: its number in `Columnizer.templates`; `kind` is that of the template.

    a: the target, or the track; b: the origin, the waker, or the creator; value: the value's text id, the time that a
    wait asked for, in ns, whether a poll begins, or a number in `kept`. -2 in a or b: the current track.
    """

    t_ns: Column
    kind: Column
    template: Column
    a: Column
    b: Column
    value: Column
    kept: list[Any]


class Columnizer:
    """Makes columns of one trace's lines. `unknown` counts rows whose shape was not told, or that are damaged."""

    def __init__(self) -> None:
        self.unknown = 0
        self.templates: list[Template] = []
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
        self.count = 0
        self._places = array("q")
        #: What the lines say: time, a, what it stands for, b, value.
        self._said = array("q"), array("q"), array("q"), array("q"), array("q")
        self._kept: list[Any] = []

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

    def add(self, lines: Iterable[Any]) -> None:
        """Add lines, other than shapes. `count` grows by one for each row and line."""
        packed, places, kept = self._packed, self._places, self._kept
        say_time, say_a, say_single, say_b, say_value = [column.append for column in self._said]
        rows, singles = self.count, self._singles
        for line in lines:
            kind = type(line)
            key: tuple[Any, ...]
            if kind is Resume:
                t_ns, a, b, value = line.t_ns, line.track, words.CURRENT, line.value
                key = RESUME, line.cause, line.place
            elif kind is Yield:
                t_ns, a, b, value = line.t_ns, line.track, _LEFT_OUT, line.value
                key = YIELD, words.YIELD, line.place
            elif kind is Rows:
                count, rest = divmod(len(line.packed), ROW_BYTES)
                self.unknown += rest > 0
                packed.append(line.packed[:-rest] if rest else line.packed)
                rows += count
                continue
            elif kind is Switch:
                t_ns, a, b, value = line.t_ns, line.target, line.origin, line.value
                key = SWITCH, line.cause, line.place
            elif kind is Wake:
                t_ns, a, b, value = line.t_ns, line.track, line.waker, _LEFT_OUT
                key = WAKE, line.cause, -1
            elif kind is Wait:
                t_ns, a, b, value = line.t_ns, line.track, _LEFT_OUT, line.asked_ns
                key = WAIT, line.reason, -1, line.on, line.object, line.fd, line.direction, line.local, line.peer
            elif kind is Unready:
                t_ns, a, b, value = line.t_ns, line.track, _LEFT_OUT, _LEFT_OUT
                key = UNREADY, "", -1
            elif kind is Spawn or kind is Exit:
                t_ns, a, b, value = line.t_ns, line.track, line.creator if kind is Spawn else _LEFT_OUT, len(kept)
                key = (EXIT if kind is Exit else BEGIN if line.kind == words.THREAD else SPAWN), "", -1
                kept.append(line)
            elif kind is Thread:
                t_ns, a, b, value = _NO_TIME, line.track, _LEFT_OUT, _LEFT_OUT
                key = THREAD, "", -1
            elif kind is Poll:
                t_ns, a, b, value = line.t_ns, line.track, _LEFT_OUT, line.polling != 0
                key = POLL, "", -1
            elif kind is Sample:
                t_ns, a, b, value = line.t_ns, line.track, _LEFT_OUT, len(kept)
                key = SAMPLE, "", -1
                kept.append(line)
            else:
                t_ns, a, b, value = (_NO_TIME if kind is Name else line.t_ns), 0, words.CURRENT, len(kept)
                key = NOTED, "", -1
                kept.append(line)
            single = singles.get(key)
            if single is None:
                fields = key[0], words.SUBJECT, _AS_THERE, _AS_THERE, key[1], key[2], key[3:]
                single = singles[key] = self._stand((self._number(fields),))
            packed.append(_BLANK)
            places.append(rows)
            say_time(t_ns)
            say_a(a)
            say_single(single)
            say_b(b)
            say_value(value)
            rows += 1
        self.count = rows

    def interleaved(self, strips: Iterable[tuple[int, Iterable[Any]]]) -> Columns | None:
        """The columns of what several threads did, rows and lines of FLAT, in order of time; a THREAD wherever another
        one goes on. What happened at the same time stands in the order of the threads."""
        parts, threads = [], []
        for thread, lines in sorted(strips, key=lambda strip: strip[0]):
            self.add(lines)
            columns = self.take()
            if columns is not None:
                parts.append(columns)
                threads.append(thread)
        if not parts:
            return None
        # Within a thread the order is that of its lines.
        order = np.concatenate([np.maximum.accumulate(part.t_ns) for part in parts]).argsort(kind="stable")
        thread = np.repeat(np.array(threads, dtype=np.int32), [len(part.t_ns) for part in parts])[order]
        merged = [np.concatenate(column)[order] for column in zip(*[part[:6] for part in parts], strict=True)]
        begins = np.flatnonzero(np.concatenate(([True], thread[1:] != thread[:-1])))
        single = self._number((THREAD, words.SUBJECT, _AS_THERE, _AS_THERE, "", -1, ()))
        told = _NO_TIME, THREAD, single, thread[begins], _LEFT_OUT, _LEFT_OUT
        return Columns(*(np.insert(column, begins, what) for column, what in zip(merged, told, strict=True)), [])

    # What has been added.

    def take(self) -> Columns | None:
        """All that was added since the last time; None if that is nothing."""
        if not self.count:
            return None
        (t_ns, subject, series), known = self._merged()
        places, of_lines, values = (
            np.frombuffer(column, dtype=np.int64) for column in (self._places, *self._said[3:])
        )
        kept = self._kept
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
        return Columns(t_ns, kinds.astype(np.uint8).take(number), number, a, b, value, kept)

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

    def events_of(self, rows: Rows) -> Iterator[Event]:
        """What these rows stand for, one event at a time."""
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
