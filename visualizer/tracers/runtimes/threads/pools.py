"""Which ThreadPoolExecutor has been given what a Future stands for: its workers may wait for one another's results.

A worker that waits for what none of them has begun needs another worker for it; if all of them wait so, there is none.
What is given to it while all of them work waits until one has finished.
"""

from __future__ import annotations

import _thread

from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.values import dictionary, type_module, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: Where a Future is made and given to an executor.
MODULE = "concurrent.futures.thread"
_get_ident = _thread.get_ident
#: So many calls that wait in pools are told of; and of so many workers what they work on meanwhile.
_MOST, _MOST_WORKERS = 10_000, 4


class _Given(ref):  # type: ignore[type-arg]
    """A Future, with a weak reference to its executor. `function`: what is called; `told`: how the trace calls that, if
    it waits there for others; `name`: how it calls the Future, if it waits there at all."""

    __slots__ = ("executor", "function", "key", "name", "told")

    key: int
    executor: Any
    function: str
    told: str
    name: str


class _Executor(ref):  # type: ignore[type-arg]
    """An executor. `queued`: how many calls of each function it has not begun with; `running`: the function that each
    of its workers began with last."""

    __slots__ = ("key", "queued", "running")

    key: int
    queued: dict[str, int]
    running: dict[int, str]


class Pools:
    """Those of one recording."""

    def __init__(self) -> None:
        self._given: dict[int, _Given] = {}
        self._executors: dict[int, _Executor] = {}
        self._told = 0

    def submitted(
        self, executor: Any, future: Any, called: Any, name: Callable[[Any], str], is_there: bool = True
    ) -> tuple[str, str]:
        """`executor` has been given what `future` stands for, to call `called`; or is about to be, if it `is_there` not
        yet. Return how the trace calls that, if all its workers work on something else, so that it waits; and, if they
        all work, the Future, the executor, how many it has been given before that wait, and on what its workers work;
        else "".

        Calls of one function that wait for one another are meant to."""
        given = _Given(future, self._forget)
        known, function = self._executor(executor), _function(called)
        is_own = known.queued.get(function, 0) > 0 or function in known.running.values()
        known.queued[function] = known.queued.get(function, 0) + 1
        given.key, given.executor, given.function, given.told, given.name = id(future), known, function, "", ""
        self._given[given.key] = given
        ahead = _ahead(dictionary(executor), is_there) if self._told < _MOST else -1
        if ahead < 0:
            return "", ""
        self._told += 1
        pool, given.name = name(executor), name(future)
        if not is_own:
            given.told = f"{function} in {pool}"
        if is_there:
            # By now a worker that was free may have it: then nothing was in its way.
            return given.told, f"{given.name}, {pool}, 0"
        running = list(known.running.values())
        # What they began with unseen is not known.
        is_part = running and not workers_of(executor) == len(running) <= _MOST_WORKERS
        more = ["…"] if is_part else []
        return given.told, ", ".join([given.name, pool, str(ahead), *running[:_MOST_WORKERS], *more])

    def begun(self, future: Any) -> tuple[str, str]:
        """The current thread, a worker, begins with that. Return how the trace calls it, if that was told to wait, and
        the Future."""
        given = self._given.get(id(future))
        if given is None or given() is not future:
            return "", ""
        given.executor.queued[given.function] = given.executor.queued.get(given.function, 1) - 1
        given.executor.running[_get_ident()] = given.function
        return given.told, given.name

    def _executor(self, executor: Any) -> _Executor:
        known = self._executors.get(id(executor))
        if known is None or known() is not executor:
            known = self._executors[id(executor)] = _Executor(executor, self._forget_executor)
            known.key, known.queued, known.running = id(executor), {}, {}
        return known

    def _forget_executor(self, gone: _Executor) -> None:
        if self._executors.get(gone.key) is gone:
            del self._executors[gone.key]

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


def _ahead(executor: dict[str, Any], is_there: bool) -> int:
    """If all its workers work, and there is something that none of them has begun with, as far as one can tell, how
    much there is before what it was given last, which `is_there` by now, or will be; else -1."""
    workers, most = executor.get("_threads"), executor.get("_max_workers")
    if type(workers) is not set or type(most) is not int or len(workers) < most:
        return -1
    queue: Any = executor.get("_work_queue")
    idle = dictionary(executor.get("_idle_semaphore")).get("_value")
    if idle != 0 or type_name(type(queue)) != "SimpleQueue":
        return -1
    return int(type(queue).qsize(queue)) - is_there


def _function(called: Any) -> str:
    """What is called, by its name: also out of `asyncio.to_thread`, which has a context run it."""
    if type_name(type(called)) == "partial" and type_module(type(called)) == "functools":
        inner = called.func
        if type_name(type(getattr(inner, "__self__", None))) == "Context" and called.args:
            return _function(called.args[0])
    return callable_name(called) or "a call"


def workers_of(executor: Any) -> int:
    """How many it has at most; 0 if that is not known."""
    most = dictionary(executor).get("_max_workers")
    return most if type(most) is int else 0
