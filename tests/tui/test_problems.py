"""The problems: listed, chosen, and gone to; empty, many, hostile and live."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo, hogs, hostile, many, ping_pong, sleeps
from tests.unit.analysis.tape import feed
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets import problems as module
from visualizer.tui.widgets.message_line import MOST
from visualizer.tui.widgets.problems import ProblemsPane
from visualizer.tui.widgets.tabs import TabBar

Replay = Callable[[Demo], VisualizerApp]
SIZE = (120, 35)

HOGS = [
    " 0.030 s  hog  0.9 s lost",
    " crunch ran for 0.5 s without yielding, until it yielded at",
    " hogs.py:10 → forgotten ran 0.5 s late and tea ran 0.4 s",
    " late",
    " 0.530 s  never resumed  10 ms lost",
    " forgotten was never resumed: it waited in queue.get()",
    " (hogs.py:14) for the last 10 ms, and nothing woke it",
]


async def opened(pilot: Pilot[int]) -> tuple[TimelineScreen, ProblemsPane]:
    screen = await loaded(pilot)
    await pilot.press("4")
    await pilot.pause()
    pane = screen._tabs["findings"]
    assert isinstance(pane, ProblemsPane)
    return screen, pane


async def until(pilot: Pilot[int], done: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if done():
            break
        await pilot.pause(0.001)
    assert done()


def lines_of(pane: ProblemsPane) -> list[str]:
    return ["".join(run.text for run in pane.runs(line, pane.width)) for line in range(pane.length)]


async def test_each_has_its_moment_its_kind_and_its_sentence(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        _, pane = await opened(pilot)
        assert lines_of(pane) == HOGS


async def test_enter_goes_to_the_moment_and_selects_the_track(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        screen, pane = await opened(pilot)
        pane.focus()
        view = screen.view
        chosen = []
        for keys in (["enter"], ["down", "enter"], ["down", "enter"], ["up", "enter"]):
            await pilot.press(*keys)
            await pilot.pause()
            chosen.append((view.playhead.t_ns // 1_000_000, view.timeline.name(view.selected), pane.current))
        assert chosen == [(30, "crunch", 0), (530, "forgotten", 4), (530, "forgotten", 4), (30, "crunch", 0)]


async def test_the_problem_that_another_key_has_gone_to_is_marked(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        screen, pane = await opened(pilot)
        marked = []
        for keys in (["p"], ["p"], ["right"], ["P"]):
            await pilot.press(*keys)
            await pilot.pause()
            marked.append((screen.view.playhead.t_ns // 1_000_000, pane.current))
        assert marked[:2] == [(30, 0), (530, 4)]
        assert marked[2][1] == 4, "until there is another one"


async def test_a_click_goes_there_although_the_track_is_folded_away(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        screen, pane = await opened(pilot)
        screen.view.fold(0)
        assert len(screen.view.rows) == 1
        await pilot.click(pane, offset=(5, 5))
        await pilot.pause()
        assert screen.view.timeline.name(screen.view.selected) == "forgotten"
        assert len(screen.view.rows) == 5
        assert screen.view.row_of(screen.view.selected) >= 0


async def test_nothing_found(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen, pane = await opened(pilot)
        assert lines_of(pane) == [" No problems found."]
        pane.focus()
        await pilot.press("enter", "down")
        await pilot.click(pane, offset=(5, 0))
        assert screen.view.playhead.index == 0


async def test_what_is_missing_is_told_in_place_of_nothing(replay: Replay) -> None:
    demo = sleeps()
    demo.events.insert(20, ev.Dropped(40_000_000, "events", 4))
    app = replay(demo)
    async with app.run_test(size=SIZE) as pilot:
        screen, pane = await opened(pilot)
        lines = lines_of(pane)
        assert lines[0].endswith("  incomplete")
        assert " ".join(line.strip() for line in lines[1:]) == (
            "4 events could not be written: their events are missing here"
        )
        pane.focus()
        await pilot.press("enter")
        await pilot.pause()
        assert screen.view.playhead.t_ns > 0


async def test_thousands_are_found_a_piece_at_a_time(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 1_000)
    monkeypatch.setattr(module, "_PAUSE_S", 0.001)
    app = replay(many(1_200))
    async with app.run_test(size=SIZE) as pilot:
        screen, pane = await opened(pilot)
        assert screen.view.timeline.arrived > 2_000
        await until(pilot, lambda: not pane._reading)
        lines = lines_of(pane)
        assert lines[-1] == " … and 200 more: visualizer problems --all"
        assert sum("never resumed" in line and " ms " in line for line in lines) == 1_000


async def test_hostile_text_is_only_text(replay: Replay) -> None:
    app = replay(hostile())
    async with app.run_test(size=SIZE) as pilot:
        demo = hostile()
        screen, pane = await opened(pilot)
        feed(screen.feed.timeline, [ev.Spawn(demo.t_ns, 9, words.COROUTINE, 1, 0, 0, -1)])
        screen.view.grown(demo.t_ns, live=False)
        pane.show()
        await pilot.pause()
        assert "[bold" in "".join(lines_of(pane))
        assert all(line.isprintable() for line in text_of(screen).splitlines())


async def test_a_program_that_runs_is_looked_at_anew(
    replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE_LIVE_S", 0.001)
    demo = ping_pong()
    lines = demo.lines()
    path = tmp_path / "live.trace"
    path.write_bytes(b"".join(lines[:-2]))
    app = VisualizerApp(open_path=path, follow=True, clock=lambda: 0)
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        pane = screen._tabs["findings"]
        assert isinstance(pane, ProblemsPane)
        await pilot.press("4")
        await until(pilot, lambda: screen.view.timeline.switch_count == 5 and not pane._reading)
        assert lines_of(pane) == [" No problems found so far."]
        with path.open("ab") as stream:
            stream.write(b"".join(lines[-2:]))
        await until(pilot, lambda: pane._taken == (screen.view.timeline.version, False))
        assert lines_of(pane)[0] == " 4.300 ms  never resumed  0.7 ms lost"


async def test_the_tabs_take_the_room_there_is(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=(200, 24)) as pilot:
        screen, _ = await opened(pilot)
        bar = screen.query_one(TabBar)
        for width, expected in (
            (180, " 1 Events  2 Output  3 Statistics  4 Problems (2)  5 Tree  6 Waits "),
            (120, " 1 Events 2 Output 3 Stats 4 Problems (2) 5 Tree 6 Waits"),
            (80, " 1Event 2Out 3Stat 4Prob(2) 5Tree 6Wait"),
            (60, " 1  2  3  4 Problems (2)  5  6 "),
        ):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            line = "".join(segment.text for segment in bar.render_line(0))
            assert line.rstrip() == expected.rstrip(), width
            for tab in ("events", "findings"):
                start, end = bar._extent(tab)
                await pilot.click(bar, offset=(math.ceil((start + end) / 2), 0))
                await pilot.pause()
                assert screen._tabs[tab].display, (width, tab)


async def test_of_a_long_finding_the_beginning_and_the_end_are_told(replay: Replay) -> None:
    """Which is shortened between them where there is no room for all of it, and says so."""
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        screen.message_line.set("before", "It begins here, " + "and goes on, " * 40 + "and ends here.")
        await pilot.pause()
        shown = [line for line in text_of(screen).splitlines() if "goes on" in line or "begins" in line]
        assert len(shown) == MOST
        assert shown[0].startswith(" ▸ It begins here, and goes on,")
        assert "…" in shown[-1]
        assert shown[-1].rstrip().endswith("and ends here.")
        effect = "It begins here, " + "and goes on, " * 40 + "for good → it ended with an error"
        screen.message_line.set("before", effect)
        await pilot.pause()
        assert "… → it ended with an error" in text_of(screen)
        screen.message_line.set("before", "It is short.")
        await pilot.pause()
        assert "before" in text_of(screen)
