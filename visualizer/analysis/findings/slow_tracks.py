"""The slowest of many tracks of a function, and where its time went: the critical path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from visualizer.analysis.findings.base import (
    LOCKS,
    OUTLIER_FACTOR,
    OUTLIER_NS,
    OUTLIER_OF,
    Finding,
    at,
    finding,
    listed,
    spawned_told,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.delays import hogs
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: Waits for what it has asked for.
_ASKED = frozenset((words.RESULT, words.JOIN, words.THREADPOOL, words.DNS, words.SUBPROCESS))
#: So many segments are told, and so many tracks are followed of which one waits for the next.
_MOST_SEGMENTS = 3
_MOST_LINKS = 4
#: At most so many slices of a track are looked at.
_MOST_SLICES = 10_000


class _Segment(NamedTuple):
    """All that a track spent in one state, or waiting in one line: for how long, and the longest time: from, to, and
    in which suspension (None if it did not wait)."""

    spent_ns: int
    start_ns: int
    end_ns: int
    state: int
    suspension: Suspension | None


def slow_track(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of OUTLIER_OF or more tracks of a line that ended, one took OUTLIER_NS longer than half of them, OUTLIER_FACTOR
    times as long, since it waited for a result or an end that it had asked for. One for each line.

    Not reported if hogs, locks, or others that ran explain half of that.
    """
    alike: dict[tuple[str, Place], list[tuple[int, Track]]] = {}
    for track in map(timeline.tracks.__getitem__, timeline.exits):
        if track.place is not None and track.kind in timeline.words.spawned and len(track.steps):
            alike.setdefault((track.base_name, track.place), []).append((track.exit_ns - track.spawn_ns, track))
    found: list[tuple[set[int], Finding]] = []
    for several in alike.values():
        if len(several) < OUTLIER_OF:
            continue
        several.sort(key=lambda one: one[0])
        median_ns, (took_ns, slowest) = several[len(several) // 2][0], several[-1]
        if took_ns - median_ns < OUTLIER_NS or took_ns < OUTLIER_FACTOR * median_ns:
            continue
        segments = _segments(timeline, slowest, slowest.spawn_ns, slowest.exit_ns)
        longest = segments[0].suspension if segments else None
        # Who waits for work, or sleeps as it was told to, is not slow.
        if longest is None or longest.reason not in _ASKED:
            continue
        if 2 * _explained_ns(timeline, observed, slowest, segments) > took_ns - median_ns:
            continue
        parts = [_told(timeline, segment) for segment in segments[:_MOST_SEGMENTS]]
        because, followed = _because(timeline, slowest, segments[0])
        parts[0] += because
        sentence = (
            f"{timeline.name(slowest.id)} took {duration(took_ns, 2)}, where half of the {len(several)} tracks "
            f"{spawned_told(slowest.place)} took at most {duration(median_ns, 2)}: {listed(parts)}"
        )
        place = longest.place
        tracks = (slowest.id,)
        cost_ns = took_ns - median_ns
        found.append((followed, finding("slow_track", sentence, tracks, slowest.spawn_ns, place, cost_ns, tracks)))
    # Whom another one waited for is told with that.
    told_of = {track for followed, _ in found for track in followed}
    yield from (one for _, one in found if one.tracks[0] not in told_of)


def _segments(timeline: Timeline, track: Track, since_ns: int, until_ns: int) -> list[_Segment]:
    """Where its time went between these times, the most first."""
    slices = track.slices
    found: dict[tuple[int, str, Place | None], _Segment] = {}
    first = max(0, slices.at(since_ns))
    for index in range(first, min(first + _MOST_SLICES, len(slices))):
        start_ns = max(slices.start_ns[index], since_ns)
        end_ns = min(slices.start_ns[index + 1] if index + 1 < len(slices) else timeline.last_ns, until_ns)
        if slices.start_ns[index] >= until_ns:
            break
        state, about = slices.state[index], slices.about[index]
        suspension = timeline.suspensions[about] if state == State.WAITING and about >= 0 else None
        key = (state, suspension.on, suspension.place) if suspension is not None else (state, "", None)
        lasted_ns = end_ns - start_ns
        known = found.get(key, _Segment(0, start_ns, start_ns, state, suspension))
        if lasted_ns > known.end_ns - known.start_ns:
            known = _Segment(known.spent_ns, start_ns, end_ns, state, suspension)
        found[key] = known._replace(spent_ns=known.spent_ns + lasted_ns)
    return sorted(found.values(), key=lambda segment: -segment.spent_ns)


def _explained_ns(timeline: Timeline, observed: Observed, track: Track, segments: list[_Segment]) -> int:
    """How much of its life is told as another problem."""
    found = 0
    for segment in segments:
        is_lock = segment.suspension is not None and segment.suspension.reason in LOCKS
        if is_lock or segment.state in (State.READY, State.CREATED):
            found += segment.spent_ns
    for _, turn in hogs(timeline, observed):
        found += max(0, min(turn.end_ns, track.exit_ns) - max(turn.start_ns, track.spawn_ns))
    return found


def _told(timeline: Timeline, segment: _Segment) -> str:
    spent = duration(segment.spent_ns, 2)
    if segment.suspension is None:
        did = {State.RUNNING: "ran", State.IDLE: "waited in a call"}.get(State(segment.state), "was ready")
        return f"it {did} for {spent}"
    suspension = segment.suspension
    if suspension.reason == words.SLEEP:
        return f"it slept {spent}{at(suspension.place)}"
    what = f" in {suspension.on}" if "(" in suspension.on else f" for {suspension.on or suspension.reason}"
    return f"it waited {spent}{what}{at(suspension.place)}"


def _because(timeline: Timeline, track: Track, segment: _Segment) -> tuple[str, set[int]]:
    """What the one that ended its longest wait did meanwhile, and so on: ", for b, which slept 0.5 s (demo.py:5)"; and
    who these are."""
    text = ""
    first, seen = track.id, {track.id}
    for _ in range(_MOST_LINKS):
        waker = _ended_by(timeline, track, segment)
        if segment.suspension is None or waker is None or waker.id in seen:
            break
        seen.add(waker.id)
        before = _segments(timeline, waker, segment.start_ns, segment.end_ns)
        if not before:
            break
        track, segment = waker, before[0]
        text += f", for {timeline.name(waker.id)}, which {_told(timeline, segment).removeprefix('it ')}"
    return text, seen - {first}


def _ended_by(timeline: Timeline, track: Track, segment: _Segment) -> Track | None:
    """The track that woke it at the end of the segment; None if that was a hub, or is not known."""
    slices = track.slices
    index = slices.at(segment.start_ns) + 1
    if index >= len(slices) or slices.state[index] != State.READY:
        return None
    waker = timeline.tracks.get(timeline.wakeups[slices.about[index]].waker)
    return waker if waker is not None and not waker.schedules else None
