"""The recorder in C: it tells the same as the one in Python, and keeps nothing of the program's."""

from __future__ import annotations

import struct
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hatch_build
from tests.soak import SOAK, count
from tests.tracers.conftest import TraceSource
from tests.tracers.traced import BY_WAY_OF_C, SCENARIOS, Traced, bare, trace
from tests.truth import runs
from tests.truth.languages import LANGUAGES
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.jsonl import json_lines
from visualizer.trace import words
from visualizer.trace.events import Packed, Serves, decode_event
from visualizer.trace.events import Rows as RowsLine
from visualizer.trace.packing import unpacked
from visualizer.tracers.core import compiled
from visualizer.tracers.core.rows import AROUND, MOST_DIGITS, PARTS, ROW, Rows, put_pieces
from visualizer.tracers.core.stored import StoredAttributes

in_c = pytest.mark.skipif(
    compiled.recorder(compiled._monotonic_ns) is None, reason="the recorder in C is not built, or not wanted"
)
knows_owners = pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="tells whose code stands in a table by Linux's /proc"
)
#: Of programs: whether what stands for a function in C is the recorder's.
OWNER = """
        import ctypes

        def word(address):
            return ctypes.c_void_p.from_address(address).value

        def owner(function):
            # A method descriptor has its definition behind the two words of each object, its type, name and qualified
            # name; a function of a module behind two words. In that, the function comes second.
            words = 2 if type(function) is type(len) else 5
            word_size = ctypes.sizeof(ctypes.c_void_p)
            stands = word(word(id(function) + words * word_size) + word_size)
            with open("/proc/self/maps") as maps:
                for line in maps:
                    first, last = (int(one, 16) for one in line.split()[0].split("-"))
                    if first <= stands < last:
                        return "_recorder" in line
"""
#: Scenarios in which nothing but the program itself says what happens next: no thread, no port, no time limit.
REPEATABLE = (
    "asyncio_hello", "buns", "deadlock", "generator_states", "gevent_queue", "gevent_yield", "greenlet_throw",
    "ping_pong", "producer_consumer", "round_robin", "three_way",
)  # fmt: skip
#: What depends on when the flushing thread looked, or the operating system was asked.
_OF_LUCK = ("sample", "idle", "poll")
#: What Python's on 3.11 is told of methods and `next` alone, and the one in C of loops and `list` as well.
_OF_C_ALONE = ("refused",) if sys.version_info < (3, 12) else ()


def _is_comparable(event: dict[str, Any]) -> bool:
    """Whether both tell it of any program. Who is collected unseen is missed as soon as another one is where it was."""
    return event["event"] not in _OF_C_ALONE and "when is not known" not in (event.get("inferred") or "")


#: Everything that the short ways know, and what is near to it: each place is met often enough to be known.
_PROGRAM = """
    import gevent
    import greenlet

    def echo():
        got = yield "ready"
        while True:
            try:
                got = yield got
            except ValueError as error:
                got = yield error
    def numbers(count):
        for number in range(count):
            yield number
    def through(count):
        yield from numbers(count)
        return (yield None)
    class Thing:
        pass
    class Meta(type):
        def __hash__(self):
            raise SystemExit("hash")
        def __eq__(self, other):
            raise SystemExit("eq")
    class Odd(metaclass=Meta):
        pass
    class Text(str):
        def __hash__(self):
            raise SystemExit("hash")
    def renamed(name):
        Renamed.__name__ = name
        return Renamed()
    class Renamed:
        pass
    named = [type(name, (), {})() for name in ("list", "True", "ValueError", "NoneType")]
    named.append(renamed(Text("Text")))
    class Number(int):
        pass
    class Failed(ValueError):
        def __repr__(self):
            raise SystemExit("repr")
    def step(generator, values):
        send = generator.send
        for value in values:
            generator.send(value)
            send(value)
            type(generator).send(generator, value)

    values = [1, 2, 1, "text", None, True, False, 1.5, 10 ** 9, Thing(), "x" * 90, ()] * 3
    values += [-1, 0, 500_000_000, -500_000_000, 500_000_001, 2 ** 31, 2 ** 63, 2 ** 200] * 3
    values += [Odd(), object(), Number(1)] * 3
    values += [*named, [], True, ValueError(1), Failed(1), None, b"", {}, Meta, print, 1j, values.append] * 3
    def things():
        for value in values:
            yield value
        for name in ("One", "Two", "One", "list"):
            yield renamed(name)
    for handled in (False, True):
        for _ in range(3):
            generator = echo()
            next(generator)
            if handled:
                try:
                    raise KeyError("handled meanwhile")
                except KeyError:
                    step(generator, values)
            else:
                step(generator, values)
            generator.throw(ValueError("thrown"))
            generator.send(1)
            generator.close()
    for _ in range(3):
        for _ in numbers(20):
            pass
        for _ in things():
            pass
        list(through(3))
    shared, others = echo(), numbers(40)
    next(shared)
    step(shared, values)
    for _ in range(3):
        next(others)
        step(shared, values)

    # Generators made, begun and ended where others were; some never begun, closed, collected, refused.
    def several(count):
        for number in range(count):
            got = yield number
            yield got
            yield "text"
    def failing(count):
        yield count
        raise ValueError(count)
    def returning():
        yield
        return 5
    class Makes:
        def method(self, count):
            yield count
        @classmethod
        def of_class(cls, count):
            yield cls
        def __iter__(self):
            yield 1
    def closure(count):
        def inside():
            yield count
            yield count
        return inside()
    def nested(depth):
        if depth:
            yield from nested(depth - 1)
            for number in nested(depth - 1):
                yield number
        yield depth
    async def coroutine():
        return 1
    kept_for_later = []
    def make(number):
        for _ in numbers(number % 3):
            pass
        for function in (numbers, several):
            for _ in function(2):
                pass
        made = several(3)
        if number % 4 == 1:
            next(made)
        elif number % 4 == 2:
            made.send(None)
            made.send(number)
            made.send(number + 1)
        elif number % 4 == 3:
            kept_for_later.append(made)
            for _ in kept_for_later[0]:
                break
        if number % 5 == 0:
            made.close()
        for value in closure(number):
            for one in Makes():
                list(Makes().method(one))
            for _ in Makes.of_class(1):
                pass
        for _ in returning():
            pass
        for _ in nested(2):
            pass
        try:
            for _ in failing(number):
                pass
        except ValueError:
            pass
        try:
            numbers()
        except TypeError:
            pass
        first, second = numbers(1), numbers(2)
        for _ in second:
            pass
        del second
        for _ in first:
            pass
        coroutine().close()
        [*map(numbers, [1, 2])]
        lazily = (one for one in numbers(2))
        for _ in lazily:
            numbers(1)
        return made
    def alternating(generator):
        next(generator)
        for number in range(6):
            generator.send(number)
            generator.send("text")
            getattr(generator, "send")(True)
        way = generator.send if number % 2 else generator.throw
        for way in (generator.send, generator.throw, generator.send):
            way(ValueError("sent or thrown"))
    last = None
    for number in range(16):
        last = make(number)
        alternating(echo())

    main = greenlet.getcurrent()
    def back(value=None):
        kept = value
        def inside():
            nonlocal kept
            kept = main.switch(kept)
        while True:
            main.switch()
            value = main.switch(value)
            main.switch("a constant")
            main.switch(value, 1)
            main.switch([value])
            inside()
            del kept
            kept = (value, 1) if value == 2 else value
    def forth(other, number):
        for value in values:
            other.switch(value)
            number += other.switch(number) is None
            other.switch()
    first, second = greenlet.greenlet(back), greenlet.greenlet(back)
    for _ in range(6):
        first.switch()
        second.switch(1)
    first.throw()
    forth(greenlet.greenlet(back), 0)
    forth(second, 10 ** 9)
    for value in values:
        second.switch(value)
    def gives_way(count):
        for _ in range(count):
            gevent.sleep(0)
        if count == 20:
            main = greenlet.getcurrent()
            def back(value):
                while True:
                    value = main.switch(value)
            forth(greenlet.greenlet(back), count)
    gevent.joinall([gevent.spawn(gives_way, count) for count in (5, 20, 20)])

    # Tasks that give way, at several places and between other waits, end, fail and are cancelled.
    import asyncio
    async def turns(count, every=99):
        for number in range(1, count):
            await asyncio.sleep(0)
            if number % every == 0:
                await asyncio.sleep(0)
                await turns(2)
    async def failing():
        await turns(4)
        raise ValueError("failed")
    async def futures():
        for _ in range(9):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(future.set_result, 1)
            await future
            await asyncio.sleep(0)
    async def tasks():
        endless = asyncio.create_task(turns(10 ** 9))
        some = turns(30), turns(20, 3), futures(), failing(), turns(9)
        await asyncio.gather(*some, return_exceptions=True)
        endless.cancel()
        await turns(9)
    for _ in range(2):
        asyncio.run(tasks())
"""

#: A place that calls `send` of generators for long, and then of whatever there is; and one that does so by turns.
_SENDS = """
    def echo():
        got = yield "ready"
        while True:
            try:
                got = yield got
            except ValueError as error:
                got = yield error
    def sends(target, value):
        return target.send(value)
    def calls(method, *values):
        return method(*values)
    def ends(count):
        for _ in range(count):
            yield (yield "twice")
        return count
    def awaits(count):
        return (yield from ends(count))
    def itself():
        me = yield
        while True:
            try:
                me = yield sends(me, 1)
            except ValueError as error:
                me = yield str(error)
    async def sleeps():
        return await Awaited()
    class Awaited:
        def __await__(self):
            return (yield from ends(2))
    async def gives():
        got = yield 1
        yield got
    kept = []
    def tries(target, values, by=sends):
        # Else another one may have its address, or not.
        kept.append(target)
        for value in values:
            try:
                by(target, value)
            except (StopIteration, StopAsyncIteration, RuntimeError, TypeError, ValueError, KeyError):
                pass
    long = echo()
    next(long)
    for number in range(40):
        sends(long, number)
        calls(long.send, number)
        if number % 8 == 5:
            calls(long.throw, ValueError(number))
    for number in range(20):
        tries(ends(number % 3), [None, 1, number, None, 2])
        tries(ends(1), [number])
        tries(awaits(2), [None, 3, number, "text", 5])
        own = itself()
        tries(own, [None, own, own, long])
        own.close()
        tries(sleeps(), [None, None, 1, 2, 3, 4, 5])
        given = gives()
        tries(given.asend(None), [None])
        tries(given.asend(number), [None, None])
        tries(sleeps().__await__(), [None, 1, 2, 3, 4])
        for method in (long.send, ends(1).close, awaits(1).send, long.throw):
            tries(method, [None, KeyError("thrown, or not")], calls)
        kept.append(long)
        long = echo()
        calls(long.send, None)
        try:
            long.send()
        except TypeError:
            pass
    by_hand = long.send
    for number in range(40):
        by_hand(number)
    tries(ends(2), [None, 1], lambda target, value: target.send(value))
    for method in [long.send] * 20 + [long.throw, long.close, ends(1).close, sleeps().close, sleeps().throw, print]:
        try:
            method(ValueError()) if method.__name__ != "close" else method()
        except ValueError:
            pass
"""

