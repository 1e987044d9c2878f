"""Findings about the end of a program: what waits for ever, or never started."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import TypeGuard

from visualizer.analysis.findings.base import (
    FROM_OUTSIDE,
    LOCKS,
    LOST_NS,
    STUCK_NS,
    Finding,
    at,
    end_told,
    finding,
    has_failed,
    is_cut_short,
    is_interrupted,
    is_over,
    last_known,
    left_waiting,
    listed,
    lived_on_waiting,
    spot,
    suspended,
    thread_waits,
    worst_of,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.died import is_standard
from visualizer.analysis.findings.earlier_wakers import BEFORE, earlier_wakers
from visualizer.analysis.findings.full_pipes import full_pipes
from visualizer.analysis.findings.held_locks import keeper_of, lets_in, locked, locks_of, taken_told
from visualizer.analysis.findings.leaks import leaks_too
from visualizer.analysis.findings.only_thread import only_thread, waits_for_another
from visualizer.analysis.findings.pools import crowded_out
from visualizer.analysis.findings.served import Served
from visualizer.analysis.findings.setters import broken
from visualizer.analysis.findings.standstill import deadlocked, loop_exits
from visualizer.analysis.findings.waits import long_waits
from visualizer.analysis.model.owners import Owners
from visualizer.analysis.model.timeline import Place, State, Suspension, Switch, Timeline, Track, joined_tracks
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.source_text import Ending, would_end
from visualizer.trace import words

#: What a server waits for again and again: where it was given some before, it is only idle.
_SERVED = frozenset((words.QUEUE, words.CHANNEL, words.EVENT, words.CONDITION, words.RESULT))
#: What a task waits for that only another task would bring about, as far as it is known.
_BY_TASKS = _SERVED - {words.CHANNEL, words.RESULT} | {words.LOCK, words.SEMAPHORE, words.BARRIER, words.JOIN}
#: What a thread waits for that only another thread would bring about.
_BY_THREADS = _BY_TASKS | {words.FUTURE}
#: What the only thread of a process waits for that only another process would bring about.
_BY_PROCESSES = frozenset((words.PIPE,))
#: What writes the items of a queue of multiprocessing's into its pipe; and what talks to others than one's children.
_FEEDER = "QueueFeederThread"
_TALKS = re.compile(r"\b(?:Client|Listener|BaseManager|SyncManager|Manager)\s*\(|\bsubprocess\b|\bos\.pipe\b")
#: By a handler a signal may bring it about as well, but not by what the system does of itself.
_HANDLES_SIGNALS = re.compile(
    r"\bsignal\.signal\s*\((?![^()\n]*,\s*(?:signal\.)?SIG_(?:DFL|IGN)\s*\))|\bsigwait|\bfrom\s+signal\s+import\b"
)
#: At most this many of the tracks in a deadlock are named.
_TOLD = 6
#: So many switches behind the end of a track are searched for the one that follows from it: other threads switch, too.
_BEHIND_END = 100
#: So many of the last slices of a track are searched for where it waited before.
_BEFORE = 100


@once
def deadlock(timeline: Timeline, observed: Observed) -> list[Finding]:
    """A hub had nothing left to wait for and raised LoopExit, or tracks wait for one another."""
    return list(_deadlocks(timeline, observed))


def _deadlocks(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A hub had nothing left to wait for and raised LoopExit: one for each hub, about the last time. Or tracks wait for
    locks in a circle, whatever else the hub has to do."""
    told_of: set[int] = set()
    explained = _explained(timeline, observed)
    for switch in loop_exits(timeline, observed):
        waiting = dict(deadlocked(timeline, switch))
        if _is_explained(waiting, explained):
            told_of.update(waiting)
            continue
        holders, joined = _ties(timeline, switch, waiting)
        written = _written(timeline, waiting, holders, joined)
        written = {**earlier_wakers(timeline, observed, _untold(waiting, holders, joined)), **written}
        cycle = _cycle(waiting, holders, joined, written)
        told = [*cycle, *(track for track in waiting if track not in cycle)]
        parts = [_waits(timeline, track, waiting, holders, joined, written) for track in told]
        them = "them" if len(waiting) > 1 else "it" if waiting else "any track"
        if len(cycle) > 1:
            round_ = "; ".join(parts[: len(cycle)])
            # At the front, because the end of a long sentence may be cut off.
            sentence = f"circular wait{_inferred(written)}: {round_}{_also(parts, cycle)}"
        else:
            sentence = f"{_inferred(written, 'wakers ')} {listed(parts, _TOLD)}".lstrip()
        nothing = f"nothing was left that could wake {them}"
        hub = _hub(timeline, switch.origin)
        sentence += f" → {nothing}, so {hub} raised LoopExit" if parts else f"{nothing} → {hub} raised LoopExit"
        first = waiting[told[0]] if told else None
        told_of.update(waiting)
        cost_ns = sum(switch.t_ns - suspension.t_ns for suspension in waiting.values())
        yield finding("deadlock", sentence, told, switch.t_ns, first.place if first else None, cost_ns, waiting)

    for one in _circles(timeline, observed, told_of):
        told_of.update(one.lost_by)
        yield one
    for loop in timeline.tracks.of_kind(words.LOOP):
        yield from _standing(timeline, observed, loop, told_of, explained)
    for one in (*full_pipes(timeline), *_for_themselves(timeline)):
        told_of.update(one.lost_by)
        yield one
    yield from _standing_threads(timeline, observed, told_of, explained)
    yield from _given_up(timeline, observed, told_of)


