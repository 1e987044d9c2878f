"""Waits that one particular track would have ended, which died before it did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import (
    FROM_OUTSIDE,
    LOST_NS,
    Finding,
    at,
    finding,
    is_over,
    left_waiting,
    listed,
    spot,
    suspended,
    suspension_before,
)
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.findings.served import Served
from visualizer.analysis.findings.standstill import stuck
from visualizer.analysis.findings.tracebacks import frames, printed, strangeness
from visualizer.analysis.findings.waits import all_waits, long_waits
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.source_text import called, calls_in, definition, function_around, limited, loop_around
from visualizer.trace import words

#: Reason of a wait, and the method that waits -> the methods by which another track ends it.
_ENDED_BY = {
    (words.EVENT, "wait"): ("set", "send", "send_exception"),
    (words.RESULT, "get"): ("set", "set_exception"),
    (words.RESULT, "wait"): ("set", "set_exception"),
    (words.SEMAPHORE, "acquire"): ("release",),
    (words.LOCK, "acquire"): ("release",),
    (words.CONDITION, "wait"): ("notify", "notify_all"),
    (words.QUEUE, "join"): ("task_done",),
    (words.QUEUE, "get"): ("put", "put_nowait"),
    (words.QUEUE, "put"): ("get", "get_nowait"),
    (words.CHANNEL, "get"): ("put",),
    (words.BARRIER, "wait"): ("wait",),
}


#: What is brought about once, for all who wait for it, and the method that waits: it never ends if nobody is left.
_ONCE = (
    (words.EVENT, "wait"), (words.RESULT, "get"), (words.RESULT, "wait"), (words.QUEUE, "join"),
    (words.CONDITION, "wait"),
)
#: So many calls that may bring it about are looked for.
_MOST_CALLS = 20
#: What takes back that something was brought about.
_TAKE_BACK = ("clear", "reset")


class Broken(NamedTuple):
    """`died` would have called `method` of `thing` in line `line` of its function; `waiting` waited for that. Without
    `died`: nobody is known to have died. `ends_ns`: when those who wait gave up, since their time limits were over;
    empty if they wait up to the end."""

    kind: str
    died: tuple[Track, ...]
    thing: str
    method: str
    line: int
    waiting: tuple[Suspension, ...]
    ends_ns: tuple[int, ...] = ()


class _Alike(NamedTuple):
    """Waits in one line; of those that gave up, when they did."""

    waiting: list[Suspension]
    ends_ns: list[int]

    def may_end_by(self, track: Track) -> bool:
        """Whether that is none of them, and had ended before they had."""
        is_one = any(one.track == track.id for one in self.waiting)
        return not is_one and (not self.ends_ns or track.exit_ns < min(self.ends_ns))


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
    alike: dict[tuple[str, str, Place | None, bool], _Alike] = {}
    served = Served(timeline)
    for suspension in (*stuck(timeline, observed).values(), *_ended_with_its_loop(timeline)):
        if not suspension.is_endless or _is_idle(timeline, served, suspension):
            continue
        key = suspension.reason, suspension.on, suspension.place, False
        alike.setdefault(key, _Alike([], [])).waiting.append(suspension)
    for suspension, end_ns in _given_up(timeline, observed):
        key = suspension.reason, suspension.on, suspension.place, True
        alike.setdefault(key, _Alike([], [])).waiting.append(suspension)
        alike[key].ends_ns.append(end_ns)
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
    for (reason, on, *_), those in alike.items():
        call = called(limited(on))
        methods = _ended_by(reason, call.method, limited(on) != on) if call is not None else None
        if call is None or not methods:
            continue
        waiting, ends_ns = tuple(those.waiting), tuple(those.ends_ns)
        may = (track for track in failed if those.may_end_by(track))
        died = [
            (track, line, method) for track in may for line, method in _missed(timeline, track, call.pattern, methods)
        ]
        if died and (not ends_ns or not _goes_on_so(timeline, observed, waiting, died[0][0].exit_ns)):
            _, line, method = died[-1]
            tracks = tuple(track for track, *_ in died)
            kind = _kind(timeline, tracks[-1], call.pattern, method, call.method)
            found.append(Broken(kind, tracks, call.thing, method, line, waiting, ends_ns))
        elif died:
            continue
        elif methods == ("task_done",) and _is_empty(timeline, observed, waiting[0], ends_ns):
            found.append(Broken("lost_task_done", (), call.thing, methods[0], 0, waiting, ends_ns))
        elif call.method == "get" and not ends_ns:
            back = _gives_back(timeline, list(waiting), call.pattern, methods)
            if back is not None:
                found.append(Broken("not_returned", (), call.thing, back[1], back[0], waiting))
    return [*found, *_ended(timeline, served, {one.track for what in found for one in what.waiting})]


def _ended_with_its_loop(timeline: Timeline) -> Iterator[Suspension]:
    """What tasks waited for as their loop ended, and cancelled them."""
    for track in timeline.tracks.lasting(words.CANCELLED):
        suspension = left_waiting(timeline, track) if track.outcome == words.CANCELLED else None
        if suspension is not None:
            yield suspension


def _ended(timeline: Timeline, served: Served, told_of: set[int]) -> Iterator[Broken]:
    """Waits up to the end for what is brought about once, where all have ended, and none by an exception, that would do
    that; one for each line. Not where anything else in the source would, or takes it back."""
    alike: dict[tuple[str, Place | None], list[Suspension]] = {}
    for track in timeline.tracks.lasting(words.CANCELLED) if timeline.end is not None or is_over(timeline) else ():
        suspension = None if track.schedules or track.id in told_of else left_waiting(timeline, track)
        if suspension is not None and suspension.is_endless and not served.before(track, suspension):
            alike.setdefault((suspension.on, suspension.place), []).append(suspension)
    for (on, _), waiting in alike.items():
        call = called(on)
        if call is None or (waiting[0].reason, call.method) not in _ONCE:
            continue
        methods = _ENDED_BY[waiting[0].reason, call.method]
        setters = _setters(timeline, call.pattern, methods)
        # Who waits until its loop ends ends with that.
        lasted_ns = max(_until_ns(timeline, one.track) for one in waiting) - setters[-1][0].exit_ns if setters else 0
        if setters and lasted_ns >= LOST_NS:
            last, line, method = setters[-1]
            yield Broken("setter_ended", (last,), call.thing, method, line, tuple(waiting))


def _setters(timeline: Timeline, name: str, methods: tuple[str, ...]) -> list[tuple[Track, int, str]]:
    """The tracks that would call one of the methods, in the order of their ends, in which line, and which method; none
    if one of them goes on or raised, or if somebody else may."""
    calls = {
        (file, line)
        for file in timeline.sources
        for line, _ in calls_in(timeline, Place(file, "", 1, sys.maxsize, -1, -1), name, (*methods, *_TAKE_BACK))
    }
    if not calls or len(calls) > _MOST_CALLS:
        return []
    functions: dict[str, Place] = {}
    tracks = [track for track in timeline.tracks.values() if not track.schedules]
    for track in tracks:
        written = functions.get(track.base_name) or _function(timeline, track)
        if written is not None:
            functions[track.base_name] = written
    found = []
    for track in tracks:
        written = functions.get(track.base_name)
        own = list(_calls_of(timeline, written, functions, name, methods)) if written is not None else []
        if written is None or not own:
            continue
        if track.state is not State.DONE:
            return []
        # Who takes back what it has set itself does that no more, either.
        backs = _calls_of(timeline, written, functions, name, _TAKE_BACK)
        calls -= {(written.file, line) for line, _ in (*own, *backs)}
        found.append((track, *own[0]))
    return [] if calls else sorted(found, key=lambda one: one[0].exit_ns)


def _calls_of(
    timeline: Timeline, written: Place, functions: dict[str, Place], name: str, methods: tuple[str, ...]
) -> Iterator[tuple[int, str]]:
    """The calls in a function but those in one inside of it that another track runs."""
    inner = [
        range(one.line, one.end_line + 1)
        for one in functions.values()
        if one.file == written.file and written.line < one.line <= one.end_line <= written.end_line
    ]
    for line, method in calls_in(timeline, written, name, methods):
        if not any(line in lines for lines in inner):
            yield line, method


def _until_ns(timeline: Timeline, track: int) -> int:
    exit_ns = timeline.tracks[track].exit_ns
    return exit_ns if exit_ns >= 0 else timeline.last_ns


def _ended_by(reason: str, method: str, is_limited: bool) -> tuple[str, ...]:
    """The methods that end such a wait; of `wait_for`, up to 3.11, by the method alone: a task of its own waits."""
    if reason != words.JOIN or not is_limited:
        return _ENDED_BY.get((reason, method), ())
    return tuple(end for (_, waits_in), ends in _ENDED_BY.items() if waits_in == method for end in ends)


def _given_up(timeline: Timeline, observed: Observed) -> Iterator[tuple[Suspension, int]]:
    """Waits of LOST_NS or longer, for what another track would have brought about, that their time limits ended; and
    when they did."""
    columns = timeline.columns.suspensions
    reasons = {reason for reason, _ in _ENDED_BY} | {words.JOIN}
    details = [number for number, (reason, *_) in enumerate(columns.details.known) if reason in reasons]
    if not details:
        return
    given_up = long_waits(timeline, observed, LOST_NS, words.TIMEOUT)
    (some,) = np.nonzero(np.isin(np.asarray(columns.detail)[given_up.suspension], details))
    for number, end_ns in zip(given_up.suspension[some].tolist(), given_up.end_ns[some].tolist(), strict=True):
        yield timeline.suspensions[number], end_ns


def _goes_on_so(timeline: Timeline, observed: Observed, waiting: Iterable[Suspension], t_ns: int) -> bool:
    """Whether its time limit ended such a wait before that, too, so that it is one of a loop's; or whether, after that,
    somebody else brought about what was waited for."""
    lines = {(one.reason, one.place) for one in waiting}
    things = {one.object for one in waiting} - {""}
    wakeups, columns = timeline.columns.wakeups, timeline.columns.suspensions
    known = enumerate(columns.details.known)
    details = [number for number, (reason, _, place) in known if (reason, timeline.place(place)) in lines]
    every = all_waits(timeline, observed)
    rows = np.flatnonzero((every.waker >= 0) & np.isin(np.asarray(columns.detail)[every.suspension], details))
    for at_ in rows.tolist():
        is_over = wakeups.causes.known[wakeups.cause[every.waker[at_]]] == words.TIMEOUT
        if is_over and every.end_ns[at_] <= t_ns:
            return True
        if not is_over and every.end_ns[at_] > t_ns and wakeups.waker[every.waker[at_]] in timeline.tracks:
            one = timeline.suspensions[int(every.suspension[at_])]
            # Who gives up a barrier breaks it for all others; who gives up a task cancels it, and waits for its end.
            if one.reason not in (words.BARRIER, words.JOIN) and (not things or one.object in things):
                return True
    return False


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


def _is_empty(timeline: Timeline, observed: Observed, joining: Suspension, ends_ns: tuple[int, ...]) -> bool:
    """Whether all that the queue had has been taken, as somebody waits for more: at the end, or when the first
    of those gave up, and then nobody of those who take from it did anything else."""
    if not joining.object:
        return False
    if not ends_ns:
        waiting = stuck(timeline, observed).values()
        return any(one.object == joining.object and ".get(" in one.on for one in waiting)
    takers, idle = set(), set()
    for track in timeline.tracks.values():
        at_ = track.slices.at(min(ends_ns) - 1)
        if at_ < 0 or track.slices.state[at_] != State.WAITING or track.slices.about[at_] < 0:
            continue
        one = timeline.suspensions[track.slices.about[at_]]
        if one.object == joining.object and ".get(" in one.on:
            idle.add(track.id)
            takers.add((track.base_name, track.place))
    return bool(idle) and all(
        track.id in idle or 0 <= track.exit_ns <= min(ends_ns)
        for track in timeline.tracks.values()
        if (track.base_name, track.place) in takers
    )


def _told(timeline: Timeline, what: Broken) -> Finding:
    waiting = what.waiting
    who = timeline.name(waiting[0].track) if len(waiting) == 1 else f"{len(waiting):,} tracks"
    waits_ = f"{who} waited in {waiting[0].on}{at(waiting[0].place)}"
    ends_ns = what.ends_ns or (timeline.last_ns,) * len(waiting)
    cost_ns = sum(max(0, until_ns - one.t_ns) for one, until_ns in zip(waiting, ends_ns, strict=True))
    tracks = [one.track for one in waiting]
    nothing = f"and nothing {'else ' * bool(what.died)}woke {'it' if len(waiting) == 1 else 'them'}"
    if what.ends_ns:
        limit_ns = max(one.asked_ns for one in waiting)
        nothing = f"until {'its limit' if len(waiting) == 1 else 'their limits'} of {duration(limit_ns, 2)} "
        nothing += "was over" if len(waiting) == 1 else "were over"
    waits_ += f"{',' * (not what.ends_ns)} {nothing}"
    if what.kind == "not_returned" and not what.died:
        function = timeline.tracks[waiting[0].track].base_name
        line = spot(definition(timeline, timeline.tracks[waiting[0].track])).rpartition(":")[0]
        sentence = (
            f"what {what.thing} had was taken, and not given back by {what.thing}.{what.method}() ({line}:{what.line}) "
            f"before those called {function} ended (inferred from the source) → {waits_}"
        )
        return finding(what.kind, sentence, tracks, waiting[0].t_ns, waiting[0].place, cost_ns, tracks)
    if what.kind == "setter_ended":
        last = what.died[-1]
        line = spot(_function(timeline, last)).rpartition(":")[0]
        sentence = (
            f"{timeline.name(last.id)} ended, and nobody else was left who would call {what.thing}.{what.method}() "
            f"({line}:{what.line}, inferred from the source){_too_early(what)} → {waits_}"
        )
        cost_ns = sum(max(0, _until_ns(timeline, one.track) - max(one.t_ns, last.exit_ns)) for one in waiting)
        place = Place(last.place.file, "", what.line, what.line, -1, -1) if last.place is not None else None
        return finding(what.kind, sentence, [last.id, *tracks], last.exit_ns, place, cost_ns, tracks)
    if not what.died:
        sentence = f"all items were taken, but task_done() was called too seldom → {waits_}"
        return finding(what.kind, sentence, tracks, waiting[0].t_ns, waiting[0].place, cost_ns, tracks)
    last = what.died[-1]
    place = printed(timeline, last)
    names = listed([timeline.name(track.id) for track in what.died])
    raised = f"ended with {last.value or 'an exception'}{at(place)}"
    took = f"took from {what.thing} and " if what.kind == "not_returned" else ""
    line = spot(_function(timeline, last)).rpartition(":")[0]
    sentence = (
        f"{names} {took}{raised} before {what.thing}.{what.method}() ({line}:{what.line}, inferred from the source) → "
        f"{waits_}"
    )
    first = place or _function(timeline, last)
    return finding(what.kind, sentence, [last.id, *tracks], last.exit_ns, first, cost_ns, tracks)


def _too_early(what: Broken) -> str:
    """That those who wait began with it when all that would have woken them was over."""
    early_ns = min(one.t_ns for one in what.waiting) - what.died[-1].exit_ns
    if early_ns < 0 or not what.method.startswith("notify"):
        return ""
    return f", {duration(early_ns, 2)} before anybody waited: a notify wakes only who waits by then"
