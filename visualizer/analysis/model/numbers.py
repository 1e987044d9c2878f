"""A number for each of many tracks, by their ids: of a million, a column takes a tenth of what a dictionary does."""

from __future__ import annotations

from array import array

import numpy as np

from visualizer.analysis.model.columns import append
from visualizer.trace.columns import Column, nonzero

#: The number of a track that was given none.
NONE = -1
#: Ids are counted, so there are few that were given to nobody. In a damaged trace they may be any number: those from
#: this one on are kept one by one, unless there are about as many tracks.
_FEW = 1 << 20


class Numbers:
    """Which number each track was given last, of 32 bits, by its id; NONE if none."""

    def __init__(self) -> None:
        self._near = array("i", [NONE])
        self._far: dict[int, int] = {}
        self._given = 0

    def __getitem__(self, id: int) -> int:
        return self._near[id] if 0 <= id < len(self._near) else self._far.get(id, NONE)

    def __setitem__(self, id: int, number: int) -> None:
        self.put(np.array([id]), np.array([number]))

    def take(self, ids: Column) -> Column:
        """Those of all these tracks: int32."""
        found: Column = np.asarray(self._near).take(ids, mode="clip")
        apart = self._apart(ids)
        if len(apart):
            found[apart] = [self._far.get(id, NONE) for id in ids[apart].tolist()] if self._far else NONE
        return found

    def put(self, ids: Column, numbers: Column) -> None:
        """Give each of these tracks such a number; if one stands there twice, the latter."""
        self._given += len(ids)
        if not len(ids):
            return
        most = int(ids.max())
        if len(self._near) <= most < max(_FEW, 4 * self._given):
            append(self._near, np.full(max(most + 1 - len(self._near), len(self._near)), NONE))
            for id in [id for id in self._far if 0 <= id < len(self._near)]:
                self._near[id] = self._far.pop(id)
        apart = self._apart(ids)
        if len(apart):
            self._far.update(zip(ids[apart].tolist(), numbers[apart].tolist(), strict=True))
            is_near = np.ones(len(ids), dtype=bool)
            is_near[apart] = False
            ids, numbers = ids[is_near], numbers[is_near]
        np.asarray(self._near)[ids] = numbers

    def _apart(self, ids: Column) -> Column:
        """Where those stand that are kept one by one."""
        # Those below 0 are among the greatest.
        unsigned = ids.view(f"u{ids.itemsize}")
        if int(unsigned.max(initial=0)) < len(self._near):
            return nonzero(ids[:0])
        return nonzero(unsigned >= len(self._near))
