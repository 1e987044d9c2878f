"""Native coroutines, asynchronous generators, and chains of `await` and `yield from`, driven by hand."""

from __future__ import annotations

import sys

import pytest

from tests.soak import SOAK
from tests.tracers.conftest import TraceSource
from tests.tracers.traced import Traced
from visualizer.trace import events as ev
from visualizer.trace import words

DRIVE = """
    import types

    @types.coroutine
    def pause(value):
        return (yield value)

    def drive(awaitable, *values):
        given = []
        try:
            given.append(awaitable.send(None))
            for value in values:
                given.append(awaitable.send(value))
        except StopIteration as stop:
            given.append(stop.value)
        return given
"""


def ways(traced: Traced) -> list[tuple[str, str, str | None]]:
    """(cause, to, value) of each switch."""
    return [(cause, to, value) for _, cause, to, value in traced.hand_overs]


def test_a_coroutine_driven_by_hand(trace_source: TraceSource) -> None:
    traced = trace_source(
        DRIVE
        + """
    async def work():
        got = await pause("first")
        return got * 2

    print(drive(work(), 21))
    """
    )
    assert traced.ended.stdout == b"['first', 42]\n"
    assert [(t.kind, t.base_name) for t in traced.timeline.tracks.values()][1:] == [
        (words.COROUTINE, "work"), (words.COROUTINE, "pause"),
    ]
    assert ways(traced) == [
        ("send", "work", "None"), ("next", "pause", None), ("yield", "work", "'first'"), ("yield", "main", "'first'"),
        ("send", "work", "21"), ("send", "pause", "21"), ("return", "work", "21"), ("return", "main", "42"),
    ]


def test_an_exception_goes_through_a_chain_and_is_answered(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            try:
                yield 1
            except ValueError:
                yield 2

        def middle():
            yield from inner()

        def outer():
            yield from middle()

        g = outer()
        next(g)
        print(g.throw(ValueError("x")))
        print(next(g, "over"))
        """
    )
    assert traced.ended.stdout == b"2\nover\n"
    error = "ValueError('x')" if sys.version_info >= (3, 12) else None
    assert ways(traced)[6:] == [
        ("throw", "outer", error), ("throw", "middle", error), ("throw", "inner", error),
        ("yield", "middle", "2"), ("yield", "outer", "2"), ("yield", "main", "2"),
        ("next", "outer", None), ("next", "middle", None), ("next", "inner", None),
        ("return", "middle", "None"), ("return", "outer", "None"), ("return", "main", "None"),
    ]


def test_an_exception_goes_through_a_chain_and_back(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            yield 1

        def outer():
            try:
                yield from inner()
            except LookupError:
                yield "caught"

        g = outer()
        next(g)
        g.throw(KeyError("x"))
        g.close()
        """
    )
    assert [(cause, to) for cause, to, _ in ways(traced)][4:] == [
        ("throw", "outer"), ("throw", "inner"), ("raise", "outer"), ("yield", "main"),
        ("close", "outer"), ("close", "main"),
    ]
    assert traced.outcome("inner") == words.RAISED


def test_what_ends_while_an_exception_goes_through_it_ends_once(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            try:
                yield 1
            except ValueError:
                return "answer"

        def outer():
            got = yield from inner()
            yield got

        g = outer()
        next(g)
        print(g.throw(ValueError))
        for x in g: pass
        """
    )
    assert [(cause, to) for cause, to, _ in ways(traced)][4:] == [
        ("throw", "outer"), ("throw", "inner"), ("return", "outer"), ("yield", "main"), ("next", "outer"),
        ("return", "main"),
    ]


def test_closing_a_chain_ends_each_of_it(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            yield 1

        async def awaited():
            pass

        def middle():
            try:
                yield from inner()
            finally:
                print("middle")

        def outer():
            yield from middle()

        g = outer()
        next(g)
        g.close()
        print("closed")
        """
    )
    assert traced.ended.stdout == b"middle\nclosed\n"
    closed = [traced.timeline.name(track) for track in traced.timeline.exits]
    assert sorted(closed[:3]) == ["inner", "middle", "outer"]
    for name in ("inner", "middle", "outer"):
        (track,) = traced.tracks(name)
        assert (track.outcome, track.inferred) == (words.CLOSED, None)


