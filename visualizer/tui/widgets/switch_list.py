"""What lists of switches have in common: line i is switch i, and the playhead's is the current one."""

from __future__ import annotations

from visualizer.paint.text.canvas import Run
from visualizer.paint.text.wait_labels import told_within
from visualizer.tui.messages import SwitchChosen
from visualizer.tui.widgets.line_list import Lines


class SwitchList(Lines):
    """Keys and clicks go to a switch. Subclasses define the text of its line in `said`."""

    @property
    def length(self) -> int:
        # If there is no switch, one line says so.
        return self.view.timeline.switch_count or 1

    @property
    def current(self) -> int:
        return self.view.playhead.index

    def runs(self, line: int, width: int) -> list[Run]:
        if not self.view.timeline.switch_count:
            return [Run(" No switch yet." if self.view.live else " No switch.", "dim")]
        return self.said(line, width)

    def said(self, line: int, width: int) -> list[Run]:
        """The text of the line of switch number `line`, which has `width` cells."""
        raise NotImplementedError

    def choose(self, line: int) -> None:
        self.post_message(SwitchChosen(line))

    def action_move(self, by: int) -> None:
        self.post_message(SwitchChosen(self.current + by))

    def action_page(self, by: int) -> None:
        self.post_message(SwitchChosen(self.current + by * max(1, self.size.height - 1)))


#: A sentence has at least so many cells, or the line does without the time.
_LEAST_SENTENCE = 34


class Events(SwitchList):
    """Number, time and sentence of each switch."""

    @property
    def drawn_from(self) -> object:
        # A sentence contains names of tracks, which can change, and how one ended; a longer trace has longer numbers.
        growing = (self.view.timeline.version, self.view.now_ns >= 10_000_000_000) if self.view.live else None
        return growing, self.view.time_format

    def said(self, line: int, width: int) -> list[Run]:
        timeline = self.view.timeline
        t_ns = timeline.switch_ns[line]
        number = f"{line + 1:>{len(str(timeline.switch_count))}} "
        of_ns = self.view.now_ns
        say = self.view.time_format.moment
        time = f"{say(t_ns, of_ns):>{max(len(say(0, of_ns)), len(say(of_ns, of_ns)))}}  "
        if width - len(number) - len(time) < _LEAST_SENTENCE:
            # The header shows it, too.
            time = ""
        room = max(0, width - len(number) - len(time))
        return [Run(number, "dim"), Run(time, "ruler"), Run(told_within(timeline, line, room), "text")]
