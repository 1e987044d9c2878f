"""Who waits for whom, as text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tui.traces import crowd, hogs, hostile
from tests.unit.analysis.explore.test_wait_graph import dining
from tests.unit.analysis.tape import Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.explore.wait_graph import moment_at
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.panes.wait_graph import graph
from visualizer.paint.text.cell_width import cell_width
from visualizer.trace import events as ev
from visualizer.trace import words


def drawn(timeline: Timeline, t_ns: int, width: int = 80, *, ascii: bool = False) -> list[str]:
    lines = graph(timeline, moment_at(timeline, t_ns), width, ascii=ascii)
    return ["".join(run.text for run in said.runs) for said in lines]


def test_a_circle_comes_first_and_chains_lead_into_it() -> None:
    timeline = dining().timeline()
    assert drawn(timeline, timeline.switch_ns[6]) == [
        "runs: █ hub",
        "cycle: ┈ anna → Semaphore 2 → ┈ ben → Semaphore 1 → ┈ anna",
        "┈ main → ┈ late → Semaphore 1 → ┈ anna (in the cycle)  late.join(), for 6 µs",
    ]
    assert drawn(timeline, timeline.switch_ns[6], 40, ascii=True) == [
        "runs: # hub",
        "cycle: - anna > Semaphore 2 > - ben",
        "    > Semaphore 1 > - anna",
        "- main > - late > Semaphore 1",
        "    > - anna (in the cycle)",
        "    late.join(), for 6 us",
    ]


def test_timers_things_and_the_ready() -> None:
    timeline = sleeps().timeline()
    assert drawn(timeline, timeline.switch_ns[2]) == [
        "runs: █ hub",
        "┈ main → others to end  gevent.joinall(all), for 2 µs  foo wakes it in 2 s",
        "┈ foo → timer, in 2 s",
        "▒ bar ready to run",
    ]


def test_a_crowd_is_counted() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", words.JOIN, "joinall()").switch("main", "hub")
    for number in range(100):
        key = f"g{number}"
        tape.spawn(key, words.GREENLET, name="guest", parent="hub", creator="main").switch("hub", key)
        tape.waits(key, words.EVENT, "door.wait()", thing="Event 3").switch(key, "hub")
    timeline = tape.timeline()
    assert drawn(timeline, timeline.last_ns)[2] == "┈ guest ×100 → Event 3  door.wait(), for 0.3 ms"


def test_those_who_sleep_are_one_group_however_long_each_asked_for() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").switch("main", "hub")
    for number in range(8):
        key = f"g{number}"
        tape.spawn(key, words.GREENLET, name="worker", parent="hub", creator="main").switch("hub", key)
        asked_ms = 100 - 10 * number
        tape.waits(key, words.SLEEP, f"{asked_ms / 1000} s", asked_ms * 1_000_000).switch(key, "hub")
    timeline = tape.at(40_000_000).prints("").timeline()
    drawn_at = [drawn(timeline, t_ns)[-1] for t_ns in (20_000_000, 40_000_000)]
    assert drawn_at == [
        "┈ worker ×8 → timers, the first in 10 ms  asleep for up to 20 ms",
        "┈ worker ×8 → timers, the first overdue by 10 ms  asleep for up to 40 ms",
    ]


def test_one_who_was_left_behind_waits_for_one_who_has_ended() -> None:
    timeline = ping_pong().timeline()
    assert drawn(timeline, timeline.last_ns)[1] == "┈ test1 → ✓ test2 (has ended)  for 2 µs"


def test_a_blocked_hub_waits_for_whom_hogs_it() -> None:
    timeline = hogs().timeline()
    assert drawn(timeline, 400_000_000) == [
        "runs: █ crunch",
        "▚ hub → █ crunch, which does not yield",
        "┈ main → others to end  joinall, for 0.37 s  crunch wakes it in 0.13 s",
        "┈ tea → timer, overdue by 0.27 s  asleep for 0.37 s",
        "▒ forgotten ready to run",
    ]


def test_generators() -> None:
    timeline = producer_consumer().timeline()
    assert drawn(timeline, timeline.switch_ns[0]) == ["runs: █ consumer", "┈ main → █ consumer"]
    assert drawn(timeline, timeline.switch_ns[1]) == ["runs: █ main", "┈ consumer → to be resumed"]


def test_where_nobody_waits_it_says_so() -> None:
    assert drawn(Tape().timeline(), 0) == ["runs: █ main", "No track is waiting."]


@pytest.mark.parametrize("width", [30, 39, 60, 120])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("tape", [dining, crowd, hostile, sleeps])
def test_every_line_fits_and_is_printable(tape: Callable[[], Tape], ascii: bool, width: int) -> None:
    timeline = tape().timeline()
    for index in range(0, timeline.switch_count, max(1, timeline.switch_count // 9)):
        for line in drawn(timeline, timeline.switch_ns[index], width, ascii=ascii):
            assert cell_width(line) <= width
            assert line.isprintable()
            assert line.isascii() or not ascii


def test_who_would_set_an_event_is_said_to_be_inferred() -> None:
    tape = Tape().lists("def run():\n    a.wait()\n    b.set()\n\ndef run():\n    b.wait()\n    a.set()\n")
    tape.spawn("hub", words.HUB, parent="main").spawn("foo", words.GREENLET, parent="hub")
    tape.spawn("bar", words.GREENLET, parent="hub").switch("main", "hub", line=9).switch("hub", "foo")
    tape.waits("foo", words.EVENT, "a.wait()", thing="Event 1").switch("foo", "hub", line=2).switch("hub", "bar")
    tape.waits("bar", words.EVENT, "b.wait()", thing="Event 2").switch("bar", "hub", line=6)
    lines = drawn(tape.timeline(), tape.t_ns, 120)
    assert "┈ foo → Event 1  a.wait(), for 2 µs  inferred from the source: bar would set it at line 7" in lines
    assert "┈ bar → Event 2  b.wait()  inferred from the source: foo would set it at line 3" in lines


def test_a_long_answer_is_wrapped() -> None:
    tape = Tape().lists("def run():\n    a.wait()\n    b.set()\n\ndef run():\n    b.wait()\n    a.set()\n")
    tape.spawn("hub", words.HUB, parent="main").spawn("foo", words.GREENLET, parent="hub")
    tape.spawn("bar", words.GREENLET, parent="hub").switch("main", "hub", line=9).switch("hub", "foo")
    tape.waits("foo", words.EVENT, "a.wait()", thing="Event 1").switch("foo", "hub", line=2).switch("hub", "bar")
    tape.waits("bar", words.EVENT, "b.wait()", thing="Event 2").switch("bar", "hub", line=6)
    lines = drawn(tape.timeline(), tape.t_ns, 38)
    first = lines.index("┈ foo → Event 1  a.wait(), for 2 µs")
    assert lines[first + 1 : first + 3] == ["    inferred from the source: bar", "    would set it at line 7"]


def test_of_several_descriptors_which() -> None:
    """A thread that selects is marked as idle, and still waits for something."""
    tape = Tape().at(1_000_000)
    asked = tape.text("select.select(reading, [], [])"), -1, words.NOTHING, -1, "read 3 4, write 7"
    tape.events.append(ev.Wait(1_000_000, 0, words.SELECT, *asked))
    tape.parks("main")
    timeline = tape.end().timeline()
    said = drawn(timeline, 1_000_000)
    assert any(line.startswith("░ main → one of the fds (read 3 4, write 7)") for line in said), said
