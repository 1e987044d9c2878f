"""Three greenlets sleep for 2, 1 and 0 seconds, and all of it takes 2 seconds, not 3.

foo, bar and third start in this order and fall asleep in this order. The hub wakes each one when its time is over, so
that they end in the opposite order.

What to look for: foo, bar, third, third, bar, foo. Nearly all of the time nothing runs: the hub is idle, waiting in the
operating system for the next timer. Each greenlet waits in its own call of `sleep`, and the hub's timer
wakes it.

Runtime: gevent
"""

import gevent


def foo():
    print("foo goes to sleep for 2 s")
    gevent.sleep(2)
    print("foo is awake again")


def bar():
    print("bar goes to sleep for 1 s")
    gevent.sleep(1)
    print("bar is awake again")


def third():
    print("third goes to sleep for 0 s")
    gevent.sleep(0)
    print("third is awake again")


if __name__ == "__main__":
    gevent.joinall([gevent.spawn(foo), gevent.spawn(bar), gevent.spawn(third)])
