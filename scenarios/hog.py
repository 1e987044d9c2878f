"""One greenlet computes for half a second without giving way, and two others miss their time.

tea wants to be woken after 0.1 s, toast after 0.3 s. By then the time of both is over, but the hub, which would wake
them, does not get to run: greenlets are never interrupted, and hog gives nothing back before it is done.

What to look for: one long block of running, and below it two greenlets that sleep on and on. tea is 0.4 s late and
toast 0.2 s, both because of hog. One gevent.sleep(0) inside the loop of hog would have saved them.

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
