"""Where a raw greenlet is made, and by whom (Python 3.12 and later).

greenlet has no trace event for it, but `sys.monitoring` tells of the end of a call of the class in the program's own
code. What the call returns it does not tell: the greenlet is the newest object of that class and this thread which the
cyclic garbage collector knows (`gc.get_objects`, oldest first). Where it is not found it gets its track at its first
switch, as on 3.11, with neither creator nor place.
"""

from __future__ import annotations

import gc

from visualizer.trace import words
from visualizer.tracers.core.code import callable_name
from visualizer.tracers.core.recording import Recording
from visualizer.tracers.core.values import type_module
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any


class Births:
    """Gives raw greenlets their tracks when they are made."""

    def __init__(self, recording: Recording, greenlets: GreenletTracer) -> None:
        self._recording = recording
        self._greenlets = greenlets
        recording.makes, recording.was_made = self.makes, self.was_made

    def makes(self, kind: Any) -> bool:
        """Whether a call of the class `kind` makes a raw greenlet."""
        module = self._greenlets.module
        return module is not None and module.greenlet in type.mro(kind) and not self._is_another_runtimes(kind)

    def _is_another_runtimes(self, kind: Any) -> bool:
        return any(type_module(base).startswith("gevent.") for base in type.mro(kind))

    def was_made(self, kind: Any, frame: Any) -> None:
        """A call of `kind` in the program's own code, in `frame`, is over."""
        greenlets = self._greenlets
        own = self._main(greenlets.module.getcurrent())
        for thing in reversed(gc.get_objects(0)):
            # Another thread may have made one of that class since.
            if type(thing) is kind and id(thing) not in greenlets.tracks and self._main(thing) is own:
                name = greenlets.run_name(thing) or self._function_name(thing)
                if name is not None:
                    t_ns = self._recording.stream.clock()
                    greenlets.adopt(thing, t_ns, words.CURRENT, place=(frame.f_code, frame.f_lasti), name=name)
                return

    def _main(self, greenlet: Any) -> Any:
        """The main greenlet of the thread that a greenlet belongs to: parents never are another thread's."""
        parent_of = self._greenlets.module.greenlet.__dict__["parent"].__get__
        while (parent := parent_of(greenlet)) is not None:
            greenlet = parent
        return greenlet

    def _function_name(self, greenlet: Any) -> str | None:
        """The name of the function that an unstarted greenlet was given; None if it has started."""
        try:
            return callable_name(self._greenlets.module.greenlet.__dict__["run"].__get__(greenlet))
        except AttributeError:
            return None
