"""The locks and semaphores of multiprocessing, which several processes have: who gives one back that another waits for.

Each is a semaphore of the system's (sem_open), which has one name in all processes here. Who waits for it is counted in
it: as long as nobody does, nothing is stored. Who was woken by whom is worked out by the reader of the trace. And who
keeps a lock is told by the flushing thread once it has had it for a while, also if nobody waits for it yet: its process
may be killed meanwhile.
"""

from __future__ import annotations

import os
import sys
from itertools import count

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.values import dictionary, type_name
from visualizer.tracers.core.variables import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from types import CodeType, ModuleType
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.context import Context

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

MODULE = "multiprocessing.synchronize"
#: SemLock.kind of an RLock.
_RECURSIVE = 0
#: Who has had a lock for so long is told, as soon as the flushing thread looks.
_KEPT_NS = 25_000_000
#: A semaphore has 32 bytes there (`sem_t`), which all of its processes share, and uses half of them at most.
_ROOM = 16
#: What who gives a lock back leaves: its track + 1 (0 of who did not have it), and when.
NO_MARK = 0, 0


class Taken:
    """`track` takes a lock at `t_ns` in that code; None where that is not known."""

    __slots__ = ("code", "is_told", "offset", "t_ns", "track")

    def __init__(self, track: int, t_ns: int | None, code: CodeType | None, offset: int) -> None:
        self.track = track
        self.t_ns = t_ns
        self.code = code
        self.offset = offset
        self.is_told = False


class _Known:
    """`name`: of the semaphore. `called`: the name of the object, in all processes. `made`: that itself, by a weak
    reference. `is_lock`: nobody else has it meanwhile."""

    __slots__ = ("called", "is_lock", "made", "name")

    def __init__(self, name: str, made: Any, is_lock: bool) -> None:
        self.name = name
        self.called = f"{words.SHARED}{type_name(type(made))} {name.lstrip('/')}"
        self.made: Any = ref(made)
        self.is_lock = is_lock