def test_an_asynchronous_generator_driven_by_hand(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        async def numbers():
            got = yield 1
            while True:
                try:
                    got = yield [got]
                except ValueError:
                    got = "caught"

        def step(awaitable):
            try:
                awaitable.send(None)
            except StopIteration as stop:
                return stop.value

        a = numbers()
        print(step(a.__anext__()))
        print(step(a.asend(5)))
        print(step(a.asend(None)))
        print(step(a.athrow(ValueError("v"))))
        print(step(a.aclose()))
        """
    )
    assert traced.ended.stdout == b"1\n[5]\n[None]\n['caught']\nNone\n"
    (track,) = traced.tracks("numbers")
    assert (track.kind, track.outcome) == (words.GENERATOR, words.CLOSED)
    error = "ValueError('v')" if sys.version_info >= (3, 12) else None
    assert ways(traced) == [
        ("next", "numbers", None), ("yield", "main", "1"), ("send", "numbers", "5"), ("yield", "main", "[5]"),
        ("next", "numbers", None), ("yield", "main", "[None]"), ("throw", "numbers", error),
        ("yield", "main", "['caught']"), ("close", "numbers", None), ("close", "main", None),
    ]


def test_async_for_and_await_inside_an_asynchronous_generator(trace_source: TraceSource) -> None:
    traced = trace_source(
        DRIVE
        + """
    async def ticks():
        got = await pause("tick")
        yield got
        await pause("tock")

    async def reader():
        return [item async for item in ticks()]

    print(drive(reader(), 7, 8))
    """
    )
    assert traced.ended.stdout == b"['tick', 'tock', [7]]\n"
    assert [(cause, to, value) for cause, to, value in ways(traced) if to in ("ticks", "pause-1", "pause-2")] == [
        ("next", "ticks", None), ("next", "pause-1", None), ("yield", "ticks", "'tick'"),
        ("send", "ticks", "7"), ("send", "pause-1", "7"), ("return", "ticks", "7"),
        ("next", "ticks", None), ("next", "pause-2", None), ("yield", "ticks", "'tock'"),
        ("send", "ticks", "8"), ("send", "pause-2", "8"), ("return", "ticks", "8"),
    ]
    assert traced.outcome("ticks") == words.RETURNED


def test_throw_and_close_of_a_coroutine(trace_source: TraceSource) -> None:
    traced = trace_source(
        DRIVE
        + """
    async def stubborn():
        try:
            await pause(1)
        except KeyError:
            await pause(2)

    c = stubborn()
    c.send(None)
    c.throw(KeyError("k"))
    c.close()
    never = stubborn()
    never.close()
    """
    )
    assert traced.outcome("stubborn" if sys.version_info < (3, 12) else "stubborn-1") == words.CLOSED
    assert [(cause, to) for cause, to, _ in ways(traced)][4:8] == [
        ("throw", traced.order[1]), ("throw", traced.order[2]), ("raise", traced.order[1]), ("next", traced.order[8]),
    ]
    assert [track.outcome for track in traced.tracks("pause")] == [words.RAISED, words.CLOSED]
    if sys.version_info >= (3, 12):
        unstarted = traced.tracks("stubborn")[1]
        assert (unstarted.outcome, unstarted.inferred, list(unstarted.steps)) == (words.CLOSED, None, [])


def test_an_object_with_an_await_method(trace_source: TraceSource) -> None:
    traced = trace_source(
        DRIVE
        + """
    class Ready:
        def __await__(self):
            yield "waiting"
            return "done"

    async def user():
        return await Ready()

    print(drive(user().__await__(), 1))
    """
    )
    assert traced.ended.stdout == b"['waiting', 'done']\n"
    assert [(cause, to) for cause, to, _ in ways(traced)] == [
        ("send", "user"), ("next", "Ready.__await__"), ("yield", "user"), ("yield", "main"),
        ("send", "user"), ("send", "Ready.__await__"), ("return", "user"), ("return", "main"),
    ]


def test_a_generator_expression(trace_source: TraceSource) -> None:
    traced = trace_source("print(sum(x * x for x in range(3)))\n")
    (track,) = traced.tracks("<genexpr>")
    assert (track.kind, track.outcome, len(track.steps)) == (words.GENERATOR, words.RETURNED, 4)


def test_a_generator_that_runs_already(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def selfish():
            try:
                g.send("me")
            except ValueError as error:
                yield str(error)
            yield "last"

        g = selfish()
        print(next(g))
        for x in g:
            print(x)
        """
    )
    assert traced.ended.stdout == b"generator already executing\nlast\n"
    assert [cause for cause, *_ in ways(traced)] == ["next", "yield", "next", "yield", "next", "return"]


