"""One line with the names of the panes that share a place; the visible one is marked."""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from visualizer.paint.text.canvas import Run
from visualizer.tui.keys import PANES
from visualizer.tui.messages import TabChosen
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import over, strip

#: Id of each pane, in order.
TABS = tuple(PANES)
#: How number and name are written, and which of its names, from the widest to the narrowest.
_FORMS = ((" {} {} ", 0), (" {} {} ", 1), (" {} {}", 1), (" {}{}", 2))


class TabBar(Widget):
    """Shows which tab is in front; a click on a name selects it."""

    COMPONENT_CLASSES = {"source--title"}
    ALLOW_SELECT = False

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self._front = TABS[0]
        self._counted = ""

    def mark(self, front: str) -> None:
        """Mark that tab."""
        self._front = front
        self.refresh()

    def show(self) -> None:
        """Draw how many problems there are, if it has changed."""
        known = self._view.problems_ns
        counted = f" ({len(known):,})" if known else ""
        if counted != self._counted:
            self._counted = counted
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        ground = self.get_component_rich_style("source--title")
        runs = [Run(label, "thread" if tab == self._front else "dim") for tab, label in self._labels().items()]
        line = over(strip(self, runs, width), 0, width, Style(bgcolor=ground.bgcolor))
        start, end = self._extent(self._front)
        return over(line, start, end, Style(reverse=True))

    def on_click(self, event: events.Click) -> None:
        for tab in TABS:
            start, end = self._extent(tab)
            if start <= event.x < end:
                self.post_message(TabChosen(tab))

    def _labels(self) -> dict[str, str]:
        """The text of each tab, with the spaces around it."""
        numbered = []
        for number, (tab, pane) in enumerate(PANES.items(), 1):
            longest, shorter, shortest = pane.names
            counted = self._counted if tab == "findings" else ""
            numbered.append((number, tab, (longest + counted, shorter + counted, shortest + counted.lstrip())))
        for form, size in _FORMS:
            labels = {tab: form.format(number, names[size]) for number, tab, names in numbered}
            if sum(map(len, labels.values())) <= self.size.width:
                return labels
        return {
            tab: f" {number} " + f"{names[1]} " * (tab == self._front or (tab == "findings" and self._counted != ""))
            for number, tab, names in numbered
        }

    def _extent(self, tab: str) -> tuple[int, int]:
        """First cell of a tab, and the one after its last."""
        labels = self._labels()
        before = sum(len(labels[other]) for other in TABS[: TABS.index(tab)])
        return before, before + len(labels[tab])
