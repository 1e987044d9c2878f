"""What threads wait for, and who ends that. Recorded from 3.12 on, and in C."""

from __future__ import annotations

import json
import sys
from itertools import pairwise

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import BY_WAY_OF_C, SEES_WAITS, Traced
from visualizer.analysis.model.timeline import Suspension
from visualizer.trace import words
from visualizer.tracers.core.compiled import built

pytestmark = pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded from 3.12 on, or in C")

#: Each wait stands at a place of its own, and so is a line of its own; the polling itself is none.
BESIDE_OTHERS = """
import re, signal, threading, time
from concurrent.futures import ThreadPoolExecutor
from queue import Queue, SimpleQueue

PATH = __file__.replace(".py", ".trace")

def until(count, but=0):
    # As many waits as that are told of, but of the first thread, which also waits for those that it starts to begin.
    while True:
        thread = parked = 0
        with open(PATH) as trace:
            for line in trace:
                if told := re.match(r'\\["(?:thread",\\d+,(\\d+)\\]|spawn",\\d+,(\\d+),"thread")', line):
                    thread = int(told[1] or told[2])
                parked += line.startswith('["park"') and thread != but
        if parked >= count:
            return
        signal.sigtimedwait((), 0.01)

def until_text(text):
    while True:
        with open(PATH) as trace:
            if re.search(rf'^\\["text",\\d+,"{text}"\\]', trace.read(), re.MULTILINE):
                return
        signal.sigtimedwait((), 0.01)

def beside(name, function, *args):
    thread = threading.Thread(target=function, args=args, name=name)
    thread.start()
    return thread
"""


#: Locks that the programs below enter.
OWN_LOCKS = ("a", "again", "held.lock", "other")
#: What has a lock for itself, and is acquired as one.
SEMAPHORES = ("places.acquire()",)


def is_programs(wait: Suspension) -> bool:
    """Whether it is no wait for a lock that something else has for itself."""
    is_asked_for = ".acquire(" in wait.on and wait.on not in SEMAPHORES
    return wait.reason != words.LOCK or is_asked_for or wait.on in OWN_LOCKS


def ends(traced: Traced) -> list[tuple[str, str, str, str, str]]:
    """(track, reason, on, cause, waker) of each wait in a call that is over, in order of its end.

    Without those for a lock that something else has for itself, which depend on how threads take turns.
    """
    timeline = traced.timeline
    found = []
    for switch in traced.switches:
        if switch.cause == words.UNPARK:
            track = timeline.tracks[switch.target]
            wakeup, wait = timeline.made_ready(track, track.slice_of_step(switch.index))
            assert wakeup is not None
            assert wait is not None
            waker = timeline.name(wakeup.waker) if wakeup.waker != words.NOBODY else ""
            if is_programs(wait):
                found.append((timeline.name(track.id), wait.reason, wait.on, wakeup.cause, waker))
    return found


