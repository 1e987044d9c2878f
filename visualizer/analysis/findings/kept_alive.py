"""Processes whose main thread has ended, or the loop of it, and that live on since other threads wait."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import (
    STUCK_NS,
    Finding,
    at,
    end_told,
    finding,
    function_of,
    listed,
    main_threads,
    spawned_told,
    suspension_before,
    thread_waits,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.ends import deadlock
from visualizer.analysis.findings.pools import crowded_out
from visualizer.analysis.findings.setters import broken
from visualizer.analysis.model.timeline import Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: What no client or file ends: who waits for one of these may serve others, and is to keep the process alive.
_WAITS = frozenset(
    (
        words.LOCK, words.EVENT, words.CONDITION, words.SEMAPHORE, words.BARRIER, words.QUEUE, words.FUTURE, words.JOIN,
        words.SLEEP,
    )
)  # fmt: skip
#: What asyncio has a thread do that waits for the workers of a loop's executor.
_SHUTS_DOWN = "_do_shutdown"


def kept_alive(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Threads that are no daemons waited, STUCK_NS or longer after the main thread had ended, until something else
    ended the program. One for each process; not where one of them runs, or waits for something outside."""
    told_of = {track for one in deadlock(timeline, observed) for track in one.lost_by}
    told_of.update(one.track for several in crowded_out(timeline, observed).values() for one in several)
    told_of.update(one.track for what in broken(timeline, observed) if not what.ends_ns for one in what.waiting)
    yield from _by_executors(timeline, told_of)
    for main in main_threads(timeline):
        over = suspension_before(timeline, main, timeline.last_ns + 1)
        if over is None or over.on != words.OTHER_THREADS:
            continue
        until_ns = main.exit_ns if main.exit_ns >= 0 else timeline.last_ns
        threads = [
            track
            for track in timeline.tracks.of_kind(words.THREAD)
            if track.exit_ns < 0 and track.process == main.process and track.id not in {main.id, *timeline.daemons}
        ]
        every = (thread_waits(timeline, track) for track in threads)
        waiting = [one for one in every if one is not None and one.reason in _WAITS]
        if until_ns - over.t_ns < STUCK_NS or len(waiting) < len(threads) or told_of.issuperset(
            one.track for one in waiting
        ):
            continue
        told = listed([_waits(timeline, one, until_ns) for one in waiting])
        they = "it is no daemon" if len(waiting) == 1 else "they are no daemons"
        lasted = duration(until_ns - over.t_ns, 2)
        ended = "a signal ended its wait for others" if main.exit_ns >= 0 else end_told(timeline)
        sentence = (
            f"{timeline.name(main.id)} was over, but not {told} → {they}, so the process lived on for {lasted}, "
            f"until {ended}"
        )
        tracks = [one.track for one in waiting]
        yield finding(
            "kept_alive", sentence, tracks, over.t_ns, waiting[0].place, until_ns - over.t_ns, (main.id,)
        )


def _by_executors(timeline: Timeline, told_of: set[int]) -> Iterator[Finding]:
    """Loops of asyncio's that are over but for the workers of their executor, one of which waits: one for each loop."""
    for thread in timeline.tracks.of_kind(words.THREAD):
        shuts_down = thread.exit_ns < 0 and function_of(timeline, thread) == _SHUTS_DOWN
        waits = thread_waits(timeline, thread) if shuts_down else None
        worker = timeline.tracks.get(waits.on_track) if waits is not None and waits.reason == words.JOIN else None
        stuck = thread_waits(timeline, worker) if worker is not None else None
        if waits is None or worker is None or stuck is None or stuck.reason not in _WAITS or worker.id in told_of:
            continue
        lasted_ns = timeline.last_ns - waits.t_ns
        if lasted_ns < STUCK_NS:
            continue
        # Who runs the loop waits for its end.
        task = timeline.tracks.get(thread.creator)
        loop = timeline.tracks.get(task.parent) if task is not None else None
        runs = timeline.tracks.get(loop.parent) if loop is not None else None
        sentence = (
            f"the tasks of {timeline.name(loop.id) if loop is not None else 'a loop'} were over, but not "
            f"{_waits(timeline, stuck, timeline.last_ns)} → asyncio waits for the threads of its executor, also where "
            f"what awaited them was cancelled, so the process lived on for {duration(lasted_ns, 2)}, "
            f"until {end_told(timeline)}"
        )
        lost_by = (runs.id,) if runs is not None else ()
        yield finding("kept_alive", sentence, (worker.id,), waits.t_ns, stuck.place, lasted_ns, lost_by)


def _waits(timeline: Timeline, suspension: Suspension, until_ns: int) -> str:
    track = timeline.tracks[suspension.track]
    did = f"waited {duration(until_ns - suspension.t_ns, 2)} in {suspension.on}{at(suspension.place)}"
    if suspension.reason == words.SLEEP:
        did = f"slept {suspension.on} at last{at(suspension.place)}"
    return f"{timeline.name(track.id)}, {spawned_told(track.place)}, which {did}"
