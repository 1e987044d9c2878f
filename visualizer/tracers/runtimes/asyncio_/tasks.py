"""Which task is which: by the id of the object, and a weak reference that tells when it is no more.

Nothing here keeps a task alive.
"""

from __future__ import annotations

from _operator import attrgetter

from visualizer.tracers.core.postponed import uninterrupted

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: In the place of what asyncio calls a task that was asked to end while it did not wait: its message is to be told.
ASKED = ...


class Task(ref):  # type: ignore[type-arg]
    """A task that has a track, as a weak reference."""

    __slots__ = (
        "cancels", "ended", "gave_way", "given", "key", "loop", "name", "place", "shape", "started", "track",
    )

    key: int
    track: int
    #: Its `Loop` (loops.py).
    loop: Any
    name: str
    #: What asyncio calls it, as far as that was looked at.
    given: Any
    #: It has run; it has ended.
    started: bool
    ended: bool
    #: In the step that it makes now it has asked for another one.
    gave_way: bool
    #: Where it was seen to give way by `asyncio.sleep(0)`, and the shape of that (fast path); None if nowhere.
    place: Any
    shape: int
    #: How often it is known to have been asked for its cancellation, less how often that was taken back.
    cancels: int

    def begin(self, key: int, track: int, loop: Any, name: str, given: Any = None) -> None:
        self.key, self.track, self.loop, self.name = key, track, loop, name
        self.started = self.ended = self.gave_way = False
        self.place, self.shape, self.given = None, -1, given
        self.cancels = 0


#: Where a task is in its outermost coroutine, and what it awaits there. Only for tasks of asyncio's own class: a
#: subclass may have properties of its own.
turn = attrgetter("_coro.cr_frame.f_lasti", "_coro.cr_await.cr_code")


class Tasks:
    """The tasks that are there."""

    def __init__(self, on_gone: Callable[[Task], None], new_table: Callable[[], dict[int, Any]]) -> None:
        """`on_gone` is told of each that the garbage collector takes. `new_table`: of the stream."""
        self.by_id: dict[int, Task] = new_table()
        self._on_gone = on_gone
        #: Here once, for the recorder in C.
        self.forget: Callable[[Task], None] = self._forget

    def add(self, task: Any, track: int, loop: Any, name: str, given: Any = None) -> Task:
        """A task that has that track from now on. `given`: what asyncio calls it."""
        made: Task = Task(task, self.forget)
        made.begin(id(task), track, loop, name, given)
        self.by_id[id(task)] = made
        return made

    @uninterrupted
    def _forget(self, gone: Task) -> None:
        if gone.key in self.by_id and self.by_id[gone.key] is gone:
            del self.by_id[gone.key]
            self._on_gone(gone)

    def of(self, thing: Any) -> Task | None:
        """That of a task which has a track."""
        known = self.by_id.get(id(thing))
        return known if known is not None and known() is thing else None

