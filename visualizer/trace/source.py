"""Reads a trace: whole, while it is still being written, or from a pipe; survives a cut or damaged file."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import select
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from visualizer.trace import words
from visualizer.trace.awaited import Awaited
from visualizer.trace.columns import Columnizer
from visualizer.trace.events import (
    DECODE_ERRORS,
    Dropped,
    End,
    Event,
    Header,
    Packed,
    Rows,
    Shape,
    decode_event,
    decode_events,
    decode_header,
    decode_opening,
)
from visualizer.trace.foreign import Reader, reader_of
from visualizer.trace.foreign.gathered import Told
from visualizer.trace.merging import LATE_NS, Interleaved, Merging
from visualizer.trace.packing import unpacked

#: A line of a trace.
Line = Event | Shape | Rows | Interleaved | Told

#: Read at most this much at a time, so that a viewer stays responsive while a long trace loads, and little memory is
#: taken for a moment.
CHUNK_BYTES = 1 << 22
#: Of packed rows less, since they take several times as much room here.
PACKED_BYTES = 1 << 20
#: No writer writes a longer line: sources, outputs and rows are cut long before.
LONGEST_LINE = 16 << 20
_GZIP = b"\x1f\x8b"


class TraceError(Exception):
    """The trace cannot be read at all; the message is one sentence for the user."""


class Source:
    """A trace, read forward. `read` gives what is there now; `finish` says that no more will come.

    Both give events. `read_lines` and `finish_lines` give the lines as they are, rows and shapes too, for whoever takes
    these in with `columnizer`.

    `notices` collects, in plain sentences, what was wrong with the file but did not keep it from opening.
    """

    def __init__(self, stream: BinaryIO, name: str, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """`clock`: by which lines of several processes are held until none can come before them (merging.py)."""
        self.name = name
        self.header: Header | None = None
        self.notices: list[str] = []
        self.ended = False
        self.size = 0
        self.consumed = 0
        self._stream = stream
        self._rest = b""
        #: Inside a line that is too long to be kept.
        self._skips = False
        self._unreadable = 0
        self._too_long = 0
        self._at_once = CHUNK_BYTES
        self.columnizer = Columnizer()
        self._merging = Merging(clock)
        #: What reads it, if it is another tool's trace, and what it told then.
        self._foreign: Reader | None = None
        self._told: Iterator[Sequence[Line]] | None = None
        #: The last read found nothing more.
        self._is_dry = False

    @classmethod
    def open(cls, path: str | os.PathLike[str], clock: Callable[[], int] = time.monotonic_ns) -> Source:
        """Open the file at `path`, also one that gzip has packed, or standard input for "-". Raise TraceError if it
        cannot be opened."""
        if path == "-":
            return cls._standard_input()
        try:
            stream: BinaryIO = open(path, "rb", buffering=0)
            size = os.fstat(stream.fileno()).st_size
        except (OSError, ValueError) as error:
            raise TraceError(f"Cannot open the trace {os.fspath(path)!r}: {_why(error)}.") from None
        if _is_packed(stream):
            # How much it is unpacked is not known before its end.
            stream, size = cast(BinaryIO, _Unpacked(stream)), 0
        source = cls(stream, Path(path).name, clock)
        source.size = size
        return source

    @classmethod
    def awaiting(cls, path: str | os.PathLike[str], clock: Callable[[], int] = time.monotonic_ns) -> Source:
        """Open the file at `path` as soon as there is one."""
        return cls(cast(BinaryIO, Awaited(path)), Path(path).name, clock)

    @property
    def awaited(self) -> bool:
        """Whether there is no such file yet."""
        return isinstance(self._stream, Awaited) and not self._stream.is_there

    def measure(self) -> int:
        """How many bytes there are by now, read or not; 0 if that cannot be told."""
        try:
            return os.fstat(self._stream.fileno()).st_size
        except (OSError, ValueError):
            return 0

    @classmethod
    def _standard_input(cls) -> Source:
        try:
            return cls(open(0, "rb", buffering=0, closefd=False), "standard input")
        except OSError as error:
            raise TraceError(f"Cannot read standard input: {_why(error)}.") from None

    def read(self) -> list[Event]:
        """Return the events of the whole lines that arrived since the last call; none if there are none yet.

        Raise TraceError if what stands first is not a trace that this version can read.
        """
        return self._expand(self.read_lines())

    def read_lines(self, most: int = CHUNK_BYTES) -> list[Line]:
        """The same as lines; of at most so many bytes."""
        try:
            if self._merging.holds and not _is_readable(self._stream):
                return self._merging.take([], True)
            most = min(most, self._at_once)
            chunk = self._stream.read(most)
        except OSError as error:
            raise TraceError(f"Cannot read the trace {self.name!r}: {_why(error)}.") from None
        if not chunk and self._foreign is not None:
            return self._tell()
        self._is_dry = not chunk
        if not chunk:
            return self._merging.take([], True)
        self.consumed += len(chunk)
        if self._foreign is not None:
            self._foreign.take(chunk)
            return []
        is_all = len(chunk) < most
        if self._skips:
            end = chunk.find(b"\n") + 1
            chunk, self._skips = chunk[end:] if end else b"", not end
        # A line that began before is put together apart from those behind it: a chunk is long.
        begin = chunk.find(b"\n") + 1 if self._rest and self.header is not None else 0
        first, had = (self._rest + chunk[:begin], chunk) if begin else (b"", self._rest + chunk)
        if self.header is None and not self._skips and (foreign := reader_of(had)) is not None:
            self._foreign, self._rest, self.ended = foreign, b"", True
            foreign.take(had)
            return []
        start, end = begin, had.rfind(b"\n") + 1
        self._rest = had[end:]
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skips = b"", True
            self._too_long += 1
        if not end:
            if self.header is None and len(had) > CHUNK_BYTES:
                raise self._no_trace()
            return []
        if self.header is None:
            start = had.index(b"\n") + 1
            self.header = self._parse_header(had[: start - 1])
        lines = self._parse(memoryview(first)) if first else []
        lines += self._parse(memoryview(had)[start:end])
        self.ended = self.ended or End in map(type, lines)
        return self._merging.take(lines, is_all)

    def finish(self) -> list[Event]:
        """No more will come. Return the events that a last line without a newline may hold; note what is missing.

        Raise TraceError if there is not even a header.
        """
        return self._expand(self.finish_lines())

    def finish_lines(self) -> list[Line]:
        """The same as lines."""
        if self._foreign is not None:
            # Whoever only looked at the beginning asks no more.
            self.header = self.header or Header(words.FORMAT, words.VERSION, target=self.name)
            return []
        rest, self._rest = self._rest, b""
        events: list[Line] = []
        if self.header is None:
            if not rest and not self.consumed:
                raise TraceError(f"The trace {self.name!r} is empty.")
            self.header = self._parse_header(rest)
        elif rest:
            try:
                events = [_plain(decode_event(rest))]
            except (*DECODE_ERRORS, ValueError):
                self.notices.append("The last line is incomplete: the trace is shown up to there.")
        self.ended = self.ended or any(type(event) is End for event in events)
        events = self._merging.finish(events)
        # A process may be taken for over and write once more: then its lines are given out as they are.
        late = self._merging.late or (self.columnizer.backward if self._merging.has_several else 0)
        if late:
            lines = "1 line was" if late == 1 else f"{late} lines were"
            self.notices.append(
                f"{lines} written late by one of several processes: their events appear after later ones."
            )
        if self.columnizer.unknown:
            events.append(Dropped(-1, "rows that could not be read", self.columnizer.unknown))
        if self._unreadable:
            lines = "1 line" if self._unreadable == 1 else f"{self._unreadable} lines"
            self.notices.append(f"Left out because unreadable: {lines}.")
        if self._too_long:
            lines = "1 line" if self._too_long == 1 else f"{self._too_long} lines"
            self.notices.append(f"Left out because longer than {LONGEST_LINE >> 20} MiB: {lines}.")
        if (backward := self.columnizer.backward) and not late:
            lines = "1 line tells a time" if backward == 1 else f"{backward} lines tell times"
            self.notices.append(f"{lines} more than 1 s before that of the line in front: the trace is damaged.")
        if not self.ended:
            self.notices.append("The trace has no end: its program was killed or is still running.")
        return events

    def _tell(self) -> list[Line]:
        """The next of what another tool's trace tells, once all of it has been read."""
        if self._told is None:
            assert self._foreign is not None, "it is asked for then"
            self.header = Header(words.FORMAT, words.VERSION, target=self.name)
            gathered = self._foreign.finish()
            self._told = gathered.lines()
            lines: Sequence[Line] | None = next(self._told, None)
            self.notices.append(" ".join((gathered.notice, *gathered.notices)))
        else:
            lines = next(self._told, None)
        self._is_dry = lines is None
        # It goes on, though nothing more was read.
        self.consumed += not self._is_dry
        return [*(lines or ())]

    def __iter__(self) -> Iterator[list[Event]]:
        """Give everything there is, in batches, `finish` included."""
        return map(self._expand, self.lines())

    def lines(self) -> Iterator[list[Line]]:
        """The same as lines."""
        while True:
            # The last of these may be what several processes wrote, of which it is now known that nothing comes before.
            yield self.read_lines()
            if self._is_dry:
                break
        yield self.finish_lines()

    def _expand(self, lines: Iterable[Line]) -> list[Event]:
        """The events, with those that rows stand for in the rows' place."""
        columnizer = self.columnizer
        events: list[Event] = []
        for line in lines:
            if type(line) is Shape:
                columnizer.learn(line)
            elif type(line) is Rows:
                events += columnizer.events_of(line)
            elif type(line) is Interleaved:
                events += self._expand(line.lines())
            else:
                events.append(line)  # type: ignore[arg-type]
        return events

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _parse_header(self, line: bytes) -> Header:
        try:
            opening = decode_opening(line)
        except DECODE_ERRORS:
            raise self._no_trace() from None
        if opening.format != words.FORMAT:
            raise self._no_trace()
        if opening.version not in words.VERSIONS_READ:
            raise TraceError(
                f"The trace {self.name!r} is of version {opening.version}; "
                f"this visualizer reads versions {' and '.join(map(str, words.VERSIONS_READ))}."
            )
        try:
            header = decode_header(line)
        except DECODE_ERRORS:
            raise self._no_trace() from None
        self.columnizer.begin(header.monotonic_ns)
        self._merging.begin(header.monotonic_ns)
        return header

    def _no_trace(self) -> TraceError:
        return TraceError(f"{self.name!r} is not a trace: its first line is not a visualizer header.")

    def _parse(self, lines: memoryview) -> list[Line]:
        with contextlib.suppress(*DECODE_ERRORS, ValueError):
            found = decode_events(lines)
            self._at_once = PACKED_BYTES if Packed in map(type, found) else CHUNK_BYTES
            return [_plain(line) for line in found]
        events: list[Line] = []
        for line in bytes(lines).split(b"\n"):
            if not line:
                continue
            try:
                events.append(_plain(decode_event(line)))
            except (*DECODE_ERRORS, ValueError):
                self._unreadable += 1
        events.append(Dropped(-1, "unreadable lines", self._unreadable))
        return events


def _plain(line: Event | Shape | Rows | Packed) -> Line:
    return unpacked(line) if isinstance(line, Packed) else line


class _Unpacked(io.RawIOBase):
    """What gzip has packed. Of a file that is cut or damaged, what comes before that."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._file = gzip.GzipFile(fileobj=packed, mode="rb")

    def read(self, size: int = -1, /) -> bytes:
        found = bytearray()
        with contextlib.suppress(EOFError, gzip.BadGzipFile, zlib.error):
            while len(found) < size and (piece := self._file.read1(size - len(found))):
                found += piece
        return bytes(found)

    def close(self) -> None:
        super().close()
        self._packed.close()


def _is_packed(stream: BinaryIO) -> bool:
    """Whether a file begins as gzip writes it; of a pipe that cannot be told without taking its beginning."""
    try:
        return os.pread(stream.fileno(), len(_GZIP), 0) == _GZIP
    except OSError:
        return False


def _is_readable(stream: BinaryIO) -> bool:
    """Whether a read would return at once, or soon: a pipe may have nothing for long."""
    try:
        return bool(select.select([stream], [], [], LATE_NS / 1e9)[0])
    except (OSError, ValueError):
        return True  # No file of the operating system's.


def _why(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
