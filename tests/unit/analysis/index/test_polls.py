"""A thread that waits in a select is called and drawn idle, and counts so; all else that waits is not."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape, feed
from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.index.polls import called, occurring
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.comparison import Part, compare
from visualizer.analysis.report.details import details
from visualizer.analysis.report.statistics import statistics
from visualizer.analysis.text.sentences import describe_state
from visualizer.analysis.text.upcoming import what_next
from visualizer.api.values import track_of
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.panes.tooltip import pointed
from visualizer.paint.rows.states import paint_rows
from visualizer.paint.text.canvas import Run
from visualizer.trace import events as ev
from visualizer.trace import words

MS = 1_000_000


def waits_twice(reason: str, kind: str = words.THREAD, fd: int = -1, direction: str = "read 5 6, write 7") -> Tape:
    """worker runs from 10 ms, waits for that reason from 20 to 80 ms, runs to 90, and sleeps from then on."""
    tape = Tape().at(10 * MS).spawn("worker", kind, parent="main", creator="main")
    tape.thread("worker")
    tape.at(20 * MS)
    asked = tape.text("select(limit)"), 70 * MS, words.NOTHING, fd, direction, words.NOTHING, words.NOTHING
    tape.events.append(ev.Wait(20 * MS, tape.ids["worker"], reason, *asked))
    tape.parks("worker")
    tape.at(80 * MS).wake("worker", words.NOBODY, words.IO).at(80 * MS).unparks("worker")
    tape.at(90 * MS).waits("worker", words.SLEEP, "1", 50 * MS).parks("worker")
    return tape.at(100 * MS).end()


def states(timeline: Timeline, track: int) -> list[State]:
    return [State(one) for one in called(timeline, timeline.tracks[track]).state]


def drawn(timeline: Timeline, track: int) -> list[Run]:
    [row] = paint_rows(timeline, [track], Viewport(Axis.TIME, 0.0, 1.0 * MS, 100))
    return row


def test_a_select_is_idle_and_a_sleep_waits() -> None:
    tape = waits_twice(words.SELECT)
    timeline, worker = tape.timeline(), tape.ids["worker"]
    slices = timeline.tracks[worker].slices
    assert [State(one) for one in slices.state].count(State.WAITING) == 2
    found = states(timeline, worker)
    assert (found.count(State.WAITING), found.count(State.IDLE)) == (1, 1)
    spent_ns = called(timeline, timeline.tracks[worker]).spent_ns(State.IDLE, 100 * MS)
    assert spent_ns == pytest.approx(60 * MS, abs=3 * STEP_NS)
    assert {run.style for run in drawn(timeline, worker) if "░" in run.text} == {"idle"}
    assert State.IDLE in occurring(timeline)
    assert State.IDLE in Part.whole(timeline).states([worker])


def test_what_is_said_of_it() -> None:
    tape = waits_twice(words.SELECT)
    timeline, worker = tape.timeline(), tape.ids["worker"]
    said = "worker has been idle for 30 ms: polls fds 5, 6 to read, fd 7 to write, at most 70 ms"
    assert describe_state(timeline, worker, 50 * MS) == said
    assert what_next(timeline, worker, 15 * MS) == "in 5 ms it becomes idle: polls fds 5, 6 to read, fd 7 to write"
    assert describe_state(timeline, worker, 95 * MS).startswith("worker sleeps: ")
    view = Viewport(Axis.TIME, 0.0, 100.0 * MS, 1)
    assert "60% idle (polling or in a call), " in pointed(timeline, worker, view, 0, 100 * MS)[1]


@pytest.mark.parametrize(
    ("fd", "direction", "polls"),
    [
        (7, "read", "polls fd 7 to read"),
        (7, "read or write", "polls fd 7 to read or write"),
        (-1, "", "polls in select(limit)"),
    ],
)
def test_what_it_polls(fd: int, direction: str, polls: str) -> None:
    tape = waits_twice(words.SELECT, fd=fd, direction=direction)
    said = describe_state(tape.timeline(), tape.ids["worker"], 50 * MS)
    assert said == f"worker has been idle for 30 ms: {polls}, at most 70 ms"


def test_all_sums_agree() -> None:
    tape = waits_twice(words.SELECT)
    timeline, worker = tape.timeline(), tape.ids["worker"]
    by = next(one for one in statistics(timeline).tracks if one.id == worker)
    assert by.idle_s == pytest.approx(0.06, abs=1e-5)
    assert by.waiting_s == pytest.approx(0.01, abs=1e-5)
    half = next(one for one in statistics(timeline, (0, 50 * MS)).tracks if one.id == worker)
    assert half.idle_s == pytest.approx(0.03, abs=1e-5)
    assert half.state == "IDLE"
    detailed = next(one for one in details(timeline).tracks if one.id == worker)
    assert (detailed.idle_s, detailed.waiting_s) == (by.idle_s, by.waiting_s)
    of_group = track_group_of(timeline, (worker,))
    assert of_group.counts(50 * MS)[State.IDLE] == 1
    assert of_group.spent_ns(State.IDLE, 100 * MS) == pytest.approx(60 * MS, abs=3 * STEP_NS)
    assert track_of(timeline, worker, 0, 50 * MS).state == "IDLE"


def test_in_a_comparison_it_counts_once() -> None:
    timeline = waits_twice(words.SELECT).timeline()
    whole = Part.whole(timeline)
    found = compare(whole, whole)
    assert found.figures["idle_s"].a == pytest.approx(0.06, abs=1e-5)
    assert found.figures["waited_s"].a == pytest.approx(0.01, abs=1e-5)
    assert [*found.waited_by_reason] == [words.SLEEP]


def test_what_else_waits_is_not_idle() -> None:
    """A socket; and a greenlet's select: it is the hub that polls."""
    for tape in (waits_twice(words.IO), waits_twice(words.SELECT, words.GREENLET)):
        timeline, worker = tape.timeline(), tape.ids["worker"]
        track = timeline.tracks[worker]
        assert called(timeline, track) is track.slices
        assert " waits " in describe_state(timeline, worker, 50 * MS)
        assert not any("░" in run.text for run in drawn(timeline, worker))


def test_it_follows_a_trace_that_grows() -> None:
    tape = waits_twice(words.SELECT)
    whole, timeline = states(tape.timeline(), tape.ids["worker"]), Timeline()
    for event in tape.events:
        feed(timeline, [event])
        if tape.ids["worker"] in timeline.tracks:
            states(timeline, tape.ids["worker"])
    assert states(timeline, tape.ids["worker"]) == whole


def test_a_program_that_only_polls_has_a_gap_to_fold() -> None:
    tape = Tape().at(20 * MS)
    asked = tape.text("select()"), -1, words.NOTHING, -1, "read 5", words.NOTHING, words.NOTHING
    tape.events.append(ev.Wait(20 * MS, 0, words.SELECT, *asked))
    tape.parks("main").at(5_000 * MS).wake("main", words.NOBODY, words.IO).unparks("main")
    timeline = tape.at(5_020 * MS).end().timeline()
    assert len(gaps(timeline)) == 1
