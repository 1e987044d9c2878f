"""What ends a wait of gevent's: its limit, observed from the timer; somebody; or that nothing is left to wait for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import Traced
from visualizer.analysis.model.timeline import Suspension

_MS = 1_000_000
#: Functions that wait with a limit of 2 ms each, written in as many ways.
LIMITED = (
    "getter", "putter", "acquirer", "waiter", "nameless", "selecter", "several", "joiner", "under", "sleeper", "outer",
    "late",
)  # fmt: skip


def suspensions(traced: Traced, name: str) -> list[Suspension]:
    return [suspension for suspension in traced.timeline.suspensions if traced.timeline.name(suspension.track) == name]


def woken(traced: Traced, name: str) -> list[tuple[str, str]]:
    return [(waker, cause) for waker, cause, track in traced.wakes if track == name]


def found(traced: Traced) -> list[str]:
    return [one.kind for one in traced.problems]


def test_a_compiled_function_waits_and_has_not_ended(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import functools, gevent
        from gevent.event import AsyncResult, Event
        from gevent.lock import Semaphore
        from gevent.pool import Pool
        from gevent.queue import Queue
        from greenlet import getcurrent, greenlet

        def setter():
            queue.put("item")
            event.set()
            result.set("value")
            semaphore.release()
            later.put("late")

        queue, later, event, result, semaphore = Queue(), Queue(), Event(), AsyncResult(), Semaphore(0)
        greenlets = [
            gevent.spawn(queue.get),
            Pool(2).spawn(event.wait),
            gevent.spawn(functools.partial(result.get, timeout=30)),
            gevent.spawn(semaphore.acquire),
            gevent.spawn_later(0.001, later.peek),
        ]
        gevent.sleep(0.02)
        print([greenlet.dead for greenlet in greenlets])
        last = gevent.spawn(setter)
        gevent.spawn(gevent.joinall, [last])
        gevent.joinall(greenlets)
        raw = greenlet(getcurrent().switch)
        raw.switch()
        raw.switch()
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"[False, False, False, False, False]\n")
    told = {
        name: (suspension.reason, suspension.object, suspension.on, suspension.asked_ns, traced.outcome(name))
        for name in ("get-1", "wait", "get-2", "acquire", "peek", "joinall")
        for suspension in suspensions(traced, name)
    }
    last = next(track.id for track in traced.timeline.tracks.values() if traced.timeline.name(track.id) == "setter")
    assert told == {
        "get-1": ("queue", "Queue 1", "Queue.get()", -1, "returned"),
        "wait": ("event", "Event 1", "Event.wait()", -1, "returned"),
        "get-2": ("result", "AsyncResult 1", "AsyncResult.get()", 30_000 * _MS, "returned"),
        "acquire": ("semaphore", "Semaphore 1", "Semaphore.acquire()", -1, "returned"),
        "peek": ("queue", "Queue 2", "Queue.peek()", -1, "returned"),
        "joinall": ("join", f"track {last}", "joinall()", -1, "returned"),
    }
    for name in ("get-1", "wait", "get-2", "acquire", "peek"):
        assert woken(traced, name)[1:] == [("setter", "callback")]
    assert woken(traced, "joinall")[1:] == [("setter", "finished")]
    assert {track.outcome for track in traced.timeline.tracks.values() if track.kind == "greenlet"} == {"returned"}
    assert found(traced) == []


def test_a_limit_is_the_timers_however_it_is_written(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent import select, socket
        from gevent.event import Event
        from gevent.lock import Semaphore
        from gevent.queue import Empty, Full, Queue

        SHORT = 0.002

        def getter():
            try:
                queue.get(True, 0.002)
            except Empty:
                pass

        def putter():
            try:
                full.put(1, *arguments)
            except Full:
                pass

        def acquirer():
            semaphore.acquire(**{"timeout": SHORT})

        def waiter():
            never.wait(SHORT)

        def selecter():
            select.select([end], [], [], SHORT)

        def several():
            gevent.wait([pending], 0.002)

        def joiner():
            pending.join(SHORT)

        def under():
            with gevent.Timeout(0.002, False):
                never.wait()

        def late():
            with gevent.Timeout(-1, False):
                gevent.sleep(9)

        def nameless():
            Event().wait(SHORT)

        def sleeper():
            with gevent.Timeout(0.002, False):
                gevent.sleep(9)

        def outer():
            with gevent.Timeout(0.002, False), gevent.Timeout(9):
                never.wait(9)

        def unlimited():
            with gevent.Timeout(9):
                gevent.sleep(0)
            released.wait()

        def cancelled():
            timeout = gevent.Timeout.start_new(0.002)
            timeout.cancel()
            released.wait()

        def again():
            timeout = gevent.Timeout(9)
            timeout.start()
            gevent.sleep(0.01)
            timeout.cancel()
            timeout.start()
            waits.set()
            released.wait()
            timeout.close()

        def received():
            end.settimeout(SHORT)
            try:
                end.recv(1)
            except TimeoutError:
                pass

        queue, full, semaphore = Queue(), Queue(1), Semaphore(0)
        never, waits, released = Event(), Event(), Event()
        full.put(0)
        arguments = True, 0.002
        names = NAMES
        end, other = socket.socketpair()
        pending = gevent.spawn(released.wait)
        limited = [gevent.spawn(globals()[name]) for name in names]
        others = [gevent.spawn(globals()[name]) for name in ("unlimited", "cancelled", "again")]
        gevent.joinall(limited)
        waits.wait()
        gevent.spawn(received).join()
        released.set()
        gevent.joinall(others)
        """.replace("NAMES", repr(LIMITED))
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    for name in (*LIMITED, "received"):
        (suspension,) = suspensions(traced, name)
        assert 0 < suspension.asked_ns <= 2 * _MS or (name, suspension.asked_ns) == ("late", 0), (name, suspension)
        assert woken(traced, name)[1:] == [("hub", "timeout")], name
    assert suspensions(traced, "sleeper")[0].sleep_ns == 9_000 * _MS
    assert suspensions(traced, "nameless")[0].reason == "event"
    for name in ("unlimited", "cancelled"):
        assert suspensions(traced, name)[-1].asked_ns == -1
        assert woken(traced, name)[-1] == ("main", "callback")
    slept, waited = suspensions(traced, "again")
    # What is left when it begins to wait: that may be later.
    assert slept.asked_ns == 10 * _MS < 1_000 * _MS < waited.asked_ns <= 9_000 * _MS
    assert found(traced) == []


