"""The sentences of all switches together are those of each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.traces import crowd
from tests.unit.analysis.tape import STEP_NS, Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text import all_sentences
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import events as ev
from visualizer.trace import words

GOLDEN = sorted((Path(__file__).parents[3] / "golden").glob("*.trace"))


@pytest.fixture(autouse=True, params=["told apart", "not told apart"])
def of_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a trace of few tracks, and in one of so many that sentences are remembered without their names."""
    if request.param == "not told apart":
        monkeypatch.setattr(all_sentences, "_MOST_TRACKS", 0)


def check(timeline: Timeline, at_once: int) -> None:
    every, count = AllSentences(timeline), timeline.switch_count
    said = [text for first in range(0, count, at_once) for text in every.said(first, min(count, first + at_once))]
    assert said == [sentence(timeline, index) for index in range(count)]
    assert count


@pytest.mark.parametrize("at_once", [1, 3, 1000])
@pytest.mark.parametrize("tape", [producer_consumer(), ping_pong(), sleeps(), crowd(30)])
def test_any_part_at_a_time(tape: Tape, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_sentences, "_MOST_KNOWN", 2)
    check(tape.timeline(), at_once)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_recorded(path: Path) -> None:
    check(load(str(path))[0], 50)


def test_threads() -> None:
    tape = Tape().spawn("worker", words.THREAD)
    tape.waits("worker", words.LOCK, "lock", thing="lock 1").parks(line=7)
    tape.wake("worker", "main", words.CALLBACK).unparks()
    tape.waits("worker", words.SLEEP, "2 s", 2_000_000_000).parks(line=8)
    tape.at(tape.t_ns + 2_000_000_000).wake("worker", words.NOBODY, words.TIMER).unparks().parks().unparks()
    timeline = tape.timeline()
    check(timeline, 2)
    assert AllSentences(timeline).said(0, 3) == [
        "main released the lock worker was waiting for (lock) → worker runs",
        "worker's 2 s sleep is over → worker runs",
        "cause unknown → worker runs",
    ]


def test_what_differs_only_in_how_late_it_was_and_in_who_has_ended() -> None:
    ms = 1_000_000
    tape = Tape().spawn("hub", words.HUB).spawn("a", words.GREENLET, parent="hub").switch("main", "hub")
    for round_ in range(3):
        at = 100 * ms * round_
        tape.at(at + ms).switch("hub", "a").waits("a", words.SLEEP, "5 ms", 5 * ms).switch("a", "hub")
        tape.at(at + 6 * ms + round_ * ms).wake("a", "hub", words.TIMER)
        tape.switch("hub", "a").waits("a", words.EVENT, f"e{round_ % 2}.wait()").switch("a", "hub")
        tape.at(at + 20 * ms).wake("a", "hub", words.CALLBACK)
    timeline = tape.timeline()
    check(timeline, 100)
    told = [text for text in AllSentences(timeline).said(0, timeline.switch_count) if "sleep is over" in text]
    assert len(set(told)) == 3


def test_limits_of_no_time_that_are_over_at_different_times() -> None:
    tape = Tape().spawn("hub", words.HUB).spawn("a", words.GREENLET, parent="hub").switch("main", "hub")
    for late_ns in (1_000_000, 2_000_000):
        tape.switch("hub", "a").waits("a", words.SELECT, "select(some)", 0).switch("a", "hub")
        tape.at(tape.t_ns + late_ns).wake("a", "hub", words.TIMEOUT)
    check(tape.switch("hub", "a").timeline(), 10)


def test_cancels_of_different_lines() -> None:
    tape = Tape().spawn("loop", words.LOOP).spawn("a", words.TASK, parent="loop").switch("main", "loop")
    for line in (3, 4):
        tape.switch("loop", "a").waits("a", words.EVENT, "e.wait()").switch("a", "loop")
        place = tape.place(line)
        tape.events.append(ev.Cancel(tape.t_ns + STEP_NS, tape.ids["main"], tape.ids["a"], "", place))
        tape.wake("a", "main", words.CANCEL)
    timeline = tape.switch("loop", "a").timeline()
    check(timeline, 10)
    assert "main cancelled a (demo.py:4) → a runs" in AllSentences(timeline).said(0, timeline.switch_count)
