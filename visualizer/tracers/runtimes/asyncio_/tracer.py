"""Watches asyncio: each loop and each task is a track.

Nothing happens until the program imports asyncio. Then each loop gets a queue of ours for its handles (ready.py) when
it is made; and `_set_running_loop`, which asyncio calls whenever a loop begins and ceases to run, tells when. A loop
that has no such queue is not watched, and the trace says so, unless it is uvloop's (foreign.py).
"""

from __future__ import annotations

import os
import sys
from _collections import deque  # type: ignore[import-not-found]

from visualizer.tracers.core.code import GENERATOR_FLAG
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.unpatched import get_ident
from visualizer.tracers.core.values import own_attribute, type_module, type_name
from visualizer.tracers.runtimes.asyncio_ import scopes, served
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.asyncio_.eager import EagerTasks
from visualizer.tracers.runtimes.asyncio_.foreign import ForeignLoops
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

_UNWATCHED = (
    " does not keep its ready callbacks where asyncio's own loops do: its tasks are not recorded. The program's "
    "coroutines are, each step as one of the thread that resumes it."
)
#: Functions of a loop that cease to run it.
_ENDS = ("run_forever", "_run_forever_cleanup")
#: That by which asyncio, from 3.12 on, forgets in a forked child which loop ran.
_FORGETS = "on_fork"


