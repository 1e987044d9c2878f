"""What processes send one another through multiprocessing's queues and pipes: who sent what each one received."""

from __future__ import annotations

import pytest

from tests.tracers.conftest import TraceSource
from tests.tracers.test_forks import went_as_bare
from tests.tracers.traced import SEES_WAITS, Traced
from visualizer.analysis.text.sentences import sentence
from visualizer.trace import words

pytestmark = pytest.mark.skipif(not SEES_WAITS, reason="messages are recorded from 3.12 on, or in C")


def sent(traced: Traced) -> list[tuple[str, str, str | None]]:
    """(process of the sender, process of the receiver, value) of each message, by the names of the processes."""
    timeline = traced.timeline

    def name(track: int) -> str:
        process = timeline.process_of(track)
        return timeline.name(process.track).partition(" ")[0] if process.number else "main"

    return [(name(one.sender), name(one.receiver), one.value) for one in timeline.messages]


def test_several_send_and_several_receive_by_one_queue(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        from multiprocessing import current_process, get_context

        def produce(queue):
            for number in range(50):
                queue.put((current_process().name, number))

        def consume(queue, done):
            got = []
            while (item := queue.get()) is not None:
                got.append(item)
            done.put((current_process().name, len(got)))

        fork = get_context("fork")
        queue, done = fork.Queue(), fork.SimpleQueue()
        producers = [fork.Process(target=produce, args=(queue,), name=f"from{n}") for n in range(2)]
        consumers = [fork.Process(target=consume, args=(queue, done), name=f"to{n}") for n in range(2)]
        for process in producers + consumers:
            process.start()
        for process in producers:
            process.join()
        for _ in consumers:
            queue.put(None)
        print(sum(done.get()[1] for _ in consumers))
        for process in consumers:
            process.join()
        """
    )
    assert traced.ended.stdout == b"100\n"
    messages = sent(traced)
    items = [(sender, value) for sender, receiver, value in messages if receiver.startswith("to") and value != "None"]
    assert all(value is not None and value.startswith(f"('{sender}', ") for sender, value in items)
    assert sorted(value for _, value in items if value) == sorted(
        f"('from{process}', {number})" for process in range(2) for number in range(50)
    )
    counts = {value for sender, receiver, value in messages if receiver == "main"}
    assert len(counts) == 2
    assert {sender for sender, receiver, _ in messages if receiver == "main"} == {"to0", "to1"}


def test_a_duplex_pipe_and_the_end_of_a_child(trace_source: TraceSource) -> None:
    """The one that waited is woken by the one that sent, or ended."""
    traced = trace_source(
        """
        from multiprocessing import get_context

        def double(pipe):
            pipe.send("ready")
            while (number := pipe.recv()) is not None:
                pipe.send(2 * number)

        if __name__ == "__main__":
            ours, theirs = get_context("spawn").Pipe()
            child = get_context("spawn").Process(target=double, args=(theirs,), name="child")
            child.start()
            print(ours.recv())
            for number in (21, None):
                ours.send(number)
                if number is not None:
                    print(ours.recv())
            child.join()
        """
    )
    went_as_bare(traced)
    assert sent(traced) == [
        ("child", "main", "'ready'"), ("main", "child", "21"), ("child", "main", "42"), ("main", "child", "None")
    ]
    # It starts slower than anybody waits for it.
    child = traced.timeline.name(traced.timeline.processes[1].track)
    assert (child, words.MESSAGE, "main") in traced.wakes
    said = [sentence(traced.timeline, switch.index) for switch in traced.switches]
    assert f"{child} sends 'ready' to main → main runs" in said


def test_of_what_somebody_else_takes_nothing_is_said(trace_source: TraceSource) -> None:
    """A process that nobody records takes the second of three messages, and what the other one takes are the first and
    the third."""
    traced = trace_source(
        """
        import subprocess, sys
        from multiprocessing import Pipe

        reader, writer = Pipe(duplex=False)
        for text in ("one", "two", "three", "four"):
            writer.send(text)
        print(reader.recv(), flush=True)
        take = f"from multiprocessing.connection import Connection as C; print(C({reader.fileno()}).recv())"
        subprocess.run([sys.executable, "-I", "-c", take], pass_fds=[reader.fileno()])
        print(reader.recv(), reader.recv())
        """
    )
    assert traced.ended.stdout == b"one\ntwo\nthree four\n"
    assert [value for _, _, value in sent(traced)] == ["'one'"]


def test_what_a_killed_process_sent_at_last_is_unknown(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import os, signal
        from multiprocessing import get_context

        def send(queue, dies):
            queue.put("same")
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)

        fork = get_context("fork")
        queue = fork.SimpleQueue()
        for dies in (True, False):
            child = fork.Process(target=send, args=(queue, dies))
            child.start()
            child.join()
        print(queue.get(), queue.get())
        """
    )
    assert traced.ended.stdout == b"same same\n"
    assert not traced.timeline.messages or traced.timeline.messages[0].sender == traced.timeline.processes[1].track
    assert len(traced.timeline.messages) < 2, "the second one is of the one that lived, if the first one is known"