def _explained(timeline: Timeline, observed: Observed) -> dict[int, Suspension]:
    """Tracks of which other problems say why they wait for ever, and in which wait."""
    found = {one.track: one for what in broken(timeline, observed) if not what.ends_ns for one in what.waiting}
    found.update((one.track, one) for several in crowded_out(timeline, observed).values() for one in several)
    return found


def _is_explained(waiting: dict[int, Suspension], explained: dict[int, Suspension]) -> bool:
    """Whether all of them wait for that, or for those who do."""
    things = {suspension.object for suspension in explained.values()} - {""}
    return not explained.keys().isdisjoint(waiting) and all(
        track in explained or suspension.reason == words.JOIN or suspension.object in things
        for track, suspension in waiting.items()
    )


def _circles(timeline: Timeline, observed: Observed, told_of: set[int]) -> Iterator[Finding]:
    """Tracks that wait for locks that the next of them holds, or for its end, up to the end of what is known."""
    waiting, holders = locked(timeline, observed)
    if not waiting:
        return
    joins = (suspended(timeline, track) for track in timeline.tracks.lasting() if not track.schedules)
    joining = {one.track: one for one in joins if _joins(one)}
    # Who waits with a time limit goes on when that is over. A Lock of threads may be released by any of them: who
    # waits for one that it has itself may well wait for another to do that, unless it is in its `with` block.
    entered = {(tie.track, tie.object, tie.t_ns) for tie in timeline.ties if tie.relation == words.HOLDS}
    waiting = {
        track: suspension
        for track, suspension in waiting.items()
        if track not in told_of
        and suspension.is_endless
        and not (
            suspension.object.startswith(("lock ", f"{words.SHARED}Lock "))
            and holders.get(suspension.object) == track
            and (track, suspension.object, suspension.t_ns) not in entered
        )
    }
    written = _written(timeline, waiting, holders, {}, held=True)
    # Who waits for the end of another one may keep a lock meanwhile, of which nobody told.
    for track, one in {one.object: (track, one) for track, one in waiting.items()}.values() if joining else ():
        keeper = keeper_of(timeline, one) if track not in written and one.object not in holders else None
        if keeper in joining:
            written[track] = Ending(keeper, "", 0, "release")
            holders = {**holders, one.object: keeper}
    waiting.update((track, one) for track, one in joining.items() if track not in told_of)
    joined = _joined_among(timeline, waiting)
    while cycle := _cycle(waiting, holders, joined, written):
        since_ns = max(waiting[track].t_ns for track in cycle)
        # What runs still may be about to give up.
        if timeline.end is not None or is_over(timeline) or timeline.last_ns - since_ns >= STUCK_NS:
            if len(cycle) == 1:
                thing = waiting[cycle[0]].object
                cycle = [one for one in waiting if (one, thing, waiting[one].t_ns) in entered] or cycle
            if not _has_all(timeline, cycle, waiting):
                del waiting[cycle[0]]
                continue
            sentence = _circle_told(timeline, cycle, waiting, holders, joined, written)
            sentence += f" → none of them goes on, until {end_told(timeline)}"
            lost_ns = [
                (timeline.tracks[track].exit_ns if timeline.tracks[track].exit_ns >= 0 else timeline.last_ns)
                - waiting[track].t_ns
                for track in cycle
            ]
            yield finding("deadlock", sentence, cycle, since_ns, waiting[cycle[0]].place, sum(lost_ns), cycle)
        for track in cycle:
            del waiting[track]


def _has_all(timeline: Timeline, cycle: list[int], waiting: dict[int, Suspension]) -> bool:
    """Whether those who wait for a semaphore that they have themselves are all that it lets in, as far as the source
    says how many that are: otherwise another one may give it back."""
    things = {waiting[track].object for track in cycle}
    lets = lets_in(timeline, waiting[cycle[0]]) if len(things) == 1 else None
    return not (lets or "").isdecimal() or len(cycle) >= int(lets or 0)


