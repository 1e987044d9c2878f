"""Programs that people run, once bare and once recorded: they must do the same, and what is said of them must be true.

    python -m tests.real [-k] [PROGRAM...]

Each program is driven as its users do, by requests and signals; its stdout, its exit code and what each signal did are
compared. Printed: a row a program, with the processor's time it took, how many of its wakes have an unknown waker, how
its main thread spent its time, and its problems; then everything that differs, and every problem, with why it is true
if that is known. Exit code 1 if anything differs, more than 0.5 % of the wakes of a program are unknown, or a problem
is not known to be true. `-k` keeps the traces, and says where.
"""

from __future__ import annotations

import http.client
import http.server
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.tracers.traced import ROOT, environment
from visualizer.analysis.findings import findings
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.states import State
from visualizer.analysis.model.timeline import Timeline, Wakeup
from visualizer.trace import words

PROGRAMS = Path(__file__).parent / "programs"
LIMIT_SECONDS = 90
MOST_UNKNOWN = 0.005
#: What is another at every run: dates and times, numbers of processes, addresses, ports, versions of nothing we test.
_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T][\d:.,]+( [+-]\d{4})?"), "DATE"),
    (re.compile(r"0x[0-9a-f]+"), "ADDRESS"),
    (re.compile(r"\d+\.\d+ ?(ms|s\b)"), "TIME"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), "HOST"),
    (re.compile(r"\x1b\[[\d;]*m"), ""),
)


#: A thread that waits by itself is woken for these by the operating system, not by a hub.
_BY_THE_SYSTEM = ("io", "timer", "timeout", "signal")


class Live:
    """A program that runs. `seen`: what whoever drives it saw, in order."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path, port: int) -> None:
        self.process, self.directory, self.port = process, directory, port
        self.seen: list[str] = []

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until it does; see that it did, or did not."""
        end = time.monotonic() + 20
        while not (held := holds()) and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.05)
        self.seen.append(what if held else f"NOT {what}")

    def printed(self, text: str) -> None:
        self.until(f"printed {text!r}", lambda: text.encode() in (self.directory / "stdout").read_bytes())

    def signal(self, name: str) -> None:
        self.process.send_signal(signal.Signals[name])

    def get(self, count: int, at_once: int = 4) -> None:
        """So many requests, in `at_once` threads; see how many of which answers came."""

        def one(number: int) -> str:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request("GET", f"/{number}")
                answer = connection.getresponse()
                return f"{answer.status} {answer.read() == f'answer to /{number}'.encode() + bytes([10])}"
            except OSError as error:
                return type(error).__name__
            finally:
                connection.close()

        with ThreadPoolExecutor(at_once) as pool:
            self.seen.append(str(sorted(Counter(pool.map(one, range(count))).items())))


def drive_gunicorn(live: Live) -> None:
    master = live.directory / "pid"

    def workers() -> set[str]:
        """Those that live; none as long as one of them is being made."""
        try:
            pid = master.read_text().strip()
            living = set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:
            return set()
        return living if all((live.directory / f"ready-{worker}").exists() for worker in living) else set()

    live.until("2 workers", lambda: len(workers()) == 2)
    live.until("answers", lambda: _answers(live.port))
    live.get(300)
    live.signal("SIGTTIN")
    live.until("TTIN: 3 workers", lambda: len(workers()) == 3)
    live.signal("SIGTTOU")
    live.until("TTOU: 2 workers", lambda: len(workers()) == 2)
    before = workers()
    live.signal("SIGHUP")
    live.until("HUP: 2 other workers", lambda: len(workers()) == 2 and not workers() & before)
    live.until("answers", lambda: _answers(live.port))
    live.get(50)
    # An idle second, as a server has many.
    time.sleep(1)
    live.signal("SIGTERM")


def drive_uvicorn(live: Live) -> None:
    live.until("answers", lambda: _answers(live.port))
    live.get(100)
    time.sleep(1)
    live.signal("SIGTERM")


