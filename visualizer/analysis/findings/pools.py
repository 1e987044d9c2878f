"""Pools that are full: of tracks that wait for room in the same pool, and pools of threads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import (
    POOL_NS,
    POOL_THREADS,
    STUCK_NS,
    Finding,
    at,
    end_told,
    finding,
    is_over,
    listed,
    thread_waits,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.kept_off import kept_off
from visualizer.analysis.findings.standstill import stuck
from visualizer.analysis.findings.waits import all_waits
from visualizer.analysis.model.timeline import FINAL, Process, State, Suspension, Tie, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.segments import spent_in, spent_told
from visualizer.analysis.text.source_text import called, source_line
from visualizer.trace import words
from visualizer.trace.columns import Column

#: What a hub calls its pool of threads, in which names are looked up, too.
_OF_HUB = "threadpool"
#: How multiprocessing's Pool calls its processes; and the calls of it that wait for results.
_WORKER = re.compile(r"(?:Fork|Spawn|ForkServer)?PoolWorker-\d")
_RESULTS = re.compile(r"\.(?:map|starmap|apply)\(|\.get\(\)?$")
_ITERATED = re.compile(r"\.imap(?:_unordered)?\(|\.next\(\)?$")
_SPAWNS = ("spawn", "apply", "apply_async", "map", "map_async", "imap", "imap_unordered", "start", "add")


def pool_exhausted(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Members of a pool waited for room in it, up to the end, and nobody else could make any. Or all workers of an
    executor wait for results that only they could work out. One for each pool."""
    for thing, several in crowded_out(timeline, observed).items():
        tracks = [one.track for one in several]
        first = several[0]
        call = called(first.on)
        name = call.thing if call is not None else thing
        name_of = timeline.tracks[tracks[0]].base_name
        who = timeline.name(tracks[0]) if len(tracks) == 1 else f"{len(tracks)} × {name_of}"
        sentence = (
            f"{who}, which {name} ({thing}) itself runs, wait for room in it in {first.on}{at(first.place)} → "
            "none of them ends, so there is never any"
        )
        if first.reason == words.FUTURE:
            places = listed(list(dict.fromkeys(f"{one.on}{at(one.place)}" for one in several)))
            who = listed([timeline.name(track) for track in tracks])
            are, ends = ("all workers of {}, wait", "none of them ends") if len(tracks) > 1 else (
                "the only worker of {}, waits", "it never ends"
            )  # fmt: skip
            sentence = (
                f"{who}, {are.format(thing)} in {places} for what {thing} has not begun with → {ends}, so nobody ever "
                "begins with that"
            )
        cost_ns = sum(max(0, timeline.last_ns - one.t_ns) for one in several)
        since_ns = max(one.t_ns for one in several)
        yield finding("pool_exhausted", sentence, tracks, since_ns, first.place, cost_ns, tracks)


def crowded_out(timeline: Timeline, observed: Observed) -> dict[str, list[Suspension]]:
    """Pool -> its own members, all of which wait for ever for room in it. Who is a member is inferred from where it was
    made."""
    found: dict[tuple[str, str], list[Suspension]] = {}
    for track, suspension in stuck(timeline, observed).items():
        call = called(suspension.on)
        if suspension.reason != words.POOL or not suspension.object or call is None or call.method not in _SPAWNS:
            continue
        if _is_member(timeline, timeline.tracks[track], call.pattern):
            found.setdefault((suspension.object, call.pattern), []).append(suspension)
    return _waiting_for_themselves(timeline) | {
        pool: several
        for (pool, pattern), several in found.items()
        if not _makes_room(timeline, pattern, {one.track for one in several}, max(one.t_ns for one in several))
    }


