"""Watches asyncio: each loop and each task is a track.

Nothing happens until the program imports asyncio. Then each loop that is made gets a queue of ours for its handles
(ready.py), by a descriptor of the loop's class; and `_set_running_loop`, which asyncio calls whenever a loop begins and
ceases to run, tells when. A loop that has no such queue (uvloop's) is not watched, and the trace says so.
"""

from __future__ import annotations

import _thread
import sys
from _collections import deque  # type: ignore[import-not-found]

from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import type_module, type_name
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.asyncio_.eager import EagerTasks
from visualizer.tracers.runtimes.asyncio_.loops import Loop
from visualizer.tracers.runtimes.asyncio_.ready import Plain, make_watched
from visualizer.tracers.runtimes.asyncio_.shared import Shared

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

_get_ident = _thread.get_ident
_UNWATCHED = (
    " does not keep its ready callbacks where asyncio's own loops do: its tasks are not recorded. The program's "
    "coroutines are, each step as one of the thread that resumes it."
)
#: Functions of a loop that cease to run it.
_ENDS = ("run_forever", "_run_forever_cleanup")


class _OnSet:
    """A loop's attribute `_ready`: what is set is kept in the instance, as otherwise, but as a queue of ours."""

    def __init__(self, tracer: AsyncioTracer) -> None:
        self._tracer = tracer

    def __set__(self, loop: Any, value: Any) -> None:
        if type(value) is deque:
            try:
                value = self._tracer.watched(value)
            except Exception as error:
                self._tracer.fail(error)
        loop.__dict__["_ready"] = value


class AsyncioTracer:
    name = "asyncio"
    modules: tuple[str, ...] = ("asyncio.base_events", "asyncio")

    def __init__(self, context: Context) -> None:
        self.context = context
        self._shared: Shared | None = None
        self._queue_class: type[Plain] | None = None
        self._eager: EagerTasks | None = None
        #: The loops that run, by thread, the innermost last.
        self._running: dict[int, list[Loop]] = {}
        self._loop_class: Any = None
        self._time: Any = None
        self._events: Any = None
        self._set_running: Any = None
        self._hook: Any = None
        self._told: set[str] = set()
        #: Weak references to the queues of all loops, by their ids: a queue has no hash.
        self._queues: dict[int, Any] = {}

    def install(self) -> str:
        return "on when asyncio is imported: its loops' queues of ready handles"

    def imported(self, name: str, module: ModuleType) -> None:
        known: Any = module
        if name == "asyncio.base_events":
            self._loop_class = known.BaseEventLoop
            self._events = known.events
            self._loop_class._ready = _OnSet(self)
            if self.context.control is not None:
                self._time = self._loop_class.time
                self._loop_class.time = _stopped_time(self.context.now)
            return
        self._shared = shared = Shared(self.context, self.name, known)
        self._set_running = original = known.events._set_running_loop
        self._queue_class = make_watched(shared)
        self._eager = EagerTasks(shared)
        self._eager.begin(known)
        self.context.has_tasks = True
        self.context.on_method["cancel"] = self._on_cancel
        self.context.runners.append(self._current)
        self.context.steppers.append(self._is_step)
        self.context.stream.before_flush.append(self._report_polls)

        def _set_running_loop(loop: Any) -> None:
            original(loop)
            if self._queue_class is not None:
                try:
                    self._on_running(loop, sys._getframe(1))
                except Exception as error:
                    self.fail(error)

        self._hook = _set_running_loop
        for place in (known.events, known):
            if getattr(place, "_set_running_loop", None) is original:
                place._set_running_loop = _set_running_loop

    def remove(self) -> None:
        kind, self._queue_class = self._queue_class, None
        if self._loop_class is not None and "_ready" in self._loop_class.__dict__:
            del self._loop_class._ready
            if self._time is not None:
                self._loop_class.time = self._time
        if kind is None:
            return
        if self._eager is not None:
            self._eager.remove()
        self.context.runners.remove(self._current)
        self.context.steppers.remove(self._is_step)
        del self.context.on_method["cancel"]
        self.context.stream.before_flush.remove(self._report_polls)
        for name in ("asyncio.events", "asyncio"):
            place: Any = sys.modules.get(name)
            if place is not None and place.__dict__.get("_set_running_loop") is self._hook:
                place._set_running_loop = self._set_running
        for queue in [reference() for reference in list(self._queues.values())]:
            if queue is not None:
                queue.__class__ = Plain

    def finish(self, t_ns: int) -> None:
        """What has not ended by now never does."""
        if self._shared is not None:
            self._shared.find_retrieved(t_ns, at_end=True)

    def fail(self, error: BaseException) -> None:
        """A hook failed."""
        self.context.fail(self.name, error)

    # Loops.

    def watched(self, handles: Any) -> Any:
        """The queue for a new loop."""
        if self._queue_class is None or self._shared is None:
            return handles
        queue = self._queue_class(handles)
        queue.loop = Loop(self._shared)
        key = id(queue)
        self._queues[key] = ref(queue, lambda _: self._queues.pop(key, None))
        return queue

    def _on_running(self, loop: Any, frame: Any) -> None:
        """This thread runs `loop` from now on, or none, as the function in `frame` says."""
        ident = _get_ident()
        running = self._running.setdefault(ident, [])
        if loop is None:
            if running:
                running.pop().stops(frame.f_code.co_name not in _ENDS)
                self._tell(bool(running))
            return
        own = object.__getattribute__(loop, "__dict__") if hasattr(type(loop), "__dict__") else {}
        queue = own.get("_ready") if type(own) is dict else None
        if not isinstance(queue, Plain):
            self._say_unwatched(type(loop))
            return
        running.append(queue.loop)
        queue.loop.runs(frame)
        self._tell(True)

    def _tell(self, has_tasks: bool) -> None:
        for report in self.context.on_tasks:
            report(has_tasks)

    def _say_unwatched(self, kind: type) -> None:
        name = f"{type_module(kind).partition('.')[0]}.{type_name(kind)}"
        if name not in self._told:
            self._told.add(name)
            self.context.note(name + _UNWATCHED, name)

    def _current(self) -> int | None:
        """The track that runs in this thread, if it runs a loop."""
        running = self._running.get(_get_ident())
        return running[-1].running if running and running[-1].ident else None

    def _is_step(self, frame: Any) -> bool:
        """Whether in `frame` a task of a loop of ours makes a step."""
        running = self._running.get(_get_ident())
        return bool(running) and is_of_asyncio(frame.f_code.co_filename)

    def _on_cancel(self, thing: Any, code: CodeType, offset: int) -> bool:
        """The program's own code is about to cancel something: return whether it may be a task."""
        shared = self._shared
        if shared is None or not shared.library.is_future(thing):
            return False
        known = shared.tasks.of(thing)
        if known is not None and not known.ended:
            known.loop.cancels(self.context.now(), known, thing, self.context.current(), code, offset)
        return True

    def _report_polls(self) -> None:
        for running in list(self._running.values()):
            for loop in running[-1:]:
                loop.report_poll()


def _stopped_time(now: Callable[[], int]) -> Callable[[Any], float]:
    """A loop's clock, which stands still while the program is paused."""

    def time(self: Any) -> float:
        """Return the time according to the event loop's clock."""
        return now() / 1_000_000_000

    return time
