"""gevent and the operating system: on which descriptor, child, thread or name one waits, and who wakes it."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import Traced, bare, trace
from visualizer.analysis.model.timeline import State, Suspension
from visualizer.analysis.report.jsonl import records
from visualizer.analysis.text.sentences import describe_state, sentence
from visualizer.trace import words
from visualizer.tracers.core.compiled import WANTED, built

LOOPS = ("libev-cext", "libuv", "libev-cffi")


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of gevent's loops in turn."""
    _choose(request.param, monkeypatch)
    return str(request.param)


def _choose(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if loop != "libev-cext":
        pytest.importorskip("cffi", reason="this loop of gevent's needs cffi")
    monkeypatch.setenv("GEVENT_LOOP", loop)


def suspensions(traced: Traced, name: str) -> list[Suspension]:
    """What a track waited for, apart from having given way."""
    timeline = traced.timeline
    return [p for p in timeline.suspensions if timeline.name(p.track) == name and p.on and p.asked_ns != 0]


def reported(traced: Traced, name: str) -> list[tuple[str, int, str, str, str]]:
    """(reason, fd, direction, local, peer) of each wait of a track."""
    return [(p.reason, p.fd, p.direction, p.local, p.peer) for p in suspensions(traced, name)]


def woken(traced: Traced, name: str) -> list[tuple[str, str]]:
    """(waker, cause) of each wakeup of a track after its spawn."""
    return [(waker, cause) for waker, cause, who in traced.wakes if who == name and cause != words.SPAWN]


def went_well(traced: Traced) -> None:
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert not traced.timeline.notes


SOCKETS = """
    {patch}
    import json, socket, sys
    import gevent, gevent.socket
    socket = sys.modules["{module}"]

    def ends(*socks):
        for sock in socks:
            try:
                peer = sock.getpeername()
            except OSError:
                peer = None
            print(json.dumps([sock.fileno(), sock.getsockname(), peer]), flush=True)

    def accepting():
        global served
        served, _ = server.accept()
        done.append(served)

    def connecting():
        global client
        client = socket.socket({family})
        client.connect(server.getsockname())

    def reading():
        assert client.recv(10) == b"hello"

    def writing():
        served.sendall(b"x" * 10_000_000)

    def run(function):
        greenlet = gevent.spawn(function)
        gevent.sleep(0.001)
        return greenlet

    done = []
    server = socket.socket({family})
    server.bind({address})
    server.listen()
    accept = run(accepting)
    connecting()
    accept.join()
    read = run(reading)
    served.sendall(b"hello")
    read.join()
    write = run(writing)
    left = 10_000_000
    while left:
        left -= len(client.recv(left))
    write.join()
    ends(server, client, served)
"""


# Of the loop a socket is a descriptor, whatever its family, and whoever made it.
@pytest.mark.parametrize(
    ("family", "patched", "loop"),
    [*(("AF_INET", False, loop) for loop in LOOPS), ("AF_INET", True, LOOPS[0]), ("AF_INET6", False, LOOPS[0])],
    indirect=["loop"],
)
def test_sockets(trace_source: TraceSource, loop: str, family: str, patched: bool) -> None:
    traced = trace_source(
        SOCKETS.format(
            patch="from gevent import monkey; monkey.patch_all()" if patched else "",
            module="socket" if patched else "gevent.socket",
            family=f"socket.{family}",
            address="('127.0.0.1', 0)" if family == "AF_INET" else "('::1', 0)",
        )
    )
    went_well(traced)
    (listening, server, _), (_, client, its_server), (serving, served, its_client) = map(
        json.loads, traced.ended.stdout.splitlines()
    )
    assert (its_server, its_client) == (server, client)
    text = "{}:{}" if family == "AF_INET" else "[{}]:{}"
    server_text, client_text = text.format(*server), text.format(*client)
    client_fd = reported(traced, "reading")[0][1]
    assert reported(traced, "accepting") == [("io", listening, "accept", server_text, "")]
    assert reported(traced, "reading") == [("io", client_fd, "read", client_text, server_text)]
    assert set(reported(traced, "writing")) == {("io", serving, "write", server_text, client_text)}
    for name in ("accepting", "reading", "writing"):
        assert set(woken(traced, name)) == {("hub", "io")}
    assert served == server


def test_connecting(trace_source: TraceSource, loop: str) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent import socket

        def connecting():
            client = socket.socket()
            client.connect(server.getsockname())
            print(client.fileno(), *client.getpeername())

        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen()
        gevent.spawn(connecting).join()
        """
    )
    went_well(traced)
    fd, host, port = traced.ended.stdout.decode().split()
    ((reason, its_fd, direction, local, peer),) = reported(traced, "connecting")
    assert (reason, its_fd, direction, peer) == ("io", int(fd), "connect", f"{host}:{port}")
    assert local.startswith("127.0.0.1:")
    assert woken(traced, "connecting") == [("hub", "io")]


def test_unix_sockets(trace_source: TraceSource, loop: str) -> None:
    traced = trace_source(
        """
        import os, tempfile
        import gevent
        from gevent import socket
        from gevent.event import Event

        def accepting():
            end, _ = server.accept()
            accepted.set()
            end.recv(1)

        accepted = Event()
        path = os.path.join(tempfile.mkdtemp(), "socket")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()
        accept = gevent.spawn(accepting)
        gevent.sleep(0.001)
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        # Whoever sets it runs on until it waits.
        accepted.wait()
        client.send(b"x")
        accept.join()
        os.unlink(path)
        print(path)
        """
    )
    went_well(traced)
    path = traced.ended.stdout.decode().strip()
    assert [end[2:] for end in reported(traced, "accepting")] == [("accept", path, ""), ("read", path, "")]


def test_one_number_for_several_sockets(trace_source: TraceSource) -> None:
    """A descriptor's number is used again, with other addresses; a datagram socket's change while it lives."""
    traced = trace_source(
        """
        import json
        import gevent
        from gevent import socket

        def reader(port):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            for _ in range(2):
                sock.bind(("127.0.0.1", 0)) if not sock.getsockname()[1] else sock.connect(("127.0.0.1", port))
                try:
                    with gevent.Timeout(0.001):
                        sock.recv(1)
                except gevent.Timeout:
                    pass
            print(json.dumps([sock.fileno(), sock.getsockname()[1]]), flush=True)
            sock.close()

        for port in (9, 7):
            gevent.spawn(reader, port).join()
            gevent.sleep(0.001)
        """
    )
    went_well(traced)
    (fd, first), (other_fd, second) = map(json.loads, traced.ended.stdout.splitlines())
    assert fd == other_fd
    assert [
        (end[1], *end[3:]) for name in ("reader-1", "reader-2") for end in reported(traced, name) if end[0] == "io"
    ] == [
        (fd, f"127.0.0.1:{first}", ""), (fd, f"127.0.0.1:{first}", "127.0.0.1:9"),
        (fd, f"127.0.0.1:{second}", ""), (fd, f"127.0.0.1:{second}", "127.0.0.1:7"),
    ]
    assert woken(traced, "reader-1") == [("hub", "timeout")] * 2


@pytest.mark.parametrize("recorder", ["yes", "no"])
def test_many_sockets_at_one_place(
    trace_source: TraceSource, recorder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the third wait for a socket at a place on, it is told by what was told before: of that socket, there."""
    if recorder == "yes" and built() is None:
        pytest.skip("the recorder in C was not built")
    monkeypatch.setenv(WANTED, recorder)
    traced = trace_source(
        """
        import json
        import gevent
        from gevent import socket

        class Own(socket.socket):
            __slots__ = ()

        def read(sock):
            return sock.recv(1)

        def ask(sock, name):
            log.append([name, "read", sock.fileno()])
            sock.sendall(b"x")
            return read(sock) if type(sock) is Own else sock.recv(1)

        def answer(sock):
            while sock.recv(1):
                sock.sendall(b"x")

        def asks(name, pairs):
            for turn in range(24):
                ask(pairs[turn % len(pairs)], name)

        log = []
        for name, count in (("one", 1), ("two", 2), ("again", 1), ("three", 3)):
            pairs = []
            for number in range(count):
                one, other = socket.socketpair()
                if number == 1:
                    one = Own(fileno=one.detach())
                gevent.spawn(answer, other)
                pairs.append(one)
            asking = gevent.spawn(asks, name, pairs)
            asking.name = name
            asking.join()
            # The next ones may have the same addresses, and get the same numbers.
            del asking
            for one in pairs:
                one.close()
            pairs.clear()
            del one, other
            gevent.sleep(0)
        print(json.dumps(log))
        """
    )
    went_well(traced)
    told = json.loads(traced.ended.stdout)
    for name in ("one", "two", "again", "three"):
        assert [[name, *end[2:0:-1]] for end in reported(traced, name)] == [row for row in told if row[0] == name]
        assert set(woken(traced, name)) == {("hub", "io")}


def test_a_socket_stays_as_it_was(trace_source: TraceSource) -> None:
    """Blocking or not, its time limit, and open: also where the program has set a default limit."""
    source = """
        import os, socket as plain
        import gevent
        from gevent import socket

        plain.setdefaulttimeout(5)
        a, b = plain.socketpair()
        a.settimeout(None)
        gevent.spawn_later(0.01, b.send, b"x")
        socket.wait_read(a.fileno())
        gevent.get_hub().wait(gevent.get_hub().loop.io(a.fileno(), 2))
        print(os.get_blocking(a.fileno()), a.recv(1), a.gettimeout(), b.gettimeout())
        import gc; gc.collect()
        os.fstat(a.fileno())
        """
    traced = trace_source(source)
    assert traced.ended == bare(traced.path.with_suffix(".py"))
    assert traced.ended.stdout == b"True b'x' None 5.0\n"


#: Setup, what the waiter waits in, what another does -> reason, direction, (who, cause); "_" for any direction.
WAITS = {
    "select": ("", "gevent.select.select([a], [], [])", "b.send(b'x')", "select", "read", ("hub", "io")),
    "select two": ("", "gevent.select.select([a, c], [], [])", "b.send(b'x')", "select", "read A C", ("hub", "io")),
    "poll": ("p = gevent.select.poll(); p.register(a, 1)", "p.poll()", "b.send(b'x')", "select", "read", ("hub", "io")),
    "selector": (
        "import gevent.selectors; s = gevent.selectors.DefaultSelector(); s.register(a, 1)",
        "s.select()",
        "b.send(b'x')",
        "select",
        "read",
        ("hub", "io"),
    ),
    "wait_read": ("", "socket.wait_read(a.fileno())", "b.send(b'x')", "io", "read", ("hub", "io")),
    "hub.wait made": ("", "hub.wait(hub.loop.io(a.fileno(), 1))", "b.send(b'x')", "io", "read", ("hub", "io")),
    "hub.wait io": ("w = hub.loop.io(a.fileno(), 1)", "hub.wait(w)", "b.send(b'x')", "io", "read", ("hub", "io")),
    "hub.wait async": ("w = hub.loop.async_()", "hub.wait(w)", "w.send()", "async", "", ("hub", "async")),
    "hub.wait signal": (
        "w = hub.loop.signal(signal.SIGUSR1)",
        "hub.wait(w)",
        "os.kill(os.getpid(), signal.SIGUSR1)",
        "signal",
        "",
        ("hub", "signal"),
    ),
    "hub.wait made over two lines": (
        "",
        "hub.wait(hub.loop.io(\n            a.fileno(), 1))",
        "b.send(b'x')",
        "io",
        "read",
        ("hub", "io"),
    ),
    "a limit of one's own": (
        "",
        "gevent.joinall([gevent.spawn(sleep)], timeout=5)",
        "pass",
        "join",
        "",
        ("sleep", "finished"),
    ),
    "hub.wait timer": ("w = hub.loop.timer(0.02)", "hub.wait(w)", "pass", "sleep", "", ("hub", "timer")),
    "hub.wait timer made": ("", "hub.wait(hub.loop.timer(0.02))", "pass", "sleep", "", ("hub", "timer")),
    "nb_read": (
        "r, w = os.pipe(); gevent.os.make_nonblocking(r)",
        "gevent.os.nb_read(r, 1)",
        "os.write(w, b'x')",
        "io",
        "read",
        ("hub", "io"),
    ),
    "FileObject": (
        "from gevent.fileobject import FileObjectPosix; r, w = os.pipe(); f = FileObjectPosix(r)",
        "f.read(1)",
        "os.write(w, b'x'), os.close(w)",
        "io",
        "read",
        ("hub", "io"),
    ),
    "threadpool apply": (
        "",
        "hub.threadpool.apply(time.sleep, (0.01,))",
        "pass",
        "threadpool",
        "",
        ("hub", "threadpool"),
    ),
    "threadpool spawn": (
        "t = hub.threadpool.spawn(time.sleep, 0.02)",
        "t.get()",
        "pass",
        "result",
        "",
        ("hub", "threadpool"),
    ),
    "ThreadPool": (
        "from gevent.threadpool import ThreadPool; pool = ThreadPool(2)",
        "pool.apply(time.sleep, (0.01,))",
        "pass",
        "threadpool",
        "",
        ("hub", "threadpool"),
    ),
    "ThreadPoolExecutor": (
        "from gevent.threadpool import ThreadPoolExecutor; e = ThreadPoolExecutor(1); r = e.submit(time.sleep, 0.02)",
        "r.result()",
        "pass",
        "threadpool",
        "",
        ("hub", "threadpool"),
    ),
    "tp_read": (
        "r, w = os.pipe()",
        "gevent.os.tp_read(r, 1)",
        "os.write(w, b'x')",
        "threadpool",
        "",
        ("hub", "threadpool"),
    ),
    "getaddrinfo": ("", "socket.getaddrinfo('localhost', 80)", "pass", "dns", "", ("hub", "dns")),
    "gethostbyname": ("", "socket.gethostbyname('localhost')", "pass", "dns", "", ("hub", "dns")),
    "Popen.wait": (
        "p = subprocess.Popen(['cat'], stdin=subprocess.PIPE)",
        "p.wait()",
        "p.stdin.close()",
        "subprocess",
        "",
        ("hub", "subprocess"),
    ),
    "waitpid": (
        "p = subprocess.Popen(['cat'], stdin=subprocess.PIPE)",
        "gevent.os.waitpid(p.pid, 0)",
        "p.stdin.close()",
        "subprocess",
        "",
        ("hub", "subprocess"),
    ),
    "set in a thread": (
        "r = AsyncResult(); t = threading.Thread(target=r.set, name='setter of a result')",
        "r.get()",
        # Without anything else to wait for, the hub would not wait for a thread.
        "t.start(); t.join()",
        "result",
        "",
        ("setter of a result", "callback"),
    ),
    "Event set in a thread": (
        "e = Event(); t = threading.Thread(target=e.set, name='setter of an event')",
        "e.wait()",
        # Without anything else to wait for, the hub would not wait for a thread.
        "t.start(); t.join()",
        "event",
        "",
        ("setter of an event", "callback"),
    ),
    "closed by another": ("", "try_recv(a)", "a.close()", "io", "read", ("waker", "callback")),
}


CASE = """
def case_{number}():
    def waiter_{number}():
        {wait}

    def waker_{number}():
        {wake}

    a, b = socket.socketpair()
    c, d = socket.socketpair()
    print(a.fileno(), c.fileno(), flush=True)
    {setup}
    first = gevent.spawn(waiter_{number})
    gevent.sleep(0)
    second = gevent.spawn(waker_{number})
    first.join()
    second.join()

case_{number}()
"""


@pytest.fixture(scope="module", params=LOOPS)
def waits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """All of WAITS one after another, on each of gevent's loops in turn."""
    source = """
        import os, signal, threading, time
        import gevent, gevent.os, gevent.select
        from gevent import socket, subprocess
        from gevent.event import AsyncResult, Event

        def try_recv(sock):
            try:
                sock.recv(1)
            except OSError:
                pass

        def sleep():
            gevent.sleep(0.01)

        hub = gevent.get_hub()
    """
    cases = [
        CASE.format(number=number, setup=setup, wait=wait, wake=wake)
        for number, (setup, wait, wake, *_) in enumerate(WAITS.values())
    ]
    with pytest.MonkeyPatch.context() as monkeypatch:
        _choose(request.param, monkeypatch)
        return traced_once(tmp_path_factory, textwrap.dedent(source) + "".join(cases))


def traced_once(folders: pytest.TempPathFactory, source: str) -> Traced:
    script = folders.mktemp("shared") / "script.py"
    script.write_text(source, encoding="utf-8")
    return trace(script.with_suffix(".trace"), str(script))


@pytest.mark.parametrize("name", WAITS)
def test_why_one_waits_and_who_wakes_it(waits: Traced, name: str) -> None:
    number = list(WAITS).index(name)
    *_, reason, direction, (waker, cause) = WAITS[name]
    went_well(waits)
    a, c = waits.ended.stdout.decode().splitlines()[number].split()
    end = suspensions(waits, f"waiter_{number}")[0]
    assert (end.reason, end.direction) == (reason, direction.replace("A", a).replace("C", c))
    assert (end.fd >= 0) == bool(direction and " " not in direction)
    if reason == "select" and " " not in direction:
        assert end.fd == int(a)
    if reason == "sleep":
        assert end.asked_ns == 20_000_000
    if waker == "waker":
        waker = f"waker_{number}"
    elif waker == "hub":
        # The first: a thread of the pool's has one as well where it has to wait for a lock of gevent's.
        waker = waits.timeline.name(waits.tracks("hub")[0].id)
    assert woken(waits, f"waiter_{number}")[0] == (waker, cause)


def test_a_greenlet_of_gevents_own_that_reads_for_another_is_woken_by_what_comes(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import sys
        from gevent import subprocess

        echo = "import sys; sys.stdout.write(sys.stdin.read())"
        done = subprocess.run([sys.executable, "-c", echo], input=b"hello", capture_output=True)
        print(done.stdout)
        """
    )
    went_well(traced)
    readers = [track.id for track in traced.tracks("_CommunicatingGreenlets._read_and_close")]
    waits = [wait for wait in traced.timeline.suspensions if wait.track in readers]
    assert len(readers) == 2
    assert {(wait.reason, wait.direction, wait.fd >= 0) for wait in waits} == {("subprocess", "read", True)}
    causes = {wake.cause for wake in traced.timeline.wakeups if wake.track in readers}
    assert causes == {"spawn", "io"}


@pytest.mark.parametrize("resolver", ["thread", "ares", "block"])
def test_each_resolver(trace_source: TraceSource, monkeypatch: pytest.MonkeyPatch, resolver: str) -> None:
    """What answers at once, or blocks, is no wait."""
    monkeypatch.setenv("GEVENT_RESOLVER", resolver)
    traced = trace_source(
        """
        import gevent
        from gevent import socket

        def asker():
            try:
                socket.gethostbyname("name.invalid")
            except OSError:
                pass

        gevent.spawn(asker).join()
        """
    )
    went_well(traced)
    assert {p.reason for p in suspensions(traced, "asker")} == ({"dns"} if resolver != "block" else set())
    assert set(woken(traced, "asker")) == ({("hub", "dns")} if resolver != "block" else set())


SSL = """
    {patch}
    import os, socket, ssl, subprocess, tempfile
    import gevent, gevent.event
    {more}

    def serving():
        end, _ = server.accept()
        end.do_handshake()
        shaken.set()
        assert end.recv(10) == b"hello"

    def calling():
        global end
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cert)
        raw = socket.create_connection(server.getsockname())
        end = context.wrap_socket(raw, server_hostname="localhost")

    folder = tempfile.mkdtemp()
    cert, key = os.path.join(folder, "cert"), os.path.join(folder, "key")
    subprocess.check_call(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "1", "-keyout", key, "-out", cert, "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    plain = socket.socket()
    plain.bind(("127.0.0.1", 0))
    plain.listen()
    server = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    shaken = gevent.event.Event()
    serve = gevent.spawn(serving)
    gevent.spawn(calling).join()
    shaken.wait()
    end.sendall(b"hello")
    serve.join()
    print(*server.getsockname(), *end.getsockname())
"""


@pytest.mark.parametrize(
    ("patched", "loop"), [(True, LOOPS[0]), *((False, loop) for loop in LOOPS)], indirect=["loop"]
)
def test_ssl(trace_source: TraceSource, loop: str, patched: bool) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate")
    traced = trace_source(
        SSL.format(
            patch="from gevent import monkey; monkey.patch_all()" if patched else "",
            more="" if patched else "from gevent import socket, ssl, subprocess",
        )
    )
    went_well(traced)
    host, port, _, client_port = traced.ended.stdout.decode().split()
    server, client = f"{host}:{port}", f"{host}:{client_port}"
    ends = [(p.on, p.reason, p.direction, p.local, p.peer) for p in suspensions(traced, "serving")]
    assert ends[0] == ("server.accept()", "io", "accept", server, "")
    assert ("end.do_handshake()", "io", "read", server, client) in ends
    assert ends[-1] == ("end.recv(10)", "io", "read", server, client)
    shaken = [p for p in suspensions(traced, "calling") if "wrap_socket" in p.on]
    assert {(p.reason, p.direction, p.local, p.peer) for p in shaken} == {("io", "read", client, server)}
    # To connect, gevent asks its resolver for the address.
    assert set(woken(traced, "serving")) == {("hub", "io")}
    assert set(woken(traced, "calling")) == {("hub", "io"), ("hub", "dns")}


#: In a patched program: what the waiter waits in, what another does -> reason, (who, cause).
PATCHED = {
    "time.sleep": ("time.sleep(0.02)", "pass", "sleep", ("hub", "timer")),
    "Thread.join": ("other.join()", "gate.set()", "join", ("other", "finished")),
    "Thread.start": ("threading.Thread(target=print).start()", "pass", "start", ("print", "callback")),
    "Lock": ("lock.acquire()", "lock.release()", "lock", ("waker", "callback")),
    "with Lock": ("with_lock()", "lock.release()", "lock", ("waker", "callback")),
    "Event": ("event.wait()", "event.set()", "event", ("waker", "callback")),
    "Condition": ("condition.wait()", "notify()", "condition", ("waker", "callback")),
    "Semaphore": ("semaphore.acquire()", "semaphore.release()", "semaphore", ("waker", "callback")),
    "Queue": ("numbers.get()", "numbers.put(1)", "queue", ("waker", "callback")),
    "SimpleQueue": ("simple.get()", "simple.put(1)", "queue", ("waker", "callback")),
    "Future": ("future.result()", "gate.set()", "result", ("Pool", "callback")),
    "futures.wait": ("concurrent.futures.wait([future])", "gate.set()", "result", ("Pool", "callback")),
    "socket": ("a.recv(1)", "b.send(b'x')", "io", ("hub", "io")),
    "select": ("select.select([a], [], [])", "b.send(b'x')", "select", ("hub", "io")),
    "selectors": ("selector.select()", "b.send(b'x')", "select", ("hub", "io")),
    "dns": ("socket.getaddrinfo('localhost', 1)", "pass", "dns", ("hub", "dns")),
    "subprocess.run": ("subprocess.run(['sleep', '0.3'])", "pass", "subprocess", ("hub", "subprocess")),
    "Popen.wait": ("child.wait()", "child.stdin.close()", "subprocess", ("hub", "subprocess")),
    "os.waitpid": ("os.waitpid(child.pid, 0)", "child.stdin.close()", "subprocess", ("hub", "subprocess")),
}


PATCHED_CASE = """
def case_{number}():
    def with_lock():
        with lock:
            pass

    def waiter_{number}():
        if wait == "condition.wait()":
            condition.acquire()
        {wait}

    def waker_{number}():
        {wake}

    def notify():
        with condition:
            condition.notify()

    wait, wake = {wait!r}, {wake!r}
    lock, event, gate = threading.Lock(), threading.Event(), threading.Event()
    condition, semaphore = threading.Condition(), threading.Semaphore(0)
    numbers, simple = queue.Queue(), queue.SimpleQueue()
    lock.acquire()
    a, b = socket.socketpair()
    selector = selectors.DefaultSelector()
    selector.register(a, selectors.EVENT_READ)
    if "gate" in wake:
        other = threading.Thread(target=gate.wait, name="other_{number}")
        other.start()
        pool = concurrent.futures.ThreadPoolExecutor(1, "Pool_{number}")
        future = pool.submit(gate.wait)
    if "child" in wake:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    first = threading.Thread(target=waiter_{number})
    first.start()
    time.sleep(0.001)
    second = threading.Thread(target=waker_{number})
    second.start()
    first.join()
    second.join()

case_{number}()
"""


@pytest.fixture(scope="module", params=[True, False])
def patched_waits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """All of PATCHED one after another; the library is patched before, or after, others have imported it."""
    lines = [
        "from gevent import monkey; monkey.patch_all()",
        "import concurrent.futures, os, queue, select, selectors, socket, subprocess, threading, time",
    ]
    cases = [
        PATCHED_CASE.format(number=number, wait=wait, wake=wake)
        for number, (wait, wake, *_) in enumerate(PATCHED.values())
    ]
    return traced_once(tmp_path_factory, "\n".join([*(lines if request.param else reversed(lines)), *cases]))


@pytest.mark.parametrize("name", PATCHED)
def test_the_patched_standard_library(patched_waits: Traced, name: str) -> None:
    number = list(PATCHED).index(name)
    *_, reason, (waker, cause) = PATCHED[name]
    traced, waiter = patched_waits, f"waiter_{number}"
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    waited = suspensions(traced, waiter)
    assert reason in {p.reason for p in waited}
    assert {p.reason for p in waited} <= {reason, "subprocess"}
    who = {"other": f"other_{number}", "waker": f"waker_{number}", "Pool": f"Pool_{number}_0"}.get(waker, waker)
    assert (who, cause) in woken(traced, waiter), traced.wakes
    assert not {"unknown", "throw"} & {cause for _, cause in woken(traced, waiter)}


def test_a_timeout(trace_source: TraceSource, loop: str) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent import socket
        from gevent.event import Event

        def within():
            with gevent.Timeout(0.01, False):
                gevent.sleep(9)

        def with_timeout():
            gevent.with_timeout(0.01, gevent.sleep, 9, timeout_value=None)

        def waiting():
            Event().wait(timeout=0.01)

        def reading():
            a.settimeout(0.01)
            try:
                a.recv(1)
            except TimeoutError:
                pass

        a, b = socket.socketpair()
        for function in (within, with_timeout, waiting, reading):
            gevent.spawn(function).join()
        """
    )
    went_well(traced)
    for name in ("within", "with_timeout", "waiting", "reading"):
        assert woken(traced, name) == [("hub", "timeout")]
        said = [sentence for sentence in sentences(traced) if f"→ {name} runs" in sentence]
        # What is left of it, where the machine took long to come to the wait.
        assert any("a timeout ended" in text or "time limit of " in text for text in said), said


def sentences(traced: Traced) -> list[str]:
    return [sentence(traced.timeline, index) for index in range(traced.timeline.switch_count)]


def test_a_signal_spawns_its_handler(trace_source: TraceSource, loop: str) -> None:
    traced = trace_source(
        """
        import os, signal
        import gevent
        from gevent.event import Event

        def handler():
            came.set()

        def waiter():
            came.wait()

        came = Event()
        gevent.signal_handler(signal.SIGUSR1, handler)
        first = gevent.spawn(waiter)
        gevent.spawn_later(0.01, os.kill, os.getpid(), signal.SIGUSR1)
        # The watcher of a signal does not keep the loop going: the time limit does.
        first.join(timeout=9)
        """
    )
    went_well(traced)
    assert ("hub", "signal", "handler") in traced.wakes
    assert woken(traced, "waiter") == [("handler", "callback")]
    assert "a signal arrived → handler runs for the first time" in sentences(traced)


def test_a_handler_of_pythons_own_runs_in_the_hub(trace_source: TraceSource, loop: str, tmp_path: Path) -> None:
    """The signal comes when the trace tells that the greenlet which waits for nothing has ended."""
    traced = trace_source(
        """
        import os, signal, sys, threading, time
        import gevent
        from gevent.event import Event

        def kill_when_idle():
            while b'["exit"' not in open(sys.argv[1], "rb").read():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGUSR1)

        came = Event()
        signal.signal(signal.SIGUSR1, lambda *_: came.set())
        # Once main waits.
        gevent.spawn(threading.Thread(target=kill_when_idle).start)
        print(came.wait(timeout=30))
        """,
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.stdout == b"True\n"
    assert [wake for wake in traced.wakes if wake[2] == "main"] == [("hub", "callback", "main")]


def test_idle_while_the_loop_polls(trace_source: TraceSource, loop: str, tmp_path: Path) -> None:
    """The hub is idle until it is asked to do something, and again afterwards.

    A thread asks when the trace tells that it is idle; the loop may well look after itself meanwhile, and poll again.
    """
    traced = trace_source(
        """
        import os, sys, threading, time
        import gevent
        from gevent.event import Event

        def busy():
            asked.stop()
            end = time.monotonic() + 0.03
            while time.monotonic() < end:
                pass
            print("busy", flush=True)

        def ask_when_idle():
            for after, end in ((b"{", ask), (b'["output"', finish)):
                while b'["poll"' not in open(sys.argv[1], "rb").read().partition(after)[2]:
                    time.sleep(0.01)
                os.write(end, b".")

        asks, ask = os.pipe()
        finishes, finish = os.pipe()
        over = Event()
        asked, finished = (gevent.get_hub().loop.io(end, 1) for end in (asks, finishes))
        asked.start(busy)
        finished.start(over.set)
        threading.Thread(target=ask_when_idle).start()
        over.wait(timeout=30)
        finished.stop()
        """,
        str(tmp_path / "script.trace"),
    )
    went_well(traced)
    hub = next(track for track in traced.timeline.tracks.values() if track.kind == words.HUB)
    slices = hub.slices
    at = slices.at(traced.timeline.outputs[0].t_ns)
    assert [State(state) for state in slices.state[at - 1 : at + 2]] == [State.IDLE, State.RUNNING, State.IDLE]
    assert slices.start_ns[at + 1] - slices.start_ns[at] >= 30_000_000


def test_a_loop_that_has_nothing_left_still_ends(trace_source: TraceSource, loop: str) -> None:
    source = """
        import gevent
        from gevent.event import Event
        try:
            Event().wait()
        except gevent.exceptions.LoopExit:
            print("nothing left")
        gevent.wait()
        """
    traced = trace_source(source)
    assert traced.ended == bare(traced.path.with_suffix(".py"))
    assert traced.ended.stdout == b"nothing left\n"


def test_what_is_said_of_a_wait_on_a_socket(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import gevent
        from gevent import socket
        from gevent.event import Event

        def client():
            end = socket.create_connection(server.getsockname())
            print(end.fileno(), *end.getsockname(), *end.getpeername(), flush=True)
            connected.set()
            end.recv(1)

        connected = Event()
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen()
        greenlet = gevent.spawn(client)
        served, _ = server.accept()
        # Whoever sets it runs on until it waits.
        connected.wait()
        served.send(b"x")
        greenlet.join()
        """
    )
    went_well(traced)
    fd, host, port, peer_host, peer_port = traced.ended.stdout.decode().split()
    end = f"{host}:{port}->{peer_host}:{peer_port}"
    said = sentences(traced)
    assert f"client waits to read from fd {fd}, {end} → hub runs" in said
    assert f"fd {fd} can be read, {end} → client runs" in said
    suspension = suspensions(traced, "client")[-1]
    state = describe_state(traced.timeline, suspension.track, suspension.t_ns)
    assert state == f"client waits to read from fd {fd}, {end}"
    assert [r for r in records(traced.timeline) if r.get("peer") == f"{peer_host}:{peer_port}"][-1]["fd"] == int(fd)
