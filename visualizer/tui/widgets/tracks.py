"""Overview, ruler and tracks, which share their columns. The playhead is drawn over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.index.polls import occurring
from visualizer.analysis.model.timeline import FINAL
from visualizer.paint.axis.ruler import folded, overview, ruler
from visualizer.paint.axis.viewport import Axis, Viewport
from visualizer.paint.panes.tooltip import pointed
from visualizer.paint.rows.group_row import state_counts
from visualizer.paint.rows.order import Row, label_runs, row_name
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import fit
from visualizer.paint.text.legend import legend
from visualizer.tui import keys
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
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import ground, is_dark, over, strip, style
from visualizer.tui.widgets.drag import Dragging

#: Cells left of the label, between label and row, and right of the row.
LEFT, BETWEEN, RIGHT = 1, 1, 1
#: One notch of the wheel.
_ZOOM_STEP = 1.25
_PAN_CELLS = 4
_CACHED_ROWS = 256
#: A gap that takes fewer cells is not shaded.
_SHADED_FROM = 2


def row_start(view: View) -> int:
    """Column of a pane at which cell 0 of the viewport is."""
    return LEFT + view.label_cells + BETWEEN


def span_cells(view: View) -> tuple[int, int]:
    """From which to which cell of the viewport the selected span goes; none if the first is not the smaller."""
    if view.span is None:
        return 0, 0
    start, end = (int(view.viewport.cell_of_time(view.timeline, t_ns) // 1) for t_ns in view.span)
    return max(start, 0), min(end + 1, view.viewport.width)


def shaded(line: Strip, at: int, spans: Iterable[tuple[int, int]], on: Style) -> Strip:
    """`line` with these spans of cells, the first of them in column `at`, on the background of `on`."""
    cuts = [at + cell for start, end in spans if start < end for cell in (start, end)]
    if not cuts:
        return line
    behind = Style(bgcolor=on.bgcolor)
    parts = list(line.divide([*cuts, line.cell_length]))
    parts[1::2] = [
        Strip([Segment(text, (known or Style()) + behind) for text, known, _ in part]) for part in parts[1::2]
    ]
    return Strip.join(parts)


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
        """`name` and `runs`, with cell number `cell` of these in the style `on`, if it is visible."""
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
    """The whole trace in one line, with the visible range marked, and a ! where there is a problem."""

    def render_line(self, y: int) -> Strip:
        view = self._view
        width, last_ns = view.viewport.width, view.timeline.last_ns
        part = view.playhead.t_ns / last_ns if last_ns else 0.0
        runs = overview(view.timeline, view.viewport, width, ascii=view.ascii)
        cell = min(int(part * width), width - 1)
        line = self._line(view.overview_text, runs, cell, style("playhead", is_dark(self)))
        happened_ns = [t_ns for t_ns in view.problems_ns or () if 0 <= t_ns <= last_ns] if last_ns else []
        problems = {min(t_ns * width // last_ns, width - 1) for t_ns in happened_ns}
        for problem in problems - {cell}:
            at = row_start(view) + problem
            if line.crop(at, at + 1).text in "[]":
                continue
            line = Strip.join([line.crop(0, at), strip(self, [Run("!", "error")], 1), line.crop(at + 1)])
        at = row_start(view) + cell
        if line.crop(at, at + 1).text in "[]":
            return line
        # A bar as high as the line would leave nothing of the playhead.
        here = strip(self, [Run(" ", "playhead")], 1)
        return Strip.join([line.crop(0, at), here, line.crop(at + 1)])

    def on_click(self, event: events.Click) -> None:
        # Whoever drags wants to see something else, and the playhead to stay.
        if not self.dragged:
            self._choose(event.get_content_offset_capture(self))

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        self._choose(at, dragged=True)

    def _choose(self, at: Offset, dragged: bool = False) -> None:
        part = self._cell(at) / self._view.viewport.width
        self.post_message(PartChosen(min(max(part, 0.0), 1.0), dragged))


class Ruler(Scale):
    """Times, or the numbers of switches, over the tracks."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        #: What it was painted for last, and how: the playhead goes over it without a change.
        self._painted: tuple[object, list[Run]] | None = None

    @property
    def _marked(self) -> dict[int, Run]:
        """The marks drawn in cells of their own over the ruler."""
        view = self._view
        cells = (int(view.viewport.cell_of_time(view.timeline, mark.t_ns) // 1) for mark in view.marks)
        return {cell: Run("v" if view.ascii else "▼", "edge") for cell in cells if 0 <= cell < view.viewport.width}

    def _runs(self, taken: Collection[int]) -> list[Run]:
        """Ticks and labels, none of which is partly covered by the cells `taken`."""
        view = self._view
        key = view.viewport, view.time_format, view.timeline.version, view.timeline.last_ns, tuple(taken)
        if self._painted is None or self._painted[0] != key:
            painted = ruler(view.timeline, view.viewport, ascii=view.ascii, time_format=view.time_format, taken=taken)
            self._painted = key, painted
        return self._painted[1]

    def render_line(self, y: int) -> Strip:
        view = self._view
        name = view.ruler_text(view.viewport.axis.value)
        marked = self._marked
        line = self._line(name, self._runs(marked.keys()), view.playhead_cell, style("playhead", is_dark(self)))
        start, end = span_cells(view)
        if start < end:
            line = over(line, row_start(view) + start, row_start(view) + end, style("selected", is_dark(self)))
        for cell, run in marked.items():
            at = row_start(view) + cell
            line = Strip.join([line.crop(0, at), strip(self, [run], 1), line.crop(at + 1)])
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
        runs = legend(occurring(view.timeline), ascii=view.ascii, width=width - LEFT - RIGHT)
        return strip(self, [Run(" " * LEFT, "dim"), *runs], width)


class TracksPane(Dragging, ScrollView, can_focus=True, inherit_bindings=False):
    """A row for each track. A row is painted again only when what its cache key holds has changed."""

    BINDINGS = keys.bindings([keys.PAGES])
    ALLOW_SELECT = False

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        #: Of rows of several tracks: the timeline's version and their own.
        self._versions: dict[Row, tuple[int, int]] = {}
        self._cache: dict[tuple[object, ...], Strip] = {}
        self._drawn: dict[int, tuple[object, ...]] = {}
        self._playhead = -1
        self._span = 0, 0
        self._gaps: tuple[tuple[Viewport, int], list[tuple[int, int]]] | None = None
        #: What the tooltip under the pointer describes.
        self._pointed: object = None

    def show(self) -> None:
        """Draw the rows that are not as they were, and the columns that the playhead left and came to."""
        view = self._view
        if self._pointed != view.viewport:
            # Under the pointer there is something else now.
            self.tooltip = None
        size = Size(self.size.width, view.line_count)
        if size != self.virtual_size:
            self.virtual_size = size
        height, numbers = self.size.height, self._numbers_in_sight
        drawn = {number: self._key(number) for number in numbers}
        cell, span = row_start(view) + view.playhead_cell, span_cells(view)
        if self._drawn.keys() != drawn.keys():
            self.refresh()
        else:
            lines = enumerate(numbers)
            changed = [Region(0, y, self.size.width, 1) for y, n in lines if drawn[n] != self._drawn[n]]
            if span != self._span:
                first, last = min(self._span[0], span[0]), max(self._span[1], span[1])
                changed.append(Region(row_start(view) + first, 0, max(0, last - first), height))
            if cell != self._playhead:
                changed += [Region(x, 0, 1, height) for x in (cell, self._playhead) if 0 <= x < self.size.width]
            if changed:
                self.refresh(*changed)
        self._drawn, self._playhead, self._span = drawn, cell, span

    @property
    def staying(self) -> int:
        """How many lines stay on top while the others scroll: those that are pinned, but at most half of all."""
        return min(self._view.pinned_rows, self.size.height // 2)

    def number_at(self, y: int) -> int:
        """Number of the row in visible line `y`; there may be no such row."""
        return y if y < self.staying else y + self.scroll_offset.y

    @property
    def in_sight(self) -> list[Row]:
        """The rows that stand in a line."""
        return [self._view.rows[number] for number in self._numbers_in_sight]

    @property
    def _numbers_in_sight(self) -> list[int]:
        return [number for y in range(self.size.height) if (number := self.number_at(y)) < len(self._view.rows)]

    def bring(self, row: int) -> None:
        """Scroll as little as needed to make that row visible."""
        top, height, staying = self.scroll_offset.y, self.size.height, self.staying
        if row >= staying and height and not top + staying <= row < top + height:
            y = row - staying if row < top + staying else row - height + 1
            self.scroll_to(y=y, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        number = self.number_at(y)
        view = self._view
        if number >= len(view.rows):
            said = f" {view.hidden_text}" if number == len(view.rows) else ""
            if view.wanted and not number and not said.strip():
                said = " No track name contains that."
            line = strip(self, [Run(said, "dim")], self.size.width)
        else:
            line = self._line(number)
            line = shaded(line, row_start(view), [span_cells(view)], style("span", is_dark(self)))
        cell = view.playhead_cell
        if 0 <= cell < view.viewport.width:
            at = row_start(view) + cell
            line = over(line, at, at + 1, ground("playhead", is_dark(self)))
        return line

    def _key(self, number: int) -> tuple[object, ...]:
        view = self._view
        row = view.rows[number]
        grown = 0
        if view.live and view.viewport.axis is Axis.SWITCHES:
            # The last segment of this axis holds all the time since the last switch, whosever it was.
            grown = view.timeline.version
        elif view.live and (row.members or view.timeline.tracks[row.track].state not in FINAL):
            # An open slice grows; but only whole cells need drawing.
            grown = int(view.viewport.cell_of_time(view.timeline, view.now_ns))
        version = self._version(row)
        chosen = row == view.selected_row
        return (
            row, version, view.viewport, view.label_cells, view.live, grown, chosen, self.app.theme, self.size,
            number < view.pinned_rows, gaps(view.timeline).revision if view.viewport.axis is Axis.BUSY else 0,
            view.timeline.name(row.track, view.playhead.t_ns) if row.track in view.timeline.changing_names else None,
        )

    def _version(self, row: Row) -> int:
        """Another number whenever anything of a track of the row has changed."""
        timeline = self._view.timeline
        if not row.members:
            return timeline.tracks[row.track].version
        known = self._versions.get(row)
        if known is None or known[0] != timeline.version:
            known = self._versions[row] = timeline.version, timeline.tracks.version_of(row.members)
        return known[1]

    def _line(self, number: int) -> Strip:
        key = self._key(number)
        if key not in self._cache:
            # Other visible rows that are not painted yet are requested next.
            self._paint({number: None} | dict.fromkeys(self._numbers_in_sight))
        return self._cache[key]

    def _paint(self, numbers: Iterable[int]) -> None:
        """Paint those of these rows that are not as they were, all at once."""
        view = self._view
        keys = {key: number for number in numbers if (key := self._key(number)) not in self._cache}
        if len(self._cache) + len(keys) > _CACHED_ROWS:
            # The visible range stays.
            self._cache = {key: self._cache[key] for key in self._drawn.values() if key in self._cache}
        painted = view.painted([view.rows[number] for number in keys.values()])
        for (key, number), cells in zip(keys.items(), painted, strict=True):
            row = view.rows[number]
            pin = Run("*" if view.ascii else "◆", "edge")
            runs = [
                pin if number < view.pinned_rows else Run(" " * LEFT, "text"),
                *label_runs(
                    view.timeline, row, view.label_cells, selected=row == view.selected_row, ascii=view.ascii,
                    at_ns=view.playhead.t_ns,
                ),
                Run(" " * BETWEEN, "text"),
                *cells,
            ]
            line = strip(self, runs, self.size.width)
            if view.viewport.axis is Axis.BUSY:
                line = shaded(line, row_start(view), self._gap_cells(), style("gap", is_dark(self)))
            self._cache[key] = line

    def _gap_cells(self) -> list[tuple[int, int]]:
        """The first and last cell of each folded gap that is distinguishable from its neighbours."""
        view = self._view
        key = view.viewport, gaps(view.timeline).revision
        if self._gaps is None or self._gaps[0] != key:
            start, per_cell, width = view.viewport.start, view.viewport.per_cell, view.viewport.width
            found = [
                (max(0, int((begin - start) / per_cell)), min(width, int((end - start) / per_cell)))
                for begin, end, _ in folded(view.timeline, view.viewport)
            ]
            self._gaps = key, [(begin, end) for begin, end in found if end - begin >= _SHADED_FROM]
        return self._gaps[1]

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
            self.post_message(RowFolded(self.number_at(at.y)))
        else:
            self.post_message(MomentChosen(column if 0 <= column < view.viewport.width else -1, row))

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        """Move the visible range along; or with Shift (which some terminals keep for themselves) or Ctrl, select."""
        self.tooltip = None
        if event.shift or event.ctrl:
            left = row_start(self._view)
            self.post_message(CellsSpanned(begin.x - left, at.x - left))
        else:
            if at.x != before.x:
                self.post_message(Panned(before.x - at.x))
            self.scroll_relative(y=before.y - at.y, animate=False, force=True)

    def point(self, at: Offset) -> None:
        """Show what is there, as long as the pointer stays."""
        view, row = self._view, self._row(at)
        cell = at.x - row_start(view)
        said: list[str] = []
        if row is not None and row.group is not None:
            t_ns = view.viewport.time_at(view.timeline, cell + 0.5) if cell >= 0 else view.playhead.t_ns
            said = [f"{row_name(view.timeline, row)}: {state_counts(view.track_group(row), t_ns)}"]
        elif row is not None and 0 <= cell < view.viewport.width:
            said = pointed(view.timeline, row.track, view.viewport, cell, view.now_ns)
        self._pointed = view.viewport
        self.tooltip = Content("\n".join(said)) if said else None

    def on_leave(self) -> None:
        self.tooltip = None

    def _row(self, at: Offset) -> Row | None:
        number = self.number_at(at.y)
        return self._view.rows[number] if 0 <= number < len(self._view.rows) else None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        if event.ctrl or event.shift:
            wheel(self, event, True, self._view)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        if event.ctrl or event.shift:
            wheel(self, event, False, self._view)

    def action_page(self, by: int) -> None:
        if not 0 <= self.scroll_offset.y + by <= self.max_scroll_y:
            self.post_message(Denied(f"This is the {'last' if by > 0 else 'first'} track."))
        self.scroll_relative(y=by * max(1, self.size.height - self.staying - 1), animate=False, force=True)
