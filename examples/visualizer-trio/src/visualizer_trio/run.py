"""The hooks: an instrument for each run of trio's loop, which tells what happens in it.

Why a task waits is found in waits.py, what woke it in wakes.py, and what happens a million times takes fast_path.py.
"""

from __future__ import annotations

import _thread
import sys

from visualizer.trace import words
from visualizer.tracers.core.code import function_name
from visualizer.tracers.core.context import NO_VALUE
from visualizer.tracers.core.variables import of_variables
from visualizer_trio.fast_path import FastPath
from visualizer_trio.waits import Waits, is_of_trio
from visualizer_trio.wakes import Callbacks, CallbacksOnce, giver_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from visualizer_trio.tracer import TrioTracer
    from visualizer_trio.wakes import Giver


def hook(function: Callable[..., None]) -> Callable[..., None]:
    """What goes wrong in a method of an instrument takes the runtime out, and the program goes on."""

    def guarded(run: Run, *of: Any) -> None:
        if run.tracer.is_on:
            try:
                function(run, *of)
            except Exception as error:
                run.context.fail(run.tracer.name, error)

    return guarded


class Task:
    """What is known of a task of trio's, to which no reference is kept."""

    __slots__ = ("giver", "is_new", "is_over", "sleeps", "track", "turn")

    def __init__(self, track: int) -> None:
        self.track = track
        self.is_new, self.is_over = True, False
        #: Who made it ready in its own step, before that was over.
        self.giver: Giver | None = None
        #: It waits in `trio.sleep`.
        self.sleeps = False
        #: Where it gave way last (fast_path.py).
        self.turn: Any = None


