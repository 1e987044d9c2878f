"""Which rows are painted when: all that changed at once, and no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.tui.conftest import loaded
from tests.tui.traces import Demo, crowd
from visualizer.paint.rows.order import Row
from visualizer.paint.text.canvas import Run
from visualizer.tui.app import VisualizerApp
from visualizer.tui.state.view import View
from visualizer.tui.widgets import tracks

Replay = Callable[[Demo], VisualizerApp]


@pytest.fixture(autouse=True)
def unpainted() -> None:
    """Here all is painted as it is in a terminal."""


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each call painted."""
    counts: list[int] = []
    paint = View.painted

    def counting(view: View, shown: Sequence[Row]) -> list[list[Run]]:
        counts.append(len(shown))
        return paint(view, shown)

    monkeypatch.setattr(View, "painted", counting)
    return counts


async def test_what_changed_is_painted_at_once_and_nothing_else(replay: Replay, painted: list[int]) -> None:
    app = replay(crowd(8))
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        in_sight = len(screen.view.rows)
        assert in_sight > 8
        painted.clear()
        await pilot.press("right", "right")
        await pilot.pause()
        assert painted == [], "the playhead is laid over the rows"
        await pilot.press("w")
        await pilot.pause()
        assert painted == [in_sight], "zooming"
        painted.clear()
        await pilot.press("d")
        await pilot.pause()
        assert painted == [in_sight], "panning"
        painted.clear()
        await pilot.press("down")
        await pilot.pause()
        assert painted == [2], "the row that was selected, and the one that is"


async def test_rows_in_sight_are_kept_when_others_are_forgotten(
    replay: Replay, painted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = replay(crowd(8))
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        in_sight = len(screen.view.rows)
        await pilot.press("w")
        await pilot.pause()
        painted.clear()
        monkeypatch.setattr(tracks, "_CACHED_ROWS", in_sight)
        await pilot.press("down")
        await pilot.pause()
        assert painted == [2]
