"""How an event gets from a hook to the file.

A hook stores in the buffer of its own thread (buffer.py), and nothing else. The rest is done at the flush, by a thread
of our own every 25 ms: the rows go to the file as they are, and for an event with all its parts the first of them is
the function that makes the file's line of the others; where only its time, a track and its value are new, it is a
row as well. The threads' events are put in order of time. Our thread, which also looks at those that store nothing
(sampling.py), uses `_thread` and `os.write` as they were before anybody (gevent) replaced them, blocks all signals, and
is not known to `threading`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _thread
import os
import sys
import time

from visualizer.trace.sink import Sink
from visualizer.trace.words import NOBODY, NOTHING
from visualizer.tracers.core.buffer import (
    NEW,
    STRIDE,
    VALUE_BIT,
    Buffer,
    Met,
    Taken,
    idle_turn,
    in_order,
    number_by,
    shape_line,
    take,
)
from visualizer.tracers.core.collector import Collector
from visualizer.tracers.core.handlers import is_from_outside
from visualizer.tracers.core.ids import Ids
from visualizer.tracers.core.lines import NO_VALUE, REPEATED, as_rows, value_id, wake
from visualizer.tracers.core.lines import text as text_line
from visualizer.tracers.core.rows import PARTS, ROW, Rows
from visualizer.tracers.core.run_queue import RunQueue
from visualizer.tracers.core.string_table import Interning
from visualizer.tracers.core.text import Text
from visualizer.tracers.core.unstored import all_is_stored

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    from visualizer.tracers.core.api import Line, Numbering, Parts
    from visualizer.tracers.core.ids import InHeader

#: On average, from a fifth less to a fifth more.
FLUSH_SECONDS = 0.025
#: Its multiples are spread evenly between whole numbers, however many one takes.
_GOLDEN = 0.6180339887
#: With this many integers waiting in its buffer, the hook that stored the last one waits for a flush.
FULL = 64 * 1024 * ROW
#: At most this many rows are in one line, and are written at a time.
_BATCH = 4 * 1024

#: What the two kinds of events that were lost are called.
_LOST = "events", "events that found no stack or memory left", "events interrupted by a signal's handler"

# Fetched now: gevent's monkey-patching replaces them, and the flushing thread would be a greenlet of the program's.
_allocate_lock = _thread.allocate_lock
_Local = _thread._local
_get_ident = _thread.get_ident
_get_native_id = _thread.get_native_id
_start_new_thread = _thread.start_new_thread
_sleep, _monotonic = time.sleep, time.monotonic
_getframe = sys._getframe
#: Who has to wait for another thread's flush looks again after so long, in seconds.
_AGAIN_S = 0.0002
#: A time is told at least so often.
_QUIET_NS = 1_000_000_000


def _join(parts: list[Any], at: int) -> bool:
    """Give the piece of text at `at` to the next event, if that goes on with it (`print` writes its end apart)."""
    after = at + STRIDE
    text = parts[at + 3]
    if parts[after] is not parts[at] or parts[after + 2] != parts[at + 2] or text.endswith("\n"):
        return False
    parts[after + 1] = parts[at + 1]
    parts[after + 3] = text + parts[after + 3]
    parts[after + 4] += parts[at + 4]
    return True


def _is_over(frame: FrameType | None) -> bool:
    """Whether the function has ended that ran in that frame, of which then nothing is left."""
    if frame is None:
        return False
    try:
        frame.clear()
    except RuntimeError:
        return False
    return True


class Stream(Interning):
    """The buffer, the clock, and the thread that empties the one into the sink. `t` is in nanoseconds since `start`."""

    def __init__(self, sink: Sink, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(Ids(sink), clock)
        #: One for each thread that has stored anything, until it ends.
        self.buffers: list[Buffer] = []
        #: Called in a thread that stores its first event, before it is stored: (the thread's buffer, t_ns).
        self.on_thread: Callable[[Buffer, int], None] = lambda buffer, t_ns: None
        #: Called by the flushing thread before each flush: what has to be stored before the hook that sees its end
        #: runs.
        self.before_flush: list[Callable[[], None]] = []
        #: Called when a flush finds so much waiting that hooks should wait for it (`attend`).
        self.on_backlog: Callable[[], None] = lambda: None
        #: Called by the flushing thread while it has the right to flush, before it takes anything out of the buffers.
        self.look: Callable[[], None] = lambda: None
        #: Who was kept from running, as the look has found: not told yet.
        self.delays: list[Parts] = []
        #: For how long the flushing thread has waited, as it meant to, or there was none; and since when there is none.
        self._waited_ns, self._left_ns = 0, clock()
        #: Of the flushing thread, while it lives.
        self.run_queue: RunQueue | None = None
        #: Up to when all that has happened is stored, where there are other threads (unstored.py).
        self.all_stored_ns: Callable[[int, list[Buffer]], int] = all_is_stored
        #: Make what rows are stored in, and tables of what stands for which integer: the recorder in C has types of its
        #: own for them.
        self.new_rows: Callable[[], Rows] = Rows
        #: Of one buffer so many rows are taken at a time. Those of the recorder in C need no memory of their own for
        #: that, and little in the file.
        self.at_once = _BATCH
        self.new_table: Callable[[], dict[int, Any]] = dict
        #: How the flushing thread opens what it asks the system: the program, which runs meanwhile, must not find that
        #: among its own descriptors, as it may without the recorder in C.
        self.open_high: Callable[[str, int], int] | None = None
        #: How the flushing thread waits for the next flush: (seconds) -> whether to end.
        self.wait: Callable[[float], bool] = self.wait_for_end
        #: To be called when the next event is stored, because it cannot be done now.
        self.due: list[Callable[[], None]] = []
        #: The line function of printed text, of which consecutive pieces are one line of the file.
        self.pieces: Line | None = None
        #: Has the buffer of the thread that asks, as `buffer`, once that has stored anything.
        self.local = _Local()
        #: The shapes of what is stored with all its parts and comes again, by what does not change of it.
        self._met = Met()
        #: Track of the thread whose lines are last in the file.
        self._thread = -1
        number_by(self.ids.shape, self.ids.text)
        #: Once several processes write: the track of this one's main thread. Then each write says who goes on.
        self.process = -1
        #: What was inherited from the process that forked this one, if any.
        self.copies: Numbering | None = None
        self._unfinished_ns = 0
        #: The time of the latest event that is written.
        self._newest_ns = self.start_ns
        self._sink = sink
        self.made = Text()
        #: Who flushes, at 0: the thread, and the frame of the function that does. To begin is one call in C.
        self._flushing: dict[int, tuple[int, FrameType | None]] = {}
        self._wake_up = _allocate_lock()
        self._wake_up.acquire()
        #: Whether the flushing thread shall go on; whether no flush will follow its last one; how many it has done.
        self._alive = self._lasts = self._starting = False
        #: How many forks are in progress: in none of them it shall begin, whichever thread asks for that.
        self._forking = 0
        self._flushes = 0
        #: When something was last written.
        self._told_ns = 0
        self.collector = Collector()
        #: Of the flushing thread, as the operating system and as Python have it.
        self._thread_id = self._ident = 0
        #: Held by the flushing thread as long as it lives.
        self._ended = _allocate_lock()
        self._lost = 0, 0, 0
        #: Calls of hooks that came to nothing, because the program had no stack or memory left.
        self.missed = 0
        #: The same, because a signal's handler raised in the middle of them.
        self.interrupted = 0
        #: Whether code is the program's own.
        self.is_own: Callable[[CodeType], bool] = lambda code: False
        self.ids.is_from_outside = lambda error: not isinstance(error, Exception) or is_from_outside(error, self.is_own)
        self._sink.is_from_outside = self.ids.is_from_outside
        self.ids.on_raised = self._raise_later
        #: What signals' handlers raised in a thread, by its ident, and is to be raised there.
        self._later: dict[int, list[BaseException]] = {}
        #: What one raised during the flush.
        self._raised: Exception | None = None

    # Storing, in any thread of the program.

    def here(self, t_ns: int) -> Buffer:
        """The buffer of the thread that calls. `t_ns`: the time of the event that is about to be stored."""
        try:
            buffer: Buffer = self.local.buffer
        except AttributeError:
            buffer = self.local.buffer = self.new_buffer(_get_ident())
            self.buffers.append(buffer)
            self.on_thread(buffer, t_ns)
        return buffer

    def new_buffer(self, ident: int = 0) -> Buffer:
        return Buffer(self.new_rows(), self.new_table, ident)

    def is_known(self) -> bool:
        """Whether the thread that calls has stored anything yet."""
        return hasattr(self.local, "buffer")

    def extend(self, parts: Parts) -> None:
        """Store one event of the thread that calls; wait for a flush if its buffer is full."""
        buffer = self.here(parts[1])
        buffer.store(parts)
        self.attend(buffer)

    def store(
        self, line: Line, t_ns: int, a: Any, b: Any = None, value: Any = None, code: CodeType | None = None, at: int = 0
    ) -> None:
        """The same, of its parts."""
        self.extend((line, t_ns, a, b, value, code, at))

    def attend(self, buffer: Buffer) -> None:
        """Do what is due, and have `buffer`, of the thread that calls, emptied if it is full. Hooks that store rows
        leave it out."""
        while self.due:
            self.due.pop()()
        if len(buffer.rows) > FULL:
            self._have_emptied(buffer)
        if self._later and (errors := self._later.get(buffer.ident)) is not None:
            # From here on nothing is called: nothing else can come.
            error, *left = errors
            if left:
                self._later[buffer.ident] = left
            else:
                del self._later[buffer.ident]
            raise error

    def _have_emptied(self, buffer: Buffer) -> None:
        """By the flushing thread: what a signal's handler raises comes in between only in the main thread, and there
        it finds nothing that is taken and not written."""
        if not self._alive:
            self.flush()
        elif not self.is_flushing_here():
            # One may be going on that took less.
            until = self._flushes + 2
            self._wake()
            while self.is_flushing and len(buffer.rows) > FULL and self._flushes < until:
                _sleep(_AGAIN_S)

    def _raise_later(self, errors: list[BaseException]) -> None:
        """When this thread stores its next events: what signals' handlers raised where it cannot be let through."""
        if errors:
            ident = _get_ident()
            self._later[ident] = [*self._later.get(ident, ()), *errors]

    def write_header(self, line: str) -> None:
        """Write the trace's first line; before the first flush."""
        self._sink.write(line.encode("ascii"), 0)

    def flush(self, last: bool = False, look: bool = False) -> None:
        """Turn what is stored into lines and append them to the file. Raises only what a signal's handler has raised.

        `last`: no flush will follow. `look`: see before that what runs (the flushing thread only).
        """
        if not self._begin_flush():
            return  # A hook that ran during our own flush, in a signal handler or a finalizer.
        try:
            flushing = self._flushing
            if look:
                self.look()
            self._flush(last)
        except Exception as error:
            self._lose(error)
        finally:
            raised, self._raised = self._raised, None
            if flushing is self._flushing:
                self._end_flush()
        if raised is not None:
            raise raised

    def _lose(self, error: Exception) -> None:
        """An event could not be written; if something came from outside in between, the others can."""
        if is_from_outside(error, self.is_own):
            self.interrupted += 1
            self._raised = error
        else:
            self._sink.lost += 1

    def _begin_flush(self, lasts: bool = False) -> bool:
        """Keep all others from flushing until `_end_flush`, or for no longer than the function that calls, unless it
        `lasts`. Return False if the thread that calls is doing so already, or is our own and shall end."""
        mine = _get_ident(), None if lasts else _getframe(1)
        while (first := self._flushing.setdefault(0, mine)) is not mine:
            if _is_over(first[1]) and self._flushing.get(0) is first:
                # In the main thread a signal's handler raised right after the beginning, or right before the end.
                if self.is_flushing_here() or not self._alive:
                    self._flushing.pop(0, None)
                    continue
            elif first[0] == mine[0] or (self.is_flushing_here() and not self._alive):
                return False
            _sleep(_AGAIN_S)
        return True

    def _end_flush(self) -> None:
        self._flushing.pop(0, None)

    def _is_unfinished(self, buffer: Buffer) -> bool:
        """Whether the newest event is a piece of a line being printed: the rest gets one more period to come."""
        parts = buffer.parts
        if not parts or not buffer.rows or buffer.rows[1 - ROW] != PARTS:
            return False
        line, t_ns, _, text = parts[-STRIDE : 4 - STRIDE]
        if line is not self.pieces or text.endswith("\n") or t_ns == self._unfinished_ns:
            return False
        self._unfinished_ns = t_ns
        return True

    def _flush(self, last: bool) -> None:
        flushing = self._flushing
        self._begin_batch()
        text, made = self.made, 0
        text.clear()
        waiting, until, is_all = self._waiting(last)
        if any(count > FULL // ROW for _, count in waiting):
            self.on_backlog()
        # Of one thread a piece at a time, so that a long backlog does not take its room twice over; several threads'
        # have to be put in order. Each write lets the program go on for a while, so there are few of them.
        while len(waiting) == 1 and waiting[0][1] > self.at_once:
            ((buffer, count),) = waiting
            self._make_text(((buffer, self.at_once),), text)
            made += self.at_once
            waiting = ((buffer, count - self.at_once),)
            if made >= FULL // ROW:
                text.write(self._sink, made)
                self._begin_batch()
                made = 0
        self._make_text(waiting, text)
        # Who was seen has stored nothing since; others have before that.
        if is_all:
            made += self._sights(last, text)
        if flushing is not self._flushing:
            return  # A signal's handler has forked meanwhile, and this is the child: its parent writes that.
        # The program continues while we write, and may count its objects: by now we hold no new list.
        made += sum(count for _, count in waiting)
        text.write(self._sink, made)
        self._tell_time(made > 0, until if is_all else 0)
        losses = self._sink.lost, self.missed, self.interrupted
        if self._lost != losses:
            t_ns = max(until, self._newest_ns) - self.start_ns
            loss = "".join(
                f'["dropped",{t_ns},"{what}",{count}]\n' for what, count in zip(_LOST, losses, strict=True) if count
            )
            if self.process >= 0:
                loss = f'["thread",{t_ns},{self.process}]\n{loss}'
            if self._sink.write(loss.encode("ascii"), 0):
                self._lost = losses

    def _tell_time(self, wrote: bool, now_ns: int) -> None:
        """Tell how late it is where nothing else has told it for a while: that a program hangs is known by that.

        Not while a hook is about to store something older: `now_ns` is 0 then.
        """
        if wrote or not self._told_ns:
            self._told_ns = self.clock()
        elif now_ns - self._told_ns >= _QUIET_NS:
            self._sink.write(f'["now",{now_ns - self.start_ns}]\n'.encode("ascii"), 0)
            self._told_ns = now_ns

    def _begin_batch(self) -> None:
        """What is written next may stand after lines of another process: it begins by saying on which thread it is."""
        if self.process >= 0:
            self._thread = -1

    def _waiting(self, last: bool) -> tuple[tuple[tuple[Buffer, int], ...], int, bool]:
        """How many rows of each buffer are to be written now; up to when that is all that happened, and whether that is
        up to now."""
        waiting: list[tuple[Buffer, int]] = []
        # Other threads store while we look from buffer to buffer. What a second one does because of what a first one
        # did must not be written before that, so all is left that was stored since we began. While the program is
        # paused, its clock stands still at the time of its last events.
        now_ns = until = self.clock()
        # A hook of the only thread stores its row behind nobody's, but behind a time that is told here.
        if not last and not (self.is_alone and now_ns - self._told_ns < _QUIET_NS):
            until = self.all_stored_ns(now_ns, self.buffers)
        for buffer in list(self.buffers):
            closed = buffer.closed
            stored = count = len(buffer.rows) // ROW
            if not last:
                count = buffer.stored_until(until)
                if count == stored and count and self._is_unfinished(buffer):
                    count -= 1
            if closed and not stored:
                self.buffers.remove(buffer)
            if count:
                waiting.append((buffer, count))
        return tuple(waiting), until, until == now_ns

    def _make_text(self, waiting: tuple[tuple[Buffer, int], ...], text: Text) -> None:
        """Take so many rows of each buffer; make the lines of them."""
        taken = [one for buffer, count in waiting if (one := take(buffer, count)) is not None]
        for one, until in in_order(taken):
            # They come before anything that happened since.
            self._report_sights(one.buffer, text, ended=True)
            self._make_lines(one, until, text)

    def _sights(self, last: bool, text: Text) -> int:
        """Make the lines of what was seen to run, or was kept from that, and is to be told by now. Return how many."""
        buffers = list(self.buffers)
        count = sum(self._report_sights(buffer, text, last) for buffer in buffers)
        delays, self.delays = self.delays, []
        for line, _, track, by, when, *rest in delays if buffers else ():
            # What an event's hook was about to store when they were seen may be older. But who was held up to the end
            # stores nothing.
            t_ns = max(self._newest_ns, when[1]) if last and by != NOBODY else self._newest_ns
            self._make_lines(self._alone(buffers[0], (line, t_ns, track, by, when, *rest)), 1, text)
        return count + len(delays)

    def _report_sights(self, buffer: Buffer, text: Text, ended: bool) -> int:
        """Make the lines of where a thread was seen, and when it was idle; of the newest sight only if that is due, or
        has ended. Return how many."""
        told = [idle_turn(*turn) for turn in buffer.turns]
        told += [
            sight.report()
            for sight in buffer.sights
            if sight.count and (ended or sight.is_due or sight is not buffer.sights[-1])
        ]
        if ended and buffer.idle_ns >= 0:
            told.append(idle_turn(buffer.idle_ns, 0))
            buffer.idle_ns = -1
        for parts in told:
            self._make_lines(self._alone(buffer, parts), 1, text)
        buffer.sights, buffer.turns = [] if ended else buffer.sights[-1:], []
        return len(told)

    def _alone(self, buffer: Buffer, parts: Parts) -> Taken:
        """An event with parts, as if it had been taken from that buffer."""
        row = self.new_rows()
        row.extend((parts[1], PARTS, 0))
        return Taken(buffer, row, list(parts))

    def _make_lines(self, taken: Taken, until: int, text: Text) -> None:
        """Make the lines of the rows of `taken` up to number `until`."""
        track = taken.buffer.track
        self._newest_ns = max(self._newest_ns, taken.rows[(until - 1) * ROW])
        if track != self._thread:
            # The first line of a thread says that it is one, but not in which process.
            is_first = self._thread < 0 and track != self.process
            known = track if taken.buffer.reported else self.process if is_first else -1
            self._thread = track
            if known >= 0:
                text.lines.append(f'["thread",{taken.t_ns - self.start_ns},{known}]\n')
            taken.buffer.reported = True
        rows = self.new_rows()
        while taken.at < until:
            if taken.is_parts():
                self._make_line(taken, until, rows, text)
            else:
                upto = taken.next_parts(min(until, taken.at + _BATCH - len(rows) // ROW))
                if self.copies is not None:
                    taken.rows.translate(self.copies.known, taken.at, upto)
                    self._report_copies(self.copies, taken.t_ns - self.start_ns, rows, text)
                if upto - taken.at == _BATCH:
                    text.add_rows(taken.rows, taken.at, upto)
                else:
                    rows += taken.rows.part(taken.at, upto)
                taken.at = upto
            if len(rows) >= _BATCH * ROW:
                self._pack(rows, text)
        self._pack(rows, text)

    def _pack(self, rows: Rows, text: Text) -> None:
        """Make a line of these rows, if there are any."""
        if rows:
            count = len(rows) // ROW
            text.add_rows(rows.take(count), 0, count)

    def _make_line(self, taken: Taken, until: int, rows: Rows, text: Text) -> None:
        """Make the line of the event with parts that comes next, after those it needs to have been told before; or add
        its row to `rows`, which come before any line but a definition."""
        parts, i = taken.parts, taken.parts_at
        taken.parts_at += STRIDE
        taken.at += 1
        if parts[i] is self.pieces and taken.at < until and taken.is_parts() and _join(parts, i):
            return
        try:
            if self.copies is not None:
                translated = self.copies.translate(parts[i], *parts[i + 2 : i + 5])
                if translated is None:
                    return
                parts[i + 2 : i + 5] = translated
                self._report_copies(self.copies, parts[i + 1] - self.start_ns, rows, text)
            line, t_ns, a, b, value, code, at = parts[i : i + STRIDE]
            track, shape = self._shape(line, a, b, code, at) if line in REPEATED else (a, NEW)
            if shape == NEW:
                made = line(self, t_ns - self.start_ns, a, b, value, code, at)
            else:
                said = NOTHING if line is wake else value_id(self, value)
                row = t_ns, track, shape + (said + 1 << VALUE_BIT)
        except Exception as error:
            self._lose(error)
            return
        if self._new:
            text.lines += self._new
            self._new.clear()
        if shape != NEW:
            rows += row
            return
        if line is not shape_line and line is not text_line:
            self._pack(rows, text)
        text.lines.append(made)

    def _shape(self, line: Line, a: Any, b: Any, code: CodeType | None, at: int) -> tuple[int, int]:
        """The track and the shape of a row that tells such an event. The shape is told to the file the second time; the
        first time it is NEW."""
        # Nothing in them that the garbage collector counts.
        ways = [(track, (id(line), *fields, id(code), at), fields) for track, *fields in as_rows(line, a, b)]
        for track, key, _ in ways:
            number = self._met.known(key)
            if number is not None:
                return track, number
        for track, key, fields in ways:
            if self._met.again(key, code) is not None:
                number = self._met.learned(key, self.ids.shape())
                definition = shape_line(self, 0, number, ((line, *fields, NO_VALUE, code, at),), None, None, 0)
                self._new.append(definition)
                return track, number
        return NOBODY, NEW

    def _report_copies(self, copies: Numbering, t_ns: int, rows: Rows, text: Text) -> None:
        """Before the first line that speaks of them."""
        if copies.met:
            self._pack(rows, text)
            text.lines += [f'["copy",{t_ns},{track},{of}]\n' for track, of in copies.met]
            copies.met.clear()

    # The flushing thread.

    def start_thread(self) -> None:
        """Flush every 25 ms from now on, also while the program sleeps or is in C code that releases the GIL."""
        if self._alive or self._lasts or self._forking:
            # The program forked twice with no event in between; or the process is about to end. Or another thread has
            # it end, for a fork, which will have it begin again.
            return
        self._alive = self._starting = True
        self._ended.acquire()
        begun = _allocate_lock()
        begun.acquire()
        try:
            _start_new_thread(self._run, (begun,))
            self._starting = False
            # What it opens, the program does not find open. It may not come to run: the interpreter ends.
            begun.acquire(True, 1)
        except RuntimeError as error:
            self._alive = self._starting = False
            self._ended.release()
            # On 3.12 no thread begins once the interpreter ends; what is stored then is flushed at its end.
            if "interpreter shutdown" not in str(error):
                raise

    def _run(self, begun: _thread.LockType) -> None:
        # The program's signals are for the program's threads: one that we took would not wake its main thread.
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        self._thread_id, self._ident = _get_native_id(), _get_ident()
        self.run_queue = RunQueue(self.open_high) if self.open_high is not None else None
        begun.release()
        self._waited_ns += self.clock() - self._left_ns
        try:
            phase = due_s = 0.0
            while self._alive:
                now_s = _monotonic()
                if now_s >= due_s:
                    # Not in step with what the program does periodically: samples would always find it doing just that.
                    phase = (phase + _GOLDEN) % 1
                    due_s = now_s + FLUSH_SECONDS * (0.8 + 0.4 * phase)
                began_ns = self.clock()
                ends = self.wait(due_s - now_s)
                self._waited_ns += min(self.clock() - began_ns, int((due_s - now_s) * 1e9))
                if ends:
                    break
                for report in list(self.before_flush):
                    report()
                self.flush(look=_monotonic() >= due_s)
                self._flushes += 1
            self.flush(last=self._lasts, look=True)
        finally:
            self._leave_queue()
            self._left_ns = self.clock()
            self.collector.leave()
            self._ident = 0
            self._ended.release()

    @property
    def away_ns(self) -> int:
        """For how long the flushing thread has waited, as it meant to, or written, or was not there, so far."""
        return self._waited_ns + self._sink.wrote_ns

    def _leave_queue(self) -> None:
        if self.run_queue is not None:
            self.run_queue.close()
            self.run_queue = None

    def wait_for_end(self, seconds: float) -> bool:
        """Wait for so long, or until the flushing thread shall flush, or end. Return whether it shall end."""
        self.waiting(self._wake_up.acquire, True, seconds)
        return not self._alive

    def _wake(self) -> None:
        try:  # noqa: SIM105  # contextlib is not imported into the program
            self._wake_up.release()
        except RuntimeError:
            pass  # Somebody has, and it is about to run.

    def waiting(self, wait: Callable[..., Any], *arguments: Any) -> Any:
        """Return `wait(*arguments)`, of a function in C that lets the program run on meanwhile."""
        return self.collector.wait(wait, *arguments) if self.is_flushing_here() else wait(*arguments)

    @property
    def is_flushing(self) -> bool:
        """Whether there is a flushing thread."""
        return self._alive

    def is_flushing_here(self) -> bool:
        """Whether the thread that calls is the flushing thread, which has no track."""
        return self._ident == _get_ident()

    @property
    def is_alone(self) -> bool:
        """Whether no other thread of the program's can run. The flushing thread is none of the program's."""
        return _thread._count() <= self._alive

    def stop_thread(self) -> None:
        """End the flushing thread and wait until the operating system has forgotten it.

        Before a fork only: from 3.12 on os.fork() warns in a process of several threads, and it counts those of the
        operating system. None begins until `forked`.
        """
        # Said first: it would be told to go on while who forks waits for its end, for good.
        self._forking += 1
        # A signal's handler may fork where a thread is about to begin: to wait for its end would be for good.
        if not self._alive or self._starting:
            return
        self._end_thread()
        task = f"/proc/self/task/{self._thread_id}"
        for _ in range(200):
            if not os.path.exists(task):
                break
            _sleep(0.001)
        self._wake_up = _allocate_lock()
        self._wake_up.acquire()

    def forked(self) -> None:
        """After `stop_thread`, in the process that forked."""
        self._forking -= 1

    def _end_thread(self, lasts: bool = False) -> None:
        """Have it flush, and end."""
        self._lasts, self._alive = lasts, False
        self._wake()
        self._ended.acquire()
        self._ended.release()

    # Forks.

    @property
    def path(self) -> str:
        """The file."""
        return self._sink.path

    def join(self, header: InHeader) -> None:
        """Other processes write to the file already."""
        self.ids.join(header)
        number_by(self.ids.shape, self.ids.text)

    def share(self, process: int, header: InHeader | None = None) -> None:
        """Other processes may write to the file from now on, and `process` is this one's main thread.

        `header`: the numbers are those of the file; else of memory, which only those have that are forked. Raise
        OSError where that is not possible.
        """
        self.ids.share(header)
        number_by(self.ids.shape, self.ids.text)
        self.process = process

    def hold_flushes(self) -> Any:
        """Right before a fork: nobody shall be writing then. Return what `let_flush` is to be given after it."""
        return self._flushing if self._begin_flush(lasts=True) else None

    def let_flush(self, flushing: Any) -> None:
        """After the fork, in the process that forked."""
        if flushing is self._flushing:
            self._end_flush()

    def leave_to_end(self) -> None:
        """The last thread of the program ends: flush for the last time, and let our own thread end by itself."""
        self.flush(last=True)
        self._alive = False
        self._wake()

    def begin_again(self, buffer: Buffer, track: int) -> None:
        """In a forked child, in its only thread, of which that is the buffer: write what happens from now on."""
        for other in self.buffers:
            other.leave_queue()
        self.buffers[:] = [buffer]
        buffer.begin_again(track)
        self._forget_others()
        self.process = track
        self._thread, self._unfinished_ns, self._told_ns = -1, 0, 0
        self._lost, self.missed, self.interrupted = (0, 0, 0), 0, 0
        self._sink.forget()
        self.ids.in_child()
        number_by(self.ids.shape, self.ids.text)
        self.wait = self.wait_for_end

    def _forget_others(self) -> None:
        """The other threads are not here: nobody holds these locks."""
        self._alive = self._lasts = self._starting = False
        self._forking = 0
        self._leave_queue()
        self.collector.leave()
        self._flushing = {}
        self._ended, self._wake_up = _allocate_lock(), _allocate_lock()
        self._wake_up.acquire()
        self._new.clear()
        self.delays.clear()

    def discard(self) -> None:
        """In a forked child: forget everything, and close the file."""
        for buffer in self.buffers:
            buffer.leave_queue()
        self.buffers.clear()
        self._forget_others()
        self._sink.close()

    def close(self) -> None:
        """Flush for the last time and close the file."""
        self.leave()
        self._sink.close()

    def leave(self) -> None:
        """Flush for the last time."""
        if self._alive and not self.is_flushing_here():
            self._end_thread(lasts=True)
        self.flush(last=True)
