"""Writes the outcome of each unittest test of this process to the file named in SUITES_OUTCOMES.

One line a test, `test id<TAB>outcome`, written as soon as it is known: a module that crashes or hangs leaves what it
had. The base class of all results is asked, so it does not matter which runner a module brings. It is asked once the
module imports unittest itself: gevent's tests of monkey-patching depend on what was imported before.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_METHODS = {
    "addSuccess": "passed",
    "addError": "error",
    "addFailure": "failed",
    "addSkip": "skipped",
    "addExpectedFailure": "failed as expected",
    "addUnexpectedSuccess": "passed unexpectedly",
}


def _told(original: Callable[..., Any], outcome: str, path: str) -> Callable[..., Any]:
    def tell(self: Any, test: Any, *details: Any) -> Any:
        # Opened anew each time: a test may close all descriptors, or look at which are open.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{test.id()}\t{outcome}\n".encode("utf-8", "backslashreplace"))
        os.close(file)
        return original(self, test, *details)

    return tell


class _Finder:
    """Finds nothing itself; patches unittest.result right after it was loaded by its own loader."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "unittest.result":
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec: Any = find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            for method, outcome in _METHODS.items():
                original = getattr(module.TestResult, method)
                setattr(module.TestResult, method, _told(original, outcome, self._path))

        spec.loader.exec_module = exec_module
        return spec


# Neither for the launcher, which becomes the process meant, nor for the processes that a test starts.
if sys.orig_argv[1:3] != ["-m", "visualizer.tracers"]:
    _path = os.environ.pop("SUITES_OUTCOMES", "")
    if _path:
        sys.meta_path.insert(0, _Finder(_path))
