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
from itertools import islice

from visualizer.trace import words
from visualizer.tracers.gevent_items import UNKNOWN, Items, LastIn, Smallest
from visualizer.tracers.values import type_module, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer.tracers.gevent_ready import Doer, Ready

_QUEUES = frozenset(("Queue", "SimpleQueue", "JoinableQueue", "LifoQueue", "PriorityQueue", "UnboundQueue"))
_SEMAPHORES = frozenset(("Semaphore", "BoundedSemaphore"))
#: What a subclass of the program's may bring: then which item is whose cannot be followed.
_OVERRIDES = (
    "_init", "_get", "_put", "_peek", "_qsize", "qsize", "put", "get", "_create_queue", "maxsize", "acquire", "release",
    "counter", "ready", "__getattribute__", "__getattr__",
)  # fmt: skip

#: Each item that somebody takes out of turn is another's doing for all who wait: so many who come next are told so at
#: once, the others when it is nearly their turn. Else thousands were told anew of every item.
_NEXT = 2


class Pending:
    """What the loop's `run_callback` returned, in the hands of the object that asked for the callback."""

    __slots__ = ("_asked", "_callback")

    def __init__(self, callback: Any, asked: Callable[[], None]) -> None:
        self._callback = callback
        self._asked: Callable[[], None] | None = asked

    def __bool__(self) -> bool:
        """Somebody would have the object ask, did it not ask already."""
        pending = bool(self._callback)
        if self._asked is not None:
            if pending:
                self._asked()
            else:
                self._asked = None
        return pending

    def stop(self) -> None:
        self._asked = None
        self._callback.stop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._callback, name)


class Service:
    """One notification that serves several, from its being asked for to its end. Base of the three kinds."""

    def __init__(self, ready: Ready) -> None:
        self.ready = ready
        #: Who was told to be ready and has not been served since: whose doing it is, and the number of that wake.
        self.told: dict[int, tuple[Doer, int]] = {}
        #: How many waited, and the last of them, when that was told of: only then those need not be told of anew.
        self._seen: tuple[int, Any] = (-1, None)

    def ask(self, current: Any, doer: Doer) -> None:
        """`doer`, the greenlet `current` or for whom the hub runs, did what may wake another: tell who is ready."""
        raise NotImplementedError

    def look(self, current: Any) -> None:
        """A greenlet parks, or the notification begins: tell who is ready as things stand."""
        raise NotImplementedError

    def serve(self, track: int) -> bool:
        """The hub switches to `track`. Return whether that is one of those who waited here."""
        doer = self._taken_by(track)
        if doer is None:
            return False
        if doer != UNKNOWN or track not in self.told:
            self._make_ready(track, doer)
        first = next(iter(self.told))
        self.told.pop(track)
        count, last = self._seen
        self._seen = (count - 1, last) if first == track else (-1, None)
        return True

    def _taken_by(self, track: int) -> Doer | None:
        """Who made it possible that `track` goes on; None if it did not wait here."""
        raise NotImplementedError

    def close(self) -> None:
        """The notification is over: who was not served after all, because somebody else came first, waits on."""
        for track, (_, wake) in self.told.items():
            self.ready.take_back(track, wake)
        self.told.clear()

    def _make_ready(self, track: int, doer: Doer) -> None:
        known = self.told.get(track)
        if known is not None:
            before, wake = known
            if before == doer and self.ready.has(track, wake):
                return
            self.ready.take_back(track, wake)
        self.told[track] = doer, self.ready.tell(track, doer)

    def _goes_on(self, waiters: Any) -> bool:
        """Whether those who wait are those of whom was told, but for the first, who were served."""
        count, (seen, before) = len(waiters), self._seen
        last = waiters[-1] if count else None
        self._seen = count, last
        return count == seen and (last is before or not count)

    def _tell_all(self, ready: list[tuple[int, Doer]]) -> None:
        for track in self.told.keys() - {track for track, _ in ready}:
            # Somebody else took what it had been made ready for.
            _, wake = self.told.pop(track)
            self.ready.take_back(track, wake)
        self._tell_more(ready)

    def _tell_more(self, ready: list[tuple[int, Doer]]) -> None:
        for number, (track, doer) in enumerate(ready):
            if track == words.NOBODY or (number >= _NEXT and track in self.told):
                continue
            self._make_ready(track, doer)

    def _tracks(self, waiters: Any, current: Any, most: int) -> list[int]:
        """The tracks of the first who wait, in order; of a waiter that is only about to wait, that of `current`."""
        greenlets = [(one[1] if type(one) is tuple else one).greenlet for one in islice(waiters, most)]
        return [self.ready.track_of(current if greenlet is None else greenlet) for greenlet in greenlets]


