"""Important notices: how the program ended, what is missing in the trace, what went wrong."""

from __future__ import annotations

from typing import NamedTuple

from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.text.losses import left_out
from visualizer.analysis.text.printable import plain
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.caption import uncaught
from visualizer.paint.text.cell_width import cell_width, fit, fit_sentence, is_wider
from visualizer.tui.state.feed import Feed
from visualizer.tui.terminal.styles import strip

#: At most this many lines; the last one then refers to Statistics for the rest.
_MOST = 3


class Notice(NamedTuple):
    """One sentence in a style of the palette."""

    text: str
    style: str

    def broken(self, width: int, indent: int = 2) -> list[Notice]:
        """The sentence in lines of at most `width` cells, broken between words where there are any."""
        width = max(width, indent + 10)
        lines, line = [], ""
        for word in self.text.split(" "):
            joined = f"{line} {word}" if line else word
            while is_wider(joined, width):
                if line.strip() and (not is_wider(word, width - indent) or cell_width(line) >= width - 1):
                    lines.append(line)
                    line, joined = " " * indent, " " * indent + word
                else:
                    # A word that is longer than a line is cut.
                    cut = fit(joined, width, "").rstrip()
                    if cut:
                        lines.append(cut)
                        word = joined[len(cut) :]
                    else:
                        # Spaces that fill a line are not worth one.
                        word = joined.lstrip()
                    joined = " " * indent + word
                    line = ""
            line = joined
        return [Notice(text, self.style) for text in (*lines, line)]

    def within(self, width: int, most: int, indent: int = 2) -> list[Notice]:
        """The same in at most `most` lines: shortened in the middle where it would take more."""
        lines = self.broken(width, indent)
        if len(lines) <= most:
            return lines
        rest = " ".join(line.text.strip() for line in lines[most - 1 :])
        margin = " " * indent if most > 1 else ""
        return [*lines[: most - 1], Notice(margin + fit_sentence(rest, max(0, width - len(margin))), self.style)]


def notices(feed: Feed) -> list[Notice]:
    """All notices, the most severe first."""
    timeline = feed.timeline
    found = []
    if feed.error is not None:
        found.append(Notice(feed.error, "error"))
    if (exception := uncaught(timeline)) is not None:
        found.append(Notice(f"✗ {exception}", "error"))
    end = timeline.end
    if end is not None and end.signal:
        found.append(Notice(f"✗ The program was killed by signal {end.signal}.", "error"))
    for count, what in left_out(timeline):
        found.append(Notice(f"{count} {what} {'was' if count == 1 else 'were'} left out of the trace.", "ready"))
    found += [Notice(text, "ready") for text in (*feed.notices, *timeline.notes)]
    paused = timeline.pauses.sentence
    if paused is not None and not feed.live:
        found.append(Notice(paused, "ready"))
    return [Notice(plain(text), style) for text, style in found]


class Notices(Widget):
    """As many lines as there are notices, none if there are none."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed
        self._shown: list[Notice] = []

    def show(self) -> None:
        """Draw them if there are others than before."""
        found = notices(self._feed)
        if found != self._shown:
            self._shown = found
            self.display = bool(found)
            self.styles.height = min(len(found), _MOST)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        left = len(self._shown) - _MOST + 1
        if y == _MOST - 1 and left > 1:
            notice = Notice(f"… and {left} more: at the end of Statistics (3)", "ready")
        else:
            notice = self._shown[y] if y < len(self._shown) else Notice("", "text")
        return strip(self, [Run(" " + fit_sentence(notice.text, width - 2), notice.style)], width)
