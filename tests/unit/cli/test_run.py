"""`visualizer run` where stdout is no terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.conftest import Visualizer
from visualizer.session import recordings


def test_the_timeline_stands_in_for_what_the_script_prints(process: Visualizer) -> None:
    done = process("run", "producer_consumer")
    assert (done.returncode, done.stderr) == (0, "")
    [recording] = recordings.recent()
    assert recording.name.startswith("producer_consumer-")
    shown = process("show", str(recording.path))
    assert "consumer" in done.stdout
    assert done.stdout == shown.stdout


def test_exit_code_stderr_stdin_and_arguments_are_the_scripts(process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(
        "import sys; print('hidden'); print(sys.argv[1:], input(), file=sys.stderr); sys.exit(3)"
    )
    done = process("run", "s.py", "--width", "-o", stdin=None, input="typed\n")
    assert (done.returncode, done.stderr) == (3, "['--width', '-o'] typed\n")


def test_a_script_that_never_begins_leaves_a_sentence(process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("def (")
    done = process("run", "s.py")
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr


def test_a_reader_that_goes_away_does_not_change_the_exit_code(process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("raise SystemExit(3)")
    read, write = os.pipe()
    os.close(read)
    try:
        done = process("run", "s.py", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (3, "")


def test_nobody_could_let_a_held_program_go_on_without_a_terminal(process: Visualizer) -> None:
    done = process("run", "--hold", "ping_pong")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--hold needs a terminal, because keys continue the program." in done.stderr
    assert recordings.recent() == []