def test_what_is_sent_in_vain_is_not_told_later(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def gen():
            yield 1
            yield 2

        g = gen()
        for attempt in range(2):
            try:
                g.send("too early")
            except TypeError:
                print("refused")
        for x in g: pass
        try:
            g.send("too late")
        except StopIteration:
            print("over")
        """
    )
    assert traced.ended.stdout == b"refused\nrefused\nover\n"
    assert [cause for cause, *_ in ways(traced)] == ["next", "yield", "next", "yield", "next", "return"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 has no event for a generator's creation")
@pytest.mark.parametrize("order", ["abc", "cba", "bca"])
def test_which_of_several_unstarted_generators_it_is(trace_source: TraceSource, order: str) -> None:
    traced = trace_source(
        f"""
        def gen(name):
            print("made", name)
            yield name

        a = gen("a")
        b = gen("b")
        c = gen("c")
        for g in ({",".join(order)}):
            next(g)
        """
    )
    tracks = traced.tracks("gen")
    assert [track.place.line for track in tracks if track.place is not None] == [6, 7, 8]
    started = [traced.timeline.switch(track.steps[0]).index for track in tracks]
    assert [sorted(started).index(index) for index in started] == [order.index(name) for name in "abc"]
    assert [track.doubt for track in tracks] == [None] * 3


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 has no event for a generator's creation")
def test_generators_that_are_never_started(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def gen(a):
            yield a

        one, two, three = gen(1), gen(2), gen(3)
        two = None
        three.close()
        try:
            gen(1, 2, 3)
        except TypeError:
            pass
        last = gen(4)
        next(last)
        """
    )
    tracks = traced.tracks("gen")
    assert [(track.outcome, bool(track.inferred), len(track.steps)) for track in tracks] == [
        (None, False, 0), (words.DROPPED, False, 0), (words.CLOSED, False, 0), (None, False, 1),
    ]


def test_generators_that_threads_run_in_turn_and_side_by_side(trace_source: TraceSource) -> None:
    """Each yields what it was sent: what the threads got, and what the trace tells, must be the same."""
    traced = trace_source(
        """
        import sys, threading
        sys.setswitchinterval(1e-6)

        def echo(name):
            got = None
            while True:
                got = yield got

        shared = echo("shared")
        next(shared)
        lock = threading.Lock()

        def run(number):
            mine = echo(number)
            next(mine)
            for i in range(300):
                assert mine.send(number * 1000 + i) == number * 1000 + i
                with lock:
                    assert shared.send((number, i)) == (number, i)
                mine.send(None)
                next(mine)

        threads = [threading.Thread(target=run, args=(number,), name=f"T{number}") for number in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """
    )
    assert traced.ended.stderr == b""
    name = traced.timeline.name
    steps = [s for s in traced.switches if s.cause in ("send", "next") or s.cause == "yield"]
    inside: dict[int, tuple[int, str, str | None]] = {}
    echoed = 0
    for step in steps:
        if step.cause == "yield":
            resumer, cause, sent = inside.pop(step.origin)
            assert step.target == resumer
            if cause == "send":
                assert step.value == sent
                echoed += 1
        else:
            inside[step.target] = (step.origin, step.cause, step.value)
            if step.cause == "send" and step.value is not None and step.value.startswith("("):
                assert name(step.origin) == f"T{step.value[1]}"
    assert echoed == 4 * 300 * 3


def test_a_generator_that_refuses_while_another_thread_starts_others(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import sys, threading
        sys.setswitchinterval(1e-6)

        def refused():
            for each in me[0]:
                pass
            yield

        def started():
            yield

        me = [None]
        busy = True

        def start_many():
            kept = []
            while busy:
                kept.append(started())
                next(kept[-1])
                if len(kept) > 50:
                    del kept[:]

        beside = threading.Thread(target=start_many)
        beside.start()
        for _ in range(300):
            me[0] = refused()
            try:
                next(me[0])
            except ValueError:
                pass
        busy = False
        beside.join()
        """
    )
    assert (traced.ended.stderr, traced.ended.code) == (b"", 0)
    assert not [note for note in traced.timeline.notes if "failed" in note]
    name = traced.timeline.name
    assert sum(s.cause == "raise" and name(s.origin).startswith("refused") for s in traced.switches) == 300


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 tells neither of creation nor of what is raised")
def test_who_raised_before_is_not_taken_for_who_refuses(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        async def steps():
            yield 1
            yield 2

        def refused():
            for each in me:
                pass
            yield

        going = steps()
        try:
            going.asend(None).send(None)
        except StopIteration:
            pass
        me = refused()
        try:
            next(me)
        except ValueError:
            pass
        """
    )
    assert (traced.ended.stderr, traced.ended.code) == (b"", 0)
    told = [remark for remark in traced.timeline.remarks if isinstance(remark, ev.Refused)]
    assert [(traced.timeline.name(one.by), traced.timeline.name(one.track)) for one in told] == [("refused", "refused")]