def drive_celery(live: Live) -> None:
    from celery import Celery  # type: ignore[import-not-found]

    app = Celery(broker=redis_url(live.port), backend=redis_url(live.port))
    doubled = [app.send_task("tasks.double", [number]) for number in range(20)]
    refused = app.send_task("tasks.refuse", [7])
    live.seen.append(str([result.get(timeout=30) for result in doubled]))
    try:
        refused.get(timeout=30)
    except ValueError as error:
        live.seen.append(repr(error))
    time.sleep(1)
    live.signal("SIGTERM")


def drive_twisted(live: Live) -> None:
    live.printed("ready")
    time.sleep(1)
    live.signal("SIGTERM")


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def redis_url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


@contextmanager
def nothing(directory: Path, port: int) -> Iterator[None]:
    yield


@contextmanager
def redis(directory: Path, port: int) -> Iterator[None]:
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(directory), "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not _answers(port):
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def pages(directory: Path, port: int) -> Iterator[None]:
    class Page(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in one segment, as servers do: else Nagle's algorithm makes each answer 40 ms late.
        wbufsize = -1

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"page")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Page) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield
        server.shutdown()
        serving.join()


@dataclass(frozen=True)
class Program:
    """How it is started (`{port}` and `{directory}` are replaced), what has to run beside it, and how it is driven.

    `true`: words of problems that it has, and why they are true.
    """

    command: tuple[str, ...]
    drive: Callable[[Live], None] | None = None
    beside: Callable[[Path, int], object] = nothing
    stdin: str | None = None
    needs: str = ""
    #: Lines of stdout that are another at every run, whatever is replaced in them.
    leave_out: str = r"(?!)"
    true: dict[str, str] = field(default_factory=dict)


def module(name: str, *arguments: str) -> tuple[str, ...]:
    return "-m", name, *arguments


TABLE = {
    "gunicorn": Program(
        module(
            "gunicorn", "-c", str(PROGRAMS / "serving.py"), "-k", "gevent", "-w", "2", "-b", "127.0.0.1:{port}",
            "-p", "{directory}/pid", "--access-logfile", "{directory}/access", "--chdir", str(PROGRAMS), "wsgi:app",
        ),
        drive_gunicorn,
        true={
            "late_timer: ": "several requests share a hub, and to read and answer one takes it milliseconds",
            "lost_time: ": "the same of requests that came at once",
        },
    ),
    "gunicorn-sync": Program(
        module(
            "gunicorn", "-c", str(PROGRAMS / "serving.py"), "-k", "sync", "-w", "2", "-b", "127.0.0.1:{port}",
            "-p", "{directory}/pid", "--access-logfile", "{directory}/access", "--chdir", str(PROGRAMS), "wsgi:app",
        ),
        drive_gunicorn,
    ),
    "uvicorn": Program(
        module("uvicorn", "--app-dir", str(PROGRAMS), "--workers", "2", "--port", "{port}", "asgi:app"),
        drive_uvicorn,
        # Which of two requests at once is answered first.
        leave_out='"GET /',
        true={
            "hog: Server.serve": "it imports the application and the protocols, in the thread of the event loop",
            "late_timer: ": "several requests share a loop, with one that begins",
            "lost_time: ": "the same of its beginning",
        },
    ),
    "aiohttp": Program((str(PROGRAMS / "hall.py"),)),
    "fastapi": Program(
        (str(PROGRAMS / "shopping.py"), str(PROGRAMS), "{port}"),
        true={"`from fastapi import": "uvicorn imports the application in the thread of the event loop"},
    ),
    "executors": Program(
        (str(PROGRAMS / "executors.py"),),
        true={
            "hog: main": "it makes a pool of processes, in the thread of the hub",
            "late_timer: ": "the same",
            "lost_time: ": "the same",
        },
    ),
    "locust": Program(
        module(
            "locust", "--headless", "-f", str(PROGRAMS / "crowd.py"), "-u", "5", "-r", "5",
            "--host", "http://127.0.0.1:{port}", "--only-summary",
        ),
        beside=pages,
        true={
            "runner.quit()`": "locust's stop() calls inspect.stack(), which reads the source of all frames at once",
            "late_timer: ": "five users share a hub, and an answer takes it milliseconds",
            "lost_time: ": "the same of users that begin at once",
            "slow_answer: ": "the server is a thread of whoever drives this, and shares the processor",
        },
    ),
    "celery": Program(
        module("celery", "--workdir", str(PROGRAMS), "-A", "tasks", "worker", "-P", "gevent", "-c", "4", "-n", "one"),
        drive_celery,
        beside=redis,
        needs="redis-server",
        true={
            "late_timer: ": "the tasks share a hub with what receives them and sends their results",
            "lost_time: ": "the same of tasks that came at once",
            "slow_answer: ": "the same of redis's answers, which are read when the hub comes to that",
        },
    ),
    "celery-prefork": Program(
        module("celery", "--workdir", str(PROGRAMS), "-A", "tasks", "worker", "-P", "prefork", "-c", "2", "-n", "two"),
        drive_celery,
        beside=redis,
        needs="redis-server",
    ),
    "sqlalchemy": Program(
        (str(PROGRAMS / "database.py"),),
        true={"hog: main": "create_engine() imports the dialect and its driver, in the thread of the event loop"},
    ),
    "zerorpc": Program(
        (str(PROGRAMS / "remote.py"),),
        true={"lost_time: Receiver._recver": "it takes in all messages of a stream that are there before it yields"},
    ),
    # Not as a part of the tests here, with their settings.
    "pytest": Program(
        module("pytest", "-q", "-c", os.devnull, "--noconftest", "-p", "no:cacheprovider", str(PROGRAMS / "suite.py"))
    ),
    "simpy": Program((str(PROGRAMS / "carwash.py"),)),
    "twisted": Program((str(PROGRAMS / "reactor.py"),), drive_twisted),
    "ipython": Program(
        module("IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"),
        stdin="session.txt",
    ),
}


