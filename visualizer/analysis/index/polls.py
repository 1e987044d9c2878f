"""Waits of threads in a select: WAITING in the model, where they have a reason and an end, but called and drawn idle.

Whoever waits so has nothing to do, like a hub that polls. A greenlet that selects waits: its hub polls.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from visualizer.analysis.model.columns import append
from visualizer.analysis.model.slices import Slices
from visualizer.analysis.model.timeline import State, Suspension, Timeline, Track
from visualizer.trace import words
from visualizer.trace.columns import Column, unique

_FOUND = -1
#: Of how many ways to be suspended it is known that none is a select; _FOUND: one is.
_looked: WeakKeyDictionary[Timeline, int] = WeakKeyDictionary()


def is_poll(timeline: Timeline, suspension: Suspension) -> bool:
    """Whether that is a thread that waits in a select, poll or epoll."""
    return suspension.reason == words.SELECT and timeline.tracks.birth(suspension.track).kind == words.THREAD


def occurring(timeline: Timeline) -> set[State]:
    """The states that occur in the trace, as they are called."""
    return timeline.occurred | {State.IDLE} if _selects(timeline) else timeline.occurred


def _selects(timeline: Timeline) -> bool:
    """Whether any track is known to have waited in a select. Costs what has been added since the last time."""
    known, looked = timeline.columns.suspensions.details.known, _looked.get(timeline, 0)
    if looked != _FOUND:
        found = any(reason == words.SELECT for reason, *_ in known[looked:])
        looked = _looked[timeline] = _FOUND if found else len(known)
    return looked == _FOUND


def of_threads(timeline: Timeline, ids: Sequence[int], counts: Column) -> Column | bool:
    """Of the slices of these tracks, so many of each, whether it is a thread's; False: of none that matters here."""
    if not _selects(timeline):
        return False
    births = timeline.tracks.births(ids)
    return np.array([one.kind == words.THREAD for one in births], dtype=bool).repeat(counts)


def as_called(timeline: Timeline, state: Column, about: Column, of_thread: Column | bool) -> Column:
    """The states of slices, which have these `about`, as they are called; the same column if nothing differs.
    `of_thread`: of each whether its track is a thread, or of all."""
    if of_thread is False:
        return state
    (waits,) = np.nonzero((state == State.WAITING) & (about >= 0) & of_thread)
    if not len(waits):
        return state
    suspensions = timeline.columns.suspensions
    detail = np.asarray(suspensions.detail)[about[waits]]
    selects = [one for one in unique(detail).tolist() if suspensions.details.known[one][0] == words.SELECT]
    if not selects:
        return state
    called = state.copy()
    called[waits[np.isin(detail, selects)]] = State.IDLE
    return called


def called(timeline: Timeline, track: Track) -> Slices:
    """Its slices in the states that they are called: its own, if nothing differs."""
    slices = track.slices
    if track.kind != words.THREAD:
        return slices
    if slices.called is None:
        slices.called = _Called()
    known = slices.called
    assert isinstance(known, _Called)
    return known.of(timeline, slices)


class _Called:
    """The states of a thread's slices as they are called, as far as they were looked at."""

    def __init__(self) -> None:
        self._looked = 0
        #: None as long as nothing differs.
        self._own: Slices | None = None

    def of(self, timeline: Timeline, slices: Slices) -> Slices:
        first, own = self._looked, self._own
        if len(slices) > first:
            state = np.frombuffer(slices.state, dtype=np.uint8)[first:]
            found = as_called(timeline, state, np.frombuffer(slices.about, dtype=np.int32)[first:], True)
            if own is None and found is not state:
                own = self._own = Slices()
                own.state = array("B", slices.state[:first])
            if own is not None:
                append(own.state, found)
            self._looked = len(slices)
        if own is None:
            return slices
        own.start_ns, own.about = slices.start_ns, slices.about
        return own

    def cut(self, index: int) -> None:
        """Slices from number `index` on are others than they were."""
        self._looked = min(self._looked, index)
        if self._own is not None:
            del self._own.state[index:]
            self._own.cut(index)
