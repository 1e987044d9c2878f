"""Traces from files and pipes, whole and damaged."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.tui.conftest import Clock, loaded, text_of
from tests.tui.traces import Demo, many, sleeps
from visualizer.session.target import resolve
from visualizer.trace import source as source_module
from visualizer.trace import words
from visualizer.trace.events import End, Fork
from visualizer.trace.merging import LATE_NS
from visualizer.trace.source import TraceError
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state import feed as feed_module
from visualizer.tui.state.feed import Feed, RunFeed, from_file, from_stream
from visualizer.tui.state.view import View
from visualizer.tui.widgets.header import HeaderBar

Replay = Callable[[Demo], VisualizerApp]


def read(feed: Feed) -> Feed:
    while feed.live:
        feed.poll()
    return feed


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    feed = read(from_file(tmp_path / sleeps().write(tmp_path), False))
    assert feed.timeline.switch_count == 14
    assert feed.timeline.end is not None
    assert (feed.name, feed.notices, feed.error, feed.progress) == ("sleeps", [], None, None)
    assert feed.now_ns == feed.timeline.last_ns


def test_a_large_one_is_read_a_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / many(3000).write(tmp_path)
    monkeypatch.setattr(feed_module, "_BATCH", 500)
    # Each look at the clock costs a third of what a poll may take.
    ticks = iter(range(0, 10**12, feed_module._BUDGET_NS // 3))
    feed = from_file(path, False, clock=lambda: next(ticks))
    counts = []
    while feed.live:
        feed.poll()
        counts.append(feed.timeline.switch_count)
        assert len(counts) < 1000
    assert len(counts) > 10
    assert counts == sorted(counts)
    assert counts[-1] == 6000


def test_a_live_trace_that_holds_more_is_known_up_to_its_last_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    demo = many(3000)
    header = msgspec.structs.replace(demo.header, pid=os.getpid(), monotonic_ns=0, wall_ns=time.time_ns())
    path = tmp_path / "growing.trace"
    events = [event for event in demo.events if not isinstance(event, End)]
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (header, *events)))
    monkeypatch.setattr(feed_module, "_BATCH", 500)

    def hurried() -> int:
        clock.now_ns += feed_module._BUDGET_NS // 3
        return clock.now_ns

    feed = from_file(path, True, clock=hurried)
    clock.now_ns = 9_000_000_000
    behind = []
    while True:
        feed.poll()
        behind_ns = feed.behind_ns
        if not behind_ns:
            break
        behind.append(behind_ns)
        assert feed.now_ns == feed.timeline.last_ns
        assert clock.now_ns - feed.timeline.last_ns - behind_ns < feed_module._BUDGET_NS
    assert len(behind) > 5
    assert feed.timeline.switch_count == 6000
    assert feed.now_ns == clock.now_ns > 9_000_000_000 > feed.timeline.last_ns
    # Then the program goes on.
    with path.open("ab") as trace:
        trace.write(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    feed.poll()
    assert feed.behind_ns
    assert feed.now_ns == feed.timeline.last_ns
    feed.close()


@pytest.mark.parametrize("running", [True, False])
def test_what_is_left_to_read_of_a_program_that_has_ended_is_loaded_not_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    demo = many(3000)
    path = tmp_path / "growing.trace"
    header = msgspec.structs.replace(demo.header, pid=os.getpid() if running else 2**22 + 7)
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (header, *demo.events)))
    monkeypatch.setattr(feed_module, "_BATCH", 500)
    monkeypatch.setattr(source_module, "CHUNK_BYTES", 1 << 15)
    ticks = iter(range(0, 10**15, feed_module._BUDGET_NS // 3))
    feed = from_file(path, True, clock=lambda: next(ticks))
    top = HeaderBar(feed, View(feed.timeline, live=True))
    said, read = [], []
    while feed.timeline.end is None:
        feed.poll()
        said.append(top._condition(False)[0].text.split()[:2])
        read.append(feed.progress)
    assert len(said) > 5
    if running:
        assert {tuple(words) for words in said[:-1]} == {("●", "LIVE")}
        assert set(read) == {None}
    else:
        shares = [share for share in read if share is not None]
        assert shares == sorted(shares)
        assert len(shares) >= len(said) - 1
        assert [words[0] for words in said[:-1]] == ["LOADING"] * (len(said) - 1)
    feed.close()


async def test_a_program_of_ours_that_has_ended_is_loaded_not_live(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "s.py").write_text("for i in range(3): print(i)\n")
    feed = RunFeed(resolve(["s.py"], False))
    feed._run.wait()
    try:
        # It has ended, and nothing is read yet.
        assert feed.progress == 0.0
        while feed.live:
            feed.poll()
        assert feed.progress is None
        assert feed.timeline.end is not None
    finally:
        feed.close()


async def test_a_trace_that_is_not_there_yet_is_waited_for(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "later.trace"
    app = VisualizerApp(open_path=path, follow=True, clock=clock)
    async with app.run_test(size=(120, 35)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        screen.tick()
        await pilot.pause()
        text = text_of(screen)
        assert "WAITING" in text.splitlines()[0]
        assert "LIVE" not in text
        assert "Waiting for 'later.trace', which does not exist yet; q quits." in text
        for key in ("right", "space", "z", "x", "4", "2", "slash", "escape"):
            await pilot.press(key)
        demo = sleeps()
        path.write_bytes(b"".join(demo.lines()))
        while screen.feed.live:
            screen.tick()
            await pilot.pause()
        await pilot.pause()
        text = text_of(screen)
        assert screen.view.timeline.switch_count == 14
        assert "Waiting" not in text
        assert "REPLAY exit 0" in text


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_waiting_ends_with_one_key(tmp_path: Path, key: str) -> None:
    app = VisualizerApp(open_path=tmp_path / "never.trace", follow=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert app._exit


def test_what_comes_instead_of_a_trace_that_was_waited_for(tmp_path: Path) -> None:
    feed = from_file(tmp_path / "later", True)
    assert not feed.poll()
    assert (feed.awaited, feed.live, feed.progress) == (True, True, None)
    (tmp_path / "later").mkdir()
    feed.poll()
    assert feed.error == "Cannot read the trace 'later': is a directory."
    feed = from_file(tmp_path / "other", True)
    (tmp_path / "other").write_text("hello\n")
    feed.poll()
    assert feed.error == "'other' is not a trace: its first line is not a visualizer header."
    feed.close()


@pytest.mark.parametrize("raw", [False, True])
def test_a_pipe_is_read_to_its_end(raw: bool) -> None:
    content = b"".join(sleeps().lines())
    if raw:
        end, start = os.pipe()
        os.write(start, content)
        os.close(start)
        stream = os.fdopen(end, "rb", buffering=0)
    else:
        stream = io.BytesIO(content)  # type: ignore[assignment]
    feed = read(from_stream(stream, False))
    assert feed.timeline.switch_count == 14
    assert feed.notices == []
    assert stream.closed


def test_a_cut_trace_is_shown_up_to_there_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / sleeps().write(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    feed = read(from_file(path, False))
    assert feed.timeline.switch_count == 14
    assert feed.notices == [
        "The last line is incomplete: the trace is shown up to there.",
        "The trace has no end: its program was killed or is still running.",
    ]


def test_what_is_no_trace_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"hello\nworld\n")
    assert read(from_file(path, False)).error == "'x' is not a trace: its first line is not a visualizer header."
    assert read(from_stream(io.BytesIO(b""), False)).error == "The trace 'stdin' is empty."
    with pytest.raises(TraceError, match="no such file"):
        from_file(tmp_path / "missing", False)


def test_a_file_that_vanished_is_an_error_of_run(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no such file"):
        VisualizerApp(open_path=tmp_path / "missing").run(headless=True, size=(80, 24))


async def test_notices_are_seen(tmp_path: Path, replay: Replay) -> None:
    app = replay(sleeps())
    path = tmp_path / "sleeps.trace"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:20], b"garbage\n", *lines[20:-1], lines[-1][:-10]]))
    async with app.run_test(size=(120, 35)) as pilot:
        text = text_of(await loaded(pilot))
        assert "1 unreadable line was left out of the trace." in text
        assert "The last line is incomplete: the trace is shown up to there." in text
        assert "… and 2 more: at the end of Statistics (3)" in text
        await pilot.press("3", "tab", "pagedown")
        await pilot.pause()
        text = " ".join(text_of(await loaded(pilot)).split())
        assert "The trace has no end: its program was" in text


async def test_what_is_no_trace_is_told_on_the_screen(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    app = VisualizerApp(open_path=Path("x"))
    async with app.run_test(size=(120, 35)) as pilot:
        text = text_of(await loaded(pilot))
        assert "'x' is not a trace: its first line is not a visualizer header." in text
        # And no key makes it fall over.
        for key in (
            "right",
            "left",
            "L",
            "H",
            "home",
            "end",
            "space",
            "w",
            "s",
            "a",
            "d",
            "x",
            "f",
            "up",
            "down",
            "enter",
        ):
            await pilot.press(key)
        for key in ("2", "3", "tab", "down", "pagedown", "x"):
            await pilot.press(key)
        assert app.is_running


def test_of_several_processes_nothing_is_held_for_long(tmp_path: Path, clock: Clock) -> None:
    """A child that says nothing is waited for a moment; then what its parent told is shown, with nothing more read."""
    demo = Demo("two", "")
    demo.events.append(Fork(demo.t_ns + 1))
    demo.at(demo.t_ns + 1).forks("child", pid=77)
    demo.thread("main").spawn("late", words.GENERATOR)
    header = msgspec.structs.replace(demo.header, pid=os.getpid(), wall_ns=time.time_ns())
    path = tmp_path / "growing.trace"
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (header, *demo.events)))
    feed = from_file(path, True, clock=clock)
    feed.poll()
    assert list(feed.timeline.tracks) == [0, 1]
    clock.now_ns += LATE_NS
    assert feed.poll()
    assert list(feed.timeline.tracks) == [0, 1, 2]
    assert feed.live
    # Its end lets everything go at once.
    demo.thread("main").spawn("last", words.GENERATOR).thread("child").exits("child").end()
    with path.open("ab") as trace:
        trace.write(b"".join(msgspec.json.encode(each) + b"\n" for each in demo.events[-7:]))
    feed.poll()
    feed.poll()
    assert list(feed.timeline.tracks) == [0, 1, 2, 3]
    assert not feed.live
    assert feed.notices == []
