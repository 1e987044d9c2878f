"""Where the time of a track went: in which states and waits, and what those did for whom it waited."""

from __future__ import annotations

from typing import NamedTuple

from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.hot_lines import spot_of
from visualizer.trace import words

#: So many tracks are followed of which one waits for the next.
_MOST_LINKS = 4
#: At most so many slices of a track are looked at.
_MOST_SLICES = 10_000


class Segment(NamedTuple):
    """All that a track spent in one state, or waiting in one line: for how long, and the longest time: from, to, and
    in which suspension (None if it did not wait)."""

    spent_ns: int
    start_ns: int
    end_ns: int
    state: int
    suspension: Suspension | None


def spent_in(timeline: Timeline, track: Track, since_ns: int, until_ns: int) -> list[Segment]:
    """Where its time went between these times, the most first."""
    slices = track.slices
    found: dict[tuple[int, str, Place | None], Segment] = {}
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
        known = found.get(key, Segment(0, start_ns, start_ns, state, suspension))
        if lasted_ns > known.end_ns - known.start_ns:
            known = Segment(known.spent_ns, start_ns, end_ns, state, suspension)
        found[key] = known._replace(spent_ns=known.spent_ns + lasted_ns)
    return sorted(found.values(), key=lambda segment: -segment.spent_ns)


def spent_told(timeline: Timeline, segment: Segment) -> str:
    spent = duration(segment.spent_ns, 2)
    if segment.suspension is None:
        did = {State.RUNNING: "ran", State.IDLE: "waited in a call"}.get(State(segment.state), "was ready")
        return f"it {did} for {spent}"
    suspension = segment.suspension
    if suspension.reason == words.SLEEP:
        return f"it slept {spent}{_at(suspension.place)}"
    what = f" in {suspension.on}" if "(" in suspension.on else f" for {suspension.on or suspension.reason}"
    return f"it waited {spent}{what}{_at(suspension.place)}"


def because_of(timeline: Timeline, track: Track, segment: Segment) -> tuple[str, set[int]]:
    """What the one that ended its longest wait did meanwhile, and so on: ", for b, which slept 0.5 s (demo.py:5)"; and
    who these are."""
    text = ""
    first, seen = track.id, {track.id}
    for _ in range(_MOST_LINKS):
        waker = _ended_by(timeline, track, segment)
        if segment.suspension is None or waker is None or waker.id in seen:
            break
        seen.add(waker.id)
        before = spent_in(timeline, waker, segment.start_ns, segment.end_ns)
        if not before:
            break
        track, segment = waker, before[0]
        text += f", for {timeline.name(waker.id)}, which {spent_told(timeline, segment).removeprefix('it ')}"
    return text, seen - {first}


def _ended_by(timeline: Timeline, track: Track, segment: Segment) -> Track | None:
    """The track that woke it at the end of the segment; None if that was a hub, or is not known."""
    slices = track.slices
    index = slices.at(segment.start_ns) + 1
    if index >= len(slices) or slices.state[index] != State.READY:
        return None
    waker = timeline.tracks.get(timeline.wakeups[slices.about[index]].waker)
    return waker if waker is not None and not waker.schedules else None


def _at(place: Place | None) -> str:
    return f" ({spot_of(place)})" if place is not None and place.file and place.line > 0 else ""
