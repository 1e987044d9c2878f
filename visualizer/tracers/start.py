"""Starts a recording in the watched program: a row for each runtime that it gets a tracer for."""

from __future__ import annotations

import sys

from visualizer.trace.sink import Sink
from visualizer.tracers.core.code import Ownership
from visualizer.tracers.core.imports import Imports
from visualizer.tracers.core.output import OutputTracer
from visualizer.tracers.core.recording import Recording, Tracer
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.runtimes.gevent.tracer import GeventTracer
from visualizer.tracers.runtimes.greenlets.creation import Births
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable

    from visualizer.tracers.control.control import Control

if sys.version_info >= (3, 12):
    from visualizer.tracers.runtimes.generators.tracer_monitoring import GeneratorTracer
else:
    from visualizer.tracers.runtimes.generators.tracer_profile import GeneratorTracer

_ASYNCIO = (
    "asyncio's loop and tasks are not recorded: the program's coroutines are, each step as one of the thread that "
    "resumes it, but not what a task waits for, nor who wakes it."
)


def start(trace: str, include: list[str], source: bool = True, control: int = -1) -> Recording:
    """Begin to record this process into the file `trace`. Raise OSError if it cannot be written.

    `control`: descriptor of a socket through which the program can be held (control/), if there is one.
    """
    held = _controlled_by(control) if control >= 0 else None
    stream = Stream(Sink(trace), held.clock.now) if held is not None else Stream(Sink(trace))
    recording = Recording(stream, Ownership(include))
    recording.control = held
    if not source:
        recording.stream.source_room = 0
    recording.begin(_choose(recording))
    return recording


def _controlled_by(fd: int) -> Control | None:
    from visualizer.tracers.control.control import Control

    try:
        return Control(fd)
    except OSError:
        return None  # Whoever started us finds that nobody listens, and can do without.


def _choose(recording: Recording) -> list[Tracer]:
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
