"""Perfetto's TrackEvent: a track each, its states as slices, wakes as flows; for ui.perfetto.dev and trace_processor.

The messages of protocol buffers are written by hand (https://protobuf.dev/programming-guides/encoding/), the numbers
of their fields are those of perfetto/protos/perfetto/trace/perfetto_trace.proto.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.printable import plain
from visualizer.export.bars import for_viewers
from visualizer.export.formats import Format
from visualizer.export.settings import Settings
from visualizer.paint.text import caption
from visualizer.trace.columns import Column
from visualizer.trace.varint import varint

_BEGIN, _END, _INSTANT = 1, 2, 3
#: All packets are of one sequence, and none can be understood without the first, which clears what is known of names.
_CLEARED, _SEQUENCE = b"\x50\x01\x68\x03", b"\x50\x01\x68\x02"
_EXPLICIT_ORDER = 3
#: Numbers of tracks are not those of processes.
_TRACKS = 1_000
#: A time takes this many bytes, so that all of a track's are made at once; of 63 bits, which is enough.
_TIME_BYTES = 9
#: Fields of TrackEvent: a flow begins at it, or ends at it.
_BEGINS, _ENDS = 47, 48


def _number(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def _bytes(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _note(name: str, value: str) -> bytes:
    """Of an event: something that is shown where it is selected."""
    return _bytes(4, _text(10, name) + _text(6, value))


class _Packets:
    """The packets of a trace, one after another."""

    def __init__(self) -> None:
        self._made: list[bytes] = []
        self._names: dict[str, int] = {}
        self._categories: dict[int, int] = {}

    def add(self, body: bytes) -> None:
        """A packet: its own fields."""
        self._made.append(_bytes(1, body + (_SEQUENCE if self._made else _CLEARED)))

    def name(self, name: str) -> int:
        """The number that stands for this name from here on."""
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._names) + 1
            self.add(_bytes(12, _bytes(2, _number(1, number) + _text(2, name))))
        return number

    def category(self, state: int) -> int:
        """The number that stands for the category of slices in this state."""
        number = self._categories.get(state)
        if number is None:
            number = self._categories[state] = len(self._categories) + 1
            named = _text(2, f"visualizer.{State(state).name.lower()}")
            self.add(_bytes(12, _bytes(1, _number(1, number) + named)))
        return number

    def events(self, t_ns: Column, events: Sequence[tuple[bytes, int]], wakeups: Column) -> None:
        """Events: their times; the fields of each, and the field of a flow, 0 without; the wakeup that this is of."""
        known = {one: _around(*one) for one in dict.fromkeys(events)}
        # The number of a flow is not 0.
        flows = _cut((wakeups + 1).astype("<u8"), 8)
        self._made += [
            head + time + tail + flow if event[1] else head + time + tail
            for event, time, flow in zip(events, _times(t_ns), flows, strict=True)
            for head, tail in (known[event],)
        ]

    def __bytes__(self) -> bytes:
        return b"".join(self._made)


def _around(event: bytes, flow: int) -> tuple[bytes, bytes]:
    """What stands in front of the time of a packet with this event, and between that and the number of the flow."""
    flowing = varint(flow << 3 | 1) if flow else b""
    size = len(event) + len(flowing) + (8 if flow else 0)
    tail = _SEQUENCE + varint(11 << 3 | 2) + varint(size) + event + flowing
    of_time = varint(8 << 3)
    return varint(1 << 3 | 2) + varint(len(of_time) + _TIME_BYTES + len(tail) + (8 if flow else 0)) + of_time, tail


def _times(t_ns: Column) -> list[bytes]:
    """Each as a varint of _TIME_BYTES bytes."""
    digits = t_ns[:, None] >> np.arange(_TIME_BYTES) * 7 & 0x7F
    digits[:, :-1] |= 0x80
    return _cut(digits.astype("u1"), _TIME_BYTES)


def _cut(numbers: Column, size: int) -> list[bytes]:
    raw = numbers.tobytes()
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The trace, or the part of it, as a file for Perfetto. Times are nanoseconds since the start of the recording."""
    part = settings.part_of(timeline)
    every = for_viewers(part, settings.rows, settings.tell)
    tracks = [bars.track for bars in every]
    packets = _Packets()
    _describe(packets, timeline, tracks, settings.title)
    wakes = timeline.columns.wakeups
    wake_ns, waker, woken = (np.asarray(column) for column in (wakes.ns, wakes.waker, wakes.track))
    shown = [track.id for track in tracks]
    inside = (wake_ns >= part.start_ns) & (wake_ns <= part.end_ns) & np.isin(waker, shown) & np.isin(woken, shown)
    if any(bars.are_together for bars in every):
        inside &= np.isin(np.arange(len(inside)), [one for bars in every for one in bars.woken_by])
    # In front of the slices: most begin at that very time, and a flow that ends before it begins is none.
    (those,) = np.nonzero(inside)
    wakers, others = waker[those].tolist(), woken[those].tolist()
    told = {track: _number(10, packets.name(f"wakes {plain(timeline.name(track))}")) for track in dict.fromkeys(others)}
    instants = {track: _number(9, _INSTANT) + _number(11, _TRACKS + track) for track in dict.fromkeys(wakers)}
    packets.events(
        wake_ns[those],
        [(instants[track] + told[other], _BEGINS) for track, other in zip(wakers, others, strict=True)],
        those,
    )
    causes = [_note("woken by", cause) for cause in wakes.causes.known]
    for bars in every:
        begin, end = (_number(9, kind) + _number(11, _TRACKS + bars.track.id) for kind in (_BEGIN, _END))
        events = []
        for label, state, wakeup in zip(bars.label, bars.state, bars.woken_by, strict=True):
            named = begin + _number(3, packets.category(state)) + _number(10, packets.name(label))
            if wakeup >= 0:
                events.append((named + causes[wakes.cause[wakeup]], _ENDS if inside[wakeup] else 0))
            else:
                events.append((named, 0))
            # Each ends before the next begins, at the same time.
            events.append((end, 0))
        t_ns = np.column_stack((bars.start_ns, bars.end_ns)).ravel()
        packets.events(t_ns, events, np.repeat(bars.woken_by, 2))
    return bytes(packets)


def _describe(packets: _Packets, timeline: Timeline, tracks: list[Track], title: str) -> None:
    """Tell of the processes, and of the tracks of each."""
    processes = {timeline.process_of(track.id).number: timeline.process_of(track.id) for track in tracks}
    for number, process in processes.items():
        name = process.name if number else title or caption.title(timeline)
        known = _number(1, process.pid) if process.pid > 0 else b""
        described = _bytes(3, known + _text(6, plain(name)))
        packets.add(_bytes(60, _number(1, number + 1) + described + _number(11, _EXPLICIT_ORDER)))
    for rank, track in enumerate(tracks):
        of, named = timeline.process_of(track.id).number + 1, _text(2, plain(timeline.name(track.id)))
        packets.add(_bytes(60, _number(1, _TRACKS + track.id) + named + _number(5, of) + _number(12, rank)))


FORMAT = Format(".pftrace", make, (), frozenset(("rows", "title")))
