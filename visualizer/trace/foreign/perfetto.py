"""Perfetto's TrackEvent: protocol buffers, decoded by hand (https://protobuf.dev/programming-guides/encoding/).

The numbers of fields are those of perfetto/protos/perfetto/trace/perfetto_trace.proto.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from visualizer.trace.foreign.gathered import Gathered, Reader
from visualizer.trace.varint import read_varint, varint

#: No packet is longer; packets that are compressed hold no more.
_LONGEST = 64 << 20
#: Types of events.
_BEGIN, _END, _INSTANT, _COUNTER = 1, 2, 3, 4
#: Names of our states stand behind this in the categories of slices.
OWN = "visualizer."
WOKEN_BY = "woken by"
#: Clocks from here on belong to a sequence.
_OF_SEQUENCE = 64
_CLEARED = 1
#: Of an event: a flow begins at it, or ends at it, by its number of 64 bits.
_BEGINS, _ENDS = varint(47 << 3 | 1), varint(48 << 3 | 1)
#: So many different events are kept.
_MOST_KNOWN = 50_000
_MOST_NS = 2**60


#: Its number; what it holds, as a number, if it is one; else as bytes.
Field = tuple[int, int, bytes]


class _Event(NamedTuple):
    """What an event says, but for its time; names by their numbers, unless they are written out."""

    kind: int
    track: int
    name: int | str
    category: int | str
    cause: str
    begins: tuple[int, ...]
    ends: tuple[int, ...]


def fields(message: bytes) -> Iterator[Field]:
    """The fields of a message. Raise ValueError if it is none."""
    at, size = 0, len(message)
    while at < size:
        # Most keys and lengths are of one byte, and a call takes longer than all the rest.
        key, at = (message[at], at + 1) if message[at] < 0x80 else read_varint(message, at)
        kind, field = key & 7, key >> 3
        if not field:
            raise ValueError("no field")
        if kind == 0:
            is_short = at < size and message[at] < 0x80
            number, at = (message[at], at + 1) if is_short else read_varint(message, at)
            yield field, number, b""
            continue
        if kind == 2:
            is_short = at < size and message[at] < 0x80
            length, at = (message[at], at + 1) if is_short else read_varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError("no type of field")
        end = at + length
        if end > size:
            raise ValueError("a field is cut")
        content = message[at:end]
        yield field, int.from_bytes(content, "little") if kind != 2 else 0, content
        at = end


def reader_of(head: bytes) -> Reader | None:
    """What reads a file that begins so; None if its first packet is none of Perfetto's."""
    if head[:1] != b"\x0a":
        return None
    try:
        length, at = read_varint(head, 1)
        key, _ = read_varint(head, at)
        if at + length > len(head):
            # Its end is still to come.
            return _Reader() if key >> 3 in _PACKETS and key & 7 in (0, 2) and length <= _LONGEST else None
        numbers = [field for field, _, _ in fields(head[at : at + length])]
    except ValueError:
        return None
    return _Reader() if numbers and max(numbers) < _MOST_FIELDS else None


