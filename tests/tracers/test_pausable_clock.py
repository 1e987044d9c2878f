"""The clock that leaves the stops out. The tracers are not imported by tests: a process of its own looks at it."""

from __future__ import annotations

import subprocess
import sys

from tests.tracers.traced import ROOT, environment

LOOK = """
import random
from visualizer.tracers.control.clock import PausableClock

true_ns = 1_000
clock = PausableClock(lambda: true_ns)
assert (clock.now(), clock.paused_ns) == (1_000, 0)
true_ns = 1_500
assert clock.stop() == 1_500
true_ns = 9_000
assert clock.now() == clock.stop() == 1_500
clock.go_on()
assert (clock.now(), clock.paused_ns) == (1_500, 7_500)
clock.go_on()
true_ns = 9_100
assert clock.now() == 1_600

# However it is stopped, it goes on as if it had not been, and never back.
chosen = random.Random(4)
running, standing, said = 600, False, 1_600
for _ in range(10_000):
    passed = chosen.randrange(1_000_000)
    true_ns += passed
    running += 0 if standing else passed
    assert clock.now() == running + 1_000 >= said
    said = clock.now()
    standing = chosen.random() < 0.5
    clock.stop() if standing else clock.go_on()
"""

THREADS = """
import sys
import threading
from visualizer.tracers.control.clock import PausableClock

sys.setswitchinterval(1e-6)
clock, over, back = PausableClock(), threading.Event(), []

def look():
    said = clock.now()
    while not over.is_set():
        now = clock.now()
        if now < said:
            back.append(said - now)
        said = now

threads = [threading.Thread(target=look) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(3_000):
    clock.stop()
    clock.now()
    clock.go_on()
over.set()
for thread in threads:
    thread.join()
assert not back, back
"""


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment() | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_it_stands_still_and_goes_on_from_there() -> None:
    run(LOOK)


def test_it_runs_back_in_no_thread() -> None:
    run(THREADS)
