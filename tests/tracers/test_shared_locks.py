"""Locks, semaphores and queues of multiprocessing: who gave back what a thread of another process waited for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.test_forks import went_as_bare
from tests.tracers.traced import SEES_WAITS, Traced
from visualizer.analysis.findings import findings
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

pytestmark = pytest.mark.skipif(not SEES_WAITS, reason="what processes wait for is recorded from 3.12 on, or in C")

#: Comes back once so many waits of that reason are in the trace; and does nothing for so long that who waits
#: meanwhile is said to be stuck.
AWAIT = """
def goes_on():
    for _ in range(30):
        time.sleep(0.05)

def until_waiting(count, reason):
    while open(sys.argv[1], "rb").read().count(b'"' + reason.encode() + b'"') < count:
        time.sleep(0.01)
"""


def called(traced: Traced, track: int) -> str:
    """The name that multiprocessing gave the process of that main thread."""
    return traced.timeline.name(track).partition(" ")[0]


def woken(traced: Traced, reason: str) -> set[tuple[str, str, str]]:
    """(waker, cause, woken) of who waited for that reason."""
    timeline, found = traced.timeline, set()
    for track in timeline.tracks.values():
        for run in range(len(track.slices)):
            wakeup, suspension = timeline.made_ready(track, run)
            if wakeup is not None and suspension is not None and suspension.reason == reason:
                found.add((called(traced, wakeup.waker), wakeup.cause, called(traced, wakeup.track)))
    return found


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_who_releases_a_lock_in_another_process_wakes_who_waits_for_it(
    way: str, trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(
        AWAIT
        + f"""
import multiprocessing, sys, time

def take(lock):
    with lock:
        pass

if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    lock, free = way.Lock(), way.Lock()
    lock.acquire()
    # Nobody ever waits for that one.
    with free:
        child = way.Process(target=take, args=(lock,), name="child")
        child.start()
    until_waiting(1, "lock")
    lock.release()
    child.join()
""",
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert woken(traced, words.LOCK) == {("main", words.CALLBACK, "child")}
    child = traced.timeline.name(traced.timeline.processes[1].track)
    said = [sentence(traced.timeline, switch.index) for switch in traced.switches]
    assert f"main released the lock {child} was waiting for (lock) → {child} runs" in said


def test_a_semaphore_an_event_and_the_queue_that_is_full(trace_source: TraceSource, tmp_path: Path) -> None:
    traced = trace_source(
        AWAIT
        + """
import multiprocessing, sys, time

def work(semaphore, event, queue):
    semaphore.acquire()
    event.wait()
    queue.put(1)
    queue.put(2)

fork = multiprocessing.get_context("fork")
semaphore, event, queue = fork.Semaphore(0), fork.Event(), fork.Queue(1)
child = fork.Process(target=work, args=(semaphore, event, queue), name="child")
child.start()
until_waiting(1, "lock")
semaphore.release()
until_waiting(1, "event")
event.set()
until_waiting(1, "queue")
print(queue.get(), queue.get())
child.join()
""",
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"1 2\n", b"")
    for reason in (words.LOCK, words.EVENT):
        assert ("main", words.CALLBACK, "child") in woken(traced, reason), reason
    assert ("main", words.CALLBACK, "child") in woken(traced, words.QUEUE)
    said = [sentence(traced.timeline, switch.index) for switch in traced.switches]
    child = traced.timeline.name(traced.timeline.processes[1].track)
    assert any(text.startswith(f"main took an item from the queue {child} was waiting on") for text in said)


def test_who_reads_from_a_queue_lets_the_next_one_have_it(trace_source: TraceSource, tmp_path: Path) -> None:
    """Of several that wait for one queue, one has the queue's own lock, and waits for an item; the others wait for
    that lock."""
    traced = trace_source(
        AWAIT
        + """
import multiprocessing, os, signal, sys, time

def take(queue):
    queue.get()

fork = multiprocessing.get_context("fork")
queue = fork.SimpleQueue()
takers = [fork.Process(target=take, args=(queue,), name=f"taker{number}") for number in range(2)]
for taker in takers:
    taker.start()
until_waiting(2, "queue")
# Both items are there before anybody takes one: else the second one may have to wait for its own.
for taker in takers:
    os.kill(taker.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, taker.pid, os.WSTOPPED)
for number in range(2):
    queue.put(number)
for taker in takers:
    os.kill(taker.pid, signal.SIGCONT)
