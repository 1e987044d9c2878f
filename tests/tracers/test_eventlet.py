"""eventlet: who is what, why each waits, who wakes it, and what we must not disturb."""

from __future__ import annotations

import time
from pathlib import Path
from textwrap import dedent

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.held import script_of, started
from tests.tracers.traced import LATE, SEES_WAITS, bare
from visualizer.analysis.findings import findings
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

QUIET = "import warnings\nwarnings.simplefilter('ignore')\nimport eventlet\n"


def program(source: str) -> str:
    return QUIET + dedent(source)


def test_what_green_threads_wait_for_and_who_wakes_them(trace_source: TraceSource, tmp_path: Path) -> None:
    """The hub sleeps for certain: what the last waits for comes when the trace tells that it does."""
    traced = trace_source(
        program(
            """
            import os, sys, threading, time
            from eventlet import event, queue, semaphore
            from eventlet.green import socket
            ready, asking = event.Event(), event.Event()
            items, lock = queue.Queue(1), semaphore.Semaphore(1)

            def waiter():
                ready.wait()
                items.put(1)
                items.put(2)

            def sender():
                eventlet.sleep(0.005)
                ready.send("go")
                items.get(), items.get()

            def holder():
                with lock:
                    eventlet.sleep(0.002)
                    asking.wait()

            def asker():
                eventlet.sleep(0)
                asking.send()
                with lock:
                    pass

            def serve():
                connection, _ = server.accept()
                connection.sendall(connection.recv(9))

            def ask():
                client = socket.socket()
                client.connect(server.getsockname())
                client.sendall(b"x")
                client.recv(9)

            def hear():
                ear.recv(1)

            def tell_when_idle():
                while b'["poll"' not in open(sys.argv[1], "rb").read():
                    time.sleep(0.01)
                os.write(mouth.fileno(), b".")

            ear, mouth = socket.socketpair()
            threading.Thread(target=tell_when_idle).start()
            server = eventlet.listen(("127.0.0.1", 0))
            for green in [eventlet.spawn(f) for f in (waiter, sender, holder, asker, serve, ask, hear)]:
                green.wait()
            """
        ),
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes, traced.problems) == (0, b"", [], [])
    for name, waits, wakes in (
        (
            "waiter",
            [("event", "ready.wait()"), ("queue", "items.put(2)")],
            [("main", "spawn"), ("sender", "callback"), ("sender", "callback")],
        ),
        ("holder", [("sleep", "0.002 s")], [("main", "spawn"), ("hub", "timer")]),
        (
            "asker",
            [("sleep", "0 s"), ("semaphore", "lock")],
            [("main", "spawn"), ("hub", "timer"), ("holder", "callback")],
        ),
    ):
        # Whether the holder has to wait for the asker as well is up to the machine.
        assert [wait[1:] for wait in traced.waits if wait[0] == name][: len(waits)] == waits
        assert [wake[:2] for wake in traced.wakes if wake[2] == name][: len(wakes)] == wakes
    [main] = {wake for wake in traced.wakes if wake[2] == "main" and wake[0] == "waiter"}
    assert main == ("waiter", "finished", "main")
    # Whether what is asked is there already when it is read is up to the machine.
    assert ("serve", "io", "server.accept()") in traced.waits
    assert ("hub", "io", "serve") in traced.wakes
    (accepts,) = (one for one in traced.timeline.suspensions if one.direction == words.ACCEPT)
    asks = [one for one in traced.timeline.suspensions if one.direction == words.CONNECT]
    assert {one.peer for one in asks} == {accepts.local}
    assert "IDLE" in traced.states("hub")
    spawned = {(track.base_name, track.place.line) for track in traced.timeline.tracks.values() if track.place}
    assert ("waiter", 53) in spawned
    assert traced.outcome("sender") == words.RETURNED


