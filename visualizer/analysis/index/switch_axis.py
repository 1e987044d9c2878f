"""Where the slices of a track begin when switches, rather than nanoseconds, are counted.

A slice that a switch began lies exactly after that switch, and one that a switch ended exactly in front of it, also
where the clock did not move between two switches; all others lie between by their time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from visualizer.analysis.model.cumulative import Cumulative, CumulativeSlices
from visualizer.analysis.model.states import FINAL, State
from visualizer.trace.columns import Column

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline
    from visualizer.analysis.model.types import Track

#: Places are whole numbers, so many to a switch: sums of them are exact, as those of nanoseconds are.
PER_SWITCH = 1 << 20
#: So many are worked out at a time: what that takes meanwhile is not to stay.
_PIECE = 1 << 15


class Places:
    """What `Slices.start_ns` and `Slices.cumulative` are in time, along the switches. Made and kept by `places`."""

    __slots__ = ("_settled", "_sums", "_version", "start")

    def __init__(self) -> None:
        #: Where each slice begins, in PER_SWITCHths of a switch from the start of the trace.
        self.start = array("q")
        #: So many of them no later event can move.
        self._settled = 0
        self._version = -1
        self._sums = Cumulative()

    def cut(self, index: int) -> None:
        """Forget slices from number `index` on: they are others than they were."""
        self._settled = min(self._settled, index)
        self._version = -1

    def cumulative(self, state: array[int]) -> CumulativeSlices:
        """The slices, which are in these states, along the switches: in PER_SWITCHths of one."""
        return CumulativeSlices(self._sums, self.start, state)

    def follow(self, timeline: Timeline, track: Track) -> None:
        """Take in what has happened since the last time."""
        if self._version == timeline.version:
            return
        del self.start[self._settled :]
        self._sums.cut(self._settled)
        end = len(track.slices)
        for first in range(self._settled, end, _PIECE):
            found = _places(timeline, track, np.arange(first, min(first + _PIECE, end)))
            self.start.frombytes((found * PER_SWITCH).astype(np.int64).tobytes())
        # Behind the last switch all depends on the next one.
        switch_ns = timeline.switch_ns
        self._settled = bisect_left(track.slices.start_ns, switch_ns[-1]) if switch_ns else 0
        self._version = timeline.version


def places(timeline: Timeline, track: Track) -> Places:
    """Where the slices of the track begin, counted in switches. Costs what has been added since the last time."""
    known = track.slices.derived
    if not isinstance(known, Places):
        known = track.slices.derived = Places()
    known.follow(timeline, track)
    return known


def _places(timeline: Timeline, track: Track, index: Column) -> Column:
    """Where each of these slices begins, in switches."""
    slices = track.slices
    state = np.frombuffer(slices.state, dtype=np.uint8)
    about = np.frombuffer(slices.about, dtype=np.int32)
    before = np.maximum(index - 1, 0)
    is_state, was_state, switch = state[index], state[before], about[index]
    # Most begin with a switch, whose number is known.
    runs = (is_state == State.RUNNING) & (switch >= 0) & ((was_state != State.IDLE) | (about[before] != switch))
    waits = (is_state == State.WAITING) & ((index == 0) | (was_state != State.READY))
    suspensions = np.frombuffer(timeline.suspension_switches, dtype=np.int32)
    switch = np.where(waits, suspensions[np.where(waits, switch, 0)] if len(suspensions) else -1, switch)
    found: Column = switch + 1.0
    rest = np.flatnonzero(~((runs | waits) & (switch >= 0)))
    if len(rest):
        found[rest] = _by_time(timeline, track, index[rest])
    return found


def _by_time(timeline: Timeline, track: Track, known: Column) -> Column:
    """The same of slices that no switch is known to have begun."""
    slices = track.slices
    start_ns, state = np.frombuffer(slices.start_ns, dtype=np.int64), np.frombuffer(slices.state, dtype=np.uint8)
    about = np.frombuffer(slices.about, dtype=np.int32)
    step_slices = np.frombuffer(track.step_slices, dtype=np.int32)
    switch_ns = np.frombuffer(timeline.switch_ns, dtype=np.int64)
    t_ns, is_state, before = start_ns[known], state[known], np.maximum(known - 1, 0)
    step = np.searchsorted(step_slices, known.astype(np.int32), side="right") - 1
    begun = step >= 0
    least = np.where(begun, about[step_slices[np.maximum(step, 0)]] + 1, 0) if len(step_slices) else 0 * known
    # Where the run before it was ended by a switch of its very moment: after that.
    first, segment = (np.searchsorted(switch_ns, t_ns, side=side) for side in ("left", "right"))
    switch = np.maximum(least, first).astype(np.int64)
    early = (known == 0) | (start_ns[before] < t_ns)
    far = np.maximum(before - 1, 0)
    ran_early = (before == 0) | (start_ns[far] < start_ns[before])
    stepped = begun & (step_slices[np.maximum(step, 0)] == before) if len(step_slices) else begun
    left = (known > 0) & (state[before] == State.RUNNING) & (is_state != State.IDLE) & (stepped | ran_early)
    final = np.isin(is_state, FINAL) & (known == len(state) - 1)
    if not len(switch_ns):
        whole: Column = np.clip(t_ns / max(1, timeline.last_ns), 0.0, 1.0)
        return whole
    origin = np.frombuffer(timeline.origins, dtype=np.int32)
    inside, at = switch < len(switch_ns), np.minimum(switch, len(switch_ns) - 1)
    meets = np.where(inside, (switch_ns[at] == t_ns) | (final & (origin[at] == track.id)), final)
    left &= meets
    in_front = ~left & (is_state == State.RUNNING) & early
    segment = np.where(in_front, switch, segment)
    begin_ns = np.where(segment > 0, switch_ns[np.maximum(segment - 1, 0)], 0)
    end_ns = np.where(segment < len(switch_ns), switch_ns[np.minimum(segment, len(switch_ns) - 1)], timeline.last_ns)
    lasts_ns = end_ns - begin_ns
    part = np.where(lasts_ns > 0, np.clip((t_ns - begin_ns) / np.maximum(lasts_ns, 1), 0.0, 1.0), 0.0)
    position = segment + part
    position = np.where(in_front, position, np.maximum(least, position))
    position = np.where(left, switch + 1.0, position)
    if len(step_slices):
        following = step_slices[np.minimum(step + 1, len(step_slices) - 1)]
        position = np.where(step + 1 < len(step_slices), np.minimum(position, about[following] + 1), position)
    found: Column = position
    return found
