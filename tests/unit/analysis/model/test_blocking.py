"""Hubs that a track of their thread keeps from running."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape, feed
from visualizer.analysis.model.blocking import HOG_NS
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.statistics import statistics
from visualizer.analysis.text.sentences import describe_state
from visualizer.trace import words

MS = 1_000_000


def begun() -> Tape:
    """main waits; the hub has switched to hog at 10 ms, and other is ready."""
    tape = Tape()
    tape.spawn("hub", words.HUB, parent="main", creator="main")
    for key in ("hog", "other"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, "main", words.SPAWN)
    tape.waits("main", words.JOIN, "joinall").switch("main", "hub")
    tape.at(10 * MS).switch("hub", "hog")
    return tape


def hub(timeline: Timeline) -> list[tuple[int, str, int]]:
    """The hub's slices: millisecond, state, about."""
    slices = timeline.tracks[1].slices
    return [
        (start_ns // MS, State(state).name, about)
        for start_ns, state, about in zip(slices.start_ns, slices.state, slices.about, strict=True)
    ]


def test_a_hub_is_blocked_from_the_beginning_by_whoever_runs_too_long() -> None:
    tape = begun()
    tape.at(10 * MS + HOG_NS).waits("hog", words.SLEEP, "0 s", 0).switch("hog", "hub")
    tape.switch("hub", "other").at(300 * MS).exits("other").switch("other", "hub")
    timeline = tape.timeline()
    hog, other = tape.ids["hog"], tape.ids["other"]
    assert hub(timeline) == [
        (0, "CREATED", -1), (0, "RUNNING", 0),
        (10, "BLOCKED", hog), (110, "RUNNING", 2),
        (110, "BLOCKED", other), (300, "RUNNING", 4),
    ]


def test_just_below_the_threshold_it_waits() -> None:
    tape = begun()
    tape.at(10 * MS + HOG_NS - 1).switch("hog", "hub")
    assert [state for _, state, _ in hub(tape.timeline())] == ["CREATED", "RUNNING", "WAITING", "RUNNING"]


def test_who_ran_most_is_who_blocks() -> None:
    tape = begun()
    tape.at(30 * MS).switch("hog", "other").at(130 * MS).switch("other", "hog").at(150 * MS).switch("hog", "hub")
    assert hub(tape.timeline())[2] == (10, "BLOCKED", tape.ids["other"])


def test_it_becomes_blocked_as_soon_as_an_event_tells_the_time() -> None:
    tape = begun()
    timeline = tape.timeline()
    assert hub(timeline)[-1][:2] == (10, "WAITING")
    version = timeline.tracks[1].version
    feed(timeline, tape.at(10 * MS + HOG_NS - 1).prints("still running").events[-1:])
    assert hub(timeline)[-1][:2] == (10, "WAITING")
    feed(timeline, tape.prints("still running").events[-1:])
    assert hub(timeline)[-1] == (10, "BLOCKED", tape.ids["hog"])
    assert timeline.tracks[1].version > version


def test_it_becomes_blocked_without_any_event_as_time_passes() -> None:
    timeline = begun().timeline()
    timeline.reach(10 * MS + HOG_NS - 1)
    assert hub(timeline)[-1][:2] == (10, "WAITING")
    timeline.reach(10 * MS + HOG_NS)
    assert hub(timeline)[-1] == (10, "BLOCKED", 2)
    assert describe_state(timeline, 1, 60 * MS) == "hub has been blocked for 50 ms: hog runs without yielding"


def test_it_was_not_blocked_after_all_if_a_switch_back_came_late_into_the_trace() -> None:
    tape = begun()
    timeline = tape.timeline()
    before = hub(timeline)
    timeline.reach(10 * MS + HOG_NS)
    assert hub(timeline) != before
    count = len(tape.events)
    feed(timeline, tape.at(60 * MS).switch("hog", "hub").events[count:])
    assert hub(timeline)[:3] == before
    assert hub(timeline)[3][:2] == (60, "RUNNING")
    assert timeline.tracks[1].slices.spent_ns(State.BLOCKED, timeline.last_ns) == 0
    assert timeline.tracks[1].slices.spent_ns(State.WAITING, 60 * MS) == 50 * MS


def test_without_greenlets_it_keeps_nobody_waiting() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("only", words.GREENLET, parent="hub", creator="main")
    tape.switch("main", "hub").switch("hub", "only").exits("only").switch("only", "hub")
    tape.at(10 * MS).switch("hub", "main").at(500 * MS).prints("alone").switch("main", "hub")
    assert "BLOCKED" not in [state for _, state, _ in hub(tape.timeline())]


def test_the_last_greenlet_blocks_it_although_it_has_ended_when_the_hub_runs_again() -> None:
    tape = begun().exits("other")
    tape.at(10 * MS + HOG_NS - STEP_NS).exits("hog").switch("hog", "hub")
    assert hub(tape.timeline())[2] == (10, "BLOCKED", tape.ids["hog"])


def test_before_its_first_run_its_own_thread_can_block_it() -> None:
    tape = Tape().at(10 * MS).spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("task", words.GREENLET, parent="hub", creator="main").wake("task", "main", words.SPAWN)
    tape.at(200 * MS).switch("main", "hub")
    timeline = tape.timeline()
    assert hub(timeline)[0] == (10, "BLOCKED", 0)
    assert timeline.tracks[1].slices.spent_ns(State.BLOCKED, 110 * MS) == 100 * MS


@pytest.mark.parametrize(("end_ms", "state"), [(50, "WAITING"), (400, "BLOCKED")])
def test_a_program_that_is_killed_while_it_hogs(end_ms: int, state: str) -> None:
    tape = begun()
    tape.at(end_ms * MS).end(signal=9)
    assert hub(tape.timeline())[-1][1] == state


def test_a_thread_that_has_ended_blocks_nobody() -> None:
    tape = begun()
    tape.switch("hog", "hub").switch("hub", "main").at(50 * MS).exits("main").at(500 * MS).end()
    assert [state for _, state, _ in hub(tape.timeline())][-1] == "WAITING"


def test_of_two_hubs_each_is_blocked_by_its_own_thread() -> None:
    tape = begun()
    tape.spawn("second", words.THREAD, creator="main").spawn("hub2", words.HUB, parent="second", creator="second")
    tape.spawn("quick", words.GREENLET, parent="hub2", creator="second").wake("quick", "second", words.SPAWN)
    tape.switch("second", "hub2").switch("hub2", "quick")
    tape.at(60 * MS).switch("quick", "hub2").poll("hub2", 1).at(200 * MS).poll("hub2", 0)
    timeline = tape.timeline()
    assert hub(timeline)[-1] == (10, "BLOCKED", tape.ids["hog"])
    states = {State(state) for state in timeline.tracks[tape.ids["hub2"]].slices.state}
    assert State.BLOCKED not in states


def test_statistics_tell_blocked_apart_from_waiting() -> None:
    tape = begun()
    tape.at(510 * MS).switch("hog", "hub").at(530 * MS).switch("hub", "hog").at(540 * MS).switch("hog", "hub")
    found = statistics(tape.timeline())
    main, its_hub, *_ = found.tracks
    assert (its_hub.blocked_s, its_hub.waiting_s) == pytest.approx((0.5, 0.01))
    assert (main.blocked_s, found.totals.blocked_s) == pytest.approx((0, 0.5))
