"""Timeouts of gevent's and eventlet's that were never closed, and struck what their greenlet did later."""

from __future__ import annotations

from collections.abc import Iterator

from visualizer.analysis.findings.base import Finding, at, finding, suspension_before, worst_of
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.model.timeline import Place, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.trace import events as ev
from visualizer.trace import words


def stray_timeout(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Whoever started a Timeout had returned without closing it, and nobody else could. One for each such place."""
    alike: dict[Place | None, list[tuple[ev.Struck, Suspension]]] = {}
    for struck, suspension in struck_waits(timeline):
        alike.setdefault(timeline.place(struck.place), []).append((struck, suspension))
    for place, several in alike.items():
        struck, suspension = max(several, key=lambda one: one[0].t_ns - one[1].t_ns)
        lasted_ns = sum(one.t_ns - waited.t_ns for one, waited in several)
        function = place.function.rpartition(".")[2] if place is not None else ""
        started = f"{function}()" if function.isidentifier() else "what"
        waits = "sleep of" if suspension.reason == words.SLEEP else "wait in"
        struck_in = f"{waits} {suspension.on}" if suspension.on else "wait"
        sentence = (
            f"a Timeout struck {timeline.name(struck.track)}'s {struck_in}{at(suspension.place)} that was not meant: "
            f"{started} had started it{at(place)} for {duration(struck.asked_ns, 2)}, and returned without closing it"
            f"{worst_of(len(several), 'such waits')}"
        )
        tracks = [struck.track, *(one.track for one, _ in several)]
        yield finding("stray_timeout", sentence, tracks, struck.t_ns, place, lasted_ns, tracks)


def struck_waits(timeline: Timeline) -> Iterator[tuple[ev.Struck, Suspension]]:
    """Each such Timeout that struck, and the wait that it ended."""
    for remark in timeline.remarks:
        if isinstance(remark, ev.Struck) and remark.track in timeline.tracks:
            suspension = suspension_before(timeline, timeline.tracks[remark.track], remark.t_ns)
            if suspension is not None:
                yield remark, suspension
