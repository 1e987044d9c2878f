"""Because of whom a track ran late, as the chain of causes says it."""

from __future__ import annotations

from tests.unit.analysis.tape import Tape
from visualizer.analysis.explore.causes import standpoint, why
from visualizer.trace import words

MS = 1_000_000


def said(tape: Tape) -> str:
    """Why the last that ran did."""
    timeline = tape.timeline()
    last = timeline.switch_count - 1
    return why(timeline, standpoint(timeline, last, timeline.switch_ns[last])).said


def sleeping() -> Tape:
    """foo sleeps for 10 ms, and the hub has bar beside it."""
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in ("foo", "bar"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, "main", words.SPAWN)
    tape.switch("main", "hub").switch("hub", "foo").waits("foo", words.SLEEP, "0.01 s", 10 * MS)
    return tape.switch("foo", "hub")


def test_somebody_ran_on_when_its_timer_was_due() -> None:
    tape = sleeping().switch("hub", "bar").at(300 * MS).switch("bar", "hub")
    tape.wake("foo", "hub", words.TIMER).switch("hub", "foo")
    assert said(tape) == (
        "foo's 10 ms sleep is over (0.29 s late) → foo runs; bar kept running meanwhile; "
        "foo set this timer itself, 0.3 s earlier"
    )


def test_somebody_ran_on_when_it_was_ready() -> None:
    tape = sleeping().at(10 * MS).wake("foo", "hub", words.TIMER)
    tape.switch("hub", "bar").at(60 * MS).switch("bar", "hub").switch("hub", "foo")
    assert "; it was ready for 50 ms while bar kept running; foo set" in said(tape)


def test_others_ran_in_short_turns() -> None:
    tape = sleeping()
    for ms in range(2, 50, 8):
        tape.at(ms * MS).switch("hub", "bar").at((ms + 7) * MS).switch("bar", "hub")
    tape.wake("foo", "hub", words.TIMER).switch("hub", "foo")
    assert "; others ran in short turns meanwhile; foo set" in said(tape)


def test_nobody_is_accused_of_what_came_late_by_itself() -> None:
    tape = sleeping().poll("hub", 1).at(300 * MS).poll("hub", 0)
    tape.wake("foo", "hub", words.TIMER).switch("hub", "foo")
    assert said(tape) == "foo's 10 ms sleep is over (0.29 s late) → foo runs; foo set this timer itself, 0.3 s earlier"
