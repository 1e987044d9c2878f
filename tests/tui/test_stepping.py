"""The program itself is held and let go on: a real one, and one that is stood in for, so that every time is known."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Clock, text_of, until
from tests.tui.test_live import Growing
from tests.tui.traces import MS, sleeps
from visualizer.paint.axis.viewport import Axis
from visualizer.session.control import Condition, ProgramControl
from visualizer.session.target import resolve
from visualizer.trace.source import Source
from visualizer.tui import app as app_module
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.feed import Feed


def control_of(screen: TimelineScreen) -> ProgramControl:
    control = screen.feed.control
    assert control is not None
    return control


@asynccontextmanager
async def held(name: str, size: tuple[int, int] = (120, 35)) -> AsyncIterator[tuple[Pilot[Any], TimelineScreen]]:
    """A program that really runs, at its first stop."""
    app = VisualizerApp(target=resolve([name], False), hold=True)
    async with app.run_test(size=size) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await stopped(pilot, screen, 1)
        yield pilot, screen


async def stopped(pilot: Pilot[Any], screen: TimelineScreen, times: int) -> str:
    """Wait until it has stopped so many times in all. Return what is on the screen then."""
    await until(pilot, lambda: control_of(screen).condition is Condition.PAUSED and screen._stops_seen == times)
    await pilot.pause()
    return text_of(screen)


def who(screen: TimelineScreen) -> list[str]:
    """Who has run, and runs."""
    timeline = screen.view.timeline
    return [timeline.name(timeline.switch(index).target) for index in range(timeline.switch_count)]


async def test_one_switch_after_the_other() -> None:
    async with held("ping_pong") as (pilot, screen):
        runs = ["test1", "test2", "test1", "test2", "main"]
        for count in range(1, 6):
            text = await stopped(pilot, screen, count)
            assert "‖ PAUSED" in text.splitlines()[0]
            assert f"switch {count} of {count}" in text
            # Whoever has not run any code of its own yet may have no name.
            assert len(who(screen)) == count
            assert screen.view.playhead.index == count - 1
            # From 3.12 on it is known what they were made to run; before that, once they have been suspended.
            assert ("until its first switch" in text) is (count < 3 and sys.version_info < (3, 12))
            await pilot.press("J")
        assert screen.view.viewport.axis is Axis.SWITCHES
        await until(pilot, lambda: not screen.feed.live)
        assert who(screen) == runs
        assert screen.view.playhead.index == 4, "whoever has stepped to the end stays there"
        await pilot.press("J")
        assert screen.message_line.lines == ["The program has ended."]


async def test_somebody_who_looks_elsewhere_is_brought_back_at_the_next_stop() -> None:
    async with held("ping_pong") as (pilot, screen):
        await pilot.press("J")
        await stopped(pilot, screen, 2)
        await pilot.press("home")
        assert screen.view.playhead.index == 0
        await pilot.press("J")
        await stopped(pilot, screen, 3)
        assert screen.view.playhead.index == 2


async def test_while_it_is_held_time_stands_still(tmp_path: Path) -> None:
    script, over = tmp_path / "lasting.py", tmp_path / "over"
    script.write_text(f"import os, gevent\nwhile not os.path.exists({str(over)!r}):\n    gevent.sleep(0.1)\n")
    async with held(str(script)) as (pilot, screen):
        now_ns = screen.feed.now_ns
        # Whoever looks at the next tick sees the same, and so does who looks later.
        await until(pilot, lambda: screen.view.now_ns == now_ns)
        await pilot.pause(0.3)
        assert screen.feed.now_ns == screen.view.now_ns == now_ns
        assert screen.feed.live
        # Let go, it goes on.
        await pilot.press("S")
        await until(pilot, lambda: screen.feed.now_ns > now_ns + 10 * MS)
        assert "● LIVE" in text_of(screen)
        over.touch()


async def test_at_the_end_of_a_held_program_it_is_said_how_it_goes_on() -> None:
    async with held("ping_pong") as (pilot, screen):
        await pilot.press("J")
        await stopped(pilot, screen, 2)
        before = screen.view.condition
        told = ["The program is paused: J runs it to the next switch, S resumes it."]
        for key in ("right", "l", "space"):
            await pilot.press(key)
            await pilot.pause()
            assert screen.message_line.lines == told, key
            assert screen.view.condition == before, "the playhead stays at the end, and follows it"
            assert "not following" not in text_of(screen)
            # Before the end the view goes on by itself, and back to the end.
            await pilot.press("left")
            assert screen.view.playhead.index == 0
            assert screen.message_line.lines[0].startswith("Paused:")
            await pilot.press("F")
            assert screen.message_line.lines != told
        await pilot.press("left", "right", "right")
        assert screen.message_line.lines == told
        await pilot.press("J")
        await stopped(pilot, screen, 3)
        assert screen.view.playhead.index == 2


async def test_it_runs_to_the_selected_tracks_next_switch() -> None:
    async with held("gevent_sleeps") as (pilot, screen):
        await until(pilot, lambda: len(screen.view.rows) == 5)
        while screen.view.timeline.name(screen.view.selected) != "third":
            await pilot.press("down")
        await pilot.press("T")
        await stopped(pilot, screen, 2)
        assert who(screen)[-1] == "third"
        assert who(screen).count("third") == 1
        await pilot.press("T")
        await stopped(pilot, screen, 3)
        assert who(screen).count("third") == 2
        # Behind its end it will not come again.
        await pilot.press("J")
        await stopped(pilot, screen, 4)
        await pilot.press("T")
        assert screen.message_line.lines == ["The selected track will not run again."]
        assert control_of(screen).condition is Condition.PAUSED


async def test_it_runs_to_a_line() -> None:
    async with held("ping_pong") as (pilot, screen):

        async def typed(text: str) -> None:
            names = {".": "full_stop", ":": "colon", "_": "underscore"}
            await pilot.press("semicolon", *(names.get(letter, letter) for letter in text), "enter")

        await pilot.press("J")
        await stopped(pilot, screen, 2)
        # Where the second one starts its file is not known; the script's is meant.
        await typed(":19")
        seen = await stopped(pilot, screen, 3)
        assert "Paused before line 19 of ping_pong.py." in seen
        assert "test1 is paused before this line" in seen
        await pilot.press("left")
        await pilot.pause()
        assert "is paused before" not in text_of(screen).partition("Paused before")[2]
        assert who(screen) == ["test1", "test2", "test1"]
        await typed("x")
        assert screen.message_line.lines == ["Type a line of source: 14 or demo.py:14."]
        # Lines that no program ever comes to, however they are typed: it is held still.
        for text, why in (
            ("99", "ping_pong.py has no line 99; its last line is 32."),
            ("ping_pong.py:33", "ping_pong.py has no line 33; its last line is 32."),
            (":0", "ping_pong.py has no line 0; its last line is 32."),
            ("1", "Line 1 of ping_pong.py has no code to run; the next line with code is 13."),
        ):
            await typed(text)
            assert screen.message_line.lines == [why], text
        await typed("nosuch.py:3")
        assert screen.message_line.lines[0].startswith("Found no nosuch.py among the modules that have run, ")
        assert control_of(screen).condition is Condition.PAUSED
        # One that never comes again.
        await typed("ping_pong.py:13")
        await until(pilot, lambda: not screen.feed.live)
        await until(
            pilot, lambda: screen.message_line.lines == ["The program ended before it reached line 13 of ping_pong.py."]
        )


async def test_a_held_program_ends_with_the_viewer() -> None:
    async with held("gevent_sleeps", (80, 24)) as (pilot, screen):
        await pilot.press("q", "q")
        await until(pilot, lambda: pilot.app._exit)
        assert screen.feed.status == -15


async def test_a_scenario_is_run_held_from_the_catalogue() -> None:
    app = VisualizerApp()
    async with app.run_test(size=(120, 35)) as pilot:
        catalogue = app.screen
        assert isinstance(catalogue, CatalogueScreen)
        while getattr(catalogue._highlighted, "name", "") != "ping_pong":
            await pilot.press("down")
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        assert isinstance(app.screen, TimelineScreen)
        await stopped(pilot, app.screen, 1)
        assert who(app.screen) == ["test1"] or app.screen.view.timeline.switch_count == 1


async def test_what_somebody_else_started_cannot_be_held(tmp_path: Path, clock: Clock) -> None:
    """Nor can a recording: test_keys.py."""
    growing = Growing(tmp_path / "growing.trace", sleeps(), clock)
    growing.write(100)
    app = VisualizerApp(open_path=growing.path, follow=True, clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        for key in ("S", "J", "T", "semicolon"):
            await pilot.press(key)
            assert screen.message_line.lines == ["Only a program started by `visualizer run` can be paused."], key
            await pilot.press("escape")
            assert screen.message_line.lines == [], key


# A program that is stood in for.


class StandIn(Feed):
    """What a program wrote until it was held."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(Source.open(path), follow=True, path=path, clock=clock)
        self.stand_in = ProgramControl()

    @property
    def control(self) -> ProgramControl:
        return self.stand_in

    def poll(self) -> bool:
        return self.stand_in.read() | super().poll()

    def answer(self, *lines: str) -> None:
        """What the program says."""
        os.write(self.stand_in._theirs.fileno(), "".join(f"{line}\n" for line in lines).encode())

    def asked(self) -> list[str]:
        """What was asked of the program."""
        self.stand_in._theirs.setblocking(False)
        try:
            return self.stand_in._theirs.recv(4096).decode().splitlines()
        except BlockingIOError:
            return []

    def close(self) -> None:
        super().close()
        self.stand_in.close()
        self.stand_in._theirs.close()


