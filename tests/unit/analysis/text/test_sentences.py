"""One test for each form of sentence."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import STEP_NS, Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import describe_state, sentence, sentence_before_first
from visualizer.trace import events as ev
from visualizer.trace import words


def sentences(tape: Tape) -> list[str]:
    timeline = tape.timeline()
    return [sentence(timeline, index) for index in range(timeline.switch_count)]


def last(tape: Tape) -> str:
    return sentences(tape)[-1]


def hub_and(key: str = "foo") -> Tape:
    """`key` runs; it was spawned by main, and the hub has switched to it."""
    tape = Tape().spawn("hub", words.HUB).spawn(key, words.GREENLET).wake(key, "main", words.SPAWN)
    return tape.switch("main", "hub").switch("hub", key)


def test_greenlets() -> None:
    assert sentences(ping_pong()) == [
        "main switches to test1 with 'x' → test1 runs for the first time",
        "test1 switches to test2 → test2 runs for the first time",
        "test2 switches to test1 → test1 runs",
        "test1 switches to test2 → test2 runs",
        "test2 ended (returned None) → main runs",
    ]


def test_generators() -> None:
    assert sentences(producer_consumer()) == [
        "main asks consumer for a value → consumer runs for the first time",
        "consumer yields '' → main runs",
        "main sends 1 to consumer → consumer runs",
        "consumer yields '200 OK' → main runs",
        "main sends 2 to consumer → consumer runs",
        "consumer yields '200 OK' → main runs",
        "main closes consumer → consumer runs",
        "consumer ended (closed) → main runs",
    ]


def test_gevent() -> None:
    assert sentences(sleeps()) == [
        "main waits in gevent.joinall(all) → hub runs for the first time",
        "main spawned foo → foo runs for the first time",
        "foo sleeps 2 s → hub runs",
        "main spawned bar → bar runs for the first time",
        "bar yields (sleeps 0 s) → hub runs",
        "bar had only yielded → bar runs",
        "bar ended (returned None) → hub runs",
        "foo's 2 s sleep is over (0.3 ms late) → foo runs",
        "foo ended (returned None) → hub runs",
        "foo, which main was waiting for, ended → main runs",
    ]


def test_a_limit_of_nothing_is_over() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", words.SEMAPHORE, "s.acquire(timeout=0)", 0)
    tape.switch("main", "hub", line=3).wake("main", "hub", words.TIMEOUT).switch("hub", "main")
    assert last(tape) == "main's time limit of 0 s for s.acquire(timeout=0) is over (1 µs late) → main runs"


def test_next_after_the_first_time() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen").yields("gen").resume("gen")
    assert sentences(tape)[1:] == ["gen yields → main runs", "main asks gen for the next value → gen runs"]


def test_a_send_whose_value_is_not_known() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen").yields("gen").resume("gen", words.SEND)
    assert last(tape) == "main resumes gen → gen runs"


@pytest.mark.parametrize(("value", "said"), [("KeyError('k')", "KeyError('k')"), (None, "an exception")])
def test_throw_into_a_generator(value: str | None, said: str) -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen").yields("gen").resume("gen", words.THROW, value)
    assert last(tape) == f"main throws {said} into gen → gen runs"


def test_throw_into_a_greenlet() -> None:
    tape = Tape().spawn("a", words.GREENLET).switch("main", "a").switch("a", "main")
    assert (
        last(tape.switch("main", "a", "ValueError('x')", words.THROW)) == "main throws ValueError('x') into a → a runs"
    )


def test_closing_what_never_ran_is_not_running_it_for_the_first_time() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen", words.CLOSE)
    assert last(tape) == "main closes gen → gen runs"


@pytest.mark.parametrize(
    ("outcome", "value", "inferred", "said"),
    [
        (words.RETURNED, "5", None, "returned 5"),
        (words.RETURNED, None, None, "returned"),
        (words.RAISED, "ValueError('x')", None, "raised ValueError('x')"),
        (words.KILLED, "GreenletExit()", None, "killed"),
        (words.CLOSED, None, "it was collected", "closed, inferred"),
    ],
)
def test_how_a_track_ended(outcome: str, value: str | None, inferred: str | None, said: str) -> None:
    tape = Tape().spawn("a", words.GREENLET).switch("main", "a").exits("a", outcome, value, inferred)
    assert last(tape.switch("a", "main")) == f"a ended ({said}) → main runs"
    timeline = tape.timeline()
    assert describe_state(timeline, tape.ids["a"], timeline.last_ns) == f"a ended ({said})"


@pytest.mark.parametrize(
    ("reason", "on", "asked_ns", "said"),
    [
        (words.JOIN, "gevent.joinall(all)", -1, "foo waits in gevent.joinall(all)"),
        (words.JOIN, "joinall(all, 2)", 2_000_000_000, "foo waits in joinall(all, 2), at most 2 s"),
        (words.JOIN, None, -1, "foo waits for others to end"),
        ("get", "queue.get()", -1, "foo waits in queue.get()"),
        ("read", "fd 5", -1, "foo waits for fd 5"),
        ("get", None, 500_000_000, "foo waits (get), at most 0.5 s"),
        (words.SLEEP, "gevent.sleep(n)", -1, "foo sleeps in gevent.sleep(n)"),
        (words.SLEEP, "unknown", -1, "foo sleeps (duration unknown)"),
        (words.UNKNOWN, None, -1, "foo waits for something unknown"),
    ],
)
def test_what_a_track_waits_for(reason: str, on: str | None, asked_ns: int, said: str) -> None:
    assert last(hub_and().waits("foo", reason, on, asked_ns).switch("foo", "hub")) == f"{said} → hub runs"


@pytest.mark.parametrize(
    ("off_ns", "said"),
    [(312_345, " (0.31 ms late)"), (-40_000, " (40 µs early)"), (0, "")],
)
def test_how_late_a_timer_was(off_ns: int, said: str) -> None:
    tape = hub_and().waits("foo", words.SLEEP, "1 s", 1_000_000_000).switch("foo", "hub")
    tape.at(tape.t_ns + 1_000_000_000 + off_ns).wake("foo", "hub", words.TIMER).switch("hub", "foo")
    assert last(tape) == f"foo's 1 s sleep is over{said} → foo runs"


def test_a_limit_that_is_over() -> None:
    tape = hub_and().waits("foo", words.JOIN, "joinall(all, 1)", 1_000_000_000).switch("foo", "hub")
    tape.at(tape.t_ns + 1_002_000_000).wake("foo", "hub", words.TIMER).switch("hub", "foo")
    assert last(tape) == "foo's time limit of 1 s for joinall(all, 1) is over (2 ms late) → foo runs"


@pytest.mark.parametrize(
    ("waker", "cause", "said"),
    [
        ("hub", words.TIMER, "foo's timer expired"),
        ("hub", words.FINISHED, "what foo was waiting for ended"),
        (words.NOBODY, words.FINISHED, "what foo was waiting for ended"),
        ("hub", words.IO, "what foo was waiting for is ready (sock.recv(9))"),
        ("hub", words.DNS, "the name lookup finished (sock.recv(9))"),
        ("hub", words.THREADPOOL, "a pool thread finished its work (sock.recv(9))"),
        ("hub", words.SUBPROCESS, "the child process changed state (sock.recv(9))"),
        ("hub", words.ASYNC, "an async watcher of the hub fired (sock.recv(9))"),
        ("hub", words.SIGNAL, "a signal arrived"),
        ("hub", words.TIMEOUT, "a timeout ended foo's wait (sock.recv(9))"),
        ("main", words.CALLBACK, "main woke foo from sock.recv(9)"),
        ("main", words.KILL, "main killed foo"),
        ("hub", words.THROW, "hub threw an exception into foo"),
        (words.NOBODY, words.CALLBACK, "foo was woken (by which track is unknown)"),
        ("hub", words.UNKNOWN, "hub woke foo (cause unknown)"),
        (words.NOBODY, words.UNKNOWN, "foo was woken (by which track is unknown)"),
        ("main", words.SPAWN, "main spawned foo"),
        (words.NOBODY, words.SPAWN, "foo was spawned (by which track is unknown)"),
    ],
)
def test_who_woke_it(waker: str | int, cause: str, said: str) -> None:
    tape = hub_and().waits("foo", "recv", "sock.recv(9)").switch("foo", "hub")
    assert last(tape.wake("foo", waker, cause).switch("hub", "foo")) == f"{said} → foo runs"


def test_the_hub_switches_to_one_that_nobody_woke() -> None:
    tape = hub_and().waits("foo", "recv", "sock.recv(9)").switch("foo", "hub").switch("hub", "foo")
    assert last(tape) == "cause unknown → foo runs"


def test_a_track_that_is_not_known() -> None:
    assert last(Tape().switch("main", 9).switch(9, "main")) == "cause unknown → main runs"


def test_what_is_thrown_into_one_that_has_not_begun_ends_it() -> None:
    tape = Tape().spawn("a", words.GREENLET).switch("main", "a", "ValueError()", cause=words.THROW)
    assert last(tape) == "main throws ValueError() into a → a ends without having run"
    tape.switch("a", "main").switch("main", "a", "ValueError()", cause=words.THROW)
    assert last(tape) == "main throws ValueError() into a → a runs"


def test_a_sleep_that_a_limit_ends() -> None:
    tape = hub_and().waits("foo", words.SLEEP, "10 s", 100_000_000).switch("foo", "hub")
    assert last(tape) == "foo sleeps 10 s, at most 0.1 s → hub runs"
    limit = "foo's time limit of 0.1 s for its sleep of 10 s is over (0.4 s late) → foo runs"
    assert last(tape.at(tape.t_ns + 500_000_000).wake("foo", "hub", words.TIMEOUT).switch("hub", "foo")) == limit
    # A trace of an earlier version tells the length of the sleep alone.
    tape = hub_and().waits("foo", words.SLEEP, "0.123457 s", 123_456_789).switch("foo", "hub")
    assert last(tape) == "foo sleeps 0.123 s → hub runs"
    assert last(tape.wake("foo", "hub", words.TIMEOUT).switch("hub", "foo")).startswith("a timeout ended foo's wait")


def test_a_hub_that_has_nothing_left_is_waited_for() -> None:
    tape = hub_and()
    tape.waits("main", words.JOIN, "gevent.wait()", thing=f"track {tape.ids['hub']}").switch("main", "hub")
    assert last(tape.wake("main", "hub", words.FINISHED).switch("hub", "main")) == (
        "hub has nothing left to wait for → main runs"
    )


def test_a_cause_of_a_later_version() -> None:
    assert last(Tape().spawn("a", words.GREENLET).switch("main", "a", cause="beam")).startswith("cause unknown → ")


def test_no_text_of_the_trace_is_obeyed() -> None:
    tape = Tape().spawn("a", words.GREENLET, "\x1b[31ma\n").switch("main", "a", "[bold]\x9b")
    assert last(tape) == "main switches to ␛[31ma␊ with [bold]\ufffd → ␛[31ma␊ runs for the first time"


def test_before_the_first_switch() -> None:
    assert sentence_before_first(Tape().timeline()) == "main runs; no switch yet"
    assert sentence_before_first(Timeline()) == "Nothing has run yet"


def test_no_such_switch() -> None:
    with pytest.raises(IndexError):
        sentence(Tape().timeline(), 0)


def at(tape: Tape, key: str, t_ns: int) -> str:
    return describe_state(tape.timeline(), tape.ids[key], t_ns)


def test_right_at_a_switch_no_duration_is_given() -> None:
    tape = sleeps()
    assert at(tape, "foo", 2_000) == "foo has not run yet"
    assert at(tape, "foo", 3_000) == "foo is ready: main spawned it"
    assert at(tape, "foo", 7_000) == "foo runs"
    assert at(tape, "foo", 8_000) == "foo sleeps 2 s"
    assert at(tape, "hub", 14_000) == "hub is idle: nothing is ready"
    tape = producer_consumer()
    first_ns, second_ns = tape.timeline().switch_ns[:2]
    assert at(tape, "main", first_ns) == "main waits for consumer, which it resumes"
    assert at(tape, "consumer", second_ns) == "consumer is suspended at its yield"
    tape = ping_pong()
    assert at(tape, "main", tape.timeline().switch_ns[0]) == "main is suspended: it switches to test1"


@pytest.mark.parametrize(
    ("reason", "on", "asked_ns", "now", "later"),
    [
        ("get", "queue.get()", -1, "foo waits in queue.get()", "foo waits in queue.get(): 5 µs so far"),
        ("get", None, 10**9, "foo waits (get), at most 1 s", "foo waits (get): 5 µs of at most 1 s"),
        (words.UNKNOWN, None, -1, "foo waits for something unknown", "foo waits for something unknown: 5 µs so far"),
        (words.SLEEP, "sleep(n)", -1, "foo sleeps in sleep(n)", "foo sleeps in sleep(n): 5 µs so far"),
        (words.SLEEP, "0 s", 0, "foo yields (sleeps 0 s)", "foo sleeps: 5 µs of 0 s"),
    ],
)
def test_a_wait_that_begins(reason: str, on: str | None, asked_ns: int, now: str, later: str) -> None:
    tape = hub_and().waits("foo", reason, on, asked_ns).switch("foo", "hub")
    begun_ns = tape.timeline().switch_ns[-1]
    assert at(tape, "foo", begun_ns) == now
    assert at(tape, "foo", begun_ns + 5_000) == later


def test_what_a_greenlet_does_at_a_moment() -> None:
    tape = sleeps()
    assert at(tape, "foo", 1_000) == "foo does not exist yet"
    assert at(tape, "foo", 2_500) == "foo was created 0.5 µs ago and has not run yet"
    assert at(tape, "foo", 3_500) == "foo has been ready for 0.5 µs: main spawned it"
    assert at(tape, "foo", 7_200) == "foo has been running for 0.2 µs"
    assert at(tape, "foo", 8_000 + 1_200_000_000) == "foo sleeps: 1.2 s of 2 s"
    assert at(tape, "foo", 2_000_308_000 + 500) == "foo has been ready for 0.5 µs: its 2 s sleep is over (0.3 ms late)"
    assert at(tape, "foo", 3_000_000_000) == "foo ended (returned None)"
    assert at(tape, "hub", 14_000 + 1_000_000_000) == "hub has been idle for 1 s: nothing is ready"
    assert at(tape, "main", 6_000 + 400_000_000) == "main waits in gevent.joinall(all): 0.4 s so far"


def test_what_a_waiting_track_waits_for_at_a_moment() -> None:
    tape = producer_consumer()
    assert at(tape, "main", 2_500) == "main waits for consumer, which it resumed 0.5 µs ago"
    assert at(tape, "consumer", 3_500) == "consumer has been suspended at its yield for 0.5 µs"
    assert at(ping_pong(), "test1", 90_000) == "test1 is suspended: it switched to test2 84 µs ago"


@pytest.mark.parametrize(
    ("reason", "on", "asked_ns", "said"),
    [
        (words.JOIN, "joinall(all, 2)", 2_000_000_000, "foo waits in joinall(all, 2): 1 s of at most 2 s"),
        (words.SLEEP, "gevent.sleep(n)", -1, "foo sleeps in gevent.sleep(n): 1 s so far"),
        (words.UNKNOWN, None, -1, "foo waits for something unknown: 1 s so far"),
        ("get", None, -1, "foo waits (get): 1 s so far"),
    ],
)
def test_how_long_it_has_waited(reason: str, on: str | None, asked_ns: int, said: str) -> None:
    tape = hub_and().waits("foo", reason, on, asked_ns).switch("foo", "hub")
    assert at(tape, "foo", tape.t_ns + 1_000_000_000) == said


def test_what_a_lost_track_does() -> None:
    tape = Tape().spawn("a", words.GREENLET).spawn("b", words.GREENLET).switch("main", "a").switch("b", "main")
    assert at(tape, "a", tape.t_ns + STEP_NS) == "what a is doing is unknown"


@pytest.mark.parametrize(
    ("reason", "on", "said"),
    [
        (words.EVENT, "ready.wait()", "main set the event foo was waiting for (ready.wait())"),
        (words.RESULT, "answer.get()", "main set the result foo was waiting for (answer.get())"),
        (words.SEMAPHORE, "till", "main released the semaphore foo was waiting for (till)"),
        (words.LOCK, "lock.acquire()", "main released the lock foo was waiting for (lock.acquire())"),
        (words.QUEUE, "items.get()", "main put an item in the queue foo was waiting on (items.get())"),
        (words.QUEUE, "items", "main put an item in the queue foo was waiting on (items)"),
        (words.QUEUE, "x.put(y)", "main took an item from the queue foo was waiting on (x.put(y))"),
        (words.QUEUE, "q.join()", "main marked the last task of the queue foo was joining as done (q.join())"),
    ],
)
def test_what_was_done_to_the_thing_it_waited_on(reason: str, on: str, said: str) -> None:
    tape = hub_and().waits("foo", reason, on).switch("foo", "hub").wake("foo", "main", words.CALLBACK)
    assert last(tape.switch("hub", "foo")) == f"{said} → foo runs"


def test_a_call_that_the_trace_has_in_part_is_told_without_arguments() -> None:
    tape = hub_and().waits("foo", words.JOIN, "gevent.joinall([gevent.spawn(foo), gev…").switch("foo", "hub")
    assert last(tape) == "foo waits in gevent.joinall(…) → hub runs"
    tape = hub_and().waits("foo", words.QUEUE, "[(name, pay(name)) for name in every…").switch("foo", "hub")
    assert last(tape) == "foo waits in [(name, pay(name)) for name in every… → hub runs"


def test_in_few_words_a_state_has_no_limit_and_no_place() -> None:
    tape = hub_and().waits("foo", words.EVENT, "door.wait()", 10**9).switch("foo", "hub")
    timeline, foo = tape.timeline(), tape.ids["foo"]
    t_ns = timeline.switch_ns[-1] + 5_000
    assert describe_state(timeline, foo, t_ns) == "foo waits in door.wait(): 5 µs of at most 1 s"
    assert describe_state(timeline, foo, t_ns, short=True) == "foo waits in door.wait(): 5 µs"


@pytest.mark.parametrize("paused_ns", [100_000_000, 1_000])
def test_a_sleep_that_went_on_during_a_pause_is_not_called_early(paused_ns: int) -> None:
    tape = Tape().waits("main", words.SLEEP, "0.8 s", 800_000_000).parks("main")
    assert tape.t_ns == 1_000
    tape.events.append(ev.Held(paused_ns, 0))
    tape.events.append(ev.Continued(paused_ns, 700_000_000))
    tape.at(100_100_000).wake("main", words.NOBODY, words.TIMER).unparks("main")
    told = "main's 0.8 s sleep is over (part of it passed while the program was paused) → main runs"
    assert last(tape) == told
    timeline = tape.timeline()
    assert AllSentences(timeline).said(0, timeline.switch_count)[-1] == told


def test_a_sleep_that_ended_early_without_one_is() -> None:
    tape = Tape().waits("main", words.SLEEP, "0.8 s", 800_000_000).parks("main")
    tape.at(100_100_000).wake("main", words.NOBODY, words.TIMER).unparks("main")
    assert "(0.7 s early)" in last(tape)
