"""One track's slices along an axis."""

from __future__ import annotations

from array import array
from bisect import bisect_left

import numpy as np

from visualizer.analysis.index.polls import called
from visualizer.analysis.index.switch_axis import PER_SWITCH, places
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.axis.viewport import Axis, position_of_time
from visualizer.trace.columns import Column


class TrackRow:
    """The slices of `track_id`, each with the place on the axis (time or switches) where it begins.

    Raise KeyError if there is no such track.
    """

    def __init__(self, timeline: Timeline, track_id: int, axis: Axis, until_ns: int | None = None) -> None:
        self.track = timeline.tracks[track_id]
        #: In the states in which they are drawn.
        self.slices = called(timeline, self.track)
        self.axis = axis
        #: Where the states that are still open end.
        self.limit = limit(timeline, axis, until_ns)
        self._places = None if axis is Axis.TIME else places(timeline, self.track)
        #: Where each slice begins, in units of which there are this many in a nanosecond, or in a switch.
        self.scale = 1 if self._places is None else PER_SWITCH
        self.cumulative = self.slices.cumulative if self._places is None else self._places.cumulative(self.slices.state)
        self.begins: array[int] = self.cumulative.start

    def start(self, index: int) -> float:
        """Where slice number `index` begins; for the number after the last slice, the limit."""
        return self.begins[index] / self.scale if index < len(self.slices) else self.limit

    def find(self, position: float) -> int:
        """Number of the first slice that begins at or after `position`."""
        return bisect_left(self.begins, position * self.scale)

    def between(self, start: float, end: float) -> Column:
        """How much of [start, end) went to each of SUMMED; what lies after the limit went to none."""
        spent = self.cumulative.spent(np.minimum(np.array([start, end], dtype=np.float64), self.limit) * self.scale)
        lasted: Column = (spent[:, 1] - spent[:, 0]) / self.scale
        return lasted


def limit(timeline: Timeline, axis: Axis, until_ns: int | None) -> float:
    """Where on the axis the states that are still open end."""
    if axis is Axis.TIME:
        return timeline.last_ns if until_ns is None else until_ns
    if until_ns is None or until_ns >= timeline.last_ns:
        return timeline.switch_count + 1
    return position_of_time(timeline, axis, until_ns)
