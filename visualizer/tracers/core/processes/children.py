"""How the children of a process end that cannot record it themselves: one that is killed writes nothing.

A child leaves its process id where its parent can see it, in memory that they share, and takes it out when it has told
of its end. The parent looks every 25 ms whether those that are there still live, and takes nothing away by that: who
waits for a child gets all that it would have got (waitid with WNOWAIT).
"""

from __future__ import annotations

import os

from visualizer.trace import words
from visualizer.tracers.core.ids import shared_memory
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.values import Shown

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    #: Track, outcome, why it is only inferred, value.
    End = tuple[int, str, str | None, object]

_waitid: Any = getattr(os, "waitid", None)
_UNSEEN = "its process was gone, and how it ended was not seen"


class Children:
    """The children of this process. Only as many are watched at a time as there is room for."""

    def __init__(self) -> None:
        #: Process id (0: there is none) and track of each.
        self._cells: Any = shared_memory()
        self._free = list(range(0, len(self._cells), 2))
        self._taken: list[int] = []

    def expect(self) -> int:
        """A fork is to follow: a place for its child, -1 if there is none."""
        if _waitid is None or not self._free:
            return -1
        place = self._free.pop()
        self._cells[place] = 0
        self._taken.append(place)
        return place

    # In the child.

    def begin(self, place: int, track: int) -> None:
        """This process lives, and `track` is its main thread."""
        if place >= 0:
            self._cells[place + 1] = track
            self._cells[place] = os.getpid()

    def end(self, place: int) -> None:
        """This process has told of its end."""
        if place >= 0:
            self._cells[place] = -1

    # In the parent.

    def ended(self) -> list[End]:
        """Those that have ended since the last time without having told so."""
        found = []
        for place in list(self._taken):
            pid = self._cells[place]
            end = self._end_of(pid, self._cells[place + 1]) if pid > 0 else None
            if end is None and pid >= 0:
                continue
            try:
                self._taken.remove(place)
            except ValueError:
                # At the end of the program two threads look at once, and the other one was first.
                continue
            self._free.append(place)
            if end is not None:
                found.append(end)
        return found

    def _end_of(self, pid: int, track: int) -> End | None:
        try:
            seen = _waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return track, words.KILLED, _UNSEEN, NO_VALUE
        if seen is None:
            return None
        if seen.si_code == os.CLD_EXITED:
            return track, words.RETURNED, None, Shown(f"exit code {seen.si_status}")
        return track, words.KILLED, None, Shown(f"signal {seen.si_status}")
