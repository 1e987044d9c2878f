"""What is clicked and where the wheel is turned."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.conftest import loaded
from tests.tui.traces import Demo, many, sleeps
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.rows import Overview, Ruler, Tracks, row_start
from visualizer.tui.widgets.tabs import TabBar

Replay = Callable[[Demo], VisualizerApp]
SIZE = (80, 24)
ROWS = {"main": 0, "hub": 1, "foo": 2, "bar": 3, "third": 4}


async def turn(pilot: Pilot[int], widget: Widget, x: int, *, up: bool, shift: bool = False, ctrl: bool = False) -> None:
    """One notch of the wheel over a cell of a pane's first line."""
    x, y = widget.region.x + x, widget.region.y
    kind = events.MouseScrollUp if up else events.MouseScrollDown
    pilot.app.screen._forward_event(kind(None, x, y, 0, 0, 0, shift, False, ctrl, x, y))
    await pilot.pause()


async def test_a_click_on_a_track_selects_it_and_goes_to_that_moment(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        cell = int(view.viewport.cell_of_time(view.timeline, 1_500_000_000))
        await pilot.click(Tracks, offset=(row_start(view) + cell, ROWS["bar"]))
        await pilot.pause()
        assert view.timeline.name(view.selected) == "bar"
        assert view.playhead_cell == cell
        assert abs(view.playhead.t_ns - 1_500_000_000) <= view.viewport.per_cell
        assert view.playhead.index == 10, "between bar's end and foo's waking"


async def test_a_click_on_a_name_only_selects(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.click(Tracks, offset=(8, ROWS["foo"]))
        await pilot.pause()
        assert screen.view.timeline.name(screen.view.selected) == "foo"
        assert screen.view.playhead.index == 0


async def test_a_click_on_the_switch_axis_goes_to_that_switch(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("x")
        view = screen.view
        for index in (4, 13, -1):
            cell = int(view.viewport.cell_of_switch(view.timeline, index)) + 1
            await pilot.click(Tracks, offset=(row_start(view) + cell, ROWS["hub"]))
            await pilot.pause()
            assert view.playhead.index == index


async def test_the_arrow_before_a_name_folds(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.click(Tracks, offset=(1, 0))
        await pilot.pause()
        assert [row.track for row in screen.view.rows] == [0]
        await pilot.click(Tracks, offset=(1, 0))
        await pilot.pause()
        assert len(screen.view.rows) == 5


async def test_a_click_on_the_overview_or_the_ruler_goes_to_that_moment(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        await pilot.click(Overview, offset=(row_start(view) + view.viewport.width // 2, 0))
        await pilot.pause()
        assert view.playhead.t_ns == view.timeline.last_ns // 2
        await pilot.click(Ruler, offset=(row_start(view) + 3, 0))
        await pilot.pause()
        assert view.playhead_cell == 3


async def test_a_click_on_an_event_goes_there(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.click("#events", offset=(5, 6))
        await pilot.pause()
        assert screen.view.playhead.index == 6


async def test_a_click_on_a_tab_shows_it_and_on_an_output_goes_there(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.click(TabBar, offset=(10, 0))
        await pilot.pause()
        assert screen._tabs["output"].display
        await pilot.click("#output", offset=(5, 2))
        await pilot.pause()
        assert screen.view.playhead.t_ns == screen.view.timeline.outputs[2].t_ns
        assert screen.view.timeline.outputs[2].text == "bar is awake again\n"


@pytest.mark.parametrize("pane", [Overview, Ruler])
async def test_the_wheel_zooms_over_ruler_and_overview(replay: Replay, pane: type[Widget]) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        cell = 40
        there_ns, before = view.viewport.time_at(view.timeline, cell), view.viewport.per_cell
        await turn(pilot, screen.query_one(pane), row_start(view) + cell, up=True)
        assert view.viewport.per_cell == pytest.approx(before / 1.25)
        assert view.viewport.time_at(view.timeline, cell) == pytest.approx(there_ns, abs=2)
        await turn(pilot, screen.query_one(pane), row_start(view) + cell, up=False)
        assert view.viewport.per_cell == pytest.approx(before)


async def test_with_ctrl_the_wheel_zooms_and_with_shift_it_pans(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view, tracks = screen.view, screen.query_one(Tracks)
        before = view.viewport.per_cell
        await turn(pilot, tracks, row_start(view) + 40, up=True, ctrl=True)
        assert view.viewport.per_cell == pytest.approx(before / 1.25)
        start = view.viewport.start
        await turn(pilot, tracks, row_start(view) + 40, up=False, shift=True)
        assert view.viewport.start > start
        await turn(pilot, tracks, row_start(view) + 40, up=True, shift=True)
        assert view.viewport.start == pytest.approx(start)


async def test_the_wheel_scrolls_many_tracks_and_steps_bring_theirs_into_sight(replay: Replay) -> None:
    app = replay(many(100))
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        tracks = screen.query_one(Tracks)
        assert tracks.scroll_offset.y == 0
        await turn(pilot, tracks, 5, up=False)
        assert tracks.scroll_offset.y > 0
        for _ in range(2):
            await pilot.press("end", "left")
        await pilot.pause()
        top, height = tracks.scroll_offset.y, tracks.size.height
        assert top <= 100 < top + height, "the last greenlet's row"
        await pilot.press("pageup")
        assert tracks.scroll_offset.y == top - height + 1
