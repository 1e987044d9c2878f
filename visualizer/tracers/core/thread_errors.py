"""What ended a thread: `threading` catches whatever its function raises, so that the thread itself only returns.

Each Thread calls, from its own `except`, a function that `threading._make_invoke_excepthook` has made for it; that then
looks for `threading.excepthook`, which stays the program's. In a program that gevent has patched it is called in the
greenlet that stands for the thread.
"""

from __future__ import annotations

import sys

from visualizer.trace import words
from visualizer.tracers.core.values import keep, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any


class ThreadErrors:
    """How those tracks end that are about to, where their thread's function raised: (outcome, exception)."""

    def __init__(self, current: Callable[[], int], fail: Callable[[str, BaseException], None]) -> None:
        """`current`: gives the track that runs."""
        self._current = current
        self._fail = fail
        #: By track.
        self.found: dict[int, tuple[str, Any]] = {}

    def begin(self, _: str, threading: Any) -> None:
        """The program has imported `threading`."""
        make = getattr(threading, "_make_invoke_excepthook", None)
        if make is not None:
            threading._make_invoke_excepthook = lambda: self._noting(make())

    def take(self, track: int) -> tuple[str, Any] | None:
        """Of the track, which ends now; None if its function did not raise."""
        return self.found.pop(track, None)

    def _noting(self, invoke: Callable[[Any], None]) -> Callable[[Any], None]:
        def invoke_excepthook(thread: Any) -> None:
            self._note(sys.exc_info()[1])
            invoke(thread)

        return invoke_excepthook

    def _note(self, error: BaseException | None) -> None:
        # SystemExit is how a thread ends itself, and is passed over in silence.
        if error is None or isinstance(error, SystemExit):
            return
        try:
            outcome = words.KILLED if type_name(type(error)) == "GreenletExit" else words.RAISED
            self.found[self._current()] = outcome, keep(error)
        except Exception as failure:
            self._fail("threads", failure)
