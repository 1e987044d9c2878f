"""Tracks that leak though all came at once, loops that poll, and what runs by way of generators: each with siblings in
which nothing is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import findings
from visualizer.trace import words

MS = 1_000_000
MADE = "def follow(): ...\nchanged = loop.create_future()\n"


def kinds(tape: Tape) -> list[str]:
    return [one.kind for one in findings(tape.timeline())]


def tasks(*keys: str) -> Tape:
    tape = Tape().spawn("loop", words.LOOP, parent="main")
    for key in keys:
        tape.spawn(key, words.TASK, "follow", parent="loop", creator="main", line=30).wake(key, "main", words.SPAWN)
    return tape.waits("main", words.JOIN, "asyncio.run(serve())").switch("main", "loop", line=40)


@pytest.mark.parametrize(
    ("source", "changed", "expected"),
    [
        pytest.param("", {}, ["leak"], id="nobody sets them"),
        pytest.param("follow(changed)\n", {}, ["leak"], id="one of its own functions is given it"),
        pytest.param("spawn(follow, changed)\n", {}, ["leak"], id="what runs one is given it"),
        pytest.param("other = loop.create_future()\nother.set_result(1)\n", {}, ["leak"], id="another is set"),
        pytest.param("waiting.append(changed)\n", {}, ["leak"], id="they are only kept"),
        pytest.param("changed.set_result(1)\n", {}, [], id="it would be set"),
        pytest.param("atexit.register(changed.set_result)\n", {}, [], id="it may be set"),
        pytest.param("for one in waiting:\n    one.set_result(1)\n", {}, [], id="by another name"),
        pytest.param("queue.pop().set_result(1)\n", {}, [], id="without a name"),
        pytest.param("client.subscribe(changed)\n", {}, [], id="a library is given it"),
        pytest.param("changed = client.ask()\n", {}, [], id="a library makes it"),
        pytest.param("def", {}, [], id="no Python"),
        pytest.param("", {"on": "forever"}, [], id="where it is made is not known"),
        pytest.param("", {"on": "loop.create_future()"}, [], id="it stands for that they go on until they are ended"),
        pytest.param("", {"by": "boss"}, [], id="who made them ends them"),
        pytest.param("", {"until_ms": 900}, [], id="soon"),
        pytest.param("", {"asked_ns": 5_000 * MS}, [], id="up to a limit"),
        pytest.param("", {"again": True}, [], id="they did something"),
    ],
)
def test_a_crew_that_nobody_would_ever_wake(source: str, changed: dict[str, Any], expected: list[str]) -> None:
    asked: dict[str, Any] = {"on": "changed", "by": "loop", "until_ms": 1_500, "again": False, "asked_ns": -1} | changed
    keys = [f"follow {number}" for number in range(9)]
    tape = tasks("boss", *keys).lists(MADE + source).switch("loop", "boss")
    tape.waits("boss", words.SLEEP, "2 s", asked["until_ms"] * MS).switch("boss", "loop", line=8)
    for again in range(1 + asked["again"]):
        for number, key in enumerate(keys):
            thing = f"Future {number}"
            tape.switch("loop", key).waits(key, words.FUTURE, asked["on"], asked["asked_ns"], thing=thing)
            tape.switch(key, "loop", line=5)
        if asked["again"] and not again:
            for key in keys:
                tape.wake(key, "loop", words.CALLBACK)
    tape.poll("loop", 1).at(asked["until_ms"] * MS).poll("loop", 0).wake("boss", "loop", words.TIMER)
    tape.switch("loop", "boss")
    if asked["by"] == "boss":
        for key in keys:
            tape.wake(key, "boss", words.CANCEL)
    tape.exits("boss").switch("boss", "loop")
    for key in keys:
        if asked["by"] == "loop":
            tape.wake(key, "loop", words.CANCEL)
        tape.switch("loop", key).exits(key, words.CANCELLED).switch(key, "loop")
    assert kinds(tape.exits("loop").switch("loop", "main").exits("main").end()) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [("", ["busy_poll"]), ("served", []), ("waits", []), ("computes", []), ("of a system's", [])],
)
def test_waits_with_a_limit_of_nothing_poll(change: str, expected: list[str]) -> None:
    tape = tasks("poller", "other").spawn("each", words.GENERATOR, "<genexpr>", parent="poller", creator="poller")
    tape.switch("loop", "other").waits("other", words.SLEEP, "9 s", 9_000 * MS).switch("other", "loop", line=9)
    reason, limit_ns = words.SELECT if change == "of a system's" else words.JOIN, MS if change == "waits" else 0
    for _ in range(250):
        tape.switch("loop", "poller").resume("each", line=11)
        tape.at(tape.t_ns + MS if change == "computes" else tape.t_ns + MS // 20).yields("each", "1", line=11)
        tape.waits("poller", reason, "asyncio.wait(jobs, timeout=0)", limit_ns).switch("poller", "loop", line=12)
        if change == "served":
            tape.wake("other", "loop", words.CALLBACK).switch("loop", "other").wake("poller", "other", words.FINISHED)
            tape.waits("other", words.SLEEP, "9 s", 9_000 * MS).switch("other", "loop", line=9)
        else:
            tape.at(tape.t_ns + limit_ns).wake("poller", "loop", words.TIMEOUT)
    told = [one for one in findings(tape.at(tape.t_ns + MS).timeline()) if one.kind == "busy_poll"]
    assert [one.kind for one in told] == expected
    for one in told:
        polls = "follow-1 polls: it waited 0 s in asyncio.wait(jobs, timeout=0) 250 times in a row"
        assert one.sentence.startswith(polls)


@pytest.mark.parametrize(
    ("step_ms", "sleeps", "expected"),
    [
        pytest.param(1, False, ["hog"], id="it computes"),
        pytest.param(1, True, [], id="the generators wait"),
        pytest.param(0.1, False, [], id="short"),
    ],
)
def test_a_loop_runs_what_the_generators_do_that_its_callback_resumes(
    step_ms: float, sleeps: bool, expected: list[str]
) -> None:
    tape = tasks("other").spawn("each", words.GENERATOR, "<genexpr>", creator="loop")
    tape.switch("loop", "other").waits("other", words.SLEEP, "1 ms", MS).switch("other", "loop", line=9)
    for _ in range(150):
        tape.resume("each", line=65)
        if sleeps:
            tape.waits("each", words.SLEEP, "1 ms", MS).parks("each", line=66)
        tape.at(tape.t_ns + round(step_ms * MS))
        if sleeps:
            tape.unparks("each")
        tape.yields("each", "1", line=65)
    tape.wake("other", "loop", words.TIMER).switch("loop", "other").exits("other").switch("other", "loop")
    told = [one for one in findings(tape.timeline()) if one.kind == "hog"]
    assert [one.kind for one in told] == expected
    for one in told:
        assert ", resuming generators 150 times at demo.py:65, until it ran another track" in one.sentence
        assert one.line == 65


@pytest.mark.parametrize(("body", "expected"), [("pass", ["busy_poll"]), ("work()", [])])
def test_a_thread_that_asks_of_all(body: str, expected: list[str]) -> None:
    tape = Tape().lists(f"while not all(one.done() for one in jobs):\n    {body}\n")
    for number in range(150):
        each = f"each {number}"
        tape.spawn(each, words.GENERATOR, "<genexpr>", creator="main", line=1).resume(each, line=1)
        tape.exits(each, words.CLOSED).at(tape.t_ns + MS)
    told = findings(tape.exits("main").end().timeline())
    assert [one.kind for one in told] == expected
    for one in told:
        polled = "`while not all(one.done() for one in jobs)` ran for 0.15 s, resuming generators 150 times"
        assert polled in one.sentence


def test_of_two_lines_seen_as_often_the_first_is_told() -> None:
    """The other may stand behind a call in which nobody could look."""
    tape = tasks("work", "other").switch("loop", "other").waits("other", words.SLEEP, "1 ms", MS)
    tape.switch("other", "loop", line=9).switch("loop", "work").at(40 * MS).sample(61).at(290 * MS).sample(49)
    tape.at(291 * MS).waits("work", words.SLEEP, "9 s", 9_000 * MS).switch("work", "loop", line=55)
    tape.wake("other", "loop", words.TIMER).switch("loop", "other").exits("other").switch("other", "loop")
    [hog] = [one for one in findings(tape.timeline()) if one.kind == "hog"]
    assert hog.line == 61
    assert "most often at demo.py:61 (1 of 2 samples" in hog.sentence
