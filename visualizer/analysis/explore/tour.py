"""A guided tour: captions for whatever a scenario does, which hold for every run of it. Described in FORMAT.md."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.sentences import sentence

_FORMAT = "visualizer-tour"
_VERSION = 1


class _Stop(msgspec.Struct):
    """A caption, and the switch to which it belongs: the `nth` between these tracks whose sentence has that in it.

    Neither its number nor its time has to be that of another run.
    """

    name: str
    caption: str
    origin: str = msgspec.field(default="", name="from")
    target: str = msgspec.field(default="", name="to")
    says: str = ""
    nth: int = 1


class _File(msgspec.Struct):
    format: str
    version: int
    stops: list[_Stop]


class Tour(NamedTuple):
    """The stops that a recording has, in order, and the names of those for which it has no such switch there."""

    marks: tuple[Mark, ...]
    missing: tuple[str, ...]


def read(path: Path, timeline: Timeline) -> Tour:
    """Find the stops of that file in a recording. Raise OSError if it cannot be read, ValueError if it is no tour."""
    found = msgspec.json.decode(path.read_bytes(), type=_File)
    if found.format != _FORMAT or found.version > _VERSION:
        raise ValueError(f"its format is not {_FORMAT} {_VERSION}")
    marks, missing, before = [], [], -1
    for stop in found.stops:
        at = _switch(stop, timeline)
        # Each caption builds on those before it: where a run took another order, it would not be true. And whoever goes
        # to a time comes behind all switches of that time.
        if at is None or at <= before or at != timeline.switch_before(timeline.switch_ns[at]):
            missing.append(stop.name)
        else:
            before = at
            marks.append(Mark(timeline.switch_ns[at], stop.name, stop.caption))
    return Tour(tuple(marks), tuple(missing))


def _switch(stop: _Stop, timeline: Timeline) -> int | None:
    origins, targets = (_tracks(timeline, name) for name in (stop.origin, stop.target))
    switches = timeline.columns.switches
    those = (
        index
        for index, (origin, target) in enumerate(zip(switches.origin, switches.target, strict=True))
        if origin in origins and target in targets and stop.says in sentence(timeline, index)
    )
    return next(islice(those, stop.nth - 1, None), None)


def _tracks(timeline: Timeline, name: str) -> set[int]:
    """The tracks of that name, with or without their numbers; "": all."""
    return {track for track in timeline.tracks if not name or name in timeline.all_names(track)}
