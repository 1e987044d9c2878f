"""Locks and semaphores of multiprocessing's that processes had when they ended: nobody gives them back."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import (
    STUCK_NS,
    Finding,
    at,
    end_told,
    finding,
    is_over,
    listed,
    lived_on_waiting,
    thread_waits,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.held_locks import keeps_written, lets_in, taken_told
from visualizer.analysis.model.owners import Owners
from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace import words


def holder_died(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Threads that wait up to the end, for STUCK_NS or longer, for a lock, in order to get something else (an item of a
    queue), whose last owner has ended; or for a semaphore, all that it lets in of which had ended inside of its block,
    by the source. One for each of those. Of any other lock `lock_held` tells."""
    died = [timeline.tracks[one.track] for one in timeline.processes[1:] if one.track in timeline.tracks]
    died = [track for track in died if track.exit_ns >= 0]
    if not died or is_over(timeline):
        return
    # Its processes may have gone on to tell what they do.
    until_ns = min(timeline.last_ns, timeline.end.t_ns) if timeline.end is not None else timeline.last_ns
    through = {tie.track: tie for tie in timeline.ties if tie.relation == words.THROUGH}
    owners, alike = Owners(timeline), dict[tuple[str, tuple[int, ...]], list[Suspension]]()
    for thread in timeline.tracks.of_kind(words.THREAD):
        waits = thread_waits(timeline, thread) or lived_on_waiting(timeline, thread)
        if waits is None or until_ns - waits.t_ns < STUCK_NS:
            continue
        tie = through.get(thread.id)
        if tie is not None and tie.t_ns >= waits.t_ns and not waits.object.startswith(words.SHARED):
            told = owners.last_told(tie.object, timeline.last_ns)
            by = [track.id for track in died if told is not None and track.id == told[1]]
            if by:
                alike.setdefault((tie.object, tuple(by)), []).append(waits)
            continue
        lets = lets_in(timeline, waits) if waits.object.startswith(f"{words.SHARED}Semaphore ") else None
        if lets is not None and lets.isdecimal():
            inside = [track.id for track in died if _ended_inside(timeline, track, waits)]
            if len(inside) >= int(lets) > 0:
                alike.setdefault((waits.object, tuple(inside)), []).append(waits)
    for (thing, holders), several in alike.items():
        first, cost_ns = several[0], sum(until_ns - one.t_ns for one in several)
        ends = listed([_end_told(timeline, timeline.tracks[one]) for one in holders])
        inferred = "" if first.object != thing else " (inferred from the source)"
        taken = taken_told(timeline, thing, holders[0]) if not inferred else ""
        name = first.on.partition(".")[0].partition("(")[0]
        what = thing if not inferred else f"{name} ({thing})"
        who = listed([timeline.name(one.track) for one in several])
        sentence = (
            f"{ends} while {'they' if len(holders) > 1 else 'it'} had {what}{taken}{inferred}, which nobody gives back "
            f"until {end_told(timeline)} → {who} waited for that in {first.on}{at(first.place)}, "
            f"{duration(cost_ns, 2)} in all"
        )
        lost_by = [one.track for one in several]
        yield finding("holder_died", sentence, [*holders, *lost_by], first.t_ns, first.place, cost_ns, lost_by)


def _ended_inside(timeline: Timeline, track: Track, waits: Suspension) -> bool:
    """Whether it ended in a wait, or where it was idle, inside of a block of what is waited for."""
    slices = track.slices
    for index in range(len(slices) - 1, max(-1, len(slices) - 4), -1):
        if slices.state[index] == State.WAITING and slices.about[index] >= 0:
            return keeps_written(timeline, timeline.suspensions[slices.about[index]], waits)
    return False


def _end_told(timeline: Timeline, track: Track) -> str:
    how = next((one.end for one in timeline.processes[1:] if one.track == track.id), "") or track.value or ""
    return f"{timeline.name(track.id)} ended{f' with {how}' if how else ''}"
