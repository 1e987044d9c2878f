"""How the time of a trace was spent, in depth: what each track waited for, how late it ran, and who woke whom.

`statistics` answers at once, however long the trace is; this looks at every slice once.
"""

from __future__ import annotations

import ntpath
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from heapq import nsmallest
from typing import Any

import msgspec
import numpy as np

from visualizer.analysis.index.polls import as_called, called
from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.report.statistics import SPENT, Totals, TrackStatistics
from visualizer.analysis.report.track_times import Reasons, Times, times_of
from visualizer.analysis.text.hot_lines import lines_sampled
from visualizer.trace import words
from visualizer.trace.columns import Column

_NS_PER_S = 1_000_000_000
#: Shares of a life: of each state that is no end.
_LIVING = tuple(state for state in State if state not in FINAL)


class Spread(msgspec.Struct, frozen=True):
    """Of `count` lengths the median, the 95th percentile (both by nearest rank) and the longest; 0 without any."""

    count: int
    median_s: float
    p95_s: float
    max_s: float


class Waited(msgspec.Struct, frozen=True):
    """How often, and for how long in all, was waited for one reason at one expression."""

    reason: str
    on: str | None
    file: str | None
    line: int | None
    count: int
    waited_s: float


class Served(msgspec.Struct, frozen=True):
    """`what` was served, from when to when; `end_s` is None if that was not over, or is not known."""

    what: str
    start_s: float
    end_s: float | None


class TrackDetails(TrackStatistics, frozen=True):
    """One track, in depth."""

    #: State -> its part of the time from the first slice to the end, 0 to 1.
    share: dict[str, float]
    #: READY until it ran.
    latency: Spread
    #: By how much it ran later than it had asked for with sleeps and time limits: in all, and at most.
    late_s: float
    late_max_s: float
    #: RUNNING without a pause.
    step: Spread
    wakes_given: int
    wakes_received: int
    #: Reason -> seconds, the longest first. A hub is left out: it waits whenever another track runs.
    waited_by_reason: dict[str, float]
    waited_by_expression: list[Waited]
    #: Id of its process, where there are several.
    process: int | msgspec.UnsetType = msgspec.UNSET
    #: Of threads that are daemons.
    daemon: bool | msgspec.UnsetType = msgspec.UNSET
    #: The requests it served, in order of time, if it served any.
    served: list[Served] | msgspec.UnsetType = msgspec.UNSET


class SampledLine(msgspec.Struct, frozen=True):
    """At this line, in this function, a track was seen running on `samples` times."""

    track: int
    name: str
    file: str
    line: int
    function: str
    samples: int


class TotalDetails(Totals, frozen=True):
    """The same over all tracks."""

    share: dict[str, float]
    latency: Spread
    late_s: float
    late_max_s: float
    step: Spread
    wakes: int
    #: Of how many of these neither the cause nor the waker is known.
    wakes_unknown: int
    waited_by_reason: dict[str, float]
    waited_by_expression: list[Waited]


class Wakes(msgspec.Struct, frozen=True):
    """One field of the matrix of who wakes whom. `waker` is None if it is not known."""

    waker: int | None
    waker_name: str | None
    woken: int
    woken_name: str
    count: int


class Details(msgspec.Struct, frozen=True):
    """What `stats --json` prints."""

    duration_s: float
    switches: int
    stops: int
    held_s: float
    tracks: list[TrackDetails]
    totals: TotalDetails
    #: In order of the tracks, the unknown waker last; fields that are 0 are left out.
    wakes: list[Wakes]
    fairness: list[Fairness]
    #: The commonest first.
    sampled: list[SampledLine]


class Fairness(msgspec.Struct, frozen=True):
    """How equally what tracks got is spread over them (Jain, Chiu and Hawe 1984): 1 equally, 1/n all to one of n.

    `of`: the function that all of them run, or the place of the scheduler that resumes them in turn.
    """

    of: str
    tracks: list[str]
    steps: float
    running: float
    ready: float


