"""The events as a table: what `visualizer events` prints, or the switches, waits, wakes or slices alone, a row each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.jsonl import blocks
from visualizer.export.bars import bars_of, tracks_of
from visualizer.export.settings import Settings

#: Name of a column -> its values: all numbers, or all text; None where a row has none.
Table = dict[str, list[Any]]

_NS_PER_S = 1_000_000_000


def table(timeline: Timeline, settings: Settings) -> Table:
    """The table that is wanted, in order of time; its columns are the fields that FORMAT.md names."""
    return _TABLES[settings.table](timeline, settings)


def _slices(timeline: Timeline, settings: Settings) -> Table:
    """Each track's, one after another. `what`: what a waiting track waits for."""
    part = settings.part_of(timeline)
    found: Table = {name: [] for name in ("track", "name", "state", "what", "start", "end")}
    for bars in bars_of(part, tracks_of(part)):
        count = len(bars.state)
        states = [State(one).name for one in bars.state]
        found["track"] += [bars.track.id] * count
        found["name"] += [timeline.name(bars.track.id)] * count
        found["state"] += states
        found["what"] += [
            None if label == state.lower() else label for label, state in zip(bars.label, states, strict=True)
        ]
        found["start"] += [ns / _NS_PER_S for ns in bars.start_ns]
        found["end"] += [ns / _NS_PER_S for ns in bars.end_ns]
    return found


def _records(kind: str | None) -> Callable[[Timeline, Settings], Table]:
    """The records of that kind, or all of them, with a column for each field that any has."""

    def found(timeline: Timeline, settings: Settings) -> Table:
        columns: dict[str, _Column] = defaultdict(_Column)
        count = 0
        for block in blocks(timeline, settings.part_of(timeline)):
            # Those of one type have the same fields.
            by_type: dict[Any, list[int]] = defaultdict(list)
            kept = block if kind is None else [one for one in block if _reader(one, "event")(one) == kind]
            for at, record in enumerate(kept):
                by_type[tuple(record) if isinstance(record, dict) else type(record)].append(at)
            for which, places in by_type.items():
                those = [kept[at] for at in places]
                for name in which if isinstance(which, tuple) else which.__struct_fields__:
                    columns[name].add([count + at for at in places], list(map(_reader(those[0], name), those)))
            count += len(kept)
        return {name: column.dense(count) for name, column in columns.items() if column}

    return found


def _reader(record: Any, name: str) -> Callable[[Any], Any]:
    """What returns that field of records such as this."""
    return itemgetter(name) if isinstance(record, dict) else attrgetter(name)


class _Column:
    """The values of a field, of the rows that have it."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._values: list[Any] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, rows: list[int], values: list[Any]) -> None:
        if any(value is not msgspec.UNSET for value in values):
            self._rows += rows
            self._values += values

    def dense(self, count: int) -> list[Any]:
        """The values of `count` rows: None where one has none, nested ones as JSON."""
        found: list[Any] = [None] * count
        for row, value in zip(self._rows, self._values, strict=True):
            if value is not msgspec.UNSET:
                found[row] = msgspec.json.encode(value).decode() if isinstance(value, dict) else value
        return found


_TABLES: dict[str, Callable[[Timeline, Settings], Table]] = {
    "events": _records(None),
    "switches": _records("switch"),
    "waits": _records("wait"),
    "wakes": _records("wake"),
    "slices": _slices,
}
TABLES = tuple(_TABLES)
