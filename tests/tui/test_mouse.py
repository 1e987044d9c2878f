"""What is clicked and where the wheel is turned."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo, many, sleeps
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.text.palette import DARK
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets.tabs import TabBar
from visualizer.tui.widgets.tracks import Overview, Ruler, TracksPane, row_start

Replay = Callable[[Demo], VisualizerApp]
SIZE = (80, 24)
ROWS = {"main": 0, "hub": 1, "foo": 2, "bar": 3, "third": 4}


async def turn(pilot: Pilot[int], widget: Widget, x: int, *, up: bool, shift: bool = False, ctrl: bool = False) -> None:
    """One notch of the wheel over a cell of a pane's first line."""
    x, y = widget.region.x + x, widget.region.y
    kind = events.MouseScrollUp if up else events.MouseScrollDown
    pilot.app.screen._forward_event(kind(None, x, y, 0, 0, 0, shift, False, ctrl, x, y))
    await pilot.pause()


async def drag(
    pilot: Pilot[int],
    widget: Widget | type[Widget] | str,
    *path: tuple[int, int],
    shift: bool = False,
    control: bool = False,
) -> None:
    """Press at the first of these cells of a pane, move over the others, and let go at the last."""
    await pilot.mouse_down(widget, offset=path[0], shift=shift, control=control)
    for at in path[1:]:
        await pilot._post_mouse_events(
            [events.MouseMove], widget, offset=at, button=1, shift=shift, control=control
        )
    # As the app does where the button is let go over the pane on which it went down.
    await pilot._post_mouse_events(
        [events.MouseUp, events.Click], widget, offset=path[-1], button=1, shift=shift, control=control
    )
    await pilot.pause()


def cells(screen: TimelineScreen, pane: type[Widget], y: int = 0) -> list[tuple[str, str]]:
    """What is seen of a line of a pane, from cell 0 of the viewport on: characters, and the colour behind each."""
    region = screen.query_one(pane).region
    line = screen._compositor.render_strips()[region.y + y]
    seen = [(char, style.bgcolor.name if style and style.bgcolor else "") for text, style, _ in line for char in text]
    return seen[region.x + row_start(screen.view) :][: screen.view.viewport.width]


