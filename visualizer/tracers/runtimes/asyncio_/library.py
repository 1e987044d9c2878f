"""asyncio's own classes and functions, and what is read of their objects without running any code of the program.

No attribute of a subclass of the program's is asked for: what a task is doing is read with the descriptors of asyncio's
own classes, the compiled one and the one in Python.
"""

from __future__ import annotations

import sys
from gc import get_referents
from types import BuiltinFunctionType, MethodType

from visualizer.tracers.core.code import function_name
from visualizer.tracers.core.values import arguments_of, bases_of, own_attribute, type_name
from visualizer.tracers.runtimes.asyncio_.causes import is_of_asyncio
from visualizer.tracers.runtimes.generators.introspection import ASEND, ATHROW, code_of, is_generator, resumed_by

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

#: The name that asyncio gives to a task whose author gave it none.
_AUTOMATIC = "Task-"
#: The same on 3.13 where a factory makes it: `str` of no name.
_OF_FACTORY = "None"
#: Coroutine functions of a loop -> the loop's attribute that they are for.
_NEEDED_BY = {
    "BaseEventLoop.shutdown_asyncgens": "_asyncgens",
    "BaseEventLoop.shutdown_default_executor": "_default_executor",
}
_ATTRIBUTES = (
    "_coro", "_fut_waiter", "_state", "_exception", "_result", "_cancel_message", "_must_cancel", "_callbacks", "_loop",
    "_log_traceback",
)


