"""Whose doing it is that a task of trio's is ready, and why.

An instrument is told when, in the step of whoever does it. Who asked for a cancel, and which thread for a callback, is
noted where trio keeps it until it takes effect.
"""

from __future__ import annotations

from _collections import deque  # type: ignore[import-not-found]

from visualizer.trace import words
from visualizer.tracers.core.code import callable_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

    from visualizer_trio.run import Run, Task

    #: A track, and the cause of the wake.
    Giver = tuple[int, str]

#: Callbacks by which a run learns of a thread or a signal, as `callable_name` has them.
_CALLBACKS = {
    "report_back_in_trio_thread_fn": words.THREADPOOL,
    "SignalReceiver._add": words.SIGNAL,
    "Runner._deliver_ki_cb": words.SIGNAL,
}


def giver_of(run: Run, task: Any, known: Task) -> Giver:
    """Whose doing it is that `task` is ready now, and why."""
    error = getattr(task._next_send, "error", None)
    if type(error) is run.tracer.cancelled:
        scope = task._cancel_status._scope
        reason = scope._cancel_reason
        if reason is None or reason.source != "deadline":
            return getattr(reason, "by", words.NOBODY), words.CANCEL
        # trio lets a task sleep for ever in a scope that has a deadline: that it is cancelled is the end of its sleep.
        return run.track, words.TIMER if known.sleeps and scope._cancel_called else words.TIMEOUT
    if type(error) is KeyboardInterrupt:
        return run.track, words.SIGNAL
    if run.giver is not None:
        return run.giver
    if run.running == known.track:
        return run.track, words.TIMER  # It has asked for its next turn.
    if run.running == run.track:
        return run.track, words.IO if run.polls else "all blocked"
    if run.coroutine.cr_frame is None:
        return run.running, words.FINISHED
    return run.running, words.CALLBACK if error is None else words.THROW


def noting(reason: Any, asks: Callable[[], int]) -> Any:
    """The class of what trio keeps of each cancel, with the track that asked for it."""

    class CancelReason(reason):  # type: ignore[misc]
        def __init__(self, /, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.by = asks()

    return CancelReason


def _calls(run: Run, job: tuple[Any, ...], by: int) -> None:
    """The run calls that next, which `by` has asked for."""
    cause = _CALLBACKS.get(callable_name(job[0]) or "", words.CALLBACK)
    run.giver = run.track if cause == words.SIGNAL else by, cause


class Callbacks(deque):  # type: ignore[misc]
    """A run's queue of callbacks, into which threads and signal handlers put them; with the track that does."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def append(self, job: Any) -> None:
        super().append((job, self._run.tracer.asks()))

    def popleft(self) -> Any:
        job, by = super().popleft()
        _calls(self._run, job, by)
        return job


class CallbacksOnce(dict):  # type: ignore[type-arg]
    """The same of those that are called only once, however often they were asked for: trio has them as keys."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def __setitem__(self, job: Any, _: None) -> None:
        super().__setitem__(job, self._run.tracer.asks())

    def __delitem__(self, job: Any) -> None:
        _calls(self._run, job, self[job])
        super().__delitem__(job)
