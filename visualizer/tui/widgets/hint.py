"""Five keys to start with: shown to first-time users, and closed by any key or click."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from visualizer.tui import keys

_WIDTH = 5


class Hint(Static):
    """It covers the panes but never has the focus, so that it takes no keys from them."""

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
