"""The waits that several kinds of problems look at, worked out once for all of them."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.findings.base import LATE_NS
from visualizer.analysis.findings.collector import Observed, once
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.waits import Waits, waits
from visualizer.trace import words


@once
def all_waits(timeline: Timeline, observed: Observed) -> Waits:
    """Those of all tracks but hubs."""
    return waits(timeline)


def long_waits(timeline: Timeline, observed: Observed, least_ns: int, *causes: str) -> Waits:
    """Those that were so long, or longer, and ended by one of these causes. One that its time limit ended late, since
    nobody ran meanwhile who could have, was no longer than that limit.
    """
    wakeups = timeline.columns.wakeups
    if {*causes}.isdisjoint(wakeups.causes.known):
        none = np.zeros(0, dtype=np.int64)
        return Waits(none, none, none, none, none.astype(bool))
    every = all_waits(timeline, observed)
    lasted_ns = every.end_ns - every.start_ns
    (long,) = np.nonzero((every.waker >= 0) & (lasted_ns >= least_ns))
    those = long[wakeups.are_by(every.waker[long], *causes)]
    asked_ns = timeline.columns.suspensions.asked_for(every.suspension[those])
    is_late = (asked_ns >= 0) & wakeups.are_by(every.waker[those], words.TIMEOUT)
    those = those[~is_late | (asked_ns + LATE_NS >= least_ns)]
    return Waits(*(column[those] for column in every))
