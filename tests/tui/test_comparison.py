"""Two timelines on one scale: every key, the mouse, and how it looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Clock
from tests.tui.test_mouse import drag, turn
from tests.tui.test_snapshots import LARGE, NORMAL, SMALL, Compare
from tests.tui.traces import Demo, crowd, hostile, sleeps
from tests.unit.analysis.tape import Tape
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.rows.grouping import By, Order
from visualizer.trace import words
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.comparison import ComparisonScreen
from visualizer.tui.state.pair import Pair
from visualizer.tui.widgets.comparison import SideRuler, Stack
from visualizer.tui.widgets.tracks import row_start

GOLDEN = Path(__file__).parents[1] / "golden" / "sync_vs_async.trace"
Says = Callable[[ComparisonScreen], object]
#: What is said of the second switch.
WOKEN = "main's 0.1 s sleep is over (0.42 ms late) → main runs"
#: So many switches belong to the first half.
FIRST = 18


def read(path: Path) -> Timeline:
    return load(str(path))[0]


def halves() -> tuple[Part, Part]:
    """One after another: switches 0 to 17. All together: switches 18 to 71."""
    timeline = read(GOLDEN)
    switch_ns = timeline.switch_ns
    one = Part.between(timeline, switch_ns[0], switch_ns[FIRST - 1])
    return one, Part.between(timeline, switch_ns[FIRST], switch_ns[-1])


def comparing(parts: tuple[Part, Part], names: tuple[str, str] = ("serial", "concurrent")) -> VisualizerApp:
    # By a clock that stands still nothing is played to its end meanwhile.
    return VisualizerApp(comparison=(*parts, names), clock=Clock())


async def drawn(pilot: Pilot[int]) -> ComparisonScreen:
    for _ in range(4):
        await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, ComparisonScreen)
    return screen


def indexes(screen: ComparisonScreen) -> object:
    return tuple(view.playhead.index for view in screen.pair.views)


def side(screen: ComparisonScreen) -> object:
    return "AB"[screen.pair.chosen]


def locked(screen: ComparisonScreen) -> object:
    return screen.pair.locked


def shown(screen: ComparisonScreen) -> object:
    """From when, and for how long, in ms, or in switches; the same of both."""
    unit = 1 if screen.pair.axis is Axis.SWITCHES else 1e6
    starts = set()
    for stack, view in zip(screen.query(Stack), screen.pair.views, strict=True):
        viewport = view.viewport
        assert stack.size.width >= viewport.width + row_start(view)
        starts.add((round(viewport.start - view.origin), round(viewport.width * viewport.per_cell)))
    [(start, length)] = starts
    return round(start / unit), round(length / unit)


def axes(screen: ComparisonScreen) -> object:
    [axis] = {view.viewport.axis for view in screen.pair.views}
    return axis


def selected(screen: ComparisonScreen) -> object:
    return tuple(view.timeline.name(view.selected) for view in screen.pair.views)


def rows(screen: ComparisonScreen) -> object:
    return tuple(len(view.rows) for view in screen.pair.views)


def order(screen: ComparisonScreen) -> object:
    return tuple((view.order, view.by) for view in screen.pair.views)


def playing(screen: ComparisonScreen) -> object:
    return tuple(view.playhead.playing for view in screen.pair.views)


def speeds(screen: ComparisonScreen) -> object:
    return tuple(view.playhead.speed for view in screen.pair.views)


def told(screen: ComparisonScreen) -> list[str]:
    return screen.told.lines[-1:]


def marks(screen: ComparisonScreen) -> object:
    return tuple(len(view.marks) for view in screen.pair.views)


def spans(screen: ComparisonScreen) -> object:
    """In tenths of a second since the start of the trace."""
    return [view.span and tuple(round(t_ns / 1e8) for t_ns in view.span) for view in screen.pair.views]


def focus(screen: ComparisonScreen) -> object:
    return screen.filter.display, screen.prompt.display, type(screen.focused).__name__


def figures(screen: ComparisonScreen) -> object:
    return screen.query_one("#below-both").scroll_offset.y


#: Keys that are pressed first, the key, what is looked at, and what it is afterwards.
CASES: list[tuple[list[str], str, Says, object]] = [
    # After the second switch of A, 0.1 s from the start, B has just begun to wake its tasks.
    ([], "right", indexes, (1, 36)),
    ([], "l", indexes, (1, 36)),
    (["right", "right"], "left", indexes, (1, 36)),
    (["right", "right"], "h", indexes, (1, 36)),
    ([], "left", indexes, (-1, 18)),
    (["end"], "home", indexes, (0, 18)),
    (["end"], "g", indexes, (0, 18)),
    # What is over stays at its end.
    ([], "end", indexes, (17, 71)),
    ([], "G", indexes, (17, 71)),
    (["end"], "right", indexes, (17, 71)),
    # To main, of A; to the first task, of B, and there back to main.
    ([], "L", indexes, (1, 36)),
    (["L", "L"], "H", indexes, (1, 36)),
    (["y", "tab", "down", "down", "down"], "L", indexes, (0, 19)),
    ([], "tab", side, "B"),
    (["tab"], "tab", side, "A"),
    ([], "shift+tab", side, "B"),
    ([], "y", locked, False),
    (["y"], "y", locked, True),
    (["y"], "right", indexes, (1, 18)),
    (["y", "tab"], "right", indexes, (0, 19)),
    (["y", "right", "right"], "y", indexes, (2, 37)),
    (["end"], "exclamation_mark", indexes, (0, 18)),
    ([], "exclamation_mark", locked, False),
    # Along the switches, both stand at the same one.
    (["x", "end"], "exclamation_mark", indexes, (0, 18)),
    (["x"], "exclamation_mark", locked, True),
    (["x", "right", "right"], "right", indexes, (3, 21)),
    (["x", "tab"], "end", indexes, (17, 71)),
    ([], "w", shown, (0, 466)),
    ([], "plus", shown, (0, 466)),
    ([], "equals_sign", shown, (0, 466)),
    (["w", "w"], "s", shown, (0, 466)),
    (["w", "w"], "minus", shown, (0, 466)),
    ([], "s", shown, (0, 933)),
    (["w", "w"], "d", shown, (56, 233)),
    (["w", "w"], "ctrl+right", shown, (56, 233)),
    (["w", "w", "d", "d"], "a", shown, (56, 233)),
    (["w", "w", "d", "d"], "ctrl+left", shown, (56, 233)),
    ([], "d", shown, (0, 933)),
    (["w", "w", "d"], "f", shown, (0, 933)),
    (["w", "w"], "end", shown, (677, 233)),
    ([], "x", axes, Axis.SWITCHES),
    ([], "x", shown, (0, 56)),
    (["x"], "x", axes, Axis.TIME),
    (["w", "w", "tab"], "x", axes, Axis.SWITCHES),
    ([], "X", axes, Axis.BUSY),
    (["X"], "X", axes, Axis.TIME),
    ([], "space", playing, (True, False)),
    # Both together are moved by the one that goes on for longer.
    (["tab"], "space", playing, (True, False)),
    (["y", "tab"], "space", playing, (False, True)),
    (["space"], "space", playing, (False, False)),
    (["space"], "tab", playing, (False, False)),
    ([], "greater_than_sign", speeds, (2.0, 2.0)),
    ([], "less_than_sign", speeds, (0.5, 0.5)),
    (["tab"], "down", selected, ("main", "hub")),
    (["tab"], "j", selected, ("main", "hub")),
    (["tab", "down"], "up", selected, ("main", "main")),
    (["tab", "down"], "k", selected, ("main", "main")),
    (["tab"], "enter", rows, (2, 1)),
    (["tab", "enter"], "z", rows, (2, 12)),
    (["tab"], "Z", rows, (2, 3)),
    ([], "A", order, ((Order.NAME, By.FUNCTION),) * 2),
    ([], "B", order, ((Order.START, By.THREAD),) * 2),
    (["down"], "asterisk", told, ["hub is pinned on top."]),
    (["down"], "delete", rows, (1, 12)),
    (["tab", "down"], "backspace", rows, (2, 11)),
    (["down", "delete"], "D", rows, (2, 12)),
    ([], "ampersand", focus, (True, False, "_Line")),
    (["ampersand", *"task-2"], "enter", rows, (0, 2)),
    (["ampersand", *"task-2", "enter"], "escape", rows, (2, 12)),
    # Whoever is woken: main, of A, after 0.1 s.
    ([], "r", told, ["wakeup: main is woken by hub (timer)"]),
    (["r", "r"], "R", indexes, (1, 36)),
    ([], "e", told, ["No further exception."]),
    ([], "E", told, ["No earlier exception."]),
    # What was printed lies behind the part A, and is not gone to.
    ([], "o", told, ["No further output."]),
    ([], "O", told, ["No earlier output."]),
    ([], "p", told, ["No further problem."]),
    ([], "P", told, ["No earlier problem."]),
    ([], "t", told, ["Jumps now go to events of the selected track only."]),
    (["right"], "c", told, [f"{WOKEN}; main set this timer itself, 0.1 s earlier."]),
    (["right"], "C", told, ["main's 0.1 s sleep is over (0.31 ms late) → main runs."]),
    ([], "colon", focus, (False, True, "_Line")),
    ([], "slash", focus, (False, True, "_Line")),
    ([], "ctrl+f", focus, (False, True, "_Line")),
    (["slash", *"sleep is over", "enter"], "n", indexes, (3, 71)),
    (["slash", *"sleep is over", "enter", "n"], "N", indexes, (1, 36)),
    (["end"], "u", indexes, (0, 18)),
    (["end", "u"], "U", indexes, (17, 71)),
    (["w"], "comma", shown, (0, 933)),
    (["w", "comma"], "full_stop", shown, (0, 466)),
    (["w", "tab"], "comma", shown, (0, 933)),
    ([], "m", marks, (1, 0)),
    (["M", *"here"], "enter", marks, (1, 0)),
    ([], "M", focus, (False, True, "_Line")),
    (["m", "end"], "quotation_mark", indexes, (0, 18)),
    (["right", "right", "m", "home"], "apostrophe", indexes, (2, 37)),
    (["m"], "b", lambda screen: type(screen.app.screen).__name__, "MarksScreen"),
    (["right", "v"], "end", spans, [(1, 10), None]),
    (["right"], "v", spans, [(1, 1), None]),
    ([], "shift+right", spans, [(0, 1), None]),
    (["right"], "shift+left", spans, [(0, 1), None]),
    (["m", "end", "m"], "V", spans, [(0, 10), None]),
    (["m", "right", "right", "m", "V"], "i", shown, (0, 102)),
    ([], "pagedown", figures, 2),
    (["pagedown", "pagedown"], "pageup", figures, 2),
    (["w", "slash", "x"], "escape", focus, (False, False, "NoneType")),
]


@pytest.mark.parametrize(("before", "key", "says", "expected"), CASES)
async def test_key(before: list[str], key: str, says: Says, expected: object) -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await pilot.press(*before, key)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.pause()
        assert says(screen) == expected


async def test_groups_are_folded_where_they_have_no_room(tmp_path: Path) -> None:
    part = Part.whole(read(crowd().write(tmp_path)))
    async with comparing((part, halves()[0])).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        stack = screen.query(Stack).first()
        heights = []
        for _ in range(3):
            assert stack.virtual_size.height == len(screen.pair.view.rows)
            heights.append((len(screen.pair.view.rows), stack.size.height))
            await pilot.press("Z")
            await drawn(pilot)
        assert heights == [(4, 4), (104, 12), (4, 4)]


def test_every_key_is_pressed() -> None:
    bound = {key for section in keys.COMPARISON for one in section.bindings for key in one.key.split(",")}
    assert bound <= {key for _, key, _, _ in CASES}


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+q"])
async def test_quit(key: str) -> None:
    app = comparing(halves())
    async with app.run_test(size=SMALL) as pilot:
        await drawn(pilot)
        await pilot.press(key)
    assert app._exit


async def test_help_lists_its_keys() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        await drawn(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        assert pilot.app.screen._sections == (*keys.COMPARISON, keys.MARKS, keys.GENERAL)
        assert pilot.app.screen._mouse == keys.COMPARISON_MOUSE


async def test_a_click_goes_to_that_moment_of_that_side() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        left = row_start(screen.view)
        await pilot.click("#stack-b", offset=(left + 6, 4))
        await drawn(pilot)
        assert (side(screen), indexes(screen), selected(screen)) == ("B", (0, 36), ("main", "task-2"))
        await pilot.click("#side-a")
        await drawn(pilot)
        assert (side(screen), indexes(screen)) == ("A", (0, 36))
        # Beside the rows, on what stands before them.
        await pilot.click("#stack-b", offset=(1, 0))
        await drawn(pilot)
        assert (side(screen), indexes(screen), rows(screen)) == ("B", (0, 36), (2, 1))


async def test_a_click_on_a_key_of_the_last_line_does_what_it_does() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        line = "".join(segment.text for segment in screen._compositor.render_strips()[-1])
        await pilot.click(offset=(line.index("Axis"), NORMAL[1] - 1))
        await drawn(pilot)
        assert axes(screen) is Axis.SWITCHES


async def test_a_click_on_the_ruler_moves_the_chosen_side_and_where_gaps_are_folded_its_own() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        await pilot.press("tab", "y")
        left = row_start(screen.view)
        first, second = screen.query(SideRuler)
        assert (first.display, second.display) == (True, False)
        await pilot.click(first, offset=(left + 6, 0))
        await drawn(pilot)
        assert (side(screen), indexes(screen)) == ("B", (0, 36))
        await pilot.press("X")
        await drawn(pilot)
        assert (first.display, second.display) == (True, True)
        await pilot.click(first, offset=(left + 60, 0))
        await drawn(pilot)
        assert (side(screen), indexes(screen)) == ("A", (10, 36))


async def test_two_clicks_zoom_in_on_what_a_track_does_there() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        await pilot.click("#stack-b", offset=(row_start(screen.view) + 6, 4), times=2)
        await drawn(pilot)
        # task-2 sleeps for 0.1 s; both sides show as much.
        assert shown(screen) == (0, 108)


async def test_dragging_the_ruler_selects_a_span() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        left, ruler = row_start(screen.view), screen.query(SideRuler).first()
        await drag(pilot, ruler, (left + 20, 0), (left + 40, 0))
        await drawn(pilot)
        assert spans(screen) == [(2, 4), None]
        assert told(screen)[0].startswith("0.187811 s and 4 switches between 0.178868 s")
        await pilot.press("escape")
        assert spans(screen) == [None, None]


async def test_the_wheel_zooms_with_ctrl_and_pans_with_shift() -> None:
    async with comparing(halves()).run_test(size=(80, 20)) as pilot:
        screen = await drawn(pilot)
        await pilot.press("tab", "Z")
        await drawn(pilot)
        stack, left = screen.query(Stack).last(), row_start(screen.view)
        await turn(pilot, stack, left, up=True, ctrl=True)
        assert shown(screen) == (0, 746)
        await turn(pilot, stack, left, up=False, shift=True)
        # Four cells of 63.
        assert shown(screen) == (47, 746)
        await turn(pilot, stack, left, up=True, shift=True)
        assert shown(screen) == (0, 746)
        await turn(pilot, stack, left, up=False, ctrl=True)
        assert shown(screen) == (0, 933)
        await turn(pilot, stack, left, up=False)
        await pilot.wait_for_scheduled_animations()
        assert (shown(screen), [stack.scroll_offset.y for stack in screen.query(Stack)]) == ((0, 933), [0, 2])
        await turn(pilot, screen.query(SideRuler).first(), left, up=True)
        assert shown(screen) == (0, 746)


async def test_dragging_pans_both_and_resting_tells() -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await pilot.press("w", "w", "d")
        await drawn(pilot)
        left, before = row_start(screen.view), screen.view.viewport
        await drag(pilot, "#stack-b", (left + 30, 1), (left + 20, 1))
        await drawn(pilot)
        a, b = screen.pair.views
        assert a.viewport.start == pytest.approx(before.start + 10 * before.per_cell)
        assert b.viewport.start - b.origin == pytest.approx(a.viewport.start - a.origin)
        assert (a.viewport.per_cell, b.viewport.per_cell) == (before.per_cell, before.per_cell)
        assert indexes(screen) == (0, 18), "that was no click"
        await pilot.press("f")
        await drawn(pilot)
        stack = screen.query(Stack).last()
        await pilot.hover("#stack-b", offset=(left + 3, 4))
        assert len(str(stack.tooltip).splitlines()) >= 2
        # Behind its end there is nothing.
        await pilot.hover("#stack-b", offset=(left + 30, 4))
        assert stack.tooltip is None


#: Keys that are pressed first, the key that can do nothing then, and what it says.
DEAD = [
    (["left"], "left", "This is before the first switch of A."),
    (["tab", "end"], "right", "This is the last switch of B."),
    (["home"], "home", "This is the first switch of A."),
    (["end"], "end", "This is the last switch of A."),
    ([], "s", "All of both is visible."),
    (["w"] * 40, "w", "Cannot zoom in any further."),
    ([], "f", "Everything is visible already."),
    ([], "a", "This is the beginning of both."),
    ([], "d", "This is the end of both."),
    ([], "up", "This is the first track."),
    ([], "pageup", "This is the beginning of the figures."),
]


@pytest.mark.parametrize(("before", "key", "sentence"), DEAD, ids=[f"{'-'.join(d[0][:3])}.{d[1]}" for d in DEAD])
async def test_a_key_that_can_do_nothing_says_so(before: list[str], key: str, sentence: str) -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await pilot.press(*before, key)
        await drawn(pilot)
        assert told(screen) == [sentence]


async def test_what_does_not_differ_or_has_no_groups_says_so(tmp_path: Path) -> None:
    part = Part.whole(read(sleeps().write(tmp_path)))
    async with comparing((part, part)).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        for key, sentence in (
            ("exclamation_mark", "Both have the same switches in the same order."),
            ("Z", "There are no groups: 8 tracks of a name make one."),
        ):
            await pilot.press(key)
            await drawn(pilot)
            assert told(screen) == [sentence]


async def test_played_together_the_shorter_waits_at_its_end() -> None:
    clock = Clock()
    async with VisualizerApp(comparison=(*halves(), ("a", "b")), clock=clock).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        await pilot.press("space")
        told_at = []
        for _ in range(4):
            clock.now_ns += 250_000_000
            screen.tick()
            await drawn(pilot)
            told_at.append(indexes(screen))
        assert told_at == [(4, 71), (8, 71), (14, 71), (17, 71)]
        assert playing(screen) == (False, False)


async def test_a_jump_does_not_leave_the_part(tmp_path: Path) -> None:
    timeline = read(sleeps().write(tmp_path))
    parts = Part.between(timeline, 0, timeline.switch_ns[5]), Part.whole(timeline)
    async with comparing(parts).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        counts = []
        for _ in parts:
            await pilot.press("slash", *"runs", "enter")
            await drawn(pilot)
            counts.append(screen.told.lines[0])
            await pilot.press("tab")
        assert counts == ['"runs": 2 of 6 (6 events)', '"runs": 3 of 14 (14 events)']
        # What is looked for on one side is looked for on the other, too.
        await pilot.press("home", "n", "n", "n", "n", "n")
        await drawn(pilot)
        assert (side(screen), screen.view.playhead.index) == ("A", 5)
        await pilot.press("n")
        assert screen.view.playhead.index == 0


async def test_numbers_and_times_that_are_typed_count_from_the_beginning_of_the_part() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        await pilot.press("tab", "y", "colon", *"3", "enter")
        await drawn(pilot)
        assert indexes(screen) == (0, 20)
        await pilot.press("colon", *"0.1 s", "enter")
        await drawn(pilot)
        assert indexes(screen) == (0, 36)
        await pilot.press("colon", *"55", "enter")
        await drawn(pilot)
        assert told(screen) == ["There is no switch 55: there are 54."]


def late(start_ns: int) -> Part:
    """Four switches, 100 ms from one to the next."""
    tape = Tape().spawn("a", words.GREENLET)
    for number, (origin, target) in enumerate([("main", "a"), ("a", "main"), ("main", "a"), ("a", "main")]):
        tape.at(start_ns + 100_000_000 * number).switch(origin, target)
    return Part.whole(tape.at(start_ns + 400_000_000).end().timeline())


def test_recordings_of_the_same_begin_at_the_first_switch_of_each_and_stay_together() -> None:
    pair = Pair(late(30_000_000), late(70_000_000), ("a", "b"))
    for chosen in (0, 1):
        pair.choose(chosen)
        pair.align()
        assert [view.playhead.index for view in pair.views] == [0, 0]
    pair.view.step(1)
    pair.align()
    assert [view.playhead.index for view in pair.views] == [1, 1]
    pair.view.playhead.go_to_time(250_000_000)
    pair.align()
    assert [view.playhead.t_ns for view in pair.views] == [210_000_000, 250_000_000]
    pair.view.toggle_axis()
    pair.view.step(1)
    pair.align()
    assert [view.playhead.index for view in pair.views] == [2, 2]


async def test_difference_tells_that_each_moves_for_itself() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        await pilot.press("end", "exclamation_mark")
        await drawn(pilot)
        assert told(screen) == [
            "The playheads now move separately, because these switches were at different times; y locks them again."
        ]
        await pilot.press("right")
        await drawn(pilot)
        assert told(screen) == []
        await pilot.press("y", "x", "exclamation_mark")
        await drawn(pilot)
        assert (locked(screen), told(screen)) == (True, [])


def test_a_part_is_not_left() -> None:
    pair = Pair(*halves(), ("a", "b"))
    pair.lock_or_part()
    for chosen, part in enumerate(pair.parts):
        pair.choose(chosen)
        view = pair.view
        for _ in range(100):
            view.step(1)
        assert (view.playhead.index, view.number) == (part.stop - 1, part.stop - part.first)
        for _ in range(100):
            view.step(-1)
        assert (view.playhead.index, view.number) == (part.first - 1, 0)
        assert view.playhead.t_ns == part.start_ns


def test_without_a_switch_and_without_a_difference() -> None:
    empty = Part.whole(Timeline())
    pair = Pair(empty, empty, ("a", "b"))
    pair.view.step(1)
    pair.view.zoom(2)
    pair.view.last()
    pair.align()
    assert [view.playhead.index for view in pair.views] == [-1, -1]
    assert not pair.go_to_difference()
    assert pair.locked


@pytest.mark.parametrize("axis", Axis)
def test_both_sides_stay_on_one_scale(axis: Axis) -> None:
    pair = Pair(*halves(), ("a", "b"))
    pair.resize(100)
    while pair.axis is not axis:
        if axis is Axis.BUSY:
            pair.view.fold_gaps()
        else:
            pair.view.toggle_axis()
        pair.align()
    before = pair.view.viewport
    for do in (
        lambda: pair.view.zoom(4, 50),
        lambda: pair.resize(60),
        lambda: pair.view.pan(20),
        lambda: pair.choose(1),
        lambda: pair.view.zoom(2, 3),
        lambda: pair.view.last(),
        lambda: pair.view.zoom_back(),
        lambda: pair.view.fit(),
    ):
        do()
        pair.align()
        a, b = (view.viewport for view in pair.views)
        assert (a.axis, a.per_cell, a.width) == (b.axis, b.per_cell, b.width)
        assert a.start - pair.views[0].origin == pytest.approx(b.start - pair.views[1].origin)
        assert a.start >= pair.views[0].origin
    assert (pair.views[0].viewport.start, pair.views[0].viewport.width) == (before.start, 60)


def test_zooming_keeps_what_is_under_the_pointer() -> None:
    pair = Pair(*halves(), ("a", "b"))
    pair.resize(100)
    before = pair.view.viewport
    pair.view.zoom(4, 50)
    pair.align()
    after = pair.view.viewport
    assert after.start + 50 * after.per_cell == pytest.approx(before.start + 50 * before.per_cell)
    pair.resize(60)
    assert pair.view.viewport.per_cell * 60 == pytest.approx(before.per_cell * 100 / 4)
    pair.view.fit()
    assert (pair.view.viewport.start, pair.view.viewport.width) == (pair.view.origin, 60)


def pressing(*pressed: str, theme: str = "") -> Callable[[Pilot[int]], Awaitable[None]]:
    async def press(pilot: Pilot[int]) -> None:
        if theme:
            pilot.app.theme = theme
        await drawn(pilot)
        await pilot.press(*pressed)
        await pilot.pause()
        await pilot.pause()

    return press


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_how_it_looks(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    run = pressing("right", "right", theme=theme)
    assert snap_compare(comparing(halves()), terminal_size=size, run_before=run)


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_how_it_looks_along_the_switches(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    run = pressing("x", "exclamation_mark", "right", "right", theme=theme)
    assert snap_compare(comparing(halves()), terminal_size=size, run_before=run)


def test_how_it_looks_with_gaps_folded(snap_compare: Compare) -> None:
    run = pressing("X", "right", "right", "right", "tab")
    assert snap_compare(comparing(halves()), terminal_size=NORMAL, run_before=run)


def test_each_for_itself_in_a_light_theme(snap_compare: Compare) -> None:
    run = pressing("exclamation_mark", "right", "tab", "right", "right", "w", theme="textual-light")
    assert snap_compare(comparing(halves()), terminal_size=NORMAL, run_before=run)


@pytest.mark.parametrize(("one", "other"), [(sleeps, crowd), (hostile, hostile)])
def test_others(snap_compare: Compare, tmp_path: Path, one: Callable[[], Demo], other: Callable[[], Demo]) -> None:
    a, b = (Part.whole(read(demo().write(tmp_path))) for demo in (one, other))
    app = comparing((a, b), ("\x1b[31m[bold]a", "b"))
    assert snap_compare(app, terminal_size=NORMAL, run_before=pressing("right"))


def test_too_small(snap_compare: Compare) -> None:
    assert snap_compare(comparing(halves()), terminal_size=(50, 15), run_before=pressing())
