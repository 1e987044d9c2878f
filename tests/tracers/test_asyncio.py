"""asyncio: its loops and tasks, what they wait for, and who wakes them."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SEES_WAITS, bare
from visualizer.analysis.text.all_sentences import AllSentences
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words
from visualizer.trace.events import Serves, Tie
from visualizer.tracers.runtimes.asyncio_.library import callee_name


def test_no_object_of_the_program_is_given_a_dictionary_that_it_had_not_asked_for(
    tmp_path: Path, trace_source: TraceSource
) -> None:
    # Once somebody has asked for that of an object, all its attributes are read the slow way: up to 3.12.
    traced = trace_source(
        """
        import asyncio, gc

        class Owner:
            def __init__(self):
                self.items = asyncio.Queue()

            async def take(self):
                for _ in range(3):
                    await self.items.get()

        def show(name, thing, attribute):
            found = any(type(one) is dict and attribute in one for one in gc.get_referents(thing))
            print(name, "has been asked for its dictionary" if found else "keeps its attributes itself")

        async def serve(reader, writer):
            while line := await reader.readline():
                writer.write(line)
            writer.close()
            await writer.wait_closed()
            served.set()

        async def main():
            global served
            owner, served = Owner(), asyncio.Event()
            taking = asyncio.create_task(owner.take())
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for number in range(3):
                await asyncio.sleep(0)
                owner.items.put_nowait(number)
                writer.write(b"line\\n")
                print(await reader.readline())
            await taking
            show("owner", owner, "items")
            show("queue", owner.items, "_queue")
            show("loop", asyncio.get_running_loop(), "_ready")
            show("transport", writer.transport, "_sock")
            show("reader", reader, "_buffer")
            writer.close()
            await writer.wait_closed()
            await served.wait()
            server.close()

        asyncio.run(main())
        """
    )
    assert b"queue keeps its attributes itself" in traced.ended.stdout
    assert traced.ended == bare(tmp_path / "script.py")


def test_tasks_are_tracks_under_their_loop(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, selectors

        async def deep():
            await ready.wait()
            return await items.get()

        async def waiter():
            return await deep()

        async def turns():
            for _ in range(3):
                await asyncio.sleep(0)

        async def main():
            global ready, items
            ready, items = asyncio.Event(), asyncio.Queue()
            waiting = asyncio.create_task(waiter(), name="wanting")
            turning = asyncio.create_task(turns())
            await turning
            ready.set()
            await asyncio.sleep(0.03)
            items.put_nowait("item")
            print(await waiting)
            raise ValueError("over")

        def poll(selector, timeout=None):
            global now
            now += timeout or 0
            return select(selector, timeout)

        # The loop's time passes only while it polls: it has nothing to do until the sleep is over.
        now, select = 0, selectors.DefaultSelector.select
        selectors.DefaultSelector.select, asyncio.SelectorEventLoop.time = poll, lambda loop: now
        try:
            asyncio.run(main())
        except ValueError as error:
            print(error)
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"item\nover\n", b"")
    timeline = traced.timeline
    assert timeline.notes == []
    described = [
        (track.kind, track.base_name, timeline.name(track.parent), timeline.name(track.creator), track.outcome)
        for track in timeline.tracks.values()
    ]
    assert described == [
        ("thread", "main", "unknown", "unknown", "returned"),
        ("loop", "loop", "main", "main", "returned"),
        ("task", "main", "loop", "main", "raised"),
        ("task", "wanting", "loop", "main()", "returned"),
        ("task", "turns", "loop", "main()", "returned"),
    ]
    assert [track.value for track in timeline.tracks.values()][2:] == ["ValueError('over')", "'item'", "None"]
    assert traced.wakes == [
        ("main", "spawn", "main()"),
        ("main()", "spawn", "wanting"),
        ("main()", "spawn", "turns"),
        *[("loop", "timer", "turns")] * 3,
        ("turns", "finished", "main()"),
        ("main()", "callback", "wanting"),
        ("loop", "timer", "main()"),
        ("main()", "callback", "wanting"),
        ("wanting", "finished", "main()"),
        # `asyncio.run` runs the loop twice more, to end what is left.
        *[("loop", "finished", "main")] * 3,
    ]
    waits = {(*traced.wait(wait), wait.object, wait.place.line if wait.place else 0) for wait in timeline.suspensions}
    assert {wait for wait in waits if wait[0] != "loop"} == {
        ("main", "join", "asyncio.run(main())", "track 1", 36),
        ("main()", "join", "turning", f"track {traced.tracks('turns')[0].id}", 20),
        ("main()", "sleep", "0.03 s", "", 22),
        ("main()", "join", "waiting", f"track {traced.tracks('wanting')[0].id}", 24),
        ("wanting", "event", "ready.wait()", "Event 1", 5),
        ("wanting", "queue", "items.get()", "Queue 1", 6),
        ("turns", "sleep", "0 s", "", 13),
    }
    assert traced.ran("main()", "wanting", "turns") == [
        "main()", "wanting", "turns", "turns", "turns", "turns", "main()", "wanting", "main()", "wanting", "main()",
    ]
    assert "IDLE" in traced.states("loop")
    assert {track.kind for track in timeline.tracks.values()} == {words.THREAD, words.LOOP, words.TASK}


def test_the_name_of_a_task_that_closes_a_generator() -> None:
    async def rows() -> AsyncGenerator[int, None]:
        yield 1

    asked = rows()
    made: list[Any] = [asked.aclose(), asked.athrow(ValueError()), asked.asend(None)]
    assert [callee_name(one) for one in made] == ["rows.aclose", "rows.athrow", "rows.asend"]
    for one in made:
        one.close()


def test_a_loop_looks_at_the_sizes_of_queues_that_take_any_number_of_items(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        class Own(asyncio.LifoQueue):
            def qsize(self):
                raise ZeroDivisionError

        async def gets(queue):
            await queue.get()

        async def polls():
            for _ in range(2):
                await asyncio.sleep(0.03)

        async def main():
            limited = asyncio.Queue(100)
            for queue in (asyncio.Queue(), Own(), limited):
                getting = asyncio.create_task(gets(queue))
                await polls()
                await queue.put(0)
                await getting
                for number in range(20):
                    queue.put_nowait(number)
                await polls()
                while queue._queue:
                    queue.get_nowait()
                await polls()

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    loop = traced.tracks("loop")[0].id
    told = {thing: [one.items for one in sizes] for thing, sizes in traced.timeline.sizes.items()}
    assert told == {(loop, "Queue 1"): [0, 20, 0], (loop, "Own 1"): [0, 20, 0]}


def test_what_a_task_has_entered_is_held_and_limits_its_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        async def keeper():
            async with lock:
                await event.wait()

        async def hasty():
            async with asyncio.timeout(60):
                async with lock:
                    pass

        async def entering():
            async with lock, condition:
                pass

        async def main():
            global lock, event, condition
            lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
            async with asyncio.TaskGroup() as group:
                for made in (keeper, hasty, entering):
                    group.create_task(made())
                await asyncio.sleep(0)
                event.set()
            async with asyncio.TaskGroup() as group:
                for made in (keeps, notified, twice, again):
                    group.create_task(made())
                await asyncio.sleep(0)
                event.set()
                async with condition:
                    condition.notify()

        async def keeps():
            event.clear()
            async with condition:
                await event.wait()

        async def notified():
            async with condition:
                await condition.wait()

        async def twice():
            own = asyncio.Lock()
            async with own:
                try:
                    async with asyncio.timeout(0.001):
                        async with own:
                            pass
                except TimeoutError:
                    pass

        async def again():
            own = asyncio.Semaphore()
            async with own:
                try:
                    async with asyncio.timeout(0.001):
                        await own.acquire()
                except TimeoutError:
                    pass

        asyncio.run(main())
        """
    )
    timeline = traced.timeline
    ties = [event for event in traced.events if isinstance(event, Tie) and event.relation == words.HOLDS]
    assert [(timeline.name(tie.track), timeline.text(tie.object)) for tie in ties] == [
        ("keeper", "Lock 1"), ("keeps", "Lock 2"), ("twice", "Lock 3"),
    ]
    limits = {
        (timeline.name(wait.track), wait.object): wait.asked_ns // 10**9
        for wait in timeline.suspensions
        if wait.object in ("Lock 1", "Event 1")
    }
    assert limits == {
        ("keeper", "Event 1"): -1, ("hasty", "Lock 1"): 59, ("entering", "Lock 1"): -1, ("keeps", "Event 1"): -1,
    }


