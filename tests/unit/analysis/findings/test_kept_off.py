"""Who was kept off by the machine, or by a thread that kept the interpreter's lock, is to blame for nothing."""

from __future__ import annotations

import pytest

from tests.unit.analysis.findings.test_findings import MS, crunches, found, kinds, only
from tests.unit.analysis.tape import Tape
from visualizer.trace import events as ev
from visualizer.trace import words


def kept_off(tape: Tape, track: int, by: int, since_ms: int, until_ms: int, length_ms: int) -> Tape:
    times_ns = (ms * MS for ms in (since_ms, until_ms, length_ms))
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
