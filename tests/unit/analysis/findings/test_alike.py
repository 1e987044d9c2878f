"""One problem of many tracks is one line, whatever each of them is called; two problems are two."""

from __future__ import annotations

import pytest

from tests.unit.analysis.findings.test_findings import MS, kinds, only, spawned
from tests.unit.analysis.findings.test_held_and_leaked import found, greenlets, holds, spawns
from tests.unit.analysis.findings.test_kept_off import kept_off
from tests.unit.analysis.tape import FILE, Tape
from visualizer.analysis.findings import findings, grouped
from visualizer.analysis.findings.base import function_of
from visualizer.analysis.model.timeline import Place
from visualizer.analysis.text.vain_tries import vain_try
from visualizer.trace import words


@pytest.mark.parametrize(
    ("kind", "name", "called"),
    [
        (words.TASK, "compact 8", "compact"),
        (words.TASK, "client 3.1", "client"),
        (words.TASK, "stage2", "stage2"),
        (words.TASK, "Shop.step_2", "Shop.step_2"),
        (words.THREAD, "worker-3", "worker"),
        (words.THREAD, "pool_1", "pool"),
        (words.THREAD, "Thread-7 (serve)", "serve"),
        (words.THREAD, "utf-8 reader", "utf-8 reader"),
        (words.GREENLET, "<genexpr>", "<genexpr>"),
        (words.GREENLET, "42", "42"),
    ],
)
def test_what_tracks_that_do_the_same_are_called(kind: str, name: str, called: str) -> None:
    tape = Tape().spawn("a", kind, name)
    timeline = tape.timeline()
    assert function_of(timeline, timeline.tracks[tape.ids["a"]]) == called


def two_that_hold(*names: str, serves: bool = False) -> list[str]:
    tape = greenlets(*names, "waits")
    for number, name in enumerate(names):
        if serves:
            tape.serves(name, f"GET /{name}")
        holds(tape, name, "waits", 10 + 210 * number, 200)
        tape.exits(name).switch(name, "hub").switch("hub", "waits")
        tape.waits("waits", words.EVENT, "e.wait()").switch("waits", "hub", line=9).wake("waits", "hub", words.TIMER)
    timeline = tape.timeline()
    groups = grouped(timeline, findings(timeline))
    return [group.sentence for group in groups if group.worst.kind == "lock_held"]


def test_a_lock_that_several_of_a_function_hold_is_one_problem() -> None:
    assert len(two_that_hold("worker 1", "worker 2")) == 1
    assert len(two_that_hold("a", "b", serves=True)) == 1, "of a server they are called by their requests"
    assert len(two_that_hold("reads", "writes")) == 2, "which are two functions"


def test_what_leaks_is_no_second_problem_where_few_of_it_were_spawned_elsewhere() -> None:
    def tape(line: int) -> list[str]:
        ran = spawns(9).switch("hub", "main")
        ran.spawn("other", words.GREENLET, "keep", parent="hub", creator="main", line=80)
        ran.wake("other", "main", words.SPAWN).switch("main", "hub", line=41).switch("hub", "other")
        ran.waits("other", words.EVENT, "done.wait()").switch("other", "hub", line=line)
        return kinds(ran.wake("main", "audit", words.FINISHED).switch("hub", "main").exits("main").end())

    assert tape(65) == ["leak"]
    assert sorted(tape(66)) == ["leak", "never_resumed"], "it waits elsewhere"


@pytest.mark.parametrize(("shared", "expected"), [(False, ["leak"]), (True, [])])
def test_who_waits_in_a_loop_for_what_nobody_else_knows_leaks(shared: bool, expected: list[str]) -> None:
    tape = greenlets("audit").lists("\n" * 63 + "while True:\n    inbox.get()\n")
    for number in range(9):
        tape.at((number + 1) * 10 * MS).switch("hub", "audit")
        tape.spawn(f"k{number}", words.GREENLET, "keep", parent="hub", creator="audit", line=69)
        tape.wake(f"k{number}", "audit", words.SPAWN).switch("audit", "hub", line=70).switch("hub", f"k{number}")
        tape.waits(f"k{number}", words.QUEUE, "inbox.get()", thing=f"Queue {1 if shared else number}")
        tape.switch(f"k{number}", "hub", line=65)
    assert kinds(tape.at(100 * MS).switch("hub", "audit").exits("audit").switch("audit", "hub")) == expected


def test_daemons_that_a_program_leaves_when_it_ends_are_no_deadlock() -> None:
    def tape(code: int, signal: int) -> list[str]:
        ran = Tape().spawn("t", words.THREAD, creator="main", line=3).thread("t")
        ran.waits("t", words.EVENT, "gone.wait()", thing="Event 1").parks(line=6).thread("main").at(10 * MS)
        if not signal:
            ran.exits("main")
        else:
            ran.waits("main", words.EVENT, "over.wait()", thing="Event 2").parks(line=9)
        return kinds(ran.at(2_000 * MS).end(code, signal))

    assert tape(0, 0) == []
    assert tape(-1, 14) == ["deadlock"]


