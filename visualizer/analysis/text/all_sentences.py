"""The sentences of all switches. Most are said again and again, and each of those is put together once."""

from __future__ import annotations

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import is_first, runs, why
from visualizer.trace import words
from visualizer.trace.columns import Column

#: So many reasons are remembered at a time.
_MOST_KNOWN = 100_000


class AllSentences:
    """Those of a timeline that does not grow any more."""

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
        self._runs = {track.id: [runs(timeline, track.id, first) for first in (False, True)] for track in tracks}
        #: All that it depends on why a switch was made -> that in words.
        self._why: dict[tuple[int | str, ...], str] = {}

    def said(self, first: int, stop: int) -> list[str]:
        """Those of switches number `first` up to `stop`, as `sentence` has them."""
        if len(self._why) > _MOST_KNOWN:
            self._why.clear()
        timeline, known = self._timeline, self._why
        wakeup, before = self._woken(first, stop)
        keys = self._keys(first, stop, wakeup, before)
        reasons = list(map(known.get, keys))
        for at in [at for at, reason in enumerate(reasons) if reason is None]:
            key = keys[at]
            if key not in known:
                woke, stood = int(wakeup[at]), int(before[at])
                known[key] = plain(
                    why(
                        timeline,
                        timeline.switch(first + at),
                        bool(self._first[first + at]),
                        timeline.wakeups[woke] if woke >= 0 else None,
                        timeline.parks[stood] if stood >= 0 else None,
                    )
                )
            reasons[at] = known[key]
        begins = map(self._runs.__getitem__, timeline.columns.switches.target[first:stop])
        is_first = self._first[first:stop].tolist()
        return [f"{begin[new]}{reason}" for begin, new, reason in zip(begins, is_first, reasons, strict=True)]

    def _woken(self, first: int, stop: int) -> tuple[Column, Column]:
        """Of switches from a hub the wakeup that made the target ready, and the park until then; -1 without one."""
        slices, run, begin = self._slices, self._run[first:stop], self._begin[first:stop]
        origin = np.asarray(self._timeline.columns.switches.origin)[first:stop]
        ready, waiting = np.maximum(run - 1, 0), np.maximum(run - 2, 0)
        woken = np.isin(origin, self._hubs) & (run > begin) & (slices.state[ready] == State.READY)
        parked = woken & (run - 1 > begin) & (slices.state[waiting] == State.WAITING)
        return np.where(woken, slices.about[ready], -1), np.where(parked, slices.about[waiting], -1)

    def _keys(self, first: int, stop: int, wakeup: Column, before: Column) -> list[tuple[int | str, ...]]:
        """For each switch all that `why` looks at: who has the same one has the same reason."""
        switches, parks, wakeups, _ = self._timeline.columns
        names = [cause for cause, _ in switches.hows.known]
        cause = np.array([names.index(name) for name in names])[np.asarray(switches.how)[first:stop]]
        by_switch = np.array([name == words.SWITCH for name in names])[cause]
        origin = np.asarray(switches.origin)[first:stop]
        from_hub = np.isin(origin, self._hubs)
        park = parks.of_switches(first, stop)
        # What an ended origin says, it says of its end alone.
        cause[park < 0] = -1
        value = np.where(from_hub & by_switch, -1, np.asarray(switches.value)[first:stop])
        park = np.where(from_hub, before, np.where(by_switch, park, -1))
        parked, woken = park >= 0, wakeup >= 0
        how, asked_ns = (np.full(len(park), -1) for _ in range(2))
        how[parked], asked_ns[parked] = np.asarray(parks.how)[park[parked]], parks.asked_for(park[parked])
        waker, wake_cause = (np.full(len(park), -1) for _ in range(2))
        waker[woken], wake_cause[woken] = (np.asarray(of)[wakeup[woken]] for of in (wakeups.waker, wakeups.cause))
        known = wakeups.causes.known
        timers, ends = (
            [number for number, name in enumerate(known) if name in wanted]
            for wanted in ((words.TIMER, words.TIMEOUT), (words.FINISHED,))
        )
        more: list[int | str] = [0] * len(park)
        (timed,) = np.nonzero(np.isin(wake_cause, timers) & (asked_ns > 0) & from_hub)
        late_ns = np.asarray(wakeups.ns)[wakeup[timed]] - parks.whose(park[timed])[0] - asked_ns[timed]
        for at, late in zip(timed.tolist(), late_ns.tolist(), strict=True):
            more[at] = duration(late, 2)
        # Whether all of several have ended by then is asked of each anew.
        for at in np.flatnonzero(np.isin(wake_cause, ends)).tolist():
            more[at] = int(wakeup[at])
        new = self._first[first:stop]
        columns = (cause, origin, new, value, how, asked_ns, waker, wake_cause)
        return list(zip(*(column.tolist() for column in columns), more, strict=True))
