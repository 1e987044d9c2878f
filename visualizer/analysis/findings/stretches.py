"""How long a track ran at a stretch, with the generators that it resumed meanwhile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import HOG_NS, NAMED_NS, spot
from visualizer.analysis.model.timeline import Place, State, Timeline
from visualizer.trace import words
from visualizer.trace.columns import Column

#: Who did something again within this time ran in between.
_SOON_NS = 1_000_000
#: Of so many generators that a track resumed in a stretch it is looked whether they waited.
_LOOKED_AT = 100


class Resumed(NamedTuple):
    """A track resumed generators `of` times in a stretch, `times` of them at `place`, between these times."""

    place: Place
    times: int
    of: int
    start_ns: int
    end_ns: int

    def told(self) -> str:
        """"resuming generators 12,000 times at service.py:65"."""
        return f"resuming generators {self.times:,} times at {spot(self.place)}"


def long_slices(timeline: Timeline, track: int, *states: State) -> list[tuple[int, int]]:
    """From when to when the track was in one of these states for HOG_NS or longer."""
    return _long(timeline, track, np.isin(np.asarray(timeline.tracks[track].slices.state), states))


def long_stretches(timeline: Timeline, track: int) -> list[tuple[int, int]]:
    """From when to when the track ran for HOG_NS or longer and resumed generators meanwhile, each for less than
    NAMED_NS: what they do they do for it. Not where these mostly waited."""
    slices = timeline.tracks[track].slices
    resumes = _resumes(timeline, track)
    if not resumes.any():
        return []
    resumes &= np.append(np.diff(slices.start_ns), NAMED_NS) < NAMED_NS
    found = _long(timeline, track, resumes | (np.asarray(slices.state) == State.RUNNING))
    return [
        one
        for one in found
        if len(_resumed_in(timeline, track, *one)) and not _mostly_waited(timeline, track, *one)
    ]


def _long(timeline: Timeline, track: int, those: Column) -> list[tuple[int, int]]:
    """From when to when these slices follow one another for HOG_NS or longer."""
    edges_ns = np.append(timeline.tracks[track].slices.start_ns, timeline.last_ns)
    changes = np.flatnonzero(np.diff(np.concatenate(([False], those, [False]))))
    start_ns, end_ns = edges_ns[changes[::2]], edges_ns[changes[1::2]]
    long = end_ns - start_ns >= HOG_NS
    return [*zip(start_ns[long].tolist(), end_ns[long].tolist(), strict=True)]


def resumed_most(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> Resumed | None:
    """The line at which the track resumed most of the generators in that time; None if there is none."""
    suspensions, numbers = timeline.columns.suspensions, _resumed_in(timeline, track, start_ns, end_ns)
    details = np.asarray(suspensions.detail)[numbers]
    places: dict[Place | None, list[int]] = {}
    for how in np.unique(details).tolist():
        places.setdefault(timeline.place(suspensions.details.known[how][2]), []).append(how)
    for place, hows in places.items():
        those = numbers[np.isin(details, hows)]
        if place is not None and 2 * len(those) > len(numbers):
            first, last = (timeline.suspensions[int(those[at])].t_ns for at in (0, -1))
            return Resumed(place, len(those), len(numbers), first, last)
    return None


def surely_ran_ns(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> int:
    """For how long, at least, the track was not kept off in that time in which nobody else ran on its thread: it did
    something again and again."""
    did_ns = np.asarray(timeline.tracks[track].slices.start_ns)
    apart_ns = np.diff(did_ns[slice(*did_ns.searchsorted((start_ns, end_ns)))])
    return int(apart_ns[apart_ns < _SOON_NS].sum())


def _resumes(timeline: Timeline, track: int, *others: str) -> Column:
    """Which slices of the track are waits for a generator that it has resumed, or for these reasons."""
    slices, suspensions = timeline.tracks[track].slices, timeline.columns.suspensions
    about = np.asarray(slices.about)
    found: Column = (np.asarray(slices.state) == State.WAITING) & (about >= 0)
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
