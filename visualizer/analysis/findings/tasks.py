"""Tasks of asyncio that were cancelled, and greenlets that were killed, and went on; and tasks that nobody kept."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, spawned_told
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.tracebacks import strangeness
from visualizer.analysis.findings.waits import long_waits
from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.sentences import canceller
from visualizer.trace import words
from visualizer.trace.events import Cancel


def cancel_swallowed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A task was asked to end, by a call in the program's own code, and waited again for something thereafter, before
    it was asked again. One for each task, about the first time.

    Not where that was taken back (`Task.uncancel`), as by who only ends a part of what the task does. If it was
    cancelled in the end, what it waited for may have been its way to end: unless it had waited there before. No such
    wait is that for the end of another task that it cancelled in turn, as in `wait_for` up to Python 3.11.

    Or a greenlet of gevent's was killed, and waited again where it had waited as that came.
    """
    yield from _kills_swallowed(timeline, observed)
    taken_back_ns = {tie.track: tie.t_ns for tie in timeline.ties if tie.relation == words.UNCANCELLED}
    handed_on: dict[int, list[Cancel]] = {}
    for one in (one for asked in timeline.cancels.values() for one in asked):
        handed_on.setdefault(one.by, []).append(one)
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
            if (again := _waits_again(timeline, track, one.t_ns, until_ns, handed_on.get(number, []))) is not None
        )
        asked_for, suspension = next(caught, (None, None))
        if asked_for is None or suspension is None:
            continue
        until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        name, place = timeline.name(track.id), timeline.place(asked_for.place)
        by = canceller(timeline, asked_for, "something unknown")
        ended = "ended" if track.exit_ns >= 0 else "had not ended"
        went_on = f"it {ended} {duration(until_ns - asked_for.t_ns, 2)} later"
        sentence = f"{by} cancelled {name}{at(place)}, but {name} caught that and waited again{at(suspension.place)}"
        tracks = (track.id, asked_for.by) if asked_for.by in timeline.tracks else (track.id,)
        yield finding("cancel_swallowed", f"{sentence}: {went_on}", tracks, asked_for.t_ns, suspension.place)


def _kills_swallowed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    killed = long_waits(timeline, observed, 0, words.KILL)
    told: set[int] = set()
    columns = (column.tolist() for column in (killed.suspension, killed.end_ns, killed.waker))
    for number, end_ns, woken in zip(*columns, strict=True):
        suspension, by = timeline.suspensions[number], timeline.wakeups[woken].waker
        track, place = timeline.tracks[suspension.track], suspension.place
        if track.id in told or place is None or strangeness(place.file) or not _exits(timeline, track, end_ns):
            continue
        slices = track.slices
        after = range(slices.at(end_ns), len(slices))
        again = next((at_ for at_ in after if slices.state[at_] == State.WAITING and slices.about[at_] >= 0), -1)
        if again < 0 or timeline.suspensions[slices.about[again]].place != place:
            continue
        told.add(track.id)
        name, who = timeline.name(track.id), timeline.name(by) if by in timeline.tracks else "something unknown"
        until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        ended = "ended" if track.exit_ns >= 0 else "had not ended"
        sentence = f"{who} killed {name}, but {name} caught that and waited again{at(place)}: "
        sentence += f"it {ended} {duration(until_ns - end_ns, 2)} later"
        killer = timeline.tracks.get(by)
        lost_ns, waited = _waited_for(timeline, killer, track, end_ns) if killer is not None else (0, None)
        if waited is not None:
            sentence += f" → {who} waited {duration(lost_ns, 2)} in {waited.on}{at(waited.place)} for its end"
        by_whom = (by,) if killer is not None else ()
        lost_by = by_whom if waited is not None else ()
        yield finding("cancel_swallowed", sentence, (track.id, *by_whom), end_ns, place, lost_ns, lost_by)


def _waited_for(timeline: Timeline, killer: Track, track: Track, t_ns: int) -> tuple[int, Suspension | None]:
    """For how long, and how, whoever killed the track at `t_ns` waited for its end from then on."""
    lost_ns, waited, slices = 0, None, killer.slices
    for at_ in range(slices.at(t_ns), len(slices)):
        if slices.state[at_] == State.WAITING and slices.about[at_] >= 0 and slices.start_ns[at_] >= t_ns:
            suspension = timeline.suspensions[slices.about[at_]]
            if suspension.on_track != track.id:
                break
            until_ns = slices.start_ns[at_ + 1] if at_ + 1 < len(slices) else timeline.last_ns
            lost_ns, waited = lost_ns + until_ns - suspension.t_ns, suspension
    return lost_ns, waited


def _exits(timeline: Timeline, track: Track, t_ns: int) -> bool:
    """Whether what was thrown into it as it was killed at `t_ns` is to end it, and no message of the program's."""
    first = bisect_left(track.steps, t_ns, key=lambda index: timeline.switch(index).t_ns)
    return first < len(track.steps) and timeline.switch(track.steps[first]).value == "GreenletExit()"


def _is_own(timeline: Timeline, asked: Cancel) -> bool:
    place = timeline.place(asked.place)
    return place is not None and not strangeness(place.file)


def _waits_again(
    timeline: Timeline, track: Track, t_ns: int, until_ns: int, handed_on: list[Cancel]
) -> Suspension | None:
    """What a task waits for first that was asked to end at `t_ns`, and again at `until_ns`; None if nothing. Not for
    the end of what it has asked to end for that reason, by calls in `handed_on`."""
    slices = track.slices
    waits = [index for index in range(len(slices)) if slices.state[index] == State.WAITING and slices.about[index] >= 0]
    after = bisect_right(waits, t_ns, key=slices.start_ns.__getitem__)
    first = timeline.suspensions[slices.about[waits[after]]] if after < len(waits) else None
    if first is not None and any(
        t_ns <= one.t_ns <= first.t_ns and timeline.place(one.place) == first.place for one in handed_on
    ):
        after += 1
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
