"""Which ThreadPoolExecutor has been given what a Future stands for: its workers may wait for one another's results.

A worker that waits for what none of them has begun needs another worker for it; if all of them wait so, there is none.
"""

from __future__ import annotations

import _thread

from visualizer.tracers.core.values import dictionary

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: Where a Future is made and given to an executor.
MODULE = "concurrent.futures.thread"
_get_ident = _thread.get_ident


class _Given(ref):  # type: ignore[type-arg]
    """A Future, with a weak reference to its executor."""

    __slots__ = ("executor", "key")

    key: int
    executor: Any


class Pools:
    """Those of one recording."""

    def __init__(self) -> None:
        self._given: dict[int, _Given] = {}

    def submitted(self, executor: Any, future: Any) -> None:
        """`executor` has been given what `future` stands for."""
        given = _Given(future, self._forget)
        given.key, given.executor = id(future), ref(executor)
        self._given[given.key] = given

    def _forget(self, gone: _Given) -> None:
        if self._given.get(gone.key) is gone:
            del self._given[gone.key]

    def needed_by_itself(self, future: Any) -> Any:
        """The executor that is to begin with `future` still, and that the current thread works for; else None."""
        given = self._given.get(id(future))
        executor = given.executor() if given is not None and given() is future else None
        if executor is None or dictionary(future).get("_state") != "PENDING":
            return None
        workers, ident = dictionary(executor).get("_threads"), _get_ident()
        if type(workers) is not set or all(dictionary(one).get("_ident") != ident for one in workers.copy()):
            return None
        return executor


def workers_of(executor: Any) -> int:
    """How many it has at most; 0 if that is not known."""
    most = dictionary(executor).get("_max_workers")
    return most if type(most) is int else 0
