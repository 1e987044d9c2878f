"""Loops of the program's own that ask `select` and resume generators: each problem with siblings without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape
from visualizer.analysis.findings import Finding, findings
from visualizer.trace import words

MS = 1_000_000
#: The generators are resumed at line 11, and yield at line 15; the loop asks at line 7.
SOURCE = """\
import select

class Loop:
    def run(self, until):
        while not until():
            timeout = LIMIT
            ready, _, _ = select.select(self.known, [], [], timeout)
            for one in self.ready:
                self.step(one)
    def step(self, one):
        wish = one.send(None)

def job():
    on = Promise()
    yield on
def more():
    for _ in range(9):
        loop.spawn(first())
        loop.spawn(second())
"""
STEP, YIELD = 11, 15


class Loop(Tape):
    """A tape on which places keep their numbers, as in a trace, and functions their names."""

    def __init__(self, source: str = SOURCE, limit: str = "None") -> None:
        super().__init__()
        self._known: dict[int, int] = {}
        self.lists(source.replace("LIMIT", limit))

    def place(self, line: int | None, function: str = "") -> int:
        if line is None:
            return words.NOTHING
        if line not in self._known:
            self._known[line] = super().place(line, function or {STEP: "Loop.step"}.get(line, "job"))
        return self._known[line]

    def at(self, t_ns: int) -> Loop:
        super().at(t_ns)
        return self

    def resume(self, key: str, cause: str = words.NEXT, value: str | None = None, line: int | None = None) -> Loop:
        super().resume(key, cause, value, line)
        return self

    def exits(
        self, key: str, outcome: str = words.RETURNED, value: str | None = None, inferred: str | None = None
    ) -> Loop:
        super().exits(key, outcome, value, inferred)
        return self

    def makes(self, *keys: str, creator: str = "main", line: int = 30) -> Loop:
        for key in keys:
            self.spawn(key, words.GENERATOR, creator=creator, line=line)
        return self

    def step(self, key: str, lasts_ns: int = STEP_NS, gives: str = "<Promise>", after_ns: int = 0) -> Loop:
        """It begins so long after the last one ended."""
        self.at(self.t_ns + max(STEP_NS, after_ns)).resume(key, words.SEND, line=STEP)
        self.at(self.t_ns + lasts_ns).yields(key, gives, line=YIELD)
        return self

    def takes_turns(self, *keys: str) -> Loop:
        """So that the loop is known for a scheduler."""
        for _ in range(2):
            for key in keys:
                self.step(key)
        return self

    def found(self) -> list[Finding]:
        return findings(self.at(self.t_ns + MS).exits("main").end().timeline())


def kinds(found: list[Finding]) -> list[str]:
    return [one.kind for one in found]


def test_a_step_that_is_long_keeps_the_others_of_its_loop_from_running() -> None:
    [one] = Loop().makes("a", "b").takes_turns("a", "b").step("a", 150 * MS).step("b").found()
    assert (one.kind, one.line, one.cost_ns) == ("hog", YIELD, 150 * MS)
    assert one.sentence == (
        "a ran for 0.15 s without yielding, until it yielded (demo.py:15) → its loop (demo.py:11) could run none of "
        "its 1 other generator meanwhile (inferred)"
    )


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(SOURCE.replace("import select", ""), id="no select: a simulation"),
        pytest.param(SOURCE.replace("self.step(one)", "self.other(one)"), id="the loop that asks calls another"),
        pytest.param("", id="the source is not known"),
        pytest.param(SOURCE + ")", id="no Python"),
    ],
)
def test_what_resumes_them_must_be_known_to_ask(source: str) -> None:
    assert kinds(Loop(source).makes("a", "b").takes_turns("a", "b").step("a", 150 * MS).step("b").found()) == []


def test_a_pipeline_makes_what_it_resumes() -> None:
    loop = Loop()
    loop.place(30, "Loop.step")
    assert kinds(loop.makes("a", "b").takes_turns("a", "b").step("a", 150 * MS).step("b").found()) == []


def test_nobody_is_kept_by_a_long_step_of_the_only_one() -> None:
    loop = Loop().makes("a", "b").takes_turns("a", "b").resume("b", line=STEP).exits("b")
    assert kinds(loop.step("a", 150 * MS).step("a").found()) == []


def test_a_step_that_waits_is_no_hog() -> None:
    """As that of a task which asks `select` for all of them."""
    loop = Loop().makes("a", "b").takes_turns("a", "b").resume("a", line=STEP)
    loop.waits("a", words.SELECT, "select()").parks("a", line=14).at(loop.t_ns + 150 * MS).unparks("a")
    loop.yields("a", line=YIELD)
    assert kinds(loop.step("b").found()) == []


def requests(
    count: int = 9, *, gives: str = "<Promise>", ends: int = 0, creator: str = "", later_ms: int = 1_500
) -> Loop:
    """Each request ends, and leaves a generator behind that was resumed once."""
    loop = Loop().makes("a", "b").takes_turns("a", "b")
    for number in range(count):
        request, left = f"request {number}", f"left {number}"
        loop.makes(request).step(request).makes(left, creator=creator or request, line=18)
        loop.at(loop.t_ns + MS).resume(request, words.SEND, line=STEP).exits(request).step(left, gives=gives)
        if number < ends:
            loop.resume(left, words.SEND, line=STEP).exits(left)
    return loop.step("a", after_ns=later_ms * MS)


def test_what_requests_leave_behind_leaks() -> None:
    [one] = requests().found()
    assert (one.kind, one.line, one.cost_ns) == ("leak", 18, 0)
    assert "9 × left, spawned in job() (demo.py:18) one after another for " in one.sentence
    assert one.sentence.endswith("and its loop (demo.py:11) never resumed it, nor any other of them")


@pytest.mark.parametrize(
    "loop",
    [
        pytest.param(lambda: requests(7), id="few"),
        pytest.param(lambda: requests(ends=2), id="some end"),
        pytest.param(lambda: requests(gives="<socket.socket fd=6>"), id="they wait for a socket"),
        pytest.param(lambda: requests(gives="30.0"), id="they sleep"),
        pytest.param(lambda: requests(creator="main"), id="a crew"),
        pytest.param(lambda: requests(later_ms=200), id="they may go on yet"),
    ],
)
def test_what_waits_for_something_does_not_leak(loop: Callable[[], Loop]) -> None:
    assert kinds(loop().found()) == []


def crowd(gap_ms: int, step_ms: int, *, gives: str = "0.01", own_ms: float = 0.001, rounds: int = 6) -> Loop:
    """A beat every 10 ms; then two others that run in turn, and the beat only `gap_ms` after it slept."""
    loop = Loop().makes("a", "b", "beat").takes_turns("a", "b")
    for _ in range(8):
        loop.step("beat", gives=gives, after_ns=11 * MS)
    for _ in range(rounds):
        for number in range(gap_ms // step_ms):
            loop.step("ab"[number % 2], step_ms * MS)
        loop.step("beat", round(own_ms * MS), gives=gives)
    return loop


@pytest.mark.parametrize("gives", ["0.01", "('sleep', 0.01)", "None"])
def test_who_is_due_starves_while_others_take_turns(gives: str) -> None:
    [one] = crowd(60, 20, gives=gives).found()
    assert (one.kind, one.line) == ("starvation", YIELD)
    assert "beat " in one.sentence
    assert "while it resumed a and b (inferred)" in one.sentence
    assert ("asked for nothing but its next turn" in one.sentence) == (gives == "None")
    assert 200 * MS <= one.cost_ns <= 400 * MS


@pytest.mark.parametrize(
    "loop",
    [
        pytest.param(lambda: crowd(60, 20, gives="<Promise>"), id="what it waits for is not known"),
        pytest.param(lambda: crowd(60, 20, gives="3"), id="a number that is no time"),
        pytest.param(lambda: crowd(12, 4), id="hardly late"),
        pytest.param(lambda: crowd(60, 20, rounds=2), id="twice"),
        pytest.param(lambda: crowd(60, 20, own_ms=30), id="it gets its share"),
    ],
)
def test_who_gets_its_turns_does_not_starve(loop: Callable[[], Loop]) -> None:
    assert kinds(loop().found()) == []


def passed_over(later: int = 19, *, turns: int = 5) -> Loop:
    """Who was handed to the loop first begins last."""
    loop = Loop().makes("a", "b").takes_turns("a", "b").makes("first", line=18).makes("x", "y", line=later)
    for _ in range(turns):
        loop.step("x", 20 * MS, gives="None").step("y", 20 * MS, gives="None")
    return loop.step("first")


def test_who_was_handed_in_before_the_others_and_begins_last_starves() -> None:
    [one] = passed_over().found()
    assert (one.kind, one.line, one.lost_by) == ("starvation", 18, one.tracks[:1])
    assert one.sentence.startswith("first was handed to loop.spawn (demo.py:18), and its loop (demo.py:11) resumed it ")


@pytest.mark.parametrize(
    "loop",
    [
        pytest.param(lambda: passed_over(turns=2), id="few turns"),
        pytest.param(lambda: passed_over(30), id="the others were handed to something else"),
    ],
)
def test_who_only_begins_late_does_not_starve(loop: Callable[[], Loop]) -> None:
    assert kinds(loop().found()) == []


def polls(limit: str, every_ms: int = 5) -> list[Finding]:
    loop = Loop(limit=limit).makes("a", "b").takes_turns("a", "b")
    for _ in range(30):
        loop.step("a", after_ns=every_ms * MS).step("b")
    return loop.found()


def test_a_loop_that_never_waits_between_its_steps_polls() -> None:
    [one] = polls("0")
    assert (one.kind, one.line) == ("busy_poll", 7)
    assert 150 * MS <= one.cost_ns < 151 * MS
    assert "never waits (by the source)" in one.sentence


def test_a_loop_that_may_wait_or_does_little_does_not_poll() -> None:
    assert kinds(polls("0 if self.ready else 0.05")) == []
    assert kinds(polls("None")) == []
    assert kinds(polls("0", every_ms=0)) == []
