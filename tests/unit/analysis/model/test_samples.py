"""What is known of a track that ran on, from where it was seen."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import FILE, Tape
from visualizer.analysis.explore.search import Found, for_line
from visualizer.analysis.explore.targets import Line
from visualizer.analysis.findings import findings
from visualizer.analysis.findings.base import cut_off, suspension_before
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.model.samples import Samples
from visualizer.analysis.model.timeline import Entry, State
from visualizer.analysis.report.details import details
from visualizer.analysis.report.jsonl import records
from visualizer.analysis.text.hot_lines import Sampled, hot_line, lines_sampled, mostly, sampled_at
from visualizer.analysis.text.sentences import describe_state
from visualizer.trace import events as ev
from visualizer.trace import words

MS = 1_000_000
SOURCE = "\n" * 10 + "    total += number * number\n    log(total)  # " + "x" * 60 + "\n"


def hogged(*seen: tuple[float, int, int]) -> Tape:
    """foo sleeps for 10 ms; bar runs from 2 to 302 ms, and was `seen` then: (ms, line, count) each."""
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in ("foo", "bar"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main", line=30)
        tape.wake(key, "main", words.SPAWN)
    tape.at(MS).waits("main", words.JOIN, "joinall(all)").switch("main", "hub", line=40).switch("hub", "foo")
    tape.waits("foo", words.SLEEP, "0.01 s", 10 * MS).switch("foo", "hub", line=5)
    tape.at(2 * MS).switch("hub", "bar")
    for ms, line, count in seen:
        tape.at(round(ms * MS)).sample(line, count)
    tape.at(302 * MS).waits("bar", words.SLEEP, "0 s", 0).switch("bar", "hub", line=12)
    return tape.wake("foo", "hub", words.TIMER).switch("hub", "foo")


SEEN = (30, 11, 1), (55, 11, 1), (105, 11, 2), (130, 12, 1), (155, 11, 1), (205, 11, 2)


def test_a_sample_belongs_to_the_track_that_runs() -> None:
    tape = hogged(*SEEN)
    timeline = tape.timeline()
    samples = timeline.samples
    assert list(samples.track) == [tape.ids["bar"]] * 6
    assert [t_ns // MS for t_ns in samples.ns] == [30, 55, 105, 130, 155, 205]
    assert list(samples.count) == [1, 1, 2, 1, 1, 2]
    order = [(entry, index) for t_ns, entry, index in timeline.order() if entry is Entry.SAMPLE]
    assert order == [(Entry.SAMPLE, index) for index in range(6)]


def test_a_sample_in_a_generator_is_the_generators_own() -> None:
    tape = Tape().spawn("gen", words.GENERATOR).resume("gen", line=3).sample(7).yields("gen", line=8).sample(3)
    timeline = tape.timeline()
    assert list(timeline.samples.track) == [tape.ids["gen"], tape.ids["main"]]


def test_a_sample_of_whom_the_trace_does_not_know_to_run_is_left_out() -> None:
    tape = hogged()
    tape.sample(11, track="bar").sample(11, track="hub").sample(11, count=0).sample(11, track=99)
    tape.events.append(ev.Sample(tape.t_ns, words.CURRENT, 12345))
    assert not len(tape.timeline().samples)
    tape = Tape().spawn("hub", words.HUB, parent="main").switch("main", "hub").poll("hub", 1).sample(11)
    timeline = tape.timeline()
    assert timeline.tracks[tape.ids["hub"]].state is State.IDLE
    assert not len(timeline.samples)


def test_who_uses_no_processor_time_waits_in_a_call_and_blocks_its_hub_all_the_same() -> None:
    tape = hogged()
    events, tape.events = tape.events[-5:], tape.events[:-5]
    tape.at(30 * MS).idle(1).at(40 * MS).sample(11).at(280 * MS).idle(0)
    tape.events += events
    timeline = tape.timeline()
    bar, hub = (timeline.tracks[tape.ids[key]] for key in ("bar", "hub"))
    assert [State(state).name for state in bar.slices.state] == [
        "CREATED", "READY", "RUNNING", "IDLE", "RUNNING", "WAITING",
    ]  # fmt: skip
    assert hub.slices.state[hub.slices.at(200 * MS)] == State.BLOCKED
    assert len(bar.steps) == 1
    assert describe_state(timeline, bar.id, 50 * MS) == (
        "bar has been idle for 20 ms: it waits in a call (inferred: it uses no processor time), "
        "last seen at demo.py:11 (sampled)"
    )
    assert describe_state(timeline, hub.id, 200 * MS) == (
        "hub has been blocked for 0.2 s: bar waits in a call without yielding, last seen at demo.py:11 (sampled)"
    )
    # The trace carries the source.
    tape.lists("\n" * 10 + "    jobs.get\\\n(1)")
    said = describe_state(tape.timeline(), bar.id, 50 * MS)
    assert said == (
        "bar has been idle for 20 ms: it waits in `jobs.get` (inferred: it uses no processor time), "
        "last seen at demo.py:11 (sampled)"
    )
    [hog] = findings(timeline)
    assert (hog.kind, hog.sentence.split(",")[0]) == (
        "hog", "bar waited in a call that uses no processor time for 0.3 s without yielding",
    )  # fmt: skip


def test_a_thread_that_waits_without_a_hub_is_no_problem_and_its_idle_time_can_be_folded() -> None:
    tape = Tape().sample(11).at(30 * MS).idle(1).at(900 * MS).idle(0).at(910 * MS)
    timeline = tape.exits("main").end().timeline()
    main = timeline.tracks[tape.ids["main"]]
    assert round(main.slices.spent_ns(State.IDLE, timeline.last_ns) / MS) == 870
    assert findings(timeline) == []
    [gap] = [gaps(timeline).gap(number) for number in range(len(gaps(timeline)))]
    assert (round(gap.start_ns / MS), round(gap.end_ns / MS)) == (30, 900)


def test_what_a_thread_waited_in_is_told_where_something_else_ended_it() -> None:
    tape = Tape().at(30 * MS).idle(1).at(900 * MS).sample(11).end(-1, signal.SIGTERM)
    assert cut_off(tape.timeline()) == (
        "Last known before SIGTERM ended the program: main waited in a call (demo.py:11)."
    )


@pytest.mark.parametrize("lives", [True, False])
def test_what_a_child_waited_for_is_told_if_it_lived_on_as_the_program_ended(lives: bool) -> None:
    tape = Tape().forks("child").waits("main", words.JOIN, "p.join()").parks("main", line=9)
    tape.thread("child").waits("child", words.PIPE, "r.recv()").parks("child", line=7)
    if not lives:
        tape.unparks("child").exits("child")
    told = " and child waited in r.recv() (demo.py:7)" if lives else ""
    assert cut_off(tape.end(-1, signal.SIGTERM).timeline()) == (
        f"Last known before SIGTERM ended the program: main waited in p.join() (demo.py:9){told}."
    )


def test_what_tasks_waited_for_is_told_where_ctrl_c_ended_their_loop() -> None:
    tape = Tape().spawn("loop", words.LOOP, parent="main").spawn("a", words.TASK, parent="loop").switch("main", "loop")
    tape.switch("loop", "a").waits("a", words.EVENT, "e.wait()").switch("a", "loop", line=5).switch("loop", "main")
    tape.wake("a", "main", words.CANCEL).switch("main", "loop").switch("loop", "a").exits("a", words.CANCELLED)
    tape.switch("a", "loop").exits("loop").switch("loop", "main")
    tape.events.append(ev.Uncaught(tape.t_ns, "KeyboardInterrupt", ""))
    assert cut_off(tape.exits("main").end(130).timeline()) == (
        "Last known before Ctrl-C ended the program: a waited in e.wait() (demo.py:5)."
    )


def test_what_a_track_waited_for_before_a_run_with_many_idle_times_is_found() -> None:
    tape = hogged().at(400 * MS)
    for _ in range(5):
        tape.idle(1).idle(0)
    timeline = tape.timeline()
    foo = timeline.tracks[tape.ids["foo"]]
    waited = suspension_before(timeline, foo, timeline.last_ns)
    assert waited is not None
    assert waited.on == "0.01 s"


def test_a_hub_tells_of_its_polls_itself() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").switch("main", "hub").idle(1)
    hub = tape.ids["hub"]
    assert tape.timeline().tracks[hub].state is State.RUNNING
    assert tape.poll("hub", 1).idle(1).idle(0).timeline().tracks[hub].state is State.IDLE


def test_the_line_at_which_it_was_seen_the_most_often() -> None:
    tape = hogged(*SEEN)
    timeline = tape.timeline()
    bar = tape.ids["bar"]
    found = lines_sampled(timeline, bar, 0, timeline.last_ns)
    # 8 of them, of which the first was at 30 ms and the last at 205.
    assert [(one.place.file, one.place.line, one.times, one.of, one.every_ns) for one in found] == [
        (FILE, 11, 7, 8, 25 * MS), (FILE, 12, 1, 8, 25 * MS),
    ]
    assert mostly(timeline, bar, 0, timeline.last_ns) == found[0]
    late = mostly(timeline, bar, 110 * MS, 140 * MS)
    assert late is not None
    assert (late.place.line, late.times, late.of, late.every_ns) == (12, 1, 1, 0)
    assert mostly(timeline, bar, 31 * MS, 54 * MS) is None
    assert mostly(timeline, tape.ids["foo"], 0, timeline.last_ns) is None


def test_it_in_words() -> None:
    tape = hogged(*SEEN)
    tape.lists(SOURCE)
    timeline = tape.timeline()
    place = sampled_at(timeline, 0)
    long = sampled_at(timeline, 3)
    assert place is not None
    assert long is not None
    assert sampled_at(timeline, -1) is None
    written = "demo.py:11 `total += number * number`"
    nine = hot_line(timeline, Sampled(place, 9, 11, 26 * MS))
    assert nine == f"mostly at {written} (9 of 11 samples, one every 26 ms)"
    assert hot_line(timeline, Sampled(place, 3, 11, 26 * MS)).startswith(f"most often at {written} (3 of 11 samples, ")
    assert hot_line(timeline, Sampled(place, 4, 4, 26 * MS)) == f"sampled at {written} (all 4 samples, one every 26 ms)"
    assert hot_line(timeline, Sampled(place, 1, 1, 0)) == f"sampled at {written} (1 sample)"
    assert hot_line(timeline, Sampled(long, 1, 1, 0)) == f"sampled at demo.py:12 `log(total)  # {'x' * 25}…` (1 sample)"
    assert hot_line(hogged().timeline(), Sampled(place, 1, 1, 0)) == "sampled at demo.py:11 (1 sample)"


def test_a_hog_is_told_with_its_line() -> None:
    tape = hogged(*SEEN).lists(SOURCE)
    [hog] = [one for one in findings(tape.timeline()) if one.kind == "hog"]
    assert hog.sentence == (
        "bar ran for 0.3 s without yielding, mostly at demo.py:11 `total += number * number` (7 of 8 samples, one "
        "every 25 ms), until it yielded at demo.py:12 → foo ran 0.29 s late"
    )
    assert (hog.file, hog.line) == (FILE, 11)


def test_a_call_that_blocks_is_told_with_what_would_not() -> None:
    source = "import gevent\nfrom time import sleep as nap\n" + "\n" * 8 + "    nap(0.3)\n    q.get(1)\n"
    [sleeps] = findings(hogged(*SEEN).lists(source).timeline())
    assert (sleeps.kind, sleeps.line) == ("blocking_call", 11)
    assert sleeps.sentence == (
        "bar did not yield for 0.3 s, and mostly waited in nap(0.3), which blocks its hub, mostly at demo.py:11 (7 of "
        "8 samples, one every 25 ms), until it yielded at demo.py:12 → foo ran 0.29 s late; gevent.sleep would let "
        "others run meanwhile"
    )


@pytest.mark.parametrize(("idle", "kind"), [(True, "blocking_call"), (False, "hog")])
def test_a_call_that_may_block_does_if_its_thread_uses_no_processor_time(idle: bool, kind: str) -> None:
    tape = hogged()
    events, tape.events = tape.events[-5:], tape.events[:-5]
    if idle:
        tape.at(30 * MS).idle(1)
    tape.at(40 * MS).sample(12)
    tape.events += events
    [one] = findings(tape.lists("\n" * 11 + "    q.get(1)\n").timeline())
    assert (one.kind, one.line) == (kind, 12)
    assert one.sentence.startswith("bar waited for 0.3 s in q.get(1), which blocks its hub, sampled at") == idle


@pytest.mark.parametrize(("line", "told"), [(4, True), (2, False)])
def test_the_thread_that_has_the_lock_which_blocks_a_hub_is_named(line: int, told: bool) -> None:
    tape = hogged()
    events, tape.events = tape.events[-5:], tape.events[:-5]
    tape.at(30 * MS).idle(1).at(40 * MS).sample(12)
    tape.spawn("keeper", words.THREAD).at(50 * MS).sample(line, track="keeper").thread("main")
    tape.events += events
    source = "def keep():\n    before()\n    with lk:\n        fetch()\n" + "\n" * 7 + "    with lk:\n"
    [one] = findings(tape.lists(source).timeline())
    assert one.kind == "blocking_call"
    held = "; keeper was inside of that lock's block meanwhile at demo.py:4 (inferred from the source)"
    assert one.sentence.endswith(held) == told
    assert ("keeper" in one.sentence) == told


def test_what_a_track_does_says_where_it_was_seen_last() -> None:
    tape = hogged(*SEEN)
    timeline = tape.timeline()
    bar, hub = tape.ids["bar"], tape.ids["hub"]
    assert describe_state(timeline, bar, 22 * MS) == "bar has been running for 20 ms"
    assert describe_state(timeline, bar, 132 * MS) == (
        "bar has been running for 0.13 s, last seen at demo.py:12 (sampled)"
    )
    assert describe_state(timeline, hub, 160 * MS) == (
        "hub has been blocked for 0.16 s: bar runs without yielding, last seen at demo.py:11 (sampled)"
    )


def test_records_search_and_statistics_have_them() -> None:
    tape = hogged((30, 11, 1), (80, 11, 2)).sample(20, track="foo", function="count", called=21)
    timeline = tape.timeline()
    found = [record for record in records(timeline) if record["event"] == "sample"]
    assert [(r["t"], r["track"], r["name"], r["count"], r["file"], r["line"]) for r in found[:2]] == [
        (0.03, tape.ids["bar"], "bar", 1, FILE, 11), (0.08, tape.ids["bar"], "bar", 2, FILE, 11),
    ]
    assert [record["called"] and record["called"]["line"] for record in found] == [None, None, 21]
    search = for_line(timeline, Line("demo.py", 11))
    assert not search.take(1000)
    assert search.counts == {Found.SAMPLE: 2}
    assert [search.moment(0).t_ns, search.moment(0).said] == [30 * MS, "bar runs there (sampled)"]
    line, _ = details(timeline).sampled
    assert (line.name, line.file, line.line, line.function, line.samples) == ("bar", FILE, 11, "run", 3)


NUMBERS = st.integers(0, 12)


@given(st.lists(st.tuples(NUMBERS, *(st.integers(1, most) for most in (2, 3, 4, 2)))), NUMBERS, NUMBERS, NUMBERS)
def test_the_columns_say_what_a_scan_says(
    added: list[tuple[int, int, int, int, int]], t_ns: int, start_ns: int, end_ns: int
) -> None:
    samples = Samples()
    for sample in sorted(added):
        samples.add(*sample)
    for track in (1, 2, 3):
        own = [n for n in range(len(samples)) if samples.track[n] == track]
        inside = [n for n in own if start_ns <= samples.ns[n] <= end_ns]
        assert list(samples.between(track, start_ns, end_ns)) == inside
        latest = samples.latest(track, start_ns, end_ns)
        assert latest == (max(inside) if inside else -1)
        nearest = samples.nearest(track, t_ns, 0, 12)
        distances = [abs(samples.ns[n] - t_ns) for n in own]
        assert (abs(samples.ns[nearest] - t_ns) == min(distances)) if own else nearest == -1
        for until_ns in (end_ns - 2, end_ns, end_ns, start_ns):
            counts: dict[tuple[int, int], int] = {}
            for n in own:
                if start_ns <= samples.ns[n] <= until_ns:
                    where = samples.place[n], samples.called[n]
                    counts[where] = counts.get(where, 0) + samples.count[n]
            assert samples.tally(track, start_ns, until_ns) == counts


def test_times_that_run_back_are_moved() -> None:
    """A generator that another thread resumes may have been seen there a moment "before"."""
    samples = Samples()
    for t_ns in (5, 3, 8):
        samples.add(t_ns, 1, 1, 1)
    assert list(samples.ns) == [5, 5, 8]


@pytest.mark.parametrize("line", [-1, 0, 10**9])
def test_a_line_that_does_not_exist_is_not_quoted(line: int) -> None:
    tape = hogged((30, line, 1)).lists(SOURCE)
    timeline = tape.timeline()
    one = mostly(timeline, tape.ids["bar"], 0, timeline.last_ns)
    assert one is not None
    assert hot_line(timeline, one) == f"sampled at demo.py:{line} (1 sample)"
