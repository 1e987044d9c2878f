"""Spans in which nobody runs, and time without them.

A gap is a span in which each thread is idle: its hub polls, or the thread has not begun or has ended. What no hub tells
of a thread is taken for running: that a program sleeps in `time.sleep` cannot be seen, and is not folded away.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from math import floor, inf, log2
from typing import NamedTuple
from weakref import WeakKeyDictionary

from visualizer.analysis.model import State, Timeline, Track
from visualizer.trace import words

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
_IDLE = bytes((State.IDLE,))


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
        #: All gaps, and of lengths from a power of two on how many and how long they are together.
        self._starts = array("q")
        self._ends = array("q")
        self._counts = [0] * 64
        self._sums = [0] * 64
        #: Those that are folded: from which length on, how long they are shown, and in busy time where each begins.
        self._from_ns = 0
        self._shown_ns = 1.0
        self._taken = 0
        self._folded = array("q")
        self._folded_ends = array("q")
        self._places = array("d")

    def __len__(self) -> int:
        """How many are folded."""
        return len(self._folded)

    def gap(self, number: int) -> Gap:
        """The folded gap of that number, from 0."""
        return Gap(self._folded[number], self._folded_ends[number], self._shown_ns)

    def place(self, number: int) -> float:
        """Where in busy time the folded gap of that number begins."""
        return self._places[number]

    def number_at(self, place: float) -> int:
        """Number of the first folded gap that ends behind `place` of busy time; there may be none of it."""
        number = bisect_right(self._places, place)
        return number - 1 if number and place < self._places[number - 1] + self._shown_ns else number

    def busy(self, t_ns: int) -> float:
        """Where in busy time `t_ns` is, in ns."""
        number = bisect_right(self._folded, t_ns) - 1
        if number < 0:
            return float(t_ns)
        start_ns, end_ns, place = self._folded[number], self._folded_ends[number], self._places[number]
        if t_ns < end_ns:
            return place + (t_ns - start_ns) * self._shown_ns / (end_ns - start_ns)
        return place + self._shown_ns + (t_ns - end_ns)

    def time(self, place: float) -> float:
        """The time, in ns, at a place of busy time. Inverse of `busy`."""
        number = bisect_right(self._places, place) - 1
        if number < 0:
            return place
        start_ns, end_ns, beyond = self._folded[number], self._folded_ends[number], place - self._places[number]
        if beyond < self._shown_ns:
            return start_ns + beyond * (end_ns - start_ns) / self._shown_ns
        return end_ns + beyond - self._shown_ns

    def update(self) -> None:
        """Take in what has arrived since."""
        timeline = self._timeline
        if timeline.version == self._version:
            return
        self._version = timeline.version
        settled_ns = timeline.last_ns if timeline.finished else timeline.last_ns - _SETTLED_NS
        for start_ns, end_ns in self._idle(settled_ns):
            length_ns = end_ns - start_ns
            self._starts.append(start_ns)
            self._ends.append(end_ns)
            self._counts[length_ns.bit_length() - 1] += 1
            self._sums[length_ns.bit_length() - 1] += length_ns
        self._fold()

    def _idle(self, settled_ns: int) -> Iterator[tuple[int, int]]:
        """The spans behind `_until_ns`, and over before `settled_ns`, in which all threads are idle."""
        if settled_ns <= self._until_ns:
            return
        found: list[tuple[float, float]] = [(self._until_ns, inf)]
        for thread in self._threads():
            found = list(_common(found, self._idle_of(*thread)))
            if not found:
                break
        self._until_ns = settled_ns
        for start, end in found:
            if end > settled_ns:
                # It goes on, as far as is known.
                self._until_ns = min(self._until_ns, int(start))
            elif end - start >= _LEAST_NS:
                yield int(start), int(end)

    def _threads(self) -> list[tuple[Track | None, list[Track]]]:
        """Each thread and its hubs; None for one of hubs of which it is not known."""
        tracks = self._timeline.tracks
        threads: dict[int, tuple[Track | None, list[Track]]] = {}
        for track in tracks.values():
            if track.kind == words.THREAD:
                threads[track.id] = track, []
        for track in tracks.values():
            if track.kind == words.HUB:
                threads.setdefault(track.parent, (None, []))[1].append(track)
        return list(threads.values())

    def _idle_of(self, thread: Track | None, hubs: list[Track]) -> Iterator[tuple[float, float]]:
        """When a thread is idle, from `_until_ns` on."""
        if thread is not None and thread.spawn_ns > self._until_ns:
            yield -inf, thread.spawn_ns
        spans = [span for hub in hubs for span in _polls(hub, self._until_ns)]
        yield from sorted(spans)
        if thread is not None and thread.exit_ns >= 0:
            yield max([thread.exit_ns, *(end for _, end in spans if end != inf)]), inf

    def _fold(self) -> None:
        from_ns, shown_ns = self._measure()
        if (from_ns, shown_ns) != (self._from_ns, self._shown_ns):
            self._from_ns, self._shown_ns, self._taken = from_ns, shown_ns, 0
            self._folded, self._folded_ends, self._places = array("q"), array("q"), array("d")
            self.revision += 1
        if not from_ns:
            return
        for number in range(self._taken, len(self._starts)):
            start_ns, end_ns = self._starts[number], self._ends[number]
            if end_ns - start_ns >= from_ns:
                place = self.busy(start_ns)
                self._folded.append(start_ns)
                self._folded_ends.append(end_ns)
                self._places.append(place)
                self.revision += 1
        self._taken = len(self._starts)

    def _measure(self) -> tuple[int, float]:
        """From which length on gaps are folded, and how long they are shown; 0 and 1 if none is."""
        if not self._starts:
            return 0, 1.0
        # Before the first switch and behind the end of the first track an interpreter begins and ends.
        timeline = self._timeline
        switch_ns = timeline.switch_ns or self._starts
        exit_ns = next(iter(timeline.tracks.values())).exit_ns
        end_ns = exit_ns if exit_ns >= 0 else timeline.last_ns
        rest_ns = max(end_ns, self._ends[-1]) - min(switch_ns[0], self._starts[0])
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


def _polls(hub: Track, since_ns: int) -> Iterator[tuple[float, float]]:
    """When a hub polls, from `since_ns` on; until for ever if it still does."""
    starts_ns = hub.slices.start_ns
    states = bytes(hub.slices.state[max(0, bisect_left(starts_ns, since_ns) - 1) :])
    offset = len(starts_ns) - len(states)
    index = states.find(_IDLE)
    while index >= 0:
        at = index + offset
        yield int(starts_ns[at]), int(starts_ns[at + 1]) if at + 1 < len(starts_ns) else inf
        index = states.find(_IDLE, index + 1)


def _common(some: list[tuple[float, float]], others: Iterator[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """What lies in one of `some` and in one of `others`; both are in order."""
    index = 0
    for start, end in others:
        while index < len(some) and some[index][1] <= start:
            index += 1
        at = index
        while at < len(some) and some[at][0] < end:
            common = max(start, some[at][0]), min(end, some[at][1])
            if common[0] < common[1]:
                yield common
            at += 1
