"""What `visualizer open` says before there is a TUI, and what it hands to one."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Visualizer
from visualizer.cli.open import Rejoined
from visualizer.trace.source import Source

HEADER = '{"format":"visualizer-trace","version":1}\n'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Cannot open the trace 't': no such file or directory."),
        ("", "The trace 't' is empty."),
        ("hello\n", "'t' is not a trace: its first line is not a visualizer header."),
        ('{"format":"visualizer-tr', "'t' is not a trace: its first line is not a visualizer header."),
        ('{"format":"visualizer-trace","version":99}\n', None),
        ("\0\xff" * 1000, "'t' is not a trace: its first line is not a visualizer header."),
    ],
)
def test_what_is_no_trace_is_told_in_one_sentence(
    content: str | None, sentence: str | None, visualizer: Visualizer, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "t").write_text(content, encoding="latin-1")
    done = visualizer("open", "t")
    assert (done.returncode, done.stdout) == (2, "")
    if sentence is not None:
        assert done.stderr == f"visualizer: {sentence}\n"
    else:
        assert "version 99" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_directory(visualizer: Visualizer) -> None:
    done = visualizer("open", "/")
    assert (done.returncode, done.stderr) == (2, "visualizer: Cannot open the trace '/': is a directory.\n")


def test_without_a_terminal_it_says_what_serves(visualizer: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "t").write_text(HEADER)
    done = visualizer("open", "t")
    assert (done.returncode, done.stderr) == (
        2,
        "visualizer: The TUI needs a terminal on stdout; `visualizer show t` prints the timeline as text.\n",
    )


#: Makes the terminal on stdout this session's own, and stands in for the TUI by one that says what it was given.
ON_A_TERMINAL = """
import os, sys, types
os.open(os.ttyname(1), os.O_RDWR)
class VisualizerApp:
    def __init__(self, *, stream=None, **given):
        print("given", given)
        if stream is not None:
            print("stream", stream.read(7), len(stream.read(1000)), stream.read(1))
    def run(self):
        print("keys from a terminal:", os.isatty(0), sys.__stdin__.isatty(), sys.stdin.isatty())
        return -9
sys.modules["visualizer.tui.app"] = types.SimpleNamespace(VisualizerApp=VisualizerApp)
from visualizer.cli import main
main()
"""


def on_a_terminal(*args: str, cwd: Path, stdin: str | None = None) -> tuple[int, list[str]]:
    """Exit status and printed lines of `visualizer ARGS...` on a terminal; `stdin`, if given, comes through a pipe."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs if stdin is None else subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    if stdin is not None:
        assert process.stdin is not None
        process.stdin.write(stdin.encode())
        process.stdin.close()
    printed = b""
    try:
        while chunk := os.read(ours, 4096):
            printed += chunk
    except OSError:
        # EIO is how Linux says that nobody is left at the other end of a terminal.
        pass
    os.close(ours)
    return process.wait(timeout=60), printed.decode().splitlines()


KEYS = "keys from a terminal: True True True"


def test_a_trace_is_handed_to_the_tui(tmp_path: Path) -> None:
    (tmp_path / "t").write_text(HEADER)
    given = "given {'open_path': PosixPath('t'), 'follow': %s, 'span': None, 'big': False}"
    assert on_a_terminal("open", "t", cwd=tmp_path) == (0, [given % False, KEYS])
    assert on_a_terminal("open", "t", "--follow", cwd=tmp_path, stdin="") == (0, [given % True, KEYS])


def test_a_trace_that_has_not_begun_can_be_followed(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("")
    given = "given {'open_path': PosixPath('t'), 'follow': True, 'span': None, 'big': False}"
    assert on_a_terminal("open", "t", "--follow", cwd=tmp_path) == (0, [given, KEYS])


def test_a_trace_that_is_not_there_yet_can_be_followed(tmp_path: Path, visualizer: Visualizer) -> None:
    given = "given {'open_path': PosixPath('later'), 'follow': True, 'span': None, 'big': False}"
    assert on_a_terminal("open", "later", "--follow", cwd=tmp_path) == (0, [given, KEYS])
    # But not where nobody could write one.
    done = visualizer("open", "--follow", "nowhere/later")
    said = "Cannot open the trace 'nowhere/later': no such file or directory."
    assert (done.returncode, done.stderr) == (2, f"visualizer: {said}\n")


def test_a_trace_comes_from_stdin_and_the_keys_from_the_terminal(tmp_path: Path) -> None:
    trace = HEADER + '["end",5,0,0]\n'
    assert on_a_terminal("open", "-", cwd=tmp_path, stdin=trace) == (
        0,
        [
            "given {'follow': False, 'span': None, 'big': False}",
            f"stream {trace[:7].encode()!r} {len(trace) - 7} b''",
            KEYS,
        ],
    )


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [
        ("", "The trace 'stdin' is empty."),
        ("hello\nyou\n", "'stdin' is not a trace: its first line is not a visualizer header."),
        (None, "`open -` reads a trace from stdin, but stdin is a terminal or closed."),
    ],
)
def test_what_comes_from_stdin_and_is_no_trace(stdin: str | None, sentence: str, tmp_path: Path) -> None:
    assert on_a_terminal("open", "-", cwd=tmp_path, stdin=stdin) == (2, [f"visualizer: {sentence}"])


def test_a_run_ends_as_the_script_did_and_the_catalogue_as_itself(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("")
    target = "Target(name='s', python_args=('s.py', '-x'), path=PosixPath('s.py'))"
    assert on_a_terminal("run", "--include", "json", "s.py", "-x", cwd=tmp_path) == (
        -9,
        [f"given {{'target': {target}, 'options': ('--include', 'json'), 'hold': False, 'big': False}}", KEYS],
    )
    assert on_a_terminal(cwd=tmp_path) == (0, ["given {}", KEYS])


def test_what_was_read_of_a_pipe_comes_first_and_nothing_waits_for_more() -> None:
    read, write = os.pipe()
    os.write(write, b"rest")
    with os.fdopen(read, "rb", buffering=0) as pipe:
        stream = Rejoined(b"head", pipe)
        assert stream.fileno() == read
        assert [stream.read(3), stream.read(100), stream.read(100)] == [b"hea", b"d", b"rest"]
        os.close(write)
        assert stream.read(100) == b""


def test_a_source_reads_through_it() -> None:
    stream = Rejoined(HEADER.encode()[:20], io.BytesIO(HEADER.encode()[20:] + b'["end",5,0,0]\n'))
    events = [event for batch in Source(io.BufferedReader(stream), "x") for event in batch]
    assert len(events) == 1
