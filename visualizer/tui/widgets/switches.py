"""What lists of switches have in common: line i is switch i, and the playhead's is the current one."""

from __future__ import annotations

from visualizer.paint.rows.states import Run
from visualizer.tui.messages import SwitchChosen
from visualizer.tui.widgets.lists import Lines


class Switches(Lines):
    """Keys and clicks go to a switch. Subclasses say in `said` what stands in its line."""

    @property
    def length(self) -> int:
        # Where nothing was switched, one line says so.
        return self.view.timeline.switch_count or 1

    @property
    def current(self) -> int:
        return self.view.playhead.index

    def runs(self, line: int, width: int) -> list[Run]:
        if not self.view.timeline.switch_count:
            return [Run(" Nothing is switched yet." if self.view.live else " Nothing was switched.", "dim")]
        return self.said(line, width)

    def said(self, line: int, width: int) -> list[Run]:
        """What stands in the line of switch number `line`, which has `width` cells."""
        raise NotImplementedError

    def choose(self, line: int) -> None:
        self.post_message(SwitchChosen(line))

    def action_move(self, by: int) -> None:
        self.post_message(SwitchChosen(self.current + by))

    def action_page(self, by: int) -> None:
        self.post_message(SwitchChosen(self.current + by * max(1, self.size.height - 1)))
