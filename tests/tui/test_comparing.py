"""Two files that are to be compared: how they are read, from the command line and from the catalogue."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import ProgressBar

from tests.tui.test_comparison import GOLDEN
from tests.tui.traces import Demo, hand_over, many, sleeps
from visualizer.session import recordings
from visualizer.trace.source import TraceError
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.comparison import ComparisonScreen
from visualizer.tui.screens.loading import LoadingScreen
from visualizer.tui.state.feed import Feed

SIZE = (80, 24)


async def compared(pilot: Pilot[int]) -> ComparisonScreen:
    """Wait until both are read and shown."""
    while not isinstance(pilot.app.screen, ComparisonScreen):
        await pilot.pause()
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, ComparisonScreen)
    return screen


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Traces from which nothing is read before this is called."""
    poll, free = Feed.poll, [False]
    monkeypatch.setattr(Feed, "poll", lambda feed: free[0] and poll(feed))
    return lambda: free.__setitem__(0, True)


async def test_two_files_are_read_and_shown(tmp_path: Path) -> None:
    a, b = (str(demo.write(tmp_path)) for demo in (sleeps(), hand_over()))
    async with VisualizerApp(compared=((a, None), (b, None))).run_test(size=SIZE) as pilot:
        screen = await compared(pilot)
        assert screen.pair.names == (a, b)
        assert [view.timeline.switch_count for view in screen.pair.views] == [14, 10]
        assert screen.pair.found.figures["switches"].a == 14


async def test_parts_of_one_trace_are_read_once() -> None:
    file = str(GOLDEN)
    async with VisualizerApp(compared=((file, "#-#18"), (file, "#19-#"))).run_test(size=SIZE) as pilot:
        screen = await compared(pilot)
        a, b = screen.pair.parts
        assert a.timeline is b.timeline
        assert (a.first, a.stop, b.first, b.stop) == (0, 18, 18, 72)
        assert screen.pair.names == (f"{file}@#-#18", f"{file}@#19-#")


async def test_one_through_a_pipe() -> None:
    sides = (("-", None), (str(GOLDEN), None))
    app = VisualizerApp(compared=sides, stream=io.BytesIO(GOLDEN.read_bytes()))
    async with app.run_test(size=SIZE) as pilot:
        screen = await compared(pilot)
        assert screen.pair.found.alike == 72
        assert screen.pair.found.first_difference is None


@pytest.mark.parametrize(
    ("content", "span", "sentence"),
    [
        (None, None, "no such file"),
        (b"hello\n", None, "is not a trace: its first line is not a visualizer header."),
        (GOLDEN.read_bytes(), "#73-", "has no switch #73: there are 72."),
        (GOLDEN.read_bytes(), "9-", "begins after the end of the trace"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_sentence(
    tmp_path: Path, content: bytes | None, span: str | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / "b.trace").write_bytes(content)
    app = VisualizerApp(compared=((str(GOLDEN), None), ("b.trace", span)))
    with pytest.raises(TraceError, match=sentence):
        app.run(headless=True)


async def test_how_far_each_is_read_is_told(tmp_path: Path, held: Callable[[], None]) -> None:
    a, b = (str(demo.write(tmp_path)) for demo in (many(400), sleeps()))
    async with VisualizerApp(compared=((a, None), (b, None))).run_test(size=SIZE) as pilot:
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, LoadingScreen)
        assert [bar.percentage for bar in screen.query(ProgressBar)] == [0, 0]
        shown = "\n".join("".join(segment.text for segment in strip) for strip in screen._compositor.render_strips())
        assert a[-20:] in shown
        assert "0 switches" in shown
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        assert pilot.app.screen._sections == (keys.LOADING, keys.GENERAL)
        await pilot.press("escape")
        held()
        await compared(pilot)


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_whoever_does_not_want_to_wait_quits(tmp_path: Path, held: Callable[[], None], key: str) -> None:
    a, b = (str(demo.write(tmp_path)) for demo in (many(400), sleeps()))
    app = VisualizerApp(compared=((a, None), (b, None)))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, LoadingScreen)
        await pilot.press(key)
    assert app._exit


def keep(tmp_path: Path, *demos: Demo) -> list[Path]:
    """Recordings, the first of them the oldest."""
    kept = []
    for number, demo in enumerate(demos):
        path = tmp_path / demo.write(tmp_path)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        recordings.remember(path)
        kept.append(path)
    return kept


async def test_from_the_catalogue_and_back(tmp_path: Path) -> None:
    keep(tmp_path, hand_over(), sleeps())
    async with VisualizerApp().run_test(size=SIZE) as pilot:
        await pilot.press("end", "c")
        await pilot.pause()
        catalogue = pilot.app.screen
        assert isinstance(catalogue, CatalogueScreen)
        await pilot.press("up", "c")
        screen = await compared(pilot)
        assert screen.pair.names == ("hand_over", "sleeps")
        # What was told of the first lies over neither.
        assert not list(pilot.app._notifications)
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is catalogue
        # And none is marked any more.
        await pilot.press("c")
        await pilot.pause()
        assert isinstance(pilot.app.screen, CatalogueScreen)


async def test_a_recording_that_is_gone_leads_back_to_the_catalogue(tmp_path: Path) -> None:
    kept = keep(tmp_path, hand_over(), sleeps())
    async with VisualizerApp().run_test(size=SIZE) as pilot:
        await pilot.press("end", "c")
        kept[0].unlink()
        await pilot.press("up")
        app = pilot.app
        app.clear_notifications()
        await pilot.press("c")
        await pilot.pause()
        assert isinstance(app.screen, CatalogueScreen)
        assert ["no such file" in told.message for told in app._notifications] == [True]
