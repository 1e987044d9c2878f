"""Findings about time: which track blocked a hub, and which track ran later than it could have."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

import numpy as np

from visualizer.analysis.findings.base import (
    HOG_NS,
    LATE_NS,
    LOST_NS,
    POLL_BUSY_SHARE,
    POLLS,
    STARVED_NS,
    STARVED_SHARE,
    Finding,
    at,
    finding,
    is_over,
    listed,
    spot,
    suspension_before,
    worst_of,
)
from visualizer.analysis.findings.collector import LongRun, Observed, longest_turn
from visualizer.analysis.findings.ready_times import Delay
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import Sampled, hot_line, mostly
from visualizer.analysis.text.source_text import definition
from visualizer.trace import words
from visualizer.trace.columns import Column

_T = TypeVar("_T")
#: At most this many of the tracks delayed by one turn are examined.
_MOST_LATE = 1_000


def hog(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A hub was blocked for HOG_NS or longer: a track ran without yielding. One for each track and line."""
    delays = observed.ready.delays
    delays = delays[delays["ran_ns"].argsort(kind="stable")]
    found: list[tuple[Hashable, int, tuple[int, LongRun]]] = []
    for hub in {*observed.turns, *observed.living}:
        turns = (_turn_at_the_end(timeline, observed, hub), _own_turns(timeline, hub))
        for turn in (*observed.turns.get(hub, ()), *chain.from_iterable(turns)):
            length_ns = turn.end_ns - turn.start_ns
            if length_ns >= HOG_NS:
                place = timeline.switch(turn.switch).place if turn.switch >= 0 else None
                found.append(((turn.track, place and place[:3]), length_ns, (hub, turn)))
    for count, length_ns, (hub, turn) in _worst(found):
        seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
        how, place = _until(timeline, turn, seen)
        late = list(_late(delays, hub, turn))
        tracks = [track for _, track in late]
        delayed = listed([f"{timeline.name(track)} ran {duration(late_ns, 2)} late" for late_ns, track in late])
        sentence = f"{timeline.name(turn.track)} ran for {duration(length_ns, 2)} without yielding, {how}"
        blocked = "its hub was blocked" if turn.track != hub else "nobody else could run on its thread"
        sentence += f" → {delayed or blocked}"
        sentence += worst_of(count, "such runs")
        yield finding("hog", sentence, (turn.track, *tracks), turn.start_ns, place, length_ns)


