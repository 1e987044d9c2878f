"""Tasks of asyncio that were cancelled and went on, and tasks that nobody kept."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, spawned_told
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.tracebacks import strangeness
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace import words
from visualizer.trace.events import Cancel


def cancel_swallowed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A task was asked to end, by a call in the program's own code, and waited again for something thereafter."""
    for number, asked in timeline.cancels.items():
        track = timeline.tracks.get(number)
        found = [one for one in asked if _is_own(timeline, one)]
        if track is None or track.outcome == words.CANCELLED or not found:
            continue
        last = found[-1]
        waits = [at_ for at_ in range(len(track.slices)) if _waits_after(track, at_, last.t_ns)]
        if not waits:
            continue
        suspension = timeline.suspensions[track.slices.about[waits[0]]]
        until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        name, place = timeline.name(track.id), timeline.place(last.place)
        by = timeline.name(last.by) if last.by in timeline.tracks else "something unknown"
        went_on = f"it {'ended' if track.exit_ns >= 0 else 'had not ended'} {duration(until_ns - last.t_ns, 2)} later"
        sentence = f"{by} cancelled {name}{at(place)}, but {name} caught that and waited again{at(suspension.place)}"
        tracks = (track.id, last.by) if last.by in timeline.tracks else (track.id,)
        yield finding("cancel_swallowed", f"{sentence}: {went_on}", tracks, last.t_ns, suspension.place)


def _is_own(timeline: Timeline, asked: Cancel) -> bool:
    place = timeline.place(asked.place)
    return place is not None and not strangeness(place.file)


def _waits_after(track: Track, index: int, t_ns: int) -> bool:
    slices = track.slices
    return slices.state[index] == State.WAITING and slices.start_ns[index] > t_ns and slices.about[index] >= 0


def collected(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A task was collected while it waited: nobody kept it, nor what it waited for."""
    for track in map(timeline.tracks.__getitem__, timeline.exits):
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
