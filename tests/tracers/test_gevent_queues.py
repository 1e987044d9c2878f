"""gevent: random programs whose greenlets put, get, peek, give up and are killed, and log themselves what they did.

From the log follows whose doing it was that one who waited went on: who gets has the item of whoever put that; who puts
has the room that was made first of those that are left, since each who takes an item makes room for one.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.tracers.traced import Traced, trace
from visualizer.analysis.model.timeline import Wakeup
from visualizer.tracers.runtimes.gevent.attribution.item_owners import Items
from visualizer.tracers.runtimes.gevent.attribution.queues import QueueService

#: In these programs, small and large, many have to wait.
SEEDS = range(28, 36)
#: Each entry: who, what, when it began and ended, whose the item was; in order of the ends.
PROGRAM = """
import json, random, sys, time
import gevent
from gevent.queue import Channel, LifoQueue, PriorityQueue, Queue, SimpleQueue
from queue import Empty, Full

class Killed(gevent.GreenletExit):
    pass

def attempt(what, *args, **more):
    begin = time.monotonic_ns()
    got = getattr(items, what)(*args, **more)
    # Kept, so that the next item does not lie at the same address: a PriorityQueue's are told by that.
    kept.append(got)
    log.append((gevent.getcurrent().name, what, begin, time.monotonic_ns(), got[1] if got else ""))

def actor(name):
    for number in range(25):
        chance = random.random()
        item = (random.random(), name, number)
        try:
            if chance < 0.3:
                attempt("put", item)
            elif chance < 0.62:
                attempt("get")
            elif chance < 0.68 and {peeks}:
                attempt("peek")
            elif chance < 0.73:
                attempt("put", item, timeout=0.0002)
            elif chance < 0.78:
                attempt("get", timeout=0.0002)
            elif chance < 0.83:
                random.choice(actors).kill(Killed, block=False)
            else:
                gevent.sleep(0)
        except (Empty, Full, Killed):
            pass

kept, log = [], []
for seed in {seeds}:
    random.seed(seed)
    items = {queue}
    log.append(None)
    actors = []
    for number in range(random.choice((3, 8, 40))):
        actors.append(gevent.spawn(actor, f"a{{seed}}-{{number}}"))
        actors[-1].name = f"a{{seed}}-{{number}}"
    for _ in range(80):
        gevent.sleep(0)
    gevent.killall(actors)
with open(sys.argv[1], "w") as file:
    json.dump(log, file)
