"""Chrome's trace events: JSON, as an array or with an array "traceEvents", of which events are read as they come.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isfinite
from typing import Any

import msgspec

from visualizer.trace.events import DECODE_ERRORS
from visualizer.trace.foreign.gathered import Gathered, Reader

#: Where the events begin, in an object. What is in front of them may be long.
_EVENTS = re.compile(rb'"traceEvents"\s*:\s*\[')
#: An array of events begins so, or is empty.
_ARRAY = re.compile(rb"\s*\[\s*(\{|\]|$)")
_OBJECT = re.compile(rb"\s*\{")
#: Between two events; in an event as well, but what is cut there is no JSON.
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
#: So far back is looked for a place to cut.
_CUTS = 32
#: No event is longer.
_LONGEST = 16 << 20
#: Written by ours.
OWN = "visualizer"
_OWN = re.compile(rb'"otherData"\s*:\s*\{\s*"recorded by"\s*:\s*"visualizer"')
#: ns from 0; what is beyond is no time.
_LATEST_US = 2**60 / 1e3


class _Event(msgspec.Struct):
    ph: Any = ""
    name: Any = ""
    cat: Any = ""
    ts: Any = None
    dur: Any = None
    pid: Any = None
    tid: Any = None
    id: Any = None
    id2: Any = None
    args: msgspec.Raw = msgspec.Raw(b"")


_events = msgspec.json.Decoder(list[_Event])
_one = msgspec.json.Decoder(_Event)
_text = json.JSONDecoder()


def reader_of(head: bytes) -> Reader | None:
    """What reads a file that begins so; None if it has no trace events."""
    if _ARRAY.match(head) or (_OBJECT.match(head) and _EVENTS.search(head)):
        return _Reader()
    return None


class _Reader:
    def __init__(self) -> None:
        self._gathered = Gathered("a Chrome trace (JSON)")
        self._rest = b""
        self._begun = self._over = False
        self._is_array = False
        self._left_out: Counter[str] = Counter()
        self._broken = ""
        self._tried = 0

    def take(self, piece: bytes) -> None:
        if self._over:
            return
        self._rest += piece
        if not self._begun:
            self._is_array = _ARRAY.match(self._rest) is not None
            found = re.search(rb"\[", self._rest) if self._is_array else _EVENTS.search(self._rest)
            if found is None:
                return
            self._gathered.own = _OWN.search(self._rest[: found.end()]) is not None
            self._rest, self._begun = self._rest[found.end() :], True
        # As many events as there are whole ones; again only when there is much more.
        if len(self._rest) < self._tried:
            return
        cuts = [found.start() + 1 for found in _BETWEEN.finditer(self._rest)][-_CUTS:]
        for cut in reversed(cuts):
            try:
                events = _events.decode(b"[" + self._rest[:cut] + b"]")
            except DECODE_ERRORS:
                continue
            self._events(events)
            self._rest, self._tried = self._rest[cut:].lstrip(b", \r\n\t"), 0
            return
        if cuts and len(self._rest) < 4 << 20:
            self._tried = 2 * len(self._rest)
        elif cuts or len(self._rest) > _LONGEST:
            self._one_by_one()

    def finish(self) -> Gathered:
        if not self._over:
            self._one_by_one()
        gathered = self._gathered
        if not self._begun or self._broken or not (self._over or self._is_array):
            gathered.notices.append(self._broken or "It ends in the middle: it is shown up to there.")
        gathered.leave_out(self._left_out)
        return gathered

    def _one_by_one(self) -> None:
        """Events up to the end of the array, or to what is no event."""
        text = self._rest.decode("utf-8", "replace")
        at, read = 0, list[_Event]()
        while True:
            at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
            if at >= len(text):
                break
            if text[at] == "]":
                self._over = True
                break
            try:
                _, end = _text.raw_decode(text, at)
                read.append(_one.decode(text[at:end].encode()))
            except (ValueError, RecursionError, *DECODE_ERRORS) as error:
                # At the end it is but cut.
                if not isinstance(error, json.JSONDecodeError) or _is_inside(text, error):
                    self._over = True
                    self._broken = "It is damaged: it is shown up to there."
                else:
                    self._broken = "It ends in the middle: it is shown up to there."
                break
            at = end
        self._events(read)
        self._rest = b"" if self._over else text[at:].encode()

    def _events(self, events: list[_Event]) -> None:
        for event in events:
            phase, ts = event.ph, event.ts
            if phase == "M":
                self._names(event)
                continue
            if phase not in _KNOWN:
                self._left_out[_OTHERS.get(phase, "events of other kinds") if isinstance(phase, str) else "events"] += 1
                continue
            t_ns = _ns(ts)
            if t_ns is None:
                self._left_out["events without a time"] += 1
                continue
            _KNOWN[phase](self, event, t_ns)

    def _names(self, event: _Event) -> None:
        if event.name not in ("thread_name", "process_name"):
            return
        try:
            name = json.loads(bytes(event.args)).get("name")
        except (ValueError, RecursionError, AttributeError):
            return
        if isinstance(name, str):
            process = _key(event.pid)
            self._gathered.call((process, _key(event.tid)) if event.name == "thread_name" else process, name)

    def _track(self, event: _Event) -> int:
        process = _key(event.pid)
        return self._gathered.track((process, _key(event.tid)), process, f"thread {_key(event.tid)}")

    def _whole(self, event: _Event, t_ns: int) -> None:
        took_ns, cause = _ns(event.dur) if event.dur is not None else 0, ""
        state = event.cat if self._gathered.own and isinstance(event.cat, str) else ""
        if state == "ready" and event.args:
            try:
                cause = str(json.loads(bytes(event.args)).get(WOKEN_BY, ""))
            except (ValueError, RecursionError, AttributeError):
                cause = ""
        end_ns = t_ns + max(0, took_ns or 0)
        self._gathered.slice(self._track(event), t_ns, end_ns, _named(event), state, cause)

    def _begin(self, event: _Event, t_ns: int) -> None:
        self._gathered.begin(self._track(event), t_ns, _named(event))

    def _end(self, event: _Event, t_ns: int) -> None:
        self._gathered.end(self._track(event), t_ns)

    def _async(self, event: _Event) -> int:
        process = _key(event.pid)
        known = event.id2 if isinstance(event.id2, dict) else {}
        number = _key(event.id if event.id is not None else known.get("local", known.get("global")))
        return self._gathered.track((process, "async", _key(event.cat), number), process, f"{_named(event)} {number}")

    def _begin_async(self, event: _Event, t_ns: int) -> None:
        self._gathered.begin(self._async(event), t_ns, _named(event))

    def _end_async(self, event: _Event, t_ns: int) -> None:
        self._gathered.end(self._async(event), t_ns)

    def _flow(self, event: _Event) -> tuple[object, ...]:
        return _key(event.cat), _key(event.name), _key(event.id)

    def _flow_from(self, event: _Event, t_ns: int) -> None:
        self._gathered.flow_from(self._flow(event), self._track(event), t_ns)

    def _flow_to(self, event: _Event, t_ns: int) -> None:
        self._gathered.flow_to(self._flow(event), self._track(event), t_ns)

    def _flow_on(self, event: _Event, t_ns: int) -> None:
        self._flow_to(event, t_ns)
        self._flow_from(event, t_ns)


_SPACE = re.compile(r"[\s,]*")
#: Of a slice of ours that is ready: the argument that says why.
WOKEN_BY = "woken by"
_KNOWN = {
    "X": _Reader._whole, "B": _Reader._begin, "E": _Reader._end, "b": _Reader._begin_async, "e": _Reader._end_async,
    "S": _Reader._begin_async, "F": _Reader._end_async, "s": _Reader._flow_from, "t": _Reader._flow_on,
    "f": _Reader._flow_to,
}
_OTHERS = {
    "i": "instants", "I": "instants", "R": "instants", "n": "instants", "C": "counters", "N": "objects",
    "O": "objects", "D": "objects",
}


def _is_inside(text: str, error: json.JSONDecodeError) -> bool:
    """Whether there is text behind the place where it is no JSON."""
    return error.pos < len(text) - 1 and not error.msg.startswith("Unterminated")


def _ns(us: object) -> int | None:
    """Microseconds as nanoseconds; None if that is no time."""
    if isinstance(us, str):
        try:
            us = float(us)
        except ValueError:
            return None
    if not isinstance(us, int | float) or not isfinite(us) or not -_LATEST_US < us < _LATEST_US:
        return None
    return us * 1000 if isinstance(us, int) else round(us * 1000)


def _key(value: object) -> Any:
    """A number, or a text: what else may stand there is none of our business."""
    return value if isinstance(value, int | str) else str(value) if value is not None else 0


def _named(event: _Event) -> str:
    return event.name if isinstance(event.name, str) else str(event.name)
