"""The command palette tells how a picture is made of what is on the screen."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from textual.command import CommandList
from textual.pilot import Pilot

from tests.tui.test_comparing import compared
from tests.tui.test_comparison import GOLDEN
from tests.tui.traces import hand_over, sleeps
from visualizer.tui import keys
from visualizer.tui.actions.export import Exporting, command_for
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.message_line import MessageLine

WHAT = keys.EXPORT[0][0]
TELLS = "To export a picture, run: "


async def chosen(pilot: Pilot[int]) -> list[str]:
    """What is told once the command was found in the palette by its name."""
    screen = pilot.app.screen
    assert isinstance(screen, Exporting)
    told: MessageLine = screen.message_line
    await pilot.press("ctrl+p")
    await pilot.pause()
    await pilot.press(*"export")
    while not pilot.app.screen.query_one(CommandList).option_count:
        await pilot.pause()
    await pilot.press("enter")
    while not told.lines:
        await pilot.pause()
    return told.lines


async def test_of_a_recording(tmp_path: Path) -> None:
    file = tmp_path / sleeps().write(tmp_path)
    async with VisualizerApp(open_path=file).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert await chosen(pilot) == [f"{TELLS}visualizer export {file} -o sleeps.svg --axis switches"]


async def test_of_what_came_through_a_pipe() -> None:
    async with VisualizerApp(stream=io.BytesIO(GOLDEN.read_bytes())).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert await chosen(pilot) == ["This trace came through a pipe; only a trace file can be exported."]


async def test_of_two(tmp_path: Path) -> None:
    a, b = (str(tmp_path / demo.write(tmp_path)) for demo in (sleeps(), hand_over()))
    async with VisualizerApp(compared=((a, "0-1"), (b, None))).run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        assert await chosen(pilot) == [f"{TELLS}visualizer compare {a}@0-1 {b} -o sleeps-hand_over.svg"]


@pytest.mark.parametrize(
    ("traces", "command"),
    [
        (["my run.trace"], "visualizer export 'my run.trace' -o 'my run.svg' --axis switches"),
        (["a;b.trace"], "visualizer export 'a;b.trace' -o 'a;b.svg' --axis switches"),
        (["me@home/r.trace"], "visualizer export me@home/r.trace -o r.svg --axis switches"),
        (["r.trace@#-#18", "r.trace@#19-#"], "visualizer compare 'r.trace@#-#18' 'r.trace@#19-#' -o r.svg"),
    ],
)
def test_a_shell_takes_it_as_it_is_told(traces: list[str], command: str) -> None:
    assert command_for(traces) == command