def test_a_limit_that_has_struck_limits_no_wait_any_more(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        async def tidies():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0.002)
                raise

        async def within():
            async with asyncio.timeout(60):
                async with asyncio.timeout(0.001):
                    await tidies()

        async def waits_for():
            await asyncio.wait_for(tidies(), 0.001)

        async def main():
            await asyncio.gather(within(), waits_for(), return_exceptions=True)

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    limits: dict[str, list[int]] = {}
    for wait in traced.timeline.suspensions:
        limits.setdefault(traced.timeline.name(wait.track), []).append(wait.asked_ns)
    first, then = limits["within"]
    assert (0 <= first <= 1_000_000, then) == (True, 2_000_000)
    first, then = limits["waits_for"]
    # Up to 3.11 there is a task for it, for the end of which it waits.
    assert (0 <= first <= 1_000_000, then) == (True, -1 if sys.version_info < (3, 12) else 2_000_000)


def test_what_anyio_limits_has_that_limit_and_so_has_what_a_group_starts_in_it(trace_source: TraceSource) -> None:
    anyio = pytest.importorskip("anyio")
    folder = str(Path(anyio.__file__).parent.parent)
    traced = trace_source(
        f"""
        import sys
        sys.path.append({folder!r})
        import anyio, asyncio, time

        def pass_time(loop):
            global passed
            passed = 61

        async def naps():
            await anyio.sleep(3600)

        async def waits():
            # First without a limit, at a place that is met again.
            await event.wait()

        async def struck():
            with anyio.move_on_after(60):
                loop.call_soon(pass_time, loop)
                await waits()
            await naps_a_little()

        async def naps_a_little():
            await asyncio.sleep(0.001)

        async def fails():
            try:
                with anyio.fail_after(60):
                    loop.call_soon(pass_time, loop)
                    await naps()
            except TimeoutError:
                pass

        async def shielded():
            with anyio.move_on_after(60):
                with anyio.CancelScope(shield=True):
                    await naps_a_little()

        async def cancels():
            with anyio.move_on_after(60) as scope:
                loop.call_soon(scope.cancel)
                await naps()

        async def groups():
            with anyio.move_on_after(60):
                loop.call_soon(pass_time, loop)
                async with anyio.create_task_group() as group:
                    group.start_soon(naps, name="in it")

        async def main():
            global event, loop, passed
            loop = asyncio.get_running_loop()
            event = anyio.Event()
            free = [asyncio.create_task(waits(), name="free") for _ in range(3)]
            await asyncio.sleep(0)
            event.set()
            await asyncio.wait(free)
            event = anyio.Event()
            for one in (struck, fails, shielded, cancels, groups):
                await asyncio.create_task(one(), name=one.__name__)
                passed = 0
            # Nor have those a limit that come afterwards.
            await naps_a_little()

        passed = 0
        asyncio.SelectorEventLoop.time = lambda loop: time.monotonic() + passed
        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    timeline = traced.timeline
    limits: dict[str, list[int]] = {}
    for wait in timeline.suspensions:
        limits.setdefault(timeline.own_name(wait.track), []).append(wait.asked_ns)
    assert limits["free"] == [-1, -1, -1]
    within = {name: [59_000_000_000 < ns <= 60_000_000_000 for ns in all_] for name, all_ in limits.items()}
    # Which of the group is woken first is luck: then the other one may have to be waited for again.
    assert within["groups"][0]
    assert {name: within[name] for name in ("struck", "fails", "cancels", "in it")} == {
        "struck": [True, False], "fails": [True], "cancels": [True], "in it": [True],
    }
    assert limits["struck"][1:] == [1_000_000] == limits["shielded"]
    causes = {name: cause for _, cause, name in traced.wakes if cause in ("timeout", "cancel")}
    assert causes == {
        "struck": "timeout", "fails": "timeout", "in it": "timeout", "groups": "timeout", "cancels": "cancel"
    }
    # It has struck: nobody cancelled anybody but the one who asked for that.
    assert {timeline.name(track) for track in timeline.cancels} == {"cancels"}


def test_who_cancels_whom_and_what_ends_a_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, threading

        async def napper():
            await asyncio.sleep(60)

        async def stubborn():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await asyncio.sleep(0.001)

        async def deaf():
            heard = 0
            while heard < 2:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    heard += 1
            raise asyncio.CancelledError

        async def tidies():
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(61)

        async def holder():
            async with lock:
                await asyncio.sleep(0.001)

        async def bad():
            raise ValueError("never seen")

        async def main():
            global lock
            lock = asyncio.Lock()
            for made in (napper, stubborn):
                task = asyncio.create_task(made())
                await asyncio.sleep(0)
                task.cancel("enough")
                await asyncio.wait([task])
            for made in (deaf, tidies):
                task = asyncio.create_task(made())
                await asyncio.sleep(0)
                task.cancel("once")
                await asyncio.sleep(0)
                task.cancel("twice")
                await asyncio.wait([task])
            async with asyncio.TaskGroup() as group:
                group.create_task(holder(), name="first")
                group.create_task(holder(), name="second")
            for limit in (0.01, 0):
                try:
                    async with asyncio.timeout(limit):
                        await outer()
                except TimeoutError:
                    pass
            gate = threading.Event()
            asyncio.get_running_loop().call_soon(gate.set)
            await asyncio.to_thread(gate.wait)
            kept.append(asyncio.create_task(bad()))

        async def outer():
            await inner()

        async def inner():
            try:
                await asyncio.sleep(60)
            finally:
                await tidy()

        async def tidy():
            await asyncio.sleep(0)

        kept = []
        asyncio.run(main())
        """
    )
    assert traced.ended.code == 0
    timeline = traced.timeline
    assert timeline.notes == []
    asked = [
        (timeline.name(one.by), timeline.name(one.track), one.message, place.line if place is not None else 0)
        for cancels in timeline.cancels.values()
        for one in cancels
        for place in (timeline.place(one.place),)
    ]
    assert asked == [
        ("main()", "napper", "enough", 41), ("main()", "stubborn", "enough", 41),
        *[("main()", name, *how) for name in ("deaf", "tidies") for how in (("once", 46), ("twice", 48))],
    ]
    outcomes = [traced.outcome(name) for name in ("napper", "stubborn", "deaf", "tidies")]
    assert outcomes == ["cancelled", "returned", "cancelled", "cancelled"]
    others = {"BaseEventLoop.shutdown_default_executor", *traced.threads}
    wakes = [wake for wake in traced.wakes if wake[1] not in ("spawn", "timer", "finished") and wake[2] not in others]
    assert wakes == [
        ("main()", "cancel", "napper"),
        ("main()", "cancel", "stubborn"),
        *[("main()", "cancel", name) for name in ("deaf", "deaf", "tidies", "tidies")],
        ("first", "callback", "second"),
        *[("loop", "timeout", "main()")] * 2,
        ("asyncio_0", "threadpool", "main()"),
    ]
    # What is thrown into a task passes through all that it awaits: the task alone runs then.
    assert {track.kind for track in timeline.tracks.values()} == {words.THREAD, words.LOOP, words.TASK}
    told = {(wait.reason, wait.object) for wait in timeline.suspensions if timeline.name(wait.track) == "main()"}
    first, second = traced.tracks("first")[0].id, traced.tracks("second")[0].id
    assert {("join", f"tracks {first}, {second}"), ("threadpool", ""), ("sleep", "")} <= told
    problems = {(one.kind, timeline.name(one.tracks[0])) for one in traced.problems}
    swallowed = {("cancel_swallowed", name) for name in ("stubborn", "deaf")}
    assert problems == {*swallowed, ("unretrieved", "bad")}


