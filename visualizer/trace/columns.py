"""Lines as columns: what each event says, as numbers beside one another.

A program of a million switches has a hundred kinds of them. A *template* is such a kind: the line without its time, its
track, and what else differs from one to the next. Columns are many lines in order: their templates, and the rest as
numpy arrays. A line that says more than numbers can is kept beside them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import compress
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from visualizer.trace import words
from visualizer.trace.events import (
    Event,
    Exit,
    Idle,
    Name,
    Park,
    Poll,
    Resume,
    Rows,
    Sample,
    Serves,
    Shape,
    Spawn,
    Switch,
    Thread,
    Tie,
    Timed,
    Unpark,
    Unready,
    Wait,
    Wake,
    Yield,
)

Column = npt.NDArray[Any]

#: Kinds of lines. BEGIN: the spawn of a thread. NOTED: any that is kept and says nothing of who runs.
(
    SWITCH, WAIT, WAKE, UNREADY, RESUME, YIELD, SPAWN, EXIT, BEGIN, THREAD, POLL, IDLE, SAMPLE, PARK, UNPARK, NAME,
    NOTED,
) = range(17)
#: Lines that say all in numbers, and not on which thread what follows happens.
FLAT = frozenset((Switch, Wait, Wake, Unready, Resume, Yield, Park, Unpark))

#: A row: three integers of 64 bits. The last is a shape and, from this bit on, 1 + the text id of a value, or 0.
ROW_BYTES = 24
_VALUE_BIT = 32
#: As for the numbers of other lines (events.Int); a damaged line may hold anything.
_LARGEST = 2**61
_LARGEST_ID = 2**30 - 1
#: So many shapes may a trace have.
_MOST_SHAPES = 1 << 22
#: Stands for what the template has.
_AS_THERE = -9
#: Stands for what the row says itself is waited for.
_AS_SAID = -8
_LEFT_OUT = -7
#: Up to so many, what numbers there may be is listed; of more, what there is.
_MOST_LISTED = 1 << 22
#: Of lines that say no time, or one that nothing happened at.
_NO_TIME = -1
#: Times of several threads cross by less than this (FORMAT.md, Order).
_BACKWARD_NS = 1_000_000_000


#: Codes of lines are their kinds, but for this.
_ROWS = 255


class _Codes(dict[type, int]):
    def __missing__(self, kind: type) -> int:
        return NOTED


_CODES = _Codes({
    Switch: SWITCH, Wait: WAIT, Wake: WAKE, Unready: UNREADY, Resume: RESUME, Yield: YIELD, Spawn: SPAWN, Exit: EXIT,
    Thread: THREAD, Poll: POLL, Idle: IDLE, Sample: SAMPLE, Park: PARK, Unpark: UNPARK, Name: NAME,
    Rows: _ROWS,
})
#: Where lines say their time, a, b and value, or what stands for it.
_SAID: dict[int, tuple[str | int, ...]] = {
    SWITCH: ("t_ns", "target", "origin", "value"),
    WAIT: ("t_ns", "track", "object", "asked_ns"),
    WAKE: ("t_ns", "track", "waker", _LEFT_OUT),
    UNREADY: ("t_ns", "track", _LEFT_OUT, _LEFT_OUT),
    RESUME: ("t_ns", "track", words.CURRENT, "value"),
    YIELD: ("t_ns", "track", _LEFT_OUT, "value"),
    SPAWN: ("t_ns", "track", "creator", _LEFT_OUT),
    EXIT: ("t_ns", "track", _LEFT_OUT, "value"),
    THREAD: (_NO_TIME, "track", _LEFT_OUT, _LEFT_OUT),
    POLL: ("t_ns", "track", _LEFT_OUT, "polling"),
    IDLE: ("t_ns", "track", _LEFT_OUT, "idle"),
    SAMPLE: ("t_ns", "track", _LEFT_OUT, _LEFT_OUT),
    PARK: ("t_ns", "track", _LEFT_OUT, _LEFT_OUT),
    UNPARK: ("t_ns", "track", _LEFT_OUT, words.NOTHING),
    NAME: ("t_ns", "track", _LEFT_OUT, "name"),
    NOTED: ("t_ns", 0, words.CURRENT, _LEFT_OUT),
}
_KEPT = (SAMPLE, NOTED)
_HAVE_PLACES = (SWITCH, RESUME, YIELD, PARK)
_WAITS = attrgetter("reason", "on", "fd", "direction", "local", "peer")


class Template(NamedTuple):
    """What lines of a kind share. `a`, `b`, `value`: as in `Columns`, or words.SUBJECT for the row's track.

    `text` is the cause, the reason of a wait, the kind of a new track, or the outcome of an exit; `rest` what else a
    wait says, the name and parent of a new track, or why an exit is inferred.
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

    a: the target, or the track; b: the origin, the waker, the creator, or the text id of the object of a wait; value:
    the value's text id, or the name's, the time that a wait asked for, in ns, whether a poll or an idle time begins, or
    a number in `kept`. -2 in a or b: the current track.
    """

    t_ns: Column
    kind: Column
    template: Column
    a: Column
    b: Column
    value: Column
    kept: list[Any]


class Columnizer:
    """Makes columns of one trace's lines. `unknown` counts rows whose shape was not told, or that are damaged;
    `backward` lines whose time is long before that of the line in front."""

    def __init__(self) -> None:
        self.unknown = 0
        self.backward = 0
        self._last_ns = 0
        self.templates: list[Template] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._start_ns = 0
        #: What stands for what: where in `_sequence` its templates begin, and how many it has.
        self._first = array("i")
        self._count = array("i")
        self._sequence = array("i")
        #: The number of that by its templates; by a line; and by a shape of the file.
        self._series: dict[tuple[int, ...], int] = {}
        self._singles: dict[tuple[Any, ...], int] = {}
        self._of_file = np.full(0, -1, dtype=np.int32)
        #: Whether anything stands for several templates, or none.
        self._several = False
        #: Whether a row may stand for a line that is kept.
        self._has_kept = False
        #: The first four fields of each template.
        self._fields = array("i"), array("i"), array("i"), array("q")

    def begin(self, start_ns: int) -> None:
        """Rows hold times of the watched process's clock; `start_ns` is its zero, from the header."""
        self._start_ns = start_ns

    def learn(self, shape: Shape) -> None:
        """Take in what rows of this shape stand for."""
        fields = [*map(_fields, shape.events)]
        # What follows the spawn of a thread happens there: no row says that.
        if not 0 <= shape.id < _MOST_SHAPES or any(kind == BEGIN for kind, *_ in fields):
            return
        self._has_kept |= any(kind == NOTED for kind, *_ in fields)
        number = self._stand(tuple(map(self._number, fields)))
        if shape.id >= len(self._of_file):
            size = max(64, shape.id + 1, 2 * len(self._of_file))
            more = np.full(size - len(self._of_file), -1, dtype=np.int32)
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

    def columns(self, lines: list[Any]) -> Columns | None:
        """What these lines, other than shapes, say; None if that is nothing."""
        codes = np.frombuffer(bytes(map(_CODES.__getitem__, map(type, lines))), dtype=np.uint8)
        is_line = codes != _ROWS
        packed = [line.packed for line in lines if type(line) is Rows]
        said, kept = self._said(list(compress(lines, is_line.tobytes())) if packed else lines, codes[is_line])
        t_ns, subject, series = said[0], said[1].astype(np.int32), said[2]
        places: Column = np.arange(len(series))
        own: Column | None = None
        row: Column | None = None
        if packed:
            sizes = is_line.astype(np.int64)
            sizes[~is_line] = [len(some) // ROW_BYTES for some in packed]
            places = (np.cumsum(sizes) - sizes)[is_line]
            is_row = np.ones(int(sizes.sum()), dtype=bool)
            is_row[places] = False
            merged = [np.empty(len(is_row), dtype=column.dtype) for column in (t_ns, subject, series)]
            *rows, values = self._rows(packed)
            for column, of_rows, of_lines in zip(merged, rows, said, strict=False):
                column[is_row], column[places] = of_rows, of_lines
            t_ns, subject, series = merged
            if values.any():
                own = np.zeros(len(is_row), dtype=np.int64)
                own[is_row] = values
        if len(series) and int(series.min()) < 0:
            known = series >= 0
            self.unknown += len(known) - int(known.sum())
            t_ns, subject, series = (column.compress(known) for column in (t_ns, subject, series))
            places, own = (np.cumsum(known) - 1)[places], own.compress(known) if own is not None else None
        if not len(series):
            return None
        first, count, sequence = (
            np.frombuffer(column, dtype=np.int32) for column in (self._first, self._count, self._sequence)
        )
        if self._several:
            counts = count.take(series)
            begins = np.cumsum(counts) - counts
            row = np.repeat(np.arange(len(series)), counts)
            number = sequence.take((first.take(series) - begins).take(row) + np.arange(len(row))).astype(np.int64)
            t_ns, subject, places = t_ns.take(row), subject.take(row), begins.take(places)
            own = own.take(row) if own is not None else None
        else:
            number = sequence.take(first).astype(np.int64).take(series)
        kinds, of_a, of_b = (np.frombuffer(column, dtype=np.int32) for column in self._fields[:3])
        kind = kinds.astype(np.uint8).take(number)
        value = np.frombuffer(self._fields[3], dtype=np.int64).take(number)
        a = subject if (of_a == words.SUBJECT).all() else _with_subject(of_a.take(number), subject)
        b = _with_subject(of_b.take(number), subject) if (of_b == words.SUBJECT).any() else of_b.take(number)
        things = nonzero(b == _AS_SAID)
        if len(things):
            b[things] = words.SUBJECT
        if own is not None:
            if len(things):
                said_there = own.take(things)
                b[things] = np.where(said_there > 0, said_there - 1, words.SUBJECT)
                if row is not None:
                    # It is no value of what else the row stands for.
                    is_taken = np.zeros(len(series), dtype=bool)
                    is_taken[row.take(things)] = True
                    own[nonzero(is_taken.take(row))] = 0
            those = nonzero((own > 0) & _have_values(kind))
            value[those] = own.take(those) - 1
        b[places], value[places] = said[3], said[4]
        self._keep(t_ns, kind, number, a, value, places, kept)
        return Columns(t_ns, kind, number, a, b, value, kept)

    def _keep(
        self, t_ns: Column, kind: Column, number: Column, a: Column, value: Column, places: Column, kept: list[Any]
    ) -> None:
        """Add to `kept` the lines that rows stand for and that are kept as such; those at `places` are there."""
        if not self._has_kept:
            return
        of_rows = kind == NOTED
        of_rows[places] = False
        those = nonzero(of_rows)
        value[those] = np.arange(len(kept), len(kept) + len(those))
        for t, what, track in zip(t_ns[those].tolist(), number[those].tolist(), a[those].tolist(), strict=True):
            line, *said = self.templates[what].rest
            kept.append(line(t, track, *said))
        a[those] = _SAID[NOTED][1]

    def _said(self, lines: list[Any], codes: Column) -> tuple[Column, list[Any]]:
        """What lines say: a row each of times, a, what it stands for, b, and value; and the lines that are kept."""
        said = np.empty((5, len(lines)), dtype=np.int64)
        kept: list[Any] = []
        for code in nonzero(np.bincount(codes)).tolist():
            those = codes == code
            some = lines if those.all() else list(compress(lines, those.tobytes()))
            where = nonzero(those)
            t_ns, a, b, value = (_numbers(some, what) for what in _SAID[code])
            said[0, where], said[1, where], said[3, where], said[4, where] = t_ns, a, b, value
            said[2, where] = self._singles_of(code, some)
            if code in _KEPT:
                said[4, where] = np.arange(len(kept), len(kept) + len(some))
                kept += some
        return said, kept

    def _singles_of(self, code: int, lines: list[Any]) -> Column | list[int] | int:
        """What lines of one code stand for, each for itself."""
        if code == WAIT:
            return [self._single(WAIT, reason, -1, *rest) for reason, *rest in map(_WAITS, lines)]
        if code in (SPAWN, EXIT):
            return [self._single(kind, *said, *rest) for kind, _, _, _, *said, rest in map(_fields, lines)]
        if code not in _HAVE_PLACES:
            cause = attrgetter("cause") if code == WAKE else None
            return [self._single(code, cause(line), -1) for line in lines] if cause else self._single(code, "", -1)
        places = np.fromiter(map(attrgetter("place"), lines), np.int64, len(lines))
        low, width = int(places.min()), int(places.max()) - int(places.min()) + 1
        places -= low
        causes = [""] * len(lines) if code == PARK else [*map(attrgetter("cause"), lines)]
        texts = [*dict.fromkeys(causes)]
        if len(texts) > 1:
            number_of = {text: number * width for number, text in enumerate(texts)}
            places += np.fromiter(map(number_of.__getitem__, causes), np.int64, len(causes))
        different, index = numbered(places)
        singles = [self._single(code, texts[pair // width], pair % width + low) for pair in different.tolist()]
        found: Column = np.array(singles)[index]
        return found

    def _single(self, *key: Any) -> int:
        """What a line stands for that is of this kind, and says this text, place, and so on."""
        single = self._singles.get(key)
        if single is None:
            fields = key[0], words.SUBJECT, _AS_THERE, _AS_THERE, key[1], key[2], key[3:]
            single = self._singles[key] = self._stand((self._number(fields),))
        return single

    def _rows(self, packed: list[bytes]) -> tuple[Column, Column, Column, Column]:
        """Of each row its time, its track, what it stands for (below 0 if that is not known), and 1 + the id of a value
        of its own, 0 if it has none."""
        broken = [number for number, some in enumerate(packed) if len(some) % ROW_BYTES]
        for number in broken:
            packed[number] = packed[number][: len(packed[number]) // ROW_BYTES * ROW_BYTES]
        self.unknown += len(broken)
        rows = np.frombuffer(b"".join(packed), dtype="<i8").reshape(-1, 3)
        t_ns, track, shape = np.array(rows.T, dtype=np.int64, order="C")
        value = shape >> _VALUE_BIT
        shape &= (1 << _VALUE_BIT) - 1
        is_known = np.ones(len(shape), dtype=bool)
        for column, least, most in (
            (shape, 0, len(self._of_file) - 1),
            (value, 0, words.ZERO_TEXT + words.LARGEST_NUMBER + 1),
            (track, -_LARGEST_ID, _LARGEST_ID),
            (t_ns, self._start_ns, _LARGEST),
        ):
            if len(column) and (int(column.min()) < least or int(column.max()) > most):
                is_known &= (column >= least) & (column <= most)
        t_ns -= self._start_ns
        if is_known.all():
            series = self._of_file.take(shape)
        else:
            series = np.full(len(shape), -1, dtype=np.int64)
            series[is_known] = self._of_file[shape[is_known]]
        return t_ns, track.astype(np.int32), series, value

    def interleaved(self, strips: Iterable[tuple[int, Iterable[Any]]]) -> Columns | None:
        """The columns of what several threads did, rows and lines of FLAT, in order of time; a THREAD wherever another
        one goes on. What happened at the same time stands in the order of the threads."""
        parts: list[Columns] = []
        threads: list[int] = []
        kept: list[Any] = []
        for thread, lines in sorted(strips, key=lambda strip: strip[0]):
            part = self.columns(list(lines))
            if part is not None:
                part.value[part.kind == NOTED] += len(kept)
                kept += part.kept
                parts.append(part)
                threads.append(thread)
        if not parts:
            return None
        # Within a thread the order is that of its lines.
        order = np.concatenate([np.maximum.accumulate(part.t_ns) for part in parts]).argsort(kind="stable")
        whose = np.repeat(np.array(threads, dtype=np.int32), [len(part.t_ns) for part in parts])[order]
        merged = [np.concatenate(column)[order] for column in zip(*[part[:6] for part in parts], strict=True)]
        is_other = np.ones(len(whose), dtype=bool)
        is_other[1:] = whose[1:] != whose[:-1]
        begins = nonzero(is_other)
        single = self._number((THREAD, words.SUBJECT, _AS_THERE, _AS_THERE, "", -1, ()))
        marks: list[Any] = [_NO_TIME, THREAD, single, whose[begins], _LEFT_OUT, _LEFT_OUT]
        t_ns, kind, template, a, b, value = (
            np.insert(column, begins, what) for column, what in zip(merged, marks, strict=True)
        )
        return Columns(t_ns, kind, template, a, b, value, kept)

    def look_back(self, columns: Columns) -> None:
        """Count the lines whose time runs back, among those that say one and are not written afterwards: that may be
        long afterwards, where a program gives the thread that does so no time."""
        told = (columns.t_ns >= 0) & ~np.isin(columns.kind, (POLL, IDLE, SAMPLE))
        t_ns = np.concatenate(([self._last_ns], columns.t_ns[told]))
        self.backward += int(np.count_nonzero(t_ns[1:] < t_ns[:-1] - _BACKWARD_NS))
        self._last_ns = int(t_ns[-1])

    def events_of(self, rows: Rows) -> Iterator[Event]:
        """What these rows stand for, one event at a time."""
        columns = self.columns([rows])
        if columns is not None:
            for t_ns, _, number, *rest in zip(*(column.tolist() for column in columns[:6]), strict=True):
                template = self.templates[number]
                yield columns.kept[rest[-1]] if template.kind == NOTED else _event(template, t_ns, *rest)


def _event(template: Template, t_ns: int, a: int, b: int, value: int) -> Event:
    kind, _, _, _, text, place, rest = template
    if kind == SWITCH:
        return Switch(t_ns, b, a, text, value, place)
    if kind == WAKE:
        return Wake(t_ns, a, b, text)
    if kind == PARK:
        return Park(t_ns, a, place)
    if kind == UNPARK:
        return Unpark(t_ns, a)
    if kind == WAIT:
        on, fd, direction, local, peer = rest
        return Wait(t_ns, a, text, on, value, b, fd, direction, local, peer)
    if kind == RESUME:
        return Resume(t_ns, a, text, value, place)
    if kind == YIELD:
        return Yield(t_ns, a, value, place, text)
    if kind == SPAWN:
        name, parent = rest
        return Spawn(t_ns, a, text, name, parent, b, place)
    if kind == EXIT:
        return Exit(t_ns, a, text, value, *rest)
    if kind == NAME:
        return Name(t_ns, a, value)
    if kind == POLL:
        return Poll(t_ns, a, value)
    return Unready(t_ns, a)


def _fields(event: Timed) -> tuple[Any, ...]:
    """Those of the template of an event of a shape."""
    if isinstance(event, Switch):
        return SWITCH, event.target, event.origin, event.value, event.cause, event.place, ()
    if isinstance(event, Wake):
        return WAKE, event.track, event.waker, _LEFT_OUT, event.cause, -1, ()
    if isinstance(event, Wait):
        thing = _AS_SAID if event.object == words.SUBJECT else event.object
        rest = event.on, event.fd, event.direction, event.local, event.peer
        return WAIT, event.track, thing, event.asked_ns, event.reason, -1, rest
    if isinstance(event, Park):
        return PARK, event.track, _LEFT_OUT, _LEFT_OUT, "", event.place, ()
    if isinstance(event, Unpark):
        return UNPARK, event.track, _LEFT_OUT, words.NOTHING, "", -1, ()
    if isinstance(event, Resume):
        return RESUME, event.track, words.CURRENT, event.value, event.cause, event.place, ()
    if isinstance(event, Yield):
        return YIELD, event.track, _LEFT_OUT, event.value, event.cause, event.place, ()
    if isinstance(event, Spawn):
        kind = BEGIN if event.kind == words.THREAD else SPAWN
        return kind, event.track, event.creator, _LEFT_OUT, event.kind, event.place, (event.name, event.parent)
    if isinstance(event, Exit):
        return EXIT, event.track, _LEFT_OUT, event.value, event.outcome, -1, (event.inferred,)
    if isinstance(event, Name):
        return NAME, event.track, _LEFT_OUT, event.name, "", -1, ()
    if isinstance(event, Poll):
        return POLL, event.track, _LEFT_OUT, event.polling, "", -1, ()
    if isinstance(event, Serves):
        return NOTED, event.track, words.CURRENT, _LEFT_OUT, "", -1, (Serves, event.what, event.local, event.peer)
    if isinstance(event, Tie):
        return NOTED, event.track, words.CURRENT, _LEFT_OUT, "", -1, (Tie, event.relation, event.object)
    return UNREADY, event.track, _LEFT_OUT, _LEFT_OUT, "", -1, ()


def _numbers(lines: list[Any], what: str | int) -> Column | int:
    """What each line says there, or what stands for it."""
    if isinstance(what, int):
        return what
    return np.fromiter(map(attrgetter(what), lines), np.int64, len(lines))


def kinds(*those: int) -> Callable[[Column], Column]:
    """A test of a column of kinds: whether each is one of those."""

    # Members of an enum are turned into columns, and all others into their type.
    first, *others = map(int, those)

    def are(column: Column) -> Column:
        # numpy looks at a hundred numbers beside one another while it looks one up in a table.
        found: Column = column == first
        for one in others:
            found |= column == one
        return found

    return are


#: Whether rows of such a kind may have a value of their own.
_have_values = kinds(SWITCH, RESUME, YIELD, EXIT)


def unique(column: Column) -> Column:
    """The different numbers in the column, ascending. numpy.unique imports numpy.ma for that, which takes 26 ms."""
    ordered = np.sort(column)
    return np.concatenate((ordered[:1], ordered[1:].compress(ordered[1:] != ordered[:-1])))


def numbered(column: Column) -> tuple[Column, Column]:
    """The different numbers (none below 0) in the column, ascending, and of each number in it which of these it is."""
    most = int(column.max(initial=0))
    if most >= max(_MOST_LISTED, 4 * len(column)):
        different, index = np.unique(column, return_inverse=True)
        return different, index
    seen = np.zeros(most + 1, dtype=bool)
    seen[column] = True
    different = nonzero(seen)
    table = np.empty(most + 1, dtype=np.uint16 if len(different) <= 1 << 16 else np.int64)
    table[different] = np.arange(len(different))
    return different, table.take(column)


def grouped(index: Column, count: int) -> tuple[Column, Column]:
    """In which order the numbers, each below `count`, are grouped; and where each group begins, and the last ends."""
    edges = np.zeros(count + 1, dtype=np.int64)
    np.bincount(index, minlength=count).cumsum(out=edges[1:])
    return ordering(index, count), edges


def ordering(numbers: Column, count: int) -> Column:
    """In which order the numbers, each from 0 on and below `count`, ascend: equal ones in that in which they stand."""
    bits = len(numbers).bit_length()
    all_bits = count.bit_length() + bits
    if all_bits > 32 and count <= 1 << 16:
        # Numbers of 16 bits are sorted by counting them.
        return numbers.astype(np.uint16).argsort(kind="stable")
    if all_bits > 64:
        return numbers.argsort(kind="stable")
    # Sorting numbers that have their places in the lower bits is faster than finding out how to sort them.
    keys: Column = numbers.astype(np.uint32 if all_bits <= 32 else np.uint64)
    keys <<= bits
    keys |= np.arange(len(numbers), dtype=keys.dtype)
    keys.sort()
    keys &= (1 << bits) - 1
    return keys.astype(np.int64)


def are_in(numbers: list[int], those: Container[int]) -> Column:
    """Of each number whether it is one of those."""
    return np.fromiter(map(those.__contains__, numbers), bool, len(numbers))


def are_among(ascending: Column, those: Mapping[int, Any]) -> Column:
    """The same of numbers that ascend."""
    if len(those) > len(ascending):
        return are_in(ascending.tolist(), those)
    found = np.zeros(len(ascending), dtype=bool)
    known = np.fromiter(those, np.int64, len(those))
    at = np.minimum(ascending.searchsorted(known), len(ascending) - 1)
    found[at[ascending[at] == known]] = True
    return found


def nonzero(mask: Column) -> Column:
    """Where it is true, or not 0. As numpy.flatnonzero, which takes thrice as long for a few."""
    return mask.nonzero()[0]


def _with_subject(column: Column, subject: Column) -> Column:
    """The same with the row's track where it belongs."""
    return np.where(column == words.SUBJECT, subject, column)
