"""Two traces, or parts of them, side by side."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Figure, Part, compare
from visualizer.analysis.report.details import details
from visualizer.trace import words


def turns(count: int, last: str = "b") -> Tape:
    """main gives control to a and gets it back, again and again; at last to another."""
    tape = Tape().spawn("a", words.GREENLET).spawn("b", words.GREENLET)
    for _ in range(count):
        tape.switch("main", "a").switch("a", "main")
    return tape.switch("main", last)


def whole(tape: Tape) -> Part:
    return Part.whole(tape.timeline())


def test_the_figures_of_whole_traces_are_those_of_the_statistics() -> None:
    found = compare(whole(sleeps()), whole(producer_consumer()))
    for side, tape in (("a", sleeps()), ("b", producer_consumer())):
        expected = details(tape.timeline())
        totals = expected.totals
        assert {name: getattr(figure, side) for name, figure in found.figures.items()} == {
            "duration_s": expected.duration_s,
            "starting_s": pytest.approx(tape.timeline().switch_ns[0] / 1e9),
            "switching_s": pytest.approx((tape.timeline().switch_ns[-1] - tape.timeline().switch_ns[0]) / 1e9),
            "switches": expected.switches,
            "tracks": totals.tracks,
            "running_s": pytest.approx(totals.running_s),
            # main alone, up to the first switch.
            "starting_run_s": pytest.approx(tape.timeline().switch_ns[0] / 1e9),
            "ready_s": pytest.approx(totals.ready_s),
            "waited_s": pytest.approx(sum(totals.waited_by_reason.values())),
            "waiting_at_once": pytest.approx(sum(totals.waited_by_reason.values()) / expected.duration_s),
            "blocked_s": 0,
            "idle_s": pytest.approx(totals.idle_s),
        }
        waited = {reason: getattr(by, side) for reason, by in found.waited_by_reason.items() if getattr(by, side)}
        assert waited == pytest.approx(totals.waited_by_reason)
    # The longest in either first.
    assert list(found.waited_by_reason) == ["join", "sleep", "resumed", "suspended"]


def test_difference_and_factor() -> None:
    found = compare(whole(turns(1)), whole(turns(4)))
    assert found.figures["switches"] == Figure(3, 9, 6, 3.0)
    assert found.figures["idle_s"] == Figure(0, 0, 0, None)


def test_of_a_part_only_what_lies_in_it_counts() -> None:
    timeline = sleeps().timeline()
    second = Part.between(timeline, 1_000_000_000, 2_000_309_000)
    found = compare(second, Part.whole(timeline))
    assert (second.first, second.stop, second.is_whole) == (7, 8, False)
    figures = {name: figure.a for name, figure in found.figures.items()}
    # bar had ended before: main, hub and foo are left.
    assert (figures["duration_s"], figures["switches"], figures["tracks"]) == (1.000309, 1, 3)
    assert figures["switching_s"] == 0
    assert figures["running_s"] == pytest.approx(2e-6)
    assert figures["idle_s"] == pytest.approx(1.000306)
    assert found.waited_by_reason["join"].a == pytest.approx(1.000309)
    assert found.waited_by_reason["sleep"].a == pytest.approx(1.000307)
    assert figures["waiting_at_once"] == pytest.approx(2.0, abs=1e-4)


def test_parts_of_one_trace_add_up() -> None:
    timeline = sleeps().timeline()
    parts = Part.between(timeline, 0, 1_000_000_000), Part.between(timeline, 1_000_000_000, timeline.last_ns)
    found, expected = compare(*parts), compare(Part.whole(timeline), Part.whole(timeline))
    for name in ("duration_s", "switches", "running_s", "ready_s", "waited_s", "idle_s"):
        assert found.figures[name].a + found.figures[name].b == pytest.approx(expected.figures[name].a)


def test_a_trace_and_itself() -> None:
    found = compare(whole(ping_pong()), whole(ping_pong()))
    assert (found.alike, found.first_difference) == (5, None)
    assert all(figure.difference == 0 for figure in found.figures.values())


def test_where_the_order_first_differs() -> None:
    found = compare(whole(turns(2, last="b")), whole(turns(2, last="a")))
    assert found.alike == 4
    assert found.first_difference is not None
    a, b = found.first_difference.a, found.first_difference.b
    assert a is not None
    assert b is not None
    assert (a.index, a.from_name, a.to_name, a.cause) == (4, "main", "b", "switch")
    assert a.sentence == "main switches to b → b runs for the first time"
    assert (b.index, b.from_name, b.to_name, b.sentence) == (4, "main", "a", "main switches to a → a runs")
    assert a.t == b.t == pytest.approx(7e-6)


def test_one_goes_on_where_the_other_ends() -> None:
    found = compare(whole(turns(2, last="a")), whole(turns(4)))
    assert (found.alike, found.first_difference and found.first_difference.a) == (5, None)
    assert found.first_difference is not None
    assert found.first_difference.b is not None
    assert (found.first_difference.b.index, found.first_difference.b.to_name) == (5, "main")


def test_numbers_of_a_part_are_those_of_its_trace() -> None:
    timeline = turns(4).timeline()
    found = compare(Part.between(timeline, timeline.switch_ns[2], timeline.last_ns), whole(turns(2)))
    assert found.alike == 4
    assert found.first_difference is not None
    assert found.first_difference.a is not None
    assert (found.first_difference.a.number, found.first_difference.a.index) == (7, 6)


def woken_by(cause: str, reason: str, value: str = "1") -> Tape:
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", reason, "it()").switch("main", "hub", value)
    return tape.wake("main", "hub", cause).switch("hub", "main")


def test_why_it_was_woken_and_why_it_waits_count_and_values_do_not() -> None:
    known = whole(woken_by(words.TIMER, words.SLEEP))
    assert compare(known, whole(woken_by(words.TIMER, words.SLEEP, "2"))).alike == 2
    assert compare(known, whole(woken_by(words.CALLBACK, words.SLEEP))).alike == 1
    assert compare(known, whole(woken_by(words.TIMER, words.EVENT))).alike == 0


def test_who_stands_alone_in_one_trace_may_have_namesakes_in_the_other() -> None:
    def workers(count: int) -> Part:
        tape = Tape()
        for number in range(count):
            tape.spawn(f"w{number}", words.GREENLET, "worker")
        for number in range(count):
            tape.switch("main", f"w{number}").switch(f"w{number}", "main")
        return whole(tape)

    found = compare(workers(1), workers(2))
    assert found.alike == 2
    assert found.first_difference is not None
    assert found.first_difference.b is not None
    assert found.first_difference.b.to_name == "worker-2"


def test_nothing_at_all() -> None:
    found = compare(Part.whole(Timeline()), Part.whole(Timeline()))
    assert (found.alike, found.first_difference, found.waited_by_reason) == (0, None, {})
    assert {(figure.a, figure.factor) for figure in found.figures.values()} == {(0, None)}
