"""What a jump came to, a chain of causes, a measure: a few lines that are there as long as they matter."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.plain import plain
from visualizer.paint.row import Run
from visualizer.paint.text import fit
from visualizer.tui.ink import strip
from visualizer.tui.widgets.notices import Notice

#: Of more lines, the last are shown.
MOST = 4
_MARGIN = 3


class Told(Widget):
    """Sentences with a mark at the last, which is broken if it is long; Escape takes them away."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._runs: list[list[Run]] = []

    @property
    def lines(self) -> list[str]:
        """What is told, all of it."""
        return list(self._lines)

    def tell(self, *lines: str) -> None:
        """Tell these instead of what was told before; nothing takes it away."""
        self._lines = [plain(line) for line in lines]
        self.display = bool(lines)
        self._break()

    def show(self) -> None:
        """It is drawn when it is told."""

    def on_resize(self) -> None:
        self._break()

    def _break(self) -> None:
        """The last sentence has as many lines as it needs; those before, one each."""
        # It may not have been given its own width yet, and is as wide as the screen.
        width = max(10, self.screen.size.width - _MARGIN - 1)
        self._runs = [[Run("   ", "edge"), Run(fit(line, width), "dim")] for line in self._lines[:-1]]
        for line in self._lines[-1:]:
            for number, part in enumerate(Notice(line, "text").broken(width)):
                self._runs.append([Run("   " if number else " ▸ ", "edge"), Run(part.text, part.style)])
        self._runs = self._runs[-MOST:]
        self.styles.height = len(self._runs)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        runs = self._runs[y] if y < len(self._runs) else []
        return strip(self, runs, self.size.width)
