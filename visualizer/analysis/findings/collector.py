"""One pass over what arrives, in its order: what the findings are made from.

Each entry of the timeline is looked at once, however often somebody asks. What is kept is what may become a finding:
turns and delays that are long, and a number or two for each track.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from visualizer.analysis.findings.answer_times import Answers
from visualizer.analysis.findings.base import LATE_NS, NAMED_NS, POLL_STEP_NS, park_before
from visualizer.analysis.findings.joins import expression, only_waits
from visualizer.analysis.model.blocking import busiest
from visualizer.analysis.model.timeline import Entry, Park, State, Switch, Timeline, Track, Wakeup
from visualizer.trace import words

#: Over a shorter wait it makes no difference whether the hub polled meanwhile.
_LONG_NS = 1_000_000


class Turn(NamedTuple):
    """From `start_ns` to `end_ns` a hub was blocked, mostly by `track`.

    `switch` is the number of the switch back to the hub, -1 if there was none.
    """

    start_ns: int
    end_ns: int
    track: int
    switch: int


class Delay(NamedTuple):
    """`track` could have run from `due_ns` on and ran at `ran_ns`.

    `hub` is who then switched to it; `slice` the number of the READY slice between. With a `park` (its number) it
    had asked its timer for `due_ns`, and was woken only at `ran_ns`.
    """

    track: int
    hub: int
    due_ns: int
    ran_ns: int
    slice: int
    park: int = -1


@dataclass(slots=True)
class Readiness:
    """How long a track was ready while others ran: in all, and the longest time as (length, READY slice, hub)."""

    total_ns: int = 0
    longest: tuple[int, int, int] = (0, -1, -1)


@dataclass(slots=True)
class Polls:
    """Sleeps of 0 s in a row: when they began, how many there are, and the Park (its number) of the last."""

    since_ns: int = 0
    count: int = 0
    park: int = -1


@dataclass(slots=True)
class Observed:
    """Call `take` until it returns False; then the rest holds for all that the timeline has."""

    timeline: Timeline
    #: Of each hub, in order, those of at least NAMED_NS.
    turns: dict[int, list[Turn]] = field(default_factory=dict)
    #: In order of `ran_ns`, those of at least LATE_NS.
    delays: list[Delay] = field(default_factory=list)
    readiness: dict[int, Readiness] = field(default_factory=dict)
    #: The longest row of each track.
    polls: dict[int, Polls] = field(default_factory=dict)
    #: Tracks whose end woke somebody to whom that hands on what they raised.
    retrieved: set[int] = field(default_factory=set)
    #: Track -> in which Park somebody waited for its end, without being handed what it raised; the last one.
    only_awaited: dict[int, Park] = field(default_factory=dict)
    #: Number of the last Park of each track in which it waited for others to end.
    joins: dict[int, int] = field(default_factory=dict)
    #: Hub -> number of the last switch by which it threw LoopExit into its own thread.
    loop_exits: dict[int, int] = field(default_factory=dict)
    #: Hub -> how many greenlets it has that have not ended.
    living: dict[int, int] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    _row: dict[int, Polls] = field(default_factory=dict)
    _ran_ns: dict[int, int] = field(default_factory=dict)
    _taken: int = 0

    def take(self, most: int) -> bool:
        """Look at the next entries, at most so many. Return whether there are more."""
        timeline, until = self.timeline, self._taken + most
        for entry, index in timeline.arrivals(self._taken, until):
            if entry is Entry.SWITCH:
                self._on_switch(timeline.switch(index))
            elif entry is Entry.PARK:
                self._on_park(index)
            elif entry is Entry.WAKEUP:
                wakeup = timeline.wakeups[index]
                self._row.pop(wakeup.waker, None)
                self.answers.on_wakeup(timeline, wakeup)
                if wakeup.cause == words.FINISHED:
                    self._on_finished(wakeup)
            elif entry is Entry.OUTPUT:
                self._row.pop(timeline.outputs[index].track, None)
            elif entry is Entry.SPAWN:
                spawned = timeline.tracks[timeline.spawns[index]]
                self._row.pop(spawned.creator, None)
                if spawned.parent != words.NOBODY:
                    self.living[spawned.parent] = self.living.get(spawned.parent, 0) + 1
            elif entry is Entry.EXIT:
                ended = timeline.tracks[timeline.exits[index]]
                self._row.pop(ended.id, None)
                if self.living.get(ended.parent):
                    self.living[ended.parent] -= 1
        self._taken = min(until, timeline.arrived)
        return self._taken < timeline.arrived

    def _on_switch(self, switch: Switch) -> None:
        timeline = self.timeline
        target = timeline.tracks[switch.target]
        self._ran_ns[target.id] = switch.t_ns
        if target.schedules:
            self.answers.on_switch(switch)
            self._on_hub(target, switch)
        elif timeline.tracks[switch.origin].schedules:
            if switch.cause == words.THROW and (switch.value or "").startswith("LoopExit("):
                self.loop_exits[switch.origin] = switch.index
            self._on_run(target, switch)

    def _on_hub(self, hub: Track, switch: Switch) -> None:
        """The hub runs again: was it blocked for long?"""
        states = hub.slices.state
        index = hub.slice_of_step(switch.index) - 1
        while index > 0 and states[index] == State.READY:
            index -= 1
        if index < 0 or states[index] not in (State.WAITING, State.BLOCKED, State.CREATED):
            return
        start_ns = hub.slices.start_ns[index]
        if switch.t_ns - start_ns < NAMED_NS:
            return
        # Where nobody but the thread itself has anything to do, it keeps nobody waiting.
        if self.living.get(hub.id) or switch.park < 0:
            track = busiest(self.timeline, hub, start_ns, switch.t_ns)
            self.turns.setdefault(hub.id, []).append(Turn(start_ns, switch.t_ns, track, switch.index))

    def _on_run(self, track: Track, switch: Switch) -> None:
        """A hub switched to the track: how long had it been ready?"""
        slices, timeline = track.slices, self.timeline
        ready = track.slice_of_step(switch.index) - 1
        if ready < 0 or slices.state[ready] != State.READY:
            return
        hub = timeline.tracks[switch.origin].slices
        since_ns = slices.start_ns[ready]
        waited_ns = switch.t_ns - since_ns
        if waited_ns >= LATE_NS:
            self.delays.append(Delay(track.id, switch.origin, since_ns, switch.t_ns, ready))
        if waited_ns >= _LONG_NS:
            waited_ns -= hub.spent_ns(State.IDLE, switch.t_ns) - hub.spent_ns(State.IDLE, since_ns)
        known = self.readiness.setdefault(track.id, Readiness())
        known.total_ns += waited_ns
        if waited_ns > known.longest[0]:
            known.longest = (waited_ns, ready, switch.origin)
        wakeup = timeline.wakeups[slices.about[ready]]
        if wakeup.cause != words.TIMER or not ready or slices.state[ready - 1] != State.WAITING:
            return
        park = timeline.parks[slices.about[ready - 1]]
        due_ns = park.t_ns + park.asked_ns
        if park.asked_ns <= 0 or wakeup.t_ns - due_ns < LATE_NS:
            return
        stood = (State.WAITING, State.BLOCKED)
        blocked_ns = sum(hub.spent_ns(state, wakeup.t_ns) - hub.spent_ns(state, due_ns) for state in stood)
        if blocked_ns >= LATE_NS:
            index = slices.about[ready - 1]
            self.delays.append(Delay(track.id, switch.origin, due_ns, wakeup.t_ns, ready, index))

    def _on_finished(self, wakeup: Wakeup) -> None:
        """Who waited for the end of the waker is woken by it."""
        waiter = self.timeline.tracks.get(wakeup.track)
        park = park_before(self.timeline, waiter, wakeup.t_ns) if waiter is not None else None
        if park is not None and only_waits(expression(self.timeline, park)):
            self.only_awaited[wakeup.waker] = park
        else:
            self.retrieved.add(wakeup.waker)

    def _on_park(self, index: int) -> None:
        park = self.timeline.parks[index]
        track = park.track
        if park.reason == words.JOIN:
            self.joins[track] = index
        elif park.reason == words.IO:
            self.answers.on_park(park)
        if park.reason != words.SLEEP or park.asked_ns:
            self._row.pop(track, None)
            return
        row = self._row.get(track)
        if row is None or park.t_ns - self._ran_ns.get(track, park.t_ns) > POLL_STEP_NS:
            row = self._row[track] = Polls(park.t_ns)
        row.count += 1
        row.park = index
        best = self.polls.get(track)
        if best is None or row.count > best.count:
            self.polls[track] = row


def longest_turn(turns: list[Turn], start_ns: int, end_ns: int) -> Turn | None:
    """Of turns in order the one that takes most of the time from `start_ns` to `end_ns`; None if none does."""
    best, longest_ns = None, 0
    for index in range(bisect_left(turns, start_ns, key=lambda turn: turn.end_ns), len(turns)):
        turn = turns[index]
        if turn.start_ns >= end_ns:
            break
        shared_ns = min(turn.end_ns, end_ns) - max(turn.start_ns, start_ns)
        if shared_ns > longest_ns:
            best, longest_ns = turn, shared_ns
    return best
