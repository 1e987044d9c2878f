"""The axis over the rows, and the whole trace in one row."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape, ping_pong
from tests.unit.paint.drawn import text, width
from tests.unit.paint.events import timelines
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.ruler import overview, ruler, ticks
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.trace import words


def lasting(last_ns: int) -> Timeline:
    return Tape().at(last_ns).end().timeline()


@pytest.mark.parametrize(
    ("last_ns", "cells", "painted"),
    [
        (2_000_000_000, 62, "│0.0 s        │0.5 s         │1.0 s         │1.5 s    2.0 s│  "),
        (2_000_000_000, 12, "│0 s  2 s│  "),
        (12_000, 40, "│0 µs          │5 µs           │10 µs   "),
        (900, 42, "│0.0 µs               │0.5 µs             "),
        (0, 10, "│0 ns     "),
        (200_000_000_000, 32, "│0 s          │100 s    200 s│  "),
    ],
)
def test_times(last_ns: int, cells: int, painted: str) -> None:
    timeline = lasting(last_ns)
    assert text(ruler(timeline, Viewport.fit(timeline, Axis.TIME, cells))) == painted


@pytest.mark.parametrize(
    ("taken", "painted"),
    [
        # On a tick, or between labels, nothing is lost.
        ((0, 6, 60), "│0.0 s        │0.5 s         │1.0 s         │1.5 s    2.0 s│  "),
        ((1,), "│             │0.5 s         │1.0 s         │1.5 s    2.0 s│  "),
        ((5, 19, 58), "│             │              │1.0 s         │1.5 s         │  "),
    ],
)
def test_a_label_gives_way_as_a_whole_to_what_else_stands_there(taken: tuple[int, ...], painted: str) -> None:
    timeline = lasting(2_000_000_000)
    assert text(ruler(timeline, Viewport.fit(timeline, Axis.TIME, 62), taken=taken)) == painted


@pytest.mark.parametrize("cells", range(30, 130))
def test_labels_keep_apart(cells: int) -> None:
    timeline = lasting(608_000_000)
    painted = text(ruler(timeline, Viewport.fit(timeline, Axis.TIME, cells)))
    assert painted.count("s") > 1
    assert not re.search(r"s\d", painted)


def test_a_close_look_far_from_the_start() -> None:
    timeline = lasting(2_000_000_000)
    viewport = Viewport(Axis.TIME, 1_030_689_123, 10, 44)
    assert text(ruler(timeline, viewport)) == "       │1.0306892 s        │1.0306894 s     "


def test_switches_are_counted_from_one() -> None:
    timeline = ping_pong().timeline()
    wide = Viewport.fit(timeline, Axis.SWITCHES, 38)
    assert text(ruler(timeline, wide)) == "      │#1   │#2   │#3   │#4   │#5     "
    assert text(ruler(timeline, Viewport.fit(timeline, Axis.SWITCHES, 20))) == "      │#2   │#4     "
    assert text(ruler(timeline, Viewport.fit(timeline, Axis.SWITCHES, 20), ascii=True)) == "      |#2   |#4     "


def test_overview_is_higher_where_there_are_more_switches() -> None:
    tape = Tape().spawn("a", words.GREENLET)
    for at_ns, count in ((110_000, 2), (510_000, 30), (910_000, 6)):
        tape.at(at_ns)
        for _ in range(count // 2):
            tape.switch("main", "a").switch("a", "main")
    timeline = tape.at(1_000_000).end().timeline()
    fitted = Viewport.fit(timeline, Axis.TIME, 80)
    assert text(overview(timeline, fitted, 22)) == "[▁▄▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▅▁▁]"
    assert text(overview(timeline, fitted, 22, ascii=True)) == "[_-_______#_______=__]".replace("=", "=")
    closer = fitted.zoomed(4, 40, timeline)
    assert text(overview(timeline, closer, 22)) == "▁▁▄▁▁▁▁[▁▁█▁]▁▁▁▁▁▅▁▁▁"
    assert [run.style for run in overview(timeline, closer, 22)] == [
        "dim", "overview", "dim", "edge", "dim", "overview", "dim", "edge", "dim", "overview", "dim",
    ]


@given(timelines(), st.sampled_from(Axis), st.integers(1, 80), st.floats(1, 1000), st.booleans())
def test_both_have_the_width(timeline: Timeline, axis: Axis, cells: int, factor: float, ascii: bool) -> None:
    viewport = Viewport.fit(timeline, axis, cells).zoomed(factor, cells // 2, timeline)
    assert width(ruler(timeline, viewport, ascii=ascii)) == cells
    assert width(overview(timeline, viewport, cells, ascii=ascii)) == cells


def sleeper() -> Timeline:
    """A hub that polls from 0.1 s to 1 s and from 1.1 s to 3.1 s; it ends at 3.2 s."""
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", words.SLEEP, "9 s").switch("main", "hub")
    tape.at(100_000_000).poll("hub", 1).at(1_000_000_000).poll("hub", 0)
    tape.at(1_100_000_000).poll("hub", 1).at(3_100_000_000).poll("hub", 0)
    return tape.at(3_200_000_000).end().timeline()


def test_folded_gaps_say_how_long_they_are() -> None:
    timeline = sleeper()
    found = [text(ruler(timeline, Viewport.fit(timeline, Axis.BUSY, cells))) for cells in (120, 60, 20)]
    assert found == [
        "│0.00 s         │0.05 s         ⋯⋯ 0.9 s ⋯│1.00 s         │1.05 s          ⋯⋯⋯ 2 s ⋯⋯│3.10 s         │3.15 s"
        + " " * 12,
        "│0.0 s         ⋯ 0.9 s              ⋯ 2 s │3.1 s            ",
        "    ⋯0.9s  ⋯ 2 s    ",
    ]
    viewport = Viewport.fit(timeline, Axis.BUSY, 60)
    closer = viewport.zoomed(8, 20, timeline)
    assert text(ruler(timeline, closer, ascii=True)) == "//////////// 0.9 s /////////|1.00 s      |1.01 s            "


def test_times_around_folded_gaps_are_real_times() -> None:
    timeline = sleeper()
    viewport = Viewport.fit(timeline, Axis.BUSY, 200)
    found = list(ticks(timeline, viewport, lambda label: len(label) + 4))
    assert all(0.0 <= float(label.split()[0]) <= 3.2 for _, label in found)
    for position, label in found:
        t_ns = round(float(label.split()[0]) * 1e9)
        assert viewport.cell_of_time(timeline, t_ns) == pytest.approx((position - viewport.start) / viewport.per_cell)
        assert not 100_000_000 < t_ns < 1_000_000_000
