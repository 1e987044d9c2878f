"""asyncio: its loops and tasks, what they wait for, and who wakes them."""

from __future__ import annotations

from tests.tracers.conftest import TraceSource
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