#: Calls that make generators, in many ways, and what is near to them.
_BIRTHS = """
    import functools
    import gc
    import types

    def numbers(count, *more, **named):
        for number in range(count):
            yield number
    def others(count):
        yield "text"
    def strict(*, wanted):
        yield wanted
    def ordinary(count):
        return [count]
    async def coroutine(count):
        return count
    async def asynchronous(count):
        yield count
    class Callable:
        def __call__(self, count):
            yield count
    def wrapped(function):
        @functools.wraps(function)
        def inside(*args, **named):
            return function(*args, **named)
        return inside
    by_name = wrapped(numbers)
    part = functools.partial(numbers, 1)
    cached = functools.lru_cache(lambda count: numbers(count))
    copy = types.FunctionType(numbers.__code__, globals(), "copy")

    def use(made):
        for kind, way in ((types.CoroutineType, "close"), (types.AsyncGeneratorType, "aclose")):
            if type(made) is kind:
                done = getattr(made, way)()
                return done.close() if done is not None else None
        for _ in made:
            pass
    def make(turn):
        arguments, named = [2], {"also": turn}
        use(numbers(*arguments))
        use(numbers(*arguments, **named))
        use(numbers(1, turn, other=turn))
        use(by_name(2))
        use(part())
        use(cached(turn % 2))
        use(copy(1))
        use(Callable()(1))
        def closure(count):
            yield turn
        use(closure(1))
        for function in (numbers, others, ordinary, coroutine, numbers, asynchronous, closure, others):
            use(function(1))
        # It refuses, and is then called without its call being seen.
        for function in (strict, numbers):
            try:
                function()
            except TypeError:
                use(*map(numbers, [1]))
        use(strict(wanted=turn))
        # From then on one place calls it by way of something else, and the other is refused before.
        use((part if turn > 12 and turn % 2 else numbers)(1))
        for given in ((), (1,)):
            try:
                use((numbers if turn % 2 else others)(*given))
            except TypeError:
                use(part())
        if turn % 3 == 0:
            copy.__code__ = (others if copy.__code__ is numbers.__code__ else numbers).__code__
        circle = [numbers(1)]
        circle.append(circle)
        numbers(turn)
        del circle
        gc.collect()
        both = numbers(1), others(1)
        use(both[1])
        return both[0]

    gc.disable()
    last = None
    for turn in range(24):
        last = make(turn)
"""


#: Whatever wakes others in gevent, by the same places again and again, in an order that random numbers say.
_WAKES = """
    import gevent
    from gevent.event import AsyncResult, Event
    from gevent.lock import BoundedSemaphore, RLock, Semaphore
    from gevent.pool import Pool
    from gevent.queue import Channel, Empty, Full, LifoQueue, PriorityQueue, Queue, SimpleQueue
    from functools import partial
    from random import Random

    class Slow(Queue):
        def _put(self, item):
            super()._put(item)
    class Named(Semaphore):
        pass
    class Holder:
        kept = Semaphore(1)
        __slots__ = ("queue", "slot")
        def __init__(self, queue):
            self.queue = queue
            self.slot = Semaphore(1)
    class Plain:
        def __init__(self, queue):
            self.queue = queue
            self.owner = Holder(queue)
        @property
        def same(self):
            return self.queue

    random = Random(5)
    queues = [Queue(1), Queue(), Queue(3), SimpleQueue(2), Slow(1), LifoQueue(2), PriorityQueue(2), Channel()]
    semaphores = [Semaphore(1), BoundedSemaphore(2), Named(1), Semaphore(0)]
    events = [Event(), Event()]
    rlock = RLock()

    def puts(items, count):
        for number in range(count):
            items.put(number)
            if random.random() < 0.2:
                gevent.sleep(0)
    def gets(items, count):
        for _ in range(count):
            items.get()
            if random.random() < 0.2:
                gevent.sleep(0)
    def tries(items, count):
        for number in range(count):
            try:
                items.put_nowait(number) if random.random() < 0.5 else items.get_nowait()
            except (Empty, Full):
                gevent.sleep(0)
    def peeks(items):
        for _ in range(4):
            items.peek()
            gevent.sleep(0)
    def by_attribute(plain, count):
        for number in range(count):
            plain.queue.put(number)
            plain.owner.queue.get()
            with plain.owner.slot:
                plain.owner.kept.acquire()
                gevent.sleep(0)
                plain.owner.kept.release()
            plain.same.put(number)
            plain.same.get()
    def switches_between(count):
        # The same place, and another thing each time, some of which are gone the next time.
        for number in range(count):
            items = queues[number % 3] if number % 2 else Queue(1)
            other = gevent.spawn(items.put, number)
            items.get()
            other.join()
    def locks(semaphore, count):
        for number in range(count):
            with semaphore:
                gevent.sleep(0)
                if number % 3 == 0:
                    with rlock:
                        gevent.sleep(0)
                        with rlock:
                            pass
            semaphore.acquire()
            if number % 2:
                gevent.sleep(0)
            semaphore.release()
    def releases(semaphore, count):
        for number in range(count):
            semaphore.release()
            if number % 3 == 0:
                gevent.sleep(0)
    def acquires(semaphore, count):
        for _ in range(count):
            semaphore.acquire()
    def held(first, second, count):
        for _ in range(count):
            with first:
                second.acquire()
                gevent.sleep(0)
                second.release()
    def waits(first, second, count):
        for _ in range(count):
            first.wait()
            first.clear()
            second.set()
    def asks(items, count):
        for number in range(count):
            result = AsyncResult()
            items.put(result)
            try:
                result.get()
            except ValueError:
                pass
    def answers(items, count):
        for number in range(count):
            result = items.get()
            result.set_exception(ValueError(number)) if number % 3 == 0 else result.set(number)
    def spawns(*args):
        return gevent.spawn(gevent.sleep, 0)
    class Has:
        def method(self=None):
            pass
    class Spawned(gevent.Greenlet):
        def _run(self):
            return 1
    def says(*values):
        return values[0] if values else None
    def waits_for(*values):
        gevent.sleep(0)
    def called_else(*values):
        pass
    called_else.__name__ = "says"
    def of_cell(number):
        def says(*values):
            return number
        return says
    def spawns_others(count):
        # At one place: the same, the same again, and something else in between.
        functions = [says, says, says, waits_for, says, called_else, says, of_cell(1), of_cell(2), of_cell(3), int]
        functions += [partial(says, 1), partial(says, 2), Has().method, Has().method, Has.method, says]
        kept = []
        for number in range(count):
            for function in functions:
                gevent.spawn(function)
                gevent.spawn(says, number)
                named = gevent.Greenlet(says, number)
                if number % 3 == 0:
                    named.name = "named by the program"
                named.start()
                kept.append(named)
                Spawned().start()
                never = gevent.spawn(says)
                if number % 4 == 0:
                    never.kill()
                del never, named
                if len(kept) > 7:
                    del kept[:5]
            gevent.sleep(0)
            gevent.spawn(gevent.spawn, says).join()
            for one in kept:
                one.join()
    def joins_made(count):
        for number in range(count):
            spawn = gevent.spawn if number % 7 else spawns
            spawn(gevent.sleep, 0).join()
            gevent.spawn(int).join()
            gevent.spawn(int).join(9)
    def joins(count):
        for number in range(count):
            gevent.spawn(gevent.sleep, 0).join()
            gevent.joinall([gevent.spawn(int), gevent.spawn(gets, Queue(1, [1]), 1)])
            gevent.wait([gevent.spawn(int), Event()], count=1)
            ended = gevent.spawn(int)
            gevent.sleep(0)
            ended.join()
            ended.get()
            failing = gevent.spawn(int, "no number")
            failing.link(lambda greenlet: None)
            try:
                failing.get()
            except ValueError:
                pass
            killed = gevent.spawn(gets, Queue(), 1)
            if number % 2:
                gevent.sleep(0)
            killed.kill()
    def pools(count):
        pool = Pool(2)
        for _ in range(count):
            pool.map(abs, range(5))
            list(pool.imap_unordered(abs, range(3)))
    def unfinished(items, count):
        for number in range(count):
            items.put(number)
        items.join()
    def finishes(items, count):
        for _ in range(count):
            items.get()
            items.task_done()

    # What went wrong is nobody's concern but the hub's.
    gevent.get_hub().print_exception = lambda *_: None
    for turn in range(3):
        started = []
        for items in queues:
            for count in (9, 13):
                started += [gevent.spawn(puts, items, count), gevent.spawn(gets, items, count)]
        plain = Plain(Queue(1))
        started += [gevent.spawn(by_attribute, plain, 5), gevent.spawn(by_attribute, plain, 7)]
        started += [gevent.spawn(switches_between, 8)]
        for semaphore in semaphores[:3]:
            started += [gevent.spawn(locks, semaphore, 6), gevent.spawn(locks, semaphore, 5)]
        started += [gevent.spawn(held, semaphores[0], semaphores[1], 4) for _ in range(3)]
        started += [gevent.spawn(releases, semaphores[3], 20), gevent.spawn(acquires, semaphores[3], 12)]
        started += [gevent.spawn(acquires, semaphores[3], 8)]
        started += [gevent.spawn(waits, events[0], events[1], 9), gevent.spawn(waits, events[1], events[0], 8)]
        events[0].set()
        asked = Queue()
        started += [gevent.spawn(asks, asked, 9), gevent.spawn(answers, asked, 9)]
        started += [gevent.spawn(joins, 4), gevent.spawn(pools, 3)]
        started += [gevent.spawn(joins_made, 9)]
        started += [gevent.spawn(spawns_others, 12)]
        joined = Queue(2)
        started += [gevent.spawn(unfinished, joined, 9), gevent.spawn(finishes, joined, 9)]
        shared = Queue(2)
        started += [gevent.spawn(tries, shared, 40), gevent.spawn(peeks, shared)]
        gevent.joinall(started[:-2])
        gevent.killall(started)
"""