def test_limits_and_kills(trace_source: TraceSource) -> None:
    traced = trace_source(
        program(
            """
            from eventlet import event, queue

            def limited():
                try:
                    with eventlet.Timeout(0.003):
                        event.Event().wait()
                except eventlet.Timeout:
                    pass
                event.Event().wait(timeout=0.002)
                try:
                    queue.Queue().get(timeout=0.001)
                except queue.Empty:
                    return "late"

            def victim():
                eventlet.sleep(60)

            def unborn():
                pass

            late = eventlet.spawn_after(0.001, unborn)
            never = eventlet.spawn_after(60, unborn)
            killed = eventlet.spawn(victim)
            eventlet.sleep(0)
            killed.kill()
            never.cancel()
            assert eventlet.spawn(limited).wait() == "late"
            late.wait()
            """
        )
    )
    assert (traced.ended.code, traced.ended.stderr, traced.problems) == (0, b"", [])
    limits = [one for one in traced.timeline.suspensions if traced.timeline.name(one.track) == "limited"]
    assert [(one.reason, one.asked_ns) for one in limits] == [
        ("event", 3_000_000), ("event", 2_000_000), ("queue", 1_000_000),
    ]
    assert [wake[:2] for wake in traced.wakes if wake[2] == "limited"] == [("main", "spawn")] + [("hub", "timeout")] * 3
    assert {name: traced.outcome(name) for name in ("limited", "victim", "unborn-1", "unborn-2")} == {
        "limited": words.RETURNED, "victim": words.KILLED, "unborn-1": words.RETURNED, "unborn-2": words.KILLED,
    }
    told = [sentence(traced.timeline, switch.index) for switch in traced.switches if switch.cause == words.THROW]
    assert told[:2] == [
        "main kills victim (GreenletExit) → victim runs",
        "main kills unborn-2 (GreenletExit) → unborn-2 ends without having run",
    ]


def test_a_patched_program(trace_source: TraceSource, tmp_path: Path) -> None:
    traced = trace_source(
        program(
            """
            eventlet.monkey_patch()
            import queue, threading, time
            from eventlet import GreenPool, tpool
            condition, items = threading.Condition(), queue.Queue(1)

            def put():
                items.put(1)
                items.put(2)
                items.put(3)

            def waits():
                with condition:
                    condition.wait(5)

            def work(number):
                time.sleep(0.001 * number)
                return number

            threads = [threading.Thread(target=f, name=f.__name__) for f in (put, waits)]
            for thread in threads:
                thread.start()
            print([items.get() for _ in range(3)])
            with condition:
                condition.notify()
            for thread in threads:
                thread.join()
            pool = GreenPool(1)
            for number in range(2):
                pool.spawn(work, number)
            pool.waitall()
            print(tpool.execute(work, 3))
            """
        )
    )
    assert (traced.ended.code, traced.ended.stdout, traced.timeline.notes) == (0, b"[1, 2, 3]\n3\n", [])
    # On 3.14 it complains of a lock.
    assert traced.ended == bare(tmp_path / "script.py")
    # A put that waits hands its item over itself.
    assert {wake[:2] for wake in traced.wakes if wake[2] == "main" and wake[0] == "put"} >= {("put", "callback")}
    assert ("main", "callback", "waits") in traced.wakes
    assert ("work-1", "callback", "main") in traced.wakes
    assert ("tpool_trampoline", "callback", "main") in traced.wakes
    waits = {wait[1:] for wait in traced.waits if wait[0] == "main"}
    assert waits >= {
        ("pool", "pool.spawn(work, number)"), ("join", "pool.waitall()"), ("threadpool", "tpool.execute(work, 3)"),
    }
    assert ("waits", "condition", "condition.wait(5)") in traced.waits
    assert all(wake[1] != words.UNKNOWN for wake in traced.wakes)


def test_what_a_green_thread_raises_is_printed_as_without_us(trace_source: TraceSource, tmp_path: Path) -> None:
    source = program(
        """
        def bad():
            raise KeyError("x")

        try:
            eventlet.spawn(bad).wait()
        except KeyError:
            pass
        green = eventlet.spawn(bad)
        eventlet.sleep(0.001)
        with eventlet.Timeout(0.001, ValueError("slow")):
            eventlet.sleep(1)
        """
    )
    traced = trace_source(source)
    assert traced.ended == bare(tmp_path / "script.py")
    assert (traced.outcome("bad-1"), traced.outcome("bad-2")) == (words.RAISED, words.RAISED)
    assert [one.kind for one in traced.problems] == ["unretrieved", "crash"]


def test_beside_gevent(trace_source: TraceSource) -> None:
    traced = trace_source(
        program(
            """
            import gevent

            def napper():
                gevent.sleep(0.001)
                gevent.sleep(0)

            def green():
                eventlet.sleep(0.001)

            nap = gevent.spawn(napper)
            eventlet.spawn(green).wait()
            nap.join()
            eventlet.sleep(0)
            """
        )
    )
    assert (traced.ended.code, traced.ended.stderr, traced.problems) == (0, b"", [])
    hubs = {traced.timeline.name(track.id) for track in traced.timeline.tracks.values() if track.schedules}
    assert hubs == {"hub-1", "hub-2"}
    wakes = {name: [wake[:2] for wake in traced.wakes if wake[2] == name] for name in ("napper", "green")}
    assert wakes["green"][0] == wakes["napper"][0] == ("main", "spawn")
    (eventlets,), (gevents,) = ({hub for hub, _ in wakes[name][1:]} for name in ("green", "napper"))
    assert {eventlets, gevents} == hubs


