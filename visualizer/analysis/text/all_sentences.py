"""The sentences of all switches. Most occur many times, and each of those is made only once."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.sentences import in_words, is_first
from visualizer.trace import words
from visualizer.trace.columns import Column

#: At most this many sentences are remembered at a time.
_MOST_KNOWN = 100_000


class AllSentences:
    """The sentences of a timeline that no longer grows."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        tracks = list(timeline.tracks.values())
        self._slices = AllSlices(tracks)
        #: The slice that each switch began, and the first slice of its track.
        self._run = self._slices.run_of_switch(timeline.switch_count)
        self._begin = np.repeat(self._slices.bounds[:-1], np.diff(self._slices.bounds))[self._run]
        self._hubs = [track.id for track in tracks if track.schedules]
        firsts = ((track, track.steps[0]) for track in tracks if len(track.steps))
        self._first = np.zeros(timeline.switch_count, dtype=np.int64)
        self._first[[index for track, index in firsts if is_first(track, timeline.switch(index))]] = 1
        #: All that a sentence depends on -> the sentence.
        self._known: dict[tuple[int | str, ...], str] = {}

    def said(self, first: int, stop: int) -> list[str]:
        """The sentences of switches number `first` up to `stop`, as `sentence` returns them."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        timeline, known = self._timeline, self._known
        wakeup, before = self._woken(first, stop)
        keys = self._keys(first, stop, wakeup, before)
        for at, key in enumerate(keys):
            if key not in known:
                woke, stood = int(wakeup[at]), int(before[at])
                known[key] = in_words(
                    timeline,
                    timeline.switch(first + at),
                    bool(self._first[first + at]),
                    timeline.wakeups[woke] if woke >= 0 else None,
                    timeline.suspensions[stood] if stood >= 0 else None,
                )
        return list(map(known.__getitem__, keys))

    def _woken(self, first: int, stop: int) -> tuple[Column, Column]:
        """For switches from a hub: the wakeup that made the target ready, and its wait until then; -1 without one."""
        slices, run, begin = self._slices, self._run[first:stop], self._begin[first:stop]
        origin = np.asarray(self._timeline.columns.switches.origin)[first:stop]
        ready, waiting = np.maximum(run - 1, 0), np.maximum(run - 2, 0)
        woken = np.isin(origin, self._hubs) & (run > begin) & (slices.state[ready] == State.READY)
        suspended = woken & (run - 1 > begin) & (slices.state[waiting] == State.WAITING)
        return np.where(woken, slices.about[ready], -1), np.where(suspended, slices.about[waiting], -1)

    def _keys(self, first: int, stop: int, wakeup: Column, before: Column) -> list[tuple[int | str, ...]]:
        """For each switch, all that its sentence depends on."""
        switches, suspensions, wakeups, _ = self._timeline.columns
        names = [cause for cause, _ in switches.details.known]
        cause = np.array([names.index(name) for name in names])[np.asarray(switches.detail)[first:stop]]
        by_switch = np.array([name == words.SWITCH for name in names])[cause]
        origin = np.asarray(switches.origin)[first:stop]
        from_hub = np.isin(origin, self._hubs)
        suspension = suspensions.of_switches(first, stop)
        # The sentence about an ended origin depends only on its end.
        cause[suspension < 0] = -1
        value = np.where(from_hub & by_switch, -1, np.asarray(switches.value)[first:stop])
        suspension = np.where(from_hub, before, np.where(by_switch, suspension, -1))
        suspended, woken = suspension >= 0, wakeup >= 0
        how, asked_ns = (np.full(len(suspension), -1) for _ in range(2))
        how[suspended] = np.asarray(suspensions.detail)[suspension[suspended]]
        asked_ns[suspended] = suspensions.asked_for(suspension[suspended])
        waker, wake_cause = (np.full(len(suspension), -1) for _ in range(2))
        waker[woken], wake_cause[woken] = (np.asarray(of)[wakeup[woken]] for of in (wakeups.waker, wakeups.cause))
        known = wakeups.causes.known
        timers, ends = (
            [number for number, name in enumerate(known) if name in wanted]
            for wanted in ((words.TIMER, words.TIMEOUT), (words.FINISHED,))
        )
        more: list[int | str] = [0] * len(suspension)
        (timed,) = np.nonzero(np.isin(wake_cause, timers) & (asked_ns > 0) & from_hub)
        late_ns = np.asarray(wakeups.ns)[wakeup[timed]] - suspensions.whose(suspension[timed])[0] - asked_ns[timed]
        for at, late in zip(timed.tolist(), late_ns.tolist(), strict=True):
            more[at] = duration(late, 2)
        # Whether all joined tracks have ended by then is checked each time.
        for at in np.flatnonzero(np.isin(wake_cause, ends)).tolist():
            more[at] = int(wakeup[at])
        new = self._first[first:stop]
        target = np.asarray(switches.target)[first:stop]
        # So is what a track serves at that time.
        changing = [*self._timeline.changing_names]
        for at in np.flatnonzero(np.isin([origin, target, waker], changing).any(axis=0)).tolist():
            more[at] = f"#{first + at}"
        columns = (cause, origin, target, new, value, how, asked_ns, waker, wake_cause)
        return list(zip(*(column.tolist() for column in columns), more, strict=True))
