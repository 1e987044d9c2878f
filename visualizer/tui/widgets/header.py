"""The first line: what this is, whether it runs, and which moment of it is looked at."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from visualizer.paint.row import Run
from visualizer.paint.text import cell_width, fit, printable
from visualizer.tui.feed import Feed
from visualizer.tui.ink import strip
from visualizer.tui.view import View

_GAP = "   "
_LEAST_NAME = 8


class Header(Widget):
    """One line, drawn anew when what it says has changed."""

    def __init__(self, feed: Feed, view: View) -> None:
        super().__init__()
        self._feed = feed
        self._view = view
        self._said: list[Run] = []

    def show(self) -> None:
        """Draw what is so now."""
        said = self._runs()
        if said != self._said:
            self._said = said
            self.refresh()

    def render_line(self, y: int) -> Strip:
        runs = self._said or self._runs()
        width = self.size.width - 2
        state, where = runs[1:-1], runs[-1].text
        room = width - cell_width(where) - sum(cell_width(run.text) for run in state)
        title, name = "visualizer · ", runs[0].text
        if room < cell_width(title + name):
            title = ""
        name = fit(name, min(cell_width(name), max(_LEAST_NAME, room - cell_width(title))))
        left = [Run(" ", "text"), Run(title, "dim"), Run(name, "thread"), *state]
        used = sum(cell_width(run.text) for run in left) - 1
        pad = max(1, width - used - cell_width(where))
        return strip(self, [*left, Run(" " * pad, "text"), runs[-1], Run(" ", "text")], self.size.width)

    def _runs(self) -> list[Run]:
        """The name first, where it is last, between them how it goes on."""
        return [Run(printable(self._feed.name), "thread"), *self._condition(), Run(self._where(), "text")]

    def _condition(self) -> list[Run]:
        feed, view = self._feed, self._view
        playhead, end = view.playhead, view.timeline.end
        runs = [Run(_GAP, "text")]
        progress = feed.progress
        if progress is not None:
            return [*runs, Run(f"LOADING {progress:.0%}", "ready")]
        if feed.live:
            runs.append(Run("● LIVE", "running"))
        elif feed.started_here:
            runs.append(Run("■ ENDED", "thread"))
        else:
            runs.append(Run("REPLAY", "label"))
        if end is not None:
            fine = end.signal == 0 and end.code == 0
            how = f"signal {end.signal}" if end.signal else f"exit {end.code}"
            runs.append(Run(f" {how}", "done" if fine else "error"))
        if playhead.playing:
            runs.append(Run(f" ▶ x{playhead.speed:g}", "thread"))
        elif not playhead.following:
            runs.append(Run(f" ‖ x{playhead.speed:g}" if playhead.speed != 1 else " ‖ PAUSED", "dim"))
        return runs

    def _where(self) -> str:
        view = self._view
        count = view.timeline.switch_count
        at, of = moment(view.playhead.t_ns, view.now_ns), moment(view.now_ns, view.now_ns)
        return f"{_GAP}switch {view.playhead.index + 1} of {count}{_GAP}{at} of {of}"


def moment(t_ns: int, of_ns: int) -> str:
    """A moment of a trace that lasts `of_ns`, with as many digits at every moment of it."""
    if of_ns >= 100_000_000:
        return f"{t_ns / 1e9:.3f} s"
    if of_ns >= 100_000:
        return f"{t_ns / 1e6:.3f} ms"
    return f"{t_ns / 1e3:.3f} µs"
