"""Pools of processes, by each way to start them, and one inside a program of gevent's."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number, os.getpid()


def main():
    for way in ("fork", "spawn", "forkserver"):
        with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context(way)) as pool:
            answers = list(pool.map(square, range(200), chunksize=5))
        print(way, sum(answer for answer, _ in answers), os.getpid() in {pid for _, pid in answers})
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print("pool", sum(answer for answer, _ in pool.imap_unordered(square, range(100))))
    import gevent
    from gevent import sleep

    ticks = []

    def tick():
        while len(ticks) < 5:
            ticks.append(sleep(0.001))

    ticking = gevent.spawn(tick)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        asked = gevent.get_hub().threadpool.spawn(pool.map, square, range(100))
        print("gevent", sum(answer for answer, _ in asked.get()))
    ticking.join()
    print(len(ticks))


if __name__ == "__main__":
    main()
