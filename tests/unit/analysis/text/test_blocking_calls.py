"""Which calls block, as the source says it."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import FILE, Tape
from visualizer.analysis.model.timeline import Place
from visualizer.analysis.text.blocking_calls import BlockingCall, blocking_call

IMPORTS = """\
import os, urllib.request, numpy as np
import requests as http
from time import (
    monotonic,  # not this
    sleep as nap,
)
from concurrent.futures import ThreadPoolExecutor
"""
SLEEPS = "asyncio.sleep would let others run meanwhile"
THREAD = "asyncio.to_thread would run it in a thread"


def found(written: str, library: str = "import asyncio", line: str = "{}") -> BlockingCall | None:
    """What is found at an expression, or at a whole statement, in a line."""
    source = f"{library}\n{IMPORTS}    {line.format(written)}\n"
    text = source.splitlines()[-1]
    column = text.index(written)
    number = source.count("\n")
    place = Place(FILE, "run", number, number, column, column + len(written))
    return blocking_call(Tape().lists(source).timeline(), place)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("nap(0.3)", SLEEPS),
        ("http.get(url)", THREAD),
        ("urllib.request.urlopen(url).read()", ""),
        ("urllib.request.urlopen(url)", THREAD),
        ("os.waitpid(pid, 0)", THREAD),
        ("input()", THREAD),
        ("self.jobs[0].get(timeout=3)", ""),
        ("lock.acquire()", ""),
    ],
)
def test_a_call_that_blocks(written: str, instead: str) -> None:
    assert found(written, line="value = {} or 1") == (written, instead, written.startswith("nap"))


@pytest.mark.parametrize(
    "written",
    ["monotonic()", "np.dot(a, b)", "sum(range(9))", "lock", "await lock.acquire()", "sleep(0.3)", "n += 1", "(", ""],
)
def test_what_is_no_such_call(written: str) -> None:
    assert found(written) is None


def test_who_enters_a_lock_or_leaves_a_pool() -> None:
    assert found("lock", line="with {}:") == found("with lock:") == ("`with lock:`", "", False)
    assert found("with self.lock as held: pass") == ("`with self.lock:`", "", False)
    assert found("ThreadPoolExecutor(3)", line="with {} as pool:") == ("`with ThreadPoolExecutor(3):`", THREAD, False)
    assert found("lock", line="async with {}:") is None


def test_what_is_better_is_said_of_the_only_library_of_a_loop() -> None:
    assert found("nap(1)", "import gevent.monkey") == ("nap(1)", "gevent.sleep would let others run meanwhile", True)
    assert found("http.get(url)", "from gevent import spawn") == ("http.get(url)", "", False)
    assert found("nap(1)", "import asyncio, gevent") == found("nap(1)", "import anyio") == ("nap(1)", "", True)


def test_a_long_call_is_cut() -> None:
    assert found(f"http.post({'x' * 40})") == ("http.post(…)", THREAD, False)
    place = Place("elsewhere.py", "run", 1, 1, 0, 6)
    assert blocking_call(Tape().lists("nap(1)").timeline(), place) is None
