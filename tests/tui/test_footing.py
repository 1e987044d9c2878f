"""The footer: nothing of it is cut, and how to get help and to quit always stands there."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from tests.tui.conftest import loaded, text_of
from tests.tui.test_comparison import comparing, drawn, halves
from tests.tui.traces import Demo, sleeps
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.footer import Footer

Replay = Callable[[Demo], VisualizerApp]


def footer_of(app: VisualizerApp) -> str:
    return "".join(segment.text for segment in app.screen._compositor.render_strips()[-1])


@pytest.mark.parametrize("ascii", [False, True])
async def test_a_timeline_s(replay: Replay, monkeypatch: pytest.MonkeyPatch, ascii: bool) -> None:
    if ascii:
        monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        for width in (120, 80, 70, 60, 120):
            await pilot.resize_terminal(width, 24)
            for _ in range(3):
                await pilot.pause()
            footer = text_of(screen).splitlines()[-1]
            assert footer.rstrip().endswith("esc Back  ? Keys  q Quit"), width
            assert " Step  " in footer
            assert (" Fit  " in footer) == (width == 120 or (width == 80 and not ascii))


@pytest.mark.parametrize("size", [(120, 24), (80, 24), (60, 16)])
async def test_a_comparison_s_tells_how_to_get_to_the_figures_below(size: tuple[int, int]) -> None:
    app = comparing(halves())
    async with app.run_test(size=size) as pilot:
        screen = await drawn(pilot)
        for _ in range(4):
            await pilot.pause(0.05)
        assert screen.query_one("#below-both").max_scroll_y > 0
        footer = footer_of(app)
        assert footer.rstrip().endswith("? Keys  q Quit")
        assert "pgdn Figures  " in footer
        await pilot.resize_terminal(120, 70)
        for _ in range(4):
            await pilot.pause(0.05)
        assert screen.query_one("#below-both").max_scroll_y == 0
        assert "pgdn" not in footer_of(app), "all are in sight"


async def test_whoever_rests_on_a_key_is_told_what_it_does(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24), tooltips=True) as pilot:
        screen = await loaded(pilot)
        footer = screen.query_one(Footer)

        def ground(word: str) -> str:
            line = screen._compositor.render_strips()[-1]
            [style] = [style for text, style, _ in line if text.strip() == word]
            assert style is not None
            assert style.bgcolor is not None
            return style.bgcolor.name

        before = ground("Axis")
        for word, told in (("Axis", "Time axis or "), ("Step", None), ("Quit", "Quit; press twice ")):
            await pilot.hover(offset=(footer_of(app).index(word), 23))
            await pilot.pause()
            assert str(footer.tooltip).startswith(str(told))
            assert (ground(word) == before) == (told is None), word
        assert ground("Axis") == before, "the pointer is elsewhere"
