"""The sentences of all switches. Most occur many times, and each of those is made only once; in a trace of very many
tracks most occur many times but for the names in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np

from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import State, Timeline, joined_tracks
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import ENDS_WITH, KILLS, in_words, may_run_first, sentence
from visualizer.trace import words
from visualizer.trace.columns import Column, are_in

#: At most this many sentences are remembered at a time.
_MOST_KNOWN = 1 << 18
#: Stands for the value in a sentence, which is the same for all values. Nobody who writes a trace can know it.
_VALUE = os.urandom(16).hex()
#: The same of the names of target, origin and waker.
_NAMES = tuple(os.urandom(16).hex() for _ in range(3))
#: Of more tracks sentences are remembered without the names.
_MOST_TRACKS = 1 << 12
#: Numbers as bytes, which are put together and looked up sooner than a tuple; and what is no number.
_Key = bytes | tuple[bytes, int | str]


#: In the place of a value's text id.
_ANY_VALUE = -2


class AllSentences:
    """The sentences of a timeline that no longer grows."""

    def __init__(
        self, timeline: Timeline, begin: Callable[[int, int, str], str] = lambda origin, target, cause: "",
        names: Mapping[int, str] | None = None,
    ) -> None:
        """`begin`: what stands in front of each sentence, by the ids of origin and target, and the cause. `names`:
        those of all tracks, as they are printed, if the caller has them."""
        self._timeline = timeline
        self._beginning = begin
        ids = [*timeline.tracks]
        self._slices = AllSlices(timeline.tracks, ids)
        #: The slice that each switch began.
        self._run = self._slices.run_of_switch(timeline.switch_count)
        self._hubs = timeline.tracks.scheduling()
        self._first = np.zeros(timeline.switch_count, dtype=bool)
        self._first[self._firsts(ids)] = True
        #: All that a sentence depends on -> the sentence; where tracks are not told apart by name, a format.
        self._known: dict[_Key, str] = {}
        self._alike = _Alike(timeline, names) if len(ids) > _MOST_TRACKS else None

    def _firsts(self, ids: list[int]) -> Column:
        """The switches by which tracks run for the first time: as `is_first` says of each."""
        slices, switches, tracks = self._slices, self._timeline.columns.switches, self._timeline.tracks
        has_steps = np.diff(slices.step_bounds) > 0
        begins = slices.step_bounds[:-1][has_steps]
        first = slices.about[slices.runs[begins]]
        closes = np.array([cause == words.CLOSE for cause, _ in switches.details.known], dtype=bool)
        those = np.array(ids)[has_steps]
        may_be = ~np.isin(those, [track.id for track in tracks.of_kind(words.THREAD)])
        # One that nobody has asked for is no copy.
        for track in tracks.made.values():
            if track.copy_of != words.NOBODY:
                may_be[those == track.id] = may_run_first(track)
        found: Column = first[may_be & ~closes[np.asarray(switches.detail)[first]]]
        return found

    def said(self, first: int, stop: int) -> list[str]:
        """The sentences of switches number `first` up to `stop`, as `sentence` returns them, each behind its
        beginning."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        timeline, known = self._timeline, self._known
        switches = timeline.columns.switches
        if timeline.is_foreign:
            return [
                self._beginning(*timeline.ends_of(at), timeline.switch(at).cause) + sentence(timeline, at)
                for at in range(first, stop)
            ]
        told = self._is_woken(first, stop)
        wakeup, before = self._woken(first, stop, told)
        suspension = timeline.columns.suspensions.of_switches(first, stop)
        values, keys, changing = self._keys(first, stop, told, wakeup, before, suspension)
        said = [*map(known.get, keys)]
        alike = self._alike
        for at in [at for at, one in enumerate(said) if one is None] if None in said else ():
            if keys[at] not in known:
                woke, stood, switch = int(wakeup[at]), int(before[at]), timeline.switch(first + at, int(suspension[at]))
                waker = timeline.wakeups[woke] if woke >= 0 else None
                shown, gave = timeline, None
                if alike is not None and at not in changing:
                    shown = alike.without_names(switch.target, switch.origin, waker.waker if waker is not None else -1)
                    gave = _VALUE
                text = in_words(
                    shown,
                    switch._replace(value=_VALUE) if at in values else switch,
                    bool(self._first[first + at]),
                    waker,
                    timeline.suspensions[stood] if stood >= 0 else None,
                    gave,
                )
                if alike is None:
                    text = self._beginning(switch.origin, switch.target, switch.cause) + text
                known[keys[at]] = text if alike is None else _as_format(text)
            said[at] = known[keys[at]]
        if alike is not None:
            here = slice(first, stop)
            causes = [cause for cause, _ in switches.details.known]
            wakers = np.full(stop - first, words.NOBODY)
            wakers[wakeup >= 0] = np.asarray(timeline.columns.wakeups.waker)[wakeup[wakeup >= 0]]
            ends = switches.origin[here], switches.target[here], switches.detail[here], wakers.tolist()
            name, begin = alike.name, self._beginning
            said = [
                begin(origin, target, causes[how]) + one.format(name(target), name(origin), name(waker))
                for one, origin, target, how, waker in zip(cast(list[str], said), *ends, strict=True)
            ]
        for at, value in values.items():
            said[at] = said[at].replace(_VALUE, plain(value))  # type: ignore[union-attr]
        return said  # type: ignore[return-value]

    def _woken(self, first: int, stop: int, told: Column) -> tuple[Column, Column]:
        """For switches from a hub, and of threads that go on: the wakeup that made the target ready, and its wait until
        then; -1 without one."""
        slices, run = self._slices, self._run[first:stop]
        # Of the track.
        begin = slices.bounds[slices.bounds.searchsorted(run, side="right") - 1]
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
    ) -> tuple[dict[int, str], list[_Key], set[int]]:
        """The values that sentences only repeat; for each switch, all else that its sentence depends on, names apart
        where tracks are not told apart by name; and which are about tracks whose names change with time."""
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
        # Of a sleep of 0 s it is not said how late it was, but of a limit of 0 s.
        limited = (asked_ns > 0) | ((asked_ns == 0) & ~self._are_sleeps[how + 1])
        (timed,) = np.nonzero(np.isin(wake_cause, timers) & limited & told)
        late_ns = np.asarray(wakeups.ns)[wakeup[timed]] - suspensions.whose(suspension[timed])[0] - asked_ns[timed]
        for at, late in zip(timed.tolist(), late_ns.tolist(), strict=True):
            # Whether the program was paused meanwhile is looked up each time.
            is_short = late < 0 and self._timeline.pauses.sentence is not None
            more[at] = int(wakeup[at]) if is_short else duration(late, 2)
        # Whether all joined tracks have ended by then, and where it was asked for that one be cancelled, is looked up
        # each time.
        cancels = [number for number, name in enumerate(known) if name == words.CANCEL]
        joins = self._join_several[how + 1] | np.isin(wake_cause, cancels)
        for at in np.flatnonzero(np.isin(wake_cause, ends) & joins).tolist():
            more[at] = int(wakeup[at])
        on_waker = np.zeros(len(suspension), dtype=np.int64)
        on_waker[suspended] = np.asarray(suspensions.on_track)[suspension[suspended]] == waker[suspended]
        ready = self._timeline.found_ready
        for at in np.flatnonzero(goes_on & woken).tolist() if ready else ():
            which = ready.get((int(target[at]), int(np.asarray(wakeups.ns)[wakeup[at]])))
            if which is not None:
                more[at] = which
        # So is where the time went of what a pool was given.
        of_pools = [number for number, name in enumerate(known) if name in (words.CALLBACK, words.THREADPOOL)]
        pooled = told & np.isin(wake_cause, of_pools) & self._are_calls[how + 1] if self._timeline.pool_calls else ()
        for at in np.flatnonzero(pooled).tolist():
            more[at] = f"#{first + at}"
        new = self._first[first:stop]
        # So is what a track serves at that time.
        names_change = [*self._timeline.changing_names]
        changing = set(np.flatnonzero(np.isin([origin, target, waker], names_change).any(axis=0)).tolist())
        # And which callback a loop runs.
        woke_ns = np.zeros(len(waker), dtype=np.int64)
        woke_ns[woken] = np.asarray(wakeups.ns)[wakeup[woken]]
        run_callbacks, ns = self._timeline.run_callbacks, np.asarray(switches.ns)[first:stop]
        calls = run_callbacks(waker, woke_ns) | run_callbacks(target, ns) | run_callbacks(origin, ns)
        changing.update(np.flatnonzero(calls).tolist())
        for at in changing:
            more[at] = f"#{first + at}"
        if self._alike is not None:
            ended = np.flatnonzero(cause == -1)
            # Of a track that ended it is not told what it handed over.
            value[ended] = -1
            for at, text in zip(ended.tolist(), self._alike.given(origin[ended].tolist()), strict=True):
                values.pop(at, None)
                if text is not None:
                    values[at] = text
            same = (origin == target) + 2 * (waker == target) + 4 * (waker == origin)
            how_it_ended = np.where(cause == -1, self._alike.ends(origin), -1)
            # It ends there if it has not begun, and something is thrown into it.
            thrown = np.array([name == words.THROW for name, _ in switches.details.known])
            on_waker += 2 * (same + 8 * thrown[np.asarray(switches.detail)[first:stop]] + 16 * how_it_ended)
            origin, target, waker = map(self._alike.kinds, (origin, target, waker))
        columns = np.stack((cause, origin, target, new, value, how, asked_ns, waker, wake_cause, on_waker), axis=1)
        keys: list[_Key] = columns.astype(np.int64).view(f"V{8 * columns.shape[1]}").ravel().tolist()
        for at, what in more.items():
            keys[at] = keys[at], what  # type: ignore[assignment]
        return values, keys, changing

    @cached_property
    def _are_sleeps(self) -> Column:
        """Of no suspension, and by the number of how a track is suspended, whether that is a sleep."""
        details = self._timeline.columns.suspensions.details.known
        return np.array([False, *(reason == words.SLEEP for reason, *_ in details)])

    @cached_property
    def _are_calls(self) -> Column:
        """The same, whether a call is waited for that a pool of threads may make."""
        details = self._timeline.columns.suspensions.details.known
        return np.array([False, *(reason in (words.FUTURE, words.THREADPOOL) for reason, *_ in details)])

    @cached_property
    def _join_several(self) -> Column:
        """The same, whether several tracks are waited for to end."""
        _, suspensions, _, texts = self._timeline.columns
        things = [suspensions.asked.known[asked][2] if asked >= 0 else -1 for _, asked, _ in suspensions.details.known]
        return np.array([False, *(len(joined_tracks(texts.get(thing, ""))) > 1 for thing in things)])


