"""What keeps threads from running that could: the machine, which runs other programs or none of the program's threads
(it was stopped), or the thread that keeps the interpreter's lock in a call of C's.

Of the first the operating system tells: how long a thread has stood in the queue for a processor (Linux: schedstat).
Asked is of the main thread and of those that run a hub or loop, by the thread that flushes, at each of its looks. It
also asks of itself: while it stands in that queue it may have the interpreter's lock, or be the next to have it, and
the others wait for it; they stand in no queue then, and use no processor. The second is inferred: our own thread needs
that lock, too. Where its look comes late, and one thread alone used the processor meanwhile, that one had the lock.

A program that was stopped (SIGSTOP, Ctrl-Z, a frozen container) stands in no queue. Our thread was to wake and did not:
nor did it wake to ask for the lock, which who waits for that does after each switch interval (CPython's `take_gil`).
"""

from __future__ import annotations

import sys
import time

from visualizer.trace.words import NOBODY
from visualizer.tracers.core import lines
from visualizer.tracers.core.rows import ROW

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable

    from visualizer.tracers.core.api import Parts
    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.run_queue import RunQueue

#: Less than this from one look to the next is not told.
_TOLD_NS = 2_000_000
#: A look that comes so long after the one before may have waited for the interpreter's lock.
_LATE_NS = 100_000_000
#: Who had it used so much of the processor's time, all others together so small a part of that, and it stored at most
#: so many events.
_USED_NS = 50_000_000
_OTHERS = 5
_MOST_STORED = 64
#: A stop is told from so long on, and if our thread woke less than once in so many switch intervals.
_STOPPED_NS = 50_000_000
_INTERVALS = 4

_clock_gettime_ns, _thread_time_ns, _process_time_ns = time.clock_gettime_ns, time.thread_time_ns, time.process_time_ns
_getswitchinterval = sys.getswitchinterval


class KeptOff:
    """Looks at who was kept from running since it looked last."""

    def __init__(self) -> None:
        self._looked_ns = -1
        self._used_ns = 0
        #: By all threads.
        self._all_used_ns = 0
        self._away_ns = 0

    def begin(self, now_ns: int) -> None:
        """Before there is a flushing thread: from now on it may be kept from looking."""
        self._looked_ns = now_ns
        self._all_used_ns = _process_time_ns()

    def look(
        self, buffers: list[Buffer], ours: RunQueue | None, clock: Callable[[], int], away_ns: int
    ) -> tuple[list[Parts], int]:  # fmt: skip
        """In the flushing thread, of which `ours` is, before anything else is measured; so long it has waited, as it
        meant to, or written so far. What is to be told of the time since, and until when that is."""
        _, we_waited_ns, we_woke = ours.more() if ours is not None else (0, 0, 0)
        nothing = 0, 0, 0
        spent = [buffer.run_queue.more() if buffer.run_queue is not None else nothing for buffer in buffers]
        # Now: the interpreter lets others run while a file is read, and one of them may keep its lock.
        now_ns = clock()
        since_ns, we_used_ns, all_used_ns, were_away_ns = (
            self._looked_ns, self._used_ns, self._all_used_ns, self._away_ns
        )  # fmt: skip
        self._looked_ns, self._used_ns, self._all_used_ns, self._away_ns = (
            now_ns, _thread_time_ns(), _process_time_ns(), away_ns
        )  # fmt: skip
        # What all have used begins anew in a forked child.
        ran_ns = max(0, self._all_used_ns - all_used_ns)
        stopped_ns = now_ns - since_ns - (away_ns - were_away_ns) - we_waited_ns - ran_ns
        few = stopped_ns // int(_INTERVALS * 1e9 * _getswitchinterval())
        if since_ns < 0 or stopped_ns < _STOPPED_NS or not 0 < we_woke < few:
            stopped_ns = 0
        told: list[Parts] = []
        for buffer, (used_ns, queued_ns, times) in zip(buffers, spent, strict=True):
            waited_ns = queued_ns + stopped_ns
            # What never came out of a queue waited in one call all the time.
            slept_ns = now_ns - since_ns - used_ns - waited_ns if since_ns >= 0 and times else 0
            behind_ns = max(0, min(slept_ns, we_waited_ns))
            if max(waited_ns, behind_ns) >= _TOLD_NS:
                # What it still waits for is told when that is over.
                about = NOBODY, min(since_ns, now_ns - waited_ns), now_ns
                told.append((lines.delayed, now_ns, buffer.track, about, (waited_ns, used_ns, behind_ns), None, 0))
        late_ns = now_ns - since_ns - stopped_ns
        if since_ns >= 0 and late_ns >= _LATE_NS and 2 * (self._used_ns - we_used_ns) < late_ns:
            holder = _holder(buffers, since_ns)
            if holder is not None:
                about = holder.track, since_ns, now_ns
                told.append((lines.delayed, now_ns, NOBODY, about, (late_ns, 0, 0), None, 0))
        return told, now_ns


def used_by(buffer: Buffer) -> int:
    """How much of the processor's time a thread has used in all; -1 if that is not known."""
    if buffer.clock == -1 or buffer.used_ns >= 0:
        return buffer.used_ns
    try:
        return _clock_gettime_ns(buffer.clock)
    except OSError:
        return buffer.used_ns  # It has ended.


def _holder(buffers: list[Buffer], since_ns: int) -> Buffer | None:
    """Which thread alone used the processor since then; None if none did."""
    used: list[tuple[int, int]] = []
    for number, buffer in enumerate(buffers):
        stored, measured_ns, before_ns = buffer.measured
        now_ns = used_by(buffer)
        if now_ns < 0:
            continue
        # One that was never measured has begun since, and used all of it since.
        is_known = before_ns >= 0 and (measured_ns >= since_ns or not measured_ns)
        is_quiet = buffer.taken + len(buffer.rows) // ROW - max(stored, 0) <= _MOST_STORED
        used.append((now_ns - max(before_ns, 0), number if is_known and is_quiet else -1))
    if not used:
        return None
    most_ns, number = max(used)
    others_ns = sum(ns for ns, _ in used) - most_ns
    return buffers[number] if number >= 0 and most_ns >= max(_USED_NS, _OTHERS * others_ns) else None