async def test_a_click_on_a_track_selects_it_and_goes_to_that_moment(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        cell = int(view.viewport.cell_of_time(view.timeline, 1_500_000_000))
        await pilot.click(TracksPane, offset=(row_start(view) + cell, ROWS["bar"]))
        await pilot.pause()
        assert view.timeline.name(view.selected) == "bar"
        assert view.playhead_cell == cell
        assert abs(view.playhead.t_ns - 1_500_000_000) <= view.viewport.per_cell
        assert view.playhead.index == 10, "between bar's end and foo's waking"


async def test_a_click_on_a_name_only_selects(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.click(TracksPane, offset=(8, ROWS["foo"]))
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
            await pilot.click(TracksPane, offset=(row_start(view) + cell, ROWS["hub"]))
            await pilot.pause()
            assert view.playhead.index == index


async def test_the_arrow_before_a_name_folds(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.click(TracksPane, offset=(1, 0))
        await pilot.pause()
        assert [row.track for row in screen.view.rows] == [0]
        await pilot.click(TracksPane, offset=(1, 0))
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
        view, tracks = screen.view, screen.query_one(TracksPane)
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
        tracks = screen.query_one(TracksPane)
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


async def test_dragging_the_tracks_pans_and_is_no_click(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("w", "w", "d")
        view = screen.view
        start, per_cell, playhead_ns = view.viewport.start, view.viewport.per_cell, view.playhead.t_ns
        left = row_start(view)
        before = [char for char, _ in cells(screen, TracksPane, ROWS["main"])]
        await drag(pilot, TracksPane, (left + 30, 2), (left + 25, 2), (left + 20, 3))
        assert view.viewport.start == pytest.approx(start + 10 * per_cell)
        after = [char for char, _ in cells(screen, TracksPane, ROWS["main"])]
        assert set(before[30:45]) == {"┈"} == set(after[20:35]), "what was there is there now"
        assert view.viewport.per_cell == per_cell
        assert view.playhead.t_ns == playhead_ns
        assert view.timeline.name(view.selected) == "main"
        await drag(pilot, TracksPane, (left + 20, 2), (left + 30, 2))
        assert view.viewport.start == pytest.approx(start)
        # What moves with no button held is no drag.
        await pilot.hover(TracksPane, offset=(left + 10, 2))
        assert view.viewport.start == pytest.approx(start)
        await pilot.press("comma")
        assert view.viewport.start != pytest.approx(start), "one goes back over all of a drag at once"


async def test_dragging_the_tracks_scrolls_too(replay: Replay) -> None:
    app = replay(many(100))
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        tracks = screen.query_one(TracksPane)
        left = row_start(screen.view)
        await drag(pilot, TracksPane, (left + 9, 4), (left + 9, 2), (left + 9, 1))
        assert tracks.scroll_offset.y == 3
        await drag(pilot, TracksPane, (left + 9, 1), (left + 9, 3))
        assert tracks.scroll_offset.y == 1


async def test_a_button_that_was_let_go_elsewhere_ends_the_drag(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("w", "w", "d")
        start = screen.view.viewport.start
        await pilot.mouse_down(TracksPane, offset=(40, 2))
        await pilot.hover(TracksPane, offset=(30, 2))
        assert app.mouse_captured is None
        await pilot.hover(TracksPane, offset=(20, 2))
        assert screen.view.viewport.start == start


async def test_a_drag_selects_a_span(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        viewport = view.viewport
        there = [(row_start(view) + cell, 0) for cell in (10, 15, 20)]
        dragged: list[tuple[type[Widget], dict[str, bool]]] = [
            (Ruler, {}), (TracksPane, {"shift": True}), (TracksPane, {"control": True}),
        ]
        for (pane, held), path in product(dragged, (there, there[::-1])):
            assert view.span is None
            await drag(pilot, pane, *path, **held)
            assert view.span == (viewport.time_at(view.timeline, 10) + 1, viewport.time_at(view.timeline, 21)), held
            assert "press 3 for its statistics" in screen.message_line.lines[-1]
            # That is seen: in the ruler and in each row these cells stand on another ground.
            for where, y, ground in ((Ruler, 0, "selected"), *((TracksPane, y, "span") for y in ROWS.values())):
                colours = [colour for _, colour in cells(screen, where, y)]
                spanned = {cell for cell, colour in enumerate(colours) if colour == DARK[ground].ground}
                # The playhead lies over it, where one pressed or let go on the ruler.
                assert spanned | ({view.playhead_cell} & {10, 20}) == set(range(10, 21))
                assert len(spanned) >= 10
            # A span that goes beyond what is in sight ends with it.
            beyond = [(row_start(view) + 10, 0), (SIZE[0] - 1, 0)] if pane is Ruler else path
            await drag(pilot, pane, *beyond, **held)
            assert view.span is not None
            assert view.viewport == viewport
            await pilot.press("escape")


async def test_dragging_over_the_overview_moves_what_is_in_sight(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("w", "w", "w")
        view = screen.view
        left, width = row_start(view), view.viewport.width
        at = view.playhead.index, view.playhead.t_ns
        await drag(pilot, Overview, (left + 5, 0), (left + width // 3, 0), (left + width // 2, 0))
        assert (view.playhead.index, view.playhead.t_ns) == at, "the playhead stays"
        middle_ns = view.viewport.time_at(view.timeline, width / 2)
        assert middle_ns == pytest.approx(view.timeline.last_ns / 2, abs=2 * view.viewport.per_cell)
        # Where all is in sight there is nothing to move but the playhead.
        await pilot.press("f")
        await drag(pilot, Overview, (left + 5, 0), (left + width // 2, 0))
        assert view.playhead.t_ns == round(view.timeline.last_ns * (width // 2) / width)


async def test_two_clicks_zoom_in_on_what_the_track_does_there(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        bar = next(track for track in view.timeline.tracks.values() if track.base_name == "bar")
        at = bar.slices.at(500_000_000)
        start_ns, end_ns = bar.slices.start_ns[at], bar.slices.start_ns[at + 1]
        cell = int(view.viewport.cell_of_time(view.timeline, 500_000_000))
        await pilot.double_click(TracksPane, offset=(row_start(view) + cell, ROWS["bar"]))
        await pilot.pause()
        assert view.timeline.name(view.selected) == "bar"
        shown = view.viewport.start, view.viewport.end
        assert shown[0] < start_ns < end_ns < shown[1]
        assert (end_ns - start_ns) / (shown[1] - shown[0]) > 0.85
        await pilot.press("comma")
        assert view.viewport.shows_end(view.timeline)


async def test_whoever_rests_on_a_cell_is_told_what_is_there(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE, tooltips=True) as pilot:
        screen = await loaded(pilot)
        view, tracks = screen.view, screen.query_one(TracksPane)
        cell = int(view.viewport.cell_of_time(view.timeline, 500_000_000))
        await pilot.hover(TracksPane, offset=(row_start(view) + cell, ROWS["bar"]))
        lines = str(tracks.tooltip).splitlines()
        assert lines[0].startswith("bar sleeps: 0.4")
        assert lines[1].startswith("from 0.0300")
        assert lines[1].endswith(": 1 s")
        assert lines[2].startswith("in 0.5")
        assert "it is woken" in lines[2]
        await pilot.hover(TracksPane, offset=(3, ROWS["bar"]))
        assert tracks.tooltip is None
        await pilot.hover(TracksPane, offset=(row_start(view) + cell, ROWS["bar"]))
        await pilot.press("w")
        await pilot.pause()
        assert tracks.tooltip is None, "it is another cell now"


async def test_the_keys_of_the_last_line_can_be_clicked(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        line = text_of(screen).splitlines()[-1]
        await pilot.click(offset=(line.index("Axis"), SIZE[1] - 1))
        await pilot.pause()
        assert screen.view.viewport.axis is Axis.SWITCHES


async def test_the_wheel_scrolls_the_list_it_is_over(replay: Replay) -> None:
    app = replay(many(100))
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        for tab in ("1", "3"):
            await pilot.press(tab)
            [pane] = [pane for pane in screen._tabs.values() if pane.display]
            await turn(pilot, pane, 5, up=False)
            assert pane.scroll_offset.y > 0
            assert screen.query_one(TracksPane).scroll_offset.y == 0
            await turn(pilot, pane, 5, up=True)
            assert pane.scroll_offset.y == 0


async def test_the_scroll_bar_is_dragged_for_itself(replay: Replay) -> None:
    app = replay(many(100))
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("w", "w")
        tracks, start = screen.query_one(TracksPane), screen.view.viewport.start
        playhead = screen.view.playhead.t_ns
        bar = SIZE[0] - 1
        await pilot.mouse_down(offset=(bar, tracks.region.y))
        for y in (1, 3):
            await pilot._post_mouse_events([events.MouseMove], None, offset=(bar, tracks.region.y + y), button=1)
        await pilot._post_mouse_events([events.MouseUp], None, offset=(bar, tracks.region.y + 3), button=1)
        await pilot.pause()
        assert tracks.scroll_offset.y > 3
        assert (screen.view.viewport.start, screen.view.playhead.t_ns) == (start, playhead)
