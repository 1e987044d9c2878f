"""Brings the lines of a trace into a timeline, live or from a file, few or many at a time: the one way in."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence

from visualizer.analysis.load import told
from visualizer.analysis.load.batch import Batches
from visualizer.analysis.model.forking import Forking
from visualizer.analysis.model.messages import Messages
from visualizer.analysis.model.stacks import Stacks
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.model.writer import Writer
from visualizer.trace import words
from visualizer.trace.columns import Columnizer
from visualizer.trace.events import (
    Copy,
    End,
    Ended,
    Exit,
    Fork,
    Listing,
    Pair,
    Place,
    Process,
    Received,
    Sent,
    Shape,
    Started,
    Text,
)
from visualizer.trace.foreign.gathered import Told
from visualizer.trace.merging import Interleaved
from visualizer.trace.source import Line, Source

#: Lines that only say what a number stands for; what is said of it later does not change what came before.
_DEFINITIONS = frozenset((Text, Place, Listing))
#: Lines that do not become columns together with those around them.
_APART = _DEFINITIONS | {
    Shape, Copy, Fork, Process, Started, Ended, Pair, Sent, Received, Interleaved, End, Told
}


class Loader:
    """Takes the lines of one trace, rows as they are in the file, into `timeline`."""

    def __init__(self, timeline: Timeline | None = None, columnizer: Columnizer | None = None) -> None:
        """`columnizer`: that of the source, which counts what it cannot read."""
        self.timeline = timeline if timeline is not None else Timeline()
        self._columnizer = columnizer if columnizer is not None else Columnizer()
        self._writer = Writer(self.timeline)
        self._stacks = Stacks()
        self._forking = Forking(self._writer, self._stacks)
        self._messages = Messages(self.timeline)
        self._batches = Batches(self._writer, self._columnizer, self._stacks)
        self._waiting: list[Line] = []
        self._apart = _APART

    def take(self, lines: Sequence[Line]) -> None:
        """Take in these lines, all of them."""
        # What is read is no garbage.
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            self._take(lines)
        finally:
            if is_collecting:
                gc.enable()

    def _take(self, lines: Sequence[Line]) -> None:
        begin = 0
        for at, kind in enumerate(map(type, lines)):
            if kind not in self._apart:
                continue
            self._waiting += lines[begin:at]
            begin = at + 1
            line = lines[at]
            if kind in _DEFINITIONS:
                self._writer.define(line)  # type: ignore[arg-type]
            elif kind is Shape:
                self._columnizer.learn(line)  # type: ignore[arg-type]
            else:
                self._take_apart(line)
        self._waiting += lines[begin:]
        self._settle()
        self._forking.settle()

    def _take_apart(self, line: Line) -> None:
        """Take in a line on which it may depend what those behind it mean."""
        if isinstance(line, Exit):
            self._waiting.append(line)
            self._settle()
            ended = self._forking.ended(line.track, line.t_ns)
            if line.outcome == words.KILLED and (ended is not None or line.track not in self.timeline.tracks):
                self._killed(ended, line.t_ns)
            return
        self._settle()
        if isinstance(line, Fork):
            self._forking.on_fork(line)
        elif isinstance(line, Process):
            # With a child's main thread all of it ends; and who is killed has not told all that it sent.
            self._apart = _APART | {Exit}
            self._take_end(self._forking.on_process(line))
        elif isinstance(line, Started):
            self._forking.on_started(line)
        elif isinstance(line, Ended):
            self._take_end(self._forking.on_ended(line))
            if line.signal and not self._forking.is_known(line.pid):
                self._killed(None, line.t_ns)
        elif isinstance(line, Pair):
            self._apart = _APART | {Exit}
            self._messages.pair(line)
        elif isinstance(line, Sent | Received):
            self._messages.take(line)
        elif isinstance(line, Told):
            told.take(self._writer, line)
        elif isinstance(line, Copy):
            self._forking.on_copy(line)
        elif isinstance(line, Interleaved):
            columns = self._columnizer.interleaved(line.strips)
            if columns is not None:
                self._batches.take(columns)
        else:
            self._waiting.append(line)
            self._settle()
            self._forking.end()

    def _killed(self, process: int | None, t_ns: int) -> None:
        """That process (by its number; None: it had told nothing at all) was killed then."""
        told_ns = self._forking.told_until(process, t_ns)
        self._messages.killed(process, t_ns, told_ns)
        self._writer.shared_locks.killed(t_ns, told_ns)

    def _take_end(self, line: Exit | None) -> None:
        """Take in the end of a process that did not tell it itself."""
        if line is not None:
            self._take_apart(line)

    def _settle(self) -> None:
        """Take in the lines that wait to become columns."""
        if not self._waiting:
            return
        columns = self._columnizer.columns(self._waiting)
        self._waiting.clear()
        if columns is not None:
            self._columnizer.look_back(columns)
            self._batches.take(columns)


def load(file: str, advance: Callable[[int, int], None] = lambda done, of: None) -> tuple[Timeline, list[str]]:
    """The model of the whole trace `file` ("-": standard input), and what is wrong with it, a sentence each.

    `advance` is told how many bytes have been taken in, and of how many; 0, where that is not known.
    Raise TraceError if it is no trace.
    """
    with Source.open(file) as source:
        loader = Loader(columnizer=source.columnizer)
        for lines in source.lines():
            loader.timeline.header = source.header
            loader.take(lines)
            advance(source.consumed, source.size)
        loader.timeline.header = source.header
        return loader.timeline, source.notices
