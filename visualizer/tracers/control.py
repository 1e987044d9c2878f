"""Holding the program: it stops at its next switch, or a later one, when whoever watches it asks for that.

They talk through a socket that the program was started with (visualizer/session/control.py has the other end). Without
one there is no `Control`, and nothing here is ever called. With one, the hooks ask `goal` on their long way only, and
that is the way they take while there is one.

Asked for, a line each: `hold`, `step` (one switch), `track ID` (until that track is switched to), `line NUMBER FILE`
(until that line is about to run), `run`. Answered: `stopped T_NS` when the clock stands, `held CAUSE` when all that
happened until then is in the file, `going HELD_NS` when the clock goes on, having stood for so long in all.

A thread is held in its own hook, in the middle of its switch, and waits for a lock: signals reach the program
meanwhile, and what their handlers raise goes on into it. All threads that come to a switch are held then; nobody who
does not. If the other end is closed, whoever held it is gone: the program runs on.
"""

from __future__ import annotations

import _socket
import _thread
import fcntl
import os
from select import POLLIN, poll

from visualizer.trace import words
from visualizer.tracers.control_loops import Loop
from visualizer.tracers.held_clock import HeldClock
from visualizer.tracers.values import show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any, Protocol

    from visualizer.tracers.recording import Recording

    class Points(Protocol):
        """Where a program can be stopped beside the switches of greenlets: the steps of its generators, and lines."""

        def arm(self, goal: str) -> None:
            """Watch what that goal needs, in all threads as far as that is possible."""

        def enter(self) -> None:
            """The same in the current thread, which has just come to a switch."""

        def remove(self) -> None:
            """Watch nothing any more."""


#: What is waited for: nothing, any switch, the switch to a track, a line.
RUN, SWITCH, TRACK, LINE = "", "switch", "track", "line"
#: Stands in `Recording.unsettled` while there is a goal.
_WANTED = -3
#: Descriptors below this number are left to the program.
_LOWEST_FD = 400
#: So often somebody who is held looks for an answer, if the flushing thread does not.
_LOOK_SECONDS = 0.1
_QUIETLY = getattr(_socket, "MSG_NOSIGNAL", 0) | _socket.MSG_DONTWAIT

# Fetched now: gevent's monkey-patching replaces them.
_allocate_lock = _thread.allocate_lock
_RLock = _thread.RLock
_Local = _thread._local