#: Greenlets that are switched to, and end, in all ways: returning, raising, thrown into, collected (some of them while
#: another one is), with parents that are dead, or have not begun. First without what has hooks take the long way for
#: good.
_SWITCHES = """
    import greenlet
    import os
    import sys
    from functools import partial
    from random import Random

    class Ended(Exception):
        pass
    class Sub(greenlet.greenlet):
        pass
    # greenlet says there whom its end did not end.
    sys.stderr = open(os.devnull, "w")
    main = greenlet.getcurrent()
    log = []
    choices = Random(7)

    def returns(value):
        for _ in range(3):
            value = main.switch(value)
        return value
    def returns_nothing():
        main.switch()
        main.switch()
    def raises(value):
        main.switch(value)
        main.switch()
        raise Ended(value)
    def kept(value):
        try:
            while True:
                main.switch(value)
        finally:
            log.append(value)
    def parts(value):
        # Whoever ends it does so in the middle of something, and gets there only later.
        try:
            main.switch()
            main.switch()
        finally:
            main.switch("not yet")
            main.switch("still not")
    def nested(other):
        try:
            main.switch()
            main.switch()
        finally:
            del other[:]
    def swallows():
        while True:
            try:
                main.switch()
            except (Ended, greenlet.GreenletExit):
                log.append("swallowed")
                main.switch()
                return 5
    def child_of(parent_function, number):
        parent = greenlet.greenlet(parent_function)
        child = greenlet.greenlet(lambda: main.switch(number), parent)
        return parent, child
    def answers(*got):
        while True:
            got = main.switch(got)
    def chain(depth):
        if depth:
            inner = greenlet.greenlet(chain)
            return inner.switch(depth - 1)
        main.switch("deep")
        return depth
    def attempt(function, *args, **kwargs):
        try:
            log.append(function(*args, **kwargs))
        except (Ended, greenlet.error, ValueError, TypeError) as error:
            log.append(type(error).__name__)

    def one_round(number):
        one = greenlet.greenlet(returns)
        for value in (number, "text", None):
            one.switch(value)
        attempt(one.switch, 1)
        attempt(one.switch, "dead")
        two = greenlet.greenlet(returns_nothing)
        two.switch(), two.switch(), two.switch()
        three = greenlet.greenlet(raises)
        three.switch(number), three.switch()
        attempt(three.switch)
        four = greenlet.greenlet(kept)
        four.switch(number), four.switch()
        del four
        six = greenlet.greenlet(kept)
        six.switch("six"), six.switch()
        seven = greenlet.greenlet(nested)
        held = [six]
        del six
        seven.switch(held), seven.switch()
        del held
        del seven
        eleven = Sub(answers)
        for args in ((), (number,), (number, 2), ((number,),), ([],)):
            eleven.switch(*args)
        eleven.switch(key=number), eleven.switch(number, key=2), eleven.switch(*(), **{})
        method = eleven.switch
        method(number), partial(method, number)(), greenlet.greenlet.switch(eleven, number)
        log.extend(map(method, range(2)))
        attempt(method, number)
        attempt(main.switch, "itself")
        attempt(greenlet.greenlet.switch, 3)
        deep = greenlet.greenlet(chain)
        deep.switch(3)
        attempt(deep.switch)
        attempt(deep.switch)

    def throws(number):
        five = greenlet.greenlet(parts)
        five.switch(number), five.switch()
        del five
        for thrown in ((), (Ended,), (Ended, "with a text")):
            eight = greenlet.greenlet(kept)
            eight.switch(8), eight.switch()
            attempt(eight.throw, *thrown)
            nine = greenlet.greenlet(swallows)
            nine.switch(), nine.switch()
            attempt(nine.throw, *thrown)
            attempt(nine.switch)
            unborn = greenlet.greenlet(kept)
            attempt(unborn.throw, *thrown)
    def parents(number):
        parent, child = child_of(returns, number)
        child.switch()
        # Its end begins its parent.
        attempt(child.switch, 1)
        attempt(parent.switch)
        other = greenlet.greenlet(returns)
        ten = greenlet.greenlet(returns_nothing)
        ten.switch(), ten.switch()
        ten.parent = other
        attempt(ten.switch)
        attempt(setattr, ten, "parent", None)
    def traces(number):
        seen = []
        greenlet.settrace(lambda event, args: seen.append(event))
        one_round(number)
        greenlet.settrace(None)
        log.append(seen)

    # In no order.
    alive = []
    def wanders(value):
        for _ in range(choices.randrange(1, 30)):
            value = goes_on(value)
        if choices.random() < 0.3:
            raise Ended
        return value
    def goes_on(value):
        what = choices.random()
        if alive and what < 0.6:
            return choices.choice(alive).switch(value)
        if what < 0.7:
            return main.switch(value)
        if what < 0.8:
            new = greenlet.greenlet(wanders, choices.choice(alive) if alive and choices.random() < 0.3 else None)
            if choices.random() < 0.5:
                alive.append(new)
            return new.switch(value)
        if alive and what < 0.85:
            return choices.choice(alive).throw(Ended)
        if alive and what < 0.93:
            del alive[choices.randrange(len(alive))]
        return value
    def in_no_order(count):
        for number in range(count):
            attempt(goes_on, number)
            alive[:] = [one for one in alive if not one.dead]
        del alive[:]

    for number in range(8):
        one_round(number)
    in_no_order(300)
    for number in range(8):
        one_round(number)
        throws(number)
    in_no_order(300)
    traces(99)
    for number in range(4):
        one_round(number)
        parents(number)
    in_no_order(100)
    print(len(log), hash(tuple(map(str, log))))
"""

#: Generators and coroutines that wait for others: resumed, sent to, thrown into, closed and collected through these.
_CHAINS = """
    import gc
    import greenlet
    from random import Random

    choices = Random(13)

    class Thing:
        pass
    def count(number):
        for one in range(number):
            yield one
        return number
    def echo(first):
        got = yield first
        while True:
            try:
                got = yield got
            except ValueError as error:
                got = yield error
            if got == "end":
                return first
    def through(inner):
        return (yield from inner)
    def chain(inner, depth):
        for _ in range(depth):
            inner = through(inner)
        return inner
    def by_turns(*inners):
        found = []
        for inner in inners:
            found.append((yield from inner))
            yield "between"
        yield found
        return found
    def pipeline(number):
        for one in through(count(number)):
            yield one
            got = yield one * 2
            if got is not None:
                yield got
    def tree(depth):
        if depth:
            yield from tree(depth - 1)
            yield depth
            yield from tree(depth - 1)
    def forever(inners):
        while True:
            try:
                yield from choices.choice(inners)
            except ValueError:
                yield "caught"
    def ignores(inner):
        try:
            yield from inner
        except GeneratorExit:
            yield "ignored"
    def cleans(inner):
        try:
            return (yield from inner)
        finally:
            list(count(2))
    def fails(number):
        yield number
        yield number
        raise KeyError(number)
    def resumed(inner):
        while True:
            yield next(inner)
    def slowly(number):
        for one in range(number):
            main.switch(one)
            yield one
    values = [None, 1, 2, "text", True, 1.5, 10 ** 9, 2 ** 70, Thing(), "x" * 90, (), [1], ValueError(1), b"", Thing]
    values *= 2

    class Future:
        def __await__(self):
            got = yield self
            return got
    class Again:
        def __await__(self):
            return through(count(2))
    async def waits(number):
        got = None
        for _ in range(number):
            got = await Future()
        return got
    async def waits_deeply(depth, number):
        if depth:
            got = await waits_deeply(depth - 1, number)
            await Again()
            return got
        await Future()
        return await waits(number)
    async def gives(number):
        for one in range(number):
            got = await Future()
            yield got
            yield one
    async def takes(number):
        async for _ in gives(number):
            await waits(1)
        return [one async for one in gives(number)]
    def loop(coroutines, values=(None,)):
        ready, turn = list(coroutines), 0
        for coroutine in ready:
            coroutine.send(None)
        while ready:
            coroutine = ready.pop(0)
            try:
                turn += 1
                coroutine.send(values[turn % len(values)])
                ready.append(coroutine)
            except (StopIteration, KeyError) as error:
                log.append(str(error))

    log = []
    def attempt(do, *args):
        try:
            log.append(str(type(do(*args))))
        except (Exception, greenlet.GreenletExit) as error:
            log.append(type(error).__name__)
    def drive(generator, values):
        attempt(next, generator)
        for value in values:
            attempt(generator.send, value)
            attempt(next, generator)

    def one_round(number):
        for depth in (0, 1, 2, 5):
            log.append(list(chain(count(5), depth)))
            drive(chain(echo(number), depth), values)
            thrown = chain(echo(number), depth)
            attempt(next, thrown)
            attempt(thrown.throw, ValueError(1))
            attempt(thrown.send, 5)
            attempt(next, thrown)
            attempt(thrown.throw, KeyError(1))
            attempt(next, thrown)
            closed = chain(cleans(echo(number)), depth)
            attempt(next, closed), attempt(next, closed)
            closed.close()
            ended = chain(echo(number), depth)
            attempt(next, ended)
            attempt(ended.send, "end")
            collected = chain(cleans(count(9)), depth)
            attempt(next, collected), attempt(next, collected)
            del collected
            stubborn = chain(ignores(count(9)), depth)
            attempt(next, stubborn), attempt(next, stubborn)
            attempt(stubborn.close)
            attempt(list, chain(fails(number), depth))
            attempt(list, by_turns(chain(count(3), depth), count(0), map(str, chain(count(3), depth)), range(2)))
        log.append(list(tree(4)))
        log.append(list(pipeline(4)))
        drive(pipeline(9), [None, 1, None, 2, Thing()])
        attempt(list, resumed(chain(count(4), 2)))
        # One that was begun by hand, and goes on in several, which come and go.
        shared = count(40)
        next(shared)
        for _ in range(4):
            holds = chain(shared, number % 3)
            attempt(next, holds), attempt(next, holds), attempt(next, shared)
            kept.append(holds)
        # They change whom they delegate to.
        inners = [count(5), chain(echo(1), 2), by_turns(count(2), count(2)), chain(count(8), 3), range(3)]
        changing = forever(inners)
        for _ in range(60):
            attempt(next, changing)
            if choices.random() < 0.3:
                attempt(changing.send, choices.choice(values[:9]))
            if choices.random() < 0.1:
                attempt(changing.throw, ValueError(2))
        # Coroutines, by hand.
        loop(waits_deeply(depth, 4) for depth in (0, 1, 2, 4))
        loop([waits_deeply(depth, 4) for depth in (0, 1, 4)], values)
        loop(takes(3) for _ in range(2))
        # A greenlet is left in the middle of a chain.
        one, other = (greenlet.greenlet(lambda: list(chain(slowly(5), depth))) for depth in (1, 3))
        while not (one.dead and other.dead):
            one.switch()
            other.switch()
        halfway = greenlet.greenlet(lambda: list(cleans(chain(slowly(5), 2))))
        halfway.switch()
        halfway.switch()
        attempt(halfway.throw, KeyError)
        # Frames that are used again.
        for _ in range(6):
            for first in chain(count(3), 3):
                if first == number % 3:
                    break

    main = greenlet.getcurrent()
    kept = []
    # What is collected later is told later.
    gc.disable()
    for number in range(4):
        one_round(number)
    print(len(log), len(str(log)))
"""


