"""Problems of threads, each with siblings, nearly the same, in which nothing is wrong. From 3.12 on, and in C."""

from __future__ import annotations

import re
import sys

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.test_threads import BESIDE_OTHERS
from tests.tracers.traced import BY_WAY_OF_C, SEES_WAITS, Traced
from visualizer.analysis.text.sentences import sentence as sentence_of

pytestmark = pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded from 3.12 on, or in C")

#: Ends the program by a signal, once so many wait for these reasons, and all that is told of that.
ENDS_IT = """
import os

def until_told(pattern, count):
    while True:
        with open(PATH) as trace:
            if len(re.findall(pattern, trace.read(), re.MULTILINE)) >= count:
                return
        signal.sigtimedwait((), 0.01)

def end_it(reason, count):
    until_told(rf'^\\["wait",\\d+,-2,"({reason})"', count)
    signal.sigtimedwait((), 1.2)
    print("so long")
    until_told(r'^\\["output",.*so long', 1)
    os.kill(os.getpid(), signal.SIGTERM)

def killed_when(reason, count):
    threading.Thread(target=end_it, args=(reason, count), daemon=True).start()
"""


def problems(traced: Traced) -> list[tuple[str, str]]:
    return [(found.kind, found.sentence) for found in traced.problems]


KEPT = """
items = Queue()

def work():
    {work}

killed_when("queue|join|event|io", {waits})
threading.Thread(target=work, name="worker", daemon={daemon}).start()
until({first})
{main}
"""


def test_a_thread_that_keeps_the_process_alive(trace_source: TraceSource) -> None:
    script = KEPT.format(work="items.get()", daemon=False, first=1, main="", waits=2)
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + script)
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "kept_alive"
    assert sentence.startswith("main was over, but not worker, spawned at script.py:")
    assert "in items.get() (script.py:" in sentence
    assert "→ it is no daemon, so the process lived on for" in sentence


EXECUTOR = """
import asyncio
items = Queue()

def read():
    return {read}

async def main():
    asyncio.get_running_loop().run_in_executor(None, read)

killed_when("queue", 1)
asyncio.run(main())
"""


def test_a_loop_whose_executor_has_ended(trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + EXECUTOR.format(read="items.empty()"))
    assert (traced.ended.code, traced.ended.stderr, problems(traced)) == (0, b"", [])


def test_a_loop_that_waits_for_the_threads_of_its_executor(trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + EXECUTOR.format(read="items.get()"))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "kept_alive"
    assert sentence.startswith("the tasks of loop were over, but not asyncio_0, spawned in main() (script.py:")
    assert "in items.get() (script.py:" in sentence
    assert "→ asyncio waits for the threads of its executor, also where" in sentence


@pytest.mark.parametrize(
    ("work", "daemon", "main", "code"),
    [
        # Main waits itself; the thread ends by itself; it is a daemon; and it serves others.
        pytest.param("items.get()", False, "items.join() or threading.Event().wait()", -15, id="main lives"),
        pytest.param("until(1, -1); items.get(timeout=0.01)", False, "items.put(1)", 0, id="short"),
        pytest.param("items.get()", True, "", 0, id="daemon"),
        pytest.param("__import__('socket').create_server(('127.0.0.1', 0)).accept()", False, "", -15, id="serves"),
    ],
)
def test_threads_that_do_not(trace_source: TraceSource, work: str, daemon: bool, main: str, code: int) -> None:
    waits, first = 2 if code else 10_000, 0 if "until" in work else 1
    script = KEPT.format(work=work, daemon=daemon, first=first, main=main, waits=waits)
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + script)
    assert (traced.ended.code, traced.ended.stderr) == (code, b"")
    assert problems(traced) == []


POOL = """
pool = ThreadPoolExecutor({workers}, "worker")

there = threading.Barrier(min(2, {workers}))

# What it asks of the pool is a call of itself: such a call is meant to wait, however long that takes.
def work(asks=True):
    if not asks:
        return 1
    there.wait()
    return sum(one.result({limit}) for one in [pool.submit(work, False)])

killed_when("future", {waits})
asked = [pool.submit(work) for _ in range(2)]
try:
    print([one.result() for one in asked])
except TimeoutError:
    pass
pool.shutdown()
"""


