"""The command palette tells how a picture is made of what is on the screen."""

from __future__ import annotations

import io
import shlex
from math import ceil, floor
from pathlib import Path

import pytest
from textual.command import CommandList
from textual.pilot import Pilot

from tests.conftest import Visualizer
from tests.tui.conftest import loaded
from tests.tui.test_comparing import compared
from tests.tui.test_comparison import GOLDEN
from tests.tui.traces import crowd, hand_over, sleeps
from visualizer.tui.actions.export import Exporting, command_for
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.message_line import MessageLine

TELLS = "To export a picture, run: "


async def chosen(pilot: Pilot[int], what: str = "show") -> list[str]:
    """What is told once the command was found in the palette by its name."""
    screen = pilot.app.screen
    assert isinstance(screen, Exporting)
    told: MessageLine = screen.message_line
    await pilot.press("ctrl+p")
    await pilot.pause()
    await pilot.press(*f"{what} the shell")
    while pilot.app.screen.query_one(CommandList).option_count != 1:
        await pilot.pause()
    await pilot.press("enter")
    while not told.lines:
        await pilot.pause()
    return told.lines


async def test_of_a_recording(tmp_path: Path) -> None:
    file = tmp_path / sleeps().write(tmp_path)
    async with VisualizerApp(open_path=file).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert await chosen(pilot) == [
            f"{TELLS}visualizer export {file} -o sleeps.svg --axis time --theme dark --at '#2' --select main"
        ]


async def test_of_what_came_through_a_pipe() -> None:
    async with VisualizerApp(stream=io.BytesIO(GOLDEN.read_bytes())).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert await chosen(pilot) == ["This trace came through a pipe; only a trace file can be exported."]


async def test_of_two(tmp_path: Path) -> None:
    a, b = (str(tmp_path / demo.write(tmp_path)) for demo in (sleeps(), hand_over()))
    async with VisualizerApp(compared=((a, "0-1"), (b, None))).run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        assert await chosen(pilot) == [
            f"{TELLS}visualizer compare {a}@0-1 {b} -o sleeps-hand_over.svg --axis time --theme dark"
        ]


@pytest.mark.parametrize(
    ("traces", "command"),
    [
        (["my run.trace"], "visualizer export 'my run.trace' -o 'my run.svg' --tracks 'a b'"),
        (["a;b.trace"], "visualizer export 'a;b.trace' -o 'a;b.svg' --tracks 'a b'"),
        (["me@home/r.trace"], "visualizer export me@home/r.trace -o r.svg --tracks 'a b'"),
        (["r.trace@#-#8", "r.trace@#9-#"], "visualizer compare 'r.trace@#-#8' 'r.trace@#9-#' -o r.svg --tracks 'a b'"),
    ],
)
def test_a_shell_takes_it_as_it_is_told(traces: list[str], command: str) -> None:
    assert command_for(traces, ["--tracks", "a b"]) == command


async def test_exactly_what_is_seen_is_exported(tmp_path: Path, visualizer: Visualizer) -> None:
    file = tmp_path / crowd(9).write(tmp_path)
    async with VisualizerApp(open_path=file).run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("x", *"llll", "w", "w", "down", "delete", "down")
        await pilot.pause()
        await pilot.press("y", "y")
        screen.action_show_export_command()
        command = screen.export_command
        await pilot.press("y")
        await pilot.pause()
        assert command == pilot.app.clipboard
        view = screen.view
        first, last = ceil(view.viewport.start), floor(view.viewport.end)
        rows = ["--tracks", "main", "--tracks", "worker ×9", "--tracks", "boss", "--select", "boss"]
    words = shlex.split(command or "")
    assert words[:3] == ["visualizer", "export", f"{file}@#{first}-#{last}"]
    assert words[words.index("--axis") :] == ["--axis", "switches", "--theme", "dark", "--at", "#5", *rows]
    done = visualizer(*words[1:])
    assert (done.returncode, done.stderr) == (0, "")
    drawn = (tmp_path / "crowd.svg").read_text()
    assert all(f">{name}<" in drawn for name in ("main", "worker ×9", "boss"))
    assert ">hub<" not in drawn


async def test_the_view_that_is_seen_is_copied_or_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / sleeps().write(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sleeps.svg").touch()
    before = f"visualizer export {file}"
    async with VisualizerApp(open_path=file).run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y", "right", "right")
        visible = min(screen.view.timeline.switch_count, screen.sequence.size.height)
        part = f"'{file}@#1-#{visible}'"
        command = f"visualizer export {part} -o sleeps-2.svg --view sequence --theme dark --at '#3' --select main"
        assert await chosen(pilot, "copy") == [f"Copied: {command}"]
        assert pilot.app.clipboard == command
        assert (await chosen(pilot, "run"))[0].startswith(("Running: ", "Exported: "))
        await pilot.app.workers.wait_for_complete()
        assert screen.message_line.lines == ["Exported: sleeps-2.svg"]
        assert "foo" in (tmp_path / "sleeps-2.svg").read_text()
        await pilot.press("Y", "5", "tab", "0")
        assert screen.export_command == f"{before} -o sleeps-3.svg --view tree --theme dark --at '#3' --select main"
        await pilot.press("4")
        assert screen.export_command == f"{before} -o sleeps-3.svg --view problems --theme dark"


async def test_of_many_rows_those_in_sight_are_named(tmp_path: Path) -> None:
    file = tmp_path / crowd(60).write(tmp_path)
    async with VisualizerApp(open_path=file).run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        assert "--tracks" not in (screen.export_command or "")
        await pilot.press("Z", *["pagedown"] * 3)
        await pilot.pause()
        words = shlex.split(screen.export_command or "")
    named = [words[at + 1] for at, word in enumerate(words) if word == "--tracks"]
    assert 2 < len(named) < 20
    assert all(name.startswith("worker-") for name in named[1:])


async def test_a_screenshot_says_where_it_is_or_why_it_is_not(tmp_path: Path) -> None:
    async with VisualizerApp(open_path=tmp_path / sleeps().write(tmp_path)).run_test(size=(80, 24)) as pilot:
        await loaded(pilot)
        for folder, said in ((tmp_path, f"The screenshot is saved: {tmp_path}/"), (tmp_path / "no", "Cannot save the")):
            pilot.app.deliver_screenshot(path=str(folder))
            await pilot.pause()
            await pilot.pause()
            [notification] = pilot.app._notifications
            assert notification.message.startswith(said)
        assert notification.message.endswith(f"in '{tmp_path}/no': no such file or directory.")