class AsyncioTracer:
    name = "asyncio"

    def __init__(self, context: Context) -> None:
        self.context = context
        self._shared: Shared | None = None
        self._queue_class: type[Plain] | None = None
        self._eager: EagerTasks | None = None
        self._foreign: ForeignLoops | None = None
        #: The loops that run, by thread, the innermost last.
        self._running: dict[int, list[Loop]] = context.loops
        self._loop_class: Any = None
        #: How a loop is made: ours, and asyncio's own.
        self._making: Any = None
        self._made: Any = None
        self._time: Any = None
        self._events: Any = None
        self._set_running: Any = None
        self._hook: Any = None
        self._told: set[str] = set()
        #: Weak references to the queues of all loops, by their ids, as a queue has no hash; and the loops, with what
        #: refers to them in the queues.
        self._queues: dict[int, tuple[Any, Loop, Any]] = {}

    def imported(self, name: str, module: ModuleType) -> None:
        known: Any = module
        if name == "asyncio.base_events":
            self._loop_class = known.BaseEventLoop
            self._events = known.events
            self._begin_making(known.BaseEventLoop)
            if self.context.control is not None:
                self._time = self._loop_class.time
                self._loop_class.time = _stopped_time(self.context.now)
            return
        if name in served.MODULES:
            if self._shared is not None:
                self._shared.served.imported(module, self._shared.expect_eager)
            return
        if name == scopes.MODULE:
            if self._shared is not None:
                self._shared.waits.scopes.imported(module)
            return
        if name == "uvloop":
            if self._foreign is not None:
                self._foreign.begin(known.Loop)
            return
        self._shared = shared = Shared(self.context, self.name, known)
        self._foreign = ForeignLoops(shared)
        self._set_running = original = known.events._set_running_loop
        self._queue_class = make_watched(shared, Loop)
        self._eager = EagerTasks(shared, self._loop_of)
        self._eager.begin(known, self._queue_class.__dict__["append"])
        self.context.has_tasks = True
        self.context.on_method["cancel"] = self._on_cancel
        self.context.steppers.append(self._is_step)
        self.context.step_codes[id(shared.library.run)] = shared.library.run
        self.context.stream.before_flush.append(self._report_polls)

        def _set_running_loop(loop: Any) -> None:
            original(loop)
            if self._queue_class is not None:
                try:
                    self._on_running(loop, sys._getframe(1))
                except Exception as error:
                    self.fail(error)

        os.register_at_fork(after_in_child=self._keep_own)
        self._hook = _set_running_loop
        for place in (known.events, known):
            if getattr(place, "_set_running_loop", None) is original:
                place._set_running_loop = _set_running_loop

    def remove(self) -> None:
        kind, self._queue_class = self._queue_class, None
        if self._loop_class is not None:
            if self._loop_class.__dict__.get("__init__") is self._making:
                self._loop_class.__init__ = self._made
            if self._time is not None:
                self._loop_class.time = self._time
                self._time = None
        if kind is None:
            return
        if self._eager is not None and self._foreign is not None:
            self._eager.remove()
            self._foreign.remove()
        if self._shared is not None:
            self._shared.served.remove()
            self._shared.waits.scopes.remove()
        for running in list(self._running.values()):
            for loop in running:
                self.context.inside.pop(loop.before, None)
        self.context.steppers.remove(self._is_step)
        self.context.step_codes.clear()
        del self.context.on_method["cancel"]
        self.context.stream.before_flush.remove(self._report_polls)
        for name in ("asyncio.events", "asyncio"):
            place: Any = sys.modules.get(name)
            if place is not None and place.__dict__.get("_set_running_loop") is self._hook:
                place._set_running_loop = self._set_running
        for queue in [reference() for reference, *_ in list(self._queues.values())]:
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

    def _begin_making(self, kind: Any) -> None:
        self._made = original = kind.__init__

        def make(loop: Any, *args: Any, **options: Any) -> None:
            original(loop, *args, **options)
            try:
                self._watch(loop)
            except Exception as error:
                self.fail(error)

        self._making = kind.__init__ = make

    def _watch(self, loop: Any) -> None:
        """Give a new loop a queue of ours."""
        handles = own_attribute(loop, "_ready")
        if self._queue_class is None or self._shared is None or type(handles) is not deque:
            return
        queue, known = self._queue_class(handles), Loop(self._shared)
        queue.loop = ref(known)
        # A loop that nobody has closed does that itself when it is collected. By then, references to its queue are
        # gone, and so are those that only the queue has.
        for key, (reference, one, _) in list(self._queues.items()):
            if one.is_closed and reference() is None:
                self._queues.pop(key, None)
        self._queues[id(queue)] = ref(queue), known, queue.loop
        object.__setattr__(loop, "_ready", queue)

    def _keep_own(self) -> None:
        """In a forked child, in its only thread: the loops of the others do not run here."""
        ident = get_ident()
        for other in [*self._running]:
            if other != ident:
                del self._running[other]

    def _on_running(self, loop: Any, frame: Any) -> None:
        """This thread runs `loop` from now on, or none, as the function in `frame` says."""
        ident = get_ident()
        running = self._running.get(ident)
        if running is None:
            running = self._running[ident] = []
        code = frame.f_code
        if loop is None:
            if code.co_name == _FORGETS and is_of_asyncio(code.co_filename):
                return  # Who has forked in the middle of a step goes on there, though asyncio no longer knows it.
            if running:
                running.pop().stops(code.co_name not in _ENDS)
                self.context.runs_tasks(bool(running))
            return
        known = self._loop_of(loop)
        if known is None:
            self._say_unwatched(type(loop))
            return
        if known in running:
            return  # It is only said again: by code that leaves and enters it by way of greenlets.
        running.append(known)
        known.loop = ref(loop)
        known.runs(frame)
        self.context.runs_tasks(True)

    def _loop_of(self, loop: Any) -> Loop | None:
        """What is known of a loop of the program's; None if it is not watched."""
        queue = own_attribute(loop, "_ready")
        if isinstance(queue, Plain):
            known: Loop = queue.loop()
            return known
        return self._foreign.of(loop) if self._foreign is not None else None

    def _say_unwatched(self, kind: type) -> None:
        name = f"{type_module(kind).partition('.')[0]}.{type_name(kind)}"
        if name not in self._told:
            self._told.add(name)
            self.context.note(name + _UNWATCHED, name)

    def _is_step(self, frame: Any, outermost: Any) -> bool:
        """Whether a task of a loop of ours makes a step that is called in `frame` and begins in `outermost`."""
        running = self._running.get(get_ident())
        if not running or self._shared is None or self._eager is None:
            return False
        code = frame.f_code
        if code is self._shared.library.run or code is running[-1].bottom or self._eager.is_step(frame, outermost):
            return True
        return is_of_asyncio(code.co_filename) and not code.co_flags & GENERATOR_FLAG

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
                loop.look_at_poll()


def _stopped_time(now: Callable[[], int]) -> Callable[[Any], float]:
    """A loop's clock, which stands still while the program is paused."""

    def time(self: Any) -> float:
        """Return the time according to the event loop's clock."""
        return now() / 1_000_000_000

    return time