@pytest.mark.skipif(not SEES_WAITS, reason="calls of cancel are seen from Python 3.12 on, or in C")
def test_who_cancels_a_task_that_does_not_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        async def waits(gate):
            await gate.wait()
            await asyncio.sleep(60)

        async def all_of(*several):
            await asyncio.gather(*several)

        async def awaits(one):
            await one

        def make(gate, name):
            return asyncio.create_task(waits(gate), name=name)

        async def main():
            gate = asyncio.Event()
            fresh, ready = make(gate, "fresh"), make(gate, "ready")
            both = asyncio.create_task(all_of(make(gate, "one"), make(gate, "two")), name="both")
            other = asyncio.create_task(awaits(make(gate, "inner")), name="other")
            over = asyncio.create_task(asyncio.sleep(0), name="over")
            fresh.cancel()
            await asyncio.sleep(0.001)
            gate.set()
            ready.cancel()
            both.cancel()
            other.cancel()
            over.cancel()
            await asyncio.wait([fresh, ready, both, other])

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    timeline = traced.timeline
    asked = [
        (timeline.name(one.by), timeline.name(one.track), place.line if place is not None else 0)
        for cancels in timeline.cancels.values()
        for one in cancels
        for place in (timeline.place(one.place),)
    ]
    those = [("fresh", 23), ("ready", 26), ("both", 27), ("one", 27), ("two", 27), ("other", 28), ("inner", 28)]
    assert sorted(asked) == sorted(("main()", name, line) for name, line in those)
    assert [traced.outcome(name) for name, _ in those] == ["cancelled"] * 7
    assert traced.problems == []


#: A library's, as structured concurrency has it: it cancels a part of what a task does, and takes that back.
SCOPE = """
import asyncio

class Scope:
    async def __aenter__(self):
        self.task = asyncio.current_task()
        return self

    def strike(self):
        self.task.cancel("over")
        asyncio.get_running_loop().create_task(self.tidy())

    async def tidy(self):
        pass

    async def __aexit__(self, kind, error, traceback):
        self.task.uncancel()
        return kind is asyncio.CancelledError
"""