@dataclass(frozen=True)
class Run:
    """What a run came to: its exit code, its stdout without what varies, what whoever drove it saw, and how much of the
    processor's time it and its children used (with the recorder's own process)."""

    code: int | None
    stdout: list[str]
    seen: list[str]
    cpu_seconds: float


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def run(program: Program, directory: Path, trace: Path | None) -> Run:
    port = free_port()
    words = [word.format(port=port, directory=directory) for word in program.command]
    python = [sys.executable]
    if trace is not None:
        python += ["-m", "visualizer", "record", "-o", str(trace)]
    # A library's numbers are set by who runs it, not by whose machine it is.
    surroundings = environment() | {
        "PYTHONPATH": str(ROOT), "HOME": str(directory), "REAL_REDIS": redis_url(port), "PYTHONUNBUFFERED": "1",
    }
    with (
        program.beside(directory, port),  # type: ignore[attr-defined]
        (directory / "stdout").open("wb") as stdout,
        (directory / "stderr").open("wb") as stderr,
        (PROGRAMS / program.stdin if program.stdin else Path(os.devnull)).open("rb") as stdin,
    ):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            [*python, *words], cwd=directory, env=surroundings, stdin=stdin, stdout=stdout, stderr=stderr
        )
        live = Live(process, directory, port)
        code: int | None
        try:
            if program.drive is not None:
                program.drive(live)
            code = process.wait(LIMIT_SECONDS)
        except Exception as error:
            live.seen.append(f"{type(error).__name__}: {error}")
            process.kill()
            process.wait()
            code = None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = (directory / "stdout").read_text(errors="replace")
    for varies, instead in _VARIES:
        said = varies.sub(instead, said)
    lines = [line for line in said.splitlines() if not re.search(program.leave_out, line)]
    return Run(code, lines, live.seen, _cpu_seconds(after) - _cpu_seconds(before))


