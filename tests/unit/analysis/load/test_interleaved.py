"""What several threads did in short turns comes to the same however it is taken in."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.load.test_loader import HUB_HOG_NS, TEXTS, agree, check, taken
from visualizer.analysis.load.loader import Loader
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Columnizer
from visualizer.trace.merging import Interleaved
from visualizer.trace.source import Line

THREADS = range(3)
#: Of each thread: itself, a hub, greenlets from 2 on, and generators from 6 on.
TRACKS = 10
KINDS = [words.THREAD, words.HUB, *[words.GREENLET] * 4, *[words.GENERATOR] * 4]
#: Of which thread, what, which track, which value, and how long after the line before.
STEP = st.tuples(
    st.sampled_from(THREADS), st.integers(0, 12), st.integers(1, 9), st.integers(-1, 4),
    st.sampled_from([1, 1, 5, HUB_HOG_NS]),
)
#: The same where there is only what is common: each thread has one thing that it does.
COMMON = st.tuples(st.sampled_from(THREADS), st.integers(2, 5), st.integers(-1, 1))


def beginning() -> list[Line]:
    lines: list[Line] = [ev.Text(number, text) for number, text in enumerate(TEXTS)]
    lines += [ev.Place(number, 0, 0, 10 + number) for number in range(3)]
    for thread in THREADS:
        for number, kind in enumerate(KINDS):
            track, parent = TRACKS * thread + number, TRACKS * thread + (number > 1)
            spawned = kind, 1, -1 if kind == words.THREAD else parent, -1 if kind == words.THREAD else TRACKS * thread
            lines.append(ev.Spawn(track, track, *spawned, words.NOTHING))
    return lines


class Weaving:
    """The lines of all threads, one after another."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.t_ns = 100
        self.thread = THREADS[-1]
        self.current = {thread: TRACKS * thread for thread in THREADS}
        self.inside = dict.fromkeys(THREADS, -1)

    def turn(self, thread: int, pause: int) -> int:
        self.t_ns += pause
        if thread != self.thread:
            self.thread = thread
            self.lines.append(ev.Thread(self.t_ns, TRACKS * thread))
        return self.t_ns

    def switch(self, thread: int, to: int, value: int, *, named: bool = True) -> None:
        if to != self.current[thread]:
            origin = self.current[thread] if named else words.CURRENT
            self.lines.append(ev.Switch(self.t_ns, origin, to, words.SWITCH, value, max(value, 0) % 3))
            self.current[thread] = to

    def step(self, thread: int, generator: int, value: int) -> None:
        """Resume a generator, or have the one that runs yield."""
        if self.inside[thread] < 0:
            self.lines.append(ev.Resume(self.t_ns, generator, words.NEXT, -1, max(value, 0)))
            self.inside[thread] = generator
        else:
            self.lines.append(ev.Yield(self.t_ns, self.inside[thread], value, max(value, 0)))
            self.inside[thread] = -1


@given(st.lists(STEP, max_size=60))
def test_anything(steps: list[tuple[int, int, int, int, int]]) -> None:
    weaving = Weaving()
    for thread, what, track, number, pause in steps:
        t_ns, track = weaving.turn(thread, pause), TRACKS * thread + track
        if weaving.inside[thread] >= 0 or what > 8:
            weaving.step(thread, TRACKS * thread + 6 + track % 4, max(number, 0) % 3)
        elif what == 0:
            asked_ns = 50 if number > 2 else -1
            weaving.lines.append(ev.Wait(t_ns, words.CURRENT, words.SLEEP, 1, asked_ns, max(number, 0)))
        elif what == 1:
            weaving.lines.append(ev.Wake(t_ns, track, words.CURRENT, words.CALLBACK))
        elif what == 2:
            weaving.lines.append(ev.Unready(t_ns, track))
        else:
            weaving.switch(thread, track if track % TRACKS < 6 else TRACKS * thread, number, named=bool(what % 2))
    check(beginning() + weaving.lines)


@given(st.lists(COMMON, max_size=80))
def test_what_is_common(steps: list[tuple[int, int, int]]) -> None:
    """On one thread greenlets that sleep or are woken, on the others generators that are resumed in turn, or by one."""
    weaving = Weaving()
    for thread, track, value in steps:
        t_ns = weaving.turn(thread, 1)
        if thread:
            weaving.step(thread, TRACKS * thread + 6 + (track % 2 if thread > 1 else 0), value)
            continue
        if value < 0:
            weaving.lines.append(ev.Wake(t_ns, track, words.CURRENT, words.CALLBACK))
        elif value:
            weaving.lines.append(ev.Wait(t_ns, words.CURRENT, words.SLEEP, 1, 50, -1))
        weaving.switch(thread, track, -1)
    check(beginning() + weaving.lines)


@given(st.lists(COMMON, min_size=1, max_size=80), st.integers(1, 9))
def test_what_is_given_out_woven(steps: list[tuple[int, int, int]], size: int) -> None:
    """What several processes did, a strip each, is put in order of time; rows, and lines."""
    shapes = [
        ev.Shape(0, [ev.Resume(0, words.SUBJECT, words.NEXT, -1, 1)]), ev.Shape(1, [ev.Yield(0, words.SUBJECT, 1, 2)]),
    ]
    strips: dict[int, list[Line]] = {}
    inside = dict.fromkeys(THREADS, False)
    for number, (thread, _, value) in enumerate(steps):
        strip, generator, t_ns = strips.setdefault(TRACKS * thread, []), TRACKS * thread + 6, 200 + number * 3
        if value:
            row = struct.pack("<qqq", t_ns, generator, inside[thread])
            if strip and type(strip[-1]) is ev.Rows and len(strip[-1].packed) < 24 * size:
                strip[-1] = ev.Rows(strip[-1].packed + row)
            else:
                strip.append(ev.Rows(row))
        elif inside[thread]:
            strip.append(ev.Yield(t_ns, generator, 1, 2))
        else:
            strip.append(ev.Resume(t_ns, generator, words.NEXT, -1, 1))
        inside[thread] = not inside[thread]
    interleaved = Interleaved(0, list(strips.items()))
    begin = [*beginning(), *shapes]
    agree(taken([*begin, interleaved], 10_000), taken([*begin, *interleaved.lines()], 10_000))


@pytest.mark.parametrize("damage", [b"x" * 10, struct.pack("<qqq", 100, 6, 99)])
def test_rows_that_cannot_be_read_are_counted_once(damage: bytes) -> None:
    interleaved = Weaving()
    for index in range(40):
        interleaved.turn(index % 2, 1)
        interleaved.step(index % 2, TRACKS * (index % 2) + 6, 1)
    columnizer = Columnizer()
    loader = Loader(columnizer=columnizer)
    loader.take([*beginning(), *interleaved.lines, ev.Rows(damage)])
    assert columnizer.unknown == 1
    assert loader.timeline.switch_count == 40
