"""What is said of a run that lasted: who ran, how, and until where."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from visualizer.analysis.findings.base import end_told, function_of, spot, suspension_before
from visualizer.analysis.findings.collector import LongRun
from visualizer.analysis.findings.ready_times import Delay
from visualizer.analysis.findings.stretches import resumed_most
from visualizer.analysis.model.timeline import Place, Suspension, Timeline
from visualizer.analysis.text.blocking_calls import BlockingCall
from visualizer.analysis.text.blocking_calls import blocking_call as call_at
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import Sampled, hot_line, is_mostly_idle, mostly
from visualizer.analysis.text.source_text import definition

_T = TypeVar("_T")

#: So many of the turns in a delay are looked at.
MOST_TURNS = 1_000


def suspended_behind(timeline: Timeline, turn: LongRun) -> Place | None:
    """Where the track of a turn was suspended before that, or in it."""
    suspension: Suspension | None = suspension_before(timeline, timeline.tracks[turn.track], turn.end_ns)
    return suspension.place if suspension is not None else None


def call_of(timeline: Timeline, turn: LongRun, seen: Sampled | None) -> BlockingCall | None:
    """The call in which the turn was mostly spent, if that is known to wait: by what it is, or since its thread used no
    processor time."""
    call = call_at(timeline, seen.place) if seen is not None and 2 * seen.times > seen.of else None
    return call if call is not None and (call.sleeps or is_idle_run(timeline, turn)) else None


def ran_in_turns(timeline: Timeline, turn: LongRun | None, delay: Delay) -> tuple[list[int], str]:
    """Who ran meanwhile, in turns none of which made the delay: the tracks of the function that ran for at least half
    of it, else none; and a sentence on that, with where they yielded."""
    steps = timeline.tracks[delay.hub].steps
    first, last = (bisect_left(steps, t_ns, key=lambda step: timeline.switch(step).t_ns) for t_ns in delay[2:4])
    ran_ns: dict[str, dict[int, int]] = {}
    yielded: dict[str, Place | None] = {}
    # A turn lasts from the one before, whatever generators it resumes.
    began_ns = max(delay.due_ns, timeline.switch(steps[first - 1]).t_ns if first else 0)
    for index in range(first, min(last, first + MOST_TURNS)):
        switch = timeline.switch(steps[index])
        track = timeline.tracks[switch.origin]
        name = function_of(timeline, track)
        theirs = ran_ns.setdefault(name, {})
        theirs[track.id] = theirs.get(track.id, 0) + switch.t_ns - began_ns
        began_ns = switch.t_ns
        if switch.suspension >= 0:
            yielded[name] = timeline.suspensions[switch.suspension].place
    most = max(ran_ns, key=lambda name: sum(ran_ns[name].values()), default="")
    crowd = list(ran_ns.get(most, ()))
    if 2 * sum(ran_ns.get(most, {}).values()) < delay.ran_ns - delay.due_ns:
        crowd = []
    if turn is not None:
        length = duration(turn.end_ns - turn.start_ns, 2)
        # Who yielded had it run, if that was a generator.
        by = timeline.switch(turn.switch).origin if turn.switch >= 0 else turn.track
        longest = turn._replace(track=by) if turn.track not in crowd and by in crowd else turn
        how = "ran one after the other"
        if not crowd or longest.track in crowd:
            how += f", {ran_told(timeline, longest, f'the longest, for {length}')}"
    else:
        how = "ran in short turns"
        if crowd and (where := spot(yielded.get(most))):
            how += f", yielding at {where}"
    who = "others" if not crowd else timeline.name(crowd[0]) if len(crowd) == 1 else f"{len(crowd)} × {most}"
    return crowd, f"{who} {how}"


def is_idle_run(timeline: Timeline, turn: LongRun) -> bool:
    """Whether its thread used hardly any processor time meanwhile."""
    return is_mostly_idle(timeline, turn.track, turn.start_ns, turn.end_ns)


def worst_of_each(found: Iterable[tuple[Hashable, int, _T]]) -> Iterator[tuple[int, int, _T]]:
    """For each key of (key, length, what): how many have it, the longest, and what that one is."""
    worst: dict[Hashable, tuple[int, int, _T]] = {}
    for key, length_ns, what in found:
        count, longest_ns, known = worst.get(key, (0, -1, what))
        longer = length_ns > longest_ns
        worst[key] = (count + 1, length_ns if longer else longest_ns, what if longer else known)
    yield from worst.values()


def run_name(timeline: Timeline, turn: LongRun) -> str:
    """Who ran, with the request that it served meanwhile."""
    return timeline.name(turn.track, turn.start_ns, turn.end_ns)


def ran_told(timeline: Timeline, turn: LongRun, how: str = "") -> str:
    """That it ran, and where it was sampled."""
    seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
    how = how or ("waited in a call" if is_idle_run(timeline, turn) else "ran")
    return f"{run_name(timeline, turn)} {how}{f', sampled at {spot(seen.place)}' if seen else ''}"


def overlap_ns(turn: LongRun, delay: Delay) -> int:
    """How much of the delay the turn took."""
    return min(turn.end_ns, delay.ran_ns) - max(turn.start_ns, delay.due_ns)


def tracks_of(delay: Delay, turn: LongRun | None) -> tuple[int, ...]:
    """Who was late, and who ran meanwhile, if that is one."""
    return (delay.track, turn.track) if turn else (delay.track,)


def until_told(timeline: Timeline, turn: LongRun, seen: Sampled | None) -> tuple[str, Place | None]:
    """In words, where the turn was `seen`, if it was, and where it ended; and the line to look at."""
    if seen is None:
        resumed = resumed_most(timeline, turn.track, turn.start_ns, turn.end_ns)
        if resumed is not None:
            return f"{resumed.told()}, {run_end(timeline, turn)[0]}", resumed.place
        return _from_until(timeline, turn)
    return f"{hot_line(timeline, seen)}, {run_end(timeline, turn)[0]}", seen.place


def run_end(timeline: Timeline, turn: LongRun) -> tuple[str, Place | None]:
    """In words, where the turn ended; and the place at which it yielded, if it did."""
    if turn.switch >= 0:
        switch = timeline.switch(turn.switch)
        who = "it" if switch.origin == turn.track else timeline.name(switch.origin)
        if switch.place is not None:
            return f"until {who} yielded at {spot(switch.place)}", switch.place
        return f"until {who} ended", None
    track = timeline.tracks[turn.track]
    if track.schedules and turn.end_ns < timeline.last_ns:
        return "until it ran another track or polled", None
    return "until it ended" if track.exit_ns >= 0 else f"until {end_told(timeline)}", None


def _from_until(timeline: Timeline, turn: LongRun) -> tuple[str, Place | None]:
    """In words, where the turn began and ended; and the line to look at."""
    track = timeline.tracks[turn.track]
    end, place = run_end(timeline, turn)
    if place is not None:
        return end, place
    if (before := suspended_behind(timeline, turn)) is not None:
        return f"from {spot(before)} {end}", before
    written = definition(timeline, track)
    if written is not None:
        return f"{end} (def {written.function}, {spot(written)} to {written.end_line})", written
    return f"{end} (spawned at {spot(track.place)})" if spot(track.place) else end, track.place
