"""What it takes to find problems does not grow by the switch: those are looked at as columns.

Counted are calls, of Python and of C, which do not depend on how fast the machine is.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tests.unit.analysis.findings.test_findings import MS
from tests.unit.analysis.findings.test_kept_off import kept_off
from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import findings
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words

TURNS = 4


def resuming(switches: int, is_kept_off: bool) -> Timeline:
    """Two of three greenlets hog their hub in each of their turns, and switch to another greenlet and back meanwhile,
    so many times."""
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for line, key in enumerate("abc", 30):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main", line=line)
        tape.spawn(f"of {key}", words.GREENLET, parent=key, creator="main", line=line)
    tape.at(MS)
    for key in "abc":
        tape.wake(key, "main", words.SPAWN)
    tape.waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    now_ms = 2
    for _ in range(TURNS):
        for key in "abc":
            tape.at(now_ms * MS).switch("hub", key)
            for _ in range(switches if key != "c" else 0):
                tape.switch(key, f"of {key}", line=7).switch(f"of {key}", key, line=8)
            now_ms += 20 if key == "c" else 120
            tape.at(now_ms * MS).wake(key, "hub", words.CALLBACK).waits(key, words.SLEEP, "0 s", 0)
            tape.switch(key, "hub", line=5)
    if is_kept_off:
        kept_off(tape, tape.ids["main"], words.NOBODY, 0, now_ms, round(now_ms * 0.7))
    return tape.timeline()


def calls(timeline: Timeline) -> tuple[int, list[str]]:
    """How many it takes to find its problems, and which kinds these are."""
    count = 0

    def counted(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        found = findings(timeline)
    finally:
        sys.setprofile(before)
    return count, [one.kind for one in found]


@pytest.mark.parametrize(
    ("is_kept_off", "kinds"),
    [pytest.param(False, {"hog"}, id="hogs"), pytest.param(True, {"starvation"}, id="made long by the machine")],
)
def test_what_it_takes_does_not_grow_with_switches_within_turns(is_kept_off: bool, kinds: set[str]) -> None:
    few, many = 100, 800
    calls(resuming(1, is_kept_off))  # What is imported, or kept, the first time.
    (of_few, found), (of_many, again) = (calls(resuming(each, is_kept_off)) for each in (few, many))
    assert kinds <= {*found}
    assert found == again
    # There are more than ten thousand switches more.
    assert of_many - of_few < TURNS * (many - few) // 4
