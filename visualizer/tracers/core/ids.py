"""The numbers of tracks, texts, places and shapes: each is given only once in a file, in whichever process.

A process that is alone counts. Where there may be several, they take numbers in blocks: from counters in the header of
the file (`InHeader`), which programs that are started by exec find there as well; where that is no regular file, or
these are not to be recorded, from memory that a process shares with those that it forks (an anonymous mmap), from the
first fork on. A block is taken under a lock on the trace file (POSIX, of the process): the kernel lets go of it when
its holder is killed, and then at most a block is lost. A process that begins takes small blocks, so that many short
ones leave few holes.
"""

from __future__ import annotations

import fcntl
import os
import sys
from itertools import chain, count, repeat

from visualizer.trace import words
from visualizer.trace.sink import LOWEST_FD, Sink
from visualizer.tracers.core.own_lock import OwnLock
from visualizer.tracers.core.postponed import uninterrupted

# Imported now: later the program's own folders come first. To the program it is not there until it imports it.
_was_there = "mmap" in sys.modules
import mmap  # noqa: E402

if not _was_there:
    del sys.modules["mmap"]

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterable
    from typing import Any

TRACK, TEXT, PLACE, SHAPE = range(4)
#: Room for other uses of the shared memory.
_SPARE = slice(8, 16)
#: How many numbers a process takes first; each later block has four times as many, up to `_MOST`.
_FIRST = 16
_MOST = 16384


def shared_memory(size: int = mmap.PAGESIZE) -> Any:
    """Integers that this process shares with those that it forks: zeros, `size` bytes. Raise OSError if there is no
    memory."""
    return memoryview(mmap.mmap(-1, size)).cast("q")


class InHeader:
    """The counters in the first line of a trace: as many characters each, so that one can be written over another.

    The descriptor that the lines are written to appends, wherever one asks it to write: this is another one.
    """

    #: How every header begins that has them.
    BEGIN = b'{"format":"%s","version":%d,"numbers":[' % (words.FORMAT.encode(), words.VERSION)
    _DIGITS = 10
    #: What the header says of a program that has not shared its numbers yet.
    NONE = "[" + ",".join(["0".rjust(_DIGITS)] * 4) + "]"

    def __init__(self, path: str, of: str = "") -> None:
        """Raise OSError if that is not a file with such a header; or one that does not say `of`, if that is given."""
        self._path = path
        self._of = of.encode()
        self._fd = -1
        self._open()

    def _open(self) -> None:
        low = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            header = os.pread(low, 1024, 0)
            if not header.startswith(self.BEGIN) or self._of not in header:
                raise OSError("it does not begin with a header of ours")
            try:
                self._fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, LOWEST_FD)
            except OSError:
                self._fd = os.dup(low)
            status = os.fstat(self._fd)
            self._identity = (status.st_dev, status.st_ino)
        finally:
            os.close(low)

    def _check(self) -> None:
        """Open it again if the program has closed our descriptor. Raise OSError if it is gone."""
        try:
            status = os.fstat(self._fd)
            if (status.st_dev, status.st_ino) == self._identity:
                return
        except OSError:
            pass
        self._open()

    def _at(self, kind: int) -> int:
        return len(self.BEGIN) + kind * (self._DIGITS + 1)

    def __getitem__(self, kind: int) -> int:
        self._check()
        return int(os.pread(self._fd, self._DIGITS, self._at(kind)))

    def writing(self, kind: int, number: int) -> tuple[Callable[..., object], tuple[object, ...]]:
        """What to call to set one, and with what."""
        return os.pwrite, (self._fd, b"%*d" % (self._DIGITS, number), self._at(kind))


class InMemory:
    """The counters in memory that a process shares with those that it forks."""

    def __init__(self) -> None:
        """Raise OSError if there is no memory."""
        self.memory = shared_memory()

    def __getitem__(self, kind: int) -> int:
        number: int = self.memory[kind]
        return number

    def writing(self, kind: int, number: int) -> tuple[Callable[..., object], tuple[object, ...]]:
        """What to call to set one, and with what."""
        return self.memory.__setitem__, (kind, number)


