"""Locks that are held while their holder waits for something else, so that others wait for the lock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import (
    HELD_NS,
    LOCKS,
    STUCK_NS,
    Finding,
    at,
    end_told,
    finding,
    function_of,
    is_over,
    left_waiting,
    spot,
    suspended,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.kept_off import kept_off, kept_off_told
from visualizer.analysis.findings.setters import broken
from visualizer.analysis.findings.tracebacks import strangeness
from visualizer.analysis.findings.waits import all_waits
from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.owners import Owners, is_undisturbed, stands_since
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline
from visualizer.analysis.report.waits import Waits
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.source_text import keeps, would_end
from visualizer.trace import words
from visualizer.trace.columns import Column

#: At most so many times that a lock was held, the most costly, and so many slices of its holder, are looked at.
_MOST_HELD = 5_000
_MOST_SLICES = 1_000
#: How threads' own locks are called.
_OF_THREADS = "lock "
#: A semaphore that lets this many at once is no lock.
_LETS = re.compile(r"Semaphore\(\s*(?:value\s*=\s*)?([^),]*)")


@once
def locked(timeline: Timeline, observed: Observed) -> tuple[dict[int, Suspension], dict[str, int]]:
    """Track -> its wait for a lock at the end of what is known; and lock -> who holds it then, as far as it is known.

    An RLock names its owner. Who waits inside of a `with` block holds what that has entered. And to whom it was handed
    has it until the next of those who waited already is woken. To take what is free leaves no trace.
    """
    waiting = {}
    for track in timeline.tracks.lasting(words.CANCELLED):
        suspension = left_waiting(timeline, track)
        if suspension is not None and suspension.reason in LOCKS:
            waiting[track.id] = suspension
    if not waiting:
        return {}, {}
    holders, owners, locks = {}, Owners(timeline), locks_of(timeline, observed)
    for tie in timeline.ties:
        if tie.relation == words.HOLDS and tie.track in timeline.tracks:
            track = timeline.tracks[tie.track]
            begins = track.id in waiting and waiting[track.id].t_ns == tie.t_ns
            if begins or (tie.object in locks and stands_since(track, tie.t_ns, timeline.last_ns)):
                holders[tie.object] = track.id
    for suspension in waiting.values():
        if not suspension.object or suspension.object in holders:
            continue
        holder = owners.of(suspension, timeline.last_ns)
        lock = locks.get(suspension.object) if holder == words.NOBODY else None
        had = _had_last(timeline, suspension.object, lock) if lock is not None else None
        holder = had[1] if had is not None else holder
        if holder != words.NOBODY:
            holders[suspension.object] = holder
    return waiting, holders


class _Held(NamedTuple):
    """`holder` held a lock from `since_ns` on at the latest, to `until_ns`; others lost `lost_ns` by that in total."""

    holder: int
    since_ns: int
    until_ns: int
    waiter: Suspension
    released: bool
    lost_ns: int = 0


@dataclass(slots=True)
class _Alike:
    """All times that tracks of a function held a lock while they waited for something else."""

    times: int = 0
    cost_ns: int = 0
    lost_by: dict[int, None] = field(default_factory=dict)
    #: What others lost by it, and not by the machine, when that was, for how much of that the machine did not keep the
    #: holder off, and for how long the holder waited then, mostly in which wait.
    worst: tuple[int, _Held, int, int, Suspension] | None = None


def lock_held(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Others lost HELD_NS or more in total, because the holder of a lock waited for something else meanwhile.

    One for each lock and function of its holder. Not of semaphores that let several in.
    """
    found = _held_in_a_wait(timeline, observed)
    yield from (_told(timeline, thing, alike) for (thing, _), alike in found.items())
    told_of = held_too_long(timeline, observed)
    # Of who would have released it and died, or ended, that is told.
    told_of.update(one.object for what in broken(timeline, observed) if not what.ends_ns for one in what.waiting)
    yield from (one for thing, one in _never_released(timeline, observed) if thing not in told_of)


