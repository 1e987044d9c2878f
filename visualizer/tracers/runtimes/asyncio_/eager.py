"""The first steps of eager tasks (Python 3.12 and later), which are made in the middle of their creator's.

An eager task runs until its first wait before anybody gets it, and nothing is put into the loop's queue for that. It is
made in one of two ways, both watched by `sys.monitoring` with a tool id of its own:

- `asyncio.eager_task_factory`: the call of the function that makes the task.
- `asyncio.Task(coroutine, eager_start=True)`, as aiohttp's server does, and from 3.14 on `asyncio.create_task`: no
  frame stands between the creator and the coroutine. So we ask whose step it is where a coroutine of the program's own
  begins that its caller does not await, and from then on wherever the outermost coroutine of that step begins. The step
  is over at the caller's next instruction.
"""

from __future__ import annotations

import sys
from types import CodeType, CoroutineType

from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.core.variables import of_variables
from visualizer.tracers.runtimes.asyncio_.library import callee_name
from visualizer.tracers.runtimes.asyncio_.loops import Loop
from visualizer.tracers.runtimes.asyncio_.shared import Shared
from visualizer.tracers.runtimes.generators.introspection import after, ask_for_instructions, is_generator

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: The others are asked for by the generators, by what pauses the program, and by the waits of threads.
_TOOL_IDS = (3, 4, 5)
_getframe = sys._getframe
_DISABLE = getattr(getattr(sys, "monitoring", None), "DISABLE", None)