class SharedLocks:
    """Those of one process. Its methods are called in the thread that has to do with one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pid = os.getpid()
        #: By the address of the semaphore, which is that in forked children, too.
        self._known: dict[int, _Known] = {}
        #: By the same: who has taken a lock, in this process. If it was released unseen, it says so itself.
        self._taken: dict[int, Taken] = {}
        #: The names of those that somebody has released who did not have them.
        self._handed: set[str] = set()
        #: Of what the flushing thread tells.
        self._buffer: Buffer | None = None
        self._semaphore: type = type
        self._kind: type = type
        #: What was looked through last; and those that were in it, by their numbers.
        self._seen = ""
        self._listed: set[int] = set()
        self._numbers: Iterator[int] = count(1)
        self._read: Any = None
        self._mark: Any = None

    def learn(self, module: ModuleType) -> tuple[CodeType, ...]:
        """The program has imported MODULE. Return the functions in it that make one, or get to know one."""
        known: Any = module
        self._context.stream.before_flush.append(self._tell_kept)
        self._context.on_end.append(lambda: self.tell_kept(self._context.now()))
        (self._read, self._mark), self._semaphore, self._kind = _readers(), known.Semaphore, known.SemLock
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
            self._known[lock.handle] = _Known(name, made, not issubclass(type(made), self._semaphore))

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

    def name(self, lock: Any) -> str:
        """What that one is called in all processes; nothing if it is not known."""
        known = self._known.get(lock.handle)
        return known.called if known is not None else ""

    def begin(self) -> None:
        """From now on all that is taken is seen. What the main thread has already, it has taken unseen."""
        if os.getpid() != self._pid:
            return  # A forked child: of multiprocessing's, they say so a little later.
        for handle, known in list(self._known.items()):
            if handle not in self._taken and _is_kept(known):
                self._taken[handle] = Taken(self._context.track, None, None, 0)

    def forget(self) -> None:
        """In a forked child, which has none of those that its parent has."""
        self._taken.clear()

    def takes(self, lock: Any, taken: Taken) -> None:
        """A thread is about to take that one, which is free."""
        # An RLock may be its own, and another thread of this process may be faster.
        if lock.maxvalue == 1 and (type(lock)._count(lock) <= 0 or lock.handle not in self._taken):
            self._taken[lock.handle] = taken

    def took(self, lock: Any, taken: Taken) -> None:
        """A thread has taken that one."""
        if lock.maxvalue == 1 and type(lock)._count(lock) == 1:
            self._taken[lock.handle] = taken

    def releases(self, lock: Any) -> bool:
        """A thread is about to release that one. Return whether `gives` is to be called."""
        if lock.maxvalue == 1:
            # How often this process has it, if nobody else releases it.
            count = type(lock)._count(lock)
            taken = self._taken.pop(lock.handle, None) if count == 1 else None
            if taken is not None and taken.is_told:
                self._context.owns(self._context.now(), words.NOBODY, self.name(lock))
            elif count <= 0 and lock.kind != _RECURSIVE and type(lock)._is_zero(lock):
                self._hand_over(self.name(lock))
            return count == 1 or self.is_waited_for(lock)
        return self.is_waited_for(lock)

    def _hand_over(self, name: str) -> None:
        """It is released by a process that does not have it: then it keeps nobody out, but tells something."""
        if name and name not in self._handed:
            self._handed.add(name)
            self._context.stream.store(lines.takes, self._context.now(), words.NOBODY, name, ())

    def _tell_kept(self) -> None:
        """In the flushing thread."""
        if self._taken:
            self.tell_kept(self._context.now() - _KEPT_NS)

    def tell_kept(self, before_ns: int) -> None:
        """Say who has had a lock from before that on; once."""
        for handle, taken in list(self._taken.items()):
            if taken.is_told or (taken.t_ns or 0) > before_ns:
                continue
            known = self._known.get(handle)
            if known is None or not _is_kept(known):
                # Whoever tried did not get it, or it was released unseen; if it is not about to be taken after all.
                continue
            if self._taken.get(handle) is not taken:
                continue
            taken.is_told = True
            about = lines.has, self._context.now(), taken.track, known.called
            self.buffer_of_flush().store((*about, taken.t_ns, taken.code, taken.offset))

    def buffer_of_flush(self) -> Buffer:
        """Where the flushing thread stores what it tells of threads."""
        stream = self._context.stream
        if self._buffer is None or self._buffer not in stream.buffers:
            self._buffer = stream.new_buffer()
            self._buffer.track, self._buffer.reported = self._context.track, True
            stream.buffers.append(self._buffer)
        return self._buffer

    def is_waited_for(self, lock: Any) -> bool:
        """Whether a thread, of any process, waits for that one, a `_multiprocessing.SemLock`: the C libraries of Linux
        (glibc from 2.21 on, musl) count them in the second 32 bits of a semaphore."""
        return self._read is not None and self._read(lock.handle + 4).value != 0

    def mark(self, lock: Any) -> tuple[int, int]:
        """What has been left beside that lock by who gave it back last."""
        if self._mark is None or lock.maxvalue != 1:
            return NO_MARK
        return self._mark(lock.handle + _ROOM).value, self._mark(lock.handle + _ROOM + 8).value

    def gives(self, lock: Any, track: int) -> None:
        """`track` is about to release that one, for which somebody waits, or is about to."""
        if lock.kind == _RECURSIVE and (type(lock)._count(lock) != 1 or not type(lock)._is_mine(lock)):
            return
        t_ns = self._context.now()
        if self._mark is not None and lock.maxvalue == 1:
            # Of several who give back what they do not have, it is not known whose is taken.
            is_its = type(lock)._count(lock) == 1
            self._mark(lock.handle + _ROOM).value = track + 1 if is_its else 0
            self._mark(lock.handle + _ROOM + 8).value = t_ns
        known = self._known.get(lock.handle)
        if known is not None and self.is_waited_for(lock):
            self._context.stream.store(lines.gives, t_ns, track, known.name)

    def gets(self, lock: Any, taken: Taken, since_ns: int, before: tuple[int, int]) -> None:
        """Who waited for it since then has got it. `before`: the mark beside it that had been left by then."""
        known = self._known.get(lock.handle)
        self.took(lock, taken)
        mark = self.mark(lock)
        by = mark[0] - 1 if mark != before else words.NOBODY
        # What a process does that nobody records is not known.
        if known is not None and (by != words.NOBODY or self._context.follows):
            about = since_ns, known.is_lock, by
            self._context.stream.store(lines.gets, taken.t_ns or 0, taken.track, known.name, about)


def _is_kept(known: _Known) -> bool:
    """Whether that lock is held by this process."""
    lock = dictionary(known.made()).get("_semlock")
    return lock is not None and lock.maxvalue == 1 and type(lock)._count(lock) > 0


def _readers() -> tuple[Any, Any]:
    """What stands at an address: 32 bits, and 64; None where it is not known what stands there, or memory cannot be
    read."""
    if sys.platform != "linux" or sys.maxsize <= 1 << 32 or sys.byteorder != "little":
        return None, None
    try:
        # Only what `ctypes` itself is made of.
        c: Any = __import__("_ctypes")
    except ImportError:
        return None, None
    word, long = (type("Word", (c._SimpleCData,), {"_type_": size}) for size in "Iq")
    return word.from_address, long.from_address  # type: ignore[attr-defined]
