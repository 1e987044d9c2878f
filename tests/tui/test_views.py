"""The tree and who waits for whom: what they say at the playhead, and what is chosen in them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.conftest import Clock, loaded, text_of, until
from tests.tui.test_live import shown, watched
from tests.tui.traces import Demo, crowd, hand_over, hogs, many, philosophers, sleeps
from visualizer.paint.text.palette import DARK, LIGHT
from visualizer.trace import words
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets import waits as waits_of_many
from visualizer.tui.widgets.line_list import Lines
from visualizer.tui.widgets.tracks import TracksPane, row_start

Replay = Callable[[Demo], VisualizerApp]


def lines_of(pane: Lines) -> list[str]:
    return ["".join(run.text for run in pane.runs(line, pane.width)).rstrip() for line in range(pane.length)]


def selected(screen: TimelineScreen) -> str:
    return screen.view.timeline.name(screen.view.selected)


async def test_the_tree_says_what_each_does_at_the_playhead(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("5", "right")
        await pilot.pause()
        tree = screen._tabs["tree"]
        assert lines_of(tree) == [
            "┈ main  waits: joinall, for 1 µs",
            "├ ┈ hub  waits",
            "├ █ foo  runs",
            "├ ▒ bar  ready, for 4 µs",
            "└ ▒ third  ready, for 2 µs",
        ]
        await pilot.press("end")
        await pilot.pause()
        assert lines_of(tree)[2:] == [
            "├ ✓ foo  returned None", "├ ✓ bar  returned None", "└ ✓ third  returned None",
        ]
        assert "├ ✓ foo  returned None" in text_of(screen)


async def test_a_click_in_the_tree_selects_the_track_and_a_selection_is_pointed_at(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("5")
        await pilot.pause()
        tree = screen._tabs["tree"]
        await pilot.click(tree, offset=(8, 3))
        await pilot.pause()
        assert selected(screen) == "bar"
        assert tree.current == 3
        await pilot.press("shift+tab", "up")
        await pilot.pause()
        assert (selected(screen), tree.current) == ("foo", 2)


async def test_a_group_of_the_tree_unfolds_and_folds(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("5", "tab", "down", "down")
        tree = screen._tabs["tree"]
        assert lines_of(tree)[2] == "├ ▸ worker ×100  100 ready"
        await pilot.press("enter")
        await pilot.pause()
        assert tree.length == 104
        await pilot.press("down", "enter")
        await pilot.pause()
        assert selected(screen) == "worker-1"
        await pilot.press("up", "enter")
        await pilot.pause()
        assert tree.length == 4


async def test_who_waits_for_whom_follows_the_playhead(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("6", "right", "right")
        await pilot.pause()
        waits = screen._tabs["waits"]
        assert lines_of(waits) == [
            "runs: █ hub",
            "┈ main → others to end  joinall, for 3 µs",
            "    foo wakes it in 2 s",
            "┈ foo → timer, in 2 s",
            "▒ bar, ▒ third ready to run",
        ]
        await pilot.press("end")
        await pilot.pause()
        assert lines_of(waits) == ["runs: █ main", "No track is waiting."]


async def test_a_choice_among_the_waits_selects_who_waits(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("6", "right", "right", "right", "right")
        await pilot.pause()
        waits = screen._tabs["waits"]
        line = next(number for number, text in enumerate(lines_of(waits)) if "bar" in text)
        await pilot.click(waits, offset=(4, line))
        await pilot.pause()
        assert selected(screen) == "bar"
        # The click gave it the focus.
        await pilot.press(*["up"] * 5, "enter")
        await pilot.pause()
        assert selected(screen) == "hub"


async def test_statistics_tell_more_of_the_selected_track_and_of_a_span(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3", "down", "down")
        await pilot.pause()
        pane = screen._tabs["statistics"]
        assert lines_of(pane)[3].startswith("✓ foo")
        assert lines_of(pane)[4:14] == [
            " life    ▏▒" + "┈" * 48 + "·",
            "         waiting >99 %  ready <1 %  running <1 %",
            " ran        ███",
            "         │1 µs",
            "         2: median 2 µs, p95 2 µs, max 2 µs",
            " delay   ███   ███",
            "         │1 µs",
            "         2: median 1 µs, p95 6 µs, max 6 µs",
            " late    max 2 ms, 2 ms in total behind its timers",
            " waited  sleep      " + "█" * 30 + " 2 s",
        ]
        # From where foo was suspended to where bar wakes.
        await pilot.press("right", "right", "v", *["right"] * 7, "v")
        await pilot.pause()
        assert lines_of(pane)[4:7] == [
            " life    " + "┈" * 51,
            "         waiting 100 %",
            " waited  sleep      " + "█" * 30 + " 1 s",
        ]


async def test_bars_instead_of_numbers(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3", "3")
        await pilot.pause()
        pane = screen._tabs["statistics"]
        lines = lines_of(pane)
        assert lines[0].split() == ["track", "steps", "share", "of", "2.04", "s"]
        bars = {line.split()[1]: line[28:] for line in (lines[1], *lines[11:15])}
        assert bars == {
            "main": "█▒" + "┈" * 29,
            "hub": "▏┈" + "░" * 29,
            "foo": "▏▒" + "┈" * 28,
            "bar": "▏▒" + "┈" * 13,
            "third": "┈",
        }


async def test_a_click_on_a_line_of_the_statistics_selects_the_track(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3")
        await pilot.pause()
        pane = screen._tabs["statistics"]
        # Below main and what is told of it.
        await pilot.click(pane, offset=(4, 12))
        await pilot.pause()
        assert selected(screen) == "foo"
        await pilot.click(pane, offset=(4, 0))
        await pilot.pause()
        assert selected(screen) == "foo"


async def test_the_title_of_the_statistics_stays_when_they_scroll(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3", *["down"] * 2)
        await pilot.pause()
        pane = screen._tabs["statistics"]
        assert selected(screen) == "foo"
        assert pane.scroll_offset.y == 2
        drawn = [pane.render_line(y).text.split() for y in range(3)]
        assert drawn[0] == ["track", "steps", "run", "ready", "wait", "idle"]
        assert drawn[1][:2] == ["✓", "foo"]
        assert drawn[2][0] == "life"
        # What stands under the title is not what is clicked on.
        await pilot.click(pane, offset=(4, 0))
        await pilot.pause()
        assert selected(screen) == "foo"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_who_runs_at_the_playhead_is_seen_to(replay: Replay, theme: str) -> None:
    app = replay(sleeps())
    app.theme = theme
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("x", "right", "right")
        await pilot.pause()
        tracks, at = screen.query_one(TracksPane), row_start(screen.view) + screen.view.playhead_cell
        (cell,) = tracks.render_line(1).crop(at, at + 1)
        palette = DARK if theme == "textual-dark" else LIGHT
        assert cell.text == "█"
        assert cell.style is not None
        assert cell.style.color is not None
        assert cell.style.bgcolor is not None
        assert cell.style.bgcolor.name == palette["playhead"].ground
        # Its own green, as dark as that ground needs; not the colour of the text of the playhead.
        red, green, blue = cell.style.color.get_truecolor()
        assert green > max(red, blue)


async def test_a_line_about_nobody_selects_nobody(replay: Replay) -> None:
    app = replay(many(0))
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("6", "tab", "down", "down", "enter")
        await pilot.pause()
        assert screen.view.selected != words.NOBODY
        await pilot.press("5", "enter")
        await pilot.pause()
        assert selected(screen) == "main"


@pytest.mark.parametrize(("demo", "size"), [(philosophers, (200, 50)), (hogs, (80, 24)), (hand_over, (120, 35))])
async def test_in_ascii_nothing_else_stands_in_any_view(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, demo: Callable[[], Demo], size: tuple[int, int]
) -> None:
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    app = replay(demo())
    async with app.run_test(size=size) as pilot:
        screen = await loaded(pilot)
        for keys in (("end", "left", "Y"), ("3",), ("3", "down"), ("5",), ("6",)):
            await pilot.press(*keys)
            await pilot.pause()
            # Beside Textual's own scroll bars.
            assert all(line[:-1].isascii() for line in text_of(screen).splitlines()), keys


async def test_what_is_looked_at_survives_a_change_of_size(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("6", "Y", *["down"] * 5, "right_square_bracket")
        await pilot.pause()
        before = text_of(screen)
        for size in ((50, 12), (200, 50), (60, 16), (120, 35)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert (screen.sequence.display, screen.view.playhead.index, selected(screen)) == (True, 5, "hub")
        assert text_of(screen) == before


async def test_while_the_program_runs_the_views_grow_with_it(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        await pilot.press("Y", "6")
        growing.write(100)
        await shown(pilot, screen)
        assert screen.sequence.current == 8
        assert "┈ foo → timer, in 1.9 s  asleep for 70 ms" in lines_of(screen._tabs["waits"])
        # Nothing is written, and yet time passes.
        clock.now_ns = 400_000_000
        await shown(pilot, screen)
        assert "┈ foo → timer, in 1.6 s  asleep for 0.37 s" in lines_of(screen._tabs["waits"])
        growing.write(1_100)
        text = await shown(pilot, screen)
        assert screen.sequence.current == 10
        assert "11 " in text
        await pilot.press("5")
        await pilot.pause()
        assert lines_of(screen._tabs["tree"])[3] == "├ ✓ bar  returned None"


async def test_of_very_many_tracks_it_is_told_when_the_playhead_rests(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits_of_many, "_AT_ONCE", 50)
    app = replay(crowd())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("6", "right", "right")
        waits = screen._tabs["waits"]
        await until(pilot, lambda: any("worker ×99 ready" in line for line in lines_of(waits)))
        assert lines_of(waits)[0] == "runs: █ hub"
