"""`visualizer.load`, and what can be asked of a trace."""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import visualizer
from tests.conftest import ROOT
from tests.unit.analysis.model.test_properties import ACTIONS, EVENTS, Simulation
from tests.unit.analysis.tape import FILE, STEP_NS, Tape, ping_pong, producer_consumer, sleeps
from visualizer.analysis.report.details import details
from visualizer.api.trace import Table
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.events import Header, encode

HEADER = Header(words.FORMAT, words.VERSION, target="demo.py")


def opened(tape: Tape, folder: Path) -> visualizer.Trace:
    """The trace as it is read from a file."""
    return written(tape.events, folder / "a.trace")


def written(events: Sequence[ev.Event], path: Path) -> visualizer.Trace:
    path.write_bytes(encode(HEADER) + b"".join(map(encode, events)))
    return visualizer.load(path)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example of a property is written."""
    return tmp_path_factory.mktemp("examples") / "a.trace"


def dining() -> Tape:
    """Two who hold what the other one waits for."""
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in ("anna", "ben"):
        tape.spawn(key, words.GREENLET, parent="hub").wake(key, words.CURRENT, words.SPAWN)
    tape.switch("main", "hub")
    for key, thing in (("anna", "Semaphore 2"), ("ben", "Semaphore 1")):
        tape.switch("hub", key).waits(key, words.SEMAPHORE, "with it", thing=thing).switch(key, "hub", line=7)
    tape.tie("anna", words.HOLDS, "Semaphore 1").tie("ben", words.HOLDS, "Semaphore 2")
    return tape.switch("hub", "main", "LoopExit()", words.THROW).exits("main", words.RAISED, "LoopExit()").end(1)


def test_what_was_run_and_how_it_ended(tmp_path: Path) -> None:
    trace = opened(dining(), tmp_path)
    assert (trace.path, trace.target, trace.exit_code, trace.notices) == (str(tmp_path / "a.trace"), "demo.py", 1, ())
    assert (trace.start_ns, trace.end_ns, trace.duration_ns) == (0, 13 * STEP_NS, 13 * STEP_NS)
    assert repr(trace) == f"<Trace {trace.path!r}: 4 tracks, 6 switches>"
    assert opened(ping_pong().end(signal=15), tmp_path).exit_code == -15
    assert opened(ping_pong(), tmp_path).exit_code is None


def test_tracks(tmp_path: Path) -> None:
    trace = opened(ping_pong(), tmp_path)
    assert [track.name for track in trace.tracks] == ["main", "test1", "test2"]
    test2 = trace.tracks["test2"]
    assert test2 == trace.tracks[2] == trace.tracks[-1] == trace.tracks[1:][1]
    assert (test2.id, test2.kind, test2.state, test2.parent, test2.creator) == (2, "greenlet", "DONE", "main", None)
    assert (test2.start_ns, test2.end_ns, test2.outcome, test2.value) == (3000, 7000, "returned", "None")
    assert test2.slices == [
        visualizer.Slice("test2", "CREATED", 3000, 4000),
        visualizer.Slice("test2", "RUNNING", 4000, 5000),
        visualizer.Slice("test2", "WAITING", 5000, 6000),
        visualizer.Slice("test2", "RUNNING", 6000, 7000),
        visualizer.Slice("test2", "DONE", 7000, 8000),
    ]
    assert test2.slices[2].duration_ns == 1000
    assert [key in trace.tracks for key in ("test2", test2, "test3", None)] == [True, True, False, False]
    assert repr(trace.tracks) == "Tracks(['main', 'test1', 'test2'])"
    assert repr(test2).startswith("Track(name='test2', id=2, kind='greenlet', state='DONE', start_ns=3000, ")
    with pytest.raises(KeyError, match="test3"):
        trace.tracks["test3"]
    with pytest.raises(IndexError):
        trace.tracks[3]


def test_namesakes_are_numbered(tmp_path: Path) -> None:
    tape = Tape().spawn("a", words.GREENLET, "worker").spawn("b", words.GREENLET, "worker").switch("main", "b")
    trace = opened(tape, tmp_path)
    assert trace.tracks["worker-2"].id == tape.ids["b"]
    assert trace.switches[0].target == "worker-2"


def test_switches(tmp_path: Path) -> None:
    trace = opened(ping_pong(), tmp_path)
    assert [(switch.number, switch.t_ns, switch.origin, switch.target) for switch in trace.switches] == [
        (1, 2000, "main", "test1"),
        (2, 4000, "test1", "test2"),
        (3, 5000, "test2", "test1"),
        (4, 6000, "test1", "test2"),
        (5, 8000, "test2", "main"),
    ]
    first, last = trace.switches[0], trace.switches[-1]
    assert (first.cause, first.value, first.origin_id, first.target_id) == ("switch", "'x'", 0, 1)
    assert first.place == visualizer.Place(FILE, "run", 9, 9, 4, 12)
    assert (last.value, last.place) == (None, None)
    assert repr(trace.switches) == f"[{', '.join(map(repr, trace.switches[:3]))}, ... and 2 more]"
    assert repr(trace.switches[3:]) == repr(list(trace.switches)[3:])
    assert trace.explain(1) == "main switches to test1 with 'x' → test1 runs for the first time"
    for number in (0, 6):
        with pytest.raises(IndexError):
            trace.explain(number)


def test_waits(tmp_path: Path) -> None:
    tape = sleeps()
    trace = opened(tape, tmp_path)
    assert [(wait.track, wait.reason, wait.on, wait.asked_ns, wait.waker) for wait in trace.waits] == [
        ("main", "join", "gevent.joinall(all)", None, "foo"),
        ("foo", "sleep", "2 s", 2_000_000_000, "hub"),
        ("bar", "sleep", "0 s", 0, "hub"),
    ]
    foo = trace.waits[1]
    switch, woken = trace.switches[2], next(wake for wake in trace.wakes if wake.woken == "foo" and wake.waker == "hub")
    assert (foo.start_ns, foo.end_ns, foo.ended, foo.place) == (switch.t_ns, woken.t_ns, True, switch.place)
    assert foo.duration_ns == 2_000_300_000
    assert foo.track_id == tape.ids["foo"]


def test_who_still_waits_does_so_up_to_the_end(tmp_path: Path) -> None:
    trace = opened(ping_pong(), tmp_path)
    left = trace.waits[-1]
    assert (left.track, left.reason, left.on, left.tracks) == ("test1", "switched", "test2", ("test2",))
    assert (left.ended, left.end_ns, left.waker) == (False, trace.end_ns, None)


def test_who_was_made_ready_for_nothing_waits_on(tmp_path: Path) -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub")
    tape.switch("main", "hub").switch("hub", "a").waits("a", words.EVENT, "e.wait()").switch("a", "hub")
    suspended_ns = tape.t_ns
    tape.wake("a", "hub", words.EVENT)
    tape.events.append(ev.Unready(tape.t_ns + STEP_NS, tape.ids["a"]))
    tape.at(tape.t_ns + 3 * STEP_NS).wake("a", "main", words.EVENT).switch("hub", "a")
    trace = opened(tape, tmp_path)
    [wait] = [wait for wait in trace.waits if wait.track == "a"]
    assert (wait.start_ns, wait.end_ns, wait.waker) == (suspended_ns, suspended_ns + 4 * STEP_NS, "main")


def test_wakes(tmp_path: Path) -> None:
    tape = Tape().spawn("hub", words.HUB).spawn("a", words.GREENLET)
    trace = opened(tape.wake("a", "hub", words.TIMER).wake("a", words.NOBODY, words.CALLBACK), tmp_path)
    a, hub = tape.ids["a"], tape.ids["hub"]
    assert list(trace.wakes) == [
        visualizer.Wake(3000, "hub", "a", "timer", hub, a),
        visualizer.Wake(4000, None, "a", "callback", None, a),
    ]


@given(ACTIONS)
def test_waits_are_those_of_the_events_and_of_each_moment(path: Path, actions: list[tuple[int, int]]) -> None:
    simulation = Simulation()
    for action, choice in actions:
        simulation.step(action, choice)
    trace = written(simulation.tape.events, path)
    check(trace, range(0, trace.end_ns + 1, STEP_NS))


@pytest.mark.parametrize("recorded", sorted((ROOT / "tests" / "golden").glob("*.trace")), ids=lambda path: path.stem)
def test_waits_of_what_was_recorded(recorded: Path) -> None:
    trace = visualizer.load(recorded)
    check(trace, [switch.t_ns for switch in trace.switches])


def check(trace: visualizer.Trace, moments_ns: Iterable[int]) -> None:
    """The waits are those of the events, and those that go on at a moment are those of that moment."""
    told = [event for event in trace.events() if event["event"] == "wait"]
    assert [(wait.track, wait.reason, wait.start_ns / 1e9) for wait in trace.waits] == [
        (event["name"], event["reason"], event["t"]) for event in told
    ]
    for t_ns in moments_ns:
        moment = trace.at(t_ns)
        going_on = [wait for wait in trace.waits if wait.start_ns <= t_ns and (t_ns < wait.end_ns or not wait.ended)]
        assert {wait.track_id: wait.start_ns for wait in moment.waits} == {
            wait.track_id: wait.start_ns for wait in going_on
        }
        for names, state in ((moment.running, "RUNNING"), (moment.ready, "READY")):
            assert list(names) == [track.name for track in trace.tracks if state_at(track, t_ns) == state]


def state_at(track: visualizer.Track, t_ns: int) -> str | None:
    return next((slice.state for slice in reversed(track.slices) if slice.start_ns <= t_ns), None)


@given(st.lists(EVENTS, max_size=40))
def test_whatever_a_trace_says_it_can_be_asked(path: Path, events: list[ev.Event]) -> None:
    trace = written(events, path)
    for table in get_args(Table):
        trace._columns(table)
    trace.stats(), trace.findings(), trace.compare(trace)
    assert str(trace.at(trace.end_ns))


def test_a_moment(tmp_path: Path) -> None:
    trace = opened(dining(), tmp_path)
    moment = trace.at("#5")
    assert moment.t_ns == trace.switches[4].t_ns
    assert (moment.running, moment.ready, moment.blocked) == (("hub",), (), ())
    assert [(wait.track, wait.object, wait.tracks) for wait in moment.waits] == [
        ("main", "", ("hub",)),
        ("anna", "Semaphore 2", ("ben",)),
        ("ben", "Semaphore 1", ("anna",)),
    ]
    assert moment.circles == (("anna", "ben"),)
    assert trace.at(moment.t_ns) == trace.at(f"{moment.t_ns / 1e9:.9f}") == moment
    assert trace.at(0).running == ("main",)
    assert trace.at("#2").ready == ("ben",)


def test_who_is_blocked(tmp_path: Path) -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main").spawn("a", words.GREENLET, parent="hub")
    tape.spawn("b", words.GREENLET, parent="hub").switch("main", "hub").switch("hub", "a")
    trace = opened(tape.at(500_000_000).switch("a", "hub").end(), tmp_path)
    assert trace.at("0.3").blocked == (("hub", "a"),)


@pytest.mark.parametrize(
    ("t", "sentence"),
    [
        ("", "'' is no moment of a trace: say seconds as in '0.5', or a switch as in '#3'."),
        ("x", "'x' is no moment of a trace: say seconds as in '0.5', or a switch as in '#3'."),
        ("1-2", "'1-2' is no moment of a trace: say seconds as in '0.5', or a switch as in '#3'."),
        ("#6", "The trace PATH has no switch #6: there are 5."),
        ("1", "'1' is after the end of the trace PATH, which is 8 µs long."),
    ],
)
def test_no_moment(t: str, sentence: str, tmp_path: Path) -> None:
    trace = opened(ping_pong(), tmp_path)
    with pytest.raises(ValueError) as error:
        trace.at(t)
    assert str(error.value) == sentence.replace("PATH", repr(trace.path))


def test_times_are_whole_nanoseconds(tmp_path: Path) -> None:
    trace = opened(ping_pong(), tmp_path)
    with pytest.raises(TypeError):
        trace.at(0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is no moment"):
        trace.at(-1)
    with pytest.raises(ValueError, match="is no part"):
        trace.between(-1, 5)


def test_a_part_has_what_goes_on_in_it(tmp_path: Path) -> None:
    trace = opened(sleeps(), tmp_path)
    part = trace.between("#3", "#4")
    assert (part.start_ns, part.end_ns) == (trace.switches[2].t_ns, trace.switches[3].t_ns)
    assert list(part.switches) == list(trace.switches)[2:4]
    assert [wait.track for wait in part.waits] == ["main", "foo"]
    assert part.waits[0] == trace.waits[0]
    assert [event["t"] for event in part.events()] == [
        event["t"] for event in trace.events() if part.start_ns / 1e9 <= event["t"] <= part.end_ns / 1e9
    ]
    assert {event["event"] for event in part.events()} == {"switch", "wait"}
    assert [slice.state for slice in part.tracks["foo"].slices] == ["WAITING"]
    assert part.tracks["foo"].state == "WAITING"
    assert (part.explain(3), part.target, part.at("#3")) == (trace.explain(3), "demo.py", trace.at("#3"))
    assert repr(part) == f"<Trace {trace.path!r} from {part.start_ns} to {part.end_ns} ns: 4 tracks, 2 switches>"


def test_tracks_that_have_ended_or_not_begun_are_in_no_part(tmp_path: Path) -> None:
    trace = opened(ping_pong(), tmp_path)
    assert [track.name for track in trace.between(0, 2500).tracks] == ["main", "test1"]
    assert [track.name for track in trace.between(7500).tracks] == ["main", "test1"]
    assert [wake.woken for wake in opened(sleeps(), tmp_path).between("1").wakes] == ["foo", "main"]


def test_times_and_switches_say_the_same(tmp_path: Path) -> None:
    trace = opened(sleeps(), tmp_path)
    for a, b in ((5, 1_000_000_000), (None, 7000), (8000, None), (12_345, "#7"), ("0.000009", 2_000_000_000)):
        part = trace.between(a, b)
        assert part.start_ns == (0 if a is None else 9000 if isinstance(a, str) else a)
        assert part.end_ns == (trace.end_ns if b is None else trace.switches[6].t_ns if isinstance(b, str) else b)
        assert list(part.switches) == [
            switch for switch in trace.switches if part.start_ns <= switch.t_ns <= part.end_ns
        ]
    assert trace.between() is trace


def test_a_part_of_a_part_is_what_lies_in_both(tmp_path: Path) -> None:
    trace = opened(sleeps(), tmp_path)
    part = trace.between("#3", "#6").between("#5", "#9")
    assert [switch.number for switch in part.switches] == [5, 6]
    with pytest.raises(ValueError, match="has nothing of that span"):
        trace.between("#3", "#4").between("#5", "#9")


@pytest.mark.parametrize(("a", "b", "why"), [("#9", None, "no switch #9"), (5000, 4000, "ends before it begins"),
                                             (5000, 5000, "is empty"), ("1", "2", "begins after the end"),
                                             ("a", None, "is no part of a trace: say seconds")])
def test_no_part(a: int | str, b: int | str | None, why: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=why):
        opened(ping_pong(), tmp_path).between(a, b)


def test_findings(tmp_path: Path) -> None:
    trace = opened(ping_pong().exits("main").end(), tmp_path)
    [finding] = trace.findings()
    assert (finding.kind, finding.tracks, finding.t_ns) == ("never_resumed", ("test1", "test2"), 6000)
    assert (finding.file, finding.line) == (FILE, 4)
    assert finding.sentence.startswith("test1 was never resumed after it switched to test2 (demo.py:4)")
    assert trace.between(0, 5999).findings() == ()
    assert trace.between(6000).findings() == (finding,)


def test_what_is_found_of_several_tracks_is_one(tmp_path: Path) -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main")
    for key in "abc":
        tape.spawn(key, words.GREENLET, "worker", parent="hub", line=9).wake(key, words.CURRENT, words.SPAWN)
    [finding] = opened(tape.exits("main").end(), tmp_path).findings()
    assert (finding.kind, finding.count, finding.tracks) == ("never_started", 3, ("worker-1",))
    assert [(one.kind, one.count, one.tracks, one.others) for one in finding.others] == [
        ("never_started", 1, ("worker-2",), ()),
        ("never_started", 1, ("worker-3",), ()),
    ]


def test_statistics_of_parts_come_to_those_of_the_whole(tmp_path: Path) -> None:
    tape = sleeps()
    trace = opened(tape, tmp_path)
    assert trace.stats() == details(tape.timeline())
    middle_ns = trace.switches[3].t_ns + 10
    parts = [trace.between(None, middle_ns).stats(), trace.between(middle_ns).stats()]
    whole = trace.stats()
    for field in ("running_s", "ready_s", "waiting_s", "idle_s", "wakes"):
        assert sum(getattr(part.totals, field) for part in parts) == pytest.approx(getattr(whole.totals, field))
    assert [part.switches for part in parts] == [4, whole.switches - 4]
    assert sum(part.totals.waited_by_reason["join"] for part in parts) == pytest.approx(
        whole.totals.waited_by_reason["join"]
    )


def test_samples_of_a_part(tmp_path: Path) -> None:
    tape = Tape().at(50_000_000).sample(3).at(90_000_000).sample(4).at(100_000_000).end()
    trace = opened(tape, tmp_path)
    assert [(one.line, one.samples) for one in trace.between("0.06").stats().sampled] == [(4, 1)]


def test_comparison(tmp_path: Path) -> None:
    trace, other = opened(ping_pong(), tmp_path), opened(producer_consumer(), tmp_path)
    found = trace.compare(other)
    assert (found.figures["switches"].a, found.figures["switches"].b, found.alike) == (5, 8, 0)
    assert trace.compare(trace).first_difference is None
    assert trace.between("#2", "#3").compare(trace.between("#4", "#5")).figures["switches"].factor == 1


def test_what_was_cut_opens_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    lines = [encode(HEADER), *map(encode, ping_pong().events)]
    path.write_bytes(b"".join(lines)[:-9])
    trace = visualizer.load(path)
    assert len(trace.switches) == 4
    assert trace.notices == (
        "The last line is incomplete: the trace is shown up to there.",
        "The trace has no end: its program was killed or is still running.",
    )
    assert trace.between("#2").notices == trace.notices


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Cannot open the trace 'PATH': no such file or directory."),
        (b"", "The trace 'a.trace' is empty."),
        (b"hello\n", "'a.trace' is not a trace: its first line is not a visualizer header."),
        (b"\x00\xff" * 50, "'a.trace' is not a trace: its first line is not a visualizer header."),
        (
            encode(Header(words.FORMAT, words.VERSION + 1)),
            f"The trace 'a.trace' is of version {words.VERSION + 1}; this visualizer reads versions 1 and 2.",
        ),
    ],
)
def test_no_trace(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(visualizer.TraceError) as error:
        visualizer.load(path)
    assert str(error.value) == sentence.replace("PATH", str(path))


def test_no_path(tmp_path: Path) -> None:
    with pytest.raises(visualizer.TraceError, match="is a directory"):
        visualizer.load(tmp_path)
    with pytest.raises(TypeError):
        visualizer.load(7)  # type: ignore[arg-type]


def texts(svg: str) -> list[str]:
    return [text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text") and (text := node.text)]


def test_a_notebook_shows_the_timeline(tmp_path: Path) -> None:
    trace = opened(sleeps(), tmp_path)
    assert {"demo.py", "main", "hub", "foo", "bar", "Time", "Switches"} <= set(texts(trace._repr_svg_()))
    shown = re.fullmatch(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)">', trace._repr_html_())
    assert shown is not None
    assert base64.b64decode(shown[2]).decode() == trace._repr_svg_()


def test_a_notebook_shows_a_part_with_the_numbers_of_the_whole(tmp_path: Path) -> None:
    found = texts(opened(sleeps(), tmp_path).between("#3", "#5")._repr_svg_())
    assert [text for text in found if text.startswith("#")] == ["#3", "#4", "#5"]
    assert {"demo.py", "main", "hub", "foo", "bar"} <= set(found)


def test_a_notebook_shows_what_is_to_be_said(tmp_path: Path) -> None:
    tape = Tape().spawn("a", words.GREENLET, "<b>").switch("main", "a").switch("a", "main").exits("main").end()
    trace = visualizer.Trace("<i>", opened(tape, tmp_path).part, ["No <end>."])
    shown = trace._repr_html_()
    assert not re.findall(r"<(?!img |p>|/p>)", shown)
    assert "<p>&lt;b&gt; was never resumed after it switched to main</p><p>No &lt;end&gt;.</p>" in shown
    assert "&lt;Trace &#x27;&lt;i&gt;&#x27;" in shown


class Frame:
    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.columns = columns


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, SimpleNamespace(DataFrame=Frame))
    trace = opened(ping_pong(), tmp_path)
    table = getattr(trace, f"to_{library}")
    switches = table("switches").columns
    assert list(switches) == [
        "number", "t_ns", "origin", "target", "cause", "value", "origin_id", "target_id",
        "file", "function", "line", "end_line", "column", "end_column",
    ]
    assert switches["target"] == ["test1", "test2", "test1", "test2", "main"]
    assert (switches["file"], switches["line"]) == ([FILE] * 4 + [None], [9, 2, 6, 4, None])
    assert table("tracks").columns["name"] == ["main", "test1", "test2"]
    assert "_slices" not in table("tracks").columns
    assert table("slices").columns["state"] == [slice.state for track in trace.tracks for slice in track.slices]
    assert table("waits").columns["reason"] == ["switched"] * 4
    assert table("wakes").columns == {column: [] for column in visualizer.Wake._fields}
    events = table().columns
    assert events["event"] == [event["event"] for event in trace.events()]
    assert {len(column) for column in events.values()} == {len(events["event"])}
    with pytest.raises(ValueError, match="There is no table 'x'; there are events, tracks, slices, "):
        table("x")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_missing_is_told(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError) as error:
        getattr(opened(ping_pong(), tmp_path), f"to_{library}")()
    assert str(error.value) == f"Trace.to_{library} needs {library}: pip install {library}"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_library_takes_all_tables(library: str, tmp_path: Path) -> None:
    pytest.importorskip(library)
    for tape in (sleeps(), ping_pong(), dining(), Tape()):
        trace = opened(tape, tmp_path)
        for name in get_args(Table):
            frame = getattr(trace, f"to_{library}")(name)
            assert frame.shape == shape(trace._columns(name))
    waits = getattr(opened(sleeps(), tmp_path), f"to_{library}")("waits")
    assert list(waits["end_ns"] - waits["start_ns"])[1] == 2_000_300_000


def shape(columns: dict[str, list[Any]]) -> tuple[int, int]:
    return len(next(iter(columns.values()), [])), len(columns)


def test_standard_input_is_a_trace_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(opened(ping_pong(), tmp_path).path)
    monkeypatch.setattr("visualizer.trace.source.open", lambda *_, **__: io.FileIO(path), raising=False)
    assert len(visualizer.load("-").switches) == 5
