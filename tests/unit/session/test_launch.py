"""The program under watch is stood in for by one that writes what the tracers would."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.reading import read_all
from visualizer.session.launch import ProgramRun, start, tracer_command
from visualizer.session.target import Target

HEADER = {"format": "visualizer-trace", "version": 1, "monotonic_ns": 0}


def run_of(code: str, trace: Path, written: str | None = None, stdio: int | None = None) -> ProgramRun:
    """A run of `code`, before which `written` comes to stand in the trace; a header if not given."""
    if written is None:
        written = json.dumps(HEADER | {"monotonic_ns": time.monotonic_ns()}) + "\n"

    def command(target: Target, path: Path, options: Sequence[str]) -> list[str]:
        write = f"open({str(path)!r}, 'a').write({written!r})\n"
        return [sys.executable, "-c", write + code, *target.python_args]

    return start(Target("x", ("a", "-b")), trace, stdin=stdio, stdout=stdio, command=command)


def test_the_tracers_are_given_what_would_stand_behind_python(tmp_path: Path) -> None:
    target = Target("x", ("-m", "x", "--trace", "y"))
    python, safe_path, launcher, *rest = tracer_command(target, tmp_path / "t", ["--include", "json", "--no-source"])
    assert (python, safe_path) == (sys.executable, "-P")
    assert Path(launcher).is_file()
    assert rest == [
        *("--trace", str(tmp_path / "t"), "--include", "json", "--no-source"),
        *("--", "-m", "x", "--trace", "y"),
    ]


@pytest.mark.parametrize(
    ("code", "status", "end"),
    [
        ("pass", 0, (0, 0)),
        ("raise SystemExit(3)", 3, (3, 0)),
        ("import os; os._exit(4)", 4, (4, 0)),
        ("import os; os.kill(os.getpid(), 9)", -9, (-1, 9)),
    ],
)
def test_the_last_line_says_how_it_ended(code: str, status: int, end: tuple[int, int], tmp_path: Path) -> None:
    run = run_of(code, tmp_path / "t")
    assert run.wait() == status
    assert run.poll() == status
    assert (run.recorded, run.warning) == (True, None)
    header, events, notices = read_all(tmp_path / "t")
    assert notices == []
    assert [(type(event).__name__, event.code, event.signal) for event in events] == [("End", *end)]  # type: ignore[union-attr]
    # Nanoseconds since the header's moment, on the same clock.
    assert 0 <= events[0].t_ns <= time.monotonic_ns() - header.monotonic_ns  # type: ignore[union-attr]


def test_poll_knows_when_it_is_over(tmp_path: Path) -> None:
    run = run_of("print('begun', flush=True); input()", tmp_path / "t", stdio=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == b"begun\n"
    assert run.poll() is None
    run.signal(signal.SIGKILL)
    while (status := run.poll()) is None:
        os.sched_yield()
    assert status == -signal.SIGKILL
    assert len(read_all(tmp_path / "t")[1]) == 1
    run.close()


def test_a_cut_line_does_not_swallow_the_last_one(tmp_path: Path) -> None:
    run_of("pass", tmp_path / "t", written=json.dumps(HEADER) + '\n["text",0,"he').wait()
    lines = (tmp_path / "t").read_text().splitlines()
    assert lines[1] == '["text",0,"he'
    assert json.loads(lines[2])[0] == "end"


@pytest.mark.parametrize("written", ["", "\n", "no header\n", '{"format":"visualizer-trace"', '{"format":"x"}\n'])
def test_without_a_header_nothing_is_written(written: str, tmp_path: Path) -> None:
    run = run_of("raise SystemExit(5)", tmp_path / "t", written=written)
    assert run.wait() == 5
    assert run.recorded is False
    assert run.warning == (
        f"Nothing was recorded in {str(tmp_path / 't')!r}: the program ended too early, or the disk is full."
    )
    assert (tmp_path / "t").read_text() == written


def test_what_the_tracers_say_about_their_failure_is_passed_on(tmp_path: Path) -> None:
    run = run_of(f"open({str(tmp_path / 't.failed')!r}, 'w').write('OSError: no luck\\n')", tmp_path / "t", written="")
    assert run.wait() == 0
    assert run.warning == f"Nothing was recorded in {str(tmp_path / 't')!r}: OSError: no luck."
    assert not (tmp_path / "t.failed").exists()


def test_a_full_disk_costs_the_last_line_only(tmp_path: Path) -> None:
    """RLIMIT_FSIZE refuses the write as a full disk does."""
    run = run_of("pass", tmp_path / "t", written=json.dumps(HEADER) + "\n")
    run._process.wait()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    content = (tmp_path / "t").read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content), before[1]))
    try:
        assert run.wait() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert run.warning == f"The end of the trace {str(tmp_path / 't')!r} could not be written: file too large."
    assert (tmp_path / "t").read_bytes() == content


def test_a_trace_that_was_taken_away_is_no_obstacle(tmp_path: Path) -> None:
    run = run_of(f"import os; os.unlink({str(tmp_path / 't')!r})", tmp_path / "t")
    assert run.wait() == 0
    assert run.warning is not None


def test_a_trace_that_is_no_file_is_not_read_for_ever(tmp_path: Path) -> None:
    run = run_of("pass", Path("/dev/zero"), written="")
    assert run.wait() == 0
    assert run.recorded is False


def test_arguments_environment_and_descriptors_are_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONE", "two")
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        same = f"dict(os.environ) == {dict(os.environ)}"
        code = f"import os, sys; os.write({write}, b'kept'); print(sys.argv[1:], {same})"
        assert run_of(code, tmp_path / "t").wait() == 0
        assert os.read(read, 100) == b"kept"
    finally:
        os.close(read)
        os.close(write)
    assert capfd.readouterr() == ("['a', '-b'] True\n", "")
