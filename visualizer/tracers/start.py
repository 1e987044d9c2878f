"""Starts a recording in the watched program: a row for each runtime that is watched in it."""

from __future__ import annotations

import sys
import time

from visualizer.trace.sink import Sink
from visualizer.tracers.core.code import Ownership
from visualizer.tracers.core.compiled import built
from visualizer.tracers.core.ids import InHeader
from visualizer.tracers.core.marks import Marks
from visualizer.tracers.core.output import OutputTracer
from visualizer.tracers.core.processes.starts import ALL, CHILD, DEFINITIONS, Starts, is_server, shown
from visualizer.tracers.core.recording import Recording
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.runtimes import TABLE
from visualizer.tracers.runtimes.unsupported import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from typing import Any

    from visualizer.tracers.control.control import SocketControl
    from visualizer.tracers.core.api import Runtime
    from visualizer.tracers.core.context import Context
    from visualizer.tracers.core.late import Row
    from visualizer.tracers.runtimes.generators.tracer_311 import Choice

if sys.version_info >= (3, 12):
    from visualizer.tracers.runtimes.generators.tracer_monitoring import MonitoringTracer as GeneratorTracer
else:
    from visualizer.tracers.runtimes.generators.tracer_311 import GeneratorTracer
if sys.version_info < (3, 14) and built() is not None and getattr(sys, "_is_gil_enabled", lambda: True)():
    from visualizer.tracers.runtimes.threads.tracer_methods import MethodsTracer as ThreadTracer
elif sys.version_info >= (3, 12):
    from visualizer.tracers.runtimes.threads.tracer_monitoring import MonitoringTracer as ThreadTracer
else:
    from visualizer.tracers.runtimes.threads.tracer_unseen import UnseenTracer as ThreadTracer  # type: ignore[assignment]

#: What is watched, in the order in which it is installed.
RUNTIMES: tuple[type[Runtime] | Row | Choice, ...] = (OutputTracer, GeneratorTracer, *TABLE, ThreadTracer, Unsupported)
#: The packages of what is loaded later.
LATER = ("visualizer.tracers.core", *(row.where.rpartition(".")[0] for row in TABLE))


def begin(variables: dict[str, str], boot: str) -> None:
    """Begin to record this process as the launcher's variables say (`__main__.environment`), or those of a process that
    is recorded and started this one. `boot`: the folder that is put in front of PYTHONPATH.

    Raise OSError if the trace cannot be written; or is none, where another process began it.
    """
    child, children = variables.get(CHILD), variables["VISUALIZER_CHILDREN"]
    control = int(variables.get("VISUALIZER_CONTROL") or -1)
    kept = {name: value for name, value in variables.items() if name != "VISUALIZER_CONTROL"} | {"PYTHONPATH": boot}
    start(
        variables["VISUALIZER_TRACE"],
        _lines(variables["VISUALIZER_INCLUDE"]),
        variables["VISUALIZER_SOURCE"] == "1",
        control,
        _lines(variables["VISUALIZER_RUNTIMES"]),
        variables["VISUALIZER_MARKS"] == "1",
        kept if children else None,
        child,
    )


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def start(
    trace: str,
    include: list[str],
    source: bool = True,
    control: int = -1,
    outside: list[str] | None = None,
    marks: bool = False,
    children: dict[str, str] | None = None,
    child: str | None = None,
) -> Recording:
    """Begin to record this process into the file `trace`. Raise OSError if it cannot be written.

    `control`: descriptor of a socket through which the program can be paused (control/), if there is one. `outside`:
    more runtimes, those of other packages, each as "name=module:class" (the entry points `visualizer.runtimes`).
    `marks`: whether comments mark moments. `children`: the variables by which its children are recorded, too; None if
    they are not to be. `child`: where this is such a child, what it was told (`Starts.told`).
    """
    if child is not None:
        # Before the file is opened for writing, which would make one.
        parent, pid, zero_ns, behind_ns = map(int, child.split(":"))
        header = InHeader(trace, of=f'"pid":{pid},"monotonic_ns":{zero_ns},')
    sink = Sink(trace)
    controlled = _controlled_by(control) if control >= 0 else None
    if controlled is not None:
        stream = Stream(sink, controlled.clock.now)
    elif child is not None and behind_ns:
        stream = Stream(sink, lambda: time.monotonic_ns() - behind_ns)
    else:
        stream = Stream(sink)
    recording = Recording(stream, Ownership(include), controlled)
    if controlled is not None:
        recording.points = _points(recording, controlled)
    if not source:
        stream.source_room = 0
    recording.follows = children is not None
    if children is not None:
        recording.add(Starts.name, lambda context: Starts(context, children, recording.forks))
    # First of those that use sys.monitoring, so that it gets its tool id: there are few.
    recording.add(Marks.name, lambda context: Marks(context, marks))
    for runtime in RUNTIMES:
        recording.add(runtime.name, runtime)
    for row in outside or ():
        name, _, where = row.partition("=")
        recording.add(name, _Outside(where))
    if child is None:
        recording.begin()
        return recording
    stream.start_ns = zero_ns
    stream.join(header)
    recording.number_tracks()
    command = sys.orig_argv
    if is_server(command) and children is not None and children["VISUALIZER_CHILDREN"] != ALL:
        recording.forks.server_of = parent
        sink.only = DEFINITIONS
    recording.begin((parent, shown(command)))
    return recording


class _Outside:
    """The row of another package's runtime: its class, at "module:class", is looked for when it is asked for."""

    def __init__(self, where: str) -> None:
        self._module, _, self._path = where.partition(":")

    def __call__(self, context: Context) -> Runtime:
        before = set(sys.modules)
        __import__(self._module)
        package = self._module.partition(".")[0]
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == package:
                context.own.brought.add(getattr(sys.modules[name], "__file__", ""))
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
