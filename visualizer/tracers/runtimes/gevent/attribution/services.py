"""Whose doing it is that a queue, a semaphore or a channel of gevent's wakes somebody: exactly, also of the second.

Such an object asks the hub once for all that happened until the hub gets round to it (`_unlock`, `_notify_links`), so
that of several who put, got or released only the first is seen to ask. But each of them looks first whether the object
has asked already, and what it looks at is what the loop's `run_callback` returned: a `Pending` of ours. From there on
the rule of the thing is followed: who gets has the item of a certain putter, who puts has the room that a certain
getter made, who acquires has what somebody released. What others took meanwhile shows in the length of the queue, or in
the semaphore's counter; they take the oldest (the newest of a LifoQueue; of a PriorityQueue the items tell).

gevent's compiled classes hide their fields: they are found where the garbage collector finds them.
"""

from __future__ import annotations

import gc
from _collections import deque  # type: ignore[import-not-found]

from visualizer.tracers.core.values import bases_of, type_module, type_name
from visualizer.tracers.runtimes.gevent.attribution.item_owners import UNKNOWN, Doers, Items, LastIn, Smallest
from visualizer.tracers.runtimes.gevent.attribution.queues import ChannelService, QueueService
from visualizer.tracers.runtimes.gevent.attribution.wait_queues import End, Service, TwoEnds

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.runtimes.gevent.ready import Doer, Ready

_QUEUES = frozenset(("Queue", "SimpleQueue", "JoinableQueue", "LifoQueue", "PriorityQueue", "UnboundQueue"))
_SEMAPHORES = frozenset(("Semaphore", "BoundedSemaphore"))
#: What a subclass of the program's may bring: then which item is whose cannot be followed.
_OVERRIDES = (
    "_init", "_get", "_put", "_peek", "_qsize", "qsize", "put", "get", "_create_queue", "maxsize", "acquire", "release",
    "counter", "ready", "__getattribute__", "__getattr__",
)


#: How a notification is followed, as _recorder.c has it: by a service, by those who are linked, or by none of them.
OF_QUEUE, OF_SEMAPHORE, OF_LINKS, OF_GREENLET = 1, 2, 3, 4


class Pending:
    """What the loop's `run_callback` returned, in the hands of the object that asked for the callback."""

    __slots__ = ("_again", "_asked", "_callback")

    def __init__(self, callback: Any, asked: Any, again: Callable[[Any], None]) -> None:
        self._callback = callback
        self._asked = asked
        self._again = again

    def __bool__(self) -> bool:
        """Somebody would have the object ask, did it not ask already."""
        pending = bool(self._callback)
        if self._asked is not None:
            if pending:
                self._again(self._asked)
            else:
                self._asked = None
        return pending

    def stop(self) -> None:
        self._asked = None
        self._callback.stop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._callback, name)


class Links(End):
    """What a semaphore will call to resume who waits for it."""

    __slots__ = ()

    def _track(self, waiting: Any, current: Any) -> int:
        return self.ready.linked(waiting)


class SemaphoreService(TwoEnds):
    """`_notify_links` of a semaphore: who acquires has what somebody released."""

    def __init__(self, ready: Ready, owner: Any, links: list[Any]) -> None:
        super().__init__(ready, Links(ready, links), End(ready, ()))
        self._semaphore, self._links = owner, links
        self._released = Doers()

    def ask(self, current: Any, doer: Doer) -> None:
        links = self._links
        if not links or getattr(links[-1], "__self__", None) is not current:
            # Others may have acquired it without waiting.
            self._released.fit(self._semaphore.counter - 1)
            self._released.append(doer)
        self.look(current)

    def look(self, current: Any) -> None:
        self._released.fit(self._semaphore.counter)
        self._report(current, min(self._released.count, len(self._links)), 0, 0)

    def _doer_of_first(self, index: int) -> Doer:
        return self._released[index]

    def _taken_by(self, track: int) -> Doer | None:
        self._first.serve(track)
        self._released.fit(self._semaphore.counter)
        return self._released.take_first() or UNKNOWN


class UnknownService(Service):
    """The notification of a class of the program's own, whose ways are not known: the first asker is for certain."""

    def __init__(self, ready: Ready) -> None:
        super().__init__(ready)
        self._first: Doer | None = None
        self._asks = 0

    def ask(self, current: Any, doer: Doer) -> None:
        self._asks += 1
        if self._asks == 1:
            self._first = doer

    def look(self, current: Any) -> None:
        """Nobody is known to be ready before the hub switches to it."""

    def _taken_by(self, track: int) -> Doer | None:
        first, self._first = self._first, UNKNOWN
        return first


#: What `_kind` says of gevent's own types, which live as long as we do, by their ids.
_kinds: dict[int, str] = {}


def _kind(kind: type) -> str:
    """The name of the class of gevent's that follows its own ways in `kind`; "?" if the program changes those."""
    kinds = bases_of(kind)
    at, own = next(((at, base) for at, base in enumerate(kinds) if type_module(base).startswith("gevent.")), (0, None))
    name = type_name(own) if own is not None else ""
    if own is None or (name not in _QUEUES and name not in _SEMAPHORES and name != "Channel"):
        name = ""
    elif any(word in base.__dict__ for base in kinds[:at] for word in _OVERRIDES):
        name = "?"
    if own is kind:
        _kinds[id(kind)] = name
    return name


def follows(kind: type, is_greenlet: bool) -> int:
    """How notifications of objects of that class are followed, if it is gevent's own and that is done in C; else 0."""
    name = _kinds.get(id(kind))
    if name in _SEMAPHORES:
        return OF_SEMAPHORE
    if name in _QUEUES:
        return 0 if name == "LifoQueue" or name == "PriorityQueue" else OF_QUEUE
    if is_greenlet:
        return OF_GREENLET
    is_event = type_name(kind) in ("Event", "AsyncResult") and type_module(kind).startswith("gevent.")
    return OF_LINKS if is_event else 0


def service_of(owner: Any, ready: Ready) -> Service | None:
    """Who follows a notification that `owner` asks for; None if that is no thing that serves one after another."""
    kind = type(owner)
    known = _kinds.get(id(kind))
    name = _kind(kind) if known is None else known
    if not name:
        return None
    if name == "?":
        return UnknownService(ready)
    held = gc.get_referents(owner)
    deques = [thing for thing in held if type(thing) is deque]
    lists = [thing for thing in held if type(thing) is list]
    match name, len(lists), len(deques):
        case "Channel", 0, 2:
            return ChannelService(ready, *deques)
        case (("Semaphore" | "BoundedSemaphore"), 1, 0):
            in_c = ready.turns.semaphore(owner, lists[0]) if ready.turns is not None else None
            return in_c or SemaphoreService(ready, owner, lists[0])
        case "LifoQueue", 1, 2:
            return QueueService(ready, owner, LastIn(lists[0]), *deques)
        case "PriorityQueue", 1, 2:
            return QueueService(ready, owner, Smallest(lists[0]), *deques)
        case _, 0, 2 | 3:
            items, getters, putters = (*deques, ())[:3]
            if ready.turns is not None:
                return ready.turns.queue(items, getters, putters, owner.maxsize)  # type: ignore[no-any-return]
            return QueueService(ready, owner, Items(items), getters, putters)
    return UnknownService(ready)
