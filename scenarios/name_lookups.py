"""Three names are looked up at the same time, and the main program waits for the answers for at most 2 s.

The operating system's way to look up a name blocks the thread that asks. So gevent asks in other threads: each lookup
is handed to the hub's thread pool, and the greenlet is parked until a thread of the pool has the answer.

What to look for: three greenlets parked side by side, each woken by what a thread of the pool has found, in whatever
order the answers come. Before, the first of them has loaded all that this takes, while the others were ready and got
no turn. The main program has set itself a limit, and is woken before it is reached.

Runtime: gevent
"""

import gevent
from gevent import socket


def look_up(name):
    return socket.gethostbyname(name)


if __name__ == "__main__":
    names = ["localhost", "127.0.0.1", "127.0.0.2"]
    lookups = [gevent.spawn(look_up, name) for name in names]
    gevent.joinall(lookups, timeout=2)
    for name, lookup in zip(names, lookups, strict=True):
        print(name, "is", lookup.value)
