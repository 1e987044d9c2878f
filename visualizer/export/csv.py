"""A table as comma-separated values (RFC 4180), with a line of names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.export.formats import Format
from visualizer.export.settings import Settings
from visualizer.export.tables import table

#: A spreadsheet takes text that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@")
#: So many rows show whether a column repeats.
_LOOKED_AT = 1 << 12
_REMEMBERED = 1 << 18


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The table. Text is printable, and in front of what a spreadsheet would calculate stands an apostrophe."""
    columns = table(timeline, settings)
    if not columns:
        return b"\r\n"
    # Columns that repeat what they have are written together, others each for itself.
    groups: list[list[str]] = []
    repeated = False
    for name, column in columns.items():
        some, before = column[:_LOOKED_AT], repeated
        repeated = len({*some}) <= len(some) // 4
        if not (before and repeated):
            groups.append([])
        groups[-1].append(name)
    parts = [chain((",".join(names),), _written([*map(columns.pop, names)])) for names in groups]
    rows = map("%s\r\n".__mod__, map(",".join, zip(*parts, strict=True)))
    # Some at a time: all of them as texts would take twice as much.
    return b"".join("".join(some).encode() for some in iter(lambda: [*islice(rows, _LOOKED_AT)], []))


def _written(columns: list[list[Any]]) -> Iterable[str]:
    """What is written of each row of these columns."""
    if len(columns) == 1 and not _is_text(columns[0]):
        return ("" if value is None else repr(value) for value in columns[0])
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="")

    def write(*row: object) -> str:
        out.seek(0)
        out.truncate()
        # A row that is nothing but one empty cell would be put in quotes.
        writer.writerow(("", *row))
        return out.getvalue()[1:]

    # Rows that are alike are written once.
    return map(lru_cache(_REMEMBERED, typed=True)(write), *map(_cells, columns))


def _is_text(column: list[Any]) -> bool:
    return isinstance(next((value for value in column if value is not None), None), str)


def _cells(column: list[Any]) -> Iterable[Any]:
    """What is written of a column, which is all numbers or all text."""
    if not _is_text(column):
        return column
    # Most texts stand in many rows.
    cells = {value: _cell(value) if isinstance(value, str) else value for value in set(column)}
    return map(cells.__getitem__, column)


def _cell(value: str) -> str:
    text = plain(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


FORMAT = Format(".csv", make, (), frozenset(("table",)))
