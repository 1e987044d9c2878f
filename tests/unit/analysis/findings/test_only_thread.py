"""The only thread of a program waits for what only another one would bring about: by its samples and the source."""

from __future__ import annotations

import pytest

from tests.unit.analysis.findings.test_findings import MS, found, kinds
from tests.unit.analysis.tape import FILE, Tape
from visualizer.trace import events as ev
from visualizer.trace import words

TWICE = """
import threading

lock = threading.Lock()

def log():
    {wait}

def save():
    with lock:
        log()
"""
#: Where it waits in that, and where that was called.
WAITS, CALLED = 7, 11


def seen(source: str, wait: str, line: int, called: int | None, until_ms: int = 1500, waits_ms: int = 100) -> Tape:
    """Main calls something at line 3, and from `waits_ms` on waits at `line` until a signal ends it."""
    tape = Tape().lists(source).at(2 * MS).idle(1).at(50 * MS).sample(3, 2)
    (row,) = (number for number, text in enumerate(source.splitlines(), 1) if number == line)
    column = source.splitlines()[row - 1].index(wait)
    tape.at(waits_ms * MS)
    place = ev.Place(900, tape.text(FILE), tape.text("log"), line, line, column, column + len(wait))
    for ms in (waits_ms, 300, until_ms):
        tape.events += [place, ev.Sample(ms * MS, words.CURRENT, 900, 1, tape.place(called))]
    return tape.at(until_ms * MS).end(signal=15)


@pytest.mark.parametrize(
    ("source", "wait", "shown"),
    [
        pytest.param("with lock: pass", "lock", "`with lock:`", id="with"),
        pytest.param("with lock: pass", "with lock: pass", "`with lock:`", id="with, 3.11"),
        pytest.param("while lock.acquire(): lock.release()", "lock.acquire()", "lock.acquire()", id="acquire"),
    ],
)
def test_a_lock_that_it_has_itself(source: str, wait: str, shown: str) -> None:
    (one,) = found(seen(TWICE.format(wait=source), wait, WAITS, CALLED), "deadlock")
    assert (one.line, one.t_ns, one.cost_ns) == (WAITS, 100 * MS, 1400 * MS)
    assert one.sentence == (
        f"main waited for 1.4 s in {shown}, sampled at demo.py:7 (all 3 samples, one every 0.7 s) in log(), called at "
        "demo.py:11, inside of another `with lock` (around demo.py:11) → no other thread was left that could end that "
        "(inferred from the source), until SIGTERM ended the program"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import queue; jobs = queue.Queue(2)\ndef fill():\n    jobs.put(1)",
        "from queue import Queue\njobs: Queue[int] = Queue()\ndef fill():\n    jobs.put_nowait(1); jobs.join()",
        "from threading import Event\njobs = Event()\ndef fill():\n    jobs.set(); jobs.clear(); jobs.wait()",
        "from concurrent.futures import Future as F\njobs = F()\n# for jobs\nprint(jobs.result())",
    ],
)
def test_what_nobody_else_ends(source: str) -> None:
    row, wait = _last_call(source)
    (one,) = found(seen(source, wait, row, None), "deadlock")
    assert one.sentence.startswith(f"main waited for 1.4 s in {wait}, ")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import multiprocessing as m\njobs = m.Event()\njobs.wait()", id="of other processes"),
        pytest.param("from threading import Event\njobs = Event()\njobs.wait(9)", id="a limit"),
        pytest.param("from threading import Event\ndef run(jobs):\n    jobs.wait()", id="not made here"),
        pytest.param("from threading import Event\njobs = Event()\nlisten(jobs)\njobs.wait()", id="handed on"),
        pytest.param("from threading import Event\njobs = Event()\nlisten(end=jobs.set)\njobs.wait()", id="its method"),
        pytest.param(
            "from threading import Event\njobs = Event()\ndef on_signal(*_):\n    jobs.set()\njobs.wait()",
            id="a handler",
        ),
        pytest.param("from queue import Queue\njobs = Queue()\njobs = pipe()\njobs.get()", id="of two things"),
        pytest.param("from threading import Event\njobs = Event()\njobs.wait()", id="until a signal"),
        pytest.param("import socket\njobs = socket.create_server(0)\njobs.accept()", id="something else"),
    ],
)
def test_what_something_else_may_end(source: str) -> None:
    row, wait = _last_call(source)
    assert kinds(seen(source, wait, row, None)) == []


def test_it_waits_for_long_and_alone() -> None:
    source = TWICE.format(wait="with lock: pass")
    assert kinds(seen(source, "lock", WAITS, CALLED, until_ms=1050)) == []
    assert kinds(seen(source, "lock", WAITS, CALLED, waits_ms=200)) == ["deadlock"]
    other = seen(source, "lock", WAITS, CALLED)
    assert kinds(other.spawn("other", words.THREAD)) == []


def _last_call(source: str) -> tuple[int, str]:
    lines = source.splitlines()
    return len(lines), lines[-1].rpartition("; ")[2].strip().removeprefix("print(").replace("))", ")")
