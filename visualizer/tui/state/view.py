"""The state of a view: visible range, moment, track. The screen changes it, panes draw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from visualizer.analysis.explore.jumps import beginning
from visualizer.analysis.explore.marks import Marks
from visualizer.analysis.model.timeline import Place, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.paint.axis.times import SINCE_START
from visualizer.paint.axis.viewport import (
    MARGIN_CELLS,
    Axis,
    Viewport,
    Within,
    extent,
    is_burst,
    position_of_time,
    span,
    time_of_position,
)
from visualizer.paint.rows.order import Group, Row
from visualizer.paint.rows.panel import painted
from visualizer.paint.text.canvas import Run
from visualizer.tui.state.history import History
from visualizer.tui.state.playhead import Playhead
from visualizer.tui.state.row_layout import Arrangement

#: A running program gets this much room at first, and this many times as much when it has used that.
_ROOM_NS = 500_000_000
_ROOM_GROWTH = 1.5
#: Where the end is put, as a part of the width, when it has left the viewport that follows it.
_FOLLOWED_AT = 0.75
#: What happened since may not have been written yet: a trace is flushed so often.
_FLUSHED_NS = 50_000_000
_FOR_EVER_NS = 1 << 62


class _Spot(NamedTuple):
    """Where one was: after which switch, when, and what was selected."""

    switch: int
    t_ns: int
    selected: int
    group: Group | None


class View(Arrangement):
    """The state of a timeline screen, without anything that draws."""

    def __init__(self, timeline: Timeline, *, live: bool, ascii: bool = False, axis: Axis = Axis.TIME) -> None:
        super().__init__(timeline)
        self.ascii = ascii
        self.playhead = Playhead(timeline)
        self.viewport = Viewport.fit(timeline, axis, 1)
        #: What the rows were resized from, and to.
        self._unresized = self._resized = self.viewport
        #: Whether more may come, and up to when the timeline is known.
        self.live = live
        self.now_ns = 0
        #: Whether the whole timeline is visible, and shall stay visible while it grows.
        self.fitted = True
        self._room_ns = _ROOM_NS
        #: Else, where the time axis would show nothing, the other is taken.
        self._axis_chosen = axis is Axis.SWITCHES
        #: Whether the end is followed because somebody wants to see it, not only because the program runs.
        self._end_chosen = False
        #: That which time has when it is shown.
        self._time_axis = Axis.BUSY if axis is Axis.BUSY else Axis.TIME
        self._spots: History[_Spot] = History()
        #: Viewports, and whether they were fitted.
        self._zooms: History[tuple[Viewport, bool]] = History()
        #: Where the last step led: a further step from there adds nothing to the history.
        self._stepped: _Spot | None = None
        self._panned: Viewport | None = None
        #: From when to when is played, of which version of the timeline and on which axis.
        self._played: tuple[tuple[int, Axis], tuple[int, int]] | None = None
        self.marks = Marks()
        #: When the problems happened that are known so far; None as long as nobody has looked.
        self.problems_ns: tuple[int, ...] | None = None
        #: How moments are shown.
        self.time_format = SINCE_START
        #: The line before which the program is paused, if that is why: the track that runs is there.
        self.paused_before: Place | None = None
        #: A span that does not move, or where one began that reaches to the playhead.
        self._span: tuple[int, int] | None = None
        self._span_from_ns: int | None = None

    @property
    def within(self) -> Within:
        """From where to where on the axis there is something to see."""
        return None

    @property
    def between_ns(self) -> tuple[int, int]:
        """From when to when what happens can be gone to."""
        return 0, _FOR_EVER_NS

    @property
    def zero_ns(self) -> int:
        """The zero of times that the user types."""
        return 0

    @property
    def first_switch(self) -> int:
        return 0

    @property
    def last_switch(self) -> int:
        return self.timeline.switch_count - 1

    @property
    def condition(self) -> object:
        """A value that changes with every effective action; opaque to its users."""
        playhead = self.playhead
        return (
            playhead.index, playhead.t_ns, playhead.playing, playhead.following, playhead.speed,
            self.viewport, self.fitted, self.selected, self.selected_group, self._rows_of,
        )

    # What arrives.

    def grown(self, now_ns: int, live: bool) -> None:
        """The timeline has grown up to `now_ns`; `live`: and continues to grow."""
        ended = self.live and not live
        self.live = live
        self.now_ns = max(now_ns, self.timeline.last_ns)
        self.timeline.reach(self.now_ns - _FLUSHED_NS)
        self.arrange()
        self.playhead.catch_up(self.now_ns)
        if ended:
            if self.playhead.following and self.timeline.switch_count and not self._end_chosen:
                # Now it can be looked at, from the beginning on; whoever has gone to the end stays there.
                self.begin()
            self.playhead.following = False
            if not self._axis_chosen and is_burst(self.timeline):
                self.viewport = replace(self.viewport, axis=Axis.SWITCHES)
        if self.fitted:
            self._fit()
        elif self.playhead.following:
            self.reveal()

    def resize(self, cells: int) -> None:
        """The rows are now `cells` wide."""
        if cells != self.viewport.width:
            if self.viewport != self._resized:
                self._unresized = self.viewport
            # From the range that the user chose, not from one cut in between: nothing is lost on the way.
            known = self._unresized
            self.viewport = self._resized = known if known.width == cells else known.resized(cells)
            if self.fitted:
                self._fit()

    def prefer_switches(self) -> None:
        """Give every switch the same width from now on, unless the user has chosen an axis."""
        if not self._axis_chosen and self.viewport.axis is not Axis.SWITCHES:
            self.toggle_axis()
            self._axis_chosen = False

    def painted(self, rows: Sequence[Row]) -> list[list[Run]]:
        """The cells of rows: those of all of them at once cost little more than those of one."""
        until_ns = self.now_ns if self.live else None
        group = self.track_group
        return [*painted(self.timeline, rows, self.viewport, group=group, ascii=self.ascii, until_ns=until_ns)]

    # Moving the playhead.

    def begin(self, switch: int | None = None) -> None:
        """There is something to be seen: go to where it begins. Nobody wants to go back from there."""
        self.playhead.go(beginning(self.timeline) if switch is None else switch)
        self.reveal()

    def step(self, by: int) -> None:
        self._leave(stepping=True)
        self.playhead.step(by)
        self._stepped = self._spot
        self.reveal()

    def step_of_selected(self, by: int) -> bool:
        self._leave(stepping=True)
        moved = self.playhead.step_of(self.selected_tracks, by)
        self._stepped = self._spot
        self.reveal()
        return moved

    def go(self, index: int) -> None:
        self._leave()
        self.playhead.go(index)
        self.reveal()

    def go_to_time(self, t_ns: int) -> None:
        self._leave()
        self.playhead.go_to_time(min(t_ns, self.now_ns))
        self.reveal()

    @property
    def _spot(self) -> _Spot:
        return _Spot(self.playhead.index, self.playhead.t_ns, self.selected, self.selected_group)

    def _leave(self, stepping: bool = False) -> None:
        """One goes somewhere else. A row of steps is one way: back from it leads to where it began."""
        if not stepping or self._stepped is None or self._stepped[:2] != self._spot[:2]:
            self._spots.leave(self._spot)

    def back(self) -> bool:
        """Go back to where the last jump came from. Return False if there was none."""
        return self._return(self._spots.back(self._spot))

    def forth(self) -> bool:
        """Redo what `back` undid. Return False if there is nothing to redo."""
        return self._return(self._spots.forth(self._spot))

    def _return(self, spot: _Spot | None) -> bool:
        if spot is None:
            return False
        self._stepped = None
        self.playhead.rest()
        self.playhead.index, self.playhead.t_ns = spot.switch, spot.t_ns
        self.select_track(spot.selected)
        self.select_group(spot.group)
        self.reveal()
        return True

    def go_to_cell(self, cell: int) -> None:
        """Go to the middle of a cell: where a cell holds a single switch, that is after it."""
        if self.viewport.axis is Axis.SWITCHES:
            self.go(int(self.viewport.position(cell + 0.5)) - 1)
        else:
            self.go_to_time(self.viewport.time_at(self.timeline, cell + 1) - 1)

    def go_to_part(self, part: float) -> None:
        """Go to that part, from 0 to 1, of the whole time."""
        self.go_to_time(round(part * self.timeline.last_ns))

    def last(self) -> None:
        if self.live:
            self.follow()
        else:
            self.go(self.last_switch)

    def follow(self) -> None:
        if self.live:
            self._end_chosen = True
            self.playhead.follow(self.now_ns)
            self.reveal()

    def play_or_pause(self) -> None:
        playhead = self.playhead
        if playhead.playing or playhead.following:
            playhead.rest()
        elif self.live and playhead.index >= self.timeline.switch_count - 1:
            self.follow()
        else:
            self._suit_speed()
            playhead.play()
            if playhead.index < self.first_switch:
                playhead.t_ns = max(playhead.t_ns, self.played_ns[0])
            self.reveal()

    def _suit_speed(self) -> None:
        """Play what would be over in a moment so slowly that it can be watched."""
        begin_ns, end_ns = self.played_ns
        self.playhead.suit(end_ns - begin_ns if self.viewport.axis is Axis.TIME else None)

    def advance(self, passed_ns: int) -> bool:
        """Let `passed_ns` of the watcher's time pass. Return whether that moved anything."""
        if not self.playhead.playing:
            return False
        if self.playhead.advance(passed_ns, self.viewport.axis, self.played_ns[1]):
            if self.live:
                self.follow()
            else:
                self.playhead.rest()
        self.reveal()
        return True

    @property
    def played_ns(self) -> tuple[int, int]:
        """The range that is played: what `fit` shows, without the start and end of the interpreter."""
        timeline, axis = self.timeline, self.viewport.axis
        if self.live or axis is Axis.SWITCHES:
            return 0, self.now_ns
        if self._played is None or self._played[0] != (timeline.version, axis):
            begin, end = span(timeline, axis)
            # Whole nanoseconds, and none before the fitted range.
            begin_ns = time_of_position(timeline, axis, begin) + (begin > 0)
            end_ns = time_of_position(timeline, axis, end) if end < extent(timeline, axis) else self.now_ns
            self._played = (timeline.version, axis), (begin_ns, end_ns)
        return self._played[1]

    @property
    def playhead_cell(self) -> int:
        """Cell of the playhead in the viewport; may lie outside it."""
        if self.viewport.axis is Axis.SWITCHES:
            return int(self.viewport.cell_of_switch(self.timeline, self.playhead.index) // 1)
        return int(self.viewport.cell_of_time(self.timeline, self.playhead.t_ns) // 1)

    # A span of the timeline.

    @property
    def span(self) -> tuple[int, int] | None:
        """From when to when, in ns, if a span is selected."""
        if self._span_from_ns is None:
            return self._span
        return min(self._span_from_ns, self.playhead.t_ns), max(self._span_from_ns, self.playhead.t_ns)

    def begin_or_hold_span(self) -> None:
        """From here on the span reaches to the playhead, wherever that goes; or it stays as it is by now."""
        span = self.span if self._span_from_ns is not None else None
        self._span = span
        self._span_from_ns = self.playhead.t_ns if span is None else None

    def extend_span(self, by: int) -> None:
        """A switch further, with the playhead; the span begins here if there is none."""
        if self._span_from_ns is None:
            self.begin_or_hold_span()
        self.step(by)

    def span_over(self, start_ns: int, end_ns: int) -> None:
        self._span, self._span_from_ns = (start_ns, end_ns), None

    def drop_span(self) -> None:
        self._span = self._span_from_ns = None

    def zoom_to_span(self) -> bool:
        """Show just the span. Return False if there is none, or nothing in it."""
        return self.span is not None and self.show_between(*self.span)

    def show_part(self, part: Part) -> None:
        """Show just that part, from its first switch on."""
        self.playhead.go(part.first)
        axis = self.viewport.axis
        # The first switch of a part is one behind its beginning.
        ends = (part.first, part.stop) if axis is Axis.SWITCHES else (part.start_ns, part.end_ns)
        start, end = ends if axis is Axis.SWITCHES else (position_of_time(self.timeline, axis, t_ns) for t_ns in ends)
        self.fitted = False
        self.viewport = Viewport.over(axis, start, end, self.viewport.width)

    def show_between(self, start_ns: int, end_ns: int) -> bool:
        """Show exactly the range between. Return False if it is empty."""
        axis = self.viewport.axis
        start, end = (position_of_time(self.timeline, axis, t_ns) for t_ns in (start_ns, end_ns))
        cells = (end - start) / self.viewport.per_cell
        if cells <= 0:
            return False
        self._leave_zoom()
        self.fitted = False
        there = replace(self.viewport, start=start)
        # Its end is visible, too.
        self.viewport = there.zoomed(max(1, self.viewport.width - 1) / cells, 0, self.timeline, self.within)
        return True

    # The viewport.

    def zoom(self, factor: float, cell: int | None = None) -> None:
        """Show `1 / factor` as much; the time at `cell`, or else at the playhead, stays in place."""
        if cell is None:
            cell = self.playhead_cell
            if not 0 <= cell < self.viewport.width:
                cell = self.viewport.width // 2
        zoomed = self.viewport.zoomed(factor, cell, self.timeline, self.within)
        if zoomed != self.viewport:
            self._leave_zoom()
            self.fitted = False
            self.viewport = zoomed

    def pan(self, cells: int) -> None:
        moved = self.viewport.panned(cells, self.timeline, self.within)
        if moved == self.viewport:
            return
        if self._panned != self.viewport:
            self._leave_zoom()
        self._panned = moved
        self.fitted = False
        self.viewport = moved

    def fit(self) -> None:
        self._leave_zoom()
        self.fitted = True
        self._fit()

    def _leave_zoom(self) -> None:
        self._zooms.leave((self.viewport, self.fitted))

    def zoom_back(self) -> bool:
        """Show what was shown before the last zoom, fit, change of axis or row of pans. Return False without one."""
        return self._show_again(self._zooms.back((self.viewport, self.fitted)))

    def zoom_forth(self) -> bool:
        """Redo what `zoom_back` undid. Return False if there is nothing to redo."""
        return self._show_again(self._zooms.forth((self.viewport, self.fitted)))

    def _show_again(self, shown: tuple[Viewport, bool] | None) -> bool:
        if shown is None:
            return False
        viewport, self.fitted = shown
        self.viewport = replace(self.viewport, axis=viewport.axis)
        if self.fitted:
            self._fit()
        else:
            self.viewport = viewport.resized(self.viewport.width)
        return True

    def toggle_axis(self) -> None:
        """From time to switches, or back to time, with gaps folded if they were."""
        self.take_axis(self._time_axis if self.viewport.axis is Axis.SWITCHES else Axis.SWITCHES)

    def fold_gaps(self) -> bool:
        """Fold or unfold idle gaps. Return whether they are folded now."""
        self._time_axis = Axis.TIME if self.viewport.axis is Axis.BUSY else Axis.BUSY
        self.take_axis(self._time_axis)
        return self._time_axis is Axis.BUSY

    def take_axis(self, axis: Axis) -> None:
        """Show that axis from now on: it was chosen."""
        self._leave_zoom()
        self._axis_chosen = True
        self.viewport = self.viewport.with_axis(self.timeline, axis, self.playhead.index)
        if self.fitted:
            self._fit()
        else:
            self.reveal()

    def _fit(self) -> None:
        axis, width = self.viewport.axis, self.viewport.width
        fitted = Viewport.fit(self.timeline, axis, width, even=self.live)
        if self.live and axis is Axis.TIME:
            # The axis of a running program grows in steps, so that the picture stays still in between.
            while self._room_ns < self.now_ns:
                self._room_ns = int(self._room_ns * _ROOM_GROWTH)
            fitted = replace(fitted, per_cell=self._room_ns / max(1, width - MARGIN_CELLS))
        self.viewport = fitted

    def reveal(self) -> None:
        """Pan until the playhead is visible."""
        viewport, cell = self.viewport, self.playhead_cell
        # A fitted range stays still as long as the playhead is visible.
        margin = 0 if self.fitted else min(4, (viewport.width - 1) // 2)
        last = viewport.width - 1 - margin
        if self.playhead.following and cell > viewport.width - 1:
            beyond = cell - viewport.width * _FOLLOWED_AT
            self.viewport = replace(viewport, start=viewport.start + beyond * viewport.per_cell)
        elif cell < margin:
            self.viewport = viewport.panned(cell - margin, self.timeline, self.within)
        elif cell > last:
            self.viewport = viewport.panned(cell - last, self.timeline, self.within)