def test_what_a_thread_drops_is_gone_at_once_while_another_makes_generators(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import sys, threading, weakref
        sys.setswitchinterval(1e-6)

        def made():
            yield

        def dropped():
            yield

        busy = True

        def make_many():
            while busy:
                next(made())

        beside = threading.Thread(target=make_many)
        beside.start()
        late = 0
        for _ in range(1000):
            there = dropped()
            seen = weakref.ref(there)
            there = None
            late += seen() is not None
        busy = False
        beside.join()
        print(late)
        """
    )
    assert (traced.ended.stderr, traced.ended.stdout, traced.ended.code) == (b"", b"0\n", 0)


def test_generators_inside_greenlets(trace_source: TraceSource) -> None:
    pytest.importorskip("greenlet")
    traced = trace_source(
        """
        import greenlet

        def gen(name):
            for i in range(2):
                got = yield (name, i)
                main.switch()

        def run(name):
            g = gen(name)
            next(g)
            try:
                while True:
                    g.send(name)
            except StopIteration:
                pass

        main = greenlet.getcurrent()
        a, b = greenlet.greenlet(run), greenlet.greenlet(run)
        a.switch("a"); b.switch("b")
        while not (a.dead and b.dead):
            a.switch(); b.switch()
        """
    )
    sent = [(to, value) for _, cause, to, value in traced.hand_overs if cause == "send"]
    assert sent == [("gen-1", "'a'"), ("gen-2", "'b'"), ("gen-1", "'a'"), ("gen-2", "'b'")]
    assert [track.outcome for track in traced.tracks("gen")] == [words.RETURNED] * 2


def test_what_a_task_awaits_is_not_taken_for_a_generator_that_was_at_its_place(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio
        import gc

        def numbers():
            yield 1
            yield 2

        async def inner():
            return 3

        async def main():
            for _ in range(3):
                await inner()
            # Among so many that are younger nobody looks for the generator, and its end is not noticed.
            kept = [[] for _ in range(20_001)]
            generator = numbers()
            next(generator)
            del generator
            for _ in range(3):
                await inner()

        gc.disable()
        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.outcome("numbers") == words.CLOSED


def test_the_collector_closes_a_chain(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            try:
                yield 1
            finally:
                print("inner")

        def outer():
            yield from inner()

        g = outer()
        next(g)
        del g
        print("gone")
        """
    )
    assert traced.ended.stdout == b"inner\ngone\n"
    assert [traced.outcome(name) for name in ("inner", "outer")] == [words.CLOSED] * 2


