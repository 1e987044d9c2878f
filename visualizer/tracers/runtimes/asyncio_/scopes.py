"""The time limits of anyio's cancel scopes, on asyncio: `move_on_after`, `fail_after`, and those of a task group.

What a scope limits are the tasks in it, also those that a task group starts there: no block of theirs tells. So from
when the first such scope has a timer until the last has none, it is read for each task that waits in which it is.
"""

from __future__ import annotations

from visualizer.trace import words
from visualizer.tracers.core.stored import StoredAttributes
from visualizer.tracers.core.values import own_attribute, slot_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

try:
    from _weakref import ref
except ImportError:
    from weakref import ref

#: anyio's module for asyncio.
MODULE = "anyio._backends._asyncio"
_ATTRIBUTES = "_deadline", "_cancel_called", "_shield", "_parent_scope"


class Scopes:
    """Tells when the first limit around a task is over."""

    def __init__(self, failed: Callable[[BaseException], None], compiled: Any, turned: Callable[[bool], None]) -> None:
        """`failed` is called with what a hook has raised. `turned`: whether there are limits from now on."""
        self._turned = turned
        self._stored = StoredAttributes(failed, compiled)
        self._states: Any = None
        self._of_state: Any = None
        self._slots: list[Any] = []
        #: The ids of the scopes that have a timer.
        self._timed: set[int] = set()

    def imported(self, module: ModuleType) -> None:
        """The program has imported MODULE."""
        own = module.__dict__
        scope, state = own.get("CancelScope"), own.get("TaskState")
        if not isinstance(scope, type) or not isinstance(state, type):
            return
        self._slots = [slot_of(scope, name) for name in _ATTRIBUTES]
        self._states, self._of_state = own.get("_task_states"), slot_of(state, "cancel_scope")
        if self._of_state is not None and None not in self._slots:
            self._stored.watch(scope, "_timeout_handle", self._on_timer)

    def remove(self) -> None:
        self._stored.remove()

    def _on_timer(self, scope: Any, timer: Any) -> None:
        were_any = bool(self._timed)
        if timer is not None:
            self._timed.add(id(scope))
        else:
            self._timed.discard(id(scope))
        if were_any != bool(self._timed):
            self._turned(bool(self._timed))

    def first(self, task: Any) -> Any:
        """When the first limit around a task of asyncio's own class is over, by its loop's clock; None without one."""
        states = own_attribute(self._states, "data")
        state = states.get(ref(task)) if type(states) is dict else None
        when = None
        try:
            scope = self._of_state.__get__(state) if state is not None else None
            while scope is not None:
                deadline, struck, shields, parent = (slot.__get__(scope) for slot in self._slots)
                if type(deadline) is float and struck is False and (when is None or deadline < when):
                    when = deadline
                scope = parent if shields is False else None
        except (AttributeError, TypeError):
            return words.UNKNOWN_LIMIT
        return when
