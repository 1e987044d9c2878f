"""Informs tracers of each thread that `threading` starts: in that thread, and before its own code runs.

Some hooks are one thread's and have to be set there (greenlet's trace function; the profile function, on 3.11).
`threading.setprofile` has a function set in each new thread; ours is called once there and takes itself out. Threads
that are started otherwise (`_thread.start_new_thread`) are seen from the first event that another hook stores in them.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any


class ThreadStarts:
    """Calls each of `calls` in every thread that begins."""

    def __init__(self, fail: Callable[[str, BaseException], None]) -> None:
        self._fail = fail
        self._hook = self._on_first_event
        self._threading: Any = None
        #: (name of the tracer, what to call).
        self.calls: list[tuple[str, Callable[[], None]]] = []

    def begin(self, _: str, threading: Any) -> None:
        """The program has imported `threading`."""
        if threading._profile_hook is None:
            self._threading = threading
            threading.setprofile(self._hook)

    def is_set_in(self, frame: Any) -> bool:
        """Whether `threading` sets our function in that frame, or gevent's pool takes it out after a task.

        gevent has `threading` do so in a greenlet of ours.
        """
        if frame.f_code.co_name == "_after_run_task":
            return bool(frame.f_globals.get("__name__") == "gevent.threadpool")
        is_ours: bool = frame.f_globals.get("_profile_hook") is self._hook
        return is_ours and frame.f_code.co_name == "_bootstrap_inner"

    def forget(self, tracer: str) -> None:
        """Call nothing for that tracer from now on."""
        self.calls[:] = [call for call in self.calls if call[0] != tracer]

    def remove(self) -> None:
        """Call nothing in the threads that begin from now on."""
        self.calls.clear()
        if self._threading is not None and self._threading._profile_hook is self._hook:
            self._threading.setprofile(None)

    def _on_first_event(self, *_: Any) -> None:
        sys.setprofile(None)
        for tracer, call in self.calls:
            try:
                call()
            except Exception as error:
                self._fail(tracer, error)
