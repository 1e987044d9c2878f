"""What each command that prints a long trace costs, from its start to its end, printing into a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

COMMANDS = ("show", "stats", "findings", "explain", "events")
ROUNDS = 3
_READ_BYTES = 1 << 20
#: A user's modules are compiled once, and what is printed is buffered.
UNSET = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
#: `ru_maxrss` is in KiB on Linux.
KIB_IN_MB = 1024 / 1e6


class Spent(NamedTuple):
    """Of one run; seconds, and bytes."""

    cpu_s: float
    wall_s: float
    first_line_s: float
    peak_mb: float
    printed_bytes: int


def run(command: str, trace: Path) -> Spent:
    """Raise CalledProcessError if the command fails."""
    line = [sys.executable, "-m", "visualizer", command, str(trace)]
    start = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    with subprocess.Popen(line, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        printed = len(process.stdout.readline())
        first_line_s = time.perf_counter() - start
        while part := process.stdout.read1(_READ_BYTES):  # type: ignore[attr-defined]
            printed += len(part)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, line)
    wall_s = time.perf_counter() - start
    return Spent(used.ru_utime + used.ru_stime, wall_s, first_line_s, used.ru_maxrss * KIB_IN_MB, printed)


def table(traces: Iterable[tuple[str, Path]]) -> Iterator[str]:
    """Markdown; of several runs the one that took the least CPU time."""
    yield "| trace | command | wall | CPU | first line | peak of memory | printed |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for kind, path in traces:
        for command in COMMANDS:
            best = min(run(command, path) for _ in range(ROUNDS))
            yield (
                f"| {kind} | `{command}` | {best.wall_s:.2f} s | {best.cpu_s:.2f} s | {best.first_line_s:.2f} s "
                f"| {best.peak_mb:.0f} MB | {best.printed_bytes / 1e6:.1f} MB |"
            )
