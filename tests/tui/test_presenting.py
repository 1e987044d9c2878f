"""A talk: its keys, its clock, and what it shows of a mark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from tests.tui.conftest import Clock, text_of
from tests.tui.looks import NORMAL, SMALL, ScreenExtension, everywhere
from tests.tui.traces import Demo, crowd, hostile, ping_pong, sleeps
from tests.tui.walks import Walk, go, looked_at
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.presenting import PresentingScreen
from visualizer.tui.state.talk import Talk

S = 1_000_000_000


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Demo], Timeline]:
    return lambda demo: load(str(demo.write(tmp_path)))[0]


Read = Callable[[Demo], Timeline]


def marked(timeline: Timeline, *switches: int) -> tuple[Mark, ...]:
    """A mark at each of these switches, counted from 0."""
    return tuple(Mark(timeline.switch_ns[at], f"stop {at}", f"This is said of {at}.") for at in switches)


def presenting(talk: Talk, clock: Clock | None = None) -> VisualizerApp:
    return VisualizerApp(talk=talk, clock=clock or Clock())


async def drawn(pilot: Pilot[Any]) -> PresentingScreen:
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, PresentingScreen)
    return screen


def index(screen: PresentingScreen) -> object:
    return screen.view.playhead.index


def axis(screen: PresentingScreen) -> object:
    return screen.view.viewport.axis


def shown(screen: PresentingScreen) -> object:
    """How many milliseconds."""
    return round(screen.view.viewport.width * screen.view.viewport.per_cell / 1e6)


def seen(screen: PresentingScreen) -> object:
    """Whether the words, the rows, the sequence are to be seen."""
    words = text_of(screen)
    return " → " in words, "▾ main" in words, screen.sequence.display and "┊" in words


def timer(screen: PresentingScreen) -> object:
    return text_of(screen).splitlines()[0].split()[-1]


#: With marks at the switches 2, 5 and 9 of 14.
WALKS: dict[str, Walk[PresentingScreen]] = {
    "moving": [
        ("space", index, 5), ("right", index, 9), ("enter", index, 9), ("left", index, 5), ("backspace", index, 2),
        ("pageup", index, 2), ("pagedown", index, 5), ("l", index, 9), ("h", index, 5),
        ("3", index, 9), ("1", index, 2), ("2", index, 5), *((digit, index, 5) for digit in "456789"),
        "1", ("down", index, 3), ("j", index, 4), ("space", index, 5), ("up", index, 4), ("k", index, 3),
        ("left", index, 2),
        ("end", index, 13), ("home", index, 0), ("G", index, 13), ("g", index, 0),
    ],
    "what is seen": [
        ("b", seen, (False, False, False)), ("b", seen, (True, True, False)), ("full_stop", seen, (False,) * 3),
        ("space", seen, (True, True, False)),
        ("plus", shown, 1052), ("minus", shown, 2104), ("equals_sign", shown, 1052), ("s", shown, 2104),
        ("w", shown, 1052), ("x", axis, Axis.SWITCHES), ("x", axis, Axis.TIME), ("Y", seen, (True, False, True)),
        ("Y", seen, (True, True, False)),
    ],
}


@pytest.mark.parametrize("name", WALKS)
async def test_a_key_does_what_it_says(read: Read, name: str) -> None:
    timeline = read(sleeps())
    app = presenting(Talk(Part.whole(timeline), marks=marked(timeline, 2, 5, 9)))
    async with app.run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        assert index(screen) == 2
        await go(pilot, screen, WALKS[name])


async def test_without_marks_it_goes_from_switch_to_switch_within_the_part(read: Read) -> None:
    timeline = read(sleeps())
    app = presenting(Talk(Part.whole(timeline)._replace(first=3, stop=6, start_ns=timeline.switch_ns[3])))
    async with app.run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await go(pilot, screen, [
            ("right", index, 4), ("right", index, 5), ("right", index, 5), ("left", index, 4), ("home", index, 3),
            ("3", index, 5),
        ])


async def test_a_caption_stands_only_where_its_mark_is(read: Read) -> None:
    timeline = read(sleeps())
    app = presenting(Talk(Part.whole(timeline), "The title", marked(timeline, 2, 5)))
    async with app.run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        assert [part in text_of(screen) for part in ("The title", "stop 2", "said of 2", "1/2", "switch 3 of 14")] == (
            [True] * 5
        )
        assert "space: next   ?: keys" in text_of(screen)
        await pilot.press("down")
        assert "space: next" not in text_of(screen)
        assert [part in text_of(screen) for part in ("stop 2", "said of 2", "1/2", "switch 4 of 14")] == (
            [False, False, True, True]
        )


async def test_it_goes_on_by_itself_until_the_last_mark(read: Read, clock: Clock) -> None:
    timeline = read(sleeps())
    app = presenting(Talk(Part.whole(timeline), marks=marked(timeline, 2, 5, 9), every_s=3), clock)
    async with app.run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)

        async def after(seconds: float) -> object:
            clock.now_ns += round(seconds * S)
            screen.tick()
            await pilot.pause()
            return index(screen)

        assert [await after(2.9), await after(0.2)] == [2, 5]
        # Whoever goes somewhere has as long to look at it.
        await after(2)
        await pilot.press("left")
        assert [await after(2), await after(1)] == [2, 5]
        await pilot.press("p")
        assert await after(10) == 5
        await pilot.press("p", "b")
        assert [await after(10), seen(screen)] == [5, (False, False, False)]
        await pilot.press("b")
        assert [await after(2.9), await after(0.2), screen.playing] == [5, 9, True]
        assert [await after(3), screen.playing] == [9, False]


async def test_the_timer(read: Read, clock: Clock) -> None:
    async with presenting(Talk(Part.whole(read(ping_pong()))), clock).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        times = []
        for seconds in (0, 61, 3600):
            clock.now_ns += seconds * S
            screen.tick()
            await pilot.pause()
            times.append(timer(screen))
        await pilot.press("t")
        assert [*times, timer(screen)] == ["00:00", "01:01", "61:01", "00:00"]
        # Nothing goes on by itself unless that was asked for.
        await pilot.press("p")
        assert (index(screen), screen.playing) == (0, False)


async def test_a_blank_screen_is_black_in_each_theme(read: Read) -> None:
    app = presenting(Talk(Part.whole(read(ping_pong()))))
    async with app.run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        app.theme = "textual-light"
        await pilot.press("b")
        await pilot.pause()
        styles = [segment.style for strip in screen._compositor.render_strips() for segment in strip]
        assert {style and style.bgcolor and style.bgcolor.triplet for style in styles} == {(0, 0, 0)}
        assert not text_of(screen).strip()


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_quit(read: Read, key: str) -> None:
    app = presenting(Talk(Part.whole(read(ping_pong()))))
    async with app.run_test(size=SMALL) as pilot:
        await drawn(pilot)
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert pilot.app.screen._sections == (keys.PRESENTING, keys.GENERAL)
        await pilot.press("escape", key)
    assert app._exit


@pytest.mark.parametrize("as_sequence", [False, True])
async def test_nothing_is_interpreted(read: Read, as_sequence: bool) -> None:
    evil = "[bold red]evil[/] \x1b[31m\x1b]0;t\x07\u202e"
    timeline = read(hostile())
    mark = Mark(timeline.switch_ns[0], evil, f"{evil}\n{evil}\n" + " " * 999 + "x" * 10**6)
    talk = Talk(Part.whole(timeline), evil * 99, (mark,), as_sequence=as_sequence)
    async with presenting(talk).run_test(size=NORMAL) as pilot:
        text = text_of(await drawn(pilot))
        assert text.count("[bold red]evil[/] ␛[31m␛]0;t␇") >= 4
        assert not any(ord(character) < 32 and character != "\n" for character in text)
        assert "\u202e" not in text


async def test_a_click_goes_there(read: Read) -> None:
    async with presenting(Talk(Part.whole(read(ping_pong())), as_sequence=True)).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await pilot.click("#sequence", offset=(10, 3))
        assert index(screen) == 3
        await pilot.press("Y")
        await pilot.click(screen.query_one("TracksPane"), offset=(70, 0))
        assert (index(screen), len(screen.view.rows)) == (4, 3)
        await pilot.click(screen.query_one("TracksPane"), offset=(1, 0))
        assert (index(screen), len(screen.view.rows)) == (4, 1)


#: What is presented, and the keys that are pressed then.
LOOKS: dict[str, tuple[Callable[[], Demo], tuple[int, ...], bool, tuple[str, ...]]] = {
    "marks": (sleeps, (2, 5, 9), False, ("space",)),
    "sequence": (crowd, (), True, ("right",) * 4),
}


@pytest.mark.parametrize("name", LOOKS)
async def test_looks(read: Read, snapshot: SnapshotAssertion, name: str) -> None:
    demo, switches, as_sequence, pressed = LOOKS[name]
    timeline = read(demo())
    talk = Talk(Part.whole(timeline), name, marked(timeline, *switches), as_sequence=as_sequence)
    async with presenting(talk).run_test(size=SMALL) as pilot:
        await drawn(pilot)
        await pilot.press(*pressed)
        assert await everywhere(pilot) == snapshot.use_extension(ScreenExtension)


def test_every_key_is_tried() -> None:
    bound = {key for one in keys.PRESENTING.bindings for key in one.key.split(",")}
    assert bound == looked_at(*WALKS.values()) | {"p", "t", "escape"}
