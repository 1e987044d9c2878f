"""gevent: which thing is waited on, what a deadlock is made of, how greenlets begin, and who kills whom with what."""

from __future__ import annotations

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import Traced
from visualizer.trace import words

#: What the waiter waits in -> which thing that is.
THINGS = {
    "event.wait()": "Event 1",
    "result.get()": "AsyncResult 1",
    "queue.get()": "Queue 1",
    "priority.get()": "PriorityQueue 1",
    "lifo.get()": "LifoQueue 1",
    "simple.get()": "SimpleQueue 1",
    "channel.get()": "Channel 1",
    "semaphore.acquire()": "Semaphore 1",
    "bounded.acquire()": "BoundedSemaphore 1",
    "lock.acquire()": "RLock 1",
    "pool.spawn(print)": "Pool 1",
    "pool.join()": "Pool 1",
    "group.join()": "Group 1",
    "holder.event.wait()": "Event 1",
    "holder.in_class.wait()": "Event 1",
    "slotted.event.wait()": "Event 1",
    "events[number].wait()": "Event 1",
    "by_name['it'].wait()": "Event 1",
    "events[(number + 3) % 2].wait()": "Event 1",
    "gevent.wait([event])": "",
    "holder.asked.wait()": "",
    "made().wait()": "",
}


def test_which_thing_is_waited_on(trace_source: TraceSource) -> None:
    source = """
        import gevent
        from gevent.event import AsyncResult, Event
        from gevent.lock import BoundedSemaphore, RLock, Semaphore
        from gevent.pool import Group, Pool
        from gevent.queue import Channel, LifoQueue, PriorityQueue, Queue, SimpleQueue

        def long(): gevent.sleep(9)

        event, result, queue, priority, lifo = Event(), AsyncResult(), Queue(), PriorityQueue(), LifoQueue()
        simple, channel, semaphore, bounded = SimpleQueue(), Channel(), Semaphore(0), BoundedSemaphore(0)
        pool, group, lock = Pool(1), Group(), RLock()

        class Holder:
            in_class = event
            def __init__(self): self.event = event
            @property
            def asked(self): return event

        class Slotted:
            __slots__ = ("event",)

        holder, slotted = Holder(), Slotted()
        slotted.event = event
        events, by_name, number = [event, event], {"it": event}, 1

        def made(): return event

        def locks():
            lock.acquire()
            gevent.sleep(9)

        pool.spawn(long); group.spawn(long); gevent.spawn(locks)
        gevent.sleep(0)
    """
    for number, wait in enumerate(THINGS):
        source += f"""
        def waiter_{number}():
            {wait}

        gevent.spawn(waiter_{number})
        """
    traced = trace_source(source + "gevent.sleep(0)\n")
    assert (traced.ended.stderr, traced.timeline.notes) == (b"", [])
    name = traced.timeline.name
    waited = [(name(one.track), one.object) for one in traced.timeline.suspensions]
    assert [one for one in waited if one[0].startswith("waiter")] == [
        (f"waiter_{number}", thing) for number, thing in enumerate(THINGS.values())
    ]


def test_numbers_are_never_used_twice(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        class Mine(Event):
            def __hash__(self): print("hash"); return 1
            def __eq__(self, other): print("eq"); return True
            def __del__(self): print("gone")

        for _ in range(3):
            e = Mine()
            e.wait(0.001)
            e.wait(timeout=0.001)
            del e
            print("after")
        """
    )
    assert traced.ended.stdout == b"gone\nafter\n" * 3
    names = [suspension.object for suspension in traced.timeline.suspensions if suspension.reason == "event"]
    assert names == ["Mine 1", "Mine 1", "Mine 2", "Mine 2", "Mine 3", "Mine 3"]


def test_joins_name_the_tracks(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        def quick(): gevent.sleep(0)

        a, b = gevent.spawn(quick), gevent.spawn(quick)
        a.join()
        c = gevent.spawn(quick)
        gevent.joinall([b, c])
        gevent.joinall([gevent.spawn(quick)])
        """
    )
    joins = [(one.object, one.on_track) for one in traced.timeline.suspensions if one.reason == "join"]
    one, two, three, _ = (track.id for track in traced.tracks("quick"))
    assert joins[0] == (f"track {one}", one)
    assert joins[1] == (f"tracks {two}, {three}", words.NOBODY)
    assert joins[-1] == ("", words.NOBODY)


def deadlock_of(traced: Traced) -> str:
    (sentence,) = [found.sentence for found in traced.problems if found.kind == "deadlock"]
    return sentence


