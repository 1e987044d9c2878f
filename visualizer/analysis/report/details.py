"""How the time of a trace was spent, in depth: what each track waited for, how late it ran, and who woke whom.

`statistics` answers at once, however long the trace is; this looks at every slice once.
"""

from __future__ import annotations

import ntpath
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.report.statistics import Totals, TrackStatistics, statistics
from visualizer.analysis.report.track_times import Reason, Times, TrackTimes, times_of
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


def _in_all(times: Sequence[Times | TrackTimes]) -> Times:
    """Over all tracks."""
    spent_ns: Counter[int] = Counter()
    waited_ns: Counter[Reason] = Counter()
    waits: Counter[Reason] = Counter()
    for one in times:
        spent_ns.update(one.spent_ns)
        waited_ns.update(one.waited_ns)
        waits.update(one.waits)
    latencies_ns, steps_ns = (
        np.concatenate([np.zeros(0, dtype=np.int64), *columns])
        for columns in ((one.latencies_ns for one in times), (one.steps_ns for one in times))
    )
    late_ns, late_max_ns = sum(one.late_ns for one in times), max((one.late_max_ns for one in times), default=0)
    return Times(spent_ns, latencies_ns, steps_ns, late_ns, late_max_ns, waited_ns, waits)


def _measured(times: Times | TrackTimes) -> dict[str, Any]:
    """What is told of them, of a track as of all."""
    life_ns = sum(times.spent_ns.values())
    by_reason: Counter[str] = Counter()
    for (reason, *_), waited_ns in times.waited_ns.items():
        by_reason[reason] += waited_ns
    return {
        "share": {state.name: times.spent_ns[state] / life_ns if life_ns else 0.0 for state in _LIVING},
        "latency": spread(times.latencies_ns),
        "late_s": times.late_ns / _NS_PER_S,
        "late_max_s": times.late_max_ns / _NS_PER_S,
        "step": spread(times.steps_ns),
        "waited_by_reason": {reason: waited_ns / _NS_PER_S for reason, waited_ns in by_reason.most_common()},
        "waited_by_expression": [
            Waited(of.reason, of.on or None, of.file, of.line, times.waits[of], waited_ns / _NS_PER_S)
            for of, waited_ns in times.waited_ns.most_common()
        ],
    }


def _served(timeline: Timeline, track: int, start_ns: int, end_ns: int) -> list[Served]:
    """What it served between the two times, at least partly."""
    return [
        Served(one.what, one.start_ns / _NS_PER_S, one.end_ns / _NS_PER_S if one.end_ns >= 0 else None)
        for one in timeline.services(track)
        if one.start_ns <= end_ns and (one.end_ns < 0 or one.end_ns >= start_ns)
    ]


def details(
    timeline: Timeline, span: tuple[int, int] | None = None,
    advance: Callable[[int, int], None] = lambda done, of: None,
) -> Details:
    """Details up to the latest time of the trace: a slice that is still open counts up to there.

    `span`: only of what lies between these two times, in ns, both included, as in `statistics` and `TrackTimes`.
    `advance` is told how many tracks have been looked at, and of how many.
    """
    plain = statistics(timeline, span, closed=True)
    start_ns, end_ns = span or (0, timeline.last_ns)
    pairs = _pairs(timeline, start_ns, end_ns)
    given, received = _sums(pairs)
    times: list[Times | TrackTimes] = []
    for one in times_of(timeline, list(timeline.tracks.values()), span):
        times.append(one)
        advance(len(times), len(timeline.tracks))
    part = Part.between(timeline, *span) if span is not None else None
    tracks = [
        TrackDetails(
            **msgspec.structs.asdict(known),
            **_measured(of),
            wakes_given=given[known.id],
            wakes_received=received[known.id],
            process=timeline.process_of(known.id).pid if len(timeline.processes) > 1 else msgspec.UNSET,
            served=_served(timeline, known.id, start_ns, end_ns) or msgspec.UNSET,
        )
        for known, of in zip(plain.tracks, times, strict=True)
        # Those that ended before the span, or begin behind it, have nothing to tell of it.
        if part is None or part.lives(known.id)
    ]
    counted = msgspec.structs.replace(plain.totals, tracks=len(tracks))
    totals = TotalDetails(
        **msgspec.structs.asdict(counted),
        **_measured(_in_all(times)),
        wakes=pairs.total(),
        wakes_unknown=int(np.count_nonzero(_woken(timeline, start_ns, end_ns, words.UNKNOWN))),
    )
    return Details(
        plain.duration_s,
        plain.switches,
        plain.stops,
        plain.held_s,
        tracks,
        totals,
        _matrix(timeline, pairs),
        fairness(timeline, tracks),
        _sampled(timeline, start_ns, end_ns),
    )


