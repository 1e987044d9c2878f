"""Switches, suspensions, wakeups and their order, as columns: a million of each take some twenty bytes a piece.

What repeats, such as a cause and a place, is kept once, and numbered. What is read is made anew each time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, overload

import numpy as np

from visualizer.analysis.model.types import Place, Suspension, Switch, Wakeup
from visualizer.trace import words
from visualizer.trace.columns import Column

#: No descriptor has as many.
_MOST_DIGITS = 10

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

#: Causes and places, and what is known of a wait, by number.
SwitchDetail = tuple[str, int]
Asked = tuple[str, int, int, int, str, int, int]


def append(column: array[Any], more: Column) -> None:
    """Put these at the end of the column, as numbers of its kind."""
    if len(more):
        column.frombytes(np.ascontiguousarray(more, dtype=column.typecode).data.cast("B"))


class Growing:
    """Columns that grow by many rows at a time. These are put together when somebody asks for the column, so that each
    is copied only once while a trace loads."""

    def __init__(self, **codes: str) -> None:
        """`codes`: of what type each column is, as `array` has it."""
        self._columns = {name: array(code) for name, code in codes.items()}
        #: What is still to be put behind them; a column that has any is no attribute until it is asked for.
        self._parts: dict[str, list[Column]] = {name: [] for name in codes}
        vars(self).update(self._columns)

    def _add(self, **columns: Column) -> None:
        """More rows, of all columns or some."""
        for name, more in columns.items():
            if not len(more):
                continue
            parts = self._parts[name]
            # A copy: it is another's.
            parts.append(np.array(more, dtype=self._columns[name].typecode))
            vars(self).pop(name, None)
            if len(parts) > _MOST_PARTS:
                getattr(self, name)

    def __getattr__(self, name: str) -> Any:
        if name not in vars(self).get("_parts", ()):
            raise AttributeError(name)
        column, parts = self._columns[name], self._parts[name]
        if sum(map(len, parts)) > len(column):
            column = array(column.typecode, [0]) * (len(column) + sum(map(len, parts)))
            np.concatenate((np.asarray(self._columns[name]), *parts), out=np.asarray(column))
            self._columns[name] = column
        else:
            for part in parts:
                append(column, part)
        parts.clear()
        setattr(self, name, column)
        return column


#: So many parts may wait to be put together.
_MOST_PARTS = 64


def firsts(column: array[int]) -> Column:
    """Where each number up to the greatest of them stands the first time; 0 for those that are not there."""
    numbers = np.asarray(column)
    found = np.zeros(int(numbers.max()) + 1 if len(numbers) else 0, dtype=np.int64)
    found[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return found


class Interned(Generic[_Key]):
    """Numbers things from 0, in the order in which they first came."""

    def __init__(self) -> None:
        self.known: list[_Key] = []
        self._numbers: dict[_Key, int] = {}

    def number(self, key: _Key) -> int:
        number = self._numbers.setdefault(key, len(self.known))
        if number == len(self.known):
            self.known.append(key)
        return number


#: Of many rows, so many are printed where all are.
_SHOWN = 3


class Rows(Sequence[_Value]):
    """Columns of the same length, read as records; `make` reads one."""

    def __init__(self, length: Callable[[], int], make: Callable[[int], _Value]) -> None:
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length()

    @overload
    def __getitem__(self, index: int) -> _Value: ...
    @overload
    def __getitem__(self, index: slice) -> list[_Value]: ...
    def __getitem__(self, index: int | slice) -> _Value | list[_Value]:
        length = self._length()
        if isinstance(index, slice):
            return [self._make(at) for at in range(*index.indices(length))]
        if not -length <= index < length:
            raise IndexError(index)
        return self._make(index % length)

    def __iter__(self) -> Iterator[_Value]:
        return map(self._make, range(self._length()))

    def __repr__(self) -> str:
        more = len(self) - _SHOWN
        shown = [*map(repr, self[:_SHOWN]), *([f"... and {more} more"] if more > 0 else [])]
        return f"[{', '.join(shown)}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class Switches(Growing):
    """Which track passed control to which. `detail`: cause and place, by number in `details`; `value`: text id, or -1.
    """

    ns: array[int]
    origin: array[int]
    target: array[int]
    detail: array[int]
    value: array[int]

    def __init__(self) -> None:
        super().__init__(ns="q", origin="i", target="i", detail="i", value="i")
        self.details: Interned[SwitchDetail] = Interned()
        self._count = 0
        #: When the last one was; before any time, if there is none.
        self.last_ns = -(1 << 62)

    def __len__(self) -> int:
        return self._count

    def extend(self, ns: Column, origin: Column, target: Column, detail: Column, value: Column) -> None:
        """Many: times that ascend from the last one on, and the rest of each."""
        if len(ns):
            self._count, self.last_ns = self._count + len(ns), int(ns[-1])
        self._add(ns=ns, origin=origin, target=target, detail=detail, value=value)


class Suspensions(Growing):
    """Where and why tracks were suspended. Almost every one belongs to a switch, which has the time and the track.

    `switch`: index of the switch that suspended it; of the few without one, the complement (~) of that of the next
    switch. `detail`: reason, what it asked for (by number in `asked`, or -1), and place id; by number in `details`.
    """

    switch: array[int]
    on_track: array[int]
    detail: array[int]

    def __init__(self, switches: Switches) -> None:
        super().__init__(switch="i", on_track="i", detail="i")
        self._switches = switches
        self._count = 0
        self.details: Interned[tuple[str, int, int]] = Interned()
        #: What is known of waits, but for the time that was asked for.
        self.asked: Interned[Asked] = Interned()
        #: The suspensions that asked for a time, ascending, and for which.
        self.timed = array("i")
        self.asked_ns = array("q")
        #: Time and track of suspensions without a switch.
        self._alone: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return self._count

    def repeat(self, index: int, t_ns: int, track: int, on_track: int) -> int:
        """The same as suspension number `index`, of a track in another process: there it is another thing that is
        waited on. Return its number."""
        reason, asked, place = self.details.known[self.detail[index]]
        if asked >= 0:
            kind, on, _, *end = self.asked.known[asked]
            asked = self.asked.number((kind, on, words.NOTHING, *end))  # type: ignore[arg-type]
        detail = self.details.number((reason, asked, place))
        self.extend(*np.array([[~len(self._switches)], [on_track], [detail]]))
        self.leave_alone(len(self) - 1, t_ns, track)
        at = bisect_left(self.timed, index)
        if at < len(self.timed) and self.timed[at] == index:
            self.timed.append(len(self) - 1)
            self.asked_ns.append(self.asked_ns[at])
        return len(self) - 1

    def leave_alone(self, index: int, t_ns: int, track: int) -> None:
        """No switch belongs to suspension number `index`."""
        self._alone[index] = t_ns, track

    def extend(self, switch: Column, on_track: Column, detail: Column) -> None:
        """Many, each with its switch: columns."""
        self._count += len(switch)
        self._add(switch=switch, on_track=on_track, detail=detail)

    def limit(self, suspensions: Column, asked_ns: Column) -> None:
        """Of those that `extend` added last, which asked for a time: indices, ascending, and the times."""
        append(self.timed, suspensions)
        append(self.asked_ns, asked_ns)

    def of_switch(self, switch: int) -> int:
        """Index of the suspension that switch number `switch` brought about; -1 if its origin ended."""
        column = self.switch
        if switch < len(column) and column[switch] == switch:
            return switch  # So far each switch brought one about, or as many came alone as there were ends.
        index = bisect_left(column, switch, key=lambda number: number if number >= 0 else ~number)
        while index < len(column) and column[index] == ~switch:
            index += 1
        return index if index < len(column) and column[index] == switch else -1

    def of_switches(self, first: int, stop: int) -> Column:
        """The same of switches number `first` up to `stop`."""
        begin, end = (bisect_left(self.switch, edge, key=lambda number: max(number, ~number)) for edge in (first, stop))
        found = np.full(stop - first, -1, dtype=np.int64)
        switch = np.asarray(self.switch)[begin:end]
        own = np.flatnonzero(switch >= 0)
        found[switch[own] - first] = own + begin
        return found

    def whose(self, index: Column) -> tuple[Column, Column]:
        """When the suspensions with these numbers began, and whose each is."""
        switch = np.asarray(self.switch)[index]
        t_ns, track = np.empty(len(index), dtype=np.int64), np.empty(len(index), dtype=np.int64)
        brought = switch >= 0
        t_ns[brought] = np.asarray(self._switches.ns)[switch[brought]]
        track[brought] = np.asarray(self._switches.origin)[switch[brought]]
        for at in np.flatnonzero(~brought).tolist():
            t_ns[at], track[at] = self._alone[int(index[at])]
        return t_ns, track

    def asked_for(self, index: Column) -> Column:
        """The time that each of the suspensions with these numbers asked for, -1 if none."""
        timed = np.asarray(self.timed)
        asked_ns = np.full(len(index), -1, dtype=np.int64)
        if len(timed):
            at = np.minimum(timed.searchsorted(index), len(timed) - 1)
            known = timed[at] == index
            asked_ns[known] = np.asarray(self.asked_ns)[at[known]]
        return asked_ns

    def read(self, index: int, texts: dict[int, str], places: dict[int, Place]) -> Suspension:
        switch = self.switch[index]
        if switch >= 0:
            # A switch's own time may have been moved to that of another thread's before it.
            t_ns, track = self._switches.ns[switch], self._switches.origin[switch]
        else:
            t_ns, track = self._alone[index]
        reason, asked, place = self.details.known[self.detail[index]]
        where = places.get(place)
        if asked < 0:
            return Suspension(t_ns, track, reason, "", self.on_track[index], -1, where)
        _, on, thing, direct_fd, direction, *_ = known = self.asked.known[asked]
        fd, local, peer = ends_of(known, texts)
        at = bisect_left(self.timed, index)
        asked_ns = self.asked_ns[at] if at < len(self.timed) and self.timed[at] == index else -1
        return Suspension(
            t_ns, track, reason, texts.get(on, ""), self.on_track[index], asked_ns, where,
            texts.get(thing, "") if fd == direct_fd else "", fd, direction, local, peer,
        )


def asked_of(reason: str, on: int, thing: int, fd: int, direction: str, local: int, peer: int) -> Asked:
    """What is kept of a wait."""
    return (reason, on, thing, fd, direction, local, peer) if direction else (reason, on, thing, -1, "", -1, -1)


def ends_of(asked: Asked, texts: dict[int, str]) -> tuple[int, str, str]:
    """(fd, local, peer) of what a wait asked for; -1 and "" where that is not known."""
    _, _, thing, fd, direction, local, peer = asked
    if not direction:
        return -1, "", ""
    # In a row they are its object.
    told = texts.get(thing, "").split(" ") if fd < 0 else []
    if len(told) == 4 and told[0] == "fd" and told[1].isdecimal() and len(told[1]) < _MOST_DIGITS:
        return int(told[1]), told[2], told[3]
    return fd, texts.get(local, ""), texts.get(peer, "")


class Wakeups(Growing):
    """Which track made which ready. `cause`: by number in `causes`."""

    ns: array[int]
    track: array[int]
    waker: array[int]
    cause: array[int]

    def __init__(self) -> None:
        super().__init__(ns="q", track="i", waker="i", cause="i")
        self.causes: Interned[str] = Interned()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, ns: Column, track: Column, waker: Column, cause: Column) -> None:
        """Many."""
        self._count += len(ns)
        self._add(ns=ns, track=track, waker=waker, cause=cause)

    def are_by(self, index: Column, *causes: str) -> Column:
        """Of these, by their indices, whether each has one of the causes."""
        is_wanted = np.array([cause in causes for cause in self.causes.known], dtype=bool)
        found: Column = is_wanted.take(np.asarray(self.cause)[index])
        return found

    def read(self, index: int) -> Wakeup:
        cause = self.causes.known[self.cause[index]]
        return Wakeup(self.ns[index], self.track[index], self.waker[index], cause)


#: `Order` keeps the Entry in the lowest bits and the index above them.
_ENTRY_BITS = 3
_ENTRY_MASK = (1 << _ENTRY_BITS) - 1


class Order(Growing):
    """The order of events in the trace. A suspension has no entry if a switch brings it about: it is before
    that."""

    packed: array[int]

    def __init__(self) -> None:
        super().__init__(packed="I")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, entry: Column, index: Column) -> None:
        """Many: uint32 entries."""
        self._count += len(entry)
        self._add(packed=index.astype(np.uint32) << _ENTRY_BITS | entry)

    def read(self, first: int, stop: int) -> tuple[Column, Column]:
        """Entries and indices from position `first` up to `stop`."""
        packed = np.asarray(self.packed)[first:stop]
        return packed & _ENTRY_MASK, (packed >> _ENTRY_BITS).astype(np.int64)


class Columns(NamedTuple):
    """Those of a timeline, and its texts by their ids: to read."""

    switches: Switches
    suspensions: Suspensions
    wakeups: Wakeups
    texts: dict[int, str]


def switch_of(
    switches: Switches, suspension: int, index: int, texts: dict[int, str], places: dict[int, Place]
) -> Switch:
    """Switch number `index`, from 0. Raise IndexError if there is none."""
    if index < 0:
        raise IndexError(index)
    cause, place = switches.details.known[switches.detail[index]]
    return Switch(
        index, switches.ns[index], switches.origin[index], switches.target[index], cause,
        texts.get(switches.value[index]), places.get(place), suspension,
    )
