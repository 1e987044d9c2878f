"""Two timelines on one scale: every key, the mouse, and how it looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Clock
from tests.tui.looks import NORMAL, SMALL
from tests.tui.test_mouse import drag, turn
from tests.tui.traces import crowd, sleeps
from tests.tui.walks import Walk, go, looked_at
from tests.unit.analysis.tape import Tape
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.rows.grouping import By, RowOrder
from visualizer.trace import words
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.comparison import ComparisonScreen
from visualizer.tui.state.pair import Pair
from visualizer.tui.widgets.comparison import SideRuler, Stack
from visualizer.tui.widgets.tracks import row_start

GOLDEN = Path(__file__).parents[1] / "golden" / "sync_vs_async.trace"
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
    return screen.message_line.lines[-1:]


def marks(screen: ComparisonScreen) -> object:
    return tuple(len(view.marks) for view in screen.pair.views)


def spans(screen: ComparisonScreen) -> object:
    """In tenths of a second since the start of the trace."""
    return [view.span and tuple(round(t_ns / 1e8) for t_ns in view.span) for view in screen.pair.views]


def focus(screen: ComparisonScreen) -> object:
    return screen.filter.display, screen.prompt.display, type(screen.focused).__name__


def figures(screen: ComparisonScreen) -> object:
    return screen.query_one("#below-both").scroll_offset.y


def top(screen: ComparisonScreen) -> object:
    return type(screen.app.screen).__name__


LINE, NO_LINE = (False, True, "_PromptInput"), (False, False, "NoneType")
#: What goes together is pressed in one app; keys alone lead from one to the next.
WALKS: dict[str, Walk[ComparisonScreen]] = {
    # After the second switch of A, 0.1 s from the start, B has just begun to wake its tasks.
    "steps": [
        ("right", indexes, (1, 36)), "right", ("left", indexes, (1, 36)), ("h", indexes, (0, 18)),
        ("l", indexes, (1, 36)), "right", ("h", indexes, (1, 36)), "left", ("left", indexes, (-1, 18)),
        # What is over stays at its end.
        ("end", indexes, (17, 71)), ("right", indexes, (17, 71)), ("home", indexes, (0, 18)),
        ("G", indexes, (17, 71)), ("g", indexes, (0, 18)), "end", ("u", indexes, (0, 18)), ("U", indexes, (17, 71)),
        # Of a track: to main, of A; to the first task, of B, and there back to main.
        "home", ("L", indexes, (1, 36)), "L", ("H", indexes, (1, 36)),
        ("c", told, [f"{WOKEN}; main set this timer itself, 0.1 s earlier."]), "home", "right",
        ("C", told, ["main's 0.1 s sleep is over (0.31 ms late) → main runs."]), "home",
        ("colon", focus, LINE), "escape", ("slash", focus, LINE), "x", ("escape", focus, NO_LINE),
        ("ctrl+f", focus, LINE), *"sleep is over", "enter", ("n", indexes, (3, 71)), ("N", indexes, (1, 36)),
    ],
    "sides": [
        ("tab", side, "B"), ("tab", side, "A"), ("shift+tab", side, "B"), "tab",
        ("y", locked, False), ("y", locked, True), "y", ("right", indexes, (1, 18)), "right",
        ("y", indexes, (2, 37)),
        # B for itself, and along one of its tracks.
        "home", "y", "tab", ("right", indexes, (0, 19)), "home", "down", "down", "down", ("L", indexes, (0, 19)),
    ],
    "difference": [
        ("exclamation_mark", locked, False), "y", "end", ("exclamation_mark", indexes, (0, 18)), "y", "home",
        # Along the switches, both stand at the same one.
        "x", ("exclamation_mark", locked, True), "end", ("exclamation_mark", indexes, (0, 18)), "right", "right",
        ("right", indexes, (3, 21)), "tab", ("end", indexes, (17, 71)),
    ],
    "zooming and panning": [
        ("s", shown, (0, 933)), ("d", shown, (0, 933)), ("w", shown, (0, 466)), "w", ("s", shown, (0, 466)), "s",
        ("plus", shown, (0, 466)), "w", ("minus", shown, (0, 466)), "s", ("equals_sign", shown, (0, 466)), "w",
        ("d", shown, (56, 233)), ("ctrl+right", shown, (111, 233)), ("a", shown, (56, 233)), "a",
        ("ctrl+right", shown, (56, 233)), "d", ("ctrl+left", shown, (56, 233)), ("f", shown, (0, 933)), "w", "w",
        ("end", shown, (677, 233)), "home", "f", "w", ("comma", shown, (0, 933)), ("full_stop", shown, (0, 466)),
        "tab", ("comma", shown, (0, 933)),
    ],
    "axes": [
        ("x", axes, Axis.SWITCHES), ("x", axes, Axis.TIME), ("x", shown, (0, 56)), "x", ("X", axes, Axis.BUSY),
        ("X", axes, Axis.TIME), "w", "w", "tab", ("x", axes, Axis.SWITCHES),
    ],
    # Both together are moved by the one that goes on for longer.
    "playing": [
        ("space", playing, (True, False)), ("space", playing, (False, False)), "space",
        ("tab", playing, (False, False)), ("space", playing, (True, False)), "space",
        "tab", "y", ("space", playing, (False, True)), "space", "y",
        ("greater_than_sign", speeds, (2.0, 2.0)), "less_than_sign", ("less_than_sign", speeds, (0.5, 0.5)),
    ],
    "rows": [
        "tab", ("down", selected, ("main", "hub")), ("up", selected, ("main", "main")),
        ("j", selected, ("main", "hub")), ("k", selected, ("main", "main")), ("enter", rows, (2, 1)),
        ("z", rows, (2, 12)), ("Z", rows, (2, 3)), "Z", "tab",
        "down", ("asterisk", told, ["hub is pinned on top."]), "asterisk", ("delete", rows, (1, 12)),
        ("D", rows, (2, 12)), "tab", "down", ("backspace", rows, (2, 11)), "D", "tab",
        ("ampersand", focus, (True, False, "_FilterInput")), *"task-2", ("enter", rows, (0, 2)),
        ("escape", rows, (2, 12)),
        ("A", order, ((RowOrder.NAME, By.FUNCTION),) * 2), ("B", order, ((RowOrder.NAME, By.THREAD),) * 2),
    ],
    # Whoever is woken: main, of A, after 0.1 s.
    "jumps": [
        ("pagedown", figures, 2), "pagedown", ("pageup", figures, 2),
        ("r", told, ["wakeup: main is woken by hub (timer)"]), "r", ("R", indexes, (1, 36)), "home",
        ("e", told, ["There is no exception."]), ("E", told, ["There is no exception."]),
        # What was printed lies behind the part A, and is not gone to.
        ("o", told, ["There is no output."]), ("O", told, ["There is no output."]),
        ("p", told, ["There is no problem."]), ("P", told, ["There is no problem."]),
        ("t", told, ["Jumps now go to events of the selected track only."]), "t", "home",
        ("m", marks, (1, 0)), "m", ("M", focus, LINE), *"here", ("enter", marks, (1, 0)), "end",
        ("quotation_mark", indexes, (0, 18)), "right", "right", "m", "home", ("apostrophe", indexes, (2, 37)),
        ("b", top, "MarksScreen"),
    ],
    "spans": [
        "right", ("v", spans, [(1, 1), None]), ("end", spans, [(1, 10), None]), "escape", "home",
        ("shift+right", spans, [(0, 1), None]), "escape", "home", "right", ("shift+left", spans, [(0, 1), None]),
        "escape", "home", "m", "end", "m", ("V", spans, [(0, 10), None]), "escape", "m", "home", "right", "right", "m",
        "V", ("i", shown, (0, 102)),
    ],
    "nothing to do": [
        ("s", told, ["All of both is visible."]), ("f", told, ["Everything is visible already."]),
        ("a", told, ["This is the beginning of both."]), ("d", told, ["This is the end of both."]),
        ("up", told, ["This is the first track."]), ("pageup", told, ["This is the beginning of the figures."]),
        ("home", told, ["This is the first switch of A."]), "left",
        ("left", told, ["This is before the first switch of A."]), "end",
        ("end", told, ["This is the last switch of A."]), "tab", "end",
        ("right", told, ["This is the last switch of B."]), *["w"] * 40,
        ("w", told, ["Cannot zoom in any further."]),
    ],
}


@pytest.mark.parametrize("name", WALKS)
async def test_a_key_does_what_it_says(name: str) -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)

        async def settle() -> None:
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()

        await go(pilot, screen, WALKS[name], settle=settle)


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
    assert bound <= looked_at(*WALKS.values())


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


async def test_what_does_not_differ_or_has_no_groups_says_so(tmp_path: Path) -> None:
    part = Part.whole(read(sleeps().write(tmp_path)))
    async with comparing((part, part)).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        for key, sentence in (
            ("exclamation_mark", "Both have the same switches in the same order."),
            ("Z", "There are no groups: a group takes 8 tracks of one name."),
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
            counts.append(screen.message_line.lines[0])
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
            "The playheads now move separately: these switches were at different times. y locks them."
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


async def test_too_small() -> None:
    async with comparing(halves()).run_test(size=(50, 15)) as pilot:
        screen = await drawn(pilot)
        lines = ["".join(segment.text for segment in line).strip() for line in screen._compositor.render_strips()]
        assert " ".join(filter(None, lines)) == ("Terminal too small: the comparison needs 60 columns and 16 lines.")
