"""Three greenlets sleep for 2, 1 and 0 seconds, and the whole takes 2 seconds and not 3.

foo, bar and third are started in this order and fall asleep in this order. The hub wakes each of them when its time is
over, so that they end the other way round.

What to look for: foo, bar, third, third, bar, foo. For nearly all of the time nobody runs: the hub is idle, asking the
operating system to be told when the next timer is due. Each greenlet is parked on its own call of `sleep`, and it is
the hub's timer that wakes it.

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
