"""Who ends the wait of a thread that reads from a connection or pipe: whoever writes at the other end, if known."""

from __future__ import annotations

import sys

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.test_threads import BESIDE_OTHERS
from tests.tracers.traced import BY_WAY_OF_C, SEES_WAITS, Traced, bare
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words
from visualizer.trace.events import Gets, Gives

pytestmark = pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded from 3.12 on, or in C")

#: `reader` waits before anything is written.
BOTH = (
    BESIDE_OTHERS
    + """
import os, socket, subprocess, sys

def both(reader, writer):
    first = beside("reader", reader)
    until(1)
    second = beside("writer", writer)
    first.join(), second.join()
"""
)


def ends(traced: Traced, *names: str) -> list[tuple[str, str, str]]:
    """Of each wait for a descriptor of these tracks: for what, who ended it ("" if that is unknown), and the cause."""
    timeline, found = traced.timeline, []
    for index, wakeup in enumerate(timeline.wakeups):
        suspension = timeline.ended_by(index)
        if suspension is not None and suspension.reason == words.IO and timeline.name(wakeup.track) in names:
            waker = timeline.name(wakeup.waker) if wakeup.waker in timeline.tracks else ""
            found.append((suspension.on, waker, wakeup.cause))
    return found


#: Who is at the other end of a Unix socket only the recorder in C asks: it needs a thread with descriptors of its own.
OF_UNIX = pytest.mark.skipif(
    not BY_WAY_OF_C or sys.platform != "linux", reason="Linux tells of Unix sockets, and the recorder in C asks"
)


@pytest.mark.parametrize(
    ("made", "read", "write"),
    [
        pytest.param("a, b = socket.socketpair()", "a.recv(9)", "b.send(b'x')", marks=OF_UNIX),
        pytest.param("a, b = socket.socketpair()", "a.recv(9)", "b.shutdown(socket.SHUT_WR)", marks=OF_UNIX),
        pytest.param(
            "a, b = socket.socketpair()", "a.makefile().readline()", "os.write(b.fileno(), b'x\\n')", marks=OF_UNIX
        ),
        ("a, b = os.pipe()", "os.read(a, 9)", "os.write(b, b'x')"),
        ("a, b = os.pipe()", "os.read(a, 9)", "os.close(b)"),
        ("a = socket.create_server(('', 0)); port = a.getsockname()[1]",
         "a.accept()", "socket.create_connection(('127.0.0.1', port))"),
        ("a = socket.create_server(('127.0.0.1', 0)); b = socket.create_connection(a.getsockname()); c, _ = a.accept()",
         "b.recv(9)", "c.sendall(b'x')"),
        ("a = socket.socket(socket.AF_UNIX); a.bind(PATH + 's'); a.listen(); b = socket.socket(socket.AF_UNIX)",
         "a.accept()", "b.connect(PATH + 's')"),
    ],
)  # fmt: skip
def test_who_writes_is_who_woke(trace_source: TraceSource, made: str, read: str, write: str) -> None:
    traced = trace_source(f"{BOTH}\n{made}\nboth(lambda: {read}, lambda: {write})\n")
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert ends(traced, "reader") == [(read, "writer", words.CALLBACK)]
    said = [sentence(traced.timeline, index) for index in range(traced.timeline.switch_count)]
    did = "connected to where reader was waiting for it" if "accept" in read else "wrote what reader was waiting for"
    assert f"writer {did} ({read}) → reader runs" in said


