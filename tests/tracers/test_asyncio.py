"""asyncio: its loops and tasks, what they wait for, and who wakes them."""

from __future__ import annotations

from pathlib import Path

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SCENARIOS, trace
from visualizer.analysis.findings import findings
from visualizer.analysis.model.timeline import State
from visualizer.trace import words


def test_tasks_are_tracks_under_their_loop(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

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
        ("loop", "loop", "main-1", "main-1", "returned"),
        ("task", "main", "loop", "main-1", "raised"),
        ("task", "wanting", "loop", "main-2", "returned"),
        ("task", "turns", "loop", "main-2", "returned"),
    ]
    assert [track.value for track in timeline.tracks.values()][2:] == ["ValueError('over')", "'item'", "None"]
    assert traced.wakes == [
        ("main-1", "spawn", "main-2"),
        ("main-2", "spawn", "wanting"),
        ("main-2", "spawn", "turns"),
        *[("loop", "timer", "turns")] * 3,
        ("turns", "finished", "main-2"),
        ("main-2", "callback", "wanting"),
        ("loop", "timer", "main-2"),
        ("main-2", "callback", "wanting"),
        ("wanting", "finished", "main-2"),
        # `asyncio.run` runs the loop twice more, to end what is left.
        *[("loop", "finished", "main-1")] * 3,
    ]
    waits = {(*traced.wait(wait), wait.object, wait.place.line if wait.place else 0) for wait in timeline.suspensions}
    assert {wait for wait in waits if wait[0] != "loop"} == {
        ("main-1", "join", "asyncio.run(main())", "track 1", 28),
        ("main-2", "join", "turning", f"track {traced.tracks('turns')[0].id}", 20),
        ("main-2", "sleep", "0.03 s", "", 22),
        ("main-2", "join", "waiting", f"track {traced.tracks('wanting')[0].id}", 24),
        ("wanting", "event", "ready.wait()", "Event 1", 5),
        ("wanting", "queue", "items.get()", "Queue 1", 6),
        ("turns", "sleep", "0 s", "", 13),
    }
    assert traced.ran("main-2", "wanting", "turns") == [
        "main-2", "wanting", "turns", "turns", "turns", "turns", "main-2", "wanting", "main-2", "wanting", "main-2",
    ]
    slices = traced.tracks("loop")[0].slices
    ends_ns = zip(slices.start_ns, slices.start_ns[1:], strict=False)
    idle_ns = [end - start for (start, end), state in zip(ends_ns, slices.state, strict=False) if state == State.IDLE]
    assert sum(idle_ns) > 20_000_000
    assert {track.kind for track in timeline.tracks.values()} == {words.THREAD, words.LOOP, words.TASK}


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
            async with asyncio.TaskGroup() as group:
                group.create_task(holder(), name="first")
                group.create_task(holder(), name="second")
            try:
                async with asyncio.timeout(0.01):
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
    assert asked == [("main-2", "napper", "enough", 26), ("main-2", "stubborn", "enough", 26)]
    assert (traced.outcome("napper"), traced.outcome("stubborn")) == ("cancelled", "returned")
    of_run = "BaseEventLoop.shutdown_default_executor"
    wakes = [wake for wake in traced.wakes if wake[1] not in ("spawn", "timer", "finished") and wake[2] != of_run]
    assert wakes == [
        ("main-2", "cancel", "napper"),
        ("main-2", "cancel", "stubborn"),
        ("first", "callback", "second"),
        ("loop", "timeout", "main-2"),
        ("asyncio_0", "threadpool", "main-2"),
    ]
    # What is thrown into a task passes through all that it awaits: the task alone runs then.
    assert {track.kind for track in timeline.tracks.values()} == {words.THREAD, words.LOOP, words.TASK}
    told = {(wait.reason, wait.object) for wait in timeline.suspensions if timeline.name(wait.track) == "main-2"}
    first, second = traced.tracks("first")[0].id, traced.tracks("second")[0].id
    assert {("join", f"tracks {first}, {second}"), ("threadpool", ""), ("sleep", "")} <= told
    problems = {(one.kind, timeline.name(one.tracks[0])) for one in findings(timeline)}
    assert problems == {("cancel_swallowed", "stubborn"), ("unretrieved", "bad")}


def test_what_waits_for_pages_of_aiohttp_is_woken_by_its_socket(tmp_path: Path) -> None:
    traced = trace(tmp_path / "trace", str(SCENARIOS / "asyncio_crawler.py"))
    timeline, pages = traced.timeline, ["slow", "quick", "medium"]
    assert (traced.ended.code, traced.ended.stderr, timeline.notes) == (0, b"", [])
    ended = sorted((traced.tracks(name)[0] for name in pages), key=lambda track: track.exit_ns)
    assert [timeline.name(track.id) for track in ended] == ["quick", "medium", "slow"]
    last = {timeline.name(wake.track): (timeline.name(wake.waker), wake.cause) for wake in timeline.wakeups}
    assert {last[page] for page in pages} == {("loop", "io")}
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

        asyncio.run(main())
        asyncio.run(work(5))
        print(type(asyncio.new_event_loop()._ready).__name__)
        """
    )
    assert traced.ended.stdout == b"called\n[1, 2]\n[3, 4]\ndeque\n"
    told = [note.partition(":")[0] for note in traced.timeline.notes]
    assert told == ["The asyncio tracer failed and was taken out"]
