"""One track's slices as boxes of a drawing: exact where they can be seen apart, added up where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nextafter
from typing import NamedTuple

from visualizer.analysis.model.timeline import FINAL, SUMMED, State
from visualizer.paint.rows.track_slices import TrackRow

#: Slices narrower than this, in pixels, are added up with those that begin within the same pixel.
_NARROW = 0.5
_RUNNING = SUMMED.index(State.RUNNING)


class Box(NamedTuple):
    """[left, right) in pixels; `share` of it is `state`. `slice` is its number, -1 if the box stands for several."""

    left: float
    right: float
    state: State
    share: float
    slice: int


def boxes(track_row: TrackRow, start: float, per_pixel: float) -> Iterator[Box]:
    """The boxes of the track from place `start` of the row's axis on, from left to right.

    A run that shares its pixel with others comes as two boxes, of which the first is the state it interrupts. There are
    at most four boxes a pixel, whatever the number of slices.
    """
    slices = track_row.slices
    index = max(0, track_row.find(start) - 1)
    while index < len(slices):
        begin = track_row.start(index)
        if begin > track_row.limit:
            return
        begin = max(begin, start)
        end = min(track_row.start(index + 1), track_row.limit)
        left, right = (begin - start) / per_pixel, (end - start) / per_pixel
        state = State(slices.state[index])
        if state in FINAL or end < start:
            index += 1
        elif right - left >= _NARROW:
            yield Box(left, right, state, 1.0, index)
            index += 1
        else:
            following = max(index + 1, track_row.find(begin + per_pixel))
            if following - 1 > index and track_row.start(following) > begin + per_pixel:
                # The last of them is wide enough to stand for itself.
                following -= 1
            yield from _added(track_row, start, per_pixel, begin, index, following)
            index = following


def _added(
    track_row: TrackRow, start: float, per_pixel: float, begin: float, index: int, following: int
) -> Iterator[Box]:
    end = min(track_row.start(following), track_row.limit)
    left, right = (begin - start) / per_pixel, max(begin, end) / per_pixel - start / per_pixel
    if following - index == 1:
        yield Box(left, right, State(track_row.slices.state[index]), 1.0, index)
        return
    # Far from the beginning, less than a pixel may be too little to add to a float at all.
    until = max(end, begin + _NARROW * per_pixel, nextafter(begin, inf))
    lasted = track_row.between(begin, until)
    running = lasted[_RUNNING]
    lasted[_RUNNING] = 0
    most = int(lasted.argmax())
    if lasted[most] > 0:
        yield Box(left, right, SUMMED[most], 1.0, -1)
    if State.RUNNING in track_row.slices.state[index:following]:
        yield Box(left, right, State.RUNNING, min(1.0, float(running) / (until - begin)), -1)
