"""Random programs that are healthy by construction, or have exactly one fault, which is planted.

A program is several pieces beside one another, each of which is over by itself; `begin` of a piece gives what is waited
for. In a fault, `# HERE` marks the line that is to be named, and `guilty` stands in the names of the tracks that are.
Delays are as long as no machine makes them by itself; what else is late on a busy one is no fault of the program's.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.truth.program import Program

#: Piece, and the three numbers that it is about.
Piece = tuple[str, int, int, int]
#: Runtime, its pieces.
Sides = tuple[str, list[Piece]]

#: `{n}`: the number of the piece. `{a}`, `{b}`, `{c}`: 1 to 5.
_GEVENT = {
    "queue": """
        def producer_{n}(jobs):
            for job in range({a} * {b}):
                jobs.put(job)
                gevent.sleep(0.001 * (job % {c}))
            for _ in range({c}):
                jobs.put(None)
        def consumer_{n}(jobs):
            while jobs.get() is not None:
                gevent.sleep(0)
        def begin_{n}():
            jobs = Queue({b} if {a} > 2 else None)
            return [gevent.spawn(producer_{n}, jobs), *(gevent.spawn(consumer_{n}, jobs) for _ in range({c}))]
        """,
    "event": """
        def waiter_{n}(ready):
            ready.wait()
        def setter_{n}(ready):
            gevent.sleep(0.001 * {a})
            ready.set()
        def begin_{n}():
            ready = Event()
            return [*(gevent.spawn(waiter_{n}, ready) for _ in range({b})), gevent.spawn(setter_{n}, ready)]
        """,
    "locks": """
        def worker_{n}(first, second):
            for _ in range({a}):
                with first:
                    gevent.sleep(0)
                    with second:
                        gevent.sleep(0)
        def begin_{n}():
            first, second = RLock(), BoundedSemaphore(1)
            return [gevent.spawn(worker_{n}, first, second) for _ in range({b})]
        """,
    "result": """
        def failing_{n}():
            gevent.sleep(0.001 * {a})
            raise LookupError({b})
        def asking_{n}(one):
            try:
                one.get()
            except LookupError:
                pass
        def begin_{n}():
            return [gevent.spawn(asking_{n}, gevent.spawn(failing_{n}))]
        """,
    "pool": """
        def part_{n}(number):
            gevent.sleep(0.001 * (number % {a}))
            return number
        def whole_{n}():
            assert len(Pool({b}).map(part_{n}, range({a} * {c}))) == {a} * {c}
        def begin_{n}():
            return [gevent.spawn(whole_{n})]
        """,
    "limit": """
        def limited_{n}(never):
            with gevent.Timeout(0.002 * {a}, False):
                never.wait()
            never.wait(0.001 * {b})
        def begin_{n}():
            return [gevent.spawn(limited_{n}, Event())]
        """,
    "kill": """
        def endless_{n}():
            while True:
                gevent.sleep(0.001 * {a})
        def killer_{n}(one):
            gevent.sleep(0.001 * {b})
            one.kill()
        def begin_{n}():
            return [gevent.spawn(killer_{n}, gevent.spawn(endless_{n}))]
        """,
    "generators": """
        def numbers_{n}():
            for number in range({a} * {b}):
                gevent.sleep(0)
                yield number
        def some_{n}(numbers):
            for number in numbers:
                if number % {c} == 0:
                    yield number
        def sum_{n}():
            assert sum(some_{n}(numbers_{n}())) >= 0
            for _ in numbers_{n}():
                break
        def begin_{n}():
            return [gevent.spawn(sum_{n})]
        """,
    "greenlets": """
        def inner_{n}(back):
            for number in range({a}):
                back.switch(number)
        def outer_{n}():
            one = greenlet(inner_{n})
            one.switch(getcurrent())
            while not one.dead:
                gevent.sleep(0)
                one.switch()
        def begin_{n}():
            return [gevent.spawn(outer_{n})]
        """,
}
_GEVENT_FAULTS = {
    "hog": """
        def guilty_{n}():
            gevent.sleep(0.001 * {a})
            end = time.thread_time() + 0.3
            while time.thread_time() < end: pass  # HERE
        def victim_{n}():
            for _ in range({a} + 1):
                gevent.sleep(0.005)
        def begin_{n}():
            return [gevent.spawn(victim_{n}), gevent.spawn(guilty_{n})]
        """,
    "blocking_call": """
        def guilty_{n}():
            gevent.sleep(0.001 * {a})
            time.sleep(0.4)  # HERE
        def victim_{n}():
            for _ in range({a} + 1):
                gevent.sleep(0.005)
        def begin_{n}():
            return [gevent.spawn(victim_{n}), gevent.spawn(guilty_{n})]
        """,
    "deadlock": """
        def guilty_{n}(mine, other):
            with mine:
                gevent.sleep(0.001 * {a})
                with other:  # HERE
                    pass
        def begin_{n}():
            one, other = RLock(), RLock()
            return [gevent.spawn(guilty_{n}, one, other), gevent.spawn(guilty_{n}, other, one)]
        """,
    "setter_died": """
        def waiter_{n}(ready_{n}):
            ready_{n}.wait()
        def guilty_{n}(ready_{n}):
            gevent.sleep(0.001 * {a})
            [8080][{b}]  # HERE
            ready_{n}.set()
        def begin_{n}():
            ready_{n} = Event()
            return [gevent.spawn(waiter_{n}, ready_{n}), gevent.spawn(guilty_{n}, ready_{n})]
        """,
    "lock_held": """
        def guilty_{n}(lock):
            with lock:
                gevent.sleep(0.4)  # HERE
        def victim_{n}(lock):
            gevent.sleep(0.001 * {a})
            with lock:
                pass
        def begin_{n}():
            lock = RLock()
            return [gevent.spawn(guilty_{n}, lock), gevent.spawn(victim_{n}, lock)]
        """,
    "unretrieved": """
        def guilty_{n}():
            gevent.sleep(0.001 * {a})
            raise LookupError({b})  # HERE
        def begin_{n}():
            return [gevent.spawn(guilty_{n})]
        """,
    "never_resumed": """
        def guilty_{n}(back):
            for _ in range({a}):
                back.switch()
            back.switch()  # HERE
        def resumer_{n}():
            one = greenlet(guilty_{n})
            KEPT.append(one)
            for _ in range({a} + 1):
                one.switch(getcurrent())
                gevent.sleep(0)
        def begin_{n}():
            return [gevent.spawn(resumer_{n})]
        """,
    "leak": """
        def guilty_{n}(event):
            event.wait()
        def leaking_{n}():
            for _ in range(30):
                KEPT.append(gevent.spawn(guilty_{n}, Event()))  # HERE
                gevent.sleep(0.01)
        def begin_{n}():
            return [gevent.spawn(leaking_{n})]
        """,
    "busy_poll": """
        def guilty_{n}(done):
            while not done.is_set():
                gevent.sleep(0)  # HERE
        def setter_{n}(done):
            gevent.sleep(0.4)
            done.set()
        def begin_{n}():
            done = Event()
            return [gevent.spawn(guilty_{n}, done), gevent.spawn(setter_{n}, done)]
        """,
}
_ASYNCIO = {
    "queue": """
        async def producer_{n}(jobs):
            for job in range({a} * {b}):
                await jobs.put(job)
                await asyncio.sleep(0.001 * (job % {c}))
            for _ in range({c}):
                await jobs.put(None)
        async def consumer_{n}(jobs):
            while await jobs.get() is not None:
                await asyncio.sleep(0)
        def begin_{n}():
            jobs = asyncio.Queue({b} if {a} > 2 else 0)
            return [create_task(producer_{n}(jobs)), *(create_task(consumer_{n}(jobs)) for _ in range({c}))]
        """,
    "event": """
        async def waiter_{n}(ready):
            await ready.wait()
        async def setter_{n}(ready):
            await asyncio.sleep(0.001 * {a})
            ready.set()
        def begin_{n}():
            ready = asyncio.Event()
            return [*(create_task(waiter_{n}(ready)) for _ in range({b})), create_task(setter_{n}(ready))]
        """,
    "locks": """
        async def worker_{n}(first, second):
            for _ in range({a}):
                async with first:
                    await asyncio.sleep(0)
                    async with second:
                        await asyncio.sleep(0)
        def begin_{n}():
            first, second = asyncio.Lock(), asyncio.Semaphore(1)
            return [create_task(worker_{n}(first, second)) for _ in range({b})]
        """,
    "result": """
        async def failing_{n}():
            await asyncio.sleep(0.001 * {a})
            raise LookupError({b})
        async def asking_{n}():
            try:
                await create_task(failing_{n}())
            except LookupError:
                pass
        def begin_{n}():
            return [create_task(asking_{n}())]
        """,
    "group": """
        async def part_{n}(number):
            await asyncio.sleep(0.001 * (number % {a}))
            return number
        async def whole_{n}():
            async with asyncio.TaskGroup() as group:
                for number in range({b}):
                    group.create_task(part_{n}(number))
            await asyncio.gather(*map(part_{n}, range({c})))
        def begin_{n}():
            return [create_task(whole_{n}())]
        """,
    "limit": """
        async def limited_{n}(never):
            try:
                async with asyncio.timeout(0.002 * {a}):
                    await never.wait()
            except TimeoutError:
                pass
        def begin_{n}():
            return [create_task(limited_{n}(asyncio.Event()))]
        """,
    "cancel": """
        async def endless_{n}():
            while True:
                await asyncio.sleep(0.001 * {a})
        async def canceller_{n}(one):
            await asyncio.sleep(0.001 * {b})
            one.cancel()
            await asyncio.wait([one])
        def begin_{n}():
            return [create_task(canceller_{n}(create_task(endless_{n}())))]
        """,
    "generators": """
        async def numbers_{n}():
            for number in range({a} * {b}):
                await asyncio.sleep(0)
                yield number
        def some_{n}(numbers):
            for number in numbers:
                if number % {c} == 0:
                    yield number
        async def sum_{n}():
            assert sum(some_{n}([number async for number in numbers_{n}()])) >= 0
        def begin_{n}():
            return [create_task(sum_{n}())]
        """,
    "thread": """
        async def beside_{n}():
            for number in range({a}):
                assert await asyncio.to_thread(abs, number) == number
        def begin_{n}():
            return [create_task(beside_{n}())]
        """,
}
_ASYNCIO_FAULTS = {
    "hog": """
        async def guilty_{n}():
            await asyncio.sleep(0.001 * {a})
            end = time.thread_time() + 0.3
            while time.thread_time() < end: pass  # HERE
        async def victim_{n}():
            for _ in range({a} + 1):
                await asyncio.sleep(0.005)
        def begin_{n}():
            return [create_task(victim_{n}()), create_task(guilty_{n}())]
        """,
    "blocking_call": """
        async def guilty_{n}():
            await asyncio.sleep(0.001 * {a})
            time.sleep(0.4)  # HERE
        async def victim_{n}():
            for _ in range({a} + 1):
                await asyncio.sleep(0.005)
        def begin_{n}():
            return [create_task(victim_{n}()), create_task(guilty_{n}())]
        """,
    "deadlock": """
        async def guilty_{n}(mine, other):
            async with mine:
                await asyncio.sleep(0.001 * {a})
                async with other:  # HERE
                    pass
        def begin_{n}():
            one, other = asyncio.Lock(), asyncio.Lock()
            KEPT.extend([create_task(guilty_{n}(one, other)), create_task(guilty_{n}(other, one))])
            return []
        """,
    "setter_died": """
        async def waiter_{n}(ready_{n}):
            await ready_{n}.wait()
        async def guilty_{n}(ready_{n}):  # HERE
            await asyncio.sleep(0.001 * {a})
            [8080][{b}]
            ready_{n}.set()
        def begin_{n}():
            ready_{n} = asyncio.Event()
            KEPT.extend([create_task(waiter_{n}(ready_{n})), create_task(guilty_{n}(ready_{n}))])
            return []
        """,
    "lock_held": """
        async def guilty_{n}(lock):
            async with lock:
                await asyncio.sleep(0.4)  # HERE
        async def victim_{n}(lock):
            await asyncio.sleep(0.001 * {a})
            async with lock:
                pass
        def begin_{n}():
            lock = asyncio.Lock()
            return [create_task(guilty_{n}(lock)), create_task(victim_{n}(lock))]
        """,
    "unretrieved": """
        async def guilty_{n}():
            await asyncio.sleep(0.001 * {a})
            raise LookupError({b})
        def begin_{n}():
            return [create_task(guilty_{n}())]  # HERE
        """,
    "never_started": """
        async def guilty_{n}():
            await asyncio.sleep(0)
        async def forgets_{n}():
            await asyncio.sleep(0.001 * {a})
            guilty_{n}()  # HERE
        def begin_{n}():
            return [create_task(forgets_{n}())]
        """,
    "leak": """
        async def guilty_{n}(event):
            await event.wait()
        async def leaking_{n}():
            for _ in range(30):
                KEPT.append(create_task(guilty_{n}(asyncio.Event())))  # HERE
                await asyncio.sleep(0.01)
        def begin_{n}():
            return [create_task(leaking_{n}())]
        """,
    "busy_poll": """
        async def guilty_{n}(done):
            while not done.is_set():
                await asyncio.sleep(0)  # HERE
        async def setter_{n}(done):
            await asyncio.sleep(0.4)
            done.set()
        def begin_{n}():
            done = asyncio.Event()
            return [create_task(guilty_{n}(done)), create_task(setter_{n}(done))]
        """,
}

_BEGINS = {
    "gevent": """\
