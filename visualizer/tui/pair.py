"""Two parts of traces that are looked at together: one scale, and a playhead on each."""

from __future__ import annotations

from visualizer.analysis.comparison import Comparison, Part, compare
from visualizer.paint.comparison import windows
from visualizer.paint.viewport import CLOSEST, MARGIN_CELLS, Axis, Viewport
from visualizer.tui.playhead import Playhead

#: So many cells stay free between the playhead and the edge, where there is room.
_MARGIN = 4


class Pair:
    """The state of a comparison's screen, without anything that draws. The sides are numbered 0 and 1."""

    def __init__(self, a: Part, b: Part, names: tuple[str, str], *, ascii: bool = False) -> None:
        self.parts = (a, b)
        self.names = names
        self.ascii = ascii
        self.found: Comparison = compare(a, b)
        #: The side that the keys move.
        self.chosen = 0
        #: Whether the other playhead stays as far from the start of its part.
        self.locked = True
        self.playheads = (Playhead(a.timeline), Playhead(b.timeline))
        self.label_cells = 1
        found = windows(a, b)
        #: When each begins at the left of its rows, in ns.
        self._origins = tuple(start for start, _ in found)
        self._longest = max(end - start for start, end in found)
        self._width = 1
        #: What is left out on the left, in ns from the origins; and the time of a cell.
        self._start = 0.0
        self._per_cell = self._furthest
        for side in (0, 1):
            self._go(side, self.parts[side].first)

    @property
    def condition(self) -> object:
        """Another one after whatever somebody does that has an effect; what it is made of is nobody's business."""
        at = tuple((playhead.index, playhead.t_ns) for playhead in self.playheads)
        return at, self.scale, self.chosen, self.locked

    # What is in sight.

    def viewport(self, side: int) -> Viewport:
        """The rows of that side: a cell covers the same time in both."""
        return Viewport(Axis.TIME, self._origins[side] + self._start, self._per_cell, self._width)

    @property
    def scale(self) -> Viewport:
        """The same, counted from where both begin."""
        return Viewport(Axis.TIME, self._start, self._per_cell, self._width)

    @property
    def _furthest(self) -> float:
        return max(CLOSEST[Axis.TIME], (self._longest + 1) / max(1, self._width - MARGIN_CELLS))

    def resize(self, cells: int) -> None:
        """The rows are now `cells` wide, and show what they showed."""
        if cells != self._width:
            shown = self._per_cell * self._width
            fitted = self._per_cell >= self._furthest
            self._width = max(1, cells)
            self._show(self._start, self._furthest if fitted else shown / self._width)

    def zoom(self, factor: float, cell: float | None = None) -> None:
        """Show `1 / factor` as much; what is at `cell`, or else at the chosen playhead, stays where it is."""
        if cell is None:
            cell = self.playhead_cell(self.chosen)
            cell = cell if 0 <= cell < self._width else self._width / 2
        per_cell = min(self._furthest, max(CLOSEST[Axis.TIME], self._per_cell / factor))
        self._show(self._start + cell * (self._per_cell - per_cell), per_cell)

    def pan(self, cells: float) -> None:
        self._show(self._start + cells * self._per_cell, self._per_cell)

    def fit(self) -> None:
        self._show(0.0, self._furthest)

    def _show(self, start: float, per_cell: float) -> None:
        self._per_cell = min(self._furthest, max(CLOSEST[Axis.TIME], per_cell))
        self._start = max(0.0, min(start, (self._furthest - self._per_cell) * self._width))

    # The playheads.

    def choose(self, side: int) -> None:
        """Let the keys move that side from now on."""
        self.chosen = side
        self._reveal()

    def lock_or_part(self) -> None:
        """Have both playheads move together from now on, or each for itself."""
        self.locked = not self.locked
        self._follow()

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) switch of the chosen side."""
        self.go(self.playheads[self.chosen].index + by)

    def go(self, index: int) -> None:
        """Go to switch number `index` of the chosen side, or the nearest that lies in its part."""
        self._go(self.chosen, index)
        self._follow()
        self._reveal()

    def first(self) -> None:
        self.go(self.parts[self.chosen].first)

    def last(self) -> None:
        self.go(self.parts[self.chosen].stop - 1)

    def go_to_cell(self, side: int, cell: int) -> None:
        """Choose that side and go to what happened in a cell of it, all of it included."""
        self.chosen = side
        viewport = self.viewport(side)
        self._go_to_time(side, int(viewport.start + (cell + 1) * viewport.per_cell) - 1)
        self._follow()

    def go_to_difference(self) -> bool:
        """Go to the first switches that differ; where a side has no more, to its last. Return False if all are alike.

        That is at another moment on each side, and so each moves for itself from then on.
        """
        if self.found.first_difference is None:
            return False
        self.locked = False
        for side, part in enumerate(self.parts):
            self._go(side, part.first + self.found.alike)
        self._reveal()
        return True

    def playhead_cell(self, side: int) -> int:
        """Cell of that side's playhead; may lie outside of the rows."""
        viewport = self.viewport(side)
        return int((self.playheads[side].t_ns - viewport.start) // viewport.per_cell)

    def number(self, side: int) -> int:
        """How many switches of the part there were up to its playhead."""
        part = self.parts[side]
        return max(0, min(self.playheads[side].index + 1, part.stop) - part.first)

    def _go(self, side: int, index: int) -> None:
        part, playhead = self.parts[side], self.playheads[side]
        if index >= part.first and part.stop > part.first:
            playhead.go(min(index, part.stop - 1))
        else:
            playhead.go_to_time(part.start_ns)
            playhead.index = part.first - 1

    def _go_to_time(self, side: int, t_ns: int) -> None:
        part, playhead = self.parts[side], self.playheads[side]
        playhead.go_to_time(min(max(t_ns, part.start_ns), part.end_ns))
        # Of several switches at the edge's own moment some may lie outside of the part.
        playhead.index = min(max(playhead.index, part.first - 1), part.stop - 1)

    def _follow(self) -> None:
        """The other playhead goes along, if it shall."""
        if self.locked:
            one, other = self.chosen, 1 - self.chosen
            passed_ns = self.playheads[one].t_ns - self._origins[one]
            self._go_to_time(other, int(self._origins[other] + passed_ns))

    def _reveal(self) -> None:
        """Pan so far that the chosen playhead is in sight."""
        margin = min(_MARGIN, (self._width - 1) // 2)
        cell = self.playhead_cell(self.chosen)
        if cell < margin:
            self.pan(cell - margin)
        elif cell > self._width - 1 - margin:
            self.pan(cell - (self._width - 1 - margin))
