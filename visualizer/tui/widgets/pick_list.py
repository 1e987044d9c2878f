"""A list in which one points at a line with the arrows, and chooses it with enter or a click."""

from __future__ import annotations

from visualizer.tui import keys
from visualizer.tui.state.view import View
from visualizer.tui.widgets.line_list import Lines


class Pointed(Lines):
    """Subclasses say what `pick` does, which enter and a click do alike."""

    BINDINGS = keys.bindings([keys.LIST, keys.PAGES, keys.CHOICES])

    def __init__(self, view: View, id: str) -> None:
        super().__init__(view, id)
        self.pointed = 0

    @property
    def current(self) -> int:
        return max(0, min(self.pointed, self.length - 1))

    def action_move(self, by: int) -> None:
        self.pointed = max(0, min(self.current + by, self.length - 1))
        self.show()

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height - 1))

    def action_choose(self) -> None:
        self.choose(self.current)

    def choose(self, line: int) -> None:
        self.pointed = line
        self.pick(line)
        self.show()

    def pick(self, line: int) -> None:
        """Perform the action of that line."""
        raise NotImplementedError
