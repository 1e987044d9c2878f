"""Brings the lines of a trace into a timeline: many at once where they are common ones, else one at a time."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.analysis.bulk import LEAST, Bulk
from visualizer.analysis.model import Timeline
from visualizer.trace import words
from visualizer.trace.events import Listing, Name, Place, Rows, Shape, Spawn, Text
from visualizer.trace.flat import FLAT, ROW_BYTES, Flattening
from visualizer.trace.source import Line

#: Lines that only say what a number stands for; what is said of it later does not change what came before.
_DEFINITIONS = frozenset((Text, Place, Listing))
#: Kinds of tracks on whose beginning it depends what the lines that follow mean.
_APART = frozenset((words.THREAD, words.HUB))


class Intake:
    """Takes the lines of one trace, rows as they are in the file, into `timeline`."""

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        """`flattening`: that of the source, which counts what it cannot read."""
        self._timeline = timeline
        self._flattening = flattening
        self._bulk = Bulk(timeline, flattening)
        #: Lines of FLAT, rows and names that came one after another, and how many lines of FLAT or rows these are.
        self._waiting: list[Line] = []
        self._count = 0

    def take(self, lines: Iterable[Line]) -> None:
        """Take in these lines, all of them."""
        timeline, flattening = self._timeline, self._flattening
        for line in lines:
            kind = type(line)
            if kind in FLAT and not (kind is Spawn and line.kind in _APART):  # type: ignore[union-attr]
                self._waiting.append(line)
                self._count += 1
            elif kind is Rows:
                self._waiting.append(line)
                self._count += len(line.packed) // ROW_BYTES  # type: ignore[union-attr]
            elif kind is Name:
                self._waiting.append(line)
            elif kind is Shape:
                flattening.learn(line)  # type: ignore[arg-type]
            elif kind in _DEFINITIONS:
                timeline.feed(line)  # type: ignore[arg-type]
            else:
                self._settle()
                timeline.feed(line)  # type: ignore[arg-type]
        self._settle()

    def _settle(self) -> None:
        """Take in the lines that wait to become columns together."""
        waiting, count = self._waiting, self._count
        self._waiting, self._count = [], 0
        timeline, flattening = self._timeline, self._flattening
        if count < LEAST:
            for line in waiting:
                timeline.feed_all(flattening.events_of(line) if type(line) is Rows else (line,))  # type: ignore[arg-type]
            return
        timeline.feed_all(flattening.add(waiting))
        flat = flattening.take()
        if flat is not None:
            self._bulk.take(flat)
