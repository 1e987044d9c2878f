"""The sentences of all switches. Most occur many times, and each of those is made only once."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import compress

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import State, Switch, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import KILLS, in_words, may_run_first, sentence
from visualizer.trace import words
from visualizer.trace.columns import Column

#: At most this many sentences are remembered at a time.
_MOST_KNOWN = 1 << 18
#: Stands for the value in a sentence, which is the same for all values. Nobody who writes a trace can know it.
_VALUE = os.urandom(16).hex()
#: Numbers as bytes, which are put together and looked up sooner than a tuple; and what is no number.
_Key = bytes | tuple[bytes, int | str]


#: In the place of a value's text id.
_ANY_VALUE = -2


class AllSentences:
    """The sentences of a timeline that no longer grows."""

    def __init__(self, timeline: Timeline, begin: Callable[[Switch], str] = lambda switch: "") -> None:
        """`begin`: what stands in front of each sentence. It may depend on cause, origin and target."""
        self._timeline = timeline
        self._beginning = begin
        ids = [*timeline.tracks]
        self._slices = AllSlices(timeline.tracks, ids)
        #: The slice that each switch began, and the first slice of its track.
        self._run = self._slices.run_of_switch(timeline.switch_count)
        self._begin = np.repeat(self._slices.bounds[:-1], np.diff(self._slices.bounds))[self._run]
        self._hubs = timeline.tracks.scheduling()
        self._first = np.zeros(timeline.switch_count, dtype=np.int64)
        self._first[self._firsts(ids)] = 1
        #: All that a sentence depends on -> the sentence.
        self._known: dict[_Key, str] = {}

    def _firsts(self, ids: list[int]) -> Column:
        """The switches by which tracks run for the first time: as `is_first` says of each."""
        slices, switches, tracks = self._slices, self._timeline.columns.switches, self._timeline.tracks
        has_steps = np.diff(slices.step_bounds) > 0
        begins = slices.step_bounds[:-1][has_steps]
        first = slices.about[slices.runs[begins]]
        closes = np.array([cause == words.CLOSE for cause, _ in switches.details.known], dtype=bool)
        # One that nobody has asked for is no copy.
        may_be = [
            may_run_first(tracks[id]) if tracks.copy_of(id) != words.NOBODY else tracks.birth(id).kind != words.THREAD
            for id in compress(ids, has_steps)
        ]
        found: Column = first[np.array(may_be, dtype=bool) & ~closes[np.asarray(switches.detail)[first]]]
        return found

    def said(self, first: int, stop: int) -> list[str]:
        """The sentences of switches number `first` up to `stop`, as `sentence` returns them, each behind its
        beginning."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        timeline, known = self._timeline, self._known
        if timeline.is_foreign:
            switches = map(timeline.switch, range(first, stop))
            return [self._beginning(one) + sentence(timeline, one.index) for one in switches]
        told = self._is_woken(first, stop)
        wakeup, before = self._woken(first, stop, told)
        suspension = timeline.columns.suspensions.of_switches(first, stop)
        values, keys = self._keys(first, stop, told, wakeup, before, suspension)
        said = [*map(known.get, keys)]
        for at in [at for at, one in enumerate(said) if one is None] if None in said else ():
            if keys[at] not in known:
                woke, stood, switch = int(wakeup[at]), int(before[at]), timeline.switch(first + at, int(suspension[at]))
                known[keys[at]] = self._beginning(switch) + in_words(
                    timeline,
                    switch._replace(value=_VALUE) if at in values else switch,
                    bool(self._first[first + at]),
                    timeline.wakeups[woke] if woke >= 0 else None,
                    timeline.suspensions[stood] if stood >= 0 else None,
                )
            said[at] = known[keys[at]]
        for at, value in values.items():
            said[at] = said[at].replace(_VALUE, plain(value))  # type: ignore[union-attr]
        return said  # type: ignore[return-value]

    def _woken(self, first: int, stop: int, told: Column) -> tuple[Column, Column]:
        """For switches from a hub, and of threads that go on: the wakeup that made the target ready, and its wait until
        then; -1 without one."""
        slices, run, begin = self._slices, self._run[first:stop], self._begin[first:stop]
        ready, waiting = np.maximum(run - 1, 0), np.maximum(run - 2, 0)
        woken = told & (run > begin) & (slices.state[ready] == State.READY)
        suspended = woken & (run - 1 > begin) & (slices.state[waiting] == State.WAITING)
        return np.where(woken, slices.about[ready], -1), np.where(suspended, slices.about[waiting], -1)

    def _is_woken(self, first: int, stop: int) -> Column:
        """Whether what made the target ready is what there is to say of a switch."""
        switches = self._timeline.columns.switches
        goes_on = np.array([cause == words.UNPARK for cause, _ in switches.details.known], dtype=bool)
        told: Column = goes_on[np.asarray(switches.detail)[first:stop]]
        return told | np.isin(np.asarray(switches.origin)[first:stop], self._hubs)

    def _keys(
        self, first: int, stop: int, told: Column, wakeup: Column, before: Column, suspension: Column
    ) -> tuple[dict[int, str], list[_Key]]:
        """For each switch, all that its sentence depends on, but for the value that it only repeats; and these."""
        switches, suspensions, wakeups, texts = self._timeline.columns
        names = [cause for cause, _ in switches.details.known]
        cause = np.array([names.index(name) for name in names])[np.asarray(switches.detail)[first:stop]]
        by_switch = np.array([name == words.SWITCH for name in names])[cause]
        goes_on = np.array([name == words.UNPARK for name in names])[cause]
        origin = np.asarray(switches.origin)[first:stop]
        # The sentence about an ended origin depends only on its end.
        cause[(suspension < 0) & ~goes_on] = -1
        value = np.where(told & by_switch, -1, np.asarray(switches.value)[first:stop])
        (given,) = np.nonzero(value >= 0)
        said = zip(given.tolist(), map(texts.get, value[given].tolist()), strict=True)
        values = {at: text for at, text in said if text is not None and not text.startswith(KILLS)}
        value[[*values]] = _ANY_VALUE
        suspension = np.where(told, before, np.where(by_switch, suspension, -1))
        suspended, woken = suspension >= 0, wakeup >= 0
        how, asked_ns = (np.full(len(suspension), -1) for _ in range(2))
        how[suspended] = np.asarray(suspensions.detail)[suspension[suspended]]
        asked_ns[suspended] = suspensions.asked_for(suspension[suspended])
        waker, wake_cause = (np.full(len(suspension), -1) for _ in range(2))
        waker[woken], wake_cause[woken] = (np.asarray(of)[wakeup[woken]] for of in (wakeups.waker, wakeups.cause))
        known = wakeups.causes.known
        timers, ends = (
            [number for number, name in enumerate(known) if name in wanted]
            for wanted in ((words.TIMER, words.TIMEOUT), (words.FINISHED, words.CANCEL))
        )
        target = np.asarray(switches.target)[first:stop]
        more: dict[int, int | str] = {}
        sleeps = [number for number, (reason, *_) in enumerate(suspensions.details.known) if reason == words.SLEEP]
        # Of a sleep of 0 s it is not said how late it was, but of a limit of 0 s.
        limited = (asked_ns > 0) | ((asked_ns == 0) & ~np.isin(how, sleeps))
        (timed,) = np.nonzero(np.isin(wake_cause, timers) & limited & told)
        late_ns = np.asarray(wakeups.ns)[wakeup[timed]] - suspensions.whose(suspension[timed])[0] - asked_ns[timed]
        for at, late in zip(timed.tolist(), late_ns.tolist(), strict=True):
            more[at] = duration(late, 2)
        # Whether all joined tracks have ended by then, and where it was asked for that one be cancelled, is looked up
        # each time.
        for at in np.flatnonzero(np.isin(wake_cause, ends)).tolist():
            more[at] = int(wakeup[at])
        ready = self._timeline.found_ready
        for at in np.flatnonzero(goes_on & woken).tolist() if ready else ():
            which = ready.get((int(target[at]), int(np.asarray(wakeups.ns)[wakeup[at]])))
            if which is not None:
                more[at] = which
        new = self._first[first:stop]
        # So is what a track serves at that time.
        changing = [*self._timeline.changing_names]
        for at in np.flatnonzero(np.isin([origin, target, waker], changing).any(axis=0)).tolist():
            more[at] = f"#{first + at}"
        columns = np.stack((cause, origin, target, new, value, how, asked_ns, waker, wake_cause), axis=1)
        keys: list[_Key] = columns.astype(np.int64).view(f"V{8 * columns.shape[1]}").ravel().tolist()
        for at, what in more.items():
            keys[at] = keys[at], what  # type: ignore[assignment]
        return values, keys