def _joins(suspension: Suspension | None) -> TypeGuard[Suspension]:
    """Whether one waits there for the end of another track, however long that takes."""
    return suspension is not None and suspension.reason == words.JOIN and suspension.is_endless


def _given_up(timeline: Timeline, observed: Observed, told_of: set[int]) -> Iterator[Finding]:
    """Tracks that waited for locks in a circle until one of them gave up: one for each circle of alike tracks."""
    inside: dict[str, dict[int, set[int]]] = {}
    for tie in timeline.ties:
        if tie.relation == words.HOLDS:
            inside.setdefault(tie.object, {}).setdefault(tie.track, set()).add(tie.t_ns)
    owners = Owners(timeline)
    alike: dict[frozenset[tuple[str, Place | None]], list[tuple[int, int, dict[int, Suspension], dict[str, int]]]] = {}
    for first, until_ns in _gave_up(timeline, observed) if timeline.ties else ():
        waiting, holders, one = {first.track: first}, dict[str, int](), first
        while (holder := _holder(timeline, one, until_ns - 1, inside, owners)) not in waiting:
            found = _waiting_at(timeline, holder, until_ns - 1)
            if found is None or found.reason not in LOCKS:
                break
            holders[one.object] = holder
            waiting[holder] = one = found
        since_ns = max(one.t_ns for one in waiting.values())
        # A Lock of threads may be released by any of them.
        is_own = len(waiting) == 1 and first.object.startswith("lock ")
        if holder != first.track or is_own or until_ns - since_ns < LOST_NS or not told_of.isdisjoint(waiting):
            continue
        locks = locks_of(timeline, observed)
        if any(one.object not in locks for one in waiting.values()):
            # Of a semaphore that lets several in, another one may have given it back, unless all of them wait for it.
            inside_ = [_waiting_at(timeline, track, until_ns - 1) for track in inside.get(first.object, ())]
            those = {
                one.track: one
                for one in inside_
                if one is not None and one.object == first.object and one.t_ns in inside[first.object][one.track]
            }
            lets = lets_in(timeline, first) or ""
            if len(waiting) > 1 or not lets.isdecimal() or len(those) < int(lets):
                continue
            waiting = those
        holders[one.object] = holder
        which = frozenset((timeline.tracks[track].base_name, one.place) for track, one in waiting.items())
        cost_ns = sum(until_ns - one.t_ns for one in waiting.values())
        alike.setdefault(which, []).append((cost_ns, until_ns, waiting, holders))
    for several in alike.values():
        _, until_ns, waiting, holders = max(several, key=lambda one: one[0])
        first = next(iter(waiting.values()))
        sentence = _circle_told(timeline, list(waiting), waiting, holders, {}, {})
        sentence += f" → none went on until {timeline.name(first.track)} gave up"
        sentence += f", after {duration(until_ns - first.t_ns, 2)}{worst_of(len(several), 'such times')}"
        cost_ns, since_ns = sum(one[0] for one in several), max(one.t_ns for one in waiting.values())
        yield finding("deadlock", sentence, waiting, since_ns, first.place, cost_ns, waiting)


def _gave_up(timeline: Timeline, observed: Observed) -> Iterator[tuple[Suspension, int]]:
    """Waits of LOST_NS or more for a lock that it was not given, and when they ended."""
    given_up = long_waits(timeline, observed, LOST_NS, words.TIMEOUT, words.CANCEL, words.KILL)
    for number, end_ns in zip(given_up.suspension.tolist(), given_up.end_ns.tolist(), strict=True):
        suspension = timeline.suspensions[number]
        if suspension.reason in LOCKS and suspension.object:
            yield suspension, end_ns


def _holder(
    timeline: Timeline, suspension: Suspension, t_ns: int, inside: dict[str, dict[int, set[int]]], owners: Owners
) -> int:
    """Who has at `t_ns` what is waited for, as far as it is known; else NOBODY."""
    for track, since in inside.get(suspension.object, {}).items():
        one = _waiting_at(timeline, track, t_ns)
        if one is not None and one.t_ns in since:
            return track
    return owners.of(suspension, t_ns)


def _waiting_at(timeline: Timeline, track: int, t_ns: int) -> Suspension | None:
    """What it waits for at `t_ns`; None if it does not wait then."""
    known = timeline.tracks.get(track)
    at_ = known.slices.at(t_ns) if known is not None else -1
    if known is None or at_ < 0 or known.slices.state[at_] != State.WAITING or known.slices.about[at_] < 0:
        return None
    return timeline.suspensions[known.slices.about[at_]]


