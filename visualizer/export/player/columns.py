"""Numbers packed for the page: each column as planes of bytes, the lowest of all numbers first.

Most planes are all but empty, and what is regular in a plane stands side by side: deflate makes little of that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from visualizer.trace.columns import Column

_LARGEST = 1 << 61


class Columns:
    """Columns of numbers, one behind another."""

    def __init__(self) -> None:
        #: Name -> how many numbers there are, and how many bytes each takes.
        self.layout: dict[str, tuple[int, int]] = {}
        self._planes: list[bytes] = []

    def add(self, name: str, numbers: Any, signed: bool = False) -> None:
        """Numbers from 0 on, or of either sign: then each is doubled, and one more stands for below 0."""
        # Beyond that a page could not tell two of them apart: times of a damaged trace.
        column = np.clip(np.asarray(numbers, dtype=np.int64), -_LARGEST, _LARGEST)
        if signed:
            column = np.where(column < 0, -2 * column - 1, 2 * column)
        most = int(column.max()) if len(column) else 0
        width = (most.bit_length() + 7) // 8
        self.layout[name] = len(column), width
        planes: Column = column.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width]
        self._planes.append(planes.T.tobytes())

    def packed(self) -> bytes:
        """All of them."""
        return b"".join(self._planes)


def differences(numbers: Column) -> Column:
    """How much more each is than the one before; the first, than 0."""
    found: Column = np.diff(numbers, prepend=0)
    return found
