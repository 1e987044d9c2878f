"""Hundreds of steps through generators and coroutines that are nested, read as every command reads them."""

from __future__ import annotations

import pytest

from tests.tracers.conftest import TraceSource


def test_a_chain_by_yield_from(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner(n):
            for i in range(n):
                yield i

        def outer(n):
            yield from inner(n)

        assert sum(outer(3000)) == 4498500
        """
    )
    round_trip = [("main", "outer"), ("outer", "inner"), ("inner", "outer"), ("outer", "main")]
    assert [(a, b) for a, _, b, _ in traced.hand_overs] == round_trip * 3001
    given = [value for a, cause, _, value in traced.hand_overs if (a, cause) == ("outer", "yield")]
    assert given == [str(number) for number in range(3000)]
    assert (traced.outcome("inner"), traced.outcome("outer")) == ("returned", "returned")


def test_a_pipeline_of_three_stages(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def squares():
            for i in range(1000):
                yield i * i

        def even(numbers):
            for n in numbers:
                if n % 2 == 0:
                    yield n

        def halves(numbers):
            for n in numbers:
                yield n // 2

        assert sum(halves(even(squares()))) == 83083500
        """
    )
    from_squares = [value for a, cause, _, value in traced.hand_overs if (a, cause) == ("squares", "yield")]
    assert from_squares == [str(number**2) for number in range(1000)]
    from_halves = [value for a, cause, _, value in traced.hand_overs if (a, cause) == ("halves", "yield")]
    assert from_halves == [str(number**2 // 2) for number in range(0, 1000, 2)]
    assert [traced.outcome(name) for name in ("squares", "even", "halves")] == ["returned"] * 3


def test_six_hundred_nested_awaits(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import types

        @types.coroutine
        def pause():
            yield

        async def leaf():
            await pause()

        async def middle():
            for _ in range(600):
                await leaf()

        async def main():
            await middle()

        coroutine = main()
        try:
            while True:
                coroutine.send(None)
        except StopIteration:
            pass
        """
    )
    leaves = traced.tracks("leaf")
    assert len(leaves) == 600
    assert {track.outcome for track in leaves} == {"returned"}
    assert [track.outcome for track in traced.tracks("middle")] == ["returned"]


def test_a_chain_in_a_greenlet_of_gevent(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent

        def chunks():
            for i in range(600):
                yield i

        def lines():
            yield from chunks()

        def work():
            for line in lines():
                if line == 0:
                    gevent.sleep(0)

        gevent.joinall([gevent.spawn(work)])
        """
    )
    given = [value for a, cause, _, value in traced.hand_overs if (a, cause) == ("lines", "yield")]
    assert given == [str(number) for number in range(600)]
    assert "hub" in traced.ran("work", "hub")
    assert [traced.outcome(name) for name in ("chunks", "lines", "work")] == ["returned"] * 3


@pytest.mark.parametrize("waits", ["await steps()", "made = steps()\n    await made", "await Pause()"])
def test_generators_that_a_task_awaits_are_never_said_not_to_have_run(trace_source: TraceSource, waits: str) -> None:
    traced = trace_source(
        f"""
import asyncio
import types

@types.coroutine
def steps():
    yield
    return 7

class Pause:
    def __await__(self):
        return (yield from self.steps())

    def steps(self):
        yield

async def main():
    {waits}
    {waits}

asyncio.run(main())
"""
    )
    generators = [track for track in traced.timeline.tracks.values() if track.base_name.endswith("steps")]
    # Those that were seen being made are tracks, and seen to run.
    assert [track.outcome for track in generators] == ["returned"] * len(generators)
    assert not traced.problems


@pytest.mark.parametrize(
    "enters",
    [
        "list(plain())", "begun(plain()).throw(KeyError())", "begun(plain()).close()", "awaiting().send(None)",
        "awaiting().__await__().send(None)", "begun(asynchronous()).asend(None).send(None)",
        "begun(asynchronous()).athrow(KeyError()).send(None)", "begun(asynchronous()).aclose().send(None)",
    ],
)  # fmt: skip
def test_a_greenlet_has_its_name_however_the_generator_runs_that_enters_it(
    trace_source: TraceSource, enters: str
) -> None:
    traced = trace_source(
        f"""
        from contextlib import suppress
        from greenlet import greenlet

        def named():
            pass

        def plain():
            try:
                yield
            finally:
                greenlet(named).switch()

        async def awaiting():
            greenlet(named).switch()

        async def asynchronous():
            try:
                yield
            finally:
                greenlet(named).switch()

        def begun(one):
            with suppress(StopIteration):
                next(one) if hasattr(one, "send") else one.asend(None).send(None)
            return one

        with suppress(KeyError, StopIteration, StopAsyncIteration):
            {enters}
        """
    )
    greenlets = [track.base_name for track in traced.timeline.tracks.values() if track.kind == "greenlet"]
    assert greenlets == ["named"]


def test_a_generator_in_a_greenlet_makes_a_task_and_wakes_one(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio
        from greenlet import greenlet

        async def made():
            pass

        async def waits(event):
            await event.wait()

        def acts(number):
            kept.append(asyncio.create_task(made(), name=f"made {number}"))
            events[number].set()

        def numbers():
            acts(0)
            yield 1

        def plain():
            next(generator)
            acts(1)

        async def first():
            events.extend((asyncio.Event(), asyncio.Event()))
            waiting = [asyncio.create_task(waits(event), name=f"waits {n}") for n, event in enumerate(events)]
            await asyncio.sleep(0)
            greenlet(plain).switch()
            await asyncio.gather(*waiting, *kept)

        events, kept, generator = [], [], numbers()
        asyncio.run(first())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    name = traced.timeline.name
    creators = {name(track.id): name(track.creator) for track in traced.timeline.tracks.values()}
    assert [creators[f"made {number}"] for number in (0, 1)] == ["numbers", "plain"]
    wakers = {woken: waker for waker, _, woken in traced.wakes if woken.startswith("waits")}
    assert wakers == {"waits 0": "numbers", "waits 1": "plain"}