def _standing(
    timeline: Timeline, observed: Observed, loop: Track, told_of: set[int], explained: dict[int, Suspension]
) -> Iterator[Finding]:
    """Tasks that wait in a circle, while their loop polled for long at last, with nothing but such tasks left; or that
    wait for anything, where it had nothing left that could wake it.

    It raises nothing then, since a signal or another thread may still come, and polls until somebody ends it.
    """
    # It may be far back, or nowhere.
    idle = loop.slices.state.tobytes().rfind(State.IDLE)
    if idle < 0 or has_failed(timeline):
        return
    since_ns = loop.slices.start_ns[idle]
    until_ns = loop.slices.start_ns[idle + 1] if idle + 1 < len(loop.slices) else timeline.last_ns
    if until_ns - since_ns < STUCK_NS:
        return
    ties = (tie for tie in timeline.ties if tie.relation == words.FORSAKEN and tie.track == loop.id)
    is_forsaken = any(since_ns <= tie.t_ns <= until_ns for tie in ties)
    waiting: dict[int, Suspension] = {}
    for track in timeline.tracks.values():
        if track.parent != loop.id or track.spawn_ns > since_ns or 0 <= track.exit_ns <= since_ns:
            continue
        suspension = _waiting_at(timeline, track.id, since_ns)
        if suspension is None or (
            not is_forsaken and (not suspension.is_endless or suspension.reason not in _BY_TASKS)
        ):
            return
        waiting[track.id] = suspension
    holders = {
        tie.object: tie.track
        for tie in timeline.ties
        if tie.relation == words.HOLDS and tie.track in waiting and waiting[tie.track].t_ns == tie.t_ns
    }
    joined = _joined_among(timeline, waiting)
    written = _written(timeline, waiting, holders, joined)
    # Elsewhere what was put or set before may come from outside the next time.
    is_alone = is_forsaken and explained.keys().isdisjoint(waiting)
    earlier = earlier_wakers(timeline, observed, _untold(waiting, holders, joined)) if is_alone else {}
    written = {**earlier, **written}
    cycle = _cycle(waiting, holders, joined, written)
    if not told_of.isdisjoint(cycle or waiting):
        return
    if not cycle:
        if is_alone:
            yield _all_wait(timeline, waiting, joined, earlier, since_ns, until_ns)
        return
    sentence = _circle_told(timeline, cycle, waiting, holders, joined, written)
    sentence += f" → none of them goes on, until {end_told(timeline)}"
    cost_ns = sum(until_ns - waiting[track].t_ns for track in cycle)
    yield finding("deadlock", sentence, cycle, since_ns, waiting[cycle[0]].place, cost_ns, cycle)


def _joined_among(timeline: Timeline, waiting: dict[int, Suspension]) -> dict[int, tuple[int, ...]]:
    """Those who wait for the ends of others of them: for whose. Of `spawn(child).join()` that is whom the same line
    spawned."""
    tracks = (timeline.tracks[track] for track in waiting)
    spawned = {(track.creator, spot(track.place)): track.id for track in tracks if spot(track.place)}
    joined = {
        track: joined_tracks(one.object) or (spawned.get((track, spot(one.place)), words.NOBODY),)
        for track, one in waiting.items()
        if one.reason == words.JOIN
    }
    found = {track: tuple(other for other in others if other in waiting) for track, others in joined.items()}
    return {track: others for track, others in found.items() if others}