class Figures:
    """All that `Details` tell. What is told of one of many tracks, by its row, is made for whoever asks for it."""

    def __init__(
        self, timeline: Timeline, span: tuple[int, int] | None = None,
        advance: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        """As `details`."""
        self.timeline, self._span = timeline, span
        self._start_ns, self._end_ns = span or (0, timeline.last_ns)
        self.duration_s = (self._end_ns - self._start_ns) / _NS_PER_S
        self.stops, held_ns = timeline.pauses.between(*(span or (-1, timeline.last_ns)))
        self.held_s = held_ns / _NS_PER_S
        #: The switches that count.
        since, until = timeline.switch_before(self._start_ns - 1), timeline.switch_before(self._end_ns)
        self._switches = range(since + 1, until + 1) if span is not None else range(timeline.switch_count)
        self.switches = len(self._switches)
        woken, wakeups = _woken(timeline, self._start_ns, self._end_ns), timeline.columns.wakeups
        every = np.arange(len(wakeups))
        is_unknown, is_turn = (wakeups.are_by(every, cause) for cause in (words.UNKNOWN, words.TURN))
        #: Which of the wakeups count. A turn is nobody's doing.
        self._wakes = woken & ~is_turn
        #: How many do, and of how many of these neither the cause nor the waker is known.
        self.wakes, self.wakes_unknown = (int(np.count_nonzero(one)) for one in (self._wakes, woken & is_unknown))
        self.ids = [*timeline.tracks]
        self._advance = advance

    def add_up(self) -> None:
        """Work out what takes long, of which `advance` is told."""
        _ = self.times

    @cached_property
    def times(self) -> Times:
        """A row for each track."""
        return Times.behind_one_another(self._parts())

    def _parts(self) -> Iterator[Times]:
        done = 0
        for part in times_of(self.timeline, self._reasons, self.ids, self._span):
            yield part
            done += len(part.late_ns)
            self._advance(done, len(self.ids))

    @cached_property
    def rows(self) -> Sequence[int]:
        """Those that ended before the span, or begin behind it, have nothing to tell of it."""
        if self._span is None:
            return range(len(self.ids))
        part = Part.between(self.timeline, *self._span)
        return [row for row, track in enumerate(self.ids) if part.lives(track)]

    @cached_property
    def seconds(self) -> dict[str, Column]:
        """Of each track how long it was in which state, as running_s and so on."""
        return {name: self.times.spent_ns[:, state] / _NS_PER_S for name, state in SPENT.items()}

    def track(self, row: int, most: int | None = None) -> TrackDetails:
        """The details of the track of that row; of what it waited for at most so many, the longest."""
        timeline, id = self.timeline, self.ids[row]
        birth = timeline.tracks.birth(id)
        first, last = np.searchsorted(self.times.waiter, (row, row + 1)).tolist()
        reasons, waited_ns, waits = (
            column[first:last] for column in (self.times.reason, self.times.waited_ns, self.times.waits)
        )
        given, received = self._given_and_received
        return TrackDetails(
            id=id,
            name=self.names[id],
            kind=birth.kind,
            state=self._state(id).name,
            steps=int(self.steps[row]),
            **_spent(self.times.spent_ns[row].tolist()),
            latency=_spread(int(self.times.latencies[row]), self._latencies[:, row]),
            late_s=int(self.times.late_ns[row]) / _NS_PER_S,
            late_max_s=int(self.times.late_max_ns[row]) / _NS_PER_S,
            step=_spread(int(self.times.steps[row]), self._lengths[:, row]),
            **self._waited(reasons, waited_ns, waits, most),
            wakes_given=given.get(id, 0),
            wakes_received=received.get(id, 0),
            process=timeline.process_of(id).pid if len(timeline.processes) > 1 else msgspec.UNSET,
            daemon=id in timeline.daemons or msgspec.UNSET,
            served=self._served(id) or msgspec.UNSET,
        )

    def totals(self, most: int | None = None) -> TotalDetails:
        """The same over all tracks; of what was waited for at most so many, the longest."""
        times = self.times
        return TotalDetails(
            tracks=len(self.rows),
            steps=int(self.steps.sum()),
            **_spent([*map(sum, times.spent_ns.T.tolist())]),
            latency=spread(times.latencies_ns),
            late_s=sum(times.late_ns.tolist()) / _NS_PER_S,
            late_max_s=int(times.late_max_ns.max(initial=0)) / _NS_PER_S,
            step=spread(times.steps_ns),
            wakes=self.wakes,
            wakes_unknown=self.wakes_unknown,
            **self._waited(*self._waits, most),
        )

    @property
    def reasons(self) -> int:
        """How many things were waited for."""
        return len(self._waits[0])

    def who_woke_whom(self) -> list[Wakes]:
        """In order of the tracks, the unknown waker last; fields that are 0 are left out."""
        tracks, names = self.timeline.tracks, self.names
        pairs = zip(*(column.tolist() for column in self._pairs), strict=True)
        return [
            Wakes(waker if waker in tracks else None, names.get(waker), woken, names.get(woken, "unknown"), count)
            for waker, woken, count in sorted(pairs, key=lambda pair: (pair[0] not in tracks, pair))
        ]

    def fairness(self) -> list[Fairness]:
        """Of the tracks with the same function, and of those that a scheduler resumes in turn; two of them at least."""
        timeline, tracks = self.timeline, self.timeline.tracks
        groups: dict[tuple[int, str], array[int]] = {}
        several = len(timeline.processes) > 1
        for row, birth in zip(self.rows, tracks.births([self.ids[row] for row in self.rows]), strict=True):
            if birth.kind != words.THREAD and not birth.schedules:
                process = tracks.process(self.ids[row]) if several else 0
                groups.setdefault((process, birth.name), array("q")).append(row)
        row_of = {self.ids[row]: row for row in self.rows} if timeline.schedulers.known else {}
        for (resumer, place), members in timeline.schedulers.known.items():
            where = timeline.place(place)
            of = f"in turn at {ntpath.basename(where.file)}:{where.line}" if where else f"by {timeline.name(resumer)}"
            group = groups.setdefault((timeline.process_of(resumer).number, of), array("q"))
            group.extend(row_of[member] for member in dict.fromkeys(members) if member in row_of)
        return [
            Fairness(
                of,
                [self.names[self.ids[row]] for row in rows],
                *(
                    _jain(shares[np.asarray(rows)].tolist())
                    for shares in (self.steps, self.seconds["running_s"], self.seconds["ready_s"])
                ),
            )
            for (_, of), rows in groups.items()
            if len(rows) > 1
        ]

    def sampled(self) -> list[SampledLine]:
        """Where tracks were seen running on, the commonest first."""
        timeline, seen = self.timeline, {*self.timeline.samples.track}
        found = [
            SampledLine(track, self.names[track], place.file, place.line, place.function, times)
            for track in self.ids
            if track in seen
            for place, times, *_ in lines_sampled(timeline, track, self._start_ns, self._end_ns)
        ]
        return sorted(found, key=lambda one: -one.samples)

    def served(self) -> Iterator[Served]:
        """What the tracks that are told of served, of one track after another, in order of time."""
        serving = self.timeline.serving
        for row in self.rows if serving else ():
            if self.ids[row] in serving:
                yield from self._served(self.ids[row])

    def details(self) -> Details:
        """All of it, track by track."""
        tracks = [*map(self.track, self.rows)]
        return Details(
            self.duration_s, self.switches, self.stops, self.held_s, tracks, self.totals(), self.who_woke_whom(),
            self.fairness(), self.sampled(),
        )

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.timeline, self.names)

    @cached_property
    def names(self) -> dict[int, str]:
        """The name of each track."""
        return self.timeline.names()

    @cached_property
    def steps(self) -> Column:
        """How often each track was switched to."""
        timeline, counts = self.timeline, self._switches
        if self._span is None:
            of_each = [part.step_counts for part in timeline.tracks.slices(self.ids)]
            return np.concatenate([np.zeros(0, dtype=np.int64), *of_each])
        known = [timeline.tracks[id].steps for id in self.ids]
        counted = [bisect_left(steps, counts.stop) - bisect_left(steps, counts.start) for steps in known]
        return np.array(counted, dtype=np.int64)

    def _state(self, id: int) -> State:
        """In which state the track is at last."""
        if self._span is None:
            [part] = self.timeline.tracks.slices([id])
            if not len(part.state):
                return State.UNKNOWN
            last = np.frombuffer(part.state, dtype=np.uint8)[-1:], np.frombuffer(part.about, dtype=np.int32)[-1:]
            return State(as_called(self.timeline, *last, self.timeline.tracks.birth(id).kind == words.THREAD)[0])
        slices = called(self.timeline, self.timeline.tracks[id])
        at = slices.at(self._end_ns)
        return State(slices.state[at]) if at >= 0 else State.UNKNOWN

    @cached_property
    def _latencies(self) -> Column:
        return _spreads(self.times.latencies_ns, self.times.latencies)

    @cached_property
    def _lengths(self) -> Column:
        return _spreads(self.times.steps_ns, self.times.steps)

    @cached_property
    def _pairs(self) -> tuple[Column, Column, Column]:
        """Who woke whom, and how often."""
        wakeups = self.timeline.columns.wakeups
        ends = [np.asarray(column)[self._wakes].astype(np.int64) for column in (wakeups.waker, wakeups.track)]
        # Ids have 31 bits; none is below that of the current track.
        both, counts = np.unique(((ends[0] - words.CURRENT) << 32) + ends[1] - words.CURRENT, return_counts=True)
        return (both >> 32) + words.CURRENT, (both & 0xFFFFFFFF) + words.CURRENT, counts

    @cached_property
    def _given_and_received(self) -> tuple[dict[int, int], dict[int, int]]:
        """How many wakes each gave, and how many each received."""
        wakeups = self.timeline.columns.wakeups
        counts = (
            np.unique(np.asarray(column)[self._wakes], return_counts=True) for column in (wakeups.waker, wakeups.track)
        )
        given, received = (dict(zip(ids.tolist(), often.tolist(), strict=True)) for ids, often in counts)
        return given, received

    @cached_property
    def _waits(self) -> tuple[Column, Column, Column]:
        """What all tracks together waited for, in the order in which it came first, for how long, and how often."""
        times = self.times
        reasons, first, which = np.unique(times.reason, return_index=True, return_inverse=True)
        order = first.argsort()
        # All together may be longer than an integer of a column is.
        waited_ns, waits = np.zeros((2, len(reasons)), dtype=object)
        np.add.at(waited_ns, which, times.waited_ns)
        np.add.at(waits, which, times.waits)
        return reasons[order], waited_ns[order], waits[order]

    def _waited(
        self, reasons: Column, waited_ns: Column, waits: Column, most: int | None = None
    ) -> dict[str, Any]:
        """What is told of waits, of a track as of all."""
        by_reason: Counter[str] = Counter()
        lasted_ns = waited_ns.tolist()
        for reason, length_ns in zip(map(self._reasons.why, reasons.tolist()), lasted_ns, strict=True):
            by_reason[reason] += length_ns
        count = len(reasons) if most is None else most
        longest = nsmallest(count, range(len(reasons)), key=lambda at: -lasted_ns[at])
        return {
            "waited_by_reason": {reason: length_ns / _NS_PER_S for reason, length_ns in by_reason.most_common()},
            "waited_by_expression": [
                Waited(of.reason, of.on or None, of.file, of.line, int(waits[at]), lasted_ns[at] / _NS_PER_S)
                for at, of in ((at, self._reasons[int(reasons[at])]) for at in longest)
            ],
        }

    def _served(self, track: int) -> list[Served]:
        """What it served between the two times, at least partly."""
        return [
            Served(one.what, one.start_ns / _NS_PER_S, one.end_ns / _NS_PER_S if one.end_ns >= 0 else None)
            for one in self.timeline.services(track)
            if one.start_ns <= self._end_ns and (one.end_ns < 0 or one.end_ns >= self._start_ns)
        ]


