"""The first line: what this is, whether it runs, and which moment of it is looked at."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.text.printable import plain
from visualizer.paint.axis.times import SINCE_START
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width, fit
from visualizer.session.control import Condition
from visualizer.tui.state.feed import Feed
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import strip

#: A moment of a trace that lasts so long, since its start.
moment = SINCE_START.moment
_GAP = "   "
_TITLE = "visualizer · "
#: The title, whether there are problems, whether how it runs and where one stands are said shortly, and so many cells
#: for the name: the first of these for which there is room, or else the last. Problems are worth more than words.
_FORMS = (
    (_TITLE, True, False, False, 1 << 10),
    ("", True, False, False, 1 << 10),
    ("", True, True, False, 1 << 10),
    ("", True, True, True, 12),
    ("", False, True, True, 0),
)
#: A trace is written some 50 ms after the event anyway; less than this is not worth a word.
_BEHIND_NS = 100_000_000


class HeaderBar(Widget):
    """One line, drawn again when its text has changed. Without room, the least important part is left out first."""

    def __init__(self, feed: Feed, view: View) -> None:
        super().__init__()
        self._feed = feed
        self._view = view
        self._said: object = None

    def show(self) -> None:
        """Draw the current state."""
        said = (self._program, self._condition(False), self._problems, self._where(False))
        if said != self._said:
            self._said = said
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width - 2
        name = self._program
        for title, problems, short, short_where, least in _FORMS:
            condition = [*self._condition(short), *(self._problems if problems else ())]
            where = self._where(short_where)
            room = width - cell_width(title) - cell_width(where) - sum(cell_width(run.text) for run in condition)
            if min(cell_width(name), least) <= room:
                break
        shown = fit(name, min(cell_width(name), max(1, room)))
        pad = " " * (room - cell_width(shown))
        runs = [Run(f" {title}", "dim"), Run(shown, "thread"), *condition, Run(pad, "text"), Run(f"{where} ", "text")]
        return strip(self, runs, self.size.width)

    @property
    def _program(self) -> str:
        return plain(self._feed.name)

    @property
    def _problems(self) -> list[Run]:
        """How many there are, if there are any."""
        count = len(self._view.problems_ns or ())
        return [Run(f"{_GAP}{count:,} problem{'' if count == 1 else 's'}", "error")] if count else []

    def _condition(self, short: bool) -> list[Run]:
        """Whether it runs, how it ended, and whether the view plays."""
        feed, view = self._feed, self._view
        playhead, end = view.playhead, view.timeline.end
        progress = feed.progress
        if progress is not None:
            return [Run(f"{_GAP}LOADING {progress:.0%}", "ready")]
        if feed.awaited:
            return [Run(f"{_GAP}WAITING", "ready")]
        control = feed.control
        if feed.live:
            runs = [Run(f"{_GAP}● LIVE", "running")]
            if feed.paused:
                runs = [Run(_GAP, "text"), Run(" ‖ PAUSED ", "playhead")]
            elif control is not None and control.condition is Condition.ASKED:
                runs.append(Run("" if short else f" ▶ to {plain(control.until)}", "ready"))
            behind_ns = feed.behind_ns
            if behind_ns is None or behind_ns >= _BEHIND_NS:
                runs.append(Run(f", {'' if behind_ns is None else f'{behind_ns / 1e9:.1f} s '}behind", "ready"))
        elif feed.started_here:
            runs = [Run(f"{_GAP}■ ENDED", "thread")]
        else:
            runs = [Run(f"{_GAP}REPLAY", "label")]
        if end is not None:
            fine = end.signal == 0 and end.code == 0
            how = f"signal {end.signal}" if end.signal else f"exit {end.code}"
            runs.append(Run(f" {how}", "done" if fine else "error"))
        speed = f" x{playhead.speed:g}"
        if playhead.playing:
            runs.append(Run(f" ▶{speed}", "thread"))
        elif not playhead.following and feed.paused:
            # One "paused" is enough: here it is the program's.
            runs.append(Run(" not following", "dim"))
        elif not playhead.following and feed.live:
            runs.append(Run(f" ‖{speed}" if short or playhead.speed != 1 else " ‖ VIEW PAUSED", "dim"))
        elif not playhead.following and playhead.speed != 1:
            runs.append(Run(speed, "dim"))
        return runs

    def _where(self, short: bool) -> str:
        view = self._view
        at = view.time_format.moment(view.playhead.t_ns, view.now_ns)
        of = f" of {moment(view.now_ns, view.now_ns)}" if view.time_format == SINCE_START else ""
        number, count = view.playhead.index + 1, view.timeline.switch_count
        if short:
            return f" {number}/{count}  {at}"
        return f"{_GAP}switch {number} of {count}{_GAP}{at}{of}"