def _standing_threads(
    timeline: Timeline, observed: Observed, told_of: set[int], explained: dict[int, Suspension]
) -> Iterator[Finding]:
    """All threads of a program, those of its processes too, wait up to the end of what is known for what only one of
    them would bring about.

    Not where something else may: a hub, a loop, a process that is not recorded, or a handler of signals.
    """
    mains = [timeline.tracks.get(process.track) for process in timeline.processes[1:]]
    schedulers = (timeline.tracks[track] for track in timeline.tracks.scheduling())
    if any(one is None for one in mains) or any(one.exit_ns < 0 for one in schedulers):
        return
    if is_over(timeline):
        return  # Whom it left are daemons, or `kept_alive`.
    others = [one for one in mains if one is not None]
    alone = only_thread(timeline)
    if alone is not None and (stuck := waits_for_another(timeline, alone)) is not None:
        yield stuck
        return
    living = {timeline.process_of(one.id).name: one.id for one in others if one.exit_ns < 0}
    waiting: dict[int, Suspension] = {}
    feeders: dict[int, int] = {}
    for track in timeline.tracks.of_kind(words.THREAD):
        if track.exit_ns >= 0:
            continue
        since_ns = _feeds_since(timeline, track) if living else -1
        if since_ns >= 0:
            feeders[track.id] = since_ns
            continue
        suspension = thread_waits(timeline, track) or lived_on_waiting(timeline, track)
        if suspension is None or not suspension.is_endless or not (
            suspension.reason in _BY_THREADS
            or (suspension.reason in _BY_PROCESSES and living)
            or (suspension.reason == words.SUBPROCESS and suspension.object in living)
        ):
            return
        waiting[track.id] = suspension
    if living and (not _are_own(timeline) or not waiting.keys() >= {*living.values()}):
        return
    joined = _joined_among(timeline, waiting)
    joined.update((track, (living[one.object],)) for track, one in waiting.items() if one.object in living)
    joined.update(
        (track, (one.on_track,)) for track, one in waiting.items() if _joins(one) and one.on_track in feeders
    )
    # Who waits for the end of something else waits for what is not seen here.
    first = [track for track in waiting if track not in joined]
    if not (first or feeders) or not told_of.isdisjoint(waiting) or any(
        waiting[track].reason in (words.JOIN, words.SUBPROCESS) for track in first
    ):
        return
    since_ns = max([*(one.t_ns for one in waiting.values()), *feeders.values()])
    # Its processes may have gone on to tell what they do.
    until_ns = min(timeline.last_ns, timeline.end.t_ns) if timeline.end is not None else timeline.last_ns
    if until_ns - since_ns < STUCK_NS or not explained.keys().isdisjoint(waiting):
        return  # The others wait because of those.
    if any(_HANDLES_SIGNALS.search(source) for file, source in timeline.sources.items() if not is_standard(file)):
        return
    ended = [f"{timeline.name(one.id)} had ended with {one.value}" for one in others if one.exit_ns >= 0 and one.value]
    earlier = earlier_wakers(timeline, observed, _untold(waiting, {}, joined))
    found = _all_wait(timeline, waiting, joined, earlier, since_ns, until_ns)
    told = [
        f"{timeline.name(feeder)} of {timeline.name(timeline.process_of(feeder).track)} waits to write what that put "
        "into a queue, whose pipe is full, and nobody takes from it"
        for feeder in feeders
    ]
    before = "; ".join(filter(None, (listed(ended), *told)))
    yield found._replace(sentence=f"{before}; {found.sentence}") if before else found


def _feeds_since(timeline: Timeline, thread: Track) -> int:
    """Since when it has been in a call of the system's as what writes the items of multiprocessing's queues does; -1 if
    it is no such thread. Beside its locks there is just one call in which it waits."""
    state, _ = last_known(timeline, thread)
    if state is not State.IDLE or thread.base_name != _FEEDER or thread.process == 0:
        return -1
    slices = thread.slices
    return next(slices.start_ns[at] for at in range(len(slices) - 1, -1, -1) if slices.state[at] == State.IDLE)


def _are_own(timeline: Timeline) -> bool:
    """Whether no process of the program's talks to one that is not recorded, by what the source says."""
    own = (source for file, source in timeline.sources.items() if not is_standard(file))
    return not any(_TALKS.search(source) for source in own)


def _all_wait(
    timeline: Timeline, waiting: dict[int, Suspension], joined: dict[int, tuple[int, ...]],
    earlier: dict[int, Ending], since_ns: int, until_ns: int,
) -> Finding:  # fmt: skip
    """All of them wait for what nothing in the program will bring about; who waits for others is told last, and first
    those of a circle."""
    cycle = _cycle(waiting, {}, joined, earlier)
    told = sorted(waiting, key=lambda track: track in joined or waiting[track].reason == words.JOIN)
    told = [*cycle, *(track for track in told if track not in cycle)]
    parts = [_waits(timeline, track, waiting, {}, joined, earlier) for track in told]
    them = "them" if len(told) > 1 else "it"
    if cycle:
        told_so = _circle_told(timeline, cycle, waiting, {}, joined, earlier) + _also(parts, cycle)
    else:
        told_so = f"{_inferred(earlier, 'wakers ')} {listed(parts, _TOLD)}".lstrip()
    sentence = f"{told_so} → nothing else in the program could wake {them}, until {end_told(timeline)}"
    cost_ns = sum(until_ns - one.t_ns for one in waiting.values())
    return finding("deadlock", sentence, told, since_ns, waiting[told[0]].place, cost_ns, waiting)


