"""Two parts of traces that are looked at together: one scale, and a playhead on each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from visualizer.analysis.report.comparison import Comparison, Part, compare
from visualizer.paint.axis.viewport import Axis, position_of_time
from visualizer.paint.comparison.difference import Saving, saving
from visualizer.paint.comparison.stretch import longest, stretches
from visualizer.tui.state.side import SideView

SIDES = ("A", "B")


class Pair:
    """The state of a comparison's screen, without anything that draws. The sides are numbered 0 and 1."""

    def __init__(
        self,
        a: Part,
        b: Part,
        names: tuple[str, str],
        *,
        ascii: bool = False,
        found: Comparison | None = None,
        notices: Sequence[str] = (),
        files: tuple[str, str] | None = None,
    ) -> None:
        """`found`: how they compare, if that is known already. `notices`: what was wrong with the traces.

        `files`: the arguments of `compare` for both, if they are in files.
        """
        self.parts = (a, b)
        self.names = names
        self.files = files
        self.ascii = ascii
        self.notices = list(notices)
        self.found: Comparison = compare(a, b) if found is None else found
        #: The side that the keys move.
        self.chosen = 0
        #: Whether the other playhead stays at the same place of its part; of two whole traces, as far from the first
        #: switch: how long Python took to start shall not have them stand at different ones.
        self.locked = True
        self.stretches = stretches(a, b)
        one, other = (SideView(each, partial(longest, self.stretches), ascii=ascii) for each in self.stretches)
        self.views = (one, other)
        self.align()

    @property
    def view(self) -> SideView:
        """That of the chosen side."""
        return self.views[self.chosen]

    @property
    def axis(self) -> Axis:
        return self.view.viewport.axis

    def align(self) -> None:
        """Have both sides show the same stretch of the axis, and the other playhead go along, if it shall."""
        other = self.views[1 - self.chosen]
        for view in self.views:
            view.arrange()
            view.label_cells = max(each.needed_cells for each in self.views)
        other.show_as(self.view)
        if self.locked:
            place = self.view.place - self._begin(self.chosen) + self._begin(1 - self.chosen)
            # Of several switches at one moment it may stand at an earlier one already.
            if other.place != place:
                other.stand(place)

    def _begin(self, side: int) -> float:
        """From where on the axis a side counts when both are locked."""
        view, part = self.views[side], self.parts[side]
        if self.axis is Axis.SWITCHES or not all(each.is_whole and each.stop for each in self.parts):
            return 0.0
        return position_of_time(part.timeline, self.axis, part.timeline.switch_ns[part.first]) - view.origin

    def resize(self, cells: int) -> None:
        """The rows are now `cells` wide, and show what they showed."""
        self.view.resize(cells)
        self.align()

    def choose(self, side: int) -> None:
        """Let the keys move that side from now on."""
        if side != self.chosen:
            self.view.playhead.rest()
            self.align()
            self.chosen = side

    def lock_or_part(self) -> None:
        """Have both playheads move together from now on, or each for itself."""
        self.locked = not self.locked
        self.align()

    def play_or_pause(self) -> None:
        """Both together, if they are locked: then the longer one is moved."""
        if self.locked and not self.view.playhead.playing:
            lengths = [each.length(self.axis) - self._begin(side) for side, each in enumerate(self.stretches)]
            if lengths[1 - self.chosen] > lengths[self.chosen]:
                self.choose(1 - self.chosen)
        self.view.play_or_pause()

    def hurry(self, by: int) -> None:
        for view in self.views:
            view.playhead.hurry(by)

    def go_to_difference(self) -> bool:
        """Go to the first switches that differ; where a side has no more, to its last. Return False if all are alike.

        Along the switches both stand at the same place. In time that is another one on each side, and so each moves
        for itself from then on.
        """
        if self.found.first_difference is None:
            return False
        if self.axis is not Axis.SWITCHES:
            self.locked = False
        for view in self.views[1 - self.chosen], self.view:
            view.go(view.part.first + self.found.alike)
        return True

    def saving(self) -> Saving | None:
        """The difference beside the shorter side, as far as it is visible."""
        return saving(self.stretches, [view.viewport for view in self.views], ascii=self.ascii)
