"""gevent: whose doing it is that somebody who waits on a queue, a channel or a semaphore goes on."""

from __future__ import annotations

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import Traced
from visualizer.analysis.model.timeline import Wakeup
from visualizer.trace import events as ev
from visualizer.trace import words

#: A random program: every item says who put it, and whoever gets one says whose it was.
RANDOM = """
    import random
    import gevent
    from gevent.queue import Channel, LifoQueue, PriorityQueue, Queue, SimpleQueue

    def actor(name):
        for number in range(25):
            chance = random.random()
            if chance < 0.4:
                put(name, number)
            elif chance < 0.85:
                get(name)
            else:
                gevent.sleep(0)

    def put(name, number):
        items.put((random.random(), name, number))

    def get(name):
        # Kept, so that the next item does not lie at the same address: a PriorityQueue's are told by that.
        kept.append(items.get())
        item = kept[-1]
        print(f"{{name}} has what came from {{item[1]}}\\n", end="")

    kept = []
    for seed in range(20):
        random.seed(seed)
        items = {queue}
        actors = [gevent.spawn(actor, f"{{seed}}-{{number}}") for number in range(6)]
        for _ in range(100):
            gevent.sleep(0)
        gevent.killall(actors)
"""


@pytest.mark.parametrize(
    "queue",
    [
        "Queue()", "Queue(1)", "Queue(2)", "SimpleQueue(3)", "LifoQueue()", "LifoQueue(2)", "PriorityQueue()",
        "PriorityQueue(2)", "Channel()",
    ],
)
def test_who_gets_is_woken_by_who_put_that_item(trace_source: TraceSource, queue: str) -> None:
    traced = trace_source(RANDOM.format(queue=queue))
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    timeline = traced.timeline
    names: dict[str, int] = {}
    reported: dict[int, list[tuple[int, str]]] = {}
    for output in timeline.outputs:
        who, whose = output.text.split(" has what came from ")
        names[who] = output.track
        reported.setdefault(output.track, []).append((output.t_ns, whose.strip()))
    wakeups: dict[int, list[Wakeup]] = {}
    for wake in timeline.wakeups:
        wakeups.setdefault(wake.track, []).append(wake)
    seen = 0
    for suspension in timeline.suspensions:
        if suspension.on != "items.get()":
            continue
        after = next((told for told in reported.get(suspension.track, []) if told[0] >= suspension.t_ns), None)
        if after is not None and after[1] in names:
            seen += 1
            assert [w for w in wakeups[suspension.track] if w.t_ns <= after[0]][-1].waker == names[after[1]]
    assert seen > 30
    assert all(wake.waker in timeline.tracks for wakes in wakeups.values() for wake in wakes)


def test_of_several_who_release_each_serves_one(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.lock import Semaphore

        def waiter():
            s.acquire()

        def releaser():
            s.release()

        s = Semaphore(0)
        gevent.joinall([gevent.spawn(f) for f in (waiter, waiter, waiter, releaser, releaser, releaser)])
        """
    )
    assert of_callbacks(traced) == [("releaser-1", "waiter-1"), ("releaser-2", "waiter-2"), ("releaser-3", "waiter-3")]


def test_who_comes_first_takes_what_was_released_first(trace_source: TraceSource) -> None:
    """thief acquires, without waiting, what the first released; the second who waits goes on by the second."""
    traced = trace_source(
        """
        import gevent
        from gevent.lock import Semaphore

        def waiter(): s.acquire()
        def one(): s.release()
        def thief(): s.acquire()
        def two(): s.release()

        s = Semaphore(0)
        gevent.joinall([gevent.spawn(f) for f in (waiter, one, thief, two)])
        """
    )
    assert of_callbacks(traced) == [("one", "waiter"), ("two", "waiter")]
    assert traced.states("waiter") == ["CREATED", "READY", "RUNNING", "WAITING", "READY", "WAITING", "READY", "RUNNING",
                                       "DONE"]


def test_both_sides_of_a_channel(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.queue import Channel

        def getter(): c.get()
        def putter(): c.put(1)

        c = Channel()
        gevent.joinall([gevent.spawn(f) for f in (getter, getter, putter, putter)])
        """
    )
    assert sorted(of_callbacks(traced)) == [
        ("getter-1", "putter-1"), ("getter-2", "putter-2"), ("putter-1", "getter-1"), ("putter-2", "getter-2"),
    ]


def test_a_slot_of_a_pool_comes_from_who_ended(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.pool import Pool

        def quick(): pass
        def slow(): gevent.sleep(0.01)

        def spawner(number):
            pool.spawn(slow)

        pool = Pool(2)
        pool.spawn(quick)
        pool.spawn(quick)
        gevent.joinall([gevent.spawn(spawner, 1), gevent.spawn(spawner, 2)])
        pool.join()
        """
    )
    wakes = [(who, cause, whom) for who, cause, whom in traced.wakes if whom.startswith("spawner") and cause != "spawn"]
    assert wakes == [("quick-1", "finished", "spawner-1"), ("quick-2", "finished", "spawner-2")]
    assert traced.wakes[-1] == ("slow-2", "finished", "main")


def test_the_programs_own_kind_of_queue(trace_source: TraceSource) -> None:
    """What it does with the items is its own affair: the first waker is known, others are not."""
    traced = trace_source(
        """
        import gevent
        from gevent.queue import Queue

        class Mine(Queue):
            def _put(self, item):
                print("put")
                super()._put(item)

        def getter(): q.get()
        def putter(): q.put(1)

        q = Mine()
        gevent.joinall([gevent.spawn(f) for f in (getter, getter, putter, putter)])
        """
    )
    assert traced.ended.stdout == b"put\nput\n"
    assert of_callbacks(traced) == [("putter-1", "getter-1"), ("unknown", "getter-2")]


def test_nothing_is_kept_alive(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gc
        import gevent
        from gevent.lock import Semaphore
        from gevent.queue import Queue

        class Loud(Queue):
            def __del__(self): print("queue gone")

        class Louder(Semaphore):
            def __del__(self): print("semaphore gone")

        gc.disable()
        q, s = Loud(), Louder(0)
        all_ = [gevent.spawn(f) for f in (q.get, q.get, lambda: q.put(1), lambda: q.put(2), s.acquire, s.release)]
        gevent.joinall(all_)
        del all_[:]
        del q, s
        print("end")
        """
    )
    assert traced.ended.stdout == b"queue gone\nsemaphore gone\nend\n"