@pytest.mark.parametrize("message", ["'too late'", "f'{1 + 1} many'", ""])
def test_the_message_with_which_a_task_is_cancelled_that_does_not_wait(trace_source: TraceSource, message: str) -> None:
    # It has begun, or not; is woken, or has given way; or does it itself.
    traced = trace_source(
        f"""
        import asyncio

        async def gives_way():
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        async def waits():
            await ready.wait()

        async def cancels_itself():
            asyncio.current_task().cancel({message})
            await asyncio.sleep(60)

        async def awaits(other):
            await other

        async def main():
            global ready
            ready = asyncio.Event()
            made = asyncio.create_task(gives_way(), name="unstarted")
            made.cancel({message})
            others = [asyncio.create_task(one(), name=one.__name__) for one in (gives_way, waits, cancels_itself)]
            inner = asyncio.create_task(gives_way(), name="inner")
            outer = asyncio.create_task(awaits(inner), name="outer")
            await asyncio.sleep(0)
            ready.set()
            for one in others[:2]:
                one.cancel("first")
                one.cancel({message})
            outer.cancel({message})
            await asyncio.wait([made, *others, inner, outer])

        asyncio.run(main())
        """
    )
    timeline, told = traced.timeline, str(eval(message)) if message else ""
    asked = {timeline.name(track): [one.message for one in all_] for track, all_ in timeline.cancels.items()}
    ends = {timeline.name(track.id): track.value for track in timeline.tracks.values() if track.outcome == "cancelled"}
    assert ends == dict.fromkeys(
        ("unstarted", "gives_way", "waits", "cancels_itself", "inner", "outer"), repr(told) if told else None
    )
    if not SEES_WAITS:
        return
    # Of two only the last one's counts; and who waits for another task hands it on.
    twice = ["", told]
    assert asked == {
        "unstarted": [told], "gives_way": twice, "waits": twice, "cancels_itself": [told], "inner": [told],
        "outer": [""],
    }
    says = f"inner ended (cancelled {told!r})" if told else "inner ended (cancelled)"
    assert any(sentence(timeline, at).startswith(says) for at in range(timeline.switch_count))