#: Whom ends wake again and again is stored in another way than who is woken once.
_JOINS = """
    import gevent
    def nothing():
        pass
    def join(count):
        for _ in range(count):
            gevent.spawn(nothing).join()
    join(5)
    gevent.joinall([gevent.spawn(join, count) for count in range(5)])
"""


def _events(traced: Traced, limit: float = 0) -> list[dict[str, Any]]:
    """What `visualizer events` prints, without the times and what comes by luck.

    `limit`: the longest, in seconds, that may have begun long before a wait does, of which only the rest is told.
    """
    lines = b"".join(json_lines(traced.timeline)).splitlines()
    events = [msgspec.json.decode(line) for line in lines]
    for event in events:
        for name in [name for name in event if name == "t" or name.endswith("_s")]:
            del event[name]
        seconds = event.get("seconds") or 0
        if event["event"] == "wait" and 0 < seconds < limit and round(seconds, 4) != seconds:
            # By the clock: no number that a program of these has.
            event["seconds"] = "left"
    told = [event for event in events if event["event"] not in _OF_LUCK]
    # Told where another frame comes to be at the same address, or at the end: where, is the allocator's luck.
    late = [event for event in told if (event.get("inferred") or "").endswith("when is not known")]
    return [event for event in told if event not in late] + sorted(late, key=lambda event: event["track"])


def _both(
    script: Path,
    monkeypatch: pytest.MonkeyPatch,
    *args: str,
    comparable: Callable[[Any], bool] = bool,
    limit: float = 0,
) -> None:
    told = []
    for wanted in ("no", "yes"):
        monkeypatch.setenv(compiled.WANTED, wanted)
        traced = trace(script.with_suffix(f".{wanted}"), str(script), *args)
        events = [event for event in _events(traced, limit) if comparable(event)]
        if sys.version_info < (3, 12):
            # The recorder in C tells at once who cancels a task that is ready; in Python it is found when that runs.
            events = [event for event in events if event["event"] != "cancel"]
            # It also has at hand what was sent; in Python the source of the call tells that, or nothing does.
            events = [{name: event[name] for name in event if name != "sent"} for event in events]
        told.append((traced.ended, getattr(traced.timeline.header, "recorder", ""), events))
    (ended, in_python, events), (other_ended, in_c, other_events) = told
    assert (in_python, in_c) == ("Python", "C")
    assert ended == other_ended
    if sys.version_info < (3, 12):
        _leave_out_ends(events, other_events, traced.timeline)
    assert events == other_events


def _leave_out_ends(in_python: list[Any], in_c: list[Any], timeline: Timeline) -> None:
    """Of events, what C alone sees on 3.11: what a raw greenlet's function returns or raises, which its parent gets by
    the next switch; and how it ended, where that is inferred in Python."""
    raw = {track.id for track in timeline.tracks.values() if track.kind == words.GREENLET}
    left_out: tuple[str, ...] = ()
    for pair in zip(in_python, in_c, strict=False):
        names, left_out = left_out, ()
        if pair[0]["event"] == "exit" and pair[0]["track"] in raw:
            names = "value", *(("outcome", "inferred") if pair[0].get("inferred") else ())
            left_out = ("value",)
        for event in pair:
            for name in names:
                event.pop(name, None)


@in_c
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(_PROGRAM, id="steps"),
        pytest.param(_SENDS, id="sends"),
        pytest.param(_BIRTHS, id="births"),
        pytest.param(_WAKES, id="wakes"),
        pytest.param(_SWITCHES, id="switches"),
        pytest.param(_CHAINS, id="chains"),
        pytest.param(_JOINS, id="joins"),
    ],
)
def test_both_recorders_tell_the_same(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(program), encoding="utf-8")
    _both(script, monkeypatch)


@in_c
def test_a_send_that_no_code_in_python_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told for what it is where the method is ours, else as if `next` were called."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            def echo():
                got = yield
                while True:
                    got = yield got
            generator = echo()
            next(generator)
            print(*map(generator.send, range(3)))
            """
        )
    )
    told = {}
    for wanted in ("no", "yes"):
        monkeypatch.setenv(compiled.WANTED, wanted)
        traced = trace(tmp_path / wanted, str(script))
        assert traced.ended.stdout == b"0 1 2\n"
        told[wanted] = [(switch.cause, switch.value) for switch in traced.switches if switch.cause in ("next", "send")]
    assert told["no"] == [("next", None)] * 4
    sent = [("next", None), ("send", "0"), ("send", "1"), ("send", "2")]
    assert told["yes"] == (sent if sys.version_info < (3, 12) else told["no"])


#: What tasks do that wait for one another, each often enough to be known, and what is near to it.
_TASKS = """
    import asyncio
    import socket
    import sys

    async def inner(number):
        if number % 3:
            await asyncio.sleep(0)
        return number
    async def outer(number):
        return await inner(number) + await inner(number + 1)
    def by_hand(number):
        try:
            outer(number).send(None)
        except StopIteration:
            pass
    def numbers(events):
        for event in events:
            event.set()
            yield event
    class Timer:
        async def __aenter__(self):
            await asyncio.sleep(0)
        async def __aexit__(self, *exc):
            await asyncio.sleep(0)
    class Opened:
        def __enter__(self):
            pass
        def __exit__(self, *exc):
            pass
    async def puts(queue):
        for number in range(12):
            await queue.put(number)
    async def gets(queue):
        for _ in range(12):
            await queue.get()
            await outer(1)
    async def waits(event, lock):
        for number in range(8):
            await event.wait()
            event.clear()
            with Opened():
                async with lock:
                    await asyncio.sleep(0)
            async with Timer():
                await outer(number)
    async def future():
        loop = asyncio.get_running_loop()
        for number in range(8):
            future = loop.create_future()
            loop.call_soon(future.set_result, number)
            with Opened():
                await future
            future = loop.create_future()
            if number % 2:
                future.cancel()
            else:
                loop.call_soon(future.set_exception, ValueError(number))
            try:
                await future
            except (ValueError, asyncio.CancelledError):
                pass
    async def joins():
        for number in range(6):
            await asyncio.gather(outer(number), asyncio.create_task(outer(3), name=f"named {number}"))
            await asyncio.create_task(inner(number))
    async def cancels():
        for _ in range(6):
            task = asyncio.create_task(waits(asyncio.Event(), asyncio.Lock()))
            await asyncio.sleep(0)
            task.cancel("enough")
            try:
                await task
            except asyncio.CancelledError:
                pass
    async def reads(mine):
        loop = asyncio.get_running_loop()
        for _ in range(8):
            await loop.sock_recv(mine, 1)
    async def writes(other):
        for _ in range(8):
            other.send(b"x")
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
    async def deep(number):
        await asyncio.sleep(0)
        await inner(number)
    async def sleeps():
        for delay in (0.001, 0.001, 0.001, 0.002, 1e-05, True, 0.001, 0.0015, 0.0015):
            await asyncio.sleep(delay) if delay is not True else await asyncio.sleep(0)
        for _ in range(5):
            async with asyncio.timeout(None):
                await asyncio.sleep(0.001)
        for _ in range(5):
            await asyncio.wait_for(asyncio.sleep(0.001), None)
            await asyncio.create_task(deep(3))
            asyncio.get_running_loop().call_later(0.001, int)
            await asyncio.sleep(0.003)
    async def main():
        queue, event, lock = asyncio.Queue(2), asyncio.Event(), asyncio.Lock()
        await asyncio.gather(puts(queue), gets(queue))
        waiting = [asyncio.create_task(waits(event, lock)) for _ in range(3)]
        setting = numbers([event] * 1000)
        while sum(map(asyncio.Task.done, waiting)) < 3:
            next(setting)
            await asyncio.sleep(0)
        setting.close()
        await future()
        await joins()
        await cancels()
        await sleeps()
        for number in range(6):
            by_hand(number)
            await outer(number)
        if sys.version_info >= (3, 12):
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            await joins()
            await asyncio.gather(puts(queue), gets(queue))
            asyncio.get_running_loop().set_task_factory(None)
            for number in range(6):
                await asyncio.Task(outer(number), eager_start=True, loop=asyncio.get_running_loop())
        mine, other = socket.socketpair()
        mine.setblocking(False)
        await asyncio.gather(reads(mine), writes(other))
        mine.close()
        other.close()
    for _ in range(2):
        asyncio.run(main())
    loops = [asyncio.new_event_loop() for _ in range(2)]
    for loop in loops:
        loop.run_until_complete(joins())
    for loop in loops:
        loop.close()
