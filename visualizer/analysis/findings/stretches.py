"""How long a track ran at a stretch, with the generators that it resumed meanwhile."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import HOG_NS, NAMED_NS, spot
from visualizer.analysis.model.timeline import Place, State, Timeline
from visualizer.trace import words
from visualizer.trace.columns import Column

#: Of so many generators that a track resumed in a stretch it is looked whether they waited.
_LOOKED_AT = 100


class Resumed(NamedTuple):
    """A track resumed generators `of` times in a stretch, `times` of them at `place`."""

    place: Place
    times: int
    of: int

    def told(self) -> str:
        """"resuming generators 12,000 times at service.py:65"."""
        return f"resuming generators {self.times:,} times at {spot(self.place)}"


def long_stretches(timeline: Timeline, track: int, *states: State) -> list[tuple[int, int]]:
    """From when to when the track was in one of these states for HOG_NS or longer.

    While it runs it may resume generators, each for less than NAMED_NS: what they do they do for it. Not counted where
    these mostly waited.
    """
    slices = timeline.tracks[track].slices
    start_ns = np.asarray(slices.start_ns)
    end_ns = np.append(start_ns[1:], timeline.last_ns)
    runs = np.isin(np.asarray(slices.state), states)
    runs |= _resumes(timeline, track) & (end_ns - start_ns < NAMED_NS)
    changes = np.flatnonzero(np.diff(np.concatenate(([False], runs, [False]))))
    begins, ends = changes[::2], changes[1::2] - 1
    long = end_ns[ends] - start_ns[begins] >= HOG_NS
    found = zip(start_ns[begins[long]].tolist(), end_ns[ends[long]].tolist(), strict=True)
    return [one for one in found if not _mostly_waited(timeline, track, *one)]


def resumed_most(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> Resumed | None:
    """The line at which the track resumed generators the most often in that time; None if it resumed none."""
    suspensions, detail = timeline.columns.suspensions, timeline.columns.suspensions.detail
    numbers = _resumed_in(timeline, track, start_ns, end_ns)
    places = Counter[int]()
    for how, count in zip(*np.unique(np.asarray(detail)[numbers], return_counts=True), strict=True):
        places[suspensions.details.known[how][2]] += int(count)
    for number, times in places.most_common(1):
        place = timeline.place(number)
        return Resumed(place, times, places.total()) if place is not None else None
    return None


def _resumes(timeline: Timeline, track: int, *others: str) -> Column:
    """Which slices of the track are waits for a generator that it has resumed, or for these reasons."""
    slices, suspensions = timeline.tracks[track].slices, timeline.columns.suspensions
    about, found = np.asarray(slices.about), np.asarray(slices.state) == State.WAITING
    found &= about >= 0
    wanted = np.array([reason in (words.RESUMED, *others) for reason, *_ in suspensions.details.known], dtype=bool)
    found[found] = wanted[np.asarray(suspensions.detail)[about[found]]]
    return found


def _resumed_in(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> Column:
    """The suspensions (their numbers) in which the track waited for generators in that time."""
    slices = timeline.tracks[track].slices
    first, last = (np.asarray(slices.start_ns).searchsorted(t_ns) for t_ns in (start_ns, end_ns))
    found: Column = np.asarray(slices.about)[first:last][_resumes(timeline, track)[first:last]]
    return found


def _mostly_waited(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> bool:
    """Whether the generators that it resumed in that time waited for longer than they ran."""
    numbers = _resumed_in(timeline, track, start_ns, end_ns)
    on = np.unique(np.asarray(timeline.columns.suspensions.on_track)[numbers])
    ran_ns = waited_ns = 0
    for one in on[:_LOOKED_AT].tolist():
        slices = timeline.tracks[one].slices
        # At its yields it waits for nothing.
        waits = (np.asarray(slices.state) == State.WAITING) & ~_resumes(timeline, one, words.SUSPENDED)
        edges_ns = np.clip(np.append(slices.start_ns, timeline.last_ns), start_ns, end_ns)
        waited_ns += int(np.diff(edges_ns)[waits].sum())
        ran_ns += slices.spent_ns(State.RUNNING, end_ns, start_ns)
    return waited_ns > ran_ns
