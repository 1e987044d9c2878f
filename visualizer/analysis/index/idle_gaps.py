"""Spans in which nobody runs, and time without them.

A gap is a span in which each thread is idle: its hub polls, or the thread has not begun or has ended. A thread without
a hub is idle where it waits in a select, or in another call, as far as that was seen. All else is taken for running.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import islice
from math import floor, log2
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.trace import words
from visualizer.trace.columns import unique

#: A shorter gap is none.
_LEAST_NS = 1_000
#: Threads write what they did every 50 ms: of what is younger, one may not have told yet that it ran.
_SETTLED_NS = 200_000_000
#: A folded gap takes this part of all that is not folded; where there are many, they take as much as it together.
_SHARE = 1 / 8
#: How long gaps are shown goes by steps, so many to twice as long: while a program runs it shall not always change.
_STEPS = 4
#: A gap is folded that is so many times as long as it is when folded.
_WORTH_FOLDING = 4
_FOR_EVER_NS = 1 << 62

#: From when and until when, in order, and none of them within another.
_Spans = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class Gap(NamedTuple):
    """[start_ns, end_ns) is shown as `shown_ns`."""

    start_ns: int
    end_ns: int
    shown_ns: float

    @property
    def length_ns(self) -> int:
        """How long it really is."""
        return self.end_ns - self.start_ns


class Gaps:
    """The gaps of a timeline that may still grow. *Busy time* is time with the long ones shortened, all alike."""

    def __init__(self, timeline: Timeline) -> None:
        #: Changes whenever busy time does.
        self.revision = 0
        self._timeline = timeline
        self._version = -1
        self._until_ns = 0
        #: Each thread and its hubs, None for one of hubs of which it is not known; of so many tracks.
        self._threads: dict[int, tuple[Track | None, list[Track]]] = {}
        self._spawned = 0
        #: All gaps, and of lengths from a power of two on how many and how long they are together.
        self._gaps = _spans(())
        self._counts = [0] * 64
        self._sums = [0] * 64
        #: From which length on gaps are folded, and how long they are shown; 0 and 1 if none is.
        self._measures = 0, 1.0
        #: The folded ones, and where in busy time each begins.
        self._folded = array("q")
        self._folded_ends = array("q")
        self._places = array("d")

    def __len__(self) -> int:
        """How many are folded."""
        return len(self._folded)

    def gap(self, number: int) -> Gap:
        """The folded gap of that number, from 0."""
        return Gap(self._folded[number], self._folded_ends[number], self._measures[1])

    def place(self, number: int) -> float:
        """Where in busy time the folded gap of that number begins."""
        return self._places[number]

    def number_at(self, place: float) -> int:
        """Number of the first folded gap that ends after `place` of busy time; there may be none of it."""
        number = bisect_right(self._places, place)
        return number - 1 if number and place < self._places[number - 1] + self._measures[1] else number

    def busy(self, t_ns: int) -> float:
        """Where in busy time `t_ns` is, in ns."""
        number = bisect_right(self._folded, t_ns) - 1
        if number < 0:
            return float(t_ns)
        start_ns, end_ns, place = self._folded[number], self._folded_ends[number], self._places[number]
        if t_ns < end_ns:
            return place + (t_ns - start_ns) * self._measures[1] / (end_ns - start_ns)
        return place + self._measures[1] + (t_ns - end_ns)

    def time(self, place: float) -> float:
        """The time, in ns, at a place of busy time. Inverse of `busy`."""
        number = bisect_right(self._places, place) - 1
        if number < 0:
            return place
        start_ns, end_ns, beyond = self._folded[number], self._folded_ends[number], place - self._places[number]
        if beyond < self._measures[1]:
            return start_ns + beyond * (end_ns - start_ns) / self._measures[1]
        return end_ns + beyond - self._measures[1]

    def update(self) -> None:
        """Take in what has arrived since."""
        timeline = self._timeline
        if timeline.version == self._version:
            return
        self._version = timeline.version
        settled_ns = timeline.last_ns if timeline.finished else timeline.last_ns - _SETTLED_NS
        starts_ns, ends_ns = self._idle(settled_ns)
        if len(starts_ns):
            self._gaps = np.concatenate((self._gaps[0], starts_ns)), np.concatenate((self._gaps[1], ends_ns))
            lengths_ns = ends_ns - starts_ns
            powers = np.log2(lengths_ns).astype(np.int64)
            for power in unique(powers).tolist():
                self._counts[power] += int(np.count_nonzero(powers == power))
                self._sums[power] += int(lengths_ns[powers == power].sum())
        measures = self._measure()
        if len(starts_ns) or measures != self._measures:
            self._measures = measures
            self._fold()

    def _idle(self, settled_ns: int) -> _Spans:
        """The spans after `_until_ns`, and over before `settled_ns`, in which all threads are idle."""
        if settled_ns <= self._until_ns:
            return _spans(())
        self._take_threads()
        found = _spans([(self._until_ns, _FOR_EVER_NS)])
        for thread, hubs in self._threads.values():
            found = _common(found, self._idle_of(thread, hubs))
        starts_ns, ends_ns = found
        over = ends_ns <= settled_ns
        # What goes on is looked at again.
        going_on = starts_ns[~over]
        self._until_ns = min([settled_ns, *going_on[:1].tolist()])
        over &= ends_ns - starts_ns >= _LEAST_NS
        return starts_ns[over], ends_ns[over]

    def _take_threads(self) -> None:
        timeline, threads = self._timeline, self._threads
        ids = [*islice(timeline.spawns, self._spawned, None)]
        for id, birth in zip(ids, timeline.tracks.births(ids), strict=True):
            if birth.kind == words.THREAD:
                threads[id] = timeline.tracks[id], threads.get(id, (None, []))[1]
            elif birth.schedules:
                threads.setdefault(birth.parent, (None, []))[1].append(timeline.tracks[id])
        self._spawned = len(timeline.spawns)

    def _idle_of(self, thread: Track | None, hubs: list[Track]) -> _Spans:
        """When a thread is idle, from `_until_ns` on."""
        known = [_idles(called(self._timeline, track), self._until_ns) for track in hubs or filter(None, [thread])]
        polls = _spans(()) if not known else tuple(map(np.concatenate, zip(*known, strict=True)))
        order = np.argsort(polls[0], kind="stable")
        parts = [(polls[0][order], polls[1][order])]
        if thread is not None:
            parts.insert(0, _spans([(-_FOR_EVER_NS, thread.spawn_ns)]))
            if thread.exit_ns >= 0:
                parts.append(_spans([(thread.exit_ns, _FOR_EVER_NS)]))
        starts_ns, ends_ns = map(np.concatenate, zip(*parts, strict=True))
        # A damaged trace may tell that a thread polls after its end.
        starts_ns = np.maximum(starts_ns, np.concatenate(([-_FOR_EVER_NS], np.maximum.accumulate(ends_ns)[:-1])))
        return starts_ns[starts_ns < ends_ns], ends_ns[starts_ns < ends_ns]

    def _fold(self) -> None:
        from_ns, shown_ns = self._measures
        starts_ns, ends_ns = self._gaps
        long = ends_ns - starts_ns >= (from_ns or _FOR_EVER_NS)
        starts_ns, ends_ns = starts_ns[long], ends_ns[long]
        saved_ns = np.cumsum(ends_ns - starts_ns - shown_ns)
        places = starts_ns - np.concatenate(([0.0], saved_ns))[: len(starts_ns)]
        self._folded, self._folded_ends = array("q", starts_ns.tobytes()), array("q", ends_ns.tobytes())
        self._places = array("d", places.astype(np.float64).tobytes())
        self.revision += 1

    def _measure(self) -> tuple[int, float]:
        """From which length on gaps are folded, and how long they are shown; 0 and 1 if none is."""
        starts_ns, ends_ns = self._gaps
        if not len(starts_ns):
            return 0, 1.0
        # Before the first switch and after the end of the first track an interpreter begins and ends.
        timeline = self._timeline
        first_ns, last_ns = int(starts_ns[0]), int(ends_ns[-1])
        exit_ns = next(iter(timeline.tracks.values())).exit_ns
        end_ns = exit_ns if exit_ns >= 0 else timeline.last_ns
        rest_ns = max(end_ns, last_ns) - (min(first_ns, timeline.switch_ns[0]) if timeline.switch_count else first_ns)
        count, found = 0, (0, 1.0)
        for power in range(63, -1, -1):
            if not self._counts[power]:
                continue
            count += self._counts[power]
            rest_ns -= self._sums[power]
            # What is left may be nothing at all.
            shown_ns = 2.0 ** (floor(_STEPS * log2(max(1, rest_ns) * min(_SHARE, 1 / count))) / _STEPS)
            if 2.0**power >= _WORTH_FOLDING * shown_ns:
                found = 1 << power, shown_ns
        return found


_GAPS: WeakKeyDictionary[Timeline, Gaps] = WeakKeyDictionary()


def gaps(timeline: Timeline) -> Gaps:
    """The gaps of a timeline, as it is now. They are found once, and then only in what has arrived since."""
    known = _GAPS.get(timeline)
    if known is None:
        known = _GAPS[timeline] = Gaps(timeline)
    known.update()
    return known


def _spans(found: Iterable[tuple[int, int]]) -> _Spans:
    starts_ns, ends_ns = np.array([*found], dtype=np.int64).reshape(-1, 2).T
    return starts_ns, ends_ns


def _idles(slices: Slices, since_ns: int) -> _Spans:
    """When a track with these slices is idle, from `since_ns` on; until for ever if it still is."""
    first = max(0, bisect_left(slices.start_ns, since_ns) - 1)
    starts_ns = np.array(slices.start_ns[first:], dtype=np.int64)
    idle = np.array(slices.state[first:], dtype=np.uint8) == State.IDLE
    ends_ns = np.concatenate((starts_ns[1:], [_FOR_EVER_NS]))
    return starts_ns[idle], ends_ns[idle]


def _common(some: _Spans, others: _Spans) -> _Spans:
    """What lies in one of `some` and in one of `others`."""
    first = np.searchsorted(others[1], some[0], "right")
    counts = np.maximum(np.searchsorted(others[0], some[1], "left") - first, 0)
    # Each of `some` as often as it meets one of `others`, and which of them those are.
    one = np.repeat(np.arange(len(counts)), counts)
    other = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts) + first[one]
    return np.maximum(some[0][one], others[0][other]), np.minimum(some[1][one], others[1][other])
