"""A program of trio's, recorded in a process of its own: who ran, who waited for what, and who woke whom."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import Ended, Traced, bare, environment
from visualizer.analysis.load.loader import load
from visualizer.tracers import __main__ as launcher

HERE = Path(__file__).parent.parent


def install(folder: Path) -> list[str]:
    """Make the package one that is installed, as far as its entry point goes. Return where it is to be found."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["visualizer.runtimes"]
    info = folder / "visualizer_trio-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1\n")
    points = "".join(f"{name} = {where}\n" for name, where in entries.items())
    (info / "entry_points.txt").write_text(f"[visualizer.runtimes]\n{points}")
    return [str(folder), str(HERE / "src")]


@pytest.fixture
def trace_trio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TraceSource:
    """Trace a script given as text where the package is installed. Its tasks take turns in one order, always."""
    where = install(tmp_path)
    # The launcher looks for entry points where it runs.
    monkeypatch.setattr(sys, "path", [*where, *sys.path])

    def run(source: str, launched: bool = False) -> Traced:
        """`launched`: as users do, by a process that knows how the program ended, too."""
        script, path = tmp_path / "script.py", tmp_path / "script.trace"
        script.write_text(ORDER + source)
        env = environment() | {"PYTHONPATH": os.pathsep.join(where), "VISUALIZER_STATE_DIR": str(tmp_path / "state")}
        command = [str(Path(sys.executable).parent / "visualizer"), "record", str(script), "-o", str(path)]
        if not launched:
            command, env = [sys.executable, str(script)], launcher.environment(str(path), [], True, False, "", env)
        done = subprocess.run(command, capture_output=True, timeout=60, env=env)
        return Traced(Ended(done.returncode, done.stdout, done.stderr), load(str(path))[0], path)

    return run


def problems(traced: Traced) -> list[tuple[str, str]]:
    return [(found.kind, found.sentence) for found in traced.problems]


#: trio, as it is imported, has a process look for a library, and may have to wait for the end of that, or may not.
ORDER = """
import ctypes.util, os, signal, threading, time, traceback
ctypes.util.find_library = lambda name: None
import trio, trio.testing
from trio._core import _run
_run._ALLOW_DETERMINISTIC_SCHEDULING = True
_run._r.seed(1)
"""
PROGRAM = """
async def wait(event):
    await event.wait()

async def produce(channel):
    async with channel:
        await channel.send("item")

async def consume(channel):
    async for item in channel:
        print(item)

async def lock_it(lock):
    async with lock:
        await trio.sleep(0)

async def fail():
    raise ValueError("as asked")

async def read(socket):
    return await socket.recv(1)

async def events():
    event = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, event, name="waiter")
        await trio.testing.wait_all_tasks_blocked()
        event.set()

async def channels():
    sends, receives = trio.open_memory_channel(0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume, receives)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(produce, sends)

async def locks():
    lock = trio.Lock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lock_it, lock, name="locker-a")
        nursery.start_soon(lock_it, lock, name="locker-b")

async def ends():
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever, name="sibling")
            nursery.start_soon(fail)
    except* ValueError:
        print("failed")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 60, name="sleeper")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    with trio.CancelScope() as scope:
        scope.cancel()
        await trio.sleep(60)

async def times():
    await trio.sleep(0.001)
    with trio.move_on_after(0.001):
        await trio.sleep(60)
    with trio.move_on_after(0.001):
        await trio.sleep_forever()
    with trio.move_on_after(0.001):
        time.sleep(0.002)
        await trio.sleep(60)
    with trio.move_on_at(0):
        await trio.sleep(60)

async def outside():
    await trio.to_thread.run_sync(os.getpid)
    await trio.to_thread.run_sync(trio.from_thread.run, trio.sleep, 0)
    with trio.open_signal_receiver(signal.SIGUSR1) as signals:
        os.kill(os.getpid(), signal.SIGUSR1)
        async for _ in signals:
            break
    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read, theirs)
            await trio.testing.wait_all_tasks_blocked()
            await ours.send(b"x")

async def main():
    for part in (events, channels, locks, ends, times, outside):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(part)
    try:
        trio.run(main)
    except RuntimeError:
        traceback.print_exc()
    return "over"

print(trio.run(main))
"""


