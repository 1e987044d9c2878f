"""Findings about how things ended: what waits for ever, never began, or failed without anybody noticing."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.durations import duration
from visualizer.analysis.findings.finding import (
    FROM_OUTSIDE,
    Finding,
    at,
    finding,
    is_over,
    listed,
    park_before,
    parked,
    spot,
)
from visualizer.analysis.findings.observed import Observed
from visualizer.analysis.model import Park, State, Switch, Timeline
from visualizer.trace import words

_LOOP_EXIT = "LoopExit"
#: Of those who wait in a deadlock so many are told apart.
_TOLD = 6


def deadlock(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A hub had nothing left to wait for and threw LoopExit. One for each hub.

    It is seen where nobody caught it; else inferred: the hub threw into its own thread without having polled, and
    everybody on it was parked for good.
    """
    for switch, inferred in _loop_exits(timeline, observed):
        waiting = dict(_deadlocked(timeline, switch))
        parts = [_waits(timeline, track, park, waiting) for track, park in waiting.items()]
        whom = "them" if len(waiting) > 1 else "it" if waiting else "anybody"
        sentence = f"{_LOOP_EXIT}{' (inferred)' if inferred else ''}: {listed(parts, _TOLD)}"
        sentence += f"; the hub had nothing left that could wake {whom}"
        first = next(iter(waiting.values()), None)
        yield finding("deadlock", sentence, waiting, switch.t_ns, first.place if first else None)


def never_resumed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A track was left parked by a program that ended by itself, where only another track could have resumed it.

    Not told: whom something from outside would have resumed (FROM_OUTSIDE, a time limit), whom a deadlock names, and
    a generator at its yield, since not to use one up is ordinary. A coroutine at its await is told: its work is lost.
    """
    if not is_over(timeline):
        return
    deadlocked = {track for switch, _ in _loop_exits(timeline, observed) for track, _ in _deadlocked(timeline, switch)}
    for track in timeline.tracks.values():
        park = parked(timeline, track)
        if park is None or track.kind == words.HUB or track.id in deadlocked:
            continue
        if park.reason in FROM_OUTSIDE or park.reason == words.RESUMED or park.asked_ns >= 0:
            continue
        if park.reason == words.SUSPENDED and track.kind != words.COROUTINE:
            continue
        name = timeline.name(track.id)
        lasted = duration(max(0, timeline.last_ns - park.t_ns), 2)
        if park.reason == words.SWITCHED:
            sentence = f"{name} was never resumed after it switched to {timeline.name(park.on_track)}{at(park.place)}"
        elif park.reason == words.SUSPENDED:
            sentence = f"{name} was never resumed and is not finished: it is suspended{at(park.place)}"
        else:
            sentence = f"{name} was never resumed: it waited{_for(park)} for the last {lasted}, and nobody woke it"
        tracks = (track.id, park.on_track) if park.on_track in timeline.tracks else (track.id,)
        yield finding("never_resumed", sentence, tracks, park.t_ns, park.place)


def never_started(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A greenlet or coroutine that was spawned had never run when the program ended by itself."""
    if not is_over(timeline):
        return
    for track in timeline.tracks.values():
        if track.kind not in (words.GREENLET, words.COROUTINE) or len(track.steps):
            continue
        if track.state not in (State.CREATED, State.READY):
            continue
        name = timeline.name(track.id)
        by = f"{timeline.name(track.creator)} spawned it" if track.creator in timeline.tracks else "it was spawned"
        why = "the program ended before its turn" if track.state is State.READY else "nobody made it ready"
        if track.kind == words.COROUTINE:
            why = "nobody awaited it"
        sentence = f"{name} never ran: {by}{at(track.place)}, but {why}"
        tracks = (track.id, track.creator) if track.creator in timeline.tracks else (track.id,)
        yield finding("never_started", sentence, tracks, track.spawn_ns, track.place)


