"""What is looked at: which part of the timeline, which moment, which track. The screen changes it, panes draw it."""

from __future__ import annotations

from dataclasses import replace

from visualizer.analysis.model import Timeline
from visualizer.paint.rows import Row, rows
from visualizer.paint.text import cell_width, printable
from visualizer.paint.viewport import MARGIN_CELLS, Axis, Viewport
from visualizer.trace import words
from visualizer.tui.playhead import Playhead

#: Where all switches lie closer together than this, a time axis would show them as one.
_TOO_CLOSE_NS = 100_000_000
#: A program that still runs is given this much room at first, and so many times as much when it has used it up.
_ROOM_NS = 500_000_000
_ROOM_GROWTH = 1.5
#: Where the end is put, as a part of the width, when it has left the viewport that follows it.
_FOLLOWED_AT = 0.75
#: What happened since may not have been written yet: a trace is flushed so often.
_FLUSHED_NS = 50_000_000
_LABEL_CELLS = (10, 28)
#: Names beyond these are not measured: the column shall not be as wide as the longest of thousands.
_MEASURED_ROWS = 200


class View:
    """The state of a timeline screen, without anything that draws."""

    def __init__(self, timeline: Timeline, *, live: bool, ascii: bool = False) -> None:
        self.timeline = timeline
        self.ascii = ascii
        self.playhead = Playhead(timeline)
        self.viewport = Viewport.fit(timeline, Axis.TIME, 1)
        #: Whether more may come, and up to when the timeline is known.
        self.live = live
        self.now_ns = 0
        self.selected = words.NOBODY
        self.collapsed: set[int] = set()
        self.rows: list[Row] = []
        self.label_cells = _LABEL_CELLS[0]
        #: The whole timeline is in sight and shall remain so while it grows.
        self.fitted = True
        self._room_ns = _ROOM_NS
        self._axis_chosen = False
        self._rows_of: tuple[int, int, frozenset[int]] | None = None

    # What arrives.

    def grown(self, now_ns: int, live: bool) -> None:
        """More of the timeline is known: up to `now_ns`; `live`: and it goes on."""
        ended = self.live and not live
        self.live = live
        self.now_ns = max(now_ns, self.timeline.last_ns)
        self.timeline.reach(self.now_ns - _FLUSHED_NS)
        self._arrange()
        self.playhead.catch_up(self.now_ns)
        if ended:
            self.playhead.following = False
            if not self._axis_chosen and self._is_burst():
                self.viewport = replace(self.viewport, axis=Axis.SWITCHES)
        if self.fitted:
            self._fit()
        elif self.playhead.following:
            self._reveal()

    def resize(self, cells: int) -> None:
        """The rows are now `cells` wide."""
        if cells != self.viewport.width:
            self.viewport = self.viewport.resized(cells)
            if self.fitted:
                self._fit()

    def _is_burst(self) -> bool:
        switch_ns = self.timeline.switch_ns
        return len(switch_ns) > 1 and switch_ns[-1] - switch_ns[0] < _TOO_CLOSE_NS

    def _arrange(self) -> None:
        of = (len(self.timeline.tracks), len(self.timeline.spawns), frozenset(self.collapsed))
        if of != self._rows_of:
            self._rows_of = of
            self.rows = rows(self.timeline, self.collapsed)
            if self.row_of(self.selected) < 0 and self.rows:
                self.selected = self.rows[0].track
        names = (
            cell_width(printable(self.timeline.name(row.track))) + 2 * row.depth + 4
            for row in self.rows[:_MEASURED_ROWS]
        )
        least, most = _LABEL_CELLS
        self.label_cells = min(max(names, default=least), most)

    # Moving the playhead.

    def step(self, by: int) -> None:
        self.playhead.step(by)
        self._reveal()

    def step_of_selected(self, by: int) -> bool:
        moved = self.playhead.step_of(self.selected, by)
        self._reveal()
        return moved

    def go(self, index: int) -> None:
        self.playhead.go(index)
        self._reveal()

    def go_to_time(self, t_ns: int) -> None:
        self.playhead.go_to_time(min(t_ns, self.now_ns))
        self._reveal()

    def go_to_cell(self, cell: int) -> None:
        """Go to the middle of a cell: where a cell holds a single switch, that is after it."""
        if self.viewport.axis is Axis.SWITCHES:
            self.go(int(self.viewport.start + (cell + 0.5) * self.viewport.per_cell) - 1)
        else:
            self.go_to_time(self.viewport.time_at(self.timeline, cell + 1) - 1)

    def go_to_part(self, part: float) -> None:
        """Go to that part, from 0 to 1, of the whole time."""
        self.go_to_time(round(part * self.timeline.last_ns))

    def last(self) -> None:
        if self.live:
            self.follow()
        else:
            self.go(self.timeline.switch_count - 1)

    def follow(self) -> None:
        if self.live:
            self.playhead.follow(self.now_ns)
            self._reveal()

    def play_or_pause(self) -> None:
        playhead = self.playhead
        if playhead.playing or playhead.following:
            playhead.rest()
        elif self.live and playhead.index >= self.timeline.switch_count - 1:
            self.follow()
        else:
            playhead.play()
            self._reveal()

    def advance(self, passed_ns: int) -> bool:
        """Let `passed_ns` of the watcher's time pass. Return whether that moved anything."""
        if not self.playhead.playing:
            return False
        if self.playhead.advance(passed_ns, self.viewport.axis, self.now_ns):
            if self.live:
                self.follow()
            else:
                self.playhead.rest()
        self._reveal()
        return True

    @property
    def playhead_cell(self) -> int:
        """Cell of the playhead in the viewport; may lie outside it."""
        if self.viewport.axis is Axis.SWITCHES:
            return int(self.viewport.cell_of_switch(self.timeline, self.playhead.index) // 1)
        return int(self.viewport.cell_of_time(self.timeline, self.playhead.t_ns) // 1)

    # The viewport.

    def zoom(self, factor: float, cell: int | None = None) -> None:
        """Show `1 / factor` as much; what is at `cell`, or else at the playhead, stays where it is."""
        if cell is None:
            cell = self.playhead_cell
            if not 0 <= cell < self.viewport.width:
                cell = self.viewport.width // 2
        self.fitted = False
        self.viewport = self.viewport.zoomed(factor, cell, self.timeline)

    def pan(self, cells: int) -> None:
        moved = self.viewport.panned(cells, self.timeline)
        self.fitted = self.fitted and moved == self.viewport
        self.viewport = moved

    def fit(self) -> None:
        self.fitted = True
        self._fit()

    def toggle_axis(self) -> None:
        self._axis_chosen = True
        axis = Axis.TIME if self.viewport.axis is Axis.SWITCHES else Axis.SWITCHES
        self.viewport = self.viewport.with_axis(self.timeline, axis, self.playhead.index)
        if self.fitted:
            self._fit()
        else:
            self._reveal()

    def _fit(self) -> None:
        axis, width = self.viewport.axis, self.viewport.width
        fitted = Viewport.fit(self.timeline, axis, width)
        if self.live and axis is Axis.TIME:
            # The axis of a program that runs grows in strides, so that the picture stands still in between.
            while self._room_ns < self.now_ns:
                self._room_ns = int(self._room_ns * _ROOM_GROWTH)
            fitted = replace(fitted, per_cell=self._room_ns / max(1, width - MARGIN_CELLS))
        self.viewport = fitted

    def _reveal(self) -> None:
        """Pan so far that the playhead is in sight."""
        viewport, cell = self.viewport, self.playhead_cell
        margin = min(4, (viewport.width - 1) // 2)
        last = viewport.width - 1 - margin
        if self.playhead.following and cell > viewport.width - 1:
            beyond = cell - viewport.width * _FOLLOWED_AT
            self.viewport = replace(viewport, start=viewport.start + beyond * viewport.per_cell)
        elif cell < margin:
            self.viewport = viewport.panned(cell - margin, self.timeline)
        elif cell > last:
            self.viewport = viewport.panned(cell - last, self.timeline)

    # Tracks.

    def row_of(self, track: int) -> int:
        """Number of the row that shows `track`, or -1."""
        return next((number for number, row in enumerate(self.rows) if row.track == track), -1)

    def select(self, by: int) -> None:
        """Select the track so many rows below."""
        if self.rows:
            number = self.row_of(self.selected) + by
            self.selected = self.rows[min(max(number, 0), len(self.rows) - 1)].track

    def select_track(self, track: int) -> None:
        """Select that track; if it is folded away, unfold all."""
        if self.row_of(track) < 0:
            self.collapsed.clear()
            self._arrange()
        if self.row_of(track) >= 0:
            self.selected = track

    def fold(self, track: int) -> None:
        """Fold away what runs on `track`, or on the track that it runs on; or unfold it."""
        number = self.row_of(track)
        while number > 0 and not self.rows[number].has_children:
            number -= 1
        if number >= 0 and self.rows[number].has_children:
            owner = self.rows[number].track
            self.collapsed ^= {owner}
            self.selected = owner
            self._arrange()
