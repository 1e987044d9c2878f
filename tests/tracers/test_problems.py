"""Problems of whole programs, each with a sibling, nearly the same, in which nothing is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SEES_WAITS, Traced, bare
from visualizer.analysis.findings import findings, grouped

IMPORTS = """
import gevent, time
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore, RLock, Semaphore
from gevent.pool import Pool
from gevent.queue import JoinableQueue, Queue
from gevent.threadpool import ThreadPool
"""


WAITS_OF_THREADS = pytest.mark.skipif(not SEES_WAITS, reason="waits of threads are recorded from 3.12 on, or in C")


def problems(traced: Traced) -> list[tuple[str, str]]:
    """Kind and sentence of each, the worst first."""
    found = grouped(traced.timeline, traced.problems)
    return [(group.worst.kind, group.sentence) for group in found]


STRAY = """
kept = []
def arm(seconds):
    timeout = gevent.Timeout(seconds)
    timeout.start()
    return timeout
def fetch():
    timeout = arm(0.2)
    {keep}
def work():
    fetch()
    try:
        gevent.sleep({sleeps})
    except {catches}:
        print("struck")
gevent.spawn(work).join()
"""
KILLED = """
class Reload(Exception):
    pass
def work():
    while True:
        try:
            gevent.sleep(30)
        except (Reload, gevent.GreenletExit):
            {does}
worker = gevent.spawn(work)
gevent.sleep(0)
try:
    worker.kill({how}timeout=0.2)
except gevent.Timeout:
    print("still there")
"""
MEMBERS = """
joins = Event()
def fail(n):
    joins.wait()
    [8080][n]
pool = Pool(3)
def spawn():
    for n in (0, 1, 0):
        pool.spawn(fail, n)
gevent.spawn(spawn).join()
gevent.spawn(joins.set)
try:
    pool.join({asks})
except IndexError:
    print("caught")
"""
SETTER = """
started = {{"service": [Event()]}}
def service(port):
    gevent.sleep(0)
    [8080][port]
    started["service"][port - 1].set()
one = gevent.spawn(service, {port})
started["service"][0].wait()
"""
TASKS = """
jobs = JoinableQueue()
def worker():
    while True:
        n = jobs.get()
        if n == {odd}:
            continue
        gevent.sleep({takes})
        jobs.task_done()
gevent.spawn(worker)
for n in range(3):
    jobs.put(n)
jobs.join({limit})
"""
#: Who would have set it died while others waited, or after one of them had gone on without it once already.
LIMITS = """
ready, gave_up = Event(), Event()
def load():
    {begin}
    int({text!r})
    ready.set()
def view():
    for _ in range({times}):
        ready.wait({limit})
        gave_up.set()
gevent.joinall([gevent.spawn(load), gevent.spawn(view)])
"""
JOINED = """
state, other = {lock}, {lock}
def child():
    with {taken}:
        pass
def parent():
    with state:
        gevent.spawn(child).join()
gevent.spawn(parent).join(timeout={limit})
"""
#: Each holds a lock of that name which was free, in a block in which it goes on now and then, or stands still.
HELD = """
import os
class Account:
    def __init__(self):
        self.lock = BoundedSemaphore(1)
def slow(account):
    with account.lock:
        for _ in range(1000):
            gevent.sleep({takes})
def other(account):
    with account.lock:
        pass
a, b = Account(), Account()
gevent.joinall([gevent.spawn(slow, a), gevent.spawn(slow, b), gevent.spawn(other, {asks})], timeout=1.2)
os._exit(0)
"""
CHILD = """
import multiprocessing
def work(n):
    [0][n]
child = multiprocessing.get_context("fork").Process(target=work, args=({n},), name="child")
child.start()
child.join()
"""
#: What ended the program has to do with nothing of that.
UNAWAITED = """
import asyncio, os
async def flush():
    pass
async def main():
    {text}
    await asyncio.sleep(0)
    os._exit(0)
asyncio.run(main())
"""
#: A child that the trace tells of, before it dies; `also` is what its parent does.
DIES = """
import ctypes, multiprocessing, os, signal, sys
def work():
    while '["process",' not in open(sys.argv[1]).read():
        pass
    here.send("known")
    {dies}
there, here = multiprocessing.Pipe(duplex=False)
child = multiprocessing.get_context("fork").Process(target=work, name="child")
child.start()
there.recv()
{also}
child.join()
"""
#: A child that lives on after an exception that it logs, and then ends with a code of its own.
LOGS = """
import logging, multiprocessing, sys
def work():
    try:
        [0][1]
    except IndexError:
        logging.exception("Process work failed")
    sys.exit(3)
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
"""
#: More than are let in ask for a second one.
SLOTS = """
slots = Semaphore({lets})
def store():
    if slots.acquire(timeout={limit}):
        slots.release()
def load():
    with slots:
        gevent.sleep(0.001)
        store()
gevent.joinall([gevent.spawn(load) for _ in range(2)], timeout={ends})
"""
CONNECTIONS = """
connections = Queue()
connections.put("c")
def handle(n):
    c = connections.get()
    gevent.sleep(0)
    [1][n * {fail}]
    connections.put(c)
