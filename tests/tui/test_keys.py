"""Every key of the tables does what its description says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.binding import Binding

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.traces import Demo, hogs, sleeps
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.rows.grouping import By, Order
from visualizer.paint.rows.order import row_name
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen

Replay = Callable[[Demo], VisualizerApp]
Says = Callable[[TimelineScreen], object]

LAST = 14


def index(screen: TimelineScreen) -> object:
    return screen.view.playhead.index


def selected(screen: TimelineScreen) -> object:
    return screen.view.timeline.name(screen.view.selected)


def tab(screen: TimelineScreen) -> object:
    return [pane.id for pane in screen._tabs.values() if pane.display]


def shown(screen: TimelineScreen) -> object:
    viewport = screen.view.viewport
    return round(viewport.start / 1e6), round(viewport.width * viewport.per_cell / 1e6)


def told(screen: TimelineScreen) -> object:
    return [notification.message for notification in screen.app._notifications]


def moment(screen: TimelineScreen) -> object:
    """The time in µs, and who is selected."""
    return screen.view.playhead.t_ns // 1_000, selected(screen)


def last_told(screen: TimelineScreen) -> object:
    return screen.told.lines[-1:]


def asked(screen: TimelineScreen) -> object:
    """What is asked for, if something may be typed."""
    return str(screen.prompt._title.content) if screen.prompt.display and focus(screen) == "_Line" else ""


def top(screen: TimelineScreen) -> object:
    """What lies on the timeline."""
    return type(screen.app.screen).__name__


def marks(screen: TimelineScreen) -> object:
    return top(screen), len(screen.marks)


def rows(screen: TimelineScreen) -> object:
    return [row_name(screen.view.timeline, row) for row in screen.view.rows]


def focus(screen: TimelineScreen) -> object:
    return type(screen.focused).__name__


#: Keys that are pressed first, the key, what is looked at, and what it is afterwards.
CASES: list[tuple[list[str], str, Says, object]] = [
    ([], "right", index, 1),
    ([], "l", index, 1),
    (["right", "right"], "left", index, 1),
    (["right", "right"], "h", index, 1),
    ([], "left", index, -1),
    (["left"], "left", index, -1),
    (["end"], "right", index, LAST - 1),
    # foo is switched to twice: switch 1 and switch 11.
    (["down", "down"], "L", index, 1),
    (["down", "down", "L"], "L", index, 11),
    (["down", "down", "end"], "H", index, 11),
    (["down", "down", "end", "H"], "H", index, 1),
    (["down", "down", "L", "L"], "L", index, 11),
    ([], "end", index, LAST - 1),
    ([], "G", index, LAST - 1),
    (["end"], "home", index, 0),
    (["end"], "g", index, 0),
    ([], "space", lambda screen: screen.view.playhead.playing, True),
    (["space"], "space", lambda screen: screen.view.playhead.playing, False),
    ([], "greater_than_sign", lambda screen: screen.view.playhead.speed, 2.0),
    ([], "less_than_sign", lambda screen: screen.view.playhead.speed, 0.5),
    # There is no end to follow in a recording; of a program that runs: test_live.py.
    ([], "F", lambda screen: screen.view.playhead.following, False),
    ([], "w", shown, (0, 1052)),
    ([], "plus", shown, (0, 1052)),
    ([], "equals_sign", shown, (0, 1052)),
    (["w", "w"], "s", shown, (0, 1052)),
    (["w", "w"], "minus", shown, (0, 1052)),
    (["w"], "d", shown, (255, 1052)),
    (["w"], "ctrl+right", shown, (255, 1052)),
    (["w", "d", "d"], "a", shown, (255, 1052)),
    (["w", "d", "d"], "ctrl+left", shown, (255, 1052)),
    (["w", "w", "d"], "f", shown, (0, 2104)),
    ([], "x", lambda screen: screen.view.viewport.axis, Axis.SWITCHES),
    (["x"], "x", lambda screen: screen.view.viewport.axis, Axis.TIME),
    ([], "W", last_told, ["Times count from the playhead, at 0.030 s."]),
    (["m", "end"], "W", last_told, ["Times count from mark 1, at 0.030 s."]),
    (["W"], "W", last_told, ["Times count from the start; the trace does not contain the time of day."]),
    ([], "X", lambda screen: screen.view.viewport.axis, Axis.BUSY),
    (["X"], "X", lambda screen: screen.view.viewport.axis, Axis.TIME),
    (["X", "x"], "x", lambda screen: screen.view.viewport.axis, Axis.BUSY),
    (["x"], "X", last_told, ["2 idle gaps are folded; the ruler shows how long each is."]),
    ([], "down", selected, "hub"),
    ([], "j", selected, "hub"),
    (["down", "down"], "up", selected, "hub"),
    (["down", "down"], "k", selected, "hub"),
    ([], "up", selected, "main"),
    ([], "enter", lambda screen: len(screen.view.rows), 1),
    (["down", "down"], "enter", lambda screen: len(screen.view.rows), 1),
    (["enter"], "enter", lambda screen: len(screen.view.rows), 5),
    ([], "z", lambda screen: len(screen.view.rows), 1),
    (["z"], "z", lambda screen: len(screen.view.rows), 5),
    # Without groups there is nothing to fold but threads; see test_groups.py.
    ([], "Z", lambda screen: len(screen.view.rows), 5),
    ([], "Y", focus, "Sequence"),
    (["Y"], "Y", focus, "Tracks"),
    (["Y", "end"], "home", index, 0),
    (["Y"], "l", index, 1),
    (["Y"], "right", index, 1),
    (["Y", "right", "right"], "left", index, 1),
    (["Y"], "escape", focus, "Tracks"),
    ([], "ampersand", focus, "_Line"),
    ([], "slash", asked, " search "),
    (["ampersand", "f", "o", "o"], "escape", lambda screen: len(screen.view.rows), 5),
    ([], "A", lambda screen: (screen.view.order, rows(screen)), (Order.NAME, ["main", "bar", "foo", "hub", "third"])),
    (["A"], "A", rows, ["main", "hub", "foo", "bar", "third"]),
    (["A", "A"], "A", last_told, ["Rows are sorted by time ready but not running, the longest first."]),
    (["A", "A", "A"], "A", rows, ["main", "foo", "bar", "third", "hub"]),
    (["A", "A", "A", "A"], "A", rows, ["main", "hub", "foo", "bar", "third"]),
    ([], "B", lambda screen: screen.view.by, By.THREAD),
    (["B"], "B", rows, ["thread ×1", "hub ×1", "greenlet ×3"]),
    (["B", "B"], "B", rows, ["main", "foo", "bar", "third", "hub"]),
    (["B", "B", "B"], "B", rows, ["process ×5", "main", "hub", "foo", "bar", "third"]),
    (["B", "B", "B", "B"], "B", rows, ["main", "hub", "foo", "bar", "third"]),
    (["down", "down", "down"], "asterisk", rows, ["bar", "main", "hub", "foo", "third"]),
    (["down", "down", "down", "asterisk"], "asterisk", rows, ["main", "hub", "foo", "bar", "third"]),
    (["down"], "delete", rows, ["main", "foo", "bar", "third"]),
    (["down", "delete"], "backspace", rows, ["main", "bar", "third"]),
    (["down", "delete", "delete"], "D", rows, ["main", "hub", "foo", "bar", "third"]),
    ([], "D", last_told, ["No row is hidden."]),
    (["2"], "1", tab, ["events"]),
    ([], "2", tab, ["output"]),
    ([], "3", tab, ["statistics"]),
    (["3"], "3", lambda screen: "share of 2.04 s" in text_of(screen), True),
    (["3", "3"], "3", lambda screen: "share of" in text_of(screen), False),
    ([], "4", tab, ["findings"]),
    ([], "5", tab, ["tree"]),
    ([], "6", tab, ["waits"]),
    (["tab"], "2", focus, "Output"),
    ([], "tab", focus, "Events"),
    (["tab"], "shift+tab", focus, "Tracks"),
    # From switch 0, at 30.009 ms: third is woken at 31 ms.
    ([], "r", moment, (31_000, "third")),
    (["r"], "r", moment, (1_031_501, "bar")),
    (["r", "r"], "R", moment, (31_000, "third")),
    ([], "e", last_told, ["No further exception."]),
    ([], "E", last_told, ["No earlier exception."]),
    ([], "o", last_told, ["output: foo prints foo goes to sleep"]),
    (["o", "o"], "O", moment, (30_009, "foo")),
    ([], "p", last_told, ["No further problem."]),
    ([], "P", last_told, ["No earlier problem."]),
    # foo is selected; bar's output is passed over.
    (["o", "t"], "o", last_told, ["output of the selected track: foo prints foo is awake again"]),
    ([], "t", last_told, ["Jumps now go to events of the selected track only."]),
    ([], "m", last_told, ["mark 1 set here."]),
    (["m"], "m", last_told, ["mark 1 removed."]),
    ([], "M", asked, " name of the mark "),
    (["m", "end", "m", "home", "left"], "apostrophe", moment, (30_007, "main")),
    (["m", "end"], "quotation_mark", moment, (30_007, "main")),
    ([], "b", last_told, ["There are no marks yet: m sets one."]),
    (["m"], "b", lambda screen: type(screen.app.screen).__name__, "MarksScreen"),
    (["v", "right"], "v", lambda screen: screen.view.span, (30_007_000, 30_008_000)),
    (["v", "right", "v", "end"], "v", lambda screen: screen.view.span, (2_033_002_000, 2_033_002_000)),
    (["shift+right"], "shift+right", lambda screen: screen.view.span, (30_007_000, 30_010_000)),
    (["right"], "shift+left", lambda screen: screen.view.span, (30_007_000, 30_008_000)),
    (["m", "right", "m", "home"], "V", lambda screen: screen.view.span, (30_007_000, 30_008_000)),
    ([], "V", last_told, ["This needs two marks: m sets one."]),
    (["v", "end"], "i", shown, (30, 2034)),
    ([], "i", last_told, ["There is no span to zoom in on: v starts one."]),
    ([], "colon", asked, " go to "),
    ([], "ctrl+f", asked, " search "),
    (["slash", *"awake", "enter"], "n", moment, (2_032_003, "foo")),
    (["ctrl+f", *"awake", "enter", "n"], "N", moment, (1_031_503, "bar")),
    ([], "n", last_told, ["Nothing to search for: / starts a search."]),
    # bar, at its sleep's end, back to when it went to sleep.
    (["end", "left", "left", "left", "left"], "c", moment, (30_013, "bar")),
    # hub runs at first; foo, the first that runs then, was spawned by main.
    (["left"], "C", moment, (30_008, "foo")),
    (["r", "r"], "u", moment, (31_000, "third")),
    (["end", "left", "left", "left"], "u", index, LAST - 1),
    (["r", "r", "u"], "U", moment, (1_031_501, "bar")),
    (["w", "d"], "comma", shown, (0, 1052)),
    (["w", "d", "comma"], "full_stop", shown, (255, 1052)),
    (["x"], "comma", lambda screen: screen.view.viewport.axis, Axis.TIME),
    # Of a program that runs: test_stepping.py.
    *(
        ([], key, last_told, ["This is a recording: there is no program to pause."])
        for key in ("S", "J", "T", "semicolon")
    ),
    ([], "escape", lambda screen: type(screen.app.screen), CatalogueScreen),
    ([], "question_mark", lambda screen: type(screen.app.screen), HelpScreen),
    ([], "ctrl+p", lambda screen: type(screen.app.screen).__name__, "CommandPalette"),
    ([], "ctrl+t", lambda screen: type(screen.app.screen).__name__, "CommandPalette"),
    ([], "q", lambda screen: screen.app._exit, True),
    ([], "ctrl+q", lambda screen: screen.app._exit, True),
    ([], "ctrl+c", told, ["Press q to quit."]),
    (["ctrl+c", "ctrl+c"], "ctrl+c", told, ["Press q to quit."]),
]


#: The same, where something else has the focus and takes the key: the section of its keys, and the recording.
FOCUSED: list[tuple[keys.Section, Callable[[], Demo], list[str], str, Says, object]] = [
    (keys.SEQUENCE, sleeps, ["Y"], "right_square_bracket", selected, "hub"),
    (keys.SEQUENCE, sleeps, ["Y", *["right_square_bracket"] * 2], "left_square_bracket", selected, "hub"),
    (keys.LIST, sleeps, ["Y"], "down", index, 1),
    (keys.LIST, sleeps, ["Y", "end"], "up", index, LAST - 2),
    (keys.PAGES, sleeps, ["Y"], "pagedown", index, 9),
    # The events.
    (keys.LIST, sleeps, ["tab"], "down", index, 1),
    (keys.LIST, sleeps, ["tab", "down", "down"], "up", index, 1),
    (keys.PAGES, sleeps, ["tab"], "pagedown", index, 11),
    (keys.PAGES, sleeps, ["tab", "end"], "pageup", index, 2),
    # The second finding is the one that is never resumed.
    (keys.FINDINGS, hogs, ["4", "tab", "down", "down", "down"], "enter", moment, (530_002, "forgotten")),
    # The hub, in the tree; and whoever waits for whom is behind it.
    (keys.CHOICES, sleeps, ["5", "tab", "down"], "enter", selected, "hub"),
    (keys.CHOICES, sleeps, ["right", "right", "6", "tab", *["down"] * 4], "enter", selected, "foo"),
    (keys.MARKS, sleeps, ["m", "right", "m", "b"], "delete", marks, ("MarksScreen", 1)),
    (keys.MARKS, sleeps, ["m", "right", "m", "b"], "backspace", marks, ("MarksScreen", 1)),
    (keys.MARKS, sleeps, ["m", "b"], "escape", marks, ("TimelineScreen", 1)),
    (keys.MARKS, sleeps, ["m", "b"], "b", marks, ("TimelineScreen", 1)),
]


def action_of(app: VisualizerApp, key: str) -> str:
    """What the key is bound to where it would be pressed now."""
    return app.screen.active_bindings[key].binding.action


def actions(*sections: keys.Section) -> set[tuple[str, str]]:
    """All their keys, and what each does."""
    return {(each.key, each.action) for section in sections for each in Binding.make_bindings(section.bindings)}


def named(case: tuple[object, ...]) -> str:
    before, key = case[-4:-2]
    assert isinstance(before, list)
    return f"{'-'.join(before)}.{key}"


@pytest.mark.parametrize(("before", "key", "says", "expected"), CASES, ids=map(named, CASES))
async def test_a_key_does_what_it_says(
    replay: Replay, before: list[str], key: str, says: Says, expected: object
) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        assert screen.view.timeline.switch_count == LAST
        await pilot.press(*before)
        before_it = says(screen)
        # Textual copies what is selected, and passes it on where nothing is.
        if action_of(app, key) != "screen.copy_text":
            assert (key, action_of(app, key)) in actions(*keys.TIMELINE, keys.GENERAL), "nobody else takes it"
        await pilot.press(key)
        await pilot.pause()
        assert says(screen) == expected, f"was {before_it}"


@pytest.mark.parametrize(("section", "demo", "before", "key", "says", "expected"), FOCUSED, ids=map(named, FOCUSED))
async def test_a_key_does_what_it_says_of_whatever_has_the_focus(
    replay: Replay,
    section: keys.Section,
    demo: Callable[[], Demo],
    before: list[str],
    key: str,
    says: Says,
    expected: object,
) -> None:
    app = replay(demo())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press(*before)
        await pilot.pause()
        before_it = says(screen)
        assert before_it != expected
        assert (key, action_of(app, key)) in actions(section)
        await pilot.press(key)
        await pilot.pause()
        assert says(screen) == expected, f"was {before_it}"


def test_every_key_of_the_tables_is_tried() -> None:
    """Those of the catalogue: test_catalogue.py; of two traces: test_comparison.py."""
    assert {key for key, _ in actions(*keys.TIMELINE, keys.GENERAL)} == {key for _, key, _, _ in CASES}
    for section in (keys.LIST, keys.SEQUENCE, keys.FINDINGS, keys.CHOICES, keys.MARKS, keys.PAGES):
        assert {key for key, _ in actions(section)} == {case[3] for case in FOCUSED if case[0] is section}, (
            section.title
        )


def test_no_section_is_forgotten() -> None:
    """Every table of keys.py is one whose keys are tried. That of two traces that are being read: test_comparing.py."""
    sections = {each.title for each in vars(keys).values() if isinstance(each, keys.Section)}
    tables = {each.title for table in (keys.TIMELINE, keys.CATALOGUE, keys.COMPARISON) for each in table}
    tried = {case[0].title for case in FOCUSED} | {keys.GENERAL.title, keys.LOADING.title} | tables
    assert sections | tables == tried


@pytest.mark.parametrize("key", ["escape", "question_mark", "q", "enter"])
async def test_help_is_closed_by(replay: Replay, key: str) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("question_mark")
        assert top(screen) == "HelpScreen"
        await pilot.press(key)
        await pilot.pause()
        assert top(screen) == "TimelineScreen"
        assert not app._exit


def test_no_key_is_bound_twice() -> None:
    for sections in ((*keys.TIMELINE, keys.GENERAL), (*keys.CATALOGUE, keys.GENERAL)):
        bound = [each.key for section in sections for each in Binding.make_bindings(section.bindings)]
        assert sorted(set(bound)) == sorted(bound)


async def test_help_lists_every_key(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 140)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        help_screen = app.screen
        assert isinstance(help_screen, HelpScreen)
        lines = ["".join(segment.text for segment in line) for line in help_screen._compositor.render_strips()]
        for section in (*screen.SECTIONS, keys.GENERAL):
            assert any(section.title in line for line in lines)
            for binding in section.bindings:
                names = [app.get_key_display(each) for each in Binding.make_bindings([binding])]
                assert any("  ".join(names) in line and binding.tooltip in line for line in lines), binding
        await pilot.press("escape")
        assert app.screen is screen


async def test_help_has_as_many_columns_as_have_room(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(200, 50)) as pilot:
        await loaded(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        page = app.screen.query_one("#help")
        seen = []
        for size in ((200, 50), (120, 35), (80, 24), (40, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            lines = ["".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()]
            [first] = [line for line in lines if "Switches" in line]
            seen.append(("Playing" in first, "In a list" in first or "In tree" in first, page.max_scroll_y > 0))
        # Where the terminal is large, all of it is in sight.
        assert seen == [(True, True, False), (False, True, True), (False, False, True), (False, False, True)]


async def test_the_command_palette_has_every_action(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        commands = {command.title: command.callback for command in app.get_system_commands(screen)}
        for section in (*keys.TIMELINE, keys.GENERAL):
            for binding in section.bindings:
                assert binding.tooltip in commands or binding.key == "ctrl+p"
        described = {command.title: command.help for command in app.get_system_commands(screen)}
        assert described["Next switch"] == "Press → or l"
        await commands["Next switch"]()
        await pilot.pause()
        assert screen.view.playhead.index == 1


async def test_playing_takes_as_long_as_the_program_did(replay: Replay, clock: Clock) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("less_than_sign", "space")
        seen = []
        for _ in range(9):
            clock.now_ns += 500_000_000
            screen.tick()
            seen.append((screen.view.playhead.index, screen.view.playhead.t_ns // 1_000_000))
        start = 30
        assert seen[:4] == [(8, start + 250), (8, start + 500), (8, start + 750), (8, start + 1000)]
        # At half the speed 2.04 s take more than 4 s; at the end it stops.
        assert seen[-1] == (13, 2040)
        assert not screen.view.playhead.playing
        await pilot.press("space")
        assert screen.view.playhead.index == -1, "played again from the beginning"


async def test_on_the_switch_axis_every_switch_takes_the_same_time(replay: Replay, clock: Clock) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("x", "space")
        seen = []
        for _ in range(5):
            clock.now_ns += 1_000_000_000
            screen.tick()
            seen.append(screen.view.playhead.index)
        assert seen == [3, 6, 9, 12, 13]


@pytest.mark.parametrize("opened", [["home", "left", "left"], ["v"], ["m"]], ids=lambda opened: "-".join(opened))
async def test_the_footer_says_what_escape_does(replay: Replay, opened: list[str]) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)

        async def promised() -> str:
            # The footer is made anew when it has other keys to show.
            await pilot.pause()
            await pilot.pause()
            return text_of(screen).splitlines()[-1]

        assert "esc Back" in await promised()
        await pilot.press(*opened)
        assert "esc Close" in await promised()
        assert "q Quit" in await promised(), "there is room for it"
        await pilot.press("escape")
        assert (screen.told.display, screen.view.span) == (False, None)
        assert app.screen is screen
        assert "esc Back" in await promised()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, CatalogueScreen)


@pytest.mark.parametrize("opened", ["colon", "slash", "ampersand"])
async def test_ctrl_c_says_how_to_quit_where_a_q_is_typed(replay: Replay, opened: str) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press(opened, "ctrl+c")
        await pilot.pause()
        assert told(screen) == ["Press Escape to close this, then q to quit."]
        await pilot.press("escape", "q")
        await pilot.pause()
        assert app._exit


@pytest.mark.parametrize("opened", ["ctrl+p", "ctrl+t", "question_mark", "b"])
async def test_ctrl_c_closes_what_lies_in_front(replay: Replay, opened: str) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("m", opened)
        await pilot.pause()
        assert app.screen.is_modal
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert app.screen is screen
        assert told(screen) == ["Press q to quit."]
        await pilot.press("q")
        await pilot.pause()
        assert app._exit
