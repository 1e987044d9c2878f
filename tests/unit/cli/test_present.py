"""`visualizer present` and `visualizer demo`: what they say without a TUI, and what they hand to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Visualizer
from tests.unit.analysis.tape import ping_pong
from tests.unit.cli.test_explain import written
from visualizer.cli import demo, present, terminal
from visualizer.paint.axis.viewport import Axis
from visualizer.tui import app
from visualizer.tui.state.talk import Talk


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Talk]:
    """What is presented, on a terminal that is none."""
    talks: list[Talk] = []

    class StandIn:
        def __init__(self, *, talk: Talk) -> None:
            talks.append(talk)

        def run(self) -> None:
            pass

    monkeypatch.setattr(terminal, "on_terminal", lambda: True)
    for command in (present, demo):
        monkeypatch.setattr(command, "keys_from_terminal", lambda: None)
    monkeypatch.setattr(app, "VisualizerApp", StandIn)
    return talks


MARKS = '{"format": "visualizer-marks", "version": 1, "marks": [{"switch": 2, "name": "here"}]}'


def test_a_part_its_marks_and_how_it_is_shown(visualizer: Visualizer, shown: list[Talk], tmp_path: Path) -> None:
    path = written(tmp_path, ping_pong())
    Path(f"{path}.marks").write_text(MARKS)
    options = ["--view", "sequence", "--axis", "busy", "--autoplay", "3", "--title", "A title"]
    options += ["--labels", "test1=Anna"]
    for words in ([path], [f"{path}@#2-#4", *options]):
        done = visualizer("present", *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    whole, part = shown
    assert (whole.part.is_whole, whole[1:]) == (True, ("", part.marks, None, False, 0.0))
    assert (part.part.first, part.part.stop, part[1], *part[3:]) == (1, 4, "A title", Axis.BUSY, True, 3.0)
    assert "Anna" in map(part.part.timeline.name, part.part.timeline.tracks)
    assert [(mark.name, mark.t_ns) for mark in part.marks] == [("here", part.part.timeline.switch_ns[1])]


def test_a_tour_is_of_a_run_of_its_own(visualizer: Visualizer, shown: list[Talk], tmp_path: Path) -> None:
    done = visualizer("demo", "ping_pong", "--autoplay", "8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (talk,) = shown
    assert (talk.title, talk.every_s, len(talk.marks)) == ("ping_pong", 8.0, 5)
    assert {"main", "test1", "test2"} <= {talk.part.timeline.name(track) for track in talk.part.timeline.tracks}
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
def numbers():
    yield 1  # visualizer: first: it is given
    yield 2

list(numbers())  # visualizer: all
"""
TOUR = """{"format": "visualizer-tour", "version": 1, "stops": [
    {"from": "numbers", "to": "main", "nth": 2, "name": "the second", "caption": ""}]}"""


def test_a_script_with_marks_or_captions_beside_it_is_a_tour(
    visualizer: Visualizer, shown: list[Talk], tmp_path: Path
) -> None:
    script, trace = tmp_path / "mine.py", Path(written(tmp_path, ping_pong()))
    script.write_text(SCRIPT)
    assert visualizer("demo", str(script)).returncode == 0
    (tmp_path / "mine.tour").write_text(TOUR)
    assert visualizer("demo", str(script)).returncode == 0
    Path(f"{trace}.marks").write_text(MARKS)
    assert visualizer("demo", str(trace)).returncode == 0
    assert [[mark.line for mark in talk.marks] for talk in shown] == [
        ["all", "first: it is given"], ["the second"], ["here"],
    ]
    (tmp_path / "mine.tour").write_text("{")
    done = visualizer("demo", str(script))
    assert done.returncode == 2
    assert done.stderr.startswith(f"visualizer: The tour '{tmp_path}/mine.tour' cannot be understood: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["present", "none.trace"], "Cannot open the trace 'none.trace': no such file or directory."),
        (["present", "spoilt"], "The marks in 'spoilt.marks' cannot be understood"),
        (["present", "spoilt@#9-"], "The trace 'spoilt' has no switch #9: "),
        (["present", "spoilt", "--autoplay", "0"], "Invalid value for '--autoplay'"),
        (["demo", "nobody"], "There is no scenario 'nobody'; there are tours of "),
        (["demo", "spoilt"], "The marks in 'spoilt.marks' cannot be understood"),
        (["demo", "bare.trace"], "There is no stop in 'bare.trace': end a line of the script with `# visualizer: "),
        (["demo", "crawler"], "There is no tour of 'crawler'; there are tours of "),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    visualizer: Visualizer, shown: list[Talk], tmp_path: Path, words: list[str], sentence: str
) -> None:
    Path(written(tmp_path, ping_pong())).rename(tmp_path / "spoilt")
    (tmp_path / "spoilt.marks").write_text("{")
    (tmp_path / "bare.trace").write_bytes((tmp_path / "spoilt").read_bytes())
    done = visualizer(*words)
    assert (done.returncode, done.stdout, shown) == (2, "", [])
    assert done.stderr.startswith(f"visualizer: {sentence}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "instead"),
    [(["present", "x.trace"], "`visualizer explain x.trace`"), (["demo", "ping_pong"], "`visualizer run ping_pong`")],
)
def test_without_a_terminal_it_says_what_serves(visualizer: Visualizer, words: list[str], instead: str) -> None:
    done = visualizer(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"visualizer: The TUI needs a terminal on stdout; {instead} prints ")
