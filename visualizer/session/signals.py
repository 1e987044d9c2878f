"""Standing between a terminal and the program under watch without being noticed: signals, and the way to exit."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, takewhile
from types import FrameType
from typing import NamedTuple, NoReturn

from visualizer.session import witness
from visualizer.session.launch import ProgramRun

#: Unless the program has a handler for them, these stop it, and who waits for it to stop waits for us.
_STOPS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
#: What undoes a signal that it comes behind: where both are pending, the kernel discards the first (signal(7)).
_UNDONE_BY: dict[int, tuple[int, ...]] = {signal.SIGCONT: _STOPS, **dict.fromkeys(_STOPS, (signal.SIGCONT,))}
#: So long the witness may take to answer, on a machine that gives it no turn; and a signal to all to reach all.
_ANSWERS_WITHIN_S = 5.0
_REACHES_WITHIN_S = 0.01
#: Another handler may have read what is waited for since it was looked for.
_READ_BY_ANOTHER_WITHIN_S = 0.005
#: What it told of earlier than that belongs to no signal that comes now; and so many times it is kept what it told.
_STALE_NS = 1_000_000_000
_KEPT = 200


class Told(NamedTuple):
    """What the witness wrote, when that was read, and which signal of it (by its index) was taken by which handler."""

    text: bytes
    t_ns: int
    taken: dict[int, int]


class Witness:
    """A process in our group, which gets the signals that are sent to all of the group, but not those to us alone.

    The program is in that group as well: what a terminal, `kill -- -PGID` or a service manager sends to all, it has got
    itself. A signal does not tell to how many processes it was sent.

    It is asked about each: what it got before, it tells before it answers. A signal's handler asks, in the middle of
    which another one may come, and ask, too: what one reads it leaves to the other, in a single call into C.
    """

    def __init__(self) -> None:
        self._handlers, self._questions = count(), count()
        self._told: list[Told] = []
        command = [sys.executable, "-I", "-S", witness.__file__]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        # From then on it has its handlers.
        os.read(self._output, 1)
        # Of two handlers that wait for it to write, one may have read what was there.
        os.set_blocking(self._output, False)

    def saw(self, number: int) -> bool:
        """Whether it got the signal that we have just got, or since then one that undoes it: we may get that later."""
        handler, since_ns = next(self._handlers), time.monotonic_ns()
        # Asked again, it answers behind what it was sent meanwhile, however late it came to run.
        for pause_s in (0.0, _REACHES_WITHIN_S):
            time.sleep(pause_s)
            is_answered = self._ask()
            if any(_takes(told, number, handler) for told in reversed(self._since(since_ns - _STALE_NS))):
                return True
            if not is_answered:
                break
        since = {what for told in self._since(since_ns) for what in told.text}
        return not since.isdisjoint(_UNDONE_BY.get(number, ()))

    def _ask(self) -> bool:
        """Read all that it told before it answers. Return False if it does not for long, or is gone."""
        asked_ns, until = time.monotonic_ns(), time.monotonic() + _ANSWERS_WITHIN_S
        answer = witness.ANSWERS[next(self._questions) % len(witness.ANSWERS)]
        try:
            os.write(self._input, bytes([answer]))
        except OSError:
            return False
        while not any(answer in told.text for told in self._since(asked_ns)):
            left = until - time.monotonic()
            if not select.select([self._output], [], [], max(0, min(left, _READ_BY_ANOTHER_WITHIN_S)))[0]:
                if left <= 0:
                    return False
                continue
            del self._told[:-_KEPT]
            read = map(os.read, (self._output,), (256,))
            try:
                self._told.extend(map(Told, read, iter(time.monotonic_ns, None), iter(dict, None)))
            except BlockingIOError:
                continue
            if not self._told[-1].text:
                return False
        return True

    def _since(self, t_ns: int) -> list[Told]:
        """What was read since then, the newest first."""
        return list(takewhile(lambda told: told.t_ns > t_ns, reversed(self._told)))

    def end(self) -> None:
        # It ends with its stdin.
        with self._process:
            pass


def _takes(told: Told, number: int, handler: int) -> bool:
    """Whether this handler is the first to ask for one of these signals."""
    those = (index for index, what in enumerate(told.text) if what == number)
    return any(told.taken.setdefault(index, handler) == handler for index in those)


class Arrivals:
    """The signals that came, in order. Python calls their handlers in the order of their numbers, and each once."""

    def __init__(self) -> None:
        self._came, self._comes = socket.socketpair()
        self._came.setblocking(False)
        self._comes.setblocking(False)
        self._before = signal.set_wakeup_fd(self._comes.fileno(), warn_on_full_buffer=False)
        #: How many handlers are going on, each in the middle of the one before.
        self._handlers = 0

    @contextlib.contextmanager
    def handled(self, number: int) -> Iterator[Callable[[], bool]]:
        """While a handler of these signals goes on. Gives what tells whether its signal is undone by now: whether one
        that undoes it came behind the last of these that was there as the handler began."""
        self._handlers += 1
        try:
            if self._handlers == 1 and len(self._all()) > _KEPT // 2:
                # All others stay, for the handlers in the middle of which this one runs.
                self._came.recv(_KEPT // 4)
            place = self._all().rfind(number)
            undoes = bytes(_UNDONE_BY.get(number, ()))
            yield lambda: place >= 0 and not set(self._all()[place:]).isdisjoint(undoes)
        finally:
            self._handlers -= 1

    def _all(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return self._came.recv(_KEPT, socket.MSG_PEEK)
        return b""

    def end(self) -> None:
        signal.set_wakeup_fd(self._before)
        self._came.close()
        self._comes.close()


class Bystander:
    """Lives on through the signals meant for a program, and passes on those that reached only us."""

    def __init__(self, witness: Witness, arrivals: Arrivals) -> None:
        self._witness = witness
        self._arrivals = arrivals
        self._run: ProgramRun | None = None
        self._missed: list[int] = []
        #: Whether we have been asked to stop, and not to continue.
        self._shall_stop = False

    def stand_by(self, run: ProgramRun) -> None:
        """Pass signals on to `run` from now on, beginning with those that came before it was started.

        Also what was ignored before us: the program, which ignores it as well, may have a handler of its own by now.
        """
        self._run = run
        for ignored in witness.PASSED_ON:
            if signal.getsignal(ignored) == signal.SIG_IGN:
                signal.signal(ignored, self.receive)
        for number in self._missed:
            run.signal(number)

    def receive(self, number: int, frame: FrameType | None) -> None:
        with self._arrivals.handled(number) as undone:
            is_seen = self._witness.saw(number)
            # The witness may have had no time to see it, and passed on now it would undo what came behind it.
            is_undone = undone()
            if is_seen or is_undone:
                pass  # The program has it already, or no longer needs it.
            elif self._run is None:
                self._missed.append(number)
            else:
                self._run.signal(number)
            if number in _UNDONE_BY and not is_undone:
                self._shall_stop = number in _STOPS
        self.stop_with_it()

    def stop_with_it(self, *_: object) -> None:
        """Stop if the program has stopped for the sake of who waits for it, as a shell does, which waits for us.

        Whoever stops the program alone may continue it alone, and would leave us behind.
        """
        stopped_by = self._run and self._run.stopped_by
        if stopped_by and (stopped_by in _STOPS or self._shall_stop or _is_in_foreground()):
            os.kill(os.getpid(), signal.SIGSTOP)


def _is_in_foreground() -> bool:
    """Whether the terminal is ours and the program's: nobody else can be typed to."""
    try:
        with open("/dev/tty", "rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


@contextlib.contextmanager
def bystander() -> Iterator[Bystander]:
    """Pass signals on to a program. Enter before it is started; must be called in the main thread.

    Only functions are installed, since exec sets those back to the default for the program (signal(7)); what was
    ignored before us, as by nohup, remains ignored for both.
    """
    beside, arrivals = Witness(), Arrivals()
    someone = Bystander(beside, arrivals)
    before = {number: signal.getsignal(number) for number in witness.PASSED_ON}
    for number, handling in before.items():
        if handling != signal.SIG_IGN:
            signal.signal(number, someone.receive)
    before[signal.SIGCHLD] = signal.getsignal(signal.SIGCHLD)
    if before[signal.SIGCHLD] != signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, someone.stop_with_it)
    try:
        yield someone
    finally:
        for number, handling in before.items():
            if handling is not None:
                signal.signal(number, handling)
        arrivals.end()
        beside.end()


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
