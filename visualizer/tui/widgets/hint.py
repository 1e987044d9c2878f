"""Five keys to start with: shown to whoever sees a timeline for the first time, and gone with any key or click."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from visualizer.tui import keys

_WIDTH = 5


class Hint(Static):
    """It lies over the panes and never has the focus, so that it takes no key from anybody."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.border_title = "Five keys to start with"

    def render(self) -> Content:
        known = {binding.action: binding for section in (*keys.TIMELINE, keys.GENERAL) for binding in section.bindings}
        lines = []
        for action, what in keys.HINT:
            [first, *_] = Binding.make_bindings([known[action]])
            shown = self.app.get_key_display(first).strip()
            lines.append(Content.assemble((f"{shown:>{_WIDTH}}", "bold $text-primary"), f"   {what}"))
        return Content("\n").join(lines)
