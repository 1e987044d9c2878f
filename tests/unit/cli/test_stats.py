"""`visualizer stats`: a table, or JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from wcwidth import wcswidth

from tests.unit.analysis.tape import Tape, sleeps
from visualizer.analysis.statistics import statistics
from visualizer.cli.stats import table
from visualizer.trace import words
from visualizer.trace.events import Header, encode

Visualizer = Callable[..., "subprocess.CompletedProcess[str]"]
HEADER = encode(Header(words.FORMAT, words.VERSION))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, sleeps().events)))
    return path


def test_the_table(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("stats", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "10 switches in 2 s",
        "",
        "track  kind      state    steps  running  ready  waiting  idle",
        "--------------------------------------------------------------",
        "main   thread    DONE         1     7 µs   1 µs      2 s     -",
        "hub    hub       WAITING      5     8 µs      -     8 µs   2 s",
        "foo    greenlet  DONE         2     2 µs   5 µs      2 s     -",
        "bar    greenlet  DONE         2     2 µs   5 µs        -     -",
        "--------------------------------------------------------------",
        "total  4 tracks              10    19 µs  11 µs      4 s   2 s",
    ]


def test_json(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("stats", "--json", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == msgspec.to_builtins(statistics(sleeps().timeline()))


def test_a_trace_on_stdin(visualizer: Visualizer, trace: Path) -> None:
    with trace.open("rb") as stdin:
        assert visualizer("stats", "-", stdin=stdin).stdout == visualizer("stats", str(trace)).stdout


def test_the_table_is_aligned_by_what_a_terminal_shows() -> None:
    tape = Tape().spawn("a", words.GREENLET, "漢字の生産者").spawn("b", words.GREENLET, "\x1b[31mred\n")
    lines = table(statistics(tape.timeline()))
    rows = [line for line in lines if "greenlet" in line]
    assert "␛[31mred␊" in rows[1]
    assert len({wcswidth(row[: row.index("greenlet")]) for row in rows}) == 1
    assert all(line.isprintable() for line in lines)


def test_what_is_no_trace(visualizer: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "x.trace").write_bytes(b"")
    done = visualizer("stats", "x.trace", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "visualizer: The trace 'x.trace' is empty.\n")
