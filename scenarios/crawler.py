"""Three pages are fetched with urllib, first one after another, then all at once.

urllib knows nothing about gevent: it reads from a socket and blocks until there is something to read. Monkey-patching
gives it a gevent socket, which blocks only the greenlet that reads. The pages come from a server in this same program,
which takes 0.3, 0.1 and 0.2 s to answer.

What to look for: on the left the main program waits on one socket after another, 0.6 s in total. On the right three
greenlets wait, each on its own socket, and the pages arrive in the order of how long they take, not in the order of
the requests. Each request also has a greenlet in the server.

Runtime: gevent
"""

from gevent import monkey

monkey.patch_all()

from urllib.request import ProxyHandler, build_opener

import gevent
from gevent.server import StreamServer

SECONDS = {"slow": 0.3, "quick": 0.1, "medium": 0.2}
# An address in numbers needs no thread that looks it up, and this server is behind no proxy.
gevent.config.resolver = "block"
browser = build_opener(ProxyHandler({}))


def serve(connection, address):
    page = connection.recv(1024).split()[1].strip(b"/").decode()
    gevent.sleep(SECONDS[page])
    connection.sendall(f"HTTP/1.0 200 OK\r\n\r\nthe {page} page".encode())


def fetch(page):
    url = f"http://127.0.0.1:{server.server_port}/{page}"
    with browser.open(url) as response:
        print("got", response.read().decode())


def one_after_another():
    print("one after another")
    for page in SECONDS:
        fetch(page)


def at_once():
    print("at once")
    gevent.joinall([gevent.spawn(fetch, page) for page in SECONDS])


if __name__ == "__main__":
    server = StreamServer(("127.0.0.1", 0), serve)
    server.start()
    one_after_another()
    at_once()
    server.stop()
