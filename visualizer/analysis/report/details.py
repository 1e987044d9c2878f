"""How the time of a trace was spent, in depth: what each track waited for, how late it ran, and who woke whom.

`statistics` answers at once, however long the trace is; this looks at every slice once.
"""

from __future__ import annotations

import ntpath
from collections import Counter
from collections.abc import Iterable

import msgspec

from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.report.statistics import Totals, TrackStatistics, statistics
from visualizer.analysis.report.track_times import Lengths, Reason
from visualizer.analysis.text.hot_lines import lines_sampled
from visualizer.trace import words

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
    #: Reason -> seconds, the longest first. A hub is left out: it waits whenever somebody else runs.
    waited_by_reason: dict[str, float]
    waited_by_expression: list[Waited]
    #: Id of its process, where there are several.
    process: int | msgspec.UnsetType = msgspec.UNSET


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
    #: Who gave some of them may be unknown.
    wakes: int
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


class _Measured:
    """What is added up, of one track or of all, in nanoseconds."""

    def __init__(self) -> None:
        self.spent_ns: Counter[int] = Counter()
        self.latencies_ns: list[int] = []
        self.steps_ns: list[int] = []
        self.late_ns = 0
        self.late_max_ns = 0
        self.waited_ns: Counter[Reason] = Counter()
        self.waits: Counter[Reason] = Counter()

    def add(self, other: _Measured | Lengths) -> None:
        self.spent_ns.update(other.spent_ns)
        self.latencies_ns += other.latencies_ns
        self.steps_ns += other.steps_ns
        self.late_ns += other.late_ns
        self.late_max_ns = max(self.late_max_ns, other.late_max_ns)
        self.waited_ns.update(other.waited_ns)
        self.waits.update(other.waits)

    @property
    def share(self) -> dict[str, float]:
        life_ns = sum(self.spent_ns.values())
        return {state.name: self.spent_ns[state] / life_ns if life_ns else 0.0 for state in _LIVING}

    @property
    def by_reason(self) -> dict[str, float]:
        summed: Counter[str] = Counter()
        for (reason, *_), waited_ns in self.waited_ns.items():
            summed[reason] += waited_ns
        return {reason: waited_ns / _NS_PER_S for reason, waited_ns in summed.most_common()}

    @property
    def by_expression(self) -> list[Waited]:
        return [
            Waited(of.reason, of.on or None, of.file, of.line, self.waits[of], waited_ns / _NS_PER_S)
            for of, waited_ns in self.waited_ns.most_common()
        ]


def details(timeline: Timeline, span: tuple[int, int] | None = None) -> Details:
    """Details up to the latest time of the trace: a slice that is still open counts up to there.

    `span`: only of what lies between these two times, in ns, as in `statistics` and `Lengths`.
    """
    plain = statistics(timeline, span)
    start_ns, end_ns = span or (0, timeline.last_ns)
    # A turn is nobody's doing.
    given_by = (
        wakeup for wakeup in timeline.wakeups if wakeup.cause != words.TURN and start_ns <= wakeup.t_ns <= end_ns
    )
    pairs = Counter((wakeup.waker, wakeup.track) for wakeup in given_by)
    given, received = _sums(pairs)
    all_measured = _Measured()
    tracks = []
    for known in plain.tracks:
        lengths = Lengths(timeline, known.id, span)
        lengths.take()
        measured = _Measured()
        measured.add(lengths)
        all_measured.add(measured)
        tracks.append(
            TrackDetails(
                **msgspec.structs.asdict(known),
                share=measured.share,
                latency=spread(measured.latencies_ns),
                late_s=measured.late_ns / _NS_PER_S,
                late_max_s=measured.late_max_ns / _NS_PER_S,
                step=spread(measured.steps_ns),
                wakes_given=given[known.id],
                wakes_received=received[known.id],
                waited_by_reason=measured.by_reason,
                waited_by_expression=measured.by_expression,
                process=timeline.process_of(known.id).pid if len(timeline.processes) > 1 else msgspec.UNSET,
            )
        )
    totals = TotalDetails(
        **msgspec.structs.asdict(plain.totals),
        share=all_measured.share,
        latency=spread(all_measured.latencies_ns),
        late_s=all_measured.late_ns / _NS_PER_S,
        late_max_s=all_measured.late_max_ns / _NS_PER_S,
        step=spread(all_measured.steps_ns),
        wakes=pairs.total(),
        waited_by_reason=all_measured.by_reason,
        waited_by_expression=all_measured.by_expression,
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
    for (resumer, place), members in timeline.turns.schedulers.items():
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


def spread(lengths_ns: Iterable[int]) -> Spread:
    """How the lengths, in nanoseconds, are spread."""
    ordered = sorted(lengths_ns)
    if not ordered:
        return Spread(0, 0.0, 0.0, 0.0)
    # Nearest rank: the least of them that so many per cent do not exceed.
    median_ns, p95_ns = (ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 95))
    return Spread(len(ordered), median_ns / _NS_PER_S, p95_ns / _NS_PER_S, ordered[-1] / _NS_PER_S)


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
