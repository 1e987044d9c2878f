"""Who blocked a hub, a loop or a thread: by computing, or in a call that blocks."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import (
    LATE_NS,
    Finding,
    finding,
    is_over,
    listed,
    spot,
    suspended,
    waited_told,
    worst_of,
)
from visualizer.analysis.findings.collector import LongRun, Observed, once
from visualizer.analysis.findings.held_locks import Lock, locks_of
from visualizer.analysis.findings.hog_turns import hogs, own_length_ns
from visualizer.analysis.findings.kept_off import kept_off_told
from visualizer.analysis.findings.own_loops import hogs_of_loops
from visualizer.analysis.findings.run_words import (
    call_of,
    is_idle_run,
    run_end,
    run_name,
    suspended_behind,
    until_told,
    worst_of_each,
)
from visualizer.analysis.model.timeline import Place, State, Timeline
from visualizer.analysis.text.blocking_calls import BlockingCall
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import Sampled, hot_line, lines_sampled, mostly
from visualizer.analysis.text.source_text import in_block_of, loop_around
from visualizer.trace import words
from visualizer.trace.columns import Column


class _Late(NamedTuple):
    """`track` ran so much later than it could have."""

    late_ns: int
    track: int


#: How what a call waits for is called, if that is a lock.
_ASKS = re.compile(r"(\w+)(?::`$|\.acquire\()")


#: At most this many of the tracks delayed by one turn are examined.
_MOST_LATE = 10_000


def hog(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A hub was blocked for HOG_NS or longer: a track ran without yielding. One for each track and line."""
    yield from (one for one in _blocked(timeline, observed) if one.kind == "hog")
    yield from hogs_of_loops(timeline, observed)