def _for_themselves(timeline: Timeline) -> Iterator[Finding]:
    """Threads that wait for what they do themselves to be over: a server's handler that shuts it down."""
    for tie in timeline.ties:
        track = timeline.tracks.get(tie.track) if tie.relation == words.AWAITS and tie.track in tie.on_tracks else None
        suspension = thread_waits(timeline, track) if track is not None else None
        if track is None or suspension is None or suspension.t_ns != tie.t_ns:
            continue
        if timeline.end is None and timeline.last_ns - tie.t_ns < STUCK_NS:
            continue
        threads = (thread_waits(timeline, thread) for thread in timeline.tracks.of_kind(words.THREAD))
        waits = [suspension, *(one for one in threads if _joins(one) and one.on_track == track.id)]
        others = [timeline.name(one.track) for one in waits[1:]]
        sentence = (
            f"{timeline.name(track.id)} waits{_for(suspension)} until its own serve_forever() is over, which has "
            f"called that → it never goes on, until {end_told(timeline)}"
        )
        sentence += f", and {listed(others)} wait{'s' * (len(others) == 1)} for its end" if others else ""
        cost_ns = sum(timeline.last_ns - one.t_ns for one in waits)
        those = [one.track for one in waits]
        yield finding("deadlock", sentence, those, tie.t_ns, suspension.place, cost_ns, those)


def _hub(timeline: Timeline, hub: int) -> str:
    """The hub, with its thread if there are several hubs."""
    several = len(timeline.hubs) > 1
    known = timeline.tracks.get(hub)
    return f"the hub of {timeline.name(known.parent)}" if several and known is not None else "the hub"


def never_resumed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A track was still waiting when the program ended by itself, and only another track could have resumed it.

    Not reported: tracks that something outside would have resumed (FROM_OUTSIDE, a time limit), in a deadlock or leak,
    generators at a yield, which are often left unexhausted, and those that only wait for more: they, or others of
    their function, were served there before, or they take from a queue in a loop, or their creator waits for something
    outside. A coroutine at its await is: its work is lost.
    """
    if not is_over(timeline) or is_cut_short(timeline):
        return
    told_of = {track for one in deadlock(timeline, observed) for track in one.lost_by}
    explained = _explained(timeline, observed)
    told_of.update(explained)
    things = {suspension.object for suspension in explained.values()} - {""}
    is_leak, served = leaks_too(timeline), Served(timeline)
    _, holders = locked(timeline, observed)
    for track in timeline.tracks.lasting():
        suspension = suspended(timeline, track)
        if suspension is None or track.schedules or track.id in told_of or track.kind == words.THREAD:
            # A thread that is left is a daemon: nobody was to wait for it.
            continue
        if suspension.reason in FROM_OUTSIDE or suspension.reason == words.RESUMED or not suspension.is_endless:
            continue
        if suspension.reason == words.SUSPENDED and track.kind != words.COROUTINE:
            continue
        if suspension.object in things or _is_idle(timeline, observed, served, track, suspension):
            continue
        if _is_tended(timeline, track) or is_leak(track, suspension):
            continue
        name = timeline.name(track.id)
        lasted_ns = timeline.last_ns - suspension.t_ns
        lasted = duration(max(0, lasted_ns), 2)
        if suspension.reason == words.SWITCHED:
            target = timeline.name(suspension.on_track)
            sentence = f"{name} was never resumed after it switched to {target}{at(suspension.place)}"
            sentence += _instead(timeline, suspension)
        elif suspension.reason == words.SUSPENDED:
            sentence = f"{name} was never resumed and is not finished: it is suspended{at(suspension.place)}"
        else:
            waited = _for(suspension)
            if suspension.object in holders:
                told = _held_told(timeline, suspension.object, holders[suspension.object], track.id)
                waited += f" for {suspension.object}, {told},"
            sentence = f"{name} was never resumed: it waited{waited} for the last {lasted}, and nothing woke it"
        tracks = (track.id, suspension.on_track) if suspension.on_track in timeline.tracks else (track.id,)
        yield finding("never_resumed", sentence, tracks, suspension.t_ns, suspension.place, lasted_ns, (track.id,))


def _is_idle(
    timeline: Timeline, observed: Observed, served: Served, track: Track, suspension: Suspension
) -> bool:
    """Whether it only waits for more: it, or another of its function, was served there, or it takes from a queue in a
    loop; or it is one of those that switch to one another, and was resumed there before."""
    if suspension.reason == words.SWITCHED:
        return suspension.place is not None and _was_there(timeline, track, suspension)
    if suspension.reason == words.SEMAPHORE and suspension.object:
        # One that is no lock gives out something, too.
        return suspension.object not in locks_of(timeline, observed) and served.before(track, suspension)
    if suspension.reason not in _SERVED:
        return False
    return served.is_worker(track, suspension) or served.before(track, suspension)


def _is_tended(timeline: Timeline, track: Track) -> bool:
    """Whether its creator waits for something from outside, and would have resumed it for that: the handler of a
    connection, mostly."""
    creator = timeline.tracks.get(track.creator)
    suspension = suspended(timeline, creator) if creator is not None and not creator.schedules else None
    return suspension is not None and suspension.reason in FROM_OUTSIDE - {words.SLEEP}


def _was_there(timeline: Timeline, track: Track, suspension: Suspension) -> bool:
    """Whether it was suspended at the same place before, and resumed."""
    slices = track.slices
    for index in range(len(slices) - 2, max(-1, len(slices) - _BEFORE), -1):
        if slices.state[index] == State.WAITING and slices.about[index] >= 0:
            if timeline.suspensions[slices.about[index]].place == suspension.place:
                return True
    return False


def never_started(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A greenlet or coroutine that was spawned had never run when the program ended by itself; or a coroutine was
    dropped, which nothing can start any more, however the program ended, or if it still runs."""
    over = is_over(timeline) and not is_cut_short(timeline)
    if is_interrupted(timeline):
        return
    crowded = {one.track for several in crowded_out(timeline, observed).values() for one in several}
    for track in timeline.tracks.lasting(words.DROPPED):
        if track.kind not in timeline.words.spawned or len(track.steps):
            continue
        waits = over and track.state in (State.CREATED, State.READY) and not _is_pending(timeline, track)
        if track.outcome != words.DROPPED and not waits:
            continue
        if track.creator in crowded:
            continue
        name = timeline.name(track.id)
        is_ready = track.state is State.READY
        made = "spawned" if is_ready or track.kind == words.COROUTINE else "made"
        by = f"{timeline.name(track.creator)} {made} it" if track.creator in timeline.tracks else f"it was {made}"
        why = "the program ended before its turn" if is_ready else "it was never started"
        if track.kind == words.COROUTINE:
            why = "it was never awaited"
        sentence = f"{name} never ran: {by}{at(track.place)}, but {why}"
        tracks = (track.id, track.creator) if track.creator in timeline.tracks else (track.id,)
        yield finding("never_started", sentence, tracks, track.spawn_ns, track.place)


