"""Calls a tracer when the program imports its runtime, and not before: nothing is imported that the program does not.

A finder in front of `sys.meta_path` (importlib's manual, "Import hooks") that finds nothing itself. Once every module
that is waited for has been imported, it takes itself out.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core.thread_starts import ThreadStarts

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    Hook = Callable[[str, ModuleType], None]


#: The program does not see our own package, and imports it anew.
_OURS = sys.modules[__name__.partition(".")[0]]


class Imports:
    """Use `after("gevent.hub", hook)` to have `hook(name, module)` called right after the module's own code has run."""

    def __init__(self, fail: Callable[[str, BaseException], None]) -> None:
        """`fail` is told of a hook that raised: (tracer, error)."""
        self._fail = fail
        #: (tracer, hook), by the module that they wait for.
        self._hooks: dict[str, list[tuple[str, Hook]]] = {}
        self._installed = False
        #: Called with (module name, search path) before any module is looked for; None if not needed.
        self.before_any: Callable[[str, Any], None] | None = None
        self._threads: ThreadStarts | None = None

    def in_threads(self, tracer: str, call: Callable[[], None]) -> None:
        """Have `call` called in each thread that `threading` starts from now on, before its own code."""
        if self._threads is None:
            self._threads = ThreadStarts(self._fail)
            self.after("threading", "threads", self._threads.begin)
        self._threads.calls.append((tracer, call))

    def is_threads_own(self, frame: Any) -> bool:
        """Whether that frame sets what has `in_threads` called in a thread, or takes out what was set there."""
        return self._threads is not None and self._threads.is_set_in(frame)

    def after(self, module: str, tracer: str, hook: Hook) -> None:
        """Have `hook` called once, for the tracer of that name; at once if the module is there already."""
        present = sys.modules.get(module)
        if present is not None and present is not _OURS:
            hook(module, present)
        else:
            self.wait(module, tracer, hook)

    def wait(self, module: str, tracer: str, hook: Hook) -> None:
        """The same, of a module whose code will be run, maybe once more."""
        self._hooks.setdefault(module, []).append((tracer, hook))
        self.install()

    def install(self) -> None:
        if not self._installed:
            sys.meta_path.insert(0, self)
            self._installed = True

    def forget(self, tracer: str) -> None:
        """Call nothing for that tracer from now on."""
        if self._threads is not None:
            self._threads.forget(tracer)
        for waiting in list(self._hooks.values()):
            waiting[:] = [one for one in waiting if one[0] != tracer]

    def remove(self) -> None:
        """Stop watching imports and threads."""
        if self._threads is not None:
            self._threads.remove()
        self._hooks.clear()
        self.before_any = None
        self._leave()

    def _leave(self) -> None:
        if self._installed:
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
            self._installed = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The import system's question; answered by the finders after us, with the loader wrapped where we wait."""
        if self.before_any is not None:
            self.before_any(name, path)
        if name not in self._hooks:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self, name)
                return spec
        return None

    def on_import(self, module: ModuleType, name: str) -> None:
        """The code of the module that has been waited for under this name has run."""
        waiting = self._hooks.pop(name, [])
        if not self._hooks and self.before_any is None:
            self._leave()
        for tracer, hook in waiting:
            try:
                hook(name, module)
            except Exception as error:
                self._fail(tracer, error)


class _Loader:
    """The module's own loader, and our hooks after it. Gone from the module before the module's code runs."""

    def __init__(self, loader: Any, imports: Imports, name: str) -> None:
        self._loader = loader
        self._imports = imports
        self._name = name

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._imports.on_import(module, self._name)
