"""The tests, on a machine that gives each program that they start a turn only now and then (Linux).

    python -m tests.stalls [PYTEST'S ARGUMENTS...]

Every process that the tests start runs for some milliseconds and is then stopped for as long as a busy machine might
let it wait, again and again, as a whole or one of its threads alone: by ptrace(2), which neither the process nor its
parent sees, as both would see a SIGSTOP.
A test fails here if the order that it asks for is only likely, such as that of two timers. pytest itself and its
workers run on, so that a time limit of theirs is not what fails. The exit code is pytest's.
"""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
import sys
import time
from pathlib import Path

#: In milliseconds: how long a process runs on average, and is stopped at least and at most.
RUNS_MS, LEAST_MS, MOST_MS = 15, 50, 250
#: So many tests at once: most of their processes stand still.
WORKERS = "8"
#: What the environment of a process that is to be stopped contains.
MARK = f"STALLED_BY={os.getpid()}"
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000  # of waitpid(2): threads too
_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def stop(process: int, seconds: float) -> None:
    """Let all threads of a process, or one of them, stand still for that long. It may end meanwhile."""
    held: dict[int, int] = {}
    threads = [int(thread) for thread in os.listdir(f"/proc/{process}/task")]
    random.shuffle(threads)
    for thread in threads[: random.choice((1, len(threads)))]:
        if _ptrace(_SEIZE, thread, None, None) == 0:
            _ptrace(_INTERRUPT, thread, None, None)
            held[thread] = 0
    for thread in held:
        for _ in range(1000):
            found, status = os.waitpid(thread, _WALL | os.WNOHANG)
            if found and os.WIFSTOPPED(status) and not status >> 16:
                held[thread] = os.WSTOPSIG(status)  # a signal on its way: it is delivered when the thread goes on
            if found:
                break
            time.sleep(0.0002)
    time.sleep(seconds)
    for thread, signal in held.items():
        _ptrace(_DETACH, thread, None, signal)


def stop_now_and_then(process: int) -> None:
    """Until it ends. In a process of its own: what ptrace seized, only the thread that did so can let go."""
    random.seed()
    while fields(process)[0] != "Z":
        time.sleep(random.expovariate(1000 / RUNS_MS))
        try:
            stop(process, random.uniform(LEAST_MS, MOST_MS) / 1000)
        except (FileNotFoundError, ChildProcessError, ProcessLookupError):
            return


def fields(process: int) -> list[str]:
    """Those of /proc/PID/stat from the state on, or of one that has ended: a zombie, if it no longer exists."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["Z", *[""] * 20]


def is_to_be_stopped(process: int, command: bytes) -> bool:
    """Whether the tests started it, and it is neither pytest nor one of its workers."""
    if b"pytest" in command or b"import sys;exec" in command:
        return False
    try:
        return MARK.encode() in Path(f"/proc/{process}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def main() -> int:
    name, _, value = MARK.partition("=")
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", WORKERS, "--dist", "worksteal", *sys.argv[1:]]
    tests = subprocess.Popen(command, env=os.environ | {name: value})
    known: set[tuple[int, str, bytes]] = set()
    followers: set[int] = set()
    while tests.poll() is None:
        for process in map(int, filter(str.isdigit, os.listdir("/proc"))):
            try:
                command_line = Path(f"/proc/{process}/cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # A number of a process is used again, and exec makes another program of a process.
            key = process, fields(process)[19], command_line
            if key not in known:
                known.add(key)
                if is_to_be_stopped(process, command_line):
                    followers.add(follower := os.fork())
                    if follower == 0:
                        stop_now_and_then(process)
                        os._exit(0)
        followers = {follower for follower in followers if os.waitpid(follower, os.WNOHANG)[0] == 0}
        time.sleep(0.01)
    return tests.returncode


if __name__ == "__main__":
    sys.exit(main())
