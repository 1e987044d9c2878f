"""Two greenlets wait for each other, and the hub finds that nothing can ever happen again.

Alice will answer once Bob has spoken, and Bob once Alice has. Each waits for an event that only the other can set,
and the main program waits for both of them. The hub has nobody to run, no timer and no socket to wait for: it raises
LoopExit in the main program, rather than sleep for ever.

What to look for: three tracks parked for good, after a few switches. alice waits for what bob would set, bob for what
alice would set, and main for the end of either. The only one who ever runs again is main, and an exception wakes it.

Runtime: gevent
"""

import gevent
from gevent.event import Event
from gevent.hub import LoopExit

alice_spoke = Event()
bob_spoke = Event()


def alice():
    print("alice: after you")
    bob_spoke.wait()
    alice_spoke.set()


def bob():
    print("bob: no, after you")
    alice_spoke.wait()
    bob_spoke.set()


if __name__ == "__main__":
    try:
        gevent.joinall([gevent.spawn(alice), gevent.spawn(bob)])
    except LoopExit as error:
        print("main:", error.args[0])