def test_a_pool_whose_workers_wait_for_themselves(trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + POOL.format(workers=2, limit="", waits=3))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "pool_exhausted"
    assert "all workers of ThreadPoolExecutor 1, wait in one.result() (script.py:" in sentence
    assert "worker_0" in sentence
    assert "worker_1" in sentence


def test_one_worker_that_waits_for_itself(trace_source: TraceSource) -> None:
    """One is told when it hangs, also where main was over before: that is no problem of its own."""
    script = """
pool = ThreadPoolExecutor(1, "worker")

def outer():
    mine = pool.submit(int)
    there.set()
    return mine.result()

there = threading.Event()
killed_when("future|join", 2)
pool.submit(outer)
there.wait()
"""
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + script)
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "pool_exhausted"
    assert sentence.startswith("worker_0, the only worker of ThreadPoolExecutor 1, waits in")


@pytest.mark.parametrize(("workers", "limit"), [(3, ""), (1, "0.01")])
def test_pools_with_a_way_out(trace_source: TraceSource, workers: int, limit: str) -> None:
    """There is another worker, or a time limit."""
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + POOL.format(workers=workers, limit=limit, waits=10_000))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert problems(traced) == []


ORDER = """
fork, knife, gate = threading.Lock(), threading.RLock(), threading.Lock()
ann_has_eaten, bob_is_there = threading.Event(), threading.Event()

def ann():
    {ann}
    ann_has_eaten.set()

def bob():
    bob_is_there.set()
    {wait}
    {bob}

threads = [threading.Thread(target=function, name=function.__name__) for function in (bob, ann)]
threads[0].start()
bob_is_there.wait()
{between}
threads[1].start()
for thread in threads:
    thread.join()
"""
EAT = "with {}:\n        with {}:\n            pass"
EAT_GATED = "with gate:\n        with {}:\n            with {}:\n                pass"
IN_MAIN = "with knife:\n    with fork:\n        pass"
#: Bob comes later, not because of anything that Ann does.
LATER = "until_told(r'^\\[\"exit\"', 1)"


@pytest.mark.parametrize(
    "bob", [EAT.format("knife", "fork"), "knife.acquire(); fork.acquire(); fork.release(); knife.release()"]
)
def test_two_that_take_locks_in_another_order(trace_source: TraceSource, bob: str) -> None:
    script = ORDER.format(ann=EAT.format("fork", "knife"), bob=bob, wait=LATER, between="")
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + script)
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "lock_order"
    first, _, then = sentence.partition("; ")
    lines = line_of(traced, "ann", 2), line_of(traced, "bob", 4 if "with" in bob else 3)
    assert {first, then.partition(" →")[0]} == {
        f"ann asks for knife (RLock 1) (script.py:{lines[0]}) while it has fork (lock 1)",
        f"bob asks for fork (lock 1) (script.py:{lines[1]}) while it has knife (RLock 1)",
    }
    assert sentence.endswith("(inferred: nothing was seen that keeps them apart)")


def line_of(traced: Traced, function: str, behind: int) -> int:
    lines = traced.path.with_suffix(".py").read_text().splitlines()
    return lines.index(f"def {function}():") + 1 + behind


@pytest.mark.parametrize(
    ("ann", "bob", "wait", "between"),
    [
        pytest.param(EAT.format("fork", "knife"), EAT.format("fork", "knife"), LATER, "", id="the same order"),
        pytest.param(EAT_GATED.format("fork", "knife"), EAT_GATED.format("knife", "fork"), LATER, "", id="a gate"),
        pytest.param(
            EAT.format("fork", "knife") + "\n    " + EAT.format("knife", "fork"), "pass", LATER, "", id="one thread"
        ),
        pytest.param(EAT.format("fork", "knife"), EAT.format("knife", "fork"), "ann_has_eaten.wait()", "", id="waits"),
        pytest.param(
            EAT.format("fork", "knife"),
            "knife.acquire(); print(fork.acquire(timeout=1), fork.release()); knife.release()",
            LATER,
            "",
            id="gives up",
        ),
        pytest.param(EAT.format("fork", "knife"), "pass", "", IN_MAIN, id="before"),
    ],
)
def test_locks_that_nobody_waits_for_in_a_circle(
    trace_source: TraceSource, ann: str, bob: str, wait: str, between: str
) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + ORDER.format(ann=ann, bob=bob, wait=wait, between=between))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert problems(traced) == []


