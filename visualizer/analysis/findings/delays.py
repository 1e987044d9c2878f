"""Findings about time: which track blocked a hub, and which track ran later than it could have."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

import numpy as np

from visualizer.analysis.findings.base import (
    HOG_NS,
    LATE_IN_ALL_NS,
    LATE_NS,
    LOST_NS,
    NAMED_NS,
    ONCE_SHARE,
    POLL_BUSY_SHARE,
    POLLS,
    POLLS_NS,
    STARVED_AGAIN,
    STARVED_NS,
    STARVED_SHARE,
    VAIN_SHARE,
    Finding,
    at,
    end_told,
    finding,
    function_of,
    is_over,
    listed,
    spot,
    suspended,
    suspension_before,
    waited_told,
    worst_of,
)
from visualizer.analysis.findings.collector import LongRun, Observed, longest_turn, once, turns_in
from visualizer.analysis.findings.held_locks import Lock, locks_of
from visualizer.analysis.findings.idle_waits import never_idle
from visualizer.analysis.findings.kept_off import kept_off, kept_off_told, own_delays, runs
from visualizer.analysis.findings.own_loops import hogs_of_loops, polling_loops, starved_in_loops
from visualizer.analysis.findings.ready_times import Delay
from visualizer.analysis.findings.selects import idle_selects
from visualizer.analysis.findings.starved_threads import starved_threads
from visualizer.analysis.findings.stretches import long_slices, long_stretches, resumed_most, surely_ran_ns
from visualizer.analysis.model.timeline import RUNS, Place, State, Suspension, Timeline, Track, Wakeup
from visualizer.analysis.text.blocking_calls import BlockingCall
from visualizer.analysis.text.blocking_calls import blocking_call as call_at
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import Sampled, hot_line, is_mostly_idle, lines_sampled, mostly
from visualizer.analysis.text.source_text import definition, in_block_of, loop_around
from visualizer.analysis.text.vain_tries import vain_try
from visualizer.trace import words
from visualizer.trace.columns import Column

_T = TypeVar("_T")

#: So many of the turns in a delay are looked at.
_MOST_TURNS = 1_000


class _LateTimers(NamedTuple):
    """Timers of tracks of one name, at one line: the one that was latest, what ran longest meanwhile, how many were
    late, by how much in total, and whose."""

    delay: Delay
    turn: LongRun | None
    late_ns: int
    times: int
    cost_ns: int
    tracks: set[int]
    #: Who made that delay, and a sentence on it.
    by: Sequence[int]
    ran: str


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
        key = turn.track, _work(timeline, seen, yielded or _suspended_at(timeline, turn)) if seen else yielded
        late = [*_late(delays, hub, turn), *_due_at_the_end(timeline, hub, turn)]
        kept = [one for _, several in _kept_out(timeline, locks, turn) for one in several]
        # As large a part of what the others lost as of its own length is its doing.
        own_ns = _own_ns(timeline, observed, hub, turn)
        found.append((key, own_ns, (hub, turn)))
        lost_ns = sum(min(one.late_ns, length_ns) for one in (*late, *kept)) * own_ns // length_ns
        cost_ns[key] = cost_ns.get(key, 0) + max(own_ns, lost_ns)
        lost_by.setdefault(key, []).extend(one.track for one in (*late, *kept))
    for (key, total_ns), (count, own_ns, (hub, turn)) in zip(cost_ns.items(), _worst(found), strict=True):
        length_ns = turn.end_ns - turn.start_ns
        seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
        how, place = _until(timeline, turn, seen)
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
        call = _call(timeline, turn, seen)
        if call is None and not told and turn.switch >= 0 and _is_alone(timeline, hub, turn.track):
            continue
        if call is not None and seen is not None:
            hub_told = f"its {timeline.tracks[hub].kind}" if turn.track != hub else "its thread"
            lasted = duration(length_ns, 2)
            did = f"waited for {lasted}" if seen.times == seen.of else f"did not yield for {lasted}, and mostly waited"
            sentence = f"{_name(timeline, turn)} {did} in {call.written}, which blocks {hub_told}, "
            sentence += f"{hot_line(timeline, seen, quotes=False)}, {_end(timeline, turn)[0]}"
        else:
            did = "ran" if not _is_idle(timeline, turn) else "waited in a call that uses no processor time"
            sentence = f"{_name(timeline, turn)} {did} for {duration(length_ns, 2)} without yielding"
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


def _suspended_at(timeline: Timeline, turn: LongRun) -> Place | None:
    """Where the track of a turn was suspended before that, or in it."""
    suspension: Suspension | None = suspension_before(timeline, timeline.tracks[turn.track], turn.end_ns)
    return suspension.place if suspension is not None else None


def _is_alone(timeline: Timeline, hub: int, track: int) -> bool:
    """Whether it is the only task that its loop ever had, as the main thread of a hub without greenlets."""
    others = (one for one in timeline.tracks.values() if one.parent == hub and one.id != track)
    return timeline.tracks[hub].kind == words.LOOP and next(others, None) is None


def _call(timeline: Timeline, turn: LongRun, seen: Sampled | None) -> BlockingCall | None:
    """The call in which the turn was mostly spent, if that is known to wait: by what it is, or since its thread used no
    processor time."""
    call = call_at(timeline, seen.place) if seen is not None and 2 * seen.times > seen.of else None
    return call if call is not None and (call.sleeps or _is_idle(timeline, turn)) else None


def late_timer(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A timer woke LATE_NS or more after its time, because its hub was blocked. One for each line and name of
    tracks: in a group, all are late at once."""
    found: list[tuple[Hashable, int, Delay]] = []
    whose: dict[tuple[str, Hashable], set[int]] = {}
    cost_ns: dict[tuple[str, Hashable], int] = {}
    delays, starving = _unexplained(timeline, observed), _starving(timeline, observed)
    for delay in map(Delay._make, delays[delays["suspension"] >= 0].tolist()):
        place = timeline.suspensions[delay.suspension].place
        name = function_of(timeline, timeline.tracks[delay.track])
        found.append(((name, place and place[:3]), delay.ran_ns - delay.due_ns, delay))
        key = name, place and place[:3]
        whose.setdefault(key, set()).add(delay.track)
        cost_ns[key] = cost_ns.get(key, 0) + delay.ran_ns - delay.due_ns
    alike: dict[tuple[int, str], list[_LateTimers]] = {}
    for ((name, where), several), (count, late_ns, delay) in zip(whose.items(), _worst(found), strict=True):
        turn = longest_turn(observed.turns.get(delay.hub, []), delay.due_ns, delay.ran_ns)
        by: Sequence[int]
        if alone := turn is not None and 2 * _shared_ns(turn, delay) >= late_ns:
            assert turn is not None, "it made that delay"
            by, ran = [turn.track], _ran(timeline, turn)
        else:
            by, ran = _ran_in_turns(timeline, turn, delay)
        one = _LateTimers(delay, turn, late_ns, count, cost_ns[name, where], several, by, ran)
        if alone:
            if _matters(timeline, observed, starving, late_ns, one.cost_ns, turn):
                yield _told_late(timeline, [one])
            continue
        # What none of them did alone is told once, of all that it made late.
        them = function_of(timeline, timeline.tracks[by[0]]) if by else ""
        if them not in starving and not any(_polls(timeline, observed, track) for track in by):
            alike.setdefault((delay.hub, them), []).append(one)
    for together in alike.values():
        worst = max(together, key=lambda one: one.late_ns)
        if _matters(timeline, observed, starving, worst.late_ns, sum(one.cost_ns for one in together), worst.turn):
            yield _told_late(timeline, together)