class Ids:
    """Gives numbers: `track()`, `text()`, `place()`, `shape()`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._numbers(count(), count(), count(), count())
        #: Whether the program's handler of a signal raised that, or another thread sent it; and what to do with those.
        self.is_from_outside: Callable[[BaseException], bool] = lambda error: False
        self.on_raised: Callable[[list[BaseException]], None] = lambda errors: None
        #: The next unused number of each kind, once they are shared.
        self._shared: Any = None
        self._spare: Any = None
        #: Taken again by a signal's handler, or a finalizer, that runs in the middle of it.
        self._lock = OwnLock()
        self._depth = 0
        self._taken = 0
        self._sizes = [0] * 4

    def _numbers(self, *of_each: Iterable[int]) -> None:
        iterators = [iter(numbers) for numbers in of_each]
        #: Those of tracks: the recorder in C takes them from there.
        self.tracks = iterators[TRACK]
        # Bound methods of iterators in C: to take a number runs no code of ours that our own hooks would see.
        self.track, self.text, self.place, self.shape = (numbers.__next__ for numbers in iterators)

    def share(self, header: InHeader | None = None) -> None:
        """Before there may be others: take numbers from `header`; or else, for those that are forked, from memory.

        Nothing is done the second time. Raise OSError where there is no memory to share.
        """
        if self._shared is None:
            shared = header or InMemory()
            for kind, take in enumerate((self.track, self.text, self.place, self.shape)):
                write, what = shared.writing(kind, take())
                write(*what)
            self.join(shared)

    def join(self, shared: InHeader | InMemory) -> None:
        """Take numbers from there, as others do."""
        self._shared = shared
        self._begin()

    @property
    def spare(self) -> Any:
        """More integers, in memory that this process shares with those that it forks."""
        if self._spare is None:
            memory = self._shared.memory if type(self._shared) is InMemory else shared_memory()
            self._spare = memory[_SPARE]
        return self._spare

    def is_inherited_below(self) -> int:
        """Tracks below this number were known before now."""
        return int(self._shared[TRACK])

    def forked(self) -> None:
        """This process has forked, maybe in the middle of taking a block: its child may have taken that since."""
        self._taken += 1

    def in_child(self) -> None:
        """The rest of the blocks belongs to the process that forked."""
        self.forked()
        self._lock = OwnLock()
        self._depth = 0
        self._begin()

    def _begin(self) -> None:
        self._sizes = [_FIRST] * 4
        self._numbers(*(chain.from_iterable(map(self._block, repeat(kind))) for kind in range(4)))

    @uninterrupted
    def _block(self, kind: int, raised: tuple[BaseException, ...] = ()) -> Iterable[int]:
        """Take the next block. In any thread; also in the middle of itself.

        What a signal's handler raises meanwhile, or another thread sends, is raised later: the recorder in C, which
        asks, is in the middle of what the program does. `raised`: what came before. Nothing is raised here, else the
        iterator that asks would have ended for good: what failed is raised by what is returned.
        """
        try:
            block: Iterable[int]
            if raised and not self.is_from_outside(raised[-1]):
                block = map(_raise, raised[-1:])
            else:
                block = self._take(kind)
            if raised:
                self.on_raised([error for error in raised if self.is_from_outside(error)])
            return block
        except BaseException as error:
            raised = *raised, error
        # Outside of the `try` nothing can come in between, as it could where a loop jumps back.
        return self._block(kind, raised)

    def _take(self, kind: int) -> range:
        with self._lock:
            size = self._sizes[kind]
            self._sizes[kind] = min(4 * size, _MOST)
            self._depth += 1
            try:
                self._sink.lock()
                while True:
                    taken = self._taken
                    first: int = self._shared[kind]
                    write, what = self._shared.writing(kind, first + size)
                    # A handler that came in since then took that block, or forked. None comes in between these two.
                    if taken == self._taken:
                        write(*what)
                        self._taken += 1
                        break
            finally:
                self._depth = max(0, self._depth - 1)
                if not self._depth:
                    self._sink.unlock()
        return range(first, first + size)


@uninterrupted
def _raise(error: BaseException) -> int:
    raise error
