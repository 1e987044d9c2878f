from __future__ import annotations

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape, sleeps
from visualizer.analysis.explore.jumps import Moments, What, jump, listed, moments, moments_of
from visualizer.analysis.findings import Finding
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev
from visualizer.trace import words


def all_of(of: Moments, by: int, start_ns: int, tracks: set[int] | None = None) -> list[str]:
    """What is said of each, one jump after another."""
    found, t_ns, at = [], start_ns, None
    while (at := jump(of, t_ns, by, tracks=tracks, at=at)) is not None:
        found.append(of.moment(at).said)
        t_ns = of.t_ns(at)
    return found


WAKES = [
    "foo is woken by main (spawn)",
    "bar is woken by main (spawn)",
    "bar is woken by hub (timer)",
    "foo is woken by hub (timer)",
    "main is woken by foo (finished)",
]


def test_wakes_forwards_and_back() -> None:
    timeline = sleeps().timeline()
    of = moments(timeline, What.WAKE)
    assert all_of(of, 1, -1) == WAKES
    assert all_of(of, -1, timeline.last_ns) == WAKES[::-1]


def test_wakes_of_a_track_are_those_that_it_gets_or_gives() -> None:
    tape = sleeps()
    of = moments(tape.timeline(), What.WAKE)
    assert all_of(of, 1, -1, {tape.ids["foo"]}) == [WAKES[0], WAKES[3], WAKES[4]]


def test_an_inferred_turn_is_no_wake() -> None:
    tape = Tape().spawn("a", words.GENERATOR).spawn("b", words.GENERATOR)
    driver = tape.place(5)
    for key in ("a", "b", "a", "b"):
        tape.events.append(ev.Resume(tape._tick(), tape.ids[key], words.NEXT, words.NOTHING, driver))
        tape.yields(key, "None", line=2)
    timeline = tape.timeline()
    assert {wakeup.cause for wakeup in timeline.wakeups} == {words.TURN}
    assert all_of(moments(timeline, What.WAKE), 1, -1) == []


def failing() -> Timeline:
    tape = Tape().spawn("a", words.GREENLET, parent="main").spawn("b", words.GREENLET, parent="main")
    tape.switch("main", "a").prints("one\n").exits("a", words.RAISED, "ValueError('x')").switch("a", "main")
    tape.switch("main", "b").prints("two\n").exits("b").switch("b", "main").prints("three\n")
    tape.exits("main", words.RAISED)
    tape.events.append(ev.Uncaught(tape._tick(), "KeyError", "'k'"))
    return tape.end(1).timeline()


def test_exceptions_are_tracks_that_raised_and_what_nobody_caught() -> None:
    of = moments(failing(), What.EXCEPTION)
    assert all_of(of, 1, -1) == [
        "a ended: raised ValueError('x')", "main ended: raised an exception", "uncaught KeyError: 'k'",
    ]


def test_outputs_of_all_or_of_some() -> None:
    timeline = failing()
    of = moments(timeline, What.OUTPUT)
    assert all_of(of, 1, -1) == ["a prints one", "b prints two", "main prints three"]
    assert all_of(of, -1, timeline.last_ns, {0, 1}) == ["main prints three", "a prints one"]


def test_of_several_at_the_same_time_none_is_passed_over() -> None:
    of = listed([(5, 0, "a"), (7, 0, "b"), (7, 1, "c"), (7, 0, "d"), (9, 0, "e")])
    assert all_of(of, 1, 5) == ["b", "c", "d", "e"]
    assert all_of(of, -1, 9) == ["d", "c", "b", "a"]
    # From somewhere else, what is at that very moment is neither before nor behind it.
    assert jump(of, 7, 1) == 4
    assert jump(of, 7, -1) == 0
    # A number that belongs to another moment does not count.
    assert jump(of, 5, 1, at=4) == 1


def test_findings_concern_all_their_tracks() -> None:
    hog = Finding("hog", "a hogs", (1, 2), 3 * STEP_NS, None, None)
    late = Finding("late_timer", "b is late", (), 5 * STEP_NS, None, None)
    of = moments_of([hog, late])
    assert all_of(of, 1, 0) == ["a hogs", "b is late"]
    assert all_of(of, 1, 0, {2}) == ["a hogs"]


@pytest.mark.parametrize("what", [What.WAKE, What.EXCEPTION, What.OUTPUT])
@pytest.mark.parametrize("by", [1, -1])
def test_nothing_at_all(what: What, by: int) -> None:
    assert jump(moments(Timeline(), what), 0, by) is None
