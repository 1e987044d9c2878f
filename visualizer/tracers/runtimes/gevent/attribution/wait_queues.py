"""What follows one notification of a thing of gevent's that serves several in turn, however many wait for that.

Who waits longest is served first. So those who can be served are always the first so many of each end, and from one
look to the next only what is new of that is told: what a hand-over costs does not depend on how many wait.
"""

from __future__ import annotations

from _collections import deque  # type: ignore[import-not-found]
from itertools import islice

from visualizer.trace import words

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.runtimes.gevent.ready import Doer, Ready

#: Each item that somebody takes out of turn is another's doing for all who wait: so many who come next are told so at
#: once, the others when it is nearly their turn. Else thousands were told anew of every item.
_NEXT = 2


class Service:
    """One notification that serves several, from its being asked for to its end."""

    def __init__(self, ready: Ready) -> None:
        self.ready = ready
        #: Who was told to be ready and has not been served since: whose doing it is, and the number of that wake.
        self.reported: dict[int, tuple[Doer, int]] = {}

    def ask(self, current: Any, doer: Doer) -> None:
        """`doer`, the greenlet `current` or for whom the hub runs, did what may wake another: tell who is ready."""
        raise NotImplementedError

    def look(self, current: Any) -> None:
        """A greenlet is suspended, or the notification begins: tell who is ready as things stand."""
        raise NotImplementedError

    def serve(self, track: int) -> bool:
        """The hub switches to `track`. Return whether that is one of those who waited here."""
        doer = self._taken_by(track)
        if doer is None:
            return False
        self._make_ready(track, doer)
        self.reported.pop(track)
        return True

    def _taken_by(self, track: int) -> Doer | None:
        """Who made it possible that `track` goes on; None if it did not wait here."""
        raise NotImplementedError

    def close(self) -> None:
        """The notification is over: who was not served after all, because somebody else came first, waits on."""
        for track in list(self.reported):
            self._take_back(track)

    def _make_ready(self, track: int, doer: Doer) -> None:
        if track == words.NOBODY:
            return
        known = self.reported.get(track)
        if known is not None:
            before, wake = known
            if before == doer and self.ready.has(track, wake):
                return
            self.ready.take_back(track, wake)
        self.reported[track] = doer, self.ready.report(track, doer)

    def _take_back(self, track: int) -> None:
        """What `track` had been made ready for went to somebody else."""
        known = self.reported.pop(track, None)
        if known is not None:
            self.ready.take_back(track, known[1])


class End:
    """Those who wait at one end, of whom the first are known by their tracks, and of these the first were told."""

    __slots__ = ("_last", "ready", "reported", "tracks", "waiters")

    def __init__(self, ready: Ready, waiters: Any) -> None:
        self.ready = ready
        #: All of them, as the thing itself keeps them.
        self.waiters = waiters
        self.tracks: deque[int] = deque()
        #: The waiter of the last of them.
        self._last: Any = None
        #: How many of them were told to be ready.
        self.reported = 0

    def is_joined(self) -> bool:
        """Whether the greenlet that runs has just put itself at the end of those who wait."""
        return bool(self.waiters) and _waiter(self.waiters[-1]).greenlet is None

    def is_as_known(self) -> bool:
        """Whether those who are known, of whom there are some, are still the first.

        Who comes is the last, and who leaves makes all behind move up: the last who is known would stand elsewhere.
        """
        count = len(self.tracks)
        return count <= len(self.waiters) and self.waiters[count - 1] is self._last

    def know(self, count: int, current: Any) -> None:
        """Know the first `count` of them. One who is only about to wait is the greenlet `current`."""
        tracks, waiters = self.tracks, self.waiters
        waiting, known = len(waiters), len(tracks)
        count = count if count < waiting else waiting
        if count == known:
            return
        while known > count:
            tracks.pop()
            known -= 1
        for index in range(known, count):
            tracks.append(self._track(waiters[index], current))
        self._last = waiters[count - 1] if count else None

    def _track(self, waiting: Any, current: Any) -> int:
        greenlet = _waiter(waiting).greenlet
        return self.ready.track_of(current if greenlet is None else greenlet)

    def serve(self, track: int) -> bool:
        """The hub switches to `track`. Return whether that is the first of them, and takes it out."""
        if not self.tracks or self.tracks[0] != track:
            return False
        self.tracks.popleft()
        self.reported = max(0, self.reported - 1)
        if not self.tracks:
            self._last = None
        return True

    def forget(self) -> None:
        self.tracks.clear()
        self._last = None
        self.reported = 0


class TwoEnds(Service):
    """What serves who gets together with who puts. `first`: whose turn comes first of a pair."""

    def __init__(self, ready: Ready, first: End, second: End) -> None:
        super().__init__(ready)
        self._first, self._second = first, second
        #: The other half of a pair of which one is served already.
        self._half = words.NOBODY

    def _report(self, current: Any, first: int, second: int, reportable: int) -> None:
        """So many of the two ends are ready; of the second it can be told whose doing that is of the first
        `reportable`.

        Who of the others was told before stays so until it is that one's turn.
        """
        one, other = self._first, self._second
        is_as_known = (not one.tracks or one.is_as_known()) and (not other.tracks or other.is_as_known())
        if is_as_known:
            second = min(second, max(reportable, other.reported))
            if one.reported > first:
                self._withdraw(one, first)
            if other.reported > second:
                self._withdraw(other, second)
        else:
            second = reportable
            one.forget()
            other.forget()
        one.know(first + 1, current)
        other.know(second + 1, current)
        if not is_as_known:
            still = {*islice(one.tracks, first), *islice(other.tracks, second), self._half}
            for track in sorted(self.reported.keys() - still):
                self._take_back(track)
        if first or reportable:
            self._report_next(first, reportable)
        if one.reported < first or other.reported < second:
            self._report_new(first, second)

    def _withdraw(self, end: End, count: int) -> None:
        for index in range(count, end.reported):
            self._take_back(end.tracks[index])
        end.reported = min(end.reported, count)

    def _report_next(self, first: int, reportable: int) -> None:
        """Tell those whose turn comes next."""
        turns, index = _NEXT, 0
        while turns and (index < first or index < reportable):
            if index < first:
                turns -= 1
                self._make_ready(self._first.tracks[index], self._doer_of_first(index))
            if turns and index < reportable:
                turns -= 1
                self._make_ready(self._second.tracks[index], self._doer_of_second(index))
            index += 1

    def _report_new(self, first: int, second: int) -> None:
        """Tell those who have not been told, in turn."""
        one, other = self._first, self._second
        for index in sorted({*range(one.reported, first), *range(other.reported, second)}):
            if one.reported <= index < first and one.tracks[index] not in self.reported:
                self._make_ready(one.tracks[index], self._doer_of_first(index))
            if other.reported <= index < second and other.tracks[index] not in self.reported:
                self._make_ready(other.tracks[index], self._doer_of_second(index))
        one.reported, other.reported = first, second

    def _doer_of_first(self, index: int) -> Doer:
        """Whose doing it is that the one with that number of the first end is ready."""
        raise NotImplementedError

    def _doer_of_second(self, index: int) -> Doer:
        raise NotImplementedError


def _waiter(waiting: Any) -> Any:
    """Who puts into a channel stands there together with the item."""
    return waiting[1] if type(waiting) is tuple else waiting
