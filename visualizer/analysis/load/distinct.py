"""Which numbers a column holds, and which of those each of them is, found without sorting where that is possible."""

from __future__ import annotations

import numpy as np

from visualizer.trace.columns import Column

#: Up to so many, what there may be is listed; of more, what there is.
_MOST_LISTED = 1 << 22


def numbered(column: Column) -> tuple[Column, Column]:
    """The different numbers (none below 0) in the column, ascending, and of each number in it which of these it is."""
    most = int(column.max(initial=0))
    if most >= max(_MOST_LISTED, 4 * len(column)):
        different, index = np.unique(column, return_inverse=True)
        return different, index
    seen = np.zeros(most + 1, dtype=bool)
    seen[column] = True
    different = np.flatnonzero(seen)
    table = np.empty(most + 1, dtype=np.uint16 if len(different) <= 1 << 16 else np.int64)
    table[different] = np.arange(len(different))
    return different, table.take(column)


def grouped(index: Column, count: int) -> tuple[Column, Column]:
    """In which order the numbers, each below `count`, are grouped; and where each group begins, and the last ends."""
    # numpy sorts what is of 16 bits by its digits.
    order = (index.astype(np.uint16) if count <= 1 << 16 else index).argsort(kind="stable")
    return order, np.concatenate(([0], np.bincount(index, minlength=count).cumsum()))


def last_true(mask: Column) -> Column:
    """Where the mask was true last, at each place or before it; -1 if nowhere."""
    where: Column = np.maximum.accumulate(np.where(mask, np.arange(len(mask)), -1))
    return where


def shifted(column: Column, first: object) -> Column:
    """The column one place later, with `first` in front."""
    moved = np.empty_like(column)
    if len(column):
        moved[0], moved[1:] = first, column[:-1]
    return moved