FULL = """
def slow(n):
    begun.set()
    time.sleep(0.2)

def quick(n):
    return n

begun = threading.Event()
with ThreadPoolExecutor({workers}) as pool:
    first = pool.submit(slow, 1)
    begun.wait()
    for n in range(2):
        pool.submit({then}, n).result()
"""


def test_a_call_that_waits_for_a_worker(trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + FULL.format(workers=1, then="quick"))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "thread_pool_full"
    assert sentence.startswith("all workers of ThreadPoolExecutor 1 were busy: ThreadPoolExecutor-0_0 slept 0.")
    assert "→ quick, which main had it call, began 0." in sentence
    timeline = traced.timeline
    said = [sentence_of(timeline, index) for index in range(timeline.switch_count)]
    told, *more = [one for one in said if "in the queue of" in one]
    # The second may be told to have been there for a moment.
    assert not BY_WAY_OF_C or not more
    busy = r" \(its workers were busy with slow\)" if BY_WAY_OF_C else ""
    assert re.fullmatch(
        r"ThreadPoolExecutor-0_0 set the result of the future main was waiting for "
        r"\(pool\.submit\(quick, n\)\.result\(\)\): "
        rf"\S+ m?s in the queue of ThreadPoolExecutor 1{busy}, "
        r"\S+ \S?s in ThreadPoolExecutor-0_0(, \S+ m?s until it ran again)? → main runs",
        told,
    ), told


@pytest.mark.parametrize(("workers", "then"), [(2, "quick"), (1, "slow")])
def test_calls_that_need_not_or_are_alike(trace_source: TraceSource, workers: int, then: str) -> None:
    traced = trace_source(BESIDE_OTHERS + FULL.format(workers=workers, then=then))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert problems(traced) == []
    said = [sentence_of(traced.timeline, index) for index in range(traced.timeline.switch_count)]
    # Where there is a worker for it, nothing waits; but it may take its time to begin, and only the recorder in C knows
    # that nobody had to be waited for.
    waited = "in the queue of" if BY_WAY_OF_C or then == "slow" else "busy with"
    assert any(waited in one for one in said) is (then == "slow")


LEAK = """
def follow(event):
    {wait}

for n in range(10):
    threading.Thread(target=follow, args=(threading.Event(),), daemon=True).start()
    time.sleep(0.01)
"""


def test_daemons_that_never_end(trace_source: TraceSource) -> None:
    ((kind, sentence),) = problems(trace_source(BESIDE_OTHERS + LEAK.format(wait="event.wait()")))
    assert kind == "leak"
    assert sentence.startswith("10 × follow, spawned at script.py:")
    assert "waits in event.wait()" in sentence


def test_daemons_that_wait_for_time_or_end(trace_source: TraceSource) -> None:
    assert problems(trace_source(BESIDE_OTHERS + LEAK.format(wait="event.wait(0.001)"))) == []


BURST = """
import multiprocessing

def follow(event):
    event.wait()

def crew():
    events = []
    for _ in range(10):
        event = threading.Event()
        threading.Thread(target=follow, args=(event,), daemon=True).start()
        events.append(event)
    signal.sigtimedwait((), 1.2)
    {then}

{run}
"""
CHILD = """child = multiprocessing.get_context("fork").Process(target=crew)
child.start()
child.join()
"""


@pytest.mark.parametrize("run", [pytest.param("crew()\n", id="main"), pytest.param(CHILD, id="child")])
@pytest.mark.parametrize(
    ("then", "expected"),
    [
        pytest.param("pass", ["leak"], id="nobody sets them"),
        pytest.param("if not events: events[0].set()", [], id="somebody may"),
        pytest.param("for one in events: one.set()", [], id="all are set"),
    ],
)
def test_a_crew_of_daemons_that_came_at_once(
    trace_source: TraceSource, run: str, then: str, expected: list[str]
) -> None:
    found = problems(trace_source(BESIDE_OTHERS + BURST.format(then=then, run=run)))
    assert [kind for kind, _ in found] == expected
    for _, sentence in found:
        assert sentence.startswith("10 × follow, spawned in crew() (script.py:")
        assert "→ none of them has ended; " in sentence
        assert "waits in event.wait() (script.py:" in sentence


def test_a_timer_of_threadings_that_reaches_its_time(trace_source: TraceSource) -> None:
    """Its wait ends by its limit, as it should."""
    traced = trace_source(
        """
        import threading

        timer = threading.Timer(1.1, print, ["now"])
        timer.start()
        timer.join()
        """
    )
    assert traced.ended.stdout == b"now\n"
    assert problems(traced) == []


