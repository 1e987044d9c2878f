"""One greenlet computes for half a second without yielding, and two others wake up late.

tea wants to be woken after 0.1 s, toast after 0.3 s. Both times pass, but the hub, which would wake them, cannot run:
greenlets are never interrupted, and hog does not yield before it is done.

What to look for: one long block of running, and below it two greenlets that sleep on and on. tea is 0.4 s late and
toast 0.2 s, both because of hog. One gevent.sleep(0) inside hog's loop would have prevented that.

Runtime: gevent
"""

from time import perf_counter

import gevent


def tea():
    gevent.sleep(0.1)
    print("tea: too strong")


def toast():
    gevent.sleep(0.3)
    print("toast: too dark")


def hog():
    print("hog: computing")
    end = perf_counter() + 0.5
    while perf_counter() < end:
        pass
    print("hog: done")


if __name__ == "__main__":
    gevent.joinall([gevent.spawn(tea), gevent.spawn(toast), gevent.spawn(hog)])
