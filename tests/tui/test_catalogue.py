"""The catalogue: what it lists, and each of its keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widgets import Static

from tests.tui.traces import hand_over, ping_pong, sleeps
from tests.tui.walks import Look, Walk, go, looked_at
from visualizer.session import recordings
from visualizer.session.catalogue import scenarios
from visualizer.session.recordings import RecordingFile
from visualizer.tui import keys
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.timeline import TimelineScreen


def name(screen: CatalogueScreen) -> object:
    return getattr(screen._highlighted, "name", None)


def scrolled(screen: CatalogueScreen) -> object:
    return screen.query_one("#preview").scroll_offset.y


def shown(screen: CatalogueScreen) -> object:
    return type(screen.app.screen)


def told(screen: CatalogueScreen) -> object:
    return [notification.message for notification in screen.app._notifications]


def denied(screen: CatalogueScreen) -> object:
    return screen.message_line.lines if screen.message_line.display else []


def asked(screen: CatalogueScreen) -> object:
    return screen.prompt.display


def recorded(screen: CatalogueScreen) -> object:
    return isinstance(screen._highlighted, RecordingFile)


def find(text: str) -> list[str]:
    """What is typed to look for it, but for the last key."""
    return ["slash", *("underscore" if letter == "_" else letter for letter in text)]


NAMES = [scenario.name for scenario in scenarios()] + ["sleeps", "ping_pong", "hand_over"]

UNBOUND = "does nothing here: / searches names, ? shows all keys."
NO_SCRIPT = "There is no scenario or script 'nope'; `visualizer list` shows the scenarios."
FORGOTTEN = "removes it from the list; the file stays where it is"
WALKS: dict[str, Walk[CatalogueScreen]] = {
    "names": [
        ("down", name, NAMES[1]), ("j", name, NAMES[2]), ("up", name, NAMES[1]), ("k", name, NAMES[0]),
        ("end", name, NAMES[-1]), ("home", name, NAMES[0]), ("G", name, NAMES[-1]), ("g", name, NAMES[0]),
        "home", ("pageup", denied, ["This is the beginning of the preview."]), ("pagedown", scrolled, 8),
        ("pageup", scrolled, 0), "end", ("pagedown", denied, ["This is the end of the preview."]),
    ],
    "finding": [
        ("n", denied, ["Nothing to search for: / searches names."]),
        ("N", denied, ["Nothing to search for: / searches names."]), ("slash", asked, True), "escape",
        ("ctrl+f", asked, True), *"QUEUE", ("enter", name, "gevent_queue"), "home", *find("ping_pong"), "enter",
        ("n", recorded, True), ("n", recorded, False), ("N", recorded, True), *find("zzz"), ("down", asked, True),
        ("escape", asked, False), *find("zzz"),
        ("enter", denied, ["No scenario or recording has 'zzz' in its name."]), "home",
        # What is typed goes to a name at once.
        "slash", *"pin", ("g", name, "ping_pong"), ("escape", name, NAMES[0]),
        *find("gevent_"), ("S", name, "gevent_sleeps"), *["backspace"] * 7, ("backspace", name, NAMES[0]), "escape",
    ],
    "nothing to do": [
        ("escape", denied, ["This is the catalogue: q quits."]),
        *[(key, denied, [f"{key} {UNBOUND}"]) for key in ("z", "f5", "tab")],
        ("c", denied, ["Only recordings can be compared: enter runs the scenario, which records it."]),
        # A script of one's own.
        ("o", asked, True), *"nope", ("enter", denied, [NO_SCRIPT]),
        # A scenario is run: test_stepping.py; a recording is opened.
        "end", ("c", told, ["hand_over is A: press c on another recording to compare them."]),
        ("c", told, ["hand_over is no longer marked."]), ("o", told, []), "escape",
        ("S", denied, ["A recording has no program to pause: enter opens it."]), ("enter", shown, TimelineScreen),
    ],
    "deleting": [
        ("r", denied, ["Only recordings can be renamed."]), ("delete", denied, ["Only recordings can be deleted."]),
        "end", ("r", asked, True), *"2", ("enter", name, "hand_over2"),
        ("delete", denied, [f"hand_over2: press the key again, and it {FORGOTTEN}."]), "up", "down",
        ("backspace", denied, [f"hand_over2: press the key again, and it {FORGOTTEN}."]),
        ("delete", name, "ping_pong"),
    ],
}


@pytest.fixture
def kept(tmp_path: Path) -> None:
    """Three recordings, the first of them the oldest."""
    for number, demo in enumerate((hand_over(), ping_pong(), sleeps())):
        path = tmp_path / demo.write(tmp_path)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        recordings.remember(path)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("walk", WALKS)
async def test_a_key_does_what_it_says(walk: str) -> None:
    app = VisualizerApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, CatalogueScreen)
        assert name(screen) == NAMES[0]

        def after(step: Look[CatalogueScreen]) -> None:
            if step[1] is not denied:
                assert not denied(screen), "the key did something, and so did those before it"

        await go(pilot, screen, WALKS[walk], after=after)


def test_every_key_of_the_table_is_tried() -> None:
    known = {each.key for section in keys.CATALOGUE for each in Binding.make_bindings(section.bindings)}
    assert known == looked_at(*WALKS.values()) - {"z", "f5", "tab"}


@pytest.mark.usefixtures("kept")
async def test_it_lists_everything_in_order_and_tells_about_each() -> None:
    app = VisualizerApp()
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, CatalogueScreen)
        assert [what.name for what in screen._shown.values()] == NAMES
        about, source = screen.query_one("#about", Static), screen.query_one("#source", Static)
        for scenario in scenarios():
            assert name(screen) == scenario.name
            words = " ".join(str(about.content).split())
            assert words == " ".join(scenario.docstring.split())
            code = str(source.content)
            assert scenario.path.read_text().endswith(code.rstrip("\n") + "\n")
            assert '"""' not in code.splitlines()[0]
            await pilot.press("down")
            await pilot.pause()
        assert "sleeps.py --demo" in str(about.content)
        assert "3.12.0 on linux" in str(about.content)
        assert str(source.content) == ""


