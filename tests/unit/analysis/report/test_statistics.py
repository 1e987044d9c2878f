from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from tests.unit.analysis.tape import Tape, ping_pong, sleeps
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.statistics import statistics
from visualizer.trace import words


def test_each_track_and_the_totals() -> None:
    found = statistics(sleeps().timeline())
    assert found.duration_s == pytest.approx(2.000315)
    assert found.switches == 10
    assert [(t.id, t.name, t.kind, t.state, t.steps) for t in found.tracks] == [
        (0, "main", "thread", "DONE", 1),
        (1, "hub", "hub", "WAITING", 5),
        (2, "foo", "greenlet", "DONE", 2),
        (3, "bar", "greenlet", "DONE", 2),
    ]
    main, hub, foo, bar = found.tracks
    assert (foo.running_s, foo.ready_s, foo.waiting_s) == pytest.approx((2e-6, 5e-6, 2.0003))
    assert (bar.running_s, bar.ready_s, bar.waiting_s) == pytest.approx((2e-6, 5e-6, 0))
    assert (main.running_s, main.ready_s, main.waiting_s) == pytest.approx((7e-6, 1e-6, 2.000306))
    assert (hub.running_s, hub.waiting_s, hub.idle_s) == pytest.approx((8e-6, 8e-6, 2.000293))
    assert [t.idle_s for t in (main, foo, bar)] == [0, 0, 0]
    totals = found.totals
    assert (totals.tracks, totals.steps) == (4, 10)
    assert totals.running_s == pytest.approx(sum(t.running_s for t in found.tracks))
    assert totals.ready_s == pytest.approx(sum(t.ready_s for t in found.tracks))
    assert totals.waiting_s == pytest.approx(sum(t.waiting_s for t in found.tracks))
    assert totals.idle_s == hub.idle_s


def test_an_open_slice_counts_up_to_the_end_of_the_trace() -> None:
    tape = ping_pong()
    tape.at(1_000_000_000).end()
    found = statistics(tape.timeline())
    main, test1, _ = found.tracks
    assert main.running_s == pytest.approx(2e-6 + 1.0 - 8e-6)
    assert test1.state == "WAITING"
    assert test1.waiting_s == pytest.approx(1e-6 + 1.0 - 6e-6)


def test_names_are_numbered() -> None:
    tape = Tape().spawn("a", words.GREENLET, "worker").spawn("b", words.GREENLET, "worker")
    assert [track.name for track in statistics(tape.timeline()).tracks] == ["main", "worker-1", "worker-2"]


def test_the_fields_of_the_json() -> None:
    shown = msgspec.to_builtins(statistics(Tape().timeline()))
    assert list(shown) == ["duration_s", "switches", "stops", "held_s", "tracks", "totals"]
    assert list(shown["tracks"][0]) == [
        "id", "name", "kind", "state", "steps", "running_s", "ready_s", "waiting_s", "blocked_s",
        "idle_s",
    ]


def test_nothing_at_all() -> None:
    found = statistics(Timeline())
    assert (found.duration_s, found.switches, found.tracks) == (0, 0, [])


def test_just_a_span() -> None:
    timeline = sleeps().timeline()
    found = statistics(timeline, (timeline.switch_ns[1], 1_000_000_000))
    assert found.duration_s == pytest.approx(1 - 7e-6)
    assert found.switches == 5
    main, hub, foo, bar = found.tracks
    assert [track.steps for track in found.tracks] == [0, 3, 0, 2]
    assert [track.state for track in found.tracks] == ["WAITING", "IDLE", "WAITING", "DONE"]
    assert foo.running_s == pytest.approx(1e-6)
    assert foo.waiting_s == pytest.approx(1 - 8e-6)
    assert (main.running_s, main.waiting_s) == pytest.approx((0, 1 - 7e-6))
    assert bar.running_s + bar.ready_s + bar.waiting_s == pytest.approx(5e-6)
    assert hub.idle_s == pytest.approx(1 - 14e-6)
    assert found.totals.steps == 5


def test_spans_that_follow_one_another_add_up() -> None:
    timeline = sleeps().timeline()
    edges = [-1, 5_500, 7_000, 9_500, 1_000_000_000, 2_000_310_000, timeline.last_ns]
    parts = [statistics(timeline, span).totals for span in pairwise(edges)]
    whole = statistics(timeline).totals
    for field in ("steps", "running_s", "ready_s", "waiting_s", "blocked_s", "idle_s"):
        assert sum(getattr(part, field) for part in parts) == pytest.approx(getattr(whole, field))
