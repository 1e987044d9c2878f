"""The turns in which one track kept all others of its hub or thread from running."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from visualizer.analysis.findings.base import (
    HOG_NS,
)
from visualizer.analysis.findings.collector import LongRun, Observed, once
from visualizer.analysis.findings.kept_off import kept_off, own_delays
from visualizer.analysis.findings.run_words import call_of
from visualizer.analysis.findings.stretches import long_slices, long_stretches, resumed_most, surely_ran_ns
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.text.hot_lines import mostly
from visualizer.trace.columns import Column


@once
def hogs(timeline: Timeline, observed: Observed) -> list[tuple[int, LongRun]]:
    """Hubs, and each time that one was blocked for HOG_NS or longer, not counting for how long its thread may have been
    kept off; up to the end of what is known."""
    found = []
    for hub in {*observed.turns, *observed.living}:
        turns = (*observed.turns.get(hub, ()), *_turn_at_the_end(timeline, hub), *_own_turns(timeline, hub))
        long = (turn for turn in sorted(turns) if turn.end_ns - turn.start_ns >= HOG_NS)
        found += [(hub, turn) for turn in long if own_length_ns(timeline, observed, hub, turn) >= HOG_NS]
    return found


def own_length_ns(timeline: Timeline, observed: Observed, hub: int, turn: LongRun) -> int:
    """For how long the turn itself blocked the hub."""
    off = kept_off(timeline, observed)
    own_ns = off.own_ns(hub, turn.start_ns, turn.end_ns)
    if own_ns < turn.end_ns - turn.start_ns:
        own_ns = max(own_ns, surely_ran_ns(timeline, turn.track, turn.start_ns, turn.end_ns))
    if own_ns < HOG_NS <= (at_most_ns := off.own_ns(hub, turn.start_ns, turn.end_ns, in_call=True)):
        seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
        if call_of(timeline, turn, seen) is not None:
            return at_most_ns
    return own_ns


@once
def explained_by_hogs(timeline: Timeline, observed: Observed) -> Column:
    """How much of each of the delays a hog explains: that is told with the hog."""
    return covered_by_ns(own_delays(timeline, observed), turns_of_hogs(timeline, observed))


def turns_of_hogs(timeline: Timeline, observed: Observed) -> dict[int, list[LongRun]]:
    """Hub -> when it was hogged."""
    turns: dict[int, list[LongRun]] = {}
    for hub, turn in hogs(timeline, observed):
        turns.setdefault(hub, []).append(turn)
    return turns


def covered_by_ns(delays: Column, turns: dict[int, list[LongRun]]) -> Column:
    """How much of each of the delays turns take, which follow one another."""
    covered_ns = np.zeros(len(delays), dtype=np.int64)
    for hub, its in turns.items():
        edges_ns = [edge_ns for turn in its for edge_ns in (turn.start_ns, turn.end_ns)]
        if not its:
            continue
        # What was spent in such turns before each edge.
        spent_ns = np.zeros(len(edges_ns))
        spent_ns[1::2] = np.diff(edges_ns)[::2]
        spent_ns = spent_ns.cumsum()
        (mine,) = np.nonzero(delays["hub"] == hub)
        ran, due = (np.interp(delays[name][mine], edges_ns, spent_ns) for name in ("ran_ns", "due_ns"))
        covered_ns[mine] = ran - due
    return covered_ns


def _own_turns(timeline: Timeline, hub: int) -> Iterator[LongRun]:
    """The turns of HOG_NS or longer in which the hub itself ran code of the program, in a callback, by its samples."""
    track = timeline.tracks.get(hub)
    if track is None or not track.schedules:
        return
    for start_ns, end_ns in [*long_slices(timeline, hub, State.RUNNING), *long_stretches(timeline, hub)]:
        others = (one for one in timeline.tracks.values() if one.parent == hub and one.spawn_ns < end_ns)
        seen = mostly(timeline, hub, start_ns, end_ns) or resumed_most(timeline, hub, start_ns, end_ns)
        # First what costs less: there may be a million others.
        if seen is not None and any(not 0 <= one.exit_ns < start_ns for one in others):
            yield LongRun(start_ns, end_ns, hub, -1)


def _turn_at_the_end(timeline: Timeline, hub: int) -> Iterator[LongRun]:
    """The turn from which the hub never resumed, whether the program ended in it or is still running."""
    track = timeline.tracks.get(hub)
    if track is None or not track.schedules or track.state is not State.BLOCKED:
        return
    thread = timeline.tracks.get(track.parent)
    end_ns = thread.exit_ns if thread is not None and thread.exit_ns >= 0 else timeline.last_ns
    if track.slices.about[-1] in timeline.tracks:
        yield LongRun(track.slices.start_ns[-1], end_ns, track.slices.about[-1], -1)