def held_too_long(timeline: Timeline, observed: Observed) -> set[str]:
    """The locks by which others lost HELD_NS or more while the holder waited for something else."""
    return {thing for thing, _ in _held_in_a_wait(timeline, observed)}


@once
def _held_in_a_wait(timeline: Timeline, observed: Observed) -> dict[tuple[str, str], _Alike]:
    """Lock, and function of its holder -> the times, if others lost HELD_NS or more by them."""
    found: dict[tuple[str, str], _Alike] = {}
    locks, owners = locks_of(timeline, observed), Owners(timeline)
    for thing, lock in locks.items():
        times = [_by_owner(thing, released, owners) for released in _times_held(timeline, thing, lock)]
        for held in _with_losses(lock.waits, [held for held in times if held is not None]):
            waited = _mostly_waits(timeline, held)
            if waited is None:
                continue
            waited_ns, meanwhile = waited
            holder, place = timeline.tracks[held.holder], meanwhile.place
            # While the machine runs other programs nobody gives a lock back.
            when_ns = (np.array([t_ns]) for t_ns in (held.since_ns, held.until_ns))
            (left_ns,) = kept_off(timeline, observed).left_ns([holder.id], *when_ns).tolist()
            lost_ns = held.lost_ns * left_ns // max(1, held.until_ns - held.since_ns)
            # Threads of one function have any names, and what serves requests runs any functions.
            is_any = holder.kind == words.THREAD or timeline.own_name(holder.id) != holder.base_name
            function = place.function if is_any and place is not None else function_of(timeline, holder)
            alike = found.setdefault((thing, function), _Alike())
            alike.times += 1
            alike.cost_ns += lost_ns
            if alike.worst is None or lost_ns > alike.worst[0]:
                alike.worst = lost_ns, held, left_ns, waited_ns, meanwhile
            alike.lost_by.update(dict.fromkeys(_who_waited(timeline, lock.waits, held)))
    return {key: alike for key, alike in found.items() if alike.worst is not None and alike.cost_ns >= HELD_NS}


def _told(timeline: Timeline, thing: str, alike: _Alike) -> Finding:
    assert alike.worst is not None, "one at least was counted"
    _, held, left_ns, waited_ns, meanwhile = alike.worst
    length_ns = held.until_ns - held.since_ns
    lasted = duration(length_ns, 2) + kept_off_told(length_ns, left_ns)
    until = "" if held.released else f", until {end_told(timeline)}"
    # It may have released it and been the first to take it again.
    sentence = f"{timeline.name(held.holder)} kept {_name(held.waiter, thing)} from others for {lasted}, "
    sentence += f"in which it {_did(meanwhile, waited_ns)}{at(meanwhile.place)}{until} → "
    waiters = list(alike.lost_by)
    who = timeline.name(waiters[0]) if len(waiters) == 1 else f"{len(waiters)} tracks"
    sentence += f"{who} waited for it{at(held.waiter.place)}, {duration(alike.cost_ns, 2)} in all"
    if alike.times > 1:
        sentence += f"; the worst of {alike.times} such times"
    tracks = (held.holder, *waiters)
    return finding("lock_held", sentence, tracks, held.since_ns, meanwhile.place, alike.cost_ns, waiters)


class Lock(NamedTuple):
    """What is known of a lock: all waits for it in the order of their ends, and each time that it was released and
    somebody who waited was woken: when, by whom, whom, and whether that one then had it (another may be faster)."""

    waits: Waits
    released_ns: Column
    holder: Column
    woken: Column
    got_it: Column


