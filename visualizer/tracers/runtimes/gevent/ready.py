"""Who was made ready by whom, and has not run since: what the rooms about gevent's wakers share."""

from __future__ import annotations

import gc

from visualizer.trace import words
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NEW, Buffer
from visualizer.tracers.core.call_sites import BOUND
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.unpatched import Local
from visualizer.tracers.core.values import bases_of, type_module, type_name
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    #: Track and cause of a wake: who did it, and what.
    Doer = tuple[int, str]

_UNREADY = ("unready",)


class Ready:
    """The tracks that are ready, and the lines that say so."""

    def __init__(self, recording: Context, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        new_table = recording.stream.new_table
        self._tracks = greenlets.tracks
        #: Greenlets that were made ready and have not run since, by id. Whose turn comes then may take the short way.
        self.by_id: dict[int, int] = new_table()
        #: Tracks that the hub will make run by a callback that it runs for somebody, if nothing comes before. (Sets of
        #: tracks are tables with True for each: the recorder in C looks tracks up without making an integer of each.)
        self.promised: dict[int, Any] = new_table()
        #: Those that are ready and run for the first time, and all that were started and have not run: tracks.
        self.first: dict[int, Any] = new_table()
        self.unstarted: dict[int, Any] = new_table()
        #: Tracks that are suspended in a sleep, whose end is the hub's timer; and that wait for their hub to have
        #: nothing left (`hub.join`, `gevent.wait`).
        self.sleeping: dict[int, Any] = new_table()
        self.outwaiting: dict[int, Any] = new_table()
        #: Tracks that wait for something from outside -> the cause of the wake, if it is the hub's.
        self.awaited: dict[int, str] = new_table()
        self._suspended: tuple[dict[int, Any], ...] = self.sleeping, self.outwaiting, self.awaited
        #: The id of each living greenlet that was spoken of, by track, and the number of its last wake.
        self.keys: dict[int, int] = new_table()
        self.wakes: dict[int, int] = new_table()
        self._last_wake = 0
        #: The same in C, which makes services and follows them.
        self.turns: Any = None
        self._local = Local()

    @property
    def t_ns(self) -> int:
        """Time of what is told now, in this thread."""
        t_ns: int = self._local.t_ns
        return t_ns

    @t_ns.setter
    def t_ns(self, t_ns: int) -> None:
        self._local.t_ns = t_ns

    def now(self) -> int:
        """Take the time of what is told now."""
        t_ns = self._local.t_ns = self._recording.stream.clock()
        return t_ns

    def track_of(self, greenlet: Any) -> int:
        """The track of a greenlet, which has one from now on."""
        key = id(greenlet)
        track = self._tracks.get(key)
        if track is None:
            track = self._greenlets.adopt(greenlet, self.t_ns)
        self.keys[track] = key
        return track

    def current(self) -> int:
        """The track of the greenlet that runs."""
        greenlet = self._greenlets.module.getcurrent()
        track = self._tracks.get(id(greenlet))
        if track is None:
            return self.track_of(greenlet)
        self.keys[track] = id(greenlet)
        return track

    def linked(self, link: Any) -> int:
        """The track that `link`, which gevent will call when something is over, goes on with; NOBODY if none."""
        owner = link.__self__ if type_name(type(link)) in BOUND and link.__name__ == "switch" else None
        if owner is not None and type_module(type(owner)).startswith("gevent.") and "Waiter" in type_name(type(owner)):
            owner = owner.greenlet
        return self.track_of(owner) if issubclass(type(owner), self._greenlets.module.greenlet) else words.NOBODY

    def report(self, track: int, doer: Doer, promised: bool = True) -> int:
        """`doer` makes `track` ready. Return the number of this wake.

        `promised`: it goes on in a callback of the hub's that is to notify it. Else its own turn is to come.
        """
        self._last_wake += 1
        self.wakes[track] = wake = self._last_wake
        if track in self.unstarted:
            self.first[track] = True
        elif promised:
            self.promised[track] = True
        else:
            self.by_id[self.keys[track]] = track
        self.unsuspend(track)
        if doer[0] == self.current():
            # It may be a generator that runs inside it.
            doer = words.CURRENT, doer[1]
        t_ns = self._local.t_ns
        store_wake(self._recording.stream.here(t_ns), t_ns, track, doer)
        return wake

    def unsuspend(self, track: int) -> None:
        """`track` is suspended no more."""
        # Mostly there is nobody in any of them.
        for known in self._suspended:
            if known:
                known.pop(track, None)

    def take_back(self, track: int, wake: int) -> None:
        """It was made ready, but what for went to somebody else: it waits on, as before."""
        if self.has(track, wake):
            self.promised.pop(track, None)
            self.first.pop(track, None)
            store_unready(self._recording.stream.here(self.t_ns), self.t_ns, track)

    def has(self, track: int, wake: int = 0) -> bool:
        """Whether `track` is ready, and (if given) because of that wake."""
        is_ready = track in self.first or track in self.promised or self.by_id.get(self.keys.get(track, 0)) == track
        return is_ready and (not wake or self.wakes.get(track) == wake)

    def ran(self, greenlet: Any, track: int, notified: bool, in_turn: bool) -> bool:
        """The greenlet of `track` runs. Return whether that is what it had been made ready for.

        `notified`: it may be by a promise; `in_turn`: it may be its turn. What it is not is taken back.
        """
        turn = self.by_id.pop(id(greenlet), None) is not None
        turn = self.first.pop(track, None) is not None or turn
        promised = self.promised.pop(track, None) is not None
        # What woke it is over: if it is ready once more, that is by another.
        self.wakes.pop(track, None)
        if (turn and in_turn) or (promised and notified):
            return True
        if turn or promised:
            store_unready(self._recording.stream.here(self.t_ns), self.t_ns, track)
        return False

    def forget(self, track: int) -> None:
        """The greenlet of `track` is no more."""
        known: dict[int, Any]
        for known in (self.keys, self.wakes, self.first, self.promised):
            known.pop(track, None)


def store_wake(buffer: Buffer, t_ns: int, track: int, doer: Doer) -> None:
    """Store that `track` is woken: as a row from the second time on that the same wakes somebody, or that it is woken
    for that. (Who wakes by its end is another each time.)"""
    key: tuple[Any, ...]
    about: tuple[int, Doer]
    subject, key, about = track, ("wake", *doer), (words.SUBJECT, doer)
    shape = buffer.again(key)
    if shape is None and doer[0] >= 0:
        subject, key, about = doer[0], ("woken", track, doer[1]), (track, (words.SUBJECT, doer[1]))
        shape = buffer.again(key)
    if shape is None:
        buffer.store((lines.wake, t_ns, track, doer, None, None, 0))
        return
    if shape == NEW:
        shape = buffer.learn(key, t_ns, (lines.wake, *about, None, None, 0))
    buffer.rows.extend((t_ns, subject, shape))


def store_unready(buffer: Buffer, t_ns: int, track: int) -> None:
    """Store that `track` waits on, as a row from the second time on."""
    shape = buffer.again(_UNREADY)
    if shape is None:
        buffer.store((lines.unready, t_ns, track, None, None, None, 0))
        return
    if shape == NEW:
        shape = buffer.learn(_UNREADY, t_ns, (lines.unready, words.SUBJECT, None, None, None, 0))
    buffer.rows.extend((t_ns, track, shape))


def links_of(owner: Any) -> list[Any]:
    """What an event, or a greenlet that has ended, of gevent's will call when it notifies whoever waits for it.

    A greenlet that still runs shows what it refers to from Python 3.15 on only, and is not asked.
    """
    kinds = [kind for kind in bases_of(type(owner)) if type_module(kind).startswith("gevent.")]
    if not kinds or type_name(kinds[0]) not in ("Event", "AsyncResult", "Greenlet"):
        return []
    return list(next((thing for thing in gc.get_referents(owner) if type(thing) is list), []))