gevent.joinall([gevent.spawn(handle, n) for n in (1, 0)])
"""
POOL = """
pool = Pool(2)
def leaf():
    pass
def parent():
    gevent.sleep(0)
    {where}.spawn(leaf)
for _ in range(2):
    pool.spawn(parent)
pool.join()
"""
THREADS = """
threads = ThreadPool({size})
def work():
    threads.apply(time.sleep, (0.06,))
gevent.joinall([gevent.spawn(work) for _ in range(4)])
"""
#: Names are looked up by the hub's pool, too.
HUBS_THREADS = """
import threading
from gevent import socket
threads = gevent.get_hub().threadpool
threads.maxsize = {size}
looks = threading.Event()
def block():
    looks.wait()
    time.sleep(0.5)
def look():
    looks.set()
    socket.gethostbyname("localhost")
blocked = gevent.spawn(threads.apply, block)
gevent.sleep(0.001)
gevent.joinall([blocked, gevent.spawn(look)])
"""
#: Who ends early gives nothing back.
BORROWED = """
free = Queue()
free.put(1)
def handle(n):
    one = free.get()
    gevent.sleep(0.001)
    if n != {early}:
        free.put(one)
handlers = [gevent.spawn(handle, n) for n in range(3)]
gevent.joinall(handlers, timeout={limit})
"""
CIRCLE = """
a, b = BoundedSemaphore(1), RLock()
def move(x, y):
    with x:
        gevent.sleep(0.001)
        with y:
            pass
def beat():
    while True:
        gevent.sleep(0.01)
gevent.spawn(beat)
moves = [gevent.spawn(move, a, b), gevent.spawn(move, {second})]
gevent.joinall(moves, timeout={limit})
"""
OWNED = """
a, b = RLock(), RLock()
def move(x, y):
    x.acquire()
    gevent.sleep(0.001)
    y.acquire()
    y.release(), x.release()
moves = [gevent.spawn(move, a, b), gevent.spawn(move, {second})]
gevent.joinall(moves, timeout={limit})
"""
THREAD = """
from gevent import monkey
monkey.patch_all()
import threading
lock = threading.Lock()
def save():
    lock.acquire()
    time.sleep(0.001)
    int({text!r})
    lock.release()
def read():
    lock.acquire()
    lock.release()
