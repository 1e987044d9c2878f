"""Damaged and hostile traces on the screen: each opens, every pane is drawn, and nothing is nonsense."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.soak import SOAK
from tests.tui.conftest import Clock, settled, text_of
from tests.unit.cli.test_mutated import HEADER, SMALLEST, mutated
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen

#: Through all panes and axes, and to whatever a trace has; so that each is drawn where something is.
KEYS = (*"2334", "5", "6", "end", *"xpecCrwXABYY", "home", "L", "1")
#: As of what commands print (test_mutated.py).
NONSENSE = re.compile(r"(?<![\w#-])-\d+(\.\d+)? (s|ms|µs|ns)\b|\bnan\b|\binf\b")


async def look_at(path: Path) -> None:
    app = VisualizerApp(open_path=path, clock=Clock())
    async with app.run_test(size=(100, 30)) as pilot:
        await settled()
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        while screen.feed.live:
            screen.tick()
        for key in KEYS:
            await pilot.press(key)
            await settled()
            assert app.screen is screen, key
            found = NONSENSE.search(text_of(screen))
            assert found is None, (key, found, path.read_bytes())


@pytest.mark.parametrize("seed", range(300 if SOAK else 2))
async def test_a_mutated_trace(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "mutated.trace"
    path.write_bytes(mutated(random.Random(None if SOAK else seed)))
    await look_at(path)


@pytest.mark.parametrize("lines", SMALLEST if SOAK else SMALLEST[1:2])
async def test_one_that_failed_once(lines: tuple[bytes, ...], tmp_path: Path) -> None:
    path = tmp_path / "once.trace"
    path.write_bytes(HEADER + b"\n".join(lines) + b"\n")
    await look_at(path)
