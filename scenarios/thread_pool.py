"""A pool of two threads fetches five pages of a local server; a callback saves each.

The server takes a different time for each page. The main thread hands in all five at once: two are taken by the two
workers, three wait in the pool's queue. When a page is there, its callback runs: in the worker that has fetched it.
Main asks for the results in the order in which it handed them in.

What to look for: there are never more than two workers in a fetch. A worker that is done takes the next page at once,
without waiting. Each worker waits for the answer of the server, in the call that reads it; the server has a thread for
each connection. Main waits for the result of a page until the worker sets it, which it does before the callback runs.

What threads wait for is recorded from Python 3.12 on; on 3.11 by the recorder in C.

Runtime: threads
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from urllib.request import urlopen

PAGES = {"a": 0.2, "b": 0.05, "c": 0.1, "d": 0.15, "e": 0.05}
saved = {}


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        page = self.path[1:]
        sleep(PAGES[page])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"page {page}".encode())

    def log_message(self, *args):
        pass


def fetch(page):
    with urlopen(f"http://127.0.0.1:{server.server_port}/{page}") as answer:
        return answer.read().decode()


def save(done):
    saved[done.result()] = threading.current_thread().name


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, args=(0.02,), name="server").start()
with ThreadPoolExecutor(2, thread_name_prefix="worker") as pool:
    pages = [pool.submit(fetch, page) for page in PAGES]
    for page in pages:
        page.add_done_callback(save)
    for page in pages:
        print("main: got", page.result())
server.shutdown()
print("main: saved", len(saved), "pages, none of them itself:", "MainThread" not in saved.values())
