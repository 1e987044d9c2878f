"""Who was given before what it waits for: a worker at its queue is idle, not stuck."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.source_text import in_loop
from visualizer.trace import words

_Where = tuple[str, Place | None]


class Served:
    """Looks at the tracks of a function once, when one of them is asked about."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        #: Function -> where, and for what, its tracks waited when another track woke them, and who did that last.
        self._wakers: dict[tuple[str, int], dict[_Where, int]] = {}

    @cached_property
    def _siblings(self) -> dict[tuple[str, int], list[Track]]:
        found: dict[tuple[str, int], list[Track]] = {}
        for track in self._timeline.tracks.values():
            found.setdefault((track.base_name, track.parent), []).append(track)
        return found

    def before(self, track: Track, suspension: Suspension) -> bool:
        """Whether a track woke it, or another one of its function, from such a wait at the same place."""
        return self.by(track, suspension) != words.NOBODY

    def is_worker(self, track: Track, suspension: Suspension) -> bool:
        """Whether it waits at a queue for more: it takes from it in a loop, or its like was given something there."""
        if suspension.reason not in (words.QUEUE, words.CHANNEL) or suspension.place is None:
            return False
        return in_loop(self._timeline, suspension.place) or self.before(track, suspension)

    def by(self, track: Track, suspension: Suspension) -> int:
        """The track that did so last; NOBODY if none did."""
        of = track.base_name, track.parent
        if of not in self._wakers:
            self._wakers[of] = self._look(self._siblings[of])
        return self._wakers[of].get((suspension.reason, suspension.place), words.NOBODY)

    def _look(self, tracks: Iterable[Track]) -> dict[_Where, int]:
        timeline = self._timeline
        suspensions, wakeups = timeline.columns.suspensions, timeline.columns.wakeups
        waker, woken_ns, how = (np.asarray(column) for column in (wakeups.waker, wakeups.ns, suspensions.detail))
        # Who only had it give up has given it nothing.
        found: dict[_Where, tuple[int, int]] = {}
        for track in tracks:
            state, about = np.asarray(track.slices.state), np.asarray(track.slices.about)
            (at,) = np.nonzero((state[:-1] == State.WAITING) & (state[1:] == State.READY) & (about[:-1] >= 0))
            at = at[~wakeups.are_by(about[at + 1], words.CANCEL, words.KILL)]
            by, when_ns, hows = waker[about[at + 1]], woken_ns[about[at + 1]], how[about[at]]
            # Of each line the last.
            last = len(at) - 1 - np.unique(hows[::-1], return_index=True)[1]
            for number in last.tolist():
                one = timeline.tracks.get(int(by[number]))
                if one is not None and not one.schedules:
                    reason, _, place = suspensions.details.known[hows[number]]
                    key = reason, timeline.place(place)
                    found[key] = max(found.get(key, (0, 0)), (int(when_ns[number]), one.id))
        return {where: track for where, (_, track) in found.items()}