def test_a_wait_goes_on_by_what_came_first(trace_source: TraceSource) -> None:
    """The limit, although somebody put an item meanwhile; and who slept for nothing goes on by that."""
    traced = trace_source(
        """
        import gevent, time
        from gevent.event import Event
        from gevent.queue import Empty, Queue

        def getter():
            try:
                queue.get(timeout=0.02)
            except Empty:
                print("empty")

        def waiter():
            for _ in range(3):
                again.set()
                event.wait()
                event.clear()
                gevent.sleep(0)
                gevent.sleep(0)

        def setter():
            for _ in range(3):
                again.wait()
                again.clear()
                event.set()

        queue, event, again = Queue(), Event(), Event()
        first = gevent.spawn(getter)
        gevent.sleep(0)
        gevent.get_hub().loop.timer(0.001).start(queue.put, 1)
        time.sleep(0.05)
        first.join()
        gevent.joinall([gevent.spawn(function) for function in (waiter, setter)])
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"empty\n")
    timeline = traced.timeline
    getter = next(track for track in timeline.tracks.values() if track.base_name == "getter")
    ran = timeline.switch(getter.steps[-1])
    before = getter.slice_of_step(ran.index) - 1
    assert timeline.wakeups[getter.slices.about[before]].cause == "timeout"
    in_turn = [("setter", "callback"), ("hub", "timer"), ("hub", "timer")]
    assert woken(traced, "waiter") == [("main", "spawn"), *in_turn * 3]


def test_the_end_of_a_hubs_work_is_no_deadlock(trace_source: TraceSource) -> None:
    """`gevent.wait()` and `hub.join()` wait for just that. Somebody who can never go on is a problem all the same."""
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def worker():
            gevent.sleep(0.001)

        gevent.spawn(worker)
        gevent.wait()
        gevent.spawn(worker)
        gevent.get_hub().join()
        gevent.spawn(worker)
        gevent.wait(timeout=0.0005)
        gevent.spawn(Event().wait)
        gevent.get_hub().join()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    hub = next(track.id for track in traced.timeline.tracks.values() if track.kind == "hub")
    assert [(one.reason, one.on_track) for one in suspensions(traced, "main")] == [("join", hub)] * 4
    assert [cause for _, cause in woken(traced, "main")] == ["finished", "finished", "timeout", "finished"]
    assert found(traced) == ["never_resumed"]


def test_a_wait_inside_a_library_has_the_programs_line_and_the_primitives_reason(
    trace_source: TraceSource, tmp_path: Path
) -> None:
    library = tmp_path / "site-packages" / "library.py"
    library.parent.mkdir()
    library.write_text(
        "import gevent\n"
        "from gevent.lock import Semaphore\n"
        "from gevent.queue import Queue\n"
        "class Client:\n"
        "    def __init__(self): self.queue, self.lock = Queue(), Semaphore(0)\n"
        "    def take(self): return self.queue.get()\n"
        "    def incr(self):\n"
        "        with self.lock: pass\n"
        "    def nap(self): gevent.sleep(0.001)\n"
        "    def odd(self): return self.made().get()\n"
        "    def made(self): return self.queue\n"
    )
    traced = trace_source(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        import gevent, library

        def worker(call):
            call()

        client = library.Client()
        calls = client.take, client.incr, client.nap, client.odd
        greenlets = [gevent.spawn(worker, call) for call in calls] + [gevent.spawn(client.take)]
        gevent.sleep(0)
        for number in range(3):
            client.queue.put(number)
        client.lock.release()
        gevent.joinall(greenlets)
        gevent.spawn(gevent.sleep, 0.001).join()
        """,
        str(library.parent),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    told = []
    for track in traced.timeline.tracks.values():
        if track.kind == "greenlet":
            [one] = suspensions(traced, traced.timeline.name(track.id))
            told.append((one.reason, one.object, one.place and (Path(one.place.file).name, one.place.line)))
    assert told == [
        ("queue", "Queue 1", ("script.py", 7)),
        ("semaphore", "Semaphore 1", ("script.py", 7)),
        ("sleep", "", ("script.py", 7)),
        ("unknown", "", ("script.py", 7)),
        ("queue", "Queue 1", ("library.py", 6)),
        ("sleep", "", None),
    ]


def test_a_circle_goes_through_a_compiled_function(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.exceptions import LoopExit
        from gevent.lock import Semaphore

        def work(own, other):
            with own:  # the comment belongs to the statement
                gevent.sleep(0)
                acquires = gevent.spawn(other.acquire)
                acquires.join()

        first, second = Semaphore(1), Semaphore(1)
        try:
            gevent.joinall([gevent.spawn(work, first, second), gevent.spawn(work, second, first)])
        except LoopExit:
            print("stuck")
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"stuck\n")
    [deadlock] = traced.problems
    assert deadlock.sentence.startswith("circular wait: work-1 waits in acquires.join() ")
    assert "acquire-1 waits in Semaphore.acquire() for Semaphore 1, which work-2 holds; " in deadlock.sentence


def test_what_is_called_tells_what_is_waited_for_and_not_who_keeps_it(trace_source: TraceSource) -> None:
    """A method may be kept under another name; what runs inside of a thing waits for something of its own."""
    traced = trace_source(
        """
        from gevent import monkey
        monkey.patch_all()
        import gevent, threading, time
        from functools import partial
        from gevent.pool import Group, Pool

        class Job(threading.Thread):
            def run(self):
                self.take()

        def local():
            acquire = lock.acquire
            acquire()

        def inside():
            threading.Thread(target=lock.acquire).run()

        def enters():
            with condition:
                pass

        def results():
            for _ in pool.imap_unordered(time.sleep, [0.001]):
                pass
            made = pool.imap(time.sleep, [0.001])
            next(made)
            list(Group().imap(time.sleep, [0.001]))

        lock, condition, pool = threading.Lock(), threading.Condition(), Pool(2)
        lock.acquire(), condition.acquire()
        job = Job(name="job")
        job.take = partial(lock.acquire, timeout=5)
        threads = [threading.Thread(target=lock.acquire, name="target"), job]
        for thread in threads:
            thread.start()
        greenlets = [gevent.spawn(one) for one in (local, inside, enters, results)]
        gevent.sleep(0.02)
        condition.release()
        for _ in range(4):
            lock.release()
            gevent.sleep(0)
        gevent.joinall(greenlets)
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    assert [(s.reason, s.object) for name in ("target", "job", "local", "inside", "enters")
            for s in suspensions(traced, name)] == [("lock", "LockType 1")] * 4 + [("lock", "RLock 1")]  # fmt: skip
    assert [s.reason for s in suspensions(traced, "results")] == ["result"] * 3


@pytest.mark.parametrize("patch", ["", "from gevent import monkey; monkey.patch_all()"])
def test_what_ended_a_thread_is_told_though_threading_caught_it(patch: str, trace_source: TraceSource) -> None:
    traced = trace_source(
        f"""
        {patch}
        import sys, threading
        threading.excepthook = lambda args: print(args.exc_type.__name__, args.thread.name)
        def fails():
            {{}}["x"]
        def leaves():
            sys.exit(1)
        threads = [threading.Thread(target=one, name=one.__name__) for one in (fails, leaves)]
        for thread in threads:
            thread.start()
            thread.join()
        """
    )
    ended = traced.ended
    assert (ended.code, ended.stdout, ended.stderr) == (0, b"KeyError fails\nSystemExit leaves\n", b"")
    assert [(one.outcome, one.value) for one in traced.tracks("fails")] == [("raised", "KeyError('x')")]
    assert [one.outcome for one in traced.tracks("leaves")] == ["returned"]


def test_what_is_called_by_way_of_partial_or_with_timeout_is_waited_for(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import functools, gevent
        from functools import partial
        from gevent.event import Event
        from gevent.queue import Empty, Queue

        class Seconds(float):
            def __pos__(self):
                raise AssertionError
            __float__ = __int__ = __mul__ = __pos__

        def bound():
            partial(event.wait, timeout=0.002)()

        def twice():
            try:
                functools.partial(partial(queue.get, True), Seconds(0.002))()
            except Empty:
                pass

        def limited():
            gevent.with_timeout(0.002, event.wait, timeout_value=None)

        def other():
            odd(queue.get)()

        def odd(called):
            return partial(event.wait, 0.002)

        event, queue = Event(), Queue()
        gevent.joinall([gevent.spawn(function) for function in (bound, twice, limited, other)])
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    told = {name: suspensions(traced, name)[0] for name in ("bound", "twice", "limited", "other")}
    assert {name: (one.reason, one.object, one.asked_ns) for name, one in told.items()} == {
        "bound": ("event", "Event 1", 2 * _MS),
        "twice": ("queue", "Queue 1", 2 * _MS),
        "limited": ("event", "Event 1", 2 * _MS),
        "other": ("unknown", "", 2 * _MS),
    }
