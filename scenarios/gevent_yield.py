"""Two greenlets give way once each, and the hub decides who is next.

foo and bar print a line, call gevent.sleep(0), and print another. Sleeping for no time at all means: let everybody else
who is ready run first.

What to look for: foo never switches to bar. Each goes to the hub, and the hub runs whoever has been ready for the
longest time. Between giving way and going on, foo is ready and not waiting: all it lacks is its turn.

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
