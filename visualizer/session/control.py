"""Our end of the socket that pauses a program that we started (visualizer/tracers/control/control.py)."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum


class Condition(Enum):
    """Whether the program is paused."""

    #: It runs, and no pause is requested.
    FREE = "free"
    #: It runs, and is to stop at its next switch, or at that of a track, or before a line.
    ASKED = "asked"
    PAUSED = "paused"
    #: It cannot be paused: it has ended, or has closed the socket.
    GONE = "gone"


class ProgramControl:
    """Pauses a program. A request takes effect when the program has read it: see `read`. Usable in any thread."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self.condition = Condition.FREE
        #: How often it has stopped, and what for the last time: at a switch, or before a line ("switch", "line").
        self.stops = 0
        self.cause = ""
        #: What it was asked to run to: a sentence's end, for people.
        self.until = ""
        #: It has answered that it cannot watch for lines.
        self.refused = False
        self._paused_ns = 0
        self._stopped_ns: int | None = None
        self._rest = b""
        self._lock = threading.Lock()

    @property
    def fd(self) -> int:
        """The descriptor of the program's end. It is the program's that is started next."""
        self._theirs.set_inheritable(True)
        return self._theirs.fileno()

    def started(self) -> None:
        """The program has been started, or could not be: its end is not ours any more."""
        self._theirs.close()

    def clock(self, now_ns: int) -> int:
        """The program's clock at `now_ns` of ours (time.monotonic_ns), without its pauses."""
        with self._lock:
            return self._stopped_ns if self._stopped_ns is not None else now_ns - self._paused_ns

    # Requests. Each returns False if the program can no longer be paused.

    def hold(self) -> bool:
        """Stop at the next switch."""
        return self._ask("hold", "its next switch")

    def step(self) -> bool:
        """Take one switch."""
        return self._ask("step", "its next switch")

    def run_to_track(self, track: int, name: str) -> bool:
        """Run until that track is switched to."""
        return self._ask(f"track {track}", f"the next switch to {name}")

    def run_to_line(self, file: str, line: int) -> bool:
        """Run until a line of a file of which the path ends in `file` is about to run. ValueError: no such file."""
        if not file or "\n" in file:
            raise ValueError("a file's name is needed")
        return self._ask(f"line {line} {file}", f"line {line} of {file.rpartition('/')[2]}")

    def run_on(self) -> bool:
        """Let it run."""
        return self._ask("run", "")

    def _ask(self, what: str, until: str) -> bool:
        if self.condition is Condition.GONE:
            return False
        try:
            self._ours.send(what.encode("utf-8", "surrogateescape") + b"\n")
        except OSError:
            self._lose()
            return False
        self.until = until
        if what != "hold" or self.condition is not Condition.PAUSED:
            self.condition = Condition.ASKED if until else Condition.FREE
        return True

    def read(self) -> bool:
        """Take in what the program has answered. Return whether there was anything."""
        with self._lock:
            return self._read()

    def _read(self) -> bool:
        changed = False
        while self.condition is not Condition.GONE:
            try:
                came = self._ours.recv(4096)
            except BlockingIOError:
                break
            except OSError:
                came = b""
            changed = True
            if not came:
                self._lose()
                break
            *lines, self._rest = (self._rest + came).split(b"\n")
            for line in lines:
                self._take(*line.decode("ascii", "replace").split(" "))
        return changed

    def _take(self, what: str, about: str = "", *_: str) -> None:
        if what == "paused":
            self.condition = Condition.PAUSED
            self.cause = about
            self.stops += 1
        elif what == "cannot":
            self.condition = Condition.FREE if self._stopped_ns is None else Condition.PAUSED
            self.until, self.refused = "", True
        elif what in ("stopped", "going") and about.isdecimal():
            if what == "stopped":
                self._stopped_ns = int(about)
            else:
                self._stopped_ns, self._paused_ns = None, int(about)

    def _lose(self) -> None:
        self.condition = Condition.GONE
        with contextlib.suppress(OSError):
            self._ours.close()

    def close(self) -> None:
        """Disconnect from the program, which runs on."""
        with self._lock:
            self._read()
            self._lose()