def test_a_library_that_cancels_a_part_of_a_task_is_where_that_is_asked(
    trace_source: TraceSource, tmp_path: Path
) -> None:
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "scopes.py").write_text(SCOPE)
    traced = trace_source(
        """
        import asyncio, math, os, sys
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "site-packages"))
        import scopes

        async def part(scope):
            async with scope:
                await asyncio.sleep(math.inf)
            await asyncio.sleep(0.001)

        async def main():
            loop = asyncio.get_running_loop()
            scope = scopes.Scope()
            loop.call_later(0.001, scope.strike)
            await part(scope)
            task = asyncio.create_task(part(scope), name="other")
            await asyncio.sleep(0)
            scope.strike()
            await task
            async with asyncio.timeout(10**12):
                await asyncio.sleep(0.001)

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    assert ("main()", "sleep", "asyncio.sleep(math.inf)") in traced.waits
    timeline = traced.timeline
    asked = [
        (timeline.name(one.by), timeline.name(one.track), place.file.rpartition("/")[2], place.line)
        for cancels in timeline.cancels.values()
        for one in cancels
        if (place := timeline.place(one.place)) is not None
    ]
    assert asked == [("loop", "main()", "scopes.py", 10), ("main()", "other", "script.py", 18)]
    # What a callback spawns is not the doing of who runs the loop; what the program calls is its own.
    spawned = [track.place for track in traced.tracks("Scope.tidy")]
    assert [(place.function, place.line) for place in spawned if place] == [("Scope.strike", 11), ("main", 18)]
    assert traced.problems == []


def test_a_greenlet_of_a_task_is_nested_in_it_and_a_loop_may_run_in_a_greenlet(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, greenlet

        def inside(event, parent):
            event.set()
            return parent.switch("first")

        async def waiter(event):
            await event.wait()

        async def work():
            event = asyncio.Event()
            waiting = asyncio.create_task(waiter(event))
            await asyncio.sleep(0)
            nested = greenlet.greenlet(inside)
            print(nested.switch(event, greenlet.getcurrent()))
            await waiting
            print(nested.switch("second"))

        asyncio.run(work())

        # As those do who make a synchronous library of an asynchronous one.
        loop = asyncio.new_event_loop()
        asked = asyncio.Event()

        async def serve():
            await asked.wait()

        def dispatch():
            loop.run_until_complete(serve())

        async def answer():
            return "third"

        user, dispatcher = greenlet.getcurrent(), greenlet.greenlet(dispatch)
        loop.call_soon(user.switch)
        dispatcher.switch()
        task = loop.create_task(answer())
        task.add_done_callback(lambda _: user.switch())
        dispatcher.switch()
        asyncio._set_running_loop(loop)
        print(task.result())
        asked.set()
        dispatcher.switch()
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"first\nsecond\nthird\n", b"")
    assert traced.timeline.notes == []
    assert [(one, other) for one, _, other, _ in traced.hand_overs if "inside" in (one, other)] == [
        ("work", "inside"),
        ("inside", "work"),
        ("work", "inside"),
        ("inside", "work"),
    ]
    wakes = [wake for wake in traced.wakes if wake[2] in ("waiter", "answer", "serve")]
    assert wakes == [
        ("work", "spawn", "waiter"),
        ("inside", "callback", "waiter"),
        ("dispatch", "spawn", "serve"),
        ("main", "spawn", "answer"),
        ("main", "callback", "serve"),
    ]
    # A callback of the loop does so.
    assert {sentence(traced.timeline, switch.index) for switch in traced.switches if switch.cause == "switch"} >= {
        "<lambda> (loop-2) switches to main → main runs",
        "main switches to <lambda> (loop-2) → <lambda> (loop-2) runs",
    }
    assert traced.ran("main", "loop-2", "answer", "dispatch", "serve")[-14:] == [
        "dispatch", "loop-2", "main", "loop-2", "serve", "loop-2", "answer", "loop-2", "main", "loop-2", "serve",
        "loop-2", "dispatch", "main",
    ]


UVLOOP = """
    import asyncio, threading, traceback, uvloop

    async def waiter(event):
        await event.wait()

    async def produce():
        for item in range(2):
            await items.put(item)
            await asyncio.sleep(0)

    async def consume():
        return [await items.get() for _ in range(2)]

    async def serve(reader, writer):
        # Set when this waits for the line: it does not come before.
        asyncio.get_running_loop().call_soon(reading.set)
        writer.write(await reader.readline())
        writer.close()

    async def ask(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reading.wait()
        writer.write(b"line\\n")
        print(await reader.readline())
        writer.close()

    async def main():
        global items, reading
        reading = asyncio.Event()
        items, event = asyncio.Queue(1), asyncio.Event()
        waiting = asyncio.create_task(waiter(event))
        await asyncio.gather(produce(), consume())
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, event.set)
        # Cancelled before it is called.
        loop.call_soon(print, "never").cancel()
        await waiting
        await asyncio.sleep(0.002)
        gate = threading.Event()
        loop.call_soon(gate.set)
        await asyncio.to_thread(gate.wait)
        stuck = asyncio.create_task(asyncio.sleep(60), name="stuck")
        await asyncio.sleep(0)
        stuck.cancel("enough")
        await asyncio.wait([stuck])
        try:
            async with asyncio.timeout(0.002):
                await asyncio.sleep(60)
        except TimeoutError:
            print("over", len(traceback.extract_stack()))
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        await asyncio.create_task(ask(server.sockets[0].getsockname()[1]))
        server.close()

    loop = uvloop.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    try:
        loop.call_soon(print)
    except RuntimeError:
        traceback.print_exc()
"""


def test_a_callback_of_no_task_has_the_name_of_its_function(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, functools

        class Server:
            def __init__(self):
                self.up, self.down = asyncio.Event(), asyncio.Event()

            def start(self, by):
                self.up.set()

            def __call__(self):
                self.down.set()

        def ticks(left):
            if left:
                loop.call_soon(functools.partial(functools.partial(ticks), left - 1))

        async def child():
            pass

        async def main():
            global loop
            loop, server = asyncio.get_running_loop(), Server()
            loop.call_soon(lambda: None)
            ticks(2)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            future = loop.create_future()
            loop.call_soon(future.set_result, 5)
            await future
            loop.call_later(0.001, server.start, loop)
            await server.up.wait()
            asyncio.create_task(child()).add_done_callback(lambda task: server())
            await server.down.wait()
            event = asyncio.Event()
            loop.call_soon(print, "said")
            loop.call_soon(server)
            loop.call_soon(event.set)
            loop.call_soon(ticks, 0).cancel()
            await event.wait()
            # asyncio's own.
            await asyncio.gather(child(), asyncio.sleep(0.001))

        asyncio.run(main())
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr, traced.timeline.notes) == (b"said\n", b"", [])
    timeline = traced.timeline
    [loop] = [track.id for track in timeline.tracks.of_kind(words.LOOP)]
    told = [timeline.text(event.what) for event in traced.events if isinstance(event, Serves)]
    assert [name for name in told if name is not None] == [
        "main.<locals>.<lambda>", "ticks", "ticks", "Future.set_result", "Server.start", "main.<locals>.<lambda>",
        "print", "Server.__call__", "Event.set",
    ]
    # Each is over before anything else runs.
    assert told[-1] is None
    said = [sentence(timeline, index) for index in range(timeline.switch_count)]
    assert [one for one in said if "set the" in one] == [
        "Future.set_result (loop) set the result of the future main() was waiting for (future) → main() runs",
        "Server.start (loop) set the event main() was waiting for (server.up.wait()) → main() runs",
        "child-1 set the event main() was waiting for (server.down.wait()) → main() runs",
        "Event.set (loop) set the event main() was waiting for (event.wait()) → main() runs",
    ]
    assert said == AllSentences(timeline).said(0, timeline.switch_count)
    assert timeline.name(loop) == "loop"


def test_a_loop_that_has_only_tasks_tells_of_no_callback(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        async def child():
            await asyncio.sleep(0.001)

        async def main():
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                group.create_task(child())
                await asyncio.gather(child(), child())
                await asyncio.wait_for(child(), 60)

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert not [event for event in traced.events if isinstance(event, Serves)]


def test_the_tasks_of_a_loop_of_uvloops(trace_source: TraceSource, tmp_path: Path) -> None:
    pytest.importorskip("uvloop")
    traced = trace_source(UVLOOP)
    assert traced.ended == bare(tmp_path / "script.py")
    (note,) = traced.timeline.notes
    assert note.startswith("uvloop keeps its callbacks out of sight")
    # At the end the main thread joins that of the executor, from 3.12 on.
    joined = ("uvloop_0", "finished", "main")
    # Whether the one is connected before the other reads is luck.
    lucky = ("serve", "callback", "ask")
    wakes = [wake for wake in traced.wakes if wake[2] not in traced.threads and wake not in (joined, lucky)]
    assert sorted(wake for wake in wakes if wake[1] not in ("spawn", "timer")) == [
        ("ask", "finished", "main()"),
        ("loop", "finished", "main"),
        ("loop", "io", "ask"),
        ("loop", "io", "serve"),
        ("loop", "timeout", "main()"),
        # What uvloop does without calling any function in Python: name lookup and connect.
        ("loop", "unknown", "ask"),
        ("loop", "unknown", "main()"),
        ("main()", "callback", "waiter"),
        ("main()", "cancel", "stuck"),
        ("produce", "callback", "consume"),
        ("produce", "finished", "main()"),
        ("stuck", "finished", "main()"),
        ("uvloop_0", "threadpool", "main()"),
        ("waiter", "finished", "main()"),
    ]
    assert ("waiter", "event", "event.wait()") in traced.waits
    assert "IDLE" in traced.states("loop")
    assert traced.problems == []


def test_each_future_that_is_waited_for_at_a_place_has_a_number_of_its_own(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        class Future:
            async def wait(self, future):
                return await future

        async def main():
            loop = asyncio.get_running_loop()
            for number in range(4):
                future = loop.create_future()
                loop.call_soon(future.set_result, number)
                await Future().wait(future)
            # Several for the same one.
            kept = loop.create_future()
            loop.call_later(0.05, kept.set_result, None)
            await asyncio.gather(*[Future().wait(kept) for _ in range(3)])

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    futures = [wait.object for wait in traced.timeline.suspensions if wait.object.startswith("Future")]
    assert futures[:4] == ["Future 1", "Future 2", "Future 3", "Future 4"]
    assert futures[4:] == ["Future 5"] * 3


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are there from Python 3.12 on")
def test_where_eager_tasks_are_made_it_is_seen_who_makes_generators_as_well(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        def numbers():
            yield 1

        async def leaf():
            await asyncio.sleep(0)

        async def main():
            for _ in numbers():
                pass
            await asyncio.Task(leaf(), eager_start=True, loop=asyncio.get_running_loop())

        for _ in range(4):
            asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    creators = [track.creator for track in timeline.tracks.values() if track.kind == words.GENERATOR]
    names = [timeline.name(creator) if creator != words.NOBODY else "nobody" for creator in creators]
    assert [name.partition("-")[0] for name in names] == ["main()"] * 4


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are there from Python 3.12 on")
def test_a_first_step_ends_that_starts_the_first_thread(trace_source: TraceSource) -> None:
    """What is watched for threads begins in the middle of it."""
    traced = trace_source(
        """
        import asyncio

        async def first():
            task = asyncio.Task(second(), eager_start=True, loop=asyncio.get_running_loop())
            print("made")
            await task

        async def second():
            await asyncio.to_thread(int, 7)

        async def main():
            await asyncio.create_task(first())

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    [made] = traced.timeline.outputs
    assert traced.timeline.name(made.track) == "first"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks are eager from Python 3.12 on")
@pytest.mark.parametrize("is_factory", [True, False], ids=["by the factory", "by themselves"])
def test_the_first_steps_of_eager_tasks_are_theirs(trace_source: TraceSource, is_factory: bool) -> None:
    traced = trace_source(
        f"""
        import asyncio

        async def leaf(number):
            await asyncio.sleep(0.01)
            return number

        async def work(number):
            if number == 0:
                return "at once"
            if number == 1:
                raise ValueError("at once")
            if number == 2:
                await asyncio.sleep(0)
                return number
            if number == 3:
                await done
                return number
            if number == 4:
                raise SystemExit
            return await leaf(number)

        def make(number):
            loop, coroutine = asyncio.get_running_loop(), work(number)
            if {is_factory}:
                return asyncio.create_task(coroutine, name=str(number))
            return asyncio.Task(coroutine, loop=loop, name=str(number), eager_start=True)

        async def main():
            global done
            if {is_factory}:
                asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            done = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(done.set_result, None)
            tasks = [make(number) for number in (0, 1, 2, 3, 5)]
            print(await asyncio.gather(*tasks, return_exceptions=True))
            try:
                make(4)
            except SystemExit:
                await asyncio.sleep(0)

        asyncio.run(main())
        """
    )
    timeline = traced.timeline
    assert (traced.ended.code, timeline.notes) == (0, [])
    assert traced.ended.stdout == b"['at once', ValueError('at once'), 2, 3, 5]\n"
    # A factory of 3.12 or 3.13 is not told the name.
    names = dict(zip(timeline.tracks, ("thread", "loop", "main", "0", "1", "2", "3", "5", "4"), strict=True))
    assert [(names[track.id], track.outcome) for track in timeline.tracks.values()][3:] == [
        *[("0", "returned"), ("1", "raised"), ("2", "returned"), ("3", "returned"), ("5", "returned")],
        # That it has raised goes to its creator, and past whoever could see it.
        ("4", "unknown"),
    ]
    switches = map(timeline.switch, range(len(timeline.switch_ns)))
    assert [f"{names[switch.origin]} {names[switch.target]}" for switch in switches] == [
        *["thread loop", "loop main"],
        *[step for number in "01235" for step in (f"main {number}", f"{number} main")],
        "main loop",
        *[step for number in "235" for step in (f"loop {number}", f"{number} loop")],
        *["loop main", "main 4", "4 main", "main loop", "loop main", "main loop"],
        *["loop thread", "thread loop"] * 2,
        "loop thread",
    ]
    waits = [(names[wait.track], *traced.wait(wait)[1:]) for wait in timeline.suspensions]
    assert [wait for wait in waits if wait[0] in "01235"] == [
        ("2", "sleep", "0 s"), ("3", "future", "done"), ("5", "sleep", "0.01 s"),
    ]
    assert not [wake for wake in timeline.wakeups if wake.cause == words.UNKNOWN]


def test_a_hook_that_fails_leaves_the_program_unharmed(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, sys

        class Named(type):
            __name__ = property(lambda self: sys.exit("the program's own code was run"))

        class Callback(metaclass=Named):
            def __call__(self):
                print("called")

        class Strange(asyncio.Task):
            _coro = property(lambda self: sys.exit("the program's own code was run"))

        async def work(number):
            await asyncio.sleep(0)
            return number

        async def main():
            loop = asyncio.get_running_loop()
            loop.call_soon(Callback())
            loop.set_task_factory(lambda loop, coroutine, **more: Strange(coroutine, loop=loop, **more))
            print(await asyncio.gather(work(1), work(2)))
            # From here on every hook of the tracer fails.
            loop._ready.loop = None
            print(await asyncio.gather(work(3), work(4)))
            await asyncio.sleep(0.1)

        asyncio.run(main())
        asyncio.run(work(5))
        print(type(asyncio.new_event_loop()._ready).__name__)
        """
    )
    assert traced.ended.stdout == b"called\n[1, 2]\n[3, 4]\ndeque\n"
    told = [note.partition(":")[0] for note in traced.timeline.notes]
    assert told == ["The asyncio tracer failed and was taken out"]
    # What went on unseen is not said to have stood still.
    assert traced.problems == []


@pytest.mark.parametrize(
    ("gathering", "handed"),
    [
        ("await asyncio.gather(one, two)", False),
        ("await asyncio.gather(two, one)", False),
        ("await asyncio.gather(one, two, return_exceptions=True)", True),
        ("await asyncio.gather(one, two, return_exceptions=True) and await two", True),
    ],
)
@pytest.mark.parametrize("later", ["", "await two"])
def test_the_second_exception_of_a_gather(trace_source: TraceSource, gathering: str, handed: bool, later: str) -> None:
    """asyncio takes it for retrieved, though nobody gets it; unless somebody waits for that task itself."""
    traced = trace_source(
        f"""
        import asyncio

        async def fails(error, after):
            await after.wait()
            raise error

        async def main():
            first, second = asyncio.Event(), asyncio.Event()
            one = asyncio.create_task(fails(KeyError(1), first), name="one")
            two = asyncio.create_task(fails(ValueError(2), second), name="two")
            loop = asyncio.get_running_loop()
            loop.call_soon(first.set)
            if {handed}:
                loop.call_soon(second.set)
            try:
                {gathering}
            except (KeyError, ValueError):
                pass
            loop.call_soon(second.set)
            try:
                {later or "await asyncio.sleep(0)"}
            except ValueError:
                pass
            while not two.done():
                await asyncio.sleep(0)

        asyncio.run(main())
        """
    )
    told = [problem.sentence for problem in traced.problems if problem.kind == "unretrieved"]
    if handed or later:
        assert not told
    else:
        (sentence,) = told
        assert sentence.startswith("two (script.py:")
        assert "raised ValueError(2) → exception never retrieved" in sentence
        assert "had ended with that of another task" in sentence


@pytest.mark.parametrize(("named", "told"), [("", ["lost"]), (', name="alike"', [])])
def test_of_two_that_raised_the_same_asyncio_says_which_was_lost(
    trace_source: TraceSource, named: str, told: list[str]
) -> None:
    """By what it prints: it is not known which one if both have one name."""
    traced = trace_source(
        f"""
        import asyncio

        async def lost():
            raise LookupError(1)

        async def caught():
            raise LookupError(1)

        async def main():
            await asyncio.wait([asyncio.create_task(lost(){named})])
            try:
                await asyncio.create_task(caught(){named})
            except LookupError:
                pass

        asyncio.run(main())
        """
    )
    assert b"never retrieved" in traced.ended.stderr
    unretrieved = [one for one in traced.problems if one.kind == "unretrieved"]
    assert [traced.timeline.own_name(one.tracks[0]) for one in unretrieved] == told


def test_a_loop_that_closes_itself_as_it_is_collected_is_recorded_up_to_then(trace_source: TraceSource) -> None:
    """It is part of a circle: weak references to what is in there, and in there, are gone before it closes. What else
    is in there makes another loop meanwhile, as those do that close their connections when they are collected."""
    traced = trace_source(
        """
        import asyncio, gc, warnings

        class Writer:
            def __init__(self, loop):
                self.loop = loop
                loop.writer = self

            def __del__(self):
                asyncio.run(main())
                if not self.loop.is_closed():
                    self.loop.call_soon(print, "never")

        async def main():
            await asyncio.sleep(0)

        warnings.simplefilter("ignore")
        # In which order the collector finalizes is not known: what a loop closes is still there.
        kept = []
        for _ in range(3):
            loop = asyncio.new_event_loop()
            kept += loop._ssock, loop._csock
            loop.run_until_complete(main())
            Writer(loop)
            del loop
            gc.collect()
        asyncio.run(main())
        print("ended")
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"ended\n", b"")
    assert not [note for note in traced.timeline.notes if "failed" in note]
    assert [track.kind for track in traced.tracks("main")] == [words.THREAD, *[words.TASK] * 7]
    assert [loop.outcome for loop in traced.timeline.tracks.of_kind(words.LOOP)] == [words.RETURNED] * 7


def test_a_task_is_spawned_by_the_generator_that_makes_it(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio
        from greenlet import greenlet

        made = []

        async def child():
            pass

        def make():
            made.append(asyncio.create_task(child()))

        def generator():
            for _ in range(3):
                make()
                yield

        async def main():
            for _ in generator():
                make()
                await asyncio.sleep(0)
            greenlet(make).switch()
            await asyncio.wait(made)

        asyncio.run(main())
        """
    )
    name, children = traced.timeline.name, traced.tracks("child")
    creators = ["generator", "main()", "generator", "main()", "generator", "main()", "make"]
    assert [name(child.creator) for child in children] == creators
    spawned = {name(child.id) for child in children}
    wakes = [(waker, woken) for waker, cause, woken in traced.wakes if cause == words.SPAWN and woken in spawned]
    assert wakes == [(name(child.creator), name(child.id)) for child in children]


def test_what_as_completed_waits_for_has_a_limit_and_what_a_shield_waits_for_is_what_is_in_it(
    trace_source: TraceSource,
) -> None:
    traced = trace_source(
        """
        import asyncio

        async def pending():
            await never.wait()

        async def in_a_loop():
            tasks = [asyncio.ensure_future(pending()), asyncio.ensure_future(pending())]
            try:
                for one in asyncio.as_completed(tasks, timeout=0.002):
                    for other in asyncio.as_completed([one], timeout=30):
                        await other
            except TimeoutError:
                print("late")

        async def elsewhere():
            one, = asyncio.as_completed([asyncio.ensure_future(pending())], timeout=0.002)
            try:
                await one
            except TimeoutError:
                print("late")

        async def unlimited():
            for one in asyncio.as_completed([asyncio.sleep(0.001)]):
                await one

        async def shielded():
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.001, future.set_result, 1)
            await asyncio.shield(future)

        never = asyncio.Event()

        async def main():
            for function in (in_a_loop, elsewhere, unlimited, shielded):
                await asyncio.create_task(function(), name=function.__name__)

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"late\nlate\n", b"")
    told = {traced.timeline.name(one.track): one for one in traced.timeline.suspensions}
    woken = {track: cause for _, cause, track in traced.wakes}
    assert told["in_a_loop"].reason == "join"
    assert 29_000_000_000 < told["in_a_loop"].asked_ns <= 30_000_000_000
    # Up to 3.12 nothing of what it awaits leads there.
    if sys.version_info < (3, 13):
        assert told["elsewhere"].asked_ns == words.UNKNOWN_LIMIT
    else:
        assert 0 <= told["elsewhere"].asked_ns <= 2_000_000
    assert woken["elsewhere"] == "timeout"
    assert told["unlimited"].is_endless
    assert (told["shielded"].reason, told["shielded"].object) == ("future", "Future 1")


