"""The lines of several processes in order of time: of a file that is there, and of one that is followed."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visualizer.trace import events as ev
from visualizer.trace import merging as merging_module
from visualizer.trace import words
from visualizer.trace.merging import LATE_NS, WINDOW_NS, Interleaved, Merging

MS = 1_000_000
FORK_NS = 10


class Told(NamedTuple):
    """Something that happened, and on which thread the lines before it say that it did."""

    t_ns: int
    thread: int
    what: int


def rows(times: Sequence[int], track: int) -> ev.Rows:
    return ev.Rows(b"".join(struct.pack("<3q", t_ns, track, 0) for t_ns in times))


def apart(lines: Iterable[Any]) -> Iterator[Any]:
    for line in lines:
        yield from line.lines() if isinstance(line, Interleaved) else (line,)


def told(lines: Iterable[Any]) -> Iterator[Told]:
    """What the lines tell, as whoever takes them one after another understands it."""
    thread = words.NOBODY
    for line in apart(lines):
        match line:
            case ev.Thread(track=track) | ev.Process(track=track) | ev.Spawn(track=track, kind=words.THREAD):
                thread = track
            case ev.Rows(packed=packed):
                yield from (Told(t_ns, thread, what) for t_ns, what, _ in struct.iter_unpack("<3q", packed))
            case ev.Note(t_ns=t_ns, text=text):
                yield Told(t_ns, thread, int(text))


def note(t_ns: int, what: int) -> ev.Note:
    return ev.Note(t_ns, str(what))


class Written(NamedTuple):
    """What one process wrote: its batches, each at a time; and all that these tell."""

    batches: list[tuple[int, list[Any]]]
    tells: list[Told]


@st.composite
def processes(draw: st.DrawFn) -> list[Written]:
    """Up to four processes, of up to two threads each; each has its lines in order, told within LATE_NS."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        main, other = 100 * number, 100 * number + 1
        batches: list[tuple[int, list[Any]]] = []
        tells: list[Told] = []
        opening: list[Any] = [ev.Spawn(0, 0, words.THREAD, -1, -1, -1, -1)]
        if number:
            opening = [
                ev.Process(FORK_NS + number, main, 1000 + number, 1000, 0),
                ev.Spawn(FORK_NS + number, main, words.THREAD, -1, -1, 0, -1),
            ]
        t_ns, threads = FORK_NS + 20, [main]
        for at in range(draw(st.integers(1, 6))):
            lines = opening if not at else [ev.Thread(t_ns, draw(st.sampled_from(threads)))]
            if not at and not number:
                lines += [ev.Fork(FORK_NS + child) for child in range(1, 4)]
            thread = lines[0].track if at else main
            for _ in range(draw(st.integers(0, 4))):
                kind = draw(st.sampled_from(("note", "rows", "thread", "spawn")))
                if kind == "note":
                    t_ns += draw(st.integers(0, 9 * MS))
                    lines.append(note(t_ns, main))
                    tells.append(Told(t_ns, thread, main))
                elif kind == "rows":
                    times = []
                    for _ in range(draw(st.integers(1, 5))):
                        t_ns += draw(st.integers(0, 4 * MS))
                        times.append(t_ns)
                    lines.append(rows(times, main))
                    tells += [Told(one, thread, main) for one in times]
                elif kind == "thread":
                    thread = draw(st.sampled_from(threads))
                    lines.append(ev.Thread(t_ns, thread))
                elif len(threads) == 1:
                    thread = other
                    threads.append(other)
                    lines.append(ev.Spawn(t_ns, other, words.THREAD, -1, -1, -1, -1))
            batches.append((t_ns + draw(st.integers(0, LATE_NS // 4)), lines))
        if draw(st.booleans()):
            batches[-1][1].extend((ev.Thread(t_ns, main), ev.Exit(t_ns, main, words.RETURNED, -1)))
        found.append(Written(batches, tells))
    return found


def in_file(written: list[Written]) -> list[tuple[int, list[Any]]]:
    """The batches in the order of the file, each process's in its own."""
    keyed = []
    for number, one in enumerate(written):
        at_ns = 0
        for place, (t_ns, lines) in enumerate(one.batches):
            at_ns = max(at_ns, t_ns)
            # The file begins with what the first process wrote.
            keyed.append((0 if not number and not place else at_ns + 1, number, place, lines))
    keyed.sort(key=lambda one: one[:3])
    return [(at_ns, lines) for at_ns, _, _, lines in keyed]


def in_order(written: list[Written]) -> list[Told]:
    return sorted((one for process in written for one in process.tells), key=lambda one: one.t_ns)


@pytest.fixture(autouse=True, params=[64, 1])
def woven_from(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """From so many lines on they are left to whoever takes them in."""
    monkeypatch.setattr(merging_module, "_MANY", request.param)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(processes(), st.booleans())
def test_whatever_the_batches_all_is_told_in_order_of_time(written: list[Written], at_once: bool) -> None:
    merging = Merging(clock=lambda: 0)
    lines: list[Any] = []
    batches = [lines for _, lines in in_file(written)]
    for batch in [list(chain(*batches))] if at_once else batches:
        lines += merging.take(batch, False)
    lines += merging.finish([])
    found = list(told(lines))
    assert all(one.t_ns <= other.t_ns for one, other in pairwise(found))
    assert sorted(found) == sorted(in_order(written))
    for process in written:
        numbers = {one.what for one in process.tells}
        assert [one for one in found if one.what in numbers] == process.tells
    assert merging.late == 0
    assert not merging.holds


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(processes())
def test_a_file_that_is_followed(written: list[Written]) -> None:
    """Every batch is read as it is written, and the clock goes on: nothing is held longer than LATE_NS."""
    now_ns = 0
    merging = Merging(clock=lambda: now_ns)
    lines: list[Any] = []
    for at_ns, batch in in_file(written):
        while now_ns + 10 * MS < at_ns:
            now_ns += 10 * MS
            lines += merging.take([], True)
        now_ns = at_ns
        lines += merging.take(batch, True)
    for _ in range(2):
        now_ns += LATE_NS
        lines += merging.take([], True)
    assert not merging.holds
    found = list(told(lines))
    assert all(one.t_ns <= other.t_ns for one, other in pairwise(found))
    assert sorted(found) == sorted(in_order(written))
    assert merging.late == 0


def forked() -> tuple[Merging, list[int]]:
    """A parent and a child, both of which have told of their times up to 20; and the reader's clock."""
    clock = [0]
    merging = Merging(clock=lambda: clock[0])
    merging.take([ev.Spawn(0, 0, words.THREAD, -1, -1, -1, -1)], True)
    merging.take([ev.Thread(10, 0), ev.Fork(10), note(20, 0)], True)
    merging.take([ev.Process(10, 1, 77, 76, 0), note(20, 1)], True)
    return merging, clock


def test_what_cannot_be_overtaken_is_not_held() -> None:
    merging, _ = forked()
    assert list(told(merging.take([ev.Thread(30, 0), note(30, 0)], True))) == []
    assert list(told(merging.take([ev.Thread(25, 1), note(25, 1), note(40, 1)], True))) == [
        Told(25, 1, 1), Told(30, 0, 0),
    ]
    ends = merging.take([ev.Thread(50, 1), ev.Exit(50, 1, words.RETURNED, -1)], True)
    assert not list(told(ends))
    assert list(told(merging.take([ev.Thread(60, 0), note(60, 0)], True))) == [Told(40, 1, 1), Told(60, 0, 0)]
    passed = [note(70, 0)]
    assert merging.take(passed, True) is passed, "one is alone again"


def test_who_says_nothing_is_waited_for_a_moment() -> None:
    merging, clock = forked()
    merging.take([ev.Thread(30, 0), note(30, 0)], True)
    clock[0] += LATE_NS - 1
    assert not list(told(merging.take([], True)))
    clock[0] += 1
    assert merging.take([], True) == [note(30, 0)]
    # What comes too late for that is told, and counted.
    assert list(told(merging.take([ev.Thread(25, 1), note(25, 1)], True))) == [Told(25, 1, 1)]
    assert merging.late == 1


def test_what_was_written_long_ago_is_not_held() -> None:
    merging, _ = forked()
    lines = [ev.Thread(30, 0), *(note(30 + at * WINDOW_NS // 4, 0) for at in range(9))]
    found = list(told(merging.take(lines, False)))
    assert [one.t_ns for one in found] == [30 + at * WINDOW_NS // 4 for at in range(5)]


def test_rows_are_parted_where_another_process_comes_in_between() -> None:
    merging, _ = forked()
    merging.begin(1_000)
    lines = merging.take([ev.Thread(30, 0), rows([1_030, 1_040, 1_050], 0)], True)
    lines += merging.take([ev.Thread(45, 1), note(45, 1), note(60, 1)], True)
    assert list(apart(lines)) == [
        rows([1_030, 1_040], 0), ev.Thread(45, 1), note(45, 1), ev.Thread(50, 0), rows([1_050], 0),
    ]


def test_many_rows_of_several_are_left_together() -> None:
    merging, _ = forked()
    times = list(range(30, 1_000))
    lines = merging.take([ev.Thread(30, 0), rows(times[::2], 0), note(2_000, 0)], True)
    lines += merging.take([ev.Thread(31, 1), rows(times[1::2], 1), note(1_500, 1)], True)
    interleaved = [line for line in lines if isinstance(line, Interleaved)]
    assert [thread for line in interleaved for thread, _ in line.strips] == [0, 1]
    found = list(told([*lines, *merging.finish([])]))
    assert found[:-2] == [Told(t_ns, t_ns % 2, t_ns % 2) for t_ns in times]
    assert merging.late == 0


def test_a_child_is_waited_for_from_the_fork_on() -> None:
    merging = Merging(clock=lambda: 0)
    merging.take([ev.Spawn(0, 0, words.THREAD, -1, -1, -1, -1)], True)
    assert not list(told(merging.take([ev.Thread(10, 0), ev.Fork(10), note(20, 0)], True)))
    lines = merging.take([ev.Process(10, 1, 77, 76, 0), note(15, 1), note(30, 1)], True)
    assert list(told(lines)) == [Told(15, 1, 1), Told(20, 0, 0)]


@pytest.mark.parametrize("is_killed", [False, True])
def test_an_end_stands_behind_all_that_has_the_same_time(is_killed: bool) -> None:
    """The clock stands, as that of a program that is paused: its child runs on, forks one itself, and both end."""
    merging, _ = forked()
    merging.take([ev.Thread(20, 1), ev.Fork(20)], True)
    merging.take([ev.Process(20, 2, 78, 77, 1), note(20, 2)], True)

    def end(pid: int, main: int) -> ev.Event:
        return ev.Exit(30, main, words.KILLED, -1) if is_killed else ev.Ended(30, pid, 0, 0)

    lines = merging.take([ev.Thread(30, 2), note(30, 2), rows([30], 2)], True)
    lines += merging.take([ev.Thread(30, 1), note(30, 1), end(78, 2), rows([30], 1)], True)
    lines += merging.take([ev.Thread(30, 0), note(30, 0), end(77, 1), note(30, 0)], True)
    lines += merging.finish([])
    given = [line for line in apart(lines) if not isinstance(line, ev.Thread) and not isinstance(line, ev.Rows)]
    # What tells of an end comes behind all of whom it tells of, and what stands behind it there, behind it here.
    at_30 = [line for line in given if getattr(line, "t_ns", 0) == 30]
    assert at_30 == [note(30, 0), note(30, 1), note(30, 2), end(78, 2), end(77, 1), note(30, 0)]
    assert [(one.thread, one.what) for one in told(lines) if one.t_ns == 30] == [
        (0, 0), (1, 1), (2, 2), (2, 2), (1, 1), (0, 0),
    ]
    assert merging.late == 0


def test_what_stands_for_a_number_passes_at_once() -> None:
    merging, _ = forked()
    text = ev.Text(5, "x")
    assert merging.take([text, ev.Thread(30, 0), note(30, 0)], True) == [text]


def test_a_sample_does_not_hold_back_what_stands_behind_it() -> None:
    """It is told before what other threads did meanwhile."""
    merging, _ = forked()
    lines = merging.take([ev.Thread(90, 0), ev.Sample(90, -2, 0, 1), ev.Thread(30, 0), note(30, 0)], True)
    lines += merging.take([ev.Thread(45, 1), note(45, 1), note(99, 1)], True)
    lines += merging.finish([])
    assert [one.t_ns for one in told(lines)] == [30, 45, 99]
    assert merging.late == 0


@pytest.mark.parametrize("at_end", [True, False])
def test_one_process_is_not_touched(at_end: bool) -> None:
    merging = Merging(clock=lambda: 0)
    lines = [ev.Spawn(0, 0, words.THREAD, -1, -1, -1, -1), note(5, 0), ev.Thread(3, 0), note(3, 0), ev.End(9, 0, 0)]
    assert merging.take(lines, at_end) is lines
    assert merging.finish([]) == []
