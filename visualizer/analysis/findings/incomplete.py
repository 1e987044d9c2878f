"""A problem of the trace itself: some of it is missing, so that other problems may be missing too."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, finding
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.losses import is_loss, missing


def incomplete(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Lines could not be read, or events were left out. One for all, at the time when the first was noticed."""
    sentence = missing(timeline)
    if sentence is not None:
        first = next(index for index, remark in enumerate(timeline.remarks) if is_loss(remark))
        yield finding("incomplete", sentence, (), timeline.remark_ns(first), None)
