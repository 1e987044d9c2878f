"""The way to the file: flushed in time, whole, and never at the program's cost."""

from __future__ import annotations

import _thread
import base64
import errno
import gc
import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reading import read_all
from tests.soak import SOAK
from tests.tracers.conftest import TraceSource
from tests.tracers.traced import launch_command, launch_environment, trace
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.texts import Texts
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.events import Poll
from visualizer.trace.sink import Sink
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NEW, STRIDE, VALUE_BIT, Buffer, Met
from visualizer.tracers.core.rows import Rows
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.core.text import Text
from visualizer.tracers.core.unstored import Unstored


def _start(path: Path, source: str) -> subprocess.Popen[bytes]:
    script = path.with_suffix(".py")
    script.write_text(source, encoding="utf-8")
    return subprocess.Popen(
        launch_command(path, str(script)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=launch_environment()
    )


def _wait_for(path: Path, wanted: bytes) -> None:
    """Until `wanted` stands in the file; the time limit only keeps a failure from hanging."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and wanted in path.read_bytes():
            return
        time.sleep(0.01)
    raise AssertionError(f"{wanted!r} did not appear in the trace")


def _switches_of_a_killed(path: Path, source: str, wanted: int) -> int:
    """How many are in the trace of a program that forks, and is killed once so many are: it does nothing more."""
    process = _start(path, textwrap.dedent(source))
    try:
        _wait_for(path, b'["process"')
        deadline = time.monotonic() + 30
        while (told := load(str(path))[0].switch_count) < wanted and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return told


@pytest.mark.parametrize("block", ["time.sleep(60)", "lock.acquire()", "sum(iter(int, 1))"])
def test_flushed_while_the_program_blocks_and_kept_when_it_is_killed(tmp_path: Path, block: str) -> None:
    path = tmp_path / "killed.trace"
    process = _start(
        path,
        "import time, _thread\nlock = _thread.allocate_lock(); lock.acquire()\n"
        "def gen():\n    yield 'before the end'\nnext(gen())\n"
        f"time.sleep(0.2)\n{block}\n",
    )
    try:
        _wait_for(path, b"before the end")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    timeline, notices = load(str(path))
    assert timeline.switch(1).value == "'before the end'"
    assert notices == ["The trace has no end: its program was killed or is still running."]


def test_os_exit_loses_nothing(trace_source: TraceSource) -> None:
    traced = trace_source("import os\ndef gen():\n    yield 7\nfor _ in gen():\n    os._exit(4)\n")
    assert traced.ended.code == 4
    assert traced.hand_overs == [("main", "next", "gen", None), ("gen", "yield", "main", "7")]


def test_an_uncaught_exception_is_told(trace_source: TraceSource) -> None:
    traced = trace_source("raise LookupError('nowhere')\n")
    assert traced.ended.code == 1
    assert traced.timeline.uncaught == ("LookupError", "nowhere")
    assert traced.outcome("main") == "raised"


def test_an_exception_in_a_console_of_the_programs_is_not_its_end(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import code

        def fails():
            raise LookupError

        console = code.InteractiveConsole({"fails": fails})
        console.push("fails()")
        console.push("1 +* 2")
        """
    )
    assert traced.ended.code == 0
    assert traced.timeline.uncaught is None
    [main] = traced.tracks("main")
    assert (main.outcome, main.value) == ("returned", None)


def test_sys_exit(trace_source: TraceSource) -> None:
    traced = trace_source("import sys\nsys.exit(3)\n")
    assert (traced.ended.code, traced.ended.stderr) == (3, b"")
    assert traced.timeline.uncaught is None


