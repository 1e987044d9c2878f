"""What a hub is about to wake somebody for."""

from __future__ import annotations

import os

from visualizer.trace import words

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
