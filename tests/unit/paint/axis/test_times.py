"""How moments are told."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape
from tests.unit.paint.drawn import text, width
from tests.unit.paint.events import timelines
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.ruler import ruler
from visualizer.paint.axis.times import DAY_NS, SINCE_START, Since, TimeFormat, by_the_clock, time_of_clock
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.trace import events as ev
from visualizer.trace import words

S = 1_000_000_000
#: 14:03:07.25 in UTC, on some day.
WALL_NS = 1_700_000_000 * S // DAY_NS * DAY_NS + (14 * 3600 + 3 * 60 + 7) * S + S // 4


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def recorded(last_ns: int, wall_ns: int = WALL_NS) -> Timeline:
    timeline = Tape().at(last_ns).end().timeline()
    timeline.header = ev.Header(words.FORMAT, words.VERSION, wall_ns=wall_ns)
    return timeline


def clock_of(timeline: Timeline) -> TimeFormat:
    time_format = by_the_clock(timeline)
    assert time_format is not None
    return time_format


def test_moments() -> None:
    since = TimeFormat(Since.MOMENT, 500_000_000)
    told = [since.moment(t_ns, 2 * S) for t_ns in (0, 500_000_000, 1_250_000_000)]
    assert told == ["-0.500 s", "+0.000 s", "+0.750 s"]
    assert SINCE_START.moment(1_250_000, 1_300_000) == "1.250 ms"
    by_clock = clock_of(recorded(2 * S))
    assert [by_clock.moment(t_ns, 2 * S) for t_ns in (0, S)] == ["14:03:07.250", "14:03:08.250"]
    assert by_clock.moment(1_000, 200_000) == "14:03:07.250001"
    assert by_clock.moment(1, 200) == "14:03:07.250000001"


def test_rulers() -> None:
    timeline = recorded(2 * S)
    viewport = Viewport.fit(timeline, Axis.TIME, 72)
    since = TimeFormat(Since.MOMENT, 500_000_000)
    assert text(ruler(timeline, viewport, time_format=since)) == (
        "│-0.5 s          │0.0 s           │+0.5 s           │+1.0 s    +1.5 s│  "
    )
    assert text(ruler(timeline, viewport, time_format=clock_of(timeline))) == (
        "        │14:03:07.5       │14:03:08.0      │14:03:08.5       │14:03:09.0"
    )


def test_round_times_of_a_clock() -> None:
    timeline = recorded(600 * S)
    assert text(ruler(timeline, Viewport.fit(timeline, Axis.TIME, 60), time_format=clock_of(timeline))) == (
        "          │14:05:00                    │14:10:00            "
    )


def test_a_clock_goes_beyond_midnight() -> None:
    timeline = recorded(20 * S, WALL_NS // DAY_NS * DAY_NS + DAY_NS - 10 * S)
    by_clock = clock_of(timeline)
    assert [by_clock.moment(t_ns, 20 * S) for t_ns in (0, 15 * S)] == ["23:59:50.000", "00:00:05.000"]
    assert time_of_clock(timeline, 5 * S) == 15 * S


@pytest.mark.parametrize("wall_ns", [0, -5, 2**61])
def test_a_time_of_day_that_is_not_told(wall_ns: int) -> None:
    timeline = recorded(S, wall_ns)
    if wall_ns <= 0:
        assert (by_the_clock(timeline), time_of_clock(timeline, 0)) == (None, None)
    else:
        assert clock_of(timeline).moment(0, S)


@given(timelines(), st.integers(1, 90), st.sampled_from(Axis), st.integers(0, 10**9), st.floats(0.2, 1000))
def test_every_ruler_is_as_wide_as_its_viewport(
    timeline: Timeline, cells: int, axis: Axis, zero_ns: int, factor: float
) -> None:
    viewport = Viewport.fit(timeline, axis, cells).zoomed(factor, cells // 2, timeline)
    for time_format in (TimeFormat(Since.MOMENT, zero_ns), TimeFormat(Since.MIDNIGHT, -zero_ns * 1_000)):
        assert width(ruler(timeline, viewport, time_format=time_format)) == viewport.width
