"""Nine tasks of a tenth of a second each, first one after another, then all together.

A task only waits, as most programs do most of the time. In the first half the main program calls the nine tasks itself
and has to wait for each one. In the second half it spawns a greenlet for each and waits for all of them at
once: the same work in a ninth of the time.

What to look for: on the left a staircase of nine sleeps, all on the main track. On the right nine tracks that
wait side by side, and the main program waiting once, for all of them.

Runtime: gevent
"""

from time import perf_counter

import gevent


def task(number):
    gevent.sleep(0.1)
    return number


def one_after_another():
    return [task(number) for number in range(1, 10)]


def together():
    greenlets = [gevent.spawn(task, number) for number in range(1, 10)]
    gevent.joinall(greenlets)
    return [greenlet.value for greenlet in greenlets]


def timed(way):
    began = perf_counter()
    done = way()
    print(f"{way.__name__}: tasks {done} took {perf_counter() - began:.1f} s")


if __name__ == "__main__":
    timed(one_after_another)
    timed(together)
