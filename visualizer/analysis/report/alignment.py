"""What is compared of two parts of traces, as columns: the order of their switches, and how long was waited for what.

Names, causes and reasons get numbers that both parts have in common; a million switches then take a moment.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from visualizer.analysis.model.columns import Interned
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.trace.columns import Column

#: No track of that id, no reason, nobody woke it.
_NONE = -1


class Alignment:
    """Numbers that mean the same in every timeline that is asked about."""

    def __init__(self) -> None:
        self._known: Interned[Hashable] = Interned()

    def alike(self, a: Timeline, first_a: int, stop_a: int, b: Timeline, first_b: int, stop_b: int) -> int:
        """So many switches are the same from the first ones on: the same tracks by their names, for the same reason."""
        one, other = self._keys(a), self._keys(b)
        count = max(0, min(stop_a - first_a, stop_b - first_b))
        differs = np.zeros(count, dtype=bool)
        for left, right in zip(one, other, strict=True):
            differs |= left[first_a : first_a + count] != right[first_b : first_b + count]
        where = np.flatnonzero(differs)
        return int(where[0]) if len(where) else count

    def _keys(self, timeline: Timeline) -> tuple[Column, ...]:
        """For each switch who gave control to whom, and why; nothing of when, or with which value."""
        switches = timeline.columns.switches
        # A name that stands alone in one trace may have namesakes, and so a number, in the other.
        names = {track.id: (timeline.own_name(track.id), track.number) for track in timeline.tracks.values()}
        ids = np.array(sorted(names), dtype=np.int64)
        numbers = self._numbers(names[track] for track in sorted(names))
        origin, target = (_looked_up(ids, numbers, _column(ends)) for ends in (switches.origin, switches.target))
        causes = self._numbers(cause for cause, _ in switches.details.known)
        return origin, target, _at(causes, _column(switches.detail)), self._reasons(timeline), self._woken(timeline)

    def _reasons(self, timeline: Timeline) -> Column:
        """Why the origin of each switch stopped; nothing of a hub, which stops whenever there is something to run."""
        suspensions, count = timeline.columns.suspensions, timeline.switch_count
        found = np.full(count, _NONE, dtype=np.int64)
        reasons = self._numbers(reason for reason, _, _ in suspensions.details.known)
        switch = _column(suspensions.switch)
        of_switch = (switch >= 0) & (switch < count)
        found[switch[of_switch]] = _at(reasons, _column(suspensions.detail)[of_switch])
        known = [track.id for track in timeline.tracks.values() if not track.schedules]
        found[~np.isin(_column(timeline.origins), np.array(known, dtype=np.int32))] = _NONE
        return found

    def _woken(self, timeline: Timeline) -> Column:
        """What made the target of each switch ready; none if it was not."""
        wakeups = timeline.columns.wakeups
        found = np.full(timeline.switch_count, _NONE, dtype=np.int64)
        causes, cause = self._numbers(wakeups.causes.known), _column(wakeups.cause)
        for track in timeline.tracks.values():
            state, about = np.frombuffer(track.slices.state, dtype=np.uint8), _column(track.slices.about)
            runs = _column(track.step_slices)
            # The first slice has none before it.
            before = runs[runs > 0] - 1
            before = before[state[before] == State.READY]
            found[about[before + 1]] = _at(causes, cause[about[before]])
        return found

    def _numbers(self, keys: Iterable[Hashable]) -> Column:
        return np.array([self._known.number(key) for key in keys], dtype=np.int64)


def waited_ns(timeline: Timeline, start_ns: int, end_ns: int, tracks: Sequence[Track]) -> Counter[str]:
    """How long these tracks waited between the two times, by reason."""
    suspensions = timeline.columns.suspensions
    reasons: Interned[str] = Interned()
    number = np.array([reasons.number(reason) for reason, _, _ in suspensions.details.known], dtype=np.int64)
    how, sums = _column(suspensions.detail), np.zeros(len(reasons.known), dtype=np.int64)
    for track in tracks:
        slices = track.slices
        waits = np.flatnonzero(np.frombuffer(slices.state, dtype=np.uint8) == State.WAITING)
        if not len(waits):
            continue
        begins = np.frombuffer(slices.start_ns, dtype=np.int64)
        ends = np.append(begins[1:], timeline.last_ns)
        lengths = np.minimum(ends[waits], end_ns) - np.maximum(begins[waits], start_ns)
        np.add.at(sums, number[how[_column(slices.about)[waits]]], np.maximum(0, lengths))
    return Counter(dict(zip(reasons.known, sums.tolist(), strict=True)))


def _column(values: array[int]) -> Column:
    return np.frombuffer(values, dtype=np.int32)


def _at(numbers: Column, index: Column) -> Column:
    """Those numbers; where there is no index, none."""
    if not len(numbers):
        return np.full(len(index), _NONE, dtype=np.int64)
    return np.where(index >= 0, numbers[np.maximum(index, 0)], _NONE)


def _looked_up(ids: Column, numbers: Column, wanted: Column) -> Column:
    """The number of each id, which stand in ascending order."""
    if not len(ids):
        return np.full(len(wanted), _NONE, dtype=np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, numbers[at], _NONE)
