"""The model as flat records, one an event, for jq, pandas and people: what `visualizer events` prints (FORMAT.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from itertools import chain, repeat
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.columns import firsts
from visualizer.analysis.model.timeline import Entry, Place, State, Suspension, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.printable import printable_json
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column, unique

_Made = TypeVar("_Made")
#: Keys to JSON values; `t` (seconds) and `event` always.
Record = dict[str, Any]
#: Of many records of a kind: key to the values of all of them, UNSET where one has no such key.
FieldValues = dict[str, Iterable[Any]]

_NS_PER_S = 1_000_000_000
#: At most this many pieces of lines are remembered at a time, of each kind.
_MOST_KNOWN = 1 << 16
_PLACE = ("file", "line", "end_line", "column", "end_column")


def records(timeline: Timeline, part: Part | None = None) -> Iterator[Record]:
    """Everything of the timeline, or of that part of it, in order of time; at the same time, in the order of the trace.

    A hub's own waits are left out: it waits whenever another track runs.
    """
    return map(msgspec.to_builtins, chain.from_iterable(blocks(timeline, part)))


def json_lines(timeline: Timeline, part: Part | None = None) -> Iterator[bytes]:
    """The same as printable JSON, a line each, some thousands at a time."""
    tables = _Tables(timeline)
    lines = _Lines(tables)
    for t_ns, entry, index in _shown(tables, timeline, part):
        yield b"".join(chain.from_iterable(_in_order(entry, index, t_ns, lines.pieces)))


def blocks(timeline: Timeline, part: Part | None = None) -> Iterator[list[Any]]:
    """The records, some thousands at a time, as dictionaries, or as structs of msgspec: those are made and written in
    a tenth of the time."""
    tables = _Tables(timeline)
    for t_ns, entry, index in _shown(tables, timeline, part):
        yield [*_in_order(entry, index, t_ns, tables.records)]


def in_columns(
    timeline: Timeline, part: Part | None = None, only: Entry | None = None
) -> Iterator[tuple[int, list[tuple[Column, FieldValues]]]]:
    """The same, or only those of one entry, some thousands at a time: how many they are, and, of those of each kind,
    which of them these are, and the values of their fields; UNSET where one has no such field."""
    tables = _Tables(timeline)
    for t_ns, entry, index in _shown(tables, timeline, part):
        if only is not None:
            wanted = entry == only
            t_ns, entry, index = t_ns[wanted], entry[wanted], index[wanted]
        found: list[tuple[Column, FieldValues]] = []
        for kind in map(Entry, unique(entry).tolist()):
            (those,) = (entry == kind).nonzero()
            found += tables.fields(kind, those, t_ns[those].tolist(), index[those])
        yield len(entry), found


def _shown(tables: _Tables, timeline: Timeline, part: Part | None) -> Iterator[tuple[Column, Column, Column]]:
    """Times, entries and indices of what becomes a record, some thousands at a time."""
    for t_ns, entry, index in timeline.order_in_blocks():
        kept = tables.are_shown(entry, index)
        if part is not None and not part.is_whole:
            # Several switches may be of the same nanosecond.
            inside = (index >= part.first) & (index < part.stop)
            kept &= (t_ns >= part.start_ns) & (t_ns <= part.end_ns) & ((entry != Entry.SWITCH) | inside)
        yield t_ns[kept], entry[kept], index[kept]


def _in_order(
    entry: Column, index: Column, t_ns: Column, make: Callable[[Entry, list[int], Column], Iterator[_Made]]
) -> Iterator[_Made]:
    """What is made of these entries, of those of each kind together, in their order."""
    made: list[Iterator[_Made]] = [iter(())] * len(Entry)
    for kind in map(Entry, unique(entry).tolist()):
        those = entry == kind
        made[kind] = make(kind, t_ns[those].tolist(), index[those])
    return map(next, map(made.__getitem__, entry.tolist()))


class _Fields(NamedTuple):
    """Fields that follow one another in many records of a kind: `make` gives their values in the records with these
    numbers. `alike`: many records have the same numbers."""

    make: Callable[..., FieldValues]
    numbers: tuple[Column, ...]
    alike: bool = True


@cache
def _struct(keys: tuple[str, ...]) -> Callable[..., Any]:
    return msgspec.defstruct("Record", [(key, Any) for key in keys], frozen=True, gc=False)


class _Tables:
    """Makes the records of a timeline, many of a kind at once."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._columns = columns = timeline.columns
        self._names = timeline.names()
        self._hubs = timeline.tracks.scheduling()
        # What is the same of all with one number is read of the first of them.
        self._of_switch = [
            (switch.cause, *_place(switch.place).values())
            for switch in map(timeline.switch, firsts(columns.switches.detail).tolist())
        ]
        self._of_suspension = [
            (one.reason, one.on, one.object or None, *_end(one), *_place(one.place).values())
            for one in map(timeline.suspensions.__getitem__, firsts(columns.suspensions.detail).tolist())
        ]

    def are_shown(self, entry: Column, index: Column) -> Column:
        """Which of these entries become records."""
        shown = np.full(len(entry), True)
        (suspensions,) = np.nonzero(entry == Entry.SUSPENSION)
        shown[suspensions] = ~np.isin(self._columns.suspensions.whose(index[suspensions])[1], self._hubs)
        return shown

    def records(self, kind: Entry, t_ns: list[int], index: Column) -> Iterator[Any]:
        if kind in _ONE:
            return self._one_by_one(kind, t_ns, index)
        table = self._many(kind, t_ns, index)
        return map(_struct((*table,)), *table.values())

    def fields(
        self, kind: Entry, rows: Column, t_ns: list[int], index: Column
    ) -> Iterator[tuple[Column, FieldValues]]:
        """The same as the values of their fields; those of `rows` that have the same ones together."""
        if kind not in _ONE:
            yield rows, self._many(kind, t_ns, index)
            return
        alike: dict[tuple[str, ...], list[tuple[int, Record]]] = {}
        for row, record in zip(rows.tolist(), self._one_by_one(kind, t_ns, index), strict=True):
            alike.setdefault(tuple(record), []).append((row, record))
        for names, those in alike.items():
            yield (
                np.array([row for row, _ in those]),
                {name: [record[name] for _, record in those] for name in names},
            )

    def _one_by_one(self, kind: Entry, t_ns: list[int], index: Column) -> Iterator[Record]:
        one, timeline = _ONE[kind], self._timeline
        return ({"t": ns / _NS_PER_S, **one(timeline, at)} for ns, at in zip(t_ns, index.tolist(), strict=True))

    def _many(self, kind: Entry, t_ns: list[int], index: Column) -> FieldValues:
        found: FieldValues = {"t": (ns / _NS_PER_S for ns in t_ns), "event": repeat(_MANY[kind])}
        for fields in self.parts(kind, index):
            found |= fields.make(*fields.numbers)
        return found

    def parts(self, kind: Entry, index: Column) -> list[_Fields]:
        """All but the time and the name of the event."""
        makes = {
            Entry.SWITCH: self._switches, Entry.SUSPENSION: self._waits, Entry.WAKEUP: self._wakes,
            Entry.SPAWN: self._spawns, Entry.EXIT: self._exits,
        }
        return makes[kind](index)

    def _switches(self, index: Column) -> list[_Fields]:
        columns = self._columns.switches
        origin, target, detail, value = (
            np.asarray(column)[index] for column in (columns.origin, columns.target, columns.detail, columns.value)
        )
        return [
            _Fields(_numbers, (index,), alike=False),
            _Fields(self._from_to, (origin, target, detail)),
            _Fields(lambda value: {"value": map(self._columns.texts.get, value.tolist())}, (value,), alike=False),
            _Fields(self._at_switch, (detail,)),
        ]

    def _from_to(self, origin: Column, target: Column, detail: Column) -> FieldValues:
        sources, targets = origin.tolist(), target.tolist()
        return {
            "from": _tracks(sources),
            "to": _tracks(targets),
            "from_name": map(self._names.get, sources),
            "to_name": map(self._names.get, targets),
            "cause": [self._of_switch[number][0] for number in detail.tolist()],
        }

    def _at_switch(self, detail: Column) -> FieldValues:
        return _fields(_PLACE, [self._of_switch[number][1:] for number in detail.tolist()])

    def _waits(self, index: Column) -> list[_Fields]:
        columns = self._columns.suspensions
        track = columns.whose(index)[1]
        on_track, detail = (np.asarray(column)[index] for column in (columns.on_track, columns.detail))
        return [
            _Fields(self._waiter, (track, on_track, detail)),
            _Fields(_asked_for, (columns.asked_for(index),), alike=False),
            _Fields(self._at_wait, (detail,)),
            _Fields(self._inner, self._innermost(index)),
        ]

    def _waiter(self, track: Column, on_track: Column, detail: Column) -> FieldValues:
        waiters, others = track.tolist(), on_track.tolist()
        reason, on, thing = zip(*(self._of_suspension[number][:3] for number in detail.tolist()), strict=True)
        return {
            "track": _tracks(waiters),
            "name": map(self._names.get, waiters),
            "reason": reason,
            "on": (text or self._names.get(whom) for text, whom in zip(on, others, strict=True)),
            "on_track": _tracks(others),
            "object": thing,
        }

    def _at_wait(self, detail: Column) -> FieldValues:
        names = ("fd", "direction", "local", "peer", *_PLACE)
        return _fields(names, [self._of_suspension[number][3:] for number in detail.tolist()])

    def _innermost(self, index: Column) -> tuple[Column, Column]:
        """Of each of these suspensions that is the outer end of a chain the track at the inner end, and how that is
        suspended; NOBODY and -1 of the others. As `Timeline.innermost` finds it of one."""
        columns = self._columns.suspensions
        detail, inner = np.asarray(columns.detail), index.copy()
        chains = [number for number, (reason, *_) in enumerate(columns.details.known) if reason == words.SUSPENDED]
        (left,) = np.nonzero(np.isin(detail[index], chains) & (np.asarray(columns.on_track)[index] != words.NOBODY))
        seen = [columns.whose(index)[1]] if len(left) else []
        while len(left):
            following = self._suspended_on(inner[left])
            further = following >= 0
            left, following = left[further], following[further]
            track = np.asarray(columns.on_track)[inner[left]]
            # In a circle each is looked at once.
            new = ~np.any([those[left] == track for those in seen], axis=0)
            left, following = left[new], following[new]
            seen.append(np.full(len(index), words.NOBODY))
            seen[-1][left] = track[new]
            inner[left] = following
            left = left[np.isin(detail[following], chains)]
        track, how = np.full((2, len(index)), -1)
        track[:] = words.NOBODY
        (some,) = np.nonzero(inner != index)
        track[some], how[some] = columns.whose(inner[some])[1], detail[inner[some]]
        return track, how

    def _suspended_on(self, suspensions: Column) -> Column:
        """The suspensions in which those are that these wait for at the time; -1 if they are in none."""
        columns, (ids, slices) = self._columns.suspensions, self._all_slices
        t_ns, whom = columns.whose(suspensions)[0], np.asarray(columns.on_track)[suspensions]
        row = np.minimum(ids.searchsorted(whom), len(ids) - 1)
        at = slices.at(row, t_ns)
        waits = (ids[row] == whom) & (at >= 0) & (slices.state[at] == State.WAITING)
        return np.where(waits, slices.about[at], -1)

    @cached_property
    def _all_slices(self) -> tuple[Column, AllSlices]:
        """Those of all tracks, which ascend."""
        ids = sorted(self._timeline.tracks)
        return np.array(ids, dtype=np.int64), AllSlices(self._timeline.tracks, ids)

    def _inner(self, track: Column, how: Column) -> FieldValues:
        ends = zip(track.tolist(), how.tolist(), strict=True)
        return {"innermost": [None if at < 0 else self._inner_end(one, at) for one, at in ends]}

    def _inner_end(self, track: int, how: int) -> Record:
        place = dict(zip(_PLACE, self._of_suspension[how][-len(_PLACE) :], strict=True))
        return {"track": track, "name": self._names.get(track, "unknown"), **place}

    def _wakes(self, index: Column) -> list[_Fields]:
        columns = self._columns.wakeups
        numbers = (np.asarray(column)[index] for column in (columns.track, columns.waker, columns.cause))
        return [_Fields(self._woken, (*numbers,))]

    def _woken(self, track: Column, waker: Column, cause: Column) -> FieldValues:
        woken, wakers = track.tolist(), waker.tolist()
        return {
            "track": _tracks(woken),
            "name": map(self._names.get, woken),
            "waker": _tracks(wakers),
            "waker_name": map(self._names.get, wakers),
            "cause": map(self._columns.wakeups.causes.known.__getitem__, cause.tolist()),
        }


    def _spawns(self, index: Column) -> list[_Fields]:
        return [_Fields(self._spawned, (index,))]

    def _spawned(self, index: Column) -> FieldValues:
        timeline, ids = self._timeline, [self._timeline.spawns[number] for number in index.tolist()]
        kinds, parents, creators, places, doubts = zip(*map(timeline.tracks.origin, ids), strict=True)
        several = len(timeline.processes) > 1
        return {
            "track": ids,
            "kind": kinds,
            "name": map(self._names.get, ids),
            # Where there are several.
            **({"process": [_number(timeline.process_of(track).pid) for track in ids]} if several else {}),
            **({"copy_of": _tracks([*map(timeline.tracks.copy_of, ids)])} if several else {}),
            "parent": _tracks([*parents]),
            "creator": _tracks([*creators]),
            **_fields(_PLACE, [tuple(_place(place).values()) for place in places]),
            "inferred": doubts,
        }

    def _exits(self, index: Column) -> list[_Fields]:
        return [_Fields(self._ended, (index,))]

    def _ended(self, index: Column) -> FieldValues:
        ids = [self._timeline.exits[number] for number in index.tolist()]
        outcomes, values, doubts = zip(*map(self._timeline.tracks.ending, index.tolist()), strict=True)
        names = map(self._names.get, ids)
        return {"track": ids, "name": names, "outcome": outcomes, "value": values, "inferred": doubts}