def test_nothing_is_kept_alive(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import weakref

        class Thing: pass

        def gen():
            while True:
                yield

        async def coroutine(): pass

        g, thing = gen(), Thing()
        watch, watch_thing = weakref.ref(g), weakref.ref(thing)
        next(g)
        send = g.send
        send(thing)
        send(1)
        g.send(thing)
        g.send(1)
        del g, send, thing
        print(watch(), watch_thing())
        made = [gen(), gen(), gen()]
        watches = [weakref.ref(one) for one in made]
        made.clear()
        print([one() for one in watches])
        """
    )
    assert traced.ended.stdout == b"None None\n[None, None, None]\n"


def test_many_short_lived_ones_leave_nothing_behind(trace_source: TraceSource) -> None:
    count = 100_000 if SOAK else 5_000
    traced = trace_source(
        """
        import sys

        def short(x):
            got = yield x
            yield got

        async def waiting(x):
            return x

        def spend(count):
            for i in range(count):
                one, two = short(i), short(-i)
                next(two)
                two.send(i)
                for item in one:
                    break
                try:
                    waiting(i).send(None)
                except StopIteration:
                    pass

        def resident():
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

        count = int(sys.argv[1])
        spend(5_000)
        before = resident()
        spend(count)
        print((resident() - before) * 1024)
        """,
        str(count),
    )
    assert int(traced.ended.stdout) < 480 * count, "bytes that the traced process grew by"
    ended = [track.outcome for track in traced.timeline.tracks.values() if track.base_name in ("short", "waiting")]
    assert len(ended) == 3 * (5_000 + count)
    assert None not in ended


def test_asyncio_behaves_as_without(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio

        async def ticker(name, count):
            for i in range(count):
                yield f"{name}{i}"
                await asyncio.sleep(0)

        async def reader(name):
            found = []
            async for item in ticker(name, 3):
                found.append(item)
            return found

        async def cancelled():
            try:
                await asyncio.sleep(60)
            finally:
                print("cancelled")

        async def main():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(reader(name)) for name in "ab"]
                late = group.create_task(cancelled())
                await asyncio.sleep(0)
                late.cancel()
            print([task.result() for task in tasks])

        asyncio.run(main())
        """
    )
    assert traced.ended.stdout == b"cancelled\n[['a0', 'a1', 'a2'], ['b0', 'b1', 'b2']]\n"
    assert traced.ended.stderr == b""
    tasks = [(track.base_name, track.outcome) for track in traced.timeline.tracks.values() if track.kind == words.TASK]
    assert tasks == [
        ("main", words.RETURNED), ("reader", words.RETURNED), ("reader", words.RETURNED),
        ("cancelled", words.CANCELLED),
    ]
    assert [track.base_name for track in traced.timeline.tracks.values() if track.kind == words.GENERATOR] == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 tells neither of creation nor of what is raised")
def test_calls_that_are_refused(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import warnings
        warnings.simplefilter("ignore")

        def ids():
            try:
                next(running)
            except ValueError:
                yield 1

        def consumer():
            yield

        async def fetch():
            pass

        def attempt(call):
            try:
                call()
            except (RuntimeError, TypeError, ValueError, StopIteration):
                pass

        running = ids()
        next(running)
        unprimed = consumer()
        attempt(lambda: unprimed.send(0))
        once = fetch()
        attempt(lambda: once.send(None))
        attempt(lambda: once.send(None))
        closed = fetch()
        closed.close()
        fetch()
        fine = consumer()
        fine.send(None)
        attempt(lambda: fine.send(1))
        attempt(lambda: int("x"))
        """
    )
    assert traced.ended.stderr == b""
    name = traced.timeline.name
    refusals = [remark for remark in traced.timeline.remarks if isinstance(remark, ev.Refused)]
    told = [(name(one.by), one.track >= 0 and name(one.track), one.exception) for one in refusals]
    assert [(by, of, exception.partition("(")[0]) for by, of, exception in told] == [
        ("ids", "ids", "ValueError"), ("main", "consumer-1", "TypeError"), ("main", False, "RuntimeError"),
    ]
    found = traced.problems
    assert [one.kind for one in found] == ["refused"] * 3 + ["never_started"]
    assert [one.line for one in found] == [7, 26, 29, 32]
    assert found[0].sentence.endswith("→ main had resumed ids and waits for it")


def test_methods_that_are_refused(trace_source: TraceSource) -> None:
    """Of these 3.11 tells, too."""
    traced = trace_source(
        """
        def selfish():
            try:
                g.send(None)
            except ValueError:
                yield 1

        def consumer():
            yield

        def greedy():
            try:
                next(h)
            except ValueError:
                yield 1

        g = selfish()
        next(g)
        h = greedy()
        next(h)
        next(h, None)
        unprimed = consumer()
        try:
            unprimed.send(0)
        except TypeError:
            pass
        next(unprimed)
        try:
            unprimed.throw(KeyError)
        except KeyError:
            pass
        """
    )
    refusals = [remark for remark in traced.timeline.remarks if isinstance(remark, ev.Refused)]
    assert [(traced.timeline.name(one.by), one.exception.partition("(")[0]) for one in refusals] == [
        ("selfish", "ValueError"), ("greedy", "ValueError"), ("main", "TypeError"),
    ]
    assert [one.line for one in traced.problems] == [4, 13, 24]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 has no event for a generator's creation")
def test_a_generator_that_is_dropped_ends_there_and_is_not_taken_for_the_next(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def g():
            yield 1

        def h():
            yield 2

        x = g()
        del x
        print("dropped")
        y = g()
        next(y)
        del y
        z = h()
        z.close()
        print("closed")
        """
    )
    tracks = list(traced.timeline.tracks.values())[1:]
    told = [(track.base_name, track.outcome, len(track.steps), track.inferred) for track in tracks]
    assert told == [("g", words.DROPPED, 0, None), ("g", words.CLOSED, 2, None), ("h", words.CLOSED, 0, None)]
    dropped, closed = (output.t_ns for output in traced.timeline.outputs)
    first, second, third = tracks
    assert first.exit_ns < dropped < second.exit_ns < third.exit_ns < closed


