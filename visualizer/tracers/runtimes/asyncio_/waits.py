"""What a task waits for: the reason, the object and the place, from the coroutines that it is suspended in."""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.core.context import Context
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.asyncio_.library import Library
from visualizer.tracers.runtimes.asyncio_.tasks import Tasks
from visualizer.tracers.runtimes.generators.introspection import chain, frame_of, is_generator
from visualizer.tracers.runtimes.gevent.object_ids import Numbers
from visualizer.tracers.runtimes.greenlets.call_sites import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.lines import InCall

#: Coroutine functions of asyncio's -> the reason of a wait in one.
_REASONS = {
    "sleep": words.SLEEP,
    "Event.wait": words.EVENT,
    "Lock.acquire": words.LOCK,
    "Condition.wait": words.CONDITION,
    "Semaphore.acquire": words.SEMAPHORE,
    "Queue.get": words.QUEUE,
    "Queue.put": words.QUEUE,
    "Queue.join": words.QUEUE,
}


class Waits:
    """Tells what tasks wait for. One for all loops."""

    def __init__(self, context: Context, library: Library, tasks: Tasks) -> None:
        self._own = context.own
        self._library = library
        self._tasks = tasks
        self._numbers = Numbers(self._known_track)

    def _known_track(self, thing: Any) -> int | None:
        known = self._tasks.of(thing)
        return known.track if known is not None else None

    def chain(self, task: Any) -> list[Any]:
        """The frames that a task is suspended in, the innermost last."""
        coroutine = self._library.get(task, "_coro")
        if not is_generator(coroutine):
            return []
        return [frame for one in chain(coroutine) if (frame := frame_of(one)) is not None]

    def place(self, frames: list[Any]) -> tuple[CodeType | None, int]:
        """Where in the program's own code that is; if nowhere, where in a library's."""
        library = None
        for frame in reversed(frames):
            if self._own(frame.f_code):
                return frame.f_code, frame.f_lasti
            if library is None and not is_of_asyncio(frame.f_code.co_filename):
                library = frame
        return (library.f_code, library.f_lasti) if library is not None else (None, 0)

    def of(self, t_ns: int, task: Any) -> tuple[InCall, CodeType | None, int]:
        """What a suspended task waits for, and where."""
        frames = self.chain(task)
        code, offset = self.place(frames)
        future = self._library.get(task, "_fut_waiter")
        for frame in reversed(frames):
            if is_of_asyncio(frame.f_code.co_filename):
                told = self._in_function(frame)
                if told is not None:
                    return told, code, offset
        return self._of_future(future), code, offset

    def _in_function(self, frame: Any) -> InCall | None:
        """What is waited for in a function of asyncio's; None if that tells nothing."""
        reason = _REASONS.get(frame.f_code.co_qualname)
        if reason is None:
            return None
        told: InCall = of_variables(frame, lambda own: self._with(reason, own))
        return told

    def _with(self, reason: str, own: Mapping[str, Any]) -> InCall:
        if reason == words.SLEEP:
            delay: Any = own.get("delay")
            is_plain = type(delay) is float or type(delay) is int
            return reason, int(delay * 1_000_000_000) if is_plain else -1, "", None
        return reason, -1, self._numbers.name(own.get("self")), None

    def _of_future(self, future: Any) -> InCall:
        """What is waited for, of a future that is awaited and is not of asyncio's own making."""
        track = self._known_track(future)
        if track is not None:
            return words.JOIN, -1, f"track {track}", None
        return words.FUTURE, -1, self._numbers.name(future), None
