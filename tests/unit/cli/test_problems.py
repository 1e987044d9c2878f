"""`visualizer problems`: lines, or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, Visualizer
from tests.unit.analysis.tape import FILE, Tape, ping_pong, producer_consumer
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
    done = visualizer("problems", str(trace))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"4 µs lost  0.000006 s  never_resumed  {SENTENCE}\n"


def test_json(visualizer: Visualizer, trace: Path) -> None:
    with trace.open("rb") as stdin:
        done = visualizer("problems", "-", "--json", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [
        {
            "kind": "never_resumed",
            "severity": "stuck",
            "sentence": SENTENCE,
            "tracks": ["test1", "test2"],
            "t": 0.000006,
            "file": FILE,
            "line": 4,
            "cost_s": 0.000004,
            "lost_by": ["test1"],
            "count": 1,
            "others": [],
        }
    ]


def test_the_former_name_is_the_same_command(visualizer: Visualizer, trace: Path) -> None:
    assert visualizer("findings", str(trace)).stdout == visualizer("problems", str(trace)).stdout
    assert "findings" not in visualizer("--help").stdout


def test_failing_on_some_kinds(visualizer: Visualizer, trace: Path) -> None:
    told = visualizer("problems", str(trace)).stdout
    for kinds, code in (("hog,never_resumed", 1), ("any", 1), ("hog, deadlock", 0), ("", 0)):
        done = visualizer("problems", str(trace), "--fail-on", kinds)
        assert (done.returncode, done.stdout) == (code, told)
    assert visualizer("problems", str(trace), "--json", "--fail-on", "never_resumed").returncode == 1
    done = visualizer("problems", str(trace), "--fail-on", "hogs")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no kind of problem 'hogs'; there are crash, incomplete, " in done.stderr


def test_never_more_than_twenty_lines_unless_all_are_asked_for(visualizer: Visualizer, tmp_path: Path) -> None:
    tape = Tape()
    for number in range(21):
        tape.spawn(f"w{number}", words.GREENLET, "worker " + chr(ord("a") + number))
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, tape.exits("main").end().events)))
    lines = visualizer("problems", str(path)).stdout.splitlines()
    assert (len(lines), lines[-1]) == (20, "... and 2 more: --all prints them")
    assert lines[0].startswith("-  0.0000")
    every = visualizer("problems", str(path), "--all").stdout.splitlines()
    assert (len(every), every[:19]) == (21, lines[:19])
    assert len(json.loads(visualizer("problems", str(path), "--json").stdout)) == 21


def test_nothing_found(visualizer: Visualizer, tmp_path: Path) -> None:
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join(map(encode, producer_consumer().exits("main").end().events)))
    assert visualizer("problems", str(path)).stdout == "No problems found.\n"
    assert json.loads(visualizer("problems", str(path), "--json").stdout) == []


def test_a_trace_that_is_damaged_is_not_said_to_be_without_findings(visualizer: Visualizer, tmp_path: Path) -> None:
    lines = [encode(event) for event in producer_consumer().exits("main").end().events]
    path = tmp_path / "a.trace"
    path.write_bytes(HEADER + b"".join([*lines[:-2], b"\xff" * 80 + b"\n", *lines[-2:]]))
    sentence = "1 line could not be read: its events are missing here"
    assert visualizer("problems", str(path)).stdout.endswith(f" s  incomplete  {sentence}\n")
    [one] = json.loads(visualizer("problems", str(path), "--json").stdout)
    assert (one["kind"], one["sentence"], one["tracks"], one["line"]) == ("incomplete", sentence, [], None)
    assert visualizer("explain", str(path)).stdout.splitlines()[0] == f"{sentence}."


@pytest.mark.parametrize("command", ["problems", "explain", "stats"])
def test_a_stdout_that_takes_only_ascii(visualizer: Visualizer, trace: Path, command: str) -> None:
    done = visualizer(command, str(trace), encoding="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.parametrize("command", ["problems", "explain"])
def test_what_is_no_trace(visualizer: Visualizer, tmp_path: Path, command: str) -> None:
    (tmp_path / "x.trace").write_bytes(b"")
    done = visualizer(command, "x.trace")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "visualizer: The trace 'x.trace' is empty.\n")


def test_what_ping_pong_leaves_behind(visualizer: Visualizer, process: Visualizer) -> None:
    recorded = process("record", "ping_pong", "-o", "pp.trace")
    assert recorded.returncode == 0
    [one] = json.loads(visualizer("problems", "pp.trace", "--json").stdout)
    source = (ROOT / "scenarios" / "ping_pong.py").read_text(encoding="utf-8").splitlines()
    assert one["kind"] == "never_resumed"
    assert one["tracks"] == ["test1", "test2"]
    assert source[one["line"] : one["line"] + 1] == ['    print("never printed")']
    assert Path(one["file"]).name == "ping_pong.py"
    assert one["sentence"] == f"test1 was never resumed after it switched to test2 (ping_pong.py:{one['line']}){ENDED}"


CUT_OFF = """
import gevent, os, signal, sys
from gevent.event import Event

def tick():
    while True:
        gevent.sleep(0.001)

def end():
    gevent.sleep(0.4)
    if "-k" in sys.argv:
        os.kill(os.getpid(), signal.SIGTERM)

gevent.spawn(tick)
gevent.spawn(end)
Event().wait(None if "-k" in sys.argv else 0.001)
"""


@pytest.mark.parametrize(
    ("arguments", "doing"),
    [
        # What was not written any more is not known.
        (["-k"], " Last known before SIGTERM ended the program: "),
        ([], "\n"),
    ],
)
def test_what_a_program_without_problems_did_when_something_else_ended_it(
    process: Visualizer, visualizer: Visualizer, tmp_path: Path, arguments: list[str], doing: str
) -> None:
    (tmp_path / "s.py").write_text(CUT_OFF)
    assert process("record", "-o", "t", "s.py", *arguments).returncode == (-15 if arguments else 0)
    said = visualizer("problems", "t").stdout
    assert said.startswith(f"No problems found.{doing}")
    assert ("main waited in Event().wait(None if " in said) == bool(arguments)
    assert ("end slept 0.4 s (s.py:10)" in said) == bool(arguments)
