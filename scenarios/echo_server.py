"""A server gives each of its 100 clients its own greenlet and serves all of them at the same time.

Every client sends two lines with a short pause between them and reads each one back. The server's greenlet only
writes back what it reads, until the client disconnects. There are more than 200 greenlets, and never more than one
runs.

What to look for: not any single row of the 200, but the shape of all. The same wave runs down the clients twice, and
between the waves nothing runs. A client waits on its socket until its greenlet in the server has written, and that one
until the client has; yet the two never switch to each other, because every hand-over goes through the hub.

Runtime: gevent
"""

import gevent
from gevent import socket
from gevent.server import StreamServer

CLIENTS = 100
# An address in numbers needs no thread that looks it up.
gevent.config.resolver = "block"


def serve(connection, address):
    while received := connection.recv(1024):
        connection.sendall(received)


def client(number):
    with socket.create_connection(server.address) as connection, connection.makefile("rb") as lines:
        for greeting in (b"hello %d\n" % number, b"goodbye %d\n" % number):
            connection.sendall(greeting)
            if lines.readline() != greeting:
                return False
            gevent.sleep(0.1)
    return True


if __name__ == "__main__":
    # A server that has a pool waits, when it is stopped, for those it is still serving.
    server = StreamServer(("127.0.0.1", 0), serve, spawn=CLIENTS, backlog=CLIENTS)
    server.start()
    clients = [gevent.spawn(client, number) for number in range(CLIENTS)]
    gevent.joinall(clients)
    print([each.value for each in clients].count(True), "clients heard their own echo")
    server.stop()