"""


@in_c
def test_both_recorders_tell_the_same_of_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_TASKS), encoding="utf-8")
    _both(script, monkeypatch)


#: Callbacks of no task, which are called again: of functions, methods, and methods of C's that have one definition for
#: several types; put in by tasks, by each other, by timers and by threads, and some cancelled.
_CALLBACKS = """
    import asyncio, contextvars, functools, sys, threading, time

    class Seen(set):
        def add_one(self, *things):
            self.update(things)
        @classmethod
        def of_all(cls, *things):
            pass

    class Own(asyncio.Future):
        pass

    def plain(*things):
        pass

    def again(count):
        if count:
            loop.call_soon(again, count - 1)
            loop.call_soon(plain)

    async def child():
        await asyncio.sleep(0)

    async def main():
        global loop
        loop = asyncio.get_running_loop()
        seen, other = Seen(), set()
        for number in range(12):
            again(number % 4)
            for call in (plain, seen.add_one, Seen.of_all, seen.discard, other.discard, len, functools.partial(plain),
                         lambda thing: plain()):
                loop.call_soon(call, "thing")
            await asyncio.sleep(0)
            futures = loop.create_future(), Own()
            for future in futures:
                loop.call_soon(future.set_result, 5)
            loop.call_soon(plain).cancel()
            await asyncio.gather(*futures)
            task = asyncio.create_task(child())
            for done in (plain, other.discard, seen.add_one):
                task.add_done_callback(done)
            await task
            event = asyncio.Event()
            loop.call_later(0, event.set)
            await event.wait()
            try:
                async with asyncio.timeout(0):
                    await asyncio.sleep(30)
            except TimeoutError:
                pass

    for _ in range(2):
        asyncio.run(main())
"""


@in_c
def test_both_recorders_tell_the_same_of_callbacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_CALLBACKS), encoding="utf-8")
    _both(script, monkeypatch)
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace(tmp_path / "names", str(script))
    names = [traced.timeline.text(event.what) for event in traced.events if isinstance(event, Serves)]
    assert Counter(name for name in names if name is not None) == {
        "plain": 108, "again": 36, "Seen.add_one": 48, "Seen.of_all": 24, "Seen.discard": 24, "set.discard": 48,
        "len": 24, "main.<locals>.<lambda>": 24, "Future.set_result": 24, "Own.set_result": 24, "Event.set": 24,
    }


@in_c
@pytest.mark.parametrize("call", ["plain", "seen.add_one", "loop.create_future().set_result", "other.discard"])
def test_a_callback_that_was_met_before_calls_nothing_in_python(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        f"""
        import asyncio, sys
        class Seen(set):
            def add_one(self, thing):
                self.add(thing)
        def plain(thing):
            pass
        async def nothing():
            pass
        async def work(count):
            for _ in range(count):
                loop.call_soon({call}, "thing")
                await asyncio.sleep(0)
                task = asyncio.create_task(nothing())
                task.add_done_callback(other.discard)
                await task
        called = set()
        def profile(frame, event, argument):
            code = frame.f_code
            if event == "call" and "visualizer" in code.co_filename:
                called.add(code.co_name)
        async def main():
            global loop, seen, other
            loop, seen, other = asyncio.get_running_loop(), Seen(), set()
            await work(100)
            sys.setprofile(profile)
            await work(100)
            sys.setprofile(None)
            print(*sorted(called & {{"append", "popleft", "made_ready", "begins", "tell_call", "named"}}))
        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"\n", b"")
    assert not traced.timeline.notes


#: A loop that polls for a millisecond before each byte, twice in one thread: each poll is longer than those that only
#: look, and how many there are does not depend on the machine.
_POLLS = """
    import asyncio
    import selectors
    import socket
    import time

    class Slow(selectors.SelectSelector):
        def select(self, timeout=None):
            if timeout != 0:
                time.sleep(0.001)
            return super().select(timeout)

    async def reads(mine, other):
        loop = asyncio.get_running_loop()
        for number in range(20):
            loop.call_soon(other.send, b"x")
            await loop.sock_recv(mine, 1)
            if number % 2:
                await asyncio.sleep(0)

    for _ in range(2):
        mine, other = socket.socketpair()
        mine.setblocking(False)
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Slow())) as runner:
            runner.run(reads(mine, other))
        mine.close()
        other.close()
"""


@in_c
def test_both_recorders_tell_the_same_of_long_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_POLLS), encoding="utf-8")
    told = []
    for wanted in ("no", "yes"):
        monkeypatch.setenv(compiled.WANTED, wanted)
        traced = trace(tmp_path / wanted, str(script))
        assert (traced.ended.code, traced.ended.stderr) == (0, b"")
        states = [traced.states(name) for name in ("loop-1", "loop-2")]
        assert [of_loop.count("IDLE") for of_loop in states] == [20, 20]
        told.append((states, _events(traced)))
    in_python, in_c = told
    assert in_python == in_c


#: A server that is asked for the same and other pages over two connections, by turns, and for what it has not.
_REQUESTS = """
    import asyncio
    import aiohttp
    from aiohttp import web

    async def page(request):
        await asyncio.sleep(0)
        return web.Response(text="ok")

    async def main():
        app = web.Application()
        app.router.add_get("/{name}", page)
        app.router.add_post("/{name}", page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        sessions = [aiohttp.ClientSession() for _ in range(2)]
        for number in range(24):
            for session in sessions:
                method = session.post if number % 5 == 4 else session.get
                path = "a/b" if number % 7 == 6 else f"page{number % 3}?{number}"
                async with method(f"http://{host}:{port}/{path}") as response:
                    await response.read()
        for session in sessions:
            await session.close()
        await runner.cleanup()

    asyncio.run(main())
"""


@pytest.mark.parametrize("wanted", ["C", "Python"])
def test_a_slot_that_tells_what_is_stored_in_it_is_otherwise_a_slot(wanted: str) -> None:
    recorder = compiled.recorder(compiled._monotonic_ns)
    if wanted == "C" and recorder is None:
        pytest.skip("the recorder in C is not built, or not wanted")

    class Connection:
        __slots__ = ("asked",)

    told: list[Any] = []
    failures: list[BaseException] = []

    def tell(connection: Any, value: Any) -> None:
        if value == "bad":
            raise ValueError(value)
        if value == "end":
            raise KeyboardInterrupt
        told.append((connection, value))

    before = Connection.__dict__["asked"]
    stored = StoredAttributes(failures.append, recorder if wanted == "C" else None)
    stored.watch(Connection, "asked", tell, None)
    one: Any = Connection()
    assert Connection.__dict__["asked"] is not before
    assert Connection.asked is before  # type: ignore[attr-defined]
    for value in ("first", None, "bad"):
        one.asked = value
        assert one.asked == value
    assert told == [(one, "first")]
    assert [(type(error), str(error)) for error in failures] == [(ValueError, "bad")]
    with pytest.raises(KeyboardInterrupt):
        one.asked = "end"
    assert one.asked == "end"
    del one.asked
    with pytest.raises(AttributeError):
        _ = one.asked
    with pytest.raises(AttributeError):
        del one.asked
    assert (len(told), len(failures)) == (1, 1)
    references = sys.getrefcount(told), sys.getrefcount(one)
    for _ in range(100):
        one.asked = told
    assert (sys.getrefcount(told), sys.getrefcount(one) - 100) == (references[0] + 101, references[1])
    stored.remove()
    assert Connection.__dict__["asked"] is before


@in_c
def test_both_recorders_tell_the_same_of_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_REQUESTS), encoding="utf-8")
    told = []
    for wanted in ("no", "yes"):
        monkeypatch.setenv(compiled.WANTED, wanted)
        traced = trace(tmp_path / wanted, str(script))
        assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
        of_requests = [event for event in _events(traced) if event["event"] == "serves"]
        # Each request came over one of two connections, by turns; the ports differ from run to run.
        ends = sorted(sorted(track for _, track in ended) for ended in traced.timeline.has_end.values())
        told.append((of_requests, [tracks for tracks in ends if len(tracks) > 1]))
    in_python, in_c = told
    assert [event["what"] for event in in_python[0]] == [
        f"{'POST' if number % 5 == 4 else 'GET'} /{'a/b' if number % 7 == 6 else f'page{number % 3}'}"
        for number in range(24)
        for _ in range(2)
    ]
    assert [len(tracks) for tracks in in_python[1]] == [24, 24]
    assert in_python == in_c


#: Tasks that are made again and again by who runs, are named or not, begin at once or not, and end in each way.
_BIRTHS_OF_TASKS = """
    import asyncio
    import sys

    class Own(asyncio.Task):
        pass

    async def gives(value):
        return value

    async def waits(future):
        return await future

    async def turns():
        for _ in range(3):
            await asyncio.sleep(0)

    async def fails(number):
        raise ValueError(number)

    async def names():
        asyncio.current_task().set_name("given")
        return 1

    async def nests(depth):
        if depth:
            await make(nests(depth - 1))
        return [depth]

    def make(coroutine, **how):
        if EAGER:
            return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True, **how)
        return asyncio.create_task(coroutine, **how)

    async def of_each_kind(number):
        loop = asyncio.get_running_loop()
        for value in (None, number, True, 2.5, "text", (number % 2, None), [1], {"a": 1}, object(), ValueError("x")):
            await make(gives(value))
        await make(turns())
        future = loop.create_future()
        task = make(waits(future))
        loop.call_soon(future.set_result, number)
        await task
        await asyncio.gather(make(fails(number)), return_exceptions=True)
        await make(names())
        await make(gives(number), name=f"named {number}")
        await make(nests(3))
        for early in (True, False):
            task = make(waits(loop.create_future()))
            if not early:
                await asyncio.sleep(0)
            task.cancel("enough")
            await asyncio.gather(task, return_exceptions=True)
        await Own(gives(number), loop=loop)
        task = make(gives(number))
        task.set_name("renamed")
        await task

    async def main():
        for number in range(5):
            await of_each_kind(number)
        await asyncio.gather(*[make(of_each_kind(number)) for number in range(4)])

    for EAGER in (False, True) if sys.version_info >= (3, 12) else (False,):
        asyncio.run(main())
        asyncio.run(main())
"""


@in_c
def test_both_recorders_tell_the_same_of_tasks_that_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(_BIRTHS_OF_TASKS), encoding="utf-8")
    _both(script, monkeypatch)


