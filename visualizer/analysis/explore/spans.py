"""`0.5-2` and `#3-#17`: which part of a trace is meant."""

from __future__ import annotations

import re
from decimal import Decimal

from visualizer.analysis.explore.targets import there_are
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.durations import duration

#: Neither side has to be there. # alone is the first switch, or the last.
_MOMENT = r"#[0-9]{0,12}|[0-9]{1,10}(?:\.[0-9]{0,12})?|"
_SPAN = re.compile(f"({_MOMENT})-({_MOMENT})", re.ASCII)


_HOW = "say seconds as in '0.5', or a switch as in '#3'"


def is_span(text: str) -> bool:
    """Whether that is written as a span is."""
    return _SPAN.fullmatch(text) is not None and text != "-"


def moment_ns(timeline: Timeline, file: str, moment: str) -> int:
    """The time of a moment that is written as in a span: `0.5` or `#3`.

    Raise ValueError, with a sentence, if it is not written so, or the trace `file` has no such moment.
    """
    if not moment or not is_span(f"{moment}-"):
        raise ValueError(f"{moment!r} is no moment of a trace: {_HOW}.")
    t_ns, last_ns = _moment_ns(timeline, moment, _switch(timeline, file, moment, 1)), timeline.last_ns
    if t_ns > last_ns:
        raise ValueError(f"{moment!r} is after the end of the trace {file!r}, which is {duration(last_ns)} long.")
    return t_ns


def part_of(timeline: Timeline, file: str, span: str | None) -> Part:
    """The part of the trace `file` that `span`, None: all of it, stands for.

    Raise ValueError, with a sentence, if it is not written so, or there is no such part. An end after that of the
    trace is the trace's.
    """
    if span is None:
        return Part.whole(timeline)
    if not is_span(span):
        raise ValueError(f"{span!r} is no part of a trace: {_HOW}.")
    since, until = span.split("-")
    first = _switch(timeline, file, since, 1)
    last = _switch(timeline, file, until, timeline.switch_count)
    start_ns = _moment_ns(timeline, since, first) if since else 0
    end_ns = min(_moment_ns(timeline, until, last), timeline.last_ns) if until else timeline.last_ns
    if start_ns > timeline.last_ns:
        lasts = duration(timeline.last_ns)
        raise ValueError(f"The span {span!r} begins after the end of the trace {file!r}, which lasts {lasts}.")
    if start_ns > end_ns or (first and last and first > last):
        raise ValueError(f"The span {span!r} ends before it begins.")
    if start_ns == end_ns and not (first and last and first < last):
        raise ValueError(f"The span {span!r} is empty: it ends where it begins.")
    part = Part.between(timeline, start_ns, end_ns)
    # Several switches may be of the same nanosecond.
    return part._replace(first=first - 1 if first else part.first, stop=last or part.stop)


def _switch(timeline: Timeline, file: str, moment: str, default: int) -> int:
    """The number of the switch that `moment` names, from 1; 0 if it names none. Raise ValueError if it is not there."""
    if not moment.startswith("#"):
        return 0
    number = int(moment[1:] or default)
    if not 1 <= number <= timeline.switch_count:
        which = f" #{number}" if moment[1:] else ""
        raise ValueError(f"The trace {file!r} has no switch{which}: {there_are(timeline.switch_count)}.")
    return number


def _moment_ns(timeline: Timeline, moment: str, switch: int) -> int:
    return timeline.switch_ns[switch - 1] if switch else int(Decimal(moment).scaleb(9))