def details(
    timeline: Timeline, span: tuple[int, int] | None = None,
    advance: Callable[[int, int], None] = lambda done, of: None,
) -> Details:
    """Details up to the latest time of the trace: a slice that is still open counts up to there.

    `span`: only of what lies between these two times, in ns, both included, as in `statistics` and `TrackTimes`.
    `advance` is told how many tracks have been looked at, and of how many.
    """
    return Figures(timeline, span, advance).details()


def _spent(spent_ns: list[int]) -> dict[str, Any]:
    """The seconds in each state, and their shares of a life, by the times in all states but those that are ends."""
    life_ns = sum(spent_ns)
    return {
        **{name: spent_ns[state] / _NS_PER_S for name, state in SPENT.items()},
        "share": {state.name: spent_ns[state] / life_ns if life_ns else 0.0 for state in _LIVING},
    }


def _jain(shares: list[float]) -> float:
    squares = sum(share * share for share in shares)
    return float(sum(shares) ** 2 / (len(shares) * squares)) if squares else 1.0


def spread(lengths_ns: Sequence[int] | Column) -> Spread:
    """How the lengths, in nanoseconds, are spread."""
    count = len(lengths_ns)
    return _spread(count, _spreads(np.asarray(lengths_ns, dtype=np.int64), np.array([count]))[:, 0])


