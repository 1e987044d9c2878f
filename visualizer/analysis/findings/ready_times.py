"""How long tracks are ready before a hub runs them, and which of them run late."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import LATE_NS, NAMED_NS
from visualizer.analysis.model.timeline import SUMMED, State, Timeline
from visualizer.trace import words
from visualizer.trace.columns import Column

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


@dataclass(slots=True)
class Readiness:
    """How long a track was ready while others than its hub ran: in all, in waits of NAMED_NS or longer, and the longest
    (length, READY slice, hub)."""

    total_ns: int = 0
    long_ns: int = 0
    longest: tuple[int, int, int] = (0, -1, -1)


@dataclass(slots=True)
class ReadyTimes:
    """Call `take` with all switches."""

    of: dict[int, Readiness] = field(default_factory=dict)
    _delays: Column = field(default_factory=lambda: np.zeros(0, _DELAY))

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
        for hub in np.unique(ran.hub).tolist():
            (its,) = np.nonzero(ran.hub == hub)
            waited_ns[its] -= _own_ns(timeline, hub, ran.since_ns[its], ran.t_ns[its])
        # In the order in which they ran first.
        order = ran.track.argsort(kind="stable")
        tracks, firsts = np.unique(ran.track[order], return_index=True)
        edges = [*firsts.tolist(), len(order)]
        for number in order[firsts].argsort().tolist():
            mine = order[edges[number] : edges[number + 1]]
            known = self.of.setdefault(int(tracks[number]), Readiness())
            its_ns = waited_ns[mine]
            known.total_ns += int(its_ns.sum())
            known.long_ns += int(its_ns[its_ns >= NAMED_NS].sum())
            longest = mine[waited_ns[mine].argmax()]
            if waited_ns[longest] > known.longest[0]:
                known.longest = int(waited_ns[longest]), int(ran.slice[longest]), int(ran.hub[longest])

    def _delay(self, timeline: Timeline, ran: _Runs, waited_ns: Column) -> None:
        """Note who ran late, or was woken late by its timer because the hub did not run."""
        columns = timeline.columns
        known = enumerate(columns.wakeups.causes.known)
        timers = [number for number, cause in known if cause in (words.TIMER, words.TIMEOUT)]
        woken_ns, cause = (np.asarray(of)[ran.wakeup] for of in (columns.wakeups.ns, columns.wakeups.cause))
        due_ns = np.full(len(waited_ns), -1, dtype=np.int64)
        (timed,) = np.nonzero(np.isin(cause, timers) & (ran.suspension >= 0))
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
        parts = []
        # As numbers: there may be many tracks.
        ready_, waiting = int(State.READY), int(State.WAITING)
        for id, low, high in zip(tracks.tolist(), edges, edges[1:], strict=False):
            track, mine = timeline.tracks[id], order[low:high]
            slices = track.slices
            step = bisect_left(track.step_slices, first + int(mine[0]), key=slices.about.__getitem__)
            before = np.asarray(track.step_slices)[step : step + high - low] - 1
            state = np.asarray(slices.state)
            good = from_hub[mine] & (before >= 0) & (state[before] == ready_)
            mine, ready = mine[good], before[good]
            about = np.asarray(slices.about)
            suspended = (ready > 0) & (state[ready - 1] == waiting)
            suspension = np.where(suspended, about[ready - 1], -1)
            parts.append((mine, np.asarray(slices.start_ns)[ready], ready, about[ready], suspension))
        if not parts:
            return None
        row, since_ns, ready, wakeup, suspension = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = row.argsort()
        row = row[order]
        return cls(
            target[row], origin[row], t_ns[row], since_ns[order], ready[order], wakeup[order], suspension[order]
        )


def _own_ns(timeline: Timeline, hub: int, since_ns: Column, until_ns: Column) -> Column:
    """How much of each of these times the hub ran, or was idle: no other track kept it from anything meanwhile."""
    cumulative = timeline.tracks[hub].slices.cumulative
    until, since = (cumulative.spent(edge.astype(np.float64)) for edge in (until_ns, since_ns))
    own: Column = sum((until[at] - since[at] for at in map(SUMMED.index, _OWN)), np.zeros(len(since_ns)))
    return own.astype(np.int64)
