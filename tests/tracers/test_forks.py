"""Forked children: recorded into the same file, on the same clock, and as if nobody watched."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.traced import SEES_WAITS, Traced, bare, trace
from visualizer.analysis.model.timeline import State
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.sink import Sink
from visualizer.tracers.core.compiled import built
from visualizer.tracers.core.ids import Ids, InMemory
from visualizer.tracers.core.processes import children
from visualizer.tracers.core.processes.children import Children

#: From 3.12 on an import of `os` in a child that a thread forked is no reason to warn: we have no thread then.
STRICT = 'import os, sys, time, warnings; warnings.simplefilter("error")\n'


def went_as_bare(traced: Traced) -> None:
    assert traced.ended == bare(traced.path.with_suffix(".py"))


def by_process(traced: Traced) -> list[list[tuple[str, str, str, str | None]]]:
    """(from, cause, to, value) of each switch, of each process apart, in order of their appearance; but that threads go
    on, which is seen only from 3.12 on."""
    timeline = traced.timeline
    found: list[list[tuple[str, str, str, str | None]]] = [[] for _ in timeline.processes]
    for switch, hand_over in zip(traced.switches, traced.hand_overs, strict=True):
        processes = {timeline.tracks[switch.origin].process, timeline.tracks[switch.target].process}
        assert len(processes) == 1, "no switch leads from one process into another"
        if switch.cause == words.UNPARK:
            continue
        found[processes.pop()].append(hand_over)
    return found


def printed(traced: Traced) -> dict[str, list[str]]:
    """What each process printed."""
    timeline = traced.timeline
    found: dict[str, list[str]] = {}
    for output in timeline.outputs:
        found.setdefault(timeline.process_of(output.track).name, []).append(output.text)
    return found


def is_sound(traced: Traced) -> None:
    """Every number is given once; times ascend; and every track belongs to the process that it was told in."""
    for kind, number in ((ev.Text, "id"), (ev.Place, "id"), (ev.Spawn, "track"), (ev.Copy, "track")):
        counts = Counter(getattr(event, number) for event in traced.events if type(event) is kind)
        assert not [one for one, count in counts.items() if count > 1]
    reported = [event for event in traced.events if isinstance(event, ev.Switch | ev.Resume | ev.Yield)]
    assert [event.t_ns for event in reported] == sorted(event.t_ns for event in reported)
    by_process(traced)


def test_a_generator_lives_on_in_both(trace_source: TraceSource) -> None:
    traced = trace_source(
        STRICT
        + """
def gen():
    yield 1
    yield 2
    yield 3

g = gen()
next(g)
pid = os.fork()
if pid == 0:
    print("child", next(g), flush=True)
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("parent", next(g))
"""
    )
    assert traced.ended.stderr == b""
    assert traced.ended.stdout == b"child 2\n7\nparent 2\n"
    is_sound(traced)
    first, child = traced.timeline.processes
    assert by_process(traced) == [
        [("main", "next", "gen-1", None), ("gen-1", "yield", "main", "1"),
         ("main", "next", "gen-1", None), ("gen-1", "yield", "main", "2")],
        [(child.name, "next", "gen-2", None), ("gen-2", "yield", child.name, "2")],
    ]
    assert printed(traced) == {first.name: ["7\n", "parent 2\n"], child.name: ["child 2\n"]}
    copy = traced.tracks("gen")[1]
    main = traced.timeline.tracks[child.track]
    assert (copy.copy_of, copy.process, main.process) == (traced.tracks("gen")[0].id, 1, 1)
    assert (child.parent, main.creator, main.place and main.place.line) == (first.pid, 0, 10)
    assert main.outcome == words.RETURNED
    assert copy.state is State.DONE, "its process has ended"
    assert not traced.timeline.notes


def test_who_waits_for_a_fork_is_woken_by_its_end_which_says_its_exit_code(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, sys, threading, time

        def ends(pid, flag=0):
            return os.waitstatus_to_exitcode(os.waitpid(pid, flag)[1])

        def let_end():
            # Once the parent has stood in that call for a while.
            main, seen = threading.main_thread().ident, 0
            while seen < 10:
                time.sleep(0.005)
                frame = sys._current_frames()[main]
                seen = seen + 1 if frame.f_code is ends.__code__ else 0
            os.write(go, b"x")

        # What threads wait for is recorded once there are any.
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(ready, 1)
            os._exit(3)
        threading.Thread(target=let_end).start()
        print(ends(pid))
        """
    )
    assert traced.ended.stdout == b"3\n"
    process = traced.timeline.processes[1]
    assert (process.exit_code, process.end) == (3, "exit code 3")
    if sys.version_info >= (3, 12):
        wakes = [one for one in traced.timeline.wakeups if one.track == 0]
        assert (wakes[-1].waker, wakes[-1].cause) == (process.track, words.FINISHED)


#: Children that end in one way each, and with which code.
_ENDS = """
def end(how):
    if how == "exit":
        sys.exit(3)
    if how == "message":
        sys.exit("")
    if how == "raise":
        sys.stderr = open(os.devnull, "w")
        raise ValueError
    if how == "at once":
        os._exit(4)

def fork(how):
    pid = os.fork()
    if not pid:
        end(how)
        sys.exit()
    return pid
"""
_CODES = {"exit": 3, "message": 1, "raise": 1, "at once": 4, "returns": 0}


