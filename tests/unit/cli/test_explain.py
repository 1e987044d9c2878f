"""`visualizer explain`: a sentence for each switch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Visualizer
from tests.unit.analysis.tape import Tape, ping_pong
from visualizer.trace import words
from visualizer.trace.events import Header, encode


def written(folder: Path, tape: Tape) -> str:
    path = folder / "a.trace"
    path.write_bytes(encode(Header(words.FORMAT, words.VERSION)) + b"".join(map(encode, tape.end().events)))
    return str(path)


LINES = [
    "#1  0.000002 s  main  → test1  main switches to test1 with 'x' → test1 runs for the first time",
    "#2  0.000004 s  test1 → test2  test1 switches to test2 → test2 runs for the first time",
    "#3  0.000005 s  test2 → test1  test2 switches to test1 → test1 runs",
    "#4  0.000006 s  test1 → test2  test1 switches to test2 → test2 runs",
    "#5  0.000008 s  test2 → main   test2 ended (returned None) → main runs",
]


@pytest.mark.parametrize(
    ("args", "numbers"),
    [([], [1, 2, 3, 4, 5]), (["--track", "test1"], [1, 2, 3, 4]), (["--track", "main"], [1, 5])],
)
def test_number_time_who_and_why(visualizer: Visualizer, tmp_path: Path, args: list[str], numbers: list[int]) -> None:
    done = visualizer("explain", written(tmp_path, ping_pong()), *args)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [LINES[number - 1] for number in numbers]


def test_a_name_with_and_without_its_number(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape().spawn("a", words.GREENLET, "worker").spawn("b", words.GREENLET, "worker")
    path = written(tmp_path, tape.switch("main", "a").switch("a", "b").switch("b", "main"))
    lines = visualizer("explain", path).stdout.splitlines()
    assert visualizer("explain", path, "--track", "worker").stdout.splitlines() == lines
    assert visualizer("explain", path, "--track", "worker-2").stdout.splitlines() == lines[1:]


def test_a_track_that_there_is_not(visualizer: Visualizer, tmp_path: Path) -> None:
    done = visualizer("explain", written(tmp_path, ping_pong()), "--track", "test3")
    expected = "visualizer: The trace has no track 'test3'; it has main, test1, test2.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


def test_nothing_was_switched(visualizer: Visualizer, tmp_path: Path) -> None:
    done = visualizer("explain", written(tmp_path, Tape()))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_time_is_the_nearest_microsecond(visualizer: Visualizer, tmp_path: Path) -> None:
    """As it is written of one alone; also in the middle between two, and of years."""
    times = [1, 499, 500, 501, 1_500, 2_500, 3_500, 999_999_500, 12_345_678_500, 1 << 51, (1 << 53) + 3, 1 << 60]
    for few in (times[:10], times):
        tape = Tape().spawn("a", words.GREENLET)
        for number, t_ns in enumerate(few):
            tape.at(t_ns).switch(*(("a", "main") if number % 2 else ("main", "a")))
        lines = visualizer("explain", written(tmp_path, tape)).stdout.splitlines()
        assert [line.split()[:2] for line in lines] == [
            [f"#{number}", f"{t_ns / 1e9:.6f}"] for number, t_ns in enumerate(few, 1)
        ]
