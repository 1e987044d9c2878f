"""Queues into which more is put than is taken out."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import findings
from visualizer.trace import words

MS = 1_000_000


def looked_at(*sizes: tuple[int, int], call: str = "jobs.get()") -> list[tuple[str, str, int | None]]:
    """What is found where a queue had these sizes at these times (ms), and a worker had waited in that call for it."""
    tape = Tape().spawn("loop", words.LOOP, parent="main").spawn("worker", words.TASK, parent="loop", creator="loop")
    tape.wake("worker", "loop", words.SPAWN).switch("main", "loop").switch("loop", "worker")
    tape.waits("worker", words.QUEUE, call, thing="Queue 1").switch("worker", "loop", line=8)
    tape.wake("worker", "loop", words.CALLBACK).switch("loop", "worker")
    tape.waits("worker", words.SLEEP, "5 s", 5000 * MS).switch("worker", "loop", line=9).poll("loop", 1)
    for ms, size in sizes:
        tape.at(ms * MS).counts("loop", "Queue 1", size)
    tape.at(1000 * MS).exits("loop").switch("loop", "main").exits("main").end()
    return [(one.kind, one.sentence, one.line) for one in findings(tape.timeline()) if one.kind != "never_resumed"]


GROWS = (1, 0), (200, 20), (400, 40), (700, 70), (900, 90)


def test_a_queue_only_grows() -> None:
    sentence = (
        "more was put into jobs (Queue 1) than worker took out (demo.py:8), while worker slept 0.9 s (demo.py:9) → it "
        "grew to 90 items in 0.9 s, and never shrank"
    )
    assert looked_at(*GROWS) == [("queue_grows", sentence, 8)]


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([*GROWS, (950, 60)], id="is drained at last"),
        pytest.param([(1, 0), (50, 100), (250, 80), (500, 60), (750, 55)], id="is filled first"),
        pytest.param([(1, 0), (200, 60), (400, 75), (600, 90)], id="grows no more"),
        pytest.param([(1, 0), (850, 60), (900, 75), (950, 90)], id="has only begun to grow"),
        pytest.param([(1, 0), (200, 10), (400, 20), (700, 30), (900, 49)], id="is small"),
        pytest.param([(1, 0), (200, 60), (400, 40), (700, 80), (900, 100)], id="shrinks in between"),
        pytest.param([(600, 0), (700, 20), (800, 40), (900, 70), (980, 90)], id="for too short"),
    ],
)
def test_a_queue_that_does_not(sizes: list[tuple[int, int]]) -> None:
    assert looked_at(*sizes) == []


def test_nobody_takes_from_a_queue_that_is_waited_for_to_be_empty() -> None:
    assert looked_at(*GROWS, call="jobs.join()") == []
