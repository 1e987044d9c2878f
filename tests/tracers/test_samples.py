"""Where a track that runs on was seen: attributed to the right one, or not at all, and at nobody's cost."""

from __future__ import annotations

import gc
import opcode
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.reading import read_all
from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SEES_WAITS, launch_command, launch_environment
from visualizer.analysis.findings import findings
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.states import State
from visualizer.analysis.text.sentences import describe_state
from visualizer.trace.events import Delayed, Event, Idle, Place, Sample, Text
from visualizer.trace.sink import Sink
from visualizer.tracers.core import kept_off as kept_off_module
from visualizer.tracers.core import lines
from visualizer.tracers.core import sampling as samples_module
from visualizer.tracers.core.code import Ownership
from visualizer.tracers.core.collector import turn_off, turn_on
from visualizer.tracers.core.compiled import built
from visualizer.tracers.core.recording import Recording
from visualizer.tracers.core.run_queue import RunQueue
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.core.thread_frames import stack_of

#: Until something that must come has come; it only keeps a failure from hanging.
_LIMIT_SECONDS = 30


class Watched:
    """A stream whose looks and flushes are made by hand, a millisecond apart, and threads that it watches."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_ns = 0
        self.stream = Stream(Sink(str(path)), clock=self._clock)
        self.recording = Recording(self.stream, Ownership([]))
        self.stream.write_header('{"format":"visualizer-trace","version":1}\n')
        # The main thread, which is never seen: whenever somebody looks, it is in our own code.
        self.stream.here(0)
        self.recording.samples.begin()

    def _clock(self) -> int:
        return self.now_ns

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.now_ns += 1_000_000
            self.stream.flush(look=True)

    @property
    def events(self) -> list[Event]:
        return read_all(self.path)[1]

    @property
    def seen(self) -> list[tuple[int, int, str, int]]:
        """(millisecond, track, text of the line, count) of each sample; -2 is the current track."""
        _, events, _ = read_all(self.path)
        lines_of = {event.id: event.line for event in events if type(event).__name__ == "Place"}  # type: ignore[union-attr]
        source = Path(__file__).read_text(encoding="utf-8").splitlines()
        return [
            (event.t_ns // 1_000_000, event.track, source[lines_of[event.place] - 1].strip(), event.count)
            for event in events
            if isinstance(event, Sample)
        ]

    @property
    def calls(self) -> list[str | None]:
        """Text of the line that called the function of each sample."""
        lines_of = {event.id: event.line for event in self.events if isinstance(event, Place)}
        source = Path(__file__).read_text(encoding="utf-8").splitlines()
        called = [event.called for event in self.events if isinstance(event, Sample)]
        return [source[lines_of[place] - 1].strip() if place >= 0 else None for place in called]

    @property
    def idle(self) -> list[tuple[int, int]]:
        """(millisecond, 1 or 0) of each time that a thread began to be idle, or ended that."""
        return [(event.t_ns // 1_000_000, event.idle) for event in self.events if isinstance(event, Idle)]

    @contextmanager
    def thread(self, work: Callable[[threading.Lock], Any]) -> Iterator[None]:
        """A thread that stores an event, and then does `work` until the lock that this is given is released."""
        gate, known = threading.Lock(), threading.Event()
        gate.acquire()

        def run() -> None:
            self.stream.store(lines.note, self.now_ns, "begins")
            known.set()
            work(gate)

        thread = threading.Thread(target=run)
        interval = sys.getswitchinterval()
        # It runs until it waits for the gate, however busy the machine is: no finalizer of an earlier test lets us run.
        sys.setswitchinterval(1)
        gc.disable()
        try:
            thread.start()
            assert known.wait(_LIMIT_SECONDS)
        finally:
            gc.enable()
            sys.setswitchinterval(interval)
        try:
            yield
        finally:
            gate.release()
            thread.join()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "x.trace")
    yield made
    made.recording.samples.stop()
    made.stream.close()


def hold(gate: threading.Lock) -> None:
    gate.acquire()


def hold_deeper(gate: threading.Lock) -> None:
    (lambda: gate.acquire())()


def deeper(gate: threading.Lock, depth: int) -> None:
    gate.acquire() if depth == 0 else deeper_by(gate, depth)


def deeper_by(gate: threading.Lock, depth: int) -> None:
    deeper(gate, depth - 1)


def hold_in_recursion(gate: threading.Lock) -> None:
    deeper(gate, 3)


def steps(gate: threading.Lock) -> Iterator[None]:
    gate.acquire()
    yield


def hold_in_generator(gate: threading.Lock) -> None:
    next(steps(gate))


def in_file(name: str, call: Callable[[], Any], function: str = "calls") -> None:
    """Call `call` from a function, called `function`, that stands in a file of that name."""
    known: dict[str, Any] = {"call": call}
    exec(compile(f"def {function}():\n    call()\n", name, "exec"), known)
    known[function]()


def in_library(gate: threading.Lock) -> None:
    in_file(os.path.join(os.path.dirname(os.__file__), "queue.py"), gate.acquire)


def in_generated(gate: threading.Lock) -> None:
    in_file("<generated by a library>", gate.acquire)


def in_hook(gate: threading.Lock) -> None:
    in_file(lines.__file__, lambda: hold(gate))


def test_who_stores_nothing_is_seen_where_it_is(watched: Watched) -> None:
    with watched.thread(hold):
        watched.look()
        assert not watched.seen, "it is not known yet that it has stored nothing for a while"
        watched.look(3)
        assert watched.seen == [(2, -2, "gate.acquire()", 1), (3, -2, "gate.acquire()", 1)]


def test_again_and_again_is_told_with_a_count(watched: Watched) -> None:
    with watched.thread(hold):
        watched.look(1 + 15)
        at = "gate.acquire()"
        assert watched.seen == [(2, -2, at, 1), (3, -2, at, 1), (5, -2, at, 2), (9, -2, at, 4)]
        watched.look()
        assert watched.seen[4:] == [(17, -2, at, 8)]
        watched.look(200)
        assert [count for *_, count in watched.seen[5:]] == [16, 32, 40, 40, 40]


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="there is no clock of a thread's time here")
def test_who_waits_in_a_call_is_idle_and_who_computes_is_not(watched: Watched) -> None:
    with watched.thread(hold):
        watched.look(5)
        assert watched.idle == [(1, 1)], "it is not known before the third look, which finds it so since the first"
    watched.look()
    assert watched.idle == [(1, 1), (5, 0)]
    clock = []

    def compute(gate: threading.Lock) -> None:
        clock.append(time.pthread_getcpuclockid(threading.get_ident()))
        while not gate.acquire(False):
            pass

    with watched.thread(compute):
        for _ in range(4):
            before_ns = time.clock_gettime_ns(clock[0])
            while time.clock_gettime_ns(clock[0]) < before_ns + samples_module._IDLE_NS:
                time.sleep(0)
            watched.look()
    watched.look()
    assert watched.seen
    assert len(watched.idle) == 2


def test_who_is_not_let_run_for_once_is_not_idle(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    used_ns = [0]
    monkeypatch.setattr(samples_module, "used_by", lambda buffer: used_ns[0])
    with watched.thread(hold):
        for _ in range(5):
            watched.look(2)
            used_ns[0] += samples_module._IDLE_NS
        assert watched.seen
        assert watched.idle == []
        watched.look(3)
    assert watched.idle == [(11, 1)]


def test_what_was_not_told_comes_before_what_happened_since(watched: Watched) -> None:
    def work(gate: threading.Lock) -> None:
        gate.acquire()
        watched.stream.store(lines.note, watched.now_ns, "goes on")

    with watched.thread(work):
        watched.look(1 + 5)
    watched.look()
    reported = [(type(event).__name__, event.t_ns // 1_000_000) for event in watched.events if hasattr(event, "t_ns")]
    assert reported[-5:] == [("Sample", 5), ("Sample", 6), ("Idle", 6), ("Note", 6), ("Exit", 6)]


def test_who_stores_something_between_two_looks_is_not_seen(watched: Watched) -> None:
    stream = watched.stream
    with watched.thread(hold):
        _, buffer = stream.buffers
        for number in range(5):
            watched.look()
            buffer.store((lines.note, watched.now_ns, str(number), None, None, None, 0))
        assert not watched.seen
        watched.look(2)
        assert [count for *_, count in watched.seen] == [1]


def test_who_stores_something_during_a_look_is_not_seen(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have switched right behind it."""
    with watched.thread(hold):
        _, buffer = watched.stream.buffers

        def looked(ident: int, most: int) -> list[Any]:
            stack = stack_of(ident, most)
            buffer.store((lines.note, watched.now_ns, "meanwhile", None, None, None, 0))
            return stack

        watched.look()
        monkeypatch.setattr(samples_module, "stack_of", looked)
        watched.look()
        assert not watched.seen


