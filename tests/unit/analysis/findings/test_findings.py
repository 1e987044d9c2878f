"""For each kind a trace in which it must be found, and one, nearly the same, in which it must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.model.test_properties import EVENTS
from tests.unit.analysis.tape import FILE, STEP_NS, Tape, feed, ping_pong, producer_consumer, sleeps
from visualizer.analysis.findings import KINDS, Finding, Findings, findings
from visualizer.analysis.findings.base import listed
from visualizer.analysis.findings.joins import only_waits
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev
from visualizer.trace import words

MS = 1_000_000


def found(tape: Tape, kind: str) -> list[Finding]:
    return [one for one in findings(tape.timeline()) if one.kind == kind]


def kinds(tape: Tape) -> list[str]:
    return [one.kind for one in findings(tape.timeline())]


def only(tape: Tape, kind: str) -> tuple[str, list[str], int, int | None]:
    """Sentence, names of the tracks, time in ms and line of the one finding of that kind."""
    [one] = found(tape, kind)
    names = {number: key for key, number in tape.ids.items()}
    assert one.file == (FILE if one.line is not None else None)
    return one.sentence, [names[track] for track in one.tracks], one.t_ns // MS, one.line


def spawned(*keys: str) -> Tape:
    """The greenlets are spawned by main at line 30 and up, and main has given way at 1 ms to wait for them."""
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for line, key in enumerate(keys, 30):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main", line=line)
    tape.at(MS)
    for key in keys:
        tape.at(MS + STEP_NS).wake(key, "main", words.SPAWN)
    return tape.at(MS + 2 * STEP_NS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)


def crunches(ms: float, *, line: int | None = 12) -> Tape:
    """foo sleeps for 10 ms; bar runs from 2 ms on for `ms`, then gives way."""
    tape = spawned("foo", "bar").switch("hub", "foo")
    tape.waits("foo", words.SLEEP, "0.01 s", 10 * MS).switch("foo", "hub", line=5)
    tape.at(2 * MS).switch("hub", "bar")
    tape.at(round((2 + ms) * MS)).waits("bar", words.SLEEP, "0 s", 0).switch("bar", "hub", line=line)
    return tape.wake("foo", "hub", words.TIMER).switch("hub", "foo")


def test_a_hog_is_named_with_the_line_where_it_gave_way_and_who_ran_late() -> None:
    assert only(crunches(100), "hog") == (
        "bar ran for 0.1 s without yielding, until it yielded at demo.py:12 → foo ran 91 ms late",
        ["bar", "foo"], 2, 12,
    )
    assert "hog" not in kinds(crunches(99.9))


def test_a_hog_that_ended() -> None:
    tape = spawned("foo", "bar")
    tape.at(2 * MS).switch("hub", "bar").at(202 * MS).exits("bar").switch("bar", "hub").switch("hub", "foo")
    sentence = "bar ran for 0.2 s without yielding, until it ended (spawned at demo.py:31) → foo ran 0.2 s late"
    assert only(tape, "hog") == (sentence, ["bar", "foo"], 2, 31)


SPAWNED = """

def bar():
    while True:
        pass
    # The end.

def foo(
    a,
):
    return a
"""


def test_a_hog_that_never_gave_way_is_looked_for_in_its_function() -> None:
    def hogs(source: str) -> tuple[str, int | None]:
        tape = spawned("foo", "bar").lists(source).at(2 * MS).switch("hub", "bar")
        tape.at(202 * MS).exits("bar").switch("bar", "hub").switch("hub", "foo")
        sentence, _, _, line = only(tape, "hog")
        return sentence.partition("until it ended ")[2].partition(":")[2].partition(")")[0], line

    assert hogs(SPAWNED) == ("3 to 6", 3)
    assert hogs(SPAWNED.replace("def bar():", "async def bar(a,\n\n): # b")) == ("3 to 8", 3)
    assert hogs(SPAWNED.replace("foo", "bar")) == ("31", 31), "nobody knows which of the two"
    assert hogs(SPAWNED.replace("bar", "baz")) == ("31", 31)
    assert hogs("    def bar(\n") == ("1 to 1", 1)


def test_a_track_that_gives_way_in_time_again_and_again_is_no_hog() -> None:
    tape = spawned("bar")
    for ms in range(0, 500, 50):
        tape.at((2 + ms) * MS).switch("hub", "bar").at((51 + ms) * MS).switch("bar", "hub", line=12)
    assert "hog" not in kinds(tape)


LOOPS = """\
def bar():
    for job in jobs:
        while busy():

            for part in job:
                work(part)
        give_way()
        while busy():
            work(job)
