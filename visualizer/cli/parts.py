"""`FILE@SPAN` on the command line: a trace, or a part of one."""

from __future__ import annotations

import os
import re
from decimal import Decimal

from visualizer.analysis.comparison import Part
from visualizer.analysis.durations import duration
from visualizer.analysis.model import Timeline
from visualizer.cli import fail

#: What a span looks like; neither side has to be there. # alone is the first switch, or the last.
_HOW = "write seconds as in @0.5-2 or @0.5-, or numbers of switches as in @#3-#17"
_MOMENT = r"#[0-9]{0,12}|[0-9]{1,9}(?:\.[0-9]{0,12})?|"
_SPAN = re.compile(f"({_MOMENT})-({_MOMENT})", re.ASCII)


def split_span(argument: str) -> tuple[str, str | None]:
    """The file, and the span if one was asked for. A file of that whole name comes first.

    Exit with one sentence if what stands behind the last @ is no span, but a file is called as what stands before it.
    """
    file, at, span = argument.rpartition("@")
    if not at or not file or os.path.exists(argument):
        return argument, None
    if _SPAN.fullmatch(span) and span != "-":
        return file, span
    if file == "-" or os.path.exists(file):
        fail(f"{span!r} is no part of a trace; {_HOW}.")
    return argument, None


def part_of(timeline: Timeline, file: str, span: str | None) -> Part:
    """The part of the trace `file` that `span`, as `split_span` gives it, stands for.

    Exit with one sentence if it has no such part. An end behind that of the trace is the trace's.
    """
    if span is None:
        return Part.whole(timeline)
    since, until = span.split("-")
    first = _switch(timeline, file, since, 1)
    last = _switch(timeline, file, until, timeline.switch_count)
    start_ns = _moment_ns(timeline, since, first) if since else 0
    end_ns = min(_moment_ns(timeline, until, last), timeline.last_ns) if until else timeline.last_ns
    if start_ns > timeline.last_ns:
        lasts = duration(timeline.last_ns)
        fail(f"The span {span!r} begins behind the end of the trace {file!r}, which is {lasts} long.")
    if start_ns > end_ns or (first and last and first > last):
        fail(f"The span {span!r} ends before it begins.")
    if start_ns == end_ns and not (first and last and first < last):
        fail(f"The span {span!r} is empty: it ends where it begins.")
    part = Part.between(timeline, start_ns, end_ns)
    # Several switches may be of the same nanosecond.
    return part._replace(first=first - 1 if first else part.first, stop=last or part.stop)


def _switch(timeline: Timeline, file: str, moment: str, default: int) -> int:
    """The number of the switch that `moment` names, from 1; 0 if it names none. Exit if there is no such switch."""
    if not moment.startswith("#"):
        return 0
    number = int(moment[1:] or default)
    if not 1 <= number <= timeline.switch_count:
        which = f" #{number}" if moment[1:] else ""
        fail(f"The trace {file!r} has no switch{which}: there are {timeline.switch_count or 'none'}.")
    return number


def _moment_ns(timeline: Timeline, moment: str, switch: int) -> int:
    return timeline.switch_ns[switch - 1] if switch else int(Decimal(moment).scaleb(9))