class EagerTasks:
    """Watches eager tasks being made."""

    def __init__(self, shared: Shared, loop_of: Callable[[Any], Loop | None]) -> None:
        """`loop_of`: what is known of a loop of the program's, None if nothing is."""
        self._shared = shared
        self._settle = shared.settle
        self._loop_of = loop_of
        self._tool: int | None = None
        self._factory: CodeType | None = None
        #: The loops in which such a step is being made, by the id of the frame that makes the task.
        self._begun: dict[int, Any] = shared.context.stream.new_table()
        #: The outermost coroutines of such tasks, and the offsets behind the calls of their creators. By the id of the
        #: code.
        self._outermost: dict[int, CodeType] = {}
        self._behind: dict[int, tuple[CodeType, set[int]]] = shared.context.stream.new_table()
        #: The places of these calls, as id(code) + offset.
        self._creating: set[int] = set()

    def begin(self, asyncio: Any, append: Any) -> None:
        """Watch from now on, if there are such tasks, and a tool id. `append`: that of the loops' queues."""
        make = getattr(asyncio.tasks, "create_eager_task_factory", None)
        codes = [one for one in make.__code__.co_consts if type(one) is CodeType] if make is not None else []
        if sys.version_info < (3, 12) or not codes:
            return
        monitoring = sys.monitoring
        tool = next((number for number in _TOOL_IDS if monitoring.get_tool(number) is None), None)
        if tool is None:
            return
        monitoring.use_tool_id(tool, "visualizer: asyncio")
        self._tool, self._factory = tool, codes[0]
        self._shared.expect_eager = self.expect
        events = monitoring.events
        compiled, callbacks = self._shared.context.compiled, self._callbacks(events)
        for event, callback in callbacks:
            monitoring.register_callback(tool, event, self._shared.context.told(callback))
        if compiled is not None:
            # The short ways in C, in front of these.
            start, instruction = compiled.eager_ways(
                append, self._factory, self._shared.context.loops, self._shared.library.current_task, self._creating,
                self._begun, self._behind, self._on_start, self._on_instruction,
            )
            monitoring.register_callback(tool, events.PY_START, start)
            monitoring.register_callback(tool, events.INSTRUCTION, instruction)
        monitoring.set_local_events(tool, codes[0], events.PY_START | events.PY_RETURN | events.CALL)

    def remove(self) -> None:
        if sys.version_info < (3, 12) or self._tool is None or self._factory is None:
            return
        monitoring = sys.monitoring
        creators = [code for code, _ in list(self._behind.values())]
        for code in (self._factory, *self._outermost.values(), *creators):
            monitoring.set_local_events(self._tool, code, 0)
        for event, _ in self._callbacks(monitoring.events):
            monitoring.register_callback(self._tool, event, None)
        monitoring.free_tool_id(self._tool)
        self._tool = None

    def _callbacks(self, events: Any) -> list[tuple[int, Callable[..., Any]]]:
        return [
            (events.PY_START, self._on_start), (events.PY_RETURN, self._on_return), (events.C_RAISE, self._on_raised),
            (events.INSTRUCTION, self._on_instruction),
        ]

    def is_step(self, creator: Any, outermost: Any) -> bool:
        """Whether the frame `outermost` is that of an eager task which makes its first step, called by `creator`."""
        try:
            return self._tool is not None and self._begins(creator, outermost)
        except BaseException as error:
            self._settle(error)
            return False

    def _begins(self, creator: Any, outermost: Any) -> bool:
        library = self._shared.library
        task = library.running_task()
        if task is None:
            return False
        is_plain = type(task) is library.task
        coroutine = task._coro if is_plain else library.get(task, "_coro")
        if type(coroutine) is not CoroutineType or coroutine.cr_frame is not outermost:
            return False
        if self._shared.tasks.of(task) is None:
            loop = self._loop_of(task._loop if is_plain else library.get(task, "_loop"))
            if loop is None or (loop.eager and loop.is_eager(coroutine)):
                return False
            given = library.given(task)
            if not loop.begins_eagerly(creator, coroutine, library.name(task, given), task, given):
                return False
            self._begun[id(creator)] = loop
            code, offset = creator.f_code, creator.f_lasti
            if id(code) + offset not in self._creating:
                self._watch_behind(code, after(code, offset))
                self._creating.add(id(code) + offset)
            self.expect(coroutine.cr_code)
        return True

    def expect(self, code: CodeType) -> None:
        """A coroutine of that code has been the outermost of an eager task."""
        if sys.version_info >= (3, 12) and self._tool is not None and id(code) not in self._outermost:
            self._outermost[id(code)] = code
            monitoring = sys.monitoring
            events = monitoring.get_local_events(self._tool, code)
            monitoring.set_local_events(self._tool, code, events | monitoring.events.PY_START)

    def _watch_behind(self, code: CodeType, offset: int) -> None:
        known = self._behind.get(id(code))
        if known is None:
            known = self._behind[id(code)] = code, set()
        offsets = known[1]
        if self._tool is not None and offset not in offsets:
            offsets.add(offset)
            ask_for_instructions(self._tool, code)

    @uninterrupted
    def _on_start(self, code: CodeType, _offset: int) -> None:
        try:
            frame = _getframe(1)
            if code is self._factory:
                self._on_factory(frame)
            else:
                creator: Any = frame.f_back
                if creator is not None and creator.f_code not in self._shared.context.bottoms:
                    self.is_step(creator, frame)
        except BaseException as error:
            self._settle(error)

    def _on_factory(self, frame: Any) -> None:
        loop, coroutine, name = of_variables(frame, lambda own: (own.get("loop"), own.get("coro"), own.get("name")))
        known = self._loop_of(loop)
        if known is not None and is_generator(coroutine):
            name = name if type(name) is str else callee_name(coroutine)
            if known.begins_eagerly(frame, coroutine, name):
                self._begun[id(frame)] = known

    @uninterrupted
    def _on_return(self, code: CodeType, _offset: int, task: Any) -> None:
        try:
            if code is self._factory:
                self._ends(_getframe(1), task)
        except BaseException as error:
            self._settle(error)

    @uninterrupted
    def _on_raised(self, code: CodeType, _offset: int, _function: Any, _argument: Any) -> None:
        try:
            if code is self._factory:
                self._ends(_getframe(1), None)
        except BaseException as error:
            self._settle(error)

    @uninterrupted
    def _on_instruction(self, code: CodeType, offset: int) -> Any:
        try:
            if offset not in self._behind.get(id(code), (code, ()))[1]:
                return _DISABLE
            self._ends(_getframe(1), None)
        except BaseException as error:
            self._settle(error)
        return None

    def _ends(self, frame: Any, task: Any) -> None:
        loop = self._begun.pop(id(frame), None)
        if loop is not None:
            loop.ends_eagerly(task)
