"""Waits that one particular track would have ended, which died before it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from visualizer.analysis.findings.base import (
    FROM_OUTSIDE,
    Finding,
    at,
    finding,
    listed,
    spot,
    suspended,
    suspension_before,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.served import Served
from visualizer.analysis.findings.standstill import stuck
from visualizer.analysis.findings.tracebacks import frames, printed, strangeness
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.source_text import called, calls_in, definition, function_around, loop_around
from visualizer.trace import words

#: Reason of a wait, and the method that waits -> the methods by which another track ends it.
_ENDED_BY = {
    (words.EVENT, "wait"): ("set",),
    (words.RESULT, "get"): ("set", "set_exception"),
    (words.RESULT, "wait"): ("set", "set_exception"),
    (words.SEMAPHORE, "acquire"): ("release",),
    (words.LOCK, "acquire"): ("release",),
    (words.CONDITION, "wait"): ("notify", "notify_all"),
    (words.QUEUE, "join"): ("task_done",),
    (words.QUEUE, "get"): ("put", "put_nowait"),
    (words.QUEUE, "put"): ("get", "get_nowait"),
    (words.CHANNEL, "get"): ("put",),
}


class Broken(NamedTuple):
    """`died` would have called `method` of `thing` in line `line` of its function; `waiting` waited for that. Without
    `died`: nobody is known to have died."""

    kind: str
    died: tuple[Track, ...]
    thing: str
    method: str
    line: int
    waiting: tuple[Suspension, ...]


def finds(kind: str) -> Callable[[Timeline, Observed], Iterator[Finding]]:
    """What finds problems of this kind of those that `broken` tells apart."""

    def find(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
        return (_told(timeline, what) for what in broken(timeline, observed) if what.kind == kind)

    return find


@once
def broken(timeline: Timeline, observed: Observed) -> list[Broken]:
    """All of them, one for each line that waits. Inferred from the source, which the trace must contain.

    Not where another one that the same line spawned goes on: it may have been started instead, and do it yet.
    """
    alike: dict[tuple[str, str, Place | None], list[Suspension]] = {}
    served = Served(timeline)
    for suspension in stuck(timeline, observed).values():
        if suspension.asked_ns >= 0 or _is_idle(timeline, served, suspension):
            continue
        alike.setdefault((suspension.reason, suspension.on, suspension.place), []).append(suspension)
    may_yet = {
        (track.base_name, track.place)
        for track in timeline.tracks.lasting()
        if track.state in (State.READY, State.RUNNING)
        or ((one := suspended(timeline, track)) is not None and one.reason in FROM_OUTSIDE)
    }
    failed = [
        track
        for track in timeline.tracks.ended(words.RAISED)
        if track.state is State.FAILED and (track.base_name, track.place) not in may_yet
    ]
    found = []
    for (reason, on, _), waiting in alike.items():
        call = called(on)
        methods = _ENDED_BY.get((reason, call.method)) if call is not None else None
        if call is None or methods is None:
            continue
        name = call.pattern
        died = [(track, line, method) for track in failed for line, method in _missed(timeline, track, name, methods)]
        if died:
            _, line, method = died[-1]
            tracks = tuple(track for track, *_ in died)
            kind = _kind(timeline, tracks[-1], name, method, call.method)
            found.append(Broken(kind, tracks, call.thing, method, line, tuple(waiting)))
        elif methods == ("task_done",) and _is_empty(timeline, observed, waiting[0]):
            found.append(Broken("lost_task_done", (), call.thing, methods[0], 0, tuple(waiting)))
        elif call.method == "get" and (back := _gives_back(timeline, waiting, name, methods)) is not None:
            found.append(Broken("not_returned", (), call.thing, back[1], back[0], tuple(waiting)))
    return found


def _gives_back(
    timeline: Timeline, waiting: list[Suspension], name: str, methods: tuple[str, ...]
) -> tuple[int, str] | None:
    """Where those who wait for one would give it back, as others of their function had to before they ended; None if
    they would not, or somebody else may."""
    functions = {track.base_name: track for track in (timeline.tracks[one.track] for one in waiting)}
    backs = []
    for track in functions.values():
        written = definition(timeline, track)
        calls = list(calls_in(timeline, written, name, methods)) if written is not None else []
        if written is None or not calls or not any(calls_in(timeline, written, name, ("get", "get_nowait"))):
            return None
        backs.append(calls[0])
    those = {one.track for one in waiting}
    others = [track for track in timeline.tracks.values() if track.id not in those and not track.schedules]
    if any(track.exit_ns < 0 and any(_missed(timeline, track, name, methods)) for track in others):
        return None
    ended = any(track.base_name in functions and track.state is State.DONE for track in others)
    return backs[0] if ended else None


def _is_idle(timeline: Timeline, served: Served, suspension: Suspension) -> bool:
    """Whether it is a worker that has nothing to do: others than those that died gave it something before."""
    if suspension.reason not in (words.QUEUE, words.CHANNEL) or ".get(" not in suspension.on:
        return False
    by = served.by(timeline.tracks[suspension.track], suspension)
    return by != words.NOBODY and timeline.tracks[by].state is not State.FAILED


def _missed(timeline: Timeline, track: Track, name: str, methods: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Where the track would have called one of the methods, if it died above that, or in a loop around it."""
    written = _function(timeline, track)
    if written is None:
        return
    calls = list(calls_in(timeline, written, name, methods))
    reached = _reached(timeline, track, written)
    if reached is not None:
        first = loop_around(timeline, reached, None)
        again = first if first < reached.line else reached.line
        # The rest of the round that it died in comes before the next one.
        calls = sorted((call for call in calls if call[0] >= again), key=lambda call: call[0] < reached.line)
    yield from calls[:1]


