"""Time limits around what waits, that struck; and those that somebody reckons with."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import findings
from visualizer.trace import words

MS = 1_000_000
AROUND = "def ask():\n    with Timeout(2, False):\n        return replies.get()\n"


@pytest.mark.parametrize(
    ("source", "line", "on", "outcome", "expected", "limit_ms"),
    [
        pytest.param(AROUND, 3, "replies.get()", words.RETURNED, ["timed_out"], 2000, id="around a call"),
        pytest.param(
            AROUND.replace("replies.get()", "fetch()") + "def fetch():\n    return replies.get()\n", 5,
            "replies.get()", words.RETURNED, ["timed_out"], 2000, id="around a function",
        ),
        pytest.param(
            "async def ask():\n    for _ in range(3):\n        await wait_for(future, 2)\n", 3,
            "wait_for(future, 2)", words.RETURNED, ["timed_out"], 2000, id="of one that is tried several times",
        ),
        pytest.param(
            "def ask():\n    while True:\n        with Timeout(2, False):\n            replies.get()\n", 4,
            "replies.get()", words.RETURNED, [], 2000, id="again and again",
        ),
        pytest.param(
            AROUND + "while True:\n    job = ask()\n", 3, "replies.get()", words.RETURNED, [], 2,
            id="in a function that is called again and again",
        ),
        pytest.param(
            AROUND.replace("get()", "get(timeout=2)"), 3, "replies.get(timeout=2)", words.RETURNED, [], 2,
            id="of the call itself",
        ),
        pytest.param(AROUND, 3, "replies.get()", words.RETURNED, [], 500, id="that is over soon"),
        pytest.param("def ask():\n    sock.read()\n", 2, "sock.read()", words.RETURNED, [], 2000, id="of another"),
        pytest.param(AROUND, 3, "replies.get()", words.RAISED, ["unretrieved"], 2000, id="that ended the track"),
    ],
)  # fmt: skip
def test_a_time_limit_that_struck(
    source: str, line: int, on: str, outcome: str, expected: list[str], limit_ms: int
) -> None:
    tape = Tape().lists(source).spawn("hub", words.HUB, parent="main")
    tape.spawn("ask", words.GREENLET, parent="hub", creator="main", line=30).wake("ask", "main", words.SPAWN)
    tape.waits("main", words.SLEEP, "9 s", 9000 * MS).switch("main", "hub", line=40).switch("hub", "ask")
    tape.waits("ask", words.QUEUE, on, limit_ms * MS, thing="Queue 1").switch("ask", "hub", line=line)
    tape.at((limit_ms + 1) * MS).wake("ask", "hub", words.TIMEOUT).switch("hub", "ask")
    tape.exits("ask", outcome, "Timeout(2)" if outcome == words.RAISED else None).switch("ask", "hub")
    found = findings(tape.timeline())
    assert [one.kind for one in found] == expected
    if expected == ["timed_out"]:
        assert found[0].sentence == f"a time limit ended ask's wait in {on} (demo.py:{line}) for Queue 1 after 2 s"


@pytest.mark.parametrize(("limit_ms", "expected"), [(1000, ["hog", "timed_out"]), (4, ["hog"])])
def test_a_time_limit_that_ended_late_was_as_long_as_it_was_set(limit_ms: int, expected: list[str]) -> None:
    tape = Tape().lists(AROUND).spawn("hub", words.HUB, parent="main")
    for name in ("ask", "hog"):
        tape.spawn(name, words.GREENLET, parent="hub", creator="main", line=30).wake(name, "main", words.SPAWN)
    tape.waits("main", words.SLEEP, "9 s", 9000 * MS).switch("main", "hub", line=40).switch("hub", "ask")
    tape.waits("ask", words.QUEUE, "replies.get()", limit_ms * MS, thing="Queue 1").switch("ask", "hub", line=3)
    tape.switch("hub", "hog").at(2000 * MS).exits("hog").switch("hog", "hub")
    tape.wake("ask", "hub", words.TIMEOUT).switch("hub", "ask").exits("ask").switch("ask", "hub")
    assert sorted(one.kind for one in findings(tape.timeline())) == expected
