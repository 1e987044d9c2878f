"""What a task of trio's waits for, from the coroutines that it is suspended in.

The innermost of the program's own tells the place. The first of trio's below it is what was called there, and tells the
rest by its variables.
"""

from __future__ import annotations

import gc
import os
from types import AsyncGeneratorType, CoroutineType, GeneratorType

from visualizer.trace import words
from visualizer.tracers.core.object_ids import Numbers
from visualizer.tracers.core.sockets import Addresses
from visualizer.tracers.core.values import nanoseconds, type_name
from visualizer.tracers.core.variables import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterator, Mapping
    from types import CodeType, FrameType
    from typing import Any

    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.sockets import Endpoint

#: Functions of trio's that wait, and call none of the program's meanwhile -> the reason, and where the object is: a
#: variable, and an attribute of that.
_REASONS = {
    "checkpoint": ("checkpoint", "", ""),
    "sleep": (words.SLEEP, "", ""),
    "sleep_until": (words.SLEEP, "", ""),
    "sleep_forever": ("sleep_forever", "", ""),
    "Event.wait": (words.EVENT, "self", ""),
    "_LockImpl.acquire": (words.LOCK, "self", ""),
    "Condition.wait": (words.CONDITION, "self", ""),
    "Condition.acquire": (words.LOCK, "self", "_lock"),
    "Semaphore.acquire": (words.SEMAPHORE, "self", ""),
    "CapacityLimiter.acquire_on_behalf_of": (words.SEMAPHORE, "self", ""),
    "MemorySendChannel.send": ("send", "self", "_state"),
    "MemoryReceiveChannel.receive": ("receive", "self", "_state"),
    "Nursery._nested_child_finished": (words.JOIN, "self", "_children"),
    "ParkingLot.park": ("parking lot", "self", ""),
    "Process.wait": (words.SUBPROCESS, "self", ""),
    "getaddrinfo": (words.DNS, "", ""),
    "to_thread_run_sync": (words.THREADPOOL, "", ""),
    "_SocketType.accept": (words.ACCEPT, "self", "_sock"),
    "EpollIOManager._epoll_wait": (words.IO, "fd", ""),
    "Runner.wait_all_tasks_blocked": ("all blocked", "", ""),
}
_DIRECTIONS = {"read_task": words.READ, "write_task": words.WRITE}
#: What stands between a coroutine and what it awaits, and does not say which that is.
_BETWEEN = ("async_generator_asend", "async_generator_athrow", "coroutine_wrapper")
_TRIO = os.sep + "trio" + os.sep


def is_of_trio(code: CodeType) -> bool:
    return _TRIO in code.co_filename


def calls_nothing(code: CodeType) -> bool:
    """Whether it is a function of trio's that waits, and calls none of the program's meanwhile."""
    return code.co_qualname in _REASONS and is_of_trio(code)


class Wait:
    """One wait, as `Context.suspended` has it."""

    reason = words.UNKNOWN
    on = thing = ""
    limit_ns = -1
    end: Endpoint | None = None
    frame: FrameType | None = None
    #: The track that has the lock.
    owner: int | None = None
    #: It sleeps in a scope of trio's own.
    sleeps = False


class Waits:
    """Tells what the tasks of one run wait for."""

    def __init__(self, context: Context, clock: Any, track_of: Callable[[Any], int | None]) -> None:
        self._own = context.own
        self._clock = clock
        #: A clock of the program's own is not asked, and that of tests tells no time that passes.
        self._is_real = type_name(type(clock)) == "SystemClock"
        self._track_of = track_of
        #: By the ids of code objects, which are kept: whether it is the program's own, and whether it calls nothing.
        self._known: dict[int, tuple[bool, bool, CodeType]] = {}
        self._numbers = Numbers(track_of)
        self._addresses = Addresses()

    def of(self, task: Any, gives_way: bool) -> Wait:
        """What a task is about to wait for. `gives_way`: it has only asked for its next turn."""
        wait = Wait()
        if gives_way:
            wait.reason, wait.on, wait.limit_ns = words.SLEEP, "0 s", 0
        for frame in _frames(task.coro):
            is_own, is_last, _ = self._known.get(id(frame.f_code)) or self._meet(frame.f_code)
            if is_own:
                wait.frame = frame
            if is_last:
                if not gives_way:
                    wait.limit_ns = self._left_ns(task._cancel_status)
                    wait.reason, *where = _REASONS[frame.f_code.co_qualname]
                    of_variables(frame, lambda own: self._tell(wait, task, own, *where))  # noqa: B023 - called at once
                break
        return wait

    def _meet(self, code: CodeType) -> tuple[bool, bool, CodeType]:
        known = self._known[id(code)] = self._own(code), calls_nothing(code), code
        return known

    def _tell(self, wait: Wait, task: Any, own: Mapping[str, Any], variable: str, attribute: str) -> None:
        """What a function of trio's with these variables waits for."""
        thing: Any = own[variable] if variable else None
        thing = getattr(thing, attribute) if attribute else thing
        if wait.reason == words.SLEEP:
            self._sleeps(wait, task, own.get("seconds"))
        elif wait.reason == words.ACCEPT:
            fd, local, peer = self._addresses.of_socket(thing, True)
            wait.reason, wait.end = words.IO, (fd, words.ACCEPT, local, peer)
        elif wait.reason == words.IO:
            wait.end = (thing, _DIRECTIONS[own["attr_name"]], *self._addresses.of_fd(thing))
        elif variable:
            self._names(wait, thing)

    def _names(self, wait: Wait, thing: Any) -> None:
        """The object that is waited for, and who has it, if it is a lock."""
        if type(thing) is set:
            thing = sorted(thing, key=lambda task: self._track_of(task) or 0)
        wait.thing = self._numbers.name(thing)
        if wait.reason == words.LOCK:
            wait.owner = self._track_of(thing._owner)

    def _sleeps(self, wait: Wait, task: Any, seconds: Any) -> None:
        """It sleeps in a scope of trio's own, whose deadline is the end of that."""
        wait.sleeps = True
        asked_ns = nanoseconds(seconds)
        if asked_ns >= 0:
            wait.on = f"{seconds:g} s"
            if self._is_real:
                outer_ns = self._left_ns(task._cancel_status.parent)
                wait.limit_ns = outer_ns if 0 <= outer_ns < asked_ns else asked_ns

    def _left_ns(self, status: Any) -> int:
        """What is left until the first deadline that is around a task; -1 if there is none, or it is not known."""
        if not self._is_real:
            return -1
        if status.effectively_cancelled:
            # trio forgets when the deadline was.
            return 0 if getattr(status._scope._cancel_reason, "source", "") == "deadline" else -1
        return nanoseconds(max(0, status.effective_deadline() - self._clock.current_time()))


def _frames(coroutine: Any) -> Iterator[FrameType]:
    """The frames that a task is suspended in, the innermost last."""
    while coroutine is not None:
        if type(coroutine) is CoroutineType:
            frame, coroutine = coroutine.cr_frame, coroutine.cr_await
        elif type(coroutine) is GeneratorType:
            frame, coroutine = coroutine.gi_frame, coroutine.gi_yieldfrom
        elif type(coroutine) is AsyncGeneratorType:
            frame, coroutine = coroutine.ag_frame, coroutine.ag_await
        elif type_name(type(coroutine)) in _BETWEEN:
            kinds = (AsyncGeneratorType, CoroutineType)
            frame, coroutine = None, next((one for one in gc.get_referents(coroutine) if type(one) in kinds), None)
        else:
            return
        if frame is not None:
            yield frame
