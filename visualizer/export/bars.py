"""The slices of each track with their labels, for formats that have the events themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.timeline import FINAL, State, Timeline, Track
from visualizer.analysis.report.comparison import Part
from visualizer.paint.rows.order import RowList, Wish
from visualizer.paint.text.wait_labels import labels, wait_label
from visualizer.trace.columns import Column

_NO_STATES = [int(state) for state in FINAL]
_NAMES = [state.name.lower() for state in State]


class Bars(NamedTuple):
    """The slices of one track that lie in a part, in order of time, cut off at its ends; none of after its end.

    `label`: such as "sleep 2 s"; else the state, such as "running". `woken_by`: the index of the wakeup that began it,
    -1 if none did.
    """

    track: Track
    state: list[int]
    start_ns: list[int]
    end_ns: list[int]
    label: list[str]
    woken_by: list[int]


def tracks_of(part: Part, names: tuple[str, ...] = ()) -> list[Track]:
    """The tracks of the part in the order of the screen's rows; of those names only, if any are given.

    Raise ValueError, with a sentence, if there is no track of such a name.
    """
    timeline = part.timeline
    rows = RowList(timeline).arrange(Wish(only=part.lives))
    found = [timeline.tracks[row.track] for row in rows]
    if not names:
        return found
    known = {timeline.name(track.id) for track in found}
    for name in names:
        if name not in known:
            raise ValueError(f"There is no track {name!r} there")
    return [track for track in found if timeline.name(track.id) in names]


def bars_of(part: Part, tracks: list[Track]) -> Iterator[Bars]:
    """Those of each of the tracks."""
    known: dict[tuple[int, ...], str] = {}
    for track in tracks:
        slices = track.slices
        start_ns = np.array(slices.start_ns)
        if not len(start_ns):
            continue
        end_ns = np.append(start_ns[1:], max(part.timeline.last_ns, start_ns[-1]))
        state, about = np.array(slices.state), np.array(slices.about)
        (inside,) = np.nonzero((end_ns >= part.start_ns) & (start_ns <= part.end_ns) & ~np.isin(state, _NO_STATES))
        state, about = state[inside], about[inside]
        yield Bars(
            track,
            state.tolist(),
            np.maximum(start_ns[inside], part.start_ns).tolist(),
            np.minimum(end_ns[inside], part.end_ns).tolist(),
            _labels(part.timeline, track, inside, state, about, known),
            np.where(state == State.READY, about, -1).tolist(),
        )


def _labels(
    timeline: Timeline, track: Track, index: Column, state: Column, about: Column, known: dict[tuple[int, ...], str]
) -> list[str]:
    """What each slice is called. What a wait is called depends on little, and is made out once."""
    found = [_NAMES[one] for one in state.tolist()]
    for at in np.flatnonzero(state == State.BLOCKED).tolist():
        found[at] = labels(timeline, track, int(index[at]))[0]
    (waiting,) = np.nonzero((state == State.WAITING) & (about >= 0))
    if track.schedules or not len(waiting):
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
