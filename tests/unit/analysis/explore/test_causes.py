from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import STEP_NS, Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.explore.causes import Cause, Effect, Standpoint, led_to, standpoint, why
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words

Follow = Callable[[Timeline, Standpoint], Cause | Effect]


def chain(timeline: Timeline, switch: int, follow: Follow) -> list[tuple[str, str, int]]:
    """For each link where one stands (track and microsecond), and what is said."""
    at: Standpoint | None = standpoint(timeline, switch, timeline.switch_ns[switch] if switch >= 0 else 0)
    found = []
    while at is not None:
        link = follow(timeline, at)
        found.append((link.said, timeline.name(at.track), at.t_ns // STEP_NS))
        at = link.at
    return found


BEGINNING = "main has run from the start: no switch led to it"
NO_MORE = "{} had no known effect from here until it stopped running"


def test_back_from_the_end_of_a_join_to_who_spawned_the_last() -> None:
    assert chain(sleeps().timeline(), 9, why) == [
        ("foo, which main was waiting for, ended → main runs", "main", 2_000_313),
        (
            "foo's 2 s sleep is over (0.3 ms late) → foo runs; foo set this timer itself, 2 s earlier",
            "foo", 2_000_312,
        ),
        ("main spawned foo → foo runs for the first time", "foo", 8),
        (BEGINNING, "main", 3),
    ]


def test_forth_from_the_beginning() -> None:
    timeline = sleeps().timeline()
    assert chain(timeline, -1, led_to) == [
        ("main spawned foo → foo runs for the first time", "main", 0),
        ("foo's 2 s sleep is over (0.3 ms late) → foo runs", "foo", 7),
        ("foo, which main was waiting for, ended → main runs", "foo", 2_000_309),
        ("main runs to the end of the trace", "main", 2_000_313),
    ]
    assert led_to(timeline, standpoint(timeline, -1, 0)).among == 2, "it spawned bar, too"


def test_generators_hand_over_to_one_another() -> None:
    timeline = producer_consumer().timeline()
    assert chain(timeline, 2, why) == [
        ("main sends 1 to consumer → consumer runs", "consumer", 4),
        ("consumer yields '' → main runs", "main", 4),
        ("main asks consumer for a value → consumer runs for the first time", "consumer", 3),
        (BEGINNING, "main", 2),
    ]
    assert [said for said, _, _ in chain(timeline, 6, led_to)] == [
        "consumer ended (closed) → main runs",
        "main runs to the end of the trace",
    ]


def test_greenlets_switch_to_one_another() -> None:
    back = chain(ping_pong().timeline(), 4, why)
    assert [(said, t) for said, _, t in back] == [
        ("test2 ended (returned None) → main runs", 8),
        ("test1 switches to test2 → test2 runs", 8),
        ("test2 switches to test1 → test1 runs", 6),
        ("test1 switches to test2 → test2 runs for the first time", 5),
        ("main switches to test1 with 'x' → test1 runs for the first time", 4),
        (BEGINNING, 2),
    ]


def waking(cause: str, waker: str | int, reason: str = words.IO) -> Tape:
    """a waits, is woken by `waker` and runs."""
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub")
    tape.wake("a", "main", words.SPAWN).switch("main", "hub").switch("hub", "a")
    tape.waits("a", reason, "get()").switch("a", "hub")
    return tape.wake("a", waker, cause).switch("hub", "a")


def test_a_chain_that_comes_from_outside_ends_there() -> None:
    assert chain(waking(words.IO, "hub").timeline(), 3, why) == [
        ("what a was waiting for is ready (get()) → a runs; the cause is outside the program", "a", 8),
    ]


def test_an_unknown_waker_is_not_guessed() -> None:
    assert chain(waking(words.CALLBACK, words.NOBODY).timeline(), 3, why) == [
        ("a was woken (by which track is unknown) → a runs", "a", 8),
    ]


def test_what_is_woken_and_never_runs_is_said() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub")
    timeline = tape.wake("a", "main", words.SPAWN).end().timeline()
    assert chain(timeline, -1, led_to) == [("main woke a, which did not run again", "main", 0)]


def test_who_is_suspended_for_good_leads_to_nothing_known() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub")
    tape.switch("main", "hub").switch("hub", "a").waits("a", words.EVENT, "wait()").switch("a", "hub")
    assert chain(tape.timeline(), 1, led_to) == [(NO_MORE.format("a"), "a", 4)]


def test_nothing_at_all() -> None:
    timeline = Timeline()
    assert why(timeline, standpoint(timeline, -1, 0)) == Cause("Nothing runs here", None)
    assert led_to(timeline, standpoint(timeline, -1, 0)) == Effect("Nothing runs here", None)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.booleans()), max_size=30), st.booleans())
def test_chains_end_even_where_all_happens_at_once(moves: list[tuple[str, str, bool]], coarse: bool) -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in "abc":
        tape.spawn(key, words.GREENLET, parent="hub")
    for one, other, wakes in moves:
        if coarse:
            tape.at(tape.t_ns)
        if wakes:
            tape.wake(one, other, words.CALLBACK)
        else:
            tape.switch("hub", one).waits(one, words.SLEEP, "1 s", 1).switch(one, "hub")
    timeline = tape.timeline()
    for index in range(-1, timeline.switch_count):
        assert len(chain(timeline, index, why)) <= timeline.switch_count + 1
        assert len(chain(timeline, index, led_to)) <= timeline.switch_count + 2
