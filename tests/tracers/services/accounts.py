"""Accounts API: gevent's WSGI server, a toy database behind a socket, and clients that load it."""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import hashlib
import http.client
import json
import socket
import time

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer


def database(sock, address):
    """One line in, one line out, 15 ms later."""
    with sock.makefile("rwb") as stream:
        for line in stream:
            gevent.sleep(0.015)
            stream.write(b"row for " + line)
            stream.flush()


class Accounts:
    def __init__(self, db_port):
        self.db_port = db_port
        self.lock = BoundedSemaphore(1)
        self.shutdown = Event()
        self.warm = False
        self.cache = {}
        self.beats = []
        self.logins = 0
        self.sessions = []

    def query(self, text):
        with socket.create_connection(("127.0.0.1", self.db_port)) as conn:
            conn.sendall(text.encode() + b"\n")
            return conn.recv(200).decode().strip()

    def login(self, name):
        salt = name.encode().ljust(16, b"x")
        digest = hashlib.pbkdf2_hmac("sha512", b"secret", salt, 350_000)
        self.logins += 1
        self.sessions.append(gevent.spawn(self.expire, name))
        return digest.hex()[:12]

    def expire(self, name):
        self.shutdown.wait()
        self.cache.pop(name, None)

    def account(self, name):
        with self.lock:
            if name not in self.cache:
                self.cache[name] = self.query(f"select {name}")
        self.sessions.append(gevent.spawn(self.expire, name))
        return self.cache[name]

    def app(self, environ, start_response):
        _, action, name = environ["PATH_INFO"].split("/")
        answer = {"login": self.login, "account": self.account}[action](name)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"name": name, "answer": answer}).encode()]

    def warm_up(self):
        gevent.sleep(0.3)
        self.query("select everything")
        self.warm = True

    def after_warm_up(self):
        while not self.warm:
            gevent.sleep(0)
        self.query("vacuum")


def crunch(rows, shifts):
    """Rebuild the index of a shard, polite enough to yield between chunks."""
    total = 0
    for _ in range(shifts):
        total += sum(i * i % 7 for i in range(rows))
        gevent.sleep(0)
    return total


def heartbeat(service, stop):
    while not stop.is_set():
        service.beats.append(time.monotonic())
        gevent.sleep(0.005)


def fetch(port, path):
    conn = http.client.HTTPConnection("127.0.0.1", port)
    conn.request("GET", path)
    body = json.loads(conn.getresponse().read())
    conn.close()
    return body


def main():
    db = StreamServer(("127.0.0.1", 0), database)
    db.start()
    service = Accounts(db.server_port)
    web = WSGIServer(("127.0.0.1", 0), service.app, log=None)
    web.start()

    waiting = [gevent.spawn(service.warm_up), gevent.spawn(service.after_warm_up)]
    gevent.joinall(waiting)

    stop = Event()
    beat = gevent.spawn(heartbeat, service, stop)
    shards = [gevent.spawn(crunch, 12_000, 10) for _ in range(8)]
    gevent.joinall(shards)
    stop.set()
    beat.join()

    clients = [gevent.spawn(fetch, web.server_port, f"/account/user{i}") for i in range(20)]
    gevent.joinall(clients)

    for name in ("ann", "bob"):
        logins = [gevent.spawn(fetch, web.server_port, f"/login/{name}")]
        logins += [gevent.spawn(fetch, web.server_port, f"/account/{name}{i}") for i in range(3)]
        gevent.joinall(logins)
    gevent.sleep(0.1)
    web.stop()
    db.stop()
    print("logins", service.logins, "accounts", len(clients))


if __name__ == "__main__":
    main()