def test_a_hog_that_the_machine_made_longer_explains_who_was_ready_meanwhile() -> None:
    def tape(length_ms: int) -> Tape:
        ran = spawned("foo", "bar").switch("hub", "foo").waits("foo", words.EVENT, "e.wait()")
        ran.switch("foo", "hub", line=5).at(2 * MS).switch("hub", "bar").wake("foo", "bar", words.CALLBACK)
        ran.at(842 * MS).switch("bar", "hub", line=12).switch("hub", "foo").exits("foo").switch("foo", "hub")
        return kept_off(ran, ran.ids["main"], words.NOBODY, 0, 845, length_ms)

    assert kinds(tape(0)) == ["hog"]
    assert kinds(tape(660)) == ["hog"], "0.18 s of it are its own"


def test_of_a_crowd_that_shares_the_time_nobody_starves() -> None:
    keys = [f"k{number}" for number in range(10)]

    def tape(ms: float) -> list[str]:
        ran = spawned(*keys)
        now = 1.0
        for _ in range(12):
            for key in keys:
                now += ms if key == "k0" else 1.9
                ran.switch("hub", key).at(round(now * MS)).waits(key, words.SLEEP, "0 s", 0).switch(key, "hub", line=8)
                ran.wake(key, "hub", words.TIMER)
        return [one.sentence[:2] for one in found(ran, "starvation")]

    assert tape(1.9) == [], "there was too much to do for all"
    assert tape(0.9) == ["k0"], "it had less than half as much as the others"


@pytest.mark.parametrize(
    ("turns", "rests_ms", "own_ms", "expected"),
    [(5, 0, 0.1, ["starvation"]), (2, 0, 0.1, []), (5, 120, 0.1, []), (5, 0, 6, [])],
    ids=["again and again", "twice", "a small part of its life", "as long as the others"],
)
def test_who_stands_behind_the_same_long_queue_again_and_again_starves(
    turns: int, rests_ms: int, own_ms: float, expected: list[str]
) -> None:
    keys = [f"picture {number}" for number in range(12)]
    # Main ran for long before: what counts is who did while foo lived.
    ran = Tape().spawn("hub", words.HUB, parent="main").at(500 * MS)
    for key in ("foo", *keys):
        ran.spawn(key, words.GREENLET, parent="hub", creator="main", line=30).wake(key, "main", words.SPAWN)
    ran.waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    for _ in range(turns):
        for key in keys:
            ran.switch("hub", key).at(ran.t_ns + 6 * MS).waits(key, words.SLEEP, "0 s", 0).switch(key, "hub", line=8)
            ran.wake(key, "hub", words.TIMER)
        ran.switch("hub", "foo").at(ran.t_ns + round(own_ms * MS)).waits("foo", words.SLEEP, "1 s", rests_ms * MS)
        ran.switch("foo", "hub", line=5)
        if rests_ms:
            ran.poll("hub", 1).at(ran.t_ns + rests_ms * MS).poll("hub", 0)
        ran.wake("foo", "hub", words.TIMER)
    ran.switch("hub", "foo").exits("foo").switch("foo", "hub")
    told = found(ran, "starvation")
    assert [one.kind for one in told] == expected
    for one in told:
        assert one.sentence == (
            "foo was ready but did not run for 0.36 s, 100% of its life, at most 72 ms at once, "
            "while 12 × picture ran in short turns, yielding at demo.py:8"
        )


def test_a_crowd_that_resumes_generators_is_named_and_not_those() -> None:
    ran = spawned("foo", "work 1", "work 2").spawn("gen", words.GENERATOR, "<genexpr>", parent="work 1")
    ran.switch("hub", "foo").waits("foo", words.SLEEP, "0.005 s", 5 * MS).switch("foo", "hub", line=5)
    for number, name in enumerate(("work 1", "work 2", "work 1", "work 2")):
        ran.switch("hub", name).switch(name, "gen").at((2 + 30 * (number + 1)) * MS).switch("gen", name)
        ran.waits(name, words.SLEEP, "0 s", 0).switch(name, "hub", line=12).wake(name, "hub", words.TIMER)
    ran.wake("foo", "hub", words.TIMER).switch("hub", "foo").exits("foo").switch("foo", "hub")
    sentence = only(ran, "late_timer")[0]
    assert sentence.startswith("2 × work ran one after the other, work ")
    assert " the longest, for 30 ms → foo's 5 ms sleep (demo.py:5) ended " in sentence


@pytest.mark.parametrize(("asked", "expected"), [(True, ["interpreter_held"]), (False, [])])
def test_a_thread_that_keeps_the_interpreter_from_one_that_slept(asked: bool, expected: list[str]) -> None:
    ran = Tape().spawn("other", words.THREAD, line=7).spawn("ping", words.THREAD, line=8).thread("ping")
    ran.waits("ping", words.EVENT, "stop.wait(0.01)", 10 * MS if asked else -1, thing="Event 1").parks(line=9)
    ran.at(300 * MS).unparks().exits("ping").thread("main")
    told = findings(kept_off(ran, words.NOBODY, ran.ids["other"], 3, 300, 297).timeline())
    assert [one.kind for one in told] == expected
    for one in told:
        assert one.sentence.endswith("→ ping could not run meanwhile")


