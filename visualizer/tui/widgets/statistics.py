"""How each track spent its time, and what is to be known of the recording itself."""

from __future__ import annotations

from visualizer.analysis.durations import duration
from visualizer.analysis.model import State
from visualizer.analysis.statistics import Statistics as Numbers
from visualizer.analysis.statistics import statistics
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.row import Run
from visualizer.paint.text import fit, printable
from visualizer.tui.feed import Feed
from visualizer.tui.view import View
from visualizer.tui.widgets.lists import Lines
from visualizer.tui.widgets.notices import Notice, notices

#: Title and width of the columns after the name. A narrow pane shows as many of them as there is room for.
_COLUMNS = (("steps", 7), ("running", 10), ("ready", 10), ("waiting", 10), ("idle", 10))
_LEAST_NAME = 8
_NS_PER_S = 1_000_000_000


class Statistics(Lines):
    """A line for each track, the totals, and then about the recording."""

    def __init__(self, view: View, feed: Feed, id: str) -> None:
        super().__init__(view, id)
        self._feed = feed
        self._numbers: Numbers | None = None
        self._counted = -1
        self._about: list[Notice] = []

    def show(self) -> None:
        if self.display and self._counted != self.view.timeline.version:
            self._counted = self.view.timeline.version
            self._numbers = statistics(self.view.timeline)
        self._about = _about(self._feed, self.width)
        super().show()

    @property
    def length(self) -> int:
        if self._numbers is None:
            return 0
        # A title above the tracks; the totals and an empty line below.
        return len(self._numbers.tracks) + 3 + len(self._about)

    @property
    def drawn_from(self) -> object:
        return self._counted, self._about

    def runs(self, line: int, width: int) -> list[Run]:
        numbers = self._numbers
        assert numbers is not None, "without them there is no line"
        count = len(numbers.tracks)
        if line == 0:
            return _columns([title for title, _ in _COLUMNS], "track", "  ", width, "dim")
        if line <= count:
            track = numbers.tracks[line - 1]
            state = State[track.state]
            spent = (track.running_s, track.ready_s, track.waiting_s, track.idle_s)
            cells = [str(track.steps), *map(_seconds, spent)]
            mark = Run(f"{glyphs(self.view.ascii)[state]} ", STYLE_OF[state])
            return [mark, *_columns(cells, printable(track.name), "", width - 2, "text")]
        if line == count + 1:
            totals = numbers.totals
            spent = (totals.running_s, totals.ready_s, totals.waiting_s, totals.idle_s)
            return _columns([str(totals.steps), *map(_seconds, spent)], "in all", "  ", width, "thread")
        if line == count + 2:
            return []
        notice = self._about[line - count - 3]
        return [Run(notice.text, notice.style)]


def _columns(cells: list[str], name: str, before: str, width: int, style: str) -> list[Run]:
    room = width - len(before)
    shown = [size for _, size in _COLUMNS]
    while shown and sum(shown) + _LEAST_NAME > room:
        shown.pop()
    text = before + fit(name, max(1, room - sum(shown)))
    text += "".join(cell.rjust(size) for cell, size in zip(cells, shown, strict=False))
    return [Run(text, style)]


def _seconds(seconds: float) -> str:
    return duration(round(seconds * _NS_PER_S)) if seconds else "-"


def _about(feed: Feed, width: int) -> list[Notice]:
    """Notices first, then what the header says, each broken into lines of `width` cells."""
    header = feed.timeline.header
    known = [] if header is None else [
        ("program", " ".join(header.argv)),
        ("python", f"{header.python} on {header.platform}"),
        ("folder", header.cwd),
        *(("tracer", f"{name}: {state}") for name, state in header.tracers.items()),
    ]  # fmt: skip
    if feed.path is not None:
        known.append(("trace", str(feed.path)))
    lines = [part for notice in notices(feed) for part in notice.broken(width)]
    for title, text in known:
        lines += Notice(f"{title:8}{printable(text)}", "dim").broken(width, 8)
    return lines