class QueueService(Service):
    """`_unlock` of a queue: who gets has somebody's item, who puts has the room that somebody made."""

    def __init__(self, ready: Ready, owner: Any, items: Items, getters: Any, putters: Any) -> None:
        super().__init__(ready)
        self._items = items
        self._getters, self._putters = getters, putters
        self._getting: list[int] = []
        self._putting: list[int] = []
        #: Who made the room that there is.
        self._rooms: list[Doer] = []
        maxsize = owner.maxsize
        self._maxsize = maxsize if type(maxsize) is int else 0

    def ask(self, current: Any, doer: Doer) -> None:
        if not _is_about_to_wait(self._getters) and not _is_about_to_wait(self._putters):
            if self._getters and (not self._putters or self._items.count() > self._items.known):
                if self._items.put(doer) and self._tell_next(current):
                    return
            else:
                # It is about to take one: the length does not show it yet.
                self._items.agree()
                self._fit_rooms()
                self._items.take()
                self._rooms.append(doer)
                self._tell_ready(current)
                return
        self.look(current)

    def look(self, current: Any) -> None:
        if not (self._items.agree() and self._tell_next(current)):
            self._fit_rooms()
            self._tell_ready(current)

    def _fit_rooms(self) -> None:
        if self._maxsize > 0:
            room = max(0, self._maxsize - self._items.count())
            del self._rooms[: max(0, len(self._rooms) - room)]
            self._rooms[:0] = [UNKNOWN] * (room - len(self._rooms))

    def _tell_next(self, current: Any) -> bool:
        """Tell of those only who are ready since the last time; False if all has to be looked at anew."""
        if not self._goes_on(self._getters) or self._putters or self._maxsize > 0:
            return False
        for index in range(len(self.told), min(len(self._getters), self._items.count())):
            if index >= len(self._getting):
                self._getting += self._tracks((self._getters[index],), current, 1)
            self._make_ready(self._getting[index], self._items.owner(index))
        return True

    def _tell_ready(self, current: Any) -> None:
        # No more than so many can be served, however many wait.
        most = len(self._rooms) + 1
        self._putting = self._tracks(self._putters, current, most)
        self._getting = self._tracks(self._getters, current, self._items.count() + most)
        # As the queue's own loop will go, as far as nobody has to run in between.
        ready: list[tuple[int, Doer]] = []
        items, rooms, putting = self._items.next(len(self._getting) + 1), list(self._rooms), list(self._putting)
        for getter in (*self._getting, words.NOBODY):
            if rooms and putting:
                ready.append((putting[0], rooms.pop(0)))
                items.put((putting.pop(0), words.CALLBACK))
            doer = items.take() if getter != words.NOBODY else None
            if doer is not None:
                ready.append((getter, doer))
        ready += zip(putting, rooms, strict=False)
        self._tell_all(ready)

    def _taken_by(self, track: int) -> Doer | None:
        if self._putting[:1] == [track]:
            # Its item is in the queue already.
            del self._putting[0]
            self._items.put((track, words.CALLBACK))
            return self._rooms.pop(0) if self._rooms else UNKNOWN
        if self._getting[:1] == [track]:
            del self._getting[0]
            self._items.agree()
            self._rooms.append((track, words.CALLBACK))
            return self._items.take() or UNKNOWN
        return None


