"""What the user types to go somewhere: a time, a time of day, the number of a switch, or a line of source."""

from __future__ import annotations

import ntpath
import re
from typing import NamedTuple

from visualizer.analysis.model.timeline import Place

_UNITS_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "µs": 1_000, "μs": 1_000, "ns": 1, "min": 60_000_000_000}
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(min|s|ms|us|µs|μs|ns)")
#: A number with a point is no switch: it is a time in seconds, as the header tells it.
_SECONDS = re.compile(r"\d+\.\d*|\.\d+")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]*))?")
_SWITCH = re.compile(r"#?\s*(\d{1,18})")
_LINE = re.compile(r"(.*?)(?::|\bline\s)\s*(\d{1,9})")

#: Said where it is none of these.
EXPECTED = "Type a time (1.5 s, 20ms, 14:03:07.5), a switch (12), or a line of source (demo.py:14)"


class Time(NamedTuple):
    """So many nanoseconds after the beginning."""

    t_ns: int


class Clock(NamedTuple):
    """A time of day, in ns since midnight."""

    of_day_ns: int


class Number(NamedTuple):
    """The switch of that number, from 1, as people count them."""

    number: int


class Line(NamedTuple):
    """A line, from 1, of each file whose name ends in `file` ("": of any)."""

    file: str
    line: int

    def is_in(self, place: Place | None) -> bool:
        """Whether the expression of `place` stands on that line, or goes over it."""
        if place is None or not place.line <= self.line <= max(place.line, place.end_line):
            return False
        return self.names(place.file)

    def names(self, path: str) -> bool:
        """Whether that is one of its files."""
        if not self.file or path == self.file:
            return True
        # A trace may come from a machine with other separators; this one knows both.
        wanted, parts = ntpath.normpath(self.file).split("\\"), ntpath.normpath(path).split("\\")
        return parts[-len(wanted) :] == wanted

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else f"line {self.line}"


def goal(text: str) -> Time | Clock | Number | Line:
    """What `text` means. Raise ValueError, with one sentence, if it means nothing."""
    text = text.strip()
    if _SECONDS.fullmatch(text) is not None:
        text += "s"
    if (found := _TIME.fullmatch(text)) is not None:
        amount, unit = found.groups()
        whole, _, part = amount.partition(".")
        # Not by way of a float, which does not know every nanosecond.
        digits = 12
        scaled = int(whole or 0) * 10**digits + int(part[:digits].ljust(digits, "0"))
        return Time(scaled * _UNITS_NS[unit] // 10**digits)
    if (found := _CLOCK.fullmatch(text)) is not None:
        hour, minute, second, part = found.groups(default="")
        seconds = (int(hour) * 60 + int(minute)) * 60 + int(second)
        return Clock(seconds * _UNITS_NS["s"] + int(part[:9].ljust(9, "0")))
    if (found := _SWITCH.fullmatch(text)) is not None:
        return Number(int(found[1]))
    if (found := _LINE.fullmatch(text)) is not None:
        return Line(found[1].strip(), int(found[2]))
    raise ValueError(f"{EXPECTED}.")


def there_are(switches: int) -> str:
    """Said to whoever asks for a switch that is not there."""
    return "there is 1" if switches == 1 else f"there are {switches or 'none'}"
