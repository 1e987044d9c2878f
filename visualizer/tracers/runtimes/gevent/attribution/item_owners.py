"""Whose each item in a queue of gevent's is, followed from one put to the next, and whose doing each free place."""

from __future__ import annotations

from _collections import deque  # type: ignore[import-not-found]

from visualizer.trace import words

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.gevent.ready import Doer

UNKNOWN: Doer = (words.NOBODY, words.CALLBACK)
#: A longer PriorityQueue is not searched for what is new in it.
_SEARCHED = 1000


class Doers:
    """Whose doing each of several alike is, in order; that of the oldest may not be known."""

    __slots__ = ("_known", "_unknown", "count")

    def __init__(self) -> None:
        # Counted, not kept: there may be a billion free places.
        self._unknown = 0
        self._known: deque[Doer] = deque()
        #: How many there are. (Asked a dozen times a hand-over: no function.)
        self.count = 0

    def __getitem__(self, index: int) -> Doer:
        index -= self._unknown
        doer: Doer = UNKNOWN if index < 0 else self._known[index]
        return doer

    def append(self, doer: Doer) -> None:
        self._known.append(doer)
        self.count += 1

    def take_first(self) -> Doer | None:
        """Take the oldest out; None if there is none."""
        if not self.count:
            return None
        self.count -= 1
        if self._unknown:
            self._unknown -= 1
            return UNKNOWN
        doer: Doer = self._known.popleft()
        return doer

    def take_last(self) -> Doer | None:
        """Take the newest out; None if there is none."""
        if not self.count:
            return None
        self.count -= 1
        if self._known:
            doer: Doer = self._known.pop()
            return doer
        self._unknown -= 1
        return UNKNOWN

    def forget(self) -> None:
        """Whose doing any of them is, is not known any more."""
        self._unknown = self.count
        self._known.clear()

    def fit(self, count: int, newest: bool = False) -> None:
        """There are `count` by now: the oldest, or newest, of more are gone, and what is missing came unseen."""
        surplus = self.count - count
        if surplus > 0 and newest:
            for _ in range(surplus):
                self.take_last()
            return
        self.count = count
        gone = min(surplus, self._unknown)
        self._unknown -= gone
        for _ in range(surplus - gone):
            self._known.popleft()


class Items:
    """Whose the items in a queue are: the first in is the first out.

    Those who wait to put are asked about by their tracks, `putting`; there is room for the first `rooms` of them, whose
    items the hub takes in turn with serving who gets.
    """

    _newest_first = False

    def __init__(self, items: Any) -> None:
        #: The queue's own list of them, and whose each that is known of is.
        self.items = items
        self.owners = Doers()

    def put(self, doer: Doer) -> None:
        """`doer` has put the newest."""
        self.owners.fit(len(self.items) - 1, self._newest_first)
        self.owners.append(doer)

    def agree(self) -> None:
        """Some may have been taken unseen."""
        if self.owners.count != len(self.items):
            self.owners.fit(len(self.items), self._newest_first)

    def take(self) -> Doer | None:
        """Whose the next is that is taken; None if there is none."""
        return self.owners.take_first()

    def head(self) -> int:
        """The id of the item that comes out next; 0 if there is none."""
        return id(self.items[0]) if self.items else 0

    def put_back(self, head: int) -> None:
        """The one taken last, with that id, is still there after all, as far as can be told."""
        self.owners.fit(self.owners.count + 1)

    def reportable(self, rooms: int) -> int:
        """Of how many who wait for an item can be told whose it will be."""
        return self.owners.count + rooms

    def owner(self, index: int, rooms: int, putting: deque[int]) -> Doer:
        """Whose the item is that comes out after `index` others."""
        index -= self.owners.count
        return self.owners[index + self.owners.count] if index < 0 else (putting[index], words.CALLBACK)


class LastIn(Items):
    """The same of a LifoQueue: each item that is put in turn is taken at once, and the older ones after all those."""

    _newest_first = True

    def take(self) -> Doer | None:
        return self.owners.take_last()

    def head(self) -> int:
        return id(self.items[-1]) if self.items else 0

    def put_back(self, head: int) -> None:
        self.owners.append(UNKNOWN)

    def owner(self, index: int, rooms: int, putting: deque[int]) -> Doer:
        return (
            (putting[index], words.CALLBACK) if index < rooms else self.owners[self.owners.count - 1 - index + rooms]
        )


class Smallest(Items):
    """The same of a PriorityQueue, a heap: which is whose is told by the items' identity."""

    def __init__(self, items: Any) -> None:
        super().__init__(items)
        #: Whose each that was searched is, in order of being put: the same may have been put more than once.
        self._by_id: dict[int, tuple[Doer, ...]] = {}
        #: Whether that has all of them, so that one that it has not is new.
        self._is_whole = False

    def put(self, doer: Doer) -> None:
        count = len(self.items)
        new = self._new_on_path() if self._is_whole and self.owners.count == count - 1 else None
        if new is not None:
            self._by_id[new] = (doer,)
        elif self._search(doer) != 1:
            # One was taken and the same put again: which is whose is not known.
            self._by_id = {item: (UNKNOWN,) * len(owners) for item, owners in self._by_id.items()}
        self.owners.fit(count)

    def agree(self) -> None:
        if not self._is_whole or self.owners.count != len(self.items):
            self._search(UNKNOWN)
            self.owners.fit(len(self.items))

    def _new_on_path(self) -> int | None:
        """The newest item's id; None if it cannot be told. It went to the heap's end, and up from there."""
        at, new = len(self.items), []
        while at:
            at -= 1
            item = id(self.items[at])
            if item not in self._by_id:
                new.append(item)
            at = (at + 1) // 2
        return new[0] if len(new) == 1 else None

    def _search(self, doer: Doer) -> int:
        """Give those that are not known yet to `doer`; return how many there were."""
        items, before = self.items, self._by_id
        self._is_whole = len(items) <= _SEARCHED
        here: dict[int, tuple[Doer, ...]] = {}
        if not self._is_whole or (not before and len(here := dict.fromkeys(map(id, items), (doer,))) == len(items)):
            new = len(items)
        else:
            new, here = 0, {}
            for item in map(id, items):
                owners, so_far = before.get(item, ()), here.get(item, ())
                if len(so_far) < len(owners):
                    here[item] = *so_far, owners[len(so_far)]
                else:
                    here[item] = *so_far, doer
                    new += 1
        self._by_id = here
        return new

    def take(self) -> Doer | None:
        if self.owners.take_first() is None:
            return None
        # Forgotten before it goes: the next item may lie at the same address.
        first, *others = self._by_id.pop(id(self.items[0]), (UNKNOWN,))
        if others:
            self._by_id[id(self.items[0])] = tuple(others)
        return first

    def put_back(self, head: int) -> None:
        super().put_back(head)
        self._by_id[head] = UNKNOWN, *self._by_id.get(head, ())

    def reportable(self, rooms: int) -> int:
        # Which is the second only a comparison could tell, and what is put may be smaller than the one that was first.
        if self.owners.count:
            return 0 if rooms else 1
        return rooms

    def owner(self, index: int, rooms: int, putting: deque[int]) -> Doer:
        if rooms:
            return putting[index], words.CALLBACK
        return self._by_id.get(id(self.items[0]), (UNKNOWN,))[0]
