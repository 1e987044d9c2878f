"""Loops of the program's own over select and selectors: what they wait for, what is ready, and who goes on by that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import BY_WAY_OF_C, SEES_WAITS, Traced
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

pytestmark = pytest.mark.skipif(not SEES_WAITS, reason="calls are seen from 3.12 on, or in C")


def of_main(traced: Traced) -> list[tuple[str, str, int, str]]:
    """(reason, directions, limit in ms, who or what ended it) of each wait of main's, in order."""
    timeline = traced.timeline
    found = []
    for index in timeline.tracks[0].steps:
        wakeup, wait = timeline.made_ready(timeline.tracks[0], timeline.tracks[0].slice_of_step(index))
        if timeline.switch(index).cause == words.UNPARK and wakeup is not None and wait is not None:
            which = timeline.found_ready.get((0, wakeup.t_ns), "")
            found.append((wait.reason, wait.direction, wait.asked_ns // 1_000_000, f"{wakeup.cause} {which}".strip()))
    return found


def test_a_selector_says_what_it_watches_and_what_it_found(trace_source: TraceSource) -> None:
    """Without any thread: nothing else is watched there."""
    traced = trace_source(
        """
        import os, selectors

        one, two, three = os.pipe(), os.pipe(), os.pipe()
        for kind in (selectors.EpollSelector, selectors.PollSelector, selectors.SelectSelector):
            with kind() as selector:
                for read, write in (one, two):
                    selector.register(read, selectors.EVENT_READ)
                selector.register(three[1], selectors.EVENT_WRITE)
                os.write(one[1], b"x")
                assert len(selector.select()) == 2
                selector.unregister(three[1])
                assert len(selector.select(0)) == 1
                os.write(two[1], b"x")
                assert len(selector.select(9)) == 2
                os.read(one[0], 1), os.read(two[0], 1)
                assert selector.select(0.003) == []
                selector.unregister(two[0])
                assert selector.select(timeout=0.003) == []
        print(one[0], two[0], three[1])
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes, traced.problems) == (0, b"", [], [])
    one, two, three = traced.ended.stdout.decode().split()
    assert of_main(traced) == 3 * [
        ("select", f"read {one} {two}, write {three}", -1, f"io read {one}, write {three}"),
        ("select", f"read {one} {two}", 9_000, f"io read {one} {two}"),
        ("select", f"read {one} {two}", 3, "timeout"),
        ("select", "read", 3, "timeout"),
    ]
    first = sentence(traced.timeline, 0)
    assert first == f"fd {one} can be read, fd {three} can be written (selector.select()) → main runs"
    assert {wait.place.function for wait in traced.timeline.suspensions if wait.place} == {"<module>"}


def test_of_select_itself_the_arguments_tell(trace_source: TraceSource) -> None:
    """Once a thread has begun, as all calls are watched then."""
    traced = trace_source(
        """
        import select, socket, threading

        def writer():
            asked.wait()
            far.sendall(b"x")

        asked = threading.Event()
        near, far = socket.socketpair()
        thread = threading.Thread(target=writer)
        thread.start()
        reading, writing = [near], {far}
        assert select.select(reading, writing, [], 9) == ([], [far], [])
        assert select.select(reading, (), [], 0) == ([], [], [])
        asked.set()
        assert select.select(reading, [], []) == ([near], [], [])
        near.recv(1)
        assert select.select(reading, [], [], 0.003) == ([], [], [])
        poll = select.poll()
        poll.register(far, select.POLLOUT)
        assert poll.poll(9000)
        thread.join()
        closed = socket.socket()
        closed.close()
        for refused in [closed], [object()], (-1,):
            try:
                select.select(refused, [], [])
            except (TypeError, ValueError):
                pass
        print(near.fileno(), far.fileno())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes, traced.problems) == (0, b"", [], [])
    near, far = traced.ended.stdout.decode().split()
    by_poll = f"io write {far}" if BY_WAY_OF_C else "io"
    assert [wait for wait in of_main(traced) if wait[0] == "select"] == [
        ("select", f"read {near}, write {far}", 9_000, f"io write {far}"),
        ("select", "read", -1, f"io read {near}"),
        ("select", "read", 3, "timeout"),
        ("select", "", 9_000, by_poll),
        ("select", "", -1, words.UNKNOWN),
    ], "a closed one is refused at once; of an object that is none it is not known what ends the call"


LOOP = """
    import os, selectors

    class Task:
        def __init__(self, generator):
            self.generator = generator

        def step(self):
            next(self.generator, None)

    def reader(pipe):
        yield pipe
        os.read(pipe, 1)
        yield

    def start(pipe, register):
        generator = reader(pipe)
        selector.register(next(generator), selectors.EVENT_READ, register(generator))
        return generator

    selector = selectors.DefaultSelector()
    pipes = [os.pipe() for _ in range(5)]
    registers = [
        lambda generator: generator, lambda generator: ("read", generator), lambda generator: Task(generator),
        lambda generator: Task(generator).step, lambda generator: lambda: next(generator, None),
    ]
    generators = [start(pipe[0], register) for pipe, register in zip(pipes, registers)]
    many = start(os.pipe()[0], lambda generator: [generator, *generators])
    for _, write in pipes:
        os.write(write, b"x")
    assert len(selector.select()) == 5
    for generator in generators:
        next(generator)
"""


AGAIN = """
    import os, select, selectors, socket

    one, two, three = os.pipe(), os.pipe(), os.pipe()
    os.write(one[1], b"x")
    os.write(two[1], b"x")
    known = socket.create_server(("127.0.0.1", 0))
    near, far = socket.create_connection(known.getsockname()), known.accept()[0]
    os.write(near.fileno(), b"x")

    def ask(times=8):
        for _ in range(times):
            selector.select(9)

    for kind in (selectors.EpollSelector, selectors.PollSelector, selectors.SelectSelector):
        with kind() as selector:
            selector.register(one[0], selectors.EVENT_READ)
            selector.register(three[0], selectors.EVENT_READ)
            ask()
            selector.register(two[0], selectors.EVENT_READ)
            ask()
            selector.unregister(one[0])
            ask()
            selector.modify(three[0], selectors.EVENT_READ, "data alone")
            ask()
            selector.unregister(three[0])
            ask()
            selector.select(8)
            selector.unregister(two[0])
            if kind is not selectors.EpollSelector:
                again = os.dup(two[0])
                selector.register(again, selectors.EVENT_READ)
                ask()
                os.dup2(far.fileno(), again)
                ask()
                os.close(again)
    print(one[0], two[0], three[0], again, "%s:%d" % known.getsockname()[:2], "%s:%d" % near.getsockname()[:2])
"""


def test_what_is_asked_again_is_told_as_at_first(trace_source: TraceSource) -> None:
    """Also where only what a selector watches has changed, or whose descriptor a number is."""
    traced = trace_source(AGAIN)
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes, traced.problems) == (0, b"", [], [])
    one, two, three, again, server, client = traced.ended.stdout.decode().split()
    expected = [
        *[(f"read {one} {three}", f"read {one}", "", "")] * 8,
        *[(f"read {one} {two} {three}", f"read {one} {two}", "", "")] * 8,
        *[(f"read {two} {three}", f"read {two}", "", "")] * 16,
        *[("read", f"read {two}", "", "")] * 9,
    ]
    lent = [("read", f"read {again}", "", "")] * 8 + [("read", f"read {again}", server, client)] * 8
    timeline = traced.timeline
    found = []
    for index in timeline.tracks[0].steps:
        wakeup, wait = timeline.made_ready(timeline.tracks[0], timeline.tracks[0].slice_of_step(index))
        if timeline.switch(index).cause == words.UNPARK and wakeup is not None and wait is not None:
            assert (wait.reason, wakeup.cause) == ("select", "io")
            which = timeline.found_ready[0, wakeup.t_ns]
            found.append((wait.direction, which, wait.local or "", wait.peer or ""))
    assert found == [*expected, *expected, *lent, *expected, *lent]
    limits = [limit for _, _, limit, _ in of_main(traced)]
    assert {limit: limits.count(limit) for limit in set(limits)} == {9_000: 3 * 40 + 2 * 16, 8_000: 3}


def test_of_a_tuple_the_time_limit_is_known_as_of_a_list(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import select, socket, threading

        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        near, far = socket.socketpair()
        near.send(b"x")
        for reading in (far,), [far]:
            for _ in range(6):
                assert select.select(reading, (), (), 9)[0] and select.select(reading, (), (), 0)[0]
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    assert [limit for reason, _, limit, _ in of_main(traced) if reason == "select"] == [9_000] * 12


def test_a_generator_comes_to_be_what_a_descriptor_is_registered_for(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, selectors

        class Task:
            pass

        def reader():
            while True:
                yield

        task, generator = Task(), reader()
        next(generator)
        reading, writing = os.pipe()
        os.write(writing, b"x")
        selector = selectors.DefaultSelector()
        selector.register(reading, selectors.EVENT_READ, task)
        for _ in range(8):
            selector.select()
        task.generator = generator
        selector.select()
        del task.generator
        for _ in range(8):
            selector.select()
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    assert [wake for wake in traced.wakes if wake[2] != "main"] == [("main", "io", "reader")]


def test_a_generator_that_a_ready_descriptor_is_registered_for_is_ready(trace_source: TraceSource) -> None:
    traced = trace_source(LOOP)
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    readers = [f"reader-{number}" for number in range(1, 6)]
    assert sorted(wake for wake in traced.wakes if wake[2] != "main") == [("main", "io", name) for name in readers]
    for name in readers:
        assert traced.states(name)[:6] == ["CREATED", "RUNNING", "WAITING", "READY", "RUNNING", "WAITING"]
    assert traced.states("reader-6")[:3] == ["CREATED", "RUNNING", "WAITING"]
    assert "READY" not in traced.states("reader-6"), "which of several is meant is not known"


def test_the_selector_of_another_runtime_is_no_wait_of_the_thread(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, selectors, threading

        async def main():
            await asyncio.sleep(0.002)
            await asyncio.to_thread(threading.get_ident)

        asyncio.run(main())
        """
    )
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes, traced.problems) == (0, b"", [], [])
    assert not [wait for wait in traced.timeline.suspensions if wait.reason == words.SELECT]
    assert not traced.timeline.found_ready


def test_what_a_selector_raises_ends_the_wait(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, selectors, signal

        def alarm(number, frame):
            raise RuntimeError("an alarm")

        signal.signal(signal.SIGALRM, alarm)
        selector = selectors.DefaultSelector()
        for _ in range(2):
            selector.register(os.pipe()[0], selectors.EVENT_READ)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            selector.select()
        except RuntimeError as error:
            print(error)
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"an alarm\n", b"")
    ((reason, _, limit, cause),) = of_main(traced)
    assert (reason, limit, cause) == ("select", -1, "signal")


SPINS = """
import selectors, socket, sys

ours, theirs = socket.socketpair()
selector = selectors.DefaultSelector()
selector.register(ours, selectors.EVENT_READ | selectors.EVENT_WRITE)

def goes_on(rounds):
    return b'"spins"' not in open(sys.argv[1], "rb").read() if {until_told} else rounds < 2_000

def serve():
    rounds = told = 0
    while told < 3:
        rounds += 1
        for key, events in selector.select(9):
            {does}
        if not rounds % 200:
            told += not goes_on(rounds)

serve()
"""


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        ("if events & selectors.EVENT_READ: key.fileobj.recv(1)", ["busy_poll"]),
        ("key.fileobj.send(b'x'); theirs.recv(1)", []),
        ("theirs.send(b'x'); key.fileobj.recv(1)", []),
    ],
)
def test_a_socket_that_may_be_written_to_again_and_again(
    does: str, expected: list[str], trace_source: TraceSource, tmp_path: Path
) -> None:
    script = SPINS.format(does=does, until_told=bool(expected))
    traced = trace_source(script, str(tmp_path / "script.trace"))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    told = [tie.object for tie in traced.timeline.ties if tie.relation == words.SPINS]
    assert bool(told) == bool(expected)
    assert all(re.fullmatch(r"\d+ write \d+", thing) for thing in told)
    assert traced.problems == []
