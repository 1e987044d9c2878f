"""Keys that come all at once, as a script or a paste sends them: each does what it does when it is typed slowly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.conftest import loaded, settled, until
from tests.tui.traces import Demo, ping_pong
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen


async def burst(pilot: Pilot[Any], *typed: str) -> None:
    """Send all characters of these texts, or keys of these names, before any of them is looked at."""
    driver = pilot.app._driver
    assert driver is not None
    for text in typed:
        for name in [text] if text in ("enter", "escape", "ctrl+p") else text:
            key = _character_to_key(name) if len(name) == 1 else name
            driver.send_message(events.Key(key, name if len(name) == 1 else None))
    await settled()


async def test_on_the_timeline(replay: Callable[[Demo], VisualizerApp]) -> None:
    async with replay(ping_pong()).run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await burst(pilot, ":3", "enter", "l")
        assert screen.view.playhead.index == 3
        await burst(pilot, "ll", "hhh", "/test2", "enter", "n")
        assert screen.message_line.lines[0].startswith("\"test2\": 4 of 5")
        await burst(pilot, "ctrl+p", "fit the whole", "enter", ":1", "enter")
        assert (screen.view.fitted, screen.view.playhead.index) == (True, 0)


async def test_in_the_catalogue(clock: Callable[[], int]) -> None:
    app = VisualizerApp(clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled()
        assert isinstance(app.screen, CatalogueScreen)
        await burst(pilot, "/ping_p", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        assert screen.feed.name == "ping_pong"
        assert not isinstance(app.focused, Input)
