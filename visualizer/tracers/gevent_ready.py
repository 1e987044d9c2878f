"""Who was made ready by whom, and has not run since: what the rooms about gevent's wakers share."""

from __future__ import annotations

import gc

from visualizer.trace import words
from visualizer.tracers import lines
from visualizer.tracers.greenlets import GreenletTracer
from visualizer.tracers.recording import Recording
from visualizer.tracers.values import type_module, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    #: Track and cause of a wake: who did it, and what.
    Doer = tuple[int, str]

#: Types of a method that is bound to its object.
BOUND = frozenset(("builtin_function_or_method", "method", "cython_function_or_method", "method-wrapper"))


class Ready:
    """The tracks that are ready, and the lines that say so."""

    def __init__(self, recording: Recording, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        #: Tracks that were made ready and have not run since -> the number of the wake that made it so.
        self.tracks: dict[int, int] = {}
        self._wakes = 0
        #: Time of what is told now.
        self.t_ns = 0

    def now(self) -> int:
        """Take the time of what is told now."""
        t_ns = self.t_ns = self._recording.stream.clock()
        return t_ns

    def track_of(self, greenlet: Any) -> int:
        """The track of a greenlet, which has one from now on."""
        track = self._greenlets.tracks.get(id(greenlet))
        return self._greenlets.adopt(greenlet, self.t_ns) if track is None else track

    def current(self) -> int:
        """The track of the greenlet that runs."""
        return self.track_of(self._greenlets.module.getcurrent())

    def linked(self, link: Any) -> int:
        """The track that `link`, which gevent will call when something is over, goes on with; NOBODY if none."""
        owner = link.__self__ if type(link).__name__ in BOUND and link.__name__ == "switch" else None
        if owner is not None and type_module(type(owner)).startswith("gevent.") and "Waiter" in type_name(type(owner)):
            owner = owner.greenlet
        return self.track_of(owner) if issubclass(type(owner), self._greenlets.module.greenlet) else words.NOBODY

    def tell(self, track: int, doer: Doer) -> int:
        """`doer` makes `track` ready. Return the number of this wake."""
        self._wakes += 1
        self.tracks[track] = wake = self._wakes
        waker, cause = doer
        if waker == self.current():
            # It may be a generator that runs inside it.
            waker = words.CURRENT
        self._recording.stream.extend((lines.wake, self.t_ns, track, (waker, cause), None, None, 0))
        return wake

    def take_back(self, track: int, wake: int) -> None:
        """It was made ready, but what for went to somebody else: it waits on, as before."""
        if self.tracks.get(track) == wake:
            del self.tracks[track]
            self._recording.stream.extend((lines.unready, self.t_ns, track, None, None, None, 0))


def links_of(owner: Any) -> list[Any]:
    """What an event, or a greenlet, of gevent's will call when it notifies whoever waits for it."""
    kinds = [kind for kind in type.mro(type(owner)) if type_module(kind).startswith("gevent.")]
    if not kinds or type_name(kinds[0]) not in ("Event", "AsyncResult", "Greenlet"):
        return []
    return list(next((thing for thing in gc.get_referents(owner) if type(thing) is list), []))
