"""Chat room over TCP, a thread for each connection, history on disk."""

import os
import queue
import re
import socket
import socketserver
import tempfile
import threading
import time

WORDY = re.compile(r"(a+)+$")


class Room:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.history = open(path, "w")
        self.posts = 0
        self.outgoing = queue.Queue()
        self.gone = threading.Event()
        self.keepers = []

    def post(self, text):
        with self.lock:
            self.posts += 1
            self.history.write(text + "\n")
            self.history.flush()
            os.fsync(self.history.fileno())
            time.sleep(0.02)
        self.outgoing.put(text)

    def keep_alive(self, peer):
        self.gone.wait()


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        room = self.server.room
        keeper = threading.Thread(target=room.keep_alive, args=(self.client_address,), daemon=True)
        keeper.start()
        room.keepers.append(keeper)
        for line in self.rfile:
            text = line.decode().strip()
            if text.startswith("/spam"):
                self.wfile.write(str(is_spam(text[6:])).encode() + b"\n")
            else:
                room.post(text)
                self.wfile.write(b"ok\n")


def is_spam(text):
    return WORDY.match(text) is not None


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def talk(port, lines):
    with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rw") as stream:
        for line in lines:
            stream.write(line + "\n")
            stream.flush()
            stream.readline()


def fan_out(room, stop):
    sent = 0
    while not stop.is_set():
        try:
            room.outgoing.get_nowait()
            sent += 1
        except queue.Empty:
            time.sleep(0)


def indexer(texts, results):
    """Counts words, in pure Python."""
    counts = {}
    for text in texts:
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    results.append(len(counts))


def ping(beats, stop):
    while not stop.wait(0.01):
        beats.append(time.monotonic())


def main():
    with tempfile.TemporaryDirectory() as folder:
        room = Room(os.path.join(folder, "history"))
        server = Server(("127.0.0.1", 0), Connection)
        server.room = room
        port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), name="accept", daemon=True).start()

        clients = [
            threading.Thread(target=talk, args=(port, [f"hello {i} {j}" for j in range(3)]), name=f"client-{i}")
            for i in range(8)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

        stop = threading.Event()
        fan = threading.Thread(target=fan_out, args=(room, stop), name="fan-out")
        fan.start()
        time.sleep(0.3)
        stop.set()
        fan.join()

        stop = threading.Event()
        beats = []
        pinger = threading.Thread(target=ping, args=(beats, stop), name="ping")
        pinger.start()
        talk(port, ["/spam " + "a" * 23 + "!"])
        talk(port, ["/spam " + "a" * 23 + "!"])
        texts = [f"the quick brown fox jumps over {i} dogs" for i in range(60_000)]
        results = []
        indexers = [threading.Thread(target=indexer, args=(texts, results), name=f"index-{i}") for i in range(3)]
        for thread in indexers:
            thread.start()
        for thread in indexers:
            thread.join()
        stop.set()
        pinger.join()
        server.shutdown()
        server.server_close()
        room.history.close()
        print("posts", room.posts, "indexes", len(results))


if __name__ == "__main__":
    main()