#: Who woke whom, and why: (waker, cause, woken). One that has only given way is woken by its run, as by a timer.
WAKES = [
    ("trio", "spawn", "main()"),
    ("main()", "spawn", "events"),
    ("events", "spawn", "waiter"),
    ("trio", "all blocked", "events"),
    ("events", "callback", "waiter"),
    ("waiter", "finished", "events"),
    ("events", "finished", "main()"),
    ("main()", "spawn", "channels"),
    ("channels", "spawn", "consume"),
    ("trio", "all blocked", "channels"),
    ("channels", "spawn", "produce"),
    ("produce", "callback", "consume"),
    ("trio", "timer", "produce"),
    ("trio", "timer", "produce"),
    ("produce", "finished", "channels"),
    ("channels", "finished", "main()"),
    ("main()", "spawn", "locks"),
    ("locks", "spawn", "locker-a"),
    ("locks", "spawn", "locker-b"),
    ("trio", "timer", "locker-a"),
    ("trio", "timer", "locker-a"),
    ("locker-a", "callback", "locker-b"),
    ("trio", "timer", "locker-b"),
    ("locker-b", "finished", "locks"),
    ("locks", "finished", "main()"),
    ("main()", "spawn", "ends"),
    ("ends", "spawn", "sibling"),
    ("ends", "spawn", "fail"),
    ("fail", "cancel", "sibling"),
    ("sibling", "finished", "ends"),
    ("ends", "spawn", "sleeper"),
    ("trio", "all blocked", "ends"),
    ("ends", "cancel", "sleeper"),
    ("sleeper", "finished", "ends"),
    ("ends", "cancel", "ends"),
    ("ends", "finished", "main()"),
    ("main()", "spawn", "times"),
    # Its sleep is over; then a time limit is, or has been as it begins to wait.
    ("trio", "timer", "times"),
    *[("trio", "timeout", "times")] * 4,
    ("times", "finished", "main()"),
    ("main()", "spawn", "outside"),
    ("trio", "timer", "outside"),
    ("Trio thread 0", "threadpool", "outside"),
    ("trio", "timer", "outside"),
    # A thread has it run something in its place, which gives way.
    ("Trio thread 0", "callback", "outside"),
    ("trio", "timer", "outside"),
    ("trio", "timer", "outside"),
    ("trio", "timer", "outside"),
    ("Trio thread 0", "threadpool", "outside"),
    ("trio", "signal", "outside"),
    ("outside", "spawn", "read"),
    ("trio", "all blocked", "outside"),
    ("trio", "timer", "outside"),
    ("trio", "io", "read"),
    ("trio", "timer", "outside"),
    ("outside", "finished", "main()"),
    ("trio", "finished", "main"),
]
#: What each waited for, apart from its next turn: (track, reason, for what).
WAITS = [
    ("main", "join", "trio.run(main)"),
    ("main()", "join", "trio.open_nursery()"),
    ("events", "all blocked", "trio.testing.wait_all_tasks_blocked()"),
    ("waiter", "event", "event.wait()"),
    ("events", "join", "trio.open_nursery()"),
    ("main()", "join", "trio.open_nursery()"),
    ("channels", "all blocked", "trio.testing.wait_all_tasks_blocked()"),
    ("consume", "receive", "channel"),
    ("channels", "join", "trio.open_nursery()"),
    ("main()", "join", "trio.open_nursery()"),
    ("locks", "join", "trio.open_nursery()"),
    ("locker-b", "lock", "lock"),
    ("main()", "join", "trio.open_nursery()"),
    ("ends", "join", "trio.open_nursery()"),
    ("ends", "all blocked", "trio.testing.wait_all_tasks_blocked()"),
    ("sleeper", "sleep", "60 s"),
    ("ends", "join", "trio.open_nursery()"),
    ("ends", "sleep", "60 s"),
    ("main()", "join", "trio.open_nursery()"),
    ("times", "sleep", "0.001 s"),
    ("times", "sleep", "60 s"),
    ("times", "sleep_forever", "trio.sleep_forever()"),
    *[("times", "sleep", "60 s")] * 2,
    ("main()", "join", "trio.open_nursery()"),
    ("outside", "threadpool", "trio.to_thread.run_sync(os.getpid)"),
    ("outside", "threadpool", "trio.to_thread.run_sync(trio.from_thread.run, trio.sleep, 0)"),
    ("outside", "threadpool", "trio.to_thread.run_sync(trio.from_thread.run, trio.sleep, 0)"),
    ("outside", "parking lot", "signals"),
    ("outside", "all blocked", "trio.testing.wait_all_tasks_blocked()"),
    ("read", "io", "socket.recv(1)"),
]


