"""What a long trace costs whoever looks at it, measured in one run on one interpreter.

    python -m tests.benchmarks.explore [commands] [exports] [load] [frame] [bytes] [live]

The traces are those of programs.py, recorded by the product itself. Printed in Markdown; nothing here is asserted, and
pytest does not collect it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import psutil  # type: ignore[import-untyped]

from tests.benchmarks import exports
from tests.benchmarks.commands import table
from tests.benchmarks.frames import HEAD, SIZE, Most, at, frames
from tests.reading import read_all
from visualizer.cli.reading import read_trace
from visualizer.trace import events as ev
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.feed import from_file

PROGRAMS = Path(__file__).parent / "programs.py"
KINDS = (
    "greenlets", "generators", "service", "chain", "nested", "locks", "threads", "coroutines", "short", "tasks",
    "brief", "own", "hogs",
)
#: How many events a switch that was asked for comes to, where that is not one; counted in traces.
EVENTS_OF_A_SWITCH = {"locks": 2.52, "coroutines": 2.03, "tasks": 2.27}
ROUNDS = 7
LIVE_SECONDS = 60
LIVE_RATE = 20_000


@dataclass(frozen=True)
class Recorded:
    kind: str
    events: int
    path: Path


def record(directory: Path, kind: str, events: int) -> Recorded:
    """A trace of about so many events."""
    path = directory / f"{kind}-{events}.trace"
    if path.exists():
        return Recorded(kind, events, path)
    many = events >= 100_000
    tracks, switches = 1000 if many else 40, round(events / EVENTS_OF_A_SWITCH.get(kind, 1))
    if kind == "service":
        # What a switch that was asked for comes to, and how it begins, depends on how many sleep; counted in traces.
        begin, each = (8_800, 1.95) if many else (290, 1.08)
        switches = round((events - begin) / each)
    work = [sys.executable, "-m", "visualizer", "record", "-o", str(path), str(PROGRAMS)]
    subprocess.run([*work, kind, str(switches), str(tracks)], check=True)
    return Recorded(kind, events, path)


def timed(work: Callable[[], object]) -> float:
    """CPU time: twice in a row, and the quicker of the two, so that nobody pays for what another left in the caches."""
    spent = []
    for _ in range(2):
        gc.collect()
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def parse(lines: list[bytes]) -> None:
    for line in lines:
        json.loads(line)


def view(path: Path) -> None:
    """Load it as the screen does: a megabyte at a time, in moments of 25 ms."""
    feed = from_file(path, False)
    while feed.live:
        feed.poll()


def load(directory: Path) -> Iterator[str]:
    yield "| trace | events | load | by the screen | json.loads, an event a line | over its own lines |"
    yield "|---|---:|---:|---:|---:|---:|"
    for kind in KINDS:
        for events in (10_000, 100_000, 1_000_000):
            recorded = record(directory, kind, events)
            _, expanded, _ = read_all(recorded.path)
            lines = [ev.encode(event) for event in expanded]
            own = recorded.path.read_bytes().splitlines()
            count = len(expanded)
            del expanded
            # None of this is there when a trace is opened.
            gc.collect()
            gc.freeze()
            ways = (
                partial(read_trace, str(recorded.path)),
                partial(view, recorded.path),
                partial(parse, lines),
                partial(parse, own),
            )
            spent = [[timed(way) for way in ways] for _ in range(ROUNDS)]
            ours, on_screen, theirs, packed = (median(column) * 1e3 for column in zip(*spent, strict=True))
            # How many times as long json.loads takes as each of ours.
            times, screens = (median(row[2] / row[way] for row in spent) for way in (0, 1))
            yield (
                f"| {kind} | {count:,} | {ours:,.1f} ms ({times:.2f}x as fast; {ours / count * 1e6:,.0f} ns an event) "
                f"| {on_screen:,.1f} ms ({screens:.2f}x) | {theirs:,.1f} ms | {packed:,.1f} ms |"
            )


def frame(directory: Path) -> Iterator[str]:
    yield from HEAD
    most = Most()
    for kind in ("greenlets", "service"):
        traces = [(events, record(directory, kind, events).path) for events in (1_000, 10_000, 100_000, 1_000_000)]
        yield from asyncio.run(frames(kind, traces, most))
    yield f"\n{most}"


#: Prints the growth of a process over loading a trace, and once more when it is painted.
GROWTH = """
import gc, sys, psutil
from pathlib import Path
from visualizer.tui.state.feed import from_file
from visualizer.tui.state.view import View
from tests.benchmarks import exports
from tests.benchmarks.commands import table
from tests.benchmarks.frames import CELLS, ROWS, paint
process = psutil.Process()
# As the app does.
gc.freeze()
# What is imported and allocated for any trace, however short, is not the long one's.
for path in sys.argv[1:]:
    gc.collect()
    before = process.memory_info().rss
    feed = from_file(Path(path), False)
    while feed.live:
        feed.poll()
    timeline = feed.timeline
    del feed
    gc.collect()
    loaded = process.memory_info().rss
    view = View(timeline, live=False)
    view.resize(CELLS)
    view.make_room(ROWS)
    view.grown(timeline.last_ns, False)
    paint(view)
    gc.collect()
    print(loaded - before, process.memory_info().rss - before, timeline.switch_count)