def test_after_a_fork_what_repeats_is_flushed_too(tmp_path: Path) -> None:
    """Only switches that hooks know already come after the fork, and the program is killed with no time to end."""
    told = _switches_of_a_killed(
        tmp_path / "killed.trace",
        """
        import os, time
        import gevent
        from gevent.queue import Queue

        def producer():
            while True:
                items.put(1)

        def turns(count):
            for _ in range(count):
                items.get()

        items = Queue(1)
        gevent.spawn(producer)
        turns(10)
        if os.fork() == 0:
            os._exit(0)
        turns(300)
        time.sleep(600)
        """,
        601,
    )
    assert told > 600


def test_after_a_fork_what_generators_repeat_is_flushed_too(tmp_path: Path) -> None:
    told = _switches_of_a_killed(
        tmp_path / "killed.trace",
        """
        import os, time

        def gen():
            while True:
                yield

        def turns(count):
            for _ in range(count):
                next(kept)

        kept = gen()
        turns(10)
        if os.fork() == 0:
            os._exit(0)
        turns(300)
        time.sleep(600)
        """,
        2 * 310,
    )
    assert told == 2 * 310


def test_a_program_that_closes_every_descriptor(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, time

        def gen():
            yield "before"
            yield "after"

        g = gen()
        next(g)
        time.sleep(0.1)
        os.closerange(3, 1024)
        mine = [os.open("mine.txt", os.O_RDWR | os.O_CREAT) for _ in range(600)]
        next(g)
        time.sleep(0.1)
        print(os.path.getsize("mine.txt"), mine[0])
        os.unlink("mine.txt")
        """
    )
    assert traced.ended.stdout == b"0 3\n"
    assert [value for _, cause, _, value in traced.hand_overs if cause == "yield"] == ["'before'", "'after'"]


def test_many_events_are_all_there_in_order(trace_source: TraceSource) -> None:
    many = 500_000 if SOAK else 20_000
    traced = trace_source(
        f"def count():\n    for number in range({many}):\n        yield number\nfor number in count():\n    pass\n"
    )
    values = [switch.value for switch in traced.switches if switch.cause == "yield"]
    assert values == [str(number) for number in range(many)]
    times = [switch.t_ns for switch in traced.switches]
    assert times == sorted(times)


def test_a_full_disk_harms_nobody(tmp_path: Path) -> None:
    """/dev/full takes no byte: every write fails with ENOSPC."""
    script = tmp_path / "script.py"
    script.write_text("def gen():\n    yield 1\nprint(list(gen()) * 3)\n", encoding="utf-8")
    done = subprocess.run(
        launch_command(Path("/dev/full"), str(script)), capture_output=True, env=launch_environment(), timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"[1, 1, 1]\n", b"")


def test_what_comes_again_is_a_row_from_the_second_time_on(tmp_path: Path) -> None:
    """Each with its own value; threads are always lines, and what is read is what was stored, in its order."""
    ticks = iter(range(0, 10**9, 10))
    path = tmp_path / "x.trace"
    stream = Stream(Sink(str(path)), clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    stored = []
    for turn, value in enumerate((5, None, "text", 5)):
        thread = ("thread", "worker", -1, -1)
        for line, a, b, crosses in (
            (lines.born, 10 + turn, thread, None),
            (lines.spawn, 20 + turn, ("coroutine", "work", -1, -2), lines.NO_VALUE),
            (lines.resume, 20 + turn, "send", value),
            (lines.resume, 20 + turn, "next", lines.NO_VALUE),
            (lines.yielded, 20 + turn, words.YIELD, value),
            (lines.exited, 20 + turn, ("returned", None), value),
            (lines.thread_exited, 10 + turn, ("returned", None), value),
        ):
            t_ns = stream.clock()
            stream.store(line, t_ns, a, b, crosses)
            stored.append((t_ns - stream.start_ns, a))
    stream.flush(last=True)
    stream.close()
    written = path.read_text().splitlines()
    assert sum(line.startswith('["spawn"') for line in written) == 1 + 4
    assert sum(line.startswith('["exit"') for line in written) == 1 + 4
    assert sum(line.startswith(('["yield"', '["resume"')) for line in written) == 1 + 2
    _, events, _ = read_all(path)
    texts = {event.id: event.text for event in events if type(event) is ev.Text}
    told = [event for event in events if isinstance(event, ev.Spawn | ev.Resume | ev.Yield | ev.Exit)]
    assert [(event.t_ns, event.track) for event in told] == stored
    values = [texts.get(event.value) for event in told if not isinstance(event, ev.Spawn)]
    assert values == [
        text for value in ("5", "None", "'text'", "5") for text in (value, None, value, value, value)
    ]


def test_a_row_is_about_whichever_of_two_tracks_is_another_each_time(tmp_path: Path) -> None:
    """Who ends is always another one, and wakes the same track, and the same one runs next; and the other way round."""
    ticks = iter(range(0, 10**9, 10))
    path = tmp_path / "x.trace"
    stream = Stream(Sink(str(path)), clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    stored: list[tuple[object, ...]] = []
    for turn, value in enumerate((5, lines.NO_VALUE, "text", 5)):
        new, text = 20 + turn, {0: "5", 2: "'text'", 3: "5"}.get(turn)
        for line, a, b, crosses, told in (
            (lines.wake, 7, (new, "finished"), None, (7, new, "finished")),
            (lines.wake, new, (7, "spawn"), None, (new, 7, "spawn")),
            (lines.wake, new, (new, "callback"), None, (new, new, "callback")),
            (lines.switch, new, 1, lines.NO_VALUE, (new, 1, "switch", None)),
            (lines.switch, 1, new, value, (1, new, "switch", text)),
            (lines.throw, new, 1, value, (new, 1, "throw", text)),
        ):
            t_ns = stream.clock()
            stream.store(line, t_ns, a, b, crosses)
            stored.append((t_ns - stream.start_ns, *told))
    stream.flush(last=True)
    stream.close()
    written = path.read_text().splitlines()
    assert sum(line.startswith('["wake"') for line in written) == 1 + 1 + 4
    assert sum(line.startswith('["switch"') for line in written) == 3
    _, events, _ = read_all(path)
    texts = {event.id: event.text for event in events if type(event) is ev.Text}
    assert stored == [
        (event.t_ns, event.track, event.waker, event.cause) if isinstance(event, ev.Wake)
        else (event.t_ns, event.origin, event.target, event.cause, texts.get(event.value))
        for event in events if isinstance(event, ev.Wake | ev.Switch)
    ]


def test_of_what_is_met_once_nothing_is_kept() -> None:
    """Who counts objects, as greenlet's own tests do, takes what is kept of each greenlet for a leak."""
    met = Met()

    class Code:
        pass

    once, twice = Code(), Code()
    of_once, of_twice = weakref.ref(once), weakref.ref(twice)
    before = len(gc.get_objects())
    assert [met.again(("spawn", number), once) for number in range(100)] == [None] * 100
    assert len(gc.get_objects()) - before < 10
    assert [met.again(("exit", 1), twice) for _ in range(2)] == [None, NEW]
    assert met.learned(("exit", 1), 7) == 7 == met.again(("exit", 1), twice)
    del once, twice
    assert (of_once() is None, of_twice() is None) == (True, False)


@pytest.mark.parametrize("name", ["Future ", "track "])
def test_a_row_says_a_number_behind_a_name_as_that_number_and_any_other_text_as_it_is(name: str) -> None:
    zero, most = {
        "Future ": (words.ZERO_FUTURE, words.LARGEST_NUMBER), "track ": (words.ZERO_TRACK, words.LARGEST_TRACK),
    }[name]  # fmt: skip
    buffer, texts = Buffer(Rows()), Texts()
    for number in (0, 7, most):
        text = buffer.said(1, f"{name}{number}") // 2**VALUE_BIT - 1
        assert (text, texts.get(text)) == (zero + number, f"{name}{number}")
    assert buffer.parts == []
    others = [f"{name}{most + 1}", f"{name}07", f"{name}-1", f"{name}\u0667", name, f"{name}7 ", f"{name.upper()}7"]
    for other in others:
        assert buffer.said(1, other) // 2**VALUE_BIT - 1 < words.ZERO_TRACK, other
    assert buffer.parts[3::STRIDE] == others


class _ReactsWhenLookedAt(Buffer):
    """The flush, which looks at it last, finds that its thread has just reacted to what another has just done."""

    stream: Stream
    other: Buffer

    @property
    def closed(self) -> bool:
        if not self.reported:
            self.reported = True
            for buffer, track in ((self.other, 1), (self, 2)):
                buffer.store((lines.resume, self.stream.clock(), track, "next", lines.NO_VALUE, None, 0))
        return False

    @closed.setter
    def closed(self, closed: bool) -> None:
        """Which it never is."""


def test_what_a_thread_does_because_of_another_is_not_written_before_that(tmp_path: Path) -> None:
    ticks = iter(range(0, 10**9, 10))
    path = tmp_path / "x.trace"
    stream = Stream(Sink(str(path)), clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    first, second = Buffer(Rows()), _ReactsWhenLookedAt(Rows())
    second.stream, second.other = stream, first
    stream.buffers += (first, second)
    stream.flush()
    stream.flush(last=True)
    stream.close()
    resumed = [event.track for event in read_all(path)[1] if isinstance(event, ev.Resume)]
    assert resumed == [1, 2]


@pytest.mark.parametrize("lasts", [False, True])
def test_a_flush_that_a_handler_ends_before_its_end_keeps_nobody_from_flushing(tmp_path: Path, lasts: bool) -> None:
    ticks = iter(range(0, 10**9, 10))
    path = tmp_path / "x.trace"
    stream = Stream(Sink(str(path)), clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())

    def flush() -> None:
        assert stream._begin_flush()
        if lasts:
            stream.flush(last=True)  # In the handler: this one goes on afterwards.

    stream.store(lines.resume, stream.clock(), 1, "next")
    flush()
    assert not read_all(path)[1]
    stream.flush(last=True)
    assert [event.track for event in read_all(path)[1] if isinstance(event, ev.Resume)] == [1]


def test_a_full_buffer_is_emptied_by_the_flushing_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal's handler that raises meanwhile finds nothing in the main thread that is taken and not yet written."""
    wrote: list[int] = []
    sink = Sink(str(tmp_path / "x.trace"))
    write = sink.write

    def noted(content: bytes, count: int) -> bool:
        wrote.append(_thread.get_ident())
        return write(content, count)

    monkeypatch.setattr(sink, "write", noted)
    # It wakes only where it is wanted.
    monkeypatch.setattr("visualizer.tracers.core.stream.FLUSH_SECONDS", 1_000)
    monkeypatch.setattr("visualizer.tracers.core.stream.FULL", 30)
    ticks = iter(range(0, 10**9, 10))
    stream = Stream(sink, clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    wrote.clear()
    stream.start_thread()
    for track in range(100):
        stream.store(lines.resume, stream.clock(), track, "next")
    assert len(stream.buffers[0].rows) <= 30
    stream.close()
    assert wrote
    assert _thread.get_ident() not in wrote
    assert [event.track for event in read_all(sink.path)[1] if isinstance(event, ev.Resume)] == list(range(100))


def test_no_thread_begins_while_the_last_one_is_to_end_for_a_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread of the program's may have its first event since an earlier fork just then."""
    stream = Stream(Sink(str(tmp_path / "x.trace")))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    stream.start_thread()
    wake = stream._wake

    def asked_meanwhile() -> None:
        stream.start_thread()
        wake()

    monkeypatch.setattr(stream, "_wake", asked_meanwhile)
    forking = threading.Thread(target=stream.stop_thread, daemon=True)
    forking.start()
    forking.join(60)
    assert not forking.is_alive()
    assert not stream.is_flushing
    stream.start_thread()
    assert not stream.is_flushing
    stream.forked()
    stream.start_thread()
    assert stream.is_flushing
    stream.close()


def test_a_signals_handler_may_fork_where_a_thread_is_about_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(Sink(str(tmp_path / "x.trace")))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())

    def interrupted(function: Callable[..., object], arguments: tuple[object, ...]) -> int:
        stream.stop_thread()
        stream.forked()
        return _thread.start_new_thread(function, arguments)

    monkeypatch.setattr("visualizer.tracers.core.stream._start_new_thread", interrupted)
    starting = threading.Thread(target=stream.start_thread, daemon=True)
    starting.start()
    starting.join(60)
    assert not starting.is_alive()
    assert stream.is_flushing
    stream.stop_thread()
    assert not stream.is_flushing
    stream.forked()
    stream.close()


def test_the_memory_of_a_flush_is_used_for_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one was interrupted and a traceback has a view of it still, and where the disk was full meanwhile."""
    path = tmp_path / "x.trace"
    sink, text, views = Sink(str(path)), Text(), list[object]()

    def interrupted(_: int, content: object) -> int:
        views.append(content)
        raise KeyboardInterrupt

    def full(_: int, content: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", interrupted)
        text.lines.append("is written later\n")
        with pytest.raises(KeyboardInterrupt):
            text.write(sink, 1)
    text.lines.append("was made, and is not to be written\n")
    text.clear()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        text.lines.append("as well\n")
        text.write(sink, 1)
    wanted = "is written later\nas well\n"
    for size in (1, 3, 5000, 2, 100_000, 4):
        integers = tuple(range(3 * size))
        text.lines += [f"before {size}\n", "rows\n"]
        text.add_rows(Rows(integers), 0, size)
        text.lines.append("after\n")
        text.write(sink, 1)
        packed = base64.b64encode(struct.pack(f"<{3 * size}q", *integers)).decode()
        wanted += f'before {size}\nrows\n["rows","{packed}"]\nafter\n'
        assert (path.read_text(), text.lines) == (wanted, [])
    assert len(views) == 1


@pytest.mark.parametrize("waits", [False, True])
def test_what_a_hook_has_not_stored_yet_is_written_before_what_others_did_since(tmp_path: Path, waits: bool) -> None:
    """It has read the clock, and the interpreter let others run. Who waits in a hook keeps nothing from the file."""
    ticks = iter(range(0, 10**9, 10))
    path = tmp_path / "x.trace"
    stream = Stream(Sink(str(path)), clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    began, goes_on = _thread.allocate_lock(), _thread.allocate_lock()

    def hook(track: int) -> None:
        t_ns = stream.clock()
        began.release()
        with goes_on:
            stream.store(lines.resume, t_ns, track, "next")

    def resumed() -> list[int]:
        return [event.track for event in read_all(path)[1] if isinstance(event, ev.Resume)]

    stream.on_thread = lambda buffer, _: setattr(buffer, "track", len(stream.buffers))
    stream.all_stored_ns = Unstored(lambda code: code is hook.__code__).since_ns
    stream.flush()
    with began, goes_on:
        thread = threading.Thread(target=hook, args=(2,))
        thread.start()
        began.acquire()
        stream.store(lines.resume, stream.clock(), 1, "next")
        for _ in range(20 if waits else 3):
            stream.flush()
        assert resumed() == [1] * waits
    thread.join()
    stream.flush()
    stream.close()
    assert resumed() == ([1, 2] if waits else [2, 1])


class _OfOneThread(Stream):
    is_alone = True


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("kind", [Stream, _OfOneThread])
def test_the_time_is_told_once_nothing_older_is_to_come(tmp_path: Path, kind: type[Stream], waits: bool) -> None:
    """A hook has read the clock, and no processor was left for it for long. Who waits in one hangs, which is told."""
    now_ns = 0
    path = tmp_path / "x.trace"
    stream = kind(Sink(str(path)), clock=lambda: now_ns)
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    began, goes_on = _thread.allocate_lock(), _thread.allocate_lock()

    def hook() -> None:
        t_ns = stream.clock()
        began.release()
        with goes_on:
            stream.store(lines.resume, t_ns, 1, "next")

    def told() -> list[int]:
        return [event.t_ns for event in read_all(path)[1] if isinstance(event, ev.Resume | ev.Now)]

    stream.on_thread = lambda buffer, _: setattr(buffer, "track", 1)
    stream.all_stored_ns = Unstored(lambda code: code is hook.__code__).since_ns
    now_ns = 10
    stream.store(lines.resume, now_ns, 1, "next")
    stream.flush()
    now_ns = 20
    thread = threading.Thread(target=hook)
    with began, goes_on:
        thread.start()
        began.acquire()
        for _ in range(20 if waits else 3):
            now_ns += 2 * 10**9
            stream.flush()
        assert (told()[:1], len(told()) > 1) == ([10], waits)
    thread.join()
    stream.flush()
    if not waits:
        assert told() == [10, 20]
        for _ in range(2):
            now_ns += 2 * 10**9
            stream.flush()
        assert told() == [10, 20, now_ns - 2 * 10**9, now_ns]
    stream.close()


def test_what_a_new_thread_does_first_is_written_before_what_others_did_since(tmp_path: Path) -> None:
    """Also where it is given its track, and the interpreter lets others run before it stores anything."""
    ticks = iter(range(0, 10**9, 10))
    path = tmp_path / "x.trace"
    stream = Stream(Sink(str(path)), clock=lambda: next(ticks))
    stream.write_header(ev.encode(ev.Header(words.FORMAT, words.VERSION, monotonic_ns=stream.start_ns)).decode())
    began, goes_on = ([_thread.allocate_lock() for _ in range(2)] for _ in range(2))

    def lets_run(number: int) -> None:
        began[number].release()
        with goes_on[number]:
            pass

    def on_thread(buffer: Buffer, t_ns: int) -> None:
        if len(stream.buffers) > 1:
            lets_run(0)
        buffer.track = len(stream.buffers)
        if len(stream.buffers) > 1:
            lets_run(1)

    def hook() -> None:
        stream.store(lines.resume, stream.clock(), 2, "next")

    stream.on_thread = on_thread
    codes = {function.__code__ for function in (hook, on_thread, lets_run)}
    stream.all_stored_ns = Unstored(lambda code: code in codes).since_ns
    stream.store(lines.resume, stream.clock(), 1, "next")
    for lock in (*began, *goes_on):
        lock.acquire()
    thread = threading.Thread(target=hook)
    thread.start()
    for number in range(2):
        began[number].acquire()
        for _ in range(2):
            stream.store(lines.resume, stream.clock(), 1, "next")
            stream.flush()
        goes_on[number].release()
    thread.join()
    stream.flush()
    stream.close()
    times = [event.t_ns for event in read_all(path)[1] if isinstance(event, ev.Resume)]
    assert len(times) == 6
    assert times == sorted(times)


class _FlakyDisk:
    """Stands in for os.write: takes some bytes, then none for a while."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""

    def __call__(self, _fd: int, content: bytes) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        part = content[: self.room]
        self.room -= len(part)
        self.taken += part
        return len(part)


def test_a_disk_that_is_full_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 10**9, 10))
    disk = _FlakyDisk(room=10**9)
    monkeypatch.setattr("visualizer.trace.sink.os.write", disk)
    monkeypatch.setattr("visualizer.trace.sink._BACKLOG_BYTES", 200)
    stream = Stream(Sink(str(tmp_path / "x.trace")), clock=lambda: next(ticks))

    def poll_and_flush(count: int) -> None:
        for _ in range(count):
            stream.store(lines.poll, stream.clock(), 1, 1)
        stream.flush()

    poll_and_flush(3)
    disk.room = 50
    for _ in range(10):
        poll_and_flush(3)
    disk.room = 10**9
    poll_and_flush(3)
    stream.close()
    from visualizer.trace.events import Dropped, decode_events

    events = decode_events(disk.taken)
    kept = [event for event in events if isinstance(event, Poll)]
    dropped = [event for event in events if isinstance(event, Dropped)]
    assert dropped[-1].count + len(kept) == 36
    assert dropped[-1].count > 0


