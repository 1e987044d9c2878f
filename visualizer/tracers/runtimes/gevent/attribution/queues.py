"""Whose doing it is that a queue, or a channel, of gevent's wakes somebody."""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.runtimes.gevent.attribution.item_owners import UNKNOWN, Doers, Items
from visualizer.tracers.runtimes.gevent.attribution.wait_queues import End, TwoEnds

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.gevent.ready import Doer, Ready


class QueueService(TwoEnds):
    """`_unlock` of a queue: who gets has somebody's item, who puts has the room that somebody made.

    Nobody has to run before the item of one who puts is in the queue: those who get may have these, too.
    """

    def __init__(self, ready: Ready, owner: Any, items: Items, getters: Any, putters: Any) -> None:
        self._getters, self._putters = End(ready, getters), End(ready, putters)
        super().__init__(ready, self._putters, self._getters)
        self._items = items
        #: Who made the room that there is.
        self._rooms = Doers()
        #: The id of the item for which somebody was served last, until it is seen to be gone.
        self._head = 0
        maxsize = owner.maxsize
        self._maxsize = maxsize if type(maxsize) is int else 0

    def ask(self, current: Any, doer: Doer) -> None:
        getters, putters, items = self._getters, self._putters, self._items
        if not getters.is_joined() and not putters.is_joined():
            if self._head:
                self._look_at_head()
            if getters.waiters and (not putters.waiters or len(items.items) > items.owners.count):
                items.put(doer)
            else:
                # It is about to take one: the length does not show it yet.
                self._agree()
                items.take()
                self._rooms.append(doer)
                self._report_ready(current)
                return
        self.look(current)

    def look(self, current: Any) -> None:
        self._agree()
        self._report_ready(current)

    def _agree(self) -> None:
        if self._head:
            self._look_at_head()
        self._items.agree()
        if self._maxsize > 0:
            room = max(0, self._maxsize - len(self._items.items))
            if room != self._rooms.count:
                self._rooms.fit(room)

    def _look_at_head(self) -> None:
        """Who was served last may only have peeked. Then it has made no room, and the item is still there."""
        head, self._head = self._head, 0
        more = len(self._items.items) - self._items.owners.count
        if head and more > 0 and (more > 1 or self._items.head() == head):
            self._items.put_back(head)
            self._rooms.forget()

    def _report_ready(self, current: Any) -> None:
        putting = min(self._rooms.count, len(self._putters.waiters))
        getting = min(self._items.owners.count + putting, len(self._getters.waiters))
        self._report(current, putting, getting, min(self._items.reportable(putting), getting))

    def _doer_of_first(self, index: int) -> Doer:
        return self._rooms[index]

    def _doer_of_second(self, index: int) -> Doer:
        return self._items.owner(index, min(self._rooms.count, len(self._putters.waiters)), self._putters.tracks)

    def _taken_by(self, track: int) -> Doer | None:
        if self._putters.serve(track):
            # Its item is in the queue already.
            self._items.put((track, words.CALLBACK))
            return self._rooms.take_first() or UNKNOWN
        if self._getters.serve(track):
            self._items.agree()
            self._head = self._items.head()
            if self._maxsize > 0 or self._putters.waiters:
                self._rooms.append((track, words.CALLBACK))
            return self._items.take() or UNKNOWN
        return None


class ChannelService(TwoEnds):
    """`_unlock` of a channel: the first who gets and the first who puts are each other's doing."""

    def __init__(self, ready: Ready, getters: Any, putters: Any) -> None:
        super().__init__(ready, End(ready, getters), End(ready, putters))

    def ask(self, current: Any, doer: Doer) -> None:
        self.look(current)

    def look(self, current: Any) -> None:
        pairs = min(len(self._first.waiters), len(self._second.waiters))
        self._report(current, pairs, pairs, pairs)

    def _doer_of_first(self, index: int) -> Doer:
        return self._second.tracks[index], words.CALLBACK

    def _doer_of_second(self, index: int) -> Doer:
        return self._first.tracks[index], words.CALLBACK

    def _taken_by(self, track: int) -> Doer | None:
        if track == self._half:
            self._half = words.NOBODY
        elif self._first.serve(track) and self._second.tracks:
            self._half = self._second.tracks[0]
            self._second.serve(self._half)
        return self.reported[track][0] if track in self.reported else None
