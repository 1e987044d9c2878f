"""One pass over what arrives, in its order: what the findings are made from.

Each entry of the timeline is looked at once, however often somebody asks, most of them together, as columns. What is
kept is what may become a finding: turns and delays that are long, and a number or two for each track.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import numpy as np

from visualizer.analysis.findings.answer_times import Answers
from visualizer.analysis.findings.base import NAMED_NS, number_of_suspension_before, suspension_before
from visualizer.analysis.findings.joins import expression, joins_group, only_waits
from visualizer.analysis.findings.polls import PollRows
from visualizer.analysis.findings.ready_times import ReadyTimes
from visualizer.analysis.model.columns import ends_of
from visualizer.analysis.model.timeline import Entry, Place, State, Switch, Timeline, Track, Wakeup
from visualizer.trace import words
from visualizer.trace.columns import Column, unique

_Result = TypeVar("_Result")
_LONG_AGO_NS = -(1 << 62)


class LongRun(NamedTuple):
    """From `start_ns` to `end_ns` a hub was blocked, mostly by `track`.

    `switch` is the number of the switch back to the hub, -1 if there was none.
    """

    start_ns: int
    end_ns: int
    track: int
    switch: int


@dataclass(slots=True)
class Observed:
    """Call `take` until it returns False; then the rest holds for all that the timeline has."""

    timeline: Timeline
    #: Of each hub, in order, those of at least NAMED_NS.
    turns: dict[int, list[LongRun]] = field(default_factory=dict)
    ready: ReadyTimes = field(default_factory=ReadyTimes)
    polls: PollRows = field(default_factory=PollRows)
    #: Tracks whose end woke somebody to whom that hands on what they raised.
    retrieved: set[int] = field(default_factory=set)
    #: Track -> the number of the last Suspension in which somebody waited for its end, without being handed what it
    #: raised.
    only_awaited: dict[int, int] = field(default_factory=dict)
    #: From when to when somebody waited for all members of a group, and was handed what one of them raised.
    group_joins: list[tuple[int, int]] = field(default_factory=list)
    #: Number of the last Suspension of each track in which it waited for others to end.
    joins: dict[int, int] = field(default_factory=dict)
    #: Hub -> where its own thread waited as it threw LoopExit into that -> number of the last switch that did so.
    loop_exits: dict[int, dict[Place | None, int]] = field(default_factory=dict)
    #: Hub -> how many greenlets it has that have not ended.
    living: dict[int, int] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    #: What `once` keeps: by what worked it out, of which version of the timeline, and how many entries.
    worked_out: dict[object, tuple[int, int, Any]] = field(default_factory=dict)
    _hubs: list[int] = field(default_factory=list)
    #: By the number of a suspension's detail: whether who waits so only waits for an end.
    _only_waits: dict[int, bool] = field(default_factory=dict)
    _joins_groups: set[int] = field(default_factory=set)
    #: How many entries have been looked at.
    taken: int = 0

    def take(self, most: int) -> bool:
        """Look at the next entries, at most so many. Return whether there are more."""
        timeline = self.timeline
        since, self.taken = self.taken, min(timeline.arrived, self.taken + most)
        if since < self.taken:
            self._hubs = timeline.hubs
            self._look(*timeline.arrived_between(since, self.taken))
        return self.taken < timeline.arrived

    def _look(self, entry: Column, index: Column) -> None:
        """Add up what is common; what may tell more than that is looked at on its own, in order."""
        timeline = self.timeline
        self.polls.take(timeline, entry, index)
        notable = self._notable_wakeups_and_suspensions(entry, index)
        parent, change = np.full((2, len(entry)), [[words.NOBODY], [1]])
        for kind, ids, by in ((Entry.SPAWN, timeline.spawns, 1), (Entry.EXIT, timeline.exits, -1)):
            (some,) = np.nonzero(entry == kind)
            parent[some] = timeline.tracks.parents([ids[number] for number in index[some].tolist()])
            change[some] = by
        (lives,) = np.nonzero(parent != words.NOBODY)
        parent, change, counted = parent[lives], change[lives], 0
        is_switch = entry == Entry.SWITCH
        (at,) = np.nonzero(is_switch)
        if len(at):
            first = int(index[at[0]])
            notable[at] = self._notable_switches(first, len(at))
        seen = (int(index[at[0]]) if len(at) else timeline.switch_count) + is_switch.cumsum()
        (some,) = np.nonzero(notable)
        columns = (column.tolist() for column in (entry[some], index[some], seen[some], lives.searchsorted(some)))
        for kind, number, switches, until in zip(*columns, strict=True):
            match kind:
                case Entry.SWITCH:
                    self._count_living(parent[counted:until], change[counted:until])
                    counted = until
                    self._on_switch(timeline.switch(number))
                case Entry.SUSPENSION:
                    suspension = timeline.suspensions[number]
                    if suspension.reason == words.IO:
                        self.answers.on_suspension(suspension, timeline.opened)
                case Entry.WAKEUP:
                    wakeup = timeline.wakeups[number]
                    self.answers.on_wakeup(timeline, wakeup, switches)
                    if wakeup.cause == words.FINISHED:
                        self._on_finished(wakeup)
        self._count_living(parent[counted:], change[counted:])

    def _count_living(self, parent: Column, change: Column) -> None:
        """Tracks of these parents were spawned (1) or ended (-1)."""
        for hub in unique(parent).tolist():
            changes = change[parent == hub]
            sums = changes.cumsum()
            if hub in self.living or (changes > 0).any():
                # Where more have ended than were known to be there, nobody is left.
                self.living[hub] = int(sums[-1] + max(self.living.get(hub, 0), -sums.min()))

    def _notable_switches(self, first: int, count: int) -> Column:
        """Which of the switches from number `first` on are to a hub that did not run for long, or by LoopExit."""
        switches = self.timeline.columns.switches
        origin, target, t_ns, how = (
            np.asarray(column)[first : first + count]
            for column in (switches.origin, switches.target, switches.ns, switches.detail)
        )
        to_hub = np.isin(target, self._hubs)
        from_hub = np.isin(origin, self._hubs) & ~to_hub
        if from_hub.any():
            self.ready.take(self.timeline, first, from_hub)
        throws = np.array([cause == words.THROW for cause, _ in switches.details.known], dtype=bool)
        notable: Column = from_hub & throws[how]
        for hub in self._hubs:
            (near,) = np.nonzero((origin == hub) | (target == hub))
            # It stood no longer than from the last time that it had anything to do with a switch.
            stood_ns = np.diff(t_ns[near], prepend=_LONG_AGO_NS)
            notable[near[(target[near] == hub) & (stood_ns >= NAMED_NS)]] = True
        return notable

    def _notable_wakeups_and_suspensions(self, entry: Column, index: Column) -> Column:
        """Which are by, or for, the end of somebody, or of tracks that connect to others and read from them."""
        _, suspensions, wakeups, _ = self.timeline.columns
        notable = np.full(len(entry), False)
        (stood,), (woke,) = (np.nonzero(entry == kind) for kind in (Entry.SUSPENSION, Entry.WAKEUP))
        whose, how = suspensions.whose(index[stood])[1], np.asarray(suspensions.detail)[index[stood]]
        reasons = [reason for reason, *_ in suspensions.details.known]
        ends = [suspensions.asked.known[asked][4] if asked >= 0 else "" for _, asked, _ in suspensions.details.known]
        joins, connects, reads, answers = (
            np.array([word == wanted for word in of], dtype=bool).take(how)
            for of, wanted in (
                (reasons, words.JOIN), (ends, words.CONNECT), (ends, words.READ), (self._are_opened(), True),
            )
        )
        answers &= reads
        whose_are = [*self.answers.opened, *self.answers.waits, *whose[connects | answers].tolist()]
        connected = np.array(whose_are, dtype=np.int64)
        self.joins.update(zip(whose[joins].tolist(), index[stood[joins]].tolist(), strict=True))
        notable[stood] = connects | answers | (reads & np.isin(whose, connected))
        track = np.asarray(wakeups.track)[index[woke]]
        notable[woke] = wakeups.are_by(index[woke], words.FINISHED) | np.isin(track, connected)
        return notable

    def _are_opened(self) -> list[bool]:
        """Of each detail of suspensions whether it waits on a connection that the program is known to have opened."""
        _, suspensions, _, texts = self.timeline.columns
        opened = self.timeline.opened
        asked = [ends_of(one, texts)[1:] in opened for one in suspensions.asked.known] if opened else []
        return [bool(asked) and which >= 0 and asked[which] for _, which, _ in suspensions.details.known]

    def _on_switch(self, switch: Switch) -> None:
        target = self.timeline.tracks[switch.target]
        if target.schedules:
            self._on_hub(target, switch)
        elif (switch.value or "").startswith("LoopExit("):
            suspension = suspension_before(self.timeline, target, switch.t_ns)
            # Who waits for just that, by hub.join() or gevent.wait(), got it.
            if suspension is None or suspension.on_track != switch.origin:
                where = suspension.place if suspension is not None else None
                self.loop_exits.setdefault(switch.origin, {})[where] = switch.index

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
        if self.living.get(hub.id) or switch.suspension < 0:
            track = self.timeline.busiest(hub, start_ns, switch.t_ns)
            # In a damaged trace nobody may be seen to run in all that time.
            if track in self.timeline.tracks:
                self.turns.setdefault(hub.id, []).append(LongRun(start_ns, switch.t_ns, track, switch.index))

    def _on_finished(self, wakeup: Wakeup) -> None:
        """Who waited for the end of the waker is woken by it."""
        waiter, suspensions = self.timeline.tracks.get(wakeup.track), self.timeline.columns.suspensions
        number = number_of_suspension_before(waiter, wakeup.t_ns) if waiter is not None else -1
        if number >= 0 and suspensions.detail[number] not in self._only_waits:
            suspension = self.timeline.suspensions[number]
            asked = expression(self.timeline, suspension)
            self._only_waits[suspensions.detail[number]] = only_waits(asked)
            if joins_group(asked):
                self._joins_groups.add(suspensions.detail[number])
        if number >= 0 and suspensions.detail[number] in self._joins_groups:
            self.group_joins.append((self.timeline.suspensions[number].t_ns, wakeup.t_ns))
        if number >= 0 and self._only_waits[suspensions.detail[number]]:
            self.only_awaited[wakeup.waker] = number
        else:
            self.retrieved.add(wakeup.waker)


def longest_turn(turns: list[LongRun], start_ns: int, end_ns: int) -> LongRun | None:
    """Of turns in order the one that takes most of the time from `start_ns` to `end_ns`; None if none does."""
    best, longest_ns = None, 0
    for turn in turns_in(turns, start_ns, end_ns):
        shared_ns = min(turn.end_ns, end_ns) - max(turn.start_ns, start_ns)
        if shared_ns > longest_ns:
            best, longest_ns = turn, shared_ns
    return best


def turns_in(turns: list[LongRun], start_ns: int, end_ns: int) -> Iterator[LongRun]:
    """Of turns in order those that share any time with that from `start_ns` to `end_ns`."""
    for index in range(bisect_left(turns, start_ns, key=lambda turn: turn.end_ns), len(turns)):
        if turns[index].start_ns >= end_ns:
            break
        yield turns[index]


def once(work_out: Callable[[Timeline, Observed], _Result]) -> Callable[[Timeline, Observed], _Result]:
    """Work it out once for all problems that need it, as long as nothing is added. Nobody changes what is returned."""

    @wraps(work_out)
    def kept(timeline: Timeline, observed: Observed) -> _Result:
        known = observed.worked_out.get(work_out)
        if known is None or known[:2] != (timeline.version, observed.taken):
            known = timeline.version, observed.taken, work_out(timeline, observed)
            observed.worked_out[work_out] = known
        result: _Result = known[2]
        return result

    return kept
