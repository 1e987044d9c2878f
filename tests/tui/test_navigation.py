"""Getting about on the timeline: what is jumped to, and back from where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.conftest import Clock, loaded, text_of, until
from tests.tui.traces import Demo, hogs, hostile, many, sleeps
from tests.unit.analysis.tape import Tape
from visualizer.analysis.explore.mark_file import path_of
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.explore.targets import EXPECTED
from visualizer.tui.actions import jumps
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.history import MOST, History
from visualizer.tui.state.playhead import Playhead

Replay = Callable[[Demo], VisualizerApp]
SIZE = (120, 35)


async def test_findings_one_after_another(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("home", "left")
        seen = []
        for key in ("p", "p", "p", "P", "P"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(screen.message_line.lines[-1][:40])
        assert seen == [
            "problem: crunch ran for 0.5 s without yi",
            "problem: forgotten was never resumed: it",
            "problem (from the first again): crunch r",
            "problem (from the last again): forgotten",
            "problem: crunch ran for 0.5 s without yi",
        ]
        assert "crunch ran for 0.5 s" in text_of(screen)


async def test_exceptions_in_hostile_words(replay: Replay) -> None:
    app = replay(hostile())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("e")
        assert screen.view.playhead.t_ns == 2_000_000
        await pilot.press("e")
        await pilot.pause()
        assert screen.message_line.lines[0].startswith("exception: uncaught Error[bold red]evil[/] ")
        assert "\x1b" not in text_of(screen)


async def test_who_is_behind_all_of_them_is_told_the_way_back(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        said = []
        for key in ("end", "r", "e", "home", "left", "R", "m", "home", "apostrophe"):
            await pilot.press(key)
            await pilot.pause()
            said += screen.message_line.lines[-1:]
        assert [line for line in said if line.startswith("No ")] == [
            "No further wakeup: R goes to the previous one.",
            "No earlier wakeup: r goes to the next one.",
            'No further mark: " goes to the previous one.',
        ]


async def test_what_was_told_of_a_moment_goes_with_it(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        for *led, away in (("p", "right"), ("p", "p", "u"), ("o", "comma", "end"), ("p", "end", "p", "home")):
            await pilot.press("home", *led)
            await pilot.pause()
            assert screen.message_line.lines, led
            await pilot.press(away)
            await pilot.pause()
            assert screen.message_line.lines == [], (led, away)


async def test_a_search_hit_that_was_left_is_not_told_any_more(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("slash", *"foo", "enter")
        await pilot.pause()
        assert screen.message_line.lines[0].startswith('"foo": ')
        await pilot.press("end")
        await pilot.pause()
        assert screen.message_line.lines == []
        await pilot.press("N")
        await pilot.pause()
        assert screen.message_line.lines[0].startswith('"foo": ')


async def test_escape_takes_away_what_was_told(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        before = text_of(screen)
        await pilot.press("t")
        await pilot.pause()
        assert "Jumps now go to events of" in text_of(screen)
        await pilot.press("escape")
        await pilot.pause()
        assert text_of(screen) == before


async def test_each_jump_can_be_undone_and_a_row_of_steps_at_once(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        seen = []
        for key in ("end", "left", "left", "home", "right", "u", "u", "u", "u", "u", "U", "U", "r", "U"):
            await pilot.press(key)
            seen.append(view.playhead.index)
        assert seen == [13, 12, 11, 0, 1, 0, 11, 13, 0, 0, 13, 11, 12, 12]


async def test_back_from_a_zoom_after_the_terminal_was_resized(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        await pilot.press("w", "x", "w")
        await pilot.resize_terminal(120, 35)
        await pilot.pause()
        width = view.viewport.width
        for _ in range(3):
            await pilot.press("comma")
        assert (view.viewport.width, view.fitted) == (width, True)
        assert screen.view.viewport.axis.value == "time"


def test_a_history_is_bounded() -> None:
    history: History[int] = History()
    for number in range(MOST + 50):
        history.leave(number)
    now, seen = -1, []
    while (found := history.back(now)) is not None:
        seen.append(now := found)
    assert seen == list(range(MOST + 49, 49, -1))


async def test_the_chain_of_causes_is_told_link_by_link(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("end", "c", "c", "c")
        assert screen.message_line.lines == [
            "foo, which main was waiting for, ended → main runs.",
            "foo's 2 s sleep is over (2 ms late) → foo runs; foo set this timer itself, 2 s earlier.",
            "main spawned foo → foo runs for the first time.",
        ]
        assert (screen.view.playhead.index, screen.view.timeline.name(screen.view.selected)) == (-1, "main")
        await pilot.press("c")
        assert screen.message_line.lines[3:] == [
            "main has run from the start: no switch led to it. The chain of causes starts here."
        ]
        await pilot.pause()
        assert "foo's 2 s sleep is over" in text_of(screen)
        # Undone, it is as long as it was there, and goes on from there.
        await pilot.press("u")
        assert [line[:9] for line in screen.message_line.lines] == ["foo, whic", "foo's 2 s"]
        await pilot.press("u")
        assert screen.message_line.lines == ["foo, which main was waiting for, ended → main runs."]
        await pilot.press("c")
        assert len(screen.message_line.lines) == 2
        # Elsewhere nothing of it is told, and another chain begins.
        await pilot.press("u", "u")
        assert screen.message_line.lines == []
        await pilot.press("c", "right")
        await pilot.pause()
        assert screen.message_line.lines == []
        await pilot.press("c")
        assert len(screen.message_line.lines) == 1


async def test_what_a_run_led_to(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("left", "C", "C", "C")
        assert [line[:25] for line in screen.message_line.lines] == [
            "main spawned foo → foo ru",
            "foo's 2 s sleep is over (",
            "foo, which main was waiti",
        ]


async def test_going_to_what_is_typed(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        playhead = screen.view.playhead
        for text, t_ns, told in (
            ("1.5 s", 1_500_000_000, []),
            ("#3", screen.view.timeline.switch_ns[2], []),
            ("99", screen.view.timeline.switch_ns[2], ["There is no switch 99: there are 14."]),
            ("9 s", 2_040_001_000, ["That is after the end of the trace."]),
            ("nowhere", 2_040_001_000, [f"{EXPECTED}."]),
        ):
            await pilot.press("colon", *text, "enter")
            await pilot.pause()
            assert (playhead.t_ns, screen.message_line.lines) == (t_ns, told)
            assert type(screen.focused).__name__ == "TracksPane"
        await pilot.press("colon", *"sleeps.py:21", "enter")
        await pilot.pause()
        assert screen.message_line.lines == ["sleeps.py:21: 1 of 4 (3 spawns, 1 stop)", "foo is created"]
        await pilot.press("n", "n", "n")
        assert screen.message_line.lines == ["sleeps.py:21: 4 of 4 (3 spawns, 1 stop)", "main waits at joinall"]
        await pilot.press("n")
        first = screen.message_line.lines[0]
        assert first == "sleeps.py:21: 1 of 4 (3 spawns, 1 stop)", "behind the last comes the first"


async def test_a_search_counts_and_goes_round(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("slash", *"Bar", "enter")
        await pilot.pause()
        seen = [screen.message_line.lines]
        for key in ("N", "N"):
            await pilot.press(key)
            seen.append(screen.message_line.lines)
        # Switch 0 is where it begins; the first behind it is bar's first run.
        assert [lines[0] for lines in seen] == [
            '"Bar": 2 of 7 (1 track, 4 events, 2 outputs)',
            '"Bar": 1 of 7 (1 track, 4 events, 2 outputs)',
            '"Bar": 7 of 7 (1 track, 4 events, 2 outputs)',
        ]
        await pilot.press("ctrl+f", *"no such", "enter")
        await pilot.pause()
        assert screen.message_line.lines == ['"no such": no match.']
        await pilot.press("ctrl+f", "x", "escape")
        assert type(screen.focused).__name__ == "TracksPane"
        assert not screen.prompt.display


async def test_a_span_is_measured_as_it_grows_and_has_its_own_statistics(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3")
        await pilot.pause()
        pane = screen._tabs["statistics"]

        def first_of(line: int) -> list[str]:
            return "".join(run.text for run in pane.runs(line, pane.width)).split()[:3]

        def of_hub() -> list[str]:
            return next(first_of(line)[1:] for line in range(pane.length) if first_of(line)[1:2] == ["hub"])

        assert [first_of(0)[0], of_hub()] == ["track", ["hub", "7"]]
        await pilot.press("shift+right", "shift+right")
        await pilot.pause()
        (line,) = screen.message_line.lines
        assert line == "3 µs and 2 switches between 30.007 ms and 30.01 ms; press 3 for its statistics"
        assert [first_of(0)[:2], of_hub()] == [["in", "span"], ["hub", "1"]]
        await pilot.press("end")
        await pilot.pause()
        (line,) = screen.message_line.lines
        assert line == "2.00299 s and 13 switches between 30.007 ms and 2.033 s; press 3 for its statistics"
        await pilot.press("escape")
        await pilot.pause()
        assert (screen.view.span, screen.message_line.lines, first_of(0)[0]) == (None, [], "track")
        assert app.screen is screen


async def test_zooming_in_on_a_span_and_back(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        whole = view.viewport
        for axis in ("time", "switches"):
            await pilot.press("home", "right", "v", "end", "left", "left", "left", "v", "i")
            await pilot.pause()
            start, end = (view.viewport.cell_of_time(view.timeline, t_ns) for t_ns in view.span or ())
            assert view.viewport.axis.value == axis
            assert 0 <= start < 1
            assert view.viewport.width * 0.8 <= end <= view.viewport.width
            await pilot.press("comma", "escape")
            assert axis == "switches" or view.viewport == whole
            await pilot.press("x")


async def test_the_list_of_marks(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("m", "end", "M", *"[b]the end", "enter")
        await pilot.pause()
        assert screen.message_line.lines == ["Mark set: [b]the end"]
        await pilot.press("b")
        await pilot.pause()
        lines = ["".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()]
        assert any("2.033 s  [b]the end" in line for line in lines)
        await pilot.press("down", "delete", "enter")
        await pilot.pause()
        assert app.screen is screen
        assert (screen.view.playhead.t_ns, len(screen.marks)) == (screen.view.timeline.switch_ns[0], 1)
        await pilot.press("b", "delete")
        await pilot.pause()
        assert app.screen is screen
        assert not len(screen.marks)


async def test_marks_are_kept_beside_the_trace(replay: Replay, tmp_path: Path) -> None:
    """With name and caption, where they were moved to; a file that cannot be understood is left alone."""
    app = replay(sleeps())
    path = app._open_path
    assert path is not None
    kept = path_of(path)
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        await pilot.press("right", "M", *"here: it [red]sleeps", "enter", "end", "m", "b")
        await pilot.press("down", "less_than_sign", "up", "greater_than_sign", "escape")
        switch_ns = list(screen.view.timeline.switch_ns)
        wanted = [Mark(switch_ns[2], "here", "it [red]sleeps"), Mark(switch_ns[-2], "mark 2")]
        assert list(screen.marks) == wanted
    async with VisualizerApp(open_path=path).run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        assert list(screen.marks) == wanted
        await pilot.press("apostrophe")
        assert "here: it [red]sleeps" in text_of(screen)
        await pilot.press("M")
        assert screen.prompt._input.value == "here: it [red]sleeps"
        await pilot.press("escape", "b", "delete", "delete")
        await pilot.pause()
        assert not kept.exists()
    kept.write_text("no marks")
    async with VisualizerApp(open_path=path).run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        assert "cannot be understood" in " ".join(screen.message_line.lines)
        await pilot.press("m")
        assert len(screen.marks) == 1
    assert kept.read_text() == "no marks"


async def test_what_is_told_is_broken_where_it_is_long(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("end", "c", "c")
        await pilot.pause()
        shown = text_of(screen)
        assert " ▸ foo's 2 s sleep is over (2 ms late) → foo runs; foo set this timer itself," in shown
        assert "     s earlier." in shown
        await pilot.resize_terminal(120, 35)
        await pilot.pause()
        assert "foo set this timer itself, 2 s earlier." in text_of(screen)


async def test_a_search_in_a_long_trace_goes_on_a_little_at_a_time(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = replay(many(600))
    async with app.run_test(size=SIZE) as pilot:
        screen = await loaded(pilot)
        monkeypatch.setattr(jumps, "_SEARCH_S", -1)
        screen.stop()
        await pilot.press("slash", *"t300", "enter")
        await pilot.pause()
        seen = [screen.message_line.lines[0]]
        while "so far" not in seen[-1] and len(seen) < 20:
            screen.tick()
            seen.append(screen.message_line.lines[0])
        # What is found first is gone to at once; then it is looked on for more.
        assert seen[0].startswith('"t300": searching, ')
        assert seen[-1] == '"t300": 2 of 3 so far (1 track, 2 events)'
        playhead = screen.view.playhead.t_ns
        while "so far" in screen.message_line.lines[0]:
            screen.tick()
        assert screen.message_line.lines[0].startswith('"t300": 2 of ')
        assert screen.view.playhead.t_ns == playhead
        # Who has read that, and asked for something else to be told, does not get it back.
        await pilot.press("t")
        screen.tick()
        assert screen.message_line.lines == ["Jumps now go to events of the selected track only."]


async def test_it_begins_where_code_of_the_program_runs(replay: Replay) -> None:
    """The first switch is to the hub, of which there is nothing to say."""
    app = replay(sleeps())
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await until(pilot, lambda: not screen.feed.live)
        assert screen.view.playhead.index == 1
        assert "foo starts" in text_of(screen)


@pytest.mark.parametrize(("span", "first", "shown"), [("#3-#9", 2, (2, 9)), ("#99-", 1, None)])
async def test_a_part_of_a_trace_is_opened(
    span: str, first: int, shown: tuple[int, int] | None, tmp_path: Path, clock: Clock
) -> None:
    app = VisualizerApp(open_path=sleeps().write(tmp_path), clock=clock, span=span)
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await until(pilot, lambda: not screen.feed.live)
        await pilot.pause()
        view = screen.view
        assert view.playhead.index == first
        if shown is None:
            assert screen.message_line.lines == ["The trace 'sleeps' has no switch #99: there are 14."]
            return
        ends = (view.timeline.switch_ns[index] for index in (shown[0], shown[1] - 1))
        start_ns, end_ns = view.viewport.start, view.viewport.end
        assert all(start_ns <= t_ns <= end_ns for t_ns in ends)
        assert (end_ns - start_ns) < 1.1 * (view.timeline.switch_ns[8] - view.timeline.switch_ns[2])


@pytest.mark.parametrize(
    ("length_ns", "speed"), [(1_000_000, 0.0001), (500_000_000, 0.1), (2_000_000_000, 1.0), (None, 1.0), (1, 0.00001)]
)
def test_what_is_over_in_a_moment_is_played_slowly(length_ns: int | None, speed: float) -> None:
    playhead = Playhead(Tape().timeline())
    playhead.suit(length_ns)
    assert playhead.speed == speed
    playhead.hurry(1)
    playhead.suit(None)
    assert playhead.speed > speed, "the user has chosen one"
