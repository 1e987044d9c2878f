"""Where on a timeline one looks, and how that moves: by steps, to a moment, by playing, or along with the end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis, position_of_time, unclamped_time

_NS_PER_S = 1_000_000_000
#: Played at speed 1 on the switch axis.
SWITCHES_PER_S = 3
#: 1 is the speed at which the program ran.
SPEEDS = (0.00001, 0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
#: What is over sooner could not be watched: it is played so slowly that it takes the other time at least.
_TOO_SHORT_NS, _WATCHED_NS = 1_000_000_000, 3_000_000_000


class Playhead:
    """A moment of the timeline: after switch number `index` (-1: before the first), at `t_ns`.

    It is in one of three conditions: at rest, `playing`, or `following` the end of a program that still runs. With
    `part` it never leaves that part of the timeline.
    """

    def __init__(self, timeline: Timeline, part: Part | None = None) -> None:
        self._part = part
        self.index = self._before
        self.t_ns = part.start_ns if part is not None else 0
        self.playing = False
        self.following = False
        self._timeline = timeline
        self._speed = SPEEDS.index(1.0)
        #: Whether the user has chosen a speed.
        self._hurried = False
        #: How much of the next switch has been played on the switch axis.
        self._share = 0.0

    @property
    def _before(self) -> int:
        """The index before the first switch."""
        return self._part.first - 1 if self._part is not None else -1

    @property
    def _last(self) -> int:
        return self._part.stop - 1 if self._part is not None else self._timeline.switch_count - 1

    @property
    def _index(self) -> int:
        """The switch before `t_ns`; of several at the very edge, one inside the part."""
        return min(max(self._timeline.switch_before(self.t_ns), self._before), self._last)

    @property
    def speed(self) -> float:
        return SPEEDS[self._speed]

    def hurry(self, by: int) -> None:
        """Take the next (1) or the previous (-1) of SPEEDS, as far as there is one."""
        self._speed = min(max(self._speed + by, 0), len(SPEEDS) - 1)
        self._hurried = True

    def suit(self, length_ns: float | None) -> None:
        """Unless the user has chosen a speed, take one at which so much time can be watched; None: speed 1."""
        if self._hurried:
            return
        self._speed = SPEEDS.index(1.0)
        if length_ns is not None and length_ns < _TOO_SHORT_NS:
            while self._speed and length_ns / SPEEDS[self._speed] < _WATCHED_NS:
                self._speed -= 1

    def go(self, index: int) -> None:
        """Rest after switch number `index`, or the nearest there is."""
        self.rest()
        self._place(index)

    def go_to_time(self, t_ns: int) -> None:
        """Rest at `t_ns`."""
        self.rest()
        part = self._part
        self.t_ns = max(0, t_ns) if part is None else min(max(t_ns, part.start_ns), part.end_ns)
        self.index = self._index

    def step(self, by: int) -> None:
        self.go(self.index + by)

    def step_of(self, tracks: Iterable[int], by: int) -> bool:
        """Go to the next (1) or previous (-1) switch to one of `tracks`. Return False if there is none."""
        found = []
        for track in tracks:
            known = self._timeline.tracks.get(track)
            steps = known.steps if known is not None else ()
            at = bisect_right(steps, self.index) if by > 0 else bisect_left(steps, self.index) - 1
            if 0 <= at < len(steps) and self._before < steps[at] <= self._last:
                found.append(steps[at])
        self.rest()
        if not found:
            return False
        self._place(min(found) if by > 0 else max(found))
        return True

    def rest(self) -> None:
        self.playing = self.following = False

    def play(self) -> None:
        """Play on; from the beginning if this is the end."""
        self.following = False
        self.playing = True
        self._share = 0.0
        if self.index >= self._last:
            self._place(self._before)

    def follow(self, now_ns: int) -> None:
        """Stay at the end, which is at `now_ns`, from now on."""
        self.playing = False
        self.following = True
        self.catch_up(now_ns)

    def catch_up(self, now_ns: int) -> None:
        """The end is now at `now_ns`: go there if we follow it."""
        if self.following:
            self.index = self._timeline.switch_count - 1
            self.t_ns = max(now_ns, self._timeline.last_ns)

    def advance(self, passed_ns: int, axis: Axis, end_ns: int) -> bool:
        """Play for `passed_ns` of the watcher's time. Return whether the end, at `end_ns`, was reached."""
        if axis is not Axis.SWITCHES:
            # Where gaps are folded, they pass as quickly as they are shown.
            place = position_of_time(self._timeline, axis, self.t_ns) + passed_ns * self.speed
            self.t_ns = min(round(unclamped_time(self._timeline, axis, place)), end_ns)
            self.index = self._index
            return self.t_ns >= end_ns
        self._share += passed_ns / _NS_PER_S * SWITCHES_PER_S * self.speed
        whole = int(self._share)
        self._share -= whole
        if whole:
            self._place(self.index + whole)
        return self.index >= self._last

    def _place(self, index: int) -> None:
        self.index = min(max(index, self._before), self._last)
        start_ns = self._part.start_ns if self._part is not None else 0
        self.t_ns = self._timeline.switch_ns[self.index] if self.index > self._before else start_ns
