"""What is worth knowing of a timeline, one sentence each. A kind is a function, and a row in KINDS (FORMAT.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from visualizer.analysis.findings import answers, delays, ends, incomplete, raised
from visualizer.analysis.findings.base import Finding
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.model.timeline import Timeline

__all__ = ["KINDS", "Finding", "Findings", "findings"]

#: Kind -> who finds it. Each looks at what is kept of long turns and delays, or once at each track, never at all
#: switches: those are observed once, as they arrive.
KINDS: dict[str, Callable[[Timeline, Observed], Iterable[Finding]]] = {
    "incomplete": incomplete.incomplete,
    # First: where a track dies, that comes before what others make of it at the same moment.
    "unretrieved": raised.unretrieved,
    "deadlock": ends.deadlock,
    "never_resumed": ends.never_resumed,
    "never_started": ends.never_started,
    "hog": delays.hog,
    "late_timer": delays.late_timer,
    "lost_time": delays.lost_time,
    "starvation": delays.starvation,
    "busy_poll": delays.busy_poll,
    "slow_answer": answers.slow_answer,
}
_AT_ONCE = 100_000


class Findings:
    """The findings of a timeline that may still grow. Call `take` until it returns False, then `found`."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._observed = Observed(timeline)

    def take(self, most: int = _AT_ONCE) -> bool:
        """Look at what has arrived since, at most so many entries. Return whether there is more."""
        return self._observed.take(most)

    def found(self) -> list[Finding]:
        """What holds by now, in order of time."""
        found = [one for kind in KINDS.values() for one in kind(self._timeline, self._observed)]
        return sorted(found, key=lambda one: one.t_ns)


def findings(timeline: Timeline) -> list[Finding]:
    """All findings of the timeline as it is now, in order of time."""
    every = Findings(timeline)
    while every.take():
        pass
    return every.found()
