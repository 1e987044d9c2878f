"""Calls a tracer when the program imports its runtime, and not before: nothing is imported that the program does not.

A finder in front of `sys.meta_path` (importlib's manual, "Import hooks") that finds nothing itself. Once every module
that is waited for has been imported, it takes itself out.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core.recording import Recording
from visualizer.tracers.core.thread_starts import ThreadStarts

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


class Imports:
    """Use `after("gevent.hub", hook)` to have `hook(module)` called right after the module's own code has run."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._hooks: dict[str, tuple[str, Callable[[ModuleType], None]]] = {}
        self._installed = False
        #: Called with (module name, search path) before any module is looked for; None if nobody wants to know.
        self.before_any: Callable[[str, Any], None] | None = None
        self._threads: ThreadStarts | None = None

    def in_threads(self, tracer: str, call: Callable[[], None]) -> None:
        """Have `call` called in each thread that `threading` starts from now on, before its own code."""
        if self._threads is None:
            self._threads = ThreadStarts(self._recording)
            self.after("threading", tracer, self._threads.begin)
        self._threads.calls.append((tracer, call))

    def after(self, module: str, tracer: str, hook: Callable[[ModuleType], None]) -> None:
        """Have `hook` called once, for the tracer of that name; at once if the module is there already."""
        present = sys.modules.get(module)
        if present is not None:
            hook(present)
            return
        self._hooks[module] = (tracer, hook)
        self.install()

    def install(self) -> None:
        if not self._installed:
            sys.meta_path.insert(0, self)
            self._installed = True

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
        waiting = self._hooks.pop(name, None)
        if waiting is None:
            return None
        if not self._hooks and self.before_any is None:
            self._leave()
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self._recording, *waiting)
                return spec
        return None


class _Loader:
    """The module's own loader, and our hook after it. Gone from the module before the module's code runs."""

    def __init__(self, loader: Any, recording: Recording, tracer: str, hook: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._recording = recording
        self._tracer = tracer
        self._hook = hook

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        try:
            self._hook(module)
        except Exception as error:
            self._recording.fail(self._tracer, error)
