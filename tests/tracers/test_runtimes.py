"""Runtimes beside one another: two that wait for one module, two on greenlets, and those that are not recorded."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import ROOT, SEES_WAITS, bare, environment
from visualizer.analysis.findings import findings
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.cli import visualizer

#: Of trio what is asked of it, so that it need not be installed: where its loop begins.
TRIO = {
    "trio/__init__.py": "from trio._core._run import run",
    "trio/_core/__init__.py": "",
    "trio/_core/_run.py": """
        def setup_runner(function):
            return function
        def run(function):
            try:
                setup_runner(function)().send(None)
            except StopIteration:
                pass
        """,
}
TRIO_PROGRAM = "import trio\nasync def go(): print('ran')\ntrio.run(go)\ntrio.run(go)\n"


def packages(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())


def said(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What a command says on stderr, and then on stdout."""
    visualizer.main(command, prog_name="visualizer", standalone_mode=False)
    out, err = capsys.readouterr()
    return err + out


def test_every_command_says_once_that_trio_is_not_recorded(
    tmp_path: Path, trace_source: TraceSource, capsys: pytest.CaptureFixture[str]
) -> None:
    packages(tmp_path, TRIO)
    traced = trace_source(TRIO_PROGRAM)
    assert traced.ended.stdout == b"ran\nran\n"
    assert list(traced.timeline.unsupported) == ["trio"]
    for command in ("stats", "explain", "findings", "events", "show"):
        assert said(capsys, command, str(traced.path)).count("trio's loop and tasks are not recorded") == 1, command


def test_what_is_said_of_the_coroutines_of_a_loop_inside_of_another_is_true(
    tmp_path: Path, trace_source: TraceSource
) -> None:
    packages(tmp_path, TRIO)
    traced = trace_source(
        """
        import asyncio, trio

        async def go():
            print("ran")

        async def main():
            trio.run(go)

        asyncio.run(main())
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"ran\n", b"")
    (note,) = traced.timeline.notes
    assert ("program's coroutines are" in note) == any(traced.tracks("go"))


def test_nothing_is_said_of_a_runtime_that_is_imported_and_does_not_run(
    tmp_path: Path, trace_source: TraceSource, capsys: pytest.CaptureFixture[str]
) -> None:
    packages(tmp_path, TRIO)
    traced = trace_source("import asyncio, trio\nloop = asyncio.new_event_loop()\nloop.close()\n")
    assert (traced.timeline.notes, len(traced.timeline.tracks)) == ([], 1)
    assert said(capsys, "findings", str(traced.path)).endswith("still running.\nNo problems found.\n")


def hubs(timeline: Timeline) -> list[str]:
    return sorted(timeline.name(track.id) for track in timeline.tracks.values() if track.schedules)


FAMILIES = """
import sys
from visualizer.tracers.core.context import NO_VALUE
from visualizer.tracers.runtimes.greenlets.family import Family
from visualizer.tracers.runtimes.greenlets.tracer import GreenletTracer

class Rounds(Family):
    name = "rounds"
    modules = ("rounds", "threading")
    schedulers = frozenset(("round",))
    words = {"kinds": {"round": "scheduler", "lap": "task"}}

    def __init__(self, context):
        self.context = context
        self.told = []
        self.greenlets = context.of(GreenletTracer)

    def install(self):
        return "on when rounds is imported"

    def imported(self, name, module):
        self.told.append(name)
        if name == "rounds":
            self.module = module
            self.greenlets.families.append(self)

    def owns(self, kind):
        return kind in (self.module.Scheduler, self.module.Lap)

    def describe(self, greenlet):
        if type(greenlet) is self.module.Scheduler:
            return "round", "scheduler"
        return ("lap", greenlet.label) if type(greenlet) is self.module.Lap else None

    def on_switch(self, t_ns, event, origin, from_track, target, to_track):
        if type(target) is self.module.Scheduler and origin.gr_frame is not None:
            self.context.waits(t_ns, from_track, "lap", "the next lap")
        elif type(origin) is self.module.Scheduler and origin.gr_frame is not None:
            self.context.ready(t_ns, to_track, from_track, "lap")
        return None

    def hook(self, buffer, otherwise):
        def visualizer_hook(event, args):
            otherwise(event, args)
        return visualizer_hook

    def remove(self):
        self.greenlets.families.remove(self)

    def finish(self, t_ns):
        self.context.note("waited for " + ", ".join(self.told))
"""
ROUNDS = """
import greenlet
class Lap(greenlet.greenlet):
    pass
class Scheduler(greenlet.greenlet):
    def run(self):
        while laps:
            laps.pop(0).switch()
laps = []
scheduler = None
def spawn(label, function):
    global scheduler
    if scheduler is None:
        scheduler = Scheduler()
    lap = Lap(function, scheduler)
    lap.label = label
    laps.append(lap)
def again():
    laps.append(greenlet.getcurrent())
    scheduler.switch()
def run():
    scheduler.switch()
"""


def test_two_runtimes_on_greenlets_work_in_one_program_and_wait_for_the_same_module(tmp_path: Path) -> None:
    entry = "[visualizer.runtimes]\nrounds = rounds_tracer:Rounds\n"
    packages(
        tmp_path / "site",
        {
            "rounds.py": ROUNDS,
            "rounds_tracer.py": FAMILIES,
            "rounds-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: rounds\nVersion: 1\n",
            "rounds-1.dist-info/entry_points.txt": entry,
        },
    )
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import threading
        import gevent, rounds
        def lap():
            rounds.again()
        def nap():
            gevent.sleep(0)
        rounds.spawn("a", lap)
        rounds.spawn("b", lap)
        naps = [gevent.spawn(nap), gevent.spawn(nap)]
        rounds.run()
        gevent.joinall(naps)
        thread = threading.Thread(target=nap)
        thread.start()
        thread.join()
        """)
    )
    path = tmp_path / "trace"
    command = [sys.executable, "-m", "visualizer.tracers", "--trace", str(path), "--", str(script)]
    env = environment() | {"PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}"}
    subprocess.run(command, check=True, env=env, timeout=60, stdin=subprocess.DEVNULL)
    timeline, _ = load(str(path))
    assert hubs(timeline) == ["hub-1", "hub-2", "scheduler"]
    name = timeline.name
    wakes = [(name(wake.waker), wake.cause, name(wake.track)) for wake in timeline.wakeups]
    assert [wake for wake in wakes if wake[1] == "lap"] == [
        ("scheduler", "lap", "a"),
        ("scheduler", "lap", "b"),
        ("scheduler", "lap", "a"),
        ("scheduler", "lap", "b"),
    ]
    assert [wake for wake in wakes if wake[2] == "nap-1"] == [("main", "spawn", "nap-1"), ("hub-1", "timer", "nap-1")]
    waits = [(name(suspension.track), suspension.reason, suspension.on) for suspension in timeline.suspensions]
    assert [wait for wait in waits if wait[1] == "lap"] == [(who, "lap", "the next lap") for who in ("main", "a", "b")]
    # gevent's tracer waits for threading too, by way of greenlet's.
    assert [note for note in timeline.notes if note.startswith("waited for")] == ["waited for threading, rounds"]


