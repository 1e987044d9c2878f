"""Recording a program, for programs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visualizer.session.launch import start, tracer_options
from visualizer.session.recordings import make_empty
from visualizer.session.target import TargetError, resolve

if TYPE_CHECKING:
    from visualizer.api.trace import Trace

__all__ = ["CompletedRun", "TargetError", "record"]

_Path = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """A program that was recorded and is over.

    `path`: its trace. `exit_code`: its exit status, or minus the number of the signal that killed it, as in
    `subprocess`. `warning`: one sentence about what is missing in the trace; None if nothing is known to be.
    """

    path: Path
    exit_code: int
    warning: str | None = None

    def load(self) -> Trace:
        """The trace, as `visualizer.load` opens it. Raise TraceError if nothing was recorded."""
        from visualizer.api.trace import load

        return load(self.path)


def record(
    target: _Path,
    *args: _Path,
    to: _Path,
    module: bool = False,
    include: Sequence[str] = (),
    source: bool = True,
    overwrite: bool = False,
) -> CompletedRun:
    """Run a program under watch, in a process of its own, wait until it is over, and keep its trace in the file `to`.

    `target`: the name of a bundled scenario, the path of a script (a `Path` is never a scenario), or with `module` the
    name of a module, as in `python -m`. `args` are its arguments. Environment, working directory, stdin, stdout and
    stderr are ours. `include`: patterns of packages or paths whose generators get tracks, too; only the program's own
    do by default. `source`: whether the trace carries the text of the source files. `overwrite`: replace `to` if it is
    there.

    How the program ends is no error: `CompletedRun.exit_code` tells it. If we are interrupted while we wait, as by
    KeyboardInterrupt, the program is killed; what it had recorded by then stays.

    Raise TargetError, with one sentence, if there is no such program; FileExistsError if `to` is there and is not to be
    overwritten, and any other OSError if it cannot be written or the program cannot be started. In all these cases
    nothing was run.
    """
    # In a Path, unlike in a word, a name alone is that of a file.
    word = target if isinstance(target, str) else os.path.join(os.curdir, target)
    resolved = resolve([word, *(os.fspath(arg) for arg in args)], module)
    path = Path(to)
    make_empty(path, resolved, overwrite=overwrite)
    run = start(resolved, path, options=tracer_options(include, source=source))
    try:
        exit_code = run.wait()
    except BaseException:
        run.signal(signal.SIGKILL)
        run.wait()
        raise
    return CompletedRun(path, exit_code, run.warning)
