"""The model as flat records, one an event, for jq, pandas and people: what `visualizer events` prints (FORMAT.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from visualizer.analysis.model.timeline import Entry, Park, Place, Timeline, Track
from visualizer.trace import events as ev
from visualizer.trace import words

#: Keys to JSON values; `t` (seconds) and `event` always.
Record = dict[str, Any]

_NS_PER_S = 1_000_000_000


def records(timeline: Timeline) -> Iterator[Record]:
    """Everything of the timeline in order of time; what happened at the same time, in the order of the trace.

    A hub's own waits are left out: it waits whenever somebody else runs.
    """
    for t_ns, entry, index in timeline.order():
        fields = _FIELDS[entry](timeline, index)
        if fields is not None:
            yield {"t": t_ns / _NS_PER_S, **fields}


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


def _switch(timeline: Timeline, index: int) -> Record:
    switch = timeline.switch(index)
    return {
        "event": "switch",
        "index": index,
        "from": _track(switch.origin),
        "to": _track(switch.target),
        "from_name": _name(timeline, switch.origin),
        "to_name": _name(timeline, switch.target),
        "cause": switch.cause,
        "value": switch.value,
        **_place(switch.place),
    }


def _wait(timeline: Timeline, index: int) -> Record | None:
    park = timeline.parks[index]
    if timeline.tracks[park.track].schedules:
        return None
    return {
        "event": "wait",
        "track": _track(park.track),
        "name": _name(timeline, park.track),
        "reason": park.reason,
        "on": park.on or _name(timeline, park.on_track),
        "on_track": _track(park.on_track),
        "object": park.object or None,
        "seconds": None if park.asked_ns < 0 else park.asked_ns / _NS_PER_S,
        **(_end(park) if park.direction else {}),
        **_place(park.place),
        "innermost": _innermost(timeline, park),
    }


def _innermost(timeline: Timeline, park: Park) -> Record | None:
    """Where the chain that `park` is the outer end of is parked; None if there is none."""
    inner = timeline.innermost(park)
    if inner is park:
        return None
    return {"track": inner.track, "name": timeline.name(inner.track), **_place(inner.place)}


def _end(park: Park) -> Record:
    return {
        "fd": _number(park.fd),
        "direction": park.direction,
        "local": park.local or None,
        "peer": park.peer or None,
    }


def _wake(timeline: Timeline, index: int) -> Record:
    wakeup = timeline.wakeups[index]
    return {
        "event": "wake",
        "track": _track(wakeup.track),
        "name": _name(timeline, wakeup.track),
        "waker": _track(wakeup.waker),
        "waker_name": _name(timeline, wakeup.waker),
        "cause": wakeup.cause,
    }


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
        case ev.Uncaught(exception=exception, message=message):
            return {"event": "uncaught", "exception": exception, "message": message}
        case ev.End(code=code, signal=signal):
            return {"event": "end", "code": None if signal else code, "signal": signal or None}


_FIELDS: dict[Entry, Callable[[Timeline, int], Record | None]] = {
    Entry.SPAWN: _spawn,
    Entry.SWITCH: _switch,
    Entry.PARK: _wait,
    Entry.WAKEUP: _wake,
    Entry.EXIT: _exit,
    Entry.OUTPUT: _output,
    Entry.REMARK: _remark,
    Entry.SAMPLE: _sample,
}
