"""How gevent's loops tell when they ask the operating system for events.

libev tells it by watchers that run before and after the poll. libuv's own would keep the loop alive and run late, so
there it is read off two attributes that gevent's loop sets and asks itself: it sets the one at the end of the callbacks
that it runs right before the poll, and asks for the other when the first event has come.
"""

from __future__ import annotations

from visualizer.tracers.core.context import Context
from visualizer.tracers.runtimes.greenlets.polling import SHORT_POLL_NS, Polls

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

_BEFORE = "starting_timer_may_update_loop_time"
_AFTER = "_queued_callbacks"
#: Where our loop class keeps the poll of each of its loops.
_POLLS = "_visualizer_polls"


class Poll(Polls):
    """The polls of one hub."""

    __slots__ = ("_look", "_loop", "_polls", "_watchers")

    def __init__(
        self, recording: Context, tracks: dict[int, int], hub: Any, look: Callable[[int, int], None],
        looked_at: list[dict[Any, Any]],
    ) -> None:
        """`look`: called before each of them, with the time and the hub's track, if `looked_at` has anything.

        Raise TypeError if the hub's loop tells nothing of its polls.
        """
        self._look = look
        self._watchers: list[Any] = []
        self._polls: dict[int, Poll] | None = getattr(type(hub.loop), _POLLS, None)
        if self._polls is not None:
            self._loop = id(hub.loop)
            self._polls[self._loop] = self
        else:
            self._start_watchers(hub.loop, self._ways(recording, looked_at))
        super().__init__(recording, tracks, id(hub))

    def _ways(self, recording: Context, looked_at: list[dict[Any, Any]]) -> tuple[Callable[[], None], ...]:
        """`before` and `after`, or what comes before these in C."""
        ways: tuple[Callable[[], None], ...] = self.before, self.after
        compiled = recording.compiled
        return ways if compiled is None else compiled.poll_ways(self, looked_at, SHORT_POLL_NS, ways)

    def _start_watchers(self, loop: Any, ways: tuple[Callable[[], None], ...]) -> None:
        """Our prepare watcher is the last to run before the poll, our check watcher the first after it.

        Neither keeps the loop alive (`ref=False`).
        """
        watchers = loop.prepare(ref=False, priority=loop.MINPRI), loop.check(ref=False, priority=loop.MAXPRI)
        for watcher, callback in zip(watchers, ways, strict=True):
            watcher.start(callback)
            self._watchers.append(watcher)

    def before(self) -> None:
        super().before()
        track = self._tracks.get(self._hub)
        if track is not None:
            self._look(self._began_ns, track)

    def stop(self) -> None:
        for watcher in self._watchers:
            try:
                watcher.stop()
            except (ValueError, TypeError):
                break  # "operation on destroyed loop"; with cffi, there is no pointer to it
        self._watchers.clear()
        if self._polls is not None:
            self._polls.pop(self._loop, None)
        super().stop()


def attributes(base: Any) -> dict[str, Any]:
    """What a subclass of the loop class `base` needs so that `Poll` can tell; nothing where watchers can."""
    if base.__module__ != "gevent.libuv.loop" or not hasattr(base, _BEFORE):
        return {}
    polls: dict[int, Poll] = {}

    def get_before(this: Any) -> bool:
        return bool(this.__dict__.get(_BEFORE, False))

    def set_before(this: Any, running: bool) -> None:
        this.__dict__[_BEFORE] = running
        if not running:
            poll = polls.get(id(this))
            if poll is not None:
                poll.before()

    def get_after(this: Any) -> Any:
        poll = polls.get(id(this))
        if poll is not None:
            poll.after()
        try:
            return this.__dict__[_AFTER]
        except KeyError:
            raise AttributeError(_AFTER) from None

    def set_after(this: Any, queued: Any) -> None:
        this.__dict__[_AFTER] = queued

    def delete_after(this: Any) -> None:
        this.__dict__.pop(_AFTER, None)

    return {
        _POLLS: polls,
        _BEFORE: property(get_before, set_before),
        _AFTER: property(get_after, set_after, delete_after),
    }
