"""The way of an event from a hook to the file.

A hook stores seven references in one flat list, and nothing else: no tuple stays behind for the cyclic garbage
collector to walk. The first of the seven is the function that makes the file's line of the other six; it is called at
the flush, by a thread of our own every 25 ms. That thread uses `_thread` and `os.write` as they were before anybody
(gevent) replaced them, blocks all signals, and is not known to `threading`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _thread
import os
import time

from visualizer.trace.sink import Sink
from visualizer.trace.words import NOTHING
from visualizer.tracers import code as code_objects

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    Line = Callable[["Stream", int, Any, Any, Any, Any, Any], str]

try:
    from _json import encode_basestring_ascii as _quote
except ImportError:
    from json.encoder import py_encode_basestring_ascii as _quote

FLUSH_SECONDS = 0.025
STRIDE = 7
#: With this many references waiting the hook that stored the last one flushes by itself.
FULL = 32 * 1024 * STRIDE
#: So many are turned into lines and written at a time.
_BATCH = 4 * 1024 * STRIDE
#: Of one source file, and of all together, at most so many characters go into the trace.
LARGEST_SOURCE = 256 << 10
SOURCE_IN_ALL = 4 << 20
#: After this many interned texts or places they are numbered afresh, so that our memory does not grow with the trace.
_INTERNED = 8192

# Fetched now: gevent's monkey-patching replaces them, and the flushing thread would be a greenlet of the program's.
_allocate_lock = _thread.allocate_lock
_get_ident = _thread.get_ident
_get_native_id = _thread.get_native_id
_start_new_thread = _thread.start_new_thread
_sleep = time.sleep


def quote(text: str) -> str:
    """`text` as JSON; a lone surrogate, which is no text that a reader would accept, becomes a question mark."""
    return _quote(text if text.isascii() else text.encode("utf-8", "replace").decode())


def _join(taken: list[Any], at: int, count: int) -> bool:
    """Give the piece of text at `at` to the next event, if that goes on with it (`print` writes its end apart)."""
    after = at + STRIDE
    text = taken[at + 3]
    if after >= count or taken[after] is not taken[at] or taken[after + 2] != taken[at + 2] or text.endswith("\n"):
        return False
    taken[after + 1] = taken[at + 1]
    taken[after + 3] = text + taken[after + 3]
    taken[after + 4] += taken[at + 4]
    return True


class Stream:
    """The buffer, the clock, and the thread that empties the one into the sink. `t` is in nanoseconds since `start`."""

    def __init__(self, sink: Sink, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.clock = clock
        self.buffer: list[Any] = []
        #: Store one event: extend((line function, absolute t_ns, a, b, value, code, offset)).
        self.extend = self.buffer.extend
        self.start_ns = clock()
        #: Called by the flushing thread before each flush: what has to be told before the hook that knows its end runs.
        self.before_flush: list[Callable[[], None]] = []
        #: The line function of printed text, of which consecutive pieces are one line of the file.
        self.pieces: Line | None = None
        self._held_ns = 0
        self._sink = sink
        self._flushing = _allocate_lock()
        self._owner = 0
        self._wake_up = _allocate_lock()
        self._wake_up.acquire()
        self._alive = False
        self._thread_id = 0
        #: Held by the flushing thread as long as it lives.
        self._ended = _allocate_lock()
        self._texts: dict[str, int] = {}
        self._places: dict[tuple[int, int], tuple[int, CodeType]] = {}
        self._text_count = 0
        self._place_count = 0
        self._listed: set[str] = set()
        #: So many characters of source text may still go into the trace.
        self.source_room = SOURCE_IN_ALL
        self._lost = 0
        self._new: list[str] = []

    # Storing, in any thread of the program.

    def store(self, line: Line, t_ns: int, a: Any, b: Any, value: Any, code: CodeType | None, offset: int) -> None:
        """Store one event; flush at once if the buffer is full."""
        self.extend((line, t_ns, a, b, value, code, offset))
        if len(self.buffer) > FULL:
            self.flush()

    def write_header(self, line: str) -> None:
        """Write the trace's first line; before the first flush."""
        self._sink.write(line.encode("ascii"), 0)

    # Making lines, while flushing.

    def text(self, text: str) -> int:
        """The id of `text`, interned by a line of its own when it is new."""
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= _INTERNED:
                self._texts.clear()
            known = self._texts[text] = self._text_count
            self._text_count += 1
            self._new.append(f'["text",{known},{quote(text)}]\n')
        return known

    def place(self, code: CodeType | None, offset: int) -> int:
        """The id of the place at `offset` of `code`."""
        if code is None:
            return NOTHING
        key = (id(code), offset)
        known = self._places.get(key)
        if known is None:
            if len(self._places) >= _INTERNED:
                self._places.clear()
            file, function, *numbers = code_objects.place(code, offset)
            file_id, function_id = self.text(file), self.text(function)
            if file not in self._listed:
                self._list(file, file_id)
            # The code object is kept so that its id stays its own.
            known = self._places[key] = (self._place_count, code)
            self._place_count += 1
            self._new.append(f'["place",{known[0]},{file_id},{function_id},{",".join(map(str, numbers))}]\n')
        return known[0]

    def _list(self, file: str, file_id: int) -> None:
        """Put a source file that is named for the first time into the trace, as far as there is room."""
        self._listed.add(file)
        text = code_objects.source(file) if self.source_room else None
        if text is None:
            return
        if len(text) > min(self.source_room, LARGEST_SOURCE):
            self._new.append(f'["note",{self.clock() - self.start_ns},{quote(f"Too large for the trace: {file}")}]\n')
            return
        self.source_room -= len(text)
        self._new.append(f'["listing",{file_id},{quote(text)}]\n')

    def flush(self, last: bool = False) -> None:
        """Turn what is stored into lines and append them to the file. Never raises. `last`: no flush will follow."""
        if not self._flushing.acquire(False):
            if self._owner == _get_ident():
                return  # A hook that ran during our own flush, in a signal handler or a finalizer.
            self._flushing.acquire()
        self._owner = _get_ident()
        try:
            self._flush(last)
        except Exception:
            self._sink.lost += 1
        finally:
            self._owner = 0
            self._flushing.release()

    def _is_unfinished(self, at: int) -> bool:
        """Whether the newest event is a piece of a line being printed: the rest gets one more period to come."""
        buffer = self.buffer
        if buffer[at] is not self.pieces or buffer[at + 3].endswith("\n") or buffer[at + 1] == self._held_ns:
            return False
        self._held_ns = buffer[at + 1]
        return True

    def _flush(self, last: bool) -> None:
        waiting = len(self.buffer)
        if waiting and not last and self._is_unfinished(waiting - STRIDE):
            waiting -= STRIDE
        for begin in range(0, waiting, _BATCH):
            self._write_batch(min(_BATCH, waiting - begin))
        if self._lost != self._sink.lost:
            loss = f'["dropped",{self.clock() - self.start_ns},"events",{self._sink.lost}]\n'
            if self._sink.write(loss.encode("ascii"), 0):
                self._lost = self._sink.lost

    def _write_batch(self, count: int) -> None:
        # A slice and a deletion of the same length: a hook that stores between the two only adds behind them.
        taken = self.buffer[:count]
        del self.buffer[:count]
        lines: list[str] = []
        start_ns = self.start_ns
        for i in range(0, count, STRIDE):
            if taken[i] is self.pieces and _join(taken, i, count):
                continue
            try:
                line = taken[i](
                    self, taken[i + 1] - start_ns, taken[i + 2], taken[i + 3], taken[i + 4], taken[i + 5], taken[i + 6]
                )
            except Exception:
                self._sink.lost += 1
                continue
            if self._new:
                lines += self._new
                self._new.clear()
            lines.append(line)
        self._sink.write("".join(lines).encode("ascii"), count // STRIDE)

    # The flushing thread.

    def start_thread(self) -> None:
        """Flush every 25 ms from now on, also while the program sleeps or is in C code that lets go of the GIL."""
        self._alive = True
        self._ended.acquire()
        _start_new_thread(self._run, ())

    def _run(self) -> None:
        # The program's signals are for the program's threads: one that we took would not wake its main thread.
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        self._thread_id = _get_native_id()
        try:
            while self._alive:
                if self._wake_up.acquire(True, FLUSH_SECONDS):
                    break
                for tell in list(self.before_flush):
                    tell()
                self.flush()
        finally:
            self._ended.release()

    def stop_thread(self) -> None:
        """End the flushing thread and wait until the operating system has forgotten it.

        Before a fork only: from 3.12 on os.fork() warns in a process of several threads, and it counts those of the
        operating system.
        """
        if not self._alive:
            return
        self._alive = False
        self._wake_up.release()
        self._ended.acquire()
        self._ended.release()
        task = f"/proc/self/task/{self._thread_id}"
        for _ in range(200):
            if not os.path.exists(task):
                break
            _sleep(0.001)
        self._wake_up = _allocate_lock()
        self._wake_up.acquire()

    def discard(self) -> None:
        """In a forked child: forget everything, and let go of the file."""
        self.buffer.clear()
        self._alive = False
        self._flushing = _allocate_lock()
        self._sink.close()

    def close(self) -> None:
        """Flush for the last time and close the file."""
        self._alive = False
        if self._wake_up.locked():
            self._wake_up.release()
        self.flush(last=True)
        self._sink.close()
