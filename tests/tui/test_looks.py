"""How each view looks at each size, in the dark and in the light. Nothing but this is proved by snapshots.

After a wanted change: `pytest tests/tui/test_looks.py --snapshot-update`, and look at what has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from tests.tui.conftest import loaded
from tests.tui.looks import SIZES, THEMES, Prepare, ScreenExtension, everywhere
from tests.tui.test_comparison import comparing, drawn, halves, read
from tests.tui.test_stepping import StandIn, stood_in, stopped
from tests.tui.traces import Demo, crowd, hand_over, hogs, hostile, philosophers, ping_pong, sleeps
from visualizer.analysis.report.comparison import Part
from visualizer.session.catalogue import Scenario
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens import catalogue
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets.tracks import TracksPane, row_start

Replay = Callable[[Demo], VisualizerApp]

__all__ = ["stood_in"]


@pytest.fixture
def screens(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(ScreenExtension)


async def rest(pilot: Pilot[Any]) -> None:
    """The pointer rests on the bar of a track that sleeps."""
    screen = pilot.app.screen
    assert isinstance(screen, TimelineScreen)
    tracks = screen.query_one(TracksPane)
    await pilot.hover(TracksPane, offset=(row_start(screen.view) + 30, 3))
    screen._handle_tooltip_timer(tracks)
    await pilot.pause()


class View(NamedTuple):
    """What is opened, which keys are pressed then, and what must be done again at each size."""

    demo: Callable[[], Demo]
    keys: tuple[str, ...]
    prepare: Prepare | None = None


VIEWS = {
    "timeline": View(sleeps, ("right", "right")),
    "timeline_of_generators": View(hand_over, ("right", "right", "right")),
    "switches": View(ping_pong, ("x", "right", "right")),
    "close": View(sleeps, ("x", "w", "w", "L", "L")),
    "folded_gaps": View(sleeps, ("X", "m", "right", "right", "v", *["right"] * 4, "v", "W")),
    "groups": View(crowd, ("colon", *"251", "enter", "down", "down")),
    "unfolded_groups": View(crowd, ("down", "down", "z", "down", "down")),
    "arranged": View(lambda: crowd(20), ("B", "B", "A", "A", "down", "delete", "down", "down", "asterisk", "down")),
    "sequence": View(sleeps, ("down", *["right"] * 5, "Y")),
    "sequence_of_many": View(lambda: crowd(20), ("Y", *["down"] * 30)),
    "tree": View(lambda: crowd(20), ("5", "tab", "right", "end", *["left"] * 25)),
    "waits": View(philosophers, ("end", "left", "6")),
    "source": View(ping_pong, ("end", "left", "left")),
    "events": View(hogs, ("tab", "down", "down", "down")),
    "output": View(lambda: sleeps(code=3), ("end", "left", "left", "left", "2")),
    "statistics": View(sleeps, ("down", "down", "3")),
    "statistics_as_bars": View(hogs, ("down", "3", "3")),
    "statistics_of_a_span": View(sleeps, ("m", "end", "left", "left", "M", *"bar ends", "enter", "V", "3")),
    "findings": View(hogs, ("4", "tab", "down", "enter")),
    "help": View(sleeps, ("question_mark",)),
    "search": View(sleeps, ("slash", *"awake")),
    "found": View(sleeps, ("slash", *"awake", "enter", "n")),
    "filter": View(crowd, ("ampersand", *"KER-1", "down")),
    "go_to": View(sleeps, ("colon",)),
    "chain_of_causes": View(sleeps, ("end", "c", "c", "c", "c")),
    "marks": View(sleeps, ("m", *["right"] * 5, "M", *"bar ends", "enter", "b")),
    "hostile_text": View(hostile, ("2",)),
    "words_on_a_cell": View(sleeps, (), rest),
}


@pytest.mark.parametrize("name", VIEWS)
async def test_view(replay: Replay, screens: SnapshotAssertion, name: str) -> None:
    view = VIEWS[name]
    app = replay(view.demo())
    async with app.run_test(size=SIZES[0], tooltips=view.prepare is not None) as pilot:
        await loaded(pilot)
        await pilot.press(*view.keys)
        await app.workers.wait_for_complete()
        assert await everywhere(pilot, view.prepare) == screens


async def test_words_on_a_cell_in_another_theme(replay: Replay, screens: SnapshotAssertion) -> None:
    Preferences("nord", hinted=True).save()
    app = replay(sleeps())
    async with app.run_test(size=SIZES[0], tooltips=True) as pilot:
        await loaded(pilot)
        assert app.theme == "nord"
        assert await everywhere(pilot, rest, themes=["nord"]) == screens


#: Two timelines, and the keys that are pressed then.
COMPARISONS: dict[str, tuple[tuple[Callable[[], Demo], Callable[[], Demo]] | None, tuple[str, ...]]] = {
    "along_time": (None, ("right", "right")),
    "along_the_switches": (None, ("x", "exclamation_mark", "right", "right")),
    "with_gaps_folded": (None, ("X", "right", "right", "right", "tab")),
    "each_for_itself": (None, ("exclamation_mark", "right", "tab", "right", "right", "w")),
    "sleeps_and_crowd": ((sleeps, crowd), ("right",)),
    "hostile_text": ((hostile, hostile), ("right",)),
}


@pytest.mark.parametrize("name", COMPARISONS)
async def test_comparison(tmp_path: Path, screens: SnapshotAssertion, name: str) -> None:
    demos, pressed = COMPARISONS[name]
    if demos is None:
        app = comparing(halves())
    else:
        a, b = (Part.whole(read(demo().write(tmp_path))) for demo in demos)
        app = comparing((a, b), ("\x1b[31m[bold]a", "b"))
    async with app.run_test(size=SIZES[0]) as pilot:
        await drawn(pilot)
        await pilot.press(*pressed)
        assert await everywhere(pilot) == screens


async def test_first_run(replay: Replay, screens: SnapshotAssertion) -> None:
    Preferences().save()
    app = replay(sleeps())
    async with app.run_test(size=SIZES[0]) as pilot:
        await loaded(pilot)
        assert await everywhere(pilot) == screens


async def test_held(stood_in: tuple[VisualizerApp, StandIn], screens: SnapshotAssertion) -> None:
    app, _ = stood_in
    async with app.run_test(size=SIZES[0]) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await stopped(pilot, screen, 1)
        assert await everywhere(pilot) == screens


async def test_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, screens: SnapshotAssertion) -> None:
    listed = []
    for demo, runtime in ((hand_over(), "generator"), (ping_pong(), "greenlet"), (sleeps(), "gevent")):
        demo.write(tmp_path)
        docstring = (
            f"What {demo.name} shows, in a sentence.\n\nWhat to look for: {'who runs, who waits; ' * 9}\n\n  * this"
        )
        listed.append(Scenario(demo.name, runtime, "", docstring, tmp_path / f"{demo.name}.py"))
    monkeypatch.setattr(catalogue, "scenarios", lambda: listed)
    monkeypatch.setattr(catalogue, "recent", list)
    app = VisualizerApp()
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.press("down")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert await everywhere(pilot) == screens


def test_each_snapshot_belongs_to_a_test() -> None:
    """One whose test was lost is missed by nobody, else."""
    here = Path(__file__).parent
    for file in (here / "__snapshots__").glob("*/*"):
        test = file.name.partition("[")[0].partition(".")[0]
        assert f"def {test}(" in (here / f"{file.parent.name}.py").read_text(encoding="utf-8"), file.name


async def test_whoever_comes_from_another_size_sees_the_same(replay: Replay) -> None:
    """So that it is enough to open each view once."""
    seen = []
    for first in SIZES:
        # The axis is remembered.
        Preferences(hinted=True).save()
        app = replay(hogs())
        async with app.run_test(size=first) as pilot:
            await loaded(pilot)
            await pilot.press("right", "x", "4")
            seen.append(await everywhere(pilot, themes=THEMES[:1]))
    assert seen[1:] == seen[:1] * 2
