"""A thread waits for the end of a process that it has given a pipe, which is full, and that nobody reads from."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import STUCK_NS, Finding, at, end_told, finding, listed, thread_waits
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words


def full_pipes(timeline: Timeline) -> Iterator[Finding]:
    """One for each thread that still waits so at the end of what is known, for STUCK_NS or longer."""
    last = {tie.track: tie for tie in timeline.ties if tie.relation == words.UNREAD}
    for track_id, tie in last.items():
        track = timeline.tracks.get(track_id)
        waits = thread_waits(timeline, track) if track is not None else None
        if waits is None or waits.t_ns > tie.t_ns or not tie.object or timeline.last_ns - waits.t_ns < STUCK_NS:
            continue
        fields = tie.object.split(" ")
        full = zip(fields[::3], fields[1::3], fields[2::3], strict=False)
        told = [f"{name} ({_bytes(size, most)})" for name, size, most in full]
        cost_ns = timeline.last_ns - waits.t_ns
        child = next((one.track for one in timeline.processes[1:] if one.name == waits.object), words.NOBODY)
        who = timeline.name(child) if child in timeline.tracks else waits.object
        pipe = "a full pipe that nobody reads" if len(told) == 1 else "full pipes that nobody reads"
        sentence = (
            f"{timeline.name(track_id)} waits in {waits.on}{at(waits.place)} for the end of {who}, which has for its "
            f"{listed(told)} {pipe} → {who} waits to write there (inferred), until {end_told(timeline)}"
        )
        those = [track_id, *([child] if child in timeline.tracks else [])]
        yield finding("deadlock", sentence, those, tie.t_ns, waits.place, cost_ns, those[:1])


def _bytes(size: str, most: str) -> str:
    """How full it is: where writes were not as long as a page, it takes less."""
    if not (size.isdecimal() and most.isdecimal()):
        return "full"
    return f"{int(size):,} bytes{f' of at most {int(most):,}' * (size != most)}"