"""


@pytest.mark.parametrize(("lines", "hogs"), [((3, 6), 1), ((5, 6), 1), ((3, 9), 2)])
def test_lines_of_one_loop_are_the_same_hog(lines: tuple[int, int], hogs: int) -> None:
    tape = spawned("bar").lists(LOOPS)
    for ms, line in zip((0, 200), lines, strict=True):
        tape.at((2 + ms) * MS).switch("hub", "bar").at((60 + ms) * MS).sample(line)
        tape.at((122 + ms) * MS).switch("bar", "hub", line=7)
    assert len(found(tape, "hog")) == hogs


@pytest.mark.parametrize(
    ("function", "calls", "hogs"), [("fib", (12, 12), 1), ("fib", (12, 14), 2), ("run", (None, None), 2)]
)
def test_lines_of_one_call_are_the_same_hog(function: str, calls: tuple[int | None, ...], hogs: int) -> None:
    """As of a function that calls itself: it is seen at any of its lines."""
    tape = spawned("bar")
    for ms, line, called in zip((0, 200), (3, 4), calls, strict=True):
        tape.at((2 + ms) * MS).switch("hub", "bar").at((60 + ms) * MS).sample(line, function=function, called=called)
        tape.at((122 + ms) * MS).switch("bar", "hub", line=13)
    told = found(tape, "hog")
    assert len(told) == hogs
    if called:
        assert "sampled at demo.py:3 (1 sample) in fib(), called at demo.py:12, until it yielded" in told[0].sentence


def test_the_same_hog_is_told_once() -> None:
    tape = spawned("bar")
    for ms, length in ((0, 100), (200, 150), (500, 120)):
        tape.at((2 + ms) * MS).switch("hub", "bar").at((2 + ms + length) * MS).switch("bar", "hub", line=12)
    assert only(tape, "hog")[0] == (
        "bar ran for 0.15 s without yielding, until it yielded at demo.py:12 → its hub was blocked; "
        "the longest of 3 such runs"
    )


def test_of_a_turn_of_several_the_one_who_ran_most_is_named() -> None:
    tape = spawned("bar").spawn("gen", words.GENERATOR).at(2 * MS).switch("hub", "bar")
    tape.resume("gen", line=9).at(150 * MS).yields("gen", line=4)
    tape.at(160 * MS).switch("bar", "hub", line=12)
    sentence = "gen ran for 0.16 s without yielding, until bar yielded at demo.py:12 → its hub was blocked"
    assert only(tape, "hog")[0] == sentence


@pytest.mark.parametrize(("greenlets", "expected"), [(["foo"], ["hog"]), ([], [])])
def test_the_thread_itself_hogs_only_where_others_wait(greenlets: list[str], expected: list[str]) -> None:
    tape = spawned(*greenlets)
    for key in greenlets:
        tape.switch("hub", key).switch(key, "hub", line=5)
    tape.at(10 * MS).wake("main", "hub", words.TIMER).switch("hub", "main")
    tape.at(500 * MS).exits("main").end()
    assert [kind for kind in kinds(tape) if kind == "hog"] == expected
    if expected:
        assert only(tape, "hog")[0].startswith("main ran for 0.49 s without yielding, from demo.py:40 until it ended")


@pytest.mark.parametrize(("others", "expected"), [([], 0), (["other"], 1)])
def test_a_task_hogs_its_loop_only_where_there_are_others(others: list[str], expected: int) -> None:
    tape = Tape().spawn("loop", words.LOOP, parent="main")
    for key in ("batch", *others):
        tape.spawn(key, words.TASK, parent="loop", creator="main", line=30).wake(key, "main", words.SPAWN)
    tape.switch("main", "loop", line=40).at(2 * MS).switch("loop", "batch")
    tape.at(300 * MS).switch("batch", "loop", line=12)
    assert len(found(tape, "hog")) == expected


@pytest.mark.parametrize(
    ("source", "line", "spins"),
    [
        ("while not done:\n    pass", 1, True),
        ("while not done: pass", 1, True),
        ("while not self.ready.is_set():\n    time.sleep(0)  # in turns", 2, True),
        ("while jobs[0] is None:\n    continue", 2, True),
        ("while not done:\n    n += 1", 2, False),
        ("while step():\n    pass", 1, False),
        ("while time.perf_counter() < end:\n    pass", 1, False),
        ("while not done:\n    time.sleep(0)\n    work()", 2, False),
        ("while True:\n    n = work(n)\n    if n:\n        pass", 4, False),
    ],
)
def test_a_thread_that_only_asks_again_and_again_polls(source: str, line: int, spins: bool) -> None:
    tape = Tape().lists(source)
    for ms in (50, 100, 150):
        tape.at(ms * MS).sample(line)
    tape.at(200 * MS).exits("main").end()
    assert kinds(tape) == ["busy_poll"] * spins


ENDED = "test2 ended, and a greenlet that ends switches to its parent, here main"


def test_a_track_that_is_suspended_for_ever() -> None:
    sentence = f"test1 was never resumed after it switched to test2 (demo.py:4); {ENDED}"
    assert only(ping_pong().exits("main").end(), "never_resumed") == (sentence, ["test1", "test2"], 0, 4)
    resumed = ping_pong().switch("main", "test1").exits("test1").switch("test1", "main").exits("main").end()
    assert kinds(resumed) == []
    assert kinds(ping_pong()) == [], "the program may go on"
    assert kinds(ping_pong().end(-1, 9)) == [], "nobody knows what it would have done"
    served = Tape().spawn("a", words.GREENLET, parent="main").spawn("b", words.GREENLET, parent="main")
    served.switch("main", "b", line=9)
    for _ in range(2):
        served.switch("b", "a", line=6).switch("a", "b", line=2)
    assert kinds(served.exits("b").switch("b", "main").exits("main").end()) == [], "a answers whoever asks"
    # The program gave worker another parent than it was spawned with.
    tape = Tape().spawn("worker", words.GREENLET, parent="main").spawn("other", words.GREENLET, parent="main")
    tape.spawn("boss", words.GREENLET, parent="main").switch("main", "boss").switch("boss", "worker", line=7)
    tape.exits("worker").switch("worker", "other").exits("other").switch("other", "main").exits("main")
    assert only(tape.end(), "never_resumed")[0].endswith("switches to its parent, here other")


def waiting(reason: str, on: str | None, asked_ns: int = -1) -> Tape:
    tape = spawned("foo").switch("hub", "foo").waits("foo", reason, on, asked_ns).switch("foo", "hub", line=5)
    tape.wake("main", "hub", words.TIMER).switch("hub", "main")
    return tape.at(5 * MS).exits("main").end()


def test_a_greenlet_that_nobody_wakes() -> None:
    sentence = "foo was never resumed: it waited in queue.get() (demo.py:5) for the last 4 ms, and nothing woke it"
    assert only(waiting(words.QUEUE, "queue.get()"), "never_resumed")[:2] == (sentence, ["foo"])
    for tape in (
        waiting(words.QUEUE, "queue.get(timeout=9)", 9_000 * MS),
        waiting(words.IO, "sock.recv(1)"),
        waiting(words.SLEEP, "9 s", 9_000 * MS),
    ):
        assert kinds(tape) == []


def test_a_suspended_coroutine_is_unfinished_work_a_suspended_generator_is_not() -> None:
    def suspended(kind: str) -> Tape:
        return Tape().spawn("one", kind).resume("one").yields("one", line=3).exits("main").end()

    sentence = "one was never resumed and is not finished: it is suspended (demo.py:3)"
    assert only(suspended(words.COROUTINE), "never_resumed")[0] == sentence
    assert kinds(suspended(words.GENERATOR)) == []


def stuck(thrown: str | None = "LoopExit('This operation would block forever')", *, held: bool = False) -> Tape:
    """foo and bar wait for each other; the hub throws into main."""
    tape = spawned("foo", "bar").switch("hub", "foo").waits("foo", words.SEMAPHORE, "a", thing="Semaphore 1")
    tape.switch("foo", "hub", line=5).switch("hub", "bar").waits("bar", words.SEMAPHORE, "b", thing="Semaphore 2")
    tape.switch("bar", "hub", line=9).at(50 * MS).wake("main", "hub", words.THROW)
    if held:
        tape.tie("foo", words.HOLDS, "Semaphore 2").tie("bar", words.HOLDS, "Semaphore 1")
        tape.tie("main", words.AWAITS, f"tracks {tape.ids['foo']}, {tape.ids['bar']}")
    return tape.switch("hub", "main", thrown, cause=words.THROW).exits("main").end()


FOO, BAR = "foo waits for a (demo.py:5) for Semaphore 1", "bar waits for b (demo.py:9) for Semaphore 2"
NOTHING_LEFT = " → nothing was left that could wake them, so the hub raised LoopExit"


def test_a_deadlock_is_explained_and_those_in_it_are_told_once() -> None:
    assert kinds(stuck()) == ["deadlock"]
    sentence = f"main waits in joinall(all) (demo.py:40), {FOO} and {BAR}{NOTHING_LEFT}"
    assert only(stuck(), "deadlock") == (sentence, ["main", "foo", "bar"], 50, 40)


def test_a_deadlock_is_told_as_a_circle_where_it_is_known_who_holds_what() -> None:
    sentence = (
        f"circular wait: {FOO}, which bar holds; {BAR}, which foo holds; "
        f"also, main waits in joinall(all) (demo.py:40) for foo and bar{NOTHING_LEFT}"
    )
    assert only(stuck(held=True), "deadlock") == (sentence, ["foo", "bar", "main"], 50, 5)


def events(source: str) -> list[Finding]:
    """foo waits in line 2 of the source, bar in line 6."""
    tape = spawned("foo", "bar").lists(source).switch("hub", "foo")
    tape.waits("foo", words.EVENT, "a.wait()", thing="Event 1").switch("foo", "hub", line=2).switch("hub", "bar")
    tape.waits("bar", words.EVENT, "self.b.wait(9)", thing="Event 2").switch("bar", "hub", line=6)
    tape.at(50 * MS).wake("main", "hub", words.THROW).switch("hub", "main", "LoopExit('')", cause=words.THROW)
    return found(tape.exits("main").end(), "deadlock")


BOTH = """def run(a):
    a.wait()
    self.b.set()