NOTIFIES = """
import asyncio

async def main():
    condition = asyncio.Condition()

    async def tell():
        async with condition:
            condition.notify()

    async def listen():
        {first}
        async with condition:
            await condition.wait()

    tasks = [asyncio.create_task(made(), name=made.__name__) for made in (listen, tell)]
    print(len((await asyncio.wait(tasks, timeout=0.5))[1]))

asyncio.run(main())
"""


def test_a_task_that_waits_for_a_notify_that_was_before(trace_source: TraceSource) -> None:
    traced = trace_source(NOTIFIES.format(first="await asyncio.sleep(0.001)"))
    assert (traced.ended.stdout, traced.ended.stderr) == (b"1\n", b"")
    (found,) = traced.problems
    assert found.kind == "setter_ended"
    assert found.sentence.startswith("tell ended, and nobody else was left who would call condition.notify() (script")
    assert "before anybody waited: a notify wakes only who waits by then → listen waited in" in found.sentence


def test_a_task_that_waits_for_a_notify_in_time(trace_source: TraceSource) -> None:
    traced = trace_source(NOTIFIES.format(first=""))
    assert (traced.ended.stdout, traced.ended.stderr) == (b"0\n", b"")
    assert traced.problems == []


@pytest.mark.parametrize(
    ("ready", "is_late", "causes"),
    [
        # What makes it ready runs in front of the end of the limit, and it behind that.
        ("loop.call_soon(event.set)", True, ["callback", "timeout"]),
        # It is ready before that.
        ("event.set()", False, ["callback"]),
        ("pass", True, ["timeout"]),
        # Who is cancelled gets that, whatever comes behind it.
        ("loop.call_soon(task.cancel)", False, ["cancel"]),
    ],
)
@pytest.mark.parametrize("limit", ["asyncio.timeout(50)", "asyncio.timeout_at(loop.time() + 50)"])
def test_a_limit_that_is_over_before_who_is_ready_runs_is_what_ended_its_wait(
    trace_source: TraceSource, ready: str, is_late: bool, causes: list[str], limit: str
) -> None:
    traced = trace_source(
        f"""
        import asyncio

        async def waiter():
            loop = asyncio.get_running_loop()
            try:
                async with {limit}, asyncio.timeout(60):
                    await event.wait()
            except TimeoutError:
                print("late")

        async def main():
            global event
            event, loop, time = asyncio.Event(), asyncio.get_running_loop(), asyncio.get_running_loop().time
            task = asyncio.create_task(waiter(), name="waiter")
            await asyncio.sleep(0)
            {ready}
            # Both limits are over from now on.
            loop.time = lambda: time() + 100
            await asyncio.wait([task])

        asyncio.run(main())
        """
    )
    assert traced.ended.stdout == (b"late\n" if is_late else b"")
    (waiter,) = traced.tracks("waiter")
    timeline = traced.timeline
    assert [wakeup.cause for wakeup in timeline.wakeups if wakeup.track == waiter.id] == ["spawn", *causes]
    wakes = [timeline.made_ready(waiter, run)[0] for run in waiter.step_slices]
    assert [wakeup.cause for wakeup in wakes if wakeup is not None] == ["spawn", causes[-1]]