def unretrieved(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A greenlet of a hub raised, and nobody is seen to have waited for it. Inferred: asking later leaves no trace.

    Not told where whoever spawned it waited for others to end at that time or later: it may well be one of those.
    """
    for track_id in timeline.exits:
        track = timeline.tracks[track_id]
        parent = timeline.tracks.get(track.parent)
        if track.state is not State.FAILED or parent is None or parent.kind != words.HUB:
            continue
        if track_id in observed.retrieved or _joins_after(timeline, observed, track.creator, track.exit_ns):
            continue
        raised = f" {track.value}" if track.value is not None else ""
        sentence = (
            f"{timeline.name(track_id)}{at(track.place)} raised{raised}, and nobody retrieved it "
            "(inferred: nobody waited for it; whoever asks later, without waiting, is not seen)"
        )
        yield finding("unretrieved", sentence, (track_id,), track.exit_ns, track.place)


def _joins_after(timeline: Timeline, observed: Observed, track: int, t_ns: int) -> bool:
    """Whether the track waits for others to end at `t_ns` or later."""
    index = observed.joins.get(track)
    if index is None:
        return False
    slices = timeline.tracks[track].slices
    park = timeline.parks[index]
    if park.t_ns >= t_ns:
        return True
    at_ns = slices.at(t_ns)
    # Woken by another of those it joined, it was not to be woken once more; still parked, this one was not among them.
    return at_ns > 0 and slices.state[at_ns] == State.READY and slices.about[at_ns - 1] == index


def _loop_exits(timeline: Timeline, observed: Observed) -> Iterator[tuple[Switch, bool]]:
    """The last switch of each hub that threw LoopExit, and whether that is only inferred."""
    for hub, index in observed.throws.items():
        if _is_uncaught(timeline, switch := timeline.switch(index)):
            yield switch, False
        elif (index := observed.throws_unpolled.get(hub, -1)) >= 0:
            if _all_parked(timeline, switch := timeline.switch(index)):
                yield switch, True


def _is_uncaught(timeline: Timeline, switch: Switch) -> bool:
    target = timeline.tracks[switch.target]
    if target.state is not State.FAILED:
        return False
    uncaught = timeline.uncaught[0] if timeline.uncaught is not None and target.id == _first(timeline) else ""
    raised = (target.value or "").lstrip("\"'")
    return uncaught.rpartition(".")[2] == _LOOP_EXIT or raised.startswith(f"{_LOOP_EXIT}(")


def _first(timeline: Timeline) -> int:
    return next(iter(timeline.tracks), words.NOBODY)


def _all_parked(timeline: Timeline, switch: Switch) -> bool:
    """Whether nobody who waited on the hub could ever have been woken, as far as the trace tells."""
    # Without the moments at which the hub polled it cannot be told from a time limit that was over.
    idle = timeline.tracks[switch.origin].slices.spent_ns(State.IDLE, switch.t_ns)
    if not idle and any("poll" in note for note in timeline.notes):
        return False
    parks = [park for _, park in _deadlocked(timeline, switch)]
    living = sum(
        1
        for track in timeline.tracks.values()
        if track.parent == switch.origin and track.spawn_ns <= switch.t_ns and not 0 <= track.exit_ns <= switch.t_ns
    )
    # Its own thread waits as well.
    return len(parks) == living + 1 and all(p.reason not in FROM_OUTSIDE and p.asked_ns < 0 for p in parks)


def _deadlocked(timeline: Timeline, switch: Switch) -> Iterator[tuple[int, Park]]:
    """Whoever waited on the hub when it threw: its own thread first, then its greenlets."""
    target = timeline.tracks[switch.target]
    park = park_before(timeline, target, switch.t_ns)
    if park is not None:
        yield target.id, park
    for track in timeline.tracks.values():
        if track.parent != switch.origin:
            continue
        index = track.slices.at(switch.t_ns)
        if index >= 0 and track.slices.state[index] == State.WAITING:
            park = timeline.parks[track.slices.about[index]]
            if park.reason not in (words.SUSPENDED, words.SWITCHED, words.RESUMED):
                yield track.id, park


def _waits(timeline: Timeline, track: int, park: Park, waiting: dict[int, Park]) -> str:
    """Who waits for what; of a join also for whom, as far as that can be inferred."""
    text = f"{timeline.name(track)} waits{_for(park)}"
    spawned = [other for other in waiting if other != track and timeline.tracks[other].creator == track]
    if park.reason == words.JOIN and spawned:
        names = listed([timeline.name(other) for other in spawned])
        which = " (inferred: it spawned it)" if len(spawned) == 1 else ", or one of them (inferred: it spawned them)"
        text += f" for {names}{which}"
    return text


def _for(park: Park) -> str:
    """What the park waits for, as " in queue.get() (demo.py:4)"."""
    if park.on and park.on != words.UNKNOWN:
        return f" {'in' if '(' in park.on else 'for'} {park.on}{at(park.place)}"
    return f" at {spot(park.place)}" if spot(park.place) else ", for what is unknown"