def run(a):
    self.b.wait()
    a.set()
"""


def test_who_would_have_set_an_event_is_looked_for_in_the_source() -> None:
    [one] = events(BOTH)
    assert one.sentence == (
        "circular wait (inferred from the source): "
        "foo waits in a.wait() (demo.py:2) for bar, which would set it at line 7; "
        "bar waits in self.b.wait(9) (demo.py:6) for foo, which would set it at line 3; "
        f"also, main waits in joinall(all) (demo.py:40){NOTHING_LEFT}"
    )


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n" * 9,
        BOTH.replace("set", "clear"),
        BOTH.replace(".set()", ".set"),
        BOTH.replace("a.set()", "# a.set()").replace("self.b.set", "xself.b.set"),
        BOTH.replace("self.b.set()", "b.set()").replace("    a.set()", "\na.set()"),
        BOTH.replace("def run", "def other"),
    ],
)
def test_the_source_is_not_made_to_say_more_than_it_does(source: str) -> None:
    [one] = events(source)
    assert (one.sentence.count("Event 1"), one.sentence.count("Event 2"), "inferred" in one.sentence) == (1, 1, False)


QUEUES = """def run(a):
    a.get()
    b.put_nowait(1)

def run(a):
    b.get()
    a.put(1)
"""


def loop_of_two(waits_for_io: bool = False, polls_ms: int = 3_000) -> list[str]:
    """Each task waits for the other's item, and their loop polls until Ctrl-C."""
    tape = Tape().lists(QUEUES).spawn("loop", words.LOOP, parent="main")
    tape.waits("main", words.JOIN, "run()").switch("main", "loop", line=40)
    for key, other, line in (("foo", "a", 2), ("bar", "b", 6)):
        tape.spawn(key, words.TASK, parent="loop", creator="loop").wake(key, "loop", words.SPAWN).switch("loop", key)
        tape.waits(key, words.QUEUE, f"{other}.get()", thing=f"Queue {line}").switch(key, "loop", line=line)
    if waits_for_io:
        tape.spawn("reader", words.TASK, parent="loop").wake("reader", "loop", words.SPAWN).switch("loop", "reader")
        tape.waits("reader", words.IO, "stream.read()").switch("reader", "loop", line=8)
    tape.poll("loop", 1).at(polls_ms * MS).poll("loop", 0)
    return [one.sentence for one in found(tape.end(130), "deadlock")]


def test_tasks_that_wait_for_one_another_while_their_loop_polls_in_vain() -> None:
    [sentence] = loop_of_two()
    assert sentence.startswith(
        "circular wait (inferred from the source): "
        "foo waits in a.get() (demo.py:2) for bar, which would put into it at line 7; "
        "bar waits in b.get() (demo.py:6) for foo, which would put into it at line 3 → none of them goes on, until "
    )
    # Something from outside may wake one that does it, and it may still come.
    assert loop_of_two(waits_for_io=True) == []
    assert loop_of_two(polls_ms=500) == []


def test_nobody_ends_its_own_wait() -> None:
    [one] = events(BOTH.replace("self.b.wait()", "self.b.wait()\n    self.b.set()"))
    assert "for foo, which would set it at line 3" in one.sentence


ONE = """def run(a):
    lock.acquire()
    lock.release()

def run(a):
    lock.acquire()
    lock.release()
"""


@pytest.mark.parametrize(("called", "thing"), [("lock", "Lock 1"), ("lock", "Lock 2"), ("self.lock", "Lock 1")])
def test_who_waits_for_a_lock_itself_is_not_who_would_release_it(called: str, thing: str) -> None:
    tape = spawned("foo", "bar").lists(ONE).switch("hub", "foo")
    tape.waits("foo", words.LOCK, "lock.acquire()", thing="Lock 1").switch("foo", "hub", line=2).switch("hub", "bar")
    tape.waits("bar", words.LOCK, f"{called}.acquire()", thing=thing).switch("bar", "hub", line=6)
    tape.at(50 * MS).wake("main", "hub", words.THROW).switch("hub", "main", "LoopExit('')", cause=words.THROW)
    assert "would release" not in only(tape.exits("main").end(), "deadlock")[0]


def test_who_waits_for_another_lock_first_would_release_this_one() -> None:
    tape = spawned("foo", "bar").lists(ONE.replace("\n    lock.acquire", "\n    first.acquire")).switch("hub", "foo")
    tape.waits("foo", words.LOCK, "lock.acquire()", thing="Lock 1").switch("foo", "hub", line=2).switch("hub", "bar")
    tape.waits("bar", words.LOCK, "first.acquire()", thing="Lock 2").switch("bar", "hub", line=6)
    tape.at(50 * MS).wake("main", "hub", words.THROW).switch("hub", "main", "LoopExit('')", cause=words.THROW)
    assert "for bar, which would release it at line 7" in only(tape.exits("main").end(), "deadlock")[0]


@pytest.mark.parametrize("thrown", [None, "Timeout(0.5)", "ValueError('LoopExit(')"])
def test_what_a_hub_throws_otherwise_is_no_deadlock(thrown: str | None) -> None:
    assert kinds(stuck(thrown)) == ["never_resumed", "never_resumed"]


def ready_in_turns(times: int, ms: float) -> Tape:
    """foo is woken and runs `ms` later, so many times; bar runs meanwhile."""
    tape = spawned("foo", "bar").switch("hub", "foo").waits("foo", words.EVENT, "e.wait()").switch("foo", "hub", line=5)
    now = 2.0
    for _ in range(times):
        tape.at(round(now * MS)).switch("hub", "bar").wake("foo", "bar", words.CALLBACK)
        now += ms
        tape.at(round(now * MS)).switch("bar", "hub", line=12).switch("hub", "foo")
        tape.waits("foo", words.EVENT, "e.wait()").switch("foo", "hub", line=5)
        now += 1
    return tape