_MANY = {
    Entry.SWITCH: "switch", Entry.SUSPENSION: "wait", Entry.WAKEUP: "wake", Entry.SPAWN: "spawn", Entry.EXIT: "exit",
}


class _Lines:
    """The records as JSON, in pieces: what many have alike is encoded once."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self._encoder = msgspec.json.Encoder()
        #: By kind and number of the fields: the numbers on which the fields depend -> the fields.
        self._known: dict[tuple[Entry, int], dict[bytes, bytes]] = defaultdict(dict)

    def pieces(self, kind: Entry, t_ns: list[int], index: Column) -> Iterator[tuple[bytes, ...]]:
        """Of each record the pieces of its line."""
        if kind in _ONE:
            return zip(self._encoded(self._tables.records(kind, t_ns, index)), repeat(b"\n"))
        event = b',"event":"%b"' % _MANY[kind].encode()
        pieces: list[Iterable[bytes]] = [self._encoded((ns / _NS_PER_S for ns in t_ns), b'{"t":', event)]
        for number, fields in enumerate(self._tables.parts(kind, index)):
            if len(index) > 1 and all((column == column[0]).all() for column in fields.numbers):
                alone = fields._replace(numbers=tuple(column[:1] for column in fields.numbers))
                pieces += (repeat(one) for [one] in self._of_fields((kind, number), alone))
            else:
                pieces += self._of_fields((kind, number), fields)
        return zip(*pieces, repeat(b"}\n"))

    def _of_fields(self, which: tuple[Entry, int], fields: _Fields) -> Iterator[list[bytes]]:
        """The pieces of all records, or several lists of them, one behind another."""
        if fields.alike:
            yield self._alike(self._known[which], fields)
            return
        for name, values in fields.make(*fields.numbers).items():
            yield self._encoded(values, b',"%b":' % name.encode())

    def _encoded(self, values: Iterable[Any], before: bytes = b"", behind: bytes = b"") -> list[bytes]:
        """Each as JSON, in which there are no line ends, with that before and behind it."""
        lines = printable_json(self._encoder.encode_lines(values))
        return (before + lines.replace(b"\n", behind + b"\n" + before)).splitlines()[: lines.count(b"\n")]

    def _alike(self, known: dict[bytes, bytes], fields: _Fields) -> list[bytes]:
        """The fields of each record."""
        if len(known) > _MOST_KNOWN:
            known.clear()
        numbers = np.stack(fields.numbers, axis=1).astype(np.int64)
        keys: list[bytes] = numbers.view(f"V{8 * numbers.shape[1]}").ravel().tolist()
        found = [*map(known.get, keys)]
        if None in found:
            last = dict(zip(keys, range(len(keys)), strict=True))
            new = last.keys() - known.keys()
            # Where most are new, each is: they are not looked up again.
            rows = ... if 2 * len(new) > len(keys) else [last[key] for key in new]
            table = fields.make(*numbers[rows].T)
            made = [b"," + one[1:-1] for one in self._encoded(map(_struct((*table,)), *table.values()))]
            if rows is ...:
                return made
            known.update(zip(new, made, strict=True))
            return [*map(known.__getitem__, keys)]
        return found  # type: ignore[return-value]


def _fields(names: Iterable[str], rows: list[tuple[Any, ...]]) -> FieldValues:
    """Fields of records whose values these are."""
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _numbers(index: Column) -> FieldValues:
    return {"number": (index + 1).tolist(), "index": index.tolist()}


def _asked_for(asked_ns: Column) -> FieldValues:
    return {"seconds": (None if ns < 0 else ns / _NS_PER_S for ns in asked_ns.tolist())}


def _track(track: int) -> int | None:
    return None if track == words.NOBODY else track


def _tracks(tracks: list[int]) -> list[int | None] | list[int]:
    """The same of many."""
    return [*map(_track, tracks)] if words.NOBODY in tracks else tracks


def _name(timeline: Timeline, track: int) -> str | None:
    return timeline.name(track) if track in timeline.tracks else None


def _number(number: int) -> int | None:
    return None if number < 0 else number


def _place(place: Place | None) -> Record:
    if place is None:
        return dict.fromkeys(("file", "line", "end_line", "column", "end_column"))
    return {
        "file": place.file,
        "line": _number(place.line),
        "end_line": _number(place.end_line),
        "column": _number(place.column),
        "end_column": _number(place.end_column),
    }


def _end(suspension: Suspension) -> tuple[Any, ...]:
    """Descriptor, direction and the two addresses; UNSET where it does not wait for a descriptor."""
    if not suspension.direction:
        return (msgspec.UNSET,) * 4
    return _number(suspension.fd), suspension.direction, suspension.local or None, suspension.peer or None


def _sample(timeline: Timeline, index: int) -> Record:
    samples = timeline.samples
    return {
        "event": "sample",
        "track": samples.track[index],
        "name": _name(timeline, samples.track[index]),
        "count": samples.count[index],
        **_place(timeline.place(samples.place[index])),
        "called": _place(timeline.place(samples.called[index])) if samples.called[index] >= 0 else None,
    }


def _output(timeline: Timeline, index: int) -> Record:
    output = timeline.outputs[index]
    return {
        "event": "output",
        "track": _track(output.track),
        "name": _name(timeline, output.track),
        "stream": output.stream,
        "text": output.text,
        "cut": output.cut,
    }


def _remark(timeline: Timeline, index: int) -> Record:
    match timeline.remarks[index]:
        case ev.Serves(track=track, what=what):
            name = _name(timeline, track)
            known = timeline.tracks.get(track)
            is_loop = known is not None and known.kind == words.LOOP
            event, said = ("calls", "function") if is_loop else ("serves", "what")
            return {"event": event, "track": _track(track), "name": name, said: timeline.text(what)}
        case ev.Mark(track=track, text=said, place=place):
            at = _place(timeline.place(place))
            name = _name(timeline, track)
            return {"event": "mark", "track": _track(track), "name": name, "text": timeline.text(said), **at}
        case ev.Note(text=text):
            return {"event": "note", "text": text}
        case ev.Held(held_ns=held_ns):
            return {"event": "held", "held_s": held_ns / _NS_PER_S}
        case ev.Continued(held_ns=held_ns):
            return {"event": "continued", "held_s": held_ns / _NS_PER_S}
        case ev.Dropped(what=what, count=count):
            return {"event": "dropped", "what": what, "count": count}
        case ev.Cancel(by=by, track=track, message=message, place=place, cause=cause):
            return {
                "event": "cancel",
                "track": _track(track),
                "name": _name(timeline, track),
                "by": _track(by),
                "by_name": _name(timeline, by),
                "message": message or None,
                "cause": cause or None,
                **_place(timeline.place(place)),
            }
        case ev.Refused(by=by, track=track, exception=exception, place=place, sent=sent):
            return {
                "event": "refused",
                "track": _track(by),
                "name": _name(timeline, by),
                "refused_by": _track(track),
                "exception": exception,
                "sent": sent or None,
                **_place(timeline.place(place)),
            }
        case ev.Struck(track=track, asked_ns=asked_ns, place=place):
            seconds, at = asked_ns / _NS_PER_S, _place(timeline.place(place))
            return {"event": "struck", "track": _track(track), "name": _name(timeline, track), "seconds": seconds, **at}
        case ev.Unasked(track=track, raised_ns=raised_ns, exception=exception, raised_at=raised_at, place=place):
            return {
                "event": "unasked",
                "track": _track(track),
                "name": _name(timeline, track),
                "exception": exception,
                "raised_t": raised_ns / _NS_PER_S,
                "raised_at": raised_at or None,
                **_place(timeline.place(place)),
            }
        case ev.Uncaught(exception=exception, message=message, place=place):
            where = _place(timeline.place(place))
            return {"event": "uncaught", "exception": exception, "message": message, **where}
        case ev.End(code=code, signal=signal):
            return {"event": "end", "code": None if signal else code, "signal": signal or None}


_ONE: dict[Entry, Callable[[Timeline, int], Record]] = {
    Entry.OUTPUT: _output,
    Entry.REMARK: _remark,
    Entry.SAMPLE: _sample,
}