def _is_pending(timeline: Timeline, track: Track) -> bool:
    """Whether a hub's timer would have begun it (spawn_later). What nobody started is found when its thread ends."""
    hub = timeline.tracks.get(track.parent)
    thread = timeline.tracks.get(hub.parent) if hub is not None and hub.schedules else None
    return track.state is State.CREATED and thread is not None and track.spawn_ns < thread.exit_ns


def _ties(
    timeline: Timeline, switch: Switch, waiting: dict[int, Suspension]
) -> tuple[dict[str, int], dict[int, tuple[int, ...]]]:
    """At LoopExit: object -> the track that held it, and track -> the tracks that it joined."""
    holders: dict[str, int] = {}
    joined: dict[int, tuple[int, ...]] = {
        track: (suspension.on_track,) for track, suspension in waiting.items() if suspension.on_track in timeline.tracks
    }
    for tie in timeline.ties:
        if tie.t_ns == switch.t_ns and tie.relation == words.HOLDS:
            holders[tie.object] = tie.track
        elif tie.t_ns == switch.t_ns and tie.relation == words.AWAITS:
            joined[tie.track] = tie.on_tracks
    return holders, joined


def _untold(
    waiting: dict[int, Suspension], holders: dict[str, int], joined: dict[int, tuple[int, ...]]
) -> dict[int, Suspension]:
    """Those of which neither who holds it nor whose ends they wait for is known."""
    return {track: wait for track, wait in waiting.items() if track not in joined and wait.object not in holders}


def _written(
    timeline: Timeline, waiting: dict[int, Suspension], holders: dict[str, int], joined: dict[int, tuple[int, ...]],
    held: bool = False,
) -> dict[int, Ending]:
    """For waits whose waker the trace does not contain: the only track that could end them, according to the source.

    `held`: only one that has acquired what it would release.
    """
    told = _untold(waiting, holders, joined)
    found = ((track, would_end(timeline, waiting, suspension, held)) for track, suspension in told.items())
    return {track: ending for track, ending in found if ending is not None}


def _cycle(
    waiting: dict[int, Suspension], holders: dict[str, int], joined: dict[int, tuple[int, ...]],
    written: dict[int, Ending],
) -> list[int]:
    """A cycle: each track waits for the next one, for what that holds or would do, and the last for the first."""
    for first in waiting:
        chain = [first]
        while True:
            following = joined.get(chain[-1], ())
            if chain[-1] in written:
                following = (written[chain[-1]].track,)
            after = holders.get(waiting[chain[-1]].object, following[0] if len(following) == 1 else words.NOBODY)
            if after == first:
                return chain
            if after not in waiting or after in chain:
                break
            chain.append(after)
    return []


