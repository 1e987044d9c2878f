"""Pausing the program: it stops at its next switch, or a later one, when a viewer asks for that.

They talk through a socket that the program was started with (visualizer/session/control.py has the other end). Without
one there is no `SocketControl`, and nothing here is ever called. With one, the hooks ask `goal` on their long way only,
and that is the way they take while there is one.

Asked for, a line each: `hold`, `step` (one switch), `track ID` (until that track is switched to), `line NUMBER FILE`
(until that line is about to run), `run`. Answered: `stopped T_NS` when the clock stands, `paused CAUSE` when all that
happened until then is in the file, `going HELD_NS` when the clock goes on, having stood for so long in all.

A thread is paused in its own hook, in the middle of its switch, and waits for a lock: signals reach the program
meanwhile, and what their handlers raise goes on into it. All threads that come to a switch are paused then, and those
whose hub is idle; nobody who runs code of the program's. If the other end is closed, whoever paused it is gone: the
program runs on.
"""

from __future__ import annotations

import _thread
import sys

from visualizer.trace import words
from visualizer.tracers.control.channel import Channel
from visualizer.tracers.control.clock import PausableClock, Pauses
from visualizer.tracers.control.rehook import put_back
from visualizer.tracers.core.own_lock import OwnLock
from visualizer.tracers.core.values import show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.core.api import Pausable, Points
    from visualizer.tracers.core.context import Context

#: Goals: nothing, any switch, the switch to a track, a line.
RUN, SWITCH, TRACK, LINE = "", "switch", "track", "line"
#: Stands in `Context.unsettled` while there is a goal.
_WANTED = -3
#: A paused thread looks for an answer this often, if the flushing thread does not.
_LOOK_SECONDS = 0.1

# Fetched now: gevent's monkey-patching replaces them.
_allocate_lock = _thread.allocate_lock
_Local = _thread._local


