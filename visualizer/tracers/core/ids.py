"""The numbers of tracks, texts, places and shapes: each is given only once in a file, in whichever process.

A process that is alone counts. From its first fork on it and its children take numbers in blocks, from counters in
memory that they share (an anonymous mmap). A block is taken under a lock on the trace file (POSIX, of the process): the
kernel lets go of it when its holder is killed, and then at most a block is lost. A process that begins takes small
blocks, so that many short ones leave few holes.
"""

from __future__ import annotations

import _thread
import sys
from itertools import chain, count, repeat

from visualizer.trace.sink import Sink

# Imported now: later the program's own folders come first. To the program it is not there until it imports it.
_was_there = "mmap" in sys.modules
import mmap  # noqa: E402

if not _was_there:
    del sys.modules["mmap"]

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterable
    from typing import Any

TRACK, TEXT, PLACE, SHAPE = range(4)
#: Room for other uses of the shared memory.
_SPARE = slice(8, 16)
#: How many numbers a process takes first; each later block has four times as many, up to `_MOST`.
_FIRST = 16
_MOST = 4096

# Fetched now: gevent's monkey-patching replaces it.
_RLock = _thread.RLock


def shared_memory() -> Any:
    """Integers that this process shares with those that it forks: zeros. Raise OSError if there is no memory."""
    return memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")


class Ids:
    """Gives numbers: `track()`, `text()`, `place()`, `shape()`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._numbers(count(), count(), count(), count())
        #: The next unused number of each kind, once they are shared.
        self._shared: Any = None
        #: Taken again by a signal's handler, or a finalizer, that runs in the middle of it.
        self._lock = _RLock()
        self._depth = 0
        self._sizes = [0] * 4

    def _numbers(self, *of_each: Iterable[int]) -> None:
        # Bound methods of iterators in C: to take a number runs no code of ours that our own hooks would see.
        self.track, self.text, self.place, self.shape = (iter(numbers).__next__ for numbers in of_each)

    def share(self) -> None:
        """Before the first fork. Raise OSError where there is no memory to share."""
        if self._shared is None:
            shared = shared_memory()
            for kind, take in enumerate((self.track, self.text, self.place, self.shape)):
                shared[kind] = take()
            self._shared = shared
            self._begin()

    @property
    def spare(self) -> Any:
        """More integers in the memory that the processes share."""
        return self._shared[_SPARE]

    def is_inherited_below(self) -> int:
        """Tracks below this number were known before now."""
        return int(self._shared[TRACK])

    def in_child(self) -> None:
        """The rest of the blocks belongs to the process that forked."""
        self._lock = _RLock()
        self._depth = 0
        self._begin()

    def _begin(self) -> None:
        self._sizes = [_FIRST] * 4
        self._numbers(*(chain.from_iterable(map(self._block, repeat(kind))) for kind in range(4)))

    def _block(self, kind: int) -> range:
        """Take the next block. In any thread; also in the middle of itself."""
        with self._lock:
            size = self._sizes[kind]
            self._sizes[kind] = min(4 * size, _MOST)
            self._depth += 1
            try:
                self._sink.lock()
                # Nothing is called between these two, so that no other thread, nor a handler, comes in between.
                first: int = self._shared[kind]
                self._shared[kind] = first + size
            finally:
                self._depth -= 1
                if not self._depth:
                    self._sink.unlock()
        return range(first, first + size)
