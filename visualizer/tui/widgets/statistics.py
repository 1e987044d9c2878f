"""How each track spent its time, and facts about the recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from visualizer.analysis.model.timeline import State
from visualizer.analysis.report.statistics import Statistics as Numbers
from visualizer.analysis.report.statistics import Totals, TrackStatistics, statistics
from visualizer.analysis.report.track_times import TrackTimes
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.process_words import about
from visualizer.paint.panes.bars import share_bar
from visualizer.paint.panes.track_profile import profile
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import fit, fit_name
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.tui.messages import TrackChosen
from visualizer.tui.state.feed import Feed
from visualizer.tui.state.view import View
from visualizer.tui.widgets.line_list import Lines
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
#: Beside a bar: cells of the name and of the number of steps.
_BARS_NAME, _STEPS_CELLS = 18, 7
#: So many slices of the selected track are looked at without a pause.
_AT_ONCE = 10_000
_PAUSE_S = 0.01
#: While the program runs, the details are refreshed this often.
_PAUSE_LIVE_S = 0.5
_MINUTES_FROM_S = 120


class StatisticsPane(Lines):
    """A line for each track, the totals, and facts about the recording; below the selected track its details."""

    TITLED = True

    def __init__(self, view: View, feed: Feed, id: str) -> None:
        super().__init__(view, id)
        self._feed = feed
        self._numbers: Numbers | None = None
        #: Version of the timeline and span that the numbers are of.
        self._counted: object = None
        self._about: list[Notice] = []
        #: Bars instead of numbers.
        self._bars = False
        #: The selected track's line (-1: none), and the lines below it.
        self._at = -1
        self._profile: list[list[Run]] = []
        self._lengths: TrackTimes | None = None
        self._lengths_of: object = None
        self._profile_of: object = None
        self._pausing = False

    @classmethod
    def of(cls, view: View, feed: Feed, id: str) -> Self:
        return cls(view, feed, id)

    def turn(self) -> None:
        """Bars instead of numbers, or numbers again."""
        self._bars = not self._bars
        self.show()

    def show(self) -> None:
        if not self.display:
            return
        counted = self.view.timeline.version, self.view.span
        if self._counted != counted:
            self._counted = counted
            self._numbers = statistics(self.view.timeline, self.view.span)
        self._about = _about(self._feed, self.width)
        self._look_closely()
        super().show()

    def _look_closely(self) -> None:
        """At the selected track."""
        view = self.view
        of = view.selected, view.span
        if self._lengths_of != of:
            self._lengths_of = of
            known = view.selected in view.timeline.tracks
            self._lengths = TrackTimes(view.timeline, view.selected, view.span) if known else None
            numbers = self._numbers.tracks if self._numbers is not None else []
            self._at = next((at for at, track in enumerate(numbers) if track.id == view.selected), -1)
            self._profile, self._profile_of, self._pausing = [], None, False
        profile_of = of, view.timeline.version, self.width
        if self._lengths is None or self._pausing or profile_of == self._profile_of:
            return
        more = self._lengths.take(_AT_ONCE)
        if more or view.live:
            # The rest of a long one when the keys pressed meanwhile have been heard; and what grows, not each time.
            self._pausing = True
            self.set_timer(_PAUSE_S if more else _PAUSE_LIVE_S, self._go_on)
        if not more:
            self._profile_of = profile_of
            self._profile = list(profile(self._lengths, self.width, ascii=view.ascii))

    def _go_on(self) -> None:
        self._pausing = False
        self.show()

    @property
    def length(self) -> int:
        if self._numbers is None:
            return 0
        # A title above the tracks; the totals and an empty line below.
        return len(self._numbers.tracks) + len(self._profile) + 3 + len(self._about)

    @property
    def current(self) -> int:
        return self._at + 1 if self._profile else -1

    def _bring(self, line: int) -> None:
        top, last = self.scroll_offset.y, line + len(self._profile)
        if line >= 0 and not (top < line and last < top + self.size.height):
            self.scroll_to(y=max(0, line - 1), animate=False, force=True)

    @property
    def drawn_from(self) -> object:
        return self._counted, self._about, self._profile_of, self._bars

    def runs(self, line: int, width: int) -> list[Run]:
        numbers = self._numbers
        assert numbers is not None, "without them there is no line"
        count = len(numbers.tracks)
        if 0 <= (below := line - self._at - 2) < len(self._profile):
            return self._profile[below]
        if line > self._at + 1:
            line -= len(self._profile)
        if self._bars and line <= count + 1:
            return self._bar(numbers, line, width)
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
            return [Run("  ", "dim"), *self._columns("total", cells, width, "thread")]
        if line == count + 2:
            return []
        notice = self._about[line - count - 3]
        return [Run(notice.text, notice.style)]

    def _bar(self, numbers: Numbers, line: int, width: int) -> list[Run]:
        """The title, or the line of a track or of all, as a bar."""
        name = min(_BARS_NAME, width // 3)
        room = width - 2 - name - _STEPS_CELLS - 1
        if line == 0:
            scale = f"share of {duration(round(numbers.duration_s * _NS_PER_S), 3)}"
            return [Run("  " + fit("track", name) + "steps".rjust(_STEPS_CELLS) + " " + fit(scale, room), "dim")]
        if line > len(numbers.tracks):
            return [Run("  " + fit("total", name) + str(numbers.totals.steps).rjust(_STEPS_CELLS), "thread")]
        track = numbers.tracks[line - 1]
        state = State[track.state]
        spent = {
            State.RUNNING: track.running_s, State.READY: track.ready_s, State.WAITING: track.waiting_s,
            State.BLOCKED: track.blocked_s, State.IDLE: track.idle_s,
        }
        said = fit_name(plain(track.name), name - 1) + " " + str(track.steps).rjust(_STEPS_CELLS) + " "
        style = "selected" if line - 1 == self._at else "text"
        return [
            Run(f"{glyphs(self.view.ascii)[state]} ", STYLE_OF[state]),
            Run(said, style),
            *share_bar(spent, numbers.duration_s, room, ascii=self.view.ascii),
        ]

    def choose(self, line: int) -> None:
        if line > self._at + 1:
            line -= len(self._profile)
        if self._numbers is not None and 0 < line <= len(self._numbers.tracks):
            self.post_message(TrackChosen(self._numbers.tracks[line - 1].id))

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
    """Notices first, then the header's fields, each wrapped into lines of `width` cells."""
    header = feed.timeline.header
    known = [] if header is None else [
        ("program", " ".join(header.argv)),
        ("python", f"{header.python} on {header.platform}"),
        *([("folder", header.cwd)] if header.cwd else []),
        *(("tracer", f"{name}: {state}") for name, state in header.tracers.items()),
    ]
    processes = feed.timeline.processes
    if len(processes) > 1:
        known += [("process", about(feed.timeline, process)) for process in processes]
    if feed.path is not None:
        known.append(("trace", str(feed.path)))
    lines = [part for notice in notices(feed) for part in notice.broken(width)]
    for title, text in known:
        lines += Notice(f"{title:8}{plain(text)}", "dim").broken(width, 8)
    return lines
