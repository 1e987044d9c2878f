"""What the panes say: the sources at a switch, the output, the statistics, the header."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.conftest import loaded, text_of
from tests.tui.traces import Demo, hand_over, many, ping_pong, sleeps
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_position import SourcePosition, running, short_path, suspended
from visualizer.paint.text.cell_width import cell_width
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.widgets.header import moment
from visualizer.tui.widgets.notices import Notice
from visualizer.tui.widgets.output import OutputPane, _broken
from visualizer.tui.widgets.source import SourcePane

Replay = Callable[[Demo], VisualizerApp]


def said(demo: Demo) -> list[tuple[str, str]]:
    """For each moment where the running track goes on, and where the other is suspended."""
    timeline = demo.timeline()
    timeline.header = demo.header

    def tell(where: SourcePosition | None) -> str:
        if where is None:
            return ""
        line = f" {where.place.line}" if where.place is not None else ""
        return f"{timeline.name(where.track)} {where.activity}{line}"

    return [(tell(running(timeline, i)), tell(suspended(timeline, i))) for i in range(-1, timeline.switch_count)]


def test_where_the_tracks_of_a_generator_program_are() -> None:
    assert said(hand_over()) == [
        ("main starts 1", ""),
        ("consumer starts 7", "main is suspended 13"),
        ("main resumes 13", "consumer is suspended 7"),
        ("consumer resumes 7", "main is suspended 15"),
        ("main resumes 15", "consumer is suspended 7"),
        ("consumer resumes 7", "main is suspended 15"),
        ("main resumes 15", "consumer is suspended 7"),
        ("consumer resumes 7", "main is suspended 15"),
        ("main resumes 15", "consumer is suspended 7"),
        ("consumer resumes 7", "main is suspended 16"),
        ("main resumes 16", "consumer has ended: closed"),
    ]


def test_where_greenlets_are() -> None:
    assert said(ping_pong()) == [
        ("main starts 1", ""),
        ("test1 starts 6", "main is suspended 20"),
        ("test2 starts 14", "test1 is suspended 6"),
        ("test1 resumes 6", "test2 is suspended 14"),
        ("test2 resumes 14", "test1 is suspended 8"),
        ("main resumes 20", "test2 has ended: returned None"),
    ]


async def test_a_script_that_cannot_be_compiled_is_shown_at_its_error(replay: Replay) -> None:
    demo = Demo("bad", "x = 1\ndef f(:\n    pass\n")
    demo.at_ms(2).events.append(ev.Uncaught(2_000_000, "SyntaxError", "invalid syntax (bad.py, line 2)"))
    demo.exits("main", words.RAISED, "SyntaxError('invalid syntax (bad.py, line 2)')").end(code=1)
    async with replay(demo).run_test(size=(80, 24)) as pilot:
        text = text_of(await loaded(pilot))
        assert "▶2 def f(:" in text
        assert "main fails: syntax error here" in text
        assert "✗ Uncaught SyntaxError: invalid syntax (bad.py, line 2)" in text


def test_paths_are_short_but_tell_where() -> None:
    assert short_path("/home/me/work/a/b.py", "/home/me/work") == "a/b.py"
    assert short_path("/usr/lib/python3/gevent/hub.py", "/home/me/work") == "…/gevent/hub.py"
    assert short_path("/home/me/workshop/b.py", "/home/me/work") == "…/workshop/b.py"
    assert short_path("b.py", "") == "b.py"


async def test_of_a_long_name_the_middle_is_left_out_before_what_the_track_does(replay: Replay) -> None:
    demo = Demo("long", "first()\nsecond()\n")
    demo.at_ms(3).spawn("a", words.GREENLET, "BaseEventLoop._create_server-1", parent="main", creator=words.CURRENT)
    demo.at_ms(4).switch("main", "a", line=1)
    demo.at_ms(5).switch("a", "main", line=2).end()
    async with replay(demo).run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("end")
        await pilot.pause()
        lines = text_of(screen).splitlines()
        assert any(re.match(r" ┈ BaseEvent.*…\S*-1 is suspended ", line) for line in lines), lines


async def test_a_track_that_starts_is_shown_from_its_first_line(replay: Replay) -> None:
    app = replay(ping_pong())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        lines = text_of(screen).splitlines()
        assert any(line.startswith(" █ test1 starts") and "ping_pong.py:4" in line for line in lines)
        assert any(line.startswith("▶4 def test1():") for line in lines)
        assert any(line.startswith("▶20 first.switch()") for line in lines)


async def test_where_neither_track_has_source_each_has_half_of_the_room(replay: Replay) -> None:
    """On a wide screen, where they stand side by side: a track that has ended, and the hub."""
    app = replay(sleeps())
    async with app.run_test(size=(200, 50)) as pilot:
        screen = await loaded(pilot)
        widths = {}
        for keys in ("home", "end", "left"):
            await pilot.press(keys)
            await pilot.pause()
            running, suspended = (screen.query_one(f"#{id}", SourcePane) for id in ("running", "suspended"))
            widths[keys] = running.size.width, suspended.size.width
        assert "foo has ended: returned None" in text_of(screen)
        assert abs(widths["left"][0] - widths["left"][1]) <= 1, "neither"
        assert widths["home"][1] > 2 * widths["home"][0], "only the hub has none"


async def test_in_ascii_nothing_else_stands_anywhere(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    app = replay(sleeps(code=3))
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        text = text_of(screen)
        assert text.isascii()
        assert text.splitlines()[0].startswith(" visualizer - sleeps   REPLAY exit 3  ")
        assert "main > hub" in text
        assert "left right  Step" in text
        await pilot.press("space", "2", "down")
        await pilot.pause()
        text = text_of(screen)
        assert text.isascii()
        assert "exit 3 > x1" in text
        assert "| foo goes to sleep" in text
        await pilot.press("question_mark")
        await pilot.pause()
        help_screen = app.screen
        lines = ["".join(segment.text for segment in line) for line in help_screen._compositor.render_strips()]
        # Beside Textual's own scroll bar.
        assert all(line[:90].isascii() for line in lines)


async def test_in_ascii_a_live_program_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    path = tmp_path / sleeps().write(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    app = VisualizerApp(open_path=path, follow=True)
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, TimelineScreen)
        assert " visualizer - sleeps   * LIVE " in text_of(app.screen)


def lines_of(output: OutputPane) -> list[str]:
    return ["".join(run.text for run in output.runs(line, output.width)).rstrip() for line in range(output.length)]


async def output_of(replay: Replay, demo: Demo, width: int = 120) -> tuple[list[str], TimelineScreen]:
    app = replay(demo)
    async with app.run_test(size=(width, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("2")
        await pilot.pause()
        output = screen._tabs["output"]
        assert isinstance(output, OutputPane)
        return lines_of(output), screen


async def test_in_a_narrow_terminal_a_sentence_has_its_end_and_the_selected_track_its_line(replay: Replay) -> None:
    demo = Demo("handed", "start()\n")
    name = "Thread-2 (_handle_tasks_of_the_pool)"
    demo.at_ms(1).spawn("hub", words.HUB, parent="main")
    for key in ("customer-1", name):
        demo.spawn(key, words.GREENLET, parent="hub", creator="main").wake(key, "main", words.SPAWN)
    demo.at_ms(2).waits("main", words.JOIN, "joinall").switch("main", "hub")
    demo.at_ms(3).switch("hub", "customer-1").waits("customer-1", words.SLEEP, "1 s", 1_000_000_000)
    demo.switch("customer-1", "hub").switch("hub", name)
    demo.at_ms(4).waits(name, words.QUEUE, "tasks.get(block=True)").switch(name, "hub")
    demo.at_ms(1005).wake("customer-1", "hub", words.TIMER).switch("hub", "customer-1")
    demo.wake(name, "customer-1", words.CALLBACK).exits("customer-1").switch("customer-1", "hub")
    demo.at_ms(1006).switch("hub", name)
    demo.end()
    app = replay(demo)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)

        async def told(switch: int) -> list[str]:
            await pilot.press("colon", *str(switch), "enter")
            lines = text_of(screen).splitlines()
            below = next(number for number, line in enumerate(lines) if "1Event" in line)
            return [line.strip() for line in lines[below - 3 : below - 1]]

        assert await told(2) == [
            "hub → customer-1   main spawned customer-1 → customer-1 starts",
            "┈ main waits for joinall: 1 ms so far; nothing more happens to it",
        ]
        assert await told(8) == [
            "hub → Thread-2 (_handle_tasks_of_the_pool)   customer-1 put an item in the",
            "queue (tasks.get(block=True)) → Thread-2 (_handle_tasks_of_the_pool) runs",
        ]


async def test_output_is_joined_to_lines_of_one_track(replay: Replay) -> None:
    demo = Demo("print", "print()\n")
    demo.prints("one").prints("\n").prints("t").prints("w").prints("o\nthree\n\n")
    demo.spawn("evil", "greenlet", parent="main").prints("half").switch("main", "evil").prints("other\nend")
    demo.switch("evil", "main").prints(" of it\n").prints("a\tb")
    lines, _ = await output_of(replay, demo)
    assert lines == [
        "main │ one",
        "main │ two",
        "main │ three",
        "main │",
        "main │ half",
        "evil │ other",
        "evil │ end",
        "main │  of it",
        "main │ a       b",
    ]


async def test_long_output_is_broken_and_what_was_cut_is_told(replay: Replay) -> None:
    demo = Demo("print", "print()\n")
    demo.prints("word " * 12 + "\n")
    demo.events.append(ev.Output(demo.t_ns, words.STDOUT, "x" * 90, 1234))
    lines, _ = await output_of(replay, demo, 120)
    width = 120 // 2 - 1 - len("main │ ")
    assert lines == [
        "main │ word word word word word word word word word word",
        "     │ word word",
        f"main │ {'x' * (width + 1)}",
        f"     │ {'x' * (90 - width - 1)}",
        "       … and 1234 more characters",
    ]


async def test_nothing_printed_is_said(replay: Replay) -> None:
    assert (await output_of(replay, many(1)))[0] == [" No output."]


async def test_nothing_switched_is_said(replay: Replay) -> None:
    app = replay(many(0))
    async with app.run_test(size=(120, 35)) as pilot:
        text = text_of(await loaded(pilot))
        assert "No switch." in text
        assert "main runs; no switch yet" in text
        assert "switch 0 of 0" in text


@given(st.text(), st.integers(2, 30))
def test_breaking_output_loses_nothing(text: str, width: int) -> None:
    shown = plain(text)
    parts = list(_broken(shown, width))
    assert "".join(parts) == shown
    assert all(cell_width(part) <= width for part in parts)


@given(
    st.lists(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"])) | st.just(" " * 99)).map("".join),
    st.integers(1, 60),
)
def test_a_broken_notice_fits_and_loses_no_word(text: str, width: int) -> None:
    lines = [line.text for line in Notice(plain(text), "text").broken(width)]
    assert all(cell_width(line) <= max(width, 12) for line in lines)
    assert "".join("".join(lines).split()) == "".join(plain(text).split())


def test_a_moment_has_as_many_digits_as_the_end() -> None:
    assert moment(0, 2_040_000_000) == "0.000 s"
    assert moment(412_345_678, 2_040_000_000) == "0.412 s"
    assert moment(1_100_000, 1_500_000) == "1.100 ms"
    assert moment(1_500, 99_000) == "1.500 µs"


async def test_the_header_drops_what_matters_least(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 24)) as pilot:
        screen = await loaded(pilot)
        for width, expected in (
            (120, "visualizer · sleeps REPLAY exit 0 switch 1 of 14 0.030 s of 2.040 s"),
            (80, "visualizer · sleeps REPLAY exit 0 switch 1 of 14 0.030 s of 2.040 s"),
            (68, "sleeps REPLAY exit 0 switch 1 of 14 0.030 s of 2.040 s"),
            (60, "sleeps REPLAY exit 0 1/14 0.030 s"),
        ):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert " ".join(text_of(screen).splitlines()[0].split()) == expected, width


async def test_statistics_of_each_track_and_about_the_recording(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3")
        await pilot.pause()
        pane = screen._tabs["statistics"]
        lines = [" ".join("".join(run.text for run in pane.runs(line, 59)).split()) for line in range(pane.length)]
        assert lines[2].startswith("life ")
        assert lines[10].startswith("waited join ")
        del lines[2:11]
        assert lines[0] == "track steps running ready waiting idle"
        assert [line.split()[1:3] for line in lines[1:6]] == [
            ["main", "1"], ["hub", "7"], ["foo", "2"], ["bar", "2"], ["third", "2"],
        ]
        assert lines[6].startswith("total 14 ")
        assert lines[7:] == [
            "",
            "program sleeps.py --demo",
            "python 3.12.0 on linux",
            "tracer generators: on: sys.monitoring",
            "trace sleeps.trace",
        ]


async def test_statistics_keep_all_columns_in_a_small_terminal(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("3")
        await pilot.pause()
        pane = screen._tabs["statistics"]
        # Below main, which is selected, there is more of it.
        lines = ["".join(run.text for run in pane.runs(line, pane.width)) for line in (0, 1, *range(11, 16))]
        assert lines[0].split() == ["track", "steps", "run", "ready", "wait", "idle"]
        assert [len(line.split()) for line in lines[1:6]] == [7] * 5
        assert {cell_width(line) for line in lines} == {pane.width}


@pytest.mark.parametrize("width", [80, 120, 180])
async def test_source_lines_that_are_cut_say_so(replay: Replay, width: int) -> None:
    demo = hand_over()
    app = replay(demo)
    file = demo.header.argv[0]
    long = "x = '" + "abcdefghij" * 30 + "'"
    path = Path(file)
    path.write_text(f"{long}\n" + path.read_text())
    async with app.run_test(size=(width, 50)) as pilot:
        screen = await loaded(pilot)
        running_pane, suspended_pane = screen._sources
        await pilot.press("home", "left")
        await pilot.pause()
        assert not suspended_pane.display
        line = next(line for line in text_of(screen).splitlines() if "abcdefghij" in line)
        assert line[running_pane.size.width - 1] == "…"
        below = screen.query_one("#sources").size.width
        assert running_pane.size.width >= below - 1, "alone, it has all the room"
        await pilot.press("right")
        await pilot.pause()
        assert suspended_pane.display


async def test_the_legend_begins_at_the_left_and_leaves_out_whole_entries(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(60, 35)) as pilot:
        screen = await loaded(pilot)
        lines = text_of(screen).splitlines()
        legend = next(line for line in lines if line.startswith(" ▒ ready   "))
        assert legend.rstrip().endswith("   ✓ ended   …"), "created is what matters least"
        await pilot.press("enter")
        await pilot.pause()
        assert legend in text_of(screen).splitlines()


async def test_behind_its_end_a_track_is_not_said_to_go_on(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        for size in ((80, 24), (120, 35), (200, 50)):
            await pilot.resize_terminal(*size)
            await pilot.press("end")
            await pilot.pause()
            assert "█ main resumes" in text_of(screen)
            screen.view.go_to_time(2_045_000_000)
            screen.look()
            await pilot.pause()
            text = text_of(screen)
            assert "✓ main ended (returned)" in text
            assert "✓ main ended; last resumed" in text
            assert "resumes" not in text
            await pilot.press("left", "right")
            await pilot.pause()
            assert "█ main resumes" in text_of(screen), "at the switch itself it has not ended"


async def test_while_a_loop_is_suspended_its_pane_says_what_it_is_although_it_ended_later(replay: Replay) -> None:
    demo = Demo("looped", "run(main())\n")
    demo.at_ms(1).spawn("loop", words.LOOP, parent="main").spawn("task", words.TASK, parent="loop", creator="main")
    demo.wake("task", "main", words.SPAWN).waits("main", words.JOIN, "run(main())").switch("main", "loop")
    demo.at_ms(2).switch("loop", "task").exits("task").switch("task", "loop").exits("loop").switch("loop", "main")
    demo.end()
    app = replay(demo)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        pane = screen._sources[1]

        async def told(switch: int) -> list[str]:
            await pilot.press("colon", *str(switch), "enter")
            await pilot.pause()
            return [" ".join(pane.render_line(y).text.split()) for y in range(3)]

        what = "The loop is asyncio's: of the program", "it runs only callbacks."
        assert await told(2) == ["┈ loop is suspended", *what]
        assert await told(3) == ["task has ended: returned", "", ""]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(80, '…", send("abcdefghijklmnop", value)…'), (200, 'x = print("a long beginning"')],
)
async def test_a_sign_for_what_is_cut_takes_nothing_from_the_expression(
    replay: Replay, width: int, shown: str
) -> None:
    line = 'x = print("a long beginning", send("abcdefghijklmnop", value), "and an end")'
    demo = Demo("long", f"import greenlet\n{line}\n")
    demo.at_ms(1).spawn("one", words.GREENLET, creator="main")
    start = line.index("send(")
    end = start + len('send("abcdefghijklmnop", value)')
    place = demo._places = demo._places + 1
    demo.events.append(ev.Place(place, demo.text("long.py"), demo.text("<module>"), 2, 2, start, end))
    demo.events.append(ev.Switch(demo._tick(), demo.ids["main"], demo.ids["one"], words.SWITCH, words.NOTHING, place))
    demo.switch("one", "main").end()
    app = replay(demo)
    async with app.run_test(size=(width, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("home")
        await pilot.pause()
        pane = screen._sources[1]
        assert shown in "\n".join(pane.render_line(y).text for y in range(pane.size.height))


async def test_a_wide_screen_has_wider_names(replay: Replay) -> None:
    name = "a_thread_with_a_name_of_37_characters"
    demo = Demo("named", "start()\n")
    demo.at_ms(1).spawn(name, words.THREAD, parent=words.NOBODY, creator="main").end()
    app = replay(demo)
    async with app.run_test(size=(120, 24)) as pilot:
        screen = await loaded(pilot)
        assert name not in text_of(screen)
        await pilot.resize_terminal(210, 24)
        await pilot.pause()
        assert f"  {name} " in text_of(screen)