@pytest.fixture
def stood_in(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> tuple[VisualizerApp, StandIn]:
    """An app that looks at a program which is held."""
    sleeps().write(tmp_path)
    growing = Growing(tmp_path / "sleeps.trace", sleeps(), clock)
    growing.write(31.5)
    feed = StandIn(growing.path, clock)
    feed.answer(f"stopped {round(31.5 * MS)}", "paused switch")
    monkeypatch.setattr(app_module, "from_file", lambda *_: feed)
    return VisualizerApp(open_path=growing.path, follow=True, clock=clock), feed


async def test_what_the_keys_ask_of_the_program(stood_in: tuple[VisualizerApp, StandIn]) -> None:
    app, feed = stood_in
    async with app.run_test(size=(120, 35)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await stopped(pilot, screen, 1)

        async def header() -> str:
            screen.tick()
            await pilot.pause()
            return text_of(screen).splitlines()[0]

        await pilot.press("J")
        assert feed.asked() == ["step"]
        assert "● LIVE ▶ to its next switch" in await header()
        feed.answer("going 5", "stopped 31500000", "paused switch")
        assert "‖ PAUSED" in await header()
        await pilot.press("S")
        assert feed.asked() == ["run"]
        text = await header()
        assert "● LIVE" in text
        assert "▶" not in text
        await pilot.press("S")
        assert feed.asked() == ["hold"]
        assert "▶ to its next switch" in await header()
        assert screen.message_line.lines == ["The program pauses at its next switch; S cancels that."]
        # Asked twice, it is not to stop after all.
        await pilot.press("S")
        assert feed.asked() == ["run"]
        await pilot.press("T")
        assert feed.asked() == ["track 0"]
        assert "▶ to the next switch to main" in await header()
        await pilot.press("semicolon", *"sleeps", "full_stop", *"py", "colon", *"13", "enter")
        assert feed.asked() == ["line 13 sleeps.py"]
        feed.answer("cannot")
        await header()
        assert screen.message_line.lines == ["This interpreter cannot watch for a line: another tool already does."]


async def test_what_was_told_of_a_stop_is_not_told_any_longer_than_that(
    stood_in: tuple[VisualizerApp, StandIn],
) -> None:
    app, feed = stood_in
    async with app.run_test(size=(120, 35)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await stopped(pilot, screen, 1)
        assert screen.message_line.lines[0].startswith("Paused:")
        await pilot.press("T")
        screen.tick()
        (line,) = screen.message_line.lines
        assert line == "The program runs to the next switch to main; S lets it continue past that."
        feed.answer("going 5", "stopped 31500000", "paused switch")
        await stopped(pilot, screen, 2)
        assert screen.message_line.lines[0].startswith("Paused:")
        await pilot.press("semicolon", *"sleeps", "full_stop", *"py", "colon", *"13", "enter")
        feed.answer("going 5", "stopped 31500000", "paused line")
        assert "is paused before this line" in await stopped(pilot, screen, 3)
        # It goes on and stops again between two looks.
        await pilot.press("J")
        feed.answer("going 5", "stopped 31500000", "paused switch")
        text = await stopped(pilot, screen, 4)
        assert "is paused before this line" not in text
        assert "before line 13" not in text
        assert "not following" not in text
        await pilot.press("left")
        await pilot.pause()
        assert "‖ PAUSED  not following" in text_of(screen).splitlines()[0]


async def test_a_track_of_a_child_process_is_not_waited_for(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(
        "import os, time\n"
        "def give(count):\n    for number in range(count):\n        yield number\n"
        "if (child := os.fork()) == 0:\n    for _ in give(2):\n        time.sleep(60)\n"
        "for _ in give(1):\n    os.kill(child, 9)\n    os.wait()\n"
    )
    async with held(str(script)) as (pilot, screen):
        timeline = screen.view.timeline
        # The child has done all that it does, which the view follows.
        await until(pilot, lambda: timeline.switch_count == 3 and any(one.process for one in timeline.tracks.values()))
        await pilot.pause()
        screen.view.select_track(next(track.id for track in timeline.tracks.values() if track.process))
        await pilot.press("T")
        await pilot.pause()
        assert "The selected track is in a child process, which cannot be paused." in text_of(screen)
        await pilot.press("S")
        await until(pilot, lambda: timeline.end is not None)