def test_a_deadlock_of_those_who_hold_what_others_want(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.lock import Semaphore

        forks = [Semaphore() for _ in range(2)]

        def eats(number):
            with forks[number]:
                gevent.sleep(0)
                with forks[1 - number]:
                    print("eats")

        def never():
            with forks[0]:
                def inner():
                    gevent.sleep(0)
                    with forks[1]: pass
            inner()

        gevent.joinall([gevent.spawn(eats, 0), gevent.spawn(eats, 1)])
        """
    )
    assert traced.ended.code == 1
    assert deadlock_of(traced) == (
        "circular wait: eats-1 waits for forks[1 - number] (script.py:10) for Semaphore 1, which eats-2 holds; "
        "eats-2 waits for forks[1 - number] (script.py:10) for Semaphore 2, which eats-1 holds; "
        "also, main waits in gevent.joinall([gevent.spawn(eats, 0), gevent.spawn(eats, 1… (script.py:20) "
        "for eats-1 and eats-2 → nothing was left that could wake them, so the hub raised LoopExit"
    )


def test_a_deadlock_that_is_caught(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.lock import RLock

        one, two = RLock(), RLock()

        def takes(first, second):
            first.acquire()
            gevent.sleep(0)
            second.acquire()

        def joins():
            all_[0].join()

        all_ = [gevent.spawn(takes, one, two), gevent.spawn(takes, two, one), gevent.spawn(joins)]
        try:
            gevent.wait(all_)
        except gevent.exceptions.LoopExit:
            print("caught")
        """
    )
    assert traced.ended.stdout == b"caught\n"
    assert (traced.switches[-1].value or "").startswith("LoopExit(")
    assert deadlock_of(traced) == (
        "circular wait: takes-1 waits in second.acquire() (script.py:10) for RLock 1, which takes-2 holds; "
        "takes-2 waits in second.acquire() (script.py:10) for RLock 2, which takes-1 holds; "
        "also, main waits in gevent.wait(all_) (script.py:17) for takes-1, takes-2 and joins "
        "and joins waits in all_[0].join() (script.py:13) for takes-1 → "
        "nothing was left that could wake them, so the hub raised LoopExit"
    )


def test_a_timeout_of_the_thread_itself_is_no_deadlock(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent.event import Event

        try:
            with gevent.Timeout(0.001):
                Event().wait()
        except gevent.Timeout:
            pass
        """
    )
    assert traced.switches[-1].cause == words.THROW
    assert (traced.switches[-1].value or "").startswith("Timeout(")
    assert [found.kind for found in traced.problems] == []


#: A way to spawn -> the names of the creators of `child`.
SPAWNS = {
    "gevent.spawn(child)": ["parent"],
    "gevent.spawn_later(0, child)": ["parent"],
    "gevent.spawn_raw(child)": ["parent"],
    "Greenlet.spawn_later(0.001, child)": ["parent"],
    "Greenlet(child).start()": ["parent"],
    "Greenlet(child).start_later(0)": ["parent"],
    "Pool(2).spawn(child)": ["parent"],
    "Group().spawn(child)": ["parent"],
    "Pool(2).map(child, [1, 2])": ["GroupMappingMixin.__map", "GroupMappingMixin.__map"],
    "list(Pool(2).imap_unordered(child, [1, 2]))": ["IMapUnordered", "IMapUnordered"],
}


@pytest.mark.parametrize("spawn", SPAWNS)
def test_creator_and_place(trace_source: TraceSource, spawn: str) -> None:
    traced = trace_source(
        f"""
        import gevent
        from gevent import Greenlet
        from gevent.pool import Group, Pool

        def child(_=None): pass

        def parent():
            {spawn}
            gevent.sleep(0.01)

        gevent.spawn(parent).join()
        """
    )
    assert traced.timeline.notes == []
    name, children = traced.timeline.name, traced.tracks("child")
    assert [name(child.creator) for child in children] == SPAWNS[spawn]
    assert [(child.place.line, child.place.file[-9:]) if child.place else None for child in children] == [
        (9, "script.py")
    ] * len(children)
    wakes = [wake for wake in traced.timeline.wakeups if wake.track == children[0].id]
    later = "later" in spawn
    assert [(name(wake.waker), wake.cause) for wake in wakes] == [
        ("hub", "timer") if later else (SPAWNS[spawn][0], "spawn")
    ]
    assert traced.states(name(children[0].id)) == ["CREATED", "READY", "RUNNING", "DONE"]


def test_those_that_never_ran(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def killed(): pass
        def killed_with(): pass
        def killed_later(): pass
        def joined(): pass
        def dropped(): pass
        def unstarted(): pass
        def too_late(): pass
        all_ = [gevent.spawn(killed), gevent.spawn(killed_with), gevent.spawn_later(0.005, killed_later)]
        all_.append(gevent.spawn(joined))
        gone = gevent.spawn(dropped)
        gone.kill()
        del gone
        never = gevent.Greenlet(unstarted)
        late = gevent.spawn_later(60, too_late)
        all_[0].kill()
        all_[1].kill(ValueError("no"))
        all_[2].kill()
        gevent.killall([all_[3]], block=False)
        all_[3].join()
        gevent.sleep(0)
        """
    )
    assert traced.timeline.notes == []
    ends = {track.base_name: (track.outcome, track.value) for track in traced.timeline.tracks.values()}
    assert ends["killed"] == ends["joined"] == ends["killed_later"] == (words.KILLED, "GreenletExit()")
    assert ends["killed_with"] == (words.RAISED, "ValueError('no')")
    assert ends["dropped"][0] == words.KILLED
    assert ends["unstarted"] == ends["too_late"] == (None, None)
    (never,) = traced.tracks("unstarted")
    assert never.place is not None
    assert never.place.line == 16
    reported = {found.sentence for found in traced.problems if found.kind == "never_started"}
    # The timer would have begun too_late.
    assert reported == {"unstarted never ran: main made it (script.py:16), but it was never started"}


