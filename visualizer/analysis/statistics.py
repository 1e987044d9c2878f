"""How the time of a trace was spent, track by track and in all."""

from __future__ import annotations

import msgspec

from visualizer.analysis.model import State, Timeline, Track

_NS_PER_S = 1_000_000_000


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
    #: Only a hub is ever blocked: somebody else ran on and on. Not part of `waiting_s`.
    blocked_s: float
    #: Only a hub is ever idle: it polls the operating system, nothing is ready. Not part of `running_s`.
    idle_s: float


class Totals(msgspec.Struct, frozen=True):
    """Sums over all tracks."""

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
    tracks: list[TrackStatistics]
    totals: Totals


def statistics(timeline: Timeline) -> Statistics:
    """Statistics up to the latest time of the trace: a slice that is still open counts up to there."""
    tracks = [_of(timeline, track) for track in timeline.tracks.values()]
    totals = Totals(
        tracks=len(tracks),
        steps=sum(track.steps for track in tracks),
        running_s=_total_s(timeline, State.RUNNING),
        ready_s=_total_s(timeline, State.READY),
        waiting_s=_total_s(timeline, State.WAITING),
        blocked_s=_total_s(timeline, State.BLOCKED),
        idle_s=_total_s(timeline, State.IDLE),
    )
    return Statistics(timeline.last_ns / _NS_PER_S, timeline.switch_count, tracks, totals)


def _of(timeline: Timeline, track: Track) -> TrackStatistics:
    def spent_s(state: State) -> float:
        return track.slices.spent_ns(state, timeline.last_ns) / _NS_PER_S

    return TrackStatistics(
        id=track.id,
        name=timeline.name(track.id),
        kind=track.kind,
        state=track.state.name,
        steps=len(track.steps),
        running_s=spent_s(State.RUNNING),
        ready_s=spent_s(State.READY),
        waiting_s=spent_s(State.WAITING),
        blocked_s=spent_s(State.BLOCKED),
        idle_s=spent_s(State.IDLE),
    )


def _total_s(timeline: Timeline, state: State) -> float:
    return sum(track.slices.spent_ns(state, timeline.last_ns) for track in timeline.tracks.values()) / _NS_PER_S
