"""A program that is held: nothing of what it does changes, and its clocks stand still meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.reading import read_all
from tests.tracers.conftest import TraceScenario, TraceSource
from tests.tracers.held import PATIENCE_S, script_of, started
from tests.tracers.traced import BY_WAY_OF_C, ROOT, SCENARIOS, Traced, bare, environment, trace
from visualizer.session.control import Condition
from visualizer.trace import words
from visualizer.trace.events import Continued, Held
from visualizer.tracers.control.clock import PausableClock
from visualizer.tracers.control.control import SocketControl
from visualizer.tracers.core.recording import Recording

#: In seconds; long beside what the programs here do, and than a flush takes.
STOP_S = 0.2


def stops_of(events: Sequence[object]) -> list[str]:
    """What the trace tells of stops, in order."""
    return [type(event).__name__ for event in events if isinstance(event, Held | Continued)]


def look_at_the_screen() -> None:
    """Somebody does, for a while. No result depends on how long that is, as long as it is long."""
    time.sleep(STOP_S)


#: Asyncio without a clock: who runs next does not depend on how fast the machine is.
KITCHEN = """
import asyncio

async def cook(name, orders, oven):
    while True:
        dish = await orders.get()
        async with oven:
            await asyncio.sleep(0)
        print(f"{name}: {dish} is done")
        orders.task_done()

async def cake(oven):
    async with oven:
        await asyncio.Event().wait()

async def main():
    orders, oven = asyncio.Queue(2), asyncio.Lock()
    cooks = [asyncio.create_task(cook(name, orders, oven), name=name) for name in ("Al", "Bo")]
    for dish in ("pie", "bread", "pizza", "roast", "soup"):
        await orders.put(dish)
    await orders.join()
    async with asyncio.TaskGroup() as evening:
        order = evening.create_task(cake(oven), name="cake")
        await asyncio.sleep(0)
        order.cancel("no cake after all")
    for task in cooks:
        task.cancel()
    await asyncio.wait(cooks)

asyncio.run(main())
"""


@pytest.mark.parametrize("name", ["ping_pong", "producer_consumer", "three_way", "gevent_queue", "generator_states"])
def test_stepping_from_switch_to_switch_changes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What can be paused is recorded in Python. The recorder in C sees on 3.11 what a greenlet returns, too: so this is
    # a run of its own, not the one that all tests share.
    script = SCENARIOS / f"{name}.py"
    monkeypatch.setenv("VISUALIZER_RECORDER", "no")
    check_steps(tmp_path, script, trace(tmp_path / "free.trace", str(script)))


def test_nor_does_stepping_through_tasks(tmp_path: Path, trace_source: TraceSource) -> None:
    free = trace_source(KITCHEN)
    assert free.ended.stdout.count(b"is done") == 5
    assert free.outcome("cake") == "cancelled"
    check_steps(tmp_path, tmp_path / "script.py", free)


def check_steps(tmp_path: Path, script: Path, free: Traced) -> None:
    with started(tmp_path, script) as held:
        count = held.count()
        traced = held.end()
    assert traced.ended == free.ended
    assert traced.order == free.order
    assert traced.hand_overs == free.hand_overs
    # A generator that is closed where it is suspended, without running (3.12 and later), is entered and left at once.
    closed = sum(cause == "close" for _, cause, _, _ in free.hand_overs)
    assert free.timeline.switch_count - closed <= count <= free.timeline.switch_count
    assert traced.timeline.notes == []
    assert stops_of(traced.events) == ["Held", "Continued"] * count


def test_at_each_stop_the_file_has_all_up_to_that_switch(tmp_path: Path) -> None:
    with started(tmp_path, SCENARIOS / "ping_pong.py") as held:
        seen = []
        while held.is_held():
            seen.append(held.timeline().switch_count)
            held.control.step()
    assert seen == [1, 2, 3, 4, 5]


def test_the_trace_tells_that_it_is_held_and_for_how_long(tmp_path: Path) -> None:
    """What `visualizer open --follow` has to know in another terminal."""
    with started(tmp_path, SCENARIOS / "ping_pong.py") as held:
        said = []
        for _ in range(3):
            assert held.is_held()
            look_at_the_screen()
            timeline = held.timeline()
            assert timeline.header is not None
            assert timeline.pauses.since_ns == held.control.clock(0) - timeline.header.monotonic_ns
            assert timeline.pauses.since_ns >= timeline.switch_ns[-1]
            said.append(timeline.pauses.paused_ns)
            held.control.step()
        assert held.is_held()
        assert said[0] == 0
        assert [after - before >= STOP_S * 1e9 for before, after in pairwise(said)] == [True, True]
        held.run.signal(9)
        traced = held.end()
    assert traced.timeline.pauses.paused_ns >= 3 * STOP_S * 1e9
    assert traced.timeline.pauses.sentence is not None
    assert traced.timeline.pauses.sentence.endswith("; the trace ends during a pause.")


def test_the_clock_of_asyncio_stands_still_meanwhile(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        import asyncio, time

        async def main():
            loop = asyncio.get_running_loop()
            its, real = loop.time(), time.monotonic()
            await asyncio.sleep(0)
            print(time.monotonic() - real - (loop.time() - its))

        asyncio.run(main())
        """,
    )
    with started(tmp_path, script) as held:
        while held.is_held():
            look_at_the_screen()
            held.control.step()
        traced = held.end()
    assert float(traced.ended.stdout) > STOP_S / 2


