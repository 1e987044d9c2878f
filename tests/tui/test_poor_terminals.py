"""Terminals without colours, or without anything but ASCII: each screen, cell by cell."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from tests.tui.test_comparison import read
from tests.tui.traces import Demo, crowd, hogs, hostile, sleeps
from visualizer.analysis.report.comparison import Part
from visualizer.session import recordings
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.terminal.detect import only_ascii
from visualizer.tui.widgets.tracks import TracksPane, row_start

#: What is opened, None: the catalogue; and the keys that are pressed then, with something that is seen after them.
SCENES: dict[str, tuple[Callable[[], Demo] | None, list[tuple[list[str], str]]]] = {
    "catalogue": (
        None,
        [(["down"], "generator_states"), (["end"], "3.12.0 on linux"), (["question_mark"], "Keys")],
    ),
    "timeline": (
        sleeps,
        [
            (["right", "right"], "third"), (["x", "w", "end", "left", "2"], "foo is awake again"),
            (["question_mark"], "Keys"), (["end"], "Mouse"), (["escape", "ctrl+p", "n", "e"], "Next"),
            (["escape", "ctrl+t"], "nord"), (["escape", "ctrl+f", "é"], "search"),
        ],
    ),
    "marks": (
        sleeps,
        [
            (["m", "end", "m", "V", "3"], "in span"), (["escape", "b"], "mark 2"),
            (["escape", "end", "c", "c", "c"], "main spawned foo"),
        ],
    ),
    "findings": (hogs, [(["4", "tab"], "crunch")]),
    "groups": (crowd, [(["end", "down"], "worker x100"), (["slash", "K", "E", "R"], "KER")]),
    "hostile": (hostile, [(["2", "right"], "things")]),
}


async def arrive(pilot: Pilot[int], pressed: list[str]) -> None:
    app = pilot.app
    await pilot.pause()
    while isinstance(app.screen, TimelineScreen) and app.screen.feed.live:
        await pilot.pause()
    await pilot.press(*pressed)
    await app.workers.wait_for_complete()
    await pilot.pause()


def strips(app: VisualizerApp) -> list[Strip]:
    return app.screen._compositor.render_strips()


def assert_ascii(app: VisualizerApp) -> list[Strip]:
    """Return what was looked at."""
    shown = strips(app)
    lines = [strip.text for strip in shown]
    assert "".join(lines).strip(), "something is to be seen"
    assert [line for line in lines if not (line.isascii() and line.isprintable())] == []
    assert {len(line) for line in lines} == {app.size.width}, "in as many cells"
    return shown


def assert_colourless(shown: list[Strip]) -> None:
    styles = [segment.style for strip in shown for segment in strip if segment.style is not None]
    assert styles
    assert {style for style in styles if style.color is not None or style.bgcolor is not None} == set()


@pytest.fixture
def ascii_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))


@pytest.fixture
def colourless_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("ascii_terminal", "colourless_terminal")
@pytest.mark.parametrize("scene", SCENES)
async def test_there_is_nothing_but_ascii_and_no_colour(tmp_path: Path, scene: str) -> None:
    demo, walk = SCENES[scene]
    if demo is None:
        recordings.remember(tmp_path / sleeps().write(tmp_path))
    app = VisualizerApp(open_path=demo().write(tmp_path) if demo is not None else None)
    async with app.run_test(size=(100, 32)) as pilot:
        for pressed, seen in walk:
            await arrive(pilot, pressed)
            shown = assert_ascii(app)
            assert_colourless(shown)
            assert seen in "\n".join(strip.text for strip in shown), pressed


@pytest.mark.usefixtures("ascii_terminal", "colourless_terminal")
async def test_nor_is_there_in_a_comparison(tmp_path: Path) -> None:
    a, b = (Part.whole(read(demo.write(tmp_path))) for demo in (sleeps(), hostile()))
    app = VisualizerApp(comparison=(a, b, ("a.trace", "é\x1b[31m.trace")))
    async with app.run_test(size=(100, 32)) as pilot:
        await arrive(pilot, ["right", "n"])
        assert_colourless(assert_ascii(app))


@pytest.mark.usefixtures("ascii_terminal", "colourless_terminal")
async def test_nor_is_there_in_the_hint_in_words_on_a_cell_and_where_there_is_no_room(
    tmp_path: Path, state_dir: Path
) -> None:
    (state_dir / "preferences.json").unlink()
    app = VisualizerApp(open_path=sleeps().write(tmp_path))
    async with app.run_test(size=(100, 32), tooltips=True) as pilot:
        await arrive(pilot, [])
        assert any("Five keys" in strip.text for strip in strips(app))
        assert_ascii(app)
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        await pilot.hover(TracksPane, offset=(row_start(screen.view) + 30, 3))
        screen._handle_tooltip_timer(screen.query_one(TracksPane))
        await pilot.pause()
        assert any("bar sleeps" in strip.text for strip in strips(app))
        assert_colourless(assert_ascii(app))
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert any("too small" in strip.text for strip in strips(app))
        assert_ascii(app)


@pytest.mark.usefixtures("colourless_terminal")
async def test_without_colours_what_is_chosen_is_reversed(tmp_path: Path) -> None:
    app = VisualizerApp(open_path=sleeps().write(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await arrive(pilot, [])
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        reversed_ = [
            "".join(segment.text for segment in strip if segment.style is not None and segment.style.reverse)
            for strip in strips(app)
        ]
        top = screen.query_one(TracksPane).region.y
        assert reversed_[top].startswith("▾ main"), "the selected track"
        assert all(len(line) == 1 for line in reversed_[top + 1 : top + 5]), "the playhead, in each row"
        events = screen.query_one("#events").region
        assert "main spawned foo → foo starts" in reversed_[events.y + 1], "the event"
        assert_colourless(strips(app))


@pytest.mark.usefixtures("colourless_terminal")
async def test_without_colours_playhead_and_span_leave_no_hole_in_who_runs(tmp_path: Path) -> None:
    app = VisualizerApp(open_path=sleeps().write(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        # After switch 2 foo runs; bar and third are ready, and nothing is to be seen of the hub, which waits.
        await arrive(pilot, ["x"])
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        region, view = screen.query_one(TracksPane).region, screen.view

        def shown() -> list[list[tuple[str, bool]]]:
            """Each row from its cell 0 on: characters, and whether they are reversed."""
            rows = strips(app)[region.y : region.y + len(view.rows)]
            return [
                [(char, bool(style and style.reverse)) for text, style, _ in row for char in text][row_start(view) :]
                for row in rows
            ]

        at = view.playhead_cell
        assert [row[at] for row in shown()] == [("n", True), ("┃", True), ("┃", True), ("▒", True), ("▒", True)]
        assert [row[at + 1] for row in shown()[1:]] == [(" ", False), ("█", False), ("▒", False), ("▒", False)]
        # Of the span, nothing that ran is reversed into a blank.
        await pilot.press("end", "v", "home", "v", "home")
        assert view.span is not None
        reversed_ = [char for row in shown() for char, turned in row if turned]
        assert "┃" in reversed_
        assert not set("█▌▐▏▕▁") & set(reversed_)


@pytest.mark.parametrize(
    ("encoding", "named", "expected"),
    [
        ("utf-8", {}, False),
        ("utf-8", {"LANG": "de_DE.UTF-8"}, False),
        ("utf-8", {"LANG": "C.UTF-8"}, False),
        ("utf-8", {"LANG": "C"}, True),
        # As Python leaves it behind.
        ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ("utf-8", {"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, True),
        ("utf-8", {"LC_ALL": "", "LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}, False),
        ("iso8859-1", {"LANG": "de_DE"}, True),
        ("ascii", {}, True),
    ],
)
def test_a_terminal_takes_only_ascii_where_its_encoding_or_its_locale_says_so(
    monkeypatch: pytest.MonkeyPatch, encoding: str, named: dict[str, str], expected: bool
) -> None:
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert only_ascii() is expected
