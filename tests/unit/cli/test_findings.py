"""`visualizer findings`: lines, or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, Visualizer
from tests.unit.analysis.tape import FILE, ping_pong, producer_consumer
from visualizer.trace import words
from visualizer.trace.events import Header, encode

HEADER = encode(Header(words.FORMAT, words.VERSION))
ENDED = "; test2 ended, and a greenlet that ends switches to its parent, here main"
SENTENCE = f"test1 was never resumed after it switched to test2 (demo.py:4){ENDED}"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, ping_pong().exits("main").end().events)))
    return path


def test_a_line_each(visualizer: Visualizer, trace: Path) -> None:
    done = visualizer("findings", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"0.000006 s  never_resumed  {SENTENCE}\n"


def test_json(visualizer: Visualizer, trace: Path) -> None:
    with trace.open("rb") as stdin:
        done = visualizer("findings", "-", "--json", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [
        {
            "kind": "never_resumed",
            "sentence": SENTENCE,
            "tracks": ["test1", "test2"],
            "t": 0.000006,
            "file": FILE,
            "line": 4,
            "count": 1,
            "others": [],
        }
    ]


def test_nothing_found(visualizer: Visualizer, tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, producer_consumer().exits("main").end().events)))
    assert visualizer("findings", str(path)).stdout == "No problems found.\n"
    assert json.loads(visualizer("findings", str(path), "--json").stdout) == []


def test_a_trace_that_is_damaged_is_not_said_to_be_without_findings(visualizer: Visualizer, tmp_path: Path) -> None:
    lines = [encode(event) for event in producer_consumer().exits("main").end().events]
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join([*lines[:-2], b"\xff" * 80 + b"\n", *lines[-2:]]))
    sentence = "1 line could not be read: its events are missing here"
    assert visualizer("findings", str(path)).stdout.endswith(f" s  incomplete  {sentence}\n")
    [one] = json.loads(visualizer("findings", str(path), "--json").stdout)
    assert (one["kind"], one["sentence"], one["tracks"], one["line"]) == ("incomplete", sentence, [], None)
    assert visualizer("explain", str(path)).stdout.splitlines()[0] == f"{sentence}."


@pytest.mark.parametrize("command", ["findings", "explain", "stats"])
def test_a_stdout_that_takes_only_ascii(visualizer: Visualizer, trace: Path, command: str) -> None:
    done = visualizer(command, str(trace), encoding="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.parametrize("command", ["findings", "explain"])
def test_what_is_no_trace(visualizer: Visualizer, tmp_path: Path, command: str) -> None:
    (tmp_path / "x.trace").write_bytes(b"")
    done = visualizer(command, "x.trace")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "visualizer: The trace 'x.trace' is empty.\n")


def test_what_ping_pong_leaves_behind(visualizer: Visualizer, process: Visualizer) -> None:
    recorded = process("record", "ping_pong", "-o", "pp.trace")
    assert recorded.returncode == 0
    [one] = json.loads(visualizer("findings", "pp.trace", "--json").stdout)
    source = (ROOT / "scenarios" / "ping_pong.py").read_text(encoding="utf-8").splitlines()
    assert one["kind"] == "never_resumed"
    assert one["tracks"] == ["test1", "test2"]
    assert source[one["line"] : one["line"] + 1] == ['    print("never printed")']
    assert Path(one["file"]).name == "ping_pong.py"
    assert one["sentence"] == f"test1 was never resumed after it switched to test2 (ping_pong.py:{one['line']}){ENDED}"
