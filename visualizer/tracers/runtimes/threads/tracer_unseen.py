"""Python 3.11 without the recorder in C (tracer_methods.py), where what threads wait for is not recorded.

`sys.setprofile`, the one way to see calls of C's there in Python, makes every call seven times as long, and shows no
`with lock:`. A class in the place of `threading.Lock` would be seen by the program: as its type, and as a frame in its
tracebacks.
"""

from __future__ import annotations

import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import ModuleType

    from visualizer.tracers.core.context import Context

# As it was before gevent's monkey-patching.
_get_ident = _thread.get_ident


class UnseenTracer:
    name = "threads"
    modules: tuple[str, ...] = ()

    def __init__(self, context: Context) -> None:
        self._context = context

    def install(self) -> str:
        self._context.imports.in_threads(self.name, self._begin)
        return (
            "off: what threads wait for, and who wakes them, is recorded from Python 3.12 on, or by the recorder in C, "
            "which is built where pip finds a C compiler; here a thread that waits in a call is idle (sampled)"
        )

    def _begin(self) -> None:
        """A thread has a track from its start on, and is sampled; one of gevent's pool, from its first event on."""
        if _get_ident() in sys.modules["threading"]._active:
            self._context.stream.here(self._context.now())

    def imported(self, name: str, module: ModuleType) -> None:
        """No module is waited for."""

    def remove(self) -> None:
        """Nothing but what `Context.take_out` takes out."""

    def finish(self, t_ns: int) -> None:
        """There is nothing to store."""
