"""Who ends the wait of a thread that reads from a connection or pipe: whoever writes at the other end, if known."""

from __future__ import annotations

import sys

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.test_threads import BESIDE_OTHERS
from tests.tracers.traced import BY_WAY_OF_C, SEES_WAITS, Traced
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

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


@pytest.mark.parametrize(
    ("made", "read", "write"),
    [
        ("a, b = socket.socketpair()", "a.recv(9)", "b.send(b'x')"),
        ("a, b = socket.socketpair()", "a.recv(9)", "b.shutdown(socket.SHUT_WR)"),
        ("a, b = socket.socketpair()", "a.makefile().readline()", "os.write(b.fileno(), b'x\\n')"),
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


@pytest.mark.skipif(sys.platform != "linux", reason="by the inode of a socket, which Linux tells of")
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

def reader():
    a.recv(9)

def writer():
    until(2)
    a.send(b"x")

both(reader, writer)
os.wait()
"""
    )
    assert traced.ended.code == 0
    child = traced.timeline.name(traced.timeline.processes[1].track)
    assert ends(traced, "reader") == [("a.recv(9)", child, words.CALLBACK)]
    assert ends(traced, child) == [("b.recv(9)", "writer", words.CALLBACK)]