@pytest.mark.parametrize("work", [in_library, in_hook])
def test_who_is_in_no_code_of_its_own_or_in_a_hook_is_not_seen(
    watched: Watched, work: Callable[[threading.Lock], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook, a switch may have happened that is not stored yet; also where a finalizer runs on top of it."""
    if work is in_library:
        # What calls the library is these tests themselves.
        own = Ownership([])
        monkeypatch.setattr(watched.recording, "own", lambda code: own(code) and code.co_filename != __file__)
    with watched.thread(work):
        watched.look(6)
        assert not watched.seen


def test_the_innermost_frame_of_the_programs_own_is_told(watched: Watched) -> None:
    with watched.thread(hold_deeper):
        watched.look(2)
        assert [at for _, _, at, _ in watched.seen] == ["(lambda: gate.acquire())()"]


@pytest.mark.parametrize(
    ("work", "called"),
    [
        (hold, "work(gate)"),
        (hold_in_recursion, "deeper(gate, 3)"),
        # It is resumed: who called it has gone on since.
        (hold_in_generator, None),
    ],
)
def test_it_is_told_where_the_function_was_called_from_outside_of_itself(
    watched: Watched, work: Callable[[threading.Lock], Any], called: str | None
) -> None:
    with watched.thread(work):
        watched.look(2)
        assert watched.calls == [called]


def run_handle(call: Callable[[], Any]) -> None:
    call()


def in_step(gate: threading.Lock, file: str) -> None:
    """A loop calls a function of that file, which waits for the gate."""
    known: dict[str, Any] = {"gate": gate}
    exec(compile("def step(): gate.acquire()", file, "exec"), known)
    run_handle(known["step"])


@pytest.mark.parametrize(
    ("file", "told"), [("queue.py", ["queue.py"]), ("asyncio/tasks.py", []), (__file__, [Path(__file__).name])]
)
def test_what_a_loop_calls_is_told_by_its_own_frames(watched: Watched, file: str, told: list[str]) -> None:
    """Not by the program's line that runs the loop, which stands below. In a library, if it has none of the program's;
    where the loop itself is at work, nowhere."""
    library = os.path.dirname(os.__file__)
    bottom = run_handle.__code__.replace(co_filename=os.path.join(library, "asyncio", "events.py"))
    run_handle.__code__ = bottom
    watched.recording.bottoms.append(bottom)
    with watched.thread(lambda gate: in_step(gate, os.path.join(library, file))):
        watched.look(2)
    files = {event.id: event.text for event in watched.events if isinstance(event, Text)}
    places = {event.id: files[event.file] for event in watched.events if isinstance(event, Place)}
    assert [Path(places[event.place]).name for event in watched.events if isinstance(event, Sample)] == told


def test_of_what_a_library_generated_its_caller_is_told(watched: Watched) -> None:
    with watched.thread(in_generated):
        watched.look(2)
        assert [at for _, _, at, _ in watched.seen] == ["known[function]()"]


def test_who_is_in_a_callback_that_ours_only_stands_around_is_seen(watched: Watched) -> None:
    with watched.thread(lambda gate: in_file(lines.__file__, lambda: hold(gate), "visualizer_callback")):
        watched.look(2)
        assert [at for _, _, at, _ in watched.seen] == ["gate.acquire()"]


def test_who_has_ended_is_not_seen(watched: Watched) -> None:
    with watched.thread(hold):
        watched.look()
        _, buffer = watched.stream.buffers
    assert stack_of(buffer.ident) == []
    watched.look(5)
    assert not watched.seen
    assert len(watched.stream.buffers) == 1


def test_while_the_clock_stands_nobody_is_seen(watched: Watched) -> None:
    """The program is held."""
    with watched.thread(hold):
        watched.look()
        watched.stream.flush(look=True)
        watched.stream.flush(look=True)
        assert not watched.seen
        watched.look()
        assert len(watched.seen) == 1


def test_nobody_is_seen_once_a_tracer_has_failed(watched: Watched) -> None:
    with watched.thread(hold):
        watched.look(2)
        watched.recording.fail("greenlets", RuntimeError("broken"))
        watched.look(5)
        assert len(watched.seen) == 1


def test_nobody_is_seen_once_the_program_has_an_audit_hook(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would run in our thread, at each look."""
    watched.recording.samples.stop()
    hooks: list[Any] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    watched.recording.samples.begin()
    with watched.thread(hold):
        watched.look(2)
        sys.addaudithook(print)
        watched.look(5)
        assert len(watched.seen) == 1
    assert hooks == [print]
    assert sys.addaudithook == hooks.append


def test_a_look_that_fails_is_the_last(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched.thread(hold):
        watched.look()
        monkeypatch.setattr(samples_module, "stack_of", lambda *_: 1 / 0)
        watched.look(2)
        assert not watched.seen
    (call,) = watched.stream.due
    call()
    watched.look()
    assert "ZeroDivisionError" in str(watched.events)


def test_of_many_threads_some_are_seen_at_a_time(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples_module, "_AT_ONCE", 2)
    with watched.thread(hold), watched.thread(hold), watched.thread(hold):
        watched.look(1 + 4)
        seen = [sum(sight.count + sight.reported for sight in buffer.sights) for buffer in watched.stream.buffers]
        assert seen == [0, 2, 2, 2], "it is the main thread's turn, too"


class Freed:
    """Says in which thread it was freed."""

    def __init__(self, freed: list[int]) -> None:
        self._freed = freed

    def __del__(self) -> None:
        self._freed.append(threading.get_ident())


def test_nothing_of_the_program_is_kept_or_freed_by_a_look() -> None:
    """A frame that we held when its function returned would be freed with all its variables in our thread."""
    freed: list[int] = []
    stop = threading.Event()

    def inner(_one: Freed) -> None:
        one = Freed(freed)
        assert one is not None

    def work() -> None:
        while not stop.is_set():
            inner(Freed(freed))

    thread = threading.Thread(target=work)
    thread.start()
    ident = thread.ident
    assert ident is not None
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        looks = [len(stack_of(ident)) for _ in range(5_000)]
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        thread.join()
    assert max(looks) > 3
    assert set(freed) == {ident}


def test_nothing_is_kept_by_a_look_for_a_thread_that_has_ended() -> None:
    """Frames that refer to one another are freed only by the collector."""
    freed: list[int] = []

    def look(_one: Freed, ident: int) -> None:
        one = Freed(freed)
        assert one is not None
        assert not stack_of(ident)

    def look_twice() -> None:
        for ident in (-1, 0):
            look(Freed(freed), ident)

    turn_off()
    try:
        look_twice()
        assert len(freed) == 4
    finally:
        turn_on()


LOCALS_IN_GARBAGE = """
import gc, threading
from visualizer.tracers.core.thread_frames import stack_of

class Loop:
    def __init__(self):
        self.local = threading.local()
        self.local.loop = self

gate = threading.Event()
threads = [threading.Thread(target=gate.wait) for _ in range(20)]
for thread in threads:
    thread.start()
for number in range(500):
    gc.set_threshold(10 + number % 50)
    Loop()
    assert stack_of(threads[0].ident)
    assert not stack_of(-1)
    assert gc.isenabled()
gc.disable()
assert stack_of(threads[0].ident)
assert not gc.isenabled()
gate.set()
"""


def test_garbage_that_holds_data_of_threads_is_not_collected_during_a_look() -> None:
    """On 3.11 the program would stand still."""
    subprocess.run([sys.executable, "-c", LOCALS_IN_GARBAGE], check=True, timeout=100)


def test_a_stack_is_told_from_the_innermost_frame_on() -> None:
    gate = threading.Lock()
    gate.acquire()
    thread = threading.Thread(target=hold_deeper, args=(gate,))
    thread.start()
    names: list[str] = []
    while names[:1] != ["<lambda>"]:
        names = [code.co_name for code, _ in stack_of(thread.ident or 0)]
    gate.release()
    thread.join()
    assert names == ["<lambda>", "hold_deeper", "run", "_bootstrap_inner", "_bootstrap"]
    assert stack_of(-5) == []


def test_a_hog_is_seen_at_its_line(trace_source: TraceSource, tmp_path: Path) -> None:
    """It computes until its own trace tells that it was seen there. Each time takes far longer than the 5 ms for which
    a thread keeps the interpreter's lock: else it would be looked at only while it reads the file, without the lock."""
    traced = trace_source(
        """
        import sys, time
        import gevent

        def patient():
            gevent.sleep(0.01)

        def computes():
            total = 0
            for number in range(1_000_000):
                total += number * number
            return total

        def hog():
            limit = time.monotonic() + 30
            while not seen() and time.monotonic() < limit:
                computes()

        def seen():
            return b',"computes"]' in open(sys.argv[1], "rb").read()

        gevent.joinall([gevent.spawn(patient), gevent.spawn(hog)])
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    (hog,) = traced.tracks("hog")
    samples = timeline.samples
    own = samples.between(hog.id, 0, timeline.last_ns)
    assert own
    places = [timeline.place(samples.place[number]) for number in own]
    assert {place.function for place in places if place is not None} <= {"hog", "computes", "seen"}
    assert 11 in {place.line for place in places if place is not None and place.function == "computes"}
    assert not any(track.kind == "hub" for track in map(timeline.tracks.__getitem__, samples.track))
    began_ns, ended_ns = hog.slices.start_ns[2], hog.exit_ns
    assert all(began_ns <= samples.ns[number] <= ended_ns for number in own)


def test_who_sleeps_in_its_thread_is_seen_and_a_hub_that_polls_is_not(
    trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(
        """
        import sys, time
        import gevent

        def seen():
            trace = open(sys.argv[1], "rb").read()
            return b',"naps"]' in trace and b'["idle",' in trace

        def naps():
            time.sleep(0.2)

        gevent.sleep(0.3)
        limit = time.monotonic() + 30
        while not seen() and time.monotonic() < limit:
            naps()
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    seen = {timeline.tracks[track].kind for track in timeline.samples.track}
    assert seen == {"thread"}
    assert "IDLE" in traced.states("main")
    places = [timeline.place(place) for place in timeline.samples.place]
    assert 10 in [place.line for place in places if place is not None]


def test_who_waits_in_a_call_blocks_its_loop_by_that_call_and_a_thread_does_not(
    trace_source: TraceSource, tmp_path: Path
) -> None:
    """It waits until the trace tells where it was seen, and for twice as long again: that it is idle is told then."""
    traced = trace_source(
        """
        import asyncio, os, sys, threading, time

        def ends_wait(end):
            began = time.monotonic()
            while b',"reads"]' not in open(sys.argv[1], "rb").read():
                time.sleep(0.005)
            time.sleep(max(0.5, 2 * (time.monotonic() - began)))
            os.write(end, b"x")

        def reads(end):
            os.read(end, 1)

        async def blocks(end):
            reads(end)

        async def computes():
            until = time.thread_time() + 0.3
            while time.thread_time() < until:
                sum(range(1000))

        async def main():
            other = asyncio.create_task(asyncio.sleep(0.01), name="other")
            here, there = os.pipe()
            threading.Thread(target=ends_wait, args=(there,)).start()
            await asyncio.create_task(blocks(here), name="blocks")
            await asyncio.to_thread(time.sleep, 0.12)
            await asyncio.create_task(computes())

        asyncio.run(main())
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    found = findings(traced.timeline)
    [blocked] = [one for one in found if one.kind == "blocking_call"]
    assert blocked.sentence.startswith("blocks ")
    assert " in os.read(end, 1), which blocks its loop, " in blocked.sentence
    assert blocked.sentence.endswith("; asyncio.to_thread would run it in a thread")
    assert blocked.line == 12
    assert any(one.sentence.startswith("computes ") for one in found if one.kind == "hog")


def test_a_generator_that_is_being_resumed_is_not_seen(watched: Watched) -> None:
    """The interpreter may let others run right before it tells our hook of that."""

    def gen() -> Iterator[int]:
        yield 1

    codes = [(gen.__code__, at) for at in range(0, len(gen.__code__.co_code), 2)]
    between = [at for at in codes if samples_module._is_resumed(*at)]
    assert [opcode.opname[code.co_code[at]] for code, at in between] == ["RESUME", "YIELD_VALUE", "RESUME"]
    places = watched.recording.samples._places
    beneath = (watched.look.__func__.__code__, 0)  # type: ignore[attr-defined]
    assert [at for at in codes if places([at, beneath]) is None] == between
    assert places([beneath]) == [beneath]


@pytest.mark.parametrize(("asked_after_s", "then"), [(0.005, ""), (1_000, ""), (1_000, "os._exit(0)")])
def test_a_call_that_keeps_the_interpreters_lock_is_told_of_its_thread(
    trace_source: TraceSource, asked_after_s: float, then: str, tmp_path: Path
) -> None:
    """Also where nobody asks for the lock: the thread has ended by then, and its clock with it, or the program has.

    The thread begins right after a look at who uses the processor: what the others used before does not count.
    """
    traced = trace_source(
        f"""
        import asyncio, os, sys, threading
        sys.setswitchinterval({asked_after_s})

        def count():
            sum(range(60_000_000))
            {then}

        async def main():
            while b'"begun"' not in open(sys.argv[1], "rb").read():
                await asyncio.create_task(asyncio.sleep(0.01), name="begun")
            thread = threading.Thread(target=count, name="counts")
            thread.start()
            while thread.is_alive():
                await asyncio.sleep(0.01)

        asyncio.run(main())
        """,
        str(tmp_path / "script.trace"),
    )
    found = [(one.kind, one.sentence.partition(" for ")[0]) for one in traced.problems]
    assert found == [("interpreter_held", "counts kept the interpreter")]


def test_who_takes_the_interpreters_lock_while_we_read_a_file_is_told_of(trace_source: TraceSource) -> None:
    """The flushing thread lets others run while it asks the operating system who stood in its queue."""
    traced = trace_source(
        """
        import _thread, asyncio, os, sys, threading
        sys.setswitchinterval(1000)

        def slow(*args):
            if asked:
                asked.clear()
                gate.release()
                begun.acquire()
            return pread(*args)

        def count():
            gate.acquire()
            begun.release()
            sum(range(60_000_000))
            os._exit(0)

        async def main():
            thread = threading.Thread(target=count, name="counts")
            thread.start()
            os.pread = slow
            asked.append(True)
            while thread.is_alive():
                await asyncio.sleep(0.01)

        pread, asked = os.pread, []
        gate, begun = _thread.allocate_lock(), _thread.allocate_lock()
        gate.acquire(), begun.acquire()
        asyncio.run(main())
        """
    )
    found = [(one.kind, one.sentence.partition(" for ")[0]) for one in traced.problems]
    assert found == [("interpreter_held", "counts kept the interpreter")]


@pytest.mark.skipif(SEES_WAITS, reason="it is recorded what threads wait for")
def test_a_thread_that_waits_says_in_which_call_by_its_samples(trace_source: TraceSource, tmp_path: Path) -> None:
    """On 3.11, where that is all that is known of it."""
    traced = trace_source(
        """
        import queue, re, sys, threading

        def serve():
            jobs.get(True, 60)

        def see():
            with lock:
                pass

        def idle():
            thread, found = 0, set()
            with open(sys.argv[1]) as trace:
                for line in trace:
                    if told := re.match(r'\\["(?:thread",\\d+,(\\d+)\\]|spawn",\\d+,(\\d+),"thread")', line):
                        thread = int(told[1] or told[2])
                    elif line.startswith('["idle"') and line.endswith(",1]\\n"):
                        found.add(thread)
            return found

        jobs, lock = queue.Queue(), threading.Lock()
        threads = [threading.Thread(target=serve, name="server"), threading.Thread(target=see, name="seer")]
        with lock:
            for thread in threads:
                thread.start()
            while len(idle() - {0}) < 2:
                pass
        jobs.put(1)
        for thread in threads:
            thread.join()
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    said = {}
    for name in ("server", "seer"):
        (track,) = traced.tracks(name)
        at = [State(state) for state in track.slices.state].index(State.IDLE)
        said[name] = describe_state(traced.timeline, track.id, track.slices.start_ns[at + 1] - 1)
    assert ": it waits in `jobs.get(True, 60)` (inferred: " in said["server"]
    assert ": it waits in `with lock` (inferred: " in said["seer"]
    assert "last seen at script.py:5 (sampled)" in said["server"]


@pytest.mark.parametrize(
    ("spawned", "did"),
    [
        ("time.sleep, 0.3", "sleep waited in a call that uses no processor time for "),
        ("hashlib.pbkdf2_hmac, 'sha256', b'', b'', 10 ** 6", "pbkdf2_hmac ran for "),
    ],
)
def test_a_greenlet_of_a_function_in_c_runs_or_waits_in_it(
    trace_source: TraceSource, spawned: str, did: str
) -> None:
    """It has no frame of Python's, but its thread uses a processor or none."""
    traced = trace_source(
        f"""
        import gevent, hashlib, time

        other = gevent.spawn(lambda: gevent.sleep(0.01))
        gevent.sleep(0)
        gevent.spawn({spawned}).join()
        other.join()
        """
    )
    hogs = [one.sentence for one in findings(traced.timeline) if one.kind == "hog"]
    assert [one.startswith(did) for one in hogs if "spawned at script.py:6" in one] == [True]


class Queue(RunQueue):
    """That of a thread of which the test says, look by look, for how many milliseconds it ran, for how many it stood in
    the queue, and how often it came out of that."""

    def __init__(self, *told: tuple[int, int, int]) -> None:
        self._left = [*told]

    def more(self) -> tuple[int, int, int]:
        used_ms, waited_ms, times = self._left.pop(0)
        return used_ms * 1_000_000, waited_ms * 1_000_000, times


@pytest.mark.parametrize(
    ("ours", "main", "told"),
    [
        pytest.param((1, 0, 4), (90, 1, 9), [], id="nobody waited"),
        pytest.param((1, 0, 4), (20, 80, 9), [(0, 100, 80, 20, 0)], id="in the queue"),
        pytest.param((1, 60, 4), (20, 10, 9), [(0, 100, 10, 20, 60)], id="behind us, for as long as we stood there"),
        pytest.param((1, 60, 4), (50, 30, 9), [(0, 100, 30, 50, 20)], id="behind us, while it neither ran nor stood"),
        pytest.param((1, 60, 4), (0, 0, 0), [], id="asleep in a call all the time"),
        pytest.param((1, 60, 4), (10, 190, 9), [(-90, 100, 190, 10, 0)], id="since before the look before"),
    ],
)
def test_how_long_a_thread_was_kept_off(
    tmp_path: Path, ours: tuple[int, int, int], main: tuple[int, int, int], told: list[tuple[int, ...]]
) -> None:
    """Looks a tenth of a second apart: what the operating system says of the main thread and of our own."""
    watched = Watched(tmp_path / "x.trace")
    nothing = 0, 0, 0
    watched.stream.run_queue = Queue(nothing, ours)
    watched.stream.here(0).run_queue = Queue(nothing, main)
    for _ in range(2):
        watched.now_ns += 99_000_000
        watched.look()
    watched.stream.run_queue = watched.stream.here(0).run_queue = None
    delays = [one for one in watched.events if isinstance(one, Delayed)]
    found = [(one.since_ns, one.until_ns, one.length_ns, one.used_ns, one.behind_ns) for one in delays]
    # From the first of the two looks on.
    assert found == [
        tuple(1_000_000 * (ms + (100 if at < 2 else 0)) for at, ms in enumerate(one)) for one in told
    ]
    assert all((one.track, one.by) == (0, -1) for one in delays)


@pytest.mark.parametrize(
    ("away_ms", "woke", "queued_ms", "used_ms", "length_ms"),
    [
        pytest.param(100, 1, 0, 5, 895, id="stopped"),
        pytest.param(100, 1, 300, 5, 595, id="stopped, and in the queue before or after that"),
        pytest.param(100, 1, 0, 900, 0, id="another thread ran"),
        pytest.param(100, 180, 0, 5, 0, id="we asked for the interpreter's lock"),
        pytest.param(960, 1, 0, 0, 0, id="it waited, as it meant to"),
        pytest.param(100, 0, 0, 5, 0, id="the system does not tell"),
    ],
)
def test_a_program_that_was_stopped_was_kept_off(
    away_ms: int, woke: int, queued_ms: int, used_ms: int, length_ms: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Looks a second apart: for how long our thread did not mean to be away, and nobody used a processor. Nor did it
    ask for the interpreter's lock."""
    ran = iter([0, used_ms * 1_000_000])
    monkeypatch.setattr(kept_off_module, "_process_time_ns", lambda: next(ran))
    monkeypatch.setattr(kept_off_module, "_getswitchinterval", lambda: 0.005)
    looked = kept_off_module.KeptOff()
    looked.begin(0)
    buffer = Stream(Sink(str(tmp_path / "x.trace"))).here(0)
    ours = Queue((0, queued_ms, woke))
    told, until_ns = looked.look([buffer], ours, lambda: 1_000_000_000, away_ms * 1_000_000)
    assert until_ns == 1_000_000_000
    assert [(about, lengths[0]) for _, _, _, about, lengths, _, _ in told] == (
        [((-1, 0, 1_000_000_000), length_ms * 1_000_000)] if length_ms else []
    )


@pytest.mark.skipif(sys.platform != "linux" or built() is None, reason="only Linux tells, and the recorder in C asks")
def test_nobody_hogs_while_the_program_is_stopped(tmp_path: Path) -> None:
    """By SIGSTOP, as by Ctrl-Z or a container that is frozen, in the middle of a task's step; and what computes as long
    by itself does."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, sys, time

            async def other():
                for _ in range(3):
                    await asyncio.sleep(0.01)

            async def step(seconds):
                await asyncio.sleep(0)
                print("steps", flush=True)
                until = time.thread_time() + seconds
                while time.thread_time() < until:
                    pass

            async def main():
                await asyncio.gather(step(float(sys.argv[1])), other())

            asyncio.run(main())
            """
        ),
        encoding="utf-8",
    )
    found = {}
    for seconds, stops in (("0.06", True), ("0.3", False)):
        path = tmp_path / f"{seconds}.trace"
        command = launch_command(path, str(script), seconds)
        with subprocess.Popen(command, env=launch_environment(), stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"steps\n"
            if stops:
                process.send_signal(signal.SIGSTOP)
                os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
                time.sleep(1)
                process.send_signal(signal.SIGCONT)
        assert process.returncode == 0
        found[stops] = [one.kind for one in findings(load(str(path))[0])]
    assert found == {True: [], False: ["hog"]}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_how_long_a_thread_had_a_processor() -> None:
    queue = RunQueue()
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        pass
    # What the thread has used since the last tick of the clock is not added yet.
    used_ns, waited_ns, times = queue.more()
    assert used_ns > 20_000_000
    assert min(waited_ns, times) >= 0
    queue.close()
    assert queue.more() == (0, 0, 0)
