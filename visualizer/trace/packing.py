"""Rows as the recorder in C writes them: each column in as few bytes as it needs (FORMAT.md, `packed`)."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from visualizer.trace.events import Packed, Rows

#: How many rows, and the time of the first.
_ROWS = struct.Struct("<Iq")
#: No writer puts more of them into a line.
_MOST = 1 << 16
#: Of a column: what is to be added to each number, the bytes of each, and how many of them stand behind in eight.
_COLUMN = struct.Struct("<qBI")
_WIDTHS = (0, 1, 2, 4, 8)
_VALUE_BIT = 32


def unpacked(line: Packed) -> Rows:
    """The same rows as three integers each. Raise ValueError if the line is damaged."""
    packed = line.packed
    if len(packed) < _ROWS.size:
        raise ValueError("no rows")
    (count, first_ns), at = _ROWS.unpack_from(packed), _ROWS.size
    if count > min(len(packed), _MOST):
        # Each of them has a byte at least, so that a short line cannot ask for much memory.
        raise ValueError("more rows than there is room for")
    elapsed, at = _column(packed, at, count, 1)
    track, at = _column(packed, at, count)
    shape, at = _column(packed, at, count)
    with_value = np.flatnonzero(shape & 1)
    value, at = _column(packed, at, len(with_value))
    shape >>= 1
    shape[with_value] |= value << _VALUE_BIT
    rows = np.empty((count, 3), dtype="<i8")
    elapsed[:1] = first_ns
    np.cumsum(elapsed, out=rows[:, 0])
    rows[:, 1], rows[:, 2] = track, shape
    return Rows(rows.tobytes())


def _column(packed: bytes, at: int, count: int, least: int = 0) -> tuple[npt.NDArray[np.int64], int]:
    """The column of so many numbers at `at`, of at least so many bytes each, and where the next one stands."""
    if len(packed) - at < _COLUMN.size:
        raise ValueError("too few columns")
    base, width, wide = _COLUMN.unpack_from(packed, at)
    at += _COLUMN.size
    if width not in _WIDTHS or (count and width < least) or len(packed) - at < count * width + 8 * wide:
        raise ValueError("no such column")
    if not width:
        return np.full(count, base, dtype=np.int64), at
    column = np.frombuffer(packed, f"<u{width}", count, at).astype(np.int64)
    at += count * width
    if wide:
        places = np.flatnonzero(column == (1 << 8 * width) - 1)
        if len(places) != wide:
            raise ValueError("not as many wide numbers as there are places for them")
        column[places] = np.frombuffer(packed, "<i8", wide, at)
        at += 8 * wide
    return column + base if base else column, at