class _Alike:
    """What sentences depend on of each track but its name, as numbers: its kind, and how it ended."""

    def __init__(self, timeline: Timeline, names: Mapping[int, str] | None) -> None:
        self._timeline = timeline
        self._names = names or {id: plain(name) for id, name in timeline.names().items()}
        self._values: dict[int, str] = {}
        numbers: dict[tuple[Any, ...], int] = {}
        columns: list[tuple[Column, Column, Column]] = []
        for ids, outline, values in timeline.tracks.outlines(ENDS_WITH):
            outcome, inferred = outline.outcome, bool(outline.inferred)
            given = {id: value for id, value in zip(ids.tolist(), values, strict=False) if value is not None}
            self._values.update(given)
            of_kind = numbers.setdefault(outline[:3], len(numbers))
            of_ends = [numbers.setdefault((outcome, gives, inferred), len(numbers)) for gives in (False, True)]
            gives = are_in(ids.tolist(), given) if given else np.zeros(len(ids), dtype=bool)
            columns.append((ids, np.full(len(ids), of_kind), np.where(gives, of_ends[1], of_ends[0])))
        ids, kind, end = map(np.concatenate, zip(*columns, strict=True))
        order = ids.argsort()
        self._ids, self._kind, self._end = ids[order], kind[order], end[order]

    def name(self, track: int) -> str:
        return self._names.get(track, "unknown")

    def given(self, tracks: list[int]) -> list[str | None]:
        """The value with which each ended."""
        return [*map(self._values.get, tracks)]

    def kinds(self, tracks: Column) -> Column:
        """Number of the kind of each; -1 of one that is not known."""
        return self._of(self._kind, tracks)

    def ends(self, tracks: Column) -> Column:
        """Number of how each ended."""
        return self._of(self._end, tracks)

    def _of(self, numbers: Column, tracks: Column) -> Column:
        at = np.minimum(self._ids.searchsorted(tracks), len(self._ids) - 1)
        found: Column = np.where(self._ids[at] == tracks, numbers[at], -1)
        return found

    def without_names(self, target: int, origin: int, waker: int) -> Timeline:
        """The timeline, in which these tracks are called by what stands for their names."""
        called = {waker: _NAMES[2], origin: _NAMES[1], target: _NAMES[0]}
        return cast(Timeline, _Unnamed(self._timeline, called))


class _Unnamed:
    """A timeline in which some tracks are called otherwise."""

    def __init__(self, timeline: Timeline, called: dict[int, str]) -> None:
        self._timeline = timeline
        self._called = called

    def __getattr__(self, name: str) -> Any:
        return getattr(self._timeline, name)

    def name(self, track: int, at_ns: int | None = None, until_ns: int | None = None) -> str:
        return self._called.get(track) or self._timeline.name(track, at_ns, until_ns)


def _as_format(text: str) -> str:
    """A sentence as a format of the three names."""
    text = text.replace("{", "{{").replace("}", "}}")
    for number, name in enumerate(_NAMES):
        text = text.replace(name, f"{{{number}}}")
    return text
