from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from tests.conftest import ROOT
from visualizer.session import witness
from visualizer.session.launch import ProgramRun
from visualizer.session.signals import bystander


class FakeRun(ProgramRun):
    def __init__(self) -> None:
        self.received: list[int] = []

    def signal(self, number: int) -> None:
        self.received.append(number)

    def is_stopped(self, within_s: float) -> bool:
        return False


@contextmanager
def handled(wanted: dict[int, Any]) -> Iterator[None]:
    """Have signals handled so: a shell has its background jobs ignore SIGINT, nohup SIGHUP, and so tests that are one.
    """
    before = {number: signal.signal(number, what) for number, what in wanted.items()}
    try:
        yield
    finally:
        for number, what in before.items():
            signal.signal(number, what)


def test_what_is_sent_to_us_alone_is_passed_on() -> None:
    run = FakeRun()
    numbers = [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGALRM, signal.SIGTTIN, signal.SIGRTMIN + 3]
    with handled(dict.fromkeys([signal.SIGHUP, *numbers], signal.SIG_DFL)), bystander() as by:
        signal.raise_signal(signal.SIGHUP)
        by.stand_by(run)
        assert run.received == [signal.SIGHUP]
        for number in numbers:
            signal.raise_signal(number)
    assert run.received == [signal.SIGHUP, *numbers]


def test_a_stop_is_not_passed_on_if_the_witness_tells_first_that_it_was_undone() -> None:
    """A signal to all may reach one long before another: here us not at all."""
    run = FakeRun()
    with handled({signal.SIGTSTP: signal.SIG_DFL}), bystander() as by:
        by.stand_by(run)
        (beside,) = (child for child in psutil.Process().children() if witness.__file__ in child.cmdline())
        beside.send_signal(signal.SIGCONT)
        signal.raise_signal(signal.SIGTSTP)
        assert run.received == []
        signal.raise_signal(signal.SIGTSTP)
    assert run.received == [signal.SIGTSTP]


def test_another_handler_may_read_what_one_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal comes when one has looked in vain for what the witness told, and is about to wait for that."""
    run, wait = FakeRun(), select.select

    def meanwhile(*about: Any) -> Any:
        monkeypatch.undo()
        signal.raise_signal(signal.SIGUSR1)
        return wait(*about)

    with handled(dict.fromkeys([signal.SIGUSR1, signal.SIGUSR2], signal.SIG_DFL)), bystander() as by:
        by.stand_by(run)
        (beside,) = (child for child in psutil.Process().children() if witness.__file__ in child.cmdline())
        beside.send_signal(signal.SIGUSR2)
        monkeypatch.setattr(select, "select", meanwhile)
        signal.raise_signal(signal.SIGUSR2)
    assert run.received == [signal.SIGUSR1]


def test_the_witness_may_be_late_with_what_was_sent_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, and gets no turn for long: then the signal reaches it."""
    run, pause = FakeRun(), time.sleep

    def meanwhile(seconds: float) -> None:
        pause(seconds)
        if seconds > 0:
            monkeypatch.undo()
            for number in (signal.SIGSTOP, signal.SIGUSR1):
                beside.send_signal(number)
            goes_on.append(subprocess.Popen(["sh", "-c", f"sleep 0.1; kill -CONT {beside.pid}"]))

    goes_on: list[subprocess.Popen[bytes]] = []
    with handled({signal.SIGUSR1: signal.SIG_DFL}), bystander() as by:
        by.stand_by(run)
        (beside,) = (child for child in psutil.Process().children() if witness.__file__ in child.cmdline())
        monkeypatch.setattr(time, "sleep", meanwhile)
        signal.raise_signal(signal.SIGUSR1)
        assert run.received == []
        signal.raise_signal(signal.SIGUSR1)
        assert run.received == [signal.SIGUSR1]
        assert goes_on[0].wait() == 0


def test_what_was_told_before_the_time_was_over_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late it is read: all of us may have been stopped meanwhile."""
    run, now, look = FakeRun(), time.monotonic, select.select

    def later() -> float:
        monkeypatch.setattr(time, "monotonic", lambda: now() + 3600)
        return now()

    def until_it_answers(of: Any, no: Any, nor: Any, seconds: float) -> Any:
        return look(of, no, nor, 60)

    with handled({signal.SIGUSR1: signal.SIG_DFL}), bystander() as by:
        by.stand_by(run)
        (beside,) = (child for child in psutil.Process().children() if witness.__file__ in child.cmdline())
        beside.send_signal(signal.SIGUSR1)
        monkeypatch.setattr(time, "monotonic", later)
        monkeypatch.setattr(select, "select", until_it_answers)
        signal.raise_signal(signal.SIGUSR1)
    assert run.received == []


def test_a_stop_is_not_passed_on_if_it_was_undone_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more signals come in the middle of the first one's handler, and the last of them is a stop again."""
    run, wait = FakeRun(), select.select

    def meanwhile(*about: Any) -> Any:
        monkeypatch.undo()
        signal.raise_signal(signal.SIGCONT)
        signal.raise_signal(signal.SIGTSTP)
        return wait(*about)

    with handled(dict.fromkeys([signal.SIGTSTP, signal.SIGCONT], signal.SIG_DFL)), bystander() as by:
        by.stand_by(run)
        monkeypatch.setattr(select, "select", meanwhile)
        signal.raise_signal(signal.SIGTSTP)
    assert run.received == [signal.SIGCONT, signal.SIGTSTP]


def test_everything_is_as_before_afterwards_and_what_was_ignored_remains_so() -> None:
    wanted: dict[int, Any] = {
        signal.SIGHUP: signal.SIG_IGN, signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL,
    }
    with handled(wanted):
        with bystander():
            # Until the program is started, which inherits that.
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) != signal.default_int_handler
        assert {number: signal.getsignal(number) for number in wanted} == wanted


@pytest.mark.parametrize("status", [0, 3, 255, -signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGSEGV])
def test_the_exit_is_that_of_the_program(status: int) -> None:
    code = f"from visualizer.session.signals import exit_like; print('said'); exit_like({int(status)})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (status, "said\n", "")
