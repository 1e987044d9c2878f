"""Random programs that take locks and give them back: who has one is what the program logs as one begins to wait."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak import SOAK
from tests.tracers.traced import trace
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.held_locks import locked
from visualizer.analysis.model.owners import Owners
from visualizer.trace import words

_PROGRAM = """\
import random, sys
import gevent
from gevent.lock import BoundedSemaphore, RLock

def worker(name, ops, locks):
    for op, number in ops:
        lock, has = locks[number], holders[number]
        if op in ("acquire", "inside") and not (number > 1 and name in has):
            if has and has[0] != name:
                print(name, number, has[0])
            if op == "inside":
                with lock:
                    has.append(name)
                    gevent.sleep(0.0003)
                    has.remove(name)
                continue
            lock.acquire()
            has.append(name)
        elif op == "release" and name in has:
            has.remove(name)
            lock.release()
        elif op == "sleep":
            gevent.sleep(0.0003)

chance = random.Random(int(sys.argv[1]))
for turn in range(30):
    locks, holders = [RLock(), RLock(), BoundedSemaphore(1), BoundedSemaphore(1)], [[], [], [], []]
    greenlets = []
    for number in range(4):
        ops = [(chance.choice(("acquire", "inside", "release", "sleep")), chance.randrange(4)) for _ in range(12)]
        name = f"w{turn}_{number}"
        greenlets.append(gevent.spawn(worker, name, ops, locks))
        greenlets[-1].name = name
    gevent.joinall(greenlets, timeout=0.01)
    if turn < 29:
        gevent.killall(greenlets)
print("end", *(f"{number}:{has[0]}" for number, has in enumerate(holders) if has))
"""


@pytest.mark.parametrize("seed", [random.randrange(1 << 30) for _ in range(200)] if SOAK else [1])
def test_the_owner_is_who_the_program_says_holds_the_lock(seed: int, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_PROGRAM, encoding="utf-8")
    traced = trace(tmp_path / "trace", str(script), str(seed))
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    timeline, owners = traced.timeline, Owners(traced.timeline)
    *logged, end = (line.split() for line in traced.ended.stdout.decode().splitlines())
    told = [
        (one.object.partition(" ")[0], timeline.name(one.track), owners.of(one, one.t_ns))
        for one in timeline.suspensions
        if one.reason in (words.LOCK, words.SEMAPHORE)
    ]
    assert [name for _, name, _ in told] == [name for name, _, _ in logged]
    for (kind, name, owner), (_, number, holder) in zip(told, logged, strict=True):
        assert (kind == "RLock") == (number in "01")
        assert kind != "RLock" or timeline.name(owner) == holder, name
    waiting, known = locked(timeline, Observed(timeline))
    lock_of = {name: number for name, number, _ in logged}
    held = dict(one.split(":") for one in end[1:])
    for one in waiting.values():
        if one.object in known:
            assert timeline.name(known[one.object]) == held[lock_of[timeline.name(one.track)]]
