"""Runtimes that are not recorded: a sentence in the trace, as soon as one of them runs.

That one is imported proves nothing: libraries import what their user may never run. So a function that the runtime
calls whenever it begins to run is watched until then, and left alone from then on. It has returned before anything of
the program runs: no frame of ours stands in any traceback.
"""

from __future__ import annotations

import sys
from types import MethodType

from visualizer.trace import words
from visualizer.tracers.core.context import Context
from visualizer.tracers.runtimes.greenlets.creation import function_of
from visualizer.tracers.runtimes.greenlets.family import Family
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_COROUTINES = (
    "'s loop and tasks are not recorded: the program's coroutines are, each step as one of the thread that resumes it, "
    "but not what a task waits for, nor who wakes it."
)
_GREENLETS = (
    "'s hub is not recorded: its greenlets are, and how they switch, but not what one waits for, nor who wakes it, nor "
    "when the hub is idle."
)
#: Module -> the function in it that is called when the runtime runs; the runtime; and what is said of it.
_TABLE = {
    "eventlet.hubs.hub": ("BaseHub.ensure_greenlet", "eventlet", _GREENLETS),
    "trio._core._run": ("setup_runner", "trio", _COROUTINES),
}


class _EventletHubs(Family):
    """A hub is called one: it is not taken for a greenlet that the program switches by hand, and forgets."""

    def __init__(self, greenlets: GreenletTracer, hub_class: type) -> None:
        self._greenlets = greenlets
        self._hub_class = hub_class

    def describe(self, greenlet: Any) -> tuple[str, str] | None:
        run = function_of(greenlet, self._greenlets.module)
        is_new = type(run) is MethodType and self._hub_class in type.mro(type(run.__self__))
        return (words.HUB, "hub") if is_new or self._is_here(greenlet) else None

    def _is_here(self, greenlet: Any) -> bool:
        """Whether it is the hub of this thread."""
        hubs: Any = sys.modules.get("eventlet.hubs")
        hub = getattr(getattr(hubs, "_threadlocal", None), "hub", None)
        # Not asked for as an attribute: a hub may be of a class of the program's.
        return hub is not None and object.__getattribute__(hub, "__dict__").get("greenlet") is greenlet


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
        known: Any = module
        if runtime == "eventlet":
            greenlets = self._context.of(GreenletTracer)
            greenlets.families.append(_EventletHubs(greenlets, known.BaseHub))
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
                    self._context.note(runtime + note, runtime)
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

    def remove(self) -> None:
        for put_back in list(self._watched):
            put_back()

    def finish(self, t_ns: int) -> None:
        """All has been said."""