def test_every_way_to_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        BESIDE_OTHERS
        + """
lock, again, event, condition = threading.Lock(), threading.RLock(), threading.Event(), threading.Condition()
places, barrier, items, simple = threading.Semaphore(0), threading.Barrier(2), Queue(1), SimpleQueue()

class Held:
    def __init__(self):
        self.lock = lock

def enter():
    with again:
        pass

def attribute():
    with held.lock:
        pass

def notified():
    with condition:
        condition.wait()

def handle():
    yield simple.get()

held = Held()
other = threading.Lock()

def another():
    with other:
        pass

def leaves():
    with other:
        threads.append(beside("t11", another))
        until(11)
        raise KeyError

waits = [
    lambda: lock.acquire(),
    enter, attribute,
    lambda: event.wait(),
    notified,
    lambda: places.acquire(),
    lambda: barrier.wait(),
    lambda: items.put(2),
    lambda: list(handle()),
    lambda: items.join(),
]
items.put(1)
again.acquire()
beside("first", int).join()
lock.acquire()
threads = []
for number, wait in enumerate(waits, 1):
    threads.append(beside(f"t{number}", wait))
    until(number)
try:
    leaves()
except KeyError:
    pass
lock.release()
threads[0].join(5)
lock.release()
again.release()
event.set()
with condition:
    condition.notify()
places.release()
barrier.wait()
items.get()
simple.put("x")
threads[7].join()
items.get()
items.task_done()
items.task_done()
for thread in threads:
    thread.join()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    found = [end for end in ends(traced) if end[0] != "main"]
    assert sorted(found) == sorted([
        ("t1", "lock", "lock.acquire()", "callback", "main"),
        ("t2", "lock", "again", "callback", "main"),
        ("t3", "lock", "held.lock", "callback", "main"),
        ("t4", "event", "event.wait()", "callback", "main"),
        ("t5", "condition", "condition.wait()", "callback", "main"),
        ("t6", "semaphore", "places.acquire()", "callback", "main"),
        ("t7", "barrier", "barrier.wait()", "callback", "main"),
        ("t8", "queue", "items.put(2)", "callback", "main"),
        ("handle", "queue", "simple.get()", "callback", "main"),
        ("t10", "queue", "items.join()", "callback", "main"),
        ("t11", "lock", "other", "callback", "main"),
    ])
    objects = {wait.on: wait.object for wait in traced.timeline.suspensions if is_programs(wait)}
    assert (objects["lock.acquire()"], objects["held.lock"]) == ("lock 1", "lock 1")
    assert (objects["again"], objects["event.wait()"]) == ("RLock 1", "Event 1")
    assert {(reason, cause) for who, reason, _, cause, _ in ends(traced) if who == "main"} <= {("join", "finished")}
    asked = {objects[on] for _, _, on, _, _ in found}
    ties = [tie for tie in traced.timeline.ties if tie.relation == "owns" and tie.object in asked]
    owned = {(tie.object, traced.timeline.name(tie.track)) for tie in ties}
    assert owned == {("lock 1", "main"), ("lock 1", "t1"), ("lock 2", "main"), ("RLock 1", "main")}
    assert {traced.timeline.name(traced.tracks(f"t{number}")[0].creator) for number in range(1, 12)} == {"main"}


def test_what_ends_without_another_thread(trace_source: TraceSource) -> None:
    """Time limits, sleeps, sockets, and the end of threads at the end of the program; and what does not wait at all."""
    traced = trace_source(
        BESIDE_OTHERS
        + """
import socket

lock, event, simple = threading.Lock(), threading.Event(), SimpleQueue()
ours, theirs = socket.socketpair()
seconds = 0.01

def in_vain():
    lock.acquire(timeout=seconds)
    lock.acquire(True, 0.01)
    lock.acquire(blocking=False)
    lock.acquire(False)
    event.wait(0.01)
    event.wait(0)
    try:
        simple.get(timeout=0.01)
    except Exception:
        simple.put(1)
    simple.get()
    time.sleep(0.02)
    time.sleep(0)
    ours.recv(100)

def ends_by_itself():
    until_text("other threads to end")

lock.acquire()
beside("reader", in_vain)
until(6)
theirs.send(b"x")
beside("last", ends_by_itself)
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert [end[1:] for end in ends(traced) if end[0] == "reader"] == [
        ("lock", "lock.acquire(timeout=seconds)", "timeout", ""),
        ("lock", "lock.acquire(True, 0.01)", "timeout", ""),
        ("event", "event.wait(0.01)", "timeout", ""),
        ("queue", "simple.get(timeout=0.01)", "timeout", ""),
        ("sleep", "0.02 s", "timer", ""),
        # Which socket without a name is at the other end, the recorder in C asks.
        ("io", "ours.recv(100)", "callback", "main") if built() is not None else ("io", "ours.recv(100)", "io", ""),
    ]
    asked_ns = {wait.on: wait.asked_ns for wait in traced.timeline.suspensions}
    assert asked_ns["lock.acquire(timeout=seconds)"] == asked_ns["event.wait(0.01)"] == 10_000_000
    assert [end for end in ends(traced) if end[0] == "main"][-1] == (
        "main", "join", "other threads to end", "finished", "last",
    )


