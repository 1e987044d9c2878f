"""Several processes in one trace: which track belongs to which, and what a child inherits."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import FILE, STEP_NS, Tape
from visualizer.analysis.explore.wait_graph import moment_at
from visualizer.analysis.findings import findings
from visualizer.analysis.model.timeline import State
from visualizer.analysis.report.details import details
from visualizer.analysis.report.jsonl import records
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import events as ev
from visualizer.trace import words


def forked() -> Tape:
    """A generator that main has begun goes on in both; then the child ends, and main after it."""
    tape = Tape().spawn("gen", words.GENERATOR, creator=words.CURRENT).resume("gen", line=3).yields("gen", "1", line=7)
    tape.events.append(ev.Fork(tape.t_ns + STEP_NS))
    tape.forks("child").copies("gen'", "gen").resume("gen'", line=4).yields("gen'", "2", line=8)
    tape.thread("main").resume("gen", line=3).yields("gen", "2", line=8)
    tape.thread("child").exits("child", value="exit code 3")
    return tape.thread("main").exits("main").end()


def test_each_track_belongs_to_a_process() -> None:
    tape = forked()
    timeline = tape.timeline()
    timeline.header = ev.Header(words.FORMAT, words.VERSION, pid=70)
    assert [(one.number, one.pid, one.parent, one.name) for one in timeline.processes] == [
        (0, 70, -1, "process 70"), (1, 77, 70, "process 77"),
    ]
    of = {key: timeline.process_of(track).pid for key, track in tape.ids.items()}
    assert of == {"main": 70, "gen": 70, "child": 77, "gen'": 77}
    copy = timeline.tracks[tape.ids["gen'"]]
    assert (copy.base_name, copy.kind, copy.copy_of) == ("gen", words.GENERATOR, tape.ids["gen"])
    ends = [timeline.ends_of(index) for index in range(timeline.switch_count)]
    assert ends == [(0, 1), (1, 0), (2, 3), (3, 2), (0, 1), (1, 0)]


def test_a_copy_is_as_the_other_one_was_at_the_fork() -> None:
    tape = forked()
    timeline = tape.timeline()
    slices = timeline.tracks[tape.ids["gen'"]].slices
    # It stands suspended from the fork on, told of or not, and when its process ends it is over.
    assert tape.states(timeline, "gen'") == [(4, "WAITING"), (6, "RUNNING"), (7, "WAITING"), (12, "DONE")]
    place = timeline.suspensions[slices.about[0]].place
    assert (place and (place.file, place.line)) == (FILE, 7)
    assert timeline.suspensions[slices.about[0]].track == tape.ids["gen'"]
    assert sentence(timeline, 2) == "child asks gen-2 for the next value → gen-2 runs"
    assert timeline.tracks[tape.ids["gen"]].state is State.WAITING


def test_who_runs_at_the_fork_runs_in_the_child() -> None:
    tape = Tape().spawn("a", words.GREENLET, parent="main").switch("main", "a")
    tape.spawn("gen", words.GENERATOR, creator=words.CURRENT).resume("gen", line=3)
    tape.forks("child", by="main").copies("a'", "a").copies("gen'", "gen")
    tape.yields("gen'", "1").switch("a'", "child")
    timeline = tape.timeline()
    assert timeline.tracks[tape.ids["a'"]].parent == tape.ids["child"]
    assert [timeline.ends_of(index) for index in (2, 3)] == [
        (tape.ids["gen'"], tape.ids["a'"]), (tape.ids["a'"], tape.ids["child"]),
    ]
    assert [state for _, state in tape.states(timeline, "child")] == ["RUNNING", "WAITING", "RUNNING"]
    assert [state for _, state in tape.states(timeline, "a'")] == ["WAITING", "RUNNING", "WAITING"]
    (waits,) = (one for one in timeline.suspensions if one.track == tape.ids["a'"] and one.reason == words.RESUMED)
    assert (waits.on_track, waits.place and waits.place.line) == (tape.ids["gen'"], 3)


def suspended_inside() -> Tape:
    """Greenlet a is suspended in the middle of gen, which is in the middle of inner."""
    tape = Tape().spawn("a", words.GREENLET, parent="main").switch("main", "a")
    tape.spawn("gen", words.GENERATOR, creator=words.CURRENT).resume("gen", line=3)
    tape.spawn("inner", words.GENERATOR, creator=words.CURRENT).resume("inner", line=4)
    return tape.switch("inner", "main", line=5)


def test_a_greenlet_goes_on_in_what_it_was_in_the_middle_of() -> None:
    tape = suspended_inside().forks("child").copies("a'", "a").copies("gen'", "gen").copies("inner'", "inner")
    tape.switch("child", "a'").yields("inner'", "1").yields("gen'", "2").switch("a'", "child")
    timeline = tape.timeline()
    child, outer, gen, inner = (tape.ids[key] for key in ("child", "a'", "gen'", "inner'"))
    assert [timeline.ends_of(index) for index in range(timeline.switch_count)][4:] == [
        (child, inner), (inner, gen), (gen, outer), (outer, child),
    ]
    for key, on in (("a'", gen), ("gen'", inner), ("inner'", child)):
        slices = timeline.tracks[tape.ids[key]].slices
        assert (slices.state[0], timeline.suspensions[slices.about[0]].on_track) == (State.WAITING, on)
        assert tape.states(timeline, key)[1][1] == "RUNNING"


def test_a_child_that_tells_late_has_what_stood_there_at_the_fork() -> None:
    """The process that forked has gone on meanwhile."""
    tape = suspended_inside()
    forked_ns = tape.t_ns + STEP_NS
    tape.events.append(ev.Fork(forked_ns))
    tape.at(forked_ns + STEP_NS).switch("main", "a").yields("inner", "1").yields("gen", "2").exits("gen")
    late_ns = tape.t_ns
    tape.at(forked_ns).forks("child").at(late_ns).copies("a'", "a").copies("gen'", "gen").copies("inner'", "inner")
    tape.switch("child", "a'").yields("inner'", "1")
    timeline = tape.timeline()
    assert timeline.ends_of(timeline.switch_count - 1) == (tape.ids["inner'"], tape.ids["gen'"])
    assert [state for _, state in tape.states(timeline, "gen'")] == ["WAITING", "RUNNING"]


def test_a_child_forks_before_it_tells_of_what_it_has() -> None:
    """What the last one inherits is as it was at the first fork, whatever the first process did in between."""
    tape = suspended_inside().spawn("hub", words.HUB, parent="main").forks("child").thread("main")
    tape.switch("main", "a").yields("inner", "1").yields("gen", "2").switch("a", "main").thread("child")
    tape.forks("last", "child", 78, 77).copies("a''", "a").copies("gen''", "gen").copies("inner''", "inner")
    tape.copies("hub''", "hub").switch("last", "a''").yields("inner''", "1")
    timeline = tape.timeline()
    last, outer, gen, inner = (tape.ids[key] for key in ("last", "a''", "gen''", "inner''"))
    ends = [timeline.ends_of(index) for index in range(timeline.switch_count)]
    assert ends[-2:] == [(last, inner), (inner, gen)]
    assert [timeline.tracks[one].parent for one in (outer, tape.ids["hub''"])] == [last, last]
    slices = timeline.tracks[inner].slices
    assert timeline.suspensions[slices.about[0]].on_track == last
    assert slices.start_ns[0] == timeline.processes[2].start_ns


def test_a_generator_that_is_being_closed_at_the_fork_is_so_in_the_child() -> None:
    tape = Tape().spawn("gen", words.GENERATOR, creator=words.CURRENT).resume("gen", line=3).yields("gen", "1")
    tape.resume("gen", words.CLOSE, line=4).forks("child").copies("gen'", "gen").exits("gen'", words.CLOSED)
    timeline = tape.timeline()
    switch = timeline.switch(timeline.switch_count - 1)
    assert (switch.origin, switch.target, switch.cause) == (tape.ids["gen'"], tape.ids["child"], words.CLOSE)


def test_a_copy_whose_parent_is_told_of_later() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub", creator="main")
    tape.forks("child").copies("a'", "a").copies("hub'", "hub")
    tracks = tape.timeline().tracks
    assert tracks[tape.ids["a'"]].parent == tape.ids["hub'"]
    assert tracks[tape.ids["hub'"]].parent == tape.ids["child"]


def test_what_is_waited_for_is_another_thing_in_a_child() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub", creator="main")
    tape.switch("main", "hub").switch("hub", "a").waits("a", words.EVENT, "e.wait()", 5_000, "Event 1")
    tape.switch("a", "hub", line=9).switch("hub", "main").forks("child").copies("a'", "a")
    timeline = tape.timeline()
    slices = timeline.tracks[tape.ids["a'"]].slices
    suspension = timeline.suspensions[slices.about[0]]
    assert (suspension.reason, suspension.on) == (words.EVENT, "e.wait()")
    assert (suspension.asked_ns, suspension.object) == (5_000, "")
    waits = moment_at(timeline, timeline.last_ns).waits
    assert sorted(wait.waiters for wait in waits if wait.suspension.reason == words.EVENT) == [
        (tape.ids["a"],), (tape.ids["a'"],),
    ]


def test_what_nothing_tells_the_end_of_is_unknown_from_its_last_event_on() -> None:
    tape = Tape().forks("child").spawn("gen", words.GENERATOR, creator=words.CURRENT).resume("gen", line=3)
    tape.thread("main").at(1_000_000).exits("main").end(0)
    timeline = tape.timeline()
    assert tape.states(timeline, "gen")[-2:] == [(3, "RUNNING"), (3, "UNKNOWN")]
    assert tape.states(timeline, "child")[-1] == (3, "UNKNOWN")
    assert timeline.tracks[0].state is State.DONE


def test_the_parent_tells_how_a_child_was_killed() -> None:
    tape = Tape().forks("child").spawn("gen", words.GENERATOR, creator=words.CURRENT).resume("gen", line=3)
    tape.thread("main").exits("child", words.KILLED, "signal 9")
    timeline = tape.timeline()
    assert timeline.tracks[tape.ids["gen"]].state is State.DONE
    assert timeline.tracks[tape.ids["child"]].outcome == words.KILLED
    assert timeline.tracks[0].state is State.RUNNING


def test_figures_and_records_tell_the_process_where_there_are_several() -> None:
    timeline = forked().timeline()
    timeline.header = ev.Header(words.FORMAT, words.VERSION, pid=70)
    found = details(timeline)
    assert [track.process for track in found.tracks] == [70, 70, 77, 77]
    # Nobody shares the time of two processes out.
    assert found.fairness == []
    spawns = [record for record in records(timeline) if record["event"] == "spawn"]
    assert [(record["name"], record["process"], record["copy_of"]) for record in spawns] == [
        ("main", 70, None), ("gen-1", 70, None), ("child", 77, None), ("gen-2", 77, 1),
    ]
    assert findings(timeline) == []


def test_a_damaged_trace_that_tells_of_copies_of_nobody() -> None:
    tape = Tape()
    tape.events += [
        ev.Copy(1, 5, 99), ev.Process(2, 0, 77, 70, 0), ev.Process(3, 8, 78, 70, 55), ev.Copy(4, 9, 9),
        ev.Copy(5, 9, 9), ev.Process(6, 8, 78, 70, 55), ev.Exit(7, 8, words.RETURNED, -1), ev.End(8, 0, 0),
    ]
    timeline = tape.timeline()
    assert {5, 9} <= set(timeline.tracks)
    assert len(timeline.processes) == 3


@pytest.mark.parametrize("is_seen_first", [True, False])
def test_who_waits_for_a_process_that_was_started_is_woken_by_its_end(is_seen_first: bool) -> None:
    """Also where the end was seen before the one that waits for it went on."""
    tape = Tape()
    tape.events += [ev.Process(tape.t_ns, 5, 77, 70, -1), ev.Spawn(tape.t_ns, 5, words.THREAD, -1, -1, -1, -1)]
    tape.thread("main").waits("main", words.JOIN, "child.join()", thing="process 77").parks("main", line=3)
    ended = ev.Ended(tape.t_ns + STEP_NS, 77, 0, 0)
    tape.at(tape.t_ns + 2 * STEP_NS)
    if is_seen_first:
        tape.events.append(ended)
    tape.wake("main", words.NOBODY, words.FINISHED).unparks("main")
    if not is_seen_first:
        tape.events.append(ev.Ended(tape.t_ns + STEP_NS, 77, 0, 0))
    timeline = tape.timeline()
    assert [(wake.waker, wake.cause) for wake in timeline.wakeups] == [(5, words.FINISHED)]
