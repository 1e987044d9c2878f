"""How times are shown: since the start, since a mark or the playhead, or as time of day."""

from __future__ import annotations

from visualizer.paint.axis.times import SINCE_START, Since, TimeFormat, by_the_clock
from visualizer.tui.actions.mouse import Pointing


class Timekeeping(Pointing):
    """What this key does, beside those of marks and spans."""

    def action_times(self) -> None:
        since = self.view.time_format.since
        if since is Since.START:
            self._since_mark_or_here()
        elif since is Since.MOMENT and (time_format := by_the_clock(self.view.timeline)) is not None:
            self.view.time_format = time_format
            self.message_line.set("Times are shown as time of day, in this machine's time zone.")
        else:
            self.view.time_format = SINCE_START
            unknown = "" if since is Since.MIDNIGHT else "; the trace does not contain the time of day"
            self.message_line.set(f"Times count from the start{unknown}.")
        self.look()

    def _since_mark_or_here(self) -> None:
        view = self.view
        before = [mark for mark in self.marks if mark.t_ns <= view.playhead.t_ns]
        zero_ns, what = (before[-1].t_ns, before[-1].name) if before else (view.playhead.t_ns, "the playhead")
        view.time_format = TimeFormat(Since.MOMENT, zero_ns)
        self.message_line.set(f"Times count from {what}, at {SINCE_START.moment(zero_ns, view.now_ns)}.")
