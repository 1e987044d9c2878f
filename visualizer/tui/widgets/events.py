"""Every switch as a line: its time, and the sentence for it."""

from __future__ import annotations

from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence
from visualizer.paint.rows.states import Run
from visualizer.paint.text.cell_width import fit
from visualizer.paint.text.wait_labels import brief
from visualizer.tui.widgets.switches import Switches

#: Narrower lines do without the number of the switch.
_WIDE = 50


class Events(Switches):
    """Number, time and sentence of each switch."""

    @property
    def drawn_from(self) -> object:
        # A sentence names tracks, which can be renamed, and says how one ended; a longer trace has longer numbers.
        growing = (self.view.timeline.version, self.view.now_ns >= 10_000_000_000) if self.view.live else None
        return growing, self.view.reckoning

    def said(self, line: int, width: int) -> list[Run]:
        timeline = self.view.timeline
        t_ns = timeline.switch_ns[line]
        # The header tells the number, too.
        number = f"{line + 1:>{len(str(timeline.switch_count))}} " if width >= _WIDE else " "
        of_ns = self.view.now_ns
        say = self.view.reckoning.moment
        time = f"{say(t_ns, of_ns):>{max(len(say(0, of_ns)), len(say(of_ns, of_ns)))}}  "
        room = max(0, width - len(number) - len(time))
        said = fit(brief(timeline, plain(sentence(timeline, line)), timeline.switch(line).park, room), room)
        return [Run(number, "dim"), Run(time, "ruler"), Run(said, "text")]