"""


def size(directory: Path) -> Iterator[str]:
    yield "| trace | events | loaded, bytes an event | and painted with its groups folded |"
    yield "|---|---:|---:|---:|"
    for kind in KINDS:
        short, long = record(directory, kind, 1_000), record(directory, kind, 1_000_000)
        _, expanded, _ = read_all(long.path)
        count = len(expanded)
        del expanded
        ended = subprocess.run(
            [sys.executable, "-c", GROWTH, str(short.path), str(long.path)], check=True, capture_output=True, text=True
        )
        loaded, painted, _ = map(int, ended.stdout.splitlines()[-1].split())
        yield f"| {kind} | {count:,} | {loaded / count:.0f} | {painted / count:.0f} |"


#: Writes so many events a second for so many seconds: ten greenlets that hand over to one another.
WRITER = """
import os, sys, time
path, rate, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
from visualizer.trace import events as ev, words
begin = time.monotonic_ns()
file = os.open(path, os.O_WRONLY | os.O_APPEND)
header = ev.Header(words.FORMAT, words.VERSION, os.getpid(), begin, time.time_ns())
lines = [header, ev.Text(0, "worker"), ev.Text(1, "hub")]
lines += [ev.Spawn(track, track, words.THREAD if not track else words.GREENLET, 0, -1, -1, -1) for track in range(10)]
os.write(file, b"".join(map(ev.encode, lines)))
sent, current = 0, 0
while sent < rate * seconds:
    time.sleep(0.02)
    now = time.monotonic_ns() - begin
    due = min(rate * seconds, rate * now // 1_000_000_000)
    batch = []
    for number in range(sent, due):
        target = (current + 1) % 10
        batch.append(b'["switch",%d,%d,%d,"switch",-1,-1]\\n' % (number * 1_000_000_000 // rate, current, target))
        current = target
    sent = due
    os.write(file, b"".join(batch))
os.write(file, ev.encode(ev.End(time.monotonic_ns() - begin, 0, 0)))
"""


async def follow(directory: Path) -> Iterator[str]:
    path = directory / "live.trace"
    path.touch()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(LIVE_RATE), str(LIVE_SECONDS)])
    # As the app does when it is run.
    gc.freeze()
    app = VisualizerApp(open_path=path, follow=True)
    behind: list[int] = []
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert isinstance(screen, TimelineScreen)
        while screen.feed.live:
            await pilot.pause(0.01)
            header = screen.feed.timeline.header
            if header is not None and writer.poll() is None:
                behind.append(time.monotonic_ns() - header.monotonic_ns - screen.feed.timeline.last_ns)
        shown = screen.feed.timeline.switch_count
    lost = LIVE_RATE * LIVE_SECONDS - shown
    told = " | ".join(f"{at(behind, part) / 1e6:.0f} ms" for part in (0.5, 0.95, 1.0))
    return iter(
        (
            "| events a second | seconds | lost | behind, median | p95 | most |",
            "|---:|---:|---:|---:|---:|---:|",
            f"| {LIVE_RATE:,} | {LIVE_SECONDS} | {lost} | {told} |",
        )
    )


def live(directory: Path) -> Iterator[str]:
    yield from asyncio.run(follow(directory))


def commands(directory: Path) -> Iterator[str]:
    return table((kind, record(directory, kind, 1_000_000).path) for kind in KINDS)


def export(directory: Path) -> Iterator[str]:
    return exports.table((kind, record(directory, kind, 1_000_000).path) for kind in ("service", "brief", "tasks"))


#: First those of commands: of a process that this one starts, the kernel counts what this one had in memory by then.
PARTS = {"commands": commands, "exports": export, "load": load, "frame": frame, "bytes": size, "live": live}


def main(asked: list[str]) -> None:
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    print(f"CPython {platform.python_version()}, {psutil.cpu_count()} processors; medians.")
    with tempfile.TemporaryDirectory() as name:
        for part in sorted(asked or PARTS, key=[*PARTS].index):
            print(f"\n{part}\n", flush=True)
            for line in PARTS[part](Path(name)):
                print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