SERVES = """
import socket, socketserver

class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"bye")
        self.server.shutdown()

server = socketserver.{kind}(("127.0.0.1", 0), Handler)
serves = beside("serves", server.serve_forever)
with socket.create_connection(server.server_address) as asked:
    print(asked.recv(3))
killed_when("event", 1)
serves.join()
server.server_close()
"""


def test_a_server_that_its_own_handler_shuts_down(trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + SERVES.format(kind="TCPServer"))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "deadlock"
    assert sentence.startswith("serves waits in self.server.shutdown() (script.py:")
    assert "until its own serve_forever() is over, which has called that → it never goes on" in sentence
    assert sentence.endswith("and main waits for its end")


def test_a_server_that_another_thread_shuts_down(trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + SERVES.format(kind="ThreadingTCPServer"))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert problems(traced) == []


NOTIFIES = """
condition, event = threading.Condition(), threading.Event()

def tell():
    {tells}

def listen():
    {waits}

beside("tell", tell).join()
listens = threading.Thread(target=listen, name="listens", daemon=True)
listens.start()
until({count}, 0)
{main}
"""
NOTIFY = "with condition: condition.notify()"
LISTEN = "with condition: condition.wait()"


@pytest.mark.parametrize(
    ("tells", "waits", "expected"),
    [
        (NOTIFY, LISTEN, "call condition.notify() (script.py:"),
        ("event.set(); event.clear()", "event.wait()", "call event.set() (script.py:"),
    ],
)
def test_who_waits_for_what_was_over_before(
    tells: str, waits: str, expected: str, trace_source: TraceSource
) -> None:
    script = NOTIFIES.format(tells=tells, waits=waits, count=1, main="time.sleep(0.1)")
    traced = trace_source(BESIDE_OTHERS + script)
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "setter_ended"
    assert sentence.startswith(f"tell ended, and nobody else was left who would {expected}")
    assert ("before anybody waited: a notify wakes only who waits by then" in sentence) == (tells == NOTIFY)


@pytest.mark.parametrize("main", ["tell(); listens.join()", "if not items: time.sleep(0.1)\nelse: condition.notify()"])
def test_who_waits_for_what_somebody_does_yet(main: str, trace_source: TraceSource) -> None:
    script = "items = []\n" + NOTIFIES.format(tells=NOTIFY, waits=LISTEN, count=1, main=main)
    traced = trace_source(BESIDE_OTHERS + script)
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert problems(traced) == []


PIPES = """
import subprocess

writes = "head -c {size} /dev/zero; sleep 9"
child = subprocess.Popen(["sh", "-c", writes], stdout=subprocess.{into}, stderr=subprocess.DEVNULL)
killed_when("subprocess", 1)
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody says how much is in a pipe")
@pytest.mark.parametrize(("size", "told"), [(200_000, "65,536 bytes"), (65_000, "65,000 bytes of at most 65,536")])
def test_a_process_whose_pipe_nobody_reads(size: int, told: str, trace_source: TraceSource) -> None:
    script = PIPES.format(size=size, into="PIPE")
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + script)
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    ((kind, sentence),) = problems(traced)
    assert kind == "deadlock"
    assert sentence.startswith("main waits in child.wait() (script.py:")
    assert f"which has for its stdout ({told}) a full pipe that nobody reads → " in sentence
    assert "waits to write there (inferred), until " in sentence


@pytest.mark.parametrize(("size", "into"), [(60_000, "PIPE"), (200_000, "DEVNULL")])
def test_a_process_that_has_room_to_write(size: int, into: str, trace_source: TraceSource) -> None:
    traced = trace_source(BESIDE_OTHERS + ENDS_IT + PIPES.format(size=size, into=into))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    assert problems(traced) == []


def test_a_wait_of_a_comprehension_for_what_it_goes_through(trace_source: TraceSource) -> None:
    script = """
items = Queue()

def read():
    print([(item, 1) for item in iter(items.get, None)])

reads = beside("reads", read)
until(1, 0)
items.put(None)
reads.join()
"""
    traced = trace_source(BESIDE_OTHERS + script)
    assert traced.ended.stdout == b"[]\n"
    assert ("reads", "queue", "iter(items.get, None)") in traced.waits
