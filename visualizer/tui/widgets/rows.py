"""What stands in columns under one another: overview, ruler and tracks. The playhead is laid over all of them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style
from textual import events
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.model import FINAL
from visualizer.paint.group import told
from visualizer.paint.legend import legend
from visualizer.paint.pointed import pointed
from visualizer.paint.row import Run
from visualizer.paint.rows import Row, label_runs, row_name
from visualizer.paint.ruler import overview, ruler
from visualizer.paint.text import fit
from visualizer.paint.viewport import Axis
from visualizer.tui import keys
from visualizer.tui.ink import is_dark, over, strip, style
from visualizer.tui.messages import (
    CellsSpanned,
    Denied,
    MomentChosen,
    Panned,
    PartChosen,
    RowFolded,
    SliceZoomed,
    Zoomed,
)
from visualizer.tui.view import View
from visualizer.tui.widgets.dragging import Dragging

#: Cells left of the label, between label and row, and right of the row.
LEFT, BETWEEN, RIGHT = 1, 1, 1
#: One notch of the wheel.
_ZOOM_STEP = 1.25
_PAN_CELLS = 4
_CACHED_ROWS = 2_000


def row_start(view: View) -> int:
    """Column of a pane at which cell 0 of the viewport is."""
    return LEFT + view.label_cells + BETWEEN


def wheel(widget: Widget, event: events.MouseEvent, up: bool, view: View) -> None:
    """What a notch of the wheel does over what has a time axis: zoom there, or pan with Shift."""
    event.stop()
    event.prevent_default()
    if event.shift:
        widget.post_message(Panned(-_PAN_CELLS if up else _PAN_CELLS))
    else:
        column = event.get_content_offset_capture(widget).x - row_start(view)
        inside = 0 <= column < view.viewport.width
        widget.post_message(Zoomed(_ZOOM_STEP if up else 1 / _ZOOM_STEP, column if inside else None))


class Scale(Dragging):
    """A line over the tracks, with a name where they have theirs. The wheel over it zooms or pans."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def show(self) -> None:
        """Draw it: a line of this kind is cheap."""
        self.refresh()

    def _line(self, name: str, runs: Iterable[Run], cell: int, on: Style) -> Strip:
        """`name` and `runs`, and cell number `cell` of these in the style `on`, if it is in sight."""
        view = self._view
        label = Run(" " * LEFT + fit(name, view.label_cells) + " " * BETWEEN, "dim")
        line = strip(self, [label, *runs], self.size.width)
        at = row_start(view) + cell
        return over(line, at, at + 1, on) if 0 <= cell < view.viewport.width else line

    def _cell(self, at: Offset) -> int:
        """The cell that is pointed at; may lie outside of the row."""
        return at.x - row_start(self._view)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        wheel(self, event, True, self._view)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        wheel(self, event, False, self._view)


class Overview(Scale):
    """The whole trace in one line, and which part of it is in sight."""

    def render_line(self, y: int) -> Strip:
        view = self._view
        width, last_ns = view.viewport.width, view.timeline.last_ns
        part = view.playhead.t_ns / last_ns if last_ns else 0.0
        runs = overview(view.timeline, view.viewport, width, ascii=view.ascii)
        return self._line("overview", runs, min(int(part * width), width - 1), Style(reverse=True, bold=True))

    def press(self, event: events.MouseEvent, at: Offset) -> None:
        self._choose(at)

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        self._choose(at, dragged=True)

    def _choose(self, at: Offset, dragged: bool = False) -> None:
        part = self._cell(at) / self._view.viewport.width
        self.post_message(PartChosen(min(max(part, 0.0), 1.0), dragged))


class Ruler(Scale):
    """Times, or the numbers of switches, over the tracks."""

    def render_line(self, y: int) -> Strip:
        view = self._view
        name = "switches" if view.viewport.axis is Axis.SWITCHES else "time"
        runs = ruler(view.timeline, view.viewport, ascii=view.ascii)
        line = self._line(name, runs, view.playhead_cell, style("playhead", is_dark(self)))
        if view.span is not None:
            start, end = (int(view.viewport.cell_of_time(view.timeline, t_ns)) for t_ns in view.span)
            start, end = max(start, 0), min(end + 1, view.viewport.width)
            if start < end:
                line = over(line, row_start(view) + start, row_start(view) + end, style("selected", is_dark(self)))
        for mark in view.marks:
            cell = int(view.viewport.cell_of_time(view.timeline, mark.t_ns))
            if 0 <= cell < view.viewport.width:
                at = row_start(view) + cell
                glyph = strip(self, [Run("v" if view.ascii else "▼", "edge")], 1)
                line = Strip.join([line.crop(0, at), glyph, line.crop(at + 1)])
        return line

    def press(self, event: events.MouseEvent, at: Offset) -> None:
        if 0 <= (cell := self._cell(at)) < self._view.viewport.width:
            self.post_message(MomentChosen(cell))

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        self.post_message(CellsSpanned(self._cell(begin), self._cell(at)))


