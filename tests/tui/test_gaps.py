"""The time axis on which gaps are folded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.test_live import Growing, shown
from tests.tui.traces import SLEEPS, Demo, hand_over, sleeps
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.text.palette import DARK
from visualizer.session import preferences
from visualizer.trace import words
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets.tracks import Ruler, TracksPane, row_start

Replay = Callable[[Demo], VisualizerApp]
SIZE = (120, 35)


def ruler_of(screen: TimelineScreen) -> str:
    return text_of(screen).splitlines()[screen.query_one(Ruler).region.y][row_start(screen.view) :]


async def test_the_ruler_says_how_long_a_folded_gap_is(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("X")
        await pilot.pause()
        assert ruler_of(screen).count("⋯ 1 s ") == 2
        assert "busy" in text_of(screen)
        # What was a cell of the second is most of the screen now; times and sentences are as they were.
        await pilot.press("right", "right")
        await pilot.pause()
        assert "switch 3 of 14   0.030 s of 2.040 s" in text_of(screen)


async def test_a_mark_takes_no_part_of_a_number_from_the_ruler(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        whole = ruler_of(screen)
        cell = whole.index("0.4 s")
        view.go_to_cell(cell)
        await pilot.press("m")
        await pilot.pause()
        assert ruler_of(screen) == whole.replace("0.4 s", "▼    ")
        await pilot.press("m", "X")
        await pilot.pause()
        at = ruler_of(screen).index("1 s")
        for t_ns in (view.viewport.time_at(view.timeline, at + 0.5), view.viewport.time_at(view.timeline, at + 2.5)):
            view.marks.set(int(t_ns))
        screen.look()
        await pilot.pause()
        assert ruler_of(screen).count("⋯ 1 s ") == 1
        assert "⋯▼⋯▼⋯" in ruler_of(screen)


async def test_a_click_in_a_gap_goes_to_a_moment_of_it(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("X")
        view = screen.view
        for t_ns in (500_000_000, 1_800_000_000):
            cell = int(view.viewport.cell_of_time(view.timeline, t_ns))
            await pilot.click(Ruler, offset=(row_start(view) + cell, 0))
            assert view.playhead_cell == cell
            assert abs(view.playhead.t_ns - t_ns) < 300_000_000


async def test_playing_passes_folded_gaps_as_quickly_as_they_are_shown(replay: Replay, clock: Clock) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("X", "space")
        # 2.04 s, of which 2 are folded.
        clock.now_ns += 40_000_000
        screen.tick()
        assert screen.view.playhead.t_ns >= 2_000_000_000
        clock.now_ns += 40_000_000
        screen.tick()
        assert not screen.view.playhead.playing


def long_goodbye() -> Demo:
    """An interpreter that takes longer to begin and to end than its program."""
    demo = Demo("sleeps", SLEEPS)
    demo.at_ms(500).spawn("hub", words.HUB, parent="main").spawn("foo", words.GREENLET, parent="hub", line=21)
    demo.waits("main", words.JOIN, "joinall").switch("main", "hub", line=21).switch("hub", "foo")
    demo.at_ms(510).waits("foo", words.SLEEP, "1 s", 1_000_000_000).switch("foo", "hub", line=6).poll("hub", 1)
    demo.at_ms(1510).poll("hub", 0).wake("foo", "hub", words.TIMER).switch("hub", "foo").exits("foo", value="None")
    demo.switch("foo", "hub").wake("main", "foo", words.FINISHED).switch("hub", "main")
    demo.at_ms(1520).exits("main")
    demo.at_ms(1900).end(0)
    return demo


@pytest.mark.parametrize("size", [(80, 24), SIZE])
@pytest.mark.parametrize("start", ["home", "end"])
async def test_playing_to_the_end_never_leaves_what_is_fitted(
    replay: Replay, clock: Clock, start: str, size: tuple[int, int]
) -> None:
    app = replay(long_goodbye())
    async with app.run_test(size=size) as pilot:
        screen = await loaded(pilot)
        await pilot.press("X")
        await pilot.pause()
        fitted = screen.view.viewport
        assert fitted.start > 0, "how the interpreter begins is out of sight"
        assert not fitted.shows_end(screen.view.timeline), "and how it ends"
        await pilot.press(start, "space")
        while screen.view.playhead.playing:
            assert screen.view.viewport == fitted
            clock.now_ns += 5_000_000
            screen.tick()
        await pilot.pause()
        assert screen.view.viewport == fitted
        assert screen.view.playhead.index == screen.view.last_switch
        assert screen.message_line.lines == [], "what was said of another moment does not come back"


async def test_without_gaps_that_is_said(replay: Replay) -> None:
    app = replay(hand_over())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("X")
        assert screen.message_line.lines == ["No gap is long enough to fold: some track is always running."]
        assert screen.view.viewport.axis is Axis.SWITCHES, "an axis that looks the same as another is not taken"
        await pilot.press("x")
        await pilot.pause()
        assert screen.message_line.lines == []
        await pilot.press("X", "x", "x")
        await pilot.pause()
        assert screen.view.viewport.axis.value == "time"
        assert preferences.load().axis == "time", "nor is it remembered"


@pytest.mark.parametrize("keys", [("w", "d"), ("v", "right", "right", "i"), ("m", "end", "m", "V", "i")])
async def test_zoom_pan_and_span_work_on_it(replay: Replay, keys: tuple[str, ...]) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("X", *keys)
        await pilot.pause()
        view = screen.view
        assert view.viewport.axis is Axis.BUSY
        assert 0 <= view.viewport.start < view.viewport.end
        await pilot.press("f", "X")
        assert screen.view.viewport.axis.value == "time"


async def test_a_gap_is_folded_while_the_program_runs_once_it_is_over(tmp_path: Path, clock: Clock) -> None:
    growing = Growing(tmp_path / "growing.trace", sleeps(), clock)
    app = VisualizerApp(open_path=growing.path, follow=True, clock=clock)
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        seen = []
        for number, ms in enumerate((31, 1031.9, 2033.1, 2100)):
            growing.write(ms)
            if not number:
                await pilot.press("X")
            await shown(pilot, screen)
            await pilot.pause()
            seen.append(len(gaps(screen.view.timeline)))
            assert screen.view.viewport.axis is Axis.BUSY
            assert screen.view.viewport.shows_end(screen.view.timeline)
        assert seen == [0, 0, 1, 2]


def grounds(screen: TimelineScreen, row: int) -> list[str]:
    """The colour behind each cell of a row."""
    tracks = screen.query_one(TracksPane)
    found = [
        segment.style.bgcolor.name if segment.style and segment.style.bgcolor else ""
        for segment in tracks.render_line(row)
        for _ in segment.text
    ]
    return found[row_start(screen.view) : row_start(screen.view) + screen.view.viewport.width]


async def test_span_and_folded_gaps_are_shaded_in_the_rows(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        plain = grounds(screen, 0)
        span, gap = DARK["span"].ground, DARK["gap"].ground
        assert span not in plain
        assert gap not in plain
        await pilot.press("X", "v", *["right"] * 9, "v", "home")
        await pilot.pause()
        start, end = (int(view.viewport.cell_of_time(view.timeline, t_ns)) for t_ns in view.span or ())
        for row in range(len(view.rows)):
            shown = grounds(screen, row)
            cells = [cell for cell, ground in enumerate(shown) if ground == span]
            assert cells == [cell for cell in range(start, end + 1) if cell != view.playhead_cell]
            assert gap in shown
        await pilot.press("escape")
        await pilot.pause()
        assert span not in grounds(screen, 0)
        await pilot.press("X")
        await pilot.pause()
        assert gap not in grounds(screen, 0)