def test_the_exit_code_of_a_child_that_nobody_has_waited_for(trace_source: TraceSource, tmp_path: Path) -> None:
    traced = trace_source(
        f"""
import os, sys, time
{_ENDS}
ways = {[*_CODES]}
pids = [fork(how) for how in ways]
while open(sys.argv[1]).read().count('["ended"') < len(ways):
    time.sleep(0.01)
for pid in pids:
    os.waitpid(pid, 0)
""",
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.code == 0
    assert sorted(process.end for process in traced.timeline.processes[1:]) == sorted(
        f"exit code {code}" for code in _CODES.values()
    )


@pytest.mark.skipif(built() is None, reason="the recorder in C tells that, and is not built, or not wanted")
def test_the_exit_code_of_a_child_whose_end_somebody_waits_for(trace_source: TraceSource) -> None:
    """The program is told first, and nobody after it. What a child has forked itself ends as another process."""
    traced = trace_source(
        f"""
import os, sys
{_ENDS}
for how in {[*_CODES]}:
    print(os.waitstatus_to_exitcode(os.waitpid(fork(how), 0)[1]), flush=True)
if not (pid := os.fork()):
    os.waitpid(fork("exit"), 0)
    sys.exit(6)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    )
    codes = [*_CODES.values(), 6]
    assert (traced.ended.code, traced.ended.stdout.split()) == (0, [b"%d" % code for code in codes])
    *processes, outer, inner = traced.timeline.processes[1:]
    assert [process.end for process in processes] == [f"exit code {code}" for code in _CODES.values()]
    assert (outer.exit_code, inner.exit_code) == (6, 3)


def test_what_a_hook_waits_for_is_not_recorded(trace_source: TraceSource, tmp_path: Path) -> None:
    """Another process has the lock of the trace, to take numbers for its tracks."""
    traced = trace_source(
        """
        import fcntl, os, sys, time

        def steps():
            yield 1

        locked = os.pipe()
        child = os.fork()
        if not child:
            with open(sys.argv[1], "r+b") as trace:
                fcntl.lockf(trace, fcntl.LOCK_EX)
                os.write(locked[1], b".")
                time.sleep(0.3)
            os._exit(0)
        os.read(locked[0], 1)
        for _ in range(500):
            list(steps())
        os.waitpid(child, 0)
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    assert len([*timeline.tracks.of_kind(words.THREAD)]) == 2
    assert {one.place.file for one in timeline.suspensions if one.place} <= {str(tmp_path / "script.py")}


@pytest.mark.skipif(not SEES_WAITS, reason="what a thread waits for is recorded from 3.12 on, or in C")
@pytest.mark.parametrize(
    "call",
    [
        "waitpid(pid, 0)", "waitpid(-1, 0)", "waitpid(0, options)", "wait()", "wait3(0)", "wait4(pid, 0)",
        "waitid(os.P_PID, pid, os.WEXITED)", "waitid(os.P_ALL, 0, os.WEXITED)",
    ],
)
def test_who_waits_for_a_child_is_woken_by_its_end(call: str, trace_source: TraceSource, tmp_path: Path) -> None:
    """Also if it waits for any, and others live on."""
    traced = trace_source(
        f"""
        import os, sys, time

        go, end = os.pipe(), os.pipe()
        other, options = os.fork(), 0
        if not other:
            while b'"subprocess"' not in open(sys.argv[1], "rb").read():
                time.sleep(0.01)
            os.write(go[1], b".")
            os.read(end[0], 1)
            os._exit(0)
        pid = os.fork()
        if not pid:
            os.read(go[0], 1)
            os._exit(3)
        os.waitpid(pid, os.WNOHANG)
        os.{call}
        os.write(end[1], b".")
        os.waitpid(other, 0)
        try:
            os.wait()
        except ChildProcessError:
            pass
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    timeline = traced.timeline
    other, child = timeline.processes[1:]
    waits = [one for one in timeline.suspensions if one.track == 0]
    assert (waits[0].reason, waits[0].on) == (words.SUBPROCESS, f"os.{call}")
    assert waits[0].object in ((f"process {child.pid}",) if "pid, " in call else ("",))
    # For the other one it may not have had to wait.
    wakes = [(wake.waker, wake.cause) for wake in timeline.wakeups if wake.track == 0]
    assert wakes[: len(waits)] == [(child.track, words.FINISHED), (other.track, words.FINISHED)][: len(waits)]
    assert {one.on for one in waits[1:]} <= {"os.waitpid(other, 0)"}


@pytest.mark.skipif(not SEES_WAITS, reason="what a thread waits for is recorded from 3.12 on, or in C")
def test_who_waits_for_a_child_that_is_stopped_is_not_woken_by_its_end(
    trace_source: TraceSource, tmp_path: Path
) -> None:
    traced = trace_source(
        """
        import os, signal, sys, time

        pid = os.fork()
        if not pid:
            while b'"subprocess"' not in open(sys.argv[1], "rb").read():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(0)
        untraced = os.WUNTRACED
        print(os.WIFSTOPPED(os.waitpid(pid, untraced)[1]))
        os.kill(pid, signal.SIGCONT)
        os.waitpid(pid, 0)
        """,
        str(tmp_path / "script.trace"),
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"True\n", b"")
    wakes = [(wake.waker, wake.cause) for wake in traced.timeline.wakeups if wake.track == 0]
    assert wakes[0] == (words.NOBODY, words.SUBPROCESS)


def test_a_program_that_never_forks_leaves_no_numbers_out(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        def gen():
            yield 1
        print(next(gen()))
        """
    )
    assert [event.track for event in traced.events if isinstance(event, ev.Spawn)] == [0, 1]
    assert [event.id for event in traced.events if isinstance(event, ev.Text)] == list(
        range(sum(isinstance(event, ev.Text) for event in traced.events))
    )


def test_forks_inside_of_generators(trace_source: TraceSource) -> None:
    """What runs at the fork runs in the child, and goes on from there."""
    traced = trace_source(
        STRICT
        + """
def inner():
    yield os.fork()

def outer():
    got = yield from inner()
    yield "after"

for value in outer():
    if value == "after":
        print("after")
    elif value:
        os.waitpid(value, 0)
    else:
        print("child", flush=True)
os._exit(0)
"""
    )
    assert traced.ended.stderr == b""
    is_sound(traced)
    child = traced.timeline.processes[1]
    assert [(origin, cause, to) for origin, cause, to, _ in by_process(traced)[1]] == [
        ("inner-2", "yield", "outer-2"), ("outer-2", "yield", child.name),
        (child.name, "next", "outer-2"), ("outer-2", "next", "inner-2"),
        ("inner-2", "return", "outer-2"), ("outer-2", "yield", child.name),
        (child.name, "next", "outer-2"), ("outer-2", "return", child.name),
    ]
    assert traced.states(child.name)[:2] == ["RUNNING", "WAITING"]
    assert traced.states("outer-2")[:2] == ["WAITING", "RUNNING"], "it waits for inner-2"


def in_child(traced: Traced, number: int = 1) -> list[tuple[str, str, str]]:
    """(from, cause, to) of each switch of that process, by the names that they have in the program."""
    name = traced.timeline.own_name
    of_child = [
        (switch.origin, switch.cause, switch.target) for switch in traced.switches
        if traced.timeline.tracks[switch.origin].process == number and switch.cause != words.UNPARK
    ]
    main = traced.timeline.processes[number].track
    called = {track: "main" if track == main else name(track) for track in traced.timeline.tracks}
    return [(called[origin], cause, called[target]) for origin, cause, target in of_child]


#: Greenlet `a` runs what is `inside` and is suspended there, in the middle of it all.
_INSIDE = """
import asyncio, os, types
from greenlet import getcurrent, greenlet

main = getcurrent()

def inner():
    print(main.switch(), flush=True)
    yield 1

def outer():
    yield from inner()

async def agen():
    for value in inner():
        yield value

async def coroutine():
    async for value in agen():
        return value

def drive(coroutine):
    try:
        coroutine.send(None)
    except StopIteration:
        pass

def go_on():
    a.switch("went on")
    os._exit(0)
"""


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        ("next(inner())", ["inner"]),
        ("list(outer())", ["outer", "inner"]),
        ("drive(coroutine())", ["coroutine", "agen", "inner"]),
    ],
)
def test_a_greenlet_goes_on_in_the_generators_that_it_was_in_the_middle_of(
    body: str, inside: list[str], trace_source: TraceSource
) -> None:
    traced = trace_source(
        _INSIDE
        + f"""
a = greenlet(lambda: {body})
a.switch()
if os.fork() == 0:
    go_on()
os.wait()
go_on()
"""
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"went on\nwent on\n", b"")
    is_sound(traced)
    timeline = traced.timeline
    (child,) = timeline.processes[1:]
    assert in_child(traced)[0] == ("main", "switch", "inner")
    # It does what its parent does from there on.
    assert in_child(traced) == in_child(traced, 0)[-len(in_child(traced)):]
    copies = {track.base_name: track for track in timeline.tracks.values() if track.process == 1}
    assert {*copies} == {child.name, "<lambda>", *inside}
    chain = [copies["<lambda>"], *(copies[name] for name in inside), timeline.tracks[child.track]]
    for track, on in pairwise(chain):
        assert State(track.slices.state[0]) is State.WAITING
        assert timeline.suspensions[track.slices.about[0]].on_track == on.id
    (output,) = (one for one in timeline.outputs if timeline.tracks[one.track].process == 1)
    assert output.track == copies["inner"].id


