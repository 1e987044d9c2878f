"""The slowest of many tracks of a function, and where its time went: the critical path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.answers import slow_answer
from visualizer.analysis.findings.base import (
    LOCKS,
    MEMBERS_OF,
    OUTLIER_FACTOR,
    OUTLIER_NS,
    OUTLIER_OF,
    Finding,
    at,
    finding,
    listed,
    spawned_told,
    worst_of,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.hog_turns import hogs
from visualizer.analysis.findings.waits import all_waits
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track, joined_tracks
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.segments import Segment, because_of, spent_in, spent_told
from visualizer.analysis.text.source_text import called
from visualizer.trace import words

#: Waits for what it has asked for.
_ASKED = frozenset((words.RESULT, words.JOIN, words.THREADPOOL, words.DNS, words.SUBPROCESS))
#: So many segments are told, and only those of at least this share of the longest.
_MOST_SEGMENTS = 3
_TOLD_SHARE = 0.05


class _Joined(NamedTuple):
    """In a wait for the ends of tracks, `suspension`, `last` ended `alone_ns` after all `others`."""

    suspension: Suspension
    last: Track
    others: list[Track]
    alone_ns: int


def slow_track(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of OUTLIER_OF or more tracks of a line that ended, one took OUTLIER_NS longer than half of them, OUTLIER_FACTOR
    times as long, since it waited for a result or an end that it had asked for. One for each line.

    Or of MEMBERS_OF or more tracks whose ends a track waited for, one ended OUTLIER_NS after the others, and that was
    at least half of the wait. One for each line that waits.

    Not reported if hogs, locks, or others that ran explain half of that.
    """
    found = [*_of_lines(timeline, observed), *_of_joins(timeline, observed)]
    # Whom another one waited for is told with that.
    told_of = {track for followed, _ in found for track in followed}
    for _, one in found:
        if one.tracks[0] not in told_of:
            told_of.add(one.tracks[0])
            yield one


