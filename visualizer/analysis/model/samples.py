"""Where tracks were seen that ran without a switch: the samples of a timeline, as columns."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter


class Samples:
    """In order of time for each track: seen at `place` (its id), `count` times in a row, the last time at `ns`.

    `called`: the place where the function of that place was called, -1 if that is not known.
    """

    def __init__(self) -> None:
        self.ns = array("q")
        self.track = array("i")
        self.place = array("i")
        self.count = array("q")
        self.called = array("i")
        #: Track -> which of these are its own.
        self._of: dict[int, array[int]] = {}
        self._tallies: dict[int, _Tally] = {}

    def __len__(self) -> int:
        return len(self.ns)

    def add(self, t_ns: int, track: int, place: int, count: int, called: int = -1) -> int:
        """Take in the next. Return its number."""
        own = self._of.setdefault(track, array("i"))
        index = len(self.ns)
        # A generator that is resumed by another thread may have been seen a moment "later" before.
        self.ns.append(max(t_ns, self.ns[own[-1]]) if own else t_ns)
        self.track.append(track)
        self.place.append(place)
        self.count.append(count)
        self.called.append(called)
        own.append(index)
        return index

    def between(self, track: int, start_ns: int, end_ns: int) -> array[int]:
        """Numbers of those of a track from `start_ns` up to, and including, `end_ns`."""
        own = self._of.get(track)
        if own is None:
            return array("i")
        first, last = self._bounds(own, start_ns, end_ns)
        return own[first:last]

    def latest(self, track: int, start_ns: int, end_ns: int) -> int:
        """Number of the last of a track from `start_ns` to `end_ns`; -1 if there is none."""
        own = self._of.get(track, ())
        at = bisect_right(own, end_ns, key=self.ns.__getitem__) - 1
        return own[at] if at >= 0 and self.ns[own[at]] >= start_ns else -1

    def nearest(self, track: int, t_ns: int, start_ns: int, end_ns: int) -> int:
        """Number of the one of a track between `start_ns` and `end_ns` that is nearest to `t_ns`; -1 without any."""
        own = self._of.get(track, ())
        at = bisect_left(own, t_ns, key=self.ns.__getitem__)
        near = [own[index] for index in (at - 1, at) if 0 <= index < len(own)]
        near = [index for index in near if start_ns <= self.ns[index] <= end_ns]
        return min(near, key=lambda index: abs(self.ns[index] - t_ns), default=-1)

    def tally(self, track: int, start_ns: int, end_ns: int) -> Counter[tuple[int, int]]:
        """Ids of `place` and `called` -> how often the track was seen there from `start_ns` to `end_ns`.

        Asked again with a later end, it looks only at what has come since.
        """
        own = self._of.get(track)
        if own is None:
            return Counter()
        first, last = self._bounds(own, start_ns, end_ns)
        tally = self._tallies.get(track)
        if tally is None or tally.first != first or tally.last > last:
            tally = self._tallies[track] = _Tally(first)
        for index in own[tally.last : last]:
            tally.counts[self.place[index], self.called[index]] += self.count[index]
        tally.last = max(tally.last, last)
        return tally.counts

    def _bounds(self, own: array[int], start_ns: int, end_ns: int) -> tuple[int, int]:
        key = self.ns.__getitem__
        return bisect_left(own, start_ns, key=key), bisect_right(own, end_ns, key=key)


class _Tally:
    """Of one track's samples number `first` up to `last`."""

    def __init__(self, first: int) -> None:
        self.first = self.last = first
        self.counts: Counter[tuple[int, int]] = Counter()