def blocking_call(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """The same, mostly in a call that waits: the line at which most samples were taken says which."""
    return (one for one in _blocked(timeline, observed) if one.kind == "blocking_call")


@once
def _blocked(timeline: Timeline, observed: Observed) -> list[Finding]:
    """What blocked hubs for HOG_NS or longer.

    Its cost: how much later than they could have the others ran because of it, those among them that waited for a lock
    which it held; at least how long it ran, since at least its hub waited for it.
    """
    delays = observed.ready.delays
    delays = delays[delays["ran_ns"].argsort(kind="stable")]
    found: list[tuple[Hashable, int, tuple[int, LongRun]]] = []
    cost_ns: dict[tuple[int, Hashable], int] = {}
    lost_by: dict[Hashable, list[int]] = {}
    every = []
    # Track and where it yielded -> where it was sampled before that: not every run of a line is.
    sampled: dict[tuple[int, Place | None], Sampled] = {}
    for hub, turn in hogs(timeline, observed):
        seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
        yielded = timeline.switch(turn.switch).place if turn.switch >= 0 else None
        every.append((hub, turn, seen, yielded))
        if seen is not None:
            sampled.setdefault((turn.track, yielded), seen)
    told_of = []
    locks = locks_of(timeline, observed) if every else {}
    for hub, turn, seen, yielded in every:
        length_ns = turn.end_ns - turn.start_ns
        seen = seen or sampled.get((turn.track, yielded))
        key = turn.track, _work(timeline, seen, yielded or suspended_behind(timeline, turn)) if seen else yielded
        late = [*_late(delays, hub, turn), *_due_at_the_end(timeline, hub, turn)]
        kept = [one for _, several in _kept_out(timeline, locks, turn) for one in several]
        # As large a part of what the others lost as of its own length is its doing.
        own_ns = own_length_ns(timeline, observed, hub, turn)
        found.append((key, own_ns, (hub, turn)))
        lost_ns = sum(min(one.late_ns, length_ns) for one in (*late, *kept)) * own_ns // length_ns
        cost_ns[key] = cost_ns.get(key, 0) + max(own_ns, lost_ns)
        lost_by.setdefault(key, []).extend(one.track for one in (*late, *kept))
    for (key, total_ns), (count, own_ns, (hub, turn)) in zip(cost_ns.items(), worst_of_each(found), strict=True):
        length_ns = turn.end_ns - turn.start_ns
        seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
        how, place = until_told(timeline, turn, seen)
        late = list(_late(delays, hub, turn))
        due = list(_due_at_the_end(timeline, hub, turn))
        tracks = [one.track for one in (*late, *due)]
        told = [f"{timeline.name(one.track, turn.end_ns)} ran {duration(one.late_ns, 2)} late" for one in late]
        told += [f"{timeline.name(one.track)} was late by {duration(one.late_ns, 2)} at the end" for one in due]
        for name, kept in _kept_out(timeline, locks, turn):
            who = timeline.name(kept[0].track) if len(kept) == 1 else f"{len(kept)} tracks"
            told.append(f"{who} waited for {name}, which it held")
            tracks += [one.track for one in kept]
        delayed = listed(told)
        call = call_of(timeline, turn, seen)
        if call is None and not told and turn.switch >= 0 and _is_alone(timeline, hub, turn.track):
            continue
        if call is not None and seen is not None:
            hub_told = f"its {timeline.tracks[hub].kind}" if turn.track != hub else "its thread"
            lasted = duration(length_ns, 2)
            did = f"waited for {lasted}" if seen.times == seen.of else f"did not yield for {lasted}, and mostly waited"
            sentence = f"{run_name(timeline, turn)} {did} in {call.written}, which blocks {hub_told}, "
            sentence += f"{hot_line(timeline, seen, quotes=False)}, {run_end(timeline, turn)[0]}"
        else:
            did = "ran" if not is_idle_run(timeline, turn) else "waited in a call that uses no processor time"
            sentence = f"{run_name(timeline, turn)} {did} for {duration(length_ns, 2)} without yielding"
            sentence += f"{kept_off_told(length_ns, own_ns)}, {how}"
        blocked = "nobody else could run on its thread"
        if turn.track != hub and call is None:
            blocked = f"its {timeline.tracks[hub].kind} was blocked"
        sentence += f" → {delayed or blocked}"
        sentence += worst_of(count, "such runs")
        if call is not None:
            holders = _holders(timeline, hub, turn, call)
            tracks += holders[:1]
            sentence += _holder_told(timeline, holders, turn)
        # A callback of a loop's cannot await anything.
        sentence += f"; {call.instead}" if call is not None and call.instead and turn.track != hub else ""
        if turn.switch < 0 and turn.track != hub and not is_over(timeline):
            sentence += _meanwhile(timeline, hub, {turn.track, *tracks})
        kind = "hog" if call is None else "blocking_call"
        those, losers = (turn.track, *tracks), lost_by[key]
        told_of.append(finding(kind, sentence, those, turn.start_ns, place, total_ns, losers, key[1]))
    return told_of


def _holders(timeline: Timeline, hub: int, turn: LongRun, call: BlockingCall) -> list[int]:
    """The other threads that were in a `with` block of the lock that the call waits for, as far as the source and their
    waits, or samples, tell."""
    asks = _ASKS.search(call.written)
    if asks is None:
        return []
    own, process = timeline.tracks[hub].parent, timeline.tracks[hub].process
    found = []
    for thread in timeline.tracks.of_kind(words.THREAD):
        if thread.id == own or thread.process != process:
            continue
        at_ = thread.slices.at(turn.start_ns)
        waits = at_ >= 0 and thread.slices.state[at_] == State.WAITING and thread.slices.about[at_] >= 0
        places = [timeline.suspensions[thread.slices.about[at_]].place] if waits else []
        for one in lines_sampled(timeline, thread.id, turn.start_ns, turn.end_ns):
            places += [one.place, one.called]
        if any(place is not None and in_block_of(timeline, place, asks[1]) for place in places):
            found.append(thread.id)
    return found


def _holder_told(timeline: Timeline, holders: list[int], turn: LongRun) -> str:
    """Which thread had the lock meanwhile, and what it did."""
    if len(holders) != 1:
        return ""
    seen = mostly(timeline, holders[0], turn.start_ns, turn.end_ns)
    where = f" at {spot(seen.place)}" if seen is not None else ""
    return f"; {timeline.name(holders[0])} was inside of that lock's block meanwhile{where} (inferred from the source)"


def _work(timeline: Timeline, seen: Sampled, yielded: Place | None) -> Hashable:
    """What the samples of one piece of work have in common, whichever lines they are at: the call of a function that
    does not yield itself, or else the outermost loop that does not yield."""
    place = seen.place
    if seen.called is not None and (yielded is None or yielded[:2] != place[:2]):
        return place.file, place.function, seen.called.file, seen.called.line
    return place.file, loop_around(timeline, place, yielded)


def _is_alone(timeline: Timeline, hub: int, track: int) -> bool:
    """Whether it is the only task that its loop ever had, as the main thread of a hub without greenlets."""
    others = (one for one in timeline.tracks.values() if one.parent == hub and one.id != track)
    return timeline.tracks[hub].kind == words.LOOP and next(others, None) is None


def _late(delays: Column, hub: int, turn: LongRun) -> Iterator[_Late]:
    """The tracks delayed by the turn, the latest first, each once."""
    late: dict[int, int] = {}
    first = delays["ran_ns"].searchsorted(turn.start_ns)
    near = delays[first : first + _MOST_LATE]
    shared_ns = np.minimum(near["ran_ns"], turn.end_ns) - np.maximum(near["due_ns"], turn.start_ns)
    theirs = near[(near["hub"] == hub) & (near["track"] != turn.track) & (shared_ns >= LATE_NS)]
    for track, late_ns in zip(theirs["track"].tolist(), (theirs["ran_ns"] - theirs["due_ns"]).tolist(), strict=True):
        late[track] = max(late.get(track, 0), late_ns)
    yield from sorted((_Late(late_ns, track) for track, late_ns in late.items()), reverse=True)


def _due_at_the_end(timeline: Timeline, hub: int, turn: LongRun) -> Iterator[_Late]:
    """The same of tracks that the turn keeps from running up to the end of what is known."""
    if turn.switch >= 0 or turn.track == hub:
        return
    late = []
    for track in timeline.tracks.lasting():
        if track.parent != hub or track.id == turn.track or not len(track.slices):
            continue
        due_ns = track.slices.start_ns[-1]
        suspension = suspended(timeline, track)
        if suspension is not None and suspension.asked_ns >= 0:
            due_ns += suspension.asked_ns
        elif track.state is not State.READY:
            continue
        if turn.end_ns - due_ns >= LATE_NS:
            late.append(_Late(turn.end_ns - due_ns, track.id))
    yield from sorted(late, reverse=True)


def _kept_out(timeline: Timeline, locks: dict[str, Lock], turn: LongRun) -> Iterator[tuple[str, list[_Late]]]:
    """Each lock that the track of the turn held all the time, since it was the next to release it; and who waited for
    it then, and how long."""
    for name, lock in locks.items():
        following = lock.released_ns.searchsorted(turn.start_ns)
        if following == len(lock.released_ns) or lock.holder[following] != turn.track:
            continue
        rows = lock.waits
        mine = np.flatnonzero((rows.start_ns < turn.start_ns) & (rows.end_ns > turn.start_ns))
        tracks = timeline.columns.suspensions.whose(rows.suspension[mine])[1].tolist()
        waited_ns = np.minimum(rows.end_ns[mine], turn.end_ns) - turn.start_ns
        if tracks:
            yield name, [_Late(lost_ns, track) for lost_ns, track in zip(waited_ns.tolist(), tracks, strict=True)]


def _meanwhile(timeline: Timeline, hub: int, told_of: set[int]) -> str:
    """What the other tracks of the hub's thread waited for up to the end."""
    thread = timeline.tracks[hub].parent
    others = [
        track
        for track in timeline.tracks.lasting()
        if track.id not in told_of and (hub in (track.parent, track.id) or track.id == thread)
    ]
    waited = waited_told(timeline, others)
    return f"; meanwhile, {waited}" if waited else ""
