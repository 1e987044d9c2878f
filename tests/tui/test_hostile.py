"""Text of a trace is shown as it is: no markup in it is followed, no escape sequence reaches the terminal."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo, hostile
from visualizer.tui.app import VisualizerApp

Replay = Callable[[Demo], VisualizerApp]

#: EVIL with Unicode's pictures in place of its control characters.
SHOWN = "[bold red]evil[/] ␛[31m␛]0;t␇[link=file:///x]"


async def test_nothing_is_interpreted(replay: Replay) -> None:
    app = replay(hostile())
    async with app.run_test(size=(200, 50)) as pilot:
        screen = await loaded(pilot)
        for tab in "123":
            for step in ("home", "end"):
                await pilot.press(tab, step, "w", "x")
                await pilot.pause()
                text = text_of(screen)
                assert SHOWN in text, (tab, step)
                assert not any(ord(character) < 32 and character != "\n" for character in text), (tab, step)
                assert "\x7f" not in text
                assert "\x9b" not in text
                await pilot.press("x", "f")


async def test_each_place_shows_it_literally(replay: Replay) -> None:
    app = replay(hostile())
    async with app.run_test(size=(200, 50)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("2")
        await pilot.pause()
        lines = text_of(screen).splitlines()
        assert any(f"✗ Uncaught Error{SHOWN}: {SHOWN}" in line for line in lines)
        assert any(f"3 things {SHOWN} were left out of the trace." in line for line in lines)
        assert any(f"note {SHOWN}" in line for line in lines)
        assert any(line.rstrip().endswith("│ [/nothing] $x [@click=app.quit]quit[/]") for line in lines)
        assert any(f"! {SHOWN}" in line for line in lines)
        assert any(f"main → {SHOWN}" in line for line in lines)
        assert any(f"x = 1  # {SHOWN}" in line for line in lines), "the source"


async def test_hostile_names_of_recordings(replay: Replay, state_dir: object) -> None:
    from visualizer.session import recordings

    path = hostile().write(__import__("pathlib").Path.cwd())
    evil = path.with_name("[red]x[⁄red]\x1b[31m.trace")
    path.rename(evil)
    recordings.remember(evil.absolute())
    app = VisualizerApp()
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.press("end")
        await pilot.pause()
        text = "\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())
        assert "  [red]x[⁄red]␛[31m" in text
        assert "\x1b" not in text
