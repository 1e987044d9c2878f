"""Shared by all tests: nothing is read from, or left in, the home of whoever runs them."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner
from hypothesis import settings

from tests.soak import SOAK, count
from visualizer import cli

# How long an example takes is no test of ours: the machine may be busy.
# The same examples each time: a change is judged by what it changes. New ones are what `make soak` tries.
settings.register_profile("patient", deadline=None, derandomize=True, database=None, max_examples=count(10))
settings.register_profile("soak", deadline=None, max_examples=count(10))
settings.load_profile("soak" if SOAK else "patient")

ROOT = Path(__file__).parent.parent

#: Runs `visualizer ARGS...` in a folder of its own. The keywords are those of the fixture that it comes from.
Visualizer = Callable[..., subprocess.CompletedProcess[str]]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: there is always a test that waits for a program that sleeps."""
    return (os.cpu_count() or 1) + 1


class Failures:
    """Says at once what has failed: whoever ends a run that hangs does not see the summary."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\nFAILED {report.nodeid} ({report.when})")


def _hand_down_no_ignoring() -> None:
    """What the tests were started to ignore, as by a shell SIGINT in the background and by nohup SIGHUP, the programs
    that they start shall not: exec keeps what is ignored, and sets a handler back to the default (signal(7))."""
    by_python = {signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)}
    for number in signal.valid_signals() - by_python:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    _hand_down_no_ignoring()
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        config.pluginmanager.register(Failures(terminal))


def pytest_collection_finish() -> None:
    """What was imported to get here stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where `run` keeps its recordings, for what is made once for many tests."""
    folder = tmp_path_factory.mktemp("states")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("VISUALIZER_STATE_DIR", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def state_dir(states: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `run` keeps its recordings during a test."""
    folder = Path(tempfile.mkdtemp(dir=states))
    monkeypatch.setenv("VISUALIZER_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def visualizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Visualizer:
    """The command line in this process, with its streams in memory: what it prints itself, and how it ends."""
    # What is good for a process that ends soon would outlive the test in this one.
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(cli, "silence_stdout", lambda: None)

    def run(
        *args: str, stdin: IO[Any] | None = None, cwd: Path = tmp_path, encoding: str = "utf-8"
    ) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["visualizer", *args])
        with CliRunner(charset=encoding).isolation() as (stdout, stderr, _), _at_descriptor_0(stdin):
            with pytest.raises(SystemExit) as ended:
                cli.main()
            status = 0 if ended.value.code is None else ended.value.code
            assert isinstance(status, int)
            return subprocess.CompletedProcess(args, status, stdout.getvalue().decode(), stderr.getvalue().decode())

    return run


@contextlib.contextmanager
def _at_descriptor_0(stdin: IO[Any] | None) -> Iterator[None]:
    ours = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere if stdin is None else stdin.fileno(), 0)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(ours, 0)
        os.close(ours)


@pytest.fixture
def process(tmp_path: Path) -> Visualizer:
    """The command line in a process of its own, where that matters; the keywords are those of `subprocess.run`."""

    def run(*args: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "visualizer", *args],
            **{
                "cwd": tmp_path,
                "env": {**os.environ, "PYTHONPATH": str(ROOT)},
                "stdin": subprocess.DEVNULL,
                "capture_output": True,
                "text": True,
                "timeout": 150,
                **keywords,
            },
        )

    return run