def _waits(
    timeline: Timeline, track: int, waiting: dict[int, Suspension], holders: dict[str, int],
    joined: dict[int, tuple[int, ...]], written: dict[int, Ending],
) -> str:
    """What a track waits for, and which track holds that or would end the wait."""
    suspension = waiting[track]
    text = f"{timeline.name(track)} waits{_for(suspension)}"
    before = written[track].method if track in written and written[track].line == BEFORE else ""
    if track in joined:
        text += f" for {listed([timeline.name(other) for other in joined[track]])}"
    elif suspension.object in holders:
        holder = holders[suspension.object]
        text += f" for {suspension.object}, {_held_told(timeline, suspension.object, holder, track, holder in waiting)}"
    elif before:
        text += f" for {timeline.name(written[track].track)}, which {before} it before"
    elif track in written:
        would = written[track]
        text += f" for {timeline.name(would.track)}, which would {would.method} it at line {would.line}"
    elif suspension.object and not suspension.object.startswith("track"):
        text += f" for {suspension.object}"
    return text


def _held_told(timeline: Timeline, thing: str, holder: int, waiter: int, waits: bool = False) -> str:
    """Who holds what is waited for. `waits`: that one waits then, however it ended afterwards."""
    if holder == waiter:
        return "which it holds itself"
    known = timeline.tracks.get(holder)
    # Who was cancelled as its loop ended had it until then.
    ended = not waits and known is not None and known.exit_ns >= 0 and left_waiting(timeline, known) is None
    told = f"which {timeline.name(holder)} {'still ' * ended}holds{', though it has ended' * ended}"
    return told + taken_told(timeline, thing, holder)


def _circle_told(
    timeline: Timeline, cycle: list[int], waiting: dict[int, Suspension], holders: dict[str, int],
    joined: dict[int, tuple[int, ...]], written: dict[int, Ending],
) -> str:  # fmt: skip
    """That these wait in a circle, each for the next."""
    things = {waiting[track].object for track in cycle}
    if len(cycle) > 1 and len(things) == 1 and things & holders.keys():
        first, [thing] = waiting[cycle[0]], things
        who = listed([timeline.name(track) for track in cycle], _TOLD)
        return f"circular wait: {who} wait{_for(first)} for {thing}, which they hold themselves"
    parts = [_waits(timeline, track, waiting, holders, joined, written) for track in cycle]
    inferred = _inferred({track: written[track] for track in cycle if track in written})
    return f"circular wait{inferred}: {'; '.join(parts)}"


def _inferred(written: dict[int, Ending], what: str = "") -> str:
    """From what it is inferred who would end these waits, as " (inferred from the source)"; "" of none."""
    ways = {"who did so before" if ending.line == BEFORE else "the source" for ending in written.values()}
    return f" ({what}inferred from {listed(sorted(ways, reverse=True))})" if ways else ""


def _also(parts: list[str], cycle: list[int]) -> str:
    """What stands behind those of a circle: who else waits."""
    return f"; also, {listed(parts[len(cycle) :], _TOLD)}" if len(parts) > len(cycle) else ""


def _instead(timeline: Timeline, suspension: Suspension) -> str:
    """What ran instead, where the track switched to has ended, which did not lead back."""
    gone = timeline.tracks.get(suspension.on_track)
    if gone is None or gone.exit_ns < suspension.t_ns:
        return ""
    after = _after_end(timeline, gone)
    if after in (words.NOBODY, suspension.track):
        return ""
    ended, to = timeline.name(gone.id), timeline.name(after)
    return f"; {ended} ended, and a greenlet that ends switches to its parent, here {to}"


def _after_end(timeline: Timeline, gone: Track) -> int:
    """Which track the end of a greenlet switched to: its parent, whoever that was by then; NOBODY if it is unknown."""
    switches = timeline.columns.switches
    first = bisect_left(switches.ns, gone.exit_ns)
    for index in range(first, min(first + _BEHIND_END, timeline.switch_count)):
        switch = timeline.switch(index)
        if switch.origin == gone.id and switch.suspension < 0:
            return switch.target
    return words.NOBODY


def _for(suspension: Suspension) -> str:
    """What the suspension waits for, as " in queue.get() (demo.py:4)"."""
    if suspension.on and suspension.on != words.UNKNOWN:
        return f" {'in' if '(' in suspension.on else 'for'} {suspension.on}{at(suspension.place)}"
    return f" at {spot(suspension.place)}" if spot(suspension.place) else " for something unknown"
