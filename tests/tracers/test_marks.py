"""Marks that the program sets itself, by comments and by `visualizer.mark`."""

from __future__ import annotations

import sys

import pytest

from tests.conftest import ROOT
from tests.tracers.conftest import TraceSource
from visualizer.analysis.explore.marks import recorded
from visualizer.analysis.text.source_position import run_of, running, seen
from visualizer.trace import events as ev

SCRIPT = f"""
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
import gevent
import visualizer

def foo():
    gevent.sleep(0)  # visualizer: foo is back: it had \\x1b[31monly yielded
    print("# visualizer: this is no comment")  # visualizer is not marked here

def generator():
    yield 1
    yield 2  # visualizer: the second

def worker():
    pass  # visualizer: in a thread

visualizer.mark("begin: here it begins")
thread = threading.Thread(target=worker)
thread.start()
thread.join()
print(*generator())
gevent.joinall([gevent.spawn(foo), gevent.spawn(foo)])  # visualizer: joined
visualizer.mark("end")
print(threading.gettrace())
"""


@pytest.mark.parametrize("marks", [True, False])
def test_a_program_marks_moments(trace_source: TraceSource, marks: bool) -> None:
    traced = trace_source(SCRIPT, marks=marks)
    assert (traced.ended.code, traced.ended.stderr, traced.timeline.notes) == (0, b"", [])
    printed = b"1 2\n" + 2 * b"# visualizer: this is no comment\n"
    assert traced.ended.stdout.startswith(printed)
    timeline = traced.timeline
    marked = [mark for mark in timeline.remarks if isinstance(mark, ev.Mark)]
    set_by = [(timeline.name(mark.track), timeline.text(mark.text) or "") for mark in marked]
    of_comments = [
        ("Thread-1 (worker)", "in a thread"),
        ("generator", "the second"),
        ("main", "joined"),
        *[(f"foo-{number}", "foo is back: it had \\x1b[31monly yielded") for number in (1, 2)],
    ]
    assert set_by == [("main", "begin: here it begins"), *(of_comments if marks else []), ("main", "end")]
    found = [mark[1:] for mark in recorded(timeline)]
    assert found[0] == ("begin", "here it begins")
    assert [name for name, _ in found] == [text.partition(":")[0] for _, text in set_by]
    places = [timeline.place(mark.place) for mark in marked]
    lines = [SCRIPT.splitlines()[place.line - 1].strip() for place in places if place is not None]
    assert len(lines) == len(set_by)
    assert all("visualizer" in line for line in lines)
    shown = []
    for t_ns in timeline.marks:
        index = timeline.switch_before(t_ns)
        shown.append(seen(timeline, running(timeline, index), run_of(timeline, index, timeline.last_ns), t_ns))
    assert [one.place for one in shown] == places, "and not where the switch before it led to"
    assert [timeline.name(one.track) for one in shown] == [name for name, _ in set_by]


def test_a_statement_with_a_block_marks_where_it_begins(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import asyncio, contextlib

        @contextlib.contextmanager
        def entered():
            yield

        async def numbers():
            for number in range(3):  # visualizer: for
                yield number  # visualizer: each

        async def main():
            async with asyncio.Lock():  # visualizer: async with
                await asyncio.sleep(0)
            async for number in numbers():  # visualizer: async for
                pass

        def plain():
            number = 0
            while number < 1000:  # visualizer: while
                number += 1
            with entered():  # visualizer: with
                pass
            for _ in range(2):
                try:
                    raise ValueError
                except ValueError:  # visualizer: except
                    pass
                finally:
                    number = 3  # visualizer: finally

        plain()
        plain()
        asyncio.run(main())
        """,
        marks=True,
    )
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert [marked.text for marked in traced.timeline.marks.values()] == [
        *2 * ["while", "with", *2 * ["except", "finally"]],
        *["async with", "async for", "for", "each", "each", "each"],
    ]


def test_they_are_counted_where_there_are_too_many(trace_source: TraceSource) -> None:
    traced = trace_source("for number in range(10_003):\n    number  # visualizer: again\n", marks=True)
    assert len(traced.timeline.marks) == 10_000
    assert traced.timeline.dropped == {"marks": 3}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="lines are seen without a trace function")
def test_a_trace_function_of_the_program_goes_first(trace_source: TraceSource) -> None:
    traced = trace_source(
        """
        import sys
        print("one")  # visualizer: one
        sys.settrace(None)
        print("two")  # visualizer: two
        """,
        marks=True,
    )
    assert [marked.text for marked in traced.timeline.marks.values()] == ["one"]
    assert "trace function of its own" in traced.timeline.notes[0]


def test_nothing_happens_where_nobody_records(capsys: pytest.CaptureFixture[str]) -> None:
    import visualizer

    visualizer.mark("nothing")
    assert capsys.readouterr() == ("", "")
