"""What came in front of each place of a column, and what stands at some."""

from __future__ import annotations

import numpy as np

from visualizer.trace.columns import Column, nonzero


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
