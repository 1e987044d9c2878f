"""Spans in which nobody runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape, feed
from tests.unit.paint.events import naps, timelines
from visualizer.analysis.index.idle_gaps import Gaps, gaps
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words

MS = 1_000_000


def polling(*spans_ms: tuple[int, int], end_ms: int = 1_000) -> Tape:
    """A hub on the main thread that polls in these spans."""
    tape = Tape().spawn("hub", words.HUB, parent="main").at(1 * MS).waits("main", words.SLEEP, "").switch("main", "hub")
    for start_ms, end in spans_ms:
        tape.at(start_ms * MS).poll("hub", 1).at(end * MS).poll("hub", 0)
    return tape.at(end_ms * MS).end()


def folded_ms(timeline: Timeline) -> list[tuple[int, int]]:
    known = gaps(timeline)
    found = [known.gap(number) for number in range(len(known))]
    return [(gap.start_ns // MS, gap.end_ns // MS) for gap in found]


def test_long_gaps_are_folded_to_one_length_and_short_ones_are_not() -> None:
    timeline = polling((10, 410), (420, 421), (430, 930)).timeline()
    assert folded_ms(timeline) == [(10, 410), (430, 930)]
    known = gaps(timeline)
    shown_ns = known.gap(0).shown_ns
    # Of the 999 ms from the first switch on, 99 are left.
    assert 99 * MS / 10 < shown_ns <= 99 * MS / 8
    assert known.busy(5 * MS) == 5 * MS
    assert known.busy(410 * MS) == pytest.approx(10 * MS + shown_ns)
    assert known.busy(210 * MS) == pytest.approx(10 * MS + shown_ns / 2)
    assert known.busy(1_000 * MS) == pytest.approx(100 * MS + 2 * shown_ns)
    assert gaps(timeline) is known


def test_where_somebody_always_runs_nothing_is_folded() -> None:
    known = gaps(Tape().spawn("g", words.GENERATOR).at(900 * MS).resume("g").at(10**10).end().timeline())
    assert (len(known), known.busy(5), known.time(5.0), known.number_at(0.0)) == (0, 5.0, 5.0, 0)


def test_gaps_that_are_not_worth_it_are_not_folded() -> None:
    assert folded_ms(polling((10, 12), (500, 502)).timeline()) == []


def test_many_gaps_take_no_more_than_what_they_stand_between() -> None:
    timeline = polling(*((10 * number, 10 * number + 9) for number in range(1, 101)), end_ms=1_100).timeline()
    known = gaps(timeline)
    assert len(known) == 100
    assert 160 * MS <= len(known) * known.gap(0).shown_ns <= (1_100 - 1 - 900) * MS


def test_while_another_thread_runs_there_is_no_gap() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").at(MS).waits("main", words.SLEEP, "").switch("main", "hub")
    tape.at(2 * MS).poll("hub", 1)
    tape.at(300 * MS).spawn("worker", words.THREAD, creator="main").at(310 * MS).exits("worker")
    tape.thread("main").at(900 * MS).poll("hub", 0).at(910 * MS).end()
    assert folded_ms(tape.timeline()) == [(2, 300), (310, 900)]


def test_two_hubs_must_both_be_idle() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", words.SLEEP, "").switch("main", "hub")
    tape.spawn("worker", words.THREAD, creator="main").spawn("other", words.HUB, parent="worker")
    tape.waits("worker", words.SLEEP, "").switch("worker", "other")
    tape.at(10 * MS).poll("other", 1).at(20 * MS).poll("hub", 1).at(300 * MS).poll("other", 0)
    tape.at(310 * MS).poll("other", 1).at(700 * MS).poll("hub", 0).at(710 * MS).poll("other", 0).at(720 * MS).end()
    assert folded_ms(tape.timeline()) == [(20, 300), (310, 700)]


def test_what_is_found_while_a_trace_grows_is_what_is_found_at_its_end() -> None:
    tape = polling(*((100 * number, 100 * number + 90) for number in range(1, 30)), end_ms=4_000)
    timeline = Timeline()
    growing = Gaps(timeline)
    for event in tape.events:
        feed(timeline, [event])
        growing.update()
    whole = Gaps(tape.timeline())
    whole.update()
    assert [growing.gap(number) for number in range(len(growing))] == [
        whole.gap(number) for number in range(len(whole))
    ]
    # It is not laid out anew for each event.
    assert growing.revision < 4 * 29


@given(st.one_of(timelines(), naps()), st.lists(st.integers(0, 10**9), max_size=5))
def test_busy_time_can_be_turned_back(timeline: Timeline, times: list[int]) -> None:
    known = gaps(timeline)
    edges = [edge for number in range(len(known)) for edge in known.gap(number)[:2]]
    places = [known.busy(t_ns) for t_ns in sorted([*times, *edges])]
    assert places == sorted(places)
    for t_ns in [*times, *edges]:
        assert known.time(known.busy(t_ns)) == pytest.approx(t_ns, abs=1e-3, rel=1e-9)
    for number in range(len(known)):
        assert known.gap(number).length_ns >= 4 * known.gap(number).shown_ns
        assert known.number_at(known.place(number)) == number