def test_its_timers_stand_still_while_the_program_is_paused(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        program(
            """
            def sleeps(seconds):
                eventlet.sleep(seconds)
                print(seconds)

            threads = [eventlet.spawn(sleeps, seconds) for seconds in (0.9, 0.1, 0.5)]
            for thread in threads:
                thread.wait()
            """
        ),
    )
    with started(tmp_path, script) as held:
        # At the first of the sleeps for longer than any of them.
        for _ in range(4):
            assert held.is_held()
            time.sleep(0.3)
            held.control.step()
        assert held.is_held()
        held.control.run_on()
        traced = held.end()
    assert traced.ended.stdout == b"0.1\n0.5\n0.9\n"
    slept = [(one.asked_ns, one.track) for one in traced.timeline.suspensions if one.reason == "sleep"]
    ends = {wake.track: wake.t_ns for wake in traced.timeline.wakeups if wake.cause == words.TIMER}
    began = {one.track: one.t_ns for one in traced.timeline.suspensions if one.reason == "sleep"}
    assert [ends[track] - began[track] >= asked_ns for asked_ns, track in slept] == [True] * 3


def test_a_call_that_blocks_its_hub_is_no_wait(trace_source: TraceSource) -> None:
    """Also where the waits of threads are recorded."""
    traced = trace_source(
        program(
            """
            import threading, time

            def blocks():
                time.sleep(0.4)

            thread = threading.Thread(target=blocks, name="native")
            thread.start()
            green = eventlet.spawn(blocks)
            late = eventlet.spawn_after(0.01, int)
            green.wait(), late.wait()
            thread.join()
            """
        )
    )
    waits = [wait[1] for wait in traced.waits if wait[0] == "native"]
    assert waits == (["sleep"] if SEES_WAITS else [])
    assert [wait for wait in traced.waits if wait[0] == "blocks"] == []
    # Which call it is, is known if it was sampled.
    assert {"blocking_call", "hog"} & {one.kind for one in findings(traced.timeline)}


def test_nothing_of_the_programs_is_asked(trace_source: TraceSource) -> None:
    """What a hub is to call, or a green thread to run, may be of any class."""
    traced = trace_source(
        program(
            """
            from eventlet.hubs import get_hub

            class Nosy:
                def __call__(self, *args):
                    print("called")

                def __getattribute__(self, name):
                    print("asked for", name)
                    return object.__getattribute__(self, name)

            get_hub().schedule_call_global(0, Nosy(), Nosy())
            eventlet.spawn(Nosy(), Nosy()).wait()
            eventlet.spawn_n(Nosy())
            eventlet.sleep(0.001)
            """
        )
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"called\n" * 3, b"")
    assert traced.timeline.notes == []


@pytest.mark.parametrize(
    ("ends", "told"), [("pass", ["stray_timeout"]), ("kept.append(timeout)", []), ("timeout.cancel()", [])]
)
def test_a_timeout_that_nobody_cancelled(trace_source: TraceSource, ends: str, told: list[str]) -> None:
    traced = trace_source(
        program(
            f"""
            kept = []
            def fetch():
                timeout = eventlet.Timeout(0.2)
                eventlet.sleep(0)
                {ends}
            def work():
                fetch()
                with eventlet.Timeout(0.4, False):
                    try:
                        eventlet.sleep(30)
                    except OSError:
                        pass
            try:
                eventlet.spawn(work).wait()
            except eventlet.Timeout:
                print("struck")
            """
        )
    )
    found = findings(traced.timeline)
    assert [one.kind for one in found if one.kind not in LATE] == told
    for one in found:
        if one.kind in LATE:
            continue
        assert "struck work's sleep of 30 s (script.py:" in one.sentence
        assert "fetch() had started it (script.py:" in one.sentence


@pytest.mark.parametrize(("asks", "told"), [(0, ["setter_died"]), (1, [])])
def test_who_would_have_sent_to_an_event_died(trace_source: TraceSource, asks: int, told: list[str]) -> None:
    traced = trace_source(
        program(
            f"""
            from eventlet.event import Event
            done = Event()
            def sends(asks):
                if not asks:
                    {{}}["asks"]
                done.send(asks)
            eventlet.spawn(sends, {asks})
            with eventlet.Timeout(0.2, False):
                done.wait()
            """
        )
    )
    found = [one for one in traced.problems if one.kind not in LATE]
    assert [one.kind for one in found] == told
    for one in found:
        assert one.sentence.startswith("sends ended with KeyError('asks') before done.send() (script.py:")
