"""A runtime whose code is loaded when the program imports what it waits for: until then this stands in its place.

By then the program may have patched the standard library. What is replaced so such code takes from `unpatched.py`.
"""

from __future__ import annotations

from visualizer.tracers.core.own_lock import OwnLock

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import ModuleType
    from typing import Any

    from visualizer.tracers.core.api import Watcher
    from visualizer.tracers.core.context import Context


class Row:
    """A row of the table: makes a `Late`."""

    __slots__ = ("how", "modules", "name", "where")

    def __init__(self, name: str, where: str, modules: tuple[str, ...], how: str) -> None:
        """`where`: "module:class", which has what `Watcher` says; `how` it is watched, in a sentence."""
        self.name = name
        self.where = where
        self.modules = modules
        self.how = how

    def __call__(self, context: Context) -> Late:
        return Late(context, self)

    def of(self, context: Context) -> Any:
        """The runtime itself."""
        module, _, kind = self.where.partition(":")
        return getattr(__import__(module, None, None, (kind,)), kind)(context)


class Late:
    """A `Runtime`. Once it is loaded, the other one stands in its place (`Context.tracers`)."""

    def __init__(self, context: Context, row: Row) -> None:
        self.name = row.name
        self.modules = row.modules
        self._context = context
        self._row = row
        self._loaded: Watcher | None = None
        self._lock = OwnLock()
        context.late[row.name] = self.load

    def install(self) -> str:
        return self._row.how

    def imported(self, name: str, module: ModuleType) -> None:
        try:
            loaded = self.load()
        except BaseException:
            # If by a signal's handler, then the program's import fails, and may be tried again.
            self._context.imports.wait(name, self.name, self.imported)
            raise
        loaded.imported(name, module)

    def load(self) -> Watcher:
        """The runtime itself. What a signal's handler raises meanwhile is raised, and nothing was loaded."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._context.tracers[self.name] = self._row.of(self._context)
                del self._context.late[self.name]
            return self._loaded

    def remove(self) -> None:
        """It has no hooks."""

    def finish(self, t_ns: int) -> None:
        """It knows of nothing."""
