"""Whose each item in a queue of gevent's is, followed from one put to the next."""

from __future__ import annotations

from visualizer.trace import words

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.gevent_ready import Doer

UNKNOWN: Doer = (words.NOBODY, words.CALLBACK)
#: A longer PriorityQueue is not searched for what is new in it.
_SEARCHED = 1000


class Items:
    """Whose the items in a queue are: the first in is the first out."""

    _out = 0

    def __init__(self, items: Any) -> None:
        self._items = items
        self._owners: list[Doer] = []

    @property
    def known(self) -> int:
        """How many are known of."""
        return len(self._owners)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def put(self, doer: Doer) -> bool:
        """`doer` has put the newest. Return whether all others are as before, and come out in this order."""
        as_before = self._fit(len(self._items) - 1)
        self._owners.append(doer)
        return as_before

    def agree(self) -> bool:
        """Some may have been taken unseen. Return whether all are as before, and come out in this order."""
        return self._fit(len(self._items))

    def owner(self, index: int) -> Doer:
        """Whose the item is that comes out after `index` others."""
        return self._owners[index]

    def _fit(self, count: int) -> bool:
        surplus = len(self._owners) - count
        if surplus > 0 and self._out:
            del self._owners[-surplus:]
        elif surplus > 0:
            del self._owners[:surplus]
        elif surplus:
            self._owners[:0] = [UNKNOWN] * -surplus
        return not surplus and not self._out

    def take(self) -> Doer | None:
        """Whose the next is that is taken; None if there is none."""
        return self._owners.pop(self._out) if self._owners else None

    def next(self, most: int) -> Next:
        """What would come out next, to be tried up to `most` times."""
        first = self._owners[-most:] if self._out else self._owners[:most]
        return Next(first, self._out)


class LastIn(Items):
    """The same of a LifoQueue."""

    _out = -1


class Smallest(Items):
    """The same of a PriorityQueue, a heap: which is whose is told by the items' identity."""

    def __init__(self, items: Any) -> None:
        super().__init__(items)
        self._by_id: dict[int, list[Doer]] = {}

    def put(self, doer: Doer) -> bool:
        new = self._sort(doer)
        if new != 1:
            # One was taken and the same put again: which is whose is not known.
            self._by_id = {item: [UNKNOWN] * len(owners) for item, owners in self._by_id.items()}
        return False

    def agree(self) -> bool:
        self._sort(UNKNOWN)
        return False

    def _sort(self, doer: Doer) -> int:
        """Give those that are not known yet to `doer`; return how many there were."""
        here: dict[int, list[Doer]] = {}
        new = 0
        for item in self._items[:_SEARCHED]:
            owners = self._by_id.get(id(item))
            if owners:
                here.setdefault(id(item), []).append(owners.pop())
            else:
                here.setdefault(id(item), []).insert(0, doer)
                new += 1
        self._by_id = {item: owners[::-1] for item, owners in here.items()}
        self._owners = [UNKNOWN] * len(self._items)
        return new

    def take(self) -> Doer | None:
        if not self._owners:
            return None
        self._owners.pop()
        # Forgotten before it goes: the next item may lie at the same address.
        owners = self._by_id.get(id(self._items[0]))
        return owners.pop(0) if owners else UNKNOWN

    def next(self, most: int) -> Next:
        # Which is the second only a comparison could tell.
        owners = self._by_id.get(id(self._items[0])) if self._items else None
        return Next(list(owners[:1]) if owners else [], 0, 1)


class Next:
    """What would come out of a queue, tried on a copy."""

    def __init__(self, owners: list[Doer], out: int, most: int = -1) -> None:
        self._owners, self._out, self._most = owners, out, most

    def put(self, doer: Doer) -> None:
        if self._most > 0 and self._owners:
            # It may be smaller than the one that was the smallest.
            self._owners.clear()
            self._most = 0
        if self._most:
            self._owners.append(doer)

    def take(self) -> Doer | None:
        return self._owners.pop(self._out) if self._owners else None
