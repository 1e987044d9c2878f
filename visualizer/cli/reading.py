"""A whole trace, for the commands that print it and are done."""

from __future__ import annotations

from visualizer.analysis.model import Timeline
from visualizer.cli import fail, warn
from visualizer.trace.source import Source, TraceError


def read_timeline(file: str) -> Timeline:
    """The model of the trace `file` ("-": standard input); what is wrong with it is told on stderr.

    Exit with one sentence if it is no trace.
    """
    timeline = Timeline()
    try:
        with Source.open(file) as source:
            for batch in source:
                timeline.feed_all(batch)
            timeline.header = source.header
    except TraceError as error:
        fail(str(error))
    for notice in source.notices:
        warn(notice)
    return timeline