@pytest.mark.skipif(not BY_WAY_OF_C, reason="no event tells of what C functions call")
def test_the_files_of_python(trace_source: TraceSource) -> None:
    traced = trace_source(
        BOTH
        + """
r, w = os.pipe()

def reader():
    with os.fdopen(r) as lines:
        for line in lines:
            pass

def writer():
    with os.fdopen(w, "w") as file:
        print("one", file=file, flush=True)

both(reader, writer)
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert ends(traced, "reader")[0] == ("lines", "writer", words.CALLBACK)


def test_of_two_who_write_nobody_is_named_who_did_not(trace_source: TraceSource) -> None:
    traced = trace_source(
        BOTH
        + """
r, w = os.pipe()
has_written = threading.Event()

def early():
    os.write(w, b"x")
    has_written.set()

def late():
    has_written.wait()
    os.write(w, b"y")

reader = beside("reader", lambda: os.read(r, 1))
until(1)
other = beside("late", late)
until(2)
beside("writer", early).join()
reader.join(), other.join()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert ends(traced, "reader") == [("os.read(r, 1)", "writer", words.CALLBACK)]


@pytest.mark.parametrize("writes", ["os.write(b, b'x')", "os.close(b)"])
def test_what_a_program_outside_writes_is_nobodys(trace_source: TraceSource, writes: str) -> None:
    """Though a thread of the program has just closed its own copy of that end, or tried in vain to write."""
    traced = trace_source(
        BOTH
        + f"""
a, b = os.pipe()
go_on, go = os.pipe()
child = subprocess.Popen(["sh", "-c", f"read line <&{{go_on}}; echo hi >&{{b}}"], pass_fds=(go_on, b))

def writer():
    if {writes!r} == "os.close(b)":
        os.close(b)
    os.write(go, b"now\\n")

both(lambda: os.read(a, 9), writer)
child.wait()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert ends(traced, "reader") == [("os.read(a, 9)", "", words.IO)]


@pytest.mark.skipif(not BY_WAY_OF_C, reason="no event tells of what C functions call")
def test_another_process_that_is_recorded(trace_source: TraceSource) -> None:
    traced = trace_source(
        BOTH
        + """
child = subprocess.Popen(
    [sys.executable, "-c", "import sys\\nfor line in sys.stdin: print(line, end='', flush=True)"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)

def writer():
    child.stdin.write("hi\\n")
    child.stdin.flush()

both(lambda: print(child.stdout.readline(), end=""), writer)
child.stdin.close()
child.wait()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    child = traced.timeline.name(traced.timeline.processes[1].track)
    ((on, waker, cause), *_) = ends(traced, "reader")
    assert (on, waker, cause) == ("child.stdout.readline()", child, words.CALLBACK)
    assert traced.ended.stdout == b"hi\n"


@OF_UNIX
def test_processes_that_have_a_connection(trace_source: TraceSource) -> None:
    traced = trace_source(
        BOTH
        + """
a, b = socket.socketpair()
if os.fork() == 0:
    a.close()
    b.sendall(b.recv(9))
    os._exit(0)
b.close()

# The child waits as well by then.
reader = beside("reader", lambda: a.recv(9))
until(2)
beside("writer", lambda: a.send(b"x")).join()
reader.join()
os.wait()
"""
    )
    assert traced.ended.code == 0
    child = traced.timeline.name(traced.timeline.processes[1].track)
    assert ends(traced, "reader") == [("a.recv(9)", child, words.CALLBACK)]
    assert ends(traced, child) == [("b.recv(9)", "writer", words.CALLBACK)]


@pytest.mark.parametrize(
    "vain",
    [
        "os.write(w, b'')",
        "os.write(w, bytearray())",
        "open(w, 'wb', buffering=0, closefd=False).write(b'')",
    ],
)
def test_who_writes_nothing_wakes_nobody(trace_source: TraceSource, vain: str) -> None:
    traced = trace_source(
        BOTH
        + f"""
r, w = os.pipe()
go_on, go = os.pipe()
child = subprocess.Popen(["sh", "-c", f"read line <&{{go_on}}; echo hi >&{{w}}"], pass_fds=(go_on, w))

def writer():
    {vain}
    os.write(go, b"now\\n")

both(lambda: os.read(r, 9), writer)
child.wait()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert ends(traced, "reader") == [("os.read(r, 9)", "", words.IO)]


def test_what_is_sent_to_somebody_else_wakes_nobody(trace_source: TraceSource) -> None:
    """A datagram may go elsewhere than its socket is connected to."""
    traced = trace_source(
        BOTH
        + """
a, b, c = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(3))
for one in (a, b, c):
    one.bind(("127.0.0.1", 0))
a.connect(b.getsockname()), b.connect(a.getsockname())
go_on, go = os.pipe()
child = subprocess.Popen(
    ["sh", "-c", f"read line <&{go_on}; echo hi >&{b.fileno()}"], pass_fds=(go_on, b.fileno())
)

def writer():
    b.sendto(b"x", c.getsockname())
    os.write(go, b"now\\n")

both(lambda: a.recv(9), writer)
child.wait()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert ends(traced, "reader") == [("a.recv(9)", "", words.IO)]


def test_what_is_asked_is_not_seen_by_the_program(trace_source: TraceSource) -> None:
    """Numbers that no descriptor has; what an audit hook hears; the next descriptor; errno; a limit of no descriptors;
    what is the program's own in classes of its."""
    traced = trace_source(
        BOTH
        + """
import io, resource

heard = []
sys.addaudithook(lambda event, args: heard.append(event) if event == "socket.__new__" else None)

def tried(call):
    try:
        return repr(call())
    except BaseException as error:
        return f"{type(error).__name__}: {error}"

class Kind(type):
    def __eq__(self, other): print("asked")
    def __hash__(self): print("asked"); return 1

class Address(tuple, metaclass=Kind): pass

class Mine(socket.socket):
    def fileno(self): print("asked")
    getsockname = getpeername = __eq__ = fileno
    __hash__ = None

class File(io.FileIO):
    __slots__ = ("one",)
    def fileno(self): print("asked")
    __eq__ = fileno
    __hash__ = None

def writer():
    for number in (1 << 31, 1 << 40, 1 << 80, -1, "x", None):
        print(number, *(tried(lambda: does(number, *args)) for does, args in (
            (os.read, (1,)), (os.write, (b"x",)), (os.close, ()))))
    with socket.socket() as nowhere:
        print(tried(lambda: nowhere.connect(Address(("127.0.0.1", 1)))))
    p, q = socket.socketpair()
    mine = Mine(fileno=p.detach())
    print(mine.send(b"x"), q.recv(9), mine.close(), tried(lambda: mine.send(b"x")))
    r, w = os.pipe()
    file = File(w, "wb")
    print(file.write(b"x"), os.read(r, 9), file.close(), tried(lambda: file.write(b"x")))
    r, w = os.pipe()
    os.set_blocking(w, False)
    buffered = open(w, "wb", buffering=100)
    print(tried(lambda: buffered.write(b"x" * 1_000_000)), os.read(r, 1_000_000) and None)
    buffered.close()
    low = os.open(os.devnull, os.O_RDONLY)
    os.close(low)
    b.send(b"x")
    same = os.open(os.devnull, os.O_RDONLY)
    print(low == same, len(heard))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    print(tried(lambda: os.write(end, b"x")), tried(lambda: os.read(start, 9)))
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)

a, b = socket.socketpair()
start, end = os.pipe()
both(lambda: a.recv(9), writer)
"""
    )
    assert traced.ended == bare(traced.path.with_suffix(".py"))
    assert traced.ended.code == 0
    assert b"asked" not in traced.ended.stdout
    assert not traced.timeline.notes


@pytest.mark.skipif(not BY_WAY_OF_C, reason="only the recorder in C has the interpreter raise what comes in a hook")
def test_what_a_handler_raises_keeps_nothing_open(trace_source: TraceSource) -> None:
    """It comes in the middle of what we ask as well; and an OSError of its is not taken for an answer."""
    traced = trace_source(
        BOTH
        + """
import collections, signal

class Stop(TimeoutError): pass

def handler(*_):
    count["raised"] += 1
    raise Stop

def again(number):
    while count["raised"] == number:
        for _ in range(20):
            q.send(b"x"), p.recv(1), os.write(q.fileno(), b"y"), p.recv(1)
            with open(os.dup(w), "wb", buffering=0) as kept[0]:
                kept[0].write(b"x"), os.read(r, 1)

count, kept = collections.Counter(), [None]
p, q = socket.create_server(("127.0.0.1", 0)), socket.socket()
q.connect(p.getsockname())
p, _ = p.accept()
r, w = os.pipe()
a, b = os.pipe()
reader = beside("reader", lambda: os.read(a, 1))
until(1)
signal.signal(signal.SIGALRM, handler)
for number in range(100):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0001 + number % 97 * 0.00001)
        again(number)
        count["lost"] += 1
    except Stop:
        count["caught"] += 1
    if kept[0] is not None and not kept[0].closed:
        count["not closed"] += 1
os.set_blocking(r, False), p.setblocking(False)
os.write(b, b"x")
reader.join()
print(dict(count))
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended.stdout == b"{'raised': 100, 'caught': 100}\n"
    assert not traced.timeline.notes


@pytest.mark.skipif(not BY_WAY_OF_C, reason="no event tells of what C functions call")
def test_nothing_is_told_to_whom_is_not_recorded(trace_source: TraceSource) -> None:
    """The worker of a server whose clients are other programs."""
    traced = trace_source(
        BOTH
        + """
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
if os.fork() == 0:
    connection, _ = server.accept()
    while (request := connection.recv(1)):
        connection.sendall(request)
    os._exit(0)
client = f"import socket; to = socket.create_connection(('127.0.0.1', {port}));" + "to.sendall(b'x'); to.recv(1);" * 50
subprocess.run([sys.executable, "-I", "-c", client], check=True)
os.wait()
"""
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert not [event for event in traced.events if isinstance(event, Gives | Gets)]
