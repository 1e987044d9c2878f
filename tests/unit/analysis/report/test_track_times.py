"""What one track did for how long: all of it, in a span, and as it grows."""

from __future__ import annotations

import operator
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.traces import crowd
from tests.unit.analysis.model.test_properties import EVENTS
from tests.unit.analysis.tape import STEP_NS, Tape, feed, sleeps
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report import track_times
from visualizer.analysis.report.details import details
from visualizer.analysis.report.statistics import statistics
from visualizer.analysis.report.track_times import Reason, Reasons, Times, TrackTimes, times_of
from visualizer.trace import events as ev
from visualizer.trace import words


def of(timeline: Timeline, track: int, span: tuple[int, int] | None = None, most: int | None = None) -> TrackTimes:
    lengths = TrackTimes(timeline, track, span)
    while lengths.take(most):
        pass
    return lengths


def told(lengths: TrackTimes) -> tuple[object, ...]:
    return (
        +lengths.spent_ns, lengths.steps_ns, lengths.latencies_ns, +lengths.waited_ns, +lengths.waits,
        lengths.late_ns, lengths.late_max_ns,
    )


def told_together(timeline: Timeline) -> list[tuple[object, ...]]:
    """The same of all tracks."""
    reasons = Reasons(timeline)
    times = Times.behind_one_another([*times_of(timeline, reasons, [*timeline.tracks])])
    waits: list[tuple[Counter[Reason], Counter[Reason]]] = [(Counter(), Counter()) for _ in timeline.tracks]
    for reason, row, waited_ns, often in zip(times.reason, times.waiter, times.waited_ns, times.waits, strict=True):
        for counted, added in zip(waits[row], (waited_ns, often), strict=True):
            counted[reasons[reason]] += int(added)
    ends = zip(times.steps.cumsum(), times.latencies.cumsum(), strict=True)
    return [
        (
            +Counter({state: int(spent_ns) for state, spent_ns in enumerate(times.spent_ns[row])}),
            times.steps_ns[steps - times.steps[row] : steps].tolist(),
            times.latencies_ns[latencies - times.latencies[row] : latencies].tolist(),
            *map(operator.pos, waits[row]),
            times.late_ns[row],
            times.late_max_ns[row],
        )
        for row, (steps, latencies) in enumerate(ends)
    ]


def test_all_of_a_track() -> None:
    tape = sleeps()
    lengths = of(tape.timeline(), tape.ids["foo"])
    assert {State(state).name: spent_ns for state, spent_ns in lengths.spent_ns.items()} == {
        "CREATED": 1_000,
        "READY": 5_000,
        "RUNNING": 2_000,
        "WAITING": 2_000_300_000,
    }
    assert lengths.steps_ns == [STEP_NS, STEP_NS]
    assert [(wait.reason, wait.on, wait.line, count) for wait, count in lengths.waits.items()] == [
        ("sleep", "2 s", 18, 1)
    ]
    assert list(lengths.waited_ns.values()) == [lengths.spent_ns[State.WAITING]]


def test_a_span_has_the_parts_that_lie_in_it() -> None:
    tape = sleeps()
    timeline = tape.timeline()
    foo = tape.ids["foo"]
    lengths = of(timeline, foo, (1_000_000_000, 1_500_000_000))
    assert told(lengths)[:3] == (Counter({State.WAITING: 500_000_000}), [], [])
    assert list(lengths.waited_ns.values()) == [500_000_000]
    late = of(timeline, foo, (1_000_000_000, timeline.last_ns))
    assert (late.steps_ns, late.latencies_ns) == ([STEP_NS], [STEP_NS])


@pytest.mark.parametrize("span", [None, (0, 10**8), (5 * 10**7, 9 * 10**8), (6 * 10**8, 11 * 10**8)])
def test_the_sums_are_those_of_the_statistics(span: tuple[int, int] | None) -> None:
    timeline = crowd(20).timeline()
    for track in statistics(timeline, span).tracks:
        spent = of(timeline, track.id, span).spent_ns
        found = [spent[state] / 1e9 for state in (State.RUNNING, State.READY, State.WAITING, State.BLOCKED)]
        assert found == pytest.approx([track.running_s, track.ready_s, track.waiting_s, track.blocked_s])


@given(st.integers(1, 60), st.integers(1, 5))
def test_it_grows_with_the_trace(cut: int, most: int) -> None:
    tape = sleeps()
    timeline = Timeline()
    feed(timeline, tape.events[:cut])
    lengths = {track: TrackTimes(timeline, track) for track in timeline.tracks}
    for each in lengths.values():
        each.take(most)
    for event in tape.events[cut:]:
        feed(timeline, [event])
        for each in lengths.values():
            each.take(most)
    for track, each in lengths.items():
        while each.take(most):
            pass
        assert told(each) == told(of(timeline, track))


@pytest.mark.parametrize("together", [1, 25, 1 << 18])
def test_of_many_tracks_at_once(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track_times, "_TOGETHER", together)
    timeline = crowd(20).timeline()
    assert told_together(timeline) == [told(of(timeline, track)) for track in timeline.tracks]


@given(st.lists(EVENTS, max_size=40))
def test_of_any_events(events: list[ev.Event]) -> None:
    timeline = Timeline()
    feed(timeline, events)
    for track, times in zip(timeline.tracks, told_together(timeline), strict=True):
        assert times == told(of(timeline, track, most=1)) == told(of(timeline, track, most=3))


def test_a_track_without_slices_has_none() -> None:
    assert told(of(Tape().timeline(), 0)) == (
        Counter({State.RUNNING: 0}) - Counter(),
        [0],
        [],
        Counter(),
        Counter(),
        0,
        0,
    )


def test_late_is_what_a_wait_took_longer_than_it_was_asked_to() -> None:
    ms = 1_000_000
    tape = Tape().spawn("hub", words.HUB).spawn("a", words.GREENLET, parent="hub").switch("main", "hub")
    tape.switch("hub", "a").at(10 * ms).waits("a", words.SLEEP, "5 ms", 5 * ms).switch("a", "hub")
    # Nobody let the hub run, so it was woken late, and then it ran later still.
    tape.at(25 * ms).wake("a", "hub", words.TIMER).at(27 * ms).switch("hub", "a")
    tape.at(30 * ms).waits("a", words.EVENT, "e.wait(9)", 9 * ms).switch("a", "hub")
    tape.at(32 * ms).wake("a", "hub", words.CALLBACK).at(33 * ms).switch("hub", "a")
    tape.at(40 * ms).waits("a", words.SLEEP, "0 s", 0).switch("a", "hub")
    tape.at(45 * ms).wake("a", "hub", words.TIMER).at(46 * ms).switch("hub", "a")
    tape.at(50 * ms).waits("a", words.SLEEP, "1 ms", ms).switch("a", "hub")
    tape.at(53 * ms).wake("a", "hub", words.TIMER).at(54 * ms).switch("hub", "a")
    timeline, a = tape.timeline(), tape.ids["a"]
    late = of(timeline, a)
    assert (late.late_ns, late.late_max_ns) == (15 * ms, 12 * ms)
    assert max(late.latencies_ns) == 2 * ms, "which knows nothing of a timer that could not go off"
    spans = [(26 * ms, 60 * ms), (0, 26 * ms), (28 * ms, 54 * ms)]
    assert [of(timeline, a, span).late_ns // ms for span in spans] == [15, 0, 3]
    [*_, found] = details(timeline).tracks
    assert (found.late_s, found.late_max_s) == (0.015, 0.012)
    assert details(timeline).totals.late_max_s == 0.012
