"""What is dragged on the timeline, and what is clicked twice."""

from __future__ import annotations

from textual import on

from visualizer.paint.viewport import Viewport
from visualizer.tui import messages
from visualizer.tui.screens.spanning import Spanning

#: What is shown on either side of a slice that is zoomed in on, as a part of it.
_MARGIN = 1 / 16


class Pointing(Spanning):
    """What the mouse does there, beside clicks."""

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
        """All of the cells, the last included, that are in sight."""
        view = self.view
        first, last = (min(max(cell, 0), view.viewport.width - 1) for cell in sorted((message.begin, message.end)))
        view.span_over(*(view.viewport.time_at(view.timeline, cell) for cell in (first, last + 1)))
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