class Control:
    """The program's end of the socket, and the threads that are held."""

    def __init__(self, fd: int) -> None:
        """Take over the socket with that descriptor. Raise OSError if it is none."""
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _LOWEST_FD)
        os.close(fd)
        self._socket: Any = _socket.socket(fileno=high)
        status = os.fstat(high)
        self._identity = (status.st_dev, status.st_ino)
        self.clock = HeldClock()
        #: What the hooks are to look out for, and its track or (line, file).
        self.goal = RUN
        self.wanted_track = words.NOBODY
        self.wanted_line = (0, "")
        #: The track that runs in the current thread; told by whoever knows greenlets.
        self.current: Callable[[], int] = lambda: words.NOBODY
        self.points: Points | None = None
        self._recording: Any = None
        #: A lock for each thread that is held, in order.
        self._gates: list[Any] = []
        # Taken again by a signal handler that runs in the middle of it, and switches.
        self._lock = _RLock()
        self._reading = _allocate_lock()
        self._rest = b""
        self._local = _Local()
        self._stops = 0

    def begin(self, recording: Recording) -> None:
        """Listen from now on, in the thread that flushes."""
        self._recording = recording
        recording.stream.wait = self._wait
        self._read()

    # In the flushing thread, or in one that is held.

    def _wait(self, seconds: float) -> bool:
        """Wait for so long, or until something is asked for. Return whether the flushing thread shall end."""
        waiting = poll()
        try:
            waiting.register(self._socket, POLLIN)
            waiting.poll(seconds * 1000)
            self._read()
        except (OSError, ValueError):
            self.close()
        return bool(self._recording.stream.wait_for_end(0 if self._socket is not None else seconds))

    def _read(self) -> None:
        """Do what has been asked for."""
        if not self._reading.acquire(False):
            return
        try:
            while self._socket is not None:
                try:
                    came = self._socket.recv(4096, _socket.MSG_DONTWAIT) if self._is_ours() else b""
                except BlockingIOError:
                    return
                if not came:
                    self.close()
                    return
                *lines, self._rest = (self._rest + came).split(b"\n")
                for line in lines:
                    self._obey(line.decode("utf-8", "surrogateescape"))
        except Exception as error:
            self.fail(error)
        finally:
            self._reading.release()

    def _is_ours(self) -> bool:
        """False if the program closed our descriptor, and perhaps opened one of its own under that number."""
        try:
            status = os.fstat(self._socket.fileno())
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def _obey(self, line: str) -> None:
        what, _, about = line.partition(" ")
        if what == "hold":
            self._set(SWITCH)
            return
        goal = {"run": RUN, "step": SWITCH, "track": TRACK, "line": LINE}[what]
        if goal == TRACK:
            self.wanted_track = int(about)
        elif goal == LINE:
            number, _, file = about.partition(" ")
            self.wanted_line = (int(number), file)
        self._let_go(goal)

    def _say(self, *words: object) -> None:
        if self._socket is None:
            return
        try:
            if self._is_ours():
                self._socket.send((" ".join(map(str, words)) + "\n").encode(), _QUIETLY)
        except OSError:
            pass  # Who is gone is found out when we listen.

    def _set(self, goal: str) -> None:
        with self._lock:
            self.goal = goal
            unsettled = self._recording.unsettled
            unsettled.add(_WANTED) if goal else unsettled.discard(_WANTED)
            if self.points is not None:
                self.points.arm(goal)

    def _let_go(self, goal: str) -> None:
        """Let everybody who is held go on, to that goal."""
        with self._lock:
            gates, self._gates = self._gates, []
            self._set(goal)
            self._go_on(bool(gates))
            for gate in gates:
                gate.release()

    def _go_on(self, held: bool) -> None:
        if held:
            self.clock.go_on()
            self._say("going", self.clock.held_ns)

    # In the hooks.

    def on_switch(self, track: int | None = None) -> None:
        """The current thread has switched, to `track` if that is known: wait here if that is the goal.

        Raise what a signal's handler raises meanwhile.
        """
        try:
            if self.goal == LINE and self.points is not None:
                self.points.enter()
            reached = self.goal == SWITCH or (
                self.goal == TRACK and self.wanted_track == (self.current() if track is None else track)
            )
        except Exception as error:
            self.fail(error)
        else:
            if reached:
                self._hold(SWITCH)

    def on_line(self) -> None:
        """The current thread is about to run the line that is the goal: wait here."""
        if self.goal == LINE:
            self._hold(LINE)

    def watch_loop(self, loop: Any) -> None:
        """The current thread has gevent's hub of this loop: hold its timers whenever the thread is held."""
        try:
            self._local.loop = Loop(loop)
        except Exception as error:
            self._recording.note(f"Timers of gevent run on while the program is held: {show(error)}.")

    def _hold(self, cause: str) -> None:
        gate = _allocate_lock()
        gate.acquire()
        with self._lock:
            if not self.goal:
                return
            first = not self._gates
            self._gates.append(gate)
            if first:
                self._stops += 1
                self._say("stopped", self.clock.stop())
            if self.goal != SWITCH:
                self._set(SWITCH)
        loop = getattr(self._local, "loop", None)
        try:
            if loop is not None:
                self._try(loop.suspend)
            if first:
                self._recording.stream.flush()
                self._say("held", cause)
            while not gate.acquire(True, _LOOK_SECONDS):
                self._read()
            if self.goal == LINE and self.points is not None:
                self.points.enter()
        finally:
            if loop is not None:
                self._try(loop.resume)
            with self._lock:
                if gate in self._gates:
                    self._gates.remove(gate)
                    self._go_on(not self._gates)

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._local.loop = None
            self._recording.note(f"Timers of gevent ran on while the program was held: {show(error)}.")

    # The end.

    def fail(self, error: Exception) -> None:
        """A hook of ours failed: log it, and let the program run on."""
        self.close()
        self._recording.note(f"The program cannot be held any longer: {show(error)}.")

    def close(self) -> None:
        """Hold nobody from now on, and let everybody go on."""
        mine, self._socket = self._socket, None
        self._let_go(RUN)
        points, self.points = self.points, None
        if points is not None:
            points.remove()
        self._recording.stream.wait = self._recording.stream.wait_for_end
        if mine is None:
            return
        self._socket = mine
        ours = self._is_ours()
        self._socket = None
        mine.close() if ours else mine.detach()

    def finish(self) -> None:
        """The program is over."""
        if self._stops:
            times = "once" if self._stops == 1 else f"{self._stops} times"
            left_out = f"{self.clock.held_ns / 1e9:.3f} s"
            self._recording.note(f"The program was held {times}, for {left_out} in all, which its times leave out.")
        self.close()

    def abandon(self) -> None:
        """In a forked child, which is nobody's to hold."""
        self._lock, self._reading = _RLock(), _allocate_lock()
        self._gates.clear()
        self.close()