#: How the victim is killed -> what is thrown into it, and its end.
KILLS = {
    "v.kill()": ("GreenletExit()", words.KILLED),
    "v.kill(block=False)": ("GreenletExit()", words.KILLED),
    "v.kill(ValueError('own'))": ("ValueError('own')", words.RAISED),
    "v.kill(KeyError)": ("KeyError()", words.RAISED),
    "gevent.kill(v)": ("GreenletExit()", words.KILLED),
    "gevent.killall([v])": ("GreenletExit()", words.KILLED),
    "gevent.killall([v], block=False)": ("GreenletExit()", words.KILLED),
    "gevent.killall([v], ValueError('own'))": ("ValueError('own')", words.RAISED),
    "group.kill()": ("GreenletExit()", words.KILLED),
}


def test_who_kills_with_what(trace_source: TraceSource) -> None:
    source = """
        import gevent
        from gevent.pool import Group
    """
    for number, kill in enumerate(KILLS):
        source += f"""
        def victim_{number}(): gevent.sleep(9)
        def killer_{number}(): {kill}

        group = Group()
        v = group.spawn(victim_{number})
        gevent.sleep(0)
        k = gevent.spawn(killer_{number})
        gevent.joinall([v, k])
        """
    traced = trace_source(source)
    assert traced.timeline.notes == []
    for number, (kill, (thrown, outcome)) in enumerate(KILLS.items()):
        name = f"victim_{number}"
        assert [(who, why) for who, why, whom in traced.wakes if whom == name] == [
            ("main", "spawn"), (f"killer_{number}", "kill"),
        ], kill
        thrown_in = [value for _, cause, whom, value in traced.hand_overs if whom == name and cause == "throw"]
        assert thrown_in == [thrown], kill
        assert traced.outcome(name) == outcome, kill
        (victim,) = traced.tracks(name)
        assert victim.value == ("GreenletExit()" if outcome == words.KILLED else thrown), kill


def test_a_raw_one_is_killed_by_the_hub_for_whoever_asked(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def victim(): gevent.sleep(9)
        def killer(): gevent.kill(v)

        v = gevent.spawn_raw(victim)
        gevent.sleep(0)
        gevent.spawn(killer).join()
        gevent.sleep(0)
        """
    )
    assert ("killer", "kill", "victim") in traced.wakes
    assert ("hub", "throw", "victim", "GreenletExit()") in traced.hand_overs
    assert traced.outcome("victim") == words.KILLED


def test_names_that_the_program_gave(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        class Asked(gevent.Greenlet):
            @property
            def name(self): print("asked"); return "asked"

        def work(): pass

        one, two = gevent.spawn(work), gevent.Greenlet(work)
        one.name, two.name = "Ann", "Ben"
        two.start()
        gevent.joinall([one, two, Asked.spawn(work)])
        """
    )
    assert traced.ended.stdout == b""
    assert [name for name in traced.order if name not in ("main", "hub")] == ["Ann", "Ben", "work"]
