"""What a jump came to, a chain of causes, a measure: a few lines that are there as long as they matter."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.text.printable import plain
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import fit_sentence
from visualizer.tui.terminal.styles import strip
from visualizer.tui.widgets.notices import Notice

#: Of more lines, the last are shown; a longer sentence is shortened.
MOST = 4
_MARGIN = 3


class MessageLine(Widget):
    """Sentences with a mark at the last, which is broken if it is long; Escape takes them away."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._runs: list[list[Run]] = []

    @property
    def lines(self) -> list[str]:
        """The whole message."""
        return list(self._lines)

    def set(self, *lines: str) -> None:
        """Show these lines instead of the previous message; none: clear it."""
        self._lines = [plain(line) for line in lines]
        self.display = bool(lines)
        self._break()

    def show(self) -> None:
        """It is drawn when the message is set."""

    def on_resize(self) -> None:
        self._break()

    def _break(self) -> None:
        """The last sentence has as many lines as it needs and may have; those before, one each, the last of them."""
        # Its own width may not be known yet; it is as wide as the screen.
        width = max(10, self.screen.size.width - _MARGIN - 1)
        newest: list[list[Run]] = []
        for line in self._lines[-1:]:
            for number, part in enumerate(Notice(line, "text").within(width, MOST)):
                newest.append([Run("   " if number else " ▸ ", "edge"), Run(part.text, "text")])
        room = MOST - len(newest)
        before = [[Run("   ", "edge"), Run(fit_sentence(line, width), "dim")] for line in self._lines[:-1]]
        self._runs = [*before[max(0, len(before) - room) :], *newest]
        self.styles.height = len(self._runs)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        runs = self._runs[y] if y < len(self._runs) else []
        return strip(self, runs, self.size.width)