def test_a_hub_that_runs_a_callback_of_the_programs_for_long() -> None:
    def tape(*, sampled: bool = True, waits: bool = True) -> Tape:
        tape = spawned("foo").switch("hub", "foo").waits("foo", words.SLEEP, "1 s", 1_000 * MS)
        tape.switch("foo", "hub", line=5).wake("foo", "hub", words.TIMER)
        if not waits:
            tape.switch("hub", "foo").exits("foo").switch("foo", "hub")
        if sampled:
            tape.at(60 * MS).sample(line=8)
        return tape.at(150 * MS).poll("hub", 1).at(160 * MS).poll("hub", 0)

    sentence, tracks, _, line = only(tape(), "hog")
    assert sentence.startswith("hub ran for 0.15 s without yielding, sampled at demo.py:8")
    assert sentence.endswith("until it ran another track or polled → nobody else could run on its thread")
    assert (tracks, line) == (["hub"], 8)
    assert "hog" not in kinds(tape(sampled=False)), "it may have polled, where its loop does not tell"
    assert "hog" not in kinds(tape(waits=False))


def test_lost_time() -> None:
    sentence = "bar ran → foo ran only 60 ms after it was woken by bar"
    assert only(ready_in_turns(1, 60), "lost_time") == (sentence, ["foo", "bar"], 2, 5)
    assert kinds(ready_in_turns(2, 49.9)) == []
    assert kinds(ready_in_turns(2, 60)) == ["starvation"], "which says it of both"


@pytest.mark.parametrize("kind", [words.HUB, words.LOOP])
def test_who_is_woken_in_another_thread_while_its_scheduler_polls_on(kind: str) -> None:
    def tape(polling: int, waker: str) -> Tape:
        tape = Tape().spawn("hub", kind, parent="main").spawn("other", words.THREAD, creator="main", line=20)
        tape.spawn("foo", words.TASK, parent="hub", creator="main", line=30).wake("foo", "main", words.SPAWN)
        tape.switch("main", "hub").switch("hub", "foo").waits("foo", words.EVENT, "e.wait()")
        tape.switch("foo", "hub", line=5).at(MS).poll("hub", 1)
        tape.at(2 * MS).poll("hub", polling).wake("foo", waker, words.CALLBACK)
        return tape.at(200 * MS).poll("hub", 0).switch("hub", "foo")

    how = " (loop.call_soon_threadsafe() tells it)" if kind == words.LOOP else ""
    told = "foo ran only 0.2 s after it was woken by other"
    assert only(tape(1, "other"), "lost_time")[0] == f"{told}, in another thread; hub was not told, and polled on{how}"
    for sibling in (tape(0, "other"), tape(1, "hub")):
        assert not any("was not told" in one.sentence for one in findings(sibling.timeline()))


