"""`visualizer events`: JSON Lines out of a trace, from a file or a pipe."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.analysis.tape import producer_consumer, sleeps
from visualizer.analysis.report.jsonl import records
from visualizer.trace import words
from visualizer.trace.events import Header, encode

Visualizer = Callable[..., "subprocess.CompletedProcess[str]"]
HEADER = encode(Header(words.FORMAT, words.VERSION))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, sleeps().events)))
    return path


def test_one_object_a_line(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("events", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == list(records(sleeps().timeline()))


def test_a_trace_on_stdin(visualizer: Visualizer, trace: Path) -> None:
    with trace.open("rb") as stdin:
        piped = visualizer("events", "-", stdin=stdin)
    assert (piped.returncode, piped.stdout) == (0, visualizer("events", str(trace)).stdout)


def test_a_cut_trace_prints_what_there_is_and_says_so(visualizer: Visualizer, tmp_path: Path) -> None:
    path = tmp_path / "cut.trace"
    path.write_bytes(HEADER + b"".join(map(encode, producer_consumer().events)) + b'["exit",9')
    done = visualizer("events", str(path))
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "visualizer: The last line is incomplete: the trace is shown up to there.",
        "visualizer: The trace has no end: its program was killed or is still running.",
    ]
    assert len(done.stdout.splitlines()) == len(list(records(producer_consumer().timeline())))


def test_lines_that_cannot_be_read_are_counted(visualizer: Visualizer, tmp_path: Path) -> None:
    path = tmp_path / "odd.trace"
    path.write_bytes(HEADER + b'["beam",1]\n["note",2000000000,"hello"]\n["end",2000000000,0,0]\n')
    done = visualizer("events", str(path))
    assert done.stderr == "visualizer: Left out because unreadable: 1 line.\n"
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"t": 2.0, "event": "note", "text": "hello"},
        {"t": 2.0, "event": "end", "code": 0, "signal": None},
        {"t": 2.0, "event": "dropped", "what": "unreadable lines", "count": 1},
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The trace 'x.trace' is empty."),
        (b"hello\n", "'x.trace' is not a trace: its first line is not a visualizer header."),
        (
            b'{"format":"visualizer-trace","version":99}\n',
            "The trace 'x.trace' is of version 99; this visualizer reads versions 1 and 2.",
        ),
    ],
)
def test_what_is_no_trace(visualizer: Visualizer, tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.trace").write_bytes(content)
    done = visualizer("events", "x.trace")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"visualizer: {sentence}\n")


def test_files_that_cannot_be_opened(visualizer: Visualizer, tmp_path: Path) -> None:
    for name, why in (("missing", "no such file or directory"), (".", "is a directory")):
        done = visualizer("events", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"visualizer: Cannot open the trace {name!r}: {why}.\n"


def test_a_reader_that_goes_away(trace: Path, tmp_path: Path, process: Visualizer) -> None:
    long = tmp_path / "long.trace"
    long.write_bytes(HEADER + b'["note",1,"x"]\n' * 50_000 + b'["end",2,0,0]\n')
    reader = subprocess.Popen(["head", "-n", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdin is not None
    done = process("events", str(long), capture_output=False, stdout=reader.stdin, stderr=subprocess.PIPE)
    reader.stdin.close()
    assert reader.stdout is not None
    assert json.loads(reader.stdout.read())["event"] == "note"
    reader.stdout.close()
    reader.wait()
    assert done.stderr == ""
