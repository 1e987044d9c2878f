"""The model as flat records, one an event, for jq, pandas and people: what `visualizer events` prints (FORMAT.md)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, repeat
from typing import Any

import msgspec
import numpy as np

from visualizer.analysis.model.columns import firsts
from visualizer.analysis.model.timeline import Entry, Place, Suspension, Timeline, Track
from visualizer.analysis.report.comparison import Part
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Column

#: Keys to JSON values; `t` (seconds) and `event` always.
Record = dict[str, Any]
#: Of many records of a kind: key to the values of all of them, UNSET where one has no such key.
_Table = dict[str, Iterable[Any]]

_NS_PER_S = 1_000_000_000
_PLACE = ("file", "line", "end_line", "column", "end_column")


def records(timeline: Timeline, part: Part | None = None) -> Iterator[Record]:
    """Everything of the timeline, or of that part of it, in order of time; at the same time, in the order of the trace.

    A hub's own waits are left out: it waits whenever another track runs.
    """
    return map(msgspec.to_builtins, chain.from_iterable(blocks(timeline, part)))


def json_lines(timeline: Timeline, part: Part | None = None) -> Iterator[bytes]:
    """The same as JSON, a line each, some thousands at a time."""
    return map(msgspec.json.Encoder().encode_lines, blocks(timeline, part))


def blocks(timeline: Timeline, part: Part | None = None) -> Iterator[list[Any]]:
    """The records, some thousands at a time, as dictionaries, or as structs of msgspec: those are made and written in
    a tenth of the time."""
    tables = _Tables(timeline)
    for t_ns, entry, index in timeline.order_in_blocks():
        kept = tables.are_shown(entry, index)
        if part is not None and not part.is_whole:
            # Several switches may be of the same nanosecond.
            inside = (index >= part.first) & (index < part.stop)
            kept &= (t_ns >= part.start_ns) & (t_ns <= part.end_ns) & ((entry != Entry.SWITCH) | inside)
        t_ns, entry, index = t_ns[kept], entry[kept], index[kept]
        made: list[Iterator[Any]] = [iter(())] * len(Entry)
        for kind in map(Entry, np.unique(entry).tolist()):
            those = entry == kind
            made[kind] = tables.records(kind, t_ns[those].tolist(), index[those])
        yield list(map(next, map(made.__getitem__, entry.tolist())))


@cache
def _struct(keys: tuple[str, ...]) -> Callable[..., Any]:
    return msgspec.defstruct("Record", [(key, Any) for key in keys], frozen=True, gc=False)


class _Tables:
    """Makes the records of a timeline, many of a kind at once."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._columns = columns = timeline.columns
        self._names = {track: timeline.name(track) for track in timeline.tracks}
        self._hubs = [track.id for track in timeline.tracks.values() if track.schedules]
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
        times = (ns / _NS_PER_S for ns in t_ns)
        match kind:
            case Entry.SWITCH:
                table = self._switches(index)
            case Entry.SUSPENSION:
                table = self._waits(index)
            case Entry.WAKEUP:
                table = self._wakes(index)
            case _:
                one = _ONE[kind]
                return ({"t": t, **one(self._timeline, at)} for t, at in zip(times, index.tolist(), strict=True))
        return map(_struct(("t", *table)), times, *table.values())

    def _switches(self, index: Column) -> _Table:
        columns = self._columns.switches
        origin, target = _at(columns.origin, index), _at(columns.target, index)
        cause, *place = zip(*map(self._of_switch.__getitem__, _at(columns.detail, index)), strict=True)
        return {
            "event": repeat("switch"),
            "index": index.tolist(),
            "from": map(_track, origin),
            "to": map(_track, target),
            "from_name": map(self._names.get, origin),
            "to_name": map(self._names.get, target),
            "cause": cause,
            "value": map(self._columns.texts.get, _at(columns.value, index)),
            **dict(zip(_PLACE, place, strict=True)),
        }

    def _waits(self, index: Column) -> _Table:
        columns = self._columns.suspensions
        track, on_track = columns.whose(index)[1].tolist(), _at(columns.on_track, index)
        reason, on, thing, fd, direction, local, peer, *place = zip(
            *map(self._of_suspension.__getitem__, _at(columns.detail, index)), strict=True
        )
        return {
            "event": repeat("wait"),
            "track": map(_track, track),
            "name": map(self._names.get, track),
            "reason": reason,
            "on": (text or self._names.get(whom) for text, whom in zip(on, on_track, strict=True)),
            "on_track": map(_track, on_track),
            "object": thing,
            "seconds": (None if ns < 0 else ns / _NS_PER_S for ns in columns.asked_for(index).tolist()),
            "fd": fd,
            "direction": direction,
            "local": local,
            "peer": peer,
            **dict(zip(_PLACE, place, strict=True)),
            "innermost": map(self._innermost, reason, index.tolist()),
        }

    def _innermost(self, reason: str, index: int) -> Record | None:
        """Where the chain that suspension number `index` is the outer end of is suspended; None if there is none."""
        if reason != words.SUSPENDED or self._columns.suspensions.on_track[index] not in self._names:
            return None
        suspension = self._timeline.suspensions[index]
        inner = self._timeline.innermost(suspension)
        if inner is suspension:
            return None
        return {"track": inner.track, "name": self._names.get(inner.track, "unknown"), **_place(inner.place)}

    def _wakes(self, index: Column) -> _Table:
        columns = self._columns.wakeups
        track, waker = _at(columns.track, index), _at(columns.waker, index)
        return {
            "event": repeat("wake"),
            "track": map(_track, track),
            "name": map(self._names.get, track),
            "waker": map(_track, waker),
            "waker_name": map(self._names.get, waker),
            "cause": map(columns.causes.known.__getitem__, _at(columns.cause, index)),
        }


