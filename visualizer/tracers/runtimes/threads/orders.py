"""In which order threads take locks, one while they have another: once for each such set, thread, and number of threads
that had begun by then.

Two that take the same two locks the other way around may come to wait for each other for ever. Whether they could, and
whether something keeps them apart, is for the reader of the trace to say.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core import lines
from visualizer.tracers.core.code import place_of
from visualizer.tracers.core.postponed import makes_uninterrupted

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.core.buffer import Buffer
    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.object_ids import Numbers
    from visualizer.tracers.runtimes.threads.primitives import Primitives

#: The same is told so often, unless somebody takes the two the other way around; and so many are, in all.
_ALIKE, _MOST = 8, 10_000
#: A thread that has more than that has released some unseen.
_MOST_HELD = 64


def _references(things: list[Any]) -> list[int]:
    """How often each of them is referred to, counted in one way on every interpreter."""
    return [sys.getrefcount(one) for one in things]


#: So often what nobody but that list refers to.
(_LEFT,) = _references([object()])


class Orders:
    """Those of one recording. What a thread has is kept in its buffer."""

    def __init__(self, context: Context, numbers: Numbers, primitives: Primitives, holders: dict[int, int]) -> None:
        self._context = context
        self._settle = context.postponed.settles(lambda error: context.fail("threads", error))
        self._numbers = numbers
        self._primitives = primitives
        self._holders = holders
        #: How many threads have begun.
        self.threads = 0
        #: The addresses of a lock and of those that were held when it was taken: by which tracks, and after how many
        #: threads had begun.
        self.known: dict[tuple[int, ...], set[tuple[int, int]]] = {}
        self._told = 0
        #: The addresses of locks that are told of.
        self.locks: set[int] = set()
        #: By those: of which entries of `known` each is part, as long as it lives.
        self._orders_of: dict[int, tuple[Any, list[tuple[int, ...]]]] = {}

    def takes(self, lock: Any, held: list[Any], buffer: Buffer, frame: Any) -> None:
        """The thread of `buffer` is about to acquire `lock` in `frame`; it has those that are `held`."""
        key = id(lock), *map(id, held)
        by, moment = self.known.get(key), (buffer.track, self.threads)
        if by is not None and (moment in by or (len(by) >= _ALIKE and key[::-1] not in self.known)):
            return
        # What another thread has released, or has now, is not held any more; nor what the program has dropped.
        context, holders = self._context, self._holders
        is_alone = not (context.runners or context.inside)
        references = _references(held)
        held[:] = [
            one
            for one, count in zip(held[-_MOST_HELD:], references[-_MOST_HELD:], strict=True)
            if one is not lock
            and count > _LEFT
            and (holders.get(id(one)) == buffer.track if is_alone else id(one) in holders)
        ]
        # Each thread has locks of its own that `threading` makes: not even their addresses are kept.
        if not held or self._told >= _MOST or self._primitives.has_for_itself(frame):
            return
        if not self._primitives.waits_for_ever(frame):
            return
        names = [self._numbers.name(one) for one in (lock, *held)]
        key = id(lock), *map(id, held)
        if key not in self.known:
            for one in (lock, *held):
                self._lives(one).append(key)
        self.known.setdefault(key, set()).add(moment)
        self.locks.update(key)
        self._told += 1
        stream, (code, at) = context.stream, place_of(frame, context.own)
        stream.store(lines.takes, stream.clock(), buffer.track, names[0], tuple(names[1:]), code, at)

    @makes_uninterrupted
    def _lives(self, lock: Any) -> list[tuple[int, ...]]:
        """The entries of `known` of which that lock is part: they end with it, as another may come to be there."""
        key, orders = id(lock), self._orders_of
        if key in orders:
            return orders[key][1]

        def gone(reference: Any) -> None:
            try:
                if key in orders and orders[key][0] is reference:
                    for order in orders.pop(key)[1]:
                        self.known.pop(order, None)
                    self.locks.discard(key)
            except BaseException as error:
                self._settle(error)

        orders[key] = ref(lock, self._context.told(gone)), []
        return orders[key][1]

    def released_by_another(self, lock: Any) -> None:
        """A thread releases a lock that it does not have: then it keeps nobody out, but tells something."""
        if id(lock) in self.locks:
            self.locks.discard(id(lock))
            stream = self._context.stream
            stream.store(lines.takes, stream.clock(), -1, self._numbers.name(lock), ())