for taker in takers:
    taker.join()
""",
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    (first,) = (woken for _, cause, woken in woken(traced, words.QUEUE) if cause == words.MESSAGE)
    second = ({"taker0", "taker1"} - {first}).pop()
    assert (first, words.RELEASE, second) in woken(traced, words.QUEUE)
    said = [sentence(traced.timeline, switch.index) for switch in traced.switches]
    assert any(f" let {second} " in text and text.startswith(first) for text in said)


@pytest.mark.parametrize("way", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("holds", "kind"), [(True, "Lock"), (True, "RLock"), (True, "BoundedSemaphore"), (False, "Lock")]
)
def test_who_gave_a_lock_back_is_known_though_killed_before_it_could_tell(
    way: str, holds: bool, kind: str, trace_source: TraceSource, tmp_path: Path
) -> None:
    """But not of one who did not have it: another one may have given it back at the same time."""
    traced = trace_source(
        AWAIT
        + f"""
import multiprocessing, os, signal, sys, time

def give(lock, pipe):
    while b'["name"' not in open(sys.argv[1], "rb").read():
        time.sleep(0.01)
    if {holds}:
        lock.acquire()
    pipe.send(1)
    until_waiting(1, "lock")
    lock.release()
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    lock, (ours, pipe) = way.{kind}(), way.Pipe()
    if not {holds}:
        lock.acquire()
    child = way.Process(target=give, args=(lock, pipe), name="child")
    child.start()
    ours.recv()
    lock.acquire()
    print("has it")
    child.join()
""",
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"has it\n", b"")
    by = ("child", words.CALLBACK, "main") if holds else ("unknown", words.UNKNOWN, "main")
    assert woken(traced, words.LOCK) == {by}


def test_where_children_are_not_recorded_nobody_is_said_to_release(
    trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(
        AWAIT
        + """
from multiprocessing import get_context
import os, sys, threading, time

def take():
    lock.acquire()
    os.write(ready[1], b".")
    release.wait()
    lock.release()

def let_go():
    # Without us there is no trace to look into, and it does not matter.
    if sys.argv[1:]:
        until_waiting(1, "lock")
    release.set()

fork = get_context("fork")
lock, ready, release = fork.Lock(), os.pipe(), fork.Event()
child = fork.Process(target=take)
child.start()
os.read(ready[0], 1)
threading.Thread(target=let_go).start()
lock.acquire()
child.join()
""",
        str(tmp_path / "script.trace"),
        children="",
    )
    went_as_bare(traced)
    main = traced.timeline.tracks[0]
    assert {
        wakeup.waker
        for wakeup, suspension in (traced.timeline.made_ready(main, run) for run in range(len(main.slices)))
        if wakeup is not None and suspension is not None and suspension.reason == words.LOCK
    } == {words.NOBODY}


#: Is killed with its child, by what is not recorded, once both wait and have done so for long.
STANDS = """
import multiprocessing, os, sys, time

WATCHES = 'until [ $(grep -c "{told}" "$1") -ge {count} ]; do sleep 0.1; done; sleep 2.5; kill -9 $2 $3'

def work(mine, queue):
    {work}

if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    (ours, mine), queue = way.Pipe(), way.Queue()
    child = way.Process(target=work, args=(mine, queue), name="child")
    child.start()
    shell = ["sh", "-c", WATCHES, "sh", sys.argv[1], str(os.getpid()), str(child.pid)]
    os.posix_spawn("/bin/sh", shell, {{}})
    {main}
