"""The order of the rows, and their labels."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import Tape, feed, ping_pong, sleeps
from tests.unit.paint.drawn import text, width
from tests.unit.paint.events import timelines
from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.rows.group_row import paint_group
from visualizer.paint.rows.order import Row, Wish, label_runs, rows
from visualizer.trace import events as ev
from visualizer.trace import words


def labels(timeline: Timeline, found: list[Row], cells: int = 12, ascii: bool = False) -> list[str]:
    return [text(label_runs(timeline, row, cells, ascii=ascii)) for row in found]


def test_a_thread_and_under_it_what_runs_on_it_in_order_of_spawning() -> None:
    timeline = sleeps().timeline()
    assert rows(timeline) == [Row(0, 0, True), Row(1, 1, False), Row(2, 1, False), Row(3, 1, False)]
    assert labels(timeline, rows(timeline)) == ["▾ main      ", "    hub     ", "    foo     ", "    bar     "]


def test_collapsed() -> None:
    timeline = sleeps().timeline()
    assert rows(timeline, Wish({0})) == [Row(0, 0, True, True)]
    assert labels(timeline, rows(timeline, Wish({0}))) == ["▸ main      "]
    assert labels(timeline, rows(timeline, Wish({0})), ascii=True) == ["+ main      "]


def test_what_belongs_to_another_thread_stands_under_it() -> None:
    tape = Tape().spawn("worker", words.THREAD, creator="main").spawn("hub", words.HUB, parent="worker")
    tape.spawn("task", words.GREENLET, parent="hub").thread("main").spawn("here", words.GREENLET, parent="main")
    found = [(row.track, row.depth) for row in rows(tape.timeline())]
    assert [(list(tape.ids)[track], depth) for track, depth in found] == [
        ("main", 0), ("here", 1), ("worker", 0), ("hub", 1), ("task", 1),
    ]


def test_a_generator_of_unknown_origin_runs_where_it_is_resumed() -> None:
    tape = Tape().spawn("g", words.GENERATOR).resume("g").spawn("inner", words.GENERATOR).resume("inner")
    assert rows(tape.timeline()) == [Row(0, 0, True), Row(1, 1, False), Row(2, 1, False)]
    assert rows(Tape().spawn("g", words.GENERATOR).timeline()) == [Row(0, 0, False), Row(1, 0, False)]


def test_many_short_lived_tracks_are_arranged_and_drawn_without_being_made() -> None:
    """Of a million of them that would take gigabytes. Those named later than they begin are named as the others."""
    tape = Tape()
    for number in range(40):
        key = f"g{number}"
        tape.spawn(key, words.GENERATOR, "work" if number % 2 else "generator")
        if not number % 2:
            tape.events.append(ev.Name(tape.t_ns, tape.ids[key], tape.text("work")))
        tape.resume(key).yields(key, None).resume(key).exits(key)
    timeline = tape.timeline()
    (_, group), viewport = rows(timeline, Wish(folded=None), grouped=True), Viewport.fit(timeline, Axis.SWITCHES, 90)
    drawn = text(paint_group(timeline, track_group_of(timeline, group.members), viewport))
    assert not timeline.tracks.made.keys() - {0}
    assert (len(group.members), timeline.name(1), timeline.name(40)) == (40, "work-1", "work-40")
    # Looked at one by one they are the same.
    assert all(track.base_name == "work" and len(track.steps) == 2 for track in [*timeline.tracks.values()][1:])
    assert drawn == text(paint_group(timeline, track_group_of(timeline, group.members), viewport))


def test_names_that_are_too_long_are_cut_and_hostile_ones_shown() -> None:
    timeline = Tape().spawn("g", words.GENERATOR, name="a_very_long_name").timeline()
    feed(timeline, [ev.Text(99, "\x1b[31m[b]")])
    feed(timeline, [ev.Name(0, 0, 99)])
    assert labels(timeline, rows(timeline)) == ["  ␛[31m[b]  ", "  a_very…me "]
    assert labels(timeline, rows(timeline), ascii=True) == ["  ?[31m[b]  ", "  a_ver..me "]


def test_styles() -> None:
    timeline = ping_pong().timeline()
    thread, greenlet, _ = rows(timeline)
    assert [run.style for run in label_runs(timeline, thread, 9)] == ["thread"]
    assert [run.style for run in label_runs(timeline, greenlet, 9)] == ["name"]
    assert [run.style for run in label_runs(timeline, greenlet, 9, selected=True)] == ["selected"]


@given(timelines(), st.integers(0, 30), st.booleans())
def test_every_track_has_one_row_of_the_width(timeline: Timeline, cells: int, ascii: bool) -> None:
    found = rows(timeline)
    assert sorted(row.track for row in found) == sorted(timeline.tracks)
    assert all(width(label_runs(timeline, row, cells, ascii=ascii)) == cells for row in found)
    collapsed = rows(timeline, Wish(set(timeline.tracks)))
    assert [row.track for row in collapsed] == [row.track for row in found if row.depth == 0]