class _Sequence:
    """What is known of the packets of one writer."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.categories: dict[int, str] = {}
        self.notes: dict[int, str] = {}
        self.track = 0
        self.clock = 0
        self.clocks: dict[int, _Clock] = {}


class _Clock:
    def __init__(self, now: int, is_incremental: bool, ns: int) -> None:
        self.now, self.is_incremental, self.ns = now, is_incremental, ns


class _Reader:
    def __init__(self) -> None:
        self._gathered = Gathered("a Perfetto trace")
        self._rest = b""
        self._sequences: dict[int, _Sequence] = {}
        self._parents: dict[int, int] = {}
        self._counters: set[int] = set()
        self._left_out: Counter[str] = Counter()
        self._broken = False
        #: What was read before: of a million events most are alike but for their times and flows.
        self._known: dict[bytes, _Event] = {}

    def take(self, piece: bytes) -> None:
        if self._broken:
            return
        data = self._rest + piece if self._rest else piece
        at = 0
        while at < len(data):
            try:
                key, begin = read_varint(data, at)
                if key & 7 == 0 and key >> 3:
                    _, at = read_varint(data, begin)
                    continue
                if key & 7 != 2:
                    raise ValueError("no packet")
                length, begin = read_varint(data, begin)
            except ValueError:
                self._broken = len(data) - at > 20
                break
            if length > _LONGEST:
                self._broken = True
                break
            if begin + length > len(data):
                break
            if key >> 3 == 1:
                self._packet(data[begin : begin + length])
            at = begin + length
        self._rest = data[at:]

    def finish(self) -> Gathered:
        gathered = self._gathered
        if self._broken:
            gathered.notices.append("It is damaged: it is shown up to there.")
        elif self._rest:
            gathered.notices.append("It ends in the middle: it is shown up to there.")
        gathered.leave_out(self._left_out)
        return gathered

    def _packet(self, packet: bytes, depth: int = 0) -> None:
        try:
            self._read(packet, depth)
        except (ValueError, zlib.error, RecursionError):
            self._left_out["packets that cannot be read"] += 1

    def _read(self, packet: bytes, depth: int) -> None:
        known = {field: (number, content) for field, number, content in fields(packet)}
        number = known[10][0] if 10 in known else 0
        sequence = self._sequences.get(number)
        if sequence is None:
            sequence = self._sequences[number] = _Sequence()
        if 13 in known and known[13][0] & _CLEARED:
            fresh = _Sequence()
            fresh.clocks = sequence.clocks
            sequence = self._sequences[number] = fresh
        if 59 in known:
            self._defaults(known[59][1], sequence)
        if 12 in known:
            self._intern(known[12][1], sequence)
        if 6 in known:
            self._snapshot(known[6][1], sequence)
        if 60 in known:
            self._describe(known[60][1])
        if 50 in known and depth == 0:
            unpacked = zlib.decompressobj().decompress(known[50][1], _LONGEST)
            for field, _, content in fields(unpacked):
                if field == 1:
                    self._packet(content, 1)
        if 11 in known and 8 in known:
            clock = known[58][0] if 58 in known else sequence.clock
            t_ns = known[8][0]
            if clock >= _OF_SEQUENCE and (told := sequence.clocks.get(clock)) is not None:
                told.now = told.now + t_ns if told.is_incremental else t_ns
                t_ns = told.now * told.ns
            if t_ns < _MOST_NS:
                self._event(known[11][1], t_ns, sequence)
            else:
                self._left_out["events without a time"] += 1
        elif not _SHOWN.intersection(known):
            self._left_out["packets of other kinds"] += 1

    def _defaults(self, message: bytes, sequence: _Sequence) -> None:
        for field, number, content in fields(message):
            if field == 58:
                sequence.clock = number
            elif field == 11:
                sequence.track = next((number for field, number, _ in fields(content) if field == 11), 0)

    def _snapshot(self, message: bytes, sequence: _Sequence) -> None:
        for field, _, content in fields(message):
            if field == 1:
                clock = {field: number for field, number, _ in fields(content)}
                if clock.get(1, 0) >= _OF_SEQUENCE:
                    sequence.clocks[clock[1]] = _Clock(clock.get(2, 0), bool(clock.get(3)), clock.get(4, 0) or 1)

    def _intern(self, message: bytes, sequence: _Sequence) -> None:
        tables = {1: sequence.categories, 2: sequence.names, 3: sequence.notes}
        for field, _, content in fields(message):
            if field in tables:
                known = {field: (number, text) for field, number, text in fields(content)}
                if 1 in known and 2 in known:
                    tables[field][known[1][0]] = _text(known[2][1])

    def _describe(self, message: bytes) -> None:
        known = {field: (number, content) for field, number, content in fields(message)}
        track, gathered = known[1][0] if 1 in known else 0, self._gathered
        if 8 in known:
            self._counters.add(track)
        if 5 in known:
            self._parents[track] = known[5][0]
        name = _text(known[2][1]) if 2 in known else _text(known[10][1]) if 10 in known else ""
        if 3 in known:
            name = next((_text(text) for field, _, text in fields(known[3][1]) if field == 6), name)
            self._parents.setdefault(track, track)
            gathered.call(("process", track), name or f"process {track}")
        if 4 in known:
            of_thread = {field: (number, text) for field, number, text in fields(known[4][1])}
            name = _text(of_thread[5][1]) if 5 in of_thread else name
            # Who does not name its process by a track names it by its number.
            self._parents.setdefault(track, -1 - of_thread[1][0] if 1 in of_thread else 0)
            name = name or (f"thread {of_thread[2][0]}" if 2 in of_thread else "")
        if name:
            gathered.call(track, name)

    def _event(self, message: bytes, t_ns: int, sequence: _Sequence) -> None:
        # A flow stands at the end, if it does.
        flow = message[-10:-8]
        cut = -10 if flow in (_BEGINS, _ENDS) else len(message)
        event = self._known.get(message[:cut])
        if event is None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            event = self._known[message[:cut]] = _event(message[:cut])
        kind, uuid, name, category, cause, begins, ends = event
        if cut == -10:
            number = int.from_bytes(message[-8:], "little")
            begins, ends = (*begins, number) if flow == _BEGINS else begins, (*ends, number) if flow == _ENDS else ends
        if kind not in (_BEGIN, _END, _INSTANT):
            self._left_out["counters" if kind == _COUNTER else "events of other kinds"] += 1
            return
        gathered, uuid = self._gathered, uuid or sequence.track
        track = gathered.track(uuid, ("process", self._parents.get(uuid, 0)))
        if kind == _BEGIN:
            name = sequence.names.get(name, "") if isinstance(name, int) else name
            category = sequence.categories.get(category, "") if isinstance(category, int) else category
            state = category.removeprefix(OWN) if category.startswith(OWN) else ""
            gathered.own |= bool(state)
            gathered.begin(track, t_ns, name, state, cause if state else "")
        elif kind == _END:
            gathered.end(track, t_ns)
        elif not begins and not ends:
            self._left_out["instants"] += 1
        for number in ends:
            gathered.flow_to(number, track, t_ns)
        # A flow that has begun before passes, and goes on from here.
        for number in begins:
            if gathered.has_flow(number):
                gathered.flow_to(number, track, t_ns)
            gathered.flow_from(number, track, t_ns)


def _event(message: bytes) -> _Event:
    """Raise ValueError if it is none."""
    kind, track, cause, name, category = 0, 0, "", 0, 0
    named, of = "", ""
    begins, ends = list[int](), list[int]()
    for field, number, content in fields(message):
        match field:
            case 9:
                kind = number
            case 11:
                track = number
            case 23:
                named = _text(content)
            case 10:
                name = number
            case 3:
                category = number
            case 22:
                of = _text(content)
            case 47 | 36:
                begins.append(number)
            case 48 | 42:
                ends.append(number)
            case 4:
                noted = {field: _text(text) for field, _, text in fields(content)}
                if noted.get(10) == WOKEN_BY:
                    cause = noted.get(6, "")
    return _Event(kind, track, named or name, of or category, cause, tuple(begins), tuple(ends))


#: Fields of packets that are read, or have nothing that could be shown.
_PACKETS = frozenset((6, 8, 10, 11, 12, 13, 33, 35, 36, 41, 42, 43, 50, 58, 59, 60))
_SHOWN = _PACKETS - {8, 10, 58}
#: What others add has numbers up to about this.
_MOST_FIELDS = 1_000


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