"""
_PIPE = r"^.\"wait\",.*\"pipe\""


@pytest.mark.parametrize(
    ("way", "work", "main", "told", "count", "expected"),
    [
        pytest.param(
            "fork", "mine.recv()", "ours.recv()", _PIPE, 2,
            "main waits in ours.recv() (script.py:16) for Connection 1 and child waits in mine.recv() (script.py:7) "
            "for Connection 1 of process", id="both ask",
        ),
        pytest.param(
            "fork", 'queue.put("x" * 1_000_000)', "child.join()", "QueueFeederThread", 1,
            "QueueFeederThread of child waits to write what that put into a queue, whose pipe is full, and nobody "
            "takes from it; main waits in child.join() (script.py:16) for child and child waits in Thread.join() for "
            "QueueFeederThread", id="joined before its queue is read",
        ),
        pytest.param(
            "spawn", "queue.get()", "child.join()", r"^.\"wait\",.*\"queue\"", 1,
            "child waits in queue.get() (script.py:7) for Queue 1 and main waits in child.join() (script.py:16) for "
            "child", id="nothing is put",
        ),
        pytest.param("fork", "mine.poll(99)", "ours.recv()", _PIPE, 1, "", id="a limit"),
        pytest.param("fork", "time.sleep(99)", "ours.recv()", _PIPE, 1, "", id="asleep"),
    ],
)  # fmt: skip
def test_processes_that_wait_for_one_another(
    way: str, work: str, main: str, told: str, count: int, expected: str, trace_source: TraceSource, tmp_path: Path
) -> None:
    source = STANDS.format(way=way, work=work, main=main, told=told.replace('"', '\\\\"'), count=count)
    traced = trace_source(source, str(tmp_path / "script.trace"))
    assert traced.ended.code == -9
    found = [re.sub(r" \(\d+\)|(?<=process) \d+", "", one.sentence) for one in traced.problems]
    ends = " → nothing else in the program could wake them, until the end of the trace"
    assert found == ([expected + ends] if expected else [])


#: Ends the process once that which has started it is gone.
ORPHANED = """
def until_orphaned(parent):
    while os.getppid() == parent:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)
"""
WAYS = pytest.mark.parametrize("way", ["fork", "spawn"])


def line_of(traced: Traced, text: str) -> int:
    (source,) = (text for name, text in traced.timeline.sources.items() if name.endswith("script.py"))
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


@WAYS
@pytest.mark.parametrize("opposed", [True, False])
def test_processes_that_take_two_locks_in_opposite_order_wait_in_a_circle(
    way: str, opposed: bool, trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(
        AWAIT
        + ORPHANED
        + f"""
import multiprocessing, os, signal, sys, threading, time

def take(first, second, has, may, parent):
    threading.Thread(target=until_orphaned, args=(parent,), daemon=True).start()
    with first:
        has.send(1)
        may.recv()
        with second:
            pass

if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    one, other = way.Lock(), way.RLock()
    pipes = [way.Pipe(False) for _ in range(4)]
    for number, (first, second) in enumerate([(one, other), (other, one)] if {opposed} else [(one, other)]):
        (told, has), (may, go) = pipes[2 * number : 2 * number + 2]
        way.Process(target=take, args=(first, second, has, may, os.getpid()), name=f"p{{number}}").start()
        told.recv()
    for _, go in pipes[1::2]:
        go.send(1)
    if {opposed}:
        until_waiting(2, "lock")
        goes_on()
        os.kill(os.getpid(), signal.SIGTERM)
    multiprocessing.active_children()[0].join()
    os.kill(os.getpid(), signal.SIGTERM)
""",
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.code == -15
    found = [one for one in traced.problems if one.kind == "deadlock"]
    if not opposed:
        assert not found
        return
    (only,) = found
    outer, inner = line_of(traced, "with first:"), line_of(traced, "with second:")
    assert only.sentence.startswith("circular wait: p")
    assert only.sentence.count(f" waits for second (script.py:{inner}) for shared ") == 2
    assert only.sentence.count(f" holds (taken at script.py:{outer}, ") == 2
    assert "p0" in only.sentence
    assert "p1" in only.sentence


@WAYS
@pytest.mark.parametrize(
    ("how", "kind", "ended"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "Lock", "with signal 9"),
        ("os._exit(3)", "RLock", "with exit code 3"),
        ("return", "BoundedSemaphore", "with exit code 0"),
        ("lock.release()", "Lock", ""),
    ],
)
def test_a_lock_whose_holder_has_died_is_told_of_with_the_line_where_it_was_taken(
    way: str, how: str, kind: str, ended: str, trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(
        AWAIT
        + f"""
import multiprocessing, os, signal, sys, threading, time

def hold(lock, path):
    lock.acquire()
    while b'"owns"' not in open(path, "rb").read():
        time.sleep(0.01)
    {how}

def end():
    until_waiting(1, "lock")
    goes_on()
    os.kill(os.getpid(), signal.SIGTERM)

if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    lock = way.{kind}()
    holder = way.Process(target=hold, args=(lock, sys.argv[1]), name="holder")
    holder.start()
    holder.join()
    if {ended!r}:
        threading.Thread(target=end, daemon=True).start()
    lock.acquire()
    os.kill(os.getpid(), signal.SIGTERM)
