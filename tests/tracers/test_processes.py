"""Programs that are started by exec: recorded into the same file, on the same clock, and as if nobody watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reading import read_all
from tests.tracers.conftest import TraceSource
from tests.tracers.test_forks import is_sound, printed, went_as_bare
from tests.tracers.traced import BY_WAY_OF_C, SEES_WAITS, Traced
from visualizer.analysis.model.states import FINAL
from visualizer.analysis.model.timeline import Timeline, Wakeup
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

#: What a program can see of us.
SEEN = "sorted(name for name in os.environ if name.startswith(('VISUALIZER', 'PYTHONPATH')))"


def test_each_way_to_start_a_program(trace_source: TraceSource) -> None:
    traced = trace_source(
        f"""
        import multiprocessing as mp, os, signal, subprocess, sys

        def gen():
            yield 1

        def child(name):
            print(name, next(gen()), flush=True)
            if name == "spawned":
                os.kill(os.getpid(), signal.SIGKILL)
            sys.exit(5)

        def start(how, name):
            started = mp.get_context(how).Process(target=child, args=(name,))
            started.start()
            started.join()
            print(started.exitcode, flush=True)

        if __name__ == "__main__":
            run = "import os, sys; print(sys.argv[1], {SEEN}, sys.path[0], flush=True); sys.exit(int(sys.argv[2]))"
            print(subprocess.run([sys.executable, "-c", run, "inherits", "3"]).returncode, flush=True)
            print(subprocess.run([sys.executable, "-c", run, "given", "0"], env={{"A": "1"}}).returncode, flush=True)
            print(subprocess.run([sys.executable, "-I", "-c", run, "isolated", "0"]).returncode, flush=True)
            print(os.waitstatus_to_exitcode(os.system(f'{{sys.executable}} -c "{{run}}" by_shell 4')), flush=True)
            start("spawn", "spawned")
            start("forkserver", "served")
            print({SEEN}, flush=True)
        """
    )
    assert traced.ended.code == 0
    went_as_bare(traced)
    is_sound(traced)
    timeline = traced.timeline
    inherits, given, by_shell, spawned, served = found = timeline.processes[1:]
    assert [one.how for one in found] == [
        words.BY_SUBPROCESS, words.BY_SUBPROCESS, "", words.BY_SPAWN, words.BY_FORKSERVER
    ], "neither the isolated one nor those of multiprocessing's own are there"
    assert {one.parent for one in found} == {timeline.processes[0].pid}
    assert [one.end for one in found] == ["exit code 3", "exit code 0", "", "signal 9", "exit code 5"]
    mains = [timeline.tracks[one.track] for one in found]
    assert [(main.creator, main.place and main.place.line) for main in mains] == [
        (0, 21), (0, 22), (-1, None), (0, 15), (0, 15)
    ]
    assert [main.outcome for main in mains] == [
        words.RETURNED, words.RETURNED, words.RETURNED, words.KILLED, words.RETURNED
    ]
    assert mains[3].value == "signal 9", "it was killed, and told nothing of its last moments"
    assert [track.process for track in traced.tracks("gen")] in ([spawned.number, served.number], [served.number])
    assert all(track.state in FINAL for track in traced.timeline.tracks.values())
    assert inherits.command.startswith("python")
    (note,) = timeline.notes
    assert note.startswith("A Python program that was started is not recorded: python -I -c import os, sys; print(")
    assert note.endswith("isolated 0 (-I, -E and -S keep its start from being seen).")
    outputs = printed(traced)
    assert [outputs[one.name][0].split()[0] for one in (inherits, given, by_shell, served)] == [
        "inherits", "given", "by_shell", "served"
    ]


def test_what_a_program_starts_is_recorded_as_it_is_itself(trace_source: TraceSource) -> None:
    """By the recorder in C where that is used; and calls of select that come again are no surprise to either."""
    code = """if True:
        import gc, os, selectors
        print([one.compiled is not None for one in gc.get_objects() if type(one).__name__ == "Recording"])
        reads, writes = os.pipe()
        selector = selectors.DefaultSelector()
        selector.register(reads, selectors.EVENT_READ)
        for number in range(20):
            os.write(writes, b"x")
            for key, _ in selector.select():
                os.read(key.fd, 1)
        """
    traced = trace_source(
        f"""
        import subprocess, sys
        sys.exit(subprocess.run([sys.executable, "-c", {code!r}]).returncode)
        """
    )
    assert traced.ended.code == 0
    assert traced.ended.stdout.decode() == f"[{read_all(traced.path)[0].recorder == 'C'}]\n"
    is_sound(traced)
    child = traced.timeline.processes[1]
    assert len(traced.timeline.tracks[child.track].steps) == 20


def test_children_are_left_alone_where_nobody_wants_them(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, subprocess, sys

        def gen():
            yield 1

        pid = os.fork()
        run = ("import os; print(os.environ)", ) if pid == 0 else ("print(1)",)
        code = subprocess.run([sys.executable, "-c", *run], env={}, stdout=subprocess.DEVNULL).returncode
        list(gen())
        if pid == 0:
            os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
        children="",
    )
    went_as_bare(traced)
    assert len(traced.timeline.processes) == len(traced.tracks("gen")) == 1
    assert not traced.timeline.notes


def test_another_program_goes_on_in_a_process(trace_source: TraceSource, tmp_path: Path) -> None:
    """What was there before ends with that."""
    traced = trace_source(
        """
        import os, sys

        def gen():
            yield 1

        suspended = gen()
        next(suspended)
        # The trace has this source, too.
        while b'"resume' + b'"' not in open(sys.argv[1], "rb").read():
            pass
        if len(sys.argv) == 2:
            os.execv(sys.executable, [sys.executable, __file__, sys.argv[1], "again"])
        """,
        str(tmp_path / "script.trace"),
    )
    first, second = traced.timeline.processes
    assert first.pid == second.pid
    assert second.how == words.BY_EXEC
    main, after = traced.timeline.tracks[0], traced.timeline.tracks[second.track]
    assert after.creator == main.id
    assert (main.outcome, main.exit_ns) == (words.RETURNED, after.spawn_ns)
    assert str(main.value).startswith("exec python")
    assert [track.state.name for track in traced.tracks("gen")] == ["DONE", "DONE"]


def test_what_ends_a_child_is_not_taken_for_the_end_of_the_program_nor_its_end_for_its_beginning(
    trace_source: TraceSource,
) -> None:
    traced = trace_source(
        """
        import multiprocessing as mp, os, subprocess, sys

        def child(queue):
            queue.put("x" * 200_000)  # more than its feeder can write at once: at its end it waits for that

        if __name__ == "__main__":
            mp = mp.get_context("fork")
            queue = mp.Queue()
            started = mp.Process(target=child, args=(queue,))
            started.start()
            print(len(queue.get()))
            started.join()
            print(subprocess.run([sys.executable, "-c", "1 / 0"], stderr=subprocess.DEVNULL).returncode, flush=True)
            pid = os.fork()
            if not pid:
                raise KeyError("forked")
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
    )
    assert (traced.ended.code, traced.ended.stdout) == (0, b"200000\n1\n1\n")
    timeline = traced.timeline
    queued, started, forked = (timeline.tracks[one.track] for one in timeline.processes[1:])
    assert timeline.uncaught is None
    assert sorted(found.sentence for found in traced.problems) == sorted((
        f"{timeline.name(started.id)} raised ZeroDivisionError('division by zero') (<string>:1) → the process ended",
        f"{timeline.name(forked.id)} raised KeyError('forked') (script.py:17) → the process ended",
    ))
    # Its stack begins in the parent's call of `start`. Whether it waits for a lock as well depends on how threads take
    # turns.
    places = {(wait.on, wait.place) for wait in timeline.suspensions if wait.track == queued.id}
    assert places <= {("Thread.join()", None), ("", None)}