threads = [threading.Thread(target=one, name=one.__name__, daemon=True) for one in (save, read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(1)
"""
READER = """
lines = Queue(1)
def read():
    while True:
        line = lines.get()
        [0][line == {bad}]
def write():
    for n in range(4):
        lines.put(n)
gevent.spawn(read)
gevent.spawn(write).join({limit})
"""
WORKER = """
import queue
import threading
jobs = queue.Queue()
def work():
    while (job := jobs.get()) is not None:
        check(job)
        jobs.task_done()
    jobs.task_done()
def check(job):
    [0][job == {bad}]
def finish():
    jobs.join()
for n in (0, 1, 2, None):
    jobs.put(n)
# Daemons, since one of them may wait for ever.
worker = threading.Thread(target=work, name="any", daemon=True)
worker.start()
worker.join({limit})
finisher = threading.Thread(target=finish, name="finisher", daemon=True)
finisher.start()
while not jobs.all_tasks_done._waiters and finisher.is_alive():
    time.sleep(0.001)
"""
REQUESTS = """
def fetch(n, answer):
    gevent.sleep({slow} if n == 4 else 0)
    answer.set(n)
def request(n):
    answer = AsyncResult()
    gevent.spawn(fetch, n, answer)
    return answer.get()
gevent.joinall([gevent.spawn(request, n) for n in range(6)])
"""


@pytest.mark.parametrize(
    ("source", "kind", "parts"),
    [
        (
            SETTER.format(port=1),
            "setter_died",
            [
                "service ended with IndexError('list index out of range') (script.py:",
                'before started["service"][0].set()',
                "→ main",
            ],
        ),
        (
            LIMITS.format(begin="gevent.sleep(0.1)", text="x", limit=0.3, times=1),
            "setter_died",
            ["load ended with ValueError", "before ready.set()", "→ view waited in ready.wait(0.3)", "limit of 0.3 s"],
        ),
        (
            """
            import asyncio
            async def connect(ready):
                await asyncio.sleep(0.06)
                int("x")
                ready.set()
            async def use(ready):
                try:
                    await asyncio.wait_for(ready.wait(), 0.3)
                except asyncio.TimeoutError:
                    pass
            async def main():
                ready = asyncio.Event()
                await asyncio.gather(connect(ready), use(ready), return_exceptions=True)
            asyncio.run(main())
            """,
            "setter_died",
            ["connect ended with ValueError", "before ready.set()", "→ use waited in asyncio.wait_for(ready.wait"],
        ),
        (
            LIMITS.format(begin="gave_up.wait()", text="x", limit=0.06, times=3),
            "unretrieved",
            ["load raised ValueError"],
        ),
        (
            TASKS.format(odd=1, takes=0, limit="timeout=0.1"),
            "lost_task_done",
            ["task_done() was called too seldom → main waited in jobs.join(timeout=0.1)", "until its limit of 0.1 s"],
        ),
        (
            JOINED.format(lock="RLock()", taken="state", limit=0.5),
            "deadlock",
            ["circular wait: child waits for state", "which parent holds; parent waits in", "for child"],
        ),
        (
            JOINED.format(lock="BoundedSemaphore(1)", taken="state", limit=0.5),
            "deadlock",
            ["circular wait: child waits for state", "which parent holds; parent waits in", "for child"],
        ),
        (
            SLOTS.format(lets=2, limit=None, ends=0.5),
            "deadlock",
            ["circular wait: load-1 and load-2 wait in slots.acquire", "for Semaphore 1, which they hold themselves"],
        ),
        (
            SLOTS.format(lets=2, limit=0.1, ends=30),
            "deadlock",
            ["circular wait: load-1 and load-2 wait in slots.acquire", "none went on until load-1 gave up, after"],
        ),
        (
            """
            import asyncio
            async def main():
                asyncio.get_running_loop().call_soon(lambda: {}["port"])
                await asyncio.sleep(0.01)
            asyncio.run(main())
            """,
            "unretrieved",
            ["main.<locals>.<lambda>(), a callback that loop called, raised KeyError: 'port' (script.py:11) →"],
        ),
        pytest.param(
            UNAWAITED.format(text="flush()"),
            "never_started",
            ["flush never ran", "but it was never awaited"],
            id="never awaited, though another ended the program",
        ),
        (CHILD.format(n=1), "unretrieved", ["child (", ") raised IndexError: list index out of range (script.py:"]),
        (
            """
            def report(greenlet):
                {}["port"]
            greenlet = gevent.spawn(int)
            greenlet.link(report)
            greenlet.join()
            gevent.sleep(0.001)
            """,
            "unretrieved",
            ["report raised KeyError", "'port'", " (script.py:10) →"],
        ),
        (
            """
            import asyncio
            async def fetch(n):
                await asyncio.sleep(0)
                [0][n]
            async def main():
                async with asyncio.TaskGroup() as group:
                    for n in range(2):
                        group.create_task(fetch(n), name=f"fetch-{n}")
            asyncio.run(main())
            """,
            "crash",
            ["fetch-1 raised IndexError('list index out of range') (script.py:12) `[0][n]`, which main got"],
        ),
        (
            TASKS.format(odd=1, takes=0, limit=""),
            "lost_task_done",
            ["task_done() was called too seldom → main waited in jobs.join()"],
        ),
        (
            CONNECTIONS.format(fail=1),
            "not_returned",
            ["handle-1 took from connections and ended with IndexError", "→ handle-2 waited in connections.get()"],
        ),
        (POOL.format(where="pool"), "pool_exhausted", ["2 × parent, which pool (Pool 1) itself runs, wait for room"]),
        (THREADS.format(size=1), "thread_pool_full", ["4 tracks at once waited for the 1 threads of threads", "work-"]),
        (HUBS_THREADS.format(size=1), "thread_pool_full", ["for the 1 threads of threadpool", "look in socket.get"]),
        (
            BORROWED.format(early=0, limit=1),
            "not_returned",
            ["what free had was taken, and not given back by free.put() (script.py:", "handle ended", "→ 2 tracks"],
        ),
        (
            CIRCLE.format(second="b, a", limit=1),
            "deadlock",
            ["circular wait: move-1 waits", "RLock", "which move-2 holds", "which move-1 holds"],
        ),
        (
            OWNED.format(second="b, a", limit=1),
            "deadlock",
            ["circular wait: move-1 waits", "for RLock 1, which move-2 holds", "for RLock 2, which move-1 holds"],
        ),
        (
            THREAD.format(text="x"),
            "setter_died",
            ["save ended with ValueError", "before lock.release()", "→ read waited in lock.acquire()"],
        ),
        (
            READER.format(bad=1, limit=1),
            "setter_died",
            ["read ended with IndexError", " (script.py:1", "before lines.get()", "→ write waited in lines.put(n)"],
        ),
        pytest.param(
            WORKER.format(bad=1, limit=30),
            "lost_task_done",
            ["any ended with IndexError", "before jobs.task_done()", "→ finisher waited in jobs.join()"],
            marks=WAITS_OF_THREADS,
        ),
        (
            REQUESTS.format(slow=0.6),
            "slow_track",
            ["request-5 took", "where half of the 6 tracks", "in answer.get()", ", for fetch-5, which slept"],
        ),
        (
            "def run():\n    yield\nit = run()\nit.send(1)\n",
            "crash",
            ["main raised TypeError: ", "`it.send(1)`", "run was sent 1 before its first yield"],
        ),
        (
            "def fail():\n    gevent.sleep(0)\n    {}['port']\ngevent.spawn(fail).get()\n",
            "crash",
            ["fail raised KeyError: port (script.py:", "`{}['port']`, which main did not catch"],
        ),
        (
            "def fail(n):\n    gevent.sleep(0)\n    {}['port']\nPool(1).map(fail, [1])\n",
            "crash",
            ["fail raised KeyError: port (script.py:", "`{}['port']`, which main did not catch"],
        ),
        (
            """
            def fail():
                gevent.sleep(0)
                {}['port']
            try:
                gevent.spawn(fail).get()
            except KeyError:
                pass
            gevent.spawn(fail).get()
            """,
            "crash",
            ["fail-2 raised KeyError: port (script.py:", "`{}['port']`, which main did not catch"],
        ),
        (
            KILLED.format(does="pass", how=""),
            "cancel_swallowed",
            ["main killed work, but work caught that and waited again (script.py:", "→ main waited 0.2"],
        ),
        (
            MEMBERS.format(asks=""),
            "unretrieved",
            ["fail-2 raised IndexError('list index out of range') (script.py:", "exception never retrieved"],
        ),
        (
            STRAY.format(keep="gevent.sleep(0)", sleeps=30, catches="gevent.Timeout"),
            "stray_timeout",
            ["a Timeout struck work's sleep of 30 s (script.py:", "arm() had started it (script.py:"],
        ),
        (
            STRAY.format(keep="gevent.sleep(0)", sleeps=30, catches="OSError"),
            "stray_timeout",
            ["a Timeout struck work's sleep of 30 s (script.py:", "for 0.2 s, and returned without closing it"],
        ),
        (
            """
            def fail():
                gevent.sleep(0)
                {}['port']
            gevent.joinall([gevent.spawn(fail), gevent.spawn(fail)], raise_error=True)
            """,
            "crash",
            ["fail-1 raised KeyError: port (script.py:", "which main did not catch"],
        ),
    ],
)
def test_it_is_the_only_problem(source: str, kind: str, parts: list[str], trace_source: TraceSource) -> None:
    told = problems(trace_source(IMPORTS + dedent(source)))
    assert [found for found, _ in told] == [kind]
    for part in parts:
        assert part in told[0][1]


@pytest.mark.parametrize(
    ("takes", "asks", "holder"),
    [
        pytest.param(30, "b", ["slow-2 kept account.lock (BoundedSemaphore 1) from others for"], id="stands still"),
        pytest.param(0.005, "a", ["slow-1 kept account.lock (BoundedSemaphore 1) from others for"], id="goes on"),
        pytest.param(30, "Account()", [], id="another one"),
    ],
)
def test_who_took_a_lock_that_was_free(trace_source: TraceSource, takes: float, asks: str, holder: list[str]) -> None:
    traced = trace_source(IMPORTS + HELD.format(takes=takes, asks=asks))
    found = [one.sentence for one in findings(traced.timeline) if one.kind == "lock_held"]
    assert [told for one, told in zip(found, holder, strict=True) if one.startswith(told)] == holder
    assert all("→ other waited for it (script.py:" in one for one in found)


@pytest.mark.parametrize(
    "source",
    [
        SETTER.format(port=0).replace("port - 1", "port"),
        pytest.param(UNAWAITED.format(text="await flush()"), id="awaited"),
        pytest.param(LOGS, id="a logged exception"),
        TASKS.format(odd=9, takes=0, limit=""),
        TASKS.format(odd=9, takes=0.1, limit="timeout=0.15"),
        LIMITS.format(begin="gevent.sleep(0.1)", text="1", limit=30, times=1),
        JOINED.format(lock="RLock()", taken="other", limit=30),
        JOINED.format(lock="BoundedSemaphore(1)", taken="other", limit=30),
        SLOTS.format(lets=3, limit=None, ends=30),
        CHILD.format(n=0),
        CONNECTIONS.format(fail=0),
        POOL.format(where="Pool(2)"),
        THREADS.format(size=4),
        HUBS_THREADS.format(size=2),
        BORROWED.format(early=-1, limit=30),
        CIRCLE.format(second="a, b", limit=30),
        OWNED.format(second="a, b", limit=30),
        THREAD.format(text="1"),
        READER.format(bad=9, limit=30),
        WORKER.format(bad=9, limit=30),
        REQUESTS.format(slow=0.002),
        KILLED.format(does="break", how=""),
        KILLED.format(does="pass", how="Reload, "),
        MEMBERS.format(asks="raise_error=True"),
        STRAY.format(keep="kept.append(timeout)", sleeps=30, catches="gevent.Timeout"),
        STRAY.format(keep="timeout.close()", sleeps=0.3, catches="OSError"),
        "try:\n    {}['port']\nexcept KeyError:\n    pass\n",
    ],
)
def test_its_sibling_is_healthy(source: str, trace_source: TraceSource) -> None:
    assert problems(trace_source(IMPORTS + dedent(source))) == []


@pytest.mark.parametrize(
    ("dies", "also", "expected"),
    [
        pytest.param("ctypes.string_at(0)", "", "SIGSEGV", id="a fault"),
        pytest.param("signal.raise_signal(9)", "", "SIGKILL", id="killed, not by code of the program's"),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", "child.join(timeout=20)", "SIGKILL", id="by itself"),
        pytest.param("signal.pause()", "child.kill()", "", id="killed by its parent"),
        pytest.param("signal.pause()", "child.terminate()", "", id="terminated by its parent"),
    ],
)
def test_a_process_that_died(
    trace_source: TraceSource, tmp_path: Path, dies: str, also: str, expected: str
) -> None:
    traced = trace_source(DIES.format(dies=dies, also=also), str(tmp_path / "script.trace"))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert len(traced.timeline.processes) == 2, "it is known"
    told = problems(traced)
    assert [kind for kind, _ in told] == ["process_died"] * bool(expected)
    for _, sentence in told:
        assert sentence.startswith(f"{expected} ended ")
        assert sentence.endswith(" → the process ended")


def test_a_compiled_function_that_spawns_has_no_frame_and_does_no_harm(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        gevent.spawn_later(0.001, gevent.spawn, print, "ran").get().join()
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"ran\n", b"")
    assert traced.timeline.notes == []


def test_the_deadlock_that_ended_the_program_is_told_not_the_one_of_its_shutdown(trace_source: TraceSource) -> None:
    [(kind, sentence)] = problems(
        trace_source(
            """
            import atexit
            from gevent.event import Event
            started, ended = Event(), Event()
            def stop():
                ended.wait()
            atexit.register(stop)
            started.wait()
            """
        )
    )
    assert kind == "deadlock"
    assert "main waits in started.wait() (script.py:8)" in sentence


#: Ends the program once its trace tells that nothing could wake the loop, or after so many tenths of a second.
FORSAKEN = """
import asyncio, os, subprocess
trace, n = __file__.replace(".py", ".trace"), 0
subprocess.Popen(["sh", "-c", f"n=0; while ! grep -q '^..tie.*forsaken' {{trace}} && [ $n -lt {most} ]; do"
                  " sleep 0.1; n=$((n+1)); done; sleep 0.8; kill -TERM $PPID"])
async def consume(condition):
    async with condition:
        await condition.wait()
async def main():
    {also}
    await asyncio.create_task(consume(asyncio.Condition()))
asyncio.run(main())
"""


def test_a_loop_that_nothing_can_wake(trace_source: TraceSource) -> None:
    traced = trace_source(FORSAKEN.format(most=600, also="pass"))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    [(kind, sentence)] = problems(traced)
    assert kind == "deadlock"
    assert sentence.startswith("consume waits in condition.wait() (script.py:8) for Condition 1 and main() waits")
    assert "for consume → nothing else in the program could wake them, until" in sentence


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # What each calls what it was given is its own affair.
        (
            "ready, items",
            (
                "circular wait (inferred from the source): "
                "first waits in event.wait() (script.py:7) for second, which would set it at line 11; "
                "second waits in inbox.get() (script.py:10) for first, which would put into it at line 8 → none of them"
            ),
        ),
        # It sets another one.
        (
            "other, items",
            (
                "first waits in event.wait() (script.py:7) for Event 1, second waits in inbox.get() (script.py:10) for "
                "Queue 1 and main() waits in asyncio.gather(first(ready, items), second(other, items)) (script.py:15) "
                "for first and second → nothing else in the program could wake them, until "
            ),
        ),
    ],
)
@pytest.mark.parametrize("name", ["done", "event"])
def test_who_would_have_set_or_put_what_a_task_waits_for(
    trace_source: TraceSource, name: str, given: str, expected: str
) -> None:
    head, _, _ = FORSAKEN.format(most=600, also="").partition("async def consume")
    tasks = f"""async def first(event, queue):
    await event.wait()
    queue.put_nowait(1)
async def second({name}, inbox):
    await inbox.get()
    {name}.set()
async def main():
    ready, other = asyncio.Event(), asyncio.Event()
    items = asyncio.Queue()
    await asyncio.gather(first(ready, items), second({given}))
asyncio.run(main())
"""
    traced = trace_source(head + tasks)
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    [(kind, sentence)] = problems(traced)
    assert kind == "deadlock"
    assert sentence.startswith(expected)


#: Who takes what another one puts into its own attribute, until one of them keeps it. `more`: who else puts; `rests`:
#: what ping does once it keeps it.
ACTORS = """
class Actor:
    def __init__(self):
        self.inbox = asyncio.Queue()
    async def run(self):
        while left := await self.inbox.get():
            await asyncio.sleep(0)
            self.peer.inbox.put_nowait(left - 1)
        {rests}
        await self.inbox.get()
async def main():
    ping, pong = Actor(), Actor()
    ping.peer, pong.peer = pong, ping
    tasks = [asyncio.create_task(one.run(), name=name) for one, name in ((ping, "ping"), (pong, "pong"))]
    ping.inbox.put_nowait(4)
    {more}
    await asyncio.gather(*tasks)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("more", "rests", "expected"),
    [
        (
            "pass", "await asyncio.sleep(0)",
            (
                "circular wait (inferred from who did so before): "
                "ping waits in self.inbox.get() (script.py:15) for pong, which put into it before; "
                "pong waits in self.inbox.get() (script.py:11) for ping, which put into it before"
            ),
        ),
        # Another one did so, too, of one of them; and who did so is gone.
        (
            "[await asyncio.sleep(0) for _ in range(30)]; pong.inbox.put_nowait(2)",
            "while self: await self.inbox.get()", "",
        ),
        ("pass", "return", ""),
    ],
)  # fmt: skip
def test_who_put_into_it_before_waits_itself(
    trace_source: TraceSource, more: str, rests: str, expected: str
) -> None:
    head, _, _ = FORSAKEN.format(most=600, also="").partition("async def consume")
    traced = trace_source(head + ACTORS.format(more=more, rests=rests))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    [sentence] = [told for kind, told in problems(traced) if kind == "deadlock"]
    assert sentence.startswith(expected)
    assert ("circular" in sentence) == bool(expected)


@pytest.mark.parametrize(
    "also",
    [
        "asyncio.get_running_loop().call_later(60, print)",
        "asyncio.get_running_loop().add_signal_handler(10, print)",
        "await asyncio.start_server(print, '127.0.0.1', 0)",
        "await asyncio.to_thread(print)",
    ],
)
def test_a_loop_that_something_may_wake(trace_source: TraceSource, also: str) -> None:
    assert problems(trace_source(FORSAKEN.format(most=8, also=also))) == []


#: The queue is to grow all the time: where the machine stood still for a part of it that counts, it goes on for longer.
LAGS = """
{imports}
import time
def consume():
    while True:
        items.get()
        {sleep}({slow})
def produce():
    n, longest, began = 0, 0, time.monotonic()
    last = began
    while n < {count} or ({pause} and 8 * longest > last - began):
        items.put(n)
        {sleep}({pause})
        n, before, last = n + 1, last, time.monotonic()
        longest = max(longest, last - before)
    while items.qsize() > {left}:
        {sleep}(0.01)
{main}
"""
LAGS_IN = {
    "gevent": {
        "imports": "import gevent.queue",
        "sleep": "gevent.sleep",
        "main": "items = gevent.queue.Queue()\ngevent.spawn(consume)\ngevent.sleep(0)\ngevent.spawn(produce).join()",
    },
    "threads": {
        "imports": "import queue, threading",
        "sleep": "time.sleep",
        "main": "items = queue.Queue()\nthreading.Thread(target=consume, daemon=True, name='consume').start()\n"
        "while not items.not_empty._waiters:\n    time.sleep(0.01)\nproduce()",
    },
}


@pytest.mark.parametrize("runtime", ["gevent", pytest.param("threads", marks=WAITS_OF_THREADS)])
@pytest.mark.parametrize(
    ("slow", "pause", "left", "expected"),
    [pytest.param(0.3, 0.005, 1000, ["queue_grows"], id="grows"), pytest.param(0.005, 0, 0, [], id="is drained")],
)
def test_a_queue_that_only_grows(
    trace_source: TraceSource, runtime: str, slow: float, pause: float, left: int, expected: list[str]
) -> None:
    traced = trace_source(LAGS.format(**LAGS_IN[runtime], slow=slow, pause=pause, left=left, count=120))
    found = [one for one in traced.problems if one.kind == "queue_grows"]
    assert [one.kind for one in found] == expected
    assert all(one.sentence.startswith("more was put into items (Queue 1) than consume took") for one in found)


#: Who takes never finds it empty, so it waits for something else only.
FILLED = "for n in range(4): items.put(n - 100)\n"
NEVER_EMPTY = {
    "gevent": LAGS_IN["gevent"] | {
        "main": f"items = gevent.queue.Queue()\n{FILLED}gevent.spawn({{consume}})\ngevent.spawn(produce).join()",
    },
    "threads": LAGS_IN["threads"] | {
        "main": f"items = queue.Queue()\n{FILLED}"
        "threading.Thread(target={consume}, daemon=True, name='consume').start()\nproduce()",
    },
    "asyncio": {
        "imports": "import asyncio",
        "sleep": "await asyncio.sleep",
        "main": f"items = asyncio.Queue()\n{FILLED}async def main():\n    task = asyncio.create_task({{consume}}())\n"
        "    await produce()\nasyncio.run(main())",
    },
}


@pytest.mark.parametrize("runtime", ["gevent", pytest.param("threads", marks=WAITS_OF_THREADS), "asyncio"])
@pytest.mark.parametrize(
    ("consume", "slow", "pause", "left", "grows"),
    [
        pytest.param("consume", 0.04, 0.005, 1000, True, id="grows"),
        pytest.param("consume", 0.005, 0, 0, False, id="is drained"),
        pytest.param("produce", 0.005, 0.005, 1000, False, id="nobody takes"),
    ],
)
def test_a_queue_that_only_grows_and_is_never_waited_for(
    trace_source: TraceSource, runtime: str, consume: str, slow: float, pause: float, left: int, grows: bool
) -> None:
    parts = {name: text.format(consume=consume) for name, text in NEVER_EMPTY[runtime].items()}
    source = LAGS.format(**parts, slow=slow, pause=pause, left=left, count=400 if grows else 120)
    if runtime == "asyncio":
        source = source.replace("\ndef ", "\nasync def ").replace("items.get()", "await items.get()")
        source = source.replace("items.put(", "items.put_nowait(")
    traced = trace_source(source)
    assert not traced.timeline.notes
    told = [one for one in traced.problems if one.kind == "queue_grows"]
    assert len(told) == grows, traced.timeline.sizes
    for one in told:
        assert one.sentence.startswith("more was put into items (Queue 1) than consume took out (script.py:")
        assert ", inferred from the source), while consume slept " in one.sentence
        assert one.line is not None
        assert source.splitlines()[one.line - 1].strip().endswith("items.get()")


@pytest.mark.parametrize(
    ("runtime", "kind"),
    [
        pytest.param(runtime, kind, marks=WAITS_OF_THREADS if runtime == "threads" else ())
        for runtime, kind in (
            ("threads", "PriorityQueue"), ("threads", "SimpleQueue"), ("gevent", "PriorityQueue"),
            ("asyncio", "PriorityQueue"),
            ("gevent", "JoinableQueue"),
        )
    ],
)
@pytest.mark.parametrize(("consume", "grows"), [("consume", True), ("produce", False)], ids=["grows", "nobody takes"])
def test_a_queue_in_another_order_that_only_grows(
    trace_source: TraceSource, runtime: str, kind: str, consume: str, grows: bool
) -> None:
    """Where nobody takes, what is put comes before all others. (All items live: one that is gone may leave its address
    to the next one, which is taken for it then.)"""
    order = "n" if grows else "-n"
    parts = {name: text.format(consume=consume) for name, text in NEVER_EMPTY[runtime].items()}
    parts["main"] = parts["main"].replace("Queue()", f"{kind}()")
    source = LAGS.format(**parts, slow=0.04 if grows else 0.005, pause=0.005, left=1000, count=400 if grows else 120)
    source = source.replace("items.put(n)", "items.put(numbers[n])").replace(
        "import time\n", f"import time\nnumbers = [{order} for n in range(100_000)]\n", 1
    )
    if runtime == "asyncio":
        source = source.replace("\ndef ", "\nasync def ").replace("items.get()", "await items.get()")
        source = source.replace("items.put(", "items.put_nowait(")
    traced = trace_source(source)
    told = [one for one in traced.problems if one.kind == "queue_grows"]
    assert len(told) == grows, traced.timeline.sizes
    for one in told:
        assert " than consume took out (script.py:" in one.sentence


#: A process, or thread, takes from what another one puts into it.
SHARED_LAGS = """
import multiprocessing, sys, threading, time
def consume(items):
    while True:
        items.get()
        time.sleep({slow})
def produce(items):
    n, longest, began = 0, 0, time.monotonic()
    last = began
    while n < 200 or 8 * longest > last - began:
        items.put(n)
        time.sleep({pause})
        n, before, last = n + 1, last, time.monotonic()
        longest = max(longest, last - before)
if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    items = way.{kind}()
    taker = {taker}(target=consume, args=(items,), daemon=True, name="consume")
    taker.start()
    # It has waited for an item once.
    while b'"queue"' not in open(sys.argv[1], "rb").read(): time.sleep(0.01)
    produce(items)
    items.cancel_join_thread()
"""


@WAITS_OF_THREADS
@pytest.mark.skipif(sys.platform != "linux", reason="what a semaphore counts is not known elsewhere")
@pytest.mark.parametrize(
    ("way", "kind", "taker"),
    [("fork", "Queue", "way.Process"), ("spawn", "JoinableQueue", "way.Process")],
)
@pytest.mark.parametrize("grows", [True, False])
def test_a_queue_of_multiprocessing_that_only_grows(
    trace_source: TraceSource, tmp_path: Path, way: str, kind: str, taker: str, grows: bool
) -> None:
    slow, pause = (0.05, 0.005) if grows else (0, 0.005)
    source = SHARED_LAGS.format(way=way, kind=kind, taker=taker, slow=slow, pause=pause)
    traced = trace_source(source, str(tmp_path / "script.trace"))
    assert not traced.timeline.notes
    told = [one.sentence for one in traced.problems if one.kind == "queue_grows"]
    assert len(told) == grows, traced.timeline.sizes
    for one in told:
        assert one.startswith(f"more was put into items ({kind} 1")
        assert "took out (script.py:5)" in one


#: What a worker of a pool was given is lost with it; the program is ended some time after that.
WORKERS = """
import multiprocessing, os, signal, threading, time
from multiprocessing.connection import wait
def work(n):
    time.sleep(0.2)
    if n == 3:
        {ends}
    return n
def watch():
    wait([one.sentinel for one in workers])
    time.sleep(3)
    os._exit(0)
pool = multiprocessing.get_context("fork").Pool(2)
workers = list(pool._pool)
threading.Thread(target=watch, daemon=True).start()
{call}
pool.terminate()
"""


@WAITS_OF_THREADS
@pytest.mark.parametrize(
    ("ends", "call", "expected"),
    [
        ("os._exit(1)", "pool.map(work, range(4), chunksize=1)", "exit code 1"),
        ("time.sleep(1); os.kill(os.getpid(), signal.SIGKILL)", "list(pool.imap(work, [3]))", "signal 9"),
        ("pass", "pool.map(work, range(4), chunksize=1)", ""),
        # Somebody else waits, for something else.
        ("os._exit(1)", "pool.map_async(work, range(4)); threading.Event().wait()", ""),
    ],
)
def test_a_worker_of_a_pool_that_dies(trace_source: TraceSource, ends: str, call: str, expected: str) -> None:
    traced = trace_source(WORKERS.format(ends=ends, call=call))
    found = [one for one in traced.problems if one.kind == "worker_died"]
    assert len(found) == bool(expected)
    for one in found:
        assert f"ended with {expected}, in the middle of what it was given → main waits in {call} (" in one.sentence
        assert one.cost_ns >= 1_000_000_000


#: The thread that hands on the results cannot unpickle one; the program is ended some time after that.
RESULTS = """
import multiprocessing, os, threading, time
class Failed(Exception):
    def __init__(self, why, code{default}):
        super().__init__(why)
def work(n):
    raise Failed("no", 1)
def watch():
    pool._result_handler.join()
    time.sleep(2)
    os._exit(0)
def look():
    try:
        {call}
    except Failed:
        os._exit(0)
pool = multiprocessing.get_context("fork").Pool(2)
threading.Thread(target=watch, daemon=True).start()
look()
"""


@WAITS_OF_THREADS
@pytest.mark.parametrize(
    ("default", "call"),
    [("", "pool.map(work, [1])"), ("", "list(pool.imap(work, [1]))"), ("=0", "pool.map(work, [1])")],
)
def test_who_waits_for_what_a_dead_thread_of_a_pool_would_hand_on(
    trace_source: TraceSource, default: str, call: str
) -> None:
    traced = trace_source(RESULTS.format(default=default, call=call))
    assert traced.ended.code == 0
    found = [one for one in problems(traced) if one[0] == "unretrieved"]
    assert len(found) == (not default)
    for _, sentence in found:
        assert "_handle_results) raised TypeError" in sentence
        assert f"→ the thread ended; main waits in {call} (script.py:14) for results that it would have" in sentence


def test_a_callback_that_finds_its_task_cancelled(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio
        async def main():
            task = asyncio.ensure_future(asyncio.sleep(30))
            task.add_done_callback(lambda task: task.exception())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0.001)
        asyncio.run(main())
        """
    )
    assert traced.ended.code == 0
    assert b"CancelledError" in traced.ended.stderr
    assert problems(traced) == []


@pytest.mark.parametrize("runtime", ["gevent", "threads", "asyncio"])
def test_what_code_names_that_waits_is_not_asked(
    trace_source: TraceSource, tmp_path: Path, runtime: str
) -> None:
    proxy = """
class Proxy:
    __class__ = __dict__ = property(lambda self: print("asked"))
    def __getattribute__(self, name): print("asked", name)
    def __eq__(self, other): print("compared")
    def __hash__(self): print("hashed")
    def __bool__(self): print("bool")
    def __len__(self): print("len")
proxy, kept = Proxy(), [Proxy()]
"""
    parts = {name: text.format(consume="consume") for name, text in NEVER_EMPTY[runtime].items()}
    source = LAGS.format(**parts, slow=0.001, pause=0, left=0, count=20)
    source = source.replace("while True:", "mine = proxy if kept else kept\n    for _ in range(24):").replace(
        "import time\n", f"import time\n{proxy}"
    )
    if runtime == "asyncio":
        source = source.replace("\ndef ", "\nasync def ").replace("items.get()", "await items.get()")
        source = source.replace("items.put(", "items.put_nowait(")
    traced = trace_source(source)
    script = tmp_path / "bare.py"
    script.write_text(source, encoding="utf-8")
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"", b"")
    assert traced.ended == bare(script)
    assert not traced.timeline.notes


ONLY_THREAD = """
import signal, threading
lock = threading.{kind}()
def save():
    with lock:
        print("saved")
def update():
    with lock:
        save()
# Whose default action ends the program.
signal.setitimer(signal.ITIMER_REAL, 2.5)
{first}
update()
signal.pause()
"""


@pytest.mark.parametrize(
    ("kind", "first", "expected"),
    [
        pytest.param("Semaphore", "", True, id="once more"),
        pytest.param("RLock", "", False, id="it may take it again"),
        pytest.param("Lock", "update = lambda *_: signal.pause()", False, id="asleep"),
    ],
)
def test_the_only_thread_waits_for_itself(trace_source: TraceSource, kind: str, first: str, expected: bool) -> None:
    traced = trace_source(ONLY_THREAD.format(kind=kind, first=first))
    assert (traced.ended.code, traced.ended.stderr) == (-14, b"")
    if not expected:
        assert problems(traced) == []
        return
    ((found, sentence),) = problems(traced)
    assert found == "deadlock"
    assert " in `with lock:`, sampled at script.py:5 (" in sentence
    assert ") in save(), called at script.py:9, inside of another `with lock` (around script.py:9) → no" in sentence
    assert sentence.endswith(" (inferred from the source), until the end of the trace")
