"""Locks held while their holder waits, and tracks that are spawned again and again and never end: each with siblings in
which nothing is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import Finding, findings
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.held_locks import locked
from visualizer.trace import words

MS = 1_000_000


def found(tape: Tape, kind: str) -> list[Finding]:
    return [one for one in findings(tape.timeline()) if one.kind == kind]


def greenlets(*keys: str) -> Tape:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in keys:
        tape.spawn(key, words.GREENLET, parent="hub", creator="main", line=30).wake(key, "main", words.SPAWN)
    return tape.waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)


def holds(tape: Tape, holder: str, waiter: str, at_ms: float, for_ms: float) -> Tape:
    """The holder sleeps at line 5 from `at_ms` on, the waiter waits for the lock at line 7 until that releases it."""
    tape.at(round(at_ms * MS)).switch("hub", holder)
    tape.waits(holder, words.SLEEP, f"{for_ms} ms", round(for_ms * MS)).switch(holder, "hub", line=5)
    tape.switch("hub", waiter).waits(waiter, words.LOCK, "lock.acquire()", thing="RLock 1")
    tape.switch(waiter, "hub", line=7).poll("hub", 1)
    tape.at(round((at_ms + for_ms) * MS)).poll("hub", 0).wake(holder, "hub", words.TIMER).switch("hub", holder)
    return tape.wake(waiter, holder, words.CALLBACK)


def test_a_lock_that_is_held_across_a_sleep() -> None:
    tape = holds(greenlets("a", "b"), "a", "b", 10, 200)
    tape.exits("a").switch("a", "hub").switch("hub", "b").exits("b").switch("b", "hub")
    [one] = found(tape, "lock_held")
    assert one.sentence == (
        "a kept lock (RLock 1) from others for 0.2 s, in which it slept 0.2 s (demo.py:5) → "
        "b waited for it (demo.py:7), 0.2 s in all"
    )
    names = {number: key for key, number in tape.ids.items()}
    assert [names[track] for track in one.tracks] == ["a", "b"]
    assert (one.line, one.cost_ns // MS, [names[track] for track in one.lost_by]) == (5, 200, ["b"])


@pytest.mark.parametrize("runs_between", [False, True])
def test_one_that_is_asked_for_again_and_again(runs_between: bool) -> None:
    """Waits with a limit, one behind the other: it was held all the time, unless its holder ran between two of them."""
    tape = greenlets("a", "b").at(10 * MS).switch("hub", "a")
    tape.waits("a", words.SLEEP, "0.4 s", 400 * MS).switch("a", "hub", line=5)
    for ms in (10, 110, 210, 310):
        tape.at(ms * MS).poll("hub", 0) if ms > 10 else None
        if ms > 10:
            tape.wake("b", "hub", words.TIMEOUT)
        if ms == 210 and runs_between:
            tape.wake("a", "hub", words.TIMER).switch("hub", "a")
            tape.waits("a", words.SLEEP, "0.2 s", 200 * MS).switch("a", "hub", line=5)
        tape.switch("hub", "b").waits("b", words.LOCK, "lock.acquire(timeout=0.1)", 100 * MS, thing="RLock 1")
        tape.switch("b", "hub", line=7).poll("hub", 1)
    tape.at(410 * MS).poll("hub", 0).wake("a", "hub", words.TIMER).switch("hub", "a").wake("b", "a", words.CALLBACK)
    tape.exits("a").switch("a", "hub").switch("hub", "b").exits("b").switch("b", "hub")
    [one] = found(tape, "lock_held")
    since_ms = 210 if runs_between else 10
    assert one.t_ns // MS == since_ms
    assert f" from others for 0.{4 - since_ms // 100} s, in which it slept" in one.sentence
    assert one.sentence.endswith(f"0.{4 - since_ms // 100} s in all")


def test_it_is_not_held_by_whoever_was_woken_before_that_one_runs() -> None:
    """What others lost then is by whoever kept that one from running."""
    tape = greenlets("a", "b", "c").at(10 * MS)
    for name in ("b", "c"):
        tape.switch("hub", name).waits(name, words.LOCK, "lock.acquire()", thing="RLock 1").switch(name, "hub", line=7)
    tape.switch("hub", "a").wake("b", "a", words.CALLBACK).at(400 * MS).exits("a").switch("a", "hub").switch("hub", "b")
    tape.tie("b", words.OWNS, "RLock 1")
    tape.waits("b", words.SLEEP, "0.001 s", MS).switch("b", "hub", line=8).poll("hub", 1)
    tape.at(401 * MS).poll("hub", 0).wake("b", "hub", words.TIMER).switch("hub", "b").wake("c", "b", words.CALLBACK)
    tape.exits("b").switch("b", "hub").switch("hub", "c").exits("c").switch("c", "hub")
    assert found(tape, "lock_held") == []


def test_who_was_faster_than_the_one_that_was_woken_has_it_since_it_ran() -> None:
    tape = greenlets("a", "b", "c", "d").at(10 * MS)
    for key, line, ms in (("c", 6, 300), ("a", 5, 200)):
        tape.switch("hub", key).waits(key, words.SLEEP, f"{ms} ms", ms * MS).switch(key, "hub", line=line)
    for key in ("b", "d"):
        tape.switch("hub", key).waits(key, words.LOCK, "lock.acquire()", thing="RLock 1").switch(key, "hub", line=7)
    tape.poll("hub", 1).at(210 * MS).poll("hub", 0).wake("a", "hub", words.TIMER).switch("hub", "a")
    # The lock is free, but before b runs, c does.
    tape.wake("b", "a", words.CALLBACK).exits("a").switch("a", "hub").at(310 * MS).wake("c", "hub", words.TIMER)
    tape.switch("hub", "c").waits("c", words.SLEEP, "0.6 s", 600 * MS).switch("c", "hub", line=5)
    tape.switch("hub", "b").waits("b", words.LOCK, "lock.acquire()", thing="RLock 1").switch("b", "hub", line=7)
    tape.poll("hub", 1).at(910 * MS).poll("hub", 0).wake("c", "hub", words.TIMER).switch("hub", "c")
    tape.wake("d", "c", words.CALLBACK).exits("c").switch("c", "hub").switch("hub", "d").exits("d").switch("d", "hub")
    told = {one.sentence.partition(",")[0]: one.t_ns // MS for one in found(tape, "lock_held")}
    assert told == {
        "a kept lock (RLock 1) from others for 0.2 s": 10,
        "c kept lock (RLock 1) from others for 0.6 s": 310,
    }


def test_one_that_is_held_for_a_moment_is_no_problem() -> None:
    tape = holds(greenlets("a", "b"), "a", "b", 10, 90)
    assert found(tape.exits("a").switch("a", "hub").switch("hub", "b"), "lock_held") == []


def test_one_whose_holder_runs_is_not_held_across_a_wait() -> None:
    tape = greenlets("a", "b").at(10 * MS).switch("hub", "b").waits("b", words.LOCK, "lock.acquire()", thing="RLock 1")
    tape.switch("b", "hub", line=7).switch("hub", "a").at(300 * MS).wake("b", "a", words.CALLBACK).switch("a", "hub")
    [one] = findings(tape.switch("hub", "b").timeline())
    assert one.sentence.endswith("→ b waited for RLock 1, which it held")
    assert (one.kind, one.cost_ns // MS, one.lost_by) == ("hog", 289, (tape.ids["b"],))


@pytest.mark.parametrize(
    ("made", "told"),
    [("Semaphore(1)", True), ("BoundedSemaphore()", True), ("Semaphore(3)", False), ("Semaphore(n)", False)],
)
def test_a_semaphore_that_lets_several_in_is_no_lock(made: str, told: bool) -> None:
    tape = greenlets("a", "b").lists(f"import gevent\nlimit = gevent.lock.{made}\n")
    tape.at(10 * MS).switch("hub", "a").waits("a", words.SLEEP, "0.2 s", 200 * MS).switch("a", "hub", line=5)
    tape.switch("hub", "b").waits("b", words.SEMAPHORE, "limit.acquire()", thing="Semaphore 1")
    tape.switch("b", "hub", line=7).poll("hub", 1).at(210 * MS).poll("hub", 0)
    tape.wake("a", "hub", words.TIMER).switch("hub", "a").wake("b", "a", words.CALLBACK).switch("a", "hub", line=9)
    assert bool(found(tape.switch("hub", "b"), "lock_held")) is told


@pytest.mark.parametrize(
    ("owner", "holder", "doing"),
    [
        ("b", "b", ", in which it waited 3 s in q.get() (demo.py:8)"),
        # It may have given it back, and anybody may have taken what was free.
        (None, "somebody (unknown who)", ""),
    ],
)
def test_who_holds_a_lock_is_told_while_it_does(owner: str | None, holder: str, doing: str) -> None:
    tape = holds(greenlets("a", "b"), "a", "b", 10, 1)
    tape.switch("a", "hub", line=9).switch("hub", "b").waits("b", words.QUEUE, "q.get()").switch("b", "hub", line=8)
    tape.switch("hub", "a")
    if owner:
        tape.tie(owner, words.OWNS, "RLock 1")
    tape.waits("a", words.LOCK, "lock.acquire()", thing="RLock 1").switch("a", "hub", line=7)
    assert found(tape.poll("hub", 1).at(900 * MS).prints("x"), "lock_held") == [], "it may give it back yet"
    [one] = found(tape.at(3_000 * MS).prints("x"), "lock_held")
    told = f"{holder} held lock (RLock 1) until {{}}{doing} → a waited for it (demo.py:7), 3 s in all"
    assert one.sentence == told.format("the end of the trace")
    [one] = found(tape.end(signal=15), "lock_held")
    assert one.sentence == told.format("SIGTERM ended the program")


@pytest.mark.parametrize(
    ("lines", "holder"),
    [
        ("with lock:\n    q.get()", "b (inferred from the source)"),
        ("lock.acquire()\nq.get()", "b (inferred from the source)"),
        ("with lock: pass\nq.get()", "somebody (unknown who)"),
        ("with my.lock:\n    q.get()", "somebody (unknown who)"),
        ("lock.acquire(); lock.release()\nq.get()", "somebody (unknown who)"),
    ],
)
def test_who_keeps_a_lock_is_inferred_from_where_it_waits(lines: str, holder: str) -> None:
    tape = greenlets("a", "b").lists("\n" * 6 + lines).switch("hub", "b")
    tape.waits("b", words.QUEUE, "q.get()").switch("b", "hub", line=8).switch("hub", "a")
    tape.waits("a", words.LOCK, "lock.acquire()", thing="LockType 1").switch("a", "hub", line=5)
    [one] = found(tape.poll("hub", 1).at(2_000 * MS).end(signal=15), "lock_held")
    assert one.sentence.startswith(f"{holder} held lock (LockType 1) until SIGTERM ended the program")


@pytest.mark.parametrize(("made", "told"), [("Semaphore(0)", []), ("Semaphore(1)", ["never_resumed"])])
def test_who_waits_for_a_semaphore_that_gives_out_items_is_idle(made: str, told: list[str]) -> None:
    tape = greenlets("a", "b").lists(f"sem = {made}\n").switch("hub", "a")
    for last in (False, True):
        tape.waits("a", words.SEMAPHORE, "sem.acquire()", thing="Semaphore 1").switch("a", "hub", line=7)
        tape.switch("hub", "b")
        if not last:
            tape.wake("a", "b", words.CALLBACK).waits("b", words.SLEEP, "0 s", 0).switch("b", "hub", line=9)
            tape.switch("hub", "a")
    tape.exits("b").switch("b", "hub").wake("main", "b", words.FINISHED).switch("hub", "main").exits("main").end()
    assert [one.kind for one in findings(tape.timeline())] == told


def test_who_was_given_the_lock_while_another_waited_keeps_that_one_from_it() -> None:
    tape = greenlets("a", "b", "c").switch("hub", "a")
    for track in ("b", "c"):
        tape.switch("a", track).waits(track, words.LOCK, "lock.acquire()", thing="LockType 1")
        tape.switch(track, "a", line=7)
    tape.wake("b", "a", words.CALLBACK).switch("a", "b").waits("b", words.QUEUE, "q.get()").switch("b", "hub", line=8)
    [one] = found(tape.poll("hub", 1).at(2_000 * MS).prints("x").end(signal=9), "lock_held")
    assert one.sentence == (
        "b kept lock (LockType 1) from others for 2 s, in which it waited 2 s in q.get() (demo.py:8), until SIGKILL "
        "ended the program → c waited for it (demo.py:7), 2 s in all"
    )


@pytest.mark.parametrize("runs", [False, True])
def test_who_was_woken_has_the_lock_only_once_it_ran(runs: bool) -> None:
    """c was told that a owns it: not after b, who had waited before c, was woken; and b may have been forestalled."""
    tape = greenlets("a", "b", "c").switch("hub", "a")
    for track in ("b", "c"):
        tape.tie("a", words.OWNS, "RLock 1").switch("a", track)
        tape.waits(track, words.LOCK, "lock.acquire()", thing="RLock 1").switch(track, "a", line=7)
    tape.wake("b", "a", words.CALLBACK)
    if runs:
        tape.switch("a", "b").waits("b", words.SLEEP, "9 s", 9_000 * MS).switch("b", "hub", line=8)
    timeline = tape.at(2_000 * MS).prints("x").end(signal=9).timeline()
    _, holders = locked(timeline, Observed(timeline))
    assert holders == ({"RLock 1": tape.ids["b"]} if runs else {})


def test_who_ended_with_the_lock_has_it_still() -> None:
    tape = greenlets("a", "b").switch("hub", "a").exits("a", words.RAISED, "ValueError('x')").switch("a", "hub")
    tape.switch("hub", "b").tie("a", words.OWNS, "RLock 1").waits("b", words.LOCK, "lock.acquire()", thing="RLock 1")
    tape.switch("b", "hub", line=7).wake("main", "hub", words.TIMEOUT).switch("hub", "main").exits("main").end()
    [one] = found(tape, "never_resumed")
    held = "in lock.acquire() (demo.py:7) for RLock 1, which a still holds, though it has ended, for the last"
    assert held in one.sentence


def circle() -> Tape:
    """a has lock 1 and waits for lock 2, b the other way round; the heart beats."""
    tape = greenlets("a", "b")
    for track, has, wants in (("a", "RLock 1", "RLock 2"), ("b", "RLock 2", "RLock 1")):
        tape.switch("hub", track).tie(track, words.HOLDS, has)
        tape.waits(track, words.LOCK, "other", thing=wants).switch(track, "hub", line=7)
    return tape.poll("hub", 1)


def test_a_circle_beside_a_heartbeat_and_however_it_ends() -> None:
    assert found(circle().at(900 * MS).prints("beat"), "deadlock") == [], "one of them may give up yet"
    for tape in (circle().at(2_000 * MS).prints("beat"), circle().at(20 * MS).end(signal=2)):
        [one] = found(tape, "deadlock")
        assert one.sentence.startswith(
            "circular wait: a waits for other (demo.py:7) for RLock 2, which b holds; "
            "b waits for other (demo.py:7) for RLock 1, which a holds → none of them goes on, until "
        )
    assert one.sentence.endswith("until SIGINT ended the program")


def test_who_is_cancelled_with_its_loop_has_its_lock_up_to_then() -> None:
    tape = circle().at(20 * MS)
    for track in "ab":
        tape.wake(track, "main", words.CANCEL).switch("hub", track).exits(track, words.CANCELLED).switch(track, "hub")
    [one] = found(tape.end(signal=2), "deadlock")
    assert one.sentence.count("holds;") + one.sentence.count("holds →") == 2
    assert "ended →" not in one.sentence


@pytest.mark.parametrize(
    ("cause", "after_ms", "told"),
    [(words.TIMEOUT, 600, True), (words.CANCEL, 600, True), (words.CALLBACK, 600, False), (words.TIMEOUT, 40, False)],
)
def test_a_circle_that_one_of_them_gave_up(cause: str, after_ms: int, told: bool) -> None:
    tape = circle().at(after_ms * MS).poll("hub", 0).wake("a", "hub", cause).switch("hub", "a")
    tape.wake("b", "a", words.CALLBACK).exits("a").switch("a", "hub").switch("hub", "b").exits("b").switch("b", "hub")
    tape.wake("main", "hub", words.FINISHED).switch("hub", "main").exits("main").end()
    sentences = [one.sentence for one in found(tape, "deadlock")]
    sentence = (
        "circular wait: a waits for other (demo.py:7) for RLock 2, which b holds; "
        "b waits for other (demo.py:7) for RLock 1, which a holds → none went on until a gave up, after 0.6 s"
    )
    assert sentences == [sentence] * told


@pytest.mark.parametrize(
    ("asked_ns", "source", "after_ms", "told"),
    [
        (-1, "ready.notify()", 2_000, True),
        (9_000 * MS, "ready.notify()", 2_000, False),
        (-1, "signal.signal(signal.SIGALRM, notify)", 2_000, False),
        (-1, "ready.notify()", 900, False),
    ],
)
def test_threads_that_only_wait_for_one_another(asked_ns: int, source: str, after_ms: int, told: bool) -> None:
    tape = Tape().lists(source).spawn("t", words.THREAD, creator="main", line=3).thread("t")
    tape.waits("t", words.CONDITION, "ready.wait()", asked_ns, thing="Condition 1").parks(line=6).thread("main")
    tape.waits("main", words.JOIN, "t.join()", thing="track 1").parks(line=9).at(after_ms * MS).end(signal=14)
    sentences = [one.sentence for one in found(tape, "deadlock")]
    sentence = (
        "t waits in ready.wait() (demo.py:6) for Condition 1 and main waits in t.join() (demo.py:9) for t → "
        "nothing else in the program could wake them, until SIGALRM ended the program"
    )
    assert sentences == [sentence] * told


def test_a_hog_up_to_the_end_is_told_however_the_program_ends_and_while_it_runs() -> None:
    def spins(ms: int) -> Tape:
        tape = greenlets("a", "b").switch("hub", "a").waits("a", words.SLEEP, "10 ms", 10 * MS)
        return tape.switch("a", "hub", line=5).switch("hub", "b").at(ms * MS).sample(7)

    told = "b ran for 0.2 s without yielding, sampled at demo.py:7 (1 sample), until "
    late = " → a was late by 0.19 s at the end; meanwhile, main waited in joinall(all) (demo.py:40)"
    for tape, end in (
        (spins(200).at(200 * MS), "the end of the trace"),
        (spins(200).at(200 * MS).end(signal=15), "SIGTERM ended the program"),
        (spins(200).at(200 * MS).end(code=3), "the program ended"),
    ):
        [one] = findings(tape.timeline())
        assert (one.kind, one.sentence) == ("hog", told + end + late)
    assert findings(spins(90).timeline()) == []
    assert findings(spins(90).end(signal=9).timeline()) == []


def test_a_pool_is_exhausted_only_where_all_of_its_members_wait_for_it() -> None:
    def crawls(reason: str) -> list[str]:
        tape = greenlets("a", "b").lists("\n" * 29 + "pool.spawn(fetch)\n")
        for track, why in (("a", words.POOL), ("b", reason)):
            tape.switch("hub", track).waits(track, why, "pool.spawn(fetch)", thing="Pool 1")
            tape.switch(track, "hub", line=7)
        return [one.kind for one in findings(tape.at(50 * MS).end(signal=15).timeline())]

    assert crawls(words.POOL) == ["pool_exhausted"]
    assert crawls(words.IO) == [], "it ends some time, and makes room"


def test_who_died_is_told_of_only_where_nobody_was_started_instead() -> None:
    def restarted(reason: str) -> list[str]:
        tape = Tape().lists("def service():\n    ready[0].set()\n").spawn("hub", words.HUB, parent="main")
        for key in ("one", "two"):
            tape.spawn(key, words.GREENLET, "service", parent="hub", line=30).wake(key, "main", words.SPAWN)
        tape.waits("main", words.EVENT, "ready[0].wait()", thing="Event 1").switch("main", "hub", line=40)
        tape.switch("hub", "one").exits("one", words.RAISED, "KeyError('x')").switch("one", "hub").switch("hub", "two")
        tape.waits("two", reason, "other", thing="Event 2").switch("two", "hub", line=7)
        return [one.kind for one in findings(tape.at(50 * MS).end(signal=15).timeline())]

    assert restarted(words.EVENT) == ["setter_died"]
    assert restarted(words.IO) == ["unretrieved"], "the other one may set it yet"


def spawns(
    count: int, *, ends: int = 0, woken: bool = False, reason: str = words.EVENT, until_ms: int = 100, own: str = "",
    on: str = "done.wait()", source: str = "done.get()",
) -> Tape:
    """A track each 10 ms, of which so many end. `own`: each is made by another one, which then waits for that."""
    tape = greenlets("audit").lists("\n" * 63 + f"while True:\n    {source}\n")
    for number in range(count):
        key = f"k{number}"
        tape.at((number + 1) * 10 * MS).switch("hub", "audit")
        if own:
            tape.spawn(f"own {key}", words.GREENLET, "handle", parent="hub", creator="audit", line=68)
            tape.waits(f"own {key}", own, "socket.recv(9)").switch("audit", f"own {key}")
            tape.switch(f"own {key}", "audit", line=60)
        creator = f"own {key}" if own else "audit"
        tape.spawn(key, words.GREENLET, "keep", parent="hub", creator=creator, line=69)
        tape.wake(key, "audit", words.SPAWN).switch("audit", "hub", line=70).switch("hub", key)
        if number < ends:
            tape.exits(key).switch(key, "hub")
        else:
            tape.waits(key, reason, on).switch(key, "hub", line=65)
        if woken:
            tape.switch("hub", "audit").wake(key, "audit", words.CALLBACK).switch("audit", "hub", line=71)
            tape.switch("hub", key).waits(key, reason, "done.wait()").switch(key, "hub", line=66)
    return tape.at(until_ms * MS).switch("hub", "audit").exits("audit").switch("audit", "hub")


def test_a_leak() -> None:
    [one] = found(spawns(9), "leak")
    assert one.sentence == (
        "9 × keep, spawned in run() (demo.py:69) one after another for 80 ms → none of them has ended; "
        "keep-1 waits in done.wait() (demo.py:65) since 10 ms"
    )
    assert (len(one.tracks), one.line, one.cost_ns, one.lost_by) == (9, 69, 0, ()), "nobody waits for them"
    over = spawns(9).wake("main", "audit", words.FINISHED).switch("hub", "main").exits("main").end()
    assert [(one.kind, len(one.tracks)) for one in findings(over.timeline())] == [("leak", 9)], "and not never_resumed"


@pytest.mark.parametrize(
    "tape",
    [
        spawns(7),
        spawns(20, ends=4, until_ms=210),
        spawns(9, woken=True),
        spawns(9, reason=words.IO),
        spawns(9, until_ms=1000),
        spawns(9, reason=words.QUEUE),
        spawns(9, own=words.IO),
    ],
    ids=["few", "some end", "somebody wakes them", "connections", "a crew that came in the beginning", "workers",
         "what belongs to connections"],
)  # fmt: skip
def test_what_is_no_leak(tape: Tape) -> None:
    assert found(tape, "leak") == []


@pytest.mark.parametrize(
    ("reason", "on", "source", "expected"),
    [
        pytest.param(words.RESULT, "AsyncResult().get()", "pass", ["leak"], id="made where it is waited for"),
        pytest.param(words.EVENT, "threading.Event().wait()", "pass", ["leak"], id="with its module"),
        pytest.param(words.RESULT, "fetch().get()", "pass", [], id="what a function returns"),
        pytest.param(words.RESULT, "AsyncResult(parent).get()", "pass", [], id="made of another one"),
        pytest.param(words.SEMAPHORE, "gate.acquire()", "gate = Semaphore(0)", ["leak"], id="lets nobody in"),
        pytest.param(words.SEMAPHORE, "gate.acquire()", "gate = Semaphore(value=0)", ["leak"], id="by its name"),
        pytest.param(words.SEMAPHORE, "gate.acquire()", "gate = Semaphore(2)", [], id="lets two in"),
        pytest.param(words.SEMAPHORE, "gate.acquire()", "gate = Semaphore(n)", [], id="of a size not known"),
        pytest.param(words.SEMAPHORE, "gate.acquire()", "gate = Semaphore(0); gate.release()", [], id="is released"),
    ],
)
def test_who_waits_for_what_nobody_would_bring_about_leaks_however_soon_the_last_came(
    reason: str, on: str, source: str, expected: list[str]
) -> None:
    tape = spawns(9, reason=reason, until_ms=2000, on=on, source=source)
    assert [one.kind for one in found(tape, "leak")] == expected


@pytest.mark.parametrize(("at_once", "expected"), [(True, ["leak"]), (False, [])])
def test_who_is_only_cancelled_at_the_end_leaks_as_well(at_once: bool, expected: list[str]) -> None:
    def cancelled(tape: Tape, key: str) -> None:
        tape.switch("hub", "audit").wake(key, "audit", words.CANCEL).switch("audit", "hub", line=72)
        tape.switch("hub", key).exits(key, words.CANCELLED).switch(key, "hub")

    keys = [f"k{number}" for number in range(20)]
    tape = greenlets("audit")
    for number, key in enumerate(keys):
        tape.at((number + 1) * 10 * MS).switch("hub", "audit")
        tape.spawn(key, words.TASK, "keep", parent="hub", creator="audit", line=69)
        tape.wake(key, "audit", words.SPAWN).switch("audit", "hub", line=70).switch("hub", key)
        tape.waits(key, words.EVENT, "done.wait()").switch(key, "hub", line=65)
        if number > 9 and not at_once:
            cancelled(tape, keys[number - 10])
    for key in keys if at_once else keys[10:]:
        cancelled(tape.at(tape.t_ns + MS // 10), key)
    found = findings(tape.at(205 * MS).switch("hub", "audit").exits("audit").switch("audit", "hub").timeline())
    assert [one.kind for one in found] == expected
    for one in found:
        assert "20 × keep, spawned in run() (demo.py:69) one after another" in one.sentence
        assert "→ none of them ended before they were cancelled; keep-1 waits in done.wait()" in one.sentence


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["leak"]),
        ({"thing": "Event 1"}, []),
        ({"reason": words.QUEUE}, []),
        ({"reason": words.SLEEP}, []),
        ({"outcome": None}, []),
        ({"creators": 1}, []),
        ({"until_ms": 900}, []),
    ],
    ids=["requests", "one thing for all", "at queues", "asleep", "its maker goes on", "one made all at once", "soon"],
)
def test_what_requests_leave_behind_leaks_however_soon_the_last_of_them_came(
    changed: dict[str, Any], expected: list[str]
) -> None:
    asked: dict[str, Any] = {"thing": "", "reason": words.EVENT, "outcome": words.RETURNED, "creators": 9}
    asked = asked | {"until_ms": 1200} | changed
    tape = greenlets("audit", *(requests := [f"request {number}" for number in range(asked["creators"])]))
    tape.switch("hub", "audit").waits("audit", words.SLEEP, "1 s", asked["until_ms"] * MS)
    tape.switch("audit", "hub", line=60)
    for number in range(9):
        request = requests[min(number, len(requests) - 1)]
        if number < len(requests):
            tape.at((number + 1) * MS).switch("hub", request)
        tape.spawn(f"k{number}", words.GREENLET, "keep", parent="hub", creator=request, line=69)
        tape.wake(f"k{number}", request, words.SPAWN)
        if len(requests) > 1 or number == 8:
            if asked["outcome"]:
                tape.exits(request)
            else:
                tape.waits(request, words.IO, "socket.recv(9)")
            tape.switch(request, "hub", line=70)
    for number in range(9):
        tape.switch("hub", f"k{number}")
        tape.waits(f"k{number}", asked["reason"], "done.wait()", thing=asked["thing"] or f"Event {number}")
        tape.switch(f"k{number}", "hub", line=65)
    tape.poll("hub", 1).at(asked["until_ms"] * MS).poll("hub", 0).wake("audit", "hub", words.TIMER)
    tape.switch("hub", "audit").exits("audit").switch("audit", "hub")
    assert [one.kind for one in findings(tape.timeline())] == expected


def test_who_belongs_to_a_connection_is_not_stuck() -> None:
    def over(own: str) -> list[str]:
        tape = spawns(7, own=own).wake("main", "audit", words.FINISHED).switch("hub", "main").exits("main").end()
        return [one.kind for one in findings(tape.timeline())]

    assert over(words.IO) == []
    assert over(words.SLEEP) == ["never_resumed"] * 7


@pytest.mark.parametrize(
    ("others", "outcome", "limit_ns", "expected"),
    [
        pytest.param("", words.RETURNED, -1, ["setter_ended"], id="nobody is left"),
        pytest.param("def later():\n    ready.set()\n", words.RETURNED, -1, [], id="somebody else may"),
        pytest.param("def again():\n    ready.clear()\n", words.RETURNED, -1, [], id="it is set again and again"),
        pytest.param("", words.RETURNED, 900 * MS, [], id="with a limit"),
        pytest.param("", None, -1, [], id="the one goes on"),
    ],
)
def test_who_ended_without_setting_what_others_wait_for(
    others: str, outcome: str | None, limit_ns: int, expected: list[str]
) -> None:
    tape = Tape().lists("def load():\n    if wanted:\n        ready.set()\n" + others)
    tape.spawn("hub", words.HUB, parent="main")
    for line, key in enumerate(("load", "use", "beat"), 30):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main", line=line).wake(key, "main", words.SPAWN)
    tape.waits("main", words.SLEEP, "1 s", 1000 * MS).switch("main", "hub", line=40).switch("hub", "use")
    tape.waits("use", words.EVENT, "ready.wait()", limit_ns, thing="Event 1").switch("use", "hub", line=7)
    tape.switch("hub", "beat").waits("beat", words.SLEEP, "10 s", 10_000 * MS).switch("beat", "hub", line=9)
    tape.switch("hub", "load")
    if outcome is None:
        tape.waits("load", words.SLEEP, "10 s", 10_000 * MS).switch("load", "hub", line=2)
    else:
        tape.exits("load", outcome).switch("load", "hub")
    found = findings(tape.at(900 * MS).end(signal=15).timeline())
    assert [one.kind for one in found] == expected
    for one in found:
        assert one.sentence == (
            "load ended, and nobody else was left who would call ready.set() (demo.py:3, inferred from the source) → "
            "use waited in ready.wait() (demo.py:7), and nothing else woke it"
        )


@pytest.mark.parametrize(
    ("outcome", "others", "expected"),
    [
        pytest.param(words.RETURNED, "", ["setter_ended"], id="nobody is left"),
        pytest.param(words.RETURNED, "def later():\n    jobs.task_done()\n", [], id="somebody else may"),
        pytest.param(None, "", [], id="the one goes on"),
    ],
)
def test_who_ended_without_task_done(outcome: str | None, others: str, expected: list[str]) -> None:
    tape = Tape().lists("def work():\n    if not jobs.get():\n        return\n    jobs.task_done()\n" + others)
    tape.spawn("work", words.THREAD, creator="main", line=20)
    tape.at(MS).waits("main", words.QUEUE, "jobs.join()", thing="Queue 1").parks("main", line=21).thread("work")
    if outcome is not None:
        tape.exits("work", outcome)
    found = findings(tape.at(900 * MS).end(signal=14).timeline())
    assert [one.kind for one in found if one.kind != "hog"] == expected
    for one in found:
        if one.kind == "setter_ended":
            assert one.sentence == (
                "work ended, and nobody else was left who would call jobs.task_done() (demo.py:4, inferred from the "
                "source) → main waited in jobs.join() (demo.py:21), and nothing else woke it"
            )


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("signal.signal(signal.SIGALRM, signal.SIG_DFL)", ["deadlock"]),
        ("signal.signal(signal.SIGALRM, wakes)", []),
        ("signal.signal(signal.SIGALRM, wakes)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)", []),
        ("from signal import *", []),
    ],
)
def test_what_the_system_does_at_a_signal_wakes_nobody(handler: str, expected: list[str]) -> None:
    tape = Tape().lists(f"import signal\n{handler}\n")
    tape.at(MS).waits("main", words.EVENT, "ready.wait()", thing="Event 1").parks("main", line=9)
    assert [one.kind for one in findings(tape.at(1_500 * MS).end(signal=14).timeline())] == expected


@pytest.mark.parametrize(
    ("outcome", "expected"), [(words.RAISED, ["setter_died"]), (words.RETURNED, [])]
)
def test_who_died_while_others_waited_until_their_loop_ended(outcome: str, expected: list[str]) -> None:
    tape = Tape().lists("async def job():\n    await room.acquire()\n    check()\n    room.release()\n")
    tape.spawn("loop", words.LOOP, parent="main")
    for key in ("first", "second"):
        tape.spawn(key, words.TASK, "job", parent="loop", creator="main", line=20).wake(key, "main", words.SPAWN)
    tape.at(MS).switch("main", "loop").switch("loop", "second")
    tape.waits("second", words.SEMAPHORE, "room.acquire()", thing="Semaphore 1").switch("second", "loop", line=2)
    tape.switch("loop", "first").waits("first", words.SLEEP, "0.01 s", 10 * MS).switch("first", "loop", line=2)
    tape.at(12 * MS).wake("first", "loop", words.TIMER).switch("loop", "first")
    tape.exits("first", outcome, "ValueError(1)").switch("first", "loop").poll("loop", 1)
    tape.at(300 * MS).poll("loop", 0).switch("loop", "main").wake("second", "main", words.CANCEL)
    tape.switch("main", "loop").switch("loop", "second").exits("second", words.CANCELLED).switch("second", "loop")
    found = findings(tape.switch("loop", "main").exits("main").end().timeline())
    assert sorted(one.kind for one in found if one.kind != "never_resumed") == expected
    for one in found:
        if one.kind == "setter_died":
            assert one.sentence == (
                "job-1 ended with ValueError(1) before room.release() (demo.py:4, inferred from the source) → "
                "job-2 waited in room.acquire() (demo.py:2), and nothing else woke it"
            )


@pytest.mark.parametrize(
    ("outcome", "released", "expected"),
    [(words.RAISED, "release", ["setter_died"]), (words.RETURNED, "locked", ["lock_held", "kept_alive"])],
)
def test_a_lock_whose_holder_died_is_told_once(outcome: str, released: str, expected: list[str]) -> None:
    source = f"def write():\n  lock.acquire()\n  sleep(1)\n  fail()\n  lock.{released}()\n"
    source += "def read():\n  lock.acquire()\n"
    tape = Tape().lists(source).spawn("write", words.THREAD, line=20).spawn("read", words.THREAD, line=21)
    tape.thread("write").waits("write", words.SLEEP, "1 s", 1000 * MS).parks("write", line=3)
    tape.at(1000 * MS).unparks("write").exits("write", outcome)
    tape.thread("read").waits("read", words.LOCK, "lock.acquire()", thing="lock 1").parks("read", line=7)
    tape.tie("write", words.HOLDS, "lock 1")
    tape.thread("main").waits("main", words.JOIN, words.OTHER_THREADS).parks("main", line=30)
    found = findings(tape.at(4000 * MS).end(-1, 15).timeline())
    assert [one.kind for one in found] == expected