def test_a_coroutine_that_is_never_awaited(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import warnings
        warnings.simplefilter("ignore")

        async def fetch():
            pass

        async def fine():
            pass

        fetch()
        kept = fine()
        try:
            kept.send(None)
        except StopIteration:
            pass
        closed = fine()
        closed.close()
        """
    )
    (track,) = traced.tracks("fetch")
    assert (track.outcome, len(track.steps), track.inferred) == (words.DROPPED, 0, None)
    assert (track.doubt is None) == (sys.version_info >= (3, 12))
    (found,) = traced.problems
    assert (found.kind, found.line, found.sentence.partition(":")[0]) == ("never_started", 11, "fetch never ran")


def test_the_innermost_of_a_chain_is_closed_first(trace_source: TraceSource) -> None:
    """Also where it is suspended outside of any block, and so does not run for that."""
    traced = trace_source(
        """
        def inner():
            yield 1

        def middle():
            yield from inner()

        def outer():
            try:
                yield from middle()
            finally:
                pass

        for how in ("close", "drop"):
            x = outer()
            next(x)
            if how == "close":
                x.close()
            del x
        """
    )
    ended = [traced.timeline.name(track) for track in traced.timeline.exits]
    assert ended == ["inner-1", "middle-1", "outer-1", "inner-2", "middle-2", "outer-2", "main"]
    assert [traced.outcome(name) for name in ended[:6]] == [words.CLOSED] * 6


def test_a_generator_that_yields_or_raises_while_it_is_closed(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def yields():
            try:
                yield 1
            finally:
                yield 2

        def raises():
            try:
                yield 1
            finally:
                raise KeyError

        def thrown():
            try:
                yield 1
            except GeneratorExit:
                yield 2

        kept = [yields(), raises()]
        for g in kept:
            next(g)
            try:
                g.close()
            except (RuntimeError, KeyError):
                pass
        g = thrown()
        next(g)
        g.throw(GeneratorExit)
        """
    )
    steps = [(cause, value) for origin, cause, _, value in traced.hand_overs if origin != "main"]
    assert [cause for cause, _ in steps] == ["yield", "ignored", "yield", "raise", "yield", "yield"]
    assert steps[1] == ("ignored", "2")
    assert traced.outcome("raises") == words.RAISED


def test_what_waits_for_one_that_raises_while_it_is_closed_is_thrown_into(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner(again):
            try:
                yield 1
            finally:
                if again:
                    yield 2
                raise KeyError

        def passes(again):
            yield from inner(again)

        def catches():
            try:
                yield from inner(False)
            except KeyError:
                return 5

        kept = [passes(False), passes(True), catches()]
        for g in kept:
            next(g)
            try:
                g.close()
            except (RuntimeError, KeyError):
                pass
        """
    )
    into = [(to, cause) for origin, cause, to, _ in traced.hand_overs if origin == "main" and cause != "next"]
    assert [cause for to, cause in into if not to.startswith("inner")] == ["throw", "throw", "throw"]
    outcomes = [(track.base_name, track.outcome) for track in traced.timeline.tracks.values()]
    assert [outcome for name, outcome in outcomes if name in ("passes", "catches")] == [
        words.RAISED, words.RAISED, words.RETURNED,
    ]


def test_what_goes_on_behind_a_throw_does_not_yield_for_another(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def inner():
            try: yield 1
            except ValueError: return
            yield None

        def outer(a):
            yield from inner()
            a.send("s")
            yield 3

        a = inner()
        next(a)
        o = outer(a)
        next(o)
        o.throw(ValueError("v"))
        """
    )
    assert [(cause, to, value) for cause, to, value in ways(traced)][8:] == [
        ("return", "outer", "None"), ("send", "inner-1", "'s'"), ("yield", "outer", "None"), ("yield", "main", "3"),
    ]
