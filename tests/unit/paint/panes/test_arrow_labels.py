"""The words on an arrow."""

from __future__ import annotations

from tests.unit.analysis.tape import Tape
from visualizer.paint.panes.arrow_labels import crossing_labels
from visualizer.trace import words


def said(tape: Tape) -> list[list[str]]:
    timeline = tape.timeline()
    return [crossing_labels(timeline, timeline.switch(index)) for index in range(timeline.switch_count)]


def with_hub() -> Tape:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    return tape.spawn("foo", words.GREENLET, parent="hub", creator="main")


def test_a_generator_is_asked_sent_to_thrown_into_and_gives() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen").yields("gen", "1")
    tape.resume("gen", words.SEND, "'x'").yields("gen").resume("gen", words.THROW, "ValueError()")
    tape.exits("gen", words.RAISED, "KeyError()")
    assert said(tape) == [
        ["next()"], ["yield 1", "1"], ["send 'x'", "'x'"], ["yield"],
        ["throw ValueError()", "ValueError()"], ["raise KeyError()", "KeyError()"],
    ]


def test_what_a_greenlet_hands_over_and_how_it_ends() -> None:
    tape = Tape().spawn("foo", words.GREENLET, parent="main").switch("main", "foo", "42").switch("foo", "main")
    tape.switch("main", "foo").exits("foo", words.RAISED, "ValueError('no')").switch("foo", "main", cause=words.THROW)
    assert said(tape) == [["switch 42", "42"], ["switch"], ["switch"], ["throw"]]


def test_why_a_hub_runs_whom() -> None:
    tape = with_hub().wake("foo", "main", words.SPAWN).waits("main", words.JOIN, "foo.join()").switch("main", "hub")
    for cause, waker in (
        (words.TIMER, "hub"), (words.IO, "hub"), (words.CALLBACK, "main"), (words.KILL, "main"),
        (words.FINISHED, "main"), (words.UNKNOWN, -1),
    ):
        tape.switch("hub", "foo").waits("foo", words.EVENT, "door.wait()").switch("foo", "hub")
        tape.wake("foo", waker, cause)
    tape.switch("hub", "foo").exits("foo", value="7").switch("foo", "hub")
    found = said(tape)
    assert found[0] == ["foo.join()", "join()"]
    assert found[1::2] == [
        ["spawned by main", "by main", "spawned"],
        ["timer"],
        ["io"],
        ["woken by main", "by main"],
        ["killed by main", "by main"],
        ["main ended", "ended"],
        ["unknown"],
    ]
    assert found[2:-1:2] == [["door.wait()", "wait()"]] * 6
    assert found[-1] == ["returned 7", "returned"]


def test_a_hub_that_runs_somebody_of_whom_nobody_was_seen_to_ask_it() -> None:
    tape = with_hub().waits("main", words.JOIN, "foo.join()").switch("main", "hub").switch("hub", "foo")
    assert said(tape)[1] == ["cause unknown", "?"]


def test_what_a_trace_says_is_made_printable() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen", words.SEND, "\x1b[31m'evil'\n")
    assert all(label.isprintable() for labels in said(tape) for label in labels)
