"""Every key of the tables does what its description says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.app import App
from textual.binding import Binding

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.traces import Demo, hogs, sleeps
from tests.tui.walks import Walk, go, looked_at
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.rows.grouping import By, RowOrder
from visualizer.paint.rows.order import row_name
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen

Replay = Callable[[Demo], VisualizerApp]
Says = Callable[[TimelineScreen], object]

LAST = 14
HOLDING = ("S", "J", "T", "semicolon")


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


def message(screen: TimelineScreen) -> object:
    return screen.message_line.lines[-1:]


def asked(screen: TimelineScreen) -> object:
    """What is asked for, if something may be typed."""
    return str(screen.prompt._title.content) if screen.prompt.display and focus(screen) == "_PromptInput" else ""


def top(screen: TimelineScreen) -> object:
    """What lies on the timeline."""
    return type(screen.app.screen).__name__


def marks(screen: TimelineScreen) -> object:
    return top(screen), len(screen.marks)


def marked(screen: TimelineScreen) -> object:
    """The switches at which there are marks."""
    return [screen.view.timeline.switch_before(mark.t_ns) for mark in screen.marks]


def rows(screen: TimelineScreen) -> object:
    return [row_name(screen.view.timeline, row) for row in screen.view.rows]


def row_count(screen: TimelineScreen) -> object:
    return len(screen.view.rows)


def focus(screen: TimelineScreen) -> object:
    return type(screen.focused).__name__


def axis(screen: TimelineScreen) -> object:
    return screen.view.viewport.axis


def span(screen: TimelineScreen) -> object:
    return screen.view.span


def playing(screen: TimelineScreen) -> object:
    return screen.view.playhead.playing


def speed(screen: TimelineScreen) -> object:
    return screen.view.playhead.speed


def heights(screen: TimelineScreen) -> object:
    """Of the rows, and of the lists."""
    return screen._tracks.size.height, screen.query_one("#below").size.height


def clipboard(screen: TimelineScreen) -> object:
    return " ".join(screen.app.clipboard.split()[:2])


#: What goes together is pressed in one app; keys alone lead from one to the next.
WALKS: dict[str, Walk[TimelineScreen]] = {
    "steps": [
        ("right", index, 1), ("l", index, 2), ("left", index, 1), ("h", index, 0), ("left", index, -1),
        ("left", index, -1), ("end", index, LAST - 1), ("right", index, LAST - 1), ("home", index, 0),
        ("G", index, LAST - 1), ("g", index, 0),
        # foo is switched to twice: switch 1 and switch 11.
        "down", "down", ("L", index, 1), ("L", index, 11), ("L", index, 11), "end", ("H", index, 11), ("H", index, 1),
        # bar, at its sleep's end, back to when it went to sleep.
        "end", "left", "left", "left", "left", ("c", moment, (30_013, "bar")),
        # hub runs at first; foo, the first that runs then, was spawned by main.
        "home", "left", ("C", moment, (30_008, "foo")),
    ],
    "playing": [
        # There is no end to follow in a recording; of a program that runs: test_live.py.
        ("space", playing, True), ("space", playing, False), ("greater_than_sign", speed, 2.0),
        ("less_than_sign", speed, 1.0), ("less_than_sign", speed, 0.5),
        ("F", lambda screen: screen.view.playhead.following, False),
        ("y", clipboard, "main waits"), "y", ("y", clipboard, "visualizer export"), "right",
        ("y", clipboard, "main spawned"), ("y", clipboard, "sleeps.py:4: def"), ("y", clipboard, "visualizer export"),
    ],
    "zooming and panning": [
        ("w", shown, (0, 1052)), "w", ("s", shown, (0, 1052)), "s", ("plus", shown, (0, 1052)), "w",
        ("minus", shown, (0, 1052)), "s", ("equals_sign", shown, (0, 1052)), ("d", shown, (255, 1052)),
        ("ctrl+right", shown, (510, 1052)), ("a", shown, (255, 1052)), "d", ("ctrl+left", shown, (255, 1052)),
        ("f", shown, (0, 2104)), ("comma", shown, (255, 1052)), ("full_stop", shown, (0, 2104)),
    ],
    "axes": [
        ("x", axis, Axis.SWITCHES), ("comma", axis, Axis.TIME), "x", ("x", axis, Axis.TIME), ("X", axis, Axis.BUSY),
        "x", ("x", axis, Axis.BUSY), ("X", axis, Axis.TIME), "x",
        ("X", message, ["2 idle gaps are folded; the ruler shows how long each is."]),
        "x", ("W", message, ["Times count from the playhead, at 0.030 s."]),
        ("W", message, ["Times count from the start; the trace does not contain the time of day."]),
        "m", "end", ("W", message, ["Times count from mark 1, at 0.030 s."]),
    ],
    "rows": [
        ("up", selected, "main"), ("down", selected, "hub"), ("j", selected, "foo"), ("up", selected, "hub"), "down",
        ("k", selected, "hub"), "k", ("enter", row_count, 1), ("enter", row_count, 5), "down", "down",
        ("enter", row_count, 1), ("z", row_count, 5), ("z", row_count, 1), "z",
        # Without groups there is nothing to fold but threads; see test_groups.py.
        ("Z", row_count, 5),
        (
            "A", lambda screen: (screen.view.order, rows(screen)),
            (RowOrder.NAME, ["main", "bar", "foo", "hub", "third"]),
        ),
        ("A", rows, ["main", "hub", "foo", "bar", "third"]), "A",
        ("A", rows, ["main", "foo", "bar", "third", "hub"]), ("A", rows, ["main", "hub", "foo", "bar", "third"]),
        "A", "A", ("A", message, ["Rows are sorted by time ready but not running, the longest first."]),
        "A", "A",
        ("B", lambda screen: screen.view.by, By.THREAD),
        ("B", rows, ["thread ×1", "main", "hub ×1", "hub", "greenlet ×3", "foo", "bar", "third"]),
        ("B", rows, ["main", "foo", "bar", "third", "hub"]),
        ("B", rows, ["sleeps ×5", "main", "hub", "foo", "bar", "third"]),
        ("B", rows, ["main", "hub", "foo", "bar", "third"]),
        ("D", message, ["No row is hidden."]), "down", "down", "down",
        ("asterisk", rows, ["bar", "main", "hub", "foo", "third"]),
        ("asterisk", rows, ["main", "hub", "foo", "bar", "third"]), "up", "up",
        ("delete", rows, ["main", "foo", "bar", "third"]), ("backspace", rows, ["main", "bar", "third"]),
        ("D", rows, ["main", "hub", "foo", "bar", "third"]),
    ],
    "lists": [
        ("Y", focus, "Sequence"), ("right", index, 1), ("l", index, 2), ("left", index, 1), "end", ("home", index, 0),
        ("Y", focus, "TracksPane"), "Y", ("escape", focus, "TracksPane"),
        ("2", tab, ["output"]), ("1", tab, ["events"]), ("3", tab, ["statistics"]),
        ("3", lambda screen: "share of 2.04 s" in text_of(screen), True),
        ("3", lambda screen: "share of" in text_of(screen), False), ("4", tab, ["findings"]), ("5", tab, ["tree"]),
        ("6", tab, ["waits"]), "1", ("tab", focus, "Events"), ("2", focus, "OutputPane"),
        ("shift+tab", focus, "TracksPane"),
        "1", ("0", heights, (5, 0)), ("0", heights, (5, 12)), "0", ("escape", heights, (5, 12)), "tab",
        ("0", heights, (0, 19)), ("0", heights, (5, 12)),
    ],
    "jumps": [
        ("r", moment, (31_000, "third")), ("r", moment, (1_031_501, "bar")), ("R", moment, (31_000, "third")),
        ("e", message, ["There is no exception."]), ("E", message, ["There is no exception."]),
        ("p", message, ["There is no problem."]), ("P", message, ["There is no problem."]), "home",
        ("o", message, ["output: foo prints foo goes to sleep"]), "o", ("O", moment, (30_009, "foo")),
        ("t", message, ["Jumps now go to events of the selected track only."]),
        # foo is selected; bar's output is passed over.
        ("o", message, ["output of the selected track: foo prints foo is awake again"]),
        "t", "home", "r", "r", ("u", moment, (31_000, "third")), ("U", moment, (1_031_501, "bar")),
        "end", "left", "left", "left", ("u", index, LAST - 1),
        "home", ("n", message, ["Nothing to search for: / starts a search."]), ("colon", asked, " go to "), "escape",
        ("ampersand", focus, "_FilterInput"), "f", "o", "o", ("escape", row_count, 5),
        ("slash", asked, " search "), "escape",
        ("ctrl+f", asked, " search "), *"awake", "enter", ("n", moment, (2_032_003, "foo")),
        ("N", moment, (1_031_503, "bar")),
    ],
    "marks": [
        ("b", message, ["There are no marks yet: m sets one."]),
        ("V", message, ["This needs two marks: m sets one."]),
        ("M", asked, " name of the mark "), "escape", ("m", message, ["Mark set: mark 1"]),
        ("m", message, ["Mark removed: mark 1"]), "m", "end", "m", ("quotation_mark", moment, (30_007, "main")), "left",
        ("apostrophe", moment, (30_007, "main")), ("b", top, "MarksScreen"),
    ],
    "spans": [
        ("i", message, ["There is no span to zoom in on: v starts one."]), "v", "right",
        ("v", span, (30_007_000, 30_008_000)), "end", ("v", span, (2_033_002_000, 2_033_002_000)), "escape", "home",
        "m", "right", "m", "home", ("V", span, (30_007_000, 30_008_000)), "escape", "shift+right",
        ("shift+right", span, (30_007_000, 30_010_000)), ("shift+left", span, (30_007_000, 30_008_000)), "end",
        ("i", shown, (30, 2034)),
    ],
    "holding, and what lies in front": [
        # Of a program that runs: test_stepping.py.
        *[(key, message, ["This is a recording: there is no program to pause."]) for key in HOLDING],
        "escape", ("question_mark", top, "HelpScreen"), "escape", ("ctrl+p", top, "CommandPalette"), "escape",
        ("ctrl+t", top, "CommandPalette"), "escape", *[("ctrl+c", told, ["Press q to quit."])] * 3,
        ("escape", top, "CatalogueScreen"),
    ],
    "quitting": [("q", lambda screen: screen.app._exit, True)],
    "quitting as elsewhere": [("ctrl+q", lambda screen: screen.app._exit, True)],
}

#: The same, where something else has the focus and takes the keys: the sections of these, and the recording.
FOCUSED: dict[str, tuple[tuple[keys.Section, ...], Callable[[], Demo], Walk[TimelineScreen]]] = {
    "sequence": (
        (keys.SEQUENCE, keys.LIST, keys.PAGES), sleeps,
        [
            "Y", ("right_square_bracket", selected, "hub"), "right_square_bracket",
            ("left_square_bracket", selected, "hub"), ("down", index, 1), ("pagedown", index, 10), "end",
            ("up", index, LAST - 2),
        ],
    ),
    "events": (
        (keys.LIST, keys.PAGES), sleeps,
        [
            "tab", ("down", index, 1), "down", ("up", index, 1), "home", ("pagedown", index, 10), "end",
            ("pageup", index, 3),
        ],
    ),
    # The second finding is the one that is never resumed.
    "findings": ((keys.FINDINGS,), hogs, ["4", "tab", *["down"] * 3, ("enter", moment, (530_002, "forgotten"))]),
    # The hub, in the tree; and whoever waits for whom is behind it.
    "tree": ((keys.CHOICES,), sleeps, ["5", "tab", "down", ("enter", selected, "hub")]),
    "waits": ((keys.CHOICES,), sleeps, ["right", "right", "6", "tab", *["down"] * 4, ("enter", selected, "foo")]),
    "marks": (
        (keys.MARKS,), sleeps,
        [
            "m", "right", "m", "right", "m", "b", ("greater_than_sign", marked, [1, 2, 3]),
            ("less_than_sign", marked, [0, 1, 2]),
            ("delete", marks, ("MarksScreen", 2)),
            ("backspace", marks, ("MarksScreen", 1)), ("escape", marks, ("TimelineScreen", 1)), "b",
            ("b", marks, ("TimelineScreen", 1)),
        ],
    ),
}


def action_of(app: App[object], key: str) -> str:
    """What the key is bound to where it would be pressed now."""
    return app.screen.active_bindings[key].binding.action


def actions(*sections: keys.Section) -> set[tuple[str, str]]:
    """All their keys, and what each does."""
    return {(each.key, each.action) for section in sections for each in Binding.make_bindings(section.bindings)}


def tried(screen: TimelineScreen, *sections: keys.Section) -> Callable[[str], None]:
    """Look whether a key is one of the sections', and nobody else takes it."""
    known = actions(*sections)

    def look(key: str) -> None:
        action = action_of(screen.app, key)
        # Textual copies what is selected, and passes it on where nothing is.
        assert (key, action) in known or action == "screen.copy_text", key

    return look


