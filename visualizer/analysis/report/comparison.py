"""Two traces side by side, or two parts of one: what each took, and where the order of their switches first differs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from visualizer.analysis.index.polls import as_called, called, occurring, of_threads
from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.alignment import Alignment, waited_ns
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words
from visualizer.trace.columns import unique

_NS_PER_S = 1_000_000_000


class Part(NamedTuple):
    """A timeline from `start_ns` to `end_ns`, with its switches number `first` up to, but not including, `stop`."""

    timeline: Timeline
    start_ns: int
    end_ns: int
    first: int
    stop: int

    @classmethod
    def whole(cls, timeline: Timeline) -> Part:
        return cls(timeline, 0, timeline.last_ns, 0, timeline.switch_count)

    @classmethod
    def between(cls, timeline: Timeline, start_ns: int, end_ns: int) -> Part:
        """What lies from `start_ns` to `end_ns`, both included."""
        switch_ns = timeline.switch_ns
        return cls(timeline, start_ns, end_ns, bisect_left(switch_ns, start_ns), bisect_right(switch_ns, end_ns))

    @property
    def is_whole(self) -> bool:
        return self == Part.whole(self.timeline)

    def lives(self, track: int) -> bool:
        """Whether the track, which must be known, is there at any time of it."""
        spawn_ns, exit_ns = self.timeline.tracks.life(track)
        return spawn_ns <= self.end_ns and not 0 <= exit_ns < self.start_ns

    def states(self, tracks: Iterable[int] | None = None) -> Collection[State]:
        """The states that any of the tracks, None: any track, is in at any time of it."""
        timeline = self.timeline
        if tracks is None and self.is_whole:
            return occurring(timeline)
        ids = [*filter(self.lives, timeline.tracks if tracks is None else tracks)]
        all = AllSlices(timeline.tracks, ids)
        state = as_called(timeline, all.state, all.about, of_threads(timeline, ids, np.diff(all.bounds)))
        # The last that began by the start lasts until the next one begins.
        lasts = np.append(all.start_ns[1:], 0) > self.start_ns
        lasts[all.lasts] = True
        return {*map(State, unique(state[lasts & (all.start_ns <= self.end_ns)]).tolist())}


class Figure(msgspec.Struct, frozen=True):
    """The same of both. `difference` is b - a, `factor` b / a, None where a is 0."""

    a: float
    b: float
    difference: float
    factor: float | None


class Side(msgspec.Struct, frozen=True):
    """One of the two: what was run, and which part of its trace is compared."""

    target: str
    start_s: float
    end_s: float


class ComparedSwitch(msgspec.Struct, frozen=True):
    """A switch: its number in its whole trace, and what it says."""

    #: From 1, as everywhere else that a switch has a number; and from 0, as this was called before.
    number: int
    index: int
    t: float
    from_name: str
    to_name: str
    cause: str
    sentence: str


class Difference(msgspec.Struct, frozen=True):
    """Where the switches part; None for the one that has no more of them."""

    a: ComparedSwitch | None
    b: ComparedSwitch | None


class Comparison(msgspec.Struct, frozen=True):
    """What `compare --json` prints."""

    a: Side
    b: Side
    #: In the order in which they are told. Those in seconds end in `_s`.
    figures: dict[str, Figure]
    #: Reason -> seconds; where it was longest in either first. Without hubs: they wait whenever another track runs.
    waited_by_reason: dict[str, Figure]
    #: So many switches are the same in both, from the first one on.
    alike: int
    #: None if all are.
    first_difference: Difference | None


def compare(a: Part, b: Part) -> Comparison:
    """Compare them. What lasts longer than a part counts as far as it lies in it."""
    waited = _waited_ns(a), _waited_ns(b)
    sums = _figures(a, waited[0].total()), _figures(b, waited[1].total())
    known = {reason: max(by[reason] for by in waited) for reason in (*waited[0], *waited[1])}
    reasons = sorted((reason for reason in known if known[reason]), key=lambda reason: -known[reason])
    alike = Alignment().alike(a.timeline, a.first, a.stop, b.timeline, b.first, b.stop)
    return Comparison(
        _side(a),
        _side(b),
        {name: _figure(sums[0][name], sums[1][name]) for name in sums[0]},
        {reason: _figure(waited[0][reason] / _NS_PER_S, waited[1][reason] / _NS_PER_S) for reason in reasons},
        alike,
        _difference(a, b, alike),
    )


def starting_ns(part: Part) -> int:
    """How long it took to its first switch, while Python started and imported, too; all of it if there is none."""
    timeline, start_ns, end_ns, first, stop = part
    return (timeline.switch_ns[first] if stop > first else end_ns) - start_ns


def is_start(difference: float, starting: float) -> bool:
    """Whether more than half of a difference in time was there before the first switch: `starting`, in its unit."""
    return difference != 0 and starting / difference > 1 / 2


def _side(part: Part) -> Side:
    header = part.timeline.header
    return Side(header.target if header is not None else "", part.start_ns / _NS_PER_S, part.end_ns / _NS_PER_S)


def _figure(a: float, b: float) -> Figure:
    return Figure(a, b, b - a, b / a if a else None)


def _figures(part: Part, waited_ns: int) -> dict[str, float]:
    timeline, start_ns, end_ns, first, stop = part
    states = State.RUNNING, State.READY, State.BLOCKED
    running_ns, ready_ns, blocked_ns = (timeline.spent_ns(state, end_ns, start_ns) for state in states)
    every = timeline.tracks.values()
    idle_ns = sum(called(timeline, track).spent_ns(State.IDLE, end_ns, start_ns) for track in every)
    starting_run_ns = timeline.spent_ns(State.RUNNING, start_ns + starting_ns(part), start_ns)
    switching_ns = timeline.switch_ns[stop - 1] - timeline.switch_ns[first] if stop > first else 0
    return {
        "duration_s": (end_ns - start_ns) / _NS_PER_S,
        "starting_s": starting_ns(part) / _NS_PER_S,
        "switching_s": switching_ns / _NS_PER_S,
        "switches": stop - first,
        "tracks": sum(map(part.lives, timeline.tracks)),
        "running_s": running_ns / _NS_PER_S,
        # Mostly how Python starts and imports, which is no merit of what it runs.
        "starting_run_s": starting_run_ns / _NS_PER_S,
        "ready_s": ready_ns / _NS_PER_S,
        "waited_s": waited_ns / _NS_PER_S,
        "waiting_at_once": waited_ns / (end_ns - start_ns) if end_ns > start_ns else 0.0,
        "blocked_s": blocked_ns / _NS_PER_S,
        "idle_s": idle_ns / _NS_PER_S,
    }


def _waited_ns(part: Part) -> Counter[str]:
    """How long all tracks but hubs waited, by reason: without what counts as idle."""
    timeline, start_ns, end_ns = part.timeline, part.start_ns, part.end_ns
    tracks = [track for track in timeline.tracks.values() if not track.schedules]
    found = waited_ns(timeline, start_ns, end_ns, tracks)
    for track in tracks:
        if (slices := called(timeline, track)) is not track.slices:
            waits = (one.spent_ns(State.WAITING, end_ns, start_ns) for one in (track.slices, slices))
            found[words.SELECT] -= next(waits) - next(waits)
    return +found


def _difference(a: Part, b: Part, alike: int) -> Difference | None:
    one, other = _turn(a, alike), _turn(b, alike)
    return None if one is None and other is None else Difference(one, other)


def _turn(part: Part, number: int) -> ComparedSwitch | None:
    index = part.first + number
    if index >= part.stop:
        return None
    timeline = part.timeline
    switch = timeline.switch(index)
    return ComparedSwitch(
        index + 1,
        index,
        switch.t_ns / _NS_PER_S,
        timeline.name(switch.origin),
        timeline.name(switch.target),
        switch.cause,
        sentence(timeline, index),
    )
