"""Greenlets that wait until nothing else is to be done (`gevent.idle`), and get no turn since others always are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from visualizer.analysis.findings.base import (
    HOG_NS,
    NAMED_NS,
    STARVED_NS,
    STARVED_SHARE,
    Finding,
    at,
    finding,
    listed,
)
from visualizer.analysis.findings.collector import Observed, turns_in
from visualizer.analysis.findings.kept_off import kept_off
from visualizer.analysis.findings.waits import all_waits
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace import words


def never_idle(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Waits for an idle hub, while others ran: STARVED_NS or longer in total, and for STARVED_SHARE of a track's life.

    Not counted: waits shorter than NAMED_NS, what hogs explain, and the time for which the machine ran other programs.
    """
    details = timeline.columns.suspensions.details.known
    wanted = [number for number, (reason, *_) in enumerate(details) if reason == words.IDLE]
    if not wanted:
        return
    every = all_waits(timeline, observed)
    detail = np.asarray(timeline.columns.suspensions.detail)[every.suspension]
    long = np.isin(detail, wanted) & (every.end_ns - every.start_ns >= NAMED_NS)
    by_track: dict[int, list[tuple[int, int, int]]] = {}
    columns = (every.suspension[long], every.start_ns[long], every.end_ns[long])
    for number, since_ns, until_ns in zip(*(column.tolist() for column in columns), strict=True):
        by_track.setdefault(timeline.suspensions[number].track, []).append((until_ns - since_ns, since_ns, number))
    for track_id, waits in by_track.items():
        track = timeline.tracks[track_id]
        hub = timeline.tracks.get(track.parent)
        if hub is None or not hub.schedules:
            continue
        lost_ns = sum(_lost_ns(timeline, observed, hub, since_ns, since_ns + long_ns) for long_ns, since_ns, _ in waits)
        life_ns = max(1, (track.exit_ns if track.exit_ns >= 0 else timeline.last_ns) - track.spawn_ns)
        if lost_ns < STARVED_NS or lost_ns < STARVED_SHARE * life_ns:
            continue
        longest_ns, since_ns, number = max(waits)
        ran = _ran_most(timeline, hub, since_ns, since_ns + longest_ns)
        if not ran:
            continue
        suspension = timeline.suspensions[number]
        sentence = (
            f"{timeline.name(track_id)} waited for {duration(sum(wait[0] for wait in waits), 2)} in "
            f"{suspension.on}{at(suspension.place)}, at most {duration(longest_ns, 2)} at once: it runs only when "
            f"nobody else is ready, and meanwhile {listed([timeline.name(one) for one in ran])} ran"
        )
        yield finding("starvation", sentence, (track_id, *ran), since_ns, suspension.place, lost_ns, (track_id,))


def _lost_ns(timeline: Timeline, observed: Observed, hub: Track, since_ns: int, until_ns: int) -> int:
    """For how long others ran in that time, turn by turn."""
    hogs = (turn for turn in turns_in(observed.turns.get(hub.id, []), since_ns, until_ns))
    hogs_ns = sum(
        min(turn.end_ns, until_ns) - max(turn.start_ns, since_ns)
        for turn in hogs
        if turn.end_ns - turn.start_ns >= HOG_NS
    )
    idle_ns = hub.slices.spent_ns(State.IDLE, until_ns, since_ns)
    (off_ns,) = kept_off(timeline, observed).by_machine_ns(hub.id, np.array([since_ns]), np.array([until_ns])).tolist()
    return max(0, until_ns - since_ns - hogs_ns - idle_ns - int(off_ns))


def _ran_most(timeline: Timeline, hub: Track, since_ns: int, until_ns: int) -> list[int]:
    """Who ran in that time on its hub, the longest first: those who did for at least half as long as that one."""
    ran_ns = {
        track.id: track.slices.spent_ns(State.RUNNING, until_ns, since_ns)
        for track in timeline.tracks.values()
        if track.parent == hub.id and track.spawn_ns < until_ns and not 0 <= track.exit_ns <= since_ns
    }
    order = sorted((track for track in ran_ns if ran_ns[track]), key=ran_ns.__getitem__, reverse=True)
    return [track for track in order if 2 * ran_ns[track] >= ran_ns[order[0]]]
