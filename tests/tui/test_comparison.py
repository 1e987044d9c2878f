"""Two timelines on one scale: every key, the mouse, and how it looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.test_mouse import drag, turn
from tests.tui.test_snapshots import LARGE, NORMAL, SMALL, Compare
from tests.tui.traces import Demo, crowd, hostile, sleeps
from visualizer.analysis.comparison import Part
from visualizer.analysis.model import Timeline, timeline_of
from visualizer.trace.source import read_all
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.pair import Pair
from visualizer.tui.screens.comparison import ComparisonScreen
from visualizer.tui.screens.help import HelpScreen
from visualizer.tui.widgets.stack import Stack

GOLDEN = Path(__file__).parents[1] / "golden" / "sync_vs_async.trace"
Says = Callable[[ComparisonScreen], object]
#: So many switches belong to the first half.
FIRST = 18


def read(path: Path) -> Timeline:
    header, events, _ = read_all(path)
    return timeline_of(header, events)


def halves() -> tuple[Part, Part]:
    """One after another: switches 0 to 17. All together: switches 18 to 71."""
    timeline = read(GOLDEN)
    switch_ns = timeline.switch_ns
    one = Part.between(timeline, switch_ns[0], switch_ns[FIRST - 1])
    return one, Part.between(timeline, switch_ns[FIRST], switch_ns[-1])


def comparing(parts: tuple[Part, Part], names: tuple[str, str] = ("serial", "concurrent")) -> VisualizerApp:
    return VisualizerApp(comparison=(*parts, names))


async def drawn(pilot: Pilot[int]) -> ComparisonScreen:
    await pilot.pause()
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, ComparisonScreen)
    return screen


def indexes(screen: ComparisonScreen) -> object:
    return tuple(playhead.index for playhead in screen.pair.playheads)


def side(screen: ComparisonScreen) -> object:
    return "AB"[screen.pair.chosen]


def locked(screen: ComparisonScreen) -> object:
    return screen.pair.locked


def shown(screen: ComparisonScreen) -> object:
    """From when, and for how long, in ms; the same of both."""
    for stack in screen.query(Stack):
        assert stack.size.width >= screen.pair.scale.width + screen.pair.label_cells
    a, b = (screen.pair.viewport(number) for number in (0, 1))
    assert (a.per_cell, a.width) == (b.per_cell, b.width)
    assert round(a.start - screen.pair.parts[0].start_ns) == round(b.start - screen.pair.parts[1].start_ns)
    return round(screen.pair.scale.start / 1e6), round(a.width * a.per_cell / 1e6)


def scrolled(screen: ComparisonScreen) -> object:
    return tuple(stack.scroll_offset.y for stack in screen.query(Stack))


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
    ([], "tab", side, "B"),
    (["tab"], "tab", side, "A"),
    ([], "shift+tab", side, "B"),
    ([], "y", locked, False),
    (["y"], "y", locked, True),
    (["y"], "right", indexes, (1, 18)),
    (["y", "tab"], "right", indexes, (0, 19)),
    (["y", "right", "right"], "y", indexes, (2, 37)),
    (["end"], "n", indexes, (0, 18)),
    ([], "n", locked, False),
    ([], "w", shown, (0, 466)),
    ([], "plus", shown, (0, 466)),
    ([], "equals_sign", shown, (0, 466)),
    (["w", "w"], "s", shown, (0, 466)),
    (["w", "w"], "minus", shown, (0, 466)),
    ([], "s", shown, (0, 931)),
    (["w", "w"], "d", shown, (56, 233)),
    (["w", "w"], "ctrl+right", shown, (56, 233)),
    (["w", "w", "d", "d"], "a", shown, (56, 233)),
    (["w", "w", "d", "d"], "ctrl+left", shown, (56, 233)),
    ([], "d", shown, (0, 931)),
    (["w", "w", "d"], "f", shown, (0, 931)),
    (["w", "w"], "end", shown, (684, 233)),
    (["tab"], "down", scrolled, (0, 1)),
    (["tab"], "j", scrolled, (0, 1)),
    (["tab", "down"], "up", scrolled, (0, 0)),
    (["tab", "down"], "k", scrolled, (0, 0)),
    ([], "pagedown", figures, 4),
    (["pagedown", "pagedown"], "pageup", figures, 4),
]


@pytest.mark.parametrize(("before", "key", "says", "expected"), CASES)
async def test_key(before: list[str], key: str, says: Says, expected: object) -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await pilot.press(*before, key)
        await pilot.pause()
        assert says(screen) == expected


async def test_groups_unfold_and_fold(tmp_path: Path) -> None:
    part = Part.whole(read(crowd().write(tmp_path)))
    async with comparing((part, halves()[0])).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        stack = screen.query(Stack).first()
        for rows, height in ((103, 10), (4, 4)):
            assert (len(stack.rows), stack.virtual_size.height) != (rows, rows)
            await pilot.press("z")
            await drawn(pilot)
            assert (len(stack.rows), stack.virtual_size.height, stack.size.height) == (rows, rows, height)


def test_every_key_is_pressed() -> None:
    bound = {key for section in keys.COMPARISON for one in section.bindings for key in one.key.split(",")}
    assert bound - {"escape", "z"} == {key for _, key, _, _ in CASES}


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
        assert pilot.app.screen._sections == (*keys.COMPARISON, keys.GENERAL)
        assert pilot.app.screen._mouse == keys.COMPARISON_MOUSE


async def test_a_click_goes_to_that_moment_of_that_side() -> None:
    async with comparing(halves()).run_test(size=NORMAL) as pilot:
        screen = await drawn(pilot)
        left = screen.pair.label_cells
        await pilot.click("#stack-b", offset=(left + 6, 4))
        await pilot.pause()
        assert (side(screen), indexes(screen)) == ("B", (0, 36))
        await pilot.click("#side-a")
        await pilot.pause()
        assert (side(screen), indexes(screen)) == ("A", (0, 36))


async def test_the_wheel_zooms_with_ctrl_and_pans_with_shift() -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        stack, left = screen.query(Stack).last(), screen.pair.label_cells
        await turn(pilot, stack, left, up=True, ctrl=True)
        assert shown(screen) == (0, 745)
        await turn(pilot, stack, left, up=False, shift=True)
        # Four cells of 67.
        assert shown(screen) == (44, 745)
        await turn(pilot, stack, left, up=True, shift=True)
        assert shown(screen) == (0, 745)
        await turn(pilot, stack, left, up=False, ctrl=True)
        assert shown(screen) == (0, 931)
        await turn(pilot, stack, left, up=False)
        assert (shown(screen), scrolled(screen)) == ((0, 931), (0, 1))


async def test_dragging_pans_both_and_resting_tells() -> None:
    async with comparing(halves()).run_test(size=SMALL) as pilot:
        screen = await drawn(pilot)
        await pilot.press("w", "w", "d")
        left, scale = screen.pair.label_cells, screen.pair.scale
        await drag(pilot, "#stack-b", (left + 30, 1), (left + 20, 1))
        assert screen.pair.scale.start == pytest.approx(scale.start + 10 * scale.per_cell)
        assert screen.pair.scale.per_cell == scale.per_cell
        assert side(screen) == "A", "that was no click"
        await pilot.press("f")
        stack = screen.query(Stack).first()
        row = next(number for number, row in enumerate(stack.rows) if row.group is None and row.depth)
        await pilot.hover("#stack-a", offset=(left + 20, row))
        assert len(str(stack.tooltip).splitlines()) >= 2


#: Keys that are pressed first, the key that can do nothing then, and what it says.
DEAD = [
    (["left"], "left", "This is before the first switch of A."),
    (["tab", "end"], "right", "This is the last switch of B."),
    (["home"], "home", "This is the first switch of A."),
    (["end"], "end", "This is the last switch of A."),
    ([], "s", "All of both is in sight."),
    (["w"] * 40, "w", "It cannot be seen from closer by."),
    ([], "f", "All is in sight already."),
    ([], "a", "This is the beginning of both."),
    ([], "d", "This is the end of both."),
    ([], "up", "This is the first track of A."),
    ([], "pageup", "This is the beginning of the figures."),
]


@pytest.mark.parametrize(("before", "key", "sentence"), DEAD, ids=[f"{'-'.join(d[0][:3])}.{d[1]}" for d in DEAD])
async def test_a_key_that_can_do_nothing_says_so(before: list[str], key: str, sentence: str) -> None:
    app = comparing(halves())
    async with app.run_test(size=SMALL) as pilot:
        await drawn(pilot)
        await pilot.press(*before)
        app.clear_notifications()
        await pilot.press(key)
        await pilot.pause()
        assert [told.message for told in app._notifications] == [sentence]


async def test_what_does_not_differ_or_has_no_groups_says_so(tmp_path: Path) -> None:
    part = Part.whole(read(sleeps().write(tmp_path)))
    app = comparing((part, part))
    async with app.run_test(size=SMALL) as pilot:
        await drawn(pilot)
        for key, sentence in (
            ("n", "All switches are alike, in the same order."),
            ("z", "There are no groups to unfold."),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert [told.message for told in app._notifications] == [sentence]


def test_a_part_is_not_left() -> None:
    pair = Pair(*halves(), ("a", "b"))
    pair.lock_or_part()
    for chosen, part in enumerate(pair.parts):
        pair.choose(chosen)
        for _ in range(100):
            pair.step(1)
        assert (pair.playheads[chosen].index, pair.number(chosen)) == (part.stop - 1, part.stop - part.first)
        for _ in range(100):
            pair.step(-1)
        assert (pair.playheads[chosen].index, pair.number(chosen)) == (part.first - 1, 0)
        assert pair.playheads[chosen].t_ns == part.start_ns


def test_without_a_switch_and_without_a_difference() -> None:
    empty = Part.whole(Timeline())
    pair = Pair(empty, empty, ("a", "b"))
    pair.step(1)
    pair.zoom(2)
    pair.last()
    assert [playhead.index for playhead in pair.playheads] == [-1, -1]
    assert not pair.go_to_difference()
    assert pair.locked


def test_zooming_keeps_what_is_under_the_pointer() -> None:
    pair = Pair(*halves(), ("a", "b"))
    pair.resize(100)
    before = pair.scale
    pair.zoom(4, 50)
    assert pair.scale.start + 50 * pair.scale.per_cell == pytest.approx(before.start + 50 * before.per_cell)
    pair.resize(60)
    assert pair.scale.per_cell * 60 == pytest.approx(before.per_cell * 100 / 4)
    pair.fit()
    assert (pair.scale.start, pair.scale.width) == (0, 60)


def pressing(*pressed: str, theme: str = "") -> Callable[[Pilot[int]], Awaitable[None]]:
    async def press(pilot: Pilot[int]) -> None:
        if theme:
            pilot.app.theme = theme
        await drawn(pilot)
        await pilot.press(*pressed)
        await pilot.pause()
        await pilot.pause()

    return press


@pytest.mark.parametrize("size", [SMALL, NORMAL, LARGE])
def test_how_it_looks(snap_compare: Compare, size: tuple[int, int]) -> None:
    run = pressing("right", "right")
    assert snap_compare(comparing(halves()), terminal_size=size, run_before=run)


def test_each_for_itself_in_a_light_theme(snap_compare: Compare) -> None:
    run = pressing("n", "right", "tab", "right", "right", "w", theme="textual-light")
    assert snap_compare(comparing(halves()), terminal_size=NORMAL, run_before=run)


@pytest.mark.parametrize(("one", "other"), [(sleeps, crowd), (hostile, hostile)])
def test_others(snap_compare: Compare, tmp_path: Path, one: Callable[[], Demo], other: Callable[[], Demo]) -> None:
    a, b = (Part.whole(read(demo().write(tmp_path))) for demo in (one, other))
    app = comparing((a, b), ("\x1b[31m[bold]a", "b"))
    assert snap_compare(app, terminal_size=NORMAL, run_before=pressing("right"))


def test_too_small(snap_compare: Compare) -> None:
    assert snap_compare(comparing(halves()), terminal_size=(50, 15), run_before=pressing())
