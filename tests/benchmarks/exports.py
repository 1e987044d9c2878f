"""What each format costs to export a long trace to, from the start of the command to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.benchmarks.commands import KIB_IN_MB, UNSET
from visualizer.export import FORMATS

#: A format -> what is wished beside it; those that draw an animation or a view beside the first, once more with that.
WISHES: list[tuple[str, tuple[str, ...]]] = [
    *((suffix, ()) for suffix in FORMATS),
    (".svg", ("--animate",)),
    (".svg", ("--view", "sequence")),
    (".csv", ("--table", "slices")),
    (".parquet", ("--table", "slices")),
]


def table(traces: Iterable[tuple[str, Path]]) -> Iterator[str]:
    """Markdown; with what the command says, as of what it has left out."""
    yield "| trace | export | wall | CPU | peak of memory | size | says |"
    yield "|---|---|---:|---:|---:|---:|---|"
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    for kind, path in traces:
        for suffix, wishes in WISHES:
            made = path.with_suffix(suffix)
            line = [sys.executable, "-m", "visualizer", "export", str(path), "-o", str(made), *wishes]
            start = time.perf_counter()
            with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment) as process:
                assert process.stderr is not None
                said = " ".join(process.stderr.read().split())
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            wall_s = time.perf_counter() - start
            size_mb = made.stat().st_size / 1e6 if made.exists() else 0
            made.unlink(missing_ok=True)
            yield (
                f"| {kind} | `{' '.join((suffix, *wishes))}` | {wall_s:.1f} s | {used.ru_utime + used.ru_stime:.1f} s "
                f"| {used.ru_maxrss * KIB_IN_MB:.0f} MB | {size_mb:.2f} MB | {said} |"
            )