def test_output_is_captured_with_the_track_that_printed_it(trace_source: TraceSource) -> None:
    traced = trace_source(
        r"""
        import sys

        def talker():
            print("from inside", 1, sep=", ")
            yield
            sys.stderr.write("to stderr\n")

        for _ in talker():
            sys.stdout.buffer.write(b"raw \xff\n")
            sys.stdout.flush()
        print("\x1b[31m[bold]red[/bold]\x1b[0m")
        """
    )
    name = traced.timeline.name
    assert [(name(o.track), o.stream, o.text) for o in traced.timeline.outputs] == [
        ("talker", "stdout", "from inside, 1\n"),
        ("main", "stdout", "raw \ufffd\n"),
        ("talker", "stderr", "to stderr\n"),
        ("main", "stdout", "\x1b[31m[bold]red[/bold]\x1b[0m\n"),
    ]


def test_megabytes_of_output_are_cut_and_counted(trace_source: TraceSource) -> None:
    traced = trace_source("for _ in range(3000):\n    print('x' * 9999)\n")
    assert len(traced.ended.stdout) == 3000 * 10_000
    kept = sum(len(output.text) for output in traced.timeline.outputs)
    assert kept <= 8 << 20
    assert kept + traced.timeline.dropped["characters of output"] == 3000 * 10_000


