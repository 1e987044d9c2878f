"""Columns say the same of the order of switches, and of waits, as looking at one after another does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement, takewhile
from pathlib import Path

import pytest
from hypothesis import given

from tests.unit.paint.events import timelines
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.alignment import Alignment, waited_ns
from visualizer.trace import words

GOLDEN = sorted((Path(__file__).parents[3] / "golden").glob("*.trace"))


def read(path: Path) -> Timeline:
    return load(str(path))[0]


def order(timeline: Timeline, first: int = 0) -> Iterator[tuple[object, ...]]:
    names = {track.id: (track.base_name, track.number) for track in timeline.tracks.values()}
    for index in range(first, timeline.switch_count):
        switch = timeline.switch(index)
        origin, target = timeline.tracks.get(switch.origin), timeline.tracks[switch.target]
        asks = switch.suspension >= 0 and origin is not None and origin.kind != words.HUB
        run, woken = target.slice_of_step(index), ""
        if run and target.slices.state[run - 1] == State.READY:
            woken = timeline.wakeups[target.slices.about[run - 1]].cause
        reason = timeline.suspensions[switch.suspension].reason if asks else ""
        yield names.get(switch.origin), names.get(switch.target), switch.cause, reason, woken


def assert_alike(a: Timeline, b: Timeline, first: int = 0) -> None:
    one, other = (timeline.switch_count for timeline in (a, b))
    pairs = zip(order(a, first), order(b, first), strict=False)
    count = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    assert Alignment().alike(a, first, one, b, first, other) == count


@pytest.mark.parametrize(("a", "b"), [*combinations_with_replacement(GOLDEN, 2)], ids=lambda path: path.stem)
def test_the_order_of_switches(a: Path, b: Path) -> None:
    assert_alike(read(a), read(b))
    assert_alike(read(a), read(b), 1)


@given(timelines(), timelines())
def test_the_order_of_any_switches(a: Timeline, b: Timeline) -> None:
    assert_alike(a, b)
    assert_alike(a, a)


@given(timelines())
def test_waits_of_any_part(timeline: Timeline) -> None:
    start_ns, end_ns = timeline.last_ns // 3, timeline.last_ns
    found: Counter[str] = Counter()
    for track in timeline.tracks.values():
        slices = track.slices
        for index, state in enumerate(slices.state):
            if state == State.WAITING:
                until_ns = slices.start_ns[index + 1] if index + 1 < len(slices) else timeline.last_ns
                lies_ns = min(end_ns, until_ns) - max(start_ns, slices.start_ns[index])
                found[timeline.suspensions[slices.about[index]].reason] += max(0, lies_ns)
    assert +waited_ns(timeline, start_ns, end_ns, list(timeline.tracks.values())) == +found
