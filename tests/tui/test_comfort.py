"""What is remembered from one time to the next, and what greets whoever comes for the first time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo, sleeps
from visualizer.paint.viewport import Axis
from visualizer.session import preferences
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.hint import Hint

Replay = Callable[[Demo], VisualizerApp]
SMALL = (80, 24)


async def test_a_theme_that_was_chosen_is_there_the_next_time(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        assert app.theme == "textual-dark"
        await pilot.press("ctrl+t", *"nord")
        await app.workers.wait_for_complete()
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme == "nord"
    assert preferences.load().theme == "nord"
    again = replay(sleeps())
    async with again.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        assert again.theme == "nord"


@pytest.mark.parametrize("theme", ["no theme of this version", ""])
async def test_a_theme_that_is_not_known_any_more_does_no_harm(replay: Replay, theme: str) -> None:
    Preferences(theme, hinted=True).save()
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        assert app.theme == "textual-dark"


async def test_the_axis_that_was_chosen_last_is_there_the_next_time(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert screen.view.viewport.axis is Axis.TIME
        await pilot.press("x")
    for key, axis in (("x", Axis.SWITCHES), ("comma", Axis.TIME)):
        app = replay(sleeps())
        async with app.run_test(size=SMALL) as pilot:
            screen = await loaded(pilot)
            assert screen.view.viewport.axis is axis
            assert screen.view.viewport.shows_end(screen.view.timeline)
            await pilot.press(key)


async def test_five_keys_are_shown_the_first_time_and_none_is_lost(replay: Replay, state_dir: Path) -> None:
    (state_dir / "preferences.json").unlink()
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        for line in ("→   on to the next switch", "w   zoom in", "x   every switch", "p   to the next", "?   all keys"):
            assert line in text_of(screen)
        await pilot.press("right")
        await pilot.pause()
        assert screen.view.playhead.index == 1, "the key did what it does"
        assert not screen.query(Hint)
        assert "Five keys" not in text_of(screen)
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert not screen.query(Hint)


async def test_a_click_takes_the_hint_away_too(replay: Replay, state_dir: Path) -> None:
    (state_dir / "preferences.json").unlink()
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.click("Ruler", offset=(30, 0))
        await pilot.pause()
        assert not screen.query(Hint)
        assert screen.view.playhead.index > 0
