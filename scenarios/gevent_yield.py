"""Two greenlets yield once each, and the hub decides which one runs next.

foo and bar print a line, call gevent.sleep(0), and print another. Sleeping for no time at all means: let all others
that are ready run first.

What to look for: foo never switches to bar. Each switches to the hub, and the hub runs the greenlet that has been ready
longest. Between yielding and resuming, foo is ready, not waiting: nothing but its turn is missing.

Runtime: gevent
"""

import gevent


def foo():
    print("foo runs")
    gevent.sleep(0)
    print("foo runs again")


def bar():
    print("bar runs")
    gevent.sleep(0)
    print("bar runs again")


if __name__ == "__main__":
    gevent.joinall([gevent.spawn(foo), gevent.spawn(bar)])
