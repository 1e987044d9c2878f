from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import FILE, Tape, sleeps
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.details import Spread, Waited, Wakes, details, spread
from visualizer.analysis.report.statistics import statistics
from visualizer.trace import events as ev
from visualizer.trace import words


def test_what_each_track_waited_for_and_how_late_it_ran() -> None:
    main, hub, foo, bar = details(sleeps().timeline()).tracks
    assert foo.waited_by_reason == pytest.approx({"sleep": 2.0003})
    [waited] = foo.waited_by_expression
    assert waited == Waited("sleep", "2 s", FILE, 18, 1, 2.0003)
    assert main.waited_by_reason == pytest.approx({"join": 2.000306})
    assert (hub.waited_by_reason, hub.waited_by_expression) == ({}, [])
    assert foo.latency == Spread(2, 1e-6, 4e-6, 4e-6)
    assert bar.step == Spread(2, 1e-6, 1e-6, 1e-6)
    assert bar.share == pytest.approx(
        {"CREATED": 0.125, "READY": 0.625, "RUNNING": 0.25, "WAITING": 0.0, "IDLE": 0.0, "BLOCKED": 0.0, "UNKNOWN": 0.0}
    )


def test_who_wakes_whom() -> None:
    found = details(sleeps().timeline())
    assert found.wakes == [
        Wakes(0, "main", 2, "foo", 1),
        Wakes(0, "main", 3, "bar", 1),
        Wakes(1, "hub", 2, "foo", 1),
        Wakes(1, "hub", 3, "bar", 1),
        Wakes(2, "foo", 0, "main", 1),
    ]
    assert [(t.wakes_given, t.wakes_received) for t in found.tracks] == [(2, 1), (2, 0), (1, 2), (0, 2)]
    assert found.totals.wakes == 5
    unknown = details(Tape().spawn("a", words.GREENLET).wake("a", -1, words.IO).timeline())
    assert unknown.wakes == [Wakes(None, None, 1, "a", 1)]


def test_the_totals_are_those_of_all_tracks() -> None:
    found = details(sleeps().timeline())
    assert found.totals.step.count == sum(track.step.count for track in found.tracks)
    assert found.totals.latency.count == sum(track.latency.count for track in found.tracks)
    assert found.totals.waited_by_reason == pytest.approx({"join": 2.000306, "sleep": 2.0003})
    assert sum(found.totals.share.values()) == pytest.approx(1)


def test_a_wait_that_goes_on_after_being_made_ready_for_nothing_is_one() -> None:
    tape = Tape().spawn("hub", words.HUB).spawn("a", words.GREENLET).switch("main", "hub").switch("hub", "a")
    tape.waits("a", words.SEMAPHORE, "s.acquire()").switch("a", "hub", line=3).wake("a", "hub", words.CALLBACK)
    tape.events.append(ev.Unready(tape.t_ns + 1000, tape.ids["a"]))
    tape.at(tape.t_ns + 5000).wake("a", "hub", words.CALLBACK).switch("hub", "a")
    [waited] = details(tape.timeline()).tracks[2].waited_by_expression
    assert (waited.count, waited.waited_s) == (1, 5e-6)


def test_what_statistics_tells_stays_as_it_is() -> None:
    timeline = sleeps().timeline()
    deep = msgspec.to_builtins(details(timeline))
    flat = msgspec.to_builtins(statistics(timeline))
    assert flat["totals"].items() <= deep["totals"].items()
    assert all(a.items() <= b.items() for a, b in zip(flat["tracks"], deep["tracks"], strict=True))
    assert {key: deep[key] for key in ("duration_s", "switches")} == {
        key: flat[key] for key in ("duration_s", "switches")
    }


@given(st.lists(st.integers(0, 10**12)))
def test_a_spread_is_made_of_the_lengths_themselves(lengths_ns: list[int]) -> None:
    found = spread(lengths_ns)
    assert found.count == len(lengths_ns)
    ordered = sorted(lengths_ns) or [0]
    lengths = [length_ns / 1e9 for length_ns in ordered]
    assert found.max_s == lengths[-1]
    for length_s, share in ((found.median_s, 0.5), (found.p95_s, 0.95)):
        assert length_s in lengths
        assert sum(one <= length_s for one in lengths) >= share * len(lengths)


def test_nothing_at_all() -> None:
    found = details(Timeline())
    assert (found.tracks, found.wakes, found.totals.step) == ([], [], Spread(0, 0, 0, 0))
    assert set(found.totals.share.values()) == {0}