@once
def locks_of(timeline: Timeline, observed: Observed) -> dict[str, Lock]:
    """By their names; without those that several may hold at once."""
    columns, texts = timeline.columns.suspensions, timeline.columns.texts
    things: dict[str, list[int]] = {}
    for number, (reason, asked, place) in enumerate(columns.details.known):
        thing = texts.get(columns.asked.known[asked][2], "") if asked >= 0 else ""
        if reason in LOCKS and thing and not _is_of_library(timeline.place(place)):
            things.setdefault(thing, []).append(number)
    if not things:
        return {}
    every, woken = all_waits(timeline, observed), _wakes(timeline)
    of_wait, of_wake = (np.asarray(columns.detail)[index] for index in (every.suspension, woken[:, 0]))
    found = {}
    for thing, details in things.items():
        those = np.flatnonzero(np.isin(of_wait, details))
        rows = Waits(*(column[those[every.end_ns[those].argsort(kind="stable")]] for column in every))
        wakes = woken[np.isin(of_wake, details)]
        wakes = wakes[wakes[:, 1].argsort(kind="stable")]
        lock = Lock(rows, wakes[:, 1], wakes[:, 2], columns.whose(wakes[:, 0])[1], wakes[:, 3] == 1)
        if len(rows.suspension) and not _is_shared(timeline, thing, lock):
            found[thing] = lock
    return found


def _wakes(timeline: Timeline) -> Column:
    """Each time that a track, no hub, woke one that waited: in which suspension, when, who, and whether that ended the
    wait."""
    tracks = timeline.tracks.scheduling(others=False)
    every = AllSlices(timeline.tracks, tracks)
    waiting = (every.state[:-1] == State.WAITING) & (every.about[:-1] >= 0)
    at = np.flatnonzero(waiting & (every.state[1:] == State.READY))
    at = at[~np.isin(at, every.lasts)]
    wakeups = timeline.columns.wakeups
    waker = np.asarray(wakeups.waker)[every.about[at + 1]]
    after = np.minimum(at + 2, len(every.state) - 1)
    goes_on = (every.state[after] == State.WAITING) & (every.about[after] == every.about[at])
    # Who has not run since may have been forestalled.
    goes_on |= np.isin(at + 1, every.lasts)
    is_other = np.isin(waker, tracks)
    # Who only had it give up has released nothing.
    is_other &= ~wakeups.are_by(every.about[at + 1], words.CANCEL, words.KILL)
    columns = (every.about[at], every.start_ns[at + 1], waker, ~goes_on)
    found: Column = np.stack(columns, axis=1)[is_other].astype(np.int64)
    return found


def _is_of_library(place: Place | None) -> bool:
    """Whether it is a lock inside of gevent or threading: that of a pool, which lets several in, or of a condition."""
    return place is not None and strangeness(place.file) > 0


def _is_shared(timeline: Timeline, thing: str, lock: Lock) -> bool:
    """Whether several may hold it at once: a semaphore that limits how many there are."""
    if "Semaphore" not in thing:
        return False
    lets = lets_in(timeline, timeline.suspensions[int(lock.waits.suspension[0])])
    if lets is not None:
        return lets not in ("", "1")
    # Whom it was handed to is the next to release it.
    return bool(np.any(lock.got_it[:-1] & (lock.holder[1:] != lock.woken[:-1])))


def lets_in(timeline: Timeline, waiter: Suspension) -> str | None:
    """How many it lets in, as the source says where that is made which is waited for; None if it does not."""
    name = _written(waiter).rpartition(".")[2]
    source = timeline.sources.get(waiter.place.file, "") if waiter.place is not None else ""
    made = re.search(rf"\b{re.escape(name)}\b[^=\n]*=[^=\n]*?{_LETS.pattern}", source) if name else None
    return made[1].strip() if made is not None else None