def _sampled(timeline: Timeline, start_ns: int, end_ns: int) -> list[SampledLine]:
    found = [
        SampledLine(track, timeline.name(track), place.file, place.line, place.function, times)
        for track in timeline.tracks
        for place, times, *_ in lines_sampled(timeline, track, start_ns, end_ns)
    ]
    return sorted(found, key=lambda one: -one.samples)


def fairness(timeline: Timeline, tracks: Iterable[TrackDetails]) -> list[Fairness]:
    """Of the tracks with the same function, and of those that a scheduler resumes in turn; two of them at least."""
    by_id = {track.id: track for track in tracks}
    groups: dict[tuple[int, str], list[TrackDetails]] = {}
    for track in by_id.values():
        known = timeline.tracks[track.id]
        if known.kind != words.THREAD and not known.schedules:
            groups.setdefault((known.process, known.base_name), []).append(track)
    for (resumer, place), members in timeline.schedulers.known.items():
        where = timeline.place(place)
        of = f"in turn at {ntpath.basename(where.file)}:{where.line}" if where else f"by {timeline.name(resumer)}"
        group = groups.setdefault((timeline.process_of(resumer).number, of), [])
        group.extend(by_id[member] for member in dict.fromkeys(members))
    return [
        Fairness(
            of,
            [member.name for member in members],
            _jain([member.steps for member in members]),
            _jain([member.running_s for member in members]),
            _jain([member.ready_s for member in members]),
        )
        for (_, of), members in groups.items()
        if len(members) > 1
    ]


def _jain(shares: list[float]) -> float:
    squares = sum(share * share for share in shares)
    return float(sum(shares) ** 2 / (len(shares) * squares)) if squares else 1.0


def spread(lengths_ns: Sequence[int] | Column) -> Spread:
    """How the lengths, in nanoseconds, are spread."""
    count = len(lengths_ns)
    if not count:
        return Spread(0, 0.0, 0.0, 0.0)
    ordered = np.sort(lengths_ns)
    # Nearest rank: the least of them that so many per cent do not exceed.
    median_ns, p95_ns, max_ns = (int(ordered[-(-count * percent // 100) - 1]) for percent in (50, 95, 100))
    return Spread(count, median_ns / _NS_PER_S, p95_ns / _NS_PER_S, max_ns / _NS_PER_S)


def _pairs(timeline: Timeline, start_ns: int, end_ns: int) -> Counter[tuple[int, int]]:
    """Who woke whom how often between these times, both included. A turn is nobody's doing."""
    wakeups = timeline.columns.wakeups
    given = ~_woken(timeline, start_ns, end_ns, words.TURN) & _woken(timeline, start_ns, end_ns)
    ends = np.stack([np.asarray(column)[given].astype(np.int64) for column in (wakeups.waker, wakeups.track)])
    # Ids have 31 bits; none is below that of the current track.
    both, counts = np.unique(((ends[0] - words.CURRENT) << 32) + ends[1] - words.CURRENT, return_counts=True)
    pairs = zip((both >> 32) + words.CURRENT, (both & 0xFFFFFFFF) + words.CURRENT, counts, strict=True)
    return Counter({(int(waker), int(woken)): int(count) for waker, woken, count in pairs})


def _woken(timeline: Timeline, start_ns: int, end_ns: int, cause: str | None = None) -> Column:
    """Which wakeups are between these times, both included, and of that cause if one is given."""
    wakeups = timeline.columns.wakeups
    t_ns = np.asarray(wakeups.ns)
    found: Column = (t_ns >= start_ns) & (t_ns <= end_ns)
    if cause is not None:
        found &= np.isin(np.asarray(wakeups.cause), [n for n, one in enumerate(wakeups.causes.known) if one == cause])
    return found


def _sums(pairs: Counter[tuple[int, int]]) -> tuple[Counter[int], Counter[int]]:
    """How many each gave, and how many each received."""
    given: Counter[int] = Counter()
    received: Counter[int] = Counter()
    for (waker, woken), count in pairs.items():
        given[waker] += count
        received[woken] += count
    return given, received


def _matrix(timeline: Timeline, pairs: Counter[tuple[int, int]]) -> list[Wakes]:
    known = sorted(pairs, key=lambda pair: (pair[0] not in timeline.tracks, pair))
    return [
        Wakes(
            waker if waker in timeline.tracks else None,
            timeline.name(waker) if waker in timeline.tracks else None,
            woken,
            timeline.name(woken),
            pairs[waker, woken],
        )
        for waker, woken in known
    ]
