"""greenlet's, gevent's and the standard library's own tests, once bare and once under trace: the same ones must pass.

    python -m tests.suites [MODULE...]

Each module is a process of its own, run as its authors run it. Printed: a row a module with both counts, and every test
whose outcome differs. Both runs of a module that differs are repeated, since some of these tests race the clock, unless
one had to be stopped. Exit code 1 if a difference remains. A module may be given without its package, as in `queue`;
without any, all in `MODULES`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.tracers.traced import launch_command, launch_environment

GREENLET = (
    "contextvars cpp extension_interface gc generator generator_nested greenlet greenlet_trash interpreter_shutdown"
    " leaks stack_saved throw tracing version weakref"
)
GEVENT = (
    "queue event events semaphore lock greenlet greenletset pool hub hub_join hub_join_timeout sleep0 timeout"
    " api api_timeout core_timer core_callback loop_callback joinall killall spawn local nondefaultloop order"
    " real_greenlet select selectors signal socket socketpair socket_close socket_errors socket_timeout"
    " socket_send_memoryview subprocess subprocess_poll thread threading threading_2 threading_monkey_in_thread"
    " threading_before_monkey threading_native_before_monkey threading_patched_local threading_vs_settrace threadpool"
    " threadpool_executor_patched monkey monkey_queue monkey_select monkey_selectors monkey_hub_in_thread"
    " monkey_futures_thread_fork monkey_sigchld core_fork monkey_fork_atomic threading_fork_from_dummy os"
)
ASYNCIO = (
    "base_events buffered_proto context eager_task_factory events futures futures2 locks pep492 queues runners"
    " selector_events server sock_lowlevel streams subprocess taskgroups tasks threads timeouts unix_events waitfor"
)
MODULES = [f"greenlet.tests.test_{name}" for name in GREENLET.split()] + [
    f"gevent.tests.test__{name}" for name in GEVENT.split()
]
MODULES += [f"test.test_asyncio.test_{name}" for name in ASYNCIO.split()]
#: Not those of subinterpreters, which crash where `sys.monitoring` is used at all (3.12.1).
CLASSES = (
    "ThreadTests ThreadJoinOnShutdown ThreadingExceptionTests ExceptHookTests TimerTests LockTests"
    " PyRLockTests CRLockTests EventTests ConditionAsRLockTests ConditionTests SemaphoreTests BoundedSemaphoreTests"
    " BarrierTests MiscTestCase InterruptMainTests AtexitTests"
)
THREADS = "threading_local thread queue concurrent_futures.test_thread_pool concurrent_futures.test_wait"
#: Those of multiprocessing that take minutes are left out.
PROCESSES = (
    "fork1 wait4 popen subprocess concurrent_futures.test_process_pool multiprocessing_fork.test_misc"
    " multiprocessing_main_handling"
)
MODULES += [f"test.test_{name}" for name in f"{THREADS} {PROCESSES}".split()]
MODULES += [f"test.test_threading.{name}" for name in CLASSES.split()]
INSIDE = Path(__file__).parent / "inside"
ATTEMPTS = 3
MOST_TOLD = 12
LIMIT_SECONDS = 100


@dataclass(frozen=True)
class Run:
    """What a module's tests came to, and the exit code of its process (None if it had to be stopped)."""

    outcomes: dict[str, str]
    code: int | None

    def passed(self) -> int:
        return sum(outcome == "passed" for outcome in self.outcomes.values())

    def __str__(self) -> str:
        counts = Counter(self.outcomes.values())
        told = [f"{counts[outcome]} {outcome}" for outcome in sorted(counts)]
        return ", ".join(told or ["no test"]) + ("" if self.code == 0 else f", exit {self.code}")


def command_of(module: str) -> list[str]:
    # gevent's modules run themselves, the others' are for unittest.
    return ["-m", module] if module.startswith("gevent.") else ["-m", "unittest", module]


def run(module: str, directory: Path, *, traced: bool) -> Run:
    outcomes = directory / "outcomes"
    outcomes.unlink(missing_ok=True)
    command = command_of(module)
    whole = launch_command(directory / "trace", *command) if traced else [sys.executable, *command]
    environment = launch_environment() | {
        "GEVENTTEST_USE_RESOURCES": "-network",
        "PYTHONWARNINGS": "ignore",
        "SUITES_OUTCOMES": str(outcomes),
    }
    environment["PYTHONPATH"] = os.pathsep.join((str(INSIDE), environment["PYTHONPATH"]))
    # In a directory of its own: some of these tests leave files behind.
    process = subprocess.Popen(
        whole,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=(directory / "output").open("wb"),
        stderr=subprocess.STDOUT,
    )
    code: int | None
    try:
        code = process.wait(LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = None
    (directory / "trace").unlink(missing_ok=True)
    lines = outcomes.read_text(errors="replace").splitlines() if outcomes.exists() else []
    return Run(dict(line.split("\t", 1) for line in lines if "\t" in line), code)


def differences(bare: Run, traced: Run) -> list[str]:
    names = bare.outcomes.keys() | traced.outcomes.keys()
    found = [
        f"{name}: bare {bare.outcomes.get(name, 'not run')}, traced {traced.outcomes.get(name, 'not run')}"
        for name in sorted(names)
        if bare.outcomes.get(name) != traced.outcomes.get(name)
    ]
    if not found and bare.code != traced.code:
        found = [f"exit code: bare {bare.code}, traced {traced.code}"]
    return found


def compare(module: str, directory: Path) -> tuple[Run, Run, list[str]]:
    """Both runs of a module, again while they differ; what differs in the attempt that differs least."""
    best: tuple[Run, Run, list[str]] | None = None
    for _ in range(ATTEMPTS):
        bare, traced = (run(module, directory, traced=flag) for flag in (False, True))
        found = differences(bare, traced)
        if best is None or len(found) < len(best[2]):
            best = bare, traced, found
        if not found or None in (bare.code, traced.code):
            break
    assert best is not None
    return best


def full_name(name: str) -> str:
    return next((module for module in MODULES if name in (module, module.rpartition("test_")[2].lstrip("_"))), name)


def main(names: list[str]) -> int:
    modules = [full_name(name) for name in names] or MODULES
    total_bare = total_traced = 0
    different: list[str] = []
    print("| module | bare | traced |\n|---|---|---|", flush=True)
    for module in modules:
        with tempfile.TemporaryDirectory() as directory:
            bare, traced, found = compare(module, Path(directory))
        total_bare += bare.passed()
        total_traced += traced.passed()
        different += [f"{module}: {line}" for line in found[:MOST_TOLD]]
        if len(found) > MOST_TOLD:
            different.append(f"{module}: and {len(found) - MOST_TOLD} more")
        print(f"| {module} | {bare} | {traced} |", flush=True)
    print(f"| passed in all | {total_bare} | {total_traced} |\n")
    print("\n".join(different) if different else "Every test has the same outcome bare and traced.")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