def _times_held(timeline: Timeline, thing: str, lock: Lock) -> Iterator[_Held]:
    """The most costly times: each up to a release, and the last one up to the end."""
    rows = lock.waits
    start_ns = np.sort(rows.start_ns)
    before_ns = np.concatenate(([-1], lock.released_ns[:-1]))
    until, before = (_waited_before(start_ns, rows.end_ns, t_ns) for t_ns in (lock.released_ns, before_ns))
    lost_ns = until - before
    costly = np.flatnonzero(lost_ns > 0)
    # Of each wait and those that ended later, when the first began.
    least_ns = np.minimum.accumulate(rows.start_ns[::-1])[::-1]
    for number in costly[lost_ns[costly].argsort()[::-1][:_MOST_HELD]].tolist():
        until_ns = int(lock.released_ns[number])
        waiting = int(rows.end_ns.searchsorted(until_ns))
        is_any = waiting < len(least_ns) and least_ns[waiting] < until_ns
        holder = int(lock.holder[number])
        since_ns = int(before_ns[number])
        if is_any:
            since_ns = max(since_ns, _held_since_ns(timeline, rows, holder, int(least_ns[waiting])))
        if number:
            # It was woken, or faster than the one that was: it can have done something with the lock only when it ran.
            since_ns = max(since_ns, _next_run_ns(timeline, holder, int(before_ns[number])))
        while is_any and rows.start_ns[waiting] >= until_ns:
            waiting += 1
        waiter = timeline.suspensions[int(rows.suspension[waiting if is_any else 0])]
        yield _Held(holder, since_ns, until_ns, waiter, True)
    had = _had_last(timeline, thing, lock)
    if had is not None:
        open_, (since_ns, holder) = np.flatnonzero(~rows.ended), had
        if timeline.end is not None or timeline.last_ns - since_ns >= STUCK_NS:
            waiter = timeline.suspensions[int(rows.suspension[open_[0]])]
            yield _Held(holder, _next_run_ns(timeline, holder, since_ns), timeline.last_ns, waiter, False)


def _with_losses(rows: Waits, times: list[_Held]) -> Iterator[_Held]:
    """The same with what others lost in each of these times."""
    start_ns, since_ns, until_ns = np.sort(rows.start_ns), *np.array(
        [(held.since_ns, held.until_ns) for held in times], dtype=np.int64
    ).reshape(-1, 2).T
    lost_ns = _waited_before(start_ns, rows.end_ns, until_ns) - _waited_before(start_ns, rows.end_ns, since_ns)
    return (held._replace(lost_ns=lost) for held, lost in zip(times, lost_ns.tolist(), strict=True))


def _by_owner(thing: str, held: _Held, owners: Owners) -> _Held | None:
    """The same with what is told of the owner; None if the holder, who released it, is not known to have had it."""
    # Then another may have it already.
    told = owners.last_told(thing, held.until_ns - 1)
    if told is None or told[1] == words.NOBODY:
        # A lock of a thread may be released by any other.
        return None if thing.startswith(_OF_THREADS) else held
    told_ns, owner = told
    return held._replace(since_ns=max(held.since_ns, told_ns)) if owner == held.holder else None


def _held_since_ns(timeline: Timeline, rows: Waits, holder: int, t_ns: int) -> int:
    """Since when, at the latest, the lock that `holder` has at `t_ns` was held by it: waits before that gave up, and it
    did not run between them, as it would have had to to release it."""
    before = np.flatnonzero(rows.start_ns < t_ns)[::-1][:_MOST_SLICES]
    for start_ns, end_ns in zip(rows.start_ns[before].tolist(), rows.end_ns[before].tolist(), strict=True):
        if end_ns < t_ns and _runs(timeline, holder, end_ns, t_ns):
            break
        t_ns = min(t_ns, start_ns)
    return t_ns


def _runs(timeline: Timeline, track: int, since_ns: int, until_ns: int) -> bool:
    slices = timeline.tracks[track].slices
    first = max(0, slices.at(since_ns))
    last = min(slices.at(until_ns - 1), first + _MOST_SLICES)
    return any(slices.state[at] == State.RUNNING for at in range(first, last + 1))


def _had_last(timeline: Timeline, thing: str, lock: Lock) -> tuple[int, int] | None:
    """Since when, at the latest, and which track has it up to the end: it was told to hold it, or got it from another,
    and somebody who waited then still does, so that nobody has given it up. None if that is not known."""
    rows = lock.waits
    released_ns = int(lock.released_ns[-1]) if len(lock.released_ns) else -1
    told = (tie for tie in reversed(timeline.ties) if tie.relation == words.HOLDS and tie.object == thing)
    last = next(told, None)
    if last is not None and last.t_ns > released_ns and last.track in timeline.tracks:
        known_ns, holder = last.t_ns, last.track
    elif lock.got_it[-1:].any():
        known_ns, holder = released_ns, int(lock.woken[-1])
    else:
        return None
    still = np.flatnonzero(~rows.ended & (rows.start_ns <= known_ns))
    for suspension in (timeline.suspensions[number] for number in rows.suspension[still].tolist()):
        if is_undisturbed(timeline, suspension, timeline.last_ns):
            return max(released_ns, min(known_ns, suspension.t_ns)), holder
    return None