def test_a_failing_hook_is_logged_and_taken_out(tmp_path: Path) -> None:
    """Break the generator tracer from inside: the program goes on, and the trace says what happened."""
    script = tmp_path / "script.py"
    script.write_text(
        "import gc\n"
        "def gen():\n    yield 1\n    yield 2\n    yield 3\n"
        "g = gen()\nprint(next(g))\n"
        "broken = [o for o in gc.get_objects() if type(o).__name__ == 'Generators']\n"
        "broken[0].live = type('Broken', (), {'clear': lambda self: None})()\n"
        "print(next(g), next(g), list(g))\n",
        encoding="utf-8",
    )
    traced = trace(tmp_path / "x.trace", str(script))
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"1\n2 3 []\n", b"")
    assert len(traced.timeline.notes) == 1
    assert traced.timeline.notes[0].startswith("The generators tracer failed and was taken out: AttributeError(")


def test_the_interpreter_is_as_it_would_be(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, traceback\n"
        "traceback.print_stack(file=sys.stdout)\n"
        "print(sys.argv, __file__, __name__, __spec__, sys.path, sys.flags, sys.orig_argv)\n"
        "print(sorted(os.environ))\n"
        "print(type(sys.stdout), sys.getprofile() is None or sys.version_info < (3, 12), sys.gettrace())\n"
        "print(sorted(name for name in sys.modules if 'visualizer' in name))\n"
        "print(os.open('/dev/null', os.O_RDONLY))\n",
        encoding="utf-8",
    )
    environment = {name: value for name, value in launch_environment().items() if name != "PYTHONPATH"}
    alone = subprocess.run([sys.executable, str(script), "-x", "é"], capture_output=True, env=environment)
    # The launcher is found through the folder it is started in, as nothing may be added to the environment here.
    from tests.tracers.traced import ROOT

    traced = subprocess.run(
        launch_command(tmp_path / "x.trace", str(script), "-x", "é"), capture_output=True, env=environment, cwd=ROOT
    )
    assert traced.stderr == alone.stderr == b""
    assert traced.stdout == alone.stdout