@pytest.mark.parametrize("runtime", ["gevent", "eventlet"])
def test_a_hub_wakes_in_a_child_who_slept_in_a_generator(runtime: str, trace_source: TraceSource) -> None:
    # Not by importing it: eventlet's warning of forks would come in all that this process forks afterwards.
    if importlib.util.find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    traced = trace_source(
        f"""
        import os, warnings
        warnings.simplefilter("ignore")
        import {runtime} as runtime

        def inner():
            runtime.sleep(0.02)
            print("went on", flush=True)
            yield 1

        def outer():
            yield from inner()

        def worker():
            list(outer())

        runtime.spawn(worker)
        runtime.sleep(0)
        if os.fork() == 0:
            runtime.sleep(0.04)
            os._exit(0)
        os.wait()
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"went on\n", b"")
    is_sound(traced)
    timeline = traced.timeline
    (inner,) = (track for track in traced.tracks("inner") if track.process == 1)
    (output,) = (one for one in timeline.outputs if one.text == "went on\n")
    assert output.track == inner.id
    slept = timeline.suspensions[inner.slices.about[0]]
    assert (State(inner.slices.state[0]), slept.reason, slept.on) == (State.WAITING, words.SLEEP, "0.02 s")
    wakes = [timeline.tracks[wake.waker].kind for wake in timeline.wakeups if wake.track == inner.id]
    assert wakes == [words.HUB]
    after = in_child(traced)
    first = after.index(("hub", "switch", "inner"))
    assert after[first + 1 : first + 3] == [("inner", "yield", "outer"), ("outer", "yield", "worker")]


def test_a_child_whose_greenlet_never_goes_on_has_nothing_of_what_that_was_in_the_middle_of(
    trace_source: TraceSource,
) -> None:
    """Nor has it a generator that is suspended by its yield."""
    traced = trace_source(
        _INSIDE
        + """
def plain():
    yield 1

kept = plain()
next(kept)
a = greenlet(lambda: next(inner()))
a.switch()
if os.fork() == 0:
    list(plain())
    os._exit(0)
os.wait()
"""
    )
    names = [track.base_name for track in traced.timeline.tracks.values() if track.process == 1]
    assert (traced.ended.code, names) == (0, [traced.timeline.processes[1].name, "plain"])


def test_the_main_greenlet_goes_on_in_the_generators_that_it_was_in_the_middle_of(trace_source: TraceSource) -> None:
    traced = trace_source(
        _INSIDE
        + """
def forks():
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    main.switch("child" if pid == 0 else "parent")

a = greenlet(forks)

def switches():
    print(a.switch(), flush=True)
    yield 1

def above():
    yield from switches()

next(above())
"""
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"child\nparent\n", b"")
    is_sound(traced)
    steps = [("forks", "switch", "switches"), ("switches", "yield", "above"), ("above", "yield", "main")]
    assert in_child(traced)[:3] == steps == in_child(traced, 0)[-len(in_child(traced)):][:3]
    timeline = traced.timeline
    copies = {track.base_name: track for track in timeline.tracks.values() if track.process == 1}
    main = timeline.tracks[timeline.processes[1].track]
    chain = [main, copies["above"], copies["switches"], copies["forks"]]
    states = [[State(state).name for state in track.slices.state][:3] for track in chain]
    assert states[0] == ["RUNNING", "WAITING", "RUNNING"]
    assert [state[0] for state in states[1:]] == ["WAITING", "WAITING", "RUNNING"]
    for track, on in pairwise(chain):
        waits = next(one for one in timeline.suspensions if one.track == track.id)
        assert (waits.on_track, bool(waits.place)) == (on.id, True)


def test_a_child_that_forks_goes_on_where_the_first_process_stood(trace_source: TraceSource) -> None:
    """The child has done nothing with the greenlet, so there its state is that which it inherited itself."""
    traced = trace_source(
        _INSIDE
        + """
a = greenlet(lambda: list(outer()))
b = greenlet(lambda: list(outer()))
a.switch()
b.switch()
if os.fork() == 0:
    b.switch("child")
    if os.fork() == 0:
        a.switch("grandchild")
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
a.switch("parent")
"""
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"child\ngrandchild\nparent\n", b"")
    is_sound(traced)
    goes_on = [("main", "switch", "inner"), ("inner", "yield", "outer"), ("outer", "yield", "<lambda>")]
    assert [in_child(traced, number)[:3] for number in (1, 2)] == [goes_on] * 2
    grandchild = traced.timeline.processes[2]
    copies = [track for track in traced.timeline.tracks.values() if track.process == 2 and track.id != grandchild.track]
    assert sorted(track.base_name for track in copies) == ["<lambda>", "inner", "outer"]
    assert {State(track.slices.state[0]) for track in copies} == {State.WAITING}
    assert {track.parent for track in copies if track.kind == words.GREENLET} == {grandchild.track}


def test_a_child_of_a_child_that_has_not_gone_on_with_a_greenlet_has_it_from_who_did(trace_source: TraceSource) -> None:
    traced = trace_source(
        _INSIDE
        + """
def stops_twice():
    next(inner())
    next(inner())

a = greenlet(stops_twice)
if os.fork() == 0:
    a.switch()
    if os.fork() == 0:
        if os.fork() == 0:
            a.switch("last")
            os._exit(0)
        os.wait()
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
"""
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"last\n", b"")
    is_sound(traced)
    assert in_child(traced, 3)[:2] == [("main", "switch", "inner"), ("inner", "yield", "stops_twice")]
    first, last = ([track for track in traced.tracks("stops_twice") if track.process == number] for number in (1, 3))
    assert [track.copy_of for track in last] == [track.id for track in first]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="asyncio: no task goes on in a child")
def test_a_loop_goes_on_in_a_child(trace_source: TraceSource) -> None:
    """A generator runs the loop, whose task resumes one that switches to the greenlet that forks."""
    traced = trace_source(
        _INSIDE
        + """
def forks():
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    main.switch("child" if pid == 0 else "parent")

a = greenlet(forks)

def switches():
    print(a.switch(), flush=True)
    yield 1
    yield 2

async def work():
    list(switches())

def runs_loop():
    yield asyncio.run(work())

next(runs_loop())
print("over", flush=True)
"""
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"child\nover\nparent\nover\n", b"")
    is_sound(traced)
    steps = in_child(traced)
    assert steps == in_child(traced, 0)[-len(steps):]
    assert steps[0] == ("forks", "switch", "switches")
    assert steps[-3] == ("runs_loop", "yield", "main"), "then that is dropped"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="asyncio: no task goes on in a child")
def test_a_task_forks_in_a_loop_that_a_generator_runs(trace_source: TraceSource) -> None:
    """What runs the loop stands below that, in the child, too."""
    traced = trace_source(
        """
        import asyncio, os

        def forks():
            yield os.fork()

        async def work():
            for pid in forks():
                if pid:
                    os.waitpid(pid, 0)

        def runs_loop():
            yield asyncio.run(work())

        next(runs_loop())
        print("over", flush=True)
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"over\nover\n", b"")
    is_sound(traced)
    steps = in_child(traced)
    assert steps == in_child(traced, 0)[-len(steps):]
    assert steps[0][:2] == ("forks", "yield")
    assert steps[-3] == ("runs_loop", "yield", "main"), "then that is dropped"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="asyncio: no task goes on in a child")
