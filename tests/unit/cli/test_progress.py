"""Commands that take long: a bar for who watches, lines while the rest is worked out, and a reader that goes away."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Visualizer
from tests.unit.analysis.tape import ping_pong
from visualizer.analysis.report import jsonl
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.report.details import Figures
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.cli import explain, progress, stats
from visualizer.trace import words
from visualizer.trace.events import Header, Switch, encode

HEADER = encode(Header(words.FORMAT, words.VERSION))
COMMANDS = ("stats", "findings", "explain", "events")
#: What would take a second is as good as over it.
IMPATIENT = "import visualizer.cli.progress as p; p.PATIENCE_S = 0; from visualizer.cli import main; main()"
SWITCHES = 5_000
WIPED = "\r\x1b[K\x1b[?25h"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.trace"
    tape = ping_pong()
    first, second = tape.ids["test1"], tape.ids["test2"]
    tape.events += [
        Switch(10_000 + number, *((first, second) if number % 2 else (second, first)), words.SWITCH, -1, -1)
        for number in range(SWITCHES)
    ]
    path.write_bytes(HEADER + b"".join(map(encode, tape.exits("main").end().events)))
    return path


def run(code: str, *arguments: object, **streams: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **streams)


def watched(code: str, command: str, trace: Path, stdout: Any) -> str:
    """What a terminal on stderr is given."""
    ours, theirs = pty.openpty()
    process = run(code, command, trace, stdout=stdout, stderr=theirs)
    os.close(theirs)
    told = b"".join(read(ours))
    os.close(ours)
    assert process.wait() == 0
    return told.decode()


def read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # How Linux says that the other end has been closed.
            return
        if not part:
            return
        yield part


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bar_on_a_terminal_that_is_gone_in_the_end(
    command: str, trace: Path, tmp_path: Path, visualizer: Visualizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "out").open("wb") as file:
        told = watched(IMPATIENT, command, trace, file)
    assert re.search(r"Reading +\[#+\] +100%", told)
    assert ("Writing" in told) == (command in ("explain", "events"))
    assert told.endswith(WIPED)
    # Each bar is wiped away before anything else is told.
    labels = re.findall(r"(Reading|Writing|Adding up|Looking for problems) +\[", told)
    assert told.count(WIPED) == len(set(labels))
    # On stderr that is no terminal there is nothing.
    monkeypatch.setattr(progress, "PATIENCE_S", 0)
    plain = visualizer(command, str(trace))
    assert (plain.stdout, plain.stderr) == ((tmp_path / "out").read_text(encoding="utf-8"), "")


def test_no_bar_between_the_lines_of_a_pipe(trace: Path) -> None:
    assert "Writing" not in watched(IMPATIENT, "explain", trace, subprocess.DEVNULL)


def test_no_bar_for_what_is_done_at_once(trace: Path) -> None:
    patient = IMPATIENT.replace("PATIENCE_S = 0", "PATIENCE_S = 1e9")
    assert watched(patient, "findings", trace, subprocess.DEVNULL) == ""


@pytest.mark.parametrize("command", ["explain", "events"])
def test_a_reader_that_goes_away(command: str, trace: Path) -> None:
    process = run(IMPATIENT, command, trace, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_lines_are_told_while_others_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    said = AllSentences.said

    def noted(every: AllSentences, first: int, stop: int) -> list[str]:
        asked.append((first, stop))
        return said(every, first, stop)

    monkeypatch.setattr(AllSentences, "said", noted)
    monkeypatch.setattr(explain, "_AT_ONCE", 2)
    timeline = ping_pong().timeline()
    done: list[tuple[int, int]] = []
    lines = explain.explained(Part.whole(timeline), None, lambda *advanced: done.append(advanced))
    assert next(lines).startswith("#1 ")
    assert (asked, done) == ([(0, 2)], [])
    assert len([*lines]) == timeline.switch_count - 1
    assert done[-1] == (timeline.switch_count, timeline.switch_count)


def test_records_are_told_while_others_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visualizer.analysis.model.timeline.AT_ONCE", 3)
    timeline = ping_pong().timeline()
    blocks = jsonl.json_lines(timeline)
    first = next(blocks)
    assert 0 < first.count(b"\n") < len(list(jsonl.records(timeline)))
    assert (first + b"".join(blocks)).count(b"\n") == len(list(jsonl.records(timeline)))


def test_the_first_line_of_stats_comes_before_the_rest_is_added_up(
    trace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    monkeypatch.setattr(Figures, "add_up", lambda found: told.append(capsys.readouterr().out))
    stats.command.main([str(trace)], standalone_mode=False)
    [first] = told
    assert first.startswith(f"{SWITCHES + 5} switches in ")
    assert first.count("\n") == 1
    assert capsys.readouterr().out.startswith("\ntrack ")
