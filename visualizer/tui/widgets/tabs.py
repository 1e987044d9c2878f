"""One line with the names of the panes that share a place; the one in front is marked."""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from visualizer.paint.row import Run
from visualizer.tui.ink import over, strip
from visualizer.tui.messages import TabChosen

#: Id of each pane, in order; its key is its number.
TABS = ("events", "output", "statistics")


class TabBar(Widget):
    """Tells which tab is in front; a click on a name chooses it."""

    COMPONENT_CLASSES = {"source--title"}
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._front = TABS[0]

    def show(self, front: str) -> None:
        """Mark that tab."""
        self._front = front
        self.refresh()

    def render_line(self, y: int) -> Strip:
        ground = self.get_component_rich_style("source--title")
        runs = []
        for number, tab in enumerate(TABS, 1):
            style = "thread" if tab == self._front else "dim"
            runs.append(Run(f" {number} {tab.capitalize()} ", style))
        line = over(strip(self, runs, self.size.width), 0, self.size.width, Style(bgcolor=ground.bgcolor))
        start, end = _extent(self._front)
        return over(line, start, end, Style(reverse=True))

    def on_click(self, event: events.Click) -> None:
        for tab in TABS:
            start, end = _extent(tab)
            if start <= event.x < end:
                self.post_message(TabChosen(tab))


def _extent(tab: str) -> tuple[int, int]:
    """First cell of a tab's name, and the one behind it."""
    # A space, the number and a space before each name, a space behind.
    before = sum(len(other) + 4 for other in TABS[: TABS.index(tab)])
    return before, before + len(tab) + 4
