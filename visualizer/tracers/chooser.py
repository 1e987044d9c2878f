"""Which tracers a recording gets: a row a runtime."""

from __future__ import annotations

import sys

from visualizer.tracers.gevent import GeventTracer
from visualizer.tracers.greenlet_births import Births
from visualizer.tracers.greenlets import GreenletTracer
from visualizer.tracers.imports import Imports
from visualizer.tracers.output import OutputTracer
from visualizer.tracers.recording import Recording, Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable

if sys.version_info >= (3, 12):
    from visualizer.tracers.generators_monitoring import GeneratorTracer
else:
    from visualizer.tracers.generators_profile import GeneratorTracer

_ASYNCIO = (
    "asyncio's loop and tasks are not recorded: the program's coroutines are, each step as one of the thread that "
    "resumes it, but not what a task waits for, nor who wakes it."
)


def choose(recording: Recording) -> list[Tracer]:
    """The tracers for this interpreter, in the order in which they are installed."""
    imports = Imports(recording)
    greenlets = GreenletTracer(recording, imports)
    recording.current = greenlets.current
    if recording.control is not None:
        recording.control.current = greenlets.current
    Births(recording, greenlets)
    imports.after("asyncio", "generators", lambda _: recording.note(_ASYNCIO))
    rows: list[Callable[[], Tracer]] = [
        lambda: OutputTracer(recording),
        lambda: GeneratorTracer(recording, imports),
        lambda: greenlets,
        lambda: GeventTracer(recording, imports, greenlets),
    ]
    return [row() for row in rows]
