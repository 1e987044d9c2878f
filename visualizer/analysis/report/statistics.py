"""How the time of a trace was spent, track by track and in all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

import msgspec

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import Slices, State, Timeline, Track

_NS_PER_S = 1_000_000_000
#: What is summed up, and in which states it is spent.
SPENT = {
    "running_s": State.RUNNING,
    "ready_s": State.READY,
    "waiting_s": State.WAITING,
    "blocked_s": State.BLOCKED,
    "idle_s": State.IDLE,
}


class TrackStatistics(msgspec.Struct, frozen=True):
    """One track. `steps` is how often it was switched to, `state` the name of its last State."""

    id: int
    name: str
    kind: str
    state: str
    steps: int
    running_s: float
    ready_s: float
    waiting_s: float
    #: Only a hub is ever blocked: another track ran without yielding. Not part of `waiting_s`.
    blocked_s: float
    #: A hub polls the operating system, or a track waits in a call, or in a select. Not part of `running_s`.
    idle_s: float


class Totals(msgspec.Struct, frozen=True):
    """Cumulative over all tracks."""

    tracks: int
    steps: int
    running_s: float
    ready_s: float
    waiting_s: float
    blocked_s: float
    idle_s: float


class Statistics(msgspec.Struct, frozen=True):
    """What `stats --json` prints. `switches` also counts those of tracks that are not known."""

    duration_s: float
    switches: int
    #: How often the program was paused, and for how long in all: not part of any other time.
    stops: int
    held_s: float
    tracks: list[TrackStatistics]
    totals: Totals


def statistics(timeline: Timeline, span: tuple[int, int] | None = None) -> Statistics:
    """Statistics up to the latest time of the trace: a slice that is still open counts up to there.

    `span`: only of what lies between these two times, in ns: a slice counts with the part of it that does, a switch
    if it is after the first and not after the second, and `state` is that at the second.
    """
    start_ns, end_ns = span if span is not None else (-1, timeline.last_ns)
    first, last = timeline.switch_before(start_ns), timeline.switch_before(end_ns)
    switches = range(first + 1, last + 1) if span is not None else None
    known = list(timeline.tracks.values())
    spent_ns = [_spent_ns(called(timeline, track), start_ns, end_ns) for track in known]
    tracks = [_of(timeline, *one, end_ns, switches) for one in zip(known, spent_ns, strict=True)]
    totals = Totals(
        tracks=len(tracks),
        steps=sum(track.steps for track in tracks),
        **_in_s({state: sum(spent[state] for spent in spent_ns) for state in SPENT.values()}),
    )
    stops, held_ns = timeline.pauses.between(start_ns, end_ns)
    held_s = held_ns / _NS_PER_S
    if switches is None:
        return Statistics(timeline.last_ns / _NS_PER_S, timeline.switch_count, stops, held_s, tracks, totals)
    return Statistics((end_ns - start_ns) / _NS_PER_S, len(switches), stops, held_s, tracks, totals)


def _of(
    timeline: Timeline, track: Track, spent_ns: Mapping[int, int], end_ns: int, switches: range | None
) -> TrackStatistics:
    """`switches`: those that count, None for all."""
    slices, steps = called(timeline, track), len(track.steps)
    at = len(slices) - 1
    if switches is not None:
        at = slices.at(end_ns)
        steps = bisect_left(track.steps, switches.stop) - bisect_left(track.steps, switches.start)
    state = State(slices.state[at]) if at >= 0 else State.UNKNOWN
    return TrackStatistics(
        id=track.id,
        name=timeline.name(track.id),
        kind=track.kind,
        state=state.name,
        steps=steps,
        **_in_s(spent_ns),
    )


def _spent_ns(of: Slices, start_ns: int, end_ns: int) -> dict[int, int]:
    return {state: of.spent_ns(state, end_ns, start_ns) for state in SPENT.values()}


def _in_s(spent_ns: Mapping[int, int]) -> dict[str, float]:
    """The times of one track, or of all, in seconds."""
    return {name: spent_ns[state] / _NS_PER_S for name, state in SPENT.items()}
