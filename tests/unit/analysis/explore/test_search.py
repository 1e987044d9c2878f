from __future__ import annotations

from tests.unit.analysis.tape import STEP_NS, feed, sleeps
from visualizer.analysis.explore.search import Found, Search, expression, for_line, for_text
from visualizer.analysis.explore.targets import Line
from visualizer.analysis.model.timeline import Place, Timeline


def all_of(search: Search) -> list[tuple[int, str]]:
    """In which microsecond each is, and what is said of it."""
    while search.take(3):
        pass
    found = [search.moment(number) for number in range(len(search))]
    return [(moment.t_ns // STEP_NS, moment.said) for moment in found]


def test_a_text_is_found_in_sentences_and_expressions_in_whatever_case() -> None:
    search = for_text(sleeps().timeline(), "JOINALL")
    assert all_of(search) == [
        (6, "main waits at gevent.joinall(all)"),
        (6, "main waits in gevent.joinall(all) → hub runs for the first time"),
    ]
    assert search.counts == {Found.EVENT: 1, Found.EXPRESSION: 1}
    assert search.counts_text == "1 expression, 1 event"


def test_a_text_is_found_in_output() -> None:
    tape = sleeps().prints("one\n  Two\nthree\n").prints("four")
    search = for_text(tape.timeline(), "two")
    assert [said for _, said in all_of(search)] == ["main prints Two"]
    assert search.counts_text == "1 output"


def test_a_track_is_found_where_it_was_created() -> None:
    search = for_text(sleeps().timeline(), "HU")
    assert all_of(search)[0] == (1, "hub is created")
    assert search.counts[Found.TRACK] == 1


def test_every_time_a_line_was_seen_to_run() -> None:
    tape = sleeps()
    search = for_line(tape.timeline(), Line("demo.py", 30))
    assert all_of(search) == [(2, "foo is created"), (4, "bar is created")]
    assert [said for _, said in all_of(for_line(tape.timeline(), Line("", 18)))] == ["foo waits at 2 s"]
    assert all_of(for_line(tape.timeline(), Line("other.py", 30))) == []


def test_it_goes_on_as_the_timeline_grows() -> None:
    tape = sleeps().prints("uno").prints("due").prints("uno")
    timeline = Timeline()
    feed(timeline, tape.events[:-2])
    search = for_text(timeline, "uno")
    assert len(all_of(search)) == 1
    feed(timeline, tape.events[-2:])
    assert len(all_of(search)) == 2
    assert not search.take()
    assert len(search) == 2


def test_the_text_of_an_expression_over_several_lines() -> None:
    timeline = Timeline()
    timeline.sources["é.py"] = "x = 1\ny = é(go(\n    1,\n    2)) + 3\n"
    assert expression(timeline, Place("é.py", "f", 2, 4, 7, 6)) == "go( 1, 2)"
    assert expression(timeline, Place("é.py", "f", 1, 1, 0, 1)) == "x"
    assert expression(timeline, Place("é.py", "f", 9, 9, 0, 1)) == ""
    assert expression(timeline, Place("other.py", "f", 1, 1, 0, 1)) == ""
    assert expression(timeline, Place("é.py", "f", 1, 1, -1, -1)) == ""
