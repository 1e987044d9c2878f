"""Turns the rows of a trace back into events: a *row* is a time, a track and the number of a *shape*; a shape is the
events that it stands for, without the time, and with `words.SUBJECT` where the row's track belongs."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from visualizer.trace import words
from visualizer.trace.events import Event, Rows, Shape, Switch, Timed

#: A row: t_ns, track, shape, each 64 bits, least significant byte first.
_ROW_BYTES = 24
#: As for the numbers of other lines (events.Int); a damaged line may hold anything.
_LARGEST = 2**61
#: Makes one event of a shape: (t_ns, track).
_Make = Callable[[int, int], Event]


class Expansion:
    """Expands the rows of one trace. `unknown` counts those whose shape was not told, or is damaged."""

    def __init__(self) -> None:
        self.unknown = 0
        self._start_ns = 0
        self._shapes: dict[int, list[_Make]] = {}

    def begin(self, start_ns: int) -> None:
        """Rows hold times of the watched process's clock; `start_ns` is its zero, from the header."""
        self._start_ns = start_ns

    def expand(self, events: Iterable[Event | Shape | Rows]) -> list[Event]:
        """The events, with those that rows stand for in the rows' place."""
        found: list[Event] = []
        for event in events:
            kind = type(event)
            if kind is Rows:
                self._add(event.packed, found)  # type: ignore[union-attr]
            elif kind is Shape:
                self._shapes[event.id] = [_maker(template) for template in event.events]  # type: ignore[union-attr]
            else:
                found.append(event)  # type: ignore[arg-type]
        return found

    def _add(self, packed: bytes, found: list[Event]) -> None:
        shapes, start_ns, append = self._shapes, self._start_ns, found.append
        count, rest = divmod(len(packed), _ROW_BYTES)
        numbers = struct.unpack_from(f"<{count * 3}q", packed)
        if count and (min(numbers) < -_LARGEST or max(numbers) > _LARGEST):
            self.unknown += count
            return
        if rest:
            self.unknown += 1
        for t_ns, track, shape in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            makers = shapes.get(shape)
            if makers is None:
                self.unknown += 1
                continue
            for make in makers:
                append(make(t_ns - start_ns, track))


def _maker(template: Timed) -> _Make:
    kind: type[Any] = type(template)
    fields = msgspec.structs.astuple(template)[1:]
    if kind is Switch and fields[:2] == (words.CURRENT, words.SUBJECT):
        cause, value, place = fields[2:]
        return lambda t_ns, track: Switch(t_ns, words.CURRENT, track, cause, value, place)
    if words.SUBJECT not in fields:
        return lambda t_ns, track: kind(t_ns, *fields)
    at = fields.index(words.SUBJECT)
    before, after = fields[:at], fields[at + 1 :]
    return lambda t_ns, track: kind(t_ns, *before, track, *after)
