"""What a server's or a worker's greenlets serve is told, and the program sees nothing of that."""

from __future__ import annotations

import re
import textwrap
from itertools import pairwise

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SEES_WAITS
from visualizer.analysis.explore.search import for_text
from visualizer.analysis.model.connections import across
from visualizer.trace import words

#: What both scripts begin with: the answers are read to their end, so that one greenlet serves after the other.
SERVING = """
import socket, sys, traceback
import gevent
from gevent import socket as green
from gevent.pywsgi import WSGIHandler, WSGIServer

def application(environ, start_response):
    stack = [frame.filename for frame in traceback.extract_stack()]
    print(environ["PATH_INFO"], any("visualizer" in file for file in stack))
    gevent.sleep(0)
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("broken")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

def ask(*requests):
    connection = green.create_connection(("127.0.0.1", server.server_port))
    for request in requests:
        connection.sendall(f"{request} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode("latin-1"))
        answer = b""
        while not answer.endswith((b"ok", b"Error")):
            answer += connection.recv(1000)
    connection.close()

class Log:
    def write(self, text):
        lines = text.splitlines()
        print(*(line for line in lines if "ValueError" in line or "File" in line and "app" not in line), sep="\\n")

server = WSGIServer(("127.0.0.1", 0), application, log=None, error_log=Log())
server.start()
"""


