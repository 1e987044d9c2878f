"""How it looks. After a wanted change: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look at them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import loaded
from tests.tui.traces import Demo, crowd, hand_over, hogs, hostile, ping_pong, sleeps
from visualizer.session.catalogue import Scenario
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens import catalogue
from visualizer.tui.widgets.rows import Tracks, row_start

Replay = Callable[[Demo], VisualizerApp]
Compare = Callable[..., bool]
SMALL, NORMAL, LARGE = (80, 24), (120, 35), (200, 50)


#: Each size in the dark, and one in the light.
LOOKS = [(SMALL, "textual-dark"), (NORMAL, "textual-dark"), (LARGE, "textual-dark"), (NORMAL, "textual-light")]


def pressing(*keys: str, theme: str = "") -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press these when the recording is loaded."""

    async def press(pilot: Pilot[int]) -> None:
        if theme:
            pilot.app.theme = theme
        await loaded(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    return press


@pytest.mark.parametrize("size", [SMALL, NORMAL])
@pytest.mark.parametrize("demo", [hand_over, ping_pong, sleeps])
def test_timeline(snap_compare: Compare, replay: Replay, demo: Callable[[], Demo], size: tuple[int, int]) -> None:
    assert snap_compare(replay(demo()), terminal_size=size, run_before=pressing("right", "right"))


def test_large_timeline(snap_compare: Compare, replay: Replay) -> None:
    assert snap_compare(replay(hand_over()), terminal_size=LARGE, run_before=pressing("right", "right", "right"))


def test_statistics_zoomed_on_the_other_axis(snap_compare: Compare, replay: Replay) -> None:
    keys = ("x", "w", "w", "L", "L", "3")
    assert snap_compare(replay(sleeps()), terminal_size=SMALL, run_before=pressing(*keys))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_findings(snap_compare: Compare, replay: Replay, size: tuple[int, int], theme: str) -> None:
    keys = ("4", "tab", "down", "enter")
    assert snap_compare(replay(hogs()), terminal_size=size, run_before=pressing(*keys, theme=theme))


@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_many_tracks_folded(snap_compare: Compare, replay: Replay, size: tuple[int, int]) -> None:
    keys = ("end", *["left"] * 150, "down", "down")
    assert snap_compare(replay(crowd()), terminal_size=size, run_before=pressing(*keys))


@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_many_tracks_unfolded(snap_compare: Compare, replay: Replay, size: tuple[int, int]) -> None:
    assert snap_compare(replay(crowd()), terminal_size=size, run_before=pressing("down", "down", "z", "down", "down"))


@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_filtered(snap_compare: Compare, replay: Replay, size: tuple[int, int]) -> None:
    assert snap_compare(replay(crowd()), terminal_size=size, run_before=pressing("ampersand", *"KER-1", "down"))


def test_hostile_text(snap_compare: Compare, replay: Replay) -> None:
    assert snap_compare(replay(hostile()), terminal_size=NORMAL, run_before=pressing("2"))


@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_span_between_marks(snap_compare: Compare, replay: Replay, size: tuple[int, int]) -> None:
    keys = ("m", "end", "left", "left", "M", *"bar ends", "enter", "V", "3")
    assert snap_compare(replay(sleeps()), terminal_size=size, run_before=pressing(*keys))


@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_chain_of_causes(snap_compare: Compare, replay: Replay, size: tuple[int, int]) -> None:
    assert snap_compare(replay(sleeps()), terminal_size=size, run_before=pressing("end", "c", "c", "c", "c"))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_folded_gaps(snap_compare: Compare, replay: Replay, size: tuple[int, int], theme: str) -> None:
    keys = ("X", "m", "right", "right", "v", *["right"] * 4, "v", "W")
    assert snap_compare(replay(sleeps()), terminal_size=size, run_before=pressing(*keys, theme=theme))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_arranged(snap_compare: Compare, replay: Replay, size: tuple[int, int], theme: str) -> None:
    keys = ("B", "B", "A", "A", "Z", "Z", "down", "delete", "down", "z", "down", "down", "asterisk", "down", "down")
    assert snap_compare(replay(crowd(20)), terminal_size=size, run_before=pressing(*keys, theme=theme))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_switch_axis_and_output(snap_compare: Compare, replay: Replay, size: tuple[int, int], theme: str) -> None:
    keys = ("x", "end", "left", "left", "left", "2")
    assert snap_compare(replay(sleeps(code=3)), terminal_size=size, run_before=pressing(*keys, theme=theme))


@pytest.mark.parametrize(("size", "theme"), [(SMALL, "textual-dark"), (NORMAL, "textual-light")])
def test_list_of_marks(snap_compare: Compare, replay: Replay, size: tuple[int, int], theme: str) -> None:
    keys = ("m", *["right"] * 5, "M", *"bar ends", "enter", "b")
    assert snap_compare(replay(sleeps()), terminal_size=size, run_before=pressing(*keys, theme=theme))


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_help(snap_compare: Compare, replay: Replay, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(replay(sleeps()), terminal_size=size, run_before=pressing("question_mark", theme=theme))


@pytest.mark.parametrize(
    ("size", "theme"),
    [(SMALL, "textual-dark"), (NORMAL, "textual-light"), (LARGE, "textual-dark")],
    ids=["small", "normal-light", "large"],
)
def test_first_run(snap_compare: Compare, replay: Replay, state_dir: Path, size: tuple[int, int], theme: str) -> None:
    Preferences(theme).save()
    assert snap_compare(replay(sleeps()), terminal_size=size, run_before=pressing())


def test_words_on_a_cell_in_another_theme(snap_compare: Compare, replay: Replay) -> None:
    Preferences("nord", hinted=True).save()

    async def rest(pilot: Pilot[int]) -> None:
        screen = await loaded(pilot)
        await pilot.hover(Tracks, offset=(row_start(screen.view) + 30, 3))
        screen._handle_tooltip_timer(screen.query_one(Tracks))
        await pilot.pause()

    assert snap_compare(replay(sleeps()), terminal_size=SMALL, run_before=rest)


def test_too_small(snap_compare: Compare, replay: Replay) -> None:
    assert snap_compare(replay(sleeps()), terminal_size=(50, 15), run_before=pressing())


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_catalogue(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: tuple[int, int], theme: str
) -> None:
    Preferences(theme, hinted=True).save()
    demos = [(hand_over(), "generator"), (ping_pong(), "greenlet"), (sleeps(), "gevent")]
    for demo, _ in demos:
        demo.write(tmp_path)
    docstring = (
        "What {} shows, in a sentence.\n\nWhat to look for: who runs, who waits,\nand for what.\n\n  * this\n  * that"
    )
    listed = [
        Scenario(demo.name, runtime, "", docstring.format(demo.name), tmp_path / f"{demo.name}.py")
        for demo, runtime in demos
    ]
    monkeypatch.setattr(catalogue, "scenarios", lambda: listed)
    assert snap_compare(VisualizerApp(), terminal_size=size, press=["down"])
