"""The locks and semaphores of multiprocessing, which several processes have: who gives one back that another waits for.

Each is a semaphore of the system's (sem_open), which has one name in all processes here. Who waits for it is counted in
it: as long as nobody does, nothing is stored. Who was woken by whom is worked out by the reader of the trace.
"""

from __future__ import annotations

import os
import sys
from itertools import count

from visualizer.tracers.core import lines
from visualizer.tracers.core.values import dictionary
from visualizer.tracers.core.variables import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.core.context import Context

MODULE = "multiprocessing.synchronize"
#: SemLock.kind of an RLock.
_RECURSIVE = 0


class SharedLocks:
    """Those of one process. Its methods are called in the thread that has to do with one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: By the address of the semaphore, which is that in forked children, too: its name, and whether it is a lock.
        self._known: dict[int, tuple[str, bool]] = {}
        self._semaphore: type = type
        self._kind: type = type
        #: What was looked through last; and those that were in it, by their numbers.
        self._seen = ""
        self._listed: set[int] = set()
        self._numbers: Iterator[int] = count(1)
        self._read: Any = None

    def learn(self, module: ModuleType) -> tuple[CodeType, ...]:
        """The program has imported MODULE. Return the functions in it that make one, or get to know one."""
        known: Any = module
        self._read, self._semaphore, self._kind = _reader(), known.Semaphore, known.SemLock
        return known.SemLock.__init__.__code__, known.SemLock.__setstate__.__code__

    def made(self, _code: CodeType, frame: Any, _: Any) -> None:
        """One of these functions returns."""
        made = of_variables(frame, lambda known: known.get("self"))
        self.met(made, dictionary(made).get("_semlock"))

    def met(self, made: Any, lock: Any) -> None:
        """`made`, an object of MODULE's, has that lock."""
        if lock is not None:
            # The system's name is kept where it is told to processes that are not forked.
            name = lock.name or f"{os.getpid()}.{next(self._numbers)}"
            self._known[lock.handle] = name, not issubclass(type(made), self._semaphore)

    def look(self) -> None:
        """Where no event tells of those that are made: get to know those of this process.

        multiprocessing keeps a list of them, for forks, each with a number of its own; only those that another process
        has made are not in it, which `met` is to be told of.
        """
        module: Any = sys.modules.get("multiprocessing.util")
        if module is None or self._seen == (made := repr(module._afterfork_counter)):
            return
        self._seen = made
        for (number, *_), reference in list(module._afterfork_registry.data.items()):
            thing = reference()
            if issubclass(type(thing), self._kind) and number not in self._listed:
                self._listed.add(number)
                self.met(thing, dictionary(thing).get("_semlock"))

    def is_waited_for(self, lock: Any) -> bool:
        """Whether a thread, of any process, waits for that one, a `_multiprocessing.SemLock`: the C libraries of Linux
        (glibc from 2.21 on, musl) count them in the second 32 bits of a semaphore."""
        return self._read is not None and self._read(lock.handle + 4).value != 0

    def gives(self, lock: Any, track: int) -> None:
        """`track` is about to release that one, for which somebody waits."""
        if lock.kind == _RECURSIVE and (type(lock)._count(lock) != 1 or not type(lock)._is_mine(lock)):
            return
        known = self._known.get(lock.handle)
        if known is not None:
            self._context.stream.store(lines.gives, self._context.now(), track, known[0])

    def gets(self, lock: Any, track: int, t_ns: int, since_ns: int) -> None:
        """`track`, which waited for it since then, has got it."""
        known = self._known.get(lock.handle)
        # What a process does that nobody records is not known.
        if known is not None and self._context.follows:
            name, is_lock = known
            self._context.stream.store(lines.gets, t_ns, track, name, (since_ns, is_lock))


def _reader() -> Any:
    """Reads 32 bits at an address; None where it is not known what stands there, or memory cannot be read."""
    if sys.platform != "linux" or sys.maxsize <= 1 << 32 or sys.byteorder != "little":
        return None
    try:
        # Only what `ctypes` itself is made of.
        c: Any = __import__("_ctypes")
    except ImportError:
        return None
    word: Any = type("Word", (c._SimpleCData,), {"_type_": "I"})
    return word.from_address
