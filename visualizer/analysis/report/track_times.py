"""How long one track did what: its steps, how late each came, and what it waited for. Slices are taken in once."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from visualizer.analysis.model.timeline import FINAL, Park, State, Timeline


class Reason(NamedTuple):
    """What was waited for: why, at which expression, and where that stands."""

    reason: str
    on: str
    file: str | None
    line: int | None


class Lengths:
    """Of the track, or of what lies in `span` (from when to when, in ns). Call `take` until it returns False.

    In a span a state counts with the part of it that lies there; a step, and how late it was, if it begins there.
    """

    def __init__(self, timeline: Timeline, track: int, span: tuple[int, int] | None = None) -> None:
        """Raise KeyError if there is no such track."""
        self._timeline = timeline
        self._track = timeline.tracks[track]
        self._span = span
        #: State -> nanoseconds.
        self.spent_ns: Counter[int] = Counter()
        #: READY until it ran; and RUNNING without a pause.
        self.latencies_ns: list[int] = []
        self.steps_ns: list[int] = []
        #: By how much it ran later than it had asked for with a sleep or a time limit: in all, and at most. Unlike a
        #: latency it counts the time in which the timer could not even go off, since others kept the hub from it.
        self.late_ns = 0
        self.late_max_ns = 0
        #: Of what was waited for, how long and how often. A hub waits whenever somebody else runs: not counted.
        self.waited_ns: Counter[Reason] = Counter()
        self.waits: Counter[Reason] = Counter()
        self._next = max(0, self._track.slices.at(span[0])) if span is not None else 0
        self._last_park = -1
        self._due_ns = self._due_at_first()
        #: What the slice that is still open has added: its state, how long it was, and what it waits for.
        self._open: tuple[int, int, Reason | None, bool] | None = None

    def take(self, most: int | None = None) -> bool:
        """Take in at most so many more slices; None: all. Return whether there are more."""
        self._forget_open()
        starts_ns = self._track.slices.start_ns
        closed = len(starts_ns) - 1
        end_ns = self._span[1] if self._span is not None else self._timeline.last_ns
        stop = closed if most is None else min(closed, self._next + most)
        while self._next < stop:
            if starts_ns[self._next] > end_ns:
                return False
            self._add(self._next, starts_ns[self._next + 1])
            self._next += 1
        if self._next < closed:
            return True
        if 0 <= closed == self._next and starts_ns[closed] <= end_ns:
            self._add_open(closed)
        return False

    def _due_at_first(self) -> int:
        """A span may begin between a wait and the run that it was for."""
        slices, before = self._track.slices, self._next - 1
        if before < 0 or slices.state[before] != State.WAITING or self._track.schedules:
            return -1
        return _due_ns(self._timeline.parks[slices.about[before]])

    def _add(self, index: int, end_ns: int) -> None:
        slices = self._track.slices
        state, start_ns = slices.state[index], slices.start_ns[index]
        if state in FINAL:
            return
        since_ns, until_ns = self._span or (start_ns, end_ns)
        begins = since_ns <= start_ns
        part_ns = max(0, min(end_ns, until_ns) - max(start_ns, since_ns))
        self.spent_ns[state] += part_ns
        if state == State.RUNNING:
            if begins:
                self.steps_ns.append(end_ns - start_ns)
        elif state == State.READY:
            runs = index + 1 < len(slices) and slices.state[index + 1] == State.RUNNING
            if runs and since_ns <= end_ns <= until_ns:
                self.latencies_ns.append(end_ns - start_ns)
        elif state == State.WAITING and not self._track.schedules:
            park = slices.about[index]
            found = self._timeline.parks[park]
            wait = _reason(self._timeline, found)
            self._due_ns = _due_ns(found)
            self.waited_ns[wait] += part_ns
            # Made ready for nothing, it waits on: that is the same wait.
            self.waits[wait] += park != self._last_park
            self._last_park = park
        if self._due_ns >= 0 and state != State.RUNNING:
            runs = index + 1 < len(slices) and slices.state[index + 1] == State.RUNNING
            if runs and since_ns <= end_ns <= until_ns:
                late_ns = max(0, end_ns - self._due_ns)
                self.late_ns += late_ns
                self.late_max_ns = max(self.late_max_ns, late_ns)
        elif state == State.RUNNING:
            self._due_ns = -1

    def _add_open(self, index: int) -> None:
        slices = self._track.slices
        state, last_ns = slices.state[index], self._timeline.last_ns
        before_park, before_ns, steps = self._last_park, self.spent_ns[state], len(self.steps_ns)
        self._add(index, max(last_ns, slices.start_ns[index]))
        wait = None
        if state == State.WAITING and not self._track.schedules:
            wait = reason(self._timeline, slices.about[index])
        counted = len(self.steps_ns) > steps or self._last_park != before_park
        self._open = state, self.spent_ns[state] - before_ns, wait, counted
        self._last_park = before_park

    def _forget_open(self) -> None:
        """It is added anew: by now it is longer, or has ended."""
        if self._open is None:
            return
        state, part_ns, wait, counted = self._open
        self._open = None
        self.spent_ns[state] -= part_ns
        if wait is not None:
            self.waited_ns[wait] -= part_ns
            self.waits[wait] -= counted
        elif state == State.RUNNING and counted:
            self.steps_ns.pop()


def reason(timeline: Timeline, park: int) -> Reason:
    """What park number `park` waits for."""
    return _reason(timeline, timeline.parks[park])


def _due_ns(park: Park) -> int:
    """When the time is over that it asked for, -1 if it asked for none."""
    return park.t_ns + park.asked_ns if park.asked_ns > 0 else -1


def _reason(timeline: Timeline, found: Park) -> Reason:
    on = found.on or (timeline.name(found.on_track) if found.on_track in timeline.tracks else "")
    place = found.place
    return (
        Reason(found.reason, on, place.file, place.line) if place is not None else Reason(found.reason, on, None, None)
    )
