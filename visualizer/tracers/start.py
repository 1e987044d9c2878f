"""Starts a recording in the watched program: a row for each runtime that is watched in it."""

from __future__ import annotations

import sys

from visualizer.trace.sink import Sink
from visualizer.tracers.core.code import Ownership
from visualizer.tracers.core.output import OutputTracer
from visualizer.tracers.core.recording import Recording
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.runtimes.asyncio_.tracer import AsyncioTracer
from visualizer.tracers.runtimes.gevent.tracer import GeventTracer
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer
from visualizer.tracers.runtimes.unsupported import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.control.control import SocketControl
    from visualizer.tracers.core.api import Runtime
    from visualizer.tracers.core.context import Context

if sys.version_info >= (3, 12):
    from visualizer.tracers.runtimes.generators.tracer_monitoring import MonitoringTracer as GeneratorTracer
else:
    from visualizer.tracers.runtimes.generators.tracer_profile import ProfileTracer as GeneratorTracer

#: What is watched, in the order in which it is installed. One that needs another comes after it (`Context.of`).
RUNTIMES: tuple[type[Runtime], ...] = (
    OutputTracer, GeneratorTracer, GreenletTracer, GeventTracer, AsyncioTracer, Unsupported,
)


def start(
    trace: str, include: list[str], source: bool = True, control: int = -1, outside: list[str] | None = None
) -> Recording:
    """Begin to record this process into the file `trace`. Raise OSError if it cannot be written.

    `control`: descriptor of a socket through which the program can be paused (control/), if there is one. `outside`:
    more runtimes, those of other packages, each as "name=module:class" (the entry points `visualizer.runtimes`).
    """
    controlled = _controlled_by(control) if control >= 0 else None
    stream = Stream(Sink(trace), controlled.clock.now) if controlled is not None else Stream(Sink(trace))
    recording = Recording(stream, Ownership(include), controlled)
    if controlled is not None:
        recording.points = _points(recording, controlled)
    if not source:
        stream.source_room = 0
    for runtime in RUNTIMES:
        recording.add(runtime.name, runtime)
    for row in outside or ():
        name, _, where = row.partition("=")
        recording.add(name, _Outside(where))
    recording.begin()
    return recording


class _Outside:
    """The row of another package's runtime: its class, at "module:class", is looked for when it is asked for."""

    def __init__(self, where: str) -> None:
        self._module, _, self._path = where.partition(":")

    def __call__(self, context: Context) -> Runtime:
        __import__(self._module)
        found: Any = sys.modules[self._module]
        for attribute in self._path.split("."):
            found = getattr(found, attribute)
        made: Runtime = found(context)
        return made


def _controlled_by(fd: int) -> SocketControl | None:
    from visualizer.tracers.control.control import SocketControl

    try:
        return SocketControl(fd)
    except OSError:
        return None  # The launcher finds that nobody listens, and can do without.


def _points(context: Context, control: SocketControl) -> Any:
    if sys.version_info >= (3, 12):
        from visualizer.tracers.control.points_monitoring import MonitoringPoints as ControlPoints
    else:
        from visualizer.tracers.control.points_profile import ProfilePoints as ControlPoints

    return ControlPoints(context, control)
