"""Who gave back the lock or semaphore of multiprocessing's for which a track waited, maybe in another process.

A lock was given back last by who is told last to have done so. Of what lets several in that holds only if nobody else
gave it back meanwhile. A process that is killed has not told what it did at last: nothing is said of these moments, and
what was said of those behind the last that it told is taken back. Unless who has got it says itself whom it was from.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import NamedTuple

from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev

#: What a process did in its last moments, when it is killed, and has not told yet; and so much is remembered.
_UNTOLD_NS = 100_000_000
_KEPT = 256


class _Given(NamedTuple):
    t_ns: int
    by: int


class SharedLocks:
    """Those of one trace, as they come."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        #: By the name of each: who gave it back to somebody who waited, and whom nobody was told to have had it from.
        self._given: defaultdict[str, deque[_Given]] = defaultdict(lambda: deque(maxlen=_KEPT))
        #: Who has got one, of which nothing is said yet, as their wakes come in later; and what was said lately.
        self._got: list[tuple[str, ev.Gets]] = []
        self._said: deque[ev.Gets] = deque(maxlen=_KEPT)
        #: When a process was killed last.
        self._killed_ns = -1

    def gives(self, name: str, line: ev.Gives) -> None:
        """A track is about to give that one back."""
        self._given[name].append(_Given(line.t_ns, line.track))

    def gets(self, name: str, line: ev.Gets) -> None:
        """A track has got that one."""
        self._got.append((name, line))

    def settle(self) -> None:
        """The wakes of all who have got one have come in: say by whom."""
        for name, line in self._got:
            given = self._given[name]
            meanwhile = [one for one in given if line.since_ns <= one.t_ns <= line.t_ns]
            if line.by in self._timeline.tracks:
                for one in meanwhile:
                    given.remove(one)
                self._timeline.given_by(line.by, line.track, line.t_ns, bool(line.is_lock))
                continue
            if line.is_lock:
                meanwhile = meanwhile[-1:]
            elif line.since_ns <= self._killed_ns:
                continue
            if len({one.by for one in meanwhile}) == 1:
                given.remove(meanwhile[0])
                self._said.append(line)
                self._timeline.given_by(meanwhile[0].by, line.track, line.t_ns, bool(line.is_lock))
        self._got.clear()

    def killed(self, t_ns: int, told_ns: int) -> None:
        """A process was killed then, and had told what it did up to `told_ns` (-1: nothing)."""
        untold_ns = max(t_ns - _UNTOLD_NS, told_ns)
        self._killed_ns = t_ns
        self._given.clear()
        while self._said and self._said[-1].t_ns >= untold_ns:
            line = self._said.pop()
            self._timeline.not_given(line.track, line.t_ns)
