"""Clicks and drags on the timeline."""

from __future__ import annotations

from textual import on

from visualizer.paint.axis.viewport import Viewport
from visualizer.tui import messages
from visualizer.tui.actions.spans import Spanning

#: The margin on either side of a slice that is zoomed in on, as a part of the slice.
_MARGIN = 1 / 16


class Pointing(Spanning):
    """What the mouse does there."""

    @on(messages.MomentChosen)
    def _go_to_cell(self, message: messages.MomentChosen) -> None:
        if message.row is not None:
            self.view.choose(message.row)
        if message.column >= 0:
            self.view.go_to_cell(message.column)
        self.look()

    @on(messages.SwitchChosen)
    def _go_to_switch(self, message: messages.SwitchChosen) -> None:
        by = 1 if message.index > self.view.playhead.index else -1
        if message.index == self.view.playhead.index:
            self.view.go(message.index)
            self.look()
        else:
            self.attempt(lambda: self.view.go(message.index), self.no_switch(by))

    @on(messages.TimeChosen)
    def _go_to_time(self, message: messages.TimeChosen) -> None:
        self.view.go_to_time(message.t_ns)
        self.look()

    @on(messages.FindingChosen)
    def _go_to_finding(self, message: messages.FindingChosen) -> None:
        self.view.go_to_time(message.t_ns)
        if message.track is not None:
            self.view.select_track(message.track)
        self.look()

    @on(messages.RowFolded)
    def _fold(self, message: messages.RowFolded) -> None:
        self.view.fold(message.number)
        self.look()

    @on(messages.Zoomed)
    def _zoom(self, message: messages.Zoomed) -> None:
        self.view.zoom(message.factor, message.column)
        self.look()

    @on(messages.Panned)
    def _pan(self, message: messages.Panned) -> None:
        self.view.pan(message.cells)
        self.look()

    @on(messages.PartChosen)
    def _go_to_part(self, message: messages.PartChosen) -> None:
        view = self.view
        whole = Viewport.whole(view.timeline, view.viewport.axis, view.viewport.width)
        if message.dragged and view.viewport.per_cell < whole.per_cell:
            cell = view.viewport.cell_of_time(view.timeline, round(message.part * view.timeline.last_ns))
            view.pan(round(cell) - view.viewport.width // 2)
        else:
            view.go_to_part(message.part)
        self.look()

    @on(messages.CellsSpanned)
    def _span_cells(self, message: messages.CellsSpanned) -> None:
        """All visible cells, including the last one."""
        view = self.view
        first, last = (min(max(cell, 0), view.viewport.width - 1) for cell in sorted((message.begin, message.end)))
        start_ns, end_ns = (view.viewport.time_at(view.timeline, cell) for cell in (first, last + 1))
        if view.viewport.cell_of_time(view.timeline, start_ns) < first:
            # A cell begins within a nanosecond, of which the beginning belongs to the cell before.
            start_ns = min(start_ns + 1, end_ns)
        view.span_over(start_ns, end_ns)
        self.look()

    @on(messages.SliceZoomed)
    def _zoom_to_slice(self) -> None:
        view = self.view
        track = view.timeline.tracks.get(view.selected)
        at = track.slices.at(view.playhead.t_ns) if track is not None and view.selected_group is None else -1
        if track is None or at < 0:
            view.zoom(4)
        else:
            starts_ns = track.slices.start_ns
            start_ns, end_ns = starts_ns[at], starts_ns[at + 1] if at + 1 < len(starts_ns) else view.now_ns
            margin_ns = round((end_ns - start_ns) * _MARGIN)
            view.show_between(max(0, start_ns - margin_ns), min(view.now_ns, end_ns + margin_ns))
        self.look()
