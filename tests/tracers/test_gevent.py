"""gevent: who is what, why each waits, who wakes it, and what we must not disturb."""

from __future__ import annotations

import re

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import bare
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words


def test_spawner_and_spawn_site(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def child():
            pass

        def parent():
            gevent.spawn(child).join()

        gevent.spawn(parent).join()
        """
    )
    name = traced.timeline.name
    spawned = {
        name(t.id): (name(t.creator), name(t.parent), t.place.line if t.place else None)
        for t in traced.timeline.tracks.values()
        if t.kind == words.GREENLET
    }
    assert spawned == {"parent": ("main", "hub", 10), "child": ("parent", "hub", 8)}
    assert traced.wakes == [
        ("main", "spawn", "parent"), ("parent", "spawn", "child"),
        ("child", "finished", "parent"), ("parent", "finished", "main"),
    ]


def test_an_event_is_set(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def waiter():
            ready.wait()

        def setter():
            gevent.sleep(0.01)
            ready.set()

        ready = Event()
        gevent.joinall([gevent.spawn(waiter), gevent.spawn(setter)])
        """
    )
    assert ("setter", "callback", "waiter") in traced.wakes
    assert ("waiter", "event", "ready.wait()") in traced.waits
    assert ("setter", "sleep", "0.01 s") in traced.waits


def test_a_queue(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.queue import Queue

        def consumer():
            for _ in range(3):
                items.get()

        def producer():
            for number in range(3):
                items.put(number)
                gevent.sleep(0)

        items = Queue()
        gevent.joinall([gevent.spawn(consumer), gevent.spawn(producer)])
        """
    )
    assert ("consumer", "queue", "items.get()") in traced.waits
    assert ("producer", "callback", "consumer") in traced.wakes


def test_a_socket(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent import socket

        def reader(end):
            print(end.recv(10))

        def writer(end):
            gevent.sleep(0.01)
            end.sendall(b"hello")

        a, b = socket.socketpair()
        gevent.joinall([gevent.spawn(reader, a), gevent.spawn(writer, b)])
        """
    )
    assert traced.ended.stdout == b"b'hello'\n"
    assert ("reader", "io", "end.recv(10)") in traced.waits
    assert ("hub", "io", "reader") in traced.wakes


def test_ends(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def returns(): return 42
        def raises(): raise LookupError("gone")
        def sleeps(): gevent.sleep(10)

        ok, bad, long = gevent.spawn(returns), gevent.spawn(raises), gevent.spawn(sleeps)
        gevent.sleep(0)
        long.kill()
        gevent.joinall([ok, bad, long])
        """
    )
    ends = {traced.timeline.name(t.id): (t.outcome, t.value) for t in traced.timeline.tracks.values()}
    assert ends["returns"] == (words.RETURNED, "42")
    assert ends["raises"] == (words.RAISED, "LookupError('gone')")
    assert ends["sleeps"] == (words.KILLED, "GreenletExit()")
    assert ends["hub"] == (None, None)


def test_tracebacks_show_no_frame_of_ours(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent, sys, traceback
        from gevent.event import Event
        from gevent.queue import Empty, Queue

        def times_out():
            try:
                with gevent.Timeout(0.01):
                    gevent.sleep(1)
            except gevent.Timeout:
                traceback.print_exc(file=sys.stdout)
            try:
                Queue().get(timeout=0.01)
            except Empty:
                traceback.print_exc(file=sys.stdout)

        def fails():
            raise LookupError("gone")

        gevent.joinall([gevent.spawn(times_out), gevent.spawn(fails)])
        Event().wait()
        """
    )
    assert traced.ended.code == 1
    assert b"This operation would block forever" in traced.ended.stderr
    assert b"gevent.timeout.Timeout: 0.01 seconds" in traced.ended.stdout
    assert b"visualizer" not in traced.ended.stdout + traced.ended.stderr
    assert traced.timeline.uncaught is not None
    assert traced.timeline.uncaught[0] == "LoopExit"


