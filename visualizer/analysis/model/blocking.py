"""Blocked hubs: while a track of its thread runs and does not yield to it, a hub can wake nobody.

Whether a hub is blocked shows only with time. Its slice is WAITING (or CREATED, before its first run) until it has
lasted for HOG_NS, and BLOCKED from then on, from its beginning; its `about` is who ran most of that time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np

from visualizer.analysis.model.columns import Switches
from visualizer.analysis.model.states import FINAL, State
from visualizer.analysis.model.types import Track
from visualizer.trace.columns import Column, nonzero, numbered

#: A track that keeps its hub from running for so long hogs it.
HOG_NS = 100_000_000
#: A timer is late from this delay on, if its hub was blocked meanwhile.
LATE_NS = 20_000_000
_STILL = (State.WAITING, State.CREATED)


class Blocking:
    """Finds the slices in which hubs are blocked."""

    def __init__(self, tracks: Mapping[int, Track], switches: Switches) -> None:
        self._tracks = tracks
        self._switches = switches
        self.hubs: dict[int, Track] = {}
        #: Parent -> how many of its greenlets have not ended, and when the last of them did, if none is left: then the
        #: hub keeps nobody waiting.
        self._living: dict[int, int] = {}
        self._emptied_ns: dict[int, int] = {}
        #: Hub -> state and `about` of its open BLOCKED slice before it was that.
        self._before: dict[int, tuple[State, int]] = {}
        self._due_ns = 0

    @property
    def has_any(self) -> bool:
        """Whether anybody has a parent."""
        return bool(self._living)

    def spawned(self, parent: int, count: int = 1) -> None:
        """So many of its greenlets have begun."""
        self._living[parent] = self._living.get(parent, 0) + count

    def ended(self, parent: int, count: int, t_ns: int) -> None:
        """So many of them have ended, the last one at `t_ns`."""
        if parent in self._living:
            self._living[parent] -= count
            self._emptied_ns[parent] = t_ns

    def living(self, hub: int) -> int:
        """How many greenlets it may have to wake."""
        return self._living.get(hub, 0)

    def look(self, t_ns: int) -> bool:
        """It is `t_ns` now: mark the hubs that have stood still for long enough. Return whether any was marked."""
        if t_ns < self._due_ns:
            return False
        # A hub that runs now and is suspended later is not due before this.
        self._due_ns = t_ns + HOG_NS
        marked = False
        for hub in self.hubs.values():
            state, start_ns = hub.slices.state[-1], hub.slices.start_ns[-1]
            if state not in _STILL:
                continue
            until_ns = self._until_ns(hub, t_ns)
            if until_ns - start_ns >= HOG_NS:
                self._before[hub.id] = State(state), hub.slices.about[-1]
                hub.slices.restate(State.BLOCKED, self.busiest(hub, start_ns, until_ns))
                hub.version += 1
                marked = True
            else:
                self._due_ns = min(self._due_ns, start_ns + HOG_NS)
        return marked

    def reopen(self, hub: Track) -> None:
        """More is known of a hub than that its open slice lasts: whether that was blocked is to be looked at again."""
        before = self._before.pop(hub.id, None)
        if before is not None and hub.slices.state[-1] == State.BLOCKED:
            hub.slices.restate(*before)
        self._due_ns = 0

    def close(self, hub: Track, index: int, is_left: bool) -> bool:
        """Slice number `index` of a hub, which stood still, is over: mark it if it was blocked. Return whether it was.

        `is_left`: whether there is, or was until that moment, anybody whom the hub may have to wake.
        """
        start_ns, end_ns = hub.slices.start_ns[index], hub.slices.start_ns[index + 1]
        if not is_left:
            # Where it runs at last it had nobody to run for.
            runs = hub.slices.state[index + 1] == State.RUNNING
            end_ns = start_ns if runs else min(end_ns, self._emptied_ns.get(hub.id, 0))
        if end_ns - start_ns < HOG_NS:
            return False
        hub.slices.restate(State.BLOCKED, self.busiest(hub, start_ns, end_ns), index)
        return True

    def _until_ns(self, hub: Track, t_ns: int) -> int:
        """Until when a hub that stood still up to `t_ns` kept tracks waiting, as far as is known."""
        thread = self._tracks.get(hub.parent)
        if not self.living(hub.id):
            t_ns = min(t_ns, self._emptied_ns.get(hub.id, 0))
        # Where its thread has ended nobody runs any more.
        return min(t_ns, thread.exit_ns) if thread is not None and thread.state in FINAL else t_ns

    def busiest(self, hub: Track, start_ns: int, end_ns: int) -> int:
        """Who ran most on the hub's thread from `start_ns`, when the hub stopped or was created, to `end_ns`; of
        several the one who ran first."""
        switches = self._switches
        low = bisect_left(switches.ns, start_ns)
        part = slice(low, bisect_left(switches.ns, end_ns, low))
        ns, origin, target = (np.asarray(column)[part] for column in (switches.ns, switches.origin, switches.target))
        back = nonzero((target == hub.id) & (ns > start_ns))[:1]
        if len(back):
            ns, origin, target = (column[: back[0]] for column in (ns, origin, target))
        first = hub.creator if hub.creator in self._tracks else hub.parent
        taken = _followed(origin, target, first, hub.id)
        ns, origin, target = (column[taken] for column in (ns, origin, target))
        runs = np.append(first, target)
        # In a damaged trace the hub may be seen to stop where another one runs: until when that ran is not known.
        is_known = np.append(origin == runs[:-1], True)
        runs = runs[is_known]
        spent_ns = np.diff(ns, prepend=start_ns, append=end_ns)[is_known]
        _, which = numbered(runs - runs.min())
        sums = np.zeros(int(which.max()) + 1, dtype=np.int64)
        np.add.at(sums, which, spent_ns)
        return int(runs[(sums == sums.max()).take(which).argmax()])


def _followed(origin: Column, target: Column, first: int, hub: int) -> Column:
    """Which of these switches are those of one thread, on which `first` runs before them: from one to the next, each is
    of whom the last one was to, or of the hub.

    Most follow one another, as long as no other thread runs, and are taken or left together: only those are looked at
    one by one which are of somebody who may be sought in between.
    """
    if not len(origin):
        return np.zeros(0, dtype=bool)
    ran = np.append(first, target[:-1])
    begins_one: Column = ran != origin
    is_sought: Column = np.isin(origin, np.append(ran[begins_one], hub))
    begins_one |= is_sought
    begins_one[0] = True
    begins = nonzero(begins_one)
    ends = np.append(begins[1:], len(origin))
    taken, running = [], first
    for one, last in zip(origin[begins].tolist(), target[ends - 1].tolist(), strict=True):
        taken.append(one in (running, hub))
        if taken[-1]:
            running = last
    return np.repeat(np.array(taken), ends - begins)
