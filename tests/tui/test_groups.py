"""Many tracks: grouped, folded, filtered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.test_live import Growing, shown
from tests.tui.traces import MS, Demo, crowd, hostile, many, sleeps
from tests.unit.analysis.tape import feed
from visualizer.analysis.model.timeline import Timeline
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.view import View
from visualizer.tui.widgets.tracks import TracksPane, row_start

Replay = Callable[[Demo], VisualizerApp]
SMALL, NORMAL = (80, 24), (120, 35)
#: Rows of crowd(), folded.
MAIN, HUB, GROUP, BOSS = range(4)


def names(screen: TimelineScreen) -> list[str]:
    """What stands in front of the rows in sight, with their marks."""
    view = screen.view
    tracks = screen.query_one(TracksPane)
    lines = text_of(screen).splitlines()[tracks.region.y : tracks.region.bottom]
    return [line[1 : row_start(view) - 1].strip() for line in lines]


def selected(screen: TimelineScreen) -> str:
    view = screen.view
    row = view.selected_row
    return (
        ""
        if row is None
        else "group"
        if row.group == view.selected_group is not None
        else view.timeline.name(view.selected)
    )


async def test_more_than_fit_are_folded(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert names(screen) == ["▾ main", "hub", "▸ worker ×100", "boss"]
        line = next(line for line in text_of(screen).splitlines() if "×100" in line)
        assert " 100 wait ┈┈" in line
        assert line.rstrip().endswith("✓")


async def test_as_many_as_fit_are_not(replay: Replay) -> None:
    app = replay(crowd(8))
    async with app.run_test(size=NORMAL) as pilot:
        screen = await loaded(pilot)
        each = [f"worker-{number}" for number in range(1, 9)]
        assert names(screen) == ["▾ main", "hub", "▾ worker ×8", *each, "boss"]
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert names(screen) == ["▾ main", "hub", "▸ worker ×8", "boss"]
        await pilot.resize_terminal(*NORMAL)
        await pilot.pause()
        assert len(names(screen)) == 12


async def test_a_key_unfolds_the_group_under_the_cursor_and_folds_it_again(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("down", "down")
        assert selected(screen) == "group"
        await pilot.press("z")
        await pilot.pause()
        assert len(screen.view.rows) == 104
        assert names(screen)[:4] == ["▾ main", "hub", "▾ worker ×100", "worker-1"]
        assert selected(screen) == "group"
        await pilot.press("enter")
        await pilot.pause()
        assert names(screen) == ["▾ main", "hub", "▸ worker ×100", "boss"]


async def test_selection_and_playhead_survive_folding(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("down", "down", "z", "down", "down", "down", "L")
        view = screen.view
        assert selected(screen) == "worker-3"
        before = view.playhead.index, view.playhead.t_ns
        assert view.timeline.name(view.timeline.running_at(before[0])) == "worker-3"
        # From a member the group folds, and the cursor stands on its row.
        await pilot.press("z")
        assert (len(view.rows), view.selected_number) == (4, GROUP)
        assert view.timeline.name(view.selected) == "worker-3"
        await pilot.press("z")
        await pilot.pause()
        assert selected(screen) == "worker-3"
        assert (view.playhead.index, view.playhead.t_ns) == before
        tracks = screen.query_one(TracksPane)
        assert tracks.scroll_offset.y <= view.selected_number < tracks.scroll_offset.y + tracks.size.height


async def test_all_groups_at_once(replay: Replay) -> None:
    demo = crowd(20)
    for number in range(9):
        demo.spawn(f"x{number}", "greenlet", name="x", parent="hub")
    app = replay(demo)
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        counts = []
        for _ in range(3):
            counts.append(len(screen.view.rows))
            await pilot.press("Z")
        assert counts == [5, 34, 5]
        await pilot.press("down", "down", "z")
        assert len(screen.view.rows) == 14, "one is folded"
        await pilot.press("Z")
        assert len(screen.view.rows) == 5


async def test_what_a_group_does_at_the_playhead(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=NORMAL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("down", "down")
        said = []
        # To the next switch to any of them.
        for key in ("L", "L", "H"):
            await pilot.press(key)
            await pilot.pause()
            running = screen.view.timeline.running_at(screen.view.playhead.index)
            line = next(line for line in text_of(screen).splitlines() if "worker ×100: " in line)
            said.append((screen.view.timeline.name(running), line.strip()))
        assert said == [
            ("worker-1", "worker ×100: 1 runs, 99 ready"),
            ("worker-2", "worker ×100: 1 runs, 98 ready, 1 waits"),
            ("worker-1", "worker ×100: 1 runs, 99 ready"),
        ]


async def test_a_click_on_the_mark_unfolds_and_one_on_the_name_selects(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.click(TracksPane, offset=(3, GROUP))
        await pilot.pause()
        assert len(screen.view.rows) == 104
        await pilot.click(TracksPane, offset=(3, GROUP))
        await pilot.pause()
        assert len(screen.view.rows) == 4
        await pilot.click(TracksPane, offset=(6, GROUP))
        await pilot.pause()
        assert selected(screen) == "group"
        assert len(screen.view.rows) == 4
        await pilot.click(TracksPane, offset=(row_start(screen.view) + 30, GROUP))
        await pilot.pause()
        assert screen.view.playhead_cell == 30


async def test_the_row_of_whoever_runs_is_in_sight_folded_or_not(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        tracks = screen.query_one(TracksPane)
        await pilot.press("down", "down", "z", "end", "left", "left")
        await pilot.pause()
        view = screen.view
        assert view.timeline.name(view.timeline.running_at(view.playhead.index)) == "worker-100"
        row = view.row_of(view.timeline.running_at(view.playhead.index))
        assert row == 102
        assert tracks.scroll_offset.y <= row < tracks.scroll_offset.y + tracks.size.height


async def test_a_finding_unfolds_what_hides_its_track(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        await pilot.press("ampersand", *"boss", "enter")
        view.select_track(40)
        assert (selected(screen), view.wanted, len(view.rows)) == (view.timeline.name(40), "", 104)
        view.select_track(12345)
        assert selected(screen) == view.timeline.name(40), "there is no such track"


async def test_a_filter_shows_what_it_finds_as_it_is_typed(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        found = []
        await pilot.press("ampersand")
        for key in "R-10":
            await pilot.press(key)
            await pilot.pause()
            line = next(line for line in text_of(screen).splitlines() if line.startswith(" & "))
            found.append((len(screen.view.rows), line.split("   ")[-1].strip()))
        # Whatever is on the screen, keys are text now.
        assert found == [
            (2, "100 of 103 tracks, esc: all"), (2, "100 of 103 tracks, esc: all"),
            (2, "12 of 103 tracks, esc: all"), (3, "2 of 103 tracks, esc: all"),
        ]
        assert names(screen) == ["▾ main", "worker-10", "worker-100"]
        await pilot.press("down")
        assert selected(screen) == "worker-10"
        await pilot.press("enter")
        await pilot.pause()
        assert screen.focused is screen.query_one(TracksPane)
        assert len(screen.view.rows) == 3
        await pilot.press("L")
        assert screen.view.timeline.running_at(screen.view.playhead.index) == screen.view.selected
        await pilot.press("escape")
        await pilot.pause()
        assert names(screen) == ["▾ main", "hub", "▸ worker ×100", "boss"]
        assert screen.view.timeline.name(screen.view.selected) == "worker-10"
        assert " & " not in text_of(screen)


async def test_a_filter_that_finds_nothing_says_so(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("ampersand", "q", "[", "space", "z")
        await pilot.pause()
        assert screen.view.rows == []
        assert "No track name contains that." in text_of(screen)
        assert "0 of 103 tracks" in text_of(screen)
        # No row is selected, nothing fails; main is still the track whose next switch is asked for.
        await pilot.press("up", "enter", "z", "Z", "L", "right")
        await pilot.pause()
        assert screen.view.playhead.index == screen.view.timeline.switch_count - 1


async def test_escape_closes_the_filter_first_and_then_goes_back(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("ampersand", "b")
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen
        assert screen.query_one(Input).value == ""
        # An empty text filters nothing.
        await pilot.press("ampersand", "enter")
        await pilot.pause()
        assert " & " not in text_of(screen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, CatalogueScreen)


async def test_hostile_names_are_text_in_a_filter_too(replay: Replay) -> None:
    app = replay(hostile())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.press("ampersand", *"[bold red]")
        await pilot.pause()
        assert screen.view.found == 1
        assert "[bold red]" in text_of(screen)


async def test_rows_fold_while_a_program_runs_once_there_are_too_many(tmp_path: Path, clock: Clock) -> None:
    demo = crowd(30)
    demo.write(tmp_path)
    growing = Growing(tmp_path / "growing.trace", demo, clock)
    app = VisualizerApp(open_path=growing.path, follow=True, clock=clock)
    async with app.run_test(size=NORMAL) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        seen = []
        for ms in (30.012, 30.030, 150, 1200):
            growing.write(ms)
            await shown(pilot, screen)
            await pilot.pause()
            seen.append(len(screen.view.rows))
        # main, hub, then 6 workers; then, and from then on, the group.
        assert seen == [8, 3, 4, 4]
        assert any("▸ worker ×30" in name for name in names(screen))


@pytest.mark.parametrize("tracks", [100, 1_000])
def test_a_view_of_many_tracks_looks_only_at_what_is_new(tracks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = many(tracks)
    view = View(Timeline(), live=True)
    feed(view.timeline, demo.events)
    view.grown(0, True)
    named: list[int] = []

    def name(timeline: Timeline, track: int) -> str:
        named.append(track)
        return "name"

    monkeypatch.setattr(Timeline, "name", name)
    for _ in range(5):
        view.grown(MS, True)
        view.row_of(tracks)
    assert named == []


async def test_neither_a_message_nor_a_jump_moves_anything(replay: Replay) -> None:
    """There is just room for all: with a line less, or an unfolded group more, others would be folded or scrolled."""
    for size, folded in ((NORMAL, False), (SMALL, True)):
        async with replay(crowd(8)).run_test(size=size) as pilot:
            screen = await loaded(pilot)

            def places(screen: TimelineScreen = screen) -> object:
                panes = ("TracksPane", "Sentence", "#below")
                return names(screen), [screen.query_one(pane).region for pane in panes]

            before = places()
            assert ("▸ worker ×8" in names(screen)) == folded
            for key in ("e", "r", "r", "t", "colon", "escape", "slash", "escape", "m"):
                await pilot.press(key)
                await pilot.pause()
                assert places() == before, key