import time
import gevent
from contextlib import suppress
from gevent.event import Event
from gevent.exceptions import LoopExit
from gevent.lock import BoundedSemaphore, RLock
from gevent.pool import Pool
from gevent.queue import Queue
from greenlet import getcurrent, greenlet
KEPT = []
""",
    "asyncio": """\
import asyncio, time
from asyncio import create_task
KEPT = []
""",
}
_ENDS = {
    "gevent": """\
def main():
    every = [one for begin in ({begins}) for one in begin()]
    with suppress(LoopExit):
        gevent.joinall(every)
""",
    "asyncio": """\
async def run():
    await asyncio.wait([one for begin in ({begins}) for one in begin()])
    await asyncio.sleep({more})
def main():
    asyncio.run(run())
""",
}
PIECES = {"gevent": (_GEVENT, _GEVENT_FAULTS), "asyncio": (_ASYNCIO, _ASYNCIO_FAULTS)}


@dataclass
class Planted(Program):
    """A program of one process, and the kind of its fault, "" if it has none; the line that is to be named."""

    kind: str = ""
    line: int = 0


def draw(runtime: str, chance: Random) -> Sides:
    """One program in four is healthy."""
    healthy, faults = PIECES[runtime]
    pieces = chance.choices(sorted(healthy), k=chance.randint(1, 6))
    if chance.random() < 0.75:
        pieces.insert(chance.randint(0, len(pieces)), f"fault {chance.choice(sorted(faults))}")
    return runtime, [(piece, chance.randint(1, 5), chance.randint(1, 5), chance.randint(1, 5)) for piece in pieces]


def render(sides: Sides) -> Planted:
    """The program of these pieces."""
    runtime, pieces = sides
    healthy, faults = PIECES[runtime]
    program = Planted(lines=[], repeatable=False)
    program.add(_BEGINS[runtime])
    for number, (piece, a, b, c) in enumerate(pieces):
        kind = piece.removeprefix("fault ") if piece.startswith("fault ") else ""
        text = faults[kind] if kind else healthy[piece]
        program.kind = program.kind or kind
        program.add("\n".join(line[8:] for line in text.format(n=number, a=a, b=b, c=c).strip("\n").splitlines()[:-1]))
    here = [number for number, line in enumerate(program.lines, 1) if line.endswith("# HERE")]
    program.line = here[0] if here else 0
    begins = "".join(f"begin_{number}, " for number in range(len(pieces)))
    program.add(_ENDS[runtime].format(begins=begins, more=0.3 if program.kind in ("deadlock", "setter_died") else 0))
    program.add("main()")
    return program
