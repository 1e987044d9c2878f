"""Brings the lines of a trace into a timeline: many at once where they are common ones, else one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from visualizer.analysis.bulk import LEAST, Bulk
from visualizer.analysis.model import Timeline
from visualizer.trace import words
from visualizer.trace.events import Listing, Name, Place, Rows, Shape, Spawn, Text
from visualizer.trace.flat import FLAT, ROW_BYTES, Flattening
from visualizer.trace.source import Line

#: Lines that only say what a number stands for; what is said of it later does not change what came before.
_DEFINITIONS = frozenset((Text, Place, Listing))
#: Lines that may become columns together; so may spawns of most kinds.
_TOGETHER = (FLAT | {Rows, Name}) - {Spawn}
#: Kinds of tracks on whose beginning it depends what the lines that follow mean.
_APART = frozenset((words.THREAD, words.HUB))


class Intake:
    """Takes the lines of one trace, rows as they are in the file, into `timeline`."""

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        """`flattening`: that of the source, which counts what it cannot read."""
        self._timeline = timeline
        self._flattening = flattening
        self._bulk = Bulk(timeline, flattening)
        #: Those of _TOGETHER, and spawns, that came one after another.
        self._waiting: list[Line] = []

    def take(self, lines: Sequence[Line]) -> None:
        """Take in these lines, all of them."""
        timeline, flattening, waiting = self._timeline, self._flattening, self._waiting
        begin = 0
        for number, kind in enumerate(map(type, lines)):
            if kind in _TOGETHER:
                continue
            line = lines[number]
            if kind is Spawn and line.kind not in _APART:  # type: ignore[union-attr]
                continue
            waiting += lines[begin:number]
            begin = number + 1
            if kind is Shape:
                flattening.learn(line)  # type: ignore[arg-type]
            else:
                if kind not in _DEFINITIONS:
                    self._settle()
                timeline.feed(line)  # type: ignore[arg-type]
        waiting += lines[begin:]
        self._settle()

    def _settle(self) -> None:
        """Take in the lines that wait to become columns together."""
        timeline, flattening = self._timeline, self._flattening
        waiting = self._waiting.copy()
        self._waiting.clear()
        if len(waiting) < LEAST and sum(map(_count, waiting)) < LEAST:
            for line in waiting:
                timeline.feed_all(flattening.events_of(line) if type(line) is Rows else (line,))  # type: ignore[arg-type]
            return
        timeline.feed_all(flattening.add(waiting))
        flat = flattening.take()
        if flat is not None:
            self._bulk.take(flat)


def _count(line: Line) -> int:
    """How many lines it stands for."""
    return len(line.packed) // ROW_BYTES if type(line) is Rows else 1
