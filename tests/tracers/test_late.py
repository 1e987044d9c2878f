"""The code of a runtime is loaded when the program imports what it waits for: by then much may have happened."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from types import ModuleType

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import ROOT, Ended, Traced, bare, environment
from visualizer.analysis.load.loader import load
from visualizer.tracers import __main__ as launcher
from visualizer.tracers.loading import Modules

LOOP = """
import asyncio
async def child():
    await asyncio.sleep(0)
async def go():
    await asyncio.create_task(child())
asyncio.run(go())
print([name for name in sys.modules if name.partition(".")[0] == "visualizer"])
"""


@pytest.fixture
def tracers(tmp_path: Path) -> Path:
    """A copy of what runs in the program, to be broken."""
    copy = tmp_path / "copy" / "visualizer"
    for name in ("tracers", "trace"):
        shutil.copytree(ROOT / "visualizer" / name, copy / name)
    shutil.copy(ROOT / "visualizer" / "__init__.py", copy)
    return copy / "tracers"


def trace(tracers: Path, source: str) -> tuple[Traced, Ended]:
    """Run that under trace by those tracers; and bare."""
    script, path = tracers.parent.parent.parent / "script.py", tracers.parent.parent.parent / "script.trace"
    script.write_text("import sys\n" + textwrap.dedent(source) + LOOP)
    env = launcher.environment(str(path), [], True, False, "", environment())
    env["PYTHONPATH"] = str(tracers / "boot")
    command = [sys.executable, str(script), str(tracers.parent)]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=150, env=env)
    return Traced(Ended(done.returncode, done.stdout, done.stderr), load(str(path))[0], path), bare(script)


BEFORE = {
    "other modules stand in the place of the standard library's": """
        import functools, inspect
        for name in ("_functools", "_collections", "_operator", "marshal", "opcode"): sys.modules[name] = None
        """,
    "what is patched": """
        import builtins, threading, _thread
        ident = _thread.get_ident
        _thread.get_ident = lambda: ident() + 1
        kept = builtins.__import__
        builtins.__import__ = lambda *given, **more: kept(*given, **more)
        """,
    "an audit hook": """
        import selectors, logging, ssl, contextvars, inspect, concurrent.futures
        seen = []
        def hook(event, args):
            if event in ("exec", "marshal.loads"): seen.append(event)
        sys.addaudithook(hook)
        import atexit
        atexit.register(lambda: print(len(seen)))
        """,
}


@pytest.mark.parametrize("name", list(BEFORE))
def test_the_program_may_have_changed_much_before(trace_source: TraceSource, name: str) -> None:
    traced = trace_source("import sys\n" + textwrap.dedent(BEFORE[name]) + LOOP)
    assert traced.ended == bare(traced.path.with_suffix(".py"))
    assert traced.ended.code == 0
    assert ("child", "finished", "go") in traced.wakes
    assert traced.timeline.notes == []


def test_our_files_may_be_out_of_reach_by_then(tracers: Path) -> None:
    """As after chroot, setuid, or an update."""
    traced, plain = trace(tracers, "import shutil\nif sys.argv[1:]: shutil.rmtree(sys.argv[1])\n")
    assert traced.ended == plain
    assert ("child", "finished", "go") in traced.wakes
    assert traced.timeline.notes == []


def test_what_cannot_be_loaded_is_told_and_the_program_runs(tracers: Path) -> None:
    with (tracers / "runtimes" / "asyncio_" / "causes.py").open("a") as file:
        file.write("raise OSError(5, 'broken')\n")
    traced, plain = trace(tracers, "")
    assert traced.ended == plain
    assert traced.timeline.notes == ["The asyncio tracer could not be loaded: OSError(5, 'broken')."]
    assert list(traced.timeline.unsupported) == ["asyncio"]


def test_a_signals_handler_may_raise_meanwhile(tracers: Path) -> None:
    """Then the import of the program's fails, as it would if its own module were loaded; and it is watched if that is
    tried again."""
    with (tracers / "runtimes" / "asyncio_" / "causes.py").open("a") as file:
        file.write("os.kill(os.getpid(), 14)\n")
    traced, _ = trace(
        tracers,
        """
        import signal
        class Raised(Exception): pass
        def handler(number, frame):
            signal.signal(number, lambda *_: None)
            raise Raised
        signal.signal(signal.SIGALRM, handler)
        try: import asyncio
        except Raised: print("raised")
        for name in [name for name in sys.modules if name.startswith("asyncio")]: del sys.modules[name]
        """,
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"raised\n[]\n", b"")
    assert traced.timeline.notes == []
    assert ("child", "finished", "go") in traced.wakes


def test_two_threads_that_load_the_same_get_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = ModuleType("meeting")
    meeting.both = threading.Barrier(2)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "meeting", meeting)
    (tmp_path / "visualizer").mkdir()
    (tmp_path / "visualizer" / "slow.py").write_text("import meeting\nmeeting.both.wait(60)\n")
    modules, got = Modules(str(tmp_path)), list[ModuleType]()
    threads = [threading.Thread(target=lambda: got.append(modules.load("visualizer.slow"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2
    assert got[0] is got[1]
