"""Recording a program, for programs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visualizer.session.launch import CHILDREN, NONE, start, tracer_options
from visualizer.session.recordings import make_empty
from visualizer.session.target import TargetError, resolve

if TYPE_CHECKING:
    from visualizer.api.trace import Trace

__all__ = ["CompletedRun", "TargetError", "record"]

_Path = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """A program that was recorded and has ended.

    `path`: its trace. `exit_code`: its exit status, or minus the number of the signal that killed it, as in
    `subprocess`. `warning`: one sentence about what the trace lacks; None if nothing is known to be missing.
    """

    path: Path
    exit_code: int
    warning: str | None = None

    def load(self) -> Trace:
        """The trace, as `visualizer.load` opens it. Raise TraceError if nothing was recorded."""
        from visualizer.api.trace import load

        return load(self.path)


def record(
    target: _Path, *args: _Path, to: _Path, module: bool = False, include: Sequence[str] = (), source: bool = True,
    overwrite: bool = False, marks: bool = False, children: bool = True,
) -> CompletedRun:
    """Run a program in a process of its own, record it in the file `to`, and wait until it ends.

    `target`: the name of a bundled scenario, the path of a script (a `Path` is never a scenario), or with `module` the
    name of a module, as in `python -m`. `args`: its arguments. It runs in this Python, and inherits environment,
    working directory, stdin, stdout and stderr. `include`: patterns of packages or paths whose generators get tracks,
    too; by default only the program's own do. `source`: whether the trace carries the text of the source files.
    `overwrite`: replace `to` if it exists. `marks`: whether its comments `# visualizer: text` mark the moments at which
    their lines run, as `visualizer.mark` does. `children`: whether its children are recorded, too.

    A program that fails is not an error: see `CompletedRun.exit_code`. If the wait is interrupted, as by
    KeyboardInterrupt, the program is killed; what was recorded until then is kept.

    Raise TargetError, with one sentence, if there is no such program; FileExistsError if `to` exists and is not to be
    overwritten; another OSError if it cannot be written, or the program cannot be started. Then nothing was run.
    """
    # In a Path, unlike in a word, a name alone is that of a file.
    word = target if isinstance(target, str) else os.path.join(os.curdir, target)
    resolved = resolve([word, *(os.fspath(arg) for arg in args)], module)
    path = Path(to)
    make_empty(path, resolved, overwrite=overwrite)
    options = tracer_options(include, source=source, marks=marks, children=CHILDREN if children else NONE)
    run = start(resolved, path, options=options)
    try:
        exit_code = run.wait()
    except BaseException:
        run.signal(signal.SIGKILL)
        run.wait()
        raise
    return CompletedRun(path, exit_code, run.warning)
