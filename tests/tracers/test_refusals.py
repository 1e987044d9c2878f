"""Calls that are refused: which value came too early, and who waits already for the same."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from textwrap import dedent

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.test_eventlet import QUIET
from tests.tracers.traced import Traced, launch_command, launch_environment
from visualizer.analysis.findings import findings
from visualizer.analysis.load.loader import load


def told(traced: Traced) -> list[tuple[str, str]]:
    """Kind of each problem, and what of its sentence tells why."""
    return [(one.kind, one.sentence.partition(" → ")[0]) for one in traced.problems]


@pytest.mark.parametrize(
    ("source", "kind", "ends"),
    [
        ("for i in range(3): sink().send(i)", "crash", "sink was sent 0 before its first yield"),
        ("def drive(g, n): g.send(n + 1)\ndrive(sink(), 40)", "crash", "sink was sent 41 before its first yield"),
        ("import greenlet\ndef run(v): sink().send(v)\ngreenlet.greenlet(run).switch(2.5)", "crash", "sent 2.5 before"),
        (
            "import threading\ndef feed(): sink().send((1, 'a'))\nt = threading.Thread(target=feed)\nt.start()",
            "unretrieved", "sink was sent (1, 'a') before its first yield",
        ),
        (
            "import gevent\ndef feed(v): sink().send(v)\ngevent.spawn(feed, [1, 2]).join()",
            "unretrieved", "sink was sent [1, 2] before its first yield",
        ),
        (
            "async def co(): pass\nk = co()\ntry: k.send(5)\nexcept TypeError: k.close()",
            "refused", "co was sent 5 before its first await",
        ),
    ],
)
def test_what_was_sent_too_early(trace_source: TraceSource, source: str, kind: str, ends: str) -> None:
    """Where it was not at hand, it is worked out from the source: so nothing but names and constants is sent here."""
    [(found, sentence)] = told(trace_source(f"def sink():\n    while True: yield\n{source}\n"))
    assert (found, ends in sentence) == (kind, True), sentence


def test_what_was_sent_in_time_is_not_refused(trace_source: TraceSource) -> None:
    assert told(trace_source("def sink():\n    while True: yield\ns = sink()\nnext(s)\ns.send(1)\n")) == []


READERS = """
import gevent, os
from gevent import socket
from gevent.fileobject import FileObject
from gevent.hub import Waiter
a, b = socket.socketpair()
c, d = socket.socketpair()
r, w = os.pipe()
f, x = FileObject(r, "rb", bufsize=0), Waiter()
def first():
    {first}
def second():
    gevent.sleep(0)
    try:
        {second}
    except {catches}:
        print("refused")
