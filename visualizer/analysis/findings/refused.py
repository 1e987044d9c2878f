"""Calls that a generator or greenlet refused: what was asked for did not happen."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev
from visualizer.trace import words


def refused(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A track resumed a generator that was running, or not to be resumed so; or a greenlet of another thread."""
    for remark in timeline.remarks:
        if isinstance(remark, ev.Refused):
            place = timeline.place(remark.place)
            if place is not None and timeline.uncaught_at is not None and place[:3] == timeline.uncaught_at[:3]:
                # It ended the program, and is told as that.
                continue
            known = [track for track in (remark.by, remark.track) if track in timeline.tracks]
            who = timeline.name(remark.by) if remark.by in timeline.tracks else "the program"
            what = f" by {timeline.name(remark.track)}" if remark.track in timeline.tracks else ""
            sentence = f"{who} was refused{what}{at(place)}: {remark.exception}{_in_use(timeline, remark)}"
            yield finding("refused", sentence, known, remark.t_ns, place)


def _in_use(timeline: Timeline, remark: ev.Refused) -> str:
    """Who had resumed a generator that is running."""
    track = timeline.tracks.get(remark.track)
    if track is None or "already executing" not in remark.exception:
        return ""
    before = [index for index in track.steps if timeline.switch(index).t_ns <= remark.t_ns]
    causes = (words.NEXT, words.SEND, words.THROW, words.CLOSE)
    for switch in map(timeline.switch, reversed(before)):
        if switch.cause in causes:
            return f" → {timeline.name(switch.origin)} had resumed {timeline.name(remark.track)} and waits for it"
    return ""
