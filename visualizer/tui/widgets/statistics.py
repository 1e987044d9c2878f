"""How each track spent its time, and what is to be known of the recording itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from visualizer.analysis.durations import duration
from visualizer.analysis.model import State
from visualizer.analysis.plain import plain
from visualizer.analysis.statistics import Statistics as Numbers
from visualizer.analysis.statistics import Totals, TrackStatistics, statistics
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.paint.row import Run
from visualizer.paint.text import fit_name
from visualizer.tui.feed import Feed
from visualizer.tui.view import View
from visualizer.tui.widgets.lists import Lines
from visualizer.tui.widgets.notices import Notice, notices

_COLUMNS = ("steps", "running", "ready", "waiting", "blocked", "idle")
_SHORT_COLUMNS = ("steps", "run", "ready", "wait", "block", "idle")
_BLOCKED = _COLUMNS.index("blocked")


class _Layout(NamedTuple):
    """Cells of the first column and of the others, and digits of the times in them."""

    first: int
    other: int
    digits: int
    #: What matters least as the room gets scarce: the blank between a number and its unit, and whole words.
    dense: bool = False


_ROOMY, _NARROW, _DENSE = _Layout(7, 10, 3), _Layout(6, 8, 2), _Layout(6, 6, 2, dense=True)
#: What beside the columns is left at least, for the name.
_ROOMY_NAME, _NARROW_NAME, _LEAST_NAME = 8, 10, 7
_NS_PER_S = 1_000_000_000
_MINUTES_FROM_S = 120


class Statistics(Lines):
    """A line for each track, the totals, and then about the recording."""

    def __init__(self, view: View, feed: Feed, id: str) -> None:
        super().__init__(view, id)
        self._feed = feed
        self._numbers: Numbers | None = None
        #: Version of the timeline and span that the numbers are of.
        self._counted: object = None
        self._about: list[Notice] = []

    def show(self) -> None:
        if not self.display:
            return
        counted = self.view.timeline.version, self.view.span
        if self._counted != counted:
            self._counted = counted
            self._numbers = statistics(self.view.timeline, self.view.span)
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
            titles = _SHORT_COLUMNS if self._layout(width).dense else _COLUMNS
            return [
                Run("  ", "dim"),
                *self._columns("track" if self.view.span is None else "in span", titles, width, "dim"),
            ]
        if line <= count:
            track = numbers.tracks[line - 1]
            state = State[track.state]
            mark = Run(f"{glyphs(self.view.ascii)[state]} ", STYLE_OF[state])
            return [mark, *self._columns(plain(track.name), _cells(track, self._layout(width)), width, "text")]
        if line == count + 1:
            cells = _cells(numbers.totals, self._layout(width))
            return [Run("  ", "dim"), *self._columns("in all", cells, width, "thread")]
        if line == count + 2:
            return []
        notice = self._about[line - count - 3]
        return [Run(notice.text, notice.style)]

    @property
    def _blocks(self) -> bool:
        """Whether any hub was blocked: without, there is no column for it, since room is scarce."""
        return self._numbers is not None and self._numbers.totals.blocked_s > 0

    def _layout(self, width: int) -> _Layout:
        times = len(_COLUMNS) - 2 + self._blocks
        for layout, name in ((_ROOMY, _ROOMY_NAME), (_NARROW, _NARROW_NAME)):
            if layout.first + times * layout.other + name <= width - 2:
                return layout
        return _DENSE

    def _columns(self, name: str, cells: Sequence[str], width: int, style: str) -> list[Run]:
        """A name and the columns; the last of them are left out where not even the shortest name would have room."""
        layout, room = self._layout(width), width - 2
        wanted = [cell for number, cell in enumerate(cells) if number != _BLOCKED or self._blocks]
        sizes = [layout.first, *[layout.other] * (len(wanted) - 1)]
        while sum(sizes) + _LEAST_NAME > room and sizes:
            sizes.pop()
        text = fit_name(name, max(1, room - sum(sizes)))
        return [Run(text + "".join(cell.rjust(size) for cell, size in zip(wanted, sizes, strict=False)), style)]


def _cells(of: TrackStatistics | Totals, layout: _Layout) -> list[str]:
    spent = (of.running_s, of.ready_s, of.waiting_s, of.blocked_s, of.idle_s)
    return [str(of.steps), *(_time(spent_s, layout) for spent_s in spent)]


def _time(seconds: float, layout: _Layout) -> str:
    if seconds >= _MINUTES_FROM_S:
        # Minutes would take more room than a column has.
        text = f"{seconds:.0f} s"
    else:
        text = duration(round(seconds * _NS_PER_S), layout.digits) if seconds else "-"
    if not layout.dense:
        return text
    if len(text) > layout.other:
        text = duration(round(seconds * _NS_PER_S), 1)
    return text.replace(" ", "")


def _about(feed: Feed, width: int) -> list[Notice]:
    """Notices first, then what the header says, each broken into lines of `width` cells."""
    header = feed.timeline.header
    known = [] if header is None else [
        ("program", " ".join(header.argv)),
        ("python", f"{header.python} on {header.platform}"),
        *([("folder", header.cwd)] if header.cwd else []),
        *(("tracer", f"{name}: {state}") for name, state in header.tracers.items()),
    ]  # fmt: skip
    if feed.path is not None:
        known.append(("trace", str(feed.path)))
    lines = [part for notice in notices(feed) for part in notice.broken(width)]
    for title, text in known:
        lines += Notice(f"{title:8}{plain(text)}", "dim").broken(width, 8)
    return lines
