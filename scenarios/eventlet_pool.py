"""A pool of two green threads fetches three pages with eventlet: the third has to wait until there is room.

eventlet works as gevent does: green threads on greenlets, and a hub that resumes them. The pages come from a server in
this same program, which takes 0.3, 0.1 and 0.1 s to answer.

What to look for: main spawns fetch-1 and fetch-2, which fill the pool, and waits for room in it. fetch-2 is done first,
which makes room, and only then is fetch-3 spawned. Each waits on its own socket, and for each request the server has a
green thread that sleeps. The hub is idle in between, and the whole takes 0.3 s instead of 0.5 s.

Runtime: eventlet
Needs: eventlet
"""

import warnings

# eventlet warns whoever imports it that new programs should not.
warnings.filterwarnings("ignore", "(?s).*Eventlet is deprecated")

import eventlet
from eventlet.green import socket

SECONDS = {"slow": 0.3, "quick": 0.1, "short": 0.1}


def serve(connection):
    page = connection.recv(1024).decode()
    eventlet.sleep(SECONDS[page])
    connection.sendall(f"the {page} page".encode())
    connection.close()


def accept():
    while True:
        connection, _ = server.accept()
        eventlet.spawn(serve, connection)


def fetch(page):
    with socket.create_connection(server.getsockname()) as connection:
        connection.sendall(page.encode())
        print("got", connection.recv(1024).decode())


if __name__ == "__main__":
    server = eventlet.listen(("127.0.0.1", 0))
    eventlet.spawn(accept)
    pool = eventlet.GreenPool(2)
    for page in SECONDS:
        pool.spawn(fetch, page)
    pool.waitall()