def late_timer(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A timer woke LATE_NS or more after its time, because its hub was blocked. One for each line and name of
    tracks: in a group, all are late at once."""
    found: list[tuple[Hashable, int, Delay]] = []
    whose: dict[tuple[str, Hashable], set[int]] = {}
    delays = observed.ready.delays
    for delay in map(Delay._make, delays[delays["suspension"] >= 0].tolist()):
        place = timeline.suspensions[delay.suspension].place
        name = timeline.tracks[delay.track].base_name
        found.append(((name, place and place[:3]), delay.ran_ns - delay.due_ns, delay))
        whose.setdefault((name, place and place[:3]), set()).add(delay.track)
    for ((name, _), several), (count, late_ns, delay) in zip(whose.items(), _worst(found), strict=True):
        suspension = timeline.suspensions[delay.suspension]
        what = "sleep" if suspension.is_whole_sleep else "time limit"
        turn = longest_turn(observed.turns.get(delay.hub, []), delay.due_ns, delay.ran_ns)
        sentence = (
            f"{_ran(timeline, turn) if turn else 'others ran in short turns'} → {timeline.name(delay.track)}'s "
            f"{duration(suspension.asked_ns)} {what}{at(suspension.place)} ended {duration(late_ns, 2)} late"
        )
        sentence += worst_of(count, "such delays")
        sentence += f" of {len(several)} tracks called {name}" if len(several) > 1 else ""
        yield finding("late_timer", sentence, _tracks(delay, turn), delay.ran_ns, suspension.place, late_ns)


def lost_time(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """LOST_NS or longer from being woken to running. One for each name of tracks: in a group, all are late at once."""
    delays = observed.ready.delays
    delays = delays[(delays["suspension"] < 0) & (delays["ran_ns"] - delays["due_ns"] >= LOST_NS)]
    tracks, whose = np.unique(delays["track"], return_inverse=True)
    names: dict[str, list[int]] = {}
    for number, id in enumerate(tracks.tolist()):
        names.setdefault(timeline.tracks[id].base_name, []).append(number)
    called = np.empty(len(tracks), dtype=np.int64)
    for number, several in enumerate(names.values()):
        called[several] = number
    order = called[whose].argsort(kind="stable")
    counts = np.bincount(called[whose], minlength=len(names))
    for (name, several), theirs in zip(names.items(), np.split(delays[order], counts.cumsum()[:-1]), strict=False):
        count, lost = len(theirs), theirs["ran_ns"] - theirs["due_ns"]
        delay, lost_ns = Delay._make(theirs[lost.argmax()].tolist()), int(lost.max())
        track = timeline.tracks[delay.track]
        suspension = suspension_before(timeline, track, delay.due_ns)
        wakeup = timeline.wakeups[track.slices.about[delay.slice]]
        by = f" by {timeline.name(wakeup.waker)}" if wakeup.waker in timeline.tracks else ""
        how = "spawned" if wakeup.cause == words.SPAWN else "woken"
        turn = longest_turn(observed.turns.get(delay.hub, []), delay.due_ns, delay.ran_ns)
        cause = f"{_ran(timeline, turn)} → " if turn else ""
        sentence = f"{cause}{timeline.name(track.id)} ran only {duration(lost_ns, 2)} after it was {how}{by}"
        sentence += worst_of(count, "such delays")
        sentence += f" of {len(several)} tracks called {name}" if len(several) > 1 else ""
        place = suspension.place if suspension else track.place
        yield finding("lost_time", sentence, _tracks(delay, turn), delay.due_ns, place, lost_ns)


def starvation(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A track was ready for STARVED_NS or longer in total, and for STARVED_SHARE of its life, while others ran."""
    for track_id, ready in observed.ready.of.items():
        track = timeline.tracks[track_id]
        until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        life_ns = max(1, until_ns - track.spawn_ns)
        if ready.total_ns < STARVED_NS or ready.total_ns < STARVED_SHARE * life_ns:
            continue
        longest_ns, index, hub = ready.longest
        since_ns = track.slices.start_ns[index]
        turn = longest_turn(observed.turns.get(hub, []), since_ns, track.slices.start_ns[index + 1])
        suspension = suspension_before(timeline, track, since_ns)
        sentence = (
            f"{timeline.name(track_id)} was ready but did not run for {duration(ready.total_ns, 2)}, "
            f"{min(100, round(100 * ready.total_ns / life_ns))}% of its life, at most {duration(longest_ns, 2)} at once"
        )
        sentence += f", while {timeline.name(turn.track)} ran" if turn else ""
        tracks = (track_id, turn.track) if turn else (track_id,)
        place = suspension.place if suspension else track.place
        yield finding("starvation", sentence, tracks, since_ns, place, ready.total_ns)


def busy_poll(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """POLLS or more sleeps of 0 s in a row, with short steps and nothing else between. One for each track."""
    for track, row in observed.polls.longest.items():
        suspension = timeline.suspensions[row.suspension]
        lasted_ns = suspension.t_ns - row.since_ns
        if row.count >= POLLS and row.busy <= POLL_BUSY_SHARE * row.count:
            steps = f", {duration(row.busy_ns, 2)} of it in {row.busy} longer steps," if row.busy else ""
            sentence = (
                f"{timeline.name(track)} polls: it slept 0 s {row.count} times in a row "
                f"for {duration(lasted_ns, 2)}{steps} and did nothing else{at(suspension.place)}"
            )
            yield finding("busy_poll", sentence, (track,), row.since_ns, suspension.place, lasted_ns)


def _worst(found: Iterable[tuple[Hashable, int, _T]]) -> Iterator[tuple[int, int, _T]]:
    """For each key of (key, length, what): how many have it, the longest, and what that one is."""
    worst: dict[Hashable, tuple[int, int, _T]] = {}
    for key, length_ns, what in found:
        count, longest_ns, known = worst.get(key, (0, -1, what))
        longer = length_ns > longest_ns
        worst[key] = (count + 1, length_ns if longer else longest_ns, what if longer else known)
    yield from worst.values()


def _ran(timeline: Timeline, turn: LongRun) -> str:
    """That it ran, and where it was sampled."""
    seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
    return f"{timeline.name(turn.track)} ran{f', sampled at {spot(seen.place)}' if seen else ''}"


def _tracks(delay: Delay, turn: LongRun | None) -> tuple[int, ...]:
    return (delay.track, turn.track) if turn else (delay.track,)


def _until(timeline: Timeline, turn: LongRun, seen: Sampled | None) -> tuple[str, Place | None]:
    """In words, where the turn was `seen`, if it was, and where it ended; and the line to look at."""
    if seen is None:
        return _from_until(timeline, turn)
    return f"{hot_line(timeline, seen)}, {_end(timeline, turn)[0]}", seen.place


def _end(timeline: Timeline, turn: LongRun) -> tuple[str, Place | None]:
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
    ended = track.exit_ns >= 0
    return "until it ended" if ended else "until the end of the trace", None


def _from_until(timeline: Timeline, turn: LongRun) -> tuple[str, Place | None]:
    """In words, where the turn began and ended; and the line to look at."""
    track = timeline.tracks[turn.track]
    end, place = _end(timeline, turn)
    if place is not None:
        return end, place
    suspension: Suspension | None = suspension_before(timeline, track, turn.end_ns)
    if suspension is not None and suspension.place is not None:
        return f"from {spot(suspension.place)} {end}", suspension.place
    written = definition(timeline, track)
    if written is not None:
        return f"{end} (def {written.function}, {spot(written)} to {written.end_line})", written
    return f"{end} (spawned at {spot(track.place)})" if spot(track.place) else end, track.place


def _late(delays: Column, hub: int, turn: LongRun) -> Iterator[tuple[int, int]]:
    """The tracks delayed by the turn: (by how much, track), the latest first, each once."""
    late: dict[int, int] = {}
    first = delays["ran_ns"].searchsorted(turn.start_ns)
    for delay in map(Delay._make, delays[first : first + _MOST_LATE].tolist()):
        shared_ns = min(delay.ran_ns, turn.end_ns) - max(delay.due_ns, turn.start_ns)
        if delay.hub == hub and delay.track != turn.track and shared_ns >= LATE_NS:
            late[delay.track] = max(late.get(delay.track, 0), delay.ran_ns - delay.due_ns)
    yield from sorted(((late_ns, track) for track, late_ns in late.items()), reverse=True)


def _own_turns(timeline: Timeline, hub: int) -> Iterator[LongRun]:
    """The turns of HOG_NS or longer in which the hub itself ran code of the program, in a callback, by its samples."""
    track = timeline.tracks.get(hub)
    if track is None or not track.schedules:
        return
    starts_ns, states = (np.asarray(column) for column in (track.slices.start_ns, track.slices.state))
    ends_ns = np.append(starts_ns[1:], timeline.last_ns)
    for index in np.flatnonzero((states == State.RUNNING) & (ends_ns - starts_ns >= HOG_NS)).tolist():
        start_ns, end_ns = int(starts_ns[index]), int(ends_ns[index])
        others = (one for one in timeline.tracks.values() if one.parent == hub and one.spawn_ns < end_ns)
        if any(not 0 <= one.exit_ns < start_ns for one in others) and mostly(timeline, hub, start_ns, end_ns):
            yield LongRun(start_ns, end_ns, hub, -1)


def _turn_at_the_end(timeline: Timeline, observed: Observed, hub: int) -> Iterator[LongRun]:
    """The turn from which the hub never resumed, if it was one of the hub's own thread."""
    track = timeline.tracks.get(hub)
    thread = timeline.tracks.get(track.parent) if track is not None else None
    if track is None or thread is None or not track.schedules or not is_over(timeline):
        return
    if not observed.living.get(hub) or track.state not in (State.WAITING, State.BLOCKED, State.CREATED):
        return
    slices = thread.slices
    # Its last slice, or the one before its end, shows whether it ran to the end.
    last = len(slices) - (2 if thread.exit_ns >= 0 else 1)
    if last >= 0 and slices.state[last] == State.RUNNING:
        end_ns = thread.exit_ns if thread.exit_ns >= 0 else timeline.last_ns
        yield LongRun(max(slices.start_ns[last], track.slices.start_ns[-1]), end_ns, thread.id, -1)
