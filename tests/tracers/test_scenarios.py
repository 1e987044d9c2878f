"""Every bundled scenario: the whole sequence of its switches, waits and wakes; and that tracing changes nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceScenario
from tests.tracers.traced import SCENARIOS, bare, trace
from visualizer.trace import words

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.py"))
#: From 3.12 on the interpreter tells what a greenlet's function returned, and what was thrown into a generator.
TELLS_MORE = sys.version_info >= (3, 12)


@pytest.mark.parametrize("name", NAMES)
def test_the_program_behaves_as_without_us(name: str, tmp_path: Path) -> None:
    script = SCENARIOS / f"{name}.py"
    alone = bare(script)
    traced = trace(tmp_path / "x.trace", str(script)).ended
    if name == "sync_vs_async":  # prints how long it took
        assert (traced.code, traced.stderr) == (alone.code, alone.stderr)
        assert _without_numbers(traced.stdout) == _without_numbers(alone.stdout)
    else:
        assert traced == alone


def _without_numbers(text: bytes) -> bytes:
    return re.sub(rb"\d+(\.\d+)?", b"N", text)


def test_producer_consumer(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("producer_consumer")
    rounds = [
        hand_over
        for number in range(1, 6)
        for hand_over in (("main", "send", "consumer", str(number)), ("consumer", "yield", "main", "'200 OK'"))
    ]
    assert traced.hand_overs == [
        ("main", "next", "consumer", None),
        ("consumer", "yield", "main", "''"),
        *rounds,
        ("main", "close", "consumer", None),
        ("consumer", "close", "main", None),
    ]
    assert traced.outcome("consumer") == words.CLOSED


def test_buns(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("buns")
    tom, jerry = "consumer-1", "consumer-2"
    assert traced.hand_overs == [
        ("main", "next", tom, None), (tom, "yield", "main", "0"),
        ("main", "next", jerry, None), (jerry, "yield", "main", "0"),
        ("main", "send", tom, "1"), (tom, "yield", "main", "1"),
        ("main", "send", jerry, "2"), (jerry, "yield", "main", "1"),
        ("main", "send", tom, "3"), (tom, "yield", "main", "2"),
        ("main", "send", jerry, "4"), (jerry, "yield", "main", "2"),
        ("main", "send", tom, "5"), (tom, "yield", "main", "3"),
        ("main", "send", jerry, "6"), (jerry, "yield", "main", "3"),
        ("main", "close", tom, None), (tom, "close", "main", None),
        ("main", "close", jerry, None), (jerry, "close", "main", None),
    ]  # fmt: skip


def test_generator_states(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("generator_states")
    assert traced.hand_overs == [
        ("main", "next", "walk", None),
        ("walk", "yield", "main", "'first stop'"),
        ("main", "send", "walk", "'hello'"),
        ("walk", "yield", "main", "'second stop'"),
        ("main", "throw", "walk", "ValueError('a stone')" if TELLS_MORE else None),
        ("walk", "yield", "main", "'third stop'"),
        ("main", "close", "walk", None),
        ("walk", "close", "main", None),
    ]
    assert traced.states("walk") == [
        "CREATED", "RUNNING", "WAITING", "RUNNING", "WAITING", "RUNNING", "WAITING", "RUNNING", "DONE",
    ]  # fmt: skip
    assert traced.outcome("walk") == words.CLOSED


def test_ping_pong(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("ping_pong")
    assert traced.order == ["main", "test1", "test2", "test1", "test2", "main"]
    assert {cause for _, cause, _, _ in traced.hand_overs} == {"switch"}
    assert traced.outcome("test1") is None
    assert traced.states("test1") == ["CREATED", "RUNNING", "WAITING", "RUNNING", "WAITING"]
    assert traced.outcome("test2") == words.RETURNED
    assert [output.text for output in traced.timeline.outputs] == ["12\n", "56\n", "34\n", "78\n"]
    assert [traced.timeline.name(o.track) for o in traced.timeline.outputs] == ["test1", "test2", "test1", "test2"]


def test_three_way(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("three_way")
    assert traced.hand_overs == [
        ("main", "switch", "a", "'a cake'"),
        ("a", "switch", "c", "'two cups'"),
        ("c", "switch", "a", "'two cups of flour'" if TELLS_MORE else None),
        ("a", "switch", "b", "'two cups of flour'"),
        ("b", "switch", "a", "'a cake'" if TELLS_MORE else None),
        ("a", "switch", "main", "'a cake'" if TELLS_MORE else None),
    ]
    parents = {traced.timeline.name(t.id): traced.timeline.name(t.parent) for t in traced.timeline.tracks.values()}
    assert parents == {"main": "unknown", "a": "main", "b": "a", "c": "a"}


def test_gevent_yield(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("gevent_yield")
    assert traced.order == [
        "main", "hub", "foo", "hub", "bar", "hub", "foo", "hub", "bar", "hub", "main", "hub", "main",
    ]  # fmt: skip
    assert traced.wakes == [
        ("main", "spawn", "foo"), ("main", "spawn", "bar"),
        ("hub", "timer", "foo"), ("hub", "timer", "bar"),
        ("foo", "finished", "main"), ("bar", "finished", "main"),
    ]  # fmt: skip
    for name in ("foo", "bar"):
        assert traced.states(name) == ["CREATED", "READY", "RUNNING", "WAITING", "READY", "RUNNING", "DONE"]


def test_gevent_sleeps(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("gevent_sleeps")
    steps = [name for name in traced.order if name in ("foo", "bar", "third")]
    assert steps == ["foo", "bar", "third", "third", "bar", "foo"]
    assert [wait for wait in traced.waits if wait[0] != "main"] == [
        ("foo", "sleep", "2 s"), ("bar", "sleep", "1 s"), ("third", "sleep", "0 s"),
    ]  # fmt: skip
    assert {wait[:2] for wait in traced.waits if wait[0] == "main"} == {("main", "join")}
    assert traced.wakes == [
        ("main", "spawn", "foo"), ("main", "spawn", "bar"), ("main", "spawn", "third"),
        ("hub", "timer", "third"), ("third", "finished", "main"),
        ("hub", "timer", "bar"), ("bar", "finished", "main"),
        ("hub", "timer", "foo"), ("foo", "finished", "main"),
    ]  # fmt: skip
    assert traced.states("hub").count("IDLE") == 2
    kinds = {traced.timeline.name(t.id): t.kind for t in traced.timeline.tracks.values()}
    assert kinds == {"main": "thread", "hub": "hub", "foo": "greenlet", "bar": "greenlet", "third": "greenlet"}


def test_sync_vs_async(trace_scenario: TraceScenario) -> None:
    traced = trace_scenario("sync_vs_async")
    tasks = [f"task-{number}" for number in range(1, 10)]
    assert [wake for wake in traced.wakes if wake[1] == "timer"] == [("hub", "timer", "main")] * 9 + [
        ("hub", "timer", task) for task in tasks
    ]
    assert traced.waits[:9] == [("main", "sleep", "0.1 s")] * 9
    assert [wait for wait in traced.waits if wait[0] != "main"] == [(task, "sleep", "0.1 s") for task in tasks]
    starts = [track.steps[0] for track in traced.timeline.tracks.values() if track.base_name == "task"]
    ends = [track.steps[1] for track in traced.timeline.tracks.values() if track.base_name == "task"]
    assert max(starts) < min(ends), "all nine sleep at the same time"
