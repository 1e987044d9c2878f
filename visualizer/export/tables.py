"""The events as a table: what `visualizer events` prints, or the switches, waits, wakes or slices alone, a row each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import compress, islice
from typing import Any

import msgspec
import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import Entry, State, Timeline
from visualizer.analysis.report.jsonl import in_columns
from visualizer.export.bars import table_of, tracks_of
from visualizer.export.settings import Settings
from visualizer.trace.columns import Column

#: Name of a column -> its values: all numbers, or all text; None where a row has none.
Table = dict[str, list[Any]]

_NS_PER_S = 1_000_000_000
#: A spreadsheet has 48,576 more.
MOST_ROWS = 1_000_000


def table(timeline: Timeline, settings: Settings) -> Table:
    """The table that is wanted, in order of time; its columns are the fields that FORMAT.md names. It has about
    MOST_ROWS rows at most, and says so."""
    return _TABLES[settings.table](timeline, settings)


def _say_cut(settings: Settings, where: str) -> None:
    settings.tell(f"The table is cut {where}: --from and --to choose another part.")


def _slices(timeline: Timeline, settings: Settings) -> Table:
    """Each track's, one after another. `what`: what a waiting track waits for."""
    part = settings.part_of(timeline)
    ids = tracks_of(part)
    every = AllSlices(timeline.tracks, ids)
    start_ns = every.start_ns[(every.start_ns > part.start_ns) & (every.start_ns <= part.end_ns)]
    if len(start_ns) > MOST_ROWS:
        until_ns = int(np.partition(start_ns, MOST_ROWS)[MOST_ROWS])
        _say_cut(settings, f"at {until_ns / _NS_PER_S:.6f} s")
        part = part._replace(end_ns=until_ns)
    found, names = table_of(part, ids, every), timeline.names()
    state, track = [State(one).name for one in found.state.tolist()], found.track.tolist()
    return {
        "track": track,
        "name": [*map(names.get, track)],
        "state": state,
        "what": [None if label == one.lower() else label for label, one in zip(found.label, state, strict=True)],
        "start": [ns / _NS_PER_S for ns in found.start_ns.tolist()],
        "end": [ns / _NS_PER_S for ns in found.end_ns.tolist()],
    }


def _records(kind: Entry | None) -> Callable[[Timeline, Settings], Table]:
    """The records of that kind, or all of them, with a column for each field that any has."""

    def found(timeline: Timeline, settings: Settings) -> Table:
        columns: dict[str, _Column] = defaultdict(_Column)
        count = 0
        for size, parts in in_columns(timeline, settings.part_of(timeline), kind):
            if count >= MOST_ROWS and size:
                _say_cut(settings, f"after {count:,} rows")
                break
            for rows, fields in parts:
                for name, values in fields.items():
                    # What is the same of all has no end of its own.
                    columns[name].add(rows + count, [*islice(values, len(rows))])
            count += size
        return {name: column.dense(count) for name, column in columns.items() if column}

    return found


class _Column:
    """The values of a field, of the rows that have it."""

    def __init__(self) -> None:
        self._known: list[tuple[Column, list[Any]]] = []

    def __bool__(self) -> bool:
        return bool(self._known)

    def add(self, rows: Column, values: list[Any]) -> None:
        """These rows have those values: nested ones as JSON."""
        kinds = set(map(type, values))
        if msgspec.UnsetType in kinds:
            is_set = [value is not msgspec.UNSET for value in values]
            rows, values = rows[is_set], [*compress(values, is_set)]
        if dict in kinds:
            values = [msgspec.json.encode(one).decode() if isinstance(one, dict) else one for one in values]
        if values:
            self._known.append((rows, values))

    def dense(self, count: int) -> list[Any]:
        """The values of `count` rows: None where one has none. They are kept no longer."""
        found = np.full(count, None, dtype=object)
        for rows, values in self._known:
            found[rows] = values
        self._known.clear()
        dense: list[Any] = found.tolist()
        return dense


_TABLES: dict[str, Callable[[Timeline, Settings], Table]] = {
    "events": _records(None),
    "switches": _records(Entry.SWITCH),
    "waits": _records(Entry.SUSPENSION),
    "wakes": _records(Entry.WAKEUP),
    "slices": _slices,
}
TABLES = tuple(_TABLES)
