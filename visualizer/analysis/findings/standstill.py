"""Who waits for ever: as a hub raised LoopExit, and at the end of the program."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import is_over, suspended, suspension_before
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.model.timeline import Place, State, Suspension, Switch, Timeline
from visualizer.trace import words


def loop_exits(timeline: Timeline, observed: Observed) -> Iterator[Switch]:
    """The last switch of each hub that raised LoopExit. If that ended the program, the one that did: the interpreter
    waits for threads thereafter, and may get another one."""
    for exits in observed.loop_exits.values():
        ended = [index for place, index in exits.items() if _ended_at(timeline, place)]
        yield timeline.switch(max(ended or exits.values()))


def _ended_at(timeline: Timeline, place: Place | None) -> bool:
    """Whether the exception that ended the program is a LoopExit that was raised there."""
    at = timeline.uncaught_at
    if timeline.uncaught is None or timeline.uncaught[0] != "LoopExit" or at is None or place is None:
        return False
    return place.file == at.file and place.line <= at.line <= max(place.line, place.end_line)


def deadlocked(timeline: Timeline, switch: Switch) -> Iterator[tuple[int, Suspension]]:
    """The tracks waiting on the hub at LoopExit: its own thread first, then its greenlets."""
    target = timeline.tracks[switch.target]
    suspension = suspension_before(timeline, target, switch.t_ns)
    if suspension is not None:
        yield target.id, suspension
    for track in timeline.tracks.values():
        if track.parent != switch.origin:
            continue
        index = track.slices.at(switch.t_ns)
        if index >= 0 and track.slices.state[index] == State.WAITING:
            suspension = timeline.suspensions[track.slices.about[index]]
            if suspension.reason not in (words.SUSPENDED, words.SWITCHED, words.RESUMED):
                yield track.id, suspension


@once
def stuck(timeline: Timeline, observed: Observed) -> dict[int, Suspension]:
    """Tracks that waited as a hub raised LoopExit, or as the program ended, however it did."""
    found = {}
    if timeline.end is not None or is_over(timeline):
        for track in timeline.tracks.lasting():
            if not track.schedules and (suspension := suspended(timeline, track)) is not None:
                found[track.id] = suspension
    for switch in loop_exits(timeline, observed):
        found.update(deadlocked(timeline, switch))
    return found