def test_of_two_who_kill_the_same_both_go_on_by_its_end(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def victim(): gevent.sleep(9)
        def killer(): v.kill()

        v = gevent.spawn(victim)
        gevent.sleep(0)
        gevent.joinall([gevent.spawn(killer), gevent.spawn(killer)])
        """
    )
    finished = [wake for wake in traced.wakes if wake[0] == "victim"]
    assert finished == [("victim", "finished", "killer-1"), ("victim", "finished", "killer-2")]


def test_who_is_killed_and_goes_on_has_not_ended(trace_source: TraceSource) -> None:
    """gevent's kill waits until it has thrown, which the killer itself asked for, and then for the end."""
    traced = trace_source(
        """
        import gevent

        def victim():
            try:
                gevent.sleep(9)
            except gevent.GreenletExit:
                gevent.sleep(0)

        def killer(): v.kill()

        v = gevent.spawn(victim)
        gevent.sleep(0)
        gevent.spawn(killer).join()
        """
    )
    of_killer = [wake for wake in traced.wakes if wake[2] == "killer"]
    assert of_killer == [
        ("main", "spawn", "killer"), ("killer", "callback", "killer"), ("victim", "finished", "killer"),
    ]


def test_who_sets_an_event_and_waits_for_it_wakes_itself(trace_source: TraceSource) -> None:
    """It waits for its turn, behind those who waited before."""
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def waiter(): e.wait()

        def setter():
            e.set()
            e.wait()

        e = Event()
        gevent.joinall([gevent.spawn(waiter), gevent.spawn(setter)])
        """
    )
    assert of_callbacks(traced) == [("setter", "waiter"), ("setter", "setter")]


def test_each_thread_tells_the_ends_of_those_that_it_killed_unstarted(trace_source: TraceSource) -> None:
    """The other thread switches in between, and the killer only gives way: the end stands at its next switch."""
    traced = trace_source(
        """
        import threading
        import gevent

        def beside():
            gevent.sleep(0)
            ready.set()
            for _ in range(2):
                killed.wait()
                killed.clear()
                gevent.sleep(0)
                switched.set()

        def give_way(): gevent.sleep(0)
        def victim(): pass

        ready, killed, switched = threading.Event(), threading.Event(), threading.Event()
        thread = threading.Thread(target=beside)
        thread.start()
        ready.wait()
        give_way()
        for _ in range(2):
            v = gevent.spawn(victim)
            v.kill(block=False)
            killed.set()
            switched.wait()
            switched.clear()
            print("switched")
            give_way()
        print("over")
        thread.join()
        """
    )
    main = traced.tracks("main")[0].id
    threads, current = [], -1
    for event in traced.events:
        if isinstance(event, ev.Thread) or (isinstance(event, ev.Spawn) and event.kind == words.THREAD):
            current = event.track
        if isinstance(event, ev.Exit) and event.outcome == words.KILLED:
            threads.append(current)
    assert threads == [main, main]
    reported = [output.t_ns for output in traced.timeline.outputs]
    first, second = (track.exit_ns for track in traced.tracks("victim"))
    assert reported[0] < first < reported[1] < second < reported[2]


def of_callbacks(traced: Traced) -> list[tuple[str, str]]:
    """(waker, woken)"""
    return [(who, whom) for who, cause, whom in traced.wakes if cause == words.CALLBACK]


def test_many_wait_and_each_is_woken_by_its_own(trace_source: TraceSource) -> None:
    """Hundreds wait in one queue and on one semaphore; two serve them in turns; some leave in between."""
    traced = trace_source(
        """
        import gevent
        from gevent.lock import Semaphore
        from gevent.queue import Empty, Queue

        items, semaphore = Queue(), Semaphore(0)

        def getter(timeout):
            try:
                items.get(timeout=timeout)
            except Empty:
                pass

        def acquirer():
            semaphore.acquire()

        def even():
            for number in range(0, 100, 2):
                items.put(number)
                semaphore.release()

        def odd():
            for number in range(1, 100, 2):
                items.put(number)
                semaphore.release()

        getters = [gevent.spawn(getter, 0.01 if number % 5 == 4 else 9) for number in range(125)]
        acquirers = [gevent.spawn(acquirer) for _ in range(100)]
        gevent.joinall(getters[4::5])
        gevent.joinall([gevent.spawn(even), gevent.spawn(odd)])
        gevent.joinall(getters + acquirers)
        """
    )
    assert traced.timeline.notes == []
    woken = {whom: who for who, why, whom in traced.wakes if why == "callback"}
    stayed = [f"getter-{number + 1}" for number in range(125) if number % 5 != 4]
    assert [woken[name] for name in stayed] == ["even"] * 50 + ["odd"] * 50
    assert [woken[f"acquirer-{number + 1}"] for number in range(100)] == ["even"] * 50 + ["odd"] * 50
    left = {whom: who for who, why, whom in traced.wakes if why == "timeout"}
    assert set(left) == {f"getter-{number + 1}" for number in range(125) if number % 5 == 4}
