"""Three names are looked up at the same time, and the main program waits for the answers for at most 2 s.

The operating system's name lookup blocks the calling thread. So gevent calls it in other threads: each lookup
goes to the hub's thread pool, and the greenlet waits until a pool thread has the answer.

What to look for: three greenlets wait side by side, each woken when a pool thread has finished its lookup, in the
order in which the answers come. Before that, the first one has imported all that a lookup needs, while the others were
ready but did not run. The main program has set a time limit, and is woken before it is reached.

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
