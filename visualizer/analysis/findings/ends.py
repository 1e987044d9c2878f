"""Findings about the end of a program: what waits for ever, or never started."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import (
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
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.served import Served
from visualizer.analysis.model.timeline import Park, State, Switch, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.source_text import Ending, would_end
from visualizer.trace import words

#: What a server waits for again and again: where it was given some before, it is only idle.
_SERVED = frozenset((words.QUEUE, words.CHANNEL, words.EVENT, words.CONDITION, words.RESULT))
#: At most this many of the tracks in a deadlock are named.
_TOLD = 6


def deadlock(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A hub had nothing left to wait for and raised LoopExit. One for each hub, about the last time."""
    for switch in _loop_exits(timeline, observed):
        waiting = dict(_deadlocked(timeline, switch))
        if _is_normal(switch, waiting):
            continue
        holders, joined = _ties(timeline, switch, waiting)
        written = _written(timeline, waiting, holders, joined)
        cycle = _cycle(waiting, holders, joined, written)
        told = [*cycle, *(track for track in waiting if track not in cycle)]
        parts = [_waits(timeline, track, waiting, holders, joined, written) for track in told]
        them = "them" if len(waiting) > 1 else "it" if waiting else "any track"
        if len(cycle) > 1:
            round_ = "; ".join(parts[: len(cycle)])
            others = f"; also, {listed(parts[len(cycle) :], _TOLD)}" if len(parts) > len(cycle) else ""
            # At the front, because the end of a long sentence may be cut off.
            sentence = f"circular wait{' (inferred from the source)' if written else ''}: {round_}{others}"
        else:
            inferred = "(wakers inferred from the source) " if written else ""
            sentence = inferred + listed(parts, _TOLD)
        nothing = f"nothing was left that could wake {them}"
        sentence += f" → {nothing}, so the hub raised LoopExit" if parts else f"{nothing} → the hub raised LoopExit"
        first = waiting[told[0]] if told else None
        cost_ns = sum(switch.t_ns - park.t_ns for park in waiting.values())
        yield finding("deadlock", sentence, told, switch.t_ns, first.place if first else None, cost_ns, waiting)


def _is_normal(switch: Switch, waiting: dict[int, Park]) -> bool:
    """Whether LoopExit is how the wait is meant to end: gevent.wait() and hub.join() wait until nothing is left."""
    park = waiting.get(switch.target)
    if len(waiting) != 1 or park is None:
        return False
    return park.reason == words.JOIN or park.on.startswith(("gevent.wait(", "wait("))


