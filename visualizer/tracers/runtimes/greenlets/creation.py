"""Where a raw greenlet is made, and by whom (Python 3.12 and later).

greenlet has no trace event for it, but `sys.monitoring` tells of the end of a call of the class in the program's own
code. What the call returns it does not tell: the greenlet is the newest object of that class and this thread which the
cyclic garbage collector knows. Where it is not found it gets its track at its first switch, as on 3.11, with neither
creator nor place.
"""

from __future__ import annotations

from types import MethodType

from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.values import dictionary
from visualizer.tracers.core.youngest import youngest

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Container
    from typing import Any


def newest(kind: Any, module: Any, known: Container[int], alone: bool) -> Any:
    """The greenlet of the class `kind` and of this thread that was made last, if its id is not `known`; else None.

    `alone`: as for `youngest`.
    """
    own = _main(module.getcurrent(), module)
    # Another thread may have made one of that class since.
    return youngest(kind, lambda one: id(one) not in known and _main(one, module) is own, alone=alone)


def _main(greenlet: Any, module: Any) -> Any:
    """The main greenlet of the thread that a greenlet belongs to: parents never are another thread's."""
    parent_of = module.greenlet.__dict__["parent"].__get__
    while (parent := parent_of(greenlet)) is not None:
        greenlet = parent
    return greenlet


def function_of(greenlet: Any, module: Any) -> Any:
    """What an unstarted greenlet was given to run; None if it has started."""
    try:
        return module.greenlet.__dict__["run"].__get__(greenlet)
    except AttributeError:
        return None


def stands_for(run: Any) -> str | None:
    """What a greenlet of a runtime's own stands for, by name: a thread of a patched program, a signal's handler.

    A thread's is the name that the program gave it, else that of the function that it runs.
    """
    if type(run) is not MethodType:
        return None
    function, own = callable_name(run), dictionary(run.__self__)
    if function == "signal.handle":
        return callable_name(own.get("handler"))
    if function != "Thread._bootstrap":
        return None
    name = own.get("_name")
    if type(name) is str and not name.startswith("Thread-"):
        return name
    return callable_name(own.get("_target")) or (name if type(name) is str else None)