def test_a_hub_that_ends_by_what_is_thrown_into_it(trace_source: TraceSource) -> None:
    """Its loop is over, so that it goes on to who started it; and so it does where its loop has nothing left."""
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        try:
            Event().wait()
        except gevent.exceptions.LoopExit:
            print("nobody is left")
        try:
            gevent.get_hub().throw(KeyError("ended"))
        except KeyError as error:
            print(repr(error))
        """
    )
    assert traced.ended == bare(traced.path.with_suffix(".py"))
    assert traced.timeline.notes == []
    assert traced.outcome("hub") == "raised"
    switches = [(origin, cause, target) for origin, cause, target, _ in traced.hand_overs]
    there, back = ("main", "throw", "hub"), ("hub", "throw", "main")
    assert switches == [("main", "switch", "hub"), back, there, back]


def test_threads_with_a_hub_each(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import threading
        import gevent

        def work():
            gevent.sleep(0.01)

        def in_thread():
            gevent.joinall([gevent.spawn(work), gevent.spawn(work)])

        thread = threading.Thread(target=in_thread, name="second")
        thread.start()
        thread.join()
        in_thread()
        """
    )
    timeline = traced.timeline
    kinds = [(timeline.name(t.id), t.kind) for t in timeline.tracks.values() if t.kind != words.GREENLET]
    assert sorted(kinds) == [("hub-1", "hub"), ("hub-2", "hub"), ("main", "thread"), ("second", "thread")]
    assert [t.outcome for t in timeline.tracks.values() if t.base_name == "work"] == [words.RETURNED] * 4


@pytest.mark.parametrize("early", [True, False])
def test_monkey_patched(trace_source: TraceSource, early: bool) -> None:
    patch = "from gevent import monkey; monkey.patch_all()"
    traced = trace_source(
        f"""
        {patch if early else "pass"}
        import threading, time
        {"pass" if early else patch}

        def work():
            time.sleep(0.01)
            print(threading.current_thread().name)

        threads = [threading.Thread(target=work, name=name) for name in ("one", "two")]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"one\ntwo\n", b"")
    assert [wait[1:] for wait in traced.waits].count(("sleep", "0.01 s")) == 2


def test_libuv_too(trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cffi", reason="gevent's libuv loop needs cffi")
    monkeypatch.setenv("GEVENT_LOOP", "libuv")
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def foo():
            gevent.sleep(0.01)
            slow.set()

        def bar():
            slow.wait()

        slow = Event()
        gevent.joinall([gevent.spawn(bar), gevent.spawn(foo)])
        print(type(gevent.get_hub().loop))
        """
    )
    assert traced.ended.stdout == b"<class 'gevent.libuv.loop.loop'>\n"
    assert traced.ran("foo", "bar") == ["bar", "foo", "foo", "bar"]
    assert ("hub", "timer", "foo") in traced.wakes