LOOPS = ("libev-cext", "libuv", "libev-cffi")


@pytest.mark.parametrize("loop", LOOPS)
def test_timers_are_held_with_the_program(loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if loop != "libev-cext":
        pytest.importorskip("cffi", reason="this loop of gevent's needs cffi")
    # Short beside the stops: where their clock did not stand, the stops would take their time away.
    script = script_of(
        tmp_path,
        """
        import gevent
        def sleeper(name, seconds, times):
            for _ in range(times):
                gevent.sleep(seconds)
                print(name, flush=True)
        def limited():
            with gevent.Timeout(0.5, False):
                gevent.sleep(5)
            print("limit", flush=True)
        gevent.joinall([
            gevent.spawn(sleeper, "a", 0.3, 1), gevent.spawn(sleeper, "b", 0.1, 2), gevent.spawn(limited),
            gevent.spawn_later(0.4, print, "later"),
        ])
        """,
    )
    monkeypatch.setenv("GEVENT_LOOP", loop)
    with started(tmp_path, script) as held:
        for _ in range(12):
            if not held.is_held():
                break
            look_at_the_screen()
            held.control.step()
        held.control.run_on()
        traced = held.end()
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert sorted(traced.ended.stdout.split()) == [b"a", b"b", b"b", b"later", b"limit"]
    timeline = traced.timeline
    assert timeline.notes == []
    # By its own clock, of which no busy machine takes anything away, each slept for as long as it asked. A timer counts
    # from when its loop last looked at the clock: that may be a moment ago, but is no stop.
    slept = [
        next(wake.t_ns for wake in timeline.wakeups if wake.track == suspension.track and wake.t_ns > suspension.t_ns)
        - suspension.t_ns - suspension.asked_ns
        for suspension in timeline.suspensions
        if suspension.asked_ns > 0
    ]
    assert len(slept) == 4
    assert all(late_ns > -STOP_S * 1e9 / 4 for late_ns in slept)
    assert timeline.pauses.paused_ns >= 10 * STOP_S * 1e9


def test_the_order_of_gevent_sleeps_is_that_of_a_run_without_stops(
    tmp_path: Path, trace_scenario: TraceScenario
) -> None:
    free = trace_scenario("gevent_sleeps")
    with started(tmp_path, SCENARIOS / "gevent_sleeps.py") as held:
        began_ns = time.monotonic_ns()
        for _ in range(10):
            assert held.is_held()
            look_at_the_screen()
            held.control.step()
        held.control.run_on()
        traced = held.end()
        took_ns = time.monotonic_ns() - began_ns
    assert traced.ended == free.ended
    assert traced.order == free.order
    assert traced.wakes == free.wakes
    end = traced.timeline.end
    assert end is not None
    # Its last second is that of a run without stops; the whole took longer for us by the stops.
    assert took_ns - (end.t_ns - traced.timeline.switch_ns[0]) >= 10 * STOP_S * 1e9 * 0.99
    times = traced.timeline.switch_ns
    assert list(times) == sorted(times)


def test_it_runs_until_a_track_is_switched_to(tmp_path: Path) -> None:
    with started(tmp_path, SCENARIOS / "three_way.py") as held:
        held.steps(1)
        assert held.is_held()
        # main, a, c, and back to a.
        track = held.timeline().running_at(0)
        stops = []
        while True:
            held.control.run_to_track(track, "a")
            if not held.is_held():
                break
            timeline = held.timeline()
            stops.append((timeline.switch_count, timeline.running_at(timeline.switch_count - 1)))
        traced = held.end()
    assert traced.order == ["main", "a", "c", "a", "b", "a", "main"]
    assert stops == [(3, track), (5, track)]


@pytest.mark.parametrize("who", ["consumer", "main"])
def test_it_runs_until_a_generator_or_its_thread_is_switched_to(who: str, tmp_path: Path) -> None:
    with started(tmp_path, SCENARIOS / "producer_consumer.py") as held:
        assert held.is_held()
        timeline = held.timeline()
        track = next(track.id for track in timeline.tracks.values() if timeline.name(track.id) == who)
        stops = []
        while True:
            held.control.run_to_track(track, who)
            if not held.is_held():
                break
            timeline = held.timeline()
            stops.append(timeline.name(timeline.running_at(timeline.switch_count - 1)))
        traced = held.end()
    # The first switch, to the consumer, was over by then. The last, by which it is closed, may not run it.
    expected = traced.order[2:][(who == "consumer") :: 2]
    assert stops in (expected, expected[: len(expected) - (who == "consumer")])


def test_it_runs_until_a_generator_inside_of_a_greenlet_is_switched_to(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        from greenlet import greenlet
        def give():
            for number in range(3):
                parent.switch()
                yield number
        parent = greenlet.getcurrent()
        other = greenlet(lambda: list(give()))
        while not other.dead:
            other.switch()
        """,
    )
    with started(tmp_path, script) as held:
        held.steps(1)
        assert held.is_held()
        timeline = held.timeline()
        track = next(track.id for track in timeline.tracks.values() if timeline.name(track.id) == "give")
        stops = []
        while True:
            held.control.run_to_track(track, "give")
            if not held.is_held():
                break
            timeline = held.timeline()
            stops.append((timeline.switch_count, timeline.running_at(timeline.switch_count - 1)))
        timeline = held.end().timeline
    # The first switch to it was over by then.
    wanted = [index for index in range(timeline.switch_count) if timeline.running_at(index) == track]
    assert stops == [(index + 1, track) for index in wanted if index > 1]


LINES = """
    import gevent

    def worker(name):
        for number in range(2):
            gevent.sleep(0.001)
            print(name, number, flush=True)  # line 7

    def give():
        for number in range(2):
            print("gives", number, flush=True)  # line 11
            yield number

    gevent.joinall([gevent.spawn(worker, "a"), gevent.spawn(worker, "b")])
    for number in give():
        print("has", number, flush=True)  # line 16
"""


@pytest.mark.parametrize(("line", "printed"), [(7, [0, 1, 2, 3]), (11, [4, 6]), (16, [5, 7]), (8, [])])
def test_it_runs_until_a_line_is_about_to_run(line: int, printed: list[int], tmp_path: Path) -> None:
    script = script_of(tmp_path, LINES)
    free = bare(script)
    with started(tmp_path, script) as held:
        assert held.is_held()
        stops = []
        while True:
            held.control.run_to_line("script.py", line)
            if not held.is_held():
                break
            assert held.control.cause == "line"
            stops.append(len((tmp_path / "out").read_bytes().splitlines()))
        traced = held.end()
    assert traced.ended == free
    assert stops == printed
    assert traced.timeline.notes == []


def test_a_line_of_another_file_is_not_meant(tmp_path: Path) -> None:
    with started(tmp_path, script_of(tmp_path, LINES)) as held:
        assert held.is_held()
        held.control.run_to_line("another/script.py", 7)
        assert not held.is_held()
        assert held.end().ended.code == 0


THREADS = """
    import threading
    from greenlet import greenlet

    begin = threading.Barrier(3)

    def run(name):
        def child():
            for number in range(3):
                print(name, number, flush=True)
                parent.switch()
        parent = greenlet.getcurrent()
        other = greenlet(child)
        begin.wait()
        while not other.dead:
            other.switch()

    threads = [threading.Thread(target=run, args=(name,), name=name) for name in "ab"]
    for thread in threads:
        thread.start()
    run("main")
    for thread in threads:
        thread.join()
"""


def test_all_threads_stop_at_their_own_next_switch(tmp_path: Path) -> None:
    script = script_of(tmp_path, THREADS)
    with started(tmp_path, script) as held:
        # Each takes eight switches; a stop that three share is one.
        count = held.count()
        traced = held.end()
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert sorted(traced.ended.stdout.splitlines()) == sorted(bare(script).stdout.splitlines())
    assert 8 <= count <= traced.timeline.switch_count
    # From 3.12 on that main goes on once it has joined another is one more; it may not have to wait for all.
    assert [switch.cause == words.UNPARK for switch in traced.switches].count(False) == 24
    for track in traced.timeline.tracks.values():
        assert list(track.slices.start_ns) == sorted(track.slices.start_ns)


HUBS = """
    import threading
    import gevent
    from gevent.monkey import get_original
    from greenlet import greenlet

    start_thread = get_original("threading", "Thread")
    ready = threading.Event()

    def other():
        greenlet = gevent.spawn(gevent.sleep, 0.5)
        ready.set()
        greenlet.join()

    thread = start_thread(target=other, name="other")
    thread.start()
    ready.wait()
    def give():
        for _ in range(3):
            yield
    list(give())
    thread.join()
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_the_timers_of_an_idle_hub_in_another_thread_are_held_too(
    loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loop != "libev-cext":
        pytest.importorskip("cffi", reason="this loop of gevent's needs cffi")
    monkeypatch.setenv("GEVENT_LOOP", loop)
    script = script_of(tmp_path, HUBS)
    with started(tmp_path, script) as held:
        while held.is_held():
            look_at_the_screen()
            held.control.step()
        traced = held.end()
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    (sleep,) = [suspension for suspension in traced.timeline.suspensions if suspension.asked_ns == 500_000_000]
    (woken,) = [wake for wake in traced.timeline.wakeups if wake.track == sleep.track and wake.t_ns > sleep.t_ns]
    # A timer counts from when its loop last looked at the clock: that may be a moment ago, but is no stop.
    assert woken.t_ns - sleep.t_ns > 500_000_000 - STOP_S * 1e9 / 4


def test_a_program_runs_until_it_is_asked_to_stop(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        import gevent, sys
        def tick():
            while not sys.stdin.read(0) and not stop:
                gevent.sleep(0.001)
        stop = []
        greenlet = gevent.spawn(tick)
        gevent.signal_handler(10, stop.append, 1)
        greenlet.join()
        print("done")
        """,
    )
    with started(tmp_path, script, hold=False) as held:
        held.control.hold()
        for _ in range(3):
            assert held.is_held()
            assert held.control.condition is Condition.PAUSED
            # At the stop time stands still, for whoever watches and for who is watched.
            now_ns = held.control.clock(time.monotonic_ns())
            assert held.control.clock(time.monotonic_ns()) == now_ns
            held.control.run_on()
            held.control.hold()
        assert held.is_held()
        held.run.signal(signal.SIGUSR1)
        held.control.run_on()
        traced = held.end()
    assert (traced.ended.code, traced.ended.stdout) == (0, b"done\n")


WATCHER = """
    import sys
    from pathlib import Path
    from visualizer.session.control import ProgramControl
    from visualizer.session.launch import start
    from visualizer.session.target import Target

    control = ProgramControl()
    control.hold()
    with open("out", "wb") as out, open("err", "wb") as err:
        run = start(Target("x", (sys.argv[1],)), Path(sys.argv[2]), stdout=out, stderr=err, control=control)
    while not control.stops:
        control.read()
    print(run.pid, flush=True)
    run.wait()
"""


def test_when_the_viewer_is_killed_the_program_runs_on(tmp_path: Path) -> None:
    script = script_of(tmp_path, "import runpy\nrunpy.run_path({!r})\nopen('over', 'w').close()\nraise SystemExit(7)")
    script.write_text(script.read_text().format(str(SCENARIOS / "ping_pong.py")))
    watcher = tmp_path / "watcher.py"
    watcher.write_text("\n".join(line[4:] for line in WATCHER.splitlines()))
    trace = tmp_path / "t.trace"
    trace.touch()
    viewer = subprocess.Popen(
        [sys.executable, str(watcher), str(script), str(trace)],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert viewer.stdout is not None
    pid = int(viewer.stdout.readline())
    assert not (tmp_path / "over").exists()
    viewer.kill()
    viewer.wait()
    viewer.stdout.close()
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        # A process whose parent is gone may stay a zombie, which is over, too.
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        assert time.monotonic() < until, "it is held for ever"
        os.sched_yield()
    assert (tmp_path / "over").exists()
    assert (tmp_path / "out").read_bytes() == bare(SCENARIOS / "ping_pong.py").stdout
    assert (tmp_path / "err").read_bytes() == b""
    _, events, _ = read_all(trace)
    assert stops_of(events) == ["Held", "Continued"]


def test_closing_the_channel_lets_the_program_run_on_with_its_own_exit_code(tmp_path: Path) -> None:
    with started(tmp_path, script_of(tmp_path, LINES + "    raise SystemExit(7)")) as held:
        assert held.is_held()
        held.control.close()
        assert held.control.step() is False
        traced = held.end()
    assert traced.ended.code == 7
    assert traced.ended.stdout == bare(tmp_path / "script.py").stdout


def test_when_it_fails_it_says_so_and_the_program_goes_on(tmp_path: Path) -> None:
    with started(tmp_path, script_of(tmp_path, LINES)) as held:
        held.steps(2)
        assert held.is_held()
        held.control._ours.send(b"nonsense\n")
        assert not held.is_held()
        traced = held.end()
    assert traced.ended == bare(tmp_path / "script.py")
    assert traced.timeline.notes == ["The program cannot be paused any longer: KeyError('nonsense')."]
    assert traced.timeline.pauses.sentence is not None
    assert traced.timeline.pauses.sentence.startswith("The program was paused 3 times, for ")
    assert stops_of(traced.events) == ["Held", "Continued"] * 3


SIGNALLED = """
    import signal
    {setting}

    def raise_it(*_):
        raise TimeoutError("enough")

    signal.signal(signal.SIGUSR1, raise_it)
    {body}
"""
GREENLETS = """
    from greenlet import greenlet
    def child():
        for number in range(4):
            try:
                parent.switch()
            except TimeoutError as error:
                print(number, error, flush=True)
    parent = greenlet.getcurrent()
    other = greenlet(child)
    while not other.dead:
        other.switch()
"""
GENERATOR = """
    def numbers():
        for number in range(4):
            try:
                yield number
            except TimeoutError as error:
                print(number, error, flush=True)
    for number in numbers():
        pass
"""


@pytest.mark.parametrize("body", [GREENLETS, GENERATOR], ids=["greenlets", "generator"])
def test_what_a_handler_raises_while_the_program_is_held_is_raised_in_it_and_the_hooks_stay(
    body: str, tmp_path: Path
) -> None:
    script = script_of(tmp_path, SIGNALLED.format(setting="", body=body))
    with started(tmp_path, script) as held:
        # At an odd stop the child runs.
        held.steps(4)
        assert held.is_held()
        held.run.signal(signal.SIGUSR1)
        later = 0
        while held.is_held():
            later += 1
            held.control.step()
        traced = held.end()
    assert traced.ended.code == 0
    assert traced.ended.stdout == b"1 enough\n"
    assert later >= 2
    # From 3.12 on no hook of generators is taken out.
    torn = body is GREENLETS or sys.version_info < (3, 12)
    reported = ["A signal's handler raised while the program was paused: a switch right after may be missing."]
    assert traced.timeline.notes == reported * torn


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_held_program_can_be_ended(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path, SCENARIOS / "ping_pong.py") as held:
        held.steps(2)
        assert held.is_held()
        look_at_the_screen()
        held.run.signal(number)
        traced = held.end()
    assert traced.ended.code == -number
    end = traced.timeline.end
    assert end is not None
    # It ended when it was stopped, by its own clock.
    assert 0 <= end.t_ns - traced.timeline.switch_ns[-1] < STOP_S * 1e9


def test_the_program_sees_nothing_of_it_and_its_children_do_not_own_it(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        import os, sys
        OURS = "VISUALIZER_STATE_DIR", "VISUALIZER_RECORDER"
        print([name for name in os.environ if "VISUALIZER" in name and name not in OURS], sys.argv)
        print([fd for fd in map(int, os.listdir("/proc/self/fd")) if 2 < fd < 400], flush=True)
        # One that is not recorded itself, for which no thread is seen to wait.
        code = "import os; print([x for x in map(int, os.listdir('/proc/self/fd')) if 400 <= x])"
        os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ), 0)
        def give():
            yield 1
            yield 2
        sys.stdout.flush()
        if os.fork() == 0:
            print(list(give()), flush=True)
            os._exit(0)
        os.wait()
        print(list(give()))
        """,
    )
    with started(tmp_path, script, "x") as held:
        assert held.is_held()
        # The child's generator did not stop.
        lines = (tmp_path / "out").read_text().splitlines()
        held.control.run_on()
        traced = held.end()
    assert traced.ended.stderr == b""
    assert lines[0].startswith("[] [")
    assert "[1, 2]" in lines
    assert traced.ended.stdout.decode().splitlines()[1:] == [*lines[1:], "[1, 2]"]
    assert lines[2] == "[]"


def test_a_forked_child_runs_on_while_its_parents_clock_stands(tmp_path: Path) -> None:
    """Its generator has begun when the parent is held. It is over, and the parent has told so, before that goes on."""
    is_held = tmp_path / "is_held"
    os.mkfifo(is_held)
    script = script_of(
        tmp_path,
        """
        import os, sys, time
        def give(count):
            for number in range(count):
                yield number
        end, begun = os.pipe()
        pid = os.fork()
        if pid == 0:
            for number in give(5):
                if number == 0:
                    os.write(begun, b".")
                    open(sys.argv[1]).close()
                time.sleep(0.05)
            os._exit(0)
        os.read(end, 1)
        list(give(3))
        os.waitpid(pid, 0)
        """,
    )
    with started(tmp_path, script, str(is_held)) as held:
        assert held.is_held()
        is_held.write_bytes(b"")
        deadline = time.monotonic() + PATIENCE_S
        while b'["ended"' not in held.run.trace_path.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.01)
        held.control.run_on()
        timeline = held.end().timeline
    main = timeline.tracks[timeline.processes[1].track]
    steps = [timeline.switch(index) for index in range(timeline.switch_count)]
    # That it goes on after a sleep is seen only from 3.12 on.
    of_generators = [switch for switch in steps if switch.cause != words.UNPARK]
    of_child = [switch.t_ns for switch in of_generators if timeline.tracks[switch.target].process]
    stood_ns = next(remark.t_ns for remark in timeline.remarks if isinstance(remark, Held))
    assert len(of_child) == 12
    # The clock stood, for both, until the child was over.
    assert of_child[-1] == main.exit_ns == stood_ns
    assert timeline.pauses.between(0, timeline.last_ns)[1] > 100_000_000


def test_a_program_that_closes_all_descriptors_is_let_go(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        import os
        def give():
            yield 1
        list(give())
        os.closerange(3, 4096)
        list(give())
        print("done")
        """,
    )
    with started(tmp_path, script) as held:
        held.steps(4)
        held.run.wait()
        traced = held.end()
    assert traced.ended == bare(script)


def test_calls_of_select_that_come_again_are_recorded_as_at_first(tmp_path: Path) -> None:
    """All but such calls is recorded in Python there, whatever was built."""
    script = script_of(
        tmp_path,
        """
        import os, selectors
        reads, writes = os.pipe()
        selector = selectors.DefaultSelector()
        selector.register(reads, selectors.EVENT_READ)
        for number in range(20):
            os.write(writes, b"x")
            for key, _ in selector.select():
                print(number, os.read(key.fd, 1))
        """,
    )
    with started(tmp_path, script, hold=False) as held:
        traced = held.end()
    assert traced.ended == bare(script)
    assert (traced.timeline.notes, len(traced.timeline.tracks[0].steps)) == ([], 20)


def test_without_a_channel_nothing_of_it_is_there(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        f"""
        import gc, sys
        names = {{type(thing).__name__ for thing in gc.get_objects()}}
        print("select" in sys.modules, "_socket" in sys.modules, "ctypes" in sys.modules,
              {Recording.__name__!r} in names, {SocketControl.__name__!r} in names, {PausableClock.__name__!r} in names)
        """,
    )
    from tests.tracers.traced import trace

    assert trace(tmp_path / "t", str(script)).ended.stdout == b"False False False True False False\n"


@pytest.mark.skipif(sys.version_info < (3, 12) or not BY_WAY_OF_C, reason="no such tasks, or no tool id is left")
def test_the_first_steps_of_eager_tasks_are_seen_in_a_program_that_is_held(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        import asyncio
        async def inner():
            await asyncio.sleep(0)
        async def handle():
            await inner()
        async def start():
            await asyncio.Task(handle(), loop=asyncio.get_running_loop(), eager_start=True)
        async def main():
            await asyncio.gather(start(), start())
        asyncio.run(main())
        """,
    )
    with started(tmp_path, script) as held:
        held.count()
        traced = held.end()
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert not traced.timeline.notes
    timeline = traced.timeline
    tracks = [track for track in timeline.tracks.values() if track.kind in (words.TASK, words.COROUTINE)]
    assert [timeline.name(track.id) for track in tracks] == ["main()", "start-1", "start-2", "handle-1", "handle-2"]