def test_of_a_crowd_that_came_late_the_one_that_came_last_is_told() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for number in range(5):
        tape.spawn(f"client {number}", words.GREENLET, "client", parent="hub", creator="main", line=30)
        tape.wake(f"client {number}", "main", words.SPAWN)
    tape.at(60 * MS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    for number in range(5):
        tape.switch("hub", f"client {number}").exits(f"client {number}").switch(f"client {number}", "hub")
    sentence, tracks, _, _ = only(tape, "lost_time")
    assert sentence == (
        "main ran → client-5 ran only 60 ms after it was spawned by main; "
        "the longest of 5 such delays of 5 tracks called client"
    )
    assert tracks == ["client 4", "main"]


def test_starvation() -> None:
    sentence = "foo was ready but did not run for 0.12 s, 96% of its life, at most 30 ms at once, while bar ran"
    assert only(ready_in_turns(4, 30), "starvation") == (sentence, ["foo", "bar"], 2, 5)
    assert kinds(ready_in_turns(3, 30)) == []


def idles(steps: int, step_ms: int, polls_ms: int = 0, turns: int = 1) -> Tape:
    """foo waits for its hub to be idle while bar runs for so long each time; then, or before, the hub polls."""
    tape = spawned("foo", "bar")
    for _ in range(turns):
        tape.switch("hub", "foo").waits("foo", words.IDLE, "gevent.idle()").switch("foo", "hub", line=5)
        for _ in range(steps):
            tape.switch("hub", "bar").at(tape.t_ns + step_ms * MS).waits("bar", words.SLEEP, "0 s", 0)
            tape.switch("bar", "hub", line=12).wake("bar", "hub", words.TIMER)
        if polls_ms:
            tape.poll("hub", 1).at(tape.t_ns + polls_ms * MS).poll("hub", 0)
        tape.wake("foo", "hub", words.CALLBACK)
    return tape.switch("hub", "foo").exits("foo").switch("foo", "hub")


def test_who_waits_for_a_hub_that_is_never_idle_starves() -> None:
    sentence, tracks, _, line = only(idles(20, 10), "starvation")
    assert sentence == (
        "foo waited for 0.2 s in gevent.idle() (demo.py:5), at most 0.2 s at once: it runs only when nobody else is "
        "ready, and meanwhile bar ran"
    )
    assert (tracks, line) == (["foo", "bar"], 5)
    assert kinds(idles(9, 10)) == [], "not for long"
    assert "starvation" not in kinds(idles(1, 200)), "a hog is told as that"
    assert kinds(idles(2, 10, polls_ms=400)) == [], "mostly nobody ran"


def test_who_polls_by_select() -> None:
    tape = Tape()
    for number in range(1, 5):
        tape.waits("main", words.SELECT, "selector.select(9)").parks(line=5).at(tape.t_ns + 50 * MS)
        tape.tie("main", words.SPINS, f"{number}00 write 7").wake("main", words.NOBODY, words.IO).unparks()
    sentence, tracks, _, line = only(tape, "busy_poll")
    assert sentence == (
        "main polls: selector.select(9) (demo.py:5) found room to write (descriptor 7) 400 times in a row, for 0.15 s "
        "and longer, and it used no socket meanwhile"
    )
    assert (tracks, line) == (["main"], 5)


def test_who_waits_behind_a_hog_again_and_again_starves_if_it_lives_long() -> None:
    assert kinds(ready_in_turns(2, 120)) == ["hog"]
    assert sorted(kinds(ready_in_turns(3, 120))) == ["hog", "starvation"]
    ended = ready_in_turns(3, 120).exits("foo").switch("foo", "hub")
    assert kinds(ended.at(2_000 * MS).prints("x")) == ["hog"], "as a request, of which there are many"


def test_being_ready_for_a_small_part_of_a_long_life_is_no_starvation() -> None:
    assert kinds(ready_in_turns(4, 30).at(2_000 * MS).prints("x")) == []


def test_one_long_wait_is_no_starvation_if_it_is_not_most_of_its_life() -> None:
    def tape(until_ms: int) -> Tape:
        tape = spawned("foo", "bar", "baz").switch("hub", "foo").waits("foo", words.EVENT, "e.wait()")
        tape.switch("foo", "hub", line=5).wake("foo", words.NOBODY, words.CALLBACK)
        for number, name in enumerate(("bar", "baz"), 1):
            tape.switch("hub", name).at((1 + 60 * number) * MS).switch(name, "hub", line=12)
        tape.switch("hub", "foo").waits("foo", words.EVENT, "e.wait()").switch("foo", "hub", line=5)
        return tape.at(until_ms * MS).prints("x")

    assert "starvation" in kinds(tape(150))
    assert "starvation" not in kinds(tape(500))
    assert "lost_time" in kinds(tape(500))


def test_who_is_woken_often_and_has_its_turn_each_time_does_not_starve() -> None:
    assert kinds(ready_in_turns(10, 11)) == ["starvation"]
    assert kinds(ready_in_turns(40, 9)) == []


def test_no_starvation_at_the_end_of_a_long_queue() -> None:
    keys = [f"k{number}" for number in range(20)]
    tape = spawned(*keys)
    for number, key in enumerate(keys, 1):
        tape.switch("hub", key).at(round((1 + number * 9.8) * MS)).exits(key).switch(key, "hub")
    assert kinds(tape) == []


def test_no_starvation_where_nobody_else_ran() -> None:
    tape = spawned("foo").switch("hub", "foo").waits("foo", words.RESULT, "r.get()").switch("foo", "hub", line=5)
    tape.at(2 * MS).wake("foo", words.NOBODY, words.CALLBACK).poll("hub", 1)
    tape.at(200 * MS).poll("hub", 0).switch("hub", "foo")
    assert only(tape, "lost_time")[0] == "foo ran only 0.2 s after it was woken"
    assert kinds(tape) == ["lost_time"]
    tape = spawned("foo").switch("hub", "foo").waits("foo", words.RESULT, "r.get()").switch("foo", "hub", line=5)
    tape.at(2 * MS).wake("foo", words.NOBODY, words.CALLBACK).at(200 * MS).switch("hub", "foo")
    assert "starvation" not in kinds(tape), "the hub is nobody else"


def polling(times: int, *, between: str = "", step_ns: int = 110_000) -> Tape:
    tape = spawned("foo", "bar")
    for number in range(times):
        tape.switch("hub", "foo")
        if between == "prints" and number == times // 2:
            tape.prints("x")
        if between == "wakes" and number == times // 2:
            tape.wake("bar", "foo", words.CALLBACK)
        tape.at(tape.t_ns + step_ns).waits("foo", words.SLEEP, "0 s", 0).switch("foo", "hub", line=7)
        tape.at(tape.t_ns).wake("foo", "hub", words.TIMER)
    return tape


def test_busy_poll() -> None:
    sentence = "foo polls: it slept 0 s 100 times in a row for 11 ms and was seen to do nothing else (demo.py:7)"
    assert only(polling(100), "busy_poll") == (sentence, ["foo"], 1, 7)
    for tape in (
        polling(99),
        polling(110, step_ns=STEP_NS),
        polling(110, between="prints"),
        polling(110, between="wakes"),
        polling(110, step_ns=2 * MS),
    ):
        assert "busy_poll" not in kinds(tape)


def test_a_poll_goes_on_where_a_step_takes_long_for_once() -> None:
    tape = polling(100)
    for step_ns in (2 * MS, *[STEP_NS] * 50):
        tape.switch("hub", "foo").at(tape.t_ns + step_ns).waits("foo", words.SLEEP, "0 s", 0)
        tape.switch("foo", "hub", line=7).wake("foo", "hub", words.TIMER)
    sentence = only(tape, "busy_poll")[0]
    assert sentence == (
        "foo polls: it slept 0 s 151 times in a row for 13 ms, 2 ms of it in 1 longer steps, and was seen to do "
        "nothing else (demo.py:7)"
    )


def fails(
    *, joined: str = "", outcome: str = words.RAISED, later: str = "", prints: str = "", main: str = words.RETURNED
) -> Tape:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    tape.spawn("foo", words.GREENLET, parent="hub", creator="main", line=30).wake("foo", "main", words.SPAWN)
    tape.waits("main", words.JOIN if joined else words.SLEEP, joined or "1 s").switch("main", "hub", line=31)
    tape.switch("hub", "foo")
    if prints:
        tape.prints(prints, words.STDERR)
    tape.exits("foo", outcome, "ValueError('x')").switch("foo", "hub")
    tape.wake("main", *(("foo", words.FINISHED) if joined else ("hub", words.TIMER))).switch("hub", "main")
    if later:
        tape.waits("main", words.JOIN, later).switch("main", "hub", line=32)
        tape.wake("main", "hub", words.UNKNOWN).switch("hub", "main")
    return tape.exits("main", main, "ValueError('x')").end()


def test_an_exception_that_nobody_retrieved() -> None:
    sentence, *rest = only(fails(), "unretrieved")
    assert rest == [["foo"], 0, 30]
    assert sentence.startswith("foo (demo.py:30) raised ValueError('x') → exception never retrieved (inferred: ")
    assert kinds(fails(joined="foo.get()")) == []
    assert kinds(fails(later="joinall(all, raise_error=True)")) == []
    assert kinds(fails(outcome=words.RETURNED)) == []


def test_an_exception_of_which_the_wait_for_its_end_tells_nobody() -> None:
    sentence, *rest = only(fails(joined="joinall([foo])"), "unretrieved")
    assert rest == [["foo"], 0, 30]
    assert sentence == (
        "foo (demo.py:30) raised ValueError('x') → exception never retrieved (inferred: main waited for it in "
        "joinall([foo]), demo.py:31, which does not raise it again; a later get() that need not wait is not recorded)"
    )
    assert kinds(fails(joined="foo.join()", later="joinall(all)")) == ["unretrieved"]
    assert kinds(fails(joined="foo.join()", later="other.get()")) == [], "perhaps it was this one's"
    assert kinds(fails(joined="foo.join()", outcome=words.KILLED)) == []
    assert kinds(fails(joined="foo.join()", main=words.RAISED)) == [], "main asked later, and died of it"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("log.exception('x'); os.link(a, b)", True),
        ("print(foo.exception)", False),
        ("if foo.successful(): pass", False),
        ("foo.link_exception(restart)", False),
        ("foo.link(done)", False),
    ],
)
def test_who_looks_at_what_a_greenlet_raised_knows_of_it(source: str, told: bool) -> None:
    assert kinds(fails(joined="foo.join()").lists(source)) == ["unretrieved"] * told


