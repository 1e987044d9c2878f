"""The rows of one side of a comparison, and the lines between the two."""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.plain import plain
from visualizer.analysis.sentences import sentence
from visualizer.paint.comparison import part_rows
from visualizer.paint.figures import verdict
from visualizer.paint.panel import panel
from visualizer.paint.pointed import pointed
from visualizer.paint.row import Run
from visualizer.paint.rows import Row
from visualizer.paint.ruler import ruler
from visualizer.paint.text import fit
from visualizer.tui.ink import ground, is_dark, over, strip
from visualizer.tui.pair import Pair
from visualizer.tui.widgets.dragging import Dragging
from visualizer.tui.widgets.header import moment

SIDES = ("A", "B")
#: One notch of the wheel.
_ZOOM_STEP = 1.25
_PAN_CELLS = 4
_CACHED_ROWS = 256


class Told(Widget):
    """Lines that are cheap to draw."""

    def __init__(self, pair: Pair, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pair = pair

    def show(self) -> None:
        self.refresh()


class Verdict(Told):
    """The first line: which is faster, and whether the playheads move together."""

    def render_line(self, y: int) -> Strip:
        how = "LOCKED " if self._pair.locked else "EACH FOR ITSELF "
        width = max(0, self.size.width - len(how))
        said = Run(fit(f" {verdict(self._pair.found)}", width), "thread")
        return strip(self, [said, Run(how, "label")], self.size.width)


class CommonRuler(Told):
    """The one scale, counted from where both begin."""

    def render_line(self, y: int) -> Strip:
        pair = self._pair
        longer = max(pair.parts, key=lambda part: part.timeline.last_ns).timeline
        label = Run(fit(" time", pair.label_cells), "dim")
        line = strip(self, [label, *ruler(longer, pair.scale, ascii=pair.ascii)], self.size.width)
        return _with_playhead(self, line, pair, pair.chosen)


class Side(Told):
    """What a side is, and where its playhead stands."""

    def __init__(self, pair: Pair, side: int) -> None:
        super().__init__(pair, id=f"side-{SIDES[side].lower()}")
        self._side = side

    def render_line(self, y: int) -> Strip:
        pair, side = self._pair, self._side
        part, playhead = pair.parts[side], pair.playheads[side]
        mark = "▸" if pair.chosen == side else " "
        at = moment(playhead.t_ns - part.start_ns, part.end_ns - part.start_ns)
        of = moment(part.end_ns - part.start_ns, part.end_ns - part.start_ns)
        where = f"  switch {pair.number(side)} of {part.stop - part.first}   {at} of {of} "
        name = fit(f"{mark}{SIDES[side]}  {plain(pair.names[side])}", max(0, self.size.width - len(where)))
        return strip(self, [Run(name, "edge" if mark != " " else "thread"), Run(where, "text")], self.size.width)

    def on_click(self, event: events.Click) -> None:
        self.post_message(SideChosen(self._side, -1))


class Sentences(Told):
    """The switch at each of the playheads."""

    def render_line(self, y: int) -> Strip:
        pair = self._pair
        if y >= len(SIDES):
            return Strip.blank(self.size.width)
        part, index = pair.parts[y], pair.playheads[y].index
        said = sentence(part.timeline, index) if index >= part.first else "Nothing was switched yet"
        number = f"#{index + 1}  " if index >= part.first else ""
        side = f" {SIDES[y]}  "
        room = max(0, self.size.width - len(side) - len(number))
        runs = [Run(side, "edge"), Run(number, "ruler"), Run(fit(said, room), "text")]
        return strip(self, runs, self.size.width)


class SideChosen(Message):
    """Somebody pointed at a side; `column` is the cell, -1 if it was none."""

    def __init__(self, side: int, column: int) -> None:
        super().__init__()
        self.side = side
        self.column = column


class BothZoomed(Message):
    """The wheel was turned over a cell, with Ctrl (`factor`) or Shift (`cells`)."""

    def __init__(self, factor: float, cells: int, column: int) -> None:
        super().__init__()
        self.factor = factor
        self.cells = cells
        self.column = column


class Stack(Dragging, ScrollView, can_focus=False):
    """A row for each track of a side. A row is painted again only when what is in sight has changed."""

    ALLOW_SELECT = False

    def __init__(self, pair: Pair, side: int) -> None:
        super().__init__()
        self.id = f"stack-{SIDES[side].lower()}"
        self._pair = pair
        self._side = side
        self.rows: list[Row] = part_rows(pair.parts[side])
        self._cache: dict[tuple[object, ...], Strip] = {}

    def unfold(self, everything: bool) -> None:
        """Have a row for each track, or only one for many of a kind."""
        self.rows = part_rows(self._pair.parts[self._side], everything=everything)
        self._cache.clear()

    def unfolded(self) -> list[Row]:
        """The rows there would be with one for each track."""
        return part_rows(self._pair.parts[self._side], everything=True)

    def show(self) -> None:
        size = Size(self.size.width, len(self.rows))
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh()

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        pair = self._pair
        if number >= len(self.rows):
            line = Strip.blank(self.size.width, self.rich_style)
        else:
            line = self._line(number)
        return _with_playhead(self, line, pair, self._side)

    def _line(self, number: int) -> Strip:
        pair = self._pair
        key = (number, pair.viewport(self._side), pair.label_cells, self.app.theme, self.size.width)
        line = self._cache.get(key)
        if line is None:
            part = pair.parts[self._side]
            left, viewport = pair.label_cells - 1, pair.viewport(self._side)
            shown = self.rows[number : number + 1]
            [runs] = panel(part.timeline, shown, viewport, left, ascii=pair.ascii, until_ns=part.end_ns)
            if len(self._cache) >= _CACHED_ROWS:
                self._cache.clear()
            line = self._cache[key] = strip(self, [Run(" ", "text"), *runs], self.size.width)
        return line

    def _column(self, event: events.MouseEvent) -> int:
        column = event.get_content_offset_capture(self).x - self._pair.label_cells
        return column if 0 <= column < self._pair.scale.width else -1

    def on_click(self, event: events.Click) -> None:
        if not self.dragged:
            self.post_message(SideChosen(self._side, self._column(event)))

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        """Move what is in sight along, of both sides."""
        self.tooltip = None
        self.post_message(BothZoomed(1.0, before.x - at.x, -1))
        self.scroll_relative(y=before.y - at.y, animate=False, force=True)

    def point(self, at: Offset) -> None:
        """Say what is there, as long as the pointer stays."""
        pair, number, cell = self._pair, at.y + self.scroll_offset.y, at.x - self._pair.label_cells
        self.tooltip = None
        if 0 <= number < len(self.rows) and self.rows[number].group is None and 0 <= cell < pair.scale.width:
            part = pair.parts[self._side]
            said = pointed(part.timeline, self.rows[number].track, pair.viewport(self._side), cell, part.end_ns)
            self.tooltip = Content("\n".join(said)) if said else None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, _ZOOM_STEP, -_PAN_CELLS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1 / _ZOOM_STEP, _PAN_CELLS)

    def _wheel(self, event: events.MouseEvent, factor: float, cells: int) -> None:
        if event.ctrl or event.shift:
            event.stop()
            event.prevent_default()
            zoom, pan = (factor, 0) if event.ctrl else (1.0, cells)
            self.post_message(BothZoomed(zoom, pan, self._column(event)))


def _with_playhead(widget: Widget, line: Strip, pair: Pair, side: int) -> Strip:
    cell = pair.playhead_cell(side)
    if not 0 <= cell < pair.scale.width:
        return line
    chosen = pair.chosen == side or pair.locked
    on = ground("playhead", is_dark(widget)) if chosen else Style(reverse=True)
    return over(line, pair.label_cells + cell, pair.label_cells + cell + 1, on)