@pytest.mark.parametrize("name", WALKS)
async def test_a_key_does_what_it_says(replay: Replay, name: str) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        assert screen.view.timeline.switch_count == LAST
        await go(pilot, screen, WALKS[name], before=tried(screen, *keys.TIMELINE, keys.GENERAL))


@pytest.mark.parametrize("name", FOCUSED)
async def test_a_key_does_what_it_says_of_whatever_has_the_focus(replay: Replay, name: str) -> None:
    sections, demo, walk = FOCUSED[name]
    app = replay(demo())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await go(pilot, screen, walk, before=tried(screen, *sections))


def test_every_key_of_the_tables_is_tried() -> None:
    """Those of the catalogue: test_catalogue.py; of two traces: test_comparison.py."""
    assert {key for key, _ in actions(*keys.TIMELINE, keys.GENERAL)} == looked_at(*WALKS.values())
    for sections in {sections for sections, _, _ in FOCUSED.values()}:
        walks = [walk for these, _, walk in FOCUSED.values() if set(sections) & set(these)]
        assert {key for key, _ in actions(*sections)} <= looked_at(*walks), [each.title for each in sections]


def test_no_section_is_forgotten() -> None:
    """Every table of keys.py is one whose keys are tried; those of two traces that are being read in test_comparing.py,
    of a talk in test_presenting.py."""
    sections = {each.title for each in vars(keys).values() if isinstance(each, keys.Section)}
    tables = {each.title for table in (keys.TIMELINE, keys.CATALOGUE, keys.COMPARISON) for each in table}
    focused = {each.title for its, _, _ in FOCUSED.values() for each in its}
    others = {each.title for each in (keys.GENERAL, keys.LOADING, keys.PRESENTING)}
    assert sections | tables == focused | others | tables