def test_gevent_is_not_imported_for_a_script_that_does_not(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import sys
        unwanted = ("gevent", "greenlet", "textual", "rich", "numpy", "asyncio", "msgspec", "visualizer", "threading",
                    "json", "inspect", "ast", "re")
        print([name for name in unwanted if name in sys.modules])
        """
    )
    from tests.tracers.traced import bare

    assert traced.ended == bare(traced.path.with_suffix(".py"))


#: Setup, what the waiter waits in, what the waker does -> the reason, what on, the cause of the wake.
PRIMITIVES = {
    "Event": ("e = Event()", "e.wait()", "e.set()", "event", "callback"),
    "Event with a timeout": ("e = Event()", "e.wait(timeout=5)", "e.set()", "event", "callback"),
    "AsyncResult": ("r = AsyncResult()", "r.get()", "r.set(1)", "result", "callback"),
    "AsyncResult exception": ("r = AsyncResult()", "r.wait()", "r.set_exception(OSError())", "result", "callback"),
    "Queue.get": ("q = Queue()", "q.get()", "q.put(1)", "queue", "callback"),
    "Queue.put": ("q = Queue(1); q.put(1)", "q.put(2)", "q.get()", "queue", "callback"),
    "JoinableQueue.join": ("q = JoinableQueue(); q.put(1); q.get()", "q.join()", "q.task_done()", "queue", "callback"),
    "Channel": ("c = Channel()", "c.get()", "c.put(1)", "channel", "callback"),
    "Semaphore": ("s = Semaphore(0)", "s.acquire()", "s.release()", "semaphore", "callback"),
    "with Semaphore": ("s = Semaphore(0)", "s.__enter__()", "s.release()", "semaphore", "callback"),
    "BoundedSemaphore": ("s = BoundedSemaphore(1); s.acquire()", "s.acquire()", "s.release()", "semaphore", "callback"),
    "SimpleQueue": ("q = SimpleQueue()", "q.get()", "q.put(1)", "queue", "callback"),
    "PriorityQueue": ("q = PriorityQueue()", "q.get()", "q.put(1)", "queue", "callback"),
    "LifoQueue": ("q = LifoQueue(1); q.put(1)", "q.put(2)", "q.get()", "queue", "callback"),
    "Channel.put": ("c = Channel()", "c.put(1)", "c.get()", "channel", "callback"),
    "RLock": (
        "k = RLock(); k.acquire(); o = k._owner; k._owner = None",
        "k.acquire()",
        "k._block.release()",
        "lock",
        "callback",
    ),
    "Pool.spawn": (
        "p = Pool(1); p.spawn(print); gevent.sleep(0); p.spawn(gevent.sleep, 9)",
        "p.spawn(id, 1)",
        "p.kill(block=False)",
        "pool",
        "finished",
    ),
    "Pool.join": ("p = Pool(1); p.spawn(gevent.sleep, 9)", "p.join()", "p.kill(block=False)", "pool", "finished"),
    "Group.join": ("p = Group(); p.spawn(gevent.sleep, 9)", "p.join()", "p.kill(block=False)", "join", "finished"),
    "join": ("v = gevent.spawn(gevent.sleep, 9)", "v.join()", "v.kill(block=False)", "join", "finished"),
    "get": ("v = gevent.spawn(gevent.sleep, 9)", "v.get()", "v.kill(block=False)", "join", "finished"),
    "joinall": ("v = gevent.spawn(gevent.sleep, 9)", "gevent.joinall([v])", "gevent.killall([v])", "join", "finished"),
    "kill": ("v = gevent.spawn(gevent.sleep, 9)", "v.join()", "v.kill()", "join", "finished"),
}


def test_why_one_waits_and_who_wakes_it(trace_source: TraceSource) -> None:
    source = """
        import gevent
        from gevent.event import AsyncResult, Event
        from gevent.lock import BoundedSemaphore, RLock, Semaphore
        from gevent.pool import Group, Pool
        from gevent.queue import Channel, JoinableQueue, LifoQueue, PriorityQueue, Queue, SimpleQueue
    """
    for number, (setup, wait, wake, *_) in enumerate(PRIMITIVES.values()):
        source += f"""
        def waiter_{number}():
            try:
                {wait}
            except OSError:
                pass

        def waker_{number}():
            {wake}

        {setup}
        first = gevent.spawn(waiter_{number})
        gevent.sleep(0)
        second = gevent.spawn(waker_{number})
        first.join()
        second.join()
        """
    traced = trace_source(source)
    assert traced.timeline.notes == []
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    for number, (name, (_, wait, _, reason, cause)) in enumerate(PRIMITIVES.items()):
        waiter = f"waiter_{number}"
        assert [waited for waited in traced.waits if waited[0] == waiter] == [(waiter, reason, wait)], name
        waker = "sleep" if cause == "finished" else f"waker_{number}"
        # Of several that sleep, each has a number of its own.
        assert [(who.partition("-")[0], why) for who, why, whom in traced.wakes if whom == waiter] == [
            ("main", "spawn"), (waker, cause),
        ], name


#: A wait with a time limit that is over -> its reason, and how the hub ends it.
LIMITS = {
    "gevent.joinall([v], timeout=0.002)": "join",
    "gevent.joinall([v], 0.002)": "join",
    "gevent.wait([v], timeout=0.002)": "wait",
    "v.join(timeout=0.002)": "join",
    "event.wait(timeout=0.002)": "event",
    "semaphore.acquire(timeout=0.002)": "semaphore",
    "pool.join(timeout=0.002)": "pool",
}


def test_a_time_limit_is_over(trace_source: TraceSource) -> None:
    source = """
        import gevent
        from gevent.event import Event
        from gevent.lock import Semaphore
        from gevent.pool import Pool

        v, event, semaphore, pool = gevent.spawn(gevent.sleep, 9), Event(), Semaphore(0), Pool()
        pool.add(v)
    """
    for number, wait in enumerate(LIMITS):
        source += f"""
        def waiter_{number}():
            {wait}

        gevent.spawn(waiter_{number}).join()
        """
    traced = trace_source(source)
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    for number, (wait, reason) in enumerate(LIMITS.items()):
        waiter = f"waiter_{number}"
        assert [one.asked_ns for one in traced.timeline.suspensions if one.on == wait] == [2_000_000]
        assert [waited for waited in traced.waits if waited[0] == waiter] == [(waiter, reason, wait)]
        assert [(who, why) for who, why, whom in traced.wakes if whom == waiter] == [
            ("main", "spawn"), ("hub", "timeout"),
        ]


def test_ready_from_the_moment_of_the_wake(trace_source: TraceSource) -> None:
    """The event is set long before its setter gives way: the waiter is ready meanwhile, not waiting."""
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def waiter():
            e.wait()

        def setter():
            e.set()
            print("set")

        e = Event()
        gevent.joinall([gevent.spawn(waiter), gevent.spawn(setter)])
        """
    )
    wake = next(w for w in traced.timeline.wakeups if w.cause == "callback")
    assert wake.t_ns < traced.timeline.outputs[0].t_ns
    assert traced.states("waiter") == ["CREATED", "READY", "RUNNING", "WAITING", "READY", "RUNNING", "DONE"]


