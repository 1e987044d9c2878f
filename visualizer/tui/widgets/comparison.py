"""The rows of one side of a comparison, and the lines between the two."""

from __future__ import annotations

from collections.abc import Collection

from rich.style import Style
from textual import events
from textual.geometry import Offset
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.text.printable import plain
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.figures import verdict
from visualizer.paint.comparison.stacked import common_ruler
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import fit, fit_sentence
from visualizer.paint.text.wait_labels import told_within
from visualizer.tui.state.pair import SIDES, Pair
from visualizer.tui.terminal.styles import is_dark, over, strip, style
from visualizer.tui.widgets.filter import Filter
from visualizer.tui.widgets.header import moment
from visualizer.tui.widgets.tracks import Ruler, TracksPane, row_start


class SideChosen(Message):
    """Somebody pointed at a side."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side


class PairWidget(Widget):
    """Lines that are cheap to draw."""

    def __init__(self, pair: Pair, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pair = pair

    def show(self) -> None:
        self.refresh()


class Verdict(PairWidget):
    """The first line: which is faster, and whether the playheads move together."""

    def render_line(self, y: int) -> Strip:
        pair = self._pair
        playhead = pair.view.playhead
        lock = "LOCKED " if pair.locked else "SEPARATE "
        speed = f"x{playhead.speed:g} " if playhead.playing or playhead.speed != 1 else ""
        playing = f"{'>' if pair.ascii else '▶'} {speed}  " if playhead.playing else f"{speed}  " if speed else ""
        width = max(0, self.size.width - len(lock) - len(playing))
        said = Run(fit_sentence(f" {verdict(pair.found)}", width), "thread")
        return strip(self, [said, Run(playing, "running"), Run(lock, "label")], self.size.width)


class SideHeading(PairWidget):
    """The name of a side, and the position of its playhead."""

    def __init__(self, pair: Pair, side: int) -> None:
        super().__init__(pair, id=f"side-{SIDES[side].lower()}")
        self._side = side

    def render_line(self, y: int) -> Strip:
        pair, side = self._pair, self._side
        part, view = pair.parts[side], pair.views[side]
        mark = (">" if pair.ascii else "▸") if pair.chosen == side else " "
        at = moment(view.playhead.t_ns - part.start_ns, part.end_ns - part.start_ns)
        of = moment(part.end_ns - part.start_ns, part.end_ns - part.start_ns)
        # In a part, the number that it has everywhere else as well.
        number = f"#{part.first + view.number}, {view.number}" if part.first and view.number else f"{view.number}"
        where = f"  switch {number} of {part.stop - part.first}   {at} of {of} "
        name = fit(f"{mark}{SIDES[side]}  {plain(pair.names[side])}", max(0, self.size.width - len(where)))
        return strip(self, [Run(name, "edge" if mark != " " else "thread"), Run(where, "text")], self.size.width)

    def on_click(self, event: events.Click) -> None:
        self.post_message(SideChosen(self._side))


class Sentences(PairWidget):
    """The switch at each of the playheads."""

    def render_line(self, y: int) -> Strip:
        pair = self._pair
        if y >= len(SIDES):
            return Strip.blank(self.size.width)
        part, index = pair.parts[y], pair.views[y].playhead.index
        number = f"#{index + 1}  " if index >= part.first else ""
        side = f" {SIDES[y]}  "
        room = max(0, self.size.width - len(side) - len(number))
        said = told_within(part.timeline, index, room) if index >= part.first else "No switch yet"
        runs = [Run(side, "edge"), Run(number, "ruler"), Run(fit(said, room), "text")]
        return strip(self, runs, self.size.width)


class BothFilter(Filter):
    """One text for both sides."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair.view)
        self._pair = pair

    def show(self) -> None:
        if self.display:
            sides = zip(SIDES, self._pair.views, strict=True)
            shown = "  ".join(f"{side} {view.found} of {view.track_count}" for side, view in sides)
            self.show_count(f"{shown} tracks, esc: all ")


class SideRuler(Ruler):
    """The scale over a side. It counts from where the side begins, and so is that of both, unless gaps are folded."""

    def __init__(self, pair: Pair, side: int) -> None:
        super().__init__(pair.views[side])
        self._pair = pair
        self._side = side

    def show(self) -> None:
        pair = self._pair
        # What moves on the common one is the playhead of the side that the keys move.
        self._view = pair.views[self._side] if pair.axis is Axis.BUSY else pair.view
        self.display = not self._side or pair.axis is Axis.BUSY
        super().show()

    @property
    def _marked(self) -> dict[int, Run]:
        pair, marked, viewport = self._pair, super()._marked, self._view.viewport
        if viewport.axis is Axis.SWITCHES and pair.found.first_difference is not None:
            cell = int((pair.view.origin + pair.found.alike + 1 - viewport.start) // viewport.per_cell)
            if 0 <= cell < viewport.width:
                marked[cell] = Run("!" if pair.ascii else "≠", "error")
        return marked

    def _runs(self, taken: Collection[int]) -> list[Run]:
        pair, axis = self._pair, self._view.viewport.axis
        side = self._side
        if axis is not Axis.BUSY:
            side = max((0, 1), key=lambda side: pair.stretches[side].length(axis))
        viewport = pair.views[side].viewport
        key = viewport, tuple(taken)
        if self._painted is None or self._painted[0] != key:
            self._painted = key, common_ruler(pair.stretches[side], viewport, ascii=pair.ascii, taken=taken)
        return self._painted[1]

    def press(self, event: events.MouseEvent, at: Offset) -> None:
        if self._pair.axis is Axis.BUSY:
            self.post_message(SideChosen(self._side))
        super().press(event, at)


class Stack(TracksPane, can_focus=False):
    """The rows of a side, and beside those of the shorter one what it saves."""

    def __init__(self, pair: Pair, side: int) -> None:
        super().__init__(pair.views[side])
        self.id = f"stack-{SIDES[side].lower()}"
        self._pair = pair
        self._side = side
        self._shown: object = None

    @property
    def lines(self) -> int:
        """How many lines it needs."""
        return max(1, self._view.line_count)

    def show(self) -> None:
        super().show()
        shown = self._pair.saving(), self._pair.locked, self._pair.chosen
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def render_line(self, y: int) -> Strip:
        line, view = super().render_line(y), self._view
        if view is not self._pair.view and not self._pair.locked and 0 <= view.playhead_cell < view.viewport.width:
            at = row_start(view) + view.playhead_cell
            # It stays where it is while the keys move the other.
            line = over(line, at, at + 1, Style(bgcolor=style("waiting", is_dark(self)).color))
        saving = self._pair.saving()
        if saving is not None and saving.side == self._side and y == (min(self.size.height, self.lines) - 1) // 2:
            at = row_start(view) + saving.cell
            number = strip(self, saving.runs, sum(len(run.text) for run in saving.runs))
            line = Strip.join([line.crop(0, at), number, line.crop(at + number.cell_length)])
        return line

    def _gap_cells(self) -> list[tuple[int, int]]:
        cells = self._pair.stretches[self._side].cells(self._view.viewport)
        return [(max(begin, cells.start), min(end, cells.stop)) for begin, end in super()._gap_cells()]

    def press(self, event: events.MouseEvent, at: Offset) -> None:
        # Before whatever is done there: that is done to this side.
        self.post_message(SideChosen(self._side))

    def point(self, at: Offset) -> None:
        super().point(at)
        cells = self._pair.stretches[self._side].cells(self._view.viewport)
        if at.x - row_start(self._view) not in cells:
            self.tooltip = None
