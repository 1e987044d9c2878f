"""The waits of threads in calls of C's: what each waits for, and who ends that. It is the same however a call is seen.

A lock is known by its address, as long as somebody waits for it or has it; nothing of the program's is kept alive. Who
waits was woken by the track that released that lock last since then: whatever waits in Python code waits for such a
lock.
"""

from __future__ import annotations

import _thread
import sys
from _collections import deque  # type: ignore[import-not-found]

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.call_sites import CallSites
from visualizer.tracers.core.code import function_name, is_generated, own_frame
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.postponed import makes_uninterrupted
from visualizer.tracers.core.queue_sizes import Sizes
from visualizer.tracers.core.sockets import Addresses, address_text, several
from visualizer.tracers.core.values import dictionary, ids_of, nanoseconds
from visualizer.tracers.core.variables import Unknown, of_variables
from visualizer.tracers.runtimes.threads.asked import MOST_FOUND, Asked, callers, found_key, remember
from visualizer.tracers.runtimes.threads.awaited_children import (
    NONE,
    PARAMETERS,
    awaited_children,
    unread,
)
from visualizer.tracers.runtimes.threads.calls import (
    ACCEPT,
    ACQUIRE,
    ACQUIRE_AGAIN,
    ACQUIRE_SHARED,
    CLOSE,
    CONNECT,
    GET,
    GET_NOW,
    JOIN,
    JOIN_ALL,
    OF_CHILDREN,
    OF_LOCKS,
    OF_PROCESSES,
    OF_SELECT,
    OF_SOCKETS,
    OF_WRITERS,
    POLL,
    PUT,
    READ,
    RECEIVE,
    RELEASE,
    RELEASE_AGAIN,
    RELEASE_SHARED,
    SAVE,
    SELECT,
    SEND,
    SLEEP,
    WRITE,
    Lock,
    RLock,
)
from visualizer.tracers.runtimes.threads.channels import MOST_FDS, Channels, descriptor, is_of_machine, is_ready
from visualizer.tracers.runtimes.threads.channels import TO_READ as SOMETHING_TO_READ
from visualizer.tracers.runtimes.threads.channels import TO_WRITE as ROOM_TO_WRITE
from visualizer.tracers.runtimes.threads.orders import Orders
from visualizer.tracers.runtimes.threads.parked import Wait
from visualizer.tracers.runtimes.threads.pools import Pools, workers_of
from visualizer.tracers.runtimes.threads.primitives import (
    ADDRESS,
    BLOCKS_AND_LIMIT,
    DATA,
    DATA_OF_DESCRIPTOR,
    LIMIT,
    SELECT_LIMIT,
    TO_READ,
    TO_WRITE,
    Awaited,
    Primitives,
    limit_of,
    waits_for_itself,
)
from visualizer.tracers.runtimes.threads.selecting import (
    endpoint,
    of_lists,
    of_result,
    of_selector,
    waiting,
)
from visualizer.tracers.runtimes.threads.shared_locks import NO_MARK, SharedLocks, Taken
from visualizer.tracers.runtimes.threads.spins import Spins

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.sockets import Endpoint

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_get_ident = _thread.get_ident
#: Others may be subclasses of the program's.
_OWN = (Lock, RLock)
_is_locked, _is_owned, _describe = Lock.locked, RLock.__dict__["_is_owned"], RLock.__repr__
_DIRECTIONS = {RECEIVE: words.READ, SEND: words.WRITE, ACCEPT: words.ACCEPT, CONNECT: words.CONNECT}
_EVENTS = {RECEIVE: SOMETHING_TO_READ, ACCEPT: SOMETHING_TO_READ, SEND: ROOM_TO_WRITE}
_REASONS = {
    ACQUIRE: words.LOCK, ACQUIRE_AGAIN: words.LOCK, GET: words.QUEUE, SLEEP: words.SLEEP, JOIN: words.JOIN,
    JOIN_ALL: words.JOIN, ACQUIRE_SHARED: words.LOCK,
    **dict.fromkeys(OF_CHILDREN, words.SUBPROCESS), **dict.fromkeys(OF_SELECT, words.SELECT),
}
#: From 3.13 on what is put into a SimpleQueue is given at once to the first who waits; before, whoever comes takes it.
_HANDS_OVER = sys.version_info >= (3, 13)
#: Up to 3.13 a lock that was released is free, as far as it tells, until the thread that has been given it runs.
_SEEN_LATE = sys.version_info < (3, 14)
#: A limit that was set no longer than this before a wait began is told whole.
_JUST_NS = 1_000_000
#: Types of the addresses that a socket connects to.
_ADDRESSES = ids_of(tuple, str, bytes)
_BYTES = ids_of(bytes, bytearray)
_OF_READERS = frozenset((RECEIVE, ACCEPT, READ))
#: Of those whose ends are waited for at once so many are told.
_TOLD = 16
#: From this length on more is told of a wait.
_LONG_NS = 500_000_000
#: The item that nobody was seen to put.
_NOBODY = words.NOBODY, -1


class _Ours(dict[str, bool]):
    """What is worked out once for each file."""

    def __init__(self, work_out: Callable[[str], bool]) -> None:
        self._work_out = work_out

    def __missing__(self, name: str) -> bool:
        found = self[name] = self._work_out(name)
        return found