def _at(column: array[int], index: Column) -> list[int]:
    numbers: list[int] = np.asarray(column)[index].tolist()
    return numbers


def _track(track: int) -> int | None:
    return None if track == words.NOBODY else track


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


def _spawn(timeline: Timeline, index: int) -> Record:
    track = timeline.tracks[timeline.spawns[index]]
    return {
        "event": "spawn",
        "track": track.id,
        "kind": track.kind,
        "name": timeline.name(track.id),
        **_of_process(timeline, track),
        "parent": _track(track.parent),
        "creator": _track(track.creator),
        **_place(track.place),
        "inferred": track.doubt,
    }


def _of_process(timeline: Timeline, track: Track) -> Record:
    """Of which process a track is; nothing where there is only one."""
    if len(timeline.processes) == 1:
        return {}
    return {"process": _number(timeline.process_of(track.id).pid), "copy_of": _track(track.copy_of)}


def _end(suspension: Suspension) -> tuple[Any, ...]:
    """Descriptor, direction and the two addresses; UNSET where it does not wait for a descriptor."""
    if not suspension.direction:
        return (msgspec.UNSET,) * 4
    return _number(suspension.fd), suspension.direction, suspension.local or None, suspension.peer or None


def _exit(timeline: Timeline, index: int) -> Record:
    track = timeline.tracks[timeline.exits[index]]
    return {
        "event": "exit",
        "track": track.id,
        "name": timeline.name(track.id),
        "outcome": track.outcome,
        "value": track.value,
        "inferred": track.inferred,
    }


def _sample(timeline: Timeline, index: int) -> Record:
    samples = timeline.samples
    return {
        "event": "sample",
        "track": samples.track[index],
        "name": _name(timeline, samples.track[index]),
        "count": samples.count[index],
        **_place(timeline.place(samples.place[index])),
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
        case ev.Note(text=text):
            return {"event": "note", "text": text}
        case ev.Held(held_ns=held_ns):
            return {"event": "held", "held_s": held_ns / _NS_PER_S}
        case ev.Continued(held_ns=held_ns):
            return {"event": "continued", "held_s": held_ns / _NS_PER_S}
        case ev.Dropped(what=what, count=count):
            return {"event": "dropped", "what": what, "count": count}
        case ev.Refused(by=by, track=track, exception=exception, place=place):
            return {
                "event": "refused",
                "track": _track(by),
                "name": _name(timeline, by),
                "refused_by": _track(track),
                "exception": exception,
                **_place(timeline.place(place)),
            }
        case ev.Uncaught(exception=exception, message=message, place=place):
            where = _place(timeline.place(place))
            return {"event": "uncaught", "exception": exception, "message": message, **where}
        case ev.End(code=code, signal=signal):
            return {"event": "end", "code": None if signal else code, "signal": signal or None}


_ONE: dict[Entry, Callable[[Timeline, int], Record]] = {
    Entry.SPAWN: _spawn,
    Entry.EXIT: _exit,
    Entry.OUTPUT: _output,
    Entry.REMARK: _remark,
    Entry.SAMPLE: _sample,
}
