"""Columns: what came in front of each place, what stands at some, and where what changes."""

from __future__ import annotations

import numpy as np

from visualizer.trace.columns import Column, nonzero

NO_NUMBERS: Column = np.zeros(0, dtype=np.int64)


def last_true(mask: Column) -> Column:
    """Where the mask was true last, at each place or before it; -1 if nowhere."""
    where = nonzero(mask)
    return np.repeat(np.concatenate(([-1], where)), np.diff(where, prepend=0, append=len(mask)))


def shifted(column: Column, first: object) -> Column:
    """The column one place later, with `first` in front."""
    moved = np.empty_like(column)
    if len(column):
        moved[0], moved[1:] = first, column[:-1]
    return moved


def chosen(column: Column, those: Column) -> Column:
    """What stands at these places, which ascend; the column itself, if they are all."""
    return column if len(those) == len(column) else column.take(those)


def numbers_from(mask: Column, count: int) -> Column:
    """The number that each has, from `count` on, among those of which it is true, or that of the last one before it."""
    if mask.all():
        return np.arange(count, count + len(mask), dtype=np.int32)
    if not mask.any():
        return np.full(len(mask), count - 1, dtype=np.int32)
    return np.cumsum(mask, dtype=np.int32) + np.int32(count - 1)


def rise(start_ns: Column, bounds: Column, last_ns: Column) -> None:
    """Slices, those of each track between two bounds, begin no earlier than the one before, the first of which began
    at `last_ns`."""
    some = nonzero(bounds[1:] > bounds[:-1])
    first = bounds[some]
    start_ns[first] = np.maximum(start_ns[first], last_ns[some])
    falls = np.zeros(len(start_ns) + 1, dtype=bool)
    falls[1:-1] = start_ns[1:] < start_ns[:-1]
    falls[bounds] = False
    for at in {*(bounds.searchsorted(nonzero(falls), side="right") - 1).tolist()}:
        own = start_ns[bounds[at] : bounds[at + 1]]
        np.maximum.accumulate(own, out=own)


def are_any(column: Column, numbers: list[int]) -> Column:
    """Whether each is one of these few numbers."""
    found = np.zeros(len(column), dtype=bool)
    for one in numbers:
        found |= column == one
    return found


def edges(track: Column) -> tuple[Column, Column]:
    """Whether each is the first, and the last, of its track."""
    differs = np.ones(len(track) + 1, dtype=bool)
    differs[1:-1] = track[1:] != track[:-1]
    return differs[:-1][: len(track)], differs[1:]
