"""Starts the program under watch, and writes the last line of its trace when it is over."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from visualizer.session import why
from visualizer.session.control import ProgramControl
from visualizer.session.target import Target
from visualizer.trace.events import DECODE_ERRORS, End, Header, decode_header, encode

#: What a child's stdin, stdout or stderr may be, as in `subprocess.Popen`; None is the same as ours.
Stdio = int | IO[Any] | None

#: Run as a file and with -P, so that nothing in the user's folder can be taken for a module of ours or of Python's.
_TRACERS = Path(__file__).parent.parent / "tracers" / "__main__.py"

#: Which processes are recorded beside the first: its children and theirs; also multiprocessing's own (its resource
#: tracker and its fork server); or none.
CHILDREN, ALL, NONE = "children", "all", "none"
CHILDREN_OPTIONS: dict[str, tuple[str, ...]] = {CHILDREN: (), ALL: ("--all-children",), NONE: ("--no-children",)}

#: No header is longer; a file without a newline up to here is not a trace.
_HEADER_BYTES = 1 << 20


def tracer_command(target: Target, trace_path: Path, options: Sequence[str] = ()) -> list[str]:
    """The command that runs `target` under the tracers, which write to `trace_path`.

    It replaces itself by the plain interpreter, so that the process it becomes is the script's own.
    """
    return [
        *(sys.executable, "-P", str(_TRACERS), "--trace", str(trace_path)),
        *(*options, "--", *target.python_args),
    ]


def tracer_options(
    include: Sequence[str] = (), *, source: bool = True, marks: bool = False, children: str = CHILDREN
) -> tuple[str, ...]:
    """The options of the tracers that have generators of these packages or paths get tracks, too, that keep the text
    of the source files in the trace, or out of it, that let comments mark moments, and that say which processes are
    recorded beside the first (a row of `CHILDREN_OPTIONS`)."""
    patterns = [word for pattern in include for word in ("--include", pattern)]
    return (
        *patterns, *(() if source else ("--no-source",)), *(("--marks",) if marks else ()), *CHILDREN_OPTIONS[children]
    )


class ProgramRun:
    """A process under watch. `poll` and `wait` may be called from any thread."""

    def __init__(
        self, process: subprocess.Popen[bytes], trace_path: Path, control: ProgramControl | None = None
    ) -> None:
        self.trace_path = trace_path
        #: The connection that pauses it, if it was started with one.
        self.control = control
        #: False if the process was over before it had begun to record. Known when it is over.
        self.recorded = False
        #: One sentence about what is missing in the trace. Known when the process has ended.
        self.warning: str | None = None
        self._process = process
        self._lock = threading.Lock()
        self._ended = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> IO[bytes] | None:
        """Where to read what it prints, if it was started with `subprocess.PIPE`."""
        return self._process.stdout

    @property
    def stderr(self) -> IO[bytes] | None:
        return self._process.stderr

    def poll(self) -> int | None:
        """Exit status, or minus the number of the signal that killed it; None while it runs."""
        status = self._process.poll()
        if status is not None:
            self._end(status)
        return status

    def wait(self) -> int:
        """Wait until it is over. Return its exit status, or minus the number of the signal that killed it."""
        status = self._process.wait()
        self._end(status)
        return status

    def close(self) -> None:
        """Close our ends of its pipes, if it was given any."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def signal(self, number: int) -> None:
        """Send it a signal, unless it is over."""
        self._process.send_signal(number)

    @property
    def stopped_by(self) -> int | None:
        """The signal that has stopped it; None if it is not stopped, or that cannot be told (macOS)."""
        with contextlib.suppress(ChildProcessError, AttributeError):
            stopped = os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
            return stopped.si_status if stopped else None
        return None

    def _end(self, status: int) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = True
            if self.control is not None:
                self.control.close()
            header = _header_of(self.trace_path)
            self.recorded = header is not None
            if header is None:
                reason = _refusal(self.trace_path) or "the program ended too early, or the disk is full"
                self.warning = f"Nothing was recorded in {str(self.trace_path)!r}: {reason}."
                return
            now_ns = time.monotonic_ns()
            if self.control is not None:
                now_ns = self.control.clock(now_ns)
            t_ns = max(0, now_ns - header.monotonic_ns)
            end = End(t_ns, status, 0) if status >= 0 else End(t_ns, -1, -status)
            try:
                _append(self.trace_path, encode(end))
            except OSError as error:
                self.warning = f"The end of the trace {str(self.trace_path)!r} could not be written: {why(error)}."


def start(
    target: Target, trace_path: Path, stdin: Stdio = None, stdout: Stdio = None, stderr: Stdio = None,
    options: Sequence[str] = (), command: Callable[[Target, Path, Sequence[str]], list[str]] = tracer_command,
    control: ProgramControl | None = None,
) -> ProgramRun:
    """Start `target` under the tracers, its trace going to `trace_path`, which may exist and is appended to.

    `options` are the tracers' own: "--include" with a pattern, "--no-source" (visualizer/tracers/__main__.py).
    Environment, working directory and whatever stdio is not named are ours. With `control` the program can be paused by
    it from the beginning. Raise OSError if it cannot be started.
    """
    if control is not None:
        options = (*options, "--control", str(control.fd))
    try:
        process = subprocess.Popen(
            command(target, trace_path, options),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            # What a shell handed down beyond stderr belongs to the script, too; our own are not inheritable (PEP 446).
            close_fds=False,
        )
    except OSError:
        if control is not None:
            control.close()
        raise
    finally:
        if control is not None:
            control.started()
    return ProgramRun(process, trace_path, control)


def _header_of(path: Path) -> Header | None:
    # Not a pipe: reading from it would take data from its reader.
    with contextlib.suppress(OSError, *DECODE_ERRORS), path.open("rb") as trace:
        if stat.S_ISREG(os.fstat(trace.fileno()).st_mode):
            return decode_header(trace.readline(_HEADER_BYTES))
    return None


def _refusal(path: Path) -> str:
    """What the tracers left beside the trace if they could not begin; taken away."""
    note = path.with_name(f"{path.name}.failed")
    with contextlib.suppress(OSError):
        reason = note.read_text(encoding="utf-8", errors="replace").strip()
        note.unlink()
        return reason
    return ""


def _append(path: Path, line: bytes) -> None:
    """Add a line, after a line's end if the last one has none. Raise OSError if the disk does not take it."""
    with path.open("r+b", buffering=0) as trace:
        if trace.seek(0, os.SEEK_END):
            trace.seek(-1, os.SEEK_END)
            if trace.read(1) != b"\n":
                line = b"\n" + line
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        if os.write(out, line) != len(line):
            raise OSError(0, "it was cut off")
    finally:
        os.close(out)
