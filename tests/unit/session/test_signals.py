from __future__ import annotations

import select
import signal
import subprocess
import sys
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