class Library:
    """The program's asyncio."""

    def __init__(self, asyncio: Any) -> None:
        tasks, futures = asyncio.tasks, asyncio.futures
        self.python_task: Any = tasks._PyTask
        self.python_future: Any = futures._PyFuture
        self.task: Any = tasks.Task
        self.future: Any = futures.Future
        self.current_task: Any = tasks.current_task
        self.cancelled_error: type = asyncio.exceptions.CancelledError
        self.timer_handle: type = asyncio.events.TimerHandle
        #: Code of functions: the one in which a handle is run, and the one in which `sleep(0)` gives way.
        self.run: Any = asyncio.events.Handle._run.__code__
        self.turn: Any = tasks.__dict__["__sleep0"].__code__
        #: The class of what `gather` returns, that of time limits, and those that hold what is entered by `async with`.
        self.gathering: Any = tasks._GatheringFuture
        self.timeout: Any = asyncio.timeouts.Timeout
        self.queue: type = asyncio.queues.Queue
        self._condition = asyncio.locks.Condition
        self._locks = (asyncio.locks.Lock, asyncio.locks.Semaphore, self._condition)
        self.socket: Any = sys.modules["_socket"]
        self._descriptors: dict[str, Any] = {}
        self._of_futures: dict[str, Any] = {}
        for name in _ATTRIBUTES:
            if self.task is not self.python_task:
                self._descriptors[name] = _descriptor(self.task, name)
                self._of_futures[name] = _descriptor(self.future, name)
        self.handle: type = asyncio.events.Handle
        #: The type of the callback by which a compiled task makes a step, once one was seen.
        self.step: Any = None
        self._steps = frozenset(id(self.python_task.__dict__[name]) for name in ("_Task__step", "_Task__wakeup"))

    def running_task(self) -> Any:
        """The task that runs in this thread, None if there is none."""
        try:
            return self.current_task()
        except RuntimeError:
            return None

    def is_task(self, thing: Any) -> bool:
        """Whether it is a task of asyncio's, or of a class made of it."""
        bases = bases_of(type(thing))
        return any(base is self.task or base is self.python_task for base in bases)

    def is_future(self, thing: Any) -> bool:
        """Whether it is a future, or a task."""
        bases = bases_of(type(thing))
        return any(base is self.future or base is self.python_future or base is self.task for base in bases)

    def is_lock(self, thing: Any) -> bool:
        """Whether it is held by who has entered it."""
        return any(base is kind for base in bases_of(type(thing)) for kind in self._locks)

    def is_condition(self, thing: Any) -> bool:
        """Whether it is a condition, by which a lock is entered."""
        return any(base is self._condition for base in bases_of(type(thing)))

    def cancels(self, task: Any) -> int:
        """How often it was asked for its cancellation, less how often that was taken back."""
        if type(task) is self.task:
            return task.cancelling()  # type: ignore[no-any-return]
        is_compiled = not any(base is self.python_task for base in bases_of(type(task)))
        count: int = self.task.cancelling(task) if is_compiled else self.python_task.cancelling(task)
        return count

    def asked_with(self, waited_for: Any) -> list[Any]:
        """The tasks that are asked for their cancellation when a task is that waits for that: it, if it is one, or all
        that a `gather` waits for."""
        if type(waited_for) is self.gathering:
            children = own_attribute(waited_for, "_children")
            return [one for one in children if self.is_task(one)] if type(children) is list else []
        return [waited_for] if waited_for is not None and self.is_task(waited_for) else []

    def message_of_end(self, task: Any) -> Any:
        """With which message a task was cancelled that has just ended so; None if with none, or if it did not.

        What came out of it has that: its own attribute is gone by then.
        """
        if self.get(task, "_state") != "CANCELLED":
            return None
        found = own_attribute(task, "_cancelled_exc")
        for one in (found,) if found is not None else get_referents(task):
            if issubclass(type(one), self.cancelled_error):
                arguments = arguments_of(one)
                return arguments[0] if arguments else None
        return None

    def get(self, thing: Any, name: str) -> Any:
        """An attribute of a task or future, None if it has none of this name."""
        if type(thing) is self.task and self._descriptors:
            return self._descriptors[name].__get__(thing)
        for base in bases_of(type(thing)):
            if base is self.python_future:
                return own_attribute(thing, name)
            if base is self.task:
                descriptor = self._descriptors.get(name)
                return descriptor.__get__(thing) if descriptor is not None else None
            if base is self.future:
                descriptor = self._of_futures.get(name)
                return descriptor.__get__(thing) if descriptor is not None else None
        return None

    def stepped_by(self, callback: Any) -> tuple[Any, bool] | None:
        """The task that a callback of the loop gives its next step, and whether for something it waited for."""
        kind = type(callback)
        if kind is BuiltinFunctionType:
            task = callback.__self__
            if callback.__name__ == "task_wakeup" and (type(task) is self.task or self.is_task(task)):
                return task, True
        elif kind is MethodType:
            if id(callback.__func__) in self._steps:
                return callback.__self__, callback.__func__.__name__ == "__wakeup"
        elif kind is self.step or type_name(kind) == "TaskStepMethWrapper":
            self.step = kind
            return callback.__self__, False
        return None

    def is_formality(self, task: Any) -> bool:
        """Whether it is one of those with which `asyncio.run` ends a loop, and has nothing to do."""
        coroutine = self.get(task, "_coro")
        needed = _NEEDED_BY.get(code_of(coroutine).co_qualname) if is_generator(coroutine) else None
        if needed is None or not is_of_asyncio(code_of(coroutine).co_filename):
            return False
        there = own_attribute(self.get(task, "_loop"), needed)
        return there is None or not getattr(there, "data", True)

    def given(self, task: Any) -> Any:
        """What asyncio calls a task."""
        if type(task) is self.task:
            return task.get_name()
        bases = bases_of(type(task))
        own = next((base for base in bases if base is self.task or base is self.python_task), None)
        return own.get_name(task) if own is not None else None

    def name(self, task: Any, given: Any) -> str:
        """The name that its author gave it, else that of its coroutine's function; "" if that is gone.

        `given`: what asyncio calls it.
        """
        if not is_automatic(given):
            return str(given)
        coroutine = self.get(task, "_coro")
        return callee_name(coroutine) if coroutine is not None else ""


def is_automatic(given: Any) -> bool:
    """Whether asyncio calls a task so to which its author gave no name."""
    if type(given) is not str or given == _OF_FACTORY:
        return True
    return given.startswith(_AUTOMATIC) and given[len(_AUTOMATIC) :].isdigit()


def callee_name(coroutine: Any) -> str:
    """The name of the function of a coroutine, "rows.aclose" of what closes a generator, or that of the type."""
    kind = type(coroutine)
    if (kind is ASEND or kind is ATHROW) and (asked := resumed_by(coroutine)) is not None:
        # With nothing to throw, it closes.
        method = "asend" if kind is ASEND else "athrow" if len(get_referents(coroutine)) > 1 else "aclose"
        return f"{function_name(code_of(asked))}.{method}"
    return function_name(code_of(coroutine)) if is_generator(coroutine) else type_name(kind)


def _descriptor(kind: Any, name: str) -> Any:
    for base in bases_of(kind):
        if name in base.__dict__:
            return base.__dict__[name]
    return None