def test_a_loop_of_its_own_runs_in_a_child_that_a_task_forked(trace_source: TraceSource) -> None:
    """It runs in the place of the task, which goes on behind that."""
    traced = trace_source(
        """
        import asyncio, os

        async def inner():
            await asyncio.sleep(0)

        async def work():
            pid = os.fork()
            if pid:
                os.waitpid(pid, 0)
            else:
                asyncio.run(inner())

        asyncio.run(work())
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    is_sound(traced)
    timeline = traced.timeline
    (work,) = (track for track in timeline.tracks.values() if track.base_name == "work" and track.process == 1)
    (inner,) = traced.tracks("inner")
    of_work = [switch for switch in traced.switches if work.id in (switch.origin, switch.target)]
    first = of_work[0]
    assert (first.origin, timeline.tracks[first.target].kind) == (work.id, words.LOOP)
    assert timeline.tracks[timeline.switch(inner.steps[0]).origin].id == first.target
    # Then it ends, and the loop that it is a task of.
    assert work.outcome == words.RETURNED
    assert timeline.switch(timeline.switch_count - 1).target in (0, timeline.processes[1].track)


@pytest.mark.skipif(not SEES_WAITS, reason="what a thread waits for is recorded from 3.12 on, or in C")
@pytest.mark.parametrize("first", ["", "import greenlet; greenlet.greenlet(int).switch()"])
def test_a_child_waits_for_a_lock(first: str, trace_source: TraceSource) -> None:
    """Also where the greenlets of the thread were known before the fork."""
    traced = trace_source(
        f"""
        import os, sys, threading, time
        {first}

        def gives():
            # Once the main thread has stood in that call for a while.
            main, seen = threading.main_thread().ident, 0
            while seen < 10:
                time.sleep(0.005)
                seen = seen + 1 if sys._current_frames()[main].f_code is waits.__code__ else 0
            lock.release()

        def waits():
            lock.acquire()

        lock = threading.Lock()
        lock.acquire()
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        if os.fork() == 0:
            thread = threading.Thread(target=gives)
            thread.start()
            waits()
            os._exit(0)
        os.wait()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    main = traced.timeline.processes[1].track
    reasons = [wait.reason for wait in traced.timeline.suspensions if wait.track == main]
    assert words.LOCK in reasons
    (wake,) = (wake for wake in traced.timeline.wakeups if wake.track == main)
    assert traced.timeline.own_name(wake.waker).partition(" ")[0].startswith("Thread-")


def test_a_generator_that_is_being_closed_at_a_fork_gives_way_to_who_closes_it(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os

        def gen():
            try:
                yield 1
            finally:
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)

        one = gen()
        next(one)
        one.close()
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    is_sound(traced)
    assert in_child(traced) == in_child(traced, 0)[-1:] == [("gen", "close", "main")]


def test_forks_with_nothing_in_between(trace_source: TraceSource) -> None:
    traced = trace_source(
        STRICT
        + """
children = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        os._exit(number)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
print(codes)
"""
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"[0, 1, 2]\n", b"")
    ends = [traced.timeline.tracks[process.track].value for process in traced.timeline.processes[1:]]
    assert sorted(map(str, ends)) == ["exit code 0", "exit code 1", "exit code 2"]
    is_sound(traced)


def test_many_short_children_and_children_of_children(trace_source: TraceSource) -> None:
    traced = trace_source(
        STRICT
        + """
def gen(word):
    for number in range(3):
        yield f"{word} {number}"

kept = gen("kept")
next(kept)
for number in range(12):
    if os.fork() == 0:
        if os.fork() == 0:
            list(gen("grandchild")), list(kept)
            os._exit(0)
        os.wait()
        list(gen("child")), list(kept)
        os._exit(0)
    os.wait()
list(gen("parent")), list(kept)
"""
    )
    assert traced.ended.stderr == b""
    timeline = traced.timeline
    assert len(timeline.processes) == 25
    assert Counter(process.parent == timeline.header.pid for process in timeline.processes[1:]) == {True: 12, False: 12}  # type: ignore[union-attr]
    is_sound(traced)
    for number, hand_overs in enumerate(by_process(traced)):
        values = [value for _, cause, _, value in hand_overs if cause == "yield"]
        word = "parent" if not number else "child" if timeline.processes[number].parent == timeline.processes[0].pid else "grandchild"  # noqa: E501
        own = [repr(f"{word} {number}") for number in range(3)]
        assert values == ["'kept 0'"] * (not number) + own + ["'kept 1'", "'kept 2'"]
    # Numbers stay dense: whoever reads has tables of them.
    assert max(timeline.tracks) < 25 * 20


def test_threads_of_parent_and_child(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, threading, time

        def gen(count):
            for number in range(count):
                yield number

        def work(count):
            for _ in gen(count):
                time.sleep(0.001)

        stays = threading.Thread(target=work, args=(50,))
        stays.start()
        if os.fork() == 0:
            other = threading.Thread(target=work, args=(7,))
            other.start()
            other.join()
            os._exit(0)
        os.wait()
        stays.join()
        """
    )
    is_sound(traced)
    parent, child = by_process(traced)
    assert [len(parent), len(child)] == [2 * 50 + 2, 2 * 7 + 2]
    assert [track.process for track in traced.timeline.tracks.values() if track.kind == words.THREAD] == [0, 0, 1, 1]


def test_a_thread_that_forks(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, threading

        def gen():
            yield 1

        def work():
            list(gen())
            if os.fork() == 0:
                list(gen())
                return
            os.wait()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        """
    )
    is_sound(traced)
    child = traced.timeline.processes[1]
    assert [origin for origin, *_ in by_process(traced)[1]] == [child.name, "gen-2", child.name, "gen-2"]
    assert traced.timeline.tracks[child.track].outcome == words.RETURNED


@pytest.mark.parametrize("how", ["Process", "Pool", "executor"])
def test_multiprocessing(trace_source: TraceSource, how: str) -> None:
    """With the fork method; names are multiprocessing's own."""
    traced = trace_source(
        """
        import sys
        from multiprocessing import get_context
        from concurrent.futures import ProcessPoolExecutor

        def gen(count):
            for number in range(count):
                yield number

        def work(count):
            return sum(gen(count))

        def report(count):
            print(work(count), flush=True)

        if __name__ == "__main__":
            fork = get_context("fork")
            if sys.argv[1] == "Process":
                for count in (2, 3):
                    child = fork.Process(target=report, args=(count,))
                    child.start()
                    child.join()
                    print(child.exitcode)
            elif sys.argv[1] == "Pool":
                with fork.Pool(2) as pool:
                    print(pool.map(work, range(6)))
                    pool.close()
                    pool.join()
            else:
                with ProcessPoolExecutor(2, mp_context=fork) as pool:
                    print(list(pool.map(work, range(6))))
        """,
        how,
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    is_sound(traced)
    timeline = traced.timeline
    assert len(timeline.processes) == 3
    names = [timeline.name(process.track).partition("-")[0] for process in timeline.processes[1:]]
    assert names == ["ForkPoolWorker" if how == "Pool" else "ForkProcess"] * 2
    assert all(name.endswith(f"({process.pid})") for process in timeline.processes[1:]
               for name in [timeline.name(process.track)])
    yields = sum(cause == "yield" for _, cause, _, _ in traced.hand_overs)
    assert yields == (2 + 3 if how == "Process" else sum(range(6)))
    assert [timeline.tracks[process.track].value for process in timeline.processes[1:]] == ["exit code 0"] * 2


def test_what_the_end_of_a_child_does_is_as_without_us(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import atexit, os, sys, time

        def gen():
            try:
                yield 1
            finally:
                print("closed", flush=True)

        atexit.register(print, "atexit of", "both", flush=True)
        kept = gen()
        next(kept)
        ends = [lambda: sys.exit(3), lambda: os._exit(4), lambda: 1 / 0, lambda: os.abort(), lambda: sys.exit("no")]
        for end in ends:
            if os.fork() == 0:
                sys.stderr = open(os.devnull, "w")
                time.sleep(0.15)
                end()
            print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
        """
    )
    went_as_bare(traced)
    is_sound(traced)
    mains = [traced.timeline.tracks[process.track] for process in traced.timeline.processes[1:]]
    assert [main.outcome for main in mains] == ["returned", "returned", "raised", "killed", "returned"]
    values = [None, "exit code 4", "ZeroDivisionError('division by zero')", "signal 6", None]
    # Who looks after the program has waited for it does not see how it ended.
    values[3] = mains[3].value and "signal 6"
    assert [main.value for main in mains] == values


def test_a_child_that_is_killed_leaves_all_but_its_last_moment(trace_source: TraceSource, tmp_path: Path) -> None:
    traced = trace_source(
        """
        import os, signal, sys, time

        def gen():
            yield "before the end"
            time.sleep(60)
            yield "never"

        pid = os.fork()
        if pid == 0:
            list(gen())
        # The trace has this source, too.
        while b"'before " + b"the end'" not in open(sys.argv[1], "rb").read():
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.stdout == b"-9\n"
    child = traced.timeline.processes[1]
    assert ("gen", "yield", child.name, "'before the end'") in by_process(traced)[1]
    main = traced.timeline.tracks[child.track]
    assert main.outcome == words.KILLED
    if main.value is None:
        assert main.inferred == "its process was gone, and how it ended was not seen"
    else:
        assert main.value == "signal 9"
        assert main.inferred in (None, "it had ended by then; when is not known")
    assert traced.states("gen")[-1] == "DONE", "its process has ended"
    assert 0 <= main.exit_ns <= traced.timeline.last_ns


def test_a_child_that_is_killed_and_not_waited_for(trace_source: TraceSource, tmp_path: Path) -> None:
    """It stays a zombie, and its parent sees by which signal it died, though the program never asks."""
    traced = trace_source(
        """
        import os, signal, sys, time

        def until_told(what):
            while what not in open(sys.argv[1], "rb").read():
                yield
                time.sleep(0.01)

        pid = os.fork()
        if pid == 0:
            time.sleep(60)
        list(until_told(b'["process"'))
        os.kill(pid, signal.SIGTERM)
        # The trace has this source, too.
        list(until_told(b"signal %d" % 15))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
        str(tmp_path / "script.trace"),
    )
    assert traced.ended.stdout == b"-15\n", "it is still there to be waited for"
    main = traced.timeline.tracks[traced.timeline.processes[1].track]
    assert (main.outcome, main.value) == (words.KILLED, "signal 15")


def test_two_threads_that_look_at_once_tell_an_end_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one of them asks how the child ended, the other one does, too."""
    watched, reported = Children(), []
    watched.begin(watched.expect(), 7)
    monkeypatch.setattr(children, "_LOOKS", 1)

    def gone(*_: int) -> None:
        monkeypatch.setattr(children, "_waitid", not_there)
        reported.extend(watched.ended())
        raise ChildProcessError

    def not_there(*_: int) -> None:
        raise ChildProcessError

    monkeypatch.setattr(children, "_waitid", gone)
    reported += watched.ended()
    assert [track for track, *_ in reported] == [7]
    assert watched.ended() == []


def test_a_child_that_closes_every_descriptor(trace_source: TraceSource) -> None:
    """As daemons do; the parent ends first."""
    traced = trace_source(
        """
        import os, time

        def gen():
            yield "closed"
            yield "and on"

        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.dup2(write, 3)
            os.closerange(4, 4096)
            list(gen())
            os.write(3, b"x")
            os._exit(0)
        os.wait()
        os.close(write)
        print(os.read(read, 1))
        time.sleep(0.1)
        """
    )
    assert traced.ended.stdout == b"b'x'\n"
    assert [value for _, cause, _, value in by_process(traced)[2] if cause == "yield"] == ["'closed'", "'and on'"]


def test_modules_of_the_programs_own_are_not_taken_for_pythons(trace_source: TraceSource, tmp_path: Path) -> None:
    (tmp_path / "mmap.py").write_text("what = 'my own'\n")
    traced = trace_source(
        """
        import os, sys

        print("mmap" in sys.modules)
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        import mmap
        print(mmap.what)
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"False\nmy own\n", b"")
    assert len(traced.timeline.processes) == 2


def test_gevent_forks(trace_source: TraceSource) -> None:
    """The hub, and who sleeps, live on in the child, as copies."""
    traced = trace_source(
        """
        import os
        import gevent
        import gevent.os

        def worker(name):
            gevent.sleep(0.05)
            print(name, "in", who, flush=True)

        who = "parent"
        workers = [gevent.spawn(worker, name) for name in ("anna", "ben")]
        gevent.sleep(0)
        pid = gevent.os.fork()
        if pid == 0:
            who = "child"
            gevent.joinall([*workers, gevent.spawn(worker, "carl")])
            os._exit(5)
        gevent.joinall(workers)
        print(os.waitstatus_to_exitcode(gevent.os.waitpid(pid, 0)[1]))
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    is_sound(traced)
    timeline = traced.timeline
    first, child = timeline.processes
    assert {name: sorted(texts) for name, texts in printed(traced).items()} == {
        first.name: ["5\n", "anna in parent\n", "ben in parent\n"],
        child.name: ["anna in child\n", "ben in child\n", "carl in child\n"],
    }
    ran = [[track.base_name for track in timeline.tracks.values() if track.process == number and track.steps]
           for number in (0, 1)]
    assert Counter(ran[1]) == {"hub": 1, "worker": 3, child.name: 1}
    hub = next(track for track in timeline.tracks.values() if track.process == 1 and track.kind == words.HUB)
    assert hub.parent == child.track
    woken = {(w.waker, w.cause) for w in timeline.wakeups if timeline.tracks[w.track].process == 1
             and timeline.tracks[w.track].base_name == "worker" and w.cause != words.SPAWN}
    assert woken == {(hub.id, words.TIMER)}
    copies = [track for track in timeline.tracks.values() if track.base_name == "worker" and track.copy_of >= 0]
    assert [State(track.slices.state[0]) for track in copies] == [State.WAITING] * 2
    assert {timeline.suspensions[track.slices.about[0]].on for track in copies} == {"0.05 s"}


def test_a_server_of_forked_workers(trace_source: TraceSource) -> None:
    """Each worker has a hub of its own, and serves what it accepts."""
    traced = trace_source(
        """
        from gevent import monkey; monkey.patch_all()
        import os, signal, sys
        import gevent
        from gevent import socket
        from gevent.server import StreamServer

        def handle(connection, _):
            connection.sendall(connection.recv(100))
            gevent.sleep(0.01)
            connection.close()

        def ask(number):
            connection = socket.create_connection(address)
            connection.sendall(b"%d" % number)
            return connection.recv(100)

        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        address = listener.getsockname()
        pids, ready, said = [], os.pipe(), b""
        for _ in range(2):
            pids.append(os.fork())
            if pids[-1] == 0:
                server = StreamServer(listener, handle)
                gevent.signal_handler(signal.SIGTERM, server.stop)
                os.write(ready[1], b"x")
                server.serve_forever()
                sys.exit(0)
        while len(said) < 2:
            said += os.read(ready[0], 2)
        clients = [gevent.spawn(ask, number) for number in range(12)]
        gevent.joinall(clients)
        print(sorted(int(client.value) for client in clients))
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        print([os.waitpid(pid, 0)[1] for pid in pids])
        """
    )
    assert traced.ended.stdout == f"{list(range(12))}\n[0, 0]\n".encode()
    assert traced.ended.stderr == b""
    is_sound(traced)
    tracks = traced.timeline.tracks.values()
    assert [track.process for track in tracks if track.kind == words.HUB and track.steps].count(0) == 1
    assert {track.process for track in tracks if track.kind == words.HUB} == {0, 1, 2}
    assert Counter(track.process == 0 for track in tracks if track.base_name == "handle") == {False: 12}
    assert {track.process for track in tracks if track.base_name == "ask"} == {0}


def test_a_greenlet_forks(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os
        import gevent

        def forks():
            pid = os.fork()
            if pid == 0:
                gevent.sleep(0)
                print("child", flush=True)
                os._exit(0)
            os.waitpid(pid, 0)

        gevent.spawn(forks).join()
        """
    )
    assert traced.ended.stderr == b""
    is_sound(traced)
    child = traced.timeline.processes[1]
    assert [(o, t) for o, _, t, _ in by_process(traced)[1]] == [("forks-2", "hub-2"), ("hub-2", "forks-2")]
    assert traced.states("forks-2")[0] == "RUNNING"
    assert traced.states(child.name)[:2] == ["RUNNING", "WAITING"]


def test_a_grandchild_goes_on_in_a_generator_that_its_parent_asked_in_vain(trace_source: TraceSource) -> None:
    """The parent has met the generator, and not the greenlet that is in the middle of it."""
    traced = trace_source(
        """
        import os
        from greenlet import getcurrent, greenlet

        def numbers():
            main.switch()
            main.switch()
            yield

        main, asked = getcurrent(), numbers()
        inside = greenlet(lambda: next(asked))
        inside.switch()
        if os.fork() == 0:
            try:
                next(asked)
            except ValueError:
                pass
            if os.fork() == 0:
                inside.switch()
                os._exit(0)
            os.wait()
            os._exit(0)
        os.wait()
        """
    )
    is_sound(traced)
    timeline = traced.timeline
    (numbers,) = (
        track
        for track in timeline.tracks.values()
        if (track.process, track.base_name) == (timeline.processes[2].number, "numbers")
    )
    assert [State(state).name for state in numbers.slices.state] == ["WAITING", "RUNNING", "WAITING", "DONE"]


def test_a_child_that_is_replaced_leaves_nothing(trace_source: TraceSource) -> None:
    """Unless it lives for long, on a busy machine: here our thread gets no turn before."""
    traced = trace_source(
        """
        import os, subprocess, sys

        sys.setswitchinterval(1000)
        print(subprocess.run(["echo", "one"], capture_output=True, preexec_fn=os.getpid).stdout, flush=True)
        pid = os.fork()
        if pid == 0:
            os.execvp("echo", ["echo", "two"])
        os.waitpid(pid, 0)
        """
    )
    assert traced.ended.stdout == b"b'one\\n'\ntwo\n"
    assert len(traced.timeline.processes) == 1


def test_a_signal_that_forks_while_others_write(trace_source: TraceSource) -> None:
    """Children begin at any moment of whatever the parent does; each has the whole of its own."""
    traced = trace_source(
        """
        import os, signal

        def gen():
            for number in range(200_000):
                if done:
                    return
                yield number % 7

        def fork(*_):
            if os.fork() == 0:
                list(zip("abc", gen()))
                os._exit(0)
            os.wait()
            done.extend([1] * (len(forks) == 5))
            forks.append(1)
            signal.setitimer(signal.ITIMER_REAL, 0 if done else 0.003)

        done, forks = [], []
        signal.signal(signal.SIGALRM, fork)
        signal.setitimer(signal.ITIMER_REAL, 0.003)
        while not done:
            for _ in gen():
                for _ in range(3000):
                    pass
        print(len(forks))
        """
    )
    assert (traced.ended.stdout, traced.ended.stderr) == (b"6\n", b"")
    assert len(traced.timeline.processes) == 7
    is_sound(traced)
    for hand_overs in by_process(traced)[1:]:
        # Nothing is told of a handler that runs in the middle of a hook.
        assert [value for _, cause, _, value in hand_overs if cause == "yield"][-3:] in (["0", "1", "2"], [])
    assert any(by_process(traced)[1:])


def test_the_file_tells_which_process_goes_on(trace_source: TraceSource, tmp_path: Path) -> None:
    """From the first fork on each write begins by saying so: what one reads without our reader, too."""
    traced = trace_source(
        """
        import os, time

        def gen():
            while True:
                yield

        if os.fork() == 0:
            until = time.monotonic() + 0.1
            for number, _ in enumerate(gen()):
                if number > 100 and time.monotonic() > until:
                    os._exit(0)
        until = time.monotonic() + 0.1
        for number, _ in enumerate(gen()):
            if number > 100 and time.monotonic() > until:
                break
        os.wait()
        """
    )
    is_sound(traced)
    assert len(traced.timeline.processes) == 2
    parent, child = by_process(traced)
    assert len(parent) > 100 < len(child)


def test_what_is_printed_as_the_interpreter_ends_is_recorded_after_a_fork(trace_source: TraceSource) -> None:
    """Our thread would begin with the first event after the fork: on 3.12 none can begin any more by then."""
    traced = trace_source(
        """
        import atexit, os

        pid = os.fork()
        if not pid:
            os._exit(0)
        atexit.register(print, "over", flush=True)
        os.waitpid(pid, 0)
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.timeline.notes) == (0, b"over\n", [])
    assert "".join(output.text for output in traced.timeline.outputs) == "over\n"


def test_threads_fork_at_the_same_time(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, sys, threading, warnings
        warnings.simplefilter("ignore")
        sys.setswitchinterval(1e-5)

        def fork():
            for _ in range(10):
                pid = os.fork()
                if pid == 0:
                    os._exit(3)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3

        threads = [threading.Thread(target=fork) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("done")
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"done\n", b"")
    assert not [note for note in traced.timeline.notes if "failed" in note]


def test_a_child_that_is_forked_while_numbers_are_taken_has_others(tmp_path: Path) -> None:
    """By a signal's handler, right before what is taken is written down."""
    ids = Ids(Sink(str(tmp_path / "trace")))

    class Interrupted(InMemory):
        is_forked = False

        def writing(self, kind: int, number: int) -> tuple[Callable[..., object], tuple[object, ...]]:
            write = super().writing(kind, number)
            if not self.is_forked:
                self.is_forked = True
                self.memory[kind] += 16  # by the child
                ids.forked()
            return write

    ids.join(Interrupted())
    assert [ids.track() for _ in range(3)] == [16, 17, 18]


def test_what_comes_from_outside_while_numbers_are_taken_is_kept(tmp_path: Path) -> None:
    """Also in the middle of finding out whether it does; and what is our own error ends nothing for good."""
    ids = Ids(Sink(str(tmp_path / "trace")))
    kept: list[BaseException] = []
    comes: list[BaseException] = [KeyboardInterrupt(1), KeyboardInterrupt(2), KeyboardInterrupt(3), OSError()]

    class Interrupted(InMemory):
        def __getitem__(self, kind: int) -> int:
            if comes:
                raise comes.pop(0)
            return super().__getitem__(kind)

    def is_from_outside(error: BaseException) -> bool:
        if error.args == (1,) and comes and comes[0].args == (2,):
            raise comes.pop(0)
        return isinstance(error, KeyboardInterrupt)

    ids.is_from_outside, ids.on_raised = is_from_outside, kept.extend
    ids.join(Interrupted())
    with pytest.raises(OSError):
        ids.track()
    comes.append(KeyboardInterrupt(4))
    assert [ids.track() for _ in range(17)] == [*range(17)]
    assert [error.args for error in kept] == [(1,), (2,), (3,), (4,)]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which descriptors there are")
@pytest.mark.parametrize("children", ["1", ""])
def test_a_child_has_no_descriptors_of_ours_that_are_the_parents(tmp_path: Path, children: str) -> None:
    """Here a thread's loop runs, and the machine's delays of that thread are asked for in the parent."""
    script = tmp_path / "forks.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, os, threading

            def runs_loop():
                async def waits():
                    begun.set()
                    while not over.is_set():
                        await asyncio.sleep(0.01)
                asyncio.run(waits())

            def opened():
                found = []
                for fd in map(int, os.listdir("/proc/self/fd")):
                    try:
                        found.append((fd, os.readlink(f"/proc/self/fd/{fd}")))
                    except OSError:
                        pass
                return found

            def forks(who):
                before = {fd for fd, _ in opened() if fd < 400}
                pid = os.fork()
                if not pid:
                    theirs = [fd for fd, name in opened() if fd < 400]
                    ours = [name.rpartition("/")[2] for fd, name in opened() if fd >= 400]
                    old = [name for _, name in opened() if f"/proc/{os.getppid()}/" in name]
                    # Its own flushing thread may have begun, which asks of itself, too.
                    asks = sum(name == "schedstat" for name in ours) in ((1, 2) if ours else (0,))
                    files = sorted(name for name in ours if name != "schedstat")
                    print(who, before ^ set(theirs), files, asks, old, flush=True)
                    os._exit(0)
                os.waitpid(pid, 0)

            begun, over = threading.Event(), threading.Event()
            thread = threading.Thread(target=runs_loop)
            thread.start()
            begun.wait()
            forks("main")
            other = threading.Thread(target=forks, args=("other",))
            other.start()
            other.join()
            over.set()
            thread.join()
            """
        )
    )
    traced = trace(tmp_path / "forks.trace", str(script), children=children)
    ours = ["forks.trace", "forks.trace"] if children else []
    assert traced.ended.stdout.decode().splitlines() == [f"main set() {ours} True []", f"other set() {ours} True []"]
