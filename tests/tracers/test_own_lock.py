"""The lock that a thread may take again in a handler. The tracers are not imported by tests: a process looks."""

from __future__ import annotations

import subprocess
import sys

from tests.tracers.traced import ROOT, environment

LOOK = """
import signal, sys, threading, time
from visualizer.tracers.core.own_lock import OwnLock

sys.setswitchinterval(1e-6)
lock, count, nested = OwnLock(), 0, 0

def work():
    global count
    for number in range(3000):
        with lock:
            before = count
            if number % 50 == 0:
                time.sleep(0)
            count = before + 1

def handler(*_):
    global nested
    with lock:
        nested += 1

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
work()
while not nested:
    pass
for thread in threads:
    thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)
assert count == 12000, count
with lock:
    with lock:
        pass
assert not lock._owner and not lock._depths
"""


def test_one_thread_at_a_time_has_it_and_its_handlers_too() -> None:
    subprocess.run([sys.executable, "-c", LOOK], check=True, cwd=ROOT, env=environment(), timeout=60)
