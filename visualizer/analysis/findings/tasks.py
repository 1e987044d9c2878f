"""Tasks of asyncio that were cancelled and went on, and tasks that nobody kept."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, spawned_told
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.tracebacks import strangeness
from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace import words
from visualizer.trace.events import Cancel


def cancel_swallowed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A task was asked to end, by a call in the program's own code, and waited again for something thereafter, before
    it was asked again. One for each task, about the first time.

    Not where that was taken back (`Task.uncancel`), as by who only ends a part of what the task does. If it was
    cancelled in the end, what it waited for may have been its way to end: unless it had waited there before.
    """
    taken_back_ns = {tie.track: tie.t_ns for tie in timeline.ties if tie.relation == words.UNCANCELLED}
    for number, asked in timeline.cancels.items():
        track = timeline.tracks.get(number)
        if track is None:
            continue
        next_ns = [one.t_ns for one in asked[1:]]
        next_ns.append(timeline.last_ns if track.outcome != words.CANCELLED else -1)
        caught = (
            (one, again)
            for one, until_ns in zip(asked, next_ns, strict=True)
            if _is_own(timeline, one) and one.t_ns > taken_back_ns.get(number, -1)
            if (again := _waits_again(timeline, track, one.t_ns, until_ns)) is not None
        )
        asked_for, suspension = next(caught, (None, None))
        if asked_for is None or suspension is None:
            continue
        until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        name, place = timeline.name(track.id), timeline.place(asked_for.place)
        by = timeline.name(asked_for.by) if asked_for.by in timeline.tracks else "something unknown"
        ended = "ended" if track.exit_ns >= 0 else "had not ended"
        went_on = f"it {ended} {duration(until_ns - asked_for.t_ns, 2)} later"
        sentence = f"{by} cancelled {name}{at(place)}, but {name} caught that and waited again{at(suspension.place)}"
        tracks = (track.id, asked_for.by) if asked_for.by in timeline.tracks else (track.id,)
        yield finding("cancel_swallowed", f"{sentence}: {went_on}", tracks, asked_for.t_ns, suspension.place)


def _is_own(timeline: Timeline, asked: Cancel) -> bool:
    place = timeline.place(asked.place)
    return place is not None and not strangeness(place.file)


def _waits_again(timeline: Timeline, track: Track, t_ns: int, until_ns: int) -> Suspension | None:
    """What a task waits for first that was asked to end at `t_ns`, and again at `until_ns`; None if nothing."""
    slices = track.slices
    waits = [index for index in range(len(slices)) if slices.state[index] == State.WAITING and slices.about[index] >= 0]
    after = bisect_right(waits, t_ns, key=slices.start_ns.__getitem__)
    if after == len(waits) or slices.start_ns[waits[after]] > until_ns:
        return None
    again, *before = (timeline.suspensions[slices.about[index]] for index in (waits[after], *waits[:after]))
    known = track.outcome != words.CANCELLED or again.place in {one.place for one in before}
    return again if known else None


def collected(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A task was collected while it waited: nobody kept it, nor what it waited for."""
    for track in timeline.tracks.ended(words.DROPPED):
        slices = track.slices
        if track.kind != words.TASK or track.outcome != words.DROPPED or not len(track.steps):
            continue
        waiting = len(slices) > 1 and slices.state[-2] == State.WAITING and slices.about[-2] >= 0
        suspension = timeline.suspensions[slices.about[-2]] if waiting else None
        did = "waited"
        if suspension is not None and suspension.on:
            did += f"{' in' if '(' in suspension.on else ' for'} {suspension.on}{at(suspension.place)}"
        sentence = (
            f"{timeline.name(track.id)}, {spawned_told(track.place)}, was collected while it {did} → it never ended: "
            "nobody kept a reference to it, or to what it waited for"
        )
        place = suspension.place if suspension is not None else track.place
        yield finding("collected", sentence, (track.id,), track.exit_ns, place)