@in_c
@pytest.mark.skipif(not SOAK, reason="with SOAK: each program runs twice")
def test_both_recorders_tell_the_same_of_other_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(20):
        script = tmp_path / f"script{seed}.py"
        program = textwrap.dedent(_WAKES).replace("Random(5)", f"Random({seed})")
        assert program != _WAKES
        script.write_text(program, encoding="utf-8")
        _both(script, monkeypatch)


@in_c
@pytest.mark.skipif(not SOAK, reason="with SOAK: each scenario runs twice")
@pytest.mark.parametrize("name", REPEATABLE)
def test_both_recorders_tell_the_same_of_a_scenario(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / f"{name}.py"
    script.write_bytes((SCENARIOS / f"{name}.py").read_bytes())
    _both(script, monkeypatch)


#: `asyncio.run` cancels who is left in the order of a set, which is that of their addresses: here, in that of birth.
_IN_ORDER = """
    import asyncio
    def in_order(loop=None, all_tasks=asyncio.all_tasks):
        return sorted(all_tasks(loop), key=lambda task: (len(task.get_name()), task.get_name()))
    asyncio.tasks.all_tasks = in_order
"""


@in_c
@pytest.mark.skipif(not SOAK, reason="with SOAK: each program runs twice")
@pytest.mark.parametrize("name", ["generators", "coroutines", "greenlets", "gevent", "eventlet", "asyncio"])
def test_both_recorders_tell_the_same_of_random_programs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Random().randrange(1 << 30)
    for first in range(0, 1000, 50):
        directory = tmp_path / f"{base}-{first}"
        directory.mkdir()
        programs = [LANGUAGES[name].program(f"{name} {base}-{number}") for number in range(first, first + 50)]
        # One that is not depends on timers.
        command = runs.write(directory, [program for program in programs if program.repeatable])
        script = Path(command[0])
        if name == "asyncio":
            script.write_text(textwrap.dedent(_IN_ORDER) + script.read_text(encoding="utf-8"), encoding="utf-8")
        # A program of eventlet's is over after two seconds, which is the limit of whatever it waits for.
        limit = 2 if name == "eventlet" else 0
        _both(script, monkeypatch, *command[1:], comparable=_is_comparable, limit=limit)


def _written(rows: Any, first: int = 0, stop: int | None = None) -> bytes:
    """The bytes of those rows that the line of the file has."""
    stop = len(rows) // ROW if stop is None else stop
    if stop == first:
        return b""
    room = bytearray(3 + (stop - first) * MOST_DIGITS + AROUND)
    put = put_pieces if type(rows) is Rows else compiled.recorder(compiled._monotonic_ns).put_pieces
    index, end = put([None, 0, 0, rows, first, stop], 3, room, 3)
    assert index == 6
    assert room[:3] == bytes(3)
    line = decode_event(bytes(room[3:end]))
    if type(line) is Packed:
        line = unpacked(line)
    assert type(line) is RowsLine
    return line.packed


@in_c
@given(
    st.lists(
        st.tuples(
            st.integers(0, 300) | st.integers(0, 2**61),
            st.integers(-2, 300) | st.integers(-(2**63), 2**63 - 1),
            st.integers(0, 300) | st.integers(-(2**63), 2**63 - 1),
        )
    )
)
def test_a_line_of_rows_in_c_has_these_rows(rows: list[tuple[int, int, int]]) -> None:
    stored = compiled.recorder(compiled._monotonic_ns).Rows()
    for row in rows:
        stored.extend(row)
    packed = [struct.pack("<3q", *row) for row in rows]
    assert _written(stored) == b"".join(packed), "and there is room for any"
    assert _written(stored, 1, max(1, len(rows) - 1)) == b"".join(packed[1:-1])


@in_c
def test_a_switch_takes_at_most_six_bytes_of_the_trace(trace_source: TraceSource) -> None:
    script = """
    from greenlet import getcurrent, greenlet
    def other():
        for _ in range(50_000):
            main.switch()
    main = getcurrent()
    one = greenlet(other)
    for _ in range(50_000):
        one.switch()
    """
    traced = trace_source(script)
    assert traced.timeline.switch_count >= 100_000
    assert traced.path.stat().st_size <= 6 * traced.timeline.switch_count


@in_c
def test_rows_in_c_are_those_in_python() -> None:
    recorder = compiled.recorder(compiled._monotonic_ns)

    def used(rows: Any) -> list[Any]:
        told = [list(rows), _written(rows), rows.count_of(PARTS), rows.until(7, 0)]
        rows.extend((0, PARTS, 1, 7, 4, -(2**63)))
        rows += (7, 3, 2**63 - 1)
        for number in range(300):
            rows.extend((8 + number, number % 7, 123456789 * number))
        told += [rows.until(t_ns, first) for t_ns in (-1, 0, 7, 100, 10**6) for first in (0, 2)]
        told += [rows.find(track, first, 200) for track in (PARTS, 3, 99) for first in (0, 1, 150)]
        told += [len(rows), rows[0], rows[-3], rows[1], rows.count_of(3), _written(rows)]
        part, taken = rows.part(2, 9), rows.take(250)
        part.translate({track: track + 1 for track in range(-1, 8)}, 0, 7)
        part += taken
        part.translate({track: track + 10 for track in range(-1, 9)}, 3, 100)
        told += [list(rows), list(taken), list(part), list(rows.part(50, 10**6)), list(rows.take(10**6)), bool(rows)]
        part.clear()
        return [*told, len(part)]

    assert used(recorder.Rows()) == used(Rows())
    for wrong in ([1, 2, 3], (1, 2), (2**63, 0, 0), ("a", 0, 0), None):
        rows = recorder.Rows()
        with pytest.raises((TypeError, ValueError, OverflowError)):
            rows.extend(wrong)
        assert list(rows) == []


@in_c
def test_as_many_pieces_are_put_as_there_is_room_for() -> None:
    recorder = compiled.recorder(compiled._monotonic_ns)
    rows = recorder.Rows()
    # More than are packed with the GIL.
    for number in range(20_000):
        rows.extend((number, 1, number % 3))
    pieces = [b"one\ntwo\n", 0, 4, *(part for at in range(0, 20_000, 4000) for part in (rows, at, at + 4000))]
    pieces += [b"one\ntwo\n", 4, 8]
    most = 4000 * MOST_DIGITS + AROUND
    room, whole, index, ends = bytearray(most + 1000), b"", 0, list[int]()
    while index < len(pieces):
        index, end = recorder.put_pieces(pieces, index, room, 0)
        ends.append(index)
        whole += room[:end]
    assert len(ends) > 1
    first, *lines, last = whole.splitlines(True)
    assert (first, last) == (b"one\n", b"two\n")
    unpacked_lines = [unpacked(line) for line in map(decode_event, lines) if type(line) is Packed]
    assert b"".join(line.packed for line in unpacked_lines) == struct.pack("<60000q", *rows)
    for size, at in ((most - 1, 0), (most, 1), (most, -1), (most, most + 1)):
        with pytest.raises(ValueError, match=r"no room|no pieces"):
            recorder.put_pieces([rows, 0, 4000], 0, bytearray(size), at)
    no_rows = [rows, 0, 20_001], [rows, -1, 3], [rows, 3, 3], [rows, None, 1], [rows, 0]
    for wrong in (["a", 0, 1], [b"a", 0, 2], [], *no_rows):
        with pytest.raises(ValueError, match="no pieces"):
            recorder.put_pieces(wrong, 0, bytearray(10**6), 0)


@in_c
@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)), max_size=20))
def test_rows_in_c_are_taken_and_stored_by_turns(turns: list[tuple[int, int]]) -> None:
    """The room of those that were taken is used again."""
    rows, kept, number = compiled.recorder(compiled._monotonic_ns).Rows(), list[int](), 0
    for stored, taken in turns:
        for _ in range(stored):
            rows.extend((number, number, number))
            kept += [number] * 3
            number += 1
        assert list(rows.take(taken)) == kept[: 3 * taken]
        del kept[: 3 * taken]
        assert (list(rows), len(rows)) == (kept, len(kept))


@in_c
def test_tables_in_c_are_dictionaries() -> None:
    recorder = compiled.recorder(compiled._monotonic_ns)
    random, table, known = Random(1), recorder.Table(), dict[int, Any]()
    for turn in range(20_000):
        # Many of them would stand at the same place.
        key = random.choice((1, -1, 2**40)) * random.randrange(1 + turn % 400)
        for one in (table, known):
            match turn * 7 % 5:
                case 0 | 1 | 2:
                    one[key] = turn
                case 3 if turn % 2:
                    one.pop(key, None)
                case 3:
                    one.setdefault(key, turn)
                case _ if key in one:
                    del one[key]
        assert (table.get(key), table.get(key, "no")) == (known.get(key), known.get(key, "no"))
        assert (key in table, len(table)) == (key in known, len(known))
    assert (dict(table.items()), {*table}, {*table.values()}) == (known, {*known}, {*known.values()})
    table.clear()
    for missing in (table.__getitem__, table.pop, table.__delitem__):
        with pytest.raises(KeyError):
            missing(1)
    # A circle, to be collected.
    table[1] = table