def _function(timeline: Timeline, track: Track) -> Place | None:
    """Where the function is written that it ran: that of its name, or, since threads and tasks may have any name, the
    outermost one of the program's own that it raised through, or in which it waited last."""
    found = definition(timeline, track)
    if found is not None:
        return found
    last = suspension_before(timeline, track, track.exit_ns)
    places = [frame for frame in frames(timeline, track) if not strangeness(frame.file)]
    places += [last.place] if last is not None and last.place is not None else []
    return function_around(timeline, places[0]) if places else None


def _reached(timeline: Timeline, track: Track, written: Place) -> Place | None:
    """Which line it ran last of the function that is written there, as far as it is known: where it raised, or the one
    behind its last wait."""
    last = suspension_before(timeline, track, track.exit_ns)
    places = frames(timeline, track)[::-1]
    if last is not None and last.place is not None:
        places.append(last.place._replace(line=last.place.end_line + 1))
    lines = range(written.line, written.end_line + 1)
    return next((place for place in places if place.file == written.file and place.line in lines), None)


def _kind(timeline: Timeline, died: Track, name: str, method: str, waits: str) -> str:
    if method == "task_done":
        return "lost_task_done"
    written = _function(timeline, died)
    took = written is not None and any(calls_in(timeline, written, name, ("get", "get_nowait")))
    return "not_returned" if waits == "get" and method.startswith("put") and took else "setter_died"


def _is_empty(timeline: Timeline, observed: Observed, joining: Suspension) -> bool:
    """Whether somebody waits for more of what the queue has: then all of it has been taken."""
    waiting = stuck(timeline, observed).values()
    return bool(joining.object) and any(one.object == joining.object and ".get(" in one.on for one in waiting)


def _told(timeline: Timeline, what: Broken) -> Finding:
    waiting = what.waiting
    who = timeline.name(waiting[0].track) if len(waiting) == 1 else f"{len(waiting):,} tracks"
    waits = f"{who} waited in {waiting[0].on}{at(waiting[0].place)}"
    cost_ns = sum(max(0, timeline.last_ns - one.t_ns) for one in waiting)
    tracks = [one.track for one in waiting]
    if what.kind == "not_returned" and not what.died:
        function = timeline.tracks[waiting[0].track].base_name
        line = spot(definition(timeline, timeline.tracks[waiting[0].track])).rpartition(":")[0]
        sentence = (
            f"what {what.thing} had was taken, and not given back by {what.thing}.{what.method}() ({line}:{what.line}) "
            f"before those called {function} ended (inferred from the source) → {waits}, and nothing woke "
            f"{'it' if len(waiting) == 1 else 'them'}"
        )
        return finding(what.kind, sentence, tracks, waiting[0].t_ns, waiting[0].place, cost_ns, tracks)
    if not what.died:
        sentence = f"all items were taken, but task_done() was called too seldom → {waits}, and nothing woke it"
        return finding(what.kind, sentence, tracks, waiting[0].t_ns, waiting[0].place, cost_ns, tracks)
    last = what.died[-1]
    place = printed(timeline, last)
    names = listed([timeline.name(track.id) for track in what.died])
    raised = f"ended with {last.value or 'an exception'}{at(place)}"
    took = f"took from {what.thing} and " if what.kind == "not_returned" else ""
    line = spot(_function(timeline, last)).rpartition(":")[0]
    sentence = (
        f"{names} {took}{raised} before {what.thing}.{what.method}() ({line}:{what.line}, inferred from the source) → "
        f"{waits}, and nothing else woke {'it' if len(waiting) == 1 else 'them'}"
    )
    first = place or _function(timeline, last)
    return finding(what.kind, sentence, [last.id, *tracks], last.exit_ns, first, cost_ns, tracks)
