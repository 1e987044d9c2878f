"""Time limits around what waits, that struck; and those that somebody reckons with."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import findings
from visualizer.trace import words

MS = 1_000_000
AROUND = "def ask():\n    with Timeout(0.1, False):\n        return replies.get()\n"


@pytest.mark.parametrize(
    ("source", "line", "on", "outcome", "expected"),
    [
        pytest.param(AROUND, 3, "replies.get()", words.RETURNED, ["timed_out"], id="around a call"),
        pytest.param(
            AROUND.replace("replies.get()", "fetch()") + "def fetch():\n    return replies.get()\n", 5,
            "replies.get()", words.RETURNED, ["timed_out"], id="around a function",
        ),
        pytest.param(
            "async def ask():\n    for _ in range(3):\n        await wait_for(future, 0.1)\n", 3,
            "wait_for(future, 0.1)", words.RETURNED, ["timed_out"], id="of one that is tried several times",
        ),
        pytest.param(
            "def ask():\n    while True:\n        with Timeout(0.1, False):\n            replies.get()\n", 4,
            "replies.get()", words.RETURNED, [], id="again and again",
        ),
        pytest.param(
            AROUND + "while True:\n    job = ask()\n", 3, "replies.get()", words.RETURNED, [],
            id="in a function that is called again and again",
        ),
        pytest.param(
            AROUND.replace("get()", "get(timeout=0.1)"), 3, "replies.get(timeout=0.1)", words.RETURNED, [],
            id="of the call itself",
        ),
        pytest.param("def ask():\n    sock.read()\n", 2, "sock.read()", words.RETURNED, [], id="of something else"),
        pytest.param(AROUND, 3, "replies.get()", words.RAISED, ["unretrieved"], id="that ended the track"),
    ],
)  # fmt: skip
def test_a_time_limit_that_struck(source: str, line: int, on: str, outcome: str, expected: list[str]) -> None:
    tape = Tape().lists(source).spawn("hub", words.HUB, parent="main")
    tape.spawn("ask", words.GREENLET, parent="hub", creator="main", line=30).wake("ask", "main", words.SPAWN)
    tape.waits("main", words.SLEEP, "1 s", 1000 * MS).switch("main", "hub", line=40).switch("hub", "ask")
    tape.waits("ask", words.QUEUE, on, 100 * MS, thing="Queue 1").switch("ask", "hub", line=line)
    tape.at(101 * MS).wake("ask", "hub", words.TIMEOUT).switch("hub", "ask")
    tape.exits("ask", outcome, "Timeout(0.1)" if outcome == words.RAISED else None).switch("ask", "hub")
    found = findings(tape.timeline())
    assert [one.kind for one in found] == expected
    if expected == ["timed_out"]:
        assert found[0].sentence == f"a time limit ended ask's wait in {on} (demo.py:{line}) for Queue 1 after 0.1 s"