class Run:
    """The instrument of a run: its hooks are called in the thread of the run."""

    def __init__(self, tracer: TrioTracer, runner: Any) -> None:
        self.tracer, self.context, self.runner = tracer, tracer.context, runner
        #: Its own track, the track that runs, and the one that called `trio.run`.
        self.track = self.running = self.before = words.NOBODY
        self.tasks: dict[int, Task] = {}
        self.polls = False
        #: The coroutine of the task that makes a step; and whose callback is called in that, if it is the run's own.
        self.coroutine: Any = None
        self.giver: Giver | None = None
        #: Whose doing it is that a task is ready which has only asked for its next turn.
        self.turn: Giver = words.NOBODY, words.TIMER
        self.waits = Waits(tracer.context, runner.clock, self._track_of)
        self.fast: Any = None
        runner.entry_queue.queue, runner.entry_queue.idempotent_queue = Callbacks(self), CallbacksOnce(self)

    @property
    def asks(self) -> int:
        """The track that asks for what is done now."""
        return self.giver[0] if self.giver is not None else self.running

    def _track_of(self, thing: Any) -> int | None:
        known = self.tasks.get(id(thing))
        return known.track if known is not None else None

    def in_step(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the program's own in this step: below it are only those who called `trio.run`."""
        while frame is not None and frame.f_code is not self.tracer.loop:
            if self.context.own(frame.f_code):
                return frame
            frame = frame.f_back
        return None

    # The three that are called for each step try their short way first: another function around it would cost as much.

    def task_scheduled(self, task: Any) -> None:
        try:
            known = self.tasks.get(id(task))
            if known is not None and known.track == self.running and not known.is_new and self.giver is None:
                if type(task._next_send) is self.tracer.value:
                    known.giver = self.turn
                    return
        except Exception as error:
            self.context.fail(self.tracer.name, error)
        self._is_scheduled(task)

    def before_task_step(self, task: Any) -> None:
        try:
            known = self.tasks.get(id(task))
            if known is not None and self.tracer.is_on and self.fast.begins(known.track):
                self.coroutine, self.running = task.coro, known.track
                return
        except Exception as error:
            self.context.fail(self.tracer.name, error)
        self._begins_step(task)

    def after_task_step(self, task: Any) -> None:
        try:
            known = self.tasks.get(id(task))
            if known is not None and known.giver is self.turn and self.fast.gives_way(task.coro, known):
                self.coroutine, self.running, known.giver = None, self.track, None
                return
        except Exception as error:
            self.context.fail(self.tracer.name, error)
        self._ends_step(task)

    @hook
    def before_run(self) -> None:
        context, frame, t_ns = self.context, sys._getframe(2), self.context.now()
        if self.runner.is_guest:
            self.tracer.tell_of_guests()
            self.runner.instruments.remove_instrument(self)
            return
        self.before = context.current()
        self.track = self.running = context.spawned(t_ns, words.LOOP, "trio", self.before, words.CURRENT, frame)
        self.turn = self.track, words.TIMER
        context.suspended(t_ns, self.before, self.track, words.JOIN, thing=f"track {self.track}", frame=frame)
        self.fast = FastPath(context, self.track, t_ns)
        self.tracer.runs[_thread.get_ident()] = self
        context.inside[self.before] = lambda: self.running
        context.runs_tasks(True)

    @hook
    def after_run(self) -> None:
        if self.tracer.runs.pop(_thread.get_ident(), None) is self:
            context, t_ns = self.context, self.context.now()
            context.runs_tasks(False)
            del context.inside[self.before]
            context.exited(t_ns, self.track, words.RETURNED)
            context.ready(t_ns, self.before, self.track, words.FINISHED)
            context.switched(t_ns, self.running, self.before)

    @hook
    def before_io_wait(self, timeout: float) -> None:
        self.polls = True
        if timeout > 0:
            self.context.polls(self.context.now(), self.track, True)

    @hook
    def after_io_wait(self, timeout: float) -> None:
        self.polls = False
        if timeout > 0:
            self.context.polls(self.context.now(), self.track, False)

    @hook
    def task_spawned(self, task: Any) -> None:
        code = task.coro.cr_code
        if task.parent_nursery is None or (code.co_qualname == "EntryQueue.task" and is_of_trio(code)):
            return  # What these two tasks do is the run's own work.
        context, t_ns, by = self.context, self.context.now(), self.asks
        name = function_name(code) if task.name.endswith(f".{code.co_qualname}") else task.name
        track = context.spawned(t_ns, words.TASK, name, self.track, by, self.in_step(sys._getframe(3)))
        context.ready(t_ns, track, by, words.SPAWN)
        self.tasks[id(task)] = Task(track)

    @hook
    def _is_scheduled(self, task: Any) -> None:
        known = self.tasks.get(id(task))
        if known is None:
            return
        if known.is_new:
            known.is_new = False
        elif known.track == self.running:
            known.giver = giver_of(self, task, known)
        else:
            self.context.ready(self.context.now(), known.track, *giver_of(self, task, known))
            known.sleeps = False

    @hook
    def _begins_step(self, task: Any) -> None:
        known, self.coroutine = self.tasks.get(id(task)), task.coro
        if known is not None:
            self.running = known.track
            self.context.switched(self.context.now(), self.track, known.track)

    @hook
    def task_exited(self, task: Any) -> None:
        known = self.tasks.get(id(task))
        if known is None:
            return
        known.is_over = True
        result = of_variables(sys._getframe(3), lambda own: own["outcome"])
        if task is self.runner.main_task:
            result = self.runner.main_task_outcome
        error = getattr(result, "error", None)
        if error is None:
            ended: tuple[str, Any] = words.RETURNED, result.value
        else:
            ended = (words.CANCELLED, NO_VALUE) if self._is_cancel(error) else (words.RAISED, error)
        self.context.exited(self.context.now(), known.track, *ended)

    def _is_cancel(self, error: BaseException) -> bool:
        """Whether nothing but a cancel ended it: a nursery puts what its tasks raise into a group."""
        if type(error) is BaseExceptionGroup:
            return all(map(self._is_cancel, error.exceptions))
        return type(error) is self.tracer.cancelled

    @hook
    def _ends_step(self, task: Any) -> None:
        known, self.coroutine = self.tasks.get(id(task)), None
        if known is None:
            self.giver = None
            return
        self.running, giver, known.giver = self.track, known.giver, None
        gives_way = giver == self.turn
        context, t_ns, track = self.context, self.context.now(), known.track
        if known.is_over:
            del self.tasks[id(task)]
            context.switched(t_ns, track, self.track)
            return
        wait = self.waits.of(task, gives_way)
        if gives_way:
            self.fast.gave_way(t_ns, task.coro, known, wait.frame)
        known.sleeps = wait.sleeps
        if wait.owner is not None:
            context.owns(t_ns, wait.owner, wait.thing)
        about = wait.reason, wait.on, wait.limit_ns, wait.thing, wait.end, wait.frame
        context.suspended(t_ns, track, self.track, *about, giver=giver)