def never_resumed(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A track was still waiting when the program ended by itself, and only another track could have resumed it.

    Not reported: tracks that something outside would have resumed (FROM_OUTSIDE, a time limit), tracks in a deadlock,
    generators at a yield, which are often left unexhausted, and those that wait for more of what they, or others of
    their function, were served there before. A coroutine at its await is: its work is lost.
    """
    if not is_over(timeline):
        return
    deadlocked = {track for switch in _loop_exits(timeline, observed) for track, _ in _deadlocked(timeline, switch)}
    served = Served(timeline)
    for track in timeline.tracks.values():
        park = parked(timeline, track)
        if park is None or track.schedules or track.id in deadlocked:
            continue
        if park.reason in FROM_OUTSIDE or park.reason == words.RESUMED or park.asked_ns >= 0:
            continue
        if park.reason == words.SUSPENDED and track.kind != words.COROUTINE:
            continue
        if park.reason in _SERVED and served.before(track, park):
            continue
        name = timeline.name(track.id)
        lasted_ns = timeline.last_ns - park.t_ns
        lasted = duration(max(0, lasted_ns), 2)
        if park.reason == words.SWITCHED:
            sentence = f"{name} was never resumed after it switched to {timeline.name(park.on_track)}{at(park.place)}"
            sentence += _instead(timeline, park)
        elif park.reason == words.SUSPENDED:
            sentence = f"{name} was never resumed and is not finished: it is suspended{at(park.place)}"
        else:
            sentence = f"{name} was never resumed: it waited{_for(park)} for the last {lasted}, and nothing woke it"
        tracks = (track.id, park.on_track) if park.on_track in timeline.tracks else (track.id,)
        yield finding("never_resumed", sentence, tracks, park.t_ns, park.place, lasted_ns, (track.id,))


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
        why = "the program ended before its turn" if track.state is State.READY else "nothing made it ready"
        if track.kind == words.COROUTINE:
            why = "it was never awaited"
        sentence = f"{name} never ran: {by}{at(track.place)}, but {why}"
        tracks = (track.id, track.creator) if track.creator in timeline.tracks else (track.id,)
        yield finding("never_started", sentence, tracks, track.spawn_ns, track.place)


def _loop_exits(timeline: Timeline, observed: Observed) -> Iterator[Switch]:
    """The last switch of each hub that raised LoopExit."""
    return (timeline.switch(index) for index in observed.loop_exits.values())


def _ties(
    timeline: Timeline, switch: Switch, waiting: dict[int, Park]
) -> tuple[dict[str, int], dict[int, tuple[int, ...]]]:
    """At LoopExit: object -> the track that held it, and track -> the tracks that it joined."""
    holders: dict[str, int] = {}
    joined: dict[int, tuple[int, ...]] = {
        track: (park.on_track,) for track, park in waiting.items() if park.on_track in timeline.tracks
    }
    for tie in timeline.ties:
        if tie.t_ns == switch.t_ns and tie.relation == words.HOLDS:
            holders[tie.object] = tie.track
        elif tie.t_ns == switch.t_ns and tie.relation == words.AWAITS:
            joined[tie.track] = tie.on_tracks
    return holders, joined


def _written(
    timeline: Timeline, waiting: dict[int, Park], holders: dict[str, int], joined: dict[int, tuple[int, ...]]
) -> dict[int, Ending]:
    """For waits whose waker the trace does not contain: the only track that could end them, according to the source."""
    told = {track: park for track, park in waiting.items() if track not in joined and park.object not in holders}
    found = ((track, would_end(timeline, waiting, park)) for track, park in told.items())
    return {track: ending for track, ending in found if ending is not None}


def _cycle(
    waiting: dict[int, Park], holders: dict[str, int], joined: dict[int, tuple[int, ...]], written: dict[int, Ending]
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


def _deadlocked(timeline: Timeline, switch: Switch) -> Iterator[tuple[int, Park]]:
    """The tracks waiting on the hub at LoopExit: its own thread first, then its greenlets."""
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


def _waits(
    timeline: Timeline, track: int, waiting: dict[int, Park], holders: dict[str, int],
    joined: dict[int, tuple[int, ...]], written: dict[int, Ending],
) -> str:  # fmt: skip
    """What a track waits for, and which track holds that or would end the wait."""
    park = waiting[track]
    text = f"{timeline.name(track)} waits{_for(park)}"
    if track in joined:
        text += f" for {listed([timeline.name(other) for other in joined[track]])}"
    elif park.object in holders:
        by = holders[park.object]
        text += f" for {park.object}, which {'it holds itself' if by == track else timeline.name(by) + ' holds'}"
    elif track in written:
        would = written[track]
        text += f" for {timeline.name(would.track)}, which would {would.method} it at line {would.line}"
    elif park.object and not park.object.startswith("track"):
        text += f" for {park.object}"
    return text


def _instead(timeline: Timeline, park: Park) -> str:
    """What ran instead, where the track switched to has ended, which did not lead back."""
    gone = timeline.tracks.get(park.on_track)
    if gone is None or gone.exit_ns < park.t_ns:
        return ""
    parent = timeline.tracks.get(gone.parent)
    if parent is None or parent.id == park.track:
        return ""
    ended, to = timeline.name(gone.id), timeline.name(parent.id)
    return f"; {ended} ended, and a greenlet that ends switches to its parent, here {to}"


def _for(park: Park) -> str:
    """What the park waits for, as " in queue.get() (demo.py:4)"."""
    if park.on and park.on != words.UNKNOWN:
        return f" {'in' if '(' in park.on else 'for'} {park.on}{at(park.place)}"
    return f" at {spot(park.place)}" if spot(park.place) else " for something unknown"