def _waiting_for_themselves(timeline: Timeline) -> dict[str, list[Suspension]]:
    """Executor -> its workers, all of which wait up to the end for results that it has not begun with."""
    last: dict[str, tuple[int, list[int]]] = {}
    for tie in timeline.ties:
        if tie.relation == words.EXHAUSTS:
            t_ns, tracks = last.setdefault(tie.object, (tie.t_ns, []))
            if t_ns != tie.t_ns:
                last[tie.object] = tie.t_ns, [tie.track]
            else:
                tracks.append(tie.track)
    found = {}
    for pool, (t_ns, tracks) in last.items():
        waits_ = [thread_waits(timeline, timeline.tracks[track]) for track in tracks if track in timeline.tracks]
        several = [one for one in waits_ if one is not None and one.reason == words.FUTURE and one.t_ns <= t_ns]
        is_over_ = timeline.end is not None or is_over(timeline) or timeline.last_ns - t_ns >= STUCK_NS
        if len(several) == len(tracks) and is_over_:
            found[pool] = several
    return found


def _is_member(timeline: Timeline, track: Track, pattern: str) -> bool:
    """Whether the line that made it calls a method of what is called so that spawns."""
    made = source_line(timeline, track.place) if track.place is not None else ""
    return re.search(rf"(?<!\w){pattern}\.(?:{'|'.join(_SPAWNS)})\(", made) is not None


def _makes_room(timeline: Timeline, pattern: str, waiting: set[int], t_ns: int) -> bool:
    """Whether another member runs, and has not ended by then: when it does, there is room."""
    others = (track for track in timeline.tracks.values() if track.id not in waiting and len(track.steps))
    return any(not 0 <= track.exit_ns < t_ns and _is_member(timeline, track, pattern) for track in others)


