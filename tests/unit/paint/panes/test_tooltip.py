"""What a cell stands for, in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import STEP_NS, Tape
from tests.unit.paint.events import timelines
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.panes.tooltip import pointed
from visualizer.trace import words

MS = 1_000_000


def sleeper() -> Tape:
    """tea is spawned at 10 ms, runs from 20 to 40, sleeps until 90, and runs to its end at 100."""
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main").at(10 * MS)
    tape.spawn("tea", words.GREENLET, parent="hub", creator="main").wake("tea", "main", words.SPAWN)
    tape.at(15 * MS).switch("main", "hub")
    tape.at(20 * MS).switch("hub", "tea")
    tape.at(40 * MS - STEP_NS).waits("tea", words.SLEEP, "0.05 s", 50 * MS).switch("tea", "hub")
    tape.at(90 * MS - STEP_NS).wake("tea", "hub", words.TIMER).switch("hub", "tea")
    tape.at(100 * MS).exits("tea", words.RETURNED).switch("tea", "hub")
    return tape.at(200 * MS).end()


def test_what_fills_a_cell_is_told_with_its_beginning_and_its_end() -> None:
    tape = sleeper()
    timeline = tape.timeline()
    viewport = Viewport(Axis.TIME, 0.0, 10.0 * MS, 20)
    tea = tape.ids["tea"]
    assert pointed(timeline, tea, viewport, 0, 200 * MS) == ["tea does not exist yet"]
    assert pointed(timeline, tea, viewport, 2, 200 * MS) == [
        "tea has been running for 10 ms",
        "from 0.020000 s to 0.039999 s: 20 ms",
        "in 10 ms it sleeps 50 ms",
    ]
    assert pointed(timeline, tea, viewport, 5, 200 * MS) == [
        "tea sleeps: 20 ms of 50 ms",
        "from 0.039999 s to 0.089999 s: 50 ms",
        "in 30 ms it is woken by hub and runs 1 µs later",
    ]
    assert pointed(timeline, tea, viewport, 15, 200 * MS) == ["tea ended (returned)"]


def test_of_a_cell_that_holds_several_states_the_shares_are_told() -> None:
    tape = sleeper()
    timeline = tape.timeline()
    viewport = Viewport(Axis.TIME, 0.0, 100.0 * MS, 3)
    first = pointed(timeline, tape.ids["tea"], viewport, 0, 200 * MS)
    assert first[1] == "6 states in 0.1 s here: 50% waiting, 30% running, 10% ready, not running"
    assert pointed(timeline, tape.ids["tea"], viewport, 2, 199 * MS) == [], "nothing is known of it"


@given(timelines(), st.sampled_from(list(Axis)), st.integers(1, 40), st.integers(0, 39))
def test_there_are_printable_lines_for_every_cell(timeline: Timeline, axis: Axis, width: int, cell: int) -> None:
    viewport = Viewport.fit(timeline, axis, width)
    for track in timeline.tracks:
        lines = pointed(timeline, track, viewport, min(cell, width - 1), timeline.last_ns)
        assert all(line and line.isprintable() for line in lines)


def test_a_run_that_was_sampled_is_told_with_its_line() -> None:
    """And so is what a blocked hub waits for."""
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    for key in ("hog", "tea"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, "main", words.SPAWN)
    tape.at(10 * MS).switch("main", "hub").switch("hub", "hog")
    tape.at(60 * MS).sample(7).at(85 * MS).sample(7).at(110 * MS).sample(8)
    tape.at(200 * MS).exits("hog").switch("hog", "hub").at(210 * MS).end()
    timeline = tape.timeline()
    viewport = Viewport(Axis.TIME, 0.0, 10.0 * MS, 20)
    seen = "mostly at demo.py:7 (2 of 3 samples, one every 25 ms)"
    assert pointed(timeline, tape.ids["hog"], viewport, 9, 210 * MS) == [
        "hog has been running for 90 ms, last seen at demo.py:7 (sampled)", "from 0.010001 s to 0.200000 s: 0.19 s",
        seen, "in 0.1 s it ends",
    ]
    assert seen in pointed(timeline, tape.ids["hub"], viewport, 9, 210 * MS)
    assert not any("samples" in line for line in pointed(timeline, tape.ids["tea"], viewport, 9, 210 * MS))


def test_a_daemon_is_called_one() -> None:
    tape = Tape().spawn("worker", words.THREAD).tie("worker", words.DAEMON, "").at(100 * MS).exits("worker").end()
    timeline, viewport = tape.timeline(), Viewport(Axis.TIME, 0.0, 10.0 * MS, 20)
    [first, *_] = pointed(timeline, tape.ids["worker"], viewport, 5, 100 * MS)
    assert first.endswith(" (a daemon: the program does not wait for its end)")
