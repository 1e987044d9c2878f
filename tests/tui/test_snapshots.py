"""Pictures of how it looks, to be looked at: `pytest tests/tui/test_snapshots.py --snapshot-update` after a change.

How each view looks at each size, in the dark and in the light, is proven by test_looks.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import loaded
from tests.tui.traces import Demo, crowd, hand_over, hogs, hostile, ping_pong, sleeps
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.tracks import Tracks, row_start

Replay = Callable[[Demo], VisualizerApp]
Compare = Callable[..., bool]
SMALL, NORMAL, LARGE = (80, 24), (120, 35), (200, 50)


class Picture(NamedTuple):
    """What is opened, which keys are pressed then, and where."""

    demo: Callable[[], Demo]
    keys: tuple[str, ...]
    size: tuple[int, int] = NORMAL
    theme: str = "textual-dark"


_ARRANGE = ("B", "B", "A", "A", "Z", "Z", "down", "delete", "down", "z", "down", "down", "asterisk", "down", "down")
PICTURES = {
    "timeline": Picture(sleeps, ("right", "right")),
    "timeline_of_greenlets": Picture(ping_pong, ("right", "right"), SMALL, "textual-light"),
    "timeline_of_generators": Picture(hand_over, ("right", "right", "right"), LARGE),
    "switches": Picture(lambda: sleeps(code=3), ("x", "end", "left", "left", "left", "2"), theme="textual-light"),
    "folded_gaps": Picture(sleeps, ("X", "m", "right", "right", "v", *["right"] * 4, "v", "W")),
    "groups": Picture(crowd, ("colon", *"251", "enter", "down", "down"), SMALL),
    "arranged": Picture(lambda: crowd(20), _ARRANGE, LARGE, "textual-light"),
    "sequence": Picture(sleeps, ("down", *["right"] * 5, "Y"), LARGE),
    "findings": Picture(hogs, ("4", "tab", "down", "enter")),
    "help": Picture(sleeps, ("question_mark",), LARGE),
    "hostile_text": Picture(hostile, ("2",)),
    "too_small": Picture(sleeps, (), (50, 15)),
}


def pressing(*keys: str, theme: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press these when the recording is loaded."""

    async def press(pilot: Pilot[int]) -> None:
        pilot.app.theme = theme
        await loaded(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    return press


@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare: Compare, replay: Replay, name: str) -> None:
    demo, keys, size, theme = PICTURES[name]
    assert snap_compare(replay(demo()), terminal_size=size, run_before=pressing(*keys, theme=theme))


def test_words_on_a_cell_in_another_theme(snap_compare: Compare, replay: Replay) -> None:
    Preferences("nord", hinted=True).save()

    async def rest(pilot: Pilot[int]) -> None:
        screen = await loaded(pilot)
        await pilot.hover(Tracks, offset=(row_start(screen.view) + 30, 3))
        screen._handle_tooltip_timer(screen.query_one(Tracks))
        await pilot.pause()

    assert snap_compare(replay(sleeps()), terminal_size=SMALL, run_before=rest)