def _told_late(timeline: Timeline, together: list[_LateTimers]) -> Finding:
    worst = max(together, key=lambda one: one.late_ns)
    delay, count = worst.delay, sum(one.times for one in together)
    suspension = timeline.suspensions[delay.suspension]
    what = "sleep" if suspension.is_whole_sleep else "time limit"
    sentence = (
        f"{worst.ran} → {timeline.name(delay.track, delay.ran_ns)}'s "
        f"{duration(suspension.asked_ns)} {what}{at(suspension.place)} ended {duration(worst.late_ns, 2)} late"
    )
    sentence += worst_of(count, "such delays")
    names = list(dict.fromkeys(function_of(timeline, timeline.tracks[one.delay.track]) for one in together))
    if len(names) > 1:
        sentence += f" of {listed(names)}"
    elif len(worst.tracks) > 1:
        sentence += f" of {len(worst.tracks)} tracks called {names[0]}"
    losers = [track for one in together for track in one.tracks]
    cost_ns = sum(one.cost_ns for one in together)
    return finding("late_timer", sentence, (delay.track, *worst.by), delay.ran_ns, suspension.place, cost_ns, losers)


def _ran_in_turns(timeline: Timeline, turn: LongRun | None, delay: Delay) -> tuple[list[int], str]:
    """Who ran meanwhile, in turns none of which made the delay: the tracks of the function that ran for at least half
    of it, else none; and a sentence on that, with where they yielded."""
    steps = timeline.tracks[delay.hub].steps
    first, last = (bisect_left(steps, t_ns, key=lambda step: timeline.switch(step).t_ns) for t_ns in delay[2:4])
    ran_ns: dict[str, dict[int, int]] = {}
    yielded: dict[str, Place | None] = {}
    # A turn lasts from the one before, whatever generators it resumes.
    began_ns = max(delay.due_ns, timeline.switch(steps[first - 1]).t_ns if first else 0)
    for index in range(first, min(last, first + _MOST_TURNS)):
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
            how += f", {_ran(timeline, longest, f'the longest, for {length}')}"
    else:
        how = "ran in short turns"
        if crowd and (where := spot(yielded.get(most))):
            how += f", yielding at {where}"
    who = "others" if not crowd else timeline.name(crowd[0]) if len(crowd) == 1 else f"{len(crowd)} × {most}"
    return crowd, f"{who} {how}"


