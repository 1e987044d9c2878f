"""One side of a comparison: a part of a trace, looked at as a timeline is, on a scale that the other side has, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from visualizer.paint.axis.viewport import Axis, Viewport, Within, position_of_time, time_of_position
from visualizer.paint.comparison.stretch import Stretch
from visualizer.paint.rows.order import Row
from visualizer.paint.text.canvas import Run
from visualizer.tui.state.playhead import Playhead
from visualizer.tui.state.view import View


class SideView(View):
    """Neither the playhead nor a jump leaves the part; the viewport goes as far as the longer of both sides does."""

    def __init__(self, stretch: Stretch, longest: Callable[[Axis], float], *, ascii: bool = False) -> None:
        """`longest`: how much of an axis the longer side takes, in ns or in switches."""
        part = stretch.part
        self.part = part
        self.stretch = stretch
        self._longest = longest
        super().__init__(part.timeline, live=False, ascii=ascii)
        self.playhead = Playhead(part.timeline, part)
        self.now_ns = part.end_ns
        self.fit()
        self.arrange()
        self.playhead.go(part.first)

    @property
    def within(self) -> Within:
        origin = self.origin
        return origin, origin + self._longest(self.viewport.axis)

    @property
    def origin(self) -> float:
        """Where on the axis the part begins: at the left of both sides."""
        return self.stretch.begin(self.viewport.axis)

    @property
    def between_ns(self) -> tuple[int, int]:
        return self.part.start_ns, self.part.end_ns

    @property
    def played_ns(self) -> tuple[int, int]:
        return self.between_ns

    @property
    def zero_ns(self) -> int:
        return int(self.stretch.begin(Axis.TIME))

    def _suit_speed(self) -> None:
        """Both sides are played at one speed."""

    @property
    def first_switch(self) -> int:
        return self.part.first

    @property
    def last_switch(self) -> int:
        return self.part.stop - 1

    @property
    def number(self) -> int:
        """How many switches of the part there were up to the playhead."""
        return self.playhead.index + 1 - self.part.first

    @property
    def only(self) -> Callable[[int], bool]:
        lives = self.part.lives
        return (lambda track: lives(track) and self.is_wanted(track)) if self.wanted else lives

    @property
    def track_count(self) -> int:
        """How many tracks there are in the part."""
        return sum(map(self.part.lives, self.timeline.tracks))

    def painted(self, rows: Sequence[Row]) -> list[list[Run]]:
        return self.stretch.painted(rows, self.viewport, group=self.track_group, ascii=self.ascii)

    # Both sides together.

    @property
    def place(self) -> float:
        """Where the playhead is on the axis, from where the part begins."""
        if self.viewport.axis is Axis.SWITCHES:
            return float(self.number)
        return position_of_time(self.timeline, self.viewport.axis, self.playhead.t_ns) - self.origin

    def stand(self, place: float) -> None:
        """Put the playhead there, as far as the part goes."""
        axis = self.viewport.axis
        if axis is Axis.SWITCHES:
            self.playhead.go(self.part.first + int(place) - 1)
        else:
            self.playhead.go_to_time(time_of_position(self.timeline, axis, self.origin + place))

    def show_as(self, other: SideView) -> None:
        """Show the range at the same distance from the beginning, on the same axis and scale."""
        mine, shown = self.viewport, other.viewport
        self._time_axis, self.fitted = other._time_axis, other.fitted
        start = self.stretch.begin(shown.axis) + shown.start - other.origin
        if mine != (wanted := replace(shown, start=start)):
            if mine.width == wanted.width:
                self._leave_zoom()
            self.viewport = wanted

    def _fit(self) -> None:
        axis = self.viewport.axis
        self.viewport = Viewport.over(axis, self.origin, self.origin + self._longest(axis), self.viewport.width)

    def take_axis(self, axis: Axis) -> None:
        self._leave_zoom()
        before = self.viewport
        first_ns, last_ns = (before.time_at(self.timeline, cell) for cell in (0, before.width))
        self.viewport = replace(before, axis=axis)
        self._fit()
        if not self.fitted:
            start, end = (position_of_time(self.timeline, axis, t_ns) for t_ns in (first_ns, last_ns))
            whole = self.viewport
            closer = whole.per_cell * whole.width / max(1e-9, end - start)
            there = whole.zoomed(max(1.0, closer), 0, self.timeline, self.within)
            self.viewport = there.panned((start - there.start) / there.per_cell, self.timeline, self.within)
        self.reveal()
