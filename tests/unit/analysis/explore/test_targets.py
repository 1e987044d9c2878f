from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.explore.targets import Clock, Line, Number, Time, goal, there_are
from visualizer.analysis.model.timeline import Place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5 s", Time(1_500_000_000)), ("20ms", Time(20_000_000)), (" .5us ", Time(500)), ("3 µs", Time(3_000)),
        ("7ns", Time(7)), ("2 min", Time(120_000_000_000)), ("0.000000001s", Time(1)), ("1.s", Time(1_000_000_000)),
        ("14:03:07", Clock(50_587_000_000_000)), ("0:00:00.5", Clock(500_000_000)),
        ("23:59:59.9999999999", Clock(86_399_999_999_999)), ("14:03", Line("14", 3)), ("24:00:00", Line("24:00", 0)),
        ("0.93", Time(930_000_000)), (" .5", Time(500_000_000)), ("2.", Time(2_000_000_000)),
        ("12", Number(12)), ("#12", Number(12)), ("# 3", Number(3)),
        (":14", Line("", 14)), ("demo.py:14", Line("demo.py", 14)), ("line 14", Line("", 14)),
        ("a b/c.py:7", Line("a b/c.py", 7)), ("C:\\x\\demo.py:3", Line("C:\\x\\demo.py", 3)),
    ],
)
def test_times_switches_and_lines(text: str, expected: Time | Clock | Number | Line) -> None:
    assert goal(text) == expected


@pytest.mark.parametrize("text", ["", "demo.py", "1.5.2", ".", "#1.5", "-3 s", "4 h", "#", ":", "x:", "1e3 s"])
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Type a time .*\.$"):
        goal(text)


@given(st.text(max_size=30))
def test_no_text_does_anything_else(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(goal(text), Time | Clock | Number | Line)


@given(st.integers(0, 10**15))
def test_every_nanosecond_can_be_named(t_ns: int) -> None:
    assert goal(f"{t_ns // 10**9}.{t_ns % 10**9:09} s") == Time(t_ns)


@pytest.mark.parametrize(
    ("line", "is_in"),
    [
        (Line("", 4), True), (Line("demo.py", 5), True), (Line("src/demo.py", 6), True),
        (Line("/a/src/demo.py", 4), True),
        (Line("", 3), False), (Line("", 7), False), (Line("emo.py", 4), False), (Line("b/demo.py", 4), False),
    ],
)
def test_a_line_is_in_the_expressions_that_go_over_it(line: Line, is_in: bool) -> None:
    assert line.is_in(Place("/a/src/demo.py", "f", 4, 6, 0, 1)) is is_in
    assert not line.is_in(None)


def test_how_many_switches_there_are() -> None:
    assert [there_are(switches) for switches in (0, 1, 2)] == ["there are none", "there is 1", "there are 2"]
