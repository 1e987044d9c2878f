"""One track's slices along an axis."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model import FINAL, SUMMED, State, Timeline
from visualizer.analysis.slices import Column
from visualizer.paint.viewport import Axis, position_in_segment, position_of_time

#: Up to so many slices in a span are added up one by one; more are summed from the columns.
FEW = 6


class Mix(NamedTuple):
    """What a track does within a span [start, end) of an axis.

    `only`: the one slice that fills the span, or what the trace has of it; else -1. `running`: the share of the span
    that the track runs; `runs`: how many RUNNING slices there are, 2 if there are more. `main`: the state other than
    RUNNING that fills most, None if there is none. `enters`: it ran already before; `stays`: it runs on behind.
    """

    only: int
    running: float
    runs: int
    main: State | None
    enters: bool
    stays: bool


_NOTHING = Mix(-1, 0.0, 0, None, False, False)


class Lane:
    """The slices of `track_id`, each with the place on the axis where it begins.

    On the time axis that is its time. On the switch axis a slice that a switch began lies exactly behind that switch,
    and one that a switch ended exactly in front of it, also where the clock did not move between two switches; all
    others lie between by their time. Raise KeyError if there is no such track.
    """

    def __init__(self, timeline: Timeline, track_id: int, axis: Axis, until_ns: int | None = None) -> None:
        self.track = timeline.tracks[track_id]
        self.slices = self.track.slices
        self._timeline = timeline
        self.axis = axis
        #: Where the states that are still open end.
        self.limit = limit(timeline, axis, until_ns)

    def start(self, index: int) -> float:
        """Where slice number `index` begins; for the number behind the last slice, the limit."""
        slices = self.slices
        if index >= len(slices):
            return self.limit
        if self.axis is Axis.TIME:
            return slices.start_ns[index]
        steps, step_slices = self.track.steps, self.track.step_slices
        step = bisect_right(step_slices, index) - 1
        least = steps[step] + 1 if step >= 0 else 0
        if step >= 0 and step_slices[step] == index:
            return least
        parked = self._parked(index)
        left = self._left(index, least) if parked < 0 else parked
        if left >= 0:
            position = float(left + 1)
        elif slices.state[index] == State.RUNNING and self._is_early(index):
            segment = max(least, bisect_left(self._timeline.switch_ns, slices.start_ns[index]))
            position = position_in_segment(self._timeline, segment, slices.start_ns[index])
        else:
            position = max(least, position_of_time(self._timeline, Axis.SWITCHES, slices.start_ns[index]))
        return min(position, steps[step + 1] + 1) if step + 1 < len(steps) else position

    def _parked(self, index: int) -> int:
        """Number of the switch that began slice number `index` by parking the track; -1 if that is not how it began."""
        state, about = self.slices.state, self.slices.about
        if state[index] != State.WAITING or (index and state[index - 1] == State.READY):
            return -1
        return self._timeline.park_switches[about[index]]

    def _is_early(self, index: int) -> bool:
        """Whether slice number `index` may come before the switches of its very moment: they may be what ended it."""
        return index == 0 or self.slices.start_ns[index - 1] < self.slices.start_ns[index]

    def _left(self, index: int, least: int) -> int:
        """Number of the switch that ended the run in front of slice number `index`; -1 if that is no run, or none did.

        A track that ends hands over a moment later; behind the last switch, only the program's own end comes later.
        """
        slices, switch_ns = self.slices, self._timeline.switch_ns
        if not index or slices.state[index - 1] != State.RUNNING or slices.state[index] == State.IDLE:
            return -1
        if not (self._is_step(index - 1) or self._is_early(index - 1)):
            return -1
        ended = slices.state[index] in FINAL and index == len(slices) - 1
        switch = max(least, bisect_left(switch_ns, slices.start_ns[index]))
        if switch >= len(switch_ns):
            return len(switch_ns) if ended else -1
        if switch_ns[switch] == slices.start_ns[index]:
            return switch
        return switch if ended and self._timeline.switch(switch).origin == self.track.id else -1

    def _is_step(self, index: int) -> bool:
        step_slices = self.track.step_slices
        step = bisect_left(step_slices, index)
        return step < len(step_slices) and step_slices[step] == index

    def find(self, position: float) -> int:
        """Number of the first slice that begins at or after `position`."""
        if self.axis is Axis.TIME:
            return bisect_left(self.slices.start_ns, position)
        # Between two switches to a track there are few slices, whatever the length of the trace.
        steps, step_slices = self.track.steps, self.track.step_slices
        step = bisect_left(steps, position - 1)
        low = step_slices[step - 1] + 1 if step else 0
        high = step_slices[step] if step < len(steps) else len(self.slices)
        return bisect_left(range(len(self.slices)), position, low, max(low, high), key=self.start)

    # The same of many at once, on the switch axis.

    def starts(self, index: Column) -> Column:
        """`start` of each, on the switch axis."""
        state = np.frombuffer(self.slices.state, dtype=np.uint8)
        about = np.frombuffer(self.slices.about, dtype=np.int32)
        known = np.minimum(index, len(state) - 1)
        before = np.maximum(known - 1, 0)
        is_state, was_state, switch = state[known], state[before], about[known]
        # Most begin with a switch, whose number is known.
        runs = (is_state == State.RUNNING) & (switch >= 0) & ((was_state != State.IDLE) | (about[before] != switch))
        waits = (is_state == State.WAITING) & ((known == 0) | (was_state != State.READY))
        parks = np.frombuffer(self._timeline.park_switches, dtype=np.int32)
        switch = np.where(waits, parks[np.where(waits, switch, 0)] if len(parks) else -1, switch)
        found: Column = switch + 1.0
        rest = np.flatnonzero(~((runs | waits) & (switch >= 0)))
        found[rest] = self._starts_by_time(known[rest]) if len(rest) else 0.0
        found[index >= len(state)] = self.limit
        return found

    def _starts_by_time(self, known: Column) -> Column:
        """The same of slices that exist, and that no switch is known to have begun."""
        track, slices, timeline = self.track, self.slices, self._timeline
        start_ns, state = np.frombuffer(slices.start_ns, dtype=np.int64), np.frombuffer(slices.state, dtype=np.uint8)
        steps = np.frombuffer(track.steps, dtype=np.int32)
        step_slices = np.frombuffer(track.step_slices, dtype=np.int32)
        switch_ns = np.frombuffer(timeline.switch_ns, dtype=np.int64)
        t_ns, is_state, before = start_ns[known], state[known], np.maximum(known - 1, 0)
        step = np.searchsorted(step_slices, known.astype(np.int32), side="right") - 1
        begun = step >= 0
        least = np.where(begun, steps[np.maximum(step, 0)] + 1, 0) if len(steps) else np.zeros(len(known))
        # Where the run before it was ended by a switch of its very moment: behind that.
        first, segment = (np.searchsorted(switch_ns, t_ns, side=side) for side in ("left", "right"))
        switch = np.maximum(least, first).astype(np.int64)
        early = (known == 0) | (start_ns[before] < t_ns)
        far = np.maximum(before - 1, 0)
        ran_early = (before == 0) | (start_ns[far] < start_ns[before])
        stepped = begun & (step_slices[np.maximum(step, 0)] == before) if len(steps) else begun
        left = (known > 0) & (state[before] == State.RUNNING) & (is_state != State.IDLE) & (stepped | ran_early)
        final = ((is_state == FINAL[0]) | (is_state == FINAL[1])) & (known == len(state) - 1)
        inside = switch < len(switch_ns)
        at = np.minimum(switch, max(0, len(switch_ns) - 1))
        if len(switch_ns):
            origin = np.frombuffer(timeline.origins, dtype=np.int32)
            meets = inside & ((switch_ns[at] == t_ns) | (final & (origin[at] == track.id)))
        else:
            meets = np.zeros(len(known), dtype=bool)
        left &= meets | (~inside & final)
        in_front = ~left & (is_state == State.RUNNING) & early
        segment = np.where(in_front, switch, segment)
        begin_ns = np.where(segment > 0, switch_ns[np.maximum(segment - 1, 0)], 0) if len(switch_ns) else 0 * segment
        end_ns = (
            np.where(
                segment < len(switch_ns), switch_ns[np.minimum(segment, max(0, len(switch_ns) - 1))], timeline.last_ns
            )
            if len(switch_ns)
            else np.full(len(known), timeline.last_ns)
        )
        lasts_ns = np.maximum(end_ns - begin_ns, 0)
        part = np.where(lasts_ns > 0, np.clip((t_ns - begin_ns) / np.maximum(lasts_ns, 1), 0.0, 1.0), 0.0)
        position = segment + part
        position = np.where(in_front, position, np.maximum(least, position))
        position = np.where(left, switch + 1.0, position)
        if len(steps):
            following = np.minimum(step + 1, len(steps) - 1)
            position = np.where(step + 1 < len(steps), np.minimum(position, steps[following] + 1), position)
        found: Column = position
        return found

    def find_all(self, position: Column) -> tuple[Column, Column]:
        """`find` of each, and `start` of what was found, on the switch axis."""
        steps = np.frombuffer(self.track.steps, dtype=np.int32)
        step_slices = np.frombuffer(self.track.step_slices, dtype=np.int32)
        count = len(self.slices)
        if len(steps):
            # numpy would first make all of a column floats, for keys that are.
            step = np.searchsorted(steps, np.ceil(position - 1).astype(np.int32), side="left")
            low = np.where(step > 0, step_slices[np.maximum(step - 1, 0)] + 1, 0)
            high = np.where(step < len(steps), step_slices[np.minimum(step, len(steps) - 1)], count)
        else:
            low, high = np.zeros(len(position), dtype=np.int64), np.full(len(position), count)
        low, high = low.astype(np.int64), np.maximum(low, high).astype(np.int64)
        # Between two runs there are few slices, but for a hub that polls.
        while (open_ := np.flatnonzero(low < high)).size:
            middle = (low[open_] + high[open_]) // 2
            behind = self.starts(middle) < position[open_]
            low[open_[behind]] = middle[behind] + 1
            high[open_[~behind]] = middle[~behind]
        return low, self.starts(low)

    def spent(self, start: Column, until: Column, first: Column, last: Column) -> Column:
        """What `_summed` says of each span on the switch axis: a row for each of SUMMED."""
        start_ns = np.frombuffer(self.slices.start_ns, dtype=np.int64)
        from_ns, to_ns = start_ns[first].astype(np.float64), start_ns[last].astype(np.float64)
        scale = (until - start) / np.maximum(1, to_ns - from_ns)
        both = self.slices.spent(np.concatenate((from_ns, to_ns)))
        spent: Column = scale * (both[:, len(first) :] - both[:, : len(first)])
        steps = np.frombuffer(self.track.step_slices, dtype=np.int32)
        runs = np.searchsorted(steps, last.astype(np.int32), side="right")
        runs -= np.searchsorted(steps, first.astype(np.int32), side="left")
        spent[SUMMED.index(State.RUNNING)] = runs
        return spent

    def mix(self, start: float, end: float, after: int, before: int) -> Mix:
        """What happens in [start, end); `after` and `before` must be `find(start)` and `find(end)`."""
        until = min(end, self.limit)
        state = self.slices.state
        first, last = after, before - 1
        if after and min(self.start(after), until) > start:
            first -= 1
        if first > last:
            return _NOTHING
        enters = first < after and state[first] == State.RUNNING
        stays = state[last] == State.RUNNING and end <= self.limit
        if first == last:
            only = State(state[first])
            if only is State.RUNNING:
                share = (until - max(start, self.start(first))) / (end - start)
                return Mix(first, max(0.0, share), 1, None, enters, stays)
            return Mix(first, 0.0, 0, None if only in FINAL else only, enters, stays)
        if last - first < FEW:
            spent, runs = self._added(start, until, first, last)
        else:
            spent, runs = self._summed(start, until, first, last), 2
        share = spent.pop(State.RUNNING, 0.0) / (end - start)
        # Of equal parts, that of the first in SUMMED; of none, nothing: as `cells` has it.
        main = max((state for state in SUMMED if spent.get(state)), key=spent.__getitem__, default=None)
        return Mix(-1, min(1.0, share), runs, main, enters, stays)

    def _added(self, start: float, until: float, first: int, last: int) -> tuple[dict[State, float], int]:
        spent: dict[State, float] = {}
        runs = 0
        begin = max(start, self.start(first))
        for index in range(first, last + 1):
            state = State(self.slices.state[index])
            end = min(until, self.start(index + 1))
            runs += state is State.RUNNING
            if state not in FINAL:
                spent[state] = spent.get(state, 0.0) + max(0.0, end - begin)
            begin = max(begin, end)
        return spent, runs

    def _summed(self, start: float, until: float, first: int, last: int) -> dict[State, float]:
        slices = self.slices
        if self.axis is Axis.TIME:
            from_ns, to_ns, scale = int(start), int(until), 1.0
        else:
            from_ns = slices.start_ns[first]
            to_ns = slices.start_ns[last]
            scale = (until - start) / max(1, to_ns - from_ns)
        spent = {state: scale * (slices.spent_ns(state, to_ns) - slices.spent_ns(state, from_ns)) for state in SUMMED}
        spent = {state: part for state, part in spent.items() if part or state is State.RUNNING}
        if self.axis is Axis.SWITCHES:
            # Each run of a thread is one switch long, however short.
            steps = self.track.step_slices
            spent[State.RUNNING] = float(bisect_right(steps, last) - bisect_left(steps, first))
        return spent


def limit(timeline: Timeline, axis: Axis, until_ns: int | None) -> float:
    """Where on the axis the states that are still open end."""
    if axis is Axis.TIME:
        return timeline.last_ns if until_ns is None else until_ns
    if until_ns is None or until_ns >= timeline.last_ns:
        return timeline.switch_count + 1
    return position_of_time(timeline, axis, until_ns)
