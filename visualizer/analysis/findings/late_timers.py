"""Who ran later than it could have: its timer was over, or it was ready."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import (
    LATE_IN_ALL_NS,
    LOST_NS,
    NAMED_NS,
    Finding,
    at,
    finding,
    function_of,
    listed,
    suspension_before,
    worst_of,
)
from visualizer.analysis.findings.busy_polls import is_polling
from visualizer.analysis.findings.collector import LongRun, Observed, longest_turn
from visualizer.analysis.findings.hog_turns import explained_by_hogs
from visualizer.analysis.findings.kept_off import own_delays
from visualizer.analysis.findings.ready_times import Delay
from visualizer.analysis.findings.run_words import overlap_ns, ran_in_turns, ran_told, tracks_of, worst_of_each
from visualizer.analysis.findings.starvation import names_starving
from visualizer.analysis.model.timeline import State, Timeline, Wakeup
from visualizer.analysis.text.durations import duration
from visualizer.trace import words
from visualizer.trace.columns import Column


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


def late_timer(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A timer woke LATE_NS or more after its time, because its hub was blocked. One for each line and name of
    tracks: in a group, all are late at once."""
    found: list[tuple[Hashable, int, Delay]] = []
    whose: dict[tuple[str, Hashable], set[int]] = {}
    cost_ns: dict[tuple[str, Hashable], int] = {}
    delays, starving = _unexplained(timeline, observed), names_starving(timeline, observed)
    for delay in map(Delay._make, delays[delays["suspension"] >= 0].tolist()):
        place = timeline.suspensions[delay.suspension].place
        name = function_of(timeline, timeline.tracks[delay.track])
        found.append(((name, place and place[:3]), delay.ran_ns - delay.due_ns, delay))
        key = name, place and place[:3]
        whose.setdefault(key, set()).add(delay.track)
        cost_ns[key] = cost_ns.get(key, 0) + delay.ran_ns - delay.due_ns
    alike: dict[tuple[int, str], list[_LateTimers]] = {}
    for ((name, where), several), (count, late_ns, delay) in zip(whose.items(), worst_of_each(found), strict=True):
        turn = longest_turn(observed.turns.get(delay.hub, []), delay.due_ns, delay.ran_ns)
        by: Sequence[int]
        if alone := turn is not None and 2 * overlap_ns(turn, delay) >= late_ns:
            assert turn is not None, "it made that delay"
            by, ran = [turn.track], ran_told(timeline, turn)
        else:
            by, ran = ran_in_turns(timeline, turn, delay)
        one = _LateTimers(delay, turn, late_ns, count, cost_ns[name, where], several, by, ran)
        if alone:
            if _matters(timeline, observed, starving, late_ns, one.cost_ns, turn):
                yield _told_late(timeline, [one])
            continue
        # What none of them did alone is told once, of all that it made late.
        them = function_of(timeline, timeline.tracks[by[0]]) if by else ""
        if them not in starving and not any(is_polling(timeline, observed, track) for track in by):
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


def lost_time(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """LOST_NS or longer from being woken to running. One for each name of tracks: in a group, all are late at once."""
    delays = _unexplained(timeline, observed)
    delays = delays[(delays["suspension"] < 0) & (delays["ran_ns"] - delays["due_ns"] >= LOST_NS)]
    starving = names_starving(timeline, observed)
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
        if name in starving or is_polling(timeline, observed, track.id):
            continue
        if not _matters(timeline, observed, starving, lost_ns, int(lost.sum()), turn):
            continue
        shared_ns = overlap_ns(turn, delay) if turn else lost_ns - LOST_NS
        if 2 * shared_ns < lost_ns or (turn is None and _took_turns(timeline, delay)):
            # Many were ready at once, and each had its turn.
            continue
        cause = f"{ran_told(timeline, turn)} → " if turn else ""
        who = timeline.name(track.id, delay.due_ns)
        sentence = f"{cause}{who} ran only {duration(lost_ns, 2)} after it was {how}{by}"
        sentence += _polled_on(timeline, delay, wakeup)
        sentence += worst_of(count, "such delays")
        sentence += f" of {len(several)} tracks called {name}" if len(several) > 1 else ""
        place = suspension.place if suspension else track.place
        losers = tracks[several].tolist()
        yield finding("lost_time", sentence, tracks_of(delay, turn), delay.due_ns, place, int(lost.sum()), losers)


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


def _took_turns(timeline: Timeline, delay: Delay) -> bool:
    """Whether the hub ran so many others in that time that their turns, each too short to be named, explain it."""
    steps = timeline.tracks[delay.hub].steps
    first, last = (bisect_left(steps, t_ns, key=lambda step: timeline.switch(step).t_ns) for t_ns in delay[2:4])
    return (last - first) * NAMED_NS >= delay.ran_ns - delay.due_ns


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
        if function in starving or is_polling(timeline, observed, turn.track):
            return False
    return longest_ns >= LOST_NS or total_ns >= LATE_IN_ALL_NS


def _unexplained(timeline: Timeline, observed: Observed) -> Column:
    """The delays that are not mostly the doing of a hog."""
    delays = own_delays(timeline, observed)
    unexplained: Column = 2 * explained_by_hogs(timeline, observed) < delays["ran_ns"] - delays["due_ns"]
    found: Column = delays[unexplained]
    return found