class Legend(Widget):
    """What the glyphs of the states that occur mean, under the rows."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._known = -1

    def show(self) -> None:
        """Draw it if there may be a state that did not occur before."""
        if self.display and self._known != self._view.timeline.version:
            self._known = self._view.timeline.version
            self.refresh()

    def render_line(self, y: int) -> Strip:
        view, width = self._view, self.size.width
        runs = legend(view.timeline, ascii=view.ascii, width=width - LEFT - RIGHT)
        return strip(self, [Run(" " * LEFT, "dim"), *runs], width)


class Tracks(Dragging, ScrollView, can_focus=True, inherit_bindings=False):
    """A row for each track. A row is painted again only when what its cache key holds has changed."""

    BINDINGS = keys.bindings([keys.PAGES])
    ALLOW_SELECT = False

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._cache: dict[tuple[object, ...], Strip] = {}
        self._drawn: dict[int, tuple[object, ...]] = {}
        self._playhead = -1
        #: What the words on the cell under the pointer were said of.
        self._pointed: object = None

    def show(self) -> None:
        """Draw the rows that are not as they were, and the columns that the playhead left and came to."""
        view = self._view
        if self._pointed != view.viewport:
            # Under the pointer there is something else now.
            self.tooltip = None
        size = Size(self.size.width, len(view.rows))
        if size != self.virtual_size:
            self.virtual_size = size
        top, height = self.scroll_offset.y, self.size.height
        visible = range(top, min(top + height, len(view.rows)))
        drawn = {y: self._key(view.rows[y]) for y in visible}
        cell = row_start(view) + view.playhead_cell
        if self._drawn.keys() != drawn.keys():
            self.refresh()
        else:
            changed = [Region(0, y - top, self.size.width, 1) for y in visible if drawn[y] != self._drawn[y]]
            if cell != self._playhead:
                changed += [Region(x, 0, 1, height) for x in (cell, self._playhead) if 0 <= x < self.size.width]
            if changed:
                self.refresh(*changed)
        self._drawn = drawn
        self._playhead = cell

    def bring(self, row: int) -> None:
        """Scroll as little as needed for that row to be in sight."""
        top, height = self.scroll_offset.y, self.size.height
        if row >= 0 and height and not top <= row < top + height:
            self.scroll_to(y=row if row < top else row - height + 1, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        view = self._view
        if number >= len(view.rows):
            said = " No track has that in its name." if view.wanted and not number else ""
            line = strip(self, [Run(said, "dim")], self.size.width)
        else:
            line = self._line(view.rows[number])
        cell = view.playhead_cell
        if 0 <= cell < view.viewport.width:
            at = row_start(view) + cell
            line = over(line, at, at + 1, style("playhead", is_dark(self)))
        return line

    def _key(self, row: Row) -> tuple[object, ...]:
        view = self._view
        tracks = [view.timeline.tracks[track] for track in row.members or (row.track,)]
        grown = 0
        if view.live and view.viewport.axis is Axis.SWITCHES:
            # The last segment of this axis holds all the time since the last switch, whosever it was.
            grown = view.timeline.version
        elif view.live and any(track.state not in FINAL for track in tracks):
            # What is still open grows; but only by whole cells is there anything to draw.
            grown = int(view.viewport.cell_of_time(view.timeline, view.now_ns))
        version = sum(track.version for track in tracks)
        chosen = row == view.selected_row
        return (
            row, version, view.viewport, view.label_cells, view.live, grown, chosen, self.app.theme, self.size
        )  # fmt: skip

    def _line(self, row: Row) -> Strip:
        key = self._key(row)
        line = self._cache.get(key)
        if line is None:
            view = self._view
            chosen = row == view.selected_row
            runs = [
                Run(" " * LEFT, "text"),
                *label_runs(view.timeline, row, view.label_cells, selected=chosen, ascii=view.ascii),
                Run(" " * BETWEEN, "text"),
                *self._view.painted(row),
            ]
            if len(self._cache) >= _CACHED_ROWS:
                self._cache.clear()
            line = self._cache[key] = strip(self, runs, self.size.width)
        return line

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        row = self._row(at) if at is not None else None
        if self.dragged or at is None or row is None:
            return
        view = self._view
        column = at.x - row_start(view)
        if event.chain == 2 and 0 <= column < view.viewport.width:
            # The first of the two clicks went there.
            self.post_message(SliceZoomed())
        elif row.has_children and column < 0 and at.x < LEFT + 2 * row.depth + 2:
            self.post_message(RowFolded(at.y + self.scroll_offset.y))
        else:
            self.post_message(MomentChosen(column if 0 <= column < view.viewport.width else -1, row))

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        """Move what is in sight along; or with Shift (which some terminals keep for themselves) or Ctrl, select."""
        self.tooltip = None
        if event.shift or event.ctrl:
            left = row_start(self._view)
            self.post_message(CellsSpanned(begin.x - left, at.x - left))
        else:
            if at.x != before.x:
                self.post_message(Panned(before.x - at.x))
            self.scroll_relative(y=before.y - at.y, animate=False, force=True)

    def point(self, at: Offset) -> None:
        """Say what is there, as long as the pointer stays."""
        view, row = self._view, self._row(at)
        cell = at.x - row_start(view)
        said: list[str] = []
        if row is not None and row.group is not None:
            t_ns = view.viewport.time_at(view.timeline, cell + 0.5) if cell >= 0 else view.playhead.t_ns
            said = [f"{row_name(view.timeline, row)}: {told(view.crowd(row), t_ns)}"]
        elif row is not None and 0 <= cell < view.viewport.width:
            said = pointed(view.timeline, row.track, view.viewport, cell, view.now_ns)
        self._pointed = view.viewport
        self.tooltip = Content("\n".join(said)) if said else None

    def on_leave(self) -> None:
        self.tooltip = None

    def _row(self, at: Offset) -> Row | None:
        number = at.y + self.scroll_offset.y
        return self._view.rows[number] if 0 <= number < len(self._view.rows) else None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        if event.ctrl or event.shift:
            wheel(self, event, True, self._view)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        if event.ctrl or event.shift:
            wheel(self, event, False, self._view)

    def action_page(self, by: int) -> None:
        if not 0 <= self.scroll_offset.y + by <= self.max_scroll_y:
            self.post_message(Denied(f"This is the {'last' if by > 0 else 'first'} of the tracks."))
        self.scroll_relative(y=by * max(1, self.size.height - 1), animate=False, force=True)
