"""In a browser somebody else may sit at the keys: what is shown can be looked at, and nothing else is done."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo, sleeps
from visualizer.tui.app import VisualizerApp


async def test_nothing_is_written_and_nothing_else_is_opened(
    replay: Callable[[Demo], VisualizerApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VisualizerApp, "is_web", True)
    app = replay(sleeps())
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await loaded(pilot)
        assert "The source is not in the trace" in text_of(screen), "a trace could name any file"
        before = sorted(os.listdir())
        await pilot.press("m", "escape", "escape")
        await pilot.pause()
        assert app.screen is screen, "not the catalogue, which could run anything"
        assert [told.message for told in app._notifications] == ["A browser shows only this; q ends it."]
        await screen.run_action("run_export_command")
        assert screen.message_line.lines == ["From a browser nothing is written: copy the command instead."]
        assert sorted(os.listdir()) == before
        # The server is gone.
        monkeypatch.setattr(os, "getppid", lambda: 1)
        app._end_without(2)
    assert app._exit