def _spread(count: int, lengths_ns: Column) -> Spread:
    """`lengths_ns`: a column of `_spreads`."""
    return Spread(count, *(length_ns / _NS_PER_S for length_ns in lengths_ns.tolist()))


#: Of the numbers in columns.
_BITS = 64


def _spreads(lengths_ns: Column, counts: Column) -> Column:
    """Median, 95th percentile and longest, a column for each track, whose lengths, so many, stand behind one
    another."""
    whose = np.repeat(np.arange(len(counts)), counts)
    bits = int(lengths_ns.max(initial=0)).bit_length()
    if bits + len(counts).bit_length() < _BITS and lengths_ns.min(initial=0) >= 0:
        # Sorting numbers takes a third of the time of finding out how to sort two columns.
        every = np.sort(whose << bits | lengths_ns) & ((1 << bits) - 1)
    else:
        every = lengths_ns[np.lexsort((lengths_ns, whose))]
    begins, some = np.cumsum(counts) - counts, counts > 0
    found = np.zeros((3, len(counts)), dtype=np.int64)
    for row, percent in enumerate((50, 95, 100)):
        # Nearest rank: the least of them that so many per cent do not exceed.
        found[row, some] = every[(begins - (-counts * percent // 100) - 1)[some]]
    return found


def _woken(timeline: Timeline, start_ns: int, end_ns: int) -> Column:
    """Which wakeups are between these times, both included."""
    t_ns = np.asarray(timeline.columns.wakeups.ns)
    found: Column = (t_ns >= start_ns) & (t_ns <= end_ns)
    return found
