"""How a moment of a trace is shown: since its start, relative to another moment, or as time of day."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from math import floor, log10

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.durations import UNITS

_NS_PER_S = 1_000_000_000
DAY_NS = 86_400 * _NS_PER_S
#: Round numbers of seconds on a clock, beyond ten.
_CLOCK_S = (20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)


class Since(Enum):
    """What a time counts from."""

    START = "start"
    MOMENT = "moment"
    MIDNIGHT = "midnight"


@dataclass(frozen=True)
class TimeFormat:
    """A moment `t_ns` of the trace is shown as t_ns - zero_ns: since the start, a moment, or the midnight before it."""

    since: Since = Since.START
    zero_ns: int = 0

    def moment(self, t_ns: int, of_ns: int) -> str:
        """A moment of a trace that lasts `of_ns`, with as many digits at every moment of it."""
        shown_ns = t_ns - self.zero_ns
        digits, unit, unit_ns = digits_of(of_ns)
        if self.since is Since.MIDNIGHT:
            return clock(shown_ns, digits)
        text = f"{abs(shown_ns) / unit_ns:.3f} {unit}"
        if self.since is Since.START:
            return text
        return f"{'-' if shown_ns < 0 else '+'}{text}"

    def labels(self, first_ns: float, last_ns: float) -> Labels:
        """How the ticks of a ruler from `first_ns` to `last_ns` are labelled."""
        return Labels(self, max(abs(last_ns - self.zero_ns), abs(first_ns - self.zero_ns) if self.zero_ns else 0))


@dataclass(frozen=True)
class Labels:
    """Labels of a ruler on which the number that is furthest from 0 is `most_ns`."""

    time_format: TimeFormat
    most_ns: float

    def round(self, least_ns: float) -> float:
        """The first round distance between two ticks that is not below `least_ns`."""
        if self.time_format.since is Since.MIDNIGHT and least_ns > 10 * _NS_PER_S:
            return next((float(s * _NS_PER_S) for s in _CLOCK_S if s * _NS_PER_S >= least_ns), nice(least_ns))
        return nice(least_ns)

    def label(self, t_ns: float, step_ns: float) -> str:
        """The label at `t_ns`, with as many digits as ticks `step_ns` apart need."""
        shown_ns = t_ns - self.time_format.zero_ns
        if self.time_format.since is Since.MIDNIGHT:
            return clock(int(shown_ns), max(0, -floor(log10(step_ns / _NS_PER_S) + 1e-9)))
        unit, unit_ns = next((unit, unit_ns) for least, unit, unit_ns in UNITS if self.most_ns >= least)
        decimals = max(0, -floor(log10(step_ns / unit_ns) + 1e-9))
        sign = "+" if self.time_format.since is Since.MOMENT and shown_ns > 0 else ""
        return f"{sign}{shown_ns / unit_ns:.{decimals}f} {unit}"


SINCE_START = TimeFormat()
#: From which length of a trace on, with which decimals and in which unit its moments are shown.
_DIGITS = ((100_000_000, (3, "s", 1e9)), (100_000, (6, "ms", 1e6)), (0, (9, "µs", 1e3)))


def digits_of(of_ns: int) -> tuple[int, str, float]:
    """With how many decimals, and in which unit of how many ns, the moments of a trace of that length are shown."""
    return next(found for least, found in _DIGITS if of_ns >= least)


def nice(least: float) -> float:
    """The first of 1, 2, 5, 10, 20, 50, ... that is not below `least`."""
    power = 10.0 ** floor(log10(max(1.0, least)))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least)


def clock(of_day_ns: int, decimals: int) -> str:
    """A time of day, such as "14:03:07.5"; so many decimals of a second."""
    seconds, rest_ns = divmod(of_day_ns % DAY_NS, _NS_PER_S)
    minutes, second = divmod(seconds, 60)
    part = f".{rest_ns:09d}"[: decimals + 1] if decimals else ""
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}{part}"


def by_the_clock(timeline: Timeline) -> TimeFormat | None:
    """Time of day in the viewer's time zone; None if the trace does not contain it."""
    header = timeline.header
    if header is None or header.wall_ns <= 0:
        return None
    try:
        offset_s = time.localtime(header.wall_ns // _NS_PER_S).tm_gmtoff
    except (OverflowError, OSError, ValueError):
        # A damaged header may contain an impossible year.
        return None
    return TimeFormat(Since.MIDNIGHT, -((header.wall_ns + offset_s * _NS_PER_S) % DAY_NS))


def time_of_clock(timeline: Timeline, of_day_ns: int) -> int | None:
    """When, in ns since the start, the clock first shows that time of day; None if it is not known."""
    time_format = by_the_clock(timeline)
    return None if time_format is None else (of_day_ns + time_format.zero_ns) % DAY_NS