def test_a_module_that_is_looked_for_and_not_imported_is_still_waited_for(trace_source: TraceSource) -> None:
    traced = trace_source("""
    import importlib.util
    print(importlib.util.find_spec("asyncio.events").loader is not None)
    import asyncio
    async def go(): pass
    asyncio.run(go())
    """)
    assert traced.ended.stdout == b"True\n"
    assert "go" in traced.order


def test_what_stands_in_a_traceback_is_the_programs_own(tmp_path: Path, trace_source: TraceSource) -> None:
    script = "import asyncio\nasync def go(): raise KeyboardInterrupt\nasyncio.run(go())\n"
    traced = trace_source(script)
    assert traced.ended == bare(tmp_path / "script.py")
    assert traced.outcome("go") == "raised"


@pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded in C, or from 3.12 on")
def test_things_of_several_runtimes_are_never_called_alike(trace_source: TraceSource) -> None:
    """They are told from one another by what they are called: nobody waits for a lock of another runtime's."""
    traced = trace_source(
        """
        import asyncio
        import threading

        import gevent
        import gevent.event
        import gevent.lock
        from concurrent.futures import Future

        is_over, lock, result = threading.Event(), threading.RLock(), Future()

        def keeps():
            with lock:
                is_over.wait()

        def wants():
            with lock:
                pass

        def in_gevent():
            event, lock = gevent.event.Event(), gevent.lock.RLock()
            def holder():
                with lock:
                    event.wait(0.3)
            def wanter():
                with lock:
                    pass
            gevent.joinall([gevent.spawn(holder), gevent.spawn(wanter)])

        async def in_asyncio():
            event, future = asyncio.Event(), asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(event.set)
            await event.wait()
            asyncio.get_running_loop().call_soon(future.set_result, 1)
            await future

        threads = [threading.Thread(target=keeps, name="keeps")]
        threads[0].start()
        while lock.acquire(blocking=False):
            lock.release()
        for function in (wants, result.result, in_gevent, lambda: asyncio.run(in_asyncio())):
            threads.append(threading.Thread(target=function))
            threads[-1].start()
        threads[3].join()
        threads[4].join()
        result.set_result(1)
        is_over.set()
        for thread in threads:
            thread.join()
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    waits = {
        (traced.timeline.name(one.track), one.object) for one in traced.timeline.suspensions
        if one.object.startswith(("Event ", "RLock ", "Future "))
    }  # fmt: skip
    kinds = [thing.partition(" ")[0] for _, thing in waits]
    assert sorted(kinds) == ["Event"] * 3 + ["Future"] * 2 + ["RLock"] * 2
    assert len({thing for _, thing in waits}) == len(waits)
    (kept,) = [found for found in findings(traced.timeline) if found.kind == "lock_held" and "holder" in found.sentence]
    assert "wanter waited for it" in kept.sentence
