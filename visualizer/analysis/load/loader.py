"""Brings the lines of a trace into a timeline, live or from a file, few or many at a time: the one way in."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.analysis.load.batch import Batches
from visualizer.analysis.model.forking import Forking
from visualizer.analysis.model.stacks import Stacks
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.model.writer import Writer
from visualizer.trace.columns import Columnizer
from visualizer.trace.events import Copy, End, Event, Exit, Header, Listing, Place, Process, Rows, Shape, Text
from visualizer.trace.merging import Woven
from visualizer.trace.source import Line, Source

#: Lines that only say what a number stands for; what is said of it later does not change what came before.
_DEFINITIONS = frozenset((Text, Place, Listing))
#: Lines that do not become columns together with those around them.
_APART = _DEFINITIONS | {Shape, Copy, Process, Woven, End, Exit}
#: So many lines and rows are taken in at once at most.
_MOST = 1 << 16


class Loader:
    """Takes the lines of one trace, rows as they are in the file, into `timeline`."""

    def __init__(self, timeline: Timeline | None = None, columnizer: Columnizer | None = None) -> None:
        """`columnizer`: that of the source, which counts what it cannot read."""
        self.timeline = timeline if timeline is not None else Timeline()
        self._columnizer = columnizer if columnizer is not None else Columnizer()
        self._writer = Writer(self.timeline)
        self._stacks = Stacks()
        self._forking = Forking(self._writer, self._stacks)
        self._batches = Batches(self._writer, self._columnizer, self._stacks)

    def take(self, lines: Iterable[Line]) -> None:
        """Take in these lines, all of them."""
        columnizer = self._columnizer
        waiting: list[Line] = []
        wait = waiting.append
        for line in lines:
            kind = type(line)
            if kind not in _APART:
                wait(line)
                if kind is Rows or len(waiting) >= _MOST:
                    columnizer.add(waiting)
                    waiting.clear()
                    if columnizer.count >= _MOST:
                        self._settle()
            elif kind in _DEFINITIONS:
                self._writer.define(line)  # type: ignore[arg-type]
            elif kind is Shape:
                columnizer.learn(line)  # type: ignore[arg-type]
            else:
                columnizer.add(waiting)
                waiting.clear()
                self._take_apart(line)
        columnizer.add(waiting)
        self._settle()

    def _take_apart(self, line: Line) -> None:
        """Take in a line on which it may depend what those behind it mean."""
        if isinstance(line, Exit):
            self._columnizer.add((line,))
            if line.track in self._writer.processes.mains:
                self._settle()
                self._forking.ended(line.track, line.t_ns)
            return
        self._settle()
        if isinstance(line, Process):
            self._forking.on_process(line)
        elif isinstance(line, Copy):
            self._forking.on_copy(line)
        elif isinstance(line, Woven):
            columns = self._columnizer.interleaved(line.strips)
            if columns is not None:
                self._batches.take(columns)
        else:
            self._columnizer.add((line,))
            self._settle()
            self._forking.end()

    def _settle(self) -> None:
        """Take in the lines that have become columns."""
        columns = self._columnizer.take()
        if columns is not None:
            self._batches.take(columns)


def load(file: str) -> tuple[Timeline, list[str]]:
    """The model of the whole trace `file` ("-": standard input), and what is wrong with it, a sentence each.

    Raise TraceError if it is no trace.
    """
    with Source.open(file) as source:
        loader = Loader(columnizer=source.columnizer)
        for lines in source.lines():
            loader.take(lines)
        loader.timeline.header = source.header
        return loader.timeline, source.notices


def timeline_of(header: Header, events: Iterable[Event]) -> Timeline:
    """The model of a whole trace."""
    loader = Loader()
    loader.timeline.header = header
    loader.take(events)
    return loader.timeline
