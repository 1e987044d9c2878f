"""Which track waits for which at the playhead."""

from __future__ import annotations

from textual.timer import Timer

from visualizer.analysis.explore.wait_graph import moment_at
from visualizer.paint.panes.wait_graph import Said, graph
from visualizer.paint.text.canvas import Run
from visualizer.trace import words
from visualizer.tui.messages import TrackChosen
from visualizer.tui.state.view import View
from visualizer.tui.widgets.pick_list import Pointed

#: So many tracks are looked at within a frame; more, a moment later, whatever has come by then.
_AT_ONCE = 2_000
_PAUSE_S = 0.1


class WaitsPane(Pointed):
    """Lines of chains and circles, made anew for each moment. A choice selects the track that a line begins with."""

    def __init__(self, view: View, id: str) -> None:
        super().__init__(view, id)
        self._lines: list[Said] = []
        self._made_of: object = None
        self._timer: Timer | None = None

    def show(self) -> None:
        if not self.display or not self.width:
            return
        view = self.view
        made_of = view.playhead.t_ns, view.timeline.version, self.width
        if made_of != self._made_of:
            self._made_of = made_of
            if len(view.timeline.tracks) <= _AT_ONCE:
                self._make()
            else:
                # All of them are looked at: not at each of many keys that are pressed one after another.
                if not view.live:
                    self._lines = [Said([Run(" Looking for waiting tracks…", "dim")], words.NOBODY)]
                if self._timer is None:
                    self._timer = self.set_timer(_PAUSE_S, self._go_on)
        super().show()

    def _go_on(self) -> None:
        self._timer = None
        self._make()
        self._drawn = None
        super().show()

    def _make(self) -> None:
        view = self.view
        moment = moment_at(view.timeline, view.playhead.t_ns)
        self._lines = graph(view.timeline, moment, self.width, ascii=view.ascii)

    @property
    def length(self) -> int:
        return len(self._lines)

    @property
    def drawn_from(self) -> object:
        return self._made_of

    def runs(self, line: int, width: int) -> list[Run]:
        return self._lines[line].runs

    def pick(self, line: int) -> None:
        if 0 <= line < len(self._lines) and self._lines[line].track != words.NOBODY:
            self.post_message(TrackChosen(self._lines[line].track))
