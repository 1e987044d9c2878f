"""What a stream of events means: whole sequences of states for each track."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape, feed, ping_pong, producer_consumer, sleeps
from visualizer.analysis.model.timeline import Entry, Place, State, Timeline
from visualizer.trace import events as ev
from visualizer.trace import words


def names_of_switches(timeline: Timeline) -> list[str]:
    """Who runs, before the first switch and after each."""
    return [timeline.name(timeline.running_at(index)) for index in range(-1, timeline.switch_count)]


def test_greenlets_switch_by_hand() -> None:
    tape = ping_pong()
    timeline = tape.timeline()
    assert names_of_switches(timeline) == ["main", "test1", "test2", "test1", "test2", "main"]
    assert tape.states(timeline, "main") == [(0, "RUNNING"), (2, "WAITING"), (8, "RUNNING")]
    assert tape.states(timeline, "test1") == [
        (1, "CREATED"), (2, "RUNNING"), (4, "WAITING"), (5, "RUNNING"), (6, "WAITING"),
    ]
    assert tape.states(timeline, "test2") == [
        (3, "CREATED"), (4, "RUNNING"), (5, "WAITING"), (6, "RUNNING"), (7, "DONE"),
    ]
    test1 = timeline.tracks[tape.ids["test1"]]
    assert (test1.exit_ns, test1.outcome) == (-1, None)
    assert timeline.switch(0).value == "'x'"
    assert timeline.switch(0).place == Place("/src/demo.py", "run", 9, 9, 4, 12)
    assert [timeline.switch(i).suspension for i in range(5)] == [0, 1, 2, 3, -1]
    assert [(timeline.name(p.track), p.reason, timeline.name(p.on_track)) for p in timeline.suspensions] == [
        ("main", "switched", "test1"),
        ("test1", "switched", "test2"),
        ("test2", "switched", "test1"),
        ("test1", "switched", "test2"),
    ]


def test_who_resumes_a_generator_waits_for_it() -> None:
    tape = producer_consumer()
    timeline = tape.timeline()
    assert tape.states(timeline, "main") == [
        (0, "RUNNING"), (2, "WAITING"), (3, "RUNNING"), (4, "WAITING"), (5, "RUNNING"), (6, "WAITING"),
        (7, "RUNNING"), (8, "WAITING"), (9, "RUNNING"),
    ]
    assert tape.states(timeline, "consumer") == [
        (1, "CREATED"), (2, "RUNNING"), (3, "WAITING"), (4, "RUNNING"), (5, "WAITING"), (6, "RUNNING"),
        (7, "WAITING"), (8, "RUNNING"), (9, "DONE"),
    ]
    switches = [timeline.switch(index) for index in range(timeline.switch_count)]
    assert [(s.cause, s.value) for s in switches] == [
        ("next", None), ("yield", "''"), ("send", "1"), ("yield", "'200 OK'"), ("send", "2"), ("yield", "'200 OK'"),
        ("close", None), ("close", None),
    ]
    consumer = timeline.tracks[tape.ids["consumer"]]
    assert (consumer.creator, consumer.outcome, consumer.place and consumer.place.line) == (0, "closed", 20)
    assert {(p.reason, p.on_track) for p in timeline.suspensions if p.track == 0} == {("resumed", consumer.id)}


def test_sleepers_are_ready_while_others_run() -> None:
    tape = sleeps()
    timeline = tape.timeline()
    assert names_of_switches(timeline) == [
        "main", "hub", "foo", "hub", "bar", "hub", "bar", "hub", "foo", "hub", "main",
    ]
    assert tape.states(timeline, "bar") == [
        (4, "CREATED"), (5, "READY"), (9, "RUNNING"), (10, "WAITING"), (10, "READY"), (11, "RUNNING"), (12, "DONE"),
    ]
    late = 2_000_308
    assert tape.states(timeline, "foo") == [
        (2, "CREATED"), (3, "READY"), (7, "RUNNING"), (8, "WAITING"), (late, "READY"), (late + 1, "RUNNING"),
        (late + 2, "DONE"),
    ]
    assert tape.states(timeline, "hub") == [
        (1, "CREATED"), (6, "RUNNING"), (7, "WAITING"), (8, "RUNNING"), (9, "WAITING"), (10, "RUNNING"),
        (11, "WAITING"), (13, "RUNNING"), (14, "IDLE"), (late - 1, "RUNNING"), (late + 1, "WAITING"),
        (late + 3, "RUNNING"), (late + 5, "WAITING"),
    ]
    assert tape.states(timeline, "main") == [
        (0, "RUNNING"), (6, "WAITING"), (late + 4, "READY"), (late + 5, "RUNNING"), (late + 6, "DONE"),
    ]
    asked = [(timeline.name(p.track), p.reason, p.on, p.asked_ns) for p in timeline.suspensions if p.track != 1]
    assert asked == [
        ("main", "join", "gevent.joinall(all)", -1),
        ("foo", "sleep", "2 s", 2_000_000_000),
        ("bar", "sleep", "0 s", 0),
    ]
    assert timeline.finished


def test_the_order_is_that_of_the_trace() -> None:
    timeline = sleeps().timeline()
    order = [entry.name for _, entry, _ in timeline.order()]
    assert order[:7] == ["SPAWN", "SPAWN", "SPAWN", "WAKEUP", "SPAWN", "WAKEUP", "SUSPENSION"]
    assert order[-4:] == ["SUSPENSION", "SWITCH", "EXIT", "REMARK"]
    times = [t_ns for t_ns, _, _ in timeline.order()]
    assert times == sorted(times)


def test_the_order_is_one_of_time_where_two_threads_times_cross() -> None:
    tape = Tape()
    tape.spawn("worker", words.THREAD)
    tape.at(9_000).prints("late").thread("main").at(5_000).prints("early")
    timeline = tape.timeline()
    assert [(t_ns, timeline.outputs[i].text) for t_ns, entry, i in timeline.order() if entry is Entry.OUTPUT] == [
        (5_000, "early"),
        (9_000, "late"),
    ]


def test_a_generator_runs_on_the_strand_of_its_resumer() -> None:
    """A greenlet switches away from inside a generator: it is the generator that is suspended, and that goes on."""
    tape = Tape()
    tape.spawn("g", words.GREENLET).spawn("gen", words.GENERATOR)
    tape.switch("main", "g").resume("gen").switch("g", "main").switch("main", "g").yields("gen").exits("g")
    tape.switch("g", "main")
    timeline = tape.timeline()
    assert names_of_switches(timeline) == ["main", "g", "gen", "main", "gen", "g", "main"]
    assert tape.states(timeline, "g") == [
        (1, "CREATED"), (3, "RUNNING"), (4, "WAITING"), (7, "RUNNING"), (8, "DONE"),
    ]
    assert tape.states(timeline, "gen") == [
        (2, "CREATED"), (4, "RUNNING"), (5, "WAITING"), (6, "RUNNING"), (7, "WAITING"),
    ]


def test_a_wait_and_a_wake_of_a_greenlet_are_those_of_the_generator_it_is_in() -> None:
    tape = Tape()
    tape.spawn("hub", words.HUB).spawn("g", words.GREENLET).spawn("gen", words.GENERATOR)
    tape.switch("main", "hub").switch("hub", "g").resume("gen")
    tape.waits("g", words.SLEEP, "1 s", 1_000_000_000).switch("g", "hub").wake("g", "hub", words.TIMER)
    tape.switch("hub", "g")
    timeline = tape.timeline()
    assert [(timeline.name(p.track), p.on) for p in timeline.suspensions if p.reason == "sleep"] == [("gen", "1 s")]
    assert [(timeline.name(w.track), w.cause) for w in timeline.wakeups] == [("gen", "timer")]
    assert tape.states(timeline, "gen")[1:] == [(6, "RUNNING"), (7, "WAITING"), (8, "READY"), (9, "RUNNING")]
    assert tape.states(timeline, "g")[-1] == (6, "WAITING")


def test_generators_inside_generators() -> None:
    tape = Tape()
    tape.spawn("outer", words.GENERATOR).spawn("inner", words.GENERATOR)
    tape.resume("outer").resume("inner").exits("inner", words.RAISED, "ValueError('x')")
    tape.exits("outer", words.RAISED, "ValueError('x')")
    timeline = tape.timeline()
    assert names_of_switches(timeline) == ["main", "outer", "inner", "outer", "main"]
    assert [timeline.switch(i).cause for i in range(4)] == ["next", "next", "raise", "raise"]
    assert tape.states(timeline, "outer") == [
        (1, "CREATED"), (3, "RUNNING"), (4, "WAITING"), (5, "RUNNING"), (6, "FAILED"),
    ]


@pytest.mark.parametrize(
    ("resumed", "outcome", "cause", "state"),
    [
        (words.NEXT, words.RETURNED, words.RETURN, State.DONE),
        (words.NEXT, words.RAISED, words.RAISE, State.FAILED),
        (words.CLOSE, words.CLOSED, words.CLOSE, State.DONE),
        (words.CLOSE, words.RETURNED, words.RETURN, State.DONE),
        (words.THROW, words.CLOSED, words.RAISE, State.DONE),
        (words.NEXT, words.KILLED, words.RAISE, State.STOPPED),
    ],
)
def test_how_a_generator_ends(resumed: str, outcome: str, cause: str, state: State) -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen", resumed).exits("gen", outcome)
    timeline = tape.timeline()
    assert timeline.switch(1).cause == cause
    assert timeline.tracks[tape.ids["gen"]].state is state
    assert timeline.running_at(1) == tape.ids["main"]


def test_a_generator_that_yields_when_closed_is_not_closing_any_more() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen", words.CLOSE).yields("gen", "1")
    tape.resume("gen").exits("gen", words.CLOSED)
    assert [tape.timeline().switch(i).cause for i in range(4)] == ["close", "yield", "next", "raise"]


def test_a_generator_that_never_started_ends() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).exits("gen", words.CLOSED, inferred="it was collected")
    timeline = tape.timeline()
    gen = timeline.tracks[tape.ids["gen"]]
    assert (gen.outcome, gen.inferred, timeline.switch_count) == ("closed", "it was collected", 0)
    assert tape.states(timeline, "gen") == [(1, "CREATED"), (2, "DONE")]
    assert tape.states(timeline, "main") == [(0, "RUNNING")]


def test_a_second_exit_of_a_track_is_none() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).exits("gen", words.CLOSED).exits("gen", words.RAISED)
    timeline = tape.timeline()
    assert [*timeline.exits] == [tape.ids["gen"]]
    assert timeline.tracks[tape.ids["gen"]].outcome == "closed"


def test_each_thread_has_a_stack_of_its_own() -> None:
    """Two threads, each in the middle of a generator, take turns."""
    tape = Tape()
    tape.spawn("a", words.GENERATOR).resume("a")
    tape.spawn("worker", words.THREAD, creator=words.CURRENT).spawn("b", words.GENERATOR).resume("b")
    tape.thread("main").prints("from a").yields("a").thread("worker").prints("from b").yields("b")
    timeline = tape.timeline()
    assert [(timeline.name(o.track), o.text) for o in timeline.outputs] == [("a", "from a"), ("b", "from b")]
    assert tape.states(timeline, "main") == [(0, "RUNNING"), (2, "WAITING"), (8, "RUNNING")]
    assert tape.states(timeline, "worker") == [(3, "RUNNING"), (5, "WAITING"), (11, "RUNNING")]
    assert timeline.tracks[tape.ids["worker"]].creator == tape.ids["a"]


def test_greenlets_of_two_threads() -> None:
    tape = Tape()
    tape.spawn("g", words.GREENLET).switch("main", "g").spawn("worker", words.THREAD).spawn("h", words.GREENLET)
    tape.switch("worker", "h").thread("main").prints("from g").thread("worker").prints("from h")
    timeline = tape.timeline()
    assert [timeline.name(o.track) for o in timeline.outputs] == ["g", "h"]
    assert tape.states(timeline, "g")[-1] == (2, "RUNNING")
    assert tape.states(timeline, "h")[-1] == (5, "RUNNING")


def test_a_wake_before_the_suspension_makes_ready_at_the_suspension() -> None:
    """gevent: a greenlet arranges its own next turn, then switches to the hub."""
    tape = Tape()
    tape.spawn("hub", words.HUB).spawn("g", words.GREENLET).switch("main", "hub").switch("hub", "g")
    tape.wake("g", words.CURRENT, words.CALLBACK).switch("g", "hub").switch("hub", "g").switch("g", "hub")
    timeline = tape.timeline()
    assert tape.states(timeline, "g")[1:] == [
        (4, "RUNNING"), (6, "WAITING"), (6, "READY"), (7, "RUNNING"), (8, "WAITING"),
    ]


def test_of_several_wakeups_the_first_counts() -> None:
    tape = Tape()
    tape.spawn("hub", words.HUB).spawn("g", words.GREENLET).wake("g", "main", words.SPAWN)
    tape.wake("g", "main", words.CALLBACK).switch("main", "hub").switch("hub", "g")
    timeline = tape.timeline()
    assert tape.states(timeline, "g") == [(2, "CREATED"), (3, "READY"), (6, "RUNNING")]
    assert timeline.wakeups[timeline.tracks[tape.ids["g"]].slices.about[1]].cause == "spawn"


def test_a_wait_that_did_not_come_to_a_switch_is_forgotten() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).spawn("g", words.GREENLET)
    tape.waits("main", words.SLEEP, "1 s", 1_000_000_000).resume("gen").yields("gen").switch("main", "g")
    assert [p.reason for p in tape.timeline().suspensions] == ["resumed", "suspended", "switched"]


def test_names_are_numbered_from_the_second_on() -> None:
    tape = Tape().spawn("a", words.GREENLET, "worker")
    timeline = tape.timeline()
    a = timeline.tracks[tape.ids["a"]]
    assert timeline.name(a.id) == "worker"
    before = a.version
    more = len(tape.events)
    tape.spawn("b", words.GREENLET, "worker").spawn("c", words.GREENLET, "worker")
    feed(timeline, tape.events[more:])
    assert [timeline.name(tape.ids[key]) for key in "abc"] == ["worker-1", "worker-2", "worker-3"]
    assert a.version > before, "its name has changed"


def test_a_better_name_comes_later() -> None:
    tape = Tape().spawn("a", words.GREENLET, "greenlet").spawn("b", words.GREENLET, "greenlet")
    tape.rename("a", "ping").rename("b", "pong").spawn("c", words.GREENLET, "ping").rename("c", "ping")
    timeline = tape.timeline()
    assert [timeline.name(tape.ids[key]) for key in "abc"] == ["ping-1", "pong", "ping-2"]


def test_numbers_stay_and_stay_different() -> None:
    tape = Tape().spawn("a", words.GREENLET, "greenlet").spawn("b", words.GREENLET, "greenlet")
    tape.rename("a", "ping").spawn("c", words.GREENLET, "greenlet")
    timeline = tape.timeline()
    assert [timeline.name(tape.ids[key]) for key in "abc"] == ["ping", "greenlet-2", "greenlet-3"]


def test_a_rename_makes_the_one_that_is_left_alone_with_its_name_change_too() -> None:
    tape = Tape().spawn("a", words.GREENLET, "greenlet").spawn("b", words.GREENLET, "greenlet")
    timeline = tape.timeline()
    b = timeline.tracks[tape.ids["b"]]
    before = b.version
    feed(timeline, tape.rename("a", "ping").events[-2:])
    assert timeline.name(b.id) == "greenlet"
    assert b.version > before


def test_lost_lines_leave_nobody_running() -> None:
    """The yield of one generator and a switch are missing: what is not known to run is not shown to run."""
    tape = Tape().spawn("outer", words.GENERATOR).spawn("inner", words.GENERATOR).spawn("g", words.GREENLET)
    tape.spawn("h", words.GREENLET)
    tape.resume("outer").resume("inner").yields("outer").switch("main", "g").switch("h", "main")
    timeline = tape.timeline()
    assert tape.states(timeline, "inner")[-2:] == [(6, "RUNNING"), (7, "UNKNOWN")]
    assert tape.states(timeline, "g")[-2:] == [(8, "RUNNING"), (9, "UNKNOWN")]
    assert timeline.tracks[tape.ids["main"]].state is State.RUNNING


def test_a_greenlet_that_ends_inside_a_generator_leaves_it_unknown() -> None:
    tape = Tape().spawn("g", words.GREENLET).spawn("gen", words.GENERATOR)
    tape.switch("main", "g").resume("gen").exits("g", words.KILLED).switch("g", "main")
    timeline = tape.timeline()
    assert tape.states(timeline, "gen")[-1] == (5, "UNKNOWN")
    assert tape.states(timeline, "g")[-1] == (5, "STOPPED")
    assert timeline.switch(2).origin == tape.ids["g"]


def test_tracks_that_began_before_the_trace() -> None:
    tape = Tape()
    tape.switch("main", 77)
    timeline = tape.timeline()
    assert (timeline.name(77), timeline.tracks[77].kind) == ("unknown", "unknown")
    tape.ids["late"] = 76
    more = len(tape.events)
    tape.spawn("g", words.GREENLET)
    spawn = tape.events[-1]
    assert isinstance(spawn, ev.Spawn)
    feed(timeline, [*tape.events[more:-1], ev.Spawn(spawn.t_ns, 77, "greenlet", spawn.name, -1, -1, -1)])
    assert (timeline.name(77), timeline.tracks[77].kind) == ("g", "greenlet")
    assert timeline.tracks[77].state is State.RUNNING


def test_polling_is_idle_only_for_who_runs() -> None:
    tape = Tape().spawn("hub", words.HUB).poll("hub", 1).switch("main", "hub").poll("hub", 1).poll("hub", 1)
    tape.poll("hub", 0).poll("hub", 0)
    assert tape.states(tape.timeline(), "hub") == [(1, "CREATED"), (3, "RUNNING"), (4, "IDLE"), (6, "RUNNING")]


def test_what_the_trace_says_of_itself() -> None:
    timeline = Timeline()
    feed(
        timeline,
        [
            ev.Note(5, "The program forked."),
            ev.Dropped(6, "events", 2),
            ev.Dropped(-1, "unreadable lines", 3),
            ev.Dropped(7, "events", 4),
            ev.Uncaught(8, "ValueError", "x"),
            ev.End(9, 1, 0),
        ],
    )
    assert timeline.notes == ["The program forked."]
    assert timeline.dropped == {"events": 4, "unreadable lines": 3}
    assert timeline.uncaught == ("ValueError", "x")
    assert timeline.end == ev.End(9, 1, 0)
    assert [t_ns for t_ns, _, _ in timeline.order()] == [5, 6, 6, 7, 8, 9]


def test_slices_and_what_was_spent() -> None:
    tape = producer_consumer()
    timeline = tape.timeline()
    slices = timeline.tracks[tape.ids["consumer"]].slices
    assert [slices.at(t * STEP_NS) for t in (0, 1, 2, 3)] == [-1, 0, 1, 2]
    assert slices.at(2 * STEP_NS - 1) == 0
    assert slices.spent_ns(State.RUNNING, 0) == 0
    assert slices.spent_ns(State.RUNNING, 2_500) == 500
    assert slices.spent_ns(State.RUNNING, 99_000) == 4_000
    assert slices.spent_ns(State.WAITING, 99_000) == 3_000


def test_steps_know_their_slices() -> None:
    tape = sleeps()
    timeline = tape.timeline()
    for track in timeline.tracks.values():
        for step in track.steps:
            index = track.slice_of_step(step)
            assert track.slices.state[index] == State.RUNNING
            assert track.slices.about[index] == step
            assert track.slices.start_ns[index] == timeline.switch(step).t_ns
    assert timeline.switch_before(7 * STEP_NS) == 1
    assert timeline.switch_before(0) == -1


def test_where_a_track_was_spawned_by_the_current_one() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen").spawn("g", words.GREENLET, creator=words.CURRENT)
    assert tape.timeline().tracks[tape.ids["g"]].creator == tape.ids["gen"]


def test_what_the_main_thread_runs_under_its_own_name_is_a_call_and_the_thread_has_no_number() -> None:
    tape = Tape().spawn("loop", words.LOOP, parent="main")
    assert tape.timeline().names()[0] == "main"
    tape.spawn("first", words.TASK, "main", parent="loop")
    timeline = tape.timeline()
    assert timeline.names() == {0: "main", tape.ids["loop"]: "loop", tape.ids["first"]: "main()"}
    assert timeline.own_name(tape.ids["first"]) == "main", "the name of its function"
    tape.spawn("second", words.GREENLET, "main", parent="main").spawn("thread", words.THREAD, "main")
    timeline = tape.timeline()
    unasked = timeline.names()
    assert [timeline.name(tape.ids[key]) for key in ("main", "first", "second", "thread")] == [
        "main", "main()", "main()-2", "main-4",
    ]
    assert timeline.names() == unasked, "whether somebody asked for the tracks or not"