gevent.joinall([gevent.spawn(first), gevent.spawn(second)], timeout=0.05)
"""


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        ("a.recv(1)", "a.recv(1)", "first already waits in a.recv(1) (script.py:11)"),
        ("a.sendall(b'x' * 10_000_000)", "a.send(b'x')", "first already waits in a.sendall(b'x' * 10_000_000) (script"),
        ("socket.wait(a._read_event)", "a.recv(1)", "first already waits in socket.wait(a._read_event) (script.py:11)"),
        ("f.read(1)", "f.read(1)", "first already waits in f.read(1) (script.py:11)"),
        ("x.get()", "x.get()", "first already waits in x.get() (script.py:11)"),
        ("a.recv(1)", "c.recv(1)", ""),
    ],
)
def test_who_waits_already(trace_source: TraceSource, first: str, second: str, waits: str) -> None:
    traced = trace_source(READERS.format(first=first, second=second, catches="AssertionError"))
    assert traced.ended.stdout == b"refused\n" * bool(waits)
    found = [sentence for kind, sentence in told(traced) if kind == "refused"]
    assert len(found) == bool(waits)
    for sentence in found:
        assert sentence.startswith("second was refused (script.py:15): ConcurrentObjectUseError(")
        assert f": {waits}" in sentence


def test_a_greenlet_that_ends_by_that_is_told_once(trace_source: TraceSource) -> None:
    traced = trace_source(READERS.format(first="a.recv(1)", second="a.recv(1)", catches="KeyError"))
    [(kind, sentence)] = told(traced)
    assert kind == "unretrieved"
    assert sentence.startswith("second raised ConcurrentObjectUseError(")
    assert sentence.endswith("(script.py:15): first already waits in a.recv(1) (script.py:11)")


def test_eventlets_second_simultaneous_read(trace_source: TraceSource) -> None:
    traced = trace_source(
        QUIET
        + dedent(
            """
            from eventlet.green import socket
            a, b = socket.socketpair()
            def read():
                a.recv(1)
            eventlet.spawn(read)
            eventlet.sleep(0)
            try:
                a.recv(1)
            except RuntimeError:
                b.send(b"x")
            eventlet.sleep(0)
            """
        )
    )
    assert traced.ended.stderr == b""
    [(kind, sentence)] = told(traced)
    assert kind == "refused"
    assert sentence.startswith("main was refused (script.py:12): RuntimeError('Second simultaneous read on fileno ")
    assert sentence.endswith("read already waits in a.recv(1) (script.py:8)")


def test_asyncios_second_reader_of_a_stream(trace_source: TraceSource) -> None:
    """It is inferred who the first one is."""
    traced = trace_source(
        """
        import asyncio, socket
        async def main():
            a, b = socket.socketpair()
            r, w = await asyncio.open_connection(sock=a)
            async def read():
                await r.read(1)
            one, two = asyncio.create_task(read()), asyncio.create_task(read())
            await asyncio.wait([two])
            b.send(b"x")
            await one
            w.close()
        asyncio.run(main())
        """
    )
    [(kind, sentence)] = told(traced)
    assert kind == "unretrieved"
    assert sentence.endswith(": read-1 already waits in r.read(1) (script.py:7) (inferred: no other one does)")


HANGS = {
    "gevent": """
        import gevent
        from gevent.lock import BoundedSemaphore
        a, b = BoundedSemaphore(1), BoundedSemaphore(1)
        def move(x, y):
            with x:
                gevent.sleep(0.05)
                with y: pass
        gevent.spawn(gevent.sleep, 600)
        gevent.joinall([gevent.spawn(move, a, b), gevent.spawn(move, b, a)])
    """,
    "asyncio": """
        import asyncio
        async def main():
            a, b = asyncio.Lock(), asyncio.Lock()
            async def move(x, y):
                async with x:
                    await asyncio.sleep(0.05)
                    async with y: pass
            await asyncio.gather(move(a, b), move(b, a))
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("runtime", HANGS)
def test_a_hang_is_told_while_it_lasts(tmp_path: Path, runtime: str) -> None:
    """Nothing happens any more, but that the time is told."""
    script, path = tmp_path / "hangs.py", tmp_path / "hangs.trace"
    script.write_text(dedent(HANGS[runtime]))
    process = subprocess.Popen(launch_command(path, str(script)), env=launch_environment(), stdin=subprocess.DEVNULL)
    try:
        last = time.monotonic() + 120
        found: list[str] = []
        while not found and time.monotonic() < last:
            time.sleep(0.2)
            if path.exists() and path.stat().st_size:
                found = [one.kind for one in findings(load(str(path))[0]) if one.kind == "deadlock"]
        assert (found, process.poll()) == (["deadlock"], None)
    finally:
        process.kill()
        process.wait()


LEAVES = """
import gevent, sys
from gevent.event import Event
from gevent.queue import Queue
def stuck(): Event().wait()
def leave():
    gevent.sleep(0.01)
    sys.exit(7)
gevent.spawn(stuck)
{ends}
"""


@pytest.mark.parametrize(
    ("ends", "kinds"),
    [
        ("gevent.joinall([gevent.spawn(leave), gevent.spawn(Queue().get)])", []),
        ("gevent.sleep(0.01)\nsys.exit(7)", ["never_resumed"]),
    ],
)
def test_who_still_waits_where_a_greenlet_ends_the_program(
    trace_source: TraceSource, ends: str, kinds: list[str]
) -> None:
    traced = trace_source(LEAVES.format(ends=ends))
    assert traced.ended.code == 7
    assert [one.kind for one in traced.problems] == kinds


@pytest.mark.parametrize(
    ("then", "again", "kinds"),
    [
        ("raise", "", []),
        # Asked again before it has ended, as `asyncio.run` does.
        ("raise", "asyncio.get_running_loop().call_soon(t.cancel)", []),
        ("pass", "", ["cancel_swallowed"]),
    ],
)
def test_a_cancel_that_wait_for_hands_on(trace_source: TraceSource, then: str, again: str, kinds: list[str]) -> None:
    traced = trace_source(
        f"""
        import asyncio
        async def main():
            ev = asyncio.Event()
            async def a():
                while not ev.is_set():
                    try: await asyncio.wait_for(ev.wait(), 60)
                    except asyncio.CancelledError: {then}
            t = asyncio.create_task(a())
            await asyncio.sleep(0.01)
            t.cancel()
            {again}
            await asyncio.sleep(0.01)
            ev.set()
            await asyncio.wait([t])
        asyncio.run(main())
        """
    )
    assert [one.kind for one in traced.problems] == kinds