LOOP = """\
while not stop.is_set():
    try:
        {tried}
        sent += 1
    except queue.Empty:
        {failed}
"""
POLLED = """\
while True:
    if jobs.empty():
        {failed}
        continue
    work(jobs.get_nowait())
"""


RETURNED = """\
while jobs:
    done, jobs = {tried}
    results += [one.result() for one in done]
"""
SELECTS = """\
while True:
    limit = {limit}
    for key in poller.select(limit):
        serve(key)
"""


@pytest.mark.parametrize(
    ("source", "lines", "expected"),
    [
        (LOOP.format(tried="jobs.get_nowait()", failed="time.sleep(0)"), [6, 3], "jobs.get_nowait()"),
        (LOOP.format(tried="jobs.get_nowait()", failed="missed += 1"), [6, 3], "jobs.get_nowait()"),
        (LOOP.format(tried="jobs.get_nowait()", failed="missed += work()"), [6, 3], ""),
        (LOOP.format(tried="jobs.get_nowait()", failed="at[work()] += 1"), [6, 3], ""),
        (LOOP.format(tried="item = jobs.get(timeout=0)", failed="pass"), [3, 3], "jobs.get(timeout=0)"),
        (LOOP.format(tried="jobs.get(block=False)", failed="continue"), [3, 3], "jobs.get(block=False)"),
        (POLLED.format(failed="time.sleep(0)"), [3, 2], "jobs.empty()"),
        (LOOP.format(tried="jobs.get_nowait()", failed="time.sleep(0.1)"), [3, 3], ""),
        (LOOP.format(tried="jobs.get(timeout=1)", failed="pass"), [3, 3], ""),
        (LOOP.format(tried="jobs.get_nowait()", failed="break"), [3, 3], ""),
        (LOOP.format(tried="jobs.get_nowait()", failed="pass"), [4, 4], ""),
        (POLLED.format(failed="refill()"), [3, 2], ""),
        ("while True:\n    try:", [1, 1], ""),
        (RETURNED.format(tried="wait(jobs, timeout=0)"), [2, 2], "wait(jobs, timeout=0)"),
        (RETURNED.format(tried="wait(jobs, timeout=0.5)"), [2, 2], ""),
        (RETURNED.format(tried="wait(jobs, timeout=0)"), [3, 2], ""),
        (RETURNED.format(tried="jobs.get(timeout=0)"), [2, 2], ""),
        (SELECTS.format(limit=0), [3, 3], "poller.select(limit)"),
        (SELECTS.format(limit="1 if idle else 0"), [3, 3], ""),
        ("while not link.poll(0):\n    looked += 1", [1, 2], "while not link.poll(0)"),
        ("while not link.poll(1):\n    looked += 1", [1, 2], ""),
        ("while jobs.get_nowait():\n    pass", [1, 2], ""),
        ("while any(one.is_alive() for one in crew):\n    pass", [1, 2], "while any(one.is_alive() for one in crew)"),
        ("while any(work(one) for one in crew):\n    pass", [1, 2], ""),
    ],
)
def test_a_thread_that_tries_in_vain_without_waiting_polls(source: str, lines: list[int], expected: str) -> None:
    tape = Tape().lists(source)
    for number, line in enumerate(lines * 3, 1):
        tape.at(number * 30 * MS).sample(line)
    told = findings(tape.at(200 * MS).exits("main").end().timeline())
    assert [one.kind for one in told] == ["busy_poll"] * bool(expected)
    for one in told:
        assert one.sentence.startswith(f"main polls: `{expected}` ran for 0.2 s, ")


def test_outside_of_such_a_loop_nothing_is_tried_in_vain() -> None:
    timeline = Tape().lists(f"x = 1\n{LOOP.format(tried='jobs.get_nowait()', failed='pass')}").timeline()
    assert vain_try(timeline, Place(FILE, "work", 1, 1, -1, -1)) is None
    assert vain_try(timeline, Place("elsewhere.py", "work", 3, 3, -1, -1)) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [("Unhandled exception in client_connected_cb\ntransport: <T>\n", ["unretrieved"]), ("Bad request\n", [])],
)
def test_what_a_connection_of_asyncio_raised(head: str, expected: list[str]) -> None:
    tape = Tape().spawn("loop", words.LOOP, parent="main").spawn("serve", words.TASK, parent="loop", creator="loop")
    tape.switch("main", "loop").wake("serve", "loop", words.SPAWN).switch("loop", "serve")
    tape.exits("serve", words.RAISED, "ValueError('few')").switch("serve", "loop")
    traceback = f'Traceback (most recent call last):\n  File "{FILE}", line 56, in serve\n    a, b = line\n'
    tape.prints(f"{head}{traceback}ValueError: few\n", words.STDERR)
    told = [one for one in findings(tape.timeline()) if one.kind == "unretrieved"]
    assert [one.kind for one in told] == expected
    for one in told:
        assert (one.sentence, one.line) == (
            "serve (demo.py:56) raised ValueError('few') → exception never retrieved: loop printed it and went on", 56
        )  # fmt: skip