class SocketControl:
    """The program's end of the socket, and the threads that are paused."""

    def __init__(self, fd: int) -> None:
        """Take over the socket with that descriptor. Raise OSError if it is none."""
        self._channel = Channel(fd)
        self.clock = PausableClock()
        #: The current goal, and its track or (line, file).
        self.goal = RUN
        self.wanted_track = words.NOBODY
        self.wanted_line = (0, "")
        #: What pauses at steps and lines, once it is installed.
        self.points: Points | None = None
        self._recording: Any = None
        #: A lock for each thread that is paused, in order.
        self._gates: list[Any] = []
        # A signal handler that runs meanwhile, and switches, takes it again.
        self._lock = OwnLock()
        self._reading = _allocate_lock()
        self._local = _Local()
        #: The loops of all threads that have one.
        self._loops: list[Pausable] = []
        self._stops = Pauses(self.clock)
        #: Why the first thread paused, until that is sent; and when it is in the file.
        self._unsaid = self._flushed = ""

    def begin(self, recording: Context) -> None:
        """Listen from now on, in the thread that flushes."""
        self._recording = recording
        recording.stream.wait = self._wait
        self._read()

    # In the flushing thread, or in one that is paused.

    def _wait(self, seconds: float) -> bool:
        """Wait for so long, or until something is asked for. Return whether the flushing thread shall end."""
        # Finalizers that the garbage collector runs in this thread must not pause it.
        self._local.exempt = self._local.flushes = True
        try:
            if self._flushed:
                self._channel.say("paused", self._flushed)
            if self._channel.wait(seconds, self._recording.stream.waiting):
                self._read()
                seconds = 0
            # Sent when the next flush is over.
            self._flushed, self._unsaid = self._unsaid, ""
        except Exception as error:
            self.fail(error)
        ended: bool = self._recording.stream.wait_for_end(seconds)
        return ended

    def _read(self) -> None:
        """Do what has been asked for."""
        if not self._reading.acquire(False):
            return
        try:
            for line in self._channel.read():
                self._obey(line)
            if not self._channel.is_open:
                self.close()
        except Exception as error:
            self.fail(error)
        finally:
            self._reading.release()

    def _obey(self, line: str) -> None:
        what, _, about = line.partition(" ")
        if what == "hold":
            self._set(SWITCH)
            return
        if what == "line" and self.points is None:
            self._channel.say("cannot")
            return
        goal = {"run": RUN, "step": SWITCH, "track": TRACK, "line": LINE}[what]
        if goal == TRACK:
            self.wanted_track = int(about)
        elif goal == LINE:
            number, _, file = about.partition(" ")
            self.wanted_line = (int(number), file)
        self._let_go(goal)

    def _set(self, goal: str) -> None:
        with self._lock:
            self.goal = goal
            unsettled = self._recording.unsettled
            unsettled.add(_WANTED) if goal else unsettled.discard(_WANTED)
            if self.points is not None:
                self.points.arm(goal)

    def _let_go(self, goal: str) -> None:
        """Resume all paused threads, until that goal."""
        with self._lock:
            gates, self._gates = self._gates, []
            self._set(goal)
            self._go_on(bool(gates))
            for gate in gates:
                gate.release()

    def _go_on(self, paused: bool) -> None:
        if paused:
            self._unsaid = self._flushed = ""
            self._channel.say("going", self._stops.go_on())

    # In the hooks.

    def on_switch(self, track: int | None = None) -> None:
        """The current thread has switched, to `track` if that is known: wait here if that is the goal.

        Raise what a signal's handler raises meanwhile.
        """
        try:
            if self.goal == LINE and self.points is not None:
                self.points.enter()
            reached = self.goal == SWITCH
            if self.goal == TRACK:
                reached = self.wanted_track == (self.track_in(sys._getframe(1)) if track is None else track)
        except Exception as error:
            self.fail(error)
        else:
            if reached:
                self._hold(SWITCH)

    def track_in(self, frame: Any) -> int:
        """The track that runs in `frame`: of a generator, or else of the current greenlet or thread."""
        recording: Context = self._recording
        running = recording.running_in(frame)
        return running[-1] if running else recording.current()

    def put_back(self, hook: Callable[[], None]) -> None:
        """What a signal's handler raised goes through our hook, which is taken out: have it set again by `hook`."""

        def set_again() -> None:
            hook()
            self._note("A signal's handler raised while the program was paused: a switch right after may be missing.")

        put_back(set_again)

    def on_line(self) -> None:
        """The current thread is about to run the line that is the goal: wait here."""
        if self.goal == LINE:
            self._hold(LINE)

    def watch_loop(self, loop: Pausable) -> None:
        """The current thread has this loop: it stands still whenever the thread is paused."""
        self._local.loop = loop
        self._loops.append(loop)

    def on_nudge(self) -> None:
        """Another thread is paused, while the hub of this one waits: its timers are to be paused, too."""
        if self.goal == SWITCH and self._gates:
            self._hold(SWITCH)

    def _hold(self, cause: str) -> None:
        if getattr(self._local, "exempt", False):
            return
        loop = getattr(self._local, "loop", None)
        gate = _allocate_lock()
        gate.acquire()
        try:
            # A signal's handler, or a finalizer, that runs meanwhile must not pause the thread again.
            self._local.exempt = True
            if not self._enter(gate, cause):
                return
            if loop is not None:
                self._try(loop.suspend)
            # What a signal's handler raises appears here, and almost nowhere else.
            while not gate.acquire(True, _LOOK_SECONDS):
                if not self._recording.stream.is_flushing:
                    self._recording.stream.flush()
                    self._wait(0)
                    self._local.flushes = False
        finally:
            if loop is not None:
                self._try(loop.resume)
            self._leave(gate)
            self._local.exempt = False
        if self.goal == LINE and self.points is not None:
            self._try(self.points.enter)

    def _enter(self, gate: Any, cause: str) -> bool:
        """Close a gate, and the first of all stops the clock. Return False if nobody is to be paused any more."""
        with self._lock:
            if not self.goal:
                return False
            self._gates.append(gate)
            if len(self._gates) == 1:
                self._channel.say("stopped", self._stops.stop(self._recording.stream))
                self._unsaid = cause
                mine = getattr(self._local, "loop", None)
                self._loops[:] = [loop for loop in self._loops if loop is mine or loop.nudge()]
            if self.goal != SWITCH:
                self._set(SWITCH)
            return True

    def _leave(self, gate: Any) -> None:
        """A thread continues, perhaps without having been resumed."""
        with self._lock:
            if gate in self._gates:
                self._gates.remove(gate)
                self._go_on(not self._gates)
            if not self.clock.stands:
                self._try(lambda: self._stops.report(self._recording.stream))

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._local.loop = None
            self._note(f"Something ran on while the program was paused: {show(error)}.")

    # The end.

    def fail(self, error: Exception) -> None:
        """A hook of ours failed: log it, and let the program run on."""
        self.close()
        self._note(f"The program cannot be paused any longer: {show(error)}.")

    def _note(self, text: str) -> None:
        if getattr(self._local, "flushes", False):
            # Our own thread has no track, and must not get one.
            self._recording.at_next_event(lambda: self._recording.note(text))
        else:
            self._recording.note(text)

    def close(self) -> None:
        """Hold nobody from now on, and let everybody go on."""
        self._channel.close()
        self._let_go(RUN)
        points, self.points = self.points, None
        if points is not None:
            points.remove()

    def finish(self) -> None:
        """The program is over."""
        self.close()

    def share_clock(self, memory: Any) -> None:
        """Before a fork: tell the children through `memory`, two integers, what the clock says."""
        self.clock.share(memory)

    def abandon(self) -> None:
        """In a forked child, which is nobody's to hold."""
        self._lock, self._reading = OwnLock(), _allocate_lock()
        self._gates.clear()
        self.clock.follow()
        self.close()
