"""By which line of a batch each track ends."""

from __future__ import annotations

import numpy as np

from visualizer.trace.columns import Column

#: In a damaged trace the ids of tracks may be so far apart that they are not listed.
_MOST_APART, _APART = 1 << 22, 4


class Ends:
    """By which of `count` lines tracks end: `tracks`, each of which stands there once, and `lines`."""

    def __init__(self, tracks: Column, lines: Column, count: int) -> None:
        self._count = count
        self._first = int(tracks.min()) if len(tracks) else 0
        width = int(tracks.max(initial=self._first)) - self._first + 1
        self._tracks, self._lines = np.zeros(0, dtype=np.int64), lines
        if width > max(_MOST_APART, _APART * len(tracks)):
            order = tracks.argsort()
            self._tracks, self._lines = tracks.take(order), lines.take(order)
            return
        #: Of each track from one in front of the first on, up to one behind the last.
        self._lines = np.full(width + 2, count, dtype=np.int32)
        self._lines[tracks - (self._first - 1)] = lines

    def of(self, tracks: Column) -> Column:
        """By which each of these ends; behind all, if by none."""
        if not len(self._tracks):
            found: Column = self._lines.take(tracks - (self._first - 1), mode="clip")
            return found
        at = np.minimum(self._tracks.searchsorted(tracks), len(self._tracks) - 1)
        return np.where(self._tracks[at] == tracks, self._lines[at], self._count)