def test_a_limit_that_is_over_before_a_task_has_its_next_turn_ends_its_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        async def waiter():
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(50):
                    time = loop.time
                    loop.time = lambda: time() + 100
                    while True:
                        await asyncio.sleep(0)
            except TimeoutError:
                print("late")

        asyncio.run(waiter())
        """
    )
    assert traced.ended.stdout == b"late\n"
    (waiter,) = traced.tracks("waiter")
    assert traced.timeline.wakeups[-1].track != waiter.id
    last = [wakeup.cause for wakeup in traced.timeline.wakeups if wakeup.track == waiter.id][-2:]
    assert last == ["timer", "timeout"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="asks for a signal")
def test_what_a_signals_handler_does_is_not_what_the_loop_or_a_task_does(trace_source: TraceSource) -> None:
    """It interrupts a poll, or a step of somebody else's; a function is a handler only where a signal calls it."""
    traced = trace_source(
        """
        import asyncio
        import os
        import selectors
        import signal

        class Selector(selectors.SelectSelector):
            def select(self, timeout=None):
                if self.signals and timeout != 0:
                    os.kill(os.getpid(), self.signals.pop())
                    timeout = 0.01
                return super().select(timeout)

        async def waits(event):
            await event.wait()

        def cancels(number=0, frame=None):
            task.cancel("by a signal" if number else "by hand")

        async def main():
            global task
            loop, event = asyncio.get_running_loop(), asyncio.Event()
            sleeps = asyncio.sleep
            signal.signal(signal.SIGUSR1, cancels)
            signal.signal(signal.SIGUSR2, lambda number, frame: (event.set(), loop.call_soon_threadsafe(int)))
            comes = lambda number: os.kill(os.getpid(), number)
            for name, how in (("polled", selector.signals.append), ("step", comes)):
                task = asyncio.create_task(sleeps(60), name=name)
                await sleeps(0)
                how(signal.SIGUSR1)
                await asyncio.wait([task])
            task = asyncio.create_task(sleeps(60), name="fresh")
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.wait([task])
            task = asyncio.create_task(sleeps(60), name="by hand")
            await sleeps(0)
            cancels()
            await asyncio.wait([task])
            task = asyncio.create_task(sleeps(60), name="by the loop")
            await sleeps(0)
            loop.add_signal_handler(signal.SIGWINCH, task.cancel)
            os.kill(os.getpid(), signal.SIGWINCH)
            await asyncio.wait([task])
            waiting = asyncio.create_task(waits(event), name="woken")
            await sleeps(0)
            selector.signals.append(signal.SIGUSR2)
            await asyncio.wait([waiting])
            task = asyncio.create_task(sleeps(60), name="interrupted")
            await sleeps(0)
            os.kill(os.getpid(), signal.SIGINT)
            await sleeps(60)

        selector = Selector()
        selector.signals = []
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
            try:
                runner.run(main())
            except KeyboardInterrupt:
                print("interrupted")
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"interrupted\n", b"")
    assert traced.timeline.notes == []
    timeline = traced.timeline
    asked = {timeline.name(track): [one.cause for one in cancels] for track, cancels in timeline.cancels.items()}
    assert asked == {
        "polled": ["signal"], "step": ["signal"], "fresh": ["signal" if SEES_WAITS else ""], "by hand": [""],
        "by the loop": ["signal"],
        "interrupted": [""], "main()": ["signal"],
    }  # fmt: skip
    causes = {timeline.name(one.track): one.cause for one in timeline.wakeups if one.cause not in ("spawn", "timer")}
    assert causes["woken"] == "signal"
    told = "\n".join(sentence(timeline, index) for index in range(timeline.switch_count))
    assert "a signal's handler cancelled polled (" in told
    assert "a signal's handler cancelled step (" in told
    assert "main() cancelled by hand (" in told
    assert "a signal's handler cancelled main() → " in told
    assert "loop cancelled" not in told
