"""Rows that are sorted, grouped, pinned and hidden on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tui.conftest import loaded, text_of
from tests.tui.test_groups import names
from tests.tui.traces import MS, Demo, crowd, many, processes, sleeps
from tests.unit.analysis.tape import feed
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.rows.grouping import RowOrder
from visualizer.paint.rows.order import Row, row_name
from visualizer.trace import words
from visualizer.tui.app import VisualizerApp
from visualizer.tui.state.view import View
from visualizer.tui.widgets.tracks import TracksPane

Replay = Callable[[Demo], VisualizerApp]
SMALL = (80, 24)


async def test_what_is_pinned_stays_in_sight_while_the_others_scroll(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        await pilot.press("down", "down", "z", *["down"] * 3, "asterisk")
        await pilot.pause()
        assert names(screen)[0] == "worker-3"
        assert text_of(screen).splitlines()[screen.query_one(TracksPane).region.y].startswith("◆")
        for _ in range(20):
            await pilot.press("pagedown")
        await pilot.pause()
        assert names(screen)[0] == "worker-3"
        assert names(screen)[-1] == "boss"
        # What is clicked is what stands there.
        await pilot.click(TracksPane, offset=(8, 0))
        assert view.timeline.name(view.selected) == "worker-3"
        await pilot.click(TracksPane, offset=(8, 1))
        assert view.timeline.name(view.selected) not in ("worker-3", "main", "hub")
        # Folded away with the group it is of, it still has its row, and goes on top again of a group that is pinned.
        await pilot.press("Z")
        await pilot.pause()
        assert names(screen) == ["worker-3", "▾ main", "hub", "▸ worker ×100", "boss"]
        await pilot.click(TracksPane, offset=(8, 3))
        await pilot.press("asterisk")
        await pilot.pause()
        assert names(screen) == ["worker-3", "▸ worker ×100", "▾ main", "hub", "boss"]
        assert view.row_of(5) == 1
        await pilot.press("ampersand", *"boss", "enter")
        await pilot.pause()
        assert names(screen) == ["worker-3", "▾ main", "boss"], "what is pinned stays"


async def test_of_many_that_are_pinned_half_scroll(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        view.pinned = list(range(10, 40))
        view.arrange()
        await pilot.press("end", "left")
        await pilot.pause()
        tracks = screen.query_one(TracksPane)
        assert tracks.staying == tracks.size.height // 2
        row = view.row_of(view.timeline.running_at(view.playhead.index))
        assert row in [tracks.number_at(y) for y in range(tracks.size.height)]


async def test_what_is_hidden_is_counted_and_stays_hidden(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        await pilot.press("down", "down", "delete")
        await pilot.pause()
        assert names(screen)[:3] == ["▾ main", "hub", "boss"]
        assert " 1 hidden: D shows all again" in text_of(screen)
        assert screen.message_line.lines == ["worker ×100 is hidden: D shows all hidden rows."]
        assert view.timeline.name(view.selected) == "boss"
        # A worker is woken, and is not shown for that.
        await pilot.press("r")
        assert view.timeline.name(view.selected) == "boss"
        await pilot.press("delete", "delete", "delete")
        await pilot.pause()
        assert view.rows == []
        assert " 4 hidden: D shows all again" in text_of(screen)
        await pilot.press("delete", "asterisk", "z", "up", "L")
        await pilot.press("D")
        await pilot.pause()
        assert names(screen) == ["▾ main", "hub", "▸ worker ×100", "boss"]
        assert screen.message_line.lines == ["4 hidden rows are back."]


async def test_rows_of_several_processes_are_grouped_by_process(replay: Replay) -> None:
    app = replay(processes())
    async with app.run_test(size=(80, 40)) as pilot:
        screen = await loaded(pilot)
        grouped = [
            "▾ hand_over (500) ×2", "▾ main", "consumer-1",
            "▾ first ×2", "▾ first", "consumer-2",
            "▾ second ×2", "▾ second", "consumer-3",
        ]
        assert names(screen) == grouped
        assert screen.view.selected_row == screen.view.rows[1], "a track, and no group"
        await pilot.press("B", "B")
        await pilot.pause()
        assert names(screen) == ["▾ main", "consumer-1", "▾ first", "consumer-2", "▾ second", "consumer-3"]
        assert "by function" in text_of(screen)
        await pilot.press("B", "B", "B", "B")
        await pilot.pause()
        assert names(screen) == grouped
        assert screen.message_line.lines == ["Rows are grouped by process, then by thread."]
        # What runs on a thread folds under it; all processes to a row each.
        await pilot.press(*["down"] * 7, "z")
        await pilot.pause()
        assert names(screen)[-1] == "▸ second"
        await pilot.press("Z")
        await pilot.pause()
        assert names(screen) == ["▸ hand_over (500) ×2", "▸ first ×2", "▸ second ×2"]
        await pilot.press("B")
        await pilot.pause()
        assert len(names(screen)) == 6


def test_so_many_processes_are_folded_that_the_rows_fit_the_largest_first() -> None:
    """The first one, which is the program itself, is not."""
    demo = Demo("forks", "")
    for pid, key in enumerate(("first", "second"), 501):
        demo.thread("main").forks(key, pid=pid, parent=500)
    for key, count in (("main", 5), ("first", 3), ("second", 1)):
        demo.thread(key)
        for number in range(count):
            demo.spawn(f"{key}-{number}", words.THREAD, parent=words.NOBODY, creator=key)
    view = View(demo.timeline(), live=False)
    both = ["first ×4", "second ×2"]
    for room, folded in ((15, []), (14, both[:1]), (11, both[:1]), (10, both), (5, both)):
        view.make_room(room)
        assert [row_name(view.timeline, row) for row in view.rows if row.collapsed] == folded, room


async def test_a_process_of_one_track_has_a_group_only_where_it_failed(replay: Replay) -> None:
    demo = Demo("forks", "")
    for number, key in enumerate(("well", "badly")):
        demo.at_ms(1 + number).thread("main").forks(key, pid=501 + number, parent=500)
        demo.at_ms(3 + number).thread(key).exits(key, value=f"exit code {number}")
    demo.at_ms(9).thread("main").exits("main")
    demo.end()
    app = replay(demo)
    async with app.run_test(size=(80, 40)) as pilot:
        screen = await loaded(pilot)
        assert names(screen) == ["main", "well", "▾ badly, exit code 1", "badly"]


async def test_the_spawn_tree_folds(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("B", "B", "B")
        await pilot.pause()
        assert names(screen) == ["▾ main", "foo", "bar", "third", "hub"]
        assert "by spawn tree" in text_of(screen)
        # From a child, its parent is folded.
        await pilot.press("down", "z")
        await pilot.pause()
        assert names(screen) == ["▸ main", "hub"]
        for expected in (["▾ main", "foo", "bar", "third", "hub"], ["▸ main", "hub"]):
            await pilot.press("Z")
            await pilot.pause()
            assert names(screen) == expected


async def test_each_order_and_grouping_has_a_name_in_the_palette(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        commands = {command.title: command.callback for command in app.get_system_commands(screen)}
        await commands["Sort rows: most waiting"]()
        await commands["Group rows by: nothing"]()
        await pilot.pause()
        assert names(screen) == ["main", "foo", "bar", "third", "hub"]
        shown = text_of(screen)
        assert "overview, ungrouped" in shown
        assert "time, most waiting" in shown
        await pilot.press("x")
        await pilot.pause()
        assert "switches, most waiting" in text_of(screen), "the name of the axis is not taken away"


@pytest.mark.parametrize("tracks", [2, 50])
def test_sorted_by_time_rows_are_sorted_now_and_then_only(tracks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = many(tracks)
    view = View(Timeline(), live=True)
    feed(view.timeline, demo.events)
    view.grown(0, True)
    view.sort_by(RowOrder.RUNNING)
    sortings = []
    arrange = view._all_rows.arrange

    def counted(*of: Any, **how: Any) -> list[Row]:
        sortings.append(1)
        return arrange(*of, **how)

    monkeypatch.setattr(view._all_rows, "arrange", counted)
    for number in range(1, 1_001):
        view.timeline.last_ns = number * MS
        view.grown(number * MS, True)
    # Each time the timeline has become a quarter longer: 1.25 ** 31 > 1000.
    assert 20 <= len(sortings) / 2 <= 80
