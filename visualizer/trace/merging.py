"""Puts the lines of several processes in order of time. Each process writes its own in order, but they share a file.

A process has told everything within 50 ms, so its lines stand in the file up to that much behind those of others. While
more than one is alive, the lines of each are held until nobody else can have anything before them. That is

* when the others are known to be later, or to have ended;
* in what was written long before (`WINDOW_NS` of the trace), which is how a file is read that is there already;
* when they were the newest of the file `LATE_NS` ago, by the reader's clock, which is how one is followed.

What a process tells of the end of another stands behind all that this one did, also where all has the same time, as the
clock of a program stands that is paused, and its children run on.

A child is waited for from the `fork` line on, in the same way. What comes later still is given out at once, and
counted: it stands after lines that it belongs before.

Where several do something every microsecond, to part their rows wherever another goes on would take far longer than all
else: what is common is given out as it is, interleaved, to be put in order as columns (`columns.py`).
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import accumulate
from operator import itemgetter
from struct import iter_unpack
from typing import Any

from visualizer.trace import words
from visualizer.trace.columns import FLAT
from visualizer.trace.events import (
    Dropped,
    End,
    Ended,
    Exit,
    Fork,
    Listing,
    Place,
    Process,
    Rows,
    Sample,
    Shape,
    Spawn,
    Text,
    Thread,
)

#: So much later than another line may one be written that belongs before it.
LATE_NS = 100_000_000
#: The same where the file is not at its end: a process that computed in C, without a pause, was kept from writing.
WINDOW_NS = 1_000_000_000
_ROW_BYTES = 24
#: What stands for a number. It passes at once, before whoever refers to it.
_DEFINITIONS = frozenset((Text, Place, Listing, Shape))
_FORKS = frozenset((Fork, Process))
#: What can be interleaved; and from so many lines or rows on it is left to whoever takes them in.
_INTERLEAVABLE = FLAT | {Rows}
_MANY = 64
#: Later than all.
_NEVER_NS = 1 << 62


class _Piece:
    """A line that is held. `at`: how many of its rows are given out."""

    __slots__ = ("at", "is_break", "is_end", "line", "thread", "times")

    def __init__(
        self, line: Any, times: list[int], thread: int, is_break: bool = False, is_end: bool = False
    ) -> None:
        self.line = line
        #: On which it happened.
        self.thread = thread
        #: It is not of FLAT nor rows, or not on the thread of the one before: it cannot be interleaved with that.
        self.is_break = is_break
        #: It tells of the end of another process: of that one all has been read.
        self.is_end = is_end
        #: When, of rows each; never before what is in front of it.
        self.times = times
        self.at = 0


class _Process:
    """What one process wrote, and is held."""

    def __init__(self, number: int, main: int) -> None:
        self.number = number
        self.main = main
        #: The thread on which things happen in what was read.
        self.thread = main
        self.pending: deque[_Piece] = deque()
        #: Times of those of them that are breaks.
        self.breaks: deque[int] = deque()
        #: The latest time that it told of.
        self.last_ns = -1
        self.ended = False

    @property
    def next_ns(self) -> int:
        """The time of the first that is held."""
        piece = self.pending[0]
        return piece.times[piece.at]

    @property
    def turn(self) -> tuple[bool, int]:
        """Of several with something of the same time the lowest comes first: what tells of ends last, and of these what
        tells of the youngest. A child has a higher number than who forked or started it."""
        return (True, -self.number) if self.pending[0].is_end else (False, self.number)

    @property
    def break_ns(self) -> int:
        """Before this it has nothing that cannot be interleaved."""
        first = self.pending[0]
        ahead = first.is_break and not first.is_end and type(first.line) in _INTERLEAVABLE
        return self.breaks[ahead] if len(self.breaks) > ahead else _NEVER_NS

    def drop(self) -> None:
        """The first that is held has been given out."""
        if self.pending.popleft().is_break:
            self.breaks.popleft()


class Interleaved:
    """What several threads did at the same time: of each its lines of FLAT, and rows, in its own order."""

    def __init__(self, start_ns: int, strips: list[tuple[int, list[Any]]]) -> None:
        self._start_ns = start_ns
        #: Of each thread.
        self.strips = strips

    def lines(self) -> Iterator[Any]:
        """The same in order of time, with a Thread line wherever another one goes on."""
        queues = [
            deque(_Piece(line, _times(line, self._start_ns), thread) for line in lines) for thread, lines in self.strips
        ]
        while queues:
            queue = min(queues, key=_next_ns)
            until_ns = min((_next_ns(one) for one in queues if one is not queue), default=_NEVER_NS)
            yield Thread(max(0, _next_ns(queue)), queue[0].thread)
            while queue and _next_ns(queue) <= until_ns:
                yield _part(queue[0], until_ns)
                if queue[0].at == len(queue[0].times):
                    queue.popleft()
            if not queue:
                queues.remove(queue)


class Merging:
    """The lines of one trace. `take` gives those that may be given out now; `finish` the rest."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """`clock`: the reader's."""
        self._clock = clock
        self._start_ns = 0
        first = _Process(0, words.NOBODY)
        self._processes = [first]
        self._of_thread: dict[int, _Process] = {}
        self._of_pid: dict[int, _Process] = {}
        #: Of which process the lines are that are read now; and of which thread those were that were given out last.
        self._reading = first
        self._giving = words.NOBODY
        self._given_ns = -1
        #: Times of forks whose child has not been told of; and of children that were told of first.
        self._expected: set[int] = set()
        self._early: set[int] = set()
        self._newest_ns = -1
        #: The reader's time, and the trace's, when the end of the file was reached with something new.
        self._ends: deque[tuple[int, int]] = deque()
        #: How many lines came too late.
        self.late = 0

    def begin(self, start_ns: int) -> None:
        """`start_ns`: the zero of the trace on the clock of rows."""
        self._start_ns = start_ns

    @property
    def has_several(self) -> bool:
        """Whether more than one process has written."""
        return len(self._processes) > 1

    @property
    def holds(self) -> bool:
        """Whether lines are held."""
        return any(process.pending for process in self._processes)

    def take(self, lines: list[Any], at_end: bool) -> list[Any]:
        """Take these lines, in the order of the file; return those that may be given out, in order of time.

        `at_end`: there are none after them now.
        """
        given: list[Any] = []
        if self._is_alone():
            kinds = list(map(type, lines))
            if _FORKS.isdisjoint(kinds):
                self._pass(lines, kinds)
                return lines
            first = next(at for at, kind in enumerate(kinds) if kind in _FORKS)
            given, lines = lines[:first], lines[first:]
            self._pass(given, kinds[:first])
        for line in lines:
            self._hold(line, given)
        now_ns = self._clock()
        if at_end and (not self._ends or self._ends[-1][1] != self._newest_ns):
            self._ends.append((now_ns, self._newest_ns))
        self._give(self._settled_ns(now_ns), given)
        return given

    def finish(self, lines: list[Any]) -> list[Any]:
        """There is no more after these lines: return all that are held."""
        if self._is_alone() and _FORKS.isdisjoint(map(type, lines)):
            return lines
        given: list[Any] = []
        for line in lines:
            self._hold(line, given)
        self._give(_NEVER_NS, given)
        return given

    # One process alone.

    def _is_alone(self) -> bool:
        """Whether no other process can have anything to tell."""
        return not self._expected and not self.holds and sum(not process.ended for process in self._processes) <= 1

    def _pass(self, lines: list[Any], kinds: list[type]) -> None:
        """These are given out as they are."""
        for line in [line for line, kind in zip(lines, kinds, strict=True) if kind is Thread or kind is Spawn]:
            if type(line) is Thread or line.kind == words.THREAD:
                process = self._reading = self._of_thread.setdefault(line.track, self._reading)
                process.thread = line.track
                if process.main == words.NOBODY:
                    process.main = line.track
        self._giving = self._reading.thread

    # Several.

    def _hold(self, line: Any, given: list[Any]) -> None:
        kind = type(line)
        if kind in _DEFINITIONS:
            given.append(line)
            return
        process = self._process_of(line, kind)
        thread = process.thread
        if kind is Thread or (kind is Spawn and line.kind == words.THREAD):
            process.thread = line.track
            if kind is Thread:
                return  # Told again where it is needed.
        # Where a sample stands it says who runs, but what stands after it may have happened before.
        times = [process.last_ns] if kind is Sample else _times(line, self._start_ns)
        if not times:
            given.append(line)
            return
        times = list(accumulate(times, max, initial=process.last_ns))[1:]
        process.last_ns = times[-1]
        self._newest_ns = max(self._newest_ns, times[-1])
        is_end = kind is Ended or (kind is Exit and self._of_thread.get(line.track, process) is not process)
        is_new = not process.pending or process.pending[-1].thread != thread
        is_break = is_end or is_new or kind not in _INTERLEAVABLE
        process.pending.append(_Piece(line, times, thread, is_break, is_end))
        if is_break:
            process.breaks.append(times[0])

    def _process_of(self, line: Any, kind: type) -> _Process:
        process = self._reading
        if kind is Process:
            process = self._of_thread.setdefault(line.track, _Process(len(self._processes), line.track))
            if process.number == len(self._processes):
                self._processes.append(process)
                # It may have anything to tell from its fork on.
                process.last_ns = line.t_ns
                process.thread = line.track
                self._of_pid[line.pid] = process
                if line.forked_by != words.NOBODY:
                    _pair(line.t_ns, self._expected, self._early)
                else:
                    # Nobody announced it. It told this at once, and nothing else before.
                    process.last_ns = max(process.last_ns, self._given_ns)
            self._reading = process
        elif kind is Fork:
            _pair(line.t_ns, self._early, self._expected)
        elif kind is Thread:
            self._reading = process = self._of_thread.get(line.track, process)
        elif kind is Spawn and line.kind == words.THREAD:
            self._of_thread.setdefault(line.track, process)
        elif kind is End:
            return self._processes[0]
        if kind is Exit and (whose := self._of_thread.get(line.track, process)).main == line.track:
            # Of a child that was killed its parent tells.
            whose.ended = True
        elif kind is Ended:
            if line.pid in self._of_pid:
                self._of_pid[line.pid].ended = True
        elif kind is not Thread and kind is not Dropped:
            process.ended = False
        return process

    def _settled_ns(self, now_ns: int) -> int:
        """Up to when lines may be given out, whoever wrote them."""
        settled_ns = self._newest_ns - WINDOW_NS
        while self._ends and now_ns - self._ends[0][0] >= LATE_NS:
            settled_ns = max(settled_ns, self._ends.popleft()[1])
        for known in (self._expected, self._early):
            known.difference_update([t_ns for t_ns in known if t_ns <= settled_ns])
        return max(settled_ns, self._given_ns)

    def _give(self, settled_ns: int, given: list[Any]) -> None:
        living = [process for process in self._processes if process.pending or not process.ended]
        forked_ns = min(self._expected, default=_NEVER_NS)
        # Before this, nothing can come of those of whom nothing is held.
        silent_ns = min([forked_ns, *(one.last_ns for one in living if not one.pending)])
        waiting = [(process.next_ns, process.turn, process) for process in living if process.pending]
        heapify(waiting)
        while waiting:
            first_ns, _, process = heappop(waiting)
            others_ns = waiting[0][0] if waiting else _NEVER_NS
            some = [process]
            # Of several hundred processes, only the next two are looked at as a rule.
            if waiting and others_ns < min(process.break_ns, waiting[0][2].break_ns):
                some += [one for _, _, one in waiting]
            if len(some) > 1 and self._weave(living, some, settled_ns, forked_ns, given):
                waiting = [(one.next_ns, one.turn, one) for one in some if one.pending]
                heapify(waiting)
            else:
                # Nobody else has anything before that.
                until_ns = max(settled_ns, min(silent_ns, others_ns))
                if first_ns > until_ns:
                    return
                self._give_run(process, min(until_ns, others_ns), given)
                if process.pending:
                    heappush(waiting, (process.next_ns, process.turn, process))
            silent_ns = min([silent_ns, *(one.last_ns for one in some if not one.pending and not one.ended)])

    def _weave(
        self, living: list[_Process], waiting: list[_Process], settled_ns: int, forked_ns: int, given: list[Any]
    ) -> bool:
        """Give out what several did at the same time as it is, not parted wherever another goes on."""
        known_ns = max(settled_ns, min([forked_ns, *(one.last_ns for one in living if not one.ended)]))
        until_ns = min([known_ns, *(one.break_ns - 1 for one in waiting)])
        some = [one for one in waiting if one.next_ns <= until_ns]
        if len(some) < 2:
            return False
        strips, count, given_ns = [], 0, self._given_ns
        for process in some:
            thread, lines = process.pending[0].thread, []
            while process.pending and process.next_ns <= until_ns:
                piece = process.pending[0]
                at = piece.at
                self.late += bisect_left(piece.times, given_ns, at) - at
                lines.append(_part(piece, until_ns))
                count += piece.at - at
                self._given_ns = max(self._given_ns, piece.times[piece.at - 1])
                if piece.at == len(piece.times):
                    process.drop()
            strips.append((thread, lines))
        interleaved = Interleaved(self._start_ns, strips)
        given += interleaved.lines() if count < _MANY else [interleaved]
        # On which thread the last of it was does not matter: it is told again.
        self._giving = words.NOBODY
        return True

    def _give_run(self, process: _Process, until_ns: int, given: list[Any]) -> None:
        """All that the process has up to that time, or up to what tells of the end of another one."""
        pending, first = process.pending, process.pending[0]
        while pending and process.next_ns <= until_ns:
            piece = pending[0]
            if piece.is_end and piece is not first:
                return
            kind = type(piece.line)
            if self._giving != piece.thread and kind is not Process:
                given.append(Thread(max(0, process.next_ns), piece.thread))
            self._giving = piece.thread
            if kind is not Sample:
                self.late += bisect_left(piece.times, self._given_ns, piece.at) - piece.at
            line = _part(piece, until_ns)
            self._given_ns = max(self._given_ns, piece.times[piece.at - 1])
            if piece.at == len(piece.times):
                process.drop()
            if kind is Spawn and line.kind == words.THREAD:
                self._giving = line.track
            given.append(line)


def _next_ns(pending: deque[_Piece]) -> int:
    return pending[0].times[pending[0].at]


def _times(line: Any, start_ns: int) -> list[int]:
    """When it was; of rows, when each was."""
    if type(line) is not Rows:
        return [line.t_ns]
    whole = len(line.packed) - len(line.packed) % _ROW_BYTES
    return [t_ns - start_ns for t_ns in map(itemgetter(0), iter_unpack("<q16x", line.packed[:whole]))]


def _part(piece: _Piece, until_ns: int) -> Any:
    """The line, or of rows those up to that time that are not given out yet."""
    line, at = piece.line, piece.at
    piece.at = bisect_right(piece.times, until_ns, at)
    if piece.at - at < len(piece.times):
        line = Rows(line.packed[at * _ROW_BYTES : piece.at * _ROW_BYTES])
    return line


def _pair(t_ns: int, there: set[int], awaited: set[int]) -> None:
    """A fork and its child have the same time: the first to come waits for the other."""
    if t_ns in there:
        there.remove(t_ns)
    else:
        awaited.add(t_ns)