"""


class Log:
    """What a program logged, beside what the trace tells of it."""

    def __init__(self, traced: Traced, path: Path) -> None:
        timeline = traced.timeline
        assert timeline.header is not None
        zero_ns = timeline.header.monotonic_ns
        self._names = {track.id: timeline.name(track.id) for track in timeline.tracks.values()}
        self._suspensions: dict[str, list[int]] = {}
        for suspension in timeline.suspensions:
            self._suspensions.setdefault(self._names[suspension.track], []).append(suspension.t_ns)
        self._wakes: dict[str, list[Wakeup]] = {}
        for wake in timeline.wakeups:
            self._wakes.setdefault(self._names[wake.track], []).append(wake)
        #: (who, what, whose item, by whom it was woken if it had to wait) of each step; None: a new queue.
        self.steps: list[tuple[str, str, str, str | None] | None] = [
            None
            if step is None
            else (step[0], step[1], step[4], self._waker(step[0], step[2] - zero_ns, step[3] - zero_ns))
            for step in json.loads(path.read_text())
        ]

    def _waker(self, who: str, begin_ns: int, end_ns: int) -> str | None:
        """By whom the last wake was of a step that lasted so long; None if it did not wait."""
        suspensions = self._suspensions.get(who, [])
        at = bisect_left(suspensions, begin_ns)
        if at == len(suspensions) or suspensions[at] > end_ns:
            return None
        wakes = self._wakes[who]
        wake = wakes[bisect_left(wakes, end_ns, key=lambda wake: wake.t_ns) - 1]
        assert wake.t_ns >= begin_ns
        return self._names.get(wake.waker, "unknown")


@pytest.mark.parametrize(
    ("queue", "most", "peeks"),
    [
        ("Queue()", 0, False), ("Queue(1)", 1, False), ("Queue(7)", 7, False), ("SimpleQueue(2)", 2, False),
        ("LifoQueue(7)", 7, False), ("PriorityQueue(7)", 7, False), ("Queue()", 0, True), ("PriorityQueue(7)", 7, True),
    ],
)
def test_each_is_woken_by_whoever_made_that_possible(tmp_path: Path, queue: str, most: int, peeks: bool) -> None:
    log = _run(tmp_path, queue, peeks)
    right: Counter[str] = Counter()
    rooms: deque[str] = deque()
    for step in log.steps:
        if step is None:
            rooms = deque(["nobody"] * most)
            continue
        who, what, whose, waker = step
        # Whose doing it is.
        doer = whose
        if what == "put" and most:
            doer = rooms.popleft()
        elif what == "get":
            rooms.append(who)
        if waker is not None:
            assert waker in (doer, "unknown"), f"{step}: it was {doer}"
            right[f"{what} {waker != 'unknown'}"] += 1
    known, unknown = right["get True"] + right["put True"], right["get False"] + right["put False"]
    assert right["get True"] > 60
    assert not most or right["put True"] > 60
    assert unknown < known * (0.2 if peeks or "Priority" in queue else 0.02), right


def test_both_ends_of_a_channel_wake_one_another(tmp_path: Path) -> None:
    log = _run(tmp_path, "Channel()", False)
    got_by: dict[str, str] = {}
    gets = puts = 0
    for step in log.steps:
        if step is not None:
            who, what, whose, waker = step
            if what == "get":
                got_by[whose] = who
                gets += 1
                assert waker == whose
            else:
                puts += 1
                assert waker == got_by.pop(who)
    assert gets == puts > 300


class Waiter:
    def __init__(self, track: int) -> None:
        self.greenlet = track


class Waiters(deque[Waiter]):
    """Those who wait at an end; how often one of them was looked at."""

    looks = 0

    def __getitem__(self, index: Any) -> Any:
        Waiters.looks += 1
        return super().__getitem__(index)


class Told:
    """Stands in for `Ready`: counts what it is told. Tracks are their own greenlets."""

    def __init__(self) -> None:
        self.count = 0

    def track_of(self, track: int) -> int:
        self.count += 1
        return track

    def report(self, track: int, doer: object) -> int:
        self.count += 1
        return track

    def take_back(self, track: int, wake: int) -> None:
        self.count += 1

    def has(self, track: int, wake: int) -> bool:
        return True


def _effort(waiting: int, items: int, rooms: int) -> int:
    """What following a hundred hand-overs takes while so many wait at each end, and there is so much already."""
    reported = Told()
    ready: Any = reported
    getters, putters = Waiters(map(Waiter, range(waiting))), Waiters(map(Waiter, range(waiting, 2 * waiting)))
    contents: deque[int] = deque(range(items))
    service = QueueService(ready, SimpleNamespace(maxsize=items + rooms), Items(contents), getters, putters)
    service.look(None)
    before = reported.count, Waiters.looks
    for _ in range(100):
        putter = putters.popleft()
        contents.append(0)
        assert service.serve(putter.greenlet)
        putters.append(putter)
        service.look(putter.greenlet)
        getter = getters.popleft()
        assert service.serve(getter.greenlet)
        contents.popleft()
        getters.append(getter)
        service.look(getter.greenlet)
    return reported.count - before[0] + Waiters.looks - before[1]


@pytest.mark.parametrize(("items", "rooms"), [(0, 1), (1, 0), (40, 60), (1, 1_000_000_000)])
def test_what_a_hand_over_costs_does_not_depend_on_how_many_wait(items: int, rooms: int) -> None:
    assert 0 < _effort(20_000, items, rooms) <= _effort(200, items, rooms) < 3000


def _run(tmp_path: Path, queue: str, peeks: bool) -> Log:
    script, log = tmp_path / "script.py", tmp_path / "log"
    script.write_text(PROGRAM.format(queue=queue, peeks=peeks, seeds=SEEDS), encoding="utf-8")
    traced = trace(tmp_path / "trace", str(script), str(log))
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    return Log(traced, log)
