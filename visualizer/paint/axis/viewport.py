"""Which part of a timeline is looked at, and how much of it a cell covers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from math import ceil, floor, inf, nextafter
from weakref import WeakKeyDictionary

import numpy as np

from visualizer.analysis.index.idle_gaps import Gaps, gaps
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.columns import Column


class Axis(Enum):
    """What runs along a row. On SWITCHES, segment k = [k, k + 1) lies between switch k - 1 and switch k (indexes from
    0; segment 0 is before the first): every switch has the same width, give or take a cell, and inside a segment time
    runs evenly. BUSY is time with long idle gaps folded (analysis/index/idle_gaps.py)."""

    TIME = "time"
    BUSY = "busy"
    SWITCHES = "switches"


#: Shown by default.
BOTH = (Axis.TIME, Axis.SWITCHES)


#: A cell never covers less than this: a nanosecond, or a 32nd of the way to the next switch.
CLOSEST = {Axis.TIME: 1.0, Axis.BUSY: 1.0, Axis.SWITCHES: 1 / 32}
#: Cells left free after the end of the trace, for the marks of the tracks that end there.
MARGIN_CELLS = 2
#: Floats that should be whole numbers are so near to them, at least.
_NEARLY = 1e-9
#: How much is shown of the time in which nothing happens, on either side, as a share of the time in between.
LEAD = 1 / 16
#: Where all switches lie closer together than this, a time axis would show them as one.
_TOO_CLOSE_NS = 100_000_000

#: From where to where on the axis there is something to see, in ns or in switches; None: the whole trace.
Within = tuple[float, float] | None


@dataclass(frozen=True)
class Viewport:
    """`width` cells; cell c covers [start + c * per_cell, start + (c + 1) * per_cell), in ns or in switches.

    Where a switch takes no whole number of cells, each begins in the cell that its place lies in, at its very edge:
    then some take a cell more than others, and together they fill the width.
    """

    axis: Axis
    start: float
    per_cell: float
    width: int

    @classmethod
    def whole(cls, timeline: Timeline, axis: Axis, width: int) -> Viewport:
        """From the start of the trace to its end, and a small margin after it. A width below 1 is taken as 1."""
        width = max(1, width)
        return cls(axis, 0.0, _furthest(timeline, axis, width), width)

    @classmethod
    def fit(cls, timeline: Timeline, axis: Axis, width: int, *, even: bool = False) -> Viewport:
        """All that happens in the trace (see `span`), and a small margin after it. A width below 1 is taken as 1.

        `even`: a switch takes a whole number of cells, and so the picture stands still until so many more have come
        that they must take fewer.
        """
        fitted = cls.over(axis, *span(timeline, axis), width)
        return replace(fitted, per_cell=_even(fitted.per_cell)) if even and axis is Axis.SWITCHES else fitted

    @classmethod
    def over(cls, axis: Axis, start: float, end: float, width: int) -> Viewport:
        """From `start` to `end` of the axis, and a small margin after it. A width below 1 is taken as 1."""
        width = max(1, width)
        return cls(axis, start, _per_cell(axis, end - start, width), width)

    def zoomed(self, factor: float, at_cell: float, timeline: Timeline, within: Within = None) -> Viewport:
        """Zoomed in by `factor` (below 1: out), while the time at `at_cell` stays there as far as possible."""
        per_cell = self.per_cell / factor
        if self.axis is Axis.SWITCHES:
            per_cell = _even(per_cell)
            # Where the step is too small to come to the next even width, go there all the same.
            if factor > 1 and per_cell > self.per_cell * (1 - _NEARLY):
                per_cell = 1 / (floor(1 / self.per_cell + _NEARLY) + 1)
            elif factor < 1 and per_cell < self.per_cell * (1 + _NEARLY):
                cells = ceil(1 / self.per_cell - _NEARLY)
                per_cell = 1 / (cells - 1) if cells > 1 else 2 * self.per_cell
        per_cell = min(_furthest(timeline, self.axis, self.width, within), max(CLOSEST[self.axis], per_cell))
        start = self.position(at_cell) - at_cell * per_cell
        return replace(self, start=start, per_cell=per_cell)._clamped(timeline, within)

    def panned(self, cells: float, timeline: Timeline, within: Within = None) -> Viewport:
        """Moved to the right by `cells` (below 0: to the left), not beyond the trace."""
        return replace(self, start=self.start + cells * self.per_cell)._clamped(timeline, within)

    def resized(self, width: int) -> Viewport:
        """The same span of the trace, or a little more of it, in another number of cells."""
        width = max(1, width)
        per_cell = self.per_cell * self.width / width
        if self.axis is Axis.SWITCHES:
            per_cell = _even(per_cell)
        return replace(self, width=width, per_cell=max(CLOSEST[self.axis], per_cell))

    def edges(self) -> list[float]:
        """The `width + 1` edges of the cells, in ns or in switches."""
        return list(_edges(self))

    def laid_out(self, timeline: Timeline) -> tuple[Axis, tuple[float, ...]]:
        """Along which axis the slices of tracks are painted, and the `width + 1` edges of the cells on it.

        Where gaps are folded that is time, and the cells are as long as what they stand for. A cell that a gap only
        begins or ends in is given to what runs there.
        """
        if self.axis is not Axis.BUSY:
            return self.axis, _edges(self)
        known = gaps(timeline)
        key = self, known.revision
        # All rows are painted over the same cells.
        if timeline not in _LAID_OUT or _LAID_OUT[timeline][0] != key:
            _LAID_OUT[timeline] = key, tuple(_unfolded(self, known))
        return Axis.TIME, _LAID_OUT[timeline][1]

    @property
    def end(self) -> float:
        """Where the last cell ends, in ns or in switches."""
        return self.start + self.width * self.per_cell

    def shows_end(self, timeline: Timeline) -> bool:
        """Whether the end of the trace is visible."""
        return self.end >= extent(timeline, self.axis)

    def position(self, cell: float) -> float:
        """Which place of the axis is `cell` cells from the left edge, in ns or in switches."""
        place = self.start + cell * self.per_cell
        if not self.uneven:
            return place
        segment = floor(place)
        if self._begin(segment + 1) <= cell:
            segment += 1
        begin = self._begin(segment)
        return segment + (cell - begin) / (self._begin(segment + 1) - begin)

    def cell(self, position: float) -> float:
        """Where that place of the axis is, in cells from the left edge; may lie outside [0, width)."""
        if not self.uneven:
            return (position - self.start) / self.per_cell
        segment = floor(position)
        begin = self._begin(segment)
        return begin + (position - segment) * (self._begin(segment + 1) - begin)

    @property
    def uneven(self) -> bool:
        """Whether a switch takes several cells, but no whole number of them."""
        cells = 1 / self.per_cell
        return self.axis is Axis.SWITCHES and cells > 1 and abs(cells - round(cells)) > _NEARLY * cells

    def _begin(self, segment: int) -> int:
        """In which cell a segment begins, of which none takes a whole number."""
        return floor((segment - self.start) / self.per_cell + 1e-6)

    def cell_of_time(self, timeline: Timeline, t_ns: int) -> float:
        """Where `t_ns` is, in cells from the left edge; may lie outside [0, width)."""
        return self.cell(position_of_time(timeline, self.axis, t_ns))

    def time_at(self, timeline: Timeline, cell: float) -> int:
        """The time, in ns, at `cell` cells from the left edge, not outside the trace."""
        return time_of_position(timeline, self.axis, self.position(cell))

    def cell_of_switch(self, timeline: Timeline, index: int) -> float:
        """Where switch number `index` (from 0; -1 is the start of the trace) is, in cells from the left edge."""
        if self.axis is Axis.SWITCHES:
            position = float(index + 1)
        else:
            position = position_of_time(timeline, self.axis, timeline.switch_ns[index]) if index >= 0 else 0.0
        return self.cell(position)

    def showing(self, timeline: Timeline, switch_index: int) -> Viewport:
        """Panned as little as needed to make switch number `switch_index` visible, a few cells from the edges."""
        cell = self.cell_of_switch(timeline, switch_index)
        margin = min(4, (self.width - 1) // 2)
        if cell < margin:
            return self.panned(cell - margin, timeline)
        if cell > self.width - 1 - margin:
            return self.panned(cell - (self.width - 1 - margin), timeline)
        return self

    def with_axis(self, timeline: Timeline, axis: Axis, keep_switch: int) -> Viewport:
        """The other axis, at about the same part of the trace, with switch number `keep_switch` visible."""
        if axis is self.axis:
            return self.showing(timeline, keep_switch)
        start = position_of_time(timeline, axis, self.time_at(timeline, 0))
        end = position_of_time(timeline, axis, self.time_at(timeline, self.width))
        # In a damaged trace much time may pass at no place.
        per_cell = max(CLOSEST[axis], (end - start) / self.width)
        if self.per_cell >= _furthest(timeline, self.axis, self.width):
            return Viewport.fit(timeline, axis, self.width).showing(timeline, keep_switch)
        if axis is Axis.SWITCHES:
            per_cell = _even(per_cell)
        per_cell = min(_furthest(timeline, axis, self.width), per_cell)
        other = Viewport(axis, start, per_cell, self.width)._clamped(timeline)
        return other.showing(timeline, keep_switch)

    def _clamped(self, timeline: Timeline, within: Within = None) -> Viewport:
        begin, end = (0.0, extent(timeline, self.axis)) if within is None else within
        # Behind all that can happen: the last nanosecond counts, too.
        end += self.axis is not Axis.SWITCHES
        last = end + (min(MARGIN_CELLS, self.width - 1) - self.width) * self.per_cell
        start = round(max(begin, min(self.start, last)), 9)
        if self.axis is Axis.SWITCHES and self.per_cell <= 1:
            # From the beginning on, which is not in the midst of a cell.
            start = begin + round((start - begin) / self.per_cell) * self.per_cell
        return replace(self, start=start)


_LAID_OUT: WeakKeyDictionary[Timeline, tuple[tuple[Viewport, int], tuple[float, ...]]] = WeakKeyDictionary()


@lru_cache(maxsize=8)
def _edges(viewport: Viewport) -> tuple[float, ...]:
    """All rows are painted over the same cells."""
    cells = range(viewport.width + 1)
    if viewport.uneven:
        return tuple(viewport.position(cell) for cell in cells)
    edges = [viewport.start + cell * viewport.per_cell for cell in cells]
    # Ten tenths must be one, or a run would leave a sliver in the next cell.
    return tuple(round(edge, 9) for edge in edges) if viewport.axis is Axis.SWITCHES else tuple(edges)


def extent(timeline: Timeline, axis: Axis) -> float:
    """Where the trace ends on the axis, in ns or in switches."""
    if axis is Axis.SWITCHES:
        return float(timeline.switch_count + 1)
    return position_of_time(timeline, axis, timeline.last_ns)


def _furthest(timeline: Timeline, axis: Axis, width: int, within: Within = None) -> float:
    return _per_cell(axis, extent(timeline, axis) if within is None else within[1] - within[0], width)


def _per_cell(axis: Axis, span: float, width: int) -> float:
    """How much a cell must cover for `span`, its very end included, and the margin to fit into `width` cells."""
    cells = max(1, width - MARGIN_CELLS)
    return max(CLOSEST[axis], (span + (axis is not Axis.SWITCHES)) / cells)


def _even(per_cell: float) -> float:
    """Not closer than `per_cell`, so that a switch is a whole number of cells wide."""
    return 1 / max(1, int(1 / per_cell + _NEARLY)) if per_cell <= 1 else per_cell


def is_burst(timeline: Timeline) -> bool:
    """Whether all switches lie so close together that a time axis would show nothing."""
    switch_ns = timeline.switch_ns
    return len(switch_ns) > 1 and switch_ns[-1] - switch_ns[0] < _TOO_CLOSE_NS


def span(timeline: Timeline, axis: Axis) -> tuple[float, float]:
    """From where to where on the axis something happens, in ns or in switches.

    That is the whole trace; but where the time in which one track runs alone, before it is idle or the second appears
    and after the first has ended, is the larger part of it, an axis of time is cut shortly before and after what lies
    between.
    """
    last = extent(timeline, axis)
    whole = 0.0, last
    if axis is Axis.SWITCHES or not timeline.switch_count:
        return whole
    tracks = timeline.tracks
    ids = [*tracks]
    first = tracks[ids[0]]
    begin_ns = min([timeline.switch_ns[0], *first.slices.start_ns[1:2], *(tracks.life(one)[0] for one in ids[1:])])
    end_ns = timeline.last_ns
    if first.exit_ns >= 0:
        starts_ns = (np.frombuffer(part.start_ns, dtype=np.int64) for part in tracks.slices(ids))
        end_ns = max(int(some.max()) for some in starts_ns if len(some))
    begin, end = (position_of_time(timeline, axis, t_ns) for t_ns in (begin_ns, end_ns))
    if 2 * (end - begin) >= last:
        return whole
    lead = (end - begin) * LEAD
    return max(0.0, begin - lead), min(last, end + lead)


def _unfolded(viewport: Viewport, known: Gaps) -> list[float]:
    """The edges of a viewport of busy time, as times. The cost depends on the number of cells only."""
    places = viewport.edges()
    edges = [known.time(place) for place in places]
    edge = 0
    while edge <= viewport.width and (number := known.number_at(places[edge])) < len(known):
        gap, begin = known.gap(number), known.place(number)
        if begin >= viewport.end:
            break
        first, last = bisect_left(places, begin), bisect_right(places, begin + gap.shown_ns) - 1
        if last > first:
            start = gap.start_ns if begin >= places[0] else edges[0]
            end = gap.end_ns if last < viewport.width else edges[last]
            edges[first : last + 1] = [
                start + (end - start) * cell / (last - first) for cell in range(last - first + 1)
            ]
        edge = last + 1
    for edge in range(1, len(edges)):
        if edges[edge] <= edges[edge - 1]:
            # Far from the start a nanosecond is less than a float can represent; but no cell is empty.
            edges[edge] = nextafter(edges[edge - 1], inf)
    return edges


def unclamped_time(timeline: Timeline, axis: Axis, position: float) -> float:
    """The time at a place of an axis of time, also where that lies after the end of the trace so far."""
    return gaps(timeline).time(position) if axis is Axis.BUSY else position


def segment_ns(timeline: Timeline, segment: int) -> tuple[int, int]:
    """When segment number `segment` of the switch axis begins and ends. The last ends with the trace."""
    switch_ns = timeline.switch_ns
    count = len(switch_ns)
    start_ns = switch_ns[min(segment, count) - 1] if segment > 0 and count else 0
    end_ns = switch_ns[max(0, segment)] if segment < count else max(timeline.last_ns, start_ns)
    return start_ns, max(start_ns, end_ns)


def position_of_time(timeline: Timeline, axis: Axis, t_ns: int) -> float:
    """Where on the axis `t_ns` is, in ns or in switches."""
    if axis is Axis.TIME:
        return float(t_ns)
    if axis is Axis.BUSY:
        return gaps(timeline).busy(t_ns)
    return position_in_segment(timeline, timeline.switch_before(t_ns) + 1, t_ns)


def position_in_segment(timeline: Timeline, segment: int, t_ns: int) -> float:
    """Where `t_ns` is within the segment of the switch axis, in switches; at its edge if it is outside."""
    start_ns, end_ns = segment_ns(timeline, segment)
    if end_ns <= start_ns:
        return float(segment)
    return segment + min(1.0, max(0.0, (t_ns - start_ns) / (end_ns - start_ns)))


def time_of_position(timeline: Timeline, axis: Axis, position: float) -> int:
    """The time, in ns, at a place of the axis, not outside the trace. Inverse of `position_of_time`."""
    position = min(max(0.0, position), extent(timeline, axis))
    if axis is not Axis.SWITCHES:
        return int(unclamped_time(timeline, axis, position))
    segment = min(int(position), timeline.switch_count)
    start_ns, end_ns = segment_ns(timeline, segment)
    return start_ns + int((position - segment) * (end_ns - start_ns))


def times_of_places(timeline: Timeline, places: Column) -> Column:
    """The same of many places of the axis of switches at once."""
    count = timeline.switch_count
    places = places.clip(0.0, extent(timeline, Axis.SWITCHES))
    if not count:
        whole_ns: Column = np.floor(places * timeline.last_ns)
        return whole_ns
    switch_ns = np.frombuffer(timeline.switch_ns, dtype=np.int64)
    segment = np.minimum(places.astype(np.int64), count)
    start_ns = np.where(segment > 0, switch_ns[np.maximum(segment, 1) - 1], 0)
    end_ns = np.where(segment < count, switch_ns[np.minimum(segment, count - 1)], timeline.last_ns)
    times_ns: Column = start_ns + np.floor((places - segment) * np.maximum(end_ns - start_ns, 0))
    return times_ns
