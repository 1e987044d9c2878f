"""The problems in a timeline, one sentence each. A kind is a function in a file of its own, and a row in KINDS
(FORMAT.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from visualizer.analysis.findings import (
    answers,
    busy_polls,
    crashed,
    dead_holders,
    died,
    ends,
    held_locks,
    hogs,
    incomplete,
    kept_alive,
    kept_off,
    late_timers,
    leaks,
    limits,
    lock_orders,
    pools,
    queues,
    raised,
    refused,
    setters,
    slow_tracks,
    starvation,
    stray_timeouts,
    tasks,
)
from visualizer.analysis.findings.base import Finding, Severity, cut_off
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.groups import Group
from visualizer.analysis.findings.groups import grouped as _grouped
from visualizer.analysis.model.timeline import Timeline

__all__ = ["KINDS", "Finding", "Findings", "Group", "Kind", "Severity", "cut_off", "findings", "grouped", "none_found"]


class Kind(NamedTuple):
    """A kind of problem. `find` looks at the collected turns and delays, or once at each track, or at columns; never at
    all switches one by one: those are collected once, as they arrive."""

    severity: Severity
    find: Callable[[Timeline, Observed], Iterable[Finding]]


KINDS = {
    "crash": Kind(Severity.CRASH, crashed.crash),
    "incomplete": Kind(Severity.MISSING, incomplete.incomplete),
    # First: the end of a track comes before its consequences at the same moment.
    "unretrieved": Kind(Severity.CRASH, raised.unretrieved),
    "process_died": Kind(Severity.CRASH, died.process_died),
    "stray_timeout": Kind(Severity.CRASH, stray_timeouts.stray_timeout),
    "refused": Kind(Severity.STUCK, refused.refused),
    "deadlock": Kind(Severity.CRASH, ends.deadlock),
    "setter_died": Kind(Severity.CRASH, setters.finds("setter_died")),
    "setter_ended": Kind(Severity.STUCK, setters.finds("setter_ended")),
    "lost_task_done": Kind(Severity.STUCK, setters.finds("lost_task_done")),
    "not_returned": Kind(Severity.STUCK, setters.finds("not_returned")),
    "worker_died": Kind(Severity.CRASH, pools.worker_died),
    "holder_died": Kind(Severity.STUCK, dead_holders.holder_died),
    "pool_exhausted": Kind(Severity.STUCK, pools.pool_exhausted),
    "never_resumed": Kind(Severity.STUCK, ends.never_resumed),
    "never_started": Kind(Severity.STUCK, ends.never_started),
    "lock_order": Kind(Severity.STUCK, lock_orders.lock_order),
    "kept_alive": Kind(Severity.STUCK, kept_alive.kept_alive),
    "collected": Kind(Severity.STUCK, tasks.collected),
    "cancel_swallowed": Kind(Severity.STUCK, tasks.cancel_swallowed),
    "leak": Kind(Severity.STUCK, leaks.leak),
    "blocking_call": Kind(Severity.SLOW, hogs.blocking_call),
    "hog": Kind(Severity.SLOW, hogs.hog),
    "interpreter_held": Kind(Severity.SLOW, kept_off.interpreter_held),
    "lock_held": Kind(Severity.SLOW, held_locks.lock_held),
    "thread_pool_full": Kind(Severity.SLOW, pools.thread_pool_full),
    "late_timer": Kind(Severity.SLOW, late_timers.late_timer),
    "lost_time": Kind(Severity.SLOW, late_timers.lost_time),
    "starvation": Kind(Severity.SLOW, starvation.starvation),
    "busy_poll": Kind(Severity.SLOW, busy_polls.busy_poll),
    "timed_out": Kind(Severity.SLOW, limits.timed_out),
    "slow_answer": Kind(Severity.SLOW, answers.slow_answer),
    "queue_grows": Kind(Severity.SLOW, queues.queue_grows),
    "slow_track": Kind(Severity.SLOW, slow_tracks.slow_track),
}
#: So many entries are looked at without a pause, and so many by whoever does nothing else meanwhile.
_AT_ONCE = 100_000
_MANY = 1 << 18


class Findings:
    """The findings of a timeline that may still grow. Call `take` until it returns False, then `found`."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._observed = Observed(timeline)

    def take(self, most: int = _AT_ONCE) -> bool:
        """Look at what has arrived since, at most so many entries. Return whether there is more."""
        if self._timeline.is_foreign:
            # Without waits, ends and lines, what looks like a problem may be none.
            return False
        return self._observed.take(most)

    @property
    def taken(self) -> int:
        """How many entries have been looked at."""
        return self._observed.taken

    def found(self) -> list[Finding]:
        """The problems found so far, in order of time; none in another tool's trace."""
        if self._timeline.is_foreign:
            return []
        found = [one for kind in KINDS.values() for one in kind.find(self._timeline, self._observed)]
        return sorted(found, key=lambda one: one.t_ns)


def none_found(timeline: Timeline) -> str:
    """What is said where there are no findings."""
    return "Problems are not looked for in another tool's trace." if timeline.is_foreign else "No problems found."


def findings(timeline: Timeline, advance: Callable[[int, int], None] = lambda done, of: None) -> list[Finding]:
    """All findings of the timeline as it is now, in order of time.

    `advance` is told how many entries have been looked at, and of how many.
    """
    every = Findings(timeline)
    while every.take(_MANY):
        advance(every.taken, timeline.arrived)
    return every.found()


def grouped(timeline: Timeline, found: Iterable[Finding]) -> list[Group]:
    """The findings, which are in order of time, as groups, the worst first."""
    return _grouped(timeline, found, lambda kind: KINDS[kind].severity)