def test_a_module_of_the_programs_own_called_visualizer(tmp_path: Path) -> None:
    (tmp_path / "visualizer.py").write_text("print('mine', __name__)\n", encoding="utf-8")
    (tmp_path / "script.py").write_text("import visualizer\n", encoding="utf-8")
    assert trace(tmp_path / "x.trace", str(tmp_path / "script.py")).ended.stdout == b"mine visualizer\n"


def test_run_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(
        "import sys\nfrom .helper import gen\nprint(list(gen()), __package__, sys.argv[1:])\n", encoding="utf-8"
    )
    (tmp_path / "package" / "helper.py").write_text("def gen():\n    yield 1\n", encoding="utf-8")
    traced = trace(tmp_path / "x.trace", "-m", "package", "a", cwd=tmp_path)
    assert traced.ended.stdout == b"[1] package ['a']\n"
    assert traced.order == ["main", "gen", "main", "gen", "main"]
    assert traced.timeline.header is not None
    assert traced.timeline.header.target == "package"


def test_syntax_error(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("x = 1\ndef f(:\n", encoding="utf-8")
    traced = trace(tmp_path / "x.trace", str(tmp_path / "script.py"))
    assert traced.ended.code == 1
    assert b"SyntaxError" in traced.ended.stderr
    assert traced.timeline.uncaught is not None
    assert traced.timeline.uncaught == ("SyntaxError", "invalid syntax (script.py, line 2)")
    assert traced.timeline.tracks[0].value == "SyntaxError('invalid syntax (script.py, line 2)')"


def test_a_syntax_error_of_the_programs_own(trace_source: TraceSource) -> None:
    traced = trace_source("raise SyntaxError('no', ('here', None, 1, 'x'))\n")
    assert traced.timeline.uncaught == ("SyntaxError", "'no', ('here', None, 1, 'x')")


def test_a_script_without_coroutines_is_one_track(trace_source: TraceSource) -> None:
    traced = trace_source("print('only this')\n")
    assert traced.order == ["main"]
    assert isinstance(traced.timeline, Timeline)
    assert os.path.getsize(traced.path) < 2_000


@pytest.mark.parametrize("options", [(), ("--no-source",)])
def test_a_trace_carries_the_source_that_ran(tmp_path: Path, options: tuple[str, ...]) -> None:
    script = tmp_path / "script.py"
    text = "def gen():\n    yield 'ä'  # once\n\n\nlist(gen())\n"
    script.write_text(text, encoding="utf-8")
    path = tmp_path / "x.trace"
    command = launch_command(path, str(script))
    command[command.index("--") : command.index("--")] = options
    subprocess.run(command, check=True, env=launch_environment(), timeout=60)
    timeline, _ = load(str(path))
    assert timeline.sources == ({} if options else {str(script): text.rstrip("\n")})


def test_a_source_file_that_is_too_large_is_left_out_and_told_of(trace_source: TraceSource) -> None:
    traced = trace_source("def gen():\n    yield 1\nlist(gen())\n" + "# padding\n" * 30_000)
    assert traced.timeline.sources == {}
    assert traced.timeline.notes == [f"Too large for the trace: {traced.path.with_suffix('.py')}"]


def test_an_uncaught_exception_is_quoted_once(trace_source: TraceSource) -> None:
    traced = trace_source("raise ValueError('bad')\n")
    assert [track.value for track in traced.timeline.tracks.values()] == ["ValueError('bad')"]


def test_what_is_run_is_the_programs_own_wherever_it_is_installed(tmp_path: Path) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "script.py").write_text("def gen():\n    yield 1\nlist(gen())\n", encoding="utf-8")
    assert "gen" in trace(tmp_path / "x.trace", str(folder / "script.py")).order
