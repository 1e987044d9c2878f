"""Many tracks in one row, cell by cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import STEP_NS, Tape, feed
from tests.unit.paint.drawn import styles, text, width
from tests.unit.paint.events import timelines
from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.rows.group_row import paint_group, state_counts
from visualizer.paint.rows.order import GROUP_FROM, Group, Row, RowList, Wish, label_runs, rows
from visualizer.trace import events as ev
from visualizer.trace import words

MS = 1_000_000


def wave(count: int = 10, *, failing: bool = False) -> Tape:
    """Each worker is spawned at once, runs for 10 ms in turn, waits, and in the second half of the time runs again."""
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    keys = [f"w{number}" for number in range(count)]
    for key in keys:
        tape.spawn(key, words.GREENLET, name="worker", parent="hub", creator="main").wake(key, "main", words.SPAWN)
    tape.spawn("other", words.GREENLET, parent="hub", creator="main")
    tape.at(10 * MS).switch("main", "hub")
    for number, key in enumerate(keys):
        tape.at((20 + 10 * number) * MS).switch("hub", key)
        tape.at((30 + 10 * number) * MS - STEP_NS).waits(key, words.SLEEP, "1 s", 1000 * MS).switch(key, "hub")
    for number, key in enumerate(keys):
        tape.at((500 + 10 * number) * MS).switch("hub", key)
        tape.at((505 + 10 * number) * MS).exits(key, words.RAISED if failing and number == 3 else words.RETURNED)
        tape.switch(key, "hub")
    return tape.at(800 * MS).end()


def track_group_of(timeline: Timeline, tracks: tuple[int, ...]) -> TrackGroup:
    group = TrackGroup(timeline)
    group.follow(tracks)
    return group


def painted(tape: Tape, viewport: Viewport, tracks: range, *, ascii: bool = False, until_ns: int | None = None) -> str:
    timeline = tape.timeline()
    group = track_group_of(timeline, tuple(tracks))
    return text(paint_group(timeline, group, viewport, ascii=ascii, until_ns=until_ns))


def test_density_of_the_runs_and_how_many_do_what_else() -> None:
    cells = Viewport(Axis.TIME, 0, 20 * MS, 40)
    assert painted(wave(), cells, range(2, 12)) == "▒█████ 10 wait ┈┈┈┈┈┈┈┈┈┈▄▄▄▄▄✓         "
    assert painted(wave(), cells, range(2, 12), ascii=True) == "=##### 10 wait ----------#####v         "
    assert painted(wave(failing=True), cells, range(2, 12)) == "▒█████ 10 wait ┈┈┈┈┈┈┈┈┈┈▄▄▄▄▄✗         "
    # A row for so few says so as well.
    assert painted(wave(1), cells, range(2, 3)) == "▒▄ 1 waits ┈┈┈┈┈┈┈┈┈┈┈┈┈┈▂✓             "


def test_a_hub_that_waits_while_others_run_is_not_counted_among_those_that_wait() -> None:
    """As a row of its own leaves it blank."""
    tape = Tape().at(1 * MS).spawn("hub", words.HUB, parent="main", creator="main")
    tape.spawn("w", words.GREENLET, parent="hub", creator="main").at(10 * MS).switch("main", "hub")
    tape.at(20 * MS).switch("hub", "w").at(30 * MS).switch("w", "main")
    timeline = tape.at(40 * MS).end().timeline()
    group = track_group_of(timeline, (0, 1, 2))
    told = [state_counts(group, ms * MS) for ms in (0, 15, 25, 35)]
    one_of_two = "1 runs, 1 waits"
    assert told == ["1 runs, 2 not created yet", "1 runs, 1 waits, 1 has not run yet", one_of_two, one_of_two]
    assert not group.yet_to_come(35 * MS)


def test_while_it_runs_nothing_is_said_of_the_future() -> None:
    cells = Viewport(Axis.TIME, 0, 20 * MS, 40)
    tape = wave()
    tape.events = [event for event in tape.events if getattr(event, "t_ns", 0) < 300 * MS]
    assert painted(tape, cells, range(2, 12), until_ns=300 * MS) == "▒█████ 10 wait " + " " * 25
    assert painted(tape, cells, range(2, 12), until_ns=400 * MS) == "▒█████ 10 wait ┈┈┈┈┈" + " " * 20


def test_where_the_number_changes_it_is_said_from_where_to_where() -> None:
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main").at(0)
    for number in range(10):
        tape.at(number * 20 * MS).spawn(f"w{number}", words.GREENLET, name="w", parent="hub", creator="main")
        tape.wake(f"w{number}", "main", words.SPAWN)
    tape.at(400 * MS).end()
    cells = Viewport(Axis.TIME, 0, 20 * MS, 20)
    assert painted(tape, cells, range(2, 12)) == " 1–10 ready ▒▒▒▒▒▒▒▒"


def test_the_switch_axis() -> None:
    """hub and worker by turns: half of each cell of two switches is theirs."""
    cells = Viewport(Axis.SWITCHES, 0, 2, 23)
    assert painted(wave(), cells, range(2, 12)) == "▒▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄✓ "
    close = Viewport(Axis.SWITCHES, 0, 0.5, 12)
    assert painted(wave(), close, range(2, 12)) == "▒▒▒▒██▒▒██▒▒"


def test_a_hub_that_is_hogged_is_blocked_in_a_group_too() -> None:
    """Rows that are grouped by kind hold hubs as well."""
    tape = Tape().spawn("hub", words.HUB, parent="main", creator="main")
    for key in ("late", "hog"):
        tape.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, "main", words.SPAWN)
    tape.at(10 * MS).switch("main", "hub")
    tape.switch("hub", "late").waits("late", words.SLEEP, "0.1 s", 100 * MS).switch("late", "hub")
    tape.switch("hub", "hog").at(500 * MS).waits("hog", words.SLEEP, "0 s", 0).switch("hog", "hub").end()
    assert painted(tape, Viewport(Axis.TIME, 0, 20 * MS, 26), range(1, 2)) == "▁ 1 is blocked ▚▚▚▚▚▚▚▚▚▚▁"
    assert state_counts(track_group_of(tape.timeline(), (1,)), 200 * MS) == "1 is blocked"


def test_styles() -> None:
    timeline = wave().timeline()
    runs = paint_group(timeline, track_group_of(timeline, tuple(range(2, 12))), Viewport(Axis.TIME, 0, 20 * MS, 40))
    assert styles(runs) == (
        ["ready"] + ["running"] * 5 + ["label"] * 9 + ["waiting"] * 10 + ["running"] * 5 + ["done"] + ["dim"] * 9
    )


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "10 not created yet"),
        (15, "10 ready"),
        (25, "1 runs, 9 ready"),
        (55, "1 runs, 6 ready, 3 wait"),
        (300, "10 wait"),
        (502, "1 runs, 9 wait"),
        (700, "10 ended"),
    ],
)
def test_what_they_do_at_a_moment(ms: int, said: str) -> None:
    assert state_counts(track_group_of(wave().timeline(), tuple(range(2, 12))), ms * MS) == said


def test_tracks_of_a_kind_are_a_group() -> None:
    timeline = wave(GROUP_FROM).timeline()
    group = Group(0, words.GREENLET, "worker")
    members = tuple(range(2, 2 + GROUP_FROM))
    unfolded = rows(timeline, grouped=True)
    assert unfolded == [
        Row(0, 0, True), Row(1, 1, False), Row(2, 1, True, False, group, members),
        *(Row(member, 2, False) for member in members), Row(2 + GROUP_FROM, 1, False),
    ]
    folded = rows(timeline, Wish(folded={group}), grouped=True)
    assert folded == rows(timeline, Wish(folded=None), grouped=True)
    assert [(row.track, row.collapsed) for row in folded] == [(0, False), (1, False), (2, True), (10, False)]
    labels = [text(label_runs(timeline, row, 16)) for row in (*folded, unfolded[3])]
    assert labels == [
        "▾ main          ",
        "    hub         ",
        "  ▸ worker ×8   ",
        "    other       ",
        "      worker-1  ",
    ]
    assert text(label_runs(timeline, folded[2], 16, ascii=True)) == "  + worker x8   "


def test_fewer_of_a_kind_are_none() -> None:
    timeline = wave(GROUP_FROM - 1).timeline()
    assert rows(timeline, grouped=True) == rows(timeline)


def test_tracks_of_another_thread_or_kind_are_of_another_group() -> None:
    tape = wave(8).spawn("second", words.THREAD).spawn("hub2", words.HUB, parent="second")
    for number in range(9):
        tape.spawn(f"x{number}", words.GREENLET, name="worker", parent="hub2")
        tape.spawn(f"y{number}", words.GENERATOR, name="worker", creator="hub2")
    found = [(row.group, len(row.members)) for row in rows(tape.timeline(), grouped=True) if row.group]
    second = tape.ids["second"]
    assert found == [
        (Group(0, "greenlet", "worker"), 8),
        (Group(second, "greenlet", "worker"), 9), (Group(second, "generator", "worker"), 9),
    ]


def test_only_those_that_are_wanted_and_their_threads() -> None:
    tape = wave(8).spawn("second", words.THREAD).spawn("alone", words.GREENLET, parent="second")
    arranged = RowList(tape.timeline())
    assert [row.track for row in arranged.arrange(Wish(only=lambda track: track in (3, 4)), grouped=True)] == [0, 3, 4]
    assert [row.track for row in arranged.arrange(Wish(only=lambda track: track == tape.ids["alone"]))] == [11, 12]
    assert [row.track for row in arranged.arrange(Wish(only=lambda track: track == 0))] == [0]
    assert arranged.arrange(Wish(only=lambda track: False)) == []


def test_rows_grow_with_the_timeline() -> None:
    tape = wave(8)
    timeline = Timeline()
    arranged = RowList(timeline)
    for event in tape.events:
        feed(timeline, [event])
        assert arranged.arrange(grouped=True) == rows(timeline, grouped=True)
    feed(timeline, [ev.Text(99, "renamed")])
    feed(timeline, [ev.Name(900 * MS, 5, 99)])
    assert not any(row.group for row in arranged.arrange(grouped=True)), "seven are left"


def test_a_track_finds_its_thread_later() -> None:
    timeline = Timeline()
    arranged = RowList(timeline)
    tape = Tape().spawn("g", words.GENERATOR)
    feed(timeline, tape.events)
    assert arranged.arrange() == [Row(0, 0, False), Row(1, 0, False)]
    feed(timeline, tape.resume("g").events[-1:])
    assert arranged.arrange() == [Row(0, 0, True), Row(1, 1, False)]


@given(timelines(), st.integers(1, 40), st.sampled_from(Axis), st.booleans())
def test_any_tracks_fill_the_row(timeline: Timeline, cells: int, axis: Axis, ascii: bool) -> None:
    group = track_group_of(timeline, tuple(timeline.tracks))
    for viewport in (Viewport.whole(timeline, axis, cells), Viewport.fit(timeline, axis, cells).zoomed(7, 3, timeline)):
        runs = paint_group(timeline, group, viewport, ascii=ascii)
        assert width(runs) == cells
        assert not ascii or text(runs).isascii()
    assert state_counts(group, timeline.last_ns) or not timeline.tracks
