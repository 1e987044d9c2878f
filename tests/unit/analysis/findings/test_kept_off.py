"""Who was kept off by the machine, or by a thread that kept the interpreter's lock, is to blame for nothing."""

from __future__ import annotations

import pytest

from tests.unit.analysis.findings.test_findings import MS, crunches, found, kinds, only
from tests.unit.analysis.findings.test_held_and_leaked import greenlets, holds
from tests.unit.analysis.tape import Tape
from visualizer.trace import events as ev
from visualizer.trace import words


def kept_off(
    tape: Tape, track: int, by: int, since_ms: int, until_ms: int, length_ms: int, used_ms: int = 0, behind_ms: int = 0
) -> Tape:  # fmt: skip
    times_ns = (ms * MS for ms in (since_ms, until_ms, length_ms, used_ms, behind_ms))
    tape.events.append(ev.Delayed(tape.t_ns, track, by, *times_ns))
    return tape


@pytest.mark.parametrize(
    ("since_ms", "until_ms", "length_ms", "expected"),
    [
        pytest.param(0, 150, 80, [], id="the machine ran others"),
        pytest.param(0, 150, 40, ["hog", "late_timer"], id="for a short time"),
        pytest.param(300, 900, 500, ["hog", "late_timer"], id="at another time"),
    ],
)
def test_a_track_that_the_machine_did_not_run(
    since_ms: int, until_ms: int, length_ms: int, expected: list[str]
) -> None:  # fmt: skip
    ran = crunches(145 if expected else 150)
    main, bar = (ran.ids[name] for name in ("main", "bar"))
    assert kinds(kept_off(ran, main, words.NOBODY, since_ms, until_ms, length_ms)) == expected[:1]
    # Of a thread without that hub, or one that is not known, it says nothing.
    assert kinds(kept_off(crunches(145), bar, words.NOBODY, 0, 150, 80)) == ["hog"]