def _of_lines(timeline: Timeline, observed: Observed) -> Iterator[tuple[set[int], Finding]]:
    """The slowest of a line, and whom its sentence names."""
    alike: dict[tuple[str, Place], list[tuple[int, int]]] = {}
    for id, name, place, lasted_ns in timeline.tracks.ended_after_steps(timeline.words.spawned):
        if place is not None:
            alike.setdefault((name, place), []).append((lasted_ns, id))
    for several in alike.values():
        if len(several) < OUTLIER_OF:
            continue
        several.sort(key=lambda one: one[0])
        median_ns, (took_ns, id) = several[len(several) // 2][0], several[-1]
        if took_ns - median_ns < OUTLIER_NS or took_ns < OUTLIER_FACTOR * median_ns:
            continue
        slowest = timeline.tracks[id]
        spent = spent_in(timeline, slowest, slowest.spawn_ns, slowest.exit_ns)
        longest = spent[0].suspension if spent else None
        # Who waits for work, or sleeps as it was told to, is not slow.
        if longest is None or longest.reason not in _ASKED:
            continue
        if 2 * _explained_ns(timeline, observed, slowest, spent) > took_ns - median_ns:
            continue
        where, followed = _where(timeline, slowest, spent)
        sentence = (
            f"{timeline.name(slowest.id)} took {duration(took_ns, 2)}, where half of the {len(several)} tracks "
            f"{spawned_told(slowest.place)} took at most {duration(median_ns, 2)}: {where}"
        )
        tracks, cost_ns = (slowest.id,), took_ns - median_ns
        yield followed, finding("slow_track", sentence, tracks, slowest.spawn_ns, longest.place, cost_ns, tracks)


def _of_joins(timeline: Timeline, observed: Observed) -> Iterator[tuple[set[int], Finding]]:
    """The same of the slowest of those for whose ends others waited: the worst of each line."""
    alike: dict[Place | None, list[_Joined]] = {}
    for joined in _joins(timeline, observed):
        alike.setdefault(joined.suspension.place, []).append(joined)
    answers = {track for one in slow_answer(timeline, observed) for track in one.tracks} if alike else set()
    for several in alike.values():
        suspension, last, others, alone_ns = max(several, key=lambda one: one.alone_ns)
        spent = spent_in(timeline, last, last.exit_ns - alone_ns, last.exit_ns)
        longest = spent[0].suspension if spent else None
        if longest is None or last.id in answers or 2 * spent[0].spent_ns < alone_ns:
            continue
        is_asked = longest.reason in _ASKED or longest.direction in (words.CONNECT, words.READ, words.WRITE)
        # It sleeps as it was told to, unless all the others are told the same.
        is_asked |= longest.reason == words.SLEEP and {last.base_name} == {one.base_name for one in others}
        if not is_asked or 2 * _explained_ns(timeline, observed, last, spent) > alone_ns:
            continue
        where, followed = _where(timeline, last, spent)
        waiter, call = timeline.name(suspension.track), called(suspension.on)
        on = f"{call.thing}.{call.method}()" if call is not None else suspension.on
        sentence = (
            f"{timeline.name(last.id)} ended {duration(alone_ns, 2)} after the {len(others)} others that {waiter} "
            f"waited for{f' in {on}' if on else ''}{at(suspension.place)}: {where}"
        )
        sentence += worst_of(len(several), "such waits").replace("longest", "worst")
        cost_ns = sum(one.alone_ns for one in several)
        tracks, losers = (last.id, suspension.track), {one.suspension.track for one in several}
        since_ns = last.exit_ns - alone_ns
        yield followed, finding("slow_track", sentence, tracks, since_ns, longest.place, cost_ns, losers)


def _joins(timeline: Timeline, observed: Observed) -> Iterator[_Joined]:
    columns, texts = timeline.columns.suspensions, timeline.columns.texts
    details = [
        number
        for number, (reason, asked, _) in enumerate(columns.details.known)
        if reason == words.JOIN
        and asked >= 0
        and len(joined_tracks(texts.get(columns.asked.known[asked][2], ""))) >= MEMBERS_OF
    ]
    if not details:
        return
    every = all_waits(timeline, observed)
    those = np.isin(np.asarray(columns.detail)[every.suspension], details) & (every.waker >= 0)
    those &= every.end_ns - every.start_ns >= OUTLIER_NS
    for row in np.flatnonzero(those).tolist():
        suspension = timeline.suspensions[int(every.suspension[row])]
        since_ns, until_ns = int(every.start_ns[row]), int(every.end_ns[row])
        tracks = [timeline.tracks[number] for number in joined_tracks(suspension.object) if number in timeline.tracks]
        tracks.sort(key=lambda track: track.exit_ns)
        # It waited for the ends of all, and no longer.
        waker = timeline.wakeups[int(every.waker[row])].waker
        if len(tracks) < MEMBERS_OF or waker != tracks[-1].id or not 0 <= tracks[0].exit_ns <= until_ns:
            continue
        last = tracks[-1]
        alone_ns = last.exit_ns - max(tracks[-2].exit_ns, since_ns)
        if alone_ns >= OUTLIER_NS and 2 * alone_ns >= until_ns - since_ns:
            yield _Joined(suspension, last, tracks[:-1], alone_ns)


def _where(timeline: Timeline, track: Track, spent: list[Segment]) -> tuple[str, set[int]]:
    """Where its time went, in words; and who is named there."""
    told = [one for one in spent[:_MOST_SEGMENTS] if one.spent_ns >= _TOLD_SHARE * spent[0].spent_ns]
    parts = [spent_told(timeline, segment) for segment in told]
    because, followed = because_of(timeline, track, spent[0])
    parts[0] += because
    return listed(parts), followed


def _explained_ns(timeline: Timeline, observed: Observed, track: Track, spent: list[Segment]) -> int:
    """How much of its life is told as another problem."""
    found = 0
    for segment in spent:
        is_lock = segment.suspension is not None and segment.suspension.reason in LOCKS
        if is_lock or segment.state in (State.READY, State.CREATED):
            found += segment.spent_ns
    for _, turn in hogs(timeline, observed):
        found += max(0, min(turn.end_ns, track.exit_ns) - max(turn.start_ns, track.spawn_ns))
    return found
