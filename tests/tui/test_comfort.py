"""What is remembered from one time to the next, and what greets whoever comes for the first time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.traces import Demo, hogs, sleeps
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.text.palette import contrast
from visualizer.session import preferences
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.widgets.footer import Footer
from visualizer.tui.widgets.hint import Hint

Replay = Callable[[Demo], VisualizerApp]
SMALL = (80, 24)


async def test_a_theme_that_was_chosen_is_there_the_next_time(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        assert app.theme == "textual-dark"
        await pilot.press("ctrl+t", *"nord")
        await app.workers.wait_for_complete()
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme == "nord"
    assert preferences.load().theme == "nord"
    again = replay(sleeps())
    async with again.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        assert again.theme == "nord"


async def test_a_theme_that_nobody_chose_is_not_remembered(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        app.theme = "nord"
        await pilot.pause()
    assert preferences.load().theme == ""


@pytest.mark.parametrize("theme", ["no theme of this version", ""])
async def test_a_theme_that_is_not_known_any_more_does_no_harm(replay: Replay, theme: str) -> None:
    Preferences(theme, hinted=True).save()
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        await loaded(pilot)
        assert app.theme == "textual-dark"


async def test_the_axis_that_was_chosen_last_is_there_the_next_time(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert screen.view.viewport.axis is Axis.TIME
        await pilot.press("x")
    for key, axis in (("x", Axis.SWITCHES), ("comma", Axis.TIME)):
        app = replay(sleeps())
        async with app.run_test(size=SMALL) as pilot:
            screen = await loaded(pilot)
            assert screen.view.viewport.axis is axis
            assert screen.view.viewport.shows_end(screen.view.timeline)
            await pilot.press(key)


async def test_five_keys_are_shown_the_first_time_and_none_is_lost(replay: Replay, state_dir: Path) -> None:
    (state_dir / "preferences.json").unlink()
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert screen.query(Hint)
    # Nobody has pressed a key, and so perhaps nobody has seen it.
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        for line in ("→   go to the next", "w   zoom in", "x   time axis", "p   go to the next", "?   show all keys"):
            assert line in text_of(screen)
        await pilot.press("right")
        await pilot.pause()
        assert screen.view.playhead.index == 1, "the key did what it does"
        assert not screen.query(Hint)
        assert "Five keys" not in text_of(screen)
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert not screen.query(Hint)


async def test_a_click_takes_the_hint_away_too(replay: Replay, state_dir: Path) -> None:
    (state_dir / "preferences.json").unlink()
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        await pilot.click("Ruler", offset=(30, 0))
        await pilot.pause()
        assert not screen.query(Hint)
        assert screen.view.playhead.index > 0


#: In one app, keys that are pressed first, the key that can do nothing then, and what it says; by the key that takes
#: that away, since it does something.
DEAD: dict[str, list[tuple[list[str], str, str]]] = {
    "2": [
        ([], "Q", "Q does nothing here; q: quit. ? shows all keys."),
        ([], "ctrl+z", "ctrl+z does nothing here; u: undo the last jump. ? shows all keys."),
        ([], "home", "This is the first switch."),
        ([], "H", "There is no earlier switch to the selected track."),
        ([], "F", "There is no end to follow: the program has ended."),
        ([], "s", "All of the trace is visible."),
        ([], "a", "This is the beginning of the trace."),
        ([], "d", "This is the end of the trace."),
        ([], "f", "Everything is visible already."),
        ([], "up", "This is the first track."),
        ([], "Z", "There are no groups: a group takes 8 tracks of one name."),
        ([], "u", "There is no jump to undo."),
        ([], "U", "There is no jump to redo."),
        ([], "comma", "No earlier visible range."),
        ([], "full_stop", "No later visible range."),
        ([], "pagedown", "This is the last track."),
        ([], "pageup", "This is the first track."),
        (["left"], "left", "This is before the first switch."),
        (["end"], "right", "This is the last switch."),
        ([], "end", "This is the last switch."),
        ([], "L", "There is no further switch to the selected track."),
        (["greater_than_sign"] * 3, "greater_than_sign", "This is the highest speed."),
        (["less_than_sign"] * 12, "less_than_sign", "This is the lowest speed."),
        (["w"] * 40, "w", "Cannot zoom in any further."),
        (["down"] * 4, "down", "This is the last track."),
    ],
    "x": [
        (["tab", "left"], "up", "This is before the first switch."),
        (["end"], "pagedown", "This is the last switch."),
        (["3"], "f5", "f5 does nothing here: ? shows all keys."),
        ([], "up", "This is the beginning of the list."),
        (["pagedown"] * 9, "pagedown", "This is the end of the list."),
        (["4"], "enter", "There are no problems to go to."),
        ([], "down", "This is the last problem."),
    ],
}


@pytest.mark.parametrize("another", DEAD)
async def test_a_key_that_can_do_nothing_says_so_until_the_next(replay: Replay, another: str) -> None:
    app = replay(sleeps())
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        for before, key, sentence in DEAD[another]:
            await pilot.press(*before)
            await pilot.pause()
            lines = screen.message_line.lines if before and before[-1] != key else []
            await pilot.press(key)
            await pilot.pause()
            assert screen.message_line.lines == [sentence]
            await pilot.press(key)
            await pilot.pause()
            assert screen.message_line.lines == [sentence], "it is so still"
            await pilot.press(another)
            await pilot.pause()
            assert screen.message_line.lines == lines, "what stood there before"


async def test_where_nothing_was_switched_these_keys_say_so(replay: Replay) -> None:
    demo = Demo("nothing", "pass\n")
    demo.at_ms(5).end()
    app = replay(demo)
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        for key in ("left", "right", "home", "end", "space"):
            await pilot.press(key)
            await pilot.pause()
            assert screen.message_line.lines == ["No switch."], key
            await pilot.press("2")
            await pilot.pause()
            assert screen.message_line.lines == []


@pytest.mark.parametrize("axis", [[], ["x"]], ids=["time", "switches"])
async def test_everything_survives_a_terminal_that_is_too_small_for_a_while(replay: Replay, axis: list[str]) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        view = screen.view
        await pilot.press(*axis, "w", "w", "d", "down", "down", "v", *["right"] * 4, "v", "o", "3", "tab", "m")
        await pilot.pause()

        def state() -> tuple[object, ...]:
            at = view.playhead
            tabs = [name for name, pane in screen._tabs.items() if pane.display]
            focused = type(screen.focused).__name__
            return view.viewport, view.span, at.index, at.t_ns, view.selected, tabs, focused, len(view.marks), text()

        def text() -> str:
            return text_of(screen)

        before = state()
        assert before[1] is not None
        for size in ((59, 35), (120, 15), (1, 1), (200, 50), (80, 24), (120, 35)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            await pilot.pause()
            assert ("too small" in text()) == (min(size[0] - 59, size[1] - 15) <= 0 and size != (1, 1))
        assert state() == before


async def test_every_theme_is_readable(replay: Replay) -> None:
    app = replay(hogs())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.press(*["right"] * 4, "tab", "m")
        footer = screen.query_one(Footer).region.y
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            await pilot.pause()
            least = (7, 4.5) if theme.startswith("high-contrast") else (4.5, 3)
            poor = {
                (theme, told.strip(), ink.color.triplet.hex, ink.bgcolor.triplet.hex)
                for line in screen._compositor.render_strips()[:footer]
                for told, ink, _ in line
                if told.strip() and ink and ink.color and ink.bgcolor and ink.color.triplet and ink.bgcolor.triplet
                if contrast(ink.color.triplet.hex, ink.bgcolor.triplet.hex) < least[not told.strip().isalnum()]
            }
            assert poor == set()
    assert {"high-contrast-dark", "high-contrast-light"} <= set(app.available_themes)


async def test_a_projector_gets_high_contrast_and_the_timeline_at_full_size(tmp_path: Path, clock: Clock) -> None:
    app = VisualizerApp(open_path=sleeps().write(tmp_path), big=True, clock=clock)
    async with app.run_test(size=SMALL) as pilot:
        screen = await loaded(pilot)
        assert app.theme == "high-contrast-dark"
        assert "Events" not in text_of(screen)
        await pilot.press("0")
        assert "Event" in text_of(screen)
    # It was not chosen to stay.
    assert preferences.load().theme == ""
