"""Loads the visualizer's own modules into the watched program: into a table of their own, and not into `sys.modules`.

For so many small modules the interpreter's import system takes as long again as they do themselves. And the code of a
runtime is loaded only when the program imports what it waits for (runtimes/__init__.py): in any thread, in the middle
of an import of the program's. So `import` in our modules asks the table here. That takes none of the import system's
locks, and puts nothing where the program sees it. What may be loaded then was read before the script began
(`read_ahead`): nothing of ours is opened later, whatever has become of the root, the user, the folder, the descriptors
or `sys.path` by then; and modules of others are those that were there before, whatever the program has put in their
place.
"""

from __future__ import annotations

import builtins
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader, cache_from_source
from _imp import _fix_co_filename  # type: ignore[attr-defined]
from io import FileIO
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterable
    from types import CodeType, ModuleType
    from typing import Any

_OURS = __name__.partition(".")[0]
_Module = type(sys)
#: Of others. Up to 3.12 it takes longer to load than all of ours; only who shares locks between processes needs it, and
#: nobody has a module of that name.
_IMPORTED_LATE = ("_ctypes",)


class Modules:
    """Our modules by their names. What stands in a package's own file is run only if somebody asks for it."""

    def __init__(self, root: str) -> None:
        """`root`: the folder in which the package `visualizer` is."""
        self._root = root
        self._loaded: dict[str, ModuleType] = {}
        #: What was read and not loaded: the path, and what Python keeps compiled of it; or code, if it keeps nothing.
        self._ahead: dict[str, tuple[str, bytes | CodeType]] = {}
        #: Where it keeps that, for the files of a folder: what comes before and after a file's own name.
        self._caches: dict[str, tuple[str, str]] = {}
        #: The modules of others that ours have imported. More would be kept from being finalized in their turn.
        self._others: dict[str, Any] = {}
        #: The script has begun.
        self._is_late = False
        self._import_other = builtins.__import__
        self._builtins = {**builtins.__dict__, "__import__": self._import}

    def load(self, name: str) -> ModuleType:
        """Raise ImportError if there is no such module of ours, or it was not read before the script began.

        Without a lock: two threads may do this at the same time, and both get the module that is ready first. None is
        ever seen half made, as no two import each other in a circle. If a signal's handler raises, it is not loaded.
        """
        # In this order: what is loaded stands there before it is taken out here.
        read = self._ahead.get(name)
        module = self._loaded.get(name)
        if module is None:
            path, code = read or self._read(name)
            if isinstance(code, bytes):
                code = loads(memoryview(code)[16:])
                # It may have been made elsewhere.
                _fix_co_filename(code, path)
            made = _Module(name)
            made.__dict__.update(__file__=path, __builtins__=self._builtins)
            exec(code, made.__dict__)
            module = self._loaded.setdefault(name, made)
            self._ahead.pop(name, None)
        return module

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: tuple[str, ...] = (), level: int = 0
    ) -> Any:
        """`import` in our own modules. What is not there yet of others is imported as usual until the script begins."""
        if name.partition(".")[0] != _OURS:
            if name not in self._others:
                if self._is_late and name not in _IMPORTED_LATE:
                    raise ImportError(f"{name} was not imported before the script began")
                self._others[name] = self._import_other(name, globals, locals, fromlist, level)
            return self._others[name]
        module = self.load(name)
        for part in fromlist:
            if part not in module.__dict__:
                module.__dict__[part] = self._part(name, part)
        return module

    def _part(self, package: str, name: str) -> Any:
        try:
            return self.load(f"{package}.{name}")
        except FileNotFoundError:
            # It may be written in C.
            return self._import_other(f"{package}.{name}", None, None, (name,), 0)

    def _read(self, name: str) -> tuple[str, bytes | CodeType]:
        """The path of a module of ours, and its code. Raise ImportError, or FileNotFoundError if there is none."""
        if self._is_late:
            raise ImportError(f"{name} was not read before the script began")
        place = os.path.join(self._root, *name.split("."))
        try:
            return f"{place}.py", self._code(name, f"{place}.py")
        except FileNotFoundError:
            path = os.path.join(place, "__init__.py")
            return path, self._code(name, path)

    def _code(self, name: str, path: str) -> bytes | CodeType:
        """The code in a file: as Python keeps it, if that is of the file as it is now."""
        status = os.stat(path)
        folder, _, file = path.rpartition(os.sep)
        if folder not in self._caches:
            before, _, after = cache_from_source(os.path.join(folder, "*.py")).rpartition("*")
            self._caches[folder] = before, after
        before, after = self._caches[folder]
        try:
            with FileIO(before + file[:-3] + after) as kept:
                code = kept.read()
        except OSError:
            code = b""
        # As PEP 552 says: it was made of a file of that time and size.
        made_of = (0, int(status.st_mtime), status.st_size)
        if code[:16] == b"".join((MAGIC_NUMBER, *((part & 0xFFFFFFFF).to_bytes(4, "little") for part in made_of))):
            return code
        # There are other ways to keep it, and somebody has to begin with it.
        made: CodeType = SourceFileLoader(name, path).get_code(name)  # type: ignore[assignment]
        return made

    def read_ahead(self, packages: Iterable[str]) -> None:
        """The script is about to begin: read what of these may be loaded later, and look for nothing else any more."""
        for package in packages:
            self._read_package(package)
        self._is_late = True

    def _read_package(self, package: str) -> None:
        folder = os.path.join(self._root, *package.split("."))
        for file in os.listdir(folder):
            stem, _, suffix = file.partition(".")
            name = package if stem == "__init__" else f"{package}.{stem}"
            if suffix == "py" and name not in self._loaded:
                try:
                    self._ahead[name] = self._read(name)
                except (OSError, SyntaxError):
                    continue  # It is told if it is needed.
            elif file != "__pycache__" and os.path.isdir(os.path.join(folder, file)):
                self._read_package(name)

    # To runtimes of other packages, which import as anybody does, it is a finder and loader of the import system's.

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not name.startswith(f"{_OURS}."):
            return None
        try:
            self.load(name)
        except FileNotFoundError:
            return None  # It may be written in C.
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.load(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Its code has run."""