@in_c
def test_the_recorder_in_c_keeps_nothing(trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        """
        import sys, time
        import gevent, greenlet

        def echo(got):
            while True:
                got = yield got
        def numbers(thing):
            for number in range(2):
                yield number
                yield thing
        class Thing:
            pass
        value, thing = "a text", Thing()
        generator = echo(value)
        kept = {}
        main = greenlet.getcurrent()
        def back(got=None):
            while True:
                main.switch()
                got = main.switch(got)
        other = greenlet.greenlet(back)

        def work(count):
            next(generator)
            send = generator.send
            for _ in range(count):
                generator.send(value)
                send(value)
                next(generator)
                generator.send(thing)
                generator.send(number := 10 ** 6 + len(value))
                generator.send(True)
                other.switch()
                other.switch(thing)
                other.switch(number)
                gevent.sleep(0)
                for _ in numbers(thing):
                    pass
                made = numbers(thing)
                next(made)
                made.send(value)
                try:
                    kept[value]
                except KeyError:
                    numbers(thing)
        def counts():
            known = value, echo.__code__, work.__code__, generator, generator.gi_frame, main, other, other.gr_frame
            known += thing, Thing, Thing.__name__, echo.__name__, numbers, numbers.__code__, numbers.__name__
            return [sys.getrefcount(one) for one in known]
        work(20)
        before = counts()
        work(8_000)
        def grown():
            return [after > one + 1000 for one, after in zip(before, counts())]
        # What is stored with all its parts is held until it is written.
        end = time.monotonic() + 30
        while any(grown()) and time.monotonic() < end:
            time.sleep(0.01)
        print(grown())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout == b"[" + b", ".join([b"False"] * 15) + b"]\n"
    assert not traced.timeline.notes


@in_c
@pytest.mark.parametrize(
    "work",
    [
        pytest.param("here.send(b'x'); there.recv(1); there.send(b'y'); here.recv(1)", id="sockets"),
        pytest.param("gevent.spawn(nothing).join()", id="spawn"),
        pytest.param("gevent.sleep(0)", id="sleep"),
        pytest.param("forth.put(1); back.get()", id="queues"),
    ],
)
def test_what_was_met_before_calls_nothing_in_python(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """But where a hub looks at queues before it polls, and if a poll was so long that it is told."""
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        f"""
        import sys
        import gevent
        from gevent import queue, socket

        here, there = socket.socketpair()
        forth, back = queue.Queue(1), queue.Queue(1)
        def nothing():
            pass
        def answer():
            while True:
                back.put(forth.get())
        gevent.spawn(answer)
        def work(count):
            for _ in range(count):
                {work}
        called = set()
        def profile(frame, event, argument):
            code = frame.f_code
            if event == "call" and "visualizer" in code.co_filename:
                called.add(code.co_name)
        work(100)
        sys.setprofile(profile)
        work(100)
        sys.setprofile(None)
        print(*sorted(called - {{"after", "_report", "store"}}))
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"\n", b"")
    assert not traced.timeline.notes


@in_c
def test_the_recorder_in_c_keeps_nothing_of_who_waits_and_wakes(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        """
        import gc, sys, time
        import gevent, greenlet
        from gevent.event import AsyncResult, Event
        from gevent.lock import Semaphore
        from gevent.queue import Queue

        class Ends(Exception):
            pass
        class Thing:
            pass
        items, one, semaphore, event, ended = Queue(), Queue(1), Semaphore(0), Event(), Ends()
        thing = Thing()

        def puts(count):
            for _ in range(count):
                one.put(thing)
        def waits(count):
            for _ in range(count):
                items.get()
                semaphore.acquire()
        def goes_on():
            while True:
                event.wait()
                event.clear()
        def dies():
            raise ended
        def pauses():
            greenlet.getcurrent().parent.switch()
        def round_of(count):
            both, endless = [gevent.spawn(puts, count), gevent.spawn(waits, count)], gevent.spawn(goes_on)
            for number in range(count):
                one.get()
                items.put(thing)
                gevent.sleep(0)
                semaphore.release()
                gevent.sleep(0)
                event.set()
                result = AsyncResult()
                setter = gevent.spawn(result.set, thing)
                result.get()
                setter.join()
                if number % 10 == 0:
                    # Killed before it runs, while it waits, and by an error of its own; and thrown into.
                    never, waiter, failing = gevent.spawn(puts, 1), gevent.spawn(Event().wait), gevent.spawn(dies)
                    never.kill()
                    gevent.sleep(0)
                    if number % 20:
                        waiter.kill(Ends)
                    else:
                        gevent.get_hub().loop.run_callback(waiter.throw, Ends)
                        waiter.join()
                    failing.join()
                    gevent.Greenlet(dies)
                    left = greenlet.greenlet(pauses)
                    left.switch()
                    del left
            gevent.joinall(both)
            endless.kill()

        def counts():
            known = items, one, semaphore, event, ended, thing, Thing, puts.__code__, waits.__code__
            known += gevent.get_hub(), round_of.__code__, gevent.getcurrent(), gevent.Greenlet, Queue, Semaphore
            gc.collect()
            ours = [o for o in gc.get_objects() if type(o).__module__ == "visualizer.tracers._recorder"]
            return [*map(sys.getrefcount, known), len(ours)]
        gevent.get_hub().print_exception = lambda *_: None
        round_of(40)
        before = counts()
        round_of(4_000)
        def grown():
            return [after > one + 400 for one, after in zip(before, counts())]
        # What is stored with all its parts is held until it is written.
        end = time.monotonic() + 30
        while any(grown()) and time.monotonic() < end:
            time.sleep(0.01)
        print(grown())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout == b"[" + b", ".join([b"False"] * 16) + b"]\n"
    assert not traced.timeline.notes


#: What is done again and again: what there has to be for it, and one of it.
_STEADY = {
    "send": ("generator = echo(); next(generator)", "generator.send(thing)"),
    "births": ("", "for _ in numbers(thing): pass"),
    "births, closed": ("", "one = numbers(thing); next(one); one.close()"),
    "throw": ("generator = stays(); next(generator)", "generator.throw(error); error.__traceback__ = None"),
    "switch": ("other = greenlet(switches)", "other.switch(); other.switch(thing)"),
    "greenlets": ("", "greenlet(abs).switch(-1)"),
    "sleep": ("", "gevent.sleep(0)"),
    "queue": ("forth, back = Queue(1), Queue(1); gevent.spawn(answers)", "forth.put(thing); back.get()"),
    "spawn": ("", "gevent.spawn(abs, -1).join()"),
    "socket": (
        "from gevent import socket; here, there = socket.socketpair(); gevent.spawn(sends_back)",
        "here.send(b'x'); here.recv(1)",
    ),
    "task step": ("", "await asyncio.sleep(0)"),
    "tasks": ("", "await asyncio.create_task(gives(thing))"),
    "future": ("", "await wakes(thing)"),
    "socket of asyncio": (
        "import socket; here, there = socket.socketpair(); here.setblocking(False); there.setblocking(False)",
        "await asks()",
    ),
    "lock": ("lock = threading.Lock()", "with lock: pass"),
    "hand-over": (
        "first, second = threading.Semaphore(0), threading.Semaphore(0); start(hands_over)",
        "first.release(); second.acquire()",
    ),
    "queue of threads": (
        "forth, back = queue.SimpleQueue(), queue.SimpleQueue(); start(answers)", "forth.put(thing); back.get()",
    ),
    "select": (
        "import socket; here, there = socket.socketpair(); there.send(b'x')", "select.select([here], [], [], 1)",
    ),
}  # fmt: skip


@in_c
@pytest.mark.parametrize("kind", _STEADY)
def test_what_is_done_a_million_times_is_kept_by_no_recorder(kind: str, trace_source: TraceSource) -> None:
    needed, work = _STEADY[kind]
    way, waits, runs = ("async ", "await ", "asyncio.run") if "await" in work else ("", "", "")
    traced = trace_source(
        f"""
        import asyncio, gc, os, queue, select, sys, threading, time
        import gevent
        from gevent.queue import Queue
        from greenlet import getcurrent, greenlet

        class Thing:
            pass
        thing, error, main = Thing(), ValueError(), getcurrent()
        def echo(got=None):
            while True:
                got = yield got
        def numbers(thing):
            yield 1
            yield thing
        def stays():
            while True:
                try:
                    yield thing
                except ValueError:
                    pass
        def switches(got=None):
            while True:
                main.switch()
                got = main.switch(got)
        def answers():
            while True:
                back.put(forth.get())
        def sends_back():
            while True:
                there.send(there.recv(1))
        def hands_over():
            while True:
                first.acquire()
                second.release()
        def start(function):
            threading.Thread(target=function, daemon=True).start()
        async def gives(value):
            return value
        async def wakes(value):
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(future.set_result, value)
            return await future
        async def sends_back_in_a_task():
            loop = asyncio.get_running_loop()
            while True:
                await loop.sock_sendall(there, await loop.sock_recv(there, 1))
        async def asks(tasks=[]):
            loop = asyncio.get_running_loop()
            if not tasks:
                tasks.append(loop.create_task(sends_back_in_a_task()))
            await loop.sock_sendall(here, b"x")
            await loop.sock_recv(here, 1)

        def memory():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        def counts():
            gc.collect()
            known = thing, Thing, error, main, echo.__code__, numbers.__code__, stays.__code__, switches.__code__
            return [len(gc.get_objects()), sys.getallocatedblocks(), *map(sys.getrefcount, known)]
        def grown(count, before, memory_before):
            # However often it is done: it goes up and down by about a hundred.
            most = [one + 500 for one in before]
            told = [one - limit for one, limit in zip(counts(), most) if one > limit]
            # Of fewer, what is kept is less than what the allocator keeps itself.
            if count >= 10 ** 6 and memory() > memory_before + 8 * count:
                told.append((memory_before, memory()))
            return told

        {needed}
        {way}def works(count):
            for _ in range(count):
                {work}
        {way}def measured(count):
            # Until the tables that never hold more than so many are full.
            {waits}works(count)
            before = counts(), memory()
            {waits}works(count)
            # What is stored with all its parts is held until it is written.
            end = time.monotonic() + 30
            while (kept := grown(count, *before)) and time.monotonic() < end:
                time.sleep(0.01)
            print(*kept)
        {runs}(measured(int(sys.argv[1])))
        """,
        str(1_000_000 if SOAK else count(4_000)),
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"\n", b"")
    assert getattr(traced.timeline.header, "recorder", "") == "C"


@in_c
def test_a_program_finds_the_methods_of_generators_as_they_are(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At places where nothing but `send` was called for long, too, and in other threads and interpreters."""
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        """
        import sys, threading, traceback
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters

        SENDS = '''
        def echo():
            got = None
            while True:
                got = yield got
        def sends(generator, value):
            return generator.send(value)
        def fails():
            got = yield
            raise ValueError(got)
        async def coroutine():
            return 1
        generator = echo()
        assert sends(generator, None) is None
        told = []
        for number in range(100):
            told.append(sends(generator, number))
        assert told == list(range(100))
        '''
        exec(SENDS)

        def raises(target, value):
            try:
                return sends(target, value)
            except BaseException as error:
                lines = [(one.name, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
                context = type(error.__context__).__name__
                print(type(error).__name__, error, lines[1:], context)

        failing = fails()
        for target, value in (
            (failing, 1), (failing, None), (failing, "x"), (failing, 2), (coroutine(), None), (fails, 1), (5, 1),
        ):
            raises(target, value)
        own = type(generator)
        bound = generator.send
        print(own.send, own.__dict__["send"] is own.send, bound.__name__, bound.__self__ is generator,
              bound == generator.send, bound.__doc__, own.send.__text_signature__, bound.__reduce__()[1][1])
        for wrong in ((), (1, 2)):
            try:
                generator.send(*wrong)
            except TypeError as error:
                print(error)
        for wrong in (lambda: own.send(5, 1), lambda: own.send(coroutine, 1), lambda: generator.send(value=1)):
            try:
                wrong()
            except TypeError as error:
                print(error)
        threads = [threading.Thread(target=exec, args=(SENDS, {})) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in range(2):
            other = interpreters.create()
            print(interpreters.run_string(other, SENDS))
            interpreters.destroy(other)
        print(sends(generator, "after"), generator.throw.__name__, generator.close())
        """
    )
    ended = bare(traced.path.with_suffix(".py"))
    assert traced.ended == ended
    assert ended.stdout.splitlines()[-1] == b"after throw None"
    assert not traced.timeline.notes


