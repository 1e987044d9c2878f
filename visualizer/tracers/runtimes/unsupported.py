"""Runtimes that are not recorded: a sentence in the trace, as soon as one of them runs.

That one is imported proves nothing: libraries import what their user may never run. So a function that the runtime
calls whenever it begins to run is watched until then, and left alone from then on. It has returned before anything of
the program runs: no frame of ours stands in any traceback.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_COROUTINES = (
    "'s loop and tasks are not recorded: the program's coroutines are, each step as one of the thread that resumes it, "
    "but not what a task waits for, nor who wakes it."
)
_IN_A_LOOP = "'s loop, tasks and coroutines are not recorded inside of another loop on Python 3.11."
#: Module -> the function in it that is called when the runtime runs; the runtime; and what is said of it.
_TABLE = {
    "trio._core._run": ("setup_runner", "trio", _COROUTINES),
}


class Unsupported:
    name = "unsupported"
    modules: tuple[str, ...] = tuple(_TABLE)

    def __init__(self, context: Context) -> None:
        self._context = context
        #: What takes each of our functions out again.
        self._watched: list[Callable[[], None]] = []

    def install(self) -> str:
        return f"on: a note when one of these runs: {', '.join(name for _, name, _ in _TABLE.values())}"

    def imported(self, name: str, module: ModuleType) -> None:
        path, runtime, note = _TABLE[name]
        if runtime in self._context.tracers:
            return  # Another package records it.
        known: Any = module
        owner = known
        *owners, attribute = path.split(".")
        for part in owners:
            owner = getattr(owner, part)
        original = getattr(owner, attribute)
        package = sys.modules.get(name.rpartition(".")[0])

        def begin(*args: Any, **more: Any) -> Any:
            if put_back in self._watched:
                put_back()
                try:
                    self._context.note(runtime + (_IN_A_LOOP if self._is_blind() else note), runtime)
                except Exception as error:
                    self._context.fail(self.name, error)
            return original(*args, **more)

        def put_back() -> None:
            self._watched.remove(put_back)
            # A package may have made the names of its modules its own.
            for place in (owner, package):
                if place is not None and place.__dict__.get(attribute) is begin:
                    setattr(place, attribute, original)

        self._watched.append(put_back)
        setattr(owner, attribute, begin)

    def _is_blind(self) -> bool:
        """Whether coroutines are not seen here: on 3.11, by the recorder in Python, those that a loop resumes which is
        recorded itself."""
        context = self._context
        thread = context.stream.here(context.now()).track
        is_in_python = sys.version_info < (3, 12) and context.compiled is None
        return is_in_python and context.has_tasks and context.current() != thread

    def remove(self) -> None:
        for put_back in list(self._watched):
            put_back()

    def finish(self, t_ns: int) -> None:
        """All has been said."""