def _next_run_ns(timeline: Timeline, track: int, t_ns: int) -> int:
    """When it ran at `t_ns` or next after that; `t_ns` if it did not."""
    slices = timeline.tracks[track].slices
    first = max(0, slices.at(t_ns))
    runs = (at for at in range(first, min(first + _MOST_SLICES, len(slices))) if slices.state[at] == State.RUNNING)
    return max(t_ns, next((slices.start_ns[at] for at in runs), t_ns))


def _waited_before(start_ns: Column, end_ns: Column, t_ns: Column) -> Column:
    """How long all had waited in total at each of these times; both columns are sorted."""
    found: Column = np.zeros(len(t_ns), dtype=np.int64)
    for edges_ns, sign in ((start_ns, 1), (end_ns, -1)):
        count = edges_ns.searchsorted(t_ns)
        sums = np.concatenate(([0], edges_ns.cumsum()))
        found += sign * (count * t_ns - sums[count])
    return found


def _who_waited(timeline: Timeline, rows: Waits, held: _Held) -> list[int]:
    those = (rows.start_ns < held.until_ns) & (rows.end_ns > held.since_ns)
    tracks: list[int] = timeline.columns.suspensions.whose(rows.suspension[those])[1].tolist()
    return tracks


def _mostly_waits(timeline: Timeline, held: _Held) -> tuple[int, Suspension] | None:
    """How long the holder waited in that time, and its longest wait; None if it did not for half of it, or for a
    lock."""
    slices = timeline.tracks[held.holder].slices
    best: tuple[int, int] = 0, -1
    waited_ns = 0
    first = max(0, slices.at(held.since_ns))
    for index in range(first, min(first + _MOST_SLICES, len(slices))):
        if slices.start_ns[index] >= held.until_ns:
            break
        end_ns = slices.start_ns[index + 1] if index + 1 < len(slices) else timeline.last_ns
        shared_ns = min(end_ns, held.until_ns) - max(slices.start_ns[index], held.since_ns)
        if slices.state[index] == State.WAITING and slices.about[index] >= 0:
            waited_ns += shared_ns
            best = max(best, (shared_ns, slices.about[index]))
    if best[1] < 0 or 2 * waited_ns < held.until_ns - held.since_ns:
        return None
    found = timeline.suspensions[best[1]]
    return (waited_ns, found) if found.reason not in LOCKS else None


def _never_released(timeline: Timeline, observed: Observed) -> Iterator[tuple[str, Finding]]:
    """Tracks that wait for a lock up to the end, of a holder that does not, or that is not known. Not where the program
    ended by itself: then they are `never_resumed`."""
    if is_over(timeline):
        return
    (waiting, holders), locks = locked(timeline, observed), locks_of(timeline, observed)
    keepers: dict[str, int | None] = {}
    forsaken = {tie.track for tie in timeline.ties if tie.relation == words.FORSAKEN}
    alike: dict[tuple[str, Place | None], list[Suspension]] = {}
    for suspension in waiting.values():
        if timeline.tracks[suspension.track].parent in forsaken:
            continue  # A deadlock tells of all that wait there.
        if suspension.object not in locks or timeline.last_ns - suspension.t_ns < STUCK_NS:
            continue
        if suspension.object not in keepers:
            keepers[suspension.object] = holders.get(suspension.object, keeper_of(timeline, suspension))
        holder = keepers[suspension.object]
        known = timeline.tracks.get(holder) if holder is not None else None
        joins = suspended(timeline, known) if known is not None else None
        # Who waits for a lock as well is one of a circle, or of a chain of which the last is told; and so is who waits
        # for the end of one of those who wait for its lock.
        is_followed = holder in waiting or (joins is not None and joins.on_track in waiting)
        if not is_followed and not would_end(timeline, waiting, suspension, held=True):
            alike.setdefault((suspension.object, suspension.place), []).append(suspension)
    for (thing, place), several in alike.items():
        tracks = [one.track for one in several]
        cost_ns = sum(timeline.last_ns - one.t_ns for one in several)
        who = timeline.name(tracks[0]) if len(tracks) == 1 else f"{len(tracks)} tracks"
        holder, inferred = holders.get(thing), ""
        if holder is None:
            holder, inferred = keeper_of(timeline, several[0]), " (inferred from the source)"
        held, taken, found = "somebody (unknown who)", "", tracks
        if holder is not None:
            held, found = timeline.name(holder) + inferred, [holder, *tracks]
            taken = taken_told(timeline, thing, holder)
        sentence = (
            f"{held} held {_name(several[0], thing)}{taken} until {end_told(timeline)}{_doing(timeline, holder)} → "
            f"{who} waited for it{at(place)}, {duration(cost_ns, 2)} in all"
        )
        since_ns = min(one.t_ns for one in several)
        yield thing, finding("lock_held", sentence, found, since_ns, place, cost_ns, tracks)


