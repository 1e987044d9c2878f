"""How long tracks are ready before a hub runs them, and which of them run late."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import LATE_NS, NAMED_NS
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.trace import words
from visualizer.trace.columns import Column, unique

#: In these states a hub keeps nobody waiting but by its own work.
_OWN = (State.RUNNING, State.IDLE)


class Delay(NamedTuple):
    """`track` could have run from `due_ns` on and ran at `ran_ns`.

    `hub` is who then switched to it; `slice` the number of the READY slice between. With a `suspension` (its number) it
    had asked its timer for `due_ns`, and was woken only at `ran_ns`.
    """

    track: int
    hub: int
    due_ns: int
    ran_ns: int
    slice: int
    suspension: int = -1


_DELAY = np.dtype([(name, np.int64) for name in Delay._fields])


class Readiness(NamedTuple):
    """How long a track was ready while others than its hub ran: in all, in waits of NAMED_NS or longer, and the longest
    of them: how long that was, which READY slice, and which hub."""

    track: int
    total_ns: int
    long_ns: int
    longest_ns: int
    slice: int
    hub: int


@dataclass(slots=True)
class ReadyTimes:
    """Call `take` with all switches."""

    #: The fields of Readiness as columns: a row for each, and a track may be in several.
    _parts: list[Column] = field(default_factory=list)
    _delays: Column = field(default_factory=lambda: np.zeros(0, _DELAY))

    def of(self, long_ns: int) -> Iterator[Readiness]:
        """Tracks that were ready for so long, in the order in which they ran first; short waits are not counted."""
        if len(self._parts) > 1:
            self._parts = [_added_up(np.concatenate(self._parts, axis=1))]
        for part in self._parts:
            yield from map(Readiness._make, part[:, part[2] >= long_ns].T.tolist())

    @property
    def delays(self) -> Column:
        """Those of at least LATE_NS in order of their switches, with the fields of Delay."""
        return self._delays

    def take(self, timeline: Timeline, first: int, from_hub: Column) -> None:
        """Look at as many switches as `from_hub` says which are from a hub to another track; `first` is the first."""
        ran = _Runs.after(timeline, first, from_hub)
        if ran is None:
            return
        waited_ns = ran.t_ns - ran.since_ns
        self._delay(timeline, ran, waited_ns)
        for hub in unique(ran.hub).tolist():
            (its,) = np.nonzero(ran.hub == hub)
            waited_ns[its] -= _own_ns(timeline, hub, ran.since_ns[its], ran.t_ns[its])
        long_ns = np.where(waited_ns >= NAMED_NS, waited_ns, 0)
        self._parts.append(_added_up(np.array([ran.track, waited_ns, long_ns, waited_ns, ran.slice, ran.hub])))

    def _delay(self, timeline: Timeline, ran: _Runs, waited_ns: Column) -> None:
        """Note who ran late, or was woken late by its timer because the hub did not run."""
        columns = timeline.columns
        woken_ns = np.asarray(columns.wakeups.ns)[ran.wakeup]
        due_ns = np.full(len(waited_ns), -1, dtype=np.int64)
        (timed,) = np.nonzero(columns.wakeups.are_by(ran.wakeup, words.TIMER, words.TIMEOUT) & (ran.suspension >= 0))
        asked_ns = columns.suspensions.asked_for(ran.suspension[timed])
        due_ns[timed] = np.where(asked_ns > 0, columns.suspensions.whose(ran.suspension[timed])[0] + asked_ns, -1)
        late, late_timer = waited_ns >= LATE_NS, (due_ns >= 0) & (woken_ns - due_ns >= LATE_NS)
        (some,) = np.nonzero(late | late_timer)
        found = np.zeros((len(some), 2), _DELAY)
        which = np.stack((late[some], late_timer[some]), axis=1)
        found["track"], found["hub"], found["slice"] = (of[some, None] for of in (ran.track, ran.hub, ran.slice))
        found["due_ns"][:, 0], found["ran_ns"][:, 0], found["suspension"][:, 0] = ran.since_ns[some], ran.t_ns[some], -1
        found["due_ns"][:, 1], found["ran_ns"][:, 1] = due_ns[some], woken_ns[some]
        found["suspension"][:, 1] = ran.suspension[some]
        for number in np.flatnonzero(which[:, 1]).tolist():
            _, hub, due, woken, *_ = found[number, 1].tolist()
            spent_ns, stood = timeline.tracks[hub].slices.spent_ns, (State.WAITING, State.BLOCKED)
            which[number, 1] = sum(spent_ns(state, woken) - spent_ns(state, due) for state in stood) >= LATE_NS
        self._delays = np.concatenate((self._delays, found[which]))


def _added_up(parts: Column) -> Column:
    """Columns of Readiness with one row for each track, in the order in which they come first."""
    order = parts[0].argsort(kind="stable")
    parts = parts[:, order]
    tracks, firsts = np.unique(parts[0], return_index=True)
    most_ns = np.maximum.reduceat(parts[3], firsts)
    (most,) = np.nonzero(parts[3] == np.repeat(most_ns, np.diff(firsts, append=len(order))))
    longest = most[np.unique(parts[0, most], return_index=True)[1]]
    total_ns, long_ns = np.add.reduceat(parts[1:3], firsts, axis=1)
    added: Column = np.array([tracks, total_ns, long_ns, most_ns, *parts[4:, longest]])
    return added[:, order[firsts].argsort()]


class _Runs(NamedTuple):
    """Runs, in order, of tracks that were ready: which slice that was, what made it ready, and its suspension until
    then (-1 if it was in none)."""

    track: Column
    hub: Column
    t_ns: Column
    since_ns: Column
    slice: Column
    wakeup: Column
    suspension: Column

    @classmethod
    def after(cls, timeline: Timeline, first: int, from_hub: Column) -> _Runs | None:
        """Those that switches from hubs began; None if there are none."""
        switches = timeline.columns.switches
        here = slice(first, first + len(from_hub))
        target, t_ns, origin = (np.asarray(of)[here] for of in (switches.target, switches.ns, switches.origin))
        (asked,) = np.nonzero(from_hub)
        # Whom hubs run at all: all switches to those, track by track.
        order = np.flatnonzero(np.isin(target, target[asked]))
        order = order[target[order].argsort(kind="stable")]
        tracks, firsts = np.unique(target[order], return_index=True)
        edges = [*firsts.tolist(), len(order)]
        if not len(order):
            return None
        # Of each track the slices from two before the first of its runs on, and which of these its runs are; of many
        # that nobody has asked for all slices.
        parts: list[tuple[Column, ...]] = []
        before, at = 0, 0
        for those in timeline.tracks.slices(tracks.tolist()):
            count = edges[at + len(those.counts)] - edges[at]
            at += len(those.counts)
            start_ns, state = np.frombuffer(those.start_ns, dtype=np.int64), np.frombuffer(those.state, dtype=np.uint8)
            about, runs = (np.frombuffer(column, dtype=np.int32) for column in (those.about, those.steps))
            if len(those.counts) == 1:
                step = bisect_left(runs, first + int(order[edges[at - 1]]), key=about.__getitem__)
                own = runs[step : step + count].astype(np.int64)
                begin = max(0, int(own[0]) - 2)
                here, shift = slice(begin, int(own[-1]) + 1), np.full(count, before - begin)
            else:
                begins = np.repeat(those.counts.cumsum() - those.counts, those.step_counts)
                switch = about[begins + runs]
                wanted = (switch >= first) & (switch < first + len(from_hub))
                own, here, shift = runs[wanted].astype(np.int64), slice(None), before + begins[wanted]
            parts.append((start_ns[here], state[here], about[here], own, shift))
            before += len(parts[-1][0])
        # `shift`: from the number of a slice to where it stands here.
        start_ns, state, about, runs, shift = map(np.concatenate, zip(*parts, strict=True))
        ready = runs - 1
        good = from_hub[order] & (ready >= 0)
        good[good] = state[(ready + shift)[good]] == State.READY
        row, ready, at = order[good], ready[good], (ready + shift)[good]
        suspended = ready > 0
        suspended[suspended] = state[at[suspended] - 1] == State.WAITING
        suspension = np.where(suspended, about[at - 1], -1)
        by_time = row.argsort()
        row, ready, at, suspension = row[by_time], ready[by_time], at[by_time], suspension[by_time]
        return cls(target[row], origin[row], t_ns[row], start_ns[at], ready, about[at], suspension)


def _own_ns(timeline: Timeline, hub: int, since_ns: Column, until_ns: Column) -> Column:
    """How much of each of these times the hub ran, or was idle: no other track kept it from anything meanwhile."""
    slices = timeline.tracks[hub].slices
    here = slice(max(0, slices.at(int(since_ns.min()))), slices.at(int(until_ns.max())) + 1)
    start_ns, state = np.asarray(slices.start_ns)[here], np.asarray(slices.state)[here]
    if not len(start_ns):
        return np.zeros(len(since_ns), dtype=np.int64)
    own = np.isin(state, _OWN)
    spent_ns = np.concatenate(([0], np.cumsum(np.diff(start_ns) * own[:-1])))

    def before(t_ns: Column) -> Column:
        at = start_ns.searchsorted(t_ns, side="right") - 1
        return np.where(at >= 0, spent_ns[at] + own[at] * (t_ns - start_ns[at]), 0)

    return before(until_ns) - before(since_ns)
