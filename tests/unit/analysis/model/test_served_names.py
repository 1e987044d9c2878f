"""Tracks are called after what they serve: one thing for all their life, or one after another."""

from __future__ import annotations

from tests.unit.analysis.tape import Tape
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.report.details import Figures, details
from visualizer.analysis.report.jsonl import records
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import describe_state, sentence
from visualizer.cli.stats import report
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.rows.order import row_name, rows
from visualizer.trace import words


def server() -> Tape:
    """`a` serves /report twice, `b` first /x and then /y, `c` nothing."""
    tape = Tape().spawn("hub", words.HUB)
    for key in "abc":
        tape.spawn(key, words.GREENLET, "Server.handle", parent="hub")
    tape.switch("main", "hub")
    for round_ in range(2):
        tape.switch("hub", "a").serves("a", "GET /report").switch("a", "hub").switch("hub", "a").serves("a", None)
        tape.switch("a", "hub").switch("hub", "b").serves("b", ("GET /x", "GET /y")[round_])
        tape.waits("b", words.QUEUE, "q.get()")
        tape.switch("b", "hub").wake("b", "main", words.CALLBACK).switch("hub", "b").serves("b", None)
        tape.switch("b", "hub")
    return tape


def names(timeline: Timeline) -> list[str]:
    return [timeline.name(track) for track in timeline.tracks]


def test_one_thing_is_the_name_and_several_depend_on_the_time() -> None:
    tape = server()
    timeline = tape.timeline()
    a, b, c = (tape.ids[key] for key in "abc")
    assert names(timeline)[2:] == ["GET /report (handle-1)", "Server.handle-2", "Server.handle-3"]
    x, y = timeline.services(b)
    assert (x.what, y.what) == ("GET /x", "GET /y")
    middle_ns = (x.start_ns + x.end_ns) // 2
    assert [timeline.name(track, middle_ns) for track in (a, b, c)] == [
        "GET /report (handle-1)", "GET /x (handle-2)", "Server.handle-3"
    ]
    assert timeline.name(b, x.end_ns) == timeline.name(b, x.start_ns - 1) == "Server.handle-2"
    # Of a while, what was served for most of it.
    assert timeline.name(b, y.start_ns - 1, y.end_ns) == "GET /y (handle-2)"
    assert timeline.name(b, x.end_ns - 1, y.start_ns + 1) == "Server.handle-2"
    assert describe_state(timeline, b, middle_ns).startswith("GET /x (handle-2) ")
    assert timeline.all_names(b) == {"Server.handle-2", "Server.handle", "GET /x", "GET /y"}
    assert timeline.all_names(a) == {"GET /report (handle-1)", "Server.handle-1", "Server.handle", "GET /report"}
    assert timeline.own_name(a) == timeline.own_name(c) == "Server.handle"


def test_each_sentence_has_the_request_of_its_time() -> None:
    timeline = server().timeline()
    said = AllSentences(timeline).said(0, timeline.switch_count)
    assert said == [sentence(timeline, index) for index in range(timeline.switch_count)]
    assert [text for text in said if "(handle-2) waits" in text] == [
        "GET /x (handle-2) waits in q.get() → hub runs", "GET /y (handle-2) waits in q.get() → hub runs"
    ]


def test_a_better_name_and_a_thread() -> None:
    tape = server().rename("a", "worker").rename("b", "worker").serves("main", "GET /sync")
    timeline = tape.timeline()
    assert names(timeline) == [
        "main", "hub", "GET /report (worker-1)", "worker-2", "Server.handle"
    ]
    assert timeline.name(tape.ids["main"], timeline.last_ns) == "GET /sync (main)"


def test_what_the_user_calls_it() -> None:
    timeline = server().timeline()
    timeline.call({"GET /report": "Report", "Server.handle-2": "X and Y"})
    assert names(timeline)[2:] == ["Report", "X and Y", "Server.handle-3"]
    assert timeline.name(3, timeline.services(3)[0].start_ns) == "X and Y"


def test_rows_statistics_and_events() -> None:
    tape = server()
    timeline = tape.timeline()
    b, y = tape.ids["b"], timeline.services(tape.ids["b"])[1]
    row = next(row for row in rows(timeline) if row.track == b)
    assert (row_name(timeline, row), row_name(timeline, row, y.start_ns)) == ("Server.handle-2", "GET /y (handle-2)")
    for wanted in ("GET /y", "Server.handle-2"):
        found, _ = wanted_rows(Part.whole(timeline), Settings(rows=(wanted,)), 9)
        assert [row.track for row in found] == [b]
    told = {track.name: track.served for track in details(timeline).tracks if track.served}
    assert told.keys() == {"GET /report (handle-1)", "Server.handle-2"}
    assert [(one["name"], one["what"]) for one in records(timeline) if one["event"] == "serves"][:2] == [
        ("GET /report (handle-1)", "GET /report"), ("GET /report (handle-1)", None)
    ]
    lines = list(report(Figures(timeline)))
    at = next(number for number, line in enumerate(lines) if line.endswith("request"))
    assert {tuple(line.split()[-3:]) for line in lines[at + 2 : at + 5]} == {
        ("2", "GET", "/report"), ("1", "GET", "/x"), ("1", "GET", "/y")
    }
