"""What a jump came to, a chain of causes, a measure: a few lines that are there as long as they matter."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.plain import plain
from visualizer.paint.row import Run
from visualizer.paint.text import fit
from visualizer.tui.ink import strip

#: Of more lines, the last are shown.
MOST = 4


class Told(Widget):
    """Lines with a mark before the last; Escape takes them away."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    @property
    def lines(self) -> list[str]:
        """What is told, all of it."""
        return list(self._lines)

    def tell(self, *lines: str) -> None:
        """Tell these instead of what was told before; nothing takes it away."""
        self._lines = [plain(line) for line in lines]
        self.display = bool(lines)
        self.styles.height = min(MOST, len(lines))
        self.refresh()

    def show(self) -> None:
        """It is drawn when it is told."""

    def render_line(self, y: int) -> Strip:
        shown: Sequence[str] = self._lines[-MOST:]
        if y >= len(shown):
            return Strip.blank(self.size.width, self.rich_style)
        last = y == len(shown) - 1
        text = fit(shown[y], max(1, self.size.width - 4))
        return strip(
            self, [Run(" ▸ " if last else "   ", "edge"), Run(text, "text" if last else "dim")], self.size.width
        )