class Waits:
    """Those of all threads of one recording. Called in the thread that waits, or releases."""

    def __init__(self, context: Context, primitives: Primitives | None = None) -> None:
        self._context = context
        self._stream = context.stream
        #: Has the buffer of each thread; and what tells of others that run on it (`Context.current`).
        self.local = context.stream.local
        self.elsewhere = context.runners, context.inside, context.current
        self.primitives = primitives if primitives is not None else Primitives()
        #: By the id of the thread: its wait that lasts.
        self.parked: dict[int, Wait] = {}
        #: Which track holds a lock, and how many wait for one; by its address.
        self.holders: dict[int, int] = {}
        self.waiting: dict[int, int] = {}
        #: How often an RLock is held, by its address; it is not known of one that was acquired before.
        self.depths: dict[int, int] = {}
        #: The same of one that a track has released at once, and will have again so often; by its address, and track.
        self._saved: dict[tuple[int, int], int] = {}
        #: Who released last what somebody waits for, and when.
        self._released: dict[int, tuple[int, int]] = {}
        #: Of a SimpleQueue, by its address, who put what is in it, and when.
        self._put: dict[int, deque[tuple[int, int]]] = {}
        #: Thread objects that have begun, by their addresses: their tracks.
        self._threads: dict[int, tuple[Any, int]] = {}
        self._sizes = Sizes(self.primitives.items, lambda thing: self._numbers.name(thing))
        self._numbers = Numbers(self._track_of, self._sizes.met)
        self._addresses = Addresses()
        self.channels = Channels(self._addresses, context.ends)
        #: What tells which addresses a descriptor connects. The recorder in C has one of its own.
        self.connection: Callable[[int], Any] = self._addresses.of_fd
        self._sites = CallSites()
        #: Which files are those of hooks, by name: their locks are nobody's business.
        self.ours = _Ours(context.own.is_hook_file)
        self.pools = Pools()
        self.orders = Orders(context, self._numbers, self.primitives, self.holders)
        self.shared = SharedLocks(context)
        self.spins = Spins()
        #: By the name of a lock: which track was told last to have it; by its address, the name of one that somebody
        #: waits for.
        self._owners: dict[str, int] = {}
        self.names: dict[int, str] = {}
        context.stream.before_flush.append(self._look_at_long)

    def forget(self) -> None:
        """In a forked child: the other threads are not here."""
        for table in (self.parked, self.waiting, self._released, self.names):
            table.clear()
        self.shared.forget()
        self.channels.forget()

    # What threads are.

    @makes_uninterrupted
    def began(self, thread: Any, track: int) -> None:
        """`thread`, an object of `threading`, is that track."""
        threads, key = self._threads, id(thread)

        def forget(gone: Any) -> None:
            if key in threads and threads[key][0] is gone:
                del threads[key]

        threads[key] = ref(thread, forget), track
        self.orders.threads += 1

    def _track_of(self, thing: Any) -> int | None:
        known = self._threads.get(id(thing))
        return known[1] if known is not None and known[0]() is thing else None

    # Calls.

    def calls(self, code: CodeType, offset: int, what: int, thing: Any, frame: Any) -> None:
        """`frame` is about to call what does that: with `thing`, its object or first argument."""
        if what in (ACQUIRE, ACQUIRE_AGAIN):
            self.acquires(code, offset, what, thing, frame)
        elif what in (RELEASE, RELEASE_AGAIN, SAVE):
            self.releases(what, thing, frame)
        elif what == PUT:
            self.puts(thing, frame)
        elif what in (GET, GET_NOW):
            self.gets(code, offset, what, thing, frame)
        elif what == SLEEP:
            self.sleeps(code, offset, thing, frame)
        elif what in (JOIN, JOIN_ALL):
            self.joins(code, offset, what, thing, frame)
        elif what in OF_SELECT:
            self.selects(code, offset, what, thing, frame)
        elif what in (WRITE, CLOSE):
            self._writes(what, thing, frame)
        elif what in OF_PROCESSES:
            self.asks(code, offset, what, thing, frame)
        elif what == RELEASE_SHARED:
            self.gives(thing, frame)
        else:
            self.uses(code, offset, what, thing, frame)

    # Locks and queues.

    def acquires(self, code: CodeType, offset: int, what: int, lock: Any, frame: Any) -> None:
        """`frame` is about to acquire that lock, or RLock."""
        key, waiting = id(lock), self.waiting
        held = self.held()
        if held and id(code) not in self.primitives.signals:
            self.orders.takes(lock, held, self.local.buffer, frame)
        released = self._released.get(key) if _SEEN_LATE else None
        is_own = released is not None and what == ACQUIRE_AGAIN and _is_owned(lock)
        if is_own or (released is not None and not self.primitives.limit(frame, BLOCKS_AND_LIMIT)):
            released = None
        if released is None and self._gets(what, lock, key, code):
            return
        # Counted first: who releases it from now on says so.
        waiting[key] = waiting.get(key, 0) + 1
        t_ns = self._stream.clock()
        if released is None and self._gets(what, lock, key, code):
            self.no_longer(key)
            return
        self.blocks(code, offset, what, lock, t_ns, frame, released)

    def blocks(
        self, code: CodeType, offset: int, what: int, lock: Any, t_ns: int, frame: Any, released: Any = None
    ) -> bool:
        """`frame` is about to wait for that lock, or RLock, and counted among those who do. Return whether it waits.
        `released`: by whom and when, if its release was seen already, and has not taken effect."""
        limit_ns = self.primitives.limit(frame, BLOCKS_AND_LIMIT)
        if not limit_ns or not self._park(code, offset, what, lock, t_ns, limit_ns, frame):
            self.no_longer(id(lock))
            return False
        wait = self.parked[_get_ident()]
        wait.lock, wait.given = lock, released
        return True

    def released(self, lock: Any) -> tuple[int, int] | None:
        """By whom and when that lock was last released while somebody waited for it, if nobody was seen to get it."""
        return self._released.get(id(lock))

    def _gets(self, what: int, lock: Any, key: int, code: CodeType) -> bool:
        """Whether the current thread gets that lock at once, as far as one can tell before it asks."""
        if self._is_taken(what, lock, key):
            return False
        before = self.holders.get(key)
        track = self.has(what, lock, code)
        # To ask an RLock takes long. If the threads took turns meanwhile, the other one has said so.
        is_sure = what == ACQUIRE_AGAIN and before in (None, track) and self.holders.get(key) == track
        if is_sure or not self._is_taken(what, lock, key):
            return True
        self.lost(lock, before)
        return False

    def lost(self, lock: Any, before: int | None) -> None:
        """The current thread did not get that lock; `before`: who had it, if anybody was known to."""
        key, held = id(lock), self.held()
        if held and held[-1] is lock:
            held.pop()
        track = self._runs()
        if self.depths.get(key, 0) > 1:
            self._saved[key, track] = self.depths[key]
        if self.holders.get(key) == track:
            if before is None:
                del self.holders[key]
            else:
                self.holders[key] = before

    def undone(self, what: int, lock: Any) -> None:
        """The current thread does not acquire that lock after all: something was raised in the place of that."""
        if _is_owned(lock) if what == ACQUIRE_AGAIN else type(lock) is not Lock or _is_locked(lock):
            return
        held, key = self.held(), id(lock)
        held[:] = [one for one in held if one is not lock]
        if self.holders.get(key) == self._runs():
            del self.holders[key]

    def held(self) -> list[Any]:
        """The locks that the current thread has."""
        buffer = getattr(self.local, "buffer", None)
        return buffer.held if buffer is not None else []

    def has(self, what: int, lock: Any, code: CodeType) -> int:
        """The current thread, whose track is returned, acquires that lock in `code`."""
        track, key = self._runs(), id(lock)
        is_first = what == ACQUIRE or self.holders.get(key) != track
        if what == ACQUIRE_AGAIN:
            self.depths[key] = self._saved.pop((key, track), 1) if is_first else self.depths.get(key, 0) + 1
            is_first = is_first or self.depths[key] == 1
        self.holders[key] = track
        if is_first and type(lock) in _OWN and id(code) not in self.primitives.signals:
            self.held().append(lock)
        if key in self.names:
            # Others wait for it, and may have seen another one have it.
            self._tell_owner(self._stream.clock(), track, self.names[key])
        return track

    def releases(self, what: int, lock: Any, frame: Any) -> None:
        """The current thread is about to release that lock."""
        key = id(lock)
        if what == SAVE:
            self._saved[key, self._runs()] = max(self.depths.get(key, 1), 1)
            self.depths[key] = 0
        if what == RELEASE_AGAIN:
            depth = self.depths.get(key, 0) - 1
            if depth > 0:
                self.depths[key] = depth
                return
            self.depths[key] = 0
        self.holders.pop(key, None)
        held = self.held()
        if type(lock) in _OWN and lock in held:
            held.remove(lock)
        else:
            self.orders.released_by_another(lock)
        if key in self.waiting:
            self._released[key] = self._runs(frame), self._stream.clock()

    def puts(self, queue: Any, frame: Any) -> None:
        """The current thread is about to put something into a SimpleQueue."""
        self._give(id(queue), (self._runs(frame), self._stream.clock()), type(queue).qsize(queue))

    def _give(self, key: int, by: tuple[int, int], there: int) -> None:
        """Somebody puts something into the queue of that address, in which so much is already."""
        if _HANDS_OVER:
            for wait in list(self.parked.values()):
                if wait.what == GET and wait.key == key and wait.given is None:
                    wait.given = by
                    return
        who = self._put.setdefault(key, deque())
        while len(who) > there:
            who.popleft()
        # What was put unobserved comes out before.
        who.extendleft([_NOBODY] * (there - len(who)))
        who.append(by)

    def gets(self, code: CodeType, offset: int, what: int, queue: Any, frame: Any) -> None:
        """`frame` is about to take something out of a SimpleQueue."""
        t_ns = self._stream.clock()
        if type(queue).empty(queue):
            limit_ns = self.primitives.limit(frame, BLOCKS_AND_LIMIT) if what == GET else 0
            if limit_ns:
                self._park(code, offset, GET, queue, t_ns, limit_ns, frame)
            return
        self._takes(id(queue))
        self._sizes.takes(queue)

    def _takes(self, key: int) -> tuple[int, int]:
        who = self._put.get(key)
        if not who:
            return _NOBODY
        first: tuple[int, int] = who.popleft()
        if not who:
            self._put.pop(key, None)
        return first

    def _is_taken(self, what: int, lock: Any, key: int) -> bool:
        """Whether somebody else has it."""
        if what == ACQUIRE:
            return bool(_is_locked(lock))
        # What an RLock says of its owner takes longer than to remember how often it is held, once that has been seen.
        return not _is_owned(lock) and self.depths.get(key) != 0 and _describe(lock).startswith("<locked ")

    def _is_had(self, wait: Wait) -> bool:
        """Whether somebody has the lock that the current thread has waited for; of an RLock, whether that has it."""
        return bool(_is_locked(wait.lock) if wait.what == ACQUIRE else _is_owned(wait.lock))

    def no_longer(self, key: int) -> None:
        left = self.waiting.get(key, 0) - 1
        if left > 0:
            self.waiting[key] = left
        else:
            for table in (self.waiting, self._released, self.names):
                table.pop(key, None)

    # Other calls.

    def sleeps(self, code: CodeType, offset: int, seconds: Any, frame: Any) -> None:
        """`frame` is about to sleep for so long."""
        limit_ns = nanoseconds(seconds)
        if limit_ns:
            self._park(code, offset, SLEEP, None, self._stream.clock(), limit_ns, frame)

    def joins(self, code: CodeType, offset: int, what: int, handle: Any, frame: Any) -> None:
        """`frame` is about to wait for the end of a thread, or of all."""
        t_ns = self._stream.clock()
        if what == JOIN and type(handle).is_done(handle):
            return
        limit_ns = self.primitives.limit(frame, LIMIT) if what == JOIN else -1
        if limit_ns:
            self._park(code, offset, what, None, t_ns, limit_ns, frame)

    def uses(self, code: CodeType, offset: int, what: int, socket: Any, frame: Any) -> None:
        """`frame` is about to use a socket."""
        self.spins.ends()
        t_ns, module = self._stream.clock(), sys.modules.get("_socket")
        if module is None:
            return
        timeout, fd = module.socket.gettimeout(socket), module.socket.fileno(socket)
        if what in OF_WRITERS:
            self._writes(what, socket, frame)
        if timeout == 0:
            return
        if what == CONNECT or not is_ready(fd, _EVENTS[what]):
            limit_ns = -1 if timeout is None else nanoseconds(timeout)
            self._blocks_at(code, offset, what, socket, t_ns, limit_ns, frame)
        elif what == RECEIVE and not self._addresses.is_known(socket):
            # Who is asked and does not have to wait for that has the other end for somebody, maybe in another process.
            _, local, peer = self._addresses.of_socket(socket)
            if local and peer:
                self._stream.store(lines.tie, t_ns, self._runs(), words.CONNECTED, f"{local} {peer}")

    def asks(self, code: CodeType, offset: int, what: int, thing: Any, frame: Any) -> None:
        """`frame` is about to read from a descriptor, to wait for a child, or to acquire multiprocessing's lock."""
        t_ns, limit_ns, children, mark = self._stream.clock(), -1, None, NO_MARK
        if what == READ:
            if is_ready(descriptor(thing), SOMETHING_TO_READ, unknown=True):
                return
            self._blocks_at(code, offset, what, thing, t_ns, limit_ns, frame)
            return
        if what in OF_CHILDREN:
            children = awaited_children(what, thing, self.primitives.passed(frame, PARAMETERS[what]))
            if children is None or children.is_over():
                return
            children.among(self._context.children)
        elif not type(thing)._is_zero(thing):
            self._takes_shared(thing, t_ns, frame)
            return
        elif type(thing)._is_mine(thing) and not thing.kind:
            return  # An RLock that is its own.
        else:
            known = self.primitives.limit(frame, BLOCKS_AND_LIMIT)
            if not known:
                return
            limit_ns, mark = known, self.shared.mark(thing)
            if not type(thing)._is_zero(thing):
                # It was given back before the mark was looked at.
                self._takes_shared(thing, t_ns, frame)
                return
        if self._park(code, offset, what, thing if what == ACQUIRE_SHARED else children, t_ns, limit_ns, frame):
            wait = self.parked[_get_ident()]
            wait.lock, wait.children = thing, children
            if what == ACQUIRE_SHARED:
                wait.taken_at, wait.mark = self._taken_at(frame), mark

    def _blocks_at(
        self, code: CodeType, offset: int, what: int, thing: Any, t_ns: int, limit_ns: int, frame: Any
    ) -> None:
        """`frame` is about to wait for a descriptor: a number, a FileIO or a socket."""
        reader = self.channels.reads(thing, what) if what in _OF_READERS else None
        # Only now who writes says so.
        is_late = reader is not None and reader.is_ready()
        if not is_late and self._park(code, offset, what, thing if what != READ else None, t_ns, limit_ns, frame):
            wait = self.parked[_get_ident()]
            if what == READ:
                wait.lock = thing
            # Of what else waits so the messages tell (multiprocessing's).
            if wait.reason == words.IO:
                wait.reader, reader = reader, None
        if reader is not None:
            self.channels.over(reader)

    def _writes(self, what: int, thing: Any, frame: Any) -> None:
        """`frame` is about to write to that, to close its end, or to connect it."""
        is_told = bool(self._context.others) and not self._context.is_over
        if not self.channels.readers and (not is_told or what == CLOSE):
            return
        asked = (self.primitives.passed(frame, ADDRESS) or {}).get(ADDRESS[0]) if what == CONNECT else None
        if what == CONNECT and id(type(asked)) not in _ADDRESSES:
            return
        names = self.channels.awaited(thing, what, asked, is_told and what != CLOSE)
        is_sure = what == CONNECT
        if names and what in (SEND, WRITE):
            parameters = DATA_OF_DESCRIPTOR if type(thing) is int else DATA
            data = (self.primitives.passed(frame, parameters) or {}).get(DATA[0], lines.NO_VALUE)
            if id(type(data)) in _BYTES and not data:
                return
            is_sure = data is not lines.NO_VALUE
        if names:
            tell = self._tell_written if what != CLOSE else None
            self.channels.writes(names, is_sure, self._runs(frame), self._stream.clock(), tell)

    def _tell_written(self, name: str) -> None:
        if self._context.others and is_of_machine(name):
            self._stream.store(lines.gives, self._stream.clock(), self._runs(), name)

    def _takes_shared(self, lock: Any, t_ns: int, frame: Any) -> None:
        """`frame` is about to take a lock of multiprocessing's that is free."""
        if lock.maxvalue == 1:
            self.shared.takes(lock, Taken(self._runs(), t_ns, *self._taken_at(frame)))

    def took_shared(self, lock: Any, frame: Any) -> None:
        """`frame` has got a lock, or semaphore, of multiprocessing's at once."""
        self.shared.look()
        if lock.maxvalue == 1:
            self.shared.took(lock, Taken(self._runs(), self._stream.clock(), *self._taken_at(frame)))

    def _taken_at(self, frame: Any) -> tuple[CodeType | None, int]:
        """The line of the program's own that has a lock taken; (None, 0) if there is none, as in what a child of
        multiprocessing's does by itself."""
        own, children = self._context.own, self.primitives.children
        while frame is not None and id(frame.f_code) not in children:
            if own(frame.f_code):
                return frame.f_code, frame.f_lasti
            frame = frame.f_back
        return None, 0

    def gives(self, lock: Any, frame: Any) -> None:
        """The current thread is about to release a lock of multiprocessing's."""
        self.shared.gives(lock, self._runs(frame))

    # Select.

    def selects(self, code: CodeType, offset: int, what: int, asked: Any, frame: Any) -> None:
        """`frame` is about to wait until one of several descriptors is ready. `asked`: the first of them, or the object
        that has them."""
        of_library, key = self.primitives.selects(code), self._asking()
        passed = self.primitives.passed(frame, SELECT_LIMIT if what == SELECT else LIMIT)
        limit = None if passed is None else passed.get("limit")
        limit_ns = words.UNKNOWN_LIMIT if passed is None else limit_of(limit)
        if what == POLL and limit_ns >= 0:
            limit_ns //= 1_000  # it counts milliseconds
        if not limit_ns:
            return
        if of_library:
            masks = of_selector(of_variables(frame, lambda known: known.get("self")))
        else:
            masks = of_lists((passed or {}) | {TO_READ: asked}) if what == SELECT else {}
            if masks and not 0 <= min(masks) <= max(masks) < MOST_FDS:
                return  # Closed, or none at all: the call refuses that.
        if self._park(code, offset, what, None, self._stream.clock(), limit_ns, frame, masks):
            wait = self.parked[_get_ident()]
            if not of_library:
                wait.thing = asked, (passed or {}).get(TO_WRITE)
            if key is not None and wait.shape is not None and wait.reason == words.SELECT:
                self._learn(key, wait, wait.shape, frame.f_back if of_library else frame)

    def _asking(self) -> tuple[Any, ...] | None:
        """The key of what the current thread is told of, once."""
        buffer = getattr(self.local, "buffer", None)
        if buffer is None:
            return None
        key: tuple[Any, ...] | None = buffer.asking
        buffer.asking = None
        return key

    def _learn(self, key: tuple[Any, ...], wait: Wait, shape: int, frame: Any) -> None:
        """If the current thread asks the same again, called by `frame`, it waits as that."""
        above = callers(frame, self._ends_callers)
        # Who may pause the program has to be told more.
        if not above or self._context.control is not None:
            return
        fd = next(iter(wait.masks)) if len(wait.masks) == 1 else -1
        ends = self.connection(fd) if fd >= 0 else None
        remember(self.local.buffer, key, Asked(shape, wait, above, fd, ends))

    def _ends_callers(self, code: CodeType) -> bool:
        """Whether what calls that makes no difference to where a thread waits, nor for what."""
        return self._context.own(code) and not is_generated(code) and not self.primitives.is_among(code)

    def stands_apart(self) -> bool:
        """Whether a wait of the current thread is the business of another runtime, or something else is due."""
        context = self._context
        if context.unsettled or any(is_there() for is_there in context.hubs):
            return True
        return bool(context.runners or context.inside) and context.current() != self.local.buffer.track

    def selected(self, result: Any) -> bool:
        """A selector returns that in the current thread: what is ready. Generators that are registered go on then.

        Return whether the thread waited for it.
        """
        wait = self.parked.get(_get_ident())
        masks, data = of_result(result)
        waited = wait is not None and wait.is_over
        if wait is not None and waited:
            wait.ready = masks
            self.over(wait, False)
        if data and not any(is_there() for is_there in self._context.hubs):
            t_ns, by = self._stream.clock(), self._runs()
            for thing in data:
                track = waiting(thing, self._context)
                if track != words.NOBODY:
                    self._context.ready(t_ns, track, by, words.IO)
        return waited

    # Waits.

    def _runs(self, frame: Any = None) -> int:
        """The track that runs in the current thread: that of a generator only if it runs in `frame`."""
        context = self._context
        inside = context.running_in(frame) if frame is not None else None
        if inside:
            return inside[-1]
        try:
            track: int = self._stream.local.buffer.track
        except AttributeError:
            if self._stream.is_flushing_here():
                return words.NOBODY
            track = self._stream.here(self._stream.clock()).track
        return context.current() if context.runners or context.inside else track

    def _park(
        self, code: CodeType, offset: int, what: int, thing: Any, t_ns: int, limit_ns: int, frame: Any,
        masks: dict[int, int] | None = None,
    ) -> bool:
        """Say that the current thread waits, and return True; unless that is the business of another runtime."""
        ident, context = _get_ident(), self._context
        if what not in OF_SELECT:
            self.spins.ends()
        # A signal's handler may run while the main thread waits.
        if ident in self.parked or any(is_there() for is_there in context.hubs):
            return False
        if (context.runners or context.inside) and context.current() != context.thread():
            return False
        try:
            awaited = self.primitives.above(frame, what in (ACQUIRE, ACQUIRE_AGAIN))
        except Unknown:
            return False
        if awaited is None:
            awaited = Awaited(_REASONS.get(what, words.IO), thing, limit_ns, frame)
        elif what == SLEEP:
            # It is to look again behind that, as `Popen.wait` does within its time limit.
            awaited.reason, awaited.thing, awaited.limit_ns = words.SLEEP, None, limit_ns
        elif awaited.limit_ns < 0 or (what in OF_LOCKS and _differs(limit_ns, awaited.limit_ns)):
            # Who waits once more in such a call has what is left; and may wait in it for something else first.
            awaited.limit_ns = limit_ns
        is_own = self._is_own(awaited.frame)
        on, end = "", None
        if what in OF_SOCKETS:
            end = self._end(what, thing, frame)
        elif masks:
            end = endpoint(masks, self._addresses)
            awaited.limit_ns = limit_ns
        elif what == SLEEP and awaited.limit_ns >= 0:
            on = f"{awaited.limit_ns / 1_000_000_000:g} s"
        elif awaited.reason == words.JOIN and awaited.thing is None and what not in OF_CHILDREN:
            on = words.OTHER_THREADS
        elif awaited.function is not None and not is_own:
            on = f"{function_name(awaited.function)}()"
        if not is_own and self.primitives.is_of_child(awaited.frame):
            # Below that is what the parent did when it forked.
            awaited.frame = None
        joined = self._joined(what, thing, awaited) if awaited.reason == words.JOIN else ()
        if what == JOIN_ALL and not joined:
            return False
        name = self._name(awaited, joined) if end is None else ""
        if what == ACQUIRE_SHARED and awaited.reason == words.LOCK:
            name = self.shared.name(thing)
        if what in OF_CHILDREN:
            name = f"process {thing.pid}" if thing.pid != NONE else ""
        key = id(thing)
        if what in (ACQUIRE, ACQUIRE_AGAIN) and awaited.reason == words.LOCK and name:
            self.names[key] = name
            owner, runs = self._owner(what, thing), self._runs()
            entered = owner in (runs, words.NOBODY) and self._has_entered(frame, thing)
            self._tell_owner(t_ns, runs if entered else owner, name)
            if entered:
                self._stream.store(lines.tie, t_ns, runs, words.HOLDS, name)
        if awaited.reason == words.EVENT and awaited.frame is not None and waits_for_itself(awaited.frame):
            self._stream.store(lines.tie, t_ns, self._runs(), words.AWAITS, f"track {self._runs()}")
        # By the time that such a queue is worth a line, somebody has waited for something often enough.
        self._sizes.waits_in(awaited.frame, context.own)
        self._sizes.look(t_ns, self._stream.store, context.track)
        shape = context.parked(t_ns, awaited.reason, on, awaited.limit_ns, name, end, awaited.frame)
        wait = self.parked[ident] = Wait(code, offset, what, key, t_ns, limit_ns, joined)
        wait.reason, wait.shape = awaited.reason, shape
        wait.masks, wait.track, wait.thing = masks or {}, self._runs(), awaited.thing
        if awaited.reason == words.FUTURE and awaited.limit_ns < 0:
            self._needs_own_pool(wait, awaited.thing)
        return True

    def _look_at_long(self) -> None:
        """In the flushing thread: tell more of waits that last long, once, or whenever it has changed."""
        before_ns = self._stream.clock() - _LONG_NS if self.parked else 0
        for wait in list(self.parked.values()):
            if wait.t_ns > before_ns or self._context.is_over:
                continue
            if wait.what == ACQUIRE_SHARED and not wait.told and getattr(wait.lock, "maxvalue", 0) == 1:
                wait.told = self.shared.name(wait.lock)
                self._tell_long(wait, words.THROUGH)
            elif wait.what in OF_CHILDREN and wait.children is not None and wait.children.pid != NONE:
                told = unread(wait.thing)
                if told != wait.told:
                    wait.told = told
                    self._tell_long(wait, words.UNREAD)

    def _tell_long(self, wait: Wait, relation: str) -> None:
        event = lines.tie, self._stream.clock(), wait.track, relation, wait.told, None, 0
        self.shared.buffer_of_flush().store(event)

    def submitted(self, executor: Any, future: Any, called: Any, is_there: bool = True) -> None:
        """The current thread has given that to an executor, or is about to: it may have to wait for a worker."""
        queued, pooled = self.pools.submitted(executor, future, called, self._numbers.name, is_there)
        self._tie(words.QUEUED, queued, words.POOLED, pooled)

    def works(self, future: Any) -> None:
        """The current thread, a worker, begins with that."""
        begun, works = self.pools.begun(future)
        self._tie(words.BEGUN, begun, words.WORKS, works)

    def _tie(self, *told: str) -> None:
        """Store what is not empty of pairs of a relation and a text."""
        t_ns = self._stream.clock()
        for relation, text in zip(told[::2], told[1::2], strict=True):
            if text:
                self._stream.store(lines.tie, t_ns, self._runs(), relation, text)

    def _needs_own_pool(self, wait: Wait, future: Any) -> None:
        """If the workers of an executor all wait for results that it has not begun with, say so of each of them."""
        executor = self.pools.needed_by_itself(future)
        if executor is None:
            return
        wait.pool = id(executor)
        waiting = [one.track for one in list(self.parked.values()) if one.pool == wait.pool]
        if len(waiting) == workers_of(executor):
            name = self._numbers.name(executor)
            for track in waiting:
                self._stream.store(lines.tie, wait.t_ns, track, words.EXHAUSTS, name)

    def _is_own(self, frame: Any) -> bool:
        """Whether the program's own code waits there."""
        own = self._context.own
        if self.primitives.is_of_child(frame):
            while not own(frame.f_code) and id(frame.f_code) not in self.primitives.children:
                frame = frame.f_back
            return id(frame.f_code) not in self.primitives.children
        found = own_frame(frame, own)
        return found is not None and own(found.f_code)

    def _name(self, awaited: Awaited, joined: tuple[int, ...]) -> str:
        if joined:
            return f"track{'s' * (len(joined) > 1)} {', '.join(map(str, joined))}" if len(joined) <= _TOLD else ""
        return "" if awaited.thing is None else self._numbers.name(awaited.thing)

    def _joined(self, what: int, thing: Any, awaited: Awaited) -> tuple[int, ...]:
        """The tracks whose ends are waited for, as far as they are known, in a wait for that."""
        if awaited.thing is not None:
            track = self._track_of(awaited.thing)
            return () if track is None else (track,)
        # At the end of the program. On 3.12 one thread after another: each has such a lock as long as it runs.
        return tuple(
            track
            for known, track in list(self._threads.values())
            if track not in self._context.ended
            and (own := dictionary(known())).get("_daemonic") is False
            and (what == JOIN_ALL or own.get("_tstate_lock") is thing)
        )

    def _owner(self, what: int, lock: Any) -> int:
        """Which track has a lock; NOBODY if that is not known."""
        owner = self.holders.get(id(lock), words.NOBODY)
        if owner == words.NOBODY and what == ACQUIRE_AGAIN:
            # It was acquired before the first thread began; but it knows by which thread.
            ident = _describe(lock).partition("owner=")[2].partition(" ")[0]
            owner = next((one.track for one in self._stream.buffers if str(one.ident) == ident), owner)
        return owner

    def _has_entered(self, frame: Any, lock: Any) -> bool:
        """Whether `frame` is in a `with` block of that lock: then nobody else is to release it."""
        while frame is not None:
            if True in self._sites.entered(frame, lambda thing: thing is lock):
                return True
            frame = frame.f_back
        return False

    def _tell_owner(self, t_ns: int, owner: int, name: str) -> None:
        if self._owners.get(name, words.NOBODY) != owner:
            self._owners[name] = owner
            self._context.owns(t_ns, owner, name)

    def _end(self, what: int, socket: Any, frame: Any) -> Endpoint:
        fd, local, peer = self._addresses.of_socket(socket, what == ACCEPT)
        if what == CONNECT:
            # It has none yet.
            module: Any = sys.modules["_socket"]
            asked = self._sites.first(frame)
            family = module.socket.family.__get__(socket)
            local, peer = "", address_text(module, family, asked) if id(type(asked)) in _ADDRESSES else ""
        return fd, _DIRECTIONS[what], local, peer

    def over(self, wait: Wait, raised: bool) -> None:
        """The current thread, which waited, goes on; because of an exception, if it `raised`."""
        del self.parked[_get_ident()]
        if wait.reader is not None:
            self.channels.over(wait.reader)
        t_ns = self._stream.clock()
        if wait.what in OF_SELECT and not wait.is_over and not raised:
            wait.ready = wait.ready_now()
        if wait.ready and not raised and self._finds_again(wait, wait.ready, t_ns):
            return
        waker, cause, woken_ns = self._woken(wait, t_ns, raised)
        if wait.ended > 0 and wait.children is not None and wait.children.pid == NONE:
            self._context.finds_ready(t_ns, self._runs(), f"process {wait.ended}")
        if wait.what in OF_SELECT:
            self._has_selected(wait, t_ns, waker, cause, woken_ns)
        else:
            self._context.unparked(t_ns, waker, cause, woken_ns)
        is_told = self._context.others and self._context.follows
        if is_told and wait.reader is not None and cause == words.IO and self._context.ends.was_told(wait.reader.name):
            about = wait.t_ns, False, words.NOBODY
            self._stream.store(lines.gets, t_ns, self._runs(), wait.reader.name, about)
        if wait.what == ACQUIRE_SHARED and cause == words.UNKNOWN:
            self.shared.gets(wait.lock, Taken(self._runs(), t_ns, *wait.taken_at), wait.t_ns, wait.mark)
        if wait.what in (ACQUIRE, ACQUIRE_AGAIN):
            self.no_longer(wait.key)
            if cause in (words.CALLBACK, words.UNKNOWN) and wait.got is not False:
                self._released.pop(wait.key, None)
                self.has(wait.what, wait.lock, wait.code)

    def _has_selected(self, wait: Wait, t_ns: int, waker: int, cause: str, woken_ns: int) -> None:
        key, ready, thing = self._asking(), wait.ready, wait.thing
        # It may be that of the next such call.
        wait.ready, wait.thing, wait.is_over = None, None, False
        if not ready or cause != words.IO:
            self.spins.ends()
            self._context.unparked(t_ns, waker, cause, woken_ns)
            return
        told = self.spins.finds(thing, wait.t_ns, t_ns, ready)
        if told:
            self._stream.store(lines.tie, t_ns, self._runs(), words.SPINS, told)
        shape = self._context.unparked_by(t_ns, self._runs(), several(ready))
        if shape is not None and len(ready) <= MOST_FOUND and not self.spins.counts(ready):
            for one in (key, found_key(ready)):
                if one is not None:
                    remember(self.local.buffer, one, shape)

    def _finds_again(self, wait: Wait, ready: dict[int, int], t_ns: int) -> bool:
        """Tell that the current thread goes on as these are ready, if it did so before and no more is to be told."""
        if self.spins.rows or len(ready) > MOST_FOUND or self.stands_apart():
            return False
        buffer = self.local.buffer
        shape = buffer.asked.get(found_key(ready))
        if shape is None:
            return False
        wait.ready, wait.thing, wait.is_over = None, None, False
        key = self._asking()
        if key is not None:
            remember(buffer, key, shape)
        buffer.rows.extend((t_ns, buffer.track, shape))
        return True

    def _woken(self, wait: Wait, t_ns: int, raised: bool) -> tuple[int, str, int]:
        """Who made it ready, how, and when."""
        # One that is not known may be over.
        due_ns = wait.t_ns + wait.limit_ns if wait.limit_ns >= 0 else t_ns + (wait.limit_ns == words.NO_LIMIT)
        what, over = wait.what, (words.NOBODY, words.TIMEOUT, min(due_ns, t_ns))
        if what == SLEEP:
            is_early = raised and t_ns < due_ns
            return words.NOBODY, words.SIGNAL if is_early else words.TIMER, over[2]
        if wait.reader is not None and wait.reader.writer != words.NOBODY and not raised:
            return wait.reader.writer, words.CALLBACK, min(max(wait.reader.since_ns, wait.t_ns), t_ns)
        if what in OF_SOCKETS:
            return over if raised and t_ns >= due_ns else (words.NOBODY, words.IO, t_ns)
        if what in OF_SELECT:
            if raised:
                # A signal's handler, or the call itself: it refuses what is no descriptor, or is closed.
                is_signal = wait.masks and not wait.ready_now()
                return words.NOBODY, words.SIGNAL if is_signal else words.UNKNOWN, t_ns
            if t_ns >= due_ns and not wait.ready:
                return over
            # What was ready may have been taken by another process.
            return words.NOBODY, words.IO, t_ns
        if what in OF_PROCESSES:
            ended = wait.ended = wait.children.ended() if wait.children is not None else NONE
            if raised and ended == NONE:
                return words.NOBODY, words.SIGNAL, t_ns
            if what == READ:
                return words.NOBODY, words.IO, t_ns
            if what in OF_CHILDREN:
                # Or it was stopped, or goes on.
                cause = words.SUBPROCESS if ended == NONE else words.FINISHED
                return self._context.child(ended) if ended > 0 else words.NOBODY, cause, t_ns
            return over if 0 <= wait.limit_ns <= t_ns - wait.t_ns else (words.NOBODY, words.UNKNOWN, t_ns)
        if what == GET:
            if raised:
                if wait.given is not None:
                    # It had given up by then: the next one has got that, or it lies in the queue.
                    self._give(wait.key, wait.given, len(self._put.get(wait.key, ())))
                if wait.limit_ns == words.UNKNOWN_LIMIT and self._context.is_main():
                    return words.NOBODY, words.UNKNOWN, t_ns  # A signal's handler may have raised.
                return over if t_ns >= due_ns else (words.NOBODY, words.SIGNAL, t_ns)
            waker, put_ns = wait.given or self._takes(wait.key)
            return self._by(waker, put_ns, wait, t_ns)
        if raised:
            return words.NOBODY, words.SIGNAL, t_ns
        if what in (JOIN, JOIN_ALL) or wait.joined:
            ends = [(self._context.ended.get(track, -1), track) for track in wait.joined]
            if ends and min(ends)[0] >= 0:
                # They were all there when it began to wait.
                ended_ns, track = max(ends)
                return track, words.FINISHED, min(max(ended_ns, wait.t_ns), t_ns)
            return over if t_ns >= due_ns else (words.NOBODY, words.FINISHED, t_ns)
        waker, released_ns = self._released.get(wait.key, _NOBODY)
        if wait.given == (waker, released_ns):
            # It may be its own, which it took back before who waited could.
            released_ns = max(released_ns, wait.t_ns)
        if wait.got is None and t_ns >= due_ns:
            # Who waited until the limit, and then found it free, may have got it.
            is_its = wait.key not in self.holders and self._is_had(wait)
            wait.got = is_its and released_ns >= wait.t_ns
            if wait.got and wait.what == ACQUIRE and self.waiting.get(wait.key, 0) > 1:
                # Or has another one, who waits too and has not got a turn since.
                wait.got = False
                return words.NOBODY, words.UNKNOWN, t_ns
        if wait.got is False:
            return over
        return self._by(waker, released_ns, wait, t_ns)

    def _by(self, waker: int, at_ns: int, wait: Wait, t_ns: int) -> tuple[int, str, int]:
        if waker == words.NOBODY or at_ns < wait.t_ns:
            return words.NOBODY, words.UNKNOWN, t_ns
        return waker, words.CALLBACK, at_ns


def _differs(limit_ns: int, whole_ns: int) -> bool:
    """Whether the limit of a wait is another one than that of the call that it is in."""
    return limit_ns == words.NO_LIMIT or 0 <= limit_ns < whole_ns - _JUST_NS