""",
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.code == -15
    found = [one for one in findings(traced.timeline) if one.kind in ("lock_held", "deadlock")]
    if not ended:
        assert not found
        return
    (only,) = found
    taken = line_of(traced, "    lock.acquire()")
    holder = traced.timeline.name(traced.timeline.processes[1].track)
    assert only.sentence.startswith(f"{holder} held lock (shared {kind} ")
    assert f" (taken at script.py:{taken}, " in only.sentence
    assert f", though it had ended {ended} → main waited for it" in only.sentence


@WAYS
def test_who_waits_for_a_lock_that_another_process_gives_back_is_not_said_to_hold_it(
    way: str, trace_source: TraceSource, tmp_path: Path
) -> None:
    """It tells something, and keeps nobody out."""
    traced = trace_source(
        AWAIT
        + ORPHANED
        + f"""
import multiprocessing, os, signal, sys, threading, time

def give(lock, times, parent):
    threading.Thread(target=until_orphaned, args=(parent,), daemon=True).start()
    lock.release()
    times.recv()

if __name__ == "__main__":
    way = multiprocessing.get_context("{way}")
    lock, (times, more) = way.Lock(), way.Pipe(False)
    lock.acquire()
    child = way.Process(target=give, args=(lock, times, os.getpid()), name="child")
    child.start()
    lock.acquire()

    def end():
        until_waiting(1, "lock")
        goes_on()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end, daemon=True).start()
    threading.Thread(target=lock.acquire, daemon=True).start()
    lock.acquire()
""",
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.code == -15
    assert not [one for one in findings(traced.timeline) if "main held" in one.sentence or one.kind == "deadlock"]


#: Ends the program once the holders have what they take, were sent a signal, and another one waits.
TAKES = AWAIT + ORPHANED + """
import multiprocessing, os, signal, sys, threading, time

def hold(thing, parent):
    threading.Thread(target=until_orphaned, args=(parent,), daemon=True).start()
    {holds}

def wait(thing, parent):
    threading.Thread(target=until_orphaned, args=(parent,), daemon=True).start()
    {waits}

if __name__ == "__main__":
    way = multiprocessing.get_context("fork")
    thing = way.{made}
    holders = [way.Process(target=hold, args=(thing, os.getpid()), name=f"holder-{{n}}") for n in range({count})]
    for holder in holders:
        holder.start()
    until_waiting(*{first})
    for holder in holders:
        os.kill(holder.pid, signal.{signal})
        if signal.{signal} == signal.SIGKILL:
            holder.join()
    way.Process(target=wait, args=(thing, os.getpid())).start()
    until_waiting(*{then})
    goes_on()
    os.kill(os.getpid(), signal.SIGTERM)
"""
ITEMS = {"made": "Queue()", "holds": "thing.get()", "waits": "thing.get()", "count": 1, "first": (1, "owns")}
PLACES = {
    "holds": "with thing:\n        time.sleep(60)", "waits": "thing.acquire()", "count": 2, "first": (2, "60 s"),
}


BY_READER = (
    r"holder-0 ended with signal 9 while it had shared Lock [\d.]+( \(taken at script.py:\d+, [\d.]+ m?s\))?, which "
    r"nobody gives back until the end of the trace → .+ waited for that in thing.get\(\) \(script.py"
)
BY_ALL = (
    r"holder-0 ended with signal 9 and holder-1 ended with signal 9 while they had thing \(shared Semaphore [\d.]+\) "
    r"\(inferred from the source\), which nobody gives back until the end of the trace → .+ waited"
)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (ITEMS | {"signal": "SIGKILL", "then": (1, "through")}, BY_READER),
        # Who reads waits for items, and the others for that one.
        (ITEMS | {"signal": "SIGCONT", "then": (1, "through")}, ""),
        (PLACES | {"made": "Semaphore(2)", "signal": "SIGKILL", "then": (1, "lock")}, BY_ALL),
        (PLACES | {"made": "Semaphore(2)", "signal": "SIGCONT", "then": (1, "lock")}, ""),
    ],
)
def test_what_processes_had_that_have_died(
    how: dict[str, object], expected: str, trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(TAKES.format(**how), str(tmp_path / "script.trace"))
    assert (traced.ended.code, traced.ended.stderr) == (-15, b"")
    told = [one.sentence for one in traced.problems if one.kind == "holder_died"]
    found = [re.sub(r"(?<=holder-\d) \(\d+\)", "", one) for one in told]
    assert len(found) == bool(expected)
    for one in found:
        assert re.match(expected, one)
