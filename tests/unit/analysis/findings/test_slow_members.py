"""The slowest of those whose ends a track waits for."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import findings
from visualizer.analysis.findings.base import Finding
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

MS = 1_000_000


def gathered(*took: int, reason: str = words.THREADPOOL, names: str = "fetch", last: str = "") -> Tape:
    """boss waits for tasks that wait for so long (ms) each, and end; `last`: why the last of them does."""
    tape = Tape().spawn("loop", words.LOOP, parent="main").spawn("boss", words.TASK, parent="loop", creator="main")
    tape.wake("boss", "main", words.SPAWN).switch("main", "loop").switch("loop", "boss")
    keys = [f"{number}" for number in range(len(took))]
    for key in keys:
        name = names if "%" not in names else names % key
        tape.spawn(key, words.TASK, name=name, parent="loop", creator="boss", line=3).wake(key, "boss", words.SPAWN)
    tracks = ", ".join(str(tape.ids[key]) for key in keys)
    tape.waits("boss", words.JOIN, "asyncio.gather(*some)", thing=f"tracks {tracks}").switch("boss", "loop", line=9)
    for key in keys:
        tape.switch("loop", key)
        why = last if last and key == keys[-1] else reason
        tape.waits(key, why, "self.get(url)").switch(key, "loop", line=5)
    tape.poll("loop", 1)
    for ms, key in sorted(zip(took, keys, strict=True)):
        tape.at(ms * MS).poll("loop", 0).wake(key, "loop", words.CALLBACK).switch("loop", key)
        tape.exits(key).switch(key, "loop")
        if key == [each for _, each in sorted(zip(took, keys, strict=True))][-1]:
            # Who waits is told in a callback of the loop.
            tape.wake("boss", key, words.FINISHED)
        tape.poll("loop", 1)
    tape.poll("loop", 0).switch("loop", "boss").exits("boss").switch("boss", "loop").exits("loop")
    return tape.switch("loop", "main").exits("main").end()


def found(tape: Tape) -> list[Finding]:
    return findings(tape.timeline())


def test_the_last_is_named_and_where_its_time_went() -> None:
    tape = gathered(100, 150, 900)
    [one] = found(tape)
    assert one.sentence == (
        "fetch-3 ended 0.75 s after the 2 others that boss waited for in asyncio.gather() (demo.py:9): "
        "it waited 0.75 s in self.get(url) (demo.py:5)"
    )
    assert (one.kind, one.tracks, one.line) == ("slow_track", (tape.ids["2"], tape.ids["boss"]), 5)
    assert (one.cost_ns // MS, one.lost_by) == (750, (tape.ids["boss"],))


def test_who_sleeps_is_slow_only_among_its_like() -> None:
    assert [one.kind for one in found(gathered(100, 100, 900, reason=words.SLEEP))] == ["slow_track"]
    assert found(gathered(100, 100, 900, reason=words.SLEEP, names="job%s")) == []
    assert [one.kind for one in found(gathered(100, 100, 900, names="job%s"))] == ["slow_track"]


@pytest.mark.parametrize(
    "tape",
    [
        pytest.param(gathered(800, 850, 900), id="all take long"),
        pytest.param(gathered(700, 700, 1300), id="less than half of the wait"),
        pytest.param(gathered(10, 10, 490), id="not for long"),
        pytest.param(gathered(100, 900), id="of two"),
        pytest.param(gathered(100, 100, 900, last=words.EVENT), id="waits for work"),
        pytest.param(gathered(100, 100, 900, last=words.LOCK), id="waits for a lock"),
    ],
)
def test_no_member_is_slow(tape: Tape) -> None:
    assert found(tape) == []


@pytest.mark.parametrize(
    ("took", "told"),
    [
        (
            (100, 150, 900),
            ("every task boss was waiting for has ended, fetch-3 as the last, 0.75 s after fetch-2: "
            "it waited 0.75 s in self.get(url) (demo.py:5)"),
        ),
        (
            (900, 100),
            ("every task boss was waiting for has ended, fetch-1 as the last, 0.8 s after fetch-2: "
            "it waited 0.8 s in self.get(url) (demo.py:5)"),
        ),
        # They end together.
        ((150, 150), "every task boss was waiting for has ended, fetch-2 as the last"),
    ],
)
def test_the_sentence_of_who_waited_for_several_says_which_was_the_last(took: tuple[int, ...], told: str) -> None:
    timeline = gathered(*took).timeline()
    said = [sentence(timeline, index) for index in range(timeline.switch_count)]
    assert [one for one in said if "every task" in one] == [f"{told} → boss runs"]
    assert said == AllSentences(timeline).said(0, timeline.switch_count)
