"""Who was ready, and had to wait for most of its life while others ran."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import numpy as np

from visualizer.analysis.findings.base import (
    HOG_NS,
    NAMED_NS,
    ONCE_SHARE,
    STARVED_AGAIN,
    STARVED_NS,
    STARVED_SHARE,
    Finding,
    finding,
    function_of,
    listed,
    suspension_before,
)
from visualizer.analysis.findings.busy_polls import is_polling
from visualizer.analysis.findings.collector import LongRun, Observed, longest_turn, once, turns_in
from visualizer.analysis.findings.hog_turns import covered_by_ns, explained_by_hogs, turns_of_hogs
from visualizer.analysis.findings.idle_waits import never_idle
from visualizer.analysis.findings.kept_off import kept_off, own_delays, runs
from visualizer.analysis.findings.own_loops import starved_in_loops
from visualizer.analysis.findings.ready_times import Delay
from visualizer.analysis.findings.run_words import MOST_TURNS, overlap_ns, ran_in_turns
from visualizer.analysis.findings.starved_threads import starved_threads
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace.columns import Column


@once
def starvation(timeline: Timeline, observed: Observed) -> list[Finding]:
    """A track was ready for STARVED_NS or longer in total, and for STARVED_SHARE of its life, while others ran.

    Not reported: one wait, if it is not most of its life; what hogs explain, turns that each come within NAMED_NS, and
    places in long queues. A hub runs in turn who is ready: where it was ready for long at once, mostly while nobody ran
    for NAMED_NS, each of those before it had its turn. But if that happened STARVED_AGAIN times, and for half of its
    life, they came back before it each time. Also who waits until its hub is idle, which that never is.
    """
    delays, by_hogs_ns, found = own_delays(timeline, observed), explained_by_hogs(timeline, observed), []
    # Those too that are mostly due to the machine: a hog that it made longer is told all the same.
    every, hogged = observed.ready.delays, turns_of_hogs(timeline, observed)
    short = {
        hub: [turn for turn in turns if turn.end_ns - turn.start_ns < HOG_NS] for hub, turns in observed.turns.items()
    }
    late = delays["suspension"] < 0
    tracks, whose = np.unique(delays["track"][late], return_inverse=True)

    def by_track(weights: Column) -> dict[int, float]:
        return dict(zip(tracks.tolist(), np.bincount(whose, weights[late]).tolist(), strict=False))

    times, explained_ns = by_track(by_hogs_ns > 0), dict[int, int]()
    queued = by_track(np.ones(len(delays), dtype=np.int64))
    every = every[every["suspension"] < 0]
    for track_id, hogged_ns in zip(every["track"].tolist(), covered_by_ns(every, hogged).tolist(), strict=True):
        explained_ns[track_id] = explained_ns.get(track_id, 0) + hogged_ns
    at_once_ns = by_track(delays["ran_ns"] - delays["due_ns"] - by_hogs_ns)
    by_turns_ns = by_track(covered_by_ns(delays, short))
    # Who was woken often, and had its turn each time, is none of these.
    for ready in observed.ready.of(STARVED_NS):
        track_id, hub = ready.track, ready.hub
        track = timeline.tracks[track_id]
        life_ns = max(1, (track.exit_ns if track.exit_ns >= 0 else timeline.last_ns) - track.spawn_ns)
        # Once or twice behind a hog is told with the hog; again and again, for most of a long life, is more than that.
        again = times.get(track_id, 0) >= STARVED_AGAIN and timeline.last_ns <= 2 * life_ns <= 4 * ready.total_ns
        off_ns, life_off_ns = _by_machine_ns(timeline, observed, track, hub)
        left_ns = ready.total_ns - (0 if again else explained_ns.get(track_id, 0))
        # The machine has its part in what hogs explain, too.
        rest_ns = left_ns - off_ns * left_ns // max(1, ready.total_ns)
        if rest_ns < STARVED_NS or is_polling(timeline, observed, track_id):
            continue
        # Of a life as the machine let its thread have it.
        if rest_ns < STARVED_SHARE * (life_ns - life_off_ns):
            continue
        if ready.longest_ns >= ONCE_SHARE * ready.total_ns and 2 * ready.total_ns < life_ns:
            continue  # It was late once, which others may have been far more often.
        since_ns = track.slices.start_ns[ready.slice]
        turns = observed.turns if again else short
        until_ns = track.slices.start_ns[ready.slice + 1]
        # Where all turns are long, and yet no hogs (the machine made them so), it is compared with those.
        turn = longest_turn(turns.get(hub, []), since_ns, until_ns)
        turn = turn or longest_turn(observed.turns.get(hub, []), since_ns, until_ns)
        at_ends = 2 * at_once_ns.get(track_id, 0) > rest_ns and 2 * by_turns_ns[track_id] < at_once_ns[track_id]
        if at_ends and (queued[track_id] < STARVED_AGAIN or 2 * rest_ns < life_ns - life_off_ns):
            continue  # It stood in long queues.
        life = track.spawn_ns, track.spawn_ns + life_ns
        wait = Delay(track_id, hub, since_ns, until_ns, ready.slice)
        if turn is not None and overlap_ns(turn, wait) < NAMED_NS:
            turn = None  # It was over when this one's wait had just begun.
        others_ns = _others_ns(timeline, observed, turn.track if turn is not None else None, wait, life, off_ns > 0)
        if others_ns and 2 * runs(timeline, observed).ran_ns(track_id, *life) > others_ns:
            # It got its share: there was too much to do for all.
            continue
        suspension = suspension_before(timeline, track, since_ns)
        share = min(100, round(100 * ready.total_ns / life_ns))
        sentence = (
            f"{timeline.name(track_id)} was ready but did not run for {duration(ready.total_ns, 2)}, "
            f"{share}% of its life, at most {duration(ready.longest_ns, 2)} at once"
        )
        sentence += f" (for {duration(off_ns, 2)} of that the machine ran other programs)" if off_ns >= NAMED_NS else ""
        ran = _ran_most(turns.get(hub, []), since_ns, until_ns)
        how = f"{listed([timeline.name(one) for one in ran])} ran"
        if not ran:
            ran, how = ran_in_turns(timeline, turn, wait)
        sentence += f", while {how}"
        those = (track_id, *ran)
        place = suspension.place if suspension else track.place
        found.append(finding("starvation", sentence, those, since_ns, place, ready.total_ns - off_ns, (track_id,)))
    others = (never_idle, starved_threads, starved_in_loops)
    return [*found, *(one for find in others for one in find(timeline, observed))]


def _others_ns(
    timeline: Timeline, observed: Observed, most: int | None, wait: Delay, life: tuple[int, int], is_busy: bool
) -> int:  # fmt: skip
    """For how long between the two times of `life` the one ran that kept it from running: `most`, or the one that ran
    longest of those whom the hub ran meanwhile. `is_busy`: the machine ran other programs, which made some turns long,
    so of a crowd that it is one of, for how long half of them ran, or longer."""
    steps, ran_ns = timeline.tracks[wait.hub].steps, runs(timeline, observed).ran_ns

    def longest_first(since_ns: int, until_ns: int) -> list[tuple[int, int]]:
        first, last = (bisect_left(steps, t, key=lambda step: timeline.switch(step).t_ns) for t in (since_ns, until_ns))
        those = {timeline.switch(step).origin for step in steps[first : min(last, first + MOST_TURNS)]} - {wait.hub}
        return sorted(((ran_ns(one, *life), one) for one in those), reverse=True)

    ran = longest_first(wait.due_ns, wait.ran_ns)
    if most is not None:
        ran = [(ran_ns(most, *life), most)]
    if not ran:
        return 0
    function = function_of(timeline, timeline.tracks[wait.track])
    if not is_busy or function_of(timeline, timeline.tracks[ran[0][1]]) != function:
        return ran[0][0]
    alike = [ns for ns, one in longest_first(*life) if function_of(timeline, timeline.tracks[one]) == function]
    return alike[len(alike) // 2]


def _by_machine_ns(timeline: Timeline, observed: Observed, track: Track, hub: int) -> tuple[int, int]:
    """How much of the time for which it was ready, and of its life, is due to the machine: of the first as large a part
    as of all the time for which its hub had something to do."""
    until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
    life_ns = np.array([track.spawn_ns]), np.array([until_ns])
    (off_ns,) = kept_off(timeline, observed).by_machine_ns(hub, *life_ns).tolist()
    if not off_ns:
        return 0, 0
    spent_ns = timeline.tracks[hub].slices.spent_ns
    busy_ns = until_ns - track.spawn_ns - spent_ns(State.IDLE, until_ns, track.spawn_ns)
    ready_ns = track.slices.spent_ns(State.READY, until_ns)
    return int(ready_ns * min(1, off_ns / max(1, busy_ns))), int(off_ns)


def _ran_most(turns: list[LongRun], start_ns: int, end_ns: int) -> list[int]:
    """Who ran in that time, the longest first: those who did for at least half as long as that one. Nobody if many
    others did that together had short turns."""
    ran_ns: dict[int, int] = {}
    for turn in turns_in(turns, start_ns, end_ns):
        shared_ns = min(turn.end_ns, end_ns) - max(turn.start_ns, start_ns)
        ran_ns[turn.track] = ran_ns.get(turn.track, 0) + shared_ns
    order = sorted(ran_ns, key=ran_ns.__getitem__, reverse=True)
    most = [track for track in order if 2 * ran_ns[track] >= ran_ns[order[0]]]
    return most if 2 * sum(ran_ns[track] for track in most) >= end_ns - start_ns else []


@once
def names_starving(timeline: Timeline, observed: Observed) -> frozenset[str]:
    """The functions of those that starve, and of those that run meanwhile: what these delay is told with that."""
    lives: dict[int, list[tuple[int, int]]] = {}
    found = set()
    for one in starvation(timeline, observed):
        starved = timeline.tracks[one.tracks[0]]
        until_ns = starved.exit_ns if starved.exit_ns >= 0 else timeline.last_ns
        lives.setdefault(starved.parent, []).append((starved.spawn_ns, until_ns))
        found.add(function_of(timeline, starved))
    for hub, theirs in lives.items():
        theirs.sort()
        # Of those who began before a turn was over: did the last of them to end do so after it had begun?
        latest_ns = [*accumulate((until_ns for _, until_ns in theirs), max)]
        for turn in observed.turns.get(hub, []):
            began = bisect_left(theirs, (turn.end_ns,))
            if began and turn.start_ns < latest_ns[began - 1]:
                found.add(function_of(timeline, timeline.tracks[turn.track]))
    return frozenset(found)
