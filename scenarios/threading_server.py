"""A server with a thread for each connection echoes what three clients send; each client is a thread too.

`socketserver.ThreadingTCPServer` accepts in one thread, and starts another for each connection. The clients connect one
after another, and think for different times before each of their lines.

What to look for: each connection has a thread of its own, which the server's thread has started. It waits in the call
that reads, on its end of the connection, until its client sends a line; then the client waits for the echo. A
connection that a client closes ends its thread. Group the rows by name (G) to fold the connections into one row.

What threads wait for is recorded from Python 3.12 on; on 3.11 by the recorder in C.

Runtime: threads
"""

import socket
import socketserver
import threading
import time


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while line := self.request.recv(1024):
            self.request.sendall(line.upper())


def client(name, pause):
    with socket.create_connection(server.server_address) as connection:
        for word in ("hello", "again"):
            time.sleep(pause)
            connection.sendall(f"{name} says {word}".encode())
            said[name, word] = connection.recv(1024).decode()


said = {}
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), name="server")
    serving.start()
    clients = [
        threading.Thread(target=client, args=(name, pause), name=f"client {name}")
        for name, pause in (("Ann", 0.1), ("Bob", 0.15), ("Cleo", 0.25))
    ]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    server.shutdown()
    serving.join()
for line in sorted(said.values()):
    print(line)