def test_an_exception_is_told_at_the_line_where_gevent_printed_that_it_was_raised() -> None:
    printed = 'Traceback:\n  File "greenlet.py", line 908, in run\n  File "/src/demo.py", line 5, in foo\n    1 / 0\n'
    sentence, *rest = only(fails(joined="foo.join()", prints=printed), "unretrieved")
    assert rest == [["foo"], 0, 5]
    assert sentence.startswith("foo raised ValueError('x') (demo.py:5) → exception never retrieved (inferred: ")
    inside = '  File "/lib/site-packages/gevent/socket.py", line 7, in recv\n  File "src/gevent/x.py", line 9, in y\n'
    assert only(fails(joined="foo.join()", prints=printed + inside), "unretrieved") == (sentence, *rest)
    assert only(fails(joined="foo.join()", prints="Traceback:\n" + inside), "unretrieved")[-1] == 30


def test_what_ends_the_program_is_no_exception_that_nobody_retrieved() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("foo", words.GREENLET, parent="hub", creator="main")
    tape.switch("main", "hub").switch("hub", "foo").exits("foo", words.RAISED, "SystemExit(3)").switch("foo", "hub")
    assert kinds(tape.switch("hub", "main").exits("main").end(code=3)) == []


def test_a_wait_of_which_the_trace_has_only_the_beginning_is_read_in_the_source() -> None:
    def tape(*lines: str) -> Tape:
        tape = Tape().lists("\n" * 30 + "\n".join(lines)).spawn("hub", words.HUB, parent="main")
        tape.spawn("foo", words.GREENLET, parent="hub", creator="main").wake("foo", "main", words.SPAWN)
        tape.waits("main", words.JOIN, "joinall([f…").switch("main", "hub", line=31).switch("hub", "foo")
        tape.exits("foo", words.RAISED, "ValueError('x')").switch("foo", "hub")
        return tape.wake("main", "foo", words.FINISHED).switch("hub", "main").exits("main").end()

    # The places of the tape are of column 4 to 12.
    assert kinds(tape("    join(us) ; pass")) == ["unretrieved"]
    assert kinds(tape("    f.get(1) ; pass")) == []
    assert kinds(tape()) == []


def test_who_was_killed_with_an_exception_is_no_news() -> None:
    def tape(cause: str) -> Tape:
        tape = Tape().spawn("hub", words.HUB, parent="main")
        tape.spawn("foo", words.GREENLET, parent="hub", creator="main", line=30).wake("foo", "main", cause)
        tape.waits("main", words.JOIN, "foo.join()").switch("main", "hub", line=31)
        tape.switch("hub", "foo", "ValueError('x')", words.THROW).exits("foo", words.RAISED, "ValueError('x')")
        return tape.switch("foo", "hub").wake("main", "foo", words.FINISHED).switch("hub", "main").exits("main").end()

    assert kinds(tape(words.KILL)) == []
    assert kinds(tape(words.TIMEOUT)) == ["unretrieved"], "nobody asked for that"


@pytest.mark.parametrize(
    ("expression", "only_waited"),
    [
        ("foo.join()", True),
        ("gevent.joinall(all, timeout=1)", True),
        ("gevent.joinall(all, None, False)", True),
        ("pool.join(1)", True),
        ("gevent.wait([foo])", True),
        ("gevent.wait()", True),
        ("pool.spawn(foo).wait()", False),
        ("pool.join(1, True)", False),
        ("gevent.joinall(all, None, True)", False),
        ("gevent.joinall(all, raise_error=strict)", False),
        ("gevent.joinall(*all)", False),
        ("gevent.joinall(all, **how)", False),
        ("foo.get()", False),
        ("pool.map(foo, all)", False),
        ("gevent.joinall([fo…", False),
        ("x + 1", False),
        ("", False),
    ],
)
def test_which_waits_hand_on_what_was_raised(expression: str, only_waited: bool) -> None:
    assert only_waits(expression) is only_waited


def test_what_a_raw_greenlet_raises_goes_to_its_parent() -> None:
    tape = Tape().spawn("foo", words.GREENLET, parent="main").switch("main", "foo")
    assert kinds(tape.exits("foo", words.RAISED).switch("foo", "main").exits("main").end()) == []


def test_never_started() -> None:
    def tape(*, runs: bool, ready: bool = True, kind: str = words.GREENLET) -> Tape:
        tape = Tape().spawn("hub", words.HUB, parent="main")
        tape.spawn("foo", kind, parent="hub", creator="main", line=30)
        if ready:
            tape.wake("foo", "main", words.SPAWN)
        if runs:
            tape.switch("main", "hub").switch("hub", "foo").exits("foo").switch("foo", "hub").switch("hub", "main")
        return tape.exits("main").end()

    sentence = "foo never ran: main spawned it (demo.py:30), but the program ended before its turn"
    assert only(tape(runs=False), "never_started") == (sentence, ["foo", "main"], 0, 30)
    assert kinds(tape(runs=True)) == []
    # By `spawn_later` it is the timer that makes it ready. One that nobody started is told at the end.
    assert kinds(tape(runs=False, ready=False)) == []
    late = Tape().spawn("hub", words.HUB, parent="main").exits("main")
    late.spawn("foo", words.GREENLET, parent="hub", creator="main", line=30)
    unstarted = "foo never ran: main made it (demo.py:30), but it was never started"
    assert only(late.end(), "never_started")[0] == unstarted
    assert kinds(tape(runs=False, kind=words.GENERATOR)) == []


def test_a_late_timer_names_who_ran() -> None:
    sentence = "bar ran → foo's 10 ms sleep (demo.py:5) ended 61 ms late"
    assert only(crunches(70), "late_timer") == (sentence, ["foo", "bar"], 72, 5)
    assert kinds(crunches(58)) == [], "49 ms late"


