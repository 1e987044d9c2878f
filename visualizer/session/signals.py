"""Standing between a terminal and the program under watch without being noticed: signals, and the way to exit."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from visualizer.session.launch import ProgramRun

#: The terminal sends these to the program itself, which decides what they mean.
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
#: Sent to us, but meant for the program.
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Bystander:
    """Lives on through the signals meant for a program, and passes on those that reached only us."""

    def __init__(self) -> None:
        self._run: ProgramRun | None = None
        self._missed: list[int] = []

    def stand_by(self, run: ProgramRun) -> None:
        """Pass signals on to `run` from now on, beginning with those that came before it was started."""
        self._run = run
        for number in self._missed:
            run.signal(number)

    def receive(self, number: int, frame: FrameType | None) -> None:
        if number in _FROM_TERMINAL:
            return
        if self._run is None:
            self._missed.append(number)
        else:
            self._run.signal(number)


@contextlib.contextmanager
def bystander() -> Iterator[Bystander]:
    """Pass signals on to a program. Enter before it is started; must be called in the main thread.

    Only functions are installed, since exec sets those back to the default for the program (signal(7)); what was
    ignored before us, as by nohup, remains ignored for both.
    """
    someone = Bystander()
    before = {number: signal.getsignal(number) for number in (*_FROM_TERMINAL, *_PASSED_ON)}
    for number, handling in before.items():
        if handling != signal.SIG_IGN:
            signal.signal(number, someone.receive)
    try:
        yield someone
    finally:
        for number, handling in before.items():
            if handling is not None:
                signal.signal(number, handling)


def exit_like(status: int) -> NoReturn:
    """Exit as the program did: with its status, or by the signal number `-status`, so that a shell sees no difference.

    Being killed by a signal flushes nothing: stdout and stderr are flushed here.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    if status < 0:
        # The program has left its core behind already.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-status, signal.SIG_DFL)
        with contextlib.suppress(OSError, ValueError):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [-status])
        os.kill(os.getpid(), -status)
        # Not reached, unless that signal does not kill here: then what a shell makes of it.
        sys.exit(128 - status)
    sys.exit(status)
