"""Labels of waits, legend, captions."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape, feed, ping_pong, producer_consumer, sleeps
from tests.unit.paint.drawn import text
from visualizer.analysis.model.timeline import State, Suspension, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.text import caption
from visualizer.paint.text.cell_width import cell_width
from visualizer.paint.text.legend import in_order, legend, meaning
from visualizer.paint.text.wait_labels import brief, labels, told_within, wait_label, wait_labels
from visualizer.trace import events as ev
from visualizer.trace import words


def suspension(reason: str, on: str = "", on_track: int = -1, asked_ns: int = -1) -> Suspension:
    return Suspension(0, 0, reason, on, on_track, asked_ns, None)


@pytest.mark.parametrize(
    ("suspended", "label"),
    [
        (suspension(words.SLEEP, "2 s", asked_ns=2_000_000_000), "sleep 2 s"),
        (suspension(words.SLEEP, "0 s", asked_ns=0), "sleep 0 s"),
        (suspension(words.SLEEP, "for ever"), "sleep for ever"),
        (suspension(words.JOIN, "gevent.joinall([a, b, c, d, e])"), "gevent.joinall(…)"),
        (suspension(words.QUEUE, "[(name, pay(name)) for name in both for both in iter(get, 1)]"),
         "[(name, pay(name)) for name in both for both in iter(get, 1)]"),
        (suspension(words.UNKNOWN, "queue.get()"), "queue.get()"),
        (suspension(words.UNKNOWN), "waits for something unknown"),
        (suspension(words.JOIN), "join"),
        (suspension(words.SUSPENDED), "yield"),
        (suspension(words.RESUMED, on_track=1), "→ test1"),
        (suspension(words.SWITCHED, on_track=1), "→ test1"),
        (suspension(words.SWITCHED, on_track=77), "switched"),
        (suspension(words.JOIN, "a\x1b[2J\n"), "a␛[2J␊"),
    ],
)
def test_labels_of_waits(suspended: Suspension, label: str) -> None:
    assert wait_label(ping_pong().timeline(), suspended) == label


def test_shorter_labels() -> None:
    timeline = ping_pong().timeline()
    joins = suspension(words.JOIN, "gevent.joinall(all)")
    assert wait_labels(timeline, joins) == ["gevent.joinall(all)", "joinall(all)"]
    assert wait_labels(timeline, suspension(words.SUSPENDED)) == ["yield"]


def test_where_there_is_no_room_a_call_is_told_without_its_arguments() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.waits("main", words.JOIN, "gevent.joinall([a, b])").switch("main", "hub")
    tape.switch("hub", "main").waits("main", words.EVENT, "done.wait()").switch("main", "hub")
    timeline = tape.timeline()
    said = "main waits in gevent.joinall([a, b]); in 2 s it is woken"
    assert brief(timeline, said, timeline.switch(0).suspension, len(said)) == said
    shortened = brief(timeline, said, timeline.switch(0).suspension, 20)
    assert shortened == "main waits in gevent.joinall(…); in 2 s it is woken"
    assert brief(timeline, "main waits in done.wait()", timeline.switch(2).suspension, 9) == "main waits in done.wait()"
    assert brief(timeline, said, -1, 9) == said


def test_who_runs_is_told_in_whatever_room_there_is() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("reader", words.GREENLET, parent="main", creator="main")
    tape.wake("reader", "main", words.SPAWN).waits("main", words.JOIN, "gevent.joinall([a, b])")
    tape.switch("main", "hub").switch("hub", "reader").waits("reader", words.SLEEP, asked_ns=0).switch("reader", "hub")
    tape.wake("reader", "hub", words.TIMER).switch("hub", "reader")
    timeline = tape.timeline()

    def told(width: int) -> list[str]:
        found = [told_within(timeline, index, width) for index in range(4)]
        assert all(len(said) <= width for said in found)
        return found

    assert told(80)[:2] == [
        "main waits in gevent.joinall([a, b]) → hub runs for the first time",
        "main spawned reader → reader runs for the first time",
    ]
    assert told(46)[:2] == ["main waits in gevent.joinall(…) → hub starts", "main spawned reader → reader starts"]
    assert told(34)[1] == "main spawned it → reader starts"
    assert told(46)[2:] == ["reader yields (sleeps 0 s) → hub runs", "reader had only yielded → reader runs"]
    assert told(36)[2:] == ["reader yields → hub runs", "it had only yielded → reader runs"]
    assert told(30)[0] == "main waits in … → hub starts"


def test_that_a_track_raised_something_is_told_in_whatever_room_there_is() -> None:
    tape = Tape().spawn("worker", words.GREENLET, parent="main", creator="main").switch("main", "worker")
    timeline = tape.exits("worker", words.RAISED, "KeyError").switch("worker", "main").timeline()
    assert told_within(timeline, 1, 33) == "worker ended (raised… → main runs"


def test_what_is_written_on_a_slice() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("hog", words.GREENLET, name="h\x1bg", parent="hub", creator="main").switch("main", "hub", line=3)
    tape.at(10_000_000).switch("hub", "hog").switch("hog", "hub", line=4).switch("hub", "hog")
    timeline = tape.at(400_000_000).end().timeline()
    written = {
        track.id: [labels(timeline, track, i) for i in range(len(track.slices))] for track in timeline.tracks.values()
    }
    assert written == {
        0: [[], ["→ hub"]],
        # When it merely waits, nothing is written on a hub.
        1: [[], [], [], [], ["blocked by h␛g", "blocked"]],
        2: [[], [], ["→ hub"], []],
    }
    assert text(legend(timeline.occurred)) == "· created   █ running   ┈ waiting   ▚ blocked hub"


def test_legend_of_what_occurs() -> None:
    timeline = producer_consumer().timeline()
    assert in_order(timeline.occurred) == [State.CREATED, State.RUNNING, State.WAITING, State.DONE]
    assert text(legend(timeline.occurred)) == "· created   █ running   ┈ waiting   ✓ ended"
    assert text(legend(timeline.occurred, ascii=True)) == ": created   # running   - waiting   v ended"
    assert text(legend(timeline.occurred, width=44)) == "· created   █ running   ┈ waiting   ✓ ended"
    # What is left out first is what matters least, and not what comes last.
    assert text(legend(timeline.occurred, width=42)) == "█ running   ┈ waiting   ✓ ended   …"
    assert text(legend(timeline.occurred, width=34)) == "█ running   ┈ waiting   …"
    assert text(legend(timeline.occurred, width=26, ascii=True)) == "# running   - waiting   .."
    assert text(legend(timeline.occurred, width=0)) == "…"
    assert [run.style for run in legend(timeline.occurred)][:3] == ["created", "dim", "dim"]
    assert len({meaning(state) for state in State}) == len(State)


def test_the_states_of_a_part_and_of_some_tracks() -> None:
    tape = Tape().spawn("good", words.GREENLET).spawn("late", words.GREENLET).at(10_000).switch("main", "good")
    tape.exits("good", words.RETURNED).switch("good", "main").at(90_000).prints("end")
    timeline = tape.timeline()
    good, late = tape.ids["good"], tape.ids["late"]
    whole, behind = Part.whole(timeline), Part.between(timeline, 50_000, 90_000)
    assert {*whole.states()} == {State.CREATED, State.RUNNING, State.WAITING, State.DONE} == timeline.occurred
    assert {*whole.states([good])} == {State.CREATED, State.RUNNING, State.DONE}
    # By then it had ended.
    assert ({*behind.states([good])}, {*behind.states([late])}) == (set(), {State.CREATED})
    assert {*behind.states()} == {State.CREATED, State.RUNNING}


@pytest.mark.parametrize(
    ("off_ns", "cause", "said"),
    [
        (59_000_000, words.TIMER, ["sleep 1 s, 59 ms late", "sleep 1 s"]), (19_000_000, words.TIMER, ["sleep 1 s"]),
        (59_000_000, words.THROW, ["sleep 1 s"]),
    ],
)
def test_a_wait_that_went_on_when_its_time_was_over_says_so(off_ns: int, cause: str, said: list[str]) -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("foo", words.GREENLET, parent="hub").switch("hub", "foo")
    tape.waits("foo", words.SLEEP, "1 s", 1_000_000_000).switch("foo", "hub", line=4)
    at_ns = tape.t_ns + 1_000_000_000 + off_ns
    timeline = tape.at(at_ns).wake("foo", "hub", cause).switch("hub", "foo").timeline()
    foo = timeline.tracks[tape.ids["foo"]]
    waits = [index for index, state in enumerate(foo.slices.state) if state == State.WAITING]
    assert [labels(timeline, foo, index) for index in waits] == [said]


def test_a_legend_of_all_states_has_room() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main").wake("hub", "main", words.SPAWN)
    for key, outcome in (("good", words.RETURNED), ("bad", words.RAISED), ("gone", words.KILLED)):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").switch("main", key, line=3)
        tape.exits(key, outcome).switch(key, "main")
    tape.at(10_000_000).wake("hub", "main", words.SPAWN).switch("main", "hub", line=4).poll("hub", 1)
    tape.at(20_000_000).poll("hub", 0).spawn("hog", words.GREENLET, parent="hub", creator="main")
    timeline = tape.switch("hub", "hog").at(400_000_000).end().timeline()
    everything = [state for state in State if state is not State.UNKNOWN]
    assert set(in_order(timeline.occurred)) == set(everything)
    assert text(legend(timeline.occurred, width=118)) == (
        "· created   ▒ ready   █ running   ┈ waiting   ░ idle   ▚ blocked   ✓ ended   ✗ failed   ⊘ stopped"
    )
    assert text(legend(timeline.occurred, width=78)) == (
        "▒ ready   █ running   ┈ waiting   ▚ blocked   ✗ failed   ⊘ stopped   …"
    )
    for ascii in (False, True):
        for width in range(1, 130):
            found = text(legend(timeline.occurred, ascii=ascii, width=width))
            assert cell_width(found) <= max(width, 1 + ascii)
            assert (("x" if ascii else "✗") in found) is (width >= 12 + ascii), "an exception is left out last"


def recorded(*events: ev.Event, tape: Tape | None = None, tracers: dict[str, str] | None = None) -> Timeline:
    timeline = (tape or sleeps()).timeline()
    timeline.header = ev.Header(words.FORMAT, words.VERSION, python="3.13.0", target="demo", tracers=tracers or {})
    feed(timeline, events)
    return timeline


def test_facts() -> None:
    assert caption.title(recorded()) == "demo"
    assert caption.facts(recorded()) == ["Python 3.13.0", "2 s", "10 switches", "exit code 0"]
    assert caption.title(Timeline()) == "trace"
    assert caption.facts(Timeline()) == ["0 s", "0 switches", "end not recorded"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (ev.End(5, 3, 0), "exit code 3"),
        (ev.End(5, -1, 9), "killed by SIGKILL"),
        (ev.End(5, -1, 99), "killed by signal 99"),
    ],
)
def test_the_end(end: ev.End, said: str) -> None:
    assert caption.ending(recorded(end)) == said


def test_an_uncaught_exception() -> None:
    assert caption.uncaught(recorded()) is None
    assert caption.uncaught(recorded(ev.Uncaught(5, "ValueError", "a\nb"))) == "Uncaught ValueError: a␊b"
    assert caption.uncaught(recorded(ev.Uncaught(5, "KeyboardInterrupt", ""))) == "Uncaught KeyboardInterrupt"


def test_what_must_be_told() -> None:
    assert caption.remarks(recorded(tracers={"generators": "on: sys.monitoring", "gevent": "waiting for it"})) == []
    assert caption.remarks(
        recorded(
            ev.Note(5, "The program forked."),
            ev.Dropped(5, "events", 3),
            ev.Dropped(6, "events", 7),
            ev.Dropped(6, "texts", 0),
            ev.Dropped(-1, "unreadable lines", 1),
            ev.Dropped(-1, "rows that could not be read", 1),
            tracers={"generators": "no tool id of sys.monitoring is free.", "threads": "off: not seen."},
        )
    ) == [
        "The program forked.",
        "Left out of the trace: 7 events.",
        "Left out of the trace: 1 unreadable line.",
        "Left out of the trace: 1 row that could not be read.",
        "The tracer of generators did not work: no tool id of sys.monitoring is free.",
    ]
    two = caption.remarks(recorded(tape=Tape().spawn("second", words.THREAD), tracers={"threads": "off: not seen."}))
    assert two[1:] == ["The tracer of threads was off: not seen."]
    assert caption.remarks(recorded(tape=Tape())) == ["No switch was recorded: no generator, greenlet or hub ran."]


def test_threads_that_compute_at_once_share_the_interpreter() -> None:
    def said(waits_until_ns: int) -> bool:
        tape = Tape().spawn("other", words.THREAD).thread("other").waits("other", words.SLEEP, "1 s")
        tape.parks(line=5).at(waits_until_ns).unparks().at(1_000_000_000).exits("other").exits("main").end()
        return any("interpreter's lock (GIL)" in remark for remark in caption.remarks(tape.timeline()))

    assert said(500_000_000)
    assert not said(950_000_000)


def test_where_it_might_be_either_track_it_is_left_out() -> None:
    tape = Tape().spawn("baker", words.GREENLET, parent="main", creator="main")
    tape.spawn("customer", words.GREENLET, parent="main", creator="main").spawn("hub", words.HUB)
    tape.switch("main", "customer").waits("customer", words.QUEUE, "shelf.get()").switch("customer", "hub")
    tape.wake("customer", "baker", words.CALLBACK).switch("hub", "customer")
    tape.waits("customer", words.JOIN, "baker.join()", thing=f"track {tape.ids['baker']}").switch("customer", "hub")
    tape.switch("hub", "baker").exits("baker").switch("baker", "hub")
    tape.wake("customer", "baker", words.FINISHED).switch("hub", "customer")
    timeline = tape.timeline()

    def told(index: int, width: int) -> str:
        return told_within(timeline, index, width)

    assert told(2, 90) == "baker put an item in the queue customer was waiting on (shelf.get()) → customer runs"
    assert told(2, 62) == "baker put an item in the queue (shelf.get()) → customer runs"
    assert told(6, 60) == "baker, which customer was waiting for, ended → customer runs"
    assert told(6, 54) == "baker ended, for which it waited → customer runs"
    assert told(6, 40) == "baker ended, for which … → customer runs"


def test_a_limit_is_told_whole_or_not_at_all() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").waits("main", words.EVENT, "door.wait(2)", 2_000_000_000)
    timeline = tape.switch("main", "hub").switch("hub", "main").timeline()
    told = {width: told_within(timeline, 0, width) for width in (60, 48, 40)}
    assert told == {
        60: "main waits in door.wait(2), at most 2 s → hub starts",
        48: "main waits in door.wait(2) → hub starts",
        40: "main waits in door.wait(2) → hub starts",
    }
