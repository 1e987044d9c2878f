from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.text.durations import duration, last_digit_ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 s"),
        (7, "7 ns"),
        (100, "0.1 µs"),
        (12_000, "12 µs"),
        (99_949, "99.9 µs"),
        (300_000, "0.3 ms"),
        (1_234_567, "1.23 ms"),
        (40_000_000, "40 ms"),
        (100_000_000, "0.1 s"),
        (250_000_000, "0.25 s"),
        (1_000_000_000, "1 s"),
        (2_004_000_000, "2 s"),
        (119_400_000_000, "119 s"),
        (120_000_000_000, "2 min"),
        (200_000_000_000, "3 min 20 s"),
        (-300_000, "-0.3 ms"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    assert duration(ns) == text


def test_fewer_digits() -> None:
    assert [duration(ns, 2) for ns in (312_345, 1_260_000_000, 12_600_000)] == ["0.31 ms", "1.3 s", "13 ms"]


def test_more_digits_and_what_the_last_is_worth() -> None:
    assert [duration(ns, 6) for ns in (5_005_828_000, 200_300_000_000)] == ["5.00583 s", "200.3 s"]
    assert [last_digit_ns(5_005_828_000, digits) for digits in (3, 6)] == [10_000_000, 10_000]
    assert (last_digit_ns(200_300_000_000), last_digit_ns(0)) == (1_000_000_000, 0)


@given(st.integers(1, 119 * 10**9))
def test_a_duration_is_right_to_its_digits(ns: int) -> None:
    amount, unit = duration(ns).split()
    unit_ns = {"ns": 1, "µs": 10**3, "ms": 10**6, "s": 10**9}[unit]
    assert float(amount) * unit_ns == pytest.approx(ns, rel=0.006)
    assert len(amount) <= 5