def test_requests_of_a_wsgi_server(trace_source: TraceSource) -> None:
    traced = trace_source(
        SERVING
        + """
for requests in (
    ["GET /report?token=secret"],
    ["GET /a", "POST /b\\x1b[31m", "GET /a"],
    ["GET /same", "GET /same"],
    ["GET /fail"],
    ["GET /" + 200 * "x"],
):
    gevent.spawn(ask, *requests).join()
server.stop()
handler = WSGIHandler.__new__(WSGIHandler)
print(WSGIHandler.application, handler.application, vars(handler), WSGIHandler.time_finish)
handler.application = 3
print(handler.application, vars(handler))
del handler.application
print(handler.application)
try:
    del handler.application
except AttributeError as error:
    print("AttributeError", error)
"""
    )
    printed = traced.ended.stdout.decode().splitlines()
    assert traced.ended.code == 0, traced.ended.stderr
    assert printed[:4] == ["/report False", "/a False", "/b\x1b[31m False", "/a False"]
    assert not [line for line in printed if "served.py" in line]
    assert printed[-4:] == [
        "None None {} 0", "3 {'application': 3}", "None", "AttributeError application",
    ]
    timeline = traced.timeline
    served = {timeline.name(track): [one.what for one in timeline.services(track)] for track in timeline.tracks}
    assert {name: what for name, what in served.items() if what} == {
        "GET /report (handle-1)": ["GET /report"],
        "WSGIServer.handle-2": ["GET /a", "POST /b\x1b[31m", "GET /a"],
        "GET /same (handle-3)": ["GET /same", "GET /same"],
        "GET /fail (handle-4)": ["GET /fail"],
        f"GET /{74 * 'x'}… (handle-5)": [f"GET /{74 * 'x'}…"],
    }
    several = next(track for track in timeline.tracks if timeline.name(track) == "WSGIServer.handle-2")
    services = timeline.services(several)
    assert [timeline.name(several, (one.start_ns + one.end_ns) // 2) for one in services] == [
        "GET /a (handle-2)", "POST /b\x1b[31m (handle-2)", "GET /a (handle-2)"
    ]
    assert all(one.end_ns <= other.start_ns for one, other in pairwise(services))
    assert timeline.name(several, services[0].end_ns) == "WSGIServer.handle-2"
    search = for_text(timeline, "post /B")
    assert not search.take(1_000_000)
    assert "POST /b␛[31m (handle-2) begins to serve it" in [search.moment(n).said for n in range(len(search))]


def test_requests_of_gunicorn_and_tasks_of_celery(trace_source: TraceSource) -> None:
    """Stand-ins, with what we read of the two: a Response keeps its request, and is gone when that is served; a pool's
    greenlet runs `apply_target(target, arguments of the task, ...)`."""
    traced = trace_source(
        """
        import os, sys, types
        import gevent
        from gevent.server import StreamServer

        here = os.path.dirname(os.path.abspath(__file__))
        for package in ("gunicorn", "gunicorn/http", "celery", "celery/concurrency"):
            os.mkdir(os.path.join(here, package))
        with open(os.path.join(here, "gunicorn/http/wsgi.py"), "w") as file:
            file.write("class Response:\\n  def __init__(self, req):\\n    self.req, self.upgrade = req, False\\n")
        with open(os.path.join(here, "celery/concurrency/base.py"), "w") as file:
            file.write("def apply_target(target, args=(), kwargs=None, **_):\\n    target(*args)\\n")
        from celery.concurrency.base import apply_target
        from gunicorn.http.wsgi import Response

        class Request:
            method = property(lambda self: sys.exit("a property was called"))
            def __init__(self, method, path):
                self.__dict__.update(method=method, path=path)

        class Worker:
            def handle(self, client, address):
                for path in client.recv(100).decode().split():
                    self.handle_request(Request("GET", path))
            def handle_request(self, request):
                response = Response(request)
                gevent.sleep(0)
                print(response.upgrade, hasattr(Response, "upgrade"))

        def task(name, number):
            gevent.sleep(0)

        server = StreamServer(("127.0.0.1", 0), Worker().handle)
        server.start()
        for paths in (b"/one", b"/two /three"):
            client = gevent.socket.create_connection(server.address)
            client.sendall(paths)
            client.recv(1)
        server.stop()
        gevent.spawn(apply_target, task, ("shop.charge", 1)).join()
        gevent.spawn(apply_target, task, (3, 4)).join()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout == 3 * b"False False\n"
    timeline = traced.timeline
    names = [timeline.name(track) for track in timeline.tracks]
    assert names == ["main", "hub", "GET /one (handle-1)", "Worker.handle-2", "shop.charge", "apply_target"]
    assert [one.what for one in timeline.services([*timeline.tracks][3])] == ["GET /two", "GET /three"]
    assert all(one.end_ns >= 0 for track in timeline.tracks for one in timeline.services(track))


def test_requests_of_an_asgi_server(trace_source: TraceSource) -> None:
    """A stand-in for uvicorn, with what we read of it: a task runs `run_asgi` of what has the `scope`. (aiohttp is in
    test_asyncio.py.)"""
    traced = trace_source(
        """
        import asyncio, os, sys

        here = os.path.dirname(os.path.abspath(__file__))
        os.mkdir(os.path.join(here, "uvicorn"))
        with open(os.path.join(here, "uvicorn/protocol.py"), "w") as file:
            file.write("class Cycle:\\n  async def run_asgi(self, app):\\n    await app(self.scope)\\n")
        from uvicorn.protocol import Cycle

        class Other:
            scope = property(lambda self: sys.exit("a property was called"))
            async def run_asgi(self, app):
                await app({})

        async def app(scope):
            await asyncio.sleep(0)

        async def main():
            for scope in (
                {"type": "http", "method": "GET", "path": "/report", "query_string": b"token=secret"},
                {"type": "websocket", "path": "/chat"},
                {"type": "http", "method": 3},
                None,
            ):
                cycle = Cycle()
                cycle.__dict__["scope"] = scope
                await asyncio.create_task(cycle.run_asgi(app))
            await asyncio.create_task(Other().run_asgi(app))

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"", b"")
    timeline = traced.timeline
    assert [timeline.name(track) for track in timeline.tracks][3:] == [
        *["GET /report (run_asgi-1)", "websocket /chat (run_asgi-2)"],
        *["Cycle.run_asgi-3", "Cycle.run_asgi-4", "Other.run_asgi"],
    ]
    first = [*timeline.tracks.values()][3]
    assert [one[1:] for one in timeline.services(first.id)] == [(first.exit_ns, "GET /report")]


#: Servers of one request each: they print nothing, and write the port on which they listen to a pipe.
SERVERS = {
    # A stand-in, with what we read of it, for a worker that handles one request after another in its main thread.
    "gunicorn": """
        here = os.path.dirname(os.path.abspath(__file__))
        os.makedirs(os.path.join(here, "gunicorn/http"))
        with open(os.path.join(here, "gunicorn/http/wsgi.py"), "w") as file:
            file.write("class Response:\\n  def __init__(self, req, sock):\\n"
                       "    self.req, self.sock, self.upgrade = req, sock, False\\n")
        from gunicorn.http.wsgi import Response
        class Request:
            method, path = "", ""
        listening = socket.create_server(("127.0.0.1", 0))
        tell(listening.getsockname()[1])
        connection = listening.accept()[0]
        connection.recv(1000)
        asked = Request()
        asked.method, asked.path = "GET", "/report"
        response = Response(asked, connection)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    """,
    "aiohttp": """
        import asyncio
        from aiohttp import web
        async def serve():
            async def report(request):
                done.set()
                return web.Response(text="ok")
            done, app = asyncio.Event(), web.Application()
            app.router.add_get("/report", report)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            tell(site._server.sockets[0].getsockname()[1])
            await done.wait()
            await runner.cleanup()
        asyncio.run(serve())
    """,
    "pywsgi": """
        import gevent
        from gevent.pywsgi import WSGIServer
        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "2")])
            gevent.spawn(server.stop)
            return [b"ok"]
        server = WSGIServer(("127.0.0.1", 0), app, log=None)
        server.start()
        tell(server.server_port)
        server.serve_forever()
    """,
    # A stand-in, too.
    "uvicorn": """
        import asyncio
        here = os.path.dirname(os.path.abspath(__file__))
        os.mkdir(os.path.join(here, "uvicorn"))
        with open(os.path.join(here, "uvicorn/protocol.py"), "w") as file:
            file.write("class Cycle:\\n  async def run_asgi(self, app):\\n    await app(self.scope)\\n")
        from uvicorn.protocol import Cycle
        async def app(scope):
            await asyncio.sleep(0)
        async def serve():
            async def handle(reader, writer):
                await reader.readuntil(b"\\r\\n\\r\\n")
                ends = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
                cycle = Cycle()
                cycle.scope = {"type": "http", "method": "GET", "path": "/report", "server": ends[0], "client": ends[1]}
                await asyncio.create_task(cycle.run_asgi(app))
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
                await writer.drain()
                writer.close()
                done.set()
            done = asyncio.Event()
            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            tell(server.sockets[0].getsockname()[1])
            await done.wait()
        asyncio.run(serve())
    """,
}


@pytest.mark.parametrize("server", SERVERS)
def test_who_serves_a_request_of_another_process_is_told_by_the_connection(
    server: str, trace_source: TraceSource
) -> None:
    serve = textwrap.indent(textwrap.dedent(SERVERS[server]), "    ")
    traced = trace_source(
        f"""
import http.client, os, socket, sys
told, tells = os.pipe()
def tell(port):
    os.write(tells, b"%d" % port)
if not os.fork():
{serve}
    sys.exit()
connection = http.client.HTTPConnection("127.0.0.1", int(os.read(told, 10)))
connection.connect()
here, there = connection.sock.getsockname(), connection.sock.getpeername()
connection.request("GET", "/report")
print(connection.getresponse().read().decode(), "%s:%d %s:%d" % (*there, *here))
connection.close()
os.wait()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    answer, local, peer = traced.ended.stdout.decode().split()
    assert answer == "ok"
    timeline = traced.timeline
    (track,) = {track for _, track in timeline.has_end[local, peer]}
    assert timeline.process_of(track) is timeline.processes[1]
    assert [one.what for one in timeline.services(track)] == ["GET /report"]
    # From 3.12 on it is known what main waits for; if it did not have to, nothing is.
    asked = [one for one in timeline.suspensions if one.local == peer and one.direction == words.READ]
    assert {across(timeline, one, timeline.last_ns) for one in asked} <= {track}


#: A handler of aiohttp's server, which answers several times, and what asks it so: each answer is waited for.
ASKED = {
    "pages": ("""
        async def serve(request):
            await asyncio.sleep(0.001)
            return web.Response(text="%s %s" % (ends(request.transport)))
    """, """
        async def ask(session, address):
            for _ in range(6):
                async with session.get(address) as response:
                    told.add(await response.text())
    """),
    "a body": ("""
        async def serve(request):
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(6):
                await response.write(b"%s %s\\n" % tuple(map(str.encode, ends(request.transport))))
                await read.wait()
                read.clear()
            return response
    """, """
        async def ask(session, address):
            response = await session.get(address)
            async for line in response.content:
                told.add(line.decode().strip())
                read.set()
    """),
    "a web socket": ("""
        async def serve(request):
            messages = web.WebSocketResponse()
            await messages.prepare(request)
            async for _ in messages:
                await messages.send_str("%s %s" % (ends(request.transport)))
            return messages
    """, """
        async def ask(session, address):
            messages = await session.ws_connect(address)
            for _ in range(6):
                await messages.send_str("more")
                told.add(await messages.receive_str())
            await messages.close()
    """),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_waits_for_answers_of_aiohttp_waits_for_its_connection(asked: str, trace_source: TraceSource) -> None:
    """By it the reader finds who serves that, in a row as elsewhere."""
    serve, ask = map(textwrap.dedent, ASKED[asked])
    traced = trace_source(
        f"""
import asyncio
from aiohttp import web, ClientSession

def ends(transport):
    return tuple("%s:%d" % transport.get_extra_info(which) for which in ("peername", "sockname"))
{serve}
{ask}
async def main():
    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    session = ClientSession()
    address = "http://127.0.0.1:%d/" % site._server.sockets[0].getsockname()[1]
    for number in range(2):
        await asyncio.create_task(ask(session, address), name=f"asks {{number}}")
    await session.close()
    await runner.cleanup()

told, read = set(), asyncio.Event()
asyncio.run(main())
print(*told, sep=chr(10))
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    told = {tuple(line.split()) for line in traced.ended.stdout.decode().splitlines()}
    asks = {track for track in timeline.tracks if timeline.name(track).startswith("asks")}
    waits = [one for one in timeline.suspensions if one.track in asks and one.direction == words.READ]
    assert len(waits) >= 12
    assert {(one.local, one.peer) for one in waits} == told == timeline.opened
    assert all(one.reason == words.IO and one.fd > 0 and not one.object for one in waits)
    servers = {track for track in timeline.tracks if timeline.services(track)}
    assert {across(timeline, one, timeline.last_ns) for one in waits} <= servers
    # Who serves waits for the same connections from their other ends.
    other = [one for one in timeline.suspensions if one.track in servers and one.direction]
    assert {(one.peer, one.local) for one in other} <= told


@pytest.mark.skipif(not SEES_WAITS, reason="what threads do with sockets is recorded from 3.12 on, or in C")
def test_who_reads_at_once_what_another_process_has_sent_has_the_other_end(trace_source: TraceSource) -> None:
    """And its select was for that descriptor, in a forked child as elsewhere."""
    traced = trace_source(
        """
        import os, select, socket
        listening = socket.create_server(("127.0.0.1", 0))
        if not os.fork():
            connection = listening.accept()[0]
            listed = [connection]
            select.select(listed, [], [])
            connection.recv(100)
            connection.sendall(b"answer")
            os._exit(0)
        connection = socket.create_connection(listening.getsockname())
        print("%s:%d %s:%d" % (*connection.getpeername(), *connection.getsockname()))
        connection.sendall(b"question")
        connection.recv(100)
        os.wait()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    local, peer = traced.ended.stdout.decode().split()
    child = timeline.processes[1].track
    assert [track for _, track in timeline.has_end[local, peer]] == [child]
    asked = [one for one in timeline.suspensions if one.local == peer and one.direction == words.READ]
    assert {across(timeline, one, timeline.last_ns) for one in asked} <= {child}
    ready = [which for (track, _), which in timeline.found_ready.items() if track == child]
    assert all(re.fullmatch(r"read \d+", which) for which in ready)
