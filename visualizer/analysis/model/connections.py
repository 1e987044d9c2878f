"""The two ends of a connection, where both lie in the trace."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.model.columns import ends_of
from visualizer.analysis.model.timeline import Suspension, Timeline
from visualizer.trace import words


def times_asked(timeline: Timeline, ends: tuple[str, str]) -> int:
    """How often somebody in the trace waited to read what is sent from the first of these ends to the second, or read
    it at once, or served a request that came so."""
    there = ends[::-1]
    _, columns, _, texts = timeline.columns
    known = columns.asked.known
    ends_known = [(asked[4], ends_of(asked, texts)[1:]) for asked in known]
    reads = {number for number, end in enumerate(ends_known) if end == (words.READ, there)}
    details = [number for number, (_, asked, _) in enumerate(columns.details.known) if asked in reads]
    return int(np.isin(np.asarray(columns.detail), details).sum()) + len(timeline.has_end.get(there, ()))


def across(timeline: Timeline, suspension: Suspension, t_ns: int) -> int:
    """The track that has the other end of the connection that `suspension` waits on, maybe in another process: who
    served a request by it, or read from it at once, last before `t_ns`, else who waited on that then, else first
    thereafter; NOBODY if none is known.

    The cost depends on the number of suspensions in the trace.
    """
    if not suspension.local or not suspension.peer:
        return words.NOBODY
    had = timeline.has_end.get((suspension.peer, suspension.local), ())
    had_by = [track for since_ns, track in had if since_ns <= t_ns]
    if had_by:
        return had_by[-1]
    _, columns, _, texts = timeline.columns
    ends = [ends_of(asked, texts)[1:] for asked in columns.asked.known]
    other = {number for number, end in enumerate(ends) if end == (suspension.peer, suspension.local)}
    details = [number for number, (_, asked, _) in enumerate(columns.details.known) if asked in other]
    index = np.flatnonzero(np.isin(np.asarray(columns.detail), details))
    since_ns, whose = columns.whose(index)
    others = whose != suspension.track
    since_ns, whose = since_ns[others], whose[others]
    if not len(whose):
        return words.NOBODY
    return int(whose[max(0, int(since_ns.searchsorted(t_ns, side="right")) - 1)])