async def test_a_recording_that_is_none_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.trace").write_bytes(b"[bold]no[/] trace\n")
    recordings.remember(tmp_path / "bad.trace")
    app = VisualizerApp()
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.press("end")
        await pilot.pause()
        about = app.screen.query_one("#about", Static)
        assert str(about.content) == "'bad.trace' is not a trace: its first line is not a visualizer header."
        (tmp_path / "bad.trace").unlink()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, CatalogueScreen)
        (told,) = app._notifications
        assert "no such file" in told.message
        assert not told.markup
        assert "bad" not in [what.name for what in app.screen._shown.values()], "it is not offered again"


@pytest.mark.usefixtures("kept")
async def test_what_was_said_of_a_key_is_gone_with_the_next_one() -> None:
    app = VisualizerApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, CatalogueScreen)
        await pilot.press("end", "z", "Z", "5", "f5", "y")
        await pilot.pause()
        assert denied(screen) == ["y does nothing here: / searches names, ? shows all keys."]
        assert told(screen) == [], "one at a time, and none over the list"
        await pilot.press("up")
        await pilot.pause()
        assert denied(screen) == []
        await pilot.press("y", "question_mark")
        await pilot.pause()
        assert denied(screen) == []
        await pilot.press("escape", "y", "enter")
        await pilot.pause()
        assert isinstance(app.screen, TimelineScreen)
        assert (denied(screen), told(screen)) == ([], [])


async def test_of_what_is_told_quickly_only_the_last_is_left() -> None:
    app = VisualizerApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for sentence in ("one", "two", "three"):
            app.show_notification(sentence)
        await pilot.pause()
        await pilot.pause()
        assert [each.message for each in app._notifications] == ["three"]


@pytest.mark.usefixtures("kept")
async def test_one_comes_back_to_the_recording_that_one_came_from(tmp_path: Path) -> None:
    ping_pong().write(tmp_path)
    # By another name than that by which it is listed.
    app = VisualizerApp(open_path=Path("ping_pong.trace"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, TimelineScreen)
        while app.screen.feed.live:
            await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, CatalogueScreen)
        assert (name(screen), recorded(screen)) == ("ping_pong", True)
