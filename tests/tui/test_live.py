"""A program that runs: followed while it does, paused for the viewer alone, ended with the viewer."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from tests.reading import read_all
from tests.tracers.held import started
from tests.tracers.traced import SCENARIOS
from tests.tui.conftest import Clock, text_of, until
from tests.tui.traces import MS, Demo, hogs, sleeps
from visualizer.paint.axis.viewport import Axis
from visualizer.session import recordings
from visualizer.session.target import resolve
from visualizer.trace.events import Continued, End, Event, Held, Output
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.feed import Feed

FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


class Growing:
    """A trace that is written while it is watched, at times that are told."""

    def __init__(self, path: Path, demo: Demo, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        # Of a process that exists, on this machine.
        self.header = msgspec.structs.replace(demo.header, pid=os.getpid(), monotonic_ns=0, wall_ns=time.time_ns())
        self.events = list(demo.events)
        path.write_bytes(msgspec.json.encode(self.header) + b"\n")

    def write(self, until_ms: float) -> None:
        """What happens until then."""
        with self.path.open("ab") as trace:
            while self.events and getattr(self.events[0], "t_ns", 0) <= until_ms * MS:
                trace.write(msgspec.json.encode(self.events.pop(0)) + b"\n")
        self.clock.now_ns = round(until_ms * MS)

    def tell(self, event: Event) -> None:
        """Something more."""
        with self.path.open("ab") as trace:
            trace.write(msgspec.json.encode(event) + b"\n")


@asynccontextmanager
async def watched(
    tmp_path: Path, clock: Clock, size: tuple[int, int] = (120, 35), demo: Demo | None = None
) -> AsyncIterator[tuple[Pilot[Any], TimelineScreen, Growing]]:
    demo = demo or sleeps(code=3)
    demo.write(tmp_path)
    growing = Growing(tmp_path / "growing.trace", demo, clock)
    app = VisualizerApp(open_path=growing.path, follow=True, clock=clock)
    async with app.run_test(size=size) as pilot:
        assert isinstance(app.screen, TimelineScreen)
        yield pilot, app.screen, growing


async def shown(pilot: Pilot[Any], screen: TimelineScreen) -> str:
    screen.tick()
    await pilot.pause()
    return text_of(screen)


def waited(text: str) -> int:
    """How many cells foo is drawn as waiting."""
    return next(line for line in text.splitlines() if line.startswith("     foo")).count("┈")


async def test_the_end_is_followed_and_open_states_grow_with_the_clock(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        growing.write(100)
        text = await shown(pilot, screen)
        assert "● LIVE" in text
        assert "0.100 s of 0.100 s" in text
        assert screen.view.playhead.index == screen.view.timeline.switch_count - 1 == 8
        before = waited(text)
        # Nothing is written, and yet time passes.
        clock.now_ns = 400 * MS
        text = await shown(pilot, screen)
        assert "0.400 s of 0.400 s" in text
        assert waited(text) > before
        growing.write(3000)
        text = await shown(pilot, screen)
        assert "exit 3" in text
        assert "LIVE" not in text
        assert "switch 2 of 14   0.030 s of 2.040 s" in text, "the end of the program, not the present; it is looked at"
        assert not screen.feed.live


async def test_marks_of_the_program_come_while_it_runs(tmp_path: Path, clock: Clock) -> None:
    demo = sleeps()
    demo.at_ms(2_050).marks("main", "late: it is over")
    async with watched(tmp_path, clock, demo=demo) as (pilot, screen, growing):
        growing.write(100)
        await shown(pilot, screen)
        assert list(screen.view.marks) == []
        growing.write(2_060)
        await shown(pilot, screen)
        assert [mark.told for mark in screen.view.marks] == ["late: it is over"]
    assert not list(tmp_path.glob("*.marks"))


async def test_whoever_went_to_the_end_is_still_there_when_the_program_ends(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        text = await shown(pilot, screen)
        assert "Nothing has run yet" in text
        assert "the program starts" in text
        growing.write(100)
        await shown(pilot, screen)
        await pilot.press("home", "end")
        growing.write(3000)
        assert "switch 14 of 14" in await shown(pilot, screen)


async def test_a_program_that_somebody_else_holds_stands_still_here_too(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        growing.write(100)
        growing.tell(Held(150 * MS, 0))
        clock.now_ns = 9_000 * MS
        text = await shown(pilot, screen)
        assert "‖ PAUSED" in text.splitlines()[0]
        assert screen.view.viewport.axis is Axis.SWITCHES, "as whoever holds it sees it"
        assert "0.150 s of 0.150 s" in text
        assert "behind" not in text
        growing.tell(Continued(150 * MS, 10_000 * MS))
        clock.now_ns = 10_180 * MS
        text = await shown(pilot, screen)
        assert "● LIVE" in text
        assert "0.180 s of 0.180 s" in text
        await pilot.press("S")
        assert "Only a program started by `visualizer run` can be paused" in await shown(pilot, screen)
        growing.write(3000)
        text = await shown(pilot, screen)
        assert "paused once, for 10.000 s in total, which its times exclude" in text
        assert "of 2.040 s" in text


async def test_a_second_viewer_of_a_program_that_is_really_held(tmp_path: Path) -> None:
    with started(tmp_path, SCENARIOS / "gevent_sleeps.py") as held:
        assert held.is_held()
        app = VisualizerApp(open_path=held.run.trace_path, follow=True)
        async with app.run_test(size=(120, 35)) as pilot:
            screen = app.screen
            assert isinstance(screen, TimelineScreen)
            await until(pilot, lambda: screen.feed.timeline.header is not None)
            header = screen.feed.timeline.header
            assert header is not None
            for stop in range(1, 4):
                stands_ns = held.control.clock(0) - header.monotonic_ns
                await until(pilot, partial(stands_at, screen, stands_ns))
                assert screen.view.timeline.switch_count == stop
                await pilot.pause()
                assert "‖ PAUSED" in text_of(screen).splitlines()[0]
                if stop < 3:
                    held.control.step()
                    assert held.is_held()
            held.control.run_on()
            await until(pilot, lambda: "● LIVE" in text_of(screen).splitlines()[0])
            # Whoever started it appends the last line.
            await until(pilot, lambda: held.run.poll() is not None and not screen.feed.live)
            await pilot.pause()
            assert "paused 3 times" in text_of(screen)


def stands_at(screen: TimelineScreen, t_ns: int) -> bool:
    return screen.feed.paused and screen.view.now_ns == t_ns


async def test_a_hub_becomes_blocked_while_it_is_watched(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock, demo=hogs()) as (pilot, screen, growing):
        growing.write(100)
        await shown(pilot, screen)
        hub = screen.view.timeline.tracks[1]
        screen.view.selected = hub.id
        began_ns = hub.slices.start_ns[-1]
        # What happens is written up to 50 ms later.
        clock.now_ns = began_ns + 149 * MS
        assert "blocked" not in await shown(pilot, screen)
        clock.now_ns = began_ns + 150 * MS
        text = await shown(pilot, screen)
        assert "▚ hub has been blocked for 0.15 s: crunch runs without yielding" in text
        assert "▚ blocked hub" in text, "the legend"
        clock.now_ns = began_ns + 450 * MS
        text = await shown(pilot, screen)
        assert (
            next(line for line in text.splitlines() if line.startswith("     hub")).count(" blocked by crunch ▚") == 1
        )
        growing.write(1000)
        await pilot.press("3")
        text = await shown(pilot, screen)
        assert "blocked" in next(line for line in text.splitlines() if "steps" in line)
        assert any("▚ hub" not in line and "0.5 s" in line for line in text.splitlines() if "hub" in line)


async def test_a_view_that_is_behind_says_so_and_draws_nothing_that_it_has_not_read(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        growing.write(100)
        text = await shown(pilot, screen)
        drawn = waited(text)
        monkeypatch.setattr(Feed, "_take", lambda feed, until_ns: False)
        clock.now_ns = 3300 * MS
        text = await shown(pilot, screen)
        last_ns = screen.view.timeline.last_ns
        assert f"● LIVE, {(3300 * MS - last_ns) / 1e9:.1f} s behind" in text
        assert f"{last_ns / 1e6:.3f} ms of {last_ns / 1e6:.3f} ms" in text
        assert waited(text) <= drawn
        monkeypatch.undo()
        text = await shown(pilot, screen)
        assert "● LIVE  " in text
        assert "3.300 s of 3.300 s" in text


async def test_space_pauses_the_view_and_f_follows_again(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        growing.write(100)
        await shown(pilot, screen)
        await pilot.press("space")
        growing.write(1500)
        text = await shown(pilot, screen)
        assert "● LIVE ‖ VIEW PAUSED" in text
        assert "switch 9 of 11" in text, "what came meanwhile is counted, but the playhead stays"
        assert "0.100 s of 1.500 s" in text
        await pilot.press("F")
        text = await shown(pilot, screen)
        assert "switch 11 of 11" in text
        assert "1.500 s of 1.500 s" in text
        await pilot.press("left")
        assert not screen.view.playhead.following
        await pilot.press("end")
        assert screen.view.playhead.following


async def test_playing_catches_up_with_a_live_program_and_follows_it(tmp_path: Path, clock: Clock) -> None:
    async with watched(tmp_path, clock) as (pilot, screen, growing):
        growing.write(1500)
        await shown(pilot, screen)
        await pilot.press("home", "greater_than_sign", "space")
        clock.now_ns += 300 * MS
        text = await shown(pilot, screen)
        assert "● LIVE ▶ x2" in text
        assert screen.view.playhead.t_ns == screen.view.timeline.switch_ns[0] + 2 * 300 * MS
        clock.now_ns += 2000 * MS
        await shown(pilot, screen)
        assert screen.view.playhead.following


async def test_a_trace_whose_program_is_gone_is_not_called_live_for_ever(tmp_path: Path, clock: Clock) -> None:
    demo = sleeps()
    growing = Growing(tmp_path / "growing.trace", demo, clock)
    # No process has this number: it is beyond what Linux and macOS give out.
    growing.header = msgspec.structs.replace(growing.header, pid=2**22 + 7)
    growing.path.write_bytes(msgspec.json.encode(growing.header) + b"\n")
    growing.write(100)
    app = VisualizerApp(open_path=growing.path, follow=True, clock=clock)
    async with app.run_test(size=(120, 35)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await shown(pilot, screen)
        assert screen.feed.live
        clock.now_ns += 3_000 * MS
        text = await shown(pilot, screen)
        assert not screen.feed.live
        assert "The trace has no end: its program was killed or is still running." in text


async def test_a_scenario_is_run_from_the_catalogue_and_left_again() -> None:
    app = VisualizerApp()
    async with app.run_test(size=(120, 35)) as pilot:
        screen = app.screen
        assert isinstance(screen, CatalogueScreen)
        while getattr(screen._highlighted, "name", "") != "ping_pong":
            await pilot.press("down")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen) and not app.screen.feed.live)
        timeline_screen = app.screen
        assert isinstance(timeline_screen, TimelineScreen)
        timeline = timeline_screen.feed.timeline
        runs = [timeline.name(timeline.switch(index).target) for index in range(timeline.switch_count)]
        assert runs == ["test1", "test2", "test1", "test2", "main"]
        await pilot.pause()
        assert "■ ENDED exit 0" in text_of(timeline_screen)
        await pilot.press("escape")
        await pilot.pause()
        catalogue = app.screen
        assert isinstance(catalogue, CatalogueScreen)
        assert catalogue is screen
        # It is selected among the recordings now, and opens.
        assert getattr(catalogue._highlighted, "path", None) == timeline_screen.feed.path
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen) and not app.screen.feed.live)
        assert "REPLAY exit 0" in text_of(app.screen)


def test_run_returns_the_exit_status(tmp_path: Path) -> None:
    script = tmp_path / "three.py"
    script.write_text("import sys\nprint('to stdout'); sys.exit(3)\n")
    app = VisualizerApp(target=resolve([str(script)], False))
    texts = []

    async def wait_and_quit(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, TimelineScreen)
        await until(pilot, lambda: not screen.feed.live)
        await pilot.press("2")
        await pilot.pause()
        texts.append(text_of(screen))
        await pilot.press("q")

    assert app.run(headless=True, auto_pilot=wait_and_quit, size=(120, 35)) == 3
    assert "■ ENDED exit 3" in texts[0]
    assert "main │ to stdout" in texts[0]


@pytest.mark.parametrize(
    "script", [FOREVER, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER]
)
def test_quitting_ends_a_program_that_still_runs_and_keeps_what_it_did(tmp_path: Path, script: str) -> None:
    path = tmp_path / "forever.py"
    path.write_text(script)
    app = VisualizerApp(target=resolve([str(path)], False))
    pids = []

    async def quit_soon(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, TimelineScreen)
        await until(pilot, lambda: bool(screen.feed.timeline.outputs))
        assert screen.feed.timeline.header is not None
        pids.append(screen.feed.timeline.header.pid)
        await pilot.press("q")
        assert app.is_running
        os.kill(pids[0], 0)
        await pilot.press("q")

    signal = -9 if "SIG_IGN" in script else -15
    assert app.run(headless=True, auto_pilot=quit_soon, size=(80, 24)) == signal
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    (recording,) = recordings.recent()
    _, events, notices = read_all(recording.path)
    assert notices == []
    assert type(events[-1]) is End
    assert events[-1].signal == -signal
    assert "".join(event.text for event in events if isinstance(event, Output)) == "begun\n"


async def test_leaving_a_program_that_still_runs_takes_a_second_key(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "forever.py"
    path.write_text(FOREVER)
    app = VisualizerApp(target=resolve([str(path)], False), clock=clock)

    def told() -> list[str]:
        return [notification.message for notification in app._notifications]

    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        feed = screen.feed
        # What it does counts from its own clock, and this one stands still.
        await until(pilot, lambda: bool(feed.timeline.outputs))
        await pilot.press("escape")
        assert told() == ["The program is still running: esc again stops it and goes back."]
        await pilot.press("q")
        assert told() == ["The program is still running: q again stops it and quits."]
        # Neither a key that was pressed long ago nor the other one counts.
        clock.now_ns += 6_000 * MS
        await pilot.press("q")
        await pilot.press("escape")
        assert app.screen is screen
        assert feed.status is None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CatalogueScreen))
        await pilot.pause()
        assert feed.status == -15
        assert told() == ["The program was stopped; the recording goes up to that point."]
        assert isinstance(app.screen, CatalogueScreen)
        assert getattr(app.screen._highlighted, "path", None) == feed.path


def test_a_target_that_cannot_be_started_is_an_error_of_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recordings, "new_path", refuse)
    with pytest.raises(OSError, match="No space left"):
        VisualizerApp(target=resolve(["ping_pong"], False)).run(headless=True, size=(80, 24))
