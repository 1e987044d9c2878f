"""An app on a small recording, in a folder that holds nothing else; and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual._context import active_app, visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.traces import Demo
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen


class Clock:
    """Counts nanoseconds when it is told to."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def plain_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state_dir: Path) -> None:
    """Nothing of the machine that the tests run on is to be seen; and it is not the first time."""
    Preferences(hinted=True).save()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)


async def settled(*_: float) -> None:
    """Return when all that was begun is done and painted, and only time, a thread or a program can bring more."""
    loop, app = asyncio.get_running_loop(), active_app.get()
    while True:
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]
            continue
        if app._exception is not None or not app.screen_stack:
            return
        # What Textual leaves to its timers for a few milliseconds.
        if app._resize_event is not None:
            app._check_resize()
        elif app.screen._update_timer._active.is_set():
            app.screen._on_timer_update()
        else:
            return


async def handled(pilot: Pilot[Any], timeout: float = 30) -> None:
    """Return when the app and its screen have handled what they were sent, though it waits for a thread or a program.

    Textual's pilot asks each widget, after each key: what those are sent waits for nothing but a turn.
    """
    failed: asyncio.Task[object] = asyncio.create_task(pilot.app._exception_event.wait())
    for one in (pilot.app, *pilot.app.screen_stack[-1:]):
        answered = asyncio.Event()
        if one.call_later(answered.set):
            answer = asyncio.create_task(answered.wait())
            await asyncio.wait([answer, failed], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            answer.cancel()
    failed.cancel()
    await settled()


@pytest.fixture(autouse=True)
def never_sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's pilot sleeps until the processor has little to do, which on a busy machine says nothing."""
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)
    monkeypatch.setattr("textual.app.wait_for_idle", settled)
    monkeypatch.setattr(Pilot, "_wait_for_screen", handled)
    # A key that takes long on such a machine is still waited for before the next.
    monkeypatch.setattr("visualizer.tui.typing_ahead._PATIENCE_S", 60)


@pytest.fixture(autouse=True)
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn anew after each key goes to no terminal: a test draws what it looks at, when it does."""
    paint = Compositor.render_update

    def render_update(self: Compositor, full: bool = False, **keywords: Any) -> Any:
        if full:
            return paint(self, full, **keywords)
        visible_screen_stack.set(keywords.get("screen_stack") or [])
        self._dirty_regions.clear()
        return None

    monkeypatch.setattr(Compositor, "render_update", render_update)


@pytest.fixture(autouse=True, scope="session")
def parsed_once() -> Iterator[None]:
    """Each app parses Textual's style sheets anew, and ours; they are the same as long as the theme is."""
    parse, known = Stylesheet._parse_rules, dict[Any, list[RuleSet]]()

    def _parse_rules(self: Stylesheet, *arguments: Any, **more: Any) -> list[RuleSet]:
        key = tuple(self._variables.items()), arguments, tuple(more.items())
        if key not in known:
            known[key] = parse(self, *arguments, **more)
        return known[key]

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Stylesheet, "_parse_rules", _parse_rules)
        yield


@pytest.fixture
def replay(tmp_path: Path, clock: Clock) -> Callable[[Demo], VisualizerApp]:
    """An app that opens a recording."""

    def make(demo: Demo) -> VisualizerApp:
        return VisualizerApp(open_path=demo.write(tmp_path), clock=clock)

    return make


async def loaded(pilot: Pilot[int]) -> TimelineScreen:
    """Wait until all of the recording is there, and drawn at its first switch."""
    screen = pilot.app.screen
    assert isinstance(screen, TimelineScreen)
    while screen.feed.live:
        await pilot.pause()
    screen.view.begin(0)
    screen.look()
    await pilot.pause()
    return screen


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Wait for a program that really runs; the time limit only keeps a failure from hanging."""
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.05)


def text_of(screen: Screen[Any]) -> str:
    """All that stands on the screen, without its styles."""
    return "\n".join("".join(segment.text for segment in strip) for strip in screen._compositor.render_strips())
