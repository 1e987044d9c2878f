"""When a program was held, and for how long."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape, feed
from visualizer.analysis.model.pauses import Pauses
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.statistics import statistics
from visualizer.trace import events as ev

S = 1_000_000_000


def two_stops() -> Pauses:
    stops = Pauses()
    stops.pause(3 * S, 0)
    stops.resume(3 * S, 10 * S)
    stops.pause(5 * S, 10 * S)
    stops.resume(5 * S, 12 * S)
    return stops


def test_its_clock_stands_and_stays_behind_afterwards() -> None:
    stops = Pauses()
    assert stops.clock_ns(2 * S) == 2 * S
    stops.pause(3 * S, 0)
    assert [stops.clock_ns(now * S) for now in (3, 4, 13)] == [3 * S] * 3
    stops.resume(3 * S, 10 * S)
    assert stops.clock_ns(14 * S) == 4 * S
    stops.pause(5 * S, 10 * S)
    assert stops.clock_ns(16 * S) == 5 * S


@pytest.mark.parametrize(
    ("start_s", "end_s", "held"),
    [(-1, 9, (2, 12)), (-1, 3, (1, 10)), (3, 9, (1, 2)), (3, 4, (0, 0)), (4, 5, (1, 2)), (5, 9, (0, 0))],
)
def test_between_two_times(start_s: int, end_s: int, held: tuple[int, int]) -> None:
    assert two_stops().between(start_s * S, end_s * S) == (held[0], held[1] * S)


def test_in_a_sentence() -> None:
    stops = Pauses()
    assert stops.sentence is None
    stops.pause(3 * S, 0)
    assert stops.sentence == (
        "The program was paused once, for 0.000 s in total, which its times exclude; the trace ends during a pause."
    )
    stops.resume(3 * S, S // 4)
    assert stops.sentence == "The program was paused once, for 0.250 s in total, which its times exclude."
    assert two_stops().sentence == "The program was paused 2 times, for 12.000 s in total, which its times exclude."


def test_a_line_that_is_lost_does_no_harm() -> None:
    stops = Pauses()
    stops.resume(2 * S, 7 * S)
    assert (stops.paused_ns, stops.since_ns) == (7 * S, None)
    stops.pause(1 * S, 3 * S)
    stops.pause(4 * S, 9 * S)
    assert (stops.paused_ns, stops.since_ns, stops.between(-1, 9 * S)) == (9 * S, 4 * S, (3, 9 * S))


def test_no_state_lasts_longer_for_it() -> None:
    tape = Tape()
    tape.events += [ev.Held(3 * S, 0), ev.Continued(3 * S, 60 * S), ev.End(5 * S, 0, 0)]
    timeline = Timeline()
    feed(timeline, tape.events)
    found = statistics(timeline)
    assert (found.duration_s, found.stops, found.held_s) == (5.0, 1, 60.0)
    assert found.tracks[0].running_s == pytest.approx(5.0)
    within = statistics(timeline, (3 * S, 5 * S))
    assert (within.duration_s, within.stops, within.held_s) == (2.0, 0, 0.0)
