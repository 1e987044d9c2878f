"""What came in front of each place of a column."""

from __future__ import annotations

import numpy as np

from visualizer.trace.columns import Column


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
