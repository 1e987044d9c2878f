"""What recording costs, measured side by side in one run on one interpreter.

    python -m tests.benchmarks [--ways WAY,WAY...] [OPERATION...]

"floor" is the least that a recorder could do in the same places: read the clock and store a row of three integers at
each event, without a look at what happened (floor.c, which is compiled for it). "no-op hook" and "clock and store" are
the same for one in Python, a hook that does nothing, and one that stores as much. Of what is not a generator or a
greenlet there is none of these.

Every way to run an operation is a process of its own (work.py) that times itself. All of them are alive at once and
take turns, one batch each, round after round: what slows the machine down slows all of them. Printed in Markdown: the
median of the nanoseconds per operation, and the median over the rounds of each way's time through the bare one's of
the same round. Nothing here is asserted, and pytest does not collect it.
"""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from hatch_build import SUFFIX, build
from tests.tracers.traced import environment, launch_command, launch_environment
from visualizer.tracers.core.compiled import WANTED

WORK = str(Path(__file__).parent / "work.py")
FLOOR = Path(__file__).parent / "floor.c"
OPERATIONS = {
    "send": "generator send",
    "numbers": "for over a generator's distinct numbers",
    "objects": "the same, over new objects",
    "births": "generator made and exhausted, one number",
    "switch": "greenlet switch",
    "switch_value": "greenlet switch that hands a number over",
    "sleep0": "gevent sleep(0)",
    "queue": "gevent queue hand-over",
    "crowd": "the same, 500 put and 500 get",
    "spawn": "gevent spawn and join",
    "socket": "socket ping-pong on loopback",
    "task0": "asyncio sleep(0), 100 tasks",
    "task_queue": "asyncio queue hand-over",
    "request": "aiohttp request, client and server",
    "lock": "acquire and release of a lock that nobody waits for, once there is a thread",
    "lock_over": "lock hand-over between threads",
    "queue_over": "queue hand-over between threads",
    "pool_map": "an item of a Pool's map, by tens to 2 processes",
    "select": "write to a pipe, select it, and read",
    "select_one": "select of a selector that finds at once what it found before, 1 descriptor",
    "select_many": "the same, 400 descriptors",
    "select_lists": "the same of select.select, 10 descriptors",
    "poll": "the same of a poll object",
    "future": "submit to a thread pool, and wait for the result",
    "socket_over": "a byte to another thread and back, by sockets",
}
#: What has to be installed for some.
NEEDS = {"request": "aiohttp"}
ROUNDS = 7
#: A batch of the bare program takes so long; the others do as much.
BATCH_NS = 30_000_000
#: What a way does in the background after a batch (flushing) must not fall into another's.
PAUSE_SECONDS = 0.06
SWITCHES = 1_000_000
#: The operations that have hooks of their own to be compared with.
HOOKED = (
    "send", "numbers", "objects", "births", "switch", "switch_value", "sleep0", "queue", "crowd", "spawn", "socket",
)  # fmt: skip
#: An operation of these is so many switches, as a timeline counts them.
OF_MEMORY = {"send": 2, "switch": 1, "sleep0": 2}


@dataclass(frozen=True)
class Way:
    """A way to run a program: the words before `work.py OPERATION`, and those after."""

    name: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: str = ""
    traced: bool = False
    #: A hook of the measured program's own: for HOOKED alone.
    is_hook: bool = False
    #: Which recorder is used (compiled.WANTED).
    recorder: str = "auto"


VIZTRACER = ("-m", "viztracer", "--quiet", "-o", "trace.json")
WAYS = (
    Way("bare"),
    Way("visualizer", traced=True),
    Way("visualizer, all in Python", traced=True, recorder="no"),
    Way("floor", after=("floor",), is_hook=True),
    Way("no-op hook", after=("noop",), is_hook=True),
    Way("clock and store", after=("store",), is_hook=True),
    Way("viztracer", (*VIZTRACER, "--"), needs="viztracer"),
    Way("viztracer --log_async", (*VIZTRACER, "--log_async", "--"), needs="viztracer"),
    Way("trace0", ("-m", "trace0", "run", "-o", "trace.pftrace"), needs="trace0"),
)


