"""What stands where in a column: its groups, and what came last in front of each place."""

from __future__ import annotations

import numpy as np

from visualizer.trace.columns import Column


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
