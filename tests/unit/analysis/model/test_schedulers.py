"""Generators that a scheduler resumes in turn, and chains of them."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import FILE, Tape
from visualizer.analysis.model.timeline import State
from visualizer.analysis.report.details import details
from visualizer.analysis.report.jsonl import records
from visualizer.analysis.text.sentences import describe_state
from visualizer.trace import events as ev
from visualizer.trace import words


class Steps(Tape):
    """A tape on which places keep their numbers, as in a trace."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, int] = {}

    def place(self, line: int | None, function: str = "") -> int:
        if line is None:
            return words.NOTHING
        if line not in self._known:
            self._known[line] = super().place(line)
        return self._known[line]

    def step(self, track: str, line: int, gives: str) -> None:
        self.resume(track, "next", line=line)
        self.yields(track, gives, line=100 + line)


def states(tape: Tape, track: str) -> list[str]:
    return [State(number).name for number in tape.timeline().tracks[tape.ids[track]].slices.state]


def in_turn(gives: str, *, line_of_b: int = 10) -> Steps:
    tape = Steps()
    for name in "ab":
        tape.spawn(name, words.GENERATOR, "task")
    for _ in range(3):
        tape.step("a", 10, gives)
        tape.step("b", line_of_b, "None")
    return tape


def test_who_gives_its_scheduler_nothing_is_ready() -> None:
    tape = in_turn("None")
    # Known when a is resumed again: b, which is suspended then, is ready from there on.
    assert states(tape, "a") == [
        "CREATED", "RUNNING", "WAITING", "RUNNING", "WAITING", "READY", "RUNNING", "WAITING", "READY",
    ]
    assert states(tape, "b") == [
        "CREATED", "RUNNING", "WAITING", "READY", "RUNNING", "WAITING", "READY", "RUNNING", "WAITING", "READY",
    ]
    wakes = [record for record in records(tape.timeline()) if record["event"] == "wake"]
    assert {(wake["cause"], wake["waker"]) for wake in wakes} == {("turn", None)}
    assert details(tape.timeline()).totals.wakes == 0


def test_who_gives_it_something_waits() -> None:
    assert "READY" not in states(in_turn("<generator>"), "a")


def test_different_expressions_are_no_scheduler() -> None:
    tape = in_turn("None", line_of_b=11)
    assert "READY" not in states(tape, "a") + states(tape, "b")


def test_one_after_another_is_no_turn() -> None:
    tape = Steps()
    for name in "abc":
        tape.spawn(name, words.GENERATOR, "task")
    for name in "abc":
        for _ in range(3):
            tape.step(name, 10, "None")
    assert not any("READY" in states(tape, name) for name in "abc")


def test_fairness_of_a_scheduler_and_of_a_function() -> None:
    tape = in_turn("None")
    tape.step("a", 10, "None")
    tape.step("a", 10, "None")
    by_function, by_scheduler = details(tape.timeline()).fairness
    assert (by_function.of, by_scheduler.of) == ("task", "in turn at demo.py:10")
    for group in (by_function, by_scheduler):
        assert group.tracks == ["task-1", "task-2"]
        assert group.steps == pytest.approx(8**2 / (2 * (5**2 + 3**2)))
        assert group.running == pytest.approx(group.steps)


def test_a_chain_is_suspended_where_its_innermost_is() -> None:
    tape = Steps()
    for name in ("outer", "middle", "inner"):
        tape.spawn(name, words.GENERATOR)
    tape.resume("outer", "next", line=1).resume("middle", "next", line=2).resume("inner", "next", line=3)
    tape.yields("inner", "1", line=4).yields("middle", "1", line=3).yields("outer", "1", line=2)
    timeline = tape.timeline()
    waits = {r["name"]: r for r in records(timeline) if r["event"] == "wait" and r["reason"] == words.SUSPENDED}
    assert [waits[name]["on_track"] for name in ("outer", "middle", "inner")] == [
        tape.ids["middle"], tape.ids["inner"], None,
    ]
    for name in ("outer", "middle"):
        innermost = waits[name]["innermost"]
        assert (innermost["name"], innermost["file"], innermost["line"]) == ("inner", FILE, 4)
    assert waits["inner"]["innermost"] is None
    said = describe_state(timeline, tape.ids["outer"], timeline.last_ns)
    assert said == "outer is suspended at the yield of inner (demo.py:4), which it waits for"


def test_a_loop_over_a_generator_is_no_chain() -> None:
    tape = Steps()
    for name in ("outer", "inner"):
        tape.spawn(name, words.GENERATOR)
    tape.resume("outer", "next", line=1).resume("inner", "next", line=2)
    tape.yields("inner", "1", line=3).yields("outer", "1", line=4)
    waits = [r for r in records(tape.timeline()) if r["event"] == "wait" and r["name"] == "outer"]
    assert [(r["on_track"], r["innermost"]) for r in waits if r["reason"] == words.SUSPENDED] == [(None, None)]


def test_an_inferred_identity_is_told() -> None:
    tape = Tape()
    tape.spawn("a", words.GENERATOR)
    tape.events.append(ev.Inferred(tape.t_ns, tape.ids["a"], tape.text("a guess")))
    spawned = [r["inferred"] for r in records(tape.timeline()) if r["event"] == "spawn"]
    assert spawned == [None, "a guess"]
