"""Calls that a generator or greenlet refused: what was asked for did not happen."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.raised import unretrieved
from visualizer.analysis.findings.refusals import ended_by, meant, waits_alike
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import events as ev


def refused(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A track resumed a generator that was running, or not to be resumed so, or a greenlet of another thread; or waited
    for what another one waits for already."""
    told = {one.tracks[0] for one in unretrieved(timeline, observed)}
    for remark in timeline.remarks:
        if isinstance(remark, ev.Refused):
            place = timeline.place(remark.place)
            if place is not None and timeline.uncaught_at is not None and place[:3] == timeline.uncaught_at[:3]:
                # It ended the program, and is told as that.
                continue
            by = timeline.tracks.get(remark.by)
            if by is not None and by.id in told and ended_by(timeline, observed, by) is remark:
                continue  # It is told with that.
            known = [track for track in (remark.by, remark.track) if track in timeline.tracks]
            who = timeline.name(remark.by) if remark.by in timeline.tracks else "the program"
            asked = timeline.tracks.get(remark.track)
            what = f" by {timeline.name(asked.id)}" if asked is not None and not waits_alike(remark) else ""
            sentence = f"{who} was refused{what}{at(place)}: {remark.exception}{meant(timeline, remark)}"
            yield finding("refused", sentence, known, remark.t_ns, place)