def test_every_wait_and_every_wake_of_a_program_is_told(trace_trio: TraceSource, tmp_path: Path) -> None:
    traced = trace_trio(PROGRAM)
    # The traceback of a run inside of a run has no line of ours.
    assert traced.ended == bare(tmp_path / "script.py")
    assert traced.timeline.notes == []
    # What trio's threads wait for, from Python 3.12 on, is not the package's to tell.
    assert [wake for wake in traced.wakes if wake[2] not in traced.threads] == WAKES
    assert [wait for wait in traced.waits if wait[2] != "0 s" and wait[0] not in traced.threads] == WAITS
    tracks = {traced.timeline.name(track.id): track for track in traced.timeline.tracks.values()}
    raised = [(name, track.value) for name, track in tracks.items() if track.outcome == "raised"]
    assert raised == [("fail", "ValueError('as asked')")]
    assert [name for name, track in tracks.items() if track.outcome == "cancelled"] == ["sibling", "sleeper"]
    assert [tracks[name].value for name in ("main()", "read")] == ["'over'", "b'x'"]
    assert traced.timeline.name(tracks["waiter"].creator) == "events"
    assert (place := tracks["waiter"].place) is not None
    assert place.function == "events"
    assert {track.kind for track in tracks.values()} == {"thread", "loop", "task"}
    # What it awaited is no track of its own, and while the run polled it was idle.
    assert "IDLE" in traced.states("trio")
    of = {(suspension.track, suspension.reason): suspension for suspension in traced.timeline.suspensions}
    assert of[tracks["waiter"].id, "event"].object == "Event 1"
    assert of[tracks["locks"].id, "join"].object == f"tracks {tracks['locker-a'].id}, {tracks['locker-b'].id}"
    awaits = of[tracks["read"].id, "io"]
    assert (awaits.fd >= 0, awaits.direction) == (True, "read")
    # Of the two limits the sooner one: it would have slept for longer.
    slept = [one for one in traced.timeline.suspensions if one.reason == "sleep" and one.track == tracks["times"].id]
    assert [one.asked_ns == one.sleep_ns for one in slept] == [True, False, False, False]
    assert [one.asked_ns for one in slept[2:]] == [0, 0]
    assert problems(traced) == []


DEADLOCK = """
async def take(first, second):
    async with first:
        await trio.testing.wait_all_tasks_blocked()
        async with second:
            print("took both", flush=True)

async def main(crosswise):
    a, b = trio.Lock(), trio.Lock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take, a, b, name="ab")
        nursery.start_soon(take, *((b, a) if crosswise else (a, b)), name="ba")
        if crosswise:
            await trio.testing.wait_all_tasks_blocked(0.01)
            os._exit(3)

trio.run(main, False)
trio.run(main, True)
"""


def test_two_tasks_with_a_lock_each_that_want_the_others_are_a_circle(trace_trio: TraceSource) -> None:
    traced = trace_trio(DEADLOCK, launched=True)
    assert (traced.ended.code, traced.ended.stdout) == (3, b"took both\ntook both\n")
    ((kind, sentence),) = problems(traced)
    assert kind == "deadlock"
    assert "ab-2 waits for second" in sentence
    assert "which ba-2 holds" in sentence


BROKEN = """
async def main():
    (run,) = [one for one in trio.lowlevel.current_root_task()._runner.instruments["_all"]]
    await trio.sleep(0)
    run.tasks = None
    await trio.sleep(0)
    print("goes on")

trio.run(main)
trio.run(trio.sleep, 0)
print(_run.Runner, _run.CancelReason)
"""


def test_a_hook_that_fails_takes_the_runtime_out_and_the_program_goes_on(trace_trio: TraceSource) -> None:
    traced = trace_trio(BROKEN)
    said = b"goes on\n<class 'trio._core._run.Runner'> <class 'trio._core._run.CancelReason'>\n"
    assert traced.ended == Ended(0, said, b"")
    (note,) = traced.timeline.notes
    assert note.startswith("The trio tracer failed and was taken out: AttributeError(")