@pytest.mark.skipif(not BY_WAY_OF_C, reason="it is seen by the recorder in C alone")
def test_a_program_that_is_given_the_environment_is_told_of(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, sys
        for command in ([sys.executable, "-c", "pass"], [sys.executable, "-c", "pass"], ["sh", "-c", "true"]):
            os.waitpid(os.posix_spawn("/bin/sh" if command[0] == "sh" else command[0], command, os.environ), 0)
        """
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    (note,) = traced.timeline.notes
    assert note.startswith("A Python program that was started is not recorded: python -c pass (os.posix_spawn")


def test_a_child_that_nobody_can_wait_for_has_ended(trace_source: TraceSource) -> None:
    """Where SIGCHLD is ignored, waitpid refuses once the child is gone."""
    traced = trace_source(
        """
        import signal, subprocess, sys
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(0.1)"])
        print(child.wait())
        """
    )
    assert (traced.ended.code, traced.ended.stdout, traced.ended.stderr) == (0, b"0\n", b"")
    assert {cause for _, cause, woken in traced.wakes if woken == "main"} <= {words.FINISHED}


#: A program that is not Python's, and ends when so many waits for a child are told of; it prints its process id.
_OTHER = r"""
import os, subprocess, sys, threading

TRACE = __file__.replace(".py", ".trace")

def other(count, reason="subprocess"):
    told = '^\\["wait",[0-9]*,[-0-9]*,"%s"' % reason
    script = f'''until [ "$(grep -c '{told}' "$1")" -ge {count} ]; do sleep 0.01; done'''
    return ["sh", "-c", script, "sh", TRACE]

def python(count):
    return [sys.executable, "-c", f'''
import re, time
while len(re.findall('^\\\\["wait",[0-9]*,[-0-9]*,"subprocess"', open({TRACE!r}).read(), re.M)) < {count}:
    time.sleep(0.01)
''']
"""


def ends_of_children(traced: Traced) -> list[tuple[str, bool, str]]:
    """Of each wait for a child that the end of one has ended: which one, whether that is recorded, and what is said."""
    timeline = traced.timeline
    found = []
    for number, wakeup in enumerate(timeline.wakeups):
        child = timeline.ended_child(wakeup, timeline.ended_by(number))
        if child:
            at = next(at for at in range(timeline.switch_count) if is_of(timeline, at, wakeup))
            found.append((child, wakeup.waker in timeline.tracks, sentence(timeline, at)))
    return found


def is_of(timeline: Timeline, at: int, wakeup: Wakeup) -> bool:
    """Whether the track that was woken so goes on by that switch."""
    switch = timeline.switch(at)
    return switch.target == wakeup.track and switch.t_ns >= wakeup.t_ns


@pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded from 3.12 on, or in C")
@pytest.mark.parametrize("program", ["other", "python"])
def test_who_waits_for_a_child_is_woken_by_its_end_whether_it_is_recorded_or_not(
    trace_source: TraceSource, program: str
) -> None:
    traced = trace_source(
        f"""{_OTHER}
def start(count, **streams):
    child = subprocess.Popen({program}(count), **streams)
    print("process", child.pid, flush=True)
    return child

thread = threading.Thread(target=int)
thread.start()
thread.join()
start(1).wait()
start(2, stdin=subprocess.PIPE).communicate()
pid = start(3).pid
os.waitpid(pid, 0)
start(4)
os.waitpid(-1, 0)
start(5)
os.wait()
"""
    )
    assert traced.ended.code == 0, traced.ended.stderr
    is_recorded = program == "python"
    found = ends_of_children(traced)
    children = traced.ended.stdout.decode().splitlines()
    assert [(child, recorded) for child, recorded, _ in found] == [(child, is_recorded) for child in children]
    names = [process.name for process in traced.timeline.processes[1:]]
    assert names == (children if is_recorded else [])
    said = [f"{child}, which main was waiting for, ended → main runs" for child in children]
    assert [sentence for _, _, sentence in found] == said


@pytest.mark.skipif(not SEES_WAITS, reason="what threads wait for is recorded from 3.12 on, or in C")
def test_who_looks_again_whether_a_child_has_ended_sleeps_meanwhile(trace_source: TraceSource) -> None:
    traced = trace_source(
        f"""{_OTHER}
thread = threading.Thread(target=int)
thread.start()
thread.join()
subprocess.Popen(other(1, "sleep")).wait(60)
"""
    )
    assert traced.ended.code == 0, traced.ended.stderr
    waits = [wait for wait in traced.timeline.suspensions if wait.track == 0 and wait.reason == words.SLEEP]
    assert waits
    assert all(0 <= wait.asked_ns <= 50_000_000 for wait in waits)
    assert not [wait for wait in traced.timeline.suspensions if wait.asked_ns > 50_000_000]


def test_a_task_that_waits_for_a_child_is_woken_by_its_end(trace_source: TraceSource) -> None:
    traced = trace_source(
        f"""{_OTHER}
import asyncio

async def main():
    for count, program in enumerate((other, python), 1):
        child = await asyncio.create_subprocess_exec(*program(0), stdin=subprocess.PIPE)
        print("process", child.pid, flush=True)
        await child.wait()

asyncio.run(main())
"""
    )
    assert traced.ended.code == 0, traced.ended.stderr
    timeline = traced.timeline
    tasks = {track.id for track in timeline.tracks.values() if track.kind == words.TASK}
    waits = [wait for wait in timeline.suspensions if wait.track in tasks and wait.reason == words.SUBPROCESS]
    assert {wait.object for wait in waits} <= set(traced.ended.stdout.decode().splitlines())
    for number, wakeup in enumerate(timeline.wakeups):
        waited = timeline.ended_by(number)
        if wakeup.track in tasks and waited is not None and waited.reason == words.SUBPROCESS:
            assert timeline.ended_child(wakeup, waited) == waited.object