def lost_time(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """LOST_NS or longer from being woken to running. One for each name of tracks: in a group, all are late at once."""
    delays = _unexplained(timeline, observed)
    delays = delays[(delays["suspension"] < 0) & (delays["ran_ns"] - delays["due_ns"] >= LOST_NS)]
    starving = _starving(timeline, observed)
    tracks, whose = np.unique(delays["track"], return_inverse=True)
    names: dict[str, list[int]] = {}
    for number, id in enumerate(tracks.tolist()):
        names.setdefault(function_of(timeline, timeline.tracks[id]), []).append(number)
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
        by = f" by {timeline.name(wakeup.waker, wakeup.t_ns)}" if wakeup.waker in timeline.tracks else ""
        how = "spawned" if wakeup.cause == words.SPAWN else "woken"
        turn = longest_turn(observed.turns.get(delay.hub, []), delay.due_ns, delay.ran_ns)
        if name in starving or _polls(timeline, observed, track.id):
            continue
        if not _matters(timeline, observed, starving, lost_ns, int(lost.sum()), turn):
            continue
        shared_ns = _shared_ns(turn, delay) if turn else lost_ns - LOST_NS
        if 2 * shared_ns < lost_ns or (turn is None and _took_turns(timeline, delay)):
            # Many were ready at once, and each had its turn.
            continue
        cause = f"{_ran(timeline, turn)} → " if turn else ""
        who = timeline.name(track.id, delay.due_ns)
        sentence = f"{cause}{who} ran only {duration(lost_ns, 2)} after it was {how}{by}"
        sentence += _polled_on(timeline, delay, wakeup)
        sentence += worst_of(count, "such delays")
        sentence += f" of {len(several)} tracks called {name}" if len(several) > 1 else ""
        place = suspension.place if suspension else track.place
        losers = tracks[several].tolist()
        yield finding("lost_time", sentence, _tracks(delay, turn), delay.due_ns, place, int(lost.sum()), losers)


def _polled_on(timeline: Timeline, delay: Delay, wakeup: Wakeup) -> str:
    """That its scheduler went on polling, since whoever woke it did so in another thread, and did not tell that."""
    hub, waker = timeline.tracks.get(delay.hub), timeline.tracks.get(wakeup.waker)
    if hub is None or waker is None or hub.id in (waker.id, waker.parent) or waker.id == hub.parent:
        return ""
    at_ = hub.slices.at(delay.due_ns)
    if at_ < 0 or hub.slices.state[at_] != State.IDLE:
        return ""
    until_ns = hub.slices.start_ns[at_ + 1] if at_ + 1 < len(hub.slices) else delay.ran_ns
    if 2 * (min(until_ns, delay.ran_ns) - delay.due_ns) < delay.ran_ns - delay.due_ns:
        return ""
    how = " (loop.call_soon_threadsafe() tells it)" if hub.kind == words.LOOP else ""
    return f", in another thread; {timeline.name(hub.id)} was not told, and polled on{how}"


@once
def starvation(timeline: Timeline, observed: Observed) -> list[Finding]:
    """A track was ready for STARVED_NS or longer in total, and for STARVED_SHARE of its life, while others ran.

    Not reported: one wait, if it is not most of its life; what hogs explain, turns that each come within NAMED_NS, and
    places in long queues. A hub runs in turn who is ready: where it was ready for long at once, mostly while nobody ran
    for NAMED_NS, each of those before it had its turn. But if that happened STARVED_AGAIN times, and for half of its
    life, they came back before it each time. Also who waits until its hub is idle, which that never is.
    """
    delays, by_hogs_ns, found = own_delays(timeline, observed), _by_hogs(timeline, observed), []
    # Those too that are mostly due to the machine: a hog that it made longer is told all the same.
    every, hogged = observed.ready.delays, _hog_turns(timeline, observed)
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
    for track_id, hogged_ns in zip(every["track"].tolist(), _covered_ns(every, hogged).tolist(), strict=True):
        explained_ns[track_id] = explained_ns.get(track_id, 0) + hogged_ns
    at_once_ns = by_track(delays["ran_ns"] - delays["due_ns"] - by_hogs_ns)
    by_turns_ns = by_track(_covered_ns(delays, short))
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
        if rest_ns < STARVED_NS or _polls(timeline, observed, track_id):
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
        if turn is not None and _shared_ns(turn, wait) < NAMED_NS:
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
            ran, how = _ran_in_turns(timeline, turn, wait)
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
        those = {timeline.switch(step).origin for step in steps[first : min(last, first + _MOST_TURNS)]} - {wait.hub}
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


def _took_turns(timeline: Timeline, delay: Delay) -> bool:
    """Whether the hub ran so many others in that time that their turns, each too short to be named, explain it."""
    steps = timeline.tracks[delay.hub].steps
    first, last = (bisect_left(steps, t_ns, key=lambda step: timeline.switch(step).t_ns) for t_ns in delay[2:4])
    return (last - first) * NAMED_NS >= delay.ran_ns - delay.due_ns


@once
def _starving(timeline: Timeline, observed: Observed) -> frozenset[str]:
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


def _matters(
    timeline: Timeline,
    observed: Observed,
    starving: frozenset[str],
    longest_ns: int,
    total_ns: int,
    turn: LongRun | None,
) -> bool:
    """Whether such delays are worth a line: a machine that is busy elsewhere makes short ones, and the doing of those
    that poll, or let others starve, is told once."""
    if turn is not None:
        function = function_of(timeline, timeline.tracks[turn.track])
        if function in starving or _polls(timeline, observed, turn.track):
            return False
    return longest_ns >= LOST_NS or total_ns >= LATE_IN_ALL_NS


def _is_idle(timeline: Timeline, turn: LongRun) -> bool:
    return is_mostly_idle(timeline, turn.track, turn.start_ns, turn.end_ns)


def _polls(timeline: Timeline, observed: Observed, track: int) -> bool:
    """Whether it is told as one that polls: it is always ready, and whom it delays is its doing."""
    row = observed.polls.longest.get(track)
    if row is None or row.count < POLLS or row.busy > POLL_BUSY_SHARE * row.count:
        return False
    return timeline.suspensions[row.suspension].t_ns - row.since_ns >= POLLS_NS


def busy_poll(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """POLLS or more sleeps of 0 s, or waits with that limit, in a row, in POLLS_NS, with short steps and nothing else
    between. One a track."""
    for track, row in observed.polls.longest.items():
        suspension = timeline.suspensions[row.suspension]
        lasted_ns = suspension.t_ns - row.since_ns
        if _polls(timeline, observed, track):
            steps = f", {duration(row.busy_ns, 2)} of it in {row.busy} longer steps," if row.busy else ""
            did = "slept 0 s" if suspension.reason == words.SLEEP else f"waited 0 s in {suspension.on}"
            sentence = (
                f"{timeline.name(track)} polls: it {did} {row.count} times in a row "
                f"for {duration(lasted_ns, 2)}{steps} and was seen to do nothing else{at(suspension.place)}"
            )
            spent_ns = timeline.tracks[track].slices.spent_ns
            cost_ns = spent_ns(State.RUNNING, suspension.t_ns) - spent_ns(State.RUNNING, row.since_ns)
            yield finding("busy_poll", sentence, (track,), row.since_ns, suspension.place, cost_ns, (track,))
    spinning = [*_spinning_threads(timeline)]
    yield from spinning
    told = {one.tracks for one in spinning}
    yield from (one for one in polling_loops(timeline, observed) if one.tracks not in told)
    yield from idle_selects(timeline)


def _spinning_threads(timeline: Timeline) -> Iterator[Finding]:
    """Threads without a hub or loop that were sampled in a loop which only asks, for HOG_NS or longer: the source says
    so. One for each, about the longest time; what it costs is that it keeps the interpreter from others."""
    threads = timeline.tracks.of_kind(words.THREAD)
    busy = {track.id for track in threads} - {timeline.tracks[one].parent for one in timeline.tracks.scheduling()}
    for track in sorted(busy):
        slices = (_sampled_in_vain(timeline, track, *one) for one in long_slices(timeline, track, *RUNS))
        stretches = (_resumed_in_vain(timeline, track, *one) for one in long_stretches(timeline, track))
        found = [one for one in (*slices, *stretches) if one is not None]
        if found:
            longest = max(found, key=lambda one: one.end_ns - one.start_ns)
            sentence = (
                f"{timeline.name(track)} polls: `{longest.written}` ran for "
                f"{duration(longest.end_ns - longest.start_ns, 2)}, {longest.where}, and was seen to do nothing else"
            )
            cost_ns = sum(one.end_ns - one.start_ns for one in found)
            yield finding("busy_poll", sentence, (track,), longest.start_ns, longest.place, cost_ns, (track,))


class _InVain(NamedTuple):
    """What a loop tried between these times, as it is written, without waiting; and where, in words."""

    start_ns: int
    end_ns: int
    written: str
    place: Place
    where: str


def _sampled_in_vain(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> _InVain | None:
    """What a loop tries where the track was seen the most, if it was seen to do hardly anything else."""
    seen = lines_sampled(timeline, track, start_ns, end_ns)
    tried = vain_try(timeline, seen[0].place) if seen else None
    if tried is None:
        return None
    place = seen[0].place
    idle = sum(one.times for one in seen if one.place.file == place.file and one.place.line in tried.lines)
    if idle < VAIN_SHARE * seen[0].of:
        return None
    return _InVain(start_ns, end_ns, tried.written, place, hot_line(timeline, seen[0], quotes=False))


def _resumed_in_vain(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> _InVain | None:
    """The same where it resumed generators for that all the time, and nothing else."""
    resumed = resumed_most(timeline, track, start_ns, end_ns)
    tried = vain_try(timeline, resumed.place) if resumed is not None else None
    if resumed is None or tried is None or resumed.times < VAIN_SHARE * resumed.of:
        return None
    if resumed.end_ns - resumed.start_ns < HOG_NS:
        return None
    return _InVain(resumed.start_ns, resumed.end_ns, tried.written, resumed.place, resumed.told())


def _worst(found: Iterable[tuple[Hashable, int, _T]]) -> Iterator[tuple[int, int, _T]]:
    """For each key of (key, length, what): how many have it, the longest, and what that one is."""
    worst: dict[Hashable, tuple[int, int, _T]] = {}
    for key, length_ns, what in found:
        count, longest_ns, known = worst.get(key, (0, -1, what))
        longer = length_ns > longest_ns
        worst[key] = (count + 1, length_ns if longer else longest_ns, what if longer else known)
    yield from worst.values()


def _name(timeline: Timeline, turn: LongRun) -> str:
    """Who ran, with the request that it served meanwhile."""
    return timeline.name(turn.track, turn.start_ns, turn.end_ns)


def _ran(timeline: Timeline, turn: LongRun, how: str = "") -> str:
    """That it ran, and where it was sampled."""
    seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
    how = how or ("waited in a call" if _is_idle(timeline, turn) else "ran")
    return f"{_name(timeline, turn)} {how}{f', sampled at {spot(seen.place)}' if seen else ''}"


def _shared_ns(turn: LongRun, delay: Delay) -> int:
    """How much of the delay the turn took."""
    return min(turn.end_ns, delay.ran_ns) - max(turn.start_ns, delay.due_ns)


def _tracks(delay: Delay, turn: LongRun | None) -> tuple[int, ...]:
    return (delay.track, turn.track) if turn else (delay.track,)


def _until(timeline: Timeline, turn: LongRun, seen: Sampled | None) -> tuple[str, Place | None]:
    """In words, where the turn was `seen`, if it was, and where it ended; and the line to look at."""
    if seen is None:
        resumed = resumed_most(timeline, turn.track, turn.start_ns, turn.end_ns)
        if resumed is not None:
            return f"{resumed.told()}, {_end(timeline, turn)[0]}", resumed.place
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
    return "until it ended" if track.exit_ns >= 0 else f"until {end_told(timeline)}", None


def _from_until(timeline: Timeline, turn: LongRun) -> tuple[str, Place | None]:
    """In words, where the turn began and ended; and the line to look at."""
    track = timeline.tracks[turn.track]
    end, place = _end(timeline, turn)
    if place is not None:
        return end, place
    if (before := _suspended_at(timeline, turn)) is not None:
        return f"from {spot(before)} {end}", before
    written = definition(timeline, track)
    if written is not None:
        return f"{end} (def {written.function}, {spot(written)} to {written.end_line})", written
    return f"{end} (spawned at {spot(track.place)})" if spot(track.place) else end, track.place


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


@once
def hogs(timeline: Timeline, observed: Observed) -> list[tuple[int, LongRun]]:
    """Hubs, and each time that one was blocked for HOG_NS or longer, not counting for how long its thread may have been
    kept off; up to the end of what is known."""
    found = []
    for hub in {*observed.turns, *observed.living}:
        turns = (*observed.turns.get(hub, ()), *_turn_at_the_end(timeline, hub), *_own_turns(timeline, hub))
        long = (turn for turn in sorted(turns) if turn.end_ns - turn.start_ns >= HOG_NS)
        found += [(hub, turn) for turn in long if _own_ns(timeline, observed, hub, turn) >= HOG_NS]
    return found


def _own_ns(timeline: Timeline, observed: Observed, hub: int, turn: LongRun) -> int:
    """For how long the turn itself blocked the hub."""
    off = kept_off(timeline, observed)
    own_ns = off.own_ns(hub, turn.start_ns, turn.end_ns)
    if own_ns < turn.end_ns - turn.start_ns:
        own_ns = max(own_ns, surely_ran_ns(timeline, turn.track, turn.start_ns, turn.end_ns))
    if own_ns < HOG_NS <= (at_most_ns := off.own_ns(hub, turn.start_ns, turn.end_ns, in_call=True)):
        seen = mostly(timeline, turn.track, turn.start_ns, turn.end_ns)
        if _call(timeline, turn, seen) is not None:
            return at_most_ns
    return own_ns


@once
def _by_hogs(timeline: Timeline, observed: Observed) -> Column:
    """How much of each of the delays a hog explains: that is told with the hog."""
    return _covered_ns(own_delays(timeline, observed), _hog_turns(timeline, observed))


def _hog_turns(timeline: Timeline, observed: Observed) -> dict[int, list[LongRun]]:
    """Hub -> when it was hogged."""
    turns: dict[int, list[LongRun]] = {}
    for hub, turn in hogs(timeline, observed):
        turns.setdefault(hub, []).append(turn)
    return turns


def _covered_ns(delays: Column, turns: dict[int, list[LongRun]]) -> Column:
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


def _unexplained(timeline: Timeline, observed: Observed) -> Column:
    """The delays that are not mostly the doing of a hog."""
    delays = own_delays(timeline, observed)
    unexplained: Column = 2 * _by_hogs(timeline, observed) < delays["ran_ns"] - delays["due_ns"]
    found: Column = delays[unexplained]
    return found


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
