from __future__ import annotations

import pytest

from tests.unit.analysis.tape import sleeps
from visualizer.analysis.explore.marks import Mark, Marks, measure


def marks(*times_ns: int) -> Marks:
    made = Marks()
    for t_ns in times_ns:
        made.set(t_ns)
    return made


def test_they_are_in_order_of_time_and_named_in_order_of_making() -> None:
    assert list(marks(30, 10, 20)) == [Mark(10, "mark 2"), Mark(20, "mark 3"), Mark(30, "mark 1")]


def test_a_moment_has_one_mark_which_can_be_named_again() -> None:
    made = marks(10, 20)
    assert made.set(10, "start") == Mark(10, "start")
    assert made.set(10) == Mark(10, "start")
    assert list(made) == [Mark(10, "start"), Mark(20, "mark 2")]
    assert (made.at(10), made.at(11)) == (Mark(10, "start"), None)


def test_a_name_is_not_given_twice() -> None:
    made = marks(10)
    made.remove(Mark(10, "mark 1"))
    assert made.set(10) == Mark(10, "mark 2")
    with pytest.raises(ValueError):
        made.remove(Mark(5, "mark 1"))


@pytest.mark.parametrize(
    ("t_ns", "around"),
    [(5, (10, 20)), (10, (10, 20)), (15, (10, 20)), (20, (20, 40)), (30, (20, 40)), (40, (20, 40)), (90, (20, 40))],
)
def test_the_two_around_a_moment(t_ns: int, around: tuple[int, int]) -> None:
    found = marks(20, 40, 10).around(t_ns)
    assert found is not None
    assert (found[0].t_ns, found[1].t_ns) == around


def test_one_mark_has_nothing_around() -> None:
    assert marks(20).around(20) is None


def test_what_lies_between() -> None:
    timeline = sleeps().timeline()
    first, last = timeline.switch_ns[0], timeline.switch_ns[-1]
    assert measure(timeline, first, last) == "2.00031 s and 9 switches between 6 µs and 2.00031 s"
    assert measure(timeline, first, first) == "0 s and no switches between 6 µs and 6 µs"
    assert measure(timeline, first - 1, first) == "1 ns and 1 switch between 5.999 µs and 6 µs"
