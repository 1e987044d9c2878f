"""How the children of a process end that cannot record it themselves: one that is killed writes nothing.

A forked child leaves its process id where its parent can see it, in memory that they share, and takes it out when it
has told of its end; with which exit code it ends, the recorder in C leaves there as the last thing. The parent looks
every 25 ms whether those that are there still live, and takes nothing away by that: who waits for a child gets all that
it would have got (waitid with WNOWAIT). Where that came first, subprocess and multiprocessing tell what it got
(starts.py).
"""

from __future__ import annotations

import os

from visualizer.trace import words
from visualizer.tracers.core.compiled import built
from visualizer.tracers.core.ids import shared_memory
from visualizer.tracers.core.lines import NO_VALUE
from visualizer.tracers.core.values import Shown

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    #: Track, outcome, why it is only inferred, value.
    End = tuple[int, str, str | None, object]

_waitid: Any = getattr(os, "waitid", None)
# Now: later it is not to be found.
try:
    _compiled = built()
except ImportError:
    _compiled = None
#: Of each child there are so many integers: its process id (0: there is none; negative: it has told of its end), its
#: track, and its exit code + 1 (0: not known).
_STRIDE = 3
#: So often is one looked for that is gone, before it is told that how it ended is not known.
_LOOKS = 3
#: The tracks of so many are remembered.
_MOST_ENDED = 100
_UNSEEN = "its process was gone, and how it ended was not seen"


class Children:
    """The children of this process. Only as many are watched at a time as there is room for."""

    def __init__(self) -> None:
        self._cells: Any = shared_memory()
        self._free = list(range(0, len(self._cells) - _STRIDE + 1, _STRIDE))
        self._taken: list[int] = []
        #: Those that were started by exec and may live; and of those that are gone without our having seen how they
        #: ended, how often we have looked since: the program may be about to tell.
        self._started: set[int] = set()
        self._unseen: dict[int, int] = {}
        #: Those whose end we have seen first, and those whose end the program has learnt first.
        self._seen: set[int] = set()
        self._told: set[int] = set()
        #: The tracks of the last that were forked and have ended, by their process ids.
        self._ended: dict[int, int] = {}
        #: How those ended that have told of their end: process id, exit code (-1: none), signal (0: none).
        self._codes: list[tuple[int, int, int]] = []

    def expect(self) -> int:
        """A fork is to follow: a place for its child, -1 if there is none."""
        if _waitid is None or not self._free:
            return -1
        place = self._free.pop()
        self._cells[place] = self._cells[place + 2] = 0
        self._taken.append(place)
        return place

    # In the child.

    def begin(self, place: int, track: int) -> None:
        """This process lives, and `track` is its main thread."""
        if place >= 0:
            self._cells[place + 1] = track
            self._cells[place] = os.getpid()
            if _compiled is not None:
                _compiled.tell_status(self._cells, place + 2)

    def end(self, place: int) -> None:
        """This process has told of its end."""
        if place >= 0:
            self._cells[place] = -os.getpid()

    # In the parent.

    def started(self, pid: int) -> None:
        """That process was started by exec."""
        self._seen.discard(pid)
        self._started.add(pid)

    def returned(self, pid: int) -> bool:
        """The program knows how that one ended. Return whether we did not."""
        if pid in self._seen:
            self._seen.discard(pid)
            return False
        self._started.discard(pid)
        if any(self._cells[place] == pid for place in self._taken):
            self._told.add(pid)
        return True

    def gone(self, last: bool = False) -> list[tuple[int, int, int]]:
        """Those that have ended, and were started by exec, or have told that themselves: process id, exit code (-1:
        none, or unknown), signal (0: none).

        `last`: the program will not tell anything any more.
        """
        found, self._codes = self._codes, []
        for pid in list(self._started):
            try:
                seen = _waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                if not self._is_unseen(pid, last):
                    continue
                self._started.discard(pid)
                found.append((pid, -1, 0))
                continue
            if seen is not None and pid in self._started:
                self._started.discard(pid)
                self._seen.add(pid)
                found.append(_told_by(pid, seen))
        return found

    def _is_unseen(self, pid: int, last: bool) -> bool:
        """Whether the program has not told either how that one ended, for long enough."""
        looks = self._unseen.get(pid, 0) + 1
        if looks < _LOOKS and not last:
            self._unseen[pid] = looks
            return False
        self._unseen.pop(pid, None)
        return True

    def track_of(self, pid: int) -> int:
        """The main thread of the last forked child of that process id; words.NOBODY if there was none, or long ago."""
        living = (self._cells[place + 1] for place in self._taken[::-1] if abs(self._cells[place]) == pid)
        return next(living, self._ended.get(pid, words.NOBODY))

    def living(self) -> list[int]:
        """The process ids of those that may live, as far as was seen."""
        return [*self._started, *(abs(self._cells[place]) for place in self._taken.copy() if self._cells[place])]

    def over(self) -> set[int]:
        """Those of the last that were seen to have ended."""
        return {*self._ended, *self._seen}

    def ended(self, last: bool = False) -> list[End]:
        """Those that were forked and have ended since the last time without having told so. `last`: as of `gone`."""
        found = []
        for place in list(self._taken):
            pid = self._cells[place]
            is_told = pid > 0 and pid in self._told
            end = self._end_of(pid, self._cells[place + 1], last) if pid > 0 and not is_told else None
            code = self._code_of(-pid, self._cells[place + 2], last) if pid < 0 else None
            if end is None and code is None and not is_told:
                continue
            self._told.discard(pid)
            try:
                self._taken.remove(place)
            except ValueError:
                # At the end of the program two threads look at once, and the other one was first.
                continue
            self._ended[abs(pid)] = self._cells[place + 1]
            if len(self._ended) > _MOST_ENDED:
                del self._ended[next(iter(self._ended))]
            self._free.append(place)
            if end is not None:
                found.append(end)
            if code is not None and code[1:] != (-1, 0):
                self._codes.append(code)
        return found

    def _code_of(self, pid: int, status: int, last: bool) -> tuple[int, int, int] | None:
        """How that one ended, which has told that it is about to; None if it has not ended yet."""
        try:
            seen = _waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return pid, status - 1, 0
        if seen is None:
            return (pid, status - 1, 0) if last else None
        return _told_by(pid, seen)

    def _end_of(self, pid: int, track: int, last: bool) -> End | None:
        try:
            seen = _waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return (track, words.KILLED, _UNSEEN, NO_VALUE) if self._is_unseen(pid, last) else None
        if seen is None:
            return None
        if seen.si_code == os.CLD_EXITED:
            return track, words.RETURNED, None, Shown(f"exit code {seen.si_status}")
        return track, words.KILLED, None, Shown(f"signal {seen.si_status}")


def _told_by(pid: int, seen: Any) -> tuple[int, int, int]:
    """The process, its exit code (-1: none) and the signal that killed it (0: none)."""
    return (pid, seen.si_status, 0) if seen.si_code == os.CLD_EXITED else (pid, -1, seen.si_status)