def test_a_late_timer_blames_nobody_alone_for_what_several_did() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for name in ("foo", "one", "two", "three"):
        tape.spawn(name, words.GREENLET, parent="hub", creator="main", line=30)
    tape.at(MS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    tape.switch("hub", "foo").waits("foo", words.SLEEP, "0.01 s", 10 * MS).switch("foo", "hub", line=5)
    for name, until_ms in (("one", 31), ("two", 62), ("three", 90)):
        tape.switch("hub", name).at(until_ms * MS).exits(name).switch(name, "hub")
    tape.wake("foo", "hub", words.TIMER).switch("hub", "foo").exits("foo").switch("foo", "hub")
    assert only(tape, "late_timer")[0] == (
        "others ran one after the other, two the longest, for 31 ms → "
        "foo's 10 ms sleep (demo.py:5) ended 79 ms late"
    )


def test_of_a_crowd_that_was_late_at_once_one_speaks_for_all() -> None:
    """The hog comes before those whom it made late."""
    workers = ["w1", "w2", "w3"]
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key, name in (*((key, "worker") for key in workers), ("bar", "bar")):
        tape.spawn(key, words.GREENLET, name, parent="hub", creator="main", line=30)
    tape.at(MS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    for ms in (0, 200):
        for number, key in enumerate(workers):
            tape.switch("hub", key).waits(key, words.SLEEP, "0.01 s", (10 + number) * MS).switch(key, "hub", line=5)
        tape.at((2 + ms) * MS).switch("hub", "bar").at((60 + ms) * MS).sample(13)
        tape.at((122 + ms) * MS).waits("bar", words.SLEEP, "0 s", 0).switch("bar", "hub", line=12)
        for key in workers:
            tape.wake(key, "hub", words.TIMER)
    for key in workers:
        tape.switch("hub", key).exits(key).switch(key, "hub")
    assert "late_timer" not in kinds(tape), "the hog tells whom it made late"
    [hog] = found(tape, "hog")
    sentence = hog.sentence
    assert sentence.startswith("bar ran for 0.12 s without yielding, sampled at demo.py:13 (1 sample)")
    assert sentence.endswith(
        " → worker-1 ran 0.11 s late, worker-2 ran 0.11 s late and worker-3 ran 0.11 s late; the longest of 2 such runs"
    )
    assert sorted(hog.lost_by) == [tape.ids[key] for key in workers]
    assert 600 * MS < hog.cost_ns < 700 * MS


def test_a_timer_that_was_late_while_the_hub_polled_accuses_nobody() -> None:
    tape = spawned("foo").switch("hub", "foo").waits("foo", words.SLEEP, "0.01 s", 10 * MS)
    tape.switch("foo", "hub", line=5).poll("hub", 1)
    tape.at(90 * MS).poll("hub", 0).wake("foo", "hub", words.TIMER).switch("hub", "foo")
    assert kinds(tape) == []


def test_a_timer_that_was_late_because_of_many_short_turns() -> None:
    tape = spawned("foo", "bar").switch("hub", "foo").waits("foo", words.SLEEP, "0.01 s", 10 * MS)
    tape.switch("foo", "hub", line=5)
    for ms in range(2, 66, 8):
        tape.at(ms * MS).switch("hub", "bar").at((ms + 7) * MS).switch("bar", "hub", line=12)
    tape.wake("foo", "hub", words.TIMER).switch("hub", "foo")
    sentence = "bar ran in short turns, yielding at demo.py:12 → foo's 10 ms sleep (demo.py:5) ended 54 ms late"
    assert only(tape, "late_timer")[:2] == (sentence, ["foo", "bar"])


def test_timers_that_the_same_tracks_made_late_are_one_problem() -> None:
    tape = spawned("foo", "baz", "bar-1", "bar-2")
    tape.rename("bar-1", "bar").rename("bar-2", "bar")
    for victim, line in (("foo", 5), ("baz", 8)):
        tape.switch("hub", victim).waits(victim, words.SLEEP, "0.01 s", 10 * MS).switch(victim, "hub", line=line)
    for ms in range(2, 130, 16):
        for number, bar in enumerate(("bar-1", "bar-2")):
            tape.at((ms + 8 * number) * MS).switch("hub", bar)
            tape.at((ms + 8 * number + 7) * MS).switch(bar, "hub", line=12)
    for victim in ("foo", "baz"):
        tape.wake(victim, "hub", words.TIMER).switch("hub", victim).exits(victim).switch(victim, "hub")
    sentence, tracks, *_ = only(tape, "late_timer")
    assert sentence == (
        "2 × bar ran in short turns, yielding at demo.py:12 → baz's 10 ms sleep (demo.py:8) ended 0.12 s late; "
        "the longest of 2 such delays of foo and baz"
    )
    assert sorted(tracks[1:]) == ["bar-1", "bar-2"]
    assert tracks[0] == "baz"


def asks(
    *took_ms: int, opened: bool = True, gap_ms: float = 0, prints: str = "the page\n\n", known: bool = False,
    serves: bool = True, pooled: str = "",
) -> Tape:
    """foo asks for so many pages at line 5; serve, which sleeps at line 8, gives them to it.

    `known`: the addresses of foo's connection are known; `serves`: it is serve that has the other end. `pooled`: who
    has used that connection before, and foo has not opened it.
    """
    tape, local, peer = spawned("foo", "serve").at(2 * MS).switch("hub", "foo"), "127.0.0.1:5000", ":80" * known
    if pooled:
        opened, tape = False, tape.tie(pooled, words.OPENED, f"{local} {peer}")
    for took in took_ms:
        since_ns = tape.t_ns + STEP_NS
        if opened:
            tape.waits_for_socket("foo", "get()", words.CONNECT, local, peer).switch("foo", "hub", line=5)
            tape.wake("foo", "hub", words.IO).switch("hub", "foo")
        if pooled:
            tape.waits_for_connection("foo", "get()", words.READ, f"fd 6 {local} {peer}")
        else:
            tape.waits_for_socket("foo", "get()", words.READ, local, peer)
        tape.switch("foo", "hub", line=5)
        if known and serves and took != took_ms[0]:
            # It was ready for no time.
            tape.wake("serve", "hub", words.IO).at(tape.t_ns)
        tape.switch("hub", "serve").waits("serve", words.SLEEP, f"{took} ms", took * MS)
        tape.switch("serve", "hub", line=8).at(since_ns + took * MS)
        tape.wake("serve", "hub", words.TIMER).switch("hub", "serve")
        if known and serves:
            tape.waits_for_socket("serve", "recv()", words.READ, peer, local)
        else:
            tape.waits("serve", words.EVENT, "more.wait()")
        tape.switch("serve", "hub", line=9).at(tape.t_ns + STEP_NS + round(gap_ms * MS))
        tape.wake("foo", "hub", words.IO).switch("hub", "foo").prints(prints)
    return tape.exits("foo").switch("foo", "hub")


def test_the_slowest_of_several_answers_and_who_was_slow() -> None:
    waited = "foo waited 0.3 s for the slowest of 3 answers (demo.py:5), 0.2 s on average"
    printed = '; then it printed "the page"'
    inferred = "serve slept 0.3 s (demo.py:8) and ran just before the answer came (inferred: it gave the answer) → "
    assert only(asks(100, 300, 200), "slow_answer") == (inferred + waited + printed, ["foo", "serve"], 102, 5)
    known = f"serve, at the other end, slept 0.3 s (demo.py:8) → {waited}{printed}"
    assert only(asks(100, 300, 200, known=True, gap_ms=2), "slow_answer") == (known, ["foo", "serve"], 104, 5)
    assert only(asks(100, 300, 200, known=True, pooled="serve"), "slow_answer")[0] == known
    outside = f"{waited}; it came from outside: nothing recorded has the other end, :80{printed}"
    assert only(asks(100, 300, 200, known=True, serves=False), "slow_answer") == (outside, ["foo"], 102, 5)


def asks_another_process(*took_ms: int, port: int = 80, peer: str = "127.0.0.1:80") -> Tape:
    """The main thread opens a connection to `port` for each of so many requests, and waits for the answer at line 5,
    over one with `peer`; the main thread of a forked process serves them, and sleeps at line 8."""
    tape = Tape().forks("child").at(2 * MS)
    for number, took in enumerate(took_ms):
        since_ns, local = tape.t_ns + STEP_NS, f"127.0.0.1:{5000 + number}"
        tape.thread("main").waits_for_socket("main", "ask()", words.CONNECT, "", f"127.0.0.1:{port}")
        tape.parks("main", line=5).wake("main", -1, words.IO).unparks("main")
        tape.waits_for_socket("main", "ask()", words.READ, local, peer).parks("main", line=5)
        tape.thread("child").serves("child", f"GET /{number}", peer, local)
        tape.waits("child", words.SLEEP, f"{took} ms", took * MS).parks("child", line=8)
        tape.at(since_ns + took * MS).wake("child", -1, words.TIMER).unparks("child").serves("child", None)
        tape.thread("main").wake("main", -1, words.IO).unparks("main")
    return tape


def test_who_was_slow_to_answer_in_another_process() -> None:
    """It never waited for the connection: what it was asked was there by then."""
    sentence, tracks, _, line = only(asks_another_process(100, 300, 200), "slow_answer")
    waited = "main waited 0.3 s for the slowest of 3 answers (demo.py:5), 0.2 s on average"
    assert sentence == f"GET /1 (child), at the other end, slept 0.3 s (demo.py:8) → {waited}"
    assert (tracks, line) == (["main", "child"], 5)
    # It waits to be asked, over a connection that somebody else has opened to it.
    assert "slow_answer" not in kinds(asks_another_process(100, 300, 200, peer="127.0.0.1:6000"))
    assert "slow_answer" not in kinds(asks_another_process(100, 300, 200, port=81))


def test_of_a_slow_answer_no_more_is_told_than_is_known() -> None:
    sentence, tracks, _, _ = only(asks(100, 300, 200, gap_ms=2, prints="\n"), "slow_answer")
    assert sentence == "foo waited 0.3 s for the slowest of 3 answers (demo.py:5), 0.2 s on average"
    assert tracks == ["foo"]
    assert "…" in only(asks(100, 300, 200, prints="page " * 20), "slow_answer")[0]


@pytest.mark.parametrize(
    "tape",
    [asks(100, 300), asks(200, 200, 210), asks(10, 30, 20), asks(50, 90, 60), asks(100, 300, 200, opened=False)],
)
def test_no_answer_is_called_slow(tape: Tape) -> None:
    assert "slow_answer" not in kinds(tape)


def test_all_answers_were_slow_since_who_gave_them_slept() -> None:
    sentence, tracks, _, line = only(asks(150, 150, 150, known=True), "slow_answer")
    waited = "foo waited for 3 answers (demo.py:5), 0.15 s each on average"
    assert sentence == f"serve, at the other end, slept 0.15 s for each (demo.py:8) → {waited}"
    assert (tracks, line) == (["foo", "serve"], 5)
    assert "slow_answer" not in kinds(asks(60, 60, 60, known=True))
    assert "slow_answer" not in kinds(asks(150, 150, 150, known=True, serves=False))


def test_a_trace_of_which_some_is_missing() -> None:
    def tape(*dropped: tuple[str, int]) -> Tape:
        tape = producer_consumer()
        tape.events += [ev.Dropped(7_000, what, count) for what, count in dropped]
        return tape.exits("main").end()

    [one] = findings(tape(("events", 1), ("unreadable lines", 4), ("events", 2)).timeline())
    sentence = "2 events could not be written and 4 lines could not be read: their events are missing here"
    assert one == Finding("incomplete", sentence, (), 7_000, None, None)
    [one] = findings(tape(("characters of output", 1), ("unreadable lines", 1)).timeline())
    assert one.sentence == "1 line could not be read: its events are missing here"
    assert kinds(tape(("characters of output", 7), ("events", 0))) == []


@pytest.mark.parametrize("tape", [Tape, producer_consumer, sleeps])
def test_programs_without_fault(tape: type[Tape]) -> None:
    assert kinds(tape().exits("main").end()) == []


def test_in_order_of_time_and_of_known_kinds() -> None:
    tape = crunches(200).exits("foo", words.RAISED).switch("foo", "hub").end()
    every = findings(tape.timeline())
    assert [one.kind for one in every] == ["hog", "unretrieved"]
    assert [one.t_ns for one in every] == sorted(one.t_ns for one in every)
    assert {one.kind for one in every} <= set(KINDS)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 500))
