"""Queues into which more is put than is taken out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from visualizer.analysis.findings.base import GREW_NS, GREW_TO, Finding, at, finding, listed
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.segments import spent_in, spent_told
from visualizer.analysis.model.timeline import Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.source_text import called
from visualizer.trace import words


def queue_grows(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A queue without a limit grew to GREW_TO items or more as long as its loop lived, for GREW_NS or longer: in each
    quarter of that time, and it never shrank, though somebody took from it.
    """
    for (loop, thing), sizes in timeline.sizes.items():
        track = timeline.tracks.get(loop)
        if track is None or sizes[-1][1] < GREW_TO:
            continue
        # A hub ends with its thread.
        thread = timeline.tracks.get(track.parent) or track
        ends_ns = [one.exit_ns for one in (track, thread) if one.exit_ns >= 0]
        until_ns = min(ends_ns, default=timeline.last_ns)
        since_ns = sizes[0][0]
        if until_ns - since_ns < GREW_NS or not _only_grows(sizes, until_ns):
            continue
        takes = _takers(timeline, track, thing)
        if takes:
            yield _told(timeline, thing, sizes, takes)


def _only_grows(sizes: list[tuple[int, int]], until_ns: int) -> bool:
    """Whether it grew in each quarter of the time from the first to `until_ns`, and never shrank."""
    since_ns = sizes[0][0]
    grown = {4 * (t_ns - since_ns) // (until_ns - since_ns) for t_ns, _ in sizes[1:]}
    counts = [count for _, count in sizes]
    return grown >= {0, 1, 2, 3} and counts == sorted(counts)


def _takers(timeline: Timeline, loop: Track, thing: str) -> dict[int, Suspension]:
    """Who took from it, having waited for that: the last such wait of each."""
    columns, texts = timeline.columns.suspensions, timeline.columns.texts
    details = [
        number
        for number, (reason, asked, _) in enumerate(columns.details.known)
        if reason == words.QUEUE and asked >= 0 and texts.get(columns.asked.known[asked][2]) == thing
    ]
    found: dict[int, Suspension] = {}
    for number in np.flatnonzero(np.isin(np.asarray(columns.detail), details)).tolist():
        suspension = timeline.suspensions[number]
        track = timeline.tracks[suspension.track]
        call = called(suspension.on)
        # Nobody waits to put something into it.
        if track.process == loop.process and (call is None or call.method != "join"):
            found[track.id] = suspension
    return found


def _told(timeline: Timeline, thing: str, sizes: list[tuple[int, int]], takes: dict[int, Suspension]) -> Finding:
    first = next(iter(takes))
    suspension, (since_ns, _), (until_ns, count) = takes[first], sizes[0], sizes[-1]
    call = called(suspension.on)
    name = f"{call.thing} ({thing})" if call is not None else thing
    who = listed([timeline.name(track) for track in takes])
    spent = spent_in(timeline, timeline.tracks[first], since_ns, until_ns)
    did = f", while {timeline.name(first)} {spent_told(timeline, spent[0]).removeprefix('it ')}" if spent else ""
    sentence = (
        f"more was put into {name} than {who} took out{at(suspension.place)}{did} → it grew to {count:,} items "
        f"in {duration(until_ns - since_ns, 2)}, and never shrank"
    )
    return finding("queue_grows", sentence, takes, since_ns, suspension.place)
