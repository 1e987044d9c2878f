"""Two greenlets wait for each other, and the hub finds that nothing can ever happen again.

Alice will answer once Bob has spoken, and Bob once Alice has. Each waits for an event that only the other can set,
and the main program waits for both. The hub has nothing to run, and no timer or socket to wait for: it raises
LoopExit in the main program instead of sleeping for ever.

What to look for: after a few switches, three tracks wait for ever. alice waits for bob to set an event, bob for alice,
and main for either to end. Only main ever runs again, because an exception wakes it.

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
