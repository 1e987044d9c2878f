"""The sequence on the screen: in the place of the tracks, with the playhead, the selection and the mouse."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.conftest import loaded, text_of
from tests.tui.test_mouse import turn
from tests.tui.traces import Demo, crowd, hand_over, many, sleeps
from visualizer.tui.app import VisualizerApp

Replay = Callable[[Demo], VisualizerApp]


async def test_it_takes_the_place_of_the_tracks_and_gives_it_back(replay: Replay) -> None:
    app = replay(hand_over())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        before = text_of(screen)
        await pilot.press("Y")
        await pilot.pause()
        lines = text_of(screen).splitlines()
        assert lines[2].split() == ["#", "main", "consumer"]
        assert "main sends 1" in lines[5]
        assert lines[5].split()[:4] == ["3", "┊──────", "send", "1"]
        await pilot.press("Y")
        await pilot.pause()
        assert text_of(screen) == before


async def test_the_line_of_the_playhead_is_marked_and_in_sight(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y", "end")
        await pilot.pause()
        sequence = screen.sequence
        assert sequence.current == screen.view.timeline.switch_count - 1
        top = sequence.scroll_offset.y
        assert top <= sequence.current < top + sequence.size.height
        # Those that take part there have the lifelines, and their names stand above.
        names = [screen.view.timeline.name(track) for track in sequence.lifelines.tracks]
        head = text_of(screen).splitlines()[2]
        assert all(name in head for name in names)
        assert names != [screen.view.timeline.name(track) for track in list(screen.view.timeline.tracks)[: len(names)]]


async def test_a_click_on_an_arrow_goes_there_and_one_on_a_name_selects_it(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y")
        await pilot.pause()
        await pilot.click(screen.sequence, offset=(20, 5))
        await pilot.pause()
        assert screen.view.playhead.index == 5
        column = text_of(screen).splitlines()[2].index("bar")
        await pilot.click(screen.sequence.head, offset=(column, 0))
        await pilot.pause()
        assert screen.view.timeline.name(screen.view.selected) == "bar"
        # The playhead stays.
        assert screen.view.playhead.index == 5


async def test_the_wheel_scrolls(replay: Replay) -> None:
    app = replay(crowd())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y")
        await pilot.pause()
        await turn(pilot, screen.sequence, 5, up=False)
        assert screen.sequence.scroll_offset.y > 0
        assert screen.view.playhead.index == 0


async def test_a_prompt_gives_the_focus_back_to_it(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y", "colon", "3", "enter")
        await pilot.pause()
        assert (screen.view.playhead.index, screen.focused) == (2, screen.sequence)
        await pilot.press("colon", "escape")
        await pilot.pause()
        assert screen.focused is screen.sequence


async def test_marks_and_the_span_stand_at_the_numbers(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y", "l", "m", "v", "l", "l", "v", "l")
        await pilot.pause()
        lines = [screen.sequence.runs(line, screen.sequence.width)[:2] for line in range(6)]
        assert [mark.text for mark, _ in lines] == [" ", "▼", " ", " ", " ", " "]
        assert [number.text for _, number in lines] == [" 1", " 2", " 3", " 4", " 5", " 6"]
        assert [number.style == "selected" for _, number in lines] == [False, True, True, True, False, False]
        assert text_of(screen).splitlines()[4].startswith("▼ 2 ")


async def test_where_nothing_was_switched_it_says_so(replay: Replay) -> None:
    app = replay(many(0))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("Y", "down", "right")
        await pilot.pause()
        assert "No switch." in text_of(screen).splitlines()[3]


async def test_escape_goes_back_to_the_timeline_and_the_footer_offers_what_works(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(120, 35)) as pilot:
        screen = await loaded(pilot)
        await pilot.pause()
        before = text_of(screen).splitlines()[-1]
        assert all(word in before for word in ("esc Back", "Step", "Zoom", "Pan", "Fit", "Axis"))
        await pilot.press("Y")
        await pilot.pause()
        await pilot.pause()
        footer = text_of(screen).splitlines()[-1]
        assert all(word in footer for word in ("esc Timeline", "Step", "Play", "Keys", "Quit"))
        assert not any(word in footer for word in ("Zoom", "Pan", "Fit", "Axis"))
        shown = screen.view.viewport
        await pilot.press("w")
        await pilot.pause()
        assert screen.message_line.lines == ["w does nothing in the sequence: Y goes back to the timeline."]
        assert screen.view.viewport == shown
        titles = [command.title for command in app.get_system_commands(screen)]
        assert "Zoom in" not in titles
        assert "Next switch" in titles
        await pilot.press("escape", "escape")
        await pilot.pause()
        await pilot.pause()
        assert app.screen is screen
        assert not screen.sequence.display
        assert text_of(screen).splitlines()[-1] == before
