"""Exceptions that a Future of concurrent.futures got, and that nobody ever asked it for."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, spot
from visualizer.analysis.model.timeline import Place, Timeline
from visualizer.trace import events as ev


def in_futures(timeline: Timeline) -> Iterator[Finding]:
    """One for each line that gave such a call to somebody, and line that raised; about the first."""
    alike: dict[tuple[Place | None, str, str], list[ev.Unasked]] = {}
    for remark in timeline.remarks:
        if isinstance(remark, ev.Unasked):
            kind = remark.exception.partition("(")[0]
            alike.setdefault((timeline.place(remark.place), remark.raised_at, kind), []).append(remark)
    for (given, raised_at, _), several in alike.items():
        first = min(several, key=lambda one: one.raised_ns)
        raised, known = _line(raised_at), first.track in timeline.tracks
        sentence = f"what was given to be done at {spot(given)}" if spot(given) else "a call"
        sentence += f" raised {first.exception}{at(raised)}"
        sentence += f", in {timeline.name(first.track)}" if known else ""
        sentence += " → exception never retrieved: nobody asked its Future for that"
        sentence += f"; the first of {len(several)} times" if len(several) > 1 else ""
        tracks = (first.track,) if known else ()
        yield finding("unretrieved", sentence, tracks, first.raised_ns, raised or given)


def _line(raised_at: str) -> Place | None:
    """The line of a text such as "demo.py:5"."""
    file, _, line = raised_at.rpartition(":")
    return Place(file, "", int(line), int(line), -1, -1) if file and line.isdecimal() else None
