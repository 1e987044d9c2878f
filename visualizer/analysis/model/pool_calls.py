"""Calls that had to wait for a worker of a ThreadPoolExecutor: behind what, and who began with each, and when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from visualizer.analysis.model.types import Suspension
from visualizer.trace import words


@dataclass(slots=True)
class PoolCall:
    """`given_by` gave it to `pool` at `given_ns`, in which `ahead` others waited already, while its workers worked on
    `behind`. `begun_ns`: when a worker began with it, -1 if none has."""

    future: str
    pool: str
    given_by: int
    given_ns: int
    ahead: int
    behind: tuple[str, ...]
    begun_ns: int = -1


class PoolCalls:
    """Those of one trace, as they come."""

    def __init__(self) -> None:
        self._by_future: dict[str, PoolCall] = {}
        #: By the worker: when it began with which, ascending.
        self._begun: dict[int, tuple[list[int], list[PoolCall]]] = {}

    def __bool__(self) -> bool:
        return bool(self._begun)

    def given(self, t_ns: int, track: int, told: str) -> None:
        """A track gave a pool such a call."""
        future, pool, ahead, *behind = [*told.split(", "), "", ""]
        count = int(ahead) if ahead.isdecimal() else 0
        self._by_future[future] = PoolCall(future, pool, track, t_ns, count, tuple(filter(None, behind)))

    def begins(self, t_ns: int, worker: int, future: str) -> None:
        """A worker begins with one."""
        call = self._by_future.get(future)
        if call is not None and call.begun_ns < 0:
            call.begun_ns = t_ns
            times, calls = self._begun.setdefault(worker, ([], []))
            times.append(t_ns)
            calls.append(call)

    def ended(self, worker: int, t_ns: int, suspension: Suspension) -> PoolCall | None:
        """The call by whose end `worker` ended that wait at `t_ns`; None if it was none, or that is not known."""
        times, calls = self._begun.get(worker, ((), ()))
        at = bisect_right(times, t_ns) - 1
        if at < 0 or suspension.reason not in (words.FUTURE, words.THREADPOOL):
            return None
        call = calls[at]
        is_its = call.future == suspension.object or (not suspension.object and call.given_by == suspension.track)
        return call if is_its else None
