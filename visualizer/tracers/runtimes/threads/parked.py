"""A thread that waits, as it is known meanwhile."""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.runtimes.threads.awaited_children import NONE
from visualizer.tracers.runtimes.threads.selecting import poller, ready_now
from visualizer.tracers.runtimes.threads.shared_locks import NO_MARK

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

    from visualizer.tracers.runtimes.threads.awaited_children import AwaitedChildren
    from visualizer.tracers.runtimes.threads.channels import Reader


class Wait:
    """A thread waits in the call at `offset` of `code`. `key`: of the lock or queue. `joined`: tracks whose ends it
    waits for; `children`: those that are processes. `limit_ns`: or NO_LIMIT, UNKNOWN_LIMIT. `given`: who put what
    it gets from a queue, and when, if that is known already; or released the lock before, which another one may
    have been given. `masks`: of a select, the events that it asks for, by descriptor; `ready`: those that it found
    ready, None if that is not known. `is_over`: it is, and that is told once they are. `lock`: that itself; `got`:
    whether it did, None if that is not told. `reason`: as the trace has it; `shape`: of the row that tells it, None
    if that has all its parts. `pool`: the address of the executor that the thread works for, and
    that has not begun with what it waits for. `taken_at`: where the program takes that lock, one of
    multiprocessing's; `mark`: what had been left beside that by then. `thing`: what it waits for, or by the method of
    which. `told`: what was told of it since it lasts long. `reader`: what is known of who writes what it waits
    to read, None if nothing is. `ended`: the child that has ended, as of
    `AwaitedChildren.ended`. `poller`: what tells which of `masks` are ready, once it is asked."""

    __slots__ = (
        "children", "code", "ended", "given", "got", "is_over", "joined", "key", "limit_ns", "lock", "mark", "masks",
        "offset", "poller", "pool", "reader", "ready", "reason", "shape", "t_ns", "taken_at", "thing", "told", "track",
        "what",
    )

    def __init__(
        self, code: CodeType, offset: int, what: int, key: int, t_ns: int, limit_ns: int,
        joined: tuple[int, ...],
    ) -> None:
        self.code = code
        self.offset = offset
        self.what = what
        self.key = key
        self.t_ns = t_ns
        self.limit_ns = limit_ns
        self.joined = joined
        self.track, self.pool = words.NOBODY, 0
        self.reason = ""
        self.shape: int | None = None
        self.lock: Any = None
        self.got: bool | None = None
        self.children: AwaitedChildren | None = None
        self.given: tuple[int, int] | None = None
        self.masks: dict[int, int] = {}
        self.ready: dict[int, int] | None = None
        self.is_over = False
        self.taken_at: tuple[CodeType | None, int] = None, 0
        self.mark = NO_MARK
        self.thing: Any = None
        self.told = ""
        self.ended = NONE
        self.poller: Any = None
        self.reader: Reader | None = None

    def ready_now(self) -> dict[int, int] | None:
        """Which of the descriptors are ready that it asks for; None if that cannot be told."""
        if self.poller is None:
            self.poller = poller(self.masks)
        return ready_now(self.poller, self.masks)
