"""What a hub is about to wake somebody for, and whom a greenlet of gevent's own stands for."""

from __future__ import annotations

import os

from visualizer.trace import words
from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.values import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

#: Function and file of gevent's that a loop calls -> the cause of the wakes that come of it.
_CAUSE_OF_CALL = {
    ("_on_async", "threadpool.py"): words.THREADPOOL,
    ("_on_child", "subprocess.py"): words.SUBPROCESS,
    ("_on_child", "os.py"): words.SUBPROCESS,
    ("_on_expiration", "timeout.py"): words.TIMEOUT,
    ("cb", "select.py"): words.IO,
    ("add_event", "select.py"): words.IO,
    ("__callback", "selectors.py"): words.IO,
    ("_start", "hub.py"): words.SIGNAL,
}
_CALLS = frozenset(name for name, _ in _CAUSE_OF_CALL)


def cause_of_frames(frame: Any) -> str | None:
    """What a hub is doing, from the function of gevent's that its loop has called; None if it is nothing special."""
    while frame is not None:
        name = frame.f_code.co_name
        if name in _CALLS:
            before, _, file = frame.f_code.co_filename.rpartition(os.sep)
            cause = _CAUSE_OF_CALL.get((name, file))
            if cause is not None and before.endswith(f"{os.sep}gevent"):
                return cause
        frame = frame.f_back
    return None


def stands_for(run: Any) -> str | None:
    """The name of what a greenlet of gevent's own stands for: a thread of a patched program, the handler of a signal.

    A thread's is the name that the program gave it, else that of the function that it runs.
    """
    if type_name(type(run)) != "method":
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


def dictionary(thing: Any) -> dict[str, Any]:
    """The instance's own dictionary, without asking it; empty if it has none."""
    try:
        own = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return own if type(own) is dict else {}
