"""Small programs that nest: who ran when, as one says it by hand."""

from __future__ import annotations

from tests.unit.analysis.tape import Tape
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.trace import words


def ran(timeline: Timeline) -> list[str]:
    """Who runs after each switch, by what cause."""
    switches = [timeline.switch(index) for index in range(timeline.switch_count)]
    return [f"{switch.cause} {timeline.name(switch.target)}" for switch in switches]


def test_a_pipeline_hands_each_item_through() -> None:
    """sum(doubled(passed_on())): one item, then the end of both."""
    tape = Tape().spawn("outer", words.GENERATOR).spawn("inner", words.GENERATOR)
    tape.resume("outer").resume("inner").yields("inner", "1").yields("outer", "2")
    tape.resume("outer").resume("inner").exits("inner").exits("outer")
    timeline = tape.timeline()
    assert ran(timeline) == [
        "next outer", "next inner", "yield outer", "yield main", "next outer", "next inner", "return outer",
        "return main",
    ]
    assert tape.states(timeline, "outer") == [
        (1, "CREATED"), (3, "RUNNING"), (4, "WAITING"), (5, "RUNNING"), (6, "WAITING"), (7, "RUNNING"), (8, "WAITING"),
        (9, "RUNNING"), (10, "DONE"),
    ]
    assert tape.states(timeline, "main") == [
        (0, "RUNNING"), (3, "WAITING"), (6, "RUNNING"), (7, "WAITING"), (10, "RUNNING"),
    ]


def test_a_chain_of_six_hundred() -> None:
    """Each awaits the next; the innermost gives something, which goes all the way out."""
    tape, names = Tape(), [f"a{number}" for number in range(600)]
    for name in names:
        tape.spawn(name, words.COROUTINE, "a")
    for name in names:
        tape.resume(name, line=1)
    for name in reversed(names):
        tape.yields(name, line=1)
    timeline = tape.timeline()
    assert timeline.switch_count == 1200
    assert timeline.switch(1199).target == tape.ids["main"]
    awaited = [suspension.on_track for suspension in timeline.suspensions if suspension.reason == words.SUSPENDED]
    assert awaited == [words.NOBODY, *(tape.ids[name] for name in reversed(names[1:]))]
    assert {timeline.tracks[tape.ids[name]].state for name in names} == {State.WAITING}


def test_a_generator_in_a_greenlet_sleeps_and_is_woken_before_it_is_suspended() -> None:
    """The wake names the greenlet; who is ready is the generator in it, as soon as that is suspended."""
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("g", words.GREENLET, parent="hub")
    tape.spawn("gen", words.GENERATOR).switch("main", "hub").switch("hub", "g").resume("gen")
    tape.waits("g", words.SLEEP, "0 s", 0).wake("g", words.CURRENT, words.CALLBACK)
    tape.switch("g", "hub").switch("hub", "g").yields("gen").exits("g").switch("g", "hub")
    timeline = tape.timeline()
    assert ran(timeline) == ["switch hub", "switch g", "next gen", "switch hub", "switch gen", "yield g", "switch hub"]
    assert tape.states(timeline, "gen") == [
        (3, "CREATED"), (6, "RUNNING"), (8, "WAITING"), (8, "READY"), (9, "RUNNING"), (10, "WAITING"),
    ]
    assert tape.states(timeline, "g") == [(2, "CREATED"), (5, "RUNNING"), (6, "WAITING"), (10, "RUNNING"), (11, "DONE")]
    assert [suspension.on for suspension in timeline.suspensions if suspension.reason == words.SLEEP] == ["0 s"]


def test_two_threads_each_in_the_middle_of_a_chain() -> None:
    tape = Tape().spawn("a", words.GENERATOR).resume("a").spawn("worker", words.THREAD)
    tape.spawn("b", words.GENERATOR).resume("b").thread("main").spawn("c", words.GENERATOR).resume("c")
    tape.thread("worker").yields("b").thread("main").yields("c").yields("a")
    timeline = tape.timeline()
    assert ran(timeline) == ["next a", "next b", "next c", "yield worker", "yield a", "yield main"]


def test_of_a_lost_yield_it_is_known_who_went_on() -> None:
    """inner's yield is missing: outer yields, so inner cannot run any more."""
    tape = Tape().spawn("outer", words.GENERATOR).spawn("inner", words.GENERATOR)
    tape.resume("outer").resume("inner").yields("outer").resume("inner")
    timeline = tape.timeline()
    assert ran(timeline) == ["next outer", "next inner", "yield main", "next inner"]
    assert tape.states(timeline, "inner")[2:] == [(5, "UNKNOWN"), (6, "RUNNING")]
