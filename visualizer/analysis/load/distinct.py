"""Which numbers a column holds, found without sorting it."""

from __future__ import annotations

from array import array

import numpy as np

from visualizer.trace.columns import Column

#: Up to so many, what there may be is listed; of more, what there is.
MOST_LISTED = 1 << 20


def distinct(column: Column) -> tuple[Column, Column]:
    """The different numbers in the column, ascending, and a column that says of each which of these it is."""
    seen = _seen(column)
    return np.flatnonzero(seen), np.cumsum(seen) - 1


def together(*columns: Column) -> Column:
    """The different tracks in these columns, ascending."""
    return np.flatnonzero(_seen(*columns))


def _seen(*columns: Column) -> Column:
    seen = np.zeros(max(int(column.max(initial=0)) for column in columns) + 1, dtype=bool)
    for column in columns:
        seen[column] = True
    return seen


def different(column: Column) -> list[int]:
    """The different numbers in the column, ascending."""
    low, high = int(column.min()), int(column.max())
    if high - low >= MOST_LISTED:
        found: list[int] = np.unique(column).tolist()
        return found
    seen = np.zeros(high - low + 1, dtype=bool)
    seen[column - low] = True
    return (np.flatnonzero(seen) + low).tolist()


def lasts(tracks: Column) -> Column:
    """Where each of the tracks in the column stands for the last time."""
    last = np.full(int(tracks.max()) + 1, -1, dtype=np.int64)
    last[tracks] = np.arange(len(tracks))
    return last[last >= 0]


def view(column: array[int]) -> Column:
    """Of a column of 32 bits, which cannot grow while this lives."""
    return np.frombuffer(column, dtype=np.int32)
