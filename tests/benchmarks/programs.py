"""Programs that switch about so many times between so many tracks: `python programs.py NAME SWITCHES TRACKS`."""

from __future__ import annotations

import sys
from collections.abc import Generator


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


if __name__ == "__main__":
    {"greenlets": greenlets, "generators": generators, "service": service}[sys.argv[1]](
        int(sys.argv[2]), int(sys.argv[3])
    )