class Running:
    """A process that works on demand."""

    def __init__(self, way: Way, operation: str, directory: Path) -> None:
        self.way = way
        directory.mkdir()
        self._errors = directory / "stderr"
        work = [WORK, operation, *way.after]
        command = launch_command(directory / "trace", *work) if way.traced else [sys.executable, *way.before, *work]
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=launch_environment() | {WANTED: way.recorder} if way.traced else environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors.open("wb"),
            text=True,
        )

    def work(self, count: int) -> tuple[int, int] | None:
        """Nanoseconds that `count` operations took, and the peak of memory in bytes; None if the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{count}\n")
            self._process.stdin.flush()
            took, peak = self._process.stdout.readline().split()
        except (BrokenPipeError, ValueError):
            return None
        time.sleep(PAUSE_SECONDS)
        return int(took), int(peak) * (1 if sys.platform == "darwin" else 1024)

    def complaint(self) -> str:
        """The first line on stderr."""
        return next(iter(self._errors.read_text(errors="replace").splitlines()), "")

    def stop(self) -> None:
        # Killed: some would now write out what they have, which takes longer than all the rest.
        self._process.kill()
        self._process.communicate()


@contextmanager
def running(ways: list[Way], operation: str) -> Iterator[list[Running]]:
    with tempfile.TemporaryDirectory() as directory:
        started = [Running(way, operation, Path(directory) / way.name.replace(" ", "_")) for way in ways]
        try:
            yield started
        finally:
            for one in started:
                one.stop()


def with_floor(directory: str) -> Iterator[Way]:
    """WAYS, with what a floor in C needs: left out, and said, where that cannot be compiled."""
    library = Path(directory, "floor").with_suffix(SUFFIX)
    for way in WAYS:
        if way.name != "floor":
            yield way
            continue
        try:
            build(FLOOR, library)
        except (OSError, RuntimeError) as error:
            print(f"{way.name} is left out: {error}")
        else:
            yield replace(way, after=(*way.after, str(library)))


def batch_size(bare: Running) -> int:
    """So many operations take BATCH_NS."""
    count = 100
    while True:
        done = bare.work(count)
        if done is None:
            raise SystemExit(f"The bare program ended: {bare.complaint()}")
        if done[0] >= BATCH_NS / 4:
            return max(100, int(count * BATCH_NS / done[0]))
        count *= 4


def measure(operation: str, ways: list[Way]) -> dict[str, str]:
    """What to print for each way."""
    told = {way.name: "" for way in ways}
    ways = [way for way in ways if not way.is_hook or operation in HOOKED]
    with running(ways, operation) as processes:
        count = batch_size(processes[0])
        for process in processes:
            process.work(count // 10 + 2)
        times: dict[str, list[float]] = {way.name: [] for way in ways}
        for _ in range(ROUNDS):
            for process in processes:
                done = process.work(count)
                if done is not None:
                    times[process.way.name].append(done[0] / count)
        for process in processes:
            own, name = times[process.way.name], process.way.name
            if len(own) < ROUNDS:
                told[name] = f"ended: {process.complaint()[:60]}"
                continue
            ratio = median(mine / bare for mine, bare in zip(own, times["bare"], strict=True))
            told[name] = f"{median(own):,.0f} ns" + (f" ({ratio:.2f}×)" if name != "bare" else "")
            if process.complaint() and not process.way.traced:
                told[name] += f", {process.complaint()[:60]!r}"
        return told


def memory_growth(operation: str, way: Way) -> str:
    """By how much SWITCHES switches raise the peak of the process's memory."""
    with running([way], operation) as (process,):
        before = process.work(1000)
        after = process.work(SWITCHES // OF_MEMORY[operation])
        if before is None or after is None:
            return f"ended: {process.complaint()[:60]}"
        return f"{(after[1] - before[1]) / 2**20:.1f} MiB"


def main(names: list[str]) -> int:
    wanted = {way.name for way in WAYS}
    if names[:1] == ["--ways"]:
        # What is left is compared with the first.
        wanted, names = {WAYS[0].name, *names[1].split(",")}, names[2:]
    for what, given, known in (("operation", names, OPERATIONS), ("way", wanted, [way.name for way in WAYS])):
        if unknown := [name for name in given if name not in known]:
            print(f"There is no {what} {unknown[0]!a}; there are {', '.join(known)}.", file=sys.stderr)
            return 2
    operations = []
    for name in names or OPERATIONS:
        if importlib.util.find_spec(NEEDS.get(name, "sys")) is not None:
            operations.append(name)
        else:
            print(f"{OPERATIONS[name]} is left out: {NEEDS[name]} is not installed here.")
    print(f"CPython {platform.python_version()}, {ROUNDS} rounds, medians; in brackets the ratio to bare.")
    with tempfile.TemporaryDirectory() as directory:
        ways = []
        for way in with_floor(directory):
            if way.name not in wanted:
                continue
            if not way.needs or importlib.util.find_spec(way.needs) is not None:
                ways.append(way)
            else:
                print(f"{way.name} is not installed here and left out.")
        print(f"\n| operation | {' | '.join(way.name for way in ways)} |\n|---|{'---:|' * len(ways)}", flush=True)
        for operation in operations:
            told = measure(operation, ways)
            print(f"| {OPERATIONS[operation]} | {' | '.join(told[way.name] for way in ways)} |", flush=True)
    print(f"\n| growth of memory over {SWITCHES:,} switches | bare | visualizer |\n|---|---:|---:|", flush=True)
    for operation in OF_MEMORY:
        if operation in operations:
            grown = " | ".join(memory_growth(operation, way) for way in WAYS[:2])
            print(f"| {OPERATIONS[operation]} | {grown} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