def test_found_while_it_grows_as_in_one_piece(pieces: list[int], most: int) -> None:
    tape = crunches(200).exits("foo", words.RAISED).switch("foo", "hub")
    tape.switch("hub", "bar").exits("bar").switch("bar", "hub").end()
    timeline = Timeline()
    growing = Findings(timeline)
    events = iter(tape.events)
    for piece in pieces:
        for _, event in zip(range(piece), events, strict=False):
            feed(timeline, [event])
        growing.take(most)
        growing.found()
    feed(timeline, [*events])
    while growing.take(most):
        pass
    assert growing.found() == findings(tape.timeline())


@given(st.lists(EVENTS, max_size=40), st.integers(1, 7))
def test_of_any_events(events: list[ev.Event], most: int) -> None:
    timeline = Timeline()
    feed(timeline, events)
    growing = Findings(timeline)
    while growing.take(most):
        pass
    assert growing.found() == findings(timeline)


@pytest.mark.parametrize(("number", "told"), [(11, True), (6, True), (15, False), (2, False), (9, False), (0, False)])
def test_a_signal_that_nobody_sends_on_purpose_ended_the_program(number: int, told: bool) -> None:
    tape = spawned("foo").end(code=-1 if number else 0, signal=number)
    expected = [] if not told else [f"SIG{'SEGV' if number == 11 else 'ABRT'} ended main, last seen at demo.py:40"]
    assert [one.sentence.partition(" → ")[0] for one in found(tape, "process_died")] == expected


def test_text_of_the_trace_is_harmless() -> None:
    tape = (
        Tape().spawn("a", words.GREENLET, "\x1b[31m\n", parent="main").switch("main", "a").switch("a", "main", line=3)
    )
    [one] = findings(tape.exits("main").end().timeline())
    assert one.sentence == "␛[31m␊ was never resumed after it switched to main (demo.py:3)"


def test_lists() -> None:
    assert [listed(list("abcdefg"[:count])) for count in (0, 1, 2, 4, 5)] == [
        "", "a", "a and b", "a, b, c and d", "a, b, c and 2 others",
    ]