def test_somebody_else_comes_first(trace_source: TraceSource) -> None:
    """The putter takes its item back before the hub can hand it over: the getter waits on."""
    traced = trace_source(
        """
        import gevent
        from gevent.queue import Queue

        def getter():
            print(q.get())

        def putter():
            q.put("one")
            print("took", q.get())
            gevent.sleep(0.01)
            q.put("two")

        q = Queue()
        gevent.joinall([gevent.spawn(getter), gevent.spawn(putter)])
        """
    )
    assert traced.ended.stdout == b"took one\ntwo\n"
    assert traced.states("getter") == [
        "CREATED", "READY", "RUNNING", "WAITING", "READY", "WAITING", "READY", "RUNNING", "DONE",
    ]


def test_one_notification_serves_two(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.queue import Queue

        def getter():
            q.get()

        def putter():
            q.put(1)

        q = Queue()
        gevent.joinall([gevent.spawn(f) for f in (getter, getter, putter, putter)])
        """
    )
    wakes = [
        (traced.timeline.name(w.waker), traced.timeline.name(w.track))
        for w in traced.timeline.wakeups
        if w.cause == "callback"
    ]
    assert wakes == [("putter-1", "getter-1"), ("putter-2", "getter-2")]


def test_who_killed_whom(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def victim():
            gevent.sleep(9)

        def killer():
            v.kill()

        v = gevent.spawn(victim)
        gevent.sleep(0)
        gevent.spawn(killer).join()
        """
    )
    assert ("killer", "kill", "victim") in traced.wakes
    assert traced.outcome("victim") == words.KILLED


