"""A small framework of one's own: an event loop that runs generators, over selectors.

A generator yields what it waits for: a socket to be read or written, or a number of seconds. The loop keeps those that
are ready in a queue and resumes them in turn; when none is, it asks the selector which sockets are ready, and waits
there until one is or the next sleep is over. asyncio, gevent and tornado are this, with more care.

What to look for: the generators are tracks, and the loop, in main, resumes them. A generator that yielded a socket
waits until select finds that ready; from then on the generator is ready, and runs when its turn comes. When nobody is
ready, main waits in select: until a socket is, or the next sleep is over. (What select waits for is recorded from
Python 3.12 on, on 3.11 by the recorder in C; else main is just idle.)

Runtime: select
"""

import heapq
import itertools
import selectors
import socket
import time
from collections import deque


class Loop:
    def __init__(self):
        self.ready = deque()
        self.sleeping = []
        self.selector = selectors.DefaultSelector()
        self.number = itertools.count()

    def spawn(self, task):
        self.ready.append(task)

    def run(self):
        while self.ready or self.sleeping or self.selector.get_map():
            self.poll()
            for _ in range(len(self.ready)):
                self.step(self.ready.popleft())

    def poll(self):
        """Ask who is ready; wait for that only if nobody is."""
        limit = None
        if self.ready:
            limit = 0
        elif self.sleeping:
            limit = max(0, self.sleeping[0][0] - time.monotonic())
        for key, _ in self.selector.select(limit):
            self.selector.unregister(key.fileobj)
            self.ready.append(key.data)
        while self.sleeping and self.sleeping[0][0] <= time.monotonic():
            self.ready.append(heapq.heappop(self.sleeping)[2])

    def step(self, task):
        try:
            wanted = next(task)
        except StopIteration:
            return
        if isinstance(wanted, tuple):
            self.selector.register(*wanted, task)
        else:
            heapq.heappush(self.sleeping, (time.monotonic() + wanted, next(self.number), task))


def serve(server, count):
    for _ in range(count):
        yield server, selectors.EVENT_READ
        connection, _ = server.accept()
        loop.spawn(answer(connection))


def answer(connection):
    while True:
        yield connection, selectors.EVENT_READ
        text = connection.recv(100)
        if not text:
            break
        yield connection, selectors.EVENT_WRITE
        connection.sendall(text.upper())
    connection.close()


def ask(name, address, pause):
    with socket.create_connection(address) as connection:
        for word in ("hello", "bye"):
            yield pause
            connection.sendall(word.encode())
            yield connection, selectors.EVENT_READ
            print(f"{name} hears {connection.recv(100).decode()}")


if __name__ == "__main__":
    loop = Loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        loop.spawn(serve(listening, 2))
        loop.spawn(ask("Ann", listening.getsockname(), 0.1))
        loop.spawn(ask("Bob", listening.getsockname(), 0.15))
        loop.run()
    loop.selector.close()
