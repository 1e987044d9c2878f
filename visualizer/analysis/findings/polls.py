"""Which tracks sleep for 0 s again and again, or wait so long, in vain, and do nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import FROM_OUTSIDE, POLL_STEP_NS, POLLS
from visualizer.analysis.model.timeline import Entry, Timeline
from visualizer.trace import words
from visualizer.trace.columns import Column

#: What a track does: it runs, it sleeps for 0 s, or anything else, which ends a row of such sleeps. To resume a
#: generator is part of a run. A time limit of 0 s is such a sleep, if nobody ends that wait.
_RUNS, _SLEEPS, _ELSE = range(3)
_LONG_AGO_NS = -(1 << 62)


@dataclass(slots=True)
class Polls:
    """Sleeps of 0 s in a row: when they began, how many there are, and the Suspension (its number) of the last.

    `busy`, `busy_ns`: how many steps between them were longer than POLL_STEP_NS, and for how long they ran.
    """

    since_ns: int = 0
    count: int = 0
    suspension: int = -1
    busy: int = 0
    busy_ns: int = 0


@dataclass(slots=True)
class PollRows:
    """Call `take` with all that arrives."""

    #: Of each track the longest row of at least POLLS, or the one that is not over, if that is longer.
    longest: dict[int, Polls] = field(default_factory=dict)
    #: Track -> its row that is not over; and when it ran last.
    _open: dict[int, Polls] = field(default_factory=dict)
    _ran_ns: dict[int, int] = field(default_factory=dict)

    def take(self, timeline: Timeline, entry: Column, index: Column) -> None:
        """`entry`, `index`: as `Timeline.arrived_between` has them."""
        did = _Deeds.of(timeline, entry, index)
        order = did.who.argsort(kind="stable")
        who, what, t_ns, suspension = (column[order] for column in did)
        if not len(who):
            return
        ran_ns = self._ran(who, what, t_ns)
        acts = what != _RUNS
        who, what, t_ns, suspension, ran_ns = (column[acts] for column in (who, what, t_ns, suspension, ran_ns))
        if not len(who):
            return
        sleeps = what == _SLEEPS
        changes = np.append(who[1:] != who[:-1], True)
        first = np.concatenate(([True], changes[:-1]))
        goes_on = np.concatenate(([False], sleeps[:-1]))
        before = {track: self._open.pop(track) for track in who[first].tolist() if track in self._open}
        goes_on[first] = np.isin(who[first], list(before))
        new = sleeps & ~goes_on
        is_busy = sleeps & ~new & (t_ns - ran_ns > POLL_STEP_NS)
        busy, busy_ns = is_busy.cumsum(), np.where(is_busy, t_ns - ran_ns, 0).cumsum()
        # A part of a row: all of it, or what goes on from before.
        (begins,) = np.nonzero(new | (sleeps & first))
        if not len(begins):
            return
        (asleep,) = np.nonzero(sleeps)
        ends = asleep[np.append(asleep.searchsorted(begins[1:]), len(asleep)) - 1]
        counts = np.diff(np.append(asleep.searchsorted(begins), len(asleep)))
        is_open = changes[ends]
        for at in np.flatnonzero((counts >= POLLS) | is_open | ~new[begins]).tolist():
            begin, end = int(begins[at]), int(ends[at])
            track = int(who[begin])
            row = Polls(int(t_ns[begin])) if new[begin] else before[track]
            row.count += int(counts[at])
            # The first of a row that goes on stands behind a step, too.
            row.busy += int(busy[end] - (busy[begin - 1] if begin else 0))
            row.busy_ns += int(busy_ns[end] - (busy_ns[begin - 1] if begin else 0))
            row.suspension = int(suspension[end])
            best = self.longest.get(track)
            if best is None or row.count > best.count:
                self.longest[track] = row
            if is_open[at]:
                self._open[track] = row

    def _ran(self, who: Column, what: Column, t_ns: Column) -> Column:
        """When the track of each deed began to run, as far as that is known, else the time of the deed."""
        changes = np.append(who[1:] != who[:-1], True)
        (first,) = np.nonzero(np.concatenate(([True], changes[:-1])))
        position, runs = np.arange(len(who)), what == _RUNS
        since = np.where(runs, position, -1)
        since[first] = first
        since = np.maximum.accumulate(since)
        ran_ns = t_ns[since]
        # Behind the first deed of a track, which is no run: it ran before.
        unknown = ~runs[since]
        tracks = who[unknown].tolist()
        known = [self._ran_ns.get(track, _LONG_AGO_NS) for track in tracks] if self._ran_ns else _LONG_AGO_NS
        ran_ns[unknown] = known
        ran_ns = np.where(ran_ns == _LONG_AGO_NS, t_ns, ran_ns)
        last = np.flatnonzero(changes)
        last = last[runs[since[last]]]
        self._ran_ns.update(zip(who[last].tolist(), t_ns[since[last]].tolist(), strict=True))
        return ran_ns


class _Deeds(NamedTuple):
    """Who did what, when, and with which Suspension, in the order of the trace."""

    who: Column
    what: Column
    t_ns: Column
    suspension: Column

    @classmethod
    def of(cls, timeline: Timeline, entry: Column, index: Column) -> _Deeds:
        switches, suspensions, wakeups, _ = timeline.columns
        who, t_ns, suspension = (np.full(len(entry), -1, dtype=np.int64) for _ in range(3))
        what = np.full(len(entry), _ELSE)
        kinds = Entry.SWITCH, Entry.SUSPENSION, Entry.WAKEUP
        (ran,), (stood,), (woke,) = (np.nonzero(entry == kind) for kind in kinds)
        spawned, over, written = (index[entry == kind].tolist() for kind in (Entry.SPAWN, Entry.EXIT, Entry.OUTPUT))
        reasons = [reason for reason, *_ in suspensions.details.known]
        generators = timeline.tracks.ids_of_kind(words.GENERATOR) if words.RESUMED in reasons else []
        what[ran] = _RUNS
        who[ran], t_ns[ran] = (np.asarray(column)[index[ran]] for column in (switches.target, switches.ns))
        who[ran[np.isin(np.asarray(switches.origin)[index[ran]], generators)]] = words.NOBODY
        t_ns[stood], who[stood] = suspensions.whose(index[stood])
        suspension[stood] = index[stood]
        sleep, resumes = (
            np.array(those, dtype=bool)[np.asarray(suspensions.detail)[index[stood]]]
            for those in (
                [reason == words.SLEEP or reason not in FROM_OUTSIDE for reason in reasons],
                [reason == words.RESUMED for reason in reasons],
            )
        )
        what[stood[sleep & (suspensions.asked_for(index[stood]) == 0)]] = _SLEEPS
        who[stood[resumes]] = words.NOBODY
        who[woke] = np.asarray(wakeups.waker)[index[woke]]
        made = [timeline.spawns[number] for number in spawned]
        creators = np.array(timeline.tracks.creators(made), dtype=np.int64)
        who[entry == Entry.SPAWN] = np.where(np.isin(made, generators), words.NOBODY, creators)
        who[entry == Entry.EXIT] = [timeline.exits[number] for number in over]
        who[entry == Entry.OUTPUT] = [timeline.outputs[number].track for number in written]
        # Whoever is woken by another one that runs waited for that.
        (by_others,) = np.nonzero(~np.isin(who[woke], timeline.hubs))
        served = np.asarray(wakeups.track)[index[woke[by_others]]]
        order = np.concatenate((np.arange(len(entry)), woke[by_others])).argsort(kind="stable")
        more = (served, np.full(len(served), _ELSE), np.full(len(served), -1), np.full(len(served), -1))
        columns = ((who, what, t_ns, suspension), more)
        who, what, t_ns, suspension = (np.concatenate(both)[order] for both in zip(*columns, strict=True))
        known = who != words.NOBODY
        return cls(who[known], what[known], t_ns[known], suspension[known])
