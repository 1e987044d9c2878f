"""How times are told on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.test_gaps import ruler_of
from tests.tui.traces import Demo, sleeps
from visualizer.analysis.explore.targets import EXPECTED
from visualizer.trace import events as ev
from visualizer.tui.app import VisualizerApp

Replay = Callable[[Demo], VisualizerApp]
SIZE = (120, 35)
#: 22:13:20 in UTC.
WALL_NS = 1_700_000_000_000_000_000


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@dataclass
class Dated:
    """A demo that tells when it was recorded."""

    demo: Demo

    def write(self, folder: Path) -> Path:
        path = self.demo.write(folder)
        header = msgspec.structs.replace(self.demo.header, wall_ns=WALL_NS)
        (folder / path).write_bytes(b"".join(ev.encode(line) for line in (header, *self.demo.events)))
        return path


async def test_times_since_a_mark_and_by_the_clock(tmp_path: Path, clock: Clock) -> None:
    app = VisualizerApp(open_path=Dated(sleeps()).write(tmp_path), clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        seen, told = [], []
        await pilot.press("end", "left", "left", "left", "m", "home")
        for _ in range(4):
            await pilot.pause()
            lines = text_of(screen).splitlines()
            event = next(line for line in lines if "bar sleeps 1 s → hub runs" in line)
            event = event.split("bar sleeps")[0].rstrip().rpartition("  ")[2]
            seen.append((lines[0].split("of 14")[1].strip(), ruler_of(screen).split("│")[1].strip(), event))
            await pilot.press("end", "left", "W", "home")
            told.append(screen.message_line.lines[-1])
        assert seen == [
            ("0.030 s of 2.040 s", "0.0 s", "5 0.030 s"),
            ("-1.001 s", "-1.0 s", "5 -1.001 s"),
            ("22:13:20.030", "22:13:20.0", "5 22:13:20.030"),
            ("0.030 s of 2.040 s", "0.0 s", "5 0.030 s"),
        ]
        assert told == [
            "Times count from mark 1, at 1.032 s.",
            "Times are shown as time of day, in this machine's time zone.",
            "Times count from the start.",
            "Times count from mark 1, at 1.032 s.",
        ]


async def test_going_to_a_time_of_day(tmp_path: Path, clock: Clock) -> None:
    app = VisualizerApp(open_path=Dated(sleeps()).write(tmp_path), clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("colon", *"22:13:21.5", "enter")
        await pilot.pause()
        assert (screen.view.playhead.t_ns, screen.message_line.lines) == (1_500_000_000, [])
        for text in ("22:13:23", "22:13:19"):
            await pilot.press("colon", *text, "enter")
            await pilot.pause()
            assert screen.message_line.lines == ["The trace goes from 22:13:20.000 to 22:13:22.040."]
        await pilot.press("colon", *"22:13", "enter")
        await pilot.pause()
        assert screen.message_line.lines == ["22:13: no match."], "a line of a file"


async def test_a_trace_that_does_not_tell_its_time_of_day(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("colon", *"22:13:21", "enter")
        await pilot.pause()
        assert screen.message_line.lines == ["The trace does not contain the time of day."]
        assert EXPECTED.count("14:03:07.5") == 1