def worker_died(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A process of multiprocessing's Pool ended in the middle of what it was given, and who waits for results of a pool
    does so up to the end, though no process of that has anything to do any more. One for each of those who wait."""
    if not any(_WORKER.match(track.base_name) for track in timeline.tracks.of_kind(words.THREAD)):
        return
    by_pid = {process.pid: process for process in timeline.processes}
    workers: dict[int, list[tuple[Process, Track]]] = {}
    for process in timeline.processes[1:]:
        track = timeline.tracks.get(process.track)
        if track is not None and _WORKER.match(track.base_name) and process.parent in by_pid:
            workers.setdefault(by_pid[process.parent].number, []).append((process, track))
    for thread in timeline.tracks.of_kind(words.THREAD):
        waits = thread_waits(timeline, thread) if thread.process in workers and thread.exit_ns < 0 else None
        if waits is None:
            continue
        of_one = waits.reason == words.EVENT
        if not waits_for_results(waits):
            continue
        died = [
            (process, track)
            for process, track in workers[thread.process]
            if (process.exit_code or process.signal) and track.exit_ns >= 0 and not _has_nothing(timeline, track, -1)
            and (track.exit_ns >= waits.t_ns or not of_one) and timeline.last_ns - track.exit_ns >= STUCK_NS
        ]
        gone = {track.id for _, track in died}
        others = [track for _, track in workers[thread.process] if track.id not in gone]
        since_ns = timeline.last_ns - STUCK_NS
        if not died or not all(_has_nothing(timeline, track, since_ns) for track in others):
            continue
        track = min((track for _, track in died), key=lambda track: track.exit_ns)
        lost_ns = timeline.last_ns - max(waits.t_ns, track.exit_ns)
        sentence = (
            f"{timeline.name(track.id)} ended with {track.value}, in the middle of what it was given → "
            f"{timeline.name(thread.id)} waits in {waits.on}{at(waits.place)} for what nobody works out any more "
            f"(inferred: a Pool starts another process, and gives it the next one), until {end_told(timeline)}"
        )
        yield finding(
            "worker_died", sentence, (thread.id, track.id), track.exit_ns, waits.place, lost_ns, (thread.id,)
        )


def waits_for_results(suspension: Suspension) -> bool:
    """Whether that is a wait without a time limit for results of a pool of multiprocessing's."""
    patterns = {words.EVENT: _RESULTS, words.CONDITION: _ITERATED}
    pattern = patterns.get(suspension.reason)
    return pattern is not None and suspension.is_endless and pattern.search(suspension.on) is not None


def _has_nothing(timeline: Timeline, worker: Track, t_ns: int) -> bool:
    """Whether a process of a Pool waits for something to do, from `t_ns` on; -1: as the last that it did."""
    slices = worker.slices
    index = len(slices) - 1 if t_ns < 0 else slices.at(t_ns)
    if t_ns < 0:
        while index >= 0 and slices.state[index] in FINAL:
            index -= 1
    elif 0 <= worker.exit_ns < t_ns:
        return True
    # What it does while it waits for the end of its parent is not known.
    while index >= 0 and slices.state[index] == State.UNKNOWN:
        index -= 1
    if index < 0 or slices.state[index] != State.WAITING or slices.about[index] < 0:
        return False
    return timeline.suspensions[slices.about[index]].on in ("SimpleQueue.get()", "get()")


def thread_pool_full(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Tracks waited for a pool of threads, all of which were busy, for POOL_NS or longer in total. One for each."""
    yield from _full_executors(timeline, observed)
    yield from _full_pools(timeline, observed)


class _Call(NamedTuple):
    """`track` gave a call of that name to a pool, all workers of which were busy until `worker` began with it."""

    track: int
    function: str
    since_ns: int
    worker: int
    until_ns: int

    @property
    def waited_ns(self) -> int:
        return self.until_ns - self.since_ns


def _full_executors(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of ThreadPoolExecutors: calls that waited while others of another function were called."""
    for pool, late in _queued(timeline).items():
        when_ns = np.array([(call.since_ns, call.until_ns) for call in late], dtype=np.int64).reshape(-1, 2).T
        lost_ns = int(kept_off(timeline, observed).left_ns([call.track for call in late], *when_ns).sum())
        if lost_ns < POOL_NS:
            continue
        worst = max(late, key=lambda call: call.waited_ns)
        spent = spent_in(timeline, timeline.tracks[worst.worker], worst.since_ns, worst.until_ns)
        place = next((one.suspension.place for one in spent if one.suspension is not None), None)
        worker = timeline.name(worst.worker)
        did = f": {worker} {spent_told(timeline, spent[0]).removeprefix('it ')}" if spent else ""
        sentence = (
            f"all workers of {pool} were busy{did} → {worst.function}, which {timeline.name(worst.track)} had it call, "
            f"began {duration(worst.waited_ns, 2)} later"
        )
        sentence += f"; {len(late)} such calls lost {duration(lost_ns, 2)} in all" if len(late) > 1 else ""
        tracks = [worst.track, worst.worker, *(call.track for call in late)]
        lost_by = [call.track for call in late]
        yield finding("thread_pool_full", sentence, tracks, worst.since_ns, place, lost_ns, lost_by)


def _queued(timeline: Timeline) -> dict[str, list[_Call]]:
    """Pool -> the calls that waited for a worker. It begins with them in the order in which it was given them."""
    waiting: dict[str, list[Tie]] = {}
    found: dict[str, list[_Call]] = {}
    for tie in timeline.ties:
        if tie.relation == words.QUEUED:
            waiting.setdefault(tie.object, []).append(tie)
        elif tie.relation == words.BEGUN and waiting.get(tie.object):
            given, (function, _, pool) = waiting[tie.object].pop(0), tie.object.rpartition(" in ")
            if given.track in timeline.tracks and tie.track in timeline.tracks:
                found.setdefault(pool, []).append(_Call(given.track, function, given.t_ns, tie.track, tie.t_ns))
    return found


def _full_pools(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of others: more tracks waited for one than it has threads."""
    columns = timeline.columns.suspensions
    numbers: dict[str, list[int]] = {}
    for number, (reason, asked, _) in enumerate(columns.details.known):
        if reason in (words.THREADPOOL, words.DNS):
            on = timeline.columns.texts.get(columns.asked.known[asked][1], "") if asked >= 0 else ""
            call = called(on) if reason == words.THREADPOOL else None
            name = _pool(timeline, call.thing.rpartition(".")[2]) if call is not None else _OF_HUB
            if call is not None and (call.thing == "asyncio" or call.method == "run_in_executor"):
                continue  # What is given to those is told of.
            numbers.setdefault(name, []).append(number)
    for name, details in numbers.items():
        every = all_waits(timeline, observed)
        rows = np.flatnonzero(np.isin(np.asarray(columns.detail)[every.suspension], details))
        threads = _threads(timeline, name)
        lost_ns, most, since_ns = _above(every.start_ns[rows], every.end_ns[rows], threads or POOL_THREADS)
        if lost_ns < POOL_NS:
            continue
        # As large a part of that is the machine's doing as of all waits.
        waited_ns = int((every.end_ns[rows] - every.start_ns[rows]).sum())
        whose = columns.whose(every.suspension[rows])[1].tolist()
        left_ns = int(kept_off(timeline, observed).left_ns(whose, every.start_ns[rows], every.end_ns[rows]).sum())
        lost_ns = lost_ns * left_ns // waited_ns
        if lost_ns < POOL_NS:
            continue
        behind = rows[every.start_ns[rows] >= since_ns]
        longest = timeline.suspensions[int(every.suspension[behind[(every.end_ns - every.start_ns)[behind].argmax()]])]
        tracks = list(dict.fromkeys(whose))
        inferred = "" if threads else ", as many as gevent's pool has unless it is told otherwise (inferred)"
        sentence = (
            f"{most} tracks at once waited for the {threads or POOL_THREADS} threads of {name}{inferred} → "
            f"those behind lost {duration(lost_ns, 2)} in all, such as {timeline.name(longest.track)} in {longest.on}"
            f"{at(longest.place)}"
        )
        yield finding("thread_pool_full", sentence, [longest.track, *tracks], since_ns, longest.place, lost_ns, tracks)


def _pool(timeline: Timeline, name: str) -> str:
    """The hub's pool, if the source takes from a hub what is called so (`pool = gevent.get_hub().threadpool`), or makes
    none where only the class is known."""
    taken = re.compile(rf"\b{re.escape(name)}\b *=[^=\n]*\.{_OF_HUB}\b *(?:;|#|$)", re.MULTILINE)
    if name == "ThreadPool" and not any("ThreadPool(" in text for text in timeline.sources.values()):
        return _OF_HUB
    return _OF_HUB if any(map(taken.search, timeline.sources.values())) else name


def _threads(timeline: Timeline, name: str) -> int:
    """How many threads the source gives the pool of that name; 0 if it does not say."""
    made = rf"\b{re.escape(name)}\b[^=\n]*=[^=\n]*ThreadPool\(\s*(?:maxsize\s*=\s*)?(\d{{1,6}})\b"
    resized = r"\b(\w+)\.maxsize *= *(\d{1,6})\b"
    for text in timeline.sources.values():
        sizes = [found[2] for found in re.finditer(resized, text) if _pool(timeline, found[1]) == name]
        sizes += re.findall(made, text)
        sizes += re.findall(r"\bthreadpool_size *= *(\d{1,6})\b", text) if name == _OF_HUB else []
        if sizes:
            return int(sizes[0])
    return 0


def _above(start_ns: Column, end_ns: Column, threads: int) -> tuple[int, int, int]:
    """How long more waited than there are threads, times how many more; how many at most; and since when."""
    times_ns = np.concatenate((start_ns, end_ns))
    change = np.repeat((1, -1), (len(start_ns), len(end_ns)))
    order = np.lexsort((change, times_ns))
    times_ns, count = times_ns[order], change[order].cumsum()
    more = np.maximum(count[:-1] - threads, 0)
    over = np.flatnonzero(more)
    if not len(over):
        return 0, 0, 0
    return int((more * np.diff(times_ns)).sum()), int(count.max()), int(times_ns[over[0]])
