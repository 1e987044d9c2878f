"""Programs that switch about so many times between so many tracks: `python programs.py NAME SWITCHES TRACKS`."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator


def greenlets(switches: int, tracks: int) -> None:
    """One greenlet hands over to each of the others in turn, and they hand back."""
    from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

    main = getcurrent()

    def work() -> None:
        while True:
            main.switch()

    others = [greenlet(work) for _ in range(tracks - 1)]
    for index in range(switches // 2):
        others[index % len(others)].switch()


def generators(switches: int, tracks: int) -> None:
    """Each generator is sent something in turn, and gives it back."""

    def work() -> Generator[int, int, None]:
        given = 0
        while True:
            given = yield given

    others = [work() for _ in range(tracks - 1)]
    for other in others:
        next(other)
    for index in range(switches // 2):
        others[index % len(others)].send(index % 50)


def service(switches: int, tracks: int) -> None:
    """gevent: ten producers and ten consumers at a bounded queue, and many sleepers."""
    import gevent  # type: ignore[import-untyped]
    from gevent.queue import Queue  # type: ignore[import-untyped]

    queue: Queue[int] = Queue(100)
    left = switches

    def produce() -> None:
        nonlocal left
        number = 0
        while left > 0:
            left -= 2
            queue.put(number)
            number += 1
            if number % 3 == 0:
                gevent.sleep(0)

    def consume() -> None:
        nonlocal left
        while left > 0:
            queue.get()
            left -= 1

    def sleep() -> None:
        nonlocal left
        while left > 0:
            gevent.sleep(0)
            left -= 2

    workers = [gevent.spawn(work) for work in (produce, consume) for _ in range(10)]
    workers += [gevent.spawn(sleep) for _ in range(max(0, tracks - 22))]
    while left > 0:
        gevent.sleep(0.001)
    gevent.killall(workers)


def chain(switches: int, tracks: int) -> None:
    """A pipeline of three generators, the second of which has its values from the first by `yield from`."""

    def numbers(count: int) -> Iterator[int]:
        yield from range(count)

    def passed_on(count: int) -> Iterator[int]:
        yield from numbers(count)

    def doubled(count: int) -> Iterator[int]:
        for number in passed_on(count):
            yield 2 * number

    for _ in range(max(1, switches // 6000)):
        for _ in doubled(min(1000, switches // 6)):
            pass


def nested(switches: int, tracks: int) -> None:
    """Greenlets that send a generator of their own something, thrice a turn."""
    from greenlet import getcurrent, greenlet

    main = getcurrent()

    def echo() -> Generator[int, int, None]:
        given = 0
        while True:
            given = yield given

    def work() -> None:
        generator = echo()
        next(generator)
        while True:
            for number in range(3):
                generator.send(number)
            main.switch()

    others = [greenlet(work) for _ in range(tracks - 1)]
    for index in range(switches // 8):
        others[index % len(others)].switch()


def locks(switches: int, tracks: int) -> None:
    """gevent: a queue of ten items, whose producers hold a semaphore while they sleep."""
    import gevent
    from gevent.lock import Semaphore  # type: ignore[import-untyped]
    from gevent.queue import Queue

    queue: Queue[int] = Queue(10)
    semaphore = Semaphore(1)
    turns = switches // (2 * min(tracks, 100))

    def produce() -> None:
        for number in range(turns):
            with semaphore:
                gevent.sleep(0)
            queue.put(number)

    def consume() -> None:
        for _ in range(turns):
            queue.get()

    gevent.joinall([gevent.spawn(work) for work in (produce, consume) for _ in range(min(tracks, 100) // 2)])


def threads(switches: int, tracks: int) -> None:
    """The same as `generators`, in two threads at once."""
    from threading import Thread

    both = [Thread(target=generators, args=(switches // 2, tracks // 2)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()


def coroutines(switches: int, tracks: int) -> None:
    """asyncio: tasks that await a coroutine that awaits another one that sleeps."""
    import asyncio

    async def inner() -> None:
        await asyncio.sleep(0)

    async def outer() -> None:
        await inner()

    async def work(turns: int) -> None:
        for _ in range(turns):
            await outer()

    async def main() -> None:
        await asyncio.gather(*[work(switches // 2 // tracks) for _ in range(tracks)])

    asyncio.run(main())


def short(switches: int, tracks: int) -> None:
    """Generators that yield once."""

    def one() -> Iterator[int]:
        yield 1

    for _ in range(switches // 4):
        for _ in one():
            pass


def tasks(switches: int, tracks: int) -> None:
    """asyncio: a hundred tasks at a time, each of which sleeps once."""
    import asyncio

    async def work() -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        for _ in range(switches // 400):
            await asyncio.gather(*[work() for _ in range(100)])

    asyncio.run(main())


def brief(switches: int, tracks: int) -> None:
    """Greenlets that hand back once, and end."""
    from greenlet import getcurrent, greenlet

    main = getcurrent()

    def work() -> None:
        main.switch()

    for _ in range(switches // 7):
        one = greenlet(work)
        one.switch()
        one.switch()


def own(switches: int, tracks: int) -> None:
    """A loop of one's own that steps coroutines in turn, each of which awaits new ones."""
    from collections import deque
    from types import coroutine

    @coroutine
    def pause() -> Generator[None, None, None]:
        yield

    async def inner() -> None:
        await pause()

    async def work(turns: int) -> None:
        for _ in range(turns):
            await inner()

    ready = deque(work(switches // 12 // tracks) for _ in range(tracks))
    while ready:
        one = ready.popleft()
        try:
            one.send(None)
        except StopIteration:
            continue
        ready.append(one)


def hogs(switches: int, tracks: int) -> None:
    """gevent: a few that give way three times only, and resume a generator meanwhile, among many that wait for them."""
    import gevent

    few = min(10, tracks)
    left = few

    def count() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def hog() -> None:
        nonlocal left
        numbers = count()
        for _ in range(3):
            for _ in range(switches // (6 * few)):
                next(numbers)
            gevent.sleep(0)
        left -= 1

    def wait() -> None:
        while left:
            gevent.sleep(0)

    gevent.joinall([gevent.spawn(hog) for _ in range(few)] + [gevent.spawn(wait) for _ in range(tracks - few)])


PROGRAMS = (greenlets, generators, service, chain, nested, locks, threads, coroutines, short, tasks, brief, own, hogs)

if __name__ == "__main__":
    {program.__name__: program for program in PROGRAMS}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