class SemaphoreService(Service):
    """`_notify_links` of a semaphore: who acquires has what somebody released."""

    def __init__(self, ready: Ready, owner: Any, links: list[Any]) -> None:
        super().__init__(ready)
        self._semaphore, self._links = owner, links
        self._released: list[Doer] = []

    def ask(self, current: Any, doer: Doer) -> None:
        links = self._links
        if not links or getattr(links[-1], "__self__", None) is not current:
            self._fit(self._semaphore.counter - 1)
            self._released.append(doer)
        self.look(current)

    def _fit(self, counter: int) -> None:
        """Others may have acquired it without waiting."""
        if len(self._released) != counter:
            self._seen = -1, None
            del self._released[: max(0, len(self._released) - counter)]
            self._released[:0] = [UNKNOWN] * (counter - len(self._released))

    def look(self, current: Any) -> None:
        self._fit(self._semaphore.counter)
        begin = len(self.told) if self._goes_on(self._links) else 0
        more = zip(self._links[begin : len(self._released)], self._released[begin:], strict=False)
        ready = [(self.ready.linked(link), doer) for link, doer in more]
        if begin:
            self._tell_more(ready)
        else:
            self._tell_all(ready)

    def _taken_by(self, track: int) -> Doer | None:
        self._fit(self._semaphore.counter)
        return self._released.pop(0) if self._released else UNKNOWN


class ChannelService(Service):
    """`_unlock` of a channel: the first who gets and the first who puts are each other's doing."""

    def __init__(self, ready: Ready, getters: Any, putters: Any) -> None:
        super().__init__(ready)
        self._getters, self._putters = getters, putters

    def ask(self, current: Any, doer: Doer) -> None:
        self.look(current)

    def look(self, current: Any) -> None:
        ready: list[tuple[int, Doer]] = []
        most = min(len(self._getters), len(self._putters))
        getting, putting = self._tracks(self._getters, current, most), self._tracks(self._putters, current, most)
        pairs = zip(getting, putting, strict=False)
        for getter, putter in pairs:
            ready += ((getter, (putter, words.CALLBACK)), (putter, (getter, words.CALLBACK)))
        paired = {track for track, _ in ready}
        # The other half of a pair of which one is served already.
        for track, (doer, _) in self.told.items():
            if track not in paired and doer[0] not in self.told:
                ready.append((track, doer))
        self._tell_all(ready)

    def _taken_by(self, track: int) -> Doer | None:
        return self.told[track][0] if track in self.told else None


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


#: What `_kind` says of gevent's own types, which live as long as we do.
_kinds: dict[type, str] = {}


def _kind(kind: type) -> str:
    """The name of the class of gevent's that follows its own ways in `kind`; "?" if the program changes those."""
    kinds = type.mro(kind)
    own = next((base for base in kinds if type_module(base).startswith("gevent.")), None)
    name = type_name(own) if own is not None else ""
    if own is None or (name not in _QUEUES and name not in _SEMAPHORES and name != "Channel"):
        name = ""
    elif any(word in base.__dict__ for base in kinds[: kinds.index(own)] for word in _OVERRIDES):
        name = "?"
    if own is kind:
        _kinds[kind] = name
    return name


def service_of(owner: Any, ready: Ready) -> Service | None:
    """Who follows a notification that `owner` asks for; None if that is no thing that serves one after another."""
    kind = type(owner)
    known = _kinds.get(kind)
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
            return SemaphoreService(ready, owner, lists[0])
        case "LifoQueue", 1, 2:
            return QueueService(ready, owner, LastIn(lists[0]), *deques)
        case "PriorityQueue", 1, 2:
            return QueueService(ready, owner, Smallest(lists[0]), *deques)
        case _, 0, 3:
            return QueueService(ready, owner, Items(deques[0]), *deques[1:])
        case _, 0, 2:
            return QueueService(ready, owner, Items(deques[0]), deques[1], ())
    return UnknownService(ready)


def _is_about_to_wait(waiters: Any) -> bool:
    """Whether the greenlet that runs has just put itself at the end of those who wait."""
    return bool(waiters) and waiters[-1].greenlet is None
