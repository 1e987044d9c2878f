"""The first steps of eager tasks (Python 3.12 and later), which are made in the middle of their creator's.

`asyncio.eager_task_factory` makes a task that runs until its first wait before anybody gets it, and nothing is put into
the loop's queue for that. So the call of the function that makes the task is watched by `sys.monitoring`, with a tool
id of its own.
"""

from __future__ import annotations

import sys
from types import CodeType

from visualizer.tracers.runtimes.asyncio_.library import callee_name
from visualizer.tracers.runtimes.asyncio_.ready import Plain
from visualizer.tracers.runtimes.asyncio_.shared import Shared
from visualizer.tracers.runtimes.generators.introspection import is_generator
from visualizer.tracers.runtimes.greenlets.call_sites import of_variables

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

_TOOL_IDS = (3, 4)
_getframe = sys._getframe


class EagerTasks:
    """Watches the factory of eager tasks."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._tool: int | None = None
        self._code: CodeType | None = None
        #: The loops in which such a step is being made, by the id of the factory's frame.
        self._begun: dict[int, Any] = {}

    def begin(self, asyncio: Any) -> None:
        """Watch from now on, if there is such a factory, and a tool id."""
        make = getattr(asyncio.tasks, "create_eager_task_factory", None)
        codes = [one for one in make.__code__.co_consts if type(one) is CodeType] if make is not None else []
        if sys.version_info < (3, 12) or not codes:
            return
        monitoring = sys.monitoring
        tool = next((number for number in _TOOL_IDS if monitoring.get_tool(number) is None), None)
        if tool is None:
            return
        monitoring.use_tool_id(tool, "visualizer: asyncio")
        self._tool, self._code = tool, codes[0]
        events = monitoring.events
        for event, callback in self._callbacks(events):
            monitoring.register_callback(tool, event, callback)
        monitoring.set_local_events(tool, self._code, events.PY_START | events.PY_RETURN | events.CALL)

    def remove(self) -> None:
        if sys.version_info < (3, 12) or self._tool is None or self._code is None:
            return
        monitoring = sys.monitoring
        monitoring.set_local_events(self._tool, self._code, 0)
        for event, _ in self._callbacks(monitoring.events):
            monitoring.register_callback(self._tool, event, None)
        monitoring.free_tool_id(self._tool)
        self._tool = None

    def _callbacks(self, events: Any) -> list[tuple[int, Callable[..., Any]]]:
        return [
            (events.PY_START, self._on_start), (events.PY_RETURN, self._on_return), (events.C_RAISE, self._on_raised)
        ]

    def _on_start(self, code: CodeType, _offset: int) -> None:
        try:
            frame = _getframe(1)
            loop, coroutine, name = of_variables(frame, lambda own: (own.get("loop"), own.get("coro"), own.get("name")))
            queue = object.__getattribute__(loop, "__dict__").get("_ready")
            if isinstance(queue, Plain) and is_generator(coroutine):
                name = name if type(name) is str else callee_name(coroutine)
                if queue.loop.begins_eagerly(frame, coroutine, name):
                    self._begun[id(frame)] = queue.loop
        except Exception as error:
            self._shared.fail(error)

    def _on_return(self, code: CodeType, _offset: int, task: Any) -> None:
        self._ends(_getframe(1), task)

    def _on_raised(self, code: CodeType, _offset: int, _function: Any, _argument: Any) -> None:
        if code is self._code:
            self._ends(_getframe(1), None)

    def _ends(self, frame: Any, task: Any) -> None:
        try:
            loop = self._begun.pop(id(frame), None)
            if loop is not None:
                loop.ends_eagerly(task)
        except Exception as error:
            self._shared.fail(error)