@pytest.mark.parametrize(
    ("used_ms", "behind_ms", "own_ms"),
    [
        pytest.param(10, 0, 150, id="the rest is its own"),
        pytest.param(10, 140, 0, id="it may have waited for who had the interpreter's lock and stood in the queue"),
        pytest.param(10, 40, 110, id="for a part of that"),
        pytest.param(220, 140, 220, id="it used a processor for longer than that leaves"),
    ],
)
def test_how_much_of_a_long_turn_is_its_own(used_ms: int, behind_ms: int, own_ms: int) -> None:
    """bar ran for 0.4 s, and stood in the queue for a processor for 0.25 s of that."""
    ran = crunches(400)
    kept_off(ran, ran.ids["main"], words.NOBODY, 10, 390, 250, used_ms, behind_ms)
    told = found(ran, "hog")
    assert [one.cost_ns // MS for one in told] == ([own_ms] if own_ms else [])
    assert kinds(ran) == ["hog"] * len(told)
    for one in told:
        off = f"0.{40 - own_ms // 10} s"
        assert f"bar ran for 0.4 s without yielding (for {off} of that the machine, or another thread, kept it" in (
            one.sentence
        )


@pytest.mark.parametrize(("called", "expected"), [("nap(.15)", ["blocking_call"]), ("work(15)", [])])
def test_a_call_that_waits_does_not_wait_for_the_interpreter(called: str, expected: list[str]) -> None:
    ran = crunches(160)
    ran.lists(f"from time import sleep as nap\n    {called}\n")
    ran.switch("foo", "hub", line=5).at(300 * MS).wake("bar", "hub", words.CALLBACK).switch("hub", "bar")
    ran.at(400 * MS).sample(2, 4, track="bar").at(460 * MS).exits("bar").switch("bar", "hub")
    kept_off(ran, ran.ids["main"], words.NOBODY, 0, 160, 100)
    kept_off(ran, ran.ids["main"], words.NOBODY, 310, 450, 10, 1, 100)
    assert kinds(ran) == expected


def test_a_thread_that_keeps_the_interpreter() -> None:
    def tape(by: str) -> Tape:
        ran = Tape().spawn("other", words.THREAD, line=7)
        ran.spawn("hub", words.HUB, parent="main")
        for line, key in enumerate(("foo", "bar"), 30):
            ran.spawn(key, words.GREENLET, parent="hub", creator="main", line=line)
        ran.at(MS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40).switch("hub", "foo")
        ran.waits("foo", words.SLEEP, "0.01 s", 10 * MS).switch("foo", "hub", line=5)
        ran.at(2 * MS).switch("hub", "bar").at(300 * MS).exits("bar").switch("bar", "hub")
        ran.wake("foo", "hub", words.TIMER).switch("hub", "foo").exits("foo").switch("foo", "hub")
        return kept_off(ran, words.NOBODY, ran.ids[by], 3, 300, 297)

    sentence = (
        "other kept the interpreter for 0.3 s (inferred: it alone used the processor, and no other thread could run) "
        "→ foo and bar could not run meanwhile"
    )
    assert only(tape("other"), "interpreter_held") == (sentence, ["other", "foo", "bar"], 3, 7)
    assert kinds(tape("other")) == ["interpreter_held"]
    assert kinds(tape("main")) == ["hog"]


@pytest.mark.parametrize(
    ("seen_ms", "expected"),
    [
        pytest.param((4, 9), ("", 7), id="before the call that kept it"),
        pytest.param((4, 301), (", and was then at demo.py:9", 9), id="right behind it"),
        pytest.param((4, 350), ("", 7), id="long after it"),
    ],
)
def test_where_a_thread_kept_the_interpreter_is_told_by_what_it_did_next(
    seen_ms: tuple[int, int], expected: tuple[str, int]
) -> None:
    """What keeps it lets nobody look: what was seen before is another line."""
    ran = Tape().spawn("other", words.THREAD, line=7)
    ran.spawn("hub", words.HUB, parent="main").spawn("foo", words.GREENLET, parent="hub", creator="main", line=30)
    ran.at(MS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40).switch("hub", "foo")
    ran.waits("foo", words.SLEEP, "0.01 s", 10 * MS).switch("foo", "hub", line=5)
    ran.waits("other", words.SLEEP, "1 ms", MS).parks("other", line=5).unparks("other")
    for ms, line in zip(seen_ms, (8, 9), strict=True):
        ran.at(ms * MS).sample(line, track="other")
    kept_off(ran, words.NOBODY, ran.ids["other"], 3, 300, 297).at(400 * MS)
    ran.wake("foo", "hub", words.TIMER).switch("hub", "foo").exits("foo").switch("foo", "hub")
    [one] = found(ran, "interpreter_held")
    where, line = expected
    assert f" for 0.3 s{where} (inferred" in one.sentence
    assert one.line == line


#: Of 200 ms.
SHARES = pytest.mark.parametrize(
    ("length_ms", "cost_ms"),
    [pytest.param(150, 0, id="of which the machine took most"), pytest.param(40, 160, id="of which it took a fifth")],
)


@SHARES
def test_a_lock_that_is_held_for_longer_since_the_machine_runs_others(length_ms: int, cost_ms: int) -> None:
    """a sleeps with the lock from 10 ms to 210 ms, and b waits for it."""
    ran = holds(greenlets("a", "b"), "a", "b", 10, 200)
    ran.exits("a").switch("a", "hub").switch("hub", "b").exits("b").switch("b", "hub")
    kept_off(ran, ran.ids["main"], words.NOBODY, 0, 10, 10)
    kept_off(ran, ran.ids["main"], words.NOBODY, 10, 210, length_ms)
    # A row that reaches back over the one before counts for what is left of its time.
    kept_off(ran, ran.ids["main"], words.NOBODY, 150, 310, 100)
    told = found(ran, "lock_held")
    assert [round(one.cost_ns, -6) // MS for one in told] == ([cost_ms] if cost_ms else [])


@SHARES
def test_a_call_that_waits_for_longer_since_the_machine_runs_others(length_ms: int, cost_ms: int) -> None:
    """main gives a pool two calls at 10 ms, and has them called at once and at 210 ms."""
    ran = Tape().spawn("pool_0", words.THREAD, line=7)
    ran.at(10 * MS).tie("main", words.QUEUED, "work in pool").tie("main", words.QUEUED, "work in pool")
    ran.waits("main", words.RESULT, "result()").parks("main", line=9)
    ran.at(10 * MS).tie("pool_0", words.BEGUN, "work in pool").unparks("pool_0")
    ran.at(210 * MS).tie("pool_0", words.BEGUN, "work in pool").unparks("pool_0")
    kept_off(ran, ran.ids["main"], words.NOBODY, 10, 210, length_ms)
    told = found(ran, "thread_pool_full")
    assert [round(one.cost_ns, -6) // MS for one in told] == ([cost_ms] if cost_ms else [])


@SHARES
def test_tracks_that_wait_for_threads_for_longer_since_the_machine_runs_others(length_ms: int, cost_ms: int) -> None:
    """a and b wait from 10 ms on for a pool of one thread, to 210 ms."""
    ran = greenlets("a", "b").lists("pool = ThreadPool(1)\n").at(10 * MS)
    for key in "ab":
        ran.switch("hub", key).waits(key, words.THREADPOOL, "pool.apply(work)").switch(key, "hub", line=5)
    for key in "ab":
        ran.at(210 * MS).wake(key, "hub", words.CALLBACK).switch("hub", key).exits(key).switch(key, "hub")
    kept_off(ran, ran.ids["main"], words.NOBODY, 10, 210, length_ms)
    told = found(ran, "thread_pool_full")
    assert [round(one.cost_ns, -6) // MS for one in told] == ([cost_ms] if cost_ms else [])


def test_a_starved_track_on_a_machine_that_hardly_runs_it() -> None:
    """Of 8 s the machine let the program have a twentieth: the track was ready for all of that."""
    ran = Tape().spawn("hub", words.HUB, parent="main")
    for line, key in enumerate("abc", 30):
        ran.spawn(key, words.GREENLET, parent="hub", creator="main", line=line)
    ran.at(MS)
    for key in "abc":
        ran.wake(key, "main", words.SPAWN)
    ran.waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    now_ms = 2
    for _ in range(4):
        for key, ms in (("a", 1000), ("b", 1000), ("c", 1)):
            ran.at(now_ms * MS).switch("hub", key)
            now_ms += ms
            ran.at(now_ms * MS).wake(key, "hub", words.CALLBACK).waits(key, words.SLEEP, "0 s", 0)
            ran.switch(key, "hub", line=5)
    kept_off(ran, ran.ids["main"], words.NOBODY, 0, now_ms, round(now_ms * 0.95), round(now_ms * 0.05))
    [told] = found(ran, "starvation")
    assert told.tracks[0] == ran.ids["c"]
    assert 300 * MS < told.cost_ns < 500 * MS


@pytest.mark.parametrize(
    ("third_ms", "expected"),
    [pytest.param(120, [], id="each its turn"), pytest.param(20, ["c"], id="one with short turns")],
)
def test_turns_that_the_machine_made_long(third_ms: int, expected: list[str]) -> None:
    ran = Tape().spawn("hub", words.HUB, parent="main")
    for line, key in enumerate("abc", 30):
        ran.spawn(key, words.GREENLET, parent="hub", creator="main", line=line)
    ran.at(MS)
    for key in "abc":
        ran.wake(key, "main", words.SPAWN)
    ran.waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    now_ms = 2
    for _ in range(4):
        for key in "abc":
            ran.at(now_ms * MS).switch("hub", key)
            now_ms += third_ms if key == "c" else 120
            ran.at(now_ms * MS).wake(key, "hub", words.CALLBACK).waits(key, words.SLEEP, "0 s", 0)
            ran.switch(key, "hub", line=5)
    kept_off(ran, ran.ids["main"], words.NOBODY, 0, now_ms, round(now_ms * 0.7))
    told = found(ran, "starvation")
    assert [ran.ids[key] for key in expected] == [one.tracks[0] for one in told]
    for one in told:
        assert "of that the machine ran other programs)" in one.sentence
        assert one.cost_ns < 4 * 240 * MS * 0.4


@pytest.mark.parametrize(("first", "off_ms", "expected"), [("crew 1", 450, 0), ("crew 1", 0, 3), ("other", 450, 3)])
def test_a_crowd_of_which_one_had_turns_that_the_machine_made_long(first: str, off_ms: int, expected: int) -> None:
    names = [first, "crew 2", "crew 3", "crew 4"]
    ran = Tape().spawn("hub", words.HUB, parent="main")
    for line, key in enumerate(names, 30):
        ran.spawn(key, words.GREENLET, key, parent="hub", creator="main", line=line)
    ran.at(MS)
    for key in names:
        ran.wake(key, "main", words.SPAWN)
    ran.waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40)
    now_ms = 2
    for _ in range(9):
        for key in names:
            ran.at(now_ms * MS).switch("hub", key)
            now_ms += 90 if key == first else 20
            ran.at(now_ms * MS).wake(key, "hub", words.CALLBACK).waits(key, words.SLEEP, "0 s", 0)
            ran.switch(key, "hub", line=5)
    assert len(found(kept_off(ran, ran.ids["main"], words.NOBODY, 0, now_ms, off_ms), "starvation")) == expected


@pytest.mark.parametrize(
    ("turns", "sleep_ms", "others", "held_ms", "before_ms", "expected"),
    [
        pytest.param(5, 1, 2, 0, 0, 1, id="two others run"),
        pytest.param(5, 1, 2, 0, 900, 1, id="in a part of its life"),
        pytest.param(5, 1, 2, 0, 2_900, 0, id="once in a long life"),
        pytest.param(5, 1, 2, 2_899, 2_900, 1, id="a life in which one kept the interpreter"),
        pytest.param(2, 1, 2, 0, 0, 0, id="twice only"),
        pytest.param(5, 60, 2, 0, 0, 0, id="a small part of its life"),
        pytest.param(5, 1, 1, 0, 0, 0, id="beside one, it would have its turn"),
        pytest.param(5, 1, 2, 400, 0, 0, id="one kept the interpreter, which is told"),
    ],
)
def test_a_thread_that_hardly_gets_its_turn(
    turns: int, sleep_ms: int, others: int, held_ms: int, before_ms: int, expected: int
) -> None:
    crowd = [f"crowd {number}" for number in range(others)]
    ran = Tape()
    for key in ("light", "quiet", *crowd):
        ran.spawn(key, words.THREAD, creator="main", line=30)
    for key in ("main", "quiet"):
        ran.waits(key, words.JOIN, "crowd.join()").parks(key, line=31)
    if before_ms:
        ran.waits("light", words.EVENT, "begun.wait()").parks("light", line=4).at(before_ms * MS).unparks("light")
    for _ in range(turns):
        ran.waits("light", words.SLEEP, f"{sleep_ms} ms", sleep_ms * MS).parks("light", line=5)
        ran.at(ran.t_ns + sleep_ms * MS).wake("light", words.NOBODY, words.TIMER).at(ran.t_ns + 15 * MS)
        for key in crowd:
            ran.sample(9, track=key)
        ran.at(ran.t_ns + 30 * MS).unparks("light")
    ran.exits("light")
    if held_ms:
        kept_off(ran, words.NOBODY, ran.ids["crowd 0"], 0, held_ms, 0)
    told = found(ran, "starvation")
    assert len(told) == expected
    for one in told:
        share = {0: 98, 900: 20, 2_900: 7}[before_ms]
        assert one.sentence == (
            f"light was ready but did not run for 0.23 s, {share}% of its life, at most 45 ms at once, "
            "while 2 × crowd ran (inferred: it had ended its wait, and they were seen to run)"
        )
        assert (one.line, one.cost_ns // MS) == (5, 225)
        assert [ran.ids[name] for name in ("light", *crowd)] == list(one.tracks)


@pytest.mark.parametrize(("apart_ms", "expected"), [(0.5, ["hog"]), (2, [])])
def test_who_does_something_all_the_time_was_not_kept_off(apart_ms: float, expected: list[str]) -> None:
    """Though it may have been at any time, and for as long, by what is told of the thread."""
    ran = Tape().spawn("loop", words.LOOP, parent="main")
    for line, key in enumerate(("work", "other"), 30):
        ran.spawn(key, words.TASK, parent="loop", creator="main", line=line).wake(key, "main", words.SPAWN)
    ran.spawn("each", words.GENERATOR, "<genexpr>", parent="work", creator="work")
    ran.waits("main", words.JOIN, "asyncio.run(all())").switch("main", "loop", line=40)
    ran.switch("loop", "other").waits("other", words.SLEEP, "1 ms", MS).switch("other", "loop", line=9)
    ran.switch("loop", "work")
    while ran.t_ns < 200 * MS:
        ran.resume("each", line=65).at(ran.t_ns + round(apart_ms * MS)).yields("each", "1", line=65)
    ran.waits("work", words.SLEEP, "9 s", 9_000 * MS).switch("work", "loop", line=66)
    ran.wake("other", "loop", words.TIMER).switch("loop", "other").exits("other").switch("other", "loop")
    told = found(kept_off(ran, ran.ids["main"], words.NOBODY, 0, 1_000, 990), "hog")
    assert [one.kind for one in told] == expected
    for one in told:
        assert one.sentence.startswith("<genexpr> ran for 0.2 s without yielding, until work yielded at demo.py:66")