def test_a_circle_of_locks(trace_source: TraceSource) -> None:
    """Two have what the other waits for. Two others take theirs in one order, and only wait for one another."""
    traced = trace_source(
        BESIDE_OTHERS
        + """
fork, knife, spoon, salt = (threading.Lock() for _ in range(4))
got, first_has_it = threading.Barrier(2), threading.Event()

def ann():
    with fork:
        got.wait()
        with knife:
            pass

def bob():
    with knife:
        got.wait()
        with fork:
            pass

def first():
    with spoon:
        first_has_it.set()
        until_text("late.acquire.timeout=0.01.")
        with salt:
            pass

def second():
    with spoon:
        pass

for function in (ann, bob):
    threading.Thread(target=function, name=function.__name__, daemon=True).start()
until(3)
waiting = [beside("first", first)]
first_has_it.wait()
waiting.append(beside("second", second))
until(4)
late = threading.Lock()
late.acquire()
late.acquire(timeout=0.01)
for thread in waiting:
    thread.join()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    (circle,) = [found for found in traced.problems if found.kind == "deadlock"]
    assert set(circle.lost_by) == {track.id for name in ("ann", "bob") for track in traced.tracks(name)}
    assert "which ann holds" in circle.sentence
    assert "which bob holds" in circle.sentence


def test_a_pool(trace_source: TraceSource) -> None:
    traced = trace_source(
        BESIDE_OTHERS
        + """
go = threading.Event()
with ThreadPoolExecutor(1, "worker") as pool:
    first = pool.submit(go.wait)
    until(1)
    beside("asks", lambda: first.result())
    until(2)
    go.set()
    first.result()
    until(3)
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert sorted(end for end in ends(traced) if end[0] != "main") == [
        ("asks", "future", "first.result()", "callback", "worker_0"),
        ("worker_0", "event", "Event.wait()", "callback", "main"),
        ("worker_0", "queue", "work_queue.get(block=True)", "callback", "main"),
    ]


def test_each_lock_and_item_goes_from_hand_to_hand(trace_source: TraceSource) -> None:
    """Who had a lock before, the program has written down itself, holding it; and from whom each item is."""
    traced = trace_source(
        """
        import json, queue, random, threading, time

        a, b, again = threading.Lock(), threading.Lock(), threading.RLock()
        had = {"a": [], "b.acquire()": [], "again": []}

        def work(name):
            chance = random.Random(name)
            for _ in range(60):
                what = chance.choice([*had])
                if what == "a":
                    with a:
                        had[what].append(name)
                        time.sleep(0.0002)
                elif what == "again":
                    with again:
                        had[what].append(name)
                        with again:
                            time.sleep(0.0002)
                else:
                    b.acquire()
                    had[what].append(name)
                    time.sleep(0.0002)
                    b.release()

        items, got = queue.SimpleQueue(), {"g1": [], "g2": []}

        def give(name):
            for _ in range(40):
                time.sleep(0.0002)
                items.put(name)
            items.put(None)

        def take(name):
            while (item := items.get()) is not None:
                got[name].append(item)

        for functions in ({name: work for name in ("t1", "t2", "t3", "t4")}, dict(p1=give, p2=give, g1=take, g2=take)):
            threads = [threading.Thread(target=function, args=(n,), name=n) for n, function in functions.items()]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(json.dumps([had, got]))
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    waited = [end for end in ends(traced) if end[1] == words.LOCK]
    assert len(waited) > 60
    had, got = json.loads(traced.ended.stdout)
    for what, names in had.items():
        handed_over = iter(pairwise(names))
        found = [(waker, track) for track, _, on, cause, waker in waited if on == what]
        assert all(pair in handed_over for pair in found), what
    for track, givers in got.items():
        came = iter([*givers, "p1", "p2"])
        wakers = [waker for taker, reason, _, _, waker in ends(traced) if (taker, reason) == (track, words.QUEUE)]
        # The last one is not kept.
        assert all(waker in came for waker in wakers[:-1]), track
    assert {cause for _, reason, _, cause, _ in ends(traced) if reason in (words.LOCK, words.QUEUE)} == {words.CALLBACK}


@pytest.mark.parametrize("again", ["with lock:\n            pass", "lock.acquire()", "inner()"])
def test_a_lock_that_is_entered_and_waited_for_by_one_thread(trace_source: TraceSource, again: str) -> None:
    traced = trace_source(
        f"import pathlib\n{BESIDE_OTHERS}lock = threading.Lock()\n"
        "def inner():\n    with lock:\n        pass\n"
        f"def enters():\n    with lock:\n        {again}\n"
        "threading.Thread(target=enters, daemon=True).start()\n"
        'while \'"lock",\' not in pathlib.Path(PATH).read_text():\n    signal.sigtimedwait((), 0.01)\n'
    )
    (problem,) = traced.problems
    written = traced.path.with_suffix(".py").read_text()
    line = written.count("\n", 0, written.rindex(again) if again != "inner()" else written.index("with lock")) + 1
    assert problem.kind == "deadlock"
    assert "circular wait: Thread-1 (enters) waits " in problem.sentence
    assert f":{line}) for lock 1, which it holds itself" in problem.sentence


def test_a_lock_that_another_thread_is_to_release(trace_source: TraceSource) -> None:
    """Sibling: who has it waits for it, as for a word from somebody else."""
    traced = trace_source(
        BESIDE_OTHERS + "lock = threading.Lock()\n"
        "def waits():\n    lock.acquire()\n    with lock:\n        pass\n"
        "threading.Thread(target=waits, daemon=True).start()\nuntil(1)\n"
    )
    assert not traced.problems


def test_a_with_block_of_a_function_that_runs_when_the_second_thread_begins(trace_source: TraceSource) -> None:
    traced = trace_source(
        BESIDE_OTHERS + "def main():\n    other = threading.Lock()\n"
        "    def keeps():\n        with other:\n            until_text('other')\n"
        "    beside('keeps', keeps)\n"
        "    while not other.locked():\n        pass\n"
        "    with other:\n        pass\n"
        "main()\n"
    )
    assert ends(traced) == [("main", "lock", "other", "callback", "keeps")]


@pytest.mark.skipif(not BY_WAY_OF_C, reason="events tell of calls, and only of some of these")
def test_by_way_of_c_it_does_not_matter_how_a_lock_is_asked_for(trace_source: TraceSource) -> None:
    """By what a call returns, with arguments that are worked out, by a function that is handed in, and by one in C."""
    traced = trace_source(
        BESIDE_OTHERS
        + """
def entered():
    with those()[0]:
        pass

def worked_out():
    locks[1].acquire(bool(1), max(5, 3))

def handed_in(function):
    function()

def in_c():
    print(list(map(type(locks[3]).acquire, [locks[3]])))

def restored():
    with again:
        with again:
            with condition:
                condition.wait()
            kept.append(again._is_owned())

def those():
    return locks

locks, again, kept = [threading.Lock() for _ in range(4)], threading.RLock(), []
condition = threading.Condition(again)
for lock in locks:
    lock.acquire()
threads = [
    beside("entered", entered), beside("worked out", worked_out), beside("handed in", handed_in, locks[2].acquire),
    beside("in C", in_c), beside("restored", restored),
]
until(5)
with condition:
    condition.notify()
for lock in locks:
    lock.release()
for thread in threads:
    thread.join()
assert kept == [True] and again.acquire(False)
"""
    )
    assert (traced.ended.code, traced.ended.stderr, traced.ended.stdout) == (0, b"", b"[True]\n")
    timeline, found = traced.timeline, set()
    for switch in traced.switches:
        name = timeline.name(switch.target)
        if switch.cause == words.UNPARK and name != "main":
            wakeup, wait = timeline.made_ready(
                timeline.tracks[switch.target], timeline.tracks[switch.target].slice_of_step(switch.index)
            )
            assert wakeup is not None
            assert wait is not None
            limit = wait.asked_ns // 10**9 if wait.asked_ns > 0 else -1
            found.add((name, wait.reason, limit, wakeup.cause, wakeup.waker))
    forever, given = -1, words.CALLBACK
    assert found >= {
        ("entered", "lock", forever, given, 0), ("worked out", "lock", 5, given, 0),
        ("handed in", "lock", forever, given, 0), ("in C", "lock", forever, given, 0),
        ("restored", "condition", forever, given, 0),
    }


@pytest.mark.skipif(
    BY_WAY_OF_C or not (3, 12) <= sys.version_info < (3, 14),
    reason="a lock says at once that another one has it, or is tried",
)
def test_who_asks_at_once_for_what_another_one_waits_for_waits(trace_source: TraceSource) -> None:
    """Whom it was given takes a moment to run: up to then the lock seems to be free."""
    traced = trace_source(
        BESIDE_OTHERS
        + """
def other():
    with lock:
        pass

lock = threading.Lock()
with lock:
    thread = threading.Thread(target=other)
    thread.start()
    until(1)
with lock:
    pass
thread.join()
with lock:
    pass
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    (waited,) = [wait for wait in traced.waits if wait[:2] == ("main", "lock")]
    assert waited[2] == "lock"
    assert not [wake for wake in traced.wakes if wake[1:] == ("unknown", "main")]


def test_nothing_is_kept_of_the_locks_that_each_thread_has_for_itself(trace_source: TraceSource) -> None:
    """`threading` makes some for each thread, and takes them while others are held."""
    traced = trace_source(
        """
        import gc, threading

        def work():
            with lock:
                pass

        lock = threading.Lock()
        for _ in range(20):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        print([len(one.known) for one in gc.get_objects() if type(one).__name__ == "Orders"])
        """
    )
    assert traced.ended.stdout == b"[0]\n"


def test_a_lock_that_is_dropped_by_who_has_it_is_gone_and_so_is_what_was_known_of_it(trace_source: TraceSource) -> None:
    """Another one may come to be at its address."""
    traced = trace_source(
        """
        import gc, threading, weakref

        def use():
            dropped = threading.Lock()
            dropped.acquire()
            with other:
                pass
            return weakref.ref(dropped)

        other, end = threading.Lock(), threading.Event()
        # As long as there is one thread only, nothing is known of its locks.
        beside = threading.Thread(target=end.wait)
        beside.start()
        gone = [use() for _ in range(5)]
        with other:
            pass
        end.set()
        beside.join()
        print([one() for one in gone])
        print(sum(len(one.known) for one in gc.get_objects() if type(one).__name__ == "Orders"))
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"[None, None, None, None, None]\n0\n", b"")


def test_a_limit_is_that_of_the_call_however_it_is_written(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import queue, threading

        class Seconds(float):
            def __pos__(self):
                raise AssertionError
            __float__ = __int__ = __mul__ = __pos__

        class Settings:
            limit = 0.002

        def position():
            print(taken.acquire(True, 0.002))

        def attribute():
            print(taken.acquire(timeout=settings.limit))

        def each():
            print(taken.acquire(*both))

        def each_by_name():
            print(taken.acquire(**named))

        def subclass():
            print(event.wait(seconds))

        def item():
            try:
                simple.get(*both)
            except queue.Empty:
                print(False)

        def by_another_name():
            try:
                get(True, 0.002)
            except queue.Empty:
                print(False)

        taken, simple, event = threading.Lock(), queue.SimpleQueue(), threading.Event()
        settings, seconds, both, named = Settings(), Seconds(0.002), (True, 0.002), {"timeout": 0.002}
        get = simple.get
        taken.acquire()
        for function in (position, attribute, each, each_by_name, subclass, item, by_another_name):
            thread = threading.Thread(target=function, name=function.__name__)
            thread.start()
            thread.join()
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"False\n" * 7)
    reasons = {
        "position": words.LOCK, "attribute": words.LOCK, "each": words.LOCK, "each_by_name": words.LOCK,
        "subclass": words.EVENT, "item": words.QUEUE, "by_another_name": words.QUEUE,
    }
    told = {traced.timeline.name(one.track): one for one in traced.timeline.suspensions if one.place is not None}
    causes = {(name, cause) for name, _, _, cause, _ in ends(traced)}
    for name, reason in reasons.items():
        assert (told[name].reason, told[name].asked_ns) == (reason, 2_000_000), name
        assert (name, words.TIMEOUT) in causes


def test_a_limit_that_a_call_gives_is_not_known_and_may_end_the_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, queue, select, threading

        def limit():
            return 0.002

        def item():
            try:
                simple.get(timeout=limit())
            except queue.Empty:
                print("nothing")

        def lock():
            print(taken.acquire(timeout=limit()))

        def descriptor():
            print(select.select([end], [], [], limit()))

        simple, taken, (end, _) = queue.SimpleQueue(), threading.Lock(), os.pipe()
        taken.acquire()
        for function in (item, lock, descriptor):
            thread = threading.Thread(target=function, name=function.__name__)
            thread.start()
            thread.join()
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"nothing\nFalse\n([], [], [])\n")
    told = {traced.timeline.name(one.track): one for one in traced.timeline.suspensions if one.place is not None}
    causes = {name: cause for name, _, _, cause, _ in ends(traced)}
    for name in ("item", "lock", "descriptor"):
        assert told[name].asked_ns == (2_000_000 if BY_WAY_OF_C else words.UNKNOWN_LIMIT), name
        assert not told[name].is_endless
        assert causes[name] == words.TIMEOUT, name


def test_who_waits_again_in_a_call_has_what_is_left_of_its_limit(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import threading, time

        def waiter():
            with condition:
                print(condition.wait_for(done.is_set, 9))

        condition, done = threading.Condition(), threading.Event()
        thread = threading.Thread(target=waiter, name="waiter")
        thread.start()
        while not condition._waiters:
            time.sleep(0.001)
        time.sleep(0.02)
        with condition:
            condition.notify()
        while not condition._waiters:
            time.sleep(0.001)
        done.set()
        with condition:
            condition.notify()
        thread.join()
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"True\n")
    first, *_, last = (
        one.asked_ns
        for one in traced.timeline.suspensions
        if (one.reason, traced.timeline.name(one.track)) == (words.CONDITION, "waiter")
    )
    assert last + 20_000_000 < first == 9_000_000_000
