"""Who waits for whom at one moment: links from tracks to what they wait for, chains of those, and circles.

Only what the trace tells: whom a track joins, resumed or switched to, on which thing it waits, and, where a deadlock
told it, who holds that. A suspended track takes and gives back nothing, so what it held then it has held since it
suspended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from visualizer.analysis.model.owners import Owners, stands_since
from visualizer.analysis.model.timeline import FINAL, State, Suspension, Timeline, Track, joined_tracks
from visualizer.trace import words


class Wait(NamedTuple):
    """Tracks of a kind that all wait for the same.

    `on`: the tracks that they wait for: those that they join, or resumed, or that hold `thing`. `suspension` is that of
    the first, with its reason and place; `since_ns` is when the first of them began to wait; `due_ns` when the first
    timer of those who sleep is over, -1 where that is not known, or they do not sleep.
    """

    waiters: tuple[int, ...]
    suspension: Suspension
    thing: str
    on: tuple[int, ...]
    since_ns: int
    due_ns: int = -1


class WaitGraph(NamedTuple):
    """What all tracks do at `t_ns`, as far as that is running, being ready, or waiting; a hub waits only if blocked."""

    t_ns: int
    running: tuple[int, ...]
    ready: tuple[int, ...]
    waits: tuple[Wait, ...]
    #: Each waits for the next, and the last for the first.
    circles: tuple[tuple[Wait, ...], ...]
    #: Hubs that are blocked, each with the track that runs on and on.
    blocked: tuple[tuple[int, int], ...]

    def of(self, track: int) -> Wait | None:
        """What that track waits for."""
        return next((wait for wait in self.waits if track in wait.waiters), None)


def moment_at(timeline: Timeline, t_ns: int) -> WaitGraph:
    """What is so at `t_ns`. Each track is looked at, by a binary search."""
    running: list[int] = []
    ready: list[int] = []
    blocked: list[tuple[int, int]] = []
    owners, (holders, joined) = Owners(timeline), _ties(timeline, t_ns)
    groups: dict[tuple[object, ...], list[tuple[int, Suspension, int]]] = {}
    found: dict[tuple[object, ...], tuple[str, tuple[int, ...]]] = {}
    for track in timeline.tracks.values():
        slices = track.slices
        at = slices.at(t_ns)
        state = slices.state[at] if at >= 0 else State.UNKNOWN
        if state == State.RUNNING:
            running.append(track.id)
        elif track.schedules:
            if state == State.BLOCKED and slices.about[at] in timeline.tracks:
                blocked.append((track.id, slices.about[at]))
        elif state == State.READY:
            ready.append(track.id)
        elif state == State.WAITING:
            suspension = timeline.suspensions[slices.about[at]]
            thing, on = _waited_for(timeline, suspension, t_ns, owners, holders, joined)
            # Of a sleep that is for how long: a timer is a timer.
            where = "" if suspension.reason == words.SLEEP else suspension.on
            kind = track.process, track.base_name, track.kind, suspension.reason, where, suspension.direction, thing, on
            groups.setdefault(kind, []).append((track.id, suspension, slices.start_ns[at]))
            found[kind] = thing, on
    waits = tuple(
        Wait(
            tuple(track for track, _, _ in of),
            of[0][1],
            *found[kind],
            min(since_ns for _, _, since_ns in of),
            _due_ns([suspension for _, suspension, _ in of]),
        )
        for kind, of in groups.items()
    )
    return WaitGraph(t_ns, tuple(running), tuple(ready), waits, tuple(_circles(waits)), tuple(blocked))


def _due_ns(suspensions: list[Suspension]) -> int:
    """When the first of those who sleep are due; -1 if it is not known of all."""
    if suspensions[0].reason != words.SLEEP or any(suspension.asked_ns < 0 for suspension in suspensions):
        return -1
    return min(suspension.t_ns + suspension.asked_ns for suspension in suspensions)


def chains(moment: WaitGraph) -> Iterator[list[Wait]]:
    """From each whom nobody waits for alone, over whom it waits for, to the last who waits. Circles are left out.

    A chain that runs into a circle ends with the member of it that it comes to.
    """
    waiting = _by_track(moment.waits)
    within = {wait for circle in moment.circles for wait in circle}
    # Those that stand after another in its chain.
    followed = {after for wait in moment.waits if (after := _after(wait, waiting)) is not None}
    for first in moment.waits:
        if first in within or first in followed:
            continue
        chain = [first]
        while (after := _after(chain[-1], waiting)) is not None:
            chain.append(after)
            if after in within:
                break
        yield chain


def woken_by(timeline: Timeline, wait: Wait, t_ns: int) -> tuple[int, int] | None:
    """Who ends the wait of the first of them, and when: what a recording knows of the future. None if it does not."""
    slices = timeline.tracks[wait.waiters[0]].slices
    after = slices.at(t_ns) + 1
    if after >= len(slices) or slices.state[after] != State.READY:
        return None
    waker = timeline.wakeups[slices.about[after]].waker
    return (waker, slices.start_ns[after]) if waker in timeline.tracks else None


def _ties(timeline: Timeline, t_ns: int) -> tuple[dict[str, int], dict[int, tuple[int, ...]]]:
    """What deadlocks told that is so at `t_ns`, too: thing -> who holds it, and track -> those that it joined."""
    holders: dict[str, int] = {}
    joined: dict[int, tuple[int, ...]] = {}
    for tie in timeline.ties:
        track = timeline.tracks.get(tie.track)
        if track is None or not stands_since(track, tie.t_ns, t_ns):
            continue
        if tie.relation == words.HOLDS:
            holders[tie.object] = tie.track
        elif tie.relation == words.AWAITS:
            joined[tie.track] = tie.on_tracks
    return holders, joined


def _waited_for(
    timeline: Timeline, suspension: Suspension, t_ns: int, owners: Owners, holders: dict[str, int],
    joined: dict[int, tuple[int, ...]],
) -> tuple[str, tuple[int, ...]]:
    """The thing, "" if it is no thing or not known; and the tracks."""
    known = timeline.tracks
    several = joined_tracks(suspension.object) or joined.get(suspension.track, ())
    if several:
        # Those that have ended are not waited for any more.
        return "", tuple(one for one in several if one in known and not _has_ended(known[one], t_ns))
    if suspension.on_track in known:
        return "", (suspension.on_track,)
    holder = holders.get(suspension.object, words.NOBODY)
    holder = owners.of(suspension, t_ns) if holder == words.NOBODY else holder
    return suspension.object, (holder,) if holder in known else ()


def _has_ended(track: Track, t_ns: int) -> bool:
    at = track.slices.at(t_ns)
    return at >= 0 and track.slices.state[at] in FINAL


def _by_track(waits: tuple[Wait, ...]) -> dict[int, Wait]:
    return {track: wait for wait in waits for track in wait.waiters}


def _after(wait: Wait, waiting: dict[int, Wait]) -> Wait | None:
    """What the one whom they wait for waits for itself; None if they wait for several, or for nobody who waits."""
    return waiting.get(wait.on[0]) if len(wait.on) == 1 else None


def _circles(waits: tuple[Wait, ...]) -> Iterator[tuple[Wait, ...]]:
    waiting = _by_track(waits)
    seen: dict[Wait, int] = {}
    for number, first in enumerate(waits):
        path: list[Wait] = []
        wait: Wait | None = first
        while wait is not None and wait not in seen:
            seen[wait] = number
            path.append(wait)
            wait = _after(wait, waiting)
        if wait is not None and seen[wait] == number:
            yield tuple(path[path.index(wait) :])