def _cpu_seconds(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def differences(bare: Run, traced: Run) -> list[str]:
    found = []
    if bare.code != traced.code:
        found.append(f"exit code: bare {bare.code}, recorded {traced.code}")
    for what, one, other in (("stdout", bare.stdout, traced.stdout), ("seen", bare.seen, traced.seen)):
        if one != other:
            pairs = enumerate(zip(one, other, strict=False))
            at = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
            found.append(f"{what}, line {at + 1}: bare {one[at : at + 1]}, recorded {other[at : at + 1]}")
    # What failed in both is no comparison.
    return found + [f"bare: {line}" for line in bare.seen if line.startswith("NOT ")]


@dataclass(frozen=True)
class Said:
    """What is said of a recording."""

    switches: int
    wakes: int
    unknown: list[str]
    #: State -> share of the first thread's life.
    main: dict[str, float]
    problems: list[str]


def _is_known(timeline: Timeline, number: int, wakeup: Wakeup) -> bool:
    """Whether it is told who, or what, ended that wait: a child that is not recorded is known by its number."""
    if wakeup.waker in timeline.tracks:
        return wakeup.cause != words.UNKNOWN
    return wakeup.cause in _BY_THE_SYSTEM or bool(timeline.ended_child(wakeup, timeline.ended_by(number)))


def said_of(timeline: Timeline) -> Said:
    name = timeline.name
    unknown = [w for number, w in enumerate(timeline.wakeups) if not _is_known(timeline, number, w)]
    first = next(iter(timeline.tracks.values()))
    life_ns = max(1, timeline.last_ns)
    spent = {state.name: first.slices.spent_ns(state, timeline.last_ns) / life_ns for state in State if state < 6}
    return Said(
        timeline.switch_count,
        len(timeline.wakeups),
        [f"{w.t_ns / 1e9:.3f} s: {name(w.track)} ({w.cause})" for w in unknown],
        {state: share for state, share in spent.items() if share >= 0.005},
        [f"{one.kind}: {one.sentence}" for one in findings(timeline)],
    )


def judged(name: str, program: Program, traced: Said) -> tuple[list[str], list[str]]:
    """What is wrong with what is said, and all problems with why they are true."""
    wrong, told = [], []
    if len(traced.unknown) > MOST_UNKNOWN * traced.wakes:
        wrong.append(f"{len(traced.unknown)} of {traced.wakes} wakes are unknown, such as {traced.unknown[:5]}")
    for problem in traced.problems:
        why = next((why for words, why in program.true.items() if words in problem), None)
        told.append(f"{name}: {problem}\n    {'NOT KNOWN TO BE TRUE' if why is None else f'true: {why}'}")
        if why is None:
            wrong.append(f"not known to be true: {problem}")
    return wrong, told


def row(name: str, *cells: object) -> None:
    print("|", " | ".join([name, *map(str, cells)]), "|", flush=True)


def main(names: list[str], keep: bool) -> int:
    wrong: list[str] = []
    told: list[str] = []
    row("program", "bare", "recorded", "switches", "wakes", "unknown", "main", "problems", "same")
    row(*["---"] * 9)
    for name in names or TABLE:
        program = TABLE[name]
        if program.needs and shutil.which(program.needs) is None:
            row(name, f"skipped: there is no {program.needs} here", *[""] * 7)
            continue
        with tempfile.TemporaryDirectory() as holding:
            directory = Path(holding)
            for part in ("bare", "traced"):
                (directory / part).mkdir()
            bare = run(program, directory / "bare", None)
            trace = directory / "trace"
            traced = run(program, directory / "traced", trace)
            found = differences(bare, traced)
            said = said_of(load(str(trace))[0])
            if keep:
                kept = Path(tempfile.gettempdir()) / f"real-{name}"
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(directory, kept)
                print(f"kept in {kept}", file=sys.stderr)
        false, problems = judged(name, program, said)
        wrong += [f"{name}: {line}" for line in found + false]
        told += problems
        share = f"{100 * len(said.unknown) / max(1, said.wakes):.2f} %"
        spent = ", ".join(f"{state.lower()} {100 * share:.0f} %" for state, share in said.main.items())
        row(
            name, f"{bare.cpu_seconds:.1f} s, exit {bare.code}",
            f"{traced.cpu_seconds:.1f} s, exit {traced.code}",
            said.switches, said.wakes, f"{len(said.unknown)} ({share})", spent, len(said.problems),
            "no" if found else "yes",
        )
    print("\n".join(["", *told, "", *(wrong or ["All did the same, and nothing false was said."])]))
    return 1 if wrong else 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    sys.exit(main([word for word in asked if word != "-k"], "-k" in asked))
