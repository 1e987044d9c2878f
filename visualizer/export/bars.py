"""The slices of each track with their labels, for formats that have the events themselves.

Of a long trace a viewer gets no more than it can show: what is very short is drawn together, as the screen does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from visualizer.analysis.index.polls import as_called, of_threads
from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import FINAL, State, Timeline, Track
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.durations import duration
from visualizer.paint.rows.order import RowList, Wish
from visualizer.paint.text.wait_labels import labels, wait_label
from visualizer.trace import words
from visualizer.trace.columns import Column

_NO_STATES = [int(state) for state in FINAL]
_NAMES = [state.name.lower() for state in State]
#: What a viewer is given at most: tracks, and about as many slices.
MOST_TRACKS, MOST_SLICES = 20_000, 500_000


class Bars(NamedTuple):
    """The slices of one track that lie in a part, in order of time, cut off at its ends; none of after its end.

    `label`: such as "sleep 2 s"; else the state, such as "running". `woken_by`: the index of the wakeup that began it,
    -1 if none did. `are_together`: some are several slices, drawn together as the state that takes the most of it,
    "mostly running".
    """

    track: Track
    state: list[int]
    start_ns: list[int]
    end_ns: list[int]
    label: list[str]
    woken_by: list[int]
    are_together: bool = False


def tracks_of(part: Part, names: tuple[str, ...] = ()) -> list[int]:
    """The tracks of the part in the order of the screen's rows, by their ids; of those names only, if any are given.

    Raise ValueError, with a sentence, if there is no track of such a name.
    """
    timeline = part.timeline
    found = [row.track for row in RowList(timeline).arrange(Wish(only=part.lives))]
    if not names:
        return found
    known = {timeline.name(track) for track in found}
    for name in names:
        if name not in known:
            raise ValueError(f"There is no track {name!r} there")
    return [track for track in found if timeline.name(track) in names]


def for_viewers(part: Part, names: tuple[str, ...], tell: Callable[[str], None]) -> list[Bars]:
    """Those of the tracks of `tracks_of`, at most as many as a viewer takes. `tell` is told what is not there."""
    ids = tracks_of(part, names)
    if len(ids) > MOST_TRACKS:
        tell(f"Only the first {MOST_TRACKS:,} of {len(ids):,} tracks are there; --tracks chooses others.")
    ids = ids[:MOST_TRACKS]
    tracks = [part.timeline.tracks[id] for id in ids]
    short_ns = 0
    if sum(len(track.slices) for track in tracks) > MOST_SLICES:
        inside = [_inside(part, track) for track in tracks]
        start_ns, end_ns = (np.concatenate(ends) for ends in zip(*(ends for _, *ends in inside), strict=True))
        if len(start_ns) > MOST_SLICES:
            short_ns = _short_ns(start_ns, end_ns)
            tell(f"Slices shorter than {duration(short_ns)} are drawn together; --from and --to show a part in full.")
    return [*bars_of(part, ids, short_ns)]


def _short_ns(start_ns: Column, end_ns: Column) -> int:
    """Which slices have to be drawn together so that there are not too many."""
    # Between two longer ones there may be one of several that are shorter.
    short_ns = 2 * int((end_ns - start_ns).sum()) // MOST_SLICES + 1
    # That is the worst: most of them may lie close together.
    while short_ns > 1 and len(_together(start_ns, end_ns, short_ns // 2)[0]) <= MOST_SLICES:
        short_ns //= 2
    return short_ns


class Table(NamedTuple):
    """The slices of many tracks, one track after another: whose each is, its state, and where it begins and ends.
    `label`: as of Bars."""

    track: Column
    state: Column
    start_ns: Column
    end_ns: Column
    label: list[str]


def table_of(part: Part, ids: Sequence[int], every: AllSlices) -> Table:
    """Those of these tracks that lie in the part. `every`: all that these tracks have; no track is made for that."""
    timeline = part.timeline
    end_ns, sizes = every.end_ns(timeline.last_ns), np.diff(every.bounds)
    (inside,) = np.nonzero(
        (end_ns >= part.start_ns) & (every.start_ns <= part.end_ns) & ~np.isin(every.state, _NO_STATES)
    )
    track = np.repeat(np.array(ids, dtype=np.int64), sizes)[inside]
    state, about = every.state[inside], every.about[inside]
    label = _plain_labels(timeline, state, np.where(np.isin(track, timeline.tracks.scheduling()), -1, about), {})
    first = np.repeat(every.bounds[:-1], sizes)
    for at in np.flatnonzero(state == State.BLOCKED).tolist():
        index = int(inside[at] - first[inside[at]])
        label[at] = labels(timeline, timeline.tracks[int(track[at])], index)[0]
    state = as_called(timeline, every.state, every.about, of_threads(timeline, ids, sizes))[inside]
    start_ns = np.maximum(every.start_ns[inside], part.start_ns)
    return Table(track, state, start_ns, np.minimum(end_ns[inside], part.end_ns), label)


def bars_of(part: Part, ids: Sequence[int], short_ns: int = 0) -> Iterator[Bars]:
    """Those of each of the tracks. Several in a row that are shorter than `short_ns` are drawn together."""
    known: dict[tuple[int, ...], str] = {}
    for track in map(part.timeline.tracks.__getitem__, ids):
        inside, start_ns, end_ns = _inside(part, track)
        state, about = np.array(track.slices.state)[inside], np.array(track.slices.about)[inside]
        first, many = _together(start_ns, end_ns, short_ns)
        called = as_called(part.timeline, state, about, track.kind == words.THREAD)
        about = np.where(many, -1, about[first])
        label = _labels(part.timeline, track, inside[first], state[first], about, known)
        state = _longest(called, end_ns - start_ns, first)
        for at in np.flatnonzero(many).tolist():
            label[at] = f"mostly {_NAMES[state[at]]}"
        yield Bars(
            track,
            state.tolist(),
            start_ns[first].tolist(),
            end_ns[np.append(first[1:], len(end_ns))[: len(first)] - 1].tolist(),
            label,
            np.where(state == State.READY, about, -1).tolist(),
            bool(many.any()),
        )


def _inside(part: Part, track: Track) -> tuple[Column, Column, Column]:
    """The slices of a track that lie in the part: which of them, and where they begin and end in it."""
    slices = track.slices
    start_ns, state = np.array(slices.start_ns), np.array(slices.state)
    end_ns = np.append(start_ns[1:], max(part.timeline.last_ns, start_ns[-1])) if len(start_ns) else start_ns
    (inside,) = np.nonzero((end_ns >= part.start_ns) & (start_ns <= part.end_ns) & ~np.isin(state, _NO_STATES))
    return inside, np.maximum(start_ns[inside], part.start_ns), np.minimum(end_ns[inside], part.end_ns)


def _together(start_ns: Column, end_ns: Column, short_ns: int) -> tuple[Column, Column]:
    """Of what is drawn as one the first, and whether there are others: short ones within the same stretch of time."""
    if not short_ns or not len(start_ns):
        return np.arange(len(start_ns)), np.zeros(len(start_ns), dtype=bool)
    is_short, stretch = end_ns - start_ns < short_ns, start_ns // short_ns
    goes_on = is_short[1:] & is_short[:-1] & (stretch[1:] == stretch[:-1]) & (start_ns[1:] == end_ns[:-1])
    (first,) = np.nonzero(np.append(True, ~goes_on))
    return first, np.diff(np.append(first, len(start_ns))) > 1


def _longest(state: Column, length_ns: Column, first: Column) -> Column:
    """Of each of what is drawn as one the state that takes the most of it."""
    if len(first) == len(state):
        return state
    took_ns = np.array([np.add.reduceat(np.where(state == one, length_ns, 0), first) for one in range(len(State))])
    found: Column = np.argmax(took_ns, axis=0)
    return found


def _labels(
    timeline: Timeline, track: Track, index: Column, state: Column, about: Column, known: dict[tuple[int, ...], str]
) -> list[str]:
    """What each slice of a track is called."""
    found = _plain_labels(timeline, state, np.full(len(about), -1) if track.schedules else about, known)
    for at in np.flatnonzero(state == State.BLOCKED).tolist():
        found[at] = labels(timeline, track, int(index[at]))[0]
    return found


def _plain_labels(
    timeline: Timeline, state: Column, about: Column, known: dict[tuple[int, ...], str]
) -> list[str]:
    """The same of slices of any tracks, but of those that are blocked. What a wait is called depends on little, and is
    made out once."""
    found = [_NAMES[one] for one in state.tolist()]
    (waiting,) = np.nonzero((state == State.WAITING) & (about >= 0))
    if not len(waiting):
        return found
    suspensions, which = timeline.columns.suspensions, about[waiting]
    detail, on_track = np.asarray(suspensions.detail)[which], np.asarray(suspensions.on_track)[which]
    key_columns = (detail.tolist(), on_track.tolist(), suspensions.asked_for(which).tolist())
    for at, suspension, *numbers in zip(waiting.tolist(), which.tolist(), *key_columns, strict=True):
        key = tuple(numbers)
        label = known.get(key)
        if label is None:
            label = known[key] = wait_label(timeline, timeline.suspensions[suspension])
        found[at] = label
    return found
