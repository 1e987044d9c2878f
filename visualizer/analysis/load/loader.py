"""Brings the lines of a trace into a timeline: many at once where they are common ones, else one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from visualizer.analysis.load.batches import LEAST, Bulk
from visualizer.analysis.load.interleaved import Braids
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words
from visualizer.trace.columns import FLAT, ROW_BYTES, Flat, Flattening
from visualizer.trace.events import Exit, Listing, Name, Place, Rows, Shape, Spawn, Text, Thread
from visualizer.trace.merging import Woven
from visualizer.trace.source import Line, Source

#: Lines that only say what a number stands for; what is said of it later does not change what came before.
_DEFINITIONS = frozenset((Text, Place, Listing))
#: Lines that may become columns together; so may those by which tracks of most kinds begin and end.
_TOGETHER = FLAT | {Rows, Name}
#: Where several threads take turns, these are taken in line by line.
_LIFECYCLE = frozenset((Spawn, Exit, Name))
#: Threads whose turns are longer than so many lines are taken in one after another.
_LONG = 500


class Intake:
    """Takes the lines of one trace, rows as they are in the file, into `timeline`."""

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        """`flattening`: that of the source, which counts what it cannot read."""
        self._timeline = timeline
        self._flattening = flattening
        self._bulk = Bulk(timeline, flattening)
        self._braids = Braids(timeline, flattening, self._bulk)
        #: Lines that came one after another, to become columns; on which thread.
        self._waiting: list[Line] = []
        self._thread = words.NOBODY
        #: What came before them, on other threads.
        self._strips: list[_Strip] = []

    def take(self, lines: Sequence[Line]) -> None:
        """Take in these lines, all of them."""
        timeline, flattening = self._timeline, self._flattening
        self._thread = timeline._strands.thread
        begin = 0
        for number, kind in enumerate(map(type, lines)):
            if kind in _TOGETHER:
                continue
            line = lines[number]
            if (kind is Spawn or kind is Exit) and not self._strips and not self._is_apart(line):
                continue
            self._waiting += lines[begin:number]
            begin = number + 1
            if kind is Shape:
                flattening.learn(line)  # type: ignore[arg-type]
            elif kind in _DEFINITIONS:
                timeline.feed(line)  # type: ignore[arg-type]
            elif kind is Woven:
                self._settle()
                self._take_woven(line)  # type: ignore[arg-type]
            elif kind is Thread:
                if line.track != self._thread:  # type: ignore[union-attr]
                    self._end_strip()
                    self._thread = line.track  # type: ignore[union-attr]
            else:
                self._settle()
                timeline.feed(line)  # type: ignore[arg-type]
                self._thread = timeline._strands.thread
        self._waiting += lines[begin:]
        self._settle()

    def _is_apart(self, line: Line) -> bool:
        """Whether a track begins or ends on which it depends what the lines that follow mean."""
        known = line if type(line) is Spawn else self._timeline.tracks.get(line.track)  # type: ignore[union-attr]
        return known is not None and (known.kind == words.THREAD or known.kind in self._timeline.words.schedulers)

    def _take_woven(self, woven: Woven) -> None:
        if not self._weave(dict(woven.strips)):
            self.take(list(woven.lines()))

    def _end_strip(self) -> None:
        if self._waiting:
            self._strips.append(_Strip(self._thread, self._waiting))
            self._waiting = []

    def _settle(self) -> None:
        """Take in the lines that wait to become columns together."""
        self._end_strip()
        strips, self._strips = self._strips, []
        if len(strips) < 2 or not self._braid(strips):
            for strip in strips:
                self._timeline._strands.thread = strip.thread
                self._take_strip(strip)
        self._timeline._strands.thread = self._thread

    def _take_strip(self, strip: _Strip) -> None:
        if strip.is_short:
            timeline, flattening = self._timeline, self._flattening
            for line in strip.lines:
                timeline.feed_all(flattening.events_of(line) if type(line) is Rows else (line,))  # type: ignore[arg-type]
            return
        flat = self._flat(strip.lines)
        if flat is not None:
            self._bulk.take(flat)

    def _flat(self, lines: list[Line]) -> Flat | None:
        self._timeline.feed_all(self._flattening.add(lines))
        return self._flattening.take()

    def _braid(self, strips: list[_Strip]) -> bool:
        """Take in what threads did in short turns; False, and nothing is done, if they did not in order of time."""
        if not LEAST <= sum(strip.size for strip in strips) <= len(strips) * _LONG:
            return False
        of_thread: dict[int, list[Line]] = {}
        last_ns = -(2**63)
        for strip in strips:
            if any(type(line) in _LIFECYCLE for line in strip.lines):
                return False
            first_ns, end_ns = self._flattening.time_of(strip.lines[0])[0], self._flattening.time_of(strip.lines[-1])[1]
            if first_ns < last_ns:
                return False
            last_ns = end_ns
            of_thread.setdefault(strip.thread, []).extend(strip.lines)
        return len(of_thread) > 1 and self._weave(of_thread)

    def _weave(self, of_thread: dict[int, list[Line]]) -> bool:
        """Take in what each of these threads did; False, and nothing is done, if it is not in order of time."""
        unknown = self._flattening.unknown
        # What happened at the same time may stand in any order.
        flats = [(thread, self._flat(lines)) for thread, lines in sorted(of_thread.items())]
        known = [(thread, flat) for thread, flat in flats if flat is not None]
        if self._flattening.unknown != unknown or any((flat.t_ns[1:] < flat.t_ns[:-1]).any() for _, flat in known):
            # They are counted again when they are taken in one after another.
            self._flattening.unknown = unknown
            return False
        self._braids.take(known)
        return True


def load(file: str, advance: Callable[[int, int], None] = lambda done, of: None) -> tuple[Timeline, list[str]]:
    """The model of the whole trace `file` ("-": standard input), and what is wrong with it, a sentence each.

    `advance` is told how many bytes have been taken in, and of how many; 0, where that is not known.
    Raise TraceError if it is no trace.
    """
    timeline = Timeline()
    with Source.open(file) as source:
        intake = Intake(timeline, source.flattening)
        for lines in source.lines():
            timeline.header = source.header
            intake.take(lines)
            advance(source.consumed, source.size)
        timeline.header = source.header
        return timeline, source.notices


class _Strip(NamedTuple):
    """What came on one thread without a break."""

    thread: int
    lines: list[Line]

    @property
    def size(self) -> int:
        """How many lines or rows."""
        return sum(len(line.packed) // ROW_BYTES if type(line) is Rows else 1 for line in self.lines)

    @property
    def is_short(self) -> bool:
        return len(self.lines) < LEAST and self.size < LEAST
