"""Who waits for whom at a moment: links, chains, circles."""

from __future__ import annotations

from tests.tui.traces import crowd
from tests.unit.analysis.tape import STEP_NS, Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.explore.wait_graph import WaitGraph, chains, moment_at, woken_by
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words


def links(timeline: Timeline, moment: WaitGraph) -> list[tuple[list[str], str, list[str]]]:
    """Of each wait who waits, the reason or thing, and for whom."""
    return [
        ([*map(timeline.name, wait.waiters)], wait.thing or wait.suspension.reason, [*map(timeline.name, wait.on)])
        for wait in moment.waits
    ]


def ways(timeline: Timeline, moment: WaitGraph) -> list[list[str]]:
    return [[timeline.name(wait.waiters[0]) for wait in chain] for chain in chains(moment)]


def dining(*, told: bool = True) -> Tape:
    """anna holds the fork and waits for the knife, ben the other way round; late waits for the fork, main for late."""
    tape = Tape()
    tape.spawn("hub", words.HUB, parent="main")
    for key in ("anna", "ben", "late"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, words.CURRENT, words.SPAWN)
    tape.waits("main", words.JOIN, "late.join()", thing=f"track {tape.ids['late']}").switch("main", "hub")
    for key, thing in (("anna", "Semaphore 2"), ("ben", "Semaphore 1"), ("late", "Semaphore 1")):
        tape.switch("hub", key).waits(key, words.SEMAPHORE, "with it", thing=thing).switch(key, "hub")
    if told:
        tape.tie("anna", words.HOLDS, "Semaphore 1").tie("ben", words.HOLDS, "Semaphore 2")
    return tape.switch("hub", "main", "LoopExit()", words.THROW).exits("main", words.RAISED)


def test_who_holds_what_makes_a_circle_and_the_others_lead_into_it() -> None:
    tape = dining()
    timeline = tape.timeline()
    moment = moment_at(timeline, timeline.switch_ns[6])
    assert links(timeline, moment) == [
        (["main"], "join", ["late"]),
        (["anna"], "Semaphore 2", ["ben"]),
        (["ben"], "Semaphore 1", ["anna"]),
        (["late"], "Semaphore 1", ["anna"]),
    ]
    assert [[timeline.name(wait.waiters[0]) for wait in circle] for circle in moment.circles] == [["anna", "ben"]]
    assert ways(timeline, moment) == [["main", "late", "anna"]]
    # Behind the throw main is no longer in it.
    after = moment_at(timeline, timeline.switch_ns[7])
    assert [timeline.name(track) for track in after.running] == ["main"]
    assert ways(timeline, after) == [["late", "anna"]]


def test_what_was_held_is_known_from_the_suspension_on_and_not_before() -> None:
    timeline = dining().timeline()
    # anna is suspended, ben runs: she holds the fork; who holds the knife that ben still runs with is not told.
    assert links(timeline, moment_at(timeline, timeline.switch_ns[3])) == [
        (["main"], "join", ["late"]),
        (["anna"], "Semaphore 2", []),
    ]
    assert links(timeline, moment_at(timeline, timeline.switch_ns[4]))[1:] == [
        (["anna"], "Semaphore 2", ["ben"]),
        (["ben"], "Semaphore 1", ["anna"]),
    ]


def test_without_being_told_who_holds_a_thing_nobody_is_named() -> None:
    timeline = dining(told=False).timeline()
    moment = moment_at(timeline, timeline.switch_ns[6])
    assert moment.circles == ()
    assert ways(timeline, moment) == [["main", "late"], ["anna"], ["ben"]]


def test_many_of_a_kind_that_wait_for_the_same_are_one() -> None:
    timeline = crowd().timeline()
    moment = moment_at(timeline, 400_000_000)
    assert [(len(wait.waiters), wait.suspension.reason) for wait in moment.waits] == [(1, "join"), (100, "sleep")]
    assert timeline.name(moment.waits[1].waiters[0]) == "worker-1"
    assert moment.waits[1].since_ns == min(one.t_ns for one in timeline.suspensions if one.reason == words.SLEEP)


def test_generators_and_greenlets_wait_for_whom_they_resumed_or_switched_to() -> None:
    timeline = producer_consumer().timeline()
    assert links(timeline, moment_at(timeline, timeline.switch_ns[0])) == [(["main"], "resumed", ["consumer"])]
    assert links(timeline, moment_at(timeline, timeline.switch_ns[1])) == [(["consumer"], "suspended", [])]
    timeline = ping_pong().timeline()
    assert links(timeline, moment_at(timeline, timeline.last_ns)) == [(["test1"], "switched", ["test2"])]
    assert ways(timeline, moment_at(timeline, timeline.switch_ns[1])) == [["main", "test1"]]


def test_before_the_first_event_of_a_track_it_does_nothing() -> None:
    timeline = sleeps().timeline()
    moment = moment_at(timeline, 0)
    assert (moment.running, moment.ready, moment.waits) == ((0,), (), ())


def test_joined_tracks_that_have_ended_are_not_waited_for_any_more() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in ("a", "b"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, words.CURRENT, words.SPAWN)
    tape.waits("main", words.JOIN, "joinall()", thing=f"tracks {tape.ids['a']}, {tape.ids['b']}").switch("main", "hub")
    tape.switch("hub", "a").exits("a").switch("a", "hub")
    timeline = tape.timeline()
    assert links(timeline, moment_at(timeline, timeline.switch_ns[0])) == [(["main"], "join", ["a", "b"])]
    assert links(timeline, moment_at(timeline, timeline.last_ns)) == [(["main"], "join", ["b"])]


def test_a_recording_knows_who_will_end_a_wait() -> None:
    timeline = sleeps().timeline()
    t_ns = timeline.switch_ns[0]
    wait = moment_at(timeline, t_ns).of(0)
    assert wait is not None
    known = woken_by(timeline, wait, t_ns)
    assert known is not None
    assert (timeline.name(known[0]), known[1] // STEP_NS) == ("foo", timeline.wakeups[-1].t_ns // STEP_NS)