def keeper_of(timeline: Timeline, waiter: Suspension) -> int | None:
    """The only track that waits where the source has it keep the lock; None if that is not one, or the name of the lock
    may be that of another one in another object."""
    name = _written(waiter)
    if not name.isidentifier():
        return None
    others = ((track.id, suspended(timeline, track)) for track in timeline.tracks.lasting())
    found = [
        track
        for track, one in others
        if one is not None and one.object != waiter.object and one.place is not None and waiter.place is not None
        and one.place.file == waiter.place.file and keeps(timeline, one, name)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def keeps_written(timeline: Timeline, holder: Suspension, waiter: Suspension) -> bool:
    """Whether the source has who waits there keep what `waiter` waits for, by its name in the same file."""
    name = _written(waiter)
    is_there = holder.place is not None and waiter.place is not None and holder.place.file == waiter.place.file
    return is_there and name.isidentifier() and keeps(timeline, holder, name)


def taken_told(timeline: Timeline, thing: str, holder: int) -> str:
    """Since when, and where, that one has had a lock, which is told of those of multiprocessing's."""
    told = (tie for tie in reversed(timeline.ties) if tie.relation == words.OWNS and tie.object == thing)
    tie = next(told, None)
    if tie is None or tie.track != holder or tie.since_ns < 0:
        return ""
    where = f" at {spot(tie.place)}" if spot(tie.place) else ""
    return f" (taken{where}, {duration(tie.since_ns, 3)})"


def _doing(timeline: Timeline, holder: int | None) -> str:
    """What the holder of a lock did meanwhile, at the end, or how it ended."""
    if holder is None:
        return ""
    track = timeline.tracks[holder]
    suspension = suspended(timeline, track)
    if suspension is not None:
        lasted_ns = timeline.last_ns - suspension.t_ns
        return f", in which it {_did(suspension, lasted_ns)}{at(suspension.place)}"
    if track.exit_ns >= 0:
        died = next((one.end for one in timeline.processes[1:] if one.track == holder), "")
        how = track.value if track.state is State.FAILED else died
        return f", though it had ended{f' with {how}' if how else ''}"
    return ""


def _name(waiter: Suspension, thing: str) -> str:
    """The lock as the program calls it, and as the trace does."""
    written = _written(waiter)
    return f"{written} ({thing})" if written else thing


def _written(waiter: Suspension) -> str:
    """What the program calls it: "lock" of `with lock:` and of `lock.acquire()`."""
    called = waiter.on.partition("(")[0].removesuffix(".acquire").removesuffix(".wait")
    return called if re.fullmatch(r"[\w.]+", called) and called != words.UNKNOWN else ""


def _did(suspension: Suspension, lasted_ns: int) -> str:
    if suspension.reason == words.SLEEP:
        return f"slept {duration(lasted_ns, 2)}"
    what = f" in {suspension.on}" if "(" in suspension.on else f" for {suspension.reason}"
    return f"waited {duration(lasted_ns, 2)}{what}"
