"""Lines as columns: what a switch, a wait, a wake, a resumption and a yield say, as numbers beside one another.

A program of a million switches has a hundred kinds of them. A *template* is such a kind: the line without its time, its
track, and what else differs from one to the next. A *flat* is many lines in order: their templates, and the rest as
columns of numpy.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from visualizer.trace import words
from visualizer.trace.events import Event, Resume, Rows, Shape, Switch, Timed, Unready, Wait, Wake, Yield

Column = npt.NDArray[Any]

SWITCH, WAIT, WAKE, UNREADY, RESUME, YIELD = range(6)
#: Kinds of lines that can be flattened.
FLAT = frozenset((Switch, Wait, Wake, Unready, Resume, Yield))

#: A row: three integers of 64 bits.
ROW_BYTES = 24
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

    a: the target, or the track; b: the origin, or the waker; value: the value's text id, or the time that a wait asked
    for, in ns. -2 in a or b: the current track.
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
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._start_ns = 0
        #: Number of a shape in the file -> number of its first template in `_sequence`, and how many it has.
        self._first = array("i")
        self._count = array("i")
        self._shapes: dict[int, int] = {}
        self._singles: dict[tuple[Any, ...], int] = {}
        self._sequence = array("i")
        self._of_file = np.full(0, -1, dtype=np.int64)
        #: The first four fields of each template.
        self._fields = array("i"), array("i"), array("i"), array("q")
        self._begin()

    def begin(self, start_ns: int) -> None:
        """Rows hold times of the watched process's clock; `start_ns` is its zero, from the header."""
        self._start_ns = start_ns

    def _begin(self) -> None:
        #: Rows, and how many lines had been added before those in each.
        self._packed: list[bytes] = []
        self._lines_before: list[int] = []
        self._t_ns: list[int] = []
        self._a: list[int] = []
        self._b: list[int] = []
        self._value: list[int] = []
        self._shape: list[int] = []

    # What arrives.

    def learn(self, shape: Shape) -> None:
        """Take in what rows of this shape stand for."""
        if not 0 <= shape.id < _MOST_SHAPES:
            return
        templates = [self._number(_template(event)) for event in shape.events]
        self._shapes[shape.id] = self._add(templates)
        if shape.id >= len(self._of_file):
            more = np.full(max(64, 2 * shape.id) - len(self._of_file), -1, dtype=np.int64)
            self._of_file = np.concatenate((self._of_file, more))
        self._of_file[shape.id] = self._shapes[shape.id]

    def _add(self, templates: list[int]) -> int:
        self._first.append(len(self._sequence))
        self._count.append(len(templates))
        self._sequence.extend(templates)
        return len(self._first) - 1

    def _number(self, template: Template) -> int:
        number = self._numbers.setdefault(template, len(self.templates))
        if number == len(self.templates):
            self.templates.append(template)
            for column, field in zip(self._fields, template[:4], strict=True):
                column.append(field)
        return number

    def add_rows(self, packed: bytes) -> None:
        """Add what these rows stand for."""
        rest = len(packed) % ROW_BYTES
        self.unknown += rest > 0
        self._packed.append(packed[:-rest] if rest else packed)
        self._lines_before.append(len(self._t_ns))

    def add(self, line: Any) -> None:
        """Add a line of one of FLAT."""
        kind = type(line)
        key: tuple[Any, ...]
        if kind is Switch:
            a, b, value = line.target, line.origin, line.value
            key = SWITCH, line.cause, line.place
        elif kind is Wake:
            a, b, value = line.track, line.waker, _LEFT_OUT
            key = WAKE, line.cause, -1
        elif kind is Wait:
            a, b, value = line.track, _LEFT_OUT, line.asked_ns
            key = WAIT, line.reason, -1, line.on, line.object, line.fd, line.direction, line.local, line.peer
        elif kind is Resume:
            a, b, value = line.track, words.CURRENT, line.value
            key = RESUME, line.cause, line.place
        elif kind is Yield:
            a, b, value = line.track, _LEFT_OUT, line.value
            key = YIELD, words.YIELD, line.place
        else:
            a, b, value = line.track, _LEFT_OUT, _LEFT_OUT
            key = UNREADY, "", -1
        shape = self._singles.get(key)
        if shape is None:
            template = Template(key[0], words.SUBJECT, _AS_THERE, _AS_THERE, key[1], key[2], key[3:])
            shape = self._singles[key] = self._add([self._number(template)])
        self._t_ns.append(line.t_ns)
        self._a.append(a)
        self._b.append(b)
        self._value.append(value)
        self._shape.append(shape)

    # What has been added.

    def take(self) -> Flat | None:
        """All that was added since the last time; None if that is nothing."""
        t_ns, subject, b, value, shape = self._merged()
        self._begin()
        if not len(shape):
            return None
        count = np.frombuffer(self._count, dtype=np.int32)[shape]
        first = np.frombuffer(self._first, dtype=np.int32)[shape]
        if int(count.max()) > 1 or int(count.min()) < 1:
            row = np.repeat(np.arange(len(shape)), count)
            inside = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
            place = first[row] + inside
            t_ns, subject, b, value = t_ns[row], subject[row], b[row], value[row]
        else:
            place = first
        number = np.frombuffer(self._sequence, dtype=np.int32)[place]
        kinds, of_a, of_b = (np.frombuffer(column, dtype=np.int32) for column in self._fields[:3])
        of_value = np.frombuffer(self._fields[3], dtype=np.int64)
        own_a, own_b, own_value = of_a[number], of_b[number], of_value[number]
        return Flat(
            t_ns, kinds[number], number,
            np.where(own_a == words.SUBJECT, subject, own_a),
            np.where(own_b == _AS_THERE, b, np.where(own_b == words.SUBJECT, subject, own_b)),
            np.where(own_value == _AS_THERE, value, own_value),
        )  # fmt: skip

    def _merged(self) -> tuple[Column, ...]:
        """Time, track, b, value and number of the shape of each row and line, in order."""
        columns = self._t_ns, self._a, self._b, self._value, self._shape
        kinds = np.int64, np.int32, np.int32, np.int64, np.int64
        lines = tuple(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True))
        rows, known = self._rows()
        if not len(self._t_ns):
            return rows if known.all() else tuple(column[known] for column in rows)
        counts = [len(packed) // ROW_BYTES for packed in self._packed]
        place = np.arange(len(known)) + np.repeat(np.array(self._lines_before, dtype=np.int64), counts)
        is_line = np.ones(len(known) + len(self._t_ns), dtype=bool)
        is_line[place] = False
        merged = tuple(np.empty(len(is_line), dtype=kind) for kind in kinds)
        for column, of_lines, of_rows in zip(merged, lines, rows, strict=True):
            column[is_line], column[place] = of_lines, of_rows
        if known.all():
            return merged
        is_line[place[known]] = True
        return tuple(column[is_line] for column in merged)

    def _rows(self) -> tuple[tuple[Column, ...], Column]:
        """The same of the rows alone, and which of them are known to stand for something."""
        numbers = np.frombuffer(b"".join(self._packed), dtype="<i8").reshape(-1, 3)
        t_ns, track, shape = numbers[:, 0], numbers[:, 1], numbers[:, 2]
        known = (shape >= 0) & (shape < len(self._of_file))
        ours = np.full(len(shape), -1, dtype=np.int64)
        ours[known] = self._of_file[shape[known]]
        known = (
            (ours >= 0) & (track >= -_LARGEST_ID) & (track <= _LARGEST_ID) & (t_ns >= -_LARGEST) & (t_ns <= _LARGEST)
        )
        self.unknown += len(known) - int(known.sum())
        nothing = np.full(len(known), _AS_THERE, dtype=np.int32)
        return (t_ns - self._start_ns, track.astype(np.int32), nothing, nothing, ours), known

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
            yield _event(self.templates[number], t_ns, a, b, value)

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


def _template(event: Timed) -> Template:
    """Of an event of a shape."""
    fields = msgspec.structs.asdict(event)
    text = fields.get("cause", fields.get("reason", ""))
    place = fields.get("place", -1)
    if isinstance(event, Switch):
        return Template(SWITCH, event.target, event.origin, event.value, text, place)
    if isinstance(event, Wake):
        return Template(WAKE, event.track, event.waker, _LEFT_OUT, text, -1)
    if isinstance(event, Wait):
        rest = event.on, event.object, event.fd, event.direction, event.local, event.peer
        return Template(WAIT, event.track, _LEFT_OUT, event.asked_ns, text, -1, rest)
    if isinstance(event, Resume):
        return Template(RESUME, event.track, words.CURRENT, event.value, text, place)
    if isinstance(event, Yield):
        return Template(YIELD, event.track, _LEFT_OUT, event.value, words.YIELD, place)
    return Template(UNREADY, event.track, _LEFT_OUT, _LEFT_OUT, "", -1)