async def test_help_is_closed_by_many_keys(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        for key in ("escape", "question_mark", "q", "enter"):
            await pilot.press("question_mark")
            assert top(screen) == "HelpScreen"
            await pilot.press(key)
            await pilot.pause()
            assert top(screen) == "TimelineScreen", key
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
        for size in ((200, 54), (120, 35), (80, 24), (40, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            lines = ["".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()]
            [first] = [line for line in lines if "States" in line]
            titles = ("Marks and spans", "Visible range", "Focused list")
            seen.append((sum(title in first for title in titles), page.max_scroll_y > 0))
        # Where the terminal is large, all of it is in sight.
        assert seen == [(2, False), (0, True), (0, True), (0, True)]


async def test_the_help_can_be_searched(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        page = app.screen
        assert isinstance(page, HelpScreen)
        assert "idle (polling or in a call)" in text_of(page), "where there is no room for a legend, it stands here"
        await pilot.press("slash", *"problem")
        await pilot.pause()
        entries = [entry.second for _, section in page._entries() for entry in section]
        assert "Next problem" in text_of(page)
        assert all("problem" in entry.casefold() for entry in entries)
        await pilot.press("escape")
        await pilot.pause()
        assert "idle (polling or in a call)" in text_of(page)
        await pilot.press("slash", *"legend", "enter")
        await pilot.pause()
        assert "blocked hub" in text_of(page), "the title of a section is found, too"
        assert [title for title, _ in page._entries()] == ["States (legend)"]
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("slash", *"zzz", "enter")
        await pilot.pause()
        assert "Nothing here has 'zzz' in it" in text_of(page)
        await pilot.press("escape", "escape")
        assert app.screen is screen


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


async def test_the_footer_says_what_escape_does(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)

        async def promised() -> str:
            # The footer is made anew when it has other keys to show.
            await pilot.pause()
            await pilot.pause()
            return text_of(screen).splitlines()[-1]

        assert "esc Back" in await promised()
        for opened in (["home", "left", "left"], ["v"], ["m"]):
            await pilot.press(*opened)
            assert "esc Close" in await promised(), opened
            assert "q Quit" in await promised(), "there is room for it"
            await pilot.press("escape")
            assert (screen.message_line.display, screen.view.span) == (False, None), opened
            assert app.screen is screen
            assert "esc Back" in await promised(), opened
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, CatalogueScreen)


async def test_ctrl_c_says_how_to_quit_where_a_q_is_typed(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        for opened in ("colon", "slash", "ampersand"):
            await pilot.press(opened, "ctrl+c")
            await pilot.pause()
            assert told(screen) == ["Press Escape to close this, then q to quit."], opened
            await pilot.press("escape")
            await pilot.pause()
            app.clear_notifications()
            assert action_of(screen.app, "q") == "app.quit", opened
        await pilot.press("q")
        await pilot.pause()
        assert app._exit


async def test_ctrl_c_closes_what_lies_in_front(replay: Replay) -> None:
    app = replay(sleeps())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await loaded(pilot)
        await pilot.press("m")
        for opened in ("ctrl+p", "ctrl+t", "question_mark", "b"):
            await pilot.press(opened)
            await pilot.pause()
            assert app.screen.is_modal, opened
            await pilot.press("ctrl+c")
            await pilot.pause()
            assert app.screen is screen, opened
            assert told(screen) == ["Press q to quit."], opened
            app.clear_notifications()
            assert action_of(screen.app, "q") == "app.quit", opened
        await pilot.press("q")
        await pilot.pause()
        assert app._exit