def test_a_timeout_is_thrown_by_the_hub(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def hurried():
            with gevent.Timeout(0.01, False):
                gevent.sleep(9)

        gevent.spawn(hurried).join()
        """
    )
    assert ("hub", "timeout", "hurried") in traced.wakes
    assert traced.outcome("hurried") == words.RETURNED


@pytest.mark.parametrize(
    ("wait", "reason"),
    [
        ("gevent.socket.getaddrinfo('localhost', 80)", "dns"),
        ("pool.apply(time.sleep, (0.01,))", "threadpool"),
        ("gevent.select.select([end], [], [], 0.01)", "select"),
        ("gevent.subprocess.call(['true'])", "subprocess"),
    ],
)
def test_reasons_of_gevents_own_modules(trace_source: TraceSource, wait: str, reason: str) -> None:
    traced = trace_source(
        f"""
        import time
        import gevent, gevent.select, gevent.socket, gevent.subprocess

        def waiter():
            {wait}

        end, other = gevent.socket.socketpair()
        pool = gevent.get_hub().threadpool
        gevent.spawn(waiter).join()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert {why for who, why, _ in traced.waits if who == "waiter"} == {reason}


def test_joining_what_has_ended_already(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def quick():
            pass

        g = gevent.spawn(quick)
        gevent.sleep(0.01)
        gevent.joinall([g])
        """
    )
    assert ("main", "finished", "main") not in traced.wakes
    assert traced.wakes[-1] == ("quick", "finished", "main")


def test_forks_of_a_patched_program(trace_source: TraceSource) -> None:
    """The flushing thread stays a thread of the operating system's when it comes back after a fork."""
    traced = trace_source(
        """
        from gevent import monkey; monkey.patch_all()
        import os, signal, subprocess

        for word in ("one", "two", "three"):
            print(subprocess.run(["echo", word], capture_output=True, text=True).stdout, end="")
        print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"one\ntwo\nthree\nset()\n")


def test_the_last_of_those_who_were_joined(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def worker(number):
            if number == 2:
                workers[0].join()
            gevent.sleep(0.01)

        workers = [gevent.spawn(worker, 1), gevent.spawn(worker, 2)]
        gevent.joinall(workers)
        """
    )
    said = [sentence(traced.timeline, index) for index in range(traced.timeline.switch_count)]
    first, last = (one for one in said if one.endswith("→ main runs"))
    assert first == "worker-1, which main was waiting for, ended → main runs"
    # How long that took is the machine's.
    assert re.sub(r"slept [\d.]+ m?s", "slept", last) == (
        "every greenlet main joined has ended, worker-2 as the last: it slept (script.py:7) → main runs"
    )


def test_nothing_of_ours_in_what_a_failing_callback_prints(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from functools import partial

        import gevent
        from gevent.hub import get_hub

        def fail(*args):
            raise ValueError(args)

        class Failing:
            def method(self):
                raise KeyError(1)

            def __call__(self):
                raise OSError("called")

        def told(context, kind, error, traceback):
            names = []
            while traceback is not None:
                names.append(traceback.tb_frame.f_code.co_name)
                traceback = traceback.tb_next
            print(type(context).__name__, kind.__name__, *names)

        hub = get_hub()
        hub.handle_error = told
        for callback in (fail, partial(fail, 2), Failing().method, Failing()):
            hub.loop.run_callback(callback)
        gevent.sleep(0.01)
        """
    )
    assert traced.ended.stderr == b""
    assert traced.ended.stdout.decode().splitlines() == [
        "callback ValueError fail", "callback ValueError fail", "callback KeyError method", "callback OSError __call__",
    ]


def test_no_code_of_a_callables_metaclass_is_run(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def told(self):
            print("own code was run")
            return "Named"

        class Named(type):
            __name__ = __module__ = property(told)

        class Callback(metaclass=Named):
            def __call__(self, *args):
                print("called")

        event, loop = Event(), gevent.get_hub().loop
        event.rawlink(Callback())
        event.set()
        loop.run_callback(Callback())
        timer = loop.timer(0.001)
        timer.start(Callback())
        gevent.sleep(0.01)
        gevent.spawn(Callback()).join()
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"called\n" * 4, b"")


def test_a_tracer_that_fails_while_a_greenlet_is_spawned(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gevent goes through those who asked to be told of it, and would raise if one were taken out meanwhile. In pure
    Python its greenlets have not what the tracer reads."""
    monkeypatch.setenv("PURE_PYTHON", "1")
    traced = trace_source(
        """
        import gevent

        def work(name):
            gevent.sleep(0)
            print(name)

        gevent.joinall([gevent.spawn(work, name) for name in "abc"])
        """
    )
    assert traced.ended == bare(traced.path.with_suffix(".py"))
    assert (traced.ended.code, traced.ended.stdout) == (0, b"a\nb\nc\n")
    assert [note.partition(":")[0] for note in traced.timeline.notes] == [
        "The gevent tracer failed and was taken out"
    ]