@in_c
@knows_owners
def test_the_methods_of_generators_are_given_back_where_a_hook_fails(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        OWNER
        + """
        import gc
        from types import CoroutineType, GeneratorType

        def owned():
            kinds = GeneratorType, CoroutineType
            return [owner(getattr(kind, name)) for kind in kinds for name in ("send", "throw", "close")]
        def echo():
            got = None
            while True:
                got = yield got
        generator = echo()
        next(generator)
        def sends(value):
            return generator.send(value)
        for number in range(50):
            assert sends(number) == number
        print(owned())
        broken = [o for o in gc.get_objects() if type(o).__name__ == "Generators"]
        broken[0].on_call = broken[0].on_resume = None
        # Another one is sent to there, that is suspended elsewhere: that is for the hook in Python to tell.
        def other():
            while True:
                yield from echo()
        generator = other()
        next(generator)
        print(sends(1), sends(2), sends("three"))
        print(owned())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    seen, told, left = traced.ended.stdout.decode().splitlines()
    assert seen == str([True] * 6)
    assert (told, left) == ("1 2 three", str([False] * 6))
    assert len(traced.timeline.notes) == 1
    assert traced.timeline.notes[0].startswith("The generators tracer failed and was taken out: TypeError(")


@in_c
def test_each_thread_and_each_child_switches_greenlets_of_its_own(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        """
        import os, sys, threading, warnings
        import greenlet
        warnings.simplefilter("ignore")
        sys.setswitchinterval(1e-5)
        left, errors = [], []

        def back(main, got):
            while got is not None:
                got = main.switch(got)
        def work(first):
            main = greenlet.getcurrent()
            for begin in range(first, first + 200, 50):
                other = greenlet.greenlet(back)
                other.switch(main, begin)
                for number in range(begin + 1, begin + 49):
                    other.switch(number)
                # Some end, some are collected, some are left to another thread.
                if begin == first:
                    other.switch(None)
                if begin == first + 50:
                    left.append(other)
                del other
        threads = [threading.Thread(target=work, args=(thread * 1000,)) for thread in range(1, 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for other in left:
            try:
                other.switch(1)
            except greenlet.error as error:
                errors.append(error)
        print(len(errors), flush=True)
        del left[:], other
        work(0)
        main, other = greenlet.getcurrent(), greenlet.greenlet(back)
        other.switch(main, 10_000)
        for number in range(10_001, 10_020):
            other.switch(number)
        def forks():
            main.switch()
            main.switch(20_000)
            pid = os.fork()
            other.switch(30_000 if pid else 40_000)
            main.switch(50_000 if pid else 60_000)
            if pid:
                os.waitpid(pid, 0)
        forking = greenlet.greenlet(forks)
        while not forking.dead:
            forking.switch()
        work(70_000)
        print("done", flush=True)
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout == b"5\ndone\ndone\n"
    told: dict[str, list[int]] = {}
    for origin, _, _, value in traced.hand_overs:
        if origin.startswith("back") and value is not None and value.isdigit():
            told.setdefault(str(int(value) // 1000), []).append(int(value))
    numbers = [begin + number for begin in range(0, 200, 50) for number in range(49)]
    assert {key: told[key] for key in "12345"} == {key: [int(key) * 1000 + one for one in numbers] for key in "12345"}
    assert told["0"] == numbers
    # The child's as well.
    assert sorted(told["70"]) == sorted([70_000 + one for one in numbers] * 2)
    assert told["30"] == [30_000]
    assert told["40"] == [40_000]
    assert not [one for one in traced.timeline.notes if "failed" in one]


@in_c
@knows_owners
def test_the_methods_of_greenlets_are_given_back_where_a_hook_fails(
    trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(compiled.WANTED, "yes")
    traced = trace_source(
        OWNER
        + """
        import gc
        import greenlet

        def owned():
            return [owner(getattr(greenlet.greenlet, name)) for name in ("switch", "throw")]
        def back(number):
            while number < 100:
                number = main.switch(number)
            return number
        main, other = greenlet.getcurrent(), greenlet.greenlet(back)
        for number in range(50):
            assert other.switch(number) == number
        print(owned())
        [broken] = [o for o in gc.get_objects() if type(o).__name__ == "GreenletTracer"]
        broken.families = [None]
        # What fails is the hook for its end.
        print(other.switch(100))
        broken.families = []
        print(owned())
        other = greenlet.greenlet(back)
        print(*[other.switch(number) for number in range(3)])
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout.decode().splitlines() == ["[True, True]", "100", "[False, False]", "0 1 2"]
    assert len(traced.timeline.notes) == 1
    assert traced.timeline.notes[0].startswith("The greenlets tracer failed and was taken out: AttributeError(")


@in_c
@pytest.mark.skipif(not BY_WAY_OF_C, reason="tells of calls by events")
@knows_owners
def test_the_functions_that_may_block_are_given_back(trace_source: TraceSource) -> None:
    """They are the recorder's from the first thread on, up to where a hook fails. To Python they are the same ones."""
    traced = trace_source(
        OWNER
        + """
        import _thread, gc, queue, sys, threading, time

        functions = [
            _thread.LockType.acquire, _thread.LockType.__exit__, _thread.RLock.__enter__, _thread.RLock._release_save,
            queue.SimpleQueue.get, queue.SimpleQueue.put, time.sleep,
        ]
        def look():
            print([owner(function) for function in functions], *map(repr, functions))

        lock = _thread.allocate_lock()
        acquire, release = lock.acquire, lock.release
        look()
        thread = threading.Thread(target=time.sleep, args=(0,))
        thread.start()
        thread.join()
        look()
        events = []
        def profile(frame, event, arg):
            events.append((event, frame.f_code.co_name, getattr(arg, "__name__", arg)))
        def use():
            acquire(), release(), acquire(False), release(), acquire(timeout=1), release()
            with lock:
                pass
            try:
                release()
            except RuntimeError as error:
                print(error, error.__traceback__.tb_next)
            for args in ((1, 2, 3), ("x",), (False, 1), (True, -2)):
                try:
                    acquire(*args)
                except Exception as error:
                    print(repr(error), lock.locked())
        sys.setprofile(profile)
        use()
        sys.setprofile(None)
        print([one for one in events if one[0].startswith("c_") and one[1] == "use"])
        broken = [one for one in gc.get_objects() if type(one).__name__ == "Waits"]
        broken[0].sleeps = None
        time.sleep(0.001)
        look()
        """
    )
    ended = bare(traced.path.with_suffix(".py"))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    # Without us there are no hooks to break.
    told, before = traced.ended.stdout.decode().splitlines(), ended.stdout.decode().splitlines()
    assert [line.partition("]")[0] + "]" for line in (*told[:2], told[-1])] == [
        str([seen] * 7) for seen in (False, True, False)
    ]
    assert [line.partition("]")[2] for line in told[:2]] == [line.partition("]")[2] for line in before[:2]]
    assert told[2:-1] == before[2:]
    # From 3.12 on anything is taken for whether to wait.
    assert len(before) == (8 if sys.version_info < (3, 12) else 7)
    assert traced.timeline.notes[-1].startswith("The threads tracer failed and was taken out: TypeError(")


def test_what_is_asked_for_and_not_there_is_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "ABI", -1)
    monkeypatch.delenv(compiled.WANTED, raising=False)
    assert compiled.recorder(compiled._monotonic_ns) is None
    monkeypatch.setenv(compiled.WANTED, "yes")
    with pytest.raises(ImportError, match="VISUALIZER_RECORDER is yes, and there is no recorder in C"):
        compiled.recorder(compiled._monotonic_ns)


class _App:
    """Hatch's, which a build warns through."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


def test_a_build_without_a_compiler_says_so_and_leaves_nothing_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _App()
    hook: Any = hatch_build.RecorderHook(str(tmp_path), {}, None, None, "", "", app)  # type: ignore[arg-type]
    stale = (tmp_path / hatch_build.SOURCE).with_suffix(hatch_build.SUFFIX)
    stale.parent.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    for wanted, warned in (("no", 0), ("auto", 1)):
        stale.write_bytes(b"built from an older source")
        monkeypatch.setenv(compiled.WANTED, wanted)
        build_data: dict[str, Any] = {}
        hook.initialize("standard", build_data)
        assert (stale.exists(), build_data, len(app.warnings)) == (False, {}, warned)
    monkeypatch.setenv(compiled.WANTED, "yes")
    with pytest.raises(RuntimeError):
        hook.initialize("standard", {})


@in_c
def test_a_generator_that_threads_step_at_once(trace_source: TraceSource) -> None:
    """Who comes while it runs is refused, also while a hook in Python is told of its yield: up to 3.13 the interpreter
    takes it for suspended by then, and crashes where it is resumed."""
    traced = trace_source(
        """
        import sys, threading

        def ids():
            number = 0
            while True:
                number += 1
                yield [number]

        def work(steps):
            for _ in range(5_000):
                try: next(steps)
                except ValueError: pass

        sys.setswitchinterval(1e-5)
        for _ in range(3):
            steps = ids()
            threads = [threading.Thread(target=work, args=(steps,)) for _ in range(3)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        print("done")
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"done\n", b"")
